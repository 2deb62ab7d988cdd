/* Views without objects: each function by what its comment in the header says, with `obj` and `internal` that lead nowhere, views
 * that contradict themselves, and results in the place of what they are made from. c-tests/random/engine.c compares all of
 * them with memoryviews.
 */
#include "support.h"

#include <stddef.h>

static char memory[64];
static pybuffer_view_storage storage;
static Py_buffer result;

#define NOWHERE ((void *)(uintptr_t)0x7fff00000000dead)

static void makes(int status)
{
    CHECK_INT(status, 0);
    CHECK_ERROR(NULL);
    CHECK(result.obj == NULL && result.internal == NULL);
}

/* Of bytes that count upwards; objects of the program, not of the library. */
static Py_buffer matrix(Py_ssize_t *shape, Py_ssize_t *strides)
{
    Py_buffer view = {.buf = memory, .len = 12, .itemsize = 1, .ndim = 2, .shape = shape, .strides = strides};
    shape[0] = 3;
    shape[1] = 4;
    strides[0] = 4;
    strides[1] = 1;
    view.obj = NOWHERE;
    view.internal = NOWHERE;
    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (char)i;
    }
    return view;
}

static void what_is_missing_is_added(void)
{
    static char format[] = "<h";
    static Py_ssize_t shape[2] = {2, 3};
    Py_buffer plain = {.buf = memory, .len = 7, .itemsize = 1, .ndim = 1, .obj = NOWHERE, .readonly = 1};
    makes(pybuffer_view_complete(&result, &storage, &plain));
    CHECK_STR(result.format, "B");
    CHECK_PTR(result.shape, storage.shape);
    CHECK_PTR(result.strides, storage.strides);
    CHECK_PTR(result.suboffsets, NULL);
    CHECK(result.shape[0] == 7 && result.strides[0] == 1 && result.readonly == 1 && result.buf == memory);
    Py_buffer pairs = {.buf = memory, .len = 12, .itemsize = 2, .ndim = 2, .shape = shape, .format = format};
    makes(pybuffer_view_complete(&result, &storage, &pairs));
    CHECK_PTR(result.format, format);
    CHECK(result.strides[0] == 6 && result.strides[1] == 2);
    Py_buffer scalar = {.buf = memory, .len = 2, .itemsize = 2, .format = format, .shape = (Py_ssize_t *)NOWHERE};
    makes(pybuffer_view_complete(&result, &storage, &scalar));
    CHECK(result.ndim == 0 && result.shape == NULL && result.strides == NULL);
    Py_buffer nothing = {.itemsize = 1, .ndim = 1};
    makes(pybuffer_view_complete(&result, &storage, &nothing));
    CHECK(result.buf == NULL && result.shape[0] == 0);
}

static void lies_are_refused_everywhere(void)
{
    static char format[] = "h";
    static Py_ssize_t two[2] = {2, 3}, minus[2] = {2, -1}, huge[2] = {PY_SSIZE_T_MAX, 4}, none[2] = {-1, -1}, deep[2] = {0, 0}, eight[1] = {8};
    const struct {
        const char *name;
        Py_buffer view;
        PyObject *error;
    } lies[] = {
        {"ndim below 0", {.buf = memory, .len = 4, .itemsize = 1, .ndim = -1}, PyExc_BufferError},
        {"the least ndim", {.buf = memory, .len = 4, .itemsize = 1, .ndim = INT_MIN}, PyExc_BufferError},
        {"65 axes", {.buf = memory, .len = 4, .itemsize = 1, .ndim = 65, .shape = (Py_ssize_t *)NOWHERE}, PyExc_ValueError},
        {"the greatest ndim", {.buf = memory, .len = 4, .itemsize = 1, .ndim = INT_MAX}, PyExc_ValueError},
        {"len below 0", {.buf = memory, .len = -4, .itemsize = 1, .ndim = 1}, PyExc_BufferError},
        {"itemsize below 0", {.buf = memory, .len = 4, .itemsize = -1, .ndim = 1}, PyExc_BufferError},
        {"no itemsize", {.buf = memory, .len = 4, .itemsize = 0, .ndim = 1}, PyExc_BufferError},
        {"a negative length", {.buf = memory, .len = 4, .itemsize = 1, .ndim = 2, .shape = minus}, PyExc_BufferError},
        {"a product that wraps", {.buf = memory, .len = 4, .itemsize = 1, .ndim = 2, .shape = huge}, PyExc_BufferError},
        {"no bytes, but too many items", {.buf = memory, .itemsize = 0, .ndim = 2, .shape = huge}, PyExc_BufferError},
        {"more items than bytes", {.buf = memory, .len = 4, .itemsize = 1, .ndim = 2, .shape = two}, PyExc_BufferError},
        {"more bytes than items", {.buf = memory, .len = 9, .itemsize = 1, .ndim = 2, .shape = two}, PyExc_BufferError},
        {"two axes without a shape", {.buf = memory, .len = 6, .itemsize = 1, .ndim = 2}, PyExc_BufferError},
        {"no memory", {.len = 6, .itemsize = 1, .ndim = 2, .shape = two}, PyExc_BufferError},
        {"suboffsets without strides",
         {.buf = memory, .len = 6, .itemsize = 1, .ndim = 2, .shape = two, .suboffsets = deep}, PyExc_BufferError},
        {"strides without a shape", {.buf = memory, .len = 10, .itemsize = 1, .ndim = 1, .strides = eight}, PyExc_BufferError},
        {"one item of another size", {.buf = memory, .len = 4, .itemsize = 2, .format = format}, PyExc_BufferError},
    };
    Py_ssize_t shape[2], strides[2];
    Py_buffer good = matrix(shape, strides);
    pybuffer_value value = PYBUFFER_INT(1);
    (void)none;
    for (size_t i = 0; i < COUNT(lies); i++) {
        const Py_buffer *lie = &lies[i].view;
        Py_buffer before, answer;
        char format_room[8];
        memset(&result, 0x5a, sizeof(result));
        memset(&storage, 0x5a, sizeof(storage));
        before = result;
        printf("# %s\n", lies[i].name);
#define REFUSED(call) (CHECK_INT((call), -1), CHECK_ERROR(lies[i].error))
        REFUSED(pybuffer_view_complete(&result, &storage, lie));
        REFUSED(pybuffer_view_check(lie, PyBUF_FULL_RO));
        REFUSED(pybuffer_view_answer(&answer, lie, PyBUF_FULL_RO, "lie"));
        CHECK_PTR(answer.obj, NULL);
        REFUSED(pybuffer_view_subscript(&result, &storage, lie, NULL, 0));
        REFUSED(pybuffer_view_select(&result, &storage, lie, "..."));
        REFUSED(pybuffer_view_permute(&result, &storage, lie, NULL, 0));
        REFUSED(pybuffer_view_broadcast(&result, &storage, lie, 2, two));
        REFUSED(pybuffer_view_reshape(&result, &storage, lie, 2, two, 'C'));
        REFUSED(pybuffer_view_cast(&result, &storage, lie, "B", 0, NULL, 'C'));
        REFUSED(pybuffer_view_field(&result, &storage, lie, "#0", format_room, 8));
        REFUSED(pybuffer_view_elements(&result, &storage, lie, format_room, 8));
        REFUSED(pybuffer_view_get_item(lie, two, 2, &value, 1));
        REFUSED(pybuffer_view_set_item(lie, two, 2, &value, 1));
        REFUSED(pybuffer_view_values(lie, &value, 1));
        REFUSED(pybuffer_view_fill(lie, &value, 1));
        REFUSED(pybuffer_view_copy(lie, &good));
        REFUSED(pybuffer_view_copy(&good, lie));
        REFUSED(pybuffer_view_convert(lie, &good));
        REFUSED(pybuffer_view_convert(&good, lie));
        REFUSED(pybuffer_view_equal(lie, &good, 0));
        REFUSED(pybuffer_view_equal(&good, lie, 1));
        REFUSED(pybuffer_view_hash(lie));
        CHECK_MEM(&result, &before, sizeof(result));
        CHECK_INT(((char *)&storage)[0], 0x5a);
    }
}

static void parts_are_made_in_place(void)
{
    Py_ssize_t shape[2], strides[2];
    Py_buffer view = matrix(shape, strides);
    makes(pybuffer_view_select(&result, &storage, &view, "::-1, 1:"));
    CHECK(result.buf == memory + 9 && result.shape[0] == 3 && result.shape[1] == 3 && result.strides[0] == -4);
    /* The result, its arrays, and what they are made from are the same. */
    makes(pybuffer_view_permute(&result, &storage, &result, NULL, 0));
    CHECK(result.buf == memory + 9 && result.strides[0] == 1 && result.strides[1] == -4 && result.len == 9);
    makes(pybuffer_view_subscript(&result, &storage, &result, (pybuffer_subscript[]){PYBUFFER_AT(0)}, 1));
    CHECK(result.ndim == 1 && result.shape[0] == 3 && result.strides[0] == -4);
    CHECK_INT(pybuffer_view_select(&result, &storage, &result, "3"), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(pybuffer_view_select(&result, &storage, &result, "::0"), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_view_select(&result, &storage, &result, "0, 0"), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(pybuffer_view_subscript(&result, &storage, &result, (pybuffer_subscript[]){PYBUFFER_AT(-4)}, 1), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(pybuffer_view_subscript(&result, &storage, &result, (pybuffer_subscript[]){PYBUFFER_SLICE(0, 1, 0)}, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_view_subscript(&result, &storage, &result, (pybuffer_subscript[]){PYBUFFER_AT(0), PYBUFFER_AT(0)}, 2), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK(result.ndim == 1 && result.shape[0] == 3 && result.strides[0] == -4);
    makes(pybuffer_view_broadcast(&result, &storage, &result, 2, (Py_ssize_t[]){5, 3}));
    CHECK(result.readonly == 1 && result.len == 15 && result.strides[0] == 0);
    CHECK_INT(pybuffer_view_reshape(&result, &storage, &result, 1, (Py_ssize_t[]){15}, 'C'), -1);
    CHECK_ERROR(PyExc_BufferError);
}

static void pointers_are_followed_or_refused(void)
{
    static char a[4] = "abc", b[4] = "def";
    static char *rows[2] = {a, b};
    Py_ssize_t shape[2] = {2, 3}, strides[2] = {sizeof(char *), 1}, suboffsets[2] = {0, -1};
    Py_buffer view = {.buf = rows, .len = 6, .itemsize = 1, .ndim = 2, .shape = shape, .strides = strides,
                      .suboffsets = suboffsets, .obj = NOWHERE};
    char copy[6];
    makes(pybuffer_view_select(&result, &storage, &view, "1, ::-1"));
    CHECK(result.suboffsets == NULL && result.buf == b + 2);
    makes(pybuffer_view_select(&result, &storage, &view, "::-1, 1:"));
    CHECK_PTR(result.suboffsets, storage.suboffsets);
    CHECK_INT(PyBuffer_ToContiguous(copy, &result, result.len, 'C'), 0);
    CHECK_MEM(copy, "efbc", 4);
    CHECK_INT(pybuffer_view_permute(&result, &storage, &view, NULL, 0), -1);
    CHECK_ERROR(PyExc_NotImplementedError);
    CHECK_INT(pybuffer_view_answer(&result, &view, PyBUF_STRIDED_RO, "rows"), -1);
    CHECK_MESSAGE(PyExc_BufferError, "rows: underlying buffer requires suboffsets");
    /* Two pointers in succession have no suboffset. */
    char **lists[1] = {rows};
    Py_ssize_t shape3[3] = {1, 2, 3}, strides3[3] = {sizeof(char **), sizeof(char *), 1}, suboffsets3[3] = {0, 0, -1};
    Py_buffer deep = {.buf = lists, .len = 6, .itemsize = 1, .ndim = 3, .shape = shape3, .strides = strides3, .suboffsets = suboffsets3};
    CHECK_INT(pybuffer_view_select(&result, &storage, &deep, ":, 0"), -1);
    CHECK_ERROR(PyExc_NotImplementedError);
    CHECK_INT(pybuffer_view_subscript(&result, &storage, &deep, (pybuffer_subscript[]){PYBUFFER_ALL, PYBUFFER_AT(0)}, 2), -1);
    CHECK_ERROR(PyExc_NotImplementedError);
    CHECK_INT(pybuffer_view_broadcast(&result, &storage, &view, 3, (Py_ssize_t[]){2, 2, 3}), 0);
    CHECK_ERROR(NULL);
}

static void fields_bring_their_format(void)
{
    struct {
        int id;
        double place[2];
        struct {
            short a, b;
        } in;
    } records[3] = {{1, {0.5, 1.5}, {1, 2}}, {2, {2.5, 3.5}, {3, 4}}, {3, {4.5, 5.5}, {5, 6}}};
    static char format[] = "@i:id:(2)d:place:T{h:a:h:b:}:in:4x";
    char room[40] = "untouched";
    pybuffer_value values[6];
    Py_buffer view = {.buf = records, .len = sizeof(records), .itemsize = sizeof(records[0]), .ndim = 1, .format = format};
    makes(pybuffer_view_field(&result, &storage, &view, "place", NULL, 0));
    CHECK_STR(result.format, "d");
    CHECK(result.ndim == 2 && result.shape[1] == 2 && result.strides[0] == (Py_ssize_t)sizeof(records[0]));
    CHECK_INT(pybuffer_view_values(&result, values, 6), 0);
    CHECK(values[0].as.real == 0.5 && values[5].as.real == 5.5);
    makes(pybuffer_view_field(&result, &storage, &view, "in", room, sizeof(room)));
    CHECK_PTR(result.format, room);
    CHECK_INT(result.itemsize, 4);
    size_t needed = strlen(room) + 1;
    /* In the place of what it is made from, but for the text. */
    makes(pybuffer_view_field(&result, &storage, &result, "b", NULL, 0));
    CHECK_STR(result.format, "h");
    strcpy(room, "untouched");
    CHECK_INT(pybuffer_view_field(&result, &storage, &view, "in", room, (Py_ssize_t)needed - 1), -1);
    char text[100];
    snprintf(text, sizeof(text), "the format takes %zu bytes, and there is room for %zu", needed, needed - 1);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_STR(room, "untouched");
    CHECK_INT(pybuffer_view_field(&result, &storage, &view, "in", room, (Py_ssize_t)needed), 0);
    CHECK_INT(pybuffer_view_field(&result, &storage, &view, "mass", room, sizeof(room)), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_view_elements(&result, &storage, &view, room, sizeof(room)), -1);
    CHECK_ERROR(PyExc_TypeError);
    view.format = (char *)"3t5t";
    view.itemsize = 1;
    CHECK_INT(pybuffer_view_field(&result, &storage, &view, "#0", room, sizeof(room)), -1);
    CHECK_ERROR(PyExc_TypeError);
    view.format = (char *)"3H";
    view.itemsize = 8;
    makes(pybuffer_view_elements(&result, &storage, &view, room, sizeof(room)));
    CHECK(result.ndim == 2 && result.shape[1] == 3 && result.strides[1] == 2 && result.itemsize == 2);
    view.itemsize = 4;
    CHECK_INT(pybuffer_view_elements(&result, &storage, &view, room, sizeof(room)), -1);
    CHECK_ERROR(PyExc_ValueError);
    /* The room is as it was where there is no room for the axes. */
    Py_ssize_t ones[64];
    for (int i = 0; i < 64; i++) {
        ones[i] = 1;
    }
    strcpy(room, "untouched");
    Py_buffer deep = {.buf = records, .len = 8, .itemsize = 8, .ndim = 64, .shape = ones, .format = (char *)"(2)T{h:a:h:b:}:x:"};
    CHECK_INT(pybuffer_view_field(&result, &storage, &deep, "x", room, sizeof(room)), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_STR(room, "untouched");
}

static void items_are_read_and_written(void)
{
    Py_ssize_t shape[2], strides[2];
    Py_buffer view = matrix(shape, strides), frozen = view;
    pybuffer_value values[12];
    frozen.readonly = 1;
    CHECK_INT(pybuffer_view_get_item(&view, (Py_ssize_t[]){-1, 1}, 2, values, 1), 0);
    CHECK(values[0].kind == PYBUFFER_KIND_UNSIGNED && values[0].as.u == 9);
    CHECK_INT(pybuffer_view_get_item(&view, (Py_ssize_t[]){3, 1}, 2, values, 1), -1);
    CHECK_ERROR(PyExc_IndexError);
    values[0] = PYBUFFER_INT(77);
    CHECK_INT(pybuffer_view_set_item(&view, (Py_ssize_t[]){2, 3}, 2, values, 1), 0);
    CHECK_INT(memory[11], 77);
    CHECK_INT(pybuffer_view_set_item(&view, (Py_ssize_t[]){2, 4}, 2, values, 1), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(pybuffer_view_set_item(&frozen, (Py_ssize_t[]){2, 3}, 2, values, 1), -1);
    CHECK_ERROR(PyExc_TypeError);
    values[0] = PYBUFFER_INT(256);
    CHECK_INT(pybuffer_view_set_item(&view, (Py_ssize_t[]){2, 3}, 2, values, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_view_values(&view, values, 12), 0);
    CHECK(values[11].as.u == 77 && values[4].as.u == 4);
    values[0] = PYBUFFER_INT(5);
    CHECK_INT(pybuffer_view_select(&result, &storage, &view, ":, ::2"), 0);
    CHECK_INT(pybuffer_view_fill(&result, values, 1), 0);
    CHECK_MEM(memory, "\5\1\5\3\5\5\5\7\5\11\5\115\14", 13);
    CHECK_INT(pybuffer_view_fill(&frozen, values, 1), -1);
    CHECK_ERROR(PyExc_TypeError);
    view.format = (char *)"h";
    CHECK_INT(pybuffer_view_get_item(&view, (Py_ssize_t[]){0, 0}, 2, values, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_view_values(&view, values, 12), -1);
    CHECK_ERROR(PyExc_ValueError);
}

static void views_are_copied_converted_and_compared(void)
{
    Py_ssize_t shape[2], strides[2], three[1] = {3};
    Py_buffer view = matrix(shape, strides), column, reversed, frozen;
    pybuffer_view_storage of_column, of_reversed;
    double numbers[3] = {1.9, 2.5, 250};
    Py_buffer doubles = {.buf = numbers, .len = 24, .itemsize = 8, .ndim = 1, .shape = three, .format = (char *)"d", .obj = NOWHERE};
    CHECK_INT(pybuffer_view_select(&column, &of_column, &view, ":, 1"), 0);
    CHECK_INT(pybuffer_view_select(&reversed, &of_reversed, &column, "::-1"), 0);
    CHECK_INT(pybuffer_view_equal(&column, &reversed, 0), 0);
    CHECK_INT(pybuffer_view_copy(&column, &reversed), 0);
    CHECK(memory[1] == 9 && memory[5] == 5 && memory[9] == 1);
    CHECK_INT(pybuffer_view_convert(&doubles, &column), 0);
    CHECK(numbers[0] == 9 && numbers[2] == 1);
    CHECK_INT(pybuffer_view_equal(&doubles, &column, 0), 1);
    doubles.format = (char *)"=d";
    CHECK_INT(pybuffer_view_equal(&doubles, &column, 1), 1);
    numbers[1] = 300;
    CHECK_INT(pybuffer_view_convert(&column, &doubles), -1);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK(memory[1] == 9 && memory[5] == 5 && memory[9] == 1);
    CHECK_INT(pybuffer_view_copy(&column, &doubles), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_view_convert(&view, &doubles), -1);
    CHECK_ERROR(PyExc_ValueError);
    frozen = column;
    frozen.readonly = 1;
    CHECK_INT(pybuffer_view_copy(&frozen, &column), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(pybuffer_view_convert(&frozen, &column), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(pybuffer_view_hash(&column), -1);
    CHECK_ERROR(PyExc_ValueError);
    PyObject *bytes = PyBytes_FromStringAndSize("\11\5\1", 3);
    CHECK_INT(pybuffer_view_hash(&frozen), PyObject_Hash(bytes));
    Py_DECREF(bytes);
    frozen.format = (char *)"h";
    CHECK_INT(pybuffer_view_equal(&frozen, &frozen, 0), -1);
    CHECK_ERROR(PyExc_ValueError);
}

/* A view that leaves out what can be, and one that does not, are the same to all that read and write items. */
/* The distance of items follows from their size, also where their values take less. */
static void bytes_after_values_are_left_as_they_are(void)
{
    short pairs[8] = {1, -1, 2, -2, 3, -3, 4, -4};
    int numbers[4];
    Py_ssize_t shape[1] = {4}, strides[1] = {2 * sizeof(short)};
    Py_buffer ints = {.buf = numbers, .len = sizeof(numbers), .itemsize = sizeof(int), .ndim = 1, .format = (char *)"i"};
    for (int missing = 0; missing < 3; missing++) {
        Py_buffer gaps = {.buf = pairs, .len = sizeof(pairs), .itemsize = 2 * sizeof(short), .ndim = 1, .format = (char *)"h",
                          .shape = missing < 2 ? shape : NULL, .strides = missing < 1 ? strides : NULL};
        memset(numbers, 0, sizeof(numbers));
        CHECK_INT(pybuffer_view_convert(&ints, &gaps), 0);
        CHECK(numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3 && numbers[3] == 4);
        numbers[1] = 20;
        CHECK_INT(pybuffer_view_convert(&gaps, &ints), 0);
        CHECK_MEM(pairs, ((short[]){1, -1, 20, -2, 3, -3, 4, -4}), sizeof(pairs));
        pairs[2] = 2;
        Py_buffer fewer = gaps;
        fewer.len = 4;
        fewer.shape = gaps.shape == NULL ? NULL : (Py_ssize_t[]){1};
        CHECK_INT(pybuffer_view_convert(&fewer, &ints), -1);
        CHECK_MESSAGE(PyExc_ValueError, "the shape of the source is (4,), that of the destination (1,)");
    }
}

static void what_is_left_out_makes_no_difference(void)
{
    char copy[12] = {0}, numbers[12];
    Py_ssize_t shape[1] = {12}, strides[1] = {1};
    Py_buffer plain = {.buf = memory, .len = 12, .itemsize = 1, .ndim = 1, .readonly = 1}, full = plain;
    Py_buffer to = {.buf = copy, .len = 12, .itemsize = 1, .ndim = 1}, wide = {.buf = numbers, .len = 12, .itemsize = 4, .ndim = 1};
    pybuffer_value values[12];
    for (int i = 0; i < 12; i++) {
        memory[i] = (char)(i + 1);
    }
    full.shape = shape;
    full.strides = strides;
    full.format = (char *)"B";
    CHECK_INT(pybuffer_view_hash(&plain), pybuffer_view_hash(&full));
    CHECK_INT(pybuffer_view_equal(&plain, &full, 0), 1);
    CHECK_INT(pybuffer_view_equal(&full, &plain, 1), 1);
    CHECK_INT(pybuffer_view_copy(&to, &full), 0);
    CHECK_MEM(copy, memory, 12);
    copy[3] = 0;
    CHECK_INT(pybuffer_view_equal(&to, &plain, 0), 0);
    CHECK_INT(pybuffer_view_convert(&to, &plain), 0);
    CHECK_MEM(copy, memory, 12);
    values[0] = PYBUFFER_INT(9);
    CHECK_INT(pybuffer_view_fill(&to, values, 1), 0);
    CHECK(copy[0] == 9 && copy[11] == 9);
    CHECK_INT(pybuffer_view_values(&plain, values, 12), 0);
    CHECK(values[11].as.u == 12);
    CHECK_INT(pybuffer_view_get_item(&plain, (Py_ssize_t[]){-1}, 1, values, 1), 0);
    CHECK(values[0].as.u == 12);
    /* Three items of four bytes, and of a shape that is not said. */
    wide.format = (char *)"i";
    shape[0] = 3;
    full = wide;
    full.shape = shape;
    CHECK_INT(pybuffer_view_fill(&wide, (pybuffer_value[]){PYBUFFER_INT(7)}, 1), 0);
    CHECK_INT(pybuffer_view_equal(&wide, &full, 0), 1);
    CHECK_INT(pybuffer_view_convert(&full, &wide), 0);
    CHECK_INT(pybuffer_view_copy(&wide, &full), 0);
    CHECK_INT(pybuffer_view_values(&wide, values, 3), 0);
    CHECK(values[2].as.i == 7);
}

/* 14 bytes in items of 4 are three items, and two bytes that no item has: those are not copied, as in CPython's assignments. */
static void only_items_are_copied_whatever_len_says(void)
{
    pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
    Py_ssize_t three[1] = {3}, forwards[1] = {4}, backwards[1] = {-4};
    char from[15] = "abcdefghijklmn", to[15];
    for (int way = 0; way < 32; way++) {
        Py_buffer source = {.buf = from, .len = way & 1 ? 14 : 12, .itemsize = 4, .ndim = 1, .format = (char *)"4s"};
        Py_buffer dest = source;
        dest.buf = to;
        dest.len = way & 2 ? 14 : 12;
        source.shape = way & 4 ? three : NULL;
        dest.shape = way & 8 ? three : NULL;
        if (way & 16) {
            source.shape = dest.shape = three;
            source.strides = forwards;
            dest.strides = backwards;
            dest.buf = to + 8;
        }
        const char *copied = way & 16 ? "ijklefghabcd--" : "abcdefghijkl--";
        CHECK_INT(pybuffer_view_check(&source, PyBUF_FULL_RO), 0);
        CHECK_INT(pybuffer_view_check(&dest, PyBUF_FULL), 0);
        strcpy(to, "--------------");
        CHECK_INT(pybuffer_view_copy(&dest, &source), 0);
        CHECK_MEM(to, copied, 14);
        strcpy(to, "--------------");
        PyObject *a = PyMemoryView_FromBuffer(&source), *b = PyMemoryView_FromBuffer(&dest);
        CHECK_INT(pybuffer_memoryview_assign(b, all, 1, a), 0);
        CHECK_MEM(to, copied, 14);
        Py_DECREF(a);
        Py_DECREF(b);
    }
}

/* The answer to each request is that of a memoryview of the same memory; `obj` is nobody's. */
static void requests_are_answered_by_the_matrix(void)
{
    Py_ssize_t shape[2], strides[2];
    Py_buffer full = matrix(shape, strides), of_memoryview;
    int answered = 0, refused = 0;
    for (int readonly = 0; readonly < 2; readonly++) {
        for (int apart = 0; apart < 2; apart++) {
            full.readonly = readonly;
            strides[0] = apart ? 5 : 4;
            full.obj = NULL;
            PyObject *memoryview = PyMemoryView_FromBuffer(&full);
            full.obj = NOWHERE;
            for (int flags = 0; flags < 0x200; flags++) {
                if (flags == PyBUF_READ || flags == PyBUF_WRITE) {
                    continue;
                }
                memset(&result, 0x5a, sizeof(result));
                int status = PyObject_GetBuffer(memoryview, &of_memoryview, flags);
                char message[200];
                snprintf(message, sizeof(message), "%s", status < 0 ? pybuffer_error_message() : "");
                PyErr_Clear();
                CHECK_INT(pybuffer_view_answer(&result, &full, flags, "memoryview"), status);
                if (status < 0) {
                    CHECK_MESSAGE(PyExc_BufferError, message);
                    CHECK_PTR(result.obj, NULL);
                    refused++;
                    continue;
                }
                answered++;
                CHECK(result.obj == NULL && result.internal == NOWHERE && result.buf == of_memoryview.buf);
                CHECK(result.len == of_memoryview.len && result.itemsize == of_memoryview.itemsize);
                CHECK(result.ndim == of_memoryview.ndim && result.readonly == of_memoryview.readonly);
                CHECK((result.shape == NULL) == (of_memoryview.shape == NULL));
                CHECK((result.strides == NULL) == (of_memoryview.strides == NULL));
                CHECK((result.format == NULL) == (of_memoryview.format == NULL));
                CHECK_INT(pybuffer_view_check(&result, flags), 0);
                PyBuffer_Release(&of_memoryview);
            }
            Py_DECREF(memoryview);
        }
    }
    CHECK(answered > 400 && refused > 400);
}

static void false_answers_are_found(void)
{
    Py_ssize_t shape[2], strides[2];
    Py_buffer view = matrix(shape, strides);
    CHECK_INT(pybuffer_view_check(&view, PyBUF_FULL), 0);
    CHECK_INT(pybuffer_view_check(&view, PyBUF_C_CONTIGUOUS), 0);
    CHECK_INT(pybuffer_view_check(&view, PyBUF_F_CONTIGUOUS), -1);
    CHECK_MESSAGE(PyExc_BufferError, "the memory is not Fortran-contiguous, though that was asked for");
    view.readonly = 1;
    CHECK_INT(pybuffer_view_check(&view, PyBUF_FULL_RO), 0);
    CHECK_INT(pybuffer_view_check(&view, PyBUF_WRITABLE), -1);
    CHECK_MESSAGE(PyExc_BufferError, "the memory is read-only, though writable memory was asked for");
    strides[0] = 8;
    CHECK_INT(pybuffer_view_check(&view, PyBUF_STRIDES), 0);
    CHECK_INT(pybuffer_view_check(&view, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(pybuffer_view_check(&view, PyBUF_ND), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(pybuffer_view_check(&view, PyBUF_ANY_CONTIGUOUS), -1);
    CHECK_ERROR(PyExc_BufferError);
}

static void casts_go_through_bytes(void)
{
    Py_ssize_t shape[2], strides[2];
    Py_buffer view = matrix(shape, strides);
    static char ints[] = "=i";
    makes(pybuffer_view_cast(&result, &storage, &view, ints, 0, NULL, 0));
    CHECK_PTR(result.format, ints);
    CHECK(result.ndim == 1 && result.shape[0] == 3 && result.itemsize == 4);
    CHECK_INT(pybuffer_view_cast(&result, &storage, &result, "h", 0, NULL, 0), -1);
    CHECK_ERROR(PyExc_TypeError);
    makes(pybuffer_view_cast(&result, &storage, &result, "B", 3, (Py_ssize_t[]){2, 3, 2}, 'F'));
    CHECK(result.strides[0] == 1 && result.strides[1] == 2 && result.strides[2] == 6);
    CHECK_INT(pybuffer_view_cast(&result, &storage, &view, "i", 1, (Py_ssize_t[]){2}, 'C'), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(pybuffer_view_cast(&result, &storage, &view, "0s", 0, NULL, 'C'), -1);
    CHECK_ERROR(PyExc_ValueError);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(what_is_missing_is_added);
    RUN(lies_are_refused_everywhere);
    RUN(parts_are_made_in_place);
    RUN(pointers_are_followed_or_refused);
    RUN(fields_bring_their_format);
    RUN(items_are_read_and_written);
    RUN(views_are_copied_converted_and_compared);
    RUN(bytes_after_values_are_left_as_they_are);
    RUN(what_is_left_out_makes_no_difference);
    RUN(only_items_are_copied_whatever_len_says);
    RUN(requests_are_answered_by_the_matrix);
    RUN(false_answers_are_found);
    RUN(casts_go_through_bytes);
    return tap_end();
}

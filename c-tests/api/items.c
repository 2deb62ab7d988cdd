/* Items of memoryviews: by index, as values, as numbers, all at once, and in the C library's own decisions. */
#include "support.h"

#include <math.h>

#define AT(...) (const Py_ssize_t[]){__VA_ARGS__}, (int)(sizeof((Py_ssize_t[]){__VA_ARGS__}) / sizeof(Py_ssize_t))

static PyObject *view_of(Exporter *exporter)
{
    PyObject *view = PyMemoryView_FromObject((PyObject *)exporter);
    Py_DECREF(exporter);
    return view;
}

static PyObject *matrix(void *memory, const char *format, Py_ssize_t itemsize, Py_ssize_t rows, Py_ssize_t columns)
{
    Py_ssize_t shape[2] = {rows, columns};
    return view_of(exporter_new(memory, format, itemsize, 2, shape, NULL));
}

static pybuffer_value unsigned_value(uint64_t u)
{
    pybuffer_value value = {.kind = PYBUFFER_KIND_UNSIGNED, .as.u = u};
    return value;
}

/* ---- places ------------------------------------------------------------------------------------------------- */

static void negative_indices_count_from_the_end(void)
{
    short memory[2][3] = {{1, 2, 3}, {4, 5, 6}};
    PyObject *view = matrix(memory, "h", sizeof(short), 2, 3);
    for (Py_ssize_t i = -2; i < 2; i++) {
        for (Py_ssize_t j = -3; j < 3; j++) {
            CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(i, j)), &memory[(i + 2) % 2][(j + 3) % 3]);
        }
    }
    Py_DECREF(view);
}

static void an_index_out_of_bounds_names_its_axis(void)
{
    char memory[6] = "abcde";
    PyObject *view = matrix(memory, "B", 1, 2, 3);
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(2, 0)), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "index out of bounds on dimension 1");
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(0, -4)), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "index out of bounds on dimension 2");
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(PY_SSIZE_T_MIN, 0)), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "index out of bounds on dimension 1");
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(PY_SSIZE_T_MAX, 0)), NULL);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(0)), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "wrong number of indices: expected 2, got 1");
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(0, 0, 0)), NULL);
    CHECK_ERROR(PyExc_TypeError);
    Py_DECREF(view);
}

static void an_axis_without_items_has_no_place(void)
{
    PyObject *view = matrix("", "B", 1, 2, 0);
    pybuffer_value value;
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(0, 0), &value, 1), -1);
    CHECK_MESSAGE(PyExc_IndexError, "index out of bounds on dimension 2");
    CHECK_INT(pybuffer_memoryview_values(view, &value, 0), 0);
    Py_DECREF(view);
}

static void items_behind_pointers_are_found(void)
{
    char rows[3][4] = {"abc", "def", "ghi"}, *table[3] = {rows[0], rows[1], rows[2]};
    PyObject *view = view_of(exporter_of_rows(table, 3, 3));
    pybuffer_value value;
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(-1, 1)), &rows[2][1]);
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(1, -1), &value, 1), 0);
    CHECK_INT(value.as.u, 'f');
    value = unsigned_value('X');
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(0, 2), &value, 1), 0);
    CHECK_STR(rows[0], "abX");
    Py_DECREF(view);
}

static void a_view_of_no_axes_has_one_item(void)
{
    double memory = 2.5, number = 0;
    PyObject *view = view_of(exporter_new(&memory, "d", sizeof(memory), 0, NULL, NULL));
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, NULL, 0), &memory);
    CHECK_INT(pybuffer_memoryview_get_double(view, NULL, 0, &number), 0);
    CHECK(number == 2.5);
    CHECK_INT(pybuffer_memoryview_set_double(view, NULL, 0, -1.0), 0);
    CHECK(memory == -1.0);
    CHECK_INT(pybuffer_memoryview_get_double(view, AT(0), &number), -1);
    CHECK_ERROR(PyExc_TypeError);
    Py_DECREF(view);
}

/* ---- values ------------------------------------------------------------------------------------------------- */

static void an_item_has_the_values_of_its_format(void)
{
    struct {
        int32_t i;
        int16_t h;
        char s[3];
        double d;
    } memory[2] = {{1, -2, "ab", 0.5}, {3, 4, "xyz", INFINITY}};
    PyObject *view = view_of(exporter_new(memory, "T{i:a:h:b:3s:c:xxxxxxx@d:d:}", 24, 1, (Py_ssize_t[]){2}, NULL));
    pybuffer_value values[4];
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(1), values, 4), 0);
    CHECK_INT(values[0].as.i, 3);
    CHECK_INT(values[1].as.i, 4);
    CHECK_INT(values[2].as.bytes.length, 3);
    CHECK_PTR(values[2].as.bytes.start, memory[1].s); /* in place */
    CHECK(values[3].as.real == INFINITY);
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(1), values, 3), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values for an item: expected 4, got 3");
    /* With bytes of the very item, which are read before it is written. */
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(0), values, 4), 0);
    values[0].as.i = 77;
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(0), values, 4), 0);
    CHECK_INT(memory[0].i, 77);
    CHECK_STR(memory[0].s, "ab");
    CHECK(memory[0].d == 0.5);
    Py_DECREF(view);
}

static void a_value_that_does_not_fit_writes_nothing(void)
{
    unsigned char memory[8] = {1, 2, 3, 4, 5, 6, 7, 8}, before[8];
    PyObject *view = view_of(exporter_new(memory, "<BhB", 4, 1, (Py_ssize_t[]){2}, NULL));
    pybuffer_value values[3] = {unsigned_value(9), unsigned_value(40000), unsigned_value(9)};
    memcpy(before, memory, 8);
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(1), values, 3), -1);
    CHECK_ERROR(PyExc_ValueError);
    values[1].kind = PYBUFFER_KIND_FLOAT;
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(1), values, 3), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_MEM(memory, before, 8);
    Py_DECREF(view);
}

static void large_items_are_packed_too(void)
{
    static char memory[1200];
    PyObject *view = view_of(exporter_new(memory, "600s", 600, 1, (Py_ssize_t[]){2}, NULL));
    char text[600];
    memset(text, 'x', sizeof(text));
    pybuffer_value value = {.kind = PYBUFFER_KIND_BYTES, .as.bytes = {text, 600}};
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(1), &value, 1), 0);
    CHECK_MEM(memory + 600, text, 600);
    CHECK_INT(memory[599], 0);
    Py_DECREF(view);
}

static void an_item_may_be_larger_than_its_format_but_not_smaller(void)
{
    unsigned char memory[8] = {1, 0xff, 2, 0xff, 3, 0xff, 4, 0xff};
    PyObject *view = view_of(exporter_new(memory, "B", 2, 1, (Py_ssize_t[]){4}, NULL));
    pybuffer_value values[4];
    CHECK_INT(pybuffer_memoryview_values(view, values, 4), 0);
    CHECK_INT(values[3].as.u, 4);
    values[0].as.u = 9;
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(2), values, 1), 0);
    CHECK_INT(memory[4], 9);
    CHECK_INT(memory[5], 0xff);
    Py_DECREF(view);
    view = view_of(exporter_new(memory, "i", 2, 1, (Py_ssize_t[]){4}, NULL));
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(0), values, 1), -1);
    CHECK_MESSAGE(PyExc_ValueError, "memoryview: an item is smaller than its format");
    CHECK_INT(pybuffer_memoryview_values(view, values, 4), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_set_int64(view, AT(0), 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_count(view, values, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
}

static void a_format_that_is_none_is_an_error(void)
{
    char memory[4] = "abc";
    PyObject *view = view_of(exporter_new(memory, "not a format", 1, 1, (Py_ssize_t[]){4}, NULL));
    pybuffer_value value;
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(0), &value, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_values(view, &value, 4), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_memoryview_item_pointer(view, AT(1)), memory + 1); /* but the bytes exist */
    Py_DECREF(view);
}

static void all_values_come_in_C_order(void)
{
    /* Fortran order, rows backwards: [[3, 5], [2, 4]] with a second value each. */
    unsigned char memory[] = {2, 20, 3, 30, 4, 40, 5, 50}, expected[] = {3, 30, 5, 50, 2, 20, 4, 40};
    Exporter *exporter = exporter_new(memory + 2, "BB", 2, 2, (Py_ssize_t[]){2, 2}, (Py_ssize_t[]){-2, 4});
    PyObject *view = view_of(exporter);
    pybuffer_value values[8];
    CHECK_INT(pybuffer_memoryview_values(view, values, 8), 0);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(values[i].as.u, expected[i]);
    }
    CHECK_INT(pybuffer_memoryview_values(view, values, 4), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values: expected 8, got 4");
    Py_DECREF(view);
}

static void all_values_are_checked_before_any_is_written(void)
{
    unsigned char memory[8] = {1, 2, 3, 4, 5, 6, 7, 8}, before[8];
    PyObject *view = view_of(exporter_new(memory + 6, "BB", 2, 2, (Py_ssize_t[]){2, 2}, (Py_ssize_t[]){-2, -4}));
    pybuffer_value values[8];
    memcpy(before, memory, 8);
    for (int i = 0; i < 8; i++) {
        values[i] = PYBUFFER_INT(i + 10);
    }
    values[7] = PYBUFFER_INT(256);
    CHECK_INT(pybuffer_memoryview_set_values(view, values, 8), -1);
    CHECK_ERROR(PyExc_ValueError);
    values[7] = PYBUFFER_REAL(1.0);
    CHECK_INT(pybuffer_memoryview_set_values(view, values, 8), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(pybuffer_memoryview_set_values(view, values, 6), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values: expected 8, got 6");
    CHECK_MEM(memory, before, 8);
    values[7] = PYBUFFER_UINT(17);
    CHECK_INT(pybuffer_memoryview_set_values(view, values, 8), 0);
    CHECK_MEM(memory, ((unsigned char[]){16, 17, 12, 13, 14, 15, 10, 11}), 8);
    Py_DECREF(view);
    view = view_of(exporter_new(memory, "Zf", 8, 0, NULL, NULL));
    values[0] = PYBUFFER_COMPLEX(0.5, -2.0);
    CHECK_INT(pybuffer_memoryview_set_values(view, values, 1), 0);
    CHECK_MEM(memory, ((float[]){0.5f, -2.0f}), 8);
    Py_DECREF(view);
    view = view_of(exporter_new(memory, "4s", 4, 1, (Py_ssize_t[]){2}, NULL));
    values[0] = PYBUFFER_BYTES("abcdef", 6);
    values[1] = PYBUFFER_BYTES("g", 1);
    CHECK_INT(pybuffer_memoryview_set_values(view, values, 2), 0);
    CHECK_MEM(memory, "abcdg\0\0\0", 8);
    Py_DECREF(view);
}

static void items_without_values_are_fine(void)
{
    char memory[6] = "abcde";
    PyObject *view = view_of(exporter_new(memory, "2x0b", 2, 1, (Py_ssize_t[]){3}, NULL));
    pybuffer_value value;
    CHECK_INT(pybuffer_memoryview_get_item(view, AT(0), &value, 0), 0);
    CHECK_INT(pybuffer_memoryview_values(view, &value, 0), 0);
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(1), &value, 0), 0); /* padding becomes 0 */
    CHECK_INT(pybuffer_memoryview_set_values(view, &value, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_MEM(memory, "ab\0\0e", 6);
    CHECK_INT(pybuffer_memoryview_count(view, &value, 0), 3);
    Py_DECREF(view);
}

/* ---- numbers ------------------------------------------------------------------------------------------------ */

static void numbers_convert_as_in_C_but_checked(void)
{
    double memory[6] = {-1.75, 3e9, 1e19, NAN, -0.0, INFINITY}, d;
    PyObject *view = view_of(exporter_new(memory, "d", 8, 1, (Py_ssize_t[]){6}, NULL));
    int64_t i = 7;
    uint64_t u = 7;
    CHECK_INT(pybuffer_memoryview_get_int64(view, AT(0), &i), 0);
    CHECK_INT(i, -1);
    CHECK_INT(pybuffer_memoryview_get_uint64(view, AT(0), &u), -1);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(pybuffer_memoryview_get_int64(view, AT(1), &i), 0);
    CHECK_INT(i, 3000000000);
    CHECK_INT(pybuffer_memoryview_get_int64(view, AT(2), &i), -1);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(pybuffer_memoryview_get_uint64(view, AT(2), &u), 0);
    CHECK(u == 10000000000000000000u);
    CHECK_INT(pybuffer_memoryview_get_int64(view, AT(3), &i), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_get_uint64(view, AT(4), &u), 0);
    CHECK_INT(u, 0);
    CHECK_INT(pybuffer_memoryview_get_int64(view, AT(5), &i), -1);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(i, 3000000000); /* of a failed call nothing is kept */
    CHECK_INT(pybuffer_memoryview_get_double(view, AT(3), &d), 0);
    CHECK(isnan(d));
    Py_DECREF(view);
}

static void numbers_that_do_not_fit_an_item_are_refused(void)
{
    signed char memory[4] = {1, 2, 3, 4};
    PyObject *view = view_of(exporter_new(memory, "b", 1, 1, (Py_ssize_t[]){4}, NULL));
    CHECK_INT(pybuffer_memoryview_set_int64(view, AT(0), -128), 0);
    CHECK_INT(pybuffer_memoryview_set_int64(view, AT(1), -129), -1);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(pybuffer_memoryview_set_uint64(view, AT(1), 128), -1);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(pybuffer_memoryview_set_double(view, AT(1), NAN), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_set_double(view, AT(2), -3.99), 0);
    CHECK_MEM(memory, ((signed char[]){-128, 2, -3, 4}), 4);
    Py_DECREF(view);
}

static void what_is_no_number_is_a_type_error(void)
{
    static const struct {
        const char *format;
        int size;
    } none[] = {{"c", 1}, {"4s", 4}, {"4p", 4}, {"Zf", 8}, {"u", 2}, {"w", 4}, {"O", 8}};
    char memory[8] = "abcdefg", before[8];
    memcpy(before, memory, 8);
    for (size_t i = 0; i < COUNT(none); i++) {
        PyObject *view = view_of(exporter_new(memory, none[i].format, none[i].size, 0, NULL, NULL));
        int64_t n;
        double d;
        CHECK_INT(pybuffer_memoryview_get_int64(view, NULL, 0, &n), -1);
        CHECK_ERROR(PyExc_TypeError);
        CHECK_INT(pybuffer_memoryview_get_double(view, NULL, 0, &d), -1);
        CHECK_ERROR(PyExc_TypeError);
        CHECK_INT(pybuffer_memoryview_set_int64(view, NULL, 0, 65), -1);
        CHECK_ERROR(PyExc_TypeError);
        Py_DECREF(view);
    }
    CHECK_MEM(memory, before, 8);
    PyObject *view = view_of(exporter_new(memory, "BB", 2, 0, NULL, NULL));
    int64_t n;
    CHECK_INT(pybuffer_memoryview_get_int64(view, NULL, 0, &n), -1);
    CHECK_ERROR(PyExc_ValueError); /* two numbers are not one */
    Py_DECREF(view);
}

static void read_only_memory_is_not_written(void)
{
    PyObject *bytes = PyBytes_FromString("abc"), *view = PyMemoryView_FromObject(bytes);
    pybuffer_value value = unsigned_value(65);
    CHECK_INT(pybuffer_memoryview_set_item(view, AT(0), &value, 1), -1);
    CHECK_MESSAGE(PyExc_TypeError, "cannot modify read-only memory");
    CHECK_INT(pybuffer_memoryview_set_int64(view, AT(0), 65), -1);
    CHECK_MESSAGE(PyExc_TypeError, "cannot modify read-only memory");
    CHECK_STR(PyBytes_AsString(bytes), "abc");
    Py_DECREF(view);
    Py_DECREF(bytes);
}

/* ---- search and iteration ------------------------------------------------------------------------------------ */

static void values_are_found_whatever_their_type(void)
{
    float memory[2][3] = {{1, 2, 3}, {2, NAN, 2}};
    PyObject *view = matrix(memory, "f", 4, 2, 3);
    pybuffer_value two = unsigned_value(2), nan = {.kind = PYBUFFER_KIND_FLOAT, .as.real = NAN};
    CHECK_INT(pybuffer_memoryview_count(view, &two, 1), 3);
    CHECK_INT(pybuffer_memoryview_index(view, &two, 1, 0, PY_SSIZE_T_MAX), 1);
    CHECK_INT(pybuffer_memoryview_index(view, &two, 1, 2, PY_SSIZE_T_MAX), 3);
    CHECK_INT(pybuffer_memoryview_index(view, &two, 1, -1, PY_SSIZE_T_MAX), 5);
    CHECK_INT(pybuffer_memoryview_index(view, &two, 1, 2, 3), -1);
    CHECK_MESSAGE(PyExc_ValueError, "memoryview.index(x): x not found");
    CHECK_INT(pybuffer_memoryview_count(view, &nan, 1), 0);
    two.kind = PYBUFFER_KIND_BYTES;
    two.as.bytes.start = "2";
    two.as.bytes.length = 1;
    CHECK_INT(pybuffer_memoryview_count(view, &two, 1), 0);
    Py_DECREF(view);
    view = view_of(exporter_new(memory, "f", 4, 0, NULL, NULL));
    pybuffer_value one = unsigned_value(1);
    CHECK_INT(pybuffer_memoryview_count(view, &one, 1), 1);
    CHECK_INT(pybuffer_memoryview_index(view, &one, 1, 0, 1), -1);
    CHECK_MESSAGE(PyExc_TypeError, "invalid lookup on 0-dim memory");
    CHECK_PTR(pybuffer_memoryview_iter(view), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "invalid indexing of 0-dim memory");
    Py_DECREF(view);
}

static void iteration_gives_rows(void)
{
    unsigned char memory[3][2] = {{1, 2}, {3, 4}, {5, 6}};
    PyObject *view = matrix(memory, "B", 1, 3, 2), *iterator = pybuffer_memoryview_iter(view), *row;
    pybuffer_value values[2];
    Py_DECREF(view); /* the iterator keeps it */
    for (int i = 0; i < 3; i++) {
        row = pybuffer_memoryview_next(iterator);
        CHECK(row != NULL && PyMemoryView_GET_BUFFER(row)->buf == memory[i]);
        CHECK_INT(PyObject_Length(row), 2);
        CHECK_INT(pybuffer_memoryview_values(row, values, 2), 0);
        CHECK_INT(values[1].as.u, memory[i][1]);
        Py_XDECREF(row);
    }
    for (int i = 0; i < 2; i++) { /* the end is the end */
        CHECK_PTR(pybuffer_memoryview_next(iterator), NULL);
        CHECK_PTR(PyErr_Occurred(), NULL);
    }
    Py_DECREF(iterator);
}

static void iteration_gives_items(void)
{
    short memory[3] = {10, 20, 30};
    PyObject *view = view_of(exporter_new(memory + 2, "h", 2, 1, (Py_ssize_t[]){3}, (Py_ssize_t[]){-2}));
    PyObject *iterator = pybuffer_memoryview_iter(view), *item;
    pybuffer_value value;
    int64_t n = 0;
    CHECK_INT(pybuffer_memoryview_next_item(iterator, &value, 1), 1);
    CHECK_INT(value.as.i, 30);
    item = pybuffer_memoryview_next(iterator);
    CHECK_INT(PyMemoryView_GET_BUFFER(item)->ndim, 0);
    CHECK_INT(pybuffer_memoryview_get_int64(item, NULL, 0, &n), 0);
    CHECK_INT(n, 20);
    Py_DECREF(item);
    CHECK_INT(pybuffer_memoryview_next_item(iterator, &value, 1), 1);
    CHECK_INT(pybuffer_memoryview_next_item(iterator, &value, 1), 0);
    CHECK_INT(value.as.i, 10);
    Py_DECREF(iterator);
    iterator = pybuffer_memoryview_iter(view);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(pybuffer_memoryview_next_item(iterator, &value, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_memoryview_next(iterator), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(iterator);
    Py_DECREF(view);
}

/* ---- bytes, and the end -------------------------------------------------------------------------------------- */

static void tobytes_has_the_items_in_the_order_asked_for(void)
{
    char memory[] = "abcdef";
    PyObject *view = matrix(memory, "B", 1, 2, 3), *turned = pybuffer_memoryview_permute(view, NULL, 0), *bytes;
    static const struct {
        char order;
        const char *straight, *turned;
    } cases[] = {{'C', "abcdef", "adbecf"}, {'F', "adbecf", "abcdef"}, {'A', "abcdef", "abcdef"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bytes = pybuffer_memoryview_tobytes(view, cases[i].order);
        CHECK_STR(PyBytes_AsString(bytes), cases[i].straight);
        Py_DECREF(bytes);
        bytes = pybuffer_memoryview_tobytes(turned, cases[i].order);
        CHECK_STR(PyBytes_AsString(bytes), cases[i].turned);
        Py_DECREF(bytes);
    }
    Py_DECREF(turned);
    Py_DECREF(view);
}

static void a_released_view_has_no_items(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *view = PyMemoryView_FromObject(bytearray);
    PyObject *iterator = pybuffer_memoryview_iter(view);
    pybuffer_value values[3] = {unsigned_value(65), unsigned_value(0), unsigned_value(0)};
    int64_t n;
    CHECK_INT(pybuffer_memoryview_release(view), 0);
#define REFUSED(call) (CHECK(call), CHECK_MESSAGE(PyExc_ValueError, "operation forbidden on released memoryview object"))
    REFUSED(pybuffer_memoryview_item_pointer(view, AT(0)) == NULL);
    REFUSED(pybuffer_memoryview_get_item(view, AT(0), values, 1) == -1);
    REFUSED(pybuffer_memoryview_set_item(view, AT(0), values, 1) == -1);
    REFUSED(pybuffer_memoryview_get_int64(view, AT(0), &n) == -1);
    REFUSED(pybuffer_memoryview_set_int64(view, AT(0), 1) == -1);
    REFUSED(pybuffer_memoryview_values(view, values, 3) == -1);
    REFUSED(pybuffer_memoryview_tobytes(view, 'C') == NULL);
    REFUSED(pybuffer_memoryview_set_values(view, values, 3) == -1);
    REFUSED(pybuffer_memoryview_copy(view, 'C') == NULL);
    REFUSED(pybuffer_memoryview_count(view, values, 1) == -1);
    REFUSED(pybuffer_memoryview_index(view, values, 1, 0, 3) == -1);
    REFUSED(pybuffer_memoryview_iter(view) == NULL);
    REFUSED(pybuffer_memoryview_next(iterator) == NULL);
    REFUSED(PySequence_Size(view) == -1);
    Py_DECREF(iterator);
    Py_DECREF(view);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(Py_REFCNT(bytearray), 1);
    Py_DECREF(bytearray);
}

/* More values than a size can say are the greatest size, and never a negative number. */
static void a_message_has_no_negative_count(void)
{
    static const struct {
        const char *format;
        Py_ssize_t items;
    } all[] = {{"0s0s0s", (Py_ssize_t)1 << 62}, {"0s0s0s0s0s0s0s0s", (Py_ssize_t)1 << 61}, {"0s0s", PY_SSIZE_T_MAX}};
    for (size_t i = 0; i < COUNT(all); i++) {
        Py_ssize_t shape = all[i].items;
        Py_buffer info = {.buf = (char *)"", .ndim = 1, .shape = &shape, .format = (char *)all[i].format};
        PyObject *view = PyMemoryView_FromBuffer(&info);
        pybuffer_value values[2];
        CHECK_INT(pybuffer_memoryview_values(view, values, 2), -1);
        CHECK_MESSAGE(PyExc_ValueError, "wrong number of values: expected more than 9223372036854775807, got 2");
        Py_DECREF(view);
    }
    PyObject *view = pybuffer_memoryview_new("(4611686018427387904,3)0s", 0, NULL, 'C');
    Py_ssize_t none = 0;
    pybuffer_value values[2];
    if (view != NULL) {
        CHECK_INT(pybuffer_memoryview_get_item(view, &none, 0, values, 2), -1);
        CHECK(strstr(pybuffer_error_message(), "-") == NULL);
    }
    CHECK(PyErr_Occurred() != NULL);
    PyErr_Clear();
    Py_XDECREF(view);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(negative_indices_count_from_the_end);
    RUN(an_index_out_of_bounds_names_its_axis);
    RUN(an_axis_without_items_has_no_place);
    RUN(items_behind_pointers_are_found);
    RUN(a_view_of_no_axes_has_one_item);
    RUN(an_item_has_the_values_of_its_format);
    RUN(a_value_that_does_not_fit_writes_nothing);
    RUN(large_items_are_packed_too);
    RUN(an_item_may_be_larger_than_its_format_but_not_smaller);
    RUN(a_format_that_is_none_is_an_error);
    RUN(all_values_come_in_C_order);
    RUN(all_values_are_checked_before_any_is_written);
    RUN(items_without_values_are_fine);
    RUN(numbers_convert_as_in_C_but_checked);
    RUN(numbers_that_do_not_fit_an_item_are_refused);
    RUN(what_is_no_number_is_a_type_error);
    RUN(read_only_memory_is_not_written);
    RUN(values_are_found_whatever_their_type);
    RUN(iteration_gives_rows);
    RUN(iteration_gives_items);
    RUN(tobytes_has_the_items_in_the_order_asked_for);
    RUN(a_released_view_has_no_items);
    RUN(a_message_has_no_negative_count);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

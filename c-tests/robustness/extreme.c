/* Views of very many items in very little memory, or in none: items without bytes, items that are repeated by a stride of
 * 0, axes without items, lengths that are lies. Whatever is done with them takes no longer than the memory gives reason
 * for, and no count of items wraps. A call that takes for ever is ended by a timer, which ends the program. */
#include "support.h"

#include <sys/time.h>

/* The processor time that all tests together may take under valgrind on a slow machine, and then some. */
#define SECONDS 300

/* Wide enough for the products here. */
__extension__ typedef __int128 wide;

#define AXES 4
#define BIG ((Py_ssize_t)1 << 61)
#define HALF ((Py_ssize_t)1 << 31)

/* Memory that no machine has is not there, and no sanitizer says so. */
#define MOST_MEMORY ((size_t)1 << 40)

static void *some_malloc(void *unused, size_t size)
{
    (void)unused;
    return size > MOST_MEMORY ? NULL : malloc(size);
}

static void *some_calloc(void *unused, size_t count, size_t size)
{
    (void)unused;
    return size != 0 && count > MOST_MEMORY / size ? NULL : calloc(count, size);
}

static void *some_realloc(void *unused, void *memory, size_t size)
{
    (void)unused;
    return size > MOST_MEMORY ? NULL : realloc(memory, size);
}

static void some_free(void *unused, void *memory)
{
    (void)unused;
    free(memory);
}

static unsigned char bytes[64];
static int numbers[16];
static void *table[2];

typedef struct {
    const char *name, *format;
    Py_ssize_t itemsize;
    int ndim;
    Py_ssize_t shape[AXES], strides[AXES], suboffsets[AXES];
    void *memory;
} Extreme;

#define NO_POINTERS {-1, -1, -1, -1}

static const Extreme extremes[] = {
    {"no bytes", "0s", 0, 1, {BIG}, {0}, NO_POINTERS, bytes},
    {"no bytes, strides", "0s", 0, 1, {BIG}, {8}, NO_POINTERS, bytes},
    {"no bytes, most items", "0p", 0, 3, {PY_SSIZE_T_MAX, 1, 1}, {0, 0, 0}, NO_POINTERS, bytes},
    {"no bytes, two axes", "0s", 0, 2, {HALF, HALF}, {0, 0}, NO_POINTERS, bytes},
    {"no bytes, primes", "0s", 0, 3, {2147483647, 3, 1073741789}, {5, 0, -1}, NO_POINTERS, bytes},
    {"no values", "", 0, 1, {BIG}, {0}, NO_POINTERS, bytes},
    {"no values, two axes", "0i", 0, 2, {3, BIG / 2}, {0, 0}, NO_POINTERS, bytes},
    {"no values, bytes", "4x", 4, 1, {BIG / 4}, {0}, NO_POINTERS, bytes},
    {"no values, room", "", 4, 2, {2, BIG / 4}, {4, 0}, NO_POINTERS, bytes},
    {"no bytes, room", "0s", 1, 1, {BIG}, {0}, NO_POINTERS, bytes},
    {"one byte", "B", 1, 1, {BIG}, {0}, NO_POINTERS, bytes},
    {"repeated rows", "B", 1, 2, {BIG / 4, 4}, {0, 1}, NO_POINTERS, bytes},
    {"repeated columns", "B", 1, 2, {4, BIG / 4}, {1, 0}, NO_POINTERS, bytes},
    {"repeated between", "B", 1, 3, {4, BIG / 16, 4}, {16, 0, -1}, NO_POINTERS, bytes + 3},
    {"repeated around", "i", 4, 4, {HALF, 2, HALF / 16, 3}, {0, 4, 0, 8}, NO_POINTERS, numbers},
    {"repeated records", "<hxb", 4, 2, {HALF, HALF / 4}, {0, 0}, NO_POINTERS, numbers},
    {"repeated and overlapping", "i", 4, 2, {BIG / 64, 4}, {0, 1}, NO_POINTERS, numbers},
    {"repeated pointers", "B", 1, 2, {BIG / 4, 4}, {0, 1}, {3, -1, -1, -1}, table},
    {"pointers to one", "B", 1, 3, {2, BIG / 4, 1}, {8, 0, 1}, {0, -1, -1, -1}, table},
    {"repeated pointers to one", "B", 1, 2, {HALF, HALF / 2}, {0, 0}, {0, -1, -1, -1}, table},
    {"pointers to no bytes", "0s", 0, 2, {HALF, HALF}, {0, 8}, {0, -1, -1, -1}, table},
    {"none of many", "i", 4, 3, {BIG * 2, BIG * 2, 0}, {0, 0, 4}, NO_POINTERS, numbers},
    {"many of none", "i", 4, 3, {0, BIG * 2, BIG * 2}, {4, 0, 0}, NO_POINTERS, numbers},
    {"none of huge", "4294967296s", (Py_ssize_t)1 << 32, 2, {0, 3}, {1, 1}, NO_POINTERS, bytes},
    {"none of huge padding", "4294967296xB", ((Py_ssize_t)1 << 32) + 1, 1, {0}, {1}, NO_POINTERS, bytes},
};

static void fill_memory(void)
{
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(i & 3);
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        numbers[i] = (int)i & 1;
    }
    table[0] = bytes;
    table[1] = bytes + 16;
}

static int has_pointers(const Extreme *x)
{
    return x->suboffsets[0] >= 0;
}

/* The number of items, in arithmetic that is wide enough. */
static wide items_of(const Extreme *x)
{
    wide items = 1;
    for (int i = 0; i < x->ndim; i++) {
        items *= x->shape[i] == 0 ? 0 : 1;
    }
    for (int i = 0; i < x->ndim && items != 0; i++) {
        items *= x->shape[i];
    }
    return items;
}

static Py_buffer description_of(const Extreme *x, int readonly)
{
    Py_buffer info = {.buf = x->memory, .itemsize = x->itemsize, .readonly = readonly, .ndim = x->ndim,
                      .format = (char *)x->format, .shape = (Py_ssize_t *)x->shape,
                      .strides = (Py_ssize_t *)x->strides,
                      .suboffsets = has_pointers(x) ? (Py_ssize_t *)x->suboffsets : NULL};
    info.len = (Py_ssize_t)(items_of(x) * x->itemsize);
    return info;
}

static PyObject *view_of(const Extreme *x, int readonly)
{
    Py_buffer info = description_of(x, readonly);
    PyObject *view = PyMemoryView_FromBuffer(&info);
    if (!CHECK(view != NULL)) {
        printf("# %s: %s\n", x->name, pybuffer_error_message());
        PyErr_Clear();
    }
    return view;
}

static Py_ssize_t values_of(const Extreme *x)
{
    PyObject *format = pybuffer_format_parse(x->format);
    Py_ssize_t values = pybuffer_format_value_count(format);
    Py_DECREF(format);
    return values;
}

/* Values that an item with index 0 everywhere has, or that one could have. */
static void first_values(const Extreme *x, PyObject *view, pybuffer_value values[2])
{
    Py_ssize_t zeros[AXES] = {0};
    values[0] = x->format[strlen(x->format) - (x->format[0] != '\0')] == 's' ? PYBUFFER_BYTES("", 0) : PYBUFFER_INT(0);
    values[1] = PYBUFFER_INT(0);
    if (items_of(x) != 0) {
        CHECK_INT(pybuffer_memoryview_get_item(view, zeros, x->ndim, values, (int)values_of(x)), 0);
    }
}

/* A result, of which it is only asked whether there is one, or an error that says that there is not so much memory, or
 * that the view is not of the kind. */
static void check_result(PyObject *result, const char *what, const Extreme *x)
{
    if (result == NULL && CHECK(PyErr_Occurred() != NULL)) {
        int known = PyErr_ExceptionMatches(PyExc_MemoryError) || PyErr_ExceptionMatches(PyExc_ValueError)
                    || PyErr_ExceptionMatches(PyExc_BufferError) || PyErr_ExceptionMatches(PyExc_TypeError)
                    || PyErr_ExceptionMatches(PyExc_NotImplementedError)
                    || PyErr_ExceptionMatches(PyExc_OverflowError);
        tap_check(known, __FILE__, __LINE__, "%s, %s: %s", x->name, what, pybuffer_error_message());
    }
    PyErr_Clear();
    Py_XDECREF(result);
}

static void check_status(int status, const char *what, const Extreme *x)
{
    tap_check((status < 0) == (PyErr_Occurred() != NULL), __FILE__, __LINE__, "%s, %s is %d", x->name, what, status);
    PyErr_Clear();
}

#define CHECK_OF(x, actual, expected)                                                                                 \
    do {                                                                                                               \
        if (!CHECK_INT(actual, expected)) {                                                                            \
            printf("# of %s\n", (x)->name);                                                                            \
        }                                                                                                              \
        PyErr_Clear();                                                                                                 \
    } while (0)

/* ---- each view ---------------------------------------------------------------------------------------------- */

static void items_are_counted(const Extreme *x)
{
    PyObject *view = view_of(x, 1);
    pybuffer_value values[2];
    first_values(x, view, values);
    int each = (int)values_of(x);
    wide items = items_of(x), times = 1, matches = 0;
    /* Moving axes are short, so that their items can be compared one by one: which have the bytes of the first one? */
    Py_ssize_t at[AXES] = {0};
    for (int axis = 0; axis < x->ndim; axis++) {
        times *= x->itemsize == 0 || x->strides[axis] == 0 ? x->shape[axis] : 1;
        if (items == 0) {
            times = 0;
        }
    }
    for (int more = items != 0; more;) {
        pybuffer_value here[2];
        CHECK_INT(pybuffer_memoryview_get_item(view, at, x->ndim, here, each), 0);
        int same = 1;
        for (int i = 0; i < each; i++) {
            same &= here[i].kind == PYBUFFER_KIND_BYTES || here[i].as.i == values[i].as.i;
        }
        matches += same;
        more = 0;
        for (int axis = x->ndim - 1; axis >= 0 && !more; axis--) {
            if (x->itemsize != 0 && x->strides[axis] != 0) {
                at[axis]++;
                more = at[axis] < x->shape[axis];
                at[axis] = more ? at[axis] : 0;
            }
        }
    }
    CHECK_OF(x, pybuffer_memoryview_count(view, values, each), (Py_ssize_t)(matches * times));
    CHECK_OF(x, pybuffer_memoryview_index(view, values, each, 0, PY_SSIZE_T_MAX), items == 0 ? -1 : 0);
    Py_ssize_t last = (Py_ssize_t)items - 1;
    Py_ssize_t place = pybuffer_memoryview_index(view, values, each, last, PY_SSIZE_T_MAX);
    CHECK(place == -1 || place == last);
    PyErr_Clear();
    /* Another value is not found anywhere; nor is anything before the start. */
    if (each == 1 && values[0].kind != PYBUFFER_KIND_BYTES) {
        values[0] = PYBUFFER_INT(77);
        CHECK_OF(x, pybuffer_memoryview_count(view, values, each), 0);
        for (Py_ssize_t start = -3; start < 3; start++) {
            CHECK_OF(x, pybuffer_memoryview_index(view, values, each, start, PY_SSIZE_T_MAX), -1);
            CHECK_OF(x, pybuffer_memoryview_index(view, values, each, start, -2), -1);
        }
    }
    Py_DECREF(view);
}

static void views_are_compared(const Extreme *x)
{
    PyObject *view = view_of(x, 1), *other = view_of(x, 0);
    CHECK_OF(x, pybuffer_memoryview_equal(view, other), 1);
    CHECK_OF(x, pybuffer_memoryview_equal(other, view), 1);
    CHECK(PyObject_RichCompareBool(view, other, Py_EQ) >= 0);
    CHECK(PyObject_RichCompareBool(other, view, Py_NE) >= 0);
    for (size_t i = 0; i < COUNT(extremes); i++) {
        const Extreme *y = &extremes[i];
        Extreme z = *y;
        z.ndim = x->ndim;
        memcpy(z.shape, x->shape, sizeof(z.shape));
        if ((x->itemsize == 0) != (z.itemsize == 0) || has_pointers(&z) || z.itemsize > 16 || items_of(x) > BIG / 4) {
            continue;
        }
        /* The same shape in other memory: all of its items are one. */
        memset(z.strides, 0, sizeof(z.strides));
        PyObject *third = view_of(&z, 1);
        CHECK(pybuffer_memoryview_equal(view, third) >= 0);
        CHECK(PyObject_RichCompareBool(third, view, Py_EQ) >= 0);
        Py_DECREF(third);
    }
    Py_DECREF(other);
    Py_DECREF(view);
}

static void values_are_as_many_as_there_is_room_for(const Extreme *x)
{
    PyObject *view = view_of(x, 0);
    pybuffer_value values[4] = {PYBUFFER_INT(0), PYBUFFER_INT(0), PYBUFFER_INT(0), PYBUFFER_INT(0)};
    double reals[4] = {0};
    float floats[4] = {0};
    int64_t ints[4] = {0};
    uint64_t uints[4] = {0};
    wide all = items_of(x) * values_of(x);
    for (Py_ssize_t n = 0; n < 4; n++) {
        int expected = all == n ? 0 : -1;
        CHECK_OF(x, pybuffer_memoryview_values(view, values, n), expected);
        CHECK_OF(x, pybuffer_memoryview_set_values(view, values, n), expected);
        check_status(pybuffer_memoryview_to_double(view, reals, n), "to_double", x);
        check_status(pybuffer_memoryview_to_float(view, floats, n), "to_float", x);
        check_status(pybuffer_memoryview_to_int64(view, ints, n), "to_int64", x);
        check_status(pybuffer_memoryview_to_uint64(view, uints, n), "to_uint64", x);
        check_status(pybuffer_memoryview_from_double(view, reals, n), "from_double", x);
        check_status(pybuffer_memoryview_from_float(view, floats, n), "from_float", x);
        check_status(pybuffer_memoryview_from_int64(view, ints, n), "from_int64", x);
        check_status(pybuffer_memoryview_from_uint64(view, uints, n), "from_uint64", x);
    }
    CHECK_OF(x, pybuffer_memoryview_to_double(view, reals, -1), -1);
    CHECK_OF(x, pybuffer_memoryview_from_double(view, reals, -1), -1);
    if (all != 0) {
        CHECK_OF(x, pybuffer_memoryview_values(view, values, PY_SSIZE_T_MAX), -1);
        CHECK_OF(x, pybuffer_memoryview_to_double(view, reals, PY_SSIZE_T_MAX), -1);
    }
    Py_DECREF(view);
    fill_memory();
}

static void text_ends_at_its_limit(const Extreme *x)
{
    PyObject *view = view_of(x, 1);
    for (Py_ssize_t limit = 0; limit < 5; limit++) {
        PyObject *text = pybuffer_memoryview_text(view, limit);
        CHECK(text != NULL);
        check_result(text, "text", x);
    }
    check_result(pybuffer_memoryview_text(view, -1), "text", x);
    check_result(pybuffer_memoryview_text(view, PY_SSIZE_T_MAX), "text", x);
    check_result(pybuffer_memoryview_repr(view), "repr", x);
    check_result(pybuffer_memoryview_hex(view, -1, 1), "hex", x);
    check_result(pybuffer_memoryview_hex(view, ':', 1), "hex", x);
    check_result(pybuffer_memoryview_hex(view, ':', -3), "hex", x);
    Py_DECREF(view);
}

static void what_takes_memory_has_it_or_not(const Extreme *x)
{
    PyObject *view = view_of(x, 1);
    Py_hash_t hash = PyObject_Hash(view);
    CHECK_OF(x, hash != -1, PyErr_Occurred() == NULL);
    for (const char *order = "CFA"; *order != '\0'; order++) {
        check_result(pybuffer_memoryview_tobytes(view, *order), "tobytes", x);
        check_result(pybuffer_memoryview_copy(view, *order), "copy", x);
        check_result(PyMemoryView_GetContiguous(view, PyBUF_READ, *order), "GetContiguous", x);
        Py_buffer *info = PyMemoryView_GET_BUFFER(view);
        int contiguous = PyBuffer_IsContiguous(info, *order);
        CHECK(contiguous == (info->len == 0 && !has_pointers(x)));
        char few[4];
        if (info->len > 4) {
            CHECK_OF(x, PyBuffer_ToContiguous(few, info, 4, *order), -1);
        }
    }
    check_result(PyBytes_FromObject(view), "bytes", x);
    check_result(PyByteArray_FromObject(view), "bytearray", x);
    check_result(PyBuffer_FromObject(view, 0, -1), "buffer", x);
    check_result(PyPickleBuffer_FromObject(view), "PickleBuffer", x);
    PyObject *nd = pybuffer_ndarray_from_object(view, PyBUF_FULL_RO, 0);
    if (nd != NULL) {
        pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
        check_result(pybuffer_ndarray_subscript(nd, all, 1), "ndarray[...]", x);
        CHECK(PyObject_Hash(nd) != -1 || PyErr_Occurred() != NULL);
        PyErr_Clear();
    }
    check_result(nd, "ndarray", x);
    CHECK(pybuffer_check_exporter(view, NULL, NULL) >= 0);
    Py_DECREF(view);
}

static void parts_are_made_at_once(const Extreme *x)
{
    PyObject *view = view_of(x, 1);
    Py_ssize_t free_length = -1, more[AXES + 1] = {4};
    memcpy(more + 1, x->shape, sizeof(x->shape));
    pybuffer_subscript backwards[1] = {PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, -1)};
    pybuffer_subscript every_third[1] = {PYBUFFER_SLICE(1, PYBUFFER_ABSENT, 3)};
    pybuffer_subscript last[1] = {PYBUFFER_AT(-1)};
    check_result(pybuffer_memoryview_subscript(view, backwards, 1), "[::-1]", x);
    check_result(pybuffer_memoryview_subscript(view, every_third, 1), "[1::3]", x);
    if (x->shape[0] != 0) {
        check_result(pybuffer_memoryview_subscript(view, last, 1), "[-1]", x);
    }
    check_result(pybuffer_memoryview_flip(view, 0), "flip", x);
    check_result(pybuffer_memoryview_permute(view, NULL, 0), "permute", x);
    check_result(pybuffer_memoryview_reshape(view, 1, &free_length, 'C'), "reshape", x);
    check_result(pybuffer_memoryview_cast(view, "B", 0, NULL, 'C'), "cast", x);
    check_result(pybuffer_memoryview_toreadonly(view), "toreadonly", x);
    PyObject *repeated = pybuffer_memoryview_broadcast(view, x->ndim + 1, more);
    CHECK((repeated != NULL) == (items_of(x) * 4 <= PY_SSIZE_T_MAX && items_of(x) * 4 * x->itemsize <= PY_SSIZE_T_MAX));
    check_result(repeated, "broadcast", x);
    PyObject *iterator = pybuffer_memoryview_iter(view);
    pybuffer_value values[2];
    for (int i = 0; i < 3; i++) {
        PyObject *row = pybuffer_memoryview_next(iterator);
        CHECK((row != NULL) == (2 * i < x->shape[0]));
        check_result(row != NULL || PyErr_Occurred() ? row : Py_NewRef(Py_None), "next", x);
        check_status(pybuffer_memoryview_next_item(iterator, values, (int)values_of(x)), "next_item", x);
    }
    Py_DECREF(iterator);
    Py_DECREF(view);
}

static void what_is_written_over_is_not_written(const Extreme *x)
{
    PyObject *view = view_of(x, 0), *source = view_of(x, 1);
    pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
    /* One more than any of the items has. */
    pybuffer_value values[3];
    values[2] = PYBUFFER_INT(0);
    first_values(x, view, values);
    CHECK_OF(x, pybuffer_memoryview_fill(view, all, 1, values, (int)values_of(x)), 0);
    CHECK_OF(x, pybuffer_memoryview_fill(view, NULL, 0, values, (int)values_of(x) + 1), -1);
    if (values_of(x) == 1 && values[0].kind != PYBUFFER_KIND_BYTES) {
        pybuffer_value text = PYBUFFER_BYTES("x", 1);
        CHECK_OF(x, pybuffer_memoryview_fill(view, all, 1, &text, 1), -1);
    }
    fill_memory();
    CHECK_OF(x, pybuffer_memoryview_assign(view, all, 1, source), 0);
    CHECK_OF(x, PyObject_CopyData(view, source), 0);
    CHECK_OF(x, PyObject_CopyData(view, view), 0);
    /* From other memory, in which all items are one. */
    unsigned char other[16] = {0};
    Extreme y = *x;
    y.memory = other;
    memset(y.strides, 0, sizeof(y.strides));
    memcpy(y.suboffsets, (Py_ssize_t[AXES])NO_POINTERS, sizeof(y.suboffsets));
    if (x->itemsize <= 16) {
        PyObject *constant = view_of(&y, 0);
        CHECK_OF(x, PyObject_CopyData(view, constant), 0);
        CHECK_OF(x, PyObject_CopyData(constant, view), 0);
        Py_DECREF(constant);
    }
    for (const char *order = "CFA"; *order != '\0'; order++) {
        char few[8] = {0};
        CHECK_OF(x, PyBuffer_FromContiguous(PyMemoryView_GET_BUFFER(view), few, 8, *order), 0);
        check_status(PyObject_CopyToObject(view, few, 8, *order), "CopyToObject", x);
    }
    Py_DECREF(source);
    Py_DECREF(view);
    fill_memory();
}

static void each_view_and_each_function(void)
{
    static void (*const all[])(const Extreme *) = {
        items_are_counted,       views_are_compared,      values_are_as_many_as_there_is_room_for,
        text_ends_at_its_limit,  parts_are_made_at_once,  what_takes_memory_has_it_or_not,
        what_is_written_over_is_not_written,
    };
    for (size_t i = 0; i < COUNT(extremes); i++) {
        for (size_t j = 0; j < COUNT(all); j++) {
            fill_memory();
            all[j](&extremes[i]);
            nothing_is_left_pending();
        }
    }
}

/* ---- counts that do not fit --------------------------------------------------------------------------------- */

static void more_items_than_a_size_can_say_are_refused(void)
{
    static const Py_ssize_t shapes[][AXES] = {
        {3, 6148914691236517206, 1, 1}, /* 2 more than 2**64 */
        {(Py_ssize_t)1 << 32, (Py_ssize_t)1 << 32, 1, 1},
        {(Py_ssize_t)1 << 62, 2, 1, 1},
        {2, PY_SSIZE_T_MAX, 1, 1},
        {PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX},
        {2147483647, 2147483647, 3, 1},
    };
    Py_ssize_t none[AXES] = {0};
    static const char *const formats[] = {"0s", "", "B"};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        for (size_t j = 0; j < COUNT(formats); j++) {
            for (int strides = 0; strides < 2; strides++) {
                Py_ssize_t itemsize = formats[j][0] == 'B';
                Py_buffer info = {.buf = bytes, .len = itemsize ? PY_SSIZE_T_MAX : 0, .itemsize = itemsize, .ndim = AXES,
                                  .format = (char *)formats[j], .shape = (Py_ssize_t *)shapes[i],
                                  .strides = strides ? none : NULL};
                CHECK_PTR(PyMemoryView_FromBuffer(&info), NULL);
                CHECK_ERROR(PyExc_BufferError);
                CHECK_PTR(pybuffer_memory_new(&info, NULL, NULL), NULL);
                CHECK_ERROR(PyExc_BufferError);
                CHECK_PTR(pybuffer_memoryview_from_memory(&info, NULL, NULL), NULL);
                CHECK_ERROR(PyExc_BufferError);
                CHECK_PTR(pybuffer_memoryview_new(formats[j], AXES, shapes[i], 'C'), NULL);
                CHECK_ERROR(PyExc_MemoryError);

                Exporter *exporter = exporter_of_bytes(bytes, 1);
                Py_buffer view;
                CHECK_INT(pybuffer_fill_view(&view, (PyObject *)exporter, &info, PyBUF_FULL_RO), -1);
                CHECK_ERROR(PyExc_BufferError);
                exporter->offer = info;
                exporter->offer.readonly = 0;
                exporter->literal = 1;
                CHECK_PTR(PyMemoryView_FromObject((PyObject *)exporter), NULL);
                CHECK_ERROR(PyExc_BufferError);
                CHECK_PTR(pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_FULL_RO, 0), NULL);
                CHECK_ERROR(PyExc_BufferError);
                CHECK_INT(PyObject_CopyData((PyObject *)exporter, (PyObject *)exporter), -1);
                CHECK_ERROR(PyExc_BufferError);
                CHECK(pybuffer_check_exporter((PyObject *)exporter, NULL, NULL) > 0);
                PyErr_Clear();
                CHECK_UNUSED(exporter);

                /* Nor are there so many after the fact. */
                Extreme one = {"", formats[j], itemsize, 1, {1}, {0}, NO_POINTERS, bytes};
                PyObject *single = view_of(&one, 1);
                CHECK_PTR(pybuffer_memoryview_broadcast(single, AXES, shapes[i]), NULL);
                CHECK_ERROR(PyExc_ValueError);
                Py_DECREF(single);
            }
        }
    }
}

static void an_axis_without_items_makes_up_for_any_other(void)
{
    Py_ssize_t shape[AXES] = {PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, 0, 2}, strides[AXES] = {1, 1, 1, 1};
    for (Py_ssize_t itemsize = 0; itemsize < 3; itemsize++) {
        Py_buffer info = {.buf = bytes, .itemsize = itemsize, .ndim = AXES, .shape = shape, .strides = strides,
                          .format = itemsize == 2 ? "h" : itemsize ? "B" : "0s"};
        PyObject *view = PyMemoryView_FromBuffer(&info);
        CHECK(view != NULL);
        pybuffer_value value = itemsize ? PYBUFFER_INT(0) : PYBUFFER_BYTES("", 0);
        CHECK_INT(pybuffer_memoryview_count(view, &value, 1), 0);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, 0, PY_SSIZE_T_MAX), -1);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_INT(pybuffer_memoryview_values(view, &value, 0), 0);
        CHECK_INT(pybuffer_memoryview_equal(view, view), 1);
        Py_DECREF(view);
    }
}

static void a_reshape_counts_without_a_limit(void)
{
    Extreme most = {"", "B", 1, 1, {PY_SSIZE_T_MAX}, {0}, NO_POINTERS, bytes};
    PyObject *view = view_of(&most, 1);
    Py_ssize_t shapes[][3] = {{(Py_ssize_t)1 << 62, 4, 1}, {(Py_ssize_t)1 << 62, 2, 1}, {-1, PY_SSIZE_T_MAX, 2},
                              {-1, (Py_ssize_t)1 << 62, (Py_ssize_t)1 << 62}, {0, -1, PY_SSIZE_T_MAX}, {-1, -1, 1},
                              {-2, 1, 1}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        CHECK_PTR(pybuffer_memoryview_reshape(view, 3, shapes[i], 'C'), NULL);
        CHECK_ERROR(PyExc_ValueError);
    }
    Py_ssize_t factors[3] = {49, -1, 73}; /* of 2**63 - 1 */
    PyObject *reshaped = pybuffer_memoryview_reshape(view, 3, factors, 'C');
    CHECK(reshaped != NULL);
    CHECK_INT(PyMemoryView_GET_BUFFER(reshaped)->shape[1], PY_SSIZE_T_MAX / 49 / 73);
    CHECK_INT(pybuffer_memoryview_equal(reshaped, reshaped), 1);
    Py_DECREF(reshaped);
    Py_DECREF(view);
}

static void a_wrong_number_of_values_is_named(void)
{
    pybuffer_value values[2] = {PYBUFFER_INT(0), PYBUFFER_INT(0)};
    double number = 0;
    Extreme many = {"", "i", 4, 1, {((Py_ssize_t)1 << 33) + 7}, {0}, NO_POINTERS, numbers};
    PyObject *view = view_of(&many, 0);
    CHECK_INT(pybuffer_memoryview_values(view, values, 2), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values: expected 8589934599, got 2");
    Py_DECREF(view);
    Extreme more = {"", "4096H", 8192, 1, {BIG / 4096}, {0}, NO_POINTERS, bytes};
    view = view_of(&more, 0);
    CHECK_INT(pybuffer_memoryview_set_values(view, values, 2), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values: expected 2305843009213693952, got 2");
    Py_DECREF(view);
    more.format = "(4097)0s"; /* of several values and no bytes there may be more than a size can say */
    more.itemsize = 0;
    more.shape[0] = BIG;
    view = view_of(&more, 0);
    CHECK_INT(pybuffer_memoryview_values(view, values, 1), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values: expected more than 9223372036854775807, got 1");
    CHECK_INT(pybuffer_memoryview_set_values(view, values, PY_SSIZE_T_MAX), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_to_double(view, &number, -1), -1);
    PyErr_Clear();
    Py_DECREF(view);
}

/* ---- places ------------------------------------------------------------------------------------------------- */

static void an_index_is_the_first_one(void)
{
    /* Rows 0, 1, 2, 3 of one value each, a third of 2**60 items long, and all of that again and again. */
    Py_ssize_t row = ((Py_ssize_t)1 << 60) / 3, half = (Py_ssize_t)1 << 30;
    Extreme rows = {"", "B", 1, 2, {4, row}, {1, 0}, NO_POINTERS, bytes};
    PyObject *view = view_of(&rows, 1);
    for (int wanted = 0; wanted < 4; wanted++) {
        pybuffer_value value = PYBUFFER_INT(wanted);
        CHECK_INT(pybuffer_memoryview_count(view, &value, 1), row);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, 0, PY_SSIZE_T_MAX), wanted * row);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, wanted * row + 5, PY_SSIZE_T_MAX), wanted * row + 5);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, wanted * row - row * 4 - 1, -1),
                  wanted == 0 ? 0 : wanted * row);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, 0, wanted * row), -1);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, 1, wanted * row + 1), wanted == 0 ? -1 : wanted * row);
        PyErr_Clear();
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, wanted * row + row, PY_SSIZE_T_MAX), -1);
        CHECK_ERROR(PyExc_ValueError);
    }
    Py_DECREF(view);
    Extreme again = {"", "B", 1, 3, {half, 4, half / 1024}, {0, 1, 0}, NO_POINTERS, bytes};
    row = half / 1024;
    view = view_of(&again, 1);
    for (int wanted = 0; wanted < 4; wanted++) {
        pybuffer_value value = PYBUFFER_INT(wanted);
        CHECK_INT(pybuffer_memoryview_count(view, &value, 1), row * half);
        Py_ssize_t block = 4 * row, k = half / 3;
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, k * block, PY_SSIZE_T_MAX), k * block + wanted * row);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, k * block + (wanted + 1) * row, PY_SSIZE_T_MAX),
                  (k + 1) * block + wanted * row);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, k * block + (wanted + 1) * row,
                                            (k + 1) * block + wanted * row),
                  -1);
        CHECK_ERROR(PyExc_ValueError);
    }
    Py_DECREF(view);
}

/* Only items between the two bounds are read: outside there is no memory here. */
static void an_index_looks_between_its_bounds(void)
{
    Py_ssize_t all = (Py_ssize_t)1 << 45, shape[3] = {1 << 15, 1 << 15, 1 << 15}, strides[3];
    PyBuffer_FillContiguousStrides(3, shape, strides, 1, 'C');
    Py_ssize_t first = 12345678901, count = (Py_ssize_t)sizeof(bytes);
    for (int ndim = 1; ndim <= 3; ndim += 2) {
        Py_buffer info = {.buf = (void *)((uintptr_t)bytes - (uintptr_t)first), .len = all, .itemsize = 1,
                          .readonly = 1, .ndim = ndim, .format = "B", .shape = ndim == 1 ? &all : shape,
                          .strides = ndim == 1 ? &strides[2] : strides};
        PyObject *view = PyMemoryView_FromBuffer(&info);
        CHECK(view != NULL);
        pybuffer_value value = PYBUFFER_INT(3), none = PYBUFFER_INT(200);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, first, first + count), first + 3);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, first + 4, first + count), first + 7);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, first, first + 3), -1);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_INT(pybuffer_memoryview_index(view, &none, 1, first - all, first + count), -1);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, 5, 5), -1);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_INT(pybuffer_memoryview_index(view, &value, 1, 7, 5), -1);
        CHECK_ERROR(PyExc_ValueError);
        Py_DECREF(view);
    }
}

/* ---- comparisons -------------------------------------------------------------------------------------------- */

/* Each item of one is paired with each item of the other: 2**42 pairs of 4 MB, again and again. */
static void crossed_views_take_as_long_as_their_memory(void)
{
    Py_ssize_t n = (Py_ssize_t)1 << 21;
    unsigned char *a = malloc((size_t)n), *b = malloc((size_t)n);
    if (!CHECK(a != NULL && b != NULL)) {
        return;
    }
    memset(a, 7, (size_t)n);
    memset(b, 7, (size_t)n);
    static const char *const formats[] = {"B", "<b"};
    for (int f = 0; f < 2; f++) {
        Extreme rows = {"", "B", 1, 3, {n, n, 64}, {1, 0, 0}, NO_POINTERS, a};
        Extreme columns = {"", formats[f], 1, 3, {n, n, 64}, {0, -1, 0}, NO_POINTERS, b + n - 1};
        PyObject *left = view_of(&rows, 1), *right = view_of(&columns, 1);
        CHECK_INT(pybuffer_memoryview_equal(left, right), 1);
        CHECK_INT(PyObject_RichCompareBool(left, right, Py_EQ), 1);
        CHECK_INT(PyObject_RichCompareBool(right, left, Py_NE), 0);
        for (int at = 0; at < 4; at++) {
            unsigned char *one = at < 2 ? a : b;
            one[at % 2 ? n - 1 : 0] = 8;
            CHECK_INT(pybuffer_memoryview_equal(left, right), 0);
            CHECK_INT(PyObject_RichCompareBool(right, left, Py_EQ), 0);
            one[at % 2 ? n - 1 : 0] = 7;
        }
        Py_DECREF(left);
        Py_DECREF(right);
    }
    free(a);
    free(b);
}

static Py_ssize_t product_of(int ndim, const Py_ssize_t *shape)
{
    Py_ssize_t items = 1;
    int empty = 0;
    for (int i = 0; i < ndim; i++) {
        empty |= shape[i] == 0;
    }
    for (int i = 0; i < ndim && !empty; i++) {
        items *= shape[i];
    }
    return empty ? 0 : items;
}

static void only_equal_shapes_are_equal_by_value(void)
{
    static const struct {
        int a_ndim, b_ndim;
        Py_ssize_t a[3], b[3];
        int equal, compares; /* by value, and as CPython's == has it */
    } cases[] = {
        {3, 3, {2, 0, 2}, {2, 0, 3}, 0, 1}, {3, 3, {2, 0, 2}, {2, 0, 2}, 1, 1}, {2, 2, {0, 1}, {0, 2}, 0, 1},
        {3, 3, {2, 0, 2}, {3, 0, 2}, 0, 0}, {3, 2, {2, 0, 0}, {2, 0}, 0, 0},    {1, 2, {0}, {0, 5}, 0, 0},
        {1, 1, {0}, {0}, 1, 1},             {1, 1, {0}, {1}, 0, 0},             {0, 1, {0}, {1}, 0, 0},
        {0, 0, {0}, {0}, 1, 1},             {3, 3, {1, 1, 0}, {1, 0, 1}, 0, 0}, {2, 2, {1, 2}, {2, 1}, 0, 0},
        {3, 3, {0, 2, BIG}, {0, 2, 1}, 0, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Py_buffer a = {.buf = bytes, .itemsize = 1, .ndim = cases[i].a_ndim, .shape = (Py_ssize_t *)cases[i].a};
        Py_buffer b = {.buf = bytes, .itemsize = 1, .ndim = cases[i].b_ndim, .shape = (Py_ssize_t *)cases[i].b};
        a.len = product_of(a.ndim, a.shape);
        b.len = product_of(b.ndim, b.shape);
        PyObject *left = PyMemoryView_FromBuffer(&a), *right = PyMemoryView_FromBuffer(&b);
        if (CHECK(left != NULL && right != NULL)) {
            CHECK_INT(pybuffer_memoryview_equal(left, right), cases[i].equal);
            CHECK_INT(pybuffer_memoryview_equal(right, left), cases[i].equal);
            CHECK_INT(PyObject_RichCompareBool(left, right, Py_EQ), cases[i].compares);
        }
        Py_XDECREF(left);
        Py_XDECREF(right);
    }
    /* A shape that is missing is that of all bytes, or of none. */
    Py_buffer missing = {.buf = bytes, .itemsize = 1, .ndim = 1}, none = {.buf = bytes, .ndim = 1, .format = "0s"};
    Py_ssize_t zero = 0;
    Py_buffer given = {.buf = bytes, .itemsize = 1, .ndim = 1, .shape = &zero};
    PyObject *views[3] = {PyMemoryView_FromBuffer(&missing), PyMemoryView_FromBuffer(&none),
                          PyMemoryView_FromBuffer(&given)};
    for (int i = 0; i < 9; i++) {
        CHECK_INT(pybuffer_memoryview_equal(views[i / 3], views[i % 3]), 1);
    }
    for (int i = 0; i < 3; i++) {
        Py_XDECREF(views[i]);
    }
}

/* ---- lengths that are more than the shape ------------------------------------------------------------------- */

static void a_hash_is_of_the_items(void)
{
    Py_ssize_t shape[2] = {5, 2}, strides[2] = {-2, 1};
    Py_hash_t hashes[4];
    Py_ssize_t lens[4] = {10, 11, BIG, PY_SSIZE_T_MAX};
    for (int i = 0; i < 4; i++) {
        Py_buffer info = {.buf = bytes + 8, .len = lens[i], .itemsize = 1, .readonly = 1, .ndim = 2, .format = "B",
                          .shape = shape, .strides = strides};
        PyObject *view = PyMemoryView_FromBuffer(&info);
        hashes[i] = PyObject_Hash(view);
        CHECK_INT(hashes[i], hashes[0]);
        CHECK(hashes[i] != -1);
        check_result(pybuffer_memoryview_tobytes(view, 'C'), "tobytes", &extremes[0]);
        check_result(pybuffer_memoryview_hex(view, -1, 1), "hex", &extremes[0]);
        Py_DECREF(view);
    }
    PyErr_Clear();
    /* Repeated items are hashed where they could be copied. */
    Extreme some = {"", "B", 1, 2, {3, 5}, {0, 1}, NO_POINTERS, bytes};
    PyObject *view = view_of(&some, 1), *copy = pybuffer_memoryview_tobytes(view, 'C');
    CHECK_INT(PyObject_Hash(view), PyObject_Hash(copy));
    Py_DECREF(copy);
    Py_DECREF(view);
    some.shape[0] = BIG / 8;
    view = view_of(&some, 1);
    CHECK_INT(PyObject_Hash(view), -1);
    CHECK_ERROR(PyExc_MemoryError);
    Py_DECREF(view);
}

/* ---- formats ------------------------------------------------------------------------------------------------ */

static void items_without_values_are_unpacked_at_once(void)
{
    static const char *const formats[] = {"", "0i", "0i7x", "T{}", "0T{i}"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        PyObject *format = pybuffer_format_parse(formats[i]);
        pybuffer_value value = PYBUFFER_INT(7);
        CHECK_INT(pybuffer_format_value_count(format), 0);
        CHECK_INT(pybuffer_format_unpack_items(format, bytes, 0, BIG, &value), 0);
        CHECK_INT(pybuffer_format_unpack_items(format, bytes, 7, PY_SSIZE_T_MAX, &value), 0);
        CHECK_INT(pybuffer_format_unpack_items(format, bytes, 0, -1, &value), -1);
        CHECK_ERROR(PyExc_SystemError);
        CHECK_INT(value.as.i, 7);
        Py_DECREF(format);
    }
}

/* ---- copies ------------------------------------------------------------------------------------------------- */

static void the_last_of_what_shares_memory_wins(void)
{
    Py_ssize_t many = (Py_ssize_t)1 << 40;
    unsigned char to[4] = {9, 9, 9, 9};
    /* The rows of the source are 2**20 bytes in all; those of the destination are one. */
    Py_ssize_t n = (Py_ssize_t)1 << 18;
    unsigned char *from = malloc((size_t)n * 4);
    for (Py_ssize_t i = 0; i < n * 4; i++) {
        from[i] = (unsigned char)(i / 4 * 7 + i % 4);
    }
    Extreme source = {"", "B", 1, 3, {n, many / 1024, 4}, {4, 0, 1}, NO_POINTERS, from};
    Extreme target = {"", "B", 1, 3, {n, many / 1024, 4}, {0, 0, 1}, NO_POINTERS, to};
    PyObject *src = view_of(&source, 1), *dst = view_of(&target, 0);
    pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
    for (int i = 0; i < 2; i++) {
        memset(to, 9, 4);
        CHECK_INT(i ? pybuffer_memoryview_assign(dst, all, 1, src) : PyObject_CopyData(dst, src), 0);
        CHECK_MEM(to, from + n * 4 - 4, 4);
    }
    pybuffer_value value = PYBUFFER_INT(5);
    CHECK_INT(pybuffer_memoryview_fill(dst, all, 1, &value, 1), 0);
    CHECK(to[0] == 5 && to[3] == 5);
    Py_DECREF(src);
    Py_DECREF(dst);
    /* The same where the two overlap. */
    source.strides[0] = -4;
    source.memory = from + n * 4 - 4;
    target.memory = from + 8;
    unsigned char expected[4];
    memcpy(expected, from, 4);
    src = view_of(&source, 1);
    dst = view_of(&target, 0);
    CHECK_INT(PyObject_CopyData(dst, src), 0);
    CHECK_MEM(from + 8, expected, 4);
    Py_DECREF(src);
    Py_DECREF(dst);
    free(from);
}

/* Windows that overlap, one by one in index order, to separate memory. */
static void copy_naively(unsigned char *to, const Py_ssize_t *shape, const Py_ssize_t *strides, const unsigned char *from,
                         const Py_ssize_t *steps, Py_ssize_t size)
{
    for (Py_ssize_t i = 0; i < shape[0]; i++) {
        for (Py_ssize_t j = 0; j < shape[1]; j++) {
            for (Py_ssize_t k = 0; k < shape[2]; k++) {
                memcpy(to + i * strides[0] + j * strides[1] + k * strides[2],
                       from + i * steps[0] + j * steps[1] + k * steps[2], (size_t)size);
            }
        }
    }
}

static void windows_are_written_as_if_one_by_one(void)
{
    static unsigned char from[256], to[256], expected[256];
    static const char *const formats[] = {"", "s", "2s", "3s"};
    for (int i = 0; i < 256; i++) {
        from[i] = (unsigned char)(i * 7 + i / 16);
    }
    unsigned state = 12345;
    for (int round = 0; round < 20000; round++) {
        Extreme source = {"", "", 0, 3, {0}, {0}, NO_POINTERS, from + 128};
        Extreme target = {"", "", 0, 3, {0}, {0}, NO_POINTERS, to + 128};
        Py_ssize_t size = 1 + round % 3;
        target.itemsize = size;
        target.format = formats[size];
        for (int axis = 0; axis < 3; axis++) {
            state = state * 1103515245 + 12345;
            target.shape[axis] = 1 + (state >> 16) % 4;
            target.strides[axis] = (Py_ssize_t)(state >> 20) % 9 - 3;
            source.strides[axis] = (round & 4) ? target.strides[axis] : (Py_ssize_t)(state >> 24) % 7 - 3;
        }
        source = (Extreme){"", target.format, size, 3, {0}, {source.strides[0], source.strides[1], source.strides[2]},
                           NO_POINTERS, from + 128};
        memcpy(source.shape, target.shape, sizeof(source.shape));
        memset(to, 0, sizeof(to));
        memset(expected, 0, sizeof(expected));
        copy_naively(expected + 128, target.shape, target.strides, from + 128, source.strides, size);
        PyObject *src = view_of(&source, 1), *dst = view_of(&target, 0);
        CHECK_INT(PyObject_CopyData(dst, src), 0);
        CHECK_MEM(to, expected, 256);
        /* The same item everywhere. */
        const Py_ssize_t still[3] = {0, 0, 0};
        copy_naively(expected + 128, target.shape, target.strides, from, still, size);
        pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
        pybuffer_value value = PYBUFFER_BYTES((const char *)from, size);
        CHECK_INT(pybuffer_memoryview_fill(dst, all, 1, &value, 1), 0);
        CHECK_MEM(to, expected, 256);
        Py_DECREF(src);
        Py_DECREF(dst);
    }
}

/* Two axes of windows, larger than the walks that run whole, compared with the result for each pair of indices. */
static void windows_are_found_as_if_one_by_one(void)
{
    enum { MIDDLE = 1 << 15 };
    static unsigned char from[2 * MIDDLE], to[2 * MIDDLE], expected[2 * MIDDLE];
    unsigned state = 54321;
    for (int round = 0; round < 300; round++) {
        Py_ssize_t shape[3], strides[3], steps[3];
        for (int axis = 0; axis < 3; axis++) {
            state = state * 1103515245 + 12345;
            shape[axis] = axis == round % 3 ? 1 + (state >> 16) % 3 : 60 + (state >> 16) % 30;
            strides[axis] = (Py_ssize_t)(state >> 20) % 13 - 5;
            steps[axis] = (round & 4) ? strides[axis] : (Py_ssize_t)(state >> 24) % 11 - 4;
        }
        /* Most of the time items are equal, so that the one that is not may be anywhere. */
        memset(from, 1, sizeof(from));
        from[MIDDLE + (Py_ssize_t)(state >> 12) % 400 - 200] = 2;
        Extreme a = {"", "B", 1, 3, {shape[0], shape[1], shape[2]}, {strides[0], strides[1], strides[2]}, NO_POINTERS,
                     from + MIDDLE};
        Extreme b = {"", "B", 1, 3, {shape[0], shape[1], shape[2]}, {steps[0], steps[1], steps[2]}, NO_POINTERS,
                     from + MIDDLE + (Py_ssize_t)(state >> 14) % 5};
        Py_ssize_t count = 0, first = -1, number = 0;
        int same = 1;
        for (Py_ssize_t i = 0; i < shape[0]; i++) {
            for (Py_ssize_t j = 0; j < shape[1]; j++) {
                for (Py_ssize_t k = 0; k < shape[2]; k++, number++) {
                    unsigned char item = from[MIDDLE + i * strides[0] + j * strides[1] + k * strides[2]];
                    const unsigned char *at = b.memory;
                    count += item == 2;
                    first = item == 2 && first < 0 ? number : first;
                    same &= item == at[i * steps[0] + j * steps[1] + k * steps[2]];
                }
            }
        }
        PyObject *view = view_of(&a, 1), *other = view_of(&b, 1);
        pybuffer_value two = PYBUFFER_INT(2);
        CHECK_INT(pybuffer_memoryview_count(view, &two, 1), count);
        CHECK_INT(pybuffer_memoryview_index(view, &two, 1, 0, PY_SSIZE_T_MAX), first);
        PyErr_Clear();
        CHECK_INT(pybuffer_memoryview_index(view, &two, 1, first, first + 1), first < 0 ? -1 : first);
        PyErr_Clear();
        CHECK_INT(pybuffer_memoryview_index(view, &two, 1, 0, first), -1);
        PyErr_Clear();
        CHECK_INT(pybuffer_memoryview_equal(view, other), same);
        CHECK_INT(PyObject_RichCompareBool(other, view, Py_EQ), same);
        Py_DECREF(other);
        Py_DECREF(view);

        /* Written to other memory, and to the same. */
        for (size_t i = 0; i < sizeof(from); i++) {
            from[i] = (unsigned char)(i * 7 + i / 256);
        }
        memcpy(to, from, sizeof(to));
        memcpy(expected, from, sizeof(to));
        copy_naively(expected + MIDDLE, shape, strides, from + MIDDLE, steps, 1);
        Extreme source = b, target = a;
        source.memory = from + MIDDLE;
        target.memory = to + MIDDLE;
        PyObject *src = view_of(&source, 1), *dst = view_of(&target, 0);
        CHECK_INT(PyObject_CopyData(dst, src), 0);
        CHECK_MEM(to, expected, sizeof(to));
        Py_DECREF(src);
        Py_DECREF(dst);
        target.memory = from + MIDDLE;
        src = view_of(&source, 1);
        dst = view_of(&target, 0);
        CHECK_INT(PyObject_CopyData(dst, src), 0);
        CHECK_MEM(from, expected, sizeof(to));
        const Py_ssize_t still[3] = {0, 0, 0};
        copy_naively(expected + MIDDLE, shape, strides, (const unsigned char *)"x", still, 1);
        pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
        pybuffer_value x = PYBUFFER_INT('x');
        CHECK_INT(pybuffer_memoryview_fill(dst, all, 1, &x, 1), 0);
        CHECK_MEM(from, expected, sizeof(to));
        Py_DECREF(src);
        Py_DECREF(dst);
    }
}

/* Everything of windows of 2**32 items in a megabyte. */
static void windows_take_as_long_as_their_memory(void)
{
    Py_ssize_t n = (Py_ssize_t)1 << 16, middle = 8 * n;
    unsigned char *from = calloc((size_t)(2 * middle), 1), *to = calloc((size_t)(2 * middle), 1);
    static const Py_ssize_t strides[][2] = {{1, 1}, {-1, 1}, {1, -1}, {-1, -1}, {1, 2}, {2, 3}, {3, -2}, {0, 1}, {4, 1}};
    pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
    for (size_t at = 0; at < COUNT(strides); at++) {
        Py_ssize_t s = strides[at][0], t = strides[at][1];
        for (Py_ssize_t size = 1; size <= 2; size++) {
            Extreme a = {"", size == 1 ? "B" : "2s", size, 2, {n, n}, {s, t}, NO_POINTERS, from + middle};
            Extreme b = a, c = a;
            b.memory = to + middle;
            b.strides[0] = strides[(at + 1) % COUNT(strides)][0];
            b.strides[1] = strides[(at + 1) % COUNT(strides)][1];
            c.memory = to + middle;
            PyObject *source = view_of(&a, 1), *other = view_of(&b, 0), *alike = view_of(&c, 0);
            memset(from, 0, (size_t)(2 * middle));
            memset(to, 0, (size_t)(2 * middle));
            CHECK_INT(pybuffer_memoryview_equal(source, other), 1);
            CHECK_INT(PyObject_RichCompareBool(source, source, Py_EQ), 1);
            pybuffer_value nothing = size == 1 ? PYBUFFER_INT(0) : PYBUFFER_BYTES("\0\0", 2);
            pybuffer_value value = size == 1 ? PYBUFFER_INT('a') : PYBUFFER_BYTES("ab", 2);
            CHECK_INT(pybuffer_memoryview_count(source, &nothing, 1), n * n);
            CHECK_INT(pybuffer_memoryview_index(source, &value, 1, 0, PY_SSIZE_T_MAX), -1);
            CHECK_ERROR(PyExc_ValueError);
            /* At index (7, n - 1), and maybe elsewhere. */
            memcpy(from + middle + 7 * s + (n - 1) * t, "ab", (size_t)size);
            CHECK_INT(pybuffer_memoryview_equal(source, other), 0);
            Py_ssize_t first = 7, others = 0, place = 7 * s + (n - 1) * t;
            for (Py_ssize_t i = n - 1; i >= 0; i--) {
                if ((place - i * s) % t == 0 && (place - i * s) / t >= 0 && (place - i * s) / t < n) {
                    first = i;
                    others++;
                }
            }
            CHECK_INT(pybuffer_memoryview_count(source, &value, 1), others);
            CHECK_INT(pybuffer_memoryview_index(source, &value, 1, 0, PY_SSIZE_T_MAX), first * n + (place - first * s) / t);
            CHECK_INT(PyObject_CopyData(alike, source), 0);
            CHECK_INT(pybuffer_memoryview_equal(source, alike), 1);
            CHECK_INT(PyObject_CopyData(other, source), 0);
            CHECK_INT(pybuffer_memoryview_assign(other, all, 1, other), 0);
            CHECK_INT(pybuffer_memoryview_fill(other, all, 1, &value, 1), 0);
            Py_ssize_t last = (n - 1) * (b.strides[0] + b.strides[1]);
            CHECK_MEM(to + middle + last, "ab", size);
            Py_DECREF(source);
            Py_DECREF(other);
            Py_DECREF(alike);
        }
    }
    free(from);
    free(to);
}

static void very_many_axes_of_windows_take_no_longer(void)
{
    enum { MANY = 62 };
    static unsigned char from[4 * MANY], to[4 * MANY];
    static const Py_ssize_t steps[] = {1, 3, -1, 2};
    Py_ssize_t shape[MANY], strides[COUNT(steps)][MANY];
    for (int axis = 0; axis < MANY; axis++) {
        shape[axis] = 2;
        for (size_t i = 0; i < COUNT(steps); i++) {
            strides[i][axis] = steps[i];
        }
    }
    pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
    for (size_t i = 0; i + 1 < COUNT(steps); i++) {
        unsigned char *begin = steps[i] < 0 ? to + MANY : to;
        Py_buffer view = {.buf = from, .len = (Py_ssize_t)1 << MANY, .itemsize = 1, .ndim = MANY, .format = (char *)"B", .shape = shape, .strides = strides[i + 1]};
        view.buf = steps[i + 1] < 0 ? from + MANY : from;
        PyObject *a = PyMemoryView_FromBuffer(&view);
        view.buf = begin;
        view.strides = strides[i];
        PyObject *b = PyMemoryView_FromBuffer(&view);
        memset(from, 3, sizeof(from));
        memset(to, 3, sizeof(to));
        pybuffer_value three = PYBUFFER_INT(3), four = PYBUFFER_INT(4);
        CHECK_INT(pybuffer_memoryview_equal(a, b), 1);
        CHECK_INT(pybuffer_memoryview_count(a, &three, 1), (Py_ssize_t)1 << MANY);
        CHECK_INT(pybuffer_memoryview_index(a, &four, 1, 0, PY_SSIZE_T_MAX), -1);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_INT(PyObject_CopyData(b, a), 0);
        CHECK_INT(pybuffer_memoryview_fill(b, all, 1, &four, 1), 0);
        for (int k = 0; k <= MANY; k++) {
            CHECK_INT(begin[k * steps[i]], 4);
        }
        CHECK_INT(pybuffer_memoryview_count(b, &four, 1), (Py_ssize_t)1 << MANY);
        Py_DECREF(a);
        Py_DECREF(b);
    }
}

/* No two of these axes lead back to the same place by a few steps. */
static void axes_of_any_strides_take_no_longer(void)
{
    enum { MANY = 61, PLACES = MANY * (MANY + 1) / 2 + 1 };
    static unsigned char from[PLACES], to[PLACES], copy[PLACES];
    Py_ssize_t shape[MANY], up[MANY], down[MANY], mixed[MANY];
    for (int axis = 0; axis < MANY; axis++) {
        shape[axis] = 2;
        up[axis] = axis + 1;
        down[axis] = -(axis + 1);
        mixed[axis] = axis % 2 ? axis + 1 : -(axis + 1);
    }
    Py_ssize_t before = 0;
    for (int axis = 0; axis < MANY; axis += 2) {
        before += axis + 1;
    }
    Py_ssize_t *const strides[] = {up, down, mixed}, starts[] = {0, PLACES - 1, before};
    pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
    pybuffer_value three = PYBUFFER_INT(3), four = PYBUFFER_INT(4);
    for (size_t i = 0; i < COUNT(strides); i++) {
        Py_buffer view = {.buf = from + starts[i], .len = (Py_ssize_t)1 << MANY, .itemsize = 1, .ndim = MANY, .format = (char *)"B", .shape = shape, .strides = strides[i]};
        PyObject *a = PyMemoryView_FromBuffer(&view);
        view.buf = to + starts[i];
        PyObject *b = PyMemoryView_FromBuffer(&view);
        memset(from, 3, sizeof(from));
        memset(to, 5, sizeof(to));
        CHECK_INT(pybuffer_memoryview_equal(a, b), 0);
        memset(to, 3, sizeof(to));
        CHECK_INT(pybuffer_memoryview_equal(a, b), 1);
        /* An item that differs is found wherever it is, by whatever strides. */
        for (size_t k = 0; k < COUNT(strides); k++) {
            view.buf = to + starts[k];
            view.strides = strides[k];
            PyObject *crossed = PyMemoryView_FromBuffer(&view);
            CHECK_INT(PyObject_RichCompareBool(a, crossed, Py_EQ), 1);
            for (Py_ssize_t place = 0; place < PLACES; place += 61) {
                to[place] = 4;
                CHECK_INT(pybuffer_memoryview_equal(a, crossed), 0);
                CHECK_INT(pybuffer_memoryview_equal(crossed, a), 0);
                to[place] = 3;
            }
            Py_DECREF(crossed);
        }
        memset(to, 5, sizeof(to));
        CHECK_INT(pybuffer_memoryview_index(a, &four, 1, 0, PY_SSIZE_T_MAX), -1);
        CHECK_ERROR(PyExc_ValueError);
        /* The first axis alone leads to the last place but one that has it first. */
        from[starts[i] + strides[i][0]] = 4;
        Py_ssize_t first = pybuffer_memoryview_index(a, &four, 1, 0, PY_SSIZE_T_MAX);
        CHECK(first > 0 && first <= (Py_ssize_t)1 << (MANY - 1));
        CHECK_INT(PyObject_CopyData(b, a), 0);
        /* Each place of the second is written from the same place of the first. */
        CHECK_INT(memcmp(from, to, sizeof(to)), 0);
        CHECK_INT(pybuffer_memoryview_fill(b, all, 1, &three, 1), 0);
        memset(copy, 3, sizeof(copy));
        CHECK_INT(memcmp(to, copy, sizeof(to)), 0);
        Py_DECREF(a);
        Py_DECREF(b);
    }
}

/* What lies behind a pointer may be such windows, too. */
static void axes_of_any_strides_behind_pointers_take_no_longer(void)
{
    enum { MANY = 40, PLACES = MANY * (MANY + 1) / 2 + 1, ROWS = 5 };
    static unsigned char from[ROWS][PLACES], to[ROWS][PLACES];
    static void *tables[2][ROWS];
    Py_ssize_t shape[MANY + 1] = {ROWS}, strides[MANY + 1] = {sizeof(void *)}, suboffsets[MANY + 1] = {0};
    for (int axis = 1; axis <= MANY; axis++) {
        shape[axis] = 2;
        strides[axis] = axis;
        suboffsets[axis] = -1;
    }
    for (int row = 0; row < ROWS; row++) {
        tables[0][row] = from[row];
        tables[1][row] = to[row];
    }
    Py_buffer view = {.buf = tables[0], .len = (Py_ssize_t)ROWS << MANY, .itemsize = 1, .ndim = MANY + 1, .format = (char *)"B",
                      .shape = shape, .strides = strides, .suboffsets = suboffsets};
    PyObject *a = PyMemoryView_FromBuffer(&view);
    view.buf = tables[1];
    PyObject *b = PyMemoryView_FromBuffer(&view);
    pybuffer_value four = PYBUFFER_INT(4);
    CHECK_INT(pybuffer_memoryview_equal(a, b), 1);
    /* The last place is reached by the last index of each axis only. */
    from[3][PLACES - 1] = 4;
    CHECK_INT(pybuffer_memoryview_equal(a, b), 0);
    CHECK_INT(pybuffer_memoryview_index(a, &four, 1, 0, PY_SSIZE_T_MAX), ((Py_ssize_t)4 << MANY) - 1);
    CHECK_INT(pybuffer_memoryview_count(a, &four, 1), 1);
    CHECK_INT(PyObject_CopyData(b, a), 0);
    CHECK_MEM(to, from, sizeof(to));
    CHECK_INT(pybuffer_memoryview_equal(a, b), 1);
    Py_DECREF(a);
    Py_DECREF(b);
}

/* Where there are no items, there need not be pointers. */
static void no_items_are_behind_no_pointers(void)
{
    static Py_ssize_t shapes[][4] = {{0, 100, 100, 100}, {5, 0, 100, 100}, {100, 100, 100, 0}}, strides[][4] = {{0, 1, 1, 1}, {0, 8, 1, 1}, {8, 8, 0, 1}},
                      suboffsets[][4] = {{0, -1, -1, -1}, {0, 0, -1, -1}, {0, 8, -1, 0}};
    static char memory[64];
    pybuffer_value one = PYBUFFER_INT(1);
    memset(memory, 1, sizeof(memory));
    for (size_t s = 0; s < COUNT(shapes); s++) {
        for (size_t k = 0; k < COUNT(strides); k++) {
            Py_buffer info = {.buf = memory, .len = 0, .itemsize = 1, .ndim = 4, .format = (char *)"B", .shape = shapes[s],
                              .strides = strides[k], .suboffsets = suboffsets[k]};
            PyObject *view = PyMemoryView_FromBuffer(&info), *other = PyMemoryView_FromBuffer(&info);
            CHECK_INT(pybuffer_memoryview_count(view, &one, 1), 0);
            CHECK_INT(pybuffer_memoryview_index(view, &one, 1, 0, PY_SSIZE_T_MAX), -1);
            CHECK_ERROR(PyExc_ValueError);
            CHECK_INT(pybuffer_memoryview_equal(view, other), 1);
            CHECK_INT(PyObject_RichCompareBool(view, other, Py_EQ), 1);
            CHECK_INT(PyObject_CopyData(view, other), 0);
            CHECK_INT(pybuffer_memoryview_convert(view, other), 0);
            CHECK_INT(pybuffer_memoryview_fill(view, NULL, 0, &one, 1), 0);
            PyObject *bytes = pybuffer_memoryview_tobytes(view, 'C'), *doubles = pybuffer_memoryview_astype(view, "d", 'C');
            CHECK_INT(PyBytes_GET_SIZE(bytes), 0);
            CHECK(doubles != NULL);
            Py_DECREF(bytes);
            Py_DECREF(doubles);
            Py_DECREF(view);
            Py_DECREF(other);
        }
    }
}

/* Formats of many values without a byte, next to ones that have one now and then. */
static void long_formats_are_compared_in_one_walk(void)
{
    enum { PARTS = 20000 };
    static const char *const none = "0s0t", *const some = "0p0t";
    char *a = malloc(PARTS * 18 * 4 + 1), *b = malloc(PARTS * 18 * 4 + 1), *to_a = a, *to_b = b;
    for (int i = 0; i < PARTS * 18; i++) {
        memcpy(to_a, none, 4);
        /* Of one byte, and equal to none. */
        memcpy(to_b, i % 18 == 17 ? "1p0t" : some, 4);
        to_a += 4;
        to_b += 4;
    }
    *to_a = *to_b = '\0';
    unsigned char *memory = calloc(PARTS, 1);
    Extreme empty = {"", a, 0, 1, {1}, {0}, NO_POINTERS, memory};
    Extreme sparse = {"", b, PARTS, 1, {1}, {0}, NO_POINTERS, memory};
    PyObject *left = view_of(&empty, 1), *right = view_of(&sparse, 1);
    CHECK_INT(pybuffer_memoryview_equal(right, right), 1);
    CHECK_INT(pybuffer_memoryview_equal(left, right), 1);
    CHECK_INT(pybuffer_memoryview_equal(right, left), 1);
    Py_DECREF(left);
    Py_DECREF(right);
    free(memory);
    free(a);
    free(b);
}

int main(void)
{
    PyMemAllocatorEx some = {NULL, some_malloc, some_calloc, some_realloc, some_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &some);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &some);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &some);
#ifndef _WIN32
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = SECONDS}}, NULL);
#endif
    tap_after_each = nothing_is_left_pending;
    fill_memory();
    RUN(each_view_and_each_function);
    RUN(more_items_than_a_size_can_say_are_refused);
    RUN(an_axis_without_items_makes_up_for_any_other);
    RUN(a_reshape_counts_without_a_limit);
    RUN(a_wrong_number_of_values_is_named);
    RUN(an_index_is_the_first_one);
    RUN(an_index_looks_between_its_bounds);
    RUN(crossed_views_take_as_long_as_their_memory);
    RUN(only_equal_shapes_are_equal_by_value);
    RUN(a_hash_is_of_the_items);
    RUN(items_without_values_are_unpacked_at_once);
    RUN(the_last_of_what_shares_memory_wins);
    RUN(windows_are_written_as_if_one_by_one);
    RUN(windows_are_found_as_if_one_by_one);
    RUN(windows_take_as_long_as_their_memory);
    RUN(very_many_axes_of_windows_take_no_longer);
    RUN(axes_of_any_strides_take_no_longer);
    RUN(axes_of_any_strides_behind_pointers_take_no_longer);
    RUN(no_items_are_behind_no_pointers);
    RUN(long_formats_are_compared_in_one_walk);
    return tap_end();
}

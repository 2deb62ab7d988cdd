/* Text of memoryviews: layouts, limits, formats that Python has no text for, released views. What CPython can say is compared
 * with it in tests/oracle/text.rs. */
#include "support.h"

#include <inttypes.h>

static char memory[64];

/* Whether a call has made a bytes object with this text, which is dropped. */
static int check_text(PyObject *object, const char *expected, const char *call, const char *file, int line)
{
    int right = tap_check(object != NULL, file, line, "%s fails: %s", call,
                          object ? "" : PyErr_Occurred() ? pybuffer_error_message() : "no error");
    if (right) {
        right = tap_check_str(PyBytes_AsString(object), expected, call, file, line)
            && tap_check_int(PyBytes_Size(object), (long long)strlen(expected), call, file, line)
            && tap_check(Py_TYPE(object) == &PyBytes_Type, file, line, "%s: no bytes object", call);
        Py_DECREF(object);
    }
    PyErr_Clear();
    return right;
}
#define CHECK_TEXT(call, expected) check_text((call), (expected), #call, __FILE__, __LINE__)

static PyObject *view_of(Exporter *self)
{
    PyObject *view = PyMemoryView_FromObject((PyObject *)self);
    CHECK(view != NULL);
    Py_DECREF((PyObject *)self);
    return view;
}

/* A view of contiguous items. */
static PyObject *view(const void *items, const char *format, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape)
{
    return view_of(exporter_new((void *)items, format, itemsize, ndim, shape, NULL));
}

/* ---- hex ---------------------------------------------------------------------------------------------------- */

static void hex_has_two_digits_for_each_byte(void)
{
    unsigned char bytes[256], *text;
    char expected[513];
    Py_ssize_t size = 256, none = 0, three = 3;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (unsigned char)i;
        snprintf(expected + 2 * (ptrdiff_t)i, 3, "%02x", (unsigned)i);
    }
    text = malloc(3); /* for valgrind: not a byte more */
    memcpy(text, "\x01\x02\x03", 3);
    PyObject *all = view(bytes, "B", 1, 1, &size), *few = view(text, "c", 1, 1, &three), *empty = view(text, "i", 4, 1, &none);
    CHECK_TEXT(pybuffer_memoryview_hex(all, -1, 0), expected);
    CHECK_TEXT(pybuffer_memoryview_hex(all, -7, 5), expected);
    CHECK_TEXT(pybuffer_memoryview_hex(few, ':', 2), "01:0203");
    CHECK_TEXT(pybuffer_memoryview_hex(few, ':', -2), "0102:03");
    CHECK_TEXT(pybuffer_memoryview_hex(few, ':', 1), "01:02:03");
    CHECK_TEXT(pybuffer_memoryview_hex(few, ':', -1), "01:02:03");
    CHECK_TEXT(pybuffer_memoryview_hex(few, ':', 0), "010203");
    CHECK_TEXT(pybuffer_memoryview_hex(few, ':', 3), "010203");
    CHECK_TEXT(pybuffer_memoryview_hex(few, 127, 2), "01\1770203");
    CHECK_TEXT(pybuffer_memoryview_hex(few, ' ', PY_SSIZE_T_MAX), "010203");
    CHECK_TEXT(pybuffer_memoryview_hex(few, ' ', PY_SSIZE_T_MIN), "010203");
    CHECK_TEXT(pybuffer_memoryview_hex(empty, ' ', 1), "");
    Py_DECREF(empty);
    Py_DECREF(few);
    Py_DECREF(all);
    free(text);
}

static void hex_is_in_index_order_whatever_the_layout(void)
{
    char items[] = {1, 2, 3, 4, 5, 6};
    char *rows[2] = {items + 3, items};
    Py_ssize_t shape[2] = {2, 3}, fortran[2] = {1, 2}, backwards[2] = {-3, -1}, repeated[2] = {0, 1};
    PyObject *columns = view_of(exporter_new(items, "B", 1, 2, shape, fortran));
    PyObject *reversed = view_of(exporter_new(items + 5, "B", 1, 2, shape, backwards));
    PyObject *again = view_of(exporter_new(items, "B", 1, 2, shape, repeated));
    PyObject *behind = view_of(exporter_of_rows(rows, 2, 3));
    PyObject *one = view(items, "<H", 2, 0, NULL);
    CHECK_TEXT(pybuffer_memoryview_hex(columns, -1, 0), "010305020406");
    CHECK_TEXT(pybuffer_memoryview_hex(reversed, '-', 4), "0605-04030201");
    CHECK_TEXT(pybuffer_memoryview_hex(again, -1, 0), "010203010203");
    CHECK_TEXT(pybuffer_memoryview_hex(behind, -1, 0), "040506010203");
    CHECK_TEXT(pybuffer_memoryview_hex(one, -1, 0), "0102");
    Py_DECREF(one);
    Py_DECREF(behind);
    Py_DECREF(again);
    Py_DECREF(reversed);
    Py_DECREF(columns);
}

static void a_separator_is_one_ascii_character(void)
{
    Py_ssize_t size = 4;
    PyObject *bytes = view(memory, "B", 1, 1, &size);
    static const int others[] = {128, 255, 256, 0x20ac, 0x7fffffff};
    for (size_t i = 0; i < COUNT(others); i++) {
        CHECK_PTR(pybuffer_memoryview_hex(bytes, others[i], 1), NULL);
        CHECK_MESSAGE(PyExc_ValueError, "sep must be ASCII.");
    }
    PyObject *text = pybuffer_memoryview_hex(bytes, 0, 2);
    CHECK_INT(PyBytes_Size(text), 9);
    CHECK_MEM(PyBytes_AsString(text), "0000\0" "0000", 10);
    Py_DECREF(text);
    Py_DECREF(bytes);
}

/* ---- repr --------------------------------------------------------------------------------------------------- */

static void a_view_is_shown_by_its_address(void)
{
    char live[60], released[60];
    Py_ssize_t size = 4;
    PyObject *bytes = view(memory, "B", 1, 1, &size);
    snprintf(live, sizeof(live), "<memory at %#" PRIxPTR ">", (uintptr_t)bytes);
    snprintf(released, sizeof(released), "<released memory at %#" PRIxPTR ">", (uintptr_t)bytes);
    CHECK_TEXT(pybuffer_memoryview_repr(bytes), live);
    CHECK_INT(pybuffer_memoryview_release(bytes), 0);
    CHECK_TEXT(pybuffer_memoryview_repr(bytes), released);
    Py_DECREF(bytes);
}

/* ---- items -------------------------------------------------------------------------------------------------- */

static void items_are_shown_as_nested_lists(void)
{
    int numbers[24];
    Py_ssize_t shape[3] = {2, 2, 3}, wide[3] = {1, 1, 1}, transposed[2] = {4, 8}, two[2] = {2, 2};
    for (int i = 0; i < 24; i++) {
        numbers[i] = i - 2;
    }
    PyObject *cube = view(numbers, "i", 4, 3, shape), *single = view(numbers, "i", 4, 3, wide);
    PyObject *scalar = view(numbers, "i", 4, 0, NULL);
    PyObject *columns = view_of(exporter_new(numbers, "i", 4, 2, two, transposed));
    CHECK_TEXT(pybuffer_memoryview_text(cube, -1), "[[[-2, -1, 0], [1, 2, 3]], [[4, 5, 6], [7, 8, 9]]]");
    CHECK_TEXT(pybuffer_memoryview_text(single, -1), "[[[-2]]]");
    CHECK_TEXT(pybuffer_memoryview_text(scalar, -1), "-2");
    CHECK_TEXT(pybuffer_memoryview_text(columns, -1), "[[-2, 0], [-1, 1]]");
    Py_DECREF(columns);
    Py_DECREF(scalar);
    Py_DECREF(single);
    Py_DECREF(cube);
}

static void items_behind_pointers_are_found(void)
{
    char items[] = {1, 2, 3, 4, 5, 6};
    char *rows[2] = {items + 3, items};
    PyObject *behind = view_of(exporter_of_rows(rows, 2, 3));
    CHECK_TEXT(pybuffer_memoryview_text(behind, -1), "[[4, 5, 6], [1, 2, 3]]");
    CHECK_TEXT(pybuffer_memoryview_text(behind, 4), "[[4, 5, 6], [1, ...]]");
    Py_DECREF(behind);
}

static void a_limit_cuts_each_list_that_goes_on(void)
{
    static const char *const texts[] = {
        "[...]",
        "[[0, ...], ...]",
        "[[0, 1, ...], ...]",
        "[[0, 1, 2, ...], ...]",
        "[[0, 1, 2, 3], ...]",
        "[[0, 1, 2, 3], [4, ...]]",
        "[[0, 1, 2, 3], [4, 5, ...]]",
        "[[0, 1, 2, 3], [4, 5, 6, ...]]",
        "[[0, 1, 2, 3], [4, 5, 6, 7]]",
        "[[0, 1, 2, 3], [4, 5, 6, 7]]",
    };
    char numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    Py_ssize_t shape[2] = {2, 4}, deep[3] = {2, 2, 2}, five = 5;
    PyObject *table = view(numbers, "b", 1, 2, shape), *cube = view(numbers, "b", 1, 3, deep);
    PyObject *scalar = view(numbers, "b", 1, 0, NULL), *line = view(numbers, "b", 1, 1, &five);
    for (size_t limit = 0; limit < COUNT(texts); limit++) {
        CHECK_TEXT(pybuffer_memoryview_text(table, (Py_ssize_t)limit), texts[limit]);
    }
    CHECK_TEXT(pybuffer_memoryview_text(table, PY_SSIZE_T_MAX), texts[8]);
    CHECK_TEXT(pybuffer_memoryview_text(table, PY_SSIZE_T_MIN), texts[8]);
    CHECK_TEXT(pybuffer_memoryview_text(cube, 1), "[[[0, ...], ...], ...]");
    CHECK_TEXT(pybuffer_memoryview_text(cube, 2), "[[[0, 1], ...], ...]");
    CHECK_TEXT(pybuffer_memoryview_text(cube, 4), "[[[0, 1], [2, 3]], ...]");
    CHECK_TEXT(pybuffer_memoryview_text(cube, 7), "[[[0, 1], [2, 3]], [[4, 5], [6, ...]]]");
    CHECK_TEXT(pybuffer_memoryview_text(line, 3), "[0, 1, 2, ...]");
    CHECK_TEXT(pybuffer_memoryview_text(scalar, 0), "...");
    CHECK_TEXT(pybuffer_memoryview_text(scalar, 1), "0");
    Py_DECREF(line);
    Py_DECREF(scalar);
    Py_DECREF(cube);
    Py_DECREF(table);
}

static void lists_without_items_are_shown(void)
{
    Py_ssize_t none = 0, rows[2] = {3, 0}, columns[2] = {0, 3}, deep[3] = {2, 2, 0};
    PyObject *line = view(memory, "i", 4, 1, &none), *table = view(memory, "i", 4, 2, rows);
    PyObject *other = view(memory, "i", 4, 2, columns), *cube = view(memory, "i", 4, 3, deep);
    CHECK_TEXT(pybuffer_memoryview_text(line, -1), "[]");
    CHECK_TEXT(pybuffer_memoryview_text(line, 0), "[]");
    CHECK_TEXT(pybuffer_memoryview_text(other, 0), "[]");
    CHECK_TEXT(pybuffer_memoryview_text(table, -1), "[[], [], []]");
    CHECK_TEXT(pybuffer_memoryview_text(table, 1), "[[], ...]");
    CHECK_TEXT(pybuffer_memoryview_text(table, 0), "[...]");
    CHECK_TEXT(pybuffer_memoryview_text(cube, 3), "[[[], []], [[], ...]]");
    Py_DECREF(cube);
    Py_DECREF(other);
    Py_DECREF(table);
    Py_DECREF(line);
}

/* Their text would not fit into any memory, which must not take for ever to find out. */
static void more_text_than_there_is_memory_for_is_an_error(void)
{
    Py_ssize_t huge[2] = {PY_SSIZE_T_MAX / 16, 0}, larger[3] = {PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, 0}, strides[3] = {0, 0, 1};
    Py_buffer info = {.buf = memory, .itemsize = 1, .ndim = 3, .shape = larger, .strides = strides};
    PyObject *many = view(memory, "B", 1, 2, huge), *more = PyMemoryView_FromBuffer(&info);
    CHECK_PTR(pybuffer_memoryview_text(many, -1), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_PTR(pybuffer_memoryview_text(more, -1), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_TEXT(pybuffer_memoryview_text(many, 2), "[[], [], ...]");
    CHECK_TEXT(pybuffer_memoryview_text(more, 2), "[[[], [], ...], ...]");
    PyObject *values = view(memory, "4611686018427387904T{0s}", 0, 0, NULL);
    CHECK_PTR(pybuffer_memoryview_text(values, -1), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_TEXT(pybuffer_memoryview_text(values, 0), "...");
    Py_DECREF(values);
    Py_DECREF(more);
    Py_DECREF(many);
}

static void every_format_has_a_text(void)
{
    struct {
        const char *format, *item;
        Py_ssize_t size;
        const char *text;
    } cases[] = {
        {"<ihd", "\1\0\0\0\2\0\0\0\0\0\0\0\0\xc0", 14, "(1, 2, -2.0)"},
        {"T{<h:x:T{B:a:2B:b:}:y:}", "\1\0\2\3\4", 5, "(1, 2, 3, 4)"},
        {"(2,2)<H", "\1\0\2\0\3\0\4\0", 8, "(1, 2, 3, 4)"},
        {"2T{Bx}", "\1\0\2\0", 4, "(1, 2)"},
        {"T{B}", "\1", 1, "1"},
        {"2x0b", "\1\2", 2, "()"},
        {"2x", "\1\2", 2, "b'\\x01\\x02'"},
        {"2x:pad:", "\1\2", 2, "b'\\x01\\x02'"},
        {"?", "\2", 1, "True"},
        {"3s", "a'b", 3, "b\"a'b\""},
        {"4p", "\2ab\0", 4, "b'ab'"},
        {"<2u", "a\0\xe9\0", 4, "('a', '\\xe9')"},
        {"<w", "\x0d\xf4\1\0", 4, "'\\U0001f40d'"},
        {"<w", "\0\0\x11\0", 4, "'\\U00110000'"},
        {"<Zf", "\0\0\x80\x3f\0\0\0\x40", 8, "(1+2j)"},
        {"<Zf", "\0\0\0\x80\0\0\x80\x3f", 8, "(-0+1j)"},
        {"<Ze", "\0\0\0\x3c", 4, "1j"},
        {"<e", "\x66\x2e", 2, "0.0999755859375"},
        {"<f", "\xcd\xcc\xcc\x3d", 4, "0.10000000149011612"},
        {"<3t5t", "\x53", 1, "(3, 10)"},
        {"=Q", "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "18446744073709551615"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *item = view(cases[i].item, cases[i].format, cases[i].size, 0, NULL);
        if (!CHECK_TEXT(pybuffer_memoryview_text(item, -1), cases[i].text)) {
            printf("# format %s\n", cases[i].format);
        }
        Py_DECREF(item);
    }
    long double third = 1.0L / 3;
    void *address = (void *)(uintptr_t)1234;
    PyObject *exact = view(&third, "g", sizeof(third), 0, NULL), *pointer = view(&address, "&<d", sizeof(address), 0, NULL);
    CHECK_TEXT(pybuffer_memoryview_text(exact, -1), "0.3333333333333333");
    CHECK_TEXT(pybuffer_memoryview_text(pointer, -1), "1234");
    Py_DECREF(pointer);
    Py_DECREF(exact);
}

static void items_larger_than_their_format_are_read_at_their_begin(void)
{
    Py_ssize_t two = 2;
    PyObject *items = view("\1\2\3\4\5\6", "B", 3, 1, &two);
    CHECK_TEXT(pybuffer_memoryview_text(items, -1), "[1, 4]");
    Py_DECREF(items);
}

static void formats_that_cannot_be_read_are_errors(void)
{
    Py_ssize_t four = 4, none = 0;
    char *small = malloc(4);
    memset(small, 1, 4);
    PyObject *invalid = view(small, "T{", 1, 1, &four), *larger = view(small, "i", 1, 1, &four);
    PyObject *empty = view(small, "i", 1, 1, &none);
    CHECK_PTR(pybuffer_memoryview_text(invalid, -1), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_memoryview_text(larger, -1), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "memoryview: an item is smaller than its format");
    CHECK_PTR(pybuffer_memoryview_text(empty, -1), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_TEXT(pybuffer_memoryview_hex(invalid, -1, 0), "01010101");
    Py_DECREF(empty);
    Py_DECREF(larger);
    Py_DECREF(invalid);
    free(small);
}

static void a_released_view_has_no_text(void)
{
    static const char message[] = "operation forbidden on released memoryview object";
    Exporter *self = exporter_of_bytes(memory, 4);
    PyObject *bytes = PyMemoryView_FromObject((PyObject *)self), *other = PyMemoryView_FromObject(bytes);
    CHECK_INT(pybuffer_memoryview_release(bytes), 0);
    CHECK_PTR(pybuffer_memoryview_hex(bytes, -1, 0), NULL);
    CHECK_MESSAGE(PyExc_ValueError, message);
    CHECK_PTR(pybuffer_memoryview_text(bytes, -1), NULL);
    CHECK_MESSAGE(PyExc_ValueError, message);
    CHECK_TEXT(pybuffer_memoryview_text(other, -1), "[0, 0, 0, 0]");
    Py_DECREF(other);
    Py_DECREF(bytes);
    CHECK_UNUSED(self);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(hex_has_two_digits_for_each_byte);
    RUN(hex_is_in_index_order_whatever_the_layout);
    RUN(a_separator_is_one_ascii_character);
    RUN(a_view_is_shown_by_its_address);
    RUN(items_are_shown_as_nested_lists);
    RUN(items_behind_pointers_are_found);
    RUN(a_limit_cuts_each_list_that_goes_on);
    RUN(lists_without_items_are_shown);
    RUN(more_text_than_there_is_memory_for_is_an_error);
    RUN(every_format_has_a_text);
    RUN(items_larger_than_their_format_are_read_at_their_begin);
    RUN(formats_that_cannot_be_read_are_errors);
    RUN(a_released_view_has_no_text);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

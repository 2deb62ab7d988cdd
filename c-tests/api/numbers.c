/* Numbers of memoryviews: the contract of the functions and their errors. What numbers become, of each format in each
 * layout, is for tests/model/numbers.rs.
 */
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

static char memory[1024];
static Py_ssize_t one_axis[1];

/* A memoryview of `items` at `memory`, one after the other. */
static PyObject *view_of(const char *format, Py_ssize_t itemsize, Py_ssize_t items)
{
    one_axis[0] = items;
    Py_buffer info = {.buf = memory, .len = items * itemsize, .itemsize = itemsize, .ndim = 1,
                      .format = (char *)format, .shape = one_axis};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    if (view == NULL) {
        printf("Bail out! no memoryview\n");
        exit(1);
    }
    return view;
}

/* ---- what they are for -------------------------------------------------------------------------------------- */

static void doubles_and_floats_and_integers_come_and_go(void)
{
    PyObject *view = view_of("h", 2, 3);
    const short items[3] = {-2, 0, 300};
    const double doubles[3] = {1.9, -1.9, 32767.5};
    const float floats[3] = {7, 8, 9};
    const int64_t integers[3] = {-32768, 5, 6};
    const uint64_t sizes[3] = {10, 11, 32767};
    double to_doubles[3];
    float to_floats[3];
    int64_t to_integers[3];
    uint64_t to_sizes[3];
    memcpy(memory, items, sizeof(items));
    CHECK_INT(pybuffer_memoryview_to_double(view, to_doubles, 3), 0);
    CHECK(to_doubles[0] == -2 && to_doubles[1] == 0 && to_doubles[2] == 300);
    CHECK_INT(pybuffer_memoryview_to_float(view, to_floats, 3), 0);
    CHECK(to_floats[0] == -2 && to_floats[1] == 0 && to_floats[2] == 300);
    CHECK_INT(pybuffer_memoryview_to_int64(view, to_integers, 3), 0);
    CHECK(to_integers[0] == -2 && to_integers[1] == 0 && to_integers[2] == 300);
    CHECK_INT(pybuffer_memoryview_from_double(view, doubles, 3), 0);
    CHECK_MEM(memory, ((short[3]){1, -1, 32767}), 6);
    CHECK_INT(pybuffer_memoryview_from_float(view, floats, 3), 0);
    CHECK_MEM(memory, ((short[3]){7, 8, 9}), 6);
    CHECK_INT(pybuffer_memoryview_to_uint64(view, to_sizes, 3), 0);
    CHECK(to_sizes[0] == 7 && to_sizes[1] == 8 && to_sizes[2] == 9);
    CHECK_INT(pybuffer_memoryview_from_int64(view, integers, 3), 0);
    CHECK_MEM(memory, ((short[3]){-32768, 5, 6}), 6);
    CHECK_INT(pybuffer_memoryview_from_uint64(view, sizes, 3), 0);
    CHECK_MEM(memory, ((short[3]){10, 11, 32767}), 6);
    Py_DECREF(view);
}

static void records_have_their_numbers_in_the_order_of_the_format(void)
{
    static const unsigned char frames[8] = {1, 0, 254, 255, 3, 0, 0, 128};
    PyObject *view = view_of("T{<h:l:<h:r:}", 4, 2);
    int64_t numbers[4];
    memcpy(memory, frames, 8);
    CHECK_INT(pybuffer_memoryview_to_int64(view, numbers, 4), 0);
    CHECK(numbers[0] == 1 && numbers[1] == -2 && numbers[2] == 3 && numbers[3] == -32768);
    memset(memory, 0, 8);
    CHECK_INT(pybuffer_memoryview_from_int64(view, numbers, 4), 0);
    CHECK_MEM(memory, frames, 8);
    Py_DECREF(view);
}

static void rows_behind_pointers_are_followed(void)
{
    char rows[2][3] = {{1, 2, 3}, {4, 5, 6}}, *table[2] = {rows[1], rows[0]};
    Exporter *exporter = exporter_of_rows(table, 2, 3);
    PyObject *view = PyMemoryView_FromObject((PyObject *)exporter);
    double numbers[6];
    CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 6), 0);
    for (int i = 0; i < 6; i++) {
        CHECK_INT((int)numbers[i], (i + 3) % 6 + 1);
        numbers[i] += 10;
    }
    CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 6), 0);
    CHECK_MEM(rows, "\013\014\015\016\017\020", 6);
    Py_DECREF(view);
    CHECK_UNUSED(exporter);
}

static void a_view_of_sixty_four_axes_is_read_and_written(void)
{
    static Py_ssize_t shape[64], strides[64];
    for (int axis = 0; axis < 64; axis++) {
        shape[axis] = axis % 16 == 0 ? 2 : 1;
        strides[axis] = axis % 16 == 0 ? 3 << (axis / 16) : 999;
    }
    /* One number to the item needs no axis more; three do, and there is none left. */
    for (int several = 0; several < 2; several++) {
        static char *const formats[] = {"b", "3b"};
        Py_ssize_t itemsize = several ? 3 : 1, count = 16 * itemsize;
        Py_buffer info = {.buf = memory, .len = count, .itemsize = itemsize, .ndim = 64, .format = formats[several],
                          .shape = shape, .strides = strides};
        PyObject *view = PyMemoryView_FromBuffer(&info);
        int64_t numbers[48], back[48];
        for (int i = 0; i < 48; i++) {
            numbers[i] = i - 20;
        }
        memset(memory, 99, 64);
        CHECK_INT(pybuffer_memoryview_from_int64(view, numbers, count), 0);
        CHECK_INT((signed char)memory[0], -20);
        /* The fastest axis has the largest stride. */
        CHECK_INT((signed char)memory[24], -20 + itemsize);
        CHECK_INT(pybuffer_memoryview_to_int64(view, back, count), 0);
        CHECK_MEM(back, numbers, (size_t)count * sizeof(*back));
        Py_DECREF(view);
    }
}

/* ---- what numbers become, at the edges that C leaves undefined ---------------------------------------------- */

static void numbers_out_of_range_are_refused(void)
{
    PyObject *view = view_of("d", 8, 2);
    double *items = (double *)(void *)memory;
    int64_t integers[2];
    uint64_t sizes[2];
    const double too_large[] = {9223372036854775808.0, -9223372036854777856.0, INFINITY, -INFINITY, DBL_MAX};
    items[0] = 1;
    for (size_t i = 0; i < COUNT(too_large); i++) {
        items[1] = too_large[i];
        CHECK_INT(pybuffer_memoryview_to_int64(view, integers, 2), -1);
        CHECK_MESSAGE(PyExc_OverflowError, "number 1 is out of range");
    }
    items[1] = NAN;
    CHECK_INT(pybuffer_memoryview_to_int64(view, integers, 2), -1);
    CHECK_MESSAGE(PyExc_ValueError, "number 1 is NaN and cannot be converted to an integer");
    CHECK_INT(pybuffer_memoryview_to_uint64(view, sizes, 2), -1);
    CHECK_MESSAGE(PyExc_ValueError, "number 1 is NaN and cannot be converted to an integer");
    items[1] = -9223372036854775808.0;
    CHECK_INT(pybuffer_memoryview_to_int64(view, integers, 2), 0);
    CHECK(integers[1] == INT64_MIN);
    CHECK_INT(pybuffer_memoryview_to_uint64(view, sizes, 2), -1);
    CHECK_MESSAGE(PyExc_OverflowError, "number 1 is out of range");
    items[1] = -0.999;
    CHECK_INT(pybuffer_memoryview_to_uint64(view, sizes, 2), 0);
    CHECK(sizes[1] == 0);
    Py_DECREF(view);
}

/* Whichever way the items are converted, the message counts the numbers of the array. */
static void the_message_says_which_number_it_is(void)
{
    static const struct {
        const char *format;
        Py_ssize_t itemsize, values;
    } formats[] = {{"b", 1, 1}, {"3b", 3, 3}, {"<bxb", 3, 2}, {">hh", 4, 2}, {"7t", 1, 1}, {"<bhbhb", 7, 5}};
    int64_t numbers[50];
    char message[64];
    for (size_t f = 0; f < COUNT(formats); f++) {
        Py_ssize_t count = 10 * formats[f].values;
        PyObject *view = view_of(formats[f].format, formats[f].itemsize, 10);
        for (Py_ssize_t bad = 0; bad < count; bad++) {
            memset(numbers, 0, sizeof(numbers));
            memset(memory, 0x11, 100);
            numbers[bad] = 1 << 20;
            snprintf(message, sizeof(message), "number %d is out of range", (int)bad);
            CHECK_INT(pybuffer_memoryview_from_int64(view, numbers, count), -1);
            CHECK_MESSAGE(PyExc_OverflowError, message);
            for (int i = 0; i < 100; i++) {
                CHECK(memory[i] == 0x11);
            }
        }
        Py_DECREF(view);
    }
}

/* In lines and tiles of several hundred numbers, too. */
static void the_message_finds_a_number_among_many(void)
{
    enum { ROWS = 61, COLUMNS = 53, COUNT_ALL = ROWS * COLUMNS };
    static double items[2 * COUNT_ALL], *doubles = items;
    static int64_t numbers[COUNT_ALL];
    static Py_ssize_t shape[2] = {ROWS, COLUMNS};
    static Py_ssize_t layouts[][2] = {{8 * COLUMNS, 8}, {8, 8 * ROWS}, {16 * COLUMNS, 16}, {8 * 2 * COLUMNS, 8},
                                      {8 * COLUMNS, -8}, {-8, 8 * ROWS}};
    char message[64];
    for (size_t l = 0; l < COUNT(layouts); l++) {
        Py_ssize_t *strides = layouts[l];
        Py_ssize_t first = (strides[0] < 0 ? -strides[0] * (ROWS - 1) : 0) + (strides[1] < 0 ? -strides[1] * (COLUMNS - 1) : 0);
        for (int bad = (int)l; bad < COUNT_ALL; bad += 97) {
            char *start = (char *)doubles + first;
            Py_buffer info = {.buf = start, .len = 8 * COUNT_ALL, .itemsize = 8, .ndim = 2, .format = "d", .shape = shape,
                              .strides = strides};
            PyObject *view = PyMemoryView_FromBuffer(&info);
            const double infinite = INFINITY;
            memset(items, 0, sizeof(items));
            memcpy(start + bad / COLUMNS * strides[0] + bad % COLUMNS * strides[1], &infinite, 8);
            snprintf(message, sizeof(message), "number %d is out of range", bad);
            CHECK_INT(pybuffer_memoryview_to_int64(view, numbers, COUNT_ALL), -1);
            CHECK_MESSAGE(PyExc_OverflowError, message);
            Py_DECREF(view);
        }
    }
}

static void floats_too_large_become_infinite(void)
{
    PyObject *halves = view_of("e", 2, 2), *singles = view_of("=f", 4, 2), *view = view_of("d", 8, 2);
    const double large[2] = {65520, -1e300};
    float floats[2];
    CHECK_INT(pybuffer_memoryview_from_double(halves, large, 2), 0);
    CHECK_MEM(memory, ((uint16_t[2]){0x7c00, 0xfc00}), 4);
    CHECK_INT(pybuffer_memoryview_from_double(singles, large, 2), 0);
    CHECK_MEM(memory, ((float[2]){65520, -INFINITY}), 8);
    memcpy(memory, large, sizeof(large));
    CHECK_INT(pybuffer_memoryview_to_float(view, floats, 2), 0);
    CHECK(floats[0] == 65520 && floats[1] == -INFINITY);
    Py_DECREF(view);
    Py_DECREF(singles);
    Py_DECREF(halves);
}

/* 2**61 + 2**37 + 1 as a double is in the middle of two floats, and would be rounded to the wrong one. */
static void integers_are_rounded_once(void)
{
    volatile int64_t tested = ((int64_t)1 << 61) + ((int64_t)1 << 37) + 1;
    if ((float)tested != 2305843284091600896.0f) {
        SKIP("the machine itself rounds twice here, as valgrind does");
    }
    PyObject *integers = view_of("q", 8, 1), *records = view_of("=qb", 9, 1), *floats = view_of("f", 4, 1);
    const int64_t number = ((int64_t)1 << 61) + ((int64_t)1 << 37) + 1;
    const float once = (float)number, twice = (float)(double)number;
    float result[2];
    CHECK(once != twice);
    memcpy(memory, &number, 8);
    CHECK_INT(pybuffer_memoryview_to_float(integers, result, 1), 0);
    CHECK(result[0] == once);
    CHECK_INT(pybuffer_memoryview_to_float(records, result, 2), 0);
    CHECK(result[0] == once);
    CHECK_INT(pybuffer_memoryview_from_int64(floats, &number, 1), 0);
    CHECK_MEM(memory, &once, 4);
    Py_DECREF(floats);
    Py_DECREF(records);
    Py_DECREF(integers);
}

/* Each, among all others and every third of them, is mantissa * 2**exponent; a NaN keeps its sign. */
static void every_half_becomes_its_double(void)
{
    enum { HALVES = 1 << 16 };
    static uint16_t halves[3 * HALVES];
    static double doubles[HALVES];
    for (Py_ssize_t step = 1; step <= 3; step += 2) {
        Py_ssize_t count = HALVES, stride = 2 * step;
        for (int bits = 0; bits < HALVES; bits++) {
            halves[bits * step] = (uint16_t)bits;
        }
        Py_buffer info = {.buf = halves, .len = 2 * HALVES, .itemsize = 2, .ndim = 1, .format = "e", .shape = &count,
                          .strides = &stride};
        PyObject *view = PyMemoryView_FromBuffer(&info);
        CHECK_INT(pybuffer_memoryview_to_double(view, doubles, HALVES), 0);
        int wrong = 0;
        for (int bits = 0; bits < HALVES; bits++) {
            int exponent = bits >> 10 & 31, fraction = bits & 1023, mantissa = exponent > 0 ? 1024 + fraction : fraction;
            double magnitude = fabs(doubles[bits]), power = 1.0 / (1 << 24);
            for (int i = 1; i < exponent; i++) {
                power *= 2;
            }
            int right = exponent < 31 ? magnitude == mantissa * power : fraction ? isnan(magnitude) : isinf(magnitude);
            wrong += !right || (signbit(doubles[bits]) != 0) != (bits >= HALVES / 2);
        }
        CHECK_INT(wrong, 0);
        Py_DECREF(view);
    }
}

static void long_doubles_are_rounded_once(void)
{
    long double item = 9007199254740993.0L; /* 2**53 + 1 */
    PyObject *view = view_of("g", sizeof(item), 1);
    double number;
    float single;
    int64_t integer;
    uint64_t size = UINT64_MAX;
    memcpy(memory, &item, sizeof(item));
    CHECK_INT(pybuffer_memoryview_to_double(view, &number, 1), 0);
    CHECK(number == (double)item);
    CHECK_INT(pybuffer_memoryview_to_float(view, &single, 1), 0);
    CHECK(single == (float)item);
    CHECK_INT(pybuffer_memoryview_to_int64(view, &integer, 1), 0);
    CHECK(integer == (int64_t)item);
    CHECK_INT(pybuffer_memoryview_from_uint64(view, &size, 1), 0);
    memcpy(&item, memory, sizeof(item));
    CHECK(item == (long double)UINT64_MAX);
    Py_DECREF(view);
}

static void everything_but_zero_is_true(void)
{
    PyObject *view = view_of("?", 1, 6);
    const double numbers[6] = {0, -0.0, 0.25, NAN, -INFINITY, 256};
    double back[6];
    CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 6), 0);
    CHECK_MEM(memory, "\0\0\1\1\1\1", 6);
    memcpy(memory, "\0\377\2\1\200\0", 6);
    CHECK_INT(pybuffer_memoryview_to_double(view, back, 6), 0);
    CHECK(back[0] == 0 && back[1] == 1 && back[2] == 1 && back[3] == 1 && back[4] == 1 && back[5] == 0);
    Py_DECREF(view);
}

static void bits_and_addresses_are_unsigned_integers(void)
{
    PyObject *bits = view_of("<3t5t", 1, 1), *addresses = view_of("P", sizeof(void *), 1);
    void *address = memory;
    uint64_t numbers[2] = {7, 31};
    const int64_t negative[2] = {-1, -1};
    CHECK_INT(pybuffer_memoryview_from_uint64(bits, numbers, 2), 0);
    CHECK_INT((unsigned char)memory[0], 255);
    numbers[1] = 32;
    CHECK_INT(pybuffer_memoryview_from_uint64(bits, numbers, 2), -1);
    CHECK_MESSAGE(PyExc_OverflowError, "number 1 is out of range");
    memcpy(memory, &address, sizeof(address));
    CHECK_INT(pybuffer_memoryview_to_uint64(addresses, numbers, 1), 0);
    CHECK(numbers[0] == (uintptr_t)memory);
    CHECK_INT(pybuffer_memoryview_from_int64(addresses, negative, 1), -1);
    CHECK_ERROR(PyExc_OverflowError);
    Py_DECREF(addresses);
    Py_DECREF(bits);
}

/* ---- padding, and memory that items share ------------------------------------------------------------------- */

static void padding_becomes_zero_and_what_is_behind_the_format_stays(void)
{
    PyObject *view = view_of("<b2xb", 6, 2);
    const float numbers[4] = {1, 2, 3, 4};
    memset(memory, 0x55, 13);
    CHECK_INT(pybuffer_memoryview_from_float(view, numbers, 4), 0);
    CHECK_MEM(memory, "\1\0\0\2\x55\x55\3\0\0\4\x55\x55\x55", 13);
    Py_DECREF(view);
}

static void where_items_share_memory_the_last_one_wins(void)
{
    static Py_ssize_t shape[2] = {700, 2}, strides[2] = {0, 1};
    static int64_t numbers[1400];
    Py_buffer info = {.buf = memory, .len = 1400, .itemsize = 1, .ndim = 2, .format = "B", .shape = shape,
                      .strides = strides};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    for (int i = 0; i < 1400; i++) {
        numbers[i] = i < 1398 ? i % 200 : 201 + i % 2;
    }
    CHECK_INT(pybuffer_memoryview_from_int64(view, numbers, 1400), 0);
    CHECK_MEM(memory, "\311\312", 2);
    CHECK_INT(pybuffer_memoryview_to_int64(view, numbers, 1400), 0);
    CHECK(numbers[0] == 201 && numbers[1] == 202 && numbers[1398] == 201 && numbers[1399] == 202);
    Py_DECREF(view);
}

/* ---- nothing to convert ------------------------------------------------------------------------------------- */

static void no_items_are_no_numbers(void)
{
    PyObject *none = view_of("3d", 24, 0), *nothing = view_of("4x", 4, 2), *empty = view_of("", 1, 5);
    double number = 7;
    CHECK_INT(pybuffer_memoryview_to_double(none, &number, 0), 0);
    CHECK_INT(pybuffer_memoryview_from_double(none, &number, 0), 0);
    CHECK_INT(pybuffer_memoryview_to_double(nothing, &number, 0), 0);
    CHECK_INT(pybuffer_memoryview_from_double(nothing, &number, 0), 0);
    CHECK_INT(pybuffer_memoryview_to_double(empty, &number, 0), 0);
    CHECK_INT(pybuffer_memoryview_to_double(nothing, &number, 2), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong count: expected 0, got 2");
    CHECK(number == 7);
    Py_DECREF(empty);
    Py_DECREF(nothing);
    Py_DECREF(none);
}

static void a_view_of_no_axes_is_one_item(void)
{
    Py_buffer info = {.buf = memory, .len = 4, .itemsize = 4, .ndim = 0, .format = "<i"};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    const double number = -7.5;
    int64_t back;
    CHECK_INT(pybuffer_memoryview_from_double(view, &number, 1), 0);
    CHECK_INT(pybuffer_memoryview_to_int64(view, &back, 1), 0);
    CHECK_INT(back, -7);
    Py_DECREF(view);
}

/* Integers of no bits have values and no bytes. */
static void items_of_no_bytes_are_zeros(void)
{
    static Py_ssize_t shape[2] = {PY_SSIZE_T_MAX, 1};
    Py_buffer info = {.buf = memory, .len = 0, .itemsize = 0, .ndim = 2, .format = "0t", .shape = shape};
    double numbers[3] = {7, 7, 7};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 3), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_to_double(view, numbers, PY_SSIZE_T_MAX), -1);
    CHECK_ERROR(PyExc_SystemError);
    Py_DECREF(view);
    shape[0] = 3;
    shape[1] = 1;
    view = PyMemoryView_FromBuffer(&info);
    CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 3), -1);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 3), 0);
    CHECK(numbers[0] == 0 && numbers[1] == 0 && numbers[2] == 0);
    CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 3), 0);
    Py_DECREF(view);
}

/* ---- errors ------------------------------------------------------------------------------------------------- */

static void another_count_is_refused(void)
{
    PyObject *view = view_of("3f", 12, 4);
    double numbers[12] = {0};
    CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 4), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong count: expected 12, got 4");
    CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 13), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong count: expected 12, got 13");
    CHECK_INT(pybuffer_memoryview_to_double(view, numbers, -12), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong count: expected 12, got -12");
    CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 0), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong count: expected 12, got 0");
    Py_DECREF(view);
}

static void what_is_no_number_is_named(void)
{
    static const struct {
        const char *format;
        Py_ssize_t itemsize;
        const char *message;
    } formats[] = {
        {"c", 1, "the format contains bytes, which are not numbers"},
        {"3s", 3, "the format contains bytes, which are not numbers"},
        {"3p", 3, "the format contains bytes, which are not numbers"},
        {"<ix:pad:", 5, "the format contains bytes, which are not numbers"},
        {"u", 2, "the format contains text, which is not a number"},
        {"2w", 8, "the format contains text, which is not a number"},
        {"Zd", 16, "the format contains complex numbers, which are not real numbers"},
        {"F", 8, "the format contains complex numbers, which are not real numbers"},
        {"<dZg", 40, "the format contains complex numbers, which are not real numbers"},
        {"O", 8, "the format contains pointers, which are not numbers"},
        {"&d", 8, "the format contains pointers, which are not numbers"},
        {"X{}", 8, "the format contains pointers, which are not numbers"},
        {"z", 8, "the format contains pointers, which are not numbers"},
        {"Z", 8, "the format contains pointers, which are not numbers"},
        {"2T{<dT{b:a:c:b:}:x:}", 20, "the format contains bytes, which are not numbers"},
    };
    double numbers[4] = {0};
    for (size_t f = 0; f < COUNT(formats); f++) {
        PyObject *view = view_of(formats[f].format, formats[f].itemsize, 1);
        CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 1), -1);
        CHECK_MESSAGE(PyExc_TypeError, formats[f].message);
        CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 1), -1);
        CHECK_MESSAGE(PyExc_TypeError, formats[f].message);
        Py_DECREF(view);
    }
}

static void formats_that_are_none_or_larger_than_the_item_are_refused(void)
{
    PyObject *invalid = view_of("y", 1, 1), *large = view_of("d", 4, 1);
    double number = 0;
    CHECK_INT(pybuffer_memoryview_to_double(invalid, &number, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_from_double(invalid, &number, 1), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_to_double(large, &number, 1), -1);
    CHECK_MESSAGE(PyExc_ValueError, "memoryview: an item is smaller than its format");
    CHECK_INT(pybuffer_memoryview_from_double(large, &number, 1), -1);
    CHECK_MESSAGE(PyExc_ValueError, "memoryview: an item is smaller than its format");
    Py_DECREF(large);
    Py_DECREF(invalid);
}

static void read_only_memory_is_read_only(void)
{
    PyObject *bytes = PyBytes_FromStringAndSize("ab", 2), *view = PyMemoryView_FromObject(bytes);
    int64_t numbers[2];
    CHECK_INT(pybuffer_memoryview_to_int64(view, numbers, 2), 0);
    CHECK(numbers[0] == 'a' && numbers[1] == 'b');
    CHECK_INT(pybuffer_memoryview_from_int64(view, numbers, 2), -1);
    CHECK_MESSAGE(PyExc_TypeError, "cannot modify read-only memory");
    Py_DECREF(view);
    Py_DECREF(bytes);
}

static void a_released_view_has_no_numbers(void)
{
    PyObject *view = view_of("B", 1, 2);
    int64_t numbers[2] = {1, 2};
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(pybuffer_memoryview_to_int64(view, numbers, 2), -1);
    CHECK_MESSAGE(PyExc_ValueError, "operation forbidden on released memoryview object");
    CHECK_INT(pybuffer_memoryview_from_int64(view, numbers, 2), -1);
    CHECK_MESSAGE(PyExc_ValueError, "operation forbidden on released memoryview object");
    Py_DECREF(view);
}

static void what_is_no_memoryview_has_no_numbers(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("ab", 2);
    double numbers[2] = {1, 2};
    CHECK_INT(pybuffer_memoryview_to_double(bytearray, numbers, 2), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(pybuffer_memoryview_from_double(bytearray, numbers, 2), -1);
    CHECK_ERROR(PyExc_TypeError);
    Py_DECREF(bytearray);
}

/* Neither a success nor a failure keeps anything. */
static void the_view_is_left_as_it_was(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("ab", 2), *view = PyMemoryView_FromObject(bytearray);
    double numbers[2] = {1, 300};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 2), 0);
        CHECK_INT(pybuffer_memoryview_to_double(view, numbers, 1), -1);
        PyErr_Clear();
        numbers[1] = 300;
        CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 2), -1);
        PyErr_Clear();
    }
    CHECK_MEM(PyByteArray_AsString(bytearray), "ab", 2);
    CHECK_INT(Py_REFCNT(view), 1);
    CHECK_INT(exports_of(view), 0);
    CHECK_INT(exports_of(bytearray), 1);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(view);
    Py_DECREF(bytearray);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(doubles_and_floats_and_integers_come_and_go);
    RUN(records_have_their_numbers_in_the_order_of_the_format);
    RUN(rows_behind_pointers_are_followed);
    RUN(a_view_of_sixty_four_axes_is_read_and_written);
    RUN(numbers_out_of_range_are_refused);
    RUN(the_message_says_which_number_it_is);
    RUN(the_message_finds_a_number_among_many);
    RUN(floats_too_large_become_infinite);
    RUN(integers_are_rounded_once);
    RUN(every_half_becomes_its_double);
    RUN(long_doubles_are_rounded_once);
    RUN(everything_but_zero_is_true);
    RUN(bits_and_addresses_are_unsigned_integers);
    RUN(padding_becomes_zero_and_what_is_behind_the_format_stays);
    RUN(where_items_share_memory_the_last_one_wins);
    RUN(no_items_are_no_numbers);
    RUN(a_view_of_no_axes_is_one_item);
    RUN(items_of_no_bytes_are_zeros);
    RUN(another_count_is_refused);
    RUN(what_is_no_number_is_named);
    RUN(formats_that_are_none_or_larger_than_the_item_are_refused);
    RUN(read_only_memory_is_read_only);
    RUN(a_released_view_has_no_numbers);
    RUN(what_is_no_memoryview_has_no_numbers);
    RUN(the_view_is_left_as_it_was);
    return tap_end();
}

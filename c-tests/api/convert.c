/* Conversions between views: the contract, and every error. What values become, of all pairs of formats in any layout, is for
 * c-tests/random/convert.c.
 */
#include "support.h"

#include <math.h>
#include <stdint.h>

#define SHAPE(...) (int)(sizeof((Py_ssize_t[]){__VA_ARGS__}) / sizeof(Py_ssize_t)), (const Py_ssize_t[]){__VA_ARGS__}

static char from[4096], to[4096];

static PyObject *view_of(void *data, const char *format, Py_ssize_t items)
{
    PyObject *view = pybuffer_memoryview_wrap(data, format, SHAPE(items), NULL, 0, NULL, NULL);
    if (view == NULL) {
        printf("Bail out! %s: %s\n", format, pybuffer_error_message());
        exit(1);
    }
    return view;
}

/* So many items at `from` to items at `to`. */
static int convert(const char *source, const char *dest, Py_ssize_t items)
{
    PyObject *a = view_of(from, source, items), *b = view_of(to, dest, items);
    int status = pybuffer_memoryview_convert(b, a);
    CHECK_INT(Py_REFCNT(a), 1);
    CHECK_INT(Py_REFCNT(b), 1);
    Py_DECREF(a);
    Py_DECREF(b);
    return status;
}

/* It fails, and not one byte is changed. */
static void check_refused(const char *source, const char *dest, Py_ssize_t items, PyObject *error, const char *message, int line)
{
    static char before[sizeof(to)];
    memset(to, 0x55, sizeof(to));
    memcpy(before, to, sizeof(to));
    tap_check_int(convert(source, dest, items), -1, "convert", __FILE__, line);
    check_error(error, message, __FILE__, line);
    tap_check_mem(to, before, sizeof(to), "the destination", __FILE__, line);
    PyObject *a = view_of(from, source, items);
    tap_check_ptr(pybuffer_memoryview_astype(a, dest, 'C'), NULL, "astype", __FILE__, line);
    check_error(error, message, __FILE__, line);
    tap_check_int(Py_REFCNT(a), 1, "references", __FILE__, line);
    Py_DECREF(a);
}
#define REFUSED(source, dest, items, error, message) check_refused((source), (dest), (items), (error), (message), __LINE__)

static void numbers_become_numbers(void)
{
    const double numbers[4] = {1.9, -1.9, 300, 0};
    memcpy(from, numbers, sizeof(numbers));
    CHECK_INT(convert("d", "h", 4), 0);
    CHECK_MEM(to, ((short[4]){1, -1, 300, 0}), 8);
    CHECK_INT(convert("d", ">h", 4), 0);
    CHECK_MEM(to, "\0\1\377\377\1\54\0\0", 8);
    CHECK_INT(convert("d", "?", 4), 0);
    CHECK_MEM(to, "\1\1\1\0", 4);
    memcpy(from, ((float[2]){1e30f, 65520.0f}), 8);
    CHECK_INT(convert("f", "<e", 2), 0);
    CHECK_MEM(to, "\0\174\0\174", 4);
    memcpy(from, "\0\0\0\0\0\0\1\5", 8);
    CHECK_INT(convert(">q", "H", 1), 0);
    CHECK_MEM(to, ((unsigned short[1]){261}), 2);
}

/* With a long double beside it nothing is converted by the loops over numbers. */
static void values_of_each_kind_become_others_one_by_one(void)
{
    const double infinite = INFINITY;
    memset(from, 0, 64);
    memset(to, 0x55, 64);
    const unsigned code = 0xffff, too_large = 0x10000;
    memcpy(from + sizeof(long double), &code, 4);
    CHECK_INT(convert("gw", "du", 1), 0);
    CHECK_MEM(to + 8, "\377\377", 2);
    memcpy(from + sizeof(long double), &too_large, 4);
    REFUSED("gw", "du", 1, PyExc_OverflowError, NULL);
    /* Bytes stay as they are. */
    memcpy(from + sizeof(long double), "\002pasc\001", 6);
    CHECK_INT(convert("g3s2pc", "d3s2pc", 1), 0);
    CHECK_MEM(to + 8, "\002pa\001c\001", 6);
    /* A half that is infinite is out of range, as all others are. */
    memcpy(from, "\000\174", 2);
    REFUSED("<e", "i", 1, PyExc_OverflowError, "inf is out of range for items of the format 'i'");
    REFUSED("<e", "Q", 1, PyExc_OverflowError, "inf is out of range for items of the format 'Q'");
    memcpy(from, &infinite, 8);
    REFUSED("d", "q", 1, PyExc_OverflowError, "inf is out of range for items of the format 'q'");
}

/* Both formats have values without a byte, which are passed by, in each item. */
static void items_with_values_without_a_byte_are_converted(void)
{
    enum { SIZE = sizeof(long double) };
    const long double longs[3] = {1.5L, -2.0L, 3.0L};
    const double doubles[3] = {0.25, 7, -8}, nan = NAN;
    for (int i = 0; i < 3; i++) {
        memcpy(from + i * (SIZE + 8), &longs[i], SIZE);
        memcpy(from + i * (SIZE + 8) + SIZE, &doubles[i], 8);
    }
    CHECK_INT(convert("^g0s0td", "^d0s0tf", 3), 0);
    for (int i = 0; i < 3; i++) {
        double first;
        float second;
        memcpy(&first, to + 12 * i, 8);
        memcpy(&second, to + 12 * i + 8, 4);
        CHECK(first == (double)longs[i] && second == (float)doubles[i]);
    }
    CHECK_INT(convert("^g0s0td", "^i0s0th", 3), 0);
    CHECK_MEM(to + 12, (&(int){3}), 4);
    CHECK_MEM(to + 16, (&(short){-8}), 2);
    memcpy(from + 2 * (SIZE + 8) + SIZE, &nan, 8);
    REFUSED("^g0s0td", "^i0s0th", 3, PyExc_ValueError, NULL);
    REFUSED("^g0s0td", "^i0t0sh", 3, PyExc_TypeError, NULL);
}

/* Of items without a byte that have too many fields for each to be looked at beforehand, the last one, which is not the same. */
static void items_of_no_byte_with_many_fields_are_compared_to_the_end(void)
{
    enum { PAIRS = 2000 };
    static char source[4 * PAIRS + 3], dest[4 * PAIRS + 3];
    for (int i = 0; i < PAIRS; i++) {
        memcpy(source + 4 * i, "0s0t", 4);
    }
    memcpy(dest, source, sizeof(source));
    CHECK_INT(convert(source, dest, 3), 0);
    strcat(source, "0s");
    strcat(dest, "0t");
    REFUSED(source, dest, 3, PyExc_TypeError, NULL);
    CHECK_INT(convert(source, source, 3), 0);
}

/* A complex number has the real part that a long double is, with all of its digits. */
static void long_doubles_keep_their_digits(void)
{
    volatile long double one = 1.0L, small = ldexpl(1.0L, -60), sum = one + small;
    if (sum == one) {
        SKIP("this machine, or valgrind, computes with doubles");
    }
    const long double number = sum, zero = 0;
    memset(to, 0x55, 64);
    memcpy(from, &number, sizeof(number));
    CHECK_INT(convert("g", "Zg", 1), 0);
    const long double *both = (const long double *)(const void *)to;
    CHECK(both[0] == number && both[1] == zero);
}

static void real_numbers_are_rounded_once(void)
{
    /* By way of a double it would be a tie, which goes to the even number below. */
    const uint64_t number = (UINT64_C(1) << 60) + (UINT64_C(1) << 36) + 1;
    const float right[2] = {0x1.000002p60f, 0.0f};
    volatile long double one = 1.0L, small = ldexpl(1.0L, -63), sum = one + small;
    if (sizeof(long double) == 16 && sum == one) {
        SKIP("this machine, or valgrind, computes with doubles");
    }
    volatile uint64_t integer = number;
    if ((float)integer != right[0]) {
        SKIP("this machine's emulator rounds integers to doubles first");
    }
    memcpy(from, &number, 8);
    CHECK_INT(convert("Q", "Zf", 1), 0);
    CHECK_MEM(to, right, 8);
    CHECK_INT(convert(NATIVE "Q", "F", 1), 0);
    CHECK_MEM(to, right, 8);
    CHECK_INT(convert("Q", "f", 1), 0);
    CHECK_MEM(to, right, 4);
    const uint64_t all = UINT64_MAX;
    memcpy(from, &all, 8);
    if (sizeof(long double) == 16) {
        long double most = 0;
        CHECK_INT(convert("P", "g", 1), 0);
        memcpy(&most, to, sizeof(most));
        CHECK(most == 18446744073709551615.0L);
        CHECK_INT(convert("64t", "g", 1), 0);
        memcpy(&most, to, sizeof(most));
        CHECK(most == 18446744073709551615.0L);
        CHECK_INT(convert("q", "Zg", 1), 0);
        memcpy(&most, to, sizeof(most));
        CHECK(most == -1.0L);
    }
}

static void records_become_records_however_they_nest(void)
{
    for (int i = 0; i < 40; i++) {
        from[i] = (char)i;
    }
    memset(to, 0x55, sizeof(to));
    CHECK_INT(convert("T{B:a:2T{B:b:xB:c:}:d:}", "<HxB:y:3T{b:z:}", 2), 0);
    CHECK_MEM(to, "\0\0\0\1\3\4\6" "\7\0\0\10\12\13\15" "\x55", 15);
    CHECK_INT(convert("3B", "T{>h:a:<h:b:}<h", 1), 0);
    CHECK_MEM(to, "\0\0\1\0\2\0", 6);
    CHECK_INT(convert("B3sHB", "T{<d}T{3sd}", 0), -1);
    CHECK_MESSAGE(PyExc_ValueError, "the number of values of an item is 4 in the source, 3 in the destination");
}

/* The values of 2T{h2T{h2T{h2T{...}}}}, one after the other: which of the innermost record each is, or -1 for an h. */
static int nested_values(int depth, int inner, int *values)
{
    int count = 0;
    for (int round = 0; round < 2; round++) {
        if (depth > 0) {
            values[count++] = -1;
            count += nested_values(depth - 1, inner, values + count);
        }
        for (int i = 0; depth == 0 && i < inner; i++) {
            values[count++] = i;
        }
    }
    return count;
}

/* Records that nest deeper than formats are paired up, beside a format without records, and beside another such format. */
static void deep_records_follow_the_same_rules(void)
{
    static const struct {
        const char *source, *dest;
        Py_ssize_t size, dest_size;
        PyObject **error;
        const char *message;
    } cases[] = {
        {"3s", "3s", 3, 3, NULL, NULL},
        {"3p", "3p", 3, 3, NULL, NULL},
        {"H", "H", 2, 2, NULL, NULL},
        {"w", "u", 4, 2, NULL, NULL},
        {"3s", "4s", 3, 4, &PyExc_ValueError, "bytes can only be converted to bytes of the same kind and length"},
        {"3s", "4p", 3, 4, &PyExc_ValueError, "bytes can only be converted to bytes of the same kind and length"},
        {"2p", "1s", 2, 1, &PyExc_ValueError, "bytes can only be converted to bytes of the same kind and length"},
        {"H", "3s", 2, 3, &PyExc_TypeError, "the format contains bytes, which are not numbers"},
        {"Zf", "f", 8, 4, &PyExc_TypeError, "the format contains complex numbers, which are not real numbers"},
        {"H", "w", 2, 4, &PyExc_TypeError, "the format contains text, which is not a number"},
    };
    for (size_t n = 0; n < 2 * COUNT(cases); n++) {
        size_t i = n / 2;
        int values[64], count = nested_values(3, 2, values), nested = n % 2;
        char source[80], dest[400] = "<", expected[512] = "";
        CHECK_INT(count, 46);
        snprintf(source, sizeof(source), "<2T{h2T{h2T{h2T{B%s}}}}", cases[i].source);
        memset(from, 0, sizeof(from));
        memset(to, 0x55, sizeof(to));
        char *read = from, *written = expected;
        for (int at = 0; at < count; at++) {
            if (values[at] == 1) {
                /* A letter, at the start of each. */
                int pascal = cases[i].source[1] == 'p';
                strcat(dest, cases[i].dest);
                memcpy(read, pascal ? "\1a" : "a\0", 2);
                memcpy(written, read, 2);
                read += cases[i].size;
                written += cases[i].dest_size;
            } else {
                /* Neighbours have different types, so that they are no array. */
                int size = nested ? (values[at] < 0 ? 4 : 2) : at % 2 ? 4 : 8;
                strcat(dest, size == 4 ? "i" : "q");
                *read = *written = (char)at;
                read += values[at] < 0 ? 2 : 1;
                written += size;
            }
        }
        if (nested) {
            snprintf(dest, sizeof(dest), "<2T{i2T{i2T{i2T{H%s}}}}", cases[i].dest);
        }
        if (cases[i].error == NULL) {
            CHECK_INT(convert(source, dest, 1), 0);
            CHECK_MEM(to, expected, written - expected);
        } else {
            REFUSED(source, dest, 1, *cases[i].error, cases[i].message);
        }
    }
    memset(from, 0, sizeof(from));
}

/* More runs of values than formats are paired up in. */
static void long_records_follow_the_same_rules(void)
{
    char source[2500] = "<", dest[2500] = "<", *end_of_source, *end_of_dest;
    for (int i = 0; i < 600; i++) {
        strcat(source, "Bb");
        strcat(dest, "Hh");
    }
    end_of_source = source + strlen(source);
    end_of_dest = dest + strlen(dest);
    memset(from, 1, sizeof(from));
    strcpy(end_of_source, "3s");
    strcpy(end_of_dest, "3s");
    CHECK_INT(convert(source, dest, 1), 0);
    CHECK_MEM(to, "\1\0\1\0", 4);
    CHECK_MEM(to + 2398, "\1\0\1\1\1", 5);
    strcpy(end_of_dest, "4p");
    REFUSED(source, dest, 1, PyExc_ValueError, "bytes can only be converted to bytes of the same kind and length");
    strcpy(end_of_dest, "H");
    REFUSED(source, dest, 1, PyExc_TypeError, "the format contains bytes, which are not numbers");
    memset(from, 0, sizeof(from));
}

static void bytes_and_text_stay_as_they_are(void)
{
    memcpy(from, "abcdefgh", 8);
    CHECK_INT(convert("3s", "3s", 2), 0);
    CHECK_MEM(to, "abcdef", 6);
    CHECK_INT(convert("c", "1s", 4), 0);
    CHECK_MEM(to, "abcd", 4);
    memcpy(from, "\0\0\0a\0\0\xd8\0", 8);
    CHECK_INT(convert(">w", "<u", 2), 0);
    CHECK_MEM(to, "a\0\0\xd8", 4);
    CHECK_INT(convert(">2w", "<2u", 1), 0);
    CHECK_MEM(to, "a\0\0\xd8", 4);
    /* Units that are no code points are units all the same, however few there are. */
    memcpy(from, "\1\2\3\4\0\0\200\77", 8);
    CHECK_INT(convert("<wf", ">wd", 1), 0);
    CHECK_MEM(to, "\4\3\2\1\77\360\0\0\0\0\0\0", 12);
}

static void padding_becomes_0_and_bytes_beyond_the_format_stay(void)
{
    Py_ssize_t shape = 2, stride = 6;
    memcpy(from, ((short[4]){1, 2, 3, 4}), 8);
    memset(to, 0x55, sizeof(to));
    Py_buffer info = {.buf = to, .len = 12, .itemsize = 6, .ndim = 1, .format = (char *)"<BxBx", .shape = &shape,
                      .strides = &stride};
    PyObject *a = view_of(from, "2h", 2), *b = PyMemoryView_FromBuffer(&info);
    CHECK_INT(pybuffer_memoryview_convert(b, a), 0);
    CHECK_MEM(to, "\1\0\2\0\x55\x55\3\0\4\0\x55\x55\x55", 13);
    Py_DECREF(a);
    Py_DECREF(b);
}

static void a_value_that_does_not_fit_is_named(void)
{
    memcpy(from, ((double[3]){1, 128, 2}), 24);
    REFUSED("d", "b", 3, PyExc_OverflowError, "128.0 is out of range for items of the format 'b'");
    memcpy(from, ((double[3]){1, NAN, 2}), 24);
    REFUSED("d", ">i", 3, PyExc_ValueError, "nan cannot be converted to an integer, as items of the format '>i'");
    memcpy(from, ((double[3]){1, INFINITY, 2}), 24);
    REFUSED("d", "Q", 3, PyExc_OverflowError, "inf is out of range for items of the format 'Q'");
    memcpy(from, ((int[3]){1, 2, -3}), 12);
    REFUSED("i", "I", 3, PyExc_OverflowError, "-3 is out of range for items of the format 'I'");
    REFUSED("id3i", "3sd3i", 0, PyExc_TypeError, "the format contains bytes, which are not numbers");
    memcpy(from, ((int[2]){7, 256}), 8);
    REFUSED("ii", "dB", 1, PyExc_OverflowError, "256 is out of range for items of the format 'dB'");
    REFUSED("iiZf", "dBZd", 1, PyExc_OverflowError, "256 is out of range for items of the format 'dBZd'");
}

static void formats_that_do_not_convert_are_told(void)
{
    memset(from, 0, sizeof(from));
    REFUSED("Zd", "d", 2, PyExc_TypeError, "the format contains complex numbers, which are not real numbers");
    REFUSED("3s", "i", 2, PyExc_TypeError, "the format contains bytes, which are not numbers");
    REFUSED("i", "w", 2, PyExc_TypeError, "the format contains text, which is not a number");
    REFUSED("3s", "w", 2, PyExc_TypeError, "the format contains bytes, which are not numbers");
    REFUSED("O", "O", 2, PyExc_TypeError, "the format contains pointers, which are not numbers");
    REFUSED("&i", "Q", 2, PyExc_TypeError, "the format contains pointers, which are not numbers");
    REFUSED("3s", "4s", 2, PyExc_ValueError, "bytes can only be converted to bytes of the same kind and length");
    REFUSED("3s", "3p", 2, PyExc_ValueError, "bytes can only be converted to bytes of the same kind and length");
    REFUSED("3B", "2B", 2, PyExc_ValueError, "the number of values of an item is 3 in the source, 2 in the destination");
    REFUSED("3s", "3B", 2, PyExc_ValueError, "the number of values of an item is 1 in the source, 3 in the destination");
}

static void shapes_have_to_be_the_same(void)
{
    PyObject *a = pybuffer_memoryview_wrap(from, "i", SHAPE(2, 3), NULL, 0, NULL, NULL), *b = view_of(to, "d", 6);
    CHECK_INT(pybuffer_memoryview_convert(b, a), -1);
    CHECK_MESSAGE(PyExc_ValueError, "the shape of the source is (2, 3), that of the destination (6,)");
    PyObject *one = pybuffer_memoryview_select(b, "0");
    CHECK_INT(pybuffer_memoryview_convert(one, a), -1);
    CHECK_MESSAGE(PyExc_ValueError, "the shape of the source is (2, 3), that of the destination ()");
    Py_DECREF(one);
    Py_DECREF(a);
    Py_DECREF(b);
}

static void the_destination_is_a_writable_memoryview(void)
{
    PyObject *bytes = PyBytes_FromString("abc"), *array = PyByteArray_FromObject(bytes), *view = PyMemoryView_FromObject(bytes);
    CHECK_INT(pybuffer_memoryview_convert(view, array), -1);
    CHECK_MESSAGE(PyExc_TypeError, "cannot modify read-only memory");
    CHECK_INT(pybuffer_memoryview_convert(array, bytes), -1);
    CHECK_ERROR(PyExc_TypeError);
    Py_DECREF(view);
    /* Any exporter is a source, also the one behind the destination. */
    view = PyMemoryView_FromObject(array);
    CHECK_INT(pybuffer_memoryview_convert(view, bytes), 0);
    CHECK_INT(pybuffer_memoryview_convert(view, array), 0);
    CHECK_STR(PyByteArray_AsString(array), "abc");
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(pybuffer_memoryview_convert(view, bytes), -1);
    CHECK_MESSAGE(PyExc_ValueError, "operation forbidden on released memoryview object");
    PyObject *other = PyMemoryView_FromObject(array);
    CHECK_INT(pybuffer_memoryview_convert(other, view), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_memoryview_astype(view, "d", 'C'), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(other);
    Py_DECREF(view);
    Py_DECREF(array);
    Py_DECREF(bytes);
    Exporter *refuses = exporter_of_bytes(from, 3);
    refuses->raises = PyExc_IndexError;
    view = view_of(to, "d", 3);
    CHECK_INT(pybuffer_memoryview_convert(view, (PyObject *)refuses), -1);
    CHECK_ERROR(PyExc_IndexError);
    refuses->raises = NULL;
    CHECK_INT(pybuffer_memoryview_convert(view, (PyObject *)refuses), 0);
    Py_DECREF(view);
    CHECK_UNUSED(refuses);
}

static void memory_that_both_share_is_read_first(void)
{
    memcpy(to, ((int[6]){1, 2, 3, 4, 5, 6}), 24);
    PyObject *ints = view_of(to, "i", 6), *turned = pybuffer_memoryview_flip(ints, 0), *floats = view_of(to, "f", 6);
    CHECK_INT(pybuffer_memoryview_convert(floats, turned), 0);
    CHECK_MEM(to, ((float[6]){6, 5, 4, 3, 2, 1}), 24);
    Py_DECREF(floats);
    Py_DECREF(turned);
    Py_DECREF(ints);
    /* Of a view that shares memory with itself the last item wins. */
    Py_ssize_t shape = 5, none = 0;
    memcpy(from, "\1\2\3\4\5", 5);
    PyObject *source = view_of(from, "B", 5), *same = pybuffer_memoryview_wrap(to, "<H", 1, &shape, &none, 0, NULL, NULL);
    CHECK_INT(pybuffer_memoryview_convert(same, source), 0);
    CHECK_MEM(to, "\5\0", 2);
    Py_ssize_t stride = 1;
    Py_DECREF(same);
    same = pybuffer_memoryview_wrap(to, "<H", 1, &shape, &stride, 0, NULL, NULL);
    CHECK_INT(pybuffer_memoryview_convert(same, source), 0);
    CHECK_MEM(to, "\1\2\3\4\5\0", 6);
    Py_DECREF(same);
    Py_DECREF(source);
}

static void very_many_indices_of_few_items_end_at_once(void)
{
    enum { AXES_OF_WINDOWS = 20 };
    Py_ssize_t shape[AXES_OF_WINDOWS], zeros[AXES_OF_WINDOWS] = {0}, ones[AXES_OF_WINDOWS];
    for (int i = 0; i < AXES_OF_WINDOWS; i++) {
        shape[i] = 4;
        ones[i] = i % 3 + 1;
    }
    static const char *const pairs[][2] = {{"B", "h"}, {"<bB", ">hd"}, {"<BZf", "<hZd"}, {"B", "B"}, {"d", "b"}, {"0s", "0s"}};
    memset(from, 0, sizeof(from));
    for (size_t i = 0; i < COUNT(pairs); i++) {
        for (int kind = 0; kind < 4; kind++) {
            PyObject *a = pybuffer_memoryview_wrap(from, pairs[i][0], AXES_OF_WINDOWS, shape, kind & 1 ? ones : zeros, 0, NULL, NULL);
            PyObject *b = pybuffer_memoryview_wrap(to, pairs[i][1], AXES_OF_WINDOWS, shape, kind & 2 ? ones : zeros, 0, NULL, NULL);
            CHECK_INT(pybuffer_memoryview_convert(b, a), 0);
            CHECK_INT(pybuffer_memoryview_convert(a, a), 0);
            Py_DECREF(a);
            Py_DECREF(b);
        }
    }
}

static void astype_makes_memory_in_the_order(void)
{
    for (int i = 0; i < 6; i++) {
        from[i] = (char)(i + 1);
    }
    PyObject *view = pybuffer_memoryview_wrap(from, "B", SHAPE(2, 3), NULL, 1, NULL, NULL), *made;
    made = pybuffer_memoryview_astype(view, ">h", 'C');
    CHECK_MEM(PyMemoryView_GET_BUFFER(made)->buf, "\0\1\0\2\0\3\0\4\0\5\0\6", 12);
    CHECK_STR(PyMemoryView_GET_BUFFER(made)->format, ">h");
    CHECK_INT(PyMemoryView_GET_BUFFER(made)->readonly, 0);
    CHECK_INT(PyMemoryView_GET_BUFFER(made)->strides[0], 6);
    Py_DECREF(made);
    made = pybuffer_memoryview_astype(view, "b", 'F');
    CHECK_MEM(PyMemoryView_GET_BUFFER(made)->buf, "\1\4\2\5\3\6", 6);
    Py_DECREF(made);
    PyObject *turned = pybuffer_memoryview_permute(view, NULL, 0);
    made = pybuffer_memoryview_astype(turned, "b", 'A');
    CHECK_INT(PyBuffer_IsContiguous(PyMemoryView_GET_BUFFER(made), 'F'), 1);
    CHECK_MEM(PyMemoryView_GET_BUFFER(made)->buf, "\1\2\3\4\5\6", 6);
    Py_DECREF(made);
    Py_DECREF(turned);
    PyObject *one = pybuffer_memoryview_select(view, "1, 2"), *none = pybuffer_memoryview_select(view, ":, 3:");
    made = pybuffer_memoryview_astype(one, "xB", 'C');
    CHECK_MEM(PyMemoryView_GET_BUFFER(made)->buf, "\0\6", 2);
    CHECK_INT(PyMemoryView_GET_BUFFER(made)->ndim, 0);
    Py_DECREF(made);
    made = pybuffer_memoryview_astype(none, "Zd", 'A');
    CHECK_INT(PyMemoryView_GET_BUFFER(made)->len, 0);
    CHECK_INT(PyMemoryView_GET_BUFFER(made)->shape[0], 2);
    Py_DECREF(made);
    CHECK_PTR(pybuffer_memoryview_astype(view, "d", 'X'), NULL);
    CHECK_ERROR(PyExc_SystemError);
    CHECK_PTR(pybuffer_memoryview_astype(view, "no format", 'C'), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(one);
    Py_DECREF(none);
    Py_DECREF(view);
}

static void fields_convert_like_any_view(void)
{
    memset(to, 0x55, sizeof(to));
    memcpy(from, ((float[4]){1.5f, 2.5f, 3.5f, 4.5f}), 16);
    PyObject *records = view_of(to, "<b:x:T{>d:z:h:w:}:y:", 4), *z = pybuffer_memoryview_field(records, "y.z");
    PyObject *turned = pybuffer_memoryview_select(z, "::-1"), *floats = view_of(from, "f", 4);
    CHECK_INT(pybuffer_memoryview_convert(turned, floats), 0);
    double numbers[4];
    CHECK_INT(pybuffer_memoryview_to_double(z, numbers, 4), 0);
    CHECK(numbers[0] == 4.5 && numbers[3] == 1.5);
    CHECK_INT(to[0], 0x55);
    CHECK_INT(to[9], 0x55);
    CHECK_INT(to[11], 0x55);
    /* A record of its own field. */
    PyObject *y = pybuffer_memoryview_field(records, "y"), *whole = pybuffer_memoryview_astype(y, "<dB", 'C');
    CHECK_PTR(whole, NULL);
    CHECK_MESSAGE(PyExc_OverflowError, "21845 is out of range for items of the format '<dB'");
    whole = pybuffer_memoryview_astype(y, "<dH", 'C');
    CHECK_INT(pybuffer_memoryview_convert(y, whole), 0);
    CHECK_INT(to[9], 0x55);
    Py_XDECREF(whole);
    Py_DECREF(y);
    Py_DECREF(floats);
    Py_DECREF(turned);
    Py_DECREF(z);
    Py_DECREF(records);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(numbers_become_numbers);
    RUN(values_of_each_kind_become_others_one_by_one);
    RUN(items_with_values_without_a_byte_are_converted);
    RUN(items_of_no_byte_with_many_fields_are_compared_to_the_end);
    RUN(long_doubles_keep_their_digits);
    RUN(real_numbers_are_rounded_once);
    RUN(records_become_records_however_they_nest);
    RUN(deep_records_follow_the_same_rules);
    RUN(long_records_follow_the_same_rules);
    RUN(bytes_and_text_stay_as_they_are);
    RUN(padding_becomes_0_and_bytes_beyond_the_format_stay);
    RUN(a_value_that_does_not_fit_is_named);
    RUN(formats_that_do_not_convert_are_told);
    RUN(shapes_have_to_be_the_same);
    RUN(the_destination_is_a_writable_memoryview);
    RUN(memory_that_both_share_is_read_first);
    RUN(very_many_indices_of_few_items_end_at_once);
    RUN(astype_makes_memory_in_the_order);
    RUN(fields_convert_like_any_view);
    return tap_end();
}

/* Times formats: parsing them for their size, unpacking and comparing many items, and writing them as text. This library
 * only; benches/peers.py times the others. Prints the same lines as bench.c. */
#define _POSIX_C_SOURCE 200809L

#include <pybuffer/pybuffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "timing.h"

enum { RECORDS = 1000000, RECORD_SIZE = 14, VALUES = 3 };

static PyObject *record;
static char *items;
static pybuffer_value *values;
static volatile Py_ssize_t sink;

static void size_of_named_record(void) { sink = PyBuffer_SizeFromFormat("T{<i:x:<d:y:}"); }

static void parse_named_record(void)
{
    PyObject *format = pybuffer_format_parse("T{<i:x:<d:y:}");
    must(format != NULL, "parse");
    Py_DECREF(format);
}

static void unpack_records(void)
{
    must(pybuffer_format_unpack_items(record, items, RECORD_SIZE, RECORDS, values) == 0, "unpack");
}

static PyObject *left, *right;

static void compare(void) { must(PyObject_RichCompareBool(left, right, Py_EQ) == 1, "views that are equal"); }

static void compare_values(void) { must(pybuffer_memoryview_equal(left, right) == 1, "views that are equal"); }

static void text(void)
{
    PyObject *text = pybuffer_memoryview_text(left, -1);
    must(text != NULL, "text");
    Py_DECREF(text);
}

static void hex(void)
{
    PyObject *text = pybuffer_memoryview_hex(left, -1, 0);
    must(text != NULL, "hex");
    Py_DECREF(text);
}

static void hex_with_colons(void)
{
    PyObject *text = pybuffer_memoryview_hex(left, ':', 1);
    must(text != NULL, "hex");
    Py_DECREF(text);
}

static PyObject *view_of(void *items, const char *format, Py_ssize_t step)
{
    Py_ssize_t count = RECORDS / step, itemsize = PyBuffer_SizeFromFormat(format), stride = step * itemsize;
    Py_buffer info = {.buf = items, .len = count * itemsize, .itemsize = itemsize, .readonly = 1, .ndim = 1,
                      .format = (char *)format, .shape = &count, .strides = &stride};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    must(view != NULL, "view");
    return view;
}

/* Times something with views of a million items in two formats. */
static void with_views(const char *name, void (*call)(void), void *a, const char *a_format, void *b, const char *b_format)
{
    left = view_of(a, a_format, 1);
    right = view_of(b, b_format, 1);
    report(name, call);
    Py_DECREF(right);
    Py_DECREF(left);
}

/* Times the comparison of a million numbers with their copy, and of every second one. */
static void equal_numbers(const char *format, void *numbers, void *copy)
{
    char line[96];
    memcpy(copy, numbers, RECORDS * (size_t)PyBuffer_SizeFromFormat(format));
    snprintf(line, sizeof line, "== of 1,000,000 items of '%s'", format);
    with_views(line, compare, numbers, format, copy, format);
    left = view_of(numbers, format, 2);
    right = view_of(copy, format, 2);
    snprintf(line, sizeof line, "== of 500,000 items of '%s', strided", format);
    report(line, compare);
    Py_DECREF(right);
    Py_DECREF(left);
}

static void texts_and_comparisons(void)
{
    char *same = malloc((size_t)RECORDS * RECORD_SIZE);
    int *numbers = malloc(RECORDS * sizeof(int));
    unsigned char *swapped = malloc(RECORDS * sizeof(int));
    float *floats = malloc(RECORDS * sizeof(float));
    double *doubles = malloc(RECORDS * sizeof(double));
    must(same != NULL && numbers != NULL && swapped != NULL && floats != NULL && doubles != NULL, "no memory");
    for (int i = 0; i < RECORDS; i++) {
        numbers[i] = i;
        floats[i] = (float)i;
        doubles[i] = i / 7.0;
        for (int byte = 0; byte < 4; byte++) {
            swapped[4 * i + byte] = (unsigned char)((unsigned)i >> (24 - 8 * byte));
        }
    }
    equal_numbers("i", numbers, same);
    equal_numbers("f", floats, same);
    equal_numbers("d", doubles, same);
    memcpy(same, items, (size_t)RECORDS * RECORD_SIZE);
    with_views("== of 1,000,000 items of '<i' and '>i'", compare, numbers, "<i", swapped, ">i");
    with_views("== of 1,000,000 items of '<ihd'", compare, items, "<ihd", same, "<ihd");
    with_views("equality of 1,000,000 items of 'T{<i:x:h:y:d:z:}'", compare_values, items, "T{<i:x:h:y:d:z:}", same,
               "<ihd");
    with_views("hex of 1,000,000 bytes", hex, items, "B", items, "B");
    with_views("hex of 1,000,000 bytes with colons", hex_with_colons, items, "B", items, "B");
    with_views("text of 1,000,000 items of 'i'", text, numbers, "i", numbers, "i");
    with_views("text of 1,000,000 items of 'd'", text, doubles, "d", doubles, "d");
    free(doubles);
    free(floats);
    free(swapped);
    free(numbers);
    free(same);
}

int main(void)
{
    record = pybuffer_format_parse("<ihd");
    items = malloc((size_t)RECORDS * RECORD_SIZE);
    values = malloc((size_t)RECORDS * VALUES * sizeof(*values));
    must(record != NULL && items != NULL && values != NULL, "no memory");
    for (int i = 0; i < RECORDS; i++) {
        int number = i;
        double half = i / 2.0;
        memcpy(items + (size_t)i * RECORD_SIZE, &number, 4);
        memset(items + (size_t)i * RECORD_SIZE + 4, 1, 2);
        memcpy(items + (size_t)i * RECORD_SIZE + 6, &half, 8);
    }
    unpack_records();
    for (int i = 0; i < RECORDS; i++) {
        const pybuffer_value *value = values + (size_t)i * VALUES;
        must(value[0].as.i == i && value[1].as.i == 257 && value[2].as.real == i / 2.0, "an item is unpacked wrongly");
    }
    report("size of 'T{<i:x:<d:y:}'", size_of_named_record);
    report("parse 'T{<i:x:<d:y:}'", parse_named_record);
    report("unpack 1,000,000 items of '<ihd'", unpack_records);
    texts_and_comparisons();
    free(values);
    free(items);
    Py_DECREF(record);
    return 0;
}

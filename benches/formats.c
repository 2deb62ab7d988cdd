/* Times formats: parsing them for their size, and unpacking many items. This library only; benches/peers.py times the
 * others. Prints the same lines as bench.c. */
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
    free(values);
    free(items);
    Py_DECREF(record);
    return 0;
}

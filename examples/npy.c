/* Opens an array that NumPy has saved, says what its items are made of, and writes one field of all as
 * CSV: npy [file [field [output]]]
 *
 * A field of a record in a record is named record.field; "." is the item as a whole. Without a field
 * the first lines are shown. The header of the file becomes a format of PEP 3118 (npy_header.c), and
 * the file a memoryview of such items (npy_io.c). A field is another memoryview, on the same memory.
 */
#include <pybuffer/pybuffer.h>

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy_header.h"
#include "npy_io.h"

#ifndef NPY_FILE
#define NPY_FILE "examples/data/planets.npy"
#endif
/* How many lines are shown. */
#define SHOWN 5

/* ---- Fields ---------------------------------------------------------------------------- */

static const char *
kind_name(const pybuffer_item *item)
{
    switch (item->kind) {
    case PYBUFFER_KIND_PAD: return "raw bytes";
    case PYBUFFER_KIND_CHAR: return "byte";
    case PYBUFFER_KIND_SIGNED: return "signed";
    case PYBUFFER_KIND_UNSIGNED: return "unsigned";
    case PYBUFFER_KIND_BOOL: return "truth";
    case PYBUFFER_KIND_FLOAT: return "float";
    case PYBUFFER_KIND_BYTES: return "bytes";
    case PYBUFFER_KIND_COMPLEX: return "complex";
    case PYBUFFER_KIND_TEXT: return "text";
    case PYBUFFER_KIND_RECORD: return "record";
    default: return "address";
    }
}

/* "(2, 3)", or "" for a single element. */
static void
write_shape(char *text, size_t room, Py_ssize_t ndim, const Py_ssize_t *shape)
{
    size_t used = 0;

    text[0] = '\0';
    for (Py_ssize_t i = 0; i < ndim && used < room; i++) {
        const char *begin = i == 0 ? "(" : ", ", *end = i + 1 < ndim ? "" : ")";
        int length = snprintf(text + used, room - used, "%s%zd%s", begin, shape[i], end);

        used += length > 0 ? (size_t)length : 0;
    }
}

static void
print_field(const pybuffer_item *item, const char *name, int depth)
{
    char shape[64];
    int is_ordered = item->kind != PYBUFFER_KIND_RECORD && item->kind != PYBUFFER_KIND_BYTES &&
                     item->kind != PYBUFFER_KIND_PAD && item->itemsize > 1;

    write_shape(shape, sizeof shape, item->ndim, item->shape);
    printf("%*s%-*s  %6zd  %6zd  %-9s  %-5s  %-13s  %s\n", 2 * depth, "", 20 - 2 * depth, name,
           item->offset, item->itemsize, kind_name(item), item->code, shape,
           !is_ordered ? "" : item->byteorder == '<' ? "little" : "big");
    for (const pybuffer_item *field = item->fields; field != NULL; field = field->next)
        print_field(field, field->name != NULL ? field->name : "(no name)", depth + 1);
}

/* ---- Values ---------------------------------------------------------------------------- */

/* With as few digits as tell it from other numbers of its size. */
static void
print_number(FILE *out, const pybuffer_item *item, double number)
{
    int is_single = item->itemsize <= (item->kind == PYBUFFER_KIND_COMPLEX ? 8 : 4);
    char text[40];

    if (number > -1e15 && number < 1e15 && number == (double)(int64_t)number) {
        fprintf(out, "%.0f", number);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        double read;

        snprintf(text, sizeof text, "%.*g", digits, number);
        read = strtod(text, NULL);
        if (is_single ? (float)read == (float)number : read == number)
            break;
    }
    fputs(text, out);
}

/* In quotes, a quote being doubled. Raw bytes keep the NULs that fill up text and bytes. */
static void
print_text(FILE *out, const pybuffer_item *item, const pybuffer_value *value)
{
    int is_text = item->kind == PYBUFFER_KIND_TEXT;
    Py_ssize_t length = is_text ? item->length : value->as.bytes.length;
    char utf8[4];

    while (item->kind != PYBUFFER_KIND_PAD && length > 0 &&
           (is_text ? value[length - 1].as.u == 0 : value->as.bytes.start[length - 1] == 0))
        length--;
    putc('"', out);
    for (Py_ssize_t i = 0; i < length; i++) {
        uint64_t character = is_text ? value[i].as.u : (unsigned char)value->as.bytes.start[i];

        if (character == '"')
            putc('"', out);
        if (is_text || (character >= ' ' && character < 0x7f))
            fwrite(utf8, 1, npy_encode(utf8, (uint32_t)character), out);
        else
            fprintf(out, "\\x%02x", (unsigned)character);
    }
    putc('"', out);
}

/* A long double is shown as the double next to it. */
static double
real_number(const pybuffer_value *value)
{
    long double exact;

    if (value->kind != PYBUFFER_KIND_LONG_DOUBLE)
        return value->as.real;
    memcpy(&exact, value->as.long_double, sizeof exact);
    return (double)exact;
}

/* One element that is no record: a cell, or, for a complex number, two. */
static void
print_element(FILE *out, const pybuffer_item *item, const pybuffer_value *value)
{
    switch (item->kind) {
    case PYBUFFER_KIND_SIGNED:
        fprintf(out, "%lld", (long long)value->as.i);
        break;
    case PYBUFFER_KIND_BOOL:
        fputs(value->as.u != 0 ? "true" : "false", out);
        break;
    case PYBUFFER_KIND_FLOAT:
        print_number(out, item, real_number(value));
        break;
    case PYBUFFER_KIND_COMPLEX:
        print_number(out, item, value->as.parts[0]);
        putc(',', out);
        print_number(out, item, value->as.parts[1]);
        break;
    case PYBUFFER_KIND_PAD:
    case PYBUFFER_KIND_CHAR:
    case PYBUFFER_KIND_BYTES:
    case PYBUFFER_KIND_TEXT:
        print_text(out, item, value);
        break;
    default:
        fprintf(out, "%llu", (unsigned long long)value->as.u);
    }
}

/* An item, as cells. Returns the values after it. */
static const pybuffer_value *
write_cells(FILE *out, const pybuffer_item *item, const pybuffer_value *value, int *is_first)
{
    for (Py_ssize_t i = 0; i < item->elements; i++) {
        if (item->kind == PYBUFFER_KIND_RECORD) {
            for (const pybuffer_item *field = item->fields; field != NULL; field = field->next)
                value = write_cells(out, field, value, is_first);
            continue;
        }
        if (!*is_first)
            putc(',', out);
        *is_first = 0;
        print_element(out, item, value);
        value += item->kind == PYBUFFER_KIND_TEXT ? item->length : 1;
    }
    return value;
}

/* ---- Lines ----------------------------------------------------------------------------- */

typedef struct {
    FILE *out;
    PyObject *format; /* of an item */
    pybuffer_value *values;
    int nvalues;
    Py_ssize_t left; /* how many lines may be written */
} Csv;

/* All items of a view of one axis, or the one of a view of none, in one line. */
static int
write_line(Csv *csv, PyObject *view)
{
    int ndim = PyMemoryView_GET_BUFFER(view)->ndim, is_first = 1;
    Py_ssize_t count = ndim > 0 ? PyObject_Length(view) : 1;

    for (Py_ssize_t i = 0; i < count; i++) {
        if (pybuffer_memoryview_get_item(view, &i, ndim, csv->values, csv->nvalues) < 0)
            return -1;
        write_cells(csv->out, pybuffer_format_root(csv->format), csv->values, &is_first);
    }
    putc('\n', csv->out);
    csv->left--;
    return 0;
}

/* A line for each item of an array of one axis, and for each row of one of several. */
static int
write_lines(Csv *csv, PyObject *view, int is_row)
{
    int ndim = PyMemoryView_GET_BUFFER(view)->ndim, status = 0;
    PyObject *parts, *part;

    if (ndim == 0 || (ndim == 1 && is_row))
        return write_line(csv, view);
    parts = pybuffer_memoryview_iter(view);
    if (parts == NULL)
        return -1;
    while (status == 0 && csv->left > 0 && (part = pybuffer_memoryview_next(parts)) != NULL) {
        status = write_lines(csv, part, ndim > 1);
        Py_DECREF(part);
    }
    Py_DECREF(parts);
    return PyErr_Occurred() == NULL ? status : -1;
}

static int
write_csv(FILE *out, PyObject *view, Py_ssize_t limit)
{
    const Py_buffer *items = PyMemoryView_GET_BUFFER(view);
    Csv csv = {out, pybuffer_format_parse_sized(items->format, items->itemsize), NULL, 0, limit};
    Py_ssize_t count = csv.format != NULL ? pybuffer_format_value_count(csv.format) : -1;
    int status = -1;

    if (count >= 0 && count <= INT_MAX)
        csv.values = calloc((size_t)count + 1, sizeof *csv.values); /* + 1: there may be none */
    if (csv.values != NULL) {
        csv.nvalues = (int)count;
        /* Without items there may still be any number of lines, all empty. */
        status = items->len > 0 ? write_lines(&csv, view, 0) : 0;
    } else if (csv.format != NULL) {
        PyErr_NoMemory();
    }
    free(csv.values);
    Py_XDECREF(csv.format);
    return status;
}

/* ---- The steps ------------------------------------------------------------------------- */

static int
describe(const char *path, PyObject *array)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(array);
    PyObject *format = pybuffer_format_parse_sized(view->format, view->itemsize);
    char shape[256], strides[256];

    if (format == NULL)
        return -1;
    write_shape(shape, sizeof shape, view->ndim, view->shape);
    write_shape(strides, sizeof strides, view->ndim, view->strides);
    printf("%s\nformat   %s\nbytes    %zd in each item\nshape    %s\nstrides  %s\n\n", path,
           view->format, view->itemsize, shape, strides);
    printf("%-20s  %6s  %6s  %-9s  %-5s  %-13s  %s\n", "field", "offset", "bytes", "kind", "code",
           "shape", "byte order");
    print_field(pybuffer_format_root(format), "(item)", 0);
    Py_DECREF(format);
    return 0;
}

static int
export(PyObject *array, const char *field, const char *output)
{
    int is_whole = strcmp(field, ".") == 0, status;
    PyObject *view = is_whole ? Py_NewRef(array) : pybuffer_memoryview_field(array, field);
    FILE *out;

    if (view == NULL)
        return -1;
    out = output != NULL ? fopen(output, "w") : stdout;
    status = out != NULL ? write_csv(out, view, PY_SSIZE_T_MAX) : -1;
    Py_DECREF(view);
    if (out != NULL && ferror(out))
        status = -1;
    if (out != NULL && (output != NULL ? fclose(out) : fflush(out)) != 0)
        status = -1;
    if (status < 0 && PyErr_Occurred() == NULL)
        PyErr_Format(PyExc_RuntimeError, "%s: %s", output != NULL ? output : "output",
                     strerror(errno));
    return status;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : NPY_FILE;
    PyObject *array;
    int status = -1;

    if (argc > 4) {
        fprintf(stderr, "usage: %s [file [field [output]]]\n", argv[0]);
        return 2;
    }
    array = npy_read(path);
    if (array != NULL && describe(path, array) == 0) {
        if (argc < 4)
            putchar('\n');
        status = argc > 2 ? export(array, argv[2], argc > 3 ? argv[3] : NULL)
                          : write_csv(stdout, array, SHOWN);
    }
    Py_XDECREF(array);
    if (status < 0) {
        fflush(stdout);
        PyErr_Print();
        return 1;
    }
    return 0;
}

/* Opens an array that NumPy has saved, says what its items are made of, shows some, and writes
 * one field of all as CSV: npy file [field [output]]
 *
 * A field of a record in a record is named record/field; "." is the item as a whole. The header of
 * the file becomes a format of PEP 3118 (npy_header.c). All that is known here of the items comes
 * from the parsed format, and all values of them through pybuffer_format_unpack.
 */
#include <pybuffer/pybuffer.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy_io.h"

#ifndef NPY_FILE
#define NPY_FILE "examples/data/planets.npy"
#endif
/* How many items are shown. */
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

/* The values of a single element of an item. */
static Py_ssize_t
values_of_element(const pybuffer_item *item)
{
    Py_ssize_t count = 0;

    if (item->kind == PYBUFFER_KIND_TEXT)
        return item->length;
    if (item->kind != PYBUFFER_KIND_RECORD)
        return 1;
    for (const pybuffer_item *field = item->fields; field != NULL; field = field->next)
        count += values_of_element(field) * field->elements;
    return count;
}

/* The field that a path such as "position/x" names, and in *first the number of its first value;
 * NULL with an error set. */
static const pybuffer_item *
find_field(const pybuffer_item *item, const char *path, Py_ssize_t *first)
{
    *first = 0;
    if (strcmp(path, ".") == 0)
        return item;
    for (;;) {
        size_t length = strcspn(path, "/");
        const pybuffer_item *field = item->kind == PYBUFFER_KIND_RECORD ? item->fields : NULL;

        for (; field != NULL; field = field->next) {
            if (field->name != NULL && strncmp(field->name, path, length) == 0 &&
                field->name[length] == '\0')
                break;
            *first += values_of_element(field) * field->elements;
        }
        if (field == NULL) {
            PyErr_Format(PyExc_ValueError, "there is no field '%.100s'", path);
            return NULL;
        }
        if (path[length] == '\0')
            return field;
        if (field->ndim > 0) {
            PyErr_SetString(PyExc_ValueError, "a field of many records: name the record instead");
            return NULL;
        }
        item = field;
        path += length + 1;
    }
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

static void
print_character(FILE *out, uint64_t character)
{
    if (character < 0x80) {
        putc((int)character, out);
        return;
    }
    if (character < 0x800) {
        putc((int)(0xc0 | character >> 6), out);
    } else {
        if (character < 0x10000) {
            putc((int)(0xe0 | character >> 12), out);
        } else {
            putc((int)(0xf0 | (character >> 18 & 7)), out);
            putc((int)(0x80 | (character >> 12 & 0x3f)), out);
        }
        putc((int)(0x80 | (character >> 6 & 0x3f)), out);
    }
    putc((int)(0x80 | (character & 0x3f)), out);
}

/* Text or bytes without the NULs that fill them up, in quotes, a quote being doubled. */
static void
print_text(FILE *out, const pybuffer_item *item, const pybuffer_value *value)
{
    int is_text = item->kind == PYBUFFER_KIND_TEXT;
    Py_ssize_t length = is_text ? item->length : value->as.bytes.length;

    while (length > 0 && (is_text ? value[length - 1].as.u == 0 : value->as.bytes.start[length - 1] == 0))
        length--;
    putc('"', out);
    for (Py_ssize_t i = 0; i < length; i++) {
        uint64_t character = is_text ? value[i].as.u : (unsigned char)value->as.bytes.start[i];

        if (character == '"')
            putc('"', out);
        if (is_text || (character >= ' ' && character < 0x7f))
            print_character(out, character);
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

/* One element that is no record. `separator` stands between the parts of a complex number. */
static void
print_element(FILE *out, const pybuffer_item *item, const pybuffer_value *value,
              const char *separator)
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
        fputs(separator, out);
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

/* An item with all its elements and fields; returns the values after it. */
static const pybuffer_value *
print_item(const pybuffer_item *item, const pybuffer_value *value)
{
    if (item->ndim > 0)
        putchar('[');
    for (Py_ssize_t i = 0; i < item->elements; i++) {
        if (i > 0)
            fputs(", ", stdout);
        if (item->kind != PYBUFFER_KIND_RECORD) {
            print_element(stdout, item, value, " + i ");
            value += values_of_element(item);
            continue;
        }
        putchar('(');
        for (const pybuffer_item *field = item->fields; field != NULL; field = field->next) {
            value = print_item(field, value);
            if (field->next != NULL)
                fputs(", ", stdout);
        }
        putchar(')');
    }
    if (item->ndim > 0)
        putchar(']');
    return value;
}

/* An item as cells of a CSV file. `*cells` counts those of the line. */
static const pybuffer_value *
write_cells(FILE *out, const pybuffer_item *item, const pybuffer_value *value, Py_ssize_t *cells)
{
    for (Py_ssize_t i = 0; i < item->elements; i++) {
        if (item->kind == PYBUFFER_KIND_RECORD) {
            for (const pybuffer_item *field = item->fields; field != NULL; field = field->next)
                value = write_cells(out, field, value, cells);
            continue;
        }
        if (++*cells > 1)
            putc(',', out);
        print_element(out, item, value, ",");
        value += values_of_element(item);
    }
    return value;
}

/* ---- Items ----------------------------------------------------------------------------- */

typedef struct {
    const NpyArray *array;
    const Py_buffer *view;
    Py_ssize_t index[NPY_MAX_NDIM];
    Py_ssize_t left;        /* items from this one on */
    pybuffer_value *values; /* of this item */
} Items;

static int
items_begin(Items *items, const NpyArray *array)
{
    Py_ssize_t count = pybuffer_format_value_count(array->format);

    memset(items, 0, sizeof *items);
    items->array = array;
    items->view = PyMemoryView_GET_BUFFER(array->view);
    items->left = 1;
    for (int i = 0; i < items->view->ndim; i++) {
        /* Items of no bytes may be as many as a number can say, and more. */
        if (items->view->shape[i] > 0 && items->left > PY_SSIZE_T_MAX / items->view->shape[i]) {
            PyErr_SetString(PyExc_ValueError, "the array has too many items");
            return -1;
        }
        items->left *= items->view->shape[i];
    }
    if (count < 0)
        return -1;
    if ((size_t)count > SIZE_MAX / sizeof *items->values - 1 ||
        (items->values = malloc(((size_t)count + 1) * sizeof *items->values)) == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* Unpacks the item at the index. 1; 0 where there are no more; -1 with an error set. */
static int
items_unpack(Items *items)
{
    const char *item = items->view->buf;

    if (items->left == 0)
        return 0;
    for (int i = 0; i < items->view->ndim; i++)
        item += items->index[i] * items->view->strides[i];
    return pybuffer_format_unpack(items->array->format, item, items->values) < 0 ? -1 : 1;
}

/* Moves to the next item in C order; returns whether that is on another line. */
static int
items_next(Items *items)
{
    int axis = items->view->ndim - 1;

    items->left--;
    for (; axis >= 0; axis--) {
        if (++items->index[axis] < items->view->shape[axis])
            break;
        items->index[axis] = 0;
    }
    /* A line is what lies along the last of several axes. */
    return items->view->ndim < 2 || axis < items->view->ndim - 1;
}

static int
print_items(const NpyArray *array, const pybuffer_item *root)
{
    Items items;
    int status = items_begin(&items, array);

    for (int shown = 0; status == 0 && shown < SHOWN; shown++) {
        status = items_unpack(&items);
        if (status <= 0)
            break;
        putchar('[');
        for (int i = 0; i < items.view->ndim; i++)
            printf("%s%zd", i > 0 ? ", " : "", items.index[i]);
        fputs("]  ", stdout);
        print_item(root, items.values);
        putchar('\n');
        items_next(&items);
        status = 0;
    }
    if (status == 0 && items.left > 0)
        printf("... and %zd more\n", items.left);
    free(items.values);
    return status;
}

/* One field of all items: a line for each item, or, for an array of several axes, for each
 * row of the last one. */
static int
write_csv(FILE *out, const NpyArray *array, const pybuffer_item *field, Py_ssize_t first)
{
    Items items;
    Py_ssize_t cells = 0;
    int status = items_begin(&items, array);

    while (status == 0 && (status = items_unpack(&items)) > 0) {
        write_cells(out, field, items.values + first, &cells);
        if (items_next(&items)) {
            putc('\n', out);
            cells = 0;
        }
        status = 0;
    }
    free(items.values);
    return status;
}

/* ---- The steps ------------------------------------------------------------------------- */

static int
describe(const char *path, const NpyArray *array, const pybuffer_item *root)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(array->view);
    char shape[256], strides[256];

    write_shape(shape, sizeof shape, view->ndim, view->shape);
    write_shape(strides, sizeof strides, view->ndim, view->strides);
    printf("%s\nformat   %s\nbytes    %zd in each item\nshape    %s\nstrides  %s\n\n", path,
           view->format, view->itemsize, shape, strides);
    printf("%-20s  %6s  %6s  %-9s  %-5s  %-13s  %s\n", "field", "offset", "bytes", "kind", "code",
           "shape", "byte order");
    print_field(root, "(item)", 0);
    putchar('\n');
    return print_items(array, root);
}

static int
export_field(const NpyArray *array, const pybuffer_item *root, const char *path, const char *output)
{
    Py_ssize_t first;
    const pybuffer_item *field = find_field(root, path, &first);
    FILE *out = stdout;
    int status;

    if (field == NULL)
        return -1;
    if (output != NULL)
        out = fopen(output, "w");
    else
        printf("\nField %s as CSV:\n", path);
    status = out != NULL ? write_csv(out, array, field, first) : -1;
    if (status == 0 && (fflush(out) != 0 || ferror(out)))
        status = -1;
    if (status < 0 && !PyErr_Occurred())
        PyErr_Format(PyExc_RuntimeError, "%s: %s", output != NULL ? output : "output",
                     strerror(errno));
    if (output != NULL && out != NULL && fclose(out) != 0 && status == 0) {
        PyErr_Format(PyExc_RuntimeError, "%s: %s", output, strerror(errno));
        status = -1;
    }
    return status;
}

static int
run(const char *path, const char *field, const char *output)
{
    const pybuffer_item *root;
    NpyArray array;
    int status = -1;

    if (npy_open(path, &array) < 0)
        return -1;
    root = pybuffer_format_root(array.format);
    if (root != NULL)
        status = describe(path, &array, root);
    if (status == 0 && field != NULL)
        status = export_field(&array, root, field, output);
    npy_close(&array);
    return status;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : NPY_FILE;
    const char *field = argc > 2 ? argv[2] : NULL;

    if (argc > 4) {
        fprintf(stderr, "usage: %s [file [field [output]]]\n", argv[0]);
        return 2;
    }
    if (run(path, field, argc > 3 ? argv[3] : NULL) < 0) {
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", pybuffer_error_name(), pybuffer_error_message());
        PyErr_Clear();
        return 1;
    }
    return 0;
}

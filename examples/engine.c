/* A small interpreter with objects of its own, whose memoryviews are this library's without its objects.
 *
 * Its values are words of 64 bits: a double is itself, everything else is a NaN with a handle in it, an index of a table.
 * There is no PyObject, no reference count and no type here. A memoryview is an entry of the table with a Py_buffer, the arrays
 * of that, and the handle of the entry whose memory it shows, which it keeps alive. Slices, casts, fields, comparisons,
 * conversions, copies and the answers to requests are done by pybuffer_view_*, which take the Py_buffer alone.
 */
#include <pybuffer/pybuffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Values and the table --------------------------------------------------------------- */

typedef uint64_t Value;

#define HANDLE 0x7ffc000000000000u /* a quiet NaN that no calculation gives */
#define NOTHING ((Value)HANDLE)    /* handle 0 */

typedef enum { FREE, MEMORY, VIEW } Kind;

typedef struct {
    Kind kind;
    int users;                     /* views of it, and names that the program has for it */
    char *bytes;                   /* of MEMORY */
    Py_buffer view;                /* of VIEW; of MEMORY the description of its bytes */
    pybuffer_view_storage storage; /* the arrays of the view */
    char format[64];               /* where the format of a field is */
    Value of;                      /* whose memory a VIEW shows */
} Entry;

static Entry table[32];

static Entry *
entry_of(Value value)
{
    return &table[value & 31];
}

static Value
new_entry(Kind kind)
{
    for (unsigned i = 1; i < 32; i++) {
        if (table[i].kind == FREE) {
            memset(&table[i], 0, sizeof(table[i]));
            table[i].kind = kind;
            table[i].users = 1;
            return HANDLE | i;
        }
    }
    fprintf(stderr, "the table is full\n");
    exit(1);
}

static void
drop(Value value)
{
    Entry *entry = entry_of(value);

    if (value == NOTHING || --entry->users > 0)
        return;
    if (entry->kind == VIEW)
        drop(entry->of);
    free(entry->bytes);
    entry->kind = FREE;
}

/* ---- Its own exceptions and memoryviews -------------------------------------------------- */

/* The interpreter has its own exceptions: here they are printed. */
static Value
raised(Value unfinished)
{
    printf("  %s: %s\n", pybuffer_error_name(), pybuffer_error_message());
    PyErr_Clear();
    drop(unfinished);
    return NOTHING;
}

static Value
new_memory(const char *format, Py_ssize_t count)
{
    Value value = new_entry(MEMORY);
    Entry *entry = entry_of(value);

    entry->view.itemsize = PyBuffer_SizeFromFormat(format);
    entry->view.len = count * entry->view.itemsize;
    entry->bytes = calloc(1, (size_t)entry->view.len);
    if (entry->view.itemsize < 0 || entry->bytes == NULL) {
        fprintf(stderr, "no memory of format %s\n", format);
        exit(1);
    }
    entry->view.buf = entry->bytes;
    entry->view.ndim = 1;
    snprintf(entry->format, sizeof(entry->format), "%s", format);
    entry->view.format = entry->format;
    return value;
}

/* A view of what another entry has. pybuffer_view_* never look at obj, so it may hold a handle. */
static Value
new_view(Value of)
{
    Value value = new_entry(VIEW);

    entry_of(value)->of = of;
    entry_of(of)->users++;
    return value;
}

/* The end of each function that makes one. */
static Value
finished(Value value, int status)
{
    if (status != 0)
        return raised(value);
    entry_of(value)->view.obj = (PyObject *)(uintptr_t)entry_of(value)->of;
    return value;
}

static Value
memoryview(Value of)
{
    Value value = new_view(of);
    Entry *view = entry_of(value);

    return finished(value, pybuffer_view_complete(&view->view, &view->storage, &entry_of(of)->view));
}

static Value
part(Value of, const char *subscripts)
{
    Value value = new_view(of);
    Entry *view = entry_of(value);

    return finished(value, pybuffer_view_select(&view->view, &view->storage, &entry_of(of)->view, subscripts));
}

static Value
cast(Value of, const char *format, int ndim, const Py_ssize_t *shape)
{
    Value value = new_view(of);
    Entry *view = entry_of(value);

    /* The view points to the text, unless it is one letter. */
    snprintf(view->format, sizeof(view->format), "%s", format);
    return finished(value, pybuffer_view_cast(&view->view, &view->storage, &entry_of(of)->view, view->format, ndim,
                                              shape, 'C'));
}

static Value
transpose(Value of)
{
    Value value = new_view(of);
    Entry *view = entry_of(value);

    return finished(value, pybuffer_view_permute(&view->view, &view->storage, &entry_of(of)->view, NULL, 0));
}

static Value
field(Value of, const char *name)
{
    Value value = new_view(of);
    Entry *view = entry_of(value);

    return finished(value, pybuffer_view_field(&view->view, &view->storage, &entry_of(of)->view, name, view->format,
                                               (Py_ssize_t)sizeof(view->format)));
}

/* The item at an index as a value of the interpreter: a number is a double. */
static Value
item(Value of, Py_ssize_t index)
{
    pybuffer_value unpacked;
    double number;
    Value value;

    if (pybuffer_view_get_item(&entry_of(of)->view, &index, 1, &unpacked, 1) != 0)
        return raised(NOTHING);
    number = unpacked.kind == PYBUFFER_KIND_FLOAT    ? unpacked.as.real
             : unpacked.kind == PYBUFFER_KIND_SIGNED ? (double)unpacked.as.i
                                                     : (double)unpacked.as.u;
    memcpy(&value, &number, sizeof(value));
    return value;
}

/* What another part of the interpreter, or an extension module, gets when it asks for the memory of a view, which is complete.
 * Since obj holds a handle, release() below ends it, and never PyBuffer_Release. */
static int
getbuffer(Value of, Py_buffer *answer, int flags)
{
    if (pybuffer_view_answer(answer, &entry_of(of)->view, flags, "toy.memoryview") != 0) {
        raised(NOTHING);
        return -1;
    }
    answer->obj = (PyObject *)(uintptr_t)of;
    entry_of(of)->users++;
    return 0;
}

static void
release(Py_buffer *answer)
{
    drop((Value)(uintptr_t)answer->obj);
    answer->obj = NULL;
}

/* ---- A program ----------------------------------------------------------------------------- */

static void
print_values(const char *name, Value of)
{
    const Py_buffer *view = &entry_of(of)->view;
    pybuffer_value values[24];
    Py_ssize_t count = view->len / view->itemsize;

    printf("%-12s '%s' of %d axes:", name, view->format, view->ndim);
    if (pybuffer_view_values(view, values, count) != 0) {
        raised(NOTHING);
        return;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (values[i].kind == PYBUFFER_KIND_FLOAT)
            printf(" %g", values[i].as.real);
        else
            printf(" %lld", (long long)values[i].as.i);
    }
    printf("\n");
}

static void
ask(Value of, const char *name, int flags)
{
    Py_buffer answer;

    printf("%s\n", name);
    if (getbuffer(of, &answer, flags) != 0)
        return;
    printf("  ndim %d, shape %s, strides %s, format %s\n", answer.ndim, answer.shape ? "given" : "none",
           answer.strides ? "given" : "none", answer.format ? answer.format : "none");
    release(&answer);
}

int
main(void)
{
    const Py_ssize_t shape[2] = {3, 4};
    Value bytes = new_memory("B", 24), records = new_memory("T{<h:id:<d:mass:}", 3), doubles = new_memory("d", 4);
    Value view = memoryview(bytes), shorts = cast(view, "h", 2, shape), turned = transpose(shorts);
    Value row = part(shorts, "1"), backwards = part(row, "::-1"), masses = NOTHING, numbers = memoryview(doubles);
    Value whole = memoryview(records);
    pybuffer_value value;
    double number;
    Value first;

    for (int i = 0; i < 12; i++) {
        value = PYBUFFER_INT(i * 10);
        Py_ssize_t place[2] = {i / 4, i % 4};
        if (pybuffer_view_set_item(&entry_of(shorts)->view, place, 2, &value, 1) != 0)
            raised(NOTHING);
    }
    print_values("shorts", shorts);
    print_values("transposed", turned);
    print_values("row", row);
    print_values("backwards", backwards);

    /* Copies and conversions, also where they overlap. */
    if (pybuffer_view_copy(&entry_of(row)->view, &entry_of(backwards)->view) != 0)
        raised(NOTHING);
    print_values("row", row);
    if (pybuffer_view_convert(&entry_of(numbers)->view, &entry_of(row)->view) != 0)
        raised(NOTHING);
    print_values("doubles", numbers);
    printf("equal by value: %d\n", pybuffer_view_equal(&entry_of(numbers)->view, &entry_of(row)->view, 0));

    masses = field(whole, "mass");
    value = PYBUFFER_REAL(1.5);
    if (pybuffer_view_fill(&entry_of(masses)->view, &value, 1) != 0)
        raised(NOTHING);
    print_values("masses", masses);
    first = item(masses, 0);
    memcpy(&number, &first, sizeof(number));
    printf("a value of the interpreter: %g\n", number);

    /* Errors become the interpreter's. */
    printf("errors\n");
    item(masses, 3);
    part(shorts, "0, 9");
    cast(backwards, "B", 0, NULL);
    field(whole, "charge");

    /* The memory lives as long as views of it, whatever the order in which they are dropped. */
    drop(bytes);
    drop(view);
    drop(shorts);
    ask(turned, "everything", PyBUF_FULL_RO);
    ask(turned, "Fortran order", PyBUF_F_CONTIGUOUS);
    ask(turned, "bytes", PyBUF_SIMPLE);
    ask(row, "bytes of a row", PyBUF_SIMPLE);
    drop(turned);
    drop(backwards);
    drop(row);
    drop(masses);
    drop(whole);
    drop(records);
    drop(numbers);
    drop(doubles);
    for (int i = 1; i < 32; i++) {
        if (table[i].kind != FREE) {
            printf("entry %d is left\n", i);
            return 1;
        }
    }
    printf("The table is empty.\n");
    return 0;
}

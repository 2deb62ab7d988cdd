/* PyObject_CopyData between all sorts of exporters.
 *
 * CPython compares lengths only, so what is copied here has the same shape on both sides, or is contiguous in the
 * same order on both: anything else makes it read or write out of bounds. */
#include "exporter.h"

#define MAX_NDIM 4
#define STORE 32768 /* more than the largest layout: 16 bytes, 3 by 3 by 3 by 3 items, gaps in each */

static unsigned char from_store[STORE], to_store[STORE];
static unsigned char *from_rows[64], *to_rows[64];

static void fill_stores(void)
{
    for (size_t i = 0; i < STORE; i++) {
        from_store[i] = (unsigned char)(i * 29 + i / 256 + 1);
    }
    memset(to_store, 0xdd, sizeof(to_store));
}

/* An exporter of the given shape somewhere in a store: rows behind pointers, or strides in any order and sign. */
static Exporter *make_side(TwinRandom *r, unsigned char *store, unsigned char **rows, Py_ssize_t itemsize, int ndim,
                           const Py_ssize_t *shape)
{
    Py_ssize_t strides[MAX_NDIM], offset = 0, extent = itemsize;
    int order[MAX_NDIM] = {0};
    int way = twin_range(r, 0, 5); /* 0: C, 1: Fortran, 2: behind pointers, else strided */
    int indirect = way == 2 && ndim > 0;
    for (int i = 0; i < ndim; i++) {
        int j = twin_range(r, 0, i);
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < ndim; i++) {
        int d = way == 1 ? i : way <= 2 ? ndim - 1 - i : order[i];
        if (indirect && d == 0) {
            continue; /* the last one: the pointers' own */
        }
        strides[d] = extent * (way <= 2 ? 1 : twin_range(r, 1, 2));
        extent = strides[d] * (shape[d] ? shape[d] : 1);
        if (way > 2 && twin_once_in(r, 3)) {
            offset += strides[d] * (shape[d] ? shape[d] - 1 : 0);
            strides[d] = -strides[d];
        }
    }
    if (indirect) {
        for (Py_ssize_t i = 0; i < shape[0]; i++) {
            rows[i] = store + (shape[0] - 1 - i) * (extent + 5);
        }
        strides[0] = (Py_ssize_t)sizeof(char *);
    }
    Exporter *e = exporter_new(indirect ? (void *)rows : (void *)(store + offset), "B", itemsize, ndim, shape, strides);
    if (indirect) {
        e->has_suboffsets = 1;
        e->suboffsets[0] = 0;
    }
    return e;
}

static void print_copy(const char *name, PyObject *dest, PyObject *src)
{
    int result = PyObject_CopyData(dest, src);
    printf("%s: %d %s", name, result, twin_error());
}

static void same_shapes(void)
{
    twin_title("same shapes");
    static const int itemsizes[] = {1, 2, 3, 4, 8, 12, 16};
    TwinRandom r = {41};
    for (int round = 0; round < 800; round++) {
        Py_ssize_t shape[MAX_NDIM], itemsize = itemsizes[twin_range(&r, 0, 6)];
        int ndim = twin_range(&r, 0, MAX_NDIM), low = twin_once_in(&r, 10) ? 0 : 1;
        for (int i = 0; i < ndim; i++) {
            shape[i] = twin_range(&r, low, 3);
        }
        fill_stores();
        Exporter *src = make_side(&r, from_store, from_rows, itemsize, ndim, shape);
        Exporter *dest = make_side(&r, to_store, to_rows, itemsize, ndim, shape);
        src->readonly = twin_once_in(&r, 2);
        print_copy("copy", (PyObject *)dest, (PyObject *)src);
        printf(" itemsize %lld", (long long)itemsize);
        twin_print_array("shape", src->shape, ndim);
        twin_print_array("from", src->strides, ndim);
        twin_print_array("to", dest->strides, ndim);
        printf(" indirect %d %d to #%016llx from #%016llx flags %x %x", src->has_suboffsets, dest->has_suboffsets,
               twin_digest(to_store, STORE), twin_digest(from_store, STORE), (unsigned)src->last_flags,
               (unsigned)dest->last_flags);
        printf(" released %d %d refcounts %lld %lld\n", src->gets == src->releases, dest->gets == dest->releases,
               (long long)Py_REFCNT(src), (long long)Py_REFCNT(dest));
        Py_DECREF(src);
        Py_DECREF(dest);
    }
}

/* Contiguous in the same order: bytes are copied, and shape, format and item size do not count. */
static void same_order(void)
{
    twin_title("same order");
    static const struct {
        const char *format;
        Py_ssize_t itemsize, shape[2], strides[2];
        int ndim;
    } sides[] = {
        {"B", 1, {12, 0}, {1, 0}, 1},  {"i", 4, {3, 0}, {4, 0}, 1},   {"h", 2, {2, 3}, {6, 2}, 2},
        {"d", 8, {1, 0}, {8, 0}, 1},   {"B", 1, {20, 0}, {1, 0}, 1},  {"h", 2, {2, 3}, {2, 4}, 2},
        {"B", 1, {3, 4}, {1, 3}, 2},   {"B", 1, {0, 0}, {1, 0}, 1},   {"zz", 12, {0, 0}, {0, 0}, 0},
        {"B", 1, {1, 12}, {77, 1}, 2},
    };
    for (size_t i = 0; i < TWIN_COUNT(sides); i++) {
        for (size_t j = 0; j < TWIN_COUNT(sides); j++) {
            Exporter *src = exporter_new(from_store, sides[i].format, sides[i].itemsize, sides[i].ndim,
                                         sides[i].shape, sides[i].strides);
            Exporter *dest = exporter_new(to_store, sides[j].format, sides[j].itemsize, sides[j].ndim,
                                          sides[j].shape, sides[j].strides);
            Py_buffer s = {.len = src->len, .itemsize = src->itemsize, .ndim = src->ndim, .shape = src->shape};
            Py_buffer d = {.len = dest->len, .itemsize = dest->itemsize, .ndim = dest->ndim, .shape = dest->shape};
            s.strides = src->strides;
            d.strides = dest->strides;
            int c = PyBuffer_IsContiguous(&s, 'C') && PyBuffer_IsContiguous(&d, 'C');
            int f = PyBuffer_IsContiguous(&s, 'F') && PyBuffer_IsContiguous(&d, 'F');
            if (c || f || dest->len < src->len) {
                fill_stores();
                printf("%zu to %zu ", i, j);
                print_copy("copy", (PyObject *)dest, (PyObject *)src);
                printf(" ");
                twin_print_hex(to_store, 24);
                printf(" released %d %d\n", src->gets == src->releases, dest->gets == dest->releases);
            }
            Py_DECREF(src);
            Py_DECREF(dest);
        }
    }
}

static void between_kinds(void)
{
    twin_title("between kinds");
    fill_stores();
    PyObject *bytes = PyBytes_FromString("0123456789"), *array = PyByteArray_FromStringAndSize("abcdefghij", 10);
    PyObject *longer = PyByteArray_FromStringAndSize("ABCDEFGHIJKLMNOP", 16);
    PyObject *memory = PyMemoryView_FromMemory((char *)to_store, 10, PyBUF_WRITE);
    PyObject *readable = PyMemoryView_FromMemory((char *)from_store, 10, PyBUF_READ);
    PyObject *pickle = PyPickleBuffer_FromObject(array), *empty = PyBytes_FromString("");
    PyObject *const objects[] = {bytes, array, longer, memory, readable, pickle, empty, Py_None};
    for (size_t i = 0; i < TWIN_COUNT(objects); i++) {
        for (size_t j = 0; j < TWIN_COUNT(objects); j++) {
            if ((i == 1 || i == 5) && (j == 1 || j == 5)) {
                continue; /* onto itself */
            }
            if (i == j) {
                continue;
            }
            printf("%zu to %zu ", i, j);
            print_copy("copy", objects[j], objects[i]);
            printf(" %.10s %.16s %.10s ", PyByteArray_AsString(array), PyByteArray_AsString(longer),
                   PyBytes_AsString(bytes));
            twin_print_hex(to_store, 12);
            printf(" exports %lld %lld\n", (long long)((PyByteArrayObject *)longer)->ob_exports,
                   (long long)((PyMemoryViewObject *)memory)->exports);
        }
    }
    printf("refcounts %lld %lld %lld %lld\n", (long long)Py_REFCNT(bytes), (long long)Py_REFCNT(array),
           (long long)Py_REFCNT(longer), (long long)Py_REFCNT(memory));
    PyObject *const owned[] = {pickle, bytes, array, longer, memory, readable, empty};
    for (size_t i = 0; i < TWIN_COUNT(owned); i++) {
        Py_DECREF(owned[i]);
    }
}

static void failing(void)
{
    twin_title("failing");
    fill_stores();
    Py_ssize_t ten[] = {10};
    Exporter *src = exporter_new(from_store, "B", 1, 1, ten, NULL);
    Exporter *dest = exporter_new(to_store, "B", 1, 1, ten, NULL);
    for (int side = 0; side < 3; side++) {
        for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
            src->failure = side != 1 ? twin_exception(i).type : NULL;
            dest->failure = side != 0 ? twin_exception((i + 3) % TWIN_EXCEPTIONS).type : NULL;
            print_copy("copy", (PyObject *)dest, (PyObject *)src);
            printf(" gets %d %d releases %d %d refcounts %lld %lld\n", src->gets, dest->gets, src->releases,
                   dest->releases, (long long)Py_REFCNT(src), (long long)Py_REFCNT(dest));
        }
    }
    src->failure = dest->failure = NULL;
    dest->readonly = 1;
    print_copy("read-only", (PyObject *)dest, (PyObject *)src);
    dest->readonly = 0;
    dest->len = dest->shape[0] = 9;
    print_copy(" too small", (PyObject *)dest, (PyObject *)src);
    twin_print_hex(to_store, 10);
    printf(" gets %d %d releases %d %d\n", src->gets, dest->gets, src->releases, dest->releases);
    Py_DECREF(src);
    Py_DECREF(dest);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    same_shapes();
    same_order();
    between_kinds();
    failing();
    printf("freed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

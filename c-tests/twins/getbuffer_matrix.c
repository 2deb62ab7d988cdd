/* Every combination of request flags on every kind of exporter: what PyObject_GetBuffer answers. */
#include "exporter.h"

static void print_counts(PyObject *owner, Py_ssize_t before)
{
    if (Py_REFCNT(owner) != before) {
        printf(" refcount%+lld", (long long)(Py_REFCNT(owner) - before));
    }
}

static void request(PyObject *obj, int flags, const void *base)
{
    Py_buffer view;
    memset(&view, 0x5a, sizeof(view));
    PyObject *untouched = Py_None;
    view.obj = untouched;
    Py_ssize_t before = Py_REFCNT(obj);
    printf("%03x: ", (unsigned)flags);
    if (PyObject_GetBuffer(obj, &view, flags) < 0) {
        const char *left = view.obj == NULL ? "NULL" : view.obj == untouched ? "untouched" : "set";
        printf("%s obj=%s", twin_error(), left);
    } else {
        twin_print_view(&view, obj, base);
        print_counts(obj, before);
        Py_buffer held = view;
        PyBuffer_Release(&view); /* obj is NULL from then on, and nothing else changes */
        printf(" after: obj=%s", view.obj ? "set" : "NULL");
        view.obj = held.obj;
        printf(" rest %s", memcmp(&view, &held, sizeof(view)) == 0 ? "kept" : "changed");
        view.obj = NULL;
        PyBuffer_Release(&view); /* the second release is nothing */
    }
    print_counts(obj, before);
    printf("\n");
}

static const int named[] = {
    PyBUF_SIMPLE,    PyBUF_WRITABLE,   PyBUF_FORMAT,       PyBUF_ND,           PyBUF_STRIDES,
    PyBUF_INDIRECT,  PyBUF_CONTIG,     PyBUF_CONTIG_RO,    PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS,
    PyBUF_STRIDED,   PyBUF_STRIDED_RO, PyBUF_ANY_CONTIGUOUS, PyBUF_RECORDS,    PyBUF_RECORDS_RO,
    PyBUF_FULL,      PyBUF_FULL_RO,    PyBUF_READ,         PyBUF_WRITE,        PyBUF_READ | PyBUF_WRITE,
    PyBUF_WRITEABLE, PyBUF_MAX_NDIM,   0x2,                0x400,              0x7fffffff,
};

/* Each bit on its own: half of a flag such as STRIDES, without its ND, must not count as the flag. */
static const int bits[] = {0x1, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100};

static void matrix(const char *kind, const char *name, PyObject *obj, const void *base)
{
    printf("== %s: %s, CheckBuffer %d\n", kind, name, PyObject_CheckBuffer(obj));
    for (size_t i = 0; i < TWIN_COUNT(named); i++) {
        request(obj, named[i], base);
    }
    for (int mask = 0; mask < 1 << TWIN_COUNT(bits); mask++) {
        int flags = 0;
        for (size_t b = 0; b < TWIN_COUNT(bits); b++) {
            flags |= mask >> b & 1 ? bits[b] : 0;
        }
        request(obj, flags, base);
    }
}

static PyObject *checked(PyObject *obj)
{
    if (obj == NULL) {
        printf("not made: %s\n", twin_error());
        exit(1);
    }
    return obj;
}

static void samples(void)
{
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        const char *name = exporter_samples[i].name;
        Exporter *e = exporter_sample(i);
        PyObject *exporter = (PyObject *)e;
        PyObject *memory = checked(PyMemoryView_FromObject(exporter));
        PyObject *second = checked(PyMemoryView_FromObject(memory));
        PyObject *pickle = checked(PyPickleBuffer_FromObject(exporter));
        PyObject *pickled_view = checked(PyPickleBuffer_FromObject(second));
        PyObject *view_of_pickle = checked(PyMemoryView_FromObject(pickle));
        matrix("exporter", name, exporter, e->base);
        matrix("memoryview", name, memory, e->base);
        matrix("memoryview of a memoryview", name, second, e->base);
        matrix("PickleBuffer", name, pickle, e->base);
        matrix("PickleBuffer of a memoryview", name, pickled_view, e->base);
        matrix("memoryview of a PickleBuffer", name, view_of_pickle, e->base);
        printf("exports %lld, gets %d, releases %d\n", (long long)((PyMemoryViewObject *)memory)->exports, e->gets,
               e->releases);
        Py_DECREF(view_of_pickle);
        Py_DECREF(pickled_view);
        Py_DECREF(pickle);
        Py_DECREF(second);
        Py_DECREF(memory);
        printf("gets %d, releases %d, refcount %lld\n", e->gets, e->releases, (long long)Py_REFCNT(exporter));
        Py_DECREF(exporter);
    }
}

/* What CPython's memoryview answers for a description, pybuffer_fill_view answers for an exporter with the same one, here
 * of a type that goes by the same name for the sake of the messages.
 */
int pybuffer_fill_view(Py_buffer *view, PyObject *exporter, const Py_buffer *description, int flags)
    __attribute__((weak));

typedef struct {
    PyObject_HEAD
    Py_buffer description;
} Filler;

static int filler_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    return pybuffer_fill_view(view, op, &((Filler *)op)->description, flags);
}

static PyBufferProcs filler_as_buffer = {.bf_getbuffer = filler_getbuffer};

static PyTypeObject Filler_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "memoryview",
    .tp_basicsize = sizeof(Filler),
    .tp_as_buffer = &filler_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static PyObject *described(const Py_buffer *description)
{
    if (pybuffer_fill_view == NULL) {
        return checked(PyMemoryView_FromBuffer(description));
    }
    Filler *self = PyType_Ready(&Filler_Type) < 0 ? NULL : PyObject_New(Filler, &Filler_Type);
    checked((PyObject *)self);
    self->description = *description;
    return (PyObject *)self;
}

static void descriptions(void)
{
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        Py_buffer description;
        memset(&description, 0, sizeof(description));
        description.buf = e->buf;
        description.len = e->len;
        description.itemsize = e->itemsize;
        description.readonly = e->readonly;
        description.ndim = e->ndim;
        description.format = (char *)e->format;
        description.shape = e->ndim ? e->shape : NULL;
        description.strides = e->ndim ? e->strides : NULL;
        description.suboffsets = e->has_suboffsets ? e->suboffsets : NULL;
        PyObject *object = described(&description);
        matrix("description", exporter_samples[i].name, object, e->base);
        Py_DECREF(object);
        Py_DECREF((PyObject *)e);
    }
}

static void builtins(void)
{
    static const char *const contents[] = {"", "x", "some bytes"};
    for (size_t i = 0; i < TWIN_COUNT(contents); i++) {
        const char *text = contents[i];
        PyObject *bytes = checked(PyBytes_FromString(text));
        matrix("bytes", text, bytes, PyBytes_AsString(bytes));
        PyObject *array = checked(PyByteArray_FromStringAndSize(text, (Py_ssize_t)strlen(text)));
        matrix("bytearray", text, array, PyByteArray_AsString(array));
        PyObject *of_bytes = checked(PyMemoryView_FromObject(bytes));
        matrix("memoryview of bytes", text, of_bytes, PyBytes_AsString(bytes));
        PyObject *of_array = checked(PyMemoryView_FromObject(array));
        matrix("memoryview of bytearray", text, of_array, PyByteArray_AsString(array));
        PyObject *pickle = checked(PyPickleBuffer_FromObject(bytes));
        matrix("PickleBuffer of bytes", text, pickle, PyBytes_AsString(bytes));
        printf("exports %lld\n", (long long)((PyByteArrayObject *)array)->ob_exports);
        Py_DECREF(pickle);
        Py_DECREF(of_array);
        printf("exports %lld\n", (long long)((PyByteArrayObject *)array)->ob_exports);
        Py_DECREF(of_bytes);
        Py_DECREF(array);
        Py_DECREF(bytes);
    }
}

static void memory(void)
{
    char text[] = "memory";
    PyObject *readable = checked(PyMemoryView_FromMemory(text, 6, PyBUF_READ));
    PyObject *writable = checked(PyMemoryView_FromMemory(text, 6, PyBUF_WRITE));
    matrix("memoryview of memory", "readable", readable, text);
    matrix("memoryview of memory", "writable", writable, text);
    Py_DECREF(readable);
    Py_DECREF(writable);
}

/* A request that cannot work: not an exporter; no view (obsolete since Python 3, and still told as an error). */
static void wrong(void)
{
    twin_title("wrong");
    static const int flags[] = {PyBUF_SIMPLE, PyBUF_FULL_RO, PyBUF_READ, PyBUF_WRITE};
    PyObject *none = Py_None;
    PyObject *type = (PyObject *)&PyBytes_Type;
    printf("CheckBuffer %d %d\n", PyObject_CheckBuffer(none), PyObject_CheckBuffer(type));
    for (size_t i = 0; i < TWIN_COUNT(flags); i++) {
        Py_buffer view = {.obj = NULL};
        int a = PyObject_GetBuffer(none, &view, flags[i]);
        printf("%d %s", a, twin_error());
        int b = PyObject_GetBuffer(type, &view, flags[i]);
        printf(" %d %s\n", b, twin_error());
    }
    PyObject *bytes = checked(PyBytes_FromString("xyz"));
    PyObject *array = checked(PyByteArray_FromStringAndSize("xyz", 3));
    for (size_t i = 0; i < TWIN_COUNT(flags); i++) {
        int a = PyObject_GetBuffer(bytes, NULL, flags[i]);
        printf("%d %s", a, twin_error());
        int b = PyObject_GetBuffer(array, NULL, flags[i]);
        printf(" %d %s\n", b, twin_error());
    }
    printf("refcounts %lld %lld, exports %lld\n", (long long)Py_REFCNT(bytes), (long long)Py_REFCNT(array),
           (long long)((PyByteArrayObject *)array)->ob_exports);
    Py_DECREF(bytes);
    Py_DECREF(array);
    Py_buffer empty = {.obj = NULL};
    PyBuffer_Release(&empty); /* a view that was never filled, or of no object, is nothing to release */
    printf("%s\n", twin_error());
}

int main(void)
{
    Py_Initialize();
    twin_start();
    samples();
    descriptions();
    builtins();
    memory();
    wrong();
    printf("exporters freed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

/* PyObject_Hash and PyObject_Length of bytes, bytearrays, memoryviews and what else there is.
 *
 * The hash values themselves are printed, so PYTHONHASHSEED must be set; the runner tries several. */
#include "exporter.h"

static PyTypeObject UnhashableExporter = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "twin.UnhashableExporter",
    .tp_base = &Exporter_Type,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static void print_hash(const char *name, PyObject *object)
{
    Py_hash_t hash = PyObject_Hash(object);
    printf("%s %lld %s", name, (long long)hash, twin_error());
    printf(" again %d", PyObject_Hash(object) == hash);
    printf(" %s\n", twin_error());
}

static void bytes(void)
{
    twin_title("bytes");
    static char text[300];
    for (int i = 0; i < 300; i++) {
        text[i] = (char)(i * 31 + 5);
    }
    for (Py_ssize_t size = 0; size < 300; size += size < 40 ? 1 : 13) {
        PyObject *object = PyBytes_FromStringAndSize(text, size);
        PyObject *memory = PyMemoryView_FromObject(object), *raw = PyMemoryView_FromMemory(text, size, PyBUF_READ);
        Py_hash_t hash = PyObject_Hash(object);
        printf("%lld %lld view %d raw %d", (long long)size, (long long)hash, PyObject_Hash(memory) == hash,
               PyObject_Hash(raw) == hash);
        printf(" cached %d", ((PyMemoryViewObject *)memory)->hash == hash);
        printf(" %s\n", twin_error());
        Py_DECREF(raw);
        Py_DECREF(memory);
        Py_DECREF(object);
    }
    PyObject *zeros = PyBytes_FromStringAndSize("\0\0\0\0\0\0\0\0", 8);
    print_hash("zeros", zeros);
    Py_DECREF(zeros);
    PyObject *array = PyByteArray_FromStringAndSize("abc", 3), *memory = PyMemoryView_FromObject(array);
    print_hash("bytearray", array);
    print_hash("view of a bytearray", memory);
    Py_DECREF(memory);
    Py_DECREF(array);
}

/* The hash is that of the items' bytes in C order, whatever the layout. */
static void samples(void)
{
    twin_title("samples");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        for (int readonly = 0; readonly < 2; readonly++) {
            Exporter *e = exporter_sample(i);
            e->readonly = readonly;
            PyObject *memory = PyMemoryView_FromObject((PyObject *)e), *flat = PyBytes_FromObject(memory);
            printf("%s readonly %d ", exporter_samples[i].name, readonly);
            Py_hash_t hash = PyObject_Hash(memory);
            printf("%lld %s as bytes %d", (long long)hash, twin_error(), PyObject_Hash(flat) == hash);
            printf(" kept %lld\n", (long long)((PyMemoryViewObject *)memory)->hash);
            Py_DECREF(flat);
            Py_DECREF(memory);
            Py_DECREF(e);
        }
    }
}

/* Only views of single bytes have a hash. */
static void formats(void)
{
    twin_title("formats");
    static const char *const all[] = {"B", "b", "c", "@B", "@b", "@c", "<B", "=b", "1B", "BB", " B", "B ", "?", "i",
                                      "h", "d", "s", "1s", "x", "", "@", "zz", "T{B:a:}", "@@B", "P", NULL};
    for (size_t f = 0; f < TWIN_COUNT(all); f++) {
        for (Py_ssize_t itemsize = 1; itemsize < 9; itemsize *= 2) {
            Py_ssize_t four = 4;
            exporter_fill_memory();
            Exporter *e = exporter_new(exporter_memory, all[f], itemsize, 1, &four, NULL);
            e->readonly = 1;
            PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
            printf("%lld ", (long long)itemsize);
            print_hash(all[f] ? all[f] : "none", memory);
            Py_DECREF(memory);
            Py_DECREF(e);
        }
    }
}

/* The object behind a view must have a hash too; it is asked once, and the answer for the view is kept. */
static void owners(void)
{
    twin_title("owners");
    printf("ready %d\n", PyType_Ready(&UnhashableExporter));
    for (int unhashable = 0; unhashable < 2; unhashable++) {
        Exporter *e = exporter_sample(1);
        if (unhashable) {
            Py_SET_TYPE((PyObject *)e, &UnhashableExporter);
            print_hash("owner", (PyObject *)e);
        }
        PyObject *memory = PyMemoryView_FromObject((PyObject *)e), *second = PyMemoryView_FromObject(memory);
        print_hash("view", memory);
        print_hash("second", second);
        exporter_memory[0] ^= 1; /* what changes behind the view's back does not change its hash */
        print_hash("changed", memory);
        PyObject *fresh = PyMemoryView_FromObject(memory);
        print_hash("fresh", fresh);
        PyObject *copy = PyMemoryView_GetContiguous(memory, PyBUF_READ, 'C');
        print_hash("contiguous", copy);
        Py_DECREF(copy);
        Py_DECREF(fresh);
        Py_DECREF(second);
        Py_DECREF(memory);
        printf("refcount %lld releases %d\n", (long long)Py_REFCNT(e), e->releases);
        Py_DECREF(e);
    }
    Exporter *e = exporter_sample(9); /* not contiguous: hashed by way of a copy, whose owner is bytes */
    PyObject *copy = PyMemoryView_GetContiguous((PyObject *)e, PyBUF_READ, 'C');
    print_hash("copy", copy);
    Py_DECREF(copy);
    Py_DECREF(e);
}

static void print_length(const char *name, PyObject *object)
{
    Py_ssize_t length = PyObject_Length(object);
    printf("%s %lld %s", name, (long long)length, twin_error());
    Py_ssize_t size = PyObject_Size(object);
    printf(" %lld %s\n", (long long)size, twin_error());
}

static void lengths(void)
{
    twin_title("lengths");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *memory = PyMemoryView_FromObject((PyObject *)e), *pickle = PyPickleBuffer_FromObject((PyObject *)e);
        PyObject *flat = PyBytes_FromObject((PyObject *)e), *array = PyByteArray_FromObject((PyObject *)e);
        printf("%s\n", exporter_samples[i].name);
        print_length("  exporter", (PyObject *)e);
        print_length("  memoryview", memory);
        print_length("  PickleBuffer", pickle);
        print_length("  bytes", flat);
        print_length("  bytearray", array);
        Py_DECREF(array);
        Py_DECREF(flat);
        Py_DECREF(pickle);
        Py_DECREF(memory);
        Py_DECREF(e);
    }
    print_length("None", Py_None);
    print_length("type", (PyObject *)&PyBytes_Type);
    PyErr_SetNone(PyExc_LookupError); /* NULL is told as an error, which does not hide one that is pending */
    Py_ssize_t length = PyObject_Length(NULL);
    printf("NULL %lld %s", (long long)length, twin_error());
    length = PyObject_Size(NULL);
    printf(" %lld %s\n", (long long)length, twin_error());
}

int main(void)
{
    Py_Initialize();
    twin_start();
    bytes();
    samples();
    formats();
    owners();
    lengths();
    printf("freed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

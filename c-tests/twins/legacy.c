/* The old buffer interface, in CPython's ABI to this day:
 * CheckReadBuffer, AsReadBuffer, AsWriteBuffer, AsCharBuffer. */
#include "exporter.h"

static void print_result(const char *name, int result, const void *buffer, Py_ssize_t len, const void *base)
{
    printf("  %s %d %s", name, result, twin_error());
    if (buffer == NULL) {
        printf(" NULL");
    } else {
        printf(" %+lld", (long long)((const char *)buffer - (const char *)base));
    }
    printf(" %lld", (long long)len);
}

static void ask(const char *name, PyObject *obj, const void *base)
{
    Py_ssize_t before = Py_REFCNT(obj), len = -7;
    const void *readable = NULL;
    void *writable = NULL;
    const char *chars = NULL;
    printf("%s: check %d", name, PyObject_CheckReadBuffer(obj));
    printf(" %s", twin_error());
    int result = PyObject_AsReadBuffer(obj, &readable, &len);
    print_result("read", result, readable, len, base);
    len = -7;
    result = PyObject_AsWriteBuffer(obj, &writable, &len);
    print_result("write", result, writable, len, base);
    len = -7;
    result = PyObject_AsCharBuffer(obj, &chars, &len);
    print_result("chars", result, chars, len, base);
    printf(" refcount %+lld\n", (long long)(Py_REFCNT(obj) - before));
}

static void null_arguments(const char *name, PyObject *obj)
{
    Py_ssize_t len = -7;
    const void *readable = NULL;
    void *writable = NULL;
    const char *chars = NULL;
    const int results[] = {
        PyObject_AsReadBuffer(obj, NULL, &len),      PyObject_AsReadBuffer(obj, &readable, NULL),
        PyObject_AsReadBuffer(NULL, &readable, &len), PyObject_AsReadBuffer(NULL, NULL, NULL),
        PyObject_AsWriteBuffer(obj, NULL, &len),     PyObject_AsWriteBuffer(obj, &writable, NULL),
        PyObject_AsWriteBuffer(NULL, &writable, &len), PyObject_AsWriteBuffer(NULL, NULL, NULL),
        PyObject_AsCharBuffer(obj, NULL, &len),      PyObject_AsCharBuffer(obj, &chars, NULL),
        PyObject_AsCharBuffer(NULL, &chars, &len),   PyObject_AsCharBuffer(NULL, NULL, NULL),
    };
    printf("%s:", name);
    for (size_t i = 0; i < TWIN_COUNT(results); i++) {
        printf(" %d", results[i]);
    }
    printf(" %s %lld %d %d %d\n", twin_error(), (long long)len, readable == NULL, writable == NULL, chars == NULL);
    /* an error that is pending already is kept */
    PyErr_SetNone(PyExc_LookupError);
    int result = PyObject_AsReadBuffer(obj, NULL, NULL);
    printf("  pending: %d %s", result, twin_error());
    PyErr_SetNone(PyExc_LookupError);
    result = PyObject_AsWriteBuffer(obj, NULL, NULL);
    printf(" %d %s", result, twin_error());
    PyErr_SetNone(PyExc_LookupError);
    result = PyObject_AsCharBuffer(obj, NULL, NULL);
    printf(" %d %s\n", result, twin_error());
}

static void samples(void)
{
    twin_title("samples");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
        PyObject *pickle = PyPickleBuffer_FromObject((PyObject *)e);
        ask(exporter_samples[i].name, (PyObject *)e, e->base);
        ask("  memoryview", memory, e->base);
        ask("  PickleBuffer", pickle, e->base);
        Py_DECREF(pickle);
        Py_DECREF(memory);
        printf("  gets %d releases %d flags %x\n", e->gets, e->releases, (unsigned)e->last_flags);
        Py_DECREF(e);
    }
}

static void failing(void)
{
    twin_title("failing");
    Exporter *e = exporter_sample(0);
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        e->failure = twin_exception(i).type;
        ask(twin_exception(i).name, (PyObject *)e, e->base);
    }
    e->failure = NULL;
    e->switches = EXPORTER_FAIL_SILENTLY;
    ask("silently", (PyObject *)e, e->base);
    printf("gets %d releases %d\n", e->gets, e->releases);
    Py_DECREF(e);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    samples();
    failing();
    twin_title("builtins");
    PyObject *bytes = PyBytes_FromString("some bytes"), *empty = PyBytes_FromString("");
    PyObject *array = PyByteArray_FromStringAndSize("an array", 8), *none = PyByteArray_FromStringAndSize("", 0);
    ask("bytes", bytes, PyBytes_AsString(bytes));
    ask("empty bytes", empty, PyBytes_AsString(empty));
    ask("bytearray", array, PyByteArray_AsString(array));
    ask("empty bytearray", none, PyByteArray_AsString(none));
    ask("None", Py_None, NULL);
    ask("type", (PyObject *)&PyBytes_Type, NULL);
    printf("exports %lld\n", (long long)((PyByteArrayObject *)array)->ob_exports);
    twin_title("NULL");
    null_arguments("bytes", bytes);
    null_arguments("bytearray", array);
    null_arguments("None", Py_None);
    Py_DECREF(bytes);
    Py_DECREF(empty);
    Py_DECREF(array);
    Py_DECREF(none);
    Py_Finalize();
    return 0;
}

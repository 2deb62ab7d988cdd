/* PickleBuffer: a wrapper that redirects to the object it holds a buffer of. */
#include "exporter.h"

static void print_pickle(const char *name, PyObject *pickle, const PyObject *self, const void *base)
{
    printf("%s: ", name);
    if (pickle == NULL) {
        printf("NULL %s\n", twin_error());
        return;
    }
    const Py_buffer *view = PyPickleBuffer_GetBuffer(pickle);
    printf("check %d refcount %lld ", PyPickleBuffer_Check(pickle), (long long)Py_REFCNT(pickle));
    if (view == NULL) {
        printf("no view %s\n", twin_error());
        return;
    }
    twin_print_view(view, self, base);
    printf(" %s\n", twin_error());
}

static void samples(void)
{
    twin_title("samples");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *exporter = (PyObject *)e;
        PyObject *pickle = PyPickleBuffer_FromObject(exporter);
        print_pickle(exporter_samples[i].name, pickle, exporter, e->base);
        printf("  gets %d flags %x refcount %lld\n", e->gets, (unsigned)e->last_flags, (long long)Py_REFCNT(e));
        PyObject *again = PyPickleBuffer_FromObject(pickle); /* of a PickleBuffer: the object behind it is asked */
        print_pickle("  of it", again, exporter, e->base);
        PyObject *memory = PyMemoryView_FromObject(again);
        printf("  memoryview's base %d gets %d\n", PyMemoryView_GET_BASE(memory) == exporter, e->gets);
        PyObject *of_memory = PyPickleBuffer_FromObject(memory);
        print_pickle("  of a memoryview", of_memory, memory, e->base);
        printf("  exports %lld\n", (long long)((PyMemoryViewObject *)memory)->exports);
        Py_DECREF(memory);
        Py_DECREF(of_memory);
        printf("  releases %d\n", e->releases);
        int result = PyPickleBuffer_Release(pickle);
        printf("  release %d releases %d refcount %lld\n", result, e->releases, (long long)Py_REFCNT(e));
        print_pickle("  released", pickle, exporter, e->base);
        print_pickle("  of it, still there", again, exporter, e->base);
        result = PyPickleBuffer_Release(pickle);
        printf("  release again %d %s\n", result, twin_error());
        Py_DECREF(again);
        Py_DECREF(pickle);
        printf("  gets %d releases %d refcount %lld\n", e->gets, e->releases, (long long)Py_REFCNT(e));
        Py_DECREF(e);
    }
}

/* Of a released one nothing can be had. */
static void released(void)
{
    twin_title("released");
    PyObject *bytes = PyBytes_FromString("pickled"), *pickle = PyPickleBuffer_FromObject(bytes);
    print_pickle("bytes", pickle, bytes, PyBytes_AsString(bytes));
    printf("%lld %d\n", (long long)Py_REFCNT(bytes), PyObject_CheckBuffer(pickle));
    int result = PyPickleBuffer_Release(pickle);
    printf("release %d %lld %d\n", result, (long long)Py_REFCNT(bytes), PyObject_CheckBuffer(pickle));
    static const int flags[] = {PyBUF_SIMPLE, PyBUF_WRITABLE, PyBUF_FULL_RO};
    for (size_t i = 0; i < TWIN_COUNT(flags); i++) {
        Py_buffer view = {.obj = Py_None};
        result = PyObject_GetBuffer(pickle, &view, flags[i]);
        printf("GetBuffer %d %s obj %s\n", result, twin_error(), view.obj == NULL ? "NULL" : "untouched");
    }
    PyObject *memory = PyMemoryView_FromObject(pickle);
    printf("memoryview %d %s\n", memory != NULL, twin_error());
    PyObject *copy = PyBytes_FromObject(pickle);
    printf("bytes %d %s\n", copy != NULL, twin_error());
    PyObject *second = PyPickleBuffer_FromObject(pickle);
    printf("PickleBuffer %d %s\n", second != NULL, twin_error());
    PyObject *array = PyByteArray_FromStringAndSize("abc", 3);
    result = PyObject_CopyData(array, pickle);
    printf("CopyData %d %s\n", result, twin_error());
    Py_DECREF(array);
    Py_DECREF(pickle);
    Py_DECREF(bytes);
}

/* A buffer taken through a PickleBuffer belongs to the object behind it, and outlives the PickleBuffer. */
static void redirected(void)
{
    twin_title("redirected");
    PyObject *array = PyByteArray_FromStringAndSize("abcdef", 6), *pickle = PyPickleBuffer_FromObject(array);
    const PyByteArrayObject *a = (const PyByteArrayObject *)array;
    Py_buffer view;
    printf("exports %lld\n", (long long)a->ob_exports);
    printf("%d ", PyObject_GetBuffer(pickle, &view, PyBUF_FULL));
    twin_print_view(&view, array, PyByteArray_AsString(array));
    printf("\nexports %lld refcount %lld pickle's %lld\n", (long long)a->ob_exports, (long long)Py_REFCNT(array),
           (long long)Py_REFCNT(pickle));
    printf("release %d ", PyPickleBuffer_Release(pickle));
    printf("exports %lld\n", (long long)a->ob_exports);
    Py_DECREF(pickle);
    ((char *)view.buf)[0] = 'A';
    PyBuffer_Release(&view);
    printf("%s exports %lld refcount %lld\n", PyByteArray_AsString(array), (long long)a->ob_exports,
           (long long)Py_REFCNT(array));
    Py_DECREF(array);
}

static void wrong(void)
{
    twin_title("wrong");
    PyObject *bytes = PyBytes_FromString("bytes"), *memory = PyMemoryView_FromObject(bytes);
    PyObject *const objects[] = {Py_None, bytes, memory, (PyObject *)&PyPickleBuffer_Type};
    for (size_t i = 0; i < TWIN_COUNT(objects); i++) {
        const Py_buffer *view = PyPickleBuffer_GetBuffer(objects[i]);
        printf("%d %s", view != NULL, twin_error());
        int result = PyPickleBuffer_Release(objects[i]);
        printf(" %d %s", result, twin_error());
        printf(" check %d\n", PyPickleBuffer_Check(objects[i]));
    }
    PyObject *pickle = PyPickleBuffer_FromObject(Py_None);
    printf("None %d %s\n", pickle != NULL, twin_error());
    Exporter *e = exporter_sample(0);
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        e->failure = twin_exception(i).type;
        pickle = PyPickleBuffer_FromObject((PyObject *)e);
        printf("failing %d %s refcount %lld\n", pickle != NULL, twin_error(), (long long)Py_REFCNT(e));
    }
    e->failure = NULL;
    pickle = PyPickleBuffer_FromObject((PyObject *)e);
    e->failure = PyExc_LookupError; /* fails later, when asked through the PickleBuffer */
    Py_buffer view;
    int result = PyObject_GetBuffer(pickle, &view, PyBUF_SIMPLE);
    printf("failing later %d %s\n", result, twin_error());
    printf("length %lld", (long long)PyObject_Length(pickle));
    printf(" %s\n", twin_error());
    printf("equal %d", PyObject_RichCompareBool(pickle, pickle, Py_EQ));
    printf(" %d", PyObject_RichCompareBool(pickle, bytes, Py_EQ)); /* by identity only */
    printf(" %s\n", twin_error());
    Py_DECREF(pickle);
    printf("gets %d releases %d refcount %lld\n", e->gets, e->releases, (long long)Py_REFCNT(e));
    Py_DECREF(e);
    PyObject *first = PyPickleBuffer_FromObject(bytes), *second = PyPickleBuffer_FromObject(bytes);
    printf("equal %d %d hash kept %d\n", PyObject_RichCompareBool(first, second, Py_EQ),
           PyObject_RichCompareBool(first, second, Py_NE), PyObject_Hash(first) == PyObject_Hash(first));
    Py_DECREF(first);
    Py_DECREF(second);
    Py_DECREF(memory);
    Py_DECREF(bytes);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    samples();
    released();
    redirected();
    wrong();
    printf("freed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

/* Sizes larger than memory: which exception each function that takes one raises, and what it does to its argument. */
#include "twin.h"

static const Py_ssize_t sizes[] = {
    PY_SSIZE_T_MAX, PY_SSIZE_T_MAX - 1, PY_SSIZE_T_MAX - 16, PY_SSIZE_T_MAX - 31, PY_SSIZE_T_MAX - 32,
    PY_SSIZE_T_MAX - 33, PY_SSIZE_T_MAX - 34, PY_SSIZE_T_MAX - 40, PY_SSIZE_T_MAX - 64, PY_SSIZE_T_MAX / 2 + 1,
    PY_SSIZE_T_MAX / 2, PY_SSIZE_T_MAX / 3 + 1, PY_SSIZE_T_MAX / 3, PY_SSIZE_T_MAX / 4, (Py_ssize_t)1 << 60,
};

static void made(const char *what, PyObject *result)
{
    printf("  %s: %s %s\n", what, result ? "made" : "NULL", twin_error());
    Py_XDECREF(result);
}

static void done(const char *what, int status)
{
    printf("  %s: %d %s\n", what, status, twin_error());
}

static PyObject *bytes_of(int len) { return PyBytes_FromStringAndSize("abcdef", len); }
static PyObject *bytearray_of(int len) { return PyByteArray_FromStringAndSize("abcdef", len); }

static void resize_bytes(Py_ssize_t size)
{
    for (int len = 0; len < 6; len++) {
        for (int shared = 0; shared < 2; shared++) {
            PyObject *bytes = bytes_of(len), *other = shared ? Py_NewRef(bytes) : NULL;
            int status = _PyBytes_Resize(&bytes, size);
            if (TWIN_VERSION < 0x030e00 && size > PY_SSIZE_T_MAX - 33 && PyErr_ExceptionMatches(PyExc_MemoryError)) {
                PyErr_SetNone(PyExc_OverflowError);
            }
            printf("  resize %d bytes, %s: %d, %s, %s\n", len, shared ? "shared" : "alone", status,
                   bytes ? "there" : "NULL", twin_error());
            Py_XDECREF(bytes);
            Py_XDECREF(other);
        }
    }
}

static void resize_bytearrays(Py_ssize_t size)
{
    for (int len = 0; len < 4; len++) {
        PyObject *array = bytearray_of(len);
        done("resize a bytearray", PyByteArray_Resize(array, size));
        printf("  ");
        twin_print_hex(PyByteArray_AsString(array), PyByteArray_Size(array));
        printf("\n");
        Py_DECREF(array);
    }
}

static void repeat(Py_ssize_t count)
{
    for (int len = 0; len < 5; len++) {
        PyObject *bytes = bytes_of(len), *array = bytearray_of(len);
        printf("  of %d\n", len);
        made("repeat bytes", PySequence_Repeat(bytes, count));
        made("repeat a bytearray", PySequence_Repeat(array, count));
        Py_DECREF(array);
        Py_DECREF(bytes);
    }
}

/* A view that says that it is as large; it is not read. */
static void of_view(Py_ssize_t size)
{
    static char nothing[1];
    PyObject *view = PyMemoryView_FromMemory(nothing, size, PyBUF_READ);
    PyObject *bytes = bytes_of(3), *array = bytearray_of(3), *place = Py_NewRef(bytes);
    made("bytes of a view", PyBytes_FromObject(view));
    made("a bytearray of a view", PyByteArray_FromObject(view));
    made("bytes + view", PySequence_Concat(bytes, view));
    made("bytearray + view", PySequence_Concat(array, view));
    made("concat a bytearray and a view", PyByteArray_Concat(array, view));
    made("concat a view and a bytearray", PyByteArray_Concat(view, array));
    made("concat views", PyByteArray_Concat(view, view));
    PyBytes_Concat(&place, view);
    made("concat bytes", place);
    Py_DECREF(array);
    Py_DECREF(bytes);
    Py_DECREF(view);
}

static void strided_view(Py_ssize_t size)
{
    Py_ssize_t stride = 2;
    static char nothing[1];
    Py_buffer view = {.buf = nothing, .len = size, .itemsize = 1, .ndim = 1, .shape = &size, .strides = &stride};
    PyObject *strided = PyMemoryView_FromBuffer(&view);
    made("a contiguous copy", PyMemoryView_GetContiguous(strided, PyBUF_READ, 'C'));
    made("bytes of it", PyBytes_FromObject(strided));
    made("a bytearray of it", PyByteArray_FromObject(strided));
    Py_DECREF(strided);
}

static void all(Py_ssize_t size)
{
    printf("%lld\n", (long long)size);
    made("bytes", PyBytes_FromStringAndSize(NULL, size));
    if (TWIN_VERSION >= 0x030f00) { /* before, a MemoryError */
        made("a bytearray", PyByteArray_FromStringAndSize(NULL, size));
    }
    made("an object", (PyObject *)_PyObject_NewVar(&PyBytes_Type, size));
    resize_bytes(size);
    resize_bytearrays(size);
    repeat(size);
    of_view(size);
    strided_view(size);
    printf("  memory %d %d %d %d\n", PyMem_Malloc((size_t)size) != NULL, PyMem_Calloc((size_t)size, 1) != NULL,
           PyMem_Calloc((size_t)size, 4) != NULL, PyMem_Realloc(NULL, (size_t)size) != NULL);
    printf("  object %d %d %d\n", PyObject_Malloc((size_t)size) != NULL, PyObject_Calloc((size_t)size, 2) != NULL,
           PyObject_Realloc(NULL, (size_t)size) != NULL);
}

static void negative_sizes(void)
{
    static const Py_ssize_t negative[] = {-1, -2, -100, PY_SSIZE_T_MIN + 1, PY_SSIZE_T_MIN};
    twin_title("negative sizes");
    for (size_t i = 0; i < TWIN_COUNT(negative); i++) {
        printf("%lld\n", (long long)negative[i]);
        made("bytes", PyBytes_FromStringAndSize(NULL, negative[i]));
        made("a bytearray", PyByteArray_FromStringAndSize(NULL, negative[i]));
        resize_bytes(negative[i]);
        repeat(negative[i]);
    }
}

int main(void)
{
    twin_start();
    Py_Initialize();
    twin_title("sizes that no memory has");
    for (size_t i = 0; i < TWIN_COUNT(sizes); i++) {
        all(sizes[i]);
    }
    negative_sizes();
    return 0;
}

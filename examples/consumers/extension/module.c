/*
 * An extension module of CPython that uses the prefixed library: fields.doubles(exporter, path) returns a bytearray of the
 * doubles in a field of records.
 *
 * CPython's objects go to the library as they are, since objects and views have the same layout on both sides. Errors do not:
 * each side has its own indicator, so the module raises the library's as its own.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <pybuffer/pybuffer_prefixed.h>

/* The pending error of the library becomes one of CPython's. One that CPython's exporter has raised is pending already. */
static PyObject *raise(void)
{
    if (!PyErr_Occurred()) {
        PyErr_SetString(pyb_PyErr_ExceptionMatches(pyb_PyExc_TypeError) ? PyExc_TypeError : PyExc_ValueError,
                        pyb_pybuffer_error_message());
    }
    pyb_PyErr_Clear();
    return NULL;
}

static PyObject *doubles(PyObject *self, PyObject *args)
{
    PyObject *exporter, *table, *column, *result = NULL;
    const char *path;
    Py_ssize_t count;

    (void)self;
    if (!PyArg_ParseTuple(args, "Os", &exporter, &path))
        return NULL;
    /* A memoryview of the library's over an exporter of CPython's. */
    table = pyb_PyMemoryView_FromObject(exporter);
    column = table != NULL ? pyb_pybuffer_memoryview_field(table, path) : NULL;
    if (column == NULL)
        goto error;
    count = PyMemoryView_GET_BUFFER(column)->len / PyMemoryView_GET_BUFFER(column)->itemsize;
    result = PyByteArray_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(double));
    if (result == NULL || pyb_pybuffer_memoryview_to_double(column, (double *)(void *)PyByteArray_AS_STRING(result), count) < 0)
        goto error;
    Py_DECREF(column);
    Py_DECREF(table);
    return result;
error:
    Py_XDECREF(result);
    Py_XDECREF(column);
    Py_XDECREF(table);
    return raise();
}

static PyMethodDef methods[] = {
    {"doubles", doubles, METH_VARARGS, "doubles(exporter, path): the numbers of a field of records"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "fields", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_fields(void)
{
    return PyModule_Create(&definition);
}

/* Functions of C as functions of Python, as CPython's _testbuffer has them. Also the start of the binding in its module. */
#include "binding.h"

#include <string.h>

/* A request of the library; Python's error on failure. */
int request(PyObject *object, Py_buffer *view, int flags)
{
    return pyb_PyObject_GetBuffer(exporter_of(object), view, flags) < 0 ? failed_int() : 0;
}

/* The order as a string of one ASCII character; 0 with an error. */
static char order_of(PyObject *object)
{
    if (!PyUnicode_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "order must be a string");
        return 0;
    }
    PyObject *ascii = PyUnicode_AsASCIIString(object);
    if (ascii == NULL) {
        return 0;
    }
    char order = PyBytes_GET_SIZE(ascii) == 1 ? PyBytes_AS_STRING(ascii)[0] : '?';
    Py_DECREF(ascii);
    if (order != 'C' && order != 'F' && order != 'A') {
        PyErr_SetString(PyExc_ValueError, "invalid order, must be C, F or A");
        return 0;
    }
    return order;
}

/* get_contiguous(object, buffertype, order): PyMemoryView_GetContiguous. */
static PyObject *get_contiguous(PyObject *module, PyObject *args)
{
    PyObject *object, *type, *text;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOO", &object, &type, &text)) {
        return NULL;
    }
    if (!PyLong_Check(type)) {
        PyErr_SetString(PyExc_TypeError, "buffertype must be PyBUF_READ or PyBUF_WRITE");
        return NULL;
    }
    long buffertype = PyLong_AsLong(type);
    if (buffertype == -1 && PyErr_Occurred()) {
        return NULL;
    }
    /* SystemError in the library. */
    if (buffertype != PyBUF_READ && buffertype != PyBUF_WRITE) {
        PyErr_SetString(PyExc_ValueError, "invalid buffer type");
        return NULL;
    }
    char order = order_of(text);
    if (order == 0) {
        return NULL;
    }
    return wrap(pyb_PyMemoryView_GetContiguous(exporter_of(object), (int)buffertype, order));
}

/* py_buffer_to_contiguous(object, order, flags): PyBuffer_ToContiguous of what the object answers. */
static PyObject *py_buffer_to_contiguous(PyObject *module, PyObject *args)
{
    PyObject *object, *text, *result;
    Py_buffer view;
    int flags;
    char order;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOi", &object, &text, &flags) || request(object, &view, flags) < 0) {
        return NULL;
    }
    order = order_of(text);
    result = order == 0 ? NULL : PyBytes_FromStringAndSize(NULL, view.len);
    if (result != NULL && pyb_PyBuffer_ToContiguous(PyBytes_AS_STRING(result), &view, view.len, order) < 0) {
        failed();
        Py_CLEAR(result);
    }
    pyb_PyBuffer_Release(&view);
    return result;
}

/* is_contiguous(object, order): PyBuffer_IsContiguous. An exporter that has no strides to show is asked for less. */
static PyObject *is_contiguous(PyObject *module, PyObject *args)
{
    static const int LESS[] = {PyBUF_FULL_RO, PyBUF_CONTIG_RO, PyBUF_SIMPLE};
    PyObject *object, *text;
    Py_buffer view;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &object, &text)) {
        return NULL;
    }
    char order = order_of(text);
    if (order == 0) {
        return NULL;
    }
    /* An ndarray of the library is asked for what it is. */
    if (ndarray_base(object) != NULL) {
        return PyBool_FromLong(pyb_PyBuffer_IsContiguous(ndarray_base(object), order));
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(LESS); i++) {
        PyErr_Clear();
        if (request(object, &view, LESS[i]) == 0) {
            PyObject *answer = PyBool_FromLong(pyb_PyBuffer_IsContiguous(&view, order));
            pyb_PyBuffer_Release(&view);
            return answer;
        }
        if (!PyErr_ExceptionMatches(PyExc_BufferError)) {
            return NULL;
        }
    }
    return NULL;
}

/* Whether two views have the same extents, and the same strides along every axis that is walked. */
static int same_layout(const Py_buffer *a, const Py_buffer *b)
{
    if (a->ndim != b->ndim || a->len != b->len || a->itemsize != b->itemsize) {
        return 0;
    }
    for (int i = 0; i < a->ndim; i++) {
        if (a->shape[i] != b->shape[i]) {
            return 0;
        }
        if (a->len > 0 && a->shape[i] > 1 && a->strides[i] != b->strides[i]) {
            return 0;
        }
    }
    return 1;
}

/* The format of a full view: native mode need not be said. */
static const char *plain_format(const Py_buffer *view)
{
    return view->format[0] == '@' ? view->format + 1 : view->format;
}

/* Whether two full views are contiguous in the same order, with the same extents, format and bytes. */
static int same_contiguous(const Py_buffer *a, const Py_buffer *b)
{
    return ((pyb_PyBuffer_IsContiguous(a, 'C') && pyb_PyBuffer_IsContiguous(b, 'C'))
            || (pyb_PyBuffer_IsContiguous(a, 'F') && pyb_PyBuffer_IsContiguous(b, 'F')))
           && same_layout(a, b) && strcmp(plain_format(a), plain_format(b)) == 0
           && memcmp(a->buf, b->buf, (size_t)a->len) == 0;
}

/* cmp_contig(object, object): whether the two export the same contiguous memory. */
static PyObject *cmp_contig(PyObject *module, PyObject *args)
{
    PyObject *objects[2];
    Py_buffer views[2];
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &objects[0], &objects[1])) {
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        if (request(objects[i], &views[i], PyBUF_FULL_RO) < 0) {
            PyErr_SetString(PyExc_TypeError, "cmp_contig: the argument does not implement the buffer protocol");
            if (i == 1) {
                pyb_PyBuffer_Release(&views[0]);
            }
            return NULL;
        }
    }
    PyObject *answer = PyBool_FromLong(same_contiguous(&views[0], &views[1]));
    pyb_PyBuffer_Release(&views[0]);
    pyb_PyBuffer_Release(&views[1]);
    return answer;
}

static PyObject *pointed_to(const Py_buffer *view, PyObject *sequence)
{
    Py_ssize_t indices[128];
    Py_ssize_t count = PySequence_Size(sequence);
    if (count < 0) {
        return NULL;
    }
    if (count != view->ndim || count > (Py_ssize_t)Py_ARRAY_LENGTH(indices)) {
        PyErr_SetString(PyExc_ValueError, "get_pointer(): len(indices) != ndim");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *index = PySequence_GetItem(sequence, i);
        indices[i] = index == NULL ? -1 : PyLong_AsSsize_t(index);
        Py_XDECREF(index);
        if (PyErr_Occurred()) {
            return NULL;
        }
        if (indices[i] < 0 || indices[i] >= view->shape[i]) {
            PyErr_SetString(PyExc_ValueError, "get_pointer(): index out of bounds");
            return NULL;
        }
    }
    const void *item = pyb_PyBuffer_GetPointer(view, indices);
    return item == NULL ? failed() : unpacked(view->format, item);
}

/* get_pointer(object, indices): the item at PyBuffer_GetPointer. */
static PyObject *get_pointer(PyObject *module, PyObject *args)
{
    PyObject *object, *sequence;
    Py_buffer view;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &object, &sequence) || request(object, &view, PyBUF_FULL_RO) < 0) {
        return NULL;
    }
    PyObject *result = pointed_to(&view, sequence);
    pyb_PyBuffer_Release(&view);
    return result;
}

static PyMethodDef functions[] = {
    {"get_contiguous", get_contiguous, METH_VARARGS, NULL},
    {"py_buffer_to_contiguous", py_buffer_to_contiguous, METH_VARARGS, NULL},
    {"is_contiguous", is_contiguous, METH_VARARGS, NULL},
    {"cmp_contig", cmp_contig, METH_VARARGS, NULL},
    {"get_pointer", get_pointer, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int prepare_binding(PyObject *module)
{
    if (prepare_errors() < 0 || PyType_Ready(&Iterator_Type) < 0 || PyType_Ready(&Asked_Type) < 0) {
        return -1;
    }
    if (PyModule_AddFunctions(module, functions) < 0) {
        return -1;
    }
    return prepare_memoryviews(module) < 0 ? -1 : prepare_ndarrays(module);
}

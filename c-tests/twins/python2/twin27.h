/* Shared by the twin programs about Python 2: those of ../twins, but built with CPython 2.7's headers and library, and with
 * ours. What is called bytes there is str; its items, and those of a bytearray, are ints or strs there and bytes here. */
#ifndef TWIN27_H
#define TWIN27_H

#include "../twin.h"

#ifdef TWIN_PYTHON_H
typedef long Py_hash_t;
#  define IS_INT(op) PyInt_Check(op)
#  define INT_VALUE(op) PyInt_AsLong(op)
#else
#  define IS_INT(op) ((op) != (op)) /* there are none */
#  define INT_VALUE(op) 0L
#endif

/* The object that a function has made, which is dropped, or its error. */
static inline void show(PyObject *result)
{
    if (result == NULL) {
        printf(" %s", twin_error());
    } else if (PyBytes_Check(result)) {
        printf(" bytes '");
        twin_print_content(PyBytes_AS_STRING(result), PyBytes_GET_SIZE(result));
        printf("'");
    } else if (PyByteArray_Check(result)) {
        printf(" bytearray '");
        twin_print_content(PyByteArray_AS_STRING(result), PyByteArray_GET_SIZE(result));
        printf("'");
    } else if (PyBuffer_Check(result)) {
        printf(" buffer");
    } else {
        printf(" %s", Py_TYPE(result)->tp_name);
    }
    Py_XDECREF(result);
}

/* The item of a bytearray. */
static inline void show_item(PyObject *item)
{
    if (item != NULL && IS_INT(item)) {
        printf(" item %02lx", INT_VALUE(item));
    } else if (item != NULL && PyBytes_Check(item) && PyBytes_GET_SIZE(item) == 1) {
        printf(" item %02x", (unsigned char)PyBytes_AS_STRING(item)[0]);
    } else {
        show(item);
        return;
    }
    Py_DECREF(item);
}

/* The result of a function that gives 0 or -1. */
static inline void show_status(int status)
{
    printf(" %d %s", status, twin_error());
}

/* All of the bytes of a buffer, by way of its slices. */
static inline void show_content(PyObject *op)
{
    Py_ssize_t length = PySequence_Size(op);
    printf(" length %lld", (long long)length);
    printf(" %s", twin_error());
    show(PySequence_GetSlice(op, 0, PY_SSIZE_T_MAX));
}

static inline PyObject *new_bytearray(const char *text)
{
    return PyByteArray_FromStringAndSize(text, (Py_ssize_t)strlen(text));
}

/* Indices within, at the ends and beyond, for at most 6 items. */
static const Py_ssize_t indices[] = {PY_SSIZE_T_MIN, PY_SSIZE_T_MIN + 1, -100, -13, -12, -9, -8, -7, -6, -5, -4, -3, -2, -1,
                                     0, 1, 2, 3, 4, 5, 6, 7, 8, 100, PY_SSIZE_T_MAX - 1, PY_SSIZE_T_MAX};

#endif

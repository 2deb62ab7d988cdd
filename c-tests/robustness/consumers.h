/* An exporter of memory, and the functions that ask one for a full view. */
#ifndef CONSUMERS_H
#define CONSUMERS_H

#include "support.h"

static char memory[256];

static Exporter *fresh(void)
{
    memset(memory, 'm', sizeof(memory));
    return exporter_of_bytes(memory, 16);
}

/* The outcome of one of these functions for an exporter: 1 for success, 0 for failure. All ask for a full view. */
static int as_memoryview(PyObject *op)
{
    PyObject *result = PyMemoryView_FromObject(op);
    Py_XDECREF(result);
    return result != NULL;
}

static int as_contiguous(PyObject *op)
{
    PyObject *result = PyMemoryView_GetContiguous(op, PyBUF_READ, 'F');
    Py_XDECREF(result);
    return result != NULL;
}

static int as_bytes(PyObject *op)
{
    PyObject *result = PyBytes_FromObject(op);
    Py_XDECREF(result);
    return result != NULL;
}

static int as_bytearray(PyObject *op)
{
    PyObject *result = PyByteArray_FromObject(op);
    Py_XDECREF(result);
    return result != NULL;
}

static int as_picklebuffer(PyObject *op)
{
    PyObject *result = PyPickleBuffer_FromObject(op);
    Py_XDECREF(result);
    return result != NULL;
}

static int as_source(PyObject *op)
{
    PyObject *dest = PyByteArray_FromStringAndSize(NULL, 64);
    int status = PyObject_CopyData(dest, op);
    Py_DECREF(dest);
    return status == 0;
}

static int as_destination(PyObject *op)
{
    PyObject *src = PyBytes_FromStringAndSize("s", 1);
    int status = PyObject_CopyData(op, src);
    Py_DECREF(src);
    return status == 0;
}

static int as_target(PyObject *op)
{
    return PyObject_CopyToObject(op, memory + 128, 1, 'C') == 0;
}

static int (*const consumers[])(PyObject *) = {as_memoryview, as_contiguous,  as_bytes,      as_bytearray,
                                               as_picklebuffer, as_source, as_destination, as_target};

#endif

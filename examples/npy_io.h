/* Arrays from .npy files, NumPy's own format for one array: a header in Python's syntax, and the
 * items after it. Versions 1.0 to 3.0; numbers, text and bytes in both byte orders, and records.
 */
#ifndef EXAMPLES_NPY_IO_H
#define EXAMPLES_NPY_IO_H

#include <pybuffer/pybuffer.h>

#define NPY_MAX_NDIM 64

typedef struct {
    PyObject *format; /* the description of an item */
    PyObject *view;   /* a memoryview of the array, over the file's bytes */
    /* What the memoryview looks at. */
    unsigned char *bytes;
    Py_ssize_t shape[NPY_MAX_NDIM];
    Py_ssize_t strides[NPY_MAX_NDIM];
} NpyArray;

/* Reads a file. 0; -1 with an error set, and then there is nothing to close. */
int npy_open(const char *path, NpyArray *array);

/* Gives everything back. The view must not be used any more. */
void npy_close(NpyArray *array);

#endif

/* Arrays from .npy files, NumPy's own format for one array: a header in Python's syntax, and the
 * items after it. Versions 1.0 to 3.0; numbers, text and bytes in both byte orders, and records. Also
 * those that Python 2 wrote.
 */
#ifndef EXAMPLES_NPY_IO_H
#define EXAMPLES_NPY_IO_H

#include <pybuffer/pybuffer.h>

#include "file.h"

/* A memoryview of the array that the file holds, in the order that it has there. A new reference; NULL
 * with an error set. */
PyObject *npy_read(const char *path);

/* The same of a file that is open. */
PyObject *npy_view(const File *file);

#endif

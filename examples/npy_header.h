/* The header of a .npy file, which is a Python dictionary such as
 * {'descr': [('x', '<f8'), ('name', '|S4', (2,))], 'fortran_order': False, 'shape': (3, 4), }
 */
#ifndef EXAMPLES_NPY_HEADER_H
#define EXAMPLES_NPY_HEADER_H

#include <pybuffer/pybuffer.h>

#define NPY_MAX_NDIM 64

typedef struct {
    const char *path;                      /* for messages */
    const unsigned char *begin, *at, *end; /* the text of the header; what is read next */
    int is_utf8;                           /* else Latin-1 */
    PyObject *format; /* a bytearray: the description of an item by PEP 3118, which ends in a NUL */
    int fortran_order;
    int ndim;
    Py_ssize_t shape[NPY_MAX_NDIM];
} NpyHeader;

/* Writes a character as UTF-8; returns the number of bytes, 1 to 4. */
size_t npy_encode(char bytes[4], uint32_t character);

/* Reads the text. 0, or -1 with an error set; a header->format is to be dropped in any case. */
int npy_parse_header(NpyHeader *header);

#endif

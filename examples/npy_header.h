/* The header of a .npy file, which is a Python dictionary such as
 * {'descr': [('x', '<f8'), ('name', '|S4', (2,))], 'fortran_order': False, 'shape': (3, 4), }
 */
#ifndef EXAMPLES_NPY_HEADER_H
#define EXAMPLES_NPY_HEADER_H

#include <pybuffer/pybuffer.h>

#include "npy_io.h"

/* A text that grows; always ends in a NUL. To be freed is its start. */
typedef struct {
    char *start;
    size_t length, room;
} Text;

typedef struct {
    const char *path;                      /* for messages */
    const unsigned char *begin, *at, *end; /* the text of the header; what is read next */
    int is_utf8;                           /* else Latin-1 */
    Text format;                           /* the description of an item, by PEP 3118 */
    int fortran_order;
    Py_ssize_t ndim;
    Py_ssize_t shape[NPY_MAX_NDIM];
} NpyHeader;

/* Reads the text. 0, or -1 with an error set; header->format.start is to be freed in any case. */
int npy_parse_header(NpyHeader *header);

#endif

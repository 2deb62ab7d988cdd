/* What ndarray.c and base.c share. */
#ifndef NDARRAY_H
#define NDARRAY_H

#include "binding.h"

/* How a base is described, as Python objects and as the library takes it. */
typedef struct {
    PyObject *items, *shape, *strides;
    Py_ssize_t offset;
    const char *format;
    int flags;

    int ndim;
    Py_ssize_t *lengths, *steps;
    pybuffer_value *values;
    Py_ssize_t nvalues;
} Base;

/* Fills what the library takes from the Python objects; to be freed by forget_base, also after a failure. */
int describe(Base *base);
void forget_base(Base *base);
/* Whether it is the values of a base that the library has refused. refuse_values says so. */
int values_are_wrong(const Base *base);
void refuse_values(void);

/* How many values an item of a format has; -1 with an error, as for an item without bytes. */
Py_ssize_t values_in(const char *format);

/* Raises, and gives -1: an exception of Python's; the library's error, as struct.error where it is about a value. */
int fail(PyObject *exception, const char *message);
int failed_to_pack(void);
int prepare_bases(void);

#endif

/* What the files of the package's extension module share. */
#ifndef MODULE_H
#define MODULE_H

#include "binding.h"

/* parts.c: methods of memoryviews that CPython's have not, put into the type, and what makes memoryviews, into the module. */
int prepare_parts(PyObject *module);

/* tensors.c: DLPack; as above. */
int prepare_tensors(PyObject *module);

/* faulty.c: the type faulty, put into the module. */
int prepare_faulty(PyObject *module);

/* check.c: the functions of the checker. */
extern PyMethodDef check_functions[];

/* Methods that are put into a type that is ready. */
int add_methods(PyTypeObject *type, PyMethodDef *methods);

/* A list or tuple of integers, or one integer, as an array to be freed; NULL with an error. */
Py_ssize_t *numbers_of(PyObject *object, int *count);
/* One of the orders 'C', 'F' and, where it is allowed, 'A'; 0 with an error. */
char order_of_text(const char *text, int either);

#endif

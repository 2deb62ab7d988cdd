/* What testing.c and oldbuffer.c share. */
#ifndef TESTING_H
#define TESTING_H

#include "binding.h"

/* oldbuffer.c: the type buffer, put into the module. */
int prepare_oldbuffers(PyObject *module);

#endif

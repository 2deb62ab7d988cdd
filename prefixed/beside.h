/* Functions of beside_prefixed.c, which uses the prefixed library, for beside.c. */
#ifndef BESIDE_H
#define BESIDE_H

/* A memoryview of the prefixed library; its release; the name of its pending error; its None. */
PyObject *other_memoryview(PyObject *exporter);
int other_release(PyObject *view);
const char *other_error(void);
void *other_none(void);

#endif

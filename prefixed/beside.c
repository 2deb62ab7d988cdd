/* The library and its prefixed build in one program: the types, singletons and errors are two of each, and an exporter of the
 * one is an exporter to the other. Prints "ok", or what is wrong. With beside_prefixed.c.
 */
#include <pybuffer/pybuffer.h>

#include <stdio.h>
#include <string.h>

#include "beside.h"

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("line %d: %s\n", __LINE__, #condition);                                                             \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

int main(void)
{
    PyObject *bytes = PyBytes_FromString("some bytes");
    PyObject *view = other_memoryview(bytes);
    EXPECT(view != NULL);
    EXPECT(Py_REFCNT(bytes) == 2);
    EXPECT(!PyMemoryView_Check(view));
    EXPECT(PyObject_CheckBuffer(view));
    EXPECT(other_none() != (void *)Py_None);

    /* A memoryview of a memoryview of the other's, which is just an exporter. */
    PyObject *own = PyMemoryView_FromObject(view);
    EXPECT(own != NULL && PyMemoryView_Check(own));
    EXPECT(PyMemoryView_GET_BUFFER(own)->buf == (void *)PyBytes_AsString(bytes));
    EXPECT(PyMemoryView_GET_BASE(own) == view);
    EXPECT(other_release(view) < 0);
    EXPECT(PyErr_Occurred() == NULL);
    EXPECT(strcmp(other_error(), "BufferError") == 0);
    EXPECT(pybuffer_memoryview_release(own) == 0);
    EXPECT(other_release(view) == 0);

    Py_DECREF(own);
    Py_DECREF(view);
    EXPECT(Py_REFCNT(bytes) == 1);
    Py_DECREF(bytes);
    puts("ok");
    return 0;
}

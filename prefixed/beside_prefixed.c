#include <pybuffer/pybuffer_prefixed.h>

#include "beside.h"

PyObject *other_memoryview(PyObject *exporter)
{
    return pyb_PyMemoryView_FromObject(exporter);
}

int other_release(PyObject *view)
{
    return pyb_pybuffer_memoryview_release(view);
}

const char *other_error(void)
{
    const char *name = pyb_pybuffer_error_name();
    pyb_PyErr_Clear();
    return name == NULL ? "" : name;
}

void *other_none(void)
{
    return Py_None;
}

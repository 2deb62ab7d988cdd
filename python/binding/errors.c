/* Errors of the library as Python's exceptions: of the same name, with the same message. */
#include "binding.h"

static PyObject *builtins;

/* Called once, for the names. */
int prepare_errors(void)
{
    builtins = PyImport_ImportModule("builtins");
    return builtins == NULL ? -1 : 0;
}

PyObject *failed(void)
{
    const char *name = pyb_pybuffer_error_name();
    if (name == NULL) {
        /* An exporter has raised in Python. */
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_SystemError, "libpybuffer failed without an error");
        }
        return NULL;
    }
    PyErr_Clear();
    PyObject *type = PyObject_GetAttrString(builtins, name);
    if (type != NULL) {
        PyErr_SetString(type, pyb_pybuffer_error_message());
        Py_DECREF(type);
    }
    pyb_PyErr_Clear();
    return NULL;
}

int failed_int(void)
{
    failed();
    return -1;
}

void forget(void)
{
    PyErr_Clear();
    if (pyb_pybuffer_error_name() != NULL) {
        pyb_PyErr_Clear();
        Py_FatalError("libpybuffer succeeded with an error pending");
    }
}

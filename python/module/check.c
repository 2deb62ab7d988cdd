/* The checker of exporters, for exporters of Python's, and what its findings are confirmed with. */
#include "module.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    PyObject *list;
    int failed;
    /* The name of the last exception. */
    char raised[100];
} Found;

/* What the exporter has raised in Python becomes an error of the library's, which the checker reads: of the first of these
 * types that it is one of. */
static void settle(void *context)
{
    const struct {
        PyObject *theirs, *ours;
    } types[] = {
        {PyExc_BufferError, pyb_PyExc_BufferError},
        {PyExc_MemoryError, pyb_PyExc_MemoryError},
        {PyExc_TypeError, pyb_PyExc_TypeError},
        {PyExc_ValueError, pyb_PyExc_ValueError},
        {PyExc_IndexError, pyb_PyExc_IndexError},
        {PyExc_OverflowError, pyb_PyExc_OverflowError},
        {PyExc_NotImplementedError, pyb_PyExc_NotImplementedError},
        {PyExc_RuntimeError, pyb_PyExc_RuntimeError},
        {PyExc_SystemError, pyb_PyExc_SystemError},
        {PyExc_Exception, pyb_PyExc_Exception},
        {PyExc_BaseException, pyb_PyExc_BaseException},
    };
    if (PyErr_Occurred() != NULL) {
        snprintf(((Found *)context)->raised, sizeof(((Found *)context)->raised), "%s",
                 ((PyTypeObject *)PyErr_Occurred())->tp_name);
    }
    for (size_t i = 0; PyErr_Occurred() != NULL && i < Py_ARRAY_LENGTH(types); i++) {
        if (PyErr_ExceptionMatches(types[i].theirs)) {
            pyb_PyErr_SetNone(types[i].ours);
            PyErr_Clear();
        }
    }
}

/* The message, which may quote a format of any bytes. The library knows few exceptions; the name of another one is added. */
static PyObject *message_of(const pybuffer_finding *finding, const char *raised)
{
    PyObject *text = PyUnicode_DecodeUTF8(finding->message, (Py_ssize_t)strlen(finding->message), "backslashreplace");
    if (text != NULL && strstr(finding->rule, "error") != NULL && strstr(finding->message, "xception") != NULL
        && raised[0] != '\0') {
        PyObject *longer = PyUnicode_FromFormat("%U (%s)", text, raised);
        Py_DECREF(text);
        return longer;
    }
    return text;
}

static void found(void *context, const pybuffer_finding *finding)
{
    Found *all = context;
    PyObject *tuple = Py_BuildValue("(ssisNss)", finding->rule, finding->severity, finding->flags, finding->request,
                                    message_of(finding, all->raised), finding->expected, finding->source);
    if (tuple == NULL || PyList_Append(all->list, tuple) < 0) {
        PyErr_Clear();
        all->failed = 1;
    }
    Py_XDECREF(tuple);
}

/* find_faults(object): a tuple for each rule that is broken. */
static PyObject *find_faults(PyObject *module, PyObject *object)
{
    Found all = {PyList_New(0), 0, ""};
    (void)module;
    if (all.list == NULL) {
        return NULL;
    }
    Py_ssize_t broken = pyb_pybuffer_find_faults(object, found, settle, &all);
    if (broken < 0 || all.failed) {
        Py_DECREF(all.list);
        return broken < 0 ? failed() : PyErr_NoMemory();
    }
    return all.list;
}

/* content(object, flags, limit): the bytes of the array that is answered to a request, in C order, and whether they may be
 * written; None where it is refused, or where there are more bytes than the limit. */
static PyObject *content(PyObject *module, PyObject *args)
{
    PyObject *object, *bytes = NULL;
    Py_buffer view;
    Py_ssize_t limit;
    int flags;
    (void)module;
    if (!PyArg_ParseTuple(args, "Oin:content", &object, &flags, &limit)) {
        return NULL;
    }
    if (request(object, &view, flags) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return NULL;
        }
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    if (view.len < 0 || view.len > limit) {
        pyb_PyBuffer_Release(&view);
        Py_RETURN_NONE;
    }
    bytes = PyBytes_FromStringAndSize(NULL, view.len);
    if (bytes != NULL && pyb_PyBuffer_ToContiguous(PyBytes_AS_STRING(bytes), &view, view.len, 'C') < 0) {
        Py_CLEAR(bytes);
        failed();
    }
    int readonly = view.readonly != 0;
    pyb_PyBuffer_Release(&view);
    return bytes == NULL ? NULL : Py_BuildValue("(NN)", bytes, PyBool_FromLong(!readonly));
}

/* is_exporter(object): whether its type exports anything. */
static PyObject *is_exporter(PyObject *module, PyObject *object)
{
    (void)module;
    return PyBool_FromLong(pyb_PyObject_CheckBuffer(object));
}

PyMethodDef check_functions[] = {
    {"is_exporter", is_exporter, METH_O, NULL},
    {"find_faults", find_faults, METH_O, NULL},
    {"content", content, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

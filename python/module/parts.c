/* What the library's memoryviews can do and CPython's cannot: other arrangements of the axes, fields, conversions, new memory. */
#include "module.h"

#include <string.h>

#define KEYWORDS (METH_VARARGS | METH_KEYWORDS)
#define WITH_KEYWORDS(function) ((PyCFunction)(void (*)(void))(function))

Py_ssize_t *numbers_of(PyObject *object, int *count)
{
    PyObject *sequence = PyIndex_Check(object) ? PyTuple_Pack(1, object) : PySequence_Tuple(object);
    if (sequence == NULL) {
        return NULL;
    }
    Py_ssize_t length = PyTuple_GET_SIZE(sequence);
    Py_ssize_t *numbers = length > PyBUF_MAX_NDIM ? NULL : PyMem_Calloc(length + 1, sizeof(Py_ssize_t));
    if (numbers == NULL) {
        if (length > PyBUF_MAX_NDIM) {
            PyErr_SetString(PyExc_ValueError, "a memoryview has 64 axes at most");
        }
        else {
            PyErr_NoMemory();
        }
    }
    for (Py_ssize_t i = 0; numbers != NULL && i < length; i++) {
        numbers[i] = PyNumber_AsSsize_t(PyTuple_GET_ITEM(sequence, i), PyExc_OverflowError);
        if (numbers[i] == -1 && PyErr_Occurred()) {
            PyMem_Free(numbers);
            numbers = NULL;
        }
    }
    Py_DECREF(sequence);
    *count = (int)length;
    return numbers;
}

char order_of_text(const char *text, int either)
{
    if (text != NULL && (strcmp(text, "C") == 0 || strcmp(text, "F") == 0 || (either && strcmp(text, "A") == 0))) {
        return text[0];
    }
    PyErr_SetString(PyExc_ValueError, either ? "order must be 'C', 'F' or 'A'" : "order must be 'C' or 'F'");
    return 0;
}

static PyObject *memory_copy(Wrapper *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"order", NULL};
    const char *text = "C";
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|s:copy", names, &text)) {
        return NULL;
    }
    char order = order_of_text(text, 1);
    return order == 0 ? NULL : wrap(pyb_pybuffer_memoryview_copy(self->view, order));
}

static PyObject *memory_astype(Wrapper *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"format", "order", NULL};
    const char *format, *text = "C";
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|s:astype", names, &format, &text)) {
        return NULL;
    }
    char order = order_of_text(text, 1);
    return order == 0 ? NULL : wrap(pyb_pybuffer_memoryview_astype(self->view, format, order));
}

static PyObject *memory_convert(Wrapper *self, PyObject *source)
{
    if (pyb_pybuffer_memoryview_convert(self->view, exporter_of(source)) < 0) {
        return failed();
    }
    Py_RETURN_NONE;
}

static PyObject *memory_field(Wrapper *self, PyObject *args)
{
    const char *path;
    if (!PyArg_ParseTuple(args, "s:field", &path)) {
        return NULL;
    }
    return wrap(pyb_pybuffer_memoryview_field(self->view, path));
}

static PyObject *memory_select(Wrapper *self, PyObject *args)
{
    const char *subscripts;
    if (!PyArg_ParseTuple(args, "s:select", &subscripts)) {
        return NULL;
    }
    return wrap(pyb_pybuffer_memoryview_select(self->view, subscripts));
}

static PyObject *memory_elements(Wrapper *self, PyObject *unused)
{
    (void)unused;
    return wrap(pyb_pybuffer_memoryview_elements(self->view));
}

static PyObject *memory_flip(Wrapper *self, PyObject *args)
{
    int axis;
    if (!PyArg_ParseTuple(args, "i:flip", &axis)) {
        return NULL;
    }
    return wrap(pyb_pybuffer_memoryview_flip(self->view, axis));
}

static PyObject *memory_transpose(Wrapper *self, PyObject *args)
{
    PyObject *object = Py_None;
    if (!PyArg_ParseTuple(args, "|O:transpose", &object)) {
        return NULL;
    }
    if (object == Py_None) {
        return wrap(pyb_pybuffer_memoryview_permute(self->view, NULL, ((PyMemoryViewObject *)self->view)->view.ndim));
    }
    int count, axes[PyBUF_MAX_NDIM];
    Py_ssize_t *numbers = numbers_of(object, &count);
    if (numbers == NULL) {
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        axes[i] = numbers[i] == (int)numbers[i] ? (int)numbers[i] : PyBUF_MAX_NDIM;
    }
    PyMem_Free(numbers);
    return wrap(pyb_pybuffer_memoryview_permute(self->view, axes, count));
}

static PyObject *memory_broadcast(Wrapper *self, PyObject *object)
{
    int count;
    Py_ssize_t *shape = numbers_of(object, &count);
    PyObject *result = shape == NULL ? NULL : wrap(pyb_pybuffer_memoryview_broadcast(self->view, count, shape));
    PyMem_Free(shape);
    return result;
}

static PyObject *memory_reshape(Wrapper *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"shape", "order", NULL};
    PyObject *object;
    const char *text = "C";
    int count;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|s:reshape", names, &object, &text)) {
        return NULL;
    }
    char order = order_of_text(text, 0);
    Py_ssize_t *shape = order == 0 ? NULL : numbers_of(object, &count);
    PyObject *result = shape == NULL ? NULL : wrap(pyb_pybuffer_memoryview_reshape(self->view, count, shape, order));
    PyMem_Free(shape);
    return result;
}

static PyObject *memory_equal(Wrapper *self, PyObject *other)
{
    int equal = pyb_pybuffer_memoryview_equal(self->view, exporter_of(other));
    return equal < 0 ? failed() : PyBool_FromLong(equal);
}

static PyMethodDef methods[] = {
    {"copy", WITH_KEYWORDS(memory_copy), KEYWORDS, "New memory with the same items, contiguous in an order."},
    {"astype", WITH_KEYWORDS(memory_astype), KEYWORDS, "New memory with the values converted to a format."},
    {"convert", (PyCFunction)memory_convert, METH_O, "Writes the values of an exporter to the items, converted."},
    {"field", (PyCFunction)memory_field, METH_VARARGS, "A field of all records, by its path."},
    {"select", (PyCFunction)memory_select, METH_VARARGS, "The part that subscripts in a string select."},
    {"elements", (PyCFunction)memory_elements, METH_NOARGS, "The elements of each item as items of further axes."},
    {"flip", (PyCFunction)memory_flip, METH_VARARGS, "The items in reverse order along an axis."},
    {"transpose", (PyCFunction)memory_transpose, METH_VARARGS, "The axes in another order, else in reverse."},
    {"broadcast", (PyCFunction)memory_broadcast, METH_O, "The items repeated to a shape, read-only."},
    {"reshape", WITH_KEYWORDS(memory_reshape), KEYWORDS, "The items in another shape, without a copy."},
    {"equal", (PyCFunction)memory_equal, METH_O, "Whether the other has equal items, whatever the formats."},
    {"index", (PyCFunction)memory_index, METH_VARARGS, "The place of the first item that equals a value."},
    {"count", (PyCFunction)memory_count, METH_O, "How many items equal a value."},
    {NULL, NULL, 0, NULL},
};

static PyObject *zeros(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"shape", "format", "order", NULL};
    PyObject *object;
    const char *format = "B", *text = "C";
    int count;
    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|ss:zeros", names, &object, &format, &text)) {
        return NULL;
    }
    char order = order_of_text(text, 0);
    Py_ssize_t *shape = order == 0 ? NULL : numbers_of(object, &count);
    PyObject *result = shape == NULL ? NULL : wrap(pyb_pybuffer_memoryview_new(format, count, shape, order));
    PyMem_Free(shape);
    return result;
}

static PyMethodDef functions[] = {
    {"zeros", WITH_KEYWORDS(zeros), KEYWORDS, "A memoryview of new memory, all 0."},
    {NULL, NULL, 0, NULL},
};

int prepare_parts(PyObject *module)
{
    return add_methods(&Wrapper_Type, methods) < 0 ? -1 : PyModule_AddFunctions(module, functions);
}

/* How an ndarray is described in Python, and its items, as the library takes them.
 *
 * The type of CPython's tests packs its items by the struct module, whose struct.error stands for what is wrong with a value
 * or a format; the library has TypeError and ValueError there.
 */
#include "ndarray.h"

static PyObject *struct_error;

int fail(PyObject *exception, const char *message)
{
    PyErr_SetString(exception, message);
    return -1;
}

/* The library's error about a value or a format, as struct.error. */
int failed_to_pack(void)
{
    if (!PyErr_Occurred()) {
        failed();
    }
    if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        PyErr_SetString(struct_error, "libpybuffer does not pack this value");
    }
    return -1;
}

void refuse_values(void)
{
    PyErr_SetString(struct_error, "libpybuffer does not pack these values");
}

int prepare_bases(void)
{
    PyObject *module = PyImport_ImportModule("struct");
    struct_error = module == NULL ? NULL : PyObject_GetAttrString(module, "error");
    Py_XDECREF(module);
    return struct_error == NULL ? -1 : 0;
}

/* The values of an item from one object, or from a list or tuple of as many. */
int values_of_item(PyObject *item, const char *format, pybuffer_value *values, Py_ssize_t count)
{
    int scalar = PyBytes_Check(item) || PyLong_Check(item) || PyFloat_Check(item)
                 || (PY_VERSION_HEX >= 0x030F0000 && PyComplex_Check(item));
    if (scalar && count == 1) {
        return natural_value(item, format, values);
    }
    if (!(PyList_Check(item) || PyTuple_Check(item)) || PySequence_Fast_GET_SIZE(item) != count) {
        return fail(PyExc_ValueError, "mismatch between initializer element and format string");
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (natural_value(PySequence_Fast_GET_ITEM(item, i), format, values + i) < 0) {
            return -1;
        }
    }
    return 0;
}

/* How many values an item has; -1 with an error. */
Py_ssize_t values_in(const char *format)
{
    Py_ssize_t size = pyb_PyBuffer_SizeFromFormat(format);
    if (size < 0) {
        return failed_to_pack();
    }
    if (size == 0) {
        return fail(PyExc_ValueError, "itemsize must not be zero");
    }
    Py_ssize_t count = values_of_format(format);
    return count < 0 ? failed_to_pack() : count;
}

/* A list or tuple of integers as an array, to be freed. */
static Py_ssize_t *sizes_of(PyObject *object, const char *message)
{
    Py_ssize_t count = PySequence_Size(object);
    Py_ssize_t *sizes = PyMem_Calloc(count + 1, sizeof(Py_ssize_t));
    for (Py_ssize_t i = 0; sizes != NULL && i < count; i++) {
        PyObject *entry = PySequence_Fast_GET_ITEM(object, i);
        if (PyLong_Check(entry)) {
            sizes[i] = PyLong_AsSsize_t(entry);
        }
        else {
            PyErr_SetString(PyExc_ValueError, message);
        }
        if (PyErr_Occurred()) {
            PyMem_Free(sizes);
            return NULL;
        }
    }
    return sizes;
}

static int is_sequence(PyObject *object)
{
    return PyList_Check(object) || PyTuple_Check(object);
}

int describe(Base *base)
{
    if (!is_sequence(base->shape)) {
        return fail(PyExc_TypeError, "shape must be a list or a tuple");
    }
    if (base->strides != NULL && !is_sequence(base->strides)) {
        return fail(PyExc_TypeError, "strides must be a list or a tuple");
    }
    Py_ssize_t ndim = PySequence_Size(base->shape);
    base->ndim = ndim > PYBUFFER_ND_MAX_NDIM ? PYBUFFER_ND_MAX_NDIM + 1 : (int)ndim;
    base->lengths = sizes_of(base->shape, "elements of shape must be integers");
    if (base->lengths == NULL) {
        return -1;
    }
    if (base->strides != NULL && PySequence_Size(base->strides) != 0) {
        if (!(base->flags & PYBUFFER_ND_FORTRAN) && PySequence_Size(base->strides) != ndim) {
            return fail(PyExc_ValueError, "len(shape) != len(strides)");
        }
        base->steps = sizes_of(base->strides, "elements of strides must be integers");
        if (base->steps == NULL) {
            return -1;
        }
    }
    Py_ssize_t each = values_in(base->format);
    if (each < 0) {
        return -1;
    }
    if (ndim != 0 && !is_sequence(base->items)) {
        return fail(PyExc_TypeError, "items must be a list or a tuple");
    }
    Py_ssize_t nitems = ndim == 0 ? 1 : PySequence_Size(base->items);
    if (nitems == 0) {
        return fail(PyExc_ValueError, "initializer list or tuple must not be empty");
    }
    base->nvalues = nitems * each;
    base->values = PyMem_Calloc(base->nvalues + 1, sizeof(pybuffer_value));
    for (Py_ssize_t i = 0; i < nitems; i++) {
        PyObject *item = ndim == 0 ? base->items : PySequence_Fast_GET_ITEM(base->items, i);
        if (values_of_item(item, base->format, base->values + i * each, each) < 0) {
            return -1;
        }
    }
    return 0;
}

void forget_base(Base *base)
{
    PyMem_Free(base->lengths);
    PyMem_Free(base->steps);
    PyMem_Free(base->values);
}

/* Whether what was refused are the values: with values of 0 in their place the library takes the array. */
int values_are_wrong(const Base *base)
{
    PyObject *parsed = pyb_pybuffer_format_parse(base->format);
    char *item = PyMem_Calloc(1, pyb_pybuffer_format_itemsize(parsed) + 1);
    Py_ssize_t each = pyb_pybuffer_format_value_count(parsed);
    int wrong = 0;
    for (Py_ssize_t i = 0; each != 0 && !wrong && i + each <= base->nvalues; i += each) {
        wrong = pyb_pybuffer_format_pack(parsed, item, base->values + i) < 0;
    }
    pyb_PyErr_Clear();
    PyMem_Free(item);
    pyb_Py_DecRef(parsed);
    return wrong;
}

/* Items: the library's typed values and Python objects. */
#include "binding.h"

#include <string.h>

static PyObject *object_of_value(const pybuffer_value *value)
{
    switch (value->kind) {
    case PYBUFFER_KIND_SIGNED:
        return PyLong_FromLongLong(value->as.i);
    case PYBUFFER_KIND_UNSIGNED:
    case PYBUFFER_KIND_BITS:
    case PYBUFFER_KIND_POINTER:
    case PYBUFFER_KIND_OBJECT:
    case PYBUFFER_KIND_FUNCTION:
        return PyLong_FromUnsignedLongLong(value->as.u);
    case PYBUFFER_KIND_BOOL:
        return PyBool_FromLong(value->as.u != 0);
    case PYBUFFER_KIND_FLOAT:
        return PyFloat_FromDouble(value->as.real);
    case PYBUFFER_KIND_LONG_DOUBLE: {
        /* The nearest double. */
        long double real;
        memcpy(&real, value->as.long_double, sizeof(real));
        return PyFloat_FromDouble((double)real);
    }
    case PYBUFFER_KIND_COMPLEX:
        return PyComplex_FromDoubles(value->as.parts[0], value->as.parts[1]);
    case PYBUFFER_KIND_BYTES:
        return PyBytes_FromStringAndSize(value->as.bytes.start, value->as.bytes.length);
    case PYBUFFER_KIND_TEXT:
        return PyUnicode_FromFormat("%c", (int)value->as.u);
    default:
        PyErr_Format(PyExc_SystemError, "a value of kind %d was not expected", value->kind);
        return NULL;
    }
}

/* One value as it is, several as a tuple, as the struct module would have it. */
PyObject *object_of_values(const pybuffer_value *values, Py_ssize_t count)
{
    if (count == 1) {
        return object_of_value(values);
    }
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *value = object_of_value(values + i);
        if (value == NULL) {
            Py_CLEAR(tuple);
        }
        else {
            PyTuple_SET_ITEM(tuple, i, value);
        }
    }
    return tuple;
}

Py_ssize_t values_of_format(const char *format)
{
    PyObject *parsed = pyb_pybuffer_format_parse(format);
    if (parsed == NULL) {
        return failed_int();
    }
    Py_ssize_t count = pyb_pybuffer_format_value_count(parsed);
    pyb_Py_DecRef(parsed);
    return count;
}

static int invalid(PyObject *exception, const char *what, const char *format)
{
    PyErr_Format(exception, "memoryview: invalid %s for format '%s'", what, format);
    return -1;
}

static int has_float(PyObject *object)
{
    PyNumberMethods *number = Py_TYPE(object)->tp_as_number;
    return PyFloat_Check(object) || PyIndex_Check(object) || (number != NULL && number->nb_float != NULL);
}

/* An int, which may be larger than any value of the library can be. */
static int integer(PyObject *object, const char *format, pybuffer_value *value)
{
    int overflow = 0;
    PyObject *number = PyNumber_Index(object);
    if (number == NULL) {
        return -1;
    }
    value->kind = PYBUFFER_KIND_SIGNED;
    value->as.i = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow > 0) {
        value->kind = PYBUFFER_KIND_UNSIGNED;
        value->as.u = PyLong_AsUnsignedLongLong(number);
    }
    Py_DECREF(number);
    if (overflow < 0 || PyErr_Occurred()) {
        PyErr_Clear();
        return invalid(PyExc_ValueError, "value", format);
    }
    return 0;
}

static int real(PyObject *object, const char *format, pybuffer_value *value)
{
    value->kind = PYBUFFER_KIND_FLOAT;
    value->as.real = PyFloat_AsDouble(object);
    if (value->as.real == -1.0 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
            return invalid(PyExc_ValueError, "value", format);
        }
        return -1;
    }
    return 0;
}

static int has_complex(PyObject *object)
{
    return has_float(object) || PyComplex_Check(object) || PyObject_HasAttrString((PyObject *)Py_TYPE(object), "__complex__");
}

static int complex(PyObject *object, const char *format, pybuffer_value *value)
{
    Py_complex number = PyComplex_AsCComplex(object);
    if (number.real == -1.0 && PyErr_Occurred()) {
        return PyErr_ExceptionMatches(PyExc_OverflowError) ? invalid(PyExc_ValueError, "value", format) : -1;
    }
    value->kind = PYBUFFER_KIND_COMPLEX;
    value->as.parts[0] = number.real;
    value->as.parts[1] = number.imag;
    return 0;
}

/* The object as what it is by itself; whether that fits, the library says. */
static int natural(PyObject *object, const char *format, int of_bytes, pybuffer_value *value)
{
    if (PyBytes_Check(object)) {
        value->kind = of_bytes;
        value->as.bytes = (pybuffer_bytes){PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object)};
        return 0;
    }
    if (PyIndex_Check(object)) {
        if (integer(object, format, value) == 0) {
            return 0;
        }
        /* As what is too large for any value, it is still of the wrong type for bytes. */
        return of_bytes == PYBUFFER_KIND_CHAR ? invalid(PyExc_TypeError, "type", format) : -1;
    }
    if (PyFloat_Check(object)) {
        return real(object, format, value);
    }
    if (PyComplex_Check(object)) {
        return complex(object, format, value);
    }
    return invalid(PyExc_TypeError, "type", format);
}

/* A code unit of text. */
static int is_unit(PyObject *object)
{
    return PyUnicode_Check(object) && PySequence_Size(object) == 1;
}

static int unit(PyObject *object, pybuffer_value *value)
{
    value->kind = PYBUFFER_KIND_TEXT;
    value->as.u = PyUnicode_ReadChar(object, 0);
    return 0;
}

int natural_value(PyObject *object, const char *format, pybuffer_value *value)
{
    if (is_unit(object)) {
        return unit(object, value);
    }
    return natural(object, format, PYBUFFER_KIND_BYTES, value);
}

/* The value for an item of this format, of one code. Objects that can be turned into what the code takes are, as CPython
 * does. May run Python code. */
int value_of_object(PyObject *object, const char *format, pybuffer_value *value)
{
    PyObject *parsed = pyb_pybuffer_format_parse(format);
    if (parsed == NULL) {
        return failed_int();
    }
    int kind = pyb_pybuffer_format_root(parsed)->kind;
    pyb_Py_DecRef(parsed);
    if (kind == PYBUFFER_KIND_BOOL) {
        int truth = PyObject_IsTrue(object);
        value->kind = PYBUFFER_KIND_BOOL;
        value->as.u = truth > 0;
        return truth < 0 ? -1 : 0;
    }
    if (kind == PYBUFFER_KIND_FLOAT && has_float(object)) {
        return real(object, format, value);
    }
    if (kind == PYBUFFER_KIND_COMPLEX && has_complex(object)) {
        return complex(object, format, value);
    }
    if (kind == PYBUFFER_KIND_TEXT && is_unit(object)) {
        return unit(object, value);
    }
    if (kind == PYBUFFER_KIND_POINTER && PyLong_Check(object)) {
        /* An address may be a negative number: PyLong_AsVoidPtr. */
        value->kind = PYBUFFER_KIND_POINTER;
        value->as.u = (uintptr_t)PyLong_AsVoidPtr(object);
        if (PyErr_Occurred()) {
            PyErr_Clear();
            return invalid(PyExc_ValueError, "value", format);
        }
        return 0;
    }
    return natural(object, format, kind == PYBUFFER_KIND_CHAR ? kind : PYBUFFER_KIND_BYTES, value);
}

/* The value of an object that equals the library's value wherever it equals anything: of exactly one of Python's types for
 * numbers and bytes. 0 for any other. */
int value_to_find(PyObject *object, pybuffer_value *value)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyBool_Type) {
        value->kind = PYBUFFER_KIND_BOOL;
        value->as.u = object == Py_True;
        return 1;
    }
    if (type == &PyLong_Type || type == &PyFloat_Type || type == &PyComplex_Type || type == &PyBytes_Type) {
        if (natural_value(object, "", value) == 0) {
            return 1;
        }
        /* An int that no item can equal as one of the library's: Python compares. */
        PyErr_Clear();
    }
    return 0;
}

PyObject *bytes_of(PyObject *bytes)
{
    if (bytes == NULL) {
        return failed();
    }
    PyObject *copy = PyBytes_FromStringAndSize(pyb_PyBytes_AsString(bytes), pyb_PyBytes_Size(bytes));
    pyb_Py_DecRef(bytes);
    return copy;
}

PyObject *str_of(PyObject *bytes)
{
    if (bytes == NULL) {
        return failed();
    }
    PyObject *text = PyUnicode_DecodeASCII(pyb_PyBytes_AsString(bytes), pyb_PyBytes_Size(bytes), "strict");
    pyb_Py_DecRef(bytes);
    return text;
}

/* Nested lists of values in C order, `each` for an item; `next` advances. */
static PyObject *nested(const Py_buffer *view, int axis, const pybuffer_value **next, Py_ssize_t each)
{
    if (axis == view->ndim) {
        *next += each;
        return object_of_values(*next - each, each);
    }
    PyObject *list = PyList_New(view->shape[axis]);
    for (Py_ssize_t i = 0; list != NULL && i < view->shape[axis]; i++) {
        PyObject *part = nested(view, axis + 1, next, each);
        if (part == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, i, part);
        }
    }
    return list;
}

PyObject *list_of(PyObject *memoryview)
{
    const Py_buffer *view = &((PyMemoryViewObject *)memoryview)->view;
    PyObject *list = NULL;
    Py_ssize_t each = values_of_format(view->format), count = each;
    if (each < 0) {
        return NULL;
    }
    for (int i = 0; i < view->ndim; i++) {
        count *= view->shape[i];
    }
    pybuffer_value *values = PyMem_Calloc(count + 1, sizeof(pybuffer_value));
    if (values == NULL) {
        return PyErr_NoMemory();
    }
    if (pyb_pybuffer_memoryview_values(memoryview, values, count) < 0) {
        failed();
    }
    else {
        const pybuffer_value *next = values;
        list = nested(view, 0, &next, each);
    }
    PyMem_Free(values);
    return list;
}

PyObject *unpacked(const char *format, const void *item)
{
    PyObject *parsed = pyb_pybuffer_format_parse(format == NULL ? "B" : format);
    PyObject *result = NULL;
    if (parsed == NULL) {
        return failed();
    }
    Py_ssize_t count = pyb_pybuffer_format_value_count(parsed);
    pybuffer_value *values = PyMem_Calloc(count + 1, sizeof(pybuffer_value));
    if (values == NULL) {
        PyErr_NoMemory();
    }
    else if (pyb_pybuffer_format_unpack(parsed, item, values) < 0) {
        failed();
    }
    else {
        result = object_of_values(values, count);
    }
    PyMem_Free(values);
    pyb_Py_DecRef(parsed);
    return result;
}

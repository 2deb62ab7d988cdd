/* The type "memoryview": slots and methods, each of which calls the library and translates. */
#include "binding.h"

#include <limits.h>
#include <string.h>

static PyObject *memory_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"object", NULL};
    PyObject *object;

    (void)type;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:memoryview", names, &object)) {
        return NULL;
    }
    return wrap(pyb_PyMemoryView_FromObject(exporter_of(object)));
}

static Py_ssize_t memory_length(Wrapper *self)
{
    const Py_buffer *view = live(self);
    if (view == NULL) {
        return -1;
    }
    if (policy_length_of_scalar(view)) {
        return 1;
    }
    Py_ssize_t length = pyb_PyObject_Size(self->view);
    return length < 0 ? failed_int() : length;
}

/* ------------------------------------------------------------------------------------------------------------------
 * Attributes
 */

static PyObject *tuple_of(const Py_ssize_t *numbers, int count)
{
    PyObject *tuple = PyTuple_New(numbers == NULL ? 0 : count);
    for (Py_ssize_t i = 0; tuple != NULL && i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *number = PyLong_FromSsize_t(numbers[i]);
        if (number == NULL) {
            Py_CLEAR(tuple);
        }
        else {
            PyTuple_SET_ITEM(tuple, i, number);
        }
    }
    return tuple;
}

PyObject *field_of(const Py_buffer *view, char which)
{
    switch (which) {
    case 'n':
        return PyLong_FromSsize_t(view->len);
    case 'r':
        return PyBool_FromLong(view->readonly);
    case 'i':
        return PyLong_FromSsize_t(view->itemsize);
    case 'd':
        return PyLong_FromLong(view->ndim);
    case 's':
        return tuple_of(view->shape, view->ndim);
    case 't':
        return tuple_of(view->strides, view->ndim);
    default: /* 'u' */
        return tuple_of(view->suboffsets, view->ndim);
    }
}

static PyObject *obj_get(const Py_buffer *view)
{
    if (view->obj == NULL) {
        Py_RETURN_NONE;
    }
    /* The copy of PyMemoryView_GetContiguous is a bytes object of the library's. */
    if (Py_IS_TYPE(view->obj, &pyb_PyBytes_Type)) {
        pyb_Py_IncRef(view->obj);
        return bytes_of(view->obj);
    }
    return Py_NewRef(view->obj);
}

static PyObject *has_flags(Wrapper *self, int either)
{
    return PyBool_FromLong(((PyMemoryViewObject *)self->view)->flags & either);
}

static PyObject *attribute(Wrapper *self, void *which)
{
    const Py_buffer *view = live(self);
    if (view == NULL) {
        return NULL;
    }
    switch (*(const char *)which) {
    case 'o':
        return obj_get(view);
    case 'f':
        return PyUnicode_FromString(view->format);
    case 'C':
        return has_flags(self, _Py_MEMORYVIEW_C);
    case 'F':
        return has_flags(self, _Py_MEMORYVIEW_FORTRAN);
    case 'A':
        return has_flags(self, _Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN);
    default:
        return field_of(view, *(const char *)which);
    }
}

static PyGetSetDef attributes[] = {
    VIEW_ATTRIBUTES(attribute),
    {NULL, NULL, NULL, NULL, NULL},
};

/* ------------------------------------------------------------------------------------------------------------------
 * Methods
 */

static PyObject *memory_release(Wrapper *self, PyObject *unused)
{
    (void)unused;
    if (pyb_pybuffer_memoryview_release(self->view) < 0) {
        return failed();
    }
    Py_RETURN_NONE;
}

static PyObject *memory_enter(Wrapper *self, PyObject *unused)
{
    (void)unused;
    return live(self) == NULL ? NULL : Py_NewRef(self);
}

static PyObject *memory_exit(Wrapper *self, PyObject *args)
{
    return memory_release(self, args);
}

static PyObject *memory_tobytes(Wrapper *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"order", NULL};
    const char *order = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|z:tobytes", names, &order)) {
        return NULL;
    }
    order = order == NULL ? "C" : order;
    /* SystemError in the library. */
    if (strcmp(order, "C") != 0 && strcmp(order, "F") != 0 && strcmp(order, "A") != 0) {
        PyErr_SetString(PyExc_ValueError, "order must be 'C', 'F' or 'A'");
        return NULL;
    }
    return bytes_of(pyb_pybuffer_memoryview_tobytes(self->view, order[0]));
}

static PyObject *memory_tolist(Wrapper *self, PyObject *unused)
{
    const Py_buffer *view = live(self);
    (void)unused;
    if (view == NULL || policy_format(view) < 0) {
        return NULL;
    }
    int empty = 0;
    for (int i = 0; i < view->ndim; i++) {
        empty |= view->shape[i] == 0;
    }
    return !empty && policy_code(view) < 0 ? NULL : list_of(self->view);
}

/* The separator of hex(): a str or bytes object of one ASCII character; -1 where none is given, -2 with an error. A class
 * derived from these may run Python code for its length. */
static int separator_of(PyObject *object)
{
    if (object == NULL) {
        return -1;
    }
    if (!PyUnicode_Check(object) && !PyBytes_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "sep must be str or bytes.");
        return -2;
    }
    Py_ssize_t length = PySequence_Size(object);
    if (length == 1) {
        return PyUnicode_Check(object) ? (int)PyUnicode_ReadChar(object, 0) : (unsigned char)PyBytes_AS_STRING(object)[0];
    }
    if (length >= 0) {
        PyErr_SetString(PyExc_ValueError, "sep must be length 1.");
    }
    return -2;
}

/* The number of bytes in a group of hex(): an int until 3.14, which is enough for the library. */
#if PY_VERSION_HEX >= 0x030F0000
#  define GROUP "n"
typedef Py_ssize_t Group;
#else
#  define GROUP "i"
typedef int Group;
#endif

static PyObject *memory_hex(Wrapper *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"sep", "bytes_per_sep", NULL};
    PyObject *sep = NULL;
    Group group = 1;
    Py_buffer kept;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O" GROUP ":hex", names, &sep, &group)) {
        return NULL;
    }
    /* As in CPython, it is not released meanwhile. */
    if (pyb_PyObject_GetBuffer(self->view, &kept, PyBUF_FULL_RO) < 0) {
        return failed();
    }
    int separator = separator_of(sep);
    int bytes = group > INT_MAX ? INT_MAX : group < -INT_MAX ? -INT_MAX : (int)group;
    PyObject *text = separator == -2 ? NULL : str_of(pyb_pybuffer_memoryview_hex(self->view, separator, bytes));
    pyb_PyBuffer_Release(&kept);
    return text;
}

/* The entries of a shape; NULL with an error. To be freed. */
static Py_ssize_t *shape_of(PyObject *object, Py_ssize_t *ndim)
{
    if (!PyList_Check(object) && !PyTuple_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "shape must be a list or a tuple");
        return NULL;
    }
    /* Derived classes are not asked. */
    *ndim = PyList_Check(object) ? PyList_GET_SIZE(object) : PyTuple_GET_SIZE(object);
    Py_ssize_t *shape = PyMem_Calloc(*ndim + 1, sizeof(Py_ssize_t));
    for (Py_ssize_t i = 0; shape != NULL && i < *ndim; i++) {
        PyObject *entry = PyList_Check(object) ? PyList_GET_ITEM(object, i) : PyTuple_GET_ITEM(object, i);
        if (!PyLong_Check(entry)) {
            PyErr_SetString(PyExc_TypeError, "memoryview.cast(): elements of shape must be integers");
        }
        else {
            shape[i] = PyLong_AsSsize_t(entry);
        }
        if (PyErr_Occurred()) {
            PyMem_Free(shape);
            return NULL;
        }
    }
    return shape;
}

static PyObject *memory_cast(Wrapper *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"format", "shape", NULL};
    PyObject *text, *object = NULL, *result = NULL;
    Py_ssize_t *shape = NULL, ndim = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U|O:cast", names, &text, &object)) {
        return NULL;
    }
    const Py_buffer *view = live(self);
    if (view == NULL || policy_cast_from(view) < 0) {
        return NULL;
    }
    PyObject *ascii = PyUnicode_AsASCIIString(text);
    if (ascii == NULL) {
        return NULL;
    }
    const char *format = PyBytes_AS_STRING(ascii);
    if ((object == NULL || (shape = shape_of(object, &ndim)) != NULL)
        && policy_cast_to(view, format, object != NULL) == 0) {
        int axes = ndim > PyBUF_MAX_NDIM ? PyBUF_MAX_NDIM + 1 : (int)ndim;
        result = wrap(pyb_pybuffer_memoryview_cast(self->view, format, axes, shape, 'C'));
    }
    PyMem_Free(shape);
    Py_DECREF(ascii);
    return result;
}

static PyObject *memory_toreadonly(Wrapper *self, PyObject *unused)
{
    (void)unused;
    return wrap(pyb_pybuffer_memoryview_toreadonly(self->view));
}

static PyObject *memory_from_flags(PyObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"object", "flags", NULL};
    PyObject *object;
    int flags;
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Oi:_from_flags", names, &object, &flags)) {
        return NULL;
    }
    return memoryview_from_flags(object, flags);
}

/* The size of the library's object, as object.__sizeof__ has it. */
static PyObject *memory_sizeof(Wrapper *self, PyObject *unused)
{
    (void)unused;
    const PyTypeObject *type = &pyb_PyMemoryView_Type;
    return PyLong_FromSsize_t(type->tp_basicsize + Py_SIZE(self->view) * type->tp_itemsize);
}

#define KEYWORDS (METH_VARARGS | METH_KEYWORDS)
#define WITH_KEYWORDS(function) ((PyCFunction)(void (*)(void))(function))
static PyMethodDef methods[] = {
    {"release", (PyCFunction)memory_release, METH_NOARGS, NULL},
    {"tobytes", WITH_KEYWORDS(memory_tobytes), KEYWORDS, NULL},
    {"hex", WITH_KEYWORDS(memory_hex), KEYWORDS, NULL},
    {"tolist", (PyCFunction)memory_tolist, METH_NOARGS, NULL},
    {"cast", WITH_KEYWORDS(memory_cast), KEYWORDS, NULL},
    {"toreadonly", (PyCFunction)memory_toreadonly, METH_NOARGS, NULL},
#if PY_VERSION_HEX >= 0x030E0000
    {"index", (PyCFunction)memory_index, METH_VARARGS, NULL},
    {"count", (PyCFunction)memory_count, METH_O, NULL},
#endif
    {"_from_flags", WITH_KEYWORDS(memory_from_flags), KEYWORDS | METH_CLASS, NULL},
    {"__sizeof__", (PyCFunction)memory_sizeof, METH_NOARGS, NULL},
    {"__enter__", (PyCFunction)memory_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)memory_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyObject *memory_repr(Wrapper *self)
{
    return str_of(pyb_pybuffer_memoryview_repr(self->view));
}

static Py_hash_t memory_hash(Wrapper *self)
{
    Py_hash_t hash = pyb_PyObject_Hash(self->view);
    return hash == -1 ? failed_int() : policy_hash(self, hash);
}

/* Whether items of both formats are compared by value. The other object has answered the library, so it does again. */
static int compares(Wrapper *self, PyObject *other)
{
    Py_buffer view;
    const Py_buffer *own = live(self);
    if (own == NULL || pyb_PyObject_GetBuffer(exporter_of(other), &view, PyBUF_FULL_RO) < 0) {
        PyErr_Clear();
        forget();
        return 1;
    }
    int answer = policy_compares(own->format) && (view.format == NULL || policy_compares(view.format));
    pyb_PyBuffer_Release(&view);
    return answer;
}

/* The slot of the library's type is called, since it alone can say that it does not know the other object. */
static PyObject *memory_richcompare(Wrapper *self, PyObject *other, int operation)
{
    PyObject *answer = pyb_PyMemoryView_Type.tp_richcompare(self->view, exporter_of(other), operation);
    if (answer == NULL) {
        return failed();
    }
    forget();
    pyb_Py_DecRef(answer);
    if (answer == &pyb__Py_NotImplementedStruct) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    int truth = answer == &pyb__Py_TrueStruct;
    if (truth == (operation == Py_EQ) && !compares(self, other)) {
        truth = !truth;
    }
    return PyBool_FromLong(truth);
}

static PySequenceMethods as_sequence = {
    .sq_length = (lenfunc)memory_length,
    .sq_item = (ssizeargfunc)memory_item,
};

static PyMappingMethods as_mapping = {
    .mp_length = (lenfunc)memory_length,
    .mp_subscript = (binaryfunc)memory_subscript,
    .mp_ass_subscript = (objobjargproc)memory_ass_subscript,
};

int prepare_memoryviews(PyObject *module)
{
    Wrapper_Type.tp_new = memory_new;
    Wrapper_Type.tp_repr = (reprfunc)memory_repr;
    Wrapper_Type.tp_hash = (hashfunc)memory_hash;
    Wrapper_Type.tp_richcompare = (richcmpfunc)memory_richcompare;
    Wrapper_Type.tp_iter = memoryview_iter;
    Wrapper_Type.tp_as_sequence = &as_sequence;
    Wrapper_Type.tp_as_mapping = &as_mapping;
    Wrapper_Type.tp_methods = methods;
    Wrapper_Type.tp_getset = attributes;
    return PyType_Ready(&Wrapper_Type) < 0 ? -1 : PyModule_AddObjectRef(module, "memoryview", (PyObject *)&Wrapper_Type);
}

/* The library's ndarrays as the type that CPython's tests import from _testbuffer: an exporter of any array. Nothing is here
 * while the library has none.
 *
 * The type of the tests packs its items by the struct module, whose struct.error stands for what is wrong with a value or a
 * format; the library has TypeError and ValueError there.
 */
#include "binding.h"

#include <stddef.h>
#include <string.h>

#ifdef PYBUFFER_ND_MAX_NDIM

#define NO_REQUEST 0x10000

/* An ndarray of the library. A part has a reference to the one that it is of. */
typedef struct {
    PyObject_HEAD
    PyObject *nd;
    PyObject *whole;
} NDArray;

/* How a base is described, as Python objects and as the library takes it. */
typedef struct {
    PyObject *items, *shape, *strides;
    Py_ssize_t offset;
    const char *format;
    int flags;

    int ndim;
    Py_ssize_t *lengths, *steps;
    pybuffer_value *values;
    Py_ssize_t nvalues;
} Base;

static PyObject *struct_error;

static int fail(PyObject *exception, const char *message)
{
    PyErr_SetString(exception, message);
    return -1;
}

/* The library's error about a value or a format, as struct.error. */
static int failed_to_pack(void)
{
    failed();
    if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        PyErr_SetString(struct_error, "libpybuffer does not pack this value");
    }
    return -1;
}

static PyObject *wrap_ndarray(PyObject *nd, PyObject *whole)
{
    if (nd == NULL) {
        return failed();
    }
    forget();
    NDArray *self = PyObject_New(NDArray, &NDArray_Type);
    if (self == NULL) {
        pyb_Py_DecRef(nd);
        return NULL;
    }
    self->nd = nd;
    self->whole = Py_XNewRef(whole);
    return (PyObject *)self;
}

static pybuffer_ndarray_state state_of(NDArray *self)
{
    pybuffer_ndarray_state state = {0};
    if (pyb_pybuffer_ndarray_get_state(self->nd, &state) < 0) {
        Py_FatalError("an ndarray without a state");
    }
    return state;
}

/* ------------------------------------------------------------------------------------------------------------------
 * Making one
 */

/* The values of an item from one object, or from a list or tuple of as many. */
static int values_of_item(PyObject *item, const char *format, pybuffer_value *values, Py_ssize_t count)
{
    int scalar = PyBytes_Check(item) || PyLong_Check(item) || PyFloat_Check(item);
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
static Py_ssize_t values_in(const char *format)
{
    Py_ssize_t size = pyb_PyBuffer_SizeFromFormat(format);
    if (size < 0) {
        return failed_to_pack();
    }
    if (size == 0) {
        return fail(PyExc_ValueError, "itemsize must not be zero");
    }
    PyObject *parsed = pyb_pybuffer_format_parse(format);
    if (parsed == NULL) {
        return failed_to_pack();
    }
    Py_ssize_t count = pyb_pybuffer_format_value_count(parsed);
    pyb_Py_DecRef(parsed);
    return count;
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

static int describe(Base *base)
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

static void forget_base(Base *base)
{
    PyMem_Free(base->lengths);
    PyMem_Free(base->steps);
    PyMem_Free(base->values);
}

/* Whether what was refused are the values: with values of 0 in their place the library takes the array. */
static int values_are_wrong(const Base *base)
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

static PyObject *of_base(Base *base)
{
    PyObject *nd = NULL;
    if (describe(base) == 0) {
        nd = pyb_pybuffer_ndarray_from_values(base->values, base->nvalues, base->format, base->ndim, base->lengths,
                                              base->steps, base->offset, base->flags);
        if (nd == NULL) {
            failed();
            if (values_are_wrong(base)) {
                PyErr_SetString(struct_error, "libpybuffer does not pack these values");
            }
        }
    }
    PyObject *self = nd == NULL ? NULL : wrap_ndarray(nd, NULL);
    forget_base(base);
    return self;
}

static PyObject *ndarray_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"obj", "shape", "strides", "offset", "format", "flags", "getbuf", NULL};
    Base base = {.format = NULL};
    PyObject *object;
    int request = NO_REQUEST;
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOnsii:ndarray", names, &object, &base.shape, &base.strides,
                                     &base.offset, &base.format, &base.flags, &request)) {
        return NULL;
    }
    if (pyb_PyObject_CheckBuffer(object) && base.shape == NULL) {
        if (base.strides != NULL || base.offset != 0 || base.format != NULL
            || (base.flags != 0 && base.flags != PYBUFFER_ND_REDIRECT)) {
            PyErr_SetString(PyExc_TypeError, "construction from exporter object only takes 'obj', 'getbuf' and 'flags' "
                                             "arguments");
            return NULL;
        }
        request = request == NO_REQUEST ? PyBUF_FULL_RO : request;
        return wrap_ndarray(pyb_pybuffer_ndarray_from_object(object, request, base.flags), NULL);
    }
    if (request != NO_REQUEST) {
        PyErr_SetString(PyExc_TypeError, "getbuf argument only valid for construction from exporter object");
        return NULL;
    }
    if (base.shape == NULL) {
        PyErr_SetString(PyExc_TypeError, "shape is a required argument when constructing from list, tuple or scalar");
        return NULL;
    }
    base.items = object;
    base.format = base.format == NULL ? "B" : base.format;
    return of_base(&base);
}

static PyObject *ndarray_push(NDArray *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"items", "shape", "strides", "offset", "format", "flags", NULL};
    Base base = {.format = "B"};
    int status = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|Onsi:push", names, &base.items, &base.shape, &base.strides,
                                     &base.offset, &base.format, &base.flags)) {
        return NULL;
    }
    if (describe(&base) == 0) {
        status = pyb_pybuffer_ndarray_push_values(self->nd, base.values, base.nvalues, base.format, base.ndim,
                                                  base.lengths, base.steps, base.offset, base.flags);
        if (status < 0) {
            failed();
            if (!PyErr_ExceptionMatches(PyExc_BufferError) && values_are_wrong(&base)) {
                PyErr_SetString(struct_error, "libpybuffer does not pack these values");
            }
        }
    }
    forget_base(&base);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *ndarray_pop(NDArray *self, PyObject *unused)
{
    (void)unused;
    return pyb_pybuffer_ndarray_pop(self->nd) < 0 ? failed() : Py_NewRef(Py_None);
}

static PyObject *ndarray_add_suboffsets(NDArray *self, PyObject *unused)
{
    (void)unused;
    return pyb_pybuffer_ndarray_add_suboffsets(self->nd) < 0 ? failed() : Py_NewRef(Py_None);
}

static void ndarray_dealloc(NDArray *self)
{
    pyb_Py_DecRef(self->nd);
    Py_XDECREF(self->whole);
    PyObject_Free(self);
}

/* ------------------------------------------------------------------------------------------------------------------
 * As exporter. A redirected request is answered in the name of another object, which then gets the release.
 */

static int ndarray_getbuffer(NDArray *self, Py_buffer *view, int flags)
{
    if (pyb_PyObject_GetBuffer(self->nd, view, flags) < 0) {
        return failed_int();
    }
    if (view->obj == self->nd) {
        view->obj = Py_NewRef(self);
    }
    return 0;
}

static void ndarray_releasebuffer(NDArray *self, Py_buffer *view)
{
    Py_buffer theirs = *view;
    theirs.obj = self->nd;
    pyb_PyBuffer_Release(&theirs);
}

/* ------------------------------------------------------------------------------------------------------------------
 * Items. They are reached through a memoryview of the base, which is what PyMemoryView_FromBuffer makes of it.
 */

static PyObject *view_of(NDArray *self)
{
    PyObject *view = pyb_PyMemoryView_FromBuffer(state_of(self).base);
    return view == NULL ? failed() : view;
}

static PyObject *item_get(NDArray *self, const Py_ssize_t *index, int count)
{
    PyObject *view = view_of(self), *item = NULL;
    if (view == NULL) {
        return NULL;
    }
    void *address = pyb_pybuffer_memoryview_item_pointer(view, index, count);
    item = address == NULL ? failed() : unpacked(state_of(self).base->format, address);
    pyb_Py_DecRef(view);
    return item;
}

static int item_set(NDArray *self, const Py_ssize_t *index, int count, PyObject *object)
{
    const Py_buffer *base = state_of(self).base;
    const char *format = base->format == NULL ? "B" : base->format;
    Py_ssize_t each = values_in(format);
    PyObject *view = each < 0 ? NULL : view_of(self);
    if (view == NULL) {
        return -1;
    }
    int status = -1;
    pybuffer_value *values = PyMem_Calloc(each + 1, sizeof(pybuffer_value));
    if (pyb_pybuffer_memoryview_item_pointer(view, index, count) == NULL) {
        failed();
    }
    else if (values_of_item(object, format, values, each) == 0) {
        status = pyb_pybuffer_memoryview_set_item(view, index, count, values, (int)each);
        if (status < 0) {
            failed_to_pack();
        }
    }
    PyMem_Free(values);
    pyb_Py_DecRef(view);
    return status;
}

/* A subscript that is a part: an index of several axes, a slice, or a tuple of slices. */
static int part_of(PyObject *key, pybuffer_subscript *subscripts, int *count)
{
    Py_ssize_t length = PyTuple_Check(key) ? PyTuple_GET_SIZE(key) : 1;
    if (length > PYBUFFER_ND_MAX_NDIM) {
        return fail(PyExc_TypeError, "too many slices");
    }
    *count = (int)length;
    for (Py_ssize_t i = 0; i < length; i++) {
        PyObject *slice = PyTuple_Check(key) ? PyTuple_GET_ITEM(key, i) : key;
        if (!PySlice_Check(slice)) {
            PyErr_Format(PyExc_TypeError, "cannot index memory using \"%.200s\"", Py_TYPE(slice)->tp_name);
            return -1;
        }
        if (slice_of(slice, subscripts + i) < 0) {
            return -1;
        }
    }
    return 0;
}

static int is_scalar_key(PyObject *key)
{
    return PyTuple_Check(key) && PyTuple_GET_SIZE(key) == 0;
}

static PyObject *ndarray_item(NDArray *self, Py_ssize_t index)
{
    pybuffer_ndarray_state state = state_of(self);
    if (state.base->ndim == 0) {
        PyErr_SetString(PyExc_TypeError, "invalid indexing of scalar");
        return NULL;
    }
    if (state.base->ndim == 1) {
        return item_get(self, &index, 1);
    }
    pybuffer_subscript subscript = PYBUFFER_AT(index);
    return wrap_ndarray(pyb_pybuffer_ndarray_subscript(self->nd, &subscript, 1), (PyObject *)self);
}

static PyObject *ndarray_subscript(NDArray *self, PyObject *key)
{
    pybuffer_subscript subscripts[PYBUFFER_ND_MAX_NDIM];
    int count;
    if (state_of(self).base->ndim == 0) {
        if (key == Py_Ellipsis) {
            return Py_NewRef(self);
        }
        return is_scalar_key(key) ? item_get(self, NULL, 0) : ndarray_item(self, 0);
    }
    if (PyIndex_Check(key)) {
        Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_OverflowError);
        return index == -1 && PyErr_Occurred() ? NULL : ndarray_item(self, index);
    }
    if (part_of(key, subscripts, &count) < 0) {
        return NULL;
    }
    return wrap_ndarray(pyb_pybuffer_ndarray_subscript(self->nd, subscripts, count), (PyObject *)self);
}

static int ndarray_ass_subscript(NDArray *self, PyObject *key, PyObject *object)
{
    pybuffer_subscript subscripts[PYBUFFER_ND_MAX_NDIM];
    int count;
    const Py_buffer *base = state_of(self).base;
    if (base->readonly) {
        return fail(PyExc_TypeError, "ndarray is not writable");
    }
    if (object == NULL) {
        return fail(PyExc_TypeError, "ndarray data cannot be deleted");
    }
    if (base->ndim == 0) {
        if (key == Py_Ellipsis || is_scalar_key(key)) {
            return item_set(self, NULL, 0, object);
        }
        return fail(PyExc_TypeError, "invalid indexing of scalar");
    }
    if (PyIndex_Check(key)) {
        Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_OverflowError);
        if (index == -1 && PyErr_Occurred()) {
            return -1;
        }
        if (base->ndim == 1) {
            return item_set(self, &index, 1, object);
        }
        subscripts[0] = (pybuffer_subscript)PYBUFFER_AT(index);
        count = 1;
    }
    else if (part_of(key, subscripts, &count) < 0) {
        return -1;
    }
    return pyb_pybuffer_ndarray_assign(self->nd, subscripts, count, object) < 0 ? failed_int() : 0;
}

static PyObject *ndarray_tolist(NDArray *self, PyObject *unused)
{
    const Py_buffer *base = state_of(self).base;
    (void)unused;
    if (base->format == NULL) {
        PyErr_SetString(PyExc_ValueError, "ndarray: tolist() does not support format=NULL, use tobytes()");
        return NULL;
    }
    PyObject *view = view_of(self);
    if (view == NULL) {
        return NULL;
    }
    PyObject *list = list_of(view);
    pyb_Py_DecRef(view);
    return list;
}

static PyObject *ndarray_tobytes(NDArray *self, PyObject *unused)
{
    const Py_buffer *base = state_of(self).base;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, base->len);
    (void)unused;
    if (bytes != NULL && pyb_PyBuffer_ToContiguous(PyBytes_AS_STRING(bytes), base, base->len, 'C') < 0) {
        Py_DECREF(bytes);
        return failed();
    }
    return bytes;
}

static Py_hash_t ndarray_hash(NDArray *self)
{
    if (!state_of(self).base->readonly) {
        /* A TypeError of the library's, as of all that is unhashable. */
        return fail(PyExc_ValueError, "cannot hash writable ndarray object");
    }
    Py_hash_t hash = pyb_PyObject_Hash(self->nd);
    return hash == -1 ? failed_int() : hash;
}

/* PyMemoryView_FromBuffer of the base, as of a struct that the caller has filled. The tests want it of ndarrays with memory of
 * their own, and of those that export one of these again. */
static PyObject *ndarray_memoryview_from_buffer(NDArray *self, PyObject *unused)
{
    pybuffer_ndarray_state state = state_of(self);
    NDArray *original = self;
    (void)unused;
    if (state.reexports) {
        original = (NDArray *)state.base->obj;
        if (!Py_IS_TYPE(original, &NDArray_Type) || state_of(original).reexports) {
            PyErr_SetString(PyExc_TypeError, "memoryview_from_buffer(): ndarray must be original exporter or consumer from "
                                             "ndarray/original exporter");
            return NULL;
        }
    }
    if (state.base->format != NULL && strlen(state.base->format) > PYBUFFER_ND_MAX_NDIM) {
        PyErr_SetString(PyExc_TypeError, "memoryview_from_buffer: format is limited to 128 characters");
        return NULL;
    }
    PyObject *view = wrap(pyb_PyMemoryView_FromBuffer(state.base));
    if (view != NULL) {
        ((Wrapper *)view)->keep = Py_NewRef(self);
    }
    return view;
}

/* ------------------------------------------------------------------------------------------------------------------
 * Attributes
 */

static PyObject *ndarray_attribute(NDArray *self, void *which)
{
    pybuffer_ndarray_state state = state_of(self);
    const Py_buffer *base = state.base;
    switch (*(const char *)which) {
    case 'o':
        /* A part is of an object of the library's. */
        return Py_NewRef(self->whole != NULL ? self->whole : base->obj == NULL ? Py_None : base->obj);
    case 'g':
        return PyLong_FromLong(state.flags);
    case 'p':
        return PyLong_FromSsize_t(state.offset);
    case 'f':
        return PyUnicode_FromString(base->format == NULL ? "" : base->format);
    case 'C':
    case 'F':
    case 'A':
        return PyBool_FromLong(pyb_PyBuffer_IsContiguous(base, *(const char *)which));
    default:
        return field_of(base, *(const char *)which);
    }
}

#define ATTRIBUTE(name, which) {name, (getter)ndarray_attribute, NULL, NULL, which}
static PyGetSetDef ndarray_attributes[] = {
    ATTRIBUTE("flags", "g"),
    ATTRIBUTE("offset", "p"),
    ATTRIBUTE("obj", "o"),
    ATTRIBUTE("nbytes", "n"),
    ATTRIBUTE("readonly", "r"),
    ATTRIBUTE("itemsize", "i"),
    ATTRIBUTE("format", "f"),
    ATTRIBUTE("ndim", "d"),
    ATTRIBUTE("shape", "s"),
    ATTRIBUTE("strides", "t"),
    ATTRIBUTE("suboffsets", "u"),
    ATTRIBUTE("c_contiguous", "C"),
    ATTRIBUTE("f_contiguous", "F"),
    ATTRIBUTE("contiguous", "A"),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef ndarray_methods[] = {
    {"tolist", (PyCFunction)ndarray_tolist, METH_NOARGS, NULL},
    {"tobytes", (PyCFunction)ndarray_tobytes, METH_NOARGS, NULL},
    {"push", (PyCFunction)(void (*)(void))ndarray_push, METH_VARARGS | METH_KEYWORDS, NULL},
    {"pop", (PyCFunction)ndarray_pop, METH_NOARGS, NULL},
    {"add_suboffsets", (PyCFunction)ndarray_add_suboffsets, METH_NOARGS, NULL},
    {"memoryview_from_buffer", (PyCFunction)ndarray_memoryview_from_buffer, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods ndarray_as_sequence = {.sq_item = (ssizeargfunc)ndarray_item};

static PyMappingMethods ndarray_as_mapping = {
    .mp_subscript = (binaryfunc)ndarray_subscript,
    .mp_ass_subscript = (objobjargproc)ndarray_ass_subscript,
};

static PyBufferProcs ndarray_as_buffer = {
    .bf_getbuffer = (getbufferproc)ndarray_getbuffer,
    .bf_releasebuffer = (releasebufferproc)ndarray_releasebuffer,
};

PyTypeObject NDArray_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "ndarray",
    .tp_basicsize = sizeof(NDArray),
    .tp_dealloc = (destructor)ndarray_dealloc,
    .tp_as_sequence = &ndarray_as_sequence,
    .tp_as_mapping = &ndarray_as_mapping,
    .tp_hash = (hashfunc)ndarray_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_as_buffer = &ndarray_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "An ndarray of libpybuffer.",
    .tp_methods = ndarray_methods,
    .tp_getset = ndarray_attributes,
    .tp_new = ndarray_new,
};

const Py_buffer *ndarray_base(PyObject *object)
{
    return Py_IS_TYPE(object, &NDArray_Type) ? state_of((NDArray *)object).base : NULL;
}

int prepare_ndarrays(PyObject *module)
{
    PyObject *structs = PyImport_ImportModule("struct");
    struct_error = structs == NULL ? NULL : PyObject_GetAttrString(structs, "error");
    Py_XDECREF(structs);
    if (struct_error == NULL || PyType_Ready(&NDArray_Type) < 0) {
        return -1;
    }
    return PyModule_AddObjectRef(module, "ndarray", (PyObject *)&NDArray_Type);
}

#else

const Py_buffer *ndarray_base(PyObject *object)
{
    (void)object;
    return NULL;
}

int prepare_ndarrays(PyObject *module)
{
    (void)module;
    return 0;
}

#endif

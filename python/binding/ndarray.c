/* The library's ndarrays as the type that CPython's tests import from _testbuffer: an exporter of any array.
 */
#include "ndarray.h"

#include <string.h>

#define NO_REQUEST 0x10000

/* An ndarray of the library. A part has a reference to the one that it is of. */
typedef struct {
    PyObject_HEAD
    PyObject *nd;
    PyObject *whole;
} NDArray;

static PyTypeObject NDArray_Type;

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
    objects_made++;
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

static PyObject *of_base(Base *base)
{
    PyObject *nd = NULL;
    if (describe(base) == 0) {
        nd = pyb_pybuffer_ndarray_from_values(base->values, base->nvalues, base->format, base->ndim, base->lengths,
                                              base->steps, base->offset, base->flags);
        if (nd == NULL) {
            failed();
            if (values_are_wrong(base)) {
                refuse_values();
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
                refuse_values();
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
    case 'x':
        return PyLong_FromSsize_t(state.exports);
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

static PyGetSetDef ndarray_attributes[] = {
    ATTRIBUTE("flags", ndarray_attribute, "g"),
    ATTRIBUTE("offset", ndarray_attribute, "p"),
    /* The views that are held of what answers requests now; CPython's has no such attribute. */
    ATTRIBUTE("exports", ndarray_attribute, "x"),
    VIEW_ATTRIBUTES(ndarray_attribute),
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

static PyTypeObject NDArray_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = NAMED("ndarray"),
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
    if (prepare_bases() < 0 || PyType_Ready(&NDArray_Type) < 0) {
        return -1;
    }
    return PyModule_AddObjectRef(module, "ndarray", (PyObject *)&NDArray_Type);
}

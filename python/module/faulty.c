/* An exporter that breaks one rule of the protocol, which its name says: the checker's name of the rule. It answers with the memory of
 * another exporter, and otherwise rightly.
 */
#include "module.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    PyObject_HEAD
    /* The exporter's answer to a request for everything. */
    Py_buffer memory;
    int fault;
    Py_ssize_t asked, exports;
    /* Arrays and a format of the answers' own. */
    Py_ssize_t shape[2 * PyBUF_MAX_NDIM], strides[2 * PyBUF_MAX_NDIM], suboffsets[2 * PyBUF_MAX_NDIM];
    char format[32];
} Faulty;

#define FIELDS(F, rule) \
    F(rule, buf), F(rule, len), F(rule, itemsize), F(rule, readonly), F(rule, ndim), F(rule, format), F(rule, shape), \
        F(rule, strides), F(rule, suboffsets)

#define FIELD(rule, field) rule##_##field
enum {
    NO_FAULT,
    STATUS,
    FAILURE_WITHOUT_ERROR,
    OTHER_ERROR,
    OBJ_AFTER_FAILURE,
    ERROR_AFTER_SUCCESS,
    OBJ,
    OBJ_REFERENCE,
    ERROR_AFTER_RELEASE,
    LEAK,
    REFERENCE_DROPPED,
    NDIM,
    ITEMSIZE,
    LEN,
    BUF,
    SHAPE,
    LEN_OF_SHAPE,
    FORMAT,
    FORMAT_ITEMSIZE,
    WRITABLE,
    CONTIGUOUS,
    SUBOFFSETS_NEEDED,
    SUBOFFSETS_NEGATIVE,
    REFUSED,
    NOTHING_ANSWERED,
    OUTCOME,
    MISSING_FORMAT,
    MISSING_SHAPE,
    MISSING_STRIDES,
    UNASKED_FORMAT,
    UNASKED_SHAPE,
    UNASKED_STRIDES,
    UNASKED_SUBOFFSETS,
    FIELDS(FIELD, UNSET),
    FIELDS(FIELD, DIFFERS),
};

/* In the order of the faults. */
#define FIELD_NAME(rule, field) rule "-" #field
static const char *const NAMES[] = {
    "",
    "status",
    "failure-without-error",
    "other-error",
    "obj-after-failure",
    "error-after-success",
    "obj",
    "obj-reference",
    "error-after-release",
    "leak",
    "reference-dropped",
    "ndim",
    "itemsize",
    "len",
    "buf",
    "shape",
    "len-of-shape",
    "format",
    "format-itemsize",
    "writable",
    "contiguous",
    "suboffsets-needed",
    "suboffsets-negative",
    "refused",
    "nothing-answered",
    "outcome",
    "missing-format",
    "missing-shape",
    "missing-strides",
    "unasked-format",
    "unasked-shape",
    "unasked-strides",
    "unasked-suboffsets",
    FIELDS(FIELD_NAME, "unset"),
    FIELDS(FIELD_NAME, "differs"),
};

#define ASKS(flags, what) (((flags) & (what)) == (what))

static int refuse(Py_buffer *view, PyObject *exception)
{
    view->obj = NULL;
    PyErr_SetString(exception, "refused, as is asked of this exporter");
    return -1;
}

/* The description of the memory with what a fault says of it: 1 where the request is answered by that, whether or not it may. */
static int describe_wrongly(Faulty *self, Py_buffer *view, int flags)
{
    int fault = self->fault;
    if (!(fault == CONTIGUOUS && !ASKS(flags, PyBUF_STRIDES) && !(self->memory.readonly && (flags & PyBUF_WRITABLE)))
        && !(fault == SUBOFFSETS_NEEDED && !ASKS(flags, PyBUF_INDIRECT))) {
        return 0;
    }
    *view = self->memory;
    view->obj = Py_NewRef(self);
    view->internal = NULL;
    if (!ASKS(flags, PyBUF_FORMAT)) {
        view->format = NULL;
    }
    if (!ASKS(flags, PyBUF_ND)) {
        view->shape = NULL;
    }
    if (!ASKS(flags, PyBUF_STRIDES)) {
        view->strides = NULL;
    }
    if (!ASKS(flags, PyBUF_INDIRECT)) {
        view->suboffsets = NULL;
    }
    return 1;
}

static void fill_array(Py_ssize_t *array, Py_ssize_t with)
{
    for (int i = 0; i < 2 * PyBUF_MAX_NDIM; i++) {
        array[i] = with;
    }
}

static void copy_array(Py_ssize_t *array, const Py_ssize_t *from, int count)
{
    if (from != NULL) {
        memcpy(array, from, (size_t)count * sizeof(*array));
    }
}

/* Changes an answer that is right. `before` is what the view held. */
static int make_wrong(Faulty *self, Py_buffer *view, const Py_buffer *before, int flags)
{
    int shape = ASKS(flags, PyBUF_ND), with_format = ASKS(flags, PyBUF_FORMAT), ndim = view->ndim;
    /* One request whose answer differs from those to the others. */
    int differs = flags == PyBUF_ND;
    switch (self->fault) {
    case STATUS:
        return 1;
    case ERROR_AFTER_SUCCESS:
        PyErr_SetString(PyExc_RuntimeError, "left pending, as is asked of this exporter");
        break;
    case OBJ:
        view->obj = NULL;
        self->exports--;
        Py_DECREF(self);
        break;
    case OBJ_REFERENCE:
        Py_DECREF(self);
        break;
    case LEAK:
        Py_INCREF(self);
        break;
    case NDIM:
        view->ndim = PyBUF_MAX_NDIM + 1;
        fill_array(self->shape, 1);
        fill_array(self->strides, 1);
        view->shape = view->shape == NULL ? NULL : self->shape;
        view->strides = view->strides == NULL ? NULL : self->strides;
        break;
    case ITEMSIZE:
        view->itemsize = -1;
        break;
    case LEN:
        view->len = -1;
        break;
    case BUF:
        view->buf = NULL;
        break;
    case SHAPE:
        if (view->shape != NULL) {
            copy_array(self->shape, view->shape, ndim);
            self->shape[0] = -1;
            view->shape = self->shape;
        }
        break;
    case LEN_OF_SHAPE:
        view->len -= view->len > 0;
        break;
    case FORMAT:
        view->format = view->format == NULL ? NULL : "no format";
        break;
    case FORMAT_ITEMSIZE:
        view->format = view->format == NULL ? NULL : "77s";
        break;
    case SUBOFFSETS_NEGATIVE:
        if (ASKS(flags, PyBUF_INDIRECT) && ndim > 0) {
            fill_array(self->suboffsets, -1);
            view->suboffsets = self->suboffsets;
        }
        break;
    case MISSING_FORMAT:
        view->format = NULL;
        break;
    case MISSING_SHAPE:
        view->shape = NULL;
        break;
    case MISSING_STRIDES:
        view->strides = NULL;
        break;
    case UNASKED_FORMAT:
        view->format = self->memory.format;
        break;
    case UNASKED_SHAPE:
        view->shape = self->memory.shape;
        view->ndim = self->memory.ndim;
        view->itemsize = self->memory.itemsize;
        break;
    case UNASKED_STRIDES:
        view->strides = shape ? self->memory.strides : view->strides;
        break;
    case UNASKED_SUBOFFSETS:
        fill_array(self->suboffsets, -1);
        view->suboffsets = shape ? self->suboffsets : NULL;
        break;
#define UNSET_FIELD(rule, field) \
    case UNSET_##field: \
        view->field = before->field; \
        break
    UNSET_FIELD(unset, buf);
    UNSET_FIELD(unset, len);
    UNSET_FIELD(unset, itemsize);
    UNSET_FIELD(unset, readonly);
    UNSET_FIELD(unset, ndim);
    UNSET_FIELD(unset, format);
    UNSET_FIELD(unset, shape);
    UNSET_FIELD(unset, strides);
    UNSET_FIELD(unset, suboffsets);
    case DIFFERS_buf:
        /* Other memory, in which as many bytes are. */
        if (differs && view->len <= (Py_ssize_t)sizeof(self->suboffsets)) {
            view->buf = self->suboffsets;
        }
        break;
    case DIFFERS_len:
        view->len -= differs && view->len > 0;
        break;
    case DIFFERS_itemsize:
        view->itemsize = differs ? view->itemsize + 1 : view->itemsize;
        break;
    case DIFFERS_readonly:
        view->readonly = differs ? !view->readonly : view->readonly;
        break;
    case DIFFERS_ndim:
        if (differs) {
            view->ndim = 1;
            self->shape[0] = view->itemsize > 0 ? view->len / view->itemsize : 0;
            view->shape = self->shape;
        }
        break;
    case DIFFERS_format:
        if (flags == (PyBUF_ND | PyBUF_FORMAT)) {
            PyOS_snprintf(self->format, sizeof(self->format), "%zds", view->itemsize);
            view->format = self->format;
        }
        break;
    case DIFFERS_shape:
        if (differs) {
            for (int i = 0; i < ndim; i++) {
                self->shape[i] = view->shape[ndim - 1 - i];
            }
            view->shape = self->shape;
        }
        break;
    case DIFFERS_strides:
        if (flags == PyBUF_STRIDES) {
            fill_array(self->strides, 0);
            view->strides = self->strides;
        }
        break;
    case DIFFERS_suboffsets:
        view->suboffsets = with_format ? view->suboffsets : NULL;
        break;
    default:
        break;
    }
    return 0;
}

static int faulty_getbuffer(Faulty *self, Py_buffer *view, int flags)
{
    Py_buffer before = *view;
    int simple = flags == PyBUF_SIMPLE;
    int as_if = self->fault == WRITABLE ? flags & ~PyBUF_WRITABLE : flags;
    self->asked++;
    switch (self->fault) {
    case FAILURE_WITHOUT_ERROR:
        if (simple) {
            view->obj = NULL;
            return -1;
        }
        break;
    case OTHER_ERROR:
        if (simple) {
            return refuse(view, PyExc_ValueError);
        }
        break;
    case OBJ_AFTER_FAILURE:
        if (simple) {
            refuse(view, PyExc_BufferError);
            view->obj = (PyObject *)self;
            return -1;
        }
        break;
    case REFUSED:
        if (simple) {
            return refuse(view, PyExc_BufferError);
        }
        break;
    case OUTCOME:
        if (self->asked % 2 == 0) {
            return refuse(view, PyExc_BufferError);
        }
        break;
    case NOTHING_ANSWERED:
        return refuse(view, PyExc_BufferError);
    default:
        break;
    }
    if (!describe_wrongly(self, view, flags)
        && pyb_pybuffer_fill_view(view, (PyObject *)self, &self->memory, as_if) < 0) {
        view->obj = NULL;
        return failed_int();
    }
    self->exports++;
    return make_wrong(self, view, &before, flags);
}

static void faulty_releasebuffer(Faulty *self, Py_buffer *view)
{
    (void)view;
    self->exports--;
    if (self->fault == REFERENCE_DROPPED) {
        Py_DECREF(self);
    }
    if (self->fault == ERROR_AFTER_RELEASE) {
        PyErr_SetString(PyExc_RuntimeError, "left pending, as is asked of this exporter");
    }
}

static PyObject *faulty_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"obj", "fault", NULL};
    PyObject *object;
    const char *name = "";
    size_t fault = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|s:faulty", names, &object, &name)) {
        return NULL;
    }
    while (fault < Py_ARRAY_LENGTH(NAMES) && strcmp(NAMES[fault], name) != 0) {
        fault++;
    }
    if (fault == Py_ARRAY_LENGTH(NAMES)) {
        PyErr_Format(PyExc_ValueError, "there is no fault '%s'", name);
        return NULL;
    }
    Faulty *self = (Faulty *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->fault = (int)fault;
    /* Writable where that can be had. */
    if (request(object, &self->memory, PyBUF_FULL) < 0) {
        PyErr_Clear();
        if (request(object, &self->memory, PyBUF_FULL_RO) < 0) {
            self->memory.obj = NULL;
            Py_DECREF(self);
            return NULL;
        }
    }
    copy_array(self->shape, self->memory.shape, self->memory.ndim);
    copy_array(self->strides, self->memory.strides, self->memory.ndim);
    copy_array(self->suboffsets, self->memory.suboffsets, self->memory.ndim);
    return (PyObject *)self;
}

static void faulty_dealloc(Faulty *self)
{
    pyb_PyBuffer_Release(&self->memory);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *faulty_exports(Faulty *self, void *unused)
{
    (void)unused;
    return PyLong_FromSsize_t(self->exports);
}

static PyObject *faulty_fault(Faulty *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(NAMES[self->fault]);
}

static PyGetSetDef faulty_attributes[] = {
    {"exports", (getter)faulty_exports, NULL, "The number of views that have not been released.", NULL},
    {"fault", (getter)faulty_fault, NULL, "The rule that it breaks.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyBufferProcs faulty_as_buffer = {
    .bf_getbuffer = (getbufferproc)faulty_getbuffer,
    .bf_releasebuffer = (releasebufferproc)faulty_releasebuffer,
};

static PyTypeObject Faulty_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = NAMED("faulty"),
    .tp_basicsize = sizeof(Faulty),
    .tp_dealloc = (destructor)faulty_dealloc,
    .tp_as_buffer = &faulty_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "faulty(obj, fault=''): an exporter of the memory of another one that breaks one rule.",
    .tp_getset = faulty_attributes,
    .tp_new = faulty_new,
};

int prepare_faulty(PyObject *module)
{
    if (PyType_Ready(&Faulty_Type) < 0 || PyModule_AddObjectRef(module, "faulty", (PyObject *)&Faulty_Type) < 0) {
        return -1;
    }
    PyObject *names = PyTuple_New((Py_ssize_t)Py_ARRAY_LENGTH(NAMES) - 1);
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyUnicode_FromString(NAMES[i + 1]);
        if (name == NULL) {
            Py_CLEAR(names);
        }
        else {
            PyTuple_SET_ITEM(names, i, name);
        }
    }
    int status = names == NULL ? -1 : PyModule_AddObjectRef(module, "faults", names);
    Py_XDECREF(names);
    return status;
}

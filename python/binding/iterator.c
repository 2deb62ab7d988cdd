/* Iterators of memoryviews, and memoryviews of what an exporter answers to flags of the caller's choice. */
#include "binding.h"

/* An iterator of the library's. It keeps the memoryview; the wrapper is kept for it. */
typedef struct {
    PyObject_HEAD
    PyObject *iterator;
    Wrapper *wrapper;
    /* How many values an item has; -1 where each place is a view of its own, of several axes. */
    Py_ssize_t each;
} Iterator;

PyObject *memoryview_iter(PyObject *op)
{
    Wrapper *wrapper = (Wrapper *)op;
    const Py_buffer *view = live(wrapper);
    if (view == NULL || policy_iter(view) < 0) {
        return NULL;
    }
    Py_ssize_t each = view->ndim > 1 || view->shape[0] == 0 ? -1 : values_of_format(view->format);
    if (each < 0 && PyErr_Occurred()) {
        /* As in CPython, the format counts with the first item. */
        PyErr_Clear();
        each = 1;
    }
    PyObject *iterator = pyb_pybuffer_memoryview_iter(wrapper->view);
    if (iterator == NULL) {
        return failed();
    }
    Iterator *self = PyObject_New(Iterator, &Iterator_Type);
    if (self == NULL) {
        pyb_Py_DecRef(iterator);
        return NULL;
    }
    self->iterator = iterator;
    self->each = each;
    self->wrapper = (Wrapper *)Py_NewRef(op);
    return (PyObject *)self;
}

static PyObject *iterator_next(Iterator *self)
{
    pybuffer_value one, *values = &one;
    PyObject *item = NULL;
    const PyMemoryViewObject *view = (PyMemoryViewObject *)self->wrapper->view;
    if (!pyb_pybuffer_memoryview_is_released(self->wrapper->view) && view->view.shape[0] != 0
        && policy_code(&view->view) < 0) {
        return NULL;
    }
    if (self->each < 0) {
        item = pyb_pybuffer_memoryview_next(self->iterator);
        /* At the end there is no error. */
        return item != NULL ? wrap(item) : pyb_pybuffer_error_name() != NULL ? failed() : NULL;
    }
    if (self->each > 1 && (values = PyMem_Calloc(self->each, sizeof(pybuffer_value))) == NULL) {
        return PyErr_NoMemory();
    }
    int status = pyb_pybuffer_memoryview_next_item(self->iterator, values, (int)self->each);
    if (status > 0) {
        item = object_of_values(values, self->each);
    }
    else if (status < 0) {
        failed();
    }
    if (values != &one) {
        PyMem_Free(values);
    }
    return item;
}

static void iterator_dealloc(Iterator *self)
{
    pyb_Py_DecRef(self->iterator);
    Py_DECREF(self->wrapper);
    PyObject_Free(self);
}

PyTypeObject Iterator_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = NAMED("memory_iterator"),
    .tp_basicsize = sizeof(Iterator),
    .tp_dealloc = (destructor)iterator_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)iterator_next,
};

/* An exporter that hands the request on to another, with other flags. The answer names that other one. */
typedef struct {
    PyObject_HEAD
    PyObject *exporter;
    int flags;
} Asked;

static int asked_getbuffer(Asked *self, Py_buffer *view, int flags)
{
    (void)flags;
    if (pyb_PyObject_GetBuffer(self->exporter, view, self->flags) < 0) {
        view->obj = NULL;
        return failed_int();
    }
    return 0;
}

static void asked_dealloc(Asked *self)
{
    Py_DECREF(self->exporter);
    PyObject_Free(self);
}

static PyBufferProcs asked_as_buffer = {.bf_getbuffer = (getbufferproc)asked_getbuffer};

PyTypeObject Asked_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = NAMED("asked"),
    .tp_basicsize = sizeof(Asked),
    .tp_dealloc = (destructor)asked_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_as_buffer = &asked_as_buffer,
};

PyObject *memoryview_from_flags(PyObject *object, int flags)
{
    Asked *asked = PyObject_New(Asked, &Asked_Type);
    if (asked == NULL) {
        return NULL;
    }
    asked->exporter = Py_NewRef(object);
    asked->flags = flags;
    PyObject *result = wrap(pyb_PyMemoryView_FromObject((PyObject *)asked));
    Py_DECREF(asked);
    return result;
}

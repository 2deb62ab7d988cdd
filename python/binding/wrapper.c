/* The wrapper around a memoryview of the library: an object of Python's, which owns it and exports in its place. What Python can do
 * with it is in memoryview.c. */
#include "binding.h"

#include <stddef.h>

Py_ssize_t objects_made;

PyObject *wrap(PyObject *view)
{
    if (view == NULL) {
        return failed();
    }
    forget();
    Wrapper *self = PyObject_GC_New(Wrapper, &Wrapper_Type);
    if (self == NULL) {
        pyb_Py_DecRef(view);
        return NULL;
    }
    self->view = view;
    self->weakrefs = NULL;
    self->keep = NULL;
    objects_made++;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

PyObject *exporter_of(PyObject *object)
{
    return Wrapper_Check(object) ? ((Wrapper *)object)->view : object;
}

const Py_buffer *live(Wrapper *self)
{
    if (pyb_pybuffer_memoryview_is_released(self->view) != 0) {
        PyErr_SetString(PyExc_ValueError, "operation forbidden on released memoryview object");
        return NULL;
    }
    return &((PyMemoryViewObject *)self->view)->view;
}

static void wrapper_dealloc(Wrapper *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs != NULL) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    pyb_Py_DecRef(self->view);
    Py_XDECREF(self->keep);
    PyObject_GC_Del(self);
}

/* This object keeps the exporter if it is the last memoryview of its snapshot, which is not otherwise used. */
static int wrapper_traverse(Wrapper *self, visitproc visit, void *arg)
{
    PyMemoryViewObject *view = (PyMemoryViewObject *)self->view;
    if (Py_REFCNT(view) == 1 && view->mbuf->exports == 1 && !pyb_pybuffer_memoryview_is_released(self->view)) {
        Py_VISIT(view->mbuf->master.obj);
    }
    return 0;
}

static int wrapper_clear(Wrapper *self)
{
    if (pyb_pybuffer_memoryview_release(self->view) < 0) {
        pyb_PyErr_Clear();
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------------
 * As exporter: the library's memoryview answers, and the wrapper is named as the one who did.
 */

static int wrapper_getbuffer(Wrapper *self, Py_buffer *view, int flags)
{
    if (pyb_PyObject_GetBuffer(self->view, view, flags) < 0) {
        if (view != NULL) {
            view->obj = NULL;
        }
        return failed_int();
    }
    view->obj = Py_NewRef(self);
    return 0;
}

static void wrapper_releasebuffer(Wrapper *self, Py_buffer *view)
{
    Py_buffer theirs = *view;
    theirs.obj = self->view;
    pyb_PyBuffer_Release(&theirs);
}

static PyBufferProcs as_buffer = {
    .bf_getbuffer = (getbufferproc)wrapper_getbuffer,
    .bf_releasebuffer = (releasebufferproc)wrapper_releasebuffer,
};

PyTypeObject Wrapper_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = NAMED("memoryview"),
    .tp_basicsize = sizeof(Wrapper),
    .tp_dealloc = (destructor)wrapper_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_as_buffer = &as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_SEQUENCE,
    .tp_doc = "A memoryview of libpybuffer.",
    .tp_traverse = (traverseproc)wrapper_traverse,
    .tp_clear = (inquiry)wrapper_clear,
    .tp_weaklistoffset = offsetof(Wrapper, weakrefs),
};

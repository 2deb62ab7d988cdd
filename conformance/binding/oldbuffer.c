/* Python 2's buffer on the library's, for the tests of 2.7: buffer(object[, offset[, size]]), its length, its items and
 * slices, and views of it.
 */
#include "testing.h"

typedef struct {
    PyObject_HEAD
    PyObject *buffer;
} OldBuffer;

static PyTypeObject OldBuffer_Type;

static PyObject *oldbuffer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *object;
    Py_ssize_t offset = 0, size = -1;
    (void)type, (void)kwargs;
    if (!PyArg_ParseTuple(args, "O|nn:buffer", &object, &offset, &size)) {
        return NULL;
    }
    PyObject *buffer = pyb_PyBuffer_FromObject(exporter_of(object), offset, size);
    if (buffer == NULL) {
        return failed();
    }
    OldBuffer *self = PyObject_New(OldBuffer, &OldBuffer_Type);
    if (self == NULL) {
        pyb_Py_DecRef(buffer);
        return NULL;
    }
    self->buffer = buffer;
    objects_made++;
    return (PyObject *)self;
}

static void oldbuffer_dealloc(OldBuffer *self)
{
    pyb_Py_DecRef(self->buffer);
    PyObject_Free(self);
}

static Py_ssize_t oldbuffer_length(OldBuffer *self)
{
    Py_ssize_t length = pyb_PySequence_Size(self->buffer);
    return length < 0 ? failed_int() : length;
}

static PyObject *oldbuffer_item(OldBuffer *self, Py_ssize_t index)
{
    return bytes_of(pyb_PySequence_GetItem(self->buffer, index));
}

/* A slice of a step, which PySequence_GetSlice has not: of a memoryview. */
static PyObject *stepped(OldBuffer *self, const pybuffer_subscript *slice)
{
    PyObject *bytes = NULL, *part = NULL, *view = pyb_PyMemoryView_FromObject(self->buffer);
    if (view != NULL) {
        part = pyb_pybuffer_memoryview_subscript(view, slice, 1);
    }
    if (part != NULL) {
        bytes = pyb_pybuffer_memoryview_tobytes(part, 'C');
    }
    pyb_Py_DecRef(part);
    pyb_Py_DecRef(view);
    return bytes_of(bytes);
}

static PyObject *oldbuffer_subscript(OldBuffer *self, PyObject *key)
{
    if (PyIndex_Check(key)) {
        Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
        return index == -1 && PyErr_Occurred() ? NULL : oldbuffer_item(self, index);
    }
    pybuffer_subscript slice;
    if (!PySlice_Check(key)) {
        PyErr_SetString(PyExc_TypeError, "sequence index must be integer");
        return NULL;
    }
    if (slice_of(key, &slice) < 0) {
        return NULL;
    }
    if (slice.step == 1) {
        return bytes_of(pyb_PySequence_GetSlice(self->buffer, slice.start, slice.stop));
    }
    return stepped(self, &slice);
}

static int oldbuffer_getbuffer(OldBuffer *self, Py_buffer *view, int flags)
{
    if (pyb_PyObject_GetBuffer(self->buffer, view, flags) < 0) {
        return failed_int();
    }
    if (view->obj == self->buffer) {
        view->obj = Py_NewRef(self);
    }
    return 0;
}

static void oldbuffer_releasebuffer(OldBuffer *self, Py_buffer *view)
{
    Py_buffer theirs = *view;
    theirs.obj = self->buffer;
    pyb_PyBuffer_Release(&theirs);
}

static PySequenceMethods oldbuffer_as_sequence = {
    .sq_length = (lenfunc)oldbuffer_length,
    .sq_item = (ssizeargfunc)oldbuffer_item,
};

static PyMappingMethods oldbuffer_as_mapping = {
    .mp_length = (lenfunc)oldbuffer_length,
    .mp_subscript = (binaryfunc)oldbuffer_subscript,
};

static PyBufferProcs oldbuffer_as_buffer = {
    .bf_getbuffer = (getbufferproc)oldbuffer_getbuffer,
    .bf_releasebuffer = (releasebufferproc)oldbuffer_releasebuffer,
};

static PyTypeObject OldBuffer_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "buffer",
    .tp_basicsize = sizeof(OldBuffer),
    .tp_dealloc = (destructor)oldbuffer_dealloc,
    .tp_as_sequence = &oldbuffer_as_sequence,
    .tp_as_mapping = &oldbuffer_as_mapping,
    .tp_as_buffer = &oldbuffer_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Python 2's buffer, of libpybuffer.",
    .tp_new = oldbuffer_new,
};

int prepare_oldbuffers(PyObject *module)
{
    if (PyType_Ready(&OldBuffer_Type) < 0) {
        return -1;
    }
    return PyModule_AddObjectRef(module, "buffer", (PyObject *)&OldBuffer_Type);
}

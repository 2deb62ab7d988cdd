/* DLPack: memoryviews as tensors, and tensors as memoryviews. The structs are those of dlpack.h as far as they are needed. */
#include "module.h"

#include <stdint.h>
#include <string.h>

typedef struct {
    void *data;
    int32_t device_type, device_id, ndim;
    uint8_t code, bits;
    uint16_t lanes;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} Tensor;

struct DLManagedTensor {
    Tensor tensor;
    void *context;
    void (*deleter)(struct DLManagedTensor *);
};

struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *context;
    void (*deleter)(struct DLManagedTensorVersioned *);
    uint64_t flags;
    Tensor tensor;
};

#define CPU 1
#define OLD "dltensor"
#define NEW "dltensor_versioned"

/* The library's deleters drop objects of Python's, so they need the GIL, which a consumer may not have. Each kind of tensor has
 * one deleter. */
static void (*delete_old)(struct DLManagedTensor *);
static void (*delete_new)(struct DLManagedTensorVersioned *);

static void old_deleter(struct DLManagedTensor *tensor)
{
    /* After the end of the interpreter there is nothing left to drop. */
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        delete_old(tensor);
        PyGILState_Release(state);
    }
}

static void new_deleter(struct DLManagedTensorVersioned *tensor)
{
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        delete_new(tensor);
        PyGILState_Release(state);
    }
}

/* A tensor that nobody has taken out of its capsule goes with it. */
static void capsule_destructor(PyObject *capsule)
{
    if (PyCapsule_IsValid(capsule, OLD)) {
        old_deleter(PyCapsule_GetPointer(capsule, OLD));
    }
    else if (PyCapsule_IsValid(capsule, NEW)) {
        new_deleter(PyCapsule_GetPointer(capsule, NEW));
    }
}

static PyObject *old_capsule(PyObject *view)
{
    struct DLManagedTensor *tensor = pyb_pybuffer_dlpack_export_unversioned(view, 0);
    if (tensor == NULL) {
        return failed();
    }
    delete_old = tensor->deleter;
    tensor->deleter = old_deleter;
    PyObject *capsule = PyCapsule_New(tensor, OLD, capsule_destructor);
    if (capsule == NULL) {
        old_deleter(tensor);
    }
    return capsule;
}

static PyObject *new_capsule(PyObject *view)
{
    struct DLManagedTensorVersioned *tensor = pyb_pybuffer_dlpack_export(view, 0);
    if (tensor == NULL) {
        return failed();
    }
    delete_new = tensor->deleter;
    tensor->deleter = new_deleter;
    PyObject *capsule = PyCapsule_New(tensor, NEW, capsule_destructor);
    if (capsule == NULL) {
        new_deleter(tensor);
    }
    return capsule;
}

/* Whether the consumer takes tensors of version 1: the major version that it names; -1 with an error. */
static int takes_version_1(PyObject *version)
{
    if (version == Py_None) {
        return 0;
    }
    PyObject *major = PySequence_GetItem(version, 0);
    long number = major == NULL ? -1 : PyLong_AsLong(major);
    Py_XDECREF(major);
    return PyErr_Occurred() ? -1 : number >= 1;
}

static PyObject *memory_dlpack(Wrapper *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"stream", "max_version", "dl_device", "copy", NULL};
    PyObject *stream = Py_None, *version = Py_None, *device = Py_None, *copy = Py_None, *view = self->view, *fresh = NULL;
    int type = CPU, id = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOO:__dlpack__", names, &stream, &version, &device, &copy)) {
        return NULL;
    }
    if (stream != Py_None) {
        PyErr_SetString(PyExc_RuntimeError, "memory of the CPU has no streams");
        return NULL;
    }
    if (device != Py_None && !PyArg_ParseTuple(device, "ii;dl_device is a tuple of two integers", &type, &id)) {
        return NULL;
    }
    if (type != CPU || id != 0) {
        PyErr_SetString(PyExc_BufferError, "the memory is the CPU's");
        return NULL;
    }
    int recent = takes_version_1(version);
    int copied = copy == Py_None ? 0 : PyObject_IsTrue(copy);
    if (recent < 0 || copied < 0) {
        return NULL;
    }
    if (copied) {
        fresh = view = pyb_pybuffer_memoryview_copy(self->view, 'C');
        if (view == NULL) {
            return failed();
        }
    }
    PyObject *capsule = recent ? new_capsule(view) : old_capsule(view);
    pyb_Py_DecRef(fresh);
    return capsule;
}

static PyObject *memory_dlpack_device(Wrapper *self, PyObject *unused)
{
    (void)unused;
    return live(self) == NULL ? NULL : Py_BuildValue("(ii)", CPU, 0);
}

/* The capsule of a producer, of version 1 where it knows that. */
static PyObject *capsule_of(PyObject *producer)
{
    PyObject *method = PyObject_GetAttrString(producer, "__dlpack__");
    if (method == NULL) {
        return NULL;
    }
    PyObject *nothing = PyTuple_New(0), *kwargs = Py_BuildValue("{s(ii)}", "max_version", 1, 0), *capsule = NULL;
    if (nothing != NULL && kwargs != NULL) {
        capsule = PyObject_Call(method, nothing, kwargs);
        if (capsule == NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
            /* From before version 1. */
            PyErr_Clear();
            capsule = PyObject_Call(method, nothing, NULL);
        }
    }
    Py_XDECREF(nothing);
    Py_XDECREF(kwargs);
    Py_DECREF(method);
    return capsule;
}

static PyObject *from_dlpack(PyObject *module, PyObject *producer)
{
    (void)module;
    PyObject *result = NULL, *capsule = capsule_of(producer);
    if (capsule == NULL) {
        return NULL;
    }
    /* A tensor that is taken over, which it is in any case, is no longer the capsule's. */
    if (PyCapsule_IsValid(capsule, NEW)) {
        struct DLManagedTensorVersioned *tensor = PyCapsule_GetPointer(capsule, NEW);
        if (PyCapsule_SetName(capsule, "used_" NEW) == 0) {
            result = wrap(pyb_pybuffer_dlpack_import(tensor, 0));
        }
    }
    else if (PyCapsule_IsValid(capsule, OLD)) {
        struct DLManagedTensor *tensor = PyCapsule_GetPointer(capsule, OLD);
        if (PyCapsule_SetName(capsule, "used_" OLD) == 0) {
            result = wrap(pyb_pybuffer_dlpack_import_unversioned(tensor, 0));
        }
    }
    else {
        PyErr_SetString(PyExc_TypeError, "__dlpack__() returned no capsule of a tensor");
    }
    Py_DECREF(capsule);
    return result;
}

static PyMethodDef methods[] = {
    {"__dlpack__", (PyCFunction)(void (*)(void))memory_dlpack, METH_VARARGS | METH_KEYWORDS, NULL},
    {"__dlpack_device__", (PyCFunction)memory_dlpack_device, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef functions[] = {
    {"from_dlpack", from_dlpack, METH_O, "A memoryview of a tensor on the CPU, without a copy."},
    {NULL, NULL, 0, NULL},
};

int prepare_tensors(PyObject *module)
{
    return add_methods(&Wrapper_Type, methods) < 0 ? -1 : PyModule_AddFunctions(module, functions);
}

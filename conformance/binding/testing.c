/* What only CPython's tests call from C, on the library, and the module of it all. The module also counts what has been made, so
 * that a run can show that it was this library.
 */
#include "testing.h"

#include <string.h>

/* from_buffer(view): PyMemoryView_FromBuffer of the very struct that the interpreter's own PyMemoryView_FromBuffer was
 * given, which is the argument's snapshot. The memory is never freed by _testbuffer. */
static PyObject *from_buffer(PyObject *module, PyObject *interpreters)
{
    (void)module;
    if (strcmp(Py_TYPE(interpreters)->tp_name, "memoryview") != 0 || Wrapper_Check(interpreters)) {
        PyErr_SetString(PyExc_TypeError, "the interpreter's own memoryview is required");
        return NULL;
    }
    return wrap(pyb_PyMemoryView_FromBuffer(&((PyMemoryViewObject *)interpreters)->mbuf->master));
}

/* set_method(type, name, function): puts a function in the place of a method of a static type. */
static PyObject *set_method(PyObject *module, PyObject *args)
{
    PyTypeObject *type;
    const char *name;
    PyObject *function;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!sO", &PyType_Type, &type, &name, &function)) {
        return NULL;
    }
    if (PyDict_SetItemString(type->tp_dict, name, function) < 0) {
        return NULL;
    }
    PyType_Modified(type);
    Py_RETURN_NONE;
}

/* PyBuffer_SizeFromFormat(format) */
static PyObject *size_from_format(PyObject *module, PyObject *args)
{
    const char *format;
    (void)module;
    if (!PyArg_ParseTuple(args, "s", &format)) {
        return NULL;
    }
    Py_ssize_t size = pyb_PyBuffer_SizeFromFormat(format);
    return size < 0 ? failed() : PyLong_FromSsize_t(size);
}

/* buffer_fill_info(bytes, readonly, flags): a memoryview of what PyBuffer_FillInfo makes of them. */
static PyObject *buffer_fill_info(PyObject *module, PyObject *args)
{
    const char *bytes;
    Py_ssize_t length;
    Py_buffer view;
    int readonly, flags;
    (void)module;
    if (!PyArg_ParseTuple(args, "s#ii", &bytes, &length, &readonly, &flags)) {
        return NULL;
    }
    if (pyb_PyBuffer_FillInfo(&view, NULL, (void *)bytes, length, readonly, flags) < 0) {
        return failed();
    }
    return wrap(pyb_PyMemoryView_FromBuffer(&view));
}

/* The blocks of memory that the library holds. */
static Py_ssize_t held;

static void *counted_malloc(void *context, size_t size)
{
    (void)context;
    void *block = malloc(size == 0 ? 1 : size);
    held += block != NULL;
    return block;
}

static void *counted_calloc(void *context, size_t count, size_t size)
{
    (void)context;
    void *block = count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size);
    held += block != NULL;
    return block;
}

static void *counted_realloc(void *context, void *old, size_t size)
{
    (void)context;
    void *block = realloc(old, size == 0 ? 1 : size);
    held += old == NULL && block != NULL;
    return block;
}

static void counted_free(void *context, void *block)
{
    (void)context;
    held -= block != NULL;
    free(block);
}

static void count_blocks(void)
{
    PyMemAllocatorEx counted = {NULL, counted_malloc, counted_calloc, counted_realloc, counted_free};
    pyb_PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &counted);
    pyb_PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &counted);
    pyb_PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &counted);
}

static PyObject *blocks(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromSsize_t(held);
}

static PyObject *made(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromSsize_t(objects_made);
}

static PyMethodDef testing_functions[] = {
    {"from_buffer", from_buffer, METH_O, NULL},
    {"set_method", set_method, METH_VARARGS, NULL},
    {"PyBuffer_SizeFromFormat", size_from_format, METH_VARARGS, NULL},
    {"buffer_fill_info", buffer_fill_info, METH_VARARGS, NULL},
    {"made", made, METH_NOARGS, "The number of objects of the library that have been wrapped so far."},
    {"blocks", blocks, METH_NOARGS, "The number of blocks of memory that the library holds."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pybuffer_binding",
    .m_doc = "libpybuffer's memoryview for CPython's tests.",
    .m_size = -1,
    .m_methods = testing_functions,
};

PyMODINIT_FUNC PyInit_pybuffer_binding(void)
{
    count_blocks();
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || prepare_binding(module) < 0 || prepare_oldbuffers(module) < 0) {
        return NULL;
    }
    return module;
}

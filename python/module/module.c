/* The extension module of the package: the binding, the checker, and the constants of requests and of ndarrays. */
#include "module.h"

#if defined(PYPY_VERSION)
#  error "PyPy is not supported: the library has the layout of CPython's objects."
#endif

int add_methods(PyTypeObject *type, PyMethodDef *methods)
{
    for (PyMethodDef *method = methods; method->ml_name != NULL; method++) {
        PyObject *descriptor = PyDescr_NewMethod(type, method);
        if (descriptor == NULL || PyDict_SetItemString(type->tp_dict, method->ml_name, descriptor) < 0) {
            Py_XDECREF(descriptor);
            return -1;
        }
        Py_DECREF(descriptor);
    }
    PyType_Modified(type);
    return 0;
}

static const struct {
    const char *name;
    int value;
} CONSTANTS[] = {
#define CONSTANT(name) {#name, name}
#define OF_NDARRAYS(name) {"ND_" #name, PYBUFFER_ND_##name}
    CONSTANT(PyBUF_SIMPLE), CONSTANT(PyBUF_WRITABLE), CONSTANT(PyBUF_FORMAT), CONSTANT(PyBUF_ND), CONSTANT(PyBUF_STRIDES),
    CONSTANT(PyBUF_C_CONTIGUOUS), CONSTANT(PyBUF_F_CONTIGUOUS), CONSTANT(PyBUF_ANY_CONTIGUOUS), CONSTANT(PyBUF_INDIRECT),
    CONSTANT(PyBUF_CONTIG), CONSTANT(PyBUF_CONTIG_RO), CONSTANT(PyBUF_STRIDED), CONSTANT(PyBUF_STRIDED_RO),
    CONSTANT(PyBUF_RECORDS), CONSTANT(PyBUF_RECORDS_RO), CONSTANT(PyBUF_FULL), CONSTANT(PyBUF_FULL_RO), CONSTANT(PyBUF_READ),
    CONSTANT(PyBUF_WRITE),
    OF_NDARRAYS(MAX_NDIM), OF_NDARRAYS(VAREXPORT), OF_NDARRAYS(WRITABLE), OF_NDARRAYS(FORTRAN), OF_NDARRAYS(SCALAR),
    OF_NDARRAYS(PIL), OF_NDARRAYS(REDIRECT), OF_NDARRAYS(GETBUF_FAIL), OF_NDARRAYS(GETBUF_UNDEFINED), OF_NDARRAYS(C),
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = NAMED("_core"),
    .m_doc = "libpybuffer in this process.",
    .m_size = -1,
    .m_methods = check_functions,
};

PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || prepare_binding(module) < 0 || prepare_parts(module) < 0 || prepare_tensors(module) < 0
        || prepare_faulty(module) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(CONSTANTS); i++) {
        if (PyModule_AddIntConstant(module, CONSTANTS[i].name, CONSTANTS[i].value) < 0) {
            Py_DECREF(module);
            return NULL;
        }
    }
    if (PyModule_AddStringConstant(module, "library_version", pyb_pybuffer_version()) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}

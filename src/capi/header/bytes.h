/* Whether an object is a bytes object; and one of exactly that type. */
#define PyBytes_Check(op) PyType_FastSubclass(Py_TYPE(op), Py_TPFLAGS_BYTES_SUBCLASS)
#define PyBytes_CheckExact(op) Py_IS_TYPE(op, &PyBytes_Type)

/* Bytes and length of an object that is known to be a bytes object. */
static inline char *pybuffer_inline_bytes(PyObject *op)
{
    return PYBUFFER_CAST(PyBytesObject, op)->ob_sval;
}
#define PyBytes_AS_STRING(op) pybuffer_inline_bytes(_PyObject_CAST(op))
#define PyBytes_GET_SIZE(op) Py_SIZE(op)

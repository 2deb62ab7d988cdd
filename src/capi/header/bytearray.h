/* Whether an object is a bytearray; and one of exactly that type. */
#define PyByteArray_Check(op) PyObject_TypeCheck(op, &PyByteArray_Type)
#define PyByteArray_CheckExact(op) Py_IS_TYPE(op, &PyByteArray_Type)

/* The content of a bytearray without memory of its own: the NUL that ends it. CPython: the same name, until 3.14. */
extern char _PyByteArray_empty_string[];

/* Bytes and length of an object that is known to be a bytearray. */
static inline char *pybuffer_inline_bytearray(PyObject *op)
{
    return PYBUFFER_CAST(PyByteArrayObject, op)->ob_start;
}
#define PyByteArray_AS_STRING(op) pybuffer_inline_bytearray(_PyObject_CAST(op))
#define PyByteArray_GET_SIZE(op) Py_SIZE(op)

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

/**
 * A bytes object of what `format` makes of the arguments after it: `%c` (an int, as a byte), `%d %ld %zd %i`, `%u %lu %zu`,
 * `%x` (of an int), `%s` (a C string; with a precision above 0 at most so many bytes), `%p`, `%%`. Other widths, flags and
 * precisions are without effect. Anything else ends the format: the rest of it is copied as it is.
 *
 * A new reference; NULL with `OverflowError` for a `%c` that is not a byte or as `PyBytes_FromStringAndSize`, `MemoryError`, or
 * `SystemError` for a NULL format.
 */
PyObject *PyBytes_FromFormat(const char *format, ...) PYBUFFER_WARN_UNUSED;

/**
 * `PyBytes_FromFormat` with a `va_list`, which is not consumed.
 */
PyObject *PyBytes_FromFormatV(const char *format, va_list vargs) PYBUFFER_WARN_UNUSED;

/**
 * Appends to the bytes of a writer what `PyBytes_FromFormat` would make. Returns 0; -1 with an error set, and then nothing is
 * appended.
 */
int PyBytesWriter_Format(PyBytesWriter *writer, const char *format, ...) PYBUFFER_WARN_UNUSED;

/* The exception types, as pointers to their type objects. Each derives from the one that its line is set in under. */
extern PyObject *PyExc_BaseException;
extern PyObject *PyExc_Exception;               /*   what ordinary errors derive from                            */
extern PyObject *PyExc_BufferError;             /*     a request that cannot be met; memory that is in use       */
extern PyObject *PyExc_ValueError;              /*     the right type with a wrong value                         */
extern PyObject *PyExc_TypeError;               /*     an object of the wrong type                               */
extern PyObject *PyExc_LookupError;             /*     a key or index that is not there                          */
extern PyObject *PyExc_IndexError;              /*       an index out of range                                   */
extern PyObject *PyExc_ArithmeticError;         /*     a calculation that has no result                          */
extern PyObject *PyExc_OverflowError;           /*       a number too large                                      */
extern PyObject *PyExc_MemoryError;             /*     the allocator has nothing left                            */
extern PyObject *PyExc_RuntimeError;            /*     what fits no other type                                   */
extern PyObject *PyExc_NotImplementedError;     /*       what is not implemented                                 */
extern PyObject *PyExc_SystemError;             /*     the caller broke the contract of a function               */


/**
 * Makes an error of the type `exception` pending, with a message made from `format` and the arguments after it. Returns
 * NULL, so that a function can end with `return PyErr_Format(...);`.
 *
 * The codes: `%d %i %u %x %X %o`, alone or with `l`, `ll`, `z`, `j` or `t`; `%c` (a code point); `%s` (UTF-8; invalid
 * parts become U+FFFD) and `%ls`; `%p`; `%%`. All but `%%` take the flags `-` and `0`. All but `%c`, `%p` and `%%` take a
 * width (in characters) and a precision (of `%s` in bytes; a character that it cuts is left out). Both may be `*`; a
 * negative precision is then 0.
 *
 * The error becomes another one where the format is wrong: `SystemError` for any other code, for CPython's codes that take
 * Python objects (`%U %V %S %R %A %T %N`), for `%c` and `%p` with a width or precision, and for `%%` with anything between
 * its signs; `ValueError` for a width or precision above `PY_SSIZE_T_MAX`; `MemoryError` for a text that does not fit in
 * memory.
 */
PyObject *PyErr_Format(PyObject *exception, const char *format, ...) PYBUFFER_PRINTF(2, 3);

/**
 * `PyErr_Format` with a `va_list`, which is not consumed.
 */
PyObject *PyErr_FormatV(PyObject *exception, const char *format, va_list vargs) PYBUFFER_PRINTF(2, 0);

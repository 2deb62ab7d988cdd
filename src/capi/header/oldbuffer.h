/* Whether an object is an old buffer. */
#define PyBuffer_Check(op) Py_IS_TYPE(op, &PyBuffer_Type)

/* A size that reaches to the end of what the base exports. */
#define Py_END_OF_BUFFER (-1)

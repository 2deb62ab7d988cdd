/* Whether an object is a memoryview. */
#define PyMemoryView_Check(op) Py_IS_TYPE(op, &PyMemoryView_Type)

/* The view of a memoryview: owned by it, not to be changed or released. */
static inline Py_buffer *pybuffer_inline_view(PyObject *op)
{
    return &PYBUFFER_CAST(PyMemoryViewObject, op)->view;
}
#define PyMemoryView_GET_BUFFER(op) pybuffer_inline_view(_PyObject_CAST(op))

/* The exporter of a memoryview (borrowed), or NULL where the view has no exporter. */
#define PyMemoryView_GET_BASE(op) (pybuffer_inline_view(_PyObject_CAST(op))->obj)

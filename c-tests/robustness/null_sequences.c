/* NULL and nonsense to the functions of sequences and old buffers. See null.h. */
#include "null.h"

#define FUNCTIONS(F)                                                                                                   \
    F(PySequence_Check) F(PySequence_Concat) F(PySequence_Repeat) F(PySequence_GetItem) F(PySequence_GetSlice)         \
    F(PySequence_SetItem) F(PySequence_DelItem) F(PySequence_SetSlice) F(PySequence_DelSlice) F(PyBuffer_FromObject)   \
    F(PyBuffer_FromReadWriteObject) F(PyBuffer_FromMemory) F(PyBuffer_FromReadWriteMemory) F(PyBuffer_New)             \
    F(PyObject_Cmp) F(PyObject_Compare) F(PyIter_NextItem)

static void null_PySequence_Check(void)
{
    CHECK_INT(PySequence_Check(NULL), 0);
    CHECK_INT(PySequence_Check(plain), 0);
}

static void null_PySequence_Concat(void)
{
    FAILS_NULL(PySequence_Concat(NULL, bytes), PyExc_SystemError);
    FAILS_NULL(PySequence_Concat(bytes, NULL), PyExc_SystemError);
    FAILS_NULL(PySequence_Concat(NULL, NULL), PyExc_SystemError);
    FAILS_NULL(PySequence_Concat(plain, bytes), PyExc_TypeError);
    FAILS_NULL(PySequence_Concat(bytes, plain), PyExc_TypeError);
    FAILS_NULL(PyBytes_Type.tp_as_sequence->sq_concat(bytes, NULL), PyExc_SystemError);
    FAILS_NULL(PyByteArray_Type.tp_as_sequence->sq_concat(bytearray, NULL), PyExc_SystemError);
}

static void null_PySequence_Repeat(void)
{
    FAILS_NULL(PySequence_Repeat(NULL, 1), PyExc_SystemError);
    FAILS_NULL(PySequence_Repeat(plain, 1), PyExc_TypeError);
    FAILS_NULL(PySequence_Repeat(bytes, PY_SSIZE_T_MAX), PyExc_OverflowError);
    FAILS_NULL(PySequence_Repeat(bytearray, PY_SSIZE_T_MAX), PyExc_MemoryError);
}

static void null_PySequence_GetItem(void)
{
    FAILS_NULL(PySequence_GetItem(NULL, 0), PyExc_SystemError);
    FAILS_NULL(PySequence_GetItem(plain, 0), PyExc_TypeError);
    FAILS_NULL(PySequence_GetItem(bytes, PY_SSIZE_T_MAX), PyExc_IndexError);
    FAILS_NULL(PySequence_GetItem(bytearray, PY_SSIZE_T_MIN), PyExc_IndexError);
}

static void null_PySequence_GetSlice(void)
{
    FAILS_NULL(PySequence_GetSlice(NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(PySequence_GetSlice(plain, 0, 0), PyExc_TypeError);
    FAILS_NULL(PySequence_GetSlice(memoryview, 0, 0), PyExc_TypeError);
}

static void null_PySequence_SetItem(void)
{
    FAILS(PySequence_SetItem(NULL, 0, bytes), PyExc_SystemError);
    FAILS(PySequence_SetItem(NULL, 0, NULL), PyExc_SystemError);
    FAILS(PySequence_SetItem(plain, 0, bytes), PyExc_TypeError);
    FAILS(PySequence_SetItem(bytes, 0, NULL), PyExc_TypeError); /* a deletion */
    FAILS(PySequence_SetItem(bytearray, 9, NULL), PyExc_IndexError);
}

static void null_PySequence_DelItem(void)
{
    FAILS(PySequence_DelItem(NULL, 0), PyExc_SystemError);
    FAILS(PySequence_DelItem(plain, 0), PyExc_TypeError);
}

static void null_PySequence_SetSlice(void)
{
    FAILS(PySequence_SetSlice(NULL, 0, 0, bytes), PyExc_SystemError);
    FAILS(PySequence_SetSlice(NULL, 0, 0, NULL), PyExc_SystemError);
    FAILS(PySequence_SetSlice(plain, 0, 0, bytes), PyExc_TypeError);
    FAILS(PySequence_SetSlice(bytes, 0, 0, NULL), PyExc_TypeError);
    CHECK_INT(PySequence_SetSlice(bytearray, 3, 3, NULL), 0); /* a deletion, of nothing */
}

static void null_PySequence_DelSlice(void)
{
    FAILS(PySequence_DelSlice(NULL, 0, 0), PyExc_SystemError);
    FAILS(PySequence_DelSlice(plain, 0, 0), PyExc_TypeError);
}

static void null_PyBuffer_FromObject(void)
{
    PyObject *old = PyBuffer_New(3);
    FAILS_NULL(PyBuffer_FromObject(NULL, 0, Py_END_OF_BUFFER), PyExc_SystemError);
    FAILS_NULL(PyBuffer_FromObject(plain, 0, Py_END_OF_BUFFER), PyExc_TypeError);
    FAILS_NULL(PyBuffer_FromObject(bytes, -1, Py_END_OF_BUFFER), PyExc_ValueError);
    FAILS_NULL(PyBuffer_FromObject(bytes, PY_SSIZE_T_MIN, PY_SSIZE_T_MIN), PyExc_ValueError);
    FAILS_NULL(PyBuffer_FromObject(bytes, 0, -2), PyExc_ValueError);
    FAILS_NULL(PyBuffer_Type.tp_as_sequence->sq_concat(old, NULL), PyExc_TypeError);
    FAILS(PyBuffer_Type.tp_as_buffer->bf_getbuffer(old, NULL, PyBUF_SIMPLE), PyExc_BufferError);
    Py_DECREF(old);
}

static void null_PyBuffer_FromReadWriteObject(void)
{
    FAILS_NULL(PyBuffer_FromReadWriteObject(NULL, 0, Py_END_OF_BUFFER), PyExc_SystemError);
    FAILS_NULL(PyBuffer_FromReadWriteObject(plain, 0, Py_END_OF_BUFFER), PyExc_TypeError);
    FAILS_NULL(PyBuffer_FromReadWriteObject(bytearray, -1, 0), PyExc_ValueError);
    CHECK_INT(exports_of(bytearray), 0);
}

static void null_PyBuffer_FromMemory(void)
{
    FAILS_NULL(PyBuffer_FromMemory(NULL, 1), PyExc_SystemError);
    FAILS_NULL(PyBuffer_FromMemory(NULL, -1), PyExc_ValueError);
}

static void null_PyBuffer_FromReadWriteMemory(void)
{
    FAILS_NULL(PyBuffer_FromReadWriteMemory(NULL, 1), PyExc_SystemError);
    FAILS_NULL(PyBuffer_FromReadWriteMemory(NULL, PY_SSIZE_T_MIN), PyExc_ValueError);
}

static void null_PyBuffer_New(void)
{
    FAILS_NULL(PyBuffer_New(-1), PyExc_ValueError);
    FAILS_NULL(PyBuffer_New(PY_SSIZE_T_MAX), PyExc_MemoryError);
}

static void null_PyObject_Cmp(void)
{
    int result = 77;
    FAILS(PyObject_Cmp(NULL, bytes, &result), PyExc_SystemError);
    FAILS(PyObject_Cmp(bytes, NULL, &result), PyExc_SystemError);
    FAILS(PyObject_Cmp(bytes, bytearray, NULL), PyExc_SystemError);
    FAILS(PyObject_Cmp(bytes, plain, &result), PyExc_TypeError);
    CHECK_INT(result, 77);
}

static void null_PyObject_Compare(void)
{
    FAILS(PyObject_Compare(NULL, bytes), PyExc_SystemError);
    FAILS(PyObject_Compare(bytes, NULL), PyExc_SystemError);
    FAILS(PyObject_Compare(bytes, plain), PyExc_TypeError);
}

static void null_PyIter_NextItem(void)
{
    PyObject *item = bytes;
    FAILS(PyIter_NextItem(NULL, &item), PyExc_SystemError);
    CHECK_PTR(item, NULL);
    FAILS(PyIter_NextItem(bytes, NULL), PyExc_SystemError);
    item = bytes;
    FAILS(PyIter_NextItem(plain, &item), PyExc_TypeError);
    CHECK_PTR(item, NULL);
}

NULL_MAIN()

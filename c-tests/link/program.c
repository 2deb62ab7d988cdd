/* What a program takes of Python.h that is about objects, types, bytes, buffers and errors, with the limited API, too. It links with
 * the library and does what it does with CPython. Prints "ok".
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdio.h>

#define CHECK(condition) ((condition) ? (void)0 : (void)(printf("line %d: %s\n", __LINE__, #condition), failures++))

static int failures;

static PyObject *none(void)
{
    Py_RETURN_NONE;
}

int main(void)
{
    Py_Initialize();
    PyObject *bytes = PyBytes_FromStringAndSize("some bytes", 10), *array = PyByteArray_FromStringAndSize("", 0);
    CHECK(Py_TYPE(bytes) == &PyBytes_Type);
    CHECK(Py_IS_TYPE(bytes, &PyBytes_Type));
    CHECK(!Py_IS_TYPE(bytes, &PyByteArray_Type));
    CHECK(Py_SIZE(bytes) == 10);
    CHECK(Py_REFCNT(bytes) == 1);
    Py_INCREF(bytes);
    CHECK(Py_REFCNT(bytes) == 2);
    Py_DECREF(bytes);
    Py_XINCREF(bytes);
    Py_XDECREF(bytes);
    CHECK(Py_NewRef(bytes) == bytes);
    CHECK(Py_XNewRef(bytes) == bytes);
    CHECK(Py_REFCNT(bytes) == 3);
    Py_DECREF(bytes);
    Py_DECREF(bytes);
    CHECK(PyBytes_Check(bytes) && PyBytes_CheckExact(bytes) && !PyByteArray_Check(bytes) && !PyMemoryView_Check(bytes));
    CHECK(PyByteArray_Check(array) && PyByteArray_CheckExact(array) && !PyBytes_Check(array));
    CHECK(PyObject_TypeCheck(bytes, &PyBytes_Type) && PyType_HasFeature(Py_TYPE(bytes), Py_TPFLAGS_BASETYPE));
    CHECK(PyType_Check((PyObject *)&PyBytes_Type) && !PyType_Check(bytes));
    CHECK(PyExceptionClass_Check(PyExc_ValueError) && !PyExceptionInstance_Check(bytes));
    CHECK(Py_IsNone(Py_None) && Py_IsTrue(Py_True) && Py_IsFalse(Py_False) && Py_Is(Py_NotImplemented, Py_NotImplemented));
    CHECK(none() == Py_None);
#ifndef Py_LIMITED_API
    CHECK(PyBytes_GET_SIZE(bytes) == 10 && PyBytes_AS_STRING(bytes) == PyBytes_AsString(bytes));
    CHECK(PyByteArray_GET_SIZE(array) == 0 && PyByteArray_AS_STRING(array) == PyByteArray_AsString(array));
    CHECK(PyByteArray_AS_STRING(array)[0] == 0);
    Py_SET_SIZE((PyVarObject *)bytes, 9);
    CHECK(PyBytes_Size(bytes) == 9);
    Py_SET_SIZE((PyVarObject *)bytes, 10);
#else
    CHECK(PyType_GetFlags(&PyBytes_Type) & Py_TPFLAGS_BYTES_SUBCLASS);
    Py_SET_SIZE((PyVarObject *)bytes, 10);
#endif
    Py_SET_REFCNT(bytes, 2);
    CHECK(Py_REFCNT(bytes) == 2);
    Py_DECREF(bytes);
    PyObject *view = PyMemoryView_FromObject(bytes);
    CHECK(view != NULL && PyMemoryView_Check(view) && PyObject_Size(view) == 10);
    Py_buffer buffer;
    CHECK(PyObject_GetBuffer(view, &buffer, PyBUF_FULL_RO) == 0 && buffer.len == 10 && buffer.ndim == 1);
    CHECK(PyBuffer_IsContiguous(&buffer, 'C'));
    PyBuffer_Release(&buffer);
    CHECK(PyObject_GetBuffer(view, &buffer, PyBUF_WRITABLE) == -1 && PyErr_ExceptionMatches(PyExc_BufferError));
    PyErr_Clear();
    CHECK(PyErr_Format(PyExc_IndexError, "%d", 5) == NULL && PyErr_Occurred() == PyExc_IndexError);
    PyErr_Clear();
    Py_CLEAR(view);
    CHECK(view == NULL);
    Py_DECREF(array);
    Py_DECREF(bytes);
    Py_Finalize();
    if (failures == 0) {
        puts("ok");
    }
    return failures != 0;
}

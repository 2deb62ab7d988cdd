/* The program and the library mean the same objects by the same names.
 *
 * The linker may copy a library's data into an executable; then the library must use that copy, too. Built as a
 * position-independent executable and as one at a fixed address, which differ in this.
 */
#include "support.h"

/* Addresses that are known when the program is linked, where they are copies. */
static PyTypeObject *const types[] = {
    &PyBaseObject_Type, &PyType_Type,  &PyMemoryView_Type, &_PyManagedBuffer_Type,
    &PyPickleBuffer_Type, &PyBytes_Type, &PyByteArray_Type, &PyBuffer_Type,
};

static void it_is_the_kind_of_executable_that_it_should_be(void)
{
#ifdef __PIE__
    CHECK_INT(EXPECT_PIE, 1);
#else
    CHECK_INT(EXPECT_PIE, 0);
#endif
}

static void objects_of_the_library_are_of_the_types_of_the_program(void)
{
    PyObject *bytes = PyBytes_FromString("bytes"), *bytearray = PyByteArray_FromObject(bytes);
    PyObject *memoryview = PyMemoryView_FromObject(bytes), *picklebuffer = PyPickleBuffer_FromObject(bytes);
    PyObject *single = PyBytes_FromStringAndSize("x", 1), *empty = PyBytes_FromStringAndSize(NULL, 0);
    CHECK_PTR(Py_TYPE(bytes), &PyBytes_Type);
    CHECK_PTR(Py_TYPE(single), &PyBytes_Type);
    CHECK_PTR(Py_TYPE(empty), &PyBytes_Type);
    CHECK_PTR(Py_TYPE(bytearray), &PyByteArray_Type);
    CHECK_PTR(Py_TYPE(memoryview), &PyMemoryView_Type);
    CHECK_PTR(Py_TYPE(((PyMemoryViewObject *)memoryview)->mbuf), &_PyManagedBuffer_Type);
    CHECK_PTR(Py_TYPE(picklebuffer), &PyPickleBuffer_Type);
    CHECK(PyBytes_Check(bytes) && PyBytes_CheckExact(bytes) && !PyBytes_Check(bytearray));
    CHECK(PyByteArray_Check(bytearray) && PyByteArray_CheckExact(bytearray) && !PyByteArray_Check(bytes));
    CHECK(PyMemoryView_Check(memoryview) && !PyMemoryView_Check(picklebuffer));
    PyObject *old = PyBuffer_New(1);
    CHECK_PTR(Py_TYPE(old), &PyBuffer_Type);
    CHECK(PyBuffer_Check(old) && !PyBuffer_Check(bytes) && PySequence_Check(old) && PySequence_Check(bytearray));
    Py_DECREF(old);
    CHECK(PyPickleBuffer_Check(picklebuffer) && !PyPickleBuffer_Check(memoryview));
    Py_DECREF(picklebuffer);
    Py_DECREF(memoryview);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
}

static void types_are_tied_to_each_other(void)
{
    for (size_t i = 0; i < COUNT(types); i++) {
        CHECK_PTR(Py_TYPE(types[i]), &PyType_Type);
        CHECK_PTR(types[i]->tp_base, types[i] == &PyBaseObject_Type ? NULL : &PyBaseObject_Type);
        CHECK_INT(PyType_IsSubtype(types[i], &PyBaseObject_Type), 1);
        CHECK(PyType_Check(types[i]));
        CHECK((types[i]->tp_flags & Py_TPFLAGS_READY) != 0);
        CHECK_INT(PyType_Ready(types[i]), 0);
        for (size_t other = 0; other < i; other++) {
            CHECK(types[i] != types[other]);
        }
    }
}

static void exception_types_are_the_same_and_derive_as_the_header_says(void)
{
    const struct {
        PyObject *type, *base;
        const char *name;
    } all[] = {
        {PyExc_BaseException, (PyObject *)&PyBaseObject_Type, "BaseException"},
        {PyExc_Exception, PyExc_BaseException, "Exception"},
        {PyExc_BufferError, PyExc_Exception, "BufferError"},
        {PyExc_ValueError, PyExc_Exception, "ValueError"},
        {PyExc_TypeError, PyExc_Exception, "TypeError"},
        {PyExc_LookupError, PyExc_Exception, "LookupError"},
        {PyExc_IndexError, PyExc_LookupError, "IndexError"},
        {PyExc_ArithmeticError, PyExc_Exception, "ArithmeticError"},
        {PyExc_OverflowError, PyExc_ArithmeticError, "OverflowError"},
        {PyExc_MemoryError, PyExc_Exception, "MemoryError"},
        {PyExc_RuntimeError, PyExc_Exception, "RuntimeError"},
        {PyExc_NotImplementedError, PyExc_RuntimeError, "NotImplementedError"},
        {PyExc_SystemError, PyExc_Exception, "SystemError"},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK_PTR(((PyTypeObject *)all[i].type)->tp_base, all[i].base);
        CHECK_STR(((PyTypeObject *)all[i].type)->tp_name, all[i].name);
        PyErr_SetNone(all[i].type);
        CHECK_STR(pybuffer_error_name(), all[i].name);
        CHECK_ERROR(all[i].type);
    }
}

/* One error of each type that the library raises by itself. */
static void errors_of_the_library_are_of_the_types_of_the_program(void)
{
    Py_buffer view;
    PyObject *bytes = PyBytes_FromString("bytes");
    CHECK_INT(PyObject_GetBuffer(bytes, &view, PyBUF_WRITABLE), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PyObject_Size(Py_None), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(PyObject_Size(NULL), -1);
    CHECK_ERROR(PyExc_SystemError);
    CHECK_INT(PyBuffer_SizeFromFormat("?y"), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(PyBytes_FromStringAndSize(NULL, PY_SSIZE_T_MAX), NULL);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_PTR(PyErr_NoMemory(), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    Py_DECREF(bytes);
}

static PyObject *answer;

static PyObject *give_the_answer(PyObject *a, PyObject *b, int operation)
{
    (void)a;
    (void)b;
    (void)operation;
    return Py_NewRef(answer);
}

static PyTypeObject Oracle_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Oracle",
    .tp_basicsize = sizeof(PyObject),
    .tp_richcompare = give_the_answer,
    .tp_hash = PyObject_HashNotImplemented,
};

/* The program and the library see the same addresses. */
static void the_library_knows_the_singletons_of_the_program(void)
{
    CHECK_INT(PyType_Ready(&Oracle_Type), 0);
    PyObject *oracle = PyObject_New(PyObject, &Oracle_Type), *bytes = PyBytes_FromString("bytes");
    answer = Py_True;
    CHECK_INT(PyObject_RichCompareBool(oracle, bytes, Py_LT), 1);
    answer = Py_False;
    CHECK_INT(PyObject_RichCompareBool(oracle, bytes, Py_LT), 0);
    answer = Py_None;
    CHECK_INT(PyObject_RichCompareBool(oracle, bytes, Py_LT), 0);
    answer = Py_NotImplemented;
    CHECK_INT(PyObject_RichCompareBool(oracle, bytes, Py_EQ), 0);
    CHECK_INT(PyObject_RichCompareBool(oracle, bytes, Py_LT), -1);
    CHECK_MESSAGE(PyExc_TypeError, "'<' not supported between instances of 'test.Oracle' and 'bytes'");
    CHECK_INT(PyObject_Hash(oracle), -1);
    CHECK_ERROR(PyExc_TypeError);
    Py_DECREF(oracle);
    Py_DECREF(bytes);
}

/* And the other way round. */
static void the_program_knows_the_singletons_of_the_library(void)
{
    PyObject *a = PyBytes_FromString("aaa"), *b = PyBytes_FromString("bbb");
    richcmpfunc compare = PyBytes_Type.tp_richcompare;
    CHECK_PTR(compare(a, b, Py_LT), Py_True);
    CHECK_PTR(compare(a, b, Py_GT), Py_False);
    CHECK_PTR(compare(a, Py_None, Py_EQ), Py_NotImplemented);
    PyObject *const all[] = {Py_None, Py_NotImplemented, Py_True, Py_False};
    static const char *const names[] = {"NoneType", "NotImplementedType", "bool", "bool"};
    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK_STR(Py_TYPE(all[i])->tp_name, names[i]);
        for (size_t other = 0; other < i; other++) {
            CHECK(all[i] != all[other]);
        }
    }
    Py_DECREF(b);
    Py_DECREF(a);
}

static void an_empty_bytearray_shows_the_string_of_the_program(void)
{
    PyObject *empty = PyByteArray_FromStringAndSize(NULL, 0);
    CHECK_PTR(PyByteArray_AsString(empty), _PyByteArray_empty_string);
    CHECK_PTR(PyByteArray_AS_STRING(empty), _PyByteArray_empty_string);
    CHECK_STR(_PyByteArray_empty_string, "");
    Py_DECREF(empty);
}

/* A slot of the library in a type of the program, and a type of the program for functions of the library. */
static void types_of_the_program_derive_from_those_of_the_library(void)
{
    static PyTypeObject derived;
    derived.tp_name = "test.Derived";
    derived.tp_base = &PyByteArray_Type;
    CHECK_INT(PyType_Ready(&derived), 0);
    CHECK_PTR(Py_TYPE(&derived), &PyType_Type);
    CHECK_INT(derived.tp_basicsize, sizeof(PyByteArrayObject));
    CHECK_PTR(derived.tp_as_buffer, PyByteArray_Type.tp_as_buffer);
    CHECK_INT(PyType_IsSubtype(&derived, &PyByteArray_Type), 1);
    CHECK_INT(PyType_IsSubtype(&PyByteArray_Type, &derived), 0);
    PyByteArrayObject *object = PyObject_New(PyByteArrayObject, &derived);
    memset((char *)object + sizeof(PyObject), 0, sizeof(*object) - sizeof(PyObject));
    CHECK(PyByteArray_Check(object) && !PyByteArray_CheckExact(object));
    CHECK_INT(PyByteArray_Resize((PyObject *)object, 100), 0);
    CHECK_INT(PyByteArray_Size((PyObject *)object), 100);
    Py_DECREF(object);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(it_is_the_kind_of_executable_that_it_should_be);
    RUN(objects_of_the_library_are_of_the_types_of_the_program);
    RUN(types_are_tied_to_each_other);
    RUN(exception_types_are_the_same_and_derive_as_the_header_says);
    RUN(errors_of_the_library_are_of_the_types_of_the_program);
    RUN(the_library_knows_the_singletons_of_the_program);
    RUN(the_program_knows_the_singletons_of_the_library);
    RUN(an_empty_bytearray_shows_the_string_of_the_program);
    RUN(types_of_the_program_derive_from_those_of_the_library);
    return tap_end();
}

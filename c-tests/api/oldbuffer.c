/* Old buffers: what c-tests/twins/python2 cannot say, since CPython 2.7 does otherwise or has not got it. */
#include "support.h"

static char memory[16] = "0123456789abcdef";

static PyObject *bytearray_of(const char *text)
{
    return PyByteArray_FromStringAndSize(text, (Py_ssize_t)strlen(text));
}

/* The result is a bytes object with this text; it is dropped. */
static void check_text(PyObject *result, const char *text, int line)
{
    if (tap_check(result != NULL && PyBytes_CheckExact(result), __FILE__, line, "no bytes object: %s",
                  PyErr_Occurred() ? pybuffer_error_message() : "")) {
        tap_check_str(PyBytes_AsString(result), text, "the text", __FILE__, line);
    }
    Py_XDECREF(result);
}
#define CHECK_TEXT(result, text) check_text((result), (text), __LINE__)
#define CHECK_CONTENT(op, text) CHECK_TEXT(PySequence_GetSlice((op), 0, PY_SSIZE_T_MAX), (text))

/* ---- where the documentation of 2.7 holds ------------------------------------------------------------------- */

static void memory_has_a_size_of_its_own(void)
{
    static const Py_ssize_t sizes[] = {Py_END_OF_BUFFER, -2, PY_SSIZE_T_MIN};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        CHECK_PTR(PyBuffer_FromMemory(memory, sizes[i]), NULL);
        CHECK_MESSAGE(PyExc_ValueError, "size must be zero or positive");
        CHECK_PTR(PyBuffer_FromReadWriteMemory(memory, sizes[i]), NULL);
        CHECK_MESSAGE(PyExc_ValueError, "size must be zero or positive");
    }
}

static void what_is_read_only_cannot_be_written_through_it(void)
{
    PyObject *bytes = PyBytes_FromString("some bytes"), *array = bytearray_of("an array");
    PyObject *of_array = PyBuffer_FromObject(array, 0, Py_END_OF_BUFFER), *of_memory = PyBuffer_FromMemory(memory, 4);
    PyObject *view = PyMemoryView_FromMemory(memory, 4, PyBUF_READ);
    PyObject *const all[] = {bytes, of_array, of_memory, view};
    for (size_t i = 0; i < COUNT(all); i++) {
        Py_ssize_t references = Py_REFCNT(all[i]);
        CHECK_PTR(PyBuffer_FromReadWriteObject(all[i], 0, Py_END_OF_BUFFER), NULL);
        CHECK_ERROR(PyExc_TypeError);
        CHECK_INT(Py_REFCNT(all[i]), references);
    }
    CHECK_INT(Py_REFCNT(array), 2);
    CHECK_INT(exports_of(view), 0);
    Py_DECREF(view);
    Py_DECREF(of_memory);
    Py_DECREF(of_array);
    Py_DECREF(array);
    Py_DECREF(bytes);
}

static void a_base_has_its_bytes_in_one_piece(void)
{
    Py_ssize_t shape[1] = {4}, strides[1] = {2};
    Exporter *strided = exporter_new(memory, "B", 1, 1, shape, strides);
    CHECK_PTR(PyBuffer_FromObject((PyObject *)strided, 0, Py_END_OF_BUFFER), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "single-segment buffer object expected");
    CHECK_PTR(PyBuffer_FromReadWriteObject((PyObject *)strided, 0, Py_END_OF_BUFFER), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "writable buffer object expected");
    CHECK_PTR(PyBuffer_FromObject(Py_None, 0, Py_END_OF_BUFFER), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "buffer object expected");
    /* What else it raises is not for the buffer to change. */
    PyObject *const raised[] = {PyExc_ValueError, PyExc_MemoryError};
    strided->literal = 1;
    for (size_t i = 0; i < COUNT(raised); i++) {
        strided->raises = raised[i];
        CHECK_PTR(PyBuffer_FromObject((PyObject *)strided, 0, Py_END_OF_BUFFER), NULL);
        CHECK_ERROR(raised[i]);
    }
    CHECK_UNUSED(strided);
}

static void an_offset_behind_all_memory_is_behind_the_end(void)
{
    PyObject *array = bytearray_of("abcdef"), *part = PyBuffer_FromObject(array, 2, Py_END_OF_BUFFER);
    PyObject *far = PyBuffer_FromObject(part, PY_SSIZE_T_MAX, Py_END_OF_BUFFER);
    PyObject *farther = PyBuffer_FromObject(far, PY_SSIZE_T_MAX, 3);
    CHECK_INT(PySequence_Size(far), 0);
    CHECK_INT(PySequence_Size(farther), 0);
    CHECK_CONTENT(farther, "");
    Py_DECREF(farther);
    Py_DECREF(far);
    Py_DECREF(part);
    Py_DECREF(array);
}

static void nothing_repeated_is_nothing(void)
{
    PyObject *empty = PyBuffer_New(0);
    CHECK_TEXT(PySequence_Repeat(empty, 5), "");
    CHECK_TEXT(PySequence_Repeat(empty, PY_SSIZE_T_MAX), "");
    Py_DECREF(empty);
}

static void memory_of_no_bytes_may_be_nowhere(void)
{
    PyObject *nowhere = PyBuffer_FromReadWriteMemory(NULL, 0), *bytes = PyBytes_FromString("");
    Py_buffer view;
    CHECK_CONTENT(nowhere, "");
    CHECK_INT(PySequence_SetSlice(nowhere, 0, 0, bytes), 0);
    CHECK_INT(PySequence_SetSlice(nowhere, 0, 0, nowhere), 0);
    CHECK_INT(PyObject_RichCompareBool(nowhere, nowhere, Py_GE), 1);
    CHECK_TEXT(PySequence_Repeat(nowhere, 3), "");
    CHECK_INT(PyObject_GetBuffer(nowhere, &view, PyBUF_FULL), 0);
    CHECK_INT(view.len, 0);
    PyBuffer_Release(&view);
    PyObject *part = PyBuffer_FromObject(nowhere, 3, 5);
    CHECK_CONTENT(part, "");
    CHECK_INT(PyObject_Hash(part), PyObject_Hash(bytes));
    Py_DECREF(part);
    Py_DECREF(bytes);
    Py_DECREF(nowhere);
}

static void new_memory_is_zero_and_aligned(void)
{
    for (Py_ssize_t size = 1; size < 200; size += 33) {
        static const char zero[200];
        PyObject *buffer = PyBuffer_New(size);
        Py_buffer view;
        CHECK_INT(PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE), 0);
        CHECK_INT(view.len, size);
        CHECK_MEM(view.buf, zero, (size_t)size);
        CHECK_INT((uintptr_t)view.buf % 16, 0);
        memset(view.buf, 7, (size_t)size);
        PyBuffer_Release(&view);
        Py_DECREF(buffer);
    }
}

/* ---- views and bases ---------------------------------------------------------------------------------------- */

static void a_view_of_it_holds_the_base(void)
{
    PyObject *array = bytearray_of("abcdef"), *buffer = PyBuffer_FromReadWriteObject(array, 2, 3);
    Py_buffer views[2];
    CHECK_INT(exports_of(array), 0);
    CHECK_INT(PyObject_GetBuffer(buffer, &views[0], PyBUF_FULL), 0);
    CHECK_INT(PyObject_GetBuffer(buffer, &views[1], PyBUF_SIMPLE), 0);
    CHECK_PTR(views[0].obj, buffer);
    CHECK_PTR(views[0].buf, PyByteArray_AS_STRING(array) + 2);
    CHECK_INT(views[0].len, 3);
    CHECK_STR(views[0].format, "B");
    CHECK_INT(exports_of(array), 2);
    CHECK_INT(PyByteArray_Resize(array, 100), -1);
    CHECK_ERROR(PyExc_BufferError);
    PyBuffer_Release(&views[0]);
    CHECK_INT(PyByteArray_Resize(array, 100), -1);
    CHECK_ERROR(PyExc_BufferError);
    Py_DECREF(buffer); /* the view has it */
    CHECK_MEM(views[1].buf, "cde", 3);
    PyBuffer_Release(&views[1]);
    CHECK_INT(exports_of(array), 0);
    CHECK_INT(Py_REFCNT(array), 1);
    CHECK_INT(PyByteArray_Resize(array, 100), 0);
    Py_DECREF(array);
}

static void *given_back;

static void note_release(Exporter *self, Py_buffer *view)
{
    (void)self;
    given_back = view->buf;
}

static void the_base_gets_back_the_view_that_it_gave(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    PyObject *buffer = PyBuffer_FromObject((PyObject *)self, 5, 4);
    Py_buffer view;
    self->on_release = note_release;
    CHECK_INT(self->gets, 1);
    CHECK_INT(PyObject_GetBuffer(buffer, &view, PyBUF_FULL_RO), 0);
    CHECK_PTR(view.buf, memory + 5);
    CHECK_INT(self->gets - self->releases, 1);
    given_back = NULL;
    PyErr_SetString(PyExc_IndexError, "before");
    PyBuffer_Release(&view);
    CHECK_MESSAGE(PyExc_IndexError, "before");
    CHECK_PTR(given_back, memory);
    Py_DECREF(buffer);
    CHECK_UNUSED(self);
}

/* Each operation asks the base and gives the view back, whatever comes of it. */
static void no_operation_keeps_a_view(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    PyObject *buffer = PyBuffer_FromReadWriteObject((PyObject *)self, 0, 4);
    PyObject *fixed = PyBuffer_FromObject((PyObject *)self, 4, 4), *byte = PyBytes_FromString("0");
    CHECK_TEXT(PySequence_GetItem(buffer, -1), "3");
    CHECK_PTR(PySequence_GetItem(buffer, 4), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "buffer index out of range");
    CHECK_TEXT(PySequence_Concat(buffer, fixed), "01234567");
    CHECK_PTR(PySequence_Concat(buffer, Py_None), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "bad argument type for built-in operation");
    CHECK_TEXT(PySequence_Repeat(fixed, 2), "45674567");
    CHECK_PTR(PySequence_Repeat(fixed, PY_SSIZE_T_MAX), NULL);
    CHECK_MESSAGE(PyExc_MemoryError, "result too large");
    CHECK_INT(PySequence_SetItem(buffer, 0, byte), 0);
    CHECK_INT(PySequence_SetItem(buffer, 0, fixed), -1);
    CHECK_MESSAGE(PyExc_TypeError, "right operand must be a single byte");
    CHECK_INT(PySequence_SetItem(buffer, 4, byte), -1);
    CHECK_MESSAGE(PyExc_IndexError, "buffer assignment index out of range");
    CHECK_INT(PySequence_SetSlice(buffer, 1, 3, byte), -1);
    CHECK_MESSAGE(PyExc_TypeError, "right operand length must match slice length");
    CHECK_INT(PySequence_SetSlice(fixed, 0, 1, byte), -1);
    CHECK_MESSAGE(PyExc_TypeError, "buffer is read-only");
    CHECK_INT(PyObject_RichCompareBool(buffer, fixed, Py_LT), 1);
    CHECK(PyObject_Hash(fixed) != -1);
    CHECK_INT(PyObject_Hash(buffer), -1);
    CHECK_MESSAGE(PyExc_TypeError, "writable buffers are not hashable");
    CHECK(self->gets > 10);
    Py_DECREF(byte);
    Py_DECREF(fixed);
    Py_DECREF(buffer);
    CHECK_UNUSED(self);
}

static void a_base_that_refuses_later_is_an_error(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    PyObject *buffer = PyBuffer_FromReadWriteObject((PyObject *)self, 0, 4), *byte = PyBytes_FromString("x");
    PyObject *other = PyBuffer_FromMemory("other", 5), *fixed = PyBuffer_FromObject((PyObject *)self, 0, 4);
    PyObject *const raised[] = {PyExc_BufferError, PyExc_ValueError};
    for (size_t i = 0; i < COUNT(raised); i++) {
        PyObject *expected = i == 0 ? PyExc_TypeError : raised[i];
        Py_buffer view;
        self->raises = raised[i];
        CHECK_INT(PySequence_Size(buffer), -1);
        CHECK_ERROR(expected);
        CHECK_PTR(PySequence_GetItem(buffer, 0), NULL);
        CHECK_ERROR(expected);
        CHECK_PTR(PySequence_GetSlice(buffer, 0, 1), NULL);
        CHECK_ERROR(expected);
        CHECK_PTR(PySequence_Concat(buffer, other), NULL);
        CHECK_ERROR(expected);
        CHECK_PTR(PySequence_Concat(other, buffer), NULL);
        CHECK_ERROR(raised[0] == raised[i] ? PyExc_TypeError : raised[i]);
        CHECK_PTR(PySequence_Repeat(buffer, 2), NULL);
        CHECK_ERROR(expected);
        CHECK_INT(PySequence_SetItem(buffer, 0, byte), -1);
        CHECK_ERROR(expected);
        CHECK_INT(PySequence_SetSlice(buffer, 0, 1, byte), -1);
        CHECK_ERROR(expected);
        CHECK_INT(PyObject_RichCompareBool(buffer, other, Py_EQ), -1);
        CHECK_ERROR(expected);
        CHECK_INT(PyObject_RichCompareBool(other, buffer, Py_LT), -1);
        CHECK_ERROR(expected);
        CHECK_INT(PyObject_Hash(fixed), -1);
        CHECK_ERROR(expected);
        /* To a request a refusal is a BufferError. */
        CHECK_INT(PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE), -1);
        CHECK_ERROR(raised[i]);
        CHECK_PTR(view.obj, NULL);
    }
    self->raises = NULL;
    CHECK_INT(PySequence_Size(buffer), 4);
    /* Memory that has become read-only is not written. */
    Py_buffer view;
    self->offer.readonly = 1;
    CHECK_INT(PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PySequence_SetItem(buffer, 0, byte), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(PyObject_GetBuffer(fixed, &view, PyBUF_SIMPLE), 0);
    PyBuffer_Release(&view);
    Py_DECREF(fixed);
    Py_DECREF(other);
    Py_DECREF(byte);
    Py_DECREF(buffer);
    CHECK_UNUSED(self);
}

/* ---- every exporter of the library -------------------------------------------------------------------------- */

enum { EXPORTERS = 12 };

/* An exporter with the bytes "0123" at an address that stays; a new reference. */
static PyObject *exporter_of_the_library(int i, int *writable)
{
    Py_ssize_t length = 4, shape[2] = {2, 2};
    Py_buffer description = {.buf = memory, .len = 4, .itemsize = 1, .ndim = 1, .shape = &length};
    PyObject *inner = NULL, *outer = NULL;
    *writable = 0;
    switch (i) {
    case 0: return PyBytes_FromString("0123");
    case 1: *writable = 1; return bytearray_of("0123");
    case 2: *writable = 1; return PyMemoryView_FromMemory(memory, 4, PyBUF_WRITE);
    case 3: return PyMemoryView_FromMemory(memory, 4, PyBUF_READ);
    case 4: *writable = 1; return pybuffer_memory_new(&description, NULL, NULL);
    case 5: description.readonly = 1; return pybuffer_memory_new(&description, NULL, NULL);
    case 6: *writable = 1; inner = bytearray_of("0123"); outer = PyPickleBuffer_FromObject(inner); break;
    case 7: *writable = 1; return PyBuffer_FromReadWriteMemory(memory, 4);
    case 8: inner = bytearray_of("0123"); outer = PyBuffer_FromObject(inner, 0, Py_END_OF_BUFFER); break;
    case 9: *writable = 1; return pybuffer_ndarray_new("0123", 4, "B", 2, shape, NULL, 0, PYBUFFER_ND_WRITABLE);
    case 10: return pybuffer_ndarray_new("0123", 4, "<i", 0, NULL, NULL, 0, 0);
    default: *writable = 1; inner = PyBuffer_FromReadWriteMemory(memory, 4); outer = PyMemoryView_FromObject(inner);
    }
    Py_DECREF(inner);
    return outer;
}

static void the_old_protocol_works_on_every_exporter(void)
{
    for (int i = 0; i < EXPORTERS; i++) {
        int writable;
        PyObject *exporter = exporter_of_the_library(i, &writable);
        const void *read = NULL;
        const char *text = NULL;
        void *write = NULL;
        Py_ssize_t length = 0;
        CHECK_INT(PyObject_CheckReadBuffer(exporter), 1);
        CHECK_INT(PyObject_AsReadBuffer(exporter, &read, &length), 0);
        CHECK_INT(length, 4);
        CHECK_MEM(read, "0123", 4);
        CHECK_INT(PyObject_AsCharBuffer(exporter, &text, &length), 0);
        CHECK_PTR(text, read);
        CHECK_INT(PyObject_AsWriteBuffer(exporter, &write, &length), writable ? 0 : -1);
        CHECK_ERROR(writable ? NULL : PyExc_TypeError);
        CHECK_PTR(write, writable ? read : NULL);
        CHECK_INT(PyObject_CopyToObject(exporter, (void *)"0123", 4, 'C'), writable ? 0 : -1);
        CHECK_ERROR(writable ? NULL : PyExc_BufferError);
        CHECK_INT(exports_of(exporter), 0);
        CHECK_INT(Py_REFCNT(exporter), 1);
        Py_DECREF(exporter);
    }
}

static void every_exporter_can_be_a_base(void)
{
    for (int i = 0; i < EXPORTERS; i++) {
        int writable;
        PyObject *base = exporter_of_the_library(i, &writable), *bytes = PyBytes_FromString("12");
        PyObject *part = PyBuffer_FromObject(base, 1, 2), *other = PyBuffer_FromReadWriteObject(base, 2, Py_END_OF_BUFFER);
        CHECK_CONTENT(part, "12");
        CHECK_INT(PyObject_Hash(part), PyObject_Hash(bytes));
        CHECK_INT(other != NULL, writable);
        CHECK_ERROR(writable ? NULL : PyExc_TypeError);
        if (other != NULL) {
            CHECK_CONTENT(other, "23");
            CHECK_INT(PySequence_SetSlice(other, 0, 2, bytes), 0);
            CHECK_CONTENT(part, "11");
            PyObject *before = PyBytes_FromString("23");
            CHECK_INT(PySequence_SetSlice(other, 0, 2, before), 0);
            Py_DECREF(before);
        }
        CHECK_INT(exports_of(base), 0);
        Py_XDECREF(other);
        Py_DECREF(part);
        Py_DECREF(bytes);
        CHECK_INT(Py_REFCNT(base), 1);
        Py_DECREF(base);
    }
}

static void print_fault(void *context, int flags, const char *message)
{
    (void)context;
    printf("# %#x: %s\n", (unsigned)flags, message);
}

static void the_checker_of_exporters_finds_no_fault(void)
{
    for (int i = 0; i < EXPORTERS; i++) {
        for (Py_ssize_t offset = 0; offset <= 4; offset += 2) {
            int writable;
            PyObject *base = exporter_of_the_library(i, &writable);
            PyObject *const buffers[] = {
                PyBuffer_FromObject(base, offset, Py_END_OF_BUFFER),
                writable ? PyBuffer_FromReadWriteObject(base, offset, 1) : PyBuffer_New(offset),
            };
            for (size_t b = 0; b < COUNT(buffers); b++) {
                CHECK_INT(pybuffer_check_exporter(buffers[b], print_fault, NULL), 0);
                Py_DECREF(buffers[b]);
            }
            CHECK_INT(exports_of(base), 0);
            CHECK_INT(Py_REFCNT(base), 1);
            Py_DECREF(base);
        }
    }
}

static void a_memoryview_of_one_is_one_of_its_bytes(void)
{
    PyObject *array = bytearray_of("abcdef"), *buffer = PyBuffer_FromObject(array, 1, 4);
    PyObject *view = PyMemoryView_FromObject(buffer), *bytes = PyBytes_FromString("bcde");
    CHECK_INT(PyObject_RichCompareBool(view, bytes, Py_EQ), 1);
    CHECK_INT(PyObject_RichCompareBool(buffer, view, Py_EQ), 1);
    CHECK_INT(PyObject_RichCompareBool(buffer, view, Py_NE), 0);
    CHECK_INT(PyObject_Hash(view), PyObject_Hash(bytes));
    CHECK_INT(PyByteArray_Resize(array, 0), -1);
    CHECK_ERROR(PyExc_BufferError);
    Py_DECREF(buffer);
    Py_DECREF(view);
    CHECK_INT(PyByteArray_Resize(array, 0), 0);
    Py_DECREF(bytes);
    Py_DECREF(array);
}

/* ---- the rest ----------------------------------------------------------------------------------------------- */

static void a_slice_may_be_assigned_to_another_of_the_same_memory(void)
{
    for (Py_ssize_t from = 0; from <= 8; from++) {
        for (Py_ssize_t to = 0; to <= 8; to++) {
            char expected[9] = "abcdefgh";
            PyObject *array = bytearray_of(expected), *buffer = PyBuffer_FromReadWriteObject(array, 0, Py_END_OF_BUFFER);
            PyObject *part = PyBuffer_FromObject(array, from, 5);
            Py_ssize_t length = PySequence_Size(part);
            memmove(expected + to, expected + from, (size_t)(length <= 8 - to ? length : 0));
            CHECK_INT(PySequence_SetSlice(buffer, to, to + length, part), length <= 8 - to ? 0 : -1);
            CHECK_ERROR(length <= 8 - to ? NULL : PyExc_TypeError);
            CHECK_CONTENT(buffer, expected);
            Py_DECREF(part);
            Py_DECREF(buffer);
            Py_DECREF(array);
        }
    }
}

static void bytes_and_old_buffers_have_no_order(void)
{
    PyObject *bytes = PyBytes_FromString("abc"), *buffer = PyBuffer_FromObject(bytes, 0, Py_END_OF_BUFFER);
    int result = 77;
    for (int operation = Py_LT; operation <= Py_GE; operation++) {
        int equality = operation == Py_EQ || operation == Py_NE;
        CHECK_INT(PyObject_RichCompareBool(bytes, buffer, operation), equality ? operation == Py_NE : -1);
        CHECK_ERROR(equality ? NULL : PyExc_TypeError);
        CHECK_INT(PyObject_RichCompareBool(buffer, bytes, operation), equality ? operation == Py_NE : -1);
        CHECK_ERROR(equality ? NULL : PyExc_TypeError);
    }
    CHECK_INT(PyObject_Cmp(buffer, bytes, &result), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(result, 77);
    CHECK_INT(PyObject_Compare(bytes, buffer), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(PyObject_Compare(Py_None, Py_None), 0);
    Py_DECREF(buffer);
    Py_DECREF(bytes);
}

static PyObject *never(PyObject *a, PyObject *b, int operation)
{
    (void)a;
    (void)b;
    (void)operation;
    return Py_False;
}

static void what_is_neither_equal_nor_ordered_has_no_result(void)
{
    static PyTypeObject type = {
        PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Never", .tp_basicsize = sizeof(PyObject), .tp_richcompare = never};
    CHECK_INT(PyType_Ready(&type), 0);
    PyObject *a = PyObject_New(PyObject, &type), *b = PyObject_New(PyObject, &type);
    int result = 77;
    CHECK_INT(PyObject_Cmp(a, b, &result), -1);
    CHECK_MESSAGE(PyExc_TypeError, "'test.Never' and 'test.Never' are neither equal nor ordered");
    CHECK_INT(PyObject_Cmp(a, a, &result), 0);
    CHECK_INT(result, 0);
    Py_DECREF(a);
    Py_DECREF(b);
}

static void bytes_of_python_3_can_be_joined_with_it(void)
{
    PyObject *bytes = PyBytes_FromString("abc"), *buffer = PyBuffer_FromMemory("def", 3);
    PyObject *empty = PyBuffer_New(0), *array = bytearray_of("x");
    CHECK_TEXT(PySequence_Concat(bytes, buffer), "abcdef");
    CHECK_TEXT(PySequence_Concat(buffer, bytes), "defabc");
    PyObject *joined = PySequence_Concat(empty, array);
    CHECK_PTR(joined, array); /* as in Python 2: itself */
    Py_DECREF(joined);
    Py_DECREF(array);
    Py_DECREF(empty);
    Py_DECREF(buffer);
    Py_DECREF(bytes);
}

static void items_of_bytes_are_bytes(void)
{
    PyObject *bytes = PyBytes_FromString("abc"), *array = bytearray_of("abc"), *two = PyBytes_FromString("xy");
    CHECK_TEXT(PySequence_GetItem(bytes, -3), "a");
    CHECK_TEXT(PySequence_GetItem(array, -3), "a");
    CHECK_TEXT(PySequence_GetItem(array, -4), "c"); /* as in CPython, which adds the length twice */
    CHECK_PTR(PySequence_GetItem(bytes, -4), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "index out of range");
    CHECK_PTR(PySequence_GetItem(array, 3), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "bytearray index out of range");
    CHECK_INT(PySequence_SetItem(array, 0, two), -1);
    CHECK_MESSAGE(PyExc_ValueError, "bytes must be of size 1");
    CHECK_INT(PySequence_SetItem(array, 0, array), -1);
    CHECK_MESSAGE(PyExc_TypeError, "a bytes object of size 1 is required");
    CHECK_INT(PySequence_SetSlice(array, 0, 1, Py_None), -1);
    CHECK_MESSAGE(PyExc_TypeError, "can assign only bytes and buffers");
    CHECK_INT(PySequence_SetItem(bytes, 0, bytes), -1);
    CHECK_MESSAGE(PyExc_TypeError, "'bytes' object does not support item assignment");
    Py_DECREF(two);
    Py_DECREF(array);
    Py_DECREF(bytes);
}

/* bytes may have bytes of any value; the NUL after them is not one of them. */
static void items_and_slices_have_every_byte(void)
{
    unsigned char all[256];
    for (int i = 0; i < 256; i++) {
        all[i] = (unsigned char)(255 - i);
    }
    PyObject *buffer = PyBuffer_FromMemory(all, 256), *bytes = PyBytes_FromStringAndSize((char *)all, 256);
    for (int i = 0; i < 256; i++) {
        PyObject *item = PySequence_GetItem(buffer, i), *same = PySequence_GetItem(bytes, i);
        PyObject *slice = PySequence_GetSlice(buffer, i, i + 1);
        CHECK_PTR(item, same); /* each exists once */
        CHECK_PTR(slice, same);
        CHECK_INT((unsigned char)PyBytes_AS_STRING(item)[0], all[i]);
        Py_DECREF(slice);
        Py_DECREF(same);
        Py_DECREF(item);
    }
    Py_DECREF(bytes);
    Py_DECREF(buffer);
}

/* A type that derives from bytearray or bytes has what that has. */
static void derived_types_are_sequences(void)
{
    static PyTypeObject of_bytearray = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Derived"};
    of_bytearray.tp_base = &PyByteArray_Type;
    CHECK_INT(PyType_Ready(&of_bytearray), 0);
    PyObject *array = bytearray_of("abc"), *bytes = PyBytes_FromString("xyz");
    Py_SET_TYPE(array, &of_bytearray);
    CHECK_INT(PySequence_Check(array), 1);
    CHECK_TEXT(PySequence_GetItem(array, 1), "b");
    CHECK_INT(PySequence_SetSlice(array, 1, 1, bytes), 0);
    CHECK_STR(PyByteArray_AS_STRING(array), "axyzbc");
    PyObject *slice = PySequence_GetSlice(array, 1, -1);
    CHECK(PyByteArray_CheckExact(slice));
    CHECK_STR(PyByteArray_AS_STRING(slice), "xyzb");
    Py_DECREF(slice);
    CHECK_INT(PySequence_DelItem(array, 0), 0);
    CHECK_STR(PyByteArray_AS_STRING(array), "xyzbc");
    Py_DECREF(bytes);
    Py_DECREF(array);
}

/* A bytearray whose content does not start at the start of its memory, as CPython makes them. */
static void slices_of_memory_that_does_not_begin_at_the_start(void)
{
    static const char *const values[] = {"", "x", "0123456789"};
    for (size_t v = 0; v < COUNT(values); v++) {
        for (Py_ssize_t first = 0; first <= 6; first++) {
            for (Py_ssize_t stop = first; stop <= 6; stop++) {
                char expected[20];
                PyObject *self = bytearray_of("--abcdef"), *value = PyBytes_FromString(values[v]);
                ((PyByteArrayObject *)self)->ob_start += 2;
                Py_SET_SIZE(self, 6);
                snprintf(expected, sizeof(expected), "%.*s%s%s", (int)first, "abcdef", values[v], &"abcdef"[stop]);
                CHECK_INT(PySequence_SetSlice(self, first, stop, value), 0);
                CHECK_INT(PyByteArray_Size(self), (Py_ssize_t)strlen(expected));
                CHECK_STR(PyByteArray_AsString(self), expected);
                Py_DECREF(value);
                Py_DECREF(self);
            }
        }
    }
}

/* Any slice after any other, beside an array that is done the same to. */
static void a_bytearray_has_the_memory_that_its_slices_need(void)
{
    static char model[4000], content[1000];
    Py_ssize_t size = 0;
    unsigned seed = 5;
    PyObject *self = PyByteArray_FromStringAndSize(NULL, 0);
    for (int step = 0; step < 2000; step++) {
        unsigned numbers[3];
        for (int i = 0; i < 3; i++) {
            seed = seed * 1664525u + 1013904223u;
            numbers[i] = seed >> 16;
        }
        Py_ssize_t first = size == 0 ? 0 : numbers[0] % size, stop = first + numbers[1] % (size - first + 1);
        Py_ssize_t added = size > 2500 ? 0 : numbers[2] % (step % 50 == 0 ? sizeof(content) : 40);
        memset(content, 'a' + step % 26, sizeof(content));
        PyObject *value = PyBytes_FromStringAndSize(content, added);
        memmove(model + first + added, model + stop, (size_t)(size - stop));
        memcpy(model + first, content, (size_t)added);
        size += first + added - stop;
        CHECK_INT(PySequence_SetSlice(self, first, stop, value), 0);
        CHECK_INT(PyByteArray_Size(self), size);
        CHECK(((PyByteArrayObject *)self)->ob_alloc >= size);
        CHECK_MEM(PyByteArray_AsString(self), model, (size_t)size);
        CHECK_INT(PyByteArray_AsString(self)[size], 0);
        /* All that it says it has may be written. */
        PyByteArrayObject *is = (PyByteArrayObject *)self;
        if (is->ob_bytes != NULL) {
            Py_ssize_t used = PyByteArray_AsString(self) - is->ob_bytes + size + 1;
            if (is->ob_alloc > used) {
                memset(is->ob_bytes + used, 1, (size_t)(is->ob_alloc - used));
            }
        }
        Py_DECREF(value);
    }
    Py_DECREF(self);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(memory_has_a_size_of_its_own);
    RUN(what_is_read_only_cannot_be_written_through_it);
    RUN(a_base_has_its_bytes_in_one_piece);
    RUN(an_offset_behind_all_memory_is_behind_the_end);
    RUN(nothing_repeated_is_nothing);
    RUN(memory_of_no_bytes_may_be_nowhere);
    RUN(new_memory_is_zero_and_aligned);
    RUN(a_view_of_it_holds_the_base);
    RUN(the_base_gets_back_the_view_that_it_gave);
    RUN(no_operation_keeps_a_view);
    RUN(a_base_that_refuses_later_is_an_error);
    RUN(the_old_protocol_works_on_every_exporter);
    RUN(every_exporter_can_be_a_base);
    RUN(the_checker_of_exporters_finds_no_fault);
    RUN(a_memoryview_of_one_is_one_of_its_bytes);
    RUN(a_slice_may_be_assigned_to_another_of_the_same_memory);
    RUN(bytes_and_old_buffers_have_no_order);
    RUN(what_is_neither_equal_nor_ordered_has_no_result);
    RUN(bytes_of_python_3_can_be_joined_with_it);
    RUN(items_of_bytes_are_bytes);
    RUN(items_and_slices_have_every_byte);
    RUN(derived_types_are_sequences);
    RUN(slices_of_memory_that_does_not_begin_at_the_start);
    RUN(a_bytearray_has_the_memory_that_its_slices_need);
    return tap_end();
}

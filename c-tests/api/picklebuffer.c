/* PickleBuffers: they hold a view, and hand requests on. */
#include "support.h"

static char memory[16] = "0123456789abcde";

static void it_holds_a_full_read_only_view(void)
{
    Py_ssize_t shape[2] = {2, 2}, strides[2] = {8, 3};
    Exporter *self = exporter_new(memory, "c", 1, 2, shape, strides);
    PyObject *picklebuffer = PyPickleBuffer_FromObject((PyObject *)self);
    const Py_buffer *view = PyPickleBuffer_GetBuffer(picklebuffer);
    CHECK_PTR(view->obj, self);
    CHECK_PTR(view->buf, memory);
    CHECK_INT(view->strides[0] * 10 + view->strides[1], 83);
    CHECK_STR(view->format, "c");
    CHECK_PTR(PyPickleBuffer_GetBuffer(picklebuffer), view);
    Py_DECREF(picklebuffer);
    CHECK_UNUSED(self);
}

/* The exporter behind it answers its consumers: their views are views of that exporter. */
static void requests_go_to_the_exporter_behind(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3);
    PyObject *inner = PyPickleBuffer_FromObject(bytearray), *outer = PyPickleBuffer_FromObject(inner);
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(outer, &view, PyBUF_WRITABLE), 0);
    CHECK_PTR(view.obj, bytearray);
    CHECK_INT(exports_of(bytearray), 3);
    Py_DECREF(outer);
    Py_DECREF(inner);
    CHECK_INT(exports_of(bytearray), 1);
    CHECK_INT(PyByteArray_Resize(bytearray, 9), -1);
    CHECK_ERROR(PyExc_BufferError);
    PyBuffer_Release(&view);
    CHECK_INT(PyByteArray_Resize(bytearray, 9), 0);
    Py_DECREF(bytearray);
}

static void a_released_one_answers_nobody(void)
{
    static const char text[] = "operation forbidden on released PickleBuffer object";
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *self = PyPickleBuffer_FromObject(bytearray);
    Py_buffer view;
    CHECK_INT(PyPickleBuffer_Release(self), 0);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(Py_REFCNT(bytearray), 1);
    CHECK_PTR(PyPickleBuffer_GetBuffer(self), NULL);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_INT(PyObject_GetBuffer(self, &view, PyBUF_SIMPLE), -1);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_PTR(PyMemoryView_FromObject(self), NULL);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_PTR(PyPickleBuffer_FromObject(self), NULL);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_INT(PyObject_CheckBuffer(self), 1);
    CHECK_INT(PyPickleBuffer_Release(self), 0);
    Py_DECREF(self);
    Py_DECREF(bytearray);
}

/* The view that was handed on is the exporter's, and stays. */
static void views_outlive_its_release(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *self = PyPickleBuffer_FromObject(bytearray);
    PyObject *memoryview = PyMemoryView_FromObject(self);
    CHECK_INT(PyPickleBuffer_Release(self), 0);
    CHECK_INT(PyObject_Size(memoryview), 3);
    CHECK_PTR(PyMemoryView_GET_BASE(memoryview), bytearray);
    Py_DECREF(memoryview);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(self);
    Py_DECREF(bytearray);
}

static void it_is_equal_to_itself_and_has_a_hash(void)
{
    PyObject *bytes = PyBytes_FromString("abc"), *a = PyPickleBuffer_FromObject(bytes);
    PyObject *b = PyPickleBuffer_FromObject(bytes);
    CHECK_INT(PyObject_RichCompareBool(a, a, Py_EQ), 1);
    CHECK_INT(PyObject_RichCompareBool(a, b, Py_EQ), 0);
    CHECK(PyObject_Hash(a) != -1);
    CHECK_INT(PyObject_Size(a), -1);
    CHECK_MESSAGE(PyExc_TypeError, "object of type 'pickle.PickleBuffer' has no len()");
    Py_DECREF(b);
    Py_DECREF(a);
    Py_DECREF(bytes);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(it_holds_a_full_read_only_view);
    RUN(requests_go_to_the_exporter_behind);
    RUN(a_released_one_answers_nobody);
    RUN(views_outlive_its_release);
    RUN(it_is_equal_to_itself_and_has_a_hash);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

/* Exporters that break the protocol. The library answers with an error, never follows what contradicts itself, gives
 * back exactly once what it has acquired, and never gives back what it has not.
 */
#include "consumers.h"

#include <limits.h>

static const Py_ssize_t four[] = {4}, two_by_three[] = {2, 3};

/* ---- views that contradict themselves ----------------------------------------------------------------------- */

/* All consumers refuse the exporter with this error and give its view back. */
static void refused_with(Exporter *self, PyObject *error, int line)
{
    self->literal = 1;
    for (size_t i = 0; i < COUNT(consumers); i++) {
        int asked = self->asked;
        if (!tap_check(consumers[i]((PyObject *)self) == 0, __FILE__, line, "consumer %zu takes it", i)) {
            continue;
        }
        check_error(error, NULL, __FILE__, line);
        tap_check(self->asked == asked + 1, __FILE__, line, "consumer %zu asks %d times", i, self->asked - asked);
        tap_check(self->gets == self->releases, __FILE__, line, "consumer %zu: %d gets, %d releases", i, self->gets,
                  self->releases);
    }
    check_exporter_unused(self, __FILE__, line);
}
#define REFUSED(exporter) refused_with((exporter), PyExc_BufferError, __LINE__)

static void a_negative_number_of_axes(void)
{
    static const int numbers[] = {-1, -64, INT_MIN};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        Exporter *self = fresh();
        self->offer.ndim = numbers[i];
        REFUSED(self);
    }
}

/* The arrays are not read: there may be nothing after them. */
static void too_many_axes(void)
{
    static const int numbers[] = {65, 66, 1 << 20, INT_MAX};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        Exporter *self = fresh();
        self->offer.ndim = numbers[i];
        refused_with(self, PyExc_ValueError, __LINE__);
    }
}

static void as_many_axes_as_there_may_be(void)
{
    Py_ssize_t ones[64];
    for (int i = 0; i < 64; i++) {
        ones[i] = 1;
    }
    Exporter *self = exporter_new(memory, "B", 1, 64, ones, NULL);
    for (size_t i = 0; i < COUNT(consumers); i++) {
        CHECK_INT(consumers[i]((PyObject *)self), 1);
    }
    CHECK_UNUSED(self);
}

static void several_axes_without_a_shape(void)
{
    Exporter *self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
    self->offer.shape = NULL;
    REFUSED(self);
    self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
    self->offer.shape = self->offer.strides = NULL;
    REFUSED(self);
}

static void a_negative_shape(void)
{
    Exporter *self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
    self->shape[0] = self->shape[1] = -2; /* the product is positive */
    REFUSED(self);
    self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
    self->shape[0] = PY_SSIZE_T_MIN;
    self->shape[1] = 0;
    REFUSED(self);
}

static void a_negative_itemsize(void)
{
    Exporter *self = fresh();
    self->offer.itemsize = -1;
    REFUSED(self);
    self = exporter_new(memory, "B", 1, 0, NULL, NULL);
    self->offer.itemsize = self->offer.len = PY_SSIZE_T_MIN;
    REFUSED(self);
}

static void a_negative_len(void)
{
    Exporter *self = fresh();
    self->offer.len = -1;
    REFUSED(self);
    self = fresh();
    self->offer.len = PY_SSIZE_T_MIN;
    self->shape[0] = 0;
    REFUSED(self);
}

static void more_items_than_len(void)
{
    Exporter *self = fresh();
    self->shape[0] = 17;
    REFUSED(self);
    self = fresh();
    self->offer.itemsize = 2;
    REFUSED(self);
    self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
    self->offer.len = 5;
    REFUSED(self);
}

static void a_product_that_overflows(void)
{
    Exporter *self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
    self->shape[0] = self->shape[1] = (Py_ssize_t)1 << 32; /* the product is 0 modulo 2**64 */
    REFUSED(self);
    self = fresh();
    self->shape[0] = PY_SSIZE_T_MAX;
    self->offer.itemsize = 2; /* -2 modulo 2**64 */
    REFUSED(self);
}

static void no_axes_but_another_len(void)
{
    Exporter *self = exporter_new(memory, "B", 1, 0, NULL, NULL);
    self->offer.itemsize = 8;
    self->offer.len = 4;
    self->literal = 1;
    for (size_t i = 0; i < COUNT(consumers); i++) {
        CHECK_INT(consumers[i]((PyObject *)self), 0);
        CHECK_ERROR(PyExc_BufferError);
    }
    CHECK_UNUSED(self);
}

/* Items of size 0 have no bytes, however many there are, and there must be no division by the size. */
static void items_of_size_0(void)
{
    Exporter *self = exporter_new(memory, "", 0, 1, four, NULL);
    self->literal = 1;
    for (size_t i = 0; i + 2 < COUNT(consumers); i++) {
        CHECK_INT(consumers[i]((PyObject *)self), 1);
    }
    PyObject *view = PyMemoryView_FromObject((PyObject *)self);
    CHECK_INT(PyObject_Size(view), 4);
    Py_XDECREF(view);
    self->offer.shape = self->offer.strides = NULL;
    CHECK_INT(as_memoryview((PyObject *)self), 1);
    self->offer.len = 16;
    REFUSED(self);
}

/* A request for plain bytes brings no structure that could be checked, only a length. */
static void plain_bytes_of_a_negative_len(void)
{
    Exporter *self = fresh();
    PyObject *first = PyBytes_FromString("first"), *bytearray = PyByteArray_FromStringAndSize("abc", 3);
    const void *at = memory;
    void *writable = memory;
    Py_ssize_t len = 5;
    self->literal = 1;
    self->offer.len = -5;
    PyBytes_Concat(&first, (PyObject *)self);
    CHECK_PTR(first, NULL);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_PTR(PyByteArray_Concat(bytearray, (PyObject *)self), NULL);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_PTR(PyByteArray_Concat((PyObject *)self, bytearray), NULL);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(PyObject_RichCompareBool(bytearray, (PyObject *)self, Py_EQ), 0);
    CHECK_INT(PyObject_CheckReadBuffer((PyObject *)self), 0);
    CHECK_INT(PyObject_AsReadBuffer((PyObject *)self, &at, &len), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PyObject_AsWriteBuffer((PyObject *)self, &writable, &len), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(len, 5);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(bytearray);
    CHECK_UNUSED(self);
}

/* Two lengths whose sum is more than memory can hold; nothing is there to be read. */
static void plain_bytes_of_too_great_a_len(void)
{
    Exporter *self = fresh();
    PyObject *first = PyBytes_FromString("first");
    self->literal = 1;
    self->offer.shape = NULL;
    self->offer.len = PY_SSIZE_T_MAX;
    PyBytes_Concat(&first, (PyObject *)self);
    CHECK_PTR(first, NULL);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_PTR(PyByteArray_Concat((PyObject *)self, (PyObject *)self), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_UNUSED(self);
}

/* PyMemoryView_FromBuffer checks a view that a program has made by the same rules. */
static void hand_made_views_that_contradict_themselves(void)
{
    for (int i = 0; i < 6; i++) {
        Exporter *self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
        Py_buffer view = self->offer;
        char to[64];
        switch (i) {
        case 0: view.ndim = -1; break;
        case 1: view.shape = NULL; break;
        case 2: self->shape[1] = -3; break;
        case 3: view.itemsize = -1; break;
        case 4: view.len = 5; break;
        default: self->shape[0] = self->shape[1] = PY_SSIZE_T_MAX;
        }
        CHECK_PTR(PyMemoryView_FromBuffer(&view), NULL);
        CHECK_ERROR(PyExc_BufferError);
        CHECK_INT(PyBuffer_ToContiguous(to, &view, view.len, 'F'), -1);
        CHECK_ERROR(PyExc_BufferError);
        CHECK_INT(PyBuffer_FromContiguous(&view, to, 6, 'F'), -1);
        CHECK_ERROR(PyExc_BufferError);
        CHECK_UNUSED(self);
    }
}

static void hand_made_views_of_too_many_axes(void)
{
    Py_ssize_t ones[65];
    for (int i = 0; i < 65; i++) {
        ones[i] = 1;
    }
    Exporter *self = exporter_new(memory, "B", 1, 1, four, NULL);
    Py_buffer view = self->offer;
    char to[4];
    view.ndim = 65;
    view.len = 1;
    view.shape = view.strides = ones;
    CHECK_PTR(PyMemoryView_FromBuffer(&view), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(PyBuffer_ToContiguous(to, &view, 1, 'F'), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(PyBuffer_FromContiguous(&view, to, 1, 'F'), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_UNUSED(self);
}

/* ---- who answers -------------------------------------------------------------------------------------------- */

static int succeed_without_obj(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    Py_CLEAR(view->obj);
    return status;
}

/* Without an exporter there is nothing to release the view to. */
static void a_view_without_obj_is_given_back_to_nobody(void)
{
    for (size_t i = 0; i < COUNT(consumers); i++) {
        Exporter *self = fresh();
        self->on_get = succeed_without_obj;
        CHECK_INT(consumers[i]((PyObject *)self), 1);
        CHECK_INT(self->gets, 1);
        CHECK_INT(self->releases, 0);
        CHECK_INT(Py_REFCNT(self), 1);
        Py_DECREF(self);
    }
}

/* view->obj is the object to tell, not the one that was asked. */
static void a_view_of_another_object_is_given_back_to_that(void)
{
    for (size_t i = 0; i < COUNT(consumers); i++) {
        Exporter *self = fresh(), *other = fresh();
        PyObject *bytes = PyBytes_FromString("a type without releasebuffer"), *plain;
        self->redirects = (PyObject *)other;
        CHECK_INT(consumers[i]((PyObject *)self), 1);
        CHECK_INT(self->releases, 0);
        CHECK_INT(other->releases, 1);
        self->redirects = bytes;
        CHECK_INT(consumers[i]((PyObject *)self), 1);
        self->redirects = plain = PyObject_New(PyObject, &PyBaseObject_Type);
        CHECK_INT(consumers[i]((PyObject *)self), 1);
        CHECK_INT(Py_REFCNT(bytes), 1);
        CHECK_INT(Py_REFCNT(plain), 1);
        CHECK_INT(Py_REFCNT(other), 1);
        CHECK_INT(Py_REFCNT(self), 1);
        Py_DECREF(plain);
        Py_DECREF(bytes);
        Py_DECREF(other);
        Py_DECREF(self);
    }
}

/* ---- failures ----------------------------------------------------------------------------------------------- */

static int fail_with_a_filled_view(Exporter *self, Py_buffer *view, int flags)
{
    (void)flags;
    *view = self->offer;
    view->obj = (PyObject *)self; /* borrowed, and not to be dropped */
    PyErr_SetString(PyExc_ValueError, "filled, but failed");
    return -1;
}

static int fail_in_silence(Exporter *self, Py_buffer *view, int flags)
{
    (void)self;
    (void)flags;
    view->obj = NULL;
    return -1;
}

static int fail_with_another_number(Exporter *self, Py_buffer *view, int flags)
{
    (void)fail_with_a_filled_view(self, view, flags);
    return -7;
}

static void what_failed_is_not_given_back(void)
{
    for (int number = 0; number < 2; number++) {
        for (size_t i = 0; i < COUNT(consumers); i++) {
            Exporter *self = fresh();
            self->on_get = number ? fail_with_another_number : fail_with_a_filled_view;
            CHECK_INT(consumers[i]((PyObject *)self), 0);
            CHECK_MESSAGE(PyExc_ValueError, "filled, but failed");
            CHECK_INT(self->releases, 0);
            CHECK_INT(Py_REFCNT(self), 1);
            Py_DECREF(self);
        }
    }
}

/* It stays as the exporter left it: a failure without an error, as in CPython. */
static void a_failure_without_an_error_is_a_failure(void)
{
    for (size_t i = 0; i < COUNT(consumers); i++) {
        Exporter *self = fresh();
        self->on_get = fail_in_silence;
        CHECK_INT(consumers[i]((PyObject *)self), 0);
        CHECK_ERROR(NULL);
        CHECK_INT(self->releases, 0);
        CHECK_UNUSED(self);
    }
}

/* Where a function takes two views, the first is released when the second fails. */
static void the_first_view_is_given_back_when_the_second_fails(void)
{
    Exporter *good = fresh(), *bad = fresh();
    bad->raises = PyExc_IndexError;
    CHECK_INT(PyObject_CopyData((PyObject *)good, (PyObject *)bad), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_PTR(PyByteArray_Concat((PyObject *)good, (PyObject *)bad), NULL);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(good->gets, 2);
    CHECK_UNUSED(good);
    CHECK_UNUSED(bad);
}

/* ---- layouts that change ------------------------------------------------------------------------------------ */

/* A memoryview keeps the structure that it got; views of it come from that, not from the exporter. */
static void a_snapshot_survives_a_change_of_layout(void)
{
    Exporter *self = exporter_new(memory, "B", 1, 2, two_by_three, NULL);
    for (int i = 0; i < 6; i++) {
        memory[i] = (char)('a' + i);
    }
    PyObject *first = PyMemoryView_FromObject((PyObject *)self), *second, *copy;
    self->shape[0] = self->shape[1] = 1000;
    self->strides[0] = self->strides[1] = PY_SSIZE_T_MAX;
    self->offer.ndim = 1;
    second = PyMemoryView_FromObject(first);
    CHECK_INT(self->asked, 1);
    copy = PyBytes_FromObject(second);
    CHECK_STR(PyBytes_AsString(copy), "abcdef");
    CHECK_INT(PyMemoryView_GET_BUFFER(second)->shape[1], 3);
    CHECK_INT(self->asked, 1);
    CHECK_INT(self->releases, 0);
    CHECK_INT(pybuffer_memoryview_release(first), 0);
    CHECK_INT(self->releases, 0);
    Py_DECREF(second);
    CHECK_INT(self->releases, 1);
    Py_DECREF(first);
    Py_DECREF(copy);
    CHECK_UNUSED(self);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(a_negative_number_of_axes);
    RUN(too_many_axes);
    RUN(as_many_axes_as_there_may_be);
    RUN(several_axes_without_a_shape);
    RUN(a_negative_shape);
    RUN(a_negative_itemsize);
    RUN(a_negative_len);
    RUN(more_items_than_len);
    RUN(a_product_that_overflows);
    RUN(no_axes_but_another_len);
    RUN(items_of_size_0);
    RUN(plain_bytes_of_a_negative_len);
    RUN(plain_bytes_of_too_great_a_len);
    RUN(hand_made_views_that_contradict_themselves);
    RUN(hand_made_views_of_too_many_axes);
    RUN(a_view_without_obj_is_given_back_to_nobody);
    RUN(a_view_of_another_object_is_given_back_to_that);
    RUN(what_failed_is_not_given_back);
    RUN(a_failure_without_an_error_is_a_failure);
    RUN(the_first_view_is_given_back_when_the_second_fails);
    RUN(a_snapshot_survives_a_change_of_layout);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

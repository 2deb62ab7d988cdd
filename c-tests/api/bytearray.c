/* bytearray: resizing, and what prevents it. */
#include "support.h"

/* Every size after every other: what was there stays, and a NUL ends it. */
static void resizing_keeps_what_was_there(void)
{
    static const Py_ssize_t sizes[] = {0, 1, 7, 8, 9, 30, 31, 64, 100, 1000, 5000, 3, 0, 2};
    char text[5001];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    for (size_t from = 0; from < COUNT(sizes); from++) {
        for (size_t to = 0; to < COUNT(sizes); to++) {
            PyObject *self = PyByteArray_FromStringAndSize(text, sizes[from]);
            Py_ssize_t kept = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
            CHECK_INT(PyByteArray_Resize(self, sizes[to]), 0);
            CHECK_INT(PyByteArray_Size(self), sizes[to]);
            CHECK_MEM(PyByteArray_AsString(self), text, (size_t)kept);
            CHECK_INT(PyByteArray_AsString(self)[sizes[to]], 0);
            memset(PyByteArray_AsString(self), 'w', (size_t)sizes[to]); /* all of it may be written */
            CHECK_INT(PyByteArray_Resize(self, sizes[from]), 0);
            CHECK_INT(PyByteArray_AsString(self)[sizes[from]], 0);
            Py_DECREF(self);
        }
    }
}

static void growing_a_little_is_cheap(void)
{
    PyObject *self = PyByteArray_FromStringAndSize(NULL, 0);
    int moves = 0;
    for (Py_ssize_t size = 1; size <= 100000; size++) {
        char *before = ((PyByteArrayObject *)self)->ob_bytes;
        Py_ssize_t room = ((PyByteArrayObject *)self)->ob_alloc;
        CHECK(PyByteArray_Resize(self, size) == 0);
        moves += ((PyByteArrayObject *)self)->ob_alloc != room || ((PyByteArrayObject *)self)->ob_bytes != before;
        PyByteArray_AsString(self)[size - 1] = (char)size;
    }
    CHECK_INT(PyByteArray_Size(self), 100000);
    CHECK(moves < 200);
    CHECK_INT(PyByteArray_AsString(self)[4242], (char)4243);
    Py_DECREF(self);
}

static void a_view_keeps_it_from_being_resized(void)
{
    PyObject *self = PyByteArray_FromStringAndSize("abc", 3);
    Py_buffer view;
    PyObject *memoryview = PyMemoryView_FromObject(self), *picklebuffer = PyPickleBuffer_FromObject(self);
    CHECK_INT(PyObject_GetBuffer(self, &view, PyBUF_SIMPLE), 0);
    CHECK_INT(exports_of(self), 3);
    for (int left = 3; left > 0; left--) {
        CHECK_INT(PyByteArray_Resize(self, 4), -1);
        CHECK_MESSAGE(PyExc_BufferError, "Existing exports of data: object cannot be re-sized");
        CHECK_INT(PyByteArray_Resize(self, 0), -1);
        CHECK_ERROR(PyExc_BufferError);
        CHECK_INT(PyByteArray_Resize(self, 3), 0); /* the size that it has */
        CHECK_STR(PyByteArray_AsString(self), "abc");
        switch (left) {
        case 3: PyBuffer_Release(&view); break;
        case 2: Py_DECREF(memoryview); break;
        default: Py_DECREF(picklebuffer);
        }
        CHECK_INT(exports_of(self), left - 1);
    }
    CHECK_INT(PyByteArray_Resize(self, 4), 0);
    Py_DECREF(self);
}

static void a_failed_request_does_not_count(void)
{
    PyObject *self = PyByteArray_FromStringAndSize("abc", 3);
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(self, NULL, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PyObject_GetBuffer(self, &view, PyBUF_READ), -1);
    CHECK_ERROR(PyExc_SystemError);
    CHECK_INT(PyByteArray_Type.tp_as_buffer->bf_getbuffer(self, NULL, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(exports_of(self), 0);
    CHECK_INT(Py_REFCNT(self), 1);
    Py_DECREF(self);
}

static void the_exports_of_many_views_are_counted(void)
{
    enum { MANY = 1000 };
    static Py_buffer views[MANY];
    PyObject *self = PyByteArray_FromStringAndSize("abc", 3);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(PyObject_GetBuffer(self, &views[i], PyBUF_CONTIG), 0);
    }
    CHECK_INT(exports_of(self), MANY);
    CHECK_INT(Py_REFCNT(self), MANY + 1);
    for (int i = 0; i < MANY; i++) {
        PyBuffer_Release(&views[(i * 7) % MANY]);
    }
    CHECK_INT(exports_of(self), 0);
    CHECK_INT(Py_REFCNT(self), 1);
    Py_DECREF(self);
}

static void concatenation_makes_a_new_one(void)
{
    PyObject *a = PyByteArray_FromStringAndSize("abc", 3), *b = PyBytes_FromString("def");
    PyObject *joined = PyByteArray_Concat(a, b), *twice = PyByteArray_Concat(a, a);
    PyObject *of_bytes = PyByteArray_Concat(b, b);
    CHECK_STR(PyByteArray_AsString(joined), "abcdef");
    CHECK_STR(PyByteArray_AsString(twice), "abcabc");
    CHECK_STR(PyByteArray_AsString(of_bytes), "defdef");
    CHECK_PTR(PyByteArray_Concat(a, Py_None), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "can't concat NoneType to bytearray");
    CHECK_INT(exports_of(a), 0);
    CHECK_INT(Py_REFCNT(a), 1);
    Py_DECREF(of_bytes);
    Py_DECREF(twice);
    Py_DECREF(joined);
    Py_DECREF(b);
    Py_DECREF(a);
}

/* CPython takes bytes off the front without moving the rest: ob_start is then after ob_bytes. */
static void memory_that_does_not_begin_at_the_start_is_resized(void)
{
    static const Py_ssize_t sizes[] = {0, 1, 2, 5, 6, 7, 8, 9, 20, 100};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        PyObject *self = PyByteArray_FromStringAndSize("--abcdef", 8);
        PyByteArrayObject *is = (PyByteArrayObject *)self;
        is->ob_start += 2;
        Py_SET_SIZE(self, 6);
        CHECK_STR(PyByteArray_AsString(self), "abcdef");
        CHECK_INT(PyByteArray_Resize(self, sizes[i]), 0);
        CHECK_MEM(PyByteArray_AsString(self), "abcdef", (size_t)(sizes[i] < 6 ? sizes[i] : 6));
        CHECK_INT(PyByteArray_AsString(self)[sizes[i]], 0);
        memset(PyByteArray_AsString(self), 'w', (size_t)sizes[i]);
        Py_DECREF(self);
    }
}

/* What is taken off the front, or replaced by less, leaves the rest where it is, until less than half of the memory is used. */
static void the_front_is_taken_off_without_moving_the_rest(void)
{
    PyObject *self = PyByteArray_FromStringAndSize("0123456789abcdefghijklmnopqrstuv", 32);
    PyObject *two = PyBytes_FromString("XY");
    char *start = PyByteArray_AsString(self);
    CHECK_INT(PySequence_DelSlice(self, 0, 3), 0);
    CHECK_INT(PySequence_DelItem(self, 0), 0);
    CHECK_PTR(PyByteArray_AsString(self), start + 4);
    CHECK_PTR(((PyByteArrayObject *)self)->ob_bytes, start);
    CHECK_STR(PyByteArray_AsString(self), "456789abcdefghijklmnopqrstuv");
    CHECK_INT(PySequence_SetSlice(self, -100, 4, two), 0);
    CHECK_PTR(PyByteArray_AsString(self), start + 6);
    CHECK_STR(PyByteArray_AsString(self), "XY89abcdefghijklmnopqrstuv");
    CHECK_INT(PySequence_DelSlice(self, 1, 3), 0); /* not the front */
    CHECK_PTR(PyByteArray_AsString(self), start + 6);
    CHECK_STR(PyByteArray_AsString(self), "X9abcdefghijklmnopqrstuv");
    CHECK_INT(PySequence_SetSlice(self, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, two), 0); /* there is room where the end was */
    CHECK_PTR(PyByteArray_AsString(self), start + 6);
    CHECK_STR(PyByteArray_AsString(self), "X9abcdefghijklmnopqrstuvXY");
    CHECK_INT(PySequence_SetSlice(self, 0, 0, two), 0); /* and before the start there is none */
    CHECK_STR(PyByteArray_AsString(self), "XYX9abcdefghijklmnopqrstuvXY");
    CHECK_INT(PySequence_DelSlice(self, 0, 20), 0);
    CHECK_PTR(PyByteArray_AsString(self), ((PyByteArrayObject *)self)->ob_bytes);
    CHECK_STR(PyByteArray_AsString(self), "qrstuvXY");
    /* Views that are held keep all in place. */
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(self, &view, PyBUF_SIMPLE), 0);
    CHECK_INT(PySequence_DelSlice(self, 0, 1), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_PTR(PyByteArray_AsString(self), view.buf);
    PyBuffer_Release(&view);
    /* A queue. */
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(PySequence_SetSlice(self, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, two), 0);
        CHECK_INT(PySequence_DelSlice(self, 0, 2), 0);
    }
    CHECK_STR(PyByteArray_AsString(self), "XYXYXYXY");
    CHECK_INT(PySequence_DelSlice(self, 0, 8), 0);
    CHECK_INT(PyByteArray_Size(self), 0);
    Py_DECREF(two);
    Py_DECREF(self);
}

/* Of every kind: made empty, emptied, and zeroed by the program; programs of any version read ob_start or AS_STRING. */
static void an_empty_one_has_a_start_that_is_aligned(void)
{
    PyObject *emptied = PyByteArray_FromStringAndSize("abcdef", 6), *joined;
    PyObject *all[4] = {PyByteArray_FromStringAndSize("", 0), PyByteArray_FromStringAndSize(NULL, 0), emptied};
    CHECK_INT(PyByteArray_Resize(emptied, 3), 0);
    CHECK_INT(PyByteArray_Resize(emptied, 0), 0);
    joined = all[3] = PyByteArray_Concat(all[0], all[1]);
    for (size_t i = 0; i < COUNT(all); i++) {
        char *start = ((PyByteArrayObject *)all[i])->ob_start;
        CHECK_PTR(start, PyByteArray_AsString(all[i]));
        CHECK_PTR(start, PyByteArray_AS_STRING(all[i]));
        CHECK_STR(start, "");
        CHECK_INT((uintptr_t)start % 16, 0);
        Py_buffer view;
        CHECK_INT(PyObject_GetBuffer(all[i], &view, PyBUF_SIMPLE), 0);
        CHECK_PTR(view.buf, start);
        PyBuffer_Release(&view);
        CHECK_INT(PyByteArray_Resize(all[i], 2), 0);
        memcpy(PyByteArray_AS_STRING(all[i]), "xy", 2);
        CHECK_INT((uintptr_t)PyByteArray_AS_STRING(all[i]) % 16, 0);
        CHECK_STR(PyByteArray_AS_STRING(all[i]), "xy");
    }
    CHECK_STR(_PyByteArray_empty_string, "");
    for (size_t i = 0; i < COUNT(all); i++) {
        Py_DECREF(all[i]);
    }
    CHECK(joined == all[3]);
    PyByteArrayObject *zeroed = PyObject_New(PyByteArrayObject, &PyByteArray_Type);
    memset((char *)zeroed + sizeof(PyObject), 0, sizeof(*zeroed) - sizeof(PyObject));
    CHECK_STR(PyByteArray_AsString((PyObject *)zeroed), "");
    CHECK_INT(PyByteArray_Resize((PyObject *)zeroed, 3), 0);
    memcpy(PyByteArray_AS_STRING(zeroed), "abc", 3);
    CHECK_INT(PyByteArray_Resize((PyObject *)zeroed, 0), 0);
    Py_DECREF(zeroed);
}

static void errors_name_what_was_found(void)
{
    PyObject *bytes = PyBytes_FromString("bytes"), *self = PyByteArray_FromObject(bytes);
    CHECK_PTR(PyByteArray_FromObject(Py_None), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "cannot convert 'NoneType' object to bytearray");
    CHECK_INT(PyByteArray_Size(bytes), -1);
    CHECK_MESSAGE(PyExc_TypeError, "expected bytearray, bytes found");
    CHECK_PTR(PyByteArray_FromStringAndSize(NULL, -1), NULL);
    CHECK_MESSAGE(PyExc_SystemError, "Negative size passed to PyByteArray_FromStringAndSize");
    CHECK_INT(PyByteArray_Resize(self, -1), -1);
    CHECK_MESSAGE(PyExc_ValueError, "Can only resize to positive sizes, got -1");
    CHECK_INT(PyObject_Hash(self), -1);
    CHECK_MESSAGE(PyExc_TypeError, "unhashable type: 'bytearray'");
    Py_DECREF(self);
    Py_DECREF(bytes);
}

static void what_does_not_exist_is_not_deleted(void)
{
    PyObject *self = PyByteArray_FromStringAndSize("abc", 3), *view = PyMemoryView_FromObject(self);
    CHECK_INT(PySequence_DelItem(self, 3), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(PySequence_DelItem(self, -7), -1);
    CHECK_ERROR(PyExc_IndexError);
    /* Nor is what a consumer looks at. */
    CHECK_INT(PySequence_DelItem(self, 0), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PySequence_DelSlice(self, 1, 2), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PySequence_DelSlice(self, 2, 2), 0); /* no bytes */
    CHECK_STR(PyByteArray_AsString(self), "abc");
    Py_DECREF(view);
    CHECK_INT(PySequence_DelItem(self, -3), 0);
    CHECK_INT(PySequence_DelSlice(self, 1, 9), 0);
    CHECK_STR(PyByteArray_AsString(self), "b");
    Py_DECREF(self);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(resizing_keeps_what_was_there);
    RUN(growing_a_little_is_cheap);
    RUN(a_view_keeps_it_from_being_resized);
    RUN(a_failed_request_does_not_count);
    RUN(the_exports_of_many_views_are_counted);
    RUN(concatenation_makes_a_new_one);
    RUN(memory_that_does_not_begin_at_the_start_is_resized);
    RUN(the_front_is_taken_off_without_moving_the_rest);
    RUN(an_empty_one_has_a_start_that_is_aligned);
    RUN(errors_name_what_was_found);
    RUN(what_does_not_exist_is_not_deleted);
    return tap_end();
}

/* Exporters that call back into the library while they are asked or told, and slots that lie. */
#include "consumers.h"

/* ---- calls back into the library ---------------------------------------------------------------------------- */

static PyObject *inner_view;

/* Exports itself again before it answers, once. */
static int look_at_itself(Exporter *self, Py_buffer *view, int flags)
{
    static int depth;
    if (depth == 0) {
        depth++;
        inner_view = PyMemoryView_FromObject((PyObject *)self);
        PyObject *copy = PyBytes_FromObject(inner_view);
        CHECK_INT(PyBytes_Size(copy), 16);
        Py_XDECREF(copy);
        depth--;
    }
    return exporter_answer(self, view, flags);
}

static void an_exporter_may_look_at_itself_while_it_is_asked(void)
{
    for (size_t i = 0; i < COUNT(consumers); i++) {
        Exporter *self = fresh();
        self->on_get = look_at_itself;
        CHECK_INT(consumers[i]((PyObject *)self), 1);
        CHECK_INT(self->gets, 2);
        CHECK_INT(self->releases, 1);
        Py_CLEAR(inner_view);
        CHECK_UNUSED(self);
    }
}

static void use_the_library(Exporter *self, Py_buffer *view)
{
    static int depth;
    CHECK_PTR(view->obj, self);
    if (depth == 0) {
        depth++;
        PyObject *again = PyMemoryView_FromObject((PyObject *)self);
        CHECK_INT(PyObject_Size(again), 16);
        CHECK_INT(pybuffer_memoryview_release(again), 0);
        Py_XDECREF(again);
        depth--;
    }
}

static void an_exporter_may_use_the_library_while_it_is_told(void)
{
    for (size_t i = 0; i < COUNT(consumers); i++) {
        Exporter *self = fresh();
        self->on_release = use_the_library;
        CHECK_INT(consumers[i]((PyObject *)self), 1);
        CHECK_INT(self->gets, 2);
        CHECK_UNUSED(self);
    }
}

/* ---- giving back -------------------------------------------------------------------------------------------- */

static void views_are_given_back_in_any_order(void)
{
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}};
    for (size_t o = 0; o < COUNT(orders); o++) {
        Exporter *self = fresh();
        PyObject *views[4] = {PyMemoryView_FromObject((PyObject *)self), NULL, NULL, NULL};
        views[1] = PyMemoryView_FromObject(views[0]);
        views[2] = PyPickleBuffer_FromObject(views[1]);
        views[3] = PyMemoryView_FromObject(views[2]);
        for (int i = 0; i < 4; i++) {
            CHECK_INT(self->releases, 0);
            Py_DECREF(views[orders[o][i]]);
        }
        CHECK_INT(self->gets, 1);
        CHECK_UNUSED(self);
    }
}

static void a_view_is_given_back_once(void)
{
    Exporter *self = fresh();
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_FULL), 0);
    for (int i = 0; i < 3; i++) {
        PyBuffer_Release(&view);
        CHECK_PTR(view.obj, NULL);
        CHECK_INT(self->releases, 1);
    }
    PyObject *memoryview = PyMemoryView_FromObject((PyObject *)self);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(pybuffer_memoryview_release(memoryview), 0);
        CHECK_INT(self->releases, 2);
    }
    Py_DECREF(memoryview);
    PyObject *picklebuffer = PyPickleBuffer_FromObject((PyObject *)self);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(PyPickleBuffer_Release(picklebuffer), 0);
        CHECK_INT(self->releases, 3);
    }
    Py_DECREF(picklebuffer);
    CHECK_UNUSED(self);
}

static void clear_obj(Exporter *self, Py_buffer *view)
{
    (void)self;
    view->obj = NULL;
}

/* The reference that the view held is dropped anyway. */
static void releasebuffer_may_clear_obj_itself(void)
{
    for (size_t i = 0; i < COUNT(consumers); i++) {
        Exporter *self = fresh();
        self->on_release = clear_obj;
        CHECK_INT(consumers[i]((PyObject *)self), 1);
        CHECK_UNUSED(self);
    }
}

static void raise_on_release(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    PyErr_SetString(PyExc_OverflowError, "raised by releasebuffer");
}

static void clear_on_release(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    PyErr_Clear();
}

/* An error that is pending at the release, the library's own or the caller's, is the one to keep. */
static void an_error_raised_by_releasebuffer_does_not_hide_another(void)
{
    Exporter *self = fresh();
    self->on_release = raise_on_release;
    self->offer.len = -1;
    self->literal = 1;
    for (size_t i = 0; i < COUNT(consumers); i++) {
        CHECK_INT(consumers[i]((PyObject *)self), 0);
        CHECK_ERROR(PyExc_BufferError);
    }
    self->offer.len = 16;
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_FULL), 0);
    PyErr_SetString(PyExc_ValueError, "the caller's");
    PyBuffer_Release(&view);
    CHECK_MESSAGE(PyExc_ValueError, "the caller's");
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_FULL), 0);
    PyErr_BadArgument(); /* an error that is no exception yet */
    PyBuffer_Release(&view);
    CHECK_ERROR(PyExc_TypeError);
    PyObject *memoryview = PyMemoryView_FromObject((PyObject *)self);
    PyObject *picklebuffer = PyPickleBuffer_FromObject((PyObject *)self);
    PyErr_SetString(PyExc_IndexError, "the caller's");
    Py_DECREF(memoryview);
    Py_DECREF(picklebuffer);
    CHECK_MESSAGE(PyExc_IndexError, "the caller's");
    CHECK_UNUSED(self);
}

static void an_error_cleared_by_releasebuffer_stays_pending(void)
{
    Exporter *self = fresh(), *bad = fresh();
    self->on_release = clear_on_release;
    bad->raises = PyExc_IndexError;
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_FULL), 0);
    PyErr_SetString(PyExc_ValueError, "the caller's");
    PyBuffer_Release(&view);
    CHECK_MESSAGE(PyExc_ValueError, "the caller's");
    CHECK_INT(PyObject_CopyData((PyObject *)self, (PyObject *)bad), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_UNUSED(self);
    CHECK_UNUSED(bad);
}

/* There is no way to tell the caller otherwise. */
static void an_error_raised_by_releasebuffer_alone_stays(void)
{
    Exporter *self = fresh();
    self->on_release = raise_on_release;
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_FULL), 0);
    PyBuffer_Release(&view);
    CHECK_MESSAGE(PyExc_OverflowError, "raised by releasebuffer");
    CHECK_UNUSED(self);
}

/* ---- lifetimes ---------------------------------------------------------------------------------------------- */

static void the_last_reference_goes_with_the_view(void)
{
    int alive = exporters_alive;
    PyObject *holders[3] = {NULL, NULL, NULL};
    Exporter *self = fresh();
    holders[0] = PyMemoryView_FromObject((PyObject *)self);
    Py_DECREF(self);
    holders[1] = PyPickleBuffer_FromObject(holders[0]);
    holders[2] = PyMemoryView_FromObject(holders[1]);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(exporters_alive, alive + 1);
        CHECK_INT(((char *)PyMemoryView_GET_BUFFER(holders[2])->buf)[0], 'm');
        Py_DECREF(holders[i]);
    }
    CHECK_INT(exporters_alive, alive);
}

/* Each exporter of the chain holds a view of the next one while it is asked, and gives it back when it is told. */
#define LINKS 200

static Exporter *links[LINKS];
static Py_buffer link_views[LINKS];

static int ask_the_next(Exporter *self, Py_buffer *view, int flags)
{
    for (int i = 0; i + 1 < LINKS; i++) {
        if (links[i] == self && PyObject_GetBuffer((PyObject *)links[i + 1], &link_views[i], PyBUF_FULL) != 0) {
            return -1;
        }
    }
    return exporter_answer(self, view, flags);
}

static void tell_the_next(Exporter *self, Py_buffer *view)
{
    (void)view;
    for (int i = 0; i + 1 < LINKS; i++) {
        if (links[i] == self) {
            CHECK_INT(links[i + 1]->releases, 0);
            PyBuffer_Release(&link_views[i]);
        }
    }
}

static void a_chain_of_exporters_is_given_back_from_the_outside(void)
{
    for (int i = 0; i < LINKS; i++) {
        links[i] = fresh();
        links[i]->on_get = ask_the_next;
        links[i]->on_release = tell_the_next;
    }
    PyObject *view = PyMemoryView_FromObject((PyObject *)links[0]);
    CHECK_INT(links[LINKS - 1]->gets, 1);
    Py_XDECREF(view);
    links[LINKS - 1]->raises = PyExc_BufferError;
    links[LINKS - 1]->on_get = NULL;
    CHECK_PTR(PyMemoryView_FromObject((PyObject *)links[0]), NULL);
    CHECK_ERROR(PyExc_BufferError);
    for (int i = 0; i < LINKS; i++) {
        CHECK_UNUSED(links[i]);
    }
}

/* ---- the other slots ---------------------------------------------------------------------------------------- */

static Py_ssize_t negative_length(PyObject *op)
{
    (void)op;
    PyErr_SetNone(PyExc_IndexError);
    return -1;
}

static PyObject *failing_comparison(PyObject *a, PyObject *b, int operation)
{
    (void)a;
    (void)b;
    (void)operation;
    PyErr_SetNone(PyExc_ArithmeticError);
    return NULL;
}

static PyObject *odd_comparison(PyObject *a, PyObject *b, int operation)
{
    (void)b;
    (void)operation;
    return Py_NewRef(a); /* neither True nor False: an object whose own truth is asked for */
}

static Py_hash_t failing_hash(PyObject *op)
{
    (void)op;
    PyErr_SetNone(PyExc_LookupError);
    return -1;
}

static PySequenceMethods odd_sequence = {.sq_length = negative_length};
static PyBufferProcs no_procs;
static PyTypeObject Failing_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Failing",
    .tp_basicsize = sizeof(PyObject),
    .tp_as_sequence = &odd_sequence,
    .tp_as_buffer = &no_procs,
    .tp_richcompare = failing_comparison,
    .tp_hash = failing_hash,
};
static PyTypeObject Odd_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Odd",
    .tp_basicsize = sizeof(PyObject),
    .tp_as_sequence = &odd_sequence,
    .tp_richcompare = odd_comparison,
};

static void slots_that_fail_or_lie_are_no_crash(void)
{
    Py_buffer view;
    CHECK_INT(PyType_Ready(&Failing_Type), 0);
    CHECK_INT(PyType_Ready(&Odd_Type), 0);
    PyObject *failing = PyObject_New(PyObject, &Failing_Type), *odd = PyObject_New(PyObject, &Odd_Type);
    PyObject *bytes = PyBytes_FromString("bytes"), *memoryview = PyMemoryView_FromObject(bytes);
    CHECK_INT(PyObject_Size(failing), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(PyObject_Hash(failing), -1);
    CHECK_ERROR(PyExc_LookupError);
    CHECK_INT(PyObject_Hash(odd), -1); /* a comparison of its own, and no hash */
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(PyObject_RichCompareBool(failing, bytes, Py_EQ), -1);
    CHECK_ERROR(PyExc_ArithmeticError);
    CHECK_INT(PyObject_RichCompareBool(bytes, failing, Py_LT), -1);
    CHECK_ERROR(PyExc_ArithmeticError);
    CHECK_INT(PyObject_RichCompareBool(memoryview, failing, Py_NE), -1);
    CHECK_ERROR(PyExc_ArithmeticError);
    CHECK_INT(PyObject_RichCompareBool(odd, bytes, Py_EQ), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(PyObject_RichCompareBool(failing, failing, Py_EQ), 1);
    CHECK_INT(PyObject_CheckBuffer(failing), 0);
    CHECK_INT(PyObject_GetBuffer(failing, &view, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(Py_REFCNT(odd), 1);
    Py_DECREF(memoryview);
    Py_DECREF(bytes);
    Py_DECREF(odd);
    Py_DECREF(failing);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(an_exporter_may_look_at_itself_while_it_is_asked);
    RUN(an_exporter_may_use_the_library_while_it_is_told);
    RUN(views_are_given_back_in_any_order);
    RUN(a_view_is_given_back_once);
    RUN(releasebuffer_may_clear_obj_itself);
    RUN(an_error_raised_by_releasebuffer_does_not_hide_another);
    RUN(an_error_cleared_by_releasebuffer_stays_pending);
    RUN(an_error_raised_by_releasebuffer_alone_stays);
    RUN(the_last_reference_goes_with_the_view);
    RUN(a_chain_of_exporters_is_given_back_from_the_outside);
    RUN(slots_that_fail_or_lie_are_no_crash);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

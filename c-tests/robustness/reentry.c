/* Foreign code that comes back. The exporter's slots, and the function that a memory object calls at its end, do everything
 * that there is to do with every object that stands for the exporter, also with the one that is just being released or
 * destroyed, of which they have kept the address without a reference.
 *
 * Each view is released exactly once, none is used after its release, and nothing is destroyed twice. valgrind
 * and the sanitizers say so.
 */
#define _POSIX_C_SOURCE 200809L /* barriers */
#define PYBUFFER_NO_WARN_UNUSED /* calls are made for what else they do */
#include "support.h"

#include <pthread.h>

static char memory[16] = "0123456789abcde";

/* ---- what they do ------------------------------------------------------------------------------------------- */

/* The objects that stand for the exporter, borrowed. */
static PyObject *stands[16];
static int depth, deepest = 2, acts;

static void forget(PyObject *op)
{
    for (size_t i = 0; i < COUNT(stands); i++) {
        stands[i] = stands[i] == op ? NULL : stands[i];
    }
}

static void remember(PyObject *op)
{
    for (size_t i = 0; i < COUNT(stands); i++) {
        if (stands[i] == NULL) {
            stands[i] = op;
            return;
        }
    }
}

static void drop(PyObject *op)
{
    Py_XDECREF(op);
    PyErr_Clear();
}

static void ask(PyObject *op)
{
    static const int requests[] = {PyBUF_SIMPLE, PyBUF_FULL_RO, PyBUF_WRITABLE};
    for (size_t i = 0; i < COUNT(requests); i++) {
        Py_buffer view;
        if (PyObject_GetBuffer(op, &view, requests[i]) == 0) {
            PyBuffer_Release(&view);
            PyBuffer_Release(&view);
        }
        PyErr_Clear();
    }
}

static void do_everything_with(PyObject *op)
{
    pybuffer_ndarray_state state;
    pybuffer_value value;
    pybuffer_subscript part = {0};
    Py_INCREF(op);
    ask(op);
    PyObject_Hash(op);
    PyErr_Clear();
    PyObject_Size(op);
    PyErr_Clear();
    for (size_t i = 0; i < COUNT(stands); i++) {
        if (stands[i] != NULL) {
            PyObject_RichCompareBool(op, stands[i], Py_EQ);
            PyErr_Clear();
            PyObject_RichCompareBool(stands[i], op, Py_LT);
            PyErr_Clear();
        }
    }
    drop(PyMemoryView_FromObject(op));
    drop(PyPickleBuffer_FromObject(op));
    drop(pybuffer_ndarray_from_object(op, PyBUF_FULL_RO, 0));
    drop(PyBuffer_FromObject(op, 0, 2));
    drop(PyBytes_FromObject(op));
    drop(PySequence_GetItem(op, 0));
    drop(pybuffer_memoryview_iter(op));
    drop(pybuffer_memoryview_next(op));
    pybuffer_memoryview_next_item(op, &value, 1);
    PyErr_Clear();
    drop(pybuffer_memoryview_toreadonly(op));
    drop(pybuffer_ndarray_subscript(op, &part, 0));
    pybuffer_ndarray_pop(op);
    PyErr_Clear();
    pybuffer_ndarray_get_state(op, &state);
    PyErr_Clear();
    pybuffer_ndarray_add_suboffsets(op);
    PyErr_Clear();
    PyPickleBuffer_GetBuffer(op);
    PyErr_Clear();
    PyPickleBuffer_Release(op);
    PyErr_Clear();
    pybuffer_memoryview_release(op);
    PyErr_Clear();
    ask(op);
    Py_DECREF(op);
}

/* An action may trigger itself, up to a limit. */
static void act(Exporter *self, Py_buffer *view)
{
    if (depth == deepest) {
        return;
    }
    depth++;
    acts++;
    for (size_t i = 0; i < COUNT(stands); i++) {
        if (stands[i] != NULL) {
            do_everything_with(stands[i]);
        }
    }
    if (self != NULL) {
        PyErr_SetString(PyExc_IndexError, "the exporter's");
    }
    if (view != NULL) {
        PyBuffer_Release(view);
        PyBuffer_Release(view);
    }
    depth--;
}

static int get_and_act(Exporter *self, Py_buffer *view, int flags)
{
    act(NULL, NULL);
    return exporter_answer(self, view, flags);
}

static void act_on_release(Exporter *self, Py_buffer *view)
{
    act(self, view);
}

static void dealloc_and_act(PyObject *op)
{
    act((Exporter *)op, NULL);
    exporter_dealloc(op);
}

static Exporter *hostile(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    self->offer.readonly = 1;
    Exporter_Type.tp_dealloc = dealloc_and_act;
    self->on_get = get_and_act;
    self->on_release = act_on_release;
    return self;
}

/* The end: the exporter's counters are read before it is destroyed. */
static int asked, releases;

static void count_on_release(Exporter *self, Py_buffer *view)
{
    act(self, view);
    asked = self->gets;
    releases = self->releases;
}

/* ---- what stands for an exporter ---------------------------------------------------------------------------- */

static PyObject *a_picklebuffer(PyObject *op)
{
    return PyPickleBuffer_FromObject(op);
}

static PyObject *a_memoryview(PyObject *op)
{
    return PyMemoryView_FromObject(op);
}

static PyObject *a_part(PyObject *op)
{
    PyObject *whole = PyMemoryView_FromObject(op), *part = whole ? pybuffer_memoryview_toreadonly(whole) : NULL;
    Py_XDECREF(whole);
    return part;
}

static PyObject *a_released_memoryview(PyObject *op)
{
    PyObject *view = PyMemoryView_FromObject(op);
    remember(view);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    PyErr_Clear();
    forget(view);
    return view;
}

static PyObject *an_iterator(PyObject *op)
{
    PyObject *view = PyMemoryView_FromObject(op), *iterator = view ? pybuffer_memoryview_iter(view) : NULL;
    Py_XDECREF(view);
    return iterator;
}

static PyObject *an_ndarray(PyObject *op)
{
    return pybuffer_ndarray_from_object(op, PyBUF_FULL_RO, 0);
}

static PyObject *a_redirecting_ndarray(PyObject *op)
{
    return pybuffer_ndarray_from_object(op, PyBUF_FULL_RO, PYBUFFER_ND_REDIRECT);
}

static PyObject *a_part_of_an_ndarray(PyObject *op)
{
    pybuffer_subscript part = {0};
    PyObject *whole = an_ndarray(op), *made = whole ? pybuffer_ndarray_subscript(whole, &part, 0) : NULL;
    Py_XDECREF(whole);
    return made;
}

static PyObject *an_old_buffer(PyObject *op)
{
    return PyBuffer_FromObject(op, 1, 5);
}

static PyObject *an_old_buffer_of_a_picklebuffer(PyObject *op)
{
    PyObject *between = PyPickleBuffer_FromObject(op), *made = between ? PyBuffer_FromObject(between, 1, 5) : NULL;
    Py_XDECREF(between);
    return made;
}

static PyObject *a_memory_object(PyObject *op)
{
    Py_ssize_t shape[1] = {16};
    Py_buffer view = {.buf = memory, .obj = op, .len = 16, .itemsize = 1, .readonly = 1, .ndim = 1, .shape = shape};
    return pybuffer_memory_new(&view, NULL, NULL);
}

static PyObject *an_exception(PyObject *op)
{
    PyObject *type, *value, *traceback;
    PyErr_SetObject(PyExc_ValueError, op);
    PyErr_Fetch(&type, &value, &traceback);
    Py_XDECREF(type);
    return value;
}

static PyObject *(*const makers[])(PyObject *) = {
    a_picklebuffer,  a_memoryview,         a_part,        an_iterator,
    an_ndarray,      a_redirecting_ndarray, a_part_of_an_ndarray, an_old_buffer,
    a_memory_object, an_exception,         a_released_memoryview, an_old_buffer_of_a_picklebuffer,
};

/* ---- the tests ---------------------------------------------------------------------------------------------- */

/* An object that stands for it, used and dropped during a look from inside. */
static void while_it_is_used_and_dropped(void)
{
    for (size_t i = 0; i < COUNT(makers); i++) {
        Exporter *self = hostile();
        PyObject *op = makers[i]((PyObject *)self);
        PyErr_Clear();
        if (!CHECK(op != NULL)) {
            continue;
        }
        remember(op);
        do_everything_with(op);
        Py_DECREF(op);
        forget(op);
        PyErr_Clear();
        tap_check(self->gets == self->releases, __FILE__, __LINE__, "maker %zu: %d gets, %d releases", i, self->gets,
                  self->releases);
        tap_check(Py_REFCNT(self) == 1, __FILE__, __LINE__, "maker %zu: %zd references", i, Py_REFCNT(self));
        Py_DECREF(self);
        PyErr_Clear();
        CHECK_INT(exporters_alive, 0);
    }
    CHECK(acts > 1000);
}

/* The same where it owns the last reference to the exporter, whose tp_dealloc looks at it, too. */
static void while_it_destroys_the_exporter(void)
{
    for (size_t i = 0; i < COUNT(makers); i++) {
        Exporter *self = hostile();
        asked = releases = 0;
        self->on_release = count_on_release;
        PyObject *op = makers[i]((PyObject *)self);
        PyErr_Clear();
        remember(op);
        Py_DECREF(self);
        Py_DECREF(op);
        forget(op);
        PyErr_Clear();
        tap_check(exporters_alive == 0, __FILE__, __LINE__, "maker %zu: the exporter lives", i);
        tap_check(asked == releases, __FILE__, __LINE__, "maker %zu: %d gets, %d releases", i, asked, releases);
    }
}

/* All of them at once, dropped in several orders. */
static void while_all_stand_for_it(void)
{
    deepest = 1;
    for (size_t first = 0; first < COUNT(makers); first += 4) {
        Exporter *self = hostile();
        PyObject *all[COUNT(makers)];
        for (size_t i = 0; i < COUNT(makers); i++) {
            all[i] = makers[i]((PyObject *)self);
            PyErr_Clear();
            remember(all[i]);
        }
        Py_DECREF(self);
        for (size_t i = 0; i < COUNT(makers); i++) {
            PyObject *op = all[(first + i * 5) % COUNT(makers)];
            Py_DECREF(op);
            forget(op);
            PyErr_Clear();
        }
        CHECK_INT(exporters_alive, 0);
    }
    deepest = 2;
}

/* The last reference to the object that is being released, dropped from inside. */
static PyObject *last;

static void drop_the_last(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    Py_CLEAR(last);
}

static void a_release_that_drops_the_last_reference(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    self->on_release = drop_the_last;
    last = PyPickleBuffer_FromObject((PyObject *)self);
    CHECK_INT(PyPickleBuffer_Release(last), 0);
    CHECK_PTR(last, NULL);
    last = PyMemoryView_FromObject((PyObject *)self);
    CHECK_INT(pybuffer_memoryview_release(last), 0);
    CHECK_PTR(last, NULL);
    last = pybuffer_ndarray_from_object((PyObject *)self, PyBUF_FULL_RO, 0);
    PyObject *view = PyMemoryView_FromObject(last);
    Py_DECREF(last);
    last = view;
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_PTR(last, NULL);
    CHECK_UNUSED(self);
}

/* CPython calls bf_releasebuffer again and again for this, until the stack is full. */
static void release_it_again(Exporter *self, Py_buffer *view)
{
    CHECK_PTR(view->obj, self);
    PyBuffer_Release(view);
    CHECK_PTR(view->obj, self);
}

static void a_release_that_releases_the_same_view(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    Py_buffer view;
    self->on_release = release_it_again;
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_SIMPLE), 0);
    PyBuffer_Release(&view);
    CHECK_PTR(view.obj, NULL);
    CHECK_INT(self->releases, 1);
    drop(PyBytes_FromObject((PyObject *)self));
    drop(PyBytes_FromObject((PyObject *)self));
    drop(PyByteArray_Concat((PyObject *)self, (PyObject *)self));
    CHECK_INT(PyObject_CheckReadBuffer((PyObject *)self), 1);
    CHECK_INT(PyObject_CopyData((PyObject *)self, (PyObject *)self), 0);
    pybuffer_check_exporter((PyObject *)self, NULL, NULL);
    CHECK_ERROR(NULL);
    CHECK_UNUSED(self);
}

/* Two views, each of which is released in the release of the other. */
static Py_buffer pair[2];

static void release_both(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    PyBuffer_Release(&pair[0]);
    PyBuffer_Release(&pair[1]);
}

static void a_release_that_releases_another_view(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    self->on_release = release_both;
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &pair[0], PyBUF_SIMPLE), 0);
    CHECK_INT(PyObject_GetBuffer((PyObject *)self, &pair[1], PyBUF_SIMPLE), 0);
    PyBuffer_Release(&pair[0]);
    CHECK_PTR(pair[0].obj, NULL);
    CHECK_PTR(pair[1].obj, NULL);
    CHECK_UNUSED(self);
}

/* A consumer's view of an old buffer holds one of the exporter, in whose release that of the old buffer is released. */
static void a_release_of_what_the_view_holds(void)
{
    Exporter *self = exporter_of_bytes(memory, 16);
    PyObject *buffer = PyBuffer_FromObject((PyObject *)self, 0, 4);
    CHECK_INT(PyObject_GetBuffer(buffer, &pair[0], PyBUF_SIMPLE), 0);
    pair[1] = (Py_buffer){0};
    self->on_release = release_both;
    PyBuffer_Release(&pair[0]);
    CHECK_INT(Py_REFCNT(buffer), 1);
    Py_DECREF(buffer);
    CHECK_UNUSED(self);
}

/* ---- the end of memory objects ------------------------------------------------------------------------------ */

static PyObject *dying;
static int destroyed, keep;

static void destroy_and_act(void *context)
{
    Py_buffer view;
    destroyed++;
    CHECK_PTR(context, memory);
    act(NULL, NULL);
    CHECK_INT(PyObject_GetBuffer(dying, &view, PyBUF_SIMPLE), -1);
    CHECK_MESSAGE(PyExc_BufferError, "pybuffer.memory: the memory is being destroyed");
    CHECK_PTR(view.obj, NULL);
    CHECK_PTR(PyMemoryView_FromObject(dying), NULL);
    /* Nor by the library's own short looks. */
    CHECK_PTR(PyBytes_FromObject(dying), NULL);
    CHECK_MESSAGE(PyExc_BufferError, "pybuffer.memory: the memory is being destroyed");
    CHECK_INT(PyObject_CheckReadBuffer(dying), 0);
    PyErr_SetString(PyExc_IndexError, "destroy's");
    if (keep) {
        Py_INCREF(dying);
    }
}

static void memory_is_destroyed_once(void)
{
    Py_ssize_t shape[1] = {16};
    Py_buffer view = {.buf = memory, .len = 16, .itemsize = 1, .readonly = 1, .ndim = 1, .shape = shape};
    for (keep = 0; keep < 2; keep++) {
        for (size_t i = 0; i <= COUNT(makers); i++) {
            destroyed = 0;
            dying = pybuffer_memory_new(&view, destroy_and_act, memory);
            remember(dying);
            if (i < COUNT(makers)) {
                PyObject *op = makers[i](dying);
                remember(op);
                Py_DECREF(dying);
                Py_DECREF(op);
                forget(op);
            } else {
                Py_DECREF(dying);
            }
            CHECK_INT(destroyed, 1);
            CHECK_ERROR(NULL);
            if (keep) {
                CHECK_INT(Py_REFCNT(dying), 1);
                Py_DECREF(dying);
                CHECK_INT(destroyed, 1);
            }
            forget(dying);
        }
    }
}

/* ---- allocators --------------------------------------------------------------------------------------------- */

static PyMemAllocatorEx allocators_before[3];
static PyObject *watched; /* borrowed */
static int freed, using_it;

/* What frees memory may use the object that lets go of it, but for the memory of the object itself. */
static void use_and_free(void *domain, void *block)
{
    PyObject *op = watched;
    if (op != NULL && !using_it && block != (void *)op && block != NULL) {
        using_it = 1;
        freed++;
        Py_INCREF(op);
        if (PyMemoryView_Check(op)) {
            CHECK_INT(pybuffer_memoryview_release(op), 0);
            CHECK_INT(pybuffer_memoryview_is_released(op), 1);
        }
        do_everything_with(op);
        Py_DECREF(op);
        using_it = 0;
    }
    PyMemAllocatorEx *before = domain;
    before->free(before->ctx, block);
}

static void what_frees_memory_uses_the_memoryview(void)
{
    for (int released = 0; released < 2; released++) {
        for (int kind = 0; kind < 3; kind++) {
            PyObject *exporter = kind == 0   ? PyBytes_FromStringAndSize(memory, 16)
                                 : kind == 1 ? PyByteArray_FromStringAndSize(memory, 16)
                                             : NULL;
            PyObject *op = exporter ? PyMemoryView_FromObject(exporter) : PyMemoryView_FromMemory(memory, 16, PyBUF_READ);
            Py_XDECREF(exporter);
            if (released) {
                CHECK_INT(pybuffer_memoryview_release(op), 0);
            }
            freed = 0;
            for (int domain = 0; domain < 3; domain++) {
                PyMem_GetAllocator((PyMemAllocatorDomain)domain, &allocators_before[domain]);
                PyMemAllocatorEx hooked = allocators_before[domain];
                /* The context is the same for all functions; those of the library ignore it. */
                hooked.ctx = &allocators_before[domain];
                hooked.free = use_and_free;
                PyMem_SetAllocator((PyMemAllocatorDomain)domain, &hooked);
            }
            watched = op;
            Py_DECREF(op);
            watched = NULL;
            for (int domain = 0; domain < 3; domain++) {
                PyMem_SetAllocator((PyMemAllocatorDomain)domain, &allocators_before[domain]);
            }
            CHECK(freed > 0);
        }
    }
}

/* ---- threads ------------------------------------------------------------------------------------------------ */

static PyObject *shared;
static pthread_barrier_t start;

static void *use_and_release(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&start);
    for (int i = 0; i < 3; i++) {
        ask(shared);
        drop(PyMemoryView_FromObject(shared));
        if (i == 1) {
            PyPickleBuffer_Release(shared);
        }
    }
    return NULL;
}

static void a_picklebuffer_is_released_once_by_many_threads(void)
{
    for (int round = 0; round < 200; round++) {
        Exporter *self = exporter_of_bytes(memory, 16);
        pthread_t threads[4];
        shared = PyPickleBuffer_FromObject((PyObject *)self);
        pthread_barrier_init(&start, NULL, COUNT(threads));
        for (size_t i = 0; i < COUNT(threads); i++) {
            CHECK_INT(pthread_create(&threads[i], NULL, use_and_release, NULL), 0);
        }
        for (size_t i = 0; i < COUNT(threads); i++) {
            pthread_join(threads[i], NULL);
        }
        pthread_barrier_destroy(&start);
        CHECK_INT(Py_REFCNT(shared), 1);
        CHECK_PTR(PyPickleBuffer_GetBuffer(shared), NULL);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_UNUSED(self);
        Py_DECREF(shared);
    }
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(while_it_is_used_and_dropped);
    RUN(while_it_destroys_the_exporter);
    RUN(while_all_stand_for_it);
    Exporter_Type.tp_dealloc = exporter_dealloc;
    RUN(a_release_that_drops_the_last_reference);
    RUN(a_release_that_releases_the_same_view);
    RUN(a_release_that_releases_another_view);
    RUN(a_release_of_what_the_view_holds);
    RUN(memory_is_destroyed_once);
    RUN(what_frees_memory_uses_the_memoryview);
    RUN(a_picklebuffer_is_released_once_by_many_threads);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

/* Chains: each object owns the last reference to the one before, so that dropping the last one destroys them all, and
 * what is asked of one may be asked of the one before. They may be of any length, whatever the stack: all of this runs on
 * threads with a small one.
 *
 * PYBUFFER_TEST_OPERATIONS is the length of the chains times ten, PYBUFFER_TEST_STACK the size of the stack in KB.
 */
#include "stack.h"
#include "support.h"

#include <limits.h>
#include <stdint.h>

static long length = 200000;
static size_t stack = 64;
static unsigned char payload[16] = "0123456789abcdef";

/* ---- links -------------------------------------------------------------------------------------------------- */

/* Each makes an object that owns the reference to `before`, which it takes over. */
typedef PyObject *(*Link)(PyObject *before);

static long destroyed;

static PyObject *checked(PyObject *made, PyObject *before)
{
    if (made == NULL) {
        printf("Bail out! no link: %s\n", pybuffer_error_message());
        exit(1);
    }
    Py_DECREF(before);
    return made;
}

static void drop_it(void *context)
{
    destroyed++;
    Py_DECREF((PyObject *)context);
}

static Py_buffer description(PyObject *obj)
{
    Py_buffer view = {0};
    view.buf = payload;
    view.obj = obj;
    view.len = sizeof(payload);
    view.itemsize = 1;
    view.readonly = 1;
    view.ndim = 1;
    return view;
}

static PyObject *by_destroy(PyObject *before)
{
    Py_ssize_t shape[1] = {sizeof(payload)};
    Py_buffer view = description(NULL);
    view.shape = shape;
    PyObject *made = pybuffer_memory_new(&view, drop_it, before);
    if (made == NULL) {
        printf("Bail out! no memory object: %s\n", pybuffer_error_message());
        exit(1);
    }
    return made;
}

static PyObject *by_description(PyObject *before)
{
    Py_ssize_t shape[1] = {sizeof(payload)};
    Py_buffer view = description(before);
    view.shape = shape;
    return checked(pybuffer_memory_new(&view, NULL, NULL), before);
}

static PyObject *by_ndarray(PyObject *before)
{
    return checked(pybuffer_ndarray_from_object(before, PyBUF_FULL_RO, 0), before);
}

static PyObject *by_redirecting_ndarray(PyObject *before)
{
    return checked(pybuffer_ndarray_from_object(before, PyBUF_FULL_RO, PYBUFFER_ND_REDIRECT), before);
}

static PyObject *by_memoryview(PyObject *before)
{
    return checked(PyMemoryView_FromObject(before), before);
}

static PyObject *by_iterator(PyObject *before)
{
    return checked(pybuffer_memoryview_iter(before), before);
}

static PyObject *by_picklebuffer(PyObject *before)
{
    return checked(PyPickleBuffer_FromObject(before), before);
}

static PyObject *by_oldbuffer(PyObject *before)
{
    return checked(PyBuffer_FromObject(before, 0, Py_END_OF_BUFFER), before);
}

/* Of another type than the one before, which would be raised as it is. */
static PyObject *by_exception(PyObject *before)
{
    PyObject *type, *value, *traceback;
    PyErr_SetObject((PyObject *)Py_TYPE(before) == PyExc_ValueError ? PyExc_TypeError : PyExc_ValueError, before);
    PyErr_Fetch(&type, &value, &traceback);
    Py_DECREF(type);
    CHECK_PTR(traceback, NULL);
    return checked(value, before);
}

/* An object of the program. Its tp_dealloc drops the reference by the header's inline function. It exports, and holds a
 * view of the next object, or only a reference. */
typedef struct {
    PyObject_HEAD
    PyObject *before;
    Py_buffer view;
} Foreign;

static void foreign_dealloc(PyObject *op)
{
    Foreign *self = (Foreign *)op;
    destroyed++;
    PyBuffer_Release(&self->view);
    Py_XDECREF(self->before);
    PyObject_Free(op);
}

static int foreign_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    return PyBuffer_FillInfo(view, op, payload, sizeof(payload), 1, flags);
}

static void foreign_releasebuffer(PyObject *op, Py_buffer *view)
{
    (void)op;
    (void)view;
}

static PyBufferProcs foreign_procs = {foreign_getbuffer, foreign_releasebuffer};

static PyTypeObject Foreign_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Foreign",
    .tp_basicsize = sizeof(Foreign),
    .tp_dealloc = foreign_dealloc,
    .tp_as_buffer = &foreign_procs,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static Foreign *foreign(void)
{
    Foreign *self = PyType_Ready(&Foreign_Type) == 0 ? PyObject_New(Foreign, &Foreign_Type) : NULL;
    if (self == NULL) {
        printf("Bail out! no foreign object\n");
        exit(1);
    }
    self->before = NULL;
    memset(&self->view, 0, sizeof(self->view));
    return self;
}

static PyObject *by_foreign(PyObject *before)
{
    Foreign *self = foreign();
    self->before = before;
    return (PyObject *)self;
}

static PyObject *by_foreign_view(PyObject *before)
{
    Foreign *self = foreign();
    int status = PyObject_GetBuffer(before, &self->view, PyBUF_FULL_RO);
    return checked(status == 0 ? (PyObject *)self : NULL, before);
}

/* ---- chains ------------------------------------------------------------------------------------------------- */

static long alive; /* the tail of a chain counts, so that each chain is known to be destroyed to its end */

static void tail_destroyed(void *context)
{
    (void)context;
    alive--;
}

static PyObject *tail(void)
{
    Py_ssize_t shape[1] = {sizeof(payload)};
    Py_buffer view = description(NULL);
    view.shape = shape;
    alive++;
    return pybuffer_memory_new(&view, tail_destroyed, NULL);
}

static PyObject *chain_from(PyObject *op, const Link *links, size_t count, long n)
{
    for (long i = 0; i < n; i++) {
        op = links[(size_t)i % count](op);
    }
    return op;
}

static PyObject *chain(const Link *links, size_t count, long n)
{
    return chain_from(tail(), links, count, n);
}

/* Destroyed as a whole before Py_DECREF returns, with the pending error as it was. */
static void check_destroyed(const Link *links, size_t count, long n, int line)
{
    PyObject *op = chain(links, count, n);
    Py_DECREF(op);
    tap_check(alive == 0, __FILE__, line, "%ld tails are left", alive);
    tap_check(PyErr_Occurred() == NULL, __FILE__, line, "an error is pending");
    op = chain(links, count, n / 10);
    PyErr_SetString(PyExc_IndexError, "mine");
    Py_DECREF(op);
    tap_check(alive == 0, __FILE__, line, "%ld tails are left with an error pending", alive);
    check_error(PyExc_IndexError, "mine", __FILE__, line);
}
#define CHECK_DESTROYED_OF(n, ...)                                                                                     \
    do {                                                                                                               \
        static const Link links[] = {__VA_ARGS__};                                                                     \
        check_destroyed(links, COUNT(links), (n), __LINE__);                                                           \
    } while (0)
#define CHECK_DESTROYED(...) CHECK_DESTROYED_OF(length, __VA_ARGS__)

static void memory_objects_are_destroyed(void)
{
    CHECK_DESTROYED(by_destroy);
    CHECK_DESTROYED(by_description);
    CHECK_DESTROYED(by_destroy, by_description);
}

static void views_of_views_are_destroyed(void)
{
    CHECK_DESTROYED(by_ndarray);
    CHECK_DESTROYED(by_ndarray, by_memoryview);
    CHECK_DESTROYED(by_redirecting_ndarray, by_memoryview, by_ndarray);
    CHECK_DESTROYED(by_oldbuffer, by_memoryview);
    CHECK_DESTROYED(by_oldbuffer, by_ndarray);
    /* An old buffer asks its base each time: making a chain of n of these takes n * n steps. */
    CHECK_DESTROYED_OF(length / 40, by_oldbuffer, by_redirecting_ndarray);
    CHECK_DESTROYED_OF(length / 40, by_oldbuffer, by_picklebuffer);
    CHECK_DESTROYED(by_picklebuffer, by_ndarray);
    CHECK_DESTROYED(by_picklebuffer, by_memoryview, by_oldbuffer, by_ndarray);
}

static void what_keeps_an_object_is_destroyed(void)
{
    CHECK_DESTROYED(by_exception);
    CHECK_DESTROYED(by_exception, by_description, by_picklebuffer);
    CHECK_DESTROYED(by_memoryview, by_iterator, by_destroy);
    CHECK_DESTROYED(by_memoryview, by_iterator, by_exception, by_description);
}

static void objects_of_the_program_are_destroyed(void)
{
    CHECK_DESTROYED(by_foreign);
    CHECK_DESTROYED(by_foreign_view);
    CHECK_DESTROYED(by_foreign, by_destroy);
    CHECK_DESTROYED(by_foreign, by_memoryview);
    CHECK_DESTROYED(by_foreign_view, by_ndarray, by_foreign, by_picklebuffer, by_foreign, by_foreign, by_oldbuffer);
}

static void any_mixture_is_destroyed(void)
{
    static const Link exporters[] = {by_destroy,      by_description,  by_ndarray, by_redirecting_ndarray, by_memoryview,
                                     by_picklebuffer, by_oldbuffer,    by_foreign, by_foreign_view,        by_exception};
    static const Link others[] = {by_destroy, by_description, by_foreign, by_exception};
    uint64_t seed = 12;
    for (int round = 0; round < 5; round++) {
        PyObject *op = tail();
        for (long i = 0; i < length; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t choice = seed >> 33;
            op = PyObject_CheckBuffer(op) ? exporters[choice % COUNT(exporters)](op) : others[choice % COUNT(others)](op);
        }
        Py_DECREF(op);
        CHECK_INT(alive, 0);
    }
}

/* Objects that one object drops are destroyed in the order in which they were dropped, at any depth. */
static char log_text[32];

static void log_it(void *context)
{
    size_t used = strlen(log_text);
    log_text[used] = *(char *)context;
}

static void drop_five(void *context)
{
    PyObject **objects = context;
    for (int i = 0; i < 5; i++) {
        Py_DECREF(objects[i]);
    }
}

static void the_order_is_that_of_the_drops(void)
{
    static const Link links[] = {by_destroy, by_picklebuffer, by_foreign};
    for (int depth = 0; depth < 70; depth++) {
        PyObject *objects[5];
        Py_buffer view = description(NULL);
        Py_ssize_t shape[1] = {sizeof(payload)};
        view.shape = shape;
        for (int i = 0; i < 5; i++) {
            objects[i] = by_destroy(chain_from(pybuffer_memory_new(&view, log_it, &"abcde"[i]), links, 1, i));
        }
        memset(log_text, 0, sizeof(log_text));
        Py_DECREF(chain_from(pybuffer_memory_new(&view, drop_five, objects), links, depth % 2 ? 1 : COUNT(links), depth));
        CHECK_STR(log_text, "abcde");
    }
}

/* Deferred destruction raises nothing. */
static void raise_it(void *context)
{
    drop_it(context);
    PyErr_SetString(PyExc_ValueError, "of a destroy");
}

static void what_they_raise_is_dropped(void)
{
    Py_ssize_t shape[1] = {sizeof(payload)};
    PyObject *op = tail();
    for (long i = 0; i < 100; i++) {
        Py_buffer view = description(NULL);
        view.shape = shape;
        op = pybuffer_memory_new(&view, raise_it, op);
    }
    Py_DECREF(op);
    CHECK_ERROR(NULL);
    CHECK_INT(alive, 0);
}

static void other_ways_to_drop_the_last_reference(void)
{
    static const Link links[] = {by_destroy, by_memoryview, by_foreign};
    Py_buffer view;
    PyObject *op = chain(links, COUNT(links), length);
    CHECK_INT(PyObject_GetBuffer(op, &view, PyBUF_SIMPLE), 0);
    Py_DECREF(op);
    CHECK_INT(alive, 1);
    PyBuffer_Release(&view);
    CHECK_INT(alive, 0);
    op = PyMemoryView_FromObject(chain(links, 1, length));
    Py_DECREF(PyMemoryView_GET_BASE(op));
    CHECK_INT(pybuffer_memoryview_release(op), 0);
    CHECK_INT(alive, 0);
    Py_DECREF(op);
    PyErr_SetObject(PyExc_ValueError, op = chain(links, COUNT(links), length));
    Py_DECREF(op);
    CHECK_INT(alive, 1);
    PyErr_Clear();
    CHECK_INT(alive, 0);
    op = chain(links, 1, length);
    PyObject *picklebuffer = PyPickleBuffer_FromObject(op);
    Py_DECREF(op);
    CHECK_INT(PyPickleBuffer_Release(picklebuffer), 0);
    CHECK_INT(alive, 0);
    Py_DECREF(picklebuffer);
}

static void *leave_an_error(void *unused)
{
    static const Link links[] = {by_destroy, by_exception};
    PyObject *op = chain(links, COUNT(links), length);
    (void)unused;
    PyErr_SetObject(PyExc_IndexError, op);
    Py_DECREF(op);
    return NULL;
}

static void in_a_thread(void *(*body)(void *), void *argument)
{
    if (!on_stack_of(stack * 1024, body, argument)) {
        printf("Bail out! no thread\n");
        exit(1);
    }
}

static void an_error_is_destroyed_with_its_thread(void)
{
    in_a_thread(leave_an_error, NULL);
    CHECK_INT(alive, 0);
}

/* ---- questions ---------------------------------------------------------------------------------------------- */

/* Everything that is answered by the one before, or by what that says. */
static void check_answers(const Link *links, size_t count, int line)
{
    PyObject *op = chain(links, count, length / 40), *bytes = PyBytes_FromStringAndSize((char *)payload, sizeof(payload));
    PyObject *copy = PyByteArray_FromStringAndSize(NULL, sizeof(payload)), *other;
    Py_buffer view;
    Py_hash_t hash = PyObject_Hash(op);
    int is_identity = Py_TYPE(op) == &PyPickleBuffer_Type;
    tap_check(is_identity || hash == PyObject_Hash(bytes), __FILE__, line, "the hash is %zd", hash);
    for (int flags = 0; flags < 2; flags++) {
        tap_check(PyObject_GetBuffer(op, &view, flags ? PyBUF_FULL_RO : PyBUF_SIMPLE) == 0, __FILE__, line, "no view");
        tap_check(view.buf == payload && view.len == sizeof(payload), __FILE__, line, "another view");
        PyBuffer_Release(&view);
    }
    tap_check(PyObject_GetBuffer(op, &view, PyBUF_WRITABLE) == -1, __FILE__, line, "may be written");
    check_error(PyExc_BufferError, NULL, __FILE__, line);
    tap_check(PyObject_CopyData(copy, op) == 0, __FILE__, line, "no copy");
    tap_check_mem(PyByteArray_AS_STRING(copy), payload, sizeof(payload), "the copy", __FILE__, line);
    other = PyBytes_FromObject(op);
    tap_check(other != NULL && PyBytes_GET_SIZE(other) == sizeof(payload), __FILE__, line, "no bytes object");
    Py_XDECREF(other);
    other = PyMemoryView_FromObject(op);
    tap_check(other != NULL && PyObject_RichCompareBool(other, bytes, Py_EQ) == 1, __FILE__, line, "not equal");
    tap_check(PyObject_RichCompareBool(other, op, Py_EQ) == 1, __FILE__, line, "not equal to itself");
    tap_check(PyObject_Hash(other) != -1, __FILE__, line, "no hash of a memoryview");
    Py_XDECREF(other);
    other = PyPickleBuffer_FromObject(op);
    tap_check(other != NULL, __FILE__, line, "no PickleBuffer");
    Py_XDECREF(other);
    other = PyBuffer_FromObject(op, 2, 5);
    tap_check(PyObject_Size(other) == 5, __FILE__, line, "no length");
    tap_check(PyObject_Hash(other) != -1, __FILE__, line, "no hash of an old buffer");
    tap_check(PyObject_RichCompareBool(other, other, Py_LE) == 1, __FILE__, line, "no order");
    Py_XDECREF(other);
    if (Py_TYPE(op) == &PyBuffer_Type) {
        tap_check(PyObject_Size(op) == sizeof(payload), __FILE__, line, "another length");
        PyObject *item = PySequence_GetItem(op, 3), *slice = PySequence_GetSlice(op, 3, 7);
        tap_check(item != NULL && slice != NULL, __FILE__, line, "no items");
        Py_XDECREF(slice);
        Py_XDECREF(item);
    }
    tap_check(PyErr_Occurred() == NULL, __FILE__, line, "pending: %s", PyErr_Occurred() ? pybuffer_error_message() : "");
    PyErr_Clear();
    Py_DECREF(copy);
    Py_DECREF(bytes);
    Py_DECREF(op);
    tap_check(alive == 0, __FILE__, line, "%ld tails are left", alive);
}
#define CHECK_ANSWERS(...)                                                                                             \
    do {                                                                                                               \
        static const Link links[] = {__VA_ARGS__};                                                                     \
        check_answers(links, COUNT(links), __LINE__);                                                                  \
    } while (0)

static void what_is_asked_of_the_one_before(void)
{
    CHECK_ANSWERS(by_ndarray);
    CHECK_ANSWERS(by_redirecting_ndarray);
    CHECK_ANSWERS(by_ndarray, by_memoryview);
    CHECK_ANSWERS(by_memoryview, by_redirecting_ndarray, by_ndarray);
    CHECK_ANSWERS(by_memoryview, by_oldbuffer);
    CHECK_ANSWERS(by_picklebuffer, by_oldbuffer);
    CHECK_ANSWERS(by_oldbuffer, by_picklebuffer);
    CHECK_ANSWERS(by_redirecting_ndarray, by_oldbuffer);
    CHECK_ANSWERS(by_oldbuffer, by_redirecting_ndarray);
    CHECK_ANSWERS(by_ndarray, by_picklebuffer, by_oldbuffer, by_redirecting_ndarray, by_memoryview, by_oldbuffer);
}

/* An exporter may name any other one in `obj`, here the link before, to which requests are handed on. */
static int name_the_one_before(Exporter *self, Py_buffer *view, int flags)
{
    return PyBuffer_FillInfo(view, self->redirects ? self->redirects : (PyObject *)self, payload, sizeof(payload), 1, flags);
}

static void a_request_that_is_handed_on(void)
{
    for (int kind = 0; kind < 4; kind++) {
        Exporter *self = exporter_of_bytes(payload, sizeof(payload));
        PyObject *last = NULL;
        self->on_get = name_the_one_before;
        for (long i = 0; i < length; i++) {
            self->redirects = last;
            PyObject *next = (kind < 2 ? kind : i + kind) % 2
                                 ? PyPickleBuffer_FromObject((PyObject *)self)
                                 : pybuffer_ndarray_from_object((PyObject *)self, PyBUF_FULL_RO, PYBUFFER_ND_REDIRECT);
            CHECK(next != NULL);
            Py_XDECREF(last);
            last = next;
        }
        self->redirects = NULL;
        Py_buffer view;
        CHECK_INT(PyObject_GetBuffer(last, &view, PyBUF_FULL_RO), 0);
        CHECK_PTR(view.obj, self);
        PyBuffer_Release(&view);
        PyObject *copy = PyBytes_FromObject(last), *part = PyBuffer_FromObject(last, 4, 5);
        CHECK_INT(PyObject_Size(copy), sizeof(payload));
        CHECK_INT(PyObject_Size(part), 5);
        Py_XDECREF(part);
        Py_XDECREF(copy);
        Py_DECREF(last);
        CHECK_INT(Py_REFCNT(self), 1);
        Py_DECREF(self);
    }
}

/* A part of a part of a part, by way of PickleBuffers: what each one leaves is left in the end. */
static void parts_of_parts(void)
{
    PyObject *op = tail();
    for (int i = 0; i < 4; i++) {
        PyObject *part = PyBuffer_FromObject(op, 1, i % 2 ? Py_END_OF_BUFFER : 14 - 2 * i);
        op = by_picklebuffer(checked(part, op));
    }
    op = by_oldbuffer(op);
    CHECK_INT(PyObject_Size(op), 9);
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(op, &view, PyBUF_SIMPLE), 0);
    CHECK_INT(view.len, 9);
    CHECK_PTR(view.buf, payload + 4);
    CHECK_PTR(view.obj, op);
    PyBuffer_Release(&view);
    PyObject *beyond = PyBuffer_FromObject(op, 9, 3);
    CHECK_INT(PyObject_Size(beyond), 0);
    Py_DECREF(beyond);
    Py_DECREF(op);
    CHECK_INT(alive, 0);
}

/* A base that has been released refuses, also where other objects are between. */
static void a_released_one_on_the_way(void)
{
    PyObject *first = by_picklebuffer(by_oldbuffer(tail()));
    Py_INCREF(first);
    PyObject *last = by_oldbuffer(by_picklebuffer(by_oldbuffer(first)));
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(last, &view, PyBUF_SIMPLE), 0);
    CHECK_INT(PyPickleBuffer_Release(first), 0);
    CHECK_MEM(view.buf, payload, sizeof(payload));
    PyBuffer_Release(&view);
    CHECK_INT(PyObject_GetBuffer(last, &view, PyBUF_SIMPLE), -1);
    CHECK_MESSAGE(PyExc_ValueError, "operation forbidden on released PickleBuffer object");
    CHECK_INT(PyObject_Size(last), -1);
    CHECK_MESSAGE(PyExc_ValueError, "operation forbidden on released PickleBuffer object");
    Py_DECREF(last);
    Py_DECREF(first);
    CHECK_INT(alive, 0);
}

/* No object vouches for the memory, as is found at the end of the chain. */
static void a_writable_tail_has_no_hash(void)
{
    static const Link links[] = {by_ndarray, by_memoryview};
    PyObject *writable = by_memoryview(PyByteArray_FromStringAndSize("abc", 3));
    PyObject *op = chain_from(checked(pybuffer_memoryview_toreadonly(writable), writable), links, COUNT(links), length);
    CHECK_INT(PyObject_Hash(op), -1);
    CHECK_MESSAGE(PyExc_TypeError, "unhashable type: 'bytearray'");
    Py_DECREF(op);
}

/* A type that derives from one that is not ready, and so on. */
static void types_become_ready(void)
{
    size_t count = (size_t)length / 10;
    PyTypeObject *types = calloc(count, sizeof(*types));
    for (size_t i = 0; i < count; i++) {
        types[i].tp_name = "test.Derived";
        types[i].tp_base = i + 1 < count ? &types[i + 1] : &PyByteArray_Type;
    }
    types[count - 1].tp_itemsize = -1;
    CHECK_INT(PyType_Ready(&types[0]), -1);
    CHECK_MESSAGE(PyExc_TypeError, "type 'test.Derived' has a negative tp_basicsize or tp_itemsize");
    CHECK_INT(types[0].tp_flags & Py_TPFLAGS_READY, 0);
    types[count - 1].tp_itemsize = 0;
    CHECK_INT(PyType_Ready(&types[0]), 0);
    CHECK_PTR(types[0].tp_as_buffer, PyByteArray_Type.tp_as_buffer);
    CHECK_PTR(types[count / 2].tp_subclasses, NULL);
    CHECK_INT(PyType_IsSubtype(&types[0], &PyByteArray_Type), 1);
    free(types);
}

static void *all(void *unused)
{
    (void)unused;
    RUN(memory_objects_are_destroyed);
    RUN(views_of_views_are_destroyed);
    RUN(what_keeps_an_object_is_destroyed);
    RUN(objects_of_the_program_are_destroyed);
    RUN(any_mixture_is_destroyed);
    RUN(the_order_is_that_of_the_drops);
    RUN(what_they_raise_is_dropped);
    RUN(other_ways_to_drop_the_last_reference);
    RUN(an_error_is_destroyed_with_its_thread);
    RUN(what_is_asked_of_the_one_before);
    RUN(a_request_that_is_handed_on);
    RUN(parts_of_parts);
    RUN(a_released_one_on_the_way);
    RUN(a_writable_tail_has_no_hash);
    RUN(types_become_ready);
    return NULL;
}

int main(void)
{
    const char *operations = getenv("PYBUFFER_TEST_OPERATIONS"), *size = getenv("PYBUFFER_TEST_STACK");
    if (operations != NULL && atol(operations) > 0) {
        length = atol(operations) / 10;
    }
#ifdef __SANITIZE_ADDRESS__
    stack = 512; /* for the frames that are instrumented, and the reports */
#endif
    if (size != NULL && atol(size) > 0) {
        stack = (size_t)atol(size);
    }
    tap_after_each = nothing_is_left_pending;
    in_a_thread(all, NULL);
    return tap_end();
}

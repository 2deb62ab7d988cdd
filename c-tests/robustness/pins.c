/* What refuses and what does not: a resize, a release and a pop are refused because of views that consumers hold, and of
 * nothing else; and no function of the program's, wherever it is called from, can be waiting for its own caller.
 *
 * PYBUFFER_TEST_OPERATIONS is the number of operations of all threads together (default: a million).
 */
#define _POSIX_C_SOURCE 200809L
#define PYBUFFER_NO_WARN_UNUSED /* calls are made for what else they do */
#include "threads.h"

#include <unistd.h>

/* Where somebody waits for ever, the test fails. */
static void watch(void)
{
#ifndef _WIN32
    alarm(900);
#endif
}

static PyObject *bytearray, *other, *bytes, *many, *old, *view, *array;
static int done, refused; /* atomic */

static int is_done(void)
{
    return __atomic_load_n(&done, __ATOMIC_RELAXED);
}

static PyObject *xs(Py_ssize_t length)
{
    PyObject *made = PyByteArray_FromStringAndSize(NULL, length);
    memset(PyByteArray_AsString(made), 'x', (size_t)length);
    return made;
}

/* ---- short reads against a resize ---------------------------------------------------------------------------- */

static void used(PyObject *result)
{
    EXPECT(result != NULL);
    Py_XDECREF(result);
}

/* Whether a kind writes bytes, which only one thread may do at a time. */
static int writes(unsigned which)
{
    return which == 1 || which == 16 || which == 17 || which == 29 || which == 31;
}

/* Every short read, or write, of a bytearray of 8 bytes or more. */
static void read_shortly(unsigned which, unsigned *seed)
{
    PyObject *mine;
    char byte[1];
    const void *start;
    const char *chars;
    void *writable;
    Py_ssize_t size, eight = 8;
    switch (which) {
    case 0: used(PySequence_GetItem(bytearray, next_random(seed) % 8)); break;
    case 1: mine = PyBytes_FromString("x"); EXPECT(PySequence_SetItem(bytearray, 3, mine) == 0); Py_DECREF(mine); break;
    case 2: EXPECT(PySequence_Size(bytearray) >= 8 && PyObject_Size(bytearray) >= 8); break;
    case 3: used(PySequence_GetSlice(bytearray, 2, 200)); break;
    case 4: used(PySequence_Repeat(bytearray, 3)); break;
    case 5: used(PyByteArray_Concat(bytearray, bytes)); break;
    case 6: used(PyByteArray_Concat(other, bytearray)); break;
    case 7: used(PySequence_Concat(bytes, bytearray)); break;
    case 8: used(PySequence_Concat(bytearray, bytearray)); break;
    case 9: used(PyBytes_FromObject(bytearray)); break;
    case 10: used(PyByteArray_FromObject(bytearray)); break;
    case 11: EXPECT(PyObject_RichCompareBool(bytearray, other, Py_GT) >= 0); break;
    case 12: EXPECT(PyObject_RichCompareBool(bytes, bytearray, Py_EQ) >= 0); break;
    case 13: EXPECT(PyObject_RichCompareBool(bytearray, bytearray, Py_LE) >= 0); break;
    case 14: EXPECT(PyObject_RichCompareBool(view, bytearray, Py_EQ) >= 0); break;
    case 15: EXPECT(pybuffer_memoryview_equal(view, bytearray) >= 0); break;
    case 16: PyObject_CopyData(other, bytearray); break; /* which may be too long */
    case 17: EXPECT(PyObject_CopyToObject(bytearray, memcpy(byte, "x", 1), 1, 'C') == 0); break;
    case 18: EXPECT(PyObject_CheckReadBuffer(bytearray) == 1); break;
    case 19: EXPECT(PyObject_AsReadBuffer(bytearray, &start, &size) == 0 && size >= 8); break;
    case 20: EXPECT(PyObject_AsWriteBuffer(bytearray, &writable, &size) == 0 && size >= 8); break;
    case 21: EXPECT(PyObject_AsCharBuffer(bytearray, &chars, &size) == 0 && size >= 8); break;
    case 22: used(PySequence_GetItem(old, 1)); break;
    case 23: used(PySequence_GetSlice(old, 0, 4)); break;
    case 24: EXPECT(PySequence_Size(old) == 6); break;
    case 25: used(PySequence_Concat(old, bytearray)); break;
    case 26: used(PySequence_Concat(bytes, old)); break;
    case 27: EXPECT(PyObject_RichCompareBool(old, old, Py_EQ) == 1); break;
    case 28: used(PyByteArray_FromObject(old)); break;
    case 29:
        mine = PyBytes_FromString("xxxxxx");
        EXPECT(PySequence_SetSlice(old, 0, PY_SSIZE_T_MAX, mine) == 0);
        Py_DECREF(mine);
        break;
    case 30:
        mine = pybuffer_ndarray_zeros("B", 1, &eight, 0);
        pybuffer_ndarray_assign(mine, NULL, 0, bytearray); /* of another shape */
        Py_DECREF(mine);
        break;
    default:
        mine = PyMemoryView_FromObject(other);
        pybuffer_memoryview_assign(mine, NULL, 0, bytearray);
        Py_DECREF(mine);
    }
    PyErr_Clear();
    EXPECT(PyByteArray_Size(bytearray) >= 8 && PyByteArray_AsString(bytearray) != NULL);
}

static unsigned only; /* 0 for all that do not write, else one more than which */

/* It grows by the bytes copied to it, so all its bytes are known. */
static void resize_or_read(int thread, long times)
{
    unsigned seed = (unsigned)thread * 977u + 1;
    while (thread != 0 && !is_done()) {
        unsigned which = only != 0 ? only - 1 : next_random(&seed) % 32;
        if (only != 0 || !writes(which)) {
            read_shortly(which, &seed);
        }
    }
    for (long i = 0; thread == 0 && i < times; i++) {
        int failed;
        switch (i % 4) {
        case 0: failed = PySequence_SetSlice(bytearray, 8, 8, many); break;
        case 1: failed = PySequence_DelSlice(bytearray, 2, 10 + i % 20); break;
        case 2: failed = PySequence_SetSlice(bytearray, 3, 4, many); break;
        default: failed = PyByteArray_Resize(bytearray, 8);
        }
        if (failed) {
            EXPECT(PyErr_ExceptionMatches(PyExc_BufferError));
            PyErr_Clear();
            __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
        }
    }
    if (thread == 0) {
        __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    }
}

static void race_with_readers(int threads, long times)
{
    done = refused = 0;
    in_threads(threads, resize_or_read, times);
    CHECK_INT(refused, 0);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(PyByteArray_Resize(bytearray, 8), 0);
}

static void make_operands(void)
{
    bytearray = xs(8);
    other = xs(8);
    bytes = PyBytes_FromString("xxxxxxxx");
    many = PyByteArray_FromStringAndSize(NULL, 300);
    memset(PyByteArray_AsString(many), 'x', 300);
    old = PyBuffer_FromReadWriteObject(bytearray, 1, 6);
    view = PyMemoryView_FromObject(other);
}

static void drop_operands(void)
{
    Py_DECREF(view);
    CHECK_INT(exports_of(other), 0);
    Py_DECREF(old);
    CHECK_INT(Py_REFCNT(bytearray), 1);
    CHECK_INT(Py_REFCNT(other), 1);
    Py_DECREF(many);
    Py_DECREF(bytes);
    Py_DECREF(other);
    Py_DECREF(bytearray);
}

static void no_short_read_refuses_a_resize(void)
{
    make_operands();
    for (only = 1; only <= 32; only++) {
        int failed_before = tap_failed_checks;
        race_with_readers(2, operations / 400);
        if (tap_failed_checks != failed_before) {
            printf("# of kind %u: %d of %ld refused\n", only - 1, refused, operations / 400);
        }
    }
    only = 0;
    race_with_readers(4, operations / 50);
    drop_operands();
}

/* Pins that are so long that there is always one: a resize still has its turn. */
static void copy_much_or_resize(int thread, long times)
{
    if (thread != 0) {
        while (!is_done()) {
            used(PySequence_GetSlice(bytearray, 0, PY_SSIZE_T_MAX));
        }
        return;
    }
    for (long i = 0; i < times; i++) {
        if (PyByteArray_Resize(bytearray, 1000000 + (i % 2)) != 0) {
            __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
            PyErr_Clear();
        }
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
}

static void a_resize_has_its_turn_among_long_reads(void)
{
    bytearray = xs(1000000);
    done = refused = 0;
    in_threads(6, copy_much_or_resize, operations / 20000);
    CHECK_INT(refused, 0);
    Py_DECREF(bytearray);
}

/* Two pins of one thread, and resizes of both: there is no deadlock. */
static void compare_crosswise(int thread, long times)
{
    for (long i = 0; i < times; i++) {
        PyObject *a = thread % 2 ? bytearray : other, *b = thread % 2 ? other : bytearray;
        if (thread < 2) {
            EXPECT(PyObject_RichCompareBool(a, b, Py_LT) >= 0);
            PyErr_Clear();
        } else if (i % 2 == 0) {
            EXPECT(PySequence_SetSlice(a, 0, 1, bytes) == 0);
        } else {
            EXPECT(PyByteArray_Resize(a, 1) == 0);
        }
    }
}

static void two_pins_and_two_resizes_do_not_wait_in_a_ring(void)
{
    bytearray = xs(8);
    other = xs(8);
    bytes = PyBytes_FromString("xxxxxxxx");
    in_threads(4, compare_crosswise, operations / 40);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(exports_of(other), 0);
    Py_DECREF(bytearray);
    Py_DECREF(other);
    Py_DECREF(bytes);
}

/* ---- what does not refuse a release, or a pop ------------------------------------------------------------------ */

/* Requests that are refused, and reads. */
static void read_view(int which)
{
    Py_buffer buffer;
    PyObject *result = NULL;
    switch (which) {
    case 0: EXPECT(PyObject_GetBuffer(view, &buffer, PyBUF_WRITABLE) == -1); break;
    case 1: result = PyBytes_FromObject(view); break;
    case 2: result = PyByteArray_Concat(view, bytes); break;
    case 3: EXPECT(PyObject_RichCompareBool(bytes, view, Py_EQ) >= 0); break;
    case 4: PyObject_CopyData(other, view); break;
    case 5: EXPECT(PyObject_CheckReadBuffer(view) >= 0); break;
    default: PySequence_Size(old); /* of the view */
    }
    EXPECT(PyErr_Occurred() == NULL || PyErr_ExceptionMatches(PyExc_ValueError)
           || PyErr_ExceptionMatches(PyExc_BufferError) || PyErr_ExceptionMatches(PyExc_TypeError));
    PyErr_Clear();
    Py_XDECREF(result);
}

static void release_or_read(int thread, long times)
{
    unsigned seed = (unsigned)thread + 1;
    for (long i = 0; i < times; i++) {
        if (thread == 0) {
            view = PyMemoryView_FromObject(bytes);
            old = PyBuffer_FromObject(view, 0, 4);
        }
        meet(3 * i);
        dawdle(&seed);
        if (thread != 0) {
            read_view((int)(i % 7));
        } else if (pybuffer_memoryview_release(view) != 0) {
            PyErr_Clear();
            __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
        }
        meet(3 * i + 1);
        if (thread == 0) {
            EXPECT(exports_of(view) == 0 && pybuffer_memoryview_is_released(view) == 1);
            Py_DECREF(old);
            EXPECT(Py_REFCNT(view) == 1);
            Py_DECREF(view);
        }
        meet(3 * i + 2);
    }
}

static void neither_a_refused_request_nor_a_read_refuses_a_release(void)
{
    bytes = PyBytes_FromString("abcdefgh");
    other = xs(8);
    refused = arrived = 0;
    in_threads(2, release_or_read, operations / 4);
    CHECK_INT(refused, 0);
    Py_DECREF(other);
    Py_DECREF(bytes);
}

static char long_memory[1 << 16];

static void hash_or_pop(int thread, long times)
{
    Py_ssize_t length = sizeof(long_memory);
    while (thread != 0 && !is_done()) {
        Py_buffer buffer;
        EXPECT(PyObject_Hash(array) != -1);
        used(PyBytes_FromObject(array));
        EXPECT(PyObject_GetBuffer(array, &buffer, PyBUF_WRITABLE) == -1);
        PyErr_Clear();
    }
    for (long i = 0; thread == 0 && i < times; i++) {
        EXPECT(pybuffer_ndarray_push(array, long_memory, length, "B", 1, &length, NULL, 0, 0) == 0);
        sched_yield();
        if (pybuffer_ndarray_pop(array) != 0) {
            PyErr_Clear();
            __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
        }
        pybuffer_ndarray_state state;
        EXPECT(pybuffer_ndarray_get_state(array, &state) == 0 && state.exports == 0 && state.bases == 1);
    }
    if (thread == 0) {
        __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    }
}

static void no_read_of_an_ndarray_refuses_a_pop_or_shows_as_a_view(void)
{
    Py_ssize_t length = sizeof(long_memory);
    array = pybuffer_ndarray_new(long_memory, length, "B", 1, &length, NULL, 0, PYBUFFER_ND_VAREXPORT);
    done = refused = 0;
    in_threads(2, hash_or_pop, operations / 500);
    CHECK_INT(refused, 0);
    Py_DECREF(array);
}

/* ---- functions of the program's in the middle of it ------------------------------------------------------------ */

static PyMemAllocatorEx before[3];
static PyMemAllocatorDomain domains[3] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
static void (*on_memory)(void); /* called by the allocator, but not from within itself */
static int calls;

static void call_on_memory(void)
{
    void (*function)(void) = on_memory;
    on_memory = NULL;
    if (function != NULL) {
        calls++;
        function();
        PyErr_Clear();
    }
    on_memory = function;
}

static void *hook_malloc(void *n, size_t size)
{
    call_on_memory();
    return before[*(int *)n].malloc(before[*(int *)n].ctx, size);
}

static void *hook_calloc(void *n, size_t count, size_t size)
{
    call_on_memory();
    return before[*(int *)n].calloc(before[*(int *)n].ctx, count, size);
}

static void *hook_realloc(void *n, void *old_memory, size_t size)
{
    call_on_memory();
    return before[*(int *)n].realloc(before[*(int *)n].ctx, old_memory, size);
}

static void hook_free(void *n, void *freed)
{
    call_on_memory();
    before[*(int *)n].free(before[*(int *)n].ctx, freed);
}

static void set_hooks(void)
{
    static int numbers[3] = {0, 1, 2};
    for (int i = 0; i < 3; i++) {
        PyMem_GetAllocator(domains[i], &before[i]);
        PyMemAllocatorEx hook = {&numbers[i], hook_malloc, hook_calloc, hook_realloc, hook_free};
        PyMem_SetAllocator(domains[i], &hook);
    }
}

static void unset_hooks(void)
{
    on_memory = NULL;
    for (int i = 0; i < 3; i++) {
        PyMem_SetAllocator(domains[i], &before[i]);
    }
}

static Py_buffer kept;
static int resized;

static void look_at_it(void)
{
    Py_buffer buffer;
    PyObject *item = PySequence_GetItem(bytearray, 0);
    Py_XDECREF(item);
    CHECK(PyObject_Size(bytearray) >= 0);
    CHECK_INT(PyObject_GetBuffer(bytearray, &buffer, PyBUF_FULL), 0);
    CHECK(buffer.len == PyByteArray_Size(bytearray) && buffer.buf == PyByteArray_AsString(bytearray));
    PyBuffer_Release(&buffer);
    CHECK_INT(PyObject_RichCompareBool(bytearray, bytearray, Py_EQ), 1);
}

static void keep_a_view(void)
{
    if (kept.obj == NULL) {
        CHECK_INT(PyObject_GetBuffer(bytearray, &kept, PyBUF_SIMPLE), 0);
    }
}

static void resize_it(void)
{
    resized = PyByteArray_Resize(bytearray, 30 + calls % 7);
    CHECK(resized == 0 || PyErr_ExceptionMatches(PyExc_BufferError));
}

static void *look_and_resize(void *nothing)
{
    look_at_it();
    resize_it();
    PyErr_Clear();
    return nothing;
}

/* Has another thread do something, and waits for it; the checks are made by one at a time. */
static void elsewhere(void *(*body)(void *))
{
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, body, NULL);
    if (!failed) {
        failed = pthread_join(thread, NULL);
    }
    CHECK_INT(failed, 0);
}

static void have_a_thread_look(void)
{
    elsewhere(look_and_resize);
}

static int resize_to_many(void) { return PyByteArray_Resize(bytearray, 5000); }
static int resize_to_few(void) { return PyByteArray_Resize(bytearray, 2); }
static int set_slice(void) { return PySequence_SetSlice(bytearray, 1, 2, many); }
static int del_slice(void) { return PySequence_DelSlice(bytearray, 2, PY_SSIZE_T_MAX); }
static int insert_itself(void) { return PySequence_SetSlice(bytearray, 1, 1, bytearray); }

static int made(PyObject *result)
{
    int failed = result == NULL;
    Py_XDECREF(result);
    return -failed;
}

static int get_slice(void) { return made(PySequence_GetSlice(bytearray, 0, 1000)); }
static int repeat(void) { return made(PySequence_Repeat(bytearray, 2)); }
static int concat(void) { return made(PyByteArray_Concat(bytearray, bytearray)); }
static int copy(void) { return made(PyByteArray_FromObject(bytearray)); }
static int to_bytes(void) { return made(PyBytes_FromObject(bytearray)); }
static int of_old(void) { return made(PySequence_GetSlice(old, 0, 1000)); }
static int concat_old(void) { return made(PySequence_Concat(old, bytearray)); }

/* An exporter whose views belong to nobody. */
static Exporter *ownerless;

static int answer_for_nobody(Exporter *self, Py_buffer *buffer, int flags)
{
    int failed = exporter_answer(self, buffer, flags);
    Py_CLEAR(buffer->obj);
    return failed;
}

static int concat_ownerless(void) { return made(PySequence_Concat(old, (PyObject *)ownerless)); }
static int memoryview(void) { return made(PyMemoryView_FromObject(bytearray)); }
static int contiguous(void) { return made(PyMemoryView_GetContiguous(bytearray, PyBUF_READ, 'C')); }
static int shown(void)
{
    Py_buffer buffer;
    int failed = PyObject_GetBuffer(old, &buffer, PyBUF_SIMPLE);
    if (!failed) {
        PyBuffer_Release(&buffer);
    }
    return failed;
}

/* Everything that asks for memory while it has to do with a bytearray. */
static int (*const actions[])(void) = {resize_to_many, resize_to_few, set_slice, del_slice, insert_itself,
                                       get_slice, repeat, concat, copy, to_bytes, of_old, concat_old, concat_ownerless, memoryview,
                                       contiguous, shown};
enum { CHANGING = 5 }; /* the first ones resize it */

static void run_with_hook(void (*hook)(void), int may_refuse)
{
    many = PyBytes_FromString("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    for (size_t i = 0; i < COUNT(actions); i++) {
        bytearray = xs(20);
        old = PyBuffer_FromObject(bytearray, 1, 10);
        ownerless = exporter_of_bytes((char[]){"xyz"}, 3);
        ownerless->on_get = answer_for_nobody;
        set_hooks();
        calls = 0;
        on_memory = hook;
        int failed = actions[i]();
        on_memory = NULL;
        CHECK(failed == 0 || (may_refuse && i < CHANGING && PyErr_ExceptionMatches(PyExc_BufferError)));
        if (failed) {
            CHECK_INT(PyByteArray_Size(bytearray), 20);
        }
        PyErr_Clear();
        CHECK(calls > 0);
        CHECK_INT(exports_of(bytearray), kept.obj != NULL);
        for (Py_ssize_t at = 0; at < PyByteArray_Size(bytearray) && at < 2; at++) {
            CHECK_INT(PyByteArray_AsString(bytearray)[at], 'x');
        }
        CHECK_INT(PyByteArray_AsString(bytearray)[PyByteArray_Size(bytearray)], '\0');
        if (kept.obj != NULL) {
            CHECK_INT(PyByteArray_Resize(bytearray, 77), -1);
            CHECK_ERROR(PyExc_BufferError);
            PyBuffer_Release(&kept);
        }
        CHECK_INT(PyByteArray_Resize(bytearray, 77), 0);
        unset_hooks();
        Py_DECREF(ownerless);
        Py_DECREF(old);
        CHECK_INT(Py_REFCNT(bytearray), 1);
        Py_DECREF(bytearray);
    }
    Py_DECREF(many);
}

static void an_allocator_may_look_at_the_bytearray_that_it_allocates_for(void)
{
    run_with_hook(look_at_it, 0);
}

static void an_allocator_may_keep_a_view_of_it(void)
{
    run_with_hook(keep_a_view, 1);
}

static void an_allocator_may_resize_it(void)
{
    run_with_hook(resize_it, 0);
}

static void an_allocator_may_wait_for_a_thread_that_does(void)
{
    run_with_hook(have_a_thread_look, 0);
}

/* What an exporter does in its slots while the bytearray is the other operand. */
static void (*in_slot)(void);
static int tried;

static int get_and_try(Exporter *self, Py_buffer *buffer, int flags)
{
    int (*on_get)(Exporter *, Py_buffer *, int) = self->on_get;
    self->on_get = NULL;
    int result = exporter_answer(self, buffer, flags);
    self->on_get = on_get;
    tried++;
    in_slot();
    PyErr_Clear();
    return result;
}

static void release_and_try(Exporter *self, Py_buffer *buffer)
{
    (void)self;
    (void)buffer;
    tried++;
    in_slot();
    PyErr_Clear();
}

/* A view of the bytearray is held, as in CPython: the operations are refused, and no thread waits for ever. */
static void try_to_resize(void)
{
    CHECK_INT(exports_of(bytearray), 1);
    CHECK_INT(PyByteArray_Resize(bytearray, 100), -1);
    CHECK_ERROR(PyExc_BufferError);
}

static void *resize_elsewhere(void *nothing)
{
    PyByteArray_Resize(bytearray, 25 + tried);
    PyErr_Clear();
    look_at_it();
    return nothing;
}

static void have_a_thread_resize(void)
{
    elsewhere(resize_elsewhere);
}

static void an_exporter_in_the_middle_meets_a_view(void)
{
    char memory[16] = "xxxxxxxxxxxxxxx";
    Exporter *exporter = exporter_of_bytes(memory, 8);
    PyObject *foreign = (PyObject *)exporter;
    bytearray = xs(20);
    old = PyBuffer_FromReadWriteObject(bytearray, 0, 8);
    exporter->on_get = get_and_try;
    in_slot = try_to_resize;
    CHECK_INT(made(PyByteArray_Concat(bytearray, foreign)), 0);
    CHECK_INT(PyObject_CopyData(bytearray, foreign), 0);
    CHECK_INT(PyObject_RichCompareBool(bytearray, foreign, Py_EQ), 0);
    CHECK_INT(tried, 3);
    /* In either order, in the slots of either object: no thread that is waited for waits itself. */
    in_slot = have_a_thread_resize;
    exporter->on_release = release_and_try;
    CHECK_INT(made(PyByteArray_Concat(bytearray, foreign)), 0);
    CHECK_INT(made(PyByteArray_Concat(foreign, bytearray)), 0);
    CHECK_INT(made(PySequence_Concat(old, foreign)), 0);
    CHECK_INT(PySequence_SetSlice(old, 0, 8, foreign), 0);
    PyObject_CopyData(foreign, bytearray);
    PyErr_Clear();
    PyObject *of_foreign = PyMemoryView_FromObject(foreign);
    CHECK_INT(PyObject_RichCompareBool(of_foreign, bytearray, Py_EQ), 0);
    CHECK_INT(pybuffer_memoryview_assign(of_foreign, NULL, 0, old), 0);
    Py_DECREF(of_foreign);
    exporter->on_get = NULL;
    exporter->on_release = NULL;
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(old);
    CHECK_INT(Py_REFCNT(bytearray), 1);
    Py_DECREF(bytearray);
    CHECK_UNUSED(exporter);
}

/* ---- types that derive from bytearray ------------------------------------------------------------------------- */

static int asked;

static int own_getbuffer(PyObject *op, Py_buffer *buffer, int flags)
{
    asked++;
    return PyByteArray_Type.tp_as_buffer->bf_getbuffer(op, buffer, flags);
}

static PyBufferProcs own_procs = {own_getbuffer, NULL};
static PyTypeObject Own_Type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Own", .tp_base = &PyByteArray_Type,
                                .tp_as_buffer = &own_procs};
static PyTypeObject Plain_Type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Plain", .tp_base = &PyByteArray_Type};

/* Bytearrays that are made such. */
static void a_derived_type_is_asked_by_its_own_slots(void)
{
    CHECK_INT(PyType_Ready(&Own_Type), 0);
    CHECK_INT(PyType_Ready(&Plain_Type), 0);
    PyTypeObject *const types[] = {&Own_Type, &Plain_Type};
    for (size_t i = 0; i < COUNT(types); i++) {
        bytearray = xs(8);
        bytearray->ob_type = types[i];
        asked = 0;
        CHECK_INT(made(PyBytes_FromObject(bytearray)), 0);
        CHECK_INT(made(PyByteArray_Concat(bytearray, bytearray)), 0);
        CHECK_INT(asked, i == 0 ? 3 : 0);
        CHECK_INT(exports_of(bytearray), 0);
        CHECK_INT(PyByteArray_Resize(bytearray, 9), 0);
        bytearray->ob_type = &PyByteArray_Type;
        Py_DECREF(bytearray);
    }
}

int main(void)
{
    read_operations();
    watch();
    tap_after_each = nothing_is_left_pending;
    RUN(no_short_read_refuses_a_resize);
    RUN(a_resize_has_its_turn_among_long_reads);
    RUN(two_pins_and_two_resizes_do_not_wait_in_a_ring);
    RUN(neither_a_refused_request_nor_a_read_refuses_a_release);
    RUN(no_read_of_an_ndarray_refuses_a_pop_or_shows_as_a_view);
    RUN(an_allocator_may_look_at_the_bytearray_that_it_allocates_for);
    RUN(an_allocator_may_keep_a_view_of_it);
    RUN(an_allocator_may_resize_it);
    RUN(an_allocator_may_wait_for_a_thread_that_does);
    RUN(an_exporter_in_the_middle_meets_a_view);
    RUN(a_derived_type_is_asked_by_its_own_slots);
    return tap_end();
}

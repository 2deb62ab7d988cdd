/* Many threads use the same objects without a lock, and at the end all counts are as at the start.
 *
 * PYBUFFER_TEST_OPERATIONS is the number of operations of all threads together (default: a million).
 */
#define _POSIX_C_SOURCE 200809L
#include "threads.h"

/* ---- everything at once ------------------------------------------------------------------------------------- */

static char memory[64];
static PyObject *bytes, *bytearray, *memoryview, *strided_view, *picklebuffer, *old;
static Py_hash_t old_hash;
static Exporter *exporter;

static void use_buffer(PyObject *op, Py_ssize_t len)
{
    Py_buffer view;
    if (PyObject_GetBuffer(op, &view, PyBUF_FULL_RO) != 0) {
        EXPECT(!"GetBuffer");
        PyErr_Clear();
        return;
    }
    EXPECT(view.len == len);
    PyBuffer_Release(&view);
}

static void use_result(PyObject *result, Py_ssize_t size)
{
    EXPECT(result != NULL);
    if (result != NULL) {
        EXPECT(PyObject_Size(result) == size);
        Py_DECREF(result);
    }
}

/* A memoryview of a memoryview of ..., dropped from the inside. */
static void use_nested(PyObject *base)
{
    PyObject *views[4];
    for (int i = 0; i < 4; i++) {
        views[i] = PyMemoryView_FromObject(i == 0 ? base : views[i - 1]);
        EXPECT(views[i] != NULL);
    }
    for (int i = 0; i < 4; i++) {
        EXPECT(PyObject_Size(views[i]) == 16);
        Py_XDECREF(views[i]);
    }
}

static void use_numbers(PyObject *view)
{
    int64_t numbers[16];
    EXPECT(pybuffer_memoryview_to_int64(view, numbers, 16) == 0);
}

static void raise_own_error(int thread)
{
    char expected[40];
    snprintf(expected, sizeof(expected), "thread %d", thread);
    PyErr_Format(PyExc_ValueError, "thread %d", thread);
    sched_yield();
    EXPECT(strcmp(pybuffer_error_message(), expected) == 0);
    EXPECT(PyErr_ExceptionMatches(PyExc_ValueError));
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    EXPECT(PyErr_Occurred() == NULL);
    PyErr_Restore(type, value, traceback);
    PyErr_Clear();
}

static void do_everything(int thread, long times)
{
    unsigned seed = (unsigned)thread * 977u + 1;
    for (long i = 0; i < times; i++) {
        switch (next_random(&seed) % 24) {
        case 0: use_buffer(bytes, 16); break;
        case 1: use_buffer(bytearray, 16); break;
        case 2: use_buffer(memoryview, 16); break;
        case 3: use_buffer(strided_view, 16); break;
        case 4: use_buffer(picklebuffer, 16); break;
        case 5: use_result(PyMemoryView_FromObject(bytearray), 16); break;
        case 6: use_result(PyMemoryView_FromObject((PyObject *)exporter), 16); break;
        case 7: use_result(PyMemoryView_GetContiguous(strided_view, PyBUF_READ, 'C'), 16); break;
        case 8: use_result(PyMemoryView_GetContiguous(bytes, PyBUF_READ, 'F'), 16); break;
        case 9: use_result(PyBytes_FromObject(strided_view), 16); break;
        case 10: use_result(PyByteArray_Concat(bytes, bytearray), 32); break;
        case 11: use_nested(memoryview); break;
        case 12: use_nested(picklebuffer); break;
        case 13: EXPECT(PyObject_RichCompareBool(memoryview, bytearray, Py_EQ) == 1); break;
        case 14: EXPECT(PyObject_Hash(bytes) != -1); break;
        case 15: use_result(pybuffer_memoryview_hex(strided_view, -1, 0), 32); break;
        case 16: use_result(pybuffer_memoryview_text(strided_view, 2), 11); break;
        case 17: EXPECT(pybuffer_memoryview_equal(strided_view, (PyObject *)exporter) == 1); break;
        case 18: use_numbers(strided_view); break;
        case 19: use_buffer(old, 10); break;
        case 20: use_result(PySequence_Concat(old, bytes), 26); break;
        case 21: use_result(PySequence_GetSlice(old, 1, -1), 8); break;
        case 22: EXPECT(PyObject_Hash(old) == old_hash); break;
        default: raise_own_error(thread);
        }
    }
}

static void counts_end_where_they_began(void)
{
    Py_ssize_t len = 16, apart = 4;
    bytes = PyBytes_FromStringAndSize("0123456789abcdef", 16);
    bytearray = PyByteArray_FromStringAndSize("0123456789abcdef", 16);
    memoryview = PyMemoryView_FromObject(bytearray);
    exporter = exporter_new(memory, "B", 1, 1, &len, &apart);
    strided_view = PyMemoryView_FromObject((PyObject *)exporter);
    picklebuffer = PyPickleBuffer_FromObject(memoryview);
    old = PyBuffer_FromObject(bytearray, 3, 10);
    PyObject *same = PyBytes_FromString("3456789abc");
    old_hash = PyObject_Hash(same); /* that of the old buffer is made by the threads */
    Py_DECREF(same);
    PyObject *const all[] = {bytes, bytearray, memoryview, strided_view, picklebuffer, old, (PyObject *)exporter};
    Py_ssize_t references[COUNT(all)], exports[COUNT(all)];
    for (size_t i = 0; i < COUNT(all); i++) {
        references[i] = Py_REFCNT(all[i]);
        exports[i] = exports_of(all[i]);
    }
    in_threads(THREADS, do_everything, operations / 2 / THREADS);
    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK_INT(Py_REFCNT(all[i]), references[i]);
        CHECK_INT(exports_of(all[i]), exports[i]);
    }
    CHECK_INT(exporter->gets - exporter->releases, 1);
    Py_DECREF(old);
    Py_DECREF(picklebuffer);
    Py_DECREF(memoryview);
    Py_DECREF(strided_view);
    CHECK_UNUSED(exporter);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(PyByteArray_Resize(bytearray, 1000), 0);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
}

/* ---- a resize against those who look ------------------------------------------------------------------------ */

static void resize_or_look(int thread, long times)
{
    for (long i = 0; i < times; i++) {
        Py_buffer view;
        if (thread % 2 == 0) {
            if (PyByteArray_Resize(bytearray, 1 + (i * 37 + thread) % 300) != 0) {
                EXPECT(PyErr_ExceptionMatches(PyExc_BufferError));
                PyErr_Clear();
            }
        } else if (PyObject_GetBuffer(bytearray, &view, PyBUF_SIMPLE) != 0) {
            EXPECT(!"GetBuffer of a bytearray");
            PyErr_Clear();
        } else {
            /* It does not move now, and all of it is there. */
            EXPECT(view.buf == (void *)PyByteArray_AsString(bytearray));
            EXPECT(view.len == PyByteArray_Size(bytearray));
            EXPECT(((volatile char *)view.buf)[view.len] == '\0');
            PyBuffer_Release(&view);
        }
    }
}

static void a_bytearray_is_not_resized_while_it_is_looked_at(void)
{
    bytearray = PyByteArray_FromStringAndSize("x", 1);
    in_threads(THREADS, resize_or_look, operations / 8 / THREADS);
    CHECK_INT(Py_REFCNT(bytearray), 1);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(PyByteArray_Resize(bytearray, 7), 0);
    Py_DECREF(bytearray);
}

/* The same through an old buffer, and with slices instead of the resize. */
static void slice_or_look(int thread, long times)
{
    PyObject *many = PyBytes_FromString("xxxxxxxxxxxxxxxx");
    for (long i = 0; i < times; i++) {
        if (thread % 2 == 0) {
            if ((i % 3 ? PySequence_SetSlice(bytearray, i % 7, 0, many) : PySequence_DelSlice(bytearray, 1, 40)) != 0) {
                EXPECT(PyErr_ExceptionMatches(PyExc_BufferError));
                PyErr_Clear();
            }
        } else {
            PyObject *part = PySequence_GetSlice(old, 0, PY_SSIZE_T_MAX);
            EXPECT(part != NULL && PyBytes_GET_SIZE(part) <= 30);
            for (Py_ssize_t at = 0; part != NULL && at < PyBytes_GET_SIZE(part); at++) {
                EXPECT(PyBytes_AS_STRING(part)[at] == 'x');
            }
            Py_XDECREF(part);
            part = PySequence_GetSlice(bytearray, -5, PY_SSIZE_T_MAX);
            EXPECT(part != NULL && PyByteArray_GET_SIZE(part) <= 5);
            Py_XDECREF(part);
            EXPECT(PySequence_Size(old) <= 30);
            EXPECT(PyObject_RichCompareBool(old, old, Py_LE) >= 0);
            PyErr_Clear();
        }
    }
    Py_DECREF(many);
}

static void an_old_buffer_shows_what_there_is_while_its_base_is_resized(void)
{
    bytearray = PyByteArray_FromStringAndSize("x", 1);
    old = PyBuffer_FromObject(bytearray, 2, 30);
    in_threads(THREADS, slice_or_look, operations / 16 / THREADS);
    Py_DECREF(old);
    CHECK_INT(Py_REFCNT(bytearray), 1);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(bytearray);
}

/* ---- a release against those who come --------------------------------------------------------------------- */

static struct {
    PyObject *view, *answer;
    Py_buffer buffer;
    int got, released;
} race;

static void prepare_race(void)
{
    race.view = PyMemoryView_FromObject((PyObject *)exporter);
    race.answer = NULL;
    race.got = race.released = -2;
}

/* The operations of a thread on the view while another one releases it, and the state when both are done, before the view is freed. */
static void (*ask_race)(long round);
static void (*check_race)(long round);

/* One thread releases, which only held views refuse; the other one asks. */
static void release_against(int thread, long times)
{
    unsigned seed = (unsigned)thread + 1;
    for (long i = 0; i < times; i++) {
        if (thread == 0) {
            prepare_race();
        }
        meet(3 * i);
        dawdle(&seed);
        if (thread == 0) {
            race.released = pybuffer_memoryview_release(race.view);
            EXPECT(race.released == 0 || PyErr_ExceptionMatches(PyExc_BufferError));
        } else {
            ask_race(i);
        }
        PyErr_Clear();
        meet(3 * i + 1);
        if (thread == 0) {
            check_race(i);
            Py_DECREF(race.view);
        }
        meet(3 * i + 2);
    }
}

static void run_race(void (*ask)(long), void (*check)(long), void (*on_release)(Exporter *, Py_buffer *), long times)
{
    Py_ssize_t len = 16;
    exporter = exporter_new(memory, "B", 1, 1, &len, NULL);
    exporter->on_release = on_release;
    ask_race = ask;
    check_race = check;
    arrived = 0;
    in_threads(2, release_against, times);
    CHECK_UNUSED(exporter);
}

static void ask_for_buffer(long round)
{
    (void)round;
    race.got = PyObject_GetBuffer(race.view, &race.buffer, PyBUF_FULL_RO);
    EXPECT(race.got == 0 || PyErr_ExceptionMatches(PyExc_ValueError));
}

/* Either the release comes first, and the request is a ValueError; or it comes second, and is a BufferError. */
static void check_buffer(long round)
{
    (void)round;
    EXPECT(!(race.got == 0 && race.released == 0));
    if (race.got == 0) {
        EXPECT(exporter->gets == exporter->releases + 1);
        PyBuffer_Release(&race.buffer);
    }
    EXPECT(exports_of(race.view) == 0);
}

static void a_view_is_never_released_under_a_consumer(void)
{
    run_race(ask_for_buffer, check_buffer, NULL, operations / 2);
}

static void ask_for_view(long round)
{
    switch (round % 4) {
    case 0: race.answer = PyMemoryView_FromObject(race.view); break;
    case 1: race.answer = pybuffer_memoryview_subscript(race.view, NULL, 0); break;
    case 2: race.answer = pybuffer_memoryview_flip(race.view, 0); break;
    default: race.answer = pybuffer_memoryview_cast(race.view, "2s", 1, (Py_ssize_t[]){8}, 'C'); break;
    }
    EXPECT(race.answer != NULL || PyErr_ExceptionMatches(PyExc_ValueError));
}

/* A memoryview of one that is being released works, with the memory, or is refused. */
static void check_view(long round)
{
    EXPECT(race.released == 0);
    EXPECT(exporter->gets == exporter->releases + (race.answer != NULL));
    if (race.answer != NULL) {
        EXPECT(pybuffer_memoryview_is_released(race.answer) == 0);
        EXPECT(PyObject_Size(race.answer) == (round % 4 == 3 ? 8 : 16));
    }
    Py_XDECREF(race.answer);
    EXPECT(exporter->gets == exporter->releases);
}

static void a_view_of_a_released_view_has_the_memory_or_is_refused(void)
{
    run_race(ask_for_view, check_view, NULL, operations / 16);
}

/* Memory that is only read is released at once. */
static void check_released(long round)
{
    (void)round;
    EXPECT(race.released == 0);
    EXPECT(exporter->gets == exporter->releases);
}

/* The exporter may use the memory again. */
static void spoil(Exporter *self, Py_buffer *view)
{
    (void)self;
    memset(view->buf, 99, 16);
}

static void ask_for_numbers(long round)
{
    double numbers[16];
    (void)round;
    if (pybuffer_memoryview_to_double(race.view, numbers, 16) == 0) {
        for (int n = 0; n < 16; n++) {
            EXPECT(numbers[n] == 7);
        }
    } else {
        EXPECT(PyErr_ExceptionMatches(PyExc_ValueError));
    }
}

static void check_numbers(long round)
{
    check_released(round);
    memset(memory, 7, 16);
}

static void a_release_waits_for_numbers_to_be_read(void)
{
    memset(memory, 7, 16);
    run_race(ask_for_numbers, check_numbers, spoil, operations / 16);
}

/* An item of a view that is being released is there, or refused. */
static void ask_for_item(long round)
{
    int64_t number = 0;
    Py_ssize_t place = 3;
    (void)round;
    race.got = pybuffer_memoryview_get_int64(race.view, &place, 1, &number);
    EXPECT(race.got == 0 ? number == memory[3] : PyErr_ExceptionMatches(PyExc_ValueError));
}

static void an_item_of_a_released_view_is_there_or_refused(void)
{
    memory[3] = 33;
    run_race(ask_for_item, check_released, NULL, operations / 16);
}

static PyObject *iterator;
static long met[3]; /* atomic: how many items, their sum, and how many views */

static void iterate(int thread, long times)
{
    pybuffer_value value;
    for (long i = 0; i < times; i++) {
        PyObject *item = (thread + i) % 2 ? pybuffer_memoryview_next(iterator) : NULL;
        int64_t number = 0;
        if (item != NULL) {
            EXPECT(pybuffer_memoryview_get_int64(item, NULL, 0, &number) == 0);
            __atomic_fetch_add(&met[2], 1, __ATOMIC_RELAXED);
            Py_DECREF(item);
        } else if (pybuffer_memoryview_next_item(iterator, &value, 1) == 1) {
            number = (int64_t)value.as.u;
        } else {
            EXPECT(PyErr_Occurred() == NULL);
            return;
        }
        __atomic_fetch_add(&met[0], 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&met[1], number, __ATOMIC_RELAXED);
    }
}

static void threads_share_an_iterator(void)
{
    Py_ssize_t items = operations / 64;
    unsigned char *many = (unsigned char *)malloc((size_t)items);
    long sum = 0;
    for (Py_ssize_t i = 0; i < items; i++) {
        many[i] = (unsigned char)(i * 7);
        sum += many[i];
    }
    PyObject *view = PyMemoryView_FromMemory((char *)many, items, PyBUF_READ);
    iterator = pybuffer_memoryview_iter(view);
    memset(met, 0, sizeof(met));
    in_threads(3, iterate, items);
    CHECK_INT(met[0], items);
    CHECK_INT(met[1], sum);
    CHECK(met[2] > 0);
    CHECK_PTR(pybuffer_memoryview_next(iterator), NULL);
    Py_DECREF(iterator);
    CHECK_INT(Py_REFCNT(view), 1);
    Py_DECREF(view);
    free(many);
}

/* All release the same view while others use it: its memory is released once. */
static void release_together(int thread, long times)
{
    (void)thread;
    for (long i = 0; i < times; i++) {
        Py_buffer view;
        if (PyObject_GetBuffer(race.view, &view, PyBUF_FULL_RO) == 0) {
            EXPECT(view.len == 16);
            EXPECT(exporter->gets == exporter->releases + 1);
            PyBuffer_Release(&view);
        } else {
            EXPECT(PyErr_ExceptionMatches(PyExc_ValueError));
            PyErr_Clear();
        }
        if (i > times / 2 && pybuffer_memoryview_release(race.view) != 0) {
            EXPECT(PyErr_ExceptionMatches(PyExc_BufferError));
            PyErr_Clear();
        }
    }
}

static void many_releases_give_back_once(void)
{
    long rounds = operations / 16 / THREADS / 20 + 1;
    Py_ssize_t len = 16;
    for (long i = 0; i < (rounds < 200 ? rounds : 200); i++) {
        exporter = exporter_new(memory, "B", 1, 1, &len, NULL);
        prepare_race();
        in_threads(THREADS, release_together, 40);
        CHECK_INT(pybuffer_memoryview_release(race.view), 0);
        CHECK_INT(exporter->releases, 1);
        Py_DECREF(race.view);
        CHECK_UNUSED(exporter);
    }
}

/* ---- errors ------------------------------------------------------------------------------------------------- */

static PyObject *shared_value;

static void end_with_an_error(int thread, long times)
{
    (void)times;
    EXPECT(PyErr_Occurred() == NULL);
    PyErr_SetObject(thread % 2 ? PyExc_ValueError : PyExc_IndexError, shared_value);
}

static void *run_to_an_error(void *argument)
{
    end_with_an_error(*(int *)argument, 1);
    return NULL;
}

static void an_error_goes_with_its_thread(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    shared_value = PyBytes_FromString("shared by all errors");
    PyErr_SetString(PyExc_TypeError, "this thread's");
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK_INT(pthread_create(&threads[i], NULL, run_to_an_error, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_MESSAGE(PyExc_TypeError, "this thread's");
    CHECK_INT(Py_REFCNT(shared_value), 1);
    Py_DECREF(shared_value);
}

/* ---- last references ---------------------------------------------------------------------------------------- */

static void share_and_drop(int thread, long times)
{
    for (long i = 0; i < times; i++) {
        if (thread == 0) {
            Py_ssize_t len = 16;
            race.view = PyMemoryView_FromObject((PyObject *)(exporter = exporter_new(memory, "B", 1, 1, &len, NULL)));
            Py_DECREF(exporter);
            Py_INCREF(race.view);
        }
        meet(2 * i);
        PyObject *mine = race.view;
        EXPECT(PyObject_Size(mine) == 16);
        Py_DECREF(mine); /* one of the two destroys it, with the exporter */
        meet(2 * i + 1);
        EXPECT(thread != 0 || __atomic_load_n(&exporters_alive, __ATOMIC_ACQUIRE) == 0);
    }
}

static void whoever_drops_last_destroys(void)
{
    CHECK_INT(exporters_alive, 0);
    arrived = 0;
    in_threads(2, share_and_drop, operations / 16);
    CHECK_INT(exporters_alive, 0);
}

/* ---- ndarrays ------------------------------------------------------------------------------------------------ */

/* One thread changes the layout while the others ask for views: each view is of one base as a whole, and stays so. */
static void look_at_changing_bases(int thread, long times)
{
    static const char *const texts[] = {"aaaa", "bbbbbb", "cc"};
    unsigned seed = (unsigned)thread + 1;
    for (long i = 0; i < times; i++) {
        if (thread == 0) {
            const char *text = texts[next_random(&seed) % COUNT(texts)];
            Py_ssize_t len = (Py_ssize_t)strlen(text), shape[2] = {len / 2, 2};
            int flags = next_random(&seed) % 2 ? PYBUFFER_ND_PIL : 0;
            EXPECT(pybuffer_ndarray_push(race.view, text, len, "B", 2, shape, NULL, 0, flags) == 0);
            if (next_random(&seed) % 2 && pybuffer_ndarray_pop(race.view) != 0) {
                EXPECT(PyErr_Occurred() == PyExc_BufferError); /* another thread looks, or the base below has been popped */
                PyErr_Clear();
            }
            if (next_random(&seed) % 8 == 0 && pybuffer_ndarray_add_suboffsets(race.view) != 0) {
                EXPECT(PyErr_Occurred() == PyExc_TypeError);
                PyErr_Clear();
            }
            continue;
        }
        Py_buffer view;
        char bytes[8];
        if (PyObject_GetBuffer(race.view, &view, PyBUF_FULL_RO) != 0) {
            EXPECT(0);
            return;
        }
        PyObject *part = thread % 2 ? pybuffer_ndarray_subscript(race.view, NULL, 0) : NULL;
        EXPECT(view.len <= 6 && view.shape[0] * 2 == view.len);
        EXPECT(PyBuffer_ToContiguous(bytes, &view, view.len, 'C') == 0);
        for (Py_ssize_t at = 1; at < view.len; at++) {
            EXPECT(bytes[at] == bytes[0]);
        }
        PyBuffer_Release(&view);
        Py_XDECREF(part);
    }
}

static void ndarrays_change_while_others_look(void)
{
    for (int round = 0; round < 20; round++) {
        race.view = pybuffer_ndarray_new("xx", 2, "B", 2, (Py_ssize_t[]){1, 2}, NULL, 0, PYBUFFER_ND_VAREXPORT);
        in_threads(4, look_at_changing_bases, operations / 1000);
        pybuffer_ndarray_state state;
        CHECK_INT(pybuffer_ndarray_get_state(race.view, &state), 0);
        CHECK_INT(state.exports, 0);
        CHECK_INT(Py_REFCNT(race.view), 1);
        while (pybuffer_ndarray_pop(race.view) == 0) {
        }
        CHECK_ERROR(PyExc_BufferError);
        CHECK_INT(pybuffer_ndarray_get_state(race.view, &state), 0);
        CHECK_INT(state.bases, 1);
        Py_DECREF(race.view);
    }
}

/* ---- a table that holds no references ------------------------------------------------------------------------- */

/* An object is in the table until it is destroyed; who looks it up there may be the one that keeps it alive. */
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static PyObject *listed;
static int found; /* atomic */

static void dealloc_listed(PyObject *self)
{
    pthread_mutex_lock(&table);
    EXPECT(listed == self);
    listed = NULL;
    pthread_mutex_unlock(&table);
    PyObject_Free(self);
}

static PyTypeObject Listed_Type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Listed", .tp_basicsize = sizeof(PyObject),
                                   .tp_dealloc = dealloc_listed, .tp_flags = Py_TPFLAGS_DEFAULT};

static void look_up_or_drop(int thread, long times)
{
    unsigned seed = (unsigned)thread + 3;
    for (long i = 0; i < times; i++) {
        PyObject *op = NULL;
        if (thread == 0) {
            op = listed = PyObject_New(PyObject, &Listed_Type);
            PyUnstable_EnableTryIncRef(op);
        }
        meet(2 * i);
        if (next_random(&seed) % 2 == 0) {
            sched_yield();
        }
        dawdle(&seed);
        if (thread == 1) {
            pthread_mutex_lock(&table);
            op = listed != NULL && PyUnstable_TryIncRef(listed) ? listed : NULL;
            pthread_mutex_unlock(&table);
        }
        if (op != NULL) {
            __atomic_add_fetch(&found, thread, __ATOMIC_RELAXED);
            EXPECT(Py_REFCNT(op) >= 1);
            Py_DECREF(op);
        }
        meet(2 * i + 1);
    }
}

static void a_table_gives_no_object_that_is_destroyed(void)
{
    CHECK_INT(PyType_Ready(&Listed_Type), 0);
    arrived = 0;
    in_threads(2, look_up_or_drop, 1 + operations / 10);
    CHECK_PTR(listed, NULL);
    printf("# found %d times\n", found);
}

int main(void)
{
    read_operations();
    tap_after_each = nothing_is_left_pending;
    RUN(counts_end_where_they_began);
    RUN(a_bytearray_is_not_resized_while_it_is_looked_at);
    RUN(an_old_buffer_shows_what_there_is_while_its_base_is_resized);
    RUN(a_view_is_never_released_under_a_consumer);
    RUN(a_view_of_a_released_view_has_the_memory_or_is_refused);
    RUN(an_item_of_a_released_view_is_there_or_refused);
    RUN(a_release_waits_for_numbers_to_be_read);
    RUN(many_releases_give_back_once);
    RUN(threads_share_an_iterator);
    RUN(an_error_goes_with_its_thread);
    RUN(whoever_drops_last_destroys);
    RUN(ndarrays_change_while_others_look);
    RUN(a_table_gives_no_object_that_is_destroyed);
    return tap_end();
}

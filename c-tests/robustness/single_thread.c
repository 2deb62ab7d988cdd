/* Counts are changed without locked instructions while the process has one thread. Here a second one starts before, between and
 * during calls, and after others have ended, and all counts are correct.
 *
 * Each test runs in a process of its own, which starts with one thread. PYBUFFER_TEST_OPERATIONS is the number of operations of
 * all of them together. single_thread.sh also builds this in other ways: COUNTS_AS_ONE says whether the inline functions
 * should find one thread at first (1), several (0), or either (-1), and `single_thread_tests` is what a plugin runs.
 */
#define _POSIX_C_SOURCE 200809L
#include "threads.h"

#include <sys/wait.h>
#include <unistd.h>

#ifndef COUNTS_AS_ONE
#  if defined(__GLIBC__) && __GLIBC__ == 2 && __GLIBC_MINOR__ >= 32
#    define COUNTS_AS_ONE 1
#  else
#    define COUNTS_AS_ONE 0
#  endif
#endif

/* ---- objects, and what is done with them -------------------------------------------------------------------- */

enum { BYTES, BYTEARRAY, FOREIGN, VIEW, PART, MATRIX, KEPT, OLD, NDARRAY, OBJECTS };

static PyObject *all[OBJECTS];
static char memory[64];
static Exporter *foreign;

static void make_objects(void)
{
    static const pybuffer_subscript part = PYBUFFER_SLICE(2, 14, 3);
    Py_ssize_t len = 16, apart = 4, shape[2] = {4, 4};

    all[BYTES] = PyBytes_FromStringAndSize("0123456789abcdef", 16);
    all[BYTEARRAY] = PyByteArray_FromStringAndSize("0123456789abcdef", 16);
    foreign = exporter_new(memory, "B", 1, 1, &len, &apart);
    all[FOREIGN] = (PyObject *)foreign;
    all[VIEW] = PyMemoryView_FromObject(all[BYTEARRAY]);
    all[PART] = pybuffer_memoryview_subscript(all[VIEW], &part, 1);
    all[MATRIX] = pybuffer_memoryview_cast(all[VIEW], "b", 2, shape, 'C');
    all[KEPT] = PyPickleBuffer_FromObject(all[BYTES]);
    all[OLD] = PyBuffer_FromObject(all[BYTES], 3, 10);
    all[NDARRAY] = pybuffer_ndarray_from_object(all[BYTES], PyBUF_FULL_RO, 0);
    for (int at = 0; at < OBJECTS; at++) {
        CHECK(all[at] != NULL);
    }
}

/* Everything that is counted: references, views, and the memoryviews that share a snapshot. */
static void read_counts(Py_ssize_t counts[OBJECTS][3])
{
    for (int at = 0; at < OBJECTS; at++) {
        counts[at][0] = Py_REFCNT(all[at]);
        counts[at][1] = exports_of(all[at]);
        counts[at][2] = PyMemoryView_Check(all[at]) ? ((PyMemoryViewObject *)all[at])->mbuf->exports : 0;
    }
}

/* One operation that leaves everything as it was. */
static void use(int at, unsigned how)
{
    PyObject *op = all[at], *made = NULL, *more;
    Py_buffer view;

    switch (how % 6) {
    case 0:
        Py_INCREF(op);
        Py_DECREF(op);
        return;
    case 1:
        if (PyObject_GetBuffer(op, &view, PyBUF_FULL_RO) == 0) {
            PyBuffer_Release(&view);
            return;
        }
        break;
    case 2: made = PyMemoryView_FromObject(op); break;
    case 3:
        made = PyMemoryView_Check(op) ? pybuffer_memoryview_flip(op, 0) : PyBytes_FromObject(op);
        break;
    case 4:
        made = PyMemoryView_FromObject(op);
        if (made != NULL && (more = pybuffer_memoryview_toreadonly(made)) != NULL) {
            EXPECT(pybuffer_memoryview_release(made) == 0);
            Py_DECREF(made);
            made = more;
        }
        break;
    default:
        if (PyObject_RichCompareBool(op, all[how % OBJECTS], Py_EQ) >= 0) {
            return;
        }
        break;
    }
    EXPECT(made != NULL);
    Py_XDECREF(made);
    PyErr_Clear();
}

static void use_all(long times, unsigned seed)
{
    for (long i = 0; i < times; i++) {
        use((int)(next_random(&seed) % OBJECTS), next_random(&seed));
    }
}

/* References, views and memoryviews that last. */
static Py_buffer held_views[OBJECTS];
static PyObject *held_memoryviews[OBJECTS];

static void hold(void)
{
    for (int at = 0; at < OBJECTS; at++) {
        Py_INCREF(all[at]);
        CHECK_INT(PyObject_GetBuffer(all[at], &held_views[at], PyBUF_FULL_RO), 0);
        held_memoryviews[at] = PyMemoryView_FromObject(all[at]);
        CHECK(held_memoryviews[at] != NULL);
    }
}

static void let_go(void)
{
    for (int at = 0; at < OBJECTS; at++) {
        Py_DECREF(held_memoryviews[at]);
        PyBuffer_Release(&held_views[at]);
        Py_DECREF(all[at]);
    }
}

/* ---- threads that use them ---------------------------------------------------------------------------------- */

enum { OTHERS = 3 };

static pthread_t others[OTHERS];
static int started; /* how many threads there are */
static int stop;    /* atomic: whether they should end */

static void *keep_using(void *argument)
{
    unsigned seed = (unsigned)(size_t)argument * 7919u;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        use_all(16, next_random(&seed));
    }
    EXPECT(PyErr_Occurred() == NULL);
    return NULL;
}

static void start_others(void)
{
    for (; started < OTHERS; started++) {
        if (pthread_create(&others[started], NULL, keep_using, (void *)(size_t)started) != 0) {
            printf("Bail out! no thread\n");
            exit(1);
        }
    }
}

static void end_others(void)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    while (started > 0) {
        pthread_join(others[--started], NULL);
    }
    stop = 0;
}

static void *sleep_until_the_end(void *nothing)
{
    for (;;) {
        pause();
    }
    return nothing;
}

static pthread_t sleepers[4];
static int asleep;

static void start_sleeper(void)
{
    CHECK_INT(pthread_create(&sleepers[asleep++], NULL, sleep_until_the_end, NULL), 0);
}

static void end_sleepers(void)
{
    while (asleep > 0) {
        pthread_cancel(sleepers[--asleep]);
        pthread_join(sleepers[asleep], NULL);
    }
}

static Py_ssize_t before[OBJECTS][3];

/* The counts are what they were, and the objects can be destroyed. */
static void check_counts(void)
{
    Py_ssize_t after[OBJECTS][3];
    read_counts(after);
    for (int at = 0; at < OBJECTS; at++) {
        for (int which = 0; which < 3; which++) {
            tap_check(after[at][which] == before[at][which], __FILE__, __LINE__, "object %d, count %d: %zd, not %zd", at,
                      which, after[at][which], before[at][which]);
        }
    }
    CHECK_INT(foreign->gets, foreign->releases);
    CHECK_INT(mistakes, 0);
}

static void destroy_objects(void)
{
    for (int at = OBJECTS - 1; at > BYTEARRAY; at--) {
        if (at != FOREIGN) {
            Py_DECREF(all[at]);
        }
    }
    CHECK_UNUSED(foreign);
    CHECK_INT(exporters_alive, 0);
    CHECK_INT(exports_of(all[BYTEARRAY]), 0);
    CHECK_INT(PyByteArray_Resize(all[BYTEARRAY], 1000), 0);
    CHECK_INT(Py_REFCNT(all[BYTEARRAY]), 1);
    CHECK_INT(Py_REFCNT(all[BYTES]), 1);
    Py_DECREF(all[BYTEARRAY]);
    Py_DECREF(all[BYTES]);
}

/* ---- in a process of its own -------------------------------------------------------------------------------- */

static void in_a_process(void (*body)(void))
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int failed = tap_failed_checks;
        make_objects();
        read_counts(before);
        body();
        end_sleepers();
        check_counts();
        destroy_objects();
        fflush(stdout);
        _exit(tap_failed_checks == failed ? 0 : 1);
    }
    CHECK(child > 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

/* ---- the tests ---------------------------------------------------------------------------------------------- */

static void alone(void)
{
    if (COUNTS_AS_ONE >= 0) {
        CHECK_INT(pybuffer_inline_is_alone(), COUNTS_AS_ONE);
    }
    hold();
    use_all(operations / 8, 1);
    let_go();
}

static void in_one_thread(void)
{
    in_a_process(alone);
}

static void before_anything_else(void)
{
    start_others();
    CHECK_INT(pybuffer_inline_is_alone(), 0);
    hold();
    use_all(operations / 8, 2);
    let_go();
    end_others();
}

static void a_second_thread_starts_before(void)
{
    in_a_process(before_anything_else);
}

static void while_held(void)
{
    use_all(1000, 3);
    hold();
    start_others();
    use_all(operations / 8, 4);
    let_go();
    use_all(operations / 8, 5);
    end_others();
}

static void a_second_thread_starts_while_references_and_views_are_held(void)
{
    in_a_process(while_held);
}

static void several_times(void)
{
    for (int round = 0; round < 3; round++) {
        use_all(1000, 6);
        hold();
        start_others();
        use_all(1000, 7);
        end_others();
        let_go();
        use_all(1000, 8);
        check_counts();
    }
    start_sleeper();
    use_all(1000, 9);
}

static void threads_end_and_others_start(void)
{
    in_a_process(several_times);
}

/* The slots of an exporter, and an allocator, that start the threads; the threads call them, too. */
static void start_others_once(void)
{
    static int is_done; /* atomic */
    if (!__atomic_exchange_n(&is_done, 1, __ATOMIC_RELAXED)) {
        start_others();
    }
}

static int get_starts(Exporter *self, Py_buffer *view, int flags)
{
    start_others_once();
    return exporter_answer(self, view, flags);
}

static void release_starts(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    start_others_once();
}

static PyMemAllocatorEx objects_before;

static void *malloc_starts(void *context, size_t size)
{
    (void)context;
    start_others_once();
    return objects_before.malloc(objects_before.ctx, size);
}

static void free_starts(void *context, void *block)
{
    (void)context;
    start_others_once();
    objects_before.free(objects_before.ctx, block);
}

/* What the calls below are: of the bytearray's view or the exporter, and of both. */
static void call(int which)
{
    PyObject *made = NULL;
    char copy[16];
    Py_buffer view;

    switch (which) {
    case 0: made = PyMemoryView_FromObject(all[FOREIGN]); break;
    case 1: made = PyBytes_FromObject(all[FOREIGN]); break;
    case 2: made = PyByteArray_FromObject(all[FOREIGN]); break;
    case 3: made = PyMemoryView_GetContiguous(all[FOREIGN], PyBUF_READ, 'C'); break;
    case 4: made = pybuffer_memoryview_copy(all[PART], 'C'); break;
    case 5: made = pybuffer_memoryview_flip(all[MATRIX], 1); break;
    case 6: CHECK(PyObject_RichCompareBool(all[VIEW], all[FOREIGN], Py_EQ) >= 0); return;
    case 7: CHECK_INT(PyObject_CopyData(all[BYTEARRAY], all[FOREIGN]), 0); return;
    default:
        CHECK_INT(PyObject_GetBuffer(all[FOREIGN], &view, PyBUF_FULL_RO), 0);
        CHECK_INT(PyBuffer_ToContiguous(copy, &view, 16, 'C'), 0);
        PyBuffer_Release(&view);
        return;
    }
    CHECK(made != NULL);
    Py_XDECREF(made);
}

enum { CALLS = 9, STARTERS = 4 };
static int chosen_call, chosen_starter;

static void in_the_middle(void)
{
    hold();
    if (chosen_starter == 0) {
        foreign->on_get = get_starts;
    }
    else if (chosen_starter == 1) {
        foreign->on_release = release_starts;
    }
    else {
        /* Existing blocks belong to the old functions, which the new ones call. */
        PyMemAllocatorEx starting;
        PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &objects_before);
        starting = objects_before;
        if (chosen_starter == 2) {
            starting.malloc = malloc_starts;
        }
        else {
            starting.free = free_starts;
        }
        PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &starting);
    }
    call(chosen_call);
    /* Not every call reaches every place where threads would start. */
    use_all(started > 0 ? operations / 80 : 0, 10);
    end_others();
    foreign->on_get = NULL;
    foreign->on_release = NULL;
    if (chosen_starter >= 2) {
        PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &objects_before);
    }
    let_go();
}

static void a_second_thread_starts_in_the_middle_of_a_call(void)
{
    for (chosen_starter = 0; chosen_starter < STARTERS; chosen_starter++) {
        for (chosen_call = 0; chosen_call < CALLS; chosen_call++) {
            in_a_process(in_the_middle);
        }
    }
}

#ifndef __SANITIZE_ADDRESS__
static void forked(void)
{
    int status = -1, failed = tap_failed_checks;
    start_sleeper();
    hold();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        /* One thread again, whatever the C library says; then several. */
        use_all(operations / 8, 11);
        start_others();
        use_all(operations / 8, 12);
        let_go();
        end_others();
        check_counts();
        fflush(stdout);
        _exit(tap_failed_checks == failed ? 0 : 1);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    use_all(operations / 8, 13);
    let_go();
}
#endif

static void a_process_with_threads_forks(void)
{
#ifdef __SANITIZE_ADDRESS__
    SKIP("AddressSanitizer's allocator may be locked for ever in the child of a process with threads");
#else
    const char *runner = getenv("PYBUFFER_TEST_RUNNER");
    if (runner != NULL && strstr(runner, "qemu") != NULL) {
        SKIP("qemu's user mode does not survive a fork while there are threads");
    }
    in_a_process(forked);
#endif
}

/* Immortal objects stay so, and counts that a program has set. */
static void special_counts(void)
{
    for (int threads = 0; threads < 2; threads++) {
        PyObject *none = Py_None;
        Py_ssize_t count = Py_REFCNT(none);
        Py_INCREF(none);
        Py_DECREF(none);
        Py_DECREF(none);
        CHECK_INT(Py_REFCNT(none), count);
        Py_SET_REFCNT(all[BYTES], Py_REFCNT(all[BYTES]) + 5);
        for (int times = 0; times < 5; times++) {
            Py_DECREF(all[BYTES]);
        }
        PyObject *dead = (PyObject *)exporter_of_bytes(memory, 4);
        CHECK_INT(exporters_alive, 2);
        Py_INCREF(dead);
        Py_DECREF(dead);
        CHECK_INT(Py_REFCNT(dead), 1);
        Py_DECREF(dead);
        CHECK_INT(exporters_alive, 1);
        start_sleeper();
    }
}

static void immortal_objects_and_last_references(void)
{
    in_a_process(special_counts);
}

int single_thread_tests(void);

int single_thread_tests(void)
{
    read_operations();
    tap_after_each = nothing_is_left_pending;
    RUN(in_one_thread);
    RUN(a_second_thread_starts_before);
    RUN(a_second_thread_starts_while_references_and_views_are_held);
    RUN(a_second_thread_starts_in_the_middle_of_a_call);
    RUN(threads_end_and_others_start);
    RUN(a_process_with_threads_forks);
    RUN(immortal_objects_and_last_references);
    return tap_end();
}

#ifndef PLUGIN
int main(void)
{
    return single_thread_tests();
}
#endif

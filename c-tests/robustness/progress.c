/* No lock of the whole process: while one thread stands still, in a callback or at any instruction of the library, others finish what
 * they do with other objects. Where a lock were held they would wait for ever, and the test fails.
 *
 * PYBUFFER_TEST_OPERATIONS is the number of operations of all threads together (default: a million).
 */
#define _GNU_SOURCE
#include "threads.h"

#include "dlpack.h"

#include <signal.h>
#include <time.h>
#ifndef _WIN32
#  include <sys/mman.h>
#  include <unistd.h>
#endif

enum { OTHERS = 3, STOPS = 300 };

/* ---- an allocator that has no lock either --------------------------------------------------------------------- */

#ifdef _WIN32
/* Without signals no thread stops inside an allocator. */
static void use_own_allocator(void)
{
}
#else

/* Blocks that a thread has freed, by their size; those of the C library's allocator may be behind a lock that the thread that stands
 * still holds. */
typedef struct Block {
    struct Block *next;
    size_t size;
} Block;

enum { CLASSES = 28, CHUNK = 1 << 16 };
static __thread Block *freed[CLASSES];
static __thread char *fresh;
static __thread size_t left;

static void *give(void *context, size_t size)
{
    int class = 5;
    (void)context;
    while (((size_t)1 << class) < size + sizeof(Block)) {
        class++;
    }
    Block *block = freed[class];
    if (block != NULL) {
        freed[class] = block->next;
    }
    else {
        size_t whole = (size_t)1 << class, chunk = whole > CHUNK ? whole : CHUNK;
        if (left < whole) {
            fresh = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            left = chunk;
            if (fresh == MAP_FAILED) {
                left = 0;
                return NULL;
            }
        }
        block = (Block *)fresh;
        fresh += whole;
        left -= whole;
    }
    block->size = (size_t)class;
    return block + 1;
}

static void take(void *context, void *memory)
{
    (void)context;
    if (memory != NULL) {
        Block *block = (Block *)memory - 1;
        block->next = freed[block->size];
        freed[block->size] = block;
    }
}

static void *give_zeros(void *context, size_t count, size_t size)
{
    void *memory = give(context, count * size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

static void *give_again(void *context, void *memory, size_t size)
{
    void *new = give(context, size);
    if (new != NULL && memory != NULL) {
        size_t before = ((size_t)1 << ((Block *)memory - 1)->size) - sizeof(Block);
        memcpy(new, memory, before < size ? before : size);
        take(context, memory);
    }
    return new;
}

static void use_own_allocator(void)
{
    PyMemAllocatorEx own = {NULL, give, give_zeros, give_again, take};
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &own);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &own);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &own);
}

#endif

/* ---- what threads do, each with objects of its own ------------------------------------------------------------- */

static void used(PyObject *result)
{
    EXPECT(result != NULL);
    Py_XDECREF(result);
}

/* One of each kind of operation, and the last references to all objects. */
static void do_each(void)
{
    char items[64] = "items of a thread of its own, which no other has ever seen";
    Py_ssize_t shape[2] = {4, 8};
    Py_buffer view;
    pybuffer_value value = PYBUFFER_INT(7);
    int64_t numbers[64];
    PyObject *bytes = PyBytes_FromStringAndSize(items, 64), *bytearray = PyByteArray_FromStringAndSize(items, 64);
    PyObject *nd = pybuffer_ndarray_zeros("b", 2, shape, 0), *of_nd = PyMemoryView_FromObject(nd);
    PyObject *format = pybuffer_format_parse("<hi3x2d"), *of_bytes = PyMemoryView_FromObject(bytes);
    PyObject *writable = PyMemoryView_FromObject(bytearray), *pickled = PyPickleBuffer_FromObject(bytearray);
    PyObject *part = pybuffer_memoryview_select(of_bytes, "::2"), *turned = pybuffer_memoryview_permute(of_nd, NULL, 0);
    EXPECT(PyObject_GetBuffer(bytes, &view, PyBUF_FULL_RO) == 0);
    PyBuffer_Release(&view);
    EXPECT(PyObject_GetBuffer(bytearray, &view, PyBUF_FULL) == 0);
    EXPECT(PyByteArray_Resize(bytearray, 100) == -1); /* an error, with a message */
    PyErr_Clear();
    PyBuffer_Release(&view);
    EXPECT(PyObject_GetBuffer(nd, &view, PyBUF_FULL_RO) == 0);
    PyBuffer_Release(&view);
    used(pybuffer_memoryview_cast(of_bytes, "i", 0, NULL, 'C'));
    used(pybuffer_memoryview_toreadonly(writable));
    used(pybuffer_memoryview_tobytes(turned, 'C'));
    used(pybuffer_memoryview_copy(part, 'C'));
    used(pybuffer_memoryview_text(part, 10));
    used(pybuffer_memoryview_astype(turned, "d", 'C'));
    used(PyMemoryView_GetContiguous(part, PyBUF_READ, 'C'));
    EXPECT(PyBuffer_ToContiguous(items, PyMemoryView_GET_BUFFER(turned), 32, 'F') == 0);
    EXPECT(PyObject_Hash(bytes) != -1 && PyObject_Hash(of_bytes) == PyObject_Hash(bytes));
    EXPECT(PyObject_RichCompareBool(of_bytes, bytes, Py_EQ) == 1);
    EXPECT(pybuffer_memoryview_to_int64(of_bytes, numbers, 64) == 0);
    EXPECT(pybuffer_memoryview_fill(writable, NULL, 0, &value, 1) == 0);
    EXPECT(pybuffer_ndarray_push(nd, items, 32, "b", 2, shape, NULL, 0, 0) == -1); /* a memoryview has a view of it */
    PyErr_Clear();
    DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(of_nd, 0);
    EXPECT(tensor != NULL);
    if (tensor != NULL) {
        tensor->deleter(tensor);
    }
    PyErr_Format(PyExc_ValueError, "an error of %s", "a thread");
    PyErr_Clear();
    PyObject *const all[] = {turned, part, pickled, writable, of_bytes, format, of_nd, nd, bytearray, bytes};
    for (size_t i = 0; i < COUNT(all); i++) {
        used(all[i]);
    }
}

static void do_all(int thread, long times)
{
    (void)thread;
    while (times-- > 0) {
        do_each();
    }
}

/* ---- a thread that stands still in a callback ------------------------------------------------------------------ */

static int stands, goes_on; /* atomic: how often the thread has stood still, and may have gone on */

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Called by a signal, too, so nothing of the library or of stdio. */
static void stand_still(void)
{
    int turn = __atomic_add_fetch(&stands, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&goes_on, __ATOMIC_ACQUIRE) < turn) {
        wait_a_little();
    }
}

/* Others do what they do while it stands, and then it goes on. */
static void go_on_meanwhile(long times)
{
    while (__atomic_load_n(&stands, __ATOMIC_ACQUIRE) == goes_on) {
        wait_a_little();
    }
    in_threads(OTHERS, do_all, times);
    CHECK_INT(stands, goes_on + 1);
    __atomic_add_fetch(&goes_on, 1, __ATOMIC_ACQ_REL);
}

typedef enum { GETBUFFER = 1, RELEASEBUFFER, DEALLOC, ITEM, LENGTH, HASH, COMPARE, NUMBER_OF_SLOTS } Slot;
static __thread Slot stops_in;

static void reach(Slot slot)
{
    if (stops_in == slot) {
        stops_in = 0;
        stand_still();
    }
}

static int slow_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    static char memory[8];
    reach(GETBUFFER);
    return PyBuffer_FillInfo(view, self, memory, 8, 1, flags);
}

static void slow_releasebuffer(PyObject *self, Py_buffer *view)
{
    (void)self, (void)view;
    reach(RELEASEBUFFER);
}

static void slow_dealloc(PyObject *self)
{
    reach(DEALLOC);
    PyObject_Free(self);
}

static PyObject *slow_item(PyObject *self, Py_ssize_t index)
{
    reach(ITEM);
    if (index == 0) {
        return Py_NewRef(self);
    }
    PyErr_SetNone(PyExc_IndexError);
    return NULL;
}

static Py_ssize_t slow_length(PyObject *self)
{
    (void)self;
    reach(LENGTH);
    return 1;
}

static Py_hash_t slow_hash(PyObject *self)
{
    (void)self;
    reach(HASH);
    return 3;
}

static PyObject *slow_compare(PyObject *a, PyObject *b, int operator)
{
    (void)operator;
    reach(COMPARE);
    return Py_NewRef(a == b ? Py_True : Py_False);
}

static PyBufferProcs slow_buffer = {slow_getbuffer, slow_releasebuffer};
static PySequenceMethods slow_sequence = {.sq_length = slow_length, .sq_item = slow_item};
static PyTypeObject Slow_Type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Slow", .tp_basicsize = sizeof(PyObject),
                                 .tp_dealloc = slow_dealloc, .tp_as_buffer = &slow_buffer, .tp_as_sequence = &slow_sequence,
                                 .tp_hash = slow_hash, .tp_richcompare = slow_compare, .tp_flags = Py_TPFLAGS_DEFAULT};

static void slow_destroy(void *context)
{
    (void)context;
    stand_still();
}

static void slow_report(void *context, int flags, const char *message)
{
    (void)flags, (void)message;
    if (*(int *)context) {
        *(int *)context = 0;
        stand_still();
    }
}

/* An exporter that reports something: it fills nothing. */
static int bad_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    (void)flags;
    memset(view, 0, sizeof(*view));
    view->obj = Py_NewRef(self);
    view->len = -1;
    return 0;
}

static PyBufferProcs bad_buffer = {bad_getbuffer, NULL};
static PyTypeObject Bad_Type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Bad", .tp_basicsize = sizeof(PyObject),
                                .tp_as_buffer = &bad_buffer, .tp_flags = Py_TPFLAGS_DEFAULT};

/* Reaches each callback, in every way that a slot is reached. */
static void use_slow_slots(PyObject *op)
{
    Py_buffer view;
    PyObject *of_view = PyMemoryView_FromObject(op), *part = pybuffer_memoryview_select(of_view, "1:");
    used(part);
    EXPECT(PyObject_RichCompareBool(of_view, op, Py_EQ) == 1);
    EXPECT(PyObject_Hash(of_view) != -1);
    used(of_view);
    EXPECT(PyObject_GetBuffer(op, &view, PyBUF_FULL_RO) == 0);
    PyBuffer_Release(&view);
    EXPECT(PyObject_Size(op) == 1);
    PyObject *item = PySequence_GetItem(op, 0);
    used(item);
    EXPECT(PyObject_RichCompareBool(op, (PyObject *)&Slow_Type, Py_EQ) == 0);
}

enum { DESTROY = NUMBER_OF_SLOTS, REPORT, CALLBACKS };

static void *use_slowly(void *argument)
{
    int callback = *(int *)argument, first = 1;
    static char memory[8];
    if (callback == DESTROY) {
        PyObject *op = pybuffer_memoryview_wrap(memory, "b", 1, (Py_ssize_t[]){8}, NULL, 0, slow_destroy, NULL);
        used(op);
    }
    else if (callback == REPORT) {
        PyObject *op = PyObject_New(PyObject, &Bad_Type);
        EXPECT(pybuffer_check_exporter(op, slow_report, &first) > 0);
        used(op);
    }
    else {
        PyObject *op = PyObject_New(PyObject, &Slow_Type);
        stops_in = (Slot)callback;
        use_slow_slots(op);
        used(op);
        EXPECT(stops_in == 0);
    }
    return NULL;
}

static void others_go_on_while_one_is_in_a_callback(void)
{
    static const char *const names[CALLBACKS] = {"", "getbuffer", "releasebuffer", "dealloc", "item", "length", "hash", "compare",
                                                 "destroy", "report"};
    for (int callback = 1; callback < CALLBACKS; callback++) {
        pthread_t slow;
        printf("# one thread is in %s\n", names[callback]);
        fflush(stdout);
        CHECK_INT(pthread_create(&slow, NULL, use_slowly, &callback), 0);
        go_on_meanwhile(1 + operations / 20000);
        pthread_join(slow, NULL);
        CHECK_INT(mistakes, 0);
    }
}

/* ---- a thread that is stopped anywhere -------------------------------------------------------------------------- */

#ifdef _WIN32
static void others_go_on_while_one_is_stopped_at_any_instruction(void)
{
    SKIP("needs signals");
}
#else

static int finished, turns; /* atomic */

static void on_signal(int number)
{
    (void)number;
    stand_still();
}

static void *do_until_finished(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
        do_each();
        __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void others_go_on_while_one_is_stopped_at_any_instruction(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    unsigned seed = 5;
    pthread_t stopped;
    finished = 0;
    CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_INT(pthread_create(&stopped, NULL, do_until_finished, NULL), 0);
    long stops = operations >= 1000000 ? STOPS : 20;
    for (long stop = 0; stop < stops; stop++) {
        /* It is somewhere in a turn that has begun since it went on. */
        int turn = __atomic_load_n(&turns, __ATOMIC_RELAXED);
        while (__atomic_load_n(&turns, __ATOMIC_RELAXED) == turn) {
            sched_yield();
        }
        for (unsigned i = next_random(&seed) % 200; i > 0; i--) {
            dawdle(&seed);
        }
        CHECK_INT(pthread_kill(stopped, SIGUSR1), 0);
        go_on_meanwhile(3);
    }
    __atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
    pthread_join(stopped, NULL);
    CHECK_INT(mistakes, 0);
}

#endif

int main(void)
{
    read_operations();
#ifndef _WIN32
    alarm(900);
#endif
    use_own_allocator();
    if (PyType_Ready(&Slow_Type) != 0 || PyType_Ready(&Bad_Type) != 0) {
        return 1;
    }
    do_each(); /* what is made once */
    RUN(others_go_on_while_one_is_in_a_callback);
    RUN(others_go_on_while_one_is_stopped_at_any_instruction);
    return tap_end();
}

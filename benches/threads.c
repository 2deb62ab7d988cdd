/* How calls scale with threads: operations of all threads together in a second, as a multiple of what one thread does, of 1 to N threads
 * on N processors, and of twice as many. Prints a table for docs/performance.md.
 *
 * All counts of threads take turns, a slice of time each, in every round; a figure is the median of the rounds' ratios. Counts are
 * atomic throughout, also those of one thread, since the process has had others.
 */
#define _POSIX_C_SOURCE 200809L
#include <pybuffer/pybuffer.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_THREADS = 256, MOST_COUNTS = 16, ROUNDS = 21, SLICE_MS = 20, BATCH = 64 };

/* What a thread works on: objects that all threads share, or its own. */
typedef struct {
    PyObject *bytes, *view;
    Py_buffer matrix;
    Py_ssize_t shape[2], strides[2];
    float items[256], copy[256];
} Objects;

static void must(int holds)
{
    if (!holds) {
        fprintf(stderr, "%s\n", PyErr_Occurred() != NULL ? pybuffer_error_message() : "failed");
        exit(1);
    }
}

static void drop(PyObject *op)
{
    must(op != NULL);
    Py_DECREF(op);
}

static void get_buffer(Objects *on)
{
    Py_buffer view;
    must(PyObject_GetBuffer(on->bytes, &view, PyBUF_FULL_RO) == 0);
    PyBuffer_Release(&view);
}

static void get_buffer_of_view(Objects *on)
{
    Py_buffer view;
    must(PyObject_GetBuffer(on->view, &view, PyBUF_FULL_RO) == 0);
    PyBuffer_Release(&view);
}

static void make_view(Objects *on)
{
    drop(PyMemoryView_FromObject(on->bytes));
}

static void slice(Objects *on)
{
    static const pybuffer_subscript part[1] = {PYBUFFER_SLICE(1, 9, 2)};
    drop(pybuffer_memoryview_subscript(on->view, part, 1));
}

static void cast(Objects *on)
{
    drop(pybuffer_memoryview_cast(on->view, "i", 0, NULL, 'C'));
}

static void copy(Objects *on)
{
    must(PyBuffer_ToContiguous(on->copy, &on->matrix, sizeof(on->items), 'C') == 0);
}

static void parse(Objects *on)
{
    (void)on;
    drop(pybuffer_format_parse("T{<i:number:3d:place:}"));
}

static const struct {
    const char *name;
    void (*run)(Objects *on);
    int shared; /* also on objects that all threads share */
} calls[] = {
    {"GetBuffer + Release, bytes", get_buffer, 1},
    {"GetBuffer + Release, memoryview", get_buffer_of_view, 1},
    {"memoryview of bytes", make_view, 1},
    {"slice", slice, 1},
    {"cast", cast, 1},
    {"copy of 1 KB, transposed", copy, 0},
    {"parse a format", parse, 0},
};

static void make(Objects *on)
{
    on->bytes = PyBytes_FromStringAndSize(NULL, 64);
    must(on->bytes != NULL);
    memset(PyBytes_AsString(on->bytes), 1, 64);
    on->view = PyMemoryView_FromObject(on->bytes);
    must(on->view != NULL);
    on->shape[0] = on->shape[1] = 16;
    on->strides[0] = 4;
    on->strides[1] = 64;
    memset(on->items, 0, sizeof(on->items));
    on->matrix = (Py_buffer){.buf = on->items, .len = sizeof(on->items), .itemsize = 4, .ndim = 2, .format = (char *)"f",
                             .shape = on->shape, .strides = on->strides};
}

/* ---- threads ---------------------------------------------------------------------------------------------------- */

static Objects *shared, *own[MOST_THREADS];
static int begins, ends; /* atomic */

typedef struct {
    void (*run)(Objects *on);
    Objects *on;
    unsigned long done;
    char apart[128]; /* the counts of threads are not in one line of the cache */
} Worker;

static void *work(void *argument)
{
    Worker *worker = argument;
    unsigned long done = 0;
    while (!__atomic_load_n(&begins, __ATOMIC_ACQUIRE)) {
    }
    while (!__atomic_load_n(&ends, __ATOMIC_RELAXED)) {
        for (int i = 0; i < BATCH; i++) {
            worker->run(worker->on);
        }
        done += BATCH;
    }
    worker->done = done;
    return NULL;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Operations in a second of so many threads together. */
static double rate(void (*run)(Objects *), int threads, int on_shared)
{
    static Worker workers[MOST_THREADS];
    pthread_t all[MOST_THREADS];
    const struct timespec slice_of_time = {.tv_nsec = SLICE_MS * 1000000L};
    unsigned long done = 0;
    begins = ends = 0;
    for (int i = 0; i < threads; i++) {
        workers[i] = (Worker){.run = run, .on = on_shared ? shared : own[i]};
        must(pthread_create(&all[i], NULL, work, &workers[i]) == 0);
    }
    double start = now();
    __atomic_store_n(&begins, 1, __ATOMIC_RELEASE);
    nanosleep(&slice_of_time, NULL);
    __atomic_store_n(&ends, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < threads; i++) {
        pthread_join(all[i], NULL);
        done += workers[i].done;
    }
    return (double)done / (now() - start);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

int main(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int counts[MOST_COUNTS], n = 0;
    if (processors > MOST_THREADS / 2) {
        processors = MOST_THREADS / 2;
    }
    for (int threads = 1; threads < processors; threads *= 2) {
        counts[n++] = threads;
    }
    counts[n++] = (int)processors;
    counts[n++] = 2 * (int)processors;
    for (int i = 0; i < counts[n - 1]; i++) {
        own[i] = malloc(sizeof(Objects));
        must(own[i] != NULL);
        make(own[i]);
    }
    shared = own[0];
    printf("| call | objects | one thread |");
    for (int i = 1; i < n; i++) {
        printf(" %d threads%s |", counts[i], counts[i] > processors ? ", more than processors" : "");
    }
    printf("\n| --- | --- | ---: |");
    for (int i = 1; i < n; i++) {
        printf(" ---: |");
    }
    printf("\n");
    for (size_t call = 0; call < sizeof(calls) / sizeof(calls[0]); call++) {
        for (int on_shared = 0; on_shared <= calls[call].shared; on_shared++) {
            static double ratios[MOST_COUNTS][ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                double of_one = 1;
                for (int i = 0; i < n; i++) {
                    double operations = rate(calls[call].run, counts[i], on_shared);
                    of_one = i == 0 ? operations : of_one;
                    ratios[i][round] = i == 0 ? 1e9 / operations : operations / of_one;
                }
            }
            printf("| %s | %s | %.0f ns |", calls[call].name, on_shared ? "shared" : "own", median(ratios[0]));
            for (int i = 1; i < n; i++) {
                printf(" %.2f |", median(ratios[i]));
            }
            printf("\n");
            fflush(stdout);
        }
    }
    return 0;
}

/* Shared by the tests with threads: threads that start together, their checks, and pairs that meet. */
#ifndef THREADS_H
#define THREADS_H

#include "support.h"

#include <pthread.h>
#include <sched.h>

#define THREADS 8

static long operations = 1000000; /* of all threads together */

/* PYBUFFER_TEST_OPERATIONS is another number of them. */
static inline void read_operations(void)
{
    const char *wanted = getenv("PYBUFFER_TEST_OPERATIONS");
    if (wanted != NULL && atol(wanted) > 0) {
        operations = atol(wanted);
    }
}

/* ---- threads that start together ---------------------------------------------------------------------------- */

typedef struct {
    void (*body)(int thread, long times);
    int thread;
    long times;
} Task;

static int mistakes; /* atomic: the errors that threads have found */

/* A check that threads can make; the test looks at `mistakes` afterwards. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition) && __atomic_fetch_add(&mistakes, 1, __ATOMIC_RELAXED) < 10) {                                 \
            printf("# %s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                           \
        }                                                                                                              \
    } while (0)

static pthread_barrier_t together;

static inline void *run_task(void *argument)
{
    Task *task = argument;
    pthread_barrier_wait(&together);
    task->body(task->thread, task->times);
    EXPECT(PyErr_Occurred() == NULL);
    return NULL;
}

static inline void in_threads(int count, void (*body)(int, long), long times)
{
    pthread_t threads[THREADS];
    Task tasks[THREADS];
    mistakes = 0;
    pthread_barrier_init(&together, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        tasks[i] = (Task){body, i, times};
        if (pthread_create(&threads[i], NULL, run_task, &tasks[i]) != 0) {
            printf("Bail out! no thread\n");
            exit(1);
        }
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&together);
    CHECK_INT(mistakes, 0);
}

/* Both threads of a pair leave it at the same moment. */
static int arrived;

static inline void meet(long round)
{
    int target = (int)(2 * (round + 1));
    __atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
    for (int spins = 0; __atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < target; spins++) {
        if (spins > 1000) {
            sched_yield();
        }
    }
}

static inline unsigned next_random(unsigned *seed)
{
    return *seed = *seed * 1664525u + 1013904223u, *seed >> 16;
}

/* A little while, so that two threads meet in each other's every instruction sooner or later. */
static inline void dawdle(unsigned *seed)
{
    for (volatile unsigned left = next_random(seed) % 256; left > 0; left = left - 1) {
    }
}

#endif

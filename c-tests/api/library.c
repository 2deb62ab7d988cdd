/* The library: versions, the functions that are there for CPython's sake, and the key of hashes. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include "support.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void the_header_is_that_of_the_library(void)
{
    int major = -1, minor = -1, patch = -1;
    CHECK_STR(pybuffer_version(), PYBUFFER_VERSION);
    CHECK_INT(pybuffer_version_number(), PYBUFFER_VERSION_NUMBER);
    CHECK_INT(sscanf(pybuffer_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    CHECK_INT(pybuffer_version_number(), major * 1000000 + minor * 1000 + patch);
}

static void nothing_has_to_be_initialised(void)
{
    CHECK_INT(Py_IsInitialized(), 0);
    PyObject *bytes = PyBytes_FromString("made before");
    CHECK(bytes != NULL);
    Py_Initialize();
    CHECK_INT(Py_IsInitialized(), 1);
    Py_Initialize();
    CHECK_INT(Py_IsInitialized(), 1);
    CHECK_STR(PyBytes_AsString(bytes), "made before");
    Py_DECREF(bytes);
}

static void finalizing_leaves_objects_and_errors_as_they_are(void)
{
    PyObject *bytes = PyBytes_FromString("bytes"), *view = PyMemoryView_FromObject(bytes);
    Py_InitializeEx(0);
    PyErr_SetString(PyExc_ValueError, "pending");
    Py_Finalize();
    CHECK_INT(Py_IsInitialized(), 0);
    CHECK_MESSAGE(PyExc_ValueError, "pending");
    CHECK_INT(PyObject_Size(view), 5);
    CHECK_INT(Py_FinalizeEx(), 0);
    CHECK_INT(Py_FinalizeEx(), 0);
    CHECK_INT(Py_IsInitialized(), 0);
    Py_InitializeEx(1);
    CHECK_INT(Py_IsInitialized(), 1);
    CHECK_INT(Py_FinalizeEx(), 0);
    Py_DECREF(view);
    CHECK_STR(PyBytes_AsString(bytes), "bytes");
    Py_DECREF(bytes);
}

/* ---- the key of hashes --------------------------------------------------------------------------------------- */

static Py_hash_t hash_of(const char *text)
{
    PyObject *bytes = PyBytes_FromString(text);
    Py_hash_t hash = PyObject_Hash(bytes);
    Py_DECREF(bytes);
    return hash;
}

/* The result of a function in a process that has made no hash before; the environment has this seed, if it is not NULL. */
static Py_hash_t in_a_fresh_process(Py_hash_t (*function)(void), const char *seed)
{
    int ends[2], status = -1;
    Py_hash_t result = -1;
    fflush(stdout);
    CHECK_INT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        if (seed != NULL) {
            setenv("PYTHONHASHSEED", seed, 1);
        } else {
            unsetenv("PYTHONHASHSEED");
        }
        result = function();
        _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
    }
    close(ends[1]);
    CHECK_INT(read(ends[0], &result, sizeof(result)), sizeof(result));
    close(ends[0]);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    return result;
}

static Py_hash_t plain(void) { return hash_of("text"); }

static Py_hash_t with_zero_key(void) { return pybuffer_set_hash_key(0, 0) == 0 ? hash_of("text") : -1; }

static Py_hash_t with_some_key(void) { return pybuffer_set_hash_key(1, 2) == 0 ? hash_of("text") : -1; }

static Py_hash_t with_the_words_swapped(void) { return pybuffer_set_hash_key(2, 1) == 0 ? hash_of("text") : -1; }

static Py_hash_t with_the_last_of_several_keys(void)
{
    int done = pybuffer_set_hash_key(7, 8) == 0 && hash_of("") == 0 && pybuffer_set_hash_key(7, 9) == 0
        && pybuffer_set_hash_key(1, 2) == 0;
    return done ? hash_of("text") : -1;
}

/* 0 on success, otherwise the number of the failed check. */
static Py_hash_t with_a_key_that_is_too_late(void)
{
    Py_hash_t before = hash_of("text");
    if (pybuffer_set_hash_key(1, 2) != -1) return 1;
    if (PyErr_Occurred() != PyExc_RuntimeError) return 2;
    if (strcmp(pybuffer_error_message(), "a hash has been made with another key") != 0) return 3;
    PyErr_Clear();
    return hash_of("text") == before ? 0 : 4;
}

static Py_hash_t with_the_same_key_again(void)
{
    if (pybuffer_set_hash_key(1, 2) != 0) return 1;
    Py_hash_t before = hash_of("text");
    if (pybuffer_set_hash_key(1, 2) != 0) return 2;
    if (pybuffer_set_hash_key(1, 3) != -1) return 3;
    PyErr_Clear();
    return hash_of("text") == before ? 0 : 4;
}

static void the_key_that_is_set_counts(void)
{
    Py_hash_t seeded = in_a_fresh_process(plain, "0"), zero = in_a_fresh_process(with_zero_key, "123");
    Py_hash_t some = in_a_fresh_process(with_some_key, NULL);
    CHECK(seeded != -1 && some != -1 && some != zero);
    CHECK_INT(zero, seeded); /* which is CPython's: twins/hash.c */
    CHECK_INT(in_a_fresh_process(with_some_key, "0"), some);
    CHECK(in_a_fresh_process(with_the_words_swapped, NULL) != some);
    CHECK(in_a_fresh_process(plain, "123") != zero);
    CHECK_INT(in_a_fresh_process(with_the_last_of_several_keys, NULL), some);
}

static void a_key_stays_once_a_hash_is_made(void)
{
    CHECK_INT(in_a_fresh_process(with_a_key_that_is_too_late, NULL), 0);
    CHECK_INT(in_a_fresh_process(with_a_key_that_is_too_late, "5"), 0);
    CHECK_INT(in_a_fresh_process(with_the_same_key_again, "0"), 0);
}

enum { THREADS = 8, HASHES = 200 };

static pthread_barrier_t start;

/* Sets a key of its own and hashes; NULL where that is always the same. */
static void *set_and_hash(void *number)
{
    Py_hash_t first = -1;
    pthread_barrier_wait(&start);
    for (int i = 0; i < HASHES; i++) {
        int set = pybuffer_set_hash_key((uint64_t)(uintptr_t)number, 7);
        int right = set == 0 ? PyErr_Occurred() == NULL : PyErr_Occurred() == PyExc_RuntimeError;
        PyErr_Clear();
        Py_hash_t hash = hash_of("text");
        first = i == 0 ? hash : first;
        if (!right || hash != first) {
            return (void *)(intptr_t)-1;
        }
    }
    return (void *)(intptr_t)first;
}

/* 0 where all threads come to the same hash, that of a key which one of them set. */
static Py_hash_t with_many_threads(void)
{
    pthread_t threads[THREADS];
    void *hashes[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, set_and_hash, (void *)i);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &hashes[i]);
    }
    int taken = 0;
    for (uintptr_t i = 0; i < THREADS; i++) {
        if (hashes[i] != hashes[0] || hashes[i] == (void *)(intptr_t)-1) return 1;
        taken += pybuffer_set_hash_key(i, 7) == 0;
        PyErr_Clear();
    }
    return taken == 1 ? 0 : 2;
}

static void threads_agree_on_one_key(void)
{
    for (int i = 0; i < 20; i++) {
        CHECK_INT(in_a_fresh_process(with_many_threads, NULL), 0);
    }
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(the_header_is_that_of_the_library);
    RUN(nothing_has_to_be_initialised);
    RUN(finalizing_leaves_objects_and_errors_as_they_are);
    RUN(the_key_that_is_set_counts);
    RUN(a_key_stays_once_a_hash_is_made);
    RUN(threads_agree_on_one_key);
    return tap_end();
}

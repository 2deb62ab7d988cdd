/* NULL and nonsense arguments to every function of the header: an error, never a crash. A program for each family of functions.
 *
 * FUNCTIONS(F) of a program is the list of its functions, each with a test `null_NAME`; `complete.sh` compares all lists with the
 * header and with the library. What a hand-made struct contains is for hostile.c.
 */
#ifndef NULL_H
#define NULL_H

#define _GNU_SOURCE /* dladdr */
#include "support.h"

#ifndef _WIN32
#  include <dlfcn.h>
#endif
#include <limits.h>

/* The call gives the failure value, with an error of this type. */
#define FAILS(call, type) (CHECK_INT((call), -1), CHECK_ERROR(type))
#define FAILS_NULL(call, type) (CHECK_PTR((call), NULL), CHECK_ERROR(type))
/* The call says so in its own way, or has none; it just must come back. */
#define SURVIVES(call) ((void)(call), PyErr_Clear(), CHECK(PyErr_Occurred() == NULL))

/* The arguments of the tests; `plain` exports nothing. */
static PyObject *bytes, *bytearray, *memoryview, *plain;

#define NULL_NAME(function) puts(#function);
#define NULL_TEST(function) tap_run(null_##function, #function ": NULL and nonsense", 0);

/* --functions prints the list, --library the path of the library; otherwise the program runs its tests, and `more` of them. */
#define NULL_MAIN(...)                                                                                                 \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        char memory[4] = "abc";                                                                                        \
        if (argc > 1 && strcmp(argv[1], "--functions") == 0) {                                                         \
            FUNCTIONS(NULL_NAME)                                                                                       \
            return 0;                                                                                                  \
        }                                                                                                              \
        if (argc > 1 && strcmp(argv[1], "--library") == 0) {                                                           \
            puts(null_library());                                                                                      \
            return 0;                                                                                                  \
        }                                                                                                              \
        null_prepare(memory);                                                                                          \
        FUNCTIONS(NULL_TEST)                                                                                           \
        __VA_ARGS__                                                                                                    \
        return null_end();                                                                                             \
    }

static inline const char *null_library(void)
{
#ifdef _WIN32
    return "";
#else
    static Dl_info found;
    void *inside;
    memcpy(&inside, &PyMemoryView_Type.tp_dealloc, sizeof(inside));
    return dladdr(inside, &found) && found.dli_fname ? found.dli_fname : "";
#endif
}

static inline void null_prepare(char memory[4])
{
    bytes = PyBytes_FromString("some bytes");
    bytearray = PyByteArray_FromStringAndSize("bytearray", 9);
    memoryview = PyMemoryView_FromMemory(memory, 3, PyBUF_WRITE);
    plain = PyObject_New(PyObject, &PyBaseObject_Type);
    tap_after_each = nothing_is_left_pending;
}

static inline int null_end(void)
{
    Py_DECREF(plain);
    Py_DECREF(memoryview);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
    return tap_end();
}

#endif

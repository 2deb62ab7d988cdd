/* What every twin program shares.
 *
 * A twin program uses CPython's names only and is built with CPython's headers and CPython, with our header and our library,
 * and with CPython's headers and our library. Its standard output must be the same each time, so nothing here prints an
 * address, an exception's message, or the reference count of an immortal.
 *
 * TWIN_VERSION is the version of that CPython, as 0x030f02. Where an older one does something else than the newest, which
 * this library follows, a program leaves that out; docs/deviations.md lists it ("Versions of CPython").
 */
#ifndef TWIN_H
#define TWIN_H

#ifdef TWIN_PYTHON_H
#  define PY_SSIZE_T_CLEAN
#  include <Python.h>
/* Part of CPython 3.13's ABI, though its headers declare them no longer. */
int PyObject_CheckReadBuffer(PyObject *obj);
int PyObject_AsReadBuffer(PyObject *obj, const void **buffer, Py_ssize_t *buffer_len);
int PyObject_AsWriteBuffer(PyObject *obj, void **buffer, Py_ssize_t *buffer_len);
int PyObject_AsCharBuffer(PyObject *obj, const char **buffer, Py_ssize_t *buffer_len);
#else
#  include <pybuffer/pybuffer.h>
#endif

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWIN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Line by line, so that the output of a program that crashes ends where it crashed. */
static inline void twin_start(void)
{
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
}

static inline void twin_title(const char *title)
{
    printf("== %s\n", title);
}

/* ---- errors ------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    PyObject *type; /* borrowed */
} TwinException;

#define TWIN_EXCEPTIONS 13

/* The i-th exception type, every one before its bases. */
static inline TwinException twin_exception(int i)
{
    switch (i) {
    case 0: return (TwinException){"BufferError", PyExc_BufferError};
    case 1: return (TwinException){"ValueError", PyExc_ValueError};
    case 2: return (TwinException){"TypeError", PyExc_TypeError};
    case 3: return (TwinException){"IndexError", PyExc_IndexError};
    case 4: return (TwinException){"LookupError", PyExc_LookupError};
    case 5: return (TwinException){"OverflowError", PyExc_OverflowError};
    case 6: return (TwinException){"ArithmeticError", PyExc_ArithmeticError};
    case 7: return (TwinException){"MemoryError", PyExc_MemoryError};
    case 8: return (TwinException){"NotImplementedError", PyExc_NotImplementedError};
    case 9: return (TwinException){"RuntimeError", PyExc_RuntimeError};
    case 10: return (TwinException){"SystemError", PyExc_SystemError};
    case 11: return (TwinException){"Exception", PyExc_Exception};
    default: return (TwinException){"BaseException", PyExc_BaseException};
    }
}

/* The pending error's type, or "none"; it stays pending. */
static inline const char *twin_pending(void)
{
    if (PyErr_Occurred() == NULL) {
        return "none";
    }
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        TwinException e = twin_exception(i);
        if (PyErr_ExceptionMatches(e.type)) {
            return e.name;
        }
    }
    return "unknown";
}

/* The pending error's type, or "none"; nothing is pending afterwards. */
static inline const char *twin_error(void)
{
    const char *name = twin_pending();
    PyErr_Clear();
    return name;
}

/* ---- printing ----------------------------------------------------------------------------------------------- */

static inline void twin_print_hex(const void *memory, Py_ssize_t len)
{
    const unsigned char *p = memory;
    for (Py_ssize_t i = 0; i < len; i++) {
        printf("%02x", p[i]);
    }
}

/* FNV-1a: where the bytes themselves would be too long to print. */
static inline unsigned long long twin_digest(const void *memory, size_t len)
{
    const unsigned char *p = memory;
    unsigned long long h = 14695981039346656037ULL;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ p[i]) * 1099511628211ULL;
    }
    return h;
}

/* Short content as hex, long content as a digest. */
static inline void twin_print_content(const void *memory, Py_ssize_t len)
{
    if (len <= 64) {
        twin_print_hex(memory, len);
    } else {
        printf("#%016llx", twin_digest(memory, (size_t)len));
    }
}

static inline void twin_print_array(const char *name, const Py_ssize_t *array, int ndim)
{
    printf(" %s=", name);
    if (array == NULL) {
        printf("NULL");
        return;
    }
    printf("[");
    for (int i = 0; i < ndim; i++) {
        printf("%s%lld", i ? "," : "", (long long)array[i]);
    }
    printf("]");
}

/* All of a Py_buffer. `self` is the object that was asked; buf is printed as the distance from `base`, which must
 * lie in the same memory, or as NULL or not when `base` is NULL. */
static inline void twin_print_view(const Py_buffer *view, const PyObject *self, const void *base)
{
    printf("len=%lld itemsize=%lld ro=%d ndim=%d", (long long)view->len, (long long)view->itemsize, view->readonly,
           view->ndim);
    if (view->format == NULL) {
        printf(" format=NULL");
    } else {
        printf(" format='%s'", view->format);
    }
    twin_print_array("shape", view->shape, view->ndim);
    twin_print_array("strides", view->strides, view->ndim);
    twin_print_array("suboffsets", view->suboffsets, view->ndim);
    printf(" internal=%s obj=%s", view->internal ? "set" : "NULL",
           view->obj == NULL ? "NULL" : view->obj == self ? "self" : "other");
    if (base == NULL) {
        printf(" buf=%s", view->buf ? "set" : "NULL");
    } else {
        printf(" buf=%+lld", (long long)((const char *)view->buf - (const char *)base));
    }
}

/* ---- a deterministic PRNG (splitmix64) ---------------------------------------------------------------------- */

typedef struct {
    uint64_t state;
} TwinRandom;

static inline uint64_t twin_next(TwinRandom *r)
{
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* low <= result <= high */
static inline int twin_range(TwinRandom *r, int low, int high)
{
    return low + (int)(twin_next(r) % (uint64_t)(high - low + 1));
}

/* True once in n. */
static inline int twin_once_in(TwinRandom *r, int n)
{
    return twin_next(r) % (uint64_t)n == 0;
}

#endif

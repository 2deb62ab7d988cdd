/* What the parts of the benchmark program share. It is built with this library, and with CPython's header and library,
 * for what both have. */
#ifndef BENCH_H
#define BENCH_H

#ifdef BENCH_PYTHON_H
#  define PY_SSIZE_T_CLEAN
#  include <Python.h>
#  define OWN "CPython 3.13"
#else
#  include <pybuffer/pybuffer.h>
#  define OWN "libpybuffer"
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ZEROS is where `pattern` has zeros, and how many. */
enum { MEMORY = 1 << 28, ZEROS = 1 << 16, COLUMNS = 7, WORKLOADS = 256 };

/* What is timed: `run` does the work `count` times. */
struct column {
    const char *name;
    void (*run)(long count);
};

struct workload {
    const char *name;
    /* Prepares memory for the columns, and checks the output of each. 0 where this program cannot do the work. */
    int (*prepare)(const void *data);
    const void *data;
    /* How many items one call handles, where the time of one is wanted. */
    double items;
    /* For a copy: item size, start, shape and strides, for the programs that are not in C. */
    const char *layout;
    struct column columns[COLUMNS];
};

/* MEMORY bytes each, in large pages as NumPy asks for them, and touched: what is read and what is written. */
extern char *memory, *target;

/* MEMORY bytes each, in a file that all programs of a run share: what `memory` starts as, and what a copy should give.
 * Programs with this library write both, all of them the same, before the others look. */
extern char *pattern, *expected;

/* Makes all that memory; the argument is the file. */
void share(const char *path);

/* The workloads that the program knows. */
extern struct workload workloads[WORKLOADS];
extern int nworkloads;

/* A new one, with one column of its own unless `run` is NULL; `column` adds others. */
struct workload *add(const char *name, int (*prepare)(const void *), const void *data, double items, void (*run)(long));
void column(struct workload *workload, const char *name, void (*run)(long));

static inline void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench, " OWN ": %s\n", what);
        exit(1);
    }
}

/* Defines a function that does `...` as often as it is told to. */
#define WORK(name, ...) \
    static void name(long count) { while (count-- > 0) { __VA_ARGS__ } }

/* Makes an object and frees it. */
#define MAKE(...) \
    PyObject *made = __VA_ARGS__; \
    must(made != NULL, "no object"); \
    Py_DECREF(made);

#endif

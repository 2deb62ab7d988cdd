/*
 * Times strided copies beside memcpy of as many bytes, in turns in one process. Prints a line for each workload and
 * direction: its name, the microseconds of memcpy and of the copy (medians), and their ratio: 1.00 is memcpy's speed.
 * With CPython's header it times CPython. An argument picks the workloads whose names have it in them. With LIST=1 it prints
 * the workloads instead: name, item size, start, shape, strides and directions, for a peer that does the same.
 *
 * Every copy is checked once, in both directions, against a loop over all items.
 */
#define _POSIX_C_SOURCE 200809L

#ifdef BENCH_PYTHON_H
#  define PY_SSIZE_T_CLEAN
#  include <Python.h>
#else
#  include <pybuffer/pybuffer.h>
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "timing.h"

enum { ROUNDS = 15, AXES = 64 };

static char *memory, *target;
static size_t memory_size;
static Py_ssize_t shape[AXES], strides[AXES];
static Py_buffer view;
static const char *wanted = "";

static void do_memcpy(void) { memcpy(target, memory, (size_t)view.len); }
static void do_gather(void) { must(PyBuffer_ToContiguous(target, &view, view.len, 'C') == 0, "ToContiguous"); }
static void do_scatter(void) { must(PyBuffer_FromContiguous(&view, target, view.len, 'C') == 0, "FromContiguous"); }

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The nanoseconds of one of `count` calls. */
static double took(void (*call)(void), long count)
{
    double start = now();
    for (long i = 0; i < count; i++) {
        call();
    }
    return (now() - start) / (double)count;
}

static void compare(const char *name, const char *direction, void (*call)(void))
{
    double plain[ROUNDS], copy[ROUNDS];
    long plain_count, copy_count;
    int rounds = getenv("QUICK") ? 7 : ROUNDS;

    /* Touches everything; then as many calls as take 2 ms. */
    do_memcpy();
    call();
    plain_count = (long)(2e6 / (took(do_memcpy, 1) + 1)) + 1;
    copy_count = (long)(2e6 / (took(call, 1) + 1)) + 1;
    for (int round = 0; round < rounds; round++) {
        plain[round] = took(do_memcpy, plain_count);
        copy[round] = took(call, copy_count);
    }
    qsort(plain, (size_t)rounds, sizeof *plain, by_value);
    qsort(copy, (size_t)rounds, sizeof *copy, by_value);
    printf("%s, %s\t%.3f\t%.3f\t%.2f\n", name, direction, plain[rounds / 2] / 1e3, copy[rounds / 2] / 1e3,
           plain[rounds / 2] / copy[rounds / 2]);
    fflush(stdout);
}

/* Compares every item of the view with the contiguous items. */
static void check(void)
{
    Py_ssize_t index[AXES] = {0};
    char *item = view.buf;

    for (Py_ssize_t at = 0; at < view.len; at += view.itemsize) {
        must(memcmp(item, target + at, (size_t)view.itemsize) == 0, "a copy differs from the loop over all items");
        for (int axis = view.ndim - 1; axis >= 0; axis--) {
            item += strides[axis];
            if (++index[axis] < shape[axis]) {
                break;
            }
            item -= shape[axis] * strides[axis];
            index[axis] = 0;
        }
    }
}

static void fill(char *to, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (char)((i + seed) * 2654435761U >> 13);
    }
}

/* A view with these axes; `start` is where index 0 of every axis lies. */
static void workload(const char *name, Py_ssize_t itemsize, int ndim, Py_ssize_t start, int writable)
{
    if (!strstr(name, wanted)) {
        return;
    }
    if (getenv("LIST")) {
        printf("%s\t%ld\t%ld\t", name, (long)itemsize, (long)start);
        for (int axis = 0; axis < ndim; axis++) {
            printf("%s%ld", axis ? "," : "", (long)shape[axis]);
        }
        printf("\t");
        for (int axis = 0; axis < ndim; axis++) {
            printf("%s%ld", axis ? "," : "", (long)strides[axis]);
        }
        printf("\t%s\n", writable ? "to from" : "to");
        return;
    }
    view = (Py_buffer){.buf = memory + start, .len = itemsize, .itemsize = itemsize, .ndim = ndim, .shape = shape,
                       .strides = strides, .format = NULL};
    for (int axis = 0; axis < ndim; axis++) {
        view.len *= shape[axis];
    }
    do_gather();
    check();
    compare(name, "to", do_gather);
    if (writable) {
        fill(target, (size_t)view.len, 7);
        do_scatter();
        check();
        compare(name, "from", do_scatter);
    }
}

static void axis(int at, Py_ssize_t len, Py_ssize_t stride)
{
    shape[at] = len;
    strides[at] = stride;
}

static void transpose(const char *type, Py_ssize_t size, Py_ssize_t side)
{
    char name[64];
    snprintf(name, sizeof name, "transpose %s %ldx%ld", type, (long)side, (long)side);
    axis(0, side, size);
    axis(1, side, side * size);
    workload(name, size, 2, 0, 1);
}

/* The axes of C-contiguous memory of the shape `lens`, in the order `order`. */
static void permuted(const char *name, Py_ssize_t size, int ndim, const Py_ssize_t *lens, const int *order)
{
    Py_ssize_t own[AXES], step = size;
    for (int at = ndim - 1; at >= 0; at--) {
        own[at] = step;
        step *= lens[at];
    }
    for (int at = 0; at < ndim; at++) {
        axis(at, lens[order[at]], own[order[at]]);
    }
    workload(name, size, ndim, 0, 1);
}

#define PERMUTED(name, size, ndim, lens, ...) \
    permuted(name, size, ndim, (const Py_ssize_t[])lens, (const int[]){__VA_ARGS__})
#define L(...) {__VA_ARGS__}

static void lines(void)
{
    static const struct { const char *name; Py_ssize_t size; } types[] = {{"u8", 1}, {"u16", 2}, {"f32", 4}, {"f64", 8}};
    for (int type = 0; type < 4; type++) {
        Py_ssize_t size = types[type].size, items = (1 << 24) / size;
        for (int step = 2; step <= 4; step++) {
            char name[64];
            snprintf(name, sizeof name, "1-D stride %d %s", step == 4 ? -1 : step, types[type].name);
            axis(0, items, step == 4 ? -size : step * size);
            workload(name, size, 1, step == 4 ? (items - 1) * size : 0, 1);
        }
    }
}

static void pictures(void)
{
    const Py_ssize_t rows = 1080, columns = 1920;

    axis(0, 3, 1); axis(1, rows, columns * 3); axis(2, columns, 3);
    workload("1080p RGB u8 to planes", 1, 3, 0, 1);
    axis(0, rows, columns); axis(1, columns, 1); axis(2, 3, rows * columns);
    workload("1080p planes u8 to RGB", 1, 3, 0, 1);
    axis(0, rows, columns * 3); axis(1, columns, 3); axis(2, 3, -1);
    workload("1080p BGR to RGB", 1, 3, 2, 1);
    axis(0, rows, -columns * 3); axis(1, columns, 3); axis(2, 3, 1);
    workload("1080p RGB upside down", 1, 3, (rows - 1) * columns * 3, 1);
    axis(0, rows, columns * 3); axis(1, columns, -3); axis(2, 3, 1);
    workload("1080p RGB mirrored", 1, 3, (columns - 1) * 3, 1);
    axis(0, rows, columns * 4); axis(1, columns, 4); axis(2, 3, 1);
    workload("1080p RGBA to RGB", 1, 3, 0, 1);
    axis(0, 800, columns * 3); axis(1, 1000, 3); axis(2, 3, 1);
    workload("1080p RGB cropped", 1, 3, 51 * 3, 1);
    axis(0, columns, -3); axis(1, rows, columns * 3); axis(2, 3, 1);
    workload("1080p RGB rotated by 90", 1, 3, (columns - 1) * 3, 1);
    axis(0, 3, 4); axis(1, rows, columns * 12); axis(2, columns, 12);
    workload("1080p RGB f32 to planes", 4, 3, 0, 1);
    axis(0, rows, columns * 4); axis(1, columns, 4); axis(2, 3, rows * columns * 4);
    workload("1080p planes f32 to RGB", 4, 3, 0, 1);
}

static void many_axes(void)
{
    Py_ssize_t lens[AXES];
    int order[AXES];
    static const int mixed[20] = {13, 4, 17, 0, 9, 19, 6, 2, 11, 15, 8, 1, 18, 5, 12, 3, 16, 7, 14, 10};

    for (int at = 0; at < 20; at++) {
        lens[at] = 2;
        order[at] = 19 - at;
    }
    permuted("20 dimensions of 2 reversed", 4, 20, lens, order);
    permuted("20 dimensions of 2 shuffled", 4, 20, lens, mixed);
    for (int at = 0; at < AXES; at++) {
        lens[at] = at % 16 == 7 ? 64 : 1;
        order[at] = AXES - 1 - at;
    }
    lens[7] = 16;
    permuted("64 dimensions, mostly 1", 4, AXES, lens, order);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; Py_ssize_t size; } types[] = {
        {"u8", 1}, {"u16", 2}, {"f32", 4}, {"f64", 8}, {"16-byte", 16}, {"3-byte", 3}, {"12-byte", 12}};

    wanted = argc > 1 ? argv[1] : "";
    memory_size = (size_t)1 << 28;
    memory = malloc(memory_size);
    target = malloc(memory_size);
    must(memory != NULL && target != NULL, "no memory");
    fill(memory, memory_size, 0);
    memset(target, 1, memory_size);
    Py_Initialize();

    transpose("f32", 4, 64);
    for (int type = 0; type < 7; type++) {
        transpose(types[type].name, types[type].size, 512);
    }
    transpose("f32", 4, 1000);
    transpose("f32", 4, 1001);
    for (int type = 0; type < 5; type++) {
        transpose(types[type].name, types[type].size, type < 4 ? 4096 : 2048);
    }
    transpose("3-byte", 3, 2048);
    transpose("12-byte", 12, 2048);
    PERMUTED("3-D f32 (0,2,1)", 4, 3, L(256, 256, 256), 0, 2, 1);
    PERMUTED("3-D f32 (2,1,0)", 4, 3, L(256, 256, 256), 2, 1, 0);
    PERMUTED("3-D f32 (1,2,0)", 4, 3, L(256, 256, 256), 1, 2, 0);
    PERMUTED("NCHW to NHWC f32", 4, 4, L(8, 64, 112, 112), 0, 2, 3, 1);
    PERMUTED("NHWC to NCHW f32", 4, 4, L(8, 112, 112, 64), 0, 3, 1, 2);
    PERMUTED("six odd dimensions f32", 4, 6, L(13, 17, 11, 19, 23, 15), 3, 5, 0, 2, 4, 1);
    pictures();
    lines();
    axis(0, 1 << 24, 0);
    workload("fill, f32, 64 MB", 4, 1, 0, 0);
    axis(0, 4096, 0); axis(1, 4096, 4);
    workload("row broadcast, f32, 64 MB", 4, 2, 0, 0);
    axis(0, 1 << 24, 4);
    workload("contiguous 64 MB", 4, 1, 0, 1);
    axis(0, 1 << 16, 4);
    workload("contiguous 256 KB", 4, 1, 0, 1);
    many_axes();
    axis(0, 4, 4); axis(1, 4, 16);
    workload("small: 4x4 f32 transposed", 4, 2, 0, 1);
    axis(0, 16, 8);
    workload("small: 16 f64", 8, 1, 0, 1);
    axis(0, 64, -1);
    workload("small: 64 bytes reversed", 1, 1, 63, 1);
    axis(0, 4, 64); axis(1, 4, 4);
    workload("small: 4x4 crop", 4, 2, 0, 1);
    Py_Finalize();
    return 0;
}

/*
 * Times calls and copies. The same program is built with CPython and with this library (benches/run.sh), so it uses
 * CPython's names only. Prints a line for each workload: its name and the nanoseconds that one call takes.
 *
 * Every copy is checked once against a loop over all items before it is timed.
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

static PyObject *bytes, *bytearray, *view;
static Py_buffer strided, contiguous_3d;
static Py_ssize_t strides_3d[3], shape_3d[3] = {4, 5, 6};
static char *target;

static void get_and_release(PyObject *exporter)
{
    Py_buffer buffer;
    must(PyObject_GetBuffer(exporter, &buffer, PyBUF_FULL_RO) == 0, "GetBuffer");
    PyBuffer_Release(&buffer);
}

static void get_bytes(void) { get_and_release(bytes); }
static void get_bytearray(void) { get_and_release(bytearray); }
static void get_memoryview(void) { get_and_release(view); }

static void view_of_bytes(void) { PyObject *made = PyMemoryView_FromObject(bytes); Py_DECREF(made); }
static void view_of_view(void) { PyObject *made = PyMemoryView_FromObject(view); Py_DECREF(made); }
static void new_bytes(void) { PyObject *made = PyBytes_FromStringAndSize("0123456789", 10); Py_DECREF(made); }

static void fill_info(void)
{
    Py_buffer buffer;
    must(PyBuffer_FillInfo(&buffer, NULL, target, 64, 0, PyBUF_FULL_RO) == 0, "FillInfo");
}

static volatile int sink;
static void is_contiguous_3d(void) { sink = PyBuffer_IsContiguous(&contiguous_3d, 'C'); }
static void error_and_clear(void) { PyErr_SetString(PyExc_ValueError, "a message"); PyErr_Clear(); }
static void size_b(void) { sink = (int)PyBuffer_SizeFromFormat("B"); }
static void size_record(void) { sink = (int)PyBuffer_SizeFromFormat("<i4x2d"); }
static void copy(void)
{
    must(PyBuffer_ToContiguous(target, &strided, strided.len, 'C') == 0, "ToContiguous");
}
static void copy_back(void)
{
    must(PyBuffer_FromContiguous(&strided, target, strided.len, 'C') == 0, "FromContiguous");
}
static void compare(void) { sink = PyObject_RichCompareBool(view, bytearray, Py_EQ); }

/* What ToContiguous must give: every item, in index order. */
static void check_copy(void)
{
    Py_ssize_t index[8] = {0}, at = 0;

    copy();
    for (; at < strided.len; at += strided.itemsize) {
        char *item = strided.buf;
        for (int axis = 0; axis < strided.ndim; axis++) {
            item += index[axis] * strided.strides[axis];
        }
        must(memcmp(item, target + at, (size_t)strided.itemsize) == 0, "a copy differs from the loop over all items");
        for (int axis = strided.ndim - 1; axis >= 0 && ++index[axis] == strided.shape[axis]; axis--) {
            index[axis] = 0;
        }
    }
}

/* A copy of `ndim` axes; `start` is where index 0 of every axis lies. */
static void report_copy(const char *name, char *memory, Py_ssize_t start, Py_ssize_t itemsize, int ndim,
                        Py_ssize_t *shape, Py_ssize_t *strides)
{
    char back[64];

    strided = (Py_buffer){.buf = memory + start, .len = itemsize, .itemsize = itemsize, .ndim = ndim,
                          .shape = shape, .strides = strides};
    for (int axis = 0; axis < ndim; axis++) {
        strided.len *= shape[axis];
    }
    check_copy();
    report(name, copy);
    snprintf(back, sizeof back, "%s, back", name);
    report(back, copy_back);
}

int main(void)
{
    enum { SIZE = 1 << 24 };
    char *memory = malloc(SIZE);
    Py_ssize_t image[3] = {1080, 1920, 3}, planes[3] = {3, 1080, 1920}, square[2] = {512, 512}, small[2] = {4, 4};

    Py_Initialize();
    target = malloc(SIZE);
    must(memory != NULL && target != NULL, "no memory");
    for (long i = 0; i < SIZE; i++) {
        memory[i] = (char)(i * 2654435761U >> 13);
    }
    bytes = PyBytes_FromStringAndSize(memory, 1000000);
    bytearray = PyByteArray_FromStringAndSize(memory, 1000000);
    view = PyMemoryView_FromObject(bytes);
    must(bytes != NULL && bytearray != NULL && view != NULL, "no objects");
    PyBuffer_FillContiguousStrides(3, shape_3d, strides_3d, 8, 'C');
    contiguous_3d = (Py_buffer){.buf = memory, .len = 960, .itemsize = 8, .ndim = 3, .shape = shape_3d,
                                .strides = strides_3d};

    report("GetBuffer and Release, bytes", get_bytes);
    report("GetBuffer and Release, bytearray", get_bytearray);
    report("GetBuffer and Release, memoryview", get_memoryview);
    report("FillInfo", fill_info);
    report("IsContiguous, 3-D", is_contiguous_3d);
    report("memoryview of bytes, made and freed", view_of_bytes);
    report("memoryview of a memoryview", view_of_view);
    report("bytes of 10, made and freed", new_bytes);
    report("an error set and cleared", error_and_clear);
    report("SizeFromFormat 'B'", size_b);
    report("SizeFromFormat '<i4x2d'", size_record);
    report("== of 1,000,000 bytes", compare);

    report_copy("copy 4x4 f32 transposed", memory, 0, 4, 2, small, (Py_ssize_t[]){4, 16});
    report_copy("copy 512x512 f32 transposed", memory, 0, 4, 2, square, (Py_ssize_t[]){4, 2048});
    report_copy("copy 512x512 u8 transposed", memory, 0, 1, 2, square, (Py_ssize_t[]){1, 512});
    report_copy("copy 1080p RGB upside down", memory, 1079 * 5760, 1, 3, image, (Py_ssize_t[]){-5760, 3, 1});
    report_copy("copy 1080p RGB mirrored", memory, 1919 * 3, 1, 3, image, (Py_ssize_t[]){5760, -3, 1});
    report_copy("copy 1080p RGB to planes", memory, 0, 1, 3, planes, (Py_ssize_t[]){1, 5760, 3});

    Py_DECREF(view);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
    free(target);
    free(memory);
    Py_Finalize();
    return 0;
}

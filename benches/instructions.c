/* The calls whose instructions are counted (instructions.py says how). Built with this library, and with CPython's header and
 * library, for what both have.
 *
 * Prints a line for each call, and runs it FEW and then MANY times in `measured`, the one function that is counted. With an
 * argument there is a second thread, which sleeps. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "bench.h"

#include <pthread.h>
#include <unistd.h>

enum { BYTES = 960, FEW = 10, MANY = 110 };

static PyObject *bytes, *bytearray, *view, *matrix;

#define GET_AND_RELEASE(exporter) \
    Py_buffer buffer; \
    must(PyObject_GetBuffer(exporter, &buffer, PyBUF_FULL_RO) == 0 && buffer.len == BYTES, "GetBuffer"); \
    PyBuffer_Release(&buffer);

/* The compiler must not drop a call that another one undoes. */
WORK(count_reference, Py_INCREF(bytes); __asm__ volatile("" ::: "memory"); Py_DECREF(bytes);)
WORK(get_bytes, GET_AND_RELEASE(bytes))
WORK(get_bytearray, GET_AND_RELEASE(bytearray))
WORK(get_memoryview, GET_AND_RELEASE(view))
WORK(view_of_bytes, MAKE(PyMemoryView_FromObject(bytes)))
WORK(view_of_bytearray, MAKE(PyMemoryView_FromObject(bytearray)))
WORK(view_of_view, MAKE(PyMemoryView_FromObject(view)))
WORK(view_of_matrix, MAKE(PyMemoryView_FromObject(matrix)))

#ifdef BENCH_PYTHON_H
static PyObject *slice, *format, *cast_name, *readonly_name, *cast_arguments[3];

WORK(slice_view, MAKE(PyObject_GetItem(view, slice)))
WORK(cast_view, MAKE(PyObject_CallMethodOneArg(view, cast_name, format)))
WORK(cast_to_matrix, MAKE(PyObject_VectorcallMethod(cast_name, cast_arguments, 3, NULL)))
WORK(readonly_view, MAKE(PyObject_CallMethodNoArgs(view, readonly_name)))
#else
static const pybuffer_subscript slice[] = {PYBUFFER_SLICE(100, 900, 2)}, row[] = {PYBUFFER_AT(3)};
static const pybuffer_subscript third[] = {PYBUFFER_ALL, PYBUFFER_AT(3)};
static const Py_ssize_t shape[] = {10, 24}, bytes_shape[] = {10, 96};

WORK(slice_view, MAKE(pybuffer_memoryview_subscript(view, slice, 1)))
WORK(cast_view, MAKE(pybuffer_memoryview_cast(view, "i", 1, NULL, 'C')))
WORK(cast_to_matrix, MAKE(pybuffer_memoryview_cast(view, "i", 2, shape, 'C')))
WORK(readonly_view, MAKE(pybuffer_memoryview_toreadonly(view)))
WORK(row_of_matrix, MAKE(pybuffer_memoryview_subscript(matrix, row, 1)))
WORK(column_of_matrix, MAKE(pybuffer_memoryview_subscript(matrix, third, 2)))
WORK(flip_view, MAKE(pybuffer_memoryview_flip(view, 0)))
WORK(flip_matrix, MAKE(pybuffer_memoryview_flip(matrix, 1)))
WORK(transpose_matrix, MAKE(pybuffer_memoryview_permute(matrix, NULL, 0)))
WORK(reshape_view, MAKE(pybuffer_memoryview_reshape(view, 2, bytes_shape, 'C')))
#endif

static const struct { const char *name; void (*run)(long); } calls[] = {
    {"Py_INCREF + Py_DECREF", count_reference},
    {"GetBuffer + Release, bytes", get_bytes},
    {"GetBuffer + Release, bytearray", get_bytearray},
    {"GetBuffer + Release, memoryview", get_memoryview},
    {"memoryview of bytes", view_of_bytes},
    {"memoryview of a bytearray", view_of_bytearray},
    {"memoryview of a memoryview", view_of_view},
    {"the same of two axes", view_of_matrix},
    {"slice", slice_view},
    {"cast", cast_view},
    {"cast to two axes", cast_to_matrix},
    {"toreadonly", readonly_view},
#ifndef BENCH_PYTHON_H
    {"row of a matrix", row_of_matrix},
    {"column of a matrix", column_of_matrix},
    {"flip, one axis", flip_view},
    {"flip, two axes", flip_matrix},
    {"permute, two axes", transpose_matrix},
    {"reshape to two axes", reshape_view},
#endif
};

static void prepare(void)
{
    static char zeros[BYTES];

#ifdef BENCH_PYTHON_H
    Py_Initialize();
#endif
    bytes = PyBytes_FromStringAndSize(zeros, BYTES);
    bytearray = PyByteArray_FromStringAndSize(zeros, BYTES);
    view = PyMemoryView_FromObject(bytes);
    must(bytes != NULL && bytearray != NULL && view != NULL, "no objects");
#ifdef BENCH_PYTHON_H
    slice = PySlice_New(PyLong_FromLong(100), PyLong_FromLong(900), PyLong_FromLong(2));
    format = PyUnicode_FromString("i");
    cast_name = PyUnicode_InternFromString("cast");
    readonly_name = PyUnicode_InternFromString("toreadonly");
    cast_arguments[0] = view;
    cast_arguments[1] = format;
    cast_arguments[2] = Py_BuildValue("[ii]", 10, 24);
    must(slice != NULL && format != NULL && cast_arguments[2] != NULL, "no arguments");
    matrix = PyObject_VectorcallMethod(cast_name, cast_arguments, 3, NULL);
#else
    matrix = pybuffer_memoryview_cast(view, "i", 2, shape, 'C');
#endif
    must(matrix != NULL, "no matrix");
}

static void *asleep(void *nothing)
{
    pause();
    return nothing;
}

void measured(void (*run)(long), long times);

__attribute__((noinline)) void measured(void (*run)(long), long times)
{
    run(times);
    __asm__ volatile("");
}

int main(int argc, char **argv)
{
    pthread_t thread;

    (void)argv;
    prepare();
    must(argc == 1 || pthread_create(&thread, NULL, asleep, NULL) == 0, "no thread");
    for (size_t at = 0; at < sizeof calls / sizeof *calls; at++) {
        printf("%s\n", calls[at].name);
        fflush(stdout);
        calls[at].run(FEW); /* Warm up: some things are made once. */
        measured(calls[at].run, FEW);
        measured(calls[at].run, MANY);
    }
    _exit(0);
}

/* Calls that take nanoseconds: requests, memoryviews, small copies between them, formats, errors. */
#define _POSIX_C_SOURCE 200809L

#include "calls.h"

enum { BYTES = 1000 };

static PyObject *bytes, *bytearray, *bytes_view, *doubles, *doubles_copy, *turned, *turned_copy;
static Py_buffer lines, cube;
static volatile Py_ssize_t sink;

#define GET_AND_RELEASE(exporter) \
    Py_buffer buffer; \
    must(PyObject_GetBuffer(exporter, &buffer, PyBUF_FULL_RO) == 0 && buffer.len == BYTES, "GetBuffer"); \
    PyBuffer_Release(&buffer);

WORK(get_bytes, GET_AND_RELEASE(bytes))
WORK(get_bytearray, GET_AND_RELEASE(bytearray))
WORK(get_memoryview, GET_AND_RELEASE(bytes_view))
WORK(fill_info, Py_buffer buffer;
     must(PyBuffer_FillInfo(&buffer, NULL, memory, BYTES, 0, PyBUF_FULL_RO) == 0 && buffer.len == BYTES, "FillInfo");)
WORK(is_contiguous_line, must(PyBuffer_IsContiguous(&lines, 'C') == 1, "IsContiguous");)
WORK(is_contiguous_cube, must(PyBuffer_IsContiguous(&cube, 'C') == 1, "IsContiguous");)
WORK(view_of_bytes, MAKE(PyMemoryView_FromObject(bytes)))
WORK(view_of_view, MAKE(PyMemoryView_FromObject(bytes_view)))
WORK(ten_bytes, MAKE(PyBytes_FromStringAndSize("0123456789", 10)))
WORK(copy_doubles, must(PyObject_CopyData(doubles_copy, doubles) == 0, "CopyData");)
WORK(copy_turned, must(PyObject_CopyData(turned_copy, turned) == 0, "CopyData");)
WORK(error, PyErr_SetString(PyExc_ValueError, "a message"); PyErr_Clear();)
WORK(size_byte, sink = PyBuffer_SizeFromFormat("B");)
WORK(size_record, sink = PyBuffer_SizeFromFormat("<i4x2d");)

#ifdef BENCH_PYTHON_H
static PyObject *slice, *cast_name, *format;

WORK(slice_view, MAKE(PyObject_GetItem(bytes_view, slice)))
WORK(cast_view, MAKE(PyObject_CallMethodOneArg(bytes_view, cast_name, format)))
#else
static const pybuffer_subscript slice[1] = {PYBUFFER_SLICE(100, 900, 2)};

WORK(slice_view, MAKE(pybuffer_memoryview_subscript(bytes_view, slice, 1)))
WORK(cast_view, MAKE(pybuffer_memoryview_cast(bytes_view, "i", 1, NULL, 'C')))
WORK(size_named, sink = PyBuffer_SizeFromFormat("T{<i:x:<d:y:}");)
WORK(parse_named, MAKE(pybuffer_format_parse("T{<i:x:<d:y:}")))
#endif

/* A view of numbers, writable; the first axis has the smaller stride where they are transposed. */
static PyObject *view_of(char *items, const char *format, Py_ssize_t itemsize, int ndim, Py_ssize_t len, int transposed)
{
    Py_ssize_t shape[2] = {len, len}, strides[2] = {itemsize * (transposed || ndim == 1 ? 1 : len), itemsize};
    Py_buffer info = {.buf = items, .len = itemsize * len * (ndim == 2 ? len : 1), .itemsize = itemsize, .ndim = ndim,
                      .format = (char *)format, .shape = shape, .strides = strides};
    strides[1] *= transposed ? len : 1;
    PyObject *view = PyMemoryView_FromBuffer(&info);
    must(view != NULL, "no view");
    return view;
}

static int prepare_small(const void *data)
{
    (void)data;
    if (doubles == NULL) {
        doubles = view_of(memory, "d", 8, 1, 16, 0);
        doubles_copy = view_of(target, "d", 8, 1, 16, 0);
        turned = view_of(memory, "f", 4, 2, 4, 1);
        turned_copy = view_of(target, "f", 4, 2, 4, 0);
    }
    memcpy(memory, pattern, 128);
    copy_doubles(1);
    must(memcmp(target, memory, 128) == 0, "CopyData");
    copy_turned(1);
    for (int i = 0; i < 16; i++) {
        must(memcmp(target + 4 * i, memory + 4 * (i % 4 * 4 + i / 4), 4) == 0, "CopyData");
    }
    return 1;
}

static int prepare(const void *data)
{
    static Py_ssize_t count = BYTES, one = 1, shape[3] = {4, 5, 6}, strides[3];

    (void)data;
    if (bytes != NULL) {
        return 1;
    }
    bytes = PyBytes_FromStringAndSize(pattern, BYTES);
    bytearray = PyByteArray_FromStringAndSize(pattern, BYTES);
    bytes_view = PyMemoryView_FromObject(bytes);
    must(bytes != NULL && bytearray != NULL && bytes_view != NULL, "no objects");
    lines = (Py_buffer){.buf = memory, .len = BYTES, .itemsize = 1, .ndim = 1, .shape = &count, .strides = &one};
    PyBuffer_FillContiguousStrides(3, shape, strides, 8, 'C');
    cube = (Py_buffer){.buf = memory, .len = 960, .itemsize = 8, .ndim = 3, .shape = shape, .strides = strides};
    must(PyBuffer_SizeFromFormat("B") == 1 && PyBuffer_SizeFromFormat("<i4x2d") == 24, "SizeFromFormat");
#ifdef BENCH_PYTHON_H
    slice = PySlice_New(PyLong_FromLong(100), PyLong_FromLong(900), PyLong_FromLong(2));
    cast_name = PyUnicode_InternFromString("cast");
    format = PyUnicode_FromString("i");
    must(slice != NULL && cast_name != NULL && format != NULL, "no arguments");
#else
    must(PyBuffer_SizeFromFormat("T{<i:x:<d:y:}") == 12, "SizeFromFormat");
#endif
    return 1;
}

void add_calls(void)
{
    static const struct { const char *name; void (*run)(long); } calls[] = {
        {"GetBuffer + Release, bytes", get_bytes},
        {"GetBuffer + Release, bytearray", get_bytearray},
        {"GetBuffer + Release, memoryview", get_memoryview},
        {"FillInfo", fill_info},
        {"IsContiguous 1-D", is_contiguous_line},
        {"IsContiguous 3-D", is_contiguous_cube},
        {"memoryview from bytes, create + free", view_of_bytes},
        {"memoryview from memoryview, create + free", view_of_view},
        {"memoryview slice", slice_view},
        {"memoryview cast", cast_view},
        {"bytes of 10, create + free", ten_bytes},
        {"error, set + clear", error},
        {"SizeFromFormat `B`", size_byte},
        {"SizeFromFormat `<i4x2d`", size_record},
#ifndef BENCH_PYTHON_H
        {"SizeFromFormat `T{<i:x:<d:y:}`", size_named},
        {"parse `T{<i:x:<d:y:}`", parse_named},
#endif
    };
    add("CopyData, 16 x f64", prepare_small, NULL, 1, copy_doubles);
    add("CopyData, 4x4 f32 transposed", prepare_small, NULL, 1, copy_turned);
    for (size_t at = 0; at < sizeof calls / sizeof *calls; at++) {
        add(calls[at].name, prepare, NULL, 1, calls[at].run);
    }
}

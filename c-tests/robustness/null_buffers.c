/* NULL and nonsense to the functions of buffers, views, exporters, formats, bytes and the library. See null.h. */
#include "null.h"

#define FUNCTIONS(F)                                                                                                   \
    F(PyObject_CheckBuffer) F(PyObject_GetBuffer) F(PyBuffer_Release) F(PyBuffer_GetPointer)                           \
    F(PyBuffer_SizeFromFormat) F(PyBuffer_IsContiguous) F(PyBuffer_FillContiguousStrides) F(PyBuffer_FillInfo)         \
    F(PyBuffer_ToContiguous) F(PyBuffer_FromContiguous) F(PyObject_CopyData) F(PyObject_CopyToObject)                  \
    F(PyObject_CheckReadBuffer) F(PyObject_AsReadBuffer) F(PyObject_AsWriteBuffer) F(PyObject_AsCharBuffer)            \
    F(PyMemoryView_FromObject) F(PyMemoryView_FromMemory) F(PyMemoryView_FromBuffer) F(PyMemoryView_GetContiguous)     \
    F(pybuffer_memoryview_release) F(pybuffer_memoryview_is_released) F(pybuffer_memoryview_equal)                     \
    F(pybuffer_memoryview_hex) F(pybuffer_memoryview_repr) F(pybuffer_memoryview_text)                                 \
    F(pybuffer_memoryview_to_double) F(pybuffer_memoryview_to_float) F(pybuffer_memoryview_to_int64)                   \
    F(pybuffer_memoryview_to_uint64) F(pybuffer_memoryview_from_double) F(pybuffer_memoryview_from_float)              \
    F(pybuffer_memoryview_from_int64) F(pybuffer_memoryview_from_uint64) F(PyPickleBuffer_FromObject)                  \
    F(PyPickleBuffer_GetBuffer) F(PyPickleBuffer_Release) F(pybuffer_fill_view) F(pybuffer_memory_new)                 \
    F(pybuffer_memoryview_from_memory) F(pybuffer_memoryview_wrap) F(pybuffer_check_exporter)                          \
    F(pybuffer_find_faults) F(pybuffer_format_parse)                                                                   \
    F(pybuffer_format_parse_sized) F(pybuffer_format_root) F(pybuffer_format_itemsize) F(pybuffer_format_alignment)    \
    F(pybuffer_format_text) F(pybuffer_format_canonical) F(pybuffer_item_format) F(pybuffer_format_equivalent) F(pybuffer_format_value_count)  \
    F(pybuffer_format_unpack) F(pybuffer_format_unpack_items) F(pybuffer_format_pack) F(PyBytes_FromStringAndSize)     \
    F(PyBytes_FromString) F(PyBytes_FromObject) F(PyBytes_Size) F(PyBytes_AsString) F(PyBytes_AsStringAndSize)         \
    F(PyBytes_Concat) F(PyBytes_ConcatAndDel) F(_PyBytes_Resize) F(PyByteArray_FromObject)                             \
    F(PyByteArray_FromStringAndSize) F(PyByteArray_Concat) F(PyByteArray_Size) F(PyByteArray_AsString)                 \
    F(PyByteArray_Resize) F(Py_Initialize) F(Py_InitializeEx) F(Py_Finalize) F(Py_FinalizeEx) F(Py_IsInitialized)      \
    F(pybuffer_version) F(pybuffer_version_number) F(pybuffer_set_hash_key)

static Py_buffer empty_view; /* all zero */

/* ---- buffers ------------------------------------------------------------------------------------------------ */

static void null_PyObject_CheckBuffer(void)
{
    CHECK_INT(PyObject_CheckBuffer(NULL), 0);
    PyErr_Clear();
    CHECK_INT(PyObject_CheckBuffer(Py_None), 0);
}

static void null_PyObject_GetBuffer(void)
{
    Py_buffer view;
    FAILS(PyObject_GetBuffer(NULL, &view, PyBUF_SIMPLE), PyExc_SystemError);
    FAILS(PyObject_GetBuffer(NULL, NULL, PyBUF_SIMPLE), PyExc_SystemError);
    FAILS(PyObject_GetBuffer(bytes, NULL, PyBUF_SIMPLE), PyExc_BufferError);
    FAILS(PyObject_GetBuffer(memoryview, NULL, PyBUF_FULL_RO), PyExc_BufferError);
    FAILS(PyObject_GetBuffer(bytearray, NULL, PyBUF_FULL_RO), PyExc_BufferError);
    FAILS(PyObject_GetBuffer(plain, &view, PyBUF_SIMPLE), PyExc_TypeError);
    FAILS(PyObject_GetBuffer(bytes, &view, PyBUF_READ), PyExc_SystemError);
    FAILS(PyObject_GetBuffer(bytes, &view, PyBUF_WRITE), PyExc_SystemError);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(exports_of(memoryview), 0);
}

static void null_PyBuffer_Release(void)
{
    SURVIVES(PyBuffer_Release(NULL));
    SURVIVES(PyBuffer_Release(&empty_view));
}

static void null_PyBuffer_GetPointer(void)
{
    Py_ssize_t index[2] = {0, 0};
    Py_buffer view = {0};
    char memory[4];
    view.buf = memory;
    view.ndim = 2;
    view.itemsize = 1;
    FAILS_NULL(PyBuffer_GetPointer(NULL, index), PyExc_SystemError);
    FAILS_NULL(PyBuffer_GetPointer(NULL, NULL), PyExc_SystemError);
    FAILS_NULL(PyBuffer_GetPointer(&view, NULL), PyExc_SystemError);
    FAILS_NULL(PyBuffer_GetPointer(&view, index), PyExc_SystemError);
    view.ndim = -1;
    FAILS_NULL(PyBuffer_GetPointer(&view, index), PyExc_SystemError);
}

static void null_PyBuffer_SizeFromFormat(void)
{
    static const char *const invalid[] = {"y", "3", "B3", "T{B:x}", "i(", "n}", "<n", "99999999999999999999b", "\xff",
                                          "9223372036854775807d"};
    FAILS(PyBuffer_SizeFromFormat(NULL), PyExc_SystemError);
    for (size_t i = 0; i < COUNT(invalid); i++) {
        FAILS(PyBuffer_SizeFromFormat(invalid[i]), PyExc_ValueError);
    }
}

static void null_PyBuffer_IsContiguous(void)
{
    Py_buffer view = {0};
    CHECK_INT(PyBuffer_IsContiguous(NULL, 'C'), 0);
    CHECK_INT(PyBuffer_IsContiguous(&empty_view, 'X'), 0);
    CHECK_INT(PyBuffer_IsContiguous(&empty_view, '\0'), 0);
    CHECK_INT(PyBuffer_IsContiguous(&empty_view, (char)0x80), 0);
    view.ndim = -1;
    CHECK_INT(PyBuffer_IsContiguous(&view, 'C'), 0);
}

static void null_PyBuffer_FillContiguousStrides(void)
{
    Py_ssize_t shape[1] = {3}, strides[1] = {77};
    PyBuffer_FillContiguousStrides(1, NULL, NULL, 1, 'C');
    PyBuffer_FillContiguousStrides(1, NULL, strides, 1, 'C');
    PyBuffer_FillContiguousStrides(1, shape, NULL, 1, 'C');
    PyBuffer_FillContiguousStrides(0, shape, strides, 1, 'C');
    PyBuffer_FillContiguousStrides(-1, shape, strides, 1, 'C');
    CHECK_INT(strides[0], 77);
}

static void null_PyBuffer_FillInfo(void)
{
    Py_buffer view, before;
    char memory[1];
    memset(&view, 0x33, sizeof(view));
    before = view;
    FAILS(PyBuffer_FillInfo(NULL, bytes, memory, 1, 0, PyBUF_SIMPLE), PyExc_BufferError);
    FAILS(PyBuffer_FillInfo(NULL, NULL, NULL, 0, 0, PyBUF_READ), PyExc_BufferError);
    FAILS(PyBuffer_FillInfo(&view, bytes, memory, 1, 0, PyBUF_READ), PyExc_SystemError);
    FAILS(PyBuffer_FillInfo(&view, bytes, memory, 1, 0, PyBUF_WRITE), PyExc_SystemError);
    FAILS(PyBuffer_FillInfo(&view, bytes, memory, 1, 1, PyBUF_WRITABLE), PyExc_BufferError);
    CHECK_MEM(&view, &before, sizeof(view));
    CHECK_INT(Py_REFCNT(bytes), 1);
}

static void null_PyBuffer_ToContiguous(void)
{
    Py_buffer view;
    char memory[3] = "abc", to[3];
    CHECK_INT(PyBuffer_FillInfo(&view, NULL, memory, 3, 0, PyBUF_FULL_RO), 0);
    FAILS(PyBuffer_ToContiguous(to, NULL, 3, 'C'), PyExc_SystemError);
    FAILS(PyBuffer_ToContiguous(NULL, &view, 3, 'C'), PyExc_SystemError);
    FAILS(PyBuffer_ToContiguous(to, &view, 3, 'X'), PyExc_SystemError);
    FAILS(PyBuffer_ToContiguous(to, &view, 2, 'C'), PyExc_ValueError);
    FAILS(PyBuffer_ToContiguous(to, &view, -1, 'C'), PyExc_ValueError);
    CHECK_INT(PyBuffer_ToContiguous(NULL, &empty_view, 0, 'C'), 0);
}

static void null_PyBuffer_FromContiguous(void)
{
    Py_buffer view;
    char memory[4] = "abc", from[3] = "xyz";
    CHECK_INT(PyBuffer_FillInfo(&view, NULL, memory, 3, 0, PyBUF_FULL_RO), 0);
    FAILS(PyBuffer_FromContiguous(NULL, from, 3, 'C'), PyExc_SystemError);
    FAILS(PyBuffer_FromContiguous(&view, NULL, 3, 'C'), PyExc_SystemError);
    FAILS(PyBuffer_FromContiguous(&view, from, 3, 'X'), PyExc_SystemError);
    FAILS(PyBuffer_FromContiguous(&view, from, -1, 'C'), PyExc_SystemError);
    FAILS(PyBuffer_FromContiguous(&view, NULL, -1, 'C'), PyExc_SystemError);
    CHECK_INT(PyBuffer_FromContiguous(&view, NULL, 0, 'C'), 0);
    CHECK_STR(memory, "abc");
}

static void null_PyObject_CopyData(void)
{
    FAILS(PyObject_CopyData(NULL, bytes), PyExc_SystemError);
    FAILS(PyObject_CopyData(bytearray, NULL), PyExc_SystemError);
    FAILS(PyObject_CopyData(NULL, NULL), PyExc_SystemError);
    FAILS(PyObject_CopyData(plain, bytes), PyExc_TypeError);
    FAILS(PyObject_CopyData(bytearray, plain), PyExc_TypeError);
    FAILS(PyObject_CopyData(bytes, bytearray), PyExc_BufferError);
    CHECK_INT(exports_of(bytearray), 0);
}

static void null_PyObject_CopyToObject(void)
{
    char from[3] = "xyz";
    FAILS(PyObject_CopyToObject(NULL, from, 3, 'C'), PyExc_SystemError);
    FAILS(PyObject_CopyToObject(bytearray, NULL, 3, 'C'), PyExc_SystemError);
    FAILS(PyObject_CopyToObject(bytearray, from, 3, 'X'), PyExc_SystemError);
    FAILS(PyObject_CopyToObject(bytearray, from, -1, 'C'), PyExc_SystemError);
    FAILS(PyObject_CopyToObject(plain, from, 3, 'C'), PyExc_TypeError);
    FAILS(PyObject_CopyToObject(bytes, from, 3, 'C'), PyExc_BufferError);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_MEM(PyByteArray_AsString(bytearray), "bytearray", 9);
}

static void null_PyObject_CheckReadBuffer(void)
{
    CHECK_INT(PyObject_CheckReadBuffer(NULL), 0);
    PyErr_Clear();
    CHECK_INT(PyObject_CheckReadBuffer(plain), 0);
}

/* The three functions that give pointer and length: nothing is written where they fail. */
#define SEGMENT(function, pointer)                                                                                     \
    static void null_##function(void)                                                                                  \
    {                                                                                                                  \
        pointer at = (pointer)&empty_view;                                                                             \
        Py_ssize_t len = 77;                                                                                           \
        FAILS(function(NULL, &at, &len), PyExc_SystemError);                                                           \
        FAILS(function(bytearray, NULL, &len), PyExc_SystemError);                                                     \
        FAILS(function(bytearray, &at, NULL), PyExc_SystemError);                                                      \
        FAILS(function(NULL, NULL, NULL), PyExc_SystemError);                                                          \
        FAILS(function(plain, &at, &len), PyExc_TypeError);                                                            \
        CHECK_PTR(at, &empty_view);                                                                                    \
        CHECK_INT(len, 77);                                                                                            \
        CHECK_INT(exports_of(bytearray), 0);                                                                           \
    }

typedef const void *ConstPointer;
typedef void *Pointer;
typedef const char *ConstText;
SEGMENT(PyObject_AsReadBuffer, ConstPointer)
SEGMENT(PyObject_AsWriteBuffer, Pointer)
SEGMENT(PyObject_AsCharBuffer, ConstText)

/* ---- memoryviews and PickleBuffers -------------------------------------------------------------------------- */

static void null_PyMemoryView_FromObject(void)
{
    FAILS_NULL(PyMemoryView_FromObject(NULL), PyExc_SystemError);
    FAILS_NULL(PyMemoryView_FromObject(plain), PyExc_TypeError);
}

static void null_PyMemoryView_FromMemory(void)
{
    static const int flags[] = {0, 1, PyBUF_READ | PyBUF_WRITE, PyBUF_FULL, -1};
    char memory[1];
    FAILS_NULL(PyMemoryView_FromMemory(NULL, 1, PyBUF_READ), PyExc_SystemError);
    FAILS_NULL(PyMemoryView_FromMemory(memory, -1, PyBUF_READ), PyExc_SystemError);
    for (size_t i = 0; i < COUNT(flags); i++) {
        FAILS_NULL(PyMemoryView_FromMemory(memory, 1, flags[i]), PyExc_SystemError);
    }
}

static void null_PyMemoryView_FromBuffer(void)
{
    FAILS_NULL(PyMemoryView_FromBuffer(NULL), PyExc_SystemError);
    FAILS_NULL(PyMemoryView_FromBuffer(&empty_view), PyExc_ValueError);
}

static void null_PyMemoryView_GetContiguous(void)
{
    FAILS_NULL(PyMemoryView_GetContiguous(NULL, PyBUF_READ, 'C'), PyExc_SystemError);
    FAILS_NULL(PyMemoryView_GetContiguous(bytes, 0, 'C'), PyExc_SystemError);
    FAILS_NULL(PyMemoryView_GetContiguous(bytes, PyBUF_READ, 'X'), PyExc_SystemError);
    FAILS_NULL(PyMemoryView_GetContiguous(bytes, PyBUF_READ, '\0'), PyExc_SystemError);
    FAILS_NULL(PyMemoryView_GetContiguous(bytes, PyBUF_WRITE, 'C'), PyExc_BufferError);
    FAILS_NULL(PyMemoryView_GetContiguous(plain, PyBUF_READ, 'C'), PyExc_TypeError);
    CHECK_INT(Py_REFCNT(bytes), 1);
}

static void null_pybuffer_memoryview_release(void)
{
    FAILS(pybuffer_memoryview_release(NULL), PyExc_SystemError);
    FAILS(pybuffer_memoryview_release(bytes), PyExc_TypeError);
    FAILS(pybuffer_memoryview_release(Py_None), PyExc_TypeError);
}

static void null_pybuffer_memoryview_is_released(void)
{
    FAILS(pybuffer_memoryview_is_released(NULL), PyExc_SystemError);
    FAILS(pybuffer_memoryview_is_released(bytearray), PyExc_TypeError);
}

/* Also where there would be nothing to convert; and counts that no array has. */
#define NULL_NUMBERS(function, type)                                                                                   \
    static void null_##function(void)                                                                                  \
    {                                                                                                                  \
        type numbers[3] = {7, 7, 7};                                                                                   \
        FAILS(function(NULL, numbers, 3), PyExc_SystemError);                                                          \
        FAILS(function(memoryview, NULL, 3), PyExc_SystemError);                                                       \
        FAILS(function(memoryview, NULL, 0), PyExc_SystemError);                                                       \
        FAILS(function(NULL, NULL, 0), PyExc_SystemError);                                                             \
        FAILS(function(bytes, numbers, 3), PyExc_TypeError);                                                           \
        FAILS(function(Py_None, numbers, 3), PyExc_TypeError);                                                         \
        FAILS(function(memoryview, numbers, -3), PyExc_ValueError);                                                    \
        FAILS(function(memoryview, numbers, PY_SSIZE_T_MAX), PyExc_ValueError);                                        \
        FAILS(function(memoryview, numbers, PY_SSIZE_T_MIN), PyExc_ValueError);                                        \
        CHECK(numbers[0] == 7 && numbers[1] == 7 && numbers[2] == 7);                                                  \
    }
NULL_NUMBERS(pybuffer_memoryview_to_double, double)
NULL_NUMBERS(pybuffer_memoryview_to_float, float)
NULL_NUMBERS(pybuffer_memoryview_to_int64, int64_t)
NULL_NUMBERS(pybuffer_memoryview_to_uint64, uint64_t)
NULL_NUMBERS(pybuffer_memoryview_from_double, double)
NULL_NUMBERS(pybuffer_memoryview_from_float, float)
NULL_NUMBERS(pybuffer_memoryview_from_int64, int64_t)
NULL_NUMBERS(pybuffer_memoryview_from_uint64, uint64_t)
static void null_pybuffer_memoryview_equal(void)
{
    FAILS(pybuffer_memoryview_equal(NULL, NULL), PyExc_SystemError);
    FAILS(pybuffer_memoryview_equal(NULL, memoryview), PyExc_SystemError);
    FAILS(pybuffer_memoryview_equal(memoryview, NULL), PyExc_SystemError);
    FAILS(pybuffer_memoryview_equal(bytes, memoryview), PyExc_TypeError);
    FAILS(pybuffer_memoryview_equal(memoryview, plain), PyExc_TypeError);
}

static void null_pybuffer_memoryview_hex(void)
{
    FAILS_NULL(pybuffer_memoryview_hex(NULL, ':', 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_hex(bytes, ':', 1), PyExc_TypeError);
    FAILS_NULL(pybuffer_memoryview_hex(memoryview, 0x7fffffff, 1), PyExc_ValueError);
}

static void null_pybuffer_memoryview_repr(void)
{
    FAILS_NULL(pybuffer_memoryview_repr(NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_repr(bytearray), PyExc_TypeError);
}

static void null_pybuffer_memoryview_text(void)
{
    FAILS_NULL(pybuffer_memoryview_text(NULL, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_text(Py_None, 0), PyExc_TypeError);
}

static void null_PyPickleBuffer_FromObject(void)
{
    FAILS_NULL(PyPickleBuffer_FromObject(NULL), PyExc_SystemError);
    FAILS_NULL(PyPickleBuffer_FromObject(plain), PyExc_TypeError);
}

static void null_PyPickleBuffer_GetBuffer(void)
{
    FAILS_NULL(PyPickleBuffer_GetBuffer(NULL), PyExc_SystemError);
    FAILS_NULL(PyPickleBuffer_GetBuffer(bytes), PyExc_TypeError);
}

static void null_PyPickleBuffer_Release(void)
{
    FAILS(PyPickleBuffer_Release(NULL), PyExc_SystemError);
    FAILS(PyPickleBuffer_Release(memoryview), PyExc_TypeError);
}

/* ---- writing exporters -------------------------------------------------------------------------------------- */

static void null_pybuffer_fill_view(void)
{
    Py_buffer view, description = {0};
    FAILS(pybuffer_fill_view(NULL, bytes, &description, PyBUF_SIMPLE), PyExc_BufferError);
    FAILS(pybuffer_fill_view(NULL, NULL, NULL, PyBUF_READ), PyExc_BufferError);
    for (int wrong = 0; wrong < 5; wrong++) {
        view.obj = bytes;
        FAILS(pybuffer_fill_view(&view, wrong == 0 ? NULL : bytes, wrong == 1 ? NULL : &description,
                                 wrong == 2 ? PyBUF_READ : wrong == 3 ? PyBUF_WRITE : PyBUF_SIMPLE),
              wrong == 4 ? PyExc_BufferError : PyExc_SystemError);
        CHECK_PTR(view.obj, NULL);
        description.itemsize = -1;
    }
    CHECK_INT(Py_REFCNT(bytes), 1);
}

static void never(void *context)
{
    (void)context;
    CHECK(!"destroy is called");
}

static void null_pybuffer_memory_new(void)
{
    Py_buffer description = {0};
    FAILS_NULL(pybuffer_memory_new(NULL, never, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memory_new(NULL, NULL, NULL), PyExc_SystemError);
    description.ndim = -1;
    FAILS_NULL(pybuffer_memory_new(&description, never, NULL), PyExc_BufferError);
    PyObject *nothing = pybuffer_memory_new(&empty_view, NULL, &description);
    CHECK_INT(PyObject_Size(nothing), -1);
    CHECK_ERROR(PyExc_TypeError);
    Py_XDECREF(nothing);
}

static void null_pybuffer_memoryview_from_memory(void)
{
    Py_buffer description = {0};
    FAILS_NULL(pybuffer_memoryview_from_memory(NULL, never, NULL), PyExc_SystemError);
    description.len = 1;
    FAILS_NULL(pybuffer_memoryview_from_memory(&description, never, NULL), PyExc_BufferError);
    Py_XDECREF(pybuffer_memoryview_from_memory(&empty_view, NULL, NULL));
    CHECK_ERROR(NULL);
}

static void null_pybuffer_memoryview_wrap(void)
{
    static const Py_ssize_t shape[2] = {2, 3}, none[2] = {0, 3}, negative[2] = {0, -1}, huge[2] = {PY_SSIZE_T_MAX, 2};
    static Py_ssize_t many[65];
    char memory[6];
    FAILS_NULL(pybuffer_memoryview_wrap(NULL, "B", 2, shape, NULL, 0, never, NULL), PyExc_BufferError);
    FAILS_NULL(pybuffer_memoryview_wrap(NULL, NULL, 0, NULL, NULL, 0, never, NULL), PyExc_BufferError);
    FAILS_NULL(pybuffer_memoryview_wrap(memory, "B", 2, NULL, NULL, 0, never, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_wrap(memory, "B", -1, shape, NULL, 0, never, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_wrap(memory, "B", 65, many, NULL, 0, never, NULL), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_wrap(memory, "B", INT_MAX, many, NULL, 0, never, NULL), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_wrap(memory, "B", 2, negative, NULL, 0, never, NULL), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_wrap(memory, "B", 2, huge, NULL, 0, never, NULL), PyExc_BufferError);
    FAILS_NULL(pybuffer_memoryview_wrap(memory, "no format", 2, shape, NULL, 0, never, NULL), PyExc_ValueError);
    Py_XDECREF(pybuffer_memoryview_wrap(NULL, NULL, 2, none, NULL, 0, NULL, NULL));
    CHECK_ERROR(NULL);
}

static void null_pybuffer_check_exporter(void)
{
    FAILS(pybuffer_check_exporter(NULL, NULL, NULL), PyExc_SystemError);
    FAILS(pybuffer_check_exporter(plain, NULL, NULL), PyExc_TypeError);
    CHECK_INT(pybuffer_check_exporter(bytes, NULL, NULL), 0);
    CHECK_INT(Py_REFCNT(bytes), 1);
}

static void null_pybuffer_find_faults(void)
{
    FAILS(pybuffer_find_faults(NULL, NULL, NULL, NULL), PyExc_SystemError);
    FAILS(pybuffer_find_faults(plain, NULL, NULL, NULL), PyExc_TypeError);
    CHECK_INT(pybuffer_find_faults(bytes, NULL, NULL, NULL), 0);
    CHECK_INT(Py_REFCNT(bytes), 1);
}

/* ---- formats ------------------------------------------------------------------------------------------------ */

static void null_pybuffer_format_parse(void) { FAILS_NULL(pybuffer_format_parse(NULL), PyExc_SystemError); }

static void null_pybuffer_format_parse_sized(void)
{
    FAILS_NULL(pybuffer_format_parse_sized(NULL, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_format_parse_sized("b", -1), PyExc_SystemError);
}

#define OF_A_FORMAT(function, fails)                                                                                   \
    static void null_##function(void)                                                                                  \
    {                                                                                                                  \
        fails(function(NULL), PyExc_SystemError);                                                                      \
        fails(function(bytes), PyExc_TypeError);                                                                       \
    }
OF_A_FORMAT(pybuffer_format_root, FAILS_NULL)
OF_A_FORMAT(pybuffer_format_itemsize, FAILS)
OF_A_FORMAT(pybuffer_format_alignment, FAILS)
OF_A_FORMAT(pybuffer_format_text, FAILS_NULL)
OF_A_FORMAT(pybuffer_format_canonical, FAILS_NULL)

static void null_pybuffer_item_format(void)
{
    FAILS_NULL(pybuffer_item_format(NULL), PyExc_SystemError);
}
OF_A_FORMAT(pybuffer_format_value_count, FAILS)

static void null_pybuffer_format_equivalent(void)
{
    PyObject *format = pybuffer_format_parse("i");
    FAILS(pybuffer_format_equivalent(NULL, format, 0), PyExc_SystemError);
    FAILS(pybuffer_format_equivalent(format, NULL, 0), PyExc_SystemError);
    FAILS(pybuffer_format_equivalent(bytes, format, 0), PyExc_TypeError);
    FAILS(pybuffer_format_equivalent(format, bytes, 0), PyExc_TypeError);
    Py_DECREF(format);
}

static void null_pybuffer_format_unpack(void)
{
    PyObject *format = pybuffer_format_parse("i");
    int item = 0;
    pybuffer_value value;
    FAILS(pybuffer_format_unpack(NULL, &item, &value), PyExc_SystemError);
    FAILS(pybuffer_format_unpack(format, NULL, &value), PyExc_SystemError);
    FAILS(pybuffer_format_unpack(format, &item, NULL), PyExc_SystemError);
    FAILS(pybuffer_format_unpack(bytes, &item, &value), PyExc_TypeError);
    Py_DECREF(format);
}

static void null_pybuffer_format_unpack_items(void)
{
    PyObject *format = pybuffer_format_parse("i");
    int item = 0;
    pybuffer_value value;
    FAILS(pybuffer_format_unpack_items(NULL, &item, 4, 1, &value), PyExc_SystemError);
    FAILS(pybuffer_format_unpack_items(format, NULL, 4, 1, &value), PyExc_SystemError);
    FAILS(pybuffer_format_unpack_items(format, &item, 4, 1, NULL), PyExc_SystemError);
    FAILS(pybuffer_format_unpack_items(format, &item, 4, PY_SSIZE_T_MIN, &value), PyExc_SystemError);
    FAILS(pybuffer_format_unpack_items(bytes, &item, 4, 1, &value), PyExc_TypeError);
    Py_DECREF(format);
}

static void null_pybuffer_format_pack(void)
{
    PyObject *format = pybuffer_format_parse("2s");
    char item[2] = "x";
    pybuffer_value value;
    memset(&value, 0, sizeof(value));
    value.kind = PYBUFFER_KIND_BYTES;
    FAILS(pybuffer_format_pack(NULL, item, &value), PyExc_SystemError);
    FAILS(pybuffer_format_pack(format, NULL, &value), PyExc_SystemError);
    FAILS(pybuffer_format_pack(format, item, NULL), PyExc_SystemError);
    FAILS(pybuffer_format_pack(bytes, item, &value), PyExc_TypeError);
    value.as.bytes.length = 1; /* of NULL */
    FAILS(pybuffer_format_pack(format, item, &value), PyExc_TypeError);
    value.as.bytes.length = -1;
    FAILS(pybuffer_format_pack(format, item, &value), PyExc_TypeError);
    value.kind = -1;
    FAILS(pybuffer_format_pack(format, item, &value), PyExc_TypeError);
    Py_DECREF(format);
}

/* ---- bytes -------------------------------------------------------------------------------------------------- */

static void null_PyBytes_FromStringAndSize(void)
{
    FAILS_NULL(PyBytes_FromStringAndSize(NULL, -1), PyExc_SystemError);
    FAILS_NULL(PyBytes_FromStringAndSize("x", PY_SSIZE_T_MIN), PyExc_SystemError);
    FAILS_NULL(PyBytes_FromStringAndSize("x", PY_SSIZE_T_MAX), PyExc_OverflowError);
    FAILS_NULL(PyBytes_FromStringAndSize(NULL, PY_SSIZE_T_MAX - 64), PyExc_MemoryError);
    PyObject *none = PyBytes_FromStringAndSize(NULL, 0);
    CHECK_INT(PyBytes_Size(none), 0);
    Py_XDECREF(none);
}

static void null_PyBytes_FromString(void) { FAILS_NULL(PyBytes_FromString(NULL), PyExc_SystemError); }

static void null_PyBytes_FromObject(void)
{
    FAILS_NULL(PyBytes_FromObject(NULL), PyExc_SystemError);
    FAILS_NULL(PyBytes_FromObject(plain), PyExc_TypeError);
}

static void null_PyBytes_Size(void)
{
    FAILS(PyBytes_Size(NULL), PyExc_SystemError);
    FAILS(PyBytes_Size(bytearray), PyExc_TypeError);
}

static void null_PyBytes_AsString(void)
{
    FAILS_NULL(PyBytes_AsString(NULL), PyExc_SystemError);
    FAILS_NULL(PyBytes_AsString(memoryview), PyExc_TypeError);
}

static void null_PyBytes_AsStringAndSize(void)
{
    char *string;
    Py_ssize_t length;
    FAILS(PyBytes_AsStringAndSize(NULL, &string, &length), PyExc_SystemError);
    FAILS(PyBytes_AsStringAndSize(bytes, NULL, &length), PyExc_SystemError);
    FAILS(PyBytes_AsStringAndSize(bytes, NULL, NULL), PyExc_SystemError);
    FAILS(PyBytes_AsStringAndSize(bytearray, &string, &length), PyExc_TypeError);
}

static void null_PyBytes_Concat(void)
{
    PyObject *nothing = NULL, *first = PyBytes_FromString("first");
    PyBytes_Concat(NULL, bytes);
    CHECK_ERROR(PyExc_SystemError);
    PyBytes_Concat(&nothing, bytes);
    CHECK_ERROR(NULL);
    CHECK_PTR(nothing, NULL);
    PyBytes_Concat(&nothing, NULL);
    CHECK_ERROR(NULL);
    PyBytes_Concat(&first, NULL);
    CHECK_ERROR(NULL);
    CHECK_PTR(first, NULL);
    first = PyBytes_FromString("first");
    PyBytes_Concat(&first, plain);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_PTR(first, NULL);
    CHECK_INT(Py_REFCNT(bytes), 1);
}

static void null_PyBytes_ConcatAndDel(void)
{
    PyObject *nothing = NULL;
    PyBytes_ConcatAndDel(NULL, NULL);
    CHECK_ERROR(PyExc_SystemError);
    PyBytes_ConcatAndDel(NULL, Py_NewRef(bytes));
    CHECK_ERROR(PyExc_SystemError);
    PyBytes_ConcatAndDel(&nothing, Py_NewRef(bytes));
    CHECK_ERROR(NULL);
    PyBytes_ConcatAndDel(&nothing, NULL);
    CHECK_ERROR(NULL);
    CHECK_INT(Py_REFCNT(bytes), 1);
}

static void null__PyBytes_Resize(void)
{
    PyObject *nothing = NULL, *negative = PyBytes_FromString("negative"), *wrong = Py_NewRef(bytearray);
    FAILS(_PyBytes_Resize(NULL, 1), PyExc_SystemError);
    FAILS(_PyBytes_Resize(&nothing, 1), PyExc_SystemError);
    FAILS(_PyBytes_Resize(&negative, -1), PyExc_SystemError);
    CHECK_PTR(negative, NULL);
    FAILS(_PyBytes_Resize(&wrong, 1), PyExc_SystemError);
    CHECK_PTR(wrong, NULL);
    CHECK_INT(Py_REFCNT(bytearray), 1);
}

/* ---- bytearray ---------------------------------------------------------------------------------------------- */

static void null_PyByteArray_FromObject(void)
{
    FAILS_NULL(PyByteArray_FromObject(NULL), PyExc_SystemError);
    FAILS_NULL(PyByteArray_FromObject(plain), PyExc_TypeError);
}

static void null_PyByteArray_FromStringAndSize(void)
{
    FAILS_NULL(PyByteArray_FromStringAndSize(NULL, -1), PyExc_SystemError);
    FAILS_NULL(PyByteArray_FromStringAndSize(NULL, PY_SSIZE_T_MAX), PyExc_OverflowError);
    FAILS_NULL(PyByteArray_FromStringAndSize("x", PY_SSIZE_T_MAX - 1), PyExc_OverflowError);
}

static void null_PyByteArray_Concat(void)
{
    FAILS_NULL(PyByteArray_Concat(NULL, bytes), PyExc_SystemError);
    FAILS_NULL(PyByteArray_Concat(bytearray, NULL), PyExc_SystemError);
    FAILS_NULL(PyByteArray_Concat(NULL, NULL), PyExc_SystemError);
    FAILS_NULL(PyByteArray_Concat(bytearray, plain), PyExc_TypeError);
    FAILS_NULL(PyByteArray_Concat(plain, bytearray), PyExc_TypeError);
    CHECK_INT(exports_of(bytearray), 0);
}

static void null_PyByteArray_Size(void)
{
    FAILS(PyByteArray_Size(NULL), PyExc_SystemError);
    FAILS(PyByteArray_Size(bytes), PyExc_TypeError);
}

static void null_PyByteArray_AsString(void)
{
    FAILS_NULL(PyByteArray_AsString(NULL), PyExc_SystemError);
    FAILS_NULL(PyByteArray_AsString(bytes), PyExc_TypeError);
}

static void null_PyByteArray_Resize(void)
{
    FAILS(PyByteArray_Resize(NULL, 1), PyExc_SystemError);
    FAILS(PyByteArray_Resize(bytes, 1), PyExc_TypeError);
    FAILS(PyByteArray_Resize(bytearray, -1), PyExc_ValueError);
    FAILS(PyByteArray_Resize(bytearray, PY_SSIZE_T_MAX), PyExc_MemoryError);
    FAILS(PyByteArray_Resize(bytearray, PY_SSIZE_T_MAX - 1), PyExc_MemoryError);
    CHECK_INT(PyByteArray_Size(bytearray), 9);
    CHECK_MEM(PyByteArray_AsString(bytearray), "bytearray", 10);
}

/* ---- the library -------------------------------------------------------------------------------------------- */

static void null_Py_Initialize(void) { SURVIVES(Py_Initialize()); }
static void null_Py_InitializeEx(void) { SURVIVES(Py_InitializeEx(-1)); }
static void null_Py_Finalize(void) { SURVIVES(Py_Finalize()); }
static void null_Py_FinalizeEx(void) { CHECK_INT(Py_FinalizeEx(), 0); }
static void null_Py_IsInitialized(void) { CHECK_INT(Py_IsInitialized(), 0); }
static void null_pybuffer_version(void) { CHECK(pybuffer_version() != NULL); }
static void null_pybuffer_version_number(void) { CHECK(pybuffer_version_number() > 0); }

/* Whatever key it is; the hashes of this process may have been made with another. */
static void null_pybuffer_set_hash_key(void)
{
    if (pybuffer_set_hash_key(0, 0) != 0) {
        CHECK_ERROR(PyExc_RuntimeError);
    }
    CHECK(PyObject_Hash(bytes) != -1);
    CHECK(pybuffer_set_hash_key(1, 2) == 0 || CHECK_ERROR(PyExc_RuntimeError));
}

/* A NULL that a failed call has given is passed on: the first error is the one to know. */
static void null_after_an_error_keeps_that_error(void)
{
    CHECK_PTR(PyMemoryView_FromObject(PyBytes_FromStringAndSize(NULL, PY_SSIZE_T_MAX)), NULL);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(PyObject_GetBuffer(PyMemoryView_FromObject(plain), &empty_view, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_TypeError);
}

NULL_MAIN(RUN(null_after_an_error_keeps_that_error);)

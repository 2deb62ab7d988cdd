/* Every function of the header, called with what subjects.h has, and
 *
 * * on a thread with a stack of 64 KB (128 KB where the system has no smaller ones);
 * * with an allocator that fails at the first call, at the second, and so on until the function succeeds: a MemoryError, nothing
 *   leaked, no byte of the arguments changed;
 * * with --count [FIRST END], for these subjects, once under callgrind, which counts its instructions (bounds.sh): a line for each
 *   call says how many bytes of memory and characters of text its arguments and its result have.
 *
 * A call has a place in EACH, where it is made with every subject, or in ONCE, if it takes no view and no format. `complete.sh`
 * compares the names with the header. A call that fails for each subject is a failure of the test: it would test nothing.
 */
#define _GNU_SOURCE
#define PYBUFFER_NO_WARN_UNUSED /* results are looked at in one place */
#include "subjects.h"

#include "arrow.h"
#include "dlpack.h"
#include "hooks.h"
#include "stack.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- arguments ------------------------------------------------------------------------------------------------ */

static Subject one, two;
static PyObject *view, *other, *readonly, *nd, *format, *other_format;
static PyObject *bytes, *bytearray, *list, *plain;
static Py_ssize_t n;
static char text[MOST + 8]; /* n characters */
static _Alignas(16) unsigned char out[8 * MOST];
static pybuffer_value values[MOST], item[MOST];
static Py_ssize_t zeros[MOST_AXES];
/* How many values the view has, and an item; 0 where they are more than fit. */
static Py_ssize_t count, each;
/* As many bytes as the view has, if n bytes are not fewer. */
static Py_ssize_t room;

static const pybuffer_subscript all[1] = {PYBUFFER_ELLIPSIS};
/* An iterable of n / 8 objects. */
static PyObject *some_item(PyObject *op, Py_ssize_t index)
{
    (void)op;
    if (index >= n / 8) {
        PyErr_SetNone(PyExc_IndexError);
        return NULL;
    }
    return Py_NewRef(plain);
}

static PySequenceMethods list_methods = {.sq_item = some_item};
static PyTypeObject List_Type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.List", .tp_basicsize = sizeof(PyObject),
                                 .tp_as_sequence = &list_methods, .tp_flags = Py_TPFLAGS_DEFAULT};

static void die(const char *what)
{
    printf("Bail out! %s: %s\n", what, PyErr_Occurred() ? pybuffer_error_message() : "failed");
    exit(1);
}

static PyObject *must(PyObject *op, const char *what)
{
    if (op == NULL) {
        die(what);
    }
    return op;
}

static void prepare(size_t which, Py_ssize_t size)
{
    static char shared[] = "joined bytes";
    n = size;
    make_subject(&one, which, n, 0);
    make_subject(&two, which, n, 1);
    view = must(PyMemoryView_FromBuffer(&one.info), subjects[which].name);
    other = must(PyMemoryView_FromBuffer(&two.info), subjects[which].name);
    readonly = must(pybuffer_memoryview_toreadonly(view), "toreadonly");
    nd = must(pybuffer_ndarray_from_object(view, PyBUF_FULL_RO, 0), "ndarray");
    format = must(pybuffer_format_parse(one.format), "format");
    other_format = must(pybuffer_format_parse(two.format), "format");
    memset(text, 'x', (size_t)n);
    text[n] = '\0';
    bytes = must(PyBytes_FromString(text), "bytes");
    bytearray = must(PyByteArray_FromStringAndSize(text, n), "bytearray");
    plain = must(PyBytes_FromStringAndSize(shared, 8), "bytes");
    list = must(PyObject_New(PyObject, &List_Type), "list");
    each = pybuffer_format_value_count(format);
    each = each > MOST ? 0 : each;
    Py_ssize_t items = 1;
    for (int i = 0; i < one.info.ndim; i++) {
        items = one.shape[i] == 0 ? 0 : items > MOST ? items : one.shape[i] > MOST ? MOST + 1 : items * one.shape[i];
    }
    for (int i = 0; i < one.info.ndim; i++) {
        items = one.shape[i] == 0 ? 0 : items;
    }
    count = items * each > MOST ? 0 : items * each;
    room = one.info.len < n ? one.info.len : n;
    memset(values, 0, sizeof(values));
    memset(item, 0, sizeof(item));
    memset(out, 0, sizeof(out));
    if (count == 0 || pybuffer_memoryview_values(view, values, count) != 0) {
        PyErr_Clear();
    }
    if (each == 0 || one.info.itemsize > n || pybuffer_format_unpack(format, subject_memory[0], item) != 0) {
        PyErr_Clear();
    }
}

static void clear(void)
{
    PyObject *const made[] = {list, plain, bytearray, bytes, other_format, format, nd, readonly, other, view};
    for (size_t i = 0; i < COUNT(made); i++) {
        Py_DECREF(made[i]);
    }
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */

/* What a call has made, or its status, where it has one. */
enum { NO_STATUS = -2 };
static PyObject *made;
static long long status;

/* What calls work on besides. */
static Py_buffer buffer;
static PyObject *self;
static PyBytesWriter *writer;
static struct ArrowArray arrow;
static struct ArrowSchema schema;
static DLManagedTensorVersioned *tensor;
static DLManagedTensor *old_tensor;
static pybuffer_array_interface *interface;
static Py_buffer part;
static pybuffer_view_storage storage;
static char part_format[MOST];
static pybuffer_plane planes[PYBUFFER_MAX_PLANES];
static PyObject *three[PYBUFFER_MAX_PLANES];
static void *block;
static const void *pointer;
static Py_ssize_t length;
static PyObject *fetched[3];
static char *string;
static pybuffer_ndarray_state state;
static double real;
static int64_t number;
static uint64_t natural;
static PyMemAllocatorEx allocator;
static pybuffer_value mine;
static int sign;

static void ignore(void *context, int flags, const char *message)
{
    (void)context, (void)flags, (void)message;
}

static void found(void *context, const pybuffer_finding *finding)
{
    (void)context, (void)finding;
}

static PyObject *bytes_from_format(const char *pattern, ...)
{
    va_list list;
    va_start(list, pattern);
    PyObject *result = PyBytes_FromFormatV(pattern, list);
    va_end(list);
    return result;
}

static void error_from_format(const char *pattern, ...)
{
    va_list list;
    va_start(list, pattern);
    PyErr_FormatV(PyExc_ValueError, pattern, list);
    va_end(list);
}

/* An error becomes an object of its own. */
static void raise_error(void)
{
    PyErr_SetString(PyExc_ValueError, text);
}

static void print_nowhere(void)
{
    fflush(stderr);
    int kept = dup(2), null = open("/dev/null", 1);
    dup2(null, 2);
    PyErr_Print();
    dup2(kept, 2);
    close(null);
    close(kept);
}

#define STATUS(call) status = (call)
#define POINTER(call) status = (call) != NULL ? 0 : -1
#define MADE(call) made = (call)
/* Setters of errors: succeed if the error that they make is pending. */
#define RAISES(call, type) (call, raised(type))

static void raised(PyObject *type)
{
    status = PyErr_Occurred() == type ? 0 : -1;
    if (status == 0) {
        PyErr_Clear();
    }
}

/* Bytes and characters of the arguments. */
typedef struct {
    size_t bytes, text;
} Size;

#define SIZE(bytes_, text_) (Size){(size_t)(bytes_), (size_t)(text_)}
#define NONE SIZE(0, 0)
#define BYTES SIZE(n, 0)
#define TEXT SIZE(0, n)
#define VIEW SIZE(one.bytes, one.text)
#define FORMAT SIZE(0, one.text)
#define BOTH SIZE(one.bytes + two.bytes, one.text + two.text)
#define WITH(more) SIZE(one.bytes + (size_t)(more), one.text)
#define VALUES WITH((size_t)count * sizeof(pybuffer_value))
#define ITEM WITH((size_t)each * sizeof(pybuffer_value))

/* F(function, size of its arguments, before, call, after) */
#define EACH(F)                                                                                                        \
    F(PyObject_GetBuffer, VIEW, , STATUS(PyObject_GetBuffer(nd, &buffer, PyBUF_FULL_RO)), PyBuffer_Release(&buffer))   \
    F(PyBuffer_Release, VIEW, PyObject_GetBuffer(nd, &buffer, PyBUF_FULL_RO), PyBuffer_Release(&buffer), )             \
    F(PyObject_CheckBuffer, VIEW, , STATUS(PyObject_CheckBuffer(view)), )                                              \
    F(PyBuffer_IsContiguous, VIEW, , STATUS(PyBuffer_IsContiguous(&one.info, 'A')), )                                  \
    F(PyBuffer_GetPointer, VIEW, , POINTER(PyBuffer_GetPointer(&one.info, zeros)), )                                   \
    F(PyBuffer_SizeFromFormat, FORMAT, , STATUS(PyBuffer_SizeFromFormat(one.format)), )                                \
    F(PyBuffer_ToContiguous, WITH(room), , STATUS(PyBuffer_ToContiguous(out, &one.info, room, 'F')), )                 \
    F(PyBuffer_FromContiguous, WITH(room), , STATUS(PyBuffer_FromContiguous(&one.info, out, room, 'F')), )             \
    F(PyBuffer_FillContiguousStrides, VIEW, memcpy(out, one.shape, sizeof(one.shape)),                                 \
      PyBuffer_FillContiguousStrides(one.info.ndim, (Py_ssize_t *)(void *)out, (Py_ssize_t *)(void *)out + 64, 1, 'C'), ) \
    F(PyObject_CopyData, BOTH, , STATUS(PyObject_CopyData(view, other)), )                                             \
    F(PyObject_CopyToObject, WITH(room), , STATUS(PyObject_CopyToObject(view, out, room, 'F')), )                      \
    F(pybuffer_fill_view, VIEW, , STATUS(pybuffer_fill_view(&buffer, view, &one.info, PyBUF_FULL_RO)),                 \
      PyBuffer_Release(&buffer))                                                                                       \
    F(pybuffer_verify_structure, VIEW, , STATUS(pybuffer_verify_structure(n, one.info.itemsize, one.info.ndim,         \
      one.shape, one.strides, 0)), )                                                                                   \
    F(pybuffer_check_exporter, VIEW, , STATUS(pybuffer_check_exporter(nd, ignore, NULL)), )                            \
    F(pybuffer_find_faults, VIEW, , STATUS(pybuffer_find_faults(nd, found, NULL, NULL)), )                             \
    F(PyMemoryView_FromObject, VIEW, , MADE(PyMemoryView_FromObject(nd)), )                                            \
    F(PyMemoryView_FromBuffer, VIEW, , MADE(PyMemoryView_FromBuffer(&one.info)), )                                     \
    F(PyMemoryView_GetContiguous, VIEW, , MADE(PyMemoryView_GetContiguous(nd, PyBUF_READ, 'F')), )                     \
    F(pybuffer_memoryview_from_memory, VIEW, , MADE(pybuffer_memoryview_from_memory(&one.info, NULL, NULL)), )         \
    F(pybuffer_memory_new, VIEW, , MADE(pybuffer_memory_new(&one.info, NULL, NULL)), )                                 \
    F(pybuffer_memoryview_wrap, VIEW, , MADE(pybuffer_memoryview_wrap(subject_memory[0], one.format, one.info.ndim,    \
      one.shape, one.strides, 0, NULL, NULL)), )                                                                       \
    F(pybuffer_memoryview_new, FORMAT, , MADE(pybuffer_memoryview_new(one.format, one.info.ndim, one.shape, 'C')), )   \
    F(pybuffer_memoryview_copy, VIEW, , MADE(pybuffer_memoryview_copy(view, 'C')), )                                   \
    F(pybuffer_memoryview_tobytes, VIEW, , MADE(pybuffer_memoryview_tobytes(view, 'F')), )                             \
    F(pybuffer_memoryview_hex, VIEW, , MADE(pybuffer_memoryview_hex(view, ':', 3)), )                                  \
    F(pybuffer_memoryview_text, VIEW, , MADE(pybuffer_memoryview_text(view, 200)), )                                   \
    F(pybuffer_memoryview_repr, VIEW, , MADE(pybuffer_memoryview_repr(view)), )                                        \
    F(pybuffer_memoryview_toreadonly, VIEW, , MADE(pybuffer_memoryview_toreadonly(view)), )                            \
    F(pybuffer_memoryview_cast, VIEW, , MADE(pybuffer_memoryview_cast(view, "B", 1, NULL, 'C')), )                     \
    F(pybuffer_memoryview_subscript, VIEW, , MADE(pybuffer_memoryview_subscript(view, all, 1)), )                      \
    F(pybuffer_memoryview_select, VIEW, , MADE(pybuffer_memoryview_select(view, "..., ::-1")), )                       \
    F(pybuffer_memoryview_flip, VIEW, , MADE(pybuffer_memoryview_flip(view, one.info.ndim - 1)), )                     \
    F(pybuffer_memoryview_permute, VIEW, , MADE(pybuffer_memoryview_permute(view, NULL, 0)), )                         \
    F(pybuffer_memoryview_broadcast, VIEW, , MADE(pybuffer_memoryview_broadcast(view, one.info.ndim, one.shape)), )    \
    F(pybuffer_memoryview_reshape, VIEW, , MADE(pybuffer_memoryview_reshape(view, one.info.ndim, one.shape, 'C')), )   \
    F(pybuffer_memoryview_field, VIEW, , MADE(pybuffer_memoryview_field(view, "#0")), )                                \
    F(pybuffer_memoryview_elements, VIEW, , MADE(pybuffer_memoryview_elements(view)), )                                \
    F(pybuffer_memoryview_assign, BOTH, , STATUS(pybuffer_memoryview_assign(view, all, 1, other)), )                   \
    F(pybuffer_memoryview_fill, ITEM, , STATUS(pybuffer_memoryview_fill(view, all, 1, item, (int)each)), )             \
    F(pybuffer_memoryview_equal, BOTH, , STATUS(pybuffer_memoryview_equal(view, other)), )                             \
    F(PyObject_RichCompareBool, BOTH, , STATUS(PyObject_RichCompareBool(view, other, Py_EQ)), )                        \
    F(PyObject_Hash, VIEW, , STATUS(PyObject_Hash(readonly) == -1 ? -1 : 0), )                                         \
    F(pybuffer_memoryview_count, ITEM, , STATUS(pybuffer_memoryview_count(view, item, (int)each)), )                   \
    F(pybuffer_memoryview_index, ITEM, mine = item[0]; if (each == 1) item[0] = PYBUFFER_INT(99),                      \
      STATUS(pybuffer_memoryview_index(view, item, (int)each, 0, PY_SSIZE_T_MAX)), item[0] = mine)                     \
    F(pybuffer_memoryview_values, VALUES, , STATUS(pybuffer_memoryview_values(view, values, count)), )                 \
    F(pybuffer_memoryview_set_values, VALUES, , STATUS(pybuffer_memoryview_set_values(view, values, count)), )         \
    F(pybuffer_memoryview_get_item, ITEM, ,                                                                            \
      STATUS(pybuffer_memoryview_get_item(view, zeros, one.info.ndim, item, (int)each)), )                             \
    F(pybuffer_memoryview_set_item, ITEM, ,                                                                            \
      STATUS(pybuffer_memoryview_set_item(view, zeros, one.info.ndim, item, (int)each)), )                             \
    F(pybuffer_memoryview_get_double, VIEW, , STATUS(pybuffer_memoryview_get_double(view, zeros, one.info.ndim, &real)), ) \
    F(pybuffer_memoryview_get_int64, VIEW, , STATUS(pybuffer_memoryview_get_int64(view, zeros, one.info.ndim, &number)), ) \
    F(pybuffer_memoryview_get_uint64, VIEW, ,                                                                          \
      STATUS(pybuffer_memoryview_get_uint64(view, zeros, one.info.ndim, &natural)), )                                  \
    F(pybuffer_memoryview_set_double, VIEW, , STATUS(pybuffer_memoryview_set_double(view, zeros, one.info.ndim, 1)), ) \
    F(pybuffer_memoryview_set_int64, VIEW, , STATUS(pybuffer_memoryview_set_int64(view, zeros, one.info.ndim, 1)), )   \
    F(pybuffer_memoryview_set_uint64, VIEW, , STATUS(pybuffer_memoryview_set_uint64(view, zeros, one.info.ndim, 1)), ) \
    F(pybuffer_memoryview_to_double, WITH(8 * count), ,                                                                \
      STATUS(pybuffer_memoryview_to_double(view, (double *)(void *)out, count)), )                                     \
    F(pybuffer_memoryview_to_float, WITH(4 * count), ,                                                                 \
      STATUS(pybuffer_memoryview_to_float(view, (float *)(void *)out, count)), )                                       \
    F(pybuffer_memoryview_to_int64, WITH(8 * count), ,                                                                 \
      STATUS(pybuffer_memoryview_to_int64(view, (int64_t *)(void *)out, count)), )                                     \
    F(pybuffer_memoryview_to_uint64, WITH(8 * count), ,                                                                \
      STATUS(pybuffer_memoryview_to_uint64(view, (uint64_t *)(void *)out, count)), )                                   \
    F(pybuffer_memoryview_from_double, WITH(8 * count), memset(out, 0, sizeof(out)),                                   \
      STATUS(pybuffer_memoryview_from_double(view, (double *)(void *)out, count)), )                                   \
    F(pybuffer_memoryview_from_float, WITH(4 * count), memset(out, 0, sizeof(out)),                                    \
      STATUS(pybuffer_memoryview_from_float(view, (float *)(void *)out, count)), )                                     \
    F(pybuffer_memoryview_from_int64, WITH(8 * count), memset(out, 0, sizeof(out)),                                    \
      STATUS(pybuffer_memoryview_from_int64(view, (int64_t *)(void *)out, count)), )                                   \
    F(pybuffer_memoryview_from_uint64, WITH(8 * count), memset(out, 0, sizeof(out)),                                   \
      STATUS(pybuffer_memoryview_from_uint64(view, (uint64_t *)(void *)out, count)), )                                 \
    F(pybuffer_memoryview_convert, BOTH, , STATUS(pybuffer_memoryview_convert(view, other)), )                         \
    F(pybuffer_memoryview_astype, VIEW, , MADE(pybuffer_memoryview_astype(view, two.format, 'F')), )                   \
    F(pybuffer_memoryview_item_pointer, VIEW, ,                                                                        \
      POINTER(pybuffer_memoryview_item_pointer(view, zeros, one.info.ndim)), )                                         \
    F(pybuffer_memoryview_iter, VIEW, , MADE(pybuffer_memoryview_iter(view)), )                                        \
    F(pybuffer_memoryview_next, VIEW, self = pybuffer_memoryview_iter(view), MADE(pybuffer_memoryview_next(self)),     \
      Py_XDECREF(self))                                                                                                \
    F(PyIter_NextItem, VIEW, self = pybuffer_memoryview_iter(view), STATUS(PyIter_NextItem(self, &made)),              \
      Py_XDECREF(self))                                                                                                \
    F(pybuffer_memoryview_next_item, ITEM, self = pybuffer_memoryview_iter(view),                                      \
      STATUS(pybuffer_memoryview_next_item(self, item, (int)each)), Py_XDECREF(self))                                  \
    F(pybuffer_memoryview_release, VIEW, self = PyMemoryView_FromObject(view),                                         \
      STATUS(pybuffer_memoryview_release(self)), Py_DECREF(self))                                                      \
    F(pybuffer_memoryview_is_released, VIEW, , STATUS(pybuffer_memoryview_is_released(view)), )                        \
    F(_Py_Dealloc, VIEW, self = PyMemoryView_FromObject(nd); Py_SET_REFCNT(self, 0), _Py_Dealloc(self), )              \
    F(PyBytes_FromObject, VIEW, , MADE(PyBytes_FromObject(view)), )                                                    \
    F(PyByteArray_FromObject, VIEW, , MADE(PyByteArray_FromObject(view)), )                                            \
    F(PyByteArray_Concat, BOTH, , MADE(PyByteArray_Concat(view, other)), )                                             \
    F(PyBytes_Concat, SIZE((size_t)n + one.bytes, one.text), self = Py_NewRef(bytes),                                  \
      PyBytes_Concat(&self, view); status = self != NULL ? 0 : -1, Py_XDECREF(self))                                   \
    F(PyBytes_ConcatAndDel, SIZE((size_t)n + one.bytes, one.text), self = Py_NewRef(bytes); fetched[0] = Py_NewRef(view), \
      PyBytes_ConcatAndDel(&self, fetched[0]); status = self != NULL ? 0 : -1, Py_XDECREF(self))                       \
    F(PySequence_Concat, BOTH, , MADE(PySequence_Concat(bytes, view)), )                                               \
    F(PySequence_SetSlice, SIZE((size_t)n + one.bytes, one.text), self = PyByteArray_FromStringAndSize(text, n),       \
      STATUS(PySequence_SetSlice(self, 0, n / 2, view)), Py_DECREF(self))                                              \
    F(PyObject_Length, VIEW, , STATUS(PyObject_Length(view)), )                                                        \
    F(PyObject_Size, VIEW, , STATUS(PyObject_Size(view)), )                                                            \
    F(PySequence_Length, VIEW, , STATUS(PySequence_Length(view)), )                                                    \
    F(PySequence_Size, VIEW, , STATUS(PySequence_Size(view)), )                                                        \
    F(PySequence_Check, VIEW, , STATUS(PySequence_Check(view)), )                                                      \
    F(PyPickleBuffer_FromObject, VIEW, , MADE(PyPickleBuffer_FromObject(nd)), )                                        \
    F(PyPickleBuffer_GetBuffer, VIEW, self = PyPickleBuffer_FromObject(nd), POINTER(PyPickleBuffer_GetBuffer(self)),   \
      Py_DECREF(self))                                                                                                 \
    F(PyPickleBuffer_Release, VIEW, self = PyPickleBuffer_FromObject(nd), STATUS(PyPickleBuffer_Release(self)),        \
      Py_DECREF(self))                                                                                                 \
    F(PyBuffer_FromObject, VIEW, , MADE(PyBuffer_FromObject(view, 0, Py_END_OF_BUFFER)), )                             \
    F(PyBuffer_FromReadWriteObject, VIEW, , MADE(PyBuffer_FromReadWriteObject(view, 0, Py_END_OF_BUFFER)), )           \
    F(PyObject_AsReadBuffer, VIEW, , STATUS(PyObject_AsReadBuffer(view, &pointer, &length)), )                         \
    F(PyObject_AsWriteBuffer, VIEW, , STATUS(PyObject_AsWriteBuffer(view, &block, &length)), )                         \
    F(PyObject_AsCharBuffer, VIEW, , STATUS(PyObject_AsCharBuffer(view, (const char **)(void *)&pointer, &length)), )  \
    F(PyObject_CheckReadBuffer, VIEW, , STATUS(PyObject_CheckReadBuffer(view)), )                                      \
    F(pybuffer_format_parse, FORMAT, , MADE(pybuffer_format_parse(one.format)), )                                      \
    F(pybuffer_format_parse_sized, FORMAT, , MADE(pybuffer_format_parse_sized(one.format, one.info.itemsize)), )       \
    F(pybuffer_format_canonical, FORMAT, , MADE(pybuffer_format_canonical(format)), )                                  \
    F(pybuffer_format_equivalent, SIZE(0, one.text + two.text), , STATUS(pybuffer_format_equivalent(format, other_format, 1)), ) \
    F(pybuffer_format_text, FORMAT, , POINTER(pybuffer_format_text(format)), )                                         \
    F(pybuffer_format_root, FORMAT, , POINTER(pybuffer_format_root(format)), )                                         \
    F(pybuffer_format_itemsize, FORMAT, , STATUS(pybuffer_format_itemsize(format)), )                                  \
    F(pybuffer_format_alignment, FORMAT, , STATUS(pybuffer_format_alignment(format)), )                                \
    F(pybuffer_format_value_count, FORMAT, , STATUS(pybuffer_format_value_count(format)), )                            \
    F(pybuffer_item_format, FORMAT, , MADE(pybuffer_item_format(pybuffer_format_root(format))), )                      \
    F(pybuffer_format_unpack, ITEM, if (each == 0 || one.info.itemsize > n) return 0,                                  \
      STATUS(pybuffer_format_unpack(format, subject_memory[0], item)), )                                               \
    F(pybuffer_format_pack, ITEM, if (each == 0 || one.info.itemsize > n) return 0,                                    \
      STATUS(pybuffer_format_pack(format, out, item)), )                                                               \
    F(pybuffer_format_unpack_items, VALUES, if (count == 0 || one.info.ndim > 1) return 0,                             \
      STATUS(pybuffer_format_unpack_items(format, subject_memory[0], one.strides[0], one.shape[0], values)), )         \
    F(pybuffer_ndarray_from_object, VIEW, , MADE(pybuffer_ndarray_from_object(view, PyBUF_FULL_RO, 0)), )              \
    F(pybuffer_ndarray_new, WITH(room), , MADE(pybuffer_ndarray_new(out, room, one.format, one.info.ndim, one.shape,   \
      one.strides, 0, 0)), )                                                                                           \
    F(pybuffer_ndarray_zeros, FORMAT, , MADE(pybuffer_ndarray_zeros(one.format, one.info.ndim, one.shape, 0)), )       \
    F(pybuffer_ndarray_from_values, VALUES, , MADE(pybuffer_ndarray_from_values(values, count, one.format,             \
      one.info.ndim, one.shape, NULL, 0, 0)), )                                                                        \
    F(pybuffer_ndarray_push, WITH(room), self = pybuffer_ndarray_new("x", 1, "B", 0, NULL, NULL, 0, 0),                \
      STATUS(pybuffer_ndarray_push(self, out, room, one.format, one.info.ndim, one.shape, one.strides, 0, 0)),         \
      Py_DECREF(self))                                                                                                 \
    F(pybuffer_ndarray_push_values, VALUES, self = pybuffer_ndarray_new("x", 1, "B", 0, NULL, NULL, 0, 0),             \
      STATUS(pybuffer_ndarray_push_values(self, values, count, one.format, one.info.ndim, one.shape, NULL, 0, 0)),     \
      Py_DECREF(self))                                                                                                 \
    F(pybuffer_ndarray_pop, VIEW, self = pybuffer_ndarray_new(out, room, one.format, one.info.ndim, one.shape,         \
      one.strides, 0, 0); PyErr_Clear(); if (self == NULL) return 0;                                                   \
      status = pybuffer_ndarray_push(self, out, room, one.format, one.info.ndim, one.shape, one.strides, 0, 0),        \
      STATUS(pybuffer_ndarray_pop(self)), Py_DECREF(self))                                                             \
    F(pybuffer_ndarray_subscript, VIEW, , MADE(pybuffer_ndarray_subscript(nd, all, 1)), )                              \
    F(pybuffer_ndarray_assign, BOTH, self = pybuffer_ndarray_zeros(one.format, one.info.ndim, one.shape,               \
      PYBUFFER_ND_WRITABLE); PyErr_Clear(); if (self == NULL) return 0,                                                \
      STATUS(pybuffer_ndarray_assign(self, all, 1, nd)), Py_DECREF(self))                                              \
    F(pybuffer_ndarray_add_suboffsets, VIEW, self = pybuffer_ndarray_zeros(one.format, one.info.ndim, one.shape, 0);   \
      PyErr_Clear(); if (self == NULL) return 0, STATUS(pybuffer_ndarray_add_suboffsets(self)), Py_DECREF(self))       \
    F(pybuffer_ndarray_get_state, VIEW, , STATUS(pybuffer_ndarray_get_state(nd, &state)), )                            \
    F(pybuffer_dlpack_export, VIEW, , POINTER(tensor = pybuffer_dlpack_export(view, 0)),                               \
      if (tensor != NULL) tensor->deleter(tensor))                                                                     \
    F(pybuffer_dlpack_export_unversioned, VIEW, , POINTER(old_tensor = pybuffer_dlpack_export_unversioned(view, 0)),   \
      if (old_tensor != NULL) old_tensor->deleter(old_tensor))                                                         \
    F(pybuffer_dlpack_import, VIEW, tensor = pybuffer_dlpack_export(view, 0); PyErr_Clear(); if (tensor == NULL) return 0, \
      MADE(pybuffer_dlpack_import(tensor, 0)), )                                                                       \
    F(pybuffer_dlpack_import_unversioned, VIEW, old_tensor = pybuffer_dlpack_export_unversioned(view, 0);              \
      PyErr_Clear(); if (old_tensor == NULL) return 0, MADE(pybuffer_dlpack_import_unversioned(old_tensor, 0)), )      \
    F(pybuffer_arrow_export, VIEW, memset(&arrow, 0, sizeof(arrow)); memset(&schema, 0, sizeof(schema)),               \
      STATUS(pybuffer_arrow_export(view, &arrow, &schema)), release_arrow())                                           \
    F(pybuffer_arrow_import, VIEW, if (pybuffer_arrow_export(view, &arrow, &schema) != 0) { PyErr_Clear(); return 0; }, \
      MADE(pybuffer_arrow_import(&arrow, &schema)), release_arrow())                                                   \
    F(pybuffer_array_interface_export, VIEW, , POINTER(interface = pybuffer_array_interface_export(view)),             \
      pybuffer_array_interface_free(interface))                                                                        \
    F(pybuffer_array_interface_import, VIEW, interface = pybuffer_array_interface_export(view); PyErr_Clear();         \
      if (interface == NULL) return 0, MADE(pybuffer_array_interface_import(interface, NULL, NULL)),                   \
      Py_XDECREF(made); made = NULL; pybuffer_array_interface_free(interface))                                         \
    F(pybuffer_array_interface_free, VIEW, interface = pybuffer_array_interface_export(view); PyErr_Clear(),           \
      pybuffer_array_interface_free(interface), )                                                                      \
    F(pybuffer_planes_join, SIZE(one.bytes + 2 * two.bytes, one.text + 2 * two.text),                                  \
      three[0] = view; three[1] = three[2] = other, MADE(pybuffer_planes_join(three, 3)), )                            \
    F(pybuffer_view_complete, VIEW, , STATUS(pybuffer_view_complete(&part, &storage, &one.info)), )                    \
    F(pybuffer_view_check, VIEW, , STATUS(pybuffer_view_check(&one.info, PyBUF_FULL_RO)), )                            \
    F(pybuffer_view_answer, VIEW, ,                                                                                    \
      STATUS(pybuffer_view_answer(&buffer, &one.info, PyBUF_FULL_RO, "test.Exporter")), )                              \
    F(pybuffer_view_subscript, VIEW, , STATUS(pybuffer_view_subscript(&part, &storage, &one.info, all, 1)), )          \
    F(pybuffer_view_select, VIEW, , STATUS(pybuffer_view_select(&part, &storage, &one.info, "..., ::-1")), )           \
    F(pybuffer_view_permute, VIEW, , STATUS(pybuffer_view_permute(&part, &storage, &one.info, NULL, 0)), )             \
    F(pybuffer_view_broadcast, VIEW, ,                                                                                 \
      STATUS(pybuffer_view_broadcast(&part, &storage, &one.info, one.info.ndim, one.shape)), )                         \
    F(pybuffer_view_reshape, VIEW, ,                                                                                   \
      STATUS(pybuffer_view_reshape(&part, &storage, &one.info, one.info.ndim, one.shape, 'C')), )                      \
    F(pybuffer_view_cast, VIEW, , STATUS(pybuffer_view_cast(&part, &storage, &one.info, "B", 1, NULL, 'C')), )         \
    F(pybuffer_view_field, VIEW, ,                                                                                     \
      STATUS(pybuffer_view_field(&part, &storage, &one.info, "#0", part_format, sizeof(part_format))), )               \
    F(pybuffer_view_elements, VIEW, ,                                                                                  \
      STATUS(pybuffer_view_elements(&part, &storage, &one.info, part_format, sizeof(part_format))), )                  \
    F(pybuffer_view_get_item, ITEM, ,                                                                                  \
      STATUS(pybuffer_view_get_item(&one.info, zeros, one.info.ndim, item, (int)each)), )                              \
    F(pybuffer_view_set_item, ITEM, ,                                                                                  \
      STATUS(pybuffer_view_set_item(&one.info, zeros, one.info.ndim, item, (int)each)), )                              \
    F(pybuffer_view_values, VALUES, , STATUS(pybuffer_view_values(&one.info, values, count)), )                        \
    F(pybuffer_view_fill, ITEM, , STATUS(pybuffer_view_fill(&one.info, item, (int)each)), )                            \
    F(pybuffer_view_copy, BOTH, , STATUS(pybuffer_view_copy(&one.info, &two.info)), )                                  \
    F(pybuffer_view_convert, BOTH, , STATUS(pybuffer_view_convert(&one.info, &two.info)), )                            \
    F(pybuffer_view_equal, BOTH, , STATUS(pybuffer_view_equal(&one.info, &two.info, 1)), )                             \
    F(pybuffer_view_hash, VIEW, part = one.info; part.readonly = 1,                                                    \
      STATUS(pybuffer_view_hash(&part) == -1 ? -1 : 0), )

static void release_arrow(void)
{
    if (arrow.release != NULL) {
        arrow.release(&arrow);
    }
    if (schema.release != NULL) {
        schema.release(&schema);
    }
}

#define WRITER writer = PyBytesWriter_Create(n)
#define DISCARD PyBytesWriter_Discard(writer)
#define BLOCK(domain) block = domain##Malloc((size_t)n)
#define OBJECT self = PyObject_New(PyObject, &PyBaseObject_Type)
#define DROP Py_DECREF(self)

#define ONCE(F)                                                                                                        \
    F(PyBuffer_FillInfo, BYTES, , STATUS(PyBuffer_FillInfo(&buffer, bytes, out, n, 0, PyBUF_FULL_RO)),                 \
      PyBuffer_Release(&buffer))                                                                                       \
    F(PyMemoryView_FromMemory, BYTES, , MADE(PyMemoryView_FromMemory((char *)out, n, PyBUF_WRITE)), )                  \
    F(PyBuffer_FromMemory, BYTES, , MADE(PyBuffer_FromMemory(out, n)), )                                               \
    F(PyBuffer_FromReadWriteMemory, BYTES, , MADE(PyBuffer_FromReadWriteMemory(out, n)), )                             \
    F(PyBuffer_New, BYTES, , MADE(PyBuffer_New(n)), )                                                                  \
    F(pybuffer_planes_layout, NONE, , STATUS(pybuffer_planes_layout(planes, "yuv420p", HUGE_AXIS / 2, HUGE_AXIS / 2, out)), ) \
    F(pybuffer_planes_wrap, BYTES, pybuffer_planes_layout(planes, "yuv420p", n / 8, 8, out),                           \
      STATUS(pybuffer_planes_wrap(planes, 3, 0, NULL, NULL, three)),                                                   \
      for (int i = 0; i < 3; i++) { Py_XDECREF(three[i]); })                                                           \
    F(PyBytes_FromStringAndSize, BYTES, , MADE(PyBytes_FromStringAndSize(text, n)), )                                  \
    F(PyBytes_FromString, TEXT, , MADE(PyBytes_FromString(text)), )                                                    \
    F(PyBytes_FromFormat, TEXT, , MADE(PyBytes_FromFormat("%s %zd %.3s %x", text, n, text, 5)), )                      \
    F(PyBytes_FromFormatV, TEXT, , MADE(bytes_from_format(text)), )                                                    \
    F(PyBytes_AsString, BYTES, , POINTER(PyBytes_AsString(bytes)), )                                                   \
    F(PyBytes_AsStringAndSize, BYTES, , STATUS(PyBytes_AsStringAndSize(bytes, &string, NULL)), )                       \
    F(PyBytes_Size, BYTES, , STATUS(PyBytes_Size(bytes)), )                                                            \
    F(PyBytes_Repr, BYTES, , MADE(PyBytes_Repr(bytes, 1)), )                                                           \
    F(PyBytes_Join, BYTES, , MADE(PyBytes_Join(plain, list)), )                                                        \
    F(_PyBytes_Resize, BYTES, self = PyBytes_FromStringAndSize(NULL, n / 2),                                           \
      STATUS(_PyBytes_Resize(&self, n)), Py_XDECREF(self))                                                             \
    F(PyByteArray_FromStringAndSize, BYTES, , MADE(PyByteArray_FromStringAndSize(text, n)), )                          \
    F(PyByteArray_AsString, BYTES, , POINTER(PyByteArray_AsString(bytearray)), )                                       \
    F(PyByteArray_Size, BYTES, , STATUS(PyByteArray_Size(bytearray)), )                                                \
    F(PyByteArray_Resize, BYTES, self = PyByteArray_FromStringAndSize(text, n / 4),                                    \
      STATUS(PyByteArray_Resize(self, n)), DROP)                                                                       \
    F(PySequence_GetItem, BYTES, , MADE(PySequence_GetItem(bytearray, 0)), )                                           \
    F(PySequence_GetSlice, BYTES, , MADE(PySequence_GetSlice(bytes, 1, PY_SSIZE_T_MAX)), )                             \
    F(PySequence_SetItem, BYTES, self = PyBuffer_FromReadWriteObject(bytearray, 0, n); three[0] = PyBytes_FromString("x"), \
      STATUS(PySequence_SetItem(self, 0, three[0])), Py_DECREF(three[0]); DROP)                                        \
    F(PySequence_Repeat, BYTES, , MADE(PySequence_Repeat(plain, n / 8)), )                                             \
    F(PySequence_DelItem, BYTES, self = PyByteArray_FromStringAndSize(text, n), STATUS(PySequence_DelItem(self, 1)), DROP) \
    F(PySequence_DelSlice, BYTES, self = PyByteArray_FromStringAndSize(text, n),                                       \
      STATUS(PySequence_DelSlice(self, 1, n / 2)), DROP)                                                               \
    F(PyObject_Compare, BYTES, , STATUS(PyObject_Compare(bytes, bytes) == 0 ? 0 : -1), )                               \
    F(PyObject_Cmp, BYTES, , STATUS(PyObject_Cmp(bytes, bytes, &sign)), )                                              \
    F(PyObject_HashNotImplemented, NONE, , RAISES(PyObject_HashNotImplemented(bytearray), PyExc_TypeError), )          \
    F(PyBytesWriter_Create, BYTES, , POINTER(writer = PyBytesWriter_Create(n)), DISCARD)                               \
    F(PyBytesWriter_Discard, BYTES, WRITER, DISCARD, )                                                                 \
    F(PyBytesWriter_Finish, BYTES, WRITER, MADE(PyBytesWriter_Finish(writer)), )                                       \
    F(PyBytesWriter_FinishWithSize, BYTES, WRITER, MADE(PyBytesWriter_FinishWithSize(writer, n / 2)), )                \
    F(PyBytesWriter_FinishWithPointer, BYTES, WRITER,                                                                  \
      MADE(PyBytesWriter_FinishWithPointer(writer, (char *)PyBytesWriter_GetData(writer) + n / 2)), )                  \
    F(PyBytesWriter_GetData, BYTES, WRITER, POINTER(PyBytesWriter_GetData(writer)), DISCARD)                           \
    F(PyBytesWriter_GetSize, BYTES, WRITER, STATUS(PyBytesWriter_GetSize(writer)), DISCARD)                            \
    F(PyBytesWriter_WriteBytes, SIZE(2 * n, 0), WRITER, STATUS(PyBytesWriter_WriteBytes(writer, text, n)), DISCARD)    \
    F(PyBytesWriter_Format, SIZE(n, n), WRITER, STATUS(PyBytesWriter_Format(writer, "%s%d", text, 1)), DISCARD)        \
    F(PyBytesWriter_Resize, SIZE(2 * n, 0), WRITER, STATUS(PyBytesWriter_Resize(writer, 2 * n)), DISCARD)              \
    F(PyBytesWriter_Grow, SIZE(2 * n, 0), WRITER, STATUS(PyBytesWriter_Grow(writer, n)), DISCARD)                      \
    F(PyBytesWriter_GrowAndUpdatePointer, SIZE(2 * n, 0), WRITER,                                                      \
      POINTER(PyBytesWriter_GrowAndUpdatePointer(writer, n, PyBytesWriter_GetData(writer))), DISCARD)                  \
    F(PyErr_SetString, TEXT, , RAISES(PyErr_SetString(PyExc_ValueError, text), PyExc_ValueError), )                    \
    F(PyErr_SetObject, BYTES, , RAISES(PyErr_SetObject(PyExc_ValueError, bytes), PyExc_ValueError), )                  \
    F(PyErr_SetNone, NONE, , RAISES(PyErr_SetNone(PyExc_ValueError), PyExc_ValueError), )                              \
    F(PyErr_Format, SIZE(5000, n), , RAISES(PyErr_Format(PyExc_ValueError, "%5000.5s %.*s %d", text, 5, text, 1), PyExc_ValueError), ) \
    F(PyErr_FormatV, SIZE(5000, n), , RAISES(error_from_format("%s %5000d", text, 1), PyExc_ValueError), )             \
    F(PyErr_Occurred, TEXT, raise_error(), POINTER(PyErr_Occurred()), PyErr_Clear())                                   \
    F(PyErr_ExceptionMatches, TEXT, raise_error(), STATUS(PyErr_ExceptionMatches(PyExc_ValueError)), PyErr_Clear())    \
    F(PyErr_GivenExceptionMatches, NONE, , STATUS(PyErr_GivenExceptionMatches(PyExc_ValueError, PyExc_Exception)), )   \
    F(PyErr_Clear, TEXT, raise_error(), PyErr_Clear(), )                                                               \
    F(PyErr_Fetch, TEXT, raise_error(), PyErr_Fetch(&fetched[0], &fetched[1], &fetched[2]),                            \
      for (int i = 0; i < 3; i++) { Py_XDECREF(fetched[i]); })                                                         \
    F(PyErr_Restore, BYTES, raise_error(), RAISES(PyErr_Restore(Py_NewRef(PyExc_TypeError), Py_NewRef(bytes), NULL), PyExc_TypeError), ) \
    F(PyErr_Print, TEXT, raise_error(), print_nowhere(), )                                                             \
    F(PyErr_BadArgument, NONE, , RAISES(PyErr_BadArgument(), PyExc_TypeError), )                                       \
    F(PyErr_BadInternalCall, NONE, , RAISES(PyErr_BadInternalCall(), PyExc_SystemError), )                             \
    F(_PyErr_BadInternalCall, TEXT, , RAISES(_PyErr_BadInternalCall(text, 5), PyExc_SystemError), )                    \
    F(PyErr_NoMemory, NONE, , RAISES(PyErr_NoMemory(), PyExc_MemoryError), )                                           \
    F(pybuffer_error_message, TEXT, raise_error(), POINTER(pybuffer_error_message()), PyErr_Clear())                   \
    F(pybuffer_error_name, TEXT, raise_error(), POINTER(pybuffer_error_name()), PyErr_Clear())                         \
    F(PyMem_Malloc, BYTES, , POINTER(block = PyMem_Malloc((size_t)n)), PyMem_Free(block))                              \
    F(PyMem_Calloc, BYTES, , POINTER(block = PyMem_Calloc(1, (size_t)n)), PyMem_Free(block))                           \
    F(PyMem_Realloc, SIZE(3 * n, 0), BLOCK(PyMem_), POINTER(pointer = PyMem_Realloc(block, 2 * (size_t)n)),            \
      PyMem_Free(status == 0 ? (void *)(uintptr_t)pointer : block))                                                    \
    F(PyMem_Free, BYTES, BLOCK(PyMem_), PyMem_Free(block), )                                                           \
    F(PyMem_RawMalloc, BYTES, , POINTER(block = PyMem_RawMalloc((size_t)n)), PyMem_RawFree(block))                     \
    F(PyMem_RawCalloc, BYTES, , POINTER(block = PyMem_RawCalloc(1, (size_t)n)), PyMem_RawFree(block))                  \
    F(PyMem_RawRealloc, SIZE(3 * n, 0), BLOCK(PyMem_Raw), POINTER(pointer = PyMem_RawRealloc(block, 2 * (size_t)n)),   \
      PyMem_RawFree(status == 0 ? (void *)(uintptr_t)pointer : block))                                                 \
    F(PyMem_RawFree, BYTES, BLOCK(PyMem_Raw), PyMem_RawFree(block), )                                                  \
    F(PyObject_Malloc, BYTES, , POINTER(block = PyObject_Malloc((size_t)n)), PyObject_Free(block))                     \
    F(PyObject_Calloc, BYTES, , POINTER(block = PyObject_Calloc(1, (size_t)n)), PyObject_Free(block))                  \
    F(PyObject_Realloc, SIZE(3 * n, 0), BLOCK(PyObject_), POINTER(pointer = PyObject_Realloc(block, 2 * (size_t)n)),   \
      PyObject_Free(status == 0 ? (void *)(uintptr_t)pointer : block))                                                 \
    F(PyObject_Free, BYTES, BLOCK(PyObject_), PyObject_Free(block), )                                                  \
    F(PyMem_GetAllocator, NONE, , PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &allocator), )                                  \
    F(PyMem_SetAllocator, NONE, PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &allocator),                                      \
      PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &allocator), )                                                              \
    F(PyObject_Init, NONE, OBJECT, MADE(PyObject_Init(self, &PyBaseObject_Type)), )                                    \
    F(PyObject_InitVar, NONE, block = PyObject_Malloc(256),                                                            \
      POINTER(PyObject_InitVar((PyVarObject *)block, &PyBaseObject_Type, 3)), PyObject_Free(block))                    \
    F(_PyObject_New, NONE, , MADE(_PyObject_New(&PyBaseObject_Type)), )                                                \
    F(_PyObject_NewVar, BYTES, , POINTER(block = _PyObject_NewVar(&PyBytes_Type, n)), PyObject_Free(block))            \
    F(PyType_Ready, NONE, , STATUS(PyType_Ready(&List_Type)), )                                                        \
    F(PyType_IsSubtype, NONE, , STATUS(PyType_IsSubtype(&List_Type, &PyBaseObject_Type)), )                            \
    F(PyType_GetFlags, NONE, , STATUS((long long)PyType_GetFlags(&List_Type) != 0), )                                  \
    F(PyUnstable_IsImmortal, NONE, , STATUS(PyUnstable_IsImmortal(bytes)), )                                           \
    F(PyUnstable_Object_IsUniquelyReferenced, NONE, , STATUS(PyUnstable_Object_IsUniquelyReferenced(bytes)), )         \
    F(PyUnstable_SetImmortal, NONE, , STATUS(PyUnstable_SetImmortal(Py_None)), )                                       \
    F(PyUnstable_EnableTryIncRef, NONE, , PyUnstable_EnableTryIncRef(bytes), )                                         \
    F(PyUnstable_TryIncRef, NONE, , STATUS(PyUnstable_TryIncRef(bytes)), Py_DECREF(bytes))                             \
    F(Py_IncRef, NONE, , Py_IncRef(bytes), Py_DecRef(bytes))                                                           \
    F(Py_DecRef, BYTES, self = PyBytes_FromStringAndSize(NULL, n), Py_DecRef(self), )                                  \
    F(_Py_IncRef, NONE, , _Py_IncRef(bytes), _Py_DecRef(bytes))                                                        \
    F(_Py_DecRef, BYTES, self = PyBytes_FromStringAndSize(NULL, n), _Py_DecRef(self), )                                \
    F(_Py_SetRefcnt, NONE, , _Py_SetRefcnt(bytes, 1), )                                                                \
    F(Py_REFCNT, NONE, , STATUS((Py_REFCNT)(bytes)), )                                                                 \
    F(Py_SIZE, NONE, , STATUS((Py_SIZE)(bytes)), )                                                                     \
    F(Py_TYPE, NONE, , POINTER((Py_TYPE)(bytes)), )                                                                    \
    F(Py_IS_TYPE, NONE, , STATUS((Py_IS_TYPE)(bytes, &PyBytes_Type)), )                                                \
    F(Py_SET_SIZE, NONE, self = PyBytes_FromStringAndSize(NULL, 8), (Py_SET_SIZE)((PyVarObject *)self, 7), DROP)       \
    F(Py_GetConstant, NONE, , MADE(Py_GetConstant(Py_CONSTANT_EMPTY_BYTES)), )                                         \
    F(Py_GetConstantBorrowed, NONE, , POINTER(Py_GetConstantBorrowed(Py_CONSTANT_NONE)), )                             \
    F(Py_Initialize, NONE, , Py_Initialize(), )                                                                        \
    F(Py_InitializeEx, NONE, , Py_InitializeEx(0), )                                                                   \
    F(Py_IsInitialized, NONE, , STATUS(Py_IsInitialized()), )                                                          \
    F(Py_Finalize, NONE, , Py_Finalize(), )                                                                            \
    F(Py_FinalizeEx, NONE, , STATUS(Py_FinalizeEx()), )                                                                \
    F(pybuffer_set_hash_key, NONE, , STATUS(pybuffer_set_hash_key(1, 2) == 0 ? 0 : (PyErr_Clear(), 0)), )              \
    F(pybuffer_version, NONE, , POINTER(pybuffer_version()), )                                                         \
    F(pybuffer_version_number, NONE, , STATUS(pybuffer_version_number()), )

typedef struct {
    const char *name;
    int (*before)(void); /* 0: not with this subject */
    void (*call)(void);
    void (*after)(void);
    Size (*size)(void);
    int each; /* with every subject */
    int succeeded;
} Call;

#define DEFINE(name, arguments, first, then, last)                                                                     \
    static int before_##name(void)                                                                                     \
    {                                                                                                                  \
        first;                                                                                                         \
        return 1;                                                                                                      \
    }                                                                                                                  \
    static void call_##name(void) { then; }                                                                            \
    static void after_##name(void) { last; }                                                                           \
    static Size size_##name(void) { return arguments; }
EACH(DEFINE)
ONCE(DEFINE)

#define ENTER(name, each) {#name, before_##name, call_##name, after_##name, size_##name, each, 0},
#define ENTER_EACH(name, size, before, call, after) ENTER(name, 1)
#define ENTER_ONCE(name, size, before, call, after) ENTER(name, 0)
static Call calls[] = {EACH(ENTER_EACH) ONCE(ENTER_ONCE)};

/* Under callgrind, what is counted. */
void measured(void (*run)(void));

__attribute__((noinline)) void measured(void (*run)(void))
{
    run();
    __asm__ volatile("");
}

/* Whether the call has succeeded. */
static int has_succeeded(void)
{
    return made != NULL || status >= 0 || (status == NO_STATUS && PyErr_Occurred() == NULL);
}

/* The bytes that a new object has for itself. */
static size_t bytes_made(void)
{
    Py_buffer own;
    if (made == NULL || made == bytes || PyObject_GetBuffer(made, &own, PyBUF_FULL_RO) != 0) {
        PyErr_Clear();
        return 0;
    }
    const unsigned char *at = own.buf, *memory = subject_memory[0];
    int is_new = (at < memory || at > memory + sizeof(subject_memory)) && (at < out || at > out + sizeof(out));
    size_t size = is_new && own.suboffsets == NULL && PyBuffer_IsContiguous(&own, 'A') ? (size_t)own.len : 0;
    PyBuffer_Release(&own);
    return size;
}

/* ---- a small stack -------------------------------------------------------------------------------------------- */

/* The name of the call that a child is in. */
static char *now_calling;

static void call_once(Call *call)
{
    made = NULL;
    status = NO_STATUS;
    if (!call->before()) {
        return;
    }
    made = NULL;
    status = NO_STATUS;
    snprintf(now_calling, 100, "%s", call->name);
    call->call();
    call->succeeded |= has_succeeded();
    PyErr_Clear();
    Py_XDECREF(made);
    made = NULL;
    call->after();
}

static void *call_all(void *unused)
{
    (void)unused;
    for (size_t s = 0; s < COUNT(subjects); s++) {
        for (Py_ssize_t size = 1024; size <= (subjects[s].grows ? 16384 : 1024); size *= 16) {
            prepare(s, size);
            for (size_t c = 0; c < COUNT(calls); c++) {
                if (calls[c].each || s == 0) {
                    call_once(&calls[c]);
                }
            }
            clear();
        }
    }
    return NULL;
}

static int child(const char *level)
{
    setenv("PYBUFFER_CPU", level, 1);
    if (!on_stack_of(64 * 1024, call_all, NULL)) {
        return 2;
    }
    int failures = 0;
    for (size_t c = 0; c < COUNT(calls); c++) {
        if (!calls[c].succeeded) {
            printf("# %s has succeeded with no subject\n", calls[c].name);
            failures++;
        }
    }
    fflush(stdout);
    return failures != 0;
}

static void at_level(const char *level)
{
    const char *optimised = getenv("PYBUFFER_TEST_STACK");
    if (optimised != NULL && strtoul(optimised, NULL, 10) == 0) {
        SKIP("the library is not optimised");
    }
#if defined(__SANITIZE_ADDRESS__)
    SKIP("the sanitizers' functions use the stack, too");
#endif
    int result = 0;
    now_calling = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child(level));
    }
    CHECK(pid > 0 && waitpid(pid, &result, 0) == pid);
    if (!CHECK_INT(result, 0)) {
        printf("# the last call was one of %s\n", now_calling);
    }
    munmap(now_calling, 4096);
}

static void on_a_stack_of_64_KB_at_level_portable(void) { at_level("portable"); }
static void on_a_stack_of_64_KB_at_the_best_level(void) { at_level(""); }

/* ---- no memory ------------------------------------------------------------------------------------------------ */

static Call *current;

/* What a call that fails must not change. */
typedef struct {
    long outstanding;
    Py_ssize_t references[10];
    unsigned char memory[2][1024];
} Before;

static Before state_of_arguments(void)
{
    Before now;
    PyObject *const objects[] = {view, other, readonly, nd, format, other_format, bytes, bytearray, list, plain};
    memset(&now, 0, sizeof(now));
    now.outstanding = hooks.outstanding;
    for (size_t i = 0; i < COUNT(objects); i++) {
        now.references[i] = Py_REFCNT(objects[i]);
    }
    memcpy(now.memory[0], subject_memory[0], sizeof(now.memory[0]));
    memcpy(now.memory[1], subject_memory[1], sizeof(now.memory[1]));
    return now;
}

/* Gives NULL without an error. */
static int is_allocator(void)
{
    return strstr(current->name, "alloc") != NULL && strcmp(current->name, "_Py_Dealloc") != 0;
}

static void with_failing_allocations(const char *subject)
{
    /* The error that it makes for this subject in any case. */
    PyObject *usual = NULL;
    for (int further = 0; further < 2; further++) {
        /* Without a failure first. */
        for (long at = further; at < 300; at++) {
            Before before = state_of_arguments();
            if (!current->before()) {
                return;
            }
            made = NULL;
            status = NO_STATUS;
            hooks_fail_at(at, further);
            current->call();
            int failed = hooks.failed;
            hooks.fail_at = 0;
            PyObject *error = PyErr_Occurred();
            int succeeded = has_succeeded();
            usual = at == 0 ? error : usual;
            PyErr_Clear();
            Py_XDECREF(made);
            made = NULL;
            current->after();
            Before after = state_of_arguments();
            if (failed != 0) {
                int as_told = !succeeded && (error == PyExc_MemoryError || error == usual || is_allocator());
                tap_check(as_told, __FILE__, __LINE__, "%s: %s, not MemoryError, %s, allocation %ld", current->name,
                          succeeded ? "success" : type_name(error), subject, at);
                tap_check(memcmp(before.memory, after.memory, sizeof(after.memory)) == 0, __FILE__, __LINE__,
                          "%s: a call that fails has written, %s, allocation %ld", current->name, subject, at);
            }
            tap_check(after.outstanding == before.outstanding, __FILE__, __LINE__, "%s: %ld blocks, %s, allocation %ld",
                      current->name, after.outstanding - before.outstanding, subject, at);
            tap_check(memcmp(before.references, after.references, sizeof(after.references)) == 0, __FILE__, __LINE__,
                      "%s: references, %s, allocation %ld", current->name, subject, at);
            if (failed == 0 && at != 0) {
                break;
            }
        }
    }
}

static void without_memory(void)
{
    static int installed;
    if (!installed) {
        hooks_install();
        installed = 1;
    }
    for (size_t s = 0; s < COUNT(subjects); s++) {
        prepare(s, 1024);
        for (size_t c = 0; c < COUNT(calls); c++) {
            if (calls[c].each || s == 0) {
                current = &calls[c];
                with_failing_allocations(subjects[s].name);
            }
        }
        clear();
    }
    CHECK_INT(hooks.outstanding, 0);
    CHECK_INT(hooks.wrong, 0);
}

/* ---- instructions --------------------------------------------------------------------------------------------- */

static void count_all(size_t first, size_t end)
{
    /* The first call of a function also finds it, and some things are made once. */
    static char name[100];
    now_calling = name;
    prepare(0, 1024);
    for (size_t c = 0; c < COUNT(calls); c++) {
        call_once(&calls[c]);
    }
    clear();
    for (size_t s = first; s < end && s < COUNT(subjects); s++) {
        for (Py_ssize_t size = 4096; size <= (subjects[s].grows ? 16384 : 4096); size *= 2) {
            prepare(s, size);
            for (size_t c = 0; c < COUNT(calls); c++) {
                if ((!calls[c].each && s != 0) || !calls[c].before()) {
                    continue;
                }
                made = NULL;
                status = NO_STATUS;
                measured(calls[c].call);
                Size sized = calls[c].size();
                int succeeded = has_succeeded();
                PyErr_Clear();
                sized.bytes += bytes_made();
                Py_XDECREF(made);
                made = NULL;
                calls[c].after();
                printf("%s\t%s\t%zd\t%zu\t%zu\t%d\n", calls[c].name, subjects[s].name, size, sized.bytes, sized.text, succeeded);
            }
            clear();
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--functions") == 0) {
        for (size_t c = 0; c < COUNT(calls); c++) {
            puts(calls[c].name);
        }
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--count") == 0) {
        PyType_Ready(&List_Type);
        count_all(argc > 2 ? strtoul(argv[2], NULL, 10) : 0, argc > 3 ? strtoul(argv[3], NULL, 10) : COUNT(subjects));
        return 0;
    }
    tap_after_each = nothing_is_left_pending;
    RUN(on_a_stack_of_64_KB_at_level_portable);
    RUN(on_a_stack_of_64_KB_at_the_best_level);
    RUN(without_memory);
    return tap_end();
}

/* Exporters whose answer is not what was asked for. Whatever this library itself reads or writes has been checked: the
 * answer is a BufferError (or what the function makes of one), the view is given back once, and no byte outside of the
 * memory is touched: it lies between pages that cannot be accessed, and what is read-only is so for the processor, too.
 */
#define _DEFAULT_SOURCE
#include "pages.h"
#include "support.h"

#include <limits.h>

#define SIZE 16

/* The 16 bytes at the end of a page; nothing after it may be accessed. */
static char *memory;
/* The same, which cannot be written. */
static char *constant;
/* At the start of a page; nothing before it may be accessed. */
static char *first;
static char *rows[4];

static char *page_of_m(void)
{
    return memset(guarded_pages(page_size()), 'm', page_size());
}

/* ---- the lies ----------------------------------------------------------------------------------------------- */

/* The requests that a consumer sends. */
enum { SIMPLE = 1, WRITABLE = 2, FULL_RO = 4, FULL = 8, ALL = 15 };

static int request_of(int flags)
{
    return flags == PyBUF_SIMPLE ? SIMPLE : flags == PyBUF_WRITABLE ? WRITABLE : flags == PyBUF_FULL_RO ? FULL_RO : FULL;
}

static Py_ssize_t shape[2], strides[2], suboffsets[2];

/* One axis of all the memory. */
static void plain(Py_buffer *view)
{
    *view = (Py_buffer){.buf = memory, .len = SIZE, .itemsize = 1, .ndim = 1, .format = (char *)"B", .shape = shape};
    shape[0] = SIZE;
}

static void axes(Py_buffer *view, Py_ssize_t rows_, Py_ssize_t columns, Py_ssize_t to_row, Py_ssize_t to_column)
{
    view->ndim = 2;
    view->strides = strides;
    shape[0] = rows_;
    shape[1] = columns;
    strides[0] = to_row;
    strides[1] = to_column;
}

static void read_only(Py_buffer *view) { view->readonly = 1; view->buf = constant; }
static void oddly_read_only(Py_buffer *view) { view->readonly = -7; view->buf = constant; }
static void backwards(Py_buffer *view) { view->strides = strides; strides[0] = -1; view->buf = memory + SIZE - 1; }
static void backwards_without_shape(Py_buffer *view) { backwards(view); view->shape = NULL; }
static void one_item_again_and_again(Py_buffer *view) { view->strides = strides; strides[0] = 0; view->buf = memory + 15; }
static void with_gaps(Py_buffer *view) { axes(view, 2, 4, 8, 1); view->len = 8; }
static void with_gaps_without_shape(Py_buffer *view) { with_gaps(view); view->shape = NULL; }
static void in_fortran_order(Py_buffer *view) { axes(view, 4, 4, 1, 4); }
static void by_pointers(Py_buffer *view)
{
    axes(view, 4, 4, sizeof(char *), 1);
    suboffsets[0] = 0;
    suboffsets[1] = -1;
    view->suboffsets = suboffsets;
    view->buf = rows;
}
static void pointers_without_strides(Py_buffer *view) { by_pointers(view); view->strides = NULL; }
static void pointers_at_null(Py_buffer *view)
{
    by_pointers(view);
    view->buf = NULL;
    view->itemsize = view->len = 0;
}
static void pointers_of_one_axis(Py_buffer *view)
{
    view->strides = strides;
    view->suboffsets = suboffsets;
    strides[0] = sizeof(char *);
    suboffsets[0] = 0;
    shape[0] = view->len = 4;
    view->buf = rows;
}
static void a_len_of_more(Py_buffer *view) { view->len = SIZE + 1; }
static void a_len_of_far_more(Py_buffer *view) { view->len = PY_SSIZE_T_MAX; }
static void a_len_of_one_item_more(Py_buffer *view) { shape[0] = 3; view->itemsize = 4; }
static void a_len_of_more_in_two_axes(Py_buffer *view) { axes(view, 3, 5, 5, 1); }
static void a_len_without_items(Py_buffer *view) { view->shape[0] = 0; }
static void a_len_of_items_of_size_0(Py_buffer *view) { view->itemsize = 0; }
static void a_len_of_less(Py_buffer *view) { view->len = SIZE - 1; }
static void a_shape_that_overflows(Py_buffer *view) { axes(view, (Py_ssize_t)1 << 32, (Py_ssize_t)1 << 32, 1, 1); }
static void a_negative_shape(Py_buffer *view) { axes(view, -4, -4, 4, 1); }
static void a_negative_len(Py_buffer *view) { view->len = -1; }
static void the_least_len(Py_buffer *view) { view->len = PY_SSIZE_T_MIN; view->shape = NULL; }
static void a_negative_itemsize(Py_buffer *view) { view->itemsize = -1; }
static void a_negative_itemsize_alone(Py_buffer *view) { view->itemsize = -1; view->shape = NULL; }
static void a_negative_itemsize_of_nothing(Py_buffer *view) { view->itemsize = -1; view->len = view->shape[0] = 0; }
static void too_many_items_without_bytes(Py_buffer *view)
{
    axes(view, (Py_ssize_t)1 << 32, (Py_ssize_t)1 << 32, 0, 0);
    view->itemsize = view->len = 0;
}
static void a_negative_ndim(Py_buffer *view) { view->ndim = -1; }
static void the_least_ndim(Py_buffer *view) { view->ndim = INT_MIN; view->shape = NULL; }
static void no_memory_for_bytes(Py_buffer *view) { view->buf = NULL; }
static void no_memory_for_plain_bytes(Py_buffer *view) { view->buf = NULL; view->shape = NULL; }
static void no_axes_and_many_bytes(Py_buffer *view) { view->ndim = 0; view->shape = NULL; }
static void two_axes_without_shape(Py_buffer *view) { view->ndim = 2; view->shape = NULL; }
static void two_axes_of_one_item_without_shape(Py_buffer *view)
{
    view->ndim = 2;
    view->itemsize = SIZE;
    view->shape = NULL;
}

static const struct {
    const char *name;
    void (*tell)(Py_buffer *view);
    int lie_to;       /* the requests to which it is one */
    const char *text; /* the lie */
} lies[] = {
#define CONTRADICTION(tell, text) {#tell, tell, ALL, text}
    {"read only", read_only, WRITABLE | FULL, "the memory is read-only, though writable memory was asked for"},
    {"oddly read only", oddly_read_only, WRITABLE | FULL, "the memory is read-only, though writable memory was asked for"},
#define NOT_CONTIGUOUS "the memory is not C-contiguous, though no strides were asked for"
    {"backwards", backwards, SIMPLE | WRITABLE, NOT_CONTIGUOUS},
    {"backwards without shape", backwards_without_shape, SIMPLE | WRITABLE, NOT_CONTIGUOUS},
    {"backwards without shape", backwards_without_shape, FULL_RO | FULL, "strides need a shape"},
    {"one item again and again", one_item_again_and_again, SIMPLE | WRITABLE, NOT_CONTIGUOUS},
    {"with gaps", with_gaps, SIMPLE | WRITABLE, NOT_CONTIGUOUS},
    {"with gaps, without shape", with_gaps_without_shape, SIMPLE | WRITABLE, "strides need a shape"},
    {"with gaps, without shape", with_gaps_without_shape, FULL_RO | FULL, "a view of several axes needs a shape"},
    {"in Fortran order", in_fortran_order, SIMPLE | WRITABLE, NOT_CONTIGUOUS},
    {"by pointers", by_pointers, SIMPLE | WRITABLE, "there are suboffsets, though none were asked for"},
    {"pointers of one axis", pointers_of_one_axis, SIMPLE | WRITABLE, "there are suboffsets, though none were asked for"},
    {"pointers without strides", pointers_without_strides, SIMPLE | WRITABLE,
     "there are suboffsets, though none were asked for"},
    {"pointers without strides", pointers_without_strides, FULL_RO | FULL, "suboffsets need strides"},
    {"pointers at NULL", pointers_at_null, SIMPLE | WRITABLE, "there are suboffsets, though none were asked for"},
    {"pointers at NULL", pointers_at_null, FULL_RO | FULL, "buf must not be NULL where suboffsets are followed"},
    CONTRADICTION(a_len_of_more, "product(shape) * itemsize is less than len"),
    CONTRADICTION(a_len_of_far_more, "product(shape) * itemsize is less than len"),
    CONTRADICTION(a_len_of_one_item_more, "product(shape) * itemsize is less than len"),
    CONTRADICTION(a_len_of_more_in_two_axes, "product(shape) * itemsize is less than len"),
    CONTRADICTION(a_len_without_items, "product(shape) * itemsize is less than len"),
    CONTRADICTION(a_len_of_items_of_size_0, "product(shape) * itemsize is less than len"),
    CONTRADICTION(a_len_of_less, "product(shape) * itemsize is more than len"),
    CONTRADICTION(a_shape_that_overflows, "product(shape) * itemsize is more than len"),
    CONTRADICTION(a_negative_shape, "shape must not be negative"),
    CONTRADICTION(a_negative_len, "itemsize and len must not be negative"),
    CONTRADICTION(the_least_len, "itemsize and len must not be negative"),
    CONTRADICTION(a_negative_itemsize, "itemsize and len must not be negative"),
    CONTRADICTION(a_negative_itemsize_alone, "itemsize and len must not be negative"),
    CONTRADICTION(a_negative_itemsize_of_nothing, "itemsize and len must not be negative"),
    CONTRADICTION(too_many_items_without_bytes, "product(shape) is too large"),
    CONTRADICTION(a_negative_ndim, "ndim must not be negative"),
    CONTRADICTION(the_least_ndim, "ndim must not be negative"),
    CONTRADICTION(no_memory_for_bytes, "buf must not be NULL where len is not 0"),
    CONTRADICTION(no_memory_for_plain_bytes, "buf must not be NULL where len is not 0"),
    {"no axes and many bytes", no_axes_and_many_bytes, FULL_RO | FULL, "product(shape) * itemsize is less than len"},
    {"two axes without shape", two_axes_without_shape, FULL_RO | FULL, "a view of several axes needs a shape"},
    {"two axes of one item without shape", two_axes_of_one_item_without_shape, FULL_RO | FULL,
     "a view of several axes needs a shape"},
};

/* What exporters do, too, and consumers have to take: more than was asked for, or less where that says the same. */
static void nothing_but_bytes(Py_buffer *view) { view->shape = NULL; view->format = NULL; }
static void like_ctypes(Py_buffer *view) { axes(view, 4, 2, 0, 0); view->strides = NULL; view->itemsize = 2; view->format = (char *)"<h"; }
static void with_strides(Py_buffer *view) { axes(view, 2, 4, 8, 2); view->itemsize = 2; }
static void axes_of_one_item(Py_buffer *view) { axes(view, 1, SIZE, -99, 1); }
static void suboffsets_that_follow_nothing(Py_buffer *view)
{
    view->strides = strides;
    view->suboffsets = suboffsets;
    strides[0] = 1;
    suboffsets[0] = -1;
}
static void fourteen_bytes_in_items_of_4(Py_buffer *view) { shape[0] = 3; view->itemsize = 4; view->len = 14; }
static void no_bytes_at_null(Py_buffer *view) { view->buf = NULL; view->len = shape[0] = 0; }
/* NumPy keeps ndim for plain bytes and drops the arrays. */
static void like_numpy(Py_buffer *view) { view->ndim = 2; view->shape = NULL; view->itemsize = 4; view->format = NULL; }
/* Whoever sets nothing but the bytes. */
static void bytes_and_no_axes(Py_buffer *view) { view->ndim = 0; view->shape = NULL; view->itemsize = 0; }

static const struct {
    const char *name;
    void (*tell)(Py_buffer *view);
    int to;
} oddities[] = {
    {"nothing but bytes", nothing_but_bytes, ALL},
    {"like ctypes", like_ctypes, ALL},
    {"with strides", with_strides, ALL},
    {"axes of one item", axes_of_one_item, ALL},
    {"suboffsets that follow nothing", suboffsets_that_follow_nothing, SIMPLE | WRITABLE},
    {"14 bytes in items of 4", fourteen_bytes_in_items_of_4, ALL},
    {"no bytes at NULL", no_bytes_at_null, ALL},
    {"like NumPy", like_numpy, SIMPLE | WRITABLE},
    {"bytes and no axes", bytes_and_no_axes, SIMPLE | WRITABLE},
};

/* The lie, and the request that gets it; others get the truth. */
static void (*tell)(Py_buffer *view);
static int tell_to;
static int was_told;

static int answer(Exporter *self, Py_buffer *view, int flags)
{
    plain(view);
    if (tell != NULL && (tell_to & request_of(flags))) {
        tell(view);
        was_told++;
    }
    view->obj = (PyObject *)self;
    Py_INCREF(self);
    return 0;
}

static Exporter *liar(void)
{
    Exporter *self = exporter_of_bytes(memory, SIZE);
    self->on_get = answer;
    return self;
}

/* ---- the consumers ------------------------------------------------------------------------------------------ */

/* 1 for success, 0 for a failure. */
static int made(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

static PyObject *sixteen(void)
{
    return PyByteArray_FromStringAndSize("0123456789abcdef", SIZE);
}

/* The result of `call` for the exporter `op` and a bytearray, `other`. */
#define WITH_BYTEARRAY(name, call)                                                                                     \
    static int name(PyObject *op)                                                                                      \
    {                                                                                                                  \
        PyObject *other = sixteen();                                                                                   \
        int good = (call);                                                                                             \
        CHECK_INT(exports_of(other), 0);                                                                               \
        Py_DECREF(other);                                                                                              \
        return good;                                                                                                   \
    }

/* An old buffer of the exporter, made while that told the truth, and the result of `call` for it. */
#define OF_BASE(name, make, call)                                                                                      \
    static int name(PyObject *op)                                                                                      \
    {                                                                                                                  \
        void (*lie)(Py_buffer *) = tell;                                                                               \
        tell = NULL;                                                                                                   \
        PyObject *old = make(op, 0, Py_END_OF_BUFFER), *other = sixteen();                                             \
        tell = lie;                                                                                                    \
        int good = (call);                                                                                             \
        CHECK_INT(exports_of(other), 0);                                                                               \
        Py_DECREF(other);                                                                                              \
        Py_DECREF(old);                                                                                                \
        return good;                                                                                                   \
    }

static const pybuffer_subscript everything = PYBUFFER_ALL;
static const void *at;
static const char *text_at;
static void *writable_at;
static Py_ssize_t length;

static int bytes_concat(PyObject *op)
{
    PyObject *bytes = PyBytes_FromString("left");
    PyBytes_Concat(&bytes, op);
    return made(bytes);
}

static int concat_of_bytes(PyObject *op)
{
    PyObject *bytes = PyBytes_FromString("left");
    int good = made(PySequence_Concat(bytes, op));
    Py_DECREF(bytes);
    return good;
}

WITH_BYTEARRAY(bytearray_concat, made(PyByteArray_Concat(other, op)))
WITH_BYTEARRAY(concat_to_bytearray, made(PyByteArray_Concat(op, other)))
WITH_BYTEARRAY(concat_of_bytearray, made(PySequence_Concat(other, op)))
static int concat_to_itself(PyObject *op) { return made(PyByteArray_Concat(op, op)); }
static int as_read_buffer(PyObject *op) { return PyObject_AsReadBuffer(op, &at, &length) == 0; }
static int as_char_buffer(PyObject *op) { return PyObject_AsCharBuffer(op, &text_at, &length) == 0; }
static int as_write_buffer(PyObject *op) { return PyObject_AsWriteBuffer(op, &writable_at, &length) == 0; }
static int as_old_buffer(PyObject *op) { return made(PyBuffer_FromObject(op, 0, Py_END_OF_BUFFER)); }
static int as_writable_old_buffer(PyObject *op) { return made(PyBuffer_FromReadWriteObject(op, 0, Py_END_OF_BUFFER)); }
static int concat_to_old_buffer(PyObject *op)
{
    PyObject *old = PyBuffer_FromMemory(first, 4);
    int good = made(PySequence_Concat(old, op));
    Py_DECREF(old);
    return good;
}
static int to_slice_of_old_buffer(PyObject *op)
{
    PyObject *old = PyBuffer_New(SIZE);
    int good = PySequence_SetSlice(old, 0, SIZE, op) == 0;
    Py_DECREF(old);
    return good;
}

OF_BASE(size_of_base, PyBuffer_FromObject, PySequence_Size(old) >= 0)
OF_BASE(item_of_base, PyBuffer_FromObject, made(PySequence_GetItem(old, 3)))
OF_BASE(slice_of_base, PyBuffer_FromObject, made(PySequence_GetSlice(old, 0, SIZE)))
OF_BASE(twice_base, PyBuffer_FromObject, made(PySequence_Repeat(old, 2)))
OF_BASE(base_concat, PyBuffer_FromObject, made(PySequence_Concat(old, other)))
OF_BASE(hash_of_base, PyBuffer_FromObject, PyObject_Hash(old) != -1)
OF_BASE(bytes_of_base, PyBuffer_FromObject, made(PyBytes_FromObject(old)))
OF_BASE(view_of_base, PyBuffer_FromObject, made(PyMemoryView_FromObject(old)))
OF_BASE(to_slice_of_base, PyBuffer_FromReadWriteObject, PySequence_SetSlice(old, 0, SIZE, other) == 0)
OF_BASE(to_item_of_base, PyBuffer_FromReadWriteObject, PySequence_SetItem(old, 0, other) == 0)
OF_BASE(copy_to_base, PyBuffer_FromReadWriteObject, PyObject_CopyData(old, other) == 0)

static int base_against_itself(PyObject *op)
{
    void (*lie)(Py_buffer *) = tell;
    tell = NULL;
    PyObject *old = PyBuffer_FromObject(op, 0, Py_END_OF_BUFFER), *same = PyBuffer_FromObject(op, 0, Py_END_OF_BUFFER);
    tell = lie;
    int good = PyObject_RichCompareBool(old, same, Py_EQ) >= 0;
    Py_DECREF(same);
    Py_DECREF(old);
    return good;
}

static int as_memoryview(PyObject *op) { return made(PyMemoryView_FromObject(op)); }
static int as_contiguous(PyObject *op) { return made(PyMemoryView_GetContiguous(op, PyBUF_READ, 'F')); }
static int as_bytes(PyObject *op) { return made(PyBytes_FromObject(op)); }
static int as_bytearray(PyObject *op) { return made(PyByteArray_FromObject(op)); }
static int as_picklebuffer(PyObject *op) { return made(PyPickleBuffer_FromObject(op)); }
static int as_ndarray(PyObject *op) { return made(pybuffer_ndarray_from_object(op, PyBUF_FULL_RO, 0)); }
WITH_BYTEARRAY(as_source, PyObject_CopyData(other, op) == 0)
WITH_BYTEARRAY(to_slice_of_bytearray, PySequence_SetSlice(other, 0, SIZE, op) == 0)
static int as_destination(PyObject *op)
{
    PyObject *none = PyBytes_FromString("");
    int good = PyObject_CopyData(op, none) == 0;
    Py_DECREF(none);
    return good;
}
WITH_BYTEARRAY(as_destination_of_all, PyObject_CopyData(op, other) == 0)
static int as_target(PyObject *op) { return PyObject_CopyToObject(op, first, SIZE, 'C') == 0; }

static int equal_to_memoryview(PyObject *op)
{
    PyObject *view = PyMemoryView_FromMemory(first, SIZE, PyBUF_READ);
    int good = pybuffer_memoryview_equal(view, op) >= 0;
    Py_DECREF(view);
    return good;
}

static int to_memoryview(PyObject *op)
{
    PyObject *array = sixteen(), *view = PyMemoryView_FromObject(array);
    int good = pybuffer_memoryview_assign(view, &everything, 1, op) == 0;
    Py_DECREF(view);
    Py_DECREF(array);
    return good;
}

static int as_source_of_a_conversion(PyObject *op)
{
    static char wide[8 * SIZE];
    Py_ssize_t size = SIZE;
    PyObject *view = pybuffer_memoryview_wrap(wide, ">d", 1, &size, NULL, 0, NULL, NULL);
    int good = pybuffer_memoryview_convert(view, op) == 0;
    Py_DECREF(view);
    return good;
}

static int to_ndarray(PyObject *op)
{
    Py_ssize_t size = SIZE;
    PyObject *nd = pybuffer_ndarray_zeros("B", 1, &size, PYBUFFER_ND_WRITABLE);
    int good = pybuffer_ndarray_assign(nd, &everything, 1, op) == 0;
    Py_DECREF(nd);
    return good;
}

/* Objects that pass an answer on do not check it: the consumer does. */
#define THROUGH(name, make, call)                                                                                      \
    static int name(PyObject *op)                                                                                      \
    {                                                                                                                  \
        void (*lie)(Py_buffer *) = tell;                                                                               \
        tell = NULL;                                                                                                   \
        PyObject *by = (make);                                                                                         \
        tell = lie;                                                                                                    \
        int good = (call);                                                                                             \
        Py_DECREF(by);                                                                                                 \
        return good;                                                                                                   \
    }
#define BY_PICKLEBUFFER PyPickleBuffer_FromObject(op)
#define BY_NDARRAY pybuffer_ndarray_from_object(op, PyBUF_FULL_RO, PYBUFFER_ND_REDIRECT)
THROUGH(read_by_picklebuffer, BY_PICKLEBUFFER, as_read_buffer(by))
THROUGH(written_by_picklebuffer, BY_PICKLEBUFFER, as_target(by))
THROUGH(bytes_by_picklebuffer, BY_PICKLEBUFFER, as_bytes(by))
THROUGH(joined_by_picklebuffer, BY_PICKLEBUFFER, bytes_concat(by))
THROUGH(read_by_ndarray, BY_NDARRAY, as_read_buffer(by))
THROUGH(written_by_ndarray, BY_NDARRAY, as_target(by))
THROUGH(bytes_by_ndarray, BY_NDARRAY, as_bytes(by))

/* What becomes of a BufferError. */
enum { STAYS, TYPE_ERROR };

static const struct {
    const char *name;
    int (*consume)(PyObject *op);
    int request, becomes;
    int any_length; /* succeeds with less than 16 bytes, too */
} consumers[] = {
#define CONSUMER(f, request, becomes, any_length) {#f, f, request, becomes, any_length}
    CONSUMER(bytes_concat, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(concat_of_bytes, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(bytearray_concat, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(concat_to_bytearray, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(concat_of_bytearray, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(concat_to_itself, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(as_read_buffer, SIMPLE, STAYS, 1),
    CONSUMER(as_char_buffer, SIMPLE, STAYS, 1),
    CONSUMER(as_write_buffer, WRITABLE, TYPE_ERROR, 1),
    CONSUMER(as_old_buffer, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(as_writable_old_buffer, WRITABLE, TYPE_ERROR, 1),
    CONSUMER(concat_to_old_buffer, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(to_slice_of_old_buffer, SIMPLE, TYPE_ERROR, 0),
    CONSUMER(size_of_base, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(item_of_base, SIMPLE, TYPE_ERROR, 0),
    CONSUMER(slice_of_base, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(twice_base, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(base_concat, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(hash_of_base, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(bytes_of_base, SIMPLE, STAYS, 1),
    CONSUMER(view_of_base, SIMPLE, STAYS, 1),
    CONSUMER(to_slice_of_base, WRITABLE, TYPE_ERROR, 0),
    CONSUMER(to_item_of_base, WRITABLE, TYPE_ERROR, 0),
    CONSUMER(copy_to_base, WRITABLE, STAYS, 0),
    CONSUMER(base_against_itself, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(as_memoryview, FULL_RO, STAYS, 1),
    CONSUMER(as_contiguous, FULL_RO, STAYS, 1),
    CONSUMER(as_bytes, FULL_RO, STAYS, 1),
    CONSUMER(as_bytearray, FULL_RO, STAYS, 1),
    CONSUMER(as_picklebuffer, FULL_RO, STAYS, 1),
    CONSUMER(as_ndarray, FULL_RO, STAYS, 1),
    CONSUMER(as_source, FULL_RO, STAYS, 0),
    CONSUMER(to_slice_of_bytearray, FULL_RO, STAYS, 1),
    CONSUMER(equal_to_memoryview, FULL_RO, STAYS, 0),
    CONSUMER(to_memoryview, FULL_RO, STAYS, 0),
    CONSUMER(as_source_of_a_conversion, FULL_RO, STAYS, 0),
    CONSUMER(to_ndarray, FULL_RO, STAYS, 0),
    CONSUMER(as_destination, FULL, STAYS, 1),
    CONSUMER(as_destination_of_all, FULL, STAYS, 0),
    CONSUMER(as_target, FULL, STAYS, 0),
    CONSUMER(read_by_picklebuffer, SIMPLE, STAYS, 1),
    CONSUMER(written_by_picklebuffer, FULL, STAYS, 0),
    CONSUMER(bytes_by_picklebuffer, FULL_RO, STAYS, 1),
    CONSUMER(joined_by_picklebuffer, SIMPLE, TYPE_ERROR, 1),
    CONSUMER(read_by_ndarray, SIMPLE, STAYS, 1),
    CONSUMER(written_by_ndarray, FULL, STAYS, 0),
    CONSUMER(bytes_by_ndarray, FULL_RO, STAYS, 1),
};

/* The views are released, once each, and the exporter is unchanged. */
static void check_given_back(Exporter *self, const char *what, const char *who)
{
    tap_check(self->gets == self->releases, __FILE__, __LINE__, "%s, %s: %d gets, %d releases", what, who, self->gets,
              self->releases);
    tap_check(Py_REFCNT(self) == 1, __FILE__, __LINE__, "%s, %s: %d references", what, who, (int)Py_REFCNT(self));
}

static void a_lie_is_refused_and_the_view_given_back(void)
{
    static char before[SIZE], after[SIZE];
    for (size_t l = 0; l < COUNT(lies); l++) {
        for (size_t c = 0; c < COUNT(consumers); c++) {
            const char *lie = lies[l].name, *who = consumers[c].name;
            if (!(lies[l].lie_to & consumers[c].request)) {
                continue;
            }
            Exporter *self = liar();
            tell = lies[l].tell;
            tell_to = consumers[c].request;
            was_told = 0;
            length = -9;
            memcpy(before, memory, SIZE);
            int good = consumers[c].consume((PyObject *)self);
            memcpy(after, memory, SIZE);
            tap_check(was_told > 0, __FILE__, __LINE__, "%s, %s: never asked", lie, who);
            PyObject *error = consumers[c].becomes == STAYS ? PyExc_BufferError : PyExc_TypeError;
            tap_check(!good, __FILE__, __LINE__, "%s, %s: believed", lie, who);
            tap_check(PyErr_Occurred() == error, __FILE__, __LINE__, "%s, %s: %s (%s)", lie, who,
                      type_name(PyErr_Occurred()), PyErr_Occurred() ? pybuffer_error_message() : "");
            if (PyErr_Occurred() != NULL && consumers[c].becomes == STAYS) {
                tap_check(strcmp(pybuffer_error_message(), lies[l].text) == 0, __FILE__, __LINE__, "%s, %s: '%s'", lie,
                          who, pybuffer_error_message());
            }
            PyErr_Clear();
            tap_check(memcmp(before, after, SIZE) == 0, __FILE__, __LINE__, "%s, %s: it is written", lie, who);
            tap_check(length == -9, __FILE__, __LINE__, "%s, %s: a length is given", lie, who);
            check_given_back(self, lie, who);
            Py_DECREF(self);
        }
    }
    tell = NULL;
}

/* Where the same is no lie it may be refused for other reasons, but nothing is touched or kept that should not be. */
static void what_is_no_lie_to_others_does_no_harm(void)
{
    for (size_t l = 0; l < COUNT(lies); l++) {
        for (size_t c = 0; c < COUNT(consumers); c++) {
            if ((lies[l].lie_to & consumers[c].request) || lies[l].lie_to == (FULL_RO | FULL)) {
                continue;
            }
            if (strstr(lies[l].name, "without") != NULL && (consumers[c].request & (FULL_RO | FULL))) {
                continue;
            }
            Exporter *self = liar();
            tell = lies[l].tell;
            tell_to = consumers[c].request;
            if (consumers[c].consume((PyObject *)self)) {
                CHECK_PTR(PyErr_Occurred(), NULL);
            } else {
                CHECK(PyErr_Occurred() != NULL);
            }
            PyErr_Clear();
            check_given_back(self, lies[l].name, consumers[c].name);
            Py_DECREF(self);
        }
    }
    tell = NULL;
}

static void what_exporters_do_too_is_taken(void)
{
    for (size_t o = 0; o < COUNT(oddities); o++) {
        for (size_t c = 0; c < COUNT(consumers); c++) {
            if (!(oddities[o].to & consumers[c].request)) {
                continue;
            }
            Exporter *self = liar();
            tell = oddities[o].tell;
            tell_to = consumers[c].request;
            int good = consumers[c].consume((PyObject *)self);
            if (consumers[c].any_length) {
                tap_check(good, __FILE__, __LINE__, "%s, %s: %s (%s)", oddities[o].name, consumers[c].name,
                          type_name(PyErr_Occurred()), PyErr_Occurred() ? pybuffer_error_message() : "");
            }
            PyErr_Clear();
            check_given_back(self, oddities[o].name, consumers[c].name);
            Py_DECREF(self);
        }
    }
    tell = NULL;
}

static void too_many_axes(Py_buffer *view) { view->ndim = 65; }
static void far_too_many_axes(Py_buffer *view) { view->ndim = INT_MAX; }

/* The arrays are not read: there is nothing after them. */
static void nobody_takes_more_than_64_axes(void)
{
    for (size_t c = 0; c < COUNT(consumers); c++) {
        for (int far = 0; far < 2; far++) {
            Exporter *self = liar();
            tell = far ? far_too_many_axes : too_many_axes;
            tell_to = consumers[c].request;
            if (consumers[c].consume != as_ndarray || far) {
                CHECK_INT(consumers[c].consume((PyObject *)self), 0);
                CHECK(PyErr_Occurred() == PyExc_ValueError || PyErr_Occurred() == PyExc_TypeError);
            }
            PyErr_Clear();
            check_given_back(self, "too many axes", consumers[c].name);
            Py_DECREF(self);
        }
    }
    tell = NULL;
}

/* ---- functions without an error ----------------------------------------------------------------------------- */

static void who_only_wants_to_know_is_told_no(void)
{
    for (size_t l = 0; l < COUNT(lies); l++) {
        Exporter *self = liar();
        PyObject *array = sixteen(), *view = PyMemoryView_FromObject(array);
        tell = lies[l].tell;
        tell_to = lies[l].lie_to & (SIMPLE | FULL_RO);
        PyErr_SetString(PyExc_IndexError, "the caller's");
        if (tell_to & SIMPLE) {
            CHECK_INT(PyObject_CheckReadBuffer((PyObject *)self), 0);
            CHECK_INT(PyObject_RichCompareBool(array, (PyObject *)self, Py_EQ), 0);
            CHECK_INT(PyObject_RichCompareBool(array, (PyObject *)self, Py_NE), 1);
        }
        if (tell_to & FULL_RO) {
            CHECK_INT(PyObject_RichCompareBool(view, (PyObject *)self, Py_EQ), 0);
            CHECK_INT(PyObject_RichCompareBool(view, (PyObject *)self, Py_NE), 1);
        }
        CHECK_MESSAGE(PyExc_IndexError, "the caller's");
        check_given_back(self, lies[l].name, "a question");
        CHECK_INT(exports_of(view), 0);
        Py_DECREF(view);
        CHECK_INT(exports_of(array), 0);
        Py_DECREF(array);
        Py_DECREF(self);
    }
    tell = NULL;
}

/* ---- PyObject_GetBuffer is the exporter's ------------------------------------------------------------------- */

static int status_of_answer;
static PyObject *error_of_answer; /* borrowed */

static int answer_with_status(Exporter *self, Py_buffer *view, int flags)
{
    (void)flags;
    plain(view);
    view->obj = (PyObject *)self;
    if (status_of_answer == 0) {
        Py_INCREF(self);
    }
    if (error_of_answer != NULL) {
        PyErr_SetString(error_of_answer, "the exporter's");
    }
    return status_of_answer;
}

static void GetBuffer_hands_on_whatever_comes(void)
{
    for (size_t l = 0; l < COUNT(lies); l++) {
        Exporter *self = liar();
        Py_buffer view, expected = {0};
        tell = lies[l].tell;
        tell_to = ALL;
        plain(&expected);
        tell(&expected);
        CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_WRITABLE), 0);
        CHECK_PTR(view.obj, self);
        CHECK_PTR(view.buf, expected.buf);
        CHECK_INT(view.len, expected.len);
        CHECK_INT(view.ndim, expected.ndim);
        CHECK_INT(view.readonly, expected.readonly);
        CHECK_PTR(view.shape, expected.shape);
        CHECK_PTR(view.strides, expected.strides);
        CHECK_PTR(view.suboffsets, expected.suboffsets);
        PyBuffer_Release(&view);
        CHECK_UNUSED(self);
    }
    tell = NULL;
}

/* A failure counts, whatever it leaves in the view; nothing is released. */
static void a_failure_leaves_no_view(void)
{
    static const int failures[] = {-1, -2, INT_MIN, 1, INT_MAX};
    PyObject *const errors[] = {NULL, PyExc_BufferError, PyExc_IndexError};
    for (size_t f = 0; f < COUNT(failures); f++) {
        for (size_t e = 0; e < COUNT(errors); e++) {
            for (size_t c = 0; c < COUNT(consumers); c++) {
                Exporter *self = exporter_of_bytes(memory, SIZE);
                self->on_get = answer_with_status;
                status_of_answer = failures[f];
                error_of_answer = errors[e];
                /* objects that have to be made first are made from another, correct exporter */
                if (strstr(consumers[c].name, "base") == NULL && strstr(consumers[c].name, "_by_") == NULL) {
                    CHECK_INT(consumers[c].consume((PyObject *)self), 0);
                    if (consumers[c].becomes == STAYS) {
                        CHECK_PTR(PyErr_Occurred(), errors[e] ? errors[e] : failures[f] > 0 ? PyExc_SystemError : NULL);
                    }
                }
                PyErr_Clear();
                CHECK_INT(self->releases, 0);
                CHECK_INT(Py_REFCNT(self), 1);
                Py_DECREF(self);
            }
        }
    }
    Exporter *self = exporter_of_bytes(memory, SIZE);
    Py_buffer view;
    self->on_get = answer_with_status;
    for (size_t f = 0; f < COUNT(failures); f++) {
        status_of_answer = failures[f];
        error_of_answer = PyExc_IndexError;
        CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_SIMPLE), failures[f]);
        CHECK_MESSAGE(PyExc_IndexError, "the exporter's");
    }
    CHECK_UNUSED(self);
}

/* An error that a success leaves pending is not a failure. */
static void a_success_is_one_whatever_is_pending(void)
{
    for (size_t c = 0; c < COUNT(consumers); c++) {
        Exporter *self = exporter_of_bytes(memory, SIZE);
        self->on_get = answer_with_status;
        status_of_answer = 0;
        error_of_answer = PyExc_IndexError;
        if (consumers[c].any_length) {
            tap_check(consumers[c].consume((PyObject *)self) == 1, __FILE__, __LINE__, "%s: %s", consumers[c].name,
                      type_name(PyErr_Occurred()));
        }
        PyErr_Clear();
        check_given_back(self, "success", consumers[c].name);
        Py_DECREF(self);
    }
}

/* ---- requests of ndarrays: any ------------------------------------------------------------------------------ */

static int answer_anybody(Exporter *self, Py_buffer *view, int flags)
{
    (void)flags;
    plain(view);
    tell(view);
    view->obj = (PyObject *)self;
    Py_INCREF(self);
    return 0;
}

static void an_ndarray_is_given_what_it_asks_for(void)
{
    static const struct {
        void (*tell)(Py_buffer *);
        int request;
        const char *text; /* NULL: taken */
    } cases[] = {
        {in_fortran_order, PyBUF_C_CONTIGUOUS, "the memory is not C-contiguous, though that was asked for"},
        {in_fortran_order, PyBUF_ND, "the memory is not C-contiguous, though no strides were asked for"},
        {in_fortran_order, PyBUF_F_CONTIGUOUS, NULL},
        {in_fortran_order, PyBUF_ANY_CONTIGUOUS, NULL},
        {in_fortran_order, PyBUF_STRIDES, NULL},
        {with_strides, PyBUF_F_CONTIGUOUS, "the memory is not Fortran-contiguous, though that was asked for"},
        {like_ctypes, PyBUF_F_CONTIGUOUS, "the memory is not Fortran-contiguous, though that was asked for"},
        {like_ctypes, PyBUF_ANY_CONTIGUOUS, NULL},
        {like_ctypes, PyBUF_C_CONTIGUOUS, NULL},
        {with_strides, PyBUF_C_CONTIGUOUS, NULL},
        {with_gaps, PyBUF_ANY_CONTIGUOUS, "the memory is not contiguous, though that was asked for"},
        {with_gaps, PyBUF_STRIDES, NULL},
        {backwards, PyBUF_ND | PyBUF_FORMAT, "the memory is not C-contiguous, though no strides were asked for"},
        {by_pointers, PyBUF_STRIDES, "there are suboffsets, though none were asked for"},
        {by_pointers, PyBUF_RECORDS_RO, "there are suboffsets, though none were asked for"},
        {by_pointers, PyBUF_INDIRECT, NULL},
        {by_pointers, PyBUF_INDIRECT | PyBUF_C_CONTIGUOUS, "the memory is not C-contiguous, though that was asked for"},
        {read_only, PyBUF_CONTIG, "the memory is read-only, though writable memory was asked for"},
        {read_only, PyBUF_CONTIG_RO, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Exporter *self = exporter_of_bytes(memory, SIZE);
        self->on_get = answer_anybody;
        tell = cases[i].tell;
        PyObject *nd = pybuffer_ndarray_from_object((PyObject *)self, cases[i].request, 0);
        tap_check((nd != NULL) == (cases[i].text == NULL), __FILE__, __LINE__, "case %zu is %s", i,
                  nd ? "taken" : pybuffer_error_message());
        if (nd == NULL && cases[i].text != NULL) {
            CHECK_MESSAGE(PyExc_BufferError, cases[i].text);
        }
        PyErr_Clear();
        Py_XDECREF(nd);
        CHECK_UNUSED(self);
    }
    tell = NULL;
}

/* What an ndarray claims of itself is answered only where it is so. */
static void an_ndarray_lies_to_nobody(void)
{
    static const Py_ssize_t shapes[][2] = {{2, 3}, {1, 4}, {4, 1}, {0, 3}, {3, 3}};
    static const int claims[] = {PYBUFFER_ND_SCALAR, PYBUFFER_ND_C, PYBUFFER_ND_SCALAR | PYBUFFER_ND_C,
                                 PYBUFFER_ND_SCALAR | PYBUFFER_ND_FORTRAN, PYBUFFER_ND_C | PYBUFFER_ND_FORTRAN};
    int answered = 0;
    for (size_t s = 0; s < COUNT(shapes); s++) {
        for (size_t c = 0; c < COUNT(claims); c++) {
            PyObject *nd = pybuffer_ndarray_zeros("h", 2, shapes[s], claims[c] | PYBUFFER_ND_WRITABLE);
            pybuffer_ndarray_state state;
            CHECK_INT(pybuffer_ndarray_get_state(nd, &state), 0);
            int is_c = PyBuffer_IsContiguous(state.base, 'C'), is_f = PyBuffer_IsContiguous(state.base, 'F');
            for (int request = 0; request < 512; request++) {
                Py_buffer view;
                if (request == PyBUF_READ || PyObject_GetBuffer(nd, &view, request) < 0) {
                    PyErr_Clear();
                    continue;
                }
                answered++;
                CHECK(is_c || (request & PyBUF_STRIDES) == PyBUF_STRIDES);
                CHECK(is_c || (request & PyBUF_C_CONTIGUOUS) != PyBUF_C_CONTIGUOUS);
                CHECK(is_f || (request & PyBUF_F_CONTIGUOUS) != PyBUF_F_CONTIGUOUS);
                CHECK(is_c || is_f || (request & PyBUF_ANY_CONTIGUOUS) != PyBUF_ANY_CONTIGUOUS);
                PyBuffer_Release(&view);
            }
            Py_DECREF(nd);
        }
    }
    CHECK(answered > 1000);
}

/* ---- formats ------------------------------------------------------------------------------------------------ */

/* A format of larger items than itemsize: no item is read with it. A NULL format means bytes. */
static void an_item_is_not_read_by_a_larger_format(void)
{
    static const struct {
        const char *format;
        int values;
    } formats[] = {{"d", 1}, {"17s", 1}, {"<hq", 2}, {"T{i:a:i:b:}", 2}, {"(2)i", 2}, {NULL, 1}};
    for (size_t f = 0; f < COUNT(formats); f++) {
        for (Py_ssize_t size = 0; size < 3; size++) {
            const char *format = formats[f].format;
            if (format == NULL && size != 0) {
                continue;
            }
            /* one item, the last of the memory */
            Py_ssize_t one = 1, none = 0;
            Exporter *self = exporter_new(memory + SIZE - size, format, size, 1, &one, NULL);
            PyObject *view = PyMemoryView_FromObject((PyObject *)self);
            pybuffer_value values[2];
            double number;
            CHECK(view != NULL);
            CHECK_INT(pybuffer_memoryview_get_item(view, &none, 1, values, formats[f].values), -1);
            CHECK_ERROR(PyExc_ValueError);
            CHECK_INT(pybuffer_memoryview_values(view, values, formats[f].values), -1);
            CHECK_ERROR(PyExc_ValueError);
            CHECK_INT(pybuffer_memoryview_get_double(view, &none, 1, &number), -1);
            CHECK(PyErr_Occurred() != NULL);
            PyErr_Clear();
            CHECK_INT(pybuffer_memoryview_equal(view, (PyObject *)self), -1);
            CHECK_ERROR(PyExc_ValueError);
            CHECK_PTR(pybuffer_memoryview_text(view, -1), NULL);
            CHECK_ERROR(PyExc_ValueError);
            Py_DECREF(view);
            CHECK_UNUSED(self);
        }
    }
}

/* ---- obj ---------------------------------------------------------------------------------------------------- */

static PyObject *named;

static int name_another(Exporter *self, Py_buffer *view, int flags)
{
    (void)self;
    return PyBuffer_FillInfo(view, named, memory, SIZE, 0, flags);
}

/* An exporter may name an object in `obj` that it has never asked: what that one counts stays as it is. */
static void who_is_named_in_obj_has_not_given_the_view(void)
{
    Exporter *self = exporter_of_bytes(memory, SIZE);
    PyObject *bytearray = PyByteArray_FromStringAndSize("hello", 5);
    PyObject *memoryview = PyMemoryView_FromMemory(memory, SIZE, PyBUF_WRITE);
    PyObject *others[] = {bytearray, memoryview};
    self->on_get = name_another;
    for (size_t i = 0; i < COUNT(others); i++) {
        Py_buffer view;
        named = others[i];
        CHECK_INT(PyObject_GetBuffer((PyObject *)self, &view, PyBUF_SIMPLE), 0);
        PyBuffer_Release(&view);
        PyObject *copy = PyBytes_FromObject((PyObject *)self);
        CHECK(copy != NULL);
        Py_XDECREF(copy);
        CHECK_INT(exports_of(named), 0);
        CHECK_INT(PyObject_GetBuffer(named, &view, PyBUF_SIMPLE), 0);
        CHECK_INT(exports_of(named), 1);
        PyBuffer_Release(&view);
    }
    CHECK_INT(PyByteArray_Resize(bytearray, 100), 0);
    CHECK_INT(pybuffer_memoryview_release(memoryview), 0);
    CHECK_INT(pybuffer_memoryview_is_released(memoryview), 1);
    Py_DECREF(memoryview);
    Py_DECREF(bytearray);
    Py_DECREF(self);
}

/* The answer to requests that another object passes on: 16 bytes that claim to be 4,000, in the name of `named`. */
static int claim_too_much(Exporter *self, Py_buffer *view, int flags)
{
    (void)self, (void)flags;
    plain(view);
    if (was_told) {
        view->len = 4000;
    }
    view->obj = was_told ? named : (PyObject *)self;
    Py_INCREF(view->obj);
    return 0;
}

/* A memoryview may have a `len` beyond its items; an object that stands for an exporter is not the author of its answers. */
static void who_stands_for_a_liar_is_not_believed(void)
{
    Exporter *self = exporter_of_bytes(memory, SIZE);
    PyObject *bytearray = PyByteArray_FromStringAndSize("hello", 5);
    self->on_get = claim_too_much;
    was_told = 0;
    PyObject *stand_ins[] = {PyPickleBuffer_FromObject((PyObject *)self),
                             pybuffer_ndarray_from_object((PyObject *)self, PyBUF_FULL_RO, PYBUFFER_ND_REDIRECT)};
    was_told = 1;
    for (size_t i = 0; i < COUNT(stand_ins); i++) {
        PyObject *names[] = {bytearray, stand_ins[i]};
        for (size_t n = 0; n < COUNT(names); n++) {
            named = names[n];
            CHECK_PTR(PyBytes_FromObject(stand_ins[i]), NULL);
            CHECK_ERROR(PyExc_BufferError);
            CHECK_PTR(PyByteArray_FromObject(stand_ins[i]), NULL);
            CHECK_ERROR(PyExc_BufferError);
        }
        Py_DECREF(stand_ins[i]);
    }
    was_told = 0;
    Py_DECREF(bytearray);
    Py_DECREF(self);
}

int main(void)
{
    size_t page = page_size();
    tap_after_each = nothing_is_left_pending;
    memory = page_of_m() + page - SIZE;
    constant = page_of_m() + page - SIZE;
    make_constant(constant + SIZE - page, page);
    first = page_of_m();
    make_constant(first, page);
    for (size_t i = 0; i < COUNT(rows); i++) {
        rows[i] = memory + 4 * i;
    }
    RUN(a_lie_is_refused_and_the_view_given_back);
    RUN(what_is_no_lie_to_others_does_no_harm);
    RUN(what_exporters_do_too_is_taken);
    RUN(nobody_takes_more_than_64_axes);
    RUN(who_only_wants_to_know_is_told_no);
    RUN(GetBuffer_hands_on_whatever_comes);
    RUN(a_failure_leaves_no_view);
    RUN(a_success_is_one_whatever_is_pending);
    RUN(an_ndarray_is_given_what_it_asks_for);
    RUN(an_ndarray_lies_to_nobody);
    RUN(an_item_is_not_read_by_a_larger_format);
    RUN(who_is_named_in_obj_has_not_given_the_view);
    RUN(who_stands_for_a_liar_is_not_believed);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

/* Memoryviews: releasing, snapshots and ownership, and where this library decides. */
#include "support.h"

static char memory[64];

/* ---- release ------------------------------------------------------------------------------------------------ */

static void releasing_gives_the_memory_up_at_once(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *view = PyMemoryView_FromObject(bytearray);
    CHECK_INT(pybuffer_memoryview_is_released(view), 0);
    CHECK_INT(exports_of(bytearray), 1);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(pybuffer_memoryview_is_released(view), 1);
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_INT(Py_REFCNT(bytearray), 1);
    CHECK_INT(PyByteArray_Resize(bytearray, 100), 0);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    Py_DECREF(view);
    Py_DECREF(bytearray);
}

static void every_use_of_a_released_view_is_refused(void)
{
    static const char text[] = "operation forbidden on released memoryview object";
    PyObject *bytes = PyBytes_FromString("abc"), *view = PyMemoryView_FromObject(bytes);
    PyObject *other = PyMemoryView_FromObject(bytes);
    Py_buffer buffer;
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(PyObject_GetBuffer(view, &buffer, PyBUF_FULL_RO), -1);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_PTR(PyMemoryView_FromObject(view), NULL);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_PTR(PyMemoryView_GetContiguous(view, PyBUF_READ, 'C'), NULL);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_PTR(PyPickleBuffer_FromObject(view), NULL);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_PTR(PyBytes_FromObject(view), NULL);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_INT(PyObject_Size(view), -1);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_INT(PyObject_Hash(view), -1);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_INT(PyObject_CopyData(view, bytes), -1);
    CHECK_MESSAGE(PyExc_ValueError, text);
    CHECK_INT(PyObject_CheckBuffer(view), 1);
    CHECK_INT(PyObject_CheckReadBuffer(view), 0);
    CHECK_INT(PyObject_RichCompareBool(view, view, Py_EQ), 1);
    CHECK_INT(PyObject_RichCompareBool(view, other, Py_EQ), 0);
    CHECK_INT(PyObject_RichCompareBool(other, view, Py_EQ), 0);
    CHECK_INT(PyObject_RichCompareBool(view, bytes, Py_EQ), 0);
    CHECK_INT(exports_of(view), 0);
    Py_DECREF(other);
    Py_DECREF(view);
    Py_DECREF(bytes);
}

static void a_view_that_consumers_hold_is_not_released(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *view = PyMemoryView_FromObject(bytearray);
    Py_buffer first, second;
    CHECK_INT(PyObject_GetBuffer(view, &first, PyBUF_SIMPLE), 0);
    CHECK_INT(pybuffer_memoryview_release(view), -1);
    CHECK_MESSAGE(PyExc_BufferError, "memoryview has 1 exported buffer");
    CHECK_INT(PyObject_GetBuffer(view, &second, PyBUF_FULL), 0);
    CHECK_INT(pybuffer_memoryview_release(view), -1);
    CHECK_MESSAGE(PyExc_BufferError, "memoryview has 2 exported buffers");
    CHECK_INT(pybuffer_memoryview_is_released(view), 0);
    CHECK_INT(exports_of(view), 2);
    CHECK_INT(exports_of(bytearray), 1);
    PyBuffer_Release(&first);
    PyBuffer_Release(&second);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(view);
    Py_DECREF(bytearray);
}

/* Those that were made from it go on with the same snapshot. */
static void views_of_a_released_view_go_on(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *first = PyMemoryView_FromObject(bytearray);
    PyObject *second = PyMemoryView_FromObject(first), *copy;
    CHECK_INT(exports_of(first), 0); /* it is no consumer of the first, but of what that is a view of */
    CHECK_INT(pybuffer_memoryview_release(first), 0);
    CHECK_INT(pybuffer_memoryview_is_released(second), 0);
    CHECK_INT(exports_of(bytearray), 1);
    copy = PyBytes_FromObject(second);
    CHECK_STR(PyBytes_AsString(copy), "abc");
    CHECK_INT(pybuffer_memoryview_release(second), 0);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(copy);
    Py_DECREF(second);
    Py_DECREF(first);
    Py_DECREF(bytearray);
}

static void release_is_for_memoryviews(void)
{
    PyObject *bytes = PyBytes_FromString("abc"), *picklebuffer = PyPickleBuffer_FromObject(bytes);
    CHECK_INT(pybuffer_memoryview_release(picklebuffer), -1);
    CHECK_MESSAGE(PyExc_TypeError, "a memoryview is required, not 'pickle.PickleBuffer'");
    CHECK_INT(pybuffer_memoryview_is_released(bytes), -1);
    CHECK_MESSAGE(PyExc_TypeError, "a memoryview is required, not 'bytes'");
    Py_DECREF(picklebuffer);
    Py_DECREF(bytes);
}

/* ---- what a view holds -------------------------------------------------------------------------------------- */

static void a_view_is_complete_whatever_the_exporter_leaves_out(void)
{
    Py_ssize_t six = 6;
    for (int missing = 0; missing < 4; missing++) {
        Exporter *self = exporter_new(memory, missing & 1 ? NULL : "<h", 2, 1, &six, NULL);
        self->literal = 1;
        self->offer.strides = NULL;
        self->offer.shape = missing & 2 ? NULL : self->shape;
        PyObject *view = PyMemoryView_FromObject((PyObject *)self);
        const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
        CHECK_INT(is->ndim, 1);
        CHECK_INT(is->shape[0], 6);
        CHECK_INT(is->strides[0], 2);
        CHECK_PTR(is->suboffsets, NULL);
        CHECK_STR(is->format, missing & 1 ? "B" : "<h");
        CHECK_PTR(is->obj, self);
        CHECK_PTR(PyMemoryView_GET_BASE(view), self);
        CHECK(is->shape != self->shape);
        Py_DECREF(view);
        CHECK_UNUSED(self);
    }
}

static void new_memory_has_the_format_and_shape_asked_for(void)
{
    Py_ssize_t shape[3] = {2, 3, 4}, many[65] = {0};
    PyObject *view = pybuffer_memoryview_new("T{<h:left:<h:right:}", 3, shape, 'F');
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    CHECK_STR(is->format, "T{<h:left:<h:right:}");
    CHECK_INT(is->len, 96);
    CHECK_INT(is->readonly, 0);
    CHECK_INT(is->strides[0], 4);
    CHECK_INT(is->strides[2], 24);
    CHECK_INT(PyBuffer_IsContiguous(is, 'F'), 1);
    CHECK(PyByteArray_Check(PyMemoryView_GET_BASE(view)));
    for (Py_ssize_t i = 0; i < is->len; i++) {
        CHECK_INT(((char *)is->buf)[i], 0);
    }
    Py_DECREF(view);
    view = pybuffer_memoryview_new("d", 0, NULL, 'C');
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->len, 8);
    Py_DECREF(view);
    view = pybuffer_memoryview_new("d", 64, many, 'C');
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->len, 0);
    Py_DECREF(view);
    CHECK_PTR(pybuffer_memoryview_new("d", 65, many, 'C'), NULL);
    CHECK_ERROR(PyExc_ValueError);
    view = pybuffer_memoryview_new("3x", 1, (Py_ssize_t[]){2}, 'C'); /* items of padding alone */
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->len, 6);
    Py_DECREF(view);
}

static void a_copy_has_memory_of_its_own(void)
{
    char text[] = "abcdef";
    Py_ssize_t shape[2] = {2, 3}, f_strides[2] = {1, 2};
    static const struct {
        char order;
        const char *of_c, *of_f; /* the bytes of a copy of C-contiguous and of Fortran-contiguous memory */
    } cases[] = {{'C', "abcdef", "acebdf"}, {'F', "adbecf", "abcdef"}, {'A', "abcdef", "abcdef"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int fortran = 0; fortran < 2; fortran++) {
            Exporter *self = exporter_new(text, "B", 1, 2, shape, fortran ? f_strides : NULL);
            self->offer.readonly = 1;
            PyObject *view = PyMemoryView_FromObject((PyObject *)self);
            PyObject *copy = pybuffer_memoryview_copy(view, cases[i].order);
            const Py_buffer *is = PyMemoryView_GET_BUFFER(copy);
            CHECK(is->buf != text);
            CHECK_INT(is->readonly, 0);
            CHECK_INT(is->shape[1], 3);
            CHECK_MEM(is->buf, fortran ? cases[i].of_f : cases[i].of_c, 6);
            CHECK_INT(PyObject_RichCompareBool(view, copy, Py_EQ), 1);
            CHECK_INT(PyBuffer_IsContiguous(is, cases[i].order), 1);
            Py_DECREF(view);
            CHECK_UNUSED(self);
            Py_DECREF(copy);
        }
    }
}

static void FromBuffer_copies_the_arrays_and_drops_obj(void)
{
    Py_ssize_t shape[2] = {2, 3}, strides[2] = {8, 2};
    PyObject *bytes = PyBytes_FromString("not to be kept");
    Py_buffer info = {.buf = memory, .obj = bytes, .len = 6, .itemsize = 1, .ndim = 2, .format = "B", .shape = shape,
                      .strides = strides, .readonly = 1};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    memset(shape, 0x55, sizeof(shape));
    memset(strides, 0x55, sizeof(strides));
    memset(&info, 0x55, sizeof(info));
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    CHECK_PTR(PyMemoryView_GET_BASE(view), NULL);
    CHECK_INT(Py_REFCNT(bytes), 1);
    CHECK_INT(is->shape[0] * 10 + is->shape[1], 23);
    CHECK_INT(is->strides[0] * 10 + is->strides[1], 82);
    CHECK_INT(is->readonly, 1);
    Py_DECREF(view);
    Py_DECREF(bytes);
}

static void FromMemory_views_the_very_memory(void)
{
    PyObject *view = PyMemoryView_FromMemory(memory, 5, PyBUF_WRITE);
    PyObject *empty = PyMemoryView_FromMemory(memory, 0, PyBUF_READ);
    CHECK_INT(PyObject_CopyToObject(view, "hello", 5, 'C'), 0);
    CHECK_MEM(memory, "hello", 5);
    CHECK_PTR(PyMemoryView_GET_BUFFER(view)->buf, memory);
    CHECK_PTR(PyMemoryView_GET_BASE(view), NULL);
    CHECK_INT(PyObject_Size(empty), 0);
    CHECK_INT(PyObject_CopyToObject(empty, "", 0, 'C'), -1);
    CHECK_ERROR(PyExc_BufferError);
    Py_DECREF(empty);
    Py_DECREF(view);
}

/* The shape is dropped, the size of an item stays. */
static void a_request_without_shape_keeps_the_itemsize(void)
{
    Py_ssize_t shape[2] = {2, 3};
    Exporter *self = exporter_new(memory, "i", 4, 2, shape, NULL);
    PyObject *view = PyMemoryView_FromObject((PyObject *)self);
    Py_buffer plain;
    CHECK_INT(PyObject_GetBuffer(view, &plain, PyBUF_SIMPLE), 0);
    CHECK_INT(plain.ndim, 1);
    CHECK_INT(plain.itemsize, 4);
    CHECK_INT(plain.len, 24);
    CHECK_PTR(plain.shape, NULL);
    CHECK_PTR(plain.format, NULL);
    PyBuffer_Release(&plain);
    CHECK_INT(PyObject_GetBuffer(view, &plain, PyBUF_FORMAT), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(exports_of(view), 0);
    Py_DECREF(view);
    CHECK_UNUSED(self);
}

/* ---- GetContiguous ------------------------------------------------------------------------------------------ */

static void contiguous_memory_is_not_copied(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3);
    PyObject *view = PyMemoryView_GetContiguous(bytearray, PyBUF_WRITE, 'A');
    CHECK_PTR(PyMemoryView_GET_BUFFER(view)->buf, PyByteArray_AsString(bytearray));
    CHECK_PTR(PyMemoryView_GET_BASE(view), bytearray);
    Py_DECREF(view);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(bytearray);
}

static void other_memory_is_copied_and_the_exporter_let_go(void)
{
    static const char *const contents[] = {"abcdef", "adbecf", "abcdef"};
    Py_ssize_t shape[2] = {2, 3}, strides[2] = {10, 3};
    for (int order = 0; order < 3; order++) {
        Exporter *self = exporter_new(memory, "c", 1, 2, shape, strides);
        CHECK_INT(PyBuffer_FromContiguous(&self->offer, "abcdef", 6, 'C'), 0);
        PyObject *view = PyMemoryView_GetContiguous((PyObject *)self, PyBUF_READ, "CFA"[order]);
        const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
        CHECK_UNUSED(self);
        CHECK_MEM(is->buf, contents[order], 6);
        CHECK_STR(is->format, "c");
        CHECK_INT(is->readonly, 1);
        CHECK_INT(is->shape[0] * 10 + is->shape[1], 23);
        CHECK_INT(is->strides[0] * 10 + is->strides[1], order == 1 ? 12 : 31);
        CHECK(PyBytes_Check(PyMemoryView_GET_BASE(view)));
        PyObject *second = PyMemoryView_FromObject(view); /* and its format lives with the snapshot */
        Py_DECREF(view);
        CHECK_STR(PyMemoryView_GET_BUFFER(second)->format, "c");
        Py_DECREF(second);
    }
}

static void writable_memory_is_never_a_copy(void)
{
    Py_ssize_t shape[2] = {2, 3}, strides[2] = {10, 3};
    Exporter *self = exporter_new(memory, "c", 1, 2, shape, strides);
    CHECK_PTR(PyMemoryView_GetContiguous((PyObject *)self, PyBUF_WRITE, 'C'), NULL);
    CHECK_MESSAGE(PyExc_BufferError, "writable contiguous buffer requested for a non-contiguous object.");
    self->offer.readonly = 1;
    CHECK_PTR(PyMemoryView_GetContiguous((PyObject *)self, PyBUF_WRITE, 'C'), NULL);
    CHECK_MESSAGE(PyExc_BufferError, "underlying buffer is not writable");
    CHECK_UNUSED(self);
}

/* ---- hash and comparison ------------------------------------------------------------------------------------ */

static void the_hash_is_that_of_the_bytes(void)
{
    static const char *const formats[] = {"B", "b", "c", NULL};
    Py_ssize_t shape[2] = {2, 3}, strides[2] = {10, 3};
    PyObject *bytes = PyBytes_FromString("abcdef");
    for (size_t i = 0; i < COUNT(formats); i++) {
        Exporter *self = exporter_new(memory, formats[i], 1, 2, shape, strides);
        CHECK_INT(PyBuffer_FromContiguous(&self->offer, "abcdef", 6, 'C'), 0);
        PyObject *writable = PyMemoryView_FromObject((PyObject *)self);
        CHECK_INT(PyObject_Hash(writable), -1);
        CHECK_MESSAGE(PyExc_ValueError, "cannot hash writable memoryview object");
        self->offer.readonly = 1;
        PyObject *view = PyMemoryView_FromObject((PyObject *)self);
        CHECK_INT(PyObject_Hash(view), PyObject_Hash(bytes));
        self->offer.format = "@i";
        self->offer.itemsize = 1;
        PyObject *wrong = PyMemoryView_FromObject((PyObject *)self);
        CHECK_INT(PyObject_Hash(wrong), -1);
        CHECK_MESSAGE(PyExc_ValueError, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
        CHECK_INT(pybuffer_memoryview_release(view), 0);
        CHECK_INT(PyObject_Hash(view), PyObject_Hash(bytes)); /* it is kept */
        Py_DECREF(wrong);
        Py_DECREF(view);
        Py_DECREF(writable);
        CHECK_UNUSED(self);
    }
    Py_DECREF(bytes);
}

/* The exporter's hash may run anything: a release of the view that is being hashed is refused meanwhile, and of no other. */
static PyObject *hashed, *beside;
static int refused;

static Py_hash_t hash_that_releases(PyObject *op)
{
    (void)op;
    refused = pybuffer_memoryview_release(hashed) == -1 && PyErr_ExceptionMatches(PyExc_BufferError);
    PyErr_Clear();
    CHECK_INT(pybuffer_memoryview_release(beside), 0);
    return 5;
}

static int constant_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    static char text[] = "constant";
    return PyBuffer_FillInfo(view, op, text, 8, 1, flags);
}

static void a_view_that_is_being_hashed_is_not_released(void)
{
    static PyBufferProcs procs = {constant_getbuffer, NULL};
    static PyTypeObject type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Hashed", .tp_basicsize = sizeof(PyObject),
                                .tp_as_buffer = &procs, .tp_hash = hash_that_releases, .tp_flags = Py_TPFLAGS_DEFAULT};
    CHECK_INT(PyType_Ready(&type), 0);
    PyObject *exporter = PyObject_New(PyObject, &type), *bytes = PyBytes_FromString("constant");
    hashed = PyMemoryView_FromObject(exporter);
    beside = PyMemoryView_FromObject(hashed);
    CHECK_INT(PyObject_Hash(hashed), PyObject_Hash(bytes));
    CHECK_INT(refused, 1);
    CHECK_INT(pybuffer_memoryview_release(hashed), 0);
    Py_DECREF(beside);
    Py_DECREF(hashed);
    Py_DECREF(bytes);
    Py_DECREF(exporter);
}

static void views_are_equal_by_value(void)
{
    int ints[3] = {1, 2, -3};
    double doubles[3] = {1, 2, -3}, nan[1];
    int64_t wide[3] = {1, 2, -3};
    memset(nan, 0xff, sizeof(nan));
    Py_ssize_t three = 3, one = 1;
    Exporter *all[] = {exporter_new(ints, "i", 4, 1, &three, NULL), exporter_new(ints, "=i", 4, 1, &three, NULL),
                       exporter_new(doubles, "d", 8, 1, &three, NULL), exporter_new(wide, "q", 8, 1, &three, NULL)};
    for (size_t a = 0; a < COUNT(all); a++) {
        for (size_t b = 0; b < COUNT(all); b++) {
            PyObject *view = PyMemoryView_FromObject((PyObject *)all[a]);
            CHECK_INT(PyObject_RichCompareBool(view, (PyObject *)all[b], Py_EQ), 1);
            CHECK_INT(PyObject_RichCompareBool(view, (PyObject *)all[b], Py_NE), 0);
            Py_DECREF(view);
        }
    }
    Exporter *not_a_number = exporter_new(nan, "d", 8, 1, &one, NULL);
    Exporter *unknown = exporter_new(ints, "T{i:x:}", 4, 1, &three, NULL);
    PyObject *a = PyMemoryView_FromObject((PyObject *)not_a_number), *b = PyMemoryView_FromObject((PyObject *)unknown);
    CHECK_INT(PyObject_RichCompareBool(a, a, Py_EQ), 1); /* it is the same object */
    CHECK_INT(PyObject_RichCompareBool(a, (PyObject *)not_a_number, Py_EQ), 0);
    CHECK_INT(PyObject_RichCompareBool(b, (PyObject *)unknown, Py_EQ), 0);
    CHECK_INT(PyObject_RichCompareBool(b, (PyObject *)unknown, Py_NE), 1);
    Py_DECREF(b);
    Py_DECREF(a);
    CHECK_UNUSED(unknown);
    CHECK_UNUSED(not_a_number);
    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK_UNUSED(all[i]);
    }
}

static void every_format_is_compared_by_value(void)
{
    struct {
        const char *format, *other;
        Py_ssize_t size, other_size;
        const char *item, *same, *different;
    } cases[] = {
        {"T{<h:x:B:y:}", "<B>h", 3, 3, "\1\0\2", "\1\0\2", "\1\0\3"},
        {"(2,2)<H", ">4H", 8, 8, "\1\0\2\0\3\0\4\0", "\0\1\0\2\0\3\0\4", "\0\1\0\2\0\3\0\5"},
        {"2T{Bx}", "2T{xB}", 4, 4, "\1\7\2\7", "\7\1\7\2", "\7\1\7\3"},
        {"<Zf", "B", 8, 1, "\0\0\x80\x3f\0\0\0\0", "\1", "\2"},
        {"<2u", ">2w", 4, 8, "a\0b\0", "\0\0\0a\0\0\0b", "\0\0\0a\0\0\1b"},
        {"<u", "<u", 2, 2, "a\0", "a\0", "b\0"},
        {"<3t5t", "2B", 1, 2, "\x53", "\3\12", "\3\13"},
        {"?", "?", 1, 1, "\1", "\2", "\0"},
        {"<i:name:", "<i", 4, 4, "\1\2\3\4", "\1\2\3\4", "\1\2\3\5"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Exporter *item = exporter_new((void *)cases[i].item, cases[i].format, cases[i].size, 0, NULL, NULL);
        Exporter *same = exporter_new((void *)cases[i].same, cases[i].other, cases[i].other_size, 0, NULL, NULL);
        Exporter *other = exporter_new((void *)cases[i].different, cases[i].other, cases[i].other_size, 0, NULL, NULL);
        PyObject *view = PyMemoryView_FromObject((PyObject *)item), *back = PyMemoryView_FromObject((PyObject *)same);
        if (!CHECK_INT(pybuffer_memoryview_equal(view, (PyObject *)same), 1)
            | !CHECK_INT(pybuffer_memoryview_equal(back, view), 1)
            | !CHECK_INT(pybuffer_memoryview_equal(view, (PyObject *)other), 0)) {
            printf("# formats %s and %s\n", cases[i].format, cases[i].other);
        }
        Py_DECREF(back);
        Py_DECREF(view);
        CHECK_UNUSED(other);
        CHECK_UNUSED(same);
        CHECK_UNUSED(item);
    }
    long double third = 1.0L / 3;
    double rounded = (double)third;
    Exporter *exact = exporter_new(&third, "g", sizeof(third), 0, NULL, NULL);
    Exporter *nearly = exporter_new(&rounded, "d", sizeof(rounded), 0, NULL, NULL);
    PyObject *view = PyMemoryView_FromObject((PyObject *)exact);
    CHECK_INT(pybuffer_memoryview_equal(view, (PyObject *)exact), 1);
    CHECK_INT(pybuffer_memoryview_equal(view, (PyObject *)nearly), (long double)rounded == third);
    Py_DECREF(view);
    CHECK_UNUSED(nearly);
    CHECK_UNUSED(exact);
}

static void complex_numbers_equal_real_ones_without_an_imaginary_part(void)
{
    double complexes[] = {1, 0, 2, 0, 3, 0}, reals[] = {1, 2, 3};
    static const char *const formats[][2] = {{"Zd", "d"}, {"D", "@d"}, {"ZdZdZd", "3d"}};
    for (size_t i = 0; i < COUNT(formats); i++) {
        Py_ssize_t items = i == 2 ? 1 : 3;
        PyObject *left = pybuffer_memoryview_wrap(complexes, formats[i][0], 1, &items, NULL, 0, NULL, NULL);
        PyObject *right = pybuffer_memoryview_wrap(reals, formats[i][1], 1, &items, NULL, 0, NULL, NULL);
        for (int at = -1; at < 6; at++) {
            if (at >= 0) {
                complexes[at] += 1;
            }
            CHECK_INT(pybuffer_memoryview_equal(left, right), at < 0);
            CHECK_INT(pybuffer_memoryview_equal(right, left), at < 0);
            if (at >= 0) {
                complexes[at] -= 1;
            }
        }
        Py_DECREF(left);
        Py_DECREF(right);
    }
}

static void equality_by_value_is_of_shapes_and_live_views(void)
{
    int numbers[6] = {1, 2, 3, 1, 2, 3};
    Py_ssize_t three = 3, table[2] = {2, 3}, none[2] = {0, 3}, backwards = -4;
    double not_a_number = 0.0 / 0.0;
    Exporter *line = exporter_new(numbers, "T{i}", 4, 1, &three, NULL), *rows = exporter_new(numbers, "i", 4, 2, table, NULL);
    Exporter *reversed = exporter_new(numbers + 2, "T{i}", 4, 1, &three, &backwards);
    Exporter *empty = exporter_new(numbers, "T{i}", 4, 2, none, NULL), *bare = exporter_new(numbers, "i", 4, 2, none, NULL);
    Exporter *nan = exporter_new(&not_a_number, "d", 8, 0, NULL, NULL);
    Exporter *invalid = exporter_new(numbers, "T{i", 4, 1, &three, NULL);
    Exporter *small = exporter_new(numbers, "T{q}", 4, 1, &three, NULL);
    Exporter *all[] = {line, rows, reversed, empty, bare, nan, invalid, small};
    PyObject *views[COUNT(all)], *plain = PyObject_New(PyObject, &PyBaseObject_Type);
    for (size_t i = 0; i < COUNT(all); i++) {
        views[i] = PyMemoryView_FromObject((PyObject *)all[i]);
    }
    CHECK_INT(pybuffer_memoryview_equal(views[0], views[0]), 1);
    CHECK_INT(pybuffer_memoryview_equal(views[0], views[1]), 0);
    CHECK_INT(pybuffer_memoryview_equal(views[0], views[2]), 0);
    CHECK_INT(pybuffer_memoryview_equal(views[3], views[4]), 1);
    CHECK_INT(pybuffer_memoryview_equal(views[5], views[5]), 0);
    CHECK_INT(pybuffer_memoryview_equal(views[6], views[6]), 0);
    CHECK_INT(pybuffer_memoryview_equal(views[0], views[7]), -1);
    CHECK_MESSAGE(PyExc_ValueError, "memoryview: an item is smaller than its format");
    CHECK_INT(pybuffer_memoryview_equal(views[0], plain), -1);
    CHECK_ERROR(PyExc_TypeError);
    line->raises = PyExc_BufferError;
    CHECK_INT(pybuffer_memoryview_equal(views[2], (PyObject *)line), -1);
    CHECK_MESSAGE(PyExc_BufferError, "the exporter refuses");
    CHECK_INT(pybuffer_memoryview_release(views[0]), 0);
    CHECK_INT(pybuffer_memoryview_equal(views[0], views[0]), 1);
    CHECK_INT(pybuffer_memoryview_equal(views[0], views[2]), 0);
    CHECK_INT(pybuffer_memoryview_equal(views[2], views[0]), 0);
    CHECK_INT(pybuffer_memoryview_equal(views[0], plain), 0);
    CHECK_ERROR(NULL);
    Py_DECREF(plain);
    for (size_t i = 0; i < COUNT(all); i++) {
        Py_DECREF(views[i]);
        CHECK_UNUSED(all[i]);
    }
}

/* An item that is smaller than its format says must not be read past its end. */
static void a_format_that_is_larger_than_the_item_is_not_followed(void)
{
    char *small = malloc(4);
    memset(small, 0, 4);
    Py_ssize_t four = 4;
    Exporter *a = exporter_new(small, "q", 1, 1, &four, NULL), *b = exporter_new(small, "<d", 1, 1, &four, NULL);
    PyObject *view = PyMemoryView_FromObject((PyObject *)a);
    CHECK(PyObject_RichCompareBool(view, (PyObject *)b, Py_EQ) != 1);
    PyErr_Clear();
    CHECK(PyObject_RichCompareBool(view, (PyObject *)a, Py_EQ) != 1);
    PyErr_Clear();
    Py_DECREF(view);
    CHECK_UNUSED(b);
    CHECK_UNUSED(a);
    free(small);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(releasing_gives_the_memory_up_at_once);
    RUN(every_use_of_a_released_view_is_refused);
    RUN(a_view_that_consumers_hold_is_not_released);
    RUN(views_of_a_released_view_go_on);
    RUN(release_is_for_memoryviews);
    RUN(a_view_is_complete_whatever_the_exporter_leaves_out);
    RUN(new_memory_has_the_format_and_shape_asked_for);
    RUN(a_copy_has_memory_of_its_own);
    RUN(FromBuffer_copies_the_arrays_and_drops_obj);
    RUN(FromMemory_views_the_very_memory);
    RUN(a_request_without_shape_keeps_the_itemsize);
    RUN(contiguous_memory_is_not_copied);
    RUN(other_memory_is_copied_and_the_exporter_let_go);
    RUN(writable_memory_is_never_a_copy);
    RUN(the_hash_is_that_of_the_bytes);
    RUN(a_view_that_is_being_hashed_is_not_released);
    RUN(views_are_equal_by_value);
    RUN(every_format_is_compared_by_value);
    RUN(complex_numbers_equal_real_ones_without_an_imaginary_part);
    RUN(equality_by_value_is_of_shapes_and_live_views);
    RUN(a_format_that_is_larger_than_the_item_is_not_followed);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

/* Buffers: decisions of this library, CopyToObject, and copies that overlap. */
#include "support.h"

static char memory[1024], expected[1024];

/* 1, 2, 3, ... so that each byte is known. */
static void count_up(void)
{
    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = expected[i] = (char)(i + 1);
    }
}

/* ---- the oracle of copies: item by item, through a temporary ------------------------------------------------ */

/* Steps `index` through the shape, last axis fastest (or first); 0 at the end. */
static int next_index(const Py_buffer *view, Py_ssize_t *index, int fortran)
{
    for (int i = 0; i < view->ndim; i++) {
        int axis = fortran ? i : view->ndim - 1 - i;
        if (++index[axis] < view->shape[axis]) {
            return 1;
        }
        index[axis] = 0;
    }
    return 0;
}

static char temporary[1024];

static void gather(const Py_buffer *view, int fortran)
{
    Py_ssize_t index[EXPORTER_AXES] = {0};
    char *to = temporary;
    if (view->len == 0) {
        return;
    }
    do {
        memcpy(to, PyBuffer_GetPointer(view, index), (size_t)view->itemsize);
        to += view->itemsize;
    } while (next_index(view, index, fortran));
}

static void scatter(const Py_buffer *view, int fortran)
{
    Py_ssize_t index[EXPORTER_AXES] = {0};
    const char *from = temporary;
    if (view->len == 0) {
        return;
    }
    do {
        memcpy(PyBuffer_GetPointer(view, index), from, (size_t)view->itemsize);
        from += view->itemsize;
    } while (next_index(view, index, fortran));
}

/* Compares the result of CopyData with that of the oracle. */
static void check_copy(Exporter *dest, Exporter *src, int line)
{
    count_up();
    gather(&src->offer, 0);
    scatter(&dest->offer, 0);
    memcpy(expected, memory, sizeof(memory));
    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (char)(i + 1);
    }
    tap_check_int(PyObject_CopyData((PyObject *)dest, (PyObject *)src), 0, "CopyData", __FILE__, line);
    tap_check_mem(memory, expected, sizeof(memory), "the memory", __FILE__, line);
    check_exporter_unused(dest, __FILE__, line);
    check_exporter_unused(src, __FILE__, line);
}
#define CHECK_COPY(dest, src) check_copy((dest), (src), __LINE__)

/* ---- copies ------------------------------------------------------------------------------------------------- */

static Exporter *line_of(Py_ssize_t offset, Py_ssize_t itemsize, Py_ssize_t items, Py_ssize_t stride)
{
    return exporter_new(memory + offset, "B", itemsize, 1, &items, &stride);
}

static void copies_that_overlap_are_as_through_a_temporary(void)
{
    static const Py_ssize_t strides[] = {1, -1, 2, -2, 3, -3, 5};
    for (size_t d = 0; d < COUNT(strides); d++) {
        for (size_t s = 0; s < COUNT(strides); s++) {
            for (Py_ssize_t shift = -4; shift <= 4; shift++) {
                CHECK_COPY(line_of(500 + shift, 1, 20, strides[d]), line_of(500, 1, 20, strides[s]));
                CHECK_COPY(line_of(500 + shift, 4, 20, 4 * strides[d]), line_of(500, 4, 20, 4 * strides[s]));
            }
        }
    }
}

static void a_transpose_in_place_is_as_through_a_temporary(void)
{
    static const Py_ssize_t shape[] = {9, 9}, rows[] = {18, 2}, columns[] = {2, 18}, up[] = {-18, 2};
    CHECK_COPY(exporter_new(memory, "h", 2, 2, shape, rows), exporter_new(memory, "h", 2, 2, shape, columns));
    CHECK_COPY(exporter_new(memory, "h", 2, 2, shape, columns), exporter_new(memory, "h", 2, 2, shape, rows));
    CHECK_COPY(exporter_new(memory, "h", 2, 2, shape, rows), exporter_new(memory + 8 * 18, "h", 2, 2, shape, up));
}

static void rows_behind_pointers_overlap_as_through_a_temporary(void)
{
    char *down[] = {memory, memory + 8, memory + 16}, *shifted[] = {memory + 8, memory + 4, memory + 20};
    static const Py_ssize_t shape[] = {3, 8}, strides[] = {8, 1};
    CHECK_COPY(exporter_of_rows(shifted, 3, 8), exporter_of_rows(down, 3, 8));
    CHECK_COPY(exporter_of_rows(down, 3, 8), exporter_of_rows(shifted, 3, 8));
    CHECK_COPY(exporter_new(memory + 3, "B", 1, 2, shape, strides), exporter_of_rows(down, 3, 8));
    CHECK_COPY(exporter_of_rows(down, 3, 8), exporter_new(memory + 3, "B", 1, 2, shape, strides));
}

static void an_object_may_be_copied_to_itself(void)
{
    static const Py_ssize_t shape[] = {3, 5}, strides[] = {20, 3};
    Exporter *self = exporter_new(memory, "B", 1, 2, shape, strides);
    count_up();
    CHECK_INT(PyObject_CopyData((PyObject *)self, (PyObject *)self), 0);
    CHECK_MEM(memory, expected, sizeof(memory));
    CHECK_INT(self->gets, 2);
    CHECK_UNUSED(self);
    PyObject *bytearray = PyByteArray_FromStringAndSize("abcdef", 6);
    CHECK_INT(PyObject_CopyData(bytearray, bytearray), 0);
    CHECK_STR(PyByteArray_AsString(bytearray), "abcdef");
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(bytearray);
}

/* CPython reads or writes out of bounds here. */
static void copies_between_other_structures_are_refused(void)
{
    static const Py_ssize_t four[] = {4}, five[] = {5}, two_by_two[] = {2, 2}, apart[] = {8}, apart2[] = {16, 8};
    struct {
        Exporter *dest, *src;
    } all[] = {
        {exporter_new(memory, "B", 1, 1, five, apart), exporter_new(memory + 100, "B", 1, 1, four, apart)},
        {exporter_new(memory, "B", 1, 2, two_by_two, apart2), exporter_new(memory + 100, "B", 1, 1, four, apart)},
        {exporter_new(memory, "h", 2, 1, four, apart), exporter_new(memory + 100, "B", 1, 1, four, apart)},
        {exporter_new(memory, "B", 1, 1, four, apart), exporter_new(memory + 100, "B", 1, 1, five, apart)},
    };
    count_up();
    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK_INT(PyObject_CopyData((PyObject *)all[i].dest, (PyObject *)all[i].src), -1);
        CHECK_MESSAGE(PyExc_BufferError, i == 3 ? "destination is too small to receive data from source"
                                                : "destination and source must have the same shape and itemsize");
        CHECK_MEM(memory, expected, sizeof(memory));
        CHECK_UNUSED(all[i].dest);
        CHECK_UNUSED(all[i].src);
    }
}

static void only_exporters_are_copied(void)
{
    PyObject *bytes = PyBytes_FromString("bytes"), *const pairs[][2] = {{bytes, Py_None}, {Py_None, bytes}, {Py_None, Py_None}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        CHECK_INT(PyObject_CopyData(pairs[i][0], pairs[i][1]), -1);
        CHECK_MESSAGE(PyExc_TypeError, "both destination and source must be bytes-like objects");
    }
    Py_DECREF(bytes);
}

/* What a program says of a view is that it has more bytes than items: the items are copied either way, as by CPython. */
static void an_assignment_copies_items_whatever_len_says(void)
{
    static Py_ssize_t shape[] = {2, 4}, strides[] = {8, 1};
    Py_buffer less = {.buf = memory, .len = 8, .itemsize = 1, .ndim = 2, .format = (char *)"B", .shape = shape,
                      .strides = strides};
    Py_buffer more = less;
    more.buf = memory + 32;
    more.len = 9;
    PyObject *of_less = PyMemoryView_FromBuffer(&less), *of_more = PyMemoryView_FromBuffer(&more);
    count_up();
    memcpy(expected + 32, expected, 4);
    memcpy(expected + 40, expected + 8, 4);
    CHECK_INT(pybuffer_memoryview_assign(of_more, NULL, 0, of_less), 0);
    CHECK_MEM(memory, expected, sizeof(memory));
    memory[32] = expected[32] = expected[0] = 77;
    CHECK_INT(pybuffer_memoryview_assign(of_less, NULL, 0, of_more), 0);
    CHECK_MEM(memory, expected, sizeof(memory));
    Py_DECREF(of_more);
    Py_DECREF(of_less);
}

static void an_item_is_found_without_shape_or_strides(void)
{
    Py_buffer view = {.buf = memory, .len = 12, .itemsize = 4, .ndim = 1};
    for (Py_ssize_t at = 0; at < 3; at++) {
        CHECK_PTR(PyBuffer_GetPointer(&view, &at), memory + 4 * at);
    }
}

static void contiguous_memory_is_copied_whatever_its_shape(void)
{
    static const Py_ssize_t six[] = {6}, two_by_three[] = {2, 3};
    CHECK_COPY(exporter_new(memory, "B", 1, 1, six, NULL), exporter_new(memory + 3, "B", 1, 2, two_by_three, NULL));
    Exporter *dest = exporter_new(memory, "h", 2, 1, six, NULL), *src = exporter_new(memory + 50, "i", 4, 1, six, NULL);
    src->offer.len = 12;
    src->shape[0] = 3;
    count_up();
    memmove(expected, expected + 50, 12);
    CHECK_INT(PyObject_CopyData((PyObject *)dest, (PyObject *)src), 0);
    CHECK_MEM(memory, expected, sizeof(memory));
    CHECK_UNUSED(dest);
    CHECK_UNUSED(src);
}

/* ---- CopyToObject: Python 2.7 documents it, no version has it ------------------------------------------------ */

static const char items[] = "abcdefghijkl";

static void CopyToObject_copies_items_in_order(void)
{
    static const Py_ssize_t shape[] = {3, 4}, rows[] = {8, 2}, columns[] = {1, 3};
    static const char orders[] = "CFA";
    for (const char *order = orders; *order != '\0'; order++) {
        for (int fortran = 0; fortran < 2; fortran++) {
            Exporter *self = exporter_new(memory, "B", 1, 2, shape, fortran ? columns : rows);
            count_up();
            memcpy(temporary, items, 12);
            scatter(&self->offer, *order == 'F' || (*order == 'A' && fortran));
            memcpy(expected, memory, sizeof(memory));
            for (size_t i = 0; i < sizeof(memory); i++) {
                memory[i] = (char)(i + 1);
            }
            CHECK_INT(PyObject_CopyToObject((PyObject *)self, (void *)items, 12, *order), 0);
            CHECK_MEM(memory, expected, sizeof(memory));
            CHECK_UNUSED(self);
        }
    }
}

static void CopyToObject_follows_pointers(void)
{
    char *table[] = {memory + 20, memory, memory + 10};
    Exporter *self = exporter_of_rows(table, 3, 4);
    count_up();
    CHECK_INT(PyObject_CopyToObject((PyObject *)self, (void *)items, 12, 'C'), 0);
    CHECK_MEM(memory + 20, "abcd", 4);
    CHECK_MEM(memory, "efgh", 4);
    CHECK_MEM(memory + 10, "ijkl", 4);
    CHECK_INT(memory[4], 5);
    CHECK_UNUSED(self);
}

static void CopyToObject_of_less_copies_whole_items(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("------", 6);
    CHECK_INT(PyObject_CopyToObject(bytearray, (void *)items, 4, 'C'), 0);
    CHECK_STR(PyByteArray_AsString(bytearray), "abcd--");
    CHECK_INT(PyObject_CopyToObject(bytearray, NULL, 0, 'C'), 0);
    Exporter *self = line_of(0, 4, 3, 8);
    count_up();
    CHECK_INT(PyObject_CopyToObject((PyObject *)self, (void *)items, 7, 'C'), 0); /* one item and three bytes */
    memcpy(expected, "abcd", 4);
    CHECK_MEM(memory, expected, sizeof(memory));
    CHECK_UNUSED(self);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(bytearray);
}

static void CopyToObject_refuses_what_does_not_fit(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("------", 6), *bytes = PyBytes_FromString("------");
    PyObject *plain = PyObject_New(PyObject, &PyBaseObject_Type);
    CHECK_INT(PyObject_CopyToObject(bytearray, (void *)items, 7, 'C'), -1);
    CHECK_MESSAGE(PyExc_BufferError, "destination is too small to receive data from source");
    CHECK_INT(PyObject_CopyToObject(bytes, (void *)items, 3, 'C'), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PyObject_CopyToObject(plain, (void *)items, 3, 'C'), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_STR(PyByteArray_AsString(bytearray), "------");
    CHECK_STR(PyBytes_AsString(bytes), "------");
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(plain);
    Py_DECREF(bytes);
    Py_DECREF(bytearray);
}

/* ---- decisions ---------------------------------------------------------------------------------------------- */

static void contiguity_is_as_decided(void)
{
    static const Py_ssize_t none[] = {0, 5}, ones[] = {1, 1}, odd[] = {77, -3}, three[] = {3, 3}, rows[] = {3, 1};
    Exporter *empty = exporter_new(memory, "B", 1, 2, none, odd), *single = exporter_new(memory, "B", 1, 2, ones, odd);
    char *table[] = {memory};
    Exporter *square = exporter_new(memory, "B", 1, 2, three, rows), *indirect = exporter_of_rows(table, 1, 4);
    for (const char *order = "CFA"; *order != '\0'; order++) {
        CHECK_INT(PyBuffer_IsContiguous(&empty->offer, *order), 1);
        CHECK_INT(PyBuffer_IsContiguous(&single->offer, *order), 1);
        CHECK_INT(PyBuffer_IsContiguous(&indirect->offer, *order), 0);
    }
    CHECK_INT(PyBuffer_IsContiguous(&square->offer, 'C'), 1);
    CHECK_INT(PyBuffer_IsContiguous(&square->offer, 'F'), 0);
    square->offer.strides = NULL; /* C order */
    CHECK_INT(PyBuffer_IsContiguous(&square->offer, 'C'), 1);
    CHECK_INT(PyBuffer_IsContiguous(&square->offer, 'F'), 0);
    CHECK_INT(PyBuffer_IsContiguous(&square->offer, 'c'), 0);
    /* Sizes beyond all memory: behind them only axes of one item are contiguous. */
    Py_ssize_t half = (Py_ssize_t)1 << (4 * sizeof(Py_ssize_t)), shape[] = {1, half}, strides[] = {7, half};
    Py_buffer huge = {.buf = memory, .len = 1, .itemsize = half, .ndim = 2, .shape = shape, .strides = strides};
    CHECK_INT(PyBuffer_IsContiguous(&huge, 'C'), 1);
    CHECK_INT(PyBuffer_IsContiguous(&huge, 'F'), 1);
    shape[0] = 2;
    CHECK_INT(PyBuffer_IsContiguous(&huge, 'C'), 0);
    CHECK_INT(PyBuffer_IsContiguous(&huge, 'F'), 0);
    CHECK_UNUSED(indirect);
    CHECK_UNUSED(square);
    CHECK_UNUSED(single);
    CHECK_UNUSED(empty);
}

static void FillInfo_says_what_is_wrong(void)
{
    Py_buffer view;
    CHECK_INT(PyBuffer_FillInfo(NULL, NULL, memory, 4, 0, PyBUF_READ), -1);
    CHECK_MESSAGE(PyExc_BufferError, "PyBuffer_FillInfo: view==NULL argument is obsolete");
    CHECK_INT(PyBuffer_FillInfo(&view, NULL, memory, 4, -5, PyBUF_WRITABLE), -1);
    CHECK_MESSAGE(PyExc_BufferError, "Object is not writable.");
    CHECK_INT(PyBuffer_FillInfo(&view, NULL, memory, 4, 0, PyBUF_WRITE), -1);
    CHECK_MESSAGE(PyExc_SystemError, "bad argument to internal function");
    CHECK_INT(PyBuffer_FillInfo(&view, NULL, memory, 4, -5, PyBUF_FULL_RO), 0);
    CHECK(view.readonly != 0);
    CHECK_PTR(view.obj, NULL);
}

static void FromContiguous_clamps_and_makes_up_strides(void)
{
    static const Py_ssize_t shape[] = {2, 3};
    Exporter *self = exporter_new(memory, "B", 1, 2, shape, NULL);
    self->offer.strides = NULL; /* CPython crashes */
    count_up();
    CHECK_INT(PyBuffer_FromContiguous(&self->offer, "adbecf--------", 14, 'F'), 0);
    CHECK_MEM(memory, "abcdef", 6);
    CHECK_INT(memory[6], 7);
    CHECK_UNUSED(self);
}

static void ToContiguous_takes_the_whole_view_only(void)
{
    char to[8] = "-------";
    Exporter *self = line_of(0, 1, 6, 2);
    count_up();
    CHECK_INT(PyBuffer_ToContiguous(to, &self->offer, 5, 'C'), -1);
    CHECK_MESSAGE(PyExc_ValueError, "PyBuffer_ToContiguous: len != view->len");
    CHECK_INT(PyBuffer_ToContiguous(to, &self->offer, 7, 'C'), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_STR(to, "-------");
    CHECK_INT(PyBuffer_ToContiguous(to, &self->offer, 6, 'A'), 0);
    CHECK_MEM(to, "\1\3\5\7\11\13-", 8);
    CHECK_UNUSED(self);
}

/* ---- errors that must not get lost -------------------------------------------------------------------------- */

static void a_question_that_is_answered_leaves_the_pending_error(void)
{
    Py_buffer view;
    PyObject *bytes = PyBytes_FromString("bytes");
    Exporter *unable = line_of(0, 1, 4, 1);
    unable->raises = PyExc_IndexError;
    PyErr_SetString(PyExc_ValueError, "pending");
    CHECK_INT(PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE), 0);
    PyBuffer_Release(&view);
    CHECK_INT(PyObject_CheckBuffer((PyObject *)unable), 1);
    CHECK_INT(PyObject_CheckReadBuffer(bytes), 1);
    CHECK_INT(PyBuffer_SizeFromFormat("3i"), 12);
    CHECK_MESSAGE(PyExc_ValueError, "pending");
    PyErr_SetString(PyExc_ValueError, "pending");
    CHECK_INT(PyObject_CheckReadBuffer((PyObject *)unable), 0);
    CHECK_MESSAGE(PyExc_ValueError, "pending");
    CHECK_UNUSED(unable);
    Py_DECREF(bytes);
}

static void SizeFromFormat_names_the_position(void)
{
    CHECK_INT(PyBuffer_SizeFromFormat("<hy"), -1);
    CHECK_STR(pybuffer_error_name(), "ValueError");
    CHECK(strpbrk(pybuffer_error_message(), "0123456789") != NULL);
    PyErr_Clear();
    CHECK_INT(PyBuffer_SizeFromFormat("float32"), -1);
    CHECK(strstr(pybuffer_error_message(), "; the format of this type is f") != NULL);
    PyErr_Clear();
    CHECK_INT(PyBuffer_SizeFromFormat(""), 0);
    CHECK_INT(PyBuffer_SizeFromFormat("bi"), 8);
    CHECK_INT(PyBuffer_SizeFromFormat("=bi"), 5);
    CHECK_INT(PyBuffer_SizeFromFormat("ib"), 5);
    CHECK_INT(PyBuffer_SizeFromFormat("0i"), 0);
    CHECK_INT(PyBuffer_SizeFromFormat("b0i"), 4);
}

/* The first items in index order, whatever the order in memory; the others stay what they are. */
static void less_than_everything_is_copied_to_any_layout(void)
{
    enum { ROWS = 60, COLUMNS = 50, ITEMS = ROWS * COLUMNS };
    static const Py_ssize_t counts[] = {0, 1, COLUMNS - 1, COLUMNS, COLUMNS + 1, ROWS, 1777, ITEMS - 1, ITEMS, ITEMS + 5};
    static float matrix[ITEMS], numbers[ITEMS + 5];
    Py_ssize_t shape[2] = {ROWS, COLUMNS};
    for (int i = 0; i < ITEMS + 5; i++) {
        numbers[i] = (float)(i + 1);
    }
    for (int fortran = 0; fortran < 2; fortran++) {
        Py_ssize_t strides[2] = {fortran ? 4 : 4 * COLUMNS, fortran ? 4 * ROWS : 4};
        Py_buffer view = {.buf = matrix, .len = sizeof(matrix), .itemsize = 4, .ndim = 2, .shape = shape, .strides = strides};
        for (size_t i = 0; i < 2 * COUNT(counts); i++) {
            Py_ssize_t count = counts[i / 2];
            int by_columns = i % 2, wrong = 0;
            for (int at = 0; at < ITEMS; at++) {
                matrix[at] = -1.0f;
            }
            CHECK_INT(PyBuffer_FromContiguous(&view, numbers, 4 * count, by_columns ? 'F' : 'C'), 0);
            for (Py_ssize_t row = 0; row < ROWS; row++) {
                for (Py_ssize_t column = 0; column < COLUMNS; column++) {
                    Py_ssize_t number = by_columns ? column * ROWS + row : row * COLUMNS + column;
                    Py_ssize_t place = (row * strides[0] + column * strides[1]) / 4;
                    wrong += matrix[place] != (number < count ? numbers[number] : -1.0f);
                }
            }
            CHECK_INT(wrong, 0);
        }
    }
}

/* Also those that are written past the caches where they are apart. */
static void large_copies_may_overlap(void)
{
    enum { SIZE = 17 << 20 };
    static const Py_ssize_t shifts[] = {1, 4096, SIZE};
    unsigned char *memory = malloc(2 * SIZE), *expected = malloc(2 * SIZE);
    for (size_t i = 0; memory != NULL && expected != NULL && i < 2 * COUNT(shifts); i++) {
        Py_ssize_t shift = shifts[i / 2], from = i % 2 ? shift : 0, to = shift - from;
        for (size_t at = 0; at < 2 * (size_t)SIZE; at++) {
            memory[at] = expected[at] = (unsigned char)(at * 2654435761u >> 13);
        }
        memmove(expected + to, expected + from, SIZE);
        PyObject *source = PyMemoryView_FromMemory((char *)memory + from, SIZE, PyBUF_READ);
        PyObject *target = PyMemoryView_FromMemory((char *)memory + to, SIZE, PyBUF_WRITE);
        CHECK_INT(PyObject_CopyData(target, source), 0);
        CHECK_MEM(memory, expected, 2 * SIZE);
        Py_DECREF(target);
        Py_DECREF(source);
    }
    free(expected);
    free(memory);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(copies_that_overlap_are_as_through_a_temporary);
    RUN(a_transpose_in_place_is_as_through_a_temporary);
    RUN(rows_behind_pointers_overlap_as_through_a_temporary);
    RUN(an_object_may_be_copied_to_itself);
    RUN(copies_between_other_structures_are_refused);
    RUN(only_exporters_are_copied);
    RUN(an_assignment_copies_items_whatever_len_says);
    RUN(an_item_is_found_without_shape_or_strides);
    RUN(contiguous_memory_is_copied_whatever_its_shape);
    RUN(CopyToObject_copies_items_in_order);
    RUN(CopyToObject_follows_pointers);
    RUN(CopyToObject_of_less_copies_whole_items);
    RUN(CopyToObject_refuses_what_does_not_fit);
    RUN(contiguity_is_as_decided);
    RUN(FillInfo_says_what_is_wrong);
    RUN(FromContiguous_clamps_and_makes_up_strides);
    RUN(ToContiguous_takes_the_whole_view_only);
    RUN(a_question_that_is_answered_leaves_the_pending_error);
    RUN(SizeFromFormat_names_the_position);
    RUN(less_than_everything_is_copied_to_any_layout);
    RUN(large_copies_may_overlap);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

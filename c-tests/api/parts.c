/* Parts of memoryviews: subscripts, assignment, arrangements and casts, as the C library decides them. What CPython and
 * NumPy can say is compared with them in tests/oracle/memoryview.rs and numpy.rs. */
#include "support.h"

#define ABSENT PYBUFFER_ABSENT
/* A call's subscripts, with their number. */
#define PART(...)                                                                                                      \
    (const pybuffer_subscript[]){__VA_ARGS__},                                                                         \
        (int)(sizeof((pybuffer_subscript[]){__VA_ARGS__}) / sizeof(pybuffer_subscript))
#define SHAPE(...) (int)(sizeof((Py_ssize_t[]){__VA_ARGS__}) / sizeof(Py_ssize_t)), (const Py_ssize_t[]){__VA_ARGS__}

static PyObject *view_of(Exporter *exporter)
{
    PyObject *view = PyMemoryView_FromObject((PyObject *)exporter);
    Py_DECREF(exporter);
    return view;
}

static PyObject *matrix(void *memory, Py_ssize_t rows, Py_ssize_t columns)
{
    Py_ssize_t shape[2] = {rows, columns};
    return view_of(exporter_new(memory, "B", 1, 2, shape, NULL));
}

/* The bytes of a view's items in C order; the view is dropped. */
static void check_items(PyObject *view, const char *expected, const char *file, int line)
{
    PyObject *bytes = view == NULL ? NULL : pybuffer_memoryview_tobytes(view, 'C');
    tap_check_str(bytes == NULL ? NULL : PyBytes_AsString(bytes), expected, "the items", file, line);
    Py_XDECREF(bytes);
    Py_XDECREF(view);
}
#define CHECK_ITEMS(view, expected) check_items((view), (expected), __FILE__, __LINE__)

static void check_axes(PyObject *view, const char *expected, const char *file, int line)
{
    char text[256] = "";
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    size_t used = 0;
    for (int i = 0; i < is->ndim; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%td*%td", i ? " " : "", is->shape[i], is->strides[i]);
        if (is->suboffsets != NULL && is->suboffsets[i] >= 0) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "->%td", is->suboffsets[i]);
        }
    }
    tap_check_str(text, expected, "the axes", file, line);
}
#define CHECK_AXES(view, expected) check_axes((view), (expected), __FILE__, __LINE__)

/* ---- subscripts ---------------------------------------------------------------------------------------------- */

static void integers_slices_ellipsis_and_new_axes_mix(void)
{
    char memory[] = "abcdefghijklmnopqrstuvwx";
    PyObject *view = view_of(exporter_new(memory, "B", 1, 3, (Py_ssize_t[]){2, 3, 4}, NULL)), *part;
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_AT(1), PYBUFFER_ELLIPSIS, PYBUFFER_SLICE(3, ABSENT, -2)));
    CHECK_AXES(part, "3*4 2*-2");
    CHECK_ITEMS(part, "pntrxv");
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ELLIPSIS, PYBUFFER_NEWAXIS, PYBUFFER_AT(0)));
    CHECK_AXES(part, "2*12 3*4 1*0");
    CHECK_ITEMS(part, "aeimqu");
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_AT(0), PYBUFFER_AT(-1), PYBUFFER_AT(2)));
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->ndim, 0);
    CHECK_PTR(PyMemoryView_GET_BUFFER(part)->shape, NULL);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->len, 1);
    CHECK_ITEMS(part, "k");
    part = pybuffer_memoryview_subscript(view, NULL, 0);
    CHECK_ITEMS(part, memory);
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(5, 9, 1)));
    CHECK_AXES(part, "2*12 0*4 4*1");
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->len, 0);
    CHECK_ITEMS(part, "");
    Py_DECREF(view);
}

static void wrong_subscripts_are_told_apart(void)
{
    char memory[] = "abcdef";
    PyObject *view = matrix(memory, 2, 3);
    CHECK_PTR(pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_AT(3))), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "index out of bounds on dimension 2");
    CHECK_PTR(pybuffer_memoryview_subscript(view, PART(PYBUFFER_AT(0), PYBUFFER_AT(0), PYBUFFER_AT(0))), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "cannot index 2-dimension view with 3-element tuple");
    CHECK_PTR(pybuffer_memoryview_subscript(view, PART(PYBUFFER_ELLIPSIS, PYBUFFER_ELLIPSIS)), NULL);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_PTR(pybuffer_memoryview_subscript(view, PART(PYBUFFER_SLICE(ABSENT, ABSENT, 0))), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "slice step cannot be zero");
    pybuffer_subscript many[63];
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = (pybuffer_subscript)PYBUFFER_NEWAXIS;
    }
    CHECK_PTR(pybuffer_memoryview_subscript(view, many, 63), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "number of dimensions must not exceed 64");
    PyObject *most = pybuffer_memoryview_subscript(view, many, 62);
    CHECK_INT(PyMemoryView_GET_BUFFER(most)->ndim, 64);
    CHECK_ITEMS(most, memory);
    CHECK_INT(Py_REFCNT(view), 1);
    Py_DECREF(view);
}

static void a_part_goes_on_when_its_origin_is_gone(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abcdef", 6), *view = PyMemoryView_FromObject(bytearray);
    PyObject *part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_SLICE(1, 5, 2)));
    CHECK_INT(exports_of(view), 0);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_PTR(pybuffer_memoryview_subscript(view, NULL, 0), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
    CHECK_INT(exports_of(bytearray), 1);
    CHECK_PTR(PyMemoryView_GET_BASE(part), bytearray);
    CHECK_ITEMS(part, "bd");
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(bytearray);
}

/* ---- behind pointers ----------------------------------------------------------------------------------------- */

static char rows[3][8] = {"abcdefg", "hijklmn", "opqrstu"}, *table[3] = {rows[0], rows[1], rows[2]};

static void a_row_behind_a_pointer_is_plain_memory(void)
{
    PyObject *view = view_of(exporter_of_rows(table, 3, 7));
    PyObject *row = pybuffer_memoryview_subscript(view, PART(PYBUFFER_AT(1)));
    CHECK_PTR(PyMemoryView_GET_BUFFER(row)->buf, rows[1]);
    CHECK_PTR(PyMemoryView_GET_BUFFER(row)->suboffsets, NULL);
    CHECK_INT(PyBuffer_IsContiguous(PyMemoryView_GET_BUFFER(row), 'C'), 1);
    CHECK_ITEMS(row, "hijklmn");
    Py_DECREF(view);
}

static void a_slice_behind_a_pointer_moves_the_suboffset(void)
{
    PyObject *view = view_of(exporter_of_rows(table, 3, 7)), *part, *again;
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(5, 1, -2)));
    CHECK_AXES(part, "3*8->5 2*-2");
    CHECK_PTR(PyMemoryView_GET_BUFFER(part)->buf, table);
    again = pybuffer_memoryview_subscript(part, PART(PYBUFFER_SLICE(ABSENT, ABSENT, -1), PYBUFFER_SLICE(1, ABSENT, 1)));
    CHECK_AXES(again, "3*-8->3 1*-2");
    CHECK_ITEMS(again, "rkd");
    again = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_AT(-1)));
    CHECK_AXES(again, "3*8->6");
    CHECK_ITEMS(again, "gnu");
    CHECK_ITEMS(part, "fdmktr");
    Py_DECREF(view);
}

static void what_suboffsets_cannot_express_is_said(void)
{
    /* Pointers to the last item of each row, which is walked backwards. */
    char *ends[2] = {rows[0] + 6, rows[1] + 6};
    Exporter *exporter = exporter_of_rows(ends, 2, 7);
    exporter->strides[1] = -1;
    PyObject *view = view_of(exporter), *part;
    CHECK_PTR(pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(1, ABSENT, 1))), NULL);
    CHECK_ERROR(PyExc_NotImplementedError);
    CHECK_PTR(pybuffer_memoryview_flip(view, 1), NULL);
    CHECK_ERROR(PyExc_NotImplementedError);
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(7, ABSENT, 1)));
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->len, 0); /* no item is there, so no pointer matters */
    Py_DECREF(part);
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_AT(0), PYBUFFER_SLICE(1, ABSENT, 1)));
    CHECK_ITEMS(part, "fedcba");
    Py_DECREF(view);
    /* Behind each of two pointers. */
    exporter = exporter_new(ends, "B", 1, 4, (Py_ssize_t[]){2, 2, 2, 3}, (Py_ssize_t[]){8, -8, 8, -1});
    exporter->suboffsets[0] = exporter->suboffsets[2] = 0;
    exporter->suboffsets[1] = exporter->suboffsets[3] = -1;
    exporter->offer.suboffsets = exporter->suboffsets;
    view = view_of(exporter);
    for (int both = 1; both < 4; both++) {
        pybuffer_subscript behind[] = {PYBUFFER_ALL, PYBUFFER_ALL, PYBUFFER_ALL, PYBUFFER_ALL}, from_1 = PYBUFFER_SLICE(1, ABSENT, 1);
        behind[1] = both & 1 ? from_1 : behind[1];
        behind[3] = both & 2 ? from_1 : behind[3];
        CHECK_PTR(pybuffer_memoryview_subscript(view, behind, 4), NULL);
        CHECK_ERROR(PyExc_NotImplementedError);
    }
    Py_DECREF(view);
    /* A table of tables: with an index in the middle one pointer leads directly to another. */
    char **tables[2] = {table, table};
    exporter = exporter_new(tables, "B", 1, 3, (Py_ssize_t[]){2, 3, 7}, (Py_ssize_t[]){8, 8, 1});
    exporter->suboffsets[0] = exporter->suboffsets[1] = 0;
    exporter->offer.suboffsets = exporter->suboffsets;
    view = view_of(exporter);
    CHECK_PTR(pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_AT(1))), NULL);
    CHECK_ERROR(PyExc_NotImplementedError);
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(1, 2, 1), PYBUFFER_AT(0)));
    CHECK_ITEMS(part, "hh");
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_AT(1), PYBUFFER_AT(-1)));
    CHECK_ITEMS(part, "opqrstu");
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_NEWAXIS, PYBUFFER_AT(2), PYBUFFER_AT(1)));
    CHECK_AXES(part, "2*8->16 1*0->1");
    CHECK_ITEMS(part, "pp");
    Py_DECREF(view);
}

/* ---- assignment ---------------------------------------------------------------------------------------------- */

static void overlapping_parts_are_assigned_as_if_through_a_temporary(void)
{
    char memory[] = "abcdefghi";
    PyObject *view = matrix(memory, 3, 3), *turned = pybuffer_memoryview_permute(view, NULL, 0), *part;
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, turned), 0);
    CHECK_STR(memory, "adgbehcfi");
    part = pybuffer_memoryview_subscript(view, PART(PYBUFFER_SLICE(0, 2, 1), PYBUFFER_SLICE(0, 2, 1)));
    CHECK_INT(pybuffer_memoryview_assign(view, PART(PYBUFFER_SLICE(1, 3, 1), PYBUFFER_SLICE(1, 3, 1)), part), 0);
    CHECK_STR(memory, "adgbadcbe");
    Py_DECREF(part);
    part = pybuffer_memoryview_flip(view, 1);
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, part), 0);
    CHECK_STR(memory, "gdadabebc");
    Py_DECREF(part);
    Py_DECREF(turned);
    Py_DECREF(view);
}

static void assignment_wants_the_same_structure(void)
{
    char memory[] = "abcdef", other[] = "ABCDEF", before[] = "abcdef";
    PyObject *view = matrix(memory, 2, 3), *wide = matrix(other, 3, 2), *bytes = PyBytes_FromString("xyz");
    PyObject *chars = view_of(exporter_new(other, "b", 1, 2, (Py_ssize_t[]){2, 3}, NULL));
    PyObject *plain = view_of(exporter_new(other, "@B", 1, 2, (Py_ssize_t[]){2, 3}, NULL));
    /* CPython's words, and what the two are. */
#define DIFFERENT "memoryview assignment: lvalue and rvalue have different structures: 'B' of shape (2, 3) and "
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, wide), -1);
    CHECK_MESSAGE(PyExc_ValueError, DIFFERENT "'B' of shape (3, 2)");
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, chars), -1);
    CHECK_MESSAGE(PyExc_ValueError, DIFFERENT "'b' of shape (2, 3)");
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, bytes), -1);
    CHECK_MESSAGE(PyExc_ValueError, DIFFERENT "'B' of shape (3,)");
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, Py_None), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_MEM(memory, before, 6);
    CHECK_INT(pybuffer_memoryview_assign(view, PART(PYBUFFER_AT(1)), bytes), 0);
    CHECK_STR(memory, "abcxyz");
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, plain), 0);
    CHECK_STR(memory, "ABCDEF");
    Py_DECREF(plain);
    Py_DECREF(chars);
    Py_DECREF(bytes);
    Py_DECREF(wide);
    Py_DECREF(view);
}

static void one_item_fills_a_part(void)
{
    char memory[] = "abcdefgh";
    PyObject *view = view_of(exporter_new(memory, "<BB", 2, 2, (Py_ssize_t[]){2, 2}, NULL)), *bytes;
    pybuffer_value values[2] = {{.kind = PYBUFFER_KIND_UNSIGNED, .as.u = 'X'}, {.kind = PYBUFFER_KIND_SIGNED, .as.i = 'Y'}};
    CHECK_INT(pybuffer_memoryview_fill(view, PART(PYBUFFER_ALL, PYBUFFER_AT(1)), values, 2), 0);
    CHECK_STR(memory, "abXYefXY");
    values[1].as.i = -1;
    CHECK_INT(pybuffer_memoryview_fill(view, NULL, 0, values, 2), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_memoryview_fill(view, NULL, 0, values, 1), -1);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values for an item: expected 2, got 1");
    CHECK_STR(memory, "abXYefXY");
    values[1].as.i = 'Z';
    CHECK_INT(pybuffer_memoryview_fill(view, PART(PYBUFFER_SLICE(2, ABSENT, 1)), values, 2), 0); /* nothing there */
    CHECK_STR(memory, "abXYefXY");
    CHECK_INT(pybuffer_memoryview_fill(view, PART(PYBUFFER_AT(0), PYBUFFER_AT(0)), values, 2), 0);
    CHECK_STR(memory, "XZXYefXY");
    Py_DECREF(view);
    view = view_of(exporter_of_rows(table, 3, 7));
    CHECK_INT(pybuffer_memoryview_fill(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(0, ABSENT, 3)), values, 1), 0);
    CHECK_STR(rows[0], "XbcXefX");
    CHECK_STR(rows[2], "XpqXstX");
    memcpy(rows, "abcdefg\0hijklmn\0opqrstu", sizeof(rows));
    Py_DECREF(view);
    bytes = PyBytes_FromString("abc");
    view = PyMemoryView_FromObject(bytes);
    CHECK_INT(pybuffer_memoryview_fill(view, NULL, 0, values, 1), -1);
    CHECK_MESSAGE(PyExc_TypeError, "cannot modify read-only memory");
    CHECK_INT(pybuffer_memoryview_assign(view, NULL, 0, bytes), -1);
    CHECK_MESSAGE(PyExc_TypeError, "cannot modify read-only memory");
    Py_DECREF(view);
    Py_DECREF(bytes);
}

/* ---- arrangements -------------------------------------------------------------------------------------------- */

static void axes_change_places(void)
{
    char memory[] = "abcdefghijklmnopqrstuvwx";
    PyObject *view = view_of(exporter_new(memory, "B", 1, 3, (Py_ssize_t[]){2, 3, 4}, NULL)), *part;
    part = pybuffer_memoryview_permute(view, NULL, 0);
    CHECK_AXES(part, "4*1 3*4 2*12");
    Py_DECREF(part);
    part = pybuffer_memoryview_permute(view, (int[]){1, -1, 0}, 3);
    CHECK_AXES(part, "3*4 4*1 2*12");
    Py_DECREF(part);
    part = pybuffer_memoryview_flip(view, -2);
    CHECK_AXES(part, "2*12 3*-4 4*1");
    Py_DECREF(part);
    CHECK_PTR(pybuffer_memoryview_permute(view, (int[]){0, 1, 1}, 3), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "the axes (0, 1, 1) do not name each axis of a view of shape (2, 3, 4) once");
    CHECK_PTR(pybuffer_memoryview_permute(view, (int[]){0, 1, -2}, 3), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "the axes (0, 1, -2) do not name each axis of a view of shape (2, 3, 4) once");
    CHECK_PTR(pybuffer_memoryview_permute(view, (int[]){0, 1, 3}, 3), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_memoryview_permute(view, (int[]){1}, 1), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "the axes (1,) do not name each axis of a view of shape (2, 3, 4) once");
    Py_DECREF(view);
}

static void axes_change_places_on_one_side_of_a_pointer_only(void)
{
    /* Two by two pointers, each to two by three bytes. */
    char *pointers[4] = {rows[0], rows[1], rows[2], rows[0] + 1};
    Exporter *exporter = exporter_new(pointers, "B", 1, 4, (Py_ssize_t[]){2, 2, 2, 3}, (Py_ssize_t[]){16, 8, 3, 1});
    exporter->suboffsets[1] = 0;
    exporter->offer.suboffsets = exporter->suboffsets;
    PyObject *view = view_of(exporter), *part = pybuffer_memoryview_permute(view, (int[]){1, 0, 3, 2}, 4);
    CHECK_AXES(part, "2*8 2*16->0 3*1 2*3");
    CHECK_ITEMS(part, "adbecforpsqthkiljmbecfdg");
    CHECK_PTR(pybuffer_memoryview_permute(view, (int[]){0, 2, 1, 3}, 4), NULL);
    CHECK_ERROR(PyExc_NotImplementedError);
    Py_DECREF(view);
}

static void items_are_repeated(void)
{
    char memory[] = "abc";
    PyObject *view = view_of(exporter_new(memory, "B", 1, 2, (Py_ssize_t[]){3, 1}, NULL)), *part;
    part = pybuffer_memoryview_broadcast(view, SHAPE(2, 3, 4));
    CHECK_AXES(part, "2*0 3*1 4*0");
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->readonly, 1);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->len, 24);
    CHECK_ITEMS(part, "aaaabbbbccccaaaabbbbcccc");
    part = pybuffer_memoryview_broadcast(view, SHAPE(3, 1));
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->readonly, 0); /* nothing is repeated */
    Py_DECREF(part);
    CHECK_PTR(pybuffer_memoryview_broadcast(view, SHAPE(2, 1)), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_memoryview_broadcast(view, SHAPE(3)), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_memoryview_broadcast(view, SHAPE(PY_SSIZE_T_MAX, 3, 1)), NULL);
    CHECK_ERROR(PyExc_ValueError);
    part = pybuffer_memoryview_broadcast(view, SHAPE(PY_SSIZE_T_MAX, 3, 0));
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->len, 0);
    Py_DECREF(part);
    Py_DECREF(view);
    view = view_of(exporter_new(memory, "B", 1, 0, NULL, NULL));
    CHECK_ITEMS(pybuffer_memoryview_broadcast(view, SHAPE(2, 2)), "aaaa");
    CHECK_ITEMS(pybuffer_memoryview_broadcast(view, 0, NULL), "a");
    Py_DECREF(view);
}

static void items_are_counted_in_another_shape(void)
{
    char memory[] = "abcdefghijkl";
    PyObject *view = view_of(exporter_new(memory, "B", 1, 2, (Py_ssize_t[]){3, 4}, NULL)), *part, *columns;
    part = pybuffer_memoryview_reshape(view, SHAPE(2, -1, 3), 'C');
    CHECK_AXES(part, "2*6 2*3 3*1");
    Py_DECREF(part);
    CHECK_PTR(pybuffer_memoryview_reshape(view, SHAPE(12), 'F'), NULL); /* in that order they do not lie */
    CHECK_MESSAGE(PyExc_BufferError, "a view of shape (3, 4) cannot be reshaped to (12,) without a copy");
    CHECK_PTR(pybuffer_memoryview_reshape(view, SHAPE(5, -1), 'C'), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "a view of shape (3, 4) cannot be reshaped to (5, -1)");
    CHECK_PTR(pybuffer_memoryview_reshape(view, SHAPE(-1, -1), 'C'), NULL);
    CHECK_ERROR(PyExc_ValueError);
    for (const char *order = "AX"; *order != '\0'; order++) {
        CHECK_PTR(pybuffer_memoryview_reshape(view, SHAPE(12), *order), NULL);
        CHECK_MESSAGE(PyExc_SystemError, "order must be 'C' or 'F'");
    }
    columns = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(0, ABSENT, 2)));
    part = pybuffer_memoryview_reshape(columns, SHAPE(6), 'C'); /* every second item, all through */
    CHECK_AXES(part, "6*2");
    CHECK_ITEMS(part, "acegik");
    Py_DECREF(columns);
    columns = pybuffer_memoryview_subscript(view, PART(PYBUFFER_ALL, PYBUFFER_SLICE(1, ABSENT, 1)));
    CHECK_PTR(pybuffer_memoryview_reshape(columns, SHAPE(9), 'C'), NULL);
    CHECK_ERROR(PyExc_BufferError);
    part = pybuffer_memoryview_reshape(columns, SHAPE(3, 1, 3, 1), 'C');
    CHECK_ITEMS(part, "bcdfghjkl");
    Py_DECREF(columns);
    part = pybuffer_memoryview_permute(view, NULL, 0);
    columns = pybuffer_memoryview_reshape(part, SHAPE(2, 6), 'F');
    CHECK_AXES(columns, "2*1 6*2");
    Py_DECREF(columns);
    Py_DECREF(part);
    Py_DECREF(view);
    view = matrix(memory, 3, 0);
    part = pybuffer_memoryview_reshape(view, SHAPE(0, 5), 'C');
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->shape[1], 5);
    Py_DECREF(part);
    CHECK_PTR(pybuffer_memoryview_reshape(view, SHAPE(0, -1), 'C'), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
}

static void items_behind_pointers_are_counted_on_their_own_side(void)
{
    char *pointers[4] = {rows[0], rows[1], rows[2], rows[0] + 1};
    PyObject *view = view_of(exporter_of_rows(pointers, 4, 6)), *part;
    part = pybuffer_memoryview_reshape(view, SHAPE(2, 2, 3, 2), 'C');
    CHECK_AXES(part, "2*16 2*8->0 3*2 2*1");
    CHECK_ITEMS(part, "abcdefhijklmopqrstbcdefg");
    CHECK_PTR(pybuffer_memoryview_reshape(view, SHAPE(8, 3), 'C'), NULL);
    CHECK_ERROR(PyExc_BufferError);
    Py_DECREF(view);
}

/* ---- casts --------------------------------------------------------------------------------------------------- */

static void any_format_is_cast_to_bytes_and_back(void)
{
    short memory[6] = {1, 2, 3, 4, 5, 6};
    PyObject *view = PyMemoryView_FromMemory((char *)memory, sizeof(memory), PyBUF_WRITE), *frames, *bytes, *channel;
    frames = pybuffer_memoryview_cast(view, "T{=h:left:=h:right:}", 0, NULL, 'C');
    CHECK_STR(PyMemoryView_GET_BUFFER(frames)->format, "T{=h:left:=h:right:}");
    CHECK_AXES(frames, "3*4");
    bytes = pybuffer_memoryview_cast(frames, "b", 0, NULL, 'C');
    CHECK_AXES(bytes, "12*1");
    Py_DECREF(bytes);
    CHECK_PTR(pybuffer_memoryview_cast(frames, "h", 0, NULL, 'C'), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "memoryview: cannot cast between two non-byte formats");
    /* The format lives as long as its owner. */
    channel = pybuffer_memoryview_subscript(frames, PART(PYBUFFER_SLICE(1, ABSENT, 1)));
    Py_DECREF(frames);
    frames = PyMemoryView_FromObject(channel);
    Py_DECREF(channel);
    CHECK_STR(PyMemoryView_GET_BUFFER(frames)->format, "T{=h:left:=h:right:}");
    channel = PyMemoryView_GetContiguous(frames, PyBUF_READ, 'C');
    Py_DECREF(frames);
    CHECK_STR(PyMemoryView_GET_BUFFER(channel)->format, "T{=h:left:=h:right:}");
    pybuffer_value values[4];
    CHECK_INT(pybuffer_memoryview_values(channel, values, 4), 0);
    CHECK_INT(values[3].as.i, 6);
    Py_DECREF(channel);
    Py_DECREF(view);
}

static void a_cast_gives_shapes_in_either_order(void)
{
    char memory[] = "abcdefghijkl";
    PyObject *view = PyMemoryView_FromMemory(memory, 12, PyBUF_WRITE), *c, *f, *flat;
    c = pybuffer_memoryview_cast(view, "H", SHAPE(2, 3), 'C');
    CHECK_AXES(c, "2*6 3*2");
    f = pybuffer_memoryview_cast(view, "H", SHAPE(2, 3), 'F');
    CHECK_AXES(f, "2*2 3*4");
    CHECK_INT(PyBuffer_IsContiguous(PyMemoryView_GET_BUFFER(f), 'F'), 1);
    CHECK_PTR(pybuffer_memoryview_cast(c, "B", SHAPE(3, 4), 'C'), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D");
    flat = pybuffer_memoryview_cast(f, "B", 0, NULL, 'C'); /* as the memory lies */
    CHECK_ITEMS(flat, memory);
    CHECK_PTR(pybuffer_memoryview_cast(f, "B", SHAPE(3, 4), 'C'), NULL);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_PTR(pybuffer_memoryview_cast(view, "B", SHAPE(3, 5), 'C'), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "memoryview: product(shape) * itemsize != buffer size");
    CHECK_PTR(pybuffer_memoryview_cast(view, "B", SHAPE(12, 0), 'C'), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "memoryview.cast(): elements of shape must be integers > 0");
    CHECK_PTR(pybuffer_memoryview_cast(view, "5s", 0, NULL, 'C'), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "memoryview: length is not a multiple of itemsize");
    Py_DECREF(f);
    f = pybuffer_memoryview_subscript(view, PART(PYBUFFER_SLICE(ABSENT, ABSENT, 2)));
    CHECK_PTR(pybuffer_memoryview_cast(f, "B", 0, NULL, 'C'), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "memoryview: casts are restricted to C-contiguous views");
    Py_DECREF(f);
    f = pybuffer_memoryview_cast(view, "12s", 0, (Py_ssize_t[]){0}, 'C'); /* no axes at all */
    CHECK_INT(PyMemoryView_GET_BUFFER(f)->ndim, 0);
    CHECK_INT(PyMemoryView_GET_BUFFER(f)->len, 12);
    Py_DECREF(f);
    Py_DECREF(c);
    Py_DECREF(view);
}

static void what_is_made_read_only_stays_so(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *view = PyMemoryView_FromObject(bytearray);
    PyObject *frozen = pybuffer_memoryview_toreadonly(view), *part = pybuffer_memoryview_flip(frozen, 0);
    Py_buffer buffer;
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->readonly, 0);
    CHECK_INT(PyMemoryView_GET_BUFFER(frozen)->readonly, 1);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->readonly, 1);
    CHECK_INT(PyObject_GetBuffer(part, &buffer, PyBUF_FULL), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(pybuffer_memoryview_set_int64(part, (Py_ssize_t[]){0}, 1, 65), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_ITEMS(part, "cba");
    Py_DECREF(frozen);
    Py_DECREF(view);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(bytearray);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(integers_slices_ellipsis_and_new_axes_mix);
    RUN(wrong_subscripts_are_told_apart);
    RUN(a_part_goes_on_when_its_origin_is_gone);
    RUN(a_row_behind_a_pointer_is_plain_memory);
    RUN(a_slice_behind_a_pointer_moves_the_suboffset);
    RUN(what_suboffsets_cannot_express_is_said);
    RUN(overlapping_parts_are_assigned_as_if_through_a_temporary);
    RUN(assignment_wants_the_same_structure);
    RUN(one_item_fills_a_part);
    RUN(axes_change_places);
    RUN(axes_change_places_on_one_side_of_a_pointer_only);
    RUN(items_are_repeated);
    RUN(items_are_counted_in_another_shape);
    RUN(items_behind_pointers_are_counted_on_their_own_side);
    RUN(any_format_is_cast_to_bytes_and_back);
    RUN(a_cast_gives_shapes_in_either_order);
    RUN(what_is_made_read_only_stays_so);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

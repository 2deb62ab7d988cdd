/* Typed views: memory of the program, fields of records, elements of items, subscripts as text. Random formats and layouts are
 * for c-tests/random/fields.c; NumPy is asked in tests/oracle/fields.rs.
 */
#include "support.h"

#include <stdint.h>

#define SHAPE(...) (int)(sizeof((Py_ssize_t[]){__VA_ARGS__}) / sizeof(Py_ssize_t)), (const Py_ssize_t[]){__VA_ARGS__}

static char memory[1024];
static int destroyed;

static void count_destroyed(void *context)
{
    CHECK_PTR(context, memory);
    destroyed++;
}

/* Two items of a format in one axis. */
static PyObject *two(const char *format)
{
    PyObject *view = pybuffer_memoryview_wrap(memory, format, SHAPE(2), NULL, 0, NULL, NULL);
    CHECK(view != NULL);
    return view;
}

/* Offset, format, bytes of an item, and axes; the view is dropped. */
static void check_view(PyObject *view, const char *expected, const char *file, int line)
{
    char text[400] = "";
    if (view == NULL) {
        tap_check(0, file, line, "%s: %s", pybuffer_error_name(), pybuffer_error_message());
        PyErr_Clear();
        return;
    }
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    size_t used = (size_t)snprintf(text, sizeof(text), "%+td '%s' of %zd:", (char *)is->buf - memory, is->format, is->itemsize);
    for (int i = 0; i < is->ndim; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %td*%td", is->shape[i], is->strides[i]);
        if (is->suboffsets != NULL && is->suboffsets[i] >= 0) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "->%td", is->suboffsets[i]);
        }
    }
    tap_check_str(text, expected, "the view", file, line);
    Py_DECREF(view);
}
#define CHECK_VIEW(view, expected) check_view((view), (expected), __FILE__, __LINE__)

/* ---- memory of the program -------------------------------------------------------------------------------------- */

static void wrapped_memory_is_given_back_once(void)
{
    destroyed = 0;
    PyObject *view = pybuffer_memoryview_wrap(memory, "<hB", SHAPE(2, 3), NULL, 0, count_destroyed, memory);
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    CHECK_INT(is->itemsize, 3);
    CHECK_INT(is->len, 18);
    CHECK_INT(is->readonly, 0);
    CHECK_INT(is->strides[0], 9);
    CHECK_INT(is->strides[1], 3);
    PyObject *field = pybuffer_memoryview_field(view, "#1"), *part = pybuffer_memoryview_select(field, "1");
    Py_buffer exported;
    CHECK_INT(PyObject_GetBuffer(part, &exported, PyBUF_FULL), 0);
    Py_DECREF(part);
    Py_DECREF(field);
    Py_DECREF(view);
    CHECK_INT(destroyed, 0);
    CHECK_PTR(exported.buf, memory + 11);
    PyBuffer_Release(&exported);
    CHECK_INT(destroyed, 1);
}

static void wrapped_memory_has_any_strides(void)
{
    static const Py_ssize_t strides[2] = {-6, 2};
    CHECK_VIEW(pybuffer_memoryview_wrap(memory + 12, "h", 2, (Py_ssize_t[]){3, 3}, strides, 0, NULL, NULL),
               "+12 'h' of 2: 3*-6 3*2");
    CHECK_VIEW(pybuffer_memoryview_wrap(memory, NULL, 0, NULL, NULL, 0, NULL, NULL), "+0 'B' of 1:");
    CHECK_VIEW(pybuffer_memoryview_wrap(memory, "T{b:x:<d:y:}", SHAPE(0, 5), NULL, 1, NULL, NULL),
               "+0 'T{b:x:<d:y:}' of 9: 0*45 5*9");
    PyObject *view = pybuffer_memoryview_wrap(memory, "5s", SHAPE(4), NULL, 1, NULL, NULL);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->readonly, 1);
    CHECK(PyObject_Hash(view) == -1 || PyErr_Occurred() == NULL);
    PyErr_Clear();
    Py_DECREF(view);
}

static void memory_that_cannot_be_wrapped_is_kept(void)
{
    static Py_ssize_t many[65];
    destroyed = 0;
#define REFUSED(error, message, data, format, ...)                                                                     \
    (CHECK_PTR(pybuffer_memoryview_wrap((data), (format), __VA_ARGS__, NULL, 0, count_destroyed, memory), NULL),        \
     CHECK_MESSAGE(error, message))
    REFUSED(PyExc_ValueError, "expected a format code at byte 0 of the format", memory, "-", SHAPE(2));
    REFUSED(PyExc_ValueError, "shape must not be negative", memory, "B", SHAPE(2, -1));
    REFUSED(PyExc_ValueError, "number of dimensions must not exceed 64", memory, "B", 65, many);
    REFUSED(PyExc_BufferError, "buf must not be NULL where len is not 0", NULL, "B", SHAPE(2));
    REFUSED(PyExc_BufferError, "product(shape) * itemsize is too large", memory, "d", SHAPE(PY_SSIZE_T_MAX / 4));
    CHECK_PTR(pybuffer_memoryview_wrap(memory, "B", 1, NULL, NULL, 0, count_destroyed, memory), NULL);
    CHECK_ERROR(PyExc_SystemError);
    CHECK_PTR(pybuffer_memoryview_wrap(memory, "B", -1, many, NULL, 0, count_destroyed, memory), NULL);
    CHECK_ERROR(PyExc_SystemError);
    CHECK_INT(destroyed, 0);
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static void a_field_is_found_by_name_and_by_number(void)
{
    PyObject *view = two("T{" NATIVE "i:id:T{" NATIVE "d:radius:(2)" NATIVE "h:angle:}:orbit:3x5s:name:}");
    CHECK_VIEW(pybuffer_memoryview_field(view, "id"), "+0 'i' of 4: 2*24");
    CHECK_VIEW(pybuffer_memoryview_field(view, "orbit"), "+4 'T{" NATIVE "d:radius:2h:angle:}' of 12: 2*24");
    CHECK_VIEW(pybuffer_memoryview_field(view, "orbit.radius"), "+4 'd' of 8: 2*24");
    CHECK_VIEW(pybuffer_memoryview_field(view, "orbit.angle"), "+12 'h' of 2: 2*24 2*2");
    CHECK_VIEW(pybuffer_memoryview_field(view, "#1.#1"), "+12 'h' of 2: 2*24 2*2");
    CHECK_VIEW(pybuffer_memoryview_field(view, "#002"), "+19 '5s' of 5: 2*24");
    Py_DECREF(view);
}

static void names_with_dots_and_numbers_are_names(void)
{
    PyObject *view = two("T{T{b:x:B:y.z:}:p:b:p.x:h:#0:}");
    CHECK_VIEW(pybuffer_memoryview_field(view, "p"), "+0 'T{b:x:B:y.z:}' of 2: 2*6");
    CHECK_VIEW(pybuffer_memoryview_field(view, "p.x"), "+2 'b' of 1: 2*6");
    CHECK_VIEW(pybuffer_memoryview_field(view, "p.y.z"), "+1 'B' of 1: 2*6");
    CHECK_VIEW(pybuffer_memoryview_field(view, "#0"), "+4 'h' of 2: 2*6");
    CHECK_VIEW(pybuffer_memoryview_field(view, "#1"), "+2 'b' of 1: 2*6");
    Py_DECREF(view);
    view = two("B:a:H:a:");
    CHECK_VIEW(pybuffer_memoryview_field(view, "a"), "+0 'B' of 1: 2*4");
    Py_DECREF(view);
}

static void the_axes_of_sub_arrays_follow(void)
{
    PyObject *view = two("(2)T{T{B:x:(3,2)H:y:}:a:2T{b:z:}:b:}");
    CHECK_VIEW(pybuffer_memoryview_field(view, "a.y"), "+2 'H' of 2: 2*32 2*16 3*4 2*2");
    CHECK_VIEW(pybuffer_memoryview_field(view, "b.z"), "+14 'b' of 1: 2*32 2*16 2*1");
    Py_DECREF(view);
    view = two("T{" NATIVE "0i:none:0s:nothing:b:some:}");
    CHECK_VIEW(pybuffer_memoryview_field(view, "none"), "+0 'i' of 4: 2*1 0*0");
    CHECK_VIEW(pybuffer_memoryview_field(view, "nothing"), "+0 '0s' of 0: 2*1");
    Py_DECREF(view);
}

static void a_field_has_the_format_of_others_like_it(void)
{
    static const struct {
        const char *format, *field;
    } cases[] = {{"T{" NATIVE "i:x:}", "i"}, {OTHER "i:x:", OTHER "i"}, {NATIVE "l:x:", sizeof(long) == 4 ? "l" : "i"}, {"l:x:", "l"},
                 {"n:x:", "n"}, {"^bl:x:", "l"}, {NATIVE "l:y:g:x:", "g"}, {"Zd:x:", "Zd"}, {"D:x:", "Zd"}, {"?:x:", "?"}, {"P:x:", "P"},
                 {"&i:x:", "^&" NATIVE "i"}, {"&T{" OTHER "h@N}:x:", "^&T{" OTHER "h6x" NATIVE "Q}"}, {"3w:x:", "3w"},
                 {OTHER "3w:x:", OTHER "3w"}, {"T{@bi}:x:", "T{b3x" NATIVE "i}"}, {"4p:x:", "4p"}, {"3x:x:", "3x"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *view = two(cases[i].format), *field = pybuffer_memoryview_field(view, "x");
        CHECK_STR(field == NULL ? NULL : PyMemoryView_GET_BUFFER(field)->format, cases[i].field);
        Py_XDECREF(field);
        Py_DECREF(view);
    }
}

static void a_field_behind_pointers_moves_the_suboffset(void)
{
    static char rows[2][8], *table[2] = {rows[0], rows[1]};
    Py_ssize_t shape[2] = {2, 2}, strides[2] = {sizeof(char *), 3}, suboffsets[2] = {1, -1};
    Py_buffer info = {.buf = table, .len = 12, .itemsize = 3, .ndim = 2, .format = (char *)"<b:x:h:y:", .shape = shape,
                      .strides = strides, .suboffsets = suboffsets};
    for (int i = 0; i < 16; i++) {
        rows[i / 8][i % 8] = (char)i;
    }
    PyObject *view = PyMemoryView_FromBuffer(&info), *field = pybuffer_memoryview_field(view, "y");
    const Py_buffer *is = PyMemoryView_GET_BUFFER(field);
    CHECK_PTR(is->buf, table);
    CHECK_INT(is->suboffsets[0], 2);
    CHECK_INT(is->suboffsets[1], -1);
    int64_t number = 0;
    CHECK_INT(pybuffer_memoryview_get_int64(field, (Py_ssize_t[]){1, 1}, 2, &number), 0);
    CHECK_INT(number, 13 | 14 << 8);
    /* The row behind its pointer is plain memory. */
    PyObject *row = pybuffer_memoryview_select(field, "1");
    CHECK_PTR(PyMemoryView_GET_BUFFER(row)->buf, rows[1] + 2);
    CHECK_INT(PyMemoryView_GET_BUFFER(row)->strides[0], 3);
    Py_DECREF(row);
    Py_DECREF(field);
    Py_DECREF(view);
}

static void what_is_no_field_is_told(void)
{
    PyObject *view = two("T{i:a:3t:bits:T{b:x:}:r:&T{i:q:}:p:}");
#define NO_FIELD(path, error, message)                                                                                 \
    (CHECK_PTR(pybuffer_memoryview_field(view, path), NULL), CHECK_MESSAGE(error, message))
    NO_FIELD("b", PyExc_ValueError, "the record has no field 'b'");
    NO_FIELD("", PyExc_ValueError, "the record has no field ''");
    NO_FIELD("a.", PyExc_TypeError, "no field '': only records have fields");
    NO_FIELD("a.b", PyExc_TypeError, "no field 'b': only records have fields");
    NO_FIELD("p.q", PyExc_TypeError, "no field 'q': only records have fields");
    NO_FIELD("r.y.z", PyExc_ValueError, "the record has no field 'y.z'");
    NO_FIELD("#4", PyExc_ValueError, "the record has no field '#4'");
    NO_FIELD("#", PyExc_ValueError, "the record has no field '#'");
    NO_FIELD("#-1", PyExc_ValueError, "the record has no field '#-1'");
    NO_FIELD("#99999999999999999999", PyExc_ValueError, "the record has no field '#99999999999999999999'");
    NO_FIELD("bits", PyExc_TypeError, "the field 'bits' is bits, which have no address of their own");
    CHECK_INT(Py_REFCNT(view), 1);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    NO_FIELD("a", PyExc_ValueError, "operation forbidden on released memoryview object");
    Py_DECREF(view);
    view = two("d");
    NO_FIELD("a", PyExc_TypeError, "no field 'a': only records have fields");
    Py_DECREF(view);
    Py_ssize_t ones[64];
    for (int i = 0; i < 64; i++) {
        ones[i] = 1;
    }
    view = pybuffer_memoryview_wrap(memory, "T{2i:a:i:b:}", 64, ones, NULL, 0, NULL, NULL);
    NO_FIELD("a", PyExc_ValueError, "memoryview: number of dimensions must not exceed 64");
    PyObject *field = pybuffer_memoryview_field(view, "b");
    CHECK_INT(PyMemoryView_GET_BUFFER(field)->ndim, 64);
    Py_DECREF(field);
    Py_DECREF(view);
    /* Items that are smaller than their format says. */
    Py_ssize_t shape = 2;
    Py_buffer info = {.buf = memory, .len = 8, .itemsize = 4, .ndim = 1, .format = (char *)"T{i:a:i:b:}", .shape = &shape};
    view = PyMemoryView_FromBuffer(&info);
    NO_FIELD("a", PyExc_ValueError, "the format has items of 8 bytes, more than the itemsize of 4");
    CHECK_PTR(pybuffer_memoryview_elements(view), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
    info.format = (char *)"no format";
    view = PyMemoryView_FromBuffer(&info);
    CHECK_PTR(pybuffer_memoryview_field(view, "a"), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
}

static void parts_casts_and_writes_go_through_fields(void)
{
    memset(memory, 0, sizeof(memory));
    PyObject *view = pybuffer_memoryview_wrap(memory, "T{b:x:(4)" NATIVE "h:y:}", SHAPE(2, 3), NULL, 0, NULL, NULL);
    PyObject *y = pybuffer_memoryview_field(view, "y"), *turned = pybuffer_memoryview_permute(y, (int[]){2, 0, 1}, 3);
    PyObject *part = pybuffer_memoryview_select(turned, "::-1, 1, 2");
    CHECK_VIEW(pybuffer_memoryview_select(turned, "..., 0"), "+1 'h' of 2: 4*2 2*27");
    pybuffer_value value = PYBUFFER_INT(0x0201);
    pybuffer_subscript first = PYBUFFER_AT(0);
    CHECK_INT(pybuffer_memoryview_fill(part, &first, 1, &value, 1), 0);
    CHECK_MEM(memory + 5 * 9 + 1 + 6, &(short){0x0201}, 2);
    int64_t numbers[24];
    CHECK_INT(pybuffer_memoryview_to_int64(y, numbers, 24), 0);
    CHECK_INT(numbers[23], 0x0201);
    PyObject *line = pybuffer_memoryview_select(y, "1, 2, :");
    PyObject *bytes = pybuffer_memoryview_cast(line, "B", 0, NULL, 'C');
    CHECK_VIEW(bytes, "+46 'B' of 1: 8*1");
    Py_DECREF(line);
    Py_DECREF(part);
    Py_DECREF(turned);
    Py_DECREF(y);
    Py_DECREF(view);
}

/* ---- elements ---------------------------------------------------------------------------------------------------- */

static void elements_are_items_of_more_axes(void)
{
    static const struct {
        const char *format, *view;
    } cases[] = {
        {"3f", "+0 'f' of 4: 2*12 3*4"},
        {"(2,3)d", "+0 'd' of 8: 2*48 2*24 3*8"},
        {"(2)T{bh}", "+0 'T{bx" NATIVE "h}' of 4: 2*8 2*4"},
        {"Zd", "+0 'd' of 8: 2*16 2*8"},
        {OTHER "F", "+0 '" OTHER "f' of 4: 2*8 2*4"},
        {"(2)Zf", "+0 'Zf' of 8: 2*16 2*8"},
        {"5w", "+0 'w' of 4: 2*20 5*4"},
        {"0w", "+0 'w' of 4: 2*0 0*4"},
        {"3u", "+0 'u' of 2: 2*6 3*2"},
        {"w", "+0 'w' of 4: 2*4"},
        {"fff", "+0 'f' of 4: 2*12 3*4"},
        {"T{" OTHER "h:a:" OTHER "h:b:}", "+0 '" OTHER "h' of 2: 2*4 2*2"},
        {NATIVE "qqq", "+0 'q' of 8: 2*24 3*8"},
        {"nq", "+0 'n' of 8: 2*16 2*8"},
        {"T{2T{b(3)b}b}", "+0 'b' of 1: 2*9 9*1"},
        {"T{T{}dd0i}", "+0 'd' of 8: 2*16 2*8"},
        {"T{ZfZf}", "+0 'Zf' of 8: 2*16 2*8"},
        {"PP", "+0 'P' of 8: 2*16 2*8"},
        {"i", "+0 'i' of 4: 2*4"},
        {"5s", "+0 '5s' of 5: 2*5"},
        {"g", "+0 'g' of 16: 2*16"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *view = two(cases[i].format);
        CHECK_VIEW(pybuffer_memoryview_elements(view), cases[i].view);
        Py_DECREF(view);
    }
}

static void what_has_no_equal_elements_is_told(void)
{
    static const char *const formats[] = {"if", "T{b:a:xb:b:}", "bx", "hH", ">h<h", "T{3s3s}", "T{}", "i3t", "T{ib}"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        PyObject *view = two(formats[i]);
        CHECK_PTR(pybuffer_memoryview_elements(view), NULL);
        if (!CHECK_MESSAGE(PyExc_TypeError, "the items are records of other things than equal numbers")) {
            printf("# of %s\n", formats[i]);
        }
        Py_DECREF(view);
    }
    PyObject *view = two("3t");
    CHECK_PTR(pybuffer_memoryview_elements(view), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "the items are bits, which have no addresses of their own");
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_PTR(pybuffer_memoryview_elements(view), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
}

/* ---- the spelling of an item ------------------------------------------------------------------------------------- */

static void an_item_has_a_format_of_its_own(void)
{
    PyObject *format = pybuffer_format_parse("T{i:a:(2,3)>d:b:3T{@bh}:c:@l:d:5w:e:6s:f:&<i:g:}");
    static const char *const spelled[] = {NATIVE "i", "(2,3)>d", "(3)T{bx" NATIVE "h}", NATIVE LONG_CODE, NATIVE "5w", "6s", "^&<i"};
    const pybuffer_item *item = pybuffer_format_root(format)->fields;
    for (size_t i = 0; i < COUNT(spelled); i++, item = item->next) {
        PyObject *text = pybuffer_item_format(item);
        CHECK_STR(text == NULL ? NULL : PyBytes_AsString(text), spelled[i]);
        CHECK_INT(PyBuffer_SizeFromFormat(spelled[i]), item->itemsize * item->elements);
        Py_XDECREF(text);
    }
    Py_DECREF(format);
    /* As wide as the size of the items says. */
    format = pybuffer_format_parse_sized("3u", 12);
    PyObject *text = pybuffer_item_format(pybuffer_format_root(format));
    CHECK_STR(PyBytes_AsString(text), NATIVE "3w");
    Py_DECREF(text);
    Py_DECREF(format);
}

/* ---- subscripts as text ------------------------------------------------------------------------------------------ */

static void text_selects_as_python_does(void)
{
    PyObject *view = pybuffer_memoryview_wrap(memory, "h", SHAPE(4, 5, 6), NULL, 0, NULL, NULL);
    CHECK_VIEW(pybuffer_memoryview_select(view, "1:-1, ::2, ..., None, 0"), "+60 'h' of 2: 2*60 3*24 1*0");
    CHECK_VIEW(pybuffer_memoryview_select(view, "-1"), "+180 'h' of 2: 5*12 6*2");
    CHECK_VIEW(pybuffer_memoryview_select(view, ":"), "+0 'h' of 2: 4*60 5*12 6*2");
    CHECK_VIEW(pybuffer_memoryview_select(view, " ... , ::-1 ,"), "+10 'h' of 2: 4*60 5*12 6*-2");
    CHECK_VIEW(pybuffer_memoryview_select(view, "newaxis,1:99,None:None:None"), "+60 'h' of 2: 1*0 3*60 5*12 6*2");
    CHECK_VIEW(pybuffer_memoryview_select(view, "0,0,0"), "+0 'h' of 2:");
    CHECK_VIEW(pybuffer_memoryview_select(view, "99999999999999999999:, :"), "+240 'h' of 2: 0*60 5*12 6*2");
#define NOT_SELECTED(text, error, message)                                                                             \
    (CHECK_PTR(pybuffer_memoryview_select(view, text), NULL), CHECK_MESSAGE(error, message))
    NOT_SELECTED("", PyExc_ValueError, "expected a number, ':', '...' or None at byte 0 of the subscripts");
    NOT_SELECTED("1,,2", PyExc_ValueError, "expected a number, ':', '...' or None at byte 2 of the subscripts");
    NOT_SELECTED("1:2:3:4", PyExc_ValueError, "expected ',' at byte 5 of the subscripts");
    NOT_SELECTED("0, -x", PyExc_ValueError, "expected a number at byte 4 of the subscripts");
    NOT_SELECTED("0x1", PyExc_ValueError, "expected ',' at byte 1 of the subscripts");
    NOT_SELECTED("4", PyExc_IndexError, "index out of bounds on dimension 1");
    NOT_SELECTED("99999999999999999999", PyExc_IndexError, "index out of bounds on dimension 1");
    NOT_SELECTED("0,0,0,0", PyExc_TypeError, "cannot index 3-dimension view with 4-element tuple");
    NOT_SELECTED("::0", PyExc_ValueError, "slice step cannot be zero");
    CHECK_PTR(pybuffer_memoryview_select(view, "..., ..."), NULL);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(Py_REFCNT(view), 1);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    NOT_SELECTED(":", PyExc_ValueError, "operation forbidden on released memoryview object");
    Py_DECREF(view);
}

static void subscripts_are_made_by_functions(void)
{
    size_t y = 1, height = 2;
    unsigned x = 3, width = 2;
    PyObject *view = pybuffer_memoryview_wrap(memory, "B", SHAPE(4, 6), NULL, 0, NULL, NULL);
    pybuffer_subscript crop[3];
    crop[0] = pybuffer_slice((Py_ssize_t)y, (Py_ssize_t)(y + height), 1);
    crop[1] = pybuffer_newaxis();
    crop[2] = pybuffer_slice(x, x + width, 1);
    CHECK_VIEW(pybuffer_memoryview_subscript(view, crop, 3), "+9 'B' of 1: 2*6 1*0 2*1");
    crop[0] = pybuffer_ellipsis();
    crop[1] = pybuffer_at(-1);
    CHECK_VIEW(pybuffer_memoryview_subscript(view, crop, 2), "+5 'B' of 1: 4*6");
    crop[0] = pybuffer_all();
    CHECK_VIEW(pybuffer_memoryview_subscript(view, crop, 1), "+0 'B' of 1: 4*6 6*1");
    Py_DECREF(view);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(wrapped_memory_is_given_back_once);
    RUN(wrapped_memory_has_any_strides);
    RUN(memory_that_cannot_be_wrapped_is_kept);
    RUN(a_field_is_found_by_name_and_by_number);
    RUN(names_with_dots_and_numbers_are_names);
    RUN(the_axes_of_sub_arrays_follow);
    RUN(a_field_has_the_format_of_others_like_it);
    RUN(a_field_behind_pointers_moves_the_suboffset);
    RUN(what_is_no_field_is_told);
    RUN(parts_casts_and_writes_go_through_fields);
    RUN(elements_are_items_of_more_axes);
    RUN(what_has_no_equal_elements_is_told);
    RUN(an_item_has_a_format_of_its_own);
    RUN(text_selects_as_python_does);
    RUN(subscripts_are_made_by_functions);
    return tap_end();
}

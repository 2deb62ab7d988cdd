/* The general exporter: ownership and lifetimes, what CPython's cannot be compared for, and misbehaviour that no good exporter
 * does. Everything else is compared with CPython's in tests/oracle/testbuffer.rs. */
#include "support.h"

#include "hooks.h"

#define ABSENT PYBUFFER_ABSENT
/* A call's subscripts, with their number; a call's shape, with the number of axes in front. */
#define PART(...)                                                                                                      \
    (const pybuffer_subscript[]){__VA_ARGS__},                                                                         \
        (int)(sizeof((pybuffer_subscript[]){__VA_ARGS__}) / sizeof(pybuffer_subscript))
#define SHAPE(...) (int)(sizeof((Py_ssize_t[]){__VA_ARGS__}) / sizeof(Py_ssize_t)), (const Py_ssize_t[]){__VA_ARGS__}
#define STRIDES(...) (const Py_ssize_t[]){__VA_ARGS__}

static PyMemAllocatorEx hooks_before[3];

static void begin_hooks(void)
{
    for (int domain = 0; domain < 3; domain++) {
        PyMem_GetAllocator(domain, &hooks_before[domain]);
    }
    hooks_install();
}

/* All memory allocated since begin_hooks has been freed correctly. */
static void end_hooks(void)
{
    CHECK_INT(hooks.outstanding, 0);
    CHECK_INT(hooks.wrong, 0);
    for (int domain = 0; domain < 3; domain++) {
        PyMem_SetAllocator(domain, &hooks_before[domain]);
    }
}

static pybuffer_ndarray_state state_of(PyObject *nd)
{
    pybuffer_ndarray_state state;
    memset(&state, 0, sizeof(state));
    CHECK_INT(pybuffer_ndarray_get_state(nd, &state), 0);
    return state;
}

/* The bytes of the items in C order are those of the text; the object is dropped. */
static void check_items(PyObject *nd, const char *expected, const char *file, int line)
{
    PyObject *bytes = nd == NULL ? NULL : PyBytes_FromObject(nd);
    tap_check_str(bytes == NULL ? NULL : PyBytes_AsString(bytes), expected, "the items", file, line);
    Py_XDECREF(bytes);
    Py_XDECREF(nd);
}
#define CHECK_ITEMS(nd, expected) check_items((nd), (expected), __FILE__, __LINE__)

static PyObject *letters(const char *text, int flags)
{
    Py_ssize_t len = (Py_ssize_t)strlen(text);
    return pybuffer_ndarray_new(text, len, "B", 1, &len, NULL, 0, flags);
}

/* ---- new memory ---------------------------------------------------------------------------------------------- */

static void zeros_are_an_array_to_be_filled(void)
{
    static const int orders[] = {0, PYBUFFER_ND_FORTRAN, PYBUFFER_ND_PIL, PYBUFFER_ND_PIL | PYBUFFER_ND_FORTRAN};
    double numbers[24], back[24];
    for (int i = 0; i < 24; i++) {
        numbers[i] = i * 0.5;
    }
    for (size_t o = 0; o < COUNT(orders); o++) {
        PyObject *nd = pybuffer_ndarray_zeros("d", SHAPE(2, 3, 4), orders[o]), *view = PyMemoryView_FromObject(nd);
        const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
        CHECK_INT(is->readonly, 0);
        CHECK_INT(is->len, sizeof(numbers));
        CHECK_INT((uintptr_t)is->buf % 8, 0);
        CHECK_INT(is->suboffsets != NULL, (orders[o] & PYBUFFER_ND_PIL) != 0);
        CHECK_INT(PyBuffer_IsContiguous(is, 'C'), orders[o] == 0);
        CHECK_INT(PyBuffer_IsContiguous(is, 'F'), orders[o] == PYBUFFER_ND_FORTRAN);
        CHECK_INT(pybuffer_memoryview_to_double(view, back, 24), 0);
        for (int i = 0; i < 24; i++) {
            CHECK(back[i] == 0.0);
        }
        CHECK_INT(pybuffer_memoryview_from_double(view, numbers, 24), 0);
        CHECK_INT(pybuffer_memoryview_to_double(view, back, 24), 0);
        CHECK_MEM(back, numbers, sizeof(numbers));
        Py_DECREF(view);
        Py_DECREF(nd);
    }
}

static void zeros_may_have_no_items_or_no_axes(void)
{
    PyObject *none = pybuffer_ndarray_zeros("i", SHAPE(3, 0, 2), 0), *one = pybuffer_ndarray_zeros("i", 0, NULL, 0);
    CHECK_INT(state_of(none).base->len, 0);
    CHECK_INT(state_of(none).memlen, 4);
    CHECK_INT(state_of(one).base->len, 4);
    CHECK_INT(state_of(one).base->ndim, 0);
    CHECK_INT(state_of(one).flags, PYBUFFER_ND_WRITABLE | PYBUFFER_ND_SCALAR | PYBUFFER_ND_C | PYBUFFER_ND_FORTRAN);
    Py_DECREF(one);
    Py_DECREF(none);
}

static void memory_is_aligned_whatever_is_in_front_of_it(void)
{
    for (int ndim = 1; ndim < 5; ndim++) {
        static const char *const formats[] = {"d", "3s", "<hBi", "T{d:a_long_name:i:another:}"};
        for (size_t f = 0; f < COUNT(formats); f++) {
            static const Py_ssize_t shape[4] = {2, 1, 3, 1};
            PyObject *nd = pybuffer_ndarray_zeros(formats[f], ndim, shape, 0);
            CHECK_INT((uintptr_t)state_of(nd).base->buf % 16, 0);
            CHECK_STR(state_of(nd).base->format, formats[f]);
            Py_DECREF(nd);
        }
    }
}

static void values_are_packed_by_the_format(void)
{
    static const pybuffer_value values[] = {
        {.kind = PYBUFFER_KIND_SIGNED, .as.i = 0x6162}, {.kind = PYBUFFER_KIND_BYTES, .as.bytes = {"cd", 2}},
        {.kind = PYBUFFER_KIND_SIGNED, .as.i = 0x6566}, {.kind = PYBUFFER_KIND_BYTES, .as.bytes = {"gh", 2}},
        {.kind = PYBUFFER_KIND_SIGNED, .as.i = 40000},  {.kind = PYBUFFER_KIND_BYTES, .as.bytes = {"", 0}},
    };
    PyObject *nd = pybuffer_ndarray_from_values(values, 4, ">h2s", SHAPE(2), NULL, 0, 0);
    CHECK_ITEMS(nd, "abcdefgh");
    nd = pybuffer_ndarray_from_values(values, 4, ">h2s", SHAPE(2), STRIDES(-4), 4, 0);
    CHECK_ITEMS(nd, "efghabcd");
    CHECK_PTR(pybuffer_ndarray_from_values(values, 6, ">h2s", SHAPE(3), NULL, 0, 0), NULL);
    CHECK_ERROR(PyExc_ValueError); /* 40000 */
    CHECK_PTR(pybuffer_ndarray_from_values(values + 1, 2, ">h2s", SHAPE(1), NULL, 0, 0), NULL);
    CHECK_ERROR(PyExc_TypeError); /* bytes for a number */
    CHECK_PTR(pybuffer_ndarray_from_values(values, 3, ">h2s", SHAPE(1), NULL, 0, 0), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "wrong number of values: expected a multiple of 2, got 3");
}

static void what_is_given_is_copied(void)
{
    char items[] = "abcdef", format[] = "B";
    Py_ssize_t shape[] = {2, 3}, strides[] = {3, 1};
    PyObject *nd = pybuffer_ndarray_new(items, 6, format, 2, shape, strides, 0, 0);
    memset(items, '-', 6);
    memset(shape, 1, sizeof(shape));
    memset(strides, 1, sizeof(strides));
    format[0] = 'd';
    CHECK_STR(state_of(nd).base->format, "B");
    CHECK_ITEMS(nd, "abcdef");
}

static void sizes_that_no_memory_has_are_refused(void)
{
    static const char item[8];
    CHECK_PTR(pybuffer_ndarray_new(item, 8, "d", SHAPE((Py_ssize_t)1 << 61, 8), STRIDES(0, 0), 0, 0), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "invalid combination of buffer, shape and strides");
    CHECK_PTR(pybuffer_ndarray_new(item, 8, "d", SHAPE((Py_ssize_t)1 << 60), STRIDES(0), 0, PYBUFFER_ND_PIL), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_ndarray_new(item, 1, "B", SHAPE((Py_ssize_t)1 << 62), STRIDES(0), 0, PYBUFFER_ND_PIL), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    PyObject *much = pybuffer_ndarray_new(item, 1, "B", SHAPE((Py_ssize_t)1 << 62), STRIDES(0), 0, 0);
    CHECK_INT(state_of(much).base->len, (Py_ssize_t)1 << 62);
    Py_DECREF(much);
}

/* ---- the stack ----------------------------------------------------------------------------------------------- */

enum { BASES = 5 };

static int next_permutation(int *order)
{
    int i = BASES - 2, j = BASES - 1;
    while (i >= 0 && order[i] > order[i + 1]) {
        i--;
    }
    if (i < 0) {
        return 0;
    }
    while (order[j] < order[i]) {
        j--;
    }
    int swapped = order[i];
    order[i] = order[j], order[j] = swapped;
    for (i++, j = BASES - 1; i < j; i++, j--) {
        swapped = order[i];
        order[i] = order[j], order[j] = swapped;
    }
    return 1;
}

/* A stack of bases, each with so many views; `texts` is what they show. */
static PyObject *stack(Py_buffer views[BASES][2], int each, char texts[BASES][8])
{
    PyObject *nd = NULL;
    for (int base = 0; base < BASES; base++) {
        Py_ssize_t len = base + 2;
        memset(texts[base], 'a' + base, (size_t)len);
        texts[base][len] = '\0';
        if (nd == NULL) {
            nd = letters(texts[base], PYBUFFER_ND_VAREXPORT);
        } else {
            CHECK_INT(pybuffer_ndarray_push(nd, texts[base], len, "B", 1, &len, NULL, 0,
                                            base == 3 ? PYBUFFER_ND_PIL : PYBUFFER_ND_WRITABLE), 0);
        }
        for (int view = 0; view < each; view++) {
            CHECK_INT(PyObject_GetBuffer(nd, &views[base][view], PyBUF_FULL_RO), 0);
        }
    }
    return nd;
}

static void check_view(const Py_buffer *view, const char *text)
{
    char shown[8] = "";
    CHECK_INT(view->len, strlen(text));
    CHECK_INT(PyBuffer_ToContiguous(shown, view, view->len, 'C'), 0);
    CHECK_STR(shown, text);
}

/* In all 120 orders: a base is freed with its last view, the one on the top stays. */
static void each_base_is_freed_with_its_last_view(void)
{
    for (int each = 1; each <= 2; each++) {
        int order[BASES] = {0, 1, 2, 3, 4};
        do {
            Py_buffer views[BASES][2];
            char texts[BASES][8];
            begin_hooks();
            PyObject *nd = stack(views, each, texts);
            int left = BASES;
            CHECK_INT(state_of(nd).bases, BASES);
            CHECK_INT(state_of(nd).exports, each);
            CHECK_INT(Py_REFCNT(nd), 1 + each * BASES);
            long blocks = hooks.outstanding;
            for (int view = 0; view < each; view++) {
                for (int at = 0; at < BASES; at++) {
                    int base = order[at];
                    for (int other = view == each - 1 ? at : 0; other < BASES; other++) {
                        check_view(&views[order[other]][each - 1], texts[order[other]]);
                    }
                    PyBuffer_Release(&views[base][view]);
                    left -= view == each - 1 && base != BASES - 1;
                    CHECK_INT(state_of(nd).bases, left);
                    CHECK_INT(hooks.outstanding, blocks - BASES + left);
                }
            }
            CHECK_INT(Py_REFCNT(nd), 1);
            CHECK_INT(pybuffer_ndarray_pop(nd), -1);
            CHECK_MESSAGE(PyExc_BufferError, "list only has a single base");
            CHECK_ITEMS(nd, texts[BASES - 1]);
            end_hooks();
        } while (next_permutation(order));
    }
}

/* The program's reference is dropped first: the last view frees the object, and the bases below that have no view. */
static void the_last_view_frees_the_object(void)
{
    int order[BASES] = {0, 1, 2, 3, 4};
    do {
        Py_buffer views[BASES][2];
        char texts[BASES][8];
        begin_hooks();
        PyObject *nd = stack(views, 1, texts);
        CHECK_INT(pybuffer_ndarray_push(nd, "never seen", 10, NULL, SHAPE(10), NULL, 0, 0), 0);
        Py_DECREF(nd);
        for (int at = 0; at < BASES; at++) {
            check_view(&views[order[at]][0], texts[order[at]]);
            PyBuffer_Release(&views[order[at]][0]);
        }
        end_hooks();
    } while (next_permutation(order));
}

static void bases_without_views_wait_below(void)
{
    begin_hooks();
    PyObject *nd = letters("first", 0);
    CHECK_INT(pybuffer_ndarray_push(nd, "second", 6, "B", SHAPE(6), NULL, 0, 0), 0);
    CHECK_INT(pybuffer_ndarray_push(nd, "third!", 6, "2s", SHAPE(3), STRIDES(-2), 4, PYBUFFER_ND_WRITABLE), 0);
    pybuffer_ndarray_state state = state_of(nd);
    CHECK_INT(state.bases, 3);
    CHECK_INT(state.flags, PYBUFFER_ND_WRITABLE);
    CHECK_INT(state.offset, 4);
    CHECK_INT(state.memlen, 6);
    CHECK_INT(state.reexports, 0);
    CHECK_PTR(state.base->obj, NULL);
    Py_INCREF(nd);
    CHECK_ITEMS(nd, "d!irth");
    CHECK_INT(pybuffer_ndarray_pop(nd), 0);
    Py_INCREF(nd);
    CHECK_ITEMS(nd, "second");
    CHECK_INT(pybuffer_ndarray_pop(nd), 0);
    CHECK_ITEMS(nd, "first");
    end_hooks();
}

static void views_hold_the_layout_unless_it_may_vary(void)
{
    PyObject *fixed = letters("fixed", 0), *view = PyMemoryView_FromObject(fixed);
    CHECK_INT(pybuffer_ndarray_push(fixed, "abc", 3, "B", SHAPE(3), NULL, 0, 0), -1);
    CHECK_MESSAGE(PyExc_BufferError, "cannot change structure: 1 exported buffer");
    PyObject *part = pybuffer_ndarray_subscript(fixed, PART(PYBUFFER_SLICE(1, 3, 1)));
    CHECK_INT(pybuffer_ndarray_pop(fixed), -1);
    CHECK_MESSAGE(PyExc_BufferError, "cannot change structure: 2 exported buffers");
    CHECK_INT(pybuffer_ndarray_push(part, "abc", 3, "B", SHAPE(3), NULL, 0, 0), -1);
    CHECK_MESSAGE(PyExc_BufferError, "structure of re-exporting object is immutable");
    CHECK_INT(pybuffer_ndarray_pop(part), -1);
    CHECK_MESSAGE(PyExc_BufferError, "structure of re-exporting object is immutable");
    Py_DECREF(view);
    CHECK_ITEMS(part, "ix");
    CHECK_INT(state_of(fixed).exports, 0);
    CHECK_INT(pybuffer_ndarray_push(fixed, "abc", 3, "B", SHAPE(3), NULL, 0, 0), 0);
    CHECK_ITEMS(fixed, "abc");

    PyObject *varying = letters("varying", PYBUFFER_ND_VAREXPORT);
    view = PyMemoryView_FromObject(varying);
    CHECK_INT(pybuffer_ndarray_push(varying, "abc", 3, "B", SHAPE(3), NULL, 0, 0), 0);
    PyObject *top = PyMemoryView_FromObject(varying);
    CHECK_INT(pybuffer_ndarray_pop(varying), -1);
    CHECK_MESSAGE(PyExc_BufferError, "cannot change structure: 1 exported buffer");
    CHECK_ITEMS(top, "abc");
    CHECK_INT(pybuffer_ndarray_pop(varying), 0);
    CHECK_ITEMS(view, "varying");
    CHECK_ITEMS(varying, "varying");
}

static void a_push_that_fails_changes_nothing(void)
{
    PyObject *nd = letters("first", 0);
    CHECK_INT(pybuffer_ndarray_push(nd, "abc", 3, "B", SHAPE(4), NULL, 0, 0), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_ndarray_push_values(nd, &(pybuffer_value){.kind = -1}, 1, "B", SHAPE(1), NULL, 0, 0), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(pybuffer_ndarray_push(nd, "abc", 3, "B", SHAPE(3), STRIDES(1), 0, PYBUFFER_ND_FORTRAN), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(state_of(nd).bases, 1);
    CHECK_ITEMS(nd, "first");
}

/* ---- parts --------------------------------------------------------------------------------------------------- */

static void parts_share_memory_and_hold_the_array(void)
{
    PyObject *nd = pybuffer_ndarray_new("abcdefghijklmnopqrstuvwx", 24, "B", SHAPE(2, 3, 4), NULL, 0, PYBUFFER_ND_WRITABLE);
    PyObject *part = pybuffer_ndarray_subscript(nd, PART(PYBUFFER_ELLIPSIS, PYBUFFER_SLICE(ABSENT, ABSENT, -2)));
    CHECK_PTR(state_of(part).base->obj, nd);
    CHECK_INT(state_of(part).reexports, 1);
    CHECK_INT(state_of(part).memlen, -1);
    CHECK_INT(state_of(nd).exports, 1);
    PyObject *row = pybuffer_ndarray_subscript(part, PART(PYBUFFER_AT(-1), PYBUFFER_NEWAXIS, PYBUFFER_AT(1)));
    CHECK_INT(state_of(row).base->ndim, 2);
    CHECK_INT(pybuffer_ndarray_assign(row, NULL, 0, row), 0);
    PyObject *xy = pybuffer_ndarray_new("XY", 2, "B", SHAPE(1, 2), NULL, 0, 0);
    CHECK_INT(pybuffer_ndarray_assign(row, PART(PYBUFFER_ELLIPSIS), xy), 0);
    Py_DECREF(xy);
    CHECK_ITEMS(row, "XY");
    CHECK_ITEMS(part, "dbhfljpnXYxv");
    CHECK_INT(state_of(nd).exports, 0);
    CHECK_ITEMS(nd, "abcdefghijklmnopqYsXuvwx");
}

static void an_index_follows_pointers(void)
{
    PyObject *nd = pybuffer_ndarray_new("abcdefghijkl", 12, "B", SHAPE(3, 4), STRIDES(-4, -1), 11, PYBUFFER_ND_PIL);
    CHECK_ITEMS(pybuffer_ndarray_subscript(nd, PART(PYBUFFER_AT(1))), "hgfe");
    CHECK_ITEMS(pybuffer_ndarray_subscript(nd, PART(PYBUFFER_AT(-1), PYBUFFER_AT(0))), "d");
    CHECK_ITEMS(pybuffer_ndarray_subscript(nd, PART(PYBUFFER_ALL, PYBUFFER_AT(3))), "iea");
    CHECK_ITEMS(pybuffer_ndarray_subscript(nd, PART(PYBUFFER_SLICE(2, ABSENT, -2), PYBUFFER_SLICE(1, 3, 1))), "cbkj");
    CHECK_ITEMS(nd, "lkjihgfedcba");
}

/* What CPython's does row by row, and so with another result. */
static void assignment_is_as_if_through_a_temporary(void)
{
    for (int flags = 0; flags <= PYBUFFER_ND_PIL; flags += PYBUFFER_ND_PIL) {
        PyObject *nd = pybuffer_ndarray_new("abcdefghijkl", 12, "B", SHAPE(4, 3), NULL, 0, flags | PYBUFFER_ND_WRITABLE);
        PyObject *down = pybuffer_ndarray_subscript(nd, PART(PYBUFFER_SLICE(0, 3, 1)));
        CHECK_INT(pybuffer_ndarray_assign(nd, PART(PYBUFFER_SLICE(1, 4, 1)), down), 0);
        Py_DECREF(down);
        Py_INCREF(nd);
        CHECK_ITEMS(nd, "abcabcdefghi");
        PyObject *back = pybuffer_ndarray_subscript(nd, PART(PYBUFFER_SLICE(ABSENT, ABSENT, -1), PYBUFFER_SLICE(ABSENT, ABSENT, -1)));
        CHECK_INT(pybuffer_ndarray_assign(nd, NULL, 0, back), 0);
        Py_DECREF(back);
        CHECK_ITEMS(nd, "ihgfedcbacba");
    }
}

static void an_assignment_that_fails_writes_nothing(void)
{
    PyObject *nd = letters("abcdef", PYBUFFER_ND_WRITABLE), *frozen = letters("abcdef", 0), *few = letters("xy", 0);
    PyObject *signs = pybuffer_ndarray_new("xy", 2, "b", SHAPE(2), NULL, 0, 0);
    CHECK_INT(pybuffer_ndarray_assign(frozen, PART(PYBUFFER_SLICE(0, 2, 1)), few), -1);
    CHECK_MESSAGE(PyExc_TypeError, "ndarray is not writable");
    CHECK_INT(pybuffer_ndarray_assign(nd, NULL, 0, few), -1);
    CHECK_MESSAGE(PyExc_ValueError, "ndarray assignment: lvalue and rvalue have different structures");
    CHECK_INT(pybuffer_ndarray_assign(nd, PART(PYBUFFER_SLICE(0, 2, 1)), signs), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(pybuffer_ndarray_assign(nd, PART(PYBUFFER_AT(6)), few), -1);
    CHECK_ERROR(PyExc_IndexError);
    CHECK_INT(pybuffer_ndarray_assign(nd, PART(PYBUFFER_SLICE(0, 2, 1)), few), 0);
    CHECK_INT(state_of(nd).exports, 0);
    CHECK_INT(state_of(few).exports, 0);
    Py_DECREF(signs);
    Py_DECREF(few);
    Py_DECREF(frozen);
    CHECK_ITEMS(nd, "xycdef");
}

static void parts_of_parts_need_no_stack(void)
{
    begin_hooks();
    PyObject *nd = letters("abcdef", 0);
    for (int i = 0; i < 100000; i++) {
        PyObject *part = pybuffer_ndarray_subscript(nd, PART(PYBUFFER_SLICE(0, 6, 1)));
        Py_DECREF(nd);
        nd = part;
    }
    CHECK_ITEMS(nd, "abcdef");
    end_hooks();
}

/* ---- re-exports, and other axes than consumers know ---------------------------------------------------------- */

static void a_redirected_view_is_of_the_other_object(void)
{
    char memory[] = "abcdef";
    Exporter *exporter = exporter_of_bytes(memory, 6);
    PyObject *plain = pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_FULL_RO, 0);
    PyObject *redirecting = pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_FULL_RO, PYBUFFER_ND_REDIRECT);
    PyObject *again = pybuffer_ndarray_from_object(redirecting, PyBUF_FULL_RO, 0);
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(plain, &view, PyBUF_FULL_RO), 0);
    CHECK_PTR(view.obj, plain);
    PyBuffer_Release(&view);
    CHECK_INT(PyObject_GetBuffer(redirecting, &view, PyBUF_FULL_RO), 0);
    CHECK_PTR(view.obj, exporter);
    PyBuffer_Release(&view);
    CHECK_PTR(state_of(again).base->obj, exporter);
    CHECK_INT(exporter->gets - exporter->releases, 3);
    exporter->raises = PyExc_ValueError;
    CHECK_INT(PyObject_GetBuffer(redirecting, &view, PyBUF_FULL_RO), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_SIMPLE, 0), NULL);
    CHECK_ERROR(PyExc_ValueError);
    exporter->raises = NULL;
    Py_DECREF(again);
    Py_DECREF(redirecting);
    Py_DECREF(plain);
    CHECK_INT(exporter->gets - exporter->releases, 0);
    CHECK_INT(Py_REFCNT(exporter), 1);
    Py_DECREF(exporter);
}

static void answers_that_contradict_themselves_are_given_back(void)
{
    char memory[16];
    Exporter *exporter = exporter_of_bytes(memory, 16);
    exporter->literal = 1;
    exporter->shape[0] = 17;
    CHECK_PTR(pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_FULL_RO, 0), NULL);
    CHECK_ERROR(PyExc_BufferError);
    exporter->shape[0] = -1;
    CHECK_PTR(pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_FULL_RO, 0), NULL);
    CHECK_ERROR(PyExc_BufferError);
    exporter->offer.ndim = -1;
    CHECK_PTR(pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_FULL_RO, 0), NULL);
    CHECK_ERROR(PyExc_BufferError);
    exporter->offer.ndim = 129;
    CHECK_PTR(pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_SIMPLE, 0), NULL);
    CHECK_ERROR(PyExc_ValueError);
    exporter->offer.ndim = 1;
    exporter->offer.len = -1;
    CHECK_PTR(pybuffer_ndarray_from_object((PyObject *)exporter, PyBUF_SIMPLE, 0), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(exporter->gets, 5);
    CHECK_INT(exporter->releases, 5);
    CHECK_INT(Py_REFCNT(exporter), 1);
    Py_DECREF(exporter);
}

static void there_may_be_twice_the_axes_of_a_view(void)
{
    Py_ssize_t shape[PYBUFFER_ND_MAX_NDIM + 1];
    for (size_t i = 0; i < COUNT(shape); i++) {
        shape[i] = i % 50 == 49 ? 2 : 1;
    }
    PyObject *nd = pybuffer_ndarray_new("abcd", 4, "B", PYBUFFER_ND_MAX_NDIM, shape, NULL, 0, PYBUFFER_ND_PIL);
    CHECK_INT(state_of(nd).base->ndim, 128);
    PyObject *bytes = PyBytes_FromString("abcd");
    CHECK(PyObject_Hash(nd) == PyObject_Hash(bytes));
    Py_DECREF(bytes);
    CHECK_PTR(PyMemoryView_FromObject(nd), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(PyBytes_FromObject(nd), NULL);
    CHECK_ERROR(PyExc_ValueError);
    pybuffer_subscript few[64 + 1];
    for (size_t i = 0; i < COUNT(few); i++) {
        few[i] = i == 49 ? (pybuffer_subscript)PYBUFFER_SLICE(1, 2, 1) : (pybuffer_subscript)PYBUFFER_AT(0);
    }
    PyObject *part = pybuffer_ndarray_subscript(nd, few, (int)COUNT(few));
    CHECK_INT(state_of(part).base->ndim, 64);
    CHECK_ITEMS(part, "cd");
    CHECK_PTR(pybuffer_ndarray_subscript(nd, PART(PYBUFFER_NEWAXIS)), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "number of dimensions must not exceed 128");
    CHECK_PTR(pybuffer_ndarray_zeros("B", PYBUFFER_ND_MAX_NDIM + 1, shape, 0), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "ndim must not exceed 128");
    Py_DECREF(nd);
}

static void only_what_cannot_be_written_has_a_hash(void)
{
    PyObject *frozen = letters("abc", 0), *writable = letters("abc", PYBUFFER_ND_WRITABLE);
    PyObject *bytes = PyBytes_FromString("abc"), *bytearray = PyByteArray_FromObject(bytes);
    PyObject *of_bytearray = pybuffer_ndarray_from_object(bytearray, PyBUF_FULL_RO, 0), *view = PyMemoryView_FromObject(frozen);
    CHECK(PyObject_Hash(frozen) == PyObject_Hash(bytes));
    CHECK(PyObject_Hash(view) == PyObject_Hash(bytes));
    CHECK_INT(PyObject_Hash(writable), -1);
    CHECK_MESSAGE(PyExc_ValueError, "cannot hash writable ndarray object");
    CHECK_INT(PyObject_Hash(of_bytearray), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(state_of(frozen).exports, 1);
    Py_DECREF(view);
    Py_DECREF(of_bytearray);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
    Py_DECREF(writable);
    Py_DECREF(frozen);
}

/* ---- the checker of exporters -------------------------------------------------------------------------------- */

static char told[2000];

static void remember(void *context, int flags, const char *message)
{
    (void)context, (void)flags;
    strncat(told, message, sizeof(told) - strlen(told) - 2);
    strcat(told, "\n");
}

/* Checks the exporter, which is dropped; gives the number of faults. */
static Py_ssize_t faults(PyObject *nd)
{
    told[0] = '\0';
    CHECK(nd != NULL);
    Py_ssize_t broken = nd == NULL ? -1 : pybuffer_check_exporter(nd, remember, NULL);
    Py_XDECREF(nd);
    return broken;
}

static void good_ndarrays_break_no_rule(void)
{
    static const char *const formats[] = {"B", "d", "<hBi", "T{b:a:(2)i:b:}"};
    static char memory[1000];
    for (int flags = 0; flags <= PYBUFFER_ND_REDIRECT; flags++) {
        if (flags & PYBUFFER_ND_SCALAR) {
            continue; /* a claim */
        }
        for (size_t f = 0; f < COUNT(formats); f++) {
            const Py_ssize_t size = PyBuffer_SizeFromFormat(formats[f]);
            CHECK_INT(faults(pybuffer_ndarray_zeros(formats[f], SHAPE(2, 3, 4), flags)), 0);
            CHECK_INT(faults(pybuffer_ndarray_zeros(formats[f], SHAPE(5), flags)), 0);
            CHECK_INT(faults(pybuffer_ndarray_new(memory, size * 9, formats[f], SHAPE(3, 3), NULL, 0, flags)), 0);
            if (!(flags & PYBUFFER_ND_FORTRAN)) {
                CHECK_INT(faults(pybuffer_ndarray_new(memory, size * 12, formats[f], SHAPE(2, 3), STRIDES(-size * 5, size * 2),
                                                      size * 6, flags)), 0);
            }
            if (!(flags & PYBUFFER_ND_PIL)) {
                CHECK_INT(faults(pybuffer_ndarray_zeros(formats[f], 0, NULL, flags)), 0);
            }
            PyObject *nd = pybuffer_ndarray_zeros(formats[f], SHAPE(2, 3, 4), flags);
            CHECK_INT(faults(pybuffer_ndarray_subscript(nd, PART(PYBUFFER_ALL, PYBUFFER_SLICE(ABSENT, ABSENT, -2)))), 0);
            CHECK_INT(faults(pybuffer_ndarray_from_object(nd, PyBUF_FULL_RO, 0)), 0);
            CHECK_INT(faults(pybuffer_ndarray_from_object(nd, PyBUF_FULL_RO, PYBUFFER_ND_REDIRECT)), 0);
            Py_DECREF(nd);
        }
    }
}

static void the_checker_names_the_faults_of_the_others(void)
{
    const int fail = PYBUFFER_ND_GETBUF_FAIL, undefined = fail | PYBUFFER_ND_GETBUF_UNDEFINED;
    CHECK_INT(faults(pybuffer_ndarray_zeros("h", SHAPE(2, 3), fail)), 1);
    CHECK_STR(told, "every request is refused\n");
    CHECK_INT(faults(pybuffer_ndarray_zeros("h", SHAPE(2, 3), undefined)), 2);
    CHECK(strstr(told, "obj is not NULL after a failure") != NULL);
    CHECK_INT(faults(pybuffer_ndarray_new("abcd", 4, "B", SHAPE(2), STRIDES(2), 0, PYBUFFER_ND_C)), 1);
    CHECK_STR(told, "every request is refused\n");
    /* With a false claim it refuses requests that it could answer, but no answer is false. */
    CHECK_INT(faults(pybuffer_ndarray_zeros("h", SHAPE(2, 3), PYBUFFER_ND_SCALAR)), 1);
    CHECK(strstr(told, "is answered") != NULL);
    PyObject *nd = pybuffer_ndarray_zeros("h", SHAPE(2, 3), 0);
    CHECK(faults(pybuffer_ndarray_from_object(nd, PyBUF_SIMPLE, 0)) > 0);
    CHECK(strstr(told, "which is at least as strict about the memory, is answered") != NULL);
    CHECK(faults(pybuffer_ndarray_from_object(nd, PyBUF_STRIDES, 0)) > 0);
    CHECK(strstr(told, "format 'B' has items of 1 byte, but itemsize is 2") != NULL);
    CHECK_INT(pybuffer_ndarray_add_suboffsets(nd), 0);
    CHECK(faults(nd) > 0);
    CHECK(strstr(told, "suboffsets is not NULL though all of them are negative") != NULL);
    Py_ssize_t shape[65];
    for (size_t i = 0; i < COUNT(shape); i++) {
        shape[i] = 1;
    }
    CHECK_INT(faults(pybuffer_ndarray_zeros("h", 65, shape, 0)), 1);
    CHECK(strstr(told, "ndim is 65, not 0 to 64") != NULL);
}

static void undefined_fields_do_not_get_through(void)
{
    PyObject *nd = pybuffer_ndarray_zeros("B", SHAPE(4), PYBUFFER_ND_GETBUF_FAIL | PYBUFFER_ND_GETBUF_UNDEFINED);
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(nd, &view, PyBUF_SIMPLE), -1);
    CHECK_MESSAGE(PyExc_BufferError, "PYBUFFER_ND_GETBUF_FAIL: forced test exception");
    CHECK_PTR(view.obj, (void *)1);
    CHECK_PTR(PyMemoryView_FromObject(nd), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_PTR(PyBytes_FromObject(nd), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_PTR(PyByteArray_FromObject(nd), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_PTR(PyPickleBuffer_FromObject(nd), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PyObject_CopyData(nd, nd), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_PTR(pybuffer_ndarray_from_object(nd, PyBUF_SIMPLE, PYBUFFER_ND_REDIRECT), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_PTR(pybuffer_ndarray_subscript(nd, NULL, 0), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(Py_REFCNT(nd), 1);
    Py_DECREF(nd);
}

static void added_suboffsets_change_no_view_that_is_held(void)
{
    PyObject *nd = letters("abc", 0), *part = pybuffer_ndarray_subscript(nd, NULL, 0);
    Py_buffer before, after;
    CHECK_INT(PyObject_GetBuffer(nd, &before, PyBUF_FULL_RO), 0);
    CHECK_INT(pybuffer_ndarray_add_suboffsets(nd), 0);
    CHECK_PTR(before.suboffsets, NULL);
    CHECK_INT(PyObject_GetBuffer(nd, &after, PyBUF_FULL_RO), 0);
    CHECK(after.suboffsets != NULL && after.suboffsets[0] == -1);
    PyBuffer_Release(&before);
    PyBuffer_Release(&after);
    CHECK_INT(pybuffer_ndarray_add_suboffsets(nd), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(PyObject_GetBuffer(nd, &after, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(pybuffer_ndarray_add_suboffsets(part), 0);
    CHECK_INT(state_of(part).base->suboffsets[0], -1);
    CHECK_ITEMS(part, "abc");
    CHECK_ITEMS(nd, "abc");
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(zeros_are_an_array_to_be_filled);
    RUN(zeros_may_have_no_items_or_no_axes);
    RUN(memory_is_aligned_whatever_is_in_front_of_it);
    RUN(values_are_packed_by_the_format);
    RUN(what_is_given_is_copied);
    RUN(sizes_that_no_memory_has_are_refused);
    RUN(each_base_is_freed_with_its_last_view);
    RUN(the_last_view_frees_the_object);
    RUN(bases_without_views_wait_below);
    RUN(views_hold_the_layout_unless_it_may_vary);
    RUN(a_push_that_fails_changes_nothing);
    RUN(parts_share_memory_and_hold_the_array);
    RUN(an_index_follows_pointers);
    RUN(assignment_is_as_if_through_a_temporary);
    RUN(an_assignment_that_fails_writes_nothing);
    RUN(parts_of_parts_need_no_stack);
    RUN(a_redirected_view_is_of_the_other_object);
    RUN(answers_that_contradict_themselves_are_given_back);
    RUN(there_may_be_twice_the_axes_of_a_view);
    RUN(only_what_cannot_be_written_has_a_hash);
    RUN(good_ndarrays_break_no_rule);
    RUN(the_checker_names_the_faults_of_the_others);
    RUN(undefined_fields_do_not_get_through);
    RUN(added_suboffsets_change_no_view_that_is_held);
    return tap_end();
}

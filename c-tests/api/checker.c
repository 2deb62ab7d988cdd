/* The checker of exporters: good ones have no faults, and each rule, broken alone, is named alone, in words. */
#include "support.h"

#include <limits.h>

/* ---- reports ------------------------------------------------------------------------------------------------ */

typedef struct {
    int count, flags;
    char first[700], all[4000];
} Reports;

static void collect(void *context, int flags, const char *message)
{
    Reports *reports = context;
    size_t used = strlen(reports->all);
    if (reports->count++ == 0) {
        reports->flags = flags;
        snprintf(reports->first, sizeof(reports->first), "%s", message);
    }
    snprintf(reports->all + used, sizeof(reports->all) - used, "# %s\n", message);
}

/* The same findings, with more to say of each. */
typedef struct {
    const Reports *reports;
    int count, settled;
} Findings;

static void find(void *context, const pybuffer_finding *finding)
{
    static const char *const severities[] = {"wrong-bytes", "crash", "protocol", "cosmetic"};
    Findings *found = context;
    size_t length = strlen(finding->request), known = 0;
    if (found->count++ == 0) {
        CHECK_STR(finding->message, found->reports->first);
        CHECK_INT(finding->flags, found->reports->flags);
    }
    for (size_t i = 0; i < COUNT(severities); i++) {
        known += strcmp(finding->severity, severities[i]) == 0;
    }
    CHECK_INT(known, 1);
    CHECK(strncmp(finding->message, finding->request, length) == 0);
    CHECK(length == 0 ? finding->flags == -1 : strncmp(finding->message + length, ": ", 2) == 0);
    CHECK(strspn(finding->rule, "abcdefghijklmnopqrstuvwxyz-") == strlen(finding->rule) && strlen(finding->rule) > 2);
    CHECK(strlen(finding->expected) > 5 && strlen(finding->source) > 5);
}

static void settle(void *context)
{
    ((Findings *)context)->settled++;
}

/* How many rules it breaks; NULL as a message: none. Else it is this one alone. */
static void checked(PyObject *object, const char *message, int line)
{
    Reports reports;
    memset(&reports, 0, sizeof(reports));
    Py_ssize_t references = Py_REFCNT(object), exports = exports_of(object);
    Py_ssize_t broken = pybuffer_check_exporter(object, collect, &reports);
    int right = tap_check_int(broken, message != NULL, "rules that are broken", __FILE__, line);
    right &= tap_check_int(reports.count, broken, "reports", __FILE__, line);
    if (message != NULL) {
        right &= tap_check_str(reports.first, message, "the report", __FILE__, line);
        right &= tap_check((reports.flags == -1) == (strncmp(message, "PyBUF_", 6) != 0), __FILE__, line, "flags %#x",
                           reports.flags);
    }
    if (!right) {
        printf("%s", reports.all);
    }
    check_error(NULL, NULL, __FILE__, line);
    tap_check_int(pybuffer_check_exporter(object, NULL, NULL), broken, "without a function", __FILE__, line);
    Findings found = {&reports, 0, 0};
    tap_check_int(pybuffer_find_faults(object, find, settle, &found), broken, "findings", __FILE__, line);
    tap_check_int(found.count, broken, "findings that are told", __FILE__, line);
    tap_check(found.settled > 0, __FILE__, line, "errors are settled");
    if (message == NULL) {
        tap_check_int(Py_REFCNT(object), references, "references", __FILE__, line);
        tap_check_int(exports_of(object), exports, "exports", __FILE__, line);
    }
}
#define GOOD(object) checked((PyObject *)(object), NULL, __LINE__)
#define BAD(object, message) checked((PyObject *)(object), (message), __LINE__)

/* ---- good exporters ----------------------------------------------------------------------------------------- */

static char memory[256];
static char *rows[3] = {memory, memory + 16, memory + 32};
static const Py_ssize_t three[] = {3}, four[] = {4}, none[] = {0}, two_by_three[] = {2, 3};

static Exporter *plain(void)
{
    return exporter_of_bytes(memory, 16);
}

static Exporter *ints(void)
{
    return exporter_new(memory, "i", 4, 2, two_by_three, NULL);
}

static Exporter *strided(void)
{
    static const Py_ssize_t apart[] = {12};
    return exporter_new(memory, "i", 4, 1, four, apart);
}

static Exporter *fortran(void)
{
    static const Py_ssize_t strides[] = {1, 2};
    return exporter_new(memory, "B", 1, 2, two_by_three, strides);
}

static Exporter *indirect(void)
{
    return exporter_of_rows(rows, 3, 4);
}

static Exporter *no_axes(void)
{
    return exporter_new(memory, "d", 8, 0, NULL, NULL);
}

static Exporter *backwards(void)
{
    static const Py_ssize_t strides[] = {-1};
    return exporter_new(memory + 8, "b", 1, 1, three, strides);
}

static Exporter *empty(void)
{
    static const Py_ssize_t strides[] = {8};
    return exporter_new(memory, "i", 4, 1, none, strides);
}

static Exporter *frozen(void)
{
    Exporter *self = plain();
    self->offer.readonly = 1;
    return self;
}

static Exporter *(*const kinds[])(void) = {plain, ints, strided, fortran, indirect, no_axes, backwards, empty, frozen};

static int fill(Exporter *self, Py_buffer *view, int flags)
{
    return pybuffer_fill_view(view, (PyObject *)self, &self->offer, flags);
}

static int fill_info(Exporter *self, Py_buffer *view, int flags)
{
    return PyBuffer_FillInfo(view, (PyObject *)self, self->offer.buf, self->offer.len, self->offer.readonly, flags);
}

/* NumPy leaves ndim as it is, and drops the arrays. */
static int keep_ndim(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    view->ndim = self->offer.ndim;
    return status;
}

/* Or says that there are none. */
static int no_ndim(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (!(flags & PyBUF_ND)) {
        view->ndim = 0;
    }
    return status;
}

/* Who is asked for plain bytes may say that they are, with the itemsize that the memory has or without it. */
static int plain_itemsize;

static int plain_bytes(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (!(flags & PyBUF_ND)) {
        view->format = view->format == NULL ? NULL : (char *)"B";
        view->itemsize = plain_itemsize == 0 ? view->itemsize : plain_itemsize;
    }
    return status;
}

static int no_format(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    view->format = NULL;
    return status;
}

static void those_of_the_library_break_no_rule(void)
{
    PyObject *all[] = {
        PyBytes_FromString("some bytes"), PyBytes_FromString(""), PyBytes_FromString("x"),
        PyByteArray_FromStringAndSize("some bytes", 10), PyByteArray_FromStringAndSize(NULL, 0),
        PyMemoryView_FromMemory(memory, 5, PyBUF_READ), PyMemoryView_FromMemory(memory, 5, PyBUF_WRITE),
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        PyObject *memoryview = PyMemoryView_FromObject(all[i]), *picklebuffer = PyPickleBuffer_FromObject(all[i]);
        GOOD(all[i]);
        GOOD(memoryview);
        GOOD(picklebuffer);
        Py_DECREF(picklebuffer);
        Py_DECREF(memoryview);
        Py_DECREF(all[i]);
    }
}

static void every_layout_of_every_exporter_breaks_no_rule(void)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        for (int readonly = 0; readonly < 2; readonly++) {
            Exporter *self = kinds[i]();
            self->offer.readonly = readonly;
            GOOD(self);
            PyObject *memoryview = PyMemoryView_FromObject((PyObject *)self);
            PyObject *picklebuffer = PyPickleBuffer_FromObject((PyObject *)self);
            PyObject *made = pybuffer_memory_new(&self->offer, NULL, NULL);
            GOOD(memoryview);
            GOOD(picklebuffer);
            GOOD(made);
            Py_DECREF(made);
            Py_DECREF(picklebuffer);
            Py_DECREF(memoryview);
            self->on_get = fill;
            GOOD(self);
            self->on_get = keep_ndim;
            GOOD(self);
            self->on_get = no_ndim;
            GOOD(self);
            self->on_get = plain_bytes;
            for (plain_itemsize = 0; plain_itemsize < 2; plain_itemsize++) {
                GOOD(self);
            }
            if (self->offer.itemsize == 1) {
                self->on_get = no_format;
                GOOD(self);
            }
            CHECK_UNUSED(self);
        }
    }
}

static void what_fill_info_fills_breaks_no_rule(void)
{
    Exporter *self = plain();
    self->on_get = fill_info;
    GOOD(self);
    self->offer.len = 0;
    self->offer.buf = NULL;
    GOOD(self);
    CHECK_UNUSED(self);
}

/* NumPy has other strides for each order where they lead nowhere. */
static int other_strides(Exporter *self, Py_buffer *view, int flags)
{
    static Py_ssize_t other[2][2] = {{1000, 4}, {-1000, 77}};
    int status = exporter_answer(self, view, flags);
    if (status == 0 && view->strides != NULL) {
        int empty = self->offer.len == 0, fortran = (flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS;
        other[1][1] = empty ? 77 : 4;
        view->strides = other[fortran];
    }
    return status;
}

static void strides_that_lead_nowhere_may_be_any(void)
{
    static const Py_ssize_t one_by_three[] = {1, 3}, none_by_three[] = {0, 3};
    Exporter *self = exporter_new(memory, "i", 4, 2, one_by_three, NULL);
    self->on_get = other_strides;
    GOOD(self);
    CHECK_UNUSED(self);
    self = exporter_new(memory, "i", 4, 2, none_by_three, NULL);
    self->on_get = other_strides;
    GOOD(self);
    CHECK_UNUSED(self);
}

/* Who answers is another object, with a reference to that one. */
static void an_exporter_that_stands_for_another_breaks_no_rule(void)
{
    Exporter *self = plain(), *behind = plain();
    self->redirects = (PyObject *)behind;
    GOOD(self);
    CHECK_INT(Py_REFCNT(behind), 1);
    Py_DECREF(self);
    Py_DECREF(behind);
}

/* A fresh object for each view: nothing is known of its references. */
static int answer_by_a_fresh_object(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status == 0) {
        Py_SETREF(view->obj, PyBytes_FromString("fresh"));
    }
    return status;
}

static void an_exporter_of_fresh_objects_breaks_no_rule(void)
{
    Exporter *self = plain();
    self->on_get = answer_by_a_fresh_object;
    GOOD(self);
    CHECK_INT(Py_REFCNT(self), 1);
    Py_DECREF(self);
}

/* Whoever holds a view keeps others from writing. */
static int one_writer(Exporter *self, Py_buffer *view, int flags)
{
    if ((flags & PyBUF_WRITABLE) && self->gets != self->releases) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError, "in use");
        return -1;
    }
    return exporter_answer(self, view, flags);
}

static void an_exporter_may_refuse_while_it_is_in_use(void)
{
    Exporter *self = plain();
    self->on_get = one_writer;
    GOOD(self);
    CHECK_UNUSED(self);
}

/* ---- what it asks -------------------------------------------------------------------------------------------- */

static int asked[0x400];

static int note_the_flags(Exporter *self, Py_buffer *view, int flags)
{
    CHECK(flags >= 0 && flags < (int)COUNT(asked));
    asked[flags % (int)COUNT(asked)]++;
    return exporter_answer(self, view, flags);
}

static void it_sends_every_request_that_has_a_name(void)
{
    static const int named[] = {
        PyBUF_SIMPLE, PyBUF_ND, PyBUF_STRIDES, PyBUF_INDIRECT, PyBUF_CONTIG, PyBUF_CONTIG_RO, PyBUF_C_CONTIGUOUS,
        PyBUF_F_CONTIGUOUS, PyBUF_ANY_CONTIGUOUS, PyBUF_STRIDED, PyBUF_STRIDED_RO, PyBUF_RECORDS, PyBUF_RECORDS_RO,
        PyBUF_FULL, PyBUF_FULL_RO,
    };
    static const int with[] = {0, PyBUF_WRITABLE, PyBUF_FORMAT, PyBUF_WRITABLE | PyBUF_FORMAT};
    int different = 0;
    Exporter *self = plain();
    memset(asked, 0, sizeof(asked));
    self->on_get = note_the_flags;
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, NULL, NULL), 0);
    for (size_t i = 0; i < COUNT(named); i++) {
        for (size_t w = 0; w < COUNT(with); w++) {
            CHECK(asked[named[i] | with[w]] >= 3);
        }
    }
    for (size_t flags = 0; flags < COUNT(asked); flags++) {
        different += asked[flags] != 0;
    }
    CHECK_INT(different, 28);
    CHECK_UNUSED(self);
}

/* ---- rules, one at a time ----------------------------------------------------------------------------------- */

static void (*spoil)(Exporter *self, Py_buffer *view, int flags);

static int spoiled(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status == 0) {
        spoil(self, view, flags);
    }
    return status;
}

static void bad_when_spoiled(Exporter *self, void (*by)(Exporter *, Py_buffer *, int), const char *message, int line)
{
    spoil = by;
    self->on_get = spoiled;
    checked((PyObject *)self, message, line);
    tap_check_int(self->releases, self->gets, "releases", __FILE__, line);
    Py_DECREF(self);
}

#define HAS(all) ((flags & (all)) == (all))

/* A test: an exporter, the faults of its answers, and the reports of the checker. */
#define RULE(name, exporter, wrong, message)                                                                           \
    static void spoil_##name(Exporter *self, Py_buffer *view, int flags)                                               \
    {                                                                                                                  \
        (void)self;                                                                                                    \
        (void)flags;                                                                                                   \
        (void)view;                                                                                                    \
        wrong;                                                                                                         \
    }                                                                                                                  \
    static void name(void) { bad_when_spoiled((exporter), spoil_##name, (message), __LINE__); }

#define FIRST "PyBUF_INDIRECT|PyBUF_FORMAT: "
static Py_ssize_t odd[66], fortran_like[] = {4, 8};

#define RULES(R)                                                                                                       \
    R(ndim_is_not_negative, plain(), view->ndim = -1, FIRST "ndim is -1, not 0 to 64")                                 \
    R(ndim_is_at_most_64, plain(), view->ndim = 65, FIRST "ndim is 65, not 0 to 64")                                   \
    R(ndim_is_the_same_in_all_answers, ints(),                                                                         \
      if (flags == PyBUF_ND) (view->ndim = 1, view->shape = odd, odd[0] = 6),                                          \
      "PyBUF_ND: ndim is 1, but 2 with PyBUF_INDIRECT|PyBUF_FORMAT")                                                   \
    R(ndim_without_a_shape_is_1_or_what_it_is, ints(), if (!HAS(PyBUF_ND)) view->ndim = 3,                             \
      "PyBUF_FORMAT: ndim is 3, but 2 with PyBUF_INDIRECT|PyBUF_FORMAT")                                               \
    R(itemsize_is_not_negative, plain(), view->itemsize = -1, FIRST "itemsize is negative (-1)")                       \
    R(itemsize_is_the_same_in_all_answers, ints(), if (flags == PyBUF_STRIDES) view->itemsize = 2,                     \
      "PyBUF_STRIDES: itemsize is 2, but 4 with PyBUF_INDIRECT|PyBUF_FORMAT")                                          \
    R(len_is_not_negative, plain(), view->len = -5, FIRST "len is negative (-5)")                                      \
    R(len_is_the_product, ints(), view->len = 25, FIRST "len is 25, but product(shape) * itemsize is 24")              \
    R(len_is_the_product_that_fits, ints(), (view->shape && (view->shape = odd, odd[0] = odd[1] = PY_SSIZE_T_MAX)),    \
      FIRST "len is 24, but product(shape) * itemsize is more than memory can hold")                                   \
    R(len_is_the_same_in_all_answers, plain(), if (flags == PyBUF_SIMPLE) view->len = 15,                              \
      "PyBUF_SIMPLE: len is 15, but 16 with PyBUF_INDIRECT|PyBUF_FORMAT")                                              \
    R(buf_is_there, plain(), view->buf = NULL, FIRST "buf is NULL though len is 16")                                   \
    R(buf_is_the_same_in_all_answers, plain(), if (HAS(PyBUF_C_CONTIGUOUS)) view->buf = memory + 1,                    \
      "PyBUF_C_CONTIGUOUS|PyBUF_FORMAT: buf differs from the one with PyBUF_INDIRECT|PyBUF_FORMAT")                     \
    R(shape_is_there, plain(), if (HAS(PyBUF_ND | PyBUF_FORMAT) && !HAS(PyBUF_STRIDES)) view->shape = NULL,            \
      "PyBUF_ND|PyBUF_FORMAT: shape is NULL though it was asked for")                                                  \
    R(shape_is_not_there_unasked, ints(), view->shape = self->shape,                                                   \
      "PyBUF_FORMAT: shape is not NULL though it was not asked for")                                                   \
    R(shape_is_not_negative, ints(), (view->shape && (view->shape = odd, odd[0] = odd[1] = -2)),                       \
      FIRST "shape[0] is negative (-2)")                                                                               \
    R(shape_is_the_same_in_all_answers, ints(),                                                                        \
      if (flags == PyBUF_CONTIG) (view->shape = odd, odd[0] = 3, odd[1] = 2),                                          \
      "PyBUF_ND|PyBUF_WRITABLE: shape[0] is 3, but 2 with PyBUF_INDIRECT|PyBUF_FORMAT")                                \
    R(no_axes_have_no_shape, no_axes(), if (HAS(PyBUF_ND)) view->shape = odd,                                          \
      FIRST "shape is not NULL though ndim is 0")                                                                      \
    R(strides_are_there, plain(), view->strides = NULL, FIRST "strides is NULL though it was asked for")               \
    R(strides_are_not_there_unasked, plain(), view->strides = self->strides,                                           \
      "PyBUF_ND|PyBUF_FORMAT: strides is not NULL though it was not asked for")                                        \
    R(strides_are_the_same_in_all_answers, ints(), if (flags == PyBUF_RECORDS_RO) view->strides = fortran_like,        \
      "PyBUF_STRIDES|PyBUF_FORMAT: strides[0] is 4, but 12 with PyBUF_INDIRECT|PyBUF_FORMAT")                          \
    R(suboffsets_are_not_all_negative, plain(),                                                                        \
      if (HAS(PyBUF_INDIRECT)) (view->suboffsets = odd, odd[0] = -1),                                                  \
      FIRST "suboffsets is not NULL though all of them are negative")                                                  \
    R(suboffsets_are_not_there_unasked, plain(), if (!HAS(PyBUF_INDIRECT)) (view->suboffsets = odd, odd[0] = -1),      \
      "PyBUF_STRIDES|PyBUF_FORMAT: suboffsets is not NULL though it was not asked for")                                \
    R(suboffsets_are_in_all_answers, indirect(), if (flags == PyBUF_INDIRECT) view->suboffsets = NULL,                 \
      "PyBUF_INDIRECT: suboffsets is NULL, but not with PyBUF_INDIRECT|PyBUF_FORMAT")                                  \
    R(suboffsets_are_in_no_answer, plain(),                                                                            \
      if (flags == PyBUF_INDIRECT) (view->suboffsets = odd, odd[0] = 0),                                               \
      "PyBUF_INDIRECT: there are suboffsets, but none with PyBUF_INDIRECT|PyBUF_FORMAT")                               \
    R(suboffsets_are_the_same_in_all_answers, indirect(),                                                              \
      if (flags == PyBUF_INDIRECT) (view->suboffsets = odd, odd[0] = 8, odd[1] = -1),                                  \
      "PyBUF_INDIRECT: suboffsets[0] is 8, but 0 with PyBUF_INDIRECT|PyBUF_FORMAT")                                    \
    R(format_is_there_for_large_items, ints(), view->format = NULL,                                                    \
      FIRST "format is NULL, which means bytes, but itemsize is 4")                                                    \
    R(format_is_not_there_unasked, plain(), view->format = self->offer.format,                                         \
      "PyBUF_INDIRECT: format is not NULL though it was not asked for")                                                \
    R(format_is_one, ints(), if (HAS(PyBUF_FORMAT)) view->format = (char *)"y",                                        \
      FIRST "format 'y' is not in the syntax of PEP 3118: expected a format code at byte 0 of the format")                           \
    R(format_has_the_size_of_an_item, ints(), if (HAS(PyBUF_FORMAT)) view->format = (char *)"hh:x:h",                  \
      FIRST "format 'hh:x:h' has items of 6 bytes, but itemsize is 4")                                                 \
    R(format_is_the_same_in_all_answers, ints(), if (flags == PyBUF_FULL) view->format = (char *)"I",                  \
      "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: format is I, but differs from the one with PyBUF_INDIRECT|PyBUF_FORMAT")    \
    R(writable_is_not_readonly, plain(), if (HAS(PyBUF_WRITABLE)) view->readonly = 1,                                  \
      "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: readonly is 1 though writable memory was asked for")                \
    R(readonly_is_the_same_in_all_answers, frozen(), if (flags == PyBUF_SIMPLE) view->readonly = 0,                    \
      "PyBUF_SIMPLE: readonly is 0, but 1 with PyBUF_INDIRECT|PyBUF_FORMAT")                                           \
    R(success_has_no_error_pending, plain(), if (flags == PyBUF_ND) PyErr_SetNone(PyExc_IndexError),                   \
      "PyBUF_ND: succeeds with an error pending (IndexError)")                                                         \
    R(obj_is_a_new_reference, plain(), Py_DECREF(view->obj),                                                           \
      FIRST "obj is not a new reference: the reference count has not grown")                                           \
    R(every_field_is_set_buf, plain(), view->buf = unset.buf, FIRST "buf is not set")                                  \
    R(every_field_is_set_len, plain(), view->len = unset.len, FIRST "len is not set")                                  \
    R(every_field_is_set_itemsize, plain(), view->itemsize = unset.itemsize, FIRST "itemsize is not set")              \
    R(every_field_is_set_readonly, plain(), view->readonly = unset.readonly, FIRST "readonly is not set")              \
    R(every_field_is_set_ndim, plain(), view->ndim = unset.ndim, FIRST "ndim is not set")                              \
    R(every_field_is_set_format, plain(), view->format = unset.format, FIRST "format is not set")                      \
    R(every_field_is_set_shape, plain(), view->shape = unset.shape, FIRST "shape is not set")                          \
    R(every_field_is_set_strides, plain(), view->strides = unset.strides, FIRST "strides is not set")                  \
    R(every_field_is_set_suboffsets, plain(), view->suboffsets = unset.suboffsets, FIRST "suboffsets is not set")

/* The content of the view when the exporter gets it. */
static Py_buffer unset;

static int look_at_the_view(Exporter *self, Py_buffer *view, int flags)
{
    unset = *view;
    return exporter_answer(self, view, flags);
}

static void the_view_holds_nothing_when_it_is_handed_over(void)
{
    Exporter *self = plain();
    self->on_get = look_at_the_view;
    GOOD(self);
    CHECK_PTR(unset.obj, NULL);
    CHECK(unset.len < 0 && unset.ndim < 0 && unset.itemsize < 0);
    CHECK_UNUSED(self);
}

RULES(RULE)

/* ---- rules about calls -------------------------------------------------------------------------------------- */

static int answer_with_1(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    return status == 0 && flags == PyBUF_ND ? 1 : status;
}

static int fail_with_7(Exporter *self, Py_buffer *view, int flags)
{
    return exporter_answer(self, view, flags) == 0 ? 0 : -7;
}

static void getbuffer_returns_0_or_minus_1(void)
{
    Exporter *self = plain();
    self->on_get = answer_with_1;
    BAD(self, "PyBUF_ND: bf_getbuffer returns 1, neither 0 nor -1");
    CHECK_INT(Py_REFCNT(self), 1);
    Py_DECREF(self);
    self = frozen();
    self->on_get = fail_with_7;
    BAD(self, "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: bf_getbuffer returns -7, neither 0 nor -1");
    CHECK_UNUSED(self);
}

static int answer_without_obj(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    Py_CLEAR(view->obj);
    return status;
}

static void a_success_has_an_obj(void)
{
    Exporter *self = plain();
    self->on_get = answer_without_obj;
    BAD(self, FIRST "obj is NULL after a success");
    CHECK_INT(self->releases, 0);
    CHECK_INT(Py_REFCNT(self), 1);
    Py_DECREF(self);
}

static int fail_in_silence(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    PyErr_Clear();
    return status;
}

static void a_failure_has_an_error(void)
{
    Exporter *self = frozen();
    self->on_get = fail_in_silence;
    BAD(self, "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: fails without an error");
    CHECK_UNUSED(self);
}

static int fail_otherwise(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status != 0) {
        PyErr_SetNone(PyExc_ValueError);
    }
    return status;
}

static void a_failure_is_a_buffererror(void)
{
    Exporter *self = frozen();
    self->on_get = fail_otherwise;
    BAD(self, "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: ValueError is raised, which is not a BufferError");
    CHECK_UNUSED(self);
    PyObject *released = PyMemoryView_FromMemory(memory, 3, PyBUF_READ);
    CHECK_INT(pybuffer_memoryview_release(released), 0);
    BAD(released, FIRST "ValueError is raised, which is not a BufferError");
    Py_DECREF(released);
}

static int fail_with_obj(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status != 0) {
        view->obj = (PyObject *)self; /* borrowed, and not to be dropped */
    }
    return status;
}

static void obj_is_null_after_a_failure(void)
{
    Exporter *self = frozen();
    self->on_get = fail_with_obj;
    BAD(self, "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: obj is not NULL after a failure");
    CHECK_UNUSED(self);
}

static int fail_in_silence_with_obj(Exporter *self, Py_buffer *view, int flags)
{
    int status = fail_with_obj(self, view, flags);
    PyErr_Clear();
    return status;
}

static void a_failure_is_one_whatever_it_leaves(void)
{
    Exporter *self = frozen();
    self->on_get = fail_in_silence_with_obj;
    Reports reports;
    memset(&reports, 0, sizeof(reports));
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, collect, &reports), 2);
    CHECK_STR(reports.first, "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: fails without an error");
    CHECK(strstr(reports.all, ": obj is not NULL after a failure\n") != NULL);
    CHECK_UNUSED(self);
}

static void raise_on_release(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    PyErr_SetNone(PyExc_OverflowError);
}

static void a_release_leaves_no_error(void)
{
    Exporter *self = plain();
    self->on_release = raise_on_release;
    BAD(self, FIRST "an error is pending after the release (OverflowError)");
    CHECK_UNUSED(self);
}

static int leak(Exporter *self, Py_buffer *view, int flags)
{
    Py_INCREF(self);
    return exporter_answer(self, view, flags);
}

static int leak_on_failure(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status != 0) {
        Py_INCREF(self);
    }
    return status;
}

static void drop_on_release(Exporter *self, Py_buffer *view)
{
    (void)view;
    Py_DECREF(self);
}

static void drop_leaked(Exporter *self)
{
    while (Py_REFCNT(self) > 1) {
        Py_DECREF(self);
    }
    Py_DECREF(self);
}

static void find_name(void *context, const pybuffer_finding *finding)
{
    snprintf(context, 40, "%s", finding->rule);
}

/* The name of the one rule that an exporter breaks. */
static void named(Exporter *self, const char *rule, int line)
{
    char name[40] = "";
    tap_check_int(pybuffer_find_faults((PyObject *)self, find_name, NULL, name), 1, "findings", __FILE__, line);
    tap_check_str(name, rule, "the rule", __FILE__, line);
}

static int leak_the_other(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status == 0) {
        Py_INCREF(view->obj);
    }
    return status;
}

static void counts_of_another_object_end_where_they_began(void)
{
    Exporter *self = plain(), *behind = plain();
    self->redirects = (PyObject *)behind;
    self->on_get = leak_the_other;
    BAD(self, FIRST "the reference count has changed by 1 after the view was released");
    named(self, "leak", __LINE__);
    self->on_get = NULL;
    while (Py_REFCNT(behind) > 1) {
        Py_DECREF(behind);
    }
    behind->on_release = drop_on_release;
    BAD(self, FIRST "the reference count has changed by -1 after the view was released");
    named(self, "reference-dropped", __LINE__);
    CHECK_INT(Py_REFCNT(behind), 1);
    Py_DECREF(self);
    Py_DECREF(behind);
}

static void reference_counts_end_where_they_began(void)
{
    Exporter *self = plain();
    self->on_get = leak;
    BAD(self, FIRST "the reference count has changed by 1 after the view was released");
    named(self, "leak", __LINE__);
    drop_leaked(self);
    self = frozen();
    self->on_get = leak_on_failure;
    BAD(self, "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: the reference count has changed by 1 after a failure");
    drop_leaked(self);
    self = plain();
    self->on_release = drop_on_release;
    BAD(self, FIRST "the reference count has changed by -1 after the view was released");
    named(self, "reference-dropped", __LINE__);
    CHECK_INT(Py_REFCNT(self), 1);
    CHECK_UNUSED(self);
}

/* The first view of an unrequested object shows nothing; the next one does. */
static int redirect_without_a_reference(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status == 0) {
        Py_DECREF(view->obj);
    }
    return status;
}

static void another_object_is_a_new_reference_too(void)
{
    Exporter *self = plain(), *behind = plain();
    self->redirects = (PyObject *)behind;
    self->on_get = redirect_without_a_reference;
    BAD(self, FIRST "obj is not a new reference: the reference count has not grown");
    CHECK_INT(Py_REFCNT(behind), 1);
    Py_DECREF(self);
    Py_DECREF(behind);
}

static int refused_turn;

static int every_other_time(Exporter *self, Py_buffer *view, int flags)
{
    if (flags == PyBUF_ND && self->asked % 2 == refused_turn) {
        view->obj = NULL;
        PyErr_SetNone(PyExc_BufferError);
        return -1;
    }
    return exporter_answer(self, view, flags);
}

static int turn;

static int note_the_turn(Exporter *self, Py_buffer *view, int flags)
{
    turn = turn < 0 ? self->asked % 2 : turn;
    return exporter_answer(self, view, flags);
}

/* What `asked` is, modulo 2, when a request is sent for the first time. */
static int first_turn(void)
{
    Exporter *self = plain();
    turn = -1;
    self->on_get = note_the_turn;
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, NULL, NULL), 0);
    CHECK_UNUSED(self);
    return turn;
}

static int shrink(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (flags == PyBUF_SIMPLE) {
        view->len -= self->asked % 2;
    }
    return status;
}

static void the_same_request_has_the_same_answer_twice(void)
{
    Exporter *self = plain();
    self->on_get = shrink;
    BAD(self, "PyBUF_SIMPLE: len is 15, but 16 with PyBUF_INDIRECT|PyBUF_FORMAT");
    CHECK_UNUSED(self);
}

static void the_same_request_goes_the_same_way_twice(void)
{
    /* Each request is sent twice, so the turns of the first one are all even, or all odd. */
    for (refused_turn = 0; refused_turn < 2; refused_turn++) {
        Exporter *self = plain();
        self->on_get = every_other_time;
        Reports reports;
        memset(&reports, 0, sizeof(reports));
        CHECK_INT(pybuffer_check_exporter((PyObject *)self, collect, &reports), 1);
        CHECK_STR(reports.first, refused_turn == first_turn() ? "PyBUF_ND: refused, and answered when asked again"
                                                              : "PyBUF_ND: answered, and refused when asked again");
        CHECK_UNUSED(self);
    }
}

static int raise_at_first(Exporter *self, Py_buffer *view, int flags)
{
    if (flags == PyBUF_ND) {
        view->obj = NULL;
        PyErr_SetNone(self->asked % 2 == first_turn() ? PyExc_ValueError : PyExc_BufferError);
        return -1;
    }
    return exporter_answer(self, view, flags);
}

/* What breaks a rule the first time need not break one by the second outcome. */
static void a_broken_answer_has_no_outcome(void)
{
    Exporter *self = plain();
    self->on_get = raise_at_first;
    BAD(self, "PyBUF_ND: ValueError is raised, which is not a BufferError");
    CHECK_UNUSED(self);
}

/* ---- rules about what is refused ---------------------------------------------------------------------------- */

static int refused_flags[8], refusals;

static int refuse_these(Exporter *self, Py_buffer *view, int flags)
{
    for (int i = 0; i < refusals; i++) {
        if (flags == refused_flags[i]) {
            view->obj = NULL;
            PyErr_SetString(PyExc_BufferError, "refused");
            return -1;
        }
    }
    return exporter_answer(self, view, flags);
}

static int refuse_whenever(Exporter *self, Py_buffer *view, int flags)
{
    for (int i = 0; i < refusals; i++) {
        if (HAS(refused_flags[i])) {
            view->obj = NULL;
            PyErr_SetString(PyExc_BufferError, "refused");
            return -1;
        }
    }
    return exporter_answer(self, view, flags);
}

static void what_asks_for_less_is_not_refused(void)
{
    static const struct {
        Exporter *(*exporter)(void);
        int flags;
        const char *message;
    } cases[] = {
        {plain, PyBUF_SIMPLE,
         "PyBUF_SIMPLE: refused, though PyBUF_C_CONTIGUOUS|PyBUF_FORMAT, which is at least as strict about the memory, is answered"},
        {plain, PyBUF_ND,
         "PyBUF_ND: refused, though PyBUF_C_CONTIGUOUS|PyBUF_FORMAT, which is at least as strict about the memory, is answered"},
        {strided, PyBUF_FULL_RO,
         FIRST "refused, though PyBUF_INDIRECT, which is at least as strict about the memory, is answered"},
        {strided, PyBUF_STRIDED_RO,
         "PyBUF_STRIDES: refused, though PyBUF_STRIDES|PyBUF_FORMAT, which is at least as strict about the memory, is answered"},
        {fortran, PyBUF_ANY_CONTIGUOUS,
         "PyBUF_ANY_CONTIGUOUS: refused, though PyBUF_ANY_CONTIGUOUS|PyBUF_FORMAT, which is at least as strict "
         "about the memory, is answered"},
        {indirect, PyBUF_FULL,
         "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: refused, though PyBUF_INDIRECT|PyBUF_WRITABLE, which is at least "
         "as strict about the memory, is answered"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Exporter *self = cases[i].exporter();
        self->on_get = refuse_these;
        refusals = 1;
        refused_flags[0] = cases[i].flags;
        BAD(self, cases[i].message);
        CHECK_UNUSED(self);
    }
}

static int plain_bytes_only_where_asked(Exporter *self, Py_buffer *view, int flags)
{
    if (!HAS(PyBUF_STRIDES) || HAS(PyBUF_C_CONTIGUOUS)) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError, "refused");
        return -1;
    }
    return exporter_answer(self, view, flags);
}

static int no_strides_alone(Exporter *self, Py_buffer *view, int flags)
{
    if (!HAS(PyBUF_INDIRECT)) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError, "refused");
        return -1;
    }
    return exporter_answer(self, view, flags);
}

static void what_the_memory_has_is_not_refused(void)
{
    Exporter *self = ints();
    self->on_get = plain_bytes_only_where_asked;
    BAD(self, "PyBUF_C_CONTIGUOUS|PyBUF_FORMAT: refused, although other answers show that the memory is "
              "C-contiguous");
    CHECK_UNUSED(self);
    self = fortran();
    refusals = 1;
    refused_flags[0] = PyBUF_F_CONTIGUOUS;
    self->on_get = refuse_whenever;
    BAD(self, "PyBUF_F_CONTIGUOUS|PyBUF_FORMAT: refused, although other answers show that the memory is "
              "Fortran-contiguous");
    CHECK_UNUSED(self);
    self = fortran();
    refusals = 2;
    refused_flags[1] = PyBUF_ANY_CONTIGUOUS;
    self->on_get = refuse_whenever;
    BAD(self, "PyBUF_ANY_CONTIGUOUS|PyBUF_FORMAT: refused, although other answers show that the memory is "
              "contiguous");
    CHECK_UNUSED(self);
    refusals = 1;
    self = strided();
    self->on_get = no_strides_alone;
    BAD(self, "PyBUF_STRIDES|PyBUF_FORMAT: refused, although other answers show that the memory is without "
              "pointers");
    CHECK_UNUSED(self);
    self = strided();
    refused_flags[0] = PyBUF_WRITABLE;
    self->on_get = refuse_whenever;
    BAD(self, "PyBUF_INDIRECT|PyBUF_WRITABLE|PyBUF_FORMAT: refused, although other answers show that the memory "
              "is writable");
    CHECK_UNUSED(self);
}

static void something_is_answered(void)
{
    Exporter *self = plain();
    self->raises = PyExc_BufferError;
    BAD(self, "every request is refused");
    CHECK_UNUSED(self);
}

/* ---- promises that are not kept ----------------------------------------------------------------------------- */

static int lie(Exporter *self, Py_buffer *view, int flags)
{
    int told = refused_flags[0];
    if (HAS(told) && (flags & PyBUF_INDIRECT) != PyBUF_INDIRECT) {
        /* As if it had been asked for strides alone. */
        return exporter_answer(self, view, PyBUF_STRIDES | (flags & (PyBUF_WRITABLE | PyBUF_FORMAT)));
    }
    return exporter_answer(self, view, flags);
}

static int as_if_contiguous(Exporter *self, Py_buffer *view, int flags)
{
    if (HAS(PyBUF_STRIDES)) {
        return exporter_answer(self, view, flags);
    }
    int status = exporter_answer(self, view, PyBUF_FULL_RO & ~(flags & PyBUF_FORMAT ? 0 : PyBUF_FORMAT));
    view->strides = view->suboffsets = NULL;
    if (!HAS(PyBUF_ND)) {
        view->shape = NULL;
        view->ndim = 1;
    }
    return status;
}

static int as_if_without_pointers(Exporter *self, Py_buffer *view, int flags)
{
    if (HAS(PyBUF_INDIRECT) || flags == PyBUF_SIMPLE || (flags & ~(PyBUF_STRIDES | PyBUF_WRITABLE | PyBUF_FORMAT)) != 0
        || !HAS(PyBUF_STRIDES)) {
        return exporter_answer(self, view, flags);
    }
    int status = exporter_answer(self, view, PyBUF_INDIRECT | flags);
    view->suboffsets = NULL;
    return status;
}

static int lie_about_the_place(Exporter *self, Py_buffer *view, int flags)
{
    int status = lie(self, view, flags);
    if (status == 0 && HAS(PyBUF_F_CONTIGUOUS)) {
        view->buf = memory + 1;
    }
    return status;
}

/* Nothing follows from an answer about other memory. */
static void what_differs_breaks_one_rule(void)
{
    Exporter *self = ints();
    self->on_get = lie_about_the_place;
    refused_flags[0] = PyBUF_F_CONTIGUOUS;
    BAD(self, "PyBUF_F_CONTIGUOUS|PyBUF_FORMAT: buf differs from the one with PyBUF_INDIRECT|PyBUF_FORMAT");
    CHECK_UNUSED(self);
}

static void contiguous_memory_is_contiguous(void)
{
    static const struct {
        int flags;
        Exporter *(*exporter)(void);
        const char *message;
    } cases[] = {
        {PyBUF_C_CONTIGUOUS, fortran,
         "PyBUF_C_CONTIGUOUS|PyBUF_FORMAT: the memory is not C-contiguous, though that was asked for"},
        {PyBUF_F_CONTIGUOUS, ints,
         "PyBUF_F_CONTIGUOUS|PyBUF_FORMAT: the memory is not Fortran-contiguous, though that was asked for"},
        {PyBUF_ANY_CONTIGUOUS, strided,
         "PyBUF_ANY_CONTIGUOUS|PyBUF_FORMAT: the memory is not contiguous, though that was asked for"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Exporter *self = cases[i].exporter();
        self->on_get = lie;
        refused_flags[0] = cases[i].flags;
        BAD(self, cases[i].message);
        CHECK_UNUSED(self);
    }
}

static void without_strides_the_memory_is_contiguous(void)
{
    Exporter *self = strided();
    self->on_get = as_if_contiguous;
    BAD(self, "PyBUF_ND|PyBUF_FORMAT: answered without strides, though the memory is not C-contiguous");
    CHECK_UNUSED(self);
}

static void without_suboffsets_there_are_no_pointers(void)
{
    Exporter *self = indirect();
    self->on_get = as_if_without_pointers;
    BAD(self, "PyBUF_STRIDES|PyBUF_FORMAT: answered, though the memory is reached by pointers, which need suboffsets");
    CHECK_UNUSED(self);
}

/* ---- several views ------------------------------------------------------------------------------------------ */

/* All views share arrays, which each new answer rewrites. */
static int share_arrays(Exporter *self, Py_buffer *view, int flags)
{
    static Py_ssize_t shape[2];
    int status = exporter_answer(self, view, flags);
    if (status == 0 && view->shape != NULL) {
        shape[0] = self->shape[0];
        shape[1] = self->shape[1];
        view->shape = shape;
    } else {
        shape[0] = shape[1] = 0;
    }
    return status;
}

static void a_view_stays_what_it_is_while_others_are_taken(void)
{
    Exporter *self = ints();
    self->on_get = share_arrays;
    BAD(self, FIRST "shape[0] is 0, but 2 with PyBUF_INDIRECT|PyBUF_FORMAT (after other requests, with the view still "
                    "held)");
    CHECK_UNUSED(self);
}

static Py_ssize_t shared_shape[2];

static int share_until_released(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    shared_shape[0] = self->shape[0];
    shared_shape[1] = self->shape[1];
    if (status == 0 && view->shape != NULL) {
        view->shape = shared_shape;
    }
    return status;
}

static void forget_the_shape(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    shared_shape[0] = 9;
}

static void a_view_stays_what_it_is_when_others_go(void)
{
    Exporter *self = ints();
    self->on_get = share_until_released;
    self->on_release = forget_the_shape;
    BAD(self, FIRST "shape[0] is 9, but 2 with PyBUF_INDIRECT|PyBUF_FORMAT (after other requests, with the view still "
                    "held)");
    CHECK_UNUSED(self);
}

static int issued, outstanding[64];

/* Each view has the number of those before it, and all share a shape. */
static int number_views(Exporter *self, Py_buffer *view, int flags)
{
    int status = share_until_released(self, view, flags);
    if (status == 0) {
        view->internal = &outstanding[issued % 64];
        outstanding[issued++ % 64] = 1;
    }
    return status;
}

/* Forgets the shape with the oldest view, if there are younger ones. */
static void forget_with_the_oldest(Exporter *self, Py_buffer *view)
{
    (void)self;
    int *mine = view->internal, younger = 0, older = 0;
    *mine = 0;
    for (int i = 0; i < 64; i++) {
        younger += outstanding[i] && i > mine - outstanding;
        older += outstanding[i] && i < mine - outstanding;
    }
    if (older + younger == 0) {
        issued = 0;
    } else if (older == 0) {
        shared_shape[0] = 9;
    }
}

static void views_may_go_in_any_order(void)
{
    Exporter *self = ints();
    self->on_get = number_views;
    self->on_release = forget_with_the_oldest;
    BAD(self, FIRST "shape[0] is 9, but 2 with PyBUF_INDIRECT|PyBUF_FORMAT (after another view was released)");
    CHECK_UNUSED(self);
}

static int move_while_held(Exporter *self, Py_buffer *view, int flags)
{
    int status = exporter_answer(self, view, flags);
    if (status == 0 && self->gets != self->releases) {
        view->buf = memory + 1;
    }
    return status;
}

static void memory_does_not_move_while_it_is_held(void)
{
    Exporter *self = plain();
    self->on_get = move_while_held;
    BAD(self, FIRST "buf differs from the one with PyBUF_INDIRECT|PyBUF_FORMAT (while another view is held)");
    CHECK_UNUSED(self);
}

/* ---- what is no exporter ------------------------------------------------------------------------------------ */

static void what_cannot_be_checked_is_an_error(void)
{
    Reports reports;
    memset(&reports, 0, sizeof(reports));
    CHECK_INT(pybuffer_check_exporter(Py_None, collect, &reports), -1);
    CHECK_MESSAGE(PyExc_TypeError, "a bytes-like object is required, not 'NoneType'");
    Exporter *self = plain();
    self->raises = PyExc_MemoryError;
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, collect, &reports), -1);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_INT(reports.count, 0);
    CHECK_UNUSED(self);
}

/* ---- another interpreter's errors, and what exporters keep -------------------------------------------------- */

static int raised_elsewhere;

/* An exporter of an interpreter whose errors are not seen here. */
static int raise_elsewhere(Exporter *self, Py_buffer *view, int flags)
{
    if (HAS(PyBUF_WRITABLE)) {
        raised_elsewhere = 1;
        view->obj = NULL;
        return -1;
    }
    return exporter_answer(self, view, flags);
}

static void settle_elsewhere(void *context)
{
    if (raised_elsewhere) {
        raised_elsewhere = 0;
        PyErr_SetNone((PyObject *)context);
    }
}

static void errors_of_another_interpreter_are_settled(void)
{
    static char constant[16];
    Exporter *self = exporter_of_bytes(constant, 16);
    self->offer.readonly = 1;
    self->on_get = raise_elsewhere;
    CHECK_INT(pybuffer_find_faults((PyObject *)self, NULL, settle_elsewhere, PyExc_BufferError), 0);
    CHECK_INT(pybuffer_find_faults((PyObject *)self, NULL, settle_elsewhere, PyExc_ValueError), 1);
    CHECK_INT(pybuffer_find_faults((PyObject *)self, NULL, NULL, NULL), 1);
    raised_elsewhere = 0;
    CHECK_INT(pybuffer_find_faults((PyObject *)self, NULL, settle_elsewhere, PyExc_MemoryError), -1);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_UNUSED(self);
}

static int kept_for, kept_flags[64];

/* Keeps a reference to itself for each request that is new. */
static int keep_itself(Exporter *self, Py_buffer *view, int flags)
{
    int known = 0;
    for (int i = 0; i < kept_for; i++) {
        known |= kept_flags[i] == flags;
    }
    if (!known) {
        kept_flags[kept_for++] = flags;
        Py_INCREF(self);
    }
    return exporter_answer(self, view, flags);
}

static void what_is_kept_for_the_next_answer_is_no_leak(void)
{
    Exporter *self = plain();
    self->on_get = keep_itself;
    kept_for = 0;
    Reports reports;
    memset(&reports, 0, sizeof(reports));
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, collect, &reports), 0);
    CHECK(kept_for > 20);
    while (kept_for > 0) {
        kept_for--;
        Py_DECREF(self);
    }
    CHECK_UNUSED(self);
}

static void disturb(void *context, int flags, const char *message)
{
    CHECK(PyErr_Occurred() == NULL && flags != 0 && strlen(message) > 5);
    PyErr_SetString(PyExc_RuntimeError, "raised by the report");
    *(int *)context += 1;
}

static void a_pending_error_is_left_as_it_is(void)
{
    Exporter *self = plain();
    int reports = 0;
    self->on_release = raise_on_release;
    PyErr_SetString(PyExc_IndexError, "the caller's");
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, disturb, &reports), 1);
    CHECK_MESSAGE(PyExc_IndexError, "the caller's");
    CHECK_INT(reports, 1);
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, disturb, &reports), 1);
    CHECK_ERROR(NULL);
    CHECK_UNUSED(self);
}

static void long_names_and_formats_are_cut(void)
{
    char format[3000];
    memset(format, 'y', sizeof(format) - 1);
    format[0] = (char)0xff;
    format[sizeof(format) - 1] = '\0';
    Exporter *self = exporter_new(memory, format, 1, 1, four, NULL);
    Reports reports;
    memset(&reports, 0, sizeof(reports));
    CHECK_INT(pybuffer_check_exporter((PyObject *)self, collect, &reports), 1);
    CHECK(strlen(reports.first) < 600);
    CHECK(strstr(reports.first, "is not in the syntax of PEP 3118: ") != NULL);
    CHECK_UNUSED(self);
}

/* ---- anything ----------------------------------------------------------------------------------------------- */

static unsigned seed;

static unsigned any(unsigned below)
{
    return seed = seed * 1664525u + 1013904223u, (seed >> 8) % below;
}

static Py_ssize_t any_number(void)
{
    static const Py_ssize_t numbers[] = {0, 1, 2, 4, -1, -8, 16, 24, PY_SSIZE_T_MAX, PY_SSIZE_T_MIN, 1 << 30};
    return numbers[any(COUNT(numbers))];
}

/* Nonsense in any field, arrays and formats with something after them. */
static int answer_anything(Exporter *self, Py_buffer *view, int flags)
{
    static const int numbers[] = {0, 1, 2, 64, 65, -1, INT_MAX, INT_MIN};
    static const char *const formats[] = {"", "B", "i", "T{", "T{i:x:}", "\xff", "999999999999999999999d", "(2,3)d"};
    static Py_ssize_t arrays[3][66];
    int status = exporter_answer(self, view, flags);
    for (int n = (int)any(4); n > 0; n--) {
        Py_ssize_t *array = any(3) ? arrays[any(3)] : NULL;
        arrays[any(3)][any(4)] = any_number();
        switch (any(12)) {
        case 0: view->buf = any(2) ? NULL : memory; break;
        case 1: view->len = any_number(); break;
        case 2: view->itemsize = any_number(); break;
        case 3: view->readonly = (int)any(3) - 1; break;
        case 4: view->ndim = numbers[any(COUNT(numbers))]; break;
        case 5: view->format = any(4) ? (char *)formats[any(COUNT(formats))] : NULL; break;
        case 6: view->shape = array; break;
        case 7: view->strides = array; break;
        case 8: view->suboffsets = array; break;
        case 9: any(2) ? PyErr_Clear() : PyErr_SetNone(PyExc_ValueError); break;
        case 10:
            if (status != 0) {
                view->obj = (PyObject *)self;
            } else if (any(2)) {
                Py_CLEAR(view->obj);
            } else {
                Py_DECREF(self);
            }
            return status == 0 ? 0 : -(int)any(3) - 1;
        default: return status;
        }
    }
    return status;
}

static void whatever_is_answered_is_survived(void)
{
    long broken = 0;
    seed = 3118;
    for (int i = 0; i < 1500; i++) {
        Exporter *self = kinds[any(COUNT(kinds))]();
        Reports reports;
        memset(&reports, 0, sizeof(reports));
        self->on_get = answer_anything;
        Py_ssize_t count = pybuffer_check_exporter((PyObject *)self, collect, &reports);
        CHECK_INT(count, reports.count);
        broken += count;
        CHECK_INT(Py_REFCNT(self), 1);
        CHECK_ERROR(NULL);
        Py_DECREF(self);
    }
    CHECK(broken > 1500);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(the_view_holds_nothing_when_it_is_handed_over);
    RUN(those_of_the_library_break_no_rule);
    RUN(every_layout_of_every_exporter_breaks_no_rule);
    RUN(what_fill_info_fills_breaks_no_rule);
    RUN(strides_that_lead_nowhere_may_be_any);
    RUN(an_exporter_that_stands_for_another_breaks_no_rule);
    RUN(an_exporter_of_fresh_objects_breaks_no_rule);
    RUN(an_exporter_may_refuse_while_it_is_in_use);
    RUN(it_sends_every_request_that_has_a_name);
#define RUN_RULE(name, exporter, wrong, message) RUN(name);
    RULES(RUN_RULE)
    RUN(getbuffer_returns_0_or_minus_1);
    RUN(a_success_has_an_obj);
    RUN(a_failure_has_an_error);
    RUN(a_failure_is_a_buffererror);
    RUN(obj_is_null_after_a_failure);
    RUN(a_failure_is_one_whatever_it_leaves);
    RUN(a_release_leaves_no_error);
    RUN(reference_counts_end_where_they_began);
    RUN(counts_of_another_object_end_where_they_began);
    RUN(another_object_is_a_new_reference_too);
    RUN(the_same_request_has_the_same_answer_twice);
    RUN(the_same_request_goes_the_same_way_twice);
    RUN(a_broken_answer_has_no_outcome);
    RUN(what_asks_for_less_is_not_refused);
    RUN(what_the_memory_has_is_not_refused);
    RUN(something_is_answered);
    RUN(what_differs_breaks_one_rule);
    RUN(contiguous_memory_is_contiguous);
    RUN(without_strides_the_memory_is_contiguous);
    RUN(without_suboffsets_there_are_no_pointers);
    RUN(a_view_stays_what_it_is_while_others_are_taken);
    RUN(a_view_stays_what_it_is_when_others_go);
    RUN(views_may_go_in_any_order);
    RUN(memory_does_not_move_while_it_is_held);
    RUN(what_cannot_be_checked_is_an_error);
    RUN(errors_of_another_interpreter_are_settled);
    RUN(what_is_kept_for_the_next_answer_is_no_leak);
    RUN(a_pending_error_is_left_as_it_is);
    RUN(long_names_and_formats_are_cut);
    RUN(whatever_is_answered_is_survived);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

/* A state machine over all kinds of objects, with exporters that lie, fail and come back into the library from getbuffer,
 * releasebuffer, dealloc and destroy, while allocations fail at random.
 *
 * There is no model of what comes out. What must hold: a call fails if and only if an error is pending after it; releasing
 * and dropping leave a pending error alone; each view is given back once; memory that is not to be written is not written,
 * and what an answer does not say is not read; in the end there is no object and no block left.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "random.h"

#include <pthread.h>
#include <unistd.h>
#include <sys/mman.h>

enum { SLOTS = 14, VIEWS = 10, PAGES = 48, DEEPEST = 3 };

static PyObject *slot[SLOTS];

/* Views stay where they are. 0: free, 1: held, 2: in use by a call. */
static struct {
    Py_buffer view;
    int state;
} held[VIEWS];

/* Each between two pages that cannot be accessed; the second half cannot be written. */
static struct {
    char *start;
    Sample *of;
    int used;
} page[PAGES];

static int depth, ops, ending, checking;
static const char *doing[DEEPEST + 2];
static char history[1600];

static void describe_hostile(void)
{
    printf("#   %s\n#   in:", history);
    for (int i = 0; i <= depth && i < DEEPEST + 2; i++) {
        printf(" %s", doing[i] == NULL ? "?" : doing[i]);
    }
    printf("; an allocation fails in %ld, one in %d\n", blocks.fail_in, blocks.fail_one_in);
}

static void note(const char *what)
{
    size_t length = strlen(history);
    if (length + strlen(what) + 4 > sizeof(history)) {
        memmove(history, history + sizeof(history) / 2, sizeof(history) / 2);
        history[sizeof(history) / 2 - 1] = '\0';
        length = strlen(history);
    }
    snprintf(history + length, sizeof(history) - length, "%s%s", depth > 0 ? ">" : " ", what);
    doing[depth] = what;
}

/* ---- objects ------------------------------------------------------------------------------------------------------ */

/* A new reference; NULL where there is none. */
static PyObject *pick(void)
{
    for (int tries = 0; tries < 4; tries++) {
        PyObject *object = slot[below(SLOTS)];
        if (object != NULL) {
            return Py_NewRef(object);
        }
    }
    return NULL;
}

static PyObject *pick_of(PyTypeObject *type)
{
    size_t first = below(SLOTS);
    for (size_t i = 0; i < SLOTS; i++) {
        PyObject *object = slot[(first + i) % SLOTS];
        if (object != NULL && Py_IS_TYPE(object, type)) {
            return Py_NewRef(object);
        }
    }
    return NULL;
}

/* Takes the reference over. */
static void keep(PyObject *object)
{
    PyObject *before;
    if (object == NULL || ending) {
        Py_XDECREF(object);
        return;
    }
    size_t at = below(SLOTS);
    before = slot[at];
    slot[at] = object;
    Py_XDECREF(before);
}

/* What foreign code has done since the start of the outermost call, for which the library is not to blame: failed without an
 * error, left an error behind where none was pending. */
static int silent, left_behind;

/* The outcome of a call: a failure must come with an error. */
static void outcome(int failed)
{
    PyObject *error = PyErr_Occurred();
    MUST_SAY(!failed || error != NULL || silent, "%s fails without an error", doing[depth]);
    MUST_SAY(failed || error == NULL || (left_behind && error == PyExc_RuntimeError), "%s succeeds with an error", doing[depth]);
    PyErr_Clear();
    executed();
}

static void outcome_object(PyObject *result)
{
    outcome(result == NULL);
    keep(result);
}

/* ---- exporters that misbehave --------------------------------------------------------------------------------------- */

static void step(void);

/* From inside of foreign code. It may leave errors pending where its callers must ignore them. */
static void reenter(int may_leave_an_error)
{
    /* The checker counts the references to the object, so nothing else may take or drop one meanwhile. */
    if (depth >= DEEPEST || ending || checking || !once_in(3)) {
        return;
    }
    MUST_SAY(PyErr_Occurred() == NULL || left_behind, "foreign code is called with an error pending");
    PyErr_Clear();
    depth++;
    step();
    if (once_in(3)) {
        step();
    }
    depth--;
    if (may_leave_an_error && once_in(3)) {
        struct Blocks before = blocks;
        blocks.fail_in = blocks.fail_one_in = 0;
        PyErr_SetString(PyExc_RuntimeError, "left behind");
        blocks.fail_in = before.fail_in;
        blocks.fail_one_in = before.fail_one_in;
        left_behind |= may_leave_an_error == 2;
    }
}

enum { HONEST, FAILS, FAILS_SILENTLY, READ_ONLY, BACKWARDS, INDIRECT, AXES_BELOW, AXES_ABOVE, NO_SHAPE, NEGATIVE_SHAPE, SHORT, LONG,
       NEGATIVE_SIZE, TOO_MANY, BAD_FORMAT, OTHER_FORMAT, NO_OBJECT, OTHER_OBJECT, MOODS };

/* The arrays of a view do not change until it is released. */
typedef struct {
    Py_ssize_t shape[70], strides[70], suboffsets[70];
} Arrays;

static Py_ssize_t set_all(Py_ssize_t *array, Py_ssize_t value)
{
    for (int i = 0; i < 70; i++) {
        array[i] = value;
    }
    return value;
}

/* `number` of a sample: its page. */
static int hostile_get(Sample *self, Py_buffer *view, int flags)
{
    int mood = once_in(2) ? HONEST : (int)below(MOODS);
    char *start = page[self->number].start;
    reenter(0);
    PyErr_Clear();
    if (mood != HONEST) {
        static const char *const names[] = {"", "fails", "fails-silently", "read-only", "backwards", "indirect", "axes-below", "axes-above",
                                            "no-shape", "negative-shape", "short", "long", "negative-size", "too-many", "bad-format",
                                            "other-format", "no-object", "other-object"};
        const char *before = doing[depth];
        note(names[mood]);
        doing[depth] = before;
    }
    if (mood == FAILS || mood == FAILS_SILENTLY) {
        view->obj = NULL;
        silent |= mood == FAILS_SILENTLY;
        if (mood == FAILS) {
            PyErr_SetString(once_in(2) ? PyExc_BufferError : once_in(2) ? PyExc_MemoryError : PyExc_ValueError, "no");
        }
        return -1;
    }
    if (mood == HONEST || (mood == READ_ONLY && !self->offer.readonly)) {
        return pybuffer_fill_view(view, (PyObject *)self, &self->offer, flags);
    }
    *view = self->offer;
    view->strides = flags & 16 ? view->strides : NULL;
    view->format = flags & PyBUF_FORMAT ? view->format : NULL;
    view->obj = Py_NewRef((PyObject *)self);
    static Arrays of_nobody;
    Arrays *lie = mood == NO_OBJECT ? &of_nobody : malloc(sizeof(*lie));
    view->internal = mood == NO_OBJECT ? NULL : lie;
    switch (mood) {
    case READ_ONLY:
        break; /* whatever was asked for */
    case BACKWARDS:
        /* From the last byte of the page: reading on from `buf` is a fault. */
        lie->strides[0] = -self->offer.itemsize;
        view->buf = start + PAGE - self->offer.itemsize;
        view->ndim = 1;
        lie->shape[0] = self->offer.len / self->offer.itemsize;
        view->shape = lie->shape;
        view->strides = lie->strides;
        break;
    case INDIRECT: {
        /* One pointer at the end of the page, to all the items. */
        if (self->offer.readonly) {
            break;
        }
        char *target = start;
        memcpy(start + PAGE - sizeof(target), &target, sizeof(target));
        view->buf = start + PAGE - sizeof(target);
        view->ndim = 2;
        lie->shape[0] = 1;
        lie->shape[1] = self->offer.len / self->offer.itemsize;
        lie->strides[0] = sizeof(target);
        lie->strides[1] = self->offer.itemsize;
        lie->suboffsets[0] = 0;
        lie->suboffsets[1] = -1;
        view->shape = lie->shape;
        view->strides = lie->strides;
        view->suboffsets = lie->suboffsets;
        break;
    }
    case AXES_BELOW:
        view->ndim = once_in(2) ? -1 : -2147483647 - 1;
        break;
    case AXES_ABOVE:
        view->ndim = once_in(2) ? 65 : 2147483647;
        set_all(lie->shape, 1);
        set_all(lie->strides, 1);
        view->shape = lie->shape;
        view->strides = lie->strides;
        break;
    case NO_SHAPE:
        view->ndim = once_in(2) ? 2 : 1;
        view->shape = NULL;
        /* Who makes the shape up stays in the page. */
        lie->strides[0] = lie->strides[1] = self->offer.itemsize;
        view->strides = view->strides == NULL ? NULL : lie->strides;
        break;
    case NEGATIVE_SHAPE:
        lie->shape[0] = -1;
        lie->shape[1] = once_in(2) ? 1 : -view->len;
        view->ndim = 2;
        view->shape = lie->shape;
        lie->strides[0] = lie->strides[1] = 1;
        view->strides = lie->strides;
        break;
    case SHORT:
        view->len = once_in(2) ? 0 : view->len - 1;
        break;
    case LONG:
        view->len += 3;
        break;
    case NEGATIVE_SIZE:
        *(once_in(2) ? &view->len : &view->itemsize) = once_in(2) ? -1 : PY_SSIZE_T_MIN;
        break;
    case TOO_MANY:
        view->itemsize = 0;
        view->len = 0;
        view->ndim = 2;
        view->format = flags & PyBUF_FORMAT ? (char *)"0s" : NULL;
        lie->shape[0] = lie->shape[1] = (Py_ssize_t)1 << 32;
        lie->strides[0] = lie->strides[1] = 0;
        view->shape = lie->shape;
        view->strides = lie->strides;
        break;
    case BAD_FORMAT:
        view->format = (char *)(once_in(2) ? "T{i" : "(9999999999999999999)i");
        break;
    case OTHER_FORMAT:
        view->format = (char *)(once_in(2) ? "100d" : "");
        break;
    case NO_OBJECT:
        Py_DECREF(view->obj);
        view->obj = NULL;
        self->gets--; /* it will never be released */
        break;
    case OTHER_OBJECT: {
        PyObject *other = pick_of(&Sample_Type);
        if (other != NULL) {
            Py_DECREF(view->obj);
            view->obj = other;
            self->gets--;
            ((Sample *)other)->gets++;
        }
        break;
    }
    default:
        break;
    }
    return 0;
}

static void hostile_release(Sample *self, Py_buffer *view)
{
    MUST_SAY(self->releases <= self->gets, "a view is given back twice");
    MUST(view->obj != NULL);
    free(view->internal);
    reenter(2);
}

static void hostile_dealloc(Sample *self)
{
    MUST_SAY(self->gets == self->releases, "an exporter goes with %ld views, of which %ld were given back", self->gets, self->releases);
    page[self->number].used = 0;
    reenter(2);
}

static void add_exporter(void)
{
    static Py_ssize_t lengths[PAGES][2], strides[PAGES][2];
    static char *const formats[] = {"B", "<h", "i", "3s", "d"};
    static const Py_ssize_t sizes[] = {1, 2, 4, 3, 8};
    int at = (int)below(PAGES), readonly = at >= PAGES / 2;
    size_t f = below(COUNT(formats));
    note("Sample");
    if (page[at].used) {
        return;
    }
    Py_buffer offer;
    memset(&offer, 0, sizeof(offer));
    offer.ndim = (int)between(0, 2);
    offer.itemsize = offer.len = sizes[f];
    offer.format = formats[f];
    offer.readonly = readonly;
    for (int i = 0; i < offer.ndim; i++) {
        lengths[at][i] = between(once_in(8) ? 0 : 1, 9);
        offer.len *= lengths[at][i];
    }
    PyBuffer_FillContiguousStrides(offer.ndim, lengths[at], strides[at], (int)offer.itemsize, "CF"[below(2)]);
    if (offer.ndim == 1 && once_in(4)) {
        strides[at][0] *= 2;
    }
    offer.shape = offer.ndim > 0 ? lengths[at] : NULL;
    offer.strides = offer.ndim > 0 ? strides[at] : NULL;
    offer.buf = page[at].start;
    Sample *sample = sample_new(&offer);
    outcome(sample == NULL);
    if (sample != NULL) {
        page[at].used = 1;
        page[at].of = sample;
        sample->number = at;
        sample->on_get = hostile_get;
        sample->on_release = hostile_release;
        sample->on_dealloc = hostile_dealloc;
        keep((PyObject *)sample);
    }
}

/* ---- memory of the program, and what destroys it ---------------------------------------------------------------------- */

static long owned, destroyed;

static void destroy(void *context)
{
    MUST_SAY(*(int *)context == 1, "destroyed twice");
    *(int *)context = 2;
    destroyed++;
    reenter(1);
    free(context);
}

static void add_memory(void)
{
    static char bytes[64];
    static Py_ssize_t shape[1] = {16};
    Py_buffer description;
    PyObject *before = once_in(2) ? pick() : NULL;
    int *context = malloc(sizeof(*context));
    *context = 1;
    memset(&description, 0, sizeof(description));
    description.buf = bytes;
    description.itemsize = 4;
    description.len = once_in(20) ? 60 : 64;
    description.ndim = 1;
    description.shape = shape;
    description.format = "i";
    description.readonly = once_in(3);
    description.obj = before;
    note("pybuffer_memory_new");
    PyObject *made = once_in(2) ? pybuffer_memory_new(&description, destroy, context)
                                : pybuffer_memoryview_from_memory(&description, destroy, context);
    if (made == NULL) {
        MUST(*context == 1);
        free(context);
    }
    else {
        owned++;
    }
    outcome_object(made);
    Py_XDECREF(before);
}

/* ---- the calls --------------------------------------------------------------------------------------------------------- */

static void add_bytes(void)
{
    note("PyBytes_FromStringAndSize");
    outcome_object(PyBytes_FromStringAndSize("some bytes that are not few", between(0, 27)));
}

static void add_bytearray(void)
{
    note("PyByteArray_FromStringAndSize");
    outcome_object(PyByteArray_FromStringAndSize("some bytes that are not few", between(0, 27)));
}

static void add_ndarray(void)
{
    static const Py_ssize_t shape[2] = {3, 4};
    PyObject *from = once_in(2) ? pick() : NULL;
    if (from != NULL) {
        static const int requests[] = {PyBUF_FULL_RO, PyBUF_FULL, PyBUF_SIMPLE, PyBUF_ND, PyBUF_STRIDES, PyBUF_CONTIG};
        note("pybuffer_ndarray_from_object");
        outcome_object(pybuffer_ndarray_from_object(from, requests[below(COUNT(requests))], once_in(3) ? PYBUFFER_ND_REDIRECT : 0));
        Py_DECREF(from);
        return;
    }
    note("pybuffer_ndarray_zeros");
    outcome_object(once_in(2) ? pybuffer_ndarray_zeros("h", 2, shape, once_in(3) ? PYBUFFER_ND_PIL : once_in(2) ? PYBUFFER_ND_FORTRAN : 0)
                              : pybuffer_ndarray_new("abcdefghijklmnopqrstuvwxyz", 24, "h", 2, shape, NULL, 0,
                                                     (once_in(2) ? PYBUFFER_ND_VAREXPORT : 0) | (once_in(2) ? PYBUFFER_ND_WRITABLE : 0)
                                                         | (once_in(9) ? PYBUFFER_ND_GETBUF_FAIL : 0)));
}

static void change_ndarray(void)
{
    static const Py_ssize_t shape[1] = {5};
    PyObject *nd = pick_of(&pybuffer_ndarray_type);
    if (nd == NULL) {
        return;
    }
    pybuffer_ndarray_state state;
    switch (below(4)) {
    case 0:
        note("pybuffer_ndarray_push");
        outcome(pybuffer_ndarray_push(nd, "abcdefghij", 10, once_in(4) ? "q" : "h", 1, shape, NULL, 0, once_in(2) ? PYBUFFER_ND_WRITABLE : 0) != 0);
        break;
    case 1:
        note("pybuffer_ndarray_pop");
        outcome(pybuffer_ndarray_pop(nd) != 0);
        break;
    case 2:
        note("pybuffer_ndarray_add_suboffsets");
        outcome(pybuffer_ndarray_add_suboffsets(nd) != 0);
        break;
    default:
        note("pybuffer_ndarray_get_state");
        outcome(pybuffer_ndarray_get_state(nd, &state) != 0);
    }
    Py_DECREF(nd);
}

static void make_view(void)
{
    PyObject *from = pick();
    if (from == NULL) {
        return;
    }
    switch (below(6)) {
    case 0: case 1: case 2:
        note("PyMemoryView_FromObject");
        outcome_object(PyMemoryView_FromObject(from));
        break;
    case 3:
        note("PyMemoryView_GetContiguous");
        outcome_object(PyMemoryView_GetContiguous(from, once_in(2) ? PyBUF_READ : PyBUF_WRITE, "CFA"[below(3)]));
        break;
    case 4:
        note("PyPickleBuffer_FromObject");
        outcome_object(PyPickleBuffer_FromObject(from));
        break;
    default:
        note("PyBuffer_FromObject");
        outcome_object(once_in(2) ? PyBuffer_FromObject(from, between(0, 5), between(-1, 9))
                                  : PyBuffer_FromReadWriteObject(from, between(0, 5), between(-1, 9)));
    }
    Py_DECREF(from);
}

static void part_of_view(void)
{
    PyObject *view = pick_of(&PyMemoryView_Type);
    pybuffer_subscript slice[1] = {PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, -1)};
    static const Py_ssize_t shape[2] = {2, 6};
    if (view == NULL) {
        return;
    }
    switch (below(8)) {
    case 0:
        note("pybuffer_memoryview_subscript");
        outcome_object(pybuffer_memoryview_subscript(view, slice, (int)below(2)));
        break;
    case 1:
        note("pybuffer_memoryview_permute");
        outcome_object(pybuffer_memoryview_permute(view, NULL, 0));
        break;
    case 2:
        note("pybuffer_memoryview_reshape");
        outcome_object(pybuffer_memoryview_reshape(view, 2, shape, 'C'));
        break;
    case 3:
        note("pybuffer_memoryview_cast");
        outcome_object(pybuffer_memoryview_cast(view, "B", 0, NULL, 'C'));
        break;
    case 4:
        note("pybuffer_memoryview_toreadonly");
        outcome_object(pybuffer_memoryview_toreadonly(view));
        break;
    case 5:
        note("pybuffer_memoryview_copy");
        outcome_object(pybuffer_memoryview_copy(view, "CFA"[below(3)]));
        break;
    case 6:
        note("pybuffer_memoryview_iter");
        outcome_object(pybuffer_memoryview_iter(view));
        break;
    default:
        note("pybuffer_memoryview_tobytes");
        outcome_object(once_in(2) ? pybuffer_memoryview_tobytes(view, 'C') : pybuffer_memoryview_hex(view, ':', 2));
    }
    Py_DECREF(view);
}

static void read_view(void)
{
    PyObject *view = pick_of(&PyMemoryView_Type), *other = pick();
    pybuffer_value values[40];
    if (view != NULL) {
        switch (below(6)) {
        case 0:
            note("pybuffer_memoryview_values");
            outcome(pybuffer_memoryview_values(view, values, (Py_ssize_t)below(40)) != 0);
            break;
        case 1:
            note("pybuffer_memoryview_equal");
            if (other != NULL) {
                outcome(pybuffer_memoryview_equal(view, other) < 0);
            }
            break;
        case 2:
            note("pybuffer_memoryview_assign");
            if (other != NULL) {
                outcome(pybuffer_memoryview_assign(view, NULL, 0, other) != 0);
            }
            break;
        case 3:
            values[0] = PYBUFFER_INT(1);
            note("pybuffer_memoryview_fill");
            outcome(pybuffer_memoryview_fill(view, NULL, 0, values, 1) != 0);
            break;
        case 4:
            note("pybuffer_memoryview_text");
            outcome_object(pybuffer_memoryview_text(view, 5));
            break;
        default:
            note("pybuffer_memoryview_release");
            outcome(pybuffer_memoryview_release(view) != 0);
        }
    }
    Py_XDECREF(other);
    Py_XDECREF(view);
}

static void iterate(void)
{
    for (int i = 0; i < SLOTS; i++) {
        if (slot[i] != NULL && strstr(Py_TYPE(slot[i])->tp_name, "iterator") != NULL) {
            PyObject *iterator = Py_NewRef(slot[i]);
            note("pybuffer_memoryview_next");
            PyObject *next = pybuffer_memoryview_next(iterator);
            /* NULL without an error is the end. */
            if (next == NULL) {
                PyErr_Clear();
            }
            keep(next);
            Py_DECREF(iterator);
            executed();
            return;
        }
    }
}

static void copy(void)
{
    PyObject *a = pick(), *b = pick();
    char bytes[64];
    if (a != NULL && b != NULL) {
        switch (below(4)) {
        case 0: case 1:
            note("PyObject_CopyData");
            outcome(PyObject_CopyData(a, b) != 0);
            break;
        case 2:
            memset(bytes, 'b', sizeof(bytes));
            note("PyObject_CopyToObject");
            outcome(PyObject_CopyToObject(a, bytes, between(0, 64), "CFA"[below(3)]) != 0);
            break;
        default: {
            const void *start;
            void *writable;
            Py_ssize_t length;
            note("PyObject_AsReadBuffer");
            outcome(PyObject_AsReadBuffer(a, &start, &length) != 0);
            note("PyObject_AsWriteBuffer");
            outcome(PyObject_AsWriteBuffer(a, &writable, &length) != 0);
            note("PyObject_CheckReadBuffer");
            PyObject_CheckReadBuffer(a);
            outcome(0);
        }
        }
    }
    Py_XDECREF(a);
    Py_XDECREF(b);
}

static void convert(void)
{
    PyObject *a = pick();
    if (a == NULL) {
        return;
    }
    switch (below(4)) {
    case 0:
        note("PyBytes_FromObject");
        outcome_object(PyBytes_FromObject(a));
        break;
    case 1:
        note("PyByteArray_FromObject");
        outcome_object(PyByteArray_FromObject(a));
        break;
    case 2: {
        PyObject *b = PyBytes_FromString("x");
        note("PyBytes_Concat");
        if (b == NULL) {
            PyErr_Clear();
            break;
        }
        PyBytes_Concat(&b, a);
        outcome_object(b);
        break;
    }
    default: {
        PyObject *b = pick();
        note("PyByteArray_Concat");
        if (b != NULL) {
            outcome_object(PyByteArray_Concat(a, b));
            Py_DECREF(b);
        }
    }
    }
    Py_DECREF(a);
}

static void sequence(void)
{
    PyObject *a = pick(), *b = pick();
    if (a != NULL && b != NULL) {
        switch (below(9)) {
        case 0:
            note("PySequence_Concat");
            outcome_object(PySequence_Concat(a, b));
            break;
        case 1:
            note("PySequence_Repeat");
            outcome_object(PySequence_Repeat(a, between(-1, 3)));
            break;
        case 2:
            note("PySequence_GetItem");
            outcome_object(PySequence_GetItem(a, between(-3, 9)));
            break;
        case 3:
            note("PySequence_GetSlice");
            outcome_object(PySequence_GetSlice(a, between(-3, 9), between(-3, 9)));
            break;
        case 4:
            note("PySequence_SetItem");
            outcome(PySequence_SetItem(a, between(-3, 9), b) != 0);
            break;
        case 5:
            note("PySequence_SetSlice");
            outcome(PySequence_SetSlice(a, between(0, 5), between(3, 9), b) != 0);
            break;
        case 6:
            note("PySequence_DelSlice");
            outcome(PySequence_DelSlice(a, between(0, 5), between(3, 9)) != 0);
            break;
        case 7:
            note("PySequence_DelItem");
            outcome(PySequence_DelItem(a, between(-3, 9)) != 0);
            break;
        default:
            note("PyObject_Length");
            outcome(PyObject_Length(a) < 0);
        }
    }
    Py_XDECREF(a);
    Py_XDECREF(b);
}

static void resize(void)
{
    PyObject *array = pick_of(&PyByteArray_Type);
    if (array != NULL) {
        Py_ssize_t before = PyByteArray_Size(array), size = between(0, 60);
        note("PyByteArray_Resize");
        int status = PyByteArray_Resize(array, size);
        MUST(PyByteArray_Size(array) == (status == 0 ? size : before));
        outcome(status != 0);
        Py_DECREF(array);
    }
}

static void compare(void)
{
    PyObject *a = pick(), *b = pick();
    int result;
    if (a != NULL && b != NULL) {
        note("PyObject_RichCompareBool");
        outcome(PyObject_RichCompareBool(a, b, (int)below(6)) < 0);
        note("PyObject_Hash");
        outcome(PyObject_Hash(a) == -1);
        note("PyObject_Cmp");
        outcome(PyObject_Cmp(a, b, &result) < 0);
    }
    Py_XDECREF(a);
    Py_XDECREF(b);
}

static void ask(void)
{
    static const int requests[] = {PyBUF_SIMPLE,       PyBUF_WRITABLE,     PyBUF_FORMAT,        PyBUF_ND,      PyBUF_STRIDES,
                                   PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS, PyBUF_ANY_CONTIGUOUS, PyBUF_INDIRECT, PyBUF_FULL,
                                   PyBUF_FULL_RO,      PyBUF_CONTIG,       PyBUF_RECORDS_RO,    PyBUF_READ,    PyBUF_WRITE};
    PyObject *a = pick();
    size_t at = below(VIEWS);
    if (a == NULL || held[at].state != 0) {
        Py_XDECREF(a);
        return;
    }
    held[at].state = 2;
    note("PyObject_GetBuffer");
    int status = PyObject_GetBuffer(a, &held[at].view, requests[below(COUNT(requests))]);
    outcome(status != 0);
    held[at].state = status == 0;
    Py_DECREF(a);
}

/* Those that must not disturb an error. It is set while allocations do not fail, and checked afterwards. */
static int set_pending(void)
{
    struct Blocks before = blocks;
    if (once_in(2)) {
        return 0;
    }
    blocks.fail_in = blocks.fail_one_in = 0;
    PyErr_SetString(PyExc_LookupError, "still there");
    blocks.fail_in = before.fail_in;
    blocks.fail_one_in = before.fail_one_in;
    return 1;
}

static void check_pending(int pending)
{
    if (pending) {
        MUST_SAY(PyErr_Occurred() == PyExc_LookupError && strcmp(pybuffer_error_message(), "still there") == 0,
                 "%s disturbs the pending error", doing[depth]);
        PyErr_Clear();
    }
    outcome(0);
}

static void give_back(void)
{
    size_t at = below(VIEWS);
    if (held[at].state == 1) {
        held[at].state = 2;
        note("PyBuffer_Release");
        int pending = set_pending();
        PyBuffer_Release(&held[at].view);
        MUST(held[at].view.obj == NULL);
        PyBuffer_Release(&held[at].view);
        check_pending(pending);
        held[at].state = 0;
    }
}

static void drop(void)
{
    size_t at = below(SLOTS);
    PyObject *object = slot[at];
    slot[at] = NULL;
    note("Py_DECREF");
    int pending = set_pending();
    Py_XDECREF(object);
    check_pending(pending);
}

static void release_pickle(void)
{
    PyObject *pickle = pick_of(&PyPickleBuffer_Type);
    if (pickle != NULL) {
        note("PyPickleBuffer_GetBuffer");
        outcome(PyPickleBuffer_GetBuffer(pickle) == NULL);
        note("PyPickleBuffer_Release");
        outcome(PyPickleBuffer_Release(pickle) != 0);
        Py_DECREF(pickle);
    }
}

static void raise(void)
{
    PyObject *type, *value, *traceback, *about = pick();
    note("PyErr_SetObject");
    switch (below(4)) {
    case 0:
        PyErr_SetObject(PyExc_ValueError, about);
        break;
    case 1:
        PyErr_Format(PyExc_BufferError, "%d of %s", 1, "these");
        break;
    case 2:
        PyErr_SetNone(PyExc_TypeError);
        break;
    default:
        PyErr_NoMemory();
    }
    MUST(PyErr_Occurred() != NULL && pybuffer_error_name() != NULL && pybuffer_error_message() != NULL);
    PyErr_Fetch(&type, &value, &traceback);
    MUST(PyErr_Occurred() == NULL && type != NULL && traceback == NULL);
    if (once_in(2)) {
        PyErr_Restore(type, value, traceback);
        MUST(PyErr_Occurred() != NULL);
        PyErr_Clear();
    }
    else {
        Py_DECREF(type);
        keep(value);
    }
    Py_XDECREF(about);
    outcome(0);
}

static int reports;

static void report(void *context, int flags, const char *message)
{
    MUST(context == (void *)&reports && message != NULL);
    (void)flags;
    reports++;
    Py_XDECREF(pybuffer_format_parse("T{i:a:}"));
    PyErr_SetString(PyExc_RuntimeError, "left behind by the report");
}

static void check(void)
{
    PyObject *a = pick();
    if (a != NULL && depth < 2) {
        note("pybuffer_check_exporter");
        checking++;
        Py_ssize_t broken = pybuffer_check_exporter(a, once_in(4) ? NULL : report, &reports);
        checking--;
        outcome(broken < 0);
    }
    Py_XDECREF(a);
}

static void describe_format(void)
{
    static const char *const texts[] = {"i", "T{i:a:d:b:}", "3sx?", "T{", "(2,3)<h", "&i", "bBhHiIlLqQ"};
    note("pybuffer_format_parse");
    PyObject *format = pybuffer_format_parse(texts[below(COUNT(texts))]);
    if (format != NULL && once_in(2)) {
        PyObject *spelled = pybuffer_format_canonical(format);
        outcome_object(spelled);
    }
    outcome_object(format);
}

static void step(void)
{
    static void (*const all[])(void) = {add_exporter, add_exporter, add_memory,     add_bytes, add_bytearray,  add_ndarray, change_ndarray,
                                        make_view,    make_view,    make_view,      part_of_view, part_of_view, read_view,   read_view,
                                        iterate,      copy,         convert,        sequence,  resize,         compare,     ask,
                                        ask,          give_back,    give_back,      drop,      drop,           release_pickle, raise,
                                        check,        describe_format};
    size_t which = below(COUNT(all));
    if (all[which] == check && !once_in(10)) {
        return; /* it takes its time */
    }
    if (ops++ > 200) {
        return;
    }
    if (depth == 0) {
        silent = left_behind = 0;
    }
    all[which]();
    /* Objects that are dropped at the end of a step may leave one, too. */
    MUST_SAY(PyErr_Occurred() == NULL || left_behind, "%s leaves an error pending", doing[depth]);
    PyErr_Clear();
}

/* ---- long chains -------------------------------------------------------------------------------------------------------- */

static long chain_length;
static int chain_kind;

/* Objects each of which keeps the one before, freed on a small stack. */
static void *chain(void *unused)
{
    static char bytes[4];
    PyObject *last = PyByteArray_FromStringAndSize("abcd", 4), *next;
    Py_buffer description;
    (void)unused;
    for (long i = 0; i < chain_length && last != NULL; i++) {
        switch (chain_kind) {
        case 0:
            memset(&description, 0, sizeof(description));
            description.buf = bytes;
            description.len = 4;
            description.itemsize = 1;
            description.ndim = 1;
            description.obj = last;
            next = pybuffer_memory_new(&description, NULL, NULL);
            break;
        case 1:
            next = i % 2 ? PyMemoryView_FromObject(last) : pybuffer_ndarray_from_object(last, PyBUF_FULL_RO, 0);
            break;
        case 2:
            next = i % 2 ? PyMemoryView_FromObject(last) : PyBuffer_FromObject(last, 0, Py_END_OF_BUFFER);
            break;
        case 3: {
            PyObject *type, *traceback;
            PyErr_SetObject(i % 2 ? PyExc_ValueError : PyExc_TypeError, last);
            PyErr_Fetch(&type, &next, &traceback);
            Py_XDECREF(type);
            break;
        }
        default:
            /* A PickleBuffer asks the one below it. */
            next = i < 100 ? PyPickleBuffer_FromObject(last) : PyMemoryView_FromObject(last);
        }
        Py_DECREF(last);
        last = next;
    }
    MUST_RAISE(last == NULL, NULL);
    Py_DECREF(last);
    executed();
    return NULL;
}

static void long_chain(void)
{
    static const char *const names[] = {"a chain of memory", "a chain of ndarrays and memoryviews", "a chain of old buffers and memoryviews",
                                        "a chain of exceptions", "a chain of PickleBuffers"};
    pthread_attr_t attributes;
    pthread_t thread;
    char text[40];
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN); /* 128 KB on AArch64 */
    chain_length = scaled(100, once_in(4) ? 200000 : 5000);
    chain_kind = (int)below(COUNT(names));
    /* Each request to the last of these passes through all the others. */
    if (chain_kind == 1 || chain_kind == 2) {
        chain_length = chain_length > 1000 ? 1000 : chain_length;
    }
    note(names[chain_kind]);
    snprintf(text, sizeof(text), "of %ld", chain_length);
    note(text);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, least < 64 << 10 ? 64 << 10 : least);
    if (pthread_create(&thread, &attributes, chain, NULL) == 0) {
        pthread_join(thread, NULL);
    }
    else {
        chain(NULL);
    }
    pthread_attr_destroy(&attributes);
}

static void make_pages(void)
{
    if (page[0].start != NULL) {
        return;
    }
    char *all = mmap(NULL, (2 * PAGES + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(all != MAP_FAILED);
    for (int i = 0; i < PAGES; i++) {
        page[i].start = all + (2 * i + 1) * PAGE;
        MUST(mprotect(page[i].start, PAGE, i < PAGES / 2 ? PROT_READ | PROT_WRITE : PROT_READ) == 0);
    }
}

static void round_of_hostile(void)
{
    describe = describe_hostile;
    history[0] = '\0';
    depth = ops = ending = checking = 0;
    owned = destroyed = 0;
    make_pages();
    if (once_in(3000)) {
        long_chain();
        return;
    }
    blocks.fail_one_in = once_in(2) ? 0 : once_in(2) ? 30 : 6;
    for (int steps = (int)scaled(4, 60); steps > 0; steps--) {
        step();
    }
    blocks.fail_one_in = 0;
    blocks.fail_in = 0;
    ending = 1;
    note("the end");
    for (int i = 0; i < VIEWS; i++) {
        MUST(held[i].state != 2);
        if (held[i].state == 1) {
            PyBuffer_Release(&held[i].view);
            held[i].state = 0;
        }
    }
    for (int i = 0; i < SLOTS; i++) {
        Py_CLEAR(slot[i]);
        PyErr_Clear();
    }
    MUST_SAY(PyErr_Occurred() == NULL, "an error is left");
    MUST_SAY(owned == destroyed, "%ld of %ld pieces of memory were destroyed", destroyed, owned);
    for (int i = 0; i < PAGES; i++) {
        MUST_SAY(page[i].used == 0, "an exporter is left, with %ld of %ld views given back and %zd references", page[i].of->releases,
                 page[i].of->gets, Py_REFCNT(page[i].of));
    }
}

const Family hostile = {"hostile", round_of_hostile, 200000};

/* Writing exporters: pybuffer_fill_view beside memoryviews of the same memory, and memory with an owner. The checker has
 * checker.c.
 */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <pthread.h>

/* ---- an exporter of two lines ------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    Py_buffer description;
} Filler;

static int filler_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    return pybuffer_fill_view(view, op, &((Filler *)op)->description, flags);
}

static PyBufferProcs filler_procs = {filler_getbuffer, NULL};
static PyTypeObject Filler_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Filler",
    .tp_basicsize = sizeof(Filler),
    .tp_as_buffer = &filler_procs,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static PyObject *filler(const Py_buffer *description)
{
    CHECK_INT(PyType_Ready(&Filler_Type), 0);
    Filler *self = PyObject_New(Filler, &Filler_Type);
    self->description = *description;
    return (PyObject *)self;
}

/* ---- memory of every layout --------------------------------------------------------------------------------- */

static char memory[256], *rows[3] = {memory + 40, memory + 80, memory + 120};

/* The parts of a description. */
typedef struct {
    const char *name, *format;
    Py_ssize_t itemsize;
    int ndim;
    Py_ssize_t shape[3], strides[3], suboffsets[3];
    int indirect;
} Layout;

static Layout layouts[] = {
    {"bytes", "B", 1, 1, {6}, {1}, {0}, 0},
    {"ints", "i", 4, 1, {6}, {4}, {0}, 0},
    {"C", "<h", 2, 2, {3, 4}, {8, 2}, {0}, 0},
    {"C, three axes", "<hh", 4, 3, {2, 3, 2}, {24, 8, 4}, {0}, 0},
    {"Fortran", "b", 1, 2, {3, 4}, {1, 3}, {0}, 0},
    {"strided", "i", 4, 1, {5}, {12}, {0}, 0},
    {"strided, two axes", "h", 2, 2, {3, 2}, {16, 4}, {0}, 0},
    {"backwards", "B", 1, 1, {7}, {-1}, {0}, 0},
    {"repeated", "B", 1, 2, {3, 2}, {0, 1}, {0}, 0},
    {"no axes", "d", 8, 0, {0}, {0}, {0}, 0},
    {"empty", "i", 4, 1, {0}, {4}, {0}, 0},
    {"empty with a stride", "i", 4, 1, {0}, {12}, {0}, 0},
    {"empty, three axes", "B", 1, 3, {2, 0, 3}, {7, -5, 3}, {0}, 0},
    {"axes of one item", "i", 4, 2, {1, 5}, {999, 4}, {0}, 0},
    {"pointers", "B", 1, 2, {3, 4}, {8, 1}, {8, -1}, 1},
    {"pointers, one axis", "h", 2, 1, {3}, {8}, {0}, 1},
    {"no format", NULL, 1, 2, {2, 3}, {3, 1}, {0}, 0},
};

static Py_buffer description_of(Layout *layout, int readonly)
{
    Py_buffer description = {0};
    description.buf = layout->indirect ? (void *)rows : memory + 32;
    description.itemsize = description.len = layout->itemsize;
    description.readonly = readonly;
    description.ndim = layout->ndim;
    description.format = (char *)layout->format;
    description.internal = layout;
    for (int i = 0; i < layout->ndim; i++) {
        description.len *= layout->shape[i];
    }
    if (layout->ndim != 0) {
        description.shape = layout->shape;
        description.strides = layout->strides;
    }
    if (layout->indirect) {
        description.suboffsets = layout->suboffsets;
    }
    return description;
}

static const char *after_colon(const char *message)
{
    const char *colon = message == NULL ? NULL : strchr(message, ':');
    return colon == NULL ? message : colon;
}

static int same_array(const Py_ssize_t *a, const Py_ssize_t *b, int ndim)
{
    return a == NULL || b == NULL ? a == b : memcmp(a, b, (size_t)ndim * sizeof(*a)) == 0;
}

/* The answers of two objects to one request; 1 where there is one. */
static int same_answer(PyObject *object, PyObject *model, int flags, const char *name)
{
    Py_buffer view, expected;
    char message[200] = "";
    memset(&view, 0x5a, sizeof(view));
    int wanted = PyObject_GetBuffer(model, &expected, flags);
    if (wanted != 0) {
        CHECK(PyErr_ExceptionMatches(PyExc_BufferError));
        snprintf(message, sizeof(message), "%s", after_colon(pybuffer_error_message()));
        PyErr_Clear();
    }
    Py_ssize_t references = Py_REFCNT(object);
    int status = PyObject_GetBuffer(object, &view, flags);
    tap_check(status == wanted, __FILE__, __LINE__, "%s, %#x: %d, not %d", name, flags, status, wanted);
    if (status != 0) {
        CHECK(PyErr_ExceptionMatches(PyExc_BufferError));
        tap_check(strncmp(pybuffer_error_message(), Py_TYPE(object)->tp_name, strlen(Py_TYPE(object)->tp_name)) == 0,
                  __FILE__, __LINE__, "%s", pybuffer_error_message());
        CHECK_STR(after_colon(pybuffer_error_message()), message);
        PyErr_Clear();
        CHECK_PTR(view.obj, NULL);
        CHECK_INT(Py_REFCNT(object), references);
        return 0;
    }
    CHECK_PTR(view.obj, object);
    CHECK_INT(Py_REFCNT(object), references + 1);
    CHECK_PTR(view.buf, expected.buf);
    CHECK_INT(view.len, expected.len);
    CHECK_INT(view.itemsize, expected.itemsize);
    CHECK_INT(view.readonly, expected.readonly);
    CHECK_INT(view.ndim, expected.ndim);
    CHECK_STR(view.format, expected.format);
    CHECK(same_array(view.shape, expected.shape, view.ndim));
    CHECK(same_array(view.strides, expected.strides, view.ndim));
    CHECK(same_array(view.suboffsets, expected.suboffsets, view.ndim));
    CHECK_PTR(view.internal, expected.internal);
    PyBuffer_Release(&view);
    PyBuffer_Release(&expected);
    CHECK_INT(Py_REFCNT(object), references);
    return 1;
}

/* With each bit of the flags on its own: half of a flag must not count as the flag. */
static void same_matrix(PyObject *object, PyObject *model, const char *name)
{
    static const int bits[] = {0x1, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100};
    int answered = 0;
    for (int mask = 0; mask < 1 << COUNT(bits); mask++) {
        int flags = 0;
        for (size_t b = 0; b < COUNT(bits); b++) {
            flags |= mask >> b & 1 ? bits[b] : 0;
        }
        if (flags != PyBUF_READ) {
            answered += same_answer(object, model, flags, name);
        }
    }
    CHECK(answered > 0 && answered < 255);
}

static void fill_view_answers_as_a_memoryview_does(void)
{
    for (size_t i = 0; i < COUNT(layouts); i++) {
        for (int readonly = 0; readonly < 2; readonly++) {
            Py_buffer description = description_of(&layouts[i], readonly);
            PyObject *object = filler(&description), *model = PyMemoryView_FromBuffer(&description);
            same_matrix(object, model, layouts[i].name);
            Py_DECREF(model);
            Py_DECREF(object);
        }
    }
}

static void pybuffer_memory_answers_as_a_memoryview_does(void)
{
    for (size_t i = 0; i < COUNT(layouts); i++) {
        for (int readonly = 0; readonly < 2; readonly++) {
            Py_buffer description = description_of(&layouts[i], readonly);
            PyObject *object = pybuffer_memory_new(&description, NULL, NULL);
            PyObject *model = PyMemoryView_FromBuffer(&description);
            same_matrix(object, model, layouts[i].name);
            Py_DECREF(model);
            Py_DECREF(object);
        }
    }
}

/* ---- descriptions that leave something out ------------------------------------------------------------------ */

static Py_buffer plain(Py_ssize_t len, Py_ssize_t itemsize)
{
    Py_buffer description = {0};
    description.buf = memory;
    description.len = len;
    description.itemsize = itemsize;
    description.ndim = 1;
    return description;
}

/* All that there is room for in the view itself. */
static void fill_view_makes_up_one_axis(void)
{
    PyObject *owner = PyBytes_FromString("the owner");
    Py_buffer description = plain(12, 1), view;
    CHECK_INT(pybuffer_fill_view(&view, owner, &description, PyBUF_FULL), 0);
    CHECK_PTR(view.obj, owner);
    CHECK_PTR(view.shape, &view.len);
    CHECK_PTR(view.strides, &view.itemsize);
    CHECK_INT(view.shape[0], 12);
    CHECK_INT(view.strides[0], 1);
    CHECK_STR(view.format, "B");
    PyBuffer_Release(&view);

    Py_ssize_t three = 3;
    description.itemsize = 4;
    description.format = (char *)"i";
    description.shape = &three;
    CHECK_INT(pybuffer_fill_view(&view, owner, &description, PyBUF_FULL_RO), 0);
    CHECK_PTR(view.shape, &three);
    CHECK_PTR(view.strides, &view.itemsize);
    CHECK_INT(view.strides[0], 4);
    PyBuffer_Release(&view);
    CHECK_INT(pybuffer_fill_view(&view, owner, &description, PyBUF_ND), 0);
    CHECK_PTR(view.strides, NULL);
    PyBuffer_Release(&view);
    Py_DECREF(owner);
}

static void the_description_may_be_the_view_itself(void)
{
    PyObject *owner = PyBytes_FromString("the owner");
    Py_buffer view = plain(12, 1);
    CHECK_INT(pybuffer_fill_view(&view, owner, &view, PyBUF_FULL), 0);
    CHECK_INT(view.shape[0], 12);
    CHECK_PTR(view.obj, owner);
    PyBuffer_Release(&view);
    CHECK_INT(Py_REFCNT(owner), 1);
    Py_DECREF(owner);
}

/* PEP 3118: suboffsets that are all negative must be NULL. */
static void negative_suboffsets_are_none(void)
{
    Layout layout = {"negative suboffsets", "B", 1, 2, {3, 4}, {4, 1}, {-1, -7}, 1};
    for (int made = 0; made < 2; made++) {
        Py_buffer description = description_of(&layout, 0), view;
        PyObject *object = made ? pybuffer_memory_new(&description, NULL, NULL) : filler(&description);
        CHECK_INT(PyObject_GetBuffer(object, &view, PyBUF_FULL), 0);
        CHECK_PTR(view.suboffsets, NULL);
        PyBuffer_Release(&view);
        CHECK_INT(PyObject_GetBuffer(object, &view, PyBUF_SIMPLE), 0);
        PyBuffer_Release(&view);
        Py_DECREF(object);
    }
}

static int destroyed;

static void count_destroyed(void *context)
{
    CHECK_PTR(context, &destroyed);
    __atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

/* Whatever the request; and whoever makes memory of it has not given it away. `filled`: fill_view refuses it, too. */
static void refused(const Py_buffer *description, int made, const char *message, int line)
{
    static const int requests[] = {PyBUF_SIMPLE, PyBUF_ND, PyBUF_FULL, PyBUF_FULL_RO};
    PyObject *owner = PyBytes_FromString("the owner");
    for (size_t i = 0; i < COUNT(requests); i++) {
        Py_buffer view;
        view.obj = owner;
        tap_check(pybuffer_fill_view(&view, owner, description, requests[i]) == -1, __FILE__, line, "it is filled");
        check_error(PyExc_BufferError, message, __FILE__, line);
        tap_check_ptr(view.obj, NULL, "view.obj", __FILE__, line);
    }
    tap_check_int(Py_REFCNT(owner), 1, "references to the exporter", __FILE__, line);
    Py_DECREF(owner);
    if (made) {
        return;
    }
    destroyed = 0;
    tap_check_ptr(pybuffer_memory_new(description, count_destroyed, &destroyed), NULL, "memory", __FILE__, line);
    check_error(PyExc_BufferError, message, __FILE__, line);
    tap_check_ptr(pybuffer_memoryview_from_memory(description, count_destroyed, &destroyed), NULL, "memoryview",
                  __FILE__, line);
    check_error(PyExc_BufferError, message, __FILE__, line);
    tap_check_int(destroyed, 0, "calls of destroy", __FILE__, line);
}
#define REFUSED(description, message) refused(&(description), 0, (message), __LINE__)
#define REFUSED_BY_FILL_VIEW(description, message) refused(&(description), 1, (message), __LINE__)

static void descriptions_that_contradict_themselves_are_refused(void)
{
    Py_ssize_t shape[65] = {2, 3}, strides[65] = {3, 1}, suboffsets[2] = {0, -1};
    Py_buffer description = plain(6, 1);
    description.ndim = -1;
    REFUSED(description, "ndim must not be negative");
    description.ndim = 65;
    description.shape = shape;
    description.strides = strides;
    REFUSED(description, "ndim must not exceed 64");
    description.ndim = 2;
    description.len = 7;
    REFUSED(description, "product(shape) * itemsize is less than len");
    description.len = 5;
    REFUSED(description, "product(shape) * itemsize is more than len");
    description.len = -1;
    REFUSED(description, "itemsize and len must not be negative");
    description.len = 6;
    description.itemsize = -1;
    REFUSED(description, "itemsize and len must not be negative");
    description.itemsize = 1;
    shape[0] = shape[1] = -2;
    REFUSED(description, "shape must not be negative");
    shape[0] = shape[1] = (Py_ssize_t)1 << 32;
    REFUSED(description, "product(shape) * itemsize is more than len");
    shape[0] = 2;
    shape[1] = 3;
    description.buf = NULL;
    REFUSED(description, "buf must not be NULL where len is not 0");
    description.buf = memory;
    description.shape = NULL;
    REFUSED(description, "a view of several axes needs a shape");
    description.shape = shape;
    description.strides = NULL;
    REFUSED_BY_FILL_VIEW(description, "strides must be given where there are several axes");
    description.suboffsets = suboffsets;
    REFUSED(description, "suboffsets need strides");

    description = plain(7, 4);
    REFUSED(description, "len is not a multiple of itemsize");
    description = plain(8, 4);
    REFUSED_BY_FILL_VIEW(description, "shape must be given where items are not single bytes");
    description = plain(8, 0);
    REFUSED(description, "itemsize must not be 0");
    description = plain(8, 4);
    description.ndim = 0;
    REFUSED(description, "product(shape) * itemsize is less than len");
}

static void memory_of_items_that_their_format_does_not_have_is_refused(void)
{
    static const struct {
        const char *format;
        Py_ssize_t itemsize;
        const char *message;
    } cases[] = {
        {"B", 2, "itemsize is 2, but that of the format is 1"},
        {"<d", 4, "itemsize is 4, but that of the format is 8"},
        {"T{<i:x:b:y:}", 8, "itemsize is 8, but that of the format is 5"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Py_buffer description = plain(24, cases[i].itemsize);
        description.format = (char *)cases[i].format;
        CHECK_PTR(pybuffer_memory_new(&description, count_destroyed, &destroyed), NULL);
        CHECK_MESSAGE(PyExc_BufferError, cases[i].message);
        CHECK_PTR(pybuffer_memoryview_from_memory(&description, count_destroyed, &destroyed), NULL);
        CHECK_MESSAGE(PyExc_BufferError, cases[i].message);
    }
    destroyed = 0;
    Py_buffer description = plain(24, 4);
    description.format = (char *)"no format";
    CHECK_PTR(pybuffer_memory_new(&description, count_destroyed, &destroyed), NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(destroyed, 0);
    /* The width of `u` follows from the size. */
    description.format = (char *)"u";
    PyObject *object = pybuffer_memory_new(&description, count_destroyed, &destroyed);
    CHECK(object != NULL);
    Py_XDECREF(object);
    CHECK_INT(destroyed, 1);
}

static void memory_makes_up_shape_and_strides(void)
{
    Py_ssize_t shape[2] = {2, 3};
    Py_buffer description = plain(24, 4), view;
    description.format = (char *)"4s";
    PyObject *object = pybuffer_memory_new(&description, NULL, NULL);
    CHECK_INT(PyObject_GetBuffer(object, &view, PyBUF_FULL), 0);
    CHECK_INT(view.shape[0], 6);
    CHECK_INT(view.strides[0], 4);
    CHECK_STR(view.format, "4s");
    PyBuffer_Release(&view);
    Py_DECREF(object);
    description = plain(24, 1);
    object = pybuffer_memory_new(&description, NULL, NULL);
    CHECK_INT(PyObject_GetBuffer(object, &view, PyBUF_FULL), 0);
    CHECK_INT(view.shape[0], 24);
    CHECK_STR(view.format, "B");
    PyBuffer_Release(&view);
    Py_DECREF(object);
    description = plain(24, 4);
    description.ndim = 2;
    description.shape = shape;
    description.format = (char *)"<i";
    object = pybuffer_memory_new(&description, NULL, NULL);
    shape[0] = 77; /* the array has been copied */
    CHECK_INT(PyObject_GetBuffer(object, &view, PyBUF_FULL), 0);
    CHECK_INT(view.shape[0], 2);
    CHECK_INT(view.strides[0], 12);
    CHECK_INT(view.strides[1], 4);
    PyBuffer_Release(&view);
    Py_DECREF(object);
}

static void memory_copies_arrays_and_format(void)
{
    char format[] = "T{<i:x:<i:y:}";
    Py_ssize_t shape[2] = {2, 2}, strides[2] = {32, 8};
    Py_buffer description = plain(32, 8), view;
    description.ndim = 2;
    description.shape = shape;
    description.strides = strides;
    description.format = format;
    PyObject *object = pybuffer_memoryview_from_memory(&description, NULL, NULL);
    memset(format, 'z', sizeof(format));
    memset(shape, 0x77, sizeof(shape));
    memset(strides, 0x77, sizeof(strides));
    CHECK_INT(PyObject_GetBuffer(object, &view, PyBUF_FULL), 0);
    CHECK_STR(view.format, "T{<i:x:<i:y:}");
    CHECK_INT(view.shape[0] * 10 + view.shape[1], 22);
    CHECK_INT(view.strides[0] * 10 + view.strides[1], 328);
    PyBuffer_Release(&view);
    Py_DECREF(object);
}

static void memory_of_as_many_axes_as_there_may_be(void)
{
    Py_ssize_t ones[64];
    for (int i = 0; i < 64; i++) {
        ones[i] = 1;
    }
    Py_buffer description = plain(1, 1);
    description.ndim = 64;
    description.shape = ones;
    PyObject *object = pybuffer_memoryview_from_memory(&description, NULL, NULL);
    CHECK_INT(PyMemoryView_GET_BUFFER(object)->ndim, 64);
    CHECK_INT(PyMemoryView_GET_BUFFER(object)->strides[63], 1);
    Py_DECREF(object);
}

/* ---- destroy ------------------------------------------------------------------------------------------------ */

/* All the ways in which the object, a view of it, a memoryview and a PickleBuffer of it can go. */
static void destroy_is_called_once_with_the_last_of_all(void)
{
    for (int order = 0; order < 24; order++) {
        Py_buffer description = plain(12, 1), view;
        PyObject *object = pybuffer_memory_new(&description, count_destroyed, &destroyed);
        PyObject *memoryview = PyMemoryView_FromObject(object), *second = PyMemoryView_FromObject(memoryview);
        CHECK_INT(PyObject_GetBuffer(object, &view, PyBUF_SIMPLE), 0);
        int left[4] = {0, 1, 2, 3}, rest = order;
        destroyed = 0;
        for (int n = 4; n > 0; n--) {
            int pick = rest % n, which = left[pick];
            rest /= n;
            left[pick] = left[n - 1];
            CHECK_INT(destroyed, 0);
            switch (which) {
            case 0: Py_DECREF(object); break;
            case 1: Py_DECREF(memoryview); break;
            case 2: Py_DECREF(second); break;
            default: PyBuffer_Release(&view);
            }
        }
        CHECK_INT(destroyed, 1);
    }
}

static void consumers_keep_the_memory_alive(void)
{
    Py_buffer description = plain(12, 1), view;
    destroyed = 0;
    PyObject *first = pybuffer_memoryview_from_memory(&description, count_destroyed, &destroyed);
    PyObject *base = PyMemoryView_GET_BASE(first);
    CHECK_PTR(Py_TYPE(base), &pybuffer_memory_type);
    CHECK_INT(Py_REFCNT(base), 1);
    PyObject *second = PyMemoryView_FromObject(first), *pickle = PyPickleBuffer_FromObject(second);
    CHECK_INT(PyObject_GetBuffer(pickle, &view, PyBUF_SIMPLE), 0);
    Py_DECREF(first);
    Py_DECREF(second);
    Py_DECREF(pickle);
    CHECK_INT(destroyed, 0);
    PyBuffer_Release(&view);
    CHECK_INT(destroyed, 1);
}

static void a_released_memoryview_gives_the_memory_up(void)
{
    Py_buffer description = plain(12, 1);
    destroyed = 0;
    PyObject *memoryview = pybuffer_memoryview_from_memory(&description, count_destroyed, &destroyed);
    CHECK_INT(pybuffer_memoryview_release(memoryview), 0);
    CHECK_INT(destroyed, 1);
    Py_DECREF(memoryview);
    CHECK_INT(destroyed, 1);
}

static PyObject *owner;
static Py_ssize_t references_of_owner;

static void look_at_the_owner(void *context)
{
    (void)context;
    references_of_owner = Py_REFCNT(owner);
}

/* The owner of the memory, say the object whose memory a slice of it is, is kept until destroy has been called. */
static void the_object_of_the_description_is_kept(void)
{
    owner = PyBytes_FromString("the owner");
    Py_buffer description = plain(12, 1);
    description.obj = owner;
    PyObject *object = pybuffer_memory_new(&description, look_at_the_owner, NULL);
    CHECK_INT(Py_REFCNT(owner), 2);
    Py_DECREF(object);
    CHECK_INT(references_of_owner, 2);
    CHECK_INT(Py_REFCNT(owner), 1);
    description.len = 13;
    description.itemsize = 2;
    CHECK_PTR(pybuffer_memory_new(&description, look_at_the_owner, NULL), NULL);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(Py_REFCNT(owner), 1);
    Py_DECREF(owner);
}

static void raise_in_destroy(void *context)
{
    CHECK_PTR(PyErr_Occurred(), NULL);
    PyErr_SetString(PyExc_OverflowError, (const char *)context);
}

static void raise_in_release(Exporter *self, Py_buffer *view)
{
    (void)self;
    (void)view;
    PyErr_SetString(PyExc_OverflowError, "raised by the owner");
}

static void destroy_disturbs_no_pending_error(void)
{
    static char text[] = "raised by destroy";
    Py_buffer description = plain(12, 1);
    PyObject *object = pybuffer_memory_new(&description, raise_in_destroy, text);
    PyErr_SetString(PyExc_ValueError, "the caller's");
    Py_DECREF(object);
    CHECK_MESSAGE(PyExc_ValueError, "the caller's");
    object = pybuffer_memory_new(&description, raise_in_destroy, text);
    PyErr_BadArgument();
    Py_DECREF(object);
    CHECK_ERROR(PyExc_TypeError);
    object = pybuffer_memory_new(&description, raise_in_destroy, text);
    Py_DECREF(object);
    CHECK_ERROR(NULL);

    /* Nor does the last reference to description->obj: here a memoryview, whose exporter raises when it is told. */
    Exporter *exporter = exporter_of_bytes(memory, 4);
    exporter->on_release = raise_in_release;
    description.obj = PyMemoryView_FromObject((PyObject *)exporter);
    object = pybuffer_memory_new(&description, raise_in_destroy, text);
    Py_DECREF(description.obj);
    PyErr_SetString(PyExc_ValueError, "the caller's");
    Py_DECREF(object);
    CHECK_MESSAGE(PyExc_ValueError, "the caller's");
    CHECK_UNUSED(exporter);
}

static void use_the_library(void *context)
{
    PyObject *bytes = PyBytes_FromString("new"), *view = PyMemoryView_FromObject(bytes);
    *(Py_ssize_t *)context = PyObject_Size(view);
    Py_DECREF(view);
    Py_DECREF(bytes);
}

static void destroy_may_use_the_library(void)
{
    Py_ssize_t size = 0;
    Py_buffer description = plain(12, 1);
    Py_DECREF(pybuffer_memoryview_from_memory(&description, use_the_library, &size));
    CHECK_INT(size, 3);
}

static void memory_is_freed_by_destroy(void)
{
    Py_buffer description = plain(100, 1);
    description.buf = PyMem_Malloc(100);
    memset(description.buf, 'x', 100);
    PyObject *view = pybuffer_memoryview_from_memory(&description, PyMem_Free, description.buf);
    PyObject *copy = PyBytes_FromObject(view);
    CHECK_INT(PyBytes_AsString(copy)[99], 'x');
    Py_DECREF(copy);
    Py_DECREF(view);
}

/* ---- threads ------------------------------------------------------------------------------------------------ */

enum { THREADS = 4, ROUNDS = 500 };

static PyObject *shared;
static pthread_barrier_t together;

static void *use_and_drop(void *argument)
{
    (void)argument;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&together); /* the first thread has made it */
        PyObject *view = PyMemoryView_FromObject(shared);
        Py_buffer plain_view;
        if (PyObject_GetBuffer(shared, &plain_view, PyBUF_SIMPLE) == 0) {
            Py_DECREF(shared);
            PyBuffer_Release(&plain_view);
        }
        Py_XDECREF(view);
        pthread_barrier_wait(&together);
    }
    return NULL;
}

static void count_in_any_thread(void *context)
{
    __atomic_fetch_add((int *)context, 1, __ATOMIC_RELAXED);
}

static void destroy_is_called_once_whichever_thread_is_last(void)
{
    pthread_t threads[THREADS];
    int calls = 0;
    Py_buffer description = plain(12, 1);
    pthread_barrier_init(&together, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, use_and_drop, NULL) != 0) {
            printf("Bail out! no thread\n");
            exit(1);
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        shared = pybuffer_memory_new(&description, count_in_any_thread, &calls);
        for (int i = 1; i < THREADS; i++) {
            Py_INCREF(shared); /* one for each thread */
        }
        pthread_barrier_wait(&together);
        pthread_barrier_wait(&together);
        CHECK_INT(__atomic_load_n(&calls, __ATOMIC_RELAXED), round + 1);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&together);
}

/* ---- hashes ------------------------------------------------------------------------------------------------- */

static void only_read_only_memory_has_a_hash(void)
{
    Py_buffer description = plain(5, 1);
    memcpy(memory, "bytes", 5);
    PyObject *bytes = PyBytes_FromString("bytes");
    description.readonly = 1;
    PyObject *a = pybuffer_memory_new(&description, NULL, NULL), *b = pybuffer_memory_new(&description, NULL, NULL);
    CHECK(PyObject_Hash(a) != -1);
    CHECK_INT(PyObject_Hash(a), PyObject_Hash(a));
    CHECK(PyObject_Hash(a) != PyObject_Hash(b));
    CHECK_INT(PyObject_RichCompareBool(a, b, Py_EQ), 0);
    PyObject *view = PyMemoryView_FromObject(a);
    CHECK_INT(PyObject_Hash(view), PyObject_Hash(bytes));
    Py_DECREF(view);
    Py_DECREF(a);
    Py_DECREF(b);
    description.readonly = 0;
    a = pybuffer_memory_new(&description, NULL, NULL);
    CHECK_INT(PyObject_Hash(a), -1);
    CHECK_MESSAGE(PyExc_TypeError, "unhashable type: 'pybuffer.memory'");
    view = PyMemoryView_FromObject(a);
    CHECK_INT(PyObject_Hash(view), -1);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
    Py_DECREF(a);
    Py_DECREF(bytes);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(fill_view_answers_as_a_memoryview_does);
    RUN(pybuffer_memory_answers_as_a_memoryview_does);
    RUN(fill_view_makes_up_one_axis);
    RUN(the_description_may_be_the_view_itself);
    RUN(negative_suboffsets_are_none);
    RUN(descriptions_that_contradict_themselves_are_refused);
    RUN(memory_of_items_that_their_format_does_not_have_is_refused);
    RUN(memory_makes_up_shape_and_strides);
    RUN(memory_copies_arrays_and_format);
    RUN(memory_of_as_many_axes_as_there_may_be);
    RUN(destroy_is_called_once_with_the_last_of_all);
    RUN(consumers_keep_the_memory_alive);
    RUN(a_released_memoryview_gives_the_memory_up);
    RUN(the_object_of_the_description_is_kept);
    RUN(destroy_disturbs_no_pending_error);
    RUN(destroy_may_use_the_library);
    RUN(memory_is_freed_by_destroy);
    RUN(destroy_is_called_once_whichever_thread_is_last);
    RUN(only_read_only_memory_has_a_hash);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

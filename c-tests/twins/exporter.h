/* A C-defined exporter that can describe any memory and misbehave on request, and a set of samples of it.
 *
 * An exporter owns none of the memory that it describes. It answers a request the way PEP 3118 asks of one, unless
 * a switch says otherwise.
 */
#ifndef EXPORTER_H
#define EXPORTER_H

#include "twin.h"

#define EXPORTER_MAX_NDIM 66

enum {
    EXPORTER_IGNORE_FLAGS = 1,  /* hand out the full description, whatever the request */
    EXPORTER_DROP_FORMAT = 2,   /* leave a field NULL, whatever the request */
    EXPORTER_DROP_SHAPE = 4,
    EXPORTER_DROP_STRIDES = 8,
    EXPORTER_FAIL_SILENTLY = 16 /* answer -1 without an error */
};

typedef struct {
    PyObject_HEAD
    char *buf;        /* the item whose indices are all 0 */
    const void *base; /* where printed distances start */
    const char *format;
    Py_ssize_t len;
    Py_ssize_t itemsize;
    int readonly;
    int ndim;
    int has_suboffsets;
    Py_ssize_t shape[EXPORTER_MAX_NDIM];
    Py_ssize_t strides[EXPORTER_MAX_NDIM];
    Py_ssize_t suboffsets[EXPORTER_MAX_NDIM];
    int switches;
    PyObject *failure; /* borrowed: the exception to fail with, or NULL */
    int gets;          /* calls of getbuffer that succeeded */
    int releases;
    int last_flags;
} Exporter;

static int exporter_deallocs;

static inline int exporter_refuse(Py_buffer *view, PyObject *type)
{
    view->obj = NULL;
    PyErr_SetString(type, "exporter refuses");
    return -1;
}

static inline int exporter_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    Exporter *self = (Exporter *)op;
    self->last_flags = flags;
    if (self->failure != NULL) {
        return exporter_refuse(view, self->failure);
    }
    if (self->switches & EXPORTER_FAIL_SILENTLY) {
        view->obj = NULL;
        return -1;
    }
    view->buf = self->buf;
    view->len = self->len;
    view->itemsize = self->itemsize;
    view->readonly = self->readonly;
    view->ndim = self->ndim;
    view->format = (char *)self->format;
    view->shape = self->ndim ? self->shape : NULL;
    view->strides = self->ndim ? self->strides : NULL;
    view->suboffsets = self->has_suboffsets ? self->suboffsets : NULL;
    view->internal = NULL;
    if (!(self->switches & EXPORTER_IGNORE_FLAGS)) {
        int c = PyBuffer_IsContiguous(view, 'C');
        int f = PyBuffer_IsContiguous(view, 'F');
        if (((flags & PyBUF_WRITABLE) && self->readonly)
            || ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS && !c)
            || ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !f)
            || ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS && !c && !f)
            || ((flags & PyBUF_INDIRECT) != PyBUF_INDIRECT && self->has_suboffsets)
            || ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !c)) {
            return exporter_refuse(view, PyExc_BufferError);
        }
        if (!(flags & PyBUF_FORMAT)) {
            view->format = NULL;
        }
        if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES) {
            view->strides = NULL;
        }
        if (!(flags & PyBUF_ND)) {
            view->shape = NULL;
            view->ndim = 1;
        }
    }
    if (self->switches & EXPORTER_DROP_FORMAT) {
        view->format = NULL;
    }
    if (self->switches & EXPORTER_DROP_SHAPE) {
        view->shape = NULL;
    }
    if (self->switches & EXPORTER_DROP_STRIDES) {
        view->strides = NULL;
    }
    self->gets++;
    view->obj = op;
    Py_INCREF(op);
    return 0;
}

static inline void exporter_releasebuffer(PyObject *op, Py_buffer *view)
{
    (void)view;
    ((Exporter *)op)->releases++;
}

static inline void exporter_dealloc(PyObject *op)
{
    exporter_deallocs++;
    PyObject_Free(op);
}

static PyBufferProcs exporter_as_buffer = {
    .bf_getbuffer = exporter_getbuffer,
    .bf_releasebuffer = exporter_releasebuffer,
};

static PyTypeObject Exporter_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "twin.Exporter",
    .tp_basicsize = sizeof(Exporter),
    .tp_dealloc = exporter_dealloc,
    .tp_as_buffer = &exporter_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

/* A new exporter; without strides they are those of C order. */
static inline Exporter *exporter_new(void *buf, const char *format, Py_ssize_t itemsize, int ndim,
                                     const Py_ssize_t *shape, const Py_ssize_t *strides)
{
    Exporter *self;
    if (PyType_Ready(&Exporter_Type) < 0 || (self = PyObject_New(Exporter, &Exporter_Type)) == NULL) {
        printf("no exporter\n");
        exit(1);
    }
    self->buf = buf;
    self->base = buf;
    self->format = format;
    self->len = itemsize;
    self->itemsize = itemsize;
    self->readonly = 0;
    self->ndim = ndim;
    self->has_suboffsets = 0;
    for (int i = 0; i < ndim; i++) {
        self->shape[i] = shape[i];
        self->len *= shape[i];
        self->suboffsets[i] = -1;
    }
    Py_ssize_t stride = itemsize;
    for (int i = ndim - 1; i >= 0; i--) {
        self->strides[i] = strides ? strides[i] : stride;
        stride *= shape[i];
    }
    self->switches = 0;
    self->failure = NULL;
    self->gets = self->releases = 0;
    self->last_flags = -1;
    return self;
}

/* ---- samples: one of every kind of layout ------------------------------------------------------------------- */

static unsigned char exporter_memory[256];
static unsigned char *exporter_rows[3];

typedef struct {
    const char *name;
    const char *format;
    int itemsize;
    int ndim;
    Py_ssize_t shape[3];
    Py_ssize_t strides[3];
    int offset;   /* of buf in exporter_memory */
    int readonly;
    int indirect; /* buf is exporter_rows; suboffsets {8, -1, -1} */
} ExporterSample;

static const ExporterSample exporter_samples[] = {
    {"c1 B", "B", 1, 1, {6}, {1}, 0, 0, 0},
    {"c1 B readonly", "B", 1, 1, {6}, {1}, 0, 1, 0},
    {"c1 i", "i", 4, 1, {6}, {4}, 0, 0, 0},
    {"c2 <h", "<h", 2, 2, {3, 4}, {8, 2}, 4, 0, 0},
    {"f2 b", "b", 1, 2, {3, 4}, {1, 3}, 0, 0, 0},
    {"c3 <hh readonly", "<hh", 4, 3, {2, 3, 2}, {24, 8, 4}, 8, 1, 0},
    {"f3 c", "c", 1, 3, {2, 3, 2}, {1, 2, 6}, 0, 0, 0},
    {"strided1 i", "i", 4, 1, {5}, {12}, 4, 0, 0},
    {"strided2 h", "h", 2, 2, {3, 2}, {16, 4}, 0, 0, 0},
    {"negative1 B", "B", 1, 1, {7}, {-1}, 6, 0, 0},
    {"negative2 i", "i", 4, 2, {3, 2}, {-8, 4}, 16, 0, 0},
    {"zero stride B", "B", 1, 1, {4}, {0}, 3, 0, 0},
    {"zero stride 2 B", "B", 1, 2, {3, 2}, {0, 1}, 3, 1, 0},
    {"zero dim d", "d", 8, 0, {0}, {0}, 8, 0, 0},
    {"zero length i", "i", 4, 1, {0}, {4}, 8, 0, 0},
    {"zero length 3 B", "B", 1, 3, {2, 0, 3}, {7, -5, 3}, 8, 0, 0},
    {"ones 3 B", "B", 1, 3, {1, 1, 1}, {100, -3, 0}, 8, 0, 0},
    {"ones 2 i", "i", 4, 2, {1, 5}, {999, 4}, 8, 0, 0},
    {"indirect2 B", "B", 1, 2, {3, 4}, {8, 1}, 0, 0, 1},
    {"indirect2 h readonly", "h", 2, 2, {3, 2}, {8, -4}, 0, 1, 1},
    {"indirect1 B", "B", 1, 1, {3}, {8}, 0, 0, 1},
};

#define EXPORTER_SAMPLES TWIN_COUNT(exporter_samples)

static inline void exporter_fill_memory(void)
{
    for (size_t i = 0; i < sizeof(exporter_memory); i++) {
        exporter_memory[i] = (unsigned char)(i * 37 + 11);
    }
}

/* A new exporter of the i-th sample; the memory is filled afresh, so one sample at a time has meaningful content. */
static inline Exporter *exporter_sample(size_t i)
{
    const ExporterSample *s = &exporter_samples[i];
    exporter_fill_memory();
    for (int row = 0; row < 3; row++) {
        exporter_rows[row] = exporter_memory + 40 * (3 - row);
    }
    void *buf = s->indirect ? (void *)exporter_rows : (void *)(exporter_memory + s->offset);
    Exporter *self = exporter_new(buf, s->format, s->itemsize, s->ndim, s->shape, s->strides);
    self->base = s->indirect ? (void *)exporter_rows : (void *)exporter_memory;
    self->readonly = s->readonly;
    self->has_suboffsets = s->indirect;
    if (s->indirect) {
        self->suboffsets[0] = 8;
    }
    return self;
}

#endif

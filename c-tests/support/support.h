/* Shared by the tests: checks of the pending error, and a configurable exporter. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <pybuffer/pybuffer.h>

#include "order.h"
#include "tap.h"

#include <limits.h>
#include <stdlib.h>

/* The codes of fixed size that `long` is stored as, and those of Arrow: it has 4 bytes on Windows. */
#if LONG_MAX > 0x7fffffff
#  define LONG_CODE "q"
#  define UNSIGNED_LONG_CODE "Q"
#  define LONG_ARROW "l"
#  define UNSIGNED_LONG_ARROW "L"
#else
#  define LONG_CODE "i"
#  define UNSIGNED_LONG_CODE "I"
#  define LONG_ARROW "i"
#  define UNSIGNED_LONG_ARROW "I"
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- errors ------------------------------------------------------------------------------------------------- */

static inline const char *type_name(PyObject *type)
{
    return type == NULL ? "nothing" : ((PyTypeObject *)type)->tp_name;
}

static inline int check_error(PyObject *type, const char *message, const char *file, int line)
{
    PyObject *pending = PyErr_Occurred();
    int right = tap_check(pending == type, file, line, "pending is %s (%s), not %s", type_name(pending),
                          pending ? pybuffer_error_message() : "", type_name(type));
    if (message != NULL && right) {
        right = tap_check_str(pybuffer_error_message(), message, "the message", file, line);
    }
    PyErr_Clear();
    return right;
}

/* The pending error is of this very type (NULL: there is none); it is cleared. With its message, too. */
#define CHECK_ERROR(type) check_error((type), NULL, __FILE__, __LINE__)
#define CHECK_MESSAGE(type, message) check_error((type), (message), __FILE__, __LINE__)

/* PyErr_Format for formats that compilers warn of. */
static PyObject *(*volatile format_unchecked)(PyObject *, const char *, ...) __attribute__((__unused__)) = PyErr_Format;

/* For tap_after_each: a test that leaves an error pending would spoil the next one. */
static inline void nothing_is_left_pending(void)
{
    tap_check(PyErr_Occurred() == NULL, __FILE__, __LINE__, "the test leaves %s (%s) pending",
              type_name(PyErr_Occurred()), PyErr_Occurred() ? pybuffer_error_message() : "");
    PyErr_Clear();
}

/* ---- an exporter -------------------------------------------------------------------------------------------- */

#define EXPORTER_AXES 66

typedef struct Exporter Exporter;

struct Exporter {
    PyObject_HEAD
    Py_buffer offer; /* its answer; `obj` is not used */
    Py_ssize_t shape[EXPORTER_AXES], strides[EXPORTER_AXES], suboffsets[EXPORTER_AXES];
    PyObject *raises;    /* borrowed: what getbuffer fails with; NULL for success */
    PyObject *redirects; /* borrowed: what view->obj is in its place */
    int literal;         /* hands out the offer as it is, whatever the request */
    int (*on_get)(Exporter *self, Py_buffer *view, int flags);  /* replaces all of this */
    void (*on_release)(Exporter *self, Py_buffer *view);        /* besides counting */
    int asked, gets, releases; /* atomic: calls, successes, releases */
};

static int exporters_alive; /* atomic */

static inline int exporter_answer(Exporter *self, Py_buffer *view, int flags)
{
    PyObject *refused = self->raises;
    *view = self->offer;
    view->obj = NULL;
    if (!self->literal) {
        int c = PyBuffer_IsContiguous(&self->offer, 'C'), f = PyBuffer_IsContiguous(&self->offer, 'F');
        if (((flags & PyBUF_WRITABLE) && self->offer.readonly)
            || ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !c)
            || ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS && !c)
            || ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !f)
            || ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS && !c && !f)
            || ((flags & PyBUF_INDIRECT) != PyBUF_INDIRECT && self->offer.suboffsets != NULL)) {
            refused = PyExc_BufferError;
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
    if (refused != NULL) {
        PyErr_SetString(refused, "the exporter refuses");
        return -1;
    }
    view->obj = self->redirects ? self->redirects : (PyObject *)self;
    Py_INCREF(view->obj);
    return 0;
}

static inline int exporter_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    Exporter *self = (Exporter *)op;
    __atomic_fetch_add(&self->asked, 1, __ATOMIC_RELAXED);
    int result = self->on_get ? self->on_get(self, view, flags) : exporter_answer(self, view, flags);
    if (result == 0) {
        __atomic_fetch_add(&self->gets, 1, __ATOMIC_RELAXED);
    }
    return result;
}

static inline void exporter_releasebuffer(PyObject *op, Py_buffer *view)
{
    Exporter *self = (Exporter *)op;
    __atomic_fetch_add(&self->releases, 1, __ATOMIC_RELAXED);
    if (self->on_release != NULL) {
        self->on_release(self, view);
    }
}

static inline void exporter_dealloc(PyObject *op)
{
    __atomic_fetch_sub(&exporters_alive, 1, __ATOMIC_RELAXED);
    PyObject_Free(op);
}

static PyBufferProcs exporter_procs = {exporter_getbuffer, exporter_releasebuffer};

static PyTypeObject Exporter_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Exporter",
    .tp_basicsize = sizeof(Exporter),
    .tp_dealloc = exporter_dealloc,
    .tp_as_buffer = &exporter_procs,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

/* A new exporter of the memory at `buf`; without strides they are those of C order. */
static inline Exporter *exporter_new(void *buf, const char *format, Py_ssize_t itemsize, int ndim,
                                     const Py_ssize_t *shape, const Py_ssize_t *strides)
{
    Exporter *self = NULL;
    if (PyType_Ready(&Exporter_Type) == 0) {
        self = PyObject_New(Exporter, &Exporter_Type);
    }
    if (self == NULL) {
        printf("Bail out! no exporter\n");
        exit(1);
    }
    PyObject head = self->ob_base;
    memset(self, 0, sizeof(*self));
    self->ob_base = head;
    __atomic_fetch_add(&exporters_alive, 1, __ATOMIC_RELAXED);
    self->offer.buf = buf;
    self->offer.format = (char *)format;
    self->offer.itemsize = self->offer.len = itemsize;
    self->offer.ndim = ndim;
    for (int i = 0; i < ndim; i++) {
        self->shape[i] = shape[i];
        self->offer.len *= shape[i];
        self->suboffsets[i] = -1;
    }
    PyBuffer_FillContiguousStrides(ndim, self->shape, self->strides, (int)itemsize, 'C');
    for (int i = 0; strides != NULL && i < ndim; i++) {
        self->strides[i] = strides[i];
    }
    self->offer.shape = ndim ? self->shape : NULL;
    self->offer.strides = ndim ? self->strides : NULL;
    return self;
}

/* Plain bytes. */
static inline Exporter *exporter_of_bytes(void *buf, Py_ssize_t len)
{
    return exporter_new(buf, "B", 1, 1, &len, NULL);
}

/* A table of `rows` pointers, each to `columns` bytes (PIL's layout). */
static inline Exporter *exporter_of_rows(char **table, Py_ssize_t rows, Py_ssize_t columns)
{
    Py_ssize_t shape[2] = {rows, columns}, strides[2] = {(Py_ssize_t)sizeof(char *), 1};
    Exporter *self = exporter_new(table, "B", 1, 2, shape, strides);
    self->suboffsets[0] = 0;
    self->offer.suboffsets = self->suboffsets;
    return self;
}

/* Drops the test's own reference, which must be the last one, with every view released. */
static inline void check_exporter_unused(Exporter *self, const char *file, int line)
{
    tap_check_int(self->releases, self->gets, "releases against successful gets", file, line);
    tap_check_int(Py_REFCNT(self), 1, "references to the exporter", file, line);
    Py_DECREF(self);
}
#define CHECK_UNUSED(exporter) check_exporter_unused((exporter), __FILE__, __LINE__)

/* For objects that count their views. */
static inline Py_ssize_t exports_of(PyObject *op)
{
    if (PyByteArray_Check(op)) {
        return __atomic_load_n(&((PyByteArrayObject *)op)->ob_exports, __ATOMIC_RELAXED);
    }
    return PyMemoryView_Check(op) ? __atomic_load_n(&((PyMemoryViewObject *)op)->exports, __ATOMIC_RELAXED) : 0;
}

#endif

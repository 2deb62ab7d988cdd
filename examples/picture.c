/* An exporter written in C: an object type with a PyBufferProcs. See picture.h. */
#include "picture.h"

#include <stdlib.h>

typedef struct {
    PyObject_HEAD
    PyObject *base;        /* the picture that the memory belongs to, NULL if it is our own */
    unsigned char *memory; /* from malloc() */
    Py_ssize_t size;       /* of the memory */
    Py_ssize_t length;     /* of the pixels: the product of the shape */
    int readonly;
    PictureLayout layout; /* start counts from `memory` */
} Picture;

/* The flags are groups of bits that include each other: all bits of `request` must be set. */
static int
asks_for(int flags, int request)
{
    return (flags & request) == request;
}

/* Why this request cannot be met, or NULL. `view` is filled in completely. */
static const char *
refusal(const Py_buffer *view, int flags)
{
    if (asks_for(flags, PyBUF_WRITABLE) && view->readonly)
        return "the picture is read-only";
    if (asks_for(flags, PyBUF_C_CONTIGUOUS) && !PyBuffer_IsContiguous(view, 'C'))
        return "the picture is not C-contiguous";
    if (asks_for(flags, PyBUF_F_CONTIGUOUS) && !PyBuffer_IsContiguous(view, 'F'))
        return "the picture is not Fortran-contiguous";
    if (asks_for(flags, PyBUF_ANY_CONTIGUOUS) && !PyBuffer_IsContiguous(view, 'A'))
        return "the picture is not contiguous";
    /* Who does not want strides takes the pixels to be in C order. */
    if (!asks_for(flags, PyBUF_STRIDES) && !PyBuffer_IsContiguous(view, 'C'))
        return "the picture is not C-contiguous and the request is without strides";
    return NULL;
}

static int
picture_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    static char unsigned_byte[] = "B";
    Picture *picture = (Picture *)self;
    const char *reason;

    /* First everything there is to say about the pixels. The arrays stay the picture's: it does
     * not change them, and view->obj keeps it alive. So there is nothing to release either. */
    view->buf = picture->memory + picture->layout.start;
    view->len = picture->length;
    view->itemsize = 1;
    view->readonly = picture->readonly;
    view->format = unsigned_byte;
    view->ndim = 3;
    view->shape = picture->layout.shape;
    view->strides = picture->layout.strides;
    view->suboffsets = NULL;
    view->internal = NULL;

    reason = refusal(view, flags);
    if (reason != NULL) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError, reason);
        return -1;
    }

    /* Then away with what was not asked for: its absence has a meaning of its own. */
    if (!asks_for(flags, PyBUF_FORMAT))
        view->format = NULL;
    if (!asks_for(flags, PyBUF_STRIDES))
        view->strides = NULL;
    if (!asks_for(flags, PyBUF_ND)) {
        view->shape = NULL;
        view->ndim = 1;
    }
    view->obj = Py_NewRef(self);
    return 0;
}

static void
picture_dealloc(PyObject *self)
{
    Picture *picture = (Picture *)self;

    if (picture->base != NULL)
        Py_DECREF(picture->base);
    else
        free(picture->memory);
    PyObject_Free(self);
}

static PyBufferProcs picture_as_buffer = {
    .bf_getbuffer = picture_getbuffer,
};

static PyTypeObject Picture_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "picture",
    .tp_basicsize = sizeof(Picture),
    .tp_dealloc = picture_dealloc,
    .tp_as_buffer = &picture_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

/* The number of items, or -1 if it is more than a Py_ssize_t holds or an axis is empty. */
static Py_ssize_t
count_items(const Py_ssize_t shape[3])
{
    Py_ssize_t count = 1;

    for (int axis = 0; axis < 3; axis++) {
        if (shape[axis] < 1 || count > PY_SSIZE_T_MAX / shape[axis])
            return -1;
        count *= shape[axis];
    }
    return count;
}

/* Whether every item lies within 0 .. size-1. Nothing is computed that could overflow. */
static int
lies_within(const PictureLayout *layout, Py_ssize_t size)
{
    Py_ssize_t lowest = layout->start, highest = layout->start;

    if (layout->start < 0 || layout->start >= size)
        return 0;
    for (int axis = 0; axis < 3; axis++) {
        Py_ssize_t steps = layout->shape[axis] - 1, stride = layout->strides[axis];

        if (steps == 0)
            continue;
        if (stride > (size - 1 - highest) / steps || stride < -(lowest / steps))
            return 0;
        if (stride > 0)
            highest += steps * stride;
        else
            lowest += steps * stride;
    }
    return 1;
}

/* Every picture is made here, so each one stays within its memory. */
static PyObject *
make_picture(PyObject *base, unsigned char *memory, Py_ssize_t size, int readonly,
             const PictureLayout *layout)
{
    Py_ssize_t length = count_items(layout->shape);
    Picture *picture;

    if (length < 0 || !lies_within(layout, size)) {
        PyErr_SetString(PyExc_ValueError, "the picture does not lie within its memory");
        return NULL;
    }
    picture = PyObject_New(Picture, &Picture_Type);
    if (picture == NULL)
        return NULL;
    picture->base = Py_XNewRef(base);
    picture->memory = memory;
    picture->size = size;
    picture->length = length;
    picture->readonly = readonly;
    picture->layout = *layout;
    return (PyObject *)picture;
}

int
Picture_Ready(void)
{
    return PyType_Ready(&Picture_Type);
}

PyObject *
Picture_FromMemory(unsigned char *memory, Py_ssize_t size, const PictureLayout *layout)
{
    PyObject *picture = make_picture(NULL, memory, size, 1, layout);

    if (picture == NULL)
        free(memory);
    return picture;
}

PyObject *
Picture_New(const Py_ssize_t shape[3])
{
    PictureLayout layout = {0, {shape[0], shape[1], shape[2]}, {0, 0, 0}};
    Py_ssize_t size = count_items(shape);
    unsigned char *memory;
    PyObject *picture;

    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "a picture cannot have this shape");
        return NULL;
    }
    memory = calloc((size_t)size, 1);
    if (memory == NULL)
        return PyErr_NoMemory();
    PyBuffer_FillContiguousStrides(3, layout.shape, layout.strides, 1, 'C');
    picture = make_picture(NULL, memory, size, 0, &layout);
    if (picture == NULL)
        free(memory);
    return picture;
}

PyObject *
Picture_View(PyObject *base, const PictureLayout *layout)
{
    Picture *picture = (Picture *)base;
    PictureLayout absolute = *layout;

    if (!Py_IS_TYPE(base, &Picture_Type)) {
        PyErr_SetString(PyExc_TypeError, "only a picture can be viewed as another picture");
        return NULL;
    }
    if (layout->start > PY_SSIZE_T_MAX - picture->layout.start) {
        PyErr_SetString(PyExc_ValueError, "the picture does not lie within its memory");
        return NULL;
    }
    absolute.start += picture->layout.start;
    return make_picture(base, picture->memory, picture->size, picture->readonly, &absolute);
}

/* The checker of exporters: good ones of every structure pass, and one planted lie is found. */
#include "random.h"

static Arena data, tables;
static Layout layout;
static int lie, reported;
static char last[300];
static Py_ssize_t other_shape[AXES], other_strides[AXES], other_suboffsets[AXES];

static const char *const lies[] = {"none",
                                   "readonly is 1 where writable memory was asked for",
                                   "len is one more",
                                   "len is one less",
                                   "itemsize is another with PyBUF_FORMAT",
                                   "a format that was not asked for",
                                   "no format",
                                   "a format of another size",
                                   "no shape",
                                   "a shape that was not asked for, of another number of items",
                                   "no strides",
                                   "strides of 0 where none were asked for",
                                   "suboffsets that were not asked for",
                                   "not contiguous as it was asked for",
                                   "no obj",
                                   "one reference too many",
                                   "one reference too few, at the release",
                                   "fails without an error",
                                   "fails with a KeyError's kin",
                                   "buf is another with PyBUF_STRIDES",
                                   "readonly memory is writable when asked for",
                                   "two references too many",
                                   "another shape with PyBUF_FORMAT",
                                   "succeeds with an error",
                                   "a negative shape"};

static void describe_checker(void)
{
    printf("#   the lie: %s; reported: %d, %s\n", lies[lie], reported, last);
    print_view("offer", &layout.view);
}

static int lying_get(Sample *self, Py_buffer *view, int flags)
{
    int format_too = (flags & PyBUF_FORMAT) != 0, nd = (flags & PyBUF_ND) != 0, strided = (flags & 16) != 0;
    if (lie == 20 && (flags & PyBUF_WRITABLE)) {
        Py_buffer writable = self->offer;
        writable.readonly = 0;
        return pybuffer_fill_view(view, (PyObject *)self, &writable, flags);
    }
    if (lie == 13) {
        /* Of whichever order was asked for, it is said to be. */
        return pybuffer_fill_view(view, (PyObject *)self, &self->offer, flags & ~(32 | 64 | 128));
    }
    int status = pybuffer_fill_view(view, (PyObject *)self, &self->offer, flags);
    if (status != 0) {
        if (lie == 17) {
            PyErr_Clear();
        }
        if (lie == 18) {
            PyErr_SetString(PyExc_LookupError, "no");
        }
        return status;
    }
    switch (lie) {
    case 1:
        view->readonly = flags & PyBUF_WRITABLE ? 1 : view->readonly;
        break;
    case 2:
        view->len++;
        break;
    case 3:
        view->len--;
        break;
    case 4:
        view->itemsize = format_too ? view->itemsize * 2 : view->itemsize;
        break;
    case 5:
        view->format = format_too ? view->format : self->offer.format;
        break;
    case 6:
        view->format = NULL;
        break;
    case 7:
        view->format = format_too ? (char *)"100q" : NULL;
        break;
    case 8:
        view->shape = NULL;
        break;
    case 9:
        if (!nd) {
            view->ndim = 1;
            other_shape[0] = self->offer.len + 1;
            view->shape = other_shape;
        }
        break;
    case 10:
        view->strides = NULL;
        break;
    case 11:
        if (!strided) {
            memset(other_strides, 0, sizeof(other_strides));
            view->strides = other_strides;
        }
        break;
    case 12:
        if ((flags & PyBUF_INDIRECT) != PyBUF_INDIRECT) {
            memset(other_suboffsets, 0, sizeof(other_suboffsets));
            view->suboffsets = other_suboffsets;
        }
        break;
    case 14:
        Py_DECREF(view->obj);
        view->obj = NULL;
        self->gets--;
        break;
    case 15: case 21:
        if (flags == PyBUF_FULL_RO) {
            for (int i = lie == 15 ? 0 : -1; i < 1; i++) {
                Py_INCREF(self);
                self->number++;
            }
        }
        break;
    case 19:
        view->buf = strided ? (char *)view->buf + 1 : view->buf;
        break;
    case 22:
        if (format_too && nd) {
            for (int i = 0; i < view->ndim; i++) {
                other_shape[i] = view->shape[i];
            }
            other_shape[0] += 1;
            view->shape = other_shape;
        }
        break;
    case 23:
        PyErr_SetString(PyExc_ValueError, "not so bad");
        break;
    case 24:
        if (nd) {
            for (int i = 0; i < view->ndim; i++) {
                other_shape[i] = view->shape[i];
            }
            other_shape[0] = -other_shape[0];
            view->shape = other_shape;
        }
        break;
    default:
        break;
    }
    return 0;
}

static void lying_release(Sample *self, Py_buffer *view)
{
    (void)view;
    if (lie == 16) {
        Py_DECREF(self);
    }
}

static void report(void *context, int flags, const char *message)
{
    MUST(context == &reported && message != NULL && flags >= -1);
    reported++;
    snprintf(last, sizeof(last), "%.250s", message);
}

/* Whether the lie is one about this structure. */
static int applies(void)
{
    int c = model_contiguous(&layout.view, 'C'), f = model_contiguous(&layout.view, 'F');
    switch (lie) {
    case 1:
        return !layout.view.readonly;
    case 11: case 19:
        return c && layout.view.ndim > 0;
    case 8: case 10: case 22: case 24:
        return layout.view.ndim > 0;
    case 9:
        return c;
    case 12:
        return layout.view.suboffsets == NULL && layout.view.ndim > 0;
    case 13:
        return !(c && f) && layout.view.suboffsets == NULL;
    case 17: case 18:
        return layout.view.readonly || !c;
    case 20:
        return layout.view.readonly;
    default:
        return 1;
    }
}

static void check_random(void)
{
    static char *const formats[] = {"<i", "d", "3s", "T{h:a:h:b:}", ">H"};
    static const Py_ssize_t sizes[] = {4, 8, 3, 4, 2};
    size_t f = below(COUNT(formats));
    Py_ssize_t shape[AXES];
    int ndim = random_shape(shape, 4, 60);
    lie = once_in(2) ? 0 : (int)below(COUNT(lies));
    reported = 0;
    last[0] = '\0';
    for (int i = 0; lie != 0 && i < ndim; i++) {
        shape[i] += shape[i] == 0;
    }
    if (lie != 0 && ndim > 0) {
        shape[0] += shape[0] == 1;
    }
    layout_make(&layout, sizes[f], ndim, shape, LAYOUT_POINTERS, &data, &tables);
    layout.view.format = formats[f];
    layout.view.readonly = once_in(3);
    if (!applies()) {
        return;
    }
    Sample *exporter = sample_new(&layout.view);
    exporter->on_get = lie == 0 && once_in(2) ? NULL : lying_get;
    exporter->on_release = lying_release;
    Py_ssize_t broken = pybuffer_check_exporter((PyObject *)exporter, report, &reported);
    MUST_RAISE(broken < 0, NULL);
    MUST_SAY(broken == reported, "%zd rules are broken, and %d were reported", broken, reported);
    MUST_SAY(lie != 0 || broken == 0, "a good exporter breaks %zd rules", broken);
    MUST_SAY(lie == 0 || broken > 0, "the lie is not found");
    executed();
    for (; exporter->number > 0; exporter->number--) {
        Py_DECREF(exporter);
    }
    if (lie == 14) {
        exporter->gets = exporter->releases;
    }
    sample_done(exporter);
}

/* Exporters of the library itself. */
static void check_own(void)
{
    Py_ssize_t shape[AXES], size = between(0, 40);
    int ndim = random_shape(shape, 4, 60);
    PyObject *object = NULL, *base = NULL;
    lie = 0;
    reported = 0;
    last[0] = '\0';
    layout_make(&layout, 4, ndim, shape, LAYOUT_POINTERS | LAYOUT_SHARED, &data, &tables);
    layout.view.format = "<i";
    layout.view.readonly = once_in(3);
    switch (below(7)) {
    case 0:
        object = PyBytes_FromStringAndSize("0123456789012345678901234567890123456789", size);
        break;
    case 1:
        object = PyByteArray_FromStringAndSize("0123456789012345678901234567890123456789", size);
        break;
    case 2:
        object = PyMemoryView_FromBuffer(&layout.view);
        break;
    case 3:
        object = pybuffer_memory_new(&layout.view, NULL, NULL);
        break;
    case 4:
        object = pybuffer_ndarray_zeros("<i", ndim, shape, ndim > 0 && once_in(3) ? PYBUFFER_ND_PIL : once_in(2) ? PYBUFFER_ND_FORTRAN : 0);
        break;
    case 5:
        base = PyByteArray_FromStringAndSize("0123456789012345678901234567890123456789", 40);
        object = PyBuffer_FromObject(base, size, Py_END_OF_BUFFER);
        break;
    default:
        base = PyMemoryView_FromBuffer(&layout.view);
        object = PyPickleBuffer_FromObject(base);
    }
    MUST_RAISE(object == NULL, NULL);
    Py_ssize_t broken = pybuffer_check_exporter(object, report, &reported);
    MUST_RAISE(broken < 0, NULL);
    MUST_SAY(broken == 0 && reported == 0, "%s breaks %zd rules", Py_TYPE(object)->tp_name, broken);
    executed();
    Py_DECREF(object);
    Py_XDECREF(base);
}

static void round_of_checker(void)
{
    arena_make(&data, 1 << 17);
    arena_make(&tables, 1 << 16);
    describe = describe_checker;
    once_in(4) ? check_own() : check_random();
}

const Family checker = {"checker", round_of_checker, 10000};

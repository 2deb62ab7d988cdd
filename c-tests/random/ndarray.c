/* ndarrays: stacks of random bases that are pushed and popped while views of them are held, requests of all kinds, parts,
 * assignments; against a model that keeps the bases as lists of items.
 */
#include "random.h"

enum { MOST_BASES = 8, MOST_VIEWS = 6, MOST_BYTES = 2048 };

typedef struct {
    int used, id, ndim, writable, pil, added, fails, views;
    Py_ssize_t shape[AXES], strides[AXES], itemsize, offset, nbytes;
    const char *format;
    size_t items;
    unsigned char data[MOST_BYTES]; /* as it was given, and changed since */
} Base;

/* The one on the top is the last one. */
static Base stack[MOST_BASES];
static int height, next_id, varexport;
static struct {
    int held, id, flags;
    Py_buffer view;
} views[MOST_VIEWS];
static char history[1000];

static void describe_ndarray(void)
{
    printf("#   %s\n#   %d bases:\n", history, height);
    for (int i = 0; i < height; i++) {
        Py_buffer shown;
        memset(&shown, 0, sizeof(shown));
        shown.ndim = stack[i].ndim;
        shown.itemsize = stack[i].itemsize;
        shown.format = (char *)stack[i].format;
        shown.shape = stack[i].shape;
        shown.strides = stack[i].strides;
        shown.len = (Py_ssize_t)stack[i].items * stack[i].itemsize;
        print_view("base", &shown);
        printf("#     offset %zd of %zd bytes, writable %d, pointers %d, %d views\n", stack[i].offset, stack[i].nbytes,
               stack[i].writable, stack[i].pil, stack[i].views);
    }
}

static void note(const char *what)
{
    size_t length = strlen(history);
    snprintf(history + length, sizeof(history) - length, "%s ", what);
}

/* Where an item is in the data of a base. */
static unsigned char *item_of(Base *base, size_t n)
{
    Py_ssize_t place = base->offset;
    for (int i = base->ndim - 1; i >= 0; i--) {
        place += (Py_ssize_t)(n % (size_t)base->shape[i]) * base->strides[i];
        n /= (size_t)base->shape[i];
    }
    return base->data + place;
}

/* Whether the items follow each other, in one order, in the memory, which starts with them. */
static int base_contiguous(Base *base, char order)
{
    Py_ssize_t step = base->itemsize;
    if (base->pil || base->added) {
        return 0;
    }
    if (base->items == 0) {
        return 1;
    }
    for (int k = 0; k < base->ndim; k++) {
        int i = order == 'C' ? base->ndim - 1 - k : k;
        if (base->shape[i] > 1 && base->strides[i] != step) {
            return 0;
        }
        step *= base->shape[i];
    }
    return 1;
}

/* A random base, as it is passed: strides are NULL where the order implies them. */
static void random_base(Base *base, int *flags, const Py_ssize_t **strides, Py_ssize_t *given)
{
    static const char *const formats[] = {"B", "<h", "i", "3s", "d", "<hb"};
    static const Py_ssize_t sizes[] = {1, 2, 4, 3, 8, 3};
    size_t f = below(COUNT(formats));
    memset(base, 0, offsetof(Base, data));
    base->used = 1;
    base->format = formats[f];
    base->itemsize = sizes[f];
    base->ndim = random_shape(base->shape, 4, MOST_BYTES / 10 / base->itemsize);
    base->items = (size_t)model_product(base->ndim, base->shape);
    base->writable = once_in(2);
    *flags = base->writable ? PYBUFFER_ND_WRITABLE : 0;
    base->pil = base->ndim > 0 && once_in(5);
    *flags |= base->pil ? PYBUFFER_ND_PIL : 0;
    Py_ssize_t low = 0, high = 0;
    if (once_in(2)) {
        int fortran = once_in(2);
        PyBuffer_FillContiguousStrides(base->ndim, base->shape, base->strides, (int)base->itemsize, fortran ? 'F' : 'C');
        *flags |= fortran ? PYBUFFER_ND_FORTRAN : 0;
        *strides = NULL;
    }
    else {
        /* Multiples of the itemsize, in any order, with gaps and signs; some share items. */
        int order[AXES];
        Py_ssize_t step = base->itemsize;
        shuffled(order, base->ndim);
        for (int i = 0; i < base->ndim; i++) {
            int axis = order[i];
            base->strides[axis] = once_in(12) ? 0 : step * (once_in(3) ? -1 : 1);
            step *= base->shape[axis] > 0 ? base->shape[axis] : 1;
            step += once_in(4) ? base->itemsize * between(1, 2) : 0;
            Py_ssize_t far = base->strides[axis] * (base->shape[axis] - 1);
            *(far < 0 ? &low : &high) += far;
        }
        memcpy(given, base->strides, sizeof(base->strides));
        *strides = given;
    }
    if (base->items == 0) {
        low = high = 0;
    }
    if (*strides == NULL && base->items > 0) {
        high = (Py_ssize_t)(base->items - 1) * base->itemsize;
    }
    base->offset = -low + base->itemsize * between(0, 2);
    base->nbytes = base->offset + high + base->itemsize + between(0, 5);
    if (base->nbytes > MOST_BYTES) {
        base->used = 0;
        return;
    }
    scribble(base->data, (size_t)base->nbytes);
}

/* The items of a view are those of a base. */
static void check_items(const Py_buffer *view, Base *base)
{
    static char *items[MOST_BYTES];
    if (view->shape == NULL || (view->strides == NULL && view->ndim > 1)) {
        return;
    }
    Py_ssize_t strides[AXES];
    Py_buffer whole = *view;
    if (view->strides == NULL) {
        PyBuffer_FillContiguousStrides(view->ndim, view->shape, strides, (int)view->itemsize, 'C');
        whole.strides = strides;
    }
    size_t count = model_items(&whole, 'C', items);
    MUST_SAY(count == base->items, "%zu items, not %zu", count, base->items);
    for (size_t n = 0; n < count; n++) {
        MUST_BE("an item", items[n], item_of(base, n), (size_t)base->itemsize);
    }
}

static void check_state(PyObject *nd)
{
    pybuffer_ndarray_state state;
    Base *top = &stack[height - 1];
    MUST_RAISE(pybuffer_ndarray_get_state(nd, &state) != 0, NULL);
    MUST_SAY(state.bases == height, "%zd bases, not %d", state.bases, height);
    MUST_SAY(state.exports == top->views, "%zd views of the base on the top, not %d", state.exports, top->views);
    MUST(state.reexports == 0);
    MUST_SAY(state.offset == (top->pil ? 0 : top->offset), "the offset is %zd", state.offset);
    MUST(top->pil || state.memlen == top->nbytes);
    int c = base_contiguous(top, 'C'), f = base_contiguous(top, 'F');
    MUST_SAY(((state.flags & PYBUFFER_ND_C) != 0) == c, "contiguous in C order: not %d", c);
    MUST_SAY(((state.flags & PYBUFFER_ND_FORTRAN) != 0) == f, "contiguous in Fortran order: not %d", f);
    MUST(((state.flags & PYBUFFER_ND_PIL) != 0) == top->pil);
    MUST(((state.flags & PYBUFFER_ND_WRITABLE) != 0) == top->writable);
    MUST(((state.flags & PYBUFFER_ND_SCALAR) != 0) == (top->ndim == 0));
    MUST(state.base->ndim == top->ndim && state.base->itemsize == top->itemsize && strcmp(state.base->format, top->format) == 0);
    MUST(state.base->len == (Py_ssize_t)top->items * top->itemsize);
}

/* A request, as CPython's ndarray answers it. */
static void ask(PyObject *nd)
{
    static const int structures[] = {0, PyBUF_ND, PyBUF_STRIDES, PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS, PyBUF_ANY_CONTIGUOUS, PyBUF_INDIRECT};
    int flags = structures[below(COUNT(structures))] | (once_in(2) ? PyBUF_FORMAT : 0) | (once_in(3) ? PyBUF_WRITABLE : 0);
    int at = (int)below(MOST_VIEWS);
    Base *top = &stack[height - 1];
    if (views[at].held) {
        return;
    }
    int c = base_contiguous(top, 'C'), f = base_contiguous(top, 'F'), pointers = top->pil || top->added;
    int refused = ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS && !c) || ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !f)
                  || ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS && !c && !f)
                  || ((flags & PyBUF_INDIRECT) != PyBUF_INDIRECT && top->pil) || ((flags & PyBUF_WRITABLE) && !top->writable)
                  || (!(flags & 16) && !c) || (!(flags & PyBUF_ND) && (flags & PyBUF_FORMAT)) || top->fails;
    note("get");
    int failed = PyObject_GetBuffer(nd, &views[at].view, flags) != 0;
    MUST_RAISE(failed, refused ? PyExc_BufferError : NULL);
    executed();
    if (failed) {
        return;
    }
    Py_buffer *view = &views[at].view;
    views[at].held = 1;
    views[at].id = top->id;
    top->views++;
    MUST(view->obj == nd);
    MUST(view->len == (Py_ssize_t)top->items * top->itemsize && view->itemsize == top->itemsize);
    MUST(view->readonly == !top->writable);
    MUST(flags & PyBUF_FORMAT ? strcmp(view->format, top->format) == 0 : view->format == NULL);
    MUST((view->strides != NULL) == ((flags & 16) && top->ndim > 0) || top->ndim == 0);
    MUST((view->shape != NULL) == ((flags & PyBUF_ND) && top->ndim > 0) || top->ndim == 0);
    MUST(view->ndim == (flags & PyBUF_ND ? top->ndim : 1));
    MUST((view->suboffsets != NULL) == pointers);
    check_items(view, top);
    if (top->writable && top->items > 0 && view->shape != NULL && view->strides != NULL && once_in(2)) {
        /* Through one view, to be seen in the others. */
        Py_ssize_t index[AXES];
        size_t n = below(top->items), rest = n;
        for (int i = top->ndim - 1; i >= 0; i--) {
            index[i] = (Py_ssize_t)(rest % (size_t)top->shape[i]);
            rest /= (size_t)top->shape[i];
        }
        char *item = model_item(view, index);
        scribble(item, (size_t)top->itemsize);
        memcpy(item_of(top, n), item, (size_t)top->itemsize);
    }
}

static void give_back(int at)
{
    note("release");
    for (int i = 0; i < height; i++) {
        if (stack[i].id != views[at].id) {
            continue;
        }
        check_items(&views[at].view, &stack[i]);
        PyBuffer_Release(&views[at].view);
        views[at].held = 0;
        stack[i].views--;
        if (stack[i].views == 0 && i < height - 1) {
            memmove(&stack[i], &stack[i + 1], (size_t)(height - 1 - i) * sizeof(*stack));
            height--;
        }
        executed();
        return;
    }
    fail(__FILE__, __LINE__, "a view of no base");
}

static void push(PyObject *nd)
{
    Base *base = &stack[height];
    int flags;
    const Py_ssize_t *strides;
    Py_ssize_t given[AXES];
    if (height == MOST_BASES) {
        return;
    }
    random_base(base, &flags, &strides, given);
    if (!base->used) {
        return;
    }
    if (once_in(10)) {
        flags |= PYBUFFER_ND_GETBUF_FAIL;
        base->fails = 1;
    }
    PyObject *error = stack[height - 1].views > 0 && !varexport ? PyExc_BufferError : NULL;
    if (once_in(16)) {
        error = error == NULL ? PyExc_ValueError : error;
        base->nbytes = base->offset + base->itemsize - 1; /* too few */
    }
    note("push");
    int failed = pybuffer_ndarray_push(nd, base->data, base->nbytes, base->format, base->ndim, base->shape, strides, base->offset, flags) != 0;
    if (error == PyExc_BufferError && failed && PyErr_Occurred() == PyExc_ValueError) {
        error = PyExc_ValueError; /* both are true */
    }
    MUST_RAISE(failed, error);
    if (!failed) {
        base->id = ++next_id;
        height++;
    }
    executed();
}

static void pop(PyObject *nd)
{
    note("pop");
    int refused = height == 1 || stack[height - 1].views > 0;
    MUST_RAISE(pybuffer_ndarray_pop(nd) != 0, refused ? PyExc_BufferError : NULL);
    height -= !refused;
    executed();
}

static void part(PyObject *nd)
{
    Base *top = &stack[height - 1];
    if (top->ndim == 0 || top->fails) {
        return;
    }
    note("part");
    Py_ssize_t step = once_in(2) ? -1 : 2, start = step < 0 ? top->shape[0] - 1 : 0, length = step < 0 ? top->shape[0] : (top->shape[0] + 1) / 2;
    pybuffer_subscript slice = PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, step);
    PyObject *some = pybuffer_ndarray_subscript(nd, &slice, 1);
    if (some == NULL) {
        MUST(top->pil && PyErr_Occurred() == PyExc_NotImplementedError);
        PyErr_Clear();
        return;
    }
    MUST_RAISE(0, NULL);
    Py_buffer view;
    static char *items[MOST_BYTES];
    MUST_RAISE(PyObject_GetBuffer(some, &view, PyBUF_FULL_RO) != 0, NULL);
    MUST(view.shape[0] == length);
    size_t count = model_items(&view, 'C', items), row = top->shape[0] == 0 ? 0 : top->items / (size_t)top->shape[0];
    MUST(count == row * (size_t)length);
    for (size_t n = 0; n < count; n++) {
        size_t of = (size_t)(start + (Py_ssize_t)(n / row) * step) * row + n % row;
        MUST_BE("an item of the part", items[n], item_of(top, of), (size_t)top->itemsize);
    }
    PyObject *all = PyBytes_FromObject(some);
    MUST_RAISE(all == NULL, NULL);
    for (size_t n = 0; n < count; n++) {
        MUST_BE("an item of the copy", PyBytes_AsString(all) + n * (size_t)top->itemsize, items[n], (size_t)top->itemsize);
    }
    Py_DECREF(all);
    PyBuffer_Release(&view);
    Py_DECREF(some);
    executed();
}

static void add_suboffsets(PyObject *nd)
{
    Base *top = &stack[height - 1];
    note("add_suboffsets");
    int refused = top->pil || top->added || top->ndim == 0;
    MUST_RAISE(pybuffer_ndarray_add_suboffsets(nd) != 0, refused ? PyExc_TypeError : NULL);
    top->added |= !refused;
    executed();
}

/* A copy of all items from another exporter. */
static void assign(PyObject *nd)
{
    Base *top = &stack[height - 1];
    if (top->fails || top->items == 0 || !top->writable) {
        return;
    }
    note("assign");
    static unsigned char fresh[MOST_BYTES * 4];
    scribble(fresh, top->items * (size_t)top->itemsize);
    PyObject *from = pybuffer_ndarray_new(fresh, (Py_ssize_t)top->items * top->itemsize, top->format, top->ndim, top->shape, NULL, 0, 0);
    MUST_RAISE(from == NULL, NULL);
    MUST_RAISE(pybuffer_ndarray_assign(nd, NULL, 0, from) != 0, NULL);
    for (size_t n = 0; n < top->items; n++) {
        memcpy(item_of(top, n), fresh + n * (size_t)top->itemsize, (size_t)top->itemsize);
    }
    Py_DECREF(from);
    executed();
}

static void round_of_ndarray(void)
{
    int flags;
    const Py_ssize_t *strides;
    Py_ssize_t given[AXES];
    describe = describe_ndarray;
    history[0] = '\0';
    height = 0;
    varexport = once_in(2);
    random_base(&stack[0], &flags, &strides, given);
    if (!stack[0].used) {
        return;
    }
    PyObject *nd = pybuffer_ndarray_new(stack[0].data, stack[0].nbytes, stack[0].format, stack[0].ndim, stack[0].shape, strides,
                                        stack[0].offset, flags | (varexport ? PYBUFFER_ND_VAREXPORT : 0));
    MUST_RAISE(nd == NULL, NULL);
    stack[0].id = ++next_id;
    height = 1;
    for (int steps = (int)between(1, 20); steps > 0; steps--) {
        int at = (int)below(MOST_VIEWS);
        switch (below(9)) {
        case 0:
            push(nd);
            break;
        case 1:
            pop(nd);
            break;
        case 2:
            part(nd);
            break;
        case 3:
            once_in(3) ? add_suboffsets(nd) : assign(nd);
            break;
        case 4: case 5:
            if (views[at].held) {
                give_back(at);
            }
            break;
        default:
            ask(nd);
        }
        check_state(nd);
    }
    for (int i = 0; i < MOST_VIEWS; i++) {
        if (views[i].held) {
            give_back(i);
        }
    }
    MUST(Py_REFCNT(nd) == 1);
    Py_DECREF(nd);
}

const Family ndarray = {"ndarray", round_of_ndarray, 100000};

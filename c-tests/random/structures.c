/* Random structures, and the naive model of what their items are. See random.h. */
#include "random.h"

/* ---- random structures --------------------------------------------------------------------------------------- */

int random_shape(Py_ssize_t *shape, int most_axes, Py_ssize_t limit)
{
    int ndim = (int)below((uint64_t)most_axes + 1);
    Py_ssize_t left = limit;
    for (int i = 0; i < ndim; i++) {
        /* Mostly small, so that there is something left for the other axes. */
        Py_ssize_t most = once_in(3) ? left : left < 5 ? left : 5;
        shape[i] = most < 1 ? 1 : scaled(1, most);
        left /= shape[i];
    }
    for (int i = ndim - 1; i > 0; i--) {
        int other = (int)below((uint64_t)i + 1);
        Py_ssize_t length = shape[i];
        shape[i] = shape[other];
        shape[other] = length;
    }
    if (ndim > 0 && once_in(60)) {
        shape[below((uint64_t)ndim)] = 0;
    }
    return ndim;
}

/* Strides for the axes from `first` to before `end`, for elements of `size` bytes, multiples of `unit`. Returns whether any
 * two of the elements may share bytes. */
static int random_strides(Layout *layout, int first, int end, Py_ssize_t size, Py_ssize_t unit, int shared)
{
    int order[AXES], style = (int)below(5);
    Py_ssize_t step = size;
    int some = 0;
    shuffled(order, end - first);
    if (once_in(3)) {
        step += unit * between(0, unit > 1 ? 6 : once_in(4) ? 300 : 3 * size + 8);
    }
    for (int i = 0; i < end - first; i++) {
        /* C order and Fortran order now and then, else any. */
        int axis = first + (style == 0 ? end - first - 1 - i : style == 1 ? i : order[i]);
        Py_ssize_t stride = step;
        if (shared && once_in(16)) {
            stride = once_in(2) ? 0 : unit * between(0, size / unit);
            some |= layout->shape[axis] > 1;
        }
        else {
            step *= layout->shape[axis] > 0 ? layout->shape[axis] : 1;
            if (once_in(5)) {
                step += unit * between(1, unit > 1 ? 5 : 40);
            }
        }
        layout->strides[axis] = once_in(4) ? -stride : stride;
    }
    return some;
}

/* The bytes below and above the element at index 0 that the axes reach. */
static void reach(const Layout *layout, int first, int end, Py_ssize_t *below_it, Py_ssize_t *above_it)
{
    *below_it = *above_it = 0;
    for (int i = first; i < end; i++) {
        Py_ssize_t far = (layout->shape[i] - 1) * layout->strides[i];
        *(far < 0 ? below_it : above_it) += far < 0 ? -far : far;
    }
}

static void layout_complete(Layout *layout, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape)
{
    memset(&layout->view, 0, sizeof(layout->view));
    layout->items = 1;
    for (int i = 0; i < ndim; i++) {
        layout->shape[i] = shape[i];
        layout->suboffsets[i] = -1;
        layout->items *= shape[i];
    }
    layout->view.itemsize = itemsize;
    layout->view.len = layout->items * itemsize;
    layout->view.ndim = ndim;
    layout->view.shape = layout->shape;
    layout->view.strides = layout->strides;
    layout->low = layout->table = NULL;
    layout->span = layout->table_span = 0;
    layout->shared = 0;
}

void layout_strided(Layout *layout, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides)
{
    layout_complete(layout, itemsize, ndim, shape);
    for (int i = 0; i < ndim; i++) {
        layout->strides[i] = strides[i];
    }
    Py_ssize_t down, up;
    reach(layout, 0, ndim, &down, &up);
    layout->span = layout->items == 0 ? 0 : (size_t)(down + up + itemsize);
}

void layout_put(Layout *layout, char *low)
{
    Py_ssize_t down, up;
    reach(layout, 0, layout->view.ndim, &down, &up);
    layout->low = low;
    layout->view.buf = layout->items == 0 ? low : low + down;
}

/* Fills the pointers of one segment of axes, which ends at axis `end`, with the places of the next segment. */
typedef struct {
    Layout *layout;
    const int *ends; /* of the segments, the last of which has the items */
    int segments;
    char *tables, *next_block;
    Py_ssize_t block, block_down, blocks_left;
    int alias;
} Builder;

static char *build_segment(Builder *builder, int segment);

static void build_pointers(Builder *builder, int segment, int axis, char *place)
{
    Layout *layout = builder->layout;
    int end = builder->ends[segment];
    if (axis == end) {
        char *target = build_segment(builder, segment + 1) - layout->suboffsets[end - 1];
        memcpy(place, &target, sizeof(target));
        return;
    }
    for (Py_ssize_t i = 0; i < layout->shape[axis]; i++) {
        build_pointers(builder, segment, axis + 1, place + i * layout->strides[axis]);
    }
}

/* The place of the element at index 0. */
static char *build_segment(Builder *builder, int segment)
{
    Layout *layout = builder->layout;
    int first = segment == 0 ? 0 : builder->ends[segment - 1];
    Py_ssize_t down, up;
    reach(layout, first, builder->ends[segment], &down, &up);
    if (segment == builder->segments - 1) {
        char *block = builder->next_block + builder->block_down;
        if (!(builder->alias && builder->blocks_left > 1 && once_in(4))) {
            builder->next_block += builder->block;
        }
        builder->blocks_left--;
        return block;
    }
    char *zero = builder->tables + down;
    builder->tables = zero + up + (Py_ssize_t)sizeof(char *);
    build_pointers(builder, segment, first, zero);
    return zero;
}

/* Returns 0 where that would be too large. */
static int lay_pointers(Layout *layout, int allowed, const Arena *data, const Arena *tables)
{
    int ends[AXES + 1], segments = 0, ndim = layout->view.ndim, end = 0;
    Py_ssize_t itemsize = layout->view.itemsize, tables_size = 0, elements = 1;
    for (int i = 0; i < ndim; i++) {
        if (once_in(3) || (segments == 0 && i == ndim - 1)) {
            layout->suboffsets[i] = once_in(2) ? 0 : between(0, 40);
            ends[segments++] = i + 1;
        }
    }
    ends[segments++] = ndim;
    for (int s = 0; s < segments; s++) {
        int first = end;
        end = ends[s];
        Py_ssize_t size = s == segments - 1 ? itemsize : (Py_ssize_t)sizeof(char *), down, up, before = elements;
        int some = random_strides(layout, first, end, size, s == segments - 1 ? 1 : 8,
                                  s == segments - 1 ? allowed & LAYOUT_SHARED : 0);
        layout->shared |= some;
        reach(layout, first, end, &down, &up);
        for (int i = first; i < end; i++) {
            elements *= layout->shape[i];
        }
        if (s < segments - 1) {
            tables_size += before * (down + up + 8);
            continue;
        }
        Py_ssize_t gap = once_in(2) ? 0 : between(0, 64);
        size_t whole = (size_t)(before * (down + up + itemsize) + (before - 1) * gap);
        if (whole > data->size || (size_t)tables_size > tables->size) {
            return 0;
        }
        layout->low = arena_place(data, whole);
        layout->span = whole;
        layout->table = arena_place(tables, (size_t)tables_size);
        layout->table -= (uintptr_t)layout->table % 8;
        if (layout->table < tables->start) {
            layout->table += 8;
        }
        layout->table_span = (size_t)tables_size;
        Builder builder = {layout, ends, segments, layout->table, layout->low, down + up + itemsize + gap, down, before,
                           allowed & LAYOUT_SHARED && once_in(4)};
        layout->shared |= builder.alias;
        layout->view.buf = build_segment(&builder, 0);
        layout->view.suboffsets = layout->suboffsets;
    }
    return 1;
}

void layout_make(Layout *layout, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape, int allowed, const Arena *data,
                 const Arena *tables)
{
    layout_complete(layout, itemsize, ndim, shape);
    if ((allowed & LAYOUT_POINTERS) && ndim > 0 && layout->items > 0 && layout->items < 400 && once_in(4)) {
        if (lay_pointers(layout, allowed, data, tables)) {
            return;
        }
        layout_complete(layout, itemsize, ndim, shape);
    }
    layout->shared = random_strides(layout, 0, ndim, itemsize, 1, allowed & LAYOUT_SHARED);
    Py_ssize_t down, up;
    reach(layout, 0, ndim, &down, &up);
    layout->span = layout->items == 0 ? 0 : (size_t)(down + up + itemsize);
    if (layout->span > data->size) {
        /* Too far apart: in C order. */
        PyBuffer_FillContiguousStrides(ndim, layout->shape, layout->strides, (int)itemsize, 'C');
        layout->shared = 0;
        layout->span = (size_t)layout->view.len;
    }
    /* Without bytes, nothing may be read. */
    layout_put(layout, layout->span == 0 ? data->start - PAGE / 2 : arena_place(data, layout->span));
}

void print_view(const char *name, const Py_buffer *view)
{
    printf("#   %s: buf %p, len %zd, itemsize %zd, ndim %d, format %s", name, view->buf, view->len, view->itemsize,
           view->ndim, view->format == NULL ? "NULL" : view->format);
    const Py_ssize_t *arrays[] = {view->shape, view->strides, view->suboffsets};
    static const char *const names[] = {"shape", "strides", "suboffsets"};
    for (int a = 0; a < 3; a++) {
        if (arrays[a] == NULL) {
            continue;
        }
        printf(", %s {", names[a]);
        for (int i = 0; i < view->ndim && i < 130; i++) {
            printf("%s%zd", i == 0 ? "" : ", ", arrays[a][i]);
        }
        printf("}");
    }
    printf("\n");
}

/* ---- the model ----------------------------------------------------------------------------------------------- */

char **model_list[3];

char *model_item(const Py_buffer *view, const Py_ssize_t *index)
{
    char *place = view->buf;
    for (int i = 0; i < view->ndim; i++) {
        place += index[i] * view->strides[i];
        if (view->suboffsets != NULL && view->suboffsets[i] >= 0) {
            memcpy(&place, place, sizeof(place));
            place += view->suboffsets[i];
        }
    }
    return place;
}

static char **list_axis(const Py_buffer *view, int axis, char *place, char **items)
{
    if (axis == view->ndim) {
        *items = place;
        return items + 1;
    }
    for (Py_ssize_t i = 0; i < view->shape[axis]; i++) {
        char *next = place + i * view->strides[axis];
        if (view->suboffsets != NULL && view->suboffsets[axis] >= 0) {
            memcpy(&next, next, sizeof(next));
            next += view->suboffsets[axis];
        }
        items = list_axis(view, axis + 1, next, items);
    }
    return items;
}

size_t model_items(const Py_buffer *view, char order, char **items)
{
    if (order != 'F' || view->ndim < 2) {
        return (size_t)(list_axis(view, 0, view->buf, items) - items);
    }
    Py_ssize_t index[AXES] = {0};
    size_t count = (size_t)model_product(view->ndim, view->shape);
    for (size_t n = 0; n < count; n++) {
        items[n] = model_item(view, index);
        for (int i = 0; i < view->ndim && ++index[i] == view->shape[i]; i++) {
            index[i] = 0;
        }
    }
    return count;
}

int model_contiguous(const Py_buffer *view, char order)
{
    if (view->suboffsets != NULL) {
        return 0;
    }
    if (view->len == 0) {
        return 1;
    }
    if (order == 'A') {
        return model_contiguous(view, 'C') || model_contiguous(view, 'F');
    }
    size_t count = model_items(view, order, model_list[2]);
    for (size_t i = 0; i < count; i++) {
        if (model_list[2][i] != (char *)view->buf + i * (size_t)view->itemsize) {
            return 0;
        }
    }
    return 1;
}

const char *const copies_by[3] = {"PyBuffer_ToContiguous", "PyBuffer_FromContiguous", "PyObject_CopyData"};

void copy_like_the_model(Layout *first, Layout *second, int way)
{
    size_t count = model_items(&first->view, 'C', model_list[0]), size = (size_t)first->view.itemsize;
    model_items(&second->view, 'C', model_list[1]);
    char *source = snapshot(0, first->low, first->span), *expected = snapshot(1, second->low, second->span);
    for (size_t i = 0; i < count; i++) {
        memcpy(expected + (model_list[1][i] - second->low), model_list[0][i], size);
    }
    int status;
    if (way == 0) {
        status = PyBuffer_ToContiguous(second->low, &first->view, first->view.len, 'C');
    }
    else if (way == 1) {
        status = PyBuffer_FromContiguous(&second->view, first->low, first->view.len, 'C');
    }
    else {
        Sample *from = sample_new(&first->view), *to = sample_new(&second->view);
        status = PyObject_CopyData((PyObject *)to, (PyObject *)from);
        sample_done(from);
        sample_done(to);
    }
    MUST_RAISE(status != 0, NULL);
    MUST_BE("the destination", second->low, expected, second->span);
    MUST_BE("the source", first->low, source, first->span);
    executed();
}

/* Chains of parts of memoryviews: subscripts, flips, permutations, shapes, broadcasts and casts, each applied to the view
 * and to a list of addresses, which must stay the same.
 */
#include "random.h"

static Arena data, tables;
static Layout layout;
static char chain[2000];

/* A view as the model has it: where each item is, in C order. */
typedef struct {
    int ndim;
    Py_ssize_t shape[64], itemsize;
    size_t count;
    char *items[2048];
    int readonly, repeated;
} Model;

static Model now, next;
static int has_pointers;
static const char *format;

static void describe_parts(void)
{
    printf("#   %s\n", chain);
    print_view("base", &layout.view);
}

static void note(const char *text)
{
    size_t length = strlen(chain);
    snprintf(chain + length, sizeof(chain) - length, "%s", text);
}

static void note_numbers(const char *text, const Py_ssize_t *values, int count)
{
    char number[32];
    note(text);
    for (int i = 0; i < count; i++) {
        snprintf(number, sizeof(number), i == 0 ? "%zd" : ",%zd", values[i]);
        note(number);
    }
    note(") ");
}

static size_t count_of(int ndim, const Py_ssize_t *shape)
{
    return (size_t)model_product(ndim, shape);
}

/* The indices of the n-th item in C order. */
static void indices_of(size_t n, int ndim, const Py_ssize_t *shape, Py_ssize_t *index)
{
    for (int i = ndim - 1; i >= 0; i--) {
        index[i] = (Py_ssize_t)(n % (size_t)shape[i]);
        n /= (size_t)shape[i];
    }
}

static size_t rank_of(int ndim, const Py_ssize_t *shape, const Py_ssize_t *index)
{
    size_t rank = 0;
    for (int i = 0; i < ndim; i++) {
        rank = rank * (size_t)shape[i] + (size_t)index[i];
    }
    return rank;
}

/* Whether strides can say where the items are. */
static int is_strided(const Model *model)
{
    Py_ssize_t strides[64], index[64];
    if (model->count == 0) {
        return 1;
    }
    for (int i = 0; i < model->ndim; i++) {
        memset(index, 0, sizeof(index));
        strides[i] = 0;
        if (model->shape[i] > 1) {
            index[i] = 1;
            strides[i] = model->items[rank_of(model->ndim, model->shape, index)] - model->items[0];
        }
    }
    for (size_t n = 0; n < model->count; n++) {
        char *place = model->items[0];
        indices_of(n, model->ndim, model->shape, index);
        for (int i = 0; i < model->ndim; i++) {
            place += index[i] * strides[i];
        }
        if (place != model->items[n]) {
            return 0;
        }
    }
    return 1;
}

static void check_view(PyObject *view)
{
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    MUST_SAY(is->ndim == now.ndim, "%d axes, not %d", is->ndim, now.ndim);
    for (int i = 0; i < now.ndim; i++) {
        MUST_SAY(is->shape[i] == now.shape[i], "axis %d has %zd items, not %zd", i, is->shape[i], now.shape[i]);
    }
    MUST(is->itemsize == now.itemsize);
    MUST_SAY(is->len == (Py_ssize_t)now.count * now.itemsize, "len is %zd, not %zd", is->len, (Py_ssize_t)now.count * now.itemsize);
    MUST_SAY((is->readonly != 0) == now.readonly, "readonly is %d", is->readonly);
    MUST(is->strides != NULL || now.ndim == 0);
    if (now.count > 0) {
        for (int tries = 0; tries < 4; tries++) {
            Py_ssize_t index[64];
            size_t n = tries == 0 ? 0 : tries == 1 ? now.count - 1 : below(now.count);
            indices_of(n, now.ndim, now.shape, index);
            char *place = PyBuffer_GetPointer(is, index);
            MUST_SAY(place == now.items[n], "item %zu is %td bytes off", n, place - now.items[n]);
            MUST(pybuffer_memoryview_item_pointer(view, index, now.ndim) == place);
        }
    }
    if (once_in(8)) {
        size_t bytes = now.count * (size_t)now.itemsize;
        char *expected = snapshot(0, data.start, bytes);
        for (size_t n = 0; n < now.count; n++) {
            memcpy(expected + n * (size_t)now.itemsize, now.items[n], (size_t)now.itemsize);
        }
        PyObject *all = pybuffer_memoryview_tobytes(view, 'C');
        MUST_RAISE(all == NULL, NULL);
        MUST_BE("the items", PyBytes_AsString(all), expected, bytes);
        Py_DECREF(all);
    }
    if (once_in(4) && now.count < 200) {
        /* By the definition: where all items are. */
        int c = !has_pointers, f = !has_pointers;
        for (size_t n = 0; n < now.count; n++) {
            Py_ssize_t index[64];
            size_t place = 0;
            c &= now.items[n] == now.items[0] + n * (size_t)now.itemsize;
            indices_of(n, now.ndim, now.shape, index);
            for (int i = now.ndim - 1; i >= 0; i--) {
                place = place * (size_t)now.shape[i] + (size_t)index[i];
            }
            f &= now.items[n] == now.items[0] + place * (size_t)now.itemsize;
        }
        if (!has_pointers && now.count > 0 && now.itemsize > 0) {
            MUST_SAY(PyBuffer_IsContiguous(is, 'C') == c, "contiguous in C order: %d, not %d", PyBuffer_IsContiguous(is, 'C'), c);
            MUST_SAY(PyBuffer_IsContiguous(is, 'F') == f, "contiguous in Fortran order: %d, not %d", PyBuffer_IsContiguous(is, 'F'), f);
        }
    }
}

/* ---- one step each: the new view, or NULL, for which the model says whether that is right ------------------------- */

/* The error that the step must raise; NULL where it must succeed. `may_refuse`: where there are pointers it may say that it is not
 * implemented. */
static PyObject *expected_error;
static int may_refuse;

/* As Python's slice.indices has it. */
static Py_ssize_t slice_of(Py_ssize_t length, const pybuffer_subscript *slice, Py_ssize_t *start, Py_ssize_t *step)
{
    *step = slice->step == PYBUFFER_ABSENT ? 1 : slice->step;
    Py_ssize_t low = *step < 0 ? -1 : 0, high = *step < 0 ? length - 1 : length, stop;
    if (slice->start == PYBUFFER_ABSENT) {
        *start = *step < 0 ? high : low;
    }
    else {
        *start = slice->start < 0 ? slice->start + length : slice->start;
        *start = *start < low ? low : *start > high ? high : *start;
    }
    if (slice->stop == PYBUFFER_ABSENT) {
        stop = *step < 0 ? low : high;
    }
    else {
        stop = slice->stop < 0 ? slice->stop + length : slice->stop;
        stop = stop < low ? low : stop > high ? high : stop;
    }
    Py_ssize_t count = 0;
    if (*step > 0 ? *start < stop : *start > stop) {
        Py_ssize_t far = *step > 0 ? stop - *start : *start - stop;
        uint64_t by = *step > 0 ? (uint64_t)*step : -(uint64_t)*step;
        count = (Py_ssize_t)(((uint64_t)far - 1) / by + 1);
    }
    return count;
}

static Py_ssize_t random_bound(Py_ssize_t length)
{
    switch (below(6)) {
    case 0: case 1:
        return PYBUFFER_ABSENT;
    case 2:
        return once_in(2) ? PY_SSIZE_T_MAX - (Py_ssize_t)below(3) : PY_SSIZE_T_MIN + 1 + (Py_ssize_t)below(3);
    default:
        return between(-length - 2, length + 2);
    }
}

static PyObject *take(PyObject *view)
{
    pybuffer_subscript subscripts[12];
    int count = 0, axes = 0, ellipsis = -1, news = 0, bad = 0;
    int wanted = (int)below((uint64_t)now.ndim + 1) + once_in(20);
    note("[");
    for (int i = 0; i <= wanted && count < 11; i++) {
        char text[120] = "";
        if (once_in(10)) {
            subscripts[count++] = (pybuffer_subscript)PYBUFFER_NEWAXIS;
            news++;
            note("newaxis,");
        }
        if (i < wanted && once_in(8)) {
            bad |= ellipsis >= 0;
            ellipsis = count;
            subscripts[count++] = (pybuffer_subscript)PYBUFFER_ELLIPSIS;
            note("...,");
            if (count > 10) {
                break;
            }
        }
        if (i == wanted) {
            break;
        }
        Py_ssize_t length = now.ndim > 0 ? now.shape[axes < now.ndim ? axes : now.ndim - 1] : 1;
        if (once_in(3)) {
            Py_ssize_t at = once_in(25) || length == 0 ? between(-length - 2, length + 1) : between(-length, length - 1);
            subscripts[count++] = (pybuffer_subscript)PYBUFFER_AT(at);
            snprintf(text, sizeof(text), "%zd,", at);
        }
        else {
            static const Py_ssize_t steps[] = {PYBUFFER_ABSENT, 1, 1, -1, -1, 2, -2, 3, 5, PY_SSIZE_T_MAX, PY_SSIZE_T_MIN + 1};
            Py_ssize_t step = once_in(60) ? 0 : steps[below(once_in(4) ? COUNT(steps) : 7)];
            subscripts[count++] = (pybuffer_subscript)PYBUFFER_SLICE(random_bound(length), random_bound(length), step);
            snprintf(text, sizeof(text), "%zd:%zd:%zd,", subscripts[count - 1].start, subscripts[count - 1].stop, step);
        }
        note(text);
        axes++;
    }
    note("] ");
    expected_error = NULL;
    /* The axes of the old view and what each of them gives. */
    int skipped = now.ndim - axes;
    PyObject *first_error = bad ? PyExc_IndexError : axes > now.ndim ? PyExc_TypeError : NULL;
    next = now;
    next.ndim = 0;
    Py_ssize_t starts[64], steps[64];
    int from[64], fixed[64];
    int axis = 0, old = 0;
    for (int i = 0; i <= count && first_error == NULL; i++) {
        int whole = 0;
        if (i == count) {
            whole = ellipsis < 0 ? skipped : 0;
        }
        else if (subscripts[i].kind == PYBUFFER_SUBSCRIPT_ELLIPSIS) {
            whole = skipped;
        }
        else if (subscripts[i].kind == PYBUFFER_SUBSCRIPT_NEWAXIS) {
            from[axis] = -1;
            starts[axis] = 0;
            steps[axis] = 0;
            next.shape[axis++] = 1;
            continue;
        }
        else if (subscripts[i].kind == PYBUFFER_SUBSCRIPT_INDEX) {
            Py_ssize_t at = subscripts[i].start;
            at += at < 0 ? now.shape[old] : 0;
            if (at < 0 || at >= now.shape[old]) {
                first_error = PyExc_IndexError;
            }
            fixed[old] = 1;
            starts[63 - old] = at; /* axes are few */
            old++;
            continue;
        }
        else {
            if (subscripts[i].step == 0) {
                first_error = PyExc_ValueError;
                break;
            }
            from[axis] = old;
            fixed[old] = 0;
            next.shape[axis] = slice_of(now.shape[old], &subscripts[i], &starts[axis], &steps[axis]);
            axis++;
            old++;
            continue;
        }
        for (; whole > 0; whole--) {
            from[axis] = old;
            fixed[old] = 0;
            starts[axis] = 0;
            steps[axis] = 1;
            next.shape[axis++] = now.shape[old++];
        }
    }
    next.ndim = axis;
    expected_error = first_error;
    may_refuse = has_pointers;
    if (first_error == NULL) {
        next.count = count_of(next.ndim, next.shape);
        for (size_t n = 0; n < next.count; n++) {
            Py_ssize_t index[64], before[64];
            indices_of(n, next.ndim, next.shape, index);
            for (int o = 0; o < now.ndim; o++) {
                before[o] = fixed[o] ? starts[63 - o] : 0;
            }
            for (int a = 0; a < next.ndim; a++) {
                if (from[a] >= 0) {
                    /* The step of a slice of one place may be anything. */
                    before[from[a]] = starts[a] + (index[a] == 0 ? 0 : index[a] * steps[a]);
                }
            }
            next.items[n] = now.items[rank_of(now.ndim, now.shape, before)];
        }
    }
    (void)news;
    return once_in(2) || count > 0 ? pybuffer_memoryview_subscript(view, subscripts, count)
                                   : pybuffer_memoryview_subscript(view, NULL, 0);
}

static PyObject *flip(PyObject *view)
{
    int axis = (int)between(-now.ndim - 1, now.ndim), real = axis < 0 ? axis + now.ndim : axis;
    note_numbers("flip(", (Py_ssize_t[]){axis}, 1);
    next = now;
    may_refuse = has_pointers;
    if (real < 0 || real >= now.ndim) {
        expected_error = PyExc_ValueError;
        may_refuse = 0;
    }
    else {
        for (size_t n = 0; n < now.count; n++) {
            Py_ssize_t index[64];
            indices_of(n, now.ndim, now.shape, index);
            index[real] = now.shape[real] - 1 - index[real];
            next.items[n] = now.items[rank_of(now.ndim, now.shape, index)];
        }
    }
    return pybuffer_memoryview_flip(view, axis);
}

static PyObject *permute(PyObject *view)
{
    int axes[64], given[64], none = once_in(4), bad = 0;
    shuffled(axes, now.ndim);
    note(none ? "transpose(" : "permute(");
    for (int i = 0; i < now.ndim; i++) {
        axes[i] = none ? now.ndim - 1 - i : axes[i];
        given[i] = axes[i] - (once_in(4) ? now.ndim : 0);
        note_numbers("", (Py_ssize_t[]){given[i]}, 1);
    }
    note(") ");
    int count = now.ndim;
    if (!none && now.ndim > 0 && once_in(20)) {
        int at = (int)below((uint64_t)now.ndim);
        switch (below(3)) {
        case 0:
            given[at] = now.ndim + (int)below(3);
            break;
        case 1:
            given[at] = -now.ndim - 1;
            break;
        default:
            count--;
        }
        bad = 1;
    }
    next = now;
    may_refuse = has_pointers;
    expected_error = bad ? PyExc_ValueError : NULL;
    for (int i = 0; i < now.ndim; i++) {
        next.shape[i] = now.shape[axes[i]];
    }
    for (size_t n = 0; n < now.count; n++) {
        Py_ssize_t index[64], before[64];
        indices_of(n, next.ndim, next.shape, index);
        for (int i = 0; i < now.ndim; i++) {
            before[axes[i]] = index[i];
        }
        next.items[n] = now.items[rank_of(now.ndim, now.shape, before)];
    }
    return pybuffer_memoryview_permute(view, none ? NULL : given, count);
}

static PyObject *broadcast(PyObject *view)
{
    Py_ssize_t shape[64];
    int more = (int)below(3), bad = 0, repeated = 0;
    next = now;
    next.ndim = now.ndim + more;
    for (int i = 0; i < next.ndim; i++) {
        Py_ssize_t length = i < more ? 1 : now.shape[i - more];
        shape[i] = length;
        if (length == 1 && once_in(2)) {
            shape[i] = once_in(8) ? 0 : between(1, 4);
        }
        else if (once_in(40)) {
            shape[i] = length + between(1, 2) * (once_in(4) ? -1 : 1);
            bad |= length != 1 || shape[i] < 0;
        }
        repeated |= shape[i] > 1 && length == 1;
        next.shape[i] = shape[i];
    }
    note_numbers("broadcast(", shape, next.ndim);
    expected_error = bad ? PyExc_ValueError : NULL;
    may_refuse = has_pointers;
    if (!bad) {
        next.count = count_of(next.ndim, next.shape);
        if (next.count > COUNT(next.items)) {
            return NULL;
        }
        for (size_t n = 0; n < next.count; n++) {
            Py_ssize_t index[64], before[64];
            indices_of(n, next.ndim, next.shape, index);
            for (int i = more; i < next.ndim; i++) {
                before[i - more] = now.shape[i - more] == 1 ? 0 : index[i];
            }
            next.items[n] = now.items[rank_of(now.ndim, now.shape, before)];
        }
        next.repeated |= repeated;
        next.readonly |= repeated;
    }
    return pybuffer_memoryview_broadcast(view, next.ndim, shape);
}

static PyObject *reshape(PyObject *view)
{
    Py_ssize_t shape[64];
    int ndim = (int)below(5), open = -1;
    size_t left = now.count;
    char order = "CF"[below(2)];
    /* Mostly a factorization of the number of items. */
    for (int i = 0; i < ndim; i++) {
        shape[i] = 1;
        if (left == 0) {
            shape[i] = between(0, 3);
        }
        else if (i == ndim - 1) {
            shape[i] = (Py_ssize_t)left;
        }
        else {
            for (int tries = 0; tries < 6; tries++) {
                size_t divisor = 1 + below(left < 12 ? left : 12);
                if (left % divisor == 0) {
                    shape[i] = (Py_ssize_t)divisor;
                    break;
                }
            }
        }
        left = left == 0 ? 0 : left / (size_t)shape[i];
    }
    if (once_in(20) && ndim > 0) {
        shape[below((uint64_t)ndim)] = between(0, 7);
    }
    if (once_in(4) && ndim > 0) {
        open = (int)below((uint64_t)ndim);
    }
    next = now;
    next.ndim = ndim;
    memcpy(next.shape, shape, sizeof(Py_ssize_t) * (size_t)ndim);
    int bad = 0;
    if (open >= 0) {
        size_t others = 1;
        for (int i = 0; i < ndim; i++) {
            others *= i == open ? 1 : (size_t)shape[i];
        }
        bad = others == 0 || now.count % others != 0;
        next.shape[open] = bad ? 0 : (Py_ssize_t)(now.count / others);
        shape[open] = -1;
    }
    note_numbers(order == 'C' ? "reshape_C(" : "reshape_F(", shape, ndim);
    bad |= count_of(ndim, next.shape) != now.count;
    expected_error = bad ? PyExc_ValueError : NULL;
    may_refuse = has_pointers && !bad;
    for (size_t n = 0; n < now.count && !bad; n++) {
        Py_ssize_t index[64];
        /* The n-th item in the order, of both. */
        size_t before = 0, after = 0;
        if (order == 'C') {
            before = after = n;
        }
        else {
            size_t rest = n;
            for (int i = 0; i < now.ndim; i++) {
                index[i] = (Py_ssize_t)(rest % (size_t)now.shape[i]);
                rest /= (size_t)now.shape[i];
            }
            before = rank_of(now.ndim, now.shape, index);
            rest = n;
            for (int i = 0; i < ndim; i++) {
                index[i] = (Py_ssize_t)(rest % (size_t)next.shape[i]);
                rest /= (size_t)next.shape[i];
            }
            after = rank_of(ndim, next.shape, index);
        }
        next.items[after] = now.items[before];
    }
    if (!bad && !has_pointers && !is_strided(&next)) {
        expected_error = PyExc_BufferError;
    }
    return pybuffer_memoryview_reshape(view, ndim, ndim == 0 && once_in(2) ? NULL : shape, order);
}

static PyObject *cast(PyObject *view)
{
    /* To bytes and back, of contiguous views without pointers. */
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    int byte_now = strcmp(is->format, "B") == 0;
    static const char *const formats[] = {"B", "<i", "3s", "B"};
    static const Py_ssize_t sizes[] = {1, 4, 3, 1};
    size_t f = byte_now ? below(COUNT(formats)) : 0;
    expected_error = NULL;
    may_refuse = 0;
    /* Without items it has to have one axis, as in CPython. */
    int contiguous = (now.count > 0 || now.ndim == 1) && !has_pointers
                     && (PyBuffer_IsContiguous(is, 'C') || PyBuffer_IsContiguous(is, 'F'));
    size_t bytes = now.count * (size_t)now.itemsize;
    note_numbers("cast(", &sizes[f], 1);
    next = now;
    if (!contiguous || bytes % (size_t)sizes[f] != 0 || now.itemsize == 0 || bytes / (size_t)sizes[f] > COUNT(next.items)) {
        if (bytes / (size_t)sizes[f] > COUNT(next.items)) {
            return NULL;
        }
        expected_error = PyExc_TypeError;
    }
    else {
        next.ndim = 1;
        next.shape[0] = (Py_ssize_t)(bytes / (size_t)sizes[f]);
        next.count = bytes / (size_t)sizes[f];
        next.itemsize = sizes[f];
        /* A view of one item, or none of the axes of which says where it starts, starts with the lowest item. */
        char *low = now.count == 0 ? NULL : now.items[0];
        for (size_t n = 0; n < now.count; n++) {
            low = now.items[n] < low ? now.items[n] : low;
        }
        for (size_t n = 0; n < next.count; n++) {
            next.items[n] = low + n * (size_t)sizes[f];
        }
    }
    return pybuffer_memoryview_cast(view, formats[f], 0, NULL, 'C');
}

static void round_of_parts(void)
{
    static const char *const formats[] = {"B", "<h", "<i", "3s", "d", "<bhd"};
    static const Py_ssize_t sizes[] = {1, 2, 4, 3, 8, 11};
    PyObject *views[12];
    int count = 1, steps = (int)between(1, 7);
    Py_ssize_t shape[AXES];
    arena_make(&data, 1 << 18);
    arena_make(&tables, 1 << 16);
    describe = describe_parts;
    chain[0] = '\0';
    size_t f = below(COUNT(formats));
    format = formats[f];
    int ndim = random_shape(shape, 6, once_in(4) ? 400 : 60);
    layout_make(&layout, sizes[f], ndim, shape, LAYOUT_POINTERS | LAYOUT_SHARED, &data, &tables);
    layout.view.format = (char *)format;
    layout.view.readonly = once_in(8);
    has_pointers = layout.view.suboffsets != NULL;
    scribble(layout.low, layout.span);
    now.ndim = ndim;
    memcpy(now.shape, shape, sizeof(Py_ssize_t) * (size_t)ndim);
    now.itemsize = sizes[f];
    now.readonly = layout.view.readonly;
    now.repeated = 0;
    now.count = model_items(&layout.view, 'C', now.items);
    Sample *exporter = sample_new(&layout.view);
    views[0] = PyMemoryView_FromObject((PyObject *)exporter);
    MUST_RAISE(views[0] == NULL, NULL);
    check_view(views[0]);
    while (steps-- > 0) {
        static PyObject *(*const all[])(PyObject *) = {take, take, take, flip, permute, broadcast, reshape, reshape, cast};
        PyObject *part;
        expected_error = NULL;
        may_refuse = 0;
        next.ndim = -1;
        if (once_in(16)) {
            next = now;
            next.readonly = 1;
            note("toreadonly() ");
            part = pybuffer_memoryview_toreadonly(views[count - 1]);
        }
        else {
            part = all[below(COUNT(all))](views[count - 1]);
        }
        if (part == NULL && PyErr_Occurred() == NULL) {
            continue; /* too many items for the model */
        }
        executed();
        if (part == NULL) {
            /* CPython looks at the stride of no items, too. Two ellipses may also be too many subscripts. */
            int refused = expected_error == PyExc_IndexError && PyErr_Occurred() == PyExc_TypeError;
            refused |= PyErr_Occurred() == PyExc_TypeError && now.count == 0 && now.ndim == 1 && next.itemsize > 0;
            refused |= may_refuse && (PyErr_Occurred() == PyExc_NotImplementedError || PyErr_Occurred() == PyExc_BufferError);
            if (!refused) {
                MUST_RAISE(1, expected_error);
            }
            PyErr_Clear();
            note("-> error; ");
            continue;
        }
        MUST_RAISE(0, expected_error != NULL ? expected_error : NULL);
        now = next;
        has_pointers = PyMemoryView_GET_BUFFER(part)->suboffsets != NULL;
        /* The views before it may go. */
        if (once_in(3)) {
            MUST_RAISE(pybuffer_memoryview_release(views[count - 1]) != 0, NULL);
        }
        if (once_in(2)) {
            Py_DECREF(views[--count]);
        }
        views[count++] = part;
        check_view(part);
        if (count == (int)COUNT(views)) {
            break;
        }
    }
    while (count > 0) {
        Py_DECREF(views[--count]);
    }
    sample_done(exporter);
}

const Family parts = {"parts", round_of_parts, 100000};

/* The functions of views without objects, beside those of memoryviews: a chain of parts, then items, copies, conversions,
 * comparisons and hashes, each made by both, of which view, bytes and error must be the same. `obj` and `internal` of the views are
 * pointers to nothing, so a function that touches them ends the process.
 */
#include "random.h"

static Arena data[2], tables[2];
static Layout layouts[2];
static char chain[2000];

/* What there is on either side: an object, and a view in one of two places. */
typedef struct {
    PyObject *object;
    Py_buffer views[2];
    pybuffer_view_storage storages[2];
    char formats[2][200];
    int at;
} Pair;

static Pair pairs[2];

static void describe_views(void)
{
    printf("#   %s\n", chain);
    print_view("first", &layouts[0].view);
    print_view("second", &layouts[1].view);
}

static void note(const char *text)
{
    size_t length = strlen(chain);
    snprintf(chain + length, sizeof(chain) - length, "%s ", text);
}

static Py_buffer *view_of(Pair *pair)
{
    return &pair->views[pair->at];
}

static void *nowhere(void)
{
    return (void *)(uintptr_t)(0x7fff000000000000u | (any64() & 0xffffffff));
}

static int same_array(const Py_ssize_t *a, const Py_ssize_t *b, int ndim)
{
    if (ndim == 0 || a == NULL || b == NULL) {
        return ndim == 0 || a == b;
    }
    return memcmp(a, b, (size_t)ndim * sizeof(*a)) == 0;
}

static void must_be_same(Pair *pair)
{
    const Py_buffer *a = PyMemoryView_GET_BUFFER(pair->object), *b = view_of(pair);
    MUST_SAY(a->buf == b->buf && a->len == b->len && a->itemsize == b->itemsize, "buf %p %p, len %zd %zd, itemsize %zd %zd",
             a->buf, b->buf, a->len, b->len, a->itemsize, b->itemsize);
    MUST(a->ndim == b->ndim && a->readonly == b->readonly && strcmp(a->format, b->format) == 0);
    MUST(same_array(a->shape, b->shape, a->ndim) && same_array(a->strides, b->strides, a->ndim));
    MUST(same_array(a->suboffsets, b->suboffsets, a->ndim));
}

/* The error of a call, which is forgotten: "" where it has succeeded. */
static const char *outcome(int failed, char text[600])
{
    text[0] = '\0';
    MUST((failed != 0) == (PyErr_Occurred() != NULL));
    if (failed) {
        snprintf(text, 600, "%s: %s", pybuffer_error_name(), pybuffer_error_message());
        PyErr_Clear();
    }
    return text;
}

/* The error of the object's function, kept until that of the view is compared with it. */
static char kept[600];

static void keep(int failed)
{
    outcome(failed, kept);
}

static int as_kept(int failed)
{
    char text[600];
    outcome(failed, text);
    MUST_SAY(strcmp(text, kept) == 0, "the object's: '%s', the view's: '%s'", kept, text);
    return !failed;
}

/* ---- parts --------------------------------------------------------------------------------------------------- */

static void random_subscripts(pybuffer_subscript *subscripts, int *count, int ndim)
{
    *count = (int)below((uint64_t)ndim + 2);
    for (int i = 0; i < *count; i++) {
        Py_ssize_t length = 6;
        switch (below(6)) {
        case 0:
            subscripts[i] = pybuffer_at(between(-length, length));
            break;
        case 1:
            subscripts[i] = pybuffer_ellipsis();
            break;
        case 2:
            subscripts[i] = pybuffer_newaxis();
            break;
        default:
            subscripts[i] = pybuffer_slice(once_in(3) ? PYBUFFER_ABSENT : between(-length, length),
                                           once_in(3) ? PYBUFFER_ABSENT : between(-length, length),
                                           once_in(2) ? PYBUFFER_ABSENT : between(-2, 3));
        }
    }
}

/* The text of such subscripts. */
static void spell(const pybuffer_subscript *subscripts, int count, char *text)
{
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        const pybuffer_subscript *one = &subscripts[i];
        char *end = text + strlen(text);
        const Py_ssize_t parts[3] = {one->start, one->stop, one->step};
        if (one->kind == PYBUFFER_SUBSCRIPT_INDEX) {
            end += sprintf(end, "%zd", one->start);
        }
        else if (one->kind == PYBUFFER_SUBSCRIPT_SLICE) {
            for (int part = 0; part < 3; part++) {
                end += parts[part] == PYBUFFER_ABSENT ? 0 : sprintf(end, "%zd", parts[part]);
                end += part < 2 ? sprintf(end, ":") : 0;
            }
        }
        else {
            end += sprintf(end, one->kind == PYBUFFER_SUBSCRIPT_ELLIPSIS ? "..." : "None");
        }
        sprintf(end, ", ");
    }
    if (count == 0) {
        strcpy(text, "...");
    }
}

static const char *const spellings[] = {"B", "b", "c", "h", "i", "d", "<h", ">i", "Zf", "3f", "(2,3)h", "<hBx?HbIb", "5w", "2s",
                                      "T{<i:mass:d:orbit.x:T{h:a:(2)B:b:}:in:}", "9t", "?", "x", "0h", "q"};

static void part(Pair *pair)
{
    const Py_buffer *now = view_of(pair);
    /* In the place of the view itself once in a while. */
    int to = once_in(2) ? pair->at : 1 - pair->at, failed, order = "CFA"[below(once_in(9) ? 3 : 2)];
    Py_buffer *result = &pair->views[to], before = *result;
    pybuffer_view_storage *storage = &pair->storages[to];
    PyObject *object = pair->object, *made;
    Py_ssize_t shape[70];
    int ndim = (int)below(4), axes[70];
    for (int i = 0; i < ndim; i++) {
        shape[i] = once_in(6) ? -1 : between(0, 6);
    }
    switch (below(10)) {
    case 0:
    case 1: {
        pybuffer_subscript subscripts[70];
        int count;
        random_subscripts(subscripts, &count, now->ndim);
        note("[...]");
        made = pybuffer_memoryview_subscript(object, subscripts, count);
        keep(made == NULL);
        failed = pybuffer_view_subscript(result, storage, now, subscripts, count);
        break;
    }
    case 2: {
        pybuffer_subscript subscripts[70];
        char text[4000];
        int count;
        random_subscripts(subscripts, &count, now->ndim);
        spell(subscripts, count, text);
        text[once_in(30) ? below(strlen(text)) : strlen(text)] = '\0';
        note(text);
        made = pybuffer_memoryview_select(object, text);
        keep(made == NULL);
        failed = pybuffer_view_select(result, storage, now, text);
        break;
    }
    case 3: {
        int none = once_in(3), count = now->ndim + (once_in(20) ? 1 : 0);
        shuffled(axes, count);
        note("permute");
        made = pybuffer_memoryview_permute(object, none ? NULL : axes, count);
        keep(made == NULL);
        failed = pybuffer_view_permute(result, storage, now, none ? NULL : axes, count);
        break;
    }
    case 4: {
        int more = (int)below(3);
        for (int i = 0; i < now->ndim; i++) {
            shape[more + i] = now->shape[i] == 1 && once_in(2) ? between(0, 3) : now->shape[i] + (once_in(40) ? 1 : 0);
        }
        for (int i = 0; i < more; i++) {
            shape[i] = between(0, 3);
        }
        note("broadcast");
        made = pybuffer_memoryview_broadcast(object, more + now->ndim, shape);
        keep(made == NULL);
        failed = pybuffer_view_broadcast(result, storage, now, more + now->ndim, shape);
        break;
    }
    case 5:
        if (ndim > 0 && once_in(2)) {
            Py_ssize_t items = 1;
            for (int i = 0; i < now->ndim; i++) {
                items *= now->shape[i];
            }
            ndim = 2;
            shape[0] = once_in(2) ? 2 : 1;
            shape[1] = items / shape[0];
        }
        note("reshape");
        made = pybuffer_memoryview_reshape(object, ndim, shape, (char)order);
        keep(made == NULL);
        failed = pybuffer_view_reshape(result, storage, now, ndim, shape, (char)order);
        break;
    case 6:
    case 7: {
        const char *format = spellings[below(COUNT(spellings))];
        int none = once_in(2);
        note("cast");
        note(format);
        made = pybuffer_memoryview_cast(object, format, ndim, none ? NULL : shape, (char)order);
        keep(made == NULL);
        failed = pybuffer_view_cast(result, storage, now, format, ndim, none ? NULL : shape, (char)order);
        break;
    }
    case 8: {
        static const char *const paths[] = {"mass", "in.b", "in", "#0", "#1", "orbit.x", "nothing"};
        const char *path = paths[below(COUNT(paths))];
        note(path);
        made = pybuffer_memoryview_field(object, path);
        keep(made == NULL);
        failed = pybuffer_view_field(result, storage, now, path, pair->formats[to], (Py_ssize_t)sizeof(pair->formats[to]));
        break;
    }
    default:
        note("elements");
        made = pybuffer_memoryview_elements(object);
        keep(made == NULL);
        failed = pybuffer_view_elements(result, storage, now, pair->formats[to], (Py_ssize_t)sizeof(pair->formats[to]));
    }
    MUST((made == NULL) == (failed != 0));
    if (as_kept(failed)) {
        Py_DECREF(pair->object);
        pair->object = made;
        pair->at = to;
        MUST(result->obj == NULL && result->internal == NULL);
        must_be_same(pair);
        result->obj = nowhere();
        result->internal = nowhere();
    }
    else {
        MUST(memcmp(&before, result, sizeof(before)) == 0);
    }
    executed();
}

/* ---- items --------------------------------------------------------------------------------------------------- */

enum { VALUES = 64 };

static pybuffer_value some_value(void)
{
    switch (below(4)) {
    case 0:
        return PYBUFFER_REAL((double)between(-300, 300) / 4);
    case 1:
        return PYBUFFER_BYTES("ab", between(0, 2));
    default:
        return PYBUFFER_INT(once_in(4) ? between(-70000, 70000) : between(0, 100));
    }
}

/* The view without what follows from the rest, at times. */
static const Py_buffer *without_some(Py_buffer *room, const Py_buffer *view)
{
    Py_ssize_t strides[PyBUF_MAX_NDIM];
    *room = *view;
    if (view->ndim > 0 && view->suboffsets == NULL && once_in(2)) {
        PyBuffer_FillContiguousStrides(view->ndim, view->shape, strides, (int)view->itemsize, 'C');
        if (memcmp(strides, view->strides, (size_t)view->ndim * sizeof(*strides)) == 0) {
            room->strides = NULL;
            room->shape = view->ndim == 1 && view->itemsize > 0 && once_in(2) ? NULL : view->shape;
        }
    }
    return room;
}

static void items(void)
{
    Pair *first = &pairs[0], *second = &pairs[1];
    Py_buffer rooms[2];
    const Py_buffer *whole = view_of(first), *a = without_some(&rooms[0], whole), *b = without_some(&rooms[1], view_of(second));
    Layout *layout = &layouts[0];
    Py_ssize_t indices[70];
    pybuffer_value of_object[VALUES], of_view[VALUES];
    int nindices = a->ndim + (once_in(20) ? 1 : 0), nvalues = once_in(3) ? (int)below(8) : 1, status;
    char *before = snapshot(0, layout->low, layout->span), *after;
    for (int i = 0; i < nindices; i++) {
        indices[i] = i < a->ndim ? between(-whole->shape[i], whole->shape[i] - (once_in(20) ? 0 : 1)) : 0;
    }
    memset(of_object, 0, sizeof(of_object));
    memset(of_view, 0, sizeof(of_view));
    for (int i = 0; i < nvalues; i++) {
        of_object[i] = some_value();
    }
    int act = (int)below(9);
    static const char *const names[] = {"set", "fill", "copy", "convert", "get", "values", "equal", "equal, all formats", "hash"};
    note(names[act]);
    switch (act) {
    case 0:
        keep(pybuffer_memoryview_set_item(first->object, indices, nindices, of_object, nvalues) != 0);
        break;
    case 1:
        keep(pybuffer_memoryview_fill(first->object, NULL, 0, of_object, nvalues) != 0);
        break;
    case 2:
        keep(pybuffer_memoryview_assign(first->object, NULL, 0, second->object) != 0);
        break;
    case 3:
        keep(pybuffer_memoryview_convert(first->object, second->object) != 0);
        break;
    case 4:
        memset(of_object, 0, sizeof(of_object));
        keep(pybuffer_memoryview_get_item(first->object, indices, nindices, of_object, nvalues) != 0);
        as_kept(pybuffer_view_get_item(a, indices, nindices, of_view, nvalues));
        MUST(memcmp(of_object, of_view, sizeof(of_view)) == 0);
        break;
    case 5:
        memset(of_object, 0, sizeof(of_object));
        nvalues = (int)below(VALUES);
        for (int i = 0; i < a->ndim && nvalues >= 0 && !once_in(9); i++) {
            nvalues = i == 0 ? 1 : nvalues;
            nvalues = (Py_ssize_t)nvalues * whole->shape[i] <= VALUES ? (int)(nvalues * whole->shape[i]) : VALUES;
        }
        keep(pybuffer_memoryview_values(first->object, of_object, nvalues) != 0);
        as_kept(pybuffer_view_values(a, of_view, nvalues));
        MUST(memcmp(of_object, of_view, sizeof(of_view)) == 0);
        break;
    case 6:
        if (first->object == second->object) {
            /* Equal as such, whatever is in it. */
            return;
        }
        status = PyObject_RichCompareBool(first->object, second->object, Py_EQ);
        keep(status < 0);
        MUST(pybuffer_view_equal(a, b, 0) == status);
        as_kept(status < 0);
        break;
    case 7:
        status = pybuffer_memoryview_equal(first->object, second->object);
        keep(status < 0);
        MUST(pybuffer_view_equal(a, b, 1) == status);
        as_kept(status < 0);
        break;
    default: {
        Py_hash_t hash = PyObject_Hash(first->object), of_it;
        keep(hash == -1);
        of_it = pybuffer_view_hash(a);
        MUST(hash == of_it);
        as_kept(of_it == -1);
    }
    }
    if (act < 4) {
        after = snapshot(1, layout->low, layout->span);
        memcpy(layout->low, before, layout->span);
        switch (act) {
        case 0:
            as_kept(pybuffer_view_set_item(a, indices, nindices, of_object, nvalues));
            break;
        case 1:
            as_kept(pybuffer_view_fill(a, of_object, nvalues));
            break;
        case 2:
            as_kept(pybuffer_view_copy(a, b));
            break;
        default:
            as_kept(pybuffer_view_convert(a, b));
        }
        MUST_BE("the memory", layout->low, after, layout->span);
    }
    executed();
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static void answer(Pair *pair)
{
    int flags = (int)(any64() & (PyBUF_WRITABLE | PyBUF_FORMAT | PyBUF_INDIRECT | PyBUF_ANY_CONTIGUOUS | PyBUF_F_CONTIGUOUS |
                                 PyBUF_C_CONTIGUOUS));
    Py_buffer description = *view_of(pair), of_object, of_view;
    char text[40];
    snprintf(text, sizeof(text), "answer %#x", flags);
    note(text);
    int status = PyObject_GetBuffer(pair->object, &of_object, flags);
    keep(status != 0);
    memset(&of_view, 0x55, sizeof(of_view));
    if (as_kept(pybuffer_view_answer(&of_view, &description, flags, "memoryview"))) {
        MUST(of_view.obj == NULL && of_view.internal == description.internal && of_view.buf == of_object.buf);
        MUST(of_view.len == of_object.len && of_view.itemsize == of_object.itemsize && of_view.ndim == of_object.ndim);
        MUST(of_view.readonly == of_object.readonly && (of_view.shape == NULL) == (of_object.shape == NULL));
        MUST((of_view.strides == NULL) == (of_object.strides == NULL));
        MUST((of_view.suboffsets == NULL) == (of_object.suboffsets == NULL));
        MUST((of_view.format == NULL) == (of_object.format == NULL));
        MUST_RAISE(pybuffer_view_check(&of_view, flags) != 0, NULL);
        PyBuffer_Release(&of_object);
    }
    else {
        MUST(of_view.obj == NULL);
    }
    executed();
}

static void start(int which)
{
    static const Py_ssize_t sizes[] = {1, 2, 4, 8, 3, 13, 28};
    static const char *const of_size[] = {"B", "h", "i", "d", "x", "<hBx?HbIb", "T{<i:mass:d:orbit.x:T{h:a:(2)B:b:}:in:}"};
    Pair *pair = &pairs[which];
    Layout *layout = &layouts[which];
    Py_ssize_t shape[AXES];
    int ndim = random_shape(shape, 5, 200);
    size_t kind = below(COUNT(sizes));
    layout_make(layout, sizes[kind], ndim, shape, (int)below(4), &data[which], &tables[which]);
    layout->view.format = (char *)(uintptr_t)(kind == 0 ? spellings[below(3)] : of_size[kind]);
    layout->view.itemsize = sizes[kind];
    layout->view.readonly = once_in(4);
    for (size_t i = 0; i < layout->span; i++) {
        layout->low[i] = (char)(below(4) ? below(3) : any64());
    }
    pair->object = PyMemoryView_FromBuffer(&layout->view);
    MUST(pair->object != NULL);
    Py_buffer given = layout->view;
    given.obj = nowhere();
    given.internal = nowhere();
    pair->at = 0;
    MUST_RAISE(pybuffer_view_complete(&pair->views[0], &pair->storages[0], &given) != 0, NULL);
    must_be_same(pair);
    pair->views[0].obj = nowhere();
}

static void round_of_views(void)
{
    describe = describe_views;
    chain[0] = '\0';
    if (data[0].start == NULL) {
        for (int i = 0; i < 2; i++) {
            arena_make(&data[i], 1 << 20);
            arena_make(&tables[i], 1 << 16);
        }
    }
    start(0);
    start(1);
    /* The second one is often another view of the same memory, whose items overlap those of the first. */
    if (once_in(3)) {
        Py_DECREF(pairs[1].object);
        pairs[1].object = pairs[0].object;
        Py_INCREF(pairs[1].object);
        pairs[1].at = 0;
        MUST_RAISE(pybuffer_view_complete(&pairs[1].views[0], &pairs[1].storages[0], view_of(&pairs[0])) != 0, NULL);
    }
    for (int step = 0; step < 12; step++) {
        switch (below(4)) {
        case 0:
            part(&pairs[below(2)]);
            break;
        case 1:
            answer(&pairs[below(2)]);
            break;
        default:
            items();
        }
    }
    Py_DECREF(pairs[0].object);
    Py_DECREF(pairs[1].object);
}

const Family engine = {"engine", round_of_views, 40000};

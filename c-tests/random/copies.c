/* Copies of random structures: to and from contiguous memory, between exporters, of memoryviews, in every order, with
 * what is between the items left alone, and overlapping.
 */
#include "random.h"

static Arena data[2], tables[2], flat;
static Layout first, second;
static Py_ssize_t flat_len;
static char flat_order;
static const char *doing;

static void describe_copy(void)
{
    printf("#   %s, order %c, len %zd, shared %d %d\n", doing, flat_order, flat_len, first.shared, second.shared);
    print_view("first", &first.view);
    print_view("second", &second.view);
}

enum { MOST_BYTES = 1 << 17 };

static Py_ssize_t random_itemsize(void)
{
    switch (below(12)) {
    case 0:
        return 0;
    case 1:
        return scaled(49, 2000);
    case 2: case 3: case 4: case 5:
        return (Py_ssize_t)1 << below(5);
    default:
        return between(1, 48);
    }
}

static Py_ssize_t random_limit(Py_ssize_t itemsize)
{
    Py_ssize_t bytes = once_in(50) ? MOST_BYTES / 4 : once_in(8) ? 8192 : 1024, limit = bytes / (itemsize + 1);
    return limit < 1 ? 1 : limit;
}

static char random_order(void)
{
    return "CFA"[below(3)];
}

/* 'A' is the order in which the memory lies, where it is contiguous; else C. */
static char order_of(const Py_buffer *view, char order)
{
    return order != 'A' ? order : model_contiguous(view, 'F') && !model_contiguous(view, 'C') ? 'F' : 'C';
}

static void fill_layout(const Layout *layout)
{
    scribble(layout->low, layout->span);
}

/* Copies the items of a view, in order, to the start of `expected`. */
static void gather(char *expected, const Layout *layout, char order)
{
    size_t count = model_items(&layout->view, order, model_list[0]), size = (size_t)layout->view.itemsize;
    for (size_t i = 0; i < count; i++) {
        memcpy(expected + i * size, model_list[0][i], size);
    }
}

/* The bytes that a copy from `len` contiguous bytes reads: all of them where the items lie contiguously, too (CPython: one memcpy),
 * else those of whole items. */
static size_t bytes_used(const Layout *layout, Py_ssize_t len, char order)
{
    Py_ssize_t itemsize = layout->view.itemsize, most = len < layout->view.len ? len : layout->view.len;
    return model_contiguous(&layout->view, order) ? (size_t)most : itemsize == 0 ? 0 : (size_t)(most / itemsize * itemsize);
}

/* Puts items into a copy of the memory of a view; of items that share memory, the last one wins. */
static void scatter(char *expected, const Layout *layout, char order, const char *from, size_t bytes)
{
    size_t count = model_items(&layout->view, order, model_list[0]), size = (size_t)layout->view.itemsize;
    for (size_t i = 0; i < count && bytes > 0; i++) {
        size_t part = bytes < size ? bytes : size;
        memcpy(expected + (model_list[0][i] - layout->low), from + i * size, part);
        bytes -= part;
    }
}

static void make(Layout *layout, int number, int allowed)
{
    Py_ssize_t itemsize = random_itemsize(), shape[AXES];
    int ndim = random_shape(shape, AXES, random_limit(itemsize));
    layout_make(layout, itemsize, ndim, shape, allowed, &data[number], &tables[number]);
    fill_layout(layout);
}

/* ---- to and from contiguous memory --------------------------------------------------------------------------- */

static void to_contiguous(void)
{
    doing = "PyBuffer_ToContiguous";
    make(&first, 0, LAYOUT_SHARED | LAYOUT_POINTERS);
    flat_order = random_order();
    flat_len = first.view.len;
    char order = order_of(&first.view, flat_order), *to = arena_place(&flat, (size_t)flat_len);
    char *before = snapshot(0, first.low, first.span), *table = snapshot(1, first.table, first.table_span);
    char *expected = snapshot(2, to, (size_t)flat_len);
    gather(expected, &first, order);
    if (first.view.ndim > 0 && first.view.suboffsets == NULL && model_contiguous(&first.view, 'C') && once_in(4)) {
        first.view.strides = NULL; /* the same structure, said with less */
    }
    int status = PyBuffer_ToContiguous(to, &first.view, flat_len, flat_order);
    first.view.strides = first.strides;
    MUST_RAISE(status != 0, NULL);
    MUST_BE("the copy", to, expected, (size_t)flat_len);
    MUST_BE("the source", first.low, before, first.span);
    MUST_BE("the pointers", first.table, table, first.table_span);
    executed();
    if (once_in(16)) {
        flat_len += between(1, 5) * (once_in(2) ? 1 : -1);
        MUST_RAISE(PyBuffer_ToContiguous(to, &first.view, flat_len, flat_order) == -1, PyExc_ValueError);
        executed();
    }
}

static void from_contiguous(void)
{
    doing = "PyBuffer_FromContiguous";
    make(&first, 0, LAYOUT_SHARED | LAYOUT_POINTERS);
    flat_order = random_order();
    flat_len = once_in(2) ? first.view.len
               : once_in(4) ? first.view.len + between(0, 100)
                            : (Py_ssize_t)below((uint64_t)first.view.len + 1);
    char order = order_of(&first.view, flat_order);
    size_t used = bytes_used(&first, flat_len, order);
    char *from = arena_place(&flat, used); /* no more may be read */
    scribble(from, used);
    char *source = snapshot(0, from, used), *table = snapshot(1, first.table, first.table_span);
    char *expected = snapshot(2, first.low, first.span);
    scatter(expected, &first, order, from, used);
    MUST_RAISE(PyBuffer_FromContiguous(&first.view, from, flat_len, flat_order) != 0, NULL);
    MUST_BE("the items", first.low, expected, first.span);
    MUST_BE("the source", from, source, used);
    MUST_BE("the pointers", first.table, table, first.table_span);
    executed();
}

static void copy_to_object(void)
{
    doing = "PyObject_CopyToObject";
    make(&first, 0, LAYOUT_SHARED | LAYOUT_POINTERS);
    flat_order = random_order();
    flat_len = once_in(2) ? first.view.len : (Py_ssize_t)below((uint64_t)first.view.len + 4);
    char order = order_of(&first.view, flat_order);
    size_t used = flat_len > first.view.len ? 0 : bytes_used(&first, flat_len, order);
    char *from = arena_place(&flat, used);
    scribble(from, used);
    char *expected = snapshot(2, first.low, first.span);
    Sample *exporter = sample_new(&first.view);
    if (once_in(20)) {
        exporter->offer.readonly = 1;
        MUST_RAISE(PyObject_CopyToObject((PyObject *)exporter, from, flat_len, flat_order) == -1, PyExc_BufferError);
    }
    else if (flat_len > first.view.len) {
        MUST_RAISE(PyObject_CopyToObject((PyObject *)exporter, from, flat_len, flat_order) == -1, PyExc_BufferError);
    }
    else {
        scatter(expected, &first, order, from, used);
        MUST_RAISE(PyObject_CopyToObject((PyObject *)exporter, from, flat_len, flat_order) != 0, NULL);
    }
    MUST_BE("the items", first.low, expected, first.span);
    sample_done(exporter);
    executed();
}

/* ---- between exporters --------------------------------------------------------------------------------------- */

/* As CPython's documentation has it: to `first` from `second`, whose items have been collected in C order. The memory of
 * the destination is compared; where the two overlap it is that of the source, too. */
static void copy_data(void)
{
    doing = "PyObject_CopyData";
    Py_ssize_t itemsize = random_itemsize(), shape[AXES];
    int ndim = random_shape(shape, AXES, random_limit(itemsize)), overlap = once_in(3);
    flat_order = '-';
    if (overlap) {
        /* In the same memory, with the pages that cannot be accessed around the two together. */
        Py_ssize_t strides[2][AXES];
        char *low = NULL;
        layout_make(&first, itemsize, ndim, shape, LAYOUT_SHARED, &data[0], &tables[0]);
        memcpy(strides[0], first.strides, sizeof(strides[0]));
        layout_make(&second, itemsize, ndim, shape, LAYOUT_SHARED, &data[1], &tables[1]);
        memcpy(strides[1], second.strides, sizeof(strides[1]));
        size_t most = first.span > second.span ? first.span : second.span;
        size_t apart = below(most + (once_in(4) ? most : 8)), whole;
        int lower = once_in(2);
        size_t spans[2] = {first.span, second.span};
        whole = apart + spans[!lower] > spans[lower] ? apart + spans[!lower] : spans[lower];
        if (whole <= data[0].size) {
            low = arena_place(&data[0], whole);
            layout_put(lower == 0 ? &first : &second, low);
            layout_put(lower == 0 ? &second : &first, low + apart);
            scribble(low, whole);
        }
    }
    else {
        layout_make(&first, itemsize, ndim, shape, LAYOUT_SHARED | LAYOUT_POINTERS, &data[0], &tables[0]);
        layout_make(&second, itemsize, ndim, shape, LAYOUT_SHARED | LAYOUT_POINTERS, &data[1], &tables[1]);
        fill_layout(&first);
        fill_layout(&second);
    }
    flat_len = second.view.len;
    char *items = snapshot(0, first.low, 0);
    items = snapshot(0, flat.start, (size_t)second.view.len);
    gather(items, &second, 'C');
    char *expected = snapshot(2, first.low, first.span);
    scatter(expected, &first, 'C', items, (size_t)second.view.len);
    char *source = snapshot(3, second.low, second.span);
    /* Where the destination lies in the source's memory. */
    if (first.low < second.low + second.span && second.low < first.low + first.span) {
        size_t count = model_items(&first.view, 'C', model_list[0]);
        for (size_t i = 0; i < count; i++) {
            for (size_t b = 0; b < (size_t)itemsize; b++) {
                size_t at = (size_t)(model_list[0][i] + b - second.low);
                if (model_list[0][i] + b >= second.low && at < second.span) {
                    source[at] = items[i * (size_t)itemsize + b];
                }
            }
        }
    }
    if (once_in(2)) {
        Sample *to = sample_new(&first.view), *from = sample_new(&second.view);
        MUST_RAISE(PyObject_CopyData((PyObject *)to, (PyObject *)from) != 0, NULL);
        sample_done(to);
        sample_done(from);
    }
    else {
        PyObject *to = PyMemoryView_FromBuffer(&first.view), *from = PyMemoryView_FromBuffer(&second.view);
        MUST_RAISE(to == NULL || from == NULL, NULL);
        if (once_in(2)) {
            MUST_RAISE(PyObject_CopyData(to, from) != 0, NULL);
        }
        else {
            /* Items of no format that fits are copied as well: the formats are the same. */
            MUST_RAISE(pybuffer_memoryview_assign(to, NULL, 0, from) != 0, NULL);
        }
        Py_DECREF(to);
        Py_DECREF(from);
    }
    MUST_BE("the destination", first.low, expected, first.span);
    MUST_BE("the source", second.low, source, second.span);
    executed();
}

/* ---- to new memory ------------------------------------------------------------------------------------------- */

static void to_new_memory(void)
{
    make(&first, 0, LAYOUT_SHARED | LAYOUT_POINTERS);
    flat_order = random_order();
    flat_len = first.view.len;
    char order = order_of(&first.view, flat_order), *before = snapshot(0, first.low, first.span);
    char *expected = snapshot(2, flat.start, (size_t)flat_len);
    PyObject *view = PyMemoryView_FromBuffer(&first.view), *made = NULL;
    MUST_RAISE(view == NULL, NULL);
    switch (below(4)) {
    case 0:
        doing = "pybuffer_memoryview_tobytes";
        made = pybuffer_memoryview_tobytes(view, flat_order);
        break;
    case 1:
        doing = "pybuffer_memoryview_copy";
        made = pybuffer_memoryview_copy(view, flat_order);
        break;
    case 2:
        doing = "PyMemoryView_GetContiguous";
        made = PyMemoryView_GetContiguous(view, PyBUF_READ, flat_order);
        break;
    default:
        doing = "PyBytes_FromObject";
        order = 'C';
        made = once_in(2) ? PyBytes_FromObject(view) : PyByteArray_FromObject(view);
        break;
    }
    MUST_RAISE(made == NULL, NULL);
    gather(expected, &first, order);
    Py_buffer result;
    if (PyMemoryView_Check(made)) {
        Py_buffer *is = PyMemoryView_GET_BUFFER(made);
        MUST(is->ndim == first.view.ndim && is->itemsize == first.view.itemsize && is->len == first.view.len);
        MUST_BE("the shape", is->shape, first.shape, sizeof(Py_ssize_t) * (size_t)is->ndim);
        MUST(PyBuffer_IsContiguous(is, order));
        result = *is;
    }
    else {
        MUST_RAISE(PyObject_GetBuffer(made, &result, PyBUF_SIMPLE) != 0, NULL);
        PyBuffer_Release(&result);
    }
    MUST(result.len == flat_len);
    MUST_BE("the copy", result.buf, expected, (size_t)flat_len);
    MUST_BE("the source", first.low, before, first.span);
    Py_DECREF(made);
    Py_DECREF(view);
    executed();
}

/* ---- lines that each lie in a page of their own ----------------------------------------------------------------- */

/* No page may be read that has no byte of an item, and each second one cannot be. */
static void page_by_page(void)
{
    doing = "copies of lines that are whole pages apart";
    Py_ssize_t itemsize = once_in(3) ? between(1, 48) : (Py_ssize_t)1 << below(6), shape[3], strides[3];
    int ndim = (int)between(1, 3);
    shape[0] = between(1, 16);
    strides[0] = 2 * PAGE * (once_in(4) ? 2 : 1);
    Py_ssize_t span = itemsize;
    for (int i = 1; i < ndim; i++) {
        strides[i] = span + (once_in(2) ? 0 : between(0, 20));
        Py_ssize_t most = (PAGE - itemsize) / strides[i];
        shape[i] = scaled(1, most < 1 ? 1 : most / (once_in(2) ? 1 : 8) + 1);
        shape[i] = shape[i] > most + 1 ? most + 1 : shape[i];
        span += (shape[i] - 1) * strides[i];
        if (span > PAGE) {
            shape[i] = 1;
            span -= (shape[i] - 1) * strides[i];
        }
    }
    span = itemsize;
    for (int i = 1; i < ndim; i++) {
        span += (shape[i] - 1) * strides[i];
    }
    if (span > PAGE) {
        return;
    }
    for (int i = 0; i < ndim; i++) {
        strides[i] *= once_in(2) ? -1 : 1;
    }
    if (once_in(2) && ndim > 1) {
        /* The axis of pages is not always the first one. */
        Py_ssize_t length = shape[0], stride = strides[0];
        shape[0] = shape[ndim - 1];
        strides[0] = strides[ndim - 1];
        shape[ndim - 1] = length;
        strides[ndim - 1] = stride;
    }
    layout_strided(&first, itemsize, ndim, shape, strides);
    Py_ssize_t in_page = once_in(2) ? 0 : PAGE - span;
    layout_put(&first, chequered.start + in_page);
    size_t len = (size_t)first.view.len, count = model_items(&first.view, 'C', model_list[0]), size = (size_t)itemsize;
    flat_order = 'C';
    flat_len = first.view.len;
    char *contiguous = arena_place(&flat, len);
    for (int back = 0; back < 2; back++) {
        for (size_t i = 0; i < count; i++) {
            scribble(model_list[0][i], size);
        }
        scribble(contiguous, len);
        char *items = snapshot(0, contiguous, len);
        if (back) {
            MUST_RAISE(PyBuffer_FromContiguous(&first.view, contiguous, flat_len, 'C') != 0, NULL);
        }
        else {
            for (size_t i = 0; i < count; i++) {
                memcpy(items + i * size, model_list[0][i], size);
            }
            MUST_RAISE(PyBuffer_ToContiguous(contiguous, &first.view, flat_len, 'C') != 0, NULL);
        }
        for (size_t i = 0; i < count; i++) {
            MUST_BE("an item", model_list[0][i], items + i * size, size);
        }
        MUST_BE("the contiguous memory", contiguous, items, len);
        executed();
    }
}

static void round_of_copies(void)
{
    chequered_make(64);
    arena_make(&data[0], 8 * MOST_BYTES);
    arena_make(&data[1], 8 * MOST_BYTES);
    arena_make(&tables[0], MOST_BYTES);
    arena_make(&tables[1], MOST_BYTES);
    arena_make(&flat, 2 * MOST_BYTES);
    memset(&second.view, 0, sizeof(second.view));
    describe = describe_copy;
    switch (below(25) == 0 ? 99 : below(6)) {
    case 99:
        page_by_page();
        break;
    case 0: case 1:
        to_contiguous();
        break;
    case 2: case 3:
        from_contiguous();
        break;
    case 4:
        once_in(3) ? copy_to_object() : to_new_memory();
        break;
    default:
        copy_data();
    }
}

const Family copies = {"copies", round_of_copies, 120000};

/* Strided copies, compared with memcpy of as many bytes, the loop written by hand, and the memory accesses that limit them.
 * With CPython's header only its copy to contiguous memory.
 *
 * Every copy, in both directions, is checked against the loop by hand; copies from contiguous memory with all bytes between the
 * items. */
#define _POSIX_C_SOURCE 200809L

#include "copies.h"
#include "limits.h"

enum { AXES = 64, COPIES = 80, ROW = 5760, ROW_STEP = ROW + 64, ROWS = 1080, OFFSET = 4096 + 8 };

struct copy {
    char name[64], layout[1024];
    Py_ssize_t itemsize, start;
    int ndim;
    /* Items that share memory can be read only; rows lie where the pointers of a table lead. */
    int repeated, rows;
    Py_ssize_t shape[AXES], strides[AXES];
};

static struct copy copies[COPIES];
static int ncopies;
static char *row_pointers[ROWS];
static Py_ssize_t suboffsets[AXES];

/* Of the copy that was set. */
static Py_buffer view;

WORK(to_contiguous, must(PyBuffer_ToContiguous(target, &view, view.len, 'C') == 0, "ToContiguous");)

/* Where the last item ends, from `memory` on. */
static size_t end_of_items(const struct copy *copy)
{
    Py_ssize_t last = copy->start + copy->itemsize;
    for (int axis = 0; axis < copy->ndim; axis++) {
        last += copy->strides[axis] > 0 ? (copy->shape[axis] - 1) * copy->strides[axis] : 0;
    }
    return copy->rows ? (size_t)ROWS * ROW_STEP : (size_t)last;
}

static void choose(const struct copy *copy)
{
    view = (Py_buffer){.buf = copy->rows ? (char *)row_pointers : memory + copy->start, .len = copy->itemsize,
                       .itemsize = copy->itemsize, .ndim = copy->ndim, .shape = (Py_ssize_t *)copy->shape,
                       .strides = (Py_ssize_t *)copy->strides, .suboffsets = copy->rows ? suboffsets : NULL};
    for (int axis = 0; axis < copy->ndim; axis++) {
        view.len *= copy->shape[axis];
        suboffsets[axis] = axis == 0 ? 0 : -1;
    }
    for (int row = 0; row < ROWS; row++) {
        row_pointers[row] = memory + (size_t)row * ROW_STEP;
    }
}

#ifdef BENCH_PYTHON_H

static int prepare_copy(const void *data)
{
    const struct copy *copy = data;
    choose(copy);
    memcpy(memory, pattern, end_of_items(copy));
    memset(target, 0, (size_t)view.len);
    to_contiguous(1);
    must(memcmp(target, expected, (size_t)view.len) == 0, copy->name);
    return 1;
}

static void add_columns(struct workload *workload, const struct copy *copy)
{
    (void)workload;
    (void)copy;
}

#else

static char *image;
static PyObject *source, *destination;

WORK(from_contiguous, must(PyBuffer_FromContiguous(&view, target, view.len, 'C') == 0, "FromContiguous");)
WORK(copy_data, must(PyObject_CopyData(destination, source) == 0, "CopyData");)
/* Through pointers, so that the compiler cannot replace many equal copies by one. */
static void *(*volatile plain_copy)(void *, const void *, size_t) = memcpy;
WORK(plain, plain_copy(target, memory, (size_t)view.len);)

/* A loop for each axis, and a memcpy of a size that the compiler knows for each item. */
#define NAIVE(SIZE) \
    static char *naive_##SIZE(char *packed, char *strided, int axis, int back) \
    { \
        const Py_ssize_t count = view.shape[axis], step = view.strides[axis]; \
        const int last = axis + 1 == view.ndim, follows = view.suboffsets != NULL && view.suboffsets[axis] >= 0; \
        if (last && !back) { \
            for (Py_ssize_t i = 0; i < count; i++) { \
                memcpy(packed + i * SIZE, strided + i * step, SIZE); \
            } \
        } else if (last) { \
            for (Py_ssize_t i = 0; i < count; i++) { \
                memcpy(strided + i * step, packed + i * SIZE, SIZE); \
            } \
        } else { \
            for (Py_ssize_t i = 0; i < count; i++) { \
                char *part = strided + i * step; \
                packed = naive_##SIZE(packed, follows ? *(char **)(void *)part : part, axis + 1, back); \
            } \
            return packed; \
        } \
        return packed + count * SIZE; \
    }

NAIVE(1) NAIVE(2) NAIVE(3) NAIVE(4) NAIVE(8) NAIVE(12) NAIVE(16)

static char *naive_copy(int back)
{
    switch (view.itemsize) {
    case 1: return naive_1(target, view.buf, 0, back);
    case 2: return naive_2(target, view.buf, 0, back);
    case 3: return naive_3(target, view.buf, 0, back);
    case 4: return naive_4(target, view.buf, 0, back);
    case 8: return naive_8(target, view.buf, 0, back);
    case 12: return naive_12(target, view.buf, 0, back);
    default: return naive_16(target, view.buf, 0, back);
    }
}

WORK(naive, must(naive_copy(0) == target + view.len, "the loop by hand");)

static PyObject *view_of(Py_buffer info)
{
    char format[16];
    snprintf(format, sizeof format, "%lds", (long)view.itemsize);
    info.format = format;
    PyObject *made = pybuffer_memoryview_from_memory(&info, NULL, NULL);
    must(made != NULL, "no view");
    return made;
}

/* Runs what fills `target`, and compares it. */
static void check(void (*run)(long), const char *with, const struct copy *copy)
{
    memset(target, 0, (size_t)view.len);
    run(1);
    must(memcmp(target, with, (size_t)view.len) == 0, copy->name);
}

static int prepare_copy(const void *data)
{
    const struct copy *copy = data;
    size_t end = end_of_items(copy);

    choose(copy);
    memcpy(memory, pattern, end);
    naive(1);
    memcpy(expected, target, (size_t)view.len);
    check(plain, memory, copy);
    /* Of repeated items the first ones again and again, so that only stores are timed. */
    accesses = (struct accesses){.size = (size_t)view.len, .step = (size_t)labs(view.strides[0] / view.itemsize),
                                 .from = copy->repeated ? expected : memory,
                                 .part = copy->repeated ? 1 << 14 : (size_t)view.len};
    if (has_limits() && PyBuffer_IsContiguous(&view, 'C') + copy->repeated > 0) {
        check(streamed, copy->repeated ? expected : memory, copy);
    }
    check(to_contiguous, expected, copy);

    Py_buffer packed = view;
    packed.buf = target;
    packed.strides = packed.suboffsets = NULL;
    Py_XDECREF(source);
    Py_XDECREF(destination);
    source = view_of(view);
    destination = view_of(packed);
    check(copy_data, expected, copy);
    if (copy->repeated) {
        return 1;
    }
    /* From bytes that differ from those in memory. */
    memcpy(target, pattern + OFFSET, (size_t)view.len - OFFSET * (view.len > OFFSET));
    naive_copy(1);
    image = image != NULL ? image : malloc(MEMORY);
    must(image != NULL, "no memory");
    memcpy(image, memory, end);
    memcpy(memory, pattern, end);
    from_contiguous(1);
    must(memcmp(memory, image, end) == 0, copy->name);
    memcpy(memory, pattern, end);
    return 1;
}

/* Lines and stores from this size on are limited by memory, not by the caches. */
static const Py_ssize_t large = 1 << 23;

static void add_columns(struct workload *workload, const struct copy *copy)
{
    column(workload, "memcpy", plain);
    column(workload, "naive C", naive);
    if (!copy->repeated) {
        column(workload, "from", from_contiguous);
    }
    /* Small ones mostly take the time of the requests for two views, which calls.c measures. */
    if (view.len > 1 << 12) {
        column(workload, "CopyData", copy_data);
    }
    if (!has_limits() || view.len < large) {
        return;
    }
    if (copy->repeated || PyBuffer_IsContiguous(&view, 'C')) {
        column(workload, "limit", streamed);
    } else if (copy->ndim == 1) {
        column(workload, "limit", gathered);
        if (copy->strides[0] != -copy->itemsize) {
            column(workload, "limit from", scattered);
        }
    }
}

#endif

#define APPEND(text, ...) snprintf((text) + strlen(text), sizeof(text) - strlen(text), __VA_ARGS__)

/* The axes of the next copy, which `axis` adds. */
static struct copy next;

static void axis(Py_ssize_t len, Py_ssize_t stride)
{
    next.shape[next.ndim] = len;
    next.strides[next.ndim++] = stride;
}

/* A copy; `start` is where index 0 of every axis lies. */
static void workload(const char *name, Py_ssize_t itemsize, Py_ssize_t start)
{
    must(ncopies < COPIES, "too many copies");
    struct copy *copy = &copies[ncopies++];

    *copy = next;
    memset(&next, 0, sizeof next);
    snprintf(copy->name, sizeof copy->name, "%s", name);
    copy->itemsize = itemsize;
    copy->start = start;
    APPEND(copy->layout, "%ld\t%ld\t", (long)itemsize, (long)start);
    for (int at = 0; at < copy->ndim; at++) {
        APPEND(copy->layout, "%s%ld", at ? "," : "", (long)copy->shape[at]);
        copy->repeated |= copy->strides[at] == 0;
    }
    for (int at = 0; at < copy->ndim; at++) {
        APPEND(copy->layout, "%s%ld", at ? "," : "\t", (long)copy->strides[at]);
    }
    choose(copy);
    must(end_of_items(copy) <= MEMORY && view.len <= MEMORY, copy->name);
    struct workload *added = add(copy->name, prepare_copy, copy, 1, to_contiguous);
    added->layout = copy->rows ? NULL : copy->layout;
    add_columns(added, copy);
}

static void transpose(const char *type, Py_ssize_t size, Py_ssize_t side)
{
    char name[64];
    snprintf(name, sizeof name, "transpose %s %ldx%ld", type, (long)side, (long)side);
    axis(side, size);
    axis(side, side * size);
    workload(name, size, 0);
}

/* The axes of C-contiguous memory of the shape `lens`, in the order `order`. */
static void permuted(const char *name, Py_ssize_t size, int ndim, const Py_ssize_t *lens, const int *order)
{
    Py_ssize_t own[AXES], step = size;
    for (int at = ndim - 1; at >= 0; at--) {
        own[at] = step;
        step *= lens[at];
    }
    for (int at = 0; at < ndim; at++) {
        axis(lens[order[at]], own[order[at]]);
    }
    workload(name, size, 0);
}

#define PERMUTED(name, size, ndim, lens, ...) \
    permuted(name, size, ndim, (const Py_ssize_t[])lens, (const int[]){__VA_ARGS__})
#define L(...) {__VA_ARGS__}

static void transposes(void)
{
    static const struct { const char *name; Py_ssize_t size; } types[] = {
        {"u8", 1}, {"u16", 2}, {"f32", 4}, {"f64", 8}, {"16-byte", 16}};

    transpose("f32", 4, 16);
    transpose("f32", 4, 64);
    transpose("f32", 4, 100);
    transpose("f32", 4, 300);
    transpose("f64", 8, 64);
    transpose("f64", 8, 300);
    for (int type = 0; type < 5; type++) {
        transpose(types[type].name, types[type].size, 512);
        transpose(types[type].name, types[type].size, 4096);
    }
    transpose("f32", 4, 1000);
    transpose("f32", 4, 1001);
    transpose("f32", 4, 3000);
    transpose("f32", 4, 5001);
    transpose("3-byte", 3, 2048);
    transpose("12-byte", 12, 2048);
    PERMUTED("3-D f32 64 MB (0,2,1)", 4, 3, L(256, 256, 256), 0, 2, 1);
    PERMUTED("3-D f32 64 MB (2,1,0)", 4, 3, L(256, 256, 256), 2, 1, 0);
    PERMUTED("3-D f32 64 MB (1,2,0)", 4, 3, L(256, 256, 256), 1, 2, 0);
    PERMUTED("NCHW->NHWC f32", 4, 4, L(8, 64, 112, 112), 0, 2, 3, 1);
    PERMUTED("NHWC->NCHW f32", 4, 4, L(8, 112, 112, 64), 0, 3, 1, 2);
    PERMUTED("six odd axes f32", 4, 6, L(13, 17, 11, 19, 23, 15), 3, 5, 0, 2, 4, 1);
}

static void lines(void)
{
    static const struct { const char *name; Py_ssize_t size; } types[] = {
        {"u8", 1}, {"u16", 2}, {"f32", 4}, {"f64", 8}};
    /* So many bytes that they are streamed, and few items, which the caches hold. */
    for (int few = 0; few <= 1; few++) {
        for (int type = 0; type < 4; type++) {
            Py_ssize_t size = types[type].size, items = few ? 20000 : (1 << 24) / size;
            for (int step = 2; step <= 4; step++) {
                char name[64];
                snprintf(name, sizeof name, "1-D stride %d %s%s", step == 4 ? -1 : step, types[type].name, few ? ", 20,000" : "");
                axis(items, step == 4 ? -size : step * size);
                workload(name, size, step == 4 ? (items - 1) * size : 0);
            }
        }
    }
}

static void pictures(void)
{
    const Py_ssize_t rows = ROWS, columns = 1920;

    axis(3, 1), axis(rows, columns * 3), axis(columns, 3);
    workload("1080p RGB u8 interleaved->planar", 1, 0);
    axis(rows, columns), axis(columns, 1), axis(3, rows * columns);
    workload("1080p RGB u8 planar->interleaved", 1, 0);
    axis(rows, columns * 3), axis(columns, 3), axis(3, -1);
    workload("1080p BGR<->RGB", 1, 2);
    axis(rows, -columns * 3), axis(columns, 3), axis(3, 1);
    workload("1080p RGB upside down", 1, (rows - 1) * columns * 3);
    axis(rows, columns * 3), axis(columns, -3), axis(3, 1);
    workload("1080p RGB mirrored", 1, (columns - 1) * 3);
    axis(rows, columns * 4), axis(columns, 4), axis(3, 1);
    workload("1080p RGBA->RGB", 1, 0);
    axis(800, columns * 3), axis(1000, 3), axis(3, 1);
    workload("1080p RGB crop", 1, 51 * 3);
    axis(columns, -3), axis(rows, columns * 3), axis(3, 1);
    workload("1080p RGB rotate 90", 1, (columns - 1) * 3);
    axis(3, 4), axis(rows, columns * 12), axis(columns, 12);
    workload("1080p RGB f32 interleaved->planar", 4, 0);
    axis(rows, columns * 4), axis(columns, 4), axis(3, rows * columns * 4);
    workload("1080p RGB f32 planar->interleaved", 4, 0);
    next.rows = 1;
    axis(rows, sizeof(char *)), axis(columns, 3), axis(3, 1);
    workload("suboffset rows (PIL)", 1, 0);
}

static void many_axes(void)
{
    Py_ssize_t lens[AXES];
    int order[AXES];
    static const int mixed[20] = {13, 4, 17, 0, 9, 19, 6, 2, 11, 15, 8, 1, 18, 5, 12, 3, 16, 7, 14, 10};

    for (int at = 0; at < 20; at++) {
        lens[at] = 2;
        order[at] = 19 - at;
    }
    permuted("20 axes of 2, reversed", 4, 20, lens, order);
    permuted("20 axes of 2, shuffled", 4, 20, lens, mixed);
    for (int at = 0; at < AXES; at++) {
        lens[at] = at % 16 == 7 ? 64 : 1;
        order[at] = AXES - 1 - at;
    }
    lens[7] = 16;
    permuted("64 axes, mostly 1 (16 MB)", 4, AXES, lens, order);
}

void add_copies(void)
{
    transposes();
    pictures();
    lines();
    axis(1 << 24, 0);
    workload("fill (stride 0) f32 64 MB", 4, 0);
    axis(1 << 24, 0);
    workload("fill (stride 0) f32 64 MB, of zeros", 4, ZEROS);
    axis(4096, 0), axis(4096, 4);
    workload("row broadcast f32 64 MB", 4, 0);
    axis(1 << 16, 4);
    workload("contiguous 256 KB", 4, 0);
    axis(1 << 24, 4);
    workload("contiguous 64 MB", 4, 0);
    axis(1 << 26, 4);
    workload("contiguous 256 MB", 4, 0);
    many_axes();
    axis(16, 8);
    workload("small: 16 x f64", 8, 0);
    axis(4, 4), axis(4, 16);
    workload("small: 4x4 f32 transposed", 4, 0);
    axis(64, -1);
    workload("small: 64 bytes reversed", 1, 63);
    axis(4, 64), axis(4, 4);
    workload("small: 4x4 crop", 4, 0);
}

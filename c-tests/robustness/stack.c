/* How much of the stack the public functions use: at most 40 KB on x86-64, 48 KB elsewhere, at every instruction
 * level. Hosts of plug-ins, coroutines and audio threads have small stacks.
 *
 * A child for each level runs all operations on a thread whose stack is this program's, filled with a pattern: what an
 * operation has overwritten is what it used. The bound is for a library that is optimised; PYBUFFER_TEST_STACK gives
 * another number of bytes, or 0 to skip the test, for builds that are not.
 */
#define _GNU_SOURCE
#include "support.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK ((size_t)1 << 20)
#define PATTERN UINT64_C(0xa5a5c3c35a5a3c3c)

static unsigned char *stack;
#ifdef __x86_64__
static size_t bound = 40 * 1024, worst;
#else /* each call saves more registers */
static size_t bound = 48 * 1024, worst;
#endif
static const char *worst_operation;
static int failures;

/* ---- measuring ------------------------------------------------------------------------------------------------ */

/* What an operation works on; not on the stack that is measured. */
static struct {
    PyObject *a, *b, *c;
    Py_buffer view;
    void *memory;
    Py_ssize_t n;
    char order;
    const char *text;
} job;

static void measure(const char *name, void (*operation)(void))
{
    uint64_t here, *lowest = (uint64_t *)(void *)stack;
    uint64_t *end = (uint64_t *)(((uintptr_t)&here - 1024) & ~(uintptr_t)7);
    for (uint64_t *word = lowest; word < end; word++) {
        *(volatile uint64_t *)word = PATTERN;
    }
    operation();
    while (lowest < end && *(volatile uint64_t *)lowest == PATTERN) {
        lowest++;
    }
    size_t used = (size_t)((unsigned char *)&here - (unsigned char *)lowest);
    if (used > worst) {
        worst = used;
        worst_operation = name;
    }
    if (used > bound) {
        failures++;
        printf("# %s takes %zu bytes of the stack\n", name, used);
    }
}

static void must(int holds, const char *what)
{
    if (!holds) {
        failures++;
        printf("# %s: %s\n", what, PyErr_Occurred() ? pybuffer_error_message() : "failed");
        PyErr_Clear();
    }
}

/* The values and the bytes of an item; not on the stack that is measured. */
static pybuffer_value values[4096];
static char item[1 << 16];

/* ---- operations ----------------------------------------------------------------------------------------------- */

static void to_contiguous(void)
{
    must(PyBuffer_ToContiguous(job.memory, &job.view, job.view.len, job.order) == 0, "ToContiguous");
}

static void from_contiguous(void)
{
    must(PyBuffer_FromContiguous(&job.view, job.memory, job.view.len, job.order) == 0, "FromContiguous");
}

static void from_contiguous_in_part(void)
{
    Py_ssize_t part = job.view.len - job.view.len / 3;
    must(PyBuffer_FromContiguous(&job.view, job.memory, part, job.order) == 0, "FromContiguous, a part");
}

static void copy_data(void)
{
    must(PyObject_CopyData(job.a, job.b) == 0, "CopyData");
}

static void assign_overlapping(void)
{
    pybuffer_subscript all = {PYBUFFER_SUBSCRIPT_ELLIPSIS, 0, 0, 0};
    PyObject *part = pybuffer_memoryview_flip(job.a, 0);
    must(part != NULL && pybuffer_memoryview_assign(job.a, &all, 1, part) == 0, "assign");
    Py_XDECREF(part);
}

static void equal(void)
{
    must(pybuffer_memoryview_equal(job.a, job.b) >= 0, "equal");
    must(PyObject_RichCompareBool(job.a, job.b, Py_EQ) >= 0, "==");
}

static void hash(void)
{
    PyObject *readonly = pybuffer_memoryview_toreadonly(job.a);
    if (readonly != NULL && PyObject_Hash(readonly) == -1) {
        PyErr_Clear(); /* of formats that have none */
    }
    Py_XDECREF(readonly);
}

static void keep(PyObject *made, const char *what)
{
    must(made != NULL, what);
    Py_XDECREF(made);
}

static void digits_and_text(void)
{
    keep(pybuffer_memoryview_hex(job.a, ':', 2), "hex");
    keep(pybuffer_memoryview_text(job.a, 1000), "text");
    keep(pybuffer_memoryview_repr(job.a), "repr");
}

static void copies_of_views(void)
{
    keep(pybuffer_memoryview_tobytes(job.a, 'F'), "tobytes");
    keep(pybuffer_memoryview_copy(job.a, 'C'), "copy");
    keep(PyMemoryView_GetContiguous(job.a, PyBUF_READ, 'F'), "GetContiguous");
    keep(PyBytes_FromObject(job.a), "PyBytes_FromObject");
    keep(PyByteArray_FromObject(job.a), "PyByteArray_FromObject");
}

static void all_values(void)
{
    pybuffer_value *values = job.memory;
    must(pybuffer_memoryview_values(job.a, values, job.n) == 0, "values");
    must(pybuffer_memoryview_set_values(job.a, values, job.n) == 0, "set_values");
}

static void items(void)
{
    static Py_ssize_t zeros[64];
    int ndim = (int)PyMemoryView_GET_BUFFER(job.a)->ndim, n = (int)job.n;
    pybuffer_subscript all = {PYBUFFER_SUBSCRIPT_ELLIPSIS, 0, 0, 0};
    must(pybuffer_memoryview_get_item(job.a, zeros, ndim, values, n) == 0, "get_item");
    must(pybuffer_memoryview_set_item(job.a, zeros, ndim, values, n) == 0, "set_item");
    must(pybuffer_memoryview_count(job.a, values, n) > 0, "count");
    if (ndim == 1) {
        must(pybuffer_memoryview_index(job.a, values, n, 0, PY_SSIZE_T_MAX) >= 0, "index");
    }
    must(pybuffer_memoryview_fill(job.a, &all, 1, values, n) == 0, "fill");
}

static void numbers(void)
{
    int read = pybuffer_memoryview_to_double(job.a, job.memory, job.n);
    must(read == 0, "to_double");
    must(pybuffer_memoryview_from_double(job.a, job.memory, job.n) == 0, "from_double");
    must(pybuffer_memoryview_to_float(job.a, job.memory, job.n) == 0, "to_float");
    must(pybuffer_memoryview_from_float(job.a, job.memory, job.n) == 0, "from_float");
    must(pybuffer_memoryview_to_int64(job.a, job.memory, job.n) == 0, "to_int64");
    must(pybuffer_memoryview_from_int64(job.a, job.memory, job.n) == 0, "from_int64");
    must(pybuffer_memoryview_to_uint64(job.a, job.memory, job.n) == 0, "to_uint64");
    must(pybuffer_memoryview_from_uint64(job.a, job.memory, job.n) == 0, "from_uint64");
}

static void parts(void)
{
    static pybuffer_subscript subscripts[64];
    static Py_ssize_t shape[64];
    const Py_buffer *view = PyMemoryView_GET_BUFFER(job.a);
    for (int i = 0; i < view->ndim; i++) {
        subscripts[i] = (pybuffer_subscript){PYBUFFER_SUBSCRIPT_SLICE, 0, PY_SSIZE_T_MAX, 1};
        shape[i] = view->shape[i];
    }
    keep(pybuffer_memoryview_subscript(job.a, subscripts, view->ndim), "subscript");
    keep(pybuffer_memoryview_permute(job.a, NULL, 0), "permute");
    keep(pybuffer_memoryview_broadcast(job.a, view->ndim, shape), "broadcast");
    keep(pybuffer_memoryview_reshape(job.a, view->ndim, shape, 'C'), "reshape");
    PyObject *iterator = pybuffer_memoryview_iter(job.a);
    keep(iterator == NULL ? NULL : pybuffer_memoryview_next(iterator), "next");
    Py_XDECREF(iterator);
}

/* Whatever comes out: only the stack counts. */
static void views_without_objects(void)
{
    static Py_buffer made, other;
    static pybuffer_view_storage storage, of_other;
    static Py_ssize_t line[1] = {-1};
    static char format[4096];
    const Py_buffer *view = &job.view;
    must(pybuffer_view_complete(&made, &storage, view) == 0, "complete");
    must(pybuffer_view_select(&made, &storage, view, "...") == 0, "select");
    must(pybuffer_view_permute(&made, &storage, view, NULL, 0) == 0, "permute");
    must(pybuffer_view_broadcast(&made, &storage, view, view->ndim, view->shape) == 0, "broadcast");
    must(pybuffer_view_answer(&made, view, PyBUF_FULL_RO, "view") == 0, "answer");
    must(pybuffer_view_equal(view, view, 1) >= 0, "equal");
    must(pybuffer_view_copy(view, view) == 0, "copy");
    must(pybuffer_view_convert(view, view) == 0, "convert");
    if (view->ndim > 0 && pybuffer_view_select(&other, &of_other, view, "::-1") == 0) {
        must(pybuffer_view_copy(view, &other) == 0 && pybuffer_view_convert(&other, view) == 0, "copies that overlap");
    }
    if (pybuffer_view_reshape(&made, &storage, view, 1, line, 'C') != 0 ||
        pybuffer_view_cast(&made, &storage, view, "B", 0, NULL, 'C') != 0 ||
        pybuffer_view_field(&made, &storage, view, "#0", format, sizeof(format)) != 0 ||
        pybuffer_view_elements(&made, &storage, view, format, sizeof(format)) != 0 || pybuffer_view_hash(view) == -1) {
        PyErr_Clear();
    }
}

static void fields(void)
{
    PyObject *part = pybuffer_memoryview_field(job.a, job.text);
    must(part != NULL, "field");
    keep(part == NULL ? NULL : pybuffer_memoryview_copy(part, 'C'), "copy of a field");
    Py_XDECREF(part);
    keep(pybuffer_memoryview_select(job.a, "..."), "select");
}

static void elements(void)
{
    keep(pybuffer_memoryview_elements(job.a), "elements");
    const pybuffer_item *root = pybuffer_format_root(job.b);
    keep(pybuffer_item_format(root), "item_format");
}

static void convert(void)
{
    must(pybuffer_memoryview_convert(job.a, job.b) == 0, "convert");
    keep(pybuffer_memoryview_astype(job.b, PyMemoryView_GET_BUFFER(job.a)->format, 'F'), "astype");
}

/* The first value of the source does not fit. */
static void refuse(void)
{
    must(pybuffer_memoryview_convert(job.a, job.b) == -1 && PyErr_Occurred() == PyExc_OverflowError, "no overflow");
    PyErr_Clear();
    PyObject *made = pybuffer_memoryview_astype(job.b, PyMemoryView_GET_BUFFER(job.a)->format, 'A');
    must(made == NULL && PyErr_Occurred() == PyExc_OverflowError, "no overflow");
    PyErr_Clear();
}

static void wrap(void)
{
    static Py_ssize_t ones[64];
    for (int i = 0; i < 64; i++) {
        ones[i] = 1;
    }
    keep(pybuffer_memoryview_wrap(item, job.text, 64, ones, NULL, 0, NULL, NULL), "wrap");
}

static void nothing(void *context, int flags, const char *message)
{
    (void)context, (void)flags, (void)message;
}

static void found(void *context, const pybuffer_finding *finding)
{
    (void)context, (void)finding;
}

static void exporters(void)
{
    must(pybuffer_check_exporter(job.a, nothing, NULL) >= 0, "check_exporter");
    must(pybuffer_find_faults(job.a, found, NULL, NULL) >= 0, "find_faults");
    PyObject *nd = pybuffer_ndarray_from_object(job.a, PyBUF_FULL_RO, 0);
    keep(PyPickleBuffer_FromObject(job.a), "PickleBuffer");
    must(nd != NULL, "ndarray");
    if (nd != NULL) {
        pybuffer_subscript all = {PYBUFFER_SUBSCRIPT_ELLIPSIS, 0, 0, 0};
        must(pybuffer_check_exporter(nd, nothing, NULL) >= 0, "check_exporter of an ndarray");
        PyObject *part = pybuffer_ndarray_subscript(nd, &all, 1);
        must(part != NULL && (pybuffer_ndarray_assign(nd, &all, 1, part) == 0 || PyErr_Occurred() != NULL), "assign");
        PyErr_Clear();
        Py_XDECREF(part);
        if (PyObject_Hash(nd) == -1) {
            PyErr_Clear();
        }
    }
    Py_XDECREF(nd);
}

static void other_protocols(void)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    struct DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(job.a, 0);
    PyObject *back = tensor == NULL ? NULL : pybuffer_dlpack_import(tensor, 0);
    must(back != NULL, "DLPack");
    Py_XDECREF(back);
    pybuffer_array_interface *interface = pybuffer_array_interface_export(job.a);
    back = interface == NULL ? NULL
                             : pybuffer_array_interface_import(interface, pybuffer_array_interface_free, interface);
    must(back != NULL, "array interface");
    Py_XDECREF(back);
    must(pybuffer_arrow_export(job.b, &array, &schema) == 0, "Arrow, out");
    back = pybuffer_arrow_import(&array, &schema);
    must(back != NULL, "Arrow, in");
    Py_XDECREF(back);
}

static void planes_of_pictures(void)
{
    static unsigned char frame[4096];
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    PyObject *views[PYBUFFER_MAX_PLANES];
    int count = pybuffer_planes_layout(planes, "yuva444p16le", 16, 8, frame);
    must(count == 4, "layout");
    planes[1].line_size = 50;
    must(pybuffer_planes_wrap(planes, count, 0, NULL, NULL, views) == 0, "wrap");
    keep(pybuffer_planes_join(views, count), "join");
    for (int i = 0; i < count; i++) {
        Py_XDECREF(views[i]);
    }
    /* Of as many axes as there can be. */
    PyObject *same[2] = {job.a, job.a};
    keep(pybuffer_planes_join(same, 2), "join");
}

static void parse(void)
{
    keep(pybuffer_format_parse(job.text), "parse");
}

static void size(void)
{
    must(PyBuffer_SizeFromFormat(job.text) >= 0, "SizeFromFormat");
}

static void spell(void)
{
    keep(pybuffer_format_canonical(job.a), "canonical");
    must(pybuffer_format_equivalent(job.a, job.b, 1) == 1, "equivalent");
}

static void unpack_and_pack(void)
{
    must(pybuffer_format_value_count(job.a) <= (Py_ssize_t)COUNT(values), "value_count");
    must(pybuffer_format_unpack(job.a, item, values) == 0, "unpack");
    must(pybuffer_format_pack(job.a, item, values) == 0, "pack");
}

static void messages(void)
{
    PyErr_Format(PyExc_ValueError, "%s %.3s %d %zd %lld %x %p %c %%", "text", "cut off", 1, (Py_ssize_t)2, 3LL, 4U,
                 (void *)stack, 'x');
    must(PyErr_ExceptionMatches(PyExc_ValueError), "PyErr_Format");
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_Restore(type, value, traceback);
    PyErr_Clear();
}

static void sequences(void)
{
    keep(PySequence_Concat(job.a, job.b), "concat");
    keep(PySequence_Repeat(job.a, 3), "repeat");
    keep(PySequence_GetSlice(job.a, 1, 3), "slice");
    must(PyObject_RichCompareBool(job.a, job.b, Py_LT) >= 0, "<");
    must(PyByteArray_Resize(job.a, 5000) == 0, "resize");
    must(PySequence_SetSlice(job.a, 1, 3, job.b) == 0, "set_slice");
    PyObject *old = PyBuffer_FromObject(job.a, 0, 10);
    must(old != NULL, "old buffer");
    keep(old == NULL ? NULL : PySequence_Concat(old, job.b), "concat of an old buffer");
    Py_XDECREF(old);
}

/* ---- what they run on ----------------------------------------------------------------------------------------- */

static PyObject *fresh(const char *format, int ndim, const Py_ssize_t *shape)
{
    PyObject *view = pybuffer_memoryview_new(format, ndim, shape, 'C');
    if (view == NULL) {
        printf("Bail out! %s\n", pybuffer_error_message());
        exit(1);
    }
    return view;
}

static PyObject *part_of(PyObject *view, const pybuffer_subscript *subscripts, int count)
{
    PyObject *part = pybuffer_memoryview_subscript(view, subscripts, count);
    if (part == NULL) {
        printf("Bail out! %s\n", pybuffer_error_message());
        exit(1);
    }
    Py_DECREF(view);
    return part;
}

static void set_view(PyObject *view)
{
    job.a = view;
    job.view = *PyMemoryView_GET_BUFFER(view);
    job.memory = realloc(job.memory, (size_t)job.view.len + 1);
}

static void copies_of_a_view(PyObject *view, const char *name)
{
    set_view(view);
    static const char orders[] = "CFA";
    for (const char *order = orders; *order != '\0'; order++) {
        job.order = *order;
        measure(name, to_contiguous);
        measure(name, from_contiguous);
        measure(name, from_contiguous_in_part);
    }
    job.b = pybuffer_memoryview_permute(view, NULL, 0);
    PyObject *copy = pybuffer_memoryview_copy(job.b, 'C'), *from = job.b;
    job.a = copy;
    measure(name, copy_data);
    job.b = copy;
    job.a = from;
    measure(name, copy_data);
    job.a = view;
    measure(name, assign_overlapping);
    Py_DECREF(copy);
    Py_DECREF(from);
    Py_DECREF(view);
}

static void all_copies(void)
{
    static const int sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 100};
    static const Py_ssize_t shapes[][3] = {{3, 5, 1}, {40, 41, 1}, {300, 301, 1}, {31, 33, 35},
                                           {5, 30000, 1}, {1501, 1502, 1}, {4200, 4100, 1}};
    for (size_t s = 0; s < COUNT(sizes); s++) {
        char format[8];
        snprintf(format, sizeof(format), "%ds", sizes[s]);
        for (size_t i = 0; i < COUNT(shapes); i++) {
            Py_ssize_t bytes = shapes[i][0] * shapes[i][1] * shapes[i][2] * sizes[s];
            /* Copies with non-temporal stores are large, and slow. */
            if (bytes > 40 << 20 || (bytes > 4 << 20 && sizes[s] != 1 && sizes[s] != 2 && sizes[s] != 8 && sizes[s] != 12)) {
                continue;
            }
            for (int kind = 0; kind < 4; kind++) {
                char name[64];
                PyObject *view = fresh(format, 3, shapes[i]);
                snprintf(name, sizeof(name), "copy of %zdx%zdx%zd items of %d bytes, kind %d", shapes[i][0],
                         shapes[i][1], shapes[i][2], sizes[s], kind);
                static const pybuffer_subscript steps[] = {{PYBUFFER_SUBSCRIPT_SLICE, PY_SSIZE_T_MIN, PY_SSIZE_T_MIN, -1},
                                                           {PYBUFFER_SUBSCRIPT_SLICE, 0, PY_SSIZE_T_MAX, 2},
                                                           {PYBUFFER_SUBSCRIPT_SLICE, PY_SSIZE_T_MIN, PY_SSIZE_T_MIN, -1}};
                static const int orders[][3] = {{2, 1, 0}, {1, 0, 2}, {0, 2, 1}};
                if (kind == 0) {
                    view = part_of(view, steps, 3);
                } else {
                    PyObject *permuted = pybuffer_memoryview_permute(view, orders[kind - 1], 3);
                    Py_DECREF(view);
                    view = permuted;
                }
                char *kept = strdup(name);
                copies_of_a_view(view, kept);
                if (worst_operation != kept) {
                    free(kept);
                }
            }
        }
    }
    static Py_ssize_t twos[64];
    static int order[64];
    for (int ndim = 20; ndim <= 64; ndim += 44) {
        for (int i = 0; i < ndim; i++) {
            twos[i] = i < 20 ? 2 : 1;
            order[i] = (i * 7 + 3) % ndim;
        }
        if (ndim == 64) {
            for (int i = 0; i < 64; i++) {
                order[i] = (i * 27 + 5) % 64;
            }
        }
        PyObject *view = fresh("B", ndim, twos);
        PyObject *shuffled = pybuffer_memoryview_permute(view, order, ndim);
        must(shuffled != NULL, "permute");
        Py_DECREF(view);
        copies_of_a_view(shuffled, "copy of many axes");
    }
}

static void windows(void)
{
    pybuffer_subscript all = {PYBUFFER_SUBSCRIPT_ELLIPSIS, 0, 0, 0};
    must(pybuffer_memoryview_equal(job.a, job.b) >= 0, "equal");
    must(PyObject_RichCompareBool(job.a, job.b, Py_EQ) >= 0, "==");
    must(PyObject_CopyData(job.a, job.b) == 0, "CopyData");
    must(pybuffer_memoryview_count(job.a, values, 1) > 0, "count");
    must(pybuffer_memoryview_index(job.b, values, 1, 1, PY_SSIZE_T_MAX) > 0, "index");
    must(pybuffer_memoryview_fill(job.a, &all, 1, values, 1) == 0, "fill");
}

/* Of as many axes as there can be: the same items by very many indices. */
static void all_windows(void)
{
    enum { MANY = 62 };
    static unsigned char memory[8 * MANY];
    static Py_ssize_t shape[MANY], ones[MANY], twos[MANY];
    for (int i = 0; i < MANY; i++) {
        shape[i] = 2;
        ones[i] = 1;
        twos[i] = 2;
    }
    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = i % 2 == 0 ? 1 : 2;
    }
    Py_buffer view = {.buf = memory, .len = (Py_ssize_t)1 << MANY, .itemsize = 1, .ndim = MANY, .format = (char *)"B",
                      .shape = shape, .strides = ones};
    job.a = PyMemoryView_FromBuffer(&view);
    view.strides = twos;
    job.b = PyMemoryView_FromBuffer(&view);
    values[0] = PYBUFFER_INT(1);
    measure("windows of many axes", windows);
    view.buf = memory + sizeof(memory) / 2;
    PyObject *apart = PyMemoryView_FromBuffer(&view), *overlapping = job.b;
    job.b = apart;
    measure("windows of many axes", windows);
    Py_DECREF(job.a);
    Py_DECREF(overlapping);
    Py_DECREF(apart);
    static unsigned char places[2][MANY * (MANY + 1) / 2 + 1];
    static Py_ssize_t upwards[MANY], downwards[MANY];
    for (int i = 0; i < MANY; i++) {
        upwards[i] = i + 1;
        downwards[i] = MANY - i;
    }
    memset(places, 1, sizeof(places));
    view.buf = places[0];
    view.strides = upwards;
    job.a = PyMemoryView_FromBuffer(&view);
    view.buf = places[1];
    view.strides = downwards;
    job.b = PyMemoryView_FromBuffer(&view);
    measure("windows of any strides", windows);
    Py_DECREF(job.a);
    Py_DECREF(job.b);
}

static void all_views(void)
{
    static const char *const formats_of_items[] = {"B", ">h", "i", "<q", "e", "d", ">d", "<ihd", "3f", "T{<i:x:>d:y:3s:z:}",
                                                   "?", "g", "Zd", "(2,3)<h", "5p", "w"};
    static const Py_ssize_t values_of[] = {1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 1, 1, 1, 6, 1, 1};
    static Py_ssize_t shapes[4][64] = {{3, 5}, {700}, {120, 130}, {0}};
    static const int axes[] = {2, 1, 2, 64};
    for (int i = 0; i < 64; i++) {
        shapes[3][i] = i % 8 == 0 ? 2 : 1;
    }
    for (size_t f = 0; f < COUNT(formats_of_items); f++) {
        for (size_t s = 0; s < COUNT(axes); s++) {
            for (int transposed = 0; transposed < 2; transposed++) {
                const char *name = formats_of_items[f];
                PyObject *view = fresh(name, axes[s], shapes[s]);
                if (transposed && axes[s] > 1) {
                    PyObject *permuted = pybuffer_memoryview_permute(view, NULL, 0);
                    Py_DECREF(view);
                    view = permuted;
                } else if (transposed) {
                    pybuffer_subscript step = {PYBUFFER_SUBSCRIPT_SLICE, 0, PY_SSIZE_T_MAX, 3};
                    view = part_of(view, &step, 1);
                }
                const Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
                set_view(view);
                job.n = values_of[f] * (buffer->len / buffer->itemsize);
                job.memory = realloc(job.memory, (size_t)job.n * sizeof(pybuffer_value));
                job.b = pybuffer_memoryview_copy(view, 'C');
                measure(name, equal);
                measure(name, all_values);
                if (strchr("Bhiqed", name[strlen(name) - 1]) != NULL && strcmp(name, "Zd") != 0) {
                    measure(name, numbers);
                }
                measure(name, hash);
                measure(name, digits_and_text);
                measure(name, copies_of_views);
                measure(name, parts);
                measure(name, views_without_objects);
                measure(name, exporters);
                Py_DECREF(job.b);
                job.n = values_of[f];
                measure(name, items);
                Py_DECREF(view);
            }
        }
    }
    job.b = fresh("d", 64, shapes[3]);
    job.a = pybuffer_memoryview_permute(job.b, NULL, 0);
    measure("other protocols", other_protocols);
    measure("planes of pictures", planes_of_pictures);
    Py_DECREF(job.a);
    Py_DECREF(job.b);
    /* Two types of numbers, two byte orders, two spellings of a record. */
    static const char *const pairs[][2] = {{"i", "d"}, {"<i", ">i"}, {"B", "q"}, {"<Q", ">d"}, {"<ihd", ">ihd"},
                                           {"T{<i:x:<d:y:}", "<id"}, {"3s", "3p"}, {"e", "g"}, {"Zf", "Zd"}};
    static const Py_ssize_t shape[2] = {90, 100};
    for (size_t p = 0; p < COUNT(pairs); p++) {
        job.a = fresh(pairs[p][0], 2, shape);
        job.b = fresh(pairs[p][1], 2, shape);
        measure("equal of two formats", equal);
        PyObject *turned = pybuffer_memoryview_permute(job.a, NULL, 0);
        PyObject *also = pybuffer_memoryview_permute(job.b, NULL, 0);
        Py_DECREF(job.a);
        Py_DECREF(job.b);
        job.a = turned;
        job.b = also;
        measure("equal of two formats, transposed", equal);
        Py_DECREF(turned);
        Py_DECREF(also);
    }
}

static void conversions_between(PyObject *dest, PyObject *source, const char *name)
{
    Py_buffer *to = PyMemoryView_GET_BUFFER(dest), over = *PyMemoryView_GET_BUFFER(source);
    job.a = dest;
    job.b = source;
    measure(name, convert);
    PyObject *turned = pybuffer_memoryview_permute(dest, NULL, 0), *copy = pybuffer_memoryview_copy(turned, 'C');
    job.a = pybuffer_memoryview_permute(copy, NULL, 0);
    measure(name, convert);
    Py_DECREF(job.a);
    Py_DECREF(copy);
    Py_DECREF(turned);
    if (over.itemsize <= to->itemsize) {
        /* In place. */
        over.buf = to->buf;
        over.strides = to->strides;
        memset(over.buf, 0, (size_t)to->len);
        job.a = dest;
        job.b = PyMemoryView_FromBuffer(&over);
        measure(name, convert);
        Py_DECREF(job.b);
    }
}

/* 64 axes, the last ones of two items that overlap, directly and behind pointers, which are taken apart before they are walked. */
static void windows_of_many_axes(void)
{
    enum { AXES = 64 };
    static const char *const formats[] = {"B", ">h", "i", "e", "d", "<ihd", "3f", "T{<i:x:>d:y:3s:z:}", "g", "Zd", "(2,3)<h", "5p", "3s"};
    static Py_ssize_t shape[AXES], strides[AXES], suboffsets[AXES];
    static char memory[2][1 << 13];
    static void *table[256];
    for (size_t f = 0; f < COUNT(formats); f++) {
        Py_ssize_t size = PyBuffer_SizeFromFormat(formats[f]);
        for (int twos = 13; size * (twos + 1) <= (Py_ssize_t)sizeof(memory[0]) && twos <= 24; twos += 11) {
            for (int pointers = 0; pointers < 2; pointers++) {
                PyObject *both[2];
                for (int which = 0; which < 2; which++) {
                    Py_buffer info = {.buf = memory[which], .itemsize = size, .ndim = AXES, .len = size, .shape = shape, .strides = strides,
                                      .format = (char *)formats[f]};
                    for (int i = 0; i < AXES; i++) {
                        shape[i] = i < AXES - twos ? 1 : 2;
                        strides[i] = size * (shape[i] - 1);
                        suboffsets[i] = -1;
                        info.len *= shape[i];
                    }
                    if (pointers) {
                        for (int i = AXES - twos; i < AXES - twos + 6; i++) {
                            strides[i] = sizeof(void *);
                        }
                        suboffsets[AXES - twos + 5] = 0;
                        for (size_t i = 0; i < COUNT(table); i++) {
                            table[i] = memory[which];
                        }
                        info.buf = table;
                        info.suboffsets = suboffsets;
                    }
                    both[which] = PyMemoryView_FromBuffer(&info);
                    must(both[which] != NULL, "64 axes");
                }
                job.a = both[0];
                job.b = both[1];
                measure("windows of 64 axes", equal);
                measure("windows of 64 axes", copy_data);
                measure("windows of 64 axes", convert);
                Py_DECREF(both[0]);
                Py_DECREF(both[1]);
            }
        }
    }
}

/* Two formats of as many values, small and large, in all layouts; and over each other. */
static void all_conversions(void)
{
    static const char *const pairs[][2] = {
        {"d", "i"}, {">q", "b"}, {"h", "e"}, {"<H", ">h"}, {"e", "f"}, {"?", "e"}, {"I", "?"}, {"<ihd", ">dih"},
        {"9T{<hb}", ">9T{dq}"}, {"2T{b2T{h2T{i2T{q2T{b2T{h2T{i2T{q}}}}}}}}", "510b"}, {"<b2T{h3T{b}}x", "T{b}8T{>d}"}, {"w", "u"}, {"Zf", "Zd"},
        {"i", "Zf"}, {"g", "e"}, {"9t", "Zg"}, {"<iw3s", ">qu3s"}, {"700b", "700h"}, {"(9)T{bbbbbbbbbb}", "9T{T{T{bbbbb}}2T{bb}b}"},
        {">9T{eB}", "9T{?e}"}, {"2T{e2T{e2T{e}}}", ">2T{h2T{h2T{h}}}"}, {"2T{e2T{e2T{e2T{e2T{e}}}}}", ">2T{h2T{h2T{h2T{h2T{h}}}}}"},
    };
    static Py_ssize_t shapes[5][64] = {{3, 5}, {700}, {120, 130}, {0}, {12, 11, 10}};
    static const int axes[] = {2, 1, 2, 64, 3};
    for (int i = 0; i < 64; i++) {
        shapes[3][i] = i % 8 == 0 ? 2 : 1;
    }
    for (size_t p = 0; p < COUNT(pairs); p++) {
        for (size_t s = 0; s < COUNT(axes); s++) {
            if (axes[s] == 2 && PyBuffer_SizeFromFormat(pairs[p][0]) > 100 && shapes[s][0] > 100) {
                continue; /* it takes long */
            }
            PyObject *all[2] = {fresh(pairs[p][0], axes[s], shapes[s]), fresh(pairs[p][1], axes[s], shapes[s])};
            for (int both = 0; both < 2; both++) {
                char name[120];
                if (pairs[p][!both][0] != 'Z' && pairs[p][both][0] == 'Z') {
                    continue; /* complex numbers become no others */
                }
                snprintf(name, sizeof(name), "conversion from '%.40s' to '%.40s', shape %zu", pairs[p][both], pairs[p][!both], s);
                char *kept = strdup(name);
                conversions_between(all[!both], all[both], kept);
                if (worst_operation != kept) {
                    free(kept);
                }
            }
            Py_DECREF(all[0]);
            Py_DECREF(all[1]);
        }
    }
    static const char *const refused[][2] = {{"d", "i"}, {">d", "<b"}, {"<dd", "bb"}, {"q", "B"}, {"<qZf", "iZf"}};
    for (size_t p = 0; p < COUNT(refused); p++) {
        static const Py_ssize_t shape[2] = {90, 100};
        job.b = fresh(refused[p][0], 2, shape);
        job.a = fresh(refused[p][1], 2, shape);
        memset(PyMemoryView_GET_BUFFER(job.b)->buf, 0x7b, (size_t)PyMemoryView_GET_BUFFER(job.b)->len);
        measure("a conversion that fails", refuse);
        Py_DECREF(job.a);
        Py_DECREF(job.b);
    }
}

static void all_fields(const char *nested)
{
    static char path[400];
    static Py_ssize_t shape[64];
    for (int i = 0; i < 64; i++) {
        shape[i] = i % 16 == 0 ? 2 : 1;
    }
    char *end = path;
    for (int i = 0; i < 63; i++) {
        end += sprintf(end, "%s#%d", i == 0 ? "" : ".", i == 0 ? 0 : 1);
    }
    job.a = fresh(nested, 64, shape);
    job.text = "#0";
    measure("a field", fields);
    job.text = path;
    must(strlen(path) > 0, "path");
    Py_DECREF(job.a);
    job.a = fresh("(2,3)T{<i:x:T{(2)d:z:}:y:}", 4, shape);
    job.text = "y.z";
    measure("a field of a field", fields);
    job.b = pybuffer_format_parse(nested);
    measure("elements", elements);
    Py_DECREF(job.b);
    Py_DECREF(job.a);
    job.text = nested;
    measure("wrap", wrap);
}

static void all_formats(void)
{
    static char nested[1024];
    char *end = nested;
    for (int i = 0; i < 63; i++) {
        end += sprintf(end, "T{b:x:");
    }
    end += sprintf(end, ">d:last:");
    for (int i = 0; i < 63; i++) {
        end += sprintf(end, "}:n:");
    }
    static const char *const texts[] = {nested, "", "i", "1000x", "(2,3,4)T{(5)<i:a:T{3Zd:b:w:c:}:d:}", "1000h?3s5p"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        job.text = texts[i];
        measure("parsing a format", parse);
        measure("the size of a format", size);
        job.a = pybuffer_format_parse(texts[i]);
        job.b = pybuffer_format_parse(texts[i]);
        must(job.a != NULL && job.b != NULL, texts[i]);
        measure("the spelling of a format", spell);
        measure("the values of a format", unpack_and_pack);
        Py_XDECREF(job.a);
        Py_XDECREF(job.b);
    }
    all_fields(nested);
    measure("messages", messages);
    job.a = PyByteArray_FromStringAndSize("some bytes", 10);
    job.b = PyBytes_FromString("others");
    measure("sequences", sequences);
    Py_DECREF(job.a);
    Py_DECREF(job.b);
}

static void *run(void *unused)
{
    (void)unused;
    all_copies();
    all_windows();
    all_views();
    windows_of_many_axes();
    all_conversions();
    all_formats();
    return NULL;
}

/* ---- levels --------------------------------------------------------------------------------------------------- */

static int child(const char *level)
{
    pthread_attr_t attributes;
    pthread_t thread;
    setenv("PYBUFFER_CPU", level, 1);
    stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || pthread_attr_init(&attributes) != 0
        || pthread_attr_setstack(&attributes, stack, STACK) != 0
        || pthread_create(&thread, &attributes, run, NULL) != 0) {
        return 2;
    }
    pthread_join(thread, NULL);
    printf("# %s: at most %zu bytes, by: %s\n", level, worst, worst_operation);
    fflush(stdout);
    return failures != 0;
}

static void at_level(const char *level)
{
    int status = 0;
    const char *preloaded = getenv("LD_PRELOAD");
#if defined(__SANITIZE_ADDRESS__)
    SKIP("the sanitizers' functions use the stack, too");
#endif
    if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL) {
        SKIP("it takes too long under valgrind");
    }
    if (bound == 0) {
        SKIP("the library is not optimised");
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child(level));
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
}

#define AT_LEVEL(name)                                                                                                 \
    static void at_level_##name(void)                                                                                  \
    {                                                                                                                  \
        at_level(#name);                                                                                               \
    }
AT_LEVEL(portable)
#if defined(__x86_64__)
AT_LEVEL(avx2)
AT_LEVEL(avx512)
#elif defined(__aarch64__)
AT_LEVEL(neon)
#endif

int main(void)
{
    const char *other = getenv("PYBUFFER_TEST_STACK");
    if (other != NULL) {
        bound = (size_t)strtoul(other, NULL, 10);
    }
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    RUN(at_level_portable);
#if defined(__x86_64__)
    RUN(at_level_avx2);
    RUN(at_level_avx512);
#elif defined(__aarch64__)
    RUN(at_level_neon);
#endif
    return tap_end();
}

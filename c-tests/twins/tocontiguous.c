/* PyBuffer_ToContiguous and PyBuffer_FromContiguous on hand-made views and on those of exporters. */
#include "exporter.h"

#define MAX_NDIM 6
#define STORE 65536
#define POINTERS 64

static const int itemsizes[] = {1, 2, 3, 4, 8, 12, 16};
static const char orders[] = {'C', 'F', 'A'};

static unsigned char store[STORE];
static unsigned char flat[STORE];
static unsigned char *pointers[POINTERS];

typedef struct {
    Py_buffer view;
    Py_ssize_t shape[MAX_NDIM];
    Py_ssize_t strides[MAX_NDIM];
    Py_ssize_t suboffsets[MAX_NDIM];
} Made;

static void fill_store(void)
{
    for (size_t i = 0; i < STORE; i++) {
        store[i] = (unsigned char)((i * 167 + i / 251) & 0xff);
    }
}

/* Strides for dimensions first..ndim-1 over a block of the returned size; *offset is where index 0 lies in it. */
static Py_ssize_t lay_out(TwinRandom *r, Made *m, int first, Py_ssize_t unit, Py_ssize_t *offset)
{
    int order[MAX_NDIM] = {0}, n = m->view.ndim - first;
    int plain = twin_once_in(r, 4); /* no gaps and no signs: often contiguous */
    for (int i = 0; i < n; i++) {
        int j = twin_range(r, 0, i);
        order[i] = order[j];
        order[j] = first + i;
    }
    if (plain) {
        int reversed = twin_once_in(r, 2);
        for (int i = 0; i < n; i++) {
            order[i] = first + (reversed ? n - 1 - i : i);
        }
    }
    Py_ssize_t extent = unit;
    *offset = 0;
    for (int i = 0; i < n; i++) {
        int d = order[i];
        Py_ssize_t count = m->shape[d] ? m->shape[d] : 1;
        Py_ssize_t stride = plain ? extent : extent * twin_range(r, 1, 2);
        extent = stride * count;
        m->strides[d] = stride;
        if (!plain && twin_once_in(r, 4)) {
            *offset += stride * (count - 1);
            m->strides[d] = -stride;
        }
    }
    return extent;
}

static void make_shape(TwinRandom *r, Made *m, int low_ndim, int high_ndim)
{
    int itemsize = itemsizes[twin_range(r, 0, (int)TWIN_COUNT(itemsizes) - 1)];
    int ndim = twin_range(r, low_ndim, high_ndim);
    m->view = (Py_buffer){.itemsize = itemsize, .len = itemsize, .ndim = ndim, .buf = store};
    int low = twin_once_in(r, 10) ? 0 : 1;
    int high = ndim <= 2 ? 6 : 3;
    for (int i = 0; i < ndim; i++) {
        m->shape[i] = twin_range(r, low, high);
        m->suboffsets[i] = -1;
        m->view.len *= m->shape[i];
    }
    m->view.shape = ndim ? m->shape : NULL;
    m->view.strides = ndim ? m->strides : NULL;
}

static void make_strided(TwinRandom *r, Made *m)
{
    Py_ssize_t offset;
    do {
        make_shape(r, m, 0, MAX_NDIM);
    } while (lay_out(r, m, 0, m->view.itemsize, &offset) > STORE);
    m->view.buf = store + offset;
    if (m->view.ndim && twin_once_in(r, 16)) {
        m->view.suboffsets = m->suboffsets; /* all -1: redundant, but not contiguous any more */
    }
}

/* Pointers after dimension `level`; the table of pointers is in C order, each to a block of its own. */
static void make_indirect(TwinRandom *r, Made *m)
{
    make_shape(r, m, 1, 3);
    int level = twin_range(r, 0, m->view.ndim - 1);
    Py_ssize_t count = 1, offset, stride = (Py_ssize_t)sizeof(char *);
    for (int i = level; i >= 0; i--) {
        m->strides[i] = stride;
        stride *= m->shape[i];
        count *= m->shape[i];
    }
    Py_ssize_t extent = lay_out(r, m, level + 1, m->view.itemsize, &offset);
    m->suboffsets[level] = twin_range(r, 0, 2) * 8;
    m->view.suboffsets = m->suboffsets;
    m->view.buf = pointers;
    if (count > POINTERS || (count + 1) * extent > STORE - 16) {
        make_indirect(r, m);
        return;
    }
    int first_backward = m->shape[0] > 1 && twin_once_in(r, 3);
    for (Py_ssize_t i = 0; i < count; i++) {
        pointers[i] = store + 16 + (count - i) * extent + offset - m->suboffsets[level];
    }
    if (first_backward) {
        m->view.buf = (char *)pointers + m->strides[0] * (m->shape[0] - 1);
        m->strides[0] = -m->strides[0];
    }
}

static void print_made(const Made *m)
{
    printf("itemsize=%lld ndim=%d", (long long)m->view.itemsize, m->view.ndim);
    twin_print_array("shape", m->view.shape, m->view.ndim);
    twin_print_array("strides", m->view.strides, m->view.ndim);
    twin_print_array("suboffsets", m->view.suboffsets, m->view.ndim);
    printf(":");
}

/* One call; what lies after the first len bytes must stay. */
static void to_contiguous(const Py_buffer *view, Py_ssize_t len, char order)
{
    memset(flat, 0xee, sizeof(flat));
    int result = PyBuffer_ToContiguous(flat, view, len, order);
    printf(" %c%d %s ", order, result, twin_error());
    twin_print_content(flat, view->len);
    printf(" tail=%d", flat[view->len] == 0xee && flat[view->len + 1] == 0xee);
}

static void to_all(const Py_buffer *view)
{
    for (size_t i = 0; i < TWIN_COUNT(orders); i++) {
        to_contiguous(view, view->len, orders[i]);
    }
    printf("\n");
}

static void from_contiguous(const Py_buffer *view, Py_ssize_t len, char order)
{
    for (size_t i = 0; i < STORE; i++) {
        flat[i] = (unsigned char)(i * 31 + 7);
    }
    memset(store, 0xcc, sizeof(store));
    int result = PyBuffer_FromContiguous(view, flat, len, order);
    printf(" %c%d %s #%016llx", order, result, twin_error(), twin_digest(store, sizeof(store)));
}

/* In full, cut short between and within items, not at all, and more than there is room for. */
static void from_all(const Py_buffer *view)
{
    for (size_t i = 0; i < TWIN_COUNT(orders); i++) {
        Py_ssize_t lens[] = {view->len, view->len / 2, view->len - 1, 0, view->len + 1, view->len * 2 + 3, 1};
        for (size_t j = 0; j < TWIN_COUNT(lens); j++) {
            if (lens[j] >= 0) {
                from_contiguous(view, lens[j], orders[i]);
            }
        }
    }
    printf("\n");
}

static void strided_views(void)
{
    twin_title("strided views");
    TwinRandom r = {11};
    Made m;
    fill_store();
    for (int round = 0; round < 1200; round++) {
        make_strided(&r, &m);
        print_made(&m);
        to_all(&m.view);
    }
    twin_title("strided views, from contiguous");
    for (int round = 0; round < 250; round++) {
        make_strided(&r, &m);
        print_made(&m);
        from_all(&m.view);
    }
}

static void indirect_views(void)
{
    twin_title("indirect views");
    TwinRandom r = {12};
    Made m;
    fill_store();
    for (int round = 0; round < 500; round++) {
        make_indirect(&r, &m);
        print_made(&m);
        to_all(&m.view);
    }
    twin_title("indirect views, from contiguous");
    for (int round = 0; round < 150; round++) {
        make_indirect(&r, &m);
        print_made(&m);
        from_all(&m.view);
    }
}

/* Several items at one place: as a source any order will do; as a destination the last item written stays. */
static void shared_items(void)
{
    twin_title("shared items");
    TwinRandom r = {13};
    Made m;
    fill_store();
    for (int pass = 0; pass < 2; pass++) {
        for (int round = 0; round < 150; round++) {
            make_shape(&r, &m, 1, 4);
            for (int i = 0; i < m.view.ndim; i++) {
                m.strides[i] = twin_range(&r, -2, 2) * m.view.itemsize;
            }
            m.view.buf = store + STORE / 2;
            print_made(&m);
            if (pass == 0) {
                to_all(&m.view);
            } else {
                for (size_t i = 0; i < TWIN_COUNT(orders); i++) {
                    from_contiguous(&m.view, m.view.len, orders[i]);
                }
                printf("\n");
            }
        }
    }
}

/* Without strides the items are in C order; without shape too there is one dimension of them. */
static void missing_fields(void)
{
    twin_title("missing fields");
    TwinRandom r = {14};
    Made m;
    fill_store();
    for (int round = 0; round < 200; round++) {
        make_shape(&r, &m, 1, 4);
        m.view.strides = NULL;
        print_made(&m);
        to_all(&m.view);
    }
    for (int round = 0; round < 40; round++) {
        make_shape(&r, &m, 1, 1);
        m.view.shape = m.view.strides = NULL;
        print_made(&m);
        to_all(&m.view);
    }
    fill_store();
    for (int round = 0; round < 40; round++) { /* contiguous, so that CPython needs no strides to write */
        make_shape(&r, &m, 1, 1);
        m.view.shape = twin_once_in(&r, 2) ? m.shape : NULL;
        m.view.strides = NULL;
        print_made(&m);
        from_all(&m.view);
    }
    fill_store();
    pointers[0] = store + 8;
    pointers[1] = store + 100;
    Py_ssize_t shape[2] = {2, 1}, suboffsets[2] = {4, -1};
    Py_buffer view = {.buf = pointers, .itemsize = 8, .len = 16, .ndim = 2, .shape = shape, .suboffsets = suboffsets};
    to_all(&view);
    Py_buffer simple; /* what PyBUF_SIMPLE gives */
    printf("%d\n", PyBuffer_FillInfo(&simple, NULL, store + 5, 9, 0, PyBUF_SIMPLE));
    to_all(&simple);
    from_all(&simple);
}

static void wrong_lengths(void)
{
    twin_title("wrong lengths");
    TwinRandom r = {15};
    Made m;
    fill_store();
    for (int round = 0; round < 60; round++) {
        make_strided(&r, &m);
        Py_ssize_t lens[] = {m.view.len - 1, m.view.len + 1, m.view.len * 2 + 1, -1, -m.view.len - 1, PY_SSIZE_T_MAX};
        print_made(&m);
        for (size_t j = 0; j < TWIN_COUNT(lens); j++) {
            to_contiguous(&m.view, lens[j], orders[round % 3]);
        }
        printf("\n");
    }
}

static void samples(void)
{
    twin_title("samples");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
        printf("%s:", exporter_samples[i].name);
        to_all(PyMemoryView_GET_BUFFER(memory));
        static const int flags[] = {PyBUF_SIMPLE, PyBUF_ND, PyBUF_STRIDES, PyBUF_FULL_RO};
        for (size_t j = 0; j < TWIN_COUNT(flags); j++) {
            Py_buffer view;
            if (PyObject_GetBuffer(memory, &view, flags[j]) < 0) {
                printf("%s\n", twin_error());
                continue;
            }
            to_all(&view);
            PyBuffer_Release(&view);
        }
        for (size_t j = 0; j < TWIN_COUNT(orders); j++) {
            exporter_fill_memory();
            for (size_t k = 0; k < sizeof(flat); k++) {
                flat[k] = (unsigned char)(k + 100);
            }
            const Py_buffer *view = PyMemoryView_GET_BUFFER(memory);
            int result = PyBuffer_FromContiguous(view, flat, view->len, orders[j]);
            printf(" %c%d %s %d ", orders[j], result, twin_error(), e->gets);
            twin_print_hex(exporter_memory, 140);
        }
        printf("\n");
        Py_DECREF(memory);
        Py_DECREF(e);
    }
}

/* Enough items that a faster way through them is taken, if there is one. */
static void large_views(void)
{
    twin_title("large views");
    static unsigned char big[1 << 20], copy[1 << 20];
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = (unsigned char)(i * 2654435761u >> 13);
    }
    static const Py_ssize_t views[][7] = {
        /* itemsize, shape, strides */
        {1, 64, 64, 16, 1024, 16, 1},  {1, 64, 64, 16, 1, 64, 4096},    {2, 50, 40, 30, 2, 100, 4000},
        {4, 33, 65, 17, 4420, 68, 4},  {8, 16, 128, 3, -24, 384, 8},    {3, 100, 100, 3, 9, 900, 3},
        {16, 40, 40, 4, 16, 640, 25600}, {12, 1, 500, 9, 0, 12, 6000},  {1, 256, 256, 4, 4, 1024, 1},
    };
    for (size_t i = 0; i < TWIN_COUNT(views); i++) {
        Py_ssize_t itemsize = views[i][0];
        Py_ssize_t shape[3] = {views[i][1], views[i][2], views[i][3]};
        Py_ssize_t strides[3] = {views[i][4], views[i][5], views[i][6]};
        Py_ssize_t len = itemsize * shape[0] * shape[1] * shape[2];
        Py_buffer view = {.buf = big, .itemsize = itemsize, .len = len, .ndim = 3, .shape = shape, .strides = strides};
        view.buf = strides[0] < 0 ? big - strides[0] * (shape[0] - 1) : big;
        for (size_t j = 0; j < TWIN_COUNT(orders); j++) {
            memset(copy, 0, sizeof(copy));
            int to = PyBuffer_ToContiguous(copy, &view, len, orders[j]);
            printf("%zu %c %d #%016llx", i, orders[j], to, twin_digest(copy, sizeof(copy)));
            for (size_t k = 0; k < sizeof(copy); k++) {
                copy[k] ^= 0x5a;
            }
            int from = PyBuffer_FromContiguous(&view, copy, len, orders[j]);
            printf(" %d #%016llx %s\n", from, twin_digest(big, sizeof(big)), twin_error());
        }
    }
}

int main(void)
{
    Py_Initialize();
    twin_start();
    strided_views();
    indirect_views();
    shared_items();
    missing_fields();
    wrong_lengths();
    samples();
    large_views();
    Py_Finalize();
    return 0;
}

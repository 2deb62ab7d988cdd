/* PyBuffer_IsContiguous on hand-made views, PyBuffer_FillContiguousStrides and PyBuffer_GetPointer. */
#include "exporter.h"

#define MAX_NDIM 6

static const char orders[] = {'C', 'F', 'A', 'c', 'f', 'a', 'B', 'K', ' ', '0', '\0'};

static void print_contiguity(const Py_buffer *view)
{
    for (size_t i = 0; i < TWIN_COUNT(orders); i++) {
        printf("%d", PyBuffer_IsContiguous(view, orders[i]));
    }
}

static void show(const Py_buffer *view)
{
    print_contiguity(view);
    printf(" len=%lld itemsize=%lld ndim=%d", (long long)view->len, (long long)view->itemsize, view->ndim);
    twin_print_array("shape", view->shape, view->ndim);
    twin_print_array("strides", view->strides, view->ndim);
    twin_print_array("suboffsets", view->suboffsets, view->ndim);
    printf("\n");
}

static Py_ssize_t product(const Py_ssize_t *shape, int ndim, Py_ssize_t itemsize)
{
    for (int i = 0; i < ndim; i++) {
        itemsize *= shape[i];
    }
    return itemsize;
}

/* Strides that are contiguous in an order, then spoiled or not: views that are nearly contiguous are the ones on
 * which a test for it fails. */
static void random_strides(TwinRandom *r, Py_ssize_t *strides, Py_ssize_t *shape, int ndim, int itemsize)
{
    PyBuffer_FillContiguousStrides(ndim, shape, strides, itemsize, twin_once_in(r, 2) ? 'C' : 'F');
    switch (twin_range(r, 0, 5)) {
    case 0:
        strides[twin_range(r, 0, ndim - 1)] *= 2;
        break;
    case 1:
        strides[twin_range(r, 0, ndim - 1)] *= -1;
        break;
    case 2:
        strides[twin_range(r, 0, ndim - 1)] = 0;
        break;
    case 3:
        for (int i = 0; i < ndim; i++) {
            strides[i] = twin_range(r, -3, 3) * itemsize;
        }
        break;
    case 4: /* dimensions of 1 (or in an empty view, any) may have any stride */
        for (int i = 0; i < ndim; i++) {
            if (shape[i] <= 1) {
                strides[i] = twin_range(r, -1000, 1000);
            }
        }
        break;
    default:
        break;
    }
}

static void random_views(void)
{
    twin_title("random views");
    static const int itemsizes[] = {1, 2, 3, 4, 8, 12, 16};
    TwinRandom r = {1};
    for (int round = 0; round < 6000; round++) {
        Py_ssize_t shape[MAX_NDIM], strides[MAX_NDIM], suboffsets[MAX_NDIM];
        int ndim = twin_range(&r, 0, MAX_NDIM);
        int itemsize = itemsizes[twin_range(&r, 0, 6)];
        int low = twin_once_in(&r, 6) ? 0 : 1;
        for (int i = 0; i < ndim; i++) {
            shape[i] = twin_range(&r, low, 3);
            suboffsets[i] = -1;
        }
        Py_buffer view = {.itemsize = itemsize, .ndim = ndim, .len = product(shape, ndim, itemsize)};
        view.shape = ndim ? shape : NULL;
        if (ndim && !twin_once_in(&r, 6)) {
            random_strides(&r, strides, shape, ndim, itemsize);
            view.strides = strides;
        }
        if (ndim && twin_once_in(&r, 12)) { /* suboffsets that say nothing still count as suboffsets */
            if (twin_once_in(&r, 2)) {
                suboffsets[twin_range(&r, 0, ndim - 1)] = twin_range(&r, 0, 8);
            }
            view.suboffsets = suboffsets;
        }
        show(&view);
    }
}

/* All small shapes with all small strides. */
static void small_views(void)
{
    twin_title("small views");
    for (int a = 0; a <= 3; a++) {
        for (int b = 0; b <= 3; b++) {
            for (int s = -6; s <= 6; s++) {
                for (int t = -6; t <= 6; t++) {
                    Py_ssize_t shape[2] = {a, b}, strides[2] = {s, t};
                    Py_buffer view = {.len = a * b * 2, .itemsize = 2, .ndim = 2, .shape = shape, .strides = strides};
                    print_contiguity(&view);
                    printf("%s", t == 6 ? "\n" : " ");
                }
            }
        }
    }
}

static void special_views(void)
{
    twin_title("special views");
    Py_ssize_t two[2] = {2, 3}, strides[2] = {3, 1}, none[2] = {-1, -1};
    Py_buffer view = {.len = 6, .itemsize = 1, .ndim = 1};
    show(&view); /* PyBUF_SIMPLE: no shape */
    view.len = 0;
    show(&view);
    view = (Py_buffer){.len = 6, .itemsize = 1, .ndim = 0};
    show(&view);
    view.suboffsets = none;
    show(&view);
    view = (Py_buffer){.len = 0, .itemsize = 1, .ndim = 2, .shape = two, .strides = strides};
    show(&view); /* len 0 decides before shape and strides */
    view.suboffsets = none;
    show(&view);
    view = (Py_buffer){.len = 6, .itemsize = 1, .ndim = 2, .shape = two};
    show(&view);
    Py_ssize_t row[3] = {1, 5, 1};
    view = (Py_buffer){.len = 5, .itemsize = 1, .ndim = 3, .shape = row};
    show(&view); /* without strides, but Fortran-contiguous */
    Py_ssize_t many[64], ones[64];
    for (int i = 0; i < 64; i++) {
        many[i] = 1;
        ones[i] = -i;
    }
    many[63] = 7;
    ones[63] = 4;
    view = (Py_buffer){.len = 28, .itemsize = 4, .ndim = 64, .shape = many, .strides = ones};
    show(&view);
    many[0] = 2;
    view.len = 56;
    show(&view);
}

static void exporters(void)
{
    twin_title("exporters");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        PyObject *exporter = (PyObject *)exporter_sample(i);
        PyObject *memory = PyMemoryView_FromObject(exporter);
        Py_buffer view;
        printf("%s: ", exporter_samples[i].name);
        show(PyMemoryView_GET_BUFFER(memory));
        if (PyObject_GetBuffer(memory, &view, PyBUF_FULL_RO) == 0) {
            show(&view);
            PyBuffer_Release(&view);
        }
        if (PyObject_GetBuffer(memory, &view, PyBUF_ND) == 0) {
            show(&view);
            PyBuffer_Release(&view);
        }
        if (PyObject_GetBuffer(memory, &view, PyBUF_SIMPLE) == 0) {
            show(&view);
            PyBuffer_Release(&view);
        }
        printf("%s\n", twin_error());
        Py_DECREF(memory);
        Py_DECREF(exporter);
    }
}

static void fill_strides(void)
{
    twin_title("FillContiguousStrides");
    TwinRandom r = {2};
    for (int round = 0; round < 600; round++) {
        Py_ssize_t shape[MAX_NDIM], strides[MAX_NDIM];
        int ndim = twin_range(&r, 0, MAX_NDIM);
        int itemsize = twin_range(&r, 0, 16);
        for (int i = 0; i < MAX_NDIM; i++) {
            shape[i] = twin_range(&r, twin_once_in(&r, 5) ? 0 : 1, 9);
            strides[i] = -77; /* what lies past ndim stays */
        }
        static const char fill_orders[] = {'C', 'F', 'A', 'f', 'x', '\0'};
        char order = fill_orders[round % (int)TWIN_COUNT(fill_orders)];
        PyBuffer_FillContiguousStrides(ndim, shape, strides, itemsize, order);
        printf("order=%d ndim=%d itemsize=%d", order, ndim, itemsize);
        twin_print_array("shape", shape, MAX_NDIM);
        twin_print_array("strides", strides, MAX_NDIM);
        printf("\n");
    }
    Py_ssize_t big[3] = {1 << 20, 1 << 20, 3}, strides[3];
    PyBuffer_FillContiguousStrides(3, big, strides, 1 << 20, 'C');
    twin_print_array("big C", strides, 3);
    PyBuffer_FillContiguousStrides(3, big, strides, 1 << 20, 'F');
    twin_print_array("big F", strides, 3);
    printf("\n");
}

static void pointers(void)
{
    twin_title("GetPointer");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        PyObject *exporter = (PyObject *)exporter_sample(i);
        PyObject *memory = PyMemoryView_FromObject(exporter);
        const Py_buffer *view = PyMemoryView_GET_BUFFER(memory);
        Py_ssize_t shape[3] = {1, 1, 1}, index[3];
        for (int d = 0; d < view->ndim; d++) {
            shape[d] = view->shape[d];
        }
        printf("%s:", exporter_samples[i].name);
        for (index[0] = 0; index[0] < shape[0]; index[0]++) {
            for (index[1] = 0; index[1] < shape[1]; index[1]++) {
                for (index[2] = 0; index[2] < shape[2]; index[2]++) {
                    const unsigned char *p = PyBuffer_GetPointer(view, index);
                    printf(" %d", (int)(p - exporter_memory));
                }
            }
        }
        printf("\n");
        Py_DECREF(memory);
        Py_DECREF(exporter);
    }
}

/* Pointers in two dimensions, and suboffsets after and before a plain dimension. */
static void deep_pointers(void)
{
    twin_title("GetPointer through two pointers");
    static char items[2][3][8];
    static char *inner[2][2 + 3]; /* the first two are what the suboffset of 16 skips */
    static char *outer[2];
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 3; j++) {
            inner[i][2 + j] = items[i][j] + 1;
        }
        outer[i] = (char *)inner[i];
    }
    Py_ssize_t shape[3] = {2, 3, 4}, strides[3] = {8, 8, 2}, suboffsets[3] = {16, 0, -1}, index[3];
    Py_buffer view = {.buf = outer, .len = 24, .itemsize = 1, .ndim = 3};
    view.shape = shape;
    view.strides = strides;
    view.suboffsets = suboffsets;
    for (index[0] = 0; index[0] < 2; index[0]++) {
        for (index[1] = 0; index[1] < 3; index[1]++) {
            for (index[2] = 0; index[2] < 4; index[2]++) {
                printf(" %d", (int)((char *)PyBuffer_GetPointer(&view, index) - &items[0][0][0]));
            }
        }
    }
    view = (Py_buffer){.buf = items, .len = 1, .itemsize = 1, .ndim = 0};
    printf("\nzero dimensions: %d\n", PyBuffer_GetPointer(&view, index) == (void *)items);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    random_views();
    small_views();
    special_views();
    exporters();
    fill_strides();
    pointers();
    deep_pointers();
    Py_Finalize();
    return 0;
}

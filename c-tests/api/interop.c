/* Bridges to other protocols: every type and layout that both sides know, the same memory on both, deleters called once, and
 * each refusal.
 */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include "dlpack.h"

#include <limits.h>
#include <pthread.h>

static const char *native_order(void)
{
    static const uint16_t one = 1;
    return *(const char *)&one ? "<" : ">";
}

static const char *other_order(void)
{
    return *native_order() == '<' ? ">" : "<";
}

/* A memoryview of what is described; without strides in C order. */
static PyObject *view_of(void *memory, const char *format, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides,
                         int readonly)
{
    PyObject *view = pybuffer_memoryview_wrap(memory, format, ndim, shape, strides, readonly, NULL, NULL);
    CHECK(view != NULL);
    return view;
}

static _Alignas(64) char memory[4096];

static void fill_memory(void)
{
    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (char)(i * 37 % 59 + 1); /* makes no NaN */
    }
}

/* Two views of the same items in the same memory, in formats that may be spelled in two ways. */
static void check_same(PyObject *a, PyObject *b, const char *format, const char *name)
{
    Py_buffer *x = PyMemoryView_GET_BUFFER(a), *y = PyMemoryView_GET_BUFFER(b);
    int same = x->ndim == y->ndim && x->itemsize == y->itemsize && x->len == y->len
               && (x->len == 0 || x->buf == y->buf) && strcmp(y->format, format) == 0;
    for (int i = 0; same && i < x->ndim; i++) {
        same = x->shape[i] == y->shape[i] && (x->len == 0 || x->shape[i] == 1 || x->strides[i] == y->strides[i]);
    }
    tap_check(same, __FILE__, __LINE__, "%s: %s items %s of %zd bytes, not %s of %zd", name, x->format, y->format,
              y->itemsize, format, x->itemsize);
}

typedef struct {
    const char *name;
    int ndim;
    Py_ssize_t offset, shape[4], strides[4]; /* in items */
} Shape;

static const Shape shapes[] = {
    {"no axes", 0, 0, {0}, {0}},
    {"one item", 1, 1, {1}, {1}},
    {"items", 1, 0, {6}, {1}},
    {"empty", 1, 0, {0}, {1}},
    {"backwards", 1, 5, {6}, {-1}},
    {"strided", 1, 0, {5}, {3}},
    {"repeated", 2, 0, {4, 3}, {0, 1}},
    {"C", 2, 0, {3, 4}, {4, 1}},
    {"Fortran", 2, 0, {3, 4}, {1, 3}},
    {"upside down", 2, 8, {3, 4}, {-4, 1}},
    {"C, three axes", 3, 0, {2, 3, 2}, {6, 2, 1}},
    {"empty, three axes", 3, 0, {2, 0, 2}, {0, 2, 1}},
    {"four axes of gaps", 4, 0, {2, 2, 2, 2}, {40, 20, 6, 2}},
    {"axes of one item", 2, 0, {1, 5}, {777, 1}},
};

/* A view of a shape of these items, which is read-only or not. */
static PyObject *shaped(const Shape *shape, const char *format, int readonly)
{
    Py_ssize_t itemsize = PyBuffer_SizeFromFormat(format), strides[4];
    for (int i = 0; i < shape->ndim; i++) {
        strides[i] = shape->strides[i] * itemsize;
    }
    return view_of(memory + shape->offset * itemsize, format, shape->ndim, shape->shape, strides, readonly);
}

/* ---- DLPack, out -------------------------------------------------------------------------------------------- */

typedef struct {
    const char *format;
    int code, bits;
    const char *imported; /* as */
} Type;

static const Type types[] = {
    {"b", kDLInt, 8, "b"},      {"h", kDLInt, 16, "h"},      {"i", kDLInt, 32, "i"},       {"l", kDLInt, 8 * sizeof(long), LONG_CODE},
    {"q", kDLInt, 64, "q"},     {"n", kDLInt, 64, "q"},      {"B", kDLUInt, 8, "B"},       {"H", kDLUInt, 16, "H"},
    {"I", kDLUInt, 32, "I"},    {"L", kDLUInt, 8 * sizeof(long), UNSIGNED_LONG_CODE},     {"Q", kDLUInt, 64, "Q"},      {"N", kDLUInt, 64, "Q"},
    {"e", kDLFloat, 16, "e"},   {"f", kDLFloat, 32, "f"},    {"d", kDLFloat, 64, "d"},     {"Ze", kDLComplex, 32, "Ze"},
    {"Zf", kDLComplex, 64, "Zf"}, {"Zd", kDLComplex, 128, "Zd"}, {"F", kDLComplex, 64, "Zf"}, {"D", kDLComplex, 128, "Zd"},
    {"?", kDLBool, 8, "?"},     {"@i", kDLInt, 32, "i"},     {"=h", kDLInt, 16, "h"},      {"=q", kDLInt, 64, "q"},
    {"<b", kDLInt, 8, "b"},     {">B", kDLUInt, 8, "B"},     {"=Zd", kDLComplex, 128, "Zd"}, {"T{i}", kDLInt, 32, "i"},
};

static void DLPack_of_every_type_and_layout_and_back(void)
{
    fill_memory();
    for (size_t t = 0; t < COUNT(types); t++) {
        const Type *type = &types[t];
        for (size_t s = 0; s < 2 * COUNT(shapes); s++) {
            const Shape *shape = &shapes[s / 2];
            int readonly = (int)s % 2;
            PyObject *view = shaped(shape, type->format, readonly);
            Py_ssize_t itemsize = PyMemoryView_GET_BUFFER(view)->itemsize, references = Py_REFCNT(PyMemoryView_GET_BASE(view));
            DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(view, 0);
            if (strcmp(type->format, "T{i}") == 0) {
                CHECK_PTR(tensor, NULL);
                CHECK_ERROR(PyExc_BufferError);
                Py_DECREF(view);
                continue;
            }
            if (!CHECK(tensor != NULL)) {
                printf("# %s: %s\n", type->format, pybuffer_error_message());
                PyErr_Clear();
                Py_DECREF(view);
                continue;
            }
            DLTensor *dl = &tensor->dl_tensor;
            int empty = PyMemoryView_GET_BUFFER(view)->len == 0;
            CHECK_INT(tensor->version.major, 1);
            CHECK_INT(tensor->flags, readonly ? DLPACK_FLAG_BITMASK_READ_ONLY : 0);
            CHECK_PTR(dl->data, empty ? NULL : memory + shape->offset * itemsize);
            CHECK_INT(dl->device.device_type, kDLCPU);
            CHECK_INT(dl->device.device_id, 0);
            CHECK_INT(dl->ndim, shape->ndim);
            CHECK_INT(dl->dtype.code, type->code);
            CHECK_INT(dl->dtype.bits, type->bits);
            CHECK_INT(dl->dtype.lanes, 1);
            CHECK_INT(dl->byte_offset, 0);
            for (int i = 0; i < shape->ndim; i++) {
                CHECK_INT(dl->shape[i], shape->shape[i]);
                CHECK_INT(dl->strides[i], shape->strides[i]);
            }
            PyObject *back = pybuffer_dlpack_import(tensor, 0);
            if (CHECK(back != NULL)) {
                check_same(view, back, type->imported, shape->name);
                CHECK_INT(PyMemoryView_GET_BUFFER(back)->readonly, readonly);
                CHECK_INT(pybuffer_memoryview_equal(view, back), 1);
                Py_DECREF(back);
            }
            CHECK_INT(Py_REFCNT(PyMemoryView_GET_BASE(view)), references);
            DLManagedTensor *old = pybuffer_dlpack_export_unversioned(view, 0);
            if (readonly) {
                CHECK_PTR(old, NULL);
                CHECK_MESSAGE(PyExc_BufferError, "DLPack: only versioned tensors can say that memory is read-only");
                CHECK_PTR(pybuffer_dlpack_export(view, PYBUFFER_DLPACK_WRITABLE), NULL);
                CHECK_MESSAGE(PyExc_BufferError, "DLPack: the memory is read-only");
            }
            else if (CHECK(old != NULL)) {
                CHECK_INT(old->dl_tensor.ndim, shape->ndim);
                CHECK_INT(old->dl_tensor.dtype.code, type->code);
                back = pybuffer_dlpack_import_unversioned(old, 0);
                if (CHECK(back != NULL)) {
                    check_same(view, back, type->imported, shape->name);
                    Py_DECREF(back);
                }
                tensor = pybuffer_dlpack_export(view, PYBUFFER_DLPACK_WRITABLE);
                if (CHECK(tensor != NULL)) {
                    tensor->deleter(tensor);
                }
            }
            CHECK_INT(Py_REFCNT(PyMemoryView_GET_BASE(view)), references);
            Py_DECREF(view);
        }
    }
}

static void a_DLPack_export_keeps_the_memory_until_it_is_deleted(void)
{
    Py_ssize_t shape[2] = {2, 3};
    Exporter *exporter = exporter_new(memory, "i", 4, 2, shape, NULL);
    DLManagedTensorVersioned *tensor = pybuffer_dlpack_export((PyObject *)exporter, 0);
    CHECK_INT(exporter->gets, 1);
    CHECK_INT(exporter->releases, 0);
    PyErr_SetString(PyExc_LookupError, "still pending");
    tensor->deleter(tensor);
    CHECK_MESSAGE(PyExc_LookupError, "still pending");
    CHECK_UNUSED(exporter);

    /* A memoryview may be released meanwhile, and destroyed; a bytearray stays exported. */
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3), *view = PyMemoryView_FromObject(bytearray);
    tensor = pybuffer_dlpack_export(view, 0);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    Py_DECREF(view);
    CHECK_INT(exports_of(bytearray), 1);
    CHECK_MEM(tensor->dl_tensor.data, "abc", 3);
    ((char *)tensor->dl_tensor.data)[1] = 'x';
    CHECK_MEM(PyByteArray_AS_STRING(bytearray), "axc", 3);
    PyObject *back = pybuffer_dlpack_import(tensor, 0);
    CHECK_INT(exports_of(bytearray), 1);
    PyObject *part = pybuffer_memoryview_select(back, "::-1");
    Py_DECREF(back);
    CHECK_INT(exports_of(bytearray), 1);
    CHECK_INT(pybuffer_memoryview_release(part), 0);
    CHECK_INT(exports_of(bytearray), 0);
    Py_DECREF(part);
    Py_DECREF(bytearray);
}

static void *delete_tensor(void *tensor)
{
    ((DLManagedTensorVersioned *)tensor)->deleter((DLManagedTensorVersioned *)tensor);
    return NULL;
}

static void any_thread_may_delete_an_export(void)
{
    Exporter *exporter = exporter_of_bytes(memory, 5);
    DLManagedTensorVersioned *tensor = pybuffer_dlpack_export((PyObject *)exporter, 0);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, delete_tensor, tensor), 0);
    pthread_join(thread, NULL);
    CHECK_UNUSED(exporter);
}

#define NO_TYPE                                                                                                        \
    "DLPack: items must be integers, floats of up to 8 bytes, complex numbers of these, or truth values"

/* Fails, and leaves the exporter alone. */
static void refused_by_DLPack(Exporter *exporter, int flags, PyObject *type, const char *message)
{
    CHECK_PTR(pybuffer_dlpack_export((PyObject *)exporter, flags), NULL);
    CHECK_MESSAGE(type, message);
    CHECK_PTR(pybuffer_dlpack_export_unversioned((PyObject *)exporter, flags), NULL);
    CHECK_ERROR(type);
    CHECK_UNUSED(exporter);
}

static void what_DLPack_exports_refuse(void)
{
    static const char *formats[] = {"c", "s", "5s", "p", "x", "2x", "P", "g", "Zg", "2f", "(2,3)i", "T{i:a:}", "ii", "w", "3u",
                                    "O", "&i", "4t", "X{}", "", "T{}"};
    Py_ssize_t two = 2;
    for (size_t i = 0; i < COUNT(formats); i++) {
        Exporter *exporter = exporter_new(memory, formats[i], PyBuffer_SizeFromFormat(formats[i]), 1, &two, NULL);
        refused_by_DLPack(exporter, 0, PyExc_BufferError, NO_TYPE);
    }
    char other[3] = {*other_order(), 'i', '\0'};
    const char *order = "DLPack: numbers must have the byte order of the machine";
    refused_by_DLPack(exporter_new(memory, other, 4, 1, &two, NULL), 0, PyExc_BufferError, order);

    Py_ssize_t odd = 6, shape[2] = {1, 2}, strides[2] = {7, 8};
    refused_by_DLPack(exporter_new(memory, "i", 4, 1, &two, &odd), 0, PyExc_BufferError,
                      "DLPack: a stride of 6 bytes is no multiple of the itemsize of 4");
    char *rows[2] = {memory, memory + 8};
    refused_by_DLPack(exporter_of_rows(rows, 2, 3), 0, PyExc_NotImplementedError,
                      "DLPack: memory behind pointers (suboffsets) has no strides");
    Exporter *failing = exporter_of_bytes(memory, 3);
    failing->raises = PyExc_RuntimeError;
    refused_by_DLPack(failing, 0, PyExc_RuntimeError, "the exporter refuses");
    refused_by_DLPack(exporter_of_bytes(memory, 3), 8, PyExc_SystemError, "DLPack: unknown flags");
    refused_by_DLPack(exporter_new(memory, "y", 4, 1, &two, NULL), 0, PyExc_ValueError, NULL);
    refused_by_DLPack(exporter_new(memory, "i", 8, 1, &two, NULL), 0, PyExc_BufferError, NO_TYPE);
    const char *bfloat = "DLPack: items to export as bfloat16 must be '2x', '2s' or 'H'";
    refused_by_DLPack(exporter_new(memory, "h", 2, 1, &two, NULL), PYBUFFER_DLPACK_BFLOAT16, PyExc_BufferError, bfloat);
    refused_by_DLPack(exporter_new(memory, "3x", 3, 1, &two, NULL), PYBUFFER_DLPACK_BFLOAT16, PyExc_BufferError, bfloat);

    /* The stride of an axis of one item is not used. */
    PyObject *view = view_of(memory, "i", 2, shape, strides, 0);
    DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(view, 0);
    if (CHECK(tensor != NULL)) {
        CHECK_INT(tensor->dl_tensor.strides[1], 2);
        tensor->deleter(tensor);
    }
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_PTR(pybuffer_dlpack_export(view, 0), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(view);
    PyObject *plain = PyObject_New(PyObject, &PyBaseObject_Type);
    CHECK_PTR(pybuffer_dlpack_export(plain, 0), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "memoryview: a bytes-like object is required, not 'object'");
    Py_DECREF(plain);
}

static void sixty_four_axes_are_exported_and_more_are_not(void)
{
    Py_ssize_t shape[65];
    for (int i = 0; i < 65; i++) {
        shape[i] = 1;
    }
    for (int ndim = 64; ndim <= 65; ndim++) {
        PyObject *array = pybuffer_ndarray_zeros("h", ndim, shape, 0);
        DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(array, 0);
        if (ndim == 65) {
            CHECK_PTR(tensor, NULL);
            CHECK_ERROR(PyExc_ValueError);
        }
        else if (CHECK(tensor != NULL)) {
            CHECK_INT(tensor->dl_tensor.ndim, 64);
            PyObject *back = pybuffer_dlpack_import(tensor, 0);
            CHECK(back != NULL);
            Py_XDECREF(back);
        }
        Py_DECREF(array);
    }
}

/* ---- DLPack, in --------------------------------------------------------------------------------------------- */

static int deleted, deleted_old;

static void count_deleted(DLManagedTensorVersioned *tensor)
{
    (void)tensor;
    deleted++;
    PyErr_SetString(PyExc_RuntimeError, "the deleter raises");
}

static void count_deleted_old(DLManagedTensor *tensor)
{
    (void)tensor;
    deleted_old++;
}

static int64_t tensor_shape[70], tensor_strides[70];

/* Six floats in two rows. */
static DLManagedTensorVersioned a_tensor(void)
{
    DLManagedTensorVersioned tensor = {
        .version = {1, 3},
        .deleter = count_deleted,
        .dl_tensor = {memory, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, tensor_shape, tensor_strides, 0},
    };
    for (int i = 0; i < 70; i++) {
        tensor_shape[i] = tensor_strides[i] = 1;
    }
    tensor_shape[0] = 2;
    tensor_shape[1] = tensor_strides[0] = 3;
    return tensor;
}

/* Imports the tensor, and checks what its items are. */
static PyObject *imported(DLManagedTensorVersioned *tensor, int flags, const char *format, Py_ssize_t itemsize)
{
    int before = deleted;
    PyObject *view = pybuffer_dlpack_import(tensor, flags);
    if (!CHECK(view != NULL)) {
        printf("# %s\n", pybuffer_error_message());
        PyErr_Clear();
        return NULL;
    }
    CHECK_INT(deleted, before);
    CHECK_STR(PyMemoryView_GET_BUFFER(view)->format, format);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->itemsize, itemsize);
    return view;
}

static void dropped(PyObject *view)
{
    int before = deleted;
    Py_XDECREF(view);
    CHECK_INT(deleted, before + 1);
    CHECK_ERROR(NULL);
}

static void DLPack_imports(void)
{
    DLManagedTensorVersioned tensor = a_tensor();
    tensor.dl_tensor.byte_offset = 8;
    PyObject *view = imported(&tensor, 0, "f", 4);
    Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
    CHECK_PTR(buffer->buf, memory + 8);
    CHECK_INT(buffer->ndim, 2);
    CHECK_INT(buffer->shape[1], 3);
    CHECK_INT(buffer->strides[0], 12);
    CHECK_INT(buffer->readonly, 0);
    PyObject *part = pybuffer_memoryview_select(view, "1");
    Py_DECREF(view);
    CHECK_INT(deleted, 0);
    dropped(part);

    /* Several lanes, with and without strides, and as an axis that is one too many. */
    tensor = a_tensor();
    tensor.flags = DLPACK_FLAG_BITMASK_READ_ONLY | 2;
    tensor.dl_tensor.dtype = (DLDataType){kDLUInt, 16, 4};
    tensor.dl_tensor.strides[0] = -3;
    view = imported(&tensor, 0, "H", 2);
    buffer = PyMemoryView_GET_BUFFER(view);
    CHECK_INT(buffer->readonly, 1);
    CHECK_INT(buffer->ndim, 3);
    CHECK_INT(buffer->shape[2], 4);
    CHECK_INT(buffer->strides[0], -24);
    CHECK_INT(buffer->strides[1], 8);
    CHECK_INT(buffer->strides[2], 2);
    dropped(view);
    tensor.dl_tensor.strides = NULL;
    view = imported(&tensor, 0, "H", 2);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->strides[0], 24);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->strides[2], 2);
    dropped(view);
    tensor.dl_tensor.ndim = 0;
    tensor.dl_tensor.shape = NULL;
    view = imported(&tensor, 0, "H", 2);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->ndim, 1);
    dropped(view);

    /* Types without a format, and the integers with the same bits. */
    tensor = a_tensor();
    tensor.dl_tensor.dtype = (DLDataType){kDLBfloat, 16, 1};
    dropped(imported(&tensor, 0, "2x", 2));
    dropped(imported(&tensor, PYBUFFER_DLPACK_INTEGERS, "H", 2));
    for (int code = kDLFloat8_e3m4; code <= kDLFloat8_e8m0fnu; code++) {
        tensor.dl_tensor.dtype = (DLDataType){(uint8_t)code, 8, 1};
        dropped(imported(&tensor, 0, "1x", 1));
        dropped(imported(&tensor, PYBUFFER_DLPACK_INTEGERS, "B", 1));
    }

    /* Sixty-four axes; no items, and no memory; no deleter. */
    tensor = a_tensor();
    tensor.dl_tensor.ndim = 64;
    dropped(imported(&tensor, 0, "f", 4));
    tensor = a_tensor();
    tensor.dl_tensor.data = NULL;
    tensor.dl_tensor.byte_offset = 4;
    tensor.dl_tensor.shape[1] = 0;
    dropped(imported(&tensor, 0, "f", 4));
    tensor = a_tensor();
    tensor.deleter = NULL;
    view = imported(&tensor, 0, "f", 4);
    Py_DECREF(view);

    /* The exchange of bfloat16. */
    Py_ssize_t three = 3;
    static const char *const bfloats[] = {"2x", "H", "2s", "xx"};
    for (size_t i = 0; i < COUNT(bfloats); i++) {
        view = view_of(memory, bfloats[i], 1, &three, NULL, 0);
        DLManagedTensorVersioned *out = pybuffer_dlpack_export(view, PYBUFFER_DLPACK_BFLOAT16);
        if (CHECK(out != NULL)) {
            CHECK_INT(out->dl_tensor.dtype.code, kDLBfloat);
            CHECK_INT(out->dl_tensor.dtype.bits, 16);
            out->deleter(out);
        }
        Py_DECREF(view);
    }

    DLManagedTensor old = {.dl_tensor = a_tensor().dl_tensor, .deleter = count_deleted_old};
    view = pybuffer_dlpack_import_unversioned(&old, 0);
    CHECK(view != NULL);
    CHECK_INT(deleted_old, 0);
    Py_XDECREF(view);
    CHECK_INT(deleted_old, 1);
    old.dl_tensor.ndim = -1;
    CHECK_PTR(pybuffer_dlpack_import_unversioned(&old, 0), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "DLPack: ndim must not be negative");
    CHECK_INT(deleted_old, 2);
}

static void *drop_view(void *view)
{
    Py_DECREF((PyObject *)view);
    return PyErr_Occurred();
}

static void the_last_release_of_an_import_deletes_it_in_any_thread(void)
{
    DLManagedTensorVersioned tensor = a_tensor();
    PyObject *view = imported(&tensor, 0, "f", 4);
    int before = deleted;
    void *pending;
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, drop_view, view), 0);
    pthread_join(thread, &pending);
    CHECK_INT(deleted, before + 1);
    CHECK_PTR(pending, NULL);
    /* A consumer's view keeps it, too. */
    Py_buffer buffer;
    tensor = a_tensor();
    view = imported(&tensor, 0, "f", 4);
    CHECK_INT(PyObject_GetBuffer(view, &buffer, PyBUF_FULL), 0);
    Py_DECREF(view);
    CHECK_INT(deleted, before + 1);
    PyBuffer_Release(&buffer);
    CHECK_INT(deleted, before + 2);
    CHECK_ERROR(NULL);
}

/* The import fails, and the tensor has been deleted. */
static void refused_import(DLManagedTensorVersioned tensor, int flags, PyObject *type, const char *message)
{
    int before = deleted;
    CHECK_PTR(pybuffer_dlpack_import(&tensor, flags), NULL);
    CHECK_MESSAGE(type, message);
    CHECK_INT(deleted, before + 1);
    tensor.deleter = NULL;
    CHECK_PTR(pybuffer_dlpack_import(&tensor, flags), NULL);
    CHECK_MESSAGE(type, message);
}

#define REFUSED(change, type, message)                                                                                 \
    do {                                                                                                               \
        DLManagedTensorVersioned tensor = a_tensor();                                                                  \
        change;                                                                                                        \
        refused_import(tensor, 0, (type), (message));                                                                  \
    } while (0)

static void what_DLPack_imports_refuse(void)
{
    /* Of another version nothing else is looked at. */
    REFUSED((tensor.version.major = 0, tensor.dl_tensor.ndim = -5),
            PyExc_BufferError, "DLPack: the tensor has version 0, not 1");
    REFUSED((tensor.version.major = 2, memset(&tensor.dl_tensor, 0xff, sizeof(DLTensor))), PyExc_BufferError,
            "DLPack: the tensor has version 2, not 1");
    REFUSED(tensor.dl_tensor.device.device_type = kDLCUDA, PyExc_BufferError,
            "DLPack: the memory is on a device of type 2, not on the CPU (1)");
    REFUSED(tensor.dl_tensor.device.device_type = kDLCUDAHost, PyExc_BufferError, NULL);
    REFUSED(tensor.dl_tensor.device.device_type = -1, PyExc_BufferError, NULL);
    REFUSED(tensor.dl_tensor.ndim = -1, PyExc_ValueError, "DLPack: ndim must not be negative");
    REFUSED(tensor.dl_tensor.ndim = INT32_MIN, PyExc_ValueError, NULL);
    REFUSED(tensor.dl_tensor.ndim = 65, PyExc_ValueError, "DLPack: more than 64 axes, vectors included");
    REFUSED(tensor.dl_tensor.ndim = INT32_MAX, PyExc_ValueError, NULL);
    REFUSED((tensor.dl_tensor.ndim = 64, tensor.dl_tensor.dtype.lanes = 2), PyExc_ValueError, NULL);
    REFUSED(tensor.dl_tensor.dtype.lanes = 0, PyExc_ValueError, "DLPack: lanes must not be 0");
    REFUSED(tensor.dl_tensor.shape = NULL, PyExc_ValueError, "DLPack: the shape is NULL");
    REFUSED(tensor.dl_tensor.data = NULL, PyExc_ValueError, "DLPack: data is NULL");
    REFUSED(tensor.dl_tensor.shape[1] = -1, PyExc_ValueError, "DLPack: the shape must not be negative");
    REFUSED(tensor.dl_tensor.shape[1] = INT64_MIN, PyExc_ValueError, NULL);
    REFUSED(tensor.dl_tensor.shape[1] = INT64_MAX / 2, PyExc_ValueError, "DLPack: the shape is too large");
    REFUSED(tensor.dl_tensor.shape[0] = tensor.dl_tensor.shape[1] = (int64_t)1 << 32, PyExc_ValueError, NULL);
    REFUSED((tensor.dl_tensor.shape[1] = (int64_t)1 << 46, tensor.dl_tensor.dtype.lanes = UINT16_MAX),
            PyExc_ValueError, NULL);
    REFUSED(tensor.dl_tensor.strides[0] = INT64_MAX / 2, PyExc_ValueError, "DLPack: a stride is too large");
    REFUSED(tensor.dl_tensor.strides[0] = INT64_MIN, PyExc_ValueError, NULL);
    REFUSED(tensor.dl_tensor.byte_offset = UINT64_MAX, PyExc_ValueError, "DLPack: byte_offset is too large");
    for (int code = 0; code < 256; code++) {
        for (int bits = 0; bits < 256; bits++) {
            int power = bits == 8 || bits == 16 || bits == 32 || bits == 64;
            int known = code == kDLInt || code == kDLUInt ? power
                : code == kDLFloat                        ? power && bits != 8
                : code == kDLBfloat                       ? bits == 16
                : code == kDLComplex                      ? bits == 32 || bits == 64 || bits == 128
                : code >= kDLBool && code <= kDLFloat8_e8m0fnu && bits == 8;
            DLManagedTensorVersioned tensor = a_tensor();
            tensor.dl_tensor.dtype = (DLDataType){(uint8_t)code, (uint8_t)bits, 1};
            PyObject *view = pybuffer_dlpack_import(&tensor, 0);
            tap_check((view != NULL) == known, __FILE__, __LINE__, "code %d with %d bits", code, bits);
            if (view == NULL) {
                CHECK_ERROR(PyExc_BufferError);
            }
            Py_XDECREF(view);
        }
    }
    PyErr_Clear();
    REFUSED((tensor.dl_tensor.dtype = (DLDataType){kDLFloat4_e2m1fn, 4, 2}), PyExc_BufferError,
            "DLPack: no items have the type code 17 with 4 bits");
    DLManagedTensorVersioned tensor = a_tensor();
    refused_import(tensor, PYBUFFER_DLPACK_WRITABLE, PyExc_SystemError, "DLPack: unknown flags");
}

/* ---- Arrow -------------------------------------------------------------------------------------------------- */

static void release_both(struct ArrowArray *array, struct ArrowSchema *schema)
{
    array->release(array);
    CHECK(array->release == NULL);
    schema->release(schema);
    CHECK(schema->release == NULL);
}

static const struct {
    const char *format, *arrow, *imported;
} arrow_types[] = {
    {"b", "c", "b"},   {"h", "s", "h"},   {"i", "i", "i"},   {"l", LONG_ARROW, LONG_CODE},     {"q", "l", "q"},   {"B", "C", "B"},
    {"H", "S", "H"},   {"I", "I", "I"},   {"L", UNSIGNED_LONG_ARROW, UNSIGNED_LONG_CODE},   {"Q", "L", "Q"},     {"e", "e", "e"},   {"f", "f", "f"},
    {"d", "g", "d"},   {"s", "w:1", "1s"}, {"12s", "w:12", "12s"}, {"c", "w:1", "1s"}, {"3x", "w:3", "3s"}, {"<b", "c", "b"},
    {"T{i:a:d:b:}", "w:16", "16s"},
};

static void Arrow_of_every_type_and_layout_and_back(void)
{
    fill_memory();
    for (size_t t = 0; t < COUNT(arrow_types); t++) {
        for (size_t s = 0; s < COUNT(shapes); s++) {
            const Shape *shape = &shapes[s];
            PyObject *view = shaped(shape, arrow_types[t].format, (int)(s + t) % 2);
            Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
            Py_ssize_t references = Py_REFCNT(PyMemoryView_GET_BASE(view));
            struct ArrowArray array;
            struct ArrowSchema schema;
            memset(&array, 0x5a, sizeof(array));
            memset(&schema, 0x5a, sizeof(schema));
            int status = pybuffer_arrow_export(view, &array, &schema);
            if (shape->ndim == 0 || !PyBuffer_IsContiguous(buffer, 'C')) {
                CHECK_INT(status, -1);
                CHECK_MESSAGE(PyExc_BufferError, shape->ndim == 0 ? "Arrow: an array has at least one axis"
                                                                  : "Arrow: the memory is not C-contiguous");
                CHECK(array.release == NULL && schema.release == NULL);
                CHECK_INT(Py_REFCNT(PyMemoryView_GET_BASE(view)), references);
                Py_DECREF(view);
                continue;
            }
            if (!CHECK_INT(status, 0)) {
                printf("# %s: %s\n", arrow_types[t].format, pybuffer_error_message());
                PyErr_Clear();
                Py_DECREF(view);
                continue;
            }
            CHECK_INT(array.length, shape->shape[0]);
            CHECK_INT(array.null_count, 0);
            CHECK_INT(array.offset, 0);
            CHECK_PTR(array.dictionary, NULL);
            CHECK_PTR(schema.dictionary, NULL);
            CHECK_PTR(array.buffers[0], NULL);
            CHECK_INT(schema.flags, ARROW_FLAG_NULLABLE);
            CHECK_STR(schema.name, "");
            struct ArrowArray *items = &array;
            struct ArrowSchema *item = &schema;
            CHECK_INT(array.n_children, shape->ndim > 1);
            CHECK_INT(schema.n_children, shape->ndim > 1);
            CHECK((schema.metadata != NULL) == (shape->ndim > 2));
            if (shape->ndim > 1) {
                char lists[32];
                Py_ssize_t size = shape->shape[1] * (shape->ndim > 2 ? shape->shape[2] : 1);
                snprintf(lists, sizeof(lists), "+w:%zd", size);
                CHECK_STR(schema.format, lists);
                CHECK_INT(array.n_buffers, 1);
                items = array.children[0];
                item = schema.children[0];
                CHECK_STR(item->name, "item");
                CHECK_INT(items->length, shape->shape[0] * size);
            }
            CHECK_STR(item->format, arrow_types[t].arrow);
            CHECK_INT(items->n_buffers, 2);
            CHECK_PTR(items->buffers[1], buffer->buf);
            PyObject *back = pybuffer_arrow_import(&array, &schema);
            CHECK(array.release == NULL && schema.release == NULL);
            if (CHECK(back != NULL)) {
                check_same(view, back, arrow_types[t].imported, shape->name);
                CHECK_INT(PyMemoryView_GET_BUFFER(back)->readonly, 1);
                CHECK_INT(Py_REFCNT(PyMemoryView_GET_BASE(view)), references);
                Py_DECREF(back);
            }
            else {
                printf("# %s\n", pybuffer_error_message());
                PyErr_Clear();
            }
            Py_DECREF(view);
        }
    }
}

#define INVALID_FORMAT "expected a format code at byte 0 of the format"

static void refused_by_Arrow(Exporter *exporter, PyObject *type, const char *message)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    CHECK_INT(pybuffer_arrow_export((PyObject *)exporter, &array, &schema), -1);
    CHECK_MESSAGE(type, message);
    CHECK(array.release == NULL && schema.release == NULL);
    CHECK_UNUSED(exporter);
}

static void what_Arrow_exports_refuse(void)
{
    const char *message =
        "Arrow: items must be integers or floats of up to 8 bytes in the machine's byte order, or bytes";
    char other[3] = {*other_order(), 'i', '\0'};
    const char *formats[] = {"?", "Zf", "Zd", "g", "p", "P", "w", "u", "2f", "O", "4t", "X{}", other};
    Py_ssize_t two = 2, large[2] = {0, (Py_ssize_t)1 << 31};
    for (size_t i = 0; i < COUNT(formats); i++) {
        refused_by_Arrow(exporter_new(memory, formats[i], PyBuffer_SizeFromFormat(formats[i]), 1, &two, NULL),
                         PyExc_BufferError, message);
    }
    char *rows[2] = {memory, memory + 8};
    refused_by_Arrow(exporter_of_rows(rows, 2, 3), PyExc_NotImplementedError,
                     "Arrow: memory behind pointers (suboffsets) is not contiguous");
    refused_by_Arrow(exporter_new(memory, "i", 4, 2, large, NULL), PyExc_BufferError,
                     "Arrow: more than 2147483647 items for each index of the first axis");
    Exporter *failing = exporter_of_bytes(memory, 3);
    failing->raises = PyExc_RuntimeError;
    refused_by_Arrow(failing, PyExc_RuntimeError, "the exporter refuses");
    refused_by_Arrow(exporter_new(memory, "y", 1, 1, &two, NULL), PyExc_ValueError, INVALID_FORMAT);
}

/* The child lives on when it has been moved, and its parent released first. */
static void a_moved_child_of_an_Arrow_export_outlives_its_parent(void)
{
    Py_ssize_t shape[2] = {2, 3};
    Exporter *exporter = exporter_new(memory, "i", 4, 2, shape, NULL);
    struct ArrowArray array, child;
    struct ArrowSchema schema, child_schema;
    CHECK_INT(pybuffer_arrow_export((PyObject *)exporter, &array, &schema), 0);
    child = *array.children[0];
    array.children[0]->release = NULL;
    child_schema = *schema.children[0];
    schema.children[0]->release = NULL;
    release_both(&array, &schema);
    CHECK_INT(exporter->releases, 0);
    CHECK_STR(child_schema.format, "i");
    CHECK_PTR(child.buffers[1], memory);
    PyErr_SetString(PyExc_LookupError, "still pending");
    release_both(&child, &child_schema);
    CHECK_MESSAGE(PyExc_LookupError, "still pending");
    CHECK_UNUSED(exporter);
}

/* ---- Arrow, in ---------------------------------------------------------------------------------------------- */

static int arrays_released, schemas_released;

static void release_array(struct ArrowArray *array)
{
    arrays_released++;
    array->release = NULL;
    PyErr_SetString(PyExc_RuntimeError, "release raises");
}

static void release_schema(struct ArrowSchema *schema)
{
    schemas_released++;
    schema->release = NULL;
    PyErr_SetString(PyExc_RuntimeError, "release raises");
}

/* Released by its parent. */
static void release_child(struct ArrowArray *array)
{
    array->release = NULL;
}

static void release_child_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

/* An array of four lists of three int32_t, from the second on; and its child from the third item on. */
typedef struct {
    struct ArrowArray array, child, *children[1];
    struct ArrowSchema schema, child_schema, *schema_children[1];
    const void *list_buffers[2], *buffers[2];
} Made;

static Made made;

static void make(int nested)
{
    memset(&made, 0, sizeof(made));
    made.children[0] = &made.child;
    made.schema_children[0] = &made.child_schema;
    made.buffers[1] = memory;
    made.child = (struct ArrowArray){.length = 15, .offset = 2, .n_buffers = 2, .buffers = made.buffers, .release = release_child};
    made.child_schema = (struct ArrowSchema){.format = "i", .release = release_child_schema};
    made.array = (struct ArrowArray){.length = 4, .offset = 1, .n_buffers = 1, .n_children = 1, .buffers = made.list_buffers,
                                     .children = made.children, .release = release_array};
    made.schema = (struct ArrowSchema){.format = "+w:3", .n_children = 1, .children = made.schema_children,
                                       .release = release_schema};
    if (!nested) {
        made.child.release = release_array;
        made.child_schema.release = release_schema;
        made.array = made.child;
        made.schema = made.child_schema;
    }
}

/* Imports what has been made; checks that it is moved, and the schema released. */
static PyObject *import(void)
{
    int arrays = arrays_released, schemas = schemas_released, unreleased = made.schema.release != NULL;
    PyObject *view = pybuffer_arrow_import(&made.array, &made.schema);
    CHECK(made.array.release == NULL && made.schema.release == NULL);
    CHECK_INT(schemas_released, schemas + unreleased);
    if (view != NULL) {
        CHECK_INT(arrays_released, arrays);
    }
    return view;
}

static void released(PyObject *view)
{
    int arrays = arrays_released;
    Py_XDECREF(view);
    CHECK_INT(arrays_released, arrays + 1);
    CHECK_ERROR(NULL);
}

static void Arrow_imports(void)
{
    make(0);
    PyObject *view = import();
    Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
    CHECK_INT(buffer->ndim, 1);
    CHECK_INT(buffer->shape[0], 15);
    CHECK_PTR(buffer->buf, memory + 8);
    CHECK_INT(buffer->readonly, 1);
    CHECK_STR(buffer->format, "i");
    PyObject *part = pybuffer_memoryview_select(view, "3:5");
    Py_DECREF(view);
    released(part);

    make(1);
    view = import();
    buffer = PyMemoryView_GET_BUFFER(view);
    CHECK_INT(buffer->ndim, 2);
    CHECK_INT(buffer->shape[0], 4);
    CHECK_INT(buffer->shape[1], 3);
    CHECK_PTR(buffer->buf, memory + 4 * (2 + 1 * 3));
    released(view);

    static const char *const names[][2] = {
        {"tdD", "i"}, {"tdm", "q"}, {"tts", "i"}, {"ttm", "i"}, {"ttu", "q"}, {"ttn", "q"}, {"tss:", "q"}, {"tsn:Europe/Paris", "q"},
        {"tDs", "q"}, {"tDn", "q"}, {"tiM", "i"}, {"w:5", "5s"}, {"w:0", "0s"}, {"L", "Q"}, {"e", "e"}};
    for (size_t i = 0; i < COUNT(names); i++) {
        make(0);
        made.schema.format = names[i][0];
        view = import();
        if (CHECK(view != NULL)) {
            CHECK_STR(PyMemoryView_GET_BUFFER(view)->format, names[i][1]);
        }
        released(view);
    }

    /* Nulls count only among the items of the view. */
    static const unsigned char bitmap[4] = {0xfc, 0xff, 0x01, 0x00};
    make(0);
    made.buffers[0] = bitmap;
    made.array.null_count = -1;
    released(import());
    make(0);
    made.array.null_count = -1;
    released(import());
    make(0);
    made.buffers[0] = bitmap + 3;
    made.array.null_count = 0;
    released(import());
    make(1);
    made.buffers[0] = bitmap; /* items 5 to 16 */
    made.child.null_count = 7;
    released(import());

    /* Nothing at all. */
    make(0);
    made.array.length = made.array.offset = 0;
    made.buffers[1] = NULL;
    view = import();
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->shape[0], 0);
    released(view);
}

/* Metadata as Arrow has it. */
static char metadata[1024];

static void write_metadata(int pairs, const char *const texts[])
{
    char *at = metadata;
    int32_t count = pairs;
    memcpy(at, &count, 4);
    at += 4;
    for (int i = 0; i < 2 * pairs; i++) {
        count = (int32_t)strlen(texts[i]);
        memcpy(at, &count, 4);
        memcpy(at + 4, texts[i], (size_t)count);
        at += 4 + count;
    }
}

static void tensors_of_Arrow(void)
{
    static const char *const shapes_of[][2] = {
        {"{\"shape\":[2,3]}", "22"}, {"{\"dim_names\":[\"a\",\"b\"],\"permutation\":[1,0],\"shape\":[3,2]}", "23"},
        {"{\"shape\":[6]}", "1"},    {"{\"shape\":[1,6,1]}", "31"}};
    for (size_t i = 0; i < COUNT(shapes_of); i++) {
        const char *const texts[] = {"other", "key", "ARROW:extension:name", "arrow.fixed_shape_tensor",
                                     "ARROW:extension:metadata", shapes_of[i][0]};
        write_metadata(3, texts);
        make(1);
        made.array.offset = 0;
        made.array.length = 2;
        made.schema.format = "+w:6";
        made.schema.metadata = metadata;
        PyObject *view = import();
        if (CHECK(view != NULL)) {
            Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
            CHECK_INT(buffer->ndim, 1 + shapes_of[i][1][0] - '0');
            CHECK_INT(buffer->shape[0], 2);
        }
        released(view);
    }
    static const char *const wrong[] = {"", "{}", "{\"shape\":[2,2]}", "{\"shape\":[-2,-3]}", "{\"shape\":[4294967296,4294967296]}"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const char *const texts[] = {"ARROW:extension:metadata", wrong[i], "ARROW:extension:name", "arrow.fixed_shape_tensor"};
        write_metadata(2, texts);
        make(1);
        made.schema.metadata = metadata;
        CHECK_PTR(import(), NULL);
        CHECK_MESSAGE(PyExc_ValueError, "Arrow: the metadata of the tensors has no shape that fits their size");
    }
    /* Another extension type is its storage. */
    const char *const texts[] = {"ARROW:extension:metadata", "{}", "ARROW:extension:name", "someone.elses"};
    write_metadata(2, texts);
    make(1);
    made.schema.metadata = metadata;
    released(import());
    int32_t negative = -1;
    memcpy(metadata, &negative, 4);
    make(1);
    made.schema.metadata = metadata;
    CHECK_PTR(import(), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "Arrow: the metadata has a negative count");
}

/* The import fails; both have been released. */
#define ARROW_REFUSED(nested, change, type, message)                                                                   \
    do {                                                                                                               \
        make(nested);                                                                                                  \
        change;                                                                                                        \
        int arrays = arrays_released, unreleased = made.array.release != NULL;                                         \
        CHECK_PTR(import(), NULL);                                                                                     \
        CHECK_MESSAGE((type), (message));                                                                              \
        CHECK_INT(arrays_released, arrays + unreleased);                                                               \
    } while (0)

static void what_Arrow_imports_refuse(void)
{
    static const unsigned char zeros[4] = {0};
    ARROW_REFUSED(0, made.array.release = NULL, PyExc_ValueError, "Arrow: the array has been released");
    ARROW_REFUSED(0, made.schema.release = NULL, PyExc_ValueError, "Arrow: the schema has been released");
    ARROW_REFUSED(1, made.child.release = NULL, PyExc_ValueError, "Arrow: the array has been released");
    ARROW_REFUSED(1, made.child_schema.release = NULL, PyExc_ValueError, "Arrow: the schema has been released");
    ARROW_REFUSED(0, made.schema.format = NULL, PyExc_ValueError, "Arrow: the format is NULL");
    ARROW_REFUSED(0, made.schema.format = "b",
                  PyExc_BufferError, "Arrow: truth values are bits, which have no address");
    static const char *const others[] = {"", "n", "u", "z", "U", "vu", "+l", "+s", "+r", "d:19,10", "tin", "tiD", "tss", "ii", "\xff"};
    for (size_t i = 0; i < COUNT(others); i++) {
        char message[160];
        snprintf(message, sizeof(message), "Arrow: arrays of the type '%s' have no items of one size next to each other", others[i]);
        ARROW_REFUSED(0, made.schema.format = others[i], PyExc_BufferError, others[i][0] == '\xff' ? NULL : message);
    }
    static const char *const sizes[] = {"w:", "w:-1", "w:+1", "w:x", "w:1x", "w:2147483648", "w:99999999999999999999", "+w:", "+w:-3"};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        ARROW_REFUSED(0, made.schema.format = sizes[i],
                      PyExc_ValueError, "Arrow: a type has an invalid size in its name");
    }
    ARROW_REFUSED(0, made.array.dictionary = &made.child,
                  PyExc_BufferError, "Arrow: the items are indices of a dictionary");
    ARROW_REFUSED(0, made.schema.dictionary = &made.child_schema, PyExc_BufferError, NULL);
    ARROW_REFUSED(0, made.array.length = -1, PyExc_ValueError, "Arrow: the length must not be negative");
    ARROW_REFUSED(1, made.child.length = -1, PyExc_ValueError, "Arrow: the length must not be negative");
    ARROW_REFUSED(0, made.array.offset = -1, PyExc_ValueError, "Arrow: the offset must not be negative");
    ARROW_REFUSED(0, made.array.length = INT64_MAX, PyExc_ValueError, "Arrow: the array is too large");
    ARROW_REFUSED(0, made.array.offset = INT64_MAX, PyExc_ValueError, "Arrow: the array is too large");
    ARROW_REFUSED(0, made.array.offset = INT64_MAX / 4, PyExc_ValueError, "Arrow: the array is too large");
    ARROW_REFUSED(1, (made.array.length = INT64_MAX, made.array.offset = 0),
                  PyExc_ValueError, "Arrow: the array is too large");
    ARROW_REFUSED(0, made.array.n_buffers = 1, PyExc_ValueError, "Arrow: items must have two buffers");
    ARROW_REFUSED(0, made.array.n_buffers = 3, PyExc_ValueError, "Arrow: items must have two buffers");
    ARROW_REFUSED(0, made.array.n_buffers = -1, PyExc_ValueError, "Arrow: items must have two buffers");
    ARROW_REFUSED(1, made.array.n_buffers = 0, PyExc_ValueError, "Arrow: lists must have one buffer");
    ARROW_REFUSED(1, made.array.n_buffers = 2, PyExc_ValueError, "Arrow: lists must have one buffer");
    ARROW_REFUSED(0, made.array.buffers = NULL, PyExc_ValueError, "Arrow: the array of buffers is NULL");
    ARROW_REFUSED(0, made.buffers[1] = NULL, PyExc_ValueError, "Arrow: the buffer of the items is NULL");
    ARROW_REFUSED(0, made.array.n_children = 1, PyExc_ValueError, "Arrow: items must have no children");
    ARROW_REFUSED(0, made.schema.n_children = 1, PyExc_ValueError, "Arrow: items must have no children");
    ARROW_REFUSED(1, made.array.n_children = 0, PyExc_ValueError, "Arrow: lists must have one child");
    ARROW_REFUSED(1, made.schema.n_children = 2, PyExc_ValueError, "Arrow: lists must have one child");
    ARROW_REFUSED(1, made.array.children = NULL, PyExc_ValueError, "Arrow: the child is NULL");
    ARROW_REFUSED(1, made.children[0] = NULL, PyExc_ValueError, "Arrow: the child is NULL");
    ARROW_REFUSED(1, made.schema_children[0] = NULL, PyExc_ValueError, "Arrow: the child is NULL");
    ARROW_REFUSED(1, made.child.length = 14, PyExc_ValueError, "Arrow: the child has fewer items than the lists");
    ARROW_REFUSED(0, made.array.null_count = 1, PyExc_BufferError, "Arrow: the array has nulls");
    ARROW_REFUSED(0, made.array.null_count = -2, PyExc_ValueError, "Arrow: the number of nulls must not be negative");
    ARROW_REFUSED(0, (made.array.null_count = -1, made.buffers[0] = zeros),
                  PyExc_BufferError, "Arrow: the array has nulls");
    ARROW_REFUSED(1, (made.array.null_count = -1, made.list_buffers[0] = zeros),
                  PyExc_BufferError, "Arrow: the array has nulls");
    ARROW_REFUSED(1, (made.child.null_count = -1, made.buffers[0] = zeros),
                  PyExc_BufferError, "Arrow: the array has nulls");
    /* Lists that are their own child. */
    ARROW_REFUSED(1, (made.children[0] = &made.array, made.schema_children[0] = &made.schema, made.schema.format = "+w:1"),
                  PyExc_ValueError, NULL);
    /* Those of empty lists, and of tensors without axes, have no end, either. */
    static const char *const texts[] = {"ARROW:extension:name", "arrow.fixed_shape_tensor", "ARROW:extension:metadata", "{\"shape\":[]}"};
    write_metadata(2, texts);
    for (int tensors = 0; tensors < 2; tensors++) {
        make(1);
        made.array.offset = 0;
        made.child = made.array;
        made.child.children[0] = &made.child;
        made.child.release = release_child;
        made.schema.format = tensors ? "+w:1" : "+w:0";
        made.schema.metadata = tensors ? metadata : NULL;
        made.child_schema = made.schema;
        made.child_schema.release = release_child_schema;
        made.child_schema.children = made.schema_children;
        CHECK_PTR(import(), NULL);
        CHECK_MESSAGE(PyExc_ValueError, "Arrow: lists in more than 64 axes");
    }
}

/* ---- NumPy's array interface -------------------------------------------------------------------------------- */

static const struct {
    const char *format;
    char kind;
    int itemsize, swapped;
    const char *imported; /* NULL: the same */
} kinds[] = {
    {"?", 'b', 1, 0, NULL},   {"b", 'i', 1, 0, NULL},   {"h", 'i', 2, 0, NULL},     {"i", 'i', 4, 0, NULL},
    {"q", 'i', 8, 0, NULL},   {"l", 'i', sizeof(long), 0, LONG_CODE},    {"B", 'u', 1, 0, NULL},     {"H", 'u', 2, 0, NULL},
    {"I", 'u', 4, 0, NULL},   {"N", 'u', 8, 0, "Q"},    {"e", 'f', 2, 0, NULL},     {"f", 'f', 4, 0, NULL},
    {"d", 'f', 8, 0, NULL},   {"g", 'f', sizeof(long double), 0, sizeof(long double) == 8 ? "d" : NULL},
    {"Zf", 'c', 8, 0, NULL},  {"Zd", 'c', 16, 0, NULL}, {"Zg", 'c', 2 * sizeof(long double), 0, sizeof(long double) == 8 ? "Zd" : NULL},
    {"5s", 'S', 5, 0, NULL},  {"c", 'S', 1, 0, "1s"},   {"3w", 'U', 12, 0, NULL},   {"7x", 'V', 7, 0, NULL},
    {"T{i:a:d:b:}", 'V', 16, 0, "16x"}, {"i", 'i', 4, 1, NULL}, {"d", 'f', 8, 1, NULL}, {"Zf", 'c', 8, 1, NULL},
    {"3w", 'U', 12, 1, NULL}, {"H", 'u', 2, 1, NULL},
};

static void array_interfaces_of_every_kind_and_layout_and_back(void)
{
    fill_memory();
    for (size_t k = 0; k < COUNT(kinds); k++) {
        for (size_t s = 0; s < 2 * COUNT(shapes); s++) {
            const Shape *shape = &shapes[s / 2];
            int readonly = (int)s % 2;
            char format[32], wanted[32];
            snprintf(format, sizeof(format), "%s%s", kinds[k].swapped ? other_order() : "", kinds[k].format);
            snprintf(wanted, sizeof(wanted), "%s", kinds[k].imported ? kinds[k].imported : format);
            PyObject *view = shaped(shape, format, readonly);
            Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
            Py_ssize_t references = Py_REFCNT(PyMemoryView_GET_BASE(view));
            pybuffer_array_interface *array = pybuffer_array_interface_export(view);
            if (!CHECK(array != NULL)) {
                printf("# %s: %s\n", format, pybuffer_error_message());
                PyErr_Clear();
                Py_DECREF(view);
                continue;
            }
            CHECK_INT(array->two, 2);
            CHECK_INT(array->nd, shape->ndim);
            CHECK_INT(array->typekind, kinds[k].kind);
            CHECK_INT(array->itemsize, kinds[k].itemsize);
            CHECK_PTR(array->data, buffer->buf);
            CHECK_PTR(array->descr, NULL);
            int flags = (readonly ? 0 : PYBUFFER_ARRAY_WRITEABLE) | (kinds[k].swapped ? 0 : PYBUFFER_ARRAY_NOTSWAPPED)
                        | PYBUFFER_ARRAY_ALIGNED;
            flags |= PyBuffer_IsContiguous(buffer, 'C') ? PYBUFFER_ARRAY_C_CONTIGUOUS : 0;
            flags |= PyBuffer_IsContiguous(buffer, 'F') ? PYBUFFER_ARRAY_F_CONTIGUOUS : 0;
            CHECK_INT(array->flags, flags);
            for (int i = 0; i < shape->ndim; i++) {
                CHECK_INT(array->shape[i], shape->shape[i]);
                CHECK_INT(array->strides[i], buffer->strides[i]);
            }
            PyObject *back = pybuffer_array_interface_import(array, pybuffer_array_interface_free, array);
            if (CHECK(back != NULL)) {
                check_same(view, back, wanted, shape->name);
                CHECK_INT(PyMemoryView_GET_BUFFER(back)->readonly, readonly);
                CHECK(Py_REFCNT(PyMemoryView_GET_BASE(view)) >= references);
                Py_DECREF(back);
            }
            else {
                printf("# %s: %s\n", format, pybuffer_error_message());
                PyErr_Clear();
                pybuffer_array_interface_free(array);
            }
            CHECK_INT(Py_REFCNT(PyMemoryView_GET_BASE(view)), references);
            Py_DECREF(view);
        }
    }
}

static void what_the_array_interface_refuses_to_export(void)
{
    static const char *formats[] = {"p", "P", "2u", "O", "&i", "4t", "X{}", "2f", "(2,3)i"};
    Py_ssize_t two = 2;
    for (size_t i = 0; i < COUNT(formats); i++) {
        Exporter *exporter = exporter_new(memory, formats[i], PyBuffer_SizeFromFormat(formats[i]), 1, &two, NULL);
        CHECK_PTR(pybuffer_array_interface_export((PyObject *)exporter), NULL);
        CHECK_MESSAGE(PyExc_BufferError,
                      "array interface: items must be numbers, truth values, bytes, UCS-4 text, records or padding");
        CHECK_UNUSED(exporter);
    }
    char *rows[2] = {memory, memory + 8};
    Exporter *exporter = exporter_of_rows(rows, 2, 3);
    CHECK_PTR(pybuffer_array_interface_export((PyObject *)exporter), NULL);
    CHECK_MESSAGE(PyExc_NotImplementedError, "array interface: memory behind pointers (suboffsets) has no strides");
    CHECK_UNUSED(exporter);
    Py_ssize_t none = 0;
    exporter = exporter_new(memory, "2147483648s", (Py_ssize_t)1 << 31, 1, &none, NULL);
    CHECK_PTR(pybuffer_array_interface_export((PyObject *)exporter), NULL);
    CHECK_MESSAGE(PyExc_BufferError, "array interface: the itemsize does not fit in an int");
    CHECK_UNUSED(exporter);
    exporter = exporter_new(memory, "y", 1, 1, &two, NULL);
    CHECK_PTR(pybuffer_array_interface_export((PyObject *)exporter), NULL);
    CHECK_MESSAGE(PyExc_ValueError, INVALID_FORMAT);
    CHECK_UNUSED(exporter);
    /* Numbers at odd places are not aligned. */
    PyObject *view = view_of(memory + 1, "i", 1, &two, NULL, 0);
    pybuffer_array_interface *array = pybuffer_array_interface_export(view);
    CHECK_INT(array->flags & PYBUFFER_ARRAY_ALIGNED, 0);
    pybuffer_array_interface_free(array);
    Py_DECREF(view);
    pybuffer_array_interface_free(NULL);
}

static int destroyed;

static void count_destroyed(void *context)
{
    CHECK_PTR(context, memory);
    destroyed++;
}

static Py_ssize_t interface_shape[65], interface_strides[65];

static pybuffer_array_interface an_interface(void)
{
    pybuffer_array_interface array = {2, 2, 'i', 4, PYBUFFER_ARRAY_NOTSWAPPED, interface_shape, interface_strides, memory, NULL};
    for (int i = 0; i < 65; i++) {
        interface_shape[i] = interface_strides[i] = 1;
    }
    interface_shape[0] = 2;
    interface_shape[1] = 3;
    interface_strides[0] = -12;
    interface_strides[1] = 4;
    return array;
}

#define INTERFACE_REFUSED(change, type, message)                                                                       \
    do {                                                                                                               \
        pybuffer_array_interface array = an_interface();                                                               \
        change;                                                                                                        \
        CHECK_PTR(pybuffer_array_interface_import(&array, count_destroyed, memory), NULL);                             \
        CHECK_MESSAGE((type), (message));                                                                              \
        CHECK_INT(destroyed, 0);                                                                                       \
    } while (0)

static void what_the_array_interface_refuses_to_import(void)
{
    destroyed = 0;
    INTERFACE_REFUSED(array.two = 3, PyExc_ValueError, "array interface: the first member is not 2");
    INTERFACE_REFUSED(array.nd = -1, PyExc_ValueError, "array interface: nd must not be negative");
    INTERFACE_REFUSED(array.nd = 65, PyExc_ValueError, "array interface: more than 64 axes");
    INTERFACE_REFUSED(array.shape = NULL, PyExc_ValueError, "array interface: the shape is NULL");
    INTERFACE_REFUSED(array.itemsize = -1, PyExc_ValueError, "array interface: the itemsize must not be negative");
    INTERFACE_REFUSED(array.shape[1] = -1, PyExc_ValueError, "array interface: the shape must not be negative");
    INTERFACE_REFUSED(array.shape[1] = PY_SSIZE_T_MAX, PyExc_ValueError, "array interface: the shape is too large");
    INTERFACE_REFUSED(array.data = NULL, PyExc_ValueError, "array interface: data is NULL");
    INTERFACE_REFUSED(array.itemsize = 3, PyExc_BufferError,
                      "array interface: no items have the typekind 105 (a character) with 3 bytes");
    static const char others[] = "OmMtqxsI";
    for (size_t i = 0; i < sizeof(others); i++) {
        INTERFACE_REFUSED((array.typekind = others[i], array.itemsize = 8), PyExc_BufferError, NULL);
    }
    INTERFACE_REFUSED((array.typekind = 'U', array.itemsize = 6), PyExc_BufferError, NULL);
    INTERFACE_REFUSED(array.itemsize = 0, PyExc_BufferError, NULL);

    pybuffer_array_interface array = an_interface();
    PyObject *view = pybuffer_array_interface_import(&array, count_destroyed, memory);
    memset(&array, 0, sizeof(array));
    interface_shape[0] = 77;
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->shape[0], 2);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->strides[0], -12);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->readonly, 1);
    PyObject *part = pybuffer_memoryview_select(view, "1");
    Py_DECREF(view);
    CHECK_INT(destroyed, 0);
    Py_DECREF(part);
    CHECK_INT(destroyed, 1);
    /* Without strides in C order; without a destroy function. */
    array = an_interface();
    array.strides = NULL;
    view = pybuffer_array_interface_import(&array, NULL, NULL);
    CHECK_INT(PyMemoryView_GET_BUFFER(view)->strides[0], 12);
    Py_DECREF(view);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(DLPack_of_every_type_and_layout_and_back);
    RUN(a_DLPack_export_keeps_the_memory_until_it_is_deleted);
    RUN(any_thread_may_delete_an_export);
    RUN(what_DLPack_exports_refuse);
    RUN(sixty_four_axes_are_exported_and_more_are_not);
    RUN(DLPack_imports);
    RUN(the_last_release_of_an_import_deletes_it_in_any_thread);
    RUN(what_DLPack_imports_refuse);
    RUN(Arrow_of_every_type_and_layout_and_back);
    RUN(what_Arrow_exports_refuse);
    RUN(a_moved_child_of_an_Arrow_export_outlives_its_parent);
    RUN(Arrow_imports);
    RUN(tensors_of_Arrow);
    RUN(what_Arrow_imports_refuse);
    RUN(array_interfaces_of_every_kind_and_layout_and_back);
    RUN(what_the_array_interface_refuses_to_export);
    RUN(what_the_array_interface_refuses_to_import);
    return tap_end();
}

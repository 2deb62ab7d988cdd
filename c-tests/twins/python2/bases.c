/* Old buffers whose base changes; buffers of buffers; references; the functions of the old protocol. */
#include "twin27.h"

static void resized(void)
{
    static const Py_ssize_t sizes[] = {0, 1, 2, 3, 5, 8, 9, 30, 1000, 4, 0, 7};
    twin_title("a base that is resized");
    for (Py_ssize_t offset = 0; offset <= 6; offset += 2) {
        for (Py_ssize_t size = Py_END_OF_BUFFER; size <= 6; size++) {
            PyObject *array = new_bytearray("abcdefgh"), *byte = PyBytes_FromString("!");
            PyObject *buffer = PyBuffer_FromObject(array, offset, size);
            PyObject *writable = PyBuffer_FromReadWriteObject(array, offset, size);
            PyObject *part = PyBuffer_FromReadWriteObject(writable, 1, 2);
            for (size_t i = 0; i < TWIN_COUNT(sizes); i++) {
                show_status(PyByteArray_Resize(array, sizes[i]));
                memset(PyByteArray_AS_STRING(array), 'a' + (int)i, (size_t)sizes[i]);
                show_status(PySequence_SetItem(writable, -1, byte));
                show_status(PySequence_SetItem(part, 0, byte));
                show_content(buffer);
                show_content(writable);
                show_content(part);
                show_status(PyObject_RichCompareBool(buffer, writable, Py_EQ));
                show_status(PyObject_RichCompareBool(part, writable, Py_LT));
                show(PySequence_Concat(part, writable));
            }
            printf("\n");
            Py_DECREF(part);
            Py_DECREF(writable);
            Py_DECREF(buffer);
            Py_DECREF(byte);
            Py_DECREF(array);
        }
    }
}

static void chained(void)
{
    static const Py_ssize_t offsets[] = {0, 1, 3, 6, 9}, sizes[] = {Py_END_OF_BUFFER, 0, 1, 3, 4, 9};
    enum { OFFSETS = TWIN_COUNT(offsets), SIZES = TWIN_COUNT(sizes) };
    twin_title("buffers of buffers");
    for (int kind = 0; kind < 4; kind++) {
        for (int i = 0; i < OFFSETS * SIZES; i++) {
            for (int j = 0; j < OFFSETS * SIZES; j++) {
                PyObject *base = kind < 2 ? new_bytearray("abcdefgh") : PyBytes_FromString("abcdefgh");
                if (kind == 3) { /* memory has no base to refer to */
                    Py_DECREF(base);
                    base = PyBuffer_FromReadWriteMemory((void *)"abcdefgh", 8);
                }
                PyObject *first = (kind == 1 ? PyBuffer_FromReadWriteObject : PyBuffer_FromObject)(
                    base, offsets[i / SIZES], sizes[i % SIZES]);
                PyObject *second = PyBuffer_FromObject(first, offsets[j / SIZES], sizes[j % SIZES]);
                printf("%d %d %d: %lld %lld", kind, i, j, (long long)Py_REFCNT(base), (long long)Py_REFCNT(first));
                Py_DECREF(first);
                show_content(second);
                printf(" %lld", (long long)Py_REFCNT(base));
                PyObject *third = PyBuffer_FromObject(second, 1, 2);
                printf(" %lld %lld", (long long)Py_REFCNT(base), (long long)Py_REFCNT(second));
                show_content(third);
                Py_DECREF(base);
                show_content(second);
                Py_DECREF(second);
                show_content(third);
                Py_DECREF(third);
                printf("\n");
            }
        }
    }
}

/* A type whose objects say when they go. */
typedef struct {
    PyObject_HEAD
    int number;
} Plain;

static void plain_dealloc(PyObject *op)
{
    printf(" %d goes", ((Plain *)op)->number);
    PyObject_Free(op);
}

static PyTypeObject PlainType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "twin.Plain",
    .tp_basicsize = sizeof(Plain),
    .tp_dealloc = plain_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static void kept(void)
{
    twin_title("who keeps whom");
    PyObject *array = new_bytearray("abcdef");
    PyObject *buffers[4];
    for (int i = 0; i < 4; i++) {
        buffers[i] = PyBuffer_FromReadWriteObject(i ? buffers[i - 1] : array, 1, Py_END_OF_BUFFER);
        printf(" %lld %lld", (long long)Py_REFCNT(array), (long long)Py_REFCNT(buffers[0]));
    }
    /* No buffer keeps the bytearray from being resized. */
    show_status(PyByteArray_Resize(array, 5));
    static const int order[] = {1, 3, 0, 2};
    for (int i = 0; i < 4; i++) {
        show_content(buffers[order[i]]);
        Py_DECREF(buffers[order[i]]);
        printf(" %lld", (long long)Py_REFCNT(array));
    }
    show(array);
    show_status(PyType_Ready(&PlainType));
    Plain *plain = PyObject_New(Plain, &PlainType);
    plain->number = 3;
    show(PyBuffer_FromObject((PyObject *)plain, 0, Py_END_OF_BUFFER));
    show_status(PySequence_Check((PyObject *)plain));
    printf(" %lld", (long long)Py_REFCNT(plain));
    Py_DECREF(plain);
    printf("\n");
}

/* The results of the functions of the old protocol for an object whose memory is at `start`. */
static void questions(const char *name, PyObject *op, const char *start)
{
    const void *read = "unset";
    const char *text = "unset";
    void *write = NULL;
    Py_ssize_t length = 77;
    printf("%s: check %d", name, PyObject_CheckReadBuffer(op));
    show_status(PyObject_AsReadBuffer(op, &read, &length));
    printf(" %lld at %lld", (long long)length, length == 77 ? 0LL : (long long)((const char *)read - start));
    length = 77;
    show_status(PyObject_AsCharBuffer(op, &text, &length));
    printf(" %lld at %lld", (long long)length, length == 77 ? 0LL : (long long)(text - start));
    length = 77;
    show_status(PyObject_AsWriteBuffer(op, &write, &length));
    printf(" %lld at %lld\n", (long long)length, length == 77 ? 0LL : (long long)((char *)write - start));
}

static void asked(void)
{
    twin_title("the old protocol");
    static char memory[] = "memory";
    PyObject *bytes = PyBytes_FromString("some bytes"), *array = new_bytearray("an array");
    const char *of_bytes = PyBytes_AS_STRING(bytes), *of_array = PyByteArray_AS_STRING(array);
    questions("bytes", bytes, of_bytes);
    questions("bytearray", array, of_array);
    questions("None", Py_None, NULL);
    for (Py_ssize_t offset = 0; offset <= 9; offset += 3) {
        for (Py_ssize_t size = Py_END_OF_BUFFER; size <= 9; size += 2) {
            PyObject *buffers[] = {PyBuffer_FromObject(bytes, offset, size), PyBuffer_FromObject(array, offset, size),
                                   PyBuffer_FromReadWriteObject(array, offset, size)};
            questions("of bytes", buffers[0], of_bytes);
            questions("of a bytearray", buffers[1], of_array);
            questions("of a bytearray, writable", buffers[2], of_array);
            for (int i = 0; i < 3; i++) {
                Py_DECREF(buffers[i]);
            }
        }
    }
    PyObject *buffer = PyBuffer_FromMemory(memory, 4), *writable = PyBuffer_FromReadWriteMemory(memory, 6);
    questions("memory", buffer, memory);
    questions("writable memory", writable, memory);
    Py_DECREF(buffer);
    Py_DECREF(writable);
    printf("%lld %lld\n", (long long)Py_REFCNT(bytes), (long long)Py_REFCNT(array));
    Py_DECREF(bytes);
    Py_DECREF(array);
}

static void requests(void)
{
    static const int flags[] = {PyBUF_SIMPLE,     PyBUF_WRITABLE,   PyBUF_FORMAT,       PyBUF_ND,          PyBUF_STRIDES,
                                PyBUF_INDIRECT,   PyBUF_CONTIG,     PyBUF_CONTIG_RO,    PyBUF_STRIDED,     PyBUF_STRIDED_RO,
                                PyBUF_RECORDS,    PyBUF_RECORDS_RO, PyBUF_FULL,         PyBUF_FULL_RO,     PyBUF_C_CONTIGUOUS,
                                PyBUF_F_CONTIGUOUS, PyBUF_ANY_CONTIGUOUS};
    twin_title("the new protocol");
    PyObject *bytes = PyBytes_FromString("some bytes"), *array = new_bytearray("an array");
    for (int kind = 0; kind < 3; kind++) {
        PyObject *buffer = kind == 0   ? PyBuffer_FromObject(bytes, 2, 5)
                           : kind == 1 ? PyBuffer_FromObject(array, 2, Py_END_OF_BUFFER)
                                       : PyBuffer_FromReadWriteObject(array, 1, 3);
        const char *start = kind == 0 ? PyBytes_AS_STRING(bytes) : PyByteArray_AS_STRING(array);
        printf("%d", PyObject_CheckBuffer(buffer));
        for (size_t i = 0; i < TWIN_COUNT(flags); i++) {
            Py_buffer view;
            int status = PyObject_GetBuffer(buffer, &view, flags[i]);
            printf("%d %#x: ", kind, (unsigned)flags[i]);
            show_status(status);
            if (status == 0) {
                printf(" %lld at %lld readonly %d ndim %d itemsize %lld format %s shape %lld strides %lld sub %d obj %d",
                       (long long)view.len, (long long)((char *)view.buf - start), view.readonly, view.ndim,
                       (long long)view.itemsize, view.format ? view.format : "NULL",
                       view.shape ? (long long)view.shape[0] : -1LL, view.strides ? (long long)view.strides[0] : -1LL,
                       view.suboffsets != NULL, view.obj == buffer);
                PyBuffer_Release(&view);
                printf(" released %d", view.obj == NULL);
            }
            printf("\n");
        }
        Py_DECREF(buffer);
    }
    Py_DECREF(bytes);
    Py_DECREF(array);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    resized();
    chained();
    kept();
    asked();
    requests();
    return 0;
}

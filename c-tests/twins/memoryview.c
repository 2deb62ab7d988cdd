/* Memoryviews: creation, contents, ownership and counts. */
#include "exporter.h"

/* Bits of PyMemoryViewObject.flags and _PyManagedBufferObject.flags that say "released". */
#define RELEASED 1

static void print_memoryview(const char *name, PyObject *memory, const void *base)
{
    printf("%s: ", name);
    if (memory == NULL) {
        printf("NULL %s\n", twin_error());
        return;
    }
    PyMemoryViewObject *mv = (PyMemoryViewObject *)memory;
    const Py_buffer *view = PyMemoryView_GET_BUFFER(memory);
    twin_print_view(view, mv->mbuf->master.obj, base);
    printf(" | size=%lld flags=%d exports=%lld hash=%lld refcount=%lld", (long long)Py_SIZE(memory), mv->flags,
           (long long)mv->exports, (long long)mv->hash, (long long)Py_REFCNT(memory));
    /* The reference count of the managed buffer is not compared: see docs/deviations.md. */
    printf(" | mbuf flags=%d exports=%lld", mv->mbuf->flags, (long long)mv->mbuf->exports);
    /* The view's arrays are its own; everything else is the master's. */
    const Py_buffer *master = &mv->mbuf->master;
    printf(" | same: buf %d shape %d strides %d format %d base %d check %d error %s\n", view->buf == master->buf,
           view->shape && view->shape == master->shape, view->strides && view->strides == master->strides,
           view->format == master->format, PyMemoryView_GET_BASE(memory) == master->obj, PyMemoryView_Check(memory),
           twin_error());
}

static void print_master(PyObject *memory, const void *base)
{
    const Py_buffer *master = &((PyMemoryViewObject *)memory)->mbuf->master;
    printf("  master: ");
    twin_print_view(master, master->obj, base);
    printf("\n");
}

static void samples(void)
{
    twin_title("samples");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *exporter = (PyObject *)e;
        PyObject *first = PyMemoryView_FromObject(exporter);
        print_memoryview(exporter_samples[i].name, first, e->base);
        print_master(first, e->base);
        PyObject *second = PyMemoryView_FromObject(first);
        PyObject *third = PyMemoryView_FromObject(second);
        print_memoryview("chained", third, e->base);
        printf("  one snapshot %d %d, gets %d, flags %x, exporter's refcount %lld\n",
               ((PyMemoryViewObject *)second)->mbuf == ((PyMemoryViewObject *)first)->mbuf,
               ((PyMemoryViewObject *)third)->mbuf == ((PyMemoryViewObject *)first)->mbuf, e->gets,
               (unsigned)e->last_flags, (long long)Py_REFCNT(exporter));
        Py_DECREF(first);
        print_memoryview("first gone", third, e->base);
        Py_DECREF(second);
        Py_DECREF(exporter); /* the views keep it alive */
        printf("  refcount %lld, releases %d\n", (long long)Py_REFCNT(exporter), e->releases);
        Py_INCREF(exporter);
        Py_DECREF(third);
        printf("  refcount %lld, releases %d\n", (long long)Py_REFCNT(exporter), e->releases);
        Py_DECREF(exporter);
    }
    printf("freed %d of %d\n", exporter_deallocs, (int)EXPORTER_SAMPLES);
}

/* A chained view has the snapshot's fields, even when the exporter would answer differently by then. */
static void snapshots(void)
{
    twin_title("snapshots");
    Exporter *e = exporter_sample(0);
    PyObject *first = PyMemoryView_FromObject((PyObject *)e);
    e->shape[0] = 3;
    e->len = 3;
    e->buf += 2;
    PyObject *second = PyMemoryView_FromObject(first);
    print_memoryview("of the view", second, e->base);
    PyObject *fresh = PyMemoryView_FromObject((PyObject *)e);
    print_memoryview("of the exporter", fresh, e->base);
    e->failure = PyExc_ValueError;
    PyObject *third = PyMemoryView_FromObject(second);
    print_memoryview("of the view's view", third, e->base);
    printf("gets %d\n", e->gets);
    /* shape and strides of a view are its own: changing them changes no other */
    PyMemoryView_GET_BUFFER(second)->shape[0] = 2;
    print_memoryview("third", third, e->base);
    PyObject *fourth = PyMemoryView_FromObject(second);
    print_memoryview("fourth", fourth, e->base);
    Py_DECREF(fourth);
    Py_DECREF(third);
    Py_DECREF(fresh);
    Py_DECREF(second);
    Py_DECREF(first);
    printf("releases %d\n", e->releases);
    Py_DECREF(e);
}

/* Buffers handed out by a view are counted in the view, and keep it alive. */
static void export_counts(void)
{
    twin_title("export counts");
    Exporter *e = exporter_sample(2);
    PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
    Py_buffer views[3];
    for (int i = 0; i < 3; i++) {
        printf("%d\n", PyObject_GetBuffer(memory, &views[i], i == 1 ? PyBUF_SIMPLE : PyBUF_FULL_RO));
        print_memoryview("exporting", memory, e->base);
    }
    printf("arrays shared %d %d, gets %d\n", views[0].shape == PyMemoryView_GET_BUFFER(memory)->shape,
           views[0].strides == views[2].strides, e->gets);
    PyBuffer_Release(&views[1]);
    print_memoryview("released one", memory, e->base);
    PyBuffer_Release(&views[1]);
    print_memoryview("released it again", memory, e->base);
    Py_DECREF(memory); /* two buffers left: the view lives */
    printf("refcount %lld releases %d\n", (long long)Py_REFCNT(memory), e->releases);
    PyBuffer_Release(&views[0]);
    printf("refcount %lld releases %d\n", (long long)Py_REFCNT(memory), e->releases);
    PyBuffer_Release(&views[2]);
    printf("releases %d refcount %lld\n", e->releases, (long long)Py_REFCNT(e));
    Py_DECREF(e);
}

static void switches(void)
{
    twin_title("switches");
    for (int s = 0; s < 32; s++) {
        for (size_t i = 0; i < EXPORTER_SAMPLES; i += 2) {
            Exporter *e = exporter_sample(i);
            /* more dimensions without a shape, or pointers without strides, are beyond what CPython checks */
            int indirect = e->has_suboffsets && (s & (EXPORTER_DROP_SHAPE | EXPORTER_DROP_STRIDES));
            if (indirect || ((s & EXPORTER_DROP_SHAPE) && e->ndim != 1)) {
                Py_DECREF(e);
                continue;
            }
            e->switches = s;
            printf("%d %s\n", s, exporter_samples[i].name);
            PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
            print_memoryview("  view", memory, e->base);
            if (memory != NULL) {
                print_master(memory, e->base);
                PyObject *copy = PyMemoryView_GetContiguous((PyObject *)e, PyBUF_READ, 'F');
                print_memoryview("  contiguous", copy, NULL);
                Py_XDECREF(copy);
            }
            Py_XDECREF(memory);
            printf("  gets %d releases %d refcount %lld\n", e->gets, e->releases, (long long)Py_REFCNT(e));
            Py_DECREF(e);
        }
    }
}

static void failures(void)
{
    twin_title("failures");
    Exporter *e = exporter_sample(0);
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        e->failure = twin_exception(i).type;
        print_memoryview("FromObject", PyMemoryView_FromObject((PyObject *)e), NULL);
        print_memoryview("GetContiguous", PyMemoryView_GetContiguous((PyObject *)e, PyBUF_READ, 'C'), NULL);
        printf("gets %d releases %d refcount %lld\n", e->gets, e->releases, (long long)Py_REFCNT(e));
    }
    Py_DECREF(e);
    print_memoryview("None", PyMemoryView_FromObject(Py_None), NULL);
    print_memoryview("a type", PyMemoryView_FromObject((PyObject *)&PyMemoryView_Type), NULL);
    print_memoryview("None, contiguous", PyMemoryView_GetContiguous(Py_None, PyBUF_WRITE, 'C'), NULL);
    PyObject *bytes = PyBytes_FromString("b"), *array = PyByteArray_FromStringAndSize("a", 1);
    printf("Check %d %d %d %d\n", PyMemoryView_Check(bytes), PyMemoryView_Check(array), PyMemoryView_Check(Py_None),
           PyMemoryView_Check((PyObject *)&PyMemoryView_Type));
    Py_DECREF(bytes);
    Py_DECREF(array);
}

static void many_dimensions(void)
{
    twin_title("many dimensions");
    static Py_ssize_t shape[66], strides[66];
    for (int i = 0; i < 66; i++) {
        shape[i] = i % 32 == 7 ? 2 : 1;
        strides[i] = i == 7 ? 5 : i == 39 ? -2 : i;
    }
    static const int ndims[] = {1, 2, 63, 64, 65, 66};
    for (size_t i = 0; i < TWIN_COUNT(ndims); i++) {
        for (int strided = 0; strided < 2; strided++) {
            Exporter *e = exporter_new(exporter_memory + 8, "B", 1, ndims[i], shape, strided ? strides : NULL);
            PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
            print_memoryview("FromObject", memory, e->base);
            Py_XDECREF(memory);
            PyObject *copy = PyMemoryView_GetContiguous((PyObject *)e, PyBUF_READ, 'F');
            print_memoryview("GetContiguous", copy, NULL);
            Py_XDECREF(copy);
            Py_buffer view = {.buf = exporter_memory, .len = e->len, .itemsize = 1, .ndim = ndims[i]};
            view.shape = shape;
            memory = PyMemoryView_FromBuffer(&view);
            print_memoryview("FromBuffer", memory, exporter_memory);
            Py_XDECREF(memory);
            printf("gets %d releases %d\n", e->gets, e->releases);
            Py_DECREF(e);
        }
    }
}

static void from_memory(void)
{
    twin_title("FromMemory");
    char memory[] = "some memory";
    static const int flags[] = {PyBUF_READ, PyBUF_WRITE};
    for (size_t i = 0; i < TWIN_COUNT(flags); i++) {
        for (Py_ssize_t len = 0; len < 12; len += 11) {
            PyObject *view = PyMemoryView_FromMemory(memory, len, flags[i]);
            print_memoryview("memory", view, memory);
            print_master(view, memory);
            Py_DECREF(view);
        }
    }
    PyObject *view = PyMemoryView_FromMemory(memory, 4, PyBUF_WRITE);
    PyObject *second = PyMemoryView_FromObject(view);
    print_memoryview("chained", second, memory);
    Py_buffer buffer;
    printf("%d\n", PyObject_GetBuffer(second, &buffer, PyBUF_CONTIG));
    ((char *)buffer.buf)[0] = 'S';
    printf("%s obj %d\n", memory, buffer.obj == second);
    PyBuffer_Release(&buffer);
    Py_DECREF(second);
    Py_DECREF(view);
}

/* No bytes may be anywhere, at NULL, too. */
static void from_no_memory(void)
{
    twin_title("FromMemory of nothing");
    static const int flags[] = {PyBUF_READ, PyBUF_WRITE};
    static const char orders[] = "CFA";
    for (size_t i = 0; i < TWIN_COUNT(flags); i++) {
        PyObject *view = PyMemoryView_FromMemory(NULL, 0, flags[i]), *second = PyMemoryView_FromObject(view);
        PyObject *bytes = PyBytes_FromStringAndSize("", 0), *array = PyByteArray_FromObject(view), *made;
        print_memoryview("view", view, NULL);
        print_master(view, NULL);
        print_memoryview("chained", second, NULL);
        for (const char *order = orders; *order != '\0'; order++) {
            made = PyMemoryView_GetContiguous(view, flags[i], *order);
            print_memoryview("contiguous", made, NULL);
            Py_XDECREF(made);
        }
        made = PyBytes_FromObject(view);
        printf("bytes %lld, bytearray %lld\n", (long long)PyBytes_Size(made), (long long)PyByteArray_Size(array));
        Py_XDECREF(made);
        made = PySequence_Concat(bytes, view);
        printf("joined %lld\n", (long long)PyBytes_Size(made));
        Py_XDECREF(made);
        printf("equal %d %d %d\n", PyObject_RichCompareBool(view, bytes, Py_EQ),
               PyObject_RichCompareBool(view, second, Py_EQ), PyObject_RichCompareBool(array, view, Py_EQ));
        printf("same hash %d %s\n", PyObject_Hash(view) == PyObject_Hash(bytes), twin_error());
        printf("copied %d %d ", PyObject_CopyData(array, view), PyObject_CopyData(view, array));
        printf("%s\n", twin_error());
        printf("size %lld\n", (long long)PyObject_Size(view));
        Py_buffer buffer;
        for (int request = 0; request < 512; request += 4) {
            int status = request == PyBUF_READ ? -2 : PyObject_GetBuffer(view, &buffer, request);
            printf("%#x %d %s ", (unsigned)request, status, twin_error());
            if (status == 0) {
                twin_print_view(&buffer, view, NULL);
                printf(" %d", PyBuffer_ToContiguous(NULL, &buffer, 0, 'C'));
                PyBuffer_Release(&buffer);
            }
            printf("\n");
        }
        Py_DECREF(array);
        Py_DECREF(bytes);
        Py_DECREF(second);
        Py_DECREF(view);
    }
}

static void from_buffer(void)
{
    twin_title("FromBuffer");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        Py_buffer view;
        printf("%d\n", PyObject_GetBuffer((PyObject *)e, &view, PyBUF_FULL_RO));
        PyObject *memory = PyMemoryView_FromBuffer(&view);
        print_memoryview(exporter_samples[i].name, memory, e->base);
        print_master(memory, e->base);
        printf("  the buffer's obj %d, refcount %lld\n", view.obj == (PyObject *)e, (long long)Py_REFCNT(e));
        Py_DECREF(memory);
        printf("  releases %d\n", e->releases); /* the buffer stays the caller's to release */
        PyBuffer_Release(&view);
        printf("  releases %d\n", e->releases);
        Py_DECREF(e);
    }
    Py_buffer view = {.buf = exporter_memory, .len = 12, .itemsize = 4, .ndim = 1};
    PyObject *memory = PyMemoryView_FromBuffer(&view);
    print_memoryview("nothing but a length", memory, exporter_memory);
    Py_DECREF(memory);
    view.len = 14; /* the length stays, though no number of items has it */
    memory = PyMemoryView_FromBuffer(&view);
    print_memoryview("odd length", memory, exporter_memory);
    Py_DECREF(memory);
    view = (Py_buffer){.buf = exporter_memory, .len = 3, .itemsize = 3, .ndim = 0, .format = (char *)"zzz"};
    memory = PyMemoryView_FromBuffer(&view);
    print_memoryview("no dimensions, unknown format", memory, exporter_memory);
    Py_DECREF(memory);
    view.buf = NULL;
    print_memoryview("no memory", PyMemoryView_FromBuffer(&view), NULL);
    Py_ssize_t shape[2] = {2, 3}, strides[2] = {3, 1};
    view = (Py_buffer){.buf = exporter_memory, .len = 99, .itemsize = 1, .ndim = 2, .shape = shape};
    memory = PyMemoryView_FromBuffer(&view);
    print_memoryview("no strides, wrong length", memory, exporter_memory);
    Py_DECREF(memory);
    view.strides = strides;
    view.readonly = 7;
    view.internal = &view;
    memory = PyMemoryView_FromBuffer(&view);
    print_memoryview("odd readonly, internal set", memory, exporter_memory);
    Py_DECREF(memory);
}

static void get_contiguous(void)
{
    twin_title("GetContiguous");
    static const int kinds[] = {PyBUF_READ, PyBUF_WRITE};
    static const char orders[] = {'C', 'F', 'A'};
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        for (int k = 0; k < 6; k++) {
            Exporter *e = exporter_sample(i);
            printf("%s %s %c\n", exporter_samples[i].name, k / 3 ? "write" : "read", orders[k % 3]);
            PyObject *memory = PyMemoryView_GetContiguous((PyObject *)e, kinds[k / 3], orders[k % 3]);
            int copied = memory && PyMemoryView_GET_BASE(memory) != (PyObject *)e;
            print_memoryview("  view", memory, copied ? NULL : e->base);
            printf("  refcount %lld, gets %d, flags %x, releases %d\n", (long long)Py_REFCNT(e), e->gets,
                   (unsigned)e->last_flags, e->releases);
            if (memory != NULL) {
                PyObject *base = PyMemoryView_GET_BASE(memory);
                if (copied) {
                    const Py_buffer *view = PyMemoryView_GET_BUFFER(memory);
                    printf("  copy: bytes %d, ", PyBytes_CheckExact(base));
                    twin_print_hex(view->buf, view->len);
                    printf(", its own format %d\n", view->format != e->format);
                    print_master(memory, NULL);
                }
                PyObject *again = PyMemoryView_GetContiguous(memory, PyBUF_READ, orders[k % 3]);
                print_memoryview("  again", again, PyMemoryView_GET_BUFFER(memory)->buf);
                Py_XDECREF(again);
                Py_DECREF(memory);
            }
            printf("  refcount %lld, releases %d\n", (long long)Py_REFCNT(e), e->releases);
            Py_DECREF(e);
        }
    }
    PyObject *array = PyByteArray_FromStringAndSize("array", 5);
    for (int k = 0; k < 6; k++) {
        PyObject *memory = PyMemoryView_GetContiguous(array, kinds[k / 3], orders[k % 3]);
        print_memoryview("bytearray", memory, PyByteArray_AsString(array));
        Py_XDECREF(memory);
    }
    PyObject *bytes = PyBytes_FromString("bytes");
    for (int k = 0; k < 6; k++) {
        PyObject *memory = PyMemoryView_GetContiguous(bytes, kinds[k / 3], orders[k % 3]);
        print_memoryview("bytes", memory, PyBytes_AsString(bytes));
        Py_XDECREF(memory);
    }
    Py_DECREF(array);
    Py_DECREF(bytes);
}

/* A view on which Python's release() was called is told by the flag alone. */
static void released(void)
{
    twin_title("released");
    Exporter *e = exporter_sample(0);
    PyObject *memory = PyMemoryView_FromObject((PyObject *)e), *other = PyMemoryView_FromObject(memory);
    PyMemoryViewObject *mv = (PyMemoryViewObject *)memory;
    int *flags[] = {&mv->flags, &mv->mbuf->flags};
    for (int i = 0; i < 2; i++) {
        *flags[i] |= RELEASED;
        Py_buffer view;
        int result = PyObject_GetBuffer(memory, &view, PyBUF_SIMPLE);
        printf("GetBuffer %d %s\n", result, twin_error());
        print_memoryview("FromObject", PyMemoryView_FromObject(memory), NULL);
        print_memoryview("GetContiguous", PyMemoryView_GetContiguous(memory, PyBUF_READ, 'C'), NULL);
        printf("hash %lld", (long long)PyObject_Hash(memory));
        printf(" %s,", twin_error());
        printf(" length %lld", (long long)PyObject_Length(memory));
        printf(" %s,", twin_error());
        printf(" == %d", PyObject_RichCompareBool(memory, memory, Py_EQ));
        printf(" %d", PyObject_RichCompareBool(memory, other, Py_EQ));
        printf(" %d", PyObject_RichCompareBool(other, memory, Py_EQ));
        printf(" %d", PyObject_RichCompareBool(memory, other, Py_NE));
        printf(" %s\n", twin_error());
        PyObject *pickle = PyPickleBuffer_FromObject(memory);
        printf("PickleBuffer %d %s\n", pickle != NULL, twin_error());
        PyObject *bytes = PyBytes_FromObject(memory);
        printf("bytes %d %s\n", bytes != NULL, twin_error());
        *flags[i] &= ~RELEASED;
    }
    print_memoryview("back", memory, e->base);
    Py_DECREF(other);
    Py_DECREF(memory);
    printf("releases %d refcount %lld\n", e->releases, (long long)Py_REFCNT(e));
    Py_DECREF(e);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    samples();
    snapshots();
    export_counts();
    switches();
    failures();
    many_dimensions();
    from_memory();
    from_no_memory();
    from_buffer();
    get_contiguous();
    released();
    printf("freed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

/* bytearray: making, joining, resizing, and what an exported buffer forbids. */
#include "exporter.h"

static void show(const char *name, PyObject *array)
{
    printf("%s: ", name);
    if (array == NULL) {
        printf("NULL %s\n", twin_error());
        return;
    }
    const PyByteArrayObject *a = (const PyByteArrayObject *)array;
    Py_ssize_t size = PyByteArray_GET_SIZE(array);
    printf("size %lld %lld exports %lld refcount %lld check %d %d '", (long long)PyByteArray_Size(array),
           (long long)Py_SIZE(array), (long long)a->ob_exports, (long long)Py_REFCNT(array), PyByteArray_Check(array),
           PyByteArray_CheckExact(array));
    if (size != 0) { /* an empty one has memory in 3.15 */
        printf("start %s ", a->ob_start == a->ob_bytes ? "same" : "moved");
    }
    if (size != 0 && TWIN_VERSION >= 0x030f00) { /* before, the NUL counts */
        printf("alloc %lld ", (long long)a->ob_alloc);
    }
    twin_print_content(PyByteArray_AS_STRING(array), size);
    printf("' ends %d same text %d %s\n", PyByteArray_AS_STRING(array)[size],
           PyByteArray_AsString(array) == PyByteArray_AS_STRING(array), twin_error());
}

static void show_and_drop(const char *name, PyObject *array)
{
    show(name, array);
    Py_XDECREF(array);
}

static void fill(PyObject *array, Py_ssize_t from)
{
    for (Py_ssize_t i = from; i < PyByteArray_GET_SIZE(array); i++) {
        PyByteArray_AS_STRING(array)[i] = (char)(i * 7 + 1);
    }
}

static void making(void)
{
    twin_title("FromStringAndSize");
    static const char text[] = "a\0b\0c\xff\x80 and more";
    for (Py_ssize_t size = 0; size < (Py_ssize_t)sizeof(text); size++) {
        show_and_drop("text", PyByteArray_FromStringAndSize(text, size));
    }
    for (Py_ssize_t size = 0; size < 40; size += 13) {
        PyObject *array = PyByteArray_FromStringAndSize(NULL, size);
        fill(array, 0);
        show_and_drop("filled", array);
    }
    static const Py_ssize_t wrong[] = {
        -1, -2, PY_SSIZE_T_MIN, PY_SSIZE_T_MAX / 2,
#if TWIN_VERSION >= 0x030f00 /* before, a MemoryError */
        PY_SSIZE_T_MAX, PY_SSIZE_T_MAX - 1, PY_SSIZE_T_MAX - 33, PY_SSIZE_T_MAX - 34,
#endif
    };
    for (size_t i = 0; i < TWIN_COUNT(wrong); i++) {
        show_and_drop("wrong", PyByteArray_FromStringAndSize(NULL, wrong[i]));
        show_and_drop("wrong", PyByteArray_FromStringAndSize(text, wrong[i]));
    }
    PyObject *a = PyByteArray_FromStringAndSize("", 0), *b = PyByteArray_FromStringAndSize(NULL, 0);
    printf("empty ones: %d, their text %d\n", a == b, PyByteArray_AsString(a) == PyByteArray_AsString(b));
    PyObject *bytes = PyBytes_FromString("bytes");
    printf("Check %d %d %d %d\n", PyByteArray_Check(bytes), PyByteArray_CheckExact(bytes), PyByteArray_Check(Py_None),
           PyBytes_Check(a));
    Py_DECREF(bytes);
    Py_DECREF(a);
    Py_DECREF(b);
}

static void from_object(void)
{
    twin_title("FromObject");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
        show_and_drop(exporter_samples[i].name, PyByteArray_FromObject((PyObject *)e));
        printf("  flags %x\n", (unsigned)e->last_flags);
        show_and_drop("  memoryview", PyByteArray_FromObject(memory));
        Py_DECREF(memory);
        printf("  gets %d releases %d refcount %lld\n", e->gets, e->releases, (long long)Py_REFCNT(e));
        for (int x = 0; x < TWIN_EXCEPTIONS; x++) {
            e->failure = twin_exception(x).type;
            show_and_drop("  failing", PyByteArray_FromObject((PyObject *)e));
        }
        printf("  refcount %lld\n", (long long)Py_REFCNT(e));
        Py_DECREF(e);
    }
    PyObject *bytes = PyBytes_FromString("some bytes"), *array = PyByteArray_FromObject(bytes);
    show("bytes", array);
    PyObject *other = PyByteArray_FromObject(array); /* a copy, not the same */
    printf("same %d\n", other == array);
    show_and_drop("bytearray", other);
    Py_DECREF(array);
    Py_DECREF(bytes);
    show_and_drop("None", PyByteArray_FromObject(Py_None));
}

static void resize(void)
{
    twin_title("Resize");
    static const Py_ssize_t sizes[] = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 100, 113, 1000, 70000};
    for (size_t from = 0; from < TWIN_COUNT(sizes); from++) {
        for (size_t to = 0; to < TWIN_COUNT(sizes); to++) {
            PyObject *array = PyByteArray_FromStringAndSize(NULL, sizes[from]);
            fill(array, 0);
            int result = PyByteArray_Resize(array, sizes[to]);
            printf("%lld -> %lld %d ", (long long)sizes[from], (long long)sizes[to], result);
            fill(array, sizes[from]);
            show("array", array);
            Py_DECREF(array);
        }
    }
    twin_title("Resize, one array");
    TwinRandom r = {31};
    PyObject *array = PyByteArray_FromStringAndSize("", 0);
    Py_ssize_t size = 0;
    for (int round = 0; round < 400; round++) {
        Py_ssize_t next = size;
        switch (twin_range(&r, 0, 5)) {
        case 0: next = twin_range(&r, 0, 20); break;
        case 1: next = size + 1; break;
        case 2: next = size / 2; break;
        case 3: next = size * 9 / 8 + 2; break;
        case 4: next = size ? size - 1 : 0; break;
        default: next = twin_range(&r, 0, 3000); break;
        }
        int result = PyByteArray_Resize(array, next);
        printf("%lld -> %lld %d ", (long long)size, (long long)next, result);
        fill(array, size < next ? size : next);
        show("array", array);
        size = next;
    }
    static const Py_ssize_t huge[] = {PY_SSIZE_T_MAX / 2, PY_SSIZE_T_MAX - 64};
    for (size_t i = 0; i < TWIN_COUNT(huge); i++) {
        int result = PyByteArray_Resize(array, huge[i]);
        printf("huge %d %s\n", result, twin_error());
        show("unchanged", array);
    }
#if TWIN_VERSION >= 0x030e00 /* before, the size becomes -1 */
    int result = PyByteArray_Resize(array, -1);
    printf("negative %d %s\n", result, twin_error());
    show("unchanged", array);
#endif
    Py_DECREF(array);
}

/* While a buffer is exported the size cannot change, whoever holds the buffer. */
static void exported(void)
{
    twin_title("exported");
    static const Py_ssize_t sizes[] = {4, 0, 3, 5, 1000, PY_SSIZE_T_MAX / 2};
    for (int way = 0; way < 5; way++) {
        PyObject *array = PyByteArray_FromStringAndSize("abcd", 4), *holder = NULL;
        Py_buffer view, second;
        int ok = 0;
        switch (way) {
        case 0: ok = PyObject_GetBuffer(array, &view, PyBUF_SIMPLE); break;
        case 1: ok = PyObject_GetBuffer(array, &view, PyBUF_FULL); break;
        case 2: holder = PyMemoryView_FromObject(array); break;
        case 3: holder = PyPickleBuffer_FromObject(array); break;
        default:
            ok = PyObject_GetBuffer(array, &view, PyBUF_FULL_RO) + PyObject_GetBuffer(array, &second, PyBUF_WRITABLE);
            break;
        }
        printf("way %d: %d\n", way, ok);
        for (size_t i = 0; i < TWIN_COUNT(sizes); i++) {
            int result = PyByteArray_Resize(array, sizes[i]);
            printf("  -> %lld %d %s ", (long long)sizes[i], result, twin_error());
            show("array", array);
        }
        if (way == 4) {
            PyBuffer_Release(&second);
            int result = PyByteArray_Resize(array, 7);
            printf("  one released: %d %s\n", result, twin_error());
        }
        if (holder != NULL) {
            Py_DECREF(holder);
        } else {
            PyBuffer_Release(&view);
        }
        int result = PyByteArray_Resize(array, 2);
        printf("  released: %d %s ", result, twin_error());
        show("array", array);
        Py_DECREF(array);
    }
    /* an empty array counts its exports too */
    PyObject *array = PyByteArray_FromStringAndSize("", 0);
    Py_buffer view;
    printf("%d ", PyObject_GetBuffer(array, &view, PyBUF_FULL));
    printf("buf is its text %d ", view.buf == PyByteArray_AS_STRING(array));
    int result = PyByteArray_Resize(array, 1);
    printf("%d %s\n", result, twin_error());
    show("array", array);
    PyBuffer_Release(&view);
    show("released", array);
    Py_DECREF(array);
    /* what is written through a view is in the array */
    array = PyByteArray_FromStringAndSize("write", 5);
    printf("%d ", PyObject_GetBuffer(array, &view, PyBUF_CONTIG));
    memcpy(view.buf, "WR", 2);
    PyBuffer_Release(&view);
    show("written", array);
    Py_DECREF(array);
    /* the array outlives its owner while a buffer of it does */
    array = PyByteArray_FromStringAndSize("owned", 5);
    printf("%d ", PyObject_GetBuffer(array, &view, PyBUF_SIMPLE));
    Py_DECREF(array);
    show("kept", view.obj);
    PyBuffer_Release(&view);
}

/* Whatever can be joined. */
static PyObject *joinable(int kind, const char **name)
{
    static const char *const names[] = {"bytearray", "empty bytearray", "bytes",  "empty bytes", "memoryview",
                                        "ints",      "strided",         "failing", "None"};
    *name = names[kind];
    Exporter *e;
    PyObject *inner, *outer;
    switch (kind) {
    case 0: return PyByteArray_FromStringAndSize("abc", 3);
    case 1: return PyByteArray_FromStringAndSize("", 0);
    case 2: return PyBytes_FromString("xy");
    case 3: return PyBytes_FromString("");
    case 4:
        inner = PyByteArray_FromStringAndSize("viewed", 6);
        outer = PyMemoryView_FromObject(inner);
        Py_DECREF(inner);
        return outer;
    case 5: return (PyObject *)exporter_sample(2);
    case 6: return (PyObject *)exporter_sample(7);
    case 7:
        e = exporter_sample(0);
        e->failure = PyExc_MemoryError;
        return (PyObject *)e;
    default:
        Py_INCREF(Py_None);
        return Py_None;
    }
}

static void concat(void)
{
    twin_title("Concat");
    for (int l = 0; l < 9; l++) {
        for (int r = 0; r < 9; r++) {
            const char *left_name, *right_name;
            PyObject *left = joinable(l, &left_name), *right = joinable(r, &right_name);
            PyObject *sum = PyByteArray_Concat(left, right);
            printf("%s + %s: new %d", left_name, right_name, sum != left && sum != right);
            show_and_drop("", sum);
            if (PyByteArray_Check(left)) {
                show("  left", left);
            }
            if (PyByteArray_Check(right)) {
                show("  right", right);
            }
            Py_DECREF(left);
            Py_DECREF(right);
        }
    }
    PyObject *array = PyByteArray_FromStringAndSize("twice", 5);
    show_and_drop("twice", PyByteArray_Concat(array, array));
    show("array", array);
    Py_DECREF(array);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    making();
    from_object();
    resize();
    exported();
    concat();
    printf("freed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

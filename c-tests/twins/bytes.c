/* bytes: making, reading, joining, resizing; which objects are shared; what wrong arguments give. */
#include "exporter.h"

static void show(const char *name, PyObject *bytes)
{
    printf("%s: ", name);
    if (bytes == NULL) {
        printf("NULL %s\n", twin_error());
        return;
    }
    Py_ssize_t size = PyBytes_GET_SIZE(bytes);
    printf("size %lld Py_SIZE %lld exact %d '", (long long)PyBytes_Size(bytes), (long long)Py_SIZE(bytes),
           PyBytes_CheckExact(bytes));
    twin_print_content(PyBytes_AS_STRING(bytes), size);
    printf("' ends %d", PyBytes_AS_STRING(bytes)[size]);
    if (size > 1) { /* shorter ones are shared, and immortal */
        printf(" refcount %lld", (long long)Py_REFCNT(bytes));
    }
    printf(" %s\n", twin_error());
}

static void show_and_drop(const char *name, PyObject *bytes)
{
    show(name, bytes);
    Py_XDECREF(bytes);
}

static void from_string_and_size(void)
{
    twin_title("FromStringAndSize");
    static const char text[] = "a\0b\0c\xff\x80 and more";
    for (Py_ssize_t size = 0; size < (Py_ssize_t)sizeof(text); size++) {
        show_and_drop("text", PyBytes_FromStringAndSize(text, size));
    }
    static const Py_ssize_t wrong[] = {-1, -2, PY_SSIZE_T_MIN, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX - 32, PY_SSIZE_T_MAX / 2};
    for (size_t i = 0; i < TWIN_COUNT(wrong); i++) {
        show_and_drop("no text", PyBytes_FromStringAndSize(NULL, wrong[i]));
        if (wrong[i] < 0 || wrong[i] > PY_SSIZE_T_MAX / 2) {
            show_and_drop("text", PyBytes_FromStringAndSize(text, wrong[i]));
        }
    }
    for (Py_ssize_t size = 0; size < 40; size += 13) { /* content is up to the caller, the final NUL is not */
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
        memset(PyBytes_AS_STRING(bytes), 'z', (size_t)size);
        show_and_drop("filled", bytes);
    }
}

static void from_string(void)
{
    twin_title("FromString");
    static const char *const texts[] = {"", "a", "\xff", "ab", "a longer text, which is no problem either"};
    for (size_t i = 0; i < TWIN_COUNT(texts); i++) {
        show_and_drop("text", PyBytes_FromString(texts[i]));
    }
}

/* The empty bytes and those of one byte exist once each. */
static void identity(void)
{
    twin_title("identity");
    PyObject *empty = PyBytes_FromString("");
    PyObject *others[] = {PyBytes_FromStringAndSize(NULL, 0), PyBytes_FromStringAndSize("x", 0),
                          PyBytes_FromObject(empty)};
    for (size_t i = 0; i < TWIN_COUNT(others); i++) {
        printf("%d", others[i] == empty);
        Py_DECREF(others[i]);
    }
    int same = 0, by_size = 0, content = 0;
    for (int c = 0; c < 256; c++) {
        char text[2] = {(char)c, 0};
        PyObject *one = PyBytes_FromStringAndSize(text, 1), *two = PyBytes_FromStringAndSize(text, 1);
        PyObject *three = PyBytes_FromString(text);
        same += one == two;
        by_size += one == three;
        content += PyBytes_AS_STRING(one)[0] == (char)c && PyBytes_GET_SIZE(one) == 1;
        Py_DECREF(one);
        Py_DECREF(two);
        Py_DECREF(three);
    }
    printf(" %d %d %d", same, by_size, content);
    PyObject *a = PyBytes_FromStringAndSize(NULL, 1), *b = PyBytes_FromStringAndSize(NULL, 1);
    printf(" %d", a == b); /* without content it is a new object, to be filled */
    Py_DECREF(a);
    Py_DECREF(b);
    a = PyBytes_FromString("ab");
    b = PyBytes_FromString("ab");
    PyObject *c = PyBytes_FromObject(a);
    printf(" %d %d refcount %lld\n", a == b, a == c, (long long)Py_REFCNT(a));
    Py_DECREF(a);
    Py_DECREF(b);
    Py_DECREF(c);
    Py_DECREF(empty);
}

static void from_object(void)
{
    twin_title("FromObject");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *memory = PyMemoryView_FromObject((PyObject *)e);
        show_and_drop(exporter_samples[i].name, PyBytes_FromObject((PyObject *)e));
        printf("  flags %x\n", (unsigned)e->last_flags);
        show_and_drop("  memoryview", PyBytes_FromObject(memory));
        Py_DECREF(memory);
        printf("  gets %d releases %d refcount %lld\n", e->gets, e->releases, (long long)Py_REFCNT(e));
        for (int x = 0; x < TWIN_EXCEPTIONS; x++) {
            e->failure = twin_exception(x).type;
            show_and_drop("  failing", PyBytes_FromObject((PyObject *)e));
        }
        Py_DECREF(e);
    }
    PyObject *array = PyByteArray_FromStringAndSize("array", 5);
    show_and_drop("bytearray", PyBytes_FromObject(array));
    Py_DECREF(array);
    show_and_drop("None", PyBytes_FromObject(Py_None));
    show_and_drop("NULL", PyBytes_FromObject(NULL));
}

static void reading(void)
{
    twin_title("reading");
    PyObject *array = PyByteArray_FromStringAndSize("array", 5);
    PyObject *nul = PyBytes_FromStringAndSize("a\0b", 3), *plain = PyBytes_FromString("plain");
    PyObject *empty = PyBytes_FromString("");
    PyObject *const objects[] = {plain, nul, empty, array, Py_None};
    for (size_t i = 0; i < TWIN_COUNT(objects); i++) {
        PyObject *o = objects[i];
        printf("%zu: %d %d", i, PyBytes_Check(o), PyBytes_CheckExact(o));
        printf(" %lld", (long long)PyBytes_Size(o));
        printf(" %s", twin_error());
        const char *text = PyBytes_AsString(o);
        printf(" %s %s", text ? text : "NULL", twin_error());
        char *chars = NULL;
        Py_ssize_t size = -7;
        int result = PyBytes_AsStringAndSize(o, &chars, &size);
        printf(" %d %s %s %lld", result, twin_error(), chars ? chars : "NULL", (long long)size);
        chars = NULL;
        result = PyBytes_AsStringAndSize(o, &chars, NULL); /* then a NUL inside is an error */
        printf(" %d %s %s", result, twin_error(), chars ? chars : "NULL");
        result = PyBytes_AsStringAndSize(o, NULL, &size);
        printf(" %d %s", result, twin_error());
        result = PyBytes_AsStringAndSize(o, NULL, NULL);
        printf(" %d %s\n", result, twin_error());
    }
    printf("%d\n", PyBytes_AsString(plain) == PyBytes_AS_STRING(plain));
    Py_DECREF(array);
    Py_DECREF(nul);
    Py_DECREF(plain);
    Py_DECREF(empty);
}

/* Whatever can be joined, on both sides; kinds past the last give None. */
static PyObject *joinable(int kind, const char **name)
{
    static const char *const names[] = {"ab", "empty", "one", "bytearray", "memoryview", "strided", "indirect",
                                        "failing", "zero length", "None"};
    *name = names[kind];
    Exporter *e;
    PyObject *inner, *outer;
    switch (kind) {
    case 0: return PyBytes_FromString("ab");
    case 1: return PyBytes_FromString("");
    case 2: return PyBytes_FromString("x");
    case 3: return PyByteArray_FromStringAndSize("yz", 2);
    case 4:
        inner = PyBytes_FromString("viewed");
        outer = PyMemoryView_FromObject(inner);
        Py_DECREF(inner);
        return outer;
    case 5: return (PyObject *)exporter_sample(7);
    case 6: return (PyObject *)exporter_sample(18);
    case 7:
        e = exporter_sample(0);
        e->failure = PyExc_MemoryError;
        return (PyObject *)e;
    case 8: return (PyObject *)exporter_sample(14);
    default:
        Py_INCREF(Py_None);
        return Py_None;
    }
}

static void concat(void)
{
    twin_title("Concat");
    for (int l = 0; l < 10; l++) {
        for (int r = 0; r < 10; r++) {
            for (int way = 0; way < 3; way++) { /* left owned alone, left shared, and ConcatAndDel */
                const char *left_name, *right_name;
                PyObject *left = joinable(l, &left_name), *right = joinable(r, &right_name);
                PyObject *kept = way == 1 ? Py_NewRef(left) : NULL, *result = left;
                int countable = right != Py_None && r > 2 && r != 7;
                Py_ssize_t before = Py_REFCNT(right);
                Py_INCREF(right);
                if (way == 2) {
                    PyBytes_ConcatAndDel(&result, Py_NewRef(right));
                } else {
                    PyBytes_Concat(&result, right);
                }
                printf("%s + %s (%d) ", left_name, right_name, way);
                if (way == 1) { /* only of an object that is surely alive may the address be compared */
                    printf("same %d is right %d ", result == left, result == right);
                }
                show("", result);
                if (kept != NULL && PyBytes_Check(kept)) {
                    show("  left", kept);
                }
                Py_XDECREF(result);
                Py_DECREF(right);
                if (countable) {
                    printf("  refcount %+lld\n", (long long)(Py_REFCNT(right) - before));
                }
                Py_DECREF(right);
                Py_XDECREF(kept);
            }
        }
    }
    PyObject *left = NULL, *right = PyBytes_FromString("right");
    PyBytes_Concat(&left, right);
    printf("NULL + right: %d %s %lld\n", left == NULL, twin_error(), (long long)Py_REFCNT(right));
    PyBytes_ConcatAndDel(&left, Py_NewRef(right));
    printf("NULL + right, deleted: %d %s %lld\n", left == NULL, twin_error(), (long long)Py_REFCNT(right));
    left = Py_NewRef(right);
    PyBytes_Concat(&left, NULL);
    printf("right + NULL: %d %s %lld\n", left == NULL, twin_error(), (long long)Py_REFCNT(right));
    left = Py_NewRef(right);
    PyBytes_ConcatAndDel(&left, NULL);
    printf("right + NULL, deleted: %d %s %lld\n", left == NULL, twin_error(), (long long)Py_REFCNT(right));
    PyObject *self = Py_NewRef(right);
    PyBytes_Concat(&self, right); /* joined with itself */
    show("twice", self);
    Py_DECREF(self);
    show("right", right);
    Py_DECREF(right);
}

static void resize(void)
{
    twin_title("_PyBytes_Resize");
    static const Py_ssize_t sizes[] = {0, 1, 2, 7, 8, 9, 100, 5000, -1, PY_SSIZE_T_MIN};
    static const char text[] = "resizing";
    for (size_t from = 0; from < 8; from++) {
        for (size_t to = 0; to < TWIN_COUNT(sizes); to++) {
            for (int shared = 0; shared < 2; shared++) {
                PyObject *bytes = PyBytes_FromStringAndSize(NULL, sizes[from]);
                for (Py_ssize_t i = 0; i < sizes[from]; i++) {
                    PyBytes_AS_STRING(bytes)[i] = text[i % 8];
                }
                PyObject *kept = shared ? Py_NewRef(bytes) : NULL;
                int result = _PyBytes_Resize(&bytes, sizes[to]);
                printf("%lld -> %lld shared %d: %d ", (long long)sizes[from], (long long)sizes[to], shared, result);
                if (bytes != NULL) {
                    Py_ssize_t both = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
                    printf("size %lld ends %d '", (long long)PyBytes_Size(bytes),
                           PyBytes_AS_STRING(bytes)[PyBytes_Size(bytes)]);
                    twin_print_content(PyBytes_AS_STRING(bytes), both);
                    printf("' ");
                }
                printf("%s", twin_error());
                if (kept != NULL) {
                    printf(" same %d, kept size %lld", bytes == kept, (long long)PyBytes_Size(kept));
                    if (sizes[from] > 0) {
                        printf(" refcount %lld", (long long)Py_REFCNT(kept));
                    }
                    Py_DECREF(kept);
                }
                printf("\n");
                Py_XDECREF(bytes);
            }
        }
    }
    PyObject *array = PyByteArray_FromStringAndSize("array", 5), *object = Py_NewRef(array);
    int result = _PyBytes_Resize(&object, 3);
    printf("bytearray: %d %d %s %lld\n", result, object == NULL, twin_error(), (long long)Py_REFCNT(array));
    Py_DECREF(array);
    PyObject *empty = PyBytes_FromString(""), *grown = PyBytes_FromString("abc");
    result = _PyBytes_Resize(&grown, 0);
    printf("to nothing: %d, the empty one %d\n", result, grown == empty);
    Py_DECREF(grown);
    Py_DECREF(empty);
    PyObject *huge = PyBytes_FromString("abc");
    result = _PyBytes_Resize(&huge, PY_SSIZE_T_MAX - 100);
    printf("huge: %d %d %s\n", result, huge == NULL, twin_error());
}

/* A hash once asked for is kept, and forgotten by a resize. */
static void hash_after_resize(void)
{
    twin_title("hash after resize");
    PyObject *bytes = PyBytes_FromString("hash of this"), *other = PyBytes_FromString("hash");
    Py_hash_t before = PyObject_Hash(bytes);
    printf("%d", before == PyObject_Hash(bytes));
    int result = _PyBytes_Resize(&bytes, 4);
    printf(" %d %d %d\n", result, PyObject_Hash(bytes) == before, PyObject_Hash(bytes) == PyObject_Hash(other));
    PyObject *more = PyBytes_FromString(" of this"), *whole = PyBytes_FromString("hash of this");
    PyBytes_Concat(&bytes, more);
    printf("%d %d\n", PyObject_Hash(bytes) == before, PyObject_Hash(whole) == before);
    Py_DECREF(bytes);
    Py_DECREF(other);
    Py_DECREF(more);
    Py_DECREF(whole);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    from_string_and_size();
    from_string();
    identity();
    from_object();
    reading();
    concat();
    resize();
    hash_after_resize();
    printf("freed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

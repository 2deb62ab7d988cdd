/* Old buffers that are read: making them of every part of a base, items, slices, concatenation, repetition, comparison. */
#include "twin27.h"

static const char text[] = "\0abz\377q";

/* Bases of 0 to 6 bytes. */
static PyObject *base_of(int kind, Py_ssize_t size)
{
    switch (kind) {
    case 0: return PyBytes_FromStringAndSize(text, size);
    case 1: return PyByteArray_FromStringAndSize(text, size);
    case 2: return PyBuffer_FromMemory((void *)text, size);
    default: return PyBuffer_FromReadWriteMemory((void *)text, size);
    }
}
enum { KINDS = 4 };

static void making(void)
{
    static const Py_ssize_t offsets[] = {PY_SSIZE_T_MIN, -2, -1, 0, 1, 2, 4, 5, 6, 7, 50, PY_SSIZE_T_MAX - 1, PY_SSIZE_T_MAX};
    static const Py_ssize_t sizes[] = {PY_SSIZE_T_MIN, -3, -2, Py_END_OF_BUFFER, 0, 1, 2, 3, 5, 6, 7, 90, PY_SSIZE_T_MAX};
    twin_title("parts of a base");
    for (int kind = 0; kind < KINDS; kind++) {
        for (Py_ssize_t length = 0; length <= 6; length += length == 1 ? 4 : 1) {
            PyObject *base = base_of(kind, length);
            for (size_t o = 0; o < TWIN_COUNT(offsets); o++) {
                for (size_t s = 0; s < TWIN_COUNT(sizes); s++) {
                    /* What cannot be written is not the same in the two: see c-tests/api/oldbuffer.c. */
                    for (int writable = 0; writable <= (kind % 2 == 1); writable++) {
                        printf("%d %lld [%lld, %lld] %d:", kind, (long long)length, (long long)offsets[o],
                               (long long)sizes[s], writable);
                        PyObject *part = writable ? PyBuffer_FromReadWriteObject(base, offsets[o], sizes[s])
                                                  : PyBuffer_FromObject(base, offsets[o], sizes[s]);
                        if (part == NULL) {
                            printf(" %s\n", twin_error());
                            continue;
                        }
                        printf(" check %d %d sequence %d type %s", PyBuffer_Check(part), PyBuffer_Check(base),
                               PySequence_Check(part), Py_TYPE(part)->tp_name);
                        show_content(part);
                        printf("\n");
                        Py_DECREF(part);
                    }
                }
            }
            Py_DECREF(base);
        }
    }
    printf("not of None:");
    show(PyBuffer_FromObject(Py_None, 0, Py_END_OF_BUFFER));
    show(PyBuffer_FromReadWriteObject(Py_None, 0, Py_END_OF_BUFFER));
    show(PyBuffer_FromObject(Py_None, -1, -7));
    printf("\n");
}

static void memory(void)
{
    twin_title("memory");
    static const Py_ssize_t wrong[] = {-2, -3, PY_SSIZE_T_MIN}; /* -1: see c-tests/api/oldbuffer.c */
    char bytes[] = "0123456789";
    for (size_t i = 0; i < TWIN_COUNT(wrong); i++) {
        show(PyBuffer_FromMemory(bytes, wrong[i]));
        show(PyBuffer_FromReadWriteMemory(bytes, wrong[i]));
        show(PyBuffer_New(wrong[i]));
    }
    show(PyBuffer_New(-1));
    show(PyBuffer_New(PY_SSIZE_T_MAX));
    show(PyBuffer_New(PY_SSIZE_T_MAX - 40));
    printf("\n");
    for (Py_ssize_t size = 0; size <= 10; size++) {
        PyObject *one = PyBuffer_FromMemory(bytes, size), *two = PyBuffer_FromReadWriteMemory(bytes, size);
        PyObject *three = PyBuffer_New(size), *four = PyBytes_FromStringAndSize(bytes, size);
        show_content(one);
        show_content(two);
        show_status(PySequence_SetSlice(three, 0, size, four));
        show_content(three);
        bytes[0] = (char)('a' + size);
        show_content(one);
        show_content(two);
        show_content(three);
        printf("\n");
        Py_DECREF(one);
        Py_DECREF(two);
        Py_DECREF(three);
        Py_DECREF(four);
    }
}

/* Buffers of 0, 1 and 5 bytes, of each kind. */
static void with_buffers(void (*test)(PyObject *buffer))
{
    static const Py_ssize_t sizes[] = {0, 1, 4};
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t s = 0; s < TWIN_COUNT(sizes); s++) {
            PyObject *base = base_of(kind, 6), *buffer = PyBuffer_FromObject(base, 1, sizes[s]);
            Py_DECREF(base); /* the buffer has it */
            printf("%d %lld:", kind, (long long)sizes[s]);
            test(buffer);
            printf("\n");
            Py_DECREF(buffer);
        }
    }
}

static void items(PyObject *buffer)
{
    for (size_t i = 0; i < TWIN_COUNT(indices); i++) {
        show(PySequence_GetItem(buffer, indices[i]));
    }
}

static void slices(PyObject *buffer)
{
    for (size_t i = 0; i < TWIN_COUNT(indices); i++) {
        for (size_t j = 0; j < TWIN_COUNT(indices); j++) {
            show(PySequence_GetSlice(buffer, indices[i], indices[j]));
        }
        printf("\n");
    }
}

static void repeated(PyObject *buffer)
{
    static const Py_ssize_t counts[] = {PY_SSIZE_T_MIN, -3, -1, 0, 1, 2, 3, 7, 100, PY_SSIZE_T_MAX / 3, PY_SSIZE_T_MAX};
    for (size_t i = 0; i < TWIN_COUNT(counts) && PySequence_Size(buffer) > 0; i++) { /* of no bytes: 2.7 divides by 0 */
        if (counts[i] < 1000 || PySequence_Size(buffer) > 3) {
            show(PySequence_Repeat(buffer, counts[i]));
        }
    }
}

static void concatenated(PyObject *buffer)
{
    PyObject *others[] = {PyBytes_FromString(""), PyBytes_FromString("bytes"), new_bytearray("array"), new_bytearray(""),
                          PyBuffer_FromMemory((void *)"memory", 6), PyBuffer_FromMemory((void *)"", 0), Py_None};
    for (size_t i = 0; i < TWIN_COUNT(others); i++) {
        PyObject *joined = PySequence_Concat(buffer, others[i]);
        printf(" itself %d", joined == others[i]);
        show(joined);
        if (i != 1 && i != 0) { /* bytes of Python 3 can be joined with all exporters, strs cannot */
            show(PySequence_Concat(others[i], buffer));
        }
        show_status(PySequence_Check(others[i]));
    }
    show(PySequence_Concat(buffer, buffer));
    for (size_t i = 0; i + 1 < TWIN_COUNT(others); i++) {
        Py_DECREF(others[i]);
    }
}

static void read_only(PyObject *buffer)
{
    PyObject *byte = PyBytes_FromString("x");
    show_status(PySequence_SetItem(buffer, 0, byte));
    show_status(PySequence_SetItem(buffer, 100, Py_None));
    show_status(PySequence_DelItem(buffer, 0));
    show_status(PySequence_SetSlice(buffer, 0, 1, byte));
    show_status(PySequence_SetSlice(buffer, 0, 100, Py_None));
    show_status(PySequence_DelSlice(buffer, 0, 1));
    show_content(buffer);
    Py_DECREF(byte);
}

static void compared(void)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "abd", "b", "\377", "\377\0", "a\377"};
    enum { TEXTS = TWIN_COUNT(texts), ALL = 4 * TEXTS };
    PyObject *all[ALL];
    twin_title("comparing");
    for (size_t i = 0; i < TEXTS; i++) {
        PyObject *bytes = PyBytes_FromString(texts[i]), *array = new_bytearray(texts[i]);
        all[4 * i] = bytes;
        all[4 * i + 1] = array;
        all[4 * i + 2] = PyBuffer_FromObject(bytes, 0, Py_END_OF_BUFFER);
        all[4 * i + 3] = PyBuffer_FromReadWriteObject(array, 0, Py_END_OF_BUFFER);
    }
    for (size_t i = 0; i < ALL; i++) {
        for (size_t j = 0; j < ALL; j++) {
            int of_buffer_and_bytes = (i % 4 >= 2 && j % 4 == 0) || (i % 4 == 0 && j % 4 >= 2);
            printf("%d %d:", (int)i, (int)j);
            for (int op = Py_LT; op <= Py_GE; op++) {
                /* By the names of their types in Python 2, and not at all here. */
                if (!of_buffer_and_bytes || op == Py_EQ || op == Py_NE) {
                    show_status(PyObject_RichCompareBool(all[i], all[j], op));
                }
            }
            if (!of_buffer_and_bytes) {
                int result = 77;
                show_status(PyObject_Cmp(all[i], all[j], &result));
                printf(" %d", result);
                show_status(PyObject_Compare(all[i], all[j]));
            }
            printf("\n");
        }
        for (int op = Py_EQ; op <= Py_NE; op++) {
            show_status(PyObject_RichCompareBool(all[i], Py_None, op));
            show_status(PyObject_RichCompareBool(Py_None, all[i], op));
        }
        printf("\n");
    }
    for (size_t i = 0; i < ALL; i++) {
        Py_DECREF(all[i]);
    }
}

static void hashed(void)
{
    twin_title("hashing");
    for (int kind = 0; kind < KINDS; kind++) {
        for (Py_ssize_t size = 0; size <= 6; size++) {
            PyObject *base = base_of(kind, size), *bytes = PyBytes_FromStringAndSize(text, size);
            PyObject *buffer = PyBuffer_FromObject(base, 0, Py_END_OF_BUFFER), *part = PyBuffer_FromObject(base, 1, 3);
            PyObject *of_part = PySequence_GetSlice(bytes, 1, 4);
            printf("%d %lld: %d %d %d %d", kind, (long long)size, PyObject_Hash(buffer) == PyObject_Hash(bytes),
                   PyObject_Hash(part) == PyObject_Hash(of_part), PyObject_Hash(part) == PyObject_Hash(buffer),
                   PyObject_Hash(buffer) == PyObject_Hash(buffer));
            if (kind % 2) {
                PyObject *writable = PyBuffer_FromReadWriteObject(base, 0, Py_END_OF_BUFFER);
                show_status((int)PyObject_Hash(writable));
                Py_DECREF(writable);
            }
            if (kind != 0 && kind != 2) {
                show_status((int)PyObject_Hash(base));
            }
            if (kind == 1 && size > 1) { /* the first one stays */
                Py_hash_t before = PyObject_Hash(buffer);
                PyByteArray_AS_STRING(base)[1] = 'X';
                PyObject *again = PyBuffer_FromObject(base, 0, Py_END_OF_BUFFER);
                printf(" changed %d %d", PyObject_Hash(buffer) == before, PyObject_Hash(again) == before);
                Py_DECREF(again);
            }
            printf("\n");
            Py_DECREF(of_part);
            Py_DECREF(part);
            Py_DECREF(buffer);
            Py_DECREF(bytes);
            Py_DECREF(base);
        }
    }
}

int main(void)
{
    Py_Initialize();
    twin_start();
    making();
    memory();
    twin_title("items");
    with_buffers(items);
    twin_title("slices");
    with_buffers(slices);
    twin_title("repeating");
    with_buffers(repeated);
    twin_title("concatenating");
    with_buffers(concatenated);
    twin_title("read-only");
    with_buffers(read_only);
    compared();
    hashed();
    return 0;
}

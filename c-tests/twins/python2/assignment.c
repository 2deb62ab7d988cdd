/* Writing through old buffers, and into bytearrays: items, slices, deletions. */
#include "twin27.h"

enum { VALUES = 9 };

/* The assigned value; borrowed. */
static PyObject *value(int i)
{
    static PyObject *all[VALUES];
    if (all[0] == NULL) {
        all[0] = PyBytes_FromString("");
        all[1] = PyBytes_FromString("x");
        all[2] = PyBytes_FromString("xyz");
        all[3] = new_bytearray("");
        all[4] = new_bytearray("u");
        all[5] = new_bytearray("uvw!");
        all[6] = PyBuffer_FromMemory((void *)"m", 1);
        all[7] = PyBuffer_FromMemory((void *)"mn", 2);
        all[8] = Py_None;
    }
    return all[i];
}

static PyObject *buffer_of(int kind, PyObject *array)
{
    static char memory[8];
    memcpy(memory, "01234567", 8);
    switch (kind) {
    case 0: return PyBuffer_FromReadWriteObject(array, 0, Py_END_OF_BUFFER);
    case 1: return PyBuffer_FromReadWriteObject(array, 2, 4);
    case 2: return PyBuffer_FromReadWriteObject(array, 6, 4);
    case 3: return PyBuffer_FromReadWriteObject(array, 3, 0);
    case 4: return PyBuffer_FromReadWriteMemory(memory, 5);
    default: {
        PyObject *buffer = PyBuffer_New(4), *content = PyBytes_FromString("abcd");
        PySequence_SetSlice(buffer, 0, 4, content);
        Py_DECREF(content);
        return buffer;
    }
    }
}
enum { KINDS = 6 };

static void items(void)
{
    twin_title("items of buffers");
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < TWIN_COUNT(indices); i++) {
            for (int v = 0; v < VALUES; v++) {
                PyObject *array = new_bytearray("abcdefgh"), *buffer = buffer_of(kind, array);
                printf("%d [%lld] = %d:", kind, (long long)indices[i], v);
                show_status(PySequence_SetItem(buffer, indices[i], value(v)));
                show_status(PySequence_DelItem(buffer, indices[i]));
                show_status(PySequence_SetItem(buffer, indices[i], NULL));
                show_content(buffer);
                Py_DECREF(buffer);
                show(array);
                printf("\n");
            }
        }
    }
}

static void slices(void)
{
    twin_title("slices of buffers");
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < TWIN_COUNT(indices); i++) {
            for (size_t j = 0; j < TWIN_COUNT(indices); j++) {
                printf("%d [%lld:%lld]:", kind, (long long)indices[i], (long long)indices[j]);
                for (int v = 0; v < VALUES; v++) {
                    PyObject *array = new_bytearray("abcdefgh"), *buffer = buffer_of(kind, array);
                    show_status(PySequence_SetSlice(buffer, indices[i], indices[j], value(v)));
                    if (v == 0) {
                        show_status(PySequence_DelSlice(buffer, indices[i], indices[j]));
                        show_status(PySequence_SetSlice(buffer, indices[i], indices[j], NULL));
                    }
                    show_content(buffer);
                    Py_DECREF(buffer);
                    Py_DECREF(array);
                }
                printf("\n");
            }
        }
    }
}

/* PySequence_DelSlice of a bytearray is a TypeError in 2.7; see ../twins/sequences.c. */
static void bytearrays(void)
{
    twin_title("bytearrays");
    for (size_t i = 0; i < TWIN_COUNT(indices); i++) {
        for (int v = 0; v < VALUES; v++) {
            PyObject *array = new_bytearray("abcde");
            printf("[%lld] = %d:", (long long)indices[i], v);
            show_status(PySequence_SetItem(array, indices[i], value(v)));
            show_item(PySequence_GetItem(array, indices[i]));
            show_status(PySequence_DelItem(array, indices[i]));
            show_item(PySequence_GetItem(array, indices[i]));
            show(array);
            printf("\n");
        }
        for (size_t j = 0; j < TWIN_COUNT(indices); j++) {
            printf("[%lld:%lld]:", (long long)indices[i], (long long)indices[j]);
            PyObject *array = new_bytearray("abcdef");
            show(PySequence_GetSlice(array, indices[i], indices[j]));
            for (int v = 0; v < VALUES; v++) {
                PyObject *changed = new_bytearray("abcdef");
                show_status(PySequence_SetSlice(changed, indices[i], indices[j], value(v)));
                show(changed);
            }
            show_status(PySequence_SetSlice(array, indices[i], indices[j], array));
            show_status(PySequence_SetSlice(array, indices[i], indices[j], NULL));
            show(array);
            printf("\n");
        }
    }
}

/* A base with views keeps its length. In 2.7 a view of an old buffer does not hold the base: see c-tests/api/oldbuffer.c. */
static void viewed_bytearrays(void)
{
    twin_title("bytearrays with views");
    PyObject *array = new_bytearray("abcdef");
    Py_buffer view;
    printf("get %d", PyObject_GetBuffer(array, &view, PyBUF_SIMPLE));
    for (Py_ssize_t left = 0; left <= 6; left += 2) {
        for (int v = 0; v < VALUES; v++) {
            show_status(PySequence_SetSlice(array, left, left + 1, value(v)));
            show_status(PySequence_SetSlice(array, left, left, value(v)));
        }
        show_status(PySequence_SetSlice(array, left, 6, NULL));
        show_status(PySequence_DelItem(array, left));
        show_status(PySequence_SetItem(array, left, value(1)));
    }
    PyBuffer_Release(&view);
    show_status(PySequence_SetSlice(array, 4, 6, NULL));
    show(array);
    printf("\n");
}

static void long_bytearrays(void)
{
    twin_title("growing and shrinking");
    TwinRandom random = {7};
    PyObject *array = new_bytearray("");
    for (int step = 0; step < 3000; step++) {
        Py_ssize_t size = PyByteArray_GET_SIZE(array), i = twin_range(&random, -20, (int)size + 20);
        Py_ssize_t j = i + twin_range(&random, -3, step % 200 == 7 ? 2000 : 30);
        PyObject *new = PyByteArray_FromStringAndSize(NULL, twin_range(&random, 0, step % 100 == 9 ? 900 : 30));
        for (Py_ssize_t at = 0; at < PyByteArray_GET_SIZE(new); at++) {
            PyByteArray_AS_STRING(new)[at] = (char)twin_next(&random);
        }
        show_status(PySequence_SetSlice(array, i, j, new));
        printf(" %lld #%016llx %d\n", (long long)PyByteArray_GET_SIZE(array),
               twin_digest(PyByteArray_AS_STRING(array), (size_t)PyByteArray_GET_SIZE(array)),
               PyByteArray_AS_STRING(array)[PyByteArray_GET_SIZE(array)]);
        Py_DECREF(new);
    }
    Py_DECREF(array);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    items();
    slices();
    bytearrays();
    viewed_bytearrays();
    long_bytearrays();
    return 0;
}

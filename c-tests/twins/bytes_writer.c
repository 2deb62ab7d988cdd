/* since: 3.15. PyBytesWriter: sizes, growth, formats, and how a writer ends. */
#include "twin.h"

#include <limits.h>

static void show(const char *name, PyObject *bytes)
{
    printf("%s: ", name);
    if (bytes == NULL) {
        printf("NULL %s\n", twin_error());
        return;
    }
    printf("%lld check %d ends %d ", (long long)PyBytes_GET_SIZE(bytes), PyBytes_CheckExact(bytes),
           PyBytes_AS_STRING(bytes)[PyBytes_GET_SIZE(bytes)]);
    twin_print_content(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes));
    if (PyBytes_GET_SIZE(bytes) > 1) {
        printf(" refcount %lld", (long long)Py_REFCNT(bytes));
    }
    printf(" %s\n", twin_error());
    Py_DECREF(bytes);
}

static void fill(PyBytesWriter *writer, Py_ssize_t from)
{
    for (Py_ssize_t i = from; i < PyBytesWriter_GetSize(writer); i++) {
        ((char *)PyBytesWriter_GetData(writer))[i] = (char)(i * 7 + 1);
    }
}

static const Py_ssize_t sizes[] = {0, 1, 2, 3, 17, 254, 255, 256, 257, 319, 320, 321, 1000, 100000};

static void sized(void)
{
    twin_title("Create and Finish");
    for (size_t i = 0; i < TWIN_COUNT(sizes); i++) {
        PyBytesWriter *writer = PyBytesWriter_Create(sizes[i]);
        printf("%lld ", (long long)PyBytesWriter_GetSize(writer));
        fill(writer, 0);
        show("finished", PyBytesWriter_Finish(writer));
        for (size_t j = 0; j < TWIN_COUNT(sizes); j++) {
            writer = PyBytesWriter_Create(sizes[i]);
            fill(writer, 0);
            show("with size", PyBytesWriter_FinishWithSize(writer, sizes[j]));
            writer = PyBytesWriter_Create(sizes[i]);
            fill(writer, 0);
            show("with pointer", PyBytesWriter_FinishWithPointer(writer, (char *)PyBytesWriter_GetData(writer) + sizes[j]));
        }
        writer = PyBytesWriter_Create(sizes[i]);
        show("negative", PyBytesWriter_FinishWithSize(writer, -1));
        writer = PyBytesWriter_Create(sizes[i]);
        show("before", PyBytesWriter_FinishWithPointer(writer, (char *)PyBytesWriter_GetData(writer) - 1));
        PyBytesWriter_Discard(PyBytesWriter_Create(sizes[i]));
    }
    PyBytesWriter_Discard(NULL);
    static const Py_ssize_t wrong[] = {-1, PY_SSIZE_T_MIN, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX - 33, PY_SSIZE_T_MAX / 2};
    for (size_t i = 0; i < TWIN_COUNT(wrong); i++) {
        PyBytesWriter *writer = PyBytesWriter_Create(wrong[i]);
        printf("wrong %d %s\n", writer == NULL, twin_error());
    }
}

static void resized(void)
{
    twin_title("Resize and Grow");
    for (size_t i = 0; i < TWIN_COUNT(sizes); i++) {
        for (size_t j = 0; j < TWIN_COUNT(sizes); j++) {
            PyBytesWriter *writer = PyBytesWriter_Create(sizes[i]);
            fill(writer, 0);
            int result = PyBytesWriter_Resize(writer, sizes[j]);
            printf("%lld %d %lld ", (long long)sizes[i], result, (long long)PyBytesWriter_GetSize(writer));
            fill(writer, sizes[i]);
            show("resized", PyBytesWriter_Finish(writer));
            writer = PyBytesWriter_Create(sizes[i]);
            fill(writer, 0);
            result = PyBytesWriter_Grow(writer, sizes[j] - sizes[i]);
            printf("%d %lld ", result, (long long)PyBytesWriter_GetSize(writer));
            fill(writer, sizes[i]);
            char *end = (char *)PyBytesWriter_GetData(writer) + PyBytesWriter_GetSize(writer);
            end = PyBytesWriter_GrowAndUpdatePointer(writer, 300, end);
            memset(end, 'x', 300);
            show("grown", PyBytesWriter_FinishWithPointer(writer, end + 30));
        }
    }
    static const Py_ssize_t wrong[] = {-4, PY_SSIZE_T_MIN, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX - 40, PY_SSIZE_T_MAX / 2};
    for (int large = 0; large < 2; large++) {
        PyBytesWriter *writer = PyBytesWriter_Create(large ? 500 : 3);
        fill(writer, 0);
        for (size_t i = 0; i < TWIN_COUNT(wrong); i++) {
            if (wrong[i] != -4 || !large) {
                int result = PyBytesWriter_Resize(writer, wrong[i]);
                printf("resize %d %s ", result, twin_error());
                result = PyBytesWriter_Grow(writer, wrong[i]);
                printf("grow %d %s ", result, twin_error());
                void *place = PyBytesWriter_GrowAndUpdatePointer(writer, wrong[i], PyBytesWriter_GetData(writer));
                printf("update %d %s %lld\n", place == NULL, twin_error(), (long long)PyBytesWriter_GetSize(writer));
            }
        }
        show("as before", PyBytesWriter_Finish(writer));
    }
}

static void written(void)
{
    twin_title("WriteBytes");
    TwinRandom r = {7};
    for (int round = 0; round < 60; round++) {
        PyBytesWriter *writer = PyBytesWriter_Create(twin_range(&r, 0, 300));
        fill(writer, 0);
        for (int step = twin_range(&r, 0, 40); step > 0; step--) {
            static const char text[] = "some text that is written, or a part of it";
            int length = twin_range(&r, -1, (int)sizeof(text));
            printf("%d", PyBytesWriter_WriteBytes(writer, text, length));
            if (twin_once_in(&r, 8)) {
                printf("%d", PyBytesWriter_Grow(writer, -PyBytesWriter_GetSize(writer) / 3));
            }
        }
        printf(" %lld ", (long long)PyBytesWriter_GetSize(writer));
        show("written", PyBytesWriter_Finish(writer));
    }
}

static void formatted(void)
{
    twin_title("Format");
    PyBytesWriter *writer = PyBytesWriter_Create(0);
    int result = PyBytesWriter_Format(writer, "%s=%d, ", "name", -7);
    printf("%d %s\n", result, twin_error());
    result = PyBytesWriter_Format(writer, "a longer text that is lost: %s %c", "because of", 256);
    printf("%d %s %lld\n", result, twin_error(), (long long)PyBytesWriter_GetSize(writer));
    for (int i = 0; i < 40; i++) {
        result += PyBytesWriter_Format(writer, "%zd%%%x|%q", PY_SSIZE_T_MAX - i, i);
    }
    printf("%d %s %lld\n", result, twin_error(), (long long)PyBytesWriter_GetSize(writer));
    show("formatted", PyBytesWriter_Finish(writer));
}

int main(void)
{
    Py_Initialize();
    twin_start();
    sized();
    resized();
    written();
    formatted();
    Py_Finalize();
    return 0;
}

/* bf_getbuffer called directly, not through PyObject_GetBuffer: what the slots do with flags that are no
 * request. Not compared: the status of a bytearray's, which in CPython is 0 in spite of the error.
 */
#include "twin.h"

static const int all_flags[] = {
    PyBUF_READ, PyBUF_WRITE, PyBUF_READ | PyBUF_FORMAT, PyBUF_WRITE | PyBUF_WRITABLE, PyBUF_READ | PyBUF_WRITE,
    PyBUF_READ | PyBUF_ND, PyBUF_WRITE | PyBUF_FULL, 0x400, 0x40000000, PyBUF_MAX_NDIM, 2, -1, PyBUF_SIMPLE, PyBUF_FULL_RO,
};

static void ask(const char *name, PyObject *op, const void *base, int with_status)
{
    twin_title(name);
    for (size_t i = 0; i < TWIN_COUNT(all_flags); i++) {
        Py_buffer view;
        memset(&view, 0, sizeof(view));
        int status = Py_TYPE(op)->tp_as_buffer->bf_getbuffer(op, &view, all_flags[i]);
        int failed = PyErr_Occurred() != NULL;
        printf("%#x: %d %s ", (unsigned)all_flags[i], with_status ? status : -failed, twin_error());
        if (!failed) {
            twin_print_view(&view, op, base);
            PyBuffer_Release(&view);
        } else {
            printf("obj %d", view.obj != NULL);
        }
        printf("\n");
    }
}

static void through_fill_info(void)
{
    twin_title("FillInfo");
    char memory[3];
    for (size_t i = 0; i < TWIN_COUNT(all_flags); i++) {
        for (int readonly = 0; readonly < 2; readonly++) {
            Py_buffer view;
            memset(&view, 0, sizeof(view));
            int status = PyBuffer_FillInfo(&view, NULL, memory, 3, readonly, all_flags[i]);
            printf("%#x: %d %s ", (unsigned)all_flags[i], status, twin_error());
            if (status == 0) {
                twin_print_view(&view, NULL, memory);
            }
            printf("\n");
        }
    }
    for (size_t i = 0; i < TWIN_COUNT(all_flags); i++) {
        printf("NULL, %#x: %d %s\n", (unsigned)all_flags[i], PyBuffer_FillInfo(NULL, NULL, memory, 3, 0, all_flags[i]),
               twin_error());
    }
}

int main(void)
{
    twin_start();
    Py_Initialize();
    PyObject *bytes = PyBytes_FromString("bytes"), *array = PyByteArray_FromStringAndSize("array", 5);
    const void *base = PyBytes_AsString(bytes);
    PyObject *view = PyMemoryView_FromObject(bytes), *of_memory = PyMemoryView_FromMemory((char *)base, 5, PyBUF_WRITE);
    PyObject *pickle = PyPickleBuffer_FromObject(bytes), *of_view = PyPickleBuffer_FromObject(view);
    ask("bytes", bytes, base, 1);
    ask("bytearray", array, PyByteArray_AsString(array), 0);
    ask("memoryview", view, base, 1);
    ask("memoryview of memory", of_memory, base, 1);
    ask("PickleBuffer", pickle, base, 1);
    ask("PickleBuffer of a memoryview", of_view, base, 1);
    through_fill_info();
    return 0;
}

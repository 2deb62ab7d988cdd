/* PyBuffer_FillInfo: what an exporter of plain bytes answers to every request. */
#include "exporter.h"

static const int bits[] = {0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200};

static void fill(Exporter *owner, Py_ssize_t len, int readonly, int flags)
{
    PyObject *object = (PyObject *)owner, *untouched = Py_None;
    Py_buffer view;
    memset(&view, 0x5a, sizeof(view));
    view.obj = untouched;
    Py_ssize_t before = owner ? Py_REFCNT(object) : 0;
    int result = PyBuffer_FillInfo(&view, object, exporter_memory + 3, len, readonly, flags);
    printf("%03x len %lld ro %d: %d %s ", (unsigned)flags, (long long)len, readonly, result, twin_error());
    if (result < 0) {
        printf("obj %s", view.obj == untouched ? "untouched" : view.obj == NULL ? "NULL" : "set");
    } else {
        twin_print_view(&view, owner ? object : Py_None, exporter_memory);
        printf(" shape is len %d, strides is itemsize %d", view.shape == &view.len, view.strides == &view.itemsize);
        if (owner) {
            printf(" refcount %+lld", (long long)(Py_REFCNT(object) - before));
        }
        PyBuffer_Release(&view);
        printf(" released obj %s", view.obj ? "set" : "NULL");
    }
    if (owner) {
        printf(" refcount %+lld releases %d", (long long)(Py_REFCNT(object) - before), owner->releases);
    }
    printf("\n");
}

int main(void)
{
    Py_Initialize();
    twin_start();
    Exporter *owner = exporter_sample(0);
    for (int readonly = 0; readonly < 2; readonly++) {
        for (int mask = 0; mask < 1 << TWIN_COUNT(bits); mask++) {
            int flags = 0;
            for (size_t b = 0; b < TWIN_COUNT(bits); b++) {
                flags |= mask >> b & 1 ? bits[b] : 0;
            }
            fill(owner, 10, readonly, flags);
            fill(NULL, 0, readonly, flags);
        }
    }
    twin_title("odd arguments");
    fill(owner, -1, 0, PyBUF_FULL); /* the length is the caller's business */
    fill(owner, PY_SSIZE_T_MAX, 1, PyBUF_FULL_RO);
    fill(owner, 4, 2, PyBUF_FULL_RO);
    fill(owner, 4, -1, PyBUF_SIMPLE);
    static const int flags[] = {PyBUF_SIMPLE, PyBUF_FULL, PyBUF_READ, PyBUF_WRITE};
    for (size_t i = 0; i < TWIN_COUNT(flags); i++) {
        int result = PyBuffer_FillInfo(NULL, (PyObject *)owner, exporter_memory, 4, 0, flags[i]);
        printf("no view: %d %s\n", result, twin_error());
    }
    Py_buffer view = {.obj = NULL};
    int result = PyBuffer_FillInfo(&view, NULL, NULL, 0, 1, PyBUF_FULL_RO);
    printf("no memory: %d %s ", result, twin_error());
    twin_print_view(&view, Py_None, NULL);
    printf("\nrefcount %lld\n", (long long)Py_REFCNT(owner));
    PyBuffer_Release(&view);
    Py_DECREF(owner);
    Py_Finalize();
    return 0;
}

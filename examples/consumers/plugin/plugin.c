/* A plug-in for any program: nothing of CPython's is in it, and the static library's symbols are hidden, so it also works in a
 * process that contains CPython. */
#include <pybuffer/pybuffer.h>

#include "plugin.h"

double plugin_sum(const void *memory, const char *format, ptrdiff_t rows, ptrdiff_t columns)
{
    Py_ssize_t shape[] = {rows, columns};
    PyObject *view = pybuffer_memoryview_wrap((void *)(uintptr_t)memory, format, 2, shape, NULL, 1, NULL, NULL);
    double numbers[64], sum = 0;

    if (view == NULL || pybuffer_memoryview_to_double(view, numbers, rows * columns) < 0) {
        PyErr_Print();
        sum = -1;
    }
    else {
        for (ptrdiff_t i = 0; i < rows * columns; i++)
            sum += numbers[i];
    }
    Py_XDECREF(view);
    return sum;
}

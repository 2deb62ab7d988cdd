#include <pybuffer/pybuffer.h>
#include <stdio.h>

int main(void)
{
    float rows[3][4] = {{11, 12, 13, 14}, {21, 22, 23, 24}, {31, 32, 33, 34}}, columns[4][3];
    Py_ssize_t shape[] = {3, 4};
    PyObject *view = pybuffer_memoryview_wrap(rows, "f", 2, shape, NULL, 0, NULL, NULL); /* no copy */
    if (view == NULL || PyBuffer_ToContiguous(columns, PyMemoryView_GET_BUFFER(view), sizeof(rows), 'F') < 0) {
        PyErr_Print();
        return 1;
    }
    for (int i = 0; i < 12; i++) /* column after column: the transpose of rows */
        printf("%g%c", columns[i / 3][i % 3], i % 3 == 2 ? '\n' : ' ');
    Py_DECREF(view);
}

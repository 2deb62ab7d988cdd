#include <pybuffer/pybuffer.h>
#include <stdio.h>

int main(void)
{
    float rows[3][4] = {{11, 12, 13, 14}, {21, 22, 23, 24}, {31, 32, 33, 34}};
    Py_ssize_t shape[] = {3, 4};
    /* No copy: it looks at rows, which are in C order (NULL), writable (0), and not to be freed. */
    PyObject *view = pybuffer_memoryview_wrap(rows, "f", 2, shape, NULL, 0, NULL, NULL);
    PyObject *columns = view ? PyMemoryView_GetContiguous(view, PyBUF_READ, 'F') : NULL;
    if (columns == NULL) {
        PyErr_Print();
        return 1;
    }
    const float *item = (const float *)PyMemoryView_GET_BUFFER(columns)->buf;
    for (int i = 0; i < 12; i++) /* column after column: the transpose of rows */
        printf("%g%c", item[i], i % 3 == 2 ? '\n' : ' ');
    Py_DECREF(columns);
    Py_DECREF(view);
}

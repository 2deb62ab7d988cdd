#include <pybuffer/pybuffer.h>
#include <stdio.h>

int main(void)
{
    float rows[3][4] = {{11, 12, 13, 14}, {21, 22, 23, 24}, {31, 32, 33, 34}};
    Py_ssize_t shape[] = {3, 4}, strides[] = {sizeof rows[0], sizeof rows[0][0]};
    Py_buffer buffer = {rows, NULL, sizeof rows, sizeof(float), /* buf, obj, len, itemsize */
                        1, 2, (char *)"f", shape, strides, NULL, NULL}; /* readonly, ndim, ... */
    PyObject *view = PyMemoryView_FromBuffer(&buffer); /* no copy: it looks at rows */
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

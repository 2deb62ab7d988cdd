/* A program that uses the library: the column of a table of records, as doubles. */
#include <pybuffer/pybuffer.h>
#include <stdio.h>
#include <string.h>

struct city {
    char name[12];
    float latitude;
    int population;
};

int main(void)
{
    struct city cities[] = {{"Oslo", 59.9f, 709}, {"Quito", -0.2f, 2011}, {"Suva", -18.1f, 93}};
    Py_ssize_t shape[] = {3};
    double populations[3];
    PyObject *table, *column;
    int status;

    if (strcmp(pybuffer_version(), PYBUFFER_VERSION) != 0) {
        fprintf(stderr, "the header is of %s, the library of %s\n", PYBUFFER_VERSION, pybuffer_version());
        return 1;
    }
    table = pybuffer_memoryview_wrap(cities, "T{12s:name:f:latitude:i:population:}", 1, shape, NULL, 1, NULL, NULL);
    column = table != NULL ? pybuffer_memoryview_field(table, "population") : NULL;
    status = column != NULL ? pybuffer_memoryview_to_double(column, populations, 3) : -1;
    if (status == 0)
        printf("%g %g %g\n", populations[0], populations[1], populations[2]);
    else
        PyErr_Print();
    Py_XDECREF(column);
    Py_XDECREF(table);
    return status == 0 ? 0 : 1;
}

/* Times conversions of numbers: all numbers of a memoryview to doubles, and back. This library only; benches/peers.py
 * times NumPy's astype. Prints the same lines as bench.c. */
#define _GNU_SOURCE /* madvise */

#include <pybuffer/pybuffer.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "timing.h"

enum { COUNT = 1000000, SIDE = 1000 };

static PyObject *view;
static double *numbers;
static char *memory;

/* In large pages, as NumPy asks for: else this would time the kernel's tables. */
static void *large(size_t size)
{
    void *start;
    must(posix_memalign(&start, 1 << 21, size) == 0, "no memory");
    madvise(start, size, MADV_HUGEPAGE);
    return memset(start, 0, size);
}

static void to_doubles(void)
{
    must(pybuffer_memoryview_to_double(view, numbers, COUNT) == 0, "to_double");
}

static void from_doubles(void)
{
    must(pybuffer_memoryview_from_double(view, numbers, COUNT) == 0, "from_double");
}

/* Items of 0 to 99 in memory, there and back, checked by what each should be. */
static void convert(const char *name, char *format, Py_ssize_t itemsize, int ndim, Py_ssize_t *shape, Py_ssize_t *strides)
{
    char line[96];
    Py_buffer info = {.buf = memory, .len = COUNT * itemsize, .itemsize = itemsize, .ndim = ndim, .format = format,
                      .shape = shape, .strides = strides};
    view = PyMemoryView_FromBuffer(&info);
    must(view != NULL, "no view");
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = i % 100;
    }
    from_doubles();
    memset(numbers, 0, COUNT * sizeof(*numbers));
    to_doubles();
    for (int i = 0; i < COUNT; i++) {
        must(numbers[i] == i % 100, "a number is converted wrongly");
    }
    snprintf(line, sizeof line, "1,000,000 %s to doubles", name);
    report(line, to_doubles);
    snprintf(line, sizeof line, "1,000,000 doubles to %s", name);
    report(line, from_doubles);
    Py_DECREF(view);
}

int main(void)
{
    Py_ssize_t all[1] = {COUNT}, square[2] = {SIDE, SIDE};
    numbers = large(COUNT * sizeof(*numbers));
    memory = large(COUNT * 16);
    convert("'d'", "d", 8, 1, all, NULL);
    convert("'f'", "f", 4, 1, all, NULL);
    convert("'e'", "e", 2, 1, all, NULL);
    convert("'q'", "q", 8, 1, all, NULL);
    convert("'i'", "i", 4, 1, all, NULL);
    convert("'h'", "h", 2, 1, all, NULL);
    convert("'B'", "B", 1, 1, all, NULL);
    convert("'>i'", ">i", 4, 1, all, NULL);
    convert("'>d'", ">d", 8, 1, all, NULL);
    convert("'i', strided", "i", 4, 1, all, (Py_ssize_t[]){8});
    convert("'i', transposed", "i", 4, 2, square, (Py_ssize_t[]){4, 4 * SIDE});
    convert("'d', transposed", "d", 8, 2, square, (Py_ssize_t[]){8, 8 * SIDE});
    free(memory);
    free(numbers);
    return 0;
}

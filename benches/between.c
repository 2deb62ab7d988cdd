/* Times copies with two builds of the library in one process, in turns, to measure the cost of a change.
 *
 *     cc -O2 -Iinclude benches/between.c -o target/between -ldl
 *     PYBUFFER_CPU=avx2 target/between before.so after.so [part of a name]
 *
 * Each line is the least time of many runs of each library, and their quotient. `one NAME LIBRARY ROUNDS` runs the
 * named copy that often with one library, for what counts instructions; `list` prints the names, and how many bytes each copies.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pybuffer/pybuffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    int (*to)(void *, const Py_buffer *, Py_ssize_t, char);
    int (*from)(const Py_buffer *, const void *, Py_ssize_t, char);
} Library;

/* A copy of items with these strides to contiguous memory, or back. The view starts `start` bytes into the memory. */
typedef struct {
    char name[64];
    Py_ssize_t itemsize, shape[4], strides[4], start, bytes;
    int ndim, back;
} Copy;

static Copy copies[128];
static int count;

static Copy *add(const char *name, Py_ssize_t itemsize, int ndim, int back)
{
    Copy *copy = &copies[count++];
    snprintf(copy->name, sizeof copy->name, "%s", name);
    copy->itemsize = itemsize;
    copy->ndim = ndim;
    copy->back = back;
    return copy;
}

static void lengths(Copy *copy, const Py_ssize_t *shape, const Py_ssize_t *strides)
{
    copy->bytes = copy->itemsize;
    for (int axis = 0; axis < copy->ndim; axis++) {
        copy->shape[axis] = shape[axis];
        copy->strides[axis] = strides[axis];
        copy->bytes *= shape[axis];
        copy->start -= strides[axis] < 0 ? (shape[axis] - 1) * strides[axis] : 0;
    }
}

static void make_copies(void)
{
    static const Py_ssize_t sizes[] = {1, 2, 3, 4, 6, 8, 12, 16}, sides[] = {64, 512, 2048};
    char name[64];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof sides / sizeof *sides; j++) {
            Py_ssize_t size = sizes[i], n = sides[j];
            snprintf(name, sizeof name, "transpose %zd bytes %zdx%zd", size, n, n);
            lengths(add(name, size, 2, 0), (Py_ssize_t[]){n, n}, (Py_ssize_t[]){size, size * n});
        }
    }
    for (Py_ssize_t size = 1; size <= 4; size += 3) {
        for (Py_ssize_t n = 56; n <= 224; n *= 4) {
            snprintf(name, sizeof name, "NHWC to NCHW %zdx%zdx64 of %zd", n, n, size);
            lengths(add(name, size, 3, 0), (Py_ssize_t[]){64, n, n}, (Py_ssize_t[]){size, 64 * n * size, 64 * size});
            snprintf(name, sizeof name, "NCHW to NHWC %zdx%zdx64 of %zd", n, n, size);
            lengths(add(name, size, 3, 0), (Py_ssize_t[]){n, n, 64}, (Py_ssize_t[]){n * size, size, n * n * size});
        }
    }
    static const Py_ssize_t items[] = {1, 2, 4, 8};
    for (size_t i = 0; i < 4; i++) {
        Py_ssize_t size = items[i];
        for (Py_ssize_t n = 4096; n <= 1048576; n *= 256) {
            snprintf(name, sizeof name, "every second, %zd of %zd", n, size);
            lengths(add(name, size, 1, 0), (Py_ssize_t[]){n}, (Py_ssize_t[]){2 * size});
            snprintf(name, sizeof name, "reversed, %zd of %zd", n, size);
            lengths(add(name, size, 1, 0), (Py_ssize_t[]){n}, (Py_ssize_t[]){-size});
        }
        Py_ssize_t pixels = 320 * 240;
        snprintf(name, sizeof name, "RGB to planes of %zd", size);
        lengths(add(name, size, 2, 0), (Py_ssize_t[]){3, pixels}, (Py_ssize_t[]){size, 3 * size});
        snprintf(name, sizeof name, "planes to RGB of %zd", size);
        lengths(add(name, size, 2, 1), (Py_ssize_t[]){3, pixels}, (Py_ssize_t[]){size, 3 * size});
    }
    Py_ssize_t width = 320, height = 240;
    lengths(add("RGB mirrored", 1, 3, 0), (Py_ssize_t[]){height, width, 3}, (Py_ssize_t[]){3 * width, -3, 1});
    lengths(add("RGB rotated", 1, 3, 0), (Py_ssize_t[]){width, height, 3}, (Py_ssize_t[]){-3, 3 * width, 1});
    lengths(add("RGB to BGR", 1, 2, 0), (Py_ssize_t[]){width * height, 3}, (Py_ssize_t[]){3, -1});
    lengths(add("RGBA to RGB", 1, 2, 0), (Py_ssize_t[]){width * height, 3}, (Py_ssize_t[]){4, 1});
    lengths(add("RGB to RGBA", 1, 2, 1), (Py_ssize_t[]){width * height, 3}, (Py_ssize_t[]){4, 1});
    lengths(add("small: 4x4 of 8 transposed", 8, 2, 0), (Py_ssize_t[]){4, 4}, (Py_ssize_t[]){8, 32});
    lengths(add("small: 20x20 of 4 transposed", 4, 2, 0), (Py_ssize_t[]){20, 20}, (Py_ssize_t[]){4, 80});
    lengths(add("crop of 100x100 of 4", 4, 2, 0), (Py_ssize_t[]){100, 100}, (Py_ssize_t[]){1600, 4});
    lengths(add("12 axes of 2, shuffled, of 4", 4, 4, 0), (Py_ssize_t[]){8, 8, 8, 8}, (Py_ssize_t[]){256, 4, 2048, 32});
    lengths(add("12 axes of 2, reversed, of 4", 4, 4, 0), (Py_ssize_t[]){8, 8, 8, 8}, (Py_ssize_t[]){4, 32, 256, 2048});
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static unsigned char *strided, *packed;

static void run(const Library *library, const Copy *copy, long rounds)
{
    Py_buffer view;
    memset(&view, 0, sizeof view);
    view.buf = strided + copy->start;
    view.len = copy->bytes;
    view.itemsize = copy->itemsize;
    view.ndim = copy->ndim;
    view.shape = (Py_ssize_t *)copy->shape;
    view.strides = (Py_ssize_t *)copy->strides;
    for (long round = 0; round < rounds; round++) {
        int status = copy->back ? library->from(&view, packed, view.len, 'C') : library->to(packed, &view, view.len, 'C');
        if (status != 0) {
            fprintf(stderr, "%s fails\n", copy->name);
            exit(1);
        }
    }
}

static Library opened(const char *path)
{
    Library library;
    void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    *(void **)&library.to = dlsym(handle, "PyBuffer_ToContiguous");
    *(void **)&library.from = dlsym(handle, "PyBuffer_FromContiguous");
    return library;
}

int main(int argc, char **argv)
{
    make_copies();
    if (argc == 2 && !strcmp(argv[1], "list")) {
        for (int i = 0; i < count; i++) {
            printf("%s\t%zd\t%zd\n", copies[i].name, copies[i].bytes, copies[i].itemsize);
        }
        return 0;
    }
    size_t room = (size_t)256 << 20;
    strided = aligned_alloc(4096, room);
    packed = aligned_alloc(4096, room);
    if (!strided || !packed || argc < 3) {
        fprintf(stderr, "usage: between BEFORE AFTER [NAME], or between one NAME LIBRARY ROUNDS, or between list\n");
        return 2;
    }
    if (!strcmp(argv[1], "one") && argc == 5) {
        Library library = opened(argv[3]);
        for (int i = 0; i < count; i++) {
            if (!strcmp(copies[i].name, argv[2])) {
                run(&library, &copies[i], atol(argv[4]));
                return 0;
            }
        }
        return 2;
    }
    memset(strided, 1, room);
    memset(packed, 2, room);
    Library libraries[2] = {opened(argv[1]), opened(argv[2])};
    for (int i = 0; i < count; i++) {
        const Copy *copy = &copies[i];
        if (argc > 3 && !strstr(copy->name, argv[3])) {
            continue;
        }
        double least[2] = {1e300, 1e300};
        long rounds = 1 + 200000 / (copy->bytes + 1000);
        double end = now() + 4e8;
        for (int turn = 0; turn < 40 || now() < end; turn++) {
            for (int which = 0; which < 2; which++) {
                double start = now();
                run(&libraries[(turn + which) & 1], copy, rounds);
                double time = (now() - start) / (double)rounds;
                if (time < least[(turn + which) & 1]) {
                    least[(turn + which) & 1] = time;
                }
            }
        }
        printf("%-36s %12.1f %12.1f ns  %.3f\n", copy->name, least[0], least[1], least[1] / least[0]);
        fflush(stdout);
    }
    return 0;
}

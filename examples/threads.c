/* Blurs a photograph with several threads: threads [picture [output directory [number of threads]]]
 *
 * The pictures are shared: threads need no lock to make memoryviews of them. Each thread takes a slice
 * of its own, a band of rows, from both. It reads a little beyond its band, which is fine as nobody
 * writes there, and writes only inside: the program sees to that, not the library.
 */
#define _POSIX_C_SOURCE 200809L

#include <pybuffer/pybuffer.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "file.h"
#include "image_io.h"

#ifndef THREADS_PICTURE
#define THREADS_PICTURE "examples/data/chelsea.ppm"
#endif
#ifndef THREADS_DIRECTORY
#define THREADS_DIRECTORY "threads-output"
#endif
#define MAX_THREADS 64
/* How many pixels on each side count. */
#define RADIUS 2

static Py_ssize_t
smaller(Py_ssize_t a, Py_ssize_t b)
{
    return a < b ? a : b;
}

static Py_ssize_t
larger(Py_ssize_t a, Py_ssize_t b)
{
    return a > b ? a : b;
}

/* ---- What a thread does ---------------------------------------------------------------- */

typedef struct {
    PyObject *source, *target; /* the same for all threads, which only borrow them */
    Py_ssize_t first, end;     /* the band */
    PyObject *error[3];        /* what went wrong, for the main thread */
} Job;

static PyObject *
take_rows(PyObject *pixels, Py_ssize_t first, Py_ssize_t end)
{
    pybuffer_subscript rows = pybuffer_slice(first, end, 1);

    return pybuffer_memoryview_subscript(pixels, &rows, 1);
}

/* The mean of the numbers around [y, x, channel], as far as there are any. */
static float
mean_around(const float *numbers, const Py_ssize_t shape[3], Py_ssize_t y, Py_ssize_t x,
            Py_ssize_t channel)
{
    float sum = 0, count = 0;

    for (Py_ssize_t i = larger(y - RADIUS, 0); i <= smaller(y + RADIUS, shape[0] - 1); i++)
        for (Py_ssize_t j = larger(x - RADIUS, 0); j <= smaller(x + RADIUS, shape[1] - 1); j++) {
            sum += numbers[(i * shape[1] + j) * shape[2] + channel];
            count++;
        }
    return sum / count;
}

static int
blur(const Job *job)
{
    Py_ssize_t above = smaller(job->first, RADIUS);
    PyObject *rows = take_rows(job->source, job->first - above, job->end + RADIUS);
    PyObject *numbers = rows != NULL ? pybuffer_memoryview_astype(rows, "f", 'C') : NULL;
    PyObject *band = numbers != NULL ? take_rows(job->target, job->first, job->end) : NULL;
    PyObject *blurred = NULL;
    int status = -1;

    if (band != NULL)
        blurred = pybuffer_memoryview_new("f", 3, PyMemoryView_GET_BUFFER(band)->shape, 'C');
    if (blurred != NULL) {
        const Py_buffer *from = PyMemoryView_GET_BUFFER(numbers);
        float *mean = PyMemoryView_GET_BUFFER(blurred)->buf;

        for (Py_ssize_t y = above; y < above + job->end - job->first; y++)
            for (Py_ssize_t x = 0; x < from->shape[1]; x++)
                for (Py_ssize_t channel = 0; channel < from->shape[2]; channel++)
                    *mean++ = mean_around(from->buf, from->shape, y, x, channel) + 0.5f;
        status = pybuffer_memoryview_convert(band, blurred); /* to the format of the picture */
    }
    Py_XDECREF(blurred);
    Py_XDECREF(band);
    Py_XDECREF(numbers);
    Py_XDECREF(rows);
    return status;
}

/* Errors are pending in the thread where they happen. */
static void *
run_job(void *argument)
{
    Job *job = argument;

    if (blur(job) < 0)
        PyErr_Fetch(&job->error[0], &job->error[1], &job->error[2]);
    return NULL;
}

/* ---- The main thread ------------------------------------------------------------------- */

/* The picture, blurred by so many threads: a new one. */
static PyObject *
blur_with_threads(PyObject *source, int count)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(source);
    PyObject *target = pybuffer_memoryview_new(view->format, view->ndim, view->shape, 'C');
    pthread_t threads[MAX_THREADS];
    Job jobs[MAX_THREADS];
    int started[MAX_THREADS], failed = 0;

    if (target == NULL)
        return NULL;
    for (int i = 0; i < count; i++) {
        jobs[i] = (Job){source, target, view->shape[0] * i / count, view->shape[0] * (i + 1) / count,
                        {NULL, NULL, NULL}};
        started[i] = pthread_create(&threads[i], NULL, run_job, &jobs[i]) == 0;
        if (!started[i])
            run_job(&jobs[i]); /* then in this thread */
    }
    for (int i = 0; i < count; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        if (jobs[i].error[0] != NULL) { /* of several errors the last one is reported */
            PyErr_Restore(jobs[i].error[0], jobs[i].error[1], jobs[i].error[2]);
            failed = 1;
        }
    }
    if (failed) /* but no sooner: the other threads have only borrowed it */
        Py_CLEAR(target);
    return target;
}

static int
run(const char *path, const char *directory, int count)
{
    PyObject *source = NULL, *one = NULL, *many = NULL;
    int maximum, equal = -1;

    if (file_make_directory(directory) == 0)
        source = image_read(path, &maximum);
    if (source != NULL)
        one = blur_with_threads(source, 1);
    if (one != NULL)
        many = blur_with_threads(source, count);
    if (many != NULL && image_write(directory, "blurred", many, maximum) == 0)
        equal = PyObject_RichCompareBool(one, many, Py_EQ);
    if (equal == 0)
        PyErr_SetString(PyExc_RuntimeError, "many threads made another picture than one");
    Py_XDECREF(many);
    Py_XDECREF(one);
    Py_XDECREF(source);
    return equal == 1 ? 0 : -1;
}

int
main(int argc, char **argv)
{
    const char *directory = argc > 2 ? argv[2] : THREADS_DIRECTORY;
    int count = argc > 3 ? atoi(argv[3]) : 4;

    if (argc > 4 || count < 1 || count > MAX_THREADS) {
        fprintf(stderr, "usage: %s [picture [output directory [number of threads, 1 to %d]]]\n",
                argv[0], MAX_THREADS);
        return 2;
    }
    if (run(argc > 1 ? argv[1] : THREADS_PICTURE, directory, count) < 0) {
        PyErr_Print();
        return 1;
    }
    printf("Blurred by %d threads, and by one: the same picture. Written to %s.\n", count, directory);
    return 0;
}

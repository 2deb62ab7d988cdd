/* Splits the channels of a sound, plays it backwards, mixes it down to one channel and swaps its
 * channels, all through memoryviews of the file, and says where each channel is loudest:
 * wav [file.wav [output directory]]
 *
 * The file is read into a bytearray (wav_io.c), and its samples are the slice with the data, cast to
 * frames x channels. Every operation is another view of the same memory; samples are copied only
 * where C order is needed, and the table that is printed says how many bytes. Written are
 * channel-1.wav and so on, reversed.wav, mixed.wav and swapped.wav.
 */
#define _POSIX_C_SOURCE 200809L

#include <pybuffer/pybuffer.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "wav_io.h"

#ifndef WAV_FILE
#define WAV_FILE "examples/data/rock-hit.wav"
#endif
#ifndef WAV_DIRECTORY
#define WAV_DIRECTORY "wav-output"
#endif

/* ---- The table ------------------------------------------------------------------------- */

static void
print_heading(void)
{
    printf("%-14s  %-14s  %-10s  %-4s  %12s\n", "operation", "shape", "strides", "kind",
           "bytes copied");
}

/* `view` is the memoryview, of one or two axes, that the operation made or filled. */
static void
print_row(const char *operation, PyObject *view, Py_ssize_t copied)
{
    const Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
    char shape[48], strides[48];

    if (buffer->ndim == 1) {
        snprintf(shape, sizeof shape, "%zd", buffer->shape[0]);
        snprintf(strides, sizeof strides, "%zd", buffer->strides[0]);
    } else {
        snprintf(shape, sizeof shape, "%zd x %zd", buffer->shape[0], buffer->shape[1]);
        snprintf(strides, sizeof strides, "%zd, %zd", buffer->strides[0], buffer->strides[1]);
    }
    printf("%-14s  %-14s  %-10s  %-4s  %12zd\n", operation, shape, strides,
           copied > 0 ? "copy" : "view", copied);
}

/* The same samples in C order: a copy, or `view` once more if that is how they lie already. */
static PyObject *
show_contiguous(PyObject *view)
{
    PyObject *packed = PyMemoryView_GetContiguous(view, PyBUF_READ, 'C');

    if (packed != NULL) {
        const Py_buffer *from = PyMemoryView_GET_BUFFER(view);
        const Py_buffer *to = PyMemoryView_GET_BUFFER(packed);

        print_row("  in C order", packed, to->buf == from->buf ? 0 : to->len);
    }
    return packed;
}

/* ---- The files ------------------------------------------------------------------------- */

static int
create_directory(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    PyErr_Format(PyExc_RuntimeError, "%s: %s", path, strerror(errno));
    return -1;
}

static int
save(const Wave *wave, const char *directory, const char *name, PyObject *samples)
{
    char path[1024];
    int length = snprintf(path, sizeof path, "%s/%s.wav", directory, name);

    if (length < 0 || (size_t)length >= sizeof path) {
        PyErr_SetString(PyExc_ValueError, "the path of the output directory is too long");
        return -1;
    }
    return wav_write(path, wave, samples);
}

/* ---- Peaks ----------------------------------------------------------------------------- */

typedef struct {
    int64_t number;     /* the sample that is farthest from 0, the first of them */
    Py_ssize_t frame;   /* its place */
    Py_ssize_t clipped; /* samples that are the least or the largest number that there is */
} Peak;

/* `channel` is a memoryview of one axis. */
static int
find_peak(const Wave *wave, PyObject *channel, Peak *peak)
{
    PyObject *iterator = pybuffer_memoryview_iter(channel);
    pybuffer_value values[WAV_MAX_VALUES];
    Py_ssize_t frame = 0;
    int status;

    if (iterator == NULL)
        return -1;
    memset(peak, 0, sizeof *peak);
    while ((status = pybuffer_memoryview_next_item(iterator, values, wave->nvalues)) > 0) {
        int64_t number = wav_number(wave, values);

        if ((number < 0 ? -number : number) > (peak->number < 0 ? -peak->number : peak->number)) {
            peak->number = number;
            peak->frame = frame;
        }
        frame++;
    }
    Py_DECREF(iterator);
    return status;
}

static int
count_clipped(const Wave *wave, PyObject *channel, Peak *peak)
{
    const int64_t full = (int64_t)1 << (wave->bits - 1), ends[2] = {-full, full - 1};
    pybuffer_value values[WAV_MAX_VALUES];

    for (int i = 0; i < 2; i++) {
        Py_ssize_t count;

        wav_values(wave, ends[i], values);
        count = pybuffer_memoryview_count(channel, values, wave->nvalues);
        if (count < 0)
            return -1;
        peak->clipped += count;
    }
    return 0;
}

static void
print_peaks(const Wave *wave, const Peak *peaks)
{
    Py_ssize_t channels = PyMemoryView_GET_BUFFER(wave->samples)->shape[1];

    printf("\n%-7s  %11s  %10s  %9s  %8s  %7s\n", "channel", "peak", "full scale", "frame", "seconds",
           "clipped");
    for (Py_ssize_t i = 0; i < channels; i++) {
        double part = (double)peaks[i].number / (double)((int64_t)1 << (wave->bits - 1));

        printf("%-7zd  %11lld  %9.1f%%  %9zd  %8.4f  %7zd\n", i + 1, (long long)peaks[i].number,
               100 * (part < 0 ? -part : part), peaks[i].frame,
               (double)peaks[i].frame / wave->rate, peaks[i].clipped);
    }
}

/* ---- The steps ------------------------------------------------------------------------- */

static int
split_channel(const Wave *wave, Py_ssize_t number, const char *directory, Peak *peak)
{
    pybuffer_subscript column[] = {PYBUFFER_ALL, PYBUFFER_AT(number)};
    PyObject *channel = pybuffer_memoryview_subscript(wave->samples, column, 2);
    PyObject *packed = NULL;
    char name[32];
    int status = -1;

    snprintf(name, sizeof name, "channel-%zd", number + 1);
    if (channel != NULL) {
        print_row(name, channel, 0);
        packed = show_contiguous(channel);
    }
    if (packed != NULL && find_peak(wave, channel, peak) == 0 &&
        count_clipped(wave, channel, peak) == 0)
        status = save(wave, directory, name, packed);
    Py_XDECREF(packed);
    Py_XDECREF(channel);
    return status;
}

/* A copy of the frames, the last first: a new reference. It has memory of its own, also where there
 * is only one frame and the view is contiguous. */
static PyObject *
reverse(const Wave *wave, const char *directory)
{
    PyObject *view = pybuffer_memoryview_flip(wave->samples, 0);
    PyObject *copy = NULL;

    if (view == NULL)
        return NULL;
    print_row("reversed", view, 0);
    copy = pybuffer_memoryview_copy(view, 'C');
    if (copy != NULL) {
        print_row("  copied", copy, PyMemoryView_GET_BUFFER(copy)->len);
        if (save(wave, directory, "reversed", copy) < 0)
            Py_CLEAR(copy);
    }
    Py_DECREF(view);
    return copy;
}

/* Makes each sample of `mixed` the mean of the frame at its place, cut to an integer as C does. */
static int
fill_with_means(const Wave *wave, PyObject *mixed)
{
    Py_ssize_t channels = PyMemoryView_GET_BUFFER(wave->samples)->shape[1], place = 0;
    pybuffer_value values[WAV_MAX_CHANNELS * WAV_MAX_VALUES];
    PyObject *frames = pybuffer_memoryview_iter(wave->samples), *frame;
    int status = frames != NULL ? 0 : -1;

    while (status == 0 && (frame = pybuffer_memoryview_next(frames)) != NULL) {
        int64_t sum = 0;

        status = pybuffer_memoryview_values(frame, values, channels * wave->nvalues);
        Py_DECREF(frame);
        if (status < 0)
            break;
        for (Py_ssize_t i = 0; i < channels; i++)
            sum += wav_number(wave, values + i * wave->nvalues);
        wav_values(wave, sum / channels, values);
        status = pybuffer_memoryview_set_item(mixed, &place, 1, values, wave->nvalues);
        place++;
    }
    Py_XDECREF(frames);
    return status == 0 && PyErr_Occurred() == NULL ? 0 : -1;
}

static int
mix(const Wave *wave, const char *directory)
{
    const Py_ssize_t *shape = PyMemoryView_GET_BUFFER(wave->samples)->shape;
    PyObject *mixed = pybuffer_memoryview_new(wave->format, 1, shape, 'C');
    int status = -1;

    if (mixed != NULL && fill_with_means(wave, mixed) == 0) {
        print_row("mixed", mixed, PyMemoryView_GET_BUFFER(mixed)->len);
        status = save(wave, directory, "mixed", mixed);
    }
    Py_XDECREF(mixed);
    return status;
}

/* Turns the order of the channels round, where they are: source and target are the same memory. */
static int
swap_in_place(const Wave *wave, const char *directory)
{
    PyObject *swapped = pybuffer_memoryview_flip(wave->samples, 1);
    int status = -1;

    if (swapped != NULL) {
        print_row("swapped", swapped, 0);
        status = pybuffer_memoryview_assign(wave->samples, NULL, 0, swapped);
    }
    if (status == 0) {
        print_row("  in place", wave->samples, PyMemoryView_GET_BUFFER(wave->samples)->len);
        status = save(wave, directory, "swapped", wave->samples);
    }
    Py_XDECREF(swapped);
    return status;
}

/* 0 where the samples, by now swapped, are those of `backwards` flipped along both axes; -1 with an
 * error set if not. */
static int
expect_same(const Wave *wave, PyObject *backwards)
{
    PyObject *forwards = pybuffer_memoryview_flip(backwards, 0);
    PyObject *both = forwards != NULL ? pybuffer_memoryview_flip(forwards, 1) : NULL;
    int equal = both != NULL ? PyObject_RichCompareBool(both, wave->samples, Py_EQ) : -1;

    if (equal == 0)
        PyErr_SetString(PyExc_RuntimeError, "the swapped samples differ from the reversed ones");
    Py_XDECREF(both);
    Py_XDECREF(forwards);
    return equal == 1 ? 0 : -1;
}

static int
run_steps(const Wave *wave, const char *directory)
{
    const Py_buffer *samples = PyMemoryView_GET_BUFFER(wave->samples);
    Peak peaks[WAV_MAX_CHANNELS];
    PyObject *backwards;
    int status = -1;

    printf("%d bits a sample, format %s, %zd frames a second: %zd frames, %.3f seconds\n\n",
           wave->bits, wave->format, (Py_ssize_t)wave->rate, samples->shape[0],
           (double)samples->shape[0] / wave->rate);
    print_heading();
    print_row("file", wave->file, 0);
    print_row("samples", wave->samples, 0);
    for (Py_ssize_t i = 0; i < samples->shape[1]; i++)
        if (split_channel(wave, i, directory, &peaks[i]) < 0)
            return -1;
    backwards = reverse(wave, directory);
    if (backwards == NULL)
        return -1;
    if (mix(wave, directory) == 0 && swap_in_place(wave, directory) == 0)
        status = expect_same(wave, backwards);
    if (status == 0)
        print_peaks(wave, peaks);
    Py_DECREF(backwards);
    return status;
}

static int
run(const char *path, const char *directory)
{
    Wave wave;
    int status;

    if (wav_open(path, &wave) < 0)
        return -1;
    printf("%s\n", path);
    status = create_directory(directory);
    if (status == 0)
        status = run_steps(&wave, directory);
    wav_close(&wave);
    return status;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : WAV_FILE;
    const char *directory = argc > 2 ? argv[2] : WAV_DIRECTORY;

    if (argc > 3) {
        fprintf(stderr, "usage: %s [file.wav [output directory]]\n", argv[0]);
        return 2;
    }
    if (run(path, directory) < 0) {
        fflush(stdout);
        PyErr_Print();
        return 1;
    }
    printf("\nWritten to %s.\n", directory);
    return 0;
}

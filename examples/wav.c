/* Splits the channels of a sound, plays it backwards, mixes it down to one channel and swaps its
 * channels, and says where each channel is loudest: wav [file.wav [output directory]]
 *
 * The samples are a memoryview of frames x channels in the memory of the file (wav_io.c). Every
 * operation is another view of the same memory; samples are copied only where a file needs C order.
 * Written are channel-1.wav and so on, reversed.wav, mixed.wav and swapped.wav.
 */
#include <pybuffer/pybuffer.h>

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "wav_io.h"

#ifndef WAV_FILE
#define WAV_FILE "examples/data/rock-hit.wav"
#endif
#ifndef WAV_DIRECTORY
#define WAV_DIRECTORY "wav-output"
#endif

/* Shows a memoryview of one or two axes, and writes its samples. */
static int
save(const Wave *wave, const char *directory, const char *name, PyObject *samples)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(samples);
    char file[64];

    if (view->ndim == 1)
        printf("%-14s  %-14zd  %zd\n", name, view->shape[0], view->strides[0]);
    else
        printf("%-14s  %zd x %-*zd  %zd, %zd\n", name, view->shape[0], 8, view->shape[1],
               view->strides[0], view->strides[1]);
    snprintf(file, sizeof file, "%s.wav", name);
    return wav_write(directory, file, wave, samples);
}

/* ---- Peaks ----------------------------------------------------------------------------- */

typedef struct {
    double number;      /* the sample that is farthest from 0, the first of them */
    Py_ssize_t frame;   /* its place */
    Py_ssize_t clipped; /* samples at the lowest or highest number that there is */
} Peak;

static double
magnitude(double number)
{
    return number < 0 ? -number : number;
}

/* `channel` is a memoryview of one axis. */
static int
find_peak(const Wave *wave, PyObject *channel, Peak *peak)
{
    PyObject *numbers = wav_to_numbers(wave, channel);

    memset(peak, 0, sizeof *peak);
    if (numbers == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < PyObject_Length(numbers); i++) {
        double number = ((const double *)PyMemoryView_GET_BUFFER(numbers)->buf)[i];

        if (magnitude(number) > magnitude(peak->number)) {
            peak->number = number;
            peak->frame = i;
        }
        peak->clipped += number <= wave->kind->lowest || number >= wave->kind->highest;
    }
    Py_DECREF(numbers);
    return 0;
}

static void
print_peaks(const Wave *wave, const Peak *peaks)
{
    Py_ssize_t channels = PyMemoryView_GET_BUFFER(wave->samples)->shape[1];

    printf("\n%-7s  %12s  %10s  %9s  %8s  %7s\n", "channel", "peak", "full scale", "frame", "seconds",
           "clipped");
    for (Py_ssize_t i = 0; i < channels; i++)
        printf("%-7zd  %12.10g  %9.1f%%  %9zd  %8.4f  %7zd\n", i + 1, peaks[i].number,
               100 * magnitude(peaks[i].number) / -wave->kind->lowest, peaks[i].frame,
               (double)peaks[i].frame / wave->rate, peaks[i].clipped);
}

/* ---- The steps ------------------------------------------------------------------------- */

static int
split_channel(const Wave *wave, const char *directory, Py_ssize_t number, Peak *peak)
{
    const pybuffer_subscript column[] = {pybuffer_all(), pybuffer_at(number)};
    PyObject *channel = pybuffer_memoryview_subscript(wave->samples, column, 2);
    char name[32];
    int status = -1;

    snprintf(name, sizeof name, "channel-%zd", number + 1);
    if (channel != NULL && save(wave, directory, name, channel) == 0)
        status = find_peak(wave, channel, peak);
    Py_XDECREF(channel);
    return status;
}

static int
reverse(const Wave *wave, const char *directory)
{
    PyObject *reversed = pybuffer_memoryview_select(wave->samples, "::-1");
    int status = reversed != NULL ? save(wave, directory, "reversed", reversed) : -1;

    Py_XDECREF(reversed);
    return status;
}

/* Makes each sample the mean of the frame at its place. */
static int
mix(const Wave *wave, const char *directory)
{
    const Py_ssize_t *shape = PyMemoryView_GET_BUFFER(wave->samples)->shape;
    PyObject *numbers = wav_to_numbers(wave, wave->samples), *means = NULL, *mixed = NULL;
    int status = -1;

    if (numbers != NULL)
        means = pybuffer_memoryview_new("d", 1, shape, 'C');
    if (means != NULL)
        mixed = pybuffer_memoryview_new(wave->kind->format, 1, shape, 'C');
    if (mixed != NULL) {
        const double *number = PyMemoryView_GET_BUFFER(numbers)->buf;
        double *mean = PyMemoryView_GET_BUFFER(means)->buf;

        for (Py_ssize_t i = 0; i < shape[0]; i++) {
            double sum = 0;

            for (Py_ssize_t j = 0; j < shape[1]; j++)
                sum += *number++;
            mean[i] = sum / (double)shape[1];
        }
        status = wav_from_numbers(wave, mixed, means) < 0 ? -1 : save(wave, directory, "mixed", mixed);
    }
    Py_XDECREF(mixed);
    Py_XDECREF(means);
    Py_XDECREF(numbers);
    return status;
}

/* Turns the order of the channels round, where they are: source and target are the same memory. */
static int
swap_in_place(const Wave *wave, const char *directory)
{
    PyObject *swapped = pybuffer_memoryview_select(wave->samples, ":, ::-1");
    int status = swapped != NULL ? pybuffer_memoryview_assign(wave->samples, NULL, 0, swapped) : -1;

    Py_XDECREF(swapped);
    return status == 0 ? save(wave, directory, "swapped", wave->samples) : -1;
}

static int
run_steps(const Wave *wave, const char *directory)
{
    const Py_ssize_t *shape = PyMemoryView_GET_BUFFER(wave->samples)->shape;
    Peak peaks[WAV_MAX_CHANNELS];

    printf("%d bits a sample, format %s, %zd frames a second: %zd frames, %.3f seconds\n\n",
           wave->kind->bits, wave->kind->format, (Py_ssize_t)wave->rate, shape[0],
           (double)shape[0] / wave->rate);
    printf("%-14s  %-14s  %s\n", "operation", "shape", "strides");
    for (Py_ssize_t i = 0; i < shape[1]; i++)
        if (split_channel(wave, directory, i, &peaks[i]) < 0)
            return -1;
    if (reverse(wave, directory) < 0 || mix(wave, directory) < 0 || swap_in_place(wave, directory) < 0)
        return -1;
    print_peaks(wave, peaks);
    return 0;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : WAV_FILE;
    const char *directory = argc > 2 ? argv[2] : WAV_DIRECTORY;
    int status = -1;
    Wave wave;

    if (argc > 3) {
        fprintf(stderr, "usage: %s [file.wav [output directory]]\n", argv[0]);
        return 2;
    }
    if (file_make_directory(directory) == 0 && wav_open(path, &wave) == 0) {
        printf("%s\n", path);
        status = run_steps(&wave, directory);
        wav_close(&wave);
    }
    if (status < 0) {
        fflush(stdout);
        PyErr_Print();
        return 1;
    }
    printf("\nWritten to %s.\n", directory);
    return 0;
}

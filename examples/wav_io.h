/* Sound from and to .wav files: PCM of 8, 16, 24 or 32 bits a sample, and floats of 32 or 64, of one
 * channel or more.
 */
#ifndef EXAMPLES_WAV_IO_H
#define EXAMPLES_WAV_IO_H

#include <stdint.h>

#include <pybuffer/pybuffer.h>

#define WAV_MAX_CHANNELS 64

/* What a sample is. As a number, 0 is silence. */
typedef struct {
    int tag;                /* in the file: 1 for integers, 3 for floats */
    int bits;
    const char *format;     /* by PEP 3118 */
    double silence;         /* what the file has for 0 */
    double lowest, highest; /* from which on samples are clipped */
} WavSample;

typedef struct {
    PyObject *samples; /* a memoryview of frames x channels in the memory of the file */
    const WavSample *kind;
    uint32_t rate; /* frames a second */
} Wave;

/* Reads a file; one that ends too early up to its last whole frame. 0; -1 with an error set, and then
 * there is nothing to close. */
int wav_open(const char *path, Wave *wave);

/* Drops the samples. */
void wav_close(Wave *wave);

/* Writes directory/name: samples, frames x channels or the frames of one channel, with the format
 * and the rate of `wave`. 0, or -1 with an error set. */
int wav_write(const char *directory, const char *name, const Wave *wave, PyObject *samples);

/* The numbers that samples are: a memoryview of the same shape, of doubles in C order. A new reference;
 * NULL with an error set. */
PyObject *wav_to_numbers(const Wave *wave, PyObject *samples);

/* The other way round: makes samples of as many numbers; integers are rounded towards 0.
 * 0, or -1 with an error set. */
int wav_from_numbers(const Wave *wave, PyObject *samples, PyObject *numbers);

#endif

/* Sound from and to .wav files: PCM of 8, 16, 24 or 32 bits a sample, and floats of 32 or 64, of one
 * channel or more.
 */
#ifndef EXAMPLES_WAV_IO_H
#define EXAMPLES_WAV_IO_H

#include <stdint.h>

#include <pybuffer/pybuffer.h>

#include "file.h"

#define WAV_MAX_CHANNELS 64
#define WAV_HEADER_SIZE 44

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

/* The same of a file that is open. */
int wav_view(const File *file, Wave *wave);

/* Drops the samples. */
void wav_close(Wave *wave);

/* The kind of samples that has this format, to the letter; NULL where there is none. */
const WavSample *wav_kind(const char *format);

/* Writes the bytes before samples of `size` bytes, WAV_HEADER_SIZE, to `header`. After an odd number of
 * bytes of samples the file has one of padding. 0, or -1 with an error set. */
int wav_header(char *header, const WavSample *kind, uint32_t rate, uint64_t channels, uint64_t size);

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

/* Sound from and to .wav files: PCM of 8, 16, 24 or 32 bits a sample, of one channel or more. */
#ifndef EXAMPLES_WAV_IO_H
#define EXAMPLES_WAV_IO_H

#include <pybuffer/pybuffer.h>

#define WAV_MAX_CHANNELS 64
/* How many values the format of a sample may have. */
#define WAV_MAX_VALUES 2

typedef struct {
    PyObject *file;     /* a memoryview of the bytes of the file, held by a bytearray */
    PyObject *samples;  /* a memoryview of the same memory: frames x channels */
    uint32_t rate;      /* frames a second */
    int bits;           /* of a sample */
    const char *format; /* of a sample, by PEP 3118, such as "<h" */
    int nvalues;        /* that this format has */
} Wave;

/* Reads a file. 0; -1 with an error set, and then there is nothing to close. */
int wav_open(const char *path, Wave *wave);

/* Gives everything back. */
void wav_close(Wave *wave);

/* Writes C-contiguous samples, frames x channels or the frames of one channel, with the format and
 * the rate of `wave`. 0, or -1 with an error set. */
int wav_write(const char *path, const Wave *wave, PyObject *samples);

/* The number that a sample is, from its values: 0 is silence. */
int64_t wav_number(const Wave *wave, const pybuffer_value *values);

/* The other way round: `nvalues` values of a number that fits. */
void wav_values(const Wave *wave, int64_t number, pybuffer_value *values);

#endif

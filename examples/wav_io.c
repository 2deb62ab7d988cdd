/* Sound from and to .wav files. See wav_io.h. */
#include "wav_io.h"

#include <ctype.h>
#include <string.h>

#define TAG_PCM 1
#define TAG_FLOAT 3
#define TAG_EXTENSIBLE 0xfffe

/* The fmt chunk, and what it has after that if it is extensible; all that stands before the samples in
 * a file that is written. */
#define FMT_FORMAT "<HHIIHH"
#define FMT_SIZE 16
#define EXTENSION_FORMAT "<HHIH14s"
#define EXTENSION_SIZE 24
#define HEADER_FORMAT "<4sI4s4sIHHIIHH4sI"

/* No number has three bytes, but a record may: the low byte, and the upper two with the sign. */
static const WavSample kinds[] = {
    {TAG_PCM, 8, "B", 128, -128, 127},
    {TAG_PCM, 16, "<h", 0, -32768, 32767},
    {TAG_PCM, 24, "<B:low:h:high:", 0, -8388608, 8388607},
    {TAG_PCM, 32, "<i", 0, -2147483648.0, 2147483647.0},
    {TAG_FLOAT, 32, "<f", 0, -1, 1},
    {TAG_FLOAT, 64, "<d", 0, -1, 1},
};

/* ---- Samples as numbers ---------------------------------------------------------------- */

/* The doubles of a memoryview that has them in C order. */
static double *
doubles_of(PyObject *numbers, Py_ssize_t *count)
{
    *count = PyMemoryView_GET_BUFFER(numbers)->len / (Py_ssize_t)sizeof(double);
    return PyMemoryView_GET_BUFFER(numbers)->buf;
}

/* A field of the samples as doubles. */
static PyObject *
field_as_doubles(PyObject *samples, const char *name)
{
    PyObject *field = pybuffer_memoryview_field(samples, name);

    if (field != NULL)
        Py_SETREF(field, pybuffer_memoryview_astype(field, "d", 'C'));
    return field;
}

const WavSample *
wav_kind(const char *format)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].format, format) == 0)
            return &kinds[i];
    return NULL;
}

PyObject *
wav_to_numbers(const Wave *wave, PyObject *samples)
{
    PyObject *numbers, *lows = NULL;
    Py_ssize_t count;

    if (wave->kind->bits != 24)
        numbers = pybuffer_memoryview_astype(samples, "d", 'C');
    else if ((numbers = field_as_doubles(samples, "high")) != NULL &&
             (lows = field_as_doubles(samples, "low")) == NULL)
        Py_CLEAR(numbers);
    if (numbers != NULL) {
        double *number = doubles_of(numbers, &count);
        const double *low = lows != NULL ? doubles_of(lows, &count) : NULL;

        for (Py_ssize_t i = 0; i < count; i++)
            number[i] = low != NULL ? number[i] * 256 + low[i] : number[i] - wave->kind->silence;
    }
    Py_XDECREF(lows);
    return numbers;
}

static int
convert_to_field(PyObject *samples, const char *name, PyObject *numbers)
{
    PyObject *field = pybuffer_memoryview_field(samples, name);
    int status = field != NULL ? pybuffer_memoryview_convert(field, numbers) : -1;

    Py_XDECREF(field);
    return status;
}

int
wav_from_numbers(const Wave *wave, PyObject *samples, PyObject *numbers)
{
    PyObject *lows = pybuffer_memoryview_copy(numbers, 'C');
    PyObject *highs = lows != NULL ? pybuffer_memoryview_copy(numbers, 'C') : NULL;
    int status = highs != NULL ? 0 : -1;

    if (highs != NULL && wave->kind->tag == TAG_PCM) {
        Py_ssize_t count;
        double *low = doubles_of(lows, &count), *high = doubles_of(highs, &count);

        for (Py_ssize_t i = 0; i < count; i++) {
            int64_t number = (int64_t)high[i];

            low[i] = (double)(number & 255);
            high[i] = wave->kind->bits == 24 ? (double)((number - (number & 255)) / 256)
                                             : (double)number + wave->kind->silence;
        }
    }
    if (status == 0 && wave->kind->bits != 24)
        status = pybuffer_memoryview_convert(samples, highs);
    else if (status == 0 && (status = convert_to_field(samples, "low", lows)) == 0)
        status = convert_to_field(samples, "high", highs);
    Py_XDECREF(highs);
    Py_XDECREF(lows);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------- */

static int
is_text(const pybuffer_value *value, const char *text)
{
    return memcmp(value->as.bytes.start, text, (size_t)value->as.bytes.length) == 0;
}

typedef struct {
    Py_ssize_t begin; /* of what it holds; 0 where there is no such chunk */
    Py_ssize_t length;
} Chunk;

/* Where the chunk after this one begins. A chunk of odd length is padded, but some programs forget
 * that: then there is the next name already. */
static Py_ssize_t
end_of_chunk(const File *file, const Chunk *chunk)
{
    Py_ssize_t end = chunk->begin + chunk->length;

    if (chunk->length % 2 == 0)
        return end;
    for (int i = 0; i < 4; i++)
        if (end + i >= file->size || !isprint(file->bytes[end + i]))
            return end + 1;
    return end;
}

/* Walks from chunk to chunk. What the file says about its own length is not relied upon: a program that
 * writes into a pipe does not know it, and a file may be cut off. */
static int
find_chunks(const File *file, Chunk *fmt, Chunk *data)
{
    pybuffer_value riff[3], head[2];
    Chunk chunk = {12, 0};

    if (file->size < 12)
        return file_error(file, "no RIFF WAVE file");
    if (file_unpack(file, 0, "<4sI4s", riff) < 0)
        return -1;
    if (!is_text(&riff[0], "RIFF") || !is_text(&riff[2], "WAVE"))
        return file_error(file, "no RIFF WAVE file");
    while (file->size - end_of_chunk(file, &chunk) >= 8) {
        Py_ssize_t at = end_of_chunk(file, &chunk), rest = file->size - at - 8;
        Chunk *known;

        if (file_unpack(file, at, "<4sI", head) < 0)
            return -1;
        known = is_text(&head[0], "fmt ") ? fmt : is_text(&head[0], "data") ? data : NULL;
        chunk.begin = at + 8;
        chunk.length = head[1].as.u > (uint64_t)rest ? rest : (Py_ssize_t)head[1].as.u;
        if (known == data && chunk.length == 0 && riff[1].as.u == 0) /* written before it was known */
            chunk.length = rest;
        if (known != NULL && known->begin != 0)
            return file_error(file, "two fmt or two data chunks");
        if (known != NULL)
            *known = chunk;
    }
    if (fmt->begin == 0)
        return file_error(file, "there is no fmt chunk");
    return data->begin != 0 ? 0 : file_error(file, "there is no data chunk");
}

/* What an extensible format is: TAG_PCM, TAG_FLOAT or another one; -1 with an error set. Where not all
 * bits are used the others are 0, and the lowest, so the samples are as loud as with all. */
static int
read_extension(const File *file, const Chunk *fmt, int bits)
{
    static const char family[] = "\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";
    pybuffer_value values[5];

    if (fmt->length < FMT_SIZE + EXTENSION_SIZE)
        return file_error(file, "the fmt chunk is too short");
    if (file_unpack(file, fmt->begin + FMT_SIZE, EXTENSION_FORMAT, values) < 0)
        return -1;
    if (values[0].as.u < EXTENSION_SIZE - 2)
        return file_error(file, "the extension of the format is too short");
    if (memcmp(values[4].as.bytes.start, family, 14) != 0)
        return file_error(file, "an extensible format that is not known here");
    if (values[1].as.u > (uint64_t)bits)
        return file_error(file, "samples with more valid bits than bits");
    return (int)values[3].as.u;
}

/* Learns what a sample is. The number of channels, -1 with an error set. */
static int
read_format(const File *file, const Chunk *fmt, Wave *wave)
{
    pybuffer_value values[6];
    int tag, channels, frame_size, bits;

    if (fmt->length < FMT_SIZE)
        return file_error(file, "the fmt chunk is too short");
    if (file_unpack(file, fmt->begin, FMT_FORMAT, values) < 0)
        return -1;
    tag = (int)values[0].as.u;
    channels = (int)values[1].as.u;
    wave->rate = (uint32_t)values[2].as.u;
    frame_size = (int)values[4].as.u; /* values[3], the bytes a second, follows from the others */
    bits = (int)values[5].as.u;
    if (tag == TAG_EXTENSIBLE && (tag = read_extension(file, fmt, bits)) < 0)
        return -1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].tag == tag && kinds[i].bits == bits)
            wave->kind = &kinds[i];
    if (wave->kind == NULL) {
        PyErr_Format(PyExc_ValueError,
                     "%s: samples of format %d and %d bits; known are integers, 1, of 8, 16, 24 and 32, "
                     "and floats, 3, of 32 and 64", file->path, tag, bits);
        return -1;
    }
    if (channels < 1 || channels > WAV_MAX_CHANNELS) {
        PyErr_Format(PyExc_ValueError, "%s: %d channels, not 1 to %d", file->path, channels,
                     WAV_MAX_CHANNELS);
        return -1;
    }
    if (wave->rate == 0 || wave->rate > UINT32_MAX / (unsigned)(channels * bits / 8)) {
        PyErr_Format(PyExc_ValueError, "%s: %zd frames a second", file->path, (Py_ssize_t)wave->rate);
        return -1;
    }
    if (frame_size != channels * bits / 8) {
        PyErr_Format(PyExc_ValueError, "%s: frames of %d bytes, not of %d channels of %d bits",
                     file->path, frame_size, channels, bits);
        return -1;
    }
    return channels;
}

int
wav_view(const File *file, Wave *wave)
{
    Chunk fmt = {0, 0}, data = {0, 0};
    int channels;

    *wave = (Wave){NULL, NULL, 0};
    if (find_chunks(file, &fmt, &data) == 0 && (channels = read_format(file, &fmt, wave)) > 0) {
        const Py_ssize_t shape[] = {data.length / (channels * wave->kind->bits / 8), channels};

        wave->samples = file_items(file, data.begin, wave->kind->format, 2, shape);
    }
    return wave->samples != NULL ? 0 : -1;
}

int
wav_open(const char *path, Wave *wave)
{
    int status;
    File file;

    if (file_open(path, &file) < 0)
        return -1;
    status = wav_view(&file, wave);
    file_close(&file); /* the samples keep what they need */
    return status;
}

void
wav_close(Wave *wave)
{
    Py_CLEAR(wave->samples);
}

/* ---- Writing --------------------------------------------------------------------------- */

int
wav_header(char *header, const WavSample *kind, uint32_t rate, uint64_t channels, uint64_t size)
{
    uint64_t bits = (uint64_t)kind->bits, frame_size = channels * bits / 8;
    const pybuffer_value values[] = {
        PYBUFFER_BYTES("RIFF", 4), PYBUFFER_UINT(WAV_HEADER_SIZE - 8 + size + size % 2),
        PYBUFFER_BYTES("WAVE", 4),
        PYBUFFER_BYTES("fmt ", 4), PYBUFFER_UINT(FMT_SIZE), PYBUFFER_UINT((uint64_t)kind->tag),
        PYBUFFER_UINT(channels), PYBUFFER_UINT(rate), PYBUFFER_UINT(rate * frame_size),
        PYBUFFER_UINT(frame_size), PYBUFFER_UINT(bits),
        PYBUFFER_BYTES("data", 4), PYBUFFER_UINT(size),
    };
    PyObject *format = pybuffer_format_parse(HEADER_FORMAT);
    int status = format != NULL ? pybuffer_format_pack(format, header, values) : -1;

    Py_XDECREF(format);
    return status;
}

int
wav_write(const char *directory, const char *name, const Wave *wave, PyObject *samples)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(samples);
    uint64_t channels = view->ndim == 2 ? (uint64_t)view->shape[1] : 1, size = (uint64_t)view->len;
    char header[WAV_HEADER_SIZE];
    int status = wav_header(header, wave->kind, wave->rate, channels, size);

    return status == 0 ? file_write(directory, name, header, sizeof header, samples, size % 2) : -1;
}

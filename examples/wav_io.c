/* Sound from and to .wav files. See wav_io.h. */
#include "wav_io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Far more than an example needs; keeps a wrong path from filling the memory. */
#define MAX_FILE_SIZE (1L << 30)

#define TAG_PCM 1
#define TAG_EXTENSIBLE 0xfffe

/* The head of the file and of a chunk, the two versions of a fmt chunk that are known here, and all
 * that stands before the samples in a file that is written. */
#define RIFF_FORMAT "<4sI4s"
#define CHUNK_FORMAT "<4sI"
#define PCM_FORMAT "<HHIIHH"
#define EXTENSIBLE_FORMAT "<HHIIHHHHI16s"
#define HEADER_FORMAT "<4sI4s4sIHHIIHH4sI"
#define HEADER_SIZE 44
#define HEADER_VALUES 13

/* The samples of 8 bits have no sign: silence is 128. No number has three bytes, but a record may:
 * the low byte, and the upper two with the sign. */
static const struct {
    int bits;
    const char *format;
    int nvalues;
} sample_formats[] = {{8, "B", 1}, {16, "<h", 1}, {24, "<Bh", 2}, {32, "<i", 1}};

static int
io_error(const char *path)
{
    PyErr_Format(PyExc_RuntimeError, "%s: %s", path, strerror(errno));
    return -1;
}

static int
file_error(const char *path, const char *reason)
{
    PyErr_Format(PyExc_ValueError, "%s: %s", path, reason);
    return -1;
}

/* ---- Samples as numbers ---------------------------------------------------------------- */

int64_t
wav_number(const Wave *wave, const pybuffer_value *values)
{
    switch (wave->bits) {
    case 8: return (int64_t)values[0].as.u - 128;
    case 24: return values[1].as.i * 256 + (int64_t)values[0].as.u;
    default: return values[0].as.i;
    }
}

void
wav_values(const Wave *wave, int64_t number, pybuffer_value *values)
{
    int64_t low = number & 255;

    values[0].kind = PYBUFFER_KIND_SIGNED;
    values[0].as.i = wave->bits == 8 ? number + 128 : wave->bits == 24 ? low : number;
    if (wave->bits == 24) {
        values[1].kind = PYBUFFER_KIND_SIGNED;
        values[1].as.i = (number - low) / 256;
    }
}

/* ---- Reading --------------------------------------------------------------------------- */

/* A bytearray with the bytes of a file. NULL with an error set. */
static PyObject *
load(const char *path)
{
    FILE *stream = fopen(path, "rb");
    PyObject *bytes = NULL;
    long size;

    if (stream == NULL) {
        io_error(path);
        return NULL;
    }
    if (fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0) {
        io_error(path);
    } else if (size > MAX_FILE_SIZE) {
        file_error(path, "no regular file, or larger than 1 GiB");
    } else if ((bytes = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)size)) != NULL) {
        rewind(stream);
        if (fread(PyByteArray_AsString(bytes), 1, (size_t)size, stream) != (size_t)size) {
            if (ferror(stream))
                io_error(path);
            else
                file_error(path, "became shorter");
            Py_DECREF(bytes);
            bytes = NULL;
        }
    }
    fclose(stream);
    return bytes;
}

/* A memoryview of some bytes of the file. */
static PyObject *
bytes_of(const Wave *wave, Py_ssize_t offset, Py_ssize_t length)
{
    pybuffer_subscript place[] = {PYBUFFER_SLICE(offset, offset + length, 1)};

    return pybuffer_memoryview_subscript(wave->file, place, 1);
}

/* The values of the record of this format at an offset in the file, which has as many bytes. What is
 * bytes is pointed to: it is there as long as the file is. */
static int
unpack(const Wave *wave, Py_ssize_t offset, const char *format, pybuffer_value *values, int nvalues)
{
    Py_ssize_t size = PyBuffer_SizeFromFormat(format), first = 0;
    PyObject *bytes, *record;
    int status;

    bytes = size >= 0 ? bytes_of(wave, offset, size) : NULL;
    record = bytes != NULL ? pybuffer_memoryview_cast(bytes, format, 1, NULL, 'C') : NULL;
    status = record != NULL ? pybuffer_memoryview_get_item(record, &first, 1, values, nvalues) : -1;
    Py_XDECREF(record);
    Py_XDECREF(bytes);
    return status;
}

static int
is_text(const pybuffer_value *value, const char *text)
{
    return value->as.bytes.length == (Py_ssize_t)strlen(text) &&
           memcmp(value->as.bytes.start, text, strlen(text)) == 0;
}

typedef struct {
    Py_ssize_t begin; /* of what it holds; 0 where there is no such chunk */
    Py_ssize_t length;
} Chunk;

static int
found(const char *path, Chunk *chunk, Py_ssize_t begin, Py_ssize_t length)
{
    if (chunk->begin != 0)
        return file_error(path, "two fmt or two data chunks");
    chunk->begin = begin;
    chunk->length = length;
    return 0;
}

/* Walks from chunk to chunk; each must be wholly within what the file says that it holds, and that
 * within the file. */
static int
find_chunks(const char *path, const Wave *wave, Chunk *fmt, Chunk *data)
{
    Py_ssize_t size = PyObject_Length(wave->file), end, length;
    pybuffer_value head[3];

    if (size < 0)
        return -1;
    if (size < 12)
        return file_error(path, "no RIFF WAVE file");
    if (unpack(wave, 0, RIFF_FORMAT, head, 3) < 0)
        return -1;
    if (!is_text(&head[0], "RIFF") || !is_text(&head[2], "WAVE"))
        return file_error(path, "no RIFF WAVE file");
    if (head[1].as.u > (uint64_t)size - 8) {
        PyErr_Format(PyExc_ValueError, "%s: the file says that %llu bytes follow, but %zd do", path,
                     (unsigned long long)head[1].as.u, size - 8);
        return -1;
    }
    end = 8 + (Py_ssize_t)head[1].as.u;
    for (Py_ssize_t offset = 12; offset < end; offset += length + length % 2) {
        if (end - offset < 8)
            return file_error(path, "the head of a chunk is cut off");
        if (unpack(wave, offset, CHUNK_FORMAT, head, 2) < 0)
            return -1;
        offset += 8;
        if (head[1].as.u > (uint64_t)(end - offset)) {
            PyErr_Format(PyExc_ValueError,
                         "%s: the chunk at byte %zd says that %llu bytes follow, but %zd do", path,
                         offset - 8, (unsigned long long)head[1].as.u, end - offset);
            return -1;
        }
        length = (Py_ssize_t)head[1].as.u;
        if ((is_text(&head[0], "fmt ") && found(path, fmt, offset, length) < 0) ||
            (is_text(&head[0], "data") && found(path, data, offset, length) < 0))
            return -1;
    }
    if (fmt->begin == 0)
        return file_error(path, "there is no fmt chunk");
    if (data->begin == 0)
        return file_error(path, "there is no data chunk");
    return 0;
}

/* Whether an extensible format is just PCM. */
static int
check_extension(const char *path, const Wave *wave, const Chunk *fmt)
{
    static const unsigned char pcm[16] = {1, 0, 0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
    pybuffer_value values[10];

    if (fmt->length < PyBuffer_SizeFromFormat(EXTENSIBLE_FORMAT))
        return file_error(path, "the fmt chunk is too short");
    if (unpack(wave, fmt->begin, EXTENSIBLE_FORMAT, values, 10) < 0)
        return -1;
    if (values[6].as.u < 22 || memcmp(values[9].as.bytes.start, pcm, sizeof pcm) != 0)
        return file_error(path, "an extensible format that is not PCM");
    if (values[7].as.u != values[5].as.u)
        return file_error(path, "samples that do not use all their bits");
    return 0;
}

/* Learns what a sample is. The number of channels, -1 with an error set. */
static int
read_format(const char *path, const Chunk *fmt, Wave *wave)
{
    pybuffer_value values[6];
    int tag, channels, frame_size;

    if (fmt->length < PyBuffer_SizeFromFormat(PCM_FORMAT))
        return file_error(path, "the fmt chunk is too short");
    if (unpack(wave, fmt->begin, PCM_FORMAT, values, 6) < 0)
        return -1;
    tag = (int)values[0].as.u;
    channels = (int)values[1].as.u;
    wave->rate = (uint32_t)values[2].as.u;
    frame_size = (int)values[4].as.u; /* values[3], the bytes a second, follows from the others */
    wave->bits = (int)values[5].as.u;
    if (tag != TAG_PCM && tag != TAG_EXTENSIBLE) {
        PyErr_Format(PyExc_ValueError, "%s: not PCM, but format %d", path, tag);
        return -1;
    }
    if (tag == TAG_EXTENSIBLE && check_extension(path, wave, fmt) < 0)
        return -1;
    for (size_t i = 0; i < sizeof sample_formats / sizeof sample_formats[0]; i++)
        if (sample_formats[i].bits == wave->bits) {
            wave->format = sample_formats[i].format;
            wave->nvalues = sample_formats[i].nvalues;
        }
    if (wave->format == NULL) {
        PyErr_Format(PyExc_ValueError, "%s: samples of %d bits, not 8, 16, 24 or 32", path, wave->bits);
        return -1;
    }
    if (channels < 1 || channels > WAV_MAX_CHANNELS) {
        PyErr_Format(PyExc_ValueError, "%s: %d channels, not 1 to %d", path, channels, WAV_MAX_CHANNELS);
        return -1;
    }
    if (wave->rate == 0 || wave->rate > UINT32_MAX / (unsigned)channels / (unsigned)(wave->bits / 8)) {
        PyErr_Format(PyExc_ValueError, "%s: %zd frames a second", path, (Py_ssize_t)wave->rate);
        return -1;
    }
    if (frame_size != channels * (wave->bits / 8)) {
        PyErr_Format(PyExc_ValueError, "%s: frames of %d bytes, where %d channels of %d bits are expected",
                     path, frame_size, channels, wave->bits);
        return -1;
    }
    return channels;
}

/* The bytes of the data chunk as samples. */
static int
view_samples(const char *path, const Chunk *data, int channels, Wave *wave)
{
    Py_ssize_t frame_size = (Py_ssize_t)channels * (wave->bits / 8), shape[2];
    PyObject *bytes;

    if (data->length == 0) /* an axis without items cannot be cast */
        return file_error(path, "there are no samples");
    if (data->length % frame_size != 0) {
        PyErr_Format(PyExc_ValueError, "%s: the %zd bytes of data are no whole frames of %zd", path,
                     data->length, frame_size);
        return -1;
    }
    shape[0] = data->length / frame_size;
    shape[1] = channels;
    bytes = bytes_of(wave, data->begin, data->length);
    if (bytes != NULL)
        wave->samples = pybuffer_memoryview_cast(bytes, wave->format, 2, shape, 'C');
    Py_XDECREF(bytes); /* the memoryview of the samples keeps what it needs */
    return wave->samples != NULL ? 0 : -1;
}

int
wav_open(const char *path, Wave *wave)
{
    Chunk fmt = {0, 0}, data = {0, 0};
    PyObject *bytes = load(path);
    int channels, status = -1;

    memset(wave, 0, sizeof *wave);
    if (bytes == NULL)
        return -1;
    wave->file = PyMemoryView_FromObject(bytes);
    Py_DECREF(bytes); /* the memoryview keeps it */
    if (wave->file != NULL && find_chunks(path, wave, &fmt, &data) == 0 &&
        (channels = read_format(path, &fmt, wave)) > 0)
        status = view_samples(path, &data, channels, wave);
    if (status < 0)
        wav_close(wave);
    return status;
}

void
wav_close(Wave *wave)
{
    Py_XDECREF(wave->samples);
    Py_XDECREF(wave->file);
    wave->samples = wave->file = NULL;
}

/* ---- Writing --------------------------------------------------------------------------- */

static pybuffer_value
text(const char *text)
{
    pybuffer_value value = {.kind = PYBUFFER_KIND_BYTES};

    value.as.bytes.start = text;
    value.as.bytes.length = (Py_ssize_t)strlen(text);
    return value;
}

static pybuffer_value
number(uint64_t number)
{
    pybuffer_value value = {.kind = PYBUFFER_KIND_UNSIGNED};

    value.as.u = number;
    return value;
}

/* What stands before `length` bytes of samples. A number that the file has no room for is an error. */
static int
pack_header(const Wave *wave, uint64_t channels, Py_ssize_t length, char header[HEADER_SIZE])
{
    uint64_t bits = (uint64_t)wave->bits, frame_size = channels * bits / 8, size = (uint64_t)length;
    const pybuffer_value values[HEADER_VALUES] = {
        text("RIFF"), number(HEADER_SIZE - 8 + size + size % 2), text("WAVE"),
        text("fmt "), number(16), number(TAG_PCM), number(channels), number(wave->rate),
        number(wave->rate * frame_size), number(frame_size), number(bits),
        text("data"), number(size),
    };
    PyObject *format = pybuffer_format_parse(HEADER_FORMAT);
    int status = format != NULL ? pybuffer_format_pack(format, header, values) : -1;

    Py_XDECREF(format);
    return status;
}

static int
write_all(FILE *stream, const char *header, const Py_buffer *samples)
{
    size_t length = (size_t)samples->len;

    if (fwrite(header, 1, HEADER_SIZE, stream) != HEADER_SIZE ||
        fwrite(samples->buf, 1, length, stream) != length)
        return -1;
    /* The length of a chunk is made even. */
    return length % 2 == 0 || putc(0, stream) != EOF ? 0 : -1;
}

int
wav_write(const char *path, const Wave *wave, PyObject *samples)
{
    char header[HEADER_SIZE];
    Py_buffer view;
    FILE *stream;
    int status;

    /* A shape without strides: granted only if the bytes lie in C order. */
    if (PyObject_GetBuffer(samples, &view, PyBUF_CONTIG_RO) < 0)
        return -1;
    status = pack_header(wave, view.ndim == 2 ? (uint64_t)view.shape[1] : 1, view.len, header);
    if (status == 0) {
        stream = fopen(path, "wb");
        status = stream != NULL ? write_all(stream, header, &view) : -1;
        if (stream != NULL && fclose(stream) != 0)
            status = -1;
        if (status < 0)
            io_error(path);
    }
    PyBuffer_Release(&view);
    return status;
}

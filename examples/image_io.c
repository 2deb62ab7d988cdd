/* Pictures from and to files: PPM, PGM and BMP. See image_io.h. */
#include "image_io.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

/* Far more than a picture needs; keeps a wrong path from filling the memory. */
#define MAX_FILE_SIZE (1L << 30)

typedef struct {
    const char *path;
    unsigned char *bytes;
    Py_ssize_t size;
} File;

static int
io_error(const char *path)
{
    PyErr_Format(PyExc_RuntimeError, "%s: %s", path, strerror(errno));
    return -1;
}

static int
format_error(const File *file, const char *reason)
{
    PyErr_Format(PyExc_ValueError, "%s: %s", file->path, reason);
    return -1;
}

static int
read_bytes(File *file, FILE *stream)
{
    long size;

    if (fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0)
        return io_error(file->path);
    if (size > MAX_FILE_SIZE)
        return format_error(file, "no regular file, or larger than 1 GiB");
    rewind(stream);
    file->size = (Py_ssize_t)size;
    file->bytes = malloc((size_t)size + 1); /* + 1: malloc(0) may answer NULL */
    if (file->bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (fread(file->bytes, 1, (size_t)size, stream) != (size_t)size) {
        free(file->bytes);
        return ferror(stream) ? io_error(file->path) : format_error(file, "became shorter");
    }
    return 0;
}

static int
load(File *file)
{
    FILE *stream = fopen(file->path, "rb");
    int status;

    if (stream == NULL)
        return io_error(file->path);
    status = read_bytes(file, stream);
    fclose(stream);
    return status;
}

/* The length of a row that is padded to a multiple of `alignment` bytes, once it is known that
 * `height` such rows lie within the file from `offset` on; -1 with an error set. Width and
 * height fit 32 bits, so nothing here overflows. */
static Py_ssize_t
measure_rows(const File *file, int64_t offset, int64_t width, int64_t height, int channels,
             int alignment)
{
    int64_t row = (width * channels + alignment - 1) / alignment * alignment;
    int64_t rest = offset < file->size ? file->size - offset : 0;

    if (width < 1 || height < 1)
        return format_error(file, "the picture has no pixels");
    if (height > rest / row) {
        PyErr_Format(PyExc_ValueError,
                     "%s: the header promises %lld rows of %lld bytes, but %lld bytes follow",
                     file->path, (long long)height, (long long)row, (long long)rest);
        return -1;
    }
    return (Py_ssize_t)row;
}

/* The next number of a PPM header, after white space and comments; -1 with an error set. */
static int32_t
next_number(const File *file, Py_ssize_t *position)
{
    const unsigned char *bytes = file->bytes;
    Py_ssize_t i = *position, first;
    int32_t number = 0;

    while (i < file->size && (isspace(bytes[i]) || bytes[i] == '#')) {
        if (bytes[i] == '#')
            while (i + 1 < file->size && bytes[i + 1] != '\n')
                i++;
        i++;
    }
    for (first = i; i < file->size && isdigit(bytes[i]); i++) {
        if (number > (INT32_MAX - 9) / 10)
            return format_error(file, "a number in the header is too large");
        number = number * 10 + (bytes[i] - '0');
    }
    if (i == first)
        return format_error(file, "the header lacks a number");
    *position = i;
    return number;
}

static int
parse_netpbm(const File *file, PictureLayout *layout)
{
    int channels = file->bytes[1] == '6' ? 3 : 1;
    Py_ssize_t position = 2, row;
    int32_t width, height, maximum;

    if ((width = next_number(file, &position)) < 0 ||
        (height = next_number(file, &position)) < 0 ||
        (maximum = next_number(file, &position)) < 0)
        return -1;
    if (maximum != 255)
        return format_error(file, "only a maximum value of 255 is supported");
    if (position == file->size || !isspace(file->bytes[position]))
        return format_error(file, "the header does not end in white space");
    position++; /* just one: the next byte is a pixel already */
    row = measure_rows(file, position, width, height, channels, 1);
    if (row < 0)
        return -1;
    *layout = (PictureLayout){position, {height, width, channels}, {row, channels, 1}};
    return 0;
}

static uint32_t
little_endian(const unsigned char *bytes, int count)
{
    uint32_t value = 0;

    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

static int64_t
signed_32(const unsigned char *bytes)
{
    uint32_t value = little_endian(bytes, 4);

    return value > INT32_MAX ? (int64_t)value - ((int64_t)1 << 32) : (int64_t)value;
}

static int
parse_bmp(const File *file, PictureLayout *layout)
{
    const unsigned char *header = file->bytes;
    int64_t offset, width, height;
    int bottom_up;
    Py_ssize_t row;

    if (file->size < 54)
        return format_error(file, "truncated header");
    if (little_endian(header + 14, 4) < 40 || little_endian(header + 28, 2) != 24 ||
        little_endian(header + 30, 4) != 0)
        return format_error(file, "only uncompressed BMP with 24 bits a pixel is supported");
    offset = little_endian(header + 10, 4);
    width = signed_32(header + 18);
    height = signed_32(header + 22);
    bottom_up = height > 0;
    if (!bottom_up)
        height = -height;
    row = measure_rows(file, offset, width, height, 3, 4);
    if (row < 0)
        return -1;

    /* Red is the last of three bytes, so the channels run backwards from there; and where the
     * file starts with the bottom row, the rows run backwards from the last one. */
    layout->start = (Py_ssize_t)offset + 2 + (bottom_up ? ((Py_ssize_t)height - 1) * row : 0);
    layout->shape[0] = (Py_ssize_t)height;
    layout->shape[1] = (Py_ssize_t)width;
    layout->shape[2] = 3;
    layout->strides[0] = bottom_up ? -row : row;
    layout->strides[1] = 3;
    layout->strides[2] = -1;
    return 0;
}

static int
parse(const File *file, PictureLayout *layout)
{
    if (file->size >= 2 && (memcmp(file->bytes, "P6", 2) == 0 || memcmp(file->bytes, "P5", 2) == 0))
        return parse_netpbm(file, layout);
    if (file->size >= 2 && memcmp(file->bytes, "BM", 2) == 0)
        return parse_bmp(file, layout);
    return format_error(file, "neither binary PPM (P6), binary PGM (P5) nor BMP");
}

PyObject *
image_read(const char *path)
{
    File file = {path, NULL, 0};
    PictureLayout layout;

    if (load(&file) < 0)
        return NULL;
    if (parse(&file, &layout) < 0) {
        free(file.bytes);
        return NULL;
    }
    return Picture_FromMemory(file.bytes, file.size, &layout);
}

static Py_ssize_t
write_netpbm(FILE *stream, const Py_buffer *pixels)
{
    int header = fprintf(stream, "P%c\n%zd %zd\n255\n", pixels->shape[2] == 3 ? '6' : '5',
                         pixels->shape[1], pixels->shape[0]);

    if (header < 0 || fwrite(pixels->buf, 1, (size_t)pixels->len, stream) != (size_t)pixels->len)
        return -1;
    return header + pixels->len;
}

Py_ssize_t
image_write(const char *path, PyObject *pixels)
{
    Py_buffer view;
    FILE *stream;
    Py_ssize_t written = -1;

    /* A shape without strides: an exporter grants it only if the bytes lie in C order. */
    if (PyObject_GetBuffer(pixels, &view, PyBUF_CONTIG_RO) < 0)
        return -1;
    if (view.ndim != 3 || view.itemsize != 1 || (view.shape[2] != 1 && view.shape[2] != 3)) {
        PyErr_SetString(PyExc_ValueError, "only height x width x 1 or x 3 bytes make a picture");
        goto done;
    }
    stream = fopen(path, "wb");
    if (stream != NULL) {
        written = write_netpbm(stream, &view);
        if (fclose(stream) != 0)
            written = -1;
    }
    if (written < 0)
        io_error(path);
done:
    PyBuffer_Release(&view);
    return written;
}

/* Pictures from and to files: PPM, PGM and BMP. See image_io.h. */
#include "image_io.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The format of the numbers in PPM and PGM files. */
static const char *
sample_format(int maximum)
{
    return maximum > 255 ? ">H" : "B";
}

/* ---- PPM and PGM ----------------------------------------------------------------------- */

/* The next byte of the header, or EOF. A comment is the line end that it ends with, CR or LF. */
static int
next_byte(const File *file, Py_ssize_t *at)
{
    if (*at < file->size && file->bytes[*at] == '#')
        while (*at < file->size && file->bytes[*at] != '\n' && file->bytes[*at] != '\r')
            ++*at;
    return *at < file->size ? file->bytes[(*at)++] : EOF;
}

/* The next number of the header, and the byte of white space after it; -1 with an error set. */
static int
next_number(const File *file, Py_ssize_t *at)
{
    int byte = next_byte(file, at), number = 0;

    while (isspace(byte))
        byte = next_byte(file, at);
    if (!isdigit(byte))
        return file_error(file, "the header lacks a number");
    for (; isdigit(byte); byte = next_byte(file, at)) {
        if (number >= 100000000)
            return file_error(file, "a number in the header is too large");
        number = number * 10 + (byte - '0');
    }
    return isspace(byte) ? number : file_error(file, "a number in the header does not end");
}

static PyObject *
view_netpbm(const File *file, int *maximum)
{
    Py_ssize_t at = 2, shape[3];
    int width, height;

    if ((width = next_number(file, &at)) < 0 || (height = next_number(file, &at)) < 0 ||
        (*maximum = next_number(file, &at)) < 0)
        return NULL;
    if (width == 0 || height == 0) {
        file_error(file, "the picture has no pixels");
        return NULL;
    }
    if (*maximum == 0 || *maximum > 65535) {
        PyErr_Format(PyExc_ValueError, "%s: a maximum of %d, not 1 to 65535", file->path, *maximum);
        return NULL;
    }
    shape[0] = height;
    shape[1] = width;
    shape[2] = file->bytes[1] == '6' ? 3 : 1;
    return file_items(file, at, sample_format(*maximum), 3, shape);
}

/* ---- BMP ------------------------------------------------------------------------------- */

static PyObject *
view_bmp(const File *file, int *maximum)
{
    pybuffer_value header[11];
    pybuffer_subscript unpadded[2];
    PyObject *view;
    Py_ssize_t rows[2], shape[3];
    int64_t offset, width, height;

    if (file_unpack(file, 0, "<2sIHHIIiiHHI", header) < 0)
        return NULL;
    if (header[5].as.u < 40 || header[9].as.u != 24 || header[10].as.u != 0) {
        file_error(file, "only uncompressed BMP with 24 bits a pixel is supported");
        return NULL;
    }
    offset = (int64_t)header[4].as.u;
    width = header[6].as.i;
    height = header[7].as.i; /* negative: the top row is the first */
    if (width < 1 || height == 0) {
        file_error(file, "the picture has no pixels");
        return NULL;
    }
    *maximum = 255;
    shape[0] = rows[0] = height < 0 ? -height : height;
    shape[1] = width;
    shape[2] = 3;
    rows[1] = (width * 3 + 3) / 4 * 4; /* padded to a multiple of 4 bytes */
    unpadded[0] = pybuffer_all();
    unpadded[1] = pybuffer_slice(0, width * 3, 1);

    /* Each step is another view of the same memory, and keeps it. Blue is the first channel. */
    view = file_items(file, offset, "B", 2, rows);
    if (view != NULL)
        Py_SETREF(view, pybuffer_memoryview_subscript(view, unpadded, 2));
    if (view != NULL)
        Py_SETREF(view, pybuffer_memoryview_reshape(view, 3, shape, 'C'));
    if (view != NULL)
        Py_SETREF(view, pybuffer_memoryview_select(view, height > 0 ? "::-1, :, ::-1" : "..., ::-1"));
    return view;
}

/* ---- Both ------------------------------------------------------------------------------ */

PyObject *
image_view(const File *file, int *maximum)
{
    if (file->size >= 2 && (memcmp(file->bytes, "P6", 2) == 0 || memcmp(file->bytes, "P5", 2) == 0))
        return view_netpbm(file, maximum);
    if (file->size >= 2 && memcmp(file->bytes, "BM", 2) == 0)
        return view_bmp(file, maximum);
    file_error(file, "neither binary PPM (P6), binary PGM (P5) nor BMP");
    return NULL;
}

PyObject *
image_read(const char *path, int *maximum)
{
    PyObject *pixels;
    File file;

    if (file_open(path, &file) < 0)
        return NULL;
    pixels = image_view(&file, maximum);
    file_close(&file); /* the pixels keep what they need */
    return pixels;
}

int
image_header(char *head, size_t size, const Py_ssize_t shape[3], int maximum)
{
    return snprintf(head, size, "P%c\n%zd %zd\n%d\n", shape[2] == 3 ? '6' : '5', shape[1], shape[0],
                    maximum);
}

int
image_write(const char *directory, const char *name, PyObject *pixels, int maximum)
{
    const Py_ssize_t *shape = PyMemoryView_GET_BUFFER(pixels)->shape;
    char head[64], file[64];
    PyObject *samples = pybuffer_memoryview_astype(pixels, sample_format(maximum), 'C');
    int status, length;

    if (samples == NULL)
        return -1;
    length = image_header(head, sizeof head, shape, maximum);
    snprintf(file, sizeof file, "%s.%s", name, shape[2] == 3 ? "ppm" : "pgm");
    status = file_write(directory, file, head, (size_t)length, samples, 0);
    Py_DECREF(samples);
    return status;
}

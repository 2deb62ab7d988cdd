/* Arrays from .npy files. See npy_io.h. */
#include "npy_io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy_header.h"

/* Far more than an example needs; keeps a wrong path from filling the memory. */
#define MAX_FILE_SIZE (1L << 30)

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

/* The bytes of a file; NULL with an error set. */
static unsigned char *
load(const char *path, Py_ssize_t *size)
{
    FILE *stream = fopen(path, "rb");
    unsigned char *bytes = NULL;
    long end;

    if (stream == NULL) {
        io_error(path);
        return NULL;
    }
    if (fseek(stream, 0, SEEK_END) != 0 || (end = ftell(stream)) < 0) {
        io_error(path);
    } else if (end > MAX_FILE_SIZE) {
        file_error(path, "no regular file, or larger than 1 GiB");
    } else if ((bytes = malloc((size_t)end + 1)) == NULL) { /* + 1: malloc(0) may answer NULL */
        PyErr_NoMemory();
    } else {
        rewind(stream);
        *size = (Py_ssize_t)end;
        if (fread(bytes, 1, (size_t)end, stream) != (size_t)end) {
            if (ferror(stream))
                io_error(path);
            else
                file_error(path, "became shorter");
            free(bytes);
            bytes = NULL;
        }
    }
    fclose(stream);
    return bytes;
}

/* Where the header lies, and the items after it. */
static int
find_header(NpyHeader *header, const unsigned char *bytes, Py_ssize_t size)
{
    size_t length = 0, begin;
    int digits;

    if (size < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return file_error(header->path, "no .npy file");
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return file_error(header->path, "a version that is not known here");
    digits = bytes[6] == 1 ? 2 : 4;
    begin = 8 + (size_t)digits;
    if ((size_t)size < begin)
        return file_error(header->path, "the header is cut off");
    while (digits-- > 0)
        length = length << 8 | bytes[8 + digits];
    if (length > (size_t)size - begin)
        return file_error(header->path, "the header is cut off");
    header->is_utf8 = bytes[6] == 3;
    header->begin = header->at = bytes + begin;
    header->end = header->begin + length;
    return 0;
}

/* Strides in the order of the file, once it is known that all items are there. Returns the bytes
 * that they take, -1 with an error set. */
static Py_ssize_t
lay_out(const NpyHeader *header, Py_ssize_t itemsize, Py_ssize_t rest, NpyArray *array)
{
    Py_ssize_t length = itemsize;
    int is_empty = 0;

    for (Py_ssize_t i = 0; i < header->ndim; i++)
        is_empty |= header->shape[i] == 0;
    for (Py_ssize_t i = 0; i < header->ndim; i++) {
        Py_ssize_t axis = header->fortran_order ? i : header->ndim - 1 - i;

        array->shape[axis] = header->shape[axis];
        array->strides[axis] = length;
        if (is_empty)
            continue;
        if (length > 0 && header->shape[axis] > PY_SSIZE_T_MAX / length)
            return file_error(header->path, "the array is too large");
        length *= header->shape[axis];
    }
    if (is_empty)
        return 0;
    if (length > rest) {
        PyErr_Format(PyExc_ValueError, "%s: the header promises %zd bytes, but %zd follow",
                     header->path, length, rest);
        return -1;
    }
    return length;
}

static int
build(const NpyHeader *header, Py_ssize_t size, NpyArray *array)
{
    Py_ssize_t offset = header->end - array->bytes, itemsize, length;
    Py_buffer info = {0};

    array->format = pybuffer_format_parse(header->format.start);
    if (array->format == NULL)
        return -1;
    itemsize = pybuffer_format_itemsize(array->format);
    length = lay_out(header, itemsize, size - offset, array);
    if (length < 0)
        return -1;
    info.buf = array->bytes + offset;
    info.format = (char *)pybuffer_format_text(array->format);
    info.itemsize = itemsize;
    info.len = length;
    info.readonly = 1;
    info.ndim = (int)header->ndim;
    info.shape = array->shape;
    info.strides = array->strides;
    array->view = PyMemoryView_FromBuffer(&info);
    return array->view != NULL ? 0 : -1;
}

int
npy_open(const char *path, NpyArray *array)
{
    NpyHeader header = {0};
    Py_ssize_t size;
    int status = -1;

    array->format = array->view = NULL;
    array->bytes = load(path, &size);
    if (array->bytes == NULL)
        return -1;
    header.path = path;
    if (find_header(&header, array->bytes, size) == 0 && npy_parse_header(&header) == 0)
        status = build(&header, size, array);
    free(header.format.start);
    if (status < 0)
        npy_close(array);
    return status;
}

void
npy_close(NpyArray *array)
{
    Py_XDECREF(array->view);
    Py_XDECREF(array->format);
    free(array->bytes);
}

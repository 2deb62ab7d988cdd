/* Files as memoryviews of their bytes. See file.h. */
#define _POSIX_C_SOURCE 200809L

#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Far more than an example needs; keeps a wrong path from filling the memory. */
#define MAX_FILE_SIZE (1L << 30)

static int
io_error(const char *path)
{
    PyErr_Format(PyExc_RuntimeError, "%s: %s", path, strerror(errno));
    return -1;
}

int
file_error(const File *file, const char *reason)
{
    PyErr_Format(PyExc_ValueError, "%s: %s", file->path, reason);
    return -1;
}

/* ---- Reading --------------------------------------------------------------------------- */

static int
read_bytes(FILE *stream, File *file)
{
    long size;
    void *bytes;

    if (fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0)
        return io_error(file->path);
    if (size > MAX_FILE_SIZE)
        return file_error(file, "no regular file, or larger than 1 GiB");
    rewind(stream);
    bytes = malloc((size_t)size + 1); /* + 1: malloc(0) may return NULL */
    if (bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    file->bytes = bytes;
    file->size = size;
    if (fread(bytes, 1, (size_t)size, stream) != (size_t)size)
        ferror(stream) ? io_error(file->path) : file_error(file, "became shorter");
    else /* from here on the memory belongs to the view, which calls free(bytes) in the end */
        file->view = pybuffer_memoryview_wrap(bytes, "B", 1, &file->size, NULL, 0, free, bytes);
    if (file->view == NULL)
        free(bytes);
    return file->view != NULL ? 0 : -1;
}

int
file_open(const char *path, File *file)
{
    FILE *stream = fopen(path, "rb");
    int status;

    *file = (File){path, NULL, NULL, 0};
    if (stream == NULL)
        return io_error(path);
    status = read_bytes(stream, file);
    fclose(stream);
    return status;
}

void
file_close(File *file)
{
    Py_CLEAR(file->view);
}

static void
drop(void *view)
{
    Py_DECREF((PyObject *)view);
}

PyObject *
file_items(const File *file, Py_ssize_t offset, const char *format, int ndim,
           const Py_ssize_t *shape)
{
    Py_ssize_t rest = offset <= file->size ? file->size - offset : 0;
    const Py_buffer *whole = PyMemoryView_GET_BUFFER(file->view);
    int is_readonly = whole->readonly;
    char *start = (char *)whole->buf + (file->size - rest);
    PyObject *items;

    /* This only says what is where. Nothing is read before the length is known to be right. */
    items = pybuffer_memoryview_wrap(start, format, ndim, shape, NULL, is_readonly, drop, file->view);
    if (items == NULL) {
        if (PyErr_ExceptionMatches(PyExc_BufferError))
            file_error(file, "the header promises more bytes than memory has");
        return NULL;
    }
    Py_INCREF(file->view); /* which drop() gives back */
    if (PyMemoryView_GET_BUFFER(items)->len > rest) {
        PyErr_Format(PyExc_ValueError, "%s: the header promises %zd bytes, but %zd follow",
                     file->path, PyMemoryView_GET_BUFFER(items)->len, rest);
        Py_CLEAR(items);
    }
    return items;
}

int
file_unpack(const File *file, Py_ssize_t offset, const char *format, pybuffer_value *values)
{
    PyObject *parsed = pybuffer_format_parse(format);
    Py_ssize_t size = parsed != NULL ? pybuffer_format_itemsize(parsed) : -1;
    int status = -1;

    if (size > file->size || offset > file->size - size)
        file_error(file, "the header is cut off");
    else if (size >= 0)
        status = pybuffer_format_unpack(parsed, file->bytes + offset, values);
    Py_XDECREF(parsed);
    return status;
}

/* ---- Writing --------------------------------------------------------------------------- */

int
file_make_directory(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : io_error(path);
}

static int
write_parts(FILE *stream, const void *head, size_t length, const Py_buffer *items, size_t nuls)
{
    if (fwrite(head, 1, length, stream) != length ||
        fwrite(items->buf, 1, (size_t)items->len, stream) != (size_t)items->len)
        return -1;
    while (nuls-- > 0)
        if (putc(0, stream) == EOF)
            return -1;
    return 0;
}

int
file_write(const char *directory, const char *name, const void *head, size_t length,
           PyObject *items, size_t nuls)
{
    char path[1024];
    int needed = snprintf(path, sizeof path, "%s/%s", directory, name), status;
    PyObject *packed;
    FILE *stream;

    if (needed < 0 || (size_t)needed >= sizeof path) {
        PyErr_SetString(PyExc_ValueError, "the path of the output directory is too long");
        return -1;
    }
    /* A copy, or the same memory if it is in C order already. */
    packed = PyMemoryView_GetContiguous(items, PyBUF_READ, 'C');
    if (packed == NULL)
        return -1;
    stream = fopen(path, "wb");
    status = stream != NULL
                 ? write_parts(stream, head, length, PyMemoryView_GET_BUFFER(packed), nuls)
                 : -1;
    if (stream != NULL && fclose(stream) != 0)
        status = -1;
    Py_DECREF(packed);
    return status == 0 ? 0 : io_error(path);
}

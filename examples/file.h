/* Files as memoryviews of their bytes, for all examples. */
#ifndef EXAMPLES_FILE_H
#define EXAMPLES_FILE_H

#include <stddef.h>

#include <pybuffer/pybuffer.h>

typedef struct {
    const char *path;
    PyObject *view; /* a memoryview of the bytes; it frees them */
    const unsigned char *bytes;
    Py_ssize_t size;
} File;

/* Reads a file as a whole; its bytes may be written. 0; -1 with an error set, and then there is nothing to close. */
int file_open(const char *path, File *file);

/* Drops the view. The memory is freed once nothing that was made from it is left. */
void file_close(File *file);

/* A memoryview of what lies at an offset, items of this format in C order. It keeps the memory, and is
 * read-only where the view of the file is. A new reference; NULL with an error set, also where the file has not that many bytes. */
PyObject *file_items(const File *file, Py_ssize_t offset, const char *format, int ndim,
                     const Py_ssize_t *shape);

/* The values of the one item of this format that lies at an offset. 0, or -1 with an error set. */
int file_unpack(const File *file, Py_ssize_t offset, const char *format, pybuffer_value *values);

/* Sets a ValueError that names the file, and returns -1. */
int file_error(const File *file, const char *reason);

/* 0, also where it exists; -1 with an error set. */
int file_make_directory(const char *path);

/* Writes directory/name: the head, all items of a memoryview in C order, and as many NULs.
 * 0, or -1 with an error set. */
int file_write(const char *directory, const char *name, const void *head, size_t length,
               PyObject *items, size_t nuls);

#endif

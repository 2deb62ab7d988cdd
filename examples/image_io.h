/* Pictures from and to files. */
#ifndef EXAMPLES_IMAGE_IO_H
#define EXAMPLES_IMAGE_IO_H

#include <pybuffer/pybuffer.h>

#include "file.h"

/* Reads binary PPM (P6) and PGM (P5) with up to 16 bits a channel, and uncompressed 24-bit BMP: a
 * memoryview of height x width x 3 (red, green, blue) or x 1 numbers of 8 bits ("B") or of 16 (">H").
 * The pixels stay where the file has them: the rows of a BMP, which stand upside down, are padded and
 * hold blue before green before red, become strides. *maximum is the number for full brightness.
 * Returns a new reference, or NULL with an error set. */
PyObject *image_read(const char *path, int *maximum);

/* The same of a file that is open. */
PyObject *image_view(const File *file, int *maximum);

/* Writes what stands before the pixels, of height x width x 3 or x 1, to `head`. The number of bytes. */
int image_header(char *head, size_t size, const Py_ssize_t shape[3], int maximum);

/* Writes directory/name.ppm, or .pgm: a memoryview of height x width x 3, or x 1, numbers of any type
 * from 0 to `maximum`. 0, or -1 with an error set. */
int image_write(const char *directory, const char *name, PyObject *pixels, int maximum);

#endif

/* Pictures from and to files. */
#ifndef EXAMPLES_IMAGE_IO_H
#define EXAMPLES_IMAGE_IO_H

#include <pybuffer/pybuffer.h>

/* Reads binary PPM (P6) and PGM (P5) with 8 bits a channel, and uncompressed 24-bit BMP, as a
 * picture (picture.h) of height x width x 3 (red, green, blue) or height x width x 1. The
 * pixels stay where the file has them: the rows of a BMP, which stand upside down, are padded
 * and hold blue before green before red, become strides.
 * Returns a new reference, or NULL with an error set. */
PyObject *image_read(const char *path);

/* Writes a C-contiguous exporter of height x width x 3 bytes as PPM, or x 1 as PGM.
 * Returns the length of the file, or -1 with an error set. */
Py_ssize_t image_write(const char *path, PyObject *pixels);

#endif

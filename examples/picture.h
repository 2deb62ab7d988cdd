/* A picture that exports its pixels through the buffer protocol (PEP 3118).
 *
 * Pixels are unsigned bytes along three axes: rows x columns x channels. Where they lie in
 * memory is free: any start, any strides, also negative ones.
 */
#ifndef EXAMPLES_PICTURE_H
#define EXAMPLES_PICTURE_H

#include <pybuffer/pybuffer.h>

/* Where the item [i, j, k] lies: at start + i*strides[0] + j*strides[1] + k*strides[2]. */
typedef struct {
    Py_ssize_t start;
    Py_ssize_t shape[3];
    Py_ssize_t strides[3];
} PictureLayout;

/* Prepares the type; to be called once, before the first picture. 0, or -1 with an error set. */
int Picture_Ready(void);

/* A read-only picture inside `size` bytes from malloc(). layout->start counts from `memory`.
 * Takes the memory over in any case: a failure frees it.
 * Returns a new reference, or NULL with an error set. */
PyObject *Picture_FromMemory(unsigned char *memory, Py_ssize_t size, const PictureLayout *layout);

/* A writable black picture in C order. Returns a new reference, or NULL with an error set. */
PyObject *Picture_New(const Py_ssize_t shape[3]);

/* The memory of the picture `base`, laid out in another way. No pixel moves; the new picture
 * keeps `base` alive. layout->start counts from base's first pixel.
 * Returns a new reference, or NULL with an error set. */
PyObject *Picture_View(PyObject *base, const PictureLayout *layout);

#endif

/* Video from and to .y4m files (YUV4MPEG2): frames without compression, as ffmpeg and mjpegtools
 * exchange them. One or three planes, or four with alpha; 8 bits a sample, or 9 to 16.
 */
#ifndef EXAMPLES_Y4M_IO_H
#define EXAMPLES_Y4M_IO_H

#include <pybuffer/pybuffer.h>

#include "file.h"

typedef struct {
    File file;
    char color[16];       /* as in the file: 420jpeg, 422, mono ... */
    char format[20];      /* the pixel format, by FFmpeg's name */
    char interleaved[20]; /* that with pairs of U and V in the place of two planes; "" for none */
    char gray[20];        /* the colour space of the first plane alone */
    char rest[256];       /* what else the header says: frame rate, interlacing, aspect ratio */
    Py_ssize_t width, height, frames;
    Py_ssize_t frame_size, gray_size; /* bytes of all planes, and of the first one */
    Py_ssize_t next;                  /* where the next frame starts */
} Video;

/* Reads a file, and counts its frames. 0; -1 with an error set, and then there is nothing to close. */
int y4m_open(const char *path, Video *video);

/* The same of a file that is open, and belongs to `video` then. */
int y4m_view(const File *file, Video *video);

/* Drops the file. */
void y4m_close(Video *video);

/* The first byte of the next frame, which is packed; NULL with an error set. There are as many as
 * y4m_open has counted. */
const void *y4m_next(Video *video);

/* Frames for a file, or for one without headers where `color` is NULL: a memoryview of frames x bytes,
 * each with the line before it. A new reference; NULL with an error set. */
PyObject *y4m_frames(const Video *video, const char *color, Py_ssize_t frame_size);

/* Packs a picture into one of them. 0, or -1 with an error set. */
int y4m_put(PyObject *frames, Py_ssize_t number, PyObject *picture);

/* Writes directory/name: such frames, with the header of `video`. 0, or -1 with an error set. */
int y4m_write(const char *directory, const char *name, const Video *video, const char *color,
              PyObject *frames);

#endif

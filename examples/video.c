/* Interleaves the chroma planes of a video, takes its brightness alone and turns it upside down:
 * video [file.y4m [output directory]]
 *
 * Each frame is put into memory as decoders have it, plane by plane with padded lines, and every second
 * one from the last line to the first. The planes are memoryviews, the whole of them one exporter, whose
 * bytes are the packed picture. Written are interleaved.yuv (NV12 and the like, frames one after the
 * other; only where there are two chroma planes), gray.y4m and flipped.y4m.
 */
#include <pybuffer/pybuffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "y4m_io.h"

#ifndef VIDEO_FILE
#define VIDEO_FILE "examples/data/chelsea.y4m"
#endif
#ifndef VIDEO_DIRECTORY
#define VIDEO_DIRECTORY "video-output"
#endif

/* ---- Frames ---------------------------------------------------------------------------- */

/* A frame as a decoder hands it out. */
typedef struct {
    PyObject *planes[PYBUFFER_MAX_PLANES]; /* memoryviews; they keep the memory */
    int count;
    PyObject *picture; /* all of them as one */
} Frame;

static void
frame_close(Frame *frame)
{
    for (int i = 0; i < frame->count; i++)
        Py_CLEAR(frame->planes[i]);
    Py_CLEAR(frame->picture);
}

/* Lines are as long as vector instructions like them, and not all of the same length. */
static Py_ssize_t
padded(Py_ssize_t row, int plane)
{
    return (row + 31) / 32 * 32 + 32 * plane;
}

/* The memory of a frame of this format, all 0. 0; -1 with an error set, and then there is nothing to
 * close. */
static int
frame_open(Frame *frame, const char *format, const Video *video, int bottom_up)
{
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    Py_ssize_t size = 0;
    char *memory, *start;

    memset(frame, 0, sizeof *frame);
    frame->count = pybuffer_planes_layout(planes, format, video->width, video->height, NULL);
    for (int i = 0; i < frame->count; i++)
        size += planes[i].rows * padded(planes[i].line_size, i);
    start = memory = calloc(1, (size_t)size);
    if (memory == NULL && frame->count >= 0) {
        PyErr_NoMemory();
        frame->count = -1;
    }
    for (int i = 0; i < frame->count; i++) {
        Py_ssize_t line = padded(planes[i].line_size, i), last = (planes[i].rows - 1) * line;

        planes[i].data = bottom_up ? start + last : start;
        planes[i].line_size = bottom_up ? -line : line;
        start += planes[i].rows * line;
    }
    /* From here on the memory belongs to the views. */
    if (frame->count < 0 ||
        pybuffer_planes_wrap(planes, frame->count, 0, free, memory, frame->planes) < 0) {
        free(memory);
        return -1;
    }
    frame->picture = pybuffer_planes_join(frame->planes, frame->count);
    if (frame->picture != NULL)
        return 0;
    frame_close(frame);
    return -1;
}

/* As frame_open, with the next picture of a video. */
static int
frame_decode(Frame *frame, Video *video, int bottom_up)
{
    const void *packed;

    if (frame_open(frame, video->format, video, bottom_up) < 0)
        return -1;
    packed = y4m_next(video);
    if (packed != NULL &&
        PyBuffer_FromContiguous(PyMemoryView_GET_BUFFER(frame->picture), packed, video->frame_size,
                                'C') == 0)
        return 0;
    frame_close(frame);
    return -1;
}

/* ---- The steps ------------------------------------------------------------------------- */

/* Copies the items of a plane to one component of interleaved ones. */
static int
copy_component(PyObject *pairs, const char *component, PyObject *plane)
{
    PyObject *part = pybuffer_memoryview_select(pairs, component);
    int status = part != NULL ? pybuffer_memoryview_assign(part, NULL, 0, plane) : -1;

    Py_XDECREF(part);
    return status;
}

static int
interleave(const Video *video, const Frame *frame, PyObject *frames, Py_ssize_t number)
{
    Frame made;
    int status;

    if (frame_open(&made, video->interleaved, video, 0) < 0)
        return -1;
    status = pybuffer_memoryview_assign(made.planes[0], NULL, 0, frame->planes[0]);
    if (status == 0)
        status = copy_component(made.planes[1], "..., 0", frame->planes[1]);
    if (status == 0)
        status = copy_component(made.planes[1], "..., 1", frame->planes[2]);
    if (status == 0)
        status = y4m_put(frames, number, made.picture);
    frame_close(&made);
    return status;
}

/* Nothing is copied but into the file. */
static int
flip(const Frame *frame, PyObject *frames, Py_ssize_t number)
{
    PyObject *flipped[PYBUFFER_MAX_PLANES] = {NULL}, *picture = NULL;
    int count = 0, status = -1;

    while (count < frame->count &&
           (flipped[count] = pybuffer_memoryview_flip(frame->planes[count], 0)) != NULL)
        count++;
    if (count == frame->count)
        picture = pybuffer_planes_join(flipped, count);
    if (picture != NULL)
        status = y4m_put(frames, number, picture);
    Py_XDECREF(picture);
    while (count > 0)
        Py_DECREF(flipped[--count]);
    return status;
}

static void
print_view(const char *name, PyObject *memoryview)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(memoryview);

    printf("%-10s  ", name);
    for (int i = 0; i < view->ndim; i++)
        printf("%s%zd", i > 0 ? " x " : "", view->shape[i]);
    printf("  strides");
    for (int i = 0; i < view->ndim; i++)
        printf("%s %zd", i > 0 ? "," : "", view->strides[i]);
    printf("%s\n", view->suboffsets != NULL ? ", behind pointers" : "");
}

static void
print_frame(const Frame *frame, Py_ssize_t number)
{
    static const char *const names[PYBUFFER_MAX_PLANES] = {"Y", "U", "V", "alpha"};

    printf("\nframe %zd\n", number);
    for (int i = 0; i < frame->count; i++)
        print_view(names[i], frame->planes[i]);
    print_view("picture", frame->picture);
}

/* The files to write, frames x bytes each. */
typedef struct {
    PyObject *interleaved, *gray, *flipped;
} Output;

static int
process_frame(Video *video, const Output *output, Py_ssize_t number)
{
    Frame frame;
    int status;

    if (frame_decode(&frame, video, number % 2 != 0) < 0)
        return -1;
    if (number < 2)
        print_frame(&frame, number);
    status = y4m_put(output->gray, number, frame.planes[0]);
    if (status == 0)
        status = flip(&frame, output->flipped, number);
    if (status == 0 && output->interleaved != NULL)
        status = interleave(video, &frame, output->interleaved, number);
    frame_close(&frame);
    return status;
}

static int
process(Video *video, const char *directory)
{
    Output output = {NULL, NULL, NULL};
    int status = -1;

    output.gray = y4m_frames(video, video->gray, video->gray_size);
    if (output.gray != NULL)
        output.flipped = y4m_frames(video, video->color, video->frame_size);
    if (output.flipped != NULL && *video->interleaved != '\0')
        output.interleaved = y4m_frames(video, NULL, video->frame_size);
    if (output.flipped != NULL && (output.interleaved != NULL || *video->interleaved == '\0'))
        status = 0;
    for (Py_ssize_t i = 0; status == 0 && i < video->frames; i++)
        status = process_frame(video, &output, i);
    if (status == 0)
        status = y4m_write(directory, "gray.y4m", video, video->gray, output.gray);
    if (status == 0)
        status = y4m_write(directory, "flipped.y4m", video, video->color, output.flipped);
    if (status == 0 && output.interleaved != NULL)
        status = y4m_write(directory, "interleaved.yuv", video, NULL, output.interleaved);
    Py_XDECREF(output.interleaved);
    Py_XDECREF(output.flipped);
    Py_XDECREF(output.gray);
    return status;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : VIDEO_FILE;
    const char *directory = argc > 2 ? argv[2] : VIDEO_DIRECTORY;
    int status = -1;
    Video video;

    if (argc > 3) {
        fprintf(stderr, "usage: %s [file.y4m [output directory]]\n", argv[0]);
        return 2;
    }
    if (file_make_directory(directory) == 0 && y4m_open(path, &video) == 0) {
        printf("%s\n%zd frames of %zd x %zd, %s (%s)\n", path, video.frames, video.width, video.height,
               video.color, video.format);
        status = process(&video, directory);
        y4m_close(&video);
    }
    if (status < 0) {
        fflush(stdout);
        PyErr_Print();
        return 1;
    }
    printf("\nWritten to %s.\n", directory);
    return 0;
}

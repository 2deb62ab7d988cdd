/* Turns a photograph upside down, mirrors, crops and rotates it, takes its channels apart and
 * merges them again, all through the buffer protocol: image [picture] [output directory]
 *
 * Every operation is a view: another start, shape and strides over the same memory. Pixels are
 * copied only where C order is needed, and the table that is printed says how many bytes.
 */
#define _POSIX_C_SOURCE 200809L

#include <pybuffer/pybuffer.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "image_io.h"
#include "picture.h"

#ifndef IMAGE_PICTURE
#define IMAGE_PICTURE "examples/data/chelsea.ppm"
#endif
#ifndef IMAGE_DIRECTORY
#define IMAGE_DIRECTORY "image-output"
#endif

/* ---- The table ------------------------------------------------------------------------- */

static double
microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void
print_heading(void)
{
    printf("%-14s  %-14s  %-14s  %-4s  %12s  %12s\n", "operation", "shape", "strides", "kind",
           "bytes copied", "microseconds");
}

/* `pixels` is the memoryview that the operation made or filled. */
static void
print_row(const char *operation, PyObject *pixels, Py_ssize_t copied, double time)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(pixels);
    char shape[64], strides[64];

    snprintf(shape, sizeof shape, "%zd x %zd x %zd", view->shape[0], view->shape[1],
             view->shape[2]);
    snprintf(strides, sizeof strides, "%zd, %zd, %zd", view->strides[0], view->strides[1],
             view->strides[2]);
    printf("%-14s  %-14s  %-14s  %-4s  %12zd  %12.1f\n", operation, shape, strides,
           copied > 0 ? "copy" : "view", copied, time);
}

/* ---- The files ------------------------------------------------------------------------- */

typedef struct {
    const char *directory;
    char report[1024]; /* a line for every file */
} Output;

static int
create_directory(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    PyErr_Format(PyExc_RuntimeError, "%s: %s", path, strerror(errno));
    return -1;
}

/* `pixels` is a C-contiguous memoryview. */
static int
save(Output *output, const char *name, PyObject *pixels)
{
    const char *extension = PyMemoryView_GET_BUFFER(pixels)->shape[2] == 3 ? "ppm" : "pgm";
    char path[1024];
    int length = snprintf(path, sizeof path, "%s/%s.%s", output->directory, name, extension);
    size_t used = strlen(output->report);
    Py_ssize_t bytes;

    if (length < 0 || (size_t)length >= sizeof path) {
        PyErr_SetString(PyExc_ValueError, "the path of the output directory is too long");
        return -1;
    }
    bytes = image_write(path, pixels);
    if (bytes < 0)
        return -1;
    snprintf(output->report + used, sizeof output->report - used, "  %s.%s, %zd bytes\n", name,
             extension, bytes);
    return 0;
}

/* ---- The operations: each is a little arithmetic on the layout ------------------------- */

typedef struct {
    const char *name;
    void (*rearrange)(PictureLayout *layout);
} Operation;

/* Axes are 0 for rows, 1 for columns, 2 for channels. */
static void
reverse(PictureLayout *layout, int axis)
{
    layout->start += (layout->shape[axis] - 1) * layout->strides[axis];
    layout->strides[axis] = -layout->strides[axis];
}

static void
take(PictureLayout *layout, int axis, Py_ssize_t first, Py_ssize_t count)
{
    layout->start += first * layout->strides[axis];
    layout->shape[axis] = count;
}

static void
keep_all(PictureLayout *layout)
{
    (void)layout;
}

static void
turn_upside_down(PictureLayout *layout)
{
    reverse(layout, 0);
}

static void
mirror(PictureLayout *layout)
{
    reverse(layout, 1);
}

/* The middle: half the height and half the width, at least one pixel. */
static void
crop(PictureLayout *layout)
{
    for (int axis = 0; axis < 2; axis++)
        take(layout, axis, layout->shape[axis] / 4, (layout->shape[axis] + 1) / 2);
}

/* By 90 degrees clockwise: rows become columns, starting with the bottom row. */
static void
turn_right(PictureLayout *layout)
{
    Py_ssize_t height, down;

    reverse(layout, 0);
    height = layout->shape[0];
    down = layout->strides[0];
    layout->shape[0] = layout->shape[1];
    layout->strides[0] = layout->strides[1];
    layout->shape[1] = height;
    layout->strides[1] = down;
}

static void
take_channel_0(PictureLayout *layout)
{
    take(layout, 2, 0, 1);
}

static void
take_channel_1(PictureLayout *layout)
{
    take(layout, 2, 1, 1);
}

static void
take_channel_2(PictureLayout *layout)
{
    take(layout, 2, 2, 1);
}

static const Operation as_read = {"as read", keep_all};
static const Operation turned_right = {"turned-right", turn_right};
static const Operation rearrangements[] = {
    {"upside-down", turn_upside_down},
    {"mirrored", mirror},
    {"cropped", crop},
};
static const Operation gray[] = {{"gray", take_channel_0}};
static const Operation colours[] = {
    {"red", take_channel_0},
    {"green", take_channel_1},
    {"blue", take_channel_2},
};

/* ---- Views and copies of pictures ------------------------------------------------------ */

/* The picture's own layout. Nothing but the buffer protocol is needed to learn it. */
static int
get_layout(PyObject *picture, PictureLayout *layout)
{
    Py_buffer pixels;

    if (PyObject_GetBuffer(picture, &pixels, PyBUF_STRIDED_RO) < 0)
        return -1;
    layout->start = 0;
    memcpy(layout->shape, pixels.shape, sizeof layout->shape);
    memcpy(layout->strides, pixels.strides, sizeof layout->strides);
    PyBuffer_Release(&pixels);
    return 0;
}

/* A memoryview of the picture, rearranged. No pixel moves. */
static PyObject *
view_through(const Operation *operation, PyObject *picture)
{
    PictureLayout layout;
    PyObject *rearranged, *view;

    if (get_layout(picture, &layout) < 0)
        return NULL;
    operation->rearrange(&layout);
    rearranged = Picture_View(picture, &layout);
    if (rearranged == NULL)
        return NULL;
    view = PyMemoryView_FromObject(rearranged);
    Py_DECREF(rearranged); /* the memoryview keeps it alive */
    return view;
}

static PyObject *
show_view(const Operation *operation, PyObject *picture)
{
    double start = microseconds();
    PyObject *view = view_through(operation, picture);

    if (view != NULL)
        print_row(operation->name, view, 0, microseconds() - start);
    return view;
}

/* The same pixels in C order: a copy, or `view` once more if that is how they lie already. */
static PyObject *
show_contiguous(PyObject *view)
{
    double start = microseconds();
    PyObject *packed = PyMemoryView_GetContiguous(view, PyBUF_READ, 'C');

    if (packed != NULL) {
        const Py_buffer *from = PyMemoryView_GET_BUFFER(view);
        const Py_buffer *to = PyMemoryView_GET_BUFFER(packed);

        print_row("  in C order", packed, to->buf == from->buf ? 0 : to->len,
                  microseconds() - start);
    }
    return packed;
}

/* 0 if both exporters hold the same pixels, -1 with an error set if not. */
static int
expect_equal(const char *name, PyObject *made, PyObject *picture)
{
    PyObject *view = PyMemoryView_FromObject(made);
    int equal = view != NULL ? PyObject_RichCompareBool(view, picture, Py_EQ) : -1;

    Py_XDECREF(view);
    if (equal == 0)
        PyErr_Format(PyExc_RuntimeError, "the %s picture differs from the original", name);
    return equal == 1 ? 0 : -1;
}

/* ---- The steps ------------------------------------------------------------------------- */

static int
rearrange(const Operation *operation, PyObject *picture, Output *output)
{
    PyObject *view = show_view(operation, picture);
    PyObject *packed = view != NULL ? show_contiguous(view) : NULL;
    int status = packed != NULL ? save(output, operation->name, packed) : -1;

    Py_XDECREF(packed);
    Py_XDECREF(view);
    return status;
}

/* Copies the pixels of a view in the order in which it shows them, into memory in C order. */
static int
gather(PyObject *view, PyObject *packed)
{
    const Py_buffer *to = PyMemoryView_GET_BUFFER(packed);
    double start = microseconds();

    if (PyBuffer_ToContiguous(to->buf, PyMemoryView_GET_BUFFER(view), to->len, 'C') < 0)
        return -1;
    print_row("  gathered", packed, to->len, microseconds() - start);
    return 0;
}

/* The way back: puts pixels in C order where the view shows them. */
static int
scatter(PyObject *packed, PyObject *view)
{
    const Py_buffer *from = PyMemoryView_GET_BUFFER(packed);
    double start = microseconds();

    if (PyBuffer_FromContiguous(PyMemoryView_GET_BUFFER(view), from->buf, from->len, 'C') < 0)
        return -1;
    print_row("  scattered", view, from->len, microseconds() - start);
    return 0;
}

/* A memoryview of a new black picture. */
static PyObject *
new_view(const Py_ssize_t shape[3])
{
    PyObject *picture = Picture_New(shape);
    PyObject *view = picture != NULL ? PyMemoryView_FromObject(picture) : NULL;

    Py_XDECREF(picture);
    return view;
}

/* Gathers the turned pixels into a picture of their own, and scatters them again through the
 * turned view of a black picture, which thereby becomes the original. */
static int
turn_and_turn_back(PyObject *picture, Output *output)
{
    PyObject *view, *turned = NULL, *restored = NULL, *restored_view = NULL;
    PictureLayout layout;
    int status = -1;

    view = show_view(&turned_right, picture);
    if (view == NULL)
        return -1;
    turned = new_view(PyMemoryView_GET_BUFFER(view)->shape);
    if (turned == NULL || gather(view, turned) < 0 ||
        save(output, turned_right.name, turned) < 0)
        goto done;

    if (get_layout(picture, &layout) < 0)
        goto done;
    restored = Picture_New(layout.shape);
    if (restored == NULL)
        goto done;
    restored_view = view_through(&turned_right, restored);
    if (restored_view != NULL && scatter(turned, restored_view) == 0)
        status = expect_equal("restored", restored, picture);
done:
    Py_XDECREF(restored_view);
    Py_XDECREF(restored);
    Py_XDECREF(turned);
    Py_DECREF(view);
    return status;
}

/* Copies a plane into its channel of the picture `merged`. */
static int
merge(const Operation *channel, PyObject *plane, PyObject *merged)
{
    double start = microseconds();
    PyObject *target = view_through(channel, merged);
    int status = target != NULL ? PyObject_CopyData(target, plane) : -1;

    if (status == 0)
        print_row("  merged", target, PyMemoryView_GET_BUFFER(target)->len,
                  microseconds() - start);
    Py_XDECREF(target);
    return status;
}

static int
split_and_merge_channel(const Operation *channel, PyObject *picture, PyObject *merged,
                        Output *output)
{
    PyObject *view = show_view(channel, picture);
    PyObject *plane = view != NULL ? show_contiguous(view) : NULL;
    int status = -1;

    if (plane != NULL && save(output, channel->name, plane) == 0)
        status = merge(channel, plane, merged);
    Py_XDECREF(plane);
    Py_XDECREF(view);
    return status;
}

static int
split_and_merge(PyObject *picture, Output *output)
{
    PyObject *merged = NULL, *merged_view = NULL;
    PictureLayout layout;
    const Operation *channels;
    int status = -1;

    if (get_layout(picture, &layout) < 0)
        return -1;
    channels = layout.shape[2] == 3 ? colours : gray;
    merged = Picture_New(layout.shape);
    if (merged == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < layout.shape[2]; i++)
        if (split_and_merge_channel(&channels[i], picture, merged, output) < 0)
            goto done;
    merged_view = PyMemoryView_FromObject(merged);
    if (merged_view != NULL && expect_equal("merged", merged, picture) == 0)
        status = save(output, "merged", merged_view);
done:
    Py_XDECREF(merged_view);
    Py_DECREF(merged);
    return status;
}

static int
run_steps(PyObject *picture, Output *output)
{
    PyObject *view = show_view(&as_read, picture);

    if (view == NULL)
        return -1;
    Py_DECREF(view);
    for (size_t i = 0; i < sizeof rearrangements / sizeof rearrangements[0]; i++)
        if (rearrange(&rearrangements[i], picture, output) < 0)
            return -1;
    if (turn_and_turn_back(picture, output) < 0)
        return -1;
    return split_and_merge(picture, output);
}

static int
run(const char *path, Output *output)
{
    PyObject *picture;
    int status;

    if (Picture_Ready() < 0 || create_directory(output->directory) < 0)
        return -1;
    picture = image_read(path);
    if (picture == NULL)
        return -1;
    printf("%s\n\n", path);
    print_heading();
    status = run_steps(picture, output);
    Py_DECREF(picture);
    return status;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : IMAGE_PICTURE;
    Output output = {argc > 2 ? argv[2] : IMAGE_DIRECTORY, ""};

    if (argc > 3) {
        fprintf(stderr, "usage: %s [picture] [output directory]\n", argv[0]);
        return 2;
    }
    if (run(path, &output) < 0) {
        fprintf(stderr, "%s: %s\n", pybuffer_error_name(), pybuffer_error_message());
        PyErr_Clear();
        return 1;
    }
    printf("\nThe picture turned right and back, and the one merged from the channels, are\n"
           "byte for byte the original. Written to %s:\n%s",
           output.directory, output.report);
    return 0;
}

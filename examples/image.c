/* Turns a photograph upside down, mirrors, crops and rotates it, takes its channels apart and merges
 * them again, and makes it gray: image [picture [output directory]]
 *
 * The picture is a memoryview of rows x columns x channels (image_io.c). Every operation is another
 * one of the same memory, with another shape and other strides; pixels are copied only when a file is
 * written, or when they are assigned to another picture.
 */
#include <pybuffer/pybuffer.h>

#include <stdio.h>

#include "file.h"
#include "image_io.h"

#ifndef IMAGE_PICTURE
#define IMAGE_PICTURE "examples/data/chelsea.ppm"
#endif
#ifndef IMAGE_DIRECTORY
#define IMAGE_DIRECTORY "image-output"
#endif

typedef struct {
    const char *directory; /* where files are written */
    PyObject *pixels;      /* rows x columns x channels */
    int maximum;           /* the number for full brightness */
} Image;

/* ---- The operations: each returns a view of the same pixels ------------------------------ */

static PyObject *
turn_upside_down(PyObject *pixels)
{
    return pybuffer_memoryview_select(pixels, "::-1");
}

static PyObject *
mirror(PyObject *pixels)
{
    return pybuffer_memoryview_select(pixels, ":, ::-1");
}

/* The middle: half the height and half the width, at least one pixel. */
static PyObject *
crop(PyObject *pixels)
{
    const Py_ssize_t *shape = PyMemoryView_GET_BUFFER(pixels)->shape;
    pybuffer_subscript middle[2];

    for (int axis = 0; axis < 2; axis++) {
        Py_ssize_t first = shape[axis] / 4, count = (shape[axis] + 1) / 2;

        middle[axis] = pybuffer_slice(first, first + count, 1);
    }
    return pybuffer_memoryview_subscript(pixels, middle, 2);
}

/* By 90 degrees clockwise: rows become columns, starting with the bottom row. */
static PyObject *
turn_right(PyObject *pixels)
{
    static const int axes[] = {1, 0, 2};
    PyObject *view = turn_upside_down(pixels);

    if (view != NULL)
        Py_SETREF(view, pybuffer_memoryview_permute(view, axes, 3));
    return view;
}

static PyObject *
take_red(PyObject *pixels)
{
    return pybuffer_memoryview_select(pixels, "..., 0:1");
}

static PyObject *
take_green(PyObject *pixels)
{
    return pybuffer_memoryview_select(pixels, "..., 1:2");
}

static PyObject *
take_blue(PyObject *pixels)
{
    return pybuffer_memoryview_select(pixels, "..., 2:3");
}

typedef struct {
    const char *name;
    PyObject *(*view)(PyObject *pixels);
} Operation;

static const Operation cropped = {"cropped", crop};
static const Operation rearrangements[] = {
    {"upside-down", turn_upside_down},
    {"mirrored", mirror},
    {"turned-right", turn_right},
};
static const Operation channels[] = {{"red", take_red}, {"green", take_green}, {"blue", take_blue}};

/* ---- The steps ------------------------------------------------------------------------- */

static void
print_row(const char *name, PyObject *pixels)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(pixels);
    char shape[64];

    snprintf(shape, sizeof shape, "%zd x %zd x %zd", view->shape[0], view->shape[1], view->shape[2]);
    printf("%-14s  %-6s  %-18s  %zd, %zd, %zd\n", name, view->format, shape, view->strides[0],
           view->strides[1], view->strides[2]);
}

static int
save(const Image *image, const char *name, PyObject *pixels)
{
    print_row(name, pixels);
    return image_write(image->directory, name, pixels, image->maximum);
}

/* Saves what the operation makes of the picture. With a `copy`, assigns that to what it makes of the
 * copy, too, so that every pixel comes to lie there where it was here. */
static int
apply(const Image *image, const Operation *operation, PyObject *copy)
{
    PyObject *part = operation->view(image->pixels);
    PyObject *place = part != NULL && copy != NULL ? operation->view(copy) : NULL;
    int status = part != NULL && (place != NULL || copy == NULL) ? 0 : -1;

    if (status == 0)
        status = save(image, operation->name, part);
    if (status == 0 && place != NULL)
        status = pybuffer_memoryview_assign(place, NULL, 0, part);
    Py_XDECREF(place);
    Py_XDECREF(part);
    return status;
}

/* Saves what each operation makes of the picture, and builds the picture again from all of that. */
static int
take_apart_and_rebuild(const Image *image, const Operation *operations, size_t count)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(image->pixels);
    PyObject *copy = pybuffer_memoryview_new(view->format, view->ndim, view->shape, 'C');
    int status = copy != NULL ? 0 : -1, equal;

    for (size_t i = 0; status == 0 && i < count; i++)
        status = apply(image, &operations[i], copy);
    if (status == 0) {
        equal = PyObject_RichCompareBool(copy, image->pixels, Py_EQ);
        if (equal == 0)
            PyErr_SetString(PyExc_RuntimeError, "the picture built again differs from the original");
        status = equal == 1 ? 0 : -1;
    }
    Py_XDECREF(copy);
    return status;
}

/* The brightness of each pixel. What the format and the strides of the picture are does not matter:
 * converted to C's int in C order, its numbers are an array. */
static int
make_gray(const Image *image)
{
    const Py_ssize_t *shape = PyMemoryView_GET_BUFFER(image->pixels)->shape;
    const Py_ssize_t gray_shape[] = {shape[0], shape[1], 1};
    PyObject *colour = pybuffer_memoryview_astype(image->pixels, "i", 'C');
    PyObject *gray = colour != NULL ? pybuffer_memoryview_new("i", 3, gray_shape, 'C') : NULL;
    int status = -1;

    if (gray != NULL) {
        const int *rgb = PyMemoryView_GET_BUFFER(colour)->buf;
        int *brightness = PyMemoryView_GET_BUFFER(gray)->buf;

        for (Py_ssize_t i = 0; i < shape[0] * shape[1]; i++, rgb += 3)
            brightness[i] = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000;
        status = save(image, "gray", gray); /* which converts to the format of the file */
    }
    Py_XDECREF(gray);
    Py_XDECREF(colour);
    return status;
}

static int
run_steps(const Image *image)
{
    printf("%-14s  %-6s  %-18s  %s\n", "operation", "format", "shape", "strides");
    print_row("as read", image->pixels);
    if (apply(image, &cropped, NULL) < 0)
        return -1;
    for (size_t i = 0; i < sizeof rearrangements / sizeof rearrangements[0]; i++)
        if (take_apart_and_rebuild(image, &rearrangements[i], 1) < 0)
            return -1;
    if (PyMemoryView_GET_BUFFER(image->pixels)->shape[2] == 1)
        return 0;
    if (take_apart_and_rebuild(image, channels, 3) < 0)
        return -1;
    return make_gray(image);
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : IMAGE_PICTURE;
    Image image = {argc > 2 ? argv[2] : IMAGE_DIRECTORY, NULL, 0};
    int status = -1;

    if (argc > 3) {
        fprintf(stderr, "usage: %s [picture [output directory]]\n", argv[0]);
        return 2;
    }
    if (file_make_directory(image.directory) == 0)
        image.pixels = image_read(path, &image.maximum);
    if (image.pixels != NULL) {
        printf("%s\n\n", path);
        status = run_steps(&image);
        Py_DECREF(image.pixels);
    }
    if (status < 0) {
        fflush(stdout);
        PyErr_Print();
        return 1;
    }
    printf("\nBuilt again from each rearranged picture, and from the channels together, the picture is\n"
           "the same. Written to %s.\n", image.directory);
    return 0;
}

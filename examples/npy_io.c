/* Arrays from .npy files. See npy_io.h. */
#include "npy_io.h"

#include <string.h>

#include "npy_header.h"

/* Where the header lies, and the items after it. */
static int
find_header(const File *file, NpyHeader *header)
{
    pybuffer_value values[4];
    Py_ssize_t begin;
    uint64_t version;

    if (file->size < 10 || memcmp(file->bytes, "\x93NUMPY", 6) != 0)
        return file_error(file, "no .npy file");
    version = file->bytes[6];
    if (version < 1 || version > 3 || file->bytes[7] != 0)
        return file_error(file, "a version that is not known here");
    begin = version == 1 ? 10 : 12;
    if (file_unpack(file, 8, version == 1 ? "<H" : "<I", values) < 0)
        return -1;
    if (values[0].as.u > (uint64_t)(file->size - begin))
        return file_error(file, "the header is cut off");
    header->is_utf8 = version == 3;
    header->begin = header->at = file->bytes + begin;
    header->end = header->begin + values[0].as.u;
    return 0;
}

/* In Fortran order the first axis changes fastest. With the axes in reverse that is C order, so the
 * array is the transpose of what the file has. */
static PyObject *
view_items(const File *file, NpyHeader *header)
{
    Py_ssize_t shape[NPY_MAX_NDIM];
    PyObject *view;

    for (int i = 0; i < header->ndim; i++)
        shape[header->fortran_order ? header->ndim - 1 - i : i] = header->shape[i];
    view = file_items(file, header->end - file->bytes, PyByteArray_AsString(header->format),
                      header->ndim, shape);
    if (view != NULL && header->fortran_order)
        Py_SETREF(view, pybuffer_memoryview_permute(view, NULL, header->ndim));
    return view;
}

PyObject *
npy_view(const File *file)
{
    NpyHeader header = {0};
    PyObject *view = NULL;

    header.path = file->path;
    if (find_header(file, &header) == 0 && npy_parse_header(&header) == 0)
        view = view_items(file, &header);
    Py_XDECREF(header.format);
    return view;
}

PyObject *
npy_read(const char *path)
{
    PyObject *view;
    File file;

    if (file_open(path, &file) < 0)
        return NULL;
    view = npy_view(&file);
    file_close(&file); /* the items keep what they need */
    return view;
}

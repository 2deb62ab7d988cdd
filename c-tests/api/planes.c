/* Planes of pictures: pixel formats, planes with line sizes as memoryviews, and memoryviews of planes as one exporter. Planes lie
 * between pages that may not be touched, and are compared with a model that adds up addresses.
 */
#define _GNU_SOURCE
#include "pages.h"
#include "support.h"

#include <limits.h>
#include <stdint.h>

/* ---- pixel formats ------------------------------------------------------------------------------------------ */

typedef struct {
    const char *names, *format;
    int across, down; /* pixels of a chroma column and row */
    int components[4];
} Format;

/* The components of each plane (1: its columns are items); the first and a fourth one are not subsampled. */
static const Format formats[] = {
    {"gray GRAY grey gray8 y8 Y800", "B", 1, 1, {1}},
    {"yuv420p I420 i420 IYUV yv12 yuvj420p", "B", 2, 2, {1, 1, 1}},
    {"yuv422p i422 yv16 y42b yuvj422p", "B", 2, 1, {1, 1, 1}},
    {"yuv444p i444 yv24 gbrp yuvj444p", "B", 1, 1, {1, 1, 1}},
    {"yuv440p yuvj440p", "B", 1, 2, {1, 1, 1}},
    {"yuv411p i411 y41b yuvj411p", "B", 4, 1, {1, 1, 1}},
    {"yuv410p", "B", 4, 4, {1, 1, 1}},
    {"yuva420p", "B", 2, 2, {1, 1, 1, 1}},
    {"yuva422p", "B", 2, 1, {1, 1, 1, 1}},
    {"yuva444p gbrap", "B", 1, 1, {1, 1, 1, 1}},
    {"nv12 NV21", "B", 2, 2, {1, 2}},
    {"nv16 nv61", "B", 2, 1, {1, 2}},
    {"nv24 nv42", "B", 1, 1, {1, 2}},
    {"p010 P012 p016", "H", 2, 2, {1, 2}},
    {"p210 p212 p216", "H", 2, 1, {1, 2}},
    {"p410 p412 p416", "H", 1, 1, {1, 2}},
    {"gray9 gray10 gray12 gray14 gray16", "H", 1, 1, {1}},
    {"yuv420p9 yuv420p10 YUV420P12 yuv420p16", "H", 2, 2, {1, 1, 1}},
    {"yuva444p10 gbrap12 gbrap16", "H", 1, 1, {1, 1, 1, 1}},
    {"rgb24 bgr24", "B", -1, 1, {3}},
    {"rgba BGRA argb abgr rgb0 bgr0 0rgb 0bgr", "B", -1, 1, {4}},
    {"ya8 gray8a", "B", -1, 1, {2}},
    {"rgb48 bgr48", "H", -1, 1, {3}},
    {"rgba64 bgra64", "H", -1, 1, {4}},
    {"ya16", "H", -1, 1, {2}},
    {"yuyv422 yuyv yuy2 uyvy422 uyvy yvyu422 yvyu", "B", -2, 1, {4}},
};

static Py_ssize_t upwards(Py_ssize_t pixels, int of)
{
    Py_ssize_t parts = pixels / of;
    return parts * of < pixels ? parts + 1 : parts;
}

static void pixel_formats_have_their_planes(void)
{
    static const Py_ssize_t sizes[][2] = {{8, 4}, {5, 3}, {1, 1}, {0, 0}, {0, 7}, {7, 0}, {854, 480}, {1919, 1081}};
    static unsigned char start[1];
    for (size_t f = 0; f < COUNT(formats); f++) {
        char names[128], *rest = NULL;
        strcpy(names, formats[f].names);
        for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
            for (size_t s = 0; s < COUNT(sizes); s++) {
                pybuffer_plane planes[PYBUFFER_MAX_PLANES], packed[PYBUFFER_MAX_PLANES];
                int count = pybuffer_planes_layout(planes, name, sizes[s][0], sizes[s][1], NULL), expected = 0;
                Py_ssize_t offset = 0;
                CHECK_INT(pybuffer_planes_layout(packed, name, sizes[s][0], sizes[s][1], start), count);
                while (expected < 4 && formats[f].components[expected] > 0) {
                    expected++;
                }
                if (!CHECK_INT(count, expected)) {
                    printf("# %s\n", name);
                    PyErr_Clear();
                    continue;
                }
                for (int p = 0; p < count; p++) {
                    int chroma = p == 1 || p == 2, interleaved = formats[f].across < 0;
                    int across = interleaved ? -formats[f].across : chroma ? formats[f].across : 1;
                    int components = formats[f].components[p];
                    Py_ssize_t columns = upwards(sizes[s][0], across), rows = upwards(sizes[s][1], chroma ? formats[f].down : 1);
                    Py_ssize_t line = columns * components * (strcmp(formats[f].format, "H") == 0 ? 2 : 1);
                    CHECK_PTR(planes[p].data, NULL);
                    CHECK_PTR(packed[p].data, (char *)start + offset);
                    CHECK_STR(planes[p].format, formats[f].format);
                    int same = planes[p].rows == rows && planes[p].columns == columns && planes[p].line_size == line
                               && planes[p].components == (components == 1 ? 0 : components);
                    tap_check(same, __FILE__, __LINE__, "%s, plane %d: %zd rows of %zd times %zd, %zd bytes", name, p,
                              planes[p].rows, planes[p].columns, planes[p].components, planes[p].line_size);
                    packed[p].data = planes[p].data;
                    CHECK_MEM(&packed[p], &planes[p], sizeof(planes[p]));
                    offset += line * rows;
                }
            }
        }
    }
}

static void byte_orders_are_named(void)
{
    static const uint16_t one = 1;
    int little = *(const char *)&one;
    static const char *const names[] = {"p010", "gray16", "yuv420p10", "rgb48", "GBRAP16"};
    for (size_t i = 0; i < COUNT(names); i++) {
        pybuffer_plane planes[PYBUFFER_MAX_PLANES];
        char name[20];
        CHECK(pybuffer_planes_layout(planes, strcat(strcpy(name, names[i]), "le"), 4, 4, NULL) > 0);
        CHECK_STR(planes[0].format, little ? "H" : "<H");
        CHECK(pybuffer_planes_layout(planes, strcat(strcpy(name, names[i]), "BE"), 4, 4, NULL) > 0);
        CHECK_STR(planes[0].format, little ? ">H" : "H");
    }
}

static void unknown_names_and_sizes_are_refused(void)
{
    static const char *const names[] = {"", "le", "be", "10", "yuv", "yuv420", "yuv420p8", "yuv420p17", "yuv420p10xe", "yuv420ple",
                                        "nv12le", "nv1210", "nv12 ", " nv12", "p010le16", "p01016", "gray8le", "yuv420p-9",
                                        "yuvj420p\n", "gray1", "gray101", "rgb2410"};
    pybuffer_plane planes[PYBUFFER_MAX_PLANES], before[PYBUFFER_MAX_PLANES];
    memset(planes, 0x5a, sizeof(planes));
    memcpy(before, planes, sizeof(planes));
    for (size_t i = 0; i < COUNT(names); i++) {
        char message[100];
        CHECK_INT(pybuffer_planes_layout(planes, names[i], 4, 4, NULL), -1);
        sprintf(message, "planes: unknown pixel format '%s'", names[i]);
        CHECK_MESSAGE(PyExc_ValueError, message);
    }
    static char long_name[100000];
    memset(long_name, 'x', sizeof(long_name) - 1);
    CHECK_INT(pybuffer_planes_layout(planes, long_name, 4, 4, NULL), -1);
    CHECK_ERROR(PyExc_ValueError);
    static const Py_ssize_t wrong[][2] = {{-1, 4}, {4, -1}, {PY_SSIZE_T_MIN, 4}, {0, -1}};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_INT(pybuffer_planes_layout(planes, "i420", wrong[i][0], wrong[i][1], NULL), -1);
        CHECK_MESSAGE(PyExc_ValueError, "planes: width and height must not be negative");
    }
    /* Each plane has a size, but not both; then a row has none. */
    static const Py_ssize_t large[][2] = {{PY_SSIZE_T_MAX, 2}, {PY_SSIZE_T_MAX, 1}, {PY_SSIZE_T_MAX / 2, PY_SSIZE_T_MAX},
                                          {(Py_ssize_t)1 << 32, (Py_ssize_t)1 << 31}, {1, PY_SSIZE_T_MAX}};
    static const char *const of[] = {"nv12", "i420", "rgba64", "yuv420p16", "yuva444p"};
    for (size_t i = 0; i < COUNT(large); i++) {
        for (size_t j = 0; j < COUNT(of); j++) {
            CHECK_INT(pybuffer_planes_layout(planes, of[j], large[i][0], large[i][1], NULL), -1);
            CHECK_MESSAGE(PyExc_ValueError, "planes: a picture of this size is too large");
        }
    }
    /* Too large for where it starts. */
    CHECK_INT(pybuffer_planes_layout(planes, "gray", 1 << 20, 1 << 20, (void *)(UINTPTR_MAX - (1 << 20))), -1);
    CHECK_MESSAGE(PyExc_ValueError, "planes: a picture of this size is too large");
    CHECK_MEM(planes, before, sizeof(planes));
    CHECK_INT(pybuffer_planes_layout(planes, "gray", PY_SSIZE_T_MAX, 1, NULL), 1);
    CHECK_INT(pybuffer_planes_layout(planes, "gray", PY_SSIZE_T_MAX, 0, NULL), 1);
    CHECK_INT(pybuffer_planes_layout(planes, "i420", 0, PY_SSIZE_T_MAX, NULL), 3);
}

/* ---- planes between pages that may not be touched ----------------------------------------------------------- */

enum { REGION = 16384 };

static size_t page;

typedef struct {
    unsigned char *start, copy[REGION];
} Region;

static Region regions[4];

static void map_regions(void)
{
    page = page_size();
    size_t size = (REGION + page - 1) / page * page;
    for (int i = 0; i < 4; i++) {
        regions[i].start = (unsigned char *)guarded_pages(size) + (size - REGION);
    }
}

static uint64_t state = 1;

/* 0 to `below` - 1. */
static Py_ssize_t chance(Py_ssize_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (Py_ssize_t)((state >> 33) % (uint64_t)below);
}

static Py_ssize_t itemsize_of(const pybuffer_plane *plane)
{
    return PyBuffer_SizeFromFormat(plane->format);
}

static Py_ssize_t row_of(const pybuffer_plane *plane)
{
    return plane->columns * (plane->components ? plane->components : 1) * itemsize_of(plane);
}

/* Puts planes into regions: the last byte of an item, or the first one, is beside a page that may not be touched. */
static void place(pybuffer_plane *planes, int count)
{
    for (int p = 0; p < count; p++) {
        Py_ssize_t row = row_of(&planes[p]), line = row + (chance(2) ? chance(70) : 0);
        Py_ssize_t size = planes[p].rows > 0 && row > 0 ? (planes[p].rows - 1) * line + row : 0;
        unsigned char *first = regions[p].start;
#ifdef __SANITIZE_ADDRESS__
        int at_the_end = 1;
#else
        int at_the_end = (int)chance(2);
#endif
        first += at_the_end ? REGION - size : 0;
        if (size > REGION) {
            printf("Bail out! too large\n");
            exit(1);
        }
        for (int i = 0; i < REGION; i++) {
            regions[p].start[i] = (unsigned char)chance(256);
        }
        memcpy(regions[p].copy, regions[p].start, REGION);
        planes[p].data = first;
        planes[p].line_size = line;
        if (chance(2) && size > 0) {
            planes[p].data = first + (planes[p].rows - 1) * line;
            planes[p].line_size = -line;
        }
        if (size == 0 && chance(2)) {
            planes[p].data = NULL;
        }
    }
}

/* The picture in a file, by the model; or, from such a one, the planes. */
static Py_ssize_t model(const pybuffer_plane *planes, int count, unsigned char *packed, int writes)
{
    Py_ssize_t at = 0;
    for (int p = 0; p < count; p++) {
        for (Py_ssize_t y = 0; y < planes[p].rows; y++) {
            for (Py_ssize_t x = 0; x < row_of(&planes[p]); x++, at++) {
                unsigned char *byte = (unsigned char *)planes[p].data + y * planes[p].line_size + x;
                if (writes) {
                    regions[p].copy[byte - regions[p].start] = packed[at];
                } else {
                    packed[at] = *byte;
                }
            }
        }
    }
    return at;
}

static int freed;

static void count_it(void *context)
{
    CHECK_PTR(context, &freed);
    freed++;
    PyErr_SetString(PyExc_RuntimeError, "it is dropped");
}

static Py_ssize_t gcd(Py_ssize_t a, Py_ssize_t b)
{
    return b == 0 ? a : gcd(b, a % b);
}

static void check_plane(PyObject *view, const pybuffer_plane *plane, int readonly)
{
    const Py_buffer *got = PyMemoryView_GET_BUFFER(view);
    CHECK_INT(got->ndim, plane->components ? 3 : 2);
    CHECK_INT(got->shape[0], plane->rows);
    CHECK_INT(got->shape[1], plane->columns);
    CHECK_INT(got->strides[0], plane->line_size);
    CHECK_INT(got->strides[1], itemsize_of(plane) * (plane->components ? plane->components : 1));
    if (plane->components) {
        CHECK_INT(got->shape[2], plane->components);
        CHECK_INT(got->strides[2], itemsize_of(plane));
    }
    CHECK_PTR(got->buf, plane->data);
    CHECK_PTR(got->suboffsets, NULL);
    CHECK_STR(got->format, plane->format);
    CHECK_INT(got->readonly, readonly);
}

static void check_untouched(int count)
{
    for (int p = 0; p < count; p++) {
        CHECK_MEM(regions[p].start, regions[p].copy, REGION);
    }
}

static int by_pointers, by_strides, of_single_items;

static void one_picture(void)
{
    static unsigned char expected[4 * REGION], packed[4 * REGION];
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    PyObject *views[PYBUFFER_MAX_PLANES];
    char names[128];
    const Format *format = &formats[chance(COUNT(formats))];
    Py_ssize_t width = chance(12) ? chance(40) : 0, height = chance(12) ? chance(24) : 0;
    int readonly = chance(4) == 0;
    strcpy(names, format->names);
    int count = pybuffer_planes_layout(planes, strtok(names, " "), width, height, NULL);
    place(planes, count);
    freed = 0;
    if (!CHECK_INT(pybuffer_planes_wrap(planes, count, readonly, count_it, &freed, views), 0)) {
        CHECK_ERROR(NULL);
        return;
    }
    Py_ssize_t size = model(planes, count, expected, 0), piece = 0;
    for (int p = 0; p < count; p++) {
        check_plane(views[p], &planes[p], readonly);
        piece = planes[p].rows > 0 ? gcd(piece, row_of(&planes[p]) / itemsize_of(&planes[p])) : piece;
    }
    PyObject *picture = pybuffer_planes_join(views, count);
    if (!CHECK(picture != NULL)) {
        CHECK_ERROR(NULL);
        return;
    }
    /* The views in any order, the picture last. */
    for (int p = 0, turn = (int)chance(4); p < count; p++) {
        Py_DECREF(views[(p + turn) % count]);
    }
    CHECK_INT(freed, 0);
    Py_buffer *joined = PyMemoryView_GET_BUFFER(picture);
    CHECK_INT(joined->ndim, 2);
    CHECK_INT(joined->len, size);
    CHECK_INT(joined->readonly, readonly);
    CHECK_INT(joined->shape[1], piece);
    CHECK_INT(joined->shape[0] * joined->shape[1] * joined->itemsize, size);
    CHECK_STR(joined->format, format->format);
    if (joined->suboffsets) {
        CHECK_INT(joined->suboffsets[0], 0);
        CHECK_INT(joined->suboffsets[1], -1);
        by_pointers++;
    } else {
        by_strides++;
    }
    of_single_items += piece == 1;
    CHECK_INT(PyBuffer_ToContiguous(packed, joined, size, 'C'), 0);
    CHECK_MEM(packed, expected, (size_t)size);
    PyObject *bytes = PyBytes_FromObject(picture);
    CHECK_INT(PyBytes_Size(bytes), size);
    CHECK_MEM(PyBytes_AsString(bytes), expected, (size_t)size);
    CHECK_INT(pybuffer_check_exporter(picture, NULL, NULL), 0);
    if (!readonly) {
        for (Py_ssize_t i = 0; i < size; i++) {
            packed[i] = (unsigned char)chance(256);
        }
        model(planes, count, packed, 1);
        if (chance(2)) {
            CHECK_INT(PyBuffer_FromContiguous(joined, packed, size, 'C'), 0);
        } else {
            PyObject *from = pybuffer_memoryview_wrap(packed, format->format, 2, joined->shape, NULL, 1, NULL, NULL);
            CHECK_INT(PyObject_CopyData(picture, from), 0);
            Py_DECREF(from);
        }
    } else {
        CHECK_INT(PyObject_CopyData(picture, picture), -1);
        CHECK_ERROR(PyExc_BufferError);
    }
    check_untouched(count);
    Py_DECREF(bytes);
    CHECK_INT(freed, 0);
    PyErr_SetString(PyExc_IndexError, "pending");
    Py_DECREF(picture);
    CHECK_MESSAGE(PyExc_IndexError, "pending");
    CHECK_INT(freed, 1);
}

static void pictures_are_packed_and_written_as_by_the_model(void)
{
    const char *operations = getenv("PYBUFFER_TEST_OPERATIONS");
    int rounds = operations != NULL && atoi(operations) < 100000 ? 150 : 4000;
    for (int i = 0; i < rounds; i++) {
        one_picture();
    }
    CHECK(by_pointers > rounds / 4);
    CHECK(by_strides > rounds / 10);
    CHECK(of_single_items > rounds / 20);
}

/* ---- wrapping ----------------------------------------------------------------------------------------------- */

static unsigned char frame[4096];

static int wrap_one(pybuffer_plane plane, int readonly, PyObject **view)
{
    freed = 0;
    *view = (PyObject *)&frame;
    return pybuffer_planes_wrap(&plane, 1, readonly, count_it, &freed, view);
}

static void contradictions_are_refused_and_nothing_is_kept(void)
{
    static const Py_ssize_t huge = (Py_ssize_t)1 << 62;
    const struct {
        pybuffer_plane plane;
        PyObject *type;
        const char *message;
    } cases[] = {
        {{frame, 8, -1, 8, 0, NULL}, PyExc_ValueError, "planes: rows, columns and components must not be negative"},
        {{frame, 8, 2, -8, 0, NULL}, PyExc_ValueError, "planes: rows, columns and components must not be negative"},
        {{frame, 8, 2, 4, -2, NULL}, PyExc_ValueError, "planes: rows, columns and components must not be negative"},
        {{NULL, 8, 2, 8, 0, NULL}, PyExc_BufferError, "planes: data is NULL"},
        {{frame, 7, 2, 8, 0, NULL}, PyExc_ValueError, "planes: rows of 8 bytes overlap with a line size of 7"},
        {{frame, -7, 2, 8, 0, NULL}, PyExc_ValueError, "planes: rows of 8 bytes overlap with a line size of -7"},
        {{frame, 0, 2, 8, 0, NULL}, PyExc_ValueError, "planes: rows of 8 bytes overlap with a line size of 0"},
        {{frame, 8, 2, 8, 0, "H"}, PyExc_ValueError, "planes: rows of 16 bytes overlap with a line size of 8"},
        {{frame, 8, 2, 8, 2, "B"}, PyExc_ValueError, "planes: rows of 16 bytes overlap with a line size of 8"},
        {{frame, 8, 2, 8, 0, "T{"}, PyExc_ValueError, NULL},
        {{frame, huge, 3, 8, 0, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, -huge, 4, 8, 0, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, PY_SSIZE_T_MIN, 2, 8, 0, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, PY_SSIZE_T_MAX, 3, 8, 0, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{(void *)(UINTPTR_MAX - 8), 8, 2, 8, 0, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{(void *)4, -8, 2, 8, 0, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, huge, 1, huge, 0, "H"}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, huge, 1, huge, 2, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, huge, 0, huge, 4, NULL}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, huge, huge, huge, 0, "0s"}, PyExc_ValueError, "planes: a picture of this size is too large"},
        {{frame, 8, 2, 0, huge, "d"}, PyExc_ValueError, "planes: a picture of this size is too large"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *views[3] = {(PyObject *)frame, (PyObject *)frame, (PyObject *)frame};
        /* As the first of three planes, and as the last one. */
        pybuffer_plane good = {frame, 16, 2, 8, 0, NULL};
        pybuffer_plane first[3] = {cases[i].plane, good, good}, last[3] = {good, good, cases[i].plane};
        freed = 0;
        for (int turn = 0; turn < 2; turn++) {
            CHECK_INT(pybuffer_planes_wrap(turn ? last : first, 3, 0, count_it, &freed, views), -1);
            if (!CHECK_MESSAGE(cases[i].type, cases[i].message ? cases[i].message : pybuffer_error_message())) {
                printf("# case %zu\n", i);
            }
            CHECK(views[0] == NULL && views[1] == NULL && views[2] == NULL);
        }
        CHECK_INT(freed, 0);
    }
    PyObject *view = NULL;
    CHECK_INT(pybuffer_planes_wrap(&cases[0].plane, 0, 0, count_it, &freed, &view), -1);
    CHECK_MESSAGE(PyExc_ValueError, "planes: a picture has at least one plane");
    CHECK_INT(freed, 0);
}

static void planes_without_items_need_no_memory(void)
{
    const pybuffer_plane planes[] = {
        {NULL, 0, 0, 8, 0, NULL},          {NULL, 0, 8, 0, 0, NULL},       {NULL, -5, 3, 0, 2, "H"}, {NULL, PY_SSIZE_T_MIN, 0, 7, 0, NULL},
        {NULL, 3, PY_SSIZE_T_MAX, 0, 0, NULL}, {NULL, 1, 4, 4, 0, "0s"},
    };
    for (size_t i = 0; i < COUNT(planes); i++) {
        PyObject *view;
        if (CHECK_INT(wrap_one(planes[i], 0, &view), 0)) {
            CHECK_INT(PyMemoryView_GET_BUFFER(view)->len, 0);
            PyObject *joined = pybuffer_planes_join(&view, 1);
            CHECK(joined != NULL && PyMemoryView_GET_BUFFER(joined)->len == 0);
            CHECK_PTR(PyMemoryView_GET_BUFFER(joined)->suboffsets, NULL);
            Py_XDECREF(joined);
            Py_DECREF(view);
            CHECK_INT(freed, 1);
        }
        CHECK_ERROR(NULL);
    }
}

/* In one row the line size does not matter, and it need not be a multiple of the itemsize. */
static void line_sizes_may_be_any_that_do_not_overlap(void)
{
    static const Py_ssize_t one_row[] = {0, 1, -1, PY_SSIZE_T_MAX, PY_SSIZE_T_MIN};
    PyObject *view;
    for (size_t i = 0; i < COUNT(one_row); i++) {
        CHECK_INT(wrap_one((pybuffer_plane){frame, one_row[i], 1, 8, 0, "H"}, 0, &view), 0);
        Py_DECREF(view);
        CHECK_INT(freed, 1);
    }
    for (size_t i = 0; i < sizeof(frame); i++) {
        frame[i] = (unsigned char)i;
    }
    CHECK_INT(wrap_one((pybuffer_plane){frame + 1, 17, 3, 8, 0, "H"}, 1, &view), 0);
    uint16_t expected, item[24];
    memcpy(&expected, frame + 1 + 2 * 17 + 7 * 2, 2);
    CHECK_INT(PyBuffer_ToContiguous(item, PyMemoryView_GET_BUFFER(view), sizeof(item), 'C'), 0);
    CHECK_INT(item[23], expected);
    Py_DECREF(view);
    CHECK_INT(freed, 1);
}

/* Whatever is made from a plane, and whichever is the last. */
static void the_frame_is_freed_after_the_last_view_of_any_plane(void)
{
    for (int last = 0; last < 6; last++) {
        pybuffer_plane planes[PYBUFFER_MAX_PLANES];
        PyObject *held[6];
        Py_buffer view;
        freed = 0;
        CHECK_INT(pybuffer_planes_layout(planes, "nv12", 8, 4, frame), 2);
        CHECK_INT(pybuffer_planes_wrap(planes, 2, 0, count_it, &freed, held), 0);
        held[2] = pybuffer_memoryview_select(held[1], "..., 0");
        held[3] = pybuffer_planes_join(held, 2);
        held[4] = Py_NewRef(PyMemoryView_GET_BASE(held[0]));
        held[5] = pybuffer_memoryview_flip(held[3], 0);
        for (int i = 0; i < 6; i++) {
            CHECK(held[i] != NULL);
            CHECK(PyErr_Occurred() == NULL);
        }
        CHECK_INT(PyObject_GetBuffer(held[1], &view, PyBUF_FULL), 0);
        for (int i = 0; i < 6; i++) {
            if (i != last) {
                Py_DECREF(held[i]);
            }
        }
        CHECK_INT(freed, 0);
        if (last % 2) {
            PyBuffer_Release(&view);
            CHECK_INT(freed, 0);
            Py_DECREF(held[last]);
        } else {
            Py_DECREF(held[last]);
            CHECK_INT(freed, 0);
            PyBuffer_Release(&view);
        }
        CHECK_INT(freed, 1);
    }
}

static void a_frame_need_not_be_freed(void)
{
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    PyObject *views[PYBUFFER_MAX_PLANES];
    CHECK_INT(pybuffer_planes_layout(planes, "yuva420p", 4, 4, frame), 4);
    CHECK_INT(pybuffer_planes_wrap(planes, 4, 1, NULL, NULL, views), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(PyMemoryView_GET_BUFFER(views[i])->readonly, 1);
        CHECK_INT(pybuffer_memoryview_release(views[i]), 0);
        Py_DECREF(views[i]);
    }
}

/* ---- joining ------------------------------------------------------------------------------------------------ */

static PyObject *view_of(unsigned char *data, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides)
{
    PyObject *view = pybuffer_memoryview_wrap(data, "B", ndim, shape, strides, 0, NULL, NULL);
    CHECK(view != NULL);
    return view;
}

/* Joins two views and drops them. */
static PyObject *join(PyObject *a, PyObject *b)
{
    PyObject *both[2] = {a, b}, *joined = pybuffer_planes_join(both, 2);
    Py_DECREF(a);
    Py_DECREF(b);
    return joined;
}

static void check_layout(PyObject *joined, Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t step, Py_ssize_t stride, int pointers)
{
    if (!CHECK(joined != NULL)) {
        CHECK_ERROR(NULL);
        return;
    }
    Py_buffer *got = PyMemoryView_GET_BUFFER(joined);
    CHECK_INT(got->shape[0], rows);
    CHECK_INT(got->shape[1], columns);
    CHECK_INT(got->strides[0], step);
    CHECK_INT(got->strides[1], stride);
    CHECK_INT(got->suboffsets != NULL, pointers);
    Py_DECREF(joined);
}

#define SHAPE(...) (const Py_ssize_t[]){__VA_ARGS__}

static void planes_at_one_distance_need_no_pointers(void)
{
    /* Packed: contiguous, so that every consumer takes it. */
    PyObject *picture = join(view_of(frame, 2, SHAPE(4, 8), NULL), view_of(frame + 32, 3, SHAPE(2, 4, 2), NULL));
    Py_buffer view;
    CHECK_INT(PyObject_GetBuffer(picture, &view, PyBUF_SIMPLE), 0);
    CHECK_PTR(view.buf, frame);
    CHECK_INT(view.len, 48);
    PyBuffer_Release(&view);
    check_layout(picture, 6, 8, 8, 1, 0);
    /* Y and UV with one line size, as hardware has them; also upside down, and mirrored. */
    picture = join(view_of(frame, 2, SHAPE(4, 8), SHAPE(64, 1)), view_of(frame + 256, 3, SHAPE(2, 4, 2), SHAPE(64, 2, 1)));
    CHECK_INT(PyObject_GetBuffer(picture, &view, PyBUF_STRIDED), 0);
    PyBuffer_Release(&view);
    CHECK_INT(PyObject_GetBuffer(picture, &view, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_BufferError);
    check_layout(picture, 6, 8, 64, 1, 0);
    check_layout(join(view_of(frame + 320, 2, SHAPE(4, 8), SHAPE(-64, 1)), view_of(frame + 64, 2, SHAPE(2, 8), SHAPE(-64, 1))),
                 6, 8, -64, 1, 0);
    check_layout(join(view_of(frame + 7, 2, SHAPE(4, 8), SHAPE(64, -1)), view_of(frame + 263, 2, SHAPE(2, 8), SHAPE(64, -1))),
                 6, 8, 64, -1, 0);
    /* Anything else does. */
    picture = join(view_of(frame, 2, SHAPE(4, 8), SHAPE(64, 1)), view_of(frame + 256, 2, SHAPE(2, 4), SHAPE(64, 1)));
    CHECK_INT(PyObject_GetBuffer(picture, &view, PyBUF_STRIDED), -1);
    CHECK_ERROR(PyExc_BufferError);
    CHECK_INT(PyObject_GetBuffer(picture, &view, PyBUF_FULL), 0);
    PyBuffer_Release(&view);
    check_layout(picture, 10, 4, 8, 1, 1);
}

static void pieces_follow_from_the_shapes(void)
{
    check_layout(join(view_of(frame, 2, SHAPE(4, 6), SHAPE(9, 1)), view_of(frame + 100, 2, SHAPE(2, 4), SHAPE(9, 1))), 16, 2, 8, 1, 1);
    /* Odd widths. */
    check_layout(join(view_of(frame, 2, SHAPE(3, 5), SHAPE(9, 1)), view_of(frame + 100, 2, SHAPE(2, 3), SHAPE(9, 1))), 21, 1, 8, 1, 1);
    check_layout(join(view_of(frame, 2, SHAPE(3, 5), NULL), view_of(frame + 15, 2, SHAPE(2, 3), NULL)), 21, 1, 1, 1, 0);
    /* The first three of four components are pieces of their own. */
    check_layout(join(view_of(frame, 3, SHAPE(2, 2, 3), SHAPE(8, 4, 1)), view_of(frame + 100, 2, SHAPE(1, 6), SHAPE(9, 1))),
                 6, 3, 8, 1, 1);
    /* Y, and U of pairs: items of different distances. */
    check_layout(join(view_of(frame, 2, SHAPE(2, 4), NULL), view_of(frame + 8, 2, SHAPE(1, 2), SHAPE(4, 2))), 10, 1, 8, 1, 1);
    /* U and V of pairs. */
    check_layout(join(view_of(frame, 2, SHAPE(2, 4), SHAPE(8, 2)), view_of(frame + 1, 2, SHAPE(2, 4), SHAPE(8, 2))), 4, 4, 8, 2, 1);
    /* Lines, and single items. */
    check_layout(join(view_of(frame, 1, SHAPE(6), NULL), view_of(frame + 50, 1, SHAPE(4), NULL)), 5, 2, 8, 1, 1);
    check_layout(join(view_of(frame, 0, NULL, NULL), view_of(frame + 50, 0, NULL, NULL)), 2, 1, 50, 1, 0);
    /* A plane without items does not matter. */
    check_layout(join(view_of(frame, 2, SHAPE(4, 8), NULL), view_of(frame + 50, 2, SHAPE(0, 3), NULL)), 4, 8, 8, 1, 0);
    check_layout(join(view_of(frame, 2, SHAPE(0, 8), NULL), view_of(frame + 50, 2, SHAPE(3, 0), NULL)), 0, 0, 0, 1, 0);
}

static void parts_of_planes_are_joined_in_their_order(void)
{
    /* Cropped, upside down, and mirrored by its components: against what each is alone. */
    static const char *const parts[] = {"2:6, 4:12", "::-1", "1::2, ::2", ":, ::-1"};
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    PyObject *views[PYBUFFER_MAX_PLANES];
    for (size_t i = 0; i < sizeof(frame); i++) {
        frame[i] = (unsigned char)(i * 7 + i / 256);
    }
    CHECK_INT(pybuffer_planes_layout(planes, "nv24", 16, 8, frame), 2);
    for (size_t i = 0; i < COUNT(parts); i++) {
        PyObject *part[2], *alone[2];
        CHECK_INT(pybuffer_planes_wrap(planes, 2, 0, NULL, NULL, views), 0);
        for (int p = 0; p < 2; p++) {
            part[p] = pybuffer_memoryview_select(views[p], parts[i]);
            alone[p] = PyBytes_FromObject(part[p]);
            Py_DECREF(views[p]);
        }
        PyObject *joined = pybuffer_planes_join(part, 2), *bytes = PyBytes_FromObject(joined);
        CHECK(bytes != NULL);
        CHECK_INT(PyBytes_Size(bytes), PyBytes_Size(alone[0]) + PyBytes_Size(alone[1]));
        CHECK_MEM(PyBytes_AsString(bytes), PyBytes_AsString(alone[0]), (size_t)PyBytes_Size(alone[0]));
        CHECK_MEM(PyBytes_AsString(bytes) + PyBytes_Size(alone[0]), PyBytes_AsString(alone[1]), (size_t)PyBytes_Size(alone[1]));
        for (int p = 0; p < 2; p++) {
            Py_DECREF(part[p]);
            Py_DECREF(alone[p]);
        }
        Py_DECREF(joined);
        Py_DECREF(bytes);
    }
}

/* Planes of several exporters; the views last as long as the picture. */
static void exporters_are_kept(void)
{
    PyObject *planes[2] = {PyByteArray_FromStringAndSize("abcdef", 6), PyBytes_FromString("ghi")};
    PyObject *joined = pybuffer_planes_join(planes, 2), *part;
    CHECK_INT(exports_of(planes[0]), 1);
    CHECK_INT(PyMemoryView_GET_BUFFER(joined)->readonly, 1);
    CHECK_INT(PyByteArray_Resize(planes[0], 9), -1);
    CHECK_ERROR(PyExc_BufferError);
    part = pybuffer_memoryview_select(joined, "1:");
    CHECK_INT(pybuffer_memoryview_release(joined), 0);
    Py_DECREF(joined);
    CHECK_INT(exports_of(planes[0]), 1);
    PyObject *bytes = PyBytes_FromObject(part);
    CHECK_STR(PyBytes_AsString(bytes), "defghi");
    Py_DECREF(bytes);
    Py_DECREF(part);
    CHECK_INT(exports_of(planes[0]), 0);
    CHECK_INT(PyByteArray_Resize(planes[0], 9), 0);
    Py_DECREF(planes[0]);
    Py_DECREF(planes[1]);
    CHECK_ERROR(NULL);
    Exporter *exporter = exporter_of_bytes(frame, 8);
    PyObject *twice[2] = {(PyObject *)exporter, (PyObject *)exporter};
    joined = pybuffer_planes_join(twice, 2);
    CHECK_INT(exporter->gets, 2);
    CHECK_INT(exporter->releases, 0);
    CHECK_INT(PyMemoryView_GET_BUFFER(joined)->len, 16);
    Py_DECREF(joined);
    CHECK_UNUSED(exporter);
}

static Exporter *indirect(void)
{
    static char rows[2][4], *table[2] = {rows[0], rows[1]};
    return exporter_of_rows(table, 2, 4);
}

static void what_cannot_be_joined_is_refused(void)
{
    static const Py_ssize_t two[] = {2};
    Exporter *good = exporter_of_bytes(frame, 8), *raising = exporter_of_bytes(frame, 8), *pointers = indirect();
    Exporter *wide = exporter_new(frame, "H", 2, 1, two, NULL), *other = exporter_new(frame, "b", 1, 1, two, NULL);
    PyObject *plain = PyObject_New(PyObject, &PyBaseObject_Type), *released = PyMemoryView_FromMemory((char *)frame, 8, PyBUF_READ);
    raising->raises = PyExc_LookupError;
    CHECK_INT(pybuffer_memoryview_release(released), 0);
    const struct {
        PyObject *second, *type;
        const char *message;
    } cases[] = {
        {NULL, PyExc_SystemError, NULL},
        {plain, PyExc_TypeError, NULL},
        {released, PyExc_ValueError, NULL},
        {(PyObject *)raising, PyExc_LookupError, "the exporter refuses"},
        {(PyObject *)pointers, PyExc_NotImplementedError, "planes: memory behind pointers (suboffsets) cannot be joined"},
        {(PyObject *)wide, PyExc_BufferError, "planes: the items must have one format"},
        {(PyObject *)other, PyExc_BufferError, "planes: the items must have one format"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *planes[3] = {(PyObject *)good, cases[i].second, (PyObject *)good};
        CHECK_PTR(pybuffer_planes_join(planes, 3), NULL);
        CHECK_MESSAGE(cases[i].type, cases[i].message ? cases[i].message : pybuffer_error_message());
    }
    PyObject *planes[1] = {(PyObject *)good};
    CHECK_PTR(pybuffer_planes_join(planes, 0), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "planes: there must be at least one");
    Py_DECREF(plain);
    Py_DECREF(released);
    CHECK_UNUSED(good);
    CHECK_UNUSED(raising);
    CHECK_UNUSED(pointers);
    CHECK_UNUSED(wide);
    CHECK_UNUSED(other);
}

/* An axis along which nothing moves may be longer than memory. */
static void huge_planes_cost_nothing_or_memory(void)
{
    const Py_ssize_t huge = (Py_ssize_t)1 << 60;
    PyObject *repeated = view_of(frame, 2, SHAPE(huge, 2), SHAPE(0, 1)), *planes[4] = {repeated, repeated, repeated, repeated};
    PyObject *joined = pybuffer_planes_join(planes, 1);
    Py_INCREF(joined);
    check_layout(joined, huge, 2, 0, 1, 0);
    Py_DECREF(joined);
    check_layout(pybuffer_planes_join(planes, 2), 2 * huge, 2, 0, 1, 0);
    planes[1] = view_of(frame + 4, 2, SHAPE(huge / 2, 2), SHAPE(0, 1));
    CHECK_PTR(pybuffer_planes_join(planes, 2), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    planes[1] = (Py_DECREF(planes[1]), repeated);
    CHECK_PTR(pybuffer_planes_join(planes, 4), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "planes: a picture of this size is too large");
    Py_DECREF(repeated);
    PyObject *nothing = pybuffer_memoryview_wrap(frame, "0s", 1, SHAPE(PY_SSIZE_T_MAX), NULL, 0, NULL, NULL);
    planes[0] = planes[1] = nothing;
    check_layout(pybuffer_planes_join(planes, 1), 1, PY_SSIZE_T_MAX, 0, 0, 0);
    CHECK_PTR(pybuffer_planes_join(planes, 2), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "planes: a picture of this size is too large");
    Py_DECREF(nothing);
}

static void sixty_four_axes_are_joined(void)
{
    Py_ssize_t shape[64], strides[64];
    for (int i = 0; i < 64; i++) {
        shape[i] = i % 16 == 3 ? 2 : 1;
        strides[i] = 7 * i + 1;
    }
    PyObject *a = view_of(frame, 64, shape, strides), *b = view_of(frame, 64, shape, strides), *alone = PyBytes_FromObject(a);
    PyObject *joined = join(a, b), *bytes = PyBytes_FromObject(joined);
    CHECK_INT(PyBytes_Size(bytes), 32);
    CHECK_MEM(PyBytes_AsString(bytes), PyBytes_AsString(alone), 16);
    CHECK_MEM(PyBytes_AsString(bytes) + 16, PyBytes_AsString(alone), 16);
    Py_DECREF(joined);
    Py_DECREF(alone);
    Py_DECREF(bytes);
}

/* An exporter may do anything while it is asked. */
static PyObject *asked[2];

static int forgets(Exporter *self, Py_buffer *view, int flags)
{
    asked[1] = NULL;
    return exporter_answer(self, view, flags);
}

static void the_list_may_change_while_an_exporter_is_asked(void)
{
    Exporter *first = exporter_of_bytes(frame, 8), *second = exporter_of_bytes(frame, 8);
    first->on_get = forgets;
    asked[0] = (PyObject *)first;
    asked[1] = (PyObject *)second;
    CHECK_PTR(pybuffer_planes_join(asked, 2), NULL);
    CHECK_ERROR(PyExc_SystemError);
    CHECK_UNUSED(first);
    CHECK_UNUSED(second);
}

int main(void)
{
    map_regions();
    tap_after_each = nothing_is_left_pending;
    RUN(pixel_formats_have_their_planes);
    RUN(byte_orders_are_named);
    RUN(unknown_names_and_sizes_are_refused);
    RUN(pictures_are_packed_and_written_as_by_the_model);
    RUN(contradictions_are_refused_and_nothing_is_kept);
    RUN(planes_without_items_need_no_memory);
    RUN(line_sizes_may_be_any_that_do_not_overlap);
    RUN(the_frame_is_freed_after_the_last_view_of_any_plane);
    RUN(a_frame_need_not_be_freed);
    RUN(planes_at_one_distance_need_no_pointers);
    RUN(pieces_follow_from_the_shapes);
    RUN(parts_of_planes_are_joined_in_their_order);
    RUN(exporters_are_kept);
    RUN(what_cannot_be_joined_is_refused);
    RUN(huge_planes_cost_nothing_or_memory);
    RUN(sixty_four_axes_are_joined);
    RUN(the_list_may_change_while_an_exporter_is_asked);
    return tap_end();
}

/* Video from and to .y4m files. See y4m_io.h. */
#include "y4m_io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "YUV4MPEG2"
#define FRAME "FRAME"
#define MAX_SIDE 32768
/* The longest line; each is text that ends with a newline. */
#define MAX_LINE 240

static const struct {
    const char *color, *format, *interleaved;
} colors[] = {
    {"420jpeg", "yuv420p", "nv12"}, {"420mpeg2", "yuv420p", "nv12"}, {"420paldv", "yuv420p", "nv12"},
    {"420", "yuv420p", "nv12"},     {"422", "yuv422p", "nv16"},      {"444", "yuv444p", "nv24"},
    {"411", "yuv411p", ""},         {"444alpha", "yuva444p", ""},    {"mono", "gray", ""},
};

/* Those of more than 8 bits have the number of them after the name, and are little-endian. */
static const struct {
    const char *color, *format, *interleaved;
} deep[] = {
    {"420p", "yuv420p", "p016le"},
    {"422p", "yuv422p", "p216le"},
    {"444p", "yuv444p", "p416le"},
    {"mono", "gray", ""},
};

static int
find_color(Video *video)
{
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
        if (strcmp(video->color, colors[i].color) == 0) {
            strcpy(video->format, colors[i].format);
            strcpy(video->interleaved, colors[i].interleaved);
            strcpy(video->gray, "mono");
            return 0;
        }
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
        size_t length = strlen(deep[i].color);
        const char *bits = video->color + length;

        if (strncmp(video->color, deep[i].color, length) != 0)
            continue;
        if (strcmp(bits, "9") == 0 ||
            (strlen(bits) == 2 && bits[0] == '1' && bits[1] >= '0' && bits[1] <= '6')) {
            snprintf(video->format, sizeof video->format, "%s%.2sle", deep[i].format, bits);
            snprintf(video->gray, sizeof video->gray, "mono%.2s", bits);
            strcpy(video->interleaved, deep[i].interleaved);
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "%s: unknown colour space %s", video->file.path, video->color);
    return -1;
}

/* The line from an offset on, without its newline, as a string. Its length; -1 with an error set. */
static int
read_line(const File *file, Py_ssize_t offset, char line[MAX_LINE + 1])
{
    Py_ssize_t rest = file->size - offset;
    const unsigned char *start = file->bytes + offset;
    const unsigned char *end = memchr(start, '\n', (size_t)(rest < MAX_LINE ? rest : MAX_LINE));

    if (end == NULL || memchr(start, '\0', (size_t)(end - start)) != NULL)
        return file_error(file, "a line of the header is cut off, too long, or no text");
    memcpy(line, start, (size_t)(end - start));
    line[end - start] = '\0';
    return (int)(end - start);
}

/* A side of the picture; 0 for anything else. */
static Py_ssize_t
side(const char *digits)
{
    char *end;
    long number = strtol(digits, &end, 10);

    return *digits >= '0' && *digits <= '9' && *end == '\0' && number <= MAX_SIDE ? number : 0;
}

static int
read_parameters(Video *video, char *line)
{
    strcpy(video->color, "420jpeg");
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
        if (*word == 'W')
            video->width = side(word + 1);
        else if (*word == 'H')
            video->height = side(word + 1);
        else if (*word == 'C')
            snprintf(video->color, sizeof video->color, "%s", word + 1);
        else if (*word != 'X') /* which is for one program or another */
            snprintf(strchr(video->rest, '\0'), MAX_LINE, " %s", word);
    }
    if (video->width == 0 || video->height == 0) {
        PyErr_Format(PyExc_ValueError, "%s: width and height must be 1 to %d", video->file.path,
                     MAX_SIDE);
        return -1;
    }
    return find_color(video);
}

/* How large a packed picture is. */
static int
find_sizes(Video *video)
{
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    int count = pybuffer_planes_layout(planes, video->format, video->width, video->height, NULL);

    for (int i = 0; i < count; i++)
        video->frame_size += planes[i].rows * planes[i].line_size;
    if (count > 0)
        video->gray_size = planes[0].rows * planes[0].line_size;
    return count < 0 ? -1 : 0;
}

static int
read_header(Video *video)
{
    char line[MAX_LINE + 1];
    int length = read_line(&video->file, 0, line);

    if (length < 0)
        return -1;
    if (strncmp(line, MAGIC " ", sizeof MAGIC) != 0)
        return file_error(&video->file, "no YUV4MPEG2 file");
    if (read_parameters(video, line + sizeof MAGIC) < 0 || find_sizes(video) < 0)
        return -1;
    video->next = length + 1;
    while (video->next < video->file.size) {
        if (y4m_next(video) == NULL)
            return -1;
        video->frames++;
    }
    video->next = length + 1;
    return video->frames > 0 ? 0 : file_error(&video->file, "there is no frame");
}

int
y4m_view(const File *file, Video *video)
{
    memset(video, 0, sizeof *video);
    video->file = *file;
    return read_header(video);
}

int
y4m_open(const char *path, Video *video)
{
    File file;

    if (file_open(path, &file) < 0)
        return -1;
    if (y4m_view(&file, video) == 0)
        return 0;
    file_close(&file);
    return -1;
}

void
y4m_close(Video *video)
{
    file_close(&video->file);
}

const void *
y4m_next(Video *video)
{
    char line[MAX_LINE + 1];
    int length = read_line(&video->file, video->next, line);
    const void *frame;

    if (length < 0)
        return NULL;
    if (strcmp(line, FRAME) != 0 && strncmp(line, FRAME " ", sizeof FRAME) != 0) {
        file_error(&video->file, "a frame does not start with FRAME");
        return NULL;
    }
    video->next += length + 1;
    if (video->frame_size > video->file.size - video->next) {
        file_error(&video->file, "a frame is cut off");
        return NULL;
    }
    frame = video->file.bytes + video->next;
    video->next += video->frame_size;
    return frame;
}

/* ---- Writing --------------------------------------------------------------------------- */

PyObject *
y4m_frames(const Video *video, const char *color, Py_ssize_t frame_size)
{
    size_t head = color != NULL ? sizeof FRAME : 0; /* the newline, too */
    const Py_ssize_t shape[2] = {video->frames, frame_size + (Py_ssize_t)head};
    PyObject *frames = pybuffer_memoryview_new("B", 2, shape, 'C');

    for (Py_ssize_t i = 0; frames != NULL && i < shape[0]; i++)
        memcpy((char *)PyMemoryView_GET_BUFFER(frames)->buf + i * shape[1], FRAME "\n", head);
    return frames;
}

int
y4m_put(PyObject *frames, Py_ssize_t number, PyObject *picture)
{
    const Py_buffer *to = PyMemoryView_GET_BUFFER(frames), *from = PyMemoryView_GET_BUFFER(picture);
    char *end = (char *)to->buf + (number + 1) * to->shape[1];

    return PyBuffer_ToContiguous(end - from->len, from, from->len, 'C');
}

int
y4m_write(const char *directory, const char *name, const Video *video, const char *color,
          PyObject *frames)
{
    char head[512];
    int length = 0;

    if (color != NULL)
        length = snprintf(head, sizeof head, MAGIC " W%zd H%zd%s C%s\n", video->width, video->height,
                          video->rest, color);
    return file_write(directory, name, head, (size_t)length, frames, 0);
}

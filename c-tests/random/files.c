/* The readers of files that the program pybuffer and the examples have (../../examples): arrays of NumPy, sounds, pictures and films. A
 * file is made with what the reader is to find in it, and mostly changed afterwards, or is any bytes. It ends at an inaccessible
 * page. What a reader takes must lie in the file; of a file that has not been changed it must be what was put there.
 */
#include "random.h"

#include "image_io.h"
#include "npy_io.h"
#include "wav_io.h"
#include "y4m_io.h"

enum { MOST_BYTES = 16000 };
enum { NPY, WAV, NETPBM, BMP, Y4M, KINDS };

static Arena memory;
static unsigned char bytes[MOST_BYTES];
static size_t used;
static int kind, changed;

/* What an unchanged file holds: the view, and a number beside it (the largest, the rate, the number of frames). */
static struct {
    const char *format;
    int ndim;
    Py_ssize_t shape[8], strides[8], offset;
    Py_ssize_t number;
} right;
static char format_text[80];

static void describe_file(void)
{
    static const char *const names[KINDS] = {"an array of NumPy", "a sound", "a picture", "a picture (BMP)", "a film"};
    printf("#   %s, %s, %zu bytes:", names[kind], changed ? "changed" : "unchanged", used);
    for (size_t i = 0; i < used && i < 300; i++) {
        printf(bytes[i] >= ' ' && bytes[i] < 127 && bytes[i] != '\\' ? "%c" : "\\x%02x", bytes[i]);
    }
    printf("\n");
}

static void put(const void *more, size_t size)
{
    MUST(used + size <= sizeof(bytes));
    memcpy(bytes + used, more, size);
    used += size;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void put_number(uint64_t number, int size)
{
    for (int i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(number >> 8 * i);
        put(&byte, 1);
    }
}

static void put_decimal(Py_ssize_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%zd", number);
    put_text(text);
}

static void put_data(size_t size)
{
    MUST(used + size <= sizeof(bytes));
    scribble(bytes + used, size);
    used += size;
}

/* C order, from the itemsize on. */
static void set_strides(Py_ssize_t itemsize, int fortran)
{
    for (int i = 0; i < right.ndim; i++) {
        int axis = fortran ? i : right.ndim - 1 - i;
        right.strides[axis] = itemsize;
        itemsize *= right.shape[axis];
    }
}

/* ---- arrays of NumPy ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *type, *format;
    Py_ssize_t size;
} types[] = {
    {"<f8", "<d", 8},  {">f4", ">f", 4},  {"|b1", "<?", 1},   {"<i2", "<h", 2},   {">u8", ">Q", 8}, {"|S5", "5s", 5},   {"<U3", "<3w", 12},
    {"|V7", "7x", 7},  {"<c8", "<Zf", 8}, {">c16", ">Zd", 16}, {"<M8[ns]", "<q", 8}, {"|u1", "<B", 1}, {"<f2", "<e", 2}, {"=i4", "<i", 4},
};

static void put_space(void)
{
    static const char *const spaces[] = {"", "", " ", "  ", "\n", "\r\n", "\t", "\f"};
    put_text(spaces[below(COUNT(spaces))]);
}

/* A type, or a record of types; its size. */
static Py_ssize_t put_descr(int depth)
{
    char *end = format_text + strlen(format_text);
    if (depth < 2 && once_in(3)) {
        Py_ssize_t size = 0;
        strcat(format_text, "T{");
        put_text("[");
        for (int i = 0, fields = (int)between(1, 2); i < fields; i++) {
            Py_ssize_t times = once_in(4) ? between(1, 3) : 0;
            put_space();
            put_text(once_in(4) ? "(u'" : "('");
            char name[2] = {(char)('a' + i), '\0'};
            put_text(name);
            put_text("',");
            put_space();
            if (times > 0) {
                sprintf(format_text + strlen(format_text), "(%zd)", times);
            }
            Py_ssize_t field = depth == 0 && once_in(3) && times == 0 ? put_descr(depth + 1) : put_descr(2);
            if (times > 0) {
                put_text(", (");
                put_decimal(times);
                put_text(once_in(2) ? ",)" : "L,)");
            }
            put_text(i + 1 < fields ? ")," : once_in(2) ? ")" : "),");
            sprintf(format_text + strlen(format_text), ":%s:", name);
            size += field * (times == 0 ? 1 : times);
        }
        put_text("]");
        strcat(format_text, "}");
        return size;
    }
    size_t type = below(COUNT(types));
    put_text("'");
    put_text(types[type].type);
    put_text("'");
    strcpy(end, types[type].format);
    return types[type].size;
}

static void make_npy(void)
{
    int version = (int)between(1, 3), order[3], fortran = once_in(3);
    Py_ssize_t itemsize = 0, items = 1;
    put("\x93NUMPY", 6);
    put_number((uint64_t)version, 1);
    put_number(0, 1);
    size_t length_at = used;
    put_number(0, version == 1 ? 2 : 4);
    size_t start = used;
    format_text[0] = '\0';
    right.format = format_text;
    shuffled(order, 3);
    put_text("{");
    for (int i = 0; i < 3; i++) {
        put_space();
        switch (order[i]) {
        case 0:
            put_text("'descr':");
            put_space();
            itemsize = put_descr(0);
            break;
        case 1:
            put_text(once_in(4) ? "u'fortran_order': " : "'fortran_order': ");
            put_text(fortran ? "True" : "False");
            break;
        default:
            put_text("\"shape\": (");
            right.ndim = (int)below(4);
            for (int axis = 0; axis < right.ndim; axis++) {
                right.shape[axis] = once_in(20) ? 0 : between(1, 4);
                items *= right.shape[axis];
                put_decimal(right.shape[axis]);
                put_text(once_in(4) ? "L," : ",");
                put_space();
            }
            put_text(")");
        }
        put_text(i < 2 || once_in(2) ? "," : "");
    }
    put_space();
    put_text("}");
    put_space();
    uint64_t length = used - start;
    for (int i = 0; i < (version == 1 ? 2 : 4); i++) {
        bytes[length_at + (size_t)i] = (unsigned char)(length >> 8 * i);
    }
    right.offset = (Py_ssize_t)used;
    set_strides(itemsize, fortran);
    put_data((size_t)(items * itemsize) + below(3));
}

/* ---- sounds ---------------------------------------------------------------------------------------------------------- */

static void make_wav(void)
{
    static const struct {
        int tag, size;
        const char *format;
    } samples[] = {{1, 1, "B"}, {1, 2, "<h"}, {1, 3, "<B:low:h:high:"}, {1, 4, "<i"}, {3, 4, "<f"}, {3, 8, "<d"}};
    size_t sample = below(COUNT(samples));
    Py_ssize_t channels = between(1, 5), frame = channels * samples[sample].size;
    int extensible = once_in(3), pad = !once_in(3);
    put_text("RIFF");
    put_number(once_in(3) ? UINT32_MAX : any64(), 4);
    put_text("WAVE");
    right.format = samples[sample].format;
    right.number = between(1, 96000);
    if (once_in(3)) {
        put_text("LIST");
        put_number(5, 4);
        put_text("other");
        put("", pad);
    }
    put_text("fmt ");
    put_number(extensible ? 40 : 16, 4);
    put_number(extensible ? 0xfffe : (uint64_t)samples[sample].tag, 2);
    put_number((uint64_t)channels, 2);
    put_number((uint64_t)right.number, 4);
    put_number(any64(), 4);
    put_number((uint64_t)frame, 2);
    put_number((uint64_t)samples[sample].size * 8, 2);
    if (extensible) {
        put_number(22, 2);
        put_number(below((uint64_t)samples[sample].size * 8 + 1), 2);
        put_number(any64(), 4);
        put_number((uint64_t)samples[sample].tag, 2);
        put("\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 14);
    }
    put_text("data");
    Py_ssize_t frames = once_in(8) ? 0 : between(1, 20);
    /* The length may not have been known when it was written, or the file may be cut off. */
    put_number((uint64_t)(frames * frame) + (once_in(3) ? any64() % 100000 : 0), 4);
    if (once_in(4)) {
        memset(bytes + used - 4, 0xff, 4);
    }
    right.offset = (Py_ssize_t)used;
    right.ndim = 2;
    right.shape[0] = frames;
    right.shape[1] = channels;
    set_strides(samples[sample].size, 0);
    put_data((size_t)(frames * frame));
}

/* ---- pictures -------------------------------------------------------------------------------------------------------- */

static void put_netpbm_space(int after_number)
{
    static const char *const spaces[] = {" ", "\n", "\r", "\t", "\r\n", " # so 1 2\n", "\n#\r", "  "};
    put_text(after_number ? spaces[below(COUNT(spaces))] : once_in(2) ? "\n" : " ");
}

static void make_netpbm(void)
{
    int color = once_in(2);
    put_text(color ? "P6" : "P5");
    right.ndim = 3;
    right.shape[0] = between(1, 9);
    right.shape[1] = between(1, 9);
    right.shape[2] = color ? 3 : 1;
    right.number = once_in(2) ? 255 : scaled(1, 65535);
    right.format = right.number > 255 ? ">H" : "B";
    put_netpbm_space(1);
    put_decimal(right.shape[1]);
    put_netpbm_space(1);
    put_decimal(right.shape[0]);
    put_netpbm_space(1);
    put_decimal(right.number);
    put_netpbm_space(0);
    right.offset = (Py_ssize_t)used;
    Py_ssize_t size = right.number > 255 ? 2 : 1;
    set_strides(size, 0);
    put_data((size_t)(right.shape[0] * right.strides[0]) + below(3));
}

static void make_bmp(void)
{
    Py_ssize_t width = between(1, 9), height = between(1, 9), row = (width * 3 + 3) / 4 * 4, gap = (Py_ssize_t)below(4);
    int upwards = once_in(2);
    put_text("BM");
    put_number(any64(), 4);
    put_number(any64(), 4);
    put_number((uint64_t)(54 + gap), 4);
    put_number(40, 4);
    put_number((uint64_t)width, 4);
    put_number((uint64_t)(upwards ? height : -height), 4);
    put_number(1, 2);
    put_number(24, 2);
    put_number(0, 4);
    put_data((size_t)(20 + gap));
    right.format = "B";
    right.number = 255;
    right.ndim = 3;
    right.shape[0] = height;
    right.shape[1] = width;
    right.shape[2] = 3;
    right.strides[0] = upwards ? -row : row;
    right.strides[1] = 3;
    right.strides[2] = -1;
    right.offset = (Py_ssize_t)used + (upwards ? (height - 1) * row : 0) + 2;
    put_data((size_t)(height * row) + below(3));
}

/* ---- films ----------------------------------------------------------------------------------------------------------- */

/* Of one frame: the first line. Others have the number of its bytes. */
static void make_y4m(void)
{
    static const struct {
        const char *color;
        int across, down, planes, size; /* of the second plane and the third one; bytes of a sample */
    } colors[] = {{"420jpeg", 2, 2, 3, 1}, {"422", 2, 1, 3, 1}, {"444", 1, 1, 3, 1}, {"411", 4, 1, 3, 1}, {"mono", 0, 0, 1, 1},
                  {"420p10", 2, 2, 3, 2},  {"444p9", 1, 1, 3, 2}, {"mono16", 0, 0, 1, 2}, {"444alpha", 1, 1, 4, 1}};
    size_t color = below(COUNT(colors));
    Py_ssize_t width = between(1, 9), height = between(1, 9), frame = width * height * colors[color].size;
    right.number = between(1, 3);
    if (colors[color].planes > 1) {
        Py_ssize_t across = colors[color].across, down = colors[color].down;
        frame += (colors[color].planes - 1) * ((width + across - 1) / across) * ((height + down - 1) / down) * colors[color].size;
    }
    put_text("YUV4MPEG2 F25:1 W");
    put_decimal(width);
    put_text(once_in(2) ? " XSOME=1 H" : "  Ip H");
    put_decimal(height);
    if (color != 0 || once_in(2)) {
        put_text(" C");
        put_text(colors[color].color);
    }
    put_text("\n");
    right.ndim = 1;
    right.shape[0] = frame;
    for (Py_ssize_t i = 0; i < right.number; i++) {
        put_text(once_in(4) ? "FRAME Ip\n" : "FRAME\n");
        right.offset = i == 0 ? (Py_ssize_t)used : right.offset;
        put_data((size_t)frame);
    }
}

/* ---- changes --------------------------------------------------------------------------------------------------------- */

static void change(void)
{
    static const char *const pieces[] = {"0", "9", "-1", "18446744073709551615", "9223372036854775807", "4294967296", "()", "(0,)", "[", "{",
                                         "'", "\\x", "u'", "2L", "#", "\r", "T{", ":", "|V0", "<U9", "data", "fmt ", "RIFF", "FRAME\n"};
    static const uint64_t numbers[] = {0, 1, 2, 3, 255, 256, 32767, 32768, 65535, 65536, 1 << 24, INT32_MAX, 1u << 31, UINT32_MAX, UINT32_MAX - 35};
    for (int times = (int)between(1, 3); times > 0; times--) {
        /* Mostly in the header. */
        size_t at = below(once_in(3) ? used + 1 : used < 100 ? used + 1 : 100), count = between(1, 8), size;
        char byte = (char)any64();
        const char *piece = &byte;
        switch (below(6)) {
        case 0:
            if (at < used) {
                bytes[at] = (unsigned char)byte;
            }
            break;
        case 1: {
            uint64_t number = numbers[below(COUNT(numbers))];
            for (size_t i = 0, of = once_in(2) ? 2 : 4; i < of && at + i < used; i++) {
                bytes[at + i] = (unsigned char)(number >> 8 * i);
            }
            break;
        }
        case 2:
            used = at;
            break;
        case 3:
            count = count > used - at ? used - at : count;
            memmove(bytes + at, bytes + at + count, used - at - count);
            used -= count;
            break;
        default:
            size = 1;
            if (once_in(2)) {
                piece = pieces[below(COUNT(pieces))];
                size = strlen(piece);
            }
            if (used + size <= sizeof(bytes)) {
                memmove(bytes + at + size, bytes + at, used - at);
                memcpy(bytes + at, piece, size);
                used += size;
            }
        }
    }
}

/* ---- reading --------------------------------------------------------------------------------------------------------- */

/* All items of a view lie in the file, and can be read; of an unchanged file they are those that are there. */
static void must_be_read(const File *file, PyObject *view, Py_ssize_t number)
{
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view), *whole = PyMemoryView_GET_BUFFER(file->view);
    Big low = (char *)is->buf - (char *)whole->buf, high = low + is->itemsize;
    MUST(!is->readonly == !whole->readonly && is->suboffsets == NULL);
    for (int i = 0; i < is->ndim; i++) {
        *(is->strides[i] < 0 ? &low : &high) += (Big)is->strides[i] * (is->shape[i] - 1);
    }
    MUST_SAY(is->len == 0 || (low >= 0 && high <= file->size), "items lie outside of the file");
    PyObject *copy = pybuffer_memoryview_tobytes(view, 'C');
    MUST_RAISE(copy == NULL, NULL);
    Py_DECREF(copy);
    if (changed) {
        return;
    }
    MUST_SAY(strcmp(is->format, right.format) == 0, "the format is '%s', not '%s'", is->format, right.format);
    MUST_SAY(is->ndim == right.ndim, "there are %d axes, not %d", is->ndim, right.ndim);
    for (int i = 0; i < right.ndim; i++) {
        MUST_SAY(is->shape[i] == right.shape[i], "axis %d has %zd items, not %zd", i, is->shape[i], right.shape[i]);
        MUST_SAY(is->len == 0 || is->shape[i] == 1 || is->strides[i] == right.strides[i], "axis %d has stride %zd, not %zd", i,
                 is->strides[i], right.strides[i]);
    }
    MUST(is->len == 0 || is->buf == file->bytes + right.offset);
    MUST_SAY(number == right.number, "the number is %zd, not %zd", number, right.number);
}

/* Samples become doubles, and these the same samples. */
static void must_be_sound(const Wave *wave)
{
    const Py_buffer *is = PyMemoryView_GET_BUFFER(wave->samples);
    PyObject *numbers = wav_to_numbers(wave, wave->samples), *copy = pybuffer_memoryview_copy(wave->samples, 'C');
    MUST_RAISE(numbers == NULL || copy == NULL, NULL);
    MUST(is->shape[1] >= 1 && is->shape[1] <= WAV_MAX_CHANNELS && wave->rate > 0);
    if (wave->kind->tag == 1) {
        memset(PyMemoryView_GET_BUFFER(copy)->buf, 0x55, (size_t)is->len);
        MUST_RAISE(wav_from_numbers(wave, copy, numbers) != 0, NULL);
        MUST(pybuffer_memoryview_equal(copy, wave->samples) == 1);
    }
    Py_DECREF(copy);
    Py_DECREF(numbers);
    executed();
}

static void must_be_film(Video *video)
{
    MUST(video->frames > 0 && video->frame_size > 0 && video->gray_size <= video->frame_size);
    for (Py_ssize_t i = 0; i < video->frames; i++) {
        const unsigned char *frame = y4m_next(video);
        MUST_RAISE(frame == NULL, NULL);
        MUST(frame >= video->file.bytes && frame + video->frame_size <= video->file.bytes + video->file.size);
        MUST(changed || i > 0 || (frame == video->file.bytes + right.offset && video->frame_size == right.shape[0]));
    }
    MUST(video->next == video->file.size && (changed || video->frames == right.number));
}

static void read_file(void)
{
    static char place[MOST_BYTES];
    char *start = memory.start + memory.size - used;
    File file = {"the file", NULL, (unsigned char *)start, (Py_ssize_t)used};
    int maximum = 0, status = 0;
    Wave wave = {0};
    Video video;
    memcpy(start, bytes, used);
    memcpy(place, bytes, used);
    file.view = pybuffer_memoryview_wrap(start, "B", 1, &file.size, NULL, once_in(2), NULL, NULL);
    MUST_RAISE(file.view == NULL, NULL);
    PyObject *view = NULL;
    blocks.failed = 0;
    blocks.fail_in = once_in(12) ? between(1, 12) : 0;
    blocks.fail_on = 0;
    switch (kind) {
    case NPY:
        view = npy_view(&file);
        break;
    case WAV:
        status = wav_view(&file, &wave);
        view = wave.samples;
        break;
    case Y4M:
        status = y4m_view(&file, &video);
        break;
    default:
        view = image_view(&file, &maximum);
    }
    blocks.fail_in = 0;
    if (view == NULL && (kind != Y4M || status < 0)) {
        PyObject *error = PyErr_Occurred();
        int no_memory = blocks.failed > 0 && error == PyExc_MemoryError;
        MUST_SAY(no_memory || (changed && error == PyExc_ValueError), "the file is not read");
        PyErr_Clear();
    }
    else {
        MUST_RAISE(status < 0, NULL);
        if (kind == Y4M) {
            must_be_film(&video);
        }
        else {
            must_be_read(&file, view, kind == WAV ? (Py_ssize_t)wave.rate : kind == NPY ? 0 : maximum);
            MUST(kind == NPY || kind == WAV || (maximum >= 1 && maximum <= 65535));
        }
        if (kind == WAV) {
            must_be_sound(&wave);
        }
        Py_XDECREF(view);
    }
    executed();
    MUST_SAY(Py_REFCNT(file.view) == 1, "%zd references to the file are left", Py_REFCNT(file.view) - 1);
    Py_DECREF(file.view);
    MUST_BE("the file", start, place, used);
}

static void round_of_files(void)
{
    static void (*const make[KINDS])(void) = {make_npy, make_wav, make_netpbm, make_bmp, make_y4m};
    arena_make(&memory, 4 * PAGE);
    memset(&right, 0, sizeof(right));
    used = 0;
    changed = 0;
    kind = (int)below(KINDS);
    describe = describe_file;
    if (once_in(12)) {
        static const char *const magics[KINDS] = {"\x93NUMPY\1", "RIFF\1\2\3\4WAVE", "P6", "BM", "YUV4MPEG2 "};
        put_text(magics[kind]);
        changed = 1;
        for (size_t length = below(300); length > 0; length--) {
            put_number(any64() >> 56, 1);
        }
    }
    else {
        make[kind]();
        if (!once_in(3)) {
            changed = 1;
            change();
        }
    }
    read_file();
}

const Family files = {"files", round_of_files, 60000};

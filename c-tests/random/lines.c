/* Long lines: one or two axes with up to 5,000 items of every size, at every step and in both directions, near the sizes of
 * vectors, cache lines, pages and the periods of shuffles. Copied, compared, filled and shown as hexadecimal digits.
 */
#include "random.h"

static Arena data[2];
static Layout first, second;
static const char *doing;

static void describe_lines(void)
{
    printf("#   %s\n", doing);
    print_view("first", &first.view);
    print_view("second", &second.view);
}

enum { ROOM = 1 << 21 };

/* Mostly not far from a multiple of what kernels count in. */
static Py_ssize_t random_count(Py_ssize_t itemsize, Py_ssize_t step)
{
    Py_ssize_t most = once_in(100) ? 5000 : once_in(4) ? 1500 : once_in(2) ? 300 : 80, bytes = step < itemsize ? itemsize : step;
    if (most * bytes > (once_in(20) ? ROOM / 4 : 40000)) {
        most = 40000 / bytes + 1;
    }
    Py_ssize_t count;
    switch (below(4)) {
    case 0:
        count = ((Py_ssize_t)16 << below(9)) / (once_in(2) ? 1 : itemsize) + between(-3, 3);
        break;
    case 1:
        count = scaled(1, most);
        break;
    case 2:
        count = 1024 + between(-40, 40);
        break;
    default:
        count = between(1, most);
    }
    return count < 1 ? 1 : count > most ? most : count;
}

static Py_ssize_t random_step(Py_ssize_t itemsize)
{
    Py_ssize_t gap;
    switch (below(5)) {
    case 0:
        gap = 0;
        break;
    case 1:
        gap = itemsize * between(0, 8);
        break;
    case 2:
        gap = between(0, 288);
        break;
    default:
        gap = between(0, 2 * itemsize + 4);
    }
    return (itemsize + gap) * (once_in(2) ? -1 : 1);
}

/* A line, or some of them, adjacent or apart; with items that come again where `repeats`. */
static void make(Layout *layout, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape, int repeats)
{
    Py_ssize_t strides[2];
    for (;;) {
        strides[ndim - 1] = repeats && once_in(8) ? 0 : random_step(itemsize);
        if (ndim == 2) {
            Py_ssize_t line = strides[1] < 0 ? -strides[1] : strides[1];
            strides[0] = repeats && once_in(8) ? 0
                         : line == 0 ? random_step(itemsize)
                                     : (line * shape[1] + (once_in(2) ? 0 : between(0, 64))) * (once_in(2) ? -1 : 1);
        }
        layout_strided(layout, itemsize, ndim, shape, strides);
        if (layout->span <= ROOM) {
            return;
        }
    }
}

static void put(Layout *layout, int number)
{
    layout_put(layout, arena_place(&data[number], layout->span));
    scribble(layout->low, layout->span);
}

static void copy_lines(void)
{
    Py_ssize_t itemsize = once_in(2) ? between(1, 48) : (Py_ssize_t)1 << below(6), shape[2];
    int ndim = once_in(3) ? 2 : 1, way = (int)below(3);
    shape[ndim - 1] = random_count(itemsize, once_in(2) ? 2 * itemsize : 300);
    if (ndim == 2) {
        shape[0] = between(1, 6);
        if (once_in(2)) {
            Py_ssize_t length = shape[0];
            shape[0] = shape[1];
            shape[1] = length;
        }
    }
    make(&first, itemsize, ndim, shape, way != 1);
    make(&second, itemsize, ndim, shape, 0);
    Py_ssize_t packed[2] = {(ndim == 2 ? shape[1] : 1) * itemsize, itemsize};
    if (way == 0) {
        layout_strided(&second, itemsize, ndim, shape, packed);
    }
    if (way == 1) {
        layout_strided(&first, itemsize, ndim, shape, packed);
    }
    put(&first, 0);
    put(&second, 1);
    doing = copies_by[way];
    copy_like_the_model(&first, &second, way);
}

/* Two lines with the same items, but for one byte now and then. */
static void compare_lines(void)
{
    static char *const formats[] = {"B", "b", "c", "?", "H", "<H", ">H", "I", "<i", ">I", "Q", "=q", ">Q", "3s", "7s", "16s", "<hb",
                                    "<2H", "T{B:x:<i:y:}"};
    static const Py_ssize_t sizes[] = {1, 1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 3, 7, 16, 3, 4, 5};
    size_t f = below(COUNT(formats));
    Py_ssize_t itemsize = sizes[f], shape[2];
    int ndim = once_in(4) ? 2 : 1;
    doing = "pybuffer_memoryview_equal";
    shape[ndim - 1] = random_count(itemsize, 2 * itemsize);
    shape[0] = ndim == 2 ? between(1, 6) : shape[0];
    make(&first, itemsize, ndim, shape, 1);
    make(&second, itemsize, ndim, shape, 0);
    put(&first, 0);
    put(&second, 1);
    size_t count = model_items(&first.view, 'C', model_list[0]), size = (size_t)itemsize, at = below(count);
    model_items(&second.view, 'C', model_list[1]);
    int truth = strcmp(formats[f], "?") == 0, expected = 1;
    for (size_t i = 0; i < count; i++) {
        if (truth && i == 0) {
            for (size_t j = 0; j < count; j++) {
                *model_list[0][j] &= 1;
            }
        }
        memcpy(model_list[1][i], model_list[0][i], size);
    }
    if (once_in(2)) {
        model_list[1][at][below(size)] ^= truth ? 1 : (char)(1 << below(8));
        expected = 0;
    }
    first.view.format = second.view.format = formats[f];
    PyObject *a = PyMemoryView_FromBuffer(&first.view), *b = PyMemoryView_FromBuffer(&second.view);
    MUST_RAISE(a == NULL || b == NULL, NULL);
    int result = pybuffer_memoryview_equal(a, b);
    MUST_RAISE(result < 0, NULL);
    MUST_SAY(result == expected, "equal: %d; item %zu of %zu is %s", result, at, count, expected ? "the same" : "not the same");
    if (f < 13) {
        result = PyObject_RichCompareBool(b, a, Py_EQ);
        MUST_SAY(result == expected, "Py_EQ: %d; item %zu of %zu is %s", result, at, count, expected ? "the same" : "not the same");
    }
    MUST_RAISE(0, NULL);
    Py_DECREF(a);
    Py_DECREF(b);
    executed();
}

static void fill_lines(void)
{
    Py_ssize_t itemsize = between(1, 48), shape[2];
    int ndim = once_in(3) ? 2 : 1;
    char format[8], item[48];
    doing = "pybuffer_memoryview_fill";
    snprintf(format, sizeof(format), "%zds", itemsize);
    shape[ndim - 1] = random_count(itemsize, 2 * itemsize);
    shape[0] = ndim == 2 ? between(1, 6) : shape[0];
    make(&first, itemsize, ndim, shape, 1);
    put(&first, 0);
    memset(&second.view, 0, sizeof(second.view));
    scribble(item, sizeof(item));
    size_t count = model_items(&first.view, 'C', model_list[0]);
    char *expected = snapshot(0, first.low, first.span);
    for (size_t i = 0; i < count; i++) {
        memcpy(expected + (model_list[0][i] - first.low), item, (size_t)itemsize);
    }
    first.view.format = format;
    PyObject *view = PyMemoryView_FromBuffer(&first.view);
    pybuffer_value value = PYBUFFER_BYTES(item, itemsize);
    MUST_RAISE(view == NULL || pybuffer_memoryview_fill(view, NULL, 0, &value, 1) != 0, NULL);
    MUST_BE("the items", first.low, expected, first.span);
    Py_DECREF(view);
    executed();
}

static void show_lines(void)
{
    Py_ssize_t itemsize = once_in(2) ? 1 : between(1, 16), shape[2], group = between(-9, 9);
    int ndim = once_in(3) ? 2 : 1, separator = once_in(2) ? '-' : -1;
    doing = "pybuffer_memoryview_hex";
    shape[ndim - 1] = random_count(itemsize, 2 * itemsize);
    shape[0] = ndim == 2 ? between(1, 6) : shape[0];
    make(&first, itemsize, ndim, shape, 1);
    put(&first, 0);
    memset(&second.view, 0, sizeof(second.view));
    size_t count = model_items(&first.view, 'C', model_list[0]), length = 0, size = (size_t)itemsize, bytes = count * size;
    char *expected = snapshot(0, data[1].start, bytes * 3 + 1);
    for (size_t i = 0; i < bytes; i++) {
        size_t from_right = bytes - i;
        if (separator >= 0 && i > 0 && group != 0 && (group > 0 ? from_right % (size_t)group : i % (size_t)-group) == 0) {
            expected[length++] = (char)separator;
        }
        unsigned char byte = (unsigned char)model_list[0][i / size][i % size];
        expected[length++] = "0123456789abcdef"[byte >> 4];
        expected[length++] = "0123456789abcdef"[byte & 15];
    }
    PyObject *view = PyMemoryView_FromBuffer(&first.view);
    MUST_RAISE(view == NULL, NULL);
    PyObject *text = pybuffer_memoryview_hex(view, separator, group);
    MUST_RAISE(text == NULL, NULL);
    MUST_SAY(PyBytes_Size(text) == (Py_ssize_t)length, "%zd characters, not %zu", PyBytes_Size(text), length);
    MUST_BE("the text", PyBytes_AsString(text), expected, length);
    Py_DECREF(text);
    Py_DECREF(view);
    executed();
}

static void round_of_lines(void)
{
    arena_make(&data[0], ROOM);
    arena_make(&data[1], 3 * ROOM);
    describe = describe_lines;
    switch (below(8)) {
    case 0:
        compare_lines();
        break;
    case 1:
        once_in(2) ? fill_lines() : show_lines();
        break;
    default:
        copy_lines();
    }
}

const Family lines = {"lines", round_of_lines, 40000};

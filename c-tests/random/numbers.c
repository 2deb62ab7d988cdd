/* All numbers of a memoryview to and from arrays of four C types: every numeric code, both byte orders, several in an item,
 * strided and behind pointers, out of range and NaN.
 */
#include "codes.h"

#include <math.h>

static Arena data, tables, flat;
static Layout layout;
static char format[64];
static char type; /* d, f, i or u: of the array */
static int writing;

/* The elements of an item. */
typedef struct {
    char code;
    size_t offset, size;
    int little;
} Element;

static Element elements[16];
static size_t element_count;

static void describe_numbers(void)
{
    printf("#   format %s, %s an array of %c\n", format, writing ? "from" : "to", type);
    print_view("view", &layout.view);
}

/* A format whose elements are known; returns the bytes of an item. */
static size_t make_format(void)
{
    static const char prefixes[] = "@=<>!^";
    char prefix = once_in(3) ? '\0' : prefixes[below(6)], *to = format;
    int native = prefix == '\0' || prefix == '@' || prefix == '^', parts = once_in(2) ? 1 : (int)between(1, 3);
    const char *codes = native ? "bBhHiIlLqQnN?efdgP" : "bBhHiIlLqQ?efd";
    size_t offset = 0;
    element_count = 0;
    if (prefix != '\0') {
        *to++ = prefix;
    }
    for (int i = 0; i < parts; i++) {
        char code = codes[below(strlen(codes))];
        if (code == 'g' && !long_doubles_are_exact()) {
            code = 'd';
        }
        size_t size = code_size(code, native), count = once_in(3) ? below(4) : 1;
        if (prefix == '\0' || prefix == '@') {
            offset = (offset + size - 1) / size * size;
        }
        if (count == 1) {
            *to++ = code;
        }
        else {
            to += sprintf(to, "%d%c", (int)count, code);
        }
        for (size_t n = 0; n < count; n++) {
            elements[element_count++] = (Element){code, offset, size, is_little(prefix)};
            offset += size;
        }
        if (once_in(8)) {
            *to++ = 'x';
            offset++;
        }
    }
    *to = '\0';
    return offset;
}

/* In an item, of which `size` bytes are the format's: bytes without numbers become 0. */
static PyObject *write_item(char *item, size_t size, const Number *from)
{
    char fresh[256] = {0};
    for (size_t e = 0; e < element_count; e++) {
        PyObject *error = number_write(from[e], elements[e].code, fresh + elements[e].offset, elements[e].size, elements[e].little);
        if (error != NULL) {
            return error;
        }
    }
    memcpy(item, fresh, size);
    return NULL;
}

static size_t array_size(void)
{
    return type == 'f' ? 4 : 8;
}

static char *place_array(size_t count)
{
    size_t size = array_size();
    char *place = arena_place(&flat, count * size);
    return place - (uintptr_t)place % size;
}

static Number array_get(const char *array, size_t i)
{
    double real;
    float single;
    int64_t whole;
    uint64_t natural;
    switch (type) {
    case 'd':
        memcpy(&real, array + i * 8, 8);
        return number_of_real(real);
    case 'f':
        memcpy(&single, array + i * 4, 4);
        return number_of_real(single);
    case 'i':
        memcpy(&whole, array + i * 8, 8);
        return number_of_int(whole);
    default:
        memcpy(&natural, array + i * 8, 8);
        return number_of_uint(natural);
    }
}

/* The number as the array has it; NULL, or the error. */
static PyObject *array_put(char *array, size_t i, Number number)
{
    char code = type == 'd' ? 'd' : type == 'f' ? 'f' : type == 'i' ? 'q' : 'Q';
    return number_write(number, code, array + i * array_size(), array_size(), is_little('='));
}

/* The same bytes, but NaNs may be any. */
static void compare(const char *what, char code, const char *is, const char *right, size_t size, int little, size_t at)
{
    if (memcmp(is, right, size) == 0) {
        return;
    }
    Number a = number_read(code, is, size, little), b = number_read(code, right, size, little);
    if (code_kind(code) == 'f' && a.is_real && b.is_real && isnan(a.real) && isnan(b.real)) {
        return;
    }
    fail(__FILE__, __LINE__, "%s %zu (%c) is %Lg, not %Lg (%llx, not %llx)", what, at, code,
         a.is_real ? a.real : (long double)number_to_double(a), b.is_real ? b.real : (long double)number_to_double(b),
         (unsigned long long)bits_read(is, size < 8 ? size : 8, little),
         (unsigned long long)bits_read(right, size < 8 ? size : 8, little));
}

static void to_array(PyObject *view, size_t items, size_t count)
{
    char *array = place_array(count), *expected = snapshot(0, array, count * array_size());
    char *before = snapshot(1, layout.low, layout.span);
    int overflow = 0, nan_there = 0, status;
    for (size_t i = 0; i < items; i++) {
        for (size_t e = 0; e < element_count; e++) {
            const Element *element = &elements[e];
            Number number = number_read(element->code, model_list[0][i] + element->offset, element->size, element->little);
            PyObject *error = array_put(expected, i * element_count + e, number);
            overflow |= error == PyExc_OverflowError;
            nan_there |= error == PyExc_ValueError;
        }
    }
    Py_ssize_t n = (Py_ssize_t)count;
    switch (type) {
    case 'd':
        status = pybuffer_memoryview_to_double(view, (double *)array, n);
        break;
    case 'f':
        status = pybuffer_memoryview_to_float(view, (float *)array, n);
        break;
    case 'i':
        status = pybuffer_memoryview_to_int64(view, (int64_t *)array, n);
        break;
    default:
        status = pybuffer_memoryview_to_uint64(view, (uint64_t *)array, n);
    }
    MUST_BE("the items", layout.low, before, layout.span);
    if (overflow || nan_there) {
        MUST_SAY(status == -1, "it succeeds with %s", overflow ? "a number that is out of range" : "NaN");
        MUST((overflow && PyErr_Occurred() == PyExc_OverflowError) || (nan_there && PyErr_Occurred() == PyExc_ValueError));
        PyErr_Clear();
        return;
    }
    MUST_RAISE(status != 0, NULL);
    for (size_t i = 0; i < count; i++) {
        char code = type == 'd' ? 'd' : type == 'f' ? 'f' : type == 'i' ? 'q' : 'Q';
        compare("number", code, array + i * array_size(), expected + i * array_size(), array_size(), is_little('='), i);
    }
}

static void from_array(PyObject *view, size_t items, size_t count, size_t size)
{
    char *array = place_array(count), *expected = snapshot(0, layout.low, layout.span);
    PyObject *error = NULL;
    int good = once_in(2);
    for (size_t i = 0; i < count; i++) {
        /* Many of the numbers fit their target, otherwise most calls would fail. */
        char scratch[16];
        Number number = number_random();
        const Element *element = &elements[i % element_count];
        for (int tries = 0; tries < 40; tries++) {
            if (array_put(array, i, number) == NULL
                && (!good || number_write(array_get(array, i), element->code, scratch, element->size, 1) == NULL)) {
                break;
            }
            number = tries < 30 ? number_random() : number_of_uint(1);
        }
    }
    for (size_t i = 0; i < items && error == NULL; i++) {
        Number all[16];
        for (size_t e = 0; e < element_count; e++) {
            all[e] = array_get(array, i * element_count + e);
        }
        error = write_item(expected + (model_list[0][i] - layout.low), size, all);
    }
    char *source = snapshot(1, array, count * array_size()), *before = error == NULL ? expected : snapshot(0, layout.low, layout.span);
    Py_ssize_t n = (Py_ssize_t)count;
    int status;
    switch (type) {
    case 'd':
        status = pybuffer_memoryview_from_double(view, (double *)array, n);
        break;
    case 'f':
        status = pybuffer_memoryview_from_float(view, (float *)array, n);
        break;
    case 'i':
        status = pybuffer_memoryview_from_int64(view, (int64_t *)array, n);
        break;
    default:
        status = pybuffer_memoryview_from_uint64(view, (uint64_t *)array, n);
    }
    MUST_BE("the array", array, source, count * array_size());
    MUST_RAISE(status != 0, error);
    if (layout.span > 0 && memcmp(layout.low, before, layout.span) != 0) {
        /* Item by item, because of NaNs, whose payload is taken as it is. */
        for (size_t i = 0; i < items; i++) {
            char *item = model_list[0][i], *right = before + (item - layout.low);
            for (size_t e = 0; error == NULL && !layout.shared && e < element_count; e++) {
                const Element *element = &elements[e];
                compare("number", element->code, item + element->offset, right + element->offset, element->size, element->little,
                        i * element_count + e);
                memcpy(right + element->offset, item + element->offset, element->size);
            }
        }
        if (!layout.shared) {
            MUST_BE("the items", layout.low, before, layout.span);
        }
    }
}

static void round_of_numbers(void)
{
    arena_make(&data, 1 << 20);
    arena_make(&tables, 1 << 17);
    arena_make(&flat, 1 << 19);
    describe = describe_numbers;
    size_t size = make_format();
    Py_ssize_t shape[AXES], limit = once_in(100) ? 5000 : once_in(4) ? 200 : 40;
    Py_ssize_t itemsize = (Py_ssize_t)size + (once_in(8) ? between(1, 9) : 0);
    int ndim = random_shape(shape, once_in(2) ? 1 : 4, limit / (element_count == 0 ? 1 : (Py_ssize_t)element_count) + 1);
    type = "dfiu"[below(4)];
    writing = once_in(2);
    layout_make(&layout, itemsize, ndim, shape, LAYOUT_POINTERS | LAYOUT_SHARED, &data, &tables);
    layout.view.format = format;
    scribble(layout.low, layout.span);
    size_t items = model_items(&layout.view, 'C', model_list[0]), count = items * element_count;
    if (!writing && once_in(2)) {
        int good = once_in(2);
        for (size_t i = 0; i < count; i++) {
            const Element *element = &elements[i % element_count];
            char *to = model_list[0][i / element_count] + element->offset, scratch[16];
            for (int tries = 0; tries < 40; tries++) {
                Number number = tries < 30 ? number_random() : number_of_uint(1);
                if (number_write(number, element->code, to, element->size, element->little) == NULL
                    && (!good || array_put(scratch, 0, number_read(element->code, to, element->size, element->little)) == NULL)) {
                    break;
                }
            }
        }
    }
    PyObject *view = PyMemoryView_FromBuffer(&layout.view);
    MUST_RAISE(view == NULL, NULL);
    if (once_in(40)) {
        double one[1];
        MUST_RAISE(pybuffer_memoryview_to_double(view, one, (Py_ssize_t)count + 1) == -1, PyExc_ValueError);
    }
    /* Where there are no numbers nothing is written, padding neither. */
    writing = writing && element_count > 0;
    writing ? from_array(view, items, count, size) : to_array(view, items, count);
    Py_DECREF(view);
    executed();
}

const Family numbers = {"numbers", round_of_numbers, 60000};

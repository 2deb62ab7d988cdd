/* All numbers of a memoryview to and from arrays of four C types: every numeric code, both byte orders, several in an item,
 * in records, nested and repeated, strided and behind pointers, out of range and NaN.
 */
#include "codes.h"

#include <math.h>

static Arena data, tables, flat;
static Layout layout;
static char format[512];
static char type; /* d, f, i or u: of the array */
static int writing;

/* The elements of an item. */
typedef struct {
    char code;
    size_t offset, size;
    int little;
} Element;

enum { ELEMENTS = 48 };

static Element elements[ELEMENTS];
static size_t element_count;

static void describe_numbers(void)
{
    printf("#   format %s, %s an array of %c\n", format, writing ? "from" : "to", type);
    print_view("view", &layout.view);
}

/* The end of the format so far, and its prefix; none is a NUL. */
static char *text, prefix;

static int is_native(void)
{
    return prefix == '\0' || prefix == '@' || prefix == '^';
}

static void write_count(size_t count)
{
    if (count != 1) {
        text += sprintf(text, "%zu", count);
    }
}

/* Numbers of a code, at most so many; returns where they end. */
static size_t make_numbers(size_t offset, size_t most)
{
    const char *codes = is_native() ? "bBhHiIlLqQnN?efdgP" : "bBhHiIlLqQ?efd";
    char code = codes[below(strlen(codes))];
    if (code == 'g' && (!long_doubles_are_exact() || !once_in(4))) {
        code = 'd';
    }
    size_t size = code_size(code, is_native()), count = once_in(10) ? (size_t)between(9, 14) : once_in(3) ? below(4) : 1;
    if (prefix == '\0' || prefix == '@') {
        size_t alignment = (size_t)code_alignment(code);
        offset = (offset + alignment - 1) / alignment * alignment;
    }
    count = count < most ? count : most;
    write_count(count);
    *text++ = code;
    for (size_t n = 0; n < count; n++) {
        /* Addresses have the machine's order. */
        elements[element_count++] = (Element){code, offset, size, is_little(prefix)};
        offset += size;
    }
    return offset;
}

/* Numbers or, where nothing is aligned, a record of at most so many. */
static size_t make_part(size_t offset, size_t most, int depth)
{
    if (prefix != '\0' && prefix != '@') {
        if (once_in(6)) {
            *text++ = prefix = "=<>!^"[below(5)];
        }
        if (depth < 4 && once_in(4)) {
            size_t first = element_count, count = once_in(10) ? (size_t)between(9, 12) : once_in(2) ? below(4) : 1, end = offset;
            size_t parts = (size_t)between(1, 3), each = most / (count == 0 ? 1 : count) / parts;
            if (each > 0) {
                write_count(count);
                text += sprintf(text, "T{");
                for (size_t i = 0; i < parts; i++) {
                    end = make_part(end, each, depth + 1);
                }
                *text++ = '}';
                size_t inner = element_count - first, size = end - offset;
                element_count = first + inner * count;
                for (size_t i = inner; i < inner * count; i++) {
                    elements[first + i] = elements[first + i - inner];
                    elements[first + i].offset += size;
                }
                return offset + size * count;
            }
        }
    }
    offset = make_numbers(offset, most);
    if (once_in(8)) {
        *text++ = 'x';
        offset++;
    }
    return offset;
}

/* A format whose elements are known; returns the bytes of an item. */
static size_t make_format(void)
{
    size_t offset = 0, parts = once_in(2) ? 1 : (size_t)between(1, 3);
    element_count = 0;
    text = format;
    prefix = once_in(3) ? '\0' : "@=<>!^"[below(6)];
    if (prefix != '\0') {
        *text++ = prefix;
    }
    for (size_t i = 0; i < parts; i++) {
        offset = make_part(offset, ELEMENTS / parts, 0);
    }
    *text = '\0';
    return offset;
}

/* Which number the last error was about. */
static size_t misfit;

/* The pending error, if there is one, says that it is about this number. */
static void must_name(size_t number)
{
    char words[64];
    sprintf(words, "number %zu is ", number);
    const char *message = PyErr_Occurred() ? pybuffer_error_message() : words;
    MUST_SAY(strncmp(message, words, strlen(words)) == 0, "\"%s\" is not about number %zu", message, number);
}

/* In an item, of which `size` bytes are the format's: bytes without numbers become 0. */
static PyObject *write_item(char *item, size_t size, const Number *from)
{
    char fresh[16 * ELEMENTS + 1024] = {0};
    for (size_t e = 0; e < element_count; e++) {
        PyObject *error = number_write(from[e], elements[e].code, fresh + elements[e].offset, elements[e].size, elements[e].little);
        if (error != NULL) {
            misfit = e;
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
    static char faults[1 << 16];
    char *array = place_array(count), *expected = snapshot(0, array, count * array_size());
    char *before = snapshot(1, layout.low, layout.span);
    int overflow = 0, nan_there = 0, status;
    for (size_t i = 0; i < items; i++) {
        for (size_t e = 0; e < element_count; e++) {
            const Element *element = &elements[e];
            Number number = number_read(element->code, model_list[0][i] + element->offset, element->size, element->little);
            PyObject *error = array_put(expected, i * element_count + e, number);
            faults[i * element_count + e] = error == PyExc_OverflowError ? 1 : error == PyExc_ValueError ? 2 : 0;
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
        size_t at = 0;
        MUST(sscanf(pybuffer_error_message(), "number %zu is ", &at) == 1 && at < count);
        MUST_SAY(faults[at] == (PyErr_Occurred() == PyExc_OverflowError ? 1 : 2), "number %zu is not so: %s", at,
                 pybuffer_error_message());
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
        Number all[ELEMENTS];
        for (size_t e = 0; e < element_count; e++) {
            all[e] = array_get(array, i * element_count + e);
        }
        error = write_item(expected + (model_list[0][i] - layout.low), size, all);
        misfit += i * element_count;
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
    if (error != NULL) {
        must_name(misfit);
    }
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
    if (size < 100 && once_in(100)) {
        /* Around the records that are converted at a time, and the sides of what is transposed in blocks. */
        ndim = once_in(2) ? 1 : 2;
        shape[0] = ndim == 2 ? between(14, 40) : (once_in(2) ? 512 : 64 << below(3)) + between(-2, 2);
        shape[1] = between(14, size < 9 ? 140 : 20);
    }
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

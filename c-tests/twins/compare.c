/* == and != of memoryviews by value, over all formats and across them; shapes and layouts; orderings. */
#include "exporter.h"

#include <math.h>

#define MAX_VIEWS 400

static PyObject *views[MAX_VIEWS];
static char names[MAX_VIEWS][48];
static size_t count;
static unsigned char item_memory[MAX_VIEWS][32];

/* A view of `items` items of the given bytes, one after the other. */
static void add_view(const char *format, Py_ssize_t itemsize, Py_ssize_t items, const void *bytes)
{
    if (count == MAX_VIEWS) {
        printf("too many views\n");
        exit(1);
    }
    memcpy(item_memory[count], bytes, (size_t)(itemsize * items));
    Exporter *e = exporter_new(item_memory[count], format, itemsize, 1, &items, NULL);
    snprintf(names[count], sizeof(names[count]), "'%s' %lld", format, (long long)itemsize);
    views[count++] = PyMemoryView_FromObject((PyObject *)e);
    Py_DECREF(e);
}

/* What 3.13.12 has changed: two native '?' are compared by truth. */
static int is_native_truth(const char *name)
{
    return strncmp(name, "'?'", 3) == 0 || strncmp(name, "'@?'", 4) == 0;
}

static char result_letter(int result)
{
    PyErr_Clear();
    return result < 0 ? 'E' : (char)('0' + result);
}

/* Every view with every view. == and != must be opposites, so a column is one letter: 1, 0, or ! when they are not. */
static void compare_all(void)
{
    for (size_t i = 0; i < count; i++) {
        printf("%zu %s ", i, names[i]);
        twin_print_hex(item_memory[i], PyMemoryView_GET_BUFFER(views[i])->len);
        printf(" ");
        for (size_t j = 0; j < count; j++) {
            if (i == j) { /* an object is itself whatever it holds */
                putchar('.');
                continue;
            }
            if (TWIN_VERSION < 0x030d0c && is_native_truth(names[i]) && is_native_truth(names[j])) {
                putchar('-');
                continue;
            }
            char equal = result_letter(PyObject_RichCompareBool(views[i], views[j], Py_EQ));
            char unequal = result_letter(PyObject_RichCompareBool(views[i], views[j], Py_NE));
            putchar(equal == unequal ? (equal == 'E' ? 'E' : '!') : equal);
        }
        printf("\n");
    }
    for (size_t i = 0; i < count; i++) {
        Py_DECREF(views[i]);
    }
    count = 0;
}

static void reverse(unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        unsigned char b = bytes[i];
        bytes[i] = bytes[n - 1 - i];
        bytes[n - 1 - i] = b;
    }
}

/* `bytes` holds the item in this machine's order, which is little-endian wherever the twins are run. */
static void add_orders(char code, size_t native, size_t standard, const void *bytes)
{
    static const char *const formats[] = {"%c", "<%c", ">%c"};
    static char texts[MAX_VIEWS][4]; /* the exporters are freed before these are reused */
    for (int order = 0; order < 3; order++) {
        size_t n = order ? standard : native;
        unsigned char item[16];
        if (n == 0 || (n == 1 && order == 2)) {
            continue;
        }
        memcpy(item, bytes, n);
        if (order == 2) {
            reverse(item, n);
        }
        snprintf(texts[count], sizeof(texts[count]), formats[order], code);
        add_view(texts[count], (Py_ssize_t)n, 1, item);
    }
}

typedef struct {
    char code;
    unsigned char native, standard; /* 0: not in that mode */
    int is_signed;
} Code;

static const Code integer_codes[] = {
    {'b', 1, 1, 1}, {'B', 1, 1, 0}, {'h', 2, 2, 1}, {'H', 2, 2, 0}, {'i', 4, 4, 1}, {'I', 4, 4, 0}, {'l', 8, 4, 1},
    {'L', 8, 4, 0}, {'q', 8, 8, 1}, {'Q', 8, 8, 0}, {'n', 8, 0, 1}, {'N', 8, 0, 0}, {'P', 8, 0, 0},
};

static int fits(const Code *c, int64_t value, int beyond)
{
    int bits = c->native * 8;
    if (beyond) { /* value is the two's complement of one above INT64_MAX */
        return bits == 64 && !c->is_signed;
    }
    if (value < 0 && !c->is_signed) {
        return 0;
    }
    if (bits == 64) {
        return 1;
    }
    return c->is_signed ? value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << (bits - 1)
                        : value < INT64_C(1) << bits;
}

static void add_value(int64_t value, int beyond)
{
    for (size_t i = 0; i < TWIN_COUNT(integer_codes); i++) {
        const Code *c = &integer_codes[i];
        if (fits(c, value, beyond)) {
            int wide = (c->code == 'l' || c->code == 'L')
                       && !(value >= -INT64_C(0x80000000) && value <= INT64_C(0x7fffffff)); /* standard size is 4 */
            add_orders(c->code, c->native, wide ? 0 : c->standard, &value);
        }
    }
    double d = beyond ? (double)(uint64_t)value : (double)value;
    float f = (float)d;
    add_orders('d', 8, 8, &d);
    add_orders('f', 4, 4, &f);
    if (value >= 0 && value < 256 && !beyond) {
        add_orders('c', 1, 1, &value);
    }
    if (value == 0 || value == 1) {
        add_orders('?', 1, 1, &value);
        add_orders('e', 2, 2, value ? "\x00\x3c" : "\x00\x00");
    }
}

/* Small values meet small values, large ones large ones. */
static void values(void)
{
    twin_title("small values");
    static const int64_t small[] = {0, 1, 65, -1, 255, 1000};
    for (size_t i = 0; i < TWIN_COUNT(small); i++) {
        add_value(small[i], 0);
    }
    compare_all();
    twin_title("large values"); /* doubles lose the last bits; integers must be compared exactly with them */
    static const int64_t large[] = {INT64_C(1) << 53, (INT64_C(1) << 53) + 1, INT64_MAX, INT64_MIN, UINT32_MAX, -1};
    for (size_t i = 0; i < TWIN_COUNT(large); i++) {
        add_value(large[i], 0);
    }
    add_value(-1, 1);
    add_value(INT64_MIN, 1);
    compare_all();
}

static void special_floats(void)
{
    twin_title("special floats");
    const double doubles[] = {0.0, -0.0, 1.5, 0.1, 65504.0, 1.0 / 3.0, 1e300 * 1e10, -1e300 * 1e10};
    for (size_t i = 0; i < TWIN_COUNT(doubles); i++) {
        double d = doubles[i];
        float f = (float)d;
        add_orders('d', 8, 8, &d);
        add_orders('f', 4, 4, &f);
    }
    add_orders('d', 8, 8, "\0\0\0\0\0\0\xf8\x7f"); /* NaN */
    add_orders('f', 4, 4, "\0\0\xc0\x7f");
    static const char *const halves[] = {"\0\0", "\0\x80", "\0\x3e", "\xff\x7b", "\0\x7c", "\0\xfc", "\0\x7e", "\1\0"};
    for (size_t i = 0; i < TWIN_COUNT(halves); i++) {
        add_orders('e', 2, 2, halves[i]);
    }
    double smallest_half = 1.0 / (1 << 24);
    add_orders('d', 8, 8, &smallest_half);
    compare_all();
}

/* Texts, structures, padding, formats that no one understands, and sizes that a format does not have. */
static void structures(void)
{
    twin_title("structures");
    static const struct {
        const char *format;
        int itemsize;
        const char *bytes;
    } items[] = {
        {"1s", 1, "a"}, {"s", 1, "a"}, {"c", 1, "a"}, {"<c", 1, "a"}, {"p", 1, "a"}, {"1p", 1, "\0"},
        {"0s", 1, "a"}, {"3s", 3, "abc"}, {"3s", 3, "ab\0"}, {"4p", 4, "\3abc"}, {"4p", 4, "\2abc"},
        {"4p", 4, "\xff" "abc"}, {"3c", 3, "abc"}, {"ccc", 3, "abc"}, {"3B", 3, "abc"}, {"BBB", 3, "abc"},
        {"<3B", 3, "abc"}, {"B", 1, "a"}, {"2h", 4, "\1\0\2\0"}, {"<2h", 4, "\1\0\2\0"}, {">2h", 4, "\0\1\0\2"},
        {"hh", 4, "\1\0\2\0"}, {"hxxh", 6, "\1\0\7\7\2\0"}, {"<hxh", 5, "\1\0\7\2\0"}, {"bh", 4, "\1\0\2\0"},
        {"bh", 4, "\1\7\2\0"}, {"<bh", 3, "\1\2\0"}, {"=bh", 3, "\1\2\0"}, {"!bh", 3, "\1\0\2"},
        {"i", 4, "\1\0\0\0"}, {"@i", 4, "\1\0\0\0"}, {"=i", 4, "\1\0\0\0"}, {" i", 4, "\1\0\0\0"},
        {"i ", 4, "\1\0\0\0"}, {"1i", 4, "\1\0\0\0"}, {"@1i", 4, "\1\0\0\0"}, {"0hi", 4, "\1\0\0\0"},
        {"i0q", 8, "\1\0\0\0\7\7\7\7"}, {"<ihd", 14, "\1\0\0\0\2\0\0\0\0\0\0\0\xf0\x3f"},
        {">ihd", 14, "\0\0\0\1\0\2\x3f\xf0\0\0\0\0\0\0"}, {"<ihq", 14, "\1\0\0\0\2\0\1\0\0\0\0\0\0\0"},
        {"ihd", 16, "\1\0\0\0\2\0\7\7\0\0\0\0\0\0\xf0\x3f"}, {"<df", 12, "\0\0\0\0\0\0\xf8\x7f\0\0\0\0"},
        {"?", 1, "\0"}, {"?", 1, "\1"}, {"?", 1, "\2"}, {"<?", 1, "\2"}, {"<?", 1, "\1"}, {"?B", 2, "\1\1"},
        {"B?", 2, "\1\5"}, {"x", 1, "a"}, {"x", 1, "b"}, {"<x", 1, "a"}, {"2x", 2, "ab"}, {"", 1, "a"},
        {"<", 1, "a"}, {"xB", 2, "ba"}, {"0B", 1, "a"},
        /* larger than the format says, and smaller */
        {"<B", 2, "a\1"}, {"<B", 4, "a\1\2\3"}, {"<h", 4, "\1\0\7\7"}, {"<i", 2, "\1\0"}, {"<q", 4, "\1\0\0\0"},
        {"ii", 4, "\1\0\0\0"}, {"B", 2, "a\1"}, {"h", 4, "\1\0\7\7"},
        /* not formats */
        {"zz", 1, "a"}, {"zz", 1, "b"}, {"y", 1, "a"}, {"T{i:a:}", 4, "\1\0\0\0"}, {"(2)h", 4, "\1\0\2\0"},
        {"&i", 8, "\1\0\0\0\0\0\0\0"}, {"i:a:", 4, "\1\0\0\0"}, {"\xff", 1, "a"}, {"<<i", 4, "\1\0\0\0"},
        {"3", 1, "a"}, {"@", 1, "a"}, {"<n", 8, "\1\0\0\0\0\0\0\0"}, {"u", 2, "a\0"}, {"w", 4, "a\0\0\0"},
        {"O", 8, "\0\0\0\0\0\0\0\0"}, {"g", 16, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"99999999999999999999i", 4, "\1\0\0\0"},
    };
    for (size_t i = 0; i < TWIN_COUNT(items); i++) {
        add_view(items[i].format, items[i].itemsize, 1, items[i].bytes);
    }
    compare_all();
}

/* No items: equal when the shapes are, whatever the formats. */
/* Complex numbers, which 3.15 compares by value; F and D since 3.14. */
static void complex_numbers(void)
{
#if TWIN_VERSION >= 0x030f00
    static const double numbers[][2] = {{0, 0}, {-0.0, 0}, {1, 0}, {1, -0.0}, {1, 1}, {0, 1}, {0.1, 0.1}, {-2, 0}, {NAN, 0}, {0, NAN}};
    static const char *const formats[] = {"F", "D", "Zf", "Zd", "@Zd", "=F", "<Zf", "<D", ">Zd", ">F", "1Zd", " Zf "};
    twin_title("complex numbers");
    for (size_t n = 0; n < TWIN_COUNT(numbers); n++) {
        for (size_t f = 0; f < TWIN_COUNT(formats); f++) {
            int is_single = strpbrk(formats[f], "Ff") != NULL;
            float singles[2] = {(float)numbers[n][0], (float)numbers[n][1]};
            unsigned char bytes[16];
            size_t size = is_single ? 8 : 16;
            memcpy(bytes, is_single ? (const void *)singles : (const void *)numbers[n], size);
            if (strchr(formats[f], '>') != NULL) {
                reverse(bytes, size / 2);
                reverse(bytes + size / 2, size / 2);
            }
            add_view(formats[f], (Py_ssize_t)size, 1, bytes);
        }
        add_view("d", 8, 1, &numbers[n][0]);
        int whole = numbers[n][0] == numbers[n][0] ? (int)numbers[n][0] : 0;
        add_view("i", 4, 1, &whole);
    }
    compare_all();
    twin_title("complex numbers within formats");
    static const char text[32] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\360\77\0\0\0\0\0\0\0\0\0\0\0\0\0\0\360\77";
    static const struct {
        const char *format;
        Py_ssize_t size;
    } within[] = {
        {"2Zd", 32}, {"2D", 32}, {"ZdD", 32}, {"ZdZd", 32}, {"dddd", 32}, {"4d", 32}, {"D2d", 32}, {"FFFF", 32}, {"4Zf", 32},
        {"Z d", 16}, {"Ze", 4}, {"Zg", 32}, {"G", 32}, {"Z", 8}, {"Z2d", 32}, {"T{Zd}", 16}, {"Zd", 8}, {"F", 4}, {"xZd", 24},
        {"<xZd", 17}, {"0Zd", 0}, {"0F", 0}, {"", 0},
    };
    for (size_t i = 0; i < TWIN_COUNT(within); i++) {
        add_view(within[i].format, within[i].size, 1, text);
    }
    compare_all();
#endif
}

static void no_items(void)
{
    twin_title("no items");
    static const char *const formats[] = {"B", "b", "c", "i", "<i", "d", "zz", "T{i:a:}", "3s", "<ihd", ""};
    for (size_t i = 0; i < TWIN_COUNT(formats); i++) {
        for (Py_ssize_t itemsize = 1; itemsize < 9; itemsize += 7) {
            add_view(formats[i], itemsize, 0, "");
        }
    }
    compare_all();
}

/* The samples all lie over the same memory. */
static void samples(void)
{
    twin_title("samples");
    PyObject *memories[EXPORTER_SAMPLES], *others[EXPORTER_SAMPLES];
    PyObject *bytes[EXPORTER_SAMPLES], *arrays[EXPORTER_SAMPLES];
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        memories[i] = PyMemoryView_FromObject((PyObject *)e);
        others[i] = PyMemoryView_GetContiguous((PyObject *)e, PyBUF_READ, i % 2 ? 'C' : 'F');
        bytes[i] = PyBytes_FromObject((PyObject *)e);
        arrays[i] = PyByteArray_FromObject((PyObject *)e);
        Py_DECREF(e);
    }
    PyObject **const kinds[] = {memories, others, bytes, arrays};
    for (int k = 0; k < 4; k++) {
        for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
            printf("%s:", exporter_samples[i].name);
            for (int l = 0; l < 4; l++) {
                putchar(' ');
                for (size_t j = 0; j < EXPORTER_SAMPLES; j++) {
                    putchar(result_letter(PyObject_RichCompareBool(kinds[k][i], kinds[l][j], Py_EQ)));
                }
            }
            printf("\n");
        }
    }
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        for (int k = 0; k < 4; k++) {
            Py_DECREF(kinds[k][i]);
        }
    }
}

/* Shapes, over the same 24 bytes. */
static void shapes(void)
{
    twin_title("shapes");
    static const Py_ssize_t all[][3] = {{24, 0, 0}, {4, 6, 0}, {6, 4, 0}, {2, 3, 4}, {1, 24, 0}, {24, 1, 0}, {1, 1, 24},
                                        {0, 0, 0},  {0, 6, 0}, {0, 7, 0}, {6, 0, 0}, {2, 0, 3}, {2, 0, 5}, {3, 0, 5}};
    static const int ndims[] = {1, 2, 2, 3, 2, 2, 3, 1, 2, 2, 2, 3, 3, 3};
    exporter_fill_memory();
    for (int formats = 0; formats < 2; formats++) {
        for (size_t i = 0; i < TWIN_COUNT(all); i++) {
            for (size_t j = 0; j < TWIN_COUNT(all); j++) {
                PyObject *v = (PyObject *)exporter_new(exporter_memory, "B", 1, ndims[i], all[i], NULL);
                const char *format = formats ? "<B" : "B";
                PyObject *w = (PyObject *)exporter_new(exporter_memory, format, 1, ndims[j], all[j], NULL);
                PyObject *left = PyMemoryView_FromObject(v), *right = PyMemoryView_FromObject(w);
                putchar(result_letter(PyObject_RichCompareBool(left, right, Py_EQ)));
                putchar(result_letter(PyObject_RichCompareBool(left, w, Py_EQ))); /* an exporter that is no view */
                putchar(result_letter(PyObject_RichCompareBool(v, right, Py_NE)));
                putchar(' ');
                Py_DECREF(left);
                Py_DECREF(right);
                Py_DECREF(v);
                Py_DECREF(w);
            }
            printf("\n");
        }
    }
}

/* The same items in two layouts are equal; with one byte changed they are not. */
static void layouts(void)
{
    twin_title("layouts");
    static const char *const formats[][2] = {{"B", "B"}, {"b", "<b"}, {"h", "<h"}, {"<i", "=i"}, {"q", "@q"},
                                             {"3s", "3s"}, {"<bh", "=bh"}, {"c", "c"}};
    static const Py_ssize_t itemsizes[] = {1, 1, 2, 4, 8, 3, 3, 1};
    static unsigned char one[16384], two[16384];
    TwinRandom r = {61};
    for (int round = 0; round < 400; round++) {
        Py_ssize_t shape[4], strides[4], total = 1;
        int f = round % 8, ndim = twin_range(&r, 0, 4);
        for (int i = 0; i < ndim; i++) {
            shape[i] = twin_range(&r, 1, 3);
            total *= shape[i];
        }
        Py_ssize_t extent = itemsizes[f], offset = 0;
        for (int i = 0; i < ndim; i++) { /* Fortran order with gaps, some of it backwards */
            strides[i] = extent * twin_range(&r, 1, 2);
            extent = strides[i] * shape[i];
            if (twin_once_in(&r, 2)) {
                offset += strides[i] * (shape[i] - 1);
                strides[i] = -strides[i];
            }
        }
        for (Py_ssize_t i = 0; i < total * itemsizes[f]; i++) {
            one[i] = (unsigned char)twin_range(&r, 0, 255);
        }
        Exporter *v = exporter_new(one, formats[f][0], itemsizes[f], ndim, shape, NULL);
        Exporter *w = exporter_new(two + offset, formats[f][1], itemsizes[f], ndim, shape, strides);
        PyObject *left = PyMemoryView_FromObject((PyObject *)v), *right = PyMemoryView_FromObject((PyObject *)w);
        int result = PyBuffer_FromContiguous(PyMemoryView_GET_BUFFER(right), one, v->len, 'C');
        printf("%d %d", result, PyObject_RichCompareBool(left, right, Py_EQ));
        one[twin_range(&r, 0, (int)v->len - 1)] ^= 0x40;
        printf(" %d", PyObject_RichCompareBool(left, right, Py_EQ));
        printf(" %d", PyObject_RichCompareBool(right, left, Py_NE));
        printf(" %s\n", twin_pending());
        Py_DECREF(left);
        Py_DECREF(right);
        Py_DECREF(v);
        Py_DECREF(w);
    }
}

/* bytes and bytearrays have an order, and a bytearray looks at the bytes of any exporter; a memoryview has none. */
static void orderings(void)
{
    twin_title("orderings");
    static const char *const texts[] = {"", "a", "ab", "b", "\xff", "a\0b\0"};
    static const Py_ssize_t sizes[] = {0, 1, 2, 1, 1, 4};
    PyObject *objects[32];
    size_t n = 0;
    for (size_t i = 0; i < TWIN_COUNT(texts); i++) {
        objects[n++] = PyBytes_FromStringAndSize(texts[i], sizes[i]);
        objects[n++] = PyByteArray_FromStringAndSize(texts[i], sizes[i]);
        objects[n] = PyMemoryView_FromObject(objects[i % 2 ? n - 1 : n - 2]);
        n++;
    }
    static const Py_ssize_t one[] = {1}, two[] = {2}, backward[] = {-1};
    static char text[] = "a\0b";
    objects[n++] = (PyObject *)exporter_new(text, "h", 2, 1, two, NULL);
    objects[n] = PyMemoryView_FromObject(objects[n - 1]); /* the bytes of bytearray 'a\0b\0', but not its items */
    n++;
    objects[n++] = (PyObject *)exporter_new(text, "i", 4, 1, one, NULL);
    objects[n] = PyMemoryView_FromObject(objects[n - 1]);
    n++;
    objects[n++] = (PyObject *)exporter_new(text, "B", 1, 1, two, backward); /* it has no plain bytes */
    Exporter *failing = exporter_sample(0);
    failing->failure = PyExc_MemoryError;
    objects[n++] = (PyObject *)failing;
    objects[n] = PyPickleBuffer_FromObject(objects[4]);
    n++;
    objects[n++] = Py_NewRef(Py_None);
    ((Exporter *)objects[n - 4])->buf = text + 1;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            for (int op = Py_LT; op <= Py_GE; op++) {
                int result = PyObject_RichCompareBool(objects[i], objects[j], op);
                const char *error = twin_error();
                if (result < 0) {
                    putchar(strcmp(error, "none") == 0 ? '?' : error[0]); /* T is TypeError */
                } else {
                    putchar('0' + result);
                }
            }
            putchar(' ');
        }
        if (objects[i] != Py_None && !PyBytes_Check(objects[i])) { /* the bytes of one byte are immortal */
            printf("refcount %lld", (long long)Py_REFCNT(objects[i]));
        }
        printf("\n");
    }
    for (size_t i = n; i-- > 0;) {
        Py_DECREF(objects[i]);
    }
}

int main(void)
{
    Py_Initialize();
    twin_start();
    values();
    special_floats();
    structures();
    complex_numbers();
    no_items();
    samples();
    shapes();
    layouts();
    orderings();
    Py_Finalize();
    return 0;
}

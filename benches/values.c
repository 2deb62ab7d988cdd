/* Work on the values of many items: comparisons, hashes, conversions, texts, records. */
#define _POSIX_C_SOURCE 200809L

#include "values.h"

#include "limits.h"

enum { COUNT = 1000000, SIDE = 1000, VALUES = 3, RECORD = 14, REAL = 6 };

static PyObject *left, *right;
static volatile Py_ssize_t sink;

/* A memoryview of COUNT items in the caller's memory; one axis, or two that are transposed. */
static PyObject *view_of(char *items, const char *format, Py_ssize_t itemsize, Py_ssize_t step, int transposed,
                         int readonly)
{
    Py_ssize_t shape[2] = {COUNT, SIDE}, strides[2] = {itemsize * step, itemsize * step * SIDE};
    if (transposed) {
        shape[0] = SIDE;
    }
    Py_buffer info = {.buf = items, .len = COUNT * itemsize, .itemsize = itemsize, .readonly = readonly,
                      .ndim = 1 + transposed, .format = (char *)format, .shape = shape, .strides = strides};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    must(view != NULL, "no view");
    return view;
}

static void choose(PyObject *a, PyObject *b)
{
    Py_XDECREF(left);
    Py_XDECREF(right);
    left = a;
    right = b;
}

/* Comparisons. The items are 0 to 99 and so on, so that every format has them. */

struct comparison {
    const char *name, *a, *b;
    Py_ssize_t a_size, b_size, step;
    double items;
};

static const struct comparison comparisons[] = {
    {"== 1,000,000 `B`", "B", "B", 1, 1, 1, 1},
    {"== 1,000,000 `i`", "i", "i", 4, 4, 1, 1},
    {"== 1,000,000 `f`", "f", "f", 4, 4, 1, 1},
    {"== 1,000,000 `d`", "d", "d", 8, 8, 1, 1},
    {"== 1,000,000 `i`, stride 2", "i", "i", 4, 4, 2, 1},
    {"== 1,000,000 `i` against `d`", "i", "d", 4, 8, 1, 1},
    {"== 1,000,000 `<i` against `>i`", "<i", ">i", 4, 4, 1, 1},
    {"== `<id` records, each", "<id", "<id", 12, 12, 1, COUNT},
    {"== `<ihd` records, each", "<ihd", "<ihd", 14, 14, 1, COUNT},
};

/* Packs a number of 0 to 99 as every code of the format; returns where the item ends. */
static char *pack(char *item, const char *format, int number)
{
    for (; *format; format++) {
        short narrow = (short)number;
        unsigned half = 0;
        float single = (float)number;
        long long wide = number;
        double real = number;
        char native[8];
        switch (*format) {
        case '<': break;
        case '>':
            for (char *end = pack(native, format + 1, number); end > native;) {
                *item++ = *--end;
            }
            return item;
        case 'B': *item++ = (char)number; break;
        case 'e':
            for (unsigned bit = 0; bit < 7; bit++) {
                half = number >> bit ? (15 + bit) << 10 | ((unsigned)number << (10 - bit) & 0x3FF) : half;
            }
            memcpy(item, &half, 2), item += 2;
            break;
        case 'h':
        case 'H': memcpy(item, &narrow, 2), item += 2; break;
        case 'i': memcpy(item, &number, 4), item += 4; break;
        case 'f': memcpy(item, &single, 4), item += 4; break;
        case 'q': memcpy(item, &wide, 8), item += 8; break;
        default: memcpy(item, &real, 8), item += 8;
        }
    }
    return item;
}

static void pack_all(char *items, const char *format, Py_ssize_t itemsize, Py_ssize_t step)
{
    for (int i = 0; i < COUNT; i++) {
        pack(items + i * itemsize * step, format, i % 100);
    }
}

WORK(compare, must(PyObject_RichCompareBool(left, right, Py_EQ) == 1, "equal views are not equal");)

static int prepare_comparison(const void *data)
{
    const struct comparison *which = data;
    char *last = target + (COUNT - 1) * which->b_size * which->step;

    pack_all(memory, which->a, which->a_size, which->step);
    pack_all(target, which->b, which->b_size, which->step);
    choose(view_of(memory, which->a, which->a_size, which->step, 0, 1),
           view_of(target, which->b, which->b_size, which->step, 0, 1));
    compare(1);
    pack(last, which->b, 98);
    must(PyObject_RichCompareBool(left, right, Py_EQ) == 0, "different views are equal");
    pack(last, which->b, (COUNT - 1) % 100);
    return 1;
}

/* Hashes. A memoryview keeps its hash, so each takes a new one. */

WORK(hash, PyObject *view = view_of(memory, "B", 1, 1, 0, 1); sink = PyObject_Hash(view); Py_DECREF(view);)
WORK(hash_strided, PyObject *view = view_of(memory, "B", 1, 2, 0, 1); sink = PyObject_Hash(view); Py_DECREF(view);)

static int prepare_hash(const void *data)
{
    Py_ssize_t step = *(const Py_ssize_t *)data;
    for (int i = 0; i < COUNT; i++) {
        target[i] = memory[i * step];
    }
    PyObject *bytes = PyBytes_FromStringAndSize(target, COUNT), *view = view_of(memory, "B", 1, step, 0, 1);
    must(bytes != NULL && PyObject_Hash(bytes) == PyObject_Hash(view), "a hash is not that of the bytes");
    Py_DECREF(view);
    Py_DECREF(bytes);
    return 1;
}

/* Conversions of all numbers to doubles, in this program to Python's floats and ints where it is CPython's. */

struct conversion {
    const char *name, *format;
    Py_ssize_t itemsize, step;
    int transposed;
};

static const struct conversion conversions[] = {
    {"1,000,000 `d` to doubles", "d", 8, 1, 0},
    {"1,000,000 `f` to doubles", "f", 4, 1, 0},
    {"1,000,000 `e` to doubles", "e", 2, 1, 0},
    {"1,000,000 `q` to doubles", "q", 8, 1, 0},
    {"1,000,000 `i` to doubles", "i", 4, 1, 0},
    {"1,000,000 `h` to doubles", "h", 2, 1, 0},
    {"1,000,000 `B` to doubles", "B", 1, 1, 0},
    {"1,000,000 `>i` to doubles", ">i", 4, 1, 0},
    {"1,000,000 `>d` to doubles", ">d", 8, 1, 0},
    {"1,000,000 `d`, stride 2, to doubles", "d", 8, 2, 0},
    {"1,000,000 `i`, stride 2, to doubles", "i", 4, 2, 0},
    {"1,000,000 `B`, stride 2, to doubles", "B", 1, 2, 0},
    {"1,000,000 `d`, transposed, to doubles", "d", 8, 1, 1},
    {"1,000,000 `i`, transposed, to doubles", "i", 4, 1, 1},
    {"1,000,000 `B`, transposed, to doubles", "B", 1, 1, 1},
    {"1,000,000 doubles to `d`", "d", 8, 1, 0},
    {"1,000,000 doubles to `f`", "f", 4, 1, 0},
    {"1,000,000 doubles to `e`", "e", 2, 1, 0},
    {"1,000,000 doubles to `i`", "i", 4, 1, 0},
    {"1,000,000 doubles to `B`", "B", 1, 1, 0},
    {"1,000,000 doubles to `>d`", ">d", 8, 1, 0},
};

#ifdef BENCH_PYTHON_H

WORK(to_doubles, MAKE(PyObject_CallMethod(left, "tolist", NULL)))

static int prepare_conversion(const void *data)
{
    const struct conversion *which = data;
    if (strstr(which->name, "doubles to") || *which->format == '>') {
        return 0;
    }
    memset(memory, 0, 16 * COUNT);
    choose(view_of(memory, which->format, which->itemsize, which->step, which->transposed, 1), NULL);
    return 1;
}

#else

static char *item_at(const struct conversion *which, int i)
{
    return memory + (which->transposed ? i % SIDE * SIDE + i / SIDE : i) * which->itemsize * which->step;
}

WORK(to_doubles, must(pybuffer_memoryview_to_double(left, (double *)(void *)target, COUNT) == 0, "to_double");)
WORK(from_doubles, must(pybuffer_memoryview_from_double(left, (double *)(void *)target, COUNT) == 0, "from_double");)

/* Packed numbers are converted to doubles, and these back. */
static int prepare_conversion(const void *data)
{
    const struct conversion *which = data;
    double *numbers = (double *)(void *)target;

    choose(view_of(memory, which->format, which->itemsize, which->step, which->transposed, 0), NULL);
    for (int i = 0; i < COUNT; i++) {
        pack(item_at(which, i), which->format, i % 100);
    }
    to_doubles(1);
    for (int i = 0; i < COUNT; i++) {
        must(numbers[i] == i % 100, "a number is converted wrongly");
    }
    memset(memory, 1, (size_t)(COUNT * which->itemsize * which->step));
    from_doubles(1);
    for (int i = 0; i < COUNT; i++) {
        char item[8];
        pack(item, which->format, i % 100);
        must(memcmp(item, item_at(which, i), (size_t)which->itemsize) == 0, "a double is converted wrongly");
    }
    return 1;
}

#endif

#ifndef BENCH_PYTHON_H

/* Conversions from view to view. */

struct pair {
    const char *name, *from, *to;
    Py_ssize_t from_size, to_size;
};

static const struct pair pairs[] = {
    {"convert 1,000,000 `i` to `d`", "i", "d", 4, 8},
    {"convert 1,000,000 `>i` to `i`", ">i", "i", 4, 4},
    {"convert 1,000,000 `i` to `h`", "i", "h", 4, 2},
    {"convert 1,000,000 `B` to `h`", "B", "h", 1, 2},
    {"convert 1,000,000 `H` to `B`", "H", "B", 2, 1},
    {"convert 1,000,000 `B` to `f`", "B", "f", 1, 4},
    {"convert 1,000,000 `f` to `B`", "f", "B", 4, 1},
    {"convert 1,000,000 `f` to `e`", "f", "e", 4, 2},
    {"convert 1,000,000 `<ihd` to `<dhi`", "<ihd", "<dhi", 14, 14},
};

/* A weak symbol, for builds of the library without this function. */
#pragma weak pybuffer_memoryview_convert
WORK(convert, must(pybuffer_memoryview_convert(right, left) == 0, "convert");)

static int prepare_pair(const void *data)
{
    const struct pair *which = data;
    if (&pybuffer_memoryview_convert == NULL) {
        return 0;
    }
    choose(view_of(memory, which->from, which->from_size, 1, 0, 1), view_of(target, which->to, which->to_size, 1, 0, 0));
    pack_all(memory, which->from, which->from_size, 1);
    memset(target, 1, (size_t)(COUNT * which->to_size));
    convert(1);
    for (int i = 0; i < COUNT; i++) {
        char item[RECORD];
        pack(item, which->to, i % 100);
        must(memcmp(item, target + i * which->to_size, (size_t)which->to_size) == 0, "a value is converted wrongly");
    }
    return 1;
}

/* All numbers of records, and one field of each, to and from doubles, beside the loop by hand. */

static Py_ssize_t record_values;

WORK(records_to_doubles,
     must(pybuffer_memoryview_to_double(left, (double *)(void *)target, record_values) == 0, "to_double");)
WORK(doubles_to_records,
     must(pybuffer_memoryview_from_double(left, (double *)(void *)target, record_values) == 0, "from_double");)

static void records_by_hand(long count)
{
    while (count-- > 0) {
        double *number = (double *)(void *)target;
        for (const char *at = memory; at < memory + COUNT * RECORD; at += RECORD) {
            int wide;
            short narrow;
            memcpy(&wide, at, sizeof wide);
            memcpy(&narrow, at + 4, sizeof narrow);
            *number++ = wide;
            *number++ = narrow;
            memcpy(number++, at + REAL, sizeof *number);
        }
    }
}

static void doubles_by_hand(long count)
{
    while (count-- > 0) {
        const double *number = (const double *)(const void *)target;
        for (char *at = memory; at < memory + COUNT * RECORD; at += RECORD) {
            int wide = (int)*number++;
            short narrow = (short)*number++;
            memcpy(at, &wide, sizeof wide);
            memcpy(at + 4, &narrow, sizeof narrow);
            memcpy(at + REAL, number++, sizeof *number);
        }
    }
}

static void field_by_hand(long count)
{
    while (count-- > 0) {
        for (Py_ssize_t i = 0; i < COUNT; i++) {
            memcpy(target + i * 8, memory + i * RECORD + REAL, 8);
        }
    }
}

/* Doubles as `to` makes them, and records as `from` makes them; NULL where they are not asked for. */
static void check_records(void (*to)(long), void (*from)(long))
{
    const double *numbers = (const double *)(const void *)target;
    char item[RECORD];

    pack_all(memory, "<ihd", RECORD, 1);
    memset(target, 1, COUNT * VALUES * 8);
    to(1);
    for (Py_ssize_t i = 0; i < record_values; i++) {
        must(numbers[i] == i / (record_values / COUNT) % 100, "a field is converted wrongly");
    }
    if (from != NULL) {
        memset(memory, 1, COUNT * RECORD);
        from(1);
        for (int i = 0; i < COUNT; i++) {
            pack(item, "<ihd", i % 100);
            must(memcmp(item, memory + i * RECORD, RECORD) == 0, "a record is made wrongly");
        }
    }
}

static int prepare_records(const void *data)
{
    (void)data;
    record_values = COUNT * VALUES;
    choose(view_of(memory, "<ihd", RECORD, 1, 0, 0), NULL);
    check_records(records_by_hand, doubles_by_hand);
    check_records(records_to_doubles, doubles_to_records);
    return 1;
}

static int prepare_field(const void *data)
{
    Py_ssize_t shape = COUNT, stride = RECORD;
    Py_buffer info = {.buf = memory + REAL, .len = COUNT * 8, .itemsize = 8, .ndim = 1, .format = (char *)"<d",
                      .shape = &shape, .strides = &stride};

    (void)data;
    record_values = COUNT;
    choose(PyMemoryView_FromBuffer(&info), NULL);
    must(left != NULL, "no view");
    check_records(field_by_hand, NULL);
    check_records(records_to_doubles, NULL);
    return 1;
}

#endif

/* Texts, and unpacking. */

static const char hex_name[] = "hex of 1 MB", colons_name[] = "hex of 1 MB with colons";
static const char ints_name[] = "text of 1,000,000 `i`", doubles_name[] = "text of 1,000,000 `d`";

#ifdef BENCH_PYTHON_H

static PyObject *records, *colon;

WORK(hex, MAKE(PyObject_CallMethod(left, "hex", NULL)))
WORK(hex_colons, MAKE(PyObject_CallMethod(left, "hex", "O", colon)))

static void text_of_items(long count)
{
    while (count-- > 0) {
        PyObject *list = PyObject_CallMethod(left, "tolist", NULL), *text = list ? PyObject_Repr(list) : NULL;
        must(text != NULL, "text");
        Py_DECREF(text);
        Py_DECREF(list);
    }
}

static void unpack(long count)
{
    while (count-- > 0) {
        PyObject *iterator = PyObject_CallMethod(records, "iter_unpack", "O", left), *item;
        must(iterator != NULL, "iter_unpack");
        while ((item = PyIter_Next(iterator)) != NULL) {
            Py_DECREF(item);
        }
        Py_DECREF(iterator);
    }
}

static int prepare_unpack(const void *data)
{
    (void)data;
    PyObject *module = PyImport_ImportModule("struct");
    records = module ? PyObject_CallMethod(module, "Struct", "s", "<ihd") : NULL;
    must(records != NULL, "no struct");
    pack_all(memory, "<ihd", 14, 1);
    PyObject *bytes = PyBytes_FromStringAndSize(memory, (Py_ssize_t)COUNT * 14);
    must(bytes != NULL, "no bytes");
    choose(bytes, NULL);
    return 1;
}

#else

static PyObject *record;
static pybuffer_value *values;

static char *text_bytes(PyObject *text)
{
    must(text != NULL, "no text");
    return PyBytes_AsString(text);
}

WORK(hex, MAKE(pybuffer_memoryview_hex(left, -1, 0)))
WORK(hex_colons, MAKE(pybuffer_memoryview_hex(left, ':', 1)))
WORK(text_of_items, MAKE(pybuffer_memoryview_text(left, -1)))
WORK(unpack, must(pybuffer_format_unpack_items(record, memory, 14, COUNT, values) == 0, "unpack");)

static int prepare_unpack(const void *data)
{
    (void)data;
    record = pybuffer_format_parse("<ihd");
    values = (pybuffer_value *)(void *)target;
    must(record != NULL && sizeof(*values) * VALUES * COUNT <= MEMORY, "no memory");
    pack_all(memory, "<ihd", 14, 1);
    unpack(1);
    for (int i = 0; i < COUNT; i++) {
        const pybuffer_value *value = values + i * VALUES;
        must(value[0].as.i == i % 100 && value[1].as.i == i % 100 && value[2].as.real == i % 100, "unpacked wrongly");
    }
    return 1;
}

#endif

static int prepare_text(const void *data)
{
    const char *name = data, *format = name == ints_name ? "i" : name == doubles_name ? "d" : "B";
    Py_ssize_t itemsize = *format == 'B' ? 1 : *format == 'i' ? 4 : 8;

    memcpy(memory, pattern, COUNT);
    for (int i = 0; i < COUNT && *format != 'B'; i++) {
        double real = i / 7.0;
        memcpy(memory + i * itemsize, *format == 'i' ? (void *)&i : (void *)&real, (size_t)itemsize);
    }
    choose(view_of(memory, format, itemsize, 1, 0, 1), NULL);
#ifdef BENCH_PYTHON_H
    colon = colon ? colon : PyUnicode_FromString(":");
    must(colon != NULL, "no colon");
#else
    PyObject *text = NULL;
    if (*format == 'B') {
        int wide = name == colons_name ? 3 : 2;
        char *digits = text_bytes(text = pybuffer_memoryview_hex(left, wide == 3 ? ':' : -1, 1));
        for (int i = 0; i < COUNT; i++) {
            char two[3];
            snprintf(two, sizeof two, "%02x", (unsigned char)memory[i]);
            must(memcmp(two, digits + i * wide, 2) == 0, "wrong digits");
        }
    } else {
        char *at = text_bytes(text = pybuffer_memoryview_text(left, -1));
        for (int i = 0; i < COUNT; i++) {
            must(strtod(at + 1, &at) == (*format == 'i' ? i : i / 7.0), "a wrong text");
        }
    }
    Py_DECREF(text);
#endif
    return 1;
}

/* Memory that is not allocated yet. */

#ifdef BENCH_PYTHON_H
WORK(new_copy, MAKE(PyObject_CallMethod(left, "tobytes", NULL)))
#else
WORK(new_copy, MAKE(pybuffer_memoryview_tobytes(left, 'C')))
#endif

static int prepare_new_copy(const void *data)
{
    Py_ssize_t side = 4096, shape[2] = {side, side}, strides[2] = {4, 4 * side};
    Py_buffer info = {.buf = memory, .len = 4 * side * side, .itemsize = 4, .readonly = 1, .ndim = 2, .format = "f",
                      .shape = shape, .strides = strides};

    (void)data;
    memcpy(memory, pattern, (size_t)info.len);
    choose(PyMemoryView_FromBuffer(&info), NULL);
    must(left != NULL, "no view");
#ifndef BENCH_PYTHON_H
    PyObject *copy = pybuffer_memoryview_tobytes(left, 'C');
    must(copy != NULL, "tobytes");
    for (Py_ssize_t i = 0; i < side * side; i++) {
        must(memcmp(PyBytes_AsString(copy) + 4 * i, memory + 4 * (i % side * side + i / side), 4) == 0, "a wrong copy");
    }
    Py_DECREF(copy);
#endif
    return 1;
}

#ifndef BENCH_PYTHON_H
static size_t compared;
static int (*volatile plain_compare)(const void *, const void *, size_t) = memcmp;
WORK(plain_comparison, must(plain_compare(memory, target, compared) == 0, "memcmp");)

static int prepare_loads(const void *data)
{
    const struct comparison *which = data;
    accesses = (struct accesses){.size = (size_t)(COUNT * which->a_size * which->step)};
    return prepare_comparison(data);
}

static int prepare_bytes(const void *data)
{
    compared = (size_t)((const struct comparison *)data)->a_size * COUNT;
    return prepare_comparison(data);
}
#endif

void add_values(void)
{
    static const Py_ssize_t steps[2] = {1, 2};

    for (size_t at = 0; at < sizeof comparisons / sizeof *comparisons; at++) {
        const struct comparison *which = &comparisons[at];
        struct workload *added = add(which->name, prepare_comparison, which, which->items, compare);
#ifdef BENCH_PYTHON_H
        (void)added;
#else
        if (which->step == 1 && which->items == 1 && strcmp(which->a, which->b) == 0) {
            added->prepare = prepare_bytes;
            column(added, "memcmp", plain_comparison);
        } else if (which->step > 1 && has_limits()) {
            added->prepare = prepare_loads;
            column(added, "limit", loaded);
        }
#endif
    }
    add("hash 1 MB contiguous", prepare_hash, &steps[0], 1, hash);
    add("hash 1 MB strided", prepare_hash, &steps[1], 1, hash_strided);
    for (size_t at = 0; at < sizeof conversions / sizeof *conversions; at++) {
        const struct conversion *which = &conversions[at];
        struct workload *added = add(which->name, prepare_conversion, which, 1, to_doubles);
#ifdef BENCH_PYTHON_H
        (void)added;
#else
        if (strstr(which->name, "doubles to")) {
            added->columns[0].run = from_doubles;
        }
#endif
    }
#ifndef BENCH_PYTHON_H
    column(add("1,000,000 `<ihd` records to doubles", prepare_records, NULL, 1, records_to_doubles), "naive C",
           records_by_hand);
    column(add("doubles to 1,000,000 `<ihd` records", prepare_records, NULL, 1, doubles_to_records), "naive C",
           doubles_by_hand);
    column(add("one field of 1,000,000 `<ihd` records to doubles", prepare_field, NULL, 1, records_to_doubles), "naive C",
           field_by_hand);
    for (size_t at = 0; at < sizeof pairs / sizeof *pairs; at++) {
        add(pairs[at].name, prepare_pair, &pairs[at], 1, convert);
    }
#endif
    add(hex_name, prepare_text, hex_name, 1, hex);
    add(colons_name, prepare_text, colons_name, 1, hex_colons);
    add(ints_name, prepare_text, ints_name, 1, text_of_items);
    add(doubles_name, prepare_text, doubles_name, 1, text_of_items);
    add("unpack `<ihd` records, per field", prepare_unpack, NULL, (double)COUNT * VALUES, unpack);
    add("new object: transpose f32 4096x4096", prepare_new_copy, NULL, 1, new_copy);
}

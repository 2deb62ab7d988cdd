/* Items of random formats, read and written by value: all of them and one, counted, searched, compared; against a decoder
 * that takes each value from where the generator has put it.
 */
#include "grammar.h"

#include <math.h>

static Arena data, tables, scratch;
static Grammar grammar;
static Layout layout, other;
static const char *doing;

static void describe_values(void)
{
    printf("#   %s, format '%s', %zu values of an item\n", doing, grammar.text, grammar.values);
    print_view("view", &layout.view);
    if (other.view.itemsize != 0) {
        print_view("other", &other.view);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static int same_real(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

/* The very same value: of bytes, in the same place. */
static void must_be_value(const pybuffer_value *is, const pybuffer_value *right, size_t at)
{
    long double a, b;
    int same = is->kind == right->kind;
    MUST_SAY(same, "value %zu is of kind %d, not %d", at, is->kind, right->kind);
    switch (is->kind) {
    case PYBUFFER_KIND_FLOAT:
        same = same_real(is->as.real, right->as.real);
        break;
    case PYBUFFER_KIND_COMPLEX:
        same = same_real(is->as.parts[0], right->as.parts[0]) && same_real(is->as.parts[1], right->as.parts[1]);
        break;
    case PYBUFFER_KIND_BYTES:
        same = is->as.bytes.start == right->as.bytes.start && is->as.bytes.length == right->as.bytes.length;
        same |= is->as.bytes.length == 0 && right->as.bytes.length == 0;
        break;
    case PYBUFFER_KIND_LONG_DOUBLE:
        a = long_double_read(is->as.long_double);
        b = long_double_read(right->as.long_double);
        same = a == b || (a != a && b != b);
        break;
    default:
        same = is->as.u == right->as.u;
    }
    MUST_SAY(same, "value %zu (kind %d) is %llx, not %llx", at, is->kind, (unsigned long long)is->as.u,
             (unsigned long long)right->as.u);
}

/* As Python's == has it, of two values of the same leaf. */
static int equal_values(const pybuffer_value *a, const pybuffer_value *b)
{
    switch (a->kind) {
    case PYBUFFER_KIND_FLOAT:
        return a->as.real == b->as.real;
    case PYBUFFER_KIND_COMPLEX:
        return a->as.parts[0] == b->as.parts[0] && a->as.parts[1] == b->as.parts[1];
    case PYBUFFER_KIND_BYTES:
        return a->as.bytes.length == b->as.bytes.length
               && (a->as.bytes.length == 0 || memcmp(a->as.bytes.start, b->as.bytes.start, (size_t)a->as.bytes.length) == 0);
    case PYBUFFER_KIND_LONG_DOUBLE:
        return long_doubles_are_equal(long_double_read(a->as.long_double), long_double_read(b->as.long_double));
    default:
        return a->as.u == b->as.u;
    }
}

/* ---- what is done ----------------------------------------------------------------------------------------------- */

enum { MOST_VALUES = 1 << 16 };
static pybuffer_value found[MOST_VALUES], expected[MOST_VALUES];

static void decode_all(const char *const *items, size_t count, pybuffer_value *all)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t v = 0; v < grammar.values; v++) {
            all[i * grammar.values + v] = leaf_value(items[i], &grammar.leaves[v]);
        }
    }
}

static void read_all(PyObject *view, size_t count)
{
    size_t all = count * grammar.values;
    doing = "pybuffer_memoryview_values";
    MUST_RAISE(pybuffer_memoryview_values(view, found, (Py_ssize_t)all) != 0, NULL);
    for (size_t i = 0; i < all; i++) {
        must_be_value(&found[i], &expected[i], i);
    }
    executed();
    if (once_in(8)) {
        MUST_RAISE(pybuffer_memoryview_values(view, found, (Py_ssize_t)all + 1) == -1, PyExc_ValueError);
    }
}

/* Of an item, by its indices, some of which count from the end. */
static void read_one(PyObject *view, size_t count)
{
    if (count == 0) {
        return;
    }
    doing = "pybuffer_memoryview_get_item";
    size_t rank = below(count), left = rank;
    Py_ssize_t index[AXES];
    for (int i = layout.view.ndim - 1; i >= 0; i--) {
        index[i] = (Py_ssize_t)(left % (size_t)layout.shape[i]);
        left /= (size_t)layout.shape[i];
        index[i] -= once_in(3) ? layout.shape[i] : 0;
    }
    int nvalues = (int)grammar.values;
    MUST_RAISE(pybuffer_memoryview_get_item(view, index, layout.view.ndim, found, nvalues) != 0, NULL);
    for (size_t v = 0; v < grammar.values; v++) {
        must_be_value(&found[v], &expected[rank * grammar.values + v], v);
    }
    MUST(pybuffer_memoryview_item_pointer(view, index, layout.view.ndim) == model_list[0][rank]);
    executed();
    if (layout.view.ndim > 0 && once_in(8)) {
        int axis = (int)below((uint64_t)layout.view.ndim);
        index[axis] = once_in(2) ? layout.shape[axis] : -layout.shape[axis] - 1;
        MUST_RAISE(pybuffer_memoryview_get_item(view, index, layout.view.ndim, found, nvalues) == -1, PyExc_IndexError);
    }
}

static void search(PyObject *view, size_t count)
{
    size_t wanted = count == 0 ? 0 : below(count), occurs = 0;
    pybuffer_value look_for[MOST_LEAVES];
    if (count == 0 || grammar.values == 0) {
        return;
    }
    memcpy(look_for, expected + wanted * grammar.values, grammar.values * sizeof(*look_for));
    Py_ssize_t n = (Py_ssize_t)count, start = once_in(2) ? 0 : between(-n - 2, n + 2), stop = once_in(2) ? PY_SSIZE_T_MAX : between(-n - 2, n + 2);
    Py_ssize_t from = start < 0 ? start + n < 0 ? 0 : start + n : start, to = stop < 0 ? stop + n : stop > n ? n : stop, first = -1;
    for (size_t i = 0; i < count; i++) {
        int same = 1;
        for (size_t v = 0; v < grammar.values && same; v++) {
            same = equal_values(&look_for[v], &expected[i * grammar.values + v]);
        }
        occurs += (size_t)same;
        if (same && first < 0 && (Py_ssize_t)i >= from && (Py_ssize_t)i < to) {
            first = (Py_ssize_t)i;
        }
    }
    doing = "pybuffer_memoryview_count";
    Py_ssize_t times = pybuffer_memoryview_count(view, look_for, (int)grammar.values);
    MUST_RAISE(times < 0, NULL);
    MUST_SAY(times == (Py_ssize_t)occurs, "the item occurs %zd times, not %zu", times, occurs);
    executed();
    if (layout.view.ndim > 0) {
        doing = "pybuffer_memoryview_index";
        Py_ssize_t place = pybuffer_memoryview_index(view, look_for, (int)grammar.values, start, stop);
        MUST_SAY(place == first, "from %zd to %zd: item %zd, not %zd", start, stop, place, first);
        MUST_RAISE(place < 0, first < 0 ? PyExc_ValueError : NULL);
        executed();
    }
}

/* Items that can be packed, to the view's. */
static void write_all(PyObject *view, size_t count)
{
    size_t size = (size_t)grammar.itemsize, all = count * grammar.values;
    char *image = snapshot(0, layout.low, layout.span), *items = arena_place(&scratch, size * count);
    doing = "pybuffer_memoryview_set_values";
    for (size_t i = 0; i < count; i++) {
        grammar_item(&grammar, items + i * size, size);
        memcpy(image + (model_list[0][i] - layout.low), items + i * size, size);
        for (size_t v = 0; v < grammar.values; v++) {
            found[i * grammar.values + v] = leaf_value(items + i * size, &grammar.leaves[v]);
        }
    }
    size_t at = below(all);
    /* Everything is true or false. */
    int bad = all > 0 && once_in(6) && grammar.leaves[at % grammar.values].kind != PYBUFFER_KIND_BOOL;
    if (bad) {
        /* One that does not fit, somewhere: nothing is written. */
        pybuffer_value *value = &found[at];
        int kind = grammar.leaves[at % grammar.values].kind;
        *value = kind == PYBUFFER_KIND_CHAR || kind == PYBUFFER_KIND_BYTES || kind == PYBUFFER_KIND_PASCAL || kind == PYBUFFER_KIND_PAD
                     ? PYBUFFER_INT(1)
                     : PYBUFFER_BYTES("x", 1);
        image = snapshot(0, layout.low, layout.span);
    }
    if (count == 1 && layout.view.ndim == 0 && once_in(2)) {
        MUST_RAISE(pybuffer_memoryview_set_item(view, NULL, 0, found, (int)all) != 0, bad ? PyExc_TypeError : NULL);
    }
    else {
        MUST_RAISE(pybuffer_memoryview_set_values(view, found, (Py_ssize_t)all) != 0, bad ? PyExc_TypeError : NULL);
    }
    /* The padding inside a long double belongs to no value, and is not compared: there is none in these formats. */
    MUST_BE("the items", layout.low, image, layout.span);
    executed();
}

/* The same items in another place, and now and then one that is not. */
static void compare(PyObject *view, size_t count)
{
    doing = "pybuffer_memoryview_equal";
    layout_make(&other, layout.view.itemsize, layout.view.ndim, layout.shape, 0, &scratch, &tables);
    other.view.format = once_in(2) ? grammar.twin : grammar.text;
    scribble(other.low, other.span);
    model_items(&other.view, 'C', model_list[1]);
    int same = 1;
    for (size_t i = 0; i < count; i++) {
        memcpy(model_list[1][i], model_list[0][i], (size_t)grammar.itemsize);
    }
    if (count > 0 && grammar.itemsize > 0 && once_in(2)) {
        size_t at = below(count), byte = below((size_t)grammar.itemsize);
        model_list[1][at][byte] ^= (char)(1 << below(8));
    }
    decode_all((const char *const *)model_list[1], count, found);
    for (size_t i = 0; i < count * grammar.values; i++) {
        same &= equal_values(&found[i], &expected[i]);
    }
    PyObject *against = PyMemoryView_FromBuffer(&other.view);
    MUST_RAISE(against == NULL, NULL);
    int result = pybuffer_memoryview_equal(view, against);
    MUST_RAISE(result < 0, NULL);
    MUST_SAY(result == same, "equal: %d, not %d", result, same);
    Py_DECREF(against);
    executed();
}

static void round_of_values(void)
{
    arena_make(&data, 1 << 20);
    arena_make(&scratch, 1 << 20);
    arena_make(&tables, 1 << 17);
    memset(&other.view, 0, sizeof(other.view));
    doing = "making it";
    grammar.text[0] = '\0';
    memset(&layout.view, 0, sizeof(layout.view));
    describe = describe_values;
    int writing = once_in(3), exact = long_doubles_are_exact();
    if (!grammar_make(&grammar, writing || !exact ? GRAMMAR_NUMBERS : 0)) {
        return;
    }
    if (grammar.values == 0) {
        /* Nothing but padding: bytes, where the format is one of them, and else nothing. The extreme family has them. */
        return;
    }
    Py_ssize_t shape[AXES], limit = once_in(30) ? 300 : 20;
    /* Bytes of an item after its format are left alone; but the width of "u" follows from the size. */
    Py_ssize_t itemsize = grammar.itemsize + (once_in(8) && !grammar.has_text_units ? between(1, 9) : 0);
    if (grammar.itemsize > 200) {
        limit = 4;
    }
    int ndim = random_shape(shape, 4, limit);
    layout_make(&layout, itemsize, ndim, shape, LAYOUT_POINTERS | (writing ? 0 : LAYOUT_SHARED), &data, &tables);
    layout.view.format = grammar.text;
    scribble(layout.low, layout.span);
    size_t count = model_items(&layout.view, 'C', model_list[0]);
    if (count * grammar.values > MOST_VALUES) {
        return;
    }
    if (count > 0 && once_in(2) && !layout.shared) {
        /* Some items that are equal. */
        for (size_t i = 0; i < count; i++) {
            memcpy(model_list[0][i], model_list[0][below(count)], (size_t)itemsize);
        }
    }
    decode_all((const char *const *)model_list[0], count, expected);
    PyObject *view = PyMemoryView_FromBuffer(&layout.view);
    MUST_RAISE(view == NULL, NULL);
    char *before = snapshot(1, layout.low, layout.span);
    switch (writing ? 9 : below(4)) {
    case 0:
        read_all(view, count);
        break;
    case 1:
        read_one(view, count);
        break;
    case 2:
        search(view, count);
        break;
    case 3:
        compare(view, count);
        break;
    default:
        write_all(view, count);
        before = NULL;
    }
    if (before != NULL) {
        MUST_BE("the items", layout.low, before, layout.span);
    }
    Py_DECREF(view);
}

const Family values = {"values", round_of_values, 60000};

/* Windows that overlap along many axes, of any strides: far more tuples of indices than items, so many that they are walked place by
 * place. Compared, searched and written tuple by tuple by the model.
 */
#include "random.h"

#include <math.h>

enum { MOST_AXES = 64, ROOM = PAGE };
static Arena memory[2];
static Py_buffer view, other;
static Py_ssize_t shape[MOST_AXES], strides[MOST_AXES], other_strides[MOST_AXES], items;
static const char *doing;

enum { KINDS = 3 };
/* Of a view, and of the other one. */
static int kind, other_kind;
static const struct {
    char format[3];
    Py_ssize_t size;
} kinds[KINDS] = {{"B", 1}, {"<h", 2}, {"d", 8}};

static void describe_windows(void)
{
    printf("#   %s\n", doing);
    print_view("view", &view);
    print_view("other", &other);
}

/* Small numbers, and NaN. Those of two bytes are little-endian. */
static double number_at(int of_kind, const char *item)
{
    double real;
    switch (of_kind) {
    case 0:
        return *(const unsigned char *)item;
    case 1:
        return (int16_t)((unsigned char)item[0] | (unsigned char)item[1] << 8);
    default:
        memcpy(&real, item, 8);
        return real;
    }
}

static void put_number(int of_kind, char *item, double number)
{
    switch (of_kind) {
    case 0:
        *item = (char)number;
        break;
    case 1:
        item[0] = (char)number;
        item[1] = 0;
        break;
    default:
        memcpy(item, &number, 8);
    }
}

/* Lays axes of any strides in memory of a few kilobytes, as far to its start or to its end as there is room. */
static void lay_windows(Py_buffer *laid, Py_ssize_t *steps, int of_kind, const Arena *arena)
{
    Py_ssize_t first = 0, last = 0, unit = of_kind == 2 || once_in(2) ? kinds[of_kind].size : 1;
    int most = (int)between(1, 200);
    for (int i = 0; i < view.ndim; i++) {
        Py_ssize_t room = (ROOM - 100) / view.ndim / (shape[i] - 1) / unit;
        steps[i] = once_in(9) ? 0 : unit * between(room < most ? -room : -most, room < most ? room : most);
        Py_ssize_t reach = (shape[i] - 1) * steps[i];
        first += reach < 0 ? reach : 0;
        last += reach > 0 ? reach : 0;
    }
    laid->strides = steps;
    laid->buf = once_in(2) ? arena->start - first : arena->start + ROOM - last - kinds[of_kind].size;
}

/* The items of one tuple of indices after the other, of both; whether there is another tuple. */
static int next_pair(Py_ssize_t *index, const char **a, const char **b)
{
    for (int i = view.ndim; i-- > 0;) {
        *a += strides[i];
        *b += other_strides[i];
        if (++index[i] < shape[i]) {
            return 1;
        }
        *a -= strides[i] * shape[i];
        *b -= other_strides[i] * shape[i];
        index[i] = 0;
    }
    return 0;
}

static PyObject *opened(Py_buffer *laid, int of_kind)
{
    laid->itemsize = kinds[of_kind].size;
    laid->format = (char *)kinds[of_kind].format;
    laid->len = laid->itemsize * items;
    PyObject *made = PyMemoryView_FromBuffer(laid);
    MUST_RAISE(made == NULL, NULL);
    return made;
}

static void compare_like_the_model(PyObject *a, PyObject *b)
{
    const char *item = view.buf, *at = other.buf;
    Py_ssize_t index[MOST_AXES] = {0}, first = -1, count = 0, tuple = 0;
    int same = 1;
    do {
        double number = number_at(kind, item);
        same &= number == number_at(other_kind, at);
        first = number == 2 && first < 0 ? tuple : first;
        count += number == 2;
        tuple++;
    } while (next_pair(index, &item, &at));
    doing = "pybuffer_memoryview_equal";
    int equal = pybuffer_memoryview_equal(a, b);
    MUST_SAY(equal == same, "it is %d, not %d", equal, same);
    executed();
    doing = "PyObject_RichCompareBool";
    equal = PyObject_RichCompareBool(b, a, Py_EQ);
    MUST_SAY(equal == same, "it is %d, not %d", equal, same);
    executed();
    pybuffer_value two = kind == 2 ? PYBUFFER_REAL(2) : PYBUFFER_INT(2);
    doing = "pybuffer_memoryview_index";
    Py_ssize_t found = pybuffer_memoryview_index(a, &two, 1, 0, PY_SSIZE_T_MAX);
    MUST_RAISE(found < 0, first < 0 ? PyExc_ValueError : NULL);
    MUST_SAY(found == first, "it is %zd, not %zd", found, first);
    executed();
    doing = "pybuffer_memoryview_count";
    found = pybuffer_memoryview_count(a, &two, 1);
    MUST_SAY(found == count, "there are %zd, not %zd", found, count);
    executed();
}

/* What is written to a place last stays. */
static void write_like_the_model(PyObject *a, PyObject *b)
{
    static char expected[ROOM];
    const char *item = view.buf, *at = other.buf;
    Py_ssize_t index[MOST_AXES] = {0};
    scribble(memory[0].start, ROOM);
    memcpy(expected, memory[1].start, ROOM);
    do {
        memcpy(expected + (at - memory[1].start), item, (size_t)view.itemsize);
    } while (next_pair(index, &item, &at));
    doing = "PyObject_CopyData";
    MUST_RAISE(PyObject_CopyData(b, a) != 0, NULL);
    MUST(memcmp(expected, memory[1].start, ROOM) == 0);
    executed();
}

/* Numbers, the same or any of a few, at each place. */
static void fill(char *start, int of_kind, int same)
{
    for (size_t i = 0; i < ROOM; i += (size_t)kinds[of_kind].size) {
        put_number(of_kind, start + i, same ? 1 : (double)below(3));
    }
}

static void round_of_windows(void)
{
    Py_ssize_t index[MOST_AXES] = {0};
    describe = describe_windows;
    doing = "";
    arena_make(&memory[0], ROOM);
    arena_make(&memory[1], ROOM);
    kind = (int)below(KINDS);
    other_kind = once_in(3) ? (int)below(KINDS) : kind;
    memset(&view, 0, sizeof(view));
    view.shape = shape;
    for (items = 1; items < 1 << 17; items *= shape[view.ndim++]) {
        shape[view.ndim] = between(2, once_in(4) ? 9 : 3);
    }
    other = view;
    lay_windows(&view, strides, kind, &memory[0]);
    lay_windows(&other, other_strides, other_kind, &memory[1]);
    /* Any numbers are equal to those at the same places of a copy, most others only if there is one number. */
    int alike = kind == other_kind && once_in(3);
    fill(memory[0].start, kind, !alike);
    fill(memory[1].start, other_kind, 1);
    if (alike) {
        memcpy(other_strides, strides, sizeof(strides));
        other.buf = memory[1].start + ((char *)view.buf - memory[0].start);
        memcpy(memory[1].start, memory[0].start, ROOM);
    }
    /* One that may differ, behind any tuple of indices. */
    const char *item = view.buf, *at = other.buf;
    for (uint64_t i = below((uint64_t)items); i > 0; i--) {
        next_pair(index, &item, &at);
    }
    if (once_in(2)) {
        double differs = once_in(4) && kind == 2 ? (double)NAN : 2;
        put_number(kind, (char *)item, differs);
        if (once_in(2) && (differs == 2 || other_kind == 2)) {
            put_number(other_kind, (char *)at, differs);
        }
    }
    PyObject *a = opened(&view, kind), *b = opened(&other, other_kind);
    compare_like_the_model(a, b);
    if (kind == other_kind) {
        write_like_the_model(a, b);
    }
    Py_DECREF(a);
    Py_DECREF(b);
}

const Family windows = {"windows", round_of_windows, 1500};

/* Windows that overlap along many axes, of any strides: far more tuples of indices than items, so many that they are walked place by
 * place; some behind tables of pointers, which have windows too, and lead to the same tables and items. Compared, searched and written
 * tuple by tuple by the model.
 */
#include "random.h"

#include <math.h>

enum { MOST_AXES = 64, ROOM = PAGE };
static Arena memory[2];
static Py_buffer view, other;
static Py_ssize_t shape[MOST_AXES], strides[MOST_AXES], other_strides[MOST_AXES], items;
static Py_ssize_t suboffsets[MOST_AXES], other_suboffsets[MOST_AXES];
enum { LEVELS = 3, POINTERS = 256 };
static char *tables[2][LEVELS][POINTERS];
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

/* Lays axes from one on in `room` bytes, as far to their start or to their end as there is room, by steps of a number of units. Gives
 * the place of index 0 of all.
 */
static char *lay_axes(Py_ssize_t *steps, int from, int to, char *start, Py_ssize_t room, Py_ssize_t unit, Py_ssize_t size)
{
    Py_ssize_t first = 0, last = 0;
    int most = (int)between(1, 200);
    for (int i = from; i < to; i++) {
        Py_ssize_t far = (room - size) / (to - from) / (shape[i] - 1) / unit;
        steps[i] = once_in(9) ? 0 : unit * between(far < most ? -far : -most, far < most ? far : most);
        Py_ssize_t reach = (shape[i] - 1) * steps[i];
        first += reach < 0 ? reach : 0;
        last += reach > 0 ? reach : 0;
    }
    return once_in(2) ? start - first : start + (room - size - last) / unit * unit;
}

/* Lays axes of any strides in memory of a few kilobytes, some of them behind tables. */
static void lay_windows(Py_buffer *laid, Py_ssize_t *steps, Py_ssize_t *follow, int of_kind, int which)
{
    enum { APART = 200 };
    Py_ssize_t size = kinds[of_kind].size, unit = of_kind == 2 || once_in(2) ? size : 1;
    int levels = once_in(3) ? (int)between(1, LEVELS) : 0, from = 0;
    char **before = NULL;
    laid->strides = steps;
    for (int level = 0; level <= levels; level++) {
        /* All levels but the last have an axis; that may have none, so pointers lead to items. */
        int to = level == levels ? view.ndim : (int)between(from + 1, view.ndim - (levels - level) + 1);
        char *start = level == levels ? memory[which].start : (char *)tables[which][level];
        Py_ssize_t room = level == levels ? ROOM - (levels != 0 ? APART : 0) : (POINTERS - 8) * (Py_ssize_t)sizeof(char *);
        Py_ssize_t step = level == levels ? unit : (Py_ssize_t)sizeof(char *);
        char *place = lay_axes(steps, from, to, start, room, step, level == levels ? size : step);
        for (int i = from; i < to; i++) {
            follow[i] = -1;
        }
        if (before == NULL) {
            laid->buf = place;
        } else {
            Py_ssize_t suboffset = follow[from - 1] = once_in(2) ? 0 : (Py_ssize_t)below(50);
            Py_ssize_t apart = (Py_ssize_t)below(level == levels ? (uint64_t)(APART / step) : 8);
            for (int i = 0; i < POINTERS; i++) {
                before[i] = place + step * (Py_ssize_t)below((uint64_t)apart + 1) - suboffset;
            }
            laid->suboffsets = follow;
        }
        before = level == levels ? NULL : tables[which][level];
        from = to;
    }
}

/* A tuple of indices, and where those up to each axis lead, from behind the pointer before it on. */
typedef struct {
    const Py_buffer *view;
    Py_ssize_t index[MOST_AXES];
    const char *at[MOST_AXES + 1];
} Walk;

/* Follows the axes from one on; gives where the item is. */
static const char *follow_from(Walk *walk, int from)
{
    for (int i = from; i < view.ndim; i++) {
        const char *place = walk->at[i] + walk->index[i] * walk->view->strides[i];
        Py_ssize_t suboffset = walk->view->suboffsets != NULL ? walk->view->suboffsets[i] : -1;
        walk->at[i + 1] = suboffset >= 0 ? *(char *const *)place + suboffset : place;
    }
    return walk->at[view.ndim];
}

static const char *first_of(Walk *walk, const Py_buffer *of)
{
    memset(walk, 0, sizeof(*walk));
    walk->view = of;
    walk->at[0] = of->buf;
    return follow_from(walk, 0);
}

/* The item of the next tuple; NULL if there is none. */
static const char *next_of(Walk *walk)
{
    for (int i = view.ndim; i-- > 0;) {
        if (++walk->index[i] < shape[i]) {
            return follow_from(walk, i);
        }
        walk->index[i] = 0;
    }
    return NULL;
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
    static Walk of_view, of_other;
    const char *item = first_of(&of_view, &view), *at = first_of(&of_other, &other);
    Py_ssize_t first = -1, count = 0, tuple = 0;
    int same = 1;
    for (; item != NULL; item = next_of(&of_view), at = next_of(&of_other)) {
        double number = number_at(kind, item);
        same &= number == number_at(other_kind, at);
        first = number == 2 && first < 0 ? tuple : first;
        count += number == 2;
        tuple++;
    }
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
    static Walk of_view, of_other;
    scribble(memory[0].start, ROOM);
    memcpy(expected, memory[1].start, ROOM);
    const char *item = first_of(&of_view, &view), *at = first_of(&of_other, &other);
    for (; item != NULL; item = next_of(&of_view), at = next_of(&of_other)) {
        memcpy(expected + (at - memory[1].start), item, (size_t)view.itemsize);
    }
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
    static Walk of_view, of_other;
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
    lay_windows(&view, strides, suboffsets, kind, 0);
    lay_windows(&other, other_strides, other_suboffsets, other_kind, 1);
    /* Any numbers are equal to those at the same places of a copy, most others only if there is one number. */
    int alike = kind == other_kind && view.suboffsets == NULL && other.suboffsets == NULL && once_in(3);
    fill(memory[0].start, kind, !alike);
    fill(memory[1].start, other_kind, 1);
    if (alike) {
        memcpy(other_strides, strides, sizeof(strides));
        other.buf = memory[1].start + ((char *)view.buf - memory[0].start);
        memcpy(memory[1].start, memory[0].start, ROOM);
    }
    /* One that may differ, behind any tuple of indices. */
    const char *item = first_of(&of_view, &view), *at = first_of(&of_other, &other);
    for (uint64_t i = below((uint64_t)items); i > 0; i--) {
        item = next_of(&of_view);
        at = next_of(&of_other);
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

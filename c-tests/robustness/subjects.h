/* What every.c calls each function with: views of little memory, or none, that say much of it. `bytes` and `text` count what a
 * function may look at: the memory behind a view, with its table of pointers, and the characters of its format.
 */
#ifndef SUBJECTS_H
#define SUBJECTS_H

#include "support.h"

#include <stdint.h>

enum { MOST = 1 << 16, MOST_AXES = 64 };

typedef struct {
    Py_buffer info;
    Py_ssize_t shape[MOST_AXES], strides[MOST_AXES], suboffsets[MOST_AXES];
    char format[MOST];
    size_t bytes, text;
} Subject;

/* Of each subject and its companion, in the same shape and other memory. */
static _Alignas(16) unsigned char subject_memory[2][MOST + 64];
static void *subject_tables[2][MOST / 64];

static const Py_ssize_t HUGE_AXIS = (Py_ssize_t)1 << 31, HUGEST_AXIS = (Py_ssize_t)1 << 62;

static void set_axis(Subject *s, Py_ssize_t length, Py_ssize_t stride)
{
    s->shape[s->info.ndim] = length;
    s->strides[s->info.ndim] = stride;
    s->suboffsets[s->info.ndim++] = -1;
}

static void set_item(Subject *s, const char *format, Py_ssize_t itemsize)
{
    strcpy(s->format, format);
    s->info.itemsize = itemsize;
}

static void repeat_text(Subject *s, const char *part, size_t characters)
{
    char *to = s->format + strlen(s->format);
    for (size_t end = strlen(part); end <= characters; end += strlen(part)) {
        to = stpcpy(to, part);
    }
}

/* A function for each, of about n bytes or characters; `second` for the companion. */

static void of_bytes(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, second ? "b" : "B", 1);
    set_axis(s, n, 1);
}

static void of_strided_numbers(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, second ? ">h" : "<h", 2);
    set_axis(s, n / 6, 6);
}

static void of_columns(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, "d", 8);
    set_axis(s, 16, second ? n / 16 : 8);
    set_axis(s, n / 128, second ? 8 : 128);
}

static void of_records(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, second ? "<hBx?HbIb" : "<hBx?HbIb", 13);
    set_axis(s, n / 13, 13);
}

static void of_long_doubles(Subject *s, Py_ssize_t n, int second)
{
    (void)second;
    set_item(s, "g", sizeof(long double));
    set_axis(s, n / (Py_ssize_t)sizeof(long double), sizeof(long double));
}

static void of_rows_behind_pointers(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, "B", 1);
    set_axis(s, n / 64, sizeof(void *));
    set_axis(s, 64, 1);
    s->suboffsets[0] = 0;
    for (Py_ssize_t i = 0; i < n / 64; i++) {
        subject_tables[second][i] = subject_memory[second] + 64 * i;
    }
    s->info.buf = subject_tables[second];
    s->bytes += (size_t)n / 64 * sizeof(void *);
}

static void of_one_row_behind_pointers(Subject *s, Py_ssize_t n, int second)
{
    of_rows_behind_pointers(s, n, second);
    s->shape[0] = HUGE_AXIS;
    s->shape[1] = HUGE_AXIS / 2;
    s->strides[0] = s->strides[1] = 0;
}

/* Behind each pointer 4096 windows of 13 bytes. */
static void of_few_windows_behind_pointers(Subject *s, Py_ssize_t n, int second)
{
    of_rows_behind_pointers(s, n, second);
    s->info.ndim = 1;
    for (int i = 0; i < 12; i++) {
        set_axis(s, 2, 1);
    }
}

/* Each of 1024 rows starts a byte after the one before, and is half of the memory. */
static void of_rows_that_overlap(Subject *s, Py_ssize_t n, int second)
{
    enum { ROWS = MOST / 64 };
    set_item(s, "B", 1);
    set_axis(s, HUGEST_AXIS / ROWS / n, 0);
    set_axis(s, ROWS, sizeof(void *));
    s->suboffsets[1] = 0;
    set_axis(s, n / 2, 1);
    for (Py_ssize_t i = 0; i < ROWS; i++) {
        subject_tables[second][i] = subject_memory[second] + i;
    }
    s->info.buf = subject_tables[second];
    s->bytes += ROWS * sizeof(void *);
}

/* Windows of a table, from the pointers of which there are windows of another one, and from those rows that overlap: 2^40 of them. */
static void of_windows_of_tables(Subject *s, Py_ssize_t n, int second)
{
    enum { AXES = 20, POINTERS = MOST / 64 - AXES - 1 };
    set_item(s, "B", 1);
    for (int i = 0; i < AXES; i++) {
        set_axis(s, 2, sizeof(void *));
    }
    for (int i = 0; i < AXES; i++) {
        set_axis(s, 2, (Py_ssize_t)sizeof(void *) << i % 8);
    }
    s->suboffsets[AXES - 1] = s->suboffsets[2 * AXES - 1] = 0;
    set_axis(s, n / 2, 1);
    void **tables = subject_tables[second], **next = &tables[AXES + 1];
    for (int i = 0; i <= AXES; i++) {
        tables[i] = &next[i];
    }
    for (int i = 0; i < POINTERS; i++) {
        next[i] = subject_memory[second] + i;
    }
    s->info.buf = tables;
    s->bytes += MOST / 64 * sizeof(void *);
}

static void of_items_without_bytes(Subject *s, Py_ssize_t n, int second)
{
    (void)n;
    set_item(s, second ? "0p" : "0s", 0);
    set_axis(s, HUGEST_AXIS, second);
}

static void of_axes_without_bytes(Subject *s, Py_ssize_t n, int second)
{
    (void)n;
    set_item(s, "0i", 0);
    set_axis(s, HUGE_AXIS, second ? 0 : 5);
    set_axis(s, HUGE_AXIS - 1, -1);
}

static void of_one_byte(Subject *s, Py_ssize_t n, int second)
{
    (void)n, (void)second;
    set_item(s, "B", 1);
    set_axis(s, HUGEST_AXIS / 2, 0);
}

static void of_repeated_rows(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, second ? "I" : "i", 4);
    set_axis(s, HUGEST_AXIS / 4 / n, 0);
    set_axis(s, n / 4, 4);
}

/* Of n*n/4 items, so many times that their bytes fit no memory. */
static void of_windows(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, "B", 1);
    set_axis(s, HUGEST_AXIS / n / n, 0);
    set_axis(s, n / 2, 1);
    set_axis(s, n / 2, second ? -1 : 1);
    s->info.buf = subject_memory[second] + (second ? n / 2 : 0);
}

static void of_many_axes(Subject *s, Py_ssize_t n, int second)
{
    (void)second;
    set_item(s, "B", 1);
    Py_ssize_t stride = n;
    for (int i = 0; i < MOST_AXES; i++) {
        stride /= stride > 1 ? 2 : 1;
        set_axis(s, n >> i > 1 ? 2 : 1, stride);
    }
}

static void of_many_windows(Subject *s, Py_ssize_t n, int second)
{
    (void)n;
    set_item(s, "B", 1);
    for (int i = 0; i < 62; i++) {
        set_axis(s, 2, second ? 3 : 1);
    }
}

/* No two of these axes lead back to the same place by few steps. */
static void of_windows_of_any_strides(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, "B", 1);
    Py_ssize_t far = 0;
    for (int i = 0; i < 62; i++) {
        Py_ssize_t stride = 1 + (second ? 61 - i : i) * (n / 2048);
        set_axis(s, 2, second && i % 3 == 0 ? -stride : stride);
        far += second && i % 3 == 0 ? stride : 0;
    }
    s->info.buf = subject_memory[second] + far;
}

static void of_no_items(Subject *s, Py_ssize_t n, int second)
{
    (void)n, (void)second;
    set_item(s, "d", 8);
    set_axis(s, HUGEST_AXIS, 8);
    set_axis(s, 0, 8);
}

static void of_a_long_format(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, second ? ">" : "<", 0);
    repeat_text(s, "bh", (size_t)n / 4);
    s->info.itemsize = n / 8 * 3;
    set_axis(s, 1, 0);
}

static void of_a_long_name(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, "i:", 4);
    repeat_text(s, second ? "other" : "name", (size_t)n);
    strcat(s->format, ":");
    set_axis(s, 4, 4);
}

static void of_many_empty_records(Subject *s, Py_ssize_t n, int second)
{
    set_item(s, "", 0);
    repeat_text(s, second ? "999999999T{0h0s}" : "999999999T{0i0s}", (size_t)n);
    set_axis(s, 1000000, 0);
}

static void of_empty_values(Subject *s, Py_ssize_t n, int second)
{
    (void)n;
    set_item(s, second ? "1000000000T{(1000000000)0s}" : "1000000000T{1000000000T{0s}}", 0);
    set_axis(s, 1, 0);
}

static void of_a_deep_format(Subject *s, Py_ssize_t n, int second)
{
    (void)n, (void)second;
    set_item(s, "", 71);
    repeat_text(s, "T{b:x:", 63 * 6);
    strcat(s->format, ">d:last:");
    repeat_text(s, "}:n:", 63 * 4);
    set_axis(s, 3, 71);
}

static void of_padding(Subject *s, Py_ssize_t n, int second)
{
    (void)n, (void)second;
    set_item(s, "10000000xB", 10000001);
    set_axis(s, 0, 1);
}

static const struct {
    const char *name;
    void (*make)(Subject *s, Py_ssize_t n, int second);
    int grows; /* with n */
} subjects[] = {
    {"bytes", of_bytes, 1},
    {"strided numbers", of_strided_numbers, 1},
    {"columns", of_columns, 1},
    {"records", of_records, 1},
    {"long doubles", of_long_doubles, 1},
    {"rows behind pointers", of_rows_behind_pointers, 1},
    {"one row behind pointers", of_one_row_behind_pointers, 0},
    {"few windows behind pointers", of_few_windows_behind_pointers, 1},
    {"rows that overlap", of_rows_that_overlap, 1},
    {"windows of tables", of_windows_of_tables, 1},
    {"items without bytes", of_items_without_bytes, 0},
    {"axes without bytes", of_axes_without_bytes, 0},
    {"one byte", of_one_byte, 0},
    {"repeated rows", of_repeated_rows, 1},
    {"windows", of_windows, 1},
    {"64 axes", of_many_axes, 1},
    {"62 axes of windows", of_many_windows, 0},
    {"windows of any strides", of_windows_of_any_strides, 1},
    {"no items", of_no_items, 0},
    {"a long format", of_a_long_format, 1},
    {"a long name", of_a_long_name, 1},
    {"many empty records", of_many_empty_records, 1},
    {"values without bytes", of_empty_values, 0},
    {"a deep format", of_a_deep_format, 0},
    {"padding", of_padding, 0},
};

/* Makes subject `which`, of about n bytes or characters. */
static void make_subject(Subject *s, size_t which, Py_ssize_t n, int second)
{
    memset(&s->info, 0, sizeof(s->info));
    s->bytes = (size_t)n;
    for (Py_ssize_t i = 0; i < n; i++) {
        subject_memory[second][i] = 1;
    }
    s->info.buf = subject_memory[second];
    subjects[which].make(s, n, second);
    s->text = strlen(s->format);
    s->info.format = s->format;
    s->info.shape = s->shape;
    s->info.strides = s->strides;
    int empty = 0;
    for (int i = 0; i < s->info.ndim; i++) {
        empty |= s->shape[i] == 0;
        s->info.suboffsets = s->suboffsets[i] >= 0 ? s->suboffsets : s->info.suboffsets;
    }
    s->info.len = empty ? 0 : s->info.itemsize;
    for (int i = 0; i < s->info.ndim && s->info.len != 0; i++) {
        s->info.len *= s->shape[i];
    }
}

#endif

/* Values of one random format converted to another one with as many: numbers of all kinds, complex ones, text, bytes and bits, in
 * records that nest differently on both sides; in any layout, also over the source. The model goes value by value.
 */
#include "grammar.h"

#include <math.h>

enum { MOST = 60, TEXT = 3000 };

/* What a value is, in both formats: a real number, a complex one, a real one that becomes complex, a unit of text, so many
 * bytes, a Pascal string of so many. */
enum { REAL, COMPLEX, BECOMES_COMPLEX, UNIT, BYTES, PASCAL };

static struct {
    int kind;
    size_t size;
} kinds[MOST];
static size_t value_count;

/* One of the two formats. */
typedef struct {
    char text[TEXT];
    Leaf leaves[MOST];
    size_t size;
} Side;

static Side sides[2];
static Layout layouts[2];
static Arena arenas[2], tables[2];
static const char *doing;
/* No bytes whose meaning is many-valued: of `?` other than 0 and 1, invalid long doubles, the unused end of a Pascal string. */
static int plain;

static void describe_convert(void)
{
    printf("#   %s, from '%s' to '%s', %zu values of an item\n", doing, sides[0].text, sides[1].text, value_count);
    print_view("source", &layouts[0].view);
    print_view("dest", &layouts[1].view);
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static int same_kind(size_t a, size_t b)
{
    return kinds[a].kind == kinds[b].kind && kinds[a].size == kinds[b].size;
}

/* Appends random values, which often repeat. */
static void make_values(size_t most, int depth)
{
    size_t parts = (size_t)between(1, 3), end = value_count + most;
    for (size_t part = 0; part < parts && value_count < end; part++) {
        size_t start = value_count, left = end - value_count;
        if (depth < 3 && left > 1 && once_in(2)) {
            make_values(left / 2, depth + 1);
        }
        else {
            int kind = once_in(2) ? REAL : (int)below(plain ? 6 : 5);
            size_t size = kind >= BYTES ? below(5) : 0, count = once_in(3) ? (size_t)scaled(1, (Py_ssize_t)left) : 1;
            if (kind == PASCAL && size == 0) {
                size = 1;
            }
            for (size_t i = 0; i < count; i++) {
                kinds[value_count].kind = kind;
                kinds[value_count++].size = size;
            }
        }
        size_t length = value_count - start, times = once_in(3) ? (size_t)between(2, 4) : 1;
        for (size_t i = 0; i + 1 < times && value_count + length <= end; i++) {
            memcpy(&kinds[value_count], &kinds[start], length * sizeof(*kinds));
            value_count += length;
        }
    }
}

/* ---- formats ---------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t offset, alignment, bits;
    int bits_little;
} Level;

static Side *side;
static char mode;
static size_t used;

static void put(const char *text)
{
    size_t length = strlen(text);
    MUST(used + length < TEXT);
    memcpy(side->text + used, text, length + 1);
    used += length;
}

static void put_count(size_t count, int as_shape)
{
    char digits[24];
    snprintf(digits, sizeof(digits), as_shape ? "(%zu)" : "%zu", count);
    put(digits);
}

static int is_native(void)
{
    return mode == '@' || mode == '^';
}

static void put_prefix(void)
{
    char text[2] = {"=<>!^@"[below(6)], '\0'};
    mode = text[0];
    put(text);
}

static void close_bits(Level *level)
{
    level->offset += (level->bits + 7) / 8;
    level->bits = 0;
}

static void align(Level *level, size_t alignment)
{
    alignment = mode == '@' ? alignment : 1;
    level->offset = (level->offset + alignment - 1) / alignment * alignment;
    level->alignment = alignment > level->alignment ? alignment : level->alignment;
}

static void put_name(void)
{
    if (once_in(6)) {
        char name[8];
        snprintf(name, sizeof(name), ":n%d:", (int)below(9));
        put(name);
    }
}

/* One run of values of the same kind, at most so many; returns how many it has taken. */
static size_t put_run(Level *level, size_t first, size_t most)
{
    int which = side == &sides[1], kind = kinds[first].kind;
    size_t count = once_in(3) ? 1 : (size_t)between(1, (Py_ssize_t)most), size, alignment = 1;
    char code[3] = "";
    Leaf leaf = {0};
    if (kind == BECOMES_COMPLEX) {
        kind = which ? COMPLEX : REAL;
    }
    leaf.little = is_little(mode);
    switch (kind) {
    case REAL:
        if (!once_in(12)) {
            static const char *const codes[2] = {"bBhHiIlLqQ?efd", "bBhHiIlLqQnN?efdgP"};
            do {
                const char *all = codes[is_native()];
                code[0] = all[below(strlen(all))];
            } while (!plain && strchr("?g", code[0]) != NULL);
            size = code_size(code[0], is_native());
            alignment = (size_t)code_alignment(code[0]);
            leaf.kind = PYBUFFER_KIND_FLOAT;
            break;
        }
        /* Bits: each element of so many. */
        size = (size_t)between(1, once_in(3) ? 64 : 9);
        if (level->bits == 0 || level->bits_little != leaf.little) {
            close_bits(level);
            level->bits_little = leaf.little;
        }
        if (count > 1) {
            put_count(count, 1);
        }
        put_count(size, 0);
        put("t");
        leaf.kind = PYBUFFER_KIND_BITS;
        leaf.bits = size;
        for (size_t i = 0; i < count; i++) {
            leaf.bit = level->offset * 8 + level->bits;
            level->bits += size;
            side->leaves[first + i] = leaf;
        }
        put_name();
        return count;
    case COMPLEX: {
        static const char *const codes[] = {"Ze", "Zf", "Zd", "F", "D", "Zg"};
        strcpy(code, codes[below(plain && is_native() ? 6 : 5)]);
        char part = code[0] == 'Z' ? code[1] : code[0] == 'F' ? 'f' : 'd';
        size = 2 * code_size(part, is_native() || part != 'g');
        alignment = (size_t)code_alignment(part);
        leaf.kind = PYBUFFER_KIND_COMPLEX;
        break;
    }
    case UNIT:
        code[0] = once_in(2) ? 'u' : 'w';
        size = code_size(code[0], 1);
        alignment = (size_t)code_alignment(code[0]);
        leaf.kind = PYBUFFER_KIND_TEXT;
        break;
    case PASCAL:
        code[0] = 'p';
        size = kinds[first].size;
        leaf.kind = PYBUFFER_KIND_PASCAL;
        break;
    default:
        size = kinds[first].size;
        code[0] = size == 1 && once_in(2) ? 'c' : 's';
        leaf.kind = PYBUFFER_KIND_BYTES;
    }
    if (code[0] == 's' || code[0] == 'p') {
        if (count > 1) {
            put_count(count, 1);
        }
        put_count(size, 0);
    }
    else if (count > 1) {
        put_count(count, code[0] != 'u' && code[0] != 'w' && once_in(3));
    }
    put(code);
    put_name();
    close_bits(level);
    align(level, alignment);
    leaf.size = size;
    strcpy(leaf.code, code);
    for (size_t i = 0; i < count; i++) {
        leaf.offset = level->offset;
        level->offset += size;
        side->leaves[first + i] = leaf;
    }
    return count;
}

static void put_values(Level *level, size_t first, size_t count, int depth);

/* A record of the next values, once or repeatedly; returns how many there are in all. */
static size_t put_record(Level *level, size_t first, size_t most, int depth)
{
    size_t each = (size_t)between(1, (Py_ssize_t)(once_in(2) && most > 4 ? 4 : most)), times = 1;
    while ((times + 1) * each <= most) {
        int repeats = 1;
        for (size_t i = 0; i < each; i++) {
            repeats &= same_kind(first + i, first + times * each + i);
        }
        if (!repeats) {
            break;
        }
        times++;
    }
    times = once_in(3) ? 1 : once_in(2) ? times : (size_t)between(1, (Py_ssize_t)times);
    if (times > 1) {
        put_count(times, once_in(3));
    }
    put("T{");
    Level inner = {0, 1, 0, 1};
    put_values(&inner, first, each, depth + 1);
    close_bits(&inner);
    if (mode == '@') {
        inner.offset = (inner.offset + inner.alignment - 1) / inner.alignment * inner.alignment;
    }
    put("}");
    put_name();
    close_bits(level);
    align(level, inner.alignment);
    for (size_t t = times; t-- > 0;) {
        for (size_t i = 0; i < each; i++) {
            Leaf *leaf = &side->leaves[first + t * each + i];
            *leaf = side->leaves[first + i];
            leaf->offset += level->offset + t * inner.offset;
            leaf->bit += 8 * (level->offset + t * inner.offset);
        }
    }
    level->offset += times * inner.offset;
    return times * each;
}

static void put_values(Level *level, size_t first, size_t count, int depth)
{
    while (count > 0) {
        size_t run = 1, taken;
        while (run < count && same_kind(first, first + run)) {
            run++;
        }
        if (once_in(6)) {
            put_prefix();
        }
        if (once_in(10)) {
            size_t gap = (size_t)between(1, 5);
            put_count(gap, 0);
            put("x");
            close_bits(level);
            level->offset += gap;
        }
        taken = depth < 4 && once_in(3) ? put_record(level, first, count, depth) : put_run(level, first, run);
        first += taken;
        count -= taken;
    }
    if (once_in(12)) {
        put("x");
        close_bits(level);
        level->offset++;
    }
}

static void make_side(int which)
{
    Level level = {0, 1, 0, is_little('=')};
    side = &sides[which];
    used = 0;
    side->text[0] = '\0';
    mode = '@';
    if (!once_in(3)) {
        put_prefix();
    }
    put_values(&level, 0, value_count, 0);
    close_bits(&level);
    side->size = level.offset;
}

/* ---- the model -------------------------------------------------------------------------------------------------- */

/* What the conversion of an item may meet. */
static int out_of_range, not_a_number;

static void note_error(PyObject *error)
{
    out_of_range |= error == PyExc_OverflowError;
    not_a_number |= error == PyExc_ValueError;
}

static PyObject *write_real(Number number, char *item, const Leaf *leaf)
{
    uint64_t bits;
    if (leaf->kind == PYBUFFER_KIND_COMPLEX) {
        char part = leaf_part_code(leaf);
        number_write(number_of_uint(0), part, item + leaf->offset + leaf->size / 2, leaf->size / 2, leaf->little);
        return number_write(number, part, item + leaf->offset, leaf->size / 2, leaf->little);
    }
    if (leaf->kind != PYBUFFER_KIND_BITS) {
        return number_write(number, leaf->code[0], item + leaf->offset, leaf->size, leaf->little);
    }
    PyObject *error = number_to_uint64(number, &bits);
    if (error == NULL && leaf->bits < 64 && bits >> leaf->bits != 0) {
        error = PyExc_OverflowError;
    }
    if (error == NULL) {
        leaf_write_bits(item, leaf, bits);
    }
    return error;
}

static Number read_real(const char *item, const Leaf *leaf)
{
    return leaf->kind == PYBUFFER_KIND_BITS ? number_of_uint(leaf_bits(item, leaf))
                                            : number_read(leaf->code[0], item + leaf->offset, leaf->size, leaf->little);
}

static PyObject *convert_value(size_t v, const char *from, char *to)
{
    const Leaf *a = &sides[0].leaves[v], *b = &sides[1].leaves[v];
    size_t half = a->size / 2;
    uint64_t unit;
    pybuffer_value text;
    switch (kinds[v].kind) {
    case COMPLEX:
        for (size_t part = 0; part < 2; part++) {
            Number number = number_read(leaf_part_code(a), from + a->offset + part * half, half, a->little);
            number_write(number, leaf_part_code(b), to + b->offset + part * (b->size / 2), b->size / 2, b->little);
        }
        return NULL;
    case UNIT:
        unit = bits_read(from + a->offset, a->size, a->little);
        if (unit > 0xffff && b->size == 2) {
            return PyExc_OverflowError;
        }
        bits_write(to + b->offset, b->size, b->little, unit);
        return NULL;
    case BYTES:
        memcpy(to + b->offset, from + a->offset, b->size);
        return NULL;
    case PASCAL:
        text = leaf_value(from, a);
        if (b->size > 0) {
            to[b->offset] = (char)text.as.bytes.length;
            memcpy(to + b->offset + 1, text.as.bytes.start, (size_t)text.as.bytes.length);
        }
        return NULL;
    default:
        return write_real(read_real(from, a), to, b);
    }
}

/* The item of the destination, without the bytes beyond its format. */
static void convert_item(const char *from, char *to)
{
    memset(to, 0, sides[1].size);
    for (size_t v = 0; v < value_count; v++) {
        note_error(convert_value(v, from, to));
    }
}

/* ---- the source -------------------------------------------------------------------------------------------------- */

static int is_nan(const char *item, const Leaf *leaf, size_t part)
{
    char code = leaf->kind == PYBUFFER_KIND_COMPLEX ? leaf_part_code(leaf) : leaf->code[0];
    size_t size = leaf->kind == PYBUFFER_KIND_COMPLEX ? leaf->size / 2 : leaf->size;
    if (leaf->kind == PYBUFFER_KIND_BITS || leaf->kind == PYBUFFER_KIND_TEXT || leaf->kind == PYBUFFER_KIND_BYTES
        || leaf->kind == PYBUFFER_KIND_PASCAL || code_kind(code) != 'f') {
        return 0;
    }
    Number number = number_read(code, item + leaf->offset + part * size, size, leaf->little);
    return number.is_real && isnan(number.real);
}

/* Random values, most of which fit the other format if `good`. */
static void fill_item(char *item, int good)
{
    char target[64];
    for (size_t v = 0; v < value_count; v++) {
        const Leaf *a = &sides[0].leaves[v];
        Leaf b = sides[1].leaves[v];
        char *at = item + a->offset;
        switch (kinds[v].kind) {
        case COMPLEX:
            for (size_t part = 0; part < 2; part++) {
                /* Parts are converted as doubles. */
                number_write(number_of_real(number_to_double(number_random())), leaf_part_code(a), at + part * a->size / 2,
                             a->size / 2, a->little);
            }
            break;
        case UNIT:
            bits_write(at, a->size, a->little,
                       good && b.size == 2 ? below(0x10000) : once_in(8) ? any64() & 0xffffffff : below(0x120));
            break;
        case BYTES:
            scribble(at, a->size);
            break;
        case PASCAL:
            memset(at, 0, a->size);
            *at = (char)below(a->size);
            scribble(at + 1, (size_t)*at);
            break;
        default:
            b.offset = b.bit = 0;
            for (int tries = 0; tries < 40; tries++) {
                Number number = tries < 30 ? number_random() : number_of_uint(1);
                uint64_t bits = 0;
                if (a->kind == PYBUFFER_KIND_BITS) {
                    if (number_to_uint64(number, &bits) != NULL) {
                        continue;
                    }
                    /* They are set where they are 0. */
                    for (size_t i = 0; i < a->bits; i++) {
                        item[(a->bit + i) / 8] &= (char)~(1 << (a->little ? (a->bit + i) % 8 : 7 - (a->bit + i) % 8));
                    }
                    leaf_write_bits(item, a, bits);
                }
                else if (number_write(number, a->code[0], at, a->size, a->little) != NULL) {
                    continue;
                }
                memset(target, 0, sizeof(target));
                if (!good || write_real(read_real(item, a), target, &b) == NULL) {
                    break;
                }
            }
        }
    }
}

/* ---- what is done ------------------------------------------------------------------------------------------------ */

/* The items of the model, one after the other, and those that were written. NaN may be any. */
static void compare_item(const char *is, char *right, size_t at)
{
    if (memcmp(is, right, sides[1].size) == 0) {
        return;
    }
    for (size_t v = 0; v < value_count; v++) {
        const Leaf *leaf = &sides[1].leaves[v];
        size_t parts = leaf->kind == PYBUFFER_KIND_COMPLEX ? 2 : 1, size = leaf->size / parts;
        for (size_t part = 0; part < parts; part++) {
            size_t offset = leaf->offset + part * size;
            if (is_nan(is, leaf, part) && is_nan(right, leaf, part)) {
                memcpy(right + offset, is + offset, size);
            }
            else if (leaf->kind != PYBUFFER_KIND_BITS) {
                MUST_SAY(memcmp(is + offset, right + offset, size) == 0, "value %zu of item %zu (%s) is %llx, not %llx", v, at,
                         leaf->code, (unsigned long long)bits_read(is + offset, size < 8 ? size : 8, leaf->little),
                         (unsigned long long)bits_read(right + offset, size < 8 ? size : 8, leaf->little));
            }
        }
    }
    MUST_BE("an item", is, right, sides[1].size);
}

static int has_nan(const char *fresh, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t v = 0; v < value_count; v++) {
            const Leaf *leaf = &sides[1].leaves[v];
            if (is_nan(fresh + i * sides[1].size, leaf, 0)
                || (leaf->kind == PYBUFFER_KIND_COMPLEX && is_nan(fresh + i * sides[1].size, leaf, 1))) {
                return 1;
            }
        }
    }
    return 0;
}

/* The call succeeded, or failed with an error that a value is to blame for. Returns whether it did the former. */
static int must_end(int failed, size_t count)
{
    if (count == 0 || (!out_of_range && !not_a_number)) {
        MUST_RAISE(failed, NULL);
        return 1;
    }
    MUST_SAY(failed, "it succeeds with %s", out_of_range ? "a value that is out of range" : "NaN");
    const char *message = pybuffer_error_message();
    if (PyErr_Occurred() == PyExc_OverflowError && out_of_range) {
        MUST(strstr(message, " is out of range for items of the format '") != NULL);
        MUST_RAISE(1, PyExc_OverflowError);
    }
    else {
        MUST(not_a_number && strstr(message, "nan cannot be converted to an integer, as items of the format '") != NULL);
        MUST_RAISE(1, PyExc_ValueError);
    }
    return 0;
}

static void convert(PyObject *source, size_t count, char *fresh)
{
    Layout *from = &layouts[0], *to = &layouts[1];
    doing = "pybuffer_memoryview_convert";
    /* All memory from the first item of either to the last one. */
    int one = to->span > 0 && from->span > 0 && to->low < from->low + from->span && from->low < to->low + to->span;
    char *low = one && from->low < to->low ? from->low : to->low;
    char *end = one && from->low + from->span > to->low + to->span ? from->low + from->span : to->low + to->span;
    size_t span = (size_t)(end - low);
    char *image = snapshot(0, low, span), *before = snapshot(1, from->low, from->span);
    PyObject *dest = PyMemoryView_FromBuffer(&to->view);
    MUST_RAISE(dest == NULL, NULL);
    if (!(out_of_range || not_a_number)) {
        for (size_t i = 0; i < count; i++) {
            memcpy(image + (model_list[1][i] - low), fresh + i * sides[1].size, sides[1].size);
        }
    }
    if (once_in(40)) {
        blocks.fail_in = between(1, 6);
        blocks.failed = 0;
    }
    int status = pybuffer_memoryview_convert(dest, source);
    blocks.fail_in = 0;
    if (status != 0 && blocks.failed > 0 && PyErr_Occurred() == PyExc_MemoryError) {
        PyErr_Clear();
        image = snapshot(2, before, from->span);
        MUST_BE("the source", from->low, before, from->span);
        Py_DECREF(dest);
        blocks.failed = 0;
        return;
    }
    blocks.failed = 0;
    int good = must_end(status != 0, count);
    if (good && !to->shared) {
        for (size_t i = 0; i < count; i++) {
            compare_item(model_list[1][i], image + (model_list[1][i] - low), i);
        }
    }
    if (!good || !to->shared || !has_nan(fresh, count)) {
        MUST_BE("all memory", low, image, span);
    }
    if (!one) {
        MUST_BE("the source", from->low, before, from->span);
    }
    Py_DECREF(dest);
    executed();
}

static void astype(PyObject *source, size_t count, char *fresh)
{
    char order = "CFA"[below(3)], *before = snapshot(1, layouts[0].low, layouts[0].span);
    doing = "pybuffer_memoryview_astype";
    PyObject *made = pybuffer_memoryview_astype(source, sides[1].text, order);
    int good = must_end(made == NULL, count);
    MUST_BE("the source", layouts[0].low, before, layouts[0].span);
    if (good) {
        const Py_buffer *is = PyMemoryView_GET_BUFFER(made);
        MUST(strcmp(is->format, sides[1].text) == 0 && is->itemsize == (Py_ssize_t)sides[1].size && !is->readonly);
        MUST(is->ndim == layouts[0].view.ndim);
        MUST(PyBuffer_IsContiguous(is, order));
        for (int i = 0; i < is->ndim; i++) {
            MUST(is->shape[i] == layouts[0].shape[i]);
        }
        model_items(is, 'C', model_list[1]);
        for (size_t i = 0; i < count; i++) {
            compare_item(model_list[1][i], fresh + i * sides[1].size, i);
        }
        Py_DECREF(made);
    }
    executed();
}

static void round_of_convert(void)
{
    static char *fresh;
    for (int i = 0; i < 2; i++) {
        arena_make(&arenas[i], 1 << 20);
        arena_make(&tables[i], 1 << 17);
    }
    if (fresh == NULL) {
        fresh = malloc(1 << 22);
    }
    doing = "making it";
    sides[0].text[0] = sides[1].text[0] = '\0';
    memset(&layouts[0].view, 0, sizeof(Py_buffer));
    memset(&layouts[1].view, 0, sizeof(Py_buffer));
    describe = describe_convert;
    value_count = 0;
    int makes = once_in(4), over = !makes && once_in(3);
    plain = !over && once_in(2) && long_doubles_are_exact();
    make_values(once_in(2) ? 4 : MOST, 0);
    make_side(0);
    make_side(1);
    Py_ssize_t shape[AXES], limit = once_in(100) ? 5000 : once_in(4) ? 200 : 40;
    int ndim = random_shape(shape, once_in(2) ? 1 : 4, limit / (Py_ssize_t)value_count + 1);
    if (value_count < 6 && once_in(60)) {
        ndim = once_in(2) ? 1 : 2;
        shape[0] = ndim == 2 ? between(14, 40) : (once_in(2) ? 512 : 64 << below(3)) + between(-2, 2);
        shape[1] = between(14, 40);
    }
    for (int i = 0; i < 2; i++) {
        Py_ssize_t size = (Py_ssize_t)sides[i].size + (strchr(sides[i].text, 'u') == NULL && once_in(8) ? between(1, 9) : 0);
        if (i == 1 && over && once_in(4) && layouts[0].view.itemsize >= size && strchr(sides[i].text, 'u') == NULL) {
            /* In place. */
            layouts[1] = layouts[0];
            layouts[1].view.shape = layouts[1].shape;
            layouts[1].view.strides = layouts[1].strides;
            if (layouts[0].view.suboffsets != NULL) {
                layouts[1].view.suboffsets = layouts[1].suboffsets;
            }
        }
        else {
            layout_make(&layouts[i], size, ndim, shape, LAYOUT_POINTERS | (i == 0 && plain ? 0 : LAYOUT_SHARED),
                        &arenas[over ? 0 : i], &tables[i]);
        }
        layouts[i].view.format = sides[i].text;
        scribble(layouts[i].low, layouts[i].span);
    }
    size_t count = model_items(&layouts[0].view, 'C', model_list[0]);
    int good = !once_in(4);
    model_items(&layouts[1].view, 'C', model_list[1]);
    for (size_t i = 0; i < count; i++) {
        fill_item(model_list[0][i], good);
    }
    MUST(count * sides[1].size <= 1 << 22);
    out_of_range = not_a_number = 0;
    for (size_t i = 0; i < count; i++) {
        convert_item(model_list[0][i], fresh + i * sides[1].size);
    }
    PyObject *source = PyMemoryView_FromBuffer(&layouts[0].view);
    MUST_RAISE(source == NULL, NULL);
    makes ? astype(source, count, fresh) : convert(source, count, fresh);
    Py_DECREF(source);
}

const Family conversions = {"convert", round_of_convert, 60000};

/* Text that names a part of a memoryview: subscripts (pybuffer_memoryview_select) and paths to fields (pybuffer_memoryview_field), right,
 * nearly right and wrong. The models split the text into words first, or try every place where a name could end, and the text ends at an
 * inaccessible page.
 */
#include "random.h"

enum { MOST_TEXT = 200, MOST_ITEMS = 2000 };

static Arena data, tables, texts;
static Layout layout;
static char text[MOST_TEXT + 1];

static void describe_text(void)
{
    printf("#   '");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            printf("\\x%02x", (unsigned int)(unsigned char)*c);
        }
        else {
            putchar(*c);
        }
    }
    printf("'\n");
    print_view("view", &layout.view);
}

static void add(const char *more)
{
    size_t length = strlen(text);
    snprintf(text + length, sizeof(text) - length, "%s", more);
}

static void add_number(Py_ssize_t number)
{
    char digits[32];
    snprintf(digits, sizeof(digits), "%zd", number);
    add(digits);
}

/* Changes some bytes of the text. */
static void spoil(const char *alphabet)
{
    for (int times = (int)between(1, 2); times > 0; times--) {
        size_t length = strlen(text), at = below(length + 1);
        char byte = once_in(4) ? (char)between(1, 255) : alphabet[below(strlen(alphabet))];
        if (once_in(3) && length > 0) {
            memmove(text + at, text + at + (at < length), length - at + (at == length)); /* one less */
        }
        else if (once_in(2) && at < length) {
            text[at] = byte;
        }
        else if (length < MOST_TEXT) {
            memmove(text + at + 1, text + at, length - at + 1);
            text[at] = byte;
        }
    }
}

/* The text, right before an inaccessible page. */
static const char *placed(void)
{
    size_t size = strlen(text) + 1;
    return memcpy(texts.start + texts.size - size, text, size);
}

/* ---- subscripts: words ------------------------------------------------------------------------------------------------- */

/* Signs without digits are a word, too, which is wrong at its end. */
enum { NUMBER, SIGNS, COLON, COMMA, DOTS, NONE, NEWAXIS, END, OTHER };

typedef struct {
    int is;
    size_t start, end;
    Py_ssize_t number;
} Word;

static Word words[MOST_TEXT + 1];

static int is_space(char c)
{
    return c != '\0' && strchr(" \t\n\v\f\r", c) != NULL;
}

static void split_words(void)
{
    Word *word = words;
    size_t at = 0;
    do {
        while (is_space(text[at])) {
            at++;
        }
        word->start = at;
        word->number = 0;
        if (text[at] == '\0') {
            word->is = END;
        }
        else if (strncmp(text + at, "...", 3) == 0 || strncmp(text + at, "None", 4) == 0 || strncmp(text + at, "newaxis", 7) == 0) {
            word->is = text[at] == '.' ? DOTS : text[at] == 'N' ? NONE : NEWAXIS;
            at += word->is == DOTS ? 3 : word->is == NONE ? 4 : 7;
        }
        else if (text[at] == ':' || text[at] == ',') {
            word->is = text[at++] == ':' ? COLON : COMMA;
        }
        else if (text[at] == '-' || text[at] == '+' || (text[at] >= '0' && text[at] <= '9')) {
            int sign = 1;
            for (; text[at] == '-' || text[at] == '+' || is_space(text[at]); at++) {
                sign = text[at] == '-' ? -sign : sign;
            }
            Big number = 0, most = (Big)PY_SSIZE_T_MAX + (sign < 0);
            word->is = SIGNS;
            for (; text[at] >= '0' && text[at] <= '9'; at++) {
                word->is = NUMBER;
                number = number * 10 + (text[at] - '0');
                number = number > most ? most : number;
            }
            word->number = (Py_ssize_t)(sign * number);
        }
        else {
            word->is = OTHER;
        }
        word->end = at;
    } while (word->is != OTHER && word++->is != END);
}

/* ---- subscripts: what the words say ------------------------------------------------------------------------------------ */

typedef struct {
    int kind;
    int has[3]; /* of a slice: start, stop, step */
    Py_ssize_t is[3];
} Part;

static Part wanted[MOST_TEXT];
static int part_count;

/* Where the text is wrong; -1 where it is not. */
static Py_ssize_t wrong_at(const Word *word)
{
    return (Py_ssize_t)(word->is == SIGNS ? word->end : word->start);
}

static Py_ssize_t parse_words(void)
{
    const Word *word = words;
    part_count = 0;
    do {
        Part *part = &wanted[part_count];
        memset(part, 0, sizeof(*part));
        if (part_count > 0 && word->is == END) {
            return -1; /* after a comma */
        }
        if (word->is == DOTS || word->is == NEWAXIS) {
            part->kind = word++->is == DOTS ? PYBUFFER_SUBSCRIPT_ELLIPSIS : PYBUFFER_SUBSCRIPT_NEWAXIS;
        }
        else if (word->is == NONE && word[1].is != COLON) {
            word++;
            part->kind = PYBUFFER_SUBSCRIPT_NEWAXIS;
        }
        else if (word->is == NUMBER && word[1].is != COLON) {
            part->is[0] = word++->number;
            part->kind = PYBUFFER_SUBSCRIPT_INDEX;
        }
        else {
            part->kind = PYBUFFER_SUBSCRIPT_SLICE;
            int colons = 0;
            for (int end = 0; end < 3; end++) {
                if (word->is == NUMBER) {
                    part->has[end] = 1;
                    part->is[end] = word++->number;
                }
                else if (word->is == NONE) {
                    word++;
                }
                else if (word->is == SIGNS) {
                    return wrong_at(word);
                }
                if (word->is != COLON || end == 2) {
                    break;
                }
                word++;
                colons++;
            }
            if (colons == 0) {
                return wrong_at(word);
            }
        }
        part_count++;
        if (word->is != COMMA && word->is != END) {
            return (Py_ssize_t)word->start;
        }
    } while (word++->is == COMMA);
    return -1;
}

/* The places that a slice selects of so many, as Python's documentation has it. Returns how many. */
static Py_ssize_t slice_places(const Part *part, Py_ssize_t length, Py_ssize_t *places)
{
    Big step = part->has[2] ? part->is[2] : 1, low = step < 0 ? -1 : 0, high = step < 0 ? length - 1 : length, ends[2];
    for (int end = 0; end < 2; end++) {
        if (!part->has[end]) {
            ends[end] = (step < 0) == (end == 0) ? high : low;
            continue;
        }
        ends[end] = part->is[end] < 0 ? (Big)part->is[end] + length : part->is[end];
        ends[end] = ends[end] < low ? low : ends[end] > high ? high : ends[end];
    }
    Py_ssize_t count = 0;
    for (Big i = ends[0]; step > 0 ? i < ends[1] : i > ends[1]; i += step) {
        places[count++] = (Py_ssize_t)i;
    }
    return count;
}

/* ---- subscripts: what is compared -------------------------------------------------------------------------------------- */

static Py_ssize_t places[AXES][MOST_ITEMS];

/* The reasons for which the parts are refused, as a list of types; else the axes of the result, by the axis of the view (-1: new). */
static int refused_for(PyObject **types, int *axes, Py_ssize_t *shape, int *ndim)
{
    int used = 0, ellipses = 0, count = 0, of_view = layout.view.ndim, axis = 0;
    *ndim = 0;
    for (int i = 0; i < part_count; i++) {
        ellipses += wanted[i].kind == PYBUFFER_SUBSCRIPT_ELLIPSIS;
        used += wanted[i].kind == PYBUFFER_SUBSCRIPT_INDEX || wanted[i].kind == PYBUFFER_SUBSCRIPT_SLICE;
    }
    if (ellipses > 1) {
        types[count++] = PyExc_IndexError;
    }
    if (used > of_view) {
        types[count++] = PyExc_TypeError;
    }
    int rest = of_view - used;
    for (int i = 0; i <= part_count; i++) {
        static const Part whole = {PYBUFFER_SUBSCRIPT_SLICE, {0}, {0}};
        const Part *part = i < part_count ? &wanted[i] : &whole;
        int times = 1;
        if (i == part_count || part->kind == PYBUFFER_SUBSCRIPT_ELLIPSIS) {
            times = rest;
            rest = 0;
            part = &whole;
        }
        for (; times > 0; times--) {
            int is_new = part->kind == PYBUFFER_SUBSCRIPT_NEWAXIS;
            if (!is_new && axis >= of_view) {
                axis++;
                continue; /* too many, which has been told */
            }
            Py_ssize_t length = is_new ? 1 : layout.shape[axis], selected = 1;
            if (part->kind == PYBUFFER_SUBSCRIPT_INDEX) {
                Big index = part->is[0] < 0 ? (Big)part->is[0] + length : part->is[0];
                if (index < 0 || index >= length) {
                    types[count++] = PyExc_IndexError;
                }
                places[axis][0] = (Py_ssize_t)index;
            }
            else if (!is_new) {
                if (part->has[2] && part->is[2] == 0) {
                    types[count++] = PyExc_ValueError;
                }
                else {
                    selected = slice_places(part, length, places[axis]);
                }
            }
            if (part->kind != PYBUFFER_SUBSCRIPT_INDEX) {
                if (*ndim < MOST_TEXT) {
                    axes[*ndim] = is_new ? -1 : axis;
                    shape[*ndim] = selected;
                }
                ++*ndim;
            }
            axis += !is_new;
        }
    }
    if (*ndim > 64) {
        types[count++] = PyExc_ValueError;
    }
    return count;
}

static void must_select(PyObject *view)
{
    static PyObject *types[MOST_TEXT + 4];
    static int axes[MOST_TEXT];
    static Py_ssize_t shape[MOST_TEXT];
    int ndim;
    split_words();
    Py_ssize_t wrong = parse_words();
    PyObject *part = pybuffer_memoryview_select(view, placed()), *is = PyErr_Occurred();
    if (wrong >= 0) {
        char where[40];
        snprintf(where, sizeof(where), "at byte %zd of", wrong);
        MUST_SAY(part == NULL && is == PyExc_ValueError && strstr(pybuffer_error_message(), where) != NULL, "it is wrong %s the text", where);
        PyErr_Clear();
        executed();
        return;
    }
    int reasons = refused_for(types, axes, shape, &ndim);
    if (part == NULL) {
        int known = is == PyExc_NotImplementedError && layout.view.suboffsets != NULL;
        for (int i = 0; i < reasons; i++) {
            known |= is == types[i];
        }
        MUST_SAY(known, "it fails, for another reason than the %d", reasons);
        PyErr_Clear();
        executed();
        return;
    }
    MUST_SAY(reasons == 0, "it succeeds");
    MUST_RAISE(0, NULL);
    const Py_buffer *buffer = PyMemoryView_GET_BUFFER(part);
    MUST_SAY(buffer->ndim == ndim, "there are %d axes, not %d", buffer->ndim, ndim);
    Py_ssize_t count = 1, index[64] = {0}, from[AXES];
    for (int i = 0; i < ndim; i++) {
        MUST_SAY(buffer->shape[i] == shape[i], "axis %d has %zd items, not %zd", i, buffer->shape[i], shape[i]);
        count *= shape[i];
    }
    /* What an index selects stands in the first place. */
    for (Py_ssize_t i = 0; i < count; i++) {
        for (int axis = 0; axis < layout.view.ndim; axis++) {
            from[axis] = places[axis][0];
        }
        for (int axis = 0; axis < ndim; axis++) {
            if (axes[axis] >= 0) {
                from[axes[axis]] = places[axes[axis]][index[axis]];
            }
        }
        char *place = pybuffer_memoryview_item_pointer(part, index, ndim);
        MUST_SAY(place == model_item(&layout.view, from), "item %zd is another one", i);
        for (int axis = ndim - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) {
            index[axis] = 0;
        }
    }
    Py_DECREF(part);
    executed();
}

static void add_space(void)
{
    static const char *const spaces[] = {"", "", "", " ", "  ", "\t", "\n", " \v", "\f", "\r"};
    add(spaces[below(COUNT(spaces))]);
}

static void add_end(Py_ssize_t length)
{
    static const char *const extremes[] = {"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809",
                                           "99999999999999999999999", "-99999999999999999999999", "000", "-0", "+1", "--1", "- 1", "-+-2"};
    add_space();
    if (once_in(2)) {
        add_number(between(-length - 2, length + 2));
    }
    else if (once_in(4)) {
        add(extremes[below(COUNT(extremes))]);
    }
    else if (once_in(6)) {
        add("None");
    }
    add_space();
}

static void subscripts(PyObject *view)
{
    int axis = 0, many = once_in(30) ? 66 : (int)below(5);
    text[0] = '\0';
    for (int i = 0; i <= many; i++) {
        Py_ssize_t length = axis < layout.view.ndim ? layout.shape[axis] : 3;
        if (i > 0) {
            add(",");
        }
        add_space();
        switch (many > 5 ? 8 : below(10)) {
        case 0: case 1: case 2:
            add_number(once_in(10) ? between(-length - 2, length + 1) : between(-length, length - 1));
            axis++;
            break;
        case 7:
            add("...");
            break;
        case 8:
            add(once_in(2) ? "None" : "newaxis");
            break;
        default:
            add_end(length);
            add(":");
            add_end(length);
            if (once_in(2)) {
                add(":");
                add_end(length);
            }
            axis++;
        }
        add_space();
    }
    if (once_in(4)) {
        add(",");
        add_space();
    }
    if (once_in(3)) {
        spoil("0123456789:,.-+ Nonewaxis\t_[]()");
    }
    must_select(view);
}

/* ---- fields ------------------------------------------------------------------------------------------------------------ */

typedef struct Field Field;
struct Field {
    const char *name; /* NULL for none */
    char code;        /* 'T' for a record, 't' for eight bits */
    Py_ssize_t offset, size, length; /* of an element, and how many there are along one axis; -1 for no axis */
    int count;
    Field *fields[6];
};

static Field pool[60];
static int pool_used;
static char format[3000];
static const char *const names[] = {"a", "b", "a.b", "b.a", "a.b.a", "#0", "#1", "#1.a", ".", "a.", ".a", "", "#", "ab", "\xc3\xa9"};

/* Items are in standard sizes, without padding, in the machine's order. */
static Field *make_field(int depth)
{
    static const char codes[] = "bhidtT";
    static const Py_ssize_t sizes[] = {1, 2, 4, 8, 1, 0};
    MUST(pool_used < (int)COUNT(pool));
    Field *field = &pool[pool_used++];
    memset(field, 0, sizeof(*field));
    size_t which = depth == 0 || (depth < 3 && pool_used < 30 && once_in(3)) ? 5 : below(5);
    field->code = codes[which];
    field->size = sizes[which];
    field->length = depth > 0 && field->code != 't' && once_in(4) ? between(0, 3) : -1;
    char *end = format + strlen(format);
    if (field->length >= 0) {
        end += sprintf(end, "(%zd)", field->length);
    }
    if (field->code != 'T') {
        sprintf(end, field->code == 't' ? "8t" : "%c", field->code);
    }
    else {
        strcpy(end, "T{");
        field->count = (int)below(6);
        for (int i = 0; i < field->count; i++) {
            Field *part = make_field(depth + 1);
            part->offset = field->size;
            part->name = once_in(5) ? NULL : names[below(COUNT(names))];
            field->size += part->size * (part->length < 0 ? 1 : part->length);
            field->fields[i] = part;
            if (part->name != NULL) {
                sprintf(format + strlen(format), ":%s:", part->name);
            }
        }
        strcat(format, "}");
    }
    return field;
}

/* The end of a step that starts here: a dot, or the end of the text. Tries them from the last one on. */
static const Field *find_step(const Field *record, const char *path, size_t *length)
{
    for (size_t end = strlen(path) + 1; end-- > 0;) {
        for (int i = 0; (path[end] == '.' || path[end] == '\0') && i < record->count; i++) {
            const char *name = record->fields[i]->name;
            if (name != NULL && strlen(name) == end && strncmp(name, path, end) == 0) {
                *length = end;
                return record->fields[i];
            }
        }
    }
    *length = strcspn(path, ".");
    Big number = 0;
    for (size_t i = 1; i < *length; i++) {
        if (path[i] < '0' || path[i] > '9') {
            return NULL;
        }
        number = number > 1000 ? number : number * 10 + (path[i] - '0');
    }
    return path[0] == '#' && *length > 1 && number < record->count ? record->fields[(int)number] : NULL;
}

static void must_find(PyObject *view, const Field *root)
{
    const Field *field = root;
    PyObject *error = NULL;
    const char *rest = text;
    Py_ssize_t offset = 0, shape[64], strides[64];
    int ndim = layout.view.ndim;
    size_t length = 0;
    memcpy(shape, layout.shape, sizeof(layout.shape));
    memcpy(strides, layout.strides, sizeof(layout.strides));
    do {
        if (field->code != 'T') {
            error = PyExc_TypeError;
            break;
        }
        field = find_step(field, rest, &length);
        if (field == NULL) {
            error = PyExc_ValueError;
            break;
        }
        offset += field->offset;
        if (field->length >= 0) {
            shape[ndim] = field->length;
            strides[ndim++] = field->size;
        }
        rest += length;
    } while (*rest++ == '.');
    if (error == NULL && field->code == 't') {
        error = PyExc_TypeError;
    }
    PyObject *part = pybuffer_memoryview_field(view, placed());
    MUST_RAISE(part == NULL, error);
    executed();
    if (error != NULL) {
        return;
    }
    const Py_buffer *is = PyMemoryView_GET_BUFFER(part);
    MUST_SAY(is->itemsize == field->size && PyBuffer_SizeFromFormat(is->format) == field->size, "the items are '%s'", is->format);
    MUST(field->code == 'T' ? is->format[0] == 'T' : is->format[0] == field->code && is->format[1] == '\0');
    MUST_SAY(is->ndim == ndim, "there are %d axes, not %d", is->ndim, ndim);
    Py_ssize_t count = 1;
    for (int i = 0; i < ndim; i++) {
        MUST_SAY(is->shape[i] == shape[i] && (is->strides[i] == strides[i] || shape[i] == 0), "axis %d is %zd items, %zd bytes", i, is->shape[i], is->strides[i]);
        count *= shape[i];
    }
    /* The first item and the last one: where the record is, and on. */
    Py_ssize_t index[64];
    for (int last = 0; last < 2 && count > 0; last++) {
        Py_ssize_t more = offset;
        for (int i = 0; i < ndim; i++) {
            index[i] = last ? shape[i] - 1 : 0;
            more += i >= layout.view.ndim ? index[i] * strides[i] : 0;
        }
        MUST(pybuffer_memoryview_item_pointer(part, index, ndim) == model_item(&layout.view, index) + more);
    }
    Py_DECREF(part);
    executed();
}

static void paths(void)
{
    pool_used = 0;
    strcpy(format, "=");
    text[0] = '\0';
    const Field *root = make_field(0);
    Py_ssize_t shape[AXES];
    int ndim = random_shape(shape, 3, 30);
    layout_make(&layout, root->size + (root->size > 0 && once_in(4) ? between(0, 3) : 0), ndim, shape, LAYOUT_POINTERS | LAYOUT_SHARED, &data, &tables);
    layout.view.format = format;
    PyObject *view = PyMemoryView_FromBuffer(&layout.view);
    MUST_RAISE(view == NULL, NULL);
    for (int tries = 0; tries < 4; tries++) {
        const Field *at = root;
        text[0] = '\0';
        do {
            int number = (int)below((uint64_t)at->count + once_in(6));
            const Field *next = number < at->count ? at->fields[number] : NULL;
            if (text[0] != '\0' || once_in(30)) {
                add(".");
            }
            if (next == NULL || next->name == NULL || once_in(3)) {
                add(once_in(8) ? "#00" : "#");
                add_number(number);
            }
            else {
                add(next->name);
            }
            at = next;
        } while (at != NULL && at->code == 'T' && !once_in(3));
        if (once_in(4)) {
            spoil("ab.#01 -");
        }
        must_find(view, root);
    }
    Py_DECREF(view);
}

static void round_of_select(void)
{
    arena_make(&data, 1 << 16);
    arena_make(&tables, 1 << 16);
    arena_make(&texts, PAGE);
    memset(&layout.view, 0, sizeof(layout.view));
    text[0] = '\0';
    describe = describe_text;
    if (once_in(3)) {
        paths();
        return;
    }
    Py_ssize_t shape[AXES];
    int ndim = random_shape(shape, 5, once_in(40) ? MOST_ITEMS : 100);
    layout_make(&layout, between(1, 9), ndim, shape, LAYOUT_POINTERS | LAYOUT_SHARED, &data, &tables);
    static char bytes[8];
    snprintf(bytes, sizeof(bytes), "%zds", layout.view.itemsize);
    layout.view.format = bytes;
    PyObject *view = PyMemoryView_FromBuffer(&layout.view);
    MUST_RAISE(view == NULL, NULL);
    for (int tries = 0; tries < 4; tries++) {
        subscripts(view);
    }
    Py_DECREF(view);
}

const Family selection = {"select", round_of_select, 200000};

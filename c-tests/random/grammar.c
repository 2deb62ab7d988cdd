/* See grammar.h. */
#include "grammar.h"
#include "codes.h"

static Grammar *making;
static size_t lengths[2];
static int limits; /* the flags */
static char mode;  /* the prefix in force; '@' at the start */
static int too_large;

/* ---- two spellings at once ------------------------------------------------------------------------------------- */

static void put(int which, const char *text)
{
    char *to = which == 0 ? making->text : making->twin;
    size_t length = strlen(text);
    if (lengths[which] + length + 1 > MOST_TEXT) {
        too_large = 1;
        return;
    }
    memcpy(to + lengths[which], text, length + 1);
    lengths[which] += length;
}

static void put_both(const char *text)
{
    put(0, text);
    put(1, text);
}

static void put_number(int which, Py_ssize_t number)
{
    char digits[32];
    snprintf(digits, sizeof(digits), once_in(10) ? "0%zd" : "%zd", number);
    put(which, digits);
}

static void put_space(void)
{
    static const char *const spaces[] = {" ", "\t", "\n", "  ", "\r\v\f"};
    for (int which = 0; which < 2; which++) {
        if (once_in(6)) {
            put(which, spaces[below(COUNT(spaces))]);
        }
    }
}

static int is_native(void)
{
    return mode == '@' || mode == '^';
}

static void put_prefix(void)
{
    static const char prefixes[] = "@=<>!^";
    char text[2] = {prefixes[below(6)], '\0'};
    for (int which = 0; which < 2; which++) {
        if (once_in(8)) {
            put(which, "<"); /* the last one holds */
        }
    }
    mode = text[0];
    put(0, text);
    /* Others that mean the same on this machine. */
    if (mode == '>' || mode == '!') {
        text[0] = once_in(2) ? '>' : '!';
    }
    put(1, text);
}

/* ---- layout ------------------------------------------------------------------------------------------------------ */

typedef struct {
    Py_ssize_t offset, alignment, bits;
    char bits_order;
} Level;

static void close_bits(Level *level)
{
    level->offset += (level->bits + 7) / 8;
    level->bits = 0;
}

static Node *node_new(void)
{
    if (making->used == MOST_NODES) {
        too_large = 1;
        return &making->nodes[0];
    }
    Node *node = &making->nodes[making->used++];
    memset(node, 0, sizeof(*node));
    node->elements = node->length = node->alignment = 1;
    return node;
}

static Py_ssize_t make_items(Node **field, int *fields, Level *level, int depth);
static Node *make_item(Level *level, int depth, int may_be_named);

/* The code and what belongs to it; sets what an element is. */
static void make_element(Node *node, int depth)
{
    static const char numbers[] = "bBhHiIlLqQ?efd", native[] = "nN";
    int kind = (int)below(limits & GRAMMAR_NUMBERS ? 15 : 20);
    char code;
    node->byteorder = is_little(mode) ? '<' : '>';
    switch (kind) {
    case 0: case 1: {
        static const char strings[] = "csxp";
        code = strings[below(4)];
        node->kind = code == 'c'   ? PYBUFFER_KIND_CHAR
                     : code == 's' ? PYBUFFER_KIND_BYTES
                     : code == 'x' ? PYBUFFER_KIND_PAD
                                   : PYBUFFER_KIND_PASCAL;
        break;
    }
    case 2:
        code = once_in(2) ? 'u' : 'w';
        node->kind = PYBUFFER_KIND_TEXT;
        making->has_text_units |= code == 'u';
        break;
    case 3: {
        /* Complex numbers. */
        static const char *const spelled[] = {"Ze", "Zf", "Zd", "F", "D", "Zg", "G"};
        const char *text = spelled[below(limits & GRAMMAR_NUMBERS ? 5 : 7)];
        char part = text[0] == 'Z' ? text[1] : text[0] == 'F' ? 'f' : text[0] == 'D' ? 'd' : 'g';
        node->kind = PYBUFFER_KIND_COMPLEX;
        strcpy(node->code, text);
        node->itemsize = 2 * (Py_ssize_t)code_size(part, 1);
        node->alignment = mode == '@' ? code_alignment(part) : 1;
        put(0, text);
        put(1, once_in(2) ? text : strcmp(text, "F") == 0 ? "Zf" : strcmp(text, "Zd") == 0 ? "D" : text);
        return;
    }
    case 4: case 5:
        if (depth < 4) {
            Level level = {0, 1, 0, '<'};
            node->kind = PYBUFFER_KIND_RECORD;
            strcpy(node->code, "T");
            put_both("T{");
            node->itemsize = make_items(node->field, &node->fields, &level, depth + 1);
            put_both("}");
            node->byteorder = is_little(mode) ? '<' : '>';
            node->alignment = mode == '@' ? level.alignment : 1;
            return;
        }
        code = 'd';
        node->kind = PYBUFFER_KIND_FLOAT;
        break;
    case 15: case 16:
    {
        /* Addresses. */
        static const char *const spelled[] = {"P", "O", "z", "X{}", "X{i->(2)d{}}"};
        const char *text = spelled[below(COUNT(spelled))];
        node->kind = text[0] == 'O' ? PYBUFFER_KIND_OBJECT : text[0] == 'X' ? PYBUFFER_KIND_FUNCTION : PYBUFFER_KIND_POINTER;
        node->code[0] = text[0];
        put_both(text);
        node->byteorder = is_little('=') ? '<' : '>';
        node->itemsize = sizeof(void *);
        node->alignment = mode == '@' ? code_alignment('P') : 1;
        return;
    }
    case 17:
        node->kind = PYBUFFER_KIND_POINTER;
        strcpy(node->code, "&");
        node->byteorder = is_little('=') ? '<' : '>';
        node->itemsize = sizeof(void *);
        put_both("&");
        if (depth < 4) {
            Level level = {0, 1, 0, '<'};
            char before = mode;
            /* The target of a pointer is an item without a name, and does not change how the pointer is stored. */
            Node *target = make_item(&level, depth + 1, 0);
            if (target != NULL) {
                node->field[node->fields++] = target;
            }
            mode = before;
        }
        else {
            put_both("B");
            Node *target = node_new();
            target->kind = PYBUFFER_KIND_UNSIGNED;
            target->itemsize = 1;
            target->byteorder = is_little(mode) ? '<' : '>';
            strcpy(target->code, "B");
            node->field[node->fields++] = target;
        }
        node->alignment = mode == '@' ? code_alignment('P') : 1;
        return;
    case 18:
        code = 'g';
        node->kind = PYBUFFER_KIND_FLOAT;
        break;
    default:
        code = is_native() && once_in(8) ? native[below(2)] : numbers[below(strlen(numbers))];
        node->kind = code_kind(code) == 'i'   ? PYBUFFER_KIND_SIGNED
                     : code_kind(code) == 'u' ? PYBUFFER_KIND_UNSIGNED
                     : code == '?'            ? PYBUFFER_KIND_BOOL
                                              : PYBUFFER_KIND_FLOAT;
    }
    node->code[0] = code;
    node->itemsize = (Py_ssize_t)code_size(code, is_native());
    node->alignment = mode == '@' ? code_alignment(code) : 1;
    char text[2] = {code, '\0'};
    put(0, text);
    /* The same integer by another code. */
    if (once_in(2)) {
        text[0] = !is_native() && code == 'i' ? 'l' : !is_native() && code == 'L' ? 'I' : is_native() && code == 'n' ? 'q' : code;
        text[0] = is_native() && code == 'n' && sizeof(long long) != sizeof(size_t) ? code : text[0];
    }
    put(1, text);
}

/* NULL where what was written is no item. */
static Node *make_item(Level *level, int depth, int may_be_named)
{
    Node *node = node_new();
    /* Where the shape is to stand is not known before the code: so the count comes first, and says what is. */
    int bits = limits == 0 && once_in(16), repeats = 1;
    Py_ssize_t count = once_in(3) ? between(0, 4) : 1;
    if (once_in(6)) {
        int axes = (int)between(1, 3);
        put_both("(");
        for (int i = 0; i < axes; i++) {
            put_space();
            node->shape[node->ndim] = once_in(12) ? 0 : between(1, 3);
            node->elements *= node->shape[node->ndim];
            put_number(0, node->shape[node->ndim]);
            put_number(1, node->shape[node->ndim++]);
            put_space();
            put_both(i == axes - 1 ? ")" : ",");
        }
        put_space();
        if (once_in(5)) {
            put_prefix();
        }
    }
    if (bits) {
        char text[2] = "t";
        count = between(once_in(10) ? 0 : 1, once_in(4) ? 64 : 9);
        node->kind = PYBUFFER_KIND_BITS;
        strcpy(node->code, "t");
        node->byteorder = is_little(mode) ? '<' : '>';
        put_number(0, count);
        put_number(1, count);
        put_both(text);
        node->length = count;
        if (level->bits_order != node->byteorder) {
            close_bits(level);
            level->bits_order = node->byteorder;
        }
        node->offset = level->offset + level->bits / 8;
        node->first_bit = level->bits % 8;
        level->bits += node->length * node->elements;
        node->itemsize = (node->first_bit + node->length + 7) / 8;
    }
    else {
        /* The count is written now, and may be taken back. */
        size_t at[2] = {lengths[0], lengths[1]};
        char element[2][MOST_TEXT];
        make_element(node, depth);
        for (int which = 0; which < 2; which++) {
            char *text = which == 0 ? making->text : making->twin;
            memcpy(element[which], text + at[which], lengths[which] - at[which] + 1);
            lengths[which] = at[which];
            text[at[which]] = '\0';
        }
        int kind = node->kind;
        int is_length = kind == PYBUFFER_KIND_PAD || kind == PYBUFFER_KIND_BYTES || kind == PYBUFFER_KIND_PASCAL
                        || kind == PYBUFFER_KIND_TEXT;
        if (count != 1 || once_in(20)) {
            put_number(0, count);
            /* A count of a code without a length is a shape; but 0 means no item. */
            if (!is_length && count > 1 && node->ndim == 0 && once_in(2)) {
                put(1, "(");
                put_number(1, count);
                put(1, ")");
            }
            else {
                put_number(1, count);
            }
        }
        put(0, element[0]);
        put(1, element[1]);
        if (is_length) {
            node->length = count;
            node->itemsize *= count;
        }
        else if (count != 1) {
            repeats = count != 0;
            node->shape[node->ndim++] = count;
            node->elements *= count;
        }
        close_bits(level);
        level->offset = (level->offset + node->alignment - 1) / node->alignment * node->alignment;
        node->offset = level->offset;
        level->offset += node->itemsize * node->elements;
        level->alignment = level->alignment > node->alignment ? level->alignment : node->alignment;
    }
    if (may_be_named && once_in(3)) {
        node->named = 1;
        snprintf(node->name, sizeof(node->name), "%s%d", once_in(6) ? "\xc3\xa9 " : once_in(8) ? "}T" : "n", (int)below(50));
        put_both(":");
        put_both(node->name);
        put_both(":");
    }
    if ((node->kind == PYBUFFER_KIND_PAD || repeats == 0) && !node->named) {
        making->pads_at_top |= depth == 0;
        return NULL;
    }
    return node;
}

/* Items up to the end of the format or of the record; returns the bytes. */
static Py_ssize_t make_items(Node **field, int *fields, Level *level, int depth)
{
    int count = (int)(depth == 0 ? once_in(3) ? between(0, 6) : 1 : between(0, 3));
    put_space();
    for (int i = 0; i < count && !too_large; i++) {
        if (once_in(3)) {
            put_prefix();
        }
        Node *node = make_item(level, depth, 1);
        if (node != NULL) {
            field[(*fields)++] = node;
        }
        put_space();
        if (level->offset > 3000) {
            too_large = 1;
        }
    }
    if (once_in(12)) {
        put_prefix();
    }
    close_bits(level);
    if (depth > 0 && mode == '@') {
        level->offset = (level->offset + level->alignment - 1) / level->alignment * level->alignment;
    }
    return level->offset;
}

/* ---- values -------------------------------------------------------------------------------------------------------- */

static void add_leaves(const Node *node, size_t base, Leaf *leaves, size_t *count);

/* Those of the element that starts at `place`. */
static void add_element(const Node *node, size_t place, size_t bit, Leaf *leaves, size_t *count)
{
    for (int i = 0; node->kind == PYBUFFER_KIND_RECORD && i < node->fields; i++) {
        add_leaves(node->field[i], place, leaves, count);
    }
    Py_ssize_t units = node->kind == PYBUFFER_KIND_RECORD ? 0 : node->kind == PYBUFFER_KIND_TEXT ? node->length : 1;
    for (Py_ssize_t u = 0; u < units; u++) {
        if (*count >= MOST_LEAVES) {
            *count = MOST_LEAVES + 1;
            return;
        }
        Leaf *leaf = &leaves[(*count)++];
        leaf->kind = node->kind;
        strcpy(leaf->code, node->code);
        leaf->little = node->byteorder == '<';
        leaf->size = (size_t)(node->itemsize / (node->kind == PYBUFFER_KIND_TEXT ? units : 1));
        leaf->offset = place + (size_t)u * leaf->size;
        leaf->bits = (size_t)node->length;
        leaf->bit = bit;
    }
}

static void add_leaves(const Node *node, size_t base, Leaf *leaves, size_t *count)
{
    size_t before = *count;
    for (Py_ssize_t e = 0; e < node->elements && *count <= MOST_LEAVES; e++) {
        size_t bit = (base + (size_t)node->offset) * 8 + (size_t)(node->first_bit + e * node->length);
        add_element(node, base + (size_t)(node->offset + e * node->itemsize), bit, leaves, count);
        if (*count == before) {
            return;
        }
    }
}

size_t element_leaves(const Node *node, Leaf *leaves)
{
    size_t count = 0;
    add_element(node, 0, (size_t)node->first_bit, leaves, &count);
    return count;
}

/* Whether there is only padding, which then is bytes, unlike in the grammar. */
static int is_padding(const char *text)
{
    return strchr(text, 'x') != NULL && text[strspn(text, "x0123456789(), \t\n\v\f\r@=<>!^T{}")] == '\0';
}

int grammar_make(Grammar *grammar, int flags)
{
    making = grammar;
    limits = flags;
    lengths[0] = lengths[1] = 0;
    grammar->text[0] = grammar->twin[0] = '\0';
    grammar->used = grammar->tops = grammar->has_text_units = grammar->pads_at_top = 0;
    grammar->values = 0;
    mode = '@';
    too_large = 0;
    Level level = {0, 1, 0, '<'};
    if (!is_little('=')) {
        level.bits_order = '>';
    }
    grammar->itemsize = make_items(grammar->top, &grammar->tops, &level, 0);
    grammar->alignment = level.alignment;
    for (int i = 0; i < grammar->tops; i++) {
        add_leaves(grammar->top[i], 0, grammar->leaves, &grammar->values);
    }
    too_large |= grammar->values > MOST_LEAVES;
    return !too_large && !is_padding(grammar->text);
}

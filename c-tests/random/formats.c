/* Random formats: sizes, alignments and trees against those that the generator computes, other spellings of the same, the
 * canonical one, differences that must be seen, and texts that have been spoiled.
 */
#include "grammar.h"

static Grammar grammar, other;
static char spoiled[MOST_TEXT + 16];
static const char *shown, *shown_too;

static void describe_formats(void)
{
    printf("#   format '%s'\n", shown);
    if (shown_too != NULL) {
        printf("#   and    '%s'\n", shown_too);
    }
}

static void compare_item(const pybuffer_item *item, const Node *node, int at_top)
{
    MUST(item != NULL);
    MUST_SAY(item->kind == node->kind, "an item is of kind %d, not %d", item->kind, node->kind);
    MUST_SAY(strcmp(item->code, node->code) == 0, "a code is %s, not %s", item->code, node->code);
    MUST_SAY(node->named ? item->name != NULL && strcmp(item->name, node->name) == 0 : item->name == NULL,
             "a name is %s, not %s", item->name == NULL ? "NULL" : item->name, node->named ? node->name : "NULL");
    MUST_SAY(at_top || item->offset == node->offset, "%s is at %zd, not %zd", node->code, item->offset, node->offset);
    MUST_SAY(item->itemsize == node->itemsize, "%s has %zd bytes, not %zd", node->code, item->itemsize, node->itemsize);
    MUST_SAY(item->alignment == node->alignment, "%s is aligned to %zd, not %zd", node->code, item->alignment, node->alignment);
    MUST_SAY(item->elements == node->elements, "%s has %zd elements, not %zd", node->code, item->elements, node->elements);
    MUST_SAY(item->length == node->length, "%s has the length %zd, not %zd", node->code, item->length, node->length);
    MUST_SAY(item->first_bit == node->first_bit, "%s begins with bit %zd, not %zd", node->code, item->first_bit, node->first_bit);
    if (node->itemsize > 1 && node->kind != PYBUFFER_KIND_RECORD && node->kind != PYBUFFER_KIND_BYTES
        && node->kind != PYBUFFER_KIND_PASCAL && node->kind != PYBUFFER_KIND_PAD) {
        MUST_SAY(item->byteorder == node->byteorder, "%s is in order %c, not %c", node->code, item->byteorder, node->byteorder);
    }
    MUST_SAY(item->ndim == node->ndim, "%s has %zd axes, not %d", node->code, item->ndim, node->ndim);
    MUST_BE("the shape", item->shape, node->shape, (size_t)node->ndim * sizeof(Py_ssize_t));
    MUST_SAY(item->nfields == node->fields, "%s has %zd fields, not %d", node->code, item->nfields, node->fields);
    const pybuffer_item *field = item->fields;
    for (int i = 0; i < node->fields; i++) {
        compare_item(field, node->field[i], node->kind != PYBUFFER_KIND_RECORD);
        field = field->next;
    }
    MUST(node->fields == 0 || field == NULL);
}

/* What holds for every valid format. */
static void check_laws(PyObject *format, const char *text)
{
    Py_ssize_t size = pybuffer_format_itemsize(format);
    MUST(size >= 0 && PyBuffer_SizeFromFormat(text) == size);
    MUST(pybuffer_format_value_count(format) >= 0);
    MUST(strcmp(pybuffer_format_text(format), text) == 0);
    PyObject *spelled = pybuffer_format_canonical(format);
    MUST_RAISE(spelled == NULL, NULL);
    shown_too = PyBytes_AsString(spelled);
    PyObject *again = pybuffer_format_parse(shown_too);
    MUST_RAISE(again == NULL, NULL);
    MUST_SAY(pybuffer_format_itemsize(again) == size, "the canonical spelling has %zd bytes, not %zd",
             pybuffer_format_itemsize(again), size);
    MUST(pybuffer_format_value_count(again) == pybuffer_format_value_count(format));
    MUST_SAY(pybuffer_format_equivalent(format, again, 1) == 1, "the canonical spelling is not equivalent");
    PyObject *spelled_again = pybuffer_format_canonical(again);
    MUST_RAISE(spelled_again == NULL, NULL);
    MUST_SAY(strcmp(PyBytes_AsString(spelled_again), shown_too) == 0, "its canonical spelling is '%s'", PyBytes_AsString(spelled_again));
    Py_DECREF(spelled_again);
    Py_DECREF(again);
    shown_too = NULL;
    Py_DECREF(spelled);
}

static void valid(void)
{
    if (!grammar_make(&grammar, 0)) {
        return;
    }
    shown = grammar.text;
    shown_too = grammar.twin;
    PyObject *format = pybuffer_format_parse(grammar.text);
    MUST_RAISE(format == NULL, NULL);
    MUST_SAY(pybuffer_format_itemsize(format) == grammar.itemsize, "the item has %zd bytes, not %zd",
             pybuffer_format_itemsize(format), grammar.itemsize);
    MUST_SAY(PyBuffer_SizeFromFormat(grammar.text) == grammar.itemsize, "the size is %zd, not %zd",
             PyBuffer_SizeFromFormat(grammar.text), grammar.itemsize);
    MUST_SAY(pybuffer_format_alignment(format) == grammar.alignment, "the alignment is %zd, not %zd",
             pybuffer_format_alignment(format), grammar.alignment);
    MUST_SAY(pybuffer_format_value_count(format) == (Py_ssize_t)grammar.values, "there are %zd values, not %zu",
             pybuffer_format_value_count(format), grammar.values);
    const pybuffer_item *root = pybuffer_format_root(format);
    if (grammar.tops == 1 && root->code[0] != '\0') {
        compare_item(root, grammar.top[0], 1);
    }
    else {
        MUST(root->kind == PYBUFFER_KIND_RECORD && root->code[0] == '\0' && root->nfields == grammar.tops);
        const pybuffer_item *field = root->fields;
        for (int i = 0; i < grammar.tops; i++) {
            compare_item(field, grammar.top[i], 0);
            field = field->next;
        }
    }
    executed();
    PyObject *twin = pybuffer_format_parse(grammar.twin);
    MUST_RAISE(twin == NULL, NULL);
    MUST_SAY(pybuffer_format_itemsize(twin) == grammar.itemsize, "the other has %zd bytes, not %zd",
             pybuffer_format_itemsize(twin), grammar.itemsize);
    MUST_SAY(pybuffer_format_equivalent(format, twin, 1) == 1 && pybuffer_format_equivalent(twin, format, 0) == 1,
             "the two are not equivalent");
    executed();
    check_laws(format, grammar.text);
    executed();
    /* Another format describes another item, unless all that is known of the two is the same. */
    if (once_in(4) && grammar_make(&other, 0)) {
        shown_too = other.text;
        PyObject *unlike = pybuffer_format_parse(other.text);
        MUST_RAISE(unlike == NULL, NULL);
        int same = pybuffer_format_equivalent(format, unlike, 0);
        MUST(same == pybuffer_format_equivalent(unlike, format, 0));
        if (grammar.itemsize != other.itemsize || grammar.values != other.values) {
            MUST_SAY(same == 0, "the two are equivalent");
        }
        for (size_t i = 0; same == 1 && i < grammar.values; i++) {
            const Leaf *a = &grammar.leaves[i], *b = &other.leaves[i];
            MUST_SAY(a->kind == b->kind && (a->kind == PYBUFFER_KIND_BITS ? a->bit == b->bit : a->offset == b->offset && a->size == b->size),
                     "the two are equivalent, but value %zu is another", i);
            MUST_SAY(a->little == b->little || a->size == 1 || a->kind == PYBUFFER_KIND_BYTES || a->kind == PYBUFFER_KIND_PASCAL
                         || a->kind == PYBUFFER_KIND_PAD || a->kind == PYBUFFER_KIND_BITS || a->size == 0,
                     "the two are equivalent, but value %zu is in another order", i);
        }
        Py_DECREF(unlike);
        executed();
    }
    shown_too = NULL;
    Py_DECREF(twin);
    Py_DECREF(format);
}

/* Texts that are mostly none: an error, or a format for which the laws hold. */
static void invalid(void)
{
    static const char alphabet[] = "@=<>!^ \t0123456789(),:{}TXZ&OPzxcbB?hHiIlLqQnNefdgspuwtFDG;-\x01\x80\xff";
    if (!grammar_make(&grammar, 0)) {
        return;
    }
    shown = spoiled;
    size_t length = strlen(grammar.text);
    strcpy(spoiled, grammar.text);
    for (int edits = (int)between(1, 4); edits > 0; edits--) {
        size_t at = below(length + 1);
        char letter = alphabet[below(sizeof(alphabet) - 1)];
        switch (below(4)) {
        case 0:
            spoiled[at] = at == length ? '\0' : letter;
            break;
        case 1:
            if (length < MOST_TEXT) {
                memmove(spoiled + at + 1, spoiled + at, length - at + 1);
                spoiled[at] = letter;
                length++;
            }
            break;
        case 2:
            if (at < length) {
                memmove(spoiled + at, spoiled + at + 1, length - at);
                length--;
            }
            break;
        default:
            spoiled[at] = '\0';
            length = at;
        }
    }
    if (once_in(20)) {
        /* Numbers that no size has. */
        static const char *const numbers[] = {"9223372036854775807", "9223372036854775808", "4611686018427387904",
                                              "18446744073709551616", "4294967296", "3037000500"};
        size_t at = below(length + 1);
        const char *number = numbers[below(COUNT(numbers))];
        if (length + strlen(number) < MOST_TEXT) {
            memmove(spoiled + at + strlen(number), spoiled + at, length - at + 1);
            memcpy(spoiled + at, number, strlen(number));
        }
    }
    PyObject *format = pybuffer_format_parse(spoiled);
    if (format == NULL) {
        /* More items without bytes than a description can count: such a format still has a size. */
        int beyond = PyErr_Occurred() != NULL && strstr(pybuffer_error_message(), "too many ") != NULL;
        MUST_RAISE(1, PyExc_ValueError);
        Py_ssize_t size = PyBuffer_SizeFromFormat(spoiled);
        if (beyond && size >= 0) {
            MUST_RAISE(0, NULL);
        }
        else {
            MUST_RAISE(size == -1, PyExc_ValueError);
        }
    }
    else {
        MUST_RAISE(0, NULL);
        check_laws(format, spoiled);
        Py_DECREF(format);
    }
    executed();
}

/* An allocation fails: MemoryError, and nothing is left. */
static void without_memory(void)
{
    if (!grammar_make(&grammar, 0)) {
        return;
    }
    shown = grammar.text;
    blocks.failed = 0;
    blocks.fail_in = between(1, 8);
    PyObject *format = pybuffer_format_parse(grammar.text), *spelled = NULL;
    if (format == NULL) {
        MUST_RAISE(1, PyExc_MemoryError);
        MUST(blocks.failed == 1);
    }
    else {
        spelled = pybuffer_format_canonical(format);
        if (spelled == NULL) {
            MUST_RAISE(1, PyExc_MemoryError);
        }
    }
    blocks.fail_in = 0;
    Py_XDECREF(spelled);
    Py_XDECREF(format);
    executed();
}

static void round_of_formats(void)
{
    describe = describe_formats;
    shown = "";
    shown_too = NULL;
    switch (below(8)) {
    case 0: case 1: case 2:
        invalid();
        break;
    case 3:
        without_memory();
        break;
    default:
        valid();
    }
}

const Family formats = {"formats", round_of_formats, 60000};

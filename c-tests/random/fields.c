/* Fields of records and elements of items, by any path through random formats: where each of them is, what its format says, and
 * what is read and written through it; against the tree that the generator of formats knows.
 */
#include "grammar.h"

#include <math.h>

enum { MOST_ITEMS = 4000 };

static Arena data, tables;
static Grammar grammar;
static Layout layout;
static char path[400];
static Leaf leaves[MOST_LEAVES + 1];
static pybuffer_value found[1 << 16];

/* What a view is to be: its items, in C order. */
static int ndim;
static Py_ssize_t shape[64];
static char **items;
static size_t count;

static void describe_fields(void)
{
    printf("#   format '%s', path '%s'\n", grammar.text, path);
    print_view("view", &layout.view);
}

/* ---- the model -------------------------------------------------------------------------------------------------- */

/* Each item of the list becomes the elements of an axis. Returns 0 where these are too many. */
static int spread(Py_ssize_t length, Py_ssize_t stride)
{
    static char *lists[2][MOST_ITEMS];
    static int turn;
    char **to = lists[turn ^= 1];
    if (ndim == 64 || count * (size_t)length > MOST_ITEMS) {
        return 0;
    }
    shape[ndim++] = length;
    for (size_t i = 0; i < count; i++) {
        for (Py_ssize_t e = 0; e < length; e++) {
            to[i * (size_t)length + (size_t)e] = items[i] + e * stride;
        }
    }
    items = to;
    count *= (size_t)length;
    return 1;
}

static int spread_shape(const Node *node)
{
    Py_ssize_t stride = node->elements * node->itemsize;
    for (int axis = 0; axis < node->ndim; axis++) {
        stride = node->shape[axis] == 0 ? 0 : stride / node->shape[axis];
        if (!spread(node->shape[axis], stride)) {
            return 0;
        }
    }
    return 1;
}

static void from_view(void)
{
    ndim = layout.view.ndim;
    memcpy(shape, layout.shape, (size_t)ndim * sizeof(*shape));
    items = model_list[0];
    count = model_items(&layout.view, 'C', items);
}

/* ---- formats ---------------------------------------------------------------------------------------------------- */

static const pybuffer_item *field_of(const pybuffer_item *record, int number)
{
    const pybuffer_item *field = record->fields;
    while (number-- > 0) {
        field = field->next;
    }
    return field;
}

/* The item means the same as the node: of its elements everything, of itself the shape, if it is to be the same. */
static void must_describe(const pybuffer_item *item, const Node *node, int with_shape)
{
    MUST_SAY(item->kind == node->kind, "the format has kind %d, not %d", item->kind, node->kind);
    MUST_SAY(item->itemsize == node->itemsize, "its elements have %zd bytes, not %zd", item->itemsize, node->itemsize);
    MUST(item->length == node->length);
    if (node->itemsize > 1 && node->kind != PYBUFFER_KIND_RECORD && node->kind != PYBUFFER_KIND_PAD
        && node->kind != PYBUFFER_KIND_BYTES && node->kind != PYBUFFER_KIND_PASCAL && node->kind != PYBUFFER_KIND_CHAR) {
        MUST_SAY(item->byteorder == node->byteorder, "its order is '%c', not '%c'", item->byteorder, node->byteorder);
    }
    MUST_SAY(item->ndim == (with_shape ? node->ndim : 0), "it has %zd axes", item->ndim);
    for (Py_ssize_t axis = 0; axis < item->ndim; axis++) {
        MUST(item->shape[axis] == node->shape[axis]);
    }
    if (node->kind != PYBUFFER_KIND_RECORD) {
        return;
    }
    MUST_SAY(item->nfields == node->fields, "it has %zd fields, not %d", item->nfields, node->fields);
    for (int i = 0; i < node->fields; i++) {
        const pybuffer_item *field = field_of(item, i);
        const Node *right = node->field[i];
        MUST_SAY(field->offset == right->offset, "field %d is at %zd, not %zd", i, field->offset, right->offset);
        MUST(field->first_bit == right->first_bit);
        MUST((field->name != NULL) == right->named && (!right->named || strcmp(field->name, right->name) == 0));
        must_describe(field, right, 1);
    }
}

/* The text alone is a format of such an item. */
static void must_spell(const char *text, const Node *node, int with_shape)
{
    PyObject *format = pybuffer_format_parse(text);
    MUST_SAY(format != NULL, "'%s' is no format", text);
    Py_ssize_t size = pybuffer_format_itemsize(format), elements = with_shape ? node->elements : 1;
    MUST_SAY(size == node->itemsize * elements, "'%s' has %zd bytes, not %zd", text, size, node->itemsize * elements);
    must_describe(pybuffer_format_root(format), node, with_shape);
    Py_DECREF(format);
}

/* ---- what is compared ------------------------------------------------------------------------------------------- */

static int same_real(double a, double b)
{
    return a == b ? signbit(a) == signbit(b) : isnan(a) && isnan(b);
}

static int same_value(const pybuffer_value *a, const pybuffer_value *b)
{
    long double x, y;
    if (a->kind != b->kind) {
        return 0;
    }
    switch (a->kind) {
    case PYBUFFER_KIND_FLOAT:
        return same_real(a->as.real, b->as.real);
    case PYBUFFER_KIND_COMPLEX:
        return same_real(a->as.parts[0], b->as.parts[0]) && same_real(a->as.parts[1], b->as.parts[1]);
    case PYBUFFER_KIND_LONG_DOUBLE:
        x = long_double_read(a->as.long_double);
        y = long_double_read(b->as.long_double);
        return x == y || (x != x && y != y);
    case PYBUFFER_KIND_BYTES:
        return a->as.bytes.length == b->as.bytes.length
               && (a->as.bytes.length == 0 || a->as.bytes.start == b->as.bytes.start);
    default:
        return a->as.u == b->as.u;
    }
}

/* The view has the items of the model, and their values. */
static void must_be_view(PyObject *view, size_t itemsize, size_t values)
{
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    MUST_SAY(is->ndim == ndim, "there are %d axes, not %d", is->ndim, ndim);
    for (int i = 0; i < ndim; i++) {
        MUST_SAY(is->shape[i] == shape[i], "axis %d has %zd items, not %zd", i, is->shape[i], shape[i]);
    }
    MUST_SAY(is->itemsize == (Py_ssize_t)itemsize, "items have %zd bytes, not %zu", is->itemsize, itemsize);
    MUST(is->len == (Py_ssize_t)(count * itemsize));
    MUST(is->readonly == layout.view.readonly);
    Py_ssize_t index[64] = {0};
    for (size_t i = 0; i < count; i++) {
        char *place = pybuffer_memoryview_item_pointer(view, index, ndim);
        MUST_SAY(place == items[i], "item %zu is %td bytes from its place", i, place - items[i]);
        MUST(model_item(is, index) == items[i]);
        for (int axis = ndim - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) {
            index[axis] = 0;
        }
    }
    if (count * values > COUNT(found) || values > MOST_LEAVES) {
        return;
    }
    MUST_RAISE(pybuffer_memoryview_values(view, found, (Py_ssize_t)(count * values)) != 0, NULL);
    for (size_t i = 0; i < count; i++) {
        for (size_t v = 0; v < values; v++) {
            pybuffer_value right = leaf_value(items[i], &leaves[v]);
            MUST_SAY(same_value(&found[i * values + v], &right), "value %zu of item %zu is %llx, not %llx", v, i,
                     (unsigned long long)found[i * values + v].as.u, (unsigned long long)right.as.u);
        }
    }
}

/* What is written through a part is what the model writes to the same places. */
static void write_through(PyObject *view, size_t itemsize)
{
    char *image = snapshot(0, layout.low, layout.span);
    if (count == 0 || layout.view.readonly) {
        return;
    }
    PyObject *like = pybuffer_memoryview_copy(view, 'C');
    MUST_RAISE(like == NULL, NULL);
    char *fresh = PyMemoryView_GET_BUFFER(like)->buf;
    scribble(fresh, count * itemsize);
    for (size_t i = 0; i < count; i++) {
        memcpy(image + (items[i] - layout.low), fresh + i * itemsize, itemsize);
    }
    MUST_RAISE(pybuffer_memoryview_assign(view, NULL, 0, like) != 0, NULL);
    MUST_BE("the records", layout.low, image, layout.span);
    Py_DECREF(like);
}

/* ---- one path ---------------------------------------------------------------------------------------------------- */

/* The step of a path to a field: its name, where that leads to it, or its number. */
static void add_step(const Node *record, int number)
{
    const Node *field = record->field[number];
    size_t length = strlen(path);
    int named = field->named;
    for (int i = 0; i < number; i++) {
        named &= !(record->field[i]->named && strcmp(record->field[i]->name, field->name) == 0);
    }
    const char *dot = length == 0 ? "" : ".";
    if (named && once_in(2)) {
        snprintf(path + length, sizeof(path) - length, "%s%s", dot, field->name);
    }
    else {
        snprintf(path + length, sizeof(path) - length, "%s#%d", dot, number);
    }
}

/* All elements of a view that the random format describes. */
static void go_down(PyObject *view, const Node *root, const pybuffer_item *item)
{
    const Node *node = root;
    int fits = spread_shape(root);
    int steps = 0;
    path[0] = '\0';
    while (node->kind == PYBUFFER_KIND_RECORD && node->fields > 0 && (steps == 0 || !once_in(3)) && fits) {
        int number = (int)below((uint64_t)node->fields);
        add_step(node, number);
        item = field_of(item, number);
        node = node->field[number];
        static char *moved[MOST_ITEMS];
        for (size_t i = 0; i < count; i++) {
            moved[i] = items[i] + node->offset;
        }
        items = moved;
        fits = node->kind != PYBUFFER_KIND_BITS ? spread_shape(node) : fits;
        steps++;
    }
    if (steps == 0 || !fits) {
        return;
    }
    PyObject *field = pybuffer_memoryview_field(view, path);
    if (node->kind == PYBUFFER_KIND_BITS) {
        MUST_RAISE(field == NULL, PyExc_TypeError);
        return;
    }
    MUST_RAISE(field == NULL, NULL);
    must_spell(PyMemoryView_GET_BUFFER(field)->format, node, 0);
    PyObject *spelled = pybuffer_item_format(item);
    MUST_RAISE(spelled == NULL, NULL);
    must_spell(PyBytes_AsString(spelled), node, 1);
    Py_DECREF(spelled);
    size_t values = element_leaves(node, leaves);
    must_be_view(field, (size_t)node->itemsize, values);
    executed();
    if (once_in(2) && steps > 1) {
        /* The same, step by step. */
        char step[40], *rest = path;
        PyObject *again = view;
        Py_INCREF(again);
        while (*rest != '\0') {
            size_t length = strcspn(rest, ".");
            snprintf(step, sizeof(step), "%.*s", (int)length, rest);
            rest += length + (rest[length] != '\0');
            PyObject *part = pybuffer_memoryview_field(again, step);
            MUST_RAISE(part == NULL, NULL);
            Py_DECREF(again);
            again = part;
        }
        must_be_view(again, (size_t)node->itemsize, values);
        must_spell(PyMemoryView_GET_BUFFER(again)->format, node, 0);
        Py_DECREF(again);
        executed();
    }
    if (!layout.shared && once_in(2)) {
        write_through(field, (size_t)node->itemsize);
        executed();
    }
    Py_DECREF(field);
}

/* ---- elements ----------------------------------------------------------------------------------------------------- */

static void take_elements(PyObject *view, const Node *root)
{
    PyObject *parts = pybuffer_memoryview_elements(view);
    size_t values = element_leaves(root, leaves), size = (size_t)root->itemsize;
    int fits;
    strcpy(path, "(its elements)");
    if (root->kind == PYBUFFER_KIND_BITS) {
        MUST_RAISE(parts == NULL, PyExc_TypeError);
        return;
    }
    if (root->ndim > 0) {
        fits = spread_shape(root);
    }
    else if (root->kind == PYBUFFER_KIND_COMPLEX) {
        size /= 2;
        fits = spread(2, (Py_ssize_t)size);
        leaves[0].size = size;
        leaves[0].code[0] = leaf_part_code(&leaves[0]);
        leaves[0].code[1] = '\0';
        leaves[0].kind = PYBUFFER_KIND_FLOAT;
    }
    else if (root->kind == PYBUFFER_KIND_TEXT && root->length != 1) {
        size = root->code[0] == 'u' ? 2 : 4;
        fits = spread(root->length, (Py_ssize_t)size);
        values = 1;
    }
    else if (root->kind == PYBUFFER_KIND_RECORD) {
        if (values > MOST_LEAVES) {
            Py_XDECREF(parts);
            PyErr_Clear();
            return;
        }
        /* Numbers, which may be complex, each where the one before ends; what has no bytes does not count. */
        size_t used = 0;
        for (size_t v = 0; v < values; v++) {
            if (leaves[v].size > 0) {
                leaves[used++] = leaves[v];
            }
        }
        values = used;
        int equal = values > 0;
        for (size_t v = 0; equal && v < values; v++) {
            const Leaf *a = &leaves[0], *b = &leaves[v];
            char code = a->kind == PYBUFFER_KIND_COMPLEX ? leaf_part_code(a) : a->code[0];
            equal = a->kind == b->kind && a->size == b->size && (a->little == b->little || a->size == 1)
                    && b->offset == v * b->size && code_kind(code) != 0 && a->kind != PYBUFFER_KIND_BITS
                    && (a->code[0] == '&') == (b->code[0] == '&') && (a->kind != PYBUFFER_KIND_POINTER || b->code[0] == 'P');
        }
        if (!equal || values * leaves[0].size != size) {
            MUST_RAISE(parts == NULL, PyExc_TypeError);
            executed();
            return;
        }
        size = leaves[0].size;
        fits = spread((Py_ssize_t)values, (Py_ssize_t)size);
        values = 1;
    }
    else {
        fits = 1;
    }
    MUST_RAISE(parts == NULL, NULL);
    if (fits) {
        must_be_view(parts, size, values);
        MUST(PyBuffer_SizeFromFormat(PyMemoryView_GET_BUFFER(parts)->format) == (Py_ssize_t)size);
        executed();
    }
    Py_DECREF(parts);
}

static void round_of_fields(void)
{
    static Node whole;
    arena_make(&data, 1 << 20);
    arena_make(&tables, 1 << 17);
    path[0] = '\0';
    grammar.text[0] = '\0';
    memset(&layout.view, 0, sizeof(layout.view));
    describe = describe_fields;
    if (!grammar_make(&grammar, once_in(2) || !long_doubles_are_exact() ? GRAMMAR_NUMBERS : 0)) {
        return;
    }
    PyObject *format = pybuffer_format_parse(grammar.text);
    MUST_RAISE(format == NULL, NULL);
    const pybuffer_item *item = pybuffer_format_root(format);
    const Node *root = grammar.tops == 1 ? grammar.top[0] : NULL;
    if (root == NULL || item->code[0] == '\0') {
        memset(&whole, 0, sizeof(whole));
        whole.kind = PYBUFFER_KIND_RECORD;
        whole.elements = whole.length = 1;
        whole.itemsize = grammar.itemsize;
        whole.fields = grammar.tops;
        memcpy(whole.field, grammar.top, sizeof(grammar.top));
        root = &whole;
    }
    Py_ssize_t of_view[AXES], itemsize = grammar.itemsize + (once_in(8) && !grammar.has_text_units ? between(1, 9) : 0);
    int axes = random_shape(of_view, 4, grammar.itemsize > 200 ? 4 : once_in(30) ? 300 : 20);
    layout_make(&layout, itemsize, axes, of_view, LAYOUT_POINTERS | (once_in(2) ? LAYOUT_SHARED : 0), &data, &tables);
    layout.view.format = grammar.text;
    layout.view.readonly = once_in(8);
    scribble(layout.low, layout.span);
    PyObject *view = PyMemoryView_FromBuffer(&layout.view);
    MUST_RAISE(view == NULL, NULL);
    char *before = snapshot(1, layout.low, layout.span);
    from_view();
    if (count <= MOST_ITEMS) {
        if (once_in(4)) {
            take_elements(view, root);
            MUST_BE("the items", layout.low, before, layout.span);
        }
        else {
            go_down(view, root, item);
        }
    }
    Py_DECREF(view);
    Py_DECREF(format);
}

const Family fields = {"fields", round_of_fields, 60000};

/* Sequences, iterators and joins of a program's own types: what their slots answer, and what types without them are told. */
#include "support.h"

/* Gives the items of a list, then ends, as its fields say. */
typedef struct {
    PyObject_HEAD
    PyObject *items[20]; /* borrowed */
    Py_ssize_t count, next, asked_for;
    PyObject *failure;  /* borrowed: what it ends with; NULL for nothing, or an IndexError by number */
    PyObject *iterator; /* borrowed: what it is iterated over by */
} Source;

static PyObject *source_iter(PyObject *op)
{
    Source *self = (Source *)op;
    if (self->iterator == NULL) {
        PyErr_SetString(self->failure, "no iterator");
        return NULL;
    }
    return Py_NewRef(self->iterator);
}

static PyObject *source_next(PyObject *op)
{
    Source *self = (Source *)op;
    if (self->next < self->count) {
        return Py_NewRef(self->items[self->next++]);
    }
    if (self->failure != NULL) {
        PyErr_SetString(self->failure, "at the end");
    }
    return NULL;
}

static PyObject *source_item(PyObject *op, Py_ssize_t index)
{
    Source *self = (Source *)op;
    self->asked_for = index;
    if (index >= 0 && index < self->count) {
        return Py_NewRef(self->items[index]);
    }
    PyErr_SetString(self->failure != NULL ? self->failure : PyExc_IndexError, "at the end");
    return NULL;
}

static int source_set_item(PyObject *op, Py_ssize_t index, PyObject *value)
{
    Source *self = (Source *)op;
    self->asked_for = index;
    if (index < 0 || index >= self->count) {
        PyErr_SetString(PyExc_IndexError, "no such item");
        return -1;
    }
    self->items[index] = value;
    return 0;
}

static Py_ssize_t source_length(PyObject *op)
{
    Source *self = (Source *)op;
    if (self->count < 0) {
        PyErr_SetString(PyExc_ValueError, "no length");
    }
    return self->count;
}

static PyObject *source_subscript(PyObject *op, PyObject *key)
{
    (void)op;
    return Py_NewRef(key);
}

static int source_set_subscript(PyObject *op, PyObject *key, PyObject *value)
{
    (void)op, (void)key, (void)value;
    return 0;
}

static PyObject *source_concat(PyObject *a, PyObject *b)
{
    (void)a;
    return Py_NewRef(b);
}

static PyObject *source_repeat(PyObject *op, Py_ssize_t count)
{
    ((Source *)op)->asked_for = count;
    return Py_NewRef(op);
}

static PySequenceMethods sequence = {.sq_length = source_length,
                                     .sq_concat = source_concat,
                                     .sq_repeat = source_repeat,
                                     .sq_item = source_item,
                                     .sq_ass_item = source_set_item};
static PySequenceMethods without_length = {.sq_item = source_item, .sq_ass_item = source_set_item};
static PySequenceMethods empty_table;
static PyMappingMethods mapping = {.mp_subscript = source_subscript, .mp_ass_subscript = source_set_subscript};
static PyMappingMethods read_only_mapping = {.mp_subscript = source_subscript};

static void source_dealloc(PyObject *op)
{
    PyObject_Free(op);
}

#define TYPE(NAME, ...)                                                                                                \
    static PyTypeObject NAME = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = #NAME, .tp_basicsize = sizeof(Source),        \
                                .tp_dealloc = source_dealloc, .tp_flags = Py_TPFLAGS_DEFAULT, __VA_ARGS__}
TYPE(Iterator, .tp_iter = source_iter, .tp_iternext = source_next);
TYPE(Iterable, .tp_iter = source_iter);
TYPE(Sequence, .tp_as_sequence = &sequence);
TYPE(Endless, .tp_as_sequence = &without_length);
TYPE(Mapping, .tp_as_mapping = &mapping, .tp_as_sequence = &empty_table);
TYPE(Readable, .tp_as_mapping = &read_only_mapping);
TYPE(Plain, .tp_doc = "nothing");

static Source *source_new(PyTypeObject *type, Py_ssize_t count, PyObject *const *items)
{
    CHECK_INT(PyType_Ready(type), 0);
    Source *self = PyObject_New(Source, type);
    for (Py_ssize_t i = 0; i < count; i++) {
        self->items[i] = items[i];
    }
    self->count = count;
    self->next = 0;
    self->asked_for = PY_SSIZE_T_MIN;
    self->failure = NULL;
    self->iterator = NULL;
    return self;
}

static void items_are_those_of_the_slots(void)
{
    PyObject *a = PyBytes_FromString("a"), *b = PyBytes_FromString("b"), *items[] = {a, b};
    Source *self = source_new(&Sequence, 2, items);
    PyObject *op = (PyObject *)self;
    static const struct {
        Py_ssize_t index, asked_for;
    } all[] = {{0, 0}, {1, 1}, {2, 2}, {-1, 1}, {-2, 0}, {-3, -1}, {PY_SSIZE_T_MAX, PY_SSIZE_T_MAX}};
    for (size_t i = 0; i < COUNT(all); i++) {
        PyObject *item = PySequence_GetItem(op, all[i].index);
        int is_there = all[i].asked_for == 0 || all[i].asked_for == 1;
        CHECK_PTR(item, is_there ? items[all[i].asked_for] : NULL);
        CHECK_ERROR(is_there ? NULL : PyExc_IndexError);
        Py_XDECREF(item);
        CHECK_INT(self->asked_for, all[i].asked_for);
    }
    CHECK_INT(PySequence_SetItem(op, -1, a), 0);
    CHECK_PTR(self->items[1], a);
    CHECK_INT(PySequence_DelItem(op, 0), 0);
    CHECK_PTR(self->items[0], NULL);
    CHECK_INT(PySequence_SetItem(op, 5, a), -1);
    CHECK_MESSAGE(PyExc_IndexError, "no such item");
    PyObject *made = PySequence_Concat(op, b);
    CHECK_PTR(made, b);
    Py_DECREF(made);
    made = PySequence_Repeat(op, 7);
    CHECK_PTR(made, op);
    CHECK_INT(self->asked_for, 7);
    Py_DECREF(made);
    /* A length that fails, where it is needed. */
    self->count = -1;
    self->asked_for = 99;
    CHECK_PTR(PySequence_GetItem(op, -1), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "no length");
    CHECK_INT(PySequence_SetItem(op, -1, a), -1);
    CHECK_MESSAGE(PyExc_ValueError, "no length");
    CHECK_INT(self->asked_for, 99);
    Py_DECREF(op);
    /* Without a length, an index below 0 is the slot's. */
    self = source_new(&Endless, 1, &a);
    op = (PyObject *)self;
    CHECK_PTR(PySequence_GetItem(op, -1), NULL);
    CHECK_MESSAGE(PyExc_IndexError, "at the end");
    CHECK_INT(self->asked_for, -1);
    CHECK_INT(PySequence_SetItem(op, -5, a), -1);
    CHECK_MESSAGE(PyExc_IndexError, "no such item");
    CHECK_INT(self->asked_for, -5);
    Py_DECREF(op);
    Py_DECREF(b);
    Py_DECREF(a);
}

/* As in CPython. */
static void types_without_the_slots_are_named(void)
{
    PyObject *a = PyBytes_FromString("a");
    static const struct {
        PyTypeObject *type;
        int maps, writes; /* by keys */
    } all[] = {{&Plain, 0, 0}, {&Mapping, 1, 1}, {&Readable, 1, 0}, {&Iterator, 0, 0}};
    for (size_t i = 0; i < COUNT(all); i++) {
        PyObject *op = (PyObject *)source_new(all[i].type, 0, NULL);
        const char *name = all[i].type->tp_name;
        char quoted[60], message[120];
        snprintf(quoted, sizeof(quoted), "'%s' object", name);
#define REFUSES(call, failed, format, what)                                                                            \
    do {                                                                                                               \
        CHECK((call) == (failed));                                                                                     \
        snprintf(message, sizeof(message), format, what);                                                              \
        CHECK_MESSAGE(PyExc_TypeError, message);                                                                       \
    } while (0)
        CHECK_INT(PySequence_Check(op), 0);
        REFUSES(PySequence_Concat(op, a), NULL, "%s can't be concatenated", quoted);
        REFUSES(PySequence_Repeat(op, 2), NULL, "%s can't be repeated", quoted);
        REFUSES(PySequence_GetSlice(op, 0, 1), NULL, "%s is unsliceable", quoted);
        REFUSES(PySequence_SetSlice(op, 0, 1, a), -1, "%s doesn't support slice assignment", quoted);
        REFUSES(PySequence_DelSlice(op, 0, 1), -1, "%s doesn't support slice deletion", quoted);
        if (all[i].maps) {
            REFUSES(PySequence_GetItem(op, 0), NULL, "%s is not a sequence", name);
        } else {
            REFUSES(PySequence_GetItem(op, 0), NULL, "%s does not support indexing", quoted);
        }
        if (all[i].writes) {
            REFUSES(PySequence_SetItem(op, 0, a), -1, "%s is not a sequence", name);
            REFUSES(PySequence_DelItem(op, 0), -1, "%s is not a sequence", name);
        } else {
            REFUSES(PySequence_SetItem(op, 0, a), -1, "%s does not support item assignment", quoted);
            REFUSES(PySequence_DelItem(op, 0), -1, "%s doesn't support item deletion", quoted);
        }
        Py_DECREF(op);
    }
    Py_DECREF(a);
}

static void an_iterator_ends_or_fails(void)
{
    PyObject *a = PyBytes_FromString("a"), *item;
    for (int failing = 0; failing < 2; failing++) {
        Source *self = source_new(&Iterator, 1, &a);
        self->failure = failing ? PyExc_LookupError : NULL;
        item = NULL;
        CHECK_INT(PyIter_NextItem((PyObject *)self, &item), 1);
        CHECK_PTR(item, a);
        Py_DECREF(item);
        CHECK_INT(PyIter_NextItem((PyObject *)self, &item), failing ? -1 : 0);
        CHECK_PTR(item, NULL);
        CHECK_ERROR(self->failure);
        Py_DECREF((PyObject *)self);
    }
    item = a;
    CHECK_INT(PyIter_NextItem(a, &item), -1);
    CHECK_PTR(item, NULL);
    CHECK_MESSAGE(PyExc_TypeError, "expected an iterator, got 'bytes'");
    Py_DECREF(a);
}

/* Whatever gives the items: fewer than there is room for at first, and more. */
static void joins_take_items_from_anything(void)
{
    static const char *const joined[] = {"", "ab", "ab, ab", "ab, ab, ab"};
    PyObject *separator = PyBytes_FromString(", "), *items[20];
    for (size_t i = 0; i < COUNT(items); i++) {
        items[i] = i % 2 ? PyByteArray_FromStringAndSize("ab", 2) : PyBytes_FromString("ab");
    }
    for (Py_ssize_t count = 0; count <= 20; count++) {
        Source *by_number = source_new(&Sequence, count, items), *by_next = source_new(&Iterator, count, items);
        Source *whole = source_new(&Iterable, 0, NULL);
        by_next->iterator = whole->iterator = (PyObject *)by_next;
        PyObject *a = PyBytes_Join(separator, (PyObject *)by_number), *b = PyBytes_Join(separator, (PyObject *)whole);
        CHECK_INT(PyBytes_Size(a), count == 0 ? 0 : 4 * count - 2);
        if (count < 4) {
            CHECK_STR(PyBytes_AsString(a), joined[count]);
        } else {
            CHECK_STR(PyBytes_AsString(a) + 4 * count - 12, "ab, ab, ab");
        }
        CHECK_INT(PyBytes_Size(b), PyBytes_Size(a));
        CHECK_STR(PyBytes_AsString(b), PyBytes_AsString(a));
        if (count == 1) {
            CHECK_PTR(a, items[0]); /* one bytes object is what it is joined to */
        }
        Py_DECREF(b);
        Py_DECREF(a);
        Py_DECREF((PyObject *)whole);
        Py_DECREF((PyObject *)by_next);
        Py_DECREF((PyObject *)by_number);
    }
    for (size_t i = 0; i < COUNT(items); i++) {
        CHECK_INT(Py_REFCNT(items[i]), 1);
        Py_DECREF(items[i]);
    }
    Py_DECREF(separator);
}

static void joins_pass_on_what_items_fail_with(void)
{
    PyObject *a = PyBytes_FromString("an item"), *separator = PyBytes_FromString("-");
    PyTypeObject *const types[] = {&Sequence, &Iterator};
    for (size_t i = 0; i < COUNT(types); i++) {
        Source *self = source_new(types[i], 1, &a);
        self->failure = PyExc_LookupError;
        self->iterator = (PyObject *)self;
        CHECK_PTR(PyBytes_Join(separator, (PyObject *)self), NULL);
        CHECK_MESSAGE(PyExc_LookupError, "at the end");
        Py_DECREF((PyObject *)self);
    }
    Source *self = source_new(&Iterable, 0, NULL);
    self->failure = PyExc_LookupError;
    CHECK_PTR(PyBytes_Join(separator, (PyObject *)self), NULL);
    CHECK_MESSAGE(PyExc_LookupError, "no iterator");
    self->iterator = Py_None; /* which is none */
    CHECK_PTR(PyBytes_Join(separator, (PyObject *)self), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "can only join an iterable");
    Py_DECREF((PyObject *)self);
    CHECK_PTR(PyBytes_Join(separator, Py_None), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "can only join an iterable");
    /* Without items by number either. */
    self = source_new(&Mapping, 0, NULL);
    CHECK_PTR(PyBytes_Join(separator, (PyObject *)self), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "can only join an iterable");
    Py_DECREF((PyObject *)self);
    CHECK_INT(Py_REFCNT(a), 1);
    Py_DECREF(separator);
    Py_DECREF(a);
}

static void joins_name_what_has_no_bytes(void)
{
    char memory[1] = "m";
    PyObject *a = PyBytes_FromString("a"), *separator = PyBytes_FromString("-");
    Exporter *exporter = exporter_of_bytes(memory, 1);
    static const struct {
        PyObject **raises, **seen;
        const char *message;
    } all[] = {
        {NULL, NULL, "a-m"},
        {&PyExc_BufferError, &PyExc_TypeError, "sequence item 1: expected a bytes-like object, test.Exporter found"},
        {&PyExc_LookupError, &PyExc_TypeError, "sequence item 1: expected a bytes-like object, test.Exporter found"},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        PyObject *items[] = {a, (PyObject *)exporter};
        Source *self = source_new(&Sequence, 2, items);
        exporter->raises = all[i].raises != NULL ? *all[i].raises : NULL;
        PyObject *joined = PyBytes_Join(separator, (PyObject *)self);
        if (all[i].seen == NULL) {
            CHECK_STR(PyBytes_AsString(joined), all[i].message);
            Py_DECREF(joined);
        } else {
            CHECK_PTR(joined, NULL);
            CHECK_MESSAGE(*all[i].seen, all[i].message);
        }
        Py_DECREF((PyObject *)self);
    }
    CHECK_UNUSED(exporter);
    PyObject *items[] = {Py_None};
    Source *self = source_new(&Sequence, 1, items);
    CHECK_PTR(PyBytes_Join(separator, (PyObject *)self), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "sequence item 0: expected a bytes-like object, NoneType found");
    Py_DECREF((PyObject *)self);
    Py_DECREF(separator);
    Py_DECREF(a);
}

/* Exporters may say that they have more bytes than there can be; none of them is read. */
static void a_join_that_is_too_long_is_an_error(void)
{
    char memory[1];
    PyObject *separator = PyBytes_FromString("-");
    Exporter *half = exporter_of_bytes(memory, PY_SSIZE_T_MAX / 2 + 1), *rest = exporter_of_bytes(memory, PY_SSIZE_T_MAX / 2);
    PyObject *two[] = {(PyObject *)half, (PyObject *)half}, *one[] = {(PyObject *)half, (PyObject *)rest};
    for (int i = 0; i < 2; i++) {
        /* Two halves do not fit; less than that does, but not with what is in between. */
        Source *self = source_new(&Sequence, 2, i == 0 ? two : one);
        CHECK_PTR(PyBytes_Join(separator, (PyObject *)self), NULL);
        CHECK_MESSAGE(PyExc_OverflowError, "join() result is too long");
        Py_DECREF((PyObject *)self);
    }
    CHECK_UNUSED(rest);
    CHECK_UNUSED(half);
    Py_DECREF(separator);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(items_are_those_of_the_slots);
    RUN(types_without_the_slots_are_named);
    RUN(an_iterator_ends_or_fails);
    RUN(joins_take_items_from_anything);
    RUN(joins_pass_on_what_items_fail_with);
    RUN(joins_name_what_has_no_bytes);
    RUN(a_join_that_is_too_long_is_an_error);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

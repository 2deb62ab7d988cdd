/* What comparisons, lengths and hashes ask the types of a program's own, and what the answers count as. */
#include "support.h"

static const char operators[6][3] = {"<", "<=", "==", "!=", ">", ">="};

/* Has a key, and notes what it is asked. */
typedef struct {
    PyObject_HEAD
    int key;
} Keyed;

static char asked[64];
static PyObject *(*answers)(Keyed *self, int operation); /* NULL: by the keys */

static PyObject *keyed_compare(PyObject *a, PyObject *b, int operation)
{
    Keyed *self = (Keyed *)a;
    snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s%s;", Py_TYPE(a)->tp_name, operators[operation]);
    if (answers != NULL) {
        return answers(self, operation);
    }
    int left = self->key, right = ((Keyed *)b)->key;
    const int holds[6] = {left < right, left <= right, left == right, left != right, left > right, left >= right};
    return Py_NewRef(holds[operation] ? Py_True : Py_False);
}

static void keyed_dealloc(PyObject *op)
{
    PyObject_Free(op);
}

#define KEYED .tp_basicsize = sizeof(Keyed), .tp_dealloc = keyed_dealloc, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE
#define TYPE(NAME, ...) static PyTypeObject NAME = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = #NAME, KEYED, __VA_ARGS__}
TYPE(Base, .tp_richcompare = keyed_compare);
TYPE(Derived, .tp_base = &Base);
TYPE(Other, .tp_richcompare = keyed_compare);
TYPE(Silent, .tp_doc = "nothing");

static PyObject *keyed_new(PyTypeObject *type, int key)
{
    CHECK_INT(PyType_Ready(type), 0);
    Keyed *self = PyObject_New(Keyed, type);
    self->key = key;
    return (PyObject *)self;
}

static PyObject *does_not_know(Keyed *self, int operation)
{
    (void)self, (void)operation;
    return Py_NewRef(Py_NotImplemented);
}

static PyObject *fails(Keyed *self, int operation)
{
    (void)operation;
    PyErr_SetString(self->key ? PyExc_LookupError : PyExc_ValueError, "no answer");
    return NULL;
}

/* The left one first, unless the right one's type derives from it; then the other one, with the operator turned round. */
static void who_is_asked_first(void)
{
    static const char turned[6][3] = {">", ">=", "==", "!=", "<", "<="};
    static const struct {
        PyTypeObject *left, *right, *first, *second;
    } all[] = {
        {&Base, &Base, &Base, &Base},   {&Base, &Other, &Base, &Other},      {&Other, &Base, &Other, &Base},
        {&Base, &Derived, NULL, &Base}, {&Derived, &Base, &Derived, &Base}, {&Derived, &Derived, &Derived, &Derived},
        {&Silent, &Base, NULL, NULL},   {&Base, &Silent, &Base, NULL},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        PyObject *left = keyed_new(all[i].left, 1), *right = keyed_new(all[i].right, 2);
        for (int operation = 0; operation < 6; operation++) {
            char expected[64];
            answers = NULL;
            asked[0] = 0;
            CHECK_INT(PyObject_RichCompareBool(left, right, operation), operation <= Py_LE || operation == Py_NE);
            int right_first = all[i].first == NULL;
            PyTypeObject *first = right_first ? all[i].right : all[i].first;
            snprintf(expected, sizeof(expected), "%s%s;", first->tp_name, right_first ? turned[operation] : operators[operation]);
            CHECK_STR(asked, expected);
            answers = does_not_know;
            asked[0] = 0;
            int result = PyObject_RichCompareBool(left, right, operation);
            if (all[i].second != NULL) {
                snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s%s;", all[i].second->tp_name,
                         right_first ? operators[operation] : turned[operation]);
            }
            CHECK_STR(asked, expected);
            if (operation == Py_EQ || operation == Py_NE) {
                CHECK_INT(result, operation == Py_NE);
            } else {
                char message[120];
                CHECK_INT(result, -1);
                snprintf(message, sizeof(message), "'%s' not supported between instances of '%s' and '%s'", operators[operation],
                         all[i].left->tp_name, all[i].right->tp_name);
                CHECK_MESSAGE(PyExc_TypeError, message);
            }
        }
        Py_DECREF(right);
        Py_DECREF(left);
    }
    answers = NULL;
}

static void what_fails_is_asked_no_more(void)
{
    answers = fails;
    for (int derived = 0; derived < 2; derived++) {
        PyObject *left = keyed_new(&Base, 0), *right = keyed_new(derived ? &Derived : &Other, 1);
        asked[0] = 0;
        CHECK_INT(PyObject_RichCompareBool(left, right, Py_LT), -1);
        CHECK_MESSAGE(derived ? PyExc_LookupError : PyExc_ValueError, "no answer");
        CHECK_STR(asked, derived ? "Derived>;" : "Base<;");
        /* An object equals itself without being asked. */
        CHECK_INT(PyObject_RichCompareBool(left, left, Py_EQ), 1);
        CHECK_INT(PyObject_RichCompareBool(left, left, Py_NE), 0);
        CHECK_INT(PyObject_RichCompareBool(left, left, Py_LE), -1);
        CHECK_ERROR(PyExc_ValueError);
        Py_DECREF(right);
        Py_DECREF(left);
    }
    answers = NULL;
}

/* As Python 2 did. */
static void objects_that_are_ordered_have_one_comparison(void)
{
    for (int left_key = 0; left_key < 3; left_key++) {
        for (int right_key = 0; right_key < 3; right_key++) {
            PyObject *left = keyed_new(&Base, left_key), *right = keyed_new(&Other, right_key);
            int result = 99;
            CHECK_INT(PyObject_Cmp(left, right, &result), 0);
            CHECK_INT(result, (left_key > right_key) - (left_key < right_key));
            answers = does_not_know;
            CHECK_INT(PyObject_Cmp(left, right, &result), -1);
            CHECK_ERROR(PyExc_TypeError);
            CHECK_INT(PyObject_Cmp(left, left, &result), 0);
            CHECK_INT(result, 0);
            answers = NULL;
            Py_DECREF(right);
            Py_DECREF(left);
        }
    }
}

/* ---- truth and length --------------------------------------------------------------------------------------- */

static int truth(PyObject *op)
{
    int key = ((Keyed *)op)->key;
    if (key < 0) {
        PyErr_SetString(PyExc_LookupError, "no truth");
    }
    return key;
}

static Py_ssize_t length(PyObject *op)
{
    return truth(op);
}

static Py_ssize_t fixed_length(PyObject *op)
{
    (void)op;
    return 3;
}

static PyNumberMethods as_number = {.nb_bool = truth}, no_number;
static PySequenceMethods as_sequence = {.sq_length = length}, of_three_items = {.sq_length = fixed_length}, no_sequence;
static PyMappingMethods as_mapping = {.mp_length = length}, of_three_keys = {.mp_length = fixed_length}, no_mapping;

TYPE(Number, .tp_as_number = &as_number, .tp_as_mapping = &of_three_keys, .tp_as_sequence = &of_three_items);
TYPE(Map, .tp_as_number = &no_number, .tp_as_mapping = &as_mapping, .tp_as_sequence = &of_three_items);
TYPE(OnlyMap, .tp_as_mapping = &as_mapping, .tp_as_sequence = &no_sequence);
TYPE(List, .tp_as_mapping = &no_mapping, .tp_as_sequence = &as_sequence);

static PyObject *given;

static PyObject *gives(Keyed *self, int operation)
{
    (void)self, (void)operation;
    return Py_NewRef(given);
}

/* What a comparison answers may be any object. */
static void answers_are_true_or_false(void)
{
    PyTypeObject *const types[] = {&Number, &Map, &OnlyMap, &List};
    PyObject *left = keyed_new(&Base, 0), *right = keyed_new(&Base, 0);
    answers = gives;
    for (size_t i = 0; i < COUNT(types); i++) {
        for (int key = -1; key < 3; key++) {
            given = keyed_new(types[i], key);
            CHECK_INT(PyObject_RichCompareBool(left, right, Py_LT), key < 0 ? -1 : key != 0);
            CHECK_ERROR(key < 0 ? PyExc_LookupError : NULL);
            CHECK_INT(Py_REFCNT(given), 1);
            Py_DECREF(given);
        }
    }
    given = keyed_new(&Silent, 0);
    CHECK_INT(PyObject_RichCompareBool(left, right, Py_LT), 1);
    Py_DECREF(given);
    given = Py_None;
    CHECK_INT(PyObject_RichCompareBool(left, right, Py_LT), 0);
    answers = NULL;
    Py_DECREF(right);
    Py_DECREF(left);
}

static void lengths_are_those_of_sequences_then_of_mappings(void)
{
    static const struct {
        PyTypeObject *type;
        int size; /* 0: the key */
        const char *no_sequence;
    } all[] = {
        {&Number, 3, NULL},
        {&Map, 3, NULL},
        {&OnlyMap, 0, "OnlyMap is not a sequence"},
        {&List, 0, NULL},
        {&Silent, -1, "object of type 'Silent' has no len()"},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int key = -1; key < 3; key++) {
            PyObject *op = keyed_new(all[i].type, key);
            Py_ssize_t size = all[i].size > 0 ? all[i].size : key;
            CHECK_INT(PyObject_Size(op), all[i].size < 0 ? -1 : size);
            CHECK_ERROR(all[i].size < 0 ? PyExc_TypeError : size < 0 ? PyExc_LookupError : NULL);
            CHECK_INT(PySequence_Size(op), all[i].no_sequence != NULL ? -1 : size);
            if (all[i].no_sequence != NULL) {
                CHECK_MESSAGE(PyExc_TypeError, all[i].no_sequence);
            } else {
                CHECK_ERROR(size < 0 ? PyExc_LookupError : NULL);
            }
            Py_DECREF(op);
        }
    }
}

/* ---- what types inherit ------------------------------------------------------------------------------------- */

static PyObject *no_item(PyObject *op, Py_ssize_t index)
{
    (void)op, (void)index;
    PyErr_SetString(PyExc_IndexError, "no item");
    return NULL;
}

static PyObject *any_key(PyObject *op, PyObject *key)
{
    (void)op;
    return Py_NewRef(key);
}

static PyNumberMethods own_number;
static PySequenceMethods own_sequence = {.sq_item = no_item};
static PyMappingMethods own_mapping = {.mp_subscript = any_key};
TYPE(All, .tp_as_number = &as_number, .tp_as_sequence = &as_sequence, .tp_as_mapping = &as_mapping);
TYPE(Whole, .tp_base = &All);
TYPE(ByTheSlot, .tp_base = &All, .tp_as_number = &own_number, .tp_as_sequence = &own_sequence, .tp_as_mapping = &own_mapping);
TYPE(SameTables, .tp_base = &All, .tp_as_number = &as_number, .tp_as_sequence = &as_sequence, .tp_as_mapping = &as_mapping);

static void tables_are_inherited_whole_or_slot_by_slot(void)
{
    PyTypeObject *const types[] = {&Whole, &ByTheSlot, &SameTables};
    for (size_t i = 0; i < COUNT(types); i++) {
        PyObject *op = keyed_new(types[i], 7);
        int own = types[i] == &ByTheSlot;
        CHECK(types[i]->tp_as_number == (own ? &own_number : &as_number));
        CHECK(types[i]->tp_as_sequence == (own ? &own_sequence : &as_sequence));
        CHECK(types[i]->tp_as_mapping == (own ? &own_mapping : &as_mapping));
        CHECK(types[i]->tp_as_number->nb_bool == truth);
        CHECK(types[i]->tp_as_sequence->sq_length == length && types[i]->tp_as_mapping->mp_length == length);
        CHECK(types[i]->tp_as_sequence->sq_item == (own ? no_item : NULL));
        CHECK_INT(PyObject_Size(op), 7);
        Py_DECREF(op);
    }
}

/* A type that answers `==` and leaves the rest to object's slot, which turns it round for `!=`. */
static PyObject *equal_by_given(PyObject *a, PyObject *b, int operation)
{
    if (operation != Py_EQ) {
        return PyBaseObject_Type.tp_richcompare(a, b, operation);
    }
    if (given == NULL) {
        PyErr_SetString(PyExc_LookupError, "no answer");
        return NULL;
    }
    return Py_NewRef(given);
}

TYPE(EqualByGiven, .tp_richcompare = equal_by_given);

static void unequal_is_not_equal(void)
{
    PyObject *left = keyed_new(&EqualByGiven, 0), *right = keyed_new(&EqualByGiven, 0);
    PyObject *const all[][2] = {{Py_True, Py_False}, {Py_False, Py_True}, {Py_NotImplemented, Py_NotImplemented}, {right, right}};
    for (size_t i = 0; i < COUNT(all); i++) {
        given = all[i][0];
        PyObject *unequal = EqualByGiven.tp_richcompare(left, right, Py_NE);
        CHECK_PTR(unequal, all[i][1]);
        Py_XDECREF(unequal);
    }
    given = NULL;
    CHECK_PTR(EqualByGiven.tp_richcompare(left, right, Py_NE), NULL);
    CHECK_MESSAGE(PyExc_LookupError, "no answer");
    given = Py_True;
    CHECK_PTR(EqualByGiven.tp_richcompare(left, right, Py_LT), Py_NotImplemented);
    Py_DECREF(right);
    Py_DECREF(left);
}

TYPE(NotReady, .tp_doc = "nothing");

/* As in CPython, a hash that is asked for makes a type ready. */
static void a_type_is_made_ready_for_its_hash(void)
{
    Keyed one = {.ob_base = {.ob_refcnt = 1, .ob_type = &NotReady}, .key = 0};
    CHECK_INT(NotReady.tp_flags & Py_TPFLAGS_READY, 0);
    CHECK_PTR(PyBaseObject_Type.tp_richcompare((PyObject *)&one, Py_None, Py_NE), Py_NotImplemented);
    Py_hash_t hash = PyObject_Hash((PyObject *)&one);
    CHECK(hash != -1 && hash == PyObject_Hash((PyObject *)&one));
    CHECK(NotReady.tp_flags & Py_TPFLAGS_READY);
    CHECK_PTR(NotReady.tp_base, &PyBaseObject_Type);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(who_is_asked_first);
    RUN(what_fails_is_asked_no_more);
    RUN(objects_that_are_ordered_have_one_comparison);
    RUN(answers_are_true_or_false);
    RUN(lengths_are_those_of_sequences_then_of_mappings);
    RUN(tables_are_inherited_whole_or_slot_by_slot);
    RUN(unequal_is_not_equal);
    RUN(a_type_is_made_ready_for_its_hash);
    return tap_end();
}

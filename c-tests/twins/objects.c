/* Objects: reference counts, types that a C program defines, what they inherit, and the slots that are asked. */
#include "exporter.h"

typedef struct {
    PyObject_HEAD
    long value;
} Thing;

typedef struct {
    PyObject_VAR_HEAD
    int items[1];
} Row;

static int deallocs;

static void thing_dealloc(PyObject *op)
{
    deallocs++;
    PyObject_Free(op);
}

static Py_hash_t thing_hash(PyObject *op)
{
    if (((Thing *)op)->value == -1) {
        PyErr_SetNone(PyExc_ArithmeticError);
        return -1;
    }
    return ((Thing *)op)->value * 3;
}

/* Values choose the answer, so that every kind of answer is had. */
static PyObject *thing_compare(PyObject *v, PyObject *w, int op)
{
    long value = ((Thing *)v)->value;
    printf("<%s %ld asked %d %s>", Py_TYPE(v)->tp_name, value, op, Py_TYPE(w)->tp_name);
    switch (value) {
    case 1: return Py_NewRef(Py_True);
    case 2: return Py_NewRef(Py_False);
    case 3: return Py_NewRef(Py_NotImplemented);
    case 4: PyErr_SetNone(PyExc_LookupError); return NULL;
    case 5: return Py_NewRef(Py_None); /* any object will do, by its truth */
    case 6: return PyBytes_FromString("true");
    default: return PyBytes_FromString("");
    }
}

static Py_ssize_t sequence_length(PyObject *op)
{
    if (((Thing *)op)->value < 0) {
        PyErr_SetNone(PyExc_IndexError);
        return -1;
    }
    return ((Thing *)op)->value;
}

static Py_ssize_t mapping_length(PyObject *op)
{
    Py_ssize_t length = sequence_length(op);
    return length < 0 ? length : length + 100;
}

static PySequenceMethods thing_sequence = {.sq_length = sequence_length};
static PyMappingMethods thing_mapping = {.mp_length = mapping_length};

#define TYPE(variable, ...)                                                                                            \
    static PyTypeObject variable = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "twin." #variable, __VA_ARGS__}

TYPE(Base, .tp_basicsize = sizeof(Thing), .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
     .tp_dealloc = thing_dealloc, .tp_hash = thing_hash, .tp_richcompare = thing_compare,
     .tp_as_sequence = &thing_sequence, .tp_as_mapping = &thing_mapping, .tp_as_buffer = &exporter_as_buffer);
TYPE(Derived, .tp_base = &Base, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE);
TYPE(Twice, .tp_base = &Derived, .tp_flags = Py_TPFLAGS_DEFAULT, .tp_basicsize = sizeof(Thing) + 16);
TYPE(Plain, .tp_basicsize = sizeof(Thing), .tp_flags = Py_TPFLAGS_DEFAULT);
TYPE(OnlyHash, .tp_basicsize = sizeof(Thing), .tp_flags = Py_TPFLAGS_DEFAULT, .tp_hash = thing_hash);
TYPE(OnlyCompare, .tp_basicsize = sizeof(Thing), .tp_flags = Py_TPFLAGS_DEFAULT, .tp_richcompare = thing_compare);
TYPE(HashOverBase, .tp_base = &Base, .tp_flags = Py_TPFLAGS_DEFAULT, .tp_hash = thing_hash);
TYPE(CompareOverBase, .tp_base = &Base, .tp_flags = Py_TPFLAGS_DEFAULT, .tp_richcompare = thing_compare);
TYPE(Unhashable, .tp_basicsize = sizeof(Thing), .tp_flags = Py_TPFLAGS_DEFAULT, .tp_hash = PyObject_HashNotImplemented);
TYPE(Mapping, .tp_basicsize = sizeof(Thing), .tp_flags = Py_TPFLAGS_DEFAULT, .tp_as_mapping = &thing_mapping);
TYPE(RowType, .tp_basicsize = offsetof(Row, items), .tp_itemsize = sizeof(int), .tp_flags = Py_TPFLAGS_DEFAULT);

static PyBufferProcs only_get = {.bf_getbuffer = exporter_getbuffer};
static PyBufferProcs only_release = {.bf_releasebuffer = exporter_releasebuffer};
static PySequenceMethods no_sequence;
TYPE(OverGet, .tp_base = &Base, .tp_flags = Py_TPFLAGS_DEFAULT, .tp_as_buffer = &only_get);
TYPE(OverRelease, .tp_base = &Base, .tp_flags = Py_TPFLAGS_DEFAULT, .tp_as_buffer = &only_release,
     .tp_as_sequence = &no_sequence);

static PyTypeObject *const all_types[] = {
    &Base,       &Derived, &Twice,   &Plain,   &OnlyHash,    &OnlyCompare, &HashOverBase, &CompareOverBase,
    &Unhashable, &Mapping, &RowType, &OverGet, &OverRelease,
};

static Thing *make(PyTypeObject *type, long value)
{
    Thing *thing = PyObject_New(Thing, type);
    thing->value = value;
    return thing;
}

static void inheritance(void)
{
    twin_title("inheritance");
    for (size_t i = 0; i < TWIN_COUNT(all_types); i++) {
        PyTypeObject *t = all_types[i];
        printf("%s: %d", t->tp_name, PyType_Ready(t));
        printf(" again %d", PyType_Ready(t));
        printf(" %s", twin_pending());
        printf(" ready %d type %d base %s basicsize %lld itemsize %lld", (t->tp_flags & Py_TPFLAGS_READY) != 0,
               Py_IS_TYPE((PyObject *)t, &PyType_Type),
               t->tp_base == &PyBaseObject_Type ? "object" : t->tp_base->tp_name, (long long)t->tp_basicsize,
               (long long)t->tp_itemsize);
        printf(" dealloc %d %d hash %d %d compare %d %d free %d", t->tp_dealloc != NULL, t->tp_dealloc == thing_dealloc,
               t->tp_hash == thing_hash, t->tp_hash == PyObject_HashNotImplemented, t->tp_richcompare != NULL,
               t->tp_richcompare == thing_compare, t->tp_free != NULL);
        printf(" buffer %d get %d release %d length %d %d\n", t->tp_as_buffer == &exporter_as_buffer,
               t->tp_as_buffer && t->tp_as_buffer->bf_getbuffer == exporter_getbuffer,
               t->tp_as_buffer && t->tp_as_buffer->bf_releasebuffer == exporter_releasebuffer,
               t->tp_as_sequence && t->tp_as_sequence->sq_length == sequence_length,
               t->tp_as_mapping && t->tp_as_mapping->mp_length == mapping_length);
    }
    for (size_t i = 0; i < TWIN_COUNT(all_types); i++) {
        Thing *thing = all_types[i] == &RowType ? NULL : make(all_types[i], 0);
        for (size_t j = 0; j < TWIN_COUNT(all_types); j++) {
            printf("%d%d ", PyType_IsSubtype(all_types[i], all_types[j]),
                   thing ? !!PyObject_TypeCheck((PyObject *)thing, all_types[j]) : 9);
        }
        printf("%d %d %d\n", PyType_IsSubtype(all_types[i], &PyBaseObject_Type),
               PyType_IsSubtype(&PyBaseObject_Type, all_types[i]), PyType_IsSubtype(all_types[i], &PyBytes_Type));
        Py_XDECREF(thing);
    }
    printf("deallocs %d\n", deallocs); /* of Base and what inherits from it */
}

static void reference_counts(void)
{
    twin_title("reference counts");
    deallocs = 0;
    PyObject *o = (PyObject *)make(&Base, 1);
    printf("%lld", (long long)Py_REFCNT(o));
    Py_INCREF(o);
    Py_XINCREF(o);
    Py_IncRef(o);
    PyObject *a = Py_NewRef(o), *b = Py_XNewRef(o), *none = NULL;
    printf(" %lld same %d %d %d", (long long)Py_REFCNT(o), a == o, b == o, Py_XNewRef(none) == NULL);
    Py_DECREF(o);
    Py_XDECREF(o);
    Py_DecRef(o);
    printf(" %lld", (long long)Py_REFCNT(o));
    Py_XINCREF(none);
    Py_XDECREF(none);
    Py_IncRef(none);
    Py_DecRef(none);
    Py_CLEAR(none);
    Py_CLEAR(a);
    printf(" %lld cleared %d", (long long)Py_REFCNT(o), a == NULL);
    PyObject *other = (PyObject *)make(&Base, 2);
    Py_SETREF(b, other); /* takes over the one reference to other */
    printf(" %lld %lld %d", (long long)Py_REFCNT(o), (long long)Py_REFCNT(other), b == other);
    Py_XSETREF(a, Py_NewRef(other)); /* a was NULL */
    printf(" %lld %d", (long long)Py_REFCNT(other), a == other);
    Py_XSETREF(a, NULL);
    printf(" %lld deallocs %d", (long long)Py_REFCNT(other), deallocs);
    Py_SETREF(b, NULL);
    printf(" %d", deallocs);
    Py_SET_REFCNT(o, 3);
    printf(" %lld", (long long)Py_REFCNT(o));
    Py_DECREF(o);
    Py_DECREF(o);
    printf(" %lld %d", (long long)Py_REFCNT(o), deallocs);
    Py_CLEAR(o);
    printf(" %d %d\n", o == NULL, deallocs);
    PyObject *const immortals[] = {Py_None, Py_True, Py_False, Py_NotImplemented, (PyObject *)&PyBytes_Type,
                                   (PyObject *)&Base, PyExc_ValueError};
    for (size_t i = 0; i < TWIN_COUNT(immortals); i++) {
        PyObject *x = immortals[i];
        Py_ssize_t before = Py_REFCNT(x);
        Py_INCREF(x);
        int up = Py_REFCNT(x) == before;
        Py_DECREF(x);
        Py_DecRef(x);
        Py_IncRef(x);
        Py_SET_REFCNT(x, 5);
        printf("%d%d ", up, Py_REFCNT(x) == before);
    }
    printf("\n");
}

static void new_and_init(void)
{
    twin_title("New and Init");
    Thing *t = make(&Plain, 5);
    printf("%d %lld %ld\n", Py_IS_TYPE((PyObject *)t, &Plain), (long long)Py_REFCNT(t), t->value);
    Py_SET_TYPE((PyObject *)t, &Mapping);
    printf("%s %d %d\n", Py_TYPE((PyObject *)t)->tp_name, Py_IS_TYPE((PyObject *)t, &Plain),
           Py_IS_TYPE((PyObject *)t, &Mapping));
    Py_DECREF(t);
    for (Py_ssize_t n = 0; n < 40; n += 13) {
        Row *row = PyObject_NewVar(Row, &RowType, n);
        for (Py_ssize_t i = 0; i < n; i++) {
            row->items[i] = (int)i; /* the memory is there */
        }
        printf("%lld %lld", (long long)Py_SIZE((PyVarObject *)row), (long long)Py_REFCNT(row));
        Py_SET_SIZE((PyVarObject *)row, 7);
        printf(" %lld\n", (long long)Py_SIZE((PyVarObject *)row));
        Py_DECREF(row);
    }
    Row *huge = PyObject_NewVar(Row, &RowType, PY_SSIZE_T_MAX / 8);
    printf("huge %d %s\n", huge == NULL, twin_error());
    Thing *memory = PyObject_Malloc(sizeof(Thing));
    memset((void *)memory, 0x5a, sizeof(Thing));
    PyObject *o = PyObject_Init((PyObject *)memory, &Base);
    printf("Init %d %lld %d untouched %d\n", o == (PyObject *)memory, (long long)Py_REFCNT(o), Py_IS_TYPE(o, &Base),
           memory->value == (long)0x5a5a5a5a5a5a5a5a);
    deallocs = 0;
    Py_DECREF(o);
    printf("deallocs %d\n", deallocs);
    Row *row = PyObject_Malloc(sizeof(Row) + 8);
    memset((void *)row, 0x5a, sizeof(Row) + 8);
    PyVarObject *v = PyObject_InitVar((PyVarObject *)row, &RowType, 3);
    printf("InitVar %d %lld %lld %d\n", v == (PyVarObject *)row, (long long)Py_REFCNT(v), (long long)Py_SIZE(v),
           row->items[0] == 0x5a5a5a5a);
    PyObject_Del(v);
}

static void comparing(void)
{
    twin_title("comparing");
    PyTypeObject *const types[] = {&Base, &Derived, &OnlyCompare, &Plain, &OnlyHash};
    for (size_t i = 0; i < TWIN_COUNT(types); i++) {
        for (size_t j = 0; j < TWIN_COUNT(types); j++) {
            for (long left = 1; left <= 7; left++) {
                for (long right = 3; right >= 1; right -= 2) {
                    PyObject *v = (PyObject *)make(types[i], left), *w = (PyObject *)make(types[j], right);
                    printf("%s %ld, %s %ld:", types[i]->tp_name, left, types[j]->tp_name, right);
                    for (int op = Py_LT; op <= Py_GE; op++) {
                        int result = PyObject_RichCompareBool(v, w, op);
                        printf(" %d %s", result, twin_error());
                    }
                    printf(" itself:"); /* nothing is asked for == and != */
                    for (int op = Py_LT; op <= Py_GE; op++) {
                        int result = PyObject_RichCompareBool(v, v, op);
                        printf(" %d %s", result, twin_error());
                    }
                    printf(" refcounts %lld %lld\n", (long long)Py_REFCNT(v), (long long)Py_REFCNT(w));
                    Py_DECREF(v);
                    Py_DECREF(w);
                }
            }
        }
    }
}

static void hashing_and_length(void)
{
    twin_title("hash and length");
    static const long values[] = {0, 7, -1, -5};
    for (size_t i = 0; i < TWIN_COUNT(all_types); i++) {
        PyTypeObject *t = all_types[i];
        if (t == &RowType) {
            continue;
        }
        for (size_t j = 0; j < TWIN_COUNT(values); j++) {
            PyObject *o = (PyObject *)make(t, values[j]);
            printf("%s %ld: ", t->tp_name, values[j]);
            Py_hash_t hash = PyObject_Hash(o);
            if (t->tp_hash == thing_hash || hash == -1) {
                printf("hash %lld", (long long)hash);
            } else { /* by address: only equal to itself */
                PyObject *other = (PyObject *)make(t, values[j]);
                printf("hash by identity %d %d", hash == PyObject_Hash(o), hash == PyObject_Hash(other));
                Py_DECREF(other);
            }
            printf(" %s", twin_error());
            printf(" length %lld", (long long)PyObject_Length(o));
            printf(" %s", twin_error());
            printf(" size %lld", (long long)PyObject_Size(o));
            printf(" %s", twin_error());
            printf(" of a sequence %lld", (long long)PySequence_Size(o));
            printf(" %s", twin_error());
            printf(" %lld", (long long)PySequence_Length(o));
            printf(" %s\n", twin_error());
            Py_DECREF(o);
        }
    }
    PyObject *o = (PyObject *)make(&Plain, 1);
    printf("not hashable %lld", (long long)PyObject_HashNotImplemented(o));
    printf(" %s\n", twin_error());
    Py_DECREF(o);
    printf("None %d", PyObject_Hash(Py_None) == PyObject_Hash(Py_None));
    printf(" length %lld", (long long)PyObject_Length(Py_None));
    printf(" %s, type %d\n", twin_error(), PyObject_Hash((PyObject *)&Base) == PyObject_Hash((PyObject *)&Base));
}

int main(void)
{
    Py_Initialize();
    twin_start();
    printf("initialized %d\n", Py_IsInitialized());
    Py_InitializeEx(0); /* the second time is nothing */
    printf("initialized %d\n", Py_IsInitialized());
    inheritance();
    reference_counts();
    new_and_init();
    comparing();
    hashing_and_length();
    printf("deallocs %d\n", deallocs);
    printf("finalized %d\n", Py_FinalizeEx());
    return 0;
}

/* since: 3.14. PyIter_NextItem and PyBytes_Join, over iterators and sequences of a program's own. */
#include "exporter.h"

/* Something that can be iterated over: it gives its items in order, then ends, with an error or without. */
typedef struct {
    PyObject_HEAD
    PyObject *items[12];
    Py_ssize_t count, next;
    PyObject *failure;
    int answers;
} Source;

static PyObject *source_next(PyObject *self)
{
    Source *source = (Source *)self;
    source->answers++;
    if (source->next < source->count) {
        return Py_NewRef(source->items[source->next++]);
    }
    if (source->failure != NULL) {
        PyErr_SetString(source->failure, "at the end");
    }
    return NULL;
}

static PyObject *source_itself(PyObject *self)
{
    return Py_NewRef(self);
}

static PyObject *source_refuses(PyObject *self)
{
    PyErr_SetString(((Source *)self)->failure, "no iterator");
    return NULL;
}

static PyObject *source_gives_none(PyObject *self)
{
    (void)self;
    return Py_NewRef(Py_None);
}

static PyObject *source_item(PyObject *self, Py_ssize_t index)
{
    Source *source = (Source *)self;
    source->answers++;
    if (index >= 0 && index < source->count) {
        return Py_NewRef(source->items[index]);
    }
    PyErr_SetString(source->failure ? source->failure : PyExc_IndexError, "at the end");
    return NULL;
}

static Py_ssize_t source_length(PyObject *self)
{
    return ((Source *)self)->count;
}

static void source_dealloc(PyObject *self)
{
    Source *source = (Source *)self;
    for (Py_ssize_t i = 0; i < source->count; i++) {
        Py_DECREF(source->items[i]);
    }
    Py_TYPE(self)->tp_free(self);
}

static PySequenceMethods sequence = {.sq_length = source_length, .sq_item = source_item};

#define TYPE(NAME, ...)                                                                                                \
    static PyTypeObject NAME = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = #NAME, .tp_basicsize = sizeof(Source),        \
                                .tp_dealloc = source_dealloc, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,    \
                                __VA_ARGS__}
TYPE(Iterator, .tp_iter = source_itself, .tp_iternext = source_next);
TYPE(NextOnly, .tp_iternext = source_next);
TYPE(Sequence, .tp_as_sequence = &sequence);
TYPE(Refusing, .tp_iter = source_refuses, .tp_iternext = source_next);
TYPE(GivingNone, .tp_iter = source_gives_none);
TYPE(Neither, .tp_doc = "nothing");
TYPE(Derived, .tp_base = &Iterator);

static PyTypeObject *const types[] = {&Iterator, &NextOnly, &Sequence, &Refusing, &GivingNone, &Neither, &Derived};

static Source *source_of(PyTypeObject *type, Py_ssize_t count, PyObject *const *items)
{
    Source *source = PyObject_New(Source, type);
    source->count = count;
    source->next = 0;
    source->answers = 0;
    source->failure = NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        source->items[i] = Py_NewRef(items[i]);
    }
    return source;
}

static void show(const char *name, PyObject *bytes)
{
    printf("%s: ", name);
    if (bytes == NULL) {
        printf("NULL %s\n", twin_error());
        return;
    }
    twin_print_content(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes));
    printf(" ends %d %s\n", PyBytes_AS_STRING(bytes)[PyBytes_GET_SIZE(bytes)], twin_error());
    Py_DECREF(bytes);
}

static void next_item(PyObject *const *items)
{
    twin_title("PyIter_NextItem");
    for (size_t t = 0; t < TWIN_COUNT(types); t++) {
        for (int failing = 0; failing < 3; failing++) {
            Source *source = source_of(types[t], 3, items);
            source->failure = failing == 0 ? NULL : failing == 1 ? PyExc_ValueError : PyExc_IndexError;
            printf("%s:", types[t]->tp_name);
            for (int i = 0; i < 5; i++) {
                PyObject *item = (PyObject *)source;
                int result = PyIter_NextItem((PyObject *)source, &item);
                printf(" %d %s %s", result, item == NULL ? "NULL" : item == items[i % 3] ? "item" : "other", twin_error());
                Py_XDECREF(item);
            }
            printf(" answers %d\n", source->answers);
            Py_DECREF(source);
        }
    }
}

static void join(PyObject *const *items)
{
    twin_title("PyBytes_Join");
    PyObject *separators[] = {PyBytes_FromString(""), PyBytes_FromString(", "), PyByteArray_FromStringAndSize("-", 1), Py_None};
    for (size_t s = 0; s < TWIN_COUNT(separators); s++) {
        for (size_t t = 0; t < TWIN_COUNT(types); t++) {
            for (Py_ssize_t count = 0; count <= 12; count += count < 4 ? 1 : 4) {
                for (int failing = 0; failing < 3; failing++) {
                    Source *source = source_of(types[t], count, items);
                    source->failure = failing == 0 ? (types[t] == &Refusing ? PyExc_TypeError : NULL)
                                      : failing == 1 ? PyExc_ValueError
                                                     : PyExc_IndexError;
                    printf("%zu %s of %lld ", s, types[t]->tp_name, (long long)count);
                    show("", PyBytes_Join(separators[s], (PyObject *)source));
                    printf("  answers %d refcount %lld\n", source->answers, (long long)Py_REFCNT(source));
                    Py_DECREF(source);
                }
            }
        }
    }
    Source *one = source_of(&Iterator, 1, items);
    PyObject *joined = PyBytes_Join(separators[1], (PyObject *)one);
    printf("itself %d\n", joined == items[0]);
    Py_DECREF(joined);
    Py_DECREF(one);
    twin_title("items of every kind");
    for (size_t i = 0; i < EXPORTER_SAMPLES; i++) {
        Exporter *e = exporter_sample(i);
        PyObject *three[] = {items[0], (PyObject *)e, items[1]};
        Source *source = source_of(&Sequence, 3, three);
        show(exporter_samples[i].name, PyBytes_Join(separators[1], (PyObject *)source));
        printf("  gets %d releases %d flags %x refcount %lld\n", e->gets, e->releases, (unsigned)e->last_flags,
               (long long)Py_REFCNT(e));
        e->failure = PyExc_ValueError;
        show("  failing", PyBytes_Join(separators[1], (PyObject *)source));
        Py_DECREF(source);
        Py_DECREF(e);
    }
    PyObject *with_none[] = {items[0], Py_None, items[1]};
    Source *source = source_of(&Iterator, 3, with_none);
    show("None", PyBytes_Join(separators[1], (PyObject *)source));
    Py_DECREF(source);
    show("None is joined", PyBytes_Join(separators[1], Py_None));
    for (int i = 0; i < 3; i++) {
        Py_DECREF(separators[i]);
    }
}

int main(void)
{
    Py_Initialize();
    twin_start();
    PyObject *items[12];
    for (size_t t = 0; t < TWIN_COUNT(types); t++) {
        PyType_Ready(types[t]);
    }
    for (int i = 0; i < 12; i++) {
        char text[40];
        int length = snprintf(text, sizeof(text), "item %d%.*s", i, i * 2, "..........................");
        items[i] = i % 3 == 2 ? PyByteArray_FromStringAndSize(text, length) : PyBytes_FromStringAndSize(text, length);
        if (i % 4 == 3) {
            PyObject *view = PyMemoryView_FromObject(items[i]);
            Py_DECREF(items[i]);
            items[i] = view;
        }
    }
    next_item(items);
    join(items);
    for (int i = 0; i < 12; i++) {
        printf("%lld ", (long long)Py_REFCNT(items[i]));
        Py_DECREF(items[i]);
    }
    printf("\nfreed %d\n", exporter_deallocs);
    Py_Finalize();
    return 0;
}

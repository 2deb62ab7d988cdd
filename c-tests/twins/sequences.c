/* PySequence_*: concatenation, repetition and slices of bytes and bytearrays, and the slots of a program's own types.
 * What needs ints (items of the two) is for python2/. */
#include "twin.h"

/* Whether an object is what it was, or a new one, and what it is; dropped, unless NULL. */
static void show(PyObject *result, PyObject *was)
{
    if (result == NULL) {
        printf(" %s", twin_error());
    } else if (PyBytes_Check(result)) {
        printf(" %s bytes %d '", result == was ? "same" : "new", PyBytes_CheckExact(result));
        twin_print_content(PyBytes_AS_STRING(result), PyBytes_GET_SIZE(result));
        printf("'%d", PyBytes_AS_STRING(result)[PyBytes_GET_SIZE(result)]);
    } else if (PyByteArray_Check(result)) {
        printf(" %s bytearray '", result == was ? "same" : "new");
        twin_print_content(PyByteArray_AS_STRING(result), PyByteArray_GET_SIZE(result));
        printf("'%d", PyByteArray_AS_STRING(result)[PyByteArray_GET_SIZE(result)]);
    } else {
        printf(" %s", result == Py_None ? "None" : "other");
    }
    Py_XDECREF(result);
}

static void show_status(int status)
{
    printf(" %d %s", status, twin_error());
}

static const Py_ssize_t ends[] = {PY_SSIZE_T_MIN, -100, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 100, PY_SSIZE_T_MAX};

static void slices(void)
{
    twin_title("slices");
    static const char *const texts[] = {"", "a", "abcde"};
    for (size_t t = 0; t < TWIN_COUNT(texts); t++) {
        Py_ssize_t length = (Py_ssize_t)strlen(texts[t]);
        PyObject *bytes = PyBytes_FromString(texts[t]), *array = PyByteArray_FromStringAndSize(texts[t], length);
        PyObject *other = PyBytes_FromString("+-"), *view = PyMemoryView_FromObject(bytes);
        for (size_t i = 0; i < TWIN_COUNT(ends); i++) {
            for (size_t j = 0; j < TWIN_COUNT(ends); j++) {
                printf("%s [%lld:%lld]:", texts[t], (long long)ends[i], (long long)ends[j]);
                show(PySequence_GetSlice(bytes, ends[i], ends[j]), bytes);
                show(PySequence_GetSlice(array, ends[i], ends[j]), array);
                show_status(PySequence_SetSlice(bytes, ends[i], ends[j], other));
                show_status(PySequence_DelSlice(bytes, ends[i], ends[j]));
                PyObject *const values[] = {other, bytes, array, view, Py_None, NULL};
                for (size_t v = 0; v < TWIN_COUNT(values); v++) {
                    PyObject *changed = PyByteArray_FromStringAndSize(texts[t], length);
                    show_status(PySequence_SetSlice(changed, ends[i], ends[j], values[v]));
                    show_status(v == 2 ? PySequence_SetSlice(changed, ends[i], ends[j], changed) : 0);
                    show(changed, NULL);
                }
                PyObject *changed = PyByteArray_FromStringAndSize(texts[t], length);
                show_status(PySequence_DelSlice(changed, ends[i], ends[j]));
                show(changed, NULL);
                printf("\n");
            }
        }
        Py_DECREF(view);
        Py_DECREF(other);
        Py_DECREF(array);
        Py_DECREF(bytes);
    }
}

static void views_keep_the_length(void)
{
    twin_title("slices of a bytearray with a view");
    PyObject *array = PyByteArray_FromStringAndSize("abcdef", 6), *value = PyBytes_FromString("xy");
    PyObject *view = PyMemoryView_FromObject(array);
    for (Py_ssize_t end = 0; end < 6; end++) {
        show_status(PySequence_SetSlice(array, 2, end, value));
        show_status(PySequence_DelSlice(array, 2, end));
        show_status(PySequence_DelItem(array, end));
        show_status(PySequence_SetSlice(array, 1, 3, view));
    }
    Py_DECREF(view);
    show_status(PySequence_DelItem(array, 1));
    show_status(PySequence_DelItem(array, -1));
    show_status(PySequence_DelItem(array, 100));
    show(array, NULL);
    printf("\n");
    Py_DECREF(value);
}

static void joined_and_repeated(void)
{
    static const Py_ssize_t counts[] = {PY_SSIZE_T_MIN, -1, 0, 1, 2, 3, 8, 100, PY_SSIZE_T_MAX / 2, PY_SSIZE_T_MAX};
    twin_title("concatenation and repetition");
    PyObject *all[] = {PyBytes_FromString(""), PyBytes_FromString("a"), PyBytes_FromString("abc"),
                       PyByteArray_FromStringAndSize("", 0), PyByteArray_FromStringAndSize("x", 1),
                       PyByteArray_FromStringAndSize("wxyz", 4), Py_None, NULL};
    all[7] = PyMemoryView_FromObject(all[2]);
    for (size_t i = 0; i < TWIN_COUNT(all); i++) {
        for (size_t j = 0; j < TWIN_COUNT(all) && i != 7; j++) { /* a memoryview is a sequence there */
            printf("%d + %d:", (int)i, (int)j);
            show(PySequence_Concat(all[i], all[j]), all[i]);
            PyObject *joined = PySequence_Concat(all[i], all[j]);
            printf(" second %d", joined == all[j]);
            Py_XDECREF(joined);
            PyErr_Clear();
            printf("\n");
        }
        for (size_t c = 0; c < TWIN_COUNT(counts) && i != 7; c++) {
            /* What any memory could not hold, or little. */
            if (counts[c] <= 100 || PyObject_Size(all[i]) != 1 + (i == 6)) {
                PyErr_Clear();
                printf("%d * %lld:", (int)i, (long long)counts[c]);
                show(PySequence_Repeat(all[i], counts[c]), all[i]);
                printf("\n");
            }
            PyErr_Clear();
        }
        printf("check %d", i == 7 ? 1 : PySequence_Check(all[i]));
        show_status(PySequence_DelItem(i == 7 ? Py_None : all[i], 0));
        show_status(PySequence_SetSlice(Py_None, 0, 1, all[i]));
        printf("\n");
    }
    for (size_t i = 0; i < TWIN_COUNT(all); i++) {
        if (i != 6) {
            Py_DECREF(all[i]);
        }
    }
}

/* ---- types of a program's own ----------------------------------------------------------------------------------- */

static PyObject *tell(const char *name, PyObject *op, Py_ssize_t index)
{
    printf(" %s(%lld)", name, (long long)index);
    if (index == 13) {
        PyErr_SetString(PyExc_BufferError, "thirteen");
        return NULL;
    }
    Py_INCREF(op);
    return op;
}

static Py_ssize_t thing_length(PyObject *op)
{
    (void)op;
    printf(" length");
    return 10;
}

static Py_ssize_t thing_no_length(PyObject *op)
{
    (void)op;
    PyErr_SetString(PyExc_LookupError, "no length");
    return -1;
}

static PyObject *thing_concat(PyObject *a, PyObject *b)
{
    return tell("concat", b, b == a);
}

static PyObject *thing_repeat(PyObject *op, Py_ssize_t count)
{
    return tell("repeat", op, count);
}

static PyObject *thing_item(PyObject *op, Py_ssize_t index)
{
    return tell("item", op, index);
}

static int thing_ass_item(PyObject *op, Py_ssize_t index, PyObject *value)
{
    PyObject *told = tell(value == NULL ? "delete" : value == Py_None ? "None to" : "value to", op, index);
    Py_XDECREF(told);
    return told == NULL ? -1 : 0;
}

static PyObject *thing_subscript(PyObject *op, PyObject *key)
{
    (void)op;
    (void)key;
    return NULL;
}

static int thing_ass_subscript(PyObject *op, PyObject *key, PyObject *value)
{
    (void)op;
    (void)key;
    (void)value;
    return -1;
}

static PySequenceMethods full = {.sq_length = thing_length, .sq_concat = thing_concat, .sq_repeat = thing_repeat,
                                 .sq_item = thing_item, .sq_ass_item = thing_ass_item};
static PySequenceMethods lengthless = {.sq_item = thing_item, .sq_ass_item = thing_ass_item};
static PySequenceMethods failing = {.sq_length = thing_no_length, .sq_item = thing_item, .sq_ass_item = thing_ass_item};
static PySequenceMethods only_length = {.sq_length = thing_length};
static PySequenceMethods inherits = {.sq_repeat = thing_repeat};
static PyMappingMethods mapping = {.mp_subscript = thing_subscript, .mp_ass_subscript = thing_ass_subscript};

#define THING(name, ...)                                                                                               \
    static PyTypeObject name = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "twin." #name,                                \
                                .tp_basicsize = sizeof(PyObject), .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,   \
                                __VA_ARGS__}
THING(Full, .tp_as_sequence = &full);
THING(Lengthless, .tp_as_sequence = &lengthless);
THING(Failing, .tp_as_sequence = &failing);
THING(OnlyLength, .tp_as_sequence = &only_length);
THING(Mapping, .tp_as_mapping = &mapping);
THING(Nothing, .tp_doc = "no slots");
THING(Inherits, .tp_as_sequence = &inherits, .tp_base = &Full);
THING(InheritsAll, .tp_base = &Full);

static void slots(void)
{
    static const Py_ssize_t places[] = {-100, -11, -10, -1, 0, 1, 3, 10, 13};
    PyTypeObject *const types[] = {&Full, &Lengthless, &Failing, &OnlyLength, &Mapping, &Nothing, &Inherits, &InheritsAll};
    twin_title("slots");
    for (size_t t = 0; t < TWIN_COUNT(types); t++) {
        printf("ready %d\n", PyType_Ready(types[t]));
        PyObject *thing = PyObject_New(PyObject, types[t]), *bytes = PyBytes_FromString("two");
        printf("%s check %d:", types[t]->tp_name, PySequence_Check(thing));
        PyObject *second[] = {bytes, thing, Py_None};
        for (size_t s = 0; s < TWIN_COUNT(second); s++) {
            show(PySequence_Concat(thing, second[s]), thing);
        }
        printf("\n");
        for (size_t p = 0; p < TWIN_COUNT(places); p++) {
            show(PySequence_Repeat(thing, places[p]), thing);
            show(PySequence_GetItem(thing, places[p]), thing);
            show_status(PySequence_SetItem(thing, places[p], Py_None));
            show_status(PySequence_SetItem(thing, places[p], bytes));
            show_status(PySequence_SetItem(thing, places[p], NULL));
            show_status(PySequence_DelItem(thing, places[p]));
            printf("\n");
        }
        if (types[t] != &Mapping) { /* there it makes slices of it */
            show(PySequence_GetSlice(thing, 0, 1), thing);
            show_status(PySequence_SetSlice(thing, 0, 1, bytes));
            show_status(PySequence_DelSlice(thing, 0, 1));
        }
        printf(" refcounts %lld %lld\n", (long long)Py_REFCNT(thing), (long long)Py_REFCNT(bytes));
        Py_DECREF(bytes);
        Py_DECREF(thing);
    }
    show_status(PySequence_DelItem(NULL, 0));
    show(PySequence_Concat(NULL, Py_None), NULL);
    show(PySequence_Repeat(NULL, 0), NULL);
    show(PySequence_GetItem(NULL, 0), NULL);
    show(PySequence_GetSlice(NULL, 0, 0), NULL);
    show_status(PySequence_SetItem(NULL, 0, Py_None));
    show_status(PySequence_SetSlice(NULL, 0, 0, Py_None));
    show_status(PySequence_DelSlice(NULL, 0, 0));
    show_status(PySequence_Check(Py_None));
    printf("\n");
}

int main(void)
{
    Py_Initialize();
    twin_start();
    slices();
    views_keep_the_length();
    joined_and_repeated();
    slots();
    return 0;
}

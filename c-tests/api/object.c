/* Objects and types: what the twin programs cannot test. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <pthread.h>

/* ---- reference counts --------------------------------------------------------------------------------------- */

#define THREADS 4
#define TIMES 100000

static pthread_barrier_t together;

static void *count_up_and_down(void *op)
{
    pthread_barrier_wait(&together);
    for (int i = 0; i < TIMES; i++) {
        Py_INCREF(op);
        Py_IncRef(op);
        Py_DECREF(op);
        Py_DecRef(op);
        (void)Py_NewRef(op);
        Py_XDECREF(op);
    }
    return NULL;
}

static void reference_counts_are_atomic(void)
{
    pthread_t threads[THREADS];
    PyObject *op = PyBytes_FromString("shared");
    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, count_up_and_down, op), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&together);
    CHECK_INT(Py_REFCNT(op), 1);
    Py_DECREF(op);
}

static void immortal_objects_are_left_alone(void)
{
    PyObject *const all[] = {Py_None, Py_NotImplemented, Py_True, Py_False, (PyObject *)&PyBytes_Type,
                             PyExc_ValueError, PyBytes_FromStringAndSize("x", 1), PyBytes_FromString("")};
    for (size_t i = 0; i < COUNT(all); i++) {
        Py_ssize_t before = Py_REFCNT(all[i]);
        CHECK((int32_t)before < 0);
        for (int times = 0; times < 1000; times++) {
            Py_DECREF(all[i]);
            Py_DecRef(all[i]);
        }
        Py_INCREF(all[i]);
        Py_IncRef(all[i]);
        Py_SET_REFCNT(all[i], 1);
        _Py_SetRefcnt(all[i], 1);
        CHECK_INT(PyUnstable_TryIncRef(all[i]), 1);
        CHECK_INT(Py_REFCNT(all[i]), before);
    }
}

/* ---- destruction and errors --------------------------------------------------------------------------------- */

static int deallocs;
static void (*on_dealloc)(void);

static void odd_dealloc(PyObject *op)
{
    deallocs++;
    if (on_dealloc != NULL) {
        on_dealloc();
    }
    PyObject_Free(op);
}

static PyTypeObject Odd_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Odd",
    .tp_basicsize = sizeof(PyObject),
    .tp_dealloc = odd_dealloc,
};

static PyObject *new_odd(void)
{
    CHECK_INT(PyType_Ready(&Odd_Type), 0);
    return PyObject_New(PyObject, &Odd_Type);
}

static void raise_an_error(void)
{
    PyErr_Format(PyExc_OverflowError, "raised by %s", "tp_dealloc");
}

static void raise_a_fixed_error(void)
{
    PyErr_NoMemory();
}

static void fetch_and_drop(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

/* Each way to drop the last reference, with each thing that a tp_dealloc may do to the error indicator. */
static void dropping_never_disturbs_a_pending_error(void)
{
    static void (*const actions[])(void) = {NULL, raise_an_error, raise_a_fixed_error, PyErr_Clear, fetch_and_drop};
    for (size_t action = 0; action < COUNT(actions); action++) {
        for (int way = 0; way < 5; way++) {
            PyObject *op = new_odd();
            on_dealloc = NULL;
            deallocs = 0;
            PyErr_SetString(PyExc_ValueError, "pending");
            on_dealloc = actions[action];
            switch (way) {
            case 0: Py_DECREF(op); break;
            case 1: Py_DecRef(op); break;
            case 2: Py_XDECREF(op); break;
            case 3: Py_CLEAR(op); break;
            default: Py_SETREF(op, NULL);
            }
            CHECK_INT(deallocs, 1);
            CHECK_MESSAGE(PyExc_ValueError, "pending");
        }
        on_dealloc = actions[action];
        PyObject *op = new_odd();
        PyErr_BadArgument(); /* an error that is no exception yet */
        Py_DECREF(op);
        CHECK_MESSAGE(PyExc_TypeError, "bad argument type for built-in operation");
    }
    on_dealloc = NULL;
}

static destructor base_dealloc;

static void raise_and_go_on(PyObject *op)
{
    deallocs++;
    raise_an_error();
    base_dealloc(op);
}

/* Also where the type derives from one whose own destructor is known to behave. */
static void dropping_instances_of_derived_types_disturbs_nothing(void)
{
    static PyTypeObject types[4];
    PyTypeObject *const bases[] = {&PyBaseObject_Type, &PyByteArray_Type, &PyBytes_Type,
                                   (PyTypeObject *)PyExc_ValueError};
    for (size_t i = 0; i < COUNT(bases); i++) {
        types[i].tp_name = "test.Derived";
        types[i].tp_base = bases[i];
        types[i].tp_dealloc = raise_and_go_on;
        base_dealloc = bases[i]->tp_dealloc;
        CHECK_INT(PyType_Ready(&types[i]), 0);
        PyObject *op = PyObject_New(PyObject, &types[i]);
        PyObject head = *op;
        memset(op, 0, (size_t)types[i].tp_basicsize);
        *op = head;
        deallocs = 0;
        PyErr_SetString(PyExc_IndexError, "pending");
        Py_DECREF(op);
        CHECK_INT(deallocs, 1);
        CHECK_MESSAGE(PyExc_IndexError, "pending");
    }
}

static void an_error_of_a_destructor_stays_where_none_was_pending(void)
{
    PyObject *op = new_odd();
    on_dealloc = raise_an_error;
    Py_DECREF(op);
    on_dealloc = NULL;
    CHECK_MESSAGE(PyExc_OverflowError, "raised by tp_dealloc");
}

/* ---- types -------------------------------------------------------------------------------------------------- */

static void a_heap_type_is_counted_by_its_instances(void)
{
    PyTypeObject *type = calloc(1, sizeof(*type));
    Py_SET_REFCNT(type, 1);
    type->tp_name = "test.Heap";
    type->tp_basicsize = sizeof(PyObject);
    type->tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HEAPTYPE;
    CHECK_INT(PyType_Ready(type), 0);
    CHECK_INT(Py_REFCNT(type), 1);
    PyObject *objects[3], memory;
    for (int i = 0; i < 3; i++) {
        objects[i] = PyObject_New(PyObject, type);
        CHECK_INT(Py_REFCNT(type), i + 2);
    }
    CHECK_PTR(PyObject_Init(&memory, type), &memory);
    CHECK_INT(Py_REFCNT(type), 5);
    Py_DECREF(type);
    for (int i = 0; i < 3; i++) {
        Py_DECREF(objects[i]); /* the dealloc that it has from object drops the type, too */
        CHECK_INT(Py_REFCNT(type), 3 - i);
    }
    free(type);
}

static void a_heap_type_goes_with_its_last_exception(void)
{
    PyTypeObject *type = calloc(1, sizeof(*type));
    Py_SET_REFCNT(type, 1);
    type->tp_name = "test.HeapError";
    type->tp_base = (PyTypeObject *)PyExc_ValueError;
    type->tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HEAPTYPE;
    CHECK_INT(PyType_Ready(type), 0);
    PyErr_SetString((PyObject *)type, "of a heap type");
    CHECK_INT(Py_REFCNT(type), 2);
    CHECK_INT(PyErr_ExceptionMatches(PyExc_ValueError), 1);
    CHECK_STR(pybuffer_error_name(), "test.HeapError");
    PyObject *fetched, *value, *traceback;
    PyErr_Fetch(&fetched, &value, &traceback);
    CHECK_INT(Py_REFCNT(type), 3);
    PyErr_Restore(fetched, value, traceback);
    CHECK_INT(Py_REFCNT(type), 2);
    PyErr_Clear();
    CHECK_INT(Py_REFCNT(type), 1);
    free(type);
}

static void static_types_become_immortal(void)
{
    static PyTypeObject type;
    type.tp_name = "test.Static";
    CHECK_INT(PyType_Ready(&type), 0);
    CHECK((int32_t)Py_REFCNT(&type) < 0);
    PyObject *op = PyObject_New(PyObject, &type);
    Py_DECREF(op);
    CHECK((int32_t)Py_REFCNT(&type) < 0);
}

static void a_type_takes_over_what_it_leaves_open(void)
{
    static PyBufferProcs get_only = {exporter_getbuffer, NULL};
    static PyTypeObject derived, partly;
    CHECK_INT(PyType_Ready(&Exporter_Type), 0);
    derived.tp_name = "test.Derived";
    derived.tp_base = &Exporter_Type;
    CHECK_INT(PyType_Ready(&derived), 0);
    CHECK_PTR(derived.tp_as_buffer, &exporter_procs);
    CHECK_INT(derived.tp_basicsize, sizeof(Exporter));
    CHECK(derived.tp_dealloc == exporter_dealloc);
    CHECK(derived.tp_hash == Exporter_Type.tp_hash && derived.tp_hash != NULL);
    partly.tp_name = "test.Partly";
    partly.tp_base = &derived;
    partly.tp_as_buffer = &get_only;
    CHECK_INT(PyType_Ready(&partly), 0);
    CHECK(get_only.bf_releasebuffer == exporter_releasebuffer);
    CHECK_INT(PyType_IsSubtype(&partly, &Exporter_Type), 1);
    CHECK_INT(PyType_IsSubtype(&Exporter_Type, &partly), 0);
}

static void a_base_is_made_ready_with_the_type(void)
{
    static PyTypeObject base, derived;
    base.tp_name = "test.Base";
    base.tp_basicsize = 48;
    base.tp_as_buffer = &exporter_procs;
    derived.tp_name = "test.Derived";
    derived.tp_base = &base;
    CHECK_INT(PyType_Ready(&derived), 0);
    CHECK((base.tp_flags & Py_TPFLAGS_READY) != 0);
    CHECK_PTR(base.tp_base, &PyBaseObject_Type);
    CHECK_PTR(derived.tp_as_buffer, &exporter_procs);
    CHECK_INT(derived.tp_basicsize, 48);
}

static void a_type_that_fails_to_be_ready_says_why(void)
{
    static PyTypeObject nameless, negative;
    negative.tp_name = "test.Negative";
    negative.tp_basicsize = -8;
    CHECK_INT(PyType_Ready(&nameless), -1);
    CHECK_MESSAGE(PyExc_SystemError, "Type does not define the tp_name field.");
    CHECK_INT(PyType_Ready(&negative), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK((negative.tp_flags & Py_TPFLAGS_READY) == 0);
}

static void new_objects_have_room_for_their_items(void)
{
    static PyTypeObject type;
    type.tp_name = "test.Items";
    type.tp_basicsize = sizeof(struct PyVarObject);
    type.tp_itemsize = 3;
    CHECK_INT(PyType_Ready(&type), 0);
    for (Py_ssize_t items = 0; items < 20; items++) {
        struct PyVarObject *op = PyObject_NewVar(struct PyVarObject, &type, items);
        memset(op + 1, 0x77, (size_t)(3 * items)); /* valgrind and the sanitizers look on */
        CHECK_INT(Py_SIZE(op), items);
        CHECK_INT(Py_REFCNT(op), 1);
        Py_DECREF(op);
    }
}

/* ---- hash, comparison, length ------------------------------------------------------------------------------- */

static void objects_without_slots_equal_themselves_only(void)
{
    PyObject *a = PyObject_New(PyObject, &PyBaseObject_Type), *b = PyObject_New(PyObject, &PyBaseObject_Type);
    CHECK_INT(PyObject_RichCompareBool(a, a, Py_EQ), 1);
    CHECK_INT(PyObject_RichCompareBool(a, a, Py_NE), 0);
    CHECK_INT(PyObject_RichCompareBool(a, b, Py_EQ), 0);
    CHECK_INT(PyObject_RichCompareBool(a, b, Py_NE), 1);
    CHECK_INT(PyObject_RichCompareBool(a, a, Py_LE), -1);
    CHECK_MESSAGE(PyExc_TypeError, "'<=' not supported between instances of 'object' and 'object'");
    CHECK(PyObject_Hash(a) != -1);
    CHECK(PyObject_Hash(a) == PyObject_Hash(a));
    Py_DECREF(b);
    Py_DECREF(a);
}

static void messages_name_the_type_at_most_200_characters(void)
{
    static char name[300];
    static PyTypeObject type;
    memset(name, 'n', sizeof(name) - 1);
    type.tp_name = name;
    CHECK_INT(PyType_Ready(&type), 0);
    PyObject *op = PyObject_New(PyObject, &type);
    CHECK_INT(PyObject_Size(op), -1);
    CHECK_INT(strlen(pybuffer_error_message()), 200 + strlen("object of type '' has no len()"));
    CHECK_ERROR(PyExc_TypeError);
    Py_DECREF(op);
}

static Exporter *unable; /* raises when it is asked */

/* A function that succeeds leaves the pending error alone, also where it has tried something that failed. */
static void a_comparison_that_succeeds_leaves_the_pending_error(void)
{
    char memory[4] = "abc";
    PyObject *memoryview = PyMemoryView_FromMemory(memory, 3, PyBUF_READ);
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3);
    unable = exporter_of_bytes(memory, 3);
    unable->raises = PyExc_IndexError;
    PyErr_SetString(PyExc_ValueError, "pending");
    CHECK_INT(PyObject_RichCompareBool(memoryview, bytearray, Py_EQ), 1);
    CHECK_INT(PyObject_RichCompareBool(memoryview, (PyObject *)unable, Py_EQ), 0);
    CHECK_MESSAGE(PyExc_ValueError, "pending");
    PyErr_SetString(PyExc_ValueError, "pending");
    CHECK_INT(PyObject_RichCompareBool(bytearray, (PyObject *)unable, Py_NE), 1);
    CHECK_MESSAGE(PyExc_ValueError, "pending");
    CHECK_INT(exports_of(bytearray), 0);
    CHECK_UNUSED(unable);
    Py_DECREF(bytearray);
    Py_DECREF(memoryview);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(reference_counts_are_atomic);
    RUN(immortal_objects_are_left_alone);
    RUN(dropping_never_disturbs_a_pending_error);
    RUN(dropping_instances_of_derived_types_disturbs_nothing);
    RUN(an_error_of_a_destructor_stays_where_none_was_pending);
    RUN(a_heap_type_is_counted_by_its_instances);
    RUN(a_heap_type_goes_with_its_last_exception);
    RUN(static_types_become_immortal);
    RUN(a_type_takes_over_what_it_leaves_open);
    RUN(a_base_is_made_ready_with_the_type);
    RUN(a_type_that_fails_to_be_ready_says_why);
    RUN(new_objects_have_room_for_their_items);
    RUN(objects_without_slots_equal_themselves_only);
    RUN(messages_name_the_type_at_most_200_characters);
    RUN(a_comparison_that_succeeds_leaves_the_pending_error);
    return tap_end();
}

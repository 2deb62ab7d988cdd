/* The error indicator: setting, matching, fetching, restoring. Messages are not compared, only types. */
#include "exporter.h"

#include <stdarg.h>

static PyTypeObject special_error = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "twin.SpecialError",
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
};

static PyTypeObject more_special_error = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "twin.MoreSpecialError",
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static PyObject *format_v(PyObject *type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    PyObject *result = PyErr_FormatV(type, format, args);
    va_end(args);
    return result;
}

static void nothing_pending(void)
{
    twin_title("nothing pending");
    printf("occurred %d", PyErr_Occurred() != NULL);
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        printf(" %d", PyErr_ExceptionMatches(twin_exception(i).type));
    }
    PyErr_Clear();
    PyErr_Print();
    printf(" %s\n", twin_pending());
    PyObject *type = Py_None, *value = Py_None, *traceback = Py_None;
    PyErr_Fetch(&type, &value, &traceback);
    printf("fetched %d %d %d\n", type == NULL, value == NULL, traceback == NULL);
    PyErr_Restore(NULL, NULL, NULL);
    printf("%s\n", twin_error());
}

static void setters(void)
{
    twin_title("setters");
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        TwinException e = twin_exception(i);
        PyErr_SetString(e.type, "a message");
        printf("%s: SetString %s occurred %d", e.name, twin_pending(), PyErr_Occurred() == e.type);
        PyErr_Clear();
        PyErr_SetString(e.type, "");
        printf(", empty %s", twin_error());
        PyErr_SetNone(e.type);
        printf(", SetNone %s", twin_error());
        PyErr_SetObject(e.type, NULL);
        printf(", SetObject NULL %s", twin_error());
        PyErr_SetObject(e.type, Py_None);
        printf(", None %s", twin_error());
        printf(", Format %d", PyErr_Format(e.type, "%d and %s", 7, "seven") == NULL);
        printf(" %s", twin_error());
        printf(", FormatV %d", format_v(e.type, "%d and %s", 7, "seven") == NULL);
        printf(" %s", twin_error());
        PyErr_SetString(e.type, "printed");
        PyErr_Print();
        printf(", printed %s\n", twin_error());
    }
    printf("NoMemory %d", PyErr_NoMemory() == NULL);
    printf(" %s\n", twin_error());
    printf("BadArgument %d", PyErr_BadArgument());
    printf(" %s\n", twin_error());
    PyErr_BadInternalCall();
    printf("BadInternalCall %s\n", twin_error());
}

/* Every conversion that a C program is likely to use; the type must come through. */
static void formats(void)
{
    twin_title("formats");
    PyErr_Format(PyExc_ValueError, "plain");
    printf("%s", twin_error());
    PyErr_Format(PyExc_IndexError, "%% %c %d %5d %-5d %05d %i %u", 'x', 1, 2, 3, 4, -5, 6u);
    printf(" %s", twin_error());
    PyErr_Format(PyExc_TypeError, "%ld %lu %lld %llu %zd %zu", 1L, 2ul, 3LL, 4ull, (Py_ssize_t)5, (size_t)6);
    printf(" %s", twin_error());
    PyErr_Format(PyExc_BufferError, "%x %lx %zx %p", 255, 255L, (size_t)255, (void *)0);
    printf(" %s", twin_error());
    PyErr_Format(PyExc_OverflowError, "%s %.3s %10s %.*s", "text", "longer", "padded", 2, "cut");
    printf(" %s", twin_error());
    PyErr_Format(PyExc_LookupError, "%.200s: %s", "a name", "\xc3\xa9\xe2\x82\xac");
    printf(" %s\n", twin_error());
}

/* A message that is no text is an error of its own: not the one asked for. */
static void odd_text(void)
{
    twin_title("odd text");
    static const char *const invalid[] = {"\xff", "\xc3", "text \xed\xa0\x80"};
    for (size_t i = 0; i < TWIN_COUNT(invalid); i++) {
        PyErr_SetString(PyExc_TypeError, invalid[i]);
        printf("SetString %s,", twin_error());
        PyErr_Format(PyExc_TypeError, "%s", invalid[i]); /* here the bytes are replaced */
        printf(" Format %s\n", twin_error());
    }
    static const char *const unknown[] = {"%y", "text %", "%d %!"};
    for (size_t i = 0; i < TWIN_COUNT(unknown); i++) {
        PyErr_Format(PyExc_TypeError, unknown[i], 1);
        printf("unknown conversion %s\n", twin_error());
    }
}

/* Only a subclass of BaseException can be raised; anything else is the caller's mistake. */
static void not_exceptions(void)
{
    twin_title("not exceptions");
    PyObject *bytes = PyBytes_FromString("bytes");
    PyObject *const wrong[] = {Py_None, (PyObject *)&PyBytes_Type, (PyObject *)&PyBaseObject_Type,
                               (PyObject *)&PyType_Type, bytes};
    for (size_t i = 0; i < TWIN_COUNT(wrong); i++) {
        PyErr_SetString(wrong[i], "message");
        printf("%s", twin_error());
        PyErr_SetNone(wrong[i]);
        printf(" %s", twin_error());
        PyErr_SetObject(wrong[i], bytes);
        printf(" %s", twin_error());
        printf(" %d", PyErr_Format(wrong[i], "%d", 1) == NULL);
        printf(" %s refcount %lld\n", twin_error(), (long long)Py_REFCNT(bytes));
    }
    Py_DECREF(bytes);
}

static void matches(void)
{
    twin_title("matches");
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        TwinException pending = twin_exception(i);
        PyErr_SetNone(pending.type);
        printf("%-20s", pending.name);
        for (int j = 0; j < TWIN_EXCEPTIONS; j++) {
            TwinException e = twin_exception(j);
            printf(" %d%d%d", PyErr_ExceptionMatches(e.type), PyErr_GivenExceptionMatches(pending.type, e.type),
                   PyType_IsSubtype((PyTypeObject *)pending.type, (PyTypeObject *)e.type));
        }
        printf(" %d %d %d\n", PyErr_ExceptionMatches(Py_None), PyErr_ExceptionMatches((PyObject *)&PyBytes_Type),
               PyErr_ExceptionMatches((PyObject *)&PyBaseObject_Type));
        PyErr_Clear();
    }
    PyObject *const odd[] = {NULL, Py_None, (PyObject *)&PyBytes_Type, (PyObject *)&PyBaseObject_Type,
                             PyExc_ValueError, PyExc_Exception};
    for (size_t i = 0; i < TWIN_COUNT(odd); i++) {
        for (size_t j = 0; j < TWIN_COUNT(odd); j++) {
            printf(" %d", PyErr_GivenExceptionMatches(odd[i], odd[j]));
        }
    }
    printf("\n");
    PyErr_SetNone(PyExc_ValueError);
    printf("a match clears nothing: %d", PyErr_ExceptionMatches(PyExc_ValueError));
    printf(" %s\n", twin_error());
}

/* An exception type that a C program derives. */
static void derived(void)
{
    twin_title("derived");
    special_error.tp_base = (PyTypeObject *)PyExc_OverflowError;
    printf("ready %d", PyType_Ready(&special_error));
    more_special_error.tp_base = &special_error;
    printf(" %d", PyType_Ready(&more_special_error));
    printf(" %s\n", twin_pending());
    PyObject *const types[] = {(PyObject *)&special_error, (PyObject *)&more_special_error};
    for (size_t i = 0; i < TWIN_COUNT(types); i++) {
        PyErr_SetString(types[i], "derived");
        printf("%d %d %d", PyErr_Occurred() == types[i], PyErr_ExceptionMatches(types[0]),
               PyErr_ExceptionMatches(types[1]));
        for (int j = 0; j < TWIN_EXCEPTIONS; j++) {
            printf(" %d", PyErr_ExceptionMatches(twin_exception(j).type));
        }
        printf(" given %d %d", PyErr_GivenExceptionMatches(types[i], PyExc_ArithmeticError),
               PyErr_GivenExceptionMatches(PyExc_ArithmeticError, types[i]));
        printf(" %s\n", twin_error());
    }
}

static void fetch_and_restore(void)
{
    twin_title("Fetch and Restore");
    PyObject *type[3], *value[3], *traceback[3];
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        TwinException e = twin_exception(i);
        for (int way = 0; way < 3; way++) {
            if (way == 0) {
                PyErr_SetString(e.type, "fetched");
            } else if (way == 1) {
                PyErr_SetNone(e.type);
            } else {
                PyErr_SetObject(e.type, (PyObject *)&PyBytes_Type);
            }
            PyErr_Fetch(&type[0], &value[0], &traceback[0]);
            printf("%s %d %d %d %s", e.name, type[0] == e.type, value[0] != NULL, traceback[0] != NULL,
                   twin_pending());
            PyErr_Restore(type[0], value[0], traceback[0]);
            printf(" %s", twin_pending());
            PyErr_Restore(NULL, NULL, NULL); /* clears */
            printf(" %s\n", twin_error());
        }
        PyErr_Restore(Py_NewRef(e.type), NULL, NULL);
        printf("%s alone: %s\n", e.name, twin_error());
    }
    twin_title("nested");
    static const int kinds[3] = {0, 4, 10};
    for (int i = 0; i < 3; i++) {
        PyErr_SetString(twin_exception(kinds[i]).type, "one of three");
        PyErr_Fetch(&type[i], &value[i], &traceback[i]);
        printf("%s\n", twin_pending());
    }
    for (int i = 0; i < 3; i++) { /* the first one out is the first one in: each replaces the one before */
        PyErr_Restore(type[i], value[i], traceback[i]);
        printf("%s\n", twin_pending());
    }
    PyErr_SetString(PyExc_TypeError, "replaces");
    printf("%s\n", twin_pending());
    PyErr_NoMemory();
    printf("%s\n", twin_pending());
    PyErr_BadArgument();
    printf("%s\n", twin_pending());
    PyErr_Format(PyExc_IndexError, "replaces");
    printf("%s\n", twin_error());
    /* fetched and dropped */
    PyErr_SetString(PyExc_TypeError, "dropped");
    PyErr_Fetch(&type[0], &value[0], &traceback[0]);
    Py_XDECREF(type[0]);
    Py_XDECREF(value[0]);
    Py_XDECREF(traceback[0]);
    printf("%s\n", twin_error());
}

/* The indicator owns a reference to the value, and gives it up with the error. */
static void value_references(void)
{
    twin_title("value references");
    Exporter *e = exporter_sample(0);
    PyObject *object = (PyObject *)e, *type, *value, *traceback;
    PyErr_SetObject(PyExc_ValueError, object);
    printf("set %lld %s", (long long)Py_REFCNT(object), twin_pending());
    PyErr_Clear();
    printf(", cleared %lld\n", (long long)Py_REFCNT(object));
    PyErr_SetObject(PyExc_ValueError, object);
    PyErr_SetObject(PyExc_TypeError, object);
    printf("replaced by itself %lld", (long long)Py_REFCNT(object));
    PyErr_SetNone(PyExc_TypeError);
    printf(", by nothing %lld %s\n", (long long)Py_REFCNT(object), twin_error());
    PyErr_SetObject(PyExc_MemoryError, object);
    PyErr_Fetch(&type, &value, &traceback);
    printf("fetched %lld", (long long)Py_REFCNT(object));
    PyErr_Restore(type, value, traceback);
    printf(", restored %lld", (long long)Py_REFCNT(object));
    PyErr_Restore(NULL, NULL, NULL);
    printf(", gone %lld\n", (long long)Py_REFCNT(object));
    PyErr_SetObject(PyExc_IndexError, object);
    Py_DECREF(object); /* the error alone keeps it */
    printf("kept %d", exporter_deallocs);
    PyErr_Clear();
    printf(", freed %d\n", exporter_deallocs);
}

/* A call that succeeds leaves a pending error alone; a call that fails replaces it. */
static void pending_through_calls(void)
{
    twin_title("pending through calls");
    PyObject *array = PyByteArray_FromStringAndSize("abc", 3);
    Py_buffer view;
    PyErr_SetNone(PyExc_LookupError);
    int result = PyObject_GetBuffer(array, &view, PyBUF_FULL);
    printf("%d %s", result, twin_pending());
    PyBuffer_Release(&view);
    printf(" %s", twin_pending());
    result = PyObject_GetBuffer(Py_None, &view, PyBUF_FULL);
    printf(" %d %s", result, twin_pending());
    PyErr_SetNone(PyExc_LookupError);
    printf(" %d", PyObject_CheckBuffer(array));
    printf(" %s", twin_pending());
    Py_DECREF(array);
    printf(" %s\n", twin_error());
}

int main(void)
{
    Py_Initialize();
    twin_start();
    nothing_pending();
    setters();
    formats();
    odd_text();
    not_exceptions();
    matches();
    derived();
    fetch_and_restore();
    value_references();
    pending_through_calls();
    Py_Finalize();
    return 0;
}

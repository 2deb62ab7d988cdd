/* Errors: their names, messages and lifetimes, which the twin programs do not compare. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <pthread.h>
#include <unistd.h>
#ifdef _WIN32
#  include <fcntl.h>
#  include <io.h>
#  define pipe(ends) _pipe((ends), 4096, _O_BINARY)
#endif

/* ---- name and message --------------------------------------------------------------------------------------- */

static void nothing_is_pending_at_first(void)
{
    CHECK_PTR(PyErr_Occurred(), NULL);
    CHECK_STR(pybuffer_error_name(), NULL);
    CHECK_STR(pybuffer_error_message(), NULL);
}

static void each_setter_has_its_message(void)
{
    PyObject *bytes = PyBytes_FromString("bytes as message"), *odd = PyByteArray_FromStringAndSize("x", 1);
    PyErr_SetString(PyExc_IndexError, "a text");
    CHECK_STR(pybuffer_error_name(), "IndexError");
    CHECK_MESSAGE(PyExc_IndexError, "a text");
    PyErr_SetString(PyExc_IndexError, "");
    CHECK_MESSAGE(PyExc_IndexError, "");
    PyErr_SetNone(PyExc_LookupError);
    CHECK_STR(pybuffer_error_name(), "LookupError");
    CHECK_MESSAGE(PyExc_LookupError, "");
    PyErr_SetObject(PyExc_ValueError, bytes);
    CHECK_MESSAGE(PyExc_ValueError, "bytes as message");
    PyErr_SetObject(PyExc_ValueError, odd);
    CHECK_MESSAGE(PyExc_ValueError, "");
    PyErr_NoMemory();
    CHECK_STR(pybuffer_error_name(), "MemoryError");
    CHECK_MESSAGE(PyExc_MemoryError, "");
    PyErr_BadArgument();
    CHECK_MESSAGE(PyExc_TypeError, "bad argument type for built-in operation");
    PyErr_BadInternalCall();
    CHECK_MESSAGE(PyExc_SystemError, "bad argument to internal function");
    _PyErr_BadInternalCall("some/file.c", 123);
    CHECK_MESSAGE(PyExc_SystemError, "some/file.c:123: bad argument to internal function");
    CHECK_INT(Py_REFCNT(bytes), 1);
    Py_DECREF(odd);
    Py_DECREF(bytes);
}

static void a_message_is_a_copy(void)
{
    char text[] = "as it was";
    PyErr_SetString(PyExc_ValueError, text);
    text[0] = 'X';
    CHECK_MESSAGE(PyExc_ValueError, "as it was");
    PyErr_Format(PyExc_ValueError, "%s", "formatted");
    CHECK_MESSAGE(PyExc_ValueError, "formatted");
}

/* The text of the pending error becomes part of the next one, which replaces it. */
static void a_message_may_quote_the_pending_one(void)
{
    PyErr_SetString(PyExc_ValueError, "the cause");
    PyErr_Format(PyExc_TypeError, "because of %s: %s", pybuffer_error_name(), pybuffer_error_message());
    CHECK_MESSAGE(PyExc_TypeError, "because of ValueError: the cause");
    PyErr_SetString(PyExc_ValueError, "the same");
    PyErr_SetString(PyExc_IndexError, pybuffer_error_message());
    CHECK_MESSAGE(PyExc_IndexError, "the same");
}

static void a_long_message_is_kept_whole(void)
{
    enum { LENGTH = 100000 };
    char *text = malloc(LENGTH + 1);
    memset(text, 'm', LENGTH);
    text[LENGTH] = '\0';
    PyErr_Format(PyExc_ValueError, "<%s>", text);
    CHECK_INT(strlen(pybuffer_error_message()), LENGTH + 2);
    CHECK_INT(pybuffer_error_message()[LENGTH + 1], '>');
    PyErr_SetString(PyExc_ValueError, text);
    CHECK_STR(pybuffer_error_message(), text);
    PyErr_Clear();
    free(text);
}

static void what_is_no_UTF_8_is_refused_or_replaced(void)
{
    PyErr_SetString(PyExc_TypeError, "caf\xe9");
    CHECK_ERROR(PyExc_ValueError);
    PyErr_Format(PyExc_TypeError, "%s", "caf\xe9");
    CHECK_MESSAGE(PyExc_TypeError, "caf\xef\xbf\xbd");
    PyErr_Format(PyExc_TypeError, "%.5s", "caf\xc3\xa9s");
    CHECK_MESSAGE(PyExc_TypeError, "caf\xc3\xa9");
    PyErr_Format(PyExc_TypeError, "caf\xe9 %d", 1);
    CHECK_ERROR(PyExc_ValueError);
}

static void a_precision_keeps_from_reading_on(void)
{
    char *text = malloc(3); /* no NUL: valgrind and the sanitizers look on */
    memcpy(text, "abc", 3);
    PyErr_Format(PyExc_ValueError, "%.3s|%.*s", text, 2, text);
    CHECK_MESSAGE(PyExc_ValueError, "abc|ab");
    free(text);
}

/* The argument list is left as it is: it can be used again. */
static void format_twice(PyObject *type, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PyErr_FormatV(type, format, arguments);
    CHECK_MESSAGE(PyExc_ValueError, "1 two 3");
    PyErr_FormatV(type, format, arguments);
    CHECK_MESSAGE(PyExc_ValueError, "1 two 3");
    CHECK_INT(va_arg(arguments, int), 1);
    va_end(arguments);
}

static void FormatV_leaves_the_arguments_as_they_are(void)
{
    format_twice(PyExc_ValueError, "%d %s %zd", 1, "two", (Py_ssize_t)3);
}

static void an_error_in_a_format_takes_the_place_of_the_error(void)
{
    format_unchecked(PyExc_ValueError, "good, then %y");
    CHECK_STR(pybuffer_error_name(), "SystemError");
    CHECK(strstr(pybuffer_error_message(), "%y") != NULL);
    PyErr_Clear();
    format_unchecked(PyExc_ValueError, "%R", Py_None); /* takes an object */
    CHECK_ERROR(PyExc_SystemError);
    format_unchecked(PyExc_ValueError, "%99999999999999999999d", 1);
    CHECK_ERROR(PyExc_ValueError);
    PyErr_Format(PyExc_ValueError, "%c", 0x110000);
    CHECK_ERROR(PyExc_OverflowError);
}

/* ---- exception objects -------------------------------------------------------------------------------------- */

static void fetching_takes_the_error_out_whole(void)
{
    PyObject *type, *value, *traceback;
    PyErr_SetString(PyExc_BufferError, "to be fetched");
    PyErr_Fetch(&type, &value, &traceback);
    CHECK_ERROR(NULL);
    CHECK_PTR(type, PyExc_BufferError);
    CHECK_PTR(Py_TYPE(value), PyExc_BufferError);
    CHECK_PTR(traceback, NULL);
    CHECK_INT(Py_REFCNT(value), 1);
    CHECK_INT(PyErr_GivenExceptionMatches(value, PyExc_Exception), 1);
    CHECK_INT(PyErr_GivenExceptionMatches(value, PyExc_ValueError), 0);
    PyErr_SetString(PyExc_TypeError, "another");
    PyErr_Restore(type, value, traceback);
    CHECK_INT(Py_REFCNT(value), 1);
    CHECK_MESSAGE(PyExc_BufferError, "to be fetched");
}

static void an_exception_as_value_becomes_pending_itself(void)
{
    PyObject *type, *value, *traceback;
    PyErr_SetString(PyExc_IndexError, "the very one");
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_SetObject(PyExc_IndexError, value);
    CHECK_INT(Py_REFCNT(value), 2);
    CHECK_MESSAGE(PyExc_IndexError, "the very one");
    PyErr_SetObject(PyExc_LookupError, value); /* of a derived type */
    CHECK_MESSAGE(PyExc_IndexError, "the very one");
    PyErr_SetObject(PyExc_ValueError, value); /* of another type: the error is about it */
    CHECK_ERROR(PyExc_ValueError);
    CHECK_INT(Py_REFCNT(value), 1);
    Py_DECREF(type);
    Py_DECREF(value);
}

static int deallocs;

static void counting_dealloc(PyObject *op)
{
    deallocs++;
    PyErr_SetString(PyExc_OverflowError, "raised while it was dropped");
    PyObject_Free(op);
}

static PyTypeObject Counting_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.Counting",
    .tp_basicsize = sizeof(PyObject),
    .tp_dealloc = counting_dealloc,
};

/* The new error is pending already when the value of the old one is destroyed, and raises. */
static void the_value_goes_with_the_error(void)
{
    CHECK_INT(PyType_Ready(&Counting_Type), 0);
    for (int way = 0; way < 5; way++) {
        PyObject *value = PyObject_New(PyObject, &Counting_Type);
        deallocs = 0;
        PyErr_SetObject(PyExc_ValueError, value);
        CHECK_INT(Py_REFCNT(value), 2);
        Py_DECREF(value);
        CHECK_INT(deallocs, 0);
        switch (way) {
        case 0: PyErr_SetString(PyExc_TypeError, "another"); break;
        case 1: PyErr_Format(PyExc_TypeError, "%s", "another"); break;
        case 2: PyErr_SetNone(PyExc_TypeError); break;
        case 3: PyErr_BadArgument(); break;
        default: PyErr_Restore(PyExc_TypeError, NULL, NULL);
        }
        CHECK_INT(deallocs, 1);
        CHECK_ERROR(PyExc_TypeError);
    }
}

/* ---- types of the program's own ----------------------------------------------------------------------------- */

static PyTypeObject Own_Error = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.OwnError",
};

static PyTypeObject Big_Error = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.BigError",
    .tp_base = &Own_Error,
    .tp_basicsize = 301, /* no multiple of anything */
};

static void programs_derive_exception_types(void)
{
    PyObject *own = (PyObject *)&Own_Error, *big = (PyObject *)&Big_Error, *type, *value, *traceback;
    Own_Error.tp_base = (PyTypeObject *)PyExc_IndexError;
    CHECK_INT(PyType_Ready(&Big_Error), 0);
    for (int i = 0; i < 2; i++) {
        PyObject *error = i == 0 ? own : big;
        PyErr_Format(error, "%d", 42);
        CHECK_STR(pybuffer_error_name(), i == 0 ? "test.OwnError" : "test.BigError");
        CHECK_INT(PyErr_ExceptionMatches(own), 1);
        CHECK_INT(PyErr_ExceptionMatches(big), i);
        CHECK_INT(PyErr_ExceptionMatches(PyExc_IndexError), 1);
        CHECK_INT(PyErr_ExceptionMatches(PyExc_LookupError), 1);
        CHECK_INT(PyErr_ExceptionMatches(PyExc_ValueError), 0);
        PyErr_Fetch(&type, &value, &traceback);
        CHECK_PTR(type, error);
        CHECK_INT(PyErr_GivenExceptionMatches(value, own), 1);
        if (i == 1) { /* all of it is the program's */
            char *at = (char *)value, *end = at + 301;
            for (char *byte = at + ((PyTypeObject *)PyExc_IndexError)->tp_basicsize; byte < end; byte++) {
                CHECK_INT(*byte, 0);
                *byte = 'b';
            }
        }
        PyErr_Restore(type, value, traceback);
        CHECK_MESSAGE(error, "42");
    }
}

static PyObject *dying;

static void own_dealloc(PyObject *op)
{
    deallocs++;
    CHECK_PTR(op, dying);
    ((PyTypeObject *)PyExc_ValueError)->tp_dealloc(op);
}

static PyTypeObject Mortal_Error = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "test.MortalError",
    .tp_dealloc = own_dealloc,
};

static void an_exception_may_have_a_dealloc_that_goes_on_to_its_bases(void)
{
    PyObject *type, *traceback, *value = PyBytes_FromString("value");
    Mortal_Error.tp_base = (PyTypeObject *)PyExc_ValueError;
    CHECK_INT(PyType_Ready(&Mortal_Error), 0);
    PyErr_SetObject((PyObject *)&Mortal_Error, value);
    PyErr_Fetch(&type, &dying, &traceback);
    CHECK_INT(Py_REFCNT(value), 2);
    deallocs = 0;
    Py_DECREF(dying);
    CHECK_INT(deallocs, 1);
    CHECK_INT(Py_REFCNT(value), 1);
    Py_DECREF(value);
}

/* ---- printing ----------------------------------------------------------------------------------------------- */

/* What PyErr_Print writes to standard error. */
static const char *printed(void)
{
    static char text[4096];
    int ends[2], kept = dup(STDERR_FILENO);
    if (pipe(ends) != 0 || kept < 0 || dup2(ends[1], STDERR_FILENO) < 0) {
        return "no pipe";
    }
    PyErr_Print();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0) {
        length += (size_t)got;
    }
    close(ends[0]);
    text[length] = '\0';
    return text;
}

static void printing_writes_one_line_and_forgets(void)
{
    PyErr_SetString(PyExc_BufferError, "caf\xc3\xa9");
    CHECK_STR(printed(), "BufferError: caf\xc3\xa9\n");
    CHECK_ERROR(NULL);
    PyErr_SetNone(PyExc_ValueError);
    CHECK_STR(printed(), "ValueError\n");
    PyErr_NoMemory();
    CHECK_STR(printed(), "MemoryError\n");
    CHECK_ERROR(NULL);
}

static void printing_nothing_writes_nothing(void)
{
    CHECK_STR(printed(), "");
}

static void printing_a_long_message_ends_the_line(void)
{
    char text[3000];
    memset(text, 'm', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    PyErr_SetString(PyExc_ValueError, text);
    const char *line = printed();
    CHECK_MEM(line, "ValueError: mmmm", 16);
    CHECK(strlen(line) > 500);
    CHECK_INT(line[strlen(line) - 1], '\n');
    CHECK_ERROR(NULL);
}

/* ---- threads ------------------------------------------------------------------------------------------------ */

static void *other_thread(void *message_of_the_first)
{
    CHECK_PTR(PyErr_Occurred(), NULL);
    CHECK_STR(pybuffer_error_message(), NULL);
    PyErr_SetString(PyExc_TypeError, "of the second thread");
    CHECK_STR(message_of_the_first, "of the first thread");
    CHECK_STR(pybuffer_error_message(), "of the second thread");
    return NULL; /* with the error pending: it is freed with the thread */
}

static void each_thread_has_its_own_error(void)
{
    pthread_t thread;
    PyErr_SetString(PyExc_ValueError, "of the first thread");
    CHECK_INT(pthread_create(&thread, NULL, other_thread, (void *)pybuffer_error_message()), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_MESSAGE(PyExc_ValueError, "of the first thread");
}

/* Takes the reference over. */
static void *leave_an_error(void *value)
{
    PyErr_SetObject(PyExc_ValueError, value);
    Py_DECREF(value);
    return NULL;
}

/* Also where dropping it raises anew. */
static void an_error_is_dropped_at_the_end_of_its_thread(void)
{
    pthread_t thread;
    PyObject *value = PyObject_New(PyObject, &Counting_Type);
    deallocs = 0;
    CHECK_INT(pthread_create(&thread, NULL, leave_an_error, Py_NewRef(value)), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(Py_REFCNT(value), 1);
    CHECK_INT(pthread_create(&thread, NULL, leave_an_error, value), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(deallocs, 1);
}

/* An exception is an object like others: it can be handed to another thread. */
static void *restore_it(void *value)
{
    PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(value)), value, NULL);
    CHECK_MESSAGE(PyExc_ValueError, "handed over");
    return NULL;
}

static void an_exception_can_be_handed_to_another_thread(void)
{
    pthread_t thread;
    PyObject *type, *value, *traceback;
    PyErr_SetString(PyExc_ValueError, "handed over");
    PyErr_Fetch(&type, &value, &traceback);
    Py_DECREF(type);
    CHECK_INT(pthread_create(&thread, NULL, restore_it, value), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_ERROR(NULL);
}

/* As CPython 3.14; before, it was replaced. */
static void half_a_character_is_left_out(void)
{
    static const struct {
        int precision;
        const char *text, *expected;
    } cases[] = {
        {3, "ab\xc3\xa9", "[ab]"},
        {4, "ab\xc3\xa9", "[ab\xc3\xa9]"},
        {1, "\xe2\x82\xac", "[]"},
        {2, "\xe2\x82\xac", "[]"},
        {3, "\xe2\x82\xac", "[\xe2\x82\xac]"},
        {3, "\xf0\x9f\x90\x8d", "[]"},
        {5, "\xe2\x82\xac\xe2\x82\xac", "[\xe2\x82\xac]"},
        {2, "a\xff", "[a\xef\xbf\xbd]"},
        {2, "\xe2\x28\xa1", "[\xef\xbf\xbd(]"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char format[32], padded[64];
        snprintf(format, sizeof(format), "[%%.%ds]", cases[i].precision);
        PyErr_Format(PyExc_ValueError, format, cases[i].text);
        CHECK_MESSAGE(PyExc_ValueError, cases[i].expected);
        PyErr_Format(PyExc_ValueError, "[%.*s]", cases[i].precision, cases[i].text);
        CHECK_MESSAGE(PyExc_ValueError, cases[i].expected);
        /* it counts as one character */
        int characters = 0;
        for (const char *c = cases[i].expected; *c != '\0'; c++) {
            characters += (*c & 0xC0) != 0x80;
        }
        snprintf(padded, sizeof(padded), "[%*s%s", 10 - (characters - 2), "", cases[i].expected + 1);
        PyErr_Format(PyExc_ValueError, "[%10.*s]", cases[i].precision, cases[i].text);
        CHECK_MESSAGE(PyExc_ValueError, padded);
    }
}

static void codes_of_Python_objects_are_refused(void)
{
    static const char *const codes[] = {"U", "V", "S", "R", "A", "T", "N", "#T", "#N", "lV", "5V", ".2V", ".*V", "-10S"};
    for (size_t i = 0; i < COUNT(codes); i++) {
        char format[32], expected[64];
        snprintf(format, sizeof(format), "%%%s|", codes[i]);
        snprintf(expected, sizeof(expected), "invalid format string: %s", format);
        PyErr_Format(PyExc_ValueError, format, NULL, NULL, NULL);
        CHECK_MESSAGE(PyExc_SystemError, expected);
    }
}

/* Padding is counted, not written byte by byte. */
static void a_width_that_no_memory_has_is_a_memory_error_at_once(void)
{
    for (int i = 0; i < 100000; i++) {
        PyErr_Format(PyExc_ValueError, "%9223372036854775807d%.9223372036854775807x", i, i);
        if (PyErr_Occurred() != PyExc_MemoryError) {
            break;
        }
        PyErr_Clear();
    }
    format_unchecked(PyExc_ValueError, "%-9223372036854775807s%09223372036854775807zd", "text", (Py_ssize_t)1);
    CHECK_ERROR(PyExc_MemoryError);
}

static void a_great_width_is_filled(void)
{
    enum { WIDTH = 1 << 20 };
    const char *message;
    PyErr_Format(PyExc_ValueError, "%*d|%0*d|%.*x|%-*s|", WIDTH, -1, WIDTH, -2, WIDTH, 0xabc, WIDTH, "left");
    message = pybuffer_error_message();
    CHECK_INT(strlen(message), 4 * (WIDTH + 1));
    CHECK_INT(strspn(message, " "), WIDTH - 2);
    CHECK_MEM(message + WIDTH - 2, "-1|-000", 7);
    CHECK_MEM(message + 2 * WIDTH - 1, "02|000", 6);
    CHECK_MEM(message + 3 * WIDTH - 2, "0abc|left ", 10);
    CHECK_MEM(message + 4 * WIDTH + 1, "  |", 4);
    PyErr_Clear();
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(nothing_is_pending_at_first);
    RUN(each_setter_has_its_message);
    RUN(a_message_is_a_copy);
    RUN(a_message_may_quote_the_pending_one);
    RUN(a_long_message_is_kept_whole);
    RUN(what_is_no_UTF_8_is_refused_or_replaced);
    RUN(a_precision_keeps_from_reading_on);
    RUN(FormatV_leaves_the_arguments_as_they_are);
    RUN(an_error_in_a_format_takes_the_place_of_the_error);
    RUN(fetching_takes_the_error_out_whole);
    RUN(an_exception_as_value_becomes_pending_itself);
    RUN(the_value_goes_with_the_error);
    RUN(programs_derive_exception_types);
    RUN(an_exception_may_have_a_dealloc_that_goes_on_to_its_bases);
    RUN(printing_writes_one_line_and_forgets);
    RUN(printing_nothing_writes_nothing);
    RUN(printing_a_long_message_ends_the_line);
    RUN(each_thread_has_its_own_error);
    RUN(an_error_is_dropped_at_the_end_of_its_thread);
    RUN(an_exception_can_be_handed_to_another_thread);
    RUN(half_a_character_is_left_out);
    RUN(codes_of_Python_objects_are_refused);
    RUN(a_width_that_no_memory_has_is_a_memory_error_at_once);
    RUN(a_great_width_is_filled);
    return tap_end();
}

/* The messages of errors: PyErr_Format and kin over their codes, and the texts of common errors.
 *
 * The one twin program that compares messages. A program of CPython's reads them as text of the exception; one of this
 * library with pybuffer_error_message. A program that is built with CPython's header finds out when it is loaded which
 * of the two it has, hence the weak declarations.
 */
#define PYBUFFER_NO_WARN_UNUSED /* only errors are looked at */
#include "exporter.h"

#include <limits.h>
#include <stdarg.h>
#include <wchar.h>

#ifdef TWIN_PYTHON_H
extern const char *pybuffer_error_message(void) __attribute__((weak));
extern PyObject *PyErr_GetRaisedException(void) __attribute__((weak));
extern PyObject *PyObject_Str(PyObject *) __attribute__((weak));
extern const char *PyUnicode_AsUTF8(PyObject *) __attribute__((weak));
#endif

/* As it is where it is plain text; other bytes as \xNN. */
static void print_text(const char *text)
{
    putchar('\'');
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c < 32 || *c > 126 || *c == '\\') {
            printf("\\x%02x", *c);
        } else {
            putchar(*c);
        }
    }
    putchar('\'');
}

#ifdef TWIN_PYTHON_H
/* CPython names the place in its own sources where it found a bad argument, by a path that depends on where it was built; that is
 * no part of the text. */
static const char *without_place(const char *text)
{
    static const char what[] = ": bad argument to internal function";
    const char *end = strstr(text, what);
    return strstr(text, "Objects/") != NULL && end != NULL ? end + 2 : text;
}
#endif

/* Prints type and message of the pending error, and clears it. */
static void print_error(const char *what)
{
    printf("%s: %s ", what, twin_pending());
#ifdef TWIN_PYTHON_H
    if (pybuffer_error_message == NULL) {
        PyObject *exception = PyErr_GetRaisedException();
        PyObject *text = exception != NULL ? PyObject_Str(exception) : NULL;
        const char *utf8 = text != NULL ? PyUnicode_AsUTF8(text) : NULL;
        print_text(utf8 != NULL ? without_place(utf8) : "(none)");
        Py_XDECREF(text);
        Py_XDECREF(exception);
        PyErr_Clear();
        putchar('\n');
        return;
    }
#endif
    const char *message = pybuffer_error_message();
    print_text(message != NULL ? message : "(none)");
    PyErr_Clear();
    putchar('\n');
}

/* Not the function itself, whose formats compilers check. */
static PyObject *(*volatile format_unchecked)(PyObject *, const char *, ...) = PyErr_Format;
#define FORMAT(...) (format_unchecked(PyExc_ValueError, __VA_ARGS__), print_error(#__VA_ARGS__))

static void format_v(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PyErr_FormatV(PyExc_IndexError, format, arguments);
    va_end(arguments);
    print_error(format);
}

static const char *const flags[] = {"", "-", "0", "-0", "0-", "--", "00"};
static const char *const widths[] = {"", "1", "5", "22", "04"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".4", ".25"};

/* Each integer code with each length, flag, width and precision. */
static void integers(void)
{
    static const char codes[] = "diuxXo";
    static const char *const lengths[] = {"", "l", "ll", "z", "j", "t"};
    static const long long values[] = {0, 1, -1, 42, -42, 123456789012345, INT_MIN, INT_MAX, LLONG_MIN, LLONG_MAX};
    char format[64], label[128];
    twin_title("integers");
    for (size_t l = 0; l < TWIN_COUNT(lengths); l++) {
        for (const char *code = codes; *code != '\0'; code++) {
            for (size_t f = 0; f < TWIN_COUNT(flags); f++) {
                for (size_t w = 0; w < TWIN_COUNT(widths); w++) {
                    for (size_t p = 0; p < TWIN_COUNT(precisions); p++) {
                        long long v = values[(l * 7 + f * 5 + w * 3 + p + (size_t)(code - codes)) % TWIN_COUNT(values)];
                        snprintf(format, sizeof(format), "<%%%s%s%s%s%c>", flags[f], widths[w], precisions[p],
                                 lengths[l], *code);
                        snprintf(label, sizeof(label), "%s of %lld", format, v);
                        switch (l) {
                        case 0: PyErr_Format(PyExc_ValueError, format, (int)v); break;
                        case 1: PyErr_Format(PyExc_ValueError, format, (long)v); break;
                        case 2: PyErr_Format(PyExc_ValueError, format, v); break;
                        case 3: PyErr_Format(PyExc_ValueError, format, (Py_ssize_t)v); break;
                        case 4: PyErr_Format(PyExc_ValueError, format, (intmax_t)v); break;
                        default: PyErr_Format(PyExc_ValueError, format, (ptrdiff_t)v);
                        }
                        print_error(label);
                    }
                }
            }
        }
    }
}

static void integers_with_stars(void)
{
    static const int stars[] = {0, 1, 7, -7, 30, -1, -2};
    twin_title("integers with stars");
    for (size_t w = 0; w < TWIN_COUNT(stars); w++) {
        printf("%d ", stars[w]);
        FORMAT("<%*d>", stars[w], -42);
        FORMAT("<%0*d>", stars[w], -42);
        FORMAT("<%-*x>", stars[w], 42);
        FORMAT("<%.*d>", stars[w], 42);
        FORMAT("<%*.*d>", 12, stars[w], -42);
        FORMAT("<%0*.*x>", 12, stars[w], 42);
        FORMAT("<%.*s>", stars[w], "some text");
        FORMAT("<%*.*s>", 12, stars[w], "some text");
        FORMAT("<%.*ls>", stars[w], L"some text");
        FORMAT("<%-*.*ls>", 12, stars[w], L"some text");
        FORMAT("<%*s>", stars[w], "text");
        FORMAT("<%-*s>", stars[w], "text");
    }
}

/* Texts that no memory holds. A precision only limits the length of a text. */
static void too_long(void)
{
    twin_title("too long");
    static const char *const lengths[] = {"9223372036854775807", "9223372036854775806", "9223372036854775800",
                                          "6917529027641081856", "4611686018427387904", "2305843009213693952",
                                          "1152921504606846976"};
    static const char *const integers[] = {"%*d", "%-*d", "%0*d", "%.*d", "%*x", "%0*zu", "a%*d", "%d%*d", "%*.9d", "%9.*d",
                                           "%*.*d", "%*d%*d", "%*d%%", "%*d caf", "%*o%d"};
    static const char *const texts_of_chars[] = {"%*s", "%-*s", "%0*s", "%*.1s", "%-*.0s", "abc%*s", "%.*s", "<%.*s>",
                                                 "%5.*s", "%5.*s%%"};
    static const char *const wide[] = {"%*ls", "%-*ls", "%.*ls", "%2.*ls"};
    static const char *const invalid[] = {"%*c", "%*p", "%.*c", "%.*p", "%*%", "%*y", "%.*", "%-*"};
    char format[128];
    for (size_t l = 0; l < TWIN_COUNT(lengths); l++) {
        for (size_t group = 0; group < 4; group++) {
            const char *const *all = group == 0 ? integers : group == 1 ? texts_of_chars : group == 2 ? wide : invalid;
            size_t count = group == 0   ? TWIN_COUNT(integers)
                           : group == 1 ? TWIN_COUNT(texts_of_chars)
                           : group == 2 ? TWIN_COUNT(wide)
                                        : TWIN_COUNT(invalid);
            for (size_t i = 0; i < count; i++) {
                char *end = format;
                for (const char *c = all[i]; *c != '\0'; c++) {
                    if (*c == '*') {
                        end += sprintf(end, "%s", lengths[l]);
                    } else {
                        *end++ = *c;
                    }
                }
                *end = '\0';
                if (group == 0) {
                    PyErr_Format(PyExc_ValueError, format, 1, 2);
                } else if (group == 2) {
                    PyErr_Format(PyExc_ValueError, format, L"wide");
                } else {
                    PyErr_Format(PyExc_ValueError, format, "text");
                }
                print_error(format);
            }
        }
    }
}

/* Whether the first `bytes` bytes end between two characters. What becomes of half a character changed within 3.13. */
static int ends_with_a_character(const char *text, int bytes)
{
    const unsigned char *at = (const unsigned char *)text + bytes - 1;
    int behind = 0;
    while (behind < bytes - 1 && behind < 3 && (*at & 0xC0) == 0x80) {
        at--;
        behind++;
    }
    int whole = *at < 0x80 ? 0 : *at < 0xE0 ? 1 : *at < 0xF0 ? 2 : 3;
    return whole <= behind;
}

static void texts(void)
{
    static const char *const all[] = {
        "", "a", "some text", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x8d!", "a\xcc\x81",
        "\xff", "caf\xe9", "\xc3", "\xe2\x82", "\xe2\x82x", "\xf0\x9f\x90", "\xf0\x9fz", "\xed\xa0\x80", "\xc0\x80",
        "\xf4\x90\x80\x80", "\x80\x80", "\xe2\x82\xe2\x82\xac",
    };
    static const char *const wide_flags[] = {"", "-", "0"};
    char format[64];
    twin_title("texts");
    for (size_t i = 0; i < TWIN_COUNT(all); i++) {
        for (size_t f = 0; f < TWIN_COUNT(wide_flags); f++) {
            for (size_t w = 0; w < TWIN_COUNT(widths); w++) {
                snprintf(format, sizeof(format), "<%%%s%ss>", wide_flags[f], widths[w]);
                PyErr_Format(PyExc_ValueError, format, all[i]);
                printf("%zu ", i);
                print_error(format);
            }
        }
        /* Cut at each place between two characters. */
        for (int precision = 0; precision < 7; precision++) {
            if (precision != 0 && precision <= (int)strlen(all[i]) && !ends_with_a_character(all[i], precision)) {
                continue;
            }
            for (int width = 0; width < 8; width += 7) {
                snprintf(format, sizeof(format), "<%%%.*d.%ds>", width ? 1 : 0, width, precision);
                PyErr_Format(PyExc_ValueError, format, all[i]);
                printf("%zu ", i);
                print_error(format);
            }
        }
        FORMAT("%.200s", all[i]);
        FORMAT("%.0s|", all[i]);
        FORMAT("%.s|", all[i]);
    }
}

static void wide_texts(void)
{
    static const wchar_t *const all[] = {L"", L"w", L"wide text", L"caf\u00e9", L"\u20ac\U0001f40d"};
    static const char *const formats[] = {"<%ls>", "<%.3ls>", "<%8ls>", "<%-8ls>", "<%8.2ls>", "<%.0ls>", "<%-3.1ls>"};
    twin_title("wide texts");
    for (size_t i = 0; i < TWIN_COUNT(all); i++) {
        for (size_t f = 0; f < TWIN_COUNT(formats); f++) {
            PyErr_Format(PyExc_ValueError, formats[f], all[i]);
            printf("%zu ", i);
            print_error(formats[f]);
        }
    }
}

static void characters(void)
{
    static const int points[] = {'a', ' ', 0x7f, 0x80, 0xe9, 0x7ff, 0x800, 0x20ac, 0xffff, 0x10000, 0x10ffff};
    static const int none[] = {0x110000, -1, INT_MAX, INT_MIN};
    twin_title("characters");
    for (size_t i = 0; i < TWIN_COUNT(points); i++) {
        FORMAT("<%c>", points[i]);
        FORMAT("<%5c>", points[i]);
        FORMAT("<%-5c>", points[i]);
        FORMAT("<%05c>", points[i]);
        FORMAT("<%.0c>", points[i]);
    }
    for (size_t i = 0; i < TWIN_COUNT(none); i++) {
        FORMAT("<%c>", none[i]);
    }
}

/* Flags have no effect on these, and nothing else may be there. */
static void flags_of_what_has_no_width(void)
{
    static const char codes[] = "cp%";
    char format[64];
    twin_title("flags of what has no width");
    for (const char *code = codes; *code != '\0'; code++) {
        for (size_t f = 0; f < TWIN_COUNT(flags); f++) {
            for (size_t w = 0; w < TWIN_COUNT(widths); w++) {
                for (size_t p = 0; p < TWIN_COUNT(precisions); p++) {
                    snprintf(format, sizeof(format), "<%%%s%s%s%c>", flags[f], widths[w], precisions[p], *code);
                    if (*code == 'p') {
                        PyErr_Format(PyExc_ValueError, format, (void *)0x1234);
                    } else {
                        PyErr_Format(PyExc_ValueError, format, 'x');
                    }
                    print_error(format);
                }
            }
        }
    }
}

static void pointers(void)
{
    twin_title("pointers");
    FORMAT("<%p>", (void *)1);
    FORMAT("<%p>", (void *)0xdeadbeef);
    FORMAT("<%p>", (void *)UINTPTR_MAX);
    FORMAT("<%20p>", (void *)0x1234);
    FORMAT("<%-20p>", (void *)0x1234);
    FORMAT("<%020p>", (void *)0x1234);
    FORMAT("<%.20p>", (void *)0x1234);
}

static void percents_and_mixtures(void)
{
    twin_title("percents and mixtures");
    FORMAT("%%");
    FORMAT("100%%");
    FORMAT("%%d %d %%", 1);
    FORMAT("");
    FORMAT("no codes");
    FORMAT("%d%d%d", 1, 2, 3);
    FORMAT("%s=%d (%x), %c%c %zd %lu", "name", -7, 255, 'o', 'k', (Py_ssize_t)-1, 5ul);
    format_v("%s: %d of %zd", "text", 3, (Py_ssize_t)4);
    format_v("%5.1s|%-6d|%06.3i", "text", 3, -4);
}

static void invalid_formats(void)
{
    static const char *const all[] = {
        "%", "100%", "%y", "%d %y", "%d %!", "% d", "%+d", "%#x", "%'d", "%hd", "%hhd", "%Ld", "%qd", "%f", "%g", "%e",
        "%n", "%b", "%w", "%zs", "%lls", "%lc", "%lp", "%l", "%ll", "%z", "%5", "%.3", "%5%", "%-%", "%05%", "%.%",
        "%l%", "%1$d", "%d %D", "%ld %Z text that follows", "caf\xc3\xa9", "\xff %d", "%\xc3\xa9", "%d caf\xc3\xa9", "\x80%q",
        "%99999999999999999999d", "%.99999999999999999999d", "%9223372036854775808d", "%.9223372036854775808s",
        "%5.5.5d", "%5-d", "%.-5d",
    };
    twin_title("invalid formats");
    for (size_t i = 0; i < TWIN_COUNT(all); i++) {
        if (TWIN_VERSION < 0x030e00 && strcmp(all[i], "%\xc3\xa9") == 0) {
            continue;
        }
        PyErr_Format(PyExc_ValueError, all[i], 1, 2, 3);
        print_text(all[i]);
        print_error("");
    }
}

/* Since 3.14 a character that the precision cuts is left out; before, it was replaced. */
static void cut_characters(void)
{
#if TWIN_VERSION >= 0x030e00
    static const char *const formats[] = {"%.1s", "%.2s", "%.3s|", "%5.2s|", "%-5.1s|", "%.5s", "%s"};
    static const char *const texts[] = {
        "\xc3\xa9", "a\xc3\xa9", "\xe2\x82\xac!", "\xf0\x9f\x90\x8d", "\xff\xc3\xa9", "\xff\xc3", "\xc3", "\xe2\x82", "\xe2z",
        "\xf4\x90\x80\x80", "\xc0\x80", "\x80\x80",
    };
    twin_title("cut characters");
    for (size_t f = 0; f < TWIN_COUNT(formats); f++) {
        for (size_t t = 0; t < TWIN_COUNT(texts); t++) {
            PyErr_Format(PyExc_ValueError, formats[f], texts[t]);
            print_text(formats[f]);
            print_error("");
        }
    }
#endif
}

static void set_strings(void)
{
    static const char *const all[] = {"", "a", "caf\xc3\xa9", "%d %s %%", "two\nlines", "\xe2\x82\xac\xf0\x9f\x90\x8d"};
    static const char *const invalid[] = {"\xff", "caf\xe9", "\xed\xa0\x80"};
    twin_title("set strings");
    for (size_t i = 0; i < TWIN_COUNT(all); i++) {
        PyErr_SetString(PyExc_BufferError, all[i]);
        print_error("SetString");
    }
    for (size_t i = 0; i < TWIN_COUNT(invalid); i++) { /* CPython names the codec and the position */
        PyErr_SetString(PyExc_BufferError, invalid[i]);
        printf("SetString of no UTF-8: %s\n", twin_error());
    }
    PyErr_SetNone(PyExc_ValueError);
    print_error("SetNone");
    PyErr_SetObject(PyExc_ValueError, NULL);
    print_error("SetObject NULL");
    PyErr_NoMemory();
    print_error("NoMemory");
    PyErr_BadArgument();
    print_error("BadArgument");
    _PyErr_BadInternalCall("dir/file.c", 42);
    print_error("BadInternalCall");
    PyErr_SetString(Py_None, "no exception type"); /* CPython's text has the repr of the object */
    printf("SetString of None: %s\n", twin_error());
}

/* ---- the library's own texts -------------------------------------------------------------------------------- */

#define SAY(call) ((void)(call), print_error(#call))

static void texts_of_objects(void)
{
    twin_title("texts of objects");
    PyObject *bytes = PyBytes_FromString("bytes"), *bytearray = PyByteArray_FromStringAndSize("abc", 3);
    PyObject *memoryview = PyMemoryView_FromObject(bytearray), *plain = PyObject_New(PyObject, &PyBaseObject_Type);
    PyObject *zero = (PyObject *)exporter_new(exporter_memory, "B", 1, 0, NULL, NULL);
    PyObject *scalar = PyMemoryView_FromObject(zero);
    SAY(PyObject_Size(plain));
    SAY(PyObject_Size(NULL));
    SAY(PyObject_Size(scalar));
    SAY(PyObject_Hash(bytearray));
    SAY(PyObject_Hash(memoryview));
    SAY(PyObject_HashNotImplemented(plain));
    SAY(PyObject_RichCompareBool(memoryview, bytes, Py_LT));
    SAY(PyObject_RichCompareBool(bytes, plain, Py_GE));
    SAY(PyObject_RichCompareBool(plain, plain, Py_GT));
    SAY(_PyObject_NewVar(&PyBytes_Type, PY_SSIZE_T_MAX));
    SAY(PyObject_Init(NULL, &PyBaseObject_Type));
    Py_DECREF(scalar);
    Py_DECREF(zero);
    Py_DECREF(plain);
    Py_DECREF(memoryview);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
}

static void texts_of_buffers(void)
{
    static const Py_ssize_t shape[] = {3, 4}, strides[] = {16, 2}, fortran[] = {1, 3};
    static const int requests[] = {PyBUF_SIMPLE, PyBUF_WRITABLE, PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES,
                                   PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS, PyBUF_ANY_CONTIGUOUS, PyBUF_FULL,
                                   PyBUF_READ, PyBUF_WRITE};
    twin_title("texts of buffers");
    Py_buffer view;
    char to[64] = {0};
    const void *at;
    void *writable;
    Py_ssize_t len;
    PyObject *bytes = PyBytes_FromString("bytes"), *plain = PyObject_New(PyObject, &PyBaseObject_Type);
    PyObject *small = PyByteArray_FromStringAndSize("abc", 3);
    PyObject *exporters[4] = {bytes, (PyObject *)exporter_new(exporter_memory, "h", 2, 2, shape, strides),
                              (PyObject *)exporter_new(exporter_memory, "B", 1, 2, shape, fortran),
                              (PyObject *)exporter_sample(18)};
    for (size_t e = 0; e < TWIN_COUNT(exporters); e++) {
        PyObject *memoryview = PyMemoryView_FromObject(exporters[e]);
        for (size_t r = 0; r < TWIN_COUNT(requests); r++) {
            for (int of_view = 0; of_view < 2; of_view++) {
                if (PyObject_GetBuffer(of_view ? memoryview : exporters[e], &view, requests[r]) == 0) {
                    PyBuffer_Release(&view);
                } else {
                    printf("exporter %zu, request %#x, %s", e, requests[r], of_view ? "view" : "itself");
                    print_error("");
                }
            }
        }
        SAY(PyMemoryView_GetContiguous(exporters[e], PyBUF_WRITE, 'C'));
        SAY(PyMemoryView_GetContiguous(exporters[e], PyBUF_WRITE, 'F'));
        SAY(PyObject_CopyData(small, exporters[e]));
        SAY(PyObject_AsWriteBuffer(exporters[e], &writable, &len));
        SAY(PyObject_AsReadBuffer(exporters[e], &at, &len));
        Py_DECREF(memoryview);
    }
    SAY(PyObject_GetBuffer(plain, &view, PyBUF_SIMPLE));
    SAY(PyBuffer_FillInfo(NULL, NULL, to, 1, 0, PyBUF_SIMPLE));
    SAY(PyBuffer_FillInfo(&view, NULL, to, 1, 1, PyBUF_WRITABLE));
    SAY(PyObject_CopyData(plain, bytes));
    SAY(PyObject_CopyData(bytes, bytes));
    SAY(PyObject_AsReadBuffer(plain, &at, &len));
    SAY(PyObject_AsReadBuffer(NULL, &at, &len));
    if (PyBuffer_FillInfo(&view, NULL, to, 8, 0, PyBUF_FULL) == 0) {
        SAY(PyBuffer_ToContiguous(to, &view, 7, 'C'));
    }
    for (size_t e = 1; e < TWIN_COUNT(exporters); e++) {
        Py_DECREF(exporters[e]);
    }
    Py_DECREF(small);
    Py_DECREF(plain);
    Py_DECREF(bytes);
}

static void texts_of_memoryviews(void)
{
    twin_title("texts of memoryviews");
    PyObject *plain = PyObject_New(PyObject, &PyBaseObject_Type), *bytes = PyBytes_FromString("bytes");
    Exporter *many = exporter_new(exporter_memory, "B", 1, 0, NULL, NULL);
    Py_buffer view;
    memset(&view, 0, sizeof(view));
    many->ndim = 65;
    for (int i = 0; i < 65; i++) {
        many->shape[i] = many->strides[i] = 1;
    }
    SAY(PyMemoryView_FromObject(plain));
    SAY(PyMemoryView_FromObject((PyObject *)many));
    SAY(PyMemoryView_FromBuffer(&view));
    SAY(PyPickleBuffer_FromObject(plain));
    SAY(PyPickleBuffer_GetBuffer(bytes));
    SAY(PyPickleBuffer_Release(bytes));
    PyObject *pickle = PyPickleBuffer_FromObject(bytes);
    PyPickleBuffer_Release(pickle);
    SAY(PyPickleBuffer_GetBuffer(pickle));
    SAY(PyMemoryView_FromObject(pickle));
    Py_DECREF(pickle);
    Py_DECREF(many);
    Py_DECREF(plain);
    Py_DECREF(bytes);
}

static void texts_of_bytes(void)
{
    twin_title("texts of bytes and bytearrays");
    PyObject *plain = PyObject_New(PyObject, &PyBaseObject_Type), *nul = PyBytes_FromStringAndSize("a\0b", 3), *joined;
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3);
    Py_buffer view;
    char *string;
    SAY(PyBytes_FromStringAndSize(NULL, -1));
    SAY(PyBytes_FromStringAndSize(NULL, PY_SSIZE_T_MAX));
    SAY(PyBytes_FromObject(plain));
    SAY(PyBytes_FromObject(NULL));
    SAY(PyBytes_Size(plain));
    SAY(PyBytes_AsString(plain));
    SAY(PyBytes_AsStringAndSize(plain, &string, NULL));
    SAY(PyBytes_AsStringAndSize(nul, &string, NULL));
    joined = Py_NewRef(nul);
    SAY(PyBytes_Concat(&joined, plain));
    SAY(PyByteArray_FromStringAndSize(NULL, -1));
#if TWIN_VERSION >= 0x030f00
    SAY(PyByteArray_FromStringAndSize(NULL, PY_SSIZE_T_MAX));
#endif
    SAY(PyByteArray_FromObject(plain));
    SAY(PyByteArray_Concat(bytearray, plain));
    SAY(PyByteArray_Concat(plain, bytearray));
    if (PyObject_GetBuffer(bytearray, &view, PyBUF_SIMPLE) == 0) {
        SAY(PyByteArray_Resize(bytearray, 5));
        PyBuffer_Release(&view);
    }
    SAY(PyByteArray_Resize(bytearray, PY_SSIZE_T_MAX - 1));
    Py_DECREF(bytearray);
    Py_DECREF(nul);
    Py_DECREF(plain);
}

/* That a type has them is all that matters. */
static PyObject *no_subscript(PyObject *op, PyObject *key)
{
    (void)key;
    return Py_NewRef(op);
}

static int no_ass_subscript(PyObject *op, PyObject *key, PyObject *value)
{
    return op == key && key == value;
}

static void texts_of_sequences(void)
{
    twin_title("texts of sequences");
    static PyMappingMethods subscripts = {.mp_subscript = no_subscript, .mp_ass_subscript = no_ass_subscript};
    static PyTypeObject mapping_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "twin.Mapping",
                                        .tp_basicsize = sizeof(PyObject), .tp_as_mapping = &subscripts};
    PyObject *plain = PyObject_New(PyObject, &PyBaseObject_Type), *bytes = PyBytes_FromString("abc");
    PyObject *bytearray = PyByteArray_FromStringAndSize("abc", 3);
    printf("ready %d\n", PyType_Ready(&mapping_type));
    PyObject *mapping = PyObject_New(PyObject, &mapping_type);
    SAY(PySequence_Concat(plain, bytes));
    SAY(PySequence_Concat(bytes, plain));
    SAY(PySequence_Concat(bytearray, plain));
    SAY(PySequence_Concat(NULL, bytes));
    SAY(PySequence_Repeat(plain, 2));
    SAY(PySequence_Repeat(bytes, PY_SSIZE_T_MAX));
    SAY(PySequence_Repeat(bytearray, PY_SSIZE_T_MAX));
    SAY(PySequence_GetItem(plain, 0));
    SAY(PySequence_GetItem(mapping, 0));
    SAY(PySequence_GetItem(bytes, 3));
    SAY(PySequence_GetItem(bytearray, 3));
    SAY(PySequence_SetItem(plain, 0, bytes));
    SAY(PySequence_SetItem(mapping, 0, bytes));
    SAY(PySequence_SetItem(bytes, 0, bytes));
    SAY(PySequence_DelItem(plain, 0));
    SAY(PySequence_DelItem(mapping, 0));
    SAY(PySequence_DelItem(bytes, 0));
    SAY(PySequence_DelItem(bytearray, 3));
    SAY(PySequence_GetSlice(plain, 0, 1));
    SAY(PySequence_SetSlice(plain, 0, 1, bytes));
    SAY(PySequence_SetSlice(bytes, 0, 1, bytes));
    SAY(PySequence_DelSlice(plain, 0, 1));
    SAY(PySequence_DelSlice(bytes, 0, 1));
    Py_DECREF(mapping);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
    Py_DECREF(plain);
}

int main(void)
{
    twin_start();
    Py_Initialize();
    integers();
    integers_with_stars();
    texts();
    wide_texts();
    characters();
    flags_of_what_has_no_width();
    pointers();
    percents_and_mixtures();
    invalid_formats();
    cut_characters();
    too_long();
    set_strings();
    texts_of_objects();
    texts_of_buffers();
    texts_of_memoryviews();
    texts_of_bytes();
    texts_of_sequences();
    return 0;
}

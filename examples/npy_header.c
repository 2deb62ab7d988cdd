/* The header of a .npy file, and how it becomes a format of PEP 3118. See npy_header.h.
 *
 * The description of an item is a string such as '<f8', or for records a list of fields, each
 * ('name', description) or ('name', description, shape).
 */
#include "npy_header.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* How deep records may nest. */
#define MAX_DEPTH 32

/* ---- Texts: bytearrays that grow, which have a NUL at their end ---------------------------- */

static PyObject *
text_new(void)
{
    return PyByteArray_FromStringAndSize("", 0);
}

static int
text_insert(PyObject *text, Py_ssize_t at, const char *bytes, size_t length)
{
    PyObject *part = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)length);
    int status = part != NULL ? PySequence_SetSlice(text, at, at, part) : -1;

    Py_XDECREF(part);
    return status;
}

static int
text_add(PyObject *text, const char *string)
{
    return text_insert(text, PyByteArray_GET_SIZE(text), string, strlen(string));
}

size_t
npy_encode(char bytes[4], uint32_t character)
{
    size_t length = 0;

    if (character < 0x80) {
        bytes[length++] = (char)character;
        return length;
    }
    if (character < 0x800) {
        bytes[length++] = (char)(0xc0 | character >> 6);
    } else {
        if (character < 0x10000) {
            bytes[length++] = (char)(0xe0 | character >> 12);
        } else {
            bytes[length++] = (char)(0xf0 | (character >> 18 & 7));
            bytes[length++] = (char)(0x80 | (character >> 12 & 0x3f));
        }
        bytes[length++] = (char)(0x80 | (character >> 6 & 0x3f));
    }
    bytes[length++] = (char)(0x80 | (character & 0x3f));
    return length;
}

/* ---- Python's syntax ------------------------------------------------------------------- */

static int
header_error(const NpyHeader *header, const char *reason)
{
    PyErr_Format(PyExc_ValueError, "%s: %s at byte %zd of the header", header->path, reason,
                 (Py_ssize_t)(header->at - header->begin));
    return -1;
}

static int
peek(NpyHeader *header)
{
    while (header->at < header->end && *header->at != '\0' && strchr(" \t\r\n\f", *header->at) != NULL)
        header->at++;
    return header->at < header->end ? *header->at : -1;
}

static int
accept(NpyHeader *header, int byte)
{
    if (peek(header) != byte)
        return 0;
    header->at++;
    return 1;
}

static int
expect(NpyHeader *header, int byte, const char *reason)
{
    return accept(header, byte) ? 0 : header_error(header, reason);
}

/* After an entry: whether another one follows, else the end is taken; -1 with an error set. */
static int
next_entry(NpyHeader *header, int end)
{
    int comma = accept(header, ',');

    if (accept(header, end))
        return 0;
    return comma ? 1 : header_error(header, "expected a comma or the end of a list");
}

/* The digits of an escape such as \x41; -1 with an error set. */
static int
parse_escape(NpyHeader *header, int digits, uint32_t *character)
{
    for (*character = 0; digits > 0; digits--) {
        static const char hexadecimal[] = "0123456789abcdef";
        const char *digit = NULL;

        if (header->at < header->end && *header->at != '\0')
            digit = strchr(hexadecimal, *header->at | 0x20);
        if (digit == NULL)
            return header_error(header, "expected a hexadecimal digit");
        *character = *character << 4 | (uint32_t)(digit - hexadecimal);
        header->at++;
    }
    return *character <= 0x10ffff ? 0 : header_error(header, "no such character");
}

/* Adds a Python string to a text, as UTF-8. Python 2 has some that start with u. */
static int
parse_string(NpyHeader *header, PyObject *text)
{
    int quote = peek(header), is_escaped;
    uint32_t character;
    size_t length;
    char utf8[4];

    if ((quote == 'u' || quote == 'b') && header->end - header->at > 1)
        quote = *++header->at;
    if (quote != '\'' && quote != '"')
        return header_error(header, "expected a string");
    header->at++;
    for (;;) {
        if (header->at == header->end)
            return header_error(header, "expected the end of a string");
        character = *header->at++;
        if (character == (uint32_t)quote)
            return 0;
        is_escaped = character == '\\' && header->at < header->end;
        if (is_escaped) {
            int status = 0;

            switch (*header->at++) {
            case '\\': break;
            case '\'': character = '\''; break;
            case '"': character = '"'; break;
            case 'n': character = '\n'; break;
            case 'r': character = '\r'; break;
            case 't': character = '\t'; break;
            case 'x': status = parse_escape(header, 2, &character); break;
            case 'u': status = parse_escape(header, 4, &character); break;
            case 'U': status = parse_escape(header, 8, &character); break;
            default: return header_error(header, "an unknown escape in a string");
            }
            if (status < 0)
                return -1;
        }
        if (character == 0)
            return header_error(header, "a NUL in a string");
        utf8[0] = (char)character; /* of version 3 all bytes are UTF-8 already */
        length = header->is_utf8 && !is_escaped ? 1 : npy_encode(utf8, character);
        if (text_insert(text, PyByteArray_GET_SIZE(text), utf8, length) < 0)
            return -1;
    }
}

/* Python 2 has some that end with L. */
static int
parse_number(NpyHeader *header, Py_ssize_t *number)
{
    int byte = peek(header);

    if (byte < '0' || byte > '9')
        return header_error(header, "expected a number");
    *number = 0;
    while (byte >= '0' && byte <= '9') {
        if (*number > (PY_SSIZE_T_MAX - 9) / 10)
            return header_error(header, "the number is too large");
        *number = *number * 10 + (byte - '0');
        header->at++;
        byte = header->at < header->end ? *header->at : -1;
    }
    if (byte == 'L')
        header->at++;
    return 0;
}

/* (), (3,), (3, 4), or just 3. */
static int
parse_shape(NpyHeader *header, int *ndim, Py_ssize_t shape[NPY_MAX_NDIM])
{
    int more = 1;

    *ndim = 0;
    if (!accept(header, '(')) {
        *ndim = 1;
        return parse_number(header, shape);
    }
    if (accept(header, ')'))
        return 0;
    while (more > 0) {
        if (*ndim == NPY_MAX_NDIM)
            return header_error(header, "too many dimensions");
        if (parse_number(header, &shape[*ndim]) < 0)
            return -1;
        ++*ndim;
        more = next_entry(header, ')');
    }
    return more;
}

/* ---- Descriptions of items ------------------------------------------------------------- */

/* The codes of PEP 3118 for kinds of numbers and their size in bytes. */
static const struct {
    const char *type, *code;
} codes[] = {
    {"b1", "?"}, {"i1", "b"}, {"i2", "h"}, {"i4", "i"},  {"i8", "q"},   {"u1", "B"},  {"u2", "H"},
    {"u4", "I"}, {"u8", "Q"}, {"f2", "e"}, {"f4", "f"},  {"f8", "d"},   {"c8", "Zf"}, {"c16", "Zd"},
    /* Points in time and spans of it are numbers; their unit, in brackets, has no code. */
    {"M8", "q"}, {"m8", "q"},
};

/* '<f8' as "<d", '|S5' as "5s", and so on. */
static int
translate_type(NpyHeader *header, const char *type)
{
    PyObject *format = header->format;
    char byteorder = type[0];
    char prefix[2] = {byteorder == '>' ? '>' : '<', '\0'};
    size_t length;

    if (byteorder == '\0' || strchr("<>|=", byteorder) == NULL)
        return header_error(header, "expected a type such as '<f8' before here, not this one");
    type++;
    if (*type == 'S' || *type == 'U' || *type == 'V' || *type == 'a') {
        const char *count = type + 1;

        length = strspn(count, "0123456789");
        if (length == 0 || length > 18 || count[length] != '\0')
            return header_error(header, "expected a length in the type before here");
        if (strspn(count, "0") == length)
            return header_error(header, "a type of no bytes before here");
        if (*type == 'U' && text_add(format, prefix) < 0)
            return -1;
        if (text_add(format, count) < 0)
            return -1;
        return text_add(format, *type == 'U' ? "w" : *type == 'V' ? "x" : "s");
    }
    length = strcspn(type, "[");
    if (text_add(format, prefix) < 0)
        return -1;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strlen(codes[i].type) == length && memcmp(codes[i].type, type, length) == 0)
            return text_add(format, codes[i].code);
    /* The C type of the machine that wrote the file: an example can but hope it was like this. */
    if (strcmp(type, "f16") == 0 && sizeof(long double) == 16)
        return text_add(format, "g");
    if (strcmp(type, "c32") == 0 && sizeof(long double) == 16)
        return text_add(format, "Zg");
    if (*type == 'O')
        return header_error(header, "Python objects, which are pickled, before here");
    return header_error(header, "an unknown type before here");
}

/* Puts a shape before what starts at `at` in the format, which may have one. */
static int
insert_shape(NpyHeader *header, Py_ssize_t at, int ndim, const Py_ssize_t *shape)
{
    int has_shape = PyByteArray_AsString(header->format)[at] == '(';
    char number[32];

    if (!has_shape && ndim > 0 && text_insert(header->format, at, "(", 1) < 0)
        return -1;
    at++;
    for (int i = 0; i < ndim; i++) {
        const char *end = i + 1 < ndim || has_shape ? "," : ")";
        int length = snprintf(number, sizeof number, "%zd%s", shape[i], end);

        if (shape[i] == 0)
            return header_error(header, "a sub-array without elements before here");
        if (text_insert(header->format, at, number, (size_t)length) < 0)
            return -1;
        at += length;
    }
    return 0;
}

static int parse_descr(NpyHeader *header, int depth);

/* A name, or ('title', 'name'). */
static int
parse_name(NpyHeader *header, PyObject *name)
{
    if (!accept(header, '('))
        return parse_string(header, name);
    if (parse_string(header, name) < 0 || expect(header, ',', "expected a comma") < 0 ||
        PyByteArray_Resize(name, 0) < 0 || parse_string(header, name) < 0)
        return -1;
    return expect(header, ')', "expected ')'");
}

/* ('name', description) or ('name', description, shape), of which '(' and the name are read. */
static int
parse_field(NpyHeader *header, const char *name, int depth)
{
    Py_ssize_t start = PyByteArray_GET_SIZE(header->format), shape[NPY_MAX_NDIM];
    int more, ndim;

    if (strchr(name, ':') != NULL)
        return header_error(header, "PEP 3118 has no names with a colon, such as the one before here");
    if (expect(header, ',', "expected a comma") < 0 || parse_descr(header, depth) < 0)
        return -1;
    more = next_entry(header, ')');
    if (more > 0) {
        if (parse_shape(header, &ndim, shape) < 0 || insert_shape(header, start, ndim, shape) < 0)
            return -1;
        more = next_entry(header, ')');
        if (more > 0)
            return header_error(header, "expected the end of a field");
    }
    if (more < 0 || *name == '\0') /* bytes without a name are padding */
        return more;
    if (text_add(header->format, ":") < 0 || text_add(header->format, name) < 0)
        return -1;
    return text_add(header->format, ":");
}

static int
parse_record(NpyHeader *header, int depth)
{
    int more = 1;

    if (text_add(header->format, "T{") < 0)
        return -1;
    while (more > 0) {
        PyObject *name = text_new();

        more = name != NULL && expect(header, '(', "expected a field") == 0 &&
                       parse_name(header, name) == 0 &&
                       parse_field(header, PyByteArray_AsString(name), depth) == 0
                   ? next_entry(header, ']')
                   : -1;
        Py_XDECREF(name);
    }
    return more < 0 ? -1 : text_add(header->format, "}");
}

/* A type, a record, or (description, shape); adds it to the format. */
static int
parse_descr(NpyHeader *header, int depth)
{
    Py_ssize_t start = PyByteArray_GET_SIZE(header->format), shape[NPY_MAX_NDIM];
    PyObject *type;
    int ndim, status = -1;

    if (depth == MAX_DEPTH)
        return header_error(header, "the records nest too deep");
    if (accept(header, '['))
        return parse_record(header, depth + 1);
    if (accept(header, '(')) {
        if (parse_descr(header, depth + 1) < 0 || expect(header, ',', "expected a comma") < 0 ||
            parse_shape(header, &ndim, shape) < 0 || expect(header, ')', "expected ')'") < 0)
            return -1;
        return insert_shape(header, start, ndim, shape);
    }
    type = text_new();
    if (type != NULL && parse_string(header, type) == 0)
        status = translate_type(header, PyByteArray_AsString(type));
    Py_XDECREF(type);
    return status;
}

static int
parse_truth(NpyHeader *header, int *truth)
{
    static const char *const names[] = {"False", "True"};

    peek(header);
    for (*truth = 0; *truth < 2; ++*truth) {
        size_t length = strlen(names[*truth]);

        if ((size_t)(header->end - header->at) >= length &&
            memcmp(header->at, names[*truth], length) == 0) {
            header->at += length;
            return 0;
        }
    }
    return header_error(header, "expected True or False");
}

/* ---- The dictionary -------------------------------------------------------------------- */

static int
parse_entry(NpyHeader *header, const char *key, int *found)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(key, keys[i]) != 0)
            continue;
        if (*found & 1 << i)
            break;
        *found |= 1 << i;
        switch (i) {
        case 0: return parse_descr(header, 0);
        case 1: return parse_truth(header, &header->fortran_order);
        default: return parse_shape(header, &header->ndim, header->shape);
        }
    }
    return header_error(header, "an unknown or repeated key");
}

int
npy_parse_header(NpyHeader *header)
{
    int found = 0, more;

    header->format = text_new();
    if (header->format == NULL || expect(header, '{', "expected a dictionary") < 0)
        return -1;
    do {
        PyObject *key = text_new();

        more = key != NULL && parse_string(header, key) == 0 &&
                       expect(header, ':', "expected a colon") == 0 &&
                       parse_entry(header, PyByteArray_AsString(key), &found) == 0
                   ? next_entry(header, '}')
                   : -1;
        Py_XDECREF(key);
    } while (more > 0);
    if (more == 0 && found != 7)
        return header_error(header, "descr, fortran_order or shape is missing");
    if (more == 0 && peek(header) != -1)
        return header_error(header, "there is something behind the dictionary");
    return more;
}

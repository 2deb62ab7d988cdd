/* The header of a .npy file, and how it becomes a format of PEP 3118. See npy_header.h.
 *
 * The description of an item is a string such as '<f8', or for records a list of fields, each
 * ('name', description) or ('name', description, shape).
 */
#include "npy_header.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How deep records may nest. */
#define MAX_DEPTH 32

/* ---- Texts ----------------------------------------------------------------------------- */

/* Makes room in the middle of a text; NULL with an error set. */
static char *
text_open(Text *text, size_t at, size_t length)
{
    if (length > SIZE_MAX / 2 - 1 - text->length) {
        PyErr_NoMemory();
        return NULL;
    }
    if (text->length + length + 1 > text->room) {
        size_t room = 2 * (text->length + length + 1);
        char *start = realloc(text->start, room);

        if (start == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        text->start = start;
        text->room = room;
    }
    memmove(text->start + at + length, text->start + at, text->length - at);
    text->length += length;
    text->start[text->length] = '\0';
    return text->start + at;
}

static int
text_insert(Text *text, size_t at, const char *bytes, size_t length)
{
    char *room = text_open(text, at, length);

    if (room == NULL)
        return -1;
    memcpy(room, bytes, length);
    return 0;
}

static int
text_add(Text *text, const char *string)
{
    return text_insert(text, text->length, string, strlen(string));
}

/* A character, as UTF-8. */
static int
text_add_character(Text *text, uint32_t character)
{
    char bytes[4];
    size_t length = 0;

    if (character < 0x80) {
        bytes[length++] = (char)character;
    } else if (character < 0x800) {
        bytes[length++] = (char)(0xc0 | character >> 6);
        bytes[length++] = (char)(0x80 | (character & 0x3f));
    } else {
        if (character < 0x10000) {
            bytes[length++] = (char)(0xe0 | character >> 12);
        } else {
            bytes[length++] = (char)(0xf0 | character >> 18);
            bytes[length++] = (char)(0x80 | (character >> 12 & 0x3f));
        }
        bytes[length++] = (char)(0x80 | (character >> 6 & 0x3f));
        bytes[length++] = (char)(0x80 | (character & 0x3f));
    }
    return text_insert(text, text->length, bytes, length);
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
    while (header->at < header->end && (*header->at == ' ' || *header->at == '\n'))
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

/* Adds a Python string to a text, as UTF-8. */
static int
parse_string(NpyHeader *header, Text *text)
{
    int quote = peek(header);
    uint32_t character;

    if (quote != '\'' && quote != '"')
        return header_error(header, "expected a string");
    header->at++;
    for (;;) {
        if (header->at == header->end)
            return header_error(header, "expected the end of a string");
        character = *header->at++;
        if (character == (uint32_t)quote)
            return 0;
        if (character == '\\' && header->at < header->end) {
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
        } else if (header->is_utf8 && character >= 0x80) {
            char byte = (char)character;

            if (text_insert(text, text->length, &byte, 1) < 0)
                return -1;
            continue;
        }
        if (character == 0)
            return header_error(header, "a NUL in a string");
        if (text_add_character(text, character) < 0)
            return -1;
    }
}

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
    return 0;
}

/* (), (3,), (3, 4), or just 3. */
static int
parse_shape(NpyHeader *header, Py_ssize_t *ndim, Py_ssize_t shape[NPY_MAX_NDIM])
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
translate_type(NpyHeader *header, const char *type, Text *format)
{
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

/* Puts a shape before what starts at `start` of the format, which may have one. */
static int
insert_shape(Text *format, size_t start, Py_ssize_t ndim, const Py_ssize_t *shape)
{
    char number[32];
    int has_shape = format->start[start] == '(';
    size_t at = start;

    if (has_shape)
        at++;
    else if (ndim > 0 && text_insert(format, at++, "(", 1) < 0)
        return -1;
    for (Py_ssize_t i = 0; i < ndim; i++) {
        const char *end = i + 1 < ndim || has_shape ? "," : ")";
        int length = snprintf(number, sizeof number, "%zd%s", shape[i], end);

        if (text_insert(format, at, number, (size_t)length) < 0)
            return -1;
        at += (size_t)length;
    }
    return 0;
}

static int parse_descr(NpyHeader *header, int depth);

/* ('name', description) or ('name', description, shape); the name may be ('title', 'name'). */
static int
parse_field(NpyHeader *header, int depth)
{
    Text name = {NULL, 0, 0};
    Py_ssize_t ndim, shape[NPY_MAX_NDIM];
    size_t start;
    int more, status = -1;

    if (expect(header, '(', "expected a field") < 0 || text_add(&name, "") < 0)
        goto done;
    if (accept(header, '(')) {
        if (parse_string(header, &name) < 0 || expect(header, ',', "expected a comma") < 0)
            goto done;
        name.length = 0;
        name.start[0] = '\0';
        if (parse_string(header, &name) < 0 || expect(header, ')', "expected ')'") < 0)
            goto done;
    } else if (parse_string(header, &name) < 0) {
        goto done;
    }
    if (strchr(name.start, ':') != NULL) {
        header_error(header, "PEP 3118 has no names with a colon, such as the one before here");
        goto done;
    }
    if (expect(header, ',', "expected a comma") < 0)
        goto done;
    start = header->format.length;
    if (parse_descr(header, depth) < 0)
        goto done;
    more = next_entry(header, ')');
    if (more > 0) {
        if (parse_shape(header, &ndim, shape) < 0 ||
            insert_shape(&header->format, start, ndim, shape) < 0)
            goto done;
        more = next_entry(header, ')');
        if (more > 0)
            header_error(header, "expected the end of a field");
    }
    if (more != 0)
        goto done;
    /* Bytes without a name are padding. */
    if (name.length > 0 && (text_add(&header->format, ":") < 0 ||
                            text_add(&header->format, name.start) < 0 ||
                            text_add(&header->format, ":") < 0))
        goto done;
    status = 0;
done:
    free(name.start);
    return status;
}

static int
parse_record(NpyHeader *header, int depth)
{
    int more = 1;

    if (text_add(&header->format, "T{") < 0)
        return -1;
    if (accept(header, ']'))
        more = 0;
    while (more > 0) {
        if (parse_field(header, depth) < 0)
            return -1;
        more = next_entry(header, ']');
    }
    return more < 0 ? -1 : text_add(&header->format, "}");
}

/* A type, a record, or (description, shape); adds it to the format. */
static int
parse_descr(NpyHeader *header, int depth)
{
    Text type = {NULL, 0, 0};
    int status;

    if (depth == MAX_DEPTH)
        return header_error(header, "the records nest too deep");
    if (accept(header, '['))
        return parse_record(header, depth + 1);
    if (accept(header, '(')) {
        Py_ssize_t ndim, shape[NPY_MAX_NDIM];
        size_t start = header->format.length;

        if (parse_descr(header, depth + 1) < 0 || expect(header, ',', "expected a comma") < 0 ||
            parse_shape(header, &ndim, shape) < 0 || expect(header, ')', "expected ')'") < 0)
            return -1;
        return insert_shape(&header->format, start, ndim, shape);
    }
    status = text_add(&type, "");
    if (status == 0)
        status = parse_string(header, &type);
    if (status == 0)
        status = translate_type(header, type.start, &header->format);
    free(type.start);
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

    if (expect(header, '{', "expected a dictionary") < 0)
        return -1;
    do {
        Text key = {NULL, 0, 0};
        int status = text_add(&key, "");

        if (status == 0)
            status = parse_string(header, &key);
        if (status == 0)
            status = expect(header, ':', "expected a colon");
        if (status == 0)
            status = parse_entry(header, key.start, &found);
        free(key.start);
        if (status < 0)
            return -1;
        more = next_entry(header, '}');
    } while (more > 0);
    if (more == 0 && found != 7)
        return header_error(header, "descr, fortran_order or shape is missing");
    if (more == 0 && peek(header) != -1)
        return header_error(header, "there is something behind the dictionary");
    return more;
}


/* Formats: the description that C walks, its canonical spelling, equivalence, and values. What NumPy, ctypes and the
 * struct module say is compared elsewhere; this is what the header promises. */
#include "support.h"

#include "hooks.h"

static PyObject *parsed(const char *text)
{
    PyObject *format = pybuffer_format_parse(text);
    tap_check(format != NULL, __FILE__, __LINE__, "'%s' is refused: %s", text,
              format == NULL ? pybuffer_error_message() : "");
    PyErr_Clear();
    return format;
}

/* ---- the description ---------------------------------------------------------------------------------------- */

static void one_item_is_the_root(void)
{
    PyObject *format = parsed("(2,3)>d");
    const pybuffer_item *root = pybuffer_format_root(format);
    CHECK_INT(root->kind, PYBUFFER_KIND_FLOAT);
    CHECK_STR(root->code, "d");
    CHECK_INT(root->byteorder, '>');
    CHECK_INT(root->itemsize, 8);
    CHECK_INT(root->elements, 6);
    CHECK_INT(root->ndim, 2);
    CHECK_INT(root->shape[0], 2);
    CHECK_INT(root->shape[1], 3);
    CHECK_PTR(root->name, NULL);
    CHECK_PTR(root->fields, NULL);
    CHECK_PTR(root->next, NULL);
    CHECK_INT(pybuffer_format_itemsize(format), 48);
    CHECK_STR(pybuffer_format_text(format), "(2,3)>d");
    Py_DECREF(format);
}

static void several_items_are_a_record_without_a_code(void)
{
    PyObject *format = parsed("<i2xh:second:");
    const pybuffer_item *root = pybuffer_format_root(format);
    CHECK_INT(root->kind, PYBUFFER_KIND_RECORD);
    CHECK_STR(root->code, "");
    CHECK_INT(root->nfields, 2);
    CHECK_PTR(root->fields->name, NULL);
    CHECK_STR(root->fields->next->name, "second");
    CHECK_INT(root->fields->next->offset, 6);
    CHECK_PTR(root->fields->next->next, NULL);
    CHECK_INT(pybuffer_format_itemsize(format), 8);
    Py_DECREF(format);
}

/* One item that is not all there is, or that has a name, is a field. */
static void padding_and_a_name_make_a_record(void)
{
    static const char *const formats[] = {"xB", "Bx", "B:name:"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        PyObject *format = parsed(formats[i]);
        CHECK_INT(pybuffer_format_root(format)->kind, PYBUFFER_KIND_RECORD);
        CHECK_INT(pybuffer_format_root(format)->nfields, 1);
        Py_DECREF(format);
    }
}

typedef struct {
    signed char a;
    int b;
    char s[5];
    double d[2];
    struct {
        short x;
        long long y;
    } inner[2];
    float _Complex z;
    long double g;
    unsigned char flag;
} Record;

#define RECORD "T{b:a:i:b:5s:s:2d:d:(2)T{h:x:q:y:}:inner:Zf:z:g:g:?:flag:}"

static void native_records_are_laid_out_as_in_c(void)
{
    static const struct {
        const char *name;
        size_t offset, size;
        int kind;
    } fields[] = {
        {"a", offsetof(Record, a), 1, PYBUFFER_KIND_SIGNED},
        {"b", offsetof(Record, b), 4, PYBUFFER_KIND_SIGNED},
        {"s", offsetof(Record, s), 5, PYBUFFER_KIND_BYTES},
        {"d", offsetof(Record, d), 8, PYBUFFER_KIND_FLOAT},
        {"inner", offsetof(Record, inner), sizeof(((Record *)0)->inner[0]), PYBUFFER_KIND_RECORD},
        {"z", offsetof(Record, z), 8, PYBUFFER_KIND_COMPLEX},
        {"g", offsetof(Record, g), sizeof(long double), PYBUFFER_KIND_FLOAT},
        {"flag", offsetof(Record, flag), 1, PYBUFFER_KIND_BOOL},
    };
    PyObject *format = parsed(RECORD);
    const pybuffer_item *field = pybuffer_format_root(format)->fields;
    CHECK_INT(pybuffer_format_itemsize(format), sizeof(Record));
    CHECK_INT(pybuffer_format_alignment(format), _Alignof(Record));
    CHECK_INT(pybuffer_format_root(format)->nfields, COUNT(fields));
    for (size_t i = 0; i < COUNT(fields) && field != NULL; i++, field = field->next) {
        CHECK_STR(field->name, fields[i].name);
        CHECK_INT(field->offset, fields[i].offset);
        CHECK_INT(field->itemsize, fields[i].size);
        CHECK_INT(field->kind, fields[i].kind);
    }
    CHECK_PTR(field, NULL);
    Py_DECREF(format);
}

static void pointers_know_what_they_point_to(void)
{
    PyObject *format = parsed("&T{<i:x:}");
    const pybuffer_item *root = pybuffer_format_root(format);
    CHECK_INT(root->kind, PYBUFFER_KIND_POINTER);
    CHECK_INT(root->itemsize, sizeof(void *));
    CHECK_INT(root->nfields, 1);
    CHECK_INT(root->fields->kind, PYBUFFER_KIND_RECORD);
    CHECK_STR(root->fields->fields->name, "x");
    CHECK_INT(pybuffer_format_value_count(format), 1);
    Py_DECREF(format);
}

static void bits_follow_bits(void)
{
    PyObject *format = parsed("3t:a:7t:b:B:c:");
    const pybuffer_item *a = pybuffer_format_root(format)->fields, *b = a->next, *c = b->next;
    CHECK_INT(a->offset, 0);
    CHECK_INT(a->length, 3);
    CHECK_INT(b->offset, 0);
    CHECK_INT(b->first_bit, 3);
    CHECK_INT(b->length, 7);
    CHECK_INT(c->offset, 2);
    CHECK_INT(pybuffer_format_itemsize(format), 3);
    Py_DECREF(format);
}

/* ---- errors and limits -------------------------------------------------------------------------------------- */

static void errors_say_what_was_expected_and_where(void)
{
    static const struct {
        const char *format, *message;
    } bad[] = {
        {"iy", "expected a format code at byte 1 of the format"},
        {"T", "expected '{' at byte 1 of the format"},
        {"T{i", "expected '}' at byte 3 of the format, its end"},
        {"i}", "expected a format code at byte 1 of the format"},
        {"i:x", "expected ':' at byte 3 of the format, its end"},
        {"(2", "expected ',' or ')' at byte 2 of the format"},
        {"(2,)i", "expected a number at byte 3 of the format"},
        {"3", "expected a format code at byte 1 of the format"},
        {"<n", "a code of native formats only (n, N) at byte 1: use '@' or '^'"},
        {"99999999999999999999i", "the number is too large at byte 18 of the format"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK_PTR(pybuffer_format_parse(bad[i].format), NULL);
        CHECK_MESSAGE(PyExc_ValueError, bad[i].message);
        CHECK_INT(PyBuffer_SizeFromFormat(bad[i].format), -1);
        CHECK_MESSAGE(PyExc_ValueError, bad[i].message);
    }
}

static void records_nest_64_deep(void)
{
    char text[4 * 65 + 2];
    for (int depth = 64; depth <= 65; depth++) {
        text[0] = '\0';
        for (int i = 0; i < depth; i++) {
            strcat(text, "T{");
        }
        strcat(text, "B");
        for (int i = 0; i < depth; i++) {
            strcat(text, "}");
        }
        PyObject *format = pybuffer_format_parse(text);
        CHECK((format != NULL) == (depth == 64));
        CHECK_ERROR(depth == 64 ? NULL : PyExc_ValueError);
        CHECK_INT(PyBuffer_SizeFromFormat(text), depth == 64 ? 1 : -1);
        PyErr_Clear();
        Py_XDECREF(format);
    }
}

/* The axes of a value, whether they are written as one shape or as several. */
static void a_value_has_at_most_64_axes(void)
{
    for (int joined = 0; joined < 2; joined++) {
        for (int axes = 64; axes <= 65; axes++) {
            char text[3 * 65 + 2] = "", message[80];
            for (int i = 0; i < axes; i++) {
                strcat(text, joined && i > 0 ? ",1" : joined ? "(1" : "(1)");
            }
            strcat(text, joined ? ")h" : "h");
            PyObject *format = pybuffer_format_parse(text);
            if (axes == 64) {
                CHECK_ERROR(NULL);
                CHECK_INT(pybuffer_format_root(format)->ndim, 64);
                CHECK_INT(pybuffer_format_root(format)->shape[63], 1);
                CHECK_INT(pybuffer_format_itemsize(format), 2);
            } else {
                CHECK_PTR(format, NULL);
                snprintf(message, sizeof(message), "more than 64 axes at byte %d of the format", joined ? 130 : 194);
                CHECK_MESSAGE(PyExc_ValueError, message);
                CHECK_INT(PyBuffer_SizeFromFormat(text), -1);
                CHECK_MESSAGE(PyExc_ValueError, message);
            }
            Py_XDECREF(format);
        }
    }
}

static void sizes_end_at_the_largest(void)
{
    static const char *const too_large[] = {"9223372036854775807sB", "(4294967296,4294967296)B",
                                            "4611686018427387904h", "(3)4611686018427387904s"};
    for (size_t i = 0; i < COUNT(too_large); i++) {
        CHECK_PTR(pybuffer_format_parse(too_large[i]), NULL);
        CHECK_ERROR(PyExc_ValueError);
    }
    CHECK_INT(PyBuffer_SizeFromFormat("9223372036854775807s"), PY_SSIZE_T_MAX);
}

/* ---- spelling and equivalence ------------------------------------------------------------------------------- */

static void check_canonical(const char *text, const char *expected)
{
    PyObject *format = parsed(text), *canonical = pybuffer_format_canonical(format);
    CHECK_STR(PyBytes_AsString(canonical), expected);
    PyObject *again = parsed(PyBytes_AsString(canonical)), *twice = pybuffer_format_canonical(again);
    CHECK_STR(PyBytes_AsString(twice), expected);
    CHECK_INT(pybuffer_format_equivalent(format, again, 1), 1);
    Py_DECREF(twice);
    Py_DECREF(again);
    Py_DECREF(canonical);
    Py_DECREF(format);
}

static void canonical_spelling_writes_everything_out(void)
{
    check_canonical("B", "B");
    check_canonical("@l", sizeof(long) == 8 ? NATIVE "q" : NATIVE "i");
    check_canonical("bi", "b3x" NATIVE "i");
    check_canonical("3i", NATIVE "3i");
    check_canonical("!ih", ">ih");
    check_canonical("T{b:a:i:b:}", "T{b:a:3x" NATIVE "i:b:}");
    check_canonical("T{(2,3)" OTHER "d:a:T{@H:x:=2w:y:}:n:}", "T{(2,3)" OTHER "d:a:T{" NATIVE "H:x:2w:y:}:n:}");
    check_canonical("F D", NATIVE "ZfZd");
    check_canonical("=bO", "b^O");
    check_canonical(">iO&di", ">i^O&>d>i");
    check_canonical("g", "^g");
    check_canonical("i2xh0q", NATIVE "i2xh");
    check_canonical("3t5t" OTHER "9t", NATIVE "3t5t" OTHER "9t");
    check_canonical("3t" OTHER "9t", NATIVE "3t" OTHER "9t");
    check_canonical("3t0x5t", NATIVE "3t0x5t");
}

static void equivalence_is_of_values_and_bytes(void)
{
    static const struct {
        const char *a, *b;
        int names, same;
    } pairs[] = {
        {"i", "@i", 1, 1},          {NATIVE "i", "=i", 1, 1},     {NATIVE "i", "i", 1, 1},          {"<i", ">i", 1, 0},
        {"<b", ">b", 1, 1},         {"i", "I", 1, 0},       {"3i", "(3)i", 1, 1},       {"3i", "iii", 1, 0},
        {"B:x:", "B:y:", 1, 0},     {"B:x:", "B:y:", 0, 1}, {"bi", "b3xi", 1, 1},       {"bi", "=bi", 1, 0},
        {"D", "Zd", 1, 1},          {"4s", "4p", 1, 0},     {"&<i", "&>i", 1, 0},       {"T{<ih}", "<ih", 1, 1},
        {"c", "s", 1, 0},           {"q", "l", 1, sizeof(long) == 8},
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        PyObject *a = parsed(pairs[i].a), *b = parsed(pairs[i].b);
        int same = pybuffer_format_equivalent(a, b, pairs[i].names);
        tap_check(same == pairs[i].same, __FILE__, __LINE__, "'%s' and '%s': %d", pairs[i].a, pairs[i].b, same);
        CHECK_INT(pybuffer_format_equivalent(b, a, pairs[i].names), same);
        Py_DECREF(a);
        Py_DECREF(b);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------- */

static void values_travel_through_a_c_struct(void)
{
    PyObject *format = parsed(RECORD);
    Record record, back;
    pybuffer_value values[16];
    memset(&record, 0, sizeof(record));
    memset(&back, 0xFF, sizeof(back));
    record.a = -3;
    record.b = 1 << 30;
    memcpy(record.s, "hello", 5);
    record.d[0] = 0.5;
    record.d[1] = -1e300;
    record.inner[1].x = -2;
    record.inner[1].y = 1LL << 62;
    __real__ record.z = 2.5f;
    __imag__ record.z = -3.5f;
    record.g = 1.0L / 3.0L;
    record.flag = 1;

    CHECK_INT(pybuffer_format_value_count(format), 12);
    CHECK_INT(pybuffer_format_unpack(format, &record, values), 0);
    CHECK_INT(values[0].kind, PYBUFFER_KIND_SIGNED);
    CHECK_INT(values[0].as.i, -3);
    CHECK_INT(values[1].as.i, 1 << 30);
    CHECK_INT(values[2].kind, PYBUFFER_KIND_BYTES);
    CHECK_INT(values[2].as.bytes.length, 5);
    CHECK_PTR(values[2].as.bytes.start, record.s);
    CHECK(values[3].as.real == 0.5 && values[4].as.real == -1e300);
    CHECK_INT(values[7].as.i, -2);
    CHECK_INT(values[8].as.i, 1LL << 62);
    CHECK_INT(values[9].kind, PYBUFFER_KIND_COMPLEX);
    CHECK(values[9].as.parts[0] == 2.5 && values[9].as.parts[1] == -3.5);
    CHECK_INT(values[10].kind, PYBUFFER_KIND_LONG_DOUBLE);
    CHECK_MEM(values[10].as.long_double, &record.g, 10);
    CHECK_INT(values[11].kind, PYBUFFER_KIND_BOOL);
    CHECK_INT(values[11].as.u, 1);

    CHECK_INT(pybuffer_format_pack(format, &back, values), 0);
    CHECK_MEM(&back, &record, offsetof(Record, g));
    CHECK(back.g == record.g);
    CHECK_INT(back.flag, 1);
    Py_DECREF(format);
}

static void many_items_are_unpacked_at_once(void)
{
    PyObject *format = parsed("<hB");
    unsigned char items[3][4];
    pybuffer_value values[6];
    for (int i = 0; i < 3; i++) {
        items[i][0] = (unsigned char)i;
        items[i][1] = 1;
        items[i][2] = (unsigned char)(100 + i);
    }
    /* Backwards: the last item first. */
    CHECK_INT(pybuffer_format_unpack_items(format, items[2], -4, 3, values), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(values[2 * i].as.i, 256 + 2 - i);
        CHECK_INT(values[2 * i + 1].as.u, 102 - i);
    }
    CHECK_INT(pybuffer_format_unpack_items(format, items, 4, 0, values), 0);
    CHECK_INT(pybuffer_format_unpack_items(format, items, 4, -1, values), -1);
    CHECK_ERROR(PyExc_SystemError);
    Py_DECREF(format);
}

static void a_failed_pack_writes_nothing(void)
{
    PyObject *format = parsed("<hB");
    unsigned char item[3] = {1, 2, 3};
    pybuffer_value values[2];
    memset(values, 0, sizeof(values));
    values[0].kind = values[1].kind = PYBUFFER_KIND_SIGNED;
    values[0].as.i = 7;
    values[1].as.i = 256;
    CHECK_INT(pybuffer_format_pack(format, item, values), -1);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_MEM(item, "\1\2\3", 3);
    values[1].kind = PYBUFFER_KIND_FLOAT;
    CHECK_INT(pybuffer_format_pack(format, item, values), -1);
    CHECK_ERROR(PyExc_TypeError);
    values[1].kind = 99;
    CHECK_INT(pybuffer_format_pack(format, item, values), -1);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_MEM(item, "\1\2\3", 3);
    values[1].kind = PYBUFFER_KIND_SIGNED;
    values[1].as.i = 255;
    CHECK_INT(pybuffer_format_pack(format, item, values), 0);
    CHECK_MEM(item, "\7\0\377", 3);
    Py_DECREF(format);
}

/* ---- the object --------------------------------------------------------------------------------------------- */

static void native_codes_need_no_memory(void)
{
    static const char codes[] = "?bBchHiIlLqQnNefdP";
    hooks_install();
    hooks_fail_at(1, 1);
    for (size_t i = 0; codes[i] != '\0'; i++) {
        char text[2] = {codes[i], '\0'}, item[8] = {1, 0, 0, 0, 0, 0, 0, 0};
        PyObject *format = pybuffer_format_parse(text);
        pybuffer_value value;
        CHECK(format != NULL);
        CHECK_PTR(pybuffer_format_parse(text), format);
        CHECK_STR(pybuffer_format_text(format), text);
        CHECK_INT(pybuffer_format_itemsize(format), PyBuffer_SizeFromFormat(text));
        CHECK_INT(pybuffer_format_root(format)->itemsize, PyBuffer_SizeFromFormat(text));
        CHECK_INT(pybuffer_format_value_count(format), 1);
        CHECK_INT(pybuffer_format_unpack(format, item, &value), 0);
        Py_DECREF(format);
    }
    CHECK_PTR(pybuffer_format_parse("ii"), NULL);
    CHECK_ERROR(PyExc_MemoryError);
    hooks.fail_at = 0;
}

static void a_format_is_freed_with_its_last_reference(void)
{
    hooks_install();
    long before = hooks.outstanding;
    PyObject *format = parsed(RECORD);
    CHECK(Py_TYPE(format) == &pybuffer_format_type);
    CHECK(hooks.outstanding > before);
    Py_INCREF(format);
    Py_DECREF(format);
    CHECK(hooks.outstanding > before);
    Py_DECREF(format);
    CHECK_INT(hooks.outstanding, before);
}

/* ---- what a view's itemsize says, padding alone, shapes of shapes -------------------------------------------- */

static PyObject *view_of(void *memory, const char *format, Py_ssize_t itemsize, Py_ssize_t items)
{
    Py_ssize_t shape[1] = {items};
    Py_buffer info = {.buf = memory, .len = itemsize * items, .itemsize = itemsize, .ndim = 1, .shape = shape};
    info.format = (char *)(uintptr_t)format;
    PyObject *view = PyMemoryView_FromBuffer(&info);
    CHECK(view != NULL);
    return view;
}

static void check_text(PyObject *view, const char *expected)
{
    PyObject *text = pybuffer_memoryview_text(view, -1);
    CHECK_STR(text == NULL ? pybuffer_error_message() : PyBytes_AsString(text), expected);
    PyErr_Clear();
    Py_XDECREF(text);
}

static void check_equal(PyObject *a, PyObject *b, int expected)
{
    CHECK_INT(pybuffer_memoryview_equal(a, b), expected);
    CHECK_INT(pybuffer_memoryview_equal(b, a), expected);
}

static void u_is_as_wide_as_the_itemsize_says(void)
{
    /* As ctypes describes them: wchar_t, and struct {wchar_t[2]; int}. */
    uint32_t snake = 0x1F40D, other = 0xF40D;
    uint16_t unit = 0xF40D;
    struct {
        uint32_t text[2];
        int32_t number;
    } record = {{'a', 0x1F40D}, -7}, back = {{0, 0}, 0};
    const char *format = "T{(2)=u:a:=i:b:}";
    pybuffer_value values[4];
    int64_t number = 0;
    memset(values, 0, sizeof(values));

    PyObject *a = view_of(&snake, "=u", 4, 1), *b = view_of(&other, "=u", 4, 1), *c = view_of(&unit, "=u", 2, 1);
    PyObject *d = view_of(&snake, "=w", 4, 1);
    check_equal(a, b, 0);
    check_equal(a, d, 1);
    check_equal(b, c, 1);
    check_equal(a, c, 0);
    check_text(a, "['\\U0001f40d']");
    check_text(c, "['\\uf40d']");
    CHECK_INT(pybuffer_memoryview_values(a, values, 1), 0);
    CHECK_INT(values[0].as.u, 0x1F40D);
    CHECK_INT(pybuffer_memoryview_count(a, values, 1), 1);
    CHECK_INT(pybuffer_memoryview_count(b, values, 1), 0);
    Py_DECREF(a);
    Py_DECREF(b);
    Py_DECREF(c);
    Py_DECREF(d);

    a = view_of(&record, format, sizeof(record), 1);
    check_text(a, "[('a', '\\U0001f40d', -7)]");
    CHECK_INT(pybuffer_memoryview_get_item(a, (Py_ssize_t[]){0}, 1, values, 3), 0);
    CHECK_INT(values[1].as.u, 0x1F40D);
    CHECK_INT(values[2].as.i, -7);
    b = view_of(&back, format, sizeof(back), 1);
    CHECK_INT(pybuffer_memoryview_set_item(b, (Py_ssize_t[]){0}, 1, values, 3), 0);
    CHECK_MEM(&back, &record, sizeof(record));
    check_equal(a, b, 1);
    back.text[1] = 0xF40D;
    check_equal(a, b, 0);
    CHECK_INT(pybuffer_memoryview_get_int64(a, (Py_ssize_t[]){0}, 1, &number), -1);
    PyErr_Clear();
    /* An item that is smaller than its format with either width. */
    c = view_of(&record, format, 7, 1);
    CHECK_INT(pybuffer_memoryview_values(c, values, 3), -1);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(a);
    Py_DECREF(b);
    Py_DECREF(c);
}

static void a_format_is_parsed_for_its_itemsize(void)
{
    static const struct {
        const char *format;
        Py_ssize_t itemsize, size;
        const char *canonical; /* of little-endian machines */
    } cases[] = {
        {"<u", 4, 4, "<w"},
        {"<u", 2, 2, "<u"},
        {"<u", 3, 2, "<u"},
        {"<3u", 12, 12, "<3w"},
        {"<3u", 6, 6, "<3u"},
        {"T{(2)<u:a:<i:b:}", 12, 12, "T{(2)<w:a:i:b:}"},
        {"T{(2)<u:a:<i:b:}", 8, 8, "T{(2)<u:a:i:b:}"},
        {"T{<u:a:4x<q:b:2T{(2)<u:c:T{<u:d:}:e:}:f:}", 40, 40, "T{<w:a:4xq:b:(2)T{(2)w:c:T{w:d:}:e:}:f:}"},
        {"T{uq}", 16, 16, "T{<u6xq}"},
        {"T{buh}", 8, 6, "T{bx<uh}"},
        {"T{buh}", 12, 12, "T{b3x<wh2x}"},
        {"&<u", 8, 8, "^&<u"},
        {"T{&<u:p:<u:w:}", 12, 12, "T{^&<w:p:<w:w:}"},
        {"<0u", 0, 0, "<0u"},
        {"i", 4, 4, "<i"},
        {"i", 9, 4, "<i"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *format = pybuffer_format_parse_sized(cases[i].format, cases[i].itemsize);
        tap_check(format != NULL, __FILE__, __LINE__, "'%s' of %zd", cases[i].format, cases[i].itemsize);
        PyErr_Clear();
        if (format == NULL) {
            continue;
        }
        CHECK_INT(pybuffer_format_itemsize(format), cases[i].size);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        PyObject *canonical = pybuffer_format_canonical(format), *again = parsed(PyBytes_AsString(canonical));
        CHECK_STR(PyBytes_AsString(canonical), cases[i].canonical);
        CHECK_INT(pybuffer_format_equivalent(format, again, 1), 1);
        Py_DECREF(again);
        Py_DECREF(canonical);
#endif
        Py_DECREF(format);
    }
    CHECK_INT(PyBuffer_SizeFromFormat("<u"), 2);
    CHECK_PTR(pybuffer_format_parse_sized("<u", 1), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "the format has items of 2 bytes, more than the itemsize of 1");
    PyObject *narrow = parsed("<u"), *wide = pybuffer_format_parse_sized("<u", 4), *w = parsed("<w");
    pybuffer_value value;
    const unsigned char snake[4] = {0x0D, 0xF4, 0x01, 0}; /* U+1F40D, little-endian on every machine */
    unsigned char back[4] = {0};
    CHECK_INT(pybuffer_format_equivalent(narrow, wide, 1), 0);
    CHECK_INT(pybuffer_format_equivalent(w, wide, 1), 1);
    CHECK_INT(pybuffer_format_unpack(wide, snake, &value), 0);
    CHECK_INT(pybuffer_format_pack(wide, back, &value), 0);
    CHECK_INT(memcmp(back, snake, sizeof(back)), 0);
    Py_DECREF(narrow);
    Py_DECREF(wide);
    Py_DECREF(w);
}

static void padding_alone_is_bytes(void)
{
    static const struct {
        const char *format;
        int values;
        const char *text;
    } cases[] = {
        {"3x", 1, "[b'abc', b'xyz']"},     {"=3x", 1, "[b'abc', b'xyz']"},
        {"T{3x}", 1, "[b'abc', b'xyz']"},  {"(3)x", 3, "[(b'a', b'b', b'c'), (b'x', b'y', b'z')]"},
        {"x2x", 2, "[(b'a', b'bc'), (b'x', b'yz')]"}, {"T{3x:a:}", 1, "[b'abc', b'xyz']"},
        {"T{x:a:2x}", 1, "[b'a', b'x']"},  {"3x0b", 0, "[(), ()]"},
        {"T{3x}:a:", 0, "[(), ()]"},
    };
    char memory[] = "abcxyz", same[] = "abcxyz";
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *format = parsed(cases[i].format), *view = view_of(memory, cases[i].format, 3, 2);
        PyObject *first = view_of(memory, cases[i].format, 3, 1), *second = view_of(memory + 3, cases[i].format, 3, 1);
        PyObject *copy = view_of(same, cases[i].format, 3, 2);
        CHECK_INT(pybuffer_format_itemsize(format), 3);
        CHECK_INT(pybuffer_format_value_count(format), cases[i].values);
        check_text(view, cases[i].text);
        check_equal(first, second, cases[i].values == 0);
        check_equal(view, copy, 1);
        Py_DECREF(format);
        Py_DECREF(view);
        Py_DECREF(first);
        Py_DECREF(second);
        Py_DECREF(copy);
    }
    PyObject *format = parsed("3x");
    pybuffer_value value = {0};
    CHECK_INT(pybuffer_format_root(format)->kind, PYBUFFER_KIND_PAD);
    CHECK_INT(pybuffer_format_root(format)->length, 3);
    CHECK_INT(pybuffer_format_unpack(format, memory, &value), 0);
    CHECK_INT(value.kind, PYBUFFER_KIND_BYTES);
    CHECK_INT(value.as.bytes.length, 3);
    CHECK_INT(pybuffer_format_pack(format, memory + 3, &value), 0);
    CHECK_STR(memory, "abcabc");
    Py_DECREF(format);
    check_canonical("3x", "3x");
    check_canonical("=3x", "3x");
    check_canonical("T{x2x}", "T{x2x}");
    check_canonical("(2)3x", "(2)3x");
    check_canonical("3x0i", "4x0b");
    check_canonical("T{3x}0i", "T{3x}x0b");
    check_canonical("0i", "");
}

static void shapes_behind_each_other_are_one(void)
{
    static const struct {
        const char *format;
        Py_ssize_t size;
        int ndim;
        Py_ssize_t shape[4];
    } cases[] = {
        {"(2)(3)i", 24, 2, {2, 3}},       {"(2)3i", 24, 2, {2, 3}},        {"(2)(3)(4)i", 96, 3, {2, 3, 4}},
        {"(2) (3)i", 24, 2, {2, 3}},      {"(2)(3)4i", 96, 3, {2, 3, 4}},  {"(2)<(3)>i", 24, 2, {2, 3}},
        {"(2,1)(3,4)s", 24, 4, {2, 1, 3, 4}}, {"(2)(3)2s", 12, 2, {2, 3}}, {"( 2 )( 3 )T{ih}", 48, 2, {2, 3}},
        {"(2)(0)i", 0, 2, {2, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PyObject *format = parsed(cases[i].format);
        const pybuffer_item *root = pybuffer_format_root(format);
        CHECK_INT(PyBuffer_SizeFromFormat(cases[i].format), cases[i].size);
        CHECK_INT(pybuffer_format_itemsize(format), cases[i].size);
        CHECK_INT(root->ndim, cases[i].ndim);
        for (int axis = 0; axis < cases[i].ndim; axis++) {
            CHECK_INT(root->shape[axis], cases[i].shape[axis]);
        }
        Py_DECREF(format);
    }
    check_canonical("T{(2)(3)i:foo:}", "T{(2,3)" NATIVE "i:foo:}");
    CHECK_INT(PyBuffer_SizeFromFormat("2(3)i"), -1);
    CHECK_ERROR(PyExc_ValueError);
}

static void complex_codes_are_those_of_floats(void)
{
    PyObject *format = parsed("G");
    CHECK_INT(pybuffer_format_root(format)->kind, PYBUFFER_KIND_COMPLEX);
    CHECK_INT(pybuffer_format_itemsize(format), 2 * sizeof(long double));
    CHECK_INT(pybuffer_format_alignment(format), _Alignof(long double));
    long double parts[2] = {1.5L, -2.0L}, back[2] = {0, 0};
    pybuffer_value value;
    CHECK_INT(pybuffer_format_unpack(format, parts, &value), 0);
    CHECK_INT(value.kind, PYBUFFER_KIND_COMPLEX);
    CHECK(value.as.parts[0] == 1.5 && value.as.parts[1] == -2.0);
    CHECK_INT(pybuffer_format_pack(format, back, &value), 0);
    CHECK(back[0] == 1.5L && back[1] == -2.0L);
    PyObject *other = parsed("Zg");
    CHECK_INT(pybuffer_format_equivalent(format, other, 1), 1);
    Py_DECREF(other);
    Py_DECREF(format);
    check_canonical("G", "^Zg");
    for (int code = 33; code < 127; code++) {
        char text[] = {'Z', (char)code, '\0'};
        int floats = strchr("efdg", code) != NULL;
        if (code != ':' && code != '}') {
            CHECK_INT(PyBuffer_SizeFromFormat(text) > 0, floats);
            CHECK_ERROR(floats ? NULL : PyExc_ValueError);
        }
    }
    CHECK_PTR(pybuffer_format_parse("iZq"), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "expected one of 'e', 'f', 'd', 'g' at byte 2 of the format");
    /* ctypes' wchar_t *. */
    check_canonical("Z", "^Z");
    check_canonical("T{Z:a:f:b:}", "T{^Z:a:" NATIVE "f:b:4x}");
    check_canonical("Z d", "^Z " NATIVE "d");
    check_canonical("Z x0i", "^Z 4x");
}

static void counts_of_0_make_nothing_too_large(void)
{
    static const char *const nothing[] = {
        "(0,4294967296,4294967296)i", "(4294967296,4294967296,0)i", "(4294967296,0,4294967296)i",
        "(4294967296,4294967296)0i", "(4294967296)(4294967296)(0)i", "(0)9223372036854775807q",
        "T{(4294967296,4294967296,0)i}", "3T{(4294967296,4294967296)0i}", "(0,4294967296,4294967296)T{i}",
        "(4294967296,4294967296,0)T{i}", "0T{(4294967296,4294967296)i}", "(4294967296,4294967296,0)3t",
        "(4294967296,4294967296)0s", "(0)T{9223372036854775807q}", "0T{9223372036854775807q9223372036854775807q}",
    }, *const too_large[] = {
        "(4294967296,4294967296)i", "(4294967296)(4294967296)i", "T{(4294967296,4294967296)i}(0)i", "(0)i9223372036854775807q",
        "9223372036854775807sB", "T{0T{9223372036854775807q}9223372036854775807q}", "(4294967296,4294967296)3t",
        "&(4294967296,4294967296)i",
    };
    for (size_t i = 0; i < COUNT(nothing); i++) {
        CHECK_INT(PyBuffer_SizeFromFormat(nothing[i]), 0);
        CHECK_ERROR(NULL);
        /* Every number of a description fits its C type, or the format is refused. */
        PyObject *format = pybuffer_format_parse(nothing[i]);
        CHECK_ERROR(format == NULL ? PyExc_ValueError : NULL);
        Py_XDECREF(format);
    }
    for (size_t i = 0; i < COUNT(too_large); i++) {
        CHECK_INT(PyBuffer_SizeFromFormat(too_large[i]), -1);
        CHECK_ERROR(PyExc_ValueError);
        CHECK_PTR(pybuffer_format_parse(too_large[i]), NULL);
        CHECK_ERROR(PyExc_ValueError);
    }
    for (size_t i = 0; i < 6; i++) {
        PyObject *format = parsed(nothing[i]);
        CHECK_INT(pybuffer_format_value_count(format), 0);
        Py_XDECREF(format);
    }
}

/* ---- more values than there is memory for -------------------------------------------------------------------- */

static void values_without_bytes_take_no_time(void)
{
    static const struct {
        const char *a, *b;
        int same;
    } pairs[] = {
        {"(2305843009213693952)0s", "(2305843009213693952)0p", 1},
        {"1000000000T{1000000000T{0s}}", "1000000000T{1000000000T{0p}}", 1},
        {"1152921504606846976T{0s0u}", "576460752303423488T{0s0p}", 1},
        {"1152921504606846976T{0s0t}", "576460752303423488T{0s0t0p0t}", 1},
        {"1152921504606846976T{0s0t}", "576460752303423488T{0s0t0t0s}", 0},
    };
    pybuffer_value value = {0};
    char byte = 0;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        PyObject *a = view_of(&byte, pairs[i].a, 0, 1), *b = view_of(&byte, pairs[i].b, 0, 1);
        PyObject *format = parsed(pairs[i].a), *canonical = pybuffer_format_canonical(format);
        check_equal(a, b, pairs[i].same);
        check_equal(a, a, 1);
        CHECK(pybuffer_format_value_count(format) >= 1000000000000000000);
        CHECK_INT(pybuffer_format_unpack(format, &byte, &value), -1);
        CHECK_ERROR(PyExc_MemoryError);
        CHECK_INT(pybuffer_format_pack(format, &byte, &value), -1);
        CHECK_ERROR(PyExc_MemoryError);
        CHECK_PTR(pybuffer_memoryview_text(a, 1), NULL);
        CHECK_ERROR(PyExc_MemoryError);
        Py_DECREF(canonical);
        Py_DECREF(format);
        Py_DECREF(a);
        Py_DECREF(b);
    }
    PyObject *empty = parsed("0s"), *nothing = parsed("0i"), *pads = parsed("4x0b");
    CHECK_INT(pybuffer_format_unpack_items(empty, &byte, 0, (Py_ssize_t)1 << 61, &value), -1);
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_INT(pybuffer_format_unpack_items(nothing, &byte, 0, (Py_ssize_t)1 << 61, &value), 0);
    CHECK_INT(pybuffer_format_unpack_items(pads, &byte, 0, PY_SSIZE_T_MAX, &value), 0);
    Py_DECREF(empty);
    Py_DECREF(nothing);
    Py_DECREF(pads);
    CHECK_PTR(pybuffer_format_parse("4611686018427387904T{0s0s}"), NULL);
    CHECK_ERROR(PyExc_ValueError);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(one_item_is_the_root);
    RUN(several_items_are_a_record_without_a_code);
    RUN(padding_and_a_name_make_a_record);
    RUN(native_records_are_laid_out_as_in_c);
    RUN(pointers_know_what_they_point_to);
    RUN(bits_follow_bits);
    RUN(errors_say_what_was_expected_and_where);
    RUN(records_nest_64_deep);
    RUN(a_value_has_at_most_64_axes);
    RUN(sizes_end_at_the_largest);
    RUN(canonical_spelling_writes_everything_out);
    RUN(equivalence_is_of_values_and_bytes);
    RUN(values_travel_through_a_c_struct);
    RUN(many_items_are_unpacked_at_once);
    RUN(a_failed_pack_writes_nothing);
    RUN(u_is_as_wide_as_the_itemsize_says);
    RUN(a_format_is_parsed_for_its_itemsize);
    RUN(padding_alone_is_bytes);
    RUN(shapes_behind_each_other_are_one);
    RUN(complex_codes_are_those_of_floats);
    RUN(counts_of_0_make_nothing_too_large);
    RUN(values_without_bytes_take_no_time);
    RUN(native_codes_need_no_memory);
    RUN(a_format_is_freed_with_its_last_reference);
    return tap_end();
}

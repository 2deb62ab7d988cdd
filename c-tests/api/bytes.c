/* bytes: ownership of the functions that take a reference over, and the objects that exist once. */
#include "support.h"

static void short_objects_exist_once(void)
{
    PyObject *empty = PyBytes_FromString(""), *bytearray = PyByteArray_FromStringAndSize(NULL, 0);
    CHECK_PTR(PyBytes_FromStringAndSize(NULL, 0), empty);
    CHECK_PTR(PyBytes_FromStringAndSize("abc", 0), empty);
    CHECK_PTR(PyBytes_FromObject(bytearray), empty);
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        PyObject *one = PyBytes_FromStringAndSize(&c, 1), *same = PyBytes_FromStringAndSize(&c, 1);
        CHECK_PTR(one, same);
        CHECK_INT((unsigned char)PyBytes_AsString(one)[0], byte);
        CHECK_INT(PyBytes_AsString(one)[1], 0);
        CHECK_INT(PyBytes_Size(one), 1);
    }
    Py_DECREF(bytearray);
}

/* Not even by the functions that write: an uninitialised object of one byte is never shared. */
static void short_objects_are_never_written(void)
{
    PyObject *fresh = PyBytes_FromStringAndSize(NULL, 1), *x = PyBytes_FromStringAndSize("x", 1), *resized = x;
    CHECK_INT(Py_REFCNT(fresh), 1);
    PyBytes_AsString(fresh)[0] = 'y';
    CHECK_INT(_PyBytes_Resize(&resized, 10), 0);
    CHECK(resized != x);
    memset(PyBytes_AsString(resized), 'z', 10);
    PyObject *empty = PyBytes_FromString(""), *grown = empty;
    CHECK_INT(_PyBytes_Resize(&grown, 5), 0);
    CHECK(grown != empty);
    memset(PyBytes_AsString(grown), 'z', 5);
    CHECK_STR(PyBytes_AsString(x), "x");
    CHECK_INT(PyBytes_Size(x), 1);
    CHECK_STR(PyBytes_AsString(empty), "");
    CHECK_INT(PyBytes_Size(empty), 0);
    PyObject *shrunk = PyBytes_FromString("some"), *single;
    CHECK_INT(_PyBytes_Resize(&shrunk, 0), 0);
    CHECK_PTR(shrunk, empty);
    single = PyBytes_FromString("some");
    CHECK_INT(_PyBytes_Resize(&single, 1), 0);
    PyBytes_AsString(single)[0] = 'q';
    PyObject *s = PyBytes_FromString("s");
    CHECK_STR(PyBytes_AsString(s), "s");
    Py_DECREF(single);
    Py_DECREF(grown);
    Py_DECREF(resized);
    Py_DECREF(fresh);
}

static void resizing_a_shared_object_leaves_it_to_the_others(void)
{
    PyObject *object = PyBytes_FromString("shared"), *other = Py_NewRef(object);
    CHECK_INT(_PyBytes_Resize(&object, 3), 0);
    CHECK(object != other);
    CHECK_STR(PyBytes_AsString(object), "sha");
    CHECK_STR(PyBytes_AsString(other), "shared");
    CHECK_INT(Py_REFCNT(other), 1);
    Py_hash_t hash = PyObject_Hash(object);
    CHECK_INT(_PyBytes_Resize(&object, 2), 0);
    CHECK(PyObject_Hash(object) != hash); /* the old one is forgotten */
    Py_DECREF(object);
    Py_DECREF(other);
}

/* While somebody holds a view of it, the object is not alone: the memory must not go. */
static void resizing_an_object_with_a_view_leaves_the_view(void)
{
    PyObject *object = PyBytes_FromString("viewed"), *view = PyMemoryView_FromObject(object);
    CHECK_INT(_PyBytes_Resize(&object, 5000), 0);
    CHECK_MEM(PyMemoryView_GET_BUFFER(view)->buf, "viewed", 6);
    Py_DECREF(object);
    Py_DECREF(view);
}

static void a_failed_resize_drops_the_object(void)
{
    PyObject *object = PyBytes_FromString("object"), *other = Py_NewRef(object);
    CHECK_INT(_PyBytes_Resize(&object, -1), -1);
    CHECK_MESSAGE(PyExc_SystemError, "bad argument to internal function");
    CHECK_PTR(object, NULL);
    CHECK_INT(Py_REFCNT(other), 1);
    CHECK_INT(_PyBytes_Resize(&other, PY_SSIZE_T_MAX), -1);
    CHECK_PTR(other, NULL);
    CHECK(PyErr_ExceptionMatches(PyExc_OverflowError) || PyErr_ExceptionMatches(PyExc_MemoryError));
    PyErr_Clear();
}

static void concatenation_takes_over_the_first_reference(void)
{
    PyObject *first = PyBytes_FromString("first"), *kept = Py_NewRef(first), *second = PyBytes_FromString(" second");
    PyBytes_Concat(&first, second);
    CHECK_STR(PyBytes_AsString(first), "first second");
    CHECK_INT(Py_REFCNT(kept), 1);
    CHECK_INT(Py_REFCNT(second), 1);
    PyBytes_ConcatAndDel(&first, second);
    CHECK_STR(PyBytes_AsString(first), "first second second");
    CHECK_INT(Py_REFCNT(first), 1);
    PyBytes_Concat(&first, first); /* with itself */
    CHECK_STR(PyBytes_AsString(first), "first second secondfirst second second");
    PyBytes_Concat(&first, Py_None);
    CHECK_PTR(first, NULL);
    CHECK_MESSAGE(PyExc_TypeError, "can't concat NoneType to bytes");
    Py_DECREF(kept);
}

static void concatenation_drops_both_on_failure(void)
{
    PyObject *first = PyBytes_FromString("first"), *kept = Py_NewRef(first);
    PyObject *plain = PyObject_New(PyObject, &PyBaseObject_Type);
    PyBytes_ConcatAndDel(&first, Py_NewRef(plain));
    CHECK_PTR(first, NULL);
    CHECK_ERROR(PyExc_TypeError);
    CHECK_INT(Py_REFCNT(kept), 1);
    CHECK_INT(Py_REFCNT(plain), 1);
    Py_DECREF(plain);
    Py_DECREF(kept);
}

static void a_NUL_inside_is_an_error_where_no_length_is_asked_for(void)
{
    PyObject *object = PyBytes_FromStringAndSize("a\0b", 3), *fine = PyBytes_FromString("ab");
    char *string;
    Py_ssize_t length;
    CHECK_INT(PyBytes_AsStringAndSize(object, &string, &length), 0);
    CHECK_INT(length, 3);
    CHECK_INT(PyBytes_AsStringAndSize(object, &string, NULL), -1);
    CHECK_MESSAGE(PyExc_ValueError, "embedded null byte");
    CHECK_INT(PyBytes_AsStringAndSize(fine, &string, NULL), 0);
    CHECK_STR(string, "ab");
    CHECK_PTR(string, PyBytes_AS_STRING(fine));
    Py_DECREF(fine);
    Py_DECREF(object);
}

static void errors_name_what_was_found(void)
{
    PyObject *bytearray = PyByteArray_FromStringAndSize("x", 1);
    CHECK_INT(PyBytes_Size(bytearray), -1);
    CHECK_MESSAGE(PyExc_TypeError, "expected bytes, bytearray found");
    CHECK_PTR(PyBytes_AsString(Py_None), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "expected bytes, NoneType found");
    CHECK_PTR(PyBytes_FromObject(Py_None), NULL);
    CHECK_MESSAGE(PyExc_TypeError, "cannot convert 'NoneType' object to bytes");
    CHECK_PTR(PyBytes_FromStringAndSize(NULL, -1), NULL);
    CHECK_MESSAGE(PyExc_SystemError, "Negative size passed to PyBytes_FromStringAndSize");
    CHECK_PTR(PyBytes_FromStringAndSize("x", PY_SSIZE_T_MAX), NULL);
    CHECK_MESSAGE(PyExc_OverflowError, "byte string is too large");
    Py_DECREF(bytearray);
}

/* bytes from what an exporter has, item by item where it must be. */
static void what_is_exported_is_copied_in_C_order(void)
{
    char memory[] = "a-d-b-e-c-f-", *rows[] = {memory + 6, memory};
    Py_ssize_t shape[2] = {2, 3}, strides[2] = {2, 4};
    Exporter *strided = exporter_new(memory, "B", 1, 2, shape, strides), *indirect = exporter_of_rows(rows, 2, 3);
    PyObject *a = PyBytes_FromObject((PyObject *)strided), *b = PyBytes_FromObject((PyObject *)indirect);
    CHECK_STR(PyBytes_AsString(a), "abcdef");
    CHECK_STR(PyBytes_AsString(b), "e-ca-d");
    CHECK_PTR(PyBytes_FromObject(a), a);
    CHECK_INT(Py_REFCNT(a), 2);
    Py_DECREF(a);
    Py_DECREF(a);
    Py_DECREF(b);
    CHECK_UNUSED(indirect);
    CHECK_UNUSED(strided);
}

static void repr_is_what_python_writes(void)
{
    static const struct {
        const char *text, *plain, *smart;
    } all[] = {
        {"", "b''", "b''"},
        {"text", "b'text'", "b'text'"},
        {"it's", "b'it\\'s'", "b\"it's\""},
        {"a \"quote\"", "b'a \"quote\"'", "b'a \"quote\"'"},
        {"it's \"both\"", "b'it\\'s \"both\"'", "b'it\\'s \"both\"'"},
        {"\t\n\r\\\x01\x7f\xff", "b'\\t\\n\\r\\\\\\x01\\x7f\\xff'", "b'\\t\\n\\r\\\\\\x01\\x7f\\xff'"},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        PyObject *object = PyBytes_FromString(all[i].text);
        PyObject *plain = PyBytes_Repr(object, 0), *smart = PyBytes_Repr(object, 1);
        CHECK_STR(PyBytes_AsString(plain), all[i].plain);
        CHECK_STR(PyBytes_AsString(smart), all[i].smart);
        Py_DECREF(smart);
        Py_DECREF(plain);
        Py_DECREF(object);
    }
}

/* The iterator over a memoryview gives its rows, which have bytes. */
static void rows_are_iterated_over_and_joined(void)
{
    static char matrix[3][4] = {"abcd", "efgh", "ijkl"};
    PyObject *flat = PyMemoryView_FromMemory(matrix[0], 12, PyBUF_WRITE);
    PyObject *view = pybuffer_memoryview_cast(flat, "B", 2, (Py_ssize_t[]){3, 4}, 'C');
    PyObject *iterator = pybuffer_memoryview_iter(view), *item;
    for (int row = 0; row < 3; row++) {
        CHECK_INT(PyIter_NextItem(iterator, &item), 1);
        CHECK_MEM(PyMemoryView_GET_BUFFER(item)->buf, matrix[row], 4);
        Py_DECREF(item);
    }
    CHECK_INT(PyIter_NextItem(iterator, &item), 0);
    CHECK_PTR(item, NULL);
    Py_DECREF(iterator);
    iterator = pybuffer_memoryview_iter(view);
    PyObject *separator = PyBytes_FromString(", "), *joined = PyBytes_Join(separator, iterator);
    CHECK_STR(PyBytes_AsString(joined), "abcd, efgh, ijkl");
    Py_DECREF(joined);
    Py_DECREF(iterator);
    iterator = pybuffer_memoryview_iter(view);
    CHECK_INT(pybuffer_memoryview_release(view), 0);
    CHECK_INT(PyIter_NextItem(iterator, &item), -1);
    CHECK_PTR(item, NULL);
    CHECK_ERROR(PyExc_ValueError);
    CHECK_PTR(PyBytes_Join(separator, iterator), NULL);
    CHECK_ERROR(PyExc_ValueError);
    Py_DECREF(iterator);
    /* As items, bytes objects have bytes objects here. */
    joined = PyBytes_Join(separator, separator);
    CHECK_STR(PyBytes_AsString(joined), ",,  ");
    Py_DECREF(joined);
    Py_DECREF(separator);
    Py_DECREF(view);
    Py_DECREF(flat);
}

/* No other code sees what a writer holds, and what is finished is like any other object. */
static void a_writer_ends_in_an_object_of_its_own(void)
{
    PyBytesWriter *writer = PyBytesWriter_Create(0);
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(PyBytesWriter_Format(writer, "%d,", i), 0);
    }
    PyObject *object = PyBytesWriter_Finish(writer), *same = PyBytes_FromString(PyBytes_AsString(object));
    CHECK_INT(PyBytes_Size(object), 3890);
    CHECK_MEM(PyBytes_AsString(object), "0,1,2,3,", 8);
    CHECK_INT(PyObject_Hash(object), PyObject_Hash(same));
    Py_DECREF(same);
    Py_DECREF(object);
    PyObject *x = PyBytes_FromString("x");
    for (Py_ssize_t size = 1; size < 1000; size += 998) {
        writer = PyBytesWriter_Create(size);
        memset(PyBytesWriter_GetData(writer), 'x', (size_t)size);
        CHECK_PTR(PyBytesWriter_FinishWithSize(writer, 1), x);
    }
    CHECK_STR(PyBytes_AsString(x), "x");
}

/* As in CPython: a size below 0, a length that wraps, more than there is. */
static void a_writer_keeps_what_it_has_when_it_refuses(void)
{
    CHECK_PTR(PyBytesWriter_Create(-1), NULL);
    CHECK_MESSAGE(PyExc_ValueError, "size must be >= 0");
    for (Py_ssize_t size = 5; size < 1000; size += 900) {
        PyBytesWriter *writer = PyBytesWriter_Create(size);
        memset(PyBytesWriter_GetData(writer), 'w', (size_t)size);
        CHECK_INT(PyBytesWriter_Resize(writer, -1), -1);
        CHECK_MESSAGE(PyExc_ValueError, "size must be >= 0");
        CHECK_INT(PyBytesWriter_Grow(writer, -size - 1), -1);
        CHECK_MESSAGE(PyExc_ValueError, "invalid size");
        CHECK_INT(PyBytesWriter_Grow(writer, PY_SSIZE_T_MAX), -1);
        CHECK_ERROR(PyExc_MemoryError);
        CHECK_INT(PyBytesWriter_GetSize(writer), size);
        CHECK_INT(PyBytesWriter_Grow(writer, -3), 0);
        CHECK_INT(PyBytesWriter_WriteBytes(writer, "end", -1), 0);
        CHECK_INT(PyBytesWriter_WriteBytes(writer, "ing", 0), 0);
        CHECK_INT(PyBytesWriter_WriteBytes(writer, "!?", 1), 0);
        CHECK_INT(PyBytesWriter_Resize(writer, 2000), 0);
        CHECK_INT(PyBytesWriter_Resize(writer, size + 1), 0);
        PyObject *object = PyBytesWriter_Finish(writer);
        CHECK_INT(PyBytes_Size(object), size + 1);
        CHECK_MEM(PyBytes_AsString(object) + size - 4, "wend!", 6);
        Py_DECREF(object);
        static const Py_ssize_t wrong[] = {-1, 6};
        for (size_t i = 0; i < COUNT(wrong); i++) {
            CHECK_PTR(PyBytesWriter_FinishWithSize(PyBytesWriter_Create(5), wrong[i]), NULL);
            CHECK_MESSAGE(PyExc_ValueError, i == 0 ? "size must be positive" : "size larger than allocated size");
        }
    }
}

/* PyBytes_FromFormat for formats that compilers warn of. */
static PyObject *(*volatile formatted)(const char *, ...) = PyBytes_FromFormat;

/* As in CPython: flags and widths are read over, and what is no code ends the format. */
static void formats_have_the_codes_of_bytes(void)
{
    const struct {
        PyObject *made;
        const char *text;
    } all[] = {
        {formatted("no code"), "no code"},
        {formatted(""), ""},
        {formatted("%d|%i|%u|%x", -2147483647 - 1, 7, 4294967295u, 0xbeefu), "-2147483648|7|4294967295|beef"},
        {formatted("%ld|%lu|%zd|%zu", -1L, 1UL, PY_SSIZE_T_MIN, (size_t)-1), "-1|1|-9223372036854775808|18446744073709551615"},
        {formatted("%c%c%%", 'a', 255), "a\xff%"},
        {formatted("%p", (void *)0x1234), "0x1234"},
        {formatted("%s|%s", "text", (char *)NULL), "text|(null)"},
        {formatted("%.2s|%.0s|%.99s|%.s", "abc", "def", "ghi", "jkl"), "ab|def|ghi|jkl"},
        {formatted("%7d|%-7d|%07x|%+.3d|%7.1s", 1, 2, 3u, 4, "xyz"), "1|2|3|4|x"},
        {formatted("a%q %d", 1), "a%q %d"},
        {formatted("a%lx", 1L), "a%lx"},
        {formatted("a%zs", "b"), "a%zs"},
        {formatted("a%l"), "a%l"},
        {formatted("a%12"), "a%12"},
        {formatted("a%"), "a%"},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK_STR(PyBytes_AsString(all[i].made), all[i].text);
        Py_XDECREF(all[i].made);
    }
    static const int wrong[] = {-1, 256};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_PTR(formatted("a%c", wrong[i]), NULL);
        CHECK_MESSAGE(PyExc_OverflowError, "PyBytes_FromFormatV(): %c format expects an integer in range [0; 255]");
        PyBytesWriter *writer = PyBytesWriter_Create(0);
        CHECK_INT(PyBytesWriter_WriteBytes(writer, "kept", -1), 0);
        CHECK_INT(PyBytesWriter_Format(writer, "%s%c", "dropped", wrong[i]), -1);
        CHECK_ERROR(PyExc_OverflowError);
        PyObject *made = PyBytesWriter_Finish(writer);
        CHECK_STR(PyBytes_AsString(made), "kept");
        Py_DECREF(made);
    }
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(short_objects_exist_once);
    RUN(short_objects_are_never_written);
    RUN(resizing_a_shared_object_leaves_it_to_the_others);
    RUN(resizing_an_object_with_a_view_leaves_the_view);
    RUN(a_failed_resize_drops_the_object);
    RUN(concatenation_takes_over_the_first_reference);
    RUN(concatenation_drops_both_on_failure);
    RUN(a_NUL_inside_is_an_error_where_no_length_is_asked_for);
    RUN(errors_name_what_was_found);
    RUN(what_is_exported_is_copied_in_C_order);
    RUN(repr_is_what_python_writes);
    RUN(rows_are_iterated_over_and_joined);
    RUN(a_writer_ends_in_an_object_of_its_own);
    RUN(a_writer_keeps_what_it_has_when_it_refuses);
    RUN(formats_have_the_codes_of_bytes);
    CHECK_INT(exporters_alive, 0);
    return tap_end();
}

/* PyBytes_FromFormat and PyBytes_FromFormatV: every code, and what ends a format. */
#include "twin.h"

#include <limits.h>
#include <stdarg.h>

static void show(PyObject *bytes)
{
    if (bytes == NULL) {
        printf("NULL %s\n", twin_error());
        return;
    }
    printf("%lld ", (long long)PyBytes_GET_SIZE(bytes));
    twin_print_hex(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes));
    printf(" ends %d %s\n", PyBytes_AS_STRING(bytes)[PyBytes_GET_SIZE(bytes)], twin_error());
    Py_DECREF(bytes);
}

static PyObject *with_list(const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    PyObject *first = PyBytes_FromFormatV(format, list), *second = PyBytes_FromFormatV(format, again);
    printf("twice %d ", PyObject_RichCompareBool(first, second, Py_EQ));
    Py_XDECREF(second);
    va_end(again);
    va_end(list);
    return first;
}

int main(void)
{
    Py_Initialize();
    twin_start();
    twin_title("one argument, as the code takes it");
    static const char *const int_codes[] = {"%d", "%i", "%u", "%x", "%c", "%5d", "%-5i", "%05u", "%.3x", "<%+d>", "% d|"};
    static const int ints[] = {0, 1, -1, 9, 10, 65, 127, 128, 255, 256, INT_MAX, INT_MIN};
    for (size_t c = 0; c < TWIN_COUNT(int_codes); c++) {
        for (size_t i = 0; i < TWIN_COUNT(ints); i++) {
            printf("%s of %d: ", int_codes[c], ints[i]);
            show(PyBytes_FromFormat(int_codes[c], ints[i]));
        }
    }
    static const char *const long_codes[] = {"%ld", "%lu", "%zd", "%zu", "%3ld", "%.0zu"};
    static const long longs[] = {0, 1, -1, LONG_MAX, LONG_MIN};
    for (size_t c = 0; c < TWIN_COUNT(long_codes); c++) {
        for (size_t i = 0; i < TWIN_COUNT(longs); i++) {
            printf("%s of %ld: ", long_codes[c], longs[i]);
            show(PyBytes_FromFormat(long_codes[c], longs[i]));
        }
    }
    static const char *const text_codes[] = {"%s", "%.s", "%.0s", "%.1s", "%.3s", "%.12s", "%9s", "%-9.2s|", "%.999s"};
    static const char *const texts[] = {"", "a", "some text", "\xff\x80", "100%"};
    for (size_t c = 0; c < TWIN_COUNT(text_codes); c++) {
        for (size_t i = 0; i < TWIN_COUNT(texts); i++) {
            printf("%s of text %zu: ", text_codes[c], i);
            show(PyBytes_FromFormat(text_codes[c], texts[i]));
        }
    }
    show(PyBytes_FromFormat("%.3s", (const char[]){'a', 'b', 'c'}));
    show(PyBytes_FromFormat("%p", (void *)(uintptr_t)0x1234abcd));
    twin_title("formats");
    static const char *const formats[] = {
        "", "text", "caf\xc3\xa9", "%", "%%", "100%", "a%q b %d", "%l", "%z", "%lx", "%zi", "%lld", "%li", "%ls", "%hd", "%5",
        "%.3", "%5%", "%l%", "%.3%|", "%#x", "%*d", "%'d", "%\xc3", "%d%d%d", "%d %y %d", "%5-3d", "%.-3d", "%.3.4d",
    };
    for (size_t i = 0; i < TWIN_COUNT(formats); i++) {
        printf("%zu: ", i);
        show(PyBytes_FromFormat(formats[i], 1, 2, 3));
        show(with_list(formats[i], 1, 2, 3));
    }
    twin_title("many");
    show(with_list("%s:%d:%c%c%zu%%%p", "a text", -5, 'x', 255, (size_t)9, (void *)(uintptr_t)1));
    show(PyBytes_FromFormat("%c%c", 65, -1));
    Py_Finalize();
    return 0;
}

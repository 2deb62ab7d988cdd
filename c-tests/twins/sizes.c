/* PyBuffer_SizeFromFormat: the struct module's item sizes, alignment included. Which exception an invalid format
 * raises is not compared, for CPython's is struct.error. */
#include "exporter.h"

#define MAX_FORMAT 64

static const char *const prefixes[] = {"", "@", "=", "<", ">", "!", "^", "&", " ", " <", "< ", "<>", "@@", "<@"};
static const char codes[] = "xcbB?hHiIlLqQnNefdspP";

/* Whether only PEP 3118 gives the format a meaning, which CPython's struct module refuses and this library knows. */
static int is_addition(const char *format)
{
    return strpbrk(format, "^&tgGuwOzZFDXT:(){},") != NULL
           || (format[0] != '\0' && strpbrk(format + 1, "@=<>!") != NULL)
           || (format[0] != '\0' && strchr("=<>!", format[0]) != NULL && strchr(format, 'P') != NULL);
}

static void print_size(const char *format)
{
    if (is_addition(format)) {
        return;
    }
    Py_ssize_t size = PyBuffer_SizeFromFormat(format);
    const char *error = twin_error();
    printf("'");
    for (const char *p = format; *p; p++) {
        if (*p < ' ' || *p > '~') {
            printf("\\x%02x", (unsigned char)*p);
        } else {
            putchar(*p);
        }
    }
    if (size < 0) {
        printf("' %s", strcmp(error, "none") == 0 ? "fails without an error" : "error");
    } else {
        printf("' %lld%s", (long long)size, strcmp(error, "none") == 0 ? "" : " with an error");
    }
    printf("\n");
}

static void single_codes(void)
{
    twin_title("single codes");
    char format[MAX_FORMAT];
    static const char *const counts[] = {"", "0", "1", "3", "17", "007"};
    for (size_t p = 0; p < TWIN_COUNT(prefixes); p++) {
        for (int c = 1; c < 256; c++) {
            for (size_t n = 0; n < TWIN_COUNT(counts); n++) {
                if (n == 0 || (c >= '0' && c < 127)) {
                    snprintf(format, sizeof(format), "%s%s%c", prefixes[p], counts[n], c);
                    print_size(format);
                }
            }
        }
    }
}

/* Padding depends on what comes before; a count of 0 aligns and takes no room. */
static void pairs(void)
{
    twin_title("pairs and triples");
    char format[MAX_FORMAT];
    for (size_t a = 0; codes[a]; a++) {
        for (size_t b = 0; codes[b]; b++) {
            static const char *const patterns[] = {"%c%c", "%c0%c", "=%c%c", "3%c2%c", "%c %c", "%c%cx", "%c%c0q"};
            for (size_t p = 0; p < TWIN_COUNT(patterns); p++) {
                snprintf(format, sizeof(format), patterns[p], codes[a], codes[b]);
                print_size(format);
            }
        }
    }
}

static void random_formats(void)
{
    twin_title("random valid formats");
    TwinRandom r = {51};
    char format[MAX_FORMAT];
    for (int round = 0; round < 3000; round++) {
        size_t n = 0;
        static const char *const starts[] = {"", "@", "=", "<", ">", "!"};
        n += (size_t)snprintf(format, sizeof(format), "%s", starts[twin_range(&r, 0, 5)]);
        int items = twin_range(&r, 0, 9);
        for (int i = 0; i < items; i++) {
            if (twin_once_in(&r, 3)) {
                n += (size_t)snprintf(format + n, sizeof(format) - n, "%d", twin_range(&r, 0, 40));
            }
            format[n++] = codes[twin_range(&r, 0, (int)sizeof(codes) - 2)];
            if (twin_once_in(&r, 8)) {
                format[n++] = " \t\n\r\f\v"[twin_range(&r, 0, 5)];
            }
        }
        format[n] = '\0';
        print_size(format);
    }
    twin_title("random texts");
    static const char alphabet[] = "xcbB?hHiIlLqQnNefdspPiIqdbs0123456789 @=<>!T{}:()&tgZOuw.,-+X\n\t";
    for (int round = 0; round < 3000; round++) {
        int len = twin_range(&r, 0, 8);
        for (int i = 0; i < len; i++) {
            format[i] = alphabet[twin_range(&r, 0, (int)sizeof(alphabet) - 2)];
        }
        format[len] = '\0';
        print_size(format);
    }
}

static void particular(void)
{
    twin_title("particular formats");
    static const char *const formats[] = {
        "", " ", "\n", "@", "<", "3", "33", "i3", "3 i", "3\ti", "i 3", "-1i", "+1i", "1.i", "0x1i", "i<", "i<i",
        "<i>i", "100s", "0s", "0p", "255p", "256p", "1000p", "9223372036854775807s", "9223372036854775807x",
        "9223372036854775808s", "18446744073709551616b", "99999999999999999999999999b", "9223372036854775807i",
        "4611686018427387903h", "4611686018427387904h", "2305843009213693951i", "2305843009213693952i",
        "<1152921504606846975q", "<1152921504606846976q", "9223372036854775807bb", "9223372036854775806bb",
        "9223372036854775807b0q", "9223372036854775800b0q", "922337203685477580b", "9223372036854775799bq",
        "1152921504606846975q7b", "1152921504606846975q8b", "b9223372036854775800xq", "00000000000000000000001i",
        "T{i:a:}", "T{}", "i:a:", "(2,3)i", "(2)i", "2(3)i", "&i", "X{}", "Zd", "Zf", "g", "t", "u", "w", "O", "F",
        "D", "C", "1t", "\xff", "i\xc3\xa9", "i\x01", "\x7f", "bhilqdx", "<bhilqdx", "x0i", "bx0d", "c0P", "?0n",
        "0i0q0b", "b0i0q0b", "2x3x4x", "s s s", "ssss", "2s2s", "pp", "e e e", "<e", "=n", "<N", "!P", ">P", "@n",
        "@N@P", "  i  ", " @i",
    };
    for (size_t i = 0; i < TWIN_COUNT(formats); i++) {
        print_size(formats[i]);
    }
    static char many[5001];
    memset(many, 'b', 5000);
    Py_ssize_t size = PyBuffer_SizeFromFormat(many);
    printf("many codes: %lld %s\n", (long long)size, twin_error());
    memset(many, ' ', 5000);
    size = PyBuffer_SizeFromFormat(many);
    printf("many spaces: %lld %s\n", (long long)size, twin_error());
}

int main(void)
{
    Py_Initialize();
    twin_start();
    single_codes();
    pairs();
    random_formats();
    particular();
    Py_Finalize();
    return 0;
}

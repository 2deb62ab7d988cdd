/* A test harness with TAP output, for C11 and C++11, without dependencies.
 *
 * A test is a function without parameters that is named for the behaviour it pins. It makes any number of checks; each
 * one that fails is reported with its place and its values. A program runs its tests with RUN and ends with tap_end,
 * which prints the plan last, so that a program that dies on the way fails, too.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tap_tests, tap_failures, tap_failed_checks;
static long tap_checks;
static const char *tap_skipped;

/* Called after each test where it is set; a place for checks that hold after all of them. */
static void (*tap_after_each)(void);

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static inline int tap_check(int holds, const char *file, int line, const char *format, ...)
{
    tap_checks++;
    if (!holds) {
        va_list values;
        tap_failed_checks++;
        printf("# %s:%d: ", file, line);
        va_start(values, format);
        vprintf(format, values);
        va_end(values);
        printf("\n");
    }
    return holds;
}

static inline int tap_check_int(long long actual, long long expected, const char *text, const char *file, int line)
{
    return tap_check(actual == expected, file, line, "%s is %lld (%#llx), not %lld", text, actual,
                     (unsigned long long)actual, expected);
}

static inline int tap_check_str(const char *actual, const char *expected, const char *text, const char *file, int line)
{
    int same = actual == NULL || expected == NULL ? actual == expected : strcmp(actual, expected) == 0;
    return tap_check(same, file, line, "%s is '%s', not '%s'", text, actual ? actual : "(NULL)",
                     expected ? expected : "(NULL)");
}

static inline int tap_check_ptr(const void *actual, const void *expected, const char *text, const char *file, int line)
{
    return tap_check(actual == expected, file, line, "%s is %p, not %p", text, actual, expected);
}

static inline int tap_check_mem(const void *actual, const void *expected, size_t size, const char *text,
                                const char *file, int line)
{
    const unsigned char *a = (const unsigned char *)actual, *e = (const unsigned char *)expected;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != e[i]) {
            return tap_check(0, file, line, "%s: byte %zu is %#x, not %#x", text, i, a[i], e[i]);
        }
    }
    return tap_check(1, file, line, "%s", text);
}

/* Each of them is 1 where it holds and 0 where it does not. */
#define CHECK(condition) tap_check((condition) ? 1 : 0, __FILE__, __LINE__, "not so: %s", #condition)
#define CHECK_INT(actual, expected)                                                                                    \
    tap_check_int((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)
#define CHECK_STR(actual, expected) tap_check_str((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_PTR(actual, expected) tap_check_ptr((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_MEM(actual, expected, size) tap_check_mem((actual), (expected), (size), #actual, __FILE__, __LINE__)

/* Leaves the test, which counts as skipped. */
#define SKIP(reason)                                                                                                   \
    do {                                                                                                               \
        tap_skipped = (reason);                                                                                        \
        return;                                                                                                        \
    } while (0)

#define RUN(test) tap_run(test, #test, 1)

/* `words`: the name is a function's, whose underscores are blanks. */
static inline void tap_run(void (*test)(void), const char *name, int words)
{
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    int failed_before = tap_failed_checks;
    long checks_before = tap_checks;
    tap_skipped = NULL;
    test();
    if (tap_after_each != NULL) {
        tap_after_each();
    }
    int good = tap_failed_checks == failed_before && (tap_checks > checks_before || tap_skipped != NULL);
    if (tap_failed_checks == failed_before && !good) {
        printf("# it has checked nothing\n");
    }
    tap_failures += !good;
    printf("%sok %d - ", good ? "" : "not ", ++tap_tests);
    for (const char *c = name; *c != '\0'; c++) {
        putchar(words && *c == '_' ? ' ' : *c);
    }
    if (tap_skipped != NULL && good) {
        printf(" # SKIP %s", tap_skipped);
    }
    putchar('\n');
}

static inline int tap_end(void)
{
    printf("1..%d\n# %ld checks, %d failed\n", tap_tests, tap_checks, tap_failed_checks);
    return tap_failures == 0 && tap_failed_checks == 0 ? 0 : 1;
}

#endif

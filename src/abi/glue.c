/*
 * Functions with variable arguments, which stable Rust cannot define. What stands here is not exported.
 *
 * This file takes the arguments off a va_list, one at a time, and knows nothing of formats;
 * src/runtime/message.rs and src/objects/bytes_writer ask for what a format needs. src/capi exports PyErr_Format,
 * PyBytes_FromFormat and their kin, which jump here with all their arguments.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* A va_list in a struct: a va_list may be an array, which cannot be pointed to once it is a parameter. */
struct pybuffer__arguments {
    va_list list;
};

/* Rust's: raises the error and returns NULL. The message is made twice, once to measure it, hence two lists. */
void *pybuffer__raise_formatted(void *exception, const char *format, struct pybuffer__arguments *measured,
                                struct pybuffer__arguments *written);

void *pybuffer__err_format_v(void *exception, const char *format, va_list vargs);
void *pybuffer__err_format(void *exception, const char *format, ...);
/* Rust's: a new bytes object, or NULL; more bytes for a writer, or -1. */
void *pybuffer__make_formatted(const char *format, struct pybuffer__arguments *arguments);
int pybuffer__append_formatted(void *writer, const char *format, struct pybuffer__arguments *arguments);

void *pybuffer__bytes_format_v(const char *format, va_list vargs);
void *pybuffer__bytes_format(const char *format, ...);
int pybuffer__writer_format(void *writer, const char *format, ...);
uint64_t pybuffer__next_integer(struct pybuffer__arguments *arguments, int length, int is_signed);
const void *pybuffer__next_pointer(struct pybuffer__arguments *arguments);

void *pybuffer__err_format_v(void *exception, const char *format, va_list vargs)
{
    struct pybuffer__arguments measured, written;
    void *result;

    va_copy(measured.list, vargs);
    va_copy(written.list, vargs);
    result = pybuffer__raise_formatted(exception, format, &measured, &written);
    va_end(written.list);
    va_end(measured.list);
    return result;
}

void *pybuffer__err_format(void *exception, const char *format, ...)
{
    va_list vargs;
    void *result;

    va_start(vargs, format);
    result = pybuffer__err_format_v(exception, format, vargs);
    va_end(vargs);
    return result;
}

void *pybuffer__bytes_format_v(const char *format, va_list vargs)
{
    struct pybuffer__arguments arguments;
    void *result;

    va_copy(arguments.list, vargs);
    result = pybuffer__make_formatted(format, &arguments);
    va_end(arguments.list);
    return result;
}

void *pybuffer__bytes_format(const char *format, ...)
{
    va_list vargs;
    void *result;

    va_start(vargs, format);
    result = pybuffer__bytes_format_v(format, vargs);
    va_end(vargs);
    return result;
}

int pybuffer__writer_format(void *writer, const char *format, ...)
{
    struct pybuffer__arguments arguments;
    int result;

    va_start(arguments.list, format);
    result = pybuffer__append_formatted(writer, format, &arguments);
    va_end(arguments.list);
    return result;
}

/* `length` is a message::Length of Rust's. */
uint64_t pybuffer__next_integer(struct pybuffer__arguments *arguments, int length, int is_signed)
{
    switch (length) {
    case 1:
        return is_signed ? (uint64_t)va_arg(arguments->list, long) : va_arg(arguments->list, unsigned long);
    case 2:
        return is_signed ? (uint64_t)va_arg(arguments->list, long long) : va_arg(arguments->list, unsigned long long);
    case 3:
        return is_signed ? (uint64_t)va_arg(arguments->list, ptrdiff_t) : va_arg(arguments->list, size_t);
    case 4:
        return is_signed ? (uint64_t)va_arg(arguments->list, intmax_t) : va_arg(arguments->list, uintmax_t);
    case 5:
        return (uint64_t)va_arg(arguments->list, ptrdiff_t);
    default:
        return is_signed ? (uint64_t)va_arg(arguments->list, int) : va_arg(arguments->list, unsigned int);
    }
}

const void *pybuffer__next_pointer(struct pybuffer__arguments *arguments)
{
    return va_arg(arguments->list, const void *);
}

/* Numbers of the codes that the models know, one byte after the other. The generators of formats choose from them, so that
 * no format has to be read. */
#ifndef CODES_H
#define CODES_H

#include "random.h"

/* A number as it is, without rounding: an integer, or a float. */
typedef struct {
    int is_real;
    int negative;
    uint64_t magnitude;
    long double real;
} Number;

/* Whether a code is one of a number, and of which kind: 'i' signed, 'u' unsigned, '?' or 'f'. 0 else. */
char code_kind(char code);

/* The bytes of an element of a code, with native sizes or standard ones; 0 where there is none. */
size_t code_size(char code, int native);

/* Its alignment where it is native: that of a long double is half its size on s390x. */
Py_ssize_t code_alignment(char code);

/* A long double in the machine's order. */
long double long_double_read(const void *bytes);

/* By value; where a long double is two doubles, to the 127th bit. */
int long_doubles_are_equal(long double a, long double b);

/* Whether the machine, real or emulated, computes with long doubles as they are in memory. Valgrind does not. */
int long_doubles_are_exact(void);

/* Whether the first byte of a number is its lowest one. */
int is_little(char prefix);

/* The bits of a number of at most 8 bytes. */
uint64_t bits_read(const void *bytes, size_t size, int little);
void bits_write(void *bytes, size_t size, int little, uint64_t bits);

Number number_read(char code, const void *bytes, size_t size, int little);

/* Writes a number, rounded once where it has to be: NULL, or the error where it cannot be. */
PyObject *number_write(Number number, char code, void *bytes, size_t size, int little);

Number number_of_int(int64_t number);
Number number_of_uint(uint64_t number);
Number number_of_real(long double number);

/* One near where something happens: 0, the ends of a type, halves, what rounds. */
Number number_random(void);

/* Conversions as C has them: NULL, or the error. */
PyObject *number_to_int64(Number number, int64_t *result);
PyObject *number_to_uint64(Number number, uint64_t *result);
double number_to_double(Number number);
float number_to_float(Number number);

/* A half, rounded to the nearest, of two to the even one. */
unsigned half_write(long double number);
double half_read(unsigned bits);

#endif

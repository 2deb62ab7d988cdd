/* See codes.h. */
#include "codes.h"

#include <math.h>

#define ALIGNMENT(type) offsetof(struct { char before; type is; }, is)

char code_kind(char code)
{
    if (code == '\0') {
        return 0;
    }
    return strchr("bhilqn", code) ? 'i' : strchr("BHILQNP", code) ? 'u' : strchr("efdg", code) ? 'f' : code == '?' ? '?' : 0;
}

size_t code_size(char code, int native)
{
    switch (code) {
    case 'b': case 'B': case '?': case 'c': case 's': case 'p': case 'x':
        return 1;
    case 'h': case 'H': case 'e': case 'u':
        return 2;
    case 'i': case 'I': case 'f': case 'w':
        return 4;
    case 'l': case 'L':
        return native ? sizeof(long) : 4;
    case 'q': case 'Q': case 'd':
        return 8;
    case 'n': case 'N':
        return native ? sizeof(size_t) : 0;
    case 'P':
        return sizeof(void *);
    case 'g':
        return sizeof(long double);
    default:
        return 0;
    }
}

Py_ssize_t code_alignment(char code)
{
    switch (code) {
    case 'h': case 'H': case 'e': case 'u':
        return ALIGNMENT(short);
    case 'i': case 'I': case 'w':
        return ALIGNMENT(int);
    case 'f':
        return ALIGNMENT(float);
    case 'l': case 'L':
        return ALIGNMENT(long);
    case 'q': case 'Q':
        return ALIGNMENT(long long);
    case 'n': case 'N':
        return ALIGNMENT(size_t);
    case 'd':
        return ALIGNMENT(double);
    case 'g':
        return ALIGNMENT(long double);
    case 'P': case 'O': case '&': case 'X': case 'z': case 'Z':
        return ALIGNMENT(void *);
    default:
        return 1;
    }
}

int long_doubles_are_exact(void)
{
    volatile long double one = 1.0L, small = ldexpl(1.0L, 1 - __LDBL_MANT_DIG__);
    volatile long double sum = one + small;
    return sum != one && __LDBL_MANT_DIG__ >= 64;
}

long double long_double_read(const void *bytes)
{
    long double number;
    memcpy(&number, bytes, sizeof(number));
#if __LDBL_MANT_DIG__ == 106
    /* Any two doubles have a sum. C's operators expect that the first is the one next to it. */
    double halves[2];
    memcpy(halves, bytes, sizeof(halves));
    double a = halves[0], b = halves[1], sum = a + b, of_b = sum - a;
    halves[0] = isfinite(a) && a != 0 ? sum : a;
    halves[1] = isfinite(halves[0]) && a != 0 ? (a - (sum - of_b)) + (b - of_b) : 0;
    memcpy(&number, halves, sizeof(number));
#endif
    return number;
}

#if __LDBL_MANT_DIG__ == 106
/* The second double in units of the 127th bit of the sum, cut off towards zero; odd where something is cut off. */
static double second_half(const double halves[2])
{
    double second = halves[0] < 0 ? -halves[1] : halves[1];
    int above = 126 - ilogb(halves[0]);
    if (second != 0 && ilogb(second) + above < 0) {
        return second < 0 ? -1 : 1;
    }
    double units = ldexp(second, above), whole = floor(units);
    return whole == units || fmod(whole, 2) != 0 ? whole : whole + 1;
}
#endif

int long_doubles_are_equal(long double a, long double b)
{
#if __LDBL_MANT_DIG__ == 106
    double x[2], y[2];
    memcpy(x, &a, sizeof(x));
    memcpy(y, &b, sizeof(y));
    if (x[0] == y[0] && isfinite(x[0]) && x[0] != 0) {
        return second_half(x) == second_half(y);
    }
#endif
    return a == b;
}

int is_little(char prefix)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return prefix == '<' || (prefix != '>' && prefix != '!' && first == 1);
}

uint64_t bits_read(const void *bytes, size_t size, int little)
{
    const unsigned char *at = bytes;
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | at[little ? size - 1 - i : i];
    }
    return bits;
}

void bits_write(void *bytes, size_t size, int little, uint64_t bits)
{
    unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        at[little ? i : size - 1 - i] = (unsigned char)bits;
        bits >>= 8;
    }
}

static void reversed(void *to, const void *from, size_t size, int turned)
{
    for (size_t i = 0; i < size; i++) {
        ((char *)to)[i] = ((const char *)from)[turned ? size - 1 - i : i];
    }
}

double half_read(unsigned bits)
{
    int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    double number = exponent == 31 ? fraction == 0 ? INFINITY : NAN
                    : exponent == 0 ? ldexp(fraction, -24)
                                    : ldexp(fraction + 1024, exponent - 25);
    return bits & 0x8000 ? -number : number;
}

unsigned half_write(long double number)
{
    unsigned sign = signbit(number) ? 0x8000 : 0;
    long double size = fabsl(number);
    if (isnan(number)) {
        return sign | 0x7e00;
    }
    if (size >= 65520) {
        return sign | 0x7c00;
    }
    int exponent = 0;
    frexpl(size, &exponent);
    exponent = size == 0 || exponent - 1 < -14 ? -14 : exponent - 1;
    /* In units of the last place; rintl rounds to even. Rounding up to the next power carries by itself. */
    unsigned units = (unsigned)rintl(ldexpl(size, 10 - exponent));
    return sign | (units + (unsigned)((exponent + 14) << 10));
}

Number number_of_int(int64_t number)
{
    return (Number){0, number < 0, number < 0 ? -(uint64_t)number : (uint64_t)number, 0};
}

Number number_of_uint(uint64_t number)
{
    return (Number){0, 0, number, 0};
}

Number number_of_real(long double number)
{
    return (Number){1, 0, 0, number};
}

Number number_read(char code, const void *bytes, size_t size, int little)
{
    uint64_t bits = size <= 8 ? bits_read(bytes, size, little) : 0;
    float single;
    double real;
    uint32_t word = (uint32_t)bits;
    switch (code) {
    case 'e':
        return number_of_real(half_read((unsigned)bits));
    case 'f':
        memcpy(&single, &word, 4);
        return number_of_real(single);
    case 'd':
        memcpy(&real, &bits, 8);
        return number_of_real(real);
    case 'g': {
        char raw[sizeof(long double)];
        reversed(raw, bytes, size, little != is_little('='));
        return number_of_real(long_double_read(raw));
    }
    case '?':
        return number_of_uint(bits != 0);
    default:
        if (code_kind(code) == 'i' && bits >> (8 * size - 1) != 0) {
            return number_of_int((int64_t)(size == 8 ? bits : bits | ~(uint64_t)0 << 8 * size));
        }
        return number_of_uint(bits);
    }
}

PyObject *number_to_int64(Number number, int64_t *result)
{
    if (number.is_real) {
        if (isnan(number.real)) {
            return PyExc_ValueError;
        }
        long double whole = truncl(number.real);
        if (whole < -9223372036854775808.0L || whole >= 9223372036854775808.0L) {
            return PyExc_OverflowError;
        }
        *result = (int64_t)whole;
        return NULL;
    }
    if (number.magnitude > (uint64_t)INT64_MAX + (number.negative ? 1 : 0)) {
        return PyExc_OverflowError;
    }
    *result = (int64_t)(number.negative ? -number.magnitude : number.magnitude);
    return NULL;
}

PyObject *number_to_uint64(Number number, uint64_t *result)
{
    if (number.is_real) {
        if (isnan(number.real)) {
            return PyExc_ValueError;
        }
        long double whole = truncl(number.real);
        if (whole < 0 || whole >= 18446744073709551616.0L) {
            return PyExc_OverflowError;
        }
        *result = (uint64_t)whole;
        return NULL;
    }
    if (number.negative && number.magnitude != 0) {
        return PyExc_OverflowError;
    }
    *result = number.magnitude;
    return NULL;
}

double number_to_double(Number number)
{
    if (number.is_real) {
        return (double)number.real;
    }
    return number.negative ? -(double)number.magnitude : (double)number.magnitude;
}

float number_to_float(Number number)
{
    if (number.is_real) {
        return (float)number.real;
    }
    return number.negative ? -(float)number.magnitude : (float)number.magnitude;
}

PyObject *number_write(Number number, char code, void *bytes, size_t size, int little)
{
    uint64_t bits = 0;
    int64_t whole = 0;
    uint32_t word;
    PyObject *error = NULL;
    switch (code_kind(code)) {
    case '?':
        bits = number.is_real ? number.real != 0 : number.magnitude != 0;
        break;
    case 'i':
        error = number_to_int64(number, &whole);
        if (error == NULL && size < 8 && (whole >> (8 * size - 1) != 0 && whole >> (8 * size - 1) != -1)) {
            error = PyExc_OverflowError;
        }
        bits = (uint64_t)whole;
        break;
    case 'u':
        error = number_to_uint64(number, &bits);
        if (error == NULL && size < 8 && bits >> 8 * size != 0) {
            error = PyExc_OverflowError;
        }
        break;
    default:
        if (code == 'g') {
            long double most = number.is_real    ? number.real
                               : number.negative ? -(long double)number.magnitude
                                                 : (long double)number.magnitude;
            char raw[sizeof(long double)] = {0};
            /* The second of two doubles is no -0. */
            most = long_double_read(&most);
            memcpy(raw, &most, __LDBL_MANT_DIG__ == 64 ? 10 : sizeof(raw));
            reversed(bytes, raw, size, little != is_little('='));
            return NULL;
        }
        if (code == 'd') {
            double real = number_to_double(number);
            memcpy(&bits, &real, 8);
        }
        else if (code == 'f') {
            float single = number_to_float(number);
            memcpy(&word, &single, 4);
            bits = word;
        }
        else {
            /* A double has each half, and each integer that is not too large for one. */
            bits = half_write(number.is_real ? number.real : (long double)number_to_double(number));
        }
    }
    if (error == NULL) {
        bits_write(bytes, size, little, bits);
    }
    return error;
}

Number number_random(void)
{
    static const int powers[] = {7, 8, 15, 16, 31, 32, 63, 64, 10, 11, 24, 25, 53, 54, 0, 1, 2};
    int power = powers[below(COUNT(powers))];
    int64_t near = between(-2, 2);
    long double real;
    switch (below(9)) {
    case 0:
        return number_of_int(between(-3, 3));
    case 1:
        return number_of_int((power < 63 ? (int64_t)1 << power : INT64_MAX - 2) + near);
    case 2:
        return number_of_int((power < 63 ? -((int64_t)1 << power) : INT64_MIN + 2) + near);
    case 3:
        return number_of_uint((power == 64 ? UINT64_MAX - 2 : (uint64_t)1 << power) + (uint64_t)near);
    case 4:
        return number_of_uint(any64() >> below(64));
    case 5:
        real = ldexpl(1.0L, power) + (long double)near / (long double)(1 << below(12));
        return number_of_real(once_in(2) ? (double)real : (double)-real);
    case 6:
        real = ldexpl((long double)(int64_t)any64(), (int)between(-90, 10));
        return number_of_real((double)real);
    case 7:
        return number_of_real(once_in(2) ? 0.0L : once_in(2) ? -0.0L : ldexpl(1.0L, (int)between(-1074, 1023)));
    default:
        switch (below(24)) {
        case 0:
            return number_of_real((long double)NAN);
        case 1:
            return number_of_real((long double)INFINITY);
        case 2:
            return number_of_real((long double)-INFINITY);
        default:
            return number_of_real((float)ldexp((double)between(-100000, 100000), (int)between(-30, 5)));
        }
    }
}

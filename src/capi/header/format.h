/* Values to pack, and to look for: an integer of either sign, a float, a complex number, bytes, which stay where they
 * are. */
static inline pybuffer_value pybuffer_inline_int(int64_t number)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_SIGNED;
    value.as.i = number;
    return value;
}
static inline pybuffer_value pybuffer_inline_uint(uint64_t number)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_UNSIGNED;
    value.as.u = number;
    return value;
}
static inline pybuffer_value pybuffer_inline_real(double number)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_FLOAT;
    value.as.real = number;
    return value;
}
static inline pybuffer_value pybuffer_inline_complex(double real, double imaginary)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_COMPLEX;
    value.as.parts[0] = real;
    value.as.parts[1] = imaginary;
    return value;
}
static inline pybuffer_value pybuffer_inline_bytes_value(const char *start, Py_ssize_t length)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_BYTES;
    value.as.bytes.start = start;
    value.as.bytes.length = length;
    return value;
}
#define PYBUFFER_INT(number) pybuffer_inline_int(number)
#define PYBUFFER_UINT(number) pybuffer_inline_uint(number)
#define PYBUFFER_REAL(number) pybuffer_inline_real(number)
#define PYBUFFER_COMPLEX(real, imaginary) pybuffer_inline_complex((real), (imaginary))
#define PYBUFFER_BYTES(start, length) pybuffer_inline_bytes_value((start), (length))

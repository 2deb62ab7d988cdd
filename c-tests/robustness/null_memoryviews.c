/* NULL and nonsense to the functions of memoryviews' items and parts. See null.h. */
#include "null.h"

#define FUNCTIONS(F)                                                                                                   \
    F(pybuffer_memoryview_item_pointer) F(pybuffer_memoryview_get_item) F(pybuffer_memoryview_set_item)                \
    F(pybuffer_memoryview_get_int64) F(pybuffer_memoryview_get_uint64) F(pybuffer_memoryview_get_double)               \
    F(pybuffer_memoryview_set_int64) F(pybuffer_memoryview_set_uint64) F(pybuffer_memoryview_set_double)               \
    F(pybuffer_memoryview_values) F(pybuffer_memoryview_tobytes) F(pybuffer_memoryview_count)                          \
    F(pybuffer_memoryview_index) F(pybuffer_memoryview_iter) F(pybuffer_memoryview_next)                               \
    F(pybuffer_memoryview_next_item) F(pybuffer_memoryview_subscript) F(pybuffer_memoryview_assign)                    \
    F(pybuffer_memoryview_fill) F(pybuffer_memoryview_flip) F(pybuffer_memoryview_permute)                             \
    F(pybuffer_memoryview_broadcast) F(pybuffer_memoryview_reshape) F(pybuffer_memoryview_cast)                        \
    F(pybuffer_memoryview_toreadonly) F(pybuffer_memoryview_set_values) F(pybuffer_memoryview_new)                     \
    F(pybuffer_memoryview_copy) F(pybuffer_memoryview_select) F(pybuffer_memoryview_field)                             \
    F(pybuffer_memoryview_elements) F(pybuffer_memoryview_convert) F(pybuffer_memoryview_astype)

static const Py_ssize_t first_place[1] = {0};
static const pybuffer_subscript everything[1] = {PYBUFFER_ELLIPSIS};

/* A value that the bytes of `memoryview` can take. */
static pybuffer_value number(void)
{
    pybuffer_value value;
    memset(&value, 0, sizeof(value));
    value.kind = PYBUFFER_KIND_UNSIGNED;
    value.as.u = 'a';
    return value;
}

static void null_pybuffer_memoryview_item_pointer(void)
{
    FAILS_NULL(pybuffer_memoryview_item_pointer(NULL, first_place, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_item_pointer(memoryview, NULL, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_item_pointer(memoryview, first_place, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_item_pointer(memoryview, NULL, 0), PyExc_TypeError);
    FAILS_NULL(pybuffer_memoryview_item_pointer(bytes, first_place, 1), PyExc_TypeError);
}

static void null_pybuffer_memoryview_get_item(void)
{
    pybuffer_value value;
    FAILS(pybuffer_memoryview_get_item(NULL, first_place, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_get_item(memoryview, NULL, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_get_item(memoryview, first_place, 1, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_get_item(memoryview, first_place, -1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_get_item(memoryview, first_place, 1, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_get_item(memoryview, first_place, 1, &value, 0), PyExc_ValueError);
    FAILS(pybuffer_memoryview_get_item(bytes, first_place, 1, &value, 1), PyExc_TypeError);
}

static void null_pybuffer_memoryview_set_item(void)
{
    pybuffer_value value = number();
    FAILS(pybuffer_memoryview_set_item(NULL, first_place, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_item(memoryview, NULL, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_item(memoryview, first_place, 1, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_item(memoryview, first_place, -1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_item(memoryview, first_place, 1, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_item(memoryview, first_place, 1, &value, 0), PyExc_ValueError);
    FAILS(pybuffer_memoryview_set_item(bytes, first_place, 1, &value, 1), PyExc_TypeError);
    value.kind = -1;
    FAILS(pybuffer_memoryview_set_item(memoryview, first_place, 1, &value, 1), PyExc_TypeError);
    value.kind = PYBUFFER_KIND_BYTES;
    value.as.bytes.start = NULL;
    value.as.bytes.length = 1;
    FAILS(pybuffer_memoryview_set_item(memoryview, first_place, 1, &value, 1), PyExc_TypeError);
}

#define GETS_A_NUMBER(function, type)                                                                                  \
    static void null_##function(void)                                                                                  \
    {                                                                                                                  \
        type result = 7;                                                                                               \
        FAILS(function(NULL, first_place, 1, &result), PyExc_SystemError);                                             \
        FAILS(function(memoryview, NULL, 1, &result), PyExc_SystemError);                                              \
        FAILS(function(memoryview, first_place, 1, NULL), PyExc_SystemError);                                          \
        FAILS(function(memoryview, first_place, -1, &result), PyExc_SystemError);                                      \
        FAILS(function(bytes, first_place, 1, &result), PyExc_TypeError);                                              \
        CHECK(result == 7);                                                                                            \
    }
GETS_A_NUMBER(pybuffer_memoryview_get_int64, int64_t)
GETS_A_NUMBER(pybuffer_memoryview_get_uint64, uint64_t)
GETS_A_NUMBER(pybuffer_memoryview_get_double, double)

#define SETS_A_NUMBER(function)                                                                                        \
    static void null_##function(void)                                                                                  \
    {                                                                                                                  \
        FAILS(function(NULL, first_place, 1, 1), PyExc_SystemError);                                                   \
        FAILS(function(memoryview, NULL, 1, 1), PyExc_SystemError);                                                    \
        FAILS(function(memoryview, first_place, -1, 1), PyExc_SystemError);                                            \
        FAILS(function(bytes, first_place, 1, 1), PyExc_TypeError);                                                    \
    }
SETS_A_NUMBER(pybuffer_memoryview_set_int64)
SETS_A_NUMBER(pybuffer_memoryview_set_uint64)
SETS_A_NUMBER(pybuffer_memoryview_set_double)

static void null_pybuffer_memoryview_values(void)
{
    pybuffer_value values[3];
    FAILS(pybuffer_memoryview_values(NULL, values, 3), PyExc_SystemError);
    FAILS(pybuffer_memoryview_values(memoryview, NULL, 3), PyExc_SystemError);
    FAILS(pybuffer_memoryview_values(memoryview, values, -1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_values(memoryview, values, PY_SSIZE_T_MAX), PyExc_ValueError);
    FAILS(pybuffer_memoryview_values(bytes, values, 10), PyExc_TypeError);
}

static void null_pybuffer_memoryview_set_values(void)
{
    pybuffer_value values[3] = {PYBUFFER_UINT('a'), PYBUFFER_UINT('b'), PYBUFFER_UINT('c')};
    FAILS(pybuffer_memoryview_set_values(NULL, values, 3), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_values(memoryview, NULL, 3), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_values(memoryview, values, -1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_set_values(memoryview, values, PY_SSIZE_T_MAX), PyExc_ValueError);
    FAILS(pybuffer_memoryview_set_values(bytes, values, 10), PyExc_TypeError);
    values[2].kind = -1;
    FAILS(pybuffer_memoryview_set_values(memoryview, values, 3), PyExc_TypeError);
}

static void null_pybuffer_memoryview_new(void)
{
    static const Py_ssize_t shape[2] = {2, 3}, negative[2] = {0, -1}, huge[2] = {PY_SSIZE_T_MAX, 2};
    FAILS_NULL(pybuffer_memoryview_new(NULL, 2, shape, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_new("B", 2, NULL, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_new("B", -1, shape, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_new("B", 2, shape, 'A'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_new("B", 2, negative, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_new("no format", 2, shape, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_new("B", 2, huge, 'C'), PyExc_MemoryError);
}

static void null_pybuffer_memoryview_copy(void)
{
    FAILS_NULL(pybuffer_memoryview_copy(NULL, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_copy(memoryview, 'X'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_copy(bytes, 'C'), PyExc_TypeError);
}

static void null_pybuffer_memoryview_tobytes(void)
{
    FAILS_NULL(pybuffer_memoryview_tobytes(NULL, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_tobytes(memoryview, 'X'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_tobytes(bytes, 'C'), PyExc_TypeError);
}

static void null_pybuffer_memoryview_count(void)
{
    pybuffer_value value = number();
    FAILS(pybuffer_memoryview_count(NULL, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_count(memoryview, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_count(memoryview, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_count(memoryview, &value, 0), PyExc_ValueError);
    FAILS(pybuffer_memoryview_count(bytes, &value, 1), PyExc_TypeError);
    value.kind = 99;
    FAILS(pybuffer_memoryview_count(memoryview, &value, 1), PyExc_TypeError);
}

static void null_pybuffer_memoryview_index(void)
{
    pybuffer_value value = number();
    FAILS(pybuffer_memoryview_index(NULL, &value, 1, 0, 3), PyExc_SystemError);
    FAILS(pybuffer_memoryview_index(memoryview, NULL, 1, 0, 3), PyExc_SystemError);
    FAILS(pybuffer_memoryview_index(memoryview, &value, -1, 0, 3), PyExc_SystemError);
    FAILS(pybuffer_memoryview_index(memoryview, &value, 1, PY_SSIZE_T_MAX, PY_SSIZE_T_MIN), PyExc_ValueError);
    FAILS(pybuffer_memoryview_index(bytes, &value, 1, 0, 3), PyExc_TypeError);
}

static void null_pybuffer_memoryview_iter(void)
{
    FAILS_NULL(pybuffer_memoryview_iter(NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_iter(bytes), PyExc_TypeError);
}

static void null_pybuffer_memoryview_next(void)
{
    FAILS_NULL(pybuffer_memoryview_next(NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_next(memoryview), PyExc_TypeError);
}

static void null_pybuffer_memoryview_next_item(void)
{
    pybuffer_value value;
    PyObject *iterator = pybuffer_memoryview_iter(memoryview);
    FAILS(pybuffer_memoryview_next_item(NULL, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_next_item(iterator, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_next_item(iterator, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_next_item(memoryview, &value, 1), PyExc_TypeError);
    Py_DECREF(iterator);
}

static void null_pybuffer_memoryview_subscript(void)
{
    static const pybuffer_subscript kinds[] = {{-1, 0, 0, 1}, {4, 0, 0, 1}};
    FAILS_NULL(pybuffer_memoryview_subscript(NULL, everything, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_subscript(memoryview, NULL, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_subscript(memoryview, everything, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_subscript(memoryview, kinds, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_subscript(memoryview, kinds + 1, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_subscript(bytes, everything, 1), PyExc_TypeError);
}

static void null_pybuffer_memoryview_assign(void)
{
    FAILS(pybuffer_memoryview_assign(NULL, everything, 1, bytes), PyExc_SystemError);
    FAILS(pybuffer_memoryview_assign(memoryview, NULL, 1, bytes), PyExc_SystemError);
    FAILS(pybuffer_memoryview_assign(memoryview, everything, 1, NULL), PyExc_SystemError);
    FAILS(pybuffer_memoryview_assign(memoryview, everything, -1, bytes), PyExc_SystemError);
    FAILS(pybuffer_memoryview_assign(bytes, everything, 1, bytes), PyExc_TypeError);
    FAILS(pybuffer_memoryview_assign(memoryview, everything, 1, plain), PyExc_TypeError);
}

static void null_pybuffer_memoryview_fill(void)
{
    pybuffer_value value = number();
    FAILS(pybuffer_memoryview_fill(NULL, everything, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_fill(memoryview, NULL, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_fill(memoryview, everything, 1, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_fill(memoryview, everything, -1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_fill(memoryview, everything, 1, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_memoryview_fill(memoryview, everything, 1, &value, 0), PyExc_ValueError);
    FAILS(pybuffer_memoryview_fill(bytes, everything, 1, &value, 1), PyExc_TypeError);
}

static void null_pybuffer_memoryview_flip(void)
{
    FAILS_NULL(pybuffer_memoryview_flip(NULL, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_flip(bytes, 0), PyExc_TypeError);
    FAILS_NULL(pybuffer_memoryview_flip(memoryview, 1), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_flip(memoryview, -2), PyExc_ValueError);
}

static void null_pybuffer_memoryview_permute(void)
{
    int axes[2] = {0, 1};
    FAILS_NULL(pybuffer_memoryview_permute(NULL, axes, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_permute(bytes, axes, 1), PyExc_TypeError);
    FAILS_NULL(pybuffer_memoryview_permute(memoryview, axes, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_permute(memoryview, axes, 2), PyExc_ValueError);
}

static void null_pybuffer_memoryview_broadcast(void)
{
    Py_ssize_t shape[2] = {2, 3}, negative[1] = {-3};
    FAILS_NULL(pybuffer_memoryview_broadcast(NULL, 2, shape), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_broadcast(memoryview, 2, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_broadcast(memoryview, -1, shape), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_broadcast(memoryview, 65, shape), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_broadcast(memoryview, 1, negative), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_broadcast(bytes, 2, shape), PyExc_TypeError);
}

static void null_pybuffer_memoryview_reshape(void)
{
    Py_ssize_t shape[2] = {3, 1}, negative[2] = {-3, -1}, huge[2] = {PY_SSIZE_T_MAX, 3};
    FAILS_NULL(pybuffer_memoryview_reshape(NULL, 2, shape, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_reshape(memoryview, 2, NULL, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_reshape(memoryview, -1, shape, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_reshape(memoryview, 2, shape, 'A'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_reshape(memoryview, 2, shape, 'X'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_reshape(memoryview, 2, negative, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_reshape(memoryview, 2, huge, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_reshape(bytes, 2, shape, 'C'), PyExc_TypeError);
}

static void null_pybuffer_memoryview_cast(void)
{
    Py_ssize_t shape[2] = {3, 1}, negative[2] = {-3, -1}, huge[2] = {PY_SSIZE_T_MAX, 3};
    FAILS_NULL(pybuffer_memoryview_cast(NULL, "B", 2, shape, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, NULL, 2, shape, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, "B", -1, shape, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, "B", 2, shape, 'A'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, "B", 2, negative, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, "B", 2, huge, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, "B", 65, shape, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, "no format", 2, shape, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_cast(memoryview, "", 0, NULL, 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_cast(bytes, "B", 2, shape, 'C'), PyExc_TypeError);
}

static void null_pybuffer_memoryview_toreadonly(void)
{
    FAILS_NULL(pybuffer_memoryview_toreadonly(NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_toreadonly(bytes), PyExc_TypeError);
}

static void null_pybuffer_memoryview_select(void)
{
    FAILS_NULL(pybuffer_memoryview_select(NULL, ":"), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_select(memoryview, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_select(memoryview, ""), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_select(bytes, ":"), PyExc_TypeError);
}

static void null_pybuffer_memoryview_field(void)
{
    FAILS_NULL(pybuffer_memoryview_field(NULL, "x"), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_field(memoryview, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_field(memoryview, ""), PyExc_TypeError);
    FAILS_NULL(pybuffer_memoryview_field(bytes, "x"), PyExc_TypeError);
}

static void null_pybuffer_memoryview_elements(void)
{
    FAILS_NULL(pybuffer_memoryview_elements(NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_elements(bytes), PyExc_TypeError);
}

static void null_pybuffer_memoryview_convert(void)
{
    FAILS(pybuffer_memoryview_convert(NULL, bytes), PyExc_SystemError);
    FAILS(pybuffer_memoryview_convert(memoryview, NULL), PyExc_SystemError);
    FAILS(pybuffer_memoryview_convert(bytes, memoryview), PyExc_TypeError);
    FAILS(pybuffer_memoryview_convert(memoryview, plain), PyExc_TypeError);
    FAILS(pybuffer_memoryview_convert(memoryview, bytes), PyExc_ValueError);
}

static void null_pybuffer_memoryview_astype(void)
{
    FAILS_NULL(pybuffer_memoryview_astype(NULL, "d", 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_astype(memoryview, NULL, 'C'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_astype(memoryview, "d", 'X'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_astype(memoryview, "d", '\0'), PyExc_SystemError);
    FAILS_NULL(pybuffer_memoryview_astype(memoryview, "no format", 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_astype(memoryview, "", 'C'), PyExc_ValueError);
    FAILS_NULL(pybuffer_memoryview_astype(bytes, "d", 'C'), PyExc_TypeError);
}

NULL_MAIN()

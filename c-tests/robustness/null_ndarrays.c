/* NULL and nonsense to the functions of ndarrays. See null.h. */
#include "null.h"

#define FUNCTIONS(F)                                                                                                   \
    F(pybuffer_ndarray_new) F(pybuffer_ndarray_from_values) F(pybuffer_ndarray_zeros) F(pybuffer_ndarray_from_object)  \
    F(pybuffer_ndarray_push) F(pybuffer_ndarray_push_values) F(pybuffer_ndarray_pop) F(pybuffer_ndarray_get_state)     \
    F(pybuffer_ndarray_subscript) F(pybuffer_ndarray_assign) F(pybuffer_ndarray_add_suboffsets)                        \
    F(pybuffer_verify_structure)

static const pybuffer_subscript everything[1] = {PYBUFFER_ELLIPSIS};
static const Py_ssize_t of_four[1] = {4}, of_minus[1] = {-4}, of_one[1] = {1};
static const pybuffer_value four_values[4] = {{.kind = PYBUFFER_KIND_UNSIGNED}, {.kind = PYBUFFER_KIND_UNSIGNED},
                                              {.kind = PYBUFFER_KIND_UNSIGNED}, {.kind = PYBUFFER_KIND_UNSIGNED}};

static PyObject *ndarray(void)
{
    return pybuffer_ndarray_new("abcd", 4, "B", 1, of_four, NULL, 0, PYBUFFER_ND_WRITABLE);
}

static void null_pybuffer_ndarray_new(void)
{
    FAILS_NULL(pybuffer_ndarray_new(NULL, 4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", -4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "B", 1, NULL, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "B", -1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "y", 1, of_four, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "", 1, of_four, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "B", 1, of_minus, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "B", 1, of_four, NULL, 0, 0x200), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "B", 1, of_four, NULL, 0, INT_MIN), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 0, "B", 1, of_four, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "B", 1, of_four, NULL, PY_SSIZE_T_MAX, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, "B", 1, of_four, NULL, PY_SSIZE_T_MIN, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_new("abcd", 4, NULL, 0, NULL, NULL, 0, PYBUFFER_ND_PIL), PyExc_TypeError);
    PyObject *scalar = pybuffer_ndarray_new("abcd", 4, NULL, 0, NULL, NULL, 0, 0); /* these may be NULL */
    CHECK(scalar != NULL);
    Py_XDECREF(scalar);
}

static void null_pybuffer_ndarray_from_values(void)
{
    static const pybuffer_value nonsense[1] = {{.kind = -1}};
    FAILS_NULL(pybuffer_ndarray_from_values(NULL, 4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_from_values(four_values, -4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_from_values(four_values, 4, "B", 1, NULL, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_from_values(four_values, 4, "B", -1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_from_values(four_values, 4, "y", 1, of_four, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_from_values(four_values, 4, "4x", 1, of_four, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_from_values(four_values, 4, "BBB", 1, of_one, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_from_values(four_values, 0, "B", 1, of_one, NULL, 0, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_from_values(nonsense, 1, "B", 1, of_one, NULL, 0, 0), PyExc_TypeError);
    PyObject *bytes_of_values = pybuffer_ndarray_from_values(four_values, 4, NULL, 1, of_four, NULL, 0, 0);
    CHECK(bytes_of_values != NULL);
    Py_XDECREF(bytes_of_values);
}

static void null_pybuffer_ndarray_zeros(void)
{
    static const Py_ssize_t most[2] = {PY_SSIZE_T_MAX, PY_SSIZE_T_MAX};
    FAILS_NULL(pybuffer_ndarray_zeros("B", 1, NULL, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_zeros("B", -1, of_four, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_zeros("B", 1, of_minus, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_zeros("y", 1, of_four, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_ndarray_zeros("B", 2, most, 0), PyExc_MemoryError);
    FAILS_NULL(pybuffer_ndarray_zeros("B", 1, most, 0), PyExc_MemoryError);
    FAILS_NULL(pybuffer_ndarray_zeros("d", 1, most, PYBUFFER_ND_PIL), PyExc_MemoryError);
    FAILS_NULL(pybuffer_ndarray_zeros("B", 1, of_four, 0x1000), PyExc_ValueError);
    PyObject *scalar = pybuffer_ndarray_zeros(NULL, 0, NULL, 0);
    CHECK(scalar != NULL);
    Py_XDECREF(scalar);
}

static void null_pybuffer_ndarray_from_object(void)
{
    FAILS_NULL(pybuffer_ndarray_from_object(NULL, PyBUF_SIMPLE, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_from_object(plain, PyBUF_SIMPLE, 0), PyExc_TypeError);
    FAILS_NULL(pybuffer_ndarray_from_object(bytes, PyBUF_SIMPLE, PYBUFFER_ND_PIL), PyExc_TypeError);
    FAILS_NULL(pybuffer_ndarray_from_object(bytes, PyBUF_SIMPLE, -1), PyExc_TypeError);
    FAILS_NULL(pybuffer_ndarray_from_object(bytes, PyBUF_READ, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_from_object(bytes, PyBUF_WRITE, 0), PyExc_SystemError);
}

static void null_pybuffer_ndarray_push(void)
{
    PyObject *nd = ndarray();
    FAILS(pybuffer_ndarray_push(NULL, "abcd", 4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push(nd, NULL, 4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push(nd, "abcd", -1, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push(nd, "abcd", 4, "B", 1, NULL, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push(nd, "abcd", 4, "B", -1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push(nd, "abcd", 4, "B", 1, of_four, NULL, 0, PYBUFFER_ND_VAREXPORT), PyExc_ValueError);
    FAILS(pybuffer_ndarray_push(bytes, "abcd", 4, "B", 1, of_four, NULL, 0, 0), PyExc_TypeError);
    Py_DECREF(nd);
}

static void null_pybuffer_ndarray_push_values(void)
{
    PyObject *nd = ndarray();
    FAILS(pybuffer_ndarray_push_values(NULL, four_values, 4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push_values(nd, NULL, 4, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push_values(nd, four_values, -1, "B", 1, of_four, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push_values(nd, four_values, 4, "B", 1, NULL, NULL, 0, 0), PyExc_SystemError);
    FAILS(pybuffer_ndarray_push_values(bytes, four_values, 4, "B", 1, of_four, NULL, 0, 0), PyExc_TypeError);
    Py_DECREF(nd);
}

static void null_pybuffer_ndarray_pop(void)
{
    FAILS(pybuffer_ndarray_pop(NULL), PyExc_SystemError);
    FAILS(pybuffer_ndarray_pop(bytes), PyExc_TypeError);
}

static void null_pybuffer_ndarray_get_state(void)
{
    pybuffer_ndarray_state state;
    PyObject *nd = ndarray();
    FAILS(pybuffer_ndarray_get_state(NULL, &state), PyExc_SystemError);
    FAILS(pybuffer_ndarray_get_state(nd, NULL), PyExc_SystemError);
    FAILS(pybuffer_ndarray_get_state(bytes, &state), PyExc_TypeError);
    Py_DECREF(nd);
}

static void null_pybuffer_ndarray_subscript(void)
{
    static const pybuffer_subscript kinds[] = {{-1, 0, 0, 1}, {4, 0, 0, 1}};
    PyObject *nd = ndarray();
    FAILS_NULL(pybuffer_ndarray_subscript(NULL, everything, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_subscript(nd, NULL, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_subscript(nd, everything, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_subscript(nd, kinds, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_subscript(nd, kinds + 1, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_ndarray_subscript(bytes, everything, 1), PyExc_TypeError);
    Py_DECREF(nd);
}

static void null_pybuffer_ndarray_assign(void)
{
    PyObject *nd = ndarray();
    FAILS(pybuffer_ndarray_assign(NULL, everything, 1, bytes), PyExc_SystemError);
    FAILS(pybuffer_ndarray_assign(nd, NULL, 1, bytes), PyExc_SystemError);
    FAILS(pybuffer_ndarray_assign(nd, everything, 1, NULL), PyExc_SystemError);
    FAILS(pybuffer_ndarray_assign(nd, everything, -1, bytes), PyExc_SystemError);
    FAILS(pybuffer_ndarray_assign(bytes, everything, 1, bytes), PyExc_TypeError);
    FAILS(pybuffer_ndarray_assign(nd, everything, 1, plain), PyExc_TypeError);
    Py_DECREF(nd);
}

static void null_pybuffer_ndarray_add_suboffsets(void)
{
    FAILS(pybuffer_ndarray_add_suboffsets(NULL), PyExc_SystemError);
    FAILS(pybuffer_ndarray_add_suboffsets(bytes), PyExc_TypeError);
}

static void null_pybuffer_verify_structure(void)
{
    FAILS(pybuffer_verify_structure(4, 1, 1, NULL, of_one, 0), PyExc_SystemError);
    FAILS(pybuffer_verify_structure(4, 1, 1, of_four, NULL, 0), PyExc_SystemError);
    CHECK_INT(pybuffer_verify_structure(4, 1, 0, NULL, NULL, 0), 1);
    CHECK_INT(pybuffer_verify_structure(4, 1, -1, of_four, of_one, 0), 0);
    CHECK_INT(pybuffer_verify_structure(4, 0, 1, of_four, of_one, 0), 0);
    CHECK_INT(pybuffer_verify_structure(-4, 1, 1, of_four, of_one, 0), 0);
    CHECK_INT(pybuffer_verify_structure(4, 1, 1, of_minus, of_one, 0), 0);
    CHECK_INT(pybuffer_verify_structure(4, 1, 1, of_four, of_one, 0), 1);
}

NULL_MAIN()

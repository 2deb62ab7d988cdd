/* NULL and nonsense to the functions of views without objects. See null.h. */
#include "null.h"

#define FUNCTIONS(F)                                                                                                   \
    F(pybuffer_view_complete) F(pybuffer_view_check) F(pybuffer_view_answer) F(pybuffer_view_subscript)                \
    F(pybuffer_view_select) F(pybuffer_view_permute) F(pybuffer_view_broadcast) F(pybuffer_view_reshape)               \
    F(pybuffer_view_cast) F(pybuffer_view_field) F(pybuffer_view_elements) F(pybuffer_view_get_item)                   \
    F(pybuffer_view_set_item) F(pybuffer_view_values) F(pybuffer_view_fill) F(pybuffer_view_copy)                      \
    F(pybuffer_view_convert) F(pybuffer_view_equal) F(pybuffer_view_hash)

static char data[3] = "abc";
static Py_ssize_t three[1] = {3}, minus[1] = {-3};
static Py_buffer result, good = {.buf = data, .len = 3, .itemsize = 1, .ndim = 1, .shape = three};
static const Py_buffer negative = {.buf = data, .len = 3, .itemsize = 1, .ndim = -1, .shape = three};
static pybuffer_view_storage storage;
static char format[8];
static pybuffer_value value;

/* Each function that makes a view, with NULL for one of the three and with a view that contradicts itself. */
#define MAKES(function, ...)                                                                                           \
    (FAILS(function(NULL, &storage, &good __VA_ARGS__), PyExc_SystemError),                                            \
     FAILS(function(&result, NULL, &good __VA_ARGS__), PyExc_SystemError),                                             \
     FAILS(function(&result, &storage, NULL __VA_ARGS__), PyExc_SystemError),                                          \
     FAILS(function(&result, &storage, &negative __VA_ARGS__), PyExc_BufferError))
#define WITH ,

static void null_pybuffer_view_complete(void)
{
    static Py_ssize_t many[65];
    const Py_buffer deep = {.buf = data, .len = 3, .itemsize = 1, .ndim = 65, .shape = many};
    MAKES(pybuffer_view_complete, );
    FAILS(pybuffer_view_complete(&result, &storage, &deep), PyExc_ValueError);
}

static void null_pybuffer_view_check(void)
{
    FAILS(pybuffer_view_check(NULL, PyBUF_FULL_RO), PyExc_SystemError);
    FAILS(pybuffer_view_check(&good, PyBUF_READ), PyExc_SystemError);
    FAILS(pybuffer_view_check(&negative, PyBUF_SIMPLE), PyExc_BufferError);
}

static void null_pybuffer_view_answer(void)
{
    FAILS(pybuffer_view_answer(NULL, &good, PyBUF_SIMPLE, "x"), PyExc_SystemError);
    result.obj = bytes;
    FAILS(pybuffer_view_answer(&result, NULL, PyBUF_SIMPLE, "x"), PyExc_SystemError);
    CHECK_PTR(result.obj, NULL);
    result.obj = bytes;
    FAILS(pybuffer_view_answer(&result, &good, PyBUF_SIMPLE, NULL), PyExc_SystemError);
    CHECK_PTR(result.obj, NULL);
    FAILS(pybuffer_view_answer(&result, &good, PyBUF_WRITE, "x"), PyExc_SystemError);
    result.obj = bytes;
    FAILS(pybuffer_view_answer(&result, &negative, PyBUF_SIMPLE, "x"), PyExc_BufferError);
    CHECK_PTR(result.obj, NULL);
}

static void null_pybuffer_view_subscript(void)
{
    const pybuffer_subscript strange[1] = {{9, 0, 0, 0}};
    MAKES(pybuffer_view_subscript, WITH NULL WITH 0);
    FAILS(pybuffer_view_subscript(&result, &storage, &good, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_view_subscript(&result, &storage, &good, NULL, -1), PyExc_SystemError);
    FAILS(pybuffer_view_subscript(&result, &storage, &good, strange, 1), PyExc_SystemError);
}

static void null_pybuffer_view_select(void)
{
    MAKES(pybuffer_view_select, WITH "0");
    FAILS(pybuffer_view_select(&result, &storage, &good, NULL), PyExc_SystemError);
    FAILS(pybuffer_view_select(&result, &storage, &good, "x"), PyExc_ValueError);
}

static void null_pybuffer_view_permute(void)
{
    const int axes[1] = {1};
    MAKES(pybuffer_view_permute, WITH NULL WITH 0);
    FAILS(pybuffer_view_permute(&result, &storage, &good, axes, 1), PyExc_ValueError);
    FAILS(pybuffer_view_permute(&result, &storage, &good, axes, 0), PyExc_ValueError);
    FAILS(pybuffer_view_permute(&result, &storage, &good, axes, -1), PyExc_SystemError);
}

static void null_pybuffer_view_broadcast(void)
{
    MAKES(pybuffer_view_broadcast, WITH 1 WITH three);
    FAILS(pybuffer_view_broadcast(&result, &storage, &good, 1, NULL), PyExc_SystemError);
    FAILS(pybuffer_view_broadcast(&result, &storage, &good, -1, three), PyExc_SystemError);
    FAILS(pybuffer_view_broadcast(&result, &storage, &good, 1, minus), PyExc_ValueError);
    FAILS(pybuffer_view_broadcast(&result, &storage, &good, 0, NULL), PyExc_ValueError);
}

static void null_pybuffer_view_reshape(void)
{
    MAKES(pybuffer_view_reshape, WITH 1 WITH three WITH 'C');
    FAILS(pybuffer_view_reshape(&result, &storage, &good, 1, NULL, 'C'), PyExc_SystemError);
    FAILS(pybuffer_view_reshape(&result, &storage, &good, -1, three, 'C'), PyExc_SystemError);
    FAILS(pybuffer_view_reshape(&result, &storage, &good, 1, three, 'A'), PyExc_SystemError);
    FAILS(pybuffer_view_reshape(&result, &storage, &good, 0, NULL, 'C'), PyExc_ValueError);
}

static void null_pybuffer_view_cast(void)
{
    MAKES(pybuffer_view_cast, WITH "b" WITH 0 WITH NULL WITH 0);
    FAILS(pybuffer_view_cast(&result, &storage, &good, NULL, 0, NULL, 'C'), PyExc_SystemError);
    FAILS(pybuffer_view_cast(&result, &storage, &good, "b", -1, three, 'C'), PyExc_SystemError);
    FAILS(pybuffer_view_cast(&result, &storage, &good, "b", 1, three, 'x'), PyExc_SystemError);
    FAILS(pybuffer_view_cast(&result, &storage, &good, "h", 0, NULL, 'C'), PyExc_TypeError);
    FAILS(pybuffer_view_cast(&result, &storage, &good, "!!", 0, NULL, 'C'), PyExc_ValueError);
}

static void null_pybuffer_view_field(void)
{
    MAKES(pybuffer_view_field, WITH "x" WITH format WITH 8);
    FAILS(pybuffer_view_field(&result, &storage, &good, NULL, format, 8), PyExc_SystemError);
    FAILS(pybuffer_view_field(&result, &storage, &good, "x", NULL, 8), PyExc_SystemError);
    FAILS(pybuffer_view_field(&result, &storage, &good, "x", format, -1), PyExc_SystemError);
    FAILS(pybuffer_view_field(&result, &storage, &good, "x", NULL, 0), PyExc_TypeError);
}

static void null_pybuffer_view_elements(void)
{
    MAKES(pybuffer_view_elements, WITH format WITH 8);
    FAILS(pybuffer_view_elements(&result, &storage, &good, NULL, 8), PyExc_SystemError);
    FAILS(pybuffer_view_elements(&result, &storage, &good, format, -1), PyExc_SystemError);
}

static void null_pybuffer_view_get_item(void)
{
    const Py_ssize_t first[1] = {0};
    FAILS(pybuffer_view_get_item(NULL, first, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_get_item(&negative, first, 1, &value, 1), PyExc_BufferError);
    FAILS(pybuffer_view_get_item(&good, NULL, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_get_item(&good, first, -1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_get_item(&good, first, 1, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_view_get_item(&good, first, 1, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_view_get_item(&good, first, 1, &value, 0), PyExc_ValueError);
    FAILS(pybuffer_view_get_item(&good, NULL, 0, &value, 1), PyExc_TypeError);
}

static void null_pybuffer_view_set_item(void)
{
    const Py_ssize_t first[1] = {0};
    value = PYBUFFER_INT('a');
    FAILS(pybuffer_view_set_item(NULL, first, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_set_item(&negative, first, 1, &value, 1), PyExc_BufferError);
    FAILS(pybuffer_view_set_item(&good, NULL, 1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_set_item(&good, first, -1, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_set_item(&good, first, 1, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_view_set_item(&good, first, 1, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_view_set_item(&good, first, 1, &value, 0), PyExc_ValueError);
    FAILS(pybuffer_view_set_item(&good, NULL, 0, &value, 1), PyExc_TypeError);
}

static void null_pybuffer_view_values(void)
{
    FAILS(pybuffer_view_values(NULL, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_values(&negative, &value, 1), PyExc_BufferError);
    FAILS(pybuffer_view_values(&good, NULL, 3), PyExc_SystemError);
    FAILS(pybuffer_view_values(&good, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_view_values(&good, &value, 1), PyExc_ValueError);
}

static void null_pybuffer_view_fill(void)
{
    value = PYBUFFER_INT('a');
    FAILS(pybuffer_view_fill(NULL, &value, 1), PyExc_SystemError);
    FAILS(pybuffer_view_fill(&negative, &value, 1), PyExc_BufferError);
    FAILS(pybuffer_view_fill(&good, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_view_fill(&good, &value, -1), PyExc_SystemError);
    FAILS(pybuffer_view_fill(&good, &value, 0), PyExc_ValueError);
}

static void null_pybuffer_view_copy(void)
{
    FAILS(pybuffer_view_copy(NULL, &good), PyExc_SystemError);
    FAILS(pybuffer_view_copy(&good, NULL), PyExc_SystemError);
    FAILS(pybuffer_view_copy(&negative, &good), PyExc_BufferError);
    FAILS(pybuffer_view_copy(&good, &negative), PyExc_BufferError);
}

static void null_pybuffer_view_convert(void)
{
    FAILS(pybuffer_view_convert(NULL, &good), PyExc_SystemError);
    FAILS(pybuffer_view_convert(&good, NULL), PyExc_SystemError);
    FAILS(pybuffer_view_convert(&negative, &good), PyExc_BufferError);
    FAILS(pybuffer_view_convert(&good, &negative), PyExc_BufferError);
}

static void null_pybuffer_view_equal(void)
{
    FAILS(pybuffer_view_equal(NULL, &good, 0), PyExc_SystemError);
    FAILS(pybuffer_view_equal(&good, NULL, 1), PyExc_SystemError);
    FAILS(pybuffer_view_equal(&negative, &good, 1), PyExc_BufferError);
    FAILS(pybuffer_view_equal(&good, &negative, 0), PyExc_BufferError);
}

static void null_pybuffer_view_hash(void)
{
    FAILS(pybuffer_view_hash(NULL), PyExc_SystemError);
    FAILS(pybuffer_view_hash(&negative), PyExc_BufferError);
    FAILS(pybuffer_view_hash(&good), PyExc_ValueError);
}

NULL_MAIN()

/* An omitted start, stop or step (then 1) of a slice. */
#define PYBUFFER_ABSENT PY_SSIZE_T_MIN

/* Initializers of a pybuffer_subscript:
 *
 *     pybuffer_subscript upper_left[2] = {PYBUFFER_SLICE(0, 2, 1), PYBUFFER_SLICE(0, 3, 1)};
 *     pybuffer_subscript red[2] = {PYBUFFER_ELLIPSIS, PYBUFFER_AT(0)};
 *     pybuffer_subscript upside_down[1] = {PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, -1)};
 */
#define PYBUFFER_AT(index) { PYBUFFER_SUBSCRIPT_INDEX, (index), 0, 0 }
#define PYBUFFER_SLICE(start, stop, step) { PYBUFFER_SUBSCRIPT_SLICE, (start), (stop), (step) }
#define PYBUFFER_ALL PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, PYBUFFER_ABSENT)
#define PYBUFFER_ELLIPSIS { PYBUFFER_SUBSCRIPT_ELLIPSIS, 0, 0, 0 }
#define PYBUFFER_NEWAXIS { PYBUFFER_SUBSCRIPT_NEWAXIS, 0, 0, 0 }

/* The same as values, for assignments, arguments and C++, and for numbers of any integer type. (In braces C++ takes no size_t.)
 *
 *     pybuffer_subscript crop[2] = {pybuffer_slice(y, y + height, 1), pybuffer_slice(x, x + width, 1)};
 */
static inline pybuffer_subscript pybuffer_at(Py_ssize_t index)
{
    pybuffer_subscript subscript = PYBUFFER_AT(index);
    return subscript;
}

static inline pybuffer_subscript pybuffer_slice(Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step)
{
    pybuffer_subscript subscript = PYBUFFER_SLICE(start, stop, step);
    return subscript;
}

static inline pybuffer_subscript pybuffer_all(void)
{
    pybuffer_subscript subscript = PYBUFFER_ALL;
    return subscript;
}

static inline pybuffer_subscript pybuffer_ellipsis(void)
{
    pybuffer_subscript subscript = PYBUFFER_ELLIPSIS;
    return subscript;
}

static inline pybuffer_subscript pybuffer_newaxis(void)
{
    pybuffer_subscript subscript = PYBUFFER_NEWAXIS;
    return subscript;
}

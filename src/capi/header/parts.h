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

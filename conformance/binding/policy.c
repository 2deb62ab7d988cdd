/* What CPython's memoryview refuses though the library does it: all of it is here, with the reason to refuse it. The tests
 * of CPython ask for these exceptions. Without this file the type would do more than CPython's, and nothing less.
 */
#include "binding.h"

#include <string.h>

static const struct {
    PyObject **exception;
    const char *message;
} REFUSALS[] = {
    /* CPython gives and takes items of one native code only; the library those of all formats. That it is one code is seen
     * first, which code it is with the item. */
#define ITEM_FORMAT 0
    {&PyExc_NotImplementedError, "memoryview: format %s not supported"},
    /* An index for the first of several axes would give a sub-view; the library makes it. */
#define SUB_VIEW 1
    {&PyExc_NotImplementedError, "multi-dimensional sub-views are not implemented"},
    /* Tuples with fewer indices than axes. */
#define SUB_VIEW_OF_INDICES 2
    {&PyExc_NotImplementedError, "sub-views are not implemented"},
    /* A slice for each of several axes; the library makes it. */
#define SLICES 3
    {&PyExc_NotImplementedError, "multi-dimensional slicing is not implemented"},
    /* Assignment to slices of more than one axis; the library does it. */
#define ASSIGNED_SLICES 4
    {&PyExc_NotImplementedError, "memoryview slice assignments are currently restricted to ndim = 1"},
    /* A view of no axes has no index, no slice and no iterator, only () and `...`. (The library says so, too, with
     * IndexError or TypeError, depending on the function.) */
#define NO_AXES 5
    {&PyExc_TypeError, "invalid indexing of 0-dim memory"},
    /* More indices than axes. (The library says so, too.) */
#define TOO_MANY 6
    {&PyExc_TypeError, "cannot index %zd-dimension view with %zd-element tuple"},
    /* Tuples of both integers and slices, and `...` for several axes; the library takes them. */
#define MIXED 7
    {&PyExc_TypeError, "memoryview: invalid slice key"},
    /* Casts to any format of the library's. */
#define CAST_FORMAT 8
    {&PyExc_ValueError,
#if PY_VERSION_HEX >= 0x030F0000
     "memoryview: destination format must be a native format prefixed with an optional '@'"},
#else
     "memoryview: destination format must be a native single character format prefixed with an optional '@'"},
#endif
    /* Casts of Fortran-contiguous views to one axis (which CPython 3.16 has). */
#define CAST_FORTRAN 9
    {&PyExc_TypeError, "memoryview: casts are restricted to C-contiguous views"},
    /* Items of a view of no axes, or of several, are not looked for. (The library says so, too, where the value has another
     * number of parts.) */
#define LOOKUP_NO_AXES 10
    {&PyExc_TypeError, "invalid lookup on 0-dim memory"},
#define LOOKUP 11
    {&PyExc_NotImplementedError, "multi-dimensional lookup is not implemented"},
};

#define REFUSE(what, ...) (PyErr_Format(*REFUSALS[what].exception, REFUSALS[what].message, ##__VA_ARGS__), -1)

/* Codes that CPython's memoryview knows; half floats came with 3.12. */
#if PY_VERSION_HEX >= 0x030C0000
#  define CODES "?cbBhHiIlLqQnNefdP"
#else
#  define CODES "?cbBhHiIlLqQnNfdP"
#endif

/* The code of a native format of one element, or NULL. Complex numbers, which have two letters, came with 3.15. */
static const char *code_of(const char *format)
{
    const char *code = format[0] == '@' ? format + 1 : format;
    int is_complex = PY_VERSION_HEX >= 0x030F0000 && code[0] == 'Z' && (code[1] == 'f' || code[1] == 'd');
    return code[0] != '\0' && code[is_complex ? 2 : 1] == '\0' ? code : NULL;
}

static int is_native(const char *format)
{
    const char *code = code_of(format);
    return code != NULL && (code[1] != '\0' || strchr(CODES, code[0]) != NULL);
}

/* Formats that the struct module does not know, so that == says no: complex numbers before 3.15, F and D before 3.14. The
 * library's == follows 3.15. Other formats have these letters in names only, and are unequal anyway. */
int policy_compares(const char *format)
{
    return !(PY_VERSION_HEX < 0x030F0000 && strchr(format, 'Z') != NULL)
           && !(PY_VERSION_HEX < 0x030E0000 && strpbrk(format, "FD") != NULL);
}

int policy_format(const Py_buffer *view)
{
    return code_of(view->format) != NULL ? 0 : REFUSE(ITEM_FORMAT, view->format);
}

int policy_code(const Py_buffer *view)
{
    return is_native(view->format) ? 0 : REFUSE(ITEM_FORMAT, view->format);
}

static int subscript(const Py_buffer *view, Key key, Py_ssize_t count, int slices)
{
    if (view->ndim == 0) {
        return (key == KEY_INDICES && count == 0) || key == KEY_ELLIPSIS ? 0 : REFUSE(NO_AXES);
    }
    switch (key) {
    case KEY_INDEX:
        return view->ndim == 1 ? 0 : REFUSE(SUB_VIEW);
    case KEY_INDICES:
        if (count > view->ndim) {
            return REFUSE(TOO_MANY, (Py_ssize_t)view->ndim, count);
        }
        return count == view->ndim ? 0 : REFUSE(SUB_VIEW_OF_INDICES);
    case KEY_SLICES:
        return REFUSE(slices);
    case KEY_SLICE:
        return 0;
    default:
        return REFUSE(MIXED);
    }
}

int policy_get(const Py_buffer *view, Key key, Py_ssize_t count)
{
    int item = key == KEY_INDEX || key == KEY_INDICES;
    if (item && (view->ndim != 0 || count == 0) && policy_format(view) < 0) {
        return -1;
    }
    return subscript(view, key, count, SLICES);
}

int policy_set(const Py_buffer *view, Key key, Py_ssize_t count)
{
    if (subscript(view, key, count, ASSIGNED_SLICES) < 0) {
        return -1;
    }
    return key == KEY_SLICE && view->ndim != 1 ? REFUSE(ASSIGNED_SLICES) : 0;
}

int policy_iter(const Py_buffer *view)
{
    if (view->ndim == 0) {
        return REFUSE(NO_AXES);
    }
    return view->ndim > 1 ? REFUSE(SUB_VIEW) : policy_format(view);
}

/* memoryview.index, which looks for items along one axis only. */
int policy_index(const Py_buffer *view)
{
    return view->ndim == 0 ? REFUSE(LOOKUP_NO_AXES) : view->ndim > 1 ? REFUSE(LOOKUP) : 0;
}

int policy_cast_from(const Py_buffer *view)
{
    return pyb_PyBuffer_IsContiguous(view, 'C') ? 0 : REFUSE(CAST_FORTRAN);
}

int policy_cast_to(const Py_buffer *view, const char *format, int shaped)
{
    for (int i = 0; i < view->ndim && (shaped || view->ndim != 1); i++) {
        if (view->shape[i] == 0) {
            /* A TypeError of the library's, which in CPython comes before what is wrong with the format. */
            return 0;
        }
    }
    return is_native(format) ? 0 : REFUSE(CAST_FORMAT);
}

/* len() of a view of no axes: 1 before 3.12, a TypeError of the library's since. */
int policy_length_of_scalar(const Py_buffer *view)
{
    return PY_VERSION_HEX < 0x030C0000 && view->ndim == 0;
}

/* A slice takes what an exporter exports. */
int policy_fills(void)
{
    return 0;
}

/* The tests compare it with the hashes of bytes, and set the key of both. */
Py_hash_t policy_hash(Wrapper *self, Py_hash_t hash)
{
    (void)self;
    return hash;
}

/* What the package's memoryview refuses though the library does it: next to nothing. CPython's own tests have another one, in
 * ../../conformance/binding/policy.c.
 */
#include "binding.h"

int policy_format(const Py_buffer *view)
{
    (void)view;
    return 0;
}

int policy_code(const Py_buffer *view)
{
    (void)view;
    return 0;
}

int policy_get(const Py_buffer *view, Key key, Py_ssize_t count)
{
    (void)view, (void)key, (void)count;
    return 0;
}

int policy_set(const Py_buffer *view, Key key, Py_ssize_t count)
{
    (void)view, (void)key, (void)count;
    return 0;
}

/* A view of no axes has no places to go through. */
int policy_iter(const Py_buffer *view)
{
    if (view->ndim == 0) {
        PyErr_SetString(PyExc_TypeError, "iteration over a memoryview of no axes");
        return -1;
    }
    return 0;
}

/* index() and count() are those of sequences. */
int policy_index(const Py_buffer *view)
{
    if (view->ndim != 1) {
        PyErr_SetString(PyExc_TypeError, "items are looked for along one axis only");
        return -1;
    }
    return 0;
}

int policy_compares(const char *format)
{
    (void)format;
    return 1;
}

int policy_cast_from(const Py_buffer *view)
{
    (void)view;
    return 0;
}

int policy_cast_to(const Py_buffer *view, const char *format, int shaped)
{
    (void)view, (void)format, (void)shaped;
    return 0;
}

int policy_length_of_scalar(const Py_buffer *view)
{
    (void)view;
    return 0;
}

int policy_fills(void)
{
    return 1;
}

/* That of the bytes in Python, whose key the library does not know: equal memoryviews of the two have equal hashes. */
Py_hash_t policy_hash(Wrapper *self, Py_hash_t hash)
{
    PyObject *bytes = bytes_of(pyb_pybuffer_memoryview_tobytes(self->view, 'C'));
    hash = bytes == NULL ? -1 : PyObject_Hash(bytes);
    Py_XDECREF(bytes);
    return hash;
}

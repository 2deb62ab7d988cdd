/* A Python type "memoryview" whose every operation is one of libpybuffer's. What is here translates: arguments, items and
 * errors from one side to the other. It is the core of two extension modules: that of the Python package (../module), and that of
 * CPython's own tests (../../conformance/binding). Each has a policy.c, which says what of the library's its memoryview refuses.
 *
 * Objects of CPython are handed to the library as they are: the layouts are the same, and both sides count references in
 * the same field (under the GIL here). Objects of the library never get out to Python: a memoryview of the library is
 * owned by a wrapper, which exports in its place.
 */
#ifndef BINDING_H
#define BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <pybuffer/pybuffer_prefixed.h>

#ifdef Py_GIL_DISABLED
#  error "Free-threaded builds of Python are not supported: the module relies on the GIL."
#endif

/* The name of a type: with that of its package, where there is one. */
#ifdef PACKAGE
#  define NAMED(name) PACKAGE "." name
#else
#  define NAMED(name) name
#endif

/* A Python memoryview: the wrapper around one of the library's, to which it has the reference. */
typedef struct {
    PyObject_HEAD
    PyObject *view;
    PyObject *weakrefs;
    /* What has to live as long as it, where the library is not told; NULL else. */
    PyObject *keep;
} Wrapper;

extern PyTypeObject Wrapper_Type;
extern PyTypeObject Iterator_Type;

#define Wrapper_Check(op) Py_IS_TYPE(op, &Wrapper_Type)

/* errors.c: makes the error of a library call that failed Python's. What an exporter has raised is Python's already, and
 * then there is none in the library. Gives NULL (or -1), so that a function can return it. */
PyObject *failed(void);
int failed_int(void);
/* After a call that has succeeded: an error that an exporter has raised meanwhile, and the library has forgotten. */
void forget(void);
int prepare_errors(void);

/* values.c: items. Values of bytes point into the bytes objects that they are made of. */
PyObject *object_of_values(const pybuffer_value *values, Py_ssize_t count);
int value_of_object(PyObject *object, const char *format, pybuffer_value *value);
int natural_value(PyObject *object, const char *format, pybuffer_value *value);
/* How many values an item of a format has; -1 with an error. Those of an object, or of a list or tuple of as many (base.c). */
Py_ssize_t values_of_format(const char *format);
int values_of_item(PyObject *item, const char *format, pybuffer_value *values, Py_ssize_t count);
int value_to_find(PyObject *object, pybuffer_value *value);
/* The item at an address; all items of a memoryview of the library, as lists of lists. */
PyObject *unpacked(const char *format, const void *item);
PyObject *list_of(PyObject *memoryview);
/* The content of a bytes object of the library, which is dropped, as Python's bytes or str. */
PyObject *bytes_of(PyObject *bytes);
PyObject *str_of(PyObject *bytes);

/* wrapper.c: the wrapper around a memoryview of the library (whose reference it takes over), or the error where that is
 * NULL. What the library is to see of an object: of a wrapper, the memoryview in it (borrowed). */
PyObject *wrap(PyObject *view);
PyObject *exporter_of(PyObject *object);
/* Its view; NULL with ValueError where it has been released. */
const Py_buffer *live(Wrapper *self);
/* How many objects of the library have been wrapped. */
extern Py_ssize_t objects_made;

/* What a subscript is. */
typedef enum {
    KEY_INDEX,
    KEY_SLICE,
    KEY_INDICES, /* a tuple of integers, also the empty one */
    KEY_SLICES,
    KEY_ELLIPSIS,
    KEY_OTHER,
} Key;

/* policy.c, of each module: 0 where its memoryview continues, -1 with an exception where it refuses. */
int policy_format(const Py_buffer *view);
int policy_code(const Py_buffer *view);
int policy_get(const Py_buffer *view, Key key, Py_ssize_t count);
int policy_set(const Py_buffer *view, Key key, Py_ssize_t count);
int policy_iter(const Py_buffer *view);
int policy_compares(const char *format);
int policy_index(const Py_buffer *view);
int policy_cast_from(const Py_buffer *view);
int policy_cast_to(const Py_buffer *view, const char *format, int shaped);
int policy_length_of_scalar(const Py_buffer *view);
/* Whether an object that exports nothing is written to each item of a part. */
int policy_fills(void);
/* The hash of a memoryview that has one, which is the library's; -1 with an error. */
Py_hash_t policy_hash(Wrapper *self, Py_hash_t hash);

/* memoryview.c: a number, or array of numbers, of a view: 'n'bytes, 'r'eadonly, 'i'temsize, n'd'im, 's'hape, s't'rides,
 * s'u'boffsets. */
PyObject *field_of(const Py_buffer *view, char which);
/* The attributes that memoryview and ndarray have, by a getter that is told which: field_of's, 'o'bj, 'f'ormat, and whether it
 * is contiguous, 'C', 'F' or 'A'. */
#define ATTRIBUTE(name, get, which) {name, (getter)get, NULL, NULL, which}
#define VIEW_ATTRIBUTES(get) \
    ATTRIBUTE("obj", get, "o"), \
    ATTRIBUTE("nbytes", get, "n"), \
    ATTRIBUTE("readonly", get, "r"), \
    ATTRIBUTE("itemsize", get, "i"), \
    ATTRIBUTE("format", get, "f"), \
    ATTRIBUTE("ndim", get, "d"), \
    ATTRIBUTE("shape", get, "s"), \
    ATTRIBUTE("strides", get, "t"), \
    ATTRIBUTE("suboffsets", get, "u"), \
    ATTRIBUTE("c_contiguous", get, "C"), \
    ATTRIBUTE("f_contiguous", get, "F"), \
    ATTRIBUTE("contiguous", get, "A")
/* The type memoryview, put into the module. */
int prepare_memoryviews(PyObject *module);

/* subscripts.c: the slots; a slice as a subscript, which may run Python code. */
PyObject *memory_subscript(Wrapper *self, PyObject *key);
int memory_ass_subscript(Wrapper *self, PyObject *key, PyObject *object);
PyObject *memory_index(Wrapper *self, PyObject *args);
PyObject *memory_count(Wrapper *self, PyObject *object);
PyObject *memory_item(Wrapper *self, Py_ssize_t index);
int slice_of(PyObject *key, pybuffer_subscript *slice);

/* iterator.c: an iterator; a memoryview of what an exporter answers to these flags. */
PyObject *memoryview_iter(PyObject *self);
PyObject *memoryview_from_flags(PyObject *object, int flags);
extern PyTypeObject Asked_Type;

/* ndarray.c: the type ndarray, put into the module; the base of one, NULL of any other object. */
int prepare_ndarrays(PyObject *module);
const Py_buffer *ndarray_base(PyObject *object);

/* functions.c: a request of the library, of any object (0, or -1 with an error); all of the above, put into the module. */
int request(PyObject *object, Py_buffer *view, int flags);
int prepare_binding(PyObject *module);

#endif

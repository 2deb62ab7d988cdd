/* Subscripts of memoryviews: items and slices, read and written. */
#include "binding.h"

#include <string.h>

static Key key_of(PyObject *key, Py_ssize_t *count)
{
    *count = 1;
    if (key == Py_Ellipsis) {
        return KEY_ELLIPSIS;
    }
    if (PyIndex_Check(key)) {
        return KEY_INDEX;
    }
    if (PySlice_Check(key)) {
        return KEY_SLICE;
    }
    if (!PyTuple_Check(key)) {
        return KEY_OTHER;
    }
    Py_ssize_t indices = 0, slices = 0;
    *count = PyTuple_GET_SIZE(key);
    for (Py_ssize_t i = 0; i < *count; i++) {
        indices += PyIndex_Check(PyTuple_GET_ITEM(key, i));
        slices += PySlice_Check(PyTuple_GET_ITEM(key, i));
    }
    if (indices == *count) {
        return KEY_INDICES;
    }
    return slices == *count ? KEY_SLICES : KEY_OTHER;
}

/* The indices of an item: of a key that the policy has let through, so at most 64. May run Python code. */
static int indices_of(PyObject *key, Key kind, Py_ssize_t indices[PyBUF_MAX_NDIM], int *count)
{
    *count = kind == KEY_INDEX ? 1 : kind == KEY_INDICES ? (int)PyTuple_GET_SIZE(key) : 0;
    for (int i = 0; i < *count; i++) {
        PyObject *index = kind == KEY_INDEX ? key : PyTuple_GET_ITEM(key, i);
        indices[i] = PyNumber_AsSsize_t(index, PyExc_IndexError);
        if (indices[i] == -1 && PyErr_Occurred()) {
            return -1;
        }
    }
    return 0;
}

int slice_of(PyObject *key, pybuffer_subscript *slice)
{
    slice->kind = PYBUFFER_SUBSCRIPT_SLICE;
    if (PySlice_Unpack(key, &slice->start, &slice->stop, &slice->step) < 0) {
        return -1;
    }
    /* PySlice_Unpack says PY_SSIZE_T_MIN for what is far before the start, and for a stop that is not given of a negative
     * step. To the library it is what is not given. */
    if (slice->start == PYBUFFER_ABSENT) {
        slice->start++;
    }
    if (slice->stop == PYBUFFER_ABSENT && slice->step > 0) {
        slice->stop++;
    }
    return 0;
}

/* All subscripts of a key: a tuple of them, or one. May run Python code. */
static int subscripts_of(PyObject *key, pybuffer_subscript subscripts[PYBUFFER_ND_MAX_NDIM], int *count)
{
    Py_ssize_t length = PyTuple_Check(key) ? PyTuple_GET_SIZE(key) : 1;
    if (length > PYBUFFER_ND_MAX_NDIM) {
        PyErr_SetString(PyExc_TypeError, "too many subscripts");
        return -1;
    }
    *count = (int)length;
    for (Py_ssize_t i = 0; i < length; i++) {
        PyObject *each = PyTuple_Check(key) ? PyTuple_GET_ITEM(key, i) : key;
        if (each == Py_Ellipsis || each == Py_None) {
            subscripts[i].kind = each == Py_None ? PYBUFFER_SUBSCRIPT_NEWAXIS : PYBUFFER_SUBSCRIPT_ELLIPSIS;
        }
        else if (PySlice_Check(each)) {
            if (slice_of(each, subscripts + i) < 0) {
                return -1;
            }
        }
        else if (PyIndex_Check(each)) {
            subscripts[i].kind = PYBUFFER_SUBSCRIPT_INDEX;
            subscripts[i].start = PyNumber_AsSsize_t(each, PyExc_IndexError);
            if (subscripts[i].start == -1 && PyErr_Occurred()) {
                return -1;
            }
        }
        else {
            PyErr_Format(PyExc_TypeError, "memoryview: a subscript cannot be a '%.200s'", Py_TYPE(each)->tp_name);
            return -1;
        }
    }
    return 0;
}

/* The part of the library's memoryview that a key selects; a string is the name of a field. NULL with an error. */
static PyObject *part_of(Wrapper *self, PyObject *key)
{
    pybuffer_subscript subscripts[PYBUFFER_ND_MAX_NDIM];
    int count;
    PyObject *part = NULL;
    if (PyUnicode_Check(key)) {
        const char *path = PyUnicode_AsUTF8(key);
        part = path == NULL ? NULL : pyb_pybuffer_memoryview_field(self->view, path);
        return part != NULL || path == NULL ? part : failed();
    }
    /* As in CPython, the memory stays when the indices release the memoryview. */
    PyObject *pinned = pyb_PyMemoryView_FromObject(self->view);
    if (pinned == NULL) {
        return failed();
    }
    if (subscripts_of(key, subscripts, &count) == 0) {
        part = pyb_pybuffer_memoryview_subscript(pinned, subscripts, count);
        if (part == NULL) {
            failed();
        }
    }
    pyb_Py_DecRef(pinned);
    return part;
}

static PyObject *part_get(Wrapper *self, PyObject *key)
{
    PyObject *part = part_of(self, key);
    return part == NULL ? NULL : wrap(part);
}

/* As in CPython, indices out of bounds are found before the format is looked at, and before a value is. */
static int within_bounds(Wrapper *self, const Py_ssize_t *indices, int count)
{
    if (pyb_pybuffer_memoryview_item_pointer(self->view, indices, count) == NULL) {
        return failed_int();
    }
    return policy_code(&((PyMemoryViewObject *)self->view)->view);
}

static PyObject *item_at(Wrapper *self, const Py_ssize_t *indices, int count)
{
    pybuffer_value one, *values = &one;
    PyObject *item = NULL;
    if (within_bounds(self, indices, count) < 0) {
        return NULL;
    }
    Py_ssize_t each = values_of_format(((PyMemoryViewObject *)self->view)->view.format);
    if (each > 1) {
        values = PyMem_Calloc(each, sizeof(pybuffer_value));
    }
    if (each < 0 || values == NULL) {
        return each < 0 ? NULL : PyErr_NoMemory();
    }
    if (pyb_pybuffer_memoryview_get_item(self->view, indices, count, values, (int)each) < 0) {
        failed();
    }
    else {
        item = object_of_values(values, each);
    }
    if (values != &one) {
        PyMem_Free(values);
    }
    return item;
}

/* An end of the places where index() looks, as Python's slices have it. */
static int place_of(PyObject *object, Py_ssize_t *place)
{
    if (object != NULL && !PyIndex_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "slice indices must be integers or have an __index__ method");
        return -1;
    }
    *place = object == NULL ? *place : PyNumber_AsSsize_t(object, NULL);
    return PyErr_Occurred() ? -1 : 0;
}

/* Goes through the items from `start` to `stop` and counts those that equal the object, by Python's `==`; up to the first where
 * that is what is looked for, whose place is `*found`. */
static Py_ssize_t search(Wrapper *self, PyObject *object, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t *found)
{
    Py_ssize_t count = 0;
    for (Py_ssize_t i = start; i < stop; i++) {
        PyObject *item = item_at(self, &i, 1);
        int equal = item == NULL ? -1 : PyObject_RichCompareBool(item, object, Py_EQ);
        Py_XDECREF(item);
        if (equal < 0) {
            return -1;
        }
        count += equal;
        if (equal && found != NULL) {
            *found = i;
            break;
        }
    }
    return count;
}

PyObject *memory_index(Wrapper *self, PyObject *args)
{
    PyObject *object, *first = NULL, *last = NULL;
    Py_ssize_t start = 0, stop = PY_SSIZE_T_MAX, found = -1;
    const Py_buffer *view;
    pybuffer_value value;
    if (!PyArg_ParseTuple(args, "O|OO:index", &object, &first, &last) || place_of(first, &start) < 0
        || place_of(last, &stop) < 0 || (view = live(self)) == NULL || policy_index(view) < 0) {
        return NULL;
    }
    Py_ssize_t length = view->shape[0];
    start = start < 0 ? start + length < 0 ? 0 : start + length : start;
    stop = stop < 0 ? stop + length < 0 ? 0 : stop + length : stop > length ? length : stop;
    if (start < stop && policy_code(view) < 0) {
        return NULL;
    }
    if (value_to_find(object, &value)) {
        found = pyb_pybuffer_memoryview_index(self->view, &value, 1, start, stop);
        if (found < 0) {
            return failed();
        }
    }
    else if (search(self, object, start, stop, &found) < 0) {
        return NULL;
    }
    if (found < 0) {
        PyErr_SetString(PyExc_ValueError, "memoryview.index(x): x not found");
        return NULL;
    }
    return PyLong_FromSsize_t(found);
}

PyObject *memory_count(Wrapper *self, PyObject *object)
{
    const Py_buffer *view = live(self);
    pybuffer_value value;
    if (view == NULL || policy_iter(view) < 0 || policy_index(view) < 0
        || (view->shape[0] != 0 && policy_code(view) < 0)) {
        return NULL;
    }
    if (value_to_find(object, &value)) {
        Py_ssize_t count = pyb_pybuffer_memoryview_count(self->view, &value, 1);
        return count < 0 ? failed() : PyLong_FromSsize_t(count);
    }
    Py_ssize_t count = search(self, object, 0, view->shape[0], NULL);
    return count < 0 ? NULL : PyLong_FromSsize_t(count);
}

/* Whether a key has an index for each axis, so that it names an item. */
static int is_item(const Py_buffer *view, Key kind, Py_ssize_t count)
{
    return (kind == KEY_INDEX || kind == KEY_INDICES) && count == view->ndim;
}

PyObject *memory_subscript(Wrapper *self, PyObject *key)
{
    Py_ssize_t length, indices[PyBUF_MAX_NDIM];
    int count = 0;
    Key kind = key_of(key, &length);
    const Py_buffer *view = live(self);
    if (view == NULL) {
        return NULL;
    }
    /* As in CPython, a single index is looked at before anything else, and several are last. */
    if (kind == KEY_INDEX && view->ndim != 0
        && (indices_of(key, kind, indices, &count) < 0 || (view = live(self)) == NULL)) {
        return NULL;
    }
    if (policy_get(view, kind, length) < 0) {
        return NULL;
    }
    if (kind == KEY_ELLIPSIS) {
        return Py_NewRef(self);
    }
    if (!is_item(view, kind, length)) {
        return part_get(self, key);
    }
    if (kind == KEY_INDICES && indices_of(key, kind, indices, &count) < 0) {
        return NULL;
    }
    return item_at(self, indices, count);
}

/* The text of a view's format, to be freed: it may go while Python code runs. */
static char *own_format(Wrapper *self)
{
    const char *format = ((PyMemoryViewObject *)self->view)->view.format;
    char *copy = PyMem_Calloc(1, strlen(format) + 1);
    if (copy == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    return strcpy(copy, format);
}

/* The values of an item from an object, to be freed. May run Python code. */
static pybuffer_value *values_of_object(PyObject *object, const char *format, Py_ssize_t *count)
{
    *count = values_of_format(format);
    if (*count < 0) {
        return NULL;
    }
    pybuffer_value *values = PyMem_Calloc(*count + 1, sizeof(pybuffer_value));
    if (values == NULL) {
        PyErr_NoMemory();
    }
    else if ((*count == 1 ? value_of_object(object, format, values) : values_of_item(object, format, values, *count)) < 0) {
        PyMem_Free(values);
        return NULL;
    }
    return values;
}

static int item_set(Wrapper *self, PyObject *key, Key kind, PyObject *object)
{
    Py_ssize_t indices[PyBUF_MAX_NDIM], each;
    int count, status = -1;
    pybuffer_value *values = NULL;
    char *format = own_format(self);
    if (format == NULL) {
        return -1;
    }
    if (indices_of(key, kind, indices, &count) == 0 && within_bounds(self, indices, count) == 0
        && (values = values_of_object(object, format, &each)) != NULL) {
        status = pyb_pybuffer_memoryview_set_item(self->view, indices, count, values, (int)each);
        if (status < 0) {
            failed();
        }
    }
    PyMem_Free(values);
    PyMem_Free(format);
    return status;
}

static int fill(Wrapper *self, PyObject *part, PyObject *object)
{
    Py_ssize_t each;
    int status = -1;
    char *format = own_format(self);
    pybuffer_value *values = format == NULL ? NULL : values_of_object(object, format, &each);
    if (values != NULL) {
        status = pyb_pybuffer_memoryview_fill(part, NULL, 0, values, (int)each);
        if (status < 0) {
            failed();
        }
    }
    PyMem_Free(values);
    PyMem_Free(format);
    return status;
}

static int part_set(Wrapper *self, PyObject *key, PyObject *object)
{
    pybuffer_subscript slice;
    int status;
    if (PySlice_Check(key)) {
        /* Without a view of the part where that is not needed. */
        if (slice_of(key, &slice) < 0) {
            return -1;
        }
        if (pyb_PyObject_CheckBuffer(exporter_of(object)) || !policy_fills()) {
            return pyb_pybuffer_memoryview_assign(self->view, &slice, 1, exporter_of(object)) < 0 ? failed_int() : 0;
        }
    }
    PyObject *part = part_of(self, key);
    if (part == NULL) {
        return -1;
    }
    if (pyb_PyObject_CheckBuffer(exporter_of(object)) || !policy_fills() || PyUnicode_Check(key)) {
        status = pyb_pybuffer_memoryview_assign(part, NULL, 0, exporter_of(object)) < 0 ? failed_int() : 0;
    }
    else {
        status = fill(self, part, object);
    }
    pyb_Py_DecRef(part);
    return status;
}

int memory_ass_subscript(Wrapper *self, PyObject *key, PyObject *object)
{
    Py_ssize_t count;
    Key kind = key_of(key, &count);
    const Py_buffer *view = live(self);
    if (view == NULL || policy_format(view) < 0) {
        return -1;
    }
    /* The library says so, too, but after the value has been looked at. */
    if (view->readonly) {
        PyErr_SetString(PyExc_TypeError, "cannot modify read-only memory");
        return -1;
    }
    if (object == NULL) {
        PyErr_SetString(PyExc_TypeError, "cannot delete memory");
        return -1;
    }
    if (policy_set(view, kind, count) < 0) {
        return -1;
    }
    /* Of a view without axes `...` is the item. */
    int item = is_item(view, kind, count) || (kind == KEY_ELLIPSIS && view->ndim == 0);
    return item ? item_set(self, key, kind, object) : part_set(self, key, object);
}

PyObject *memory_item(Wrapper *self, Py_ssize_t index)
{
    const Py_buffer *view = live(self);
    if (view == NULL || policy_format(view) < 0 || policy_get(view, KEY_INDEX, 1) < 0) {
        return NULL;
    }
    return item_at(self, &index, 1);
}

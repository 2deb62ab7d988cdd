/* Structs of other protocols: tensors of DLPack, arrays of Arrow, NumPy's array interface. Those that come in are legal, or contradict
 * themselves in all the ways that a library can see: the model reads the struct once more, collects every reason for which it is to be
 * refused, and where there is none says where each item lies. Memory, shapes, bitmaps and metadata end at inaccessible pages, and calls of
 * deleters are counted. Those that go out come back in.
 */
#include "random.h"

#include "../support/dlpack.h"

/* Reasons for a refusal, each with its type of error. */
enum { VALUE = 1, BUFFER = 2, SYSTEM = 4, UNIMPLEMENTED = 8 };

enum { MOST_AXES = 72, MOST_ITEMS = 3000 };

static Arena data, small;

/* What a view is to be. */
typedef struct {
    int ndim, readonly;
    int reachable; /* whether all of its items are memory */
    Py_ssize_t shape[MOST_AXES], strides[MOST_AXES], itemsize;
    char *zero; /* the item at index 0 of every axis */
    char format[32];
} Expected;

static Expected right;
static unsigned int reasons;
static const char *doing;
static char arrow_types[100];

static void describe_interop(void)
{
    printf("#   %s, reasons %#x, %d axes of items '%s' of %zd bytes%s%s\n", doing, reasons, right.ndim, right.format, right.itemsize,
           arrow_types[0] == '\0' ? "" : ", ", arrow_types);
    for (int i = 0; i < right.ndim && i < MOST_AXES; i++) {
        printf("#     axis %d: %zd items, %zd bytes\n", i, right.shape[i], right.strides[i]);
    }
}

static const char *other_order(void)
{
    static const uint16_t one = 1;
    return *(const char *)&one ? ">" : "<";
}

static Big items_of(int ndim, const Py_ssize_t *shape)
{
    Big items = 1;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] == 0) {
            return 0;
        }
    }
    for (int i = 0; i < ndim && items <= PY_SSIZE_T_MAX; i++) {
        items *= shape[i];
    }
    return items;
}

static void contiguous_strides(Expected *view)
{
    Py_ssize_t step = view->itemsize;
    for (int i = view->ndim - 1; i >= 0; i--) {
        view->strides[i] = step;
        step = (Py_ssize_t)((size_t)step * (size_t)(view->shape[i] == 0 ? 1 : view->shape[i]));
    }
}

/* ---- deleters ---------------------------------------------------------------------------------------------------- */

static int deleted, deletion_sets_an_error;
static const void *to_delete;

static void count_deletion(const void *what)
{
    MUST_SAY(what == to_delete, "the deleter is called with something else");
    deleted++;
    if (deletion_sets_an_error) {
        PyErr_SetString(PyExc_RuntimeError, "from the deleter");
    }
}

/* ---- what is compared -------------------------------------------------------------------------------------------- */

/* The call failed with an error for one of the reasons, or because of an allocation. */
static void must_refuse(void)
{
    PyObject *const types[] = {PyExc_ValueError, PyExc_BufferError, PyExc_SystemError, PyExc_NotImplementedError};
    PyObject *is = PyErr_Occurred();
    MUST_SAY(is != NULL, "it fails without an error");
    int expected = blocks.failed > 0 && is == PyExc_MemoryError;
    for (int i = 0; i < 4; i++) {
        expected |= (reasons >> i & 1) && is == types[i];
    }
    MUST_SAY(expected, "it raises something else");
    PyErr_Clear();
}

static void must_be_right(PyObject *view)
{
    const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
    MUST_SAY(is->ndim == right.ndim, "there are %d axes, not %d", is->ndim, right.ndim);
    MUST_SAY(strcmp(is->format, right.format) == 0, "the format is '%s', not '%s'", is->format, right.format);
    MUST(is->itemsize == right.itemsize);
    MUST_SAY(!is->readonly == !right.readonly, "readonly is %d", is->readonly);
    size_t count = (size_t)items_of(right.ndim, right.shape), size = (size_t)right.itemsize;
    MUST(is->len == (Py_ssize_t)(count * size));
    for (int i = 0; i < right.ndim; i++) {
        MUST_SAY(is->shape[i] == right.shape[i], "axis %d has %zd items, not %zd", i, is->shape[i], right.shape[i]);
        MUST_SAY(count * size == 0 || right.shape[i] == 1 || is->strides[i] == right.strides[i], "axis %d has stride %zd, not %zd", i,
                 is->strides[i], right.strides[i]);
    }
    MUST_SAY(count * size == 0 || is->buf == right.zero, "the items lie %td bytes off", (char *)is->buf - right.zero);
    executed();
    if (!right.reachable || count > MOST_ITEMS || right.ndim > 64) {
        return;
    }
    /* Each item, by its index, and all of them copied. */
    static char gathered[MOST_ITEMS * 64];
    Py_ssize_t index[64] = {0};
    MUST(count * size <= sizeof(gathered));
    for (size_t i = 0; i < count; i++) {
        char *place = right.zero;
        for (int axis = 0; axis < right.ndim; axis++) {
            place += index[axis] * right.strides[axis];
        }
        MUST(size == 0 || pybuffer_memoryview_item_pointer(view, index, right.ndim) == place);
        memcpy(gathered + i * size, place, size);
        for (int axis = right.ndim - 1; axis >= 0 && ++index[axis] == right.shape[axis]; axis--) {
            index[axis] = 0;
        }
    }
    PyObject *bytes = pybuffer_memoryview_tobytes(view, 'C');
    MUST_RAISE(bytes == NULL, NULL);
    MUST(PyBytes_Size(bytes) == (Py_ssize_t)(count * size));
    MUST_BE("the items", PyBytes_AsString(bytes), gathered, count * size);
    Py_DECREF(bytes);
    executed();
}

/* The import is right or refused; its deleter is called once, when nothing has the memory any more. */
static void must_be_imported(PyObject *view, int has_deleter, int taken_over_if_refused)
{
    blocks.fail_in = 0;
    if (view == NULL) {
        MUST_SAY(reasons != 0 || blocks.failed > 0, "it is refused: %s", pybuffer_error_message());
        must_refuse();
        MUST_SAY(deleted == (has_deleter && taken_over_if_refused), "refused, the deleter is called %d times", deleted);
        executed();
        return;
    }
    MUST_SAY(reasons == 0, "it is not refused");
    MUST_RAISE(0, NULL);
    MUST(deleted == 0);
    must_be_right(view);
    if (once_in(2)) {
        /* Somebody else keeps it. */
        Py_buffer kept;
        MUST_RAISE(PyObject_GetBuffer(view, &kept, PyBUF_FULL_RO) != 0, NULL);
        Py_DECREF(view);
        MUST(deleted == 0);
        PyBuffer_Release(&kept);
    }
    else {
        Py_DECREF(view);
    }
    MUST_RAISE(0, NULL);
    MUST_SAY(deleted == has_deleter, "the deleter is called %d times", deleted);
    executed();
}

static void allocations_may_fail(void)
{
    blocks.failed = 0;
    blocks.fail_in = once_in(10) ? between(1, 4) : 0;
    blocks.fail_on = 0;
}

/* ---- arrays with strides ------------------------------------------------------------------------------------------- */

/* Random axes of items of so many bytes in `right`, at multiples of them, or anywhere. */
static void lay_axes(Py_ssize_t itemsize, Py_ssize_t unit)
{
    Py_ssize_t low = 0, high = itemsize, step = itemsize, left = 200;
    right.itemsize = itemsize;
    right.ndim = once_in(30) ? (int)between(60, 66) : (int)below(6);
    int order[MOST_AXES];
    shuffled(order, right.ndim);
    for (int i = 0; i < right.ndim; i++) {
        Py_ssize_t most = right.ndim > 6 ? 1 : left < 6 ? left : 6;
        right.shape[i] = once_in(40) ? 0 : between(1, most < 1 ? 1 : most);
        left /= right.shape[i] == 0 ? 1 : right.shape[i];
    }
    for (int i = 0; i < right.ndim; i++) {
        int axis = order[i];
        Py_ssize_t stride = once_in(16) ? 0 : step + unit * (once_in(3) ? between(0, 5) : 0);
        step = stride == 0 ? step : stride * (right.shape[axis] == 0 ? 1 : right.shape[axis]);
        right.strides[axis] = once_in(4) ? -stride : stride;
    }
    if (items_of(right.ndim, right.shape) == 0) {
        high = 0;
    }
    else {
        for (int i = 0; i < right.ndim; i++) {
            Py_ssize_t far = (right.shape[i] - 1) * right.strides[i];
            *(far < 0 ? &low : &high) += far;
        }
        if ((size_t)(high - low) > data.size) {
            contiguous_strides(&right);
            low = 0;
            high = (Py_ssize_t)items_of(right.ndim, right.shape) * itemsize;
        }
    }
    right.zero = arena_place(&data, (size_t)(high - low)) - low;
    right.reachable = 1;
    right.readonly = 0;
}

static int how_often_spoiled(void)
{
    return once_in(2) ? (int)between(1, 3) : 0;
}

/* How many entries the arrays of `right` have. There may be more, for a number of axes that is changed to one up to 6. */
static size_t entries_of(int spoiled)
{
    return spoiled > 0 && right.ndim < 6 ? 6 : (size_t)right.ndim;
}

/* An array of numbers that ends at an inaccessible page. */
static void *at_the_end(size_t count, size_t size)
{
    char *start = small.start + small.size - count * size;
    memset(start, 1, count * size);
    return start;
}

/* ---- DLPack, in ------------------------------------------------------------------------------------------------------ */

static const struct {
    int code, bits;
    const char *format, *as_integer;
} tensor_types[] = {
    {kDLInt, 8, "b", NULL},       {kDLInt, 16, "h", NULL},      {kDLInt, 32, "i", NULL},        {kDLInt, 64, "q", NULL},
    {kDLUInt, 8, "B", NULL},      {kDLUInt, 16, "H", NULL},     {kDLUInt, 32, "I", NULL},       {kDLUInt, 64, "Q", NULL},
    {kDLFloat, 16, "e", NULL},    {kDLFloat, 32, "f", NULL},    {kDLFloat, 64, "d", NULL},      {kDLComplex, 32, "Ze", NULL},
    {kDLComplex, 64, "Zf", NULL}, {kDLComplex, 128, "Zd", NULL}, {kDLBool, 8, "?", NULL},       {kDLBfloat, 16, "2x", "H"},
    {kDLFloat8_e3m4, 8, "1x", "B"}, {kDLFloat8_e3m4 + 1, 8, "1x", "B"}, {kDLFloat8_e8m0fnu - 1, 8, "1x", "B"},
    {kDLFloat8_e8m0fnu, 8, "1x", "B"},
};

static union {
    DLManagedTensorVersioned versioned;
    DLManagedTensor before;
} managed;

static void delete_versioned(DLManagedTensorVersioned *tensor)
{
    count_deletion(tensor);
}

static void delete_before(DLManagedTensor *tensor)
{
    count_deletion(tensor);
}

/* Spoils a number of the tensor, or says something else that is legal. */
static void spoil_tensor(DLTensor *tensor, int versioned, int *flags)
{
    int axis = tensor->ndim > 0 && tensor->ndim <= MOST_AXES ? (int)below((uint64_t)tensor->ndim) : -1;
    right.reachable = 0;
    switch (below(13)) {
    case 0:
        if (versioned) {
            managed.versioned.version.major = (uint32_t)any64() % (once_in(2) ? 3 : UINT32_MAX);
        }
        break;
    case 1:
        tensor->device.device_type = (int32_t)between(-2, 18);
        break;
    case 2:
        tensor->dtype.code = (uint8_t)(once_in(4) ? any64() : below(20));
        tensor->dtype.bits = (uint8_t)(once_in(4) ? any64() : (uint64_t)8 << below(5));
        break;
    case 3:
        tensor->dtype.lanes = (uint16_t)(once_in(2) ? 0 : any64());
        break;
    case 4:
        tensor->ndim = once_in(2) ? (int32_t)between(-3, 6) : (int32_t)(0x80000000u | (uint32_t)any64());
        break;
    case 5: case 6:
        if (axis >= 0 && tensor->shape != NULL) {
            tensor->shape[axis] = once_in(3) ? -between(1, 9) : once_in(2) ? INT64_MAX >> below(63) : INT64_MIN >> below(63);
        }
        break;
    case 7: case 8:
        if (axis >= 0 && tensor->strides != NULL) {
            tensor->strides[axis] = once_in(2) ? INT64_MAX >> below(63) : INT64_MIN >> below(63);
        }
        break;
    case 9:
        tensor->shape = NULL;
        break;
    case 10:
        tensor->data = NULL;
        break;
    case 11:
        tensor->byte_offset = any64() >> below(64);
        break;
    default:
        *flags = once_in(2) ? 1 << below(31) : 0;
    }
}

/* Reads the struct again: reasons for a refusal, or what the view is to be. */
static void read_tensor(const DLTensor *tensor, int versioned, int flags)
{
    if (flags & ~PYBUFFER_DLPACK_INTEGERS) {
        reasons |= SYSTEM;
    }
    if (versioned && managed.versioned.version.major != 1) {
        reasons |= BUFFER;
        return; /* the rest may be anything */
    }
    right.readonly = versioned && (managed.versioned.flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0;
    reasons |= tensor->device.device_type != kDLCPU ? BUFFER : 0;
    size_t type = 0;
    while (type < COUNT(tensor_types)
           && (tensor_types[type].code != tensor->dtype.code || tensor_types[type].bits != tensor->dtype.bits)) {
        type++;
    }
    /* All floats of 8 bits have no meaning here. */
    int float8 = tensor->dtype.code >= kDLFloat8_e3m4 && tensor->dtype.code <= kDLFloat8_e8m0fnu && tensor->dtype.bits == 8;
    reasons |= type == COUNT(tensor_types) && !float8 ? BUFFER : 0;
    reasons |= tensor->dtype.lanes == 0 || tensor->ndim < 0 ? VALUE : 0;
    int lanes = tensor->dtype.lanes, axes = tensor->ndim;
    if (axes + (lanes > 1) > 64 || (axes > 0 && tensor->shape == NULL)) {
        reasons |= VALUE;
    }
    if (reasons != 0) {
        return;
    }
    const char *format = float8 ? "1x" : tensor_types[type].format, *as_integer = float8 ? "B" : tensor_types[type].as_integer;
    snprintf(right.format, sizeof(right.format), "%s", flags & PYBUFFER_DLPACK_INTEGERS && as_integer != NULL ? as_integer : format);
    right.itemsize = tensor->dtype.bits / 8;
    right.ndim = axes + (lanes > 1);
    right.shape[axes] = lanes;
    for (int i = 0; i < axes; i++) {
        right.shape[i] = (Py_ssize_t)tensor->shape[i];
        reasons |= right.shape[i] < 0 ? VALUE : 0;
    }
    if (reasons != 0) {
        return;
    }
    Big items = items_of(right.ndim, right.shape);
    reasons |= items * right.itemsize > PY_SSIZE_T_MAX || tensor->byte_offset > PY_SSIZE_T_MAX ? VALUE : 0;
    reasons |= items > 0 && tensor->data == NULL ? VALUE : 0;
    if (tensor->strides == NULL) {
        contiguous_strides(&right);
    }
    else {
        for (int i = 0; i < axes; i++) {
            Big stride = (Big)tensor->strides[i] * lanes * right.itemsize;
            reasons |= stride > PY_SSIZE_T_MAX || stride < PY_SSIZE_T_MIN ? VALUE : 0;
            right.strides[i] = (Py_ssize_t)stride;
        }
        right.strides[axes] = right.itemsize;
    }
    right.zero = (char *)((uintptr_t)tensor->data + (uintptr_t)tensor->byte_offset);
}

static void tensors_in(void)
{
    int versioned = once_in(2), flags = once_in(3) ? PYBUFFER_DLPACK_INTEGERS : 0, type = (int)below(COUNT(tensor_types));
    int lanes = once_in(4) ? (int)between(1, 4) : 1;
    Py_ssize_t whole = tensor_types[type].bits / 8 * lanes;
    doing = versioned ? "a tensor of DLPack" : "a tensor of DLPack, unversioned";
    lay_axes(whole, whole);
    memset(&managed, 0, sizeof(managed));
    DLTensor *tensor = versioned ? &managed.versioned.dl_tensor : &managed.before.dl_tensor;
    int spoiled = how_often_spoiled();
    size_t ndim = (size_t)right.ndim, entries = entries_of(spoiled);
    int64_t *strides = at_the_end(2 * entries, 8), *shape = at_the_end(entries, 8);
    int dense = once_in(4);
    if (dense) {
        contiguous_strides(&right);
        right.zero = arena_place(&data, (size_t)(items_of(right.ndim, right.shape) * whole));
    }
    for (size_t i = 0; i < ndim; i++) {
        shape[i] = right.shape[i];
        strides[i] = right.strides[i] / whole;
    }
    tensor->byte_offset = once_in(3) ? below(5000) : 0;
    tensor->data = (void *)((uintptr_t)right.zero - (uintptr_t)tensor->byte_offset);
    tensor->device.device_type = kDLCPU;
    tensor->ndim = right.ndim;
    tensor->dtype.code = (uint8_t)tensor_types[type].code;
    tensor->dtype.bits = (uint8_t)tensor_types[type].bits;
    tensor->dtype.lanes = (uint16_t)lanes;
    tensor->shape = shape;
    tensor->strides = dense ? NULL : strides;
    managed.versioned.version.major += versioned;
    managed.versioned.flags |= versioned ? any64() : 0;
    int has_deleter = !once_in(20);
    if (versioned) {
        managed.versioned.deleter = has_deleter ? delete_versioned : NULL;
    }
    else {
        managed.before.deleter = has_deleter ? delete_before : NULL;
    }
    while (spoiled-- > 0) {
        spoil_tensor(tensor, versioned, &flags);
    }
    read_tensor(tensor, versioned, flags);
    to_delete = &managed;
    allocations_may_fail();
    PyObject *view = versioned ? pybuffer_dlpack_import(&managed.versioned, flags)
                               : pybuffer_dlpack_import_unversioned(&managed.before, flags);
    must_be_imported(view, has_deleter, 1);
}

/* ---- the array interface, in ------------------------------------------------------------------------------------------ */

static void delete_context(void *context)
{
    count_deletion(context);
}

/* The format of items of this kind and size; 0 where there is none. */
static int kind_has(char kind, int size, int swapped, char *format)
{
    static const struct {
        char kind;
        int size;
        const char *code;
    } numbers[] = {{'b', 1, "?"}, {'i', 1, "b"}, {'i', 2, "h"}, {'i', 4, "i"}, {'i', 8, "q"}, {'u', 1, "B"}, {'u', 2, "H"},
                   {'u', 4, "I"}, {'u', 8, "Q"}, {'f', 2, "e"}, {'f', 4, "f"}, {'f', 8, "d"}, {'c', 4, "Ze"}, {'c', 8, "Zf"},
                   {'c', 16, "Zd"}, {'f', (int)sizeof(long double), "g"}, {'c', 2 * (int)sizeof(long double), "Zg"}};
    if (size >= 0 && (kind == 'S' || kind == 'V')) {
        snprintf(format, 32, "%d%c", size, kind == 'S' ? 's' : 'x');
        return 1;
    }
    if (size >= 0 && kind == 'U' && size % 4 == 0) {
        snprintf(format, 32, "%s%dw", swapped ? other_order() : "", size / 4);
        return 1;
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        if (numbers[i].kind == kind && numbers[i].size == size) {
            snprintf(format, 32, "%s%s", swapped && size > 1 ? other_order() : "", numbers[i].code);
            return 1;
        }
    }
    return 0;
}

static void array_interfaces_in(void)
{
    static const char kinds[] = "biufcSUV";
    pybuffer_array_interface array;
    doing = "an array interface";
    memset(&array, 0, sizeof(array));
    array.two = 2;
    do {
        array.typekind = kinds[below(8)];
        array.itemsize = once_in(3) ? (int)below(40) : 1 << below(6);
    } while (!kind_has(array.typekind, array.itemsize, 0, right.format));
    lay_axes(array.itemsize, 1);
    array.nd = right.ndim;
    array.flags = (int)any64();
    array.data = right.zero;
    int spoiled = how_often_spoiled();
    array.strides = at_the_end(2 * entries_of(spoiled), sizeof(Py_ssize_t));
    array.shape = at_the_end(entries_of(spoiled), sizeof(Py_ssize_t));
    memcpy(array.shape, right.shape, (size_t)right.ndim * sizeof(Py_ssize_t));
    memcpy(array.strides, right.strides, (size_t)right.ndim * sizeof(Py_ssize_t));
    while (spoiled-- > 0) {
        int axis = array.nd > 0 && array.nd <= MOST_AXES ? (int)below((uint64_t)array.nd) : -1;
        right.reachable = 0;
        switch (below(9)) {
        case 0:
            array.two = (int)any64();
            break;
        case 1:
            array.nd = once_in(2) ? (int)between(-3, 6) : (int)(0x80000000u | (uint32_t)any64());
            break;
        case 2:
            array.typekind = (char)any64();
            break;
        case 3:
            array.itemsize = once_in(2) ? (int)any64() : (int)between(-2, 33);
            break;
        case 4:
            array.shape = NULL;
            break;
        case 5:
            array.strides = NULL;
            break;
        case 6:
            array.data = NULL;
            break;
        case 7:
            if (axis >= 0 && array.shape != NULL) {
                array.shape[axis] = once_in(2) ? PY_SSIZE_T_MAX >> below(63) : PY_SSIZE_T_MIN >> below(63);
            }
            break;
        default:
            if (axis >= 0 && array.strides != NULL) {
                array.strides[axis] = (Py_ssize_t)any64() >> below(64);
            }
        }
    }
    reasons |= array.two != 2 || array.nd < 0 || array.nd > 64 || (array.nd > 0 && array.shape == NULL) || array.itemsize < 0 ? VALUE : 0;
    reasons |= kind_has(array.typekind, array.itemsize, !(array.flags & PYBUFFER_ARRAY_NOTSWAPPED), right.format) ? 0 : BUFFER;
    if (reasons == 0) {
        right.ndim = array.nd;
        right.itemsize = array.itemsize;
        for (int i = 0; i < right.ndim; i++) {
            right.shape[i] = array.shape[i];
            reasons |= right.shape[i] < 0 ? VALUE : 0;
        }
    }
    if (reasons == 0) {
        Big items = items_of(right.ndim, right.shape);
        reasons |= items * right.itemsize > PY_SSIZE_T_MAX || items > PY_SSIZE_T_MAX ? VALUE : 0;
        reasons |= items * right.itemsize > 0 && array.data == NULL ? VALUE : 0;
        right.zero = array.data;
        right.readonly = !(array.flags & PYBUFFER_ARRAY_WRITEABLE);
        if (array.strides == NULL) {
            contiguous_strides(&right);
        }
        else {
            memcpy(right.strides, array.strides, (size_t)right.ndim * sizeof(Py_ssize_t));
        }
    }
    int has_deleter = !once_in(20);
    to_delete = &array;
    allocations_may_fail();
    must_be_imported(pybuffer_array_interface_import(&array, has_deleter ? delete_context : NULL, &array), has_deleter, 0);
}

/* ---- Arrow, in ----------------------------------------------------------------------------------------------------------- */

enum { LEVELS = 68 };

static struct ArrowArray arrays[LEVELS], *array_children[LEVELS];
static struct ArrowSchema schemas[LEVELS], *schema_children[LEVELS];
static const void *array_buffers[LEVELS][2];
static char type_names[LEVELS][48];
static int schemas_released;

/* What the metadata of a level says: nothing, the shape of a tensor, what does not fit, or any text. */
static struct {
    enum { PLAIN, TENSOR, WRONG, ANY } is;
    int ndim;
    Py_ssize_t shape[8];
} metadata[LEVELS];

static void release_array(struct ArrowArray *array)
{
    MUST_SAY(array->private_data == to_delete && array->release == release_array, "another array is released");
    array->release = NULL;
    count_deletion(array->private_data);
}

static void release_schema(struct ArrowSchema *schema)
{
    MUST_SAY(schema->private_data == &schemas[0], "another schema is released");
    schema->release = NULL;
    schemas_released++;
    if (deletion_sets_an_error) {
        PyErr_SetString(PyExc_RuntimeError, "from the release of a schema");
    }
}

/* Children are released with their parents. */
static void release_child_array(struct ArrowArray *array)
{
    (void)array;
    fail(__FILE__, __LINE__, "a child is released");
}

static void release_child_schema(struct ArrowSchema *schema)
{
    (void)schema;
    fail(__FILE__, __LINE__, "the schema of a child is released");
}

/* Metadata of these keys and values, at an inaccessible page. */
static const char *put_metadata(int level, int count, const char *const *texts)
{
    static char made[2000];
    char *to = made;
    int32_t number = count;
    memcpy(to, &number, 4);
    to += 4;
    for (int i = 0; i < 2 * (count < 0 ? 0 : count); i++) {
        number = (int32_t)strlen(texts[i]);
        memcpy(to, &number, 4);
        memcpy(to + 4, texts[i], (size_t)number);
        to += 4 + number;
    }
    static Arena places[LEVELS];
    Arena *place = &places[level];
    arena_make(place, PAGE);
    char *start = place->start + place->size - (to - made);
    memcpy(start, made, (size_t)(to - made));
    return start;
}

/* Metadata for lists of so many items. */
static void make_metadata(int level, Py_ssize_t size)
{
    const char *texts[6] = {"ARROW:extension:name", "arrow.fixed_shape_tensor", "ARROW:extension:metadata", "", "some", "thing"};
    static const char *const wrong[] = {"", "{}", "{\"shape\":[0,0,0,999983]}", "{\"shape\":[-1]}", "{\"shape\":[2.5]}", "{\"shape\":7}",
                                        "[\"shape\"]", "{\"shape\":[2", "{\"shape\":[99999999999999999999]}", "{\"shape\":[999983]}"};
    static const char *const pieces[] = {"{", "}", "[", "]", ",", ":", "\"shape\"", "\"", "\\", "1", "2", "3", "0", " ", "\n", "null", "-",
                                         "\"x\":", "{\"shape\":[", "]}", "99999999999999999999", "true", "\xff"};
    static char json[400];
    metadata[level].is = once_in(2) ? PLAIN : once_in(2) ? TENSOR : once_in(3) ? WRONG : ANY;
    json[0] = '\0';
    switch (metadata[level].is) {
    case PLAIN:
        if (once_in(2)) {
            return;
        }
        texts[1] = once_in(2) ? "arrow.fixed_shape_tenso" : "arrow.json";
        texts[3] = "{\"shape\":[7]}";
        break;
    case TENSOR: {
        int axes = (int)below(5);
        Py_ssize_t left = size;
        for (int i = 0; i < axes; i++) {
            Py_ssize_t length = i == axes - 1 || left == 0 ? left : between(1, left);
            while (left != 0 && left % length != 0) {
                length--;
            }
            metadata[level].shape[i] = length;
            left = left == 0 ? 1 : left / length;
        }
        if (axes == 0 && size != 1) {
            metadata[level].shape[axes++] = size;
        }
        metadata[level].ndim = axes;
        char *to = json + sprintf(json, once_in(2) ? "{\"shape\":[" : " { \"dim_names\" : [\"C\\\"]\",\"}\"] , \"shape\" : [ ");
        for (int i = 0; i < axes; i++) {
            to += sprintf(to, "%s%zd", i == 0 ? "" : once_in(2) ? "," : " , ", metadata[level].shape[i]);
        }
        strcpy(to, once_in(2) ? "]}" : " ], \"permutation\":[1,0], \"y\":null } ");
        texts[3] = json;
        break;
    }
    case WRONG:
        texts[3] = wrong[size == 999983 ? 0 : below(COUNT(wrong) - (size == 0))];
        if (size == 0 && strstr(texts[3], "0,0") != NULL) {
            texts[3] = "";
        }
        break;
    default:
        for (int length = (int)below(12); length > 0; length--) {
            strcat(json, pieces[below(COUNT(pieces))]);
        }
        texts[3] = json;
    }
    int last = once_in(8) && metadata[level].is != ANY ? 3 : 2;
    if (metadata[level].is == WRONG && once_in(8)) {
        schemas[level].metadata = put_metadata(level, -1 - (int)below(9), texts);
        return;
    }
    if (once_in(4)) {
        /* The order is any. */
        const char *name = texts[0], *value = texts[1];
        texts[0] = texts[2], texts[1] = texts[3], texts[2] = name, texts[3] = value;
    }
    schemas[level].metadata = put_metadata(level, last, texts);
}

static const struct {
    const char *type, *format;
    Py_ssize_t size;
} arrow_items[] = {
    {"c", "b", 1},   {"C", "B", 1},   {"s", "h", 2},    {"S", "H", 2},    {"i", "i", 4},      {"I", "I", 4},    {"l", "q", 8},
    {"L", "Q", 8},   {"e", "e", 2},   {"f", "f", 4},    {"g", "d", 8},    {"w:0", "0s", 0},   {"w:1", "1s", 1}, {"w:7", "7s", 7},
    {"tdD", "i", 4}, {"tdm", "q", 8}, {"tts", "i", 4},  {"ttm", "i", 4},  {"ttu", "q", 8},    {"ttn", "q", 8},  {"tsn:UTC", "q", 8},
    {"tss:", "q", 8}, {"tDs", "q", 8}, {"tDn", "q", 8}, {"tiM", "i", 4},
};

/* Types that are something else, and names that are none. */
static const char *const other_types[] = {"b", "u", "z", "n", "U", "Z", "vu", "d:19,10", "+l", "+s", "+m", "+ud:0", "tiD", "tin", "ts", "tsx:", "",
                                          "cc", "+", "+w", "w", "+r", "x"};
static const char *const no_sizes[] = {"w:", "w:-1", "w:+1", "w:1x", "w: 1", "w:2147483648", "w:99999999999999999999", "+w:", "+w:-3", "+w:x"};

static const void *random_bitmap(int level, Py_ssize_t first, Py_ssize_t length, int holes)
{
    static Arena places[LEVELS];
    size_t size = (size_t)((first + length + 7) / 8);
    Arena *place = &places[level];
    arena_make(place, 16 * PAGE);
    MUST(size <= place->size);
    char *bits = place->start + place->size - size;
    scribble(bits, size);
    for (Py_ssize_t i = first; i < first + length; i++) {
        bits[i / 8] |= (char)(1 << i % 8);
    }
    if (holes && length > 0) {
        Py_ssize_t hole = first + between(0, length - 1);
        bits[hole / 8] &= (char)~(1 << hole % 8);
    }
    return bits;
}

/* Whether the model knows that there are nulls, by counting bits. */
static int has_nulls(const struct ArrowArray *array, Big first, Big length)
{
    const unsigned char *bitmap = array->buffers[0];
    if (array->null_count == 0) {
        return 0;
    }
    if (bitmap == NULL) {
        return array->null_count > 0;
    }
    for (Big i = first; i < first + length; i++) {
        if (!(bitmap[i / 8] >> (int)(i % 8) & 1)) {
            return 1;
        }
    }
    return 0;
}

static void make_arrow(void)
{
    int lists = once_in(20) ? (int)between(60, 66) : once_in(2) ? 0 : (int)between(1, 4), item = (int)below(COUNT(arrow_items));
    Py_ssize_t length = (Py_ssize_t)below(9), start = 0;
    memset(arrays, 0, sizeof(arrays));
    memset(schemas, 0, sizeof(schemas));
    memset(metadata, 0, sizeof(metadata));
    for (int level = 0; level <= lists; level++) {
        struct ArrowArray *array = &arrays[level];
        struct ArrowSchema *schema = &schemas[level];
        array->offset = once_in(2) ? between(0, lists > 4 ? 1 : 5) : 0;
        array->length = level == 0 ? length : start + length + (once_in(2) ? between(0, 3) : 0);
        array->buffers = array_buffers[level];
        array->release = level == 0 ? release_array : release_child_array;
        array->private_data = level == 0 ? (void *)&arrays[0] : NULL;
        schema->format = type_names[level];
        schema->flags = (int64_t)any64();
        schema->release = level == 0 ? release_schema : release_child_schema;
        schema->private_data = level == 0 ? &schemas[0] : NULL;
        Py_ssize_t first = array->offset + start;
        array_buffers[level][0] = NULL;
        if (once_in(3)) {
            int holes = once_in(6);
            array->null_count = holes ? 1 : once_in(2) ? -1 : 0;
            array_buffers[level][0] = once_in(3) && !holes ? NULL : random_bitmap(level, first, length, holes);
        }
        if (level == lists) {
            array->n_buffers = 2;
            strcpy(type_names[level], arrow_items[item].type);
            size_t size = (size_t)((first + length) * arrow_items[item].size);
            array_buffers[level][1] = arena_place(&data, size);
            break;
        }
        Py_ssize_t size = lists > 4 ? 1 : between(once_in(20) ? 0 : 1, once_in(5) ? 12 : 3);
        sprintf(type_names[level], "+w:%zd", size);
        make_metadata(level, size);
        array->n_buffers = array->n_children = schema->n_children = 1;
        array_children[level] = &arrays[level + 1];
        schema_children[level] = &schemas[level + 1];
        array->children = &array_children[level];
        schema->children = &schema_children[level];
        start = first * size;
        length *= size;
    }
    if (once_in(2)) {
        return;
    }
    for (int spoiled = (int)between(1, 2); spoiled > 0; spoiled--) {
        int level = (int)below((uint64_t)lists + 1);
        struct ArrowArray *array = &arrays[level];
        struct ArrowSchema *schema = &schemas[level];
        right.reachable = 0;
        switch (below(17)) {
        case 16:
            /* It is its own child: a chain without an end. */
            array_children[level] = array;
            schema_children[level] = schema;
            for (int i = 0; i <= lists; i++) {
                array_buffers[i][0] = NULL;
            }
            break;
        case 0:
            array->length = once_in(2) ? -between(1, 5) : INT64_MAX >> below(63);
            /* No bitmap is as long as that. */
            for (int i = 0; i <= lists; i++) {
                array_buffers[i][0] = NULL;
            }
            break;
        case 1:
            array->offset = once_in(2) ? -between(1, 5) : INT64_MAX >> below(63);
            for (int i = 0; i <= lists; i++) {
                array_buffers[i][0] = NULL;
            }
            break;
        case 2:
            array->null_count = between(-4, 4);
            break;
        case 3:
            array->release = NULL;
            break;
        case 4:
            schema->release = NULL;
            break;
        case 5:
            schema->format = NULL;
            break;
        case 6:
            array->dictionary = once_in(2) ? &arrays[0] : NULL;
            schema->dictionary = once_in(2) ? &schemas[0] : NULL;
            break;
        case 7:
            array->n_buffers = between(-1, 3);
            break;
        case 8:
            array->buffers = NULL;
            break;
        case 9:
            array->n_children = between(-1, 2);
            break;
        case 10:
            schema->n_children = between(-1, 2);
            break;
        case 11:
            array->children = NULL;
            break;
        case 12:
            schema->children = NULL;
            break;
        case 13:
            *(once_in(2) ? (void **)&array_children[level] : (void **)&schema_children[level]) = NULL;
            break;
        case 14:
            strcpy(type_names[level], once_in(2) ? other_types[below(COUNT(other_types))] : no_sizes[below(COUNT(no_sizes))]);
            break;
        default:
            array_buffers[level][1] = NULL;
        }
    }
}

static int is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Reads the structs again. Sets `any_shape` where the axes of a tensor are what an arbitrary text says. */
static void read_arrow(int *any_shape)
{
    const struct ArrowArray *array = &arrays[0];
    const struct ArrowSchema *schema = &schemas[0];
    Big start = 0, length = array->length;
    *any_shape = 0;
    right.ndim = 0;
    right.readonly = 1;
    right.shape[right.ndim++] = (Py_ssize_t)array->length;
    reasons |= array->length < 0 ? VALUE : 0;
    for (int depth = 0;; depth++) {
        int level = (int)(schema - schemas);
        const char *type = schema->format;
        reasons |= array->release == NULL || schema->release == NULL || type == NULL ? VALUE : 0;
        reasons |= array->dictionary != NULL || schema->dictionary != NULL ? BUFFER : 0;
        reasons |= array->offset < 0 || (array->n_buffers > 0 && array->buffers == NULL) ? VALUE : 0;
        Big first = array->offset + start, end = first + length;
        reasons |= end > PY_SSIZE_T_MAX ? VALUE : 0;
        if (reasons != 0) {
            return;
        }
        reasons |= is_among(type, other_types, COUNT(other_types)) ? BUFFER : 0;
        reasons |= is_among(type, no_sizes, COUNT(no_sizes)) ? VALUE : 0;
        if (reasons != 0) {
            return;
        }
        int is_list = strncmp(type, "+w:", 3) == 0;
        reasons |= array->n_buffers != (is_list ? 1 : 2) ? VALUE : 0;
        reasons |= array->n_children != is_list || schema->n_children != is_list || array->null_count < -1 ? VALUE : 0;
        if (array->n_buffers > 0 && array->null_count >= -1 && has_nulls(array, first, length)) {
            reasons |= BUFFER;
        }
        if (!is_list) {
            size_t item = 0;
            while (strcmp(arrow_items[item].type, type) != 0) {
                item++;
            }
            right.itemsize = arrow_items[item].size;
            strcpy(right.format, arrow_items[item].format);
            reasons |= end * right.itemsize > PY_SSIZE_T_MAX ? VALUE : 0;
            if (reasons != 0) {
                return;
            }
            const char *items = array->buffers[1];
            reasons |= length * right.itemsize > 0 && items == NULL ? VALUE : 0;
            right.zero = (char *)((uintptr_t)items + (uintptr_t)(first * right.itemsize));
            break;
        }
        Py_ssize_t size = atol(type + 3);
        switch (schema->metadata == NULL ? PLAIN : metadata[level].is) {
        case TENSOR:
            for (int i = 0; i < metadata[level].ndim; i++) {
                if (right.ndim < MOST_AXES - 1) {
                    right.shape[right.ndim++] = metadata[level].shape[i];
                }
            }
            break;
        case WRONG:
            reasons |= VALUE;
            break;
        case ANY:
            *any_shape = 1;
            /* fall through */
        default:
            if (right.ndim < MOST_AXES - 1) {
                right.shape[right.ndim++] = size;
            }
        }
        reasons |= right.ndim > 64 || depth >= 64 ? VALUE : 0;
        start = first * size;
        length *= size;
        int lost = array->children == NULL || schema->children == NULL || array->children[0] == NULL || schema->children[0] == NULL;
        reasons |= lost ? VALUE : 0;
        if (reasons != 0) {
            return;
        }
        array = array->children[0];
        schema = schema->children[0];
        reasons |= array->length < 0 || start + length > array->length ? VALUE : 0;
    }
    reasons |= items_of(right.ndim, right.shape) * right.itemsize > PY_SSIZE_T_MAX ? VALUE : 0;
    contiguous_strides(&right);
}

static void arrows_in(void)
{
    int any_shape;
    doing = "an array of Arrow";
    right.reachable = 1;
    make_arrow();
    read_arrow(&any_shape);
    for (int level = 0; level < 4 && schemas[level].format != NULL; level++) {
        size_t used = strlen(arrow_types);
        snprintf(arrow_types + used, sizeof(arrow_types) - used, "%s ", schemas[level].format);
    }
    struct ArrowArray given = arrays[0];
    struct ArrowSchema its_schema = schemas[0];
    int has_array = given.release != NULL, has_schema = its_schema.release != NULL;
    to_delete = &arrays[0];
    schemas_released = 0;
    allocations_may_fail();
    PyObject *view = pybuffer_arrow_import(&given, &its_schema);
    blocks.fail_in = 0;
    MUST(given.release == NULL && its_schema.release == NULL);
    MUST_SAY(schemas_released == has_schema, "the schema is released %d times", schemas_released);
    if (any_shape && view == NULL) {
        reasons |= VALUE;
    }
    else if (any_shape) {
        /* Whatever the text says, the items are the same ones. */
        const Py_buffer *is = PyMemoryView_GET_BUFFER(view);
        MUST(items_of(is->ndim, is->shape) == items_of(right.ndim, right.shape));
        right.ndim = is->ndim;
        memcpy(right.shape, is->shape, (size_t)is->ndim * sizeof(Py_ssize_t));
        contiguous_strides(&right);
    }
    must_be_imported(view, has_array, 1);
}

/* ---- out, and in again --------------------------------------------------------------------------------------------------- */

/* Formats, and what they are when they come back from each protocol; NULL where it has no such items. */
static const struct {
    const char *format, *tensor, *bfloat16, *arrow, *array;
} ways[] = {
    {"b", "b", NULL, "b", "b"},         {"B", "B", NULL, "B", "B"},        {"h", "h", NULL, "h", "h"},    {"=H", "H", "2x", "H", "H"},
    {"i", "i", NULL, "i", "i"},         {"I", "I", NULL, "I", "I"},        {"q", "q", NULL, "q", "q"},    {"=Q", "Q", NULL, "Q", "Q"},
    {"n", "q", NULL, "q", "q"},         {"N", "Q", NULL, "Q", "Q"},        {"e", "e", NULL, "e", "e"},    {"f", "f", NULL, "f", "f"},
    {"d", "d", NULL, "d", "d"},         {"Ze", "Ze", NULL, NULL, "Ze"},    {"Zf", "Zf", NULL, NULL, "Zf"}, {"D", "Zd", NULL, NULL, "Zd"},
    {"?", "?", NULL, NULL, "?"},        {"g", NULL, NULL, NULL, "g"},      {"Zg", NULL, NULL, NULL, "Zg"}, {"c", NULL, NULL, "1s", "1s"},
    {"3s", NULL, NULL, "3s", "3s"},     {"0s", NULL, NULL, "0s", "0s"},    {"2s", NULL, "2x", "2s", "2s"}, {"2x", NULL, "2x", "2s", "2x"},
    {"5x", NULL, NULL, "5s", "5x"},     {"T{=i:a:=h:b:}", NULL, NULL, "6s", "6x"},                         {"bb", NULL, "2x", "2s", "2x"},
    {"2w", NULL, NULL, NULL, "2w"},     {"2u", NULL, NULL, NULL, NULL},    {"2f", NULL, NULL, NULL, NULL}, {"P", NULL, NULL, NULL, NULL},
    {"O", NULL, NULL, NULL, NULL},      {"8t", NULL, NULL, NULL, NULL},    {"3p", NULL, NULL, NULL, NULL}, {"&i", NULL, NULL, NULL, NULL},
    {"X{}", NULL, NULL, NULL, NULL},    {"(2)T{i}", NULL, NULL, NULL, NULL},
    /* The order that the machine has not. */
    {"*h", NULL, NULL, NULL, "*h"},     {"*f", NULL, NULL, NULL, "*f"},    {"*Zd", NULL, NULL, NULL, "*Zd"}, {"*3w", NULL, NULL, NULL, "*3w"},
};

static void with_order(char *to, const char *format)
{
    snprintf(to, 32, "%s%s", *format == '*' ? other_order() : "", format + (*format == '*'));
}

static void out_and_in(void)
{
    static Layout layout;
    static Arena tables;
    static char format[32];
    int way = (int)below(COUNT(ways)), protocol = (int)below(4), flags = 0;
    Py_ssize_t shape[AXES];
    arena_make(&tables, 1 << 16);
    with_order(format, ways[way].format);
    Py_ssize_t size = PyBuffer_SizeFromFormat(format), more = once_in(12) && strchr(format, 'u') == NULL && size > 0 ? between(1, 4) : 0;
    MUST(size >= 0);
    int ndim = random_shape(shape, 5, once_in(30) ? 300 : 20);
    layout_make(&layout, size + more, ndim, shape, LAYOUT_POINTERS | LAYOUT_SHARED, &data, &tables);
    if (once_in(2) && layout.view.suboffsets == NULL && ndim > 0) {
        /* One that more protocols have. */
        Py_ssize_t strides[AXES], step = size + more;
        for (int i = ndim - 1; i >= 0; i--) {
            strides[i] = step;
            step *= shape[i];
        }
        layout_strided(&layout, size + more, ndim, shape, strides);
        layout_put(&layout, arena_place(&data, layout.span));
    }
    layout.view.format = format;
    layout.view.readonly = once_in(3);
    PyObject *view = PyMemoryView_FromBuffer(&layout.view);
    MUST_RAISE(view == NULL, NULL);
    memset(&right, 0, sizeof(right));
    right.ndim = ndim;
    right.itemsize = size + more;
    right.readonly = layout.view.readonly;
    right.zero = layout.view.buf;
    right.reachable = 1;
    memcpy(right.shape, layout.shape, sizeof(layout.shape));
    memcpy(right.strides, layout.strides, sizeof(layout.strides));
    strcpy(right.format, format);
    reasons |= layout.view.suboffsets != NULL ? UNIMPLEMENTED : 0;
    const char *back = protocol == 3 ? ways[way].array : protocol == 2 ? ways[way].arrow : ways[way].tensor;
    if (protocol < 2) {
        doing = "a tensor out and in";
        if (once_in(4)) {
            flags |= PYBUFFER_DLPACK_BFLOAT16;
            back = ways[way].bfloat16;
        }
        flags |= once_in(8) ? PYBUFFER_DLPACK_WRITABLE : 0;
        reasons |= right.readonly && (protocol == 1 || flags & PYBUFFER_DLPACK_WRITABLE) ? BUFFER : 0;
        for (int i = 0; i < ndim; i++) {
            int used = layout.items > 0 && right.itemsize > 0 && right.shape[i] > 1;
            reasons |= used && right.strides[i] % right.itemsize != 0 ? BUFFER : 0;
        }
    }
    if (protocol == 2) {
        doing = "an array of Arrow out and in";
        reasons |= ndim == 0 || !model_contiguous(&layout.view, 'C') ? BUFFER : 0;
        right.readonly = 1;
    }
    doing = protocol == 3 ? "an array interface out and in" : doing;
    reasons |= back == NULL || more > 0 ? BUFFER : 0;
    struct ArrowArray array;
    struct ArrowSchema schema;
    void *out = NULL;
    allocations_may_fail();
    if (protocol == 0) {
        out = pybuffer_dlpack_export(view, flags);
    }
    else if (protocol == 1) {
        out = pybuffer_dlpack_export_unversioned(view, flags);
    }
    else if (protocol == 2) {
        out = pybuffer_arrow_export(view, &array, &schema) == 0 ? &array : NULL;
        MUST(out != NULL ? array.release != NULL && schema.release != NULL : array.release == NULL && schema.release == NULL);
    }
    else {
        out = pybuffer_array_interface_export(view);
    }
    blocks.fail_in = 0;
    if (out == NULL) {
        MUST_SAY(reasons != 0 || blocks.failed > 0, "it is refused: %s", pybuffer_error_message());
        must_refuse();
        executed();
        Py_DECREF(view);
        return;
    }
    MUST_SAY(reasons == 0, "it is not refused");
    MUST_RAISE(0, NULL);
    executed();
    with_order(right.format, back);
    if (once_in(2)) {
        /* The export keeps what it needs. */
        MUST_RAISE(pybuffer_memoryview_release(view) != 0, NULL);
    }
    Py_DECREF(view);
    PyObject *again;
    if (protocol == 0) {
        again = pybuffer_dlpack_import(out, 0);
    }
    else if (protocol == 1) {
        again = pybuffer_dlpack_import_unversioned(out, 0);
    }
    else if (protocol == 2) {
        again = pybuffer_arrow_import(&array, &schema);
    }
    else {
        again = pybuffer_array_interface_import(out, pybuffer_array_interface_free, out);
    }
    MUST_RAISE(again == NULL, NULL);
    must_be_right(again);
    Py_DECREF(again);
}

static void round_of_interop(void)
{
    arena_make(&data, 4 << 20);
    arena_make(&small, 2 * PAGE);
    memset(&right, 0, sizeof(right));
    reasons = 0;
    deleted = 0;
    deletion_sets_an_error = once_in(3);
    arrow_types[0] = '\0';
    describe = describe_interop;
    switch (below(4)) {
    case 0:
        tensors_in();
        break;
    case 1:
        array_interfaces_in();
        break;
    case 2:
        arrows_in();
        break;
    default:
        out_and_in();
    }
}

const Family interop = {"interop", round_of_interop, 100000};

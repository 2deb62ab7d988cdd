/* Extreme shapes, sizes, counts and widths through every function that takes them: items of no bytes, broadcasts to
 * more items than can be counted, negative lengths. Whatever the numbers are, a call ends soon, does not crash, and counts as
 * integers of 128 bits do.
 */
#include "random.h"

static Arena memory, out;
static Py_buffer view;
static Py_ssize_t shape[66], strides[66];
static char format[64];
static const char *doing;

static void describe_extreme(void)
{
    printf("#   %s\n", doing);
    print_view("view", &view);
}

static const Py_ssize_t MOST = PY_SSIZE_T_MAX;

static Py_ssize_t extreme_size(void)
{
    static const Py_ssize_t sizes[] = {0, 1, 1, 2, 3, 4, 7, 64, 255, 65536, 1LL << 31, (1LL << 31) - 1, 1LL << 32, (1LL << 32) + 1, 1LL << 33,
                                       3037000500, 1LL << 60, 1LL << 61, 1LL << 62, 6148914691236517206, 6148914691236517205, PY_SSIZE_T_MAX,
                                       PY_SSIZE_T_MAX - 1, PY_SSIZE_T_MAX / 3, -1, -2, PY_SSIZE_T_MIN, PY_SSIZE_T_MIN + 1};
    return sizes[below(once_in(12) ? COUNT(sizes) : COUNT(sizes) - 4)];
}

static Py_ssize_t any_size(void)
{
    return once_in(6) ? (Py_ssize_t)(any64() >> below(64)) * (once_in(8) ? -1 : 1) : extreme_size();
}

/* The number of items; -1 where an axis is negative. */
static Big items_of(void)
{
    for (int i = 0; i < view.ndim; i++) {
        if (shape[i] < 0) {
            return -1;
        }
    }
    return model_product(view.ndim, shape);
}

static int is_valid(void)
{
    Big items = items_of();
    return items >= 0 && items <= MOST && view.len >= 0 && items * view.itemsize <= view.len;
}

/* A view all of whose items are in a few bytes of memory, or of no bytes; as often as not one that cannot be. */
static void make(void)
{
    static const struct {
        const char *format;
        Py_ssize_t itemsize;
    } items[] = {{"0s", 0}, {"", 0}, {"0s", 0}, {"0x", 0}, {"0i", 0}, {"T{}", 0}, {"B", 1}, {"<h", 2}, {"3s", 3}, {"c", 1}, {"q", 8}, {"d", 8},
                 {"5B", 5}, {"?", 1}, {"0p", 0}, {"(0,4)d", 0}, {"(4294967296)0s", 0}, {"3x", 3}, {"16s", 16}};
    size_t f = below(COUNT(items));
    strcpy(format, items[f].format);
    memset(&view, 0, sizeof(view));
    view.itemsize = items[f].itemsize;
    view.format = format;
    view.ndim = (int)between(0, once_in(30) ? 64 : 4);
    int kind = (int)below(4);
    for (int i = 0; i < view.ndim; i++) {
        shape[i] = kind == 0 ? between(0, 3) : kind == 1 && i > 0 ? between(1, 2) : any_size();
    }
    if (kind == 1 && view.ndim > 1) {
        shape[below((uint64_t)view.ndim)] = any_size();
    }
    Big bytes = items_of() < 0 ? 0 : items_of() * view.itemsize;
    view.len = (Py_ssize_t)bytes;
    if (once_in(16)) {
        view.len = (Py_ssize_t)((size_t)view.len + (size_t)between(-2, 2));
    }
    view.readonly = once_in(4);
    view.shape = shape;
    view.strides = strides;
    scribble(memory.start, memory.size);
    for (int i = 0; i < view.ndim; i++) {
        strides[i] = view.itemsize == 0 && once_in(2) ? any_size() : 0;
    }
    /* Where there are only some items they may lie apart. */
    if (items_of() >= 0 && items_of() <= 64) {
        Py_ssize_t step = view.itemsize;
        for (int i = view.ndim - 1; i >= 0; i--) {
            strides[i] = step;
            step *= items_of() > 0 ? shape[i] : 1;
        }
    }
    /* What len says is there, in any case: a view of less items may have more. */
    view.buf = view.itemsize == 0 && view.len <= 0 && once_in(2) ? memory.start + memory.size : memory.start;
}

static PyObject *open_view(void)
{
    doing = "PyMemoryView_FromBuffer";
    PyObject *opened = PyMemoryView_FromBuffer(&view);
    if (is_valid()) {
        MUST_RAISE(opened == NULL, NULL);
    }
    else {
        MUST_RAISE(opened == NULL, PyExc_BufferError);
    }
    executed();
    return opened;
}

/* A failure with an error, or a success without one: which, the sizes do not say. */
static void must_end(const char *what, int failed)
{
    doing = what;
    MUST_SAY((failed != 0) == (PyErr_Occurred() != NULL), "it %s, and %s is pending", failed ? "fails" : "succeeds",
             PyErr_Occurred() ? "an error" : "nothing");
    PyErr_Clear();
    executed();
}

static void must_end_object(const char *what, PyObject *result)
{
    must_end(what, result == NULL);
    Py_XDECREF(result);
}

/* The last character of the format; NUL where it is empty. */
static char last_code(void)
{
    return format[0] == '\0' ? '\0' : format[strlen(format) - 1];
}

/* Whether values of the format are bytes. */
static int takes_bytes(void)
{
    return view.itemsize == 0 || last_code() == 's' || last_code() == 'c';
}

/* ---- items ------------------------------------------------------------------------------------------------------ */

enum { NO_VALUES, ONE_VALUE, OTHER_VALUES };

static int values_of_format(void)
{
    const char *none[] = {"", "0i", "T{}", "(0,4)d"}, *one[] = {"0s", "0p", "0x", "B", "<h", "3s", "c", "q", "d", "?", "16s"};
    for (size_t i = 0; i < COUNT(none); i++) {
        if (strcmp(format, none[i]) == 0) {
            return NO_VALUES;
        }
    }
    for (size_t i = 0; i < COUNT(one); i++) {
        if (strcmp(format, one[i]) == 0) {
            return ONE_VALUE;
        }
    }
    return OTHER_VALUES;
}

/* All items are the same one, where they are many: so many are found. */
static void count_items(PyObject *opened)
{
    Big items = items_of();
    int kind = values_of_format();
    pybuffer_value value;
    memset(&value, 0, sizeof(value));
    if (kind == OTHER_VALUES || (kind == ONE_VALUE && strcmp(format, "?") == 0)) {
        return;
    }
    if (view.itemsize > 0) {
        memset(memory.start, 1, memory.size);
    }
    value = last_code() == 's' || format[0] == 'c' || strcmp(format, "0p") == 0 || strcmp(format, "0x") == 0
                ? PYBUFFER_BYTES(memory.start, view.itemsize)
            : format[0] == 'd' ? PYBUFFER_REAL(0.5)
                               : PYBUFFER_INT((int64_t)(0x0101010101010101u >> (64 - 8 * (view.itemsize == 0 ? 1 : view.itemsize))));
    if (format[0] == 'd') {
        double half = 0.5;
        for (size_t i = 0; i < memory.size; i += 8) {
            memcpy(memory.start + i, &half, 8);
        }
    }
    doing = "pybuffer_memoryview_count";
    Py_ssize_t found = pybuffer_memoryview_count(opened, &value, kind == NO_VALUES ? 0 : 1);
    MUST_RAISE(found < 0, NULL);
    MUST_SAY(found == (Py_ssize_t)items, "%zd items are found, not %zd", found, (Py_ssize_t)items);
    executed();
    if (view.ndim > 0) {
        doing = "pybuffer_memoryview_index";
        Py_ssize_t start = once_in(2) ? 0 : any_size(), stop = once_in(2) ? PY_SSIZE_T_MAX : any_size();
        Big from = start < 0 ? start + items : start, to = stop < 0 ? stop + items : stop;
        from = from < 0 ? 0 : from;
        to = to > items ? items : to;
        found = pybuffer_memoryview_index(opened, &value, kind == NO_VALUES ? 0 : 1, start, stop);
        if (from < to) {
            MUST_SAY(found == (Py_ssize_t)from, "from %zd to %zd: item %zd, not %zd", start, stop, found, (Py_ssize_t)from);
            MUST_RAISE(found < 0, NULL);
        }
        else {
            MUST_RAISE(found < 0, PyExc_ValueError);
        }
        executed();
        if (view.itemsize > 0 && values_of_format() == ONE_VALUE && format[0] != 'd') {
            /* A value that none of them has. */
            static const char other[16] = {2};
            pybuffer_value absent = value.kind == PYBUFFER_KIND_BYTES ? PYBUFFER_BYTES(other, view.itemsize) : PYBUFFER_INT(2);
            doing = "pybuffer_memoryview_count of what there is not";
            MUST(pybuffer_memoryview_count(opened, &absent, 1) == 0);
            MUST_RAISE(pybuffer_memoryview_index(opened, &absent, 1, start, stop) == -1, PyExc_ValueError);
            executed();
        }
    }
}

static void all_values(PyObject *opened)
{
    Big items = items_of();
    int kind = values_of_format();
    /* Room for so many, and no more. */
    Py_ssize_t room = between(0, 20);
    pybuffer_value *values = (pybuffer_value *)(void *)(out.start + out.size) - room;
    if (kind == OTHER_VALUES) {
        return;
    }
    Big wanted = kind == NO_VALUES ? 0 : items;
    doing = "pybuffer_memoryview_values";
    int failed = pybuffer_memoryview_values(opened, values, room) != 0;
    MUST_RAISE(failed, wanted == room ? NULL : PyExc_ValueError);
    executed();
    doing = "pybuffer_memoryview_set_values";
    for (Py_ssize_t i = 0; i < room; i++) {
        values[i] = takes_bytes() ? PYBUFFER_BYTES(out.start, view.itemsize) : PYBUFFER_INT(1);
    }
    failed = pybuffer_memoryview_set_values(opened, values, room) != 0;
    MUST_RAISE(failed, view.readonly ? PyExc_TypeError : wanted == room ? NULL : PyExc_ValueError);
    executed();
    if (items <= (1 << 20) || kind == NO_VALUES) {
        return;
    }
    double numbers[1] = {0};
    must_end("pybuffer_memoryview_to_double", pybuffer_memoryview_to_double(opened, numbers, room & 1) != 0);
    must_end("pybuffer_memoryview_from_double", pybuffer_memoryview_from_double(opened, numbers, room & 1) != 0);
}

static void compare(PyObject *opened)
{
    PyObject *again = PyMemoryView_FromObject(opened);
    MUST_RAISE(again == NULL, NULL);
    doing = "pybuffer_memoryview_equal, with itself";
    /* NaN is not equal to itself. */
    if (format[0] == 'd') {
        memset(memory.start, 0, memory.size);
    }
    int same = pybuffer_memoryview_equal(opened, again);
    MUST_RAISE(same < 0, NULL);
    MUST_SAY(same == 1, "it is not equal to itself");
    executed();
    doing = "PyObject_RichCompareBool, with itself";
    same = PyObject_RichCompareBool(opened, again, Py_EQ);
    MUST_RAISE(same < 0, NULL);
    executed();
    Py_DECREF(again);
    /* The same items in another place, in another shape. */
    Py_ssize_t before[66], changed = 0;
    memcpy(before, shape, sizeof(before));
    if (view.ndim > 0 && once_in(2)) {
        Py_ssize_t *length = &shape[below((uint64_t)view.ndim)], now = any_size();
        changed = *length != now;
        *length = now;
    }
    if (is_valid()) {
        Py_buffer elsewhere = view;
        if (view.itemsize > 0) {
            memcpy(out.start, memory.start, memory.size);
            elsewhere.buf = out.start;
        }
        PyObject *other = PyMemoryView_FromBuffer(&elsewhere);
        MUST_RAISE(other == NULL, NULL);
        doing = "pybuffer_memoryview_equal, with another";
        same = pybuffer_memoryview_equal(opened, other);
        MUST_RAISE(same < 0, NULL);
        if (changed) {
            MUST_SAY(same == 0, "two of different shapes are equal");
        }
        else {
            MUST_SAY(same == 1, "two with the same items are not equal");
        }
        Py_DECREF(other);
        executed();
    }
    memcpy(shape, before, sizeof(before));
}

/* ---- copies ------------------------------------------------------------------------------------------------------ */

static void copy_items(PyObject *opened)
{
    Big items = items_of();
    char order = "CFA"[below(3)];
    size_t bytes = (size_t)(items * view.itemsize);
    if (view.len >= 0 && bytes <= 1 << 12 && view.len <= 1 << 12) {
        doing = "PyBuffer_ToContiguous";
        MUST_RAISE(PyBuffer_ToContiguous(out.start + out.size - view.len, &view, view.len, order) != 0, NULL);
        executed();
        doing = "PyBuffer_FromContiguous";
        Py_ssize_t len = once_in(2) ? view.len : once_in(2) ? 0 : any_size();
        if (len <= view.len) {
            int failed = PyBuffer_FromContiguous(&view, out.start + out.size - view.len, len, order) != 0;
            MUST_RAISE(failed, len < 0 ? PyExc_SystemError : NULL);
            executed();
        }
    }
    PyObject *all = pybuffer_memoryview_tobytes(opened, order);
    if (all != NULL && view.len == (Py_ssize_t)bytes) {
        MUST(PyBytes_Size(all) == (Py_ssize_t)bytes);
    }
    must_end_object("pybuffer_memoryview_tobytes", all);
    must_end_object("pybuffer_memoryview_copy", pybuffer_memoryview_copy(opened, order));
    must_end_object("PyMemoryView_GetContiguous", PyMemoryView_GetContiguous(opened, PyBUF_READ, order));
    must_end_object("PyBytes_FromObject", PyBytes_FromObject(opened));
    must_end_object("pybuffer_memoryview_hex", pybuffer_memoryview_hex(opened, once_in(2) ? -1 : ':', any_size()));
    must_end_object("pybuffer_memoryview_text", pybuffer_memoryview_text(opened, between(0, 3)));
    must_end("PyObject_Hash", PyObject_Hash(opened) == -1);
    doing = "PyObject_CopyData, to itself";
    must_end(doing, PyObject_CopyData(opened, opened) != 0);
    doing = "pybuffer_memoryview_assign, to itself";
    must_end(doing, pybuffer_memoryview_assign(opened, NULL, 0, opened) != 0);
    if (values_of_format() == ONE_VALUE) {
        pybuffer_value value = takes_bytes() ? PYBUFFER_BYTES(out.start, view.itemsize) : PYBUFFER_INT(1);
        doing = "pybuffer_memoryview_fill";
        MUST_RAISE(pybuffer_memoryview_fill(opened, NULL, 0, &value, 1) != 0, view.readonly ? PyExc_TypeError : NULL);
        executed();
    }
}

/* ---- parts -------------------------------------------------------------------------------------------------------- */

static void parts_of(PyObject *opened)
{
    Big items = items_of();
    Py_ssize_t wanted[3];
    int ndim = (int)between(1, 3);
    for (int i = 0; i < ndim; i++) {
        wanted[i] = any_size();
    }
    if (once_in(2)) {
        ndim = 1;
        wanted[0] = once_in(2) ? -1 : (Py_ssize_t)items;
    }
    doing = "pybuffer_memoryview_reshape";
    PyObject *part = pybuffer_memoryview_reshape(opened, ndim, wanted, "CF"[below(2)]);
    if (part != NULL) {
        const Py_buffer *is = PyMemoryView_GET_BUFFER(part);
        MUST_SAY(model_product(is->ndim, is->shape) == items, "another number of items");
    }
    must_end_object(doing, part);
    doing = "pybuffer_memoryview_broadcast";
    for (int i = 0; i < ndim; i++) {
        wanted[i] = any_size();
    }
    part = pybuffer_memoryview_broadcast(opened, ndim, wanted);
    if (part != NULL) {
        const Py_buffer *is = PyMemoryView_GET_BUFFER(part);
        Big now = model_product(is->ndim, is->shape);
        MUST_SAY(now <= MOST && now * is->itemsize <= MOST, "more items than memory could hold");
        MUST(is->len == (Py_ssize_t)(now * is->itemsize));
        for (int i = 0; i < ndim; i++) {
            MUST(is->shape[i] == wanted[i]);
        }
    }
    must_end_object(doing, part);
    doing = "pybuffer_memoryview_subscript";
    pybuffer_subscript slice = PYBUFFER_SLICE(any_size(), any_size(), any_size());
    part = pybuffer_memoryview_subscript(opened, &slice, 1);
    if (part != NULL) {
        const Py_buffer *is = PyMemoryView_GET_BUFFER(part);
        MUST(is->shape[0] >= 0 && is->shape[0] <= shape[0]);
        MUST(is->len == (Py_ssize_t)(model_product(is->ndim, is->shape) * is->itemsize));
    }
    must_end_object(doing, part);
    static const char *const formats[] = {"B", "0s", "", "i", "4294967296s", "(4294967296,4294967296)B", "3s"};
    doing = "pybuffer_memoryview_cast";
    must_end_object(doing, pybuffer_memoryview_cast(opened, formats[below(COUNT(formats))], ndim, once_in(2) ? NULL : wanted, "CF"[below(2)]));
    doing = "pybuffer_memoryview_flip";
    must_end_object(doing, pybuffer_memoryview_flip(opened, (int)between(-4, 4)));
    PyObject *iterator = pybuffer_memoryview_iter(opened);
    if (iterator != NULL) {
        must_end_object("pybuffer_memoryview_next", shape[0] > 0 ? pybuffer_memoryview_next(iterator) : Py_NewRef(Py_None));
        Py_DECREF(iterator);
    }
    else {
        must_end("pybuffer_memoryview_iter", 1);
    }
    if (view.ndim > 0) {
        doing = "PyObject_Length";
        MUST(PyObject_Length(opened) == shape[0]);
    }
}

/* The exporter itself, not a memoryview of it. */
static void as_exporter(void)
{
    Sample *exporter = sample_new(&view);
    int valid = is_valid();
    exporter->offer.format = format;
    PyObject *object = (PyObject *)exporter;
    switch (below(7)) {
    case 0:
        must_end_object("PyMemoryView_FromObject", PyMemoryView_FromObject(object));
        break;
    case 1:
        must_end_object("PyBytes_FromObject", PyBytes_FromObject(object));
        break;
    case 2:
        must_end_object("PyPickleBuffer_FromObject", PyPickleBuffer_FromObject(object));
        break;
    case 3:
        must_end_object("pybuffer_ndarray_from_object", pybuffer_ndarray_from_object(object, PyBUF_FULL_RO, 0));
        break;
    case 4: {
        PyObject *to = PyByteArray_FromStringAndSize(NULL, between(0, 30));
        MUST_RAISE(to == NULL, NULL);
        must_end("PyObject_CopyData", PyObject_CopyData(to, object) != 0);
        must_end("PyObject_CopyData", PyObject_CopyData(object, to) != 0);
        Py_DECREF(to);
        break;
    }
    case 5: {
        doing = "pybuffer_check_exporter";
        Py_ssize_t broken = pybuffer_check_exporter(object, NULL, NULL);
        MUST_RAISE(broken < 0, NULL);
        MUST_SAY(broken == 0 || !valid || view.len != (Py_ssize_t)(items_of() * view.itemsize), "%zd rules are broken", broken);
        executed();
        break;
    }
    default: {
        PyObject *object_of = pybuffer_memory_new(&view, NULL, NULL);
        must_end_object("pybuffer_memory_new", object_of);
    }
    }
    sample_done(exporter);
}

static void of_views(void)
{
    make();
    if (once_in(4)) {
        as_exporter();
        return;
    }
    PyObject *opened = open_view();
    if (opened == NULL) {
        return;
    }
    switch (below(5)) {
    case 0:
        count_items(opened);
        break;
    case 1:
        all_values(opened);
        break;
    case 2:
        compare(opened);
        break;
    case 3:
        copy_items(opened);
        break;
    default:
        parts_of(opened);
    }
    Py_DECREF(opened);
}

/* ---- what takes no view ------------------------------------------------------------------------------------------- */

static void structures(void)
{
    int ndim = (int)between(0, 4);
    Py_ssize_t memlen = any_size(), itemsize = any_size(), offset = once_in(2) ? 0 : any_size();
    if (once_in(2)) {
        itemsize = between(1, 8);
    }
    memset(&view, 0, sizeof(view));
    doing = "pybuffer_verify_structure";
    view.len = memlen;
    view.itemsize = itemsize;
    view.ndim = ndim;
    view.shape = shape;
    view.strides = strides;
    view.format = NULL;
    for (int i = 0; i < ndim; i++) {
        shape[i] = once_in(2) ? between(0, 4) : any_size();
        strides[i] = once_in(2) ? (Py_ssize_t)((size_t)itemsize * (size_t)between(-4, 4)) : any_size();
    }
    /* Further than any memory; four products of two sizes do not fit in a Big. */
    const Big beyond = (Big)1 << 100;
    Big low = offset, high = offset;
    int good = itemsize > 0 && memlen >= 0 && offset >= 0 && offset % (itemsize > 0 ? itemsize : 1) == 0 && (Big)offset + itemsize <= memlen;
    int none = 0;
    for (int i = 0; i < ndim && itemsize > 0; i++) {
        good &= shape[i] >= 0 && strides[i] % itemsize == 0;
        none |= shape[i] == 0;
        Big far = (Big)strides[i] * ((Big)shape[i] - 1);
        far = far > beyond ? beyond : far < -beyond ? -beyond : far;
        *(far < 0 ? &low : &high) += far;
    }
    good = good && (none || (low >= 0 && high + itemsize <= memlen));
    int result = pybuffer_verify_structure(memlen, itemsize, ndim, shape, strides, offset);
    MUST_RAISE(result < 0, NULL);
    MUST_SAY(result == good, "offset %zd: %d, not %d", offset, result, good);
    executed();
}

static void new_memory(void)
{
    static const char *const formats[] = {"B", "0s", "", "i", "4294967296s", "9223372036854775807s", "3x", "T{qB}"};
    const char *chosen = formats[below(COUNT(formats))];
    int ndim = (int)between(0, 4);
    memset(&view, 0, sizeof(view));
    strcpy(format, chosen);
    view.format = format;
    view.ndim = ndim;
    view.shape = shape;
    for (int i = 0; i < ndim; i++) {
        shape[i] = any_size();
    }
    view.itemsize = PyBuffer_SizeFromFormat(chosen);
    Big bytes = items_of() * view.itemsize;
    doing = "pybuffer_memoryview_new";
    PyObject *made = pybuffer_memoryview_new(chosen, ndim, shape, "CF"[below(2)]);
    if (made != NULL) {
        MUST_SAY(items_of() >= 0 && items_of() <= MOST && bytes <= (Big)blocks.largest, "there is no such memory");
        MUST(PyMemoryView_GET_BUFFER(made)->len == (Py_ssize_t)bytes);
        MUST_RAISE(0, NULL);
    }
    else if (items_of() < 0) {
        MUST_RAISE(1, PyExc_ValueError);
    }
    else {
        MUST_SAY(bytes > (Big)blocks.largest - 100 || items_of() > MOST, "it fails");
    }
    PyErr_Clear();
    Py_XDECREF(made);
    executed();
    made = pybuffer_ndarray_zeros(chosen, ndim, shape, once_in(2) ? 0 : once_in(2) ? PYBUFFER_ND_FORTRAN : PYBUFFER_ND_PIL);
    MUST_SAY(made == NULL || (items_of() >= 0 && bytes <= (Big)blocks.largest && view.itemsize > 0), "there is no such memory");
    must_end_object("pybuffer_ndarray_zeros", made);
    char bytes_of[8] = {0};
    for (int i = 0; i < ndim; i++) {
        strides[i] = once_in(2) ? 0 : any_size();
    }
    must_end_object("pybuffer_ndarray_new", pybuffer_ndarray_new(bytes_of, between(0, 8), chosen, ndim, shape, once_in(2) ? NULL : strides,
                                                              once_in(2) ? 0 : any_size(), 0));
}

static void sequences(void)
{
    char bytes[8] = "abcdefg";
    Py_ssize_t size = any_size(), at = any_size(), to = any_size();
    memset(&view, 0, sizeof(view));
    view.len = size;
    PyObject *object = once_in(3) ? PyBytes_FromStringAndSize(bytes, 7)
                       : once_in(2) ? PyByteArray_FromStringAndSize(bytes, 7)
                                    : PyBuffer_FromMemory(bytes, 7);
    MUST_RAISE(object == NULL, NULL);
    /* As Python has it: of 7 bytes. */
    Py_ssize_t first = at < 0 ? 0 : at > 7 ? 7 : at, last = to < first ? first : to > 7 ? 7 : to;
    switch (below(11)) {
    case 0:
        doing = "PySequence_GetItem";
        must_end_object(doing, PySequence_GetItem(object, at));
        break;
    case 1: {
        doing = "PySequence_GetSlice";
        PyObject *slice = PySequence_GetSlice(object, at, to);
        MUST_RAISE(slice == NULL, NULL);
        if (at >= 0 && to >= 0) {
            MUST_SAY(PyObject_Length(slice) == last - first, "[%zd:%zd] has %zd bytes", at, to, PyObject_Length(slice));
        }
        must_end_object(doing, slice);
        break;
    }
    case 2:
        doing = "PySequence_Repeat";
        must_end_object(doing, PySequence_Repeat(object, size));
        break;
    case 3: {
        PyObject *array = PyByteArray_FromStringAndSize(bytes, 7);
        doing = "PyByteArray_Resize";
        int status = PyByteArray_Resize(array, size);
        MUST(status == 0 ? PyByteArray_Size(array) == size : PyByteArray_Size(array) == 7);
        must_end(doing, status != 0);
        Py_DECREF(array);
        break;
    }
    case 4: {
        PyObject *made = PyBytes_FromStringAndSize(bytes, 7);
        doing = "_PyBytes_Resize";
        int status = _PyBytes_Resize(&made, size);
        MUST(status == 0 ? PyBytes_Size(made) == size : made == NULL);
        must_end(doing, status != 0);
        Py_XDECREF(made);
        break;
    }
    case 5:
        doing = "PyBytes_FromStringAndSize";
        must_end_object(doing, PyBytes_FromStringAndSize(NULL, size));
        must_end_object("PyByteArray_FromStringAndSize", PyByteArray_FromStringAndSize(NULL, size));
        must_end_object("PyBuffer_New", PyBuffer_New(size));
        break;
    case 6: {
        doing = "PyBuffer_FromObject";
        PyObject *old = PyBuffer_FromObject(object, at, size);
        if (old != NULL) {
            MUST(PyObject_Length(old) >= 0 && PyObject_Length(old) <= 7);
        }
        must_end_object(doing, old);
        break;
    }
    case 7: {
        PyObject *array = PyByteArray_FromStringAndSize(bytes, 7);
        doing = "PySequence_SetSlice";
        must_end(doing, PySequence_SetSlice(array, at, to, object) != 0);
        must_end("PySequence_DelSlice", PySequence_DelSlice(array, at, to) != 0);
        must_end("PySequence_DelItem", PySequence_DelItem(array, at) != 0);
        Py_DECREF(array);
        break;
    }
    case 8: {
        Py_buffer filled;
        doing = "PyBuffer_FillInfo";
        int status = PyBuffer_FillInfo(&filled, NULL, bytes, size, once_in(2), once_in(2) ? PyBUF_FULL_RO : PyBUF_SIMPLE);
        must_end(doing, status != 0);
        break;
    }
    case 9: {
        PyObject *opened = PyMemoryView_FromMemory(bytes, size, PyBUF_READ);
        must_end_object("PyMemoryView_FromMemory", opened);
        break;
    }
    default: {
        /* Each of them a width, a precision or both, which no text has. */
        static const char *const texts[] = {"%9223372036854775807d", "%.9223372036854775807d", "%2147483648s", "%99999999999999999999d",
                                            "%.2147483647s",         "%*d",                    "%.*d",       "%-*x",
                                            "%0*d",                  "%.*s"};
        static const int widths[] = {0, 1, -1, 1000, 2147483647, -2147483647, -2147483647 - 1, 1 << 30};
        size_t which = below(COUNT(texts));
        doing = texts[which];
        int width = widths[below(COUNT(widths))];
        if (strchr(texts[which], '*') == NULL) {
            strchr(texts[which], 's') ? PyErr_Format(PyExc_ValueError, texts[which], "abc") : PyErr_Format(PyExc_ValueError, texts[which], 7);
        }
        else {
            strchr(texts[which], 's') ? PyErr_Format(PyExc_ValueError, texts[which], width, "abc")
                                      : PyErr_Format(PyExc_ValueError, texts[which], width, 7);
        }
        MUST(PyErr_Occurred() != NULL);
        PyErr_Clear();
        executed();
    }
    }
    Py_DECREF(object);
}

/* Formats of extreme counts: sizes by arithmetic that does not wrap. */
static void of_formats(void)
{
    char text[200] = "", number[64];
    Py_ssize_t lengths[4];
    int ndim = (int)between(1, 3);
    static const char codes[] = "sBqxd";
    char code = codes[below(5)];
    Py_ssize_t size = code == 'q' || code == 'd' ? 8 : 1;
    Big elements = 1, bytes;
    int none = 0;
    for (int i = 0; i < ndim; i++) {
        do {
            lengths[i] = any_size();
        } while (lengths[i] < 0);
        none |= lengths[i] == 0;
        snprintf(number, sizeof(number), "%c%zd", i == 0 ? '(' : ',', lengths[i]);
        strcat(text, number);
    }
    for (int i = 0; i < ndim; i++) {
        elements = elements > MOST ? elements : elements * lengths[i];
    }
    do {
        lengths[3] = any_size();
    } while (lengths[3] < 0);
    /* Where there is nothing, or nothing in it, there are no bytes. */
    /* There may be too many for a parsed format, also of nothing, unless a repetition of 0 is one more axis. */
    int too_many = (code == 's' || code == 'x') && !none && elements > MOST;
    elements = none || lengths[3] == 0 ? 0 : elements;
    snprintf(number, sizeof(number), ")%zd%c", lengths[3], code);
    strcat(text, number);
    bytes = elements > MOST || (elements > 0 && lengths[3] > MOST / elements) ? (Big)1 << 90 : elements * lengths[3] * size;
    /* An element that memory cannot have is an error by itself. */
    int may_refuse = (Big)lengths[3] * size > MOST;
    memset(&view, 0, sizeof(view));
    view.format = text;
    doing = "PyBuffer_SizeFromFormat";
    Py_ssize_t is = PyBuffer_SizeFromFormat(text);
    if (bytes > MOST || (is < 0 && may_refuse)) {
        MUST_RAISE(is < 0, PyExc_ValueError);
    }
    else {
        MUST_RAISE(is < 0, NULL);
        MUST_SAY(is == (Py_ssize_t)bytes, "%s has %zd bytes, not %zd", text, is, (Py_ssize_t)bytes);
    }
    executed();
    PyObject *parsed = pybuffer_format_parse(text);
    MUST((parsed == NULL) == (is < 0 || too_many));
    PyErr_Clear();
    if (parsed != NULL) {
        Py_ssize_t values = pybuffer_format_value_count(parsed);
        MUST(values >= 0);
        PyObject *twin = pybuffer_format_parse(text);
        doing = "pybuffer_format_equivalent";
        MUST(pybuffer_format_equivalent(parsed, twin, 1) == 1);
        doing = "pybuffer_format_canonical";
        must_end_object(doing, pybuffer_format_canonical(parsed));
        if (values == 0) {
            /* So many items of nothing. */
            doing = "pybuffer_format_unpack_items";
            pybuffer_value value;
            Py_ssize_t count = any_size();
            int failed = pybuffer_format_unpack_items(parsed, memory.start, 0, count, &value) != 0;
            MUST_RAISE(failed, count < 0 ? PyExc_SystemError : NULL);
            executed();
        }
        Py_DECREF(twin);
        Py_DECREF(parsed);
    }
    view.format = format;
}

static void round_of_extreme(void)
{
    arena_make(&memory, 1 << 12);
    arena_make(&out, 1 << 14);
    describe = describe_extreme;
    blocks.largest = 1 << 20;
    doing = "";
    strcpy(format, "B");
    memset(&view, 0, sizeof(view));
    switch (below(10)) {
    case 0:
        structures();
        break;
    case 1:
        new_memory();
        break;
    case 2:
        sequences();
        break;
    case 3:
        of_formats();
        break;
    default:
        of_views();
    }
}

const Family extreme = {"extreme", round_of_extreme, 100000};

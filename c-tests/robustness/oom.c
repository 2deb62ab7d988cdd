/* Out of memory: each function that allocates, with an allocator that fails at the first call, at the second, and so on
 * until the function succeeds; once with that call failing alone, once with all after it failing, too.
 *
 * Each time it must be a MemoryError, nothing may be leaked, and reference counts, export counts and contents must be
 * what they were.
 */
#define PYBUFFER_NO_WARN_UNUSED /* calls are made for what else they do */
#include "support.h"

#include "dlpack.h"
#include "hooks.h"

/* ---- what the functions work on ----------------------------------------------------------------------------- */

static unsigned char memory[256], contents[256];
static char rows[3][4], *table[3] = {rows[0], rows[1], rows[2]};
/* Of as many rows, and as long ones, as may be walked by the addresses that they are at. */
static char many_rows[2][512][256], *many[2][512];

static struct {
    PyObject *bytes, *bytearray, *empty_bytearray, *old;
    Exporter *strided, *frozen, *indirect, *deep, *front, *back, *fortran, *elsewhere, *record, *above, *below;
    PyObject *memoryview, *strided_view, *records, *record_view, *record_pairs, *ndarray, *grid, *cube;
} on;

#define OBJECTS(F)                                                                                                     \
    F(bytes) F(bytearray) F(empty_bytearray) F(old) F(strided) F(frozen) F(indirect) F(deep) F(front) F(back)          \
    F(above) F(below) F(fortran) F(elsewhere) F(record) F(memoryview) F(strided_view) F(records) F(record_view)        \
    F(record_pairs) F(ndarray) F(grid) F(cube)

static void build(void)
{
    static const Py_ssize_t four[] = {4}, apart[] = {8}, shape[] = {3, 4}, columns[] = {1, 3};
    static const Py_ssize_t ten[] = {2, 1, 2, 1, 2, 1, 2, 1, 2, 1};
    static const Py_ssize_t ten_strides[] = {64, 64, 32, 32, 16, 16, 8, 8, 2, 2};
    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (unsigned char)(i * 7 + 1);
    }
    on.bytes = PyBytes_FromString("some bytes");
    on.bytearray = PyByteArray_FromStringAndSize("some more bytes", 15);
    on.empty_bytearray = PyByteArray_FromStringAndSize(NULL, 0);
    on.old = PyBuffer_FromObject(on.bytearray, 2, 6);
    on.strided = exporter_new(memory, NATIVE "h", 2, 1, four, apart);
    on.frozen = exporter_new(memory, "B", 1, 1, four, apart);
    on.frozen->offer.readonly = 1;
    on.indirect = exporter_of_rows(table, 3, 4);
    for (size_t i = 0; i < COUNT(many[0]); i++) {
        many[0][i] = many_rows[0][i];
        many[1][i] = many_rows[1][i];
    }
    on.above = exporter_of_rows(many[0], COUNT(many[0]), sizeof(many_rows[0][0]));
    on.below = exporter_of_rows(many[1], COUNT(many[0]), sizeof(many_rows[0][0]));
    on.deep = exporter_new(memory, "b", 1, 10, ten, ten_strides);
    on.front = exporter_new(memory, "B", 1, 1, four, apart);
    on.back = exporter_new(memory + 16, "B", 1, 1, four, apart);
    on.fortran = exporter_new(memory, "B", 1, 2, shape, columns);
    on.elsewhere = exporter_new(contents, "B", 1, 1, four, apart);
    on.record = exporter_new(memory, NATIVE "hBx?HbIb", 13, 1, shape, NULL); /* of more steps than need no memory */
    on.memoryview = PyMemoryView_FromObject(on.bytearray);
    on.strided_view = PyMemoryView_FromObject((PyObject *)on.strided);
    static Py_ssize_t two[] = {2};
    static char format[] = "<bhbhb";
    Py_buffer records = {.buf = memory + 64, .len = 14, .itemsize = 7, .ndim = 1, .format = format, .shape = two};
    on.records = PyMemoryView_FromBuffer(&records);
    on.record_view = PyMemoryView_FromObject((PyObject *)on.record);
    static char pairs_format[] = "<2h";
    static Py_ssize_t four_pairs[] = {4};
    Py_buffer pairs = {.buf = memory + 128, .len = 16, .itemsize = 4, .ndim = 1, .format = pairs_format, .shape = four_pairs};
    on.record_pairs = PyMemoryView_FromBuffer(&pairs);
    on.ndarray = pybuffer_ndarray_new("abcdef", 6, "B", 2, (Py_ssize_t[]){2, 3}, (Py_ssize_t[]){-3, 1}, 3, 0);
    on.grid = pybuffer_ndarray_zeros("5s", 2, (Py_ssize_t[]){2, 3}, 0);
    on.cube = pybuffer_ndarray_zeros("d", 3, (Py_ssize_t[]){2, 3, 2}, 0);
}

typedef struct {
    long outstanding;
    Py_ssize_t references[23], exports[23], held, bases;
    char contents[sizeof(memory) + sizeof(rows) + 32];
    Py_ssize_t size;
} State;

static State state(void)
{
    State now;
    int i = 0;
    memset(&now, 0, sizeof(now));
    now.outstanding = hooks.outstanding;
#define COUNTS(object)                                                                                                 \
    now.references[i] = Py_REFCNT(on.object);                                                                          \
    now.exports[i++] = exports_of((PyObject *)on.object);
    OBJECTS(COUNTS)
    Exporter *const all[] = {on.strided, on.frozen, on.indirect, on.deep, on.front, on.back, on.fortran,
                             on.elsewhere, on.above, on.below};
    for (size_t e = 0; e < COUNT(all); e++) {
        now.held += all[e]->gets - all[e]->releases;
    }
    now.size = PyByteArray_Size(on.bytearray);
    pybuffer_ndarray_state array;
    CHECK_INT(pybuffer_ndarray_get_state(on.ndarray, &array), 0);
    now.bases = 100 * array.bases + array.exports;
    memcpy(now.contents, memory, sizeof(memory));
    memcpy(now.contents + sizeof(memory), rows, sizeof(rows));
    memcpy(now.contents + sizeof(memory) + sizeof(rows), PyByteArray_AsString(on.bytearray), 16);
    memcpy(now.contents + sizeof(memory) + sizeof(rows) + 16, PyBytes_AsString(on.bytes), 11);
    return now;
}

/* ---- the attempts: 1 where the function has succeeded, 0 where it has failed -------------------------------- */

static int dropped(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

/* For functions whose purpose is to raise: whether they have raised the right error. */
static int raised(PyObject *type)
{
    int as_told = PyErr_Occurred() == type;
    if (as_told) {
        PyErr_Clear();
    }
    return as_told;
}

/* Changes made by a success are undone while the allocator works. */
static void peace(void)
{
    hooks.fail_at = 0;
}

static const char long_text[] = "a text that is longer than what a writer holds without an object: "
    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789";

#define ATTEMPTS(A)                                                                                                    \
    A(bytes_uninitialised, dropped(PyBytes_FromStringAndSize(NULL, 100)))                                              \
    A(bytes_of_a_string, dropped(PyBytes_FromString("a string")))                                                      \
    A(bytes_of_a_bytearray, dropped(PyBytes_FromObject(on.bytearray)))                                                 \
    A(bytes_of_a_strided_view, dropped(PyBytes_FromObject((PyObject *)on.strided)))                                    \
    A(bytes_of_memory_behind_pointers, dropped(PyBytes_FromObject((PyObject *)on.indirect)))                           \
    A(bytes_of_ten_axes, dropped(PyBytes_FromObject((PyObject *)on.deep)))                                             \
    A(bytes_concatenated, concatenate(0))                                                                              \
    A(bytes_concatenated_and_deleted, concatenate(1))                                                                  \
    A(bytes_grown, resize_bytes(300, 0))                                                                               \
    A(bytes_shrunk, resize_bytes(3, 0))                                                                                \
    A(bytes_resized_while_shared, resize_bytes(20, 1))                                                                 \
    A(bytes_repr, dropped(PyBytes_Repr(on.bytes, 1)))                                                                  \
    A(bytes_of_a_format, dropped(PyBytes_FromFormat("%s %300d %s", "short", 5, long_text)))                            \
    A(bytes_joined, join_rows())                                                                                       \
    A(bytes_written, write_bytes(0))                                                                                   \
    A(bytes_written_and_discarded, write_bytes(1))                                                                     \
    A(bytearray_of_memory, dropped(PyByteArray_FromStringAndSize("memory", 6)))                                        \
    A(bytearray_of_nothing, dropped(PyByteArray_FromStringAndSize(NULL, 0)))                                           \
    A(bytearray_of_bytes, dropped(PyByteArray_FromObject(on.bytes)))                                                   \
    A(bytearray_of_a_strided_view, dropped(PyByteArray_FromObject((PyObject *)on.strided)))                            \
    A(bytearray_of_memory_behind_pointers, dropped(PyByteArray_FromObject((PyObject *)on.indirect)))                   \
    A(bytearray_concatenated, dropped(PyByteArray_Concat(on.bytes, on.bytearray)))                                     \
    A(bytearray_grown, resize_bytearray(1000))                                                                         \
    A(bytearray_shrunk, resize_bytearray(2))                                                                           \
    A(bytearray_emptied, resize_bytearray(0))                                                                          \
    A(bytearray_grown_from_nothing, resize_nothing())                                                                  \
    A(bytearray_slice_that_grows, set_slice(3, 5, "much more than there is room for"))                                 \
    A(bytearray_slice_that_shrinks, set_slice(1, 15, ""))                                                              \
    A(slice_of_bytes, dropped(PySequence_GetSlice(on.bytes, 1, 5)))                                                    \
    A(slice_of_a_bytearray, dropped(PySequence_GetSlice(on.bytearray, 1, 5)))                                          \
    A(bytes_repeated, dropped(PySequence_Repeat(on.bytes, 3)))                                                         \
    A(bytearray_repeated, dropped(PySequence_Repeat(on.bytearray, 3)))                                                 \
    A(old_buffer, dropped(PyBuffer_FromObject(on.bytes, 1, 5)))                                                        \
    A(old_buffer_of_memory, dropped(PyBuffer_FromReadWriteMemory(memory, 5)))                                          \
    A(old_buffer_with_memory, dropped(PyBuffer_New(100)))                                                              \
    A(old_buffer_used, use_old_buffer())                                                                               \
    A(memoryview_of_bytes, dropped(PyMemoryView_FromObject(on.bytes)))                                                 \
    A(memoryview_of_a_memoryview, dropped(PyMemoryView_FromObject(on.memoryview)))                                     \
    A(memoryview_of_memory, dropped(PyMemoryView_FromMemory((char *)memory, 9, PyBUF_WRITE)))                          \
    A(memoryview_of_a_buffer, dropped(PyMemoryView_FromBuffer(PyMemoryView_GET_BUFFER(on.strided_view))))              \
    A(memoryview_of_ten_axes, dropped(PyMemoryView_FromObject((PyObject *)on.deep)))                                   \
    A(contiguous_already, dropped(PyMemoryView_GetContiguous(on.bytes, PyBUF_READ, 'C')))                              \
    A(contiguous_of_a_strided_exporter, dropped(PyMemoryView_GetContiguous((PyObject *)on.strided, PyBUF_READ, 'C')))  \
    A(contiguous_of_a_strided_view, dropped(PyMemoryView_GetContiguous(on.strided_view, PyBUF_READ, 'F')))             \
    A(contiguous_of_fortran_memory, dropped(PyMemoryView_GetContiguous((PyObject *)on.fortran, PyBUF_READ, 'C')))      \
    A(contiguous_behind_pointers, dropped(PyMemoryView_GetContiguous((PyObject *)on.indirect, PyBUF_READ, 'A')))       \
    A(contiguous_of_ten_axes, dropped(PyMemoryView_GetContiguous((PyObject *)on.deep, PyBUF_READ, 'F')))               \
    A(part_of_a_view, dropped(pybuffer_memoryview_subscript(on.memoryview, middle, 1)))                                \
    A(part_behind_pointers, part_of((PyObject *)on.indirect, middle))                                                  \
    A(flipped, dropped(pybuffer_memoryview_flip(on.strided_view, 0)))                                                  \
    A(permuted, dropped(pybuffer_memoryview_permute(on.strided_view, NULL, 0)))                                        \
    A(repeated, dropped(pybuffer_memoryview_broadcast(on.strided_view, 2, (Py_ssize_t[]){3, 4})))                      \
    A(reshaped, dropped(pybuffer_memoryview_reshape(on.strided_view, 2, (Py_ssize_t[]){2, 2}, 'C')))                   \
    A(cast, dropped(pybuffer_memoryview_cast(on.memoryview, "5s", 1, (Py_ssize_t[]){3}, 'C')))                         \
    A(made_read_only, dropped(pybuffer_memoryview_toreadonly(on.memoryview)))                                          \
    A(bytes_of_a_view, dropped(pybuffer_memoryview_tobytes(on.strided_view, 'C')))                                     \
    A(new_memory, dropped(pybuffer_memoryview_new("<ihd", 2, (Py_ssize_t[]){3, 4}, 'F')))                              \
    A(copy_of_a_view, dropped(pybuffer_memoryview_copy(on.strided_view, 'C')))                                         \
    A(iterator, dropped(pybuffer_memoryview_iter(on.memoryview)))                                                      \
    A(next_of_an_iterator, iterate())                                                                                  \
    A(items_of_a_long_format, long_items())                                                                            \
    A(assignment_that_overlaps, assign_shifted())                                                                      \
    A(picklebuffer, dropped(PyPickleBuffer_FromObject((PyObject *)on.strided)))                                        \
    A(picklebuffer_of_a_memoryview, dropped(PyPickleBuffer_FromObject(on.memoryview)))                                 \
    A(memory_with_an_owner, of_memory(pybuffer_memory_new))                                                            \
    A(memoryview_of_memory_with_an_owner, of_memory(pybuffer_memoryview_from_memory))                                  \
    A(memoryview_of_wrapped_memory, wrapped())                                                                         \
    A(field_of_records, dropped(pybuffer_memoryview_field(on.record_view, "#3")))                                      \
    A(elements_of_items, dropped(pybuffer_memoryview_elements(on.record_pairs)))                                       \
    A(part_selected_by_text, dropped(pybuffer_memoryview_select(on.strided_view, "::-1")))                             \
    A(spelling_of_an_item, spelled_item())                                                                             \
    A(values_as_another_type, dropped(pybuffer_memoryview_astype(on.strided_view, "d", 'C')))                          \
    A(values_of_records_as_others, dropped(pybuffer_memoryview_astype(on.record_view, "q6d", 'F')))                    \
    A(conversion_of_records, convert_records())                                                                        \
    A(conversion_that_overlaps, convert_in_place())                                                                    \
    A(field_of_a_view_without_an_object, field_of_a_view())                                                            \
    A(elements_of_a_view_without_an_object, elements_of_a_view())                                                      \
    A(copy_of_views_that_overlap, overlap_views(pybuffer_view_copy))                                                   \
    A(conversion_of_views_that_overlap, overlap_views(pybuffer_view_convert))                                          \
    A(tensor, of_tensor())                                                                                             \
    A(tensor_from_before_version_1, of_old_tensor())                                                                   \
    A(tensor_taken_over, dropped(take_tensor()))                                                                       \
    A(array_of_Arrow, of_arrow(on.bytes))                                                                              \
    A(lists_of_Arrow, of_arrow(on.grid))                                                                    \
    A(array_of_Arrow_taken_over, dropped(take_arrow(on.bytes)))                                                        \
    A(tensors_of_Arrow_taken_over, dropped(take_arrow(on.cube)))                                                       \
    A(array_interface, of_interface())                                                                                 \
    A(the_planes_of_a_picture, of_planes(0))                                                                           \
    A(the_planes_of_a_picture_joined, of_planes(1))                                                                    \
    A(planes_of_several_exporters, dropped(of_exporters()))                                                            \
    A(array_interface_of_memory, dropped(take_interface()))                                                            \
    A(check_of_an_exporter_that_refuses, pybuffer_check_exporter((PyObject *)on.frozen, NULL, NULL) == 0)              \
    A(check_of_a_memoryview_that_refuses, pybuffer_check_exporter(on.strided_view, NULL, NULL) == 0)                   \
    A(faults_of_a_memoryview_that_refuses, pybuffer_find_faults(on.strided_view, NULL, NULL, NULL) == 0)               \
    A(ndarray_of_bytes, dropped(pybuffer_ndarray_new("abcd", 4, "h", 1, (Py_ssize_t[]){2}, NULL, 0, 0)))               \
    A(ndarray_of_values, of_values(PYBUFFER_ND_PIL))                                                                   \
    A(ndarray_of_zeros, dropped(pybuffer_ndarray_zeros("d", 2, (Py_ssize_t[]){2, 3}, PYBUFFER_ND_FORTRAN)))            \
    A(ndarray_of_an_exporter, dropped(pybuffer_ndarray_from_object((PyObject *)on.strided, PyBUF_FULL_RO, 0)))         \
    A(ndarray_of_a_redirected_exporter,                                                                                \
      dropped(pybuffer_ndarray_from_object(on.bytes, PyBUF_SIMPLE, PYBUFFER_ND_REDIRECT)))                             \
    A(ndarray_pushed_on, push())                                                                                       \
    A(part_of_an_ndarray, dropped(pybuffer_ndarray_subscript(on.ndarray, middle, 1)))                                  \
    A(assignment_to_a_part_of_an_ndarray, assign_to_ndarray())                                                         \
    A(hash_of_an_ndarray, PyObject_Hash(on.ndarray) != -1)                                                             \
    A(memoryview_of_an_ndarray, dropped(PyMemoryView_FromObject(on.ndarray)))                                          \
    A(format, dropped(pybuffer_format_parse("T{b:a:(2,3)<d:d:&T{i:x:}:p:}")))                                          \
    A(format_spelled, spelled())                                                                                       \
    A(numbers_of_a_format_of_many_parts, records_there_and_back())                                                     \
    A(copy_that_overlaps, copy(on.back, on.front))                                                                     \
    A(copy_behind_pointers, copy(on.indirect, on.indirect))                                                            \
    A(hash_of_a_strided_view, hash_strided())                                                                          \
    A(equality_in_a_long_format, equal_records())                                                                      \
    A(equality_of_windows, of_windows('='))                                                                            \
    A(index_of_windows, of_windows('i'))                                                                               \
    A(count_of_windows, of_windows('c'))                                                                               \
    A(filling_windows, of_windows('f'))                                                                                \
    A(hex_of_a_strided_view, dropped(pybuffer_memoryview_hex(on.strided_view, ':', 2)))                                \
    A(text_of_a_strided_view, dropped(pybuffer_memoryview_text(on.strided_view, -1)))                                  \
    A(text_that_grows, dropped(pybuffer_memoryview_text(on.record_view, -1)))                                              \
    A(repr_of_a_view, dropped(pybuffer_memoryview_repr(on.memoryview)))                                                \
    A(new_object, dropped(PyObject_New(PyObject, &PyBaseObject_Type)))                                                 \
    A(new_object_with_items, new_items())                                                                              \
    A(error_with_a_string, (PyErr_SetString(PyExc_ValueError, "a message"), raised(PyExc_ValueError)))                 \
    A(error_with_a_format, (PyErr_Format(PyExc_IndexError, "%d of %s", 3, "four"), raised(PyExc_IndexError)))          \
    A(error_of_a_type_alone, (PyErr_SetNone(PyExc_LookupError), raised(PyExc_LookupError)))                            \
    A(error_about_an_object, (PyErr_SetObject(PyExc_TypeError, on.bytes), raised(PyExc_TypeError)))                    \
    A(error_about_an_object_that_goes, about_a_new_object())                                                           \
    A(error_restored_with_a_value, restore())                                                                          \
    A(error_fetched_without_an_exception, fetch())                                                                     \
    A(error_with_a_place, (_PyErr_BadInternalCall("file.c", 7), raised(PyExc_SystemError)))                            \
    A(error_that_names_a_type, (PyBytes_Size(Py_None), raised(PyExc_TypeError)))                                       \
    A(error_that_names_two_types, (PyObject_RichCompareBool(on.bytes, Py_None, Py_LT), raised(PyExc_TypeError)))       \
    A(error_that_quotes_a_format, (format_unchecked(PyExc_TypeError, "%y"), raised(PyExc_SystemError)))                    \
    A(error_of_an_exporter, refused())                                                                                 \
    A(error_in_the_place_of_another, replaced())

/* Functions that need no memory succeed even if all allocations fail. */
#define FRUGAL(A)                                                                                                      \
    A(shared_bytes, dropped(PyBytes_FromStringAndSize("x", 1)) && dropped(PyBytes_FromString("")))                     \
    A(bytes_of_bytes, dropped(PyBytes_FromObject(on.bytes)))                                                           \
    A(getting_buffers, get_all())                                                                                      \
    A(copy_apart, copy(on.elsewhere, on.front))                                                                       \
    A(copy_of_rows_in_order, PyObject_CopyData((PyObject *)on.below, (PyObject *)on.above) == 0)                       \
    A(copy_to_an_object, PyObject_CopyToObject((PyObject *)on.deep, contents, on.deep->offer.len, 'F') == 0)           \
    A(copying_to_and_from_contiguous_memory, there_and_back())                                                         \
    A(numbers, numbers_there_and_back())                                                                               \
    A(comparing, PyObject_RichCompareBool(on.strided_view, (PyObject *)on.strided, Py_EQ) == 1)                        \
    A(comparing_every_format, pybuffer_memoryview_equal(on.strided_view, (PyObject *)on.strided) == 1)                 \
    A(hash_of_bytes, PyObject_Hash(on.bytes) != -1)                                                                    \
    A(items, items_of_native_formats())                                                                                \
    A(views_without_objects, views_without_objects())                                                                  \
    A(filling_a_view, fill_view())                                                                                     \
    A(check_of_an_exporter_that_answers_all, pybuffer_check_exporter(on.bytearray, NULL, NULL) == 0)                   \
    A(asking_ndarrays, ask_ndarray())                                                                                  \
    A(one_native_code, dropped(pybuffer_format_parse("d")))                                                            \
    A(size_of_a_format, PyBuffer_SizeFromFormat("T{b:a:(2,3)<d:d:}") == 49)                                            \
    A(releasing, release_one())                                                                                        \
    A(items_of_sequences, dropped(PySequence_GetItem(on.bytes, 1)) && dropped(PySequence_GetItem(on.old, -1)))         \
    A(comparing_old_buffers, PyObject_RichCompareBool(on.old, on.old, Py_LE) == 1 && PyObject_Hash(on.old) != -1)      \
    A(the_error_for_it, (PyErr_NoMemory(), raised(PyExc_MemoryError)))                                                 \
    A(errors_with_a_fixed_text, (PyErr_BadArgument(), raised(PyExc_TypeError)))                                        \
    A(printing_nothing, (PyErr_Print(), 1))

/* The second and the third place. */
static const pybuffer_subscript middle[1] = {PYBUFFER_SLICE(1, 3, 1)};

static int of_tensor(void)
{
    DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(on.strided_view, 0);
    if (tensor == NULL) {
        return 0;
    }
    tensor->deleter(tensor);
    return 1;
}

static int of_old_tensor(void)
{
    DLManagedTensor *tensor = pybuffer_dlpack_export_unversioned((PyObject *)on.strided, 0);
    if (tensor == NULL) {
        return 0;
    }
    tensor->deleter(tensor);
    return 1;
}

static int taken_back;

static void take_back(DLManagedTensorVersioned *tensor)
{
    (void)tensor;
    taken_back++;
}

/* Deleted once, whether it has been taken over or not. */
static PyObject *take_tensor(void)
{
    static int64_t two[1] = {2};
    static DLManagedTensorVersioned tensor;
    tensor = (DLManagedTensorVersioned){.version = {1, 0}, .deleter = take_back};
    tensor.dl_tensor = (DLTensor){memory, {kDLCPU, 0}, 1, {kDLBfloat, 16, 1}, two, NULL, 0};
    taken_back = 0;
    PyObject *view = pybuffer_dlpack_import(&tensor, 0);
    CHECK_INT(taken_back, view == NULL);
    return view;
}

static int frames_freed;

static void free_frame(void *context)
{
    (void)context;
    frames_freed++;
}

/* Freed once where it has been wrapped, else not at all. */
static int of_planes(int join)
{
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    PyObject *views[PYBUFFER_MAX_PLANES], *joined = NULL;
    int count = pybuffer_planes_layout(planes, "yuva420p", 4, 4, memory), i;
    frames_freed = 0;
    planes[0].line_size = -8;
    planes[0].data = memory + 100;
    if (pybuffer_planes_wrap(planes, count, 0, free_frame, NULL, views) != 0) {
        for (i = 0; i < count; i++) {
            CHECK_PTR(views[i], NULL);
        }
        CHECK_INT(frames_freed, 0);
        return 0;
    }
    if (join) {
        joined = pybuffer_planes_join(views, count);
        CHECK(joined == NULL || PyMemoryView_GET_BUFFER(joined)->suboffsets != NULL);
    }
    for (i = 0; i < count; i++) {
        Py_DECREF(views[i]);
    }
    CHECK_INT(frames_freed, joined == NULL);
    Py_XDECREF(joined);
    CHECK_INT(frames_freed, 1);
    return !join || joined != NULL;
}

static PyObject *of_exporters(void)
{
    PyObject *planes[3] = {(PyObject *)on.front, (PyObject *)on.elsewhere, on.memoryview};
    return pybuffer_planes_join(planes, 3);
}

static int of_arrow(PyObject *obj)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    if (pybuffer_arrow_export(obj, &array, &schema) != 0) {
        CHECK(array.release == NULL && schema.release == NULL);
        return 0;
    }
    schema.release(&schema);
    array.release(&array);
    return 1;
}

/* Only the import may fail. */
static PyObject *take_arrow(PyObject *obj)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    if (pybuffer_arrow_export(obj, &array, &schema) != 0) {
        return NULL;
    }
    PyObject *view = pybuffer_arrow_import(&array, &schema);
    CHECK(array.release == NULL && schema.release == NULL);
    return view;
}

static int of_interface(void)
{
    pybuffer_array_interface *array = pybuffer_array_interface_export(on.record_view);
    pybuffer_array_interface_free(array);
    return array != NULL;
}

static PyObject *take_interface(void)
{
    static Py_ssize_t two[1] = {2};
    pybuffer_array_interface array = {2, 1, 'U', 8, 0, two, NULL, memory, NULL};
    return pybuffer_array_interface_import(&array, NULL, NULL);
}

static int part_of(PyObject *exporter, const pybuffer_subscript *subscript)
{
    PyObject *view = PyMemoryView_FromObject(exporter);
    PyObject *part = view == NULL ? NULL : pybuffer_memoryview_subscript(view, subscript, 1);
    Py_XDECREF(view);
    return dropped(part);
}

/* Items of more parts than there is room for on the stack. */
static int of_values(int flags)
{
    pybuffer_value values[14];
    for (size_t i = 0; i < COUNT(values); i++) {
        values[i] = (pybuffer_value){.kind = PYBUFFER_KIND_UNSIGNED, .as.u = i};
    }
    return dropped(pybuffer_ndarray_from_values(values, 14, "<bhbhbhb", 1, (Py_ssize_t[]){2}, NULL, 0, flags));
}

static int push(void)
{
    if (pybuffer_ndarray_push(on.ndarray, "xyz", 3, "B", 1, (Py_ssize_t[]){3}, NULL, 0, 0) != 0) {
        return 0;
    }
    peace();
    return pybuffer_ndarray_pop(on.ndarray) == 0;
}

/* The rows of a square change places with its columns, by a temporary. */
static int assign_to_ndarray(void)
{
    static const pybuffer_subscript turned[2] = {PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, -1), PYBUFFER_ALL};
    PyObject *nd = pybuffer_ndarray_new("abcd", 4, "B", 2, (Py_ssize_t[]){2, 2}, NULL, 0, PYBUFFER_ND_WRITABLE);
    PyObject *part = nd == NULL ? NULL : pybuffer_ndarray_subscript(nd, turned, 2);
    int good = part != NULL && pybuffer_ndarray_assign(nd, NULL, 0, part) == 0;
    if (nd != NULL) {
        pybuffer_ndarray_state state;
        CHECK_INT(pybuffer_ndarray_get_state(nd, &state), 0);
        CHECK_MEM(state.base->buf, good ? "cdab" : "abcd", 4);
    }
    Py_XDECREF(part);
    Py_XDECREF(nd);
    return good;
}

static int iterate(void)
{
    PyObject *iterator = pybuffer_memoryview_iter(on.memoryview);
    PyObject *item = iterator == NULL ? NULL : pybuffer_memoryview_next(iterator);
    Py_XDECREF(iterator);
    return dropped(item);
}

/* A format of more steps than there is room for on the stack. */
static int long_items(void)
{
    static char item[10];
    Py_buffer info = {.buf = item, .len = 10, .itemsize = 10, .format = "BcbBc?BbBc", .readonly = 0};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    pybuffer_value values[10];
    int good = 0;
    if (view != NULL) {
        good = pybuffer_memoryview_get_item(view, NULL, 0, values, 10) == 0
               && pybuffer_memoryview_set_item(view, NULL, 0, values, 10) == 0
               && pybuffer_memoryview_fill(view, NULL, 0, values, 10) == 0
               && pybuffer_memoryview_values(view, values, 10) == 0
               && pybuffer_memoryview_set_values(view, values, 10) == 0
               && pybuffer_memoryview_count(view, values, 10) == 1;
        Py_DECREF(view);
    }
    return good;
}

static int assign_shifted(void)
{
    static const pybuffer_subscript later[1] = {PYBUFFER_SLICE(2, 4, 1)};
    PyObject *part = pybuffer_memoryview_subscript(on.strided_view, middle, 1);
    unsigned char before[sizeof(memory)];
    memcpy(before, memory, sizeof(memory));
    int good = part != NULL && pybuffer_memoryview_assign(on.strided_view, later, 1, part) == 0;
    CHECK(good || memcmp(memory, before, sizeof(memory)) == 0);
    memcpy(memory, before, sizeof(memory));
    Py_XDECREF(part);
    return good;
}

static int field_of_a_view(void)
{
    Py_buffer field, before;
    pybuffer_view_storage storage;
    memset(&field, 0x5a, sizeof(field));
    before = field;
    int good = pybuffer_view_field(&field, &storage, PyMemoryView_GET_BUFFER(on.record_view), "#3", NULL, 0) == 0;
    CHECK(good || memcmp(&field, &before, sizeof(field)) == 0);
    return good;
}

static int elements_of_a_view(void)
{
    Py_buffer elements;
    pybuffer_view_storage storage;
    char format[8] = "before";
    int good = pybuffer_view_elements(&elements, &storage, PyMemoryView_GET_BUFFER(on.record_pairs), format, 8) == 0;
    CHECK(good ? elements.itemsize == 2 : strcmp(format, "before") == 0);
    return good;
}

/* The first places to the last ones, as copies and as conversions; undone afterwards. */
static int overlap_views(int (*act)(const Py_buffer *, const Py_buffer *))
{
    Py_buffer from, to;
    pybuffer_view_storage of_from, of_to;
    unsigned char before[sizeof(memory)];
    memcpy(before, memory, sizeof(memory));
    CHECK_INT(pybuffer_view_select(&from, &of_from, PyMemoryView_GET_BUFFER(on.strided_view), ":3"), 0);
    CHECK_INT(pybuffer_view_select(&to, &of_to, PyMemoryView_GET_BUFFER(on.strided_view), "1:"), 0);
    if (act == pybuffer_view_convert) {
        to.format = (char *)"H";
    }
    int good = act(&to, &from) == 0;
    CHECK(good || memcmp(memory, before, sizeof(memory)) == 0);
    memcpy(memory, before, sizeof(memory));
    return good;
}

static int views_without_objects(void)
{
    const Py_buffer *view = PyMemoryView_GET_BUFFER(on.strided_view);
    Py_buffer made, answer;
    pybuffer_view_storage storage;
    pybuffer_value values[4];
    Py_ssize_t shape[2] = {2, 2};
    return pybuffer_view_complete(&made, &storage, view) == 0 && pybuffer_view_select(&made, &storage, &made, "::-1") == 0 &&
           pybuffer_view_reshape(&made, &storage, &made, 2, shape, 'C') == 0 &&
           pybuffer_view_permute(&made, &storage, &made, NULL, 0) == 0 && pybuffer_view_values(&made, values, 4) == 0 &&
           pybuffer_view_answer(&answer, &made, PyBUF_FULL_RO, "x") == 0 && pybuffer_view_equal(&made, &answer, 0) == 1 &&
           pybuffer_view_check(&answer, PyBUF_FULL_RO) == 0;
}

static int ask_ndarray(void)
{
    pybuffer_ndarray_state state;
    Py_buffer view;
    if (PyObject_GetBuffer(on.ndarray, &view, PyBUF_FULL_RO) != 0) {
        return 0;
    }
    PyBuffer_Release(&view);
    return pybuffer_ndarray_get_state(on.ndarray, &state) == 0
           && pybuffer_verify_structure(6, 1, 2, state.base->shape, state.base->strides, state.offset) == 1;
}

static int items_of_native_formats(void)
{
    Py_ssize_t place[1] = {-1}, other[1] = {0};
    pybuffer_value value, values[4];
    int64_t number, old;
    return pybuffer_memoryview_get_item(on.memoryview, place, 1, &value, 1) == 0
           && pybuffer_memoryview_set_item(on.memoryview, place, 1, &value, 1) == 0
           && pybuffer_memoryview_item_pointer(on.memoryview, place, 1) != NULL
           && pybuffer_memoryview_get_int64(on.strided_view, other, 1, &old) == 0
           && pybuffer_memoryview_get_int64(on.strided_view, place, 1, &number) == 0
           && pybuffer_memoryview_set_int64(on.strided_view, other, 1, number) == 0
           && pybuffer_memoryview_index(on.strided_view, &(pybuffer_value){.kind = PYBUFFER_KIND_SIGNED, .as.i = number}, 1,
                                        0, PY_SSIZE_T_MAX) == 0
           && pybuffer_memoryview_set_int64(on.strided_view, other, 1, old) == 0
           && pybuffer_memoryview_values(on.strided_view, values, 4) == 0
           && pybuffer_memoryview_fill(on.memoryview, (pybuffer_subscript[]){PYBUFFER_SLICE(9, 9, 1)}, 1, &value, 1) == 0;
}

static int destroyed;

static void count_destroyed(void *context)
{
    CHECK_PTR(context, memory);
    destroyed++;
}

/* A failed call does not call destroy, nor keep the object of the description. */
static int of_memory(PyObject *(*make)(const Py_buffer *, pybuffer_destroy, void *))
{
    Py_buffer description = on.strided->offer;
    description.obj = on.bytes;
    destroyed = 0;
    PyObject *made = make(&description, count_destroyed, memory);
    CHECK_INT(destroyed, 0);
    Py_XDECREF(made);
    CHECK_INT(destroyed, made != NULL);
    return made != NULL;
}

static int wrapped(void)
{
    destroyed = 0;
    PyObject *made = pybuffer_memoryview_wrap(memory, "<h", 2, (Py_ssize_t[]){2, 3}, NULL, 0, count_destroyed, memory);
    CHECK_INT(destroyed, 0);
    Py_XDECREF(made);
    CHECK_INT(destroyed, made != NULL);
    return made != NULL;
}

static int spelled_item(void)
{
    PyObject *format = pybuffer_format_parse("(2,3)<d:a:");
    PyObject *spelling = format == NULL ? NULL : pybuffer_item_format(pybuffer_format_root(format));
    Py_XDECREF(format);
    return dropped(spelling);
}

/* Records of many steps, in both formats. */
static int convert_records(void)
{
    static char other[3 * 7 * 8];
    Py_ssize_t shape = 3;
    PyObject *wide = pybuffer_memoryview_wrap(other, "q6d", 1, &shape, NULL, 0, NULL, NULL);
    int good = wide != NULL && pybuffer_memoryview_convert(wide, (PyObject *)on.record) == 0;
    Py_XDECREF(wide);
    return good;
}

/* Each number to where the next one is; undone afterwards. */
static int convert_in_place(void)
{
    char before[sizeof(memory)];
    memcpy(before, memory, sizeof(memory));
    PyObject *part = pybuffer_memoryview_select(on.record_pairs, "1:");
    Py_ssize_t shape = 3, stride = 6;
    PyObject *to = part == NULL ? NULL : pybuffer_memoryview_wrap(memory + 126, ">2i", 1, &shape, &stride, 0, NULL, NULL);
    int good = to != NULL && pybuffer_memoryview_convert(to, part) == 0;
    CHECK(good || memcmp(before, memory, sizeof(memory)) == 0);
    memcpy(memory, before, sizeof(memory));
    Py_XDECREF(to);
    Py_XDECREF(part);
    return good;
}

static int fill_view(void)
{
    Py_buffer view;
    if (pybuffer_fill_view(&view, on.bytes, &on.deep->offer, PyBUF_FULL) != 0) {
        return 0;
    }
    PyBuffer_Release(&view);
    return 1;
}

static int spelled(void)
{
    PyObject *format = pybuffer_format_parse("ihd");
    PyObject *spelling = format == NULL ? NULL : pybuffer_format_canonical(format);
    Py_XDECREF(format);
    return dropped(spelling);
}

static int concatenate(int and_delete)
{
    PyObject *first = PyBytes_FromString("first and ");
    if (first == NULL) {
        return 0;
    }
    if (and_delete) {
        PyBytes_ConcatAndDel(&first, Py_NewRef(on.bytearray));
    } else {
        PyBytes_Concat(&first, on.bytearray);
    }
    return dropped(first);
}

static int resize_bytes(Py_ssize_t size, int share)
{
    PyObject *object = PyBytes_FromString("not seen by others"), *other;
    if (object == NULL) {
        return 0;
    }
    other = share ? Py_NewRef(object) : NULL;
    int status = _PyBytes_Resize(&object, size);
    CHECK((status == 0) == (object != NULL));
    if (other != NULL) {
        CHECK_STR(PyBytes_AsString(other), "not seen by others");
        CHECK_INT(Py_REFCNT(other), 1);
        Py_DECREF(other);
    }
    return dropped(object);
}

static int resize_bytearray(Py_ssize_t size)
{
    PyObject *object = PyByteArray_FromStringAndSize("a bytearray of its own", 22);
    if (object == NULL) {
        return 0;
    }
    int status = PyByteArray_Resize(object, size);
    if (status != 0) {
        CHECK_INT(PyByteArray_Size(object), 22);
        CHECK_STR(PyByteArray_AsString(object), "a bytearray of its own");
    } else {
        CHECK_INT(PyByteArray_Size(object), size);
        CHECK_MEM(PyByteArray_AsString(object), "a bytearray of its own", (size_t)(size < 22 ? size : 22));
        CHECK_INT(PyByteArray_AsString(object)[size], 0);
    }
    CHECK_INT(exports_of(object), 0);
    Py_DECREF(object);
    return status == 0;
}

/* A slice of an object with the 15 bytes of on.bytearray. */
static int set_slice(Py_ssize_t first, Py_ssize_t stop, const char *text)
{
    PyObject *object = PyByteArray_FromStringAndSize("some more bytes", 15);
    PyObject *value = object == NULL ? NULL : PyBytes_FromString(text);
    int status = value == NULL ? -1 : PySequence_SetSlice(object, first, stop, value);
    if (object != NULL && status != 0) {
        CHECK_STR(PyByteArray_AsString(object), "some more bytes");
        CHECK_INT(exports_of(object), 0);
    }
    Py_XDECREF(value);
    Py_XDECREF(object);
    return status == 0;
}

/* Everything that an old buffer needs memory for. */
static int use_old_buffer(void)
{
    Py_buffer view;
    if (PyObject_GetBuffer(on.old, &view, PyBUF_FULL_RO) != 0) {
        CHECK_PTR(view.obj, NULL);
        return 0;
    }
    PyBuffer_Release(&view);
    return dropped(PySequence_Concat(on.old, on.bytes)) && dropped(PySequence_Repeat(on.old, 2))
           && dropped(PySequence_GetSlice(on.old, 1, 4)) && dropped(PyMemoryView_FromObject(on.old));
}

static int resize_nothing(void)
{
    int status = PyByteArray_Resize(on.empty_bytearray, 50);
    CHECK_INT(PyByteArray_Size(on.empty_bytearray), status == 0 ? 50 : 0);
    if (status == 0) {
        peace();
        Py_DECREF(on.empty_bytearray);
        on.empty_bytearray = PyByteArray_FromStringAndSize(NULL, 0);
    }
    return status == 0;
}

static int copy(Exporter *dest, Exporter *src)
{
    unsigned char before[sizeof(memory)];
    char before_rows[sizeof(rows)];
    memcpy(before, memory, sizeof(memory));
    memcpy(before_rows, rows, sizeof(rows));
    int status = PyObject_CopyData((PyObject *)dest, (PyObject *)src);
    if (status == 0) {
        memcpy(memory, before, sizeof(memory));
        memcpy(rows, before_rows, sizeof(rows));
    }
    return status == 0;
}

static int equal_records(void)
{
    return PyObject_RichCompareBool(on.record_view, (PyObject *)on.record, Py_EQ) == 1
        && pybuffer_memoryview_equal(on.record_view, (PyObject *)on.record) == 1;
}

static int hash_strided(void)
{
    PyObject *view = PyMemoryView_FromObject((PyObject *)on.frozen);
    Py_hash_t hash = view != NULL ? PyObject_Hash(view) : -1;
    Py_XDECREF(view);
    return hash != -1;
}

static int new_items(void)
{
    struct PyVarObject *object = PyObject_NewVar(struct PyVarObject, &PyBytes_Type, 5);
    if (object != NULL) {
        PyObject_Free(object);
    }
    return object != NULL;
}

static int about_a_new_object(void)
{
    PyObject *value = PyBytes_FromString("nobody else knows it");
    if (value == NULL) {
        return 0;
    }
    PyErr_SetObject(PyExc_ValueError, value);
    Py_DECREF(value);
    return raised(PyExc_ValueError);
}

static int restore(void)
{
    PyErr_Restore(Py_NewRef(PyExc_BufferError), Py_NewRef(on.bytes), Py_NewRef(on.bytearray));
    return raised(PyExc_BufferError);
}

/* An error with a fixed text becomes an exception only now; without memory it comes out as a MemoryError. */
/* Something with items that are many enough to need memory. */
static PyObject *twenty_items(PyObject *op, Py_ssize_t index)
{
    (void)op;
    if (index >= 20) {
        PyErr_SetNone(PyExc_IndexError);
        return NULL;
    }
    return Py_NewRef(on.bytearray);
}

/* Windows that are walked place by place, for which there is a table. */
static int of_windows(char what)
{
    enum { MANY = 30 };
    static unsigned char places[MANY * (MANY + 1) / 2 + 1];
    Py_ssize_t shape[MANY], strides[MANY];
    for (int i = 0; i < MANY; i++) {
        shape[i] = 2;
        strides[i] = i + 1;
    }
    memset(places, 3, sizeof(places));
    places[sizeof(places) - 1] = 4;
    Py_buffer info = {.buf = places, .len = (Py_ssize_t)1 << MANY, .itemsize = 1, .ndim = MANY, .format = (char *)"B", .shape = shape,
                      .strides = strides};
    PyObject *view = PyMemoryView_FromBuffer(&info);
    if (view == NULL) {
        return 0;
    }
    int succeeded;
    pybuffer_value four = PYBUFFER_INT(4);
    switch (what) {
    case '=':
        succeeded = pybuffer_memoryview_equal(view, view) == 1;
        break;
    case 'i':
        succeeded = pybuffer_memoryview_index(view, &four, 1, 0, PY_SSIZE_T_MAX) == info.len - 1;
        break;
    case 'c':
        succeeded = pybuffer_memoryview_count(view, &four, 1) == 1;
        break;
    default:
        succeeded = pybuffer_memoryview_fill(view, NULL, 0, &four, 1) == 0;
        CHECK_INT(places[0], succeeded ? 4 : 3);
        CHECK_INT(places[sizeof(places) / 2], succeeded ? 4 : 3);
    }
    Py_DECREF(view);
    return succeeded;
}

static int join_rows(void)
{
    static PySequenceMethods methods = {.sq_item = twenty_items};
    static PyTypeObject type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Twenty", .tp_basicsize = sizeof(PyObject),
                                .tp_as_sequence = &methods, .tp_flags = Py_TPFLAGS_DEFAULT};
    static PyObject twenty = {1, &type};
    PyType_Ready(&type);
    return dropped(PyBytes_Join(on.bytes, &twenty));
}

static int write_bytes(int discard)
{
    PyBytesWriter *writer = PyBytesWriter_Create(10);
    if (writer == NULL) {
        return 0;
    }
    memset(PyBytesWriter_GetData(writer), 'w', 10);
    for (Py_ssize_t size = 10; size < 3000; size += 300) {
        if (PyBytesWriter_Grow(writer, 300) != 0) {
            CHECK_INT(PyBytesWriter_GetSize(writer), size);
            CHECK_MEM(PyBytesWriter_GetData(writer), "wwwwwwwwww", 10);
            PyBytesWriter_Discard(writer);
            return 0;
        }
        memset((char *)PyBytesWriter_GetData(writer) + size, 'x', 300);
    }
    if (discard) {
        PyBytesWriter_Discard(writer);
        return 1;
    }
    return dropped(PyBytesWriter_FinishWithSize(writer, 2999));
}

static int fetch(void)
{
    PyObject *type, *value, *traceback;
    PyErr_BadArgument();
    PyErr_Fetch(&type, &value, &traceback);
    int as_told = type == PyExc_TypeError;
    CHECK(value != NULL && (PyObject *)Py_TYPE(value) == type);
    PyErr_Restore(type, value, traceback);
    if (as_told) {
        PyErr_Clear();
    }
    return as_told;
}

static int refused(void)
{
    on.strided->raises = PyExc_BufferError;
    int failed = PyMemoryView_FromObject((PyObject *)on.strided) == NULL;
    on.strided->raises = NULL;
    return failed && raised(PyExc_BufferError);
}

static int replaced(void)
{
    PyErr_SetString(PyExc_ValueError, "the first");
    if (PyErr_Occurred() != PyExc_ValueError) {
        return 0;
    }
    PyErr_Format(PyExc_IndexError, "the %s", "second");
    return raised(PyExc_IndexError);
}

static int get_all(void)
{
    PyObject *const all[] = {on.bytes, on.bytearray, on.memoryview, on.strided_view, (PyObject *)on.deep};
    for (size_t i = 0; i < COUNT(all); i++) {
        Py_buffer view;
        if (PyObject_GetBuffer(all[i], &view, PyBUF_FULL_RO) != 0) {
            return 0;
        }
        PyBuffer_Release(&view);
    }
    return 1;
}

static int there_and_back(void)
{
    char copied[32];
    const Py_buffer *strided = PyMemoryView_GET_BUFFER(on.strided_view);
    return PyBuffer_ToContiguous(copied, strided, strided->len, 'C') == 0
           && PyBuffer_FromContiguous(strided, copied, strided->len, 'C') == 0
           && PyBuffer_ToContiguous(copied, &on.deep->offer, on.deep->offer.len, 'F') == 0
           && PyBuffer_FromContiguous(&on.deep->offer, copied, on.deep->offer.len, 'F') == 0
           && PyBuffer_ToContiguous(copied, &on.indirect->offer, 12, 'F') == 0
           && PyBuffer_FromContiguous(&on.indirect->offer, copied, 12, 'F') == 0;
}

/* Writes the values that were read, so that a success changes nothing. */
static int records_there_and_back(void)
{
    double doubles[10];
    int64_t integers[10];
    return pybuffer_memoryview_to_double(on.records, doubles, 10) == 0
           && pybuffer_memoryview_from_double(on.records, doubles, 10) == 0
           && pybuffer_memoryview_to_int64(on.records, integers, 10) == 0
           && pybuffer_memoryview_from_int64(on.records, integers, 10) == 0;
}

static int numbers_there_and_back(void)
{
    float floats[4];
    int64_t integers[4];
    return pybuffer_memoryview_to_float(on.strided_view, floats, 4) == 0
           && pybuffer_memoryview_from_float(on.strided_view, floats, 4) == 0
           && pybuffer_memoryview_to_int64(on.strided_view, integers, 4) == 0
           && pybuffer_memoryview_from_int64(on.strided_view, integers, 4) == 0;
}

static PyObject *to_release;

static int release_one(void)
{
    return pybuffer_memoryview_release(to_release) == 0 && pybuffer_memoryview_is_released(to_release) == 1;
}

/* ---- the two ways to try ------------------------------------------------------------------------------------ */

static void until_it_succeeds(int (*attempt)(void))
{
    for (int further = 0; further < 2; further++) {
        int succeeded = 0, needs_memory = 0;
        for (long n = 1; n < 1000 && !succeeded; n++) {
            State before = state();
            hooks_fail_at(n, further);
            succeeded = attempt();
            peace();
            if (hooks.failed != 0) {
                needs_memory = 1;
                CHECK_INT(succeeded, 0);
                succeeded = 0;
            } else {
                CHECK_INT(succeeded, 1);
            }
            CHECK_ERROR(hooks.failed ? PyExc_MemoryError : NULL);
            State after = state();
            if (!CHECK_MEM(&after, &before, sizeof(after))) {
                printf("# with allocation %ld failing\n", n);
            }
            succeeded = hooks.failed == 0;
        }
        CHECK(succeeded);
        CHECK(needs_memory);
    }
}

static void without_any_memory(int (*attempt)(void))
{
    to_release = PyMemoryView_FromObject(on.strided_view);
    hooks_fail_at(1, 1);
    int succeeded = attempt();
    peace();
    CHECK_INT(succeeded, 1);
    CHECK_INT(hooks.failed, 0);
    CHECK_ERROR(NULL);
    Py_DECREF(to_release);
}

#define DEFINE(name, attempt)                                                                                          \
    static int attempt_##name(void) { return (attempt); }
ATTEMPTS(DEFINE)
FRUGAL(DEFINE)

#define DEFINE_TEST(name, attempt)                                                                                     \
    static void no_memory_for_##name(void) { until_it_succeeds(attempt_##name); }
ATTEMPTS(DEFINE_TEST)

#define DEFINE_FRUGAL_TEST(name, attempt)                                                                              \
    static void no_memory_needed_for_##name(void) { without_any_memory(attempt_##name); }
FRUGAL(DEFINE_FRUGAL_TEST)

/* Where the two overlap, what is copied goes through memory. */
static void copies_between_memory_that_is_apart_need_none(void)
{
    static char left[4096], right[4096];
    static const Py_ssize_t shape[] = {40, 40}, wide[] = {80, 2}, wider[] = {90, 2}, few[] = {3, 4}, apart[] = {10, 2};
    static char *rows[] = {left, left + 100, left + 200};
    Exporter *from = exporter_new(left, "B", 1, 2, shape, wide), *to = exporter_new(right, "B", 1, 2, shape, wider);
    Exporter *over = exporter_new(left + 1, "B", 1, 2, shape, wider);
    Exporter *of_rows = exporter_of_rows(rows, 3, 4), *to_few = exporter_new(right, "B", 1, 2, few, apart);
    for (size_t i = 0; i < sizeof(left); i++) {
        left[i] = (char)(i * 7 % 251);
    }
    hooks_fail_at(1, 1);
    CHECK_INT(PyObject_CopyData((PyObject *)to, (PyObject *)from), 0);
    CHECK_INT(right[90 * 39 + 2 * 5], left[80 * 39 + 2 * 5]);
    CHECK_INT(PyObject_CopyData((PyObject *)to_few, (PyObject *)of_rows), 0);
    CHECK_INT(right[10 * 2 + 2 * 3], left[200 + 3]);
    CHECK_INT(hooks.calls, 0);
    CHECK_INT(PyObject_CopyData((PyObject *)over, (PyObject *)from), -1);
    peace();
    CHECK_ERROR(PyExc_MemoryError);
    CHECK_INT(hooks.calls, 1);
    Py_DECREF(to_few);
    Py_DECREF(of_rows);
    Py_DECREF(over);
    Py_DECREF(to);
    Py_DECREF(from);
}

/* A program may say that a view has more bytes than its items: in fresh memory they are 0, in its own they are left alone. */
static void bytes_without_items_are_0_in_fresh_memory(void)
{
    static char data[4096], out[2000];
    static Py_ssize_t shape[] = {30, 40}, strides[] = {50, 1};
    Py_buffer info = {.buf = data, .len = 2000, .itemsize = 1, .ndim = 2, .format = (char *)"B", .shape = shape,
                      .strides = strides};
    memset(data, 'd', sizeof(data));
    PyObject *view = PyMemoryView_FromBuffer(&info), *bytes = PyBytes_FromObject(view);
    CHECK_INT(PyBytes_Size(bytes), 2000);
    memset(out, 0, sizeof(out));
    memset(out, 'd', 1200);
    CHECK_MEM(PyBytes_AsString(bytes), out, 2000);
    Py_DECREF(bytes);
    Py_DECREF(view);
    char *used = malloc(2000);
    memset(used, 'u', 2000);
    memset(out + 1200, 'u', 800);
    CHECK_INT(PyBuffer_ToContiguous(used, &info, 2000, 'C'), 0);
    CHECK_MEM(used, out, 2000);
    free(used);
}

static void everything_was_given_back_in_its_own_domain(void)
{
#define DROP(object) Py_DECREF(on.object);
    Py_DECREF(on.record_pairs);
    Py_DECREF(on.record_view);
    Py_DECREF(on.records);
    Py_DECREF(on.strided_view);
    Py_DECREF(on.memoryview);
    on.record_pairs = on.record_view = on.records = on.strided_view = on.memoryview = Py_None;
    OBJECTS(DROP)
    CHECK_INT(exporters_alive, 0);
    CHECK_INT(hooks.outstanding, 0);
    CHECK_INT(hooks.wrong, 0);
}

int main(void)
{
    hooks_install();
    build();
    tap_after_each = nothing_is_left_pending;
#define RUN_TEST(name, attempt) RUN(no_memory_for_##name);
#define RUN_FRUGAL_TEST(name, attempt) RUN(no_memory_needed_for_##name);
    ATTEMPTS(RUN_TEST)
    FRUGAL(RUN_FRUGAL_TEST)
    RUN(copies_between_memory_that_is_apart_need_none);
    RUN(bytes_without_items_are_0_in_fresh_memory);
    RUN(everything_was_given_back_in_its_own_domain);
    return tap_end();
}

/* NULL and nonsense arguments to every function of the header: an error, never a crash.
 *
 * FUNCTIONS is the list of them all; `complete.sh` compares it with the header and with the library. What a hand-made
 * struct contains is for hostile.c.
 */
#define _GNU_SOURCE /* dladdr */
#include "support.h"

#include <dlfcn.h>
#include <limits.h>

#define FUNCTIONS(F)                                                                                                   \
    F(Py_IncRef) F(Py_DecRef) F(_Py_Dealloc) F(PyType_Ready) F(PyType_IsSubtype) F(PyObject_Init) F(PyObject_InitVar)  \
    F(_PyObject_New) F(_PyObject_NewVar) F(PyObject_Hash) F(PyObject_HashNotImplemented) F(PyObject_RichCompareBool)   \
    F(PyObject_Size) F(PyObject_Length) F(PySequence_Size) F(PySequence_Length)                                        \
    F(PyMem_RawMalloc) F(PyMem_RawCalloc) F(PyMem_RawRealloc) F(PyMem_RawFree) F(PyMem_Malloc) F(PyMem_Calloc)         \
    F(PyMem_Realloc) F(PyMem_Free) F(PyObject_Malloc) F(PyObject_Calloc) F(PyObject_Realloc) F(PyObject_Free)          \
    F(PyMem_GetAllocator) F(PyMem_SetAllocator)                                                                        \
    F(PyErr_Format) F(PyErr_FormatV) F(PyErr_SetString) F(PyErr_SetNone) F(PyErr_SetObject) F(PyErr_NoMemory)          \
    F(PyErr_BadArgument) F(PyErr_BadInternalCall) F(_PyErr_BadInternalCall) F(PyErr_Occurred)                          \
    F(PyErr_ExceptionMatches) F(PyErr_GivenExceptionMatches) F(PyErr_Clear) F(PyErr_Fetch) F(PyErr_Restore)            \
    F(PyErr_Print) F(pybuffer_error_name) F(pybuffer_error_message)                                                    \
    F(PyObject_CheckBuffer) F(PyObject_GetBuffer) F(PyBuffer_Release) F(PyBuffer_GetPointer)                           \
    F(PyBuffer_SizeFromFormat) F(PyBuffer_IsContiguous) F(PyBuffer_FillContiguousStrides) F(PyBuffer_FillInfo)         \
    F(PyBuffer_ToContiguous) F(PyBuffer_FromContiguous) F(PyObject_CopyData) F(PyObject_CopyToObject)                  \
    F(PyObject_CheckReadBuffer) F(PyObject_AsReadBuffer) F(PyObject_AsWriteBuffer) F(PyObject_AsCharBuffer)            \
    F(PyMemoryView_FromObject) F(PyMemoryView_FromMemory) F(PyMemoryView_FromBuffer) F(PyMemoryView_GetContiguous)     \
    F(pybuffer_memoryview_release) F(pybuffer_memoryview_is_released) F(pybuffer_memoryview_equal)                     \
    F(pybuffer_memoryview_hex) F(pybuffer_memoryview_repr) F(pybuffer_memoryview_text)                                 \
    F(pybuffer_memoryview_item_pointer) F(pybuffer_memoryview_get_item) F(pybuffer_memoryview_set_item)                \
    F(pybuffer_memoryview_get_int64) F(pybuffer_memoryview_get_uint64) F(pybuffer_memoryview_get_double)               \
    F(pybuffer_memoryview_set_int64) F(pybuffer_memoryview_set_uint64) F(pybuffer_memoryview_set_double)               \
    F(pybuffer_memoryview_values) F(pybuffer_memoryview_tobytes) F(pybuffer_memoryview_count)                          \
    F(pybuffer_memoryview_index) F(pybuffer_memoryview_iter) F(pybuffer_memoryview_next)                               \
    F(pybuffer_memoryview_next_item) F(pybuffer_memoryview_subscript) F(pybuffer_memoryview_assign)                    \
    F(pybuffer_memoryview_fill) F(pybuffer_memoryview_flip) F(pybuffer_memoryview_permute)                             \
    F(pybuffer_memoryview_broadcast) F(pybuffer_memoryview_reshape) F(pybuffer_memoryview_cast)                        \
    F(pybuffer_memoryview_toreadonly) F(pybuffer_memoryview_set_values) F(pybuffer_memoryview_new)                     \
    F(pybuffer_memoryview_copy)                                                                                        \
    F(pybuffer_memoryview_to_double) F(pybuffer_memoryview_to_float) F(pybuffer_memoryview_to_int64)                   \
    F(pybuffer_memoryview_to_uint64) F(pybuffer_memoryview_from_double) F(pybuffer_memoryview_from_float)              \
    F(pybuffer_memoryview_from_int64) F(pybuffer_memoryview_from_uint64)                                               \
    F(PyPickleBuffer_FromObject) F(PyPickleBuffer_GetBuffer) F(PyPickleBuffer_Release)                                 \
    F(pybuffer_fill_view) F(pybuffer_memory_new) F(pybuffer_memoryview_from_memory) F(pybuffer_check_exporter)         \
    F(pybuffer_ndarray_new) F(pybuffer_ndarray_from_values) F(pybuffer_ndarray_zeros)                                  \
    F(pybuffer_ndarray_from_object) F(pybuffer_ndarray_push) F(pybuffer_ndarray_push_values) F(pybuffer_ndarray_pop)   \
    F(pybuffer_ndarray_get_state) F(pybuffer_ndarray_subscript) F(pybuffer_ndarray_assign)                             \
    F(pybuffer_ndarray_add_suboffsets) F(pybuffer_verify_structure)                                                    \
    F(pybuffer_format_parse) F(pybuffer_format_parse_sized) F(pybuffer_format_root) F(pybuffer_format_itemsize)           \
    F(pybuffer_format_alignment)                                                                                       \
    F(pybuffer_format_text) F(pybuffer_format_canonical) F(pybuffer_format_equivalent) F(pybuffer_format_value_count)  \
    F(pybuffer_format_unpack) F(pybuffer_format_unpack_items) F(pybuffer_format_pack)                                  \
    F(PyBytes_FromStringAndSize) F(PyBytes_FromString) F(PyBytes_FromObject) F(PyBytes_Size) F(PyBytes_AsString)       \
    F(PyBytes_AsStringAndSize) F(PyBytes_Concat) F(PyBytes_ConcatAndDel) F(_PyBytes_Resize)                            \
    F(PyByteArray_FromObject) F(PyByteArray_FromStringAndSize) F(PyByteArray_Concat) F(PyByteArray_Size)               \
    F(PyByteArray_AsString) F(PyByteArray_Resize)                                                                      \
    F(PySequence_Check) F(PySequence_Concat) F(PySequence_Repeat) F(PySequence_GetItem) F(PySequence_GetSlice)         \
    F(PySequence_SetItem) F(PySequence_DelItem) F(PySequence_SetSlice) F(PySequence_DelSlice)                          \
    F(PyBuffer_FromObject) F(PyBuffer_FromReadWriteObject) F(PyBuffer_FromMemory) F(PyBuffer_FromReadWriteMemory)      \
    F(PyBuffer_New) F(PyObject_Cmp) F(PyObject_Compare)                                                                \
    F(Py_Initialize) F(Py_InitializeEx) F(Py_Finalize) F(Py_FinalizeEx) F(Py_IsInitialized) F(pybuffer_version)        \
    F(pybuffer_version_number) F(pybuffer_set_hash_key)

/* The call gives the failure value, with an error of this type. */
#define FAILS(call, type) (CHECK_INT((call), -1), CHECK_ERROR(type))
#define FAILS_NULL(call, type) (CHECK_PTR((call), NULL), CHECK_ERROR(type))
/* The call says so in its own way, or has none; it just must come back. */
#define SURVIVES(call) ((void)(call), PyErr_Clear(), CHECK(PyErr_Occurred() == NULL))

static PyObject *bytes, *bytearray, *memoryview, *plain; /* plain exports nothing */
static Py_buffer empty_view;                              /* all zero */

/* ---- objects ------------------------------------------------------------------------------------------------ */

static void null_Py_IncRef(void) { SURVIVES(Py_IncRef(NULL)); }
static void null_Py_DecRef(void) { SURVIVES(Py_DecRef(NULL)); }
static void null__Py_Dealloc(void) { SURVIVES(_Py_Dealloc(NULL)); }

static void null_PyType_Ready(void)
{
    static PyTypeObject nameless, negative, negative_items;
    negative.tp_name = negative_items.tp_name = "test.Negative";
    negative.tp_basicsize = -1;
    negative_items.tp_itemsize = -1;
    FAILS(PyType_Ready(NULL), PyExc_SystemError);
    FAILS(PyType_Ready(&nameless), PyExc_SystemError);
    FAILS(PyType_Ready(&negative), PyExc_TypeError);
    FAILS(PyType_Ready(&negative_items), PyExc_TypeError);
}

static void null_PyType_IsSubtype(void)
{
    CHECK_INT(PyType_IsSubtype(NULL, NULL), 0);
    CHECK_INT(PyType_IsSubtype(NULL, &PyBytes_Type), 0);
    CHECK_INT(PyType_IsSubtype(&PyBytes_Type, NULL), 0);
}

static void null_PyObject_Init(void)
{
    PyObject memory;
    FAILS_NULL(PyObject_Init(NULL, &PyBaseObject_Type), PyExc_MemoryError);
    FAILS_NULL(PyObject_Init(&memory, NULL), PyExc_SystemError);
}

static void null_PyObject_InitVar(void)
{
    struct PyVarObject memory;
    FAILS_NULL(PyObject_InitVar(NULL, &PyBytes_Type, 1), PyExc_MemoryError);
    FAILS_NULL(PyObject_InitVar(&memory, NULL, 1), PyExc_SystemError);
}

static void null__PyObject_New(void) { FAILS_NULL(_PyObject_New(NULL), PyExc_SystemError); }

static void null__PyObject_NewVar(void)
{
    FAILS_NULL(_PyObject_NewVar(NULL, 1), PyExc_SystemError);
    FAILS_NULL(_PyObject_NewVar(&PyBytes_Type, -1), PyExc_SystemError);
    FAILS_NULL(_PyObject_NewVar(&PyBytes_Type, PY_SSIZE_T_MAX), PyExc_MemoryError);
}

static void null_PyObject_Hash(void)
{
    FAILS(PyObject_Hash(NULL), PyExc_SystemError);
    FAILS(PyObject_Hash(bytearray), PyExc_TypeError);
}

static void null_PyObject_HashNotImplemented(void)
{
    FAILS(PyObject_HashNotImplemented(NULL), PyExc_SystemError);
    FAILS(PyObject_HashNotImplemented(bytes), PyExc_TypeError);
}

static void null_PyObject_RichCompareBool(void)
{
    FAILS(PyObject_RichCompareBool(NULL, bytes, Py_EQ), PyExc_SystemError);
    FAILS(PyObject_RichCompareBool(bytes, NULL, Py_EQ), PyExc_SystemError);
    FAILS(PyObject_RichCompareBool(NULL, NULL, Py_EQ), PyExc_SystemError);
    FAILS(PyObject_RichCompareBool(bytes, bytes, -1), PyExc_SystemError);
    FAILS(PyObject_RichCompareBool(bytes, bytearray, 6), PyExc_SystemError);
    FAILS(PyObject_RichCompareBool(memoryview, plain, Py_LT), PyExc_TypeError);
}

static void null_PyObject_Size(void)
{
    FAILS(PyObject_Size(NULL), PyExc_SystemError);
    FAILS(PyObject_Size(plain), PyExc_TypeError);
}

static void null_PySequence_Size(void)
{
    FAILS(PySequence_Size(NULL), PyExc_SystemError);
    FAILS(PySequence_Size(plain), PyExc_TypeError);
}

static void null_PySequence_Length(void)
{
    FAILS(PySequence_Length(NULL), PyExc_SystemError);
    FAILS(PySequence_Length(Py_None), PyExc_TypeError);
}

static void null_PyObject_Length(void)
{
    FAILS(PyObject_Length(NULL), PyExc_SystemError);
    FAILS(PyObject_Length(Py_None), PyExc_TypeError);
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* A size of 0 gives memory; what does not fit gives NULL, and no error. */
#define ALLOCATES(name, allocate, resize, give_back)                                                                   \
    static void null_##name(void)                                                                                      \
    {                                                                                                                  \
        void *memory = (allocate);                                                                                     \
        CHECK(memory != NULL);                                                                                         \
        CHECK_PTR((resize)(memory, (size_t)PY_SSIZE_T_MAX + 1), NULL);                                                 \
        CHECK_PTR((resize)(memory, (size_t)-1), NULL);                                                                 \
        memory = (resize)(memory, 0);                                                                                  \
        CHECK(memory != NULL);                                                                                         \
        (give_back)(memory);                                                                                           \
        (give_back)(NULL);                                                                                             \
        CHECK_ERROR(NULL);                                                                                             \
    }

ALLOCATES(PyMem_RawMalloc, PyMem_RawMalloc(0), PyMem_RawRealloc, PyMem_RawFree)
ALLOCATES(PyMem_RawCalloc, PyMem_RawCalloc(0, 0), PyMem_RawRealloc, PyMem_RawFree)
ALLOCATES(PyMem_RawRealloc, PyMem_RawRealloc(NULL, 0), PyMem_RawRealloc, PyMem_RawFree)
ALLOCATES(PyMem_Malloc, PyMem_Malloc(0), PyMem_Realloc, PyMem_Free)
ALLOCATES(PyMem_Calloc, PyMem_Calloc(0, 1), PyMem_Realloc, PyMem_Free)
ALLOCATES(PyMem_Realloc, PyMem_Realloc(NULL, 0), PyMem_Realloc, PyMem_Free)
ALLOCATES(PyObject_Malloc, PyObject_Malloc(0), PyObject_Realloc, PyObject_Free)
ALLOCATES(PyObject_Calloc, PyObject_Calloc(1, 0), PyObject_Realloc, PyObject_Free)
ALLOCATES(PyObject_Realloc, PyObject_Realloc(NULL, 0), PyObject_Realloc, PyObject_Free)

static void null_PyMem_RawFree(void) { SURVIVES(PyMem_RawFree(NULL)); }
static void null_PyMem_Free(void) { SURVIVES(PyMem_Free(NULL)); }
static void null_PyObject_Free(void) { SURVIVES(PyObject_Free(NULL)); }

static void null_PyMem_GetAllocator(void)
{
    static const int domains[] = {-1, 3, 1000};
    SURVIVES(PyMem_GetAllocator(PYMEM_DOMAIN_RAW, NULL));
    SURVIVES(PyMem_GetAllocator(-1, NULL));
    for (size_t i = 0; i < COUNT(domains); i++) {
        PyMemAllocatorEx hooks, none = {0};
        memset(&hooks, 0x55, sizeof(hooks));
        PyMem_GetAllocator(domains[i], &hooks);
        CHECK_MEM(&hooks, &none, sizeof(hooks));
    }
}

static void null_PyMem_SetAllocator(void)
{
    PyMemAllocatorEx before, after, incomplete;
    PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &before);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, NULL);
    PyMem_SetAllocator(-1, &before);
    PyMem_SetAllocator(3, &before);
    for (int missing = 0; missing < 4; missing++) {
        incomplete = before;
        incomplete.ctx = &incomplete;
        switch (missing) {
        case 0: incomplete.malloc = NULL; break;
        case 1: incomplete.calloc = NULL; break;
        case 2: incomplete.realloc = NULL; break;
        default: incomplete.free = NULL;
        }
        PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &incomplete);
        PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &after);
        CHECK_MEM(&after, &before, sizeof(after));
    }
}

/* ---- errors ------------------------------------------------------------------------------------------------- */

/* What is no exception type: NULL, an object of another kind, a type that is none, one that is not ready. */
static PyObject *no_exception(int i)
{
    static PyTypeObject unready = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "test.Unready"};
    PyObject *const all[] = {NULL, Py_None, bytes, (PyObject *)&PyBytes_Type, (PyObject *)&unready};
    return all[i];
}
enum { UNREADY = 4, NO_EXCEPTIONS = 5 };

static PyObject *format_v(PyObject *type, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PyObject *result = PyErr_FormatV(type, format, arguments);
    va_end(arguments);
    return result;
}

static void null_PyErr_Format(void)
{
    for (int i = 0; i < NO_EXCEPTIONS; i++) {
        FAILS_NULL(PyErr_Format(no_exception(i), "%d", 1), PyExc_SystemError);
    }
    FAILS_NULL(PyErr_Format(PyExc_ValueError, NULL), PyExc_SystemError);
    FAILS_NULL(PyErr_Format(PyExc_ValueError, "%y", 1), PyExc_SystemError);
    FAILS_NULL(PyErr_Format(PyExc_ValueError, "100%"), PyExc_SystemError);
    PyErr_Format(PyExc_ValueError, "%s", (char *)NULL);
    CHECK_ERROR(PyExc_ValueError);
}

static void null_PyErr_FormatV(void)
{
    for (int i = 0; i < NO_EXCEPTIONS; i++) {
        FAILS_NULL(format_v(no_exception(i), "%d", 1), PyExc_SystemError);
    }
    FAILS_NULL(format_v(PyExc_ValueError, NULL), PyExc_SystemError);
}

static void null_PyErr_SetString(void)
{
    for (int i = 0; i < NO_EXCEPTIONS; i++) {
        PyErr_SetString(no_exception(i), "message");
        CHECK_ERROR(PyExc_SystemError);
    }
    PyErr_SetString(PyExc_ValueError, NULL);
    CHECK_ERROR(PyExc_SystemError);
}

static void null_PyErr_SetNone(void)
{
    for (int i = 0; i < NO_EXCEPTIONS; i++) {
        PyErr_SetNone(no_exception(i));
        CHECK_ERROR(PyExc_SystemError);
    }
}

static void null_PyErr_SetObject(void)
{
    for (int i = 0; i < NO_EXCEPTIONS; i++) {
        PyErr_SetObject(no_exception(i), bytes);
        CHECK_ERROR(PyExc_SystemError);
    }
    PyErr_SetObject(PyExc_ValueError, NULL);
    CHECK_MESSAGE(PyExc_ValueError, "");
}

static void null_PyErr_NoMemory(void) { FAILS_NULL(PyErr_NoMemory(), PyExc_MemoryError); }

static void null_PyErr_BadArgument(void)
{
    CHECK_INT(PyErr_BadArgument(), 0);
    CHECK_ERROR(PyExc_TypeError);
}

static void null_PyErr_BadInternalCall(void)
{
    PyErr_BadInternalCall();
    CHECK_ERROR(PyExc_SystemError);
}

static void null__PyErr_BadInternalCall(void)
{
    _PyErr_BadInternalCall(NULL, -1);
    CHECK_ERROR(PyExc_SystemError);
}

static void null_PyErr_Occurred(void) { CHECK_PTR(PyErr_Occurred(), NULL); }

static void null_PyErr_ExceptionMatches(void)
{
    for (int pending = 0; pending < 2; pending++) {
        for (int i = 0; i < NO_EXCEPTIONS; i++) {
            CHECK_INT(PyErr_ExceptionMatches(no_exception(i)), 0);
        }
        CHECK_ERROR(pending ? PyExc_ValueError : NULL);
        PyErr_SetNone(PyExc_ValueError);
    }
    PyErr_Clear();
}

static void null_PyErr_GivenExceptionMatches(void)
{
    CHECK_INT(PyErr_GivenExceptionMatches(NULL, NULL), 0);
    for (int i = 0; i < NO_EXCEPTIONS; i++) {
        CHECK_INT(PyErr_GivenExceptionMatches(PyExc_ValueError, no_exception(i)), 0);
        if (i != UNREADY) {
            CHECK_INT(PyErr_GivenExceptionMatches(no_exception(i), PyExc_BaseException), 0);
        }
    }
}

static void null_PyErr_Clear(void) { SURVIVES(PyErr_Clear()); }

static void null_PyErr_Fetch(void)
{
    PyObject *type = bytes;
    SURVIVES(PyErr_Fetch(NULL, NULL, NULL));
    PyErr_SetString(PyExc_ValueError, "not to be leaked");
    SURVIVES(PyErr_Fetch(NULL, NULL, NULL));
    PyErr_SetString(PyExc_ValueError, "not to be leaked");
    SURVIVES(PyErr_Fetch(&type, NULL, NULL));
    Py_XDECREF(type);
}

static void null_PyErr_Restore(void)
{
    PyObject *value = PyBytes_FromString("a value");
    PyErr_SetNone(PyExc_ValueError);
    PyErr_Restore(NULL, NULL, NULL);
    CHECK_ERROR(NULL);
    PyErr_Restore(NULL, Py_NewRef(value), Py_NewRef(value));
    CHECK_ERROR(NULL);
    for (int i = 1; i < NO_EXCEPTIONS; i++) {
        PyErr_Restore(Py_NewRef(no_exception(i)), Py_NewRef(value), NULL);
        CHECK_ERROR(PyExc_SystemError);
    }
    CHECK_INT(Py_REFCNT(value), 1);
    Py_DECREF(value);
}

static void null_PyErr_Print(void) { SURVIVES(PyErr_Print()); }
static void null_pybuffer_error_name(void) { CHECK_STR(pybuffer_error_name(), NULL); }
static void null_pybuffer_error_message(void) { CHECK_STR(pybuffer_error_message(), NULL); }

#include "null_buffers.h"
#include "null_memoryviews.h"
#include "null_ndarrays.h"
#include "null_sequences.h"

/* ---- all of them -------------------------------------------------------------------------------------------- */

/* A NULL that a failed call has given is passed on: the first error is the one to know. */
static void null_after_an_error_keeps_that_error(void)
{
    CHECK_PTR(PyMemoryView_FromObject(PyBytes_FromStringAndSize(NULL, PY_SSIZE_T_MAX)), NULL);
    CHECK_ERROR(PyExc_OverflowError);
    CHECK_INT(PyObject_GetBuffer(PyMemoryView_FromObject(plain), &empty_view, PyBUF_SIMPLE), -1);
    CHECK_ERROR(PyExc_TypeError);
}

/* A static type has no type itself until PyType_Ready, which programs forget. */
static void null_types_that_are_not_ready_are_no_exceptions(void)
{
    CHECK_INT(PyErr_GivenExceptionMatches(no_exception(UNREADY), PyExc_BaseException), 0);
    CHECK_INT(PyErr_GivenExceptionMatches(no_exception(UNREADY), no_exception(UNREADY)), 1); /* itself, all the same */
}

#define NAME(function) puts(#function);
#define TEST(function) tap_run(null_##function, #function ": NULL and nonsense", 0);

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--functions") == 0) {
        FUNCTIONS(NAME)
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--library") == 0) {
        Dl_info found;
        void *inside;
        memcpy(&inside, &PyMemoryView_Type.tp_dealloc, sizeof(inside));
        puts(dladdr(inside, &found) && found.dli_fname ? found.dli_fname : "");
        return 0;
    }
    char memory[4] = "abc";
    bytes = PyBytes_FromString("some bytes");
    bytearray = PyByteArray_FromStringAndSize("bytearray", 9);
    memoryview = PyMemoryView_FromMemory(memory, 3, PyBUF_WRITE);
    plain = PyObject_New(PyObject, &PyBaseObject_Type);
    tap_after_each = nothing_is_left_pending;
    FUNCTIONS(TEST)
    RUN(null_after_an_error_keeps_that_error);
    RUN(null_types_that_are_not_ready_are_no_exceptions);
    Py_DECREF(plain);
    Py_DECREF(memoryview);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
    return tap_end();
}

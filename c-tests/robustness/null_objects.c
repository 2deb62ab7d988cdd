/* NULL and nonsense to the functions of objects, memory and errors. See null.h. */
#include "null.h"

#define FUNCTIONS(F)                                                                                                   \
    F(_Py_IncRef) F(_Py_DecRef) F(Py_TYPE) F(Py_SIZE) F(Py_REFCNT) F(Py_IS_TYPE) F(Py_SET_SIZE) F(_Py_SetRefcnt)       \
    F(PyType_GetFlags) F(Py_GetConstant) F(Py_GetConstantBorrowed) F(PyUnstable_IsImmortal) F(PyUnstable_SetImmortal)  \
    F(PyUnstable_Object_IsUniquelyReferenced) F(PyUnstable_TryIncRef) F(PyUnstable_EnableTryIncRef)                    \
    F(Py_IncRef) F(Py_DecRef) F(_Py_Dealloc) F(PyType_Ready) F(PyType_IsSubtype) F(PyObject_Init) F(PyObject_InitVar)  \
    F(_PyObject_New) F(_PyObject_NewVar) F(PyObject_Hash) F(PyObject_HashNotImplemented) F(PyObject_RichCompareBool)   \
    F(PyObject_Size) F(PyObject_Length) F(PySequence_Size) F(PySequence_Length) F(PyMem_RawMalloc) F(PyMem_RawCalloc)  \
    F(PyMem_RawRealloc) F(PyMem_RawFree) F(PyMem_Malloc) F(PyMem_Calloc) F(PyMem_Realloc) F(PyMem_Free)                \
    F(PyObject_Malloc) F(PyObject_Calloc) F(PyObject_Realloc) F(PyObject_Free) F(PyMem_GetAllocator)                   \
    F(PyMem_SetAllocator) F(PyErr_Format) F(PyErr_FormatV) F(PyErr_SetString) F(PyErr_SetNone) F(PyErr_SetObject)      \
    F(PyErr_NoMemory) F(PyErr_BadArgument) F(PyErr_BadInternalCall) F(_PyErr_BadInternalCall) F(PyErr_Occurred)        \
    F(PyErr_ExceptionMatches) F(PyErr_GivenExceptionMatches) F(PyErr_Clear) F(PyErr_Fetch) F(PyErr_Restore)            \
    F(PyErr_Print) F(pybuffer_error_name) F(pybuffer_error_message)

/* ---- objects ------------------------------------------------------------------------------------------------ */

static void null_Py_IncRef(void) { SURVIVES(Py_IncRef(NULL)); }
static void null_Py_DecRef(void) { SURVIVES(Py_DecRef(NULL)); }
static void null__Py_Dealloc(void) { SURVIVES(_Py_Dealloc(NULL)); }

static void null__Py_IncRef(void) { SURVIVES(_Py_IncRef(NULL)); }
static void null__Py_DecRef(void) { SURVIVES(_Py_DecRef(NULL)); }
static void null_Py_TYPE(void) { FAILS_NULL((Py_TYPE)(NULL), PyExc_SystemError); }
static void null_Py_SIZE(void) { FAILS((Py_SIZE)(NULL), PyExc_SystemError); }
static void null_Py_REFCNT(void) { FAILS((Py_REFCNT)(NULL), PyExc_SystemError); }
static void null_Py_SET_SIZE(void) { SURVIVES((Py_SET_SIZE)(NULL, 1)); }
static void null__Py_SetRefcnt(void) { SURVIVES(_Py_SetRefcnt(NULL, 1)); }
static void null_PyType_GetFlags(void) { CHECK_INT(PyType_GetFlags(NULL), 0); }
static void null_PyUnstable_IsImmortal(void) { CHECK_INT(PyUnstable_IsImmortal(NULL), 0); }
static void null_PyUnstable_SetImmortal(void) { CHECK_INT(PyUnstable_SetImmortal(NULL), 0); }
static void null_PyUnstable_TryIncRef(void) { CHECK_INT(PyUnstable_TryIncRef(NULL), 0); }
static void null_PyUnstable_EnableTryIncRef(void) { SURVIVES(PyUnstable_EnableTryIncRef(NULL)); }

static void null_Py_IS_TYPE(void)
{
    CHECK_INT((Py_IS_TYPE)(NULL, &PyBytes_Type), 0);
    CHECK_INT((Py_IS_TYPE)(NULL, NULL), 0);
    CHECK_INT((Py_IS_TYPE)(bytes, NULL), 0);
}

static void null_PyUnstable_Object_IsUniquelyReferenced(void)
{
    CHECK_INT(PyUnstable_Object_IsUniquelyReferenced(NULL), 0);
}

static void null_Py_GetConstant(void)
{
    static const unsigned int absent[] = {3, 5, 6, 7, 9, 10, UINT_MAX};
    for (size_t i = 0; i < COUNT(absent); i++) {
        FAILS_NULL(Py_GetConstant(absent[i]), PyExc_SystemError);
    }
}

static void null_Py_GetConstantBorrowed(void)
{
    FAILS_NULL(Py_GetConstantBorrowed(UINT_MAX), PyExc_SystemError);
}

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

/* Invalid exception types: NULL, an object that is not a type, another type, one that is not ready. */
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
    FAILS_NULL(format_unchecked(PyExc_ValueError, "%y", 1), PyExc_SystemError);
    FAILS_NULL(format_unchecked(PyExc_ValueError, "100%"), PyExc_SystemError);
    format_unchecked(PyExc_ValueError, "%s", (char *)NULL);
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

/* A static type has no type itself until PyType_Ready, which programs forget. */
static void null_types_that_are_not_ready_are_no_exceptions(void)
{
    CHECK_INT(PyErr_GivenExceptionMatches(no_exception(UNREADY), PyExc_BaseException), 0);
    CHECK_INT(PyErr_GivenExceptionMatches(no_exception(UNREADY), no_exception(UNREADY)), 1); /* but it is itself */
}

NULL_MAIN(RUN(null_types_that_are_not_ready_are_no_exceptions);)

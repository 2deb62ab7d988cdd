/* NULL and nonsense to the functions that write bytes. See null.h. */
#include "null.h"

#include <stdarg.h>

#define FUNCTIONS(F)                                                                                                   \
    F(PyBytes_Join) F(PyBytes_Repr) F(PyBytes_FromFormat) F(PyBytes_FromFormatV) F(PyBytesWriter_Create)               \
    F(PyBytesWriter_Discard) F(PyBytesWriter_Finish) F(PyBytesWriter_FinishWithSize)                                   \
    F(PyBytesWriter_FinishWithPointer) F(PyBytesWriter_GetData) F(PyBytesWriter_GetSize) F(PyBytesWriter_WriteBytes)   \
    F(PyBytesWriter_Format) F(PyBytesWriter_Resize) F(PyBytesWriter_Grow) F(PyBytesWriter_GrowAndUpdatePointer)

static void null_PyBytes_Join(void)
{
    FAILS_NULL(PyBytes_Join(NULL, bytes), PyExc_SystemError);
    FAILS_NULL(PyBytes_Join(bytes, NULL), PyExc_SystemError);
    FAILS_NULL(PyBytes_Join(bytearray, bytes), PyExc_TypeError);
    FAILS_NULL(PyBytes_Join(bytes, plain), PyExc_TypeError);
    FAILS_NULL(PyBytes_Join(bytes, memoryview), PyExc_TypeError);
}

static void null_PyBytes_Repr(void)
{
    FAILS_NULL(PyBytes_Repr(NULL, 0), PyExc_SystemError);
    FAILS_NULL(PyBytes_Repr(bytearray, 0), PyExc_TypeError);
}

static void null_PyBytes_FromFormat(void) { FAILS_NULL(PyBytes_FromFormat(NULL), PyExc_SystemError); }

static void from_list(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    FAILS_NULL(PyBytes_FromFormatV(format, list), PyExc_SystemError);
    va_end(list);
}

static void null_PyBytes_FromFormatV(void) { from_list(NULL); }

static void null_PyBytesWriter_Create(void)
{
    FAILS_NULL(PyBytesWriter_Create(-1), PyExc_ValueError);
    FAILS_NULL(PyBytesWriter_Create(PY_SSIZE_T_MIN), PyExc_ValueError);
    FAILS_NULL(PyBytesWriter_Create(PY_SSIZE_T_MAX), PyExc_OverflowError);
    FAILS_NULL(PyBytesWriter_Create(PY_SSIZE_T_MAX - 64), PyExc_MemoryError);
}

static void null_PyBytesWriter_Discard(void) { SURVIVES(PyBytesWriter_Discard(NULL)); }
static void null_PyBytesWriter_Finish(void) { FAILS_NULL(PyBytesWriter_Finish(NULL), PyExc_SystemError); }
static void null_PyBytesWriter_GetData(void) { FAILS_NULL(PyBytesWriter_GetData(NULL), PyExc_SystemError); }
static void null_PyBytesWriter_GetSize(void) { FAILS(PyBytesWriter_GetSize(NULL), PyExc_SystemError); }

static void null_PyBytesWriter_FinishWithSize(void)
{
    FAILS_NULL(PyBytesWriter_FinishWithSize(NULL, 0), PyExc_SystemError);
    FAILS_NULL(PyBytesWriter_FinishWithSize(PyBytesWriter_Create(1), -1), PyExc_ValueError);
    FAILS_NULL(PyBytesWriter_FinishWithSize(PyBytesWriter_Create(1), PY_SSIZE_T_MAX), PyExc_ValueError);
}

static void null_PyBytesWriter_FinishWithPointer(void)
{
    char elsewhere[1];
    FAILS_NULL(PyBytesWriter_FinishWithPointer(NULL, NULL), PyExc_SystemError);
    FAILS_NULL(PyBytesWriter_FinishWithPointer(PyBytesWriter_Create(400), NULL), PyExc_SystemError);
    FAILS_NULL(PyBytesWriter_FinishWithPointer(PyBytesWriter_Create(400), elsewhere), PyExc_ValueError);
}

static void null_PyBytesWriter_WriteBytes(void)
{
    PyBytesWriter *writer = PyBytesWriter_Create(3);
    FAILS(PyBytesWriter_WriteBytes(NULL, "abc", 3), PyExc_SystemError);
    FAILS(PyBytesWriter_WriteBytes(writer, NULL, 3), PyExc_SystemError);
    FAILS(PyBytesWriter_WriteBytes(writer, NULL, -1), PyExc_SystemError);
    CHECK_INT(PyBytesWriter_WriteBytes(writer, NULL, 0), 0);
    CHECK_INT(PyBytesWriter_GetSize(writer), 3);
    PyBytesWriter_Discard(writer);
}

static void null_PyBytesWriter_Format(void)
{
    PyBytesWriter *writer = PyBytesWriter_Create(3);
    FAILS(PyBytesWriter_Format(NULL, "abc"), PyExc_SystemError);
    FAILS(PyBytesWriter_Format(writer, NULL), PyExc_SystemError);
    CHECK_INT(PyBytesWriter_Format(writer, "%s", (char *)NULL), 0);
    PyBytesWriter_Discard(writer);
}

static void null_PyBytesWriter_Resize(void)
{
    PyBytesWriter *writer = PyBytesWriter_Create(3);
    FAILS(PyBytesWriter_Resize(NULL, 1), PyExc_SystemError);
    FAILS(PyBytesWriter_Resize(writer, -1), PyExc_ValueError);
    FAILS(PyBytesWriter_Resize(writer, PY_SSIZE_T_MAX), PyExc_OverflowError);
    CHECK_INT(PyBytesWriter_GetSize(writer), 3);
    PyBytesWriter_Discard(writer);
}

static void null_PyBytesWriter_Grow(void)
{
    PyBytesWriter *writer = PyBytesWriter_Create(3);
    FAILS(PyBytesWriter_Grow(NULL, 1), PyExc_SystemError);
    FAILS(PyBytesWriter_Grow(writer, -4), PyExc_ValueError);
    FAILS(PyBytesWriter_Grow(writer, PY_SSIZE_T_MIN), PyExc_ValueError);
    FAILS(PyBytesWriter_Grow(writer, PY_SSIZE_T_MAX), PyExc_MemoryError);
    CHECK_INT(PyBytesWriter_GetSize(writer), 3);
    PyBytesWriter_Discard(writer);
}

static void null_PyBytesWriter_GrowAndUpdatePointer(void)
{
    PyBytesWriter *writer = PyBytesWriter_Create(3);
    void *data = PyBytesWriter_GetData(writer);
    FAILS_NULL(PyBytesWriter_GrowAndUpdatePointer(NULL, 1, data), PyExc_SystemError);
    FAILS_NULL(PyBytesWriter_GrowAndUpdatePointer(writer, 1, NULL), PyExc_SystemError);
    FAILS_NULL(PyBytesWriter_GrowAndUpdatePointer(writer, -4, data), PyExc_ValueError);
    CHECK_INT(PyBytesWriter_GetSize(writer), 3);
    PyBytesWriter_Discard(writer);
}

NULL_MAIN()

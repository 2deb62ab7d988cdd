/* The library: versions, and the functions that are there for CPython's sake. */
#include "support.h"

static void the_header_is_that_of_the_library(void)
{
    int major = -1, minor = -1, patch = -1;
    CHECK_STR(pybuffer_version(), PYBUFFER_VERSION);
    CHECK_INT(pybuffer_version_number(), PYBUFFER_VERSION_NUMBER);
    CHECK_INT(sscanf(pybuffer_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    CHECK_INT(pybuffer_version_number(), major * 1000000 + minor * 1000 + patch);
}

static void nothing_has_to_be_initialised(void)
{
    CHECK_INT(Py_IsInitialized(), 0);
    PyObject *bytes = PyBytes_FromString("made before");
    CHECK(bytes != NULL);
    Py_Initialize();
    CHECK_INT(Py_IsInitialized(), 1);
    Py_Initialize();
    CHECK_INT(Py_IsInitialized(), 1);
    CHECK_STR(PyBytes_AsString(bytes), "made before");
    Py_DECREF(bytes);
}

static void finalizing_leaves_objects_and_errors_as_they_are(void)
{
    PyObject *bytes = PyBytes_FromString("bytes"), *view = PyMemoryView_FromObject(bytes);
    Py_InitializeEx(0);
    PyErr_SetString(PyExc_ValueError, "pending");
    Py_Finalize();
    CHECK_INT(Py_IsInitialized(), 0);
    CHECK_MESSAGE(PyExc_ValueError, "pending");
    CHECK_INT(PyObject_Size(view), 5);
    CHECK_INT(Py_FinalizeEx(), 0);
    CHECK_INT(Py_FinalizeEx(), 0);
    CHECK_INT(Py_IsInitialized(), 0);
    Py_InitializeEx(1);
    CHECK_INT(Py_IsInitialized(), 1);
    CHECK_INT(Py_FinalizeEx(), 0);
    Py_DECREF(view);
    CHECK_STR(PyBytes_AsString(bytes), "bytes");
    Py_DECREF(bytes);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(the_header_is_that_of_the_library);
    RUN(nothing_has_to_be_initialised);
    RUN(finalizing_leaves_objects_and_errors_as_they_are);
    return tap_end();
}

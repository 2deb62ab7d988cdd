/* NULL and nonsense to the bridges to other protocols. See null.h; what foreign structs contain is for api/interop.c. */
#include "null.h"

#include "dlpack.h"

#define FUNCTIONS(F)                                                                                                   \
    F(pybuffer_dlpack_export) F(pybuffer_dlpack_export_unversioned) F(pybuffer_dlpack_import)                          \
    F(pybuffer_dlpack_import_unversioned) F(pybuffer_arrow_export) F(pybuffer_arrow_import)                            \
    F(pybuffer_array_interface_export) F(pybuffer_array_interface_import) F(pybuffer_array_interface_free) \
    F(pybuffer_planes_layout) F(pybuffer_planes_wrap) F(pybuffer_planes_join)

static void null_pybuffer_dlpack_export(void)
{
    FAILS_NULL(pybuffer_dlpack_export(NULL, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_export(plain, 0), PyExc_TypeError);
    FAILS_NULL(pybuffer_dlpack_export(bytes, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_export(bytes, PYBUFFER_DLPACK_INTEGERS), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_export(bytes, PYBUFFER_DLPACK_WRITABLE), PyExc_BufferError);
}

static void null_pybuffer_dlpack_export_unversioned(void)
{
    FAILS_NULL(pybuffer_dlpack_export_unversioned(NULL, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_export_unversioned(plain, 0), PyExc_TypeError);
    FAILS_NULL(pybuffer_dlpack_export_unversioned(bytearray, INT_MIN), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_export_unversioned(bytes, 0), PyExc_BufferError);
}

static void null_pybuffer_dlpack_import(void)
{
    static DLManagedTensorVersioned zeros, ones;
    memset(&ones, 0xff, sizeof(ones));
    ones.deleter = NULL;
    FAILS_NULL(pybuffer_dlpack_import(NULL, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_import(NULL, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_import(&zeros, 0), PyExc_BufferError);
    FAILS_NULL(pybuffer_dlpack_import(&ones, 0), PyExc_BufferError);
    FAILS_NULL(pybuffer_dlpack_import(&zeros, -1), PyExc_SystemError);
}

static void null_pybuffer_dlpack_import_unversioned(void)
{
    static DLManagedTensor zeros, ones;
    memset(&ones, 0xff, sizeof(ones));
    ones.deleter = NULL;
    FAILS_NULL(pybuffer_dlpack_import_unversioned(NULL, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_dlpack_import_unversioned(&zeros, 0), PyExc_BufferError);
    FAILS_NULL(pybuffer_dlpack_import_unversioned(&ones, 0), PyExc_BufferError);
    FAILS_NULL(pybuffer_dlpack_import_unversioned(&zeros, PYBUFFER_DLPACK_BFLOAT16), PyExc_SystemError);
}

static void null_pybuffer_arrow_export(void)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    memset(&array, 0xff, sizeof(array));
    memset(&schema, 0xff, sizeof(schema));
    FAILS(pybuffer_arrow_export(NULL, &array, &schema), PyExc_SystemError);
    CHECK(array.release == NULL && schema.release == NULL);
    FAILS(pybuffer_arrow_export(plain, &array, &schema), PyExc_TypeError);
    FAILS(pybuffer_arrow_export(bytes, NULL, &schema), PyExc_SystemError);
    FAILS(pybuffer_arrow_export(bytes, &array, NULL), PyExc_SystemError);
    FAILS(pybuffer_arrow_export(NULL, NULL, NULL), PyExc_SystemError);
}

static void null_pybuffer_arrow_import(void)
{
    struct ArrowArray array, released = {0};
    struct ArrowSchema schema, released_schema = {0};
    CHECK_INT(pybuffer_arrow_export(bytes, &array, &schema), 0);
    FAILS_NULL(pybuffer_arrow_import(NULL, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_arrow_import(NULL, &schema), PyExc_SystemError);
    FAILS_NULL(pybuffer_arrow_import(&array, NULL), PyExc_SystemError);
    CHECK(array.release != NULL && schema.release != NULL);
    FAILS_NULL(pybuffer_arrow_import(&released, &released_schema), PyExc_ValueError);
    FAILS_NULL(pybuffer_arrow_import(&released, &schema), PyExc_ValueError);
    CHECK(schema.release == NULL);
    FAILS_NULL(pybuffer_arrow_import(&array, &schema), PyExc_ValueError);
    CHECK(array.release == NULL);
}

static void null_pybuffer_array_interface_export(void)
{
    FAILS_NULL(pybuffer_array_interface_export(NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_array_interface_export(plain), PyExc_TypeError);
}

static void never(void *context)
{
    CHECK_PTR(context, "called");
}

static void null_pybuffer_array_interface_import(void)
{
    static pybuffer_array_interface zeros, ones;
    memset(&ones, 0xff, sizeof(ones));
    FAILS_NULL(pybuffer_array_interface_import(NULL, NULL, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_array_interface_import(NULL, never, NULL), PyExc_SystemError);
    FAILS_NULL(pybuffer_array_interface_import(&zeros, never, NULL), PyExc_ValueError);
    FAILS_NULL(pybuffer_array_interface_import(&ones, never, NULL), PyExc_ValueError);
}

static void null_pybuffer_array_interface_free(void)
{
    SURVIVES(pybuffer_array_interface_free(NULL));
}

static void null_pybuffer_planes_layout(void)
{
    pybuffer_plane planes[PYBUFFER_MAX_PLANES];
    FAILS(pybuffer_planes_layout(NULL, "nv12", 4, 4, NULL), PyExc_SystemError);
    FAILS(pybuffer_planes_layout(planes, NULL, 4, 4, NULL), PyExc_SystemError);
    FAILS(pybuffer_planes_layout(planes, "no format", 4, 4, NULL), PyExc_ValueError);
    FAILS(pybuffer_planes_layout(planes, "nv12", -1, PY_SSIZE_T_MIN, NULL), PyExc_ValueError);
}

static void null_pybuffer_planes_wrap(void)
{
    static pybuffer_plane zeros, ones;
    PyObject *view = plain;
    memset(&ones, 0xff, sizeof(ones));
    ones.format = NULL;
    FAILS(pybuffer_planes_wrap(&zeros, 1, 0, never, NULL, NULL), PyExc_SystemError);
    FAILS(pybuffer_planes_wrap(NULL, -1, 0, never, NULL, &view), PyExc_SystemError);
    CHECK_PTR(view, plain);
    FAILS(pybuffer_planes_wrap(NULL, 1, 0, never, NULL, &view), PyExc_SystemError);
    CHECK_PTR(view, NULL);
    FAILS(pybuffer_planes_wrap(NULL, 0, 0, never, NULL, &view), PyExc_SystemError);
    FAILS(pybuffer_planes_wrap(&zeros, 0, 0, never, NULL, &view), PyExc_ValueError);
    FAILS(pybuffer_planes_wrap(&zeros, INT_MIN, 0, never, NULL, &view), PyExc_SystemError);
    FAILS(pybuffer_planes_wrap(&ones, 1, 0, never, NULL, &view), PyExc_ValueError);
    CHECK_PTR(view, NULL);
    CHECK_INT(pybuffer_planes_wrap(&zeros, 1, 0, NULL, NULL, &view), 0);
    Py_DECREF(view);
}

static void null_pybuffer_planes_join(void)
{
    PyObject *none[2] = {bytes, NULL}, *other[2] = {bytes, plain};
    FAILS_NULL(pybuffer_planes_join(NULL, 1), PyExc_SystemError);
    FAILS_NULL(pybuffer_planes_join(NULL, 0), PyExc_SystemError);
    FAILS_NULL(pybuffer_planes_join(none, 0), PyExc_ValueError);
    FAILS_NULL(pybuffer_planes_join(none, -1), PyExc_SystemError);
    FAILS_NULL(pybuffer_planes_join(none, 2), PyExc_SystemError);
    FAILS_NULL(pybuffer_planes_join(other, 2), PyExc_TypeError);
    FAILS_NULL(pybuffer_planes_join(&memoryview, INT_MIN), PyExc_SystemError);
}

NULL_MAIN()

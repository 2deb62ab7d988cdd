/* Sizes, offsets, constants, prototypes, and the fields of the built-in types. */
#include "twin.h"

#include <stdarg.h>

#define SIZE(type) printf("sizeof %s %zu\n", #type, sizeof(type))
#define FIELD(type, field)                                                                                             \
    printf("%s.%s %zu %zu\n", #type, #field, offsetof(type, field), sizeof(((type *)0)->field))
#define CONSTANT(name) printf("%s %lld\n", #name, (long long)(name))

static void objects(void)
{
    twin_title("objects");
    SIZE(Py_ssize_t);
    SIZE(Py_hash_t);
    SIZE(PyObject);
    /* Half as large since 3.14, with flags after it, which stay 0 here. */
    printf("PyObject.ob_refcnt %zu\n", offsetof(PyObject, ob_refcnt));
    FIELD(PyObject, ob_type);
    SIZE(PyVarObject);
    FIELD(PyVarObject, ob_base);
    FIELD(PyVarObject, ob_size);
    if (TWIN_VERSION < 0x030f00) { /* 3.15 has a field more, after all others */
        SIZE(PyTypeObject);
    }
    FIELD(PyTypeObject, ob_base);
    FIELD(PyTypeObject, tp_name);
    FIELD(PyTypeObject, tp_basicsize);
    FIELD(PyTypeObject, tp_itemsize);
    FIELD(PyTypeObject, tp_dealloc);
    FIELD(PyTypeObject, tp_vectorcall_offset);
    FIELD(PyTypeObject, tp_getattr);
    FIELD(PyTypeObject, tp_setattr);
    FIELD(PyTypeObject, tp_as_async);
    FIELD(PyTypeObject, tp_repr);
    FIELD(PyTypeObject, tp_as_number);
    FIELD(PyTypeObject, tp_as_sequence);
    FIELD(PyTypeObject, tp_as_mapping);
    FIELD(PyTypeObject, tp_hash);
    FIELD(PyTypeObject, tp_call);
    FIELD(PyTypeObject, tp_str);
    FIELD(PyTypeObject, tp_getattro);
    FIELD(PyTypeObject, tp_setattro);
    FIELD(PyTypeObject, tp_as_buffer);
    FIELD(PyTypeObject, tp_flags);
    FIELD(PyTypeObject, tp_doc);
    FIELD(PyTypeObject, tp_traverse);
    FIELD(PyTypeObject, tp_clear);
    FIELD(PyTypeObject, tp_richcompare);
    FIELD(PyTypeObject, tp_weaklistoffset);
    FIELD(PyTypeObject, tp_iter);
    FIELD(PyTypeObject, tp_iternext);
    FIELD(PyTypeObject, tp_methods);
    FIELD(PyTypeObject, tp_members);
    FIELD(PyTypeObject, tp_getset);
    FIELD(PyTypeObject, tp_base);
    FIELD(PyTypeObject, tp_dict);
    FIELD(PyTypeObject, tp_descr_get);
    FIELD(PyTypeObject, tp_descr_set);
    FIELD(PyTypeObject, tp_dictoffset);
    FIELD(PyTypeObject, tp_init);
    FIELD(PyTypeObject, tp_alloc);
    FIELD(PyTypeObject, tp_new);
    FIELD(PyTypeObject, tp_free);
    FIELD(PyTypeObject, tp_is_gc);
    FIELD(PyTypeObject, tp_bases);
    FIELD(PyTypeObject, tp_mro);
    FIELD(PyTypeObject, tp_cache);
    FIELD(PyTypeObject, tp_subclasses);
    FIELD(PyTypeObject, tp_weaklist);
    FIELD(PyTypeObject, tp_del);
    FIELD(PyTypeObject, tp_version_tag);
    FIELD(PyTypeObject, tp_finalize);
    FIELD(PyTypeObject, tp_vectorcall);
    FIELD(PyTypeObject, tp_watched);
    FIELD(PyTypeObject, tp_versions_used);
    SIZE(PyBufferProcs);
    FIELD(PyBufferProcs, bf_getbuffer);
    FIELD(PyBufferProcs, bf_releasebuffer);
    SIZE(PySequenceMethods);
    FIELD(PySequenceMethods, sq_length);
    FIELD(PySequenceMethods, sq_concat);
    FIELD(PySequenceMethods, sq_repeat);
    FIELD(PySequenceMethods, sq_item);
    FIELD(PySequenceMethods, was_sq_slice);
    FIELD(PySequenceMethods, sq_ass_item);
    FIELD(PySequenceMethods, was_sq_ass_slice);
    FIELD(PySequenceMethods, sq_contains);
    FIELD(PySequenceMethods, sq_inplace_concat);
    FIELD(PySequenceMethods, sq_inplace_repeat);
    SIZE(PyMappingMethods);
    FIELD(PyMappingMethods, mp_length);
    FIELD(PyMappingMethods, mp_subscript);
    FIELD(PyMappingMethods, mp_ass_subscript);
    SIZE(PyMemAllocatorEx);
    FIELD(PyMemAllocatorEx, ctx);
    FIELD(PyMemAllocatorEx, malloc);
    FIELD(PyMemAllocatorEx, calloc);
    FIELD(PyMemAllocatorEx, realloc);
    FIELD(PyMemAllocatorEx, free);
}

static void buffers(void)
{
    twin_title("buffers");
    SIZE(Py_buffer);
    FIELD(Py_buffer, buf);
    FIELD(Py_buffer, obj);
    FIELD(Py_buffer, len);
    FIELD(Py_buffer, itemsize);
    FIELD(Py_buffer, readonly);
    FIELD(Py_buffer, ndim);
    FIELD(Py_buffer, format);
    FIELD(Py_buffer, shape);
    FIELD(Py_buffer, strides);
    FIELD(Py_buffer, suboffsets);
    FIELD(Py_buffer, internal);
    SIZE(_PyManagedBufferObject);
    FIELD(_PyManagedBufferObject, flags);
    FIELD(_PyManagedBufferObject, exports);
    FIELD(_PyManagedBufferObject, master);
    FIELD(PyMemoryViewObject, mbuf);
    FIELD(PyMemoryViewObject, hash);
    FIELD(PyMemoryViewObject, flags);
    FIELD(PyMemoryViewObject, exports);
    FIELD(PyMemoryViewObject, view);
    FIELD(PyBytesObject, ob_base);
    FIELD(PyBytesObject, ob_sval);
    SIZE(PyBytesObject);
    if (TWIN_VERSION < 0x030f00) { /* 3.15 has a field more, after all others */
        SIZE(PyByteArrayObject);
    }
    FIELD(PyByteArrayObject, ob_alloc);
    FIELD(PyByteArrayObject, ob_bytes);
    FIELD(PyByteArrayObject, ob_start);
    FIELD(PyByteArrayObject, ob_exports);
}

static void constants(void)
{
    twin_title("constants");
    CONSTANT(PyBUF_MAX_NDIM);
    CONSTANT(PyBUF_SIMPLE);
    CONSTANT(PyBUF_WRITABLE);
    CONSTANT(PyBUF_WRITEABLE);
    CONSTANT(PyBUF_FORMAT);
    CONSTANT(PyBUF_ND);
    CONSTANT(PyBUF_STRIDES);
    CONSTANT(PyBUF_C_CONTIGUOUS);
    CONSTANT(PyBUF_F_CONTIGUOUS);
    CONSTANT(PyBUF_ANY_CONTIGUOUS);
    CONSTANT(PyBUF_INDIRECT);
    CONSTANT(PyBUF_CONTIG);
    CONSTANT(PyBUF_CONTIG_RO);
    CONSTANT(PyBUF_STRIDED);
    CONSTANT(PyBUF_STRIDED_RO);
    CONSTANT(PyBUF_RECORDS);
    CONSTANT(PyBUF_RECORDS_RO);
    CONSTANT(PyBUF_FULL);
    CONSTANT(PyBUF_FULL_RO);
    CONSTANT(PyBUF_READ);
    CONSTANT(PyBUF_WRITE);
    CONSTANT(PYMEM_DOMAIN_RAW);
    CONSTANT(PYMEM_DOMAIN_MEM);
    CONSTANT(PYMEM_DOMAIN_OBJ);
    CONSTANT(Py_LT);
    CONSTANT(Py_LE);
    CONSTANT(Py_EQ);
    CONSTANT(Py_NE);
    CONSTANT(Py_GT);
    CONSTANT(Py_GE);
    CONSTANT(PY_SSIZE_T_MAX);
    CONSTANT(PY_SSIZE_T_MIN);
    CONSTANT(Py_TPFLAGS_DEFAULT);
    CONSTANT(Py_TPFLAGS_BASETYPE);
    CONSTANT(Py_TPFLAGS_HAVE_GC);
    CONSTANT(Py_TPFLAGS_READY);
    CONSTANT(Py_TPFLAGS_HEAPTYPE);
    CONSTANT(Py_TPFLAGS_IMMUTABLETYPE);
    CONSTANT(Py_TPFLAGS_SEQUENCE);
    CONSTANT(Py_TPFLAGS_BYTES_SUBCLASS);
    CONSTANT(Py_TPFLAGS_TYPE_SUBCLASS);
    CONSTANT(Py_TPFLAGS_BASE_EXC_SUBCLASS);
}

/* Compiles only when the prototypes are CPython's; macros may stand in for none of these. */
static void prototypes(void)
{
    twin_title("prototypes");
    int (*get_buffer)(PyObject *, Py_buffer *, int) = PyObject_GetBuffer;
    int (*check_buffer)(PyObject *) = PyObject_CheckBuffer;
    void (*release)(Py_buffer *) = PyBuffer_Release;
    void *(*get_pointer)(const Py_buffer *, const Py_ssize_t *) = PyBuffer_GetPointer;
    Py_ssize_t (*size_from_format)(const char *) = PyBuffer_SizeFromFormat;
    int (*is_contiguous)(const Py_buffer *, char) = PyBuffer_IsContiguous;
    void (*fill_strides)(int, Py_ssize_t *, Py_ssize_t *, int, char) = PyBuffer_FillContiguousStrides;
    int (*fill_info)(Py_buffer *, PyObject *, void *, Py_ssize_t, int, int) = PyBuffer_FillInfo;
    int (*to_contiguous)(void *, const Py_buffer *, Py_ssize_t, char) = PyBuffer_ToContiguous;
    int (*from_contiguous)(const Py_buffer *, const void *, Py_ssize_t, char) = PyBuffer_FromContiguous;
    int (*copy_data)(PyObject *, PyObject *) = PyObject_CopyData;
    PyObject *(*from_object)(PyObject *) = PyMemoryView_FromObject;
    PyObject *(*from_memory)(char *, Py_ssize_t, int) = PyMemoryView_FromMemory;
    PyObject *(*from_buffer)(const Py_buffer *) = PyMemoryView_FromBuffer;
    PyObject *(*get_contiguous)(PyObject *, int, char) = PyMemoryView_GetContiguous;
    const Py_buffer *(*pickle_buffer)(PyObject *) = PyPickleBuffer_GetBuffer;
    int (*pickle_release)(PyObject *) = PyPickleBuffer_Release;
    int (*bytes_resize)(PyObject **, Py_ssize_t) = _PyBytes_Resize;
    int (*as_string_and_size)(PyObject *, char **, Py_ssize_t *) = PyBytes_AsStringAndSize;
    void (*concat)(PyObject **, PyObject *) = PyBytes_Concat;
    PyObject *(*array_concat)(PyObject *, PyObject *) = PyByteArray_Concat;
    int (*array_resize)(PyObject *, Py_ssize_t) = PyByteArray_Resize;
    PyObject *(*format)(PyObject *, const char *, ...) = PyErr_Format;
    PyObject *(*format_v)(PyObject *, const char *, va_list) = PyErr_FormatV;
    void (*fetch)(PyObject **, PyObject **, PyObject **) = PyErr_Fetch;
    void (*restore)(PyObject *, PyObject *, PyObject *) = PyErr_Restore;
    PyObject *(*no_memory)(void) = PyErr_NoMemory;
    int (*bad_argument)(void) = PyErr_BadArgument;
    int (*ready)(PyTypeObject *) = PyType_Ready;
    int (*is_subtype)(PyTypeObject *, PyTypeObject *) = PyType_IsSubtype;
    int (*compare)(PyObject *, PyObject *, int) = PyObject_RichCompareBool;
    Py_hash_t (*hash)(PyObject *) = PyObject_Hash;
    Py_ssize_t (*size)(PyObject *) = PyObject_Size;
    void *(*object_realloc)(void *, size_t) = PyObject_Realloc;
    void *(*mem_calloc)(size_t, size_t) = PyMem_Calloc;
    void (*set_allocator)(PyMemAllocatorDomain, PyMemAllocatorEx *) = PyMem_SetAllocator;
    printf("%d\n", get_buffer && check_buffer && release && get_pointer && size_from_format && is_contiguous
           && fill_strides && fill_info && to_contiguous && from_contiguous && copy_data && from_object && from_memory
           && from_buffer && get_contiguous && pickle_buffer && pickle_release && bytes_resize && as_string_and_size
           && concat && array_concat && array_resize && format && format_v && fetch && restore && no_memory
           && bad_argument && ready && is_subtype && compare && hash && size && object_realloc && mem_calloc
           && set_allocator);
}

static void types(void)
{
    twin_title("types");
    PyTypeObject *const builtin[] = {&PyBytes_Type, &PyByteArray_Type, &PyMemoryView_Type, &PyPickleBuffer_Type,
                                     &PyBaseObject_Type, &PyType_Type};
    const unsigned long flags = Py_TPFLAGS_BASETYPE | Py_TPFLAGS_READY | Py_TPFLAGS_HEAPTYPE
                                | Py_TPFLAGS_BYTES_SUBCLASS | Py_TPFLAGS_TYPE_SUBCLASS | Py_TPFLAGS_BASE_EXC_SUBCLASS;
    for (size_t i = 0; i < TWIN_COUNT(builtin); i++) {
        const PyTypeObject *t = builtin[i];
        PyObject *object = (PyObject *)builtin[i];
        printf("%s: flags %lx type %d base %d buffer %d %d hash %d compare %d", t->tp_name,
               t->tp_flags & flags, Py_IS_TYPE(object, &PyType_Type), t->tp_base == &PyBaseObject_Type,
               t->tp_as_buffer && t->tp_as_buffer->bf_getbuffer, t->tp_as_buffer && t->tp_as_buffer->bf_releasebuffer,
               t->tp_hash != NULL, t->tp_richcompare != NULL);
        if (i == 0 || i == 1 || i == 4) { /* the others may have private fields at their ends */
            int is_larger = TWIN_VERSION >= 0x030f00 && t == &PyByteArray_Type && t->tp_basicsize == 64;
            printf(" basicsize %lld itemsize %lld", (long long)t->tp_basicsize - (is_larger ? 8 : 0), (long long)t->tp_itemsize);
        }
        Py_ssize_t before = Py_REFCNT(object);
        Py_INCREF(object);
        printf(" immortal %d\n", Py_REFCNT(object) == before);
    }
    for (int i = 0; i < TWIN_EXCEPTIONS; i++) {
        PyTypeObject *t = (PyTypeObject *)twin_exception(i).type;
        printf("%s: %s base %s flags %lx\n", twin_exception(i).name, t->tp_name, t->tp_base->tp_name,
               t->tp_flags & flags);
    }
    printf("None: refcount kept %d\n", Py_REFCNT(Py_None) == Py_REFCNT(Py_NewRef(Py_None)));
}

int main(void)
{
    Py_Initialize();
    twin_start();
    objects();
    buffers();
    constants();
    prototypes();
    types();
    Py_Finalize();
    return 0;
}

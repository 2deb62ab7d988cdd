/*
 * libpybuffer: Python's buffer protocol (PEP 3118) and memoryviews for C and C++, without an interpreter.
 *
 * This file is generated from the sources of the library (make header). It is the manual, too: read this comment, then
 * the section that you need.
 *
 * Names. Py... and _Py... are CPython's: the same prototypes, structs, results and exception types as in CPython, GIL
 * build, where versions differ those of 3.15, and the ABI of 3.8 to 3.15, so that a program written, or even compiled, for CPython works here.
 * pybuffer_... and PYBUFFER_... are this library's own.
 *
 * Ownership. Objects are counted. A function that returns an object returns a new reference, which is the caller's to
 * drop with Py_DECREF, unless it says "borrowed". Arguments are borrowed: the function takes its own reference where it
 * keeps one. A view (Py_buffer) that PyObject_GetBuffer has filled holds a reference to its exporter: release it with
 * PyBuffer_Release, once, and do not move the struct in between. What a view points to lives until then.
 *
 * Errors. A function that fails returns NULL or -1, and leaves an error pending in the calling thread: look at it with
 * pybuffer_error_name and pybuffer_error_message or PyErr_ExceptionMatches, and clear it with PyErr_Clear. A call that
 * fails changes nothing and leaks nothing, unless it says otherwise.
 *
 * NULL. Where a comment does not say that NULL is allowed it is an error: SystemError, and the failure value. That holds
 * for the pointers that a function is called with, not for what a hand-made struct contains. An error that is pending
 * already stays: so a call may take the result of another one, and only the last result need be looked at.
 *
 * Threads. Objects may be used, shared and dropped from any thread, without a lock: reference counts, export counts and
 * releases are atomic, and each thread has its own pending error. The program must synchronize:
 *   - the bytes of viewed memory: no thread may write what another one reads or writes at the same time, which includes
 *     the copies, comparisons and hashes of this library;
 *   - the memory of a bytearray across a resize, where it is reached by pointer (PyByteArray_AsString) and not by a view;
 *   - PyMem_SetAllocator, PyType_Ready, _PyBytes_Resize, PyBytes_Concat, PyBytesWriter_* and pybuffer_check_exporter: no
 *     other thread may use the same object, type, writer or allocator meanwhile;
 *   - PyPickleBuffer_Release with uses of the view that PyPickleBuffer_GetBuffer gave, which the release invalidates.
 * A call that reads or writes an object of this library (an item, a slice, a comparison, a copy) does not count as a view
 * of it: in another thread, PyByteArray_Resize waits until the call is done, and a release of a memoryview takes effect
 * after the call. The call does count as a view while it may run functions of the program: those of another operand's
 * exporter, or of an allocator that the program has set. No function of the program is called while a lock is held.
 *
 * While the process has one thread, counts are changed without locked instructions. glibc (2.32 and later) says when that
 * is, and from the first pthread_create on it is over, before the thread starts; with other C libraries the instructions are
 * always locked. The program sees no difference, unless counts are changed behind glibc's back:
 *   - a signal handler must not use objects, not even count them;
 *   - a thread that is not made by the C library (a raw clone) must not use objects, unless one has been that is;
 *   - objects must not lie in memory that several processes share.
 *
 * Exporters written in C are called from whichever thread asks, so they keep their own counts atomically. A program that
 * is compiled with CPython's header instead of this one has that header's Py_INCREF and Py_DECREF, which are not atomic.
 *
 * Stack. A call takes at most 40 KB of stack on x86-64, 48 KB elsewhere, not counting functions of the program that it calls.
 */
#ifndef PYBUFFER_PYBUFFER_H
#define PYBUFFER_PYBUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define PYBUFFER_VERSION "0.1.0"
#define PYBUFFER_VERSION_NUMBER 1000

/* The structs are laid out as CPython's are on machines with pointers of 64 bits, and the inline functions use the atomic
 * built-in functions of gcc and clang. */
#if UINTPTR_MAX != 0xffffffffffffffffu
#  error "libpybuffer supports machines with 64-bit pointers only"
#endif
#if !defined(__GNUC__) && !defined(__clang__)
#  error "this header of libpybuffer needs gcc, clang, or a compiler with their atomic built-in functions (__atomic_load_n)"
#endif

/* Compilers warn where the result of such a function is not used: a new reference would leak, a failure would go unnoticed.
 * They do not if PYBUFFER_NO_WARN_UNUSED is defined before this header is included. */
#ifdef PYBUFFER_NO_WARN_UNUSED
#  define PYBUFFER_WARN_UNUSED
#else
#  define PYBUFFER_WARN_UNUSED __attribute__((__warn_unused_result__))
#endif

/* The argument with this number is a format as printf has it, for the arguments from the other number on (0 where they are a
 * va_list): compilers check these. gcc for Windows would check for the codes of Windows's own printf. */
#if defined(__MINGW32__) && !defined(__clang__)
#  define PYBUFFER_PRINTF(format, first) __attribute__((__format__(__gnu_printf__, format, first)))
#else
#  define PYBUFFER_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _object PyObject;
typedef struct PyVarObject PyVarObject;
typedef struct _typeobject PyTypeObject;
typedef struct PyNumberMethods PyNumberMethods;
typedef struct PySequenceMethods PySequenceMethods;
typedef struct PyMappingMethods PyMappingMethods;
typedef struct PyAsyncMethods PyAsyncMethods;
typedef struct PyBufferProcs PyBufferProcs;
typedef struct PyMethodDef PyMethodDef;
typedef struct PyMemberDef PyMemberDef;
typedef struct PyGetSetDef PyGetSetDef;
typedef struct PyMemAllocatorEx PyMemAllocatorEx;
typedef struct Py_buffer Py_buffer;
typedef struct _PyManagedBufferObject _PyManagedBufferObject;
typedef struct PyMemoryViewObject PyMemoryViewObject;
typedef struct pybuffer_subscript pybuffer_subscript;
typedef struct pybuffer_view_storage pybuffer_view_storage;
typedef struct pybuffer_item pybuffer_item;
typedef struct pybuffer_bytes pybuffer_bytes;
typedef union pybuffer_value_as pybuffer_value_as;
typedef struct pybuffer_value pybuffer_value;
typedef struct pybuffer_ndarray_state pybuffer_ndarray_state;
typedef struct pybuffer_array_interface pybuffer_array_interface;
typedef struct pybuffer_plane pybuffer_plane;
typedef struct pybuffer_finding pybuffer_finding;
typedef struct PyBytesObject PyBytesObject;
typedef struct PyByteArrayObject PyByteArrayObject;
typedef struct PyBytesWriter PyBytesWriter;

/* ===========================================================================================================
 * Objects and types
 *
 * A program makes an exporter of its own by defining a struct that starts with `PyObject_HEAD` and a static
 * `PyTypeObject` for it. Reference counts are atomic; static types and the singletons are immortal.
 */

/** A size, count, index or stride, in the unit that the function names; as wide as `size_t`, but signed. */
typedef ptrdiff_t Py_ssize_t;

/** The hash of an object; -1 is never a hash, it means that hashing failed. */
typedef ptrdiff_t Py_hash_t;

/**
 * Every object starts with this head; a pointer to any object is a `PyObject *`.
 * CPython counterpart: `PyObject` (there the count sits in a union, at the same place and of the same size).
 */
struct _object {
    /**
     * The number of references to the object. Atomic where this library changes it; use the `Py_INCREF` family.
     */
    Py_ssize_t ob_refcnt;
    /** The object's type; read it with `Py_TYPE`. */
    PyTypeObject *ob_type;
};

/** The head of an object whose size varies from instance to instance. */
struct PyVarObject {
    /** The head that every object has. */
    PyObject ob_base;
    /** The number of items in the variable part; read it with `Py_SIZE`. */
    Py_ssize_t ob_size;
};

/** Slot of one operand that gives a new object. */
typedef PyObject *(*unaryfunc)(PyObject*);

/** Slot of two operands that gives a new object. */
typedef PyObject *(*binaryfunc)(PyObject*, PyObject*);

/** Slot of three operands that gives a new object. */
typedef PyObject *(*ternaryfunc)(PyObject*, PyObject*, PyObject*);

/** Slot that answers yes (1), no (0) or failure (-1). */
typedef int (*inquiry)(PyObject*);

/** Slot that gives a length, or -1. */
typedef Py_ssize_t (*lenfunc)(PyObject*);

/** Slot of an object and an index that gives a new object. */
typedef PyObject *(*ssizeargfunc)(PyObject*, Py_ssize_t);

/** Slot that assigns to an index. */
typedef int (*ssizeobjargproc)(PyObject*, Py_ssize_t, PyObject*);

/** Slot that assigns to a key. */
typedef int (*objobjargproc)(PyObject*, PyObject*, PyObject*);

/** Slot that tests for membership. */
typedef int (*objobjproc)(PyObject*, PyObject*);

/** Function that a `traverseproc` calls for each contained object. */
typedef int (*visitproc)(PyObject*, void*);

/** Slot that visits the contained objects (garbage collection; not called by this library). */
typedef int (*traverseproc)(PyObject*, visitproc, void*);

/** `tp_free`: gives an object's memory back. */
typedef void (*freefunc)(void*);

/** `tp_dealloc`: called when the last reference has been dropped. */
typedef void (*destructor)(PyObject*);

/** Attribute look-up by C string (not called by this library). */
typedef PyObject *(*getattrfunc)(PyObject*, char*);

/** Attribute look-up by object (not called by this library). */
typedef PyObject *(*getattrofunc)(PyObject*, PyObject*);

/** Attribute assignment by C string (not called by this library). */
typedef int (*setattrfunc)(PyObject*, char*, PyObject*);

/** Attribute assignment by object (not called by this library). */
typedef int (*setattrofunc)(PyObject*, PyObject*, PyObject*);

/** Text of an object (not called by this library). */
typedef PyObject *(*reprfunc)(PyObject*);

/** `tp_hash`: the hash of an object, or -1 with an error set. */
typedef Py_hash_t (*hashfunc)(PyObject*);

/**
 * `tp_richcompare`: `Py_True`, `Py_False` or `Py_NotImplemented` (a new reference), or NULL with an error set.
 */
typedef PyObject *(*richcmpfunc)(PyObject*, PyObject*, int);

/** An iterator over an object; a new reference. */
typedef PyObject *(*getiterfunc)(PyObject*);

/** The next item of an iterator; a new reference, or NULL without an error at the end. */
typedef PyObject *(*iternextfunc)(PyObject*);

/** Descriptor protocol (not called by this library). */
typedef PyObject *(*descrgetfunc)(PyObject*, PyObject*, PyObject*);

/** Descriptor protocol (not called by this library). */
typedef int (*descrsetfunc)(PyObject*, PyObject*, PyObject*);

/** `tp_init` (not called by this library). */
typedef int (*initproc)(PyObject*, PyObject*, PyObject*);

/** `tp_new` (not called by this library). */
typedef PyObject *(*newfunc)(PyTypeObject*, PyObject*, PyObject*);

/** `tp_alloc` (not called by this library). */
typedef PyObject *(*allocfunc)(PyTypeObject*, Py_ssize_t);

/** `tp_vectorcall` (not called by this library). */
typedef PyObject *(*vectorcallfunc)(PyObject*, PyObject*const *, size_t, PyObject*);

/** A C function in a method table (not called by this library). */
typedef PyObject *(*PyCFunction)(PyObject*, PyObject*);

/** Reads an attribute (not called by this library). */
typedef PyObject *(*getter)(PyObject*, void*);

/** Writes an attribute (not called by this library). */
typedef int (*setter)(PyObject*, PyObject*, void*);

/** `am_send` (not called by this library; the result is CPython's `PySendResult`). */
typedef int (*sendfunc)(PyObject*, PyObject*, PyObject**);

/**
 * `bf_getbuffer`: fills `view` as the request flags ask and returns 0, with a new reference to the exporter in
 * `view->obj`; or sets an error, sets `view->obj` to NULL and returns -1. It is called without any lock, from any
 * thread. PEP 3118, "The Py_buffer structure".
 */
typedef int (*getbufferproc)(PyObject*, Py_buffer*, int);

/**
 * `bf_releasebuffer`: called once for each successful `bf_getbuffer`, before the reference in `view->obj` is dropped.
 * It must not change the reference count of the exporter. It may be NULL.
 */
typedef void (*releasebufferproc)(PyObject*, Py_buffer*);

/** How a type exports its memory: the `tp_as_buffer` of its type object. */
struct PyBufferProcs {
    /** Answers a request; NULL where the type exports nothing. */
    getbufferproc bf_getbuffer;
    /** Told when a view is released; may be NULL. */
    releasebufferproc bf_releasebuffer;
};

/** The sequence slots. This library calls `sq_length`, `sq_concat`, `sq_repeat`, `sq_item` and `sq_ass_item`. */
struct PySequenceMethods {
    lenfunc sq_length;
    binaryfunc sq_concat;
    ssizeargfunc sq_repeat;
    ssizeargfunc sq_item;
    void *was_sq_slice;
    ssizeobjargproc sq_ass_item;
    void *was_sq_ass_slice;
    objobjproc sq_contains;
    binaryfunc sq_inplace_concat;
    ssizeargfunc sq_inplace_repeat;
};

/** The mapping slots. This library calls `mp_length`. */
struct PyMappingMethods {
    lenfunc mp_length;
    binaryfunc mp_subscript;
    objobjargproc mp_ass_subscript;
};

/** The asynchronous slots (not called by this library). */
struct PyAsyncMethods {
    unaryfunc am_await;
    unaryfunc am_aiter;
    unaryfunc am_anext;
    sendfunc am_send;
};

/** The number slots. This library calls `nb_bool`. */
struct PyNumberMethods {
    binaryfunc nb_add;
    binaryfunc nb_subtract;
    binaryfunc nb_multiply;
    binaryfunc nb_remainder;
    binaryfunc nb_divmod;
    ternaryfunc nb_power;
    unaryfunc nb_negative;
    unaryfunc nb_positive;
    unaryfunc nb_absolute;
    inquiry nb_bool;
    unaryfunc nb_invert;
    binaryfunc nb_lshift;
    binaryfunc nb_rshift;
    binaryfunc nb_and;
    binaryfunc nb_xor;
    binaryfunc nb_or;
    unaryfunc nb_int;
    void *nb_reserved;
    unaryfunc nb_float;
    binaryfunc nb_inplace_add;
    binaryfunc nb_inplace_subtract;
    binaryfunc nb_inplace_multiply;
    binaryfunc nb_inplace_remainder;
    ternaryfunc nb_inplace_power;
    binaryfunc nb_inplace_lshift;
    binaryfunc nb_inplace_rshift;
    binaryfunc nb_inplace_and;
    binaryfunc nb_inplace_xor;
    binaryfunc nb_inplace_or;
    binaryfunc nb_floor_divide;
    binaryfunc nb_true_divide;
    binaryfunc nb_inplace_floor_divide;
    binaryfunc nb_inplace_true_divide;
    unaryfunc nb_index;
    binaryfunc nb_matrix_multiply;
    binaryfunc nb_inplace_matrix_multiply;
};

/** A row of a type's method table (not read by this library). */
struct PyMethodDef {
    const char *ml_name;
    PyCFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
};

/** A row of a type's member table (not read by this library). */
struct PyMemberDef {
    const char *name;
    int type;
    Py_ssize_t offset;
    int flags;
    const char *doc;
};

/** A row of a type's attribute table (not read by this library). */
struct PyGetSetDef {
    const char *name;
    getter get;
    setter set;
    const char *doc;
    void *closure;
};

/**
 * A type object. A C program defines one as a static variable that starts with `PyVarObject_HEAD_INIT(NULL, 0)`, fills
 * the slots that it needs, leaves the others zero, and passes it to `PyType_Ready` once before the first use.
 * This library reads the slots whose comment says so; all others are carried so that the layout is CPython's.
 */
struct _typeobject {
    PyVarObject ob_base;
    /** The name for messages. Required. */
    const char *tp_name;
    /** The size of an instance in bytes, without its items. */
    Py_ssize_t tp_basicsize;
    /** The size of one item of the variable part in bytes, or 0. */
    Py_ssize_t tp_itemsize;
    /**
     * Called when the last reference to an instance has been dropped. Inherited; the default calls `tp_free`.
     */
    destructor tp_dealloc;
    Py_ssize_t tp_vectorcall_offset;
    getattrfunc tp_getattr;
    setattrfunc tp_setattr;
    PyAsyncMethods *tp_as_async;
    reprfunc tp_repr;
    /** This library calls `nb_bool`. */
    PyNumberMethods *tp_as_number;
    /** This library calls `sq_length`, `sq_concat`, `sq_repeat`, `sq_item` and `sq_ass_item`. */
    PySequenceMethods *tp_as_sequence;
    /** This library calls `mp_length`. */
    PyMappingMethods *tp_as_mapping;
    /** Called by `PyObject_Hash`. Inherited together with `tp_richcompare` where a type defines neither. */
    hashfunc tp_hash;
    ternaryfunc tp_call;
    reprfunc tp_str;
    getattrofunc tp_getattro;
    setattrofunc tp_setattro;
    /** The buffer protocol of the instances; NULL where they export nothing. Inherited. */
    PyBufferProcs *tp_as_buffer;
    /** `Py_TPFLAGS_*`; `Py_TPFLAGS_DEFAULT` for a type of a program's own. */
    unsigned long tp_flags;
    /** A description for people, or NULL. */
    const char *tp_doc;
    traverseproc tp_traverse;
    inquiry tp_clear;
    /** Called by `PyObject_RichCompareBool`. */
    richcmpfunc tp_richcompare;
    Py_ssize_t tp_weaklistoffset;
    /** Called by `PyBytes_Join`. Inherited. */
    getiterfunc tp_iter;
    /** Called by `PyIter_NextItem` and `PyBytes_Join`. Inherited. */
    iternextfunc tp_iternext;
    PyMethodDef *tp_methods;
    PyMemberDef *tp_members;
    PyGetSetDef *tp_getset;
    /** The type that this one derives from; `PyType_Ready` makes it `&PyBaseObject_Type` where it is NULL. */
    PyTypeObject *tp_base;
    PyObject *tp_dict;
    descrgetfunc tp_descr_get;
    descrsetfunc tp_descr_set;
    Py_ssize_t tp_dictoffset;
    initproc tp_init;
    allocfunc tp_alloc;
    newfunc tp_new;
    /** Gives an instance's memory back. Inherited; the default is `PyObject_Free`. */
    freefunc tp_free;
    inquiry tp_is_gc;
    PyObject *tp_bases;
    PyObject *tp_mro;
    PyObject *tp_cache;
    void *tp_subclasses;
    PyObject *tp_weaklist;
    destructor tp_del;
    unsigned int tp_version_tag;
    destructor tp_finalize;
    vectorcallfunc tp_vectorcall;
    unsigned char tp_watched;
    unsigned short tp_versions_used;
};

/* The greatest and the smallest Py_ssize_t. */
#ifdef __cplusplus
#  define PY_SSIZE_T_MAX PTRDIFF_MAX
#else
#  define PY_SSIZE_T_MAX ((Py_ssize_t)(((size_t)-1) >> 1))
#endif
#define PY_SSIZE_T_MIN (-PY_SSIZE_T_MAX - 1)

/* A pointer to any struct that starts with PyObject_HEAD, as a PyObject *. */
#ifdef __cplusplus
#  define _PyObject_CAST(op) reinterpret_cast<PyObject *>(const_cast<void *>(static_cast<const void *>(op)))
#  define _PyVarObject_CAST(op) reinterpret_cast<PyVarObject *>(const_cast<void *>(static_cast<const void *>(op)))
#  define PYBUFFER_CAST(type, op) reinterpret_cast<type *>(op)
#else
#  define _PyObject_CAST(op) ((PyObject *)(op))
#  define _PyVarObject_CAST(op) ((PyVarObject *)(op))
#  define PYBUFFER_CAST(type, op) ((type *)(op))
#endif

/* The first member of an object's struct, and of the struct of an object of varying size. */
#define PyObject_HEAD PyObject ob_base;
#define PyObject_VAR_HEAD PyVarObject ob_base;

/* The first initializer of a static object, such as a type: PyVarObject_HEAD_INIT(NULL, 0). It makes it immortal. */
#define PYBUFFER_IMMORTAL_REFCNT ((Py_ssize_t)0xFFFFFFFF)
#define PyObject_HEAD_INIT(type) { PYBUFFER_IMMORTAL_REFCNT, (type) },
#define PyVarObject_HEAD_INIT(type, size) { PyObject_HEAD_INIT(type) (size) },

/* Bits of tp_flags. A program's own type has Py_TPFLAGS_DEFAULT, and Py_TPFLAGS_BASETYPE where others may derive from it. */
#define Py_TPFLAGS_SEQUENCE (1UL << 5)
#define Py_TPFLAGS_MAPPING (1UL << 6)
#define Py_TPFLAGS_DISALLOW_INSTANTIATION (1UL << 7)
#define Py_TPFLAGS_IMMUTABLETYPE (1UL << 8)
#define Py_TPFLAGS_HEAPTYPE (1UL << 9)
#define Py_TPFLAGS_BASETYPE (1UL << 10)
#define Py_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
#define Py_TPFLAGS_READY (1UL << 12)
#define Py_TPFLAGS_READYING (1UL << 13)
#define Py_TPFLAGS_HAVE_GC (1UL << 14)
#define Py_TPFLAGS_HAVE_STACKLESS_EXTENSION 0UL
#define Py_TPFLAGS_METHOD_DESCRIPTOR (1UL << 17)
#define Py_TPFLAGS_HAVE_VERSION_TAG (1UL << 18)
#define Py_TPFLAGS_VALID_VERSION_TAG (1UL << 19)
#define Py_TPFLAGS_IS_ABSTRACT (1UL << 20)
#define Py_TPFLAGS_ITEMS_AT_END (1UL << 23)
#define Py_TPFLAGS_LONG_SUBCLASS (1UL << 24)
#define Py_TPFLAGS_LIST_SUBCLASS (1UL << 25)
#define Py_TPFLAGS_TUPLE_SUBCLASS (1UL << 26)
#define Py_TPFLAGS_BYTES_SUBCLASS (1UL << 27)
#define Py_TPFLAGS_UNICODE_SUBCLASS (1UL << 28)
#define Py_TPFLAGS_DICT_SUBCLASS (1UL << 29)
#define Py_TPFLAGS_BASE_EXC_SUBCLASS (1UL << 30)
#define Py_TPFLAGS_TYPE_SUBCLASS (1UL << 31)
#define Py_TPFLAGS_HAVE_FINALIZE (1UL << 0)
#define Py_TPFLAGS_DEFAULT 0UL

/* The operators of tp_richcompare and PyObject_RichCompareBool. */
#define Py_LT 0
#define Py_LE 1
#define Py_EQ 2
#define Py_NE 3
#define Py_GT 4
#define Py_GE 5

/* The numbers of Py_GetConstant. */
#define Py_CONSTANT_NONE 0
#define Py_CONSTANT_FALSE 1
#define Py_CONSTANT_TRUE 2
#define Py_CONSTANT_NOT_IMPLEMENTED 4
#define Py_CONSTANT_EMPTY_BYTES 8

/* The singletons' objects, which are immortal. */
extern PyObject _Py_NoneStruct;
extern PyObject _Py_NotImplementedStruct;
extern PyObject _Py_TrueStruct;
extern PyObject _Py_FalseStruct;

/* None; the result of a tp_richcompare for operands that it cannot compare; the truth values. A slot
 * that returns one of them returns a new reference (Py_RETURN_NONE and the like do that). */
#define Py_None (&_Py_NoneStruct)
#define Py_NotImplemented (&_Py_NotImplementedStruct)
#define Py_True (&_Py_TrueStruct)
#define Py_False (&_Py_FalseStruct)
#define Py_RETURN_NONE return Py_None
#define Py_RETURN_NOTIMPLEMENTED return Py_NotImplemented
#define Py_RETURN_TRUE return Py_True
#define Py_RETURN_FALSE return Py_False

/* What follows as macros, as the functions that CPython's limited API calls in their place. For NULL they return NULL, -1 with
 * SystemError, or 0, or do nothing. */
PyTypeObject *Py_TYPE(PyObject *op);
Py_ssize_t Py_SIZE(PyObject *op);
Py_ssize_t Py_REFCNT(PyObject *op);
int Py_IS_TYPE(PyObject *op, PyTypeObject *type);
void Py_SET_SIZE(PyVarObject *op, Py_ssize_t size);

/* An object's type (borrowed), its size, and its reference count, which is only for inspection. */
static inline PyTypeObject *pybuffer_inline_type(const PyObject *op)
{
    return op->ob_type;
}
static inline Py_ssize_t pybuffer_inline_size(const PyVarObject *op)
{
    return op->ob_size;
}
static inline Py_ssize_t pybuffer_inline_refcnt(PyObject *op)
{
    return __atomic_load_n(&op->ob_refcnt, __ATOMIC_RELAXED);
}
#define Py_TYPE(op) pybuffer_inline_type(_PyObject_CAST(op))
#define Py_SIZE(op) pybuffer_inline_size(_PyVarObject_CAST(op))
#define Py_REFCNT(op) pybuffer_inline_refcnt(_PyObject_CAST(op))
#define Py_IS_TYPE(op, type) (Py_TYPE(op) == (type))
#define Py_Is(a, b) ((a) == (b))

/* Whether a count counts: the lower half of an immortal object's is negative. */
static inline int pybuffer_inline_is_mortal(Py_ssize_t count)
{
    return (count & 0x80000000) == 0;
}

/* For objects that are being made, which no other code has seen yet. */
static inline void pybuffer_inline_set_type(PyObject *op, PyTypeObject *type)
{
    op->ob_type = type;
}
static inline void pybuffer_inline_set_size(PyVarObject *op, Py_ssize_t size)
{
    op->ob_size = size;
}
static inline void pybuffer_inline_set_refcnt(PyObject *op, Py_ssize_t count)
{
    if (pybuffer_inline_is_mortal(op->ob_refcnt)) {
        op->ob_refcnt = count;
    }
}
#define Py_SET_TYPE(op, type) pybuffer_inline_set_type(_PyObject_CAST(op), (type))
#define Py_SET_SIZE(op, size) pybuffer_inline_set_size(_PyVarObject_CAST(op), (size))
#define Py_SET_REFCNT(op, count) pybuffer_inline_set_refcnt(_PyObject_CAST(op), (count))

/* Defined below; declared here for the inline functions. */
void _Py_Dealloc(PyObject *op);
int PyType_IsSubtype(PyTypeObject *ty, PyTypeObject *base);

/* Whether glibc (2.32 and later) says that the process has one thread; with other C libraries the answer is no. A program that
 * asks also needs glibc 2.32 at run time, as one that uses C++'s shared_ptr does. If PYBUFFER_ALWAYS_ATOMIC is defined before
 * this header is included, it never asks. */
#if defined(__GLIBC__) && !defined(PYBUFFER_ALWAYS_ATOMIC)
#  if __GLIBC_PREREQ(2, 32)
#    define PYBUFFER_ASKS_FOR_THREADS 1
#  endif
#endif
static inline int pybuffer_inline_is_alone(void)
{
#ifdef PYBUFFER_ASKS_FOR_THREADS
    extern char pybuffer_inline_single_threaded __asm__("__libc_single_threaded") __attribute__((__weak__));

    return &pybuffer_inline_single_threaded != NULL && pybuffer_inline_single_threaded != 0;
#else
    return 0;
#endif
}

/* Py_INCREF adds a reference; Py_DECREF drops one, and destroys the object with the last. Both are atomic, without a locked
 * instruction while the process has one thread, and do nothing to immortal objects.
 *
 * Objects may form chains of any length, each owning the next: destroying them takes a bounded amount of stack. An object
 * that a tp_dealloc or a destroy function drops is destroyed at once, unless 16 nested destructions (32, for an object of
 * the program's own type) are under way in the thread. Then it is destroyed later, before the outermost Py_DECREF returns;
 * an error that it raises is dropped, and its ob_refcnt has no meaning until its tp_dealloc is called. */
static inline void pybuffer_inline_incref(PyObject *op)
{
    /* Asked before the count is read, and no other code runs until it is stored, so no thread can start in between. */
    if (pybuffer_inline_is_alone()) {
        Py_ssize_t count = __atomic_load_n(&op->ob_refcnt, __ATOMIC_RELAXED);

        if (pybuffer_inline_is_mortal(count)) {
            __atomic_store_n(&op->ob_refcnt, count + 1, __ATOMIC_RELAXED);
        }
    }
    else if (pybuffer_inline_is_mortal(__atomic_load_n(&op->ob_refcnt, __ATOMIC_RELAXED))) {
        __atomic_fetch_add(&op->ob_refcnt, 1, __ATOMIC_RELAXED);
    }
}
static inline void pybuffer_inline_decref(PyObject *op)
{
    int last;

    if (pybuffer_inline_is_alone()) {
        Py_ssize_t count = __atomic_load_n(&op->ob_refcnt, __ATOMIC_RELAXED);

        if (!pybuffer_inline_is_mortal(count)) {
            return;
        }
        __atomic_store_n(&op->ob_refcnt, count - 1, __ATOMIC_RELAXED);
        last = count == 1;
    }
    else {
        /* In one step, also for the only reference: another thread may add one by PyUnstable_TryIncRef. */
        last = pybuffer_inline_is_mortal(__atomic_load_n(&op->ob_refcnt, __ATOMIC_RELAXED)) &&
               __atomic_fetch_sub(&op->ob_refcnt, 1, __ATOMIC_ACQ_REL) == 1;
    }
    if (last) {
        _Py_Dealloc(op);
    }
}
static inline void pybuffer_inline_xincref(PyObject *op)
{
    if (op != NULL) {
        pybuffer_inline_incref(op);
    }
}
static inline void pybuffer_inline_xdecref(PyObject *op)
{
    if (op != NULL) {
        pybuffer_inline_decref(op);
    }
}
static inline PyObject *pybuffer_inline_newref(PyObject *op)
{
    pybuffer_inline_incref(op);
    return op;
}
static inline PyObject *pybuffer_inline_xnewref(PyObject *op)
{
    pybuffer_inline_xincref(op);
    return op;
}
#define Py_INCREF(op) pybuffer_inline_incref(_PyObject_CAST(op))
#define Py_DECREF(op) pybuffer_inline_decref(_PyObject_CAST(op))
#define Py_XINCREF(op) pybuffer_inline_xincref(_PyObject_CAST(op))
#define Py_XDECREF(op) pybuffer_inline_xdecref(_PyObject_CAST(op))
#define Py_NewRef(op) pybuffer_inline_newref(_PyObject_CAST(op))
#define Py_XNewRef(op) pybuffer_inline_xnewref(_PyObject_CAST(op))

/* Replaces the pointer in a variable, and only then drops what it held, so that nothing sees an object that is being freed. */
#define Py_CLEAR(op)                                                                                                   \
    do {                                                                                                               \
        PyObject *_py_old = _PyObject_CAST(op);                                                                        \
        if (_py_old != NULL) {                                                                                         \
            (op) = NULL;                                                                                               \
            Py_DECREF(_py_old);                                                                                        \
        }                                                                                                              \
    } while (0)
#define Py_SETREF(dst, src)                                                                                            \
    do {                                                                                                               \
        PyObject *_py_old = _PyObject_CAST(dst);                                                                       \
        (dst) = (src);                                                                                                 \
        Py_DECREF(_py_old);                                                                                            \
    } while (0)
#define Py_XSETREF(dst, src)                                                                                           \
    do {                                                                                                               \
        PyObject *_py_old = _PyObject_CAST(dst);                                                                       \
        (dst) = (src);                                                                                                 \
        Py_XDECREF(_py_old);                                                                                           \
    } while (0)

/* Whether an object is of a type or of one derived from it. */
static inline int pybuffer_inline_typecheck(PyObject *op, PyTypeObject *type)
{
    return Py_TYPE(op) == type || PyType_IsSubtype(Py_TYPE(op), type);
}
#define PyObject_TypeCheck(op, type) pybuffer_inline_typecheck(_PyObject_CAST(op), (type))
#define PyType_HasFeature(type, feature) (((type)->tp_flags & (feature)) != 0)
#define PyType_FastSubclass(type, flag) PyType_HasFeature(type, flag)
#define PyType_Check(op) PyType_FastSubclass(Py_TYPE(op), Py_TPFLAGS_TYPE_SUBCLASS)

/* A new object of a C struct TYPE, of the type `type` (a PyTypeObject *); with items, of a type of varying size. */
#define PyObject_New(TYPE, type) ((TYPE *)_PyObject_New(type))
#define PyObject_NewVar(TYPE, type, items) ((TYPE *)_PyObject_NewVar((type), (items)))
#define PyObject_INIT(op, type) PyObject_Init(_PyObject_CAST(op), (type))
#define PyObject_INIT_VAR(op, type, size) PyObject_InitVar(_PyVarObject_CAST(op), (type), (size))

/** The type of all type objects. */
extern PyTypeObject PyType_Type;

/** The type that every other type derives from. Its instances have no state. */
extern PyTypeObject PyBaseObject_Type;

/** The type of integers. There are none here: it exists for what `Python.h` mentions in programs. */
extern PyTypeObject PyLong_Type;

/** The type of `Py_True` and `Py_False`. */
extern PyTypeObject PyBool_Type;

/**
 * The `tp_hash` for types whose objects have no hash: -1 with `TypeError`. `PyType_Ready` gives it to a type that has
 * `tp_richcompare` and no `tp_hash`.
 */
Py_hash_t PyObject_HashNotImplemented(PyObject *op);

/** Adds a reference to `op`; NULL is left alone. The function behind `Py_XINCREF`. */
void Py_IncRef(PyObject *op);

/**
 * Drops a reference to `op`, and the object with the last one; NULL is left alone. The function behind `Py_XDECREF`.
 * A pending error is left as it is.
 */
void Py_DecRef(PyObject *op);

/** `Py_IncRef`, as the limited API of 3.12 and later calls it for `Py_INCREF`. */
void _Py_IncRef(PyObject *op);

/** `Py_DecRef`, as the limited API of 3.12 and later calls it for `Py_DECREF`. */
void _Py_DecRef(PyObject *op);

/**
 * The function behind `Py_SET_REFCNT` in the limited API of 3.13 and later: for an object that no other code has seen yet.
 */
void _Py_SetRefcnt(PyObject *op, Py_ssize_t count);

/** Whether the object is immortal: 1 or 0; 0 for NULL. CPython 3.14. */
int PyUnstable_IsImmortal(PyObject *op);

/**
 * Makes an object immortal, to which the caller has the only reference: it is never freed. Returns 1, or 0 where there
 * are other references, it was immortal already, or for NULL. CPython 3.15.
 */
int PyUnstable_SetImmortal(PyObject *op);

/**
 * Whether the caller's reference is the only one to the object: 1 or 0; 0 for an immortal object and for NULL. CPython
 * 3.14.
 */
int PyUnstable_Object_IsUniquelyReferenced(PyObject *op);

/**
 * Adds a reference to an object that may have none left, but whose memory the program knows to be there still: within its
 * `tp_dealloc`, or, of a type of the program's own, in a table from which its `tp_dealloc` removes it under a lock, whichever
 * thread drops the last reference meanwhile. Returns 1; 0 where there was none left, or for NULL. CPython 3.14.
 */
int PyUnstable_TryIncRef(PyObject *op);

/** Does nothing: `PyUnstable_TryIncRef` works for every object. CPython 3.14. */
void PyUnstable_EnableTryIncRef(PyObject *op);

/**
 * A new reference to a constant by its number (`Py_CONSTANT_NONE` and the like). The constants are immortal. NULL with
 * `SystemError` for any other number: the ellipsis, 0, 1, "" and () of CPython do not exist here. CPython 3.13.
 */
PyObject *Py_GetConstant(unsigned int constant_id) PYBUFFER_WARN_UNUSED;

/** A borrowed reference to a constant, as `Py_GetConstant`. CPython 3.13. */
PyObject *Py_GetConstantBorrowed(unsigned int constant_id) PYBUFFER_WARN_UNUSED;

/**
 * Destroys an object whose last reference has been dropped: calls `tp_dealloc` of its type, now or, where destructions are
 * nested deeply, before the outermost one ends. For `Py_DECREF`, not for programs.
 */
void _Py_Dealloc(PyObject *op);

/**
 * Completes a type object: fills open slots from `tp_base` (`object` where that is NULL) and makes it immortal.
 * Must be called once for each static type before its first use; further calls do nothing.
 *
 * Returns 0; -1 with `SystemError` where `tp_name` is missing, `TypeError` where a size is negative.
 */
int PyType_Ready(PyTypeObject *ty);

/** The flags of a type, its `tp_flags`, as the limited API asks for them; 0 for NULL. */
unsigned long PyType_GetFlags(PyTypeObject *ty);

/** Whether `ty` is `base` or derives from it, through `tp_base`: 1 or 0. NULL derives from nothing. */
int PyType_IsSubtype(PyTypeObject *ty, PyTypeObject *base);

/**
 * Initialises the head of a new object in memory of the caller: one reference, of type `ty`. Returns `op`.
 *
 * A NULL `op` counts as a failed allocation: NULL with `MemoryError`. A NULL `ty` is a `SystemError`.
 */
PyObject *PyObject_Init(PyObject *op, PyTypeObject *ty);

/** `PyObject_Init` for an object of varying size, with `size` items. Returns `op`. */
PyVarObject *PyObject_InitVar(PyVarObject *op, PyTypeObject *ty, Py_ssize_t size);

/**
 * A new object of type `ty`: memory from `PyObject_Malloc` and the head, nothing else is initialised. The function
 * behind `PyObject_New(TYPE, ty)`. NULL with `MemoryError`.
 */
PyObject *_PyObject_New(PyTypeObject *ty) PYBUFFER_WARN_UNUSED;

/**
 * A new object with `items` items of `tp_itemsize` bytes each after the struct. The function behind
 * `PyObject_NewVar(TYPE, ty, items)`. NULL with `MemoryError`; a negative count is a `SystemError`.
 */
PyVarObject *_PyObject_NewVar(PyTypeObject *ty, Py_ssize_t items) PYBUFFER_WARN_UNUSED;

/**
 * The hash of an object; equal objects have equal hashes. That of bytes, and of read-only memoryviews of bytes, depends
 * on a random key of the process; the environment variable PYTHONHASHSEED fixes it, as in CPython, and so does
 * `pybuffer_set_hash_key`.
 *
 * -1 with an error set: `TypeError` where the type has no hash, and for an old buffer that can be written; `ValueError` for a
 * memoryview that is writable, released or not of format "B", "b" or "c"; what the base of an old buffer raises.
 */
Py_hash_t PyObject_Hash(PyObject *op);

/**
 * Compares two objects by `operation`, one of `Py_LT` to `Py_GE`: 1 or 0. An object equals itself without being asked.
 * bytes, bytearrays and old buffers (among each other) are ordered as bytes; memoryviews have only `Py_EQ` and `Py_NE`, and
 * compare by shape and value, across formats of the struct module (`pybuffer_memoryview_equal`: of all formats).
 *
 * -1 with an error set: `TypeError` where neither object defines the order, `MemoryError` for memoryviews of a format with
 * many items, else what a slot raised.
 */
int PyObject_RichCompareBool(PyObject *a, PyObject *b, int operation);

/**
 * The length of an object: bytes of a bytes, bytearray or old buffer object, items along the first axis of a memoryview.
 * -1 with an error set: `TypeError` where it has none (also a memoryview of no axes), `ValueError` for a released memoryview,
 * what the base of an old buffer raises.
 */
Py_ssize_t PyObject_Size(PyObject *op);

/** The length of a sequence: as `PyObject_Size`, but a mapping is a `TypeError`, too. */
Py_ssize_t PySequence_Size(PyObject *op);

/** Another name for `PySequence_Size`. */
Py_ssize_t PySequence_Length(PyObject *op);

/** Another name for `PyObject_Size`. */
Py_ssize_t PyObject_Length(PyObject *op);

/* ===========================================================================================================
 * Allocators
 *
 * Every allocation of the library goes through the functions of one of three domains: RAW, MEM (buffers and arrays) and
 * OBJ (objects). They are the C library's until a program sets its own, which it must do before it uses anything
 * else. Memory is freed in the domain that it came from. A size of 0 also gives memory, distinct from any other; a size
 * over `PY_SSIZE_T_MAX` gives NULL. None of these functions sets an error.
 */

/**
 * The functions of one allocation domain. All four are called with `ctx` first; they may be called from any thread,
 * two at a time. Each result must be aligned for any type, and not NULL for a size of 0 unless memory has run out.
 */
struct PyMemAllocatorEx {
    /** Passed to each function. */
    void *ctx;
    /** As C's `malloc`. */
    void *(*malloc)(void*, size_t);
    /** As C's `calloc`. */
    void *(*calloc)(void*, size_t, size_t);
    /** As C's `realloc`. */
    void *(*realloc)(void*, void*, size_t);
    /** As C's `free`. */
    void (*free)(void*, void*);
};

/** The allocation domains of `PyMem_GetAllocator` and `PyMem_SetAllocator`. */
typedef int PyMemAllocatorDomain;

/* The domains. */
#define PYMEM_DOMAIN_RAW 0
#define PYMEM_DOMAIN_MEM 1
#define PYMEM_DOMAIN_OBJ 2

/* Memory for `n` values of a C type, as a pointer to it; NULL where the size overflows. */
#define PyMem_New(type, n)                                                                                             \
    (((size_t)(n) > (size_t)PY_SSIZE_T_MAX / sizeof(type)) ? NULL : (type *)PyMem_Malloc((size_t)(n) * sizeof(type)))
#define PyMem_Resize(p, type, n)                                                                                       \
    ((p) = ((size_t)(n) > (size_t)PY_SSIZE_T_MAX / sizeof(type))                                                       \
         ? NULL                                                                                                        \
         : (type *)PyMem_Realloc((p), (size_t)(n) * sizeof(type)))
#define PyMem_Del(p) PyMem_Free(p)
#define PyObject_Del(p) PyObject_Free(p)

/** `size` bytes of the domain RAW, uninitialised; NULL on failure. */
void *PyMem_RawMalloc(size_t size);

/** `count` times `size` bytes of the domain RAW, zeroed; NULL on failure. */
void *PyMem_RawCalloc(size_t count, size_t size);

/**
 * The memory at `memory` (NULL for none) with `size` bytes, moved or not; NULL on failure, and then `memory`
 * is unchanged.
 */
void *PyMem_RawRealloc(void *memory, size_t size);

/** Frees memory of the domain RAW; does nothing for NULL. */
void PyMem_RawFree(void *memory);

/** `size` bytes of the domain MEM, uninitialised; NULL on failure. */
void *PyMem_Malloc(size_t size);

/** `count` times `size` bytes of the domain MEM, zeroed; NULL on failure. */
void *PyMem_Calloc(size_t count, size_t size);

/**
 * The memory at `memory` (NULL for none) with `size` bytes, moved or not; NULL on failure, and then `memory`
 * is unchanged.
 */
void *PyMem_Realloc(void *memory, size_t size);

/** Frees memory of the domain MEM; does nothing for NULL. */
void PyMem_Free(void *memory);

/** `size` bytes of the domain OBJ, uninitialised; NULL on failure. */
void *PyObject_Malloc(size_t size);

/** `count` times `size` bytes of the domain OBJ, zeroed; NULL on failure. */
void *PyObject_Calloc(size_t count, size_t size);

/**
 * The memory at `memory` (NULL for none) with `size` bytes, moved or not; NULL on failure, and then `memory`
 * is unchanged.
 */
void *PyObject_Realloc(void *memory, size_t size);

/** Frees memory of the domain OBJ; does nothing for NULL. */
void PyObject_Free(void *memory);

/** Writes the functions of a domain to `allocator`; all NULL for a domain that does not exist. */
void PyMem_GetAllocator(PyMemAllocatorDomain domain, PyMemAllocatorEx *allocator);

/**
 * Sets the functions of a domain, which are copied from `allocator`. Does nothing for a domain that does not exist, or
 * where `allocator` or one of its functions is NULL.
 *
 * Threads: no other thread may be inside the library meanwhile. The functions may be called from any thread, even two
 * at a time, and must be able to free memory from the functions that they replace. They may use all objects of the library,
 * even the bytearray that they allocate memory for, and may wait for other threads that do so. They must leave no error
 * pending. While they run, a bytearray that the call reads counts as viewed.
 */
void PyMem_SetAllocator(PyMemAllocatorDomain domain, PyMemAllocatorEx *allocator);

/* ===========================================================================================================
 * Errors
 *
 * A function reports failure with its return value and leaves an error pending in the calling thread: an exception
 * type and a message. Each thread has its own, one at most. A function that succeeds leaves the pending error alone, so
 * look at the return value first. `Py_DECREF` and `PyBuffer_Release` never disturb a pending error.
 */

/* The exception types, as pointers to their type objects. Each derives from the one that its line is set in under. */
extern PyObject *PyExc_BaseException;
extern PyObject *PyExc_Exception;               /*   what ordinary errors derive from                            */
extern PyObject *PyExc_BufferError;             /*     a request that cannot be met; memory that is in use       */
extern PyObject *PyExc_ValueError;              /*     the right type with a wrong value                         */
extern PyObject *PyExc_TypeError;               /*     an object of the wrong type                               */
extern PyObject *PyExc_LookupError;             /*     a key or index that is not there                          */
extern PyObject *PyExc_IndexError;              /*       an index out of range                                   */
extern PyObject *PyExc_ArithmeticError;         /*     a calculation that has no result                          */
extern PyObject *PyExc_OverflowError;           /*       a number too large                                      */
extern PyObject *PyExc_MemoryError;             /*     the allocator has nothing left                            */
extern PyObject *PyExc_RuntimeError;            /*     what fits no other type                                   */
extern PyObject *PyExc_NotImplementedError;     /*       what is not implemented                                 */
extern PyObject *PyExc_SystemError;             /*     the caller broke the contract of a function               */


/**
 * Makes an error of the type `exception` pending, with a message made from `format` and the arguments after it. Returns
 * NULL, so that a function can end with `return PyErr_Format(...);`.
 *
 * The codes: `%d %i %u %x %X %o`, alone or with `l`, `ll`, `z`, `j` or `t`; `%c` (a code point); `%s` (UTF-8; invalid
 * parts become U+FFFD) and `%ls`; `%p`; `%%`. All but `%%` take the flags `-` and `0`. All but `%c`, `%p` and `%%` take a
 * width (in characters) and a precision (of `%s` in bytes; a character that it cuts is left out). Both may be `*`; a
 * negative precision is then 0.
 *
 * The error becomes another one where the format is wrong: `SystemError` for any other code, for CPython's codes that take
 * Python objects (`%U %V %S %R %A %T %N`), for `%c` and `%p` with a width or precision, and for `%%` with anything between
 * its signs; `ValueError` for a width or precision above `PY_SSIZE_T_MAX`; `MemoryError` for a text that does not fit in
 * memory.
 */
PyObject *PyErr_Format(PyObject *exception, const char *format, ...) PYBUFFER_PRINTF(2, 3);

/**
 * `PyErr_Format` with a `va_list`, which is not consumed.
 */
PyObject *PyErr_FormatV(PyObject *exception, const char *format, va_list vargs) PYBUFFER_PRINTF(2, 0);

/** Makes an error pending: of the type `exception`, with a copy of the C string `message`, in UTF-8. */
void PyErr_SetString(PyObject *exception, const char *message);

/** Makes an error without a message pending. */
void PyErr_SetNone(PyObject *exception);

/**
 * Makes an error pending that is about `value` (a new reference is taken; NULL for none). Where `value` is an instance
 * of `exception` itself, that very exception becomes pending. Where it is a bytes object, its content is the message.
 */
void PyErr_SetObject(PyObject *exception, PyObject *value);

/**
 * Makes a `MemoryError` pending; needs no memory. Returns NULL, so that a function can end with
 * `return PyErr_NoMemory();`.
 */
PyObject *PyErr_NoMemory(void);

/** Makes a `TypeError` about a bad argument pending. Returns 0. */
int PyErr_BadArgument(void);

/** Makes a `SystemError` pending: the caller broke the contract of a function. */
void PyErr_BadInternalCall(void);

/** `PyErr_BadInternalCall` with a source file and line, as CPython's macro of that name calls it. */
void _PyErr_BadInternalCall(const char *filename, int lineno);

/** The type of the pending error (a borrowed reference), or NULL where none is pending. */
PyObject *PyErr_Occurred(void);

/**
 * Whether the pending error is of the type `exception` or one derived from it: 1 or 0; 0 where none is pending.
 */
int PyErr_ExceptionMatches(PyObject *exception);

/**
 * Whether `given`, an exception or an exception type, is of the type `exception` or one derived from it: 1 or 0. NULL
 * matches nothing.
 */
int PyErr_GivenExceptionMatches(PyObject *given, PyObject *exception);

/** Clears the pending error, if there is one. */
void PyErr_Clear(void);

/**
 * Takes the pending error out of the thread: its type, its exception, and NULL where CPython has a traceback. The
 * references are the caller's. All three are NULL where none is pending.
 */
void PyErr_Fetch(PyObject **ty, PyObject **value, PyObject **traceback);

/**
 * Makes pending what `PyErr_Fetch` returned, replacing any pending error; takes over all three references. With a
 * NULL `ty` nothing is pending afterwards. A `traceback` is dropped.
 */
void PyErr_Restore(PyObject *ty, PyObject *value, PyObject *traceback);

/** Writes the pending error to standard error as `Name: message` and clears it. */
void PyErr_Print(void);

/**
 * The name of the pending error's type, such as "BufferError"; NULL where none is pending. It lives as long as the type.
 */
const char *pybuffer_error_name(void);

/**
 * The message of the pending error, in UTF-8, "" where it has none; NULL where no error is pending. It lives until the
 * pending error of this thread changes.
 */
const char *pybuffer_error_message(void);

/* ===========================================================================================================
 * Buffers
 *
 * The buffer protocol of PEP 3118. A consumer asks an exporter for a view with request flags (`PyObject_GetBuffer`),
 * uses the memory, and releases the view (`PyBuffer_Release`), once for each success. An exporter answers a request
 * exactly or refuses it with a `BufferError`.
 *
 * `PyObject_GetBuffer` passes on the exporter's answer, right or wrong, as CPython does. Where this library itself
 * reads or writes an exporter's memory (`PyMemoryView_FromObject`, `PyBytes_FromObject`, `PyObject_CopyData`,
 * concatenation, old buffers and all others that take an exporter), it checks the answer first. A wrong answer is
 * released, and is a `BufferError`, or what the function says of an exporter that refuses. An answer is wrong where
 *
 *   - it is read-only though writable memory was asked for;
 *   - it is not contiguous, or has suboffsets, though the request excluded that;
 *   - `ndim`, `itemsize`, `len` or an entry of `shape` is negative;
 *   - `buf` is NULL and `len` is not 0, or `shape` is NULL for several axes;
 *   - `len` is not `product(shape) * itemsize` (for one axis it may be more, by less than one item).
 *
 * More than 64 axes are a `ValueError`. Fields that were not asked for may be filled in. The existence of the memory is up to
 * the exporter.
 *
 * `order` is 'C' (last index fastest), 'F' (first index fastest) or 'A' (as the memory lies, where it is contiguous in
 * either; else as 'C').
 */

/** The most axes that a memoryview, or a copy through this library, can have. */
#define PyBUF_MAX_NDIM 64

/** Plain bytes: `buf` and `len`, C-contiguous, nothing else. */
#define PyBUF_SIMPLE 0

/** The memory must be writable. */
#define PyBUF_WRITABLE 1

/** The old spelling of `PyBUF_WRITABLE`. */
#define PyBUF_WRITEABLE PyBUF_WRITABLE

/** `format` is filled in. */
#define PyBUF_FORMAT 4

/** `shape` is filled in. */
#define PyBUF_ND 8

/** `strides` is filled in (and `shape`). */
#define PyBUF_STRIDES (16 | PyBUF_ND)

/** The memory must be C-contiguous (last index fastest). */
#define PyBUF_C_CONTIGUOUS (32 | PyBUF_STRIDES)

/** The memory must be Fortran-contiguous (first index fastest). */
#define PyBUF_F_CONTIGUOUS (64 | PyBUF_STRIDES)

/** The memory must be contiguous in one of the two orders. */
#define PyBUF_ANY_CONTIGUOUS (128 | PyBUF_STRIDES)

/** `suboffsets` is filled in where the exporter needs it. */
#define PyBUF_INDIRECT (256 | PyBUF_STRIDES)

/** Writable, with shape; C-contiguous. */
#define PyBUF_CONTIG (PyBUF_ND | PyBUF_WRITABLE)

/** With shape; C-contiguous. */
#define PyBUF_CONTIG_RO PyBUF_ND

/** Writable, with strides. */
#define PyBUF_STRIDED (PyBUF_STRIDES | PyBUF_WRITABLE)

/** With strides. */
#define PyBUF_STRIDED_RO PyBUF_STRIDES

/** Writable, with strides and format. */
#define PyBUF_RECORDS ((PyBUF_STRIDES | PyBUF_WRITABLE) | PyBUF_FORMAT)

/** With strides and format. */
#define PyBUF_RECORDS_RO (PyBUF_STRIDES | PyBUF_FORMAT)

/** Writable, with everything there is. */
#define PyBUF_FULL ((PyBUF_INDIRECT | PyBUF_WRITABLE) | PyBUF_FORMAT)

/** Everything there is. */
#define PyBUF_FULL_RO (PyBUF_INDIRECT | PyBUF_FORMAT)

/** Argument of `PyMemoryView_FromMemory` and `PyMemoryView_GetContiguous`, not a request flag: read-only. */
#define PyBUF_READ 256

/** Argument of `PyMemoryView_FromMemory` and `PyMemoryView_GetContiguous`, not a request flag: writable. */
#define PyBUF_WRITE 512

/**
 * A view of an exporter's memory: where it starts, what an item is, and how the items lie.
 *
 * The consumer owns the struct; the exporter owns everything that it points to, and keeps it alive and unchanged until
 * `PyBuffer_Release`. The address of the item at indices `i, j, ...` is `buf + i*strides[0] + j*strides[1] + ...`; where
 * `suboffsets[k] >= 0`, the address reached after axis `k` holds a pointer, which is followed and `suboffsets[k]` added
 * (`PyBuffer_GetPointer` does all that).
 */
struct Py_buffer {
    /** The address of the item at index 0 of every axis; not necessarily the lowest address of the memory. */
    void *buf;
    /** The exporter: an owned reference that `PyBuffer_Release` drops; NULL where the view has no exporter. */
    PyObject *obj;
    /** `product(shape) * itemsize`: the bytes that a contiguous copy would take. */
    Py_ssize_t len;
    /** The size of one item in bytes. It keeps its value where `format` was not asked for. */
    Py_ssize_t itemsize;
    /** Not 0 where the memory must not be written. */
    int readonly;
    /** The number of axes, 0 (one item) to `PyBUF_MAX_NDIM`; the length of the three arrays. */
    int ndim;
    /** The item's format in the syntax of PEP 3118; NULL means "B", unsigned bytes. */
    char *format;
    /** The number of items along each axis; NULL where it was not asked for. */
    Py_ssize_t *shape;
    /** The bytes from one item to the next along each axis; may be negative or zero; NULL means C-contiguous. */
    Py_ssize_t *strides;
    /** See above; NULL where no axis holds pointers. */
    Py_ssize_t *suboffsets;
    /** The exporter's own. */
    void *internal;
};

/** Whether the object's type exports buffers: 1 or 0. A request may still fail. */
int PyObject_CheckBuffer(PyObject *obj);

/**
 * Asks `obj` for a view of its memory. `flags` are `PyBUF_*` request flags (not `PyBUF_READ` or `PyBUF_WRITE`). What the
 * exporter answers is not checked, see above; `pybuffer_check_exporter` does that.
 *
 * Returns 0: `view` is filled, with a reference to the exporter, and must be released and not moved; or -1 with
 * an error set, and `view` must not be released: `TypeError` where `obj` exports nothing, `BufferError` where it
 * cannot answer the request or `view` is NULL, `SystemError` for a NULL `obj` or invalid flags. What a faulty
 * exporter returns is passed on: a status other than 0 and -1, a failure without an error, a success with one.
 */
int PyObject_GetBuffer(PyObject *obj, Py_buffer *view, int flags) PYBUFFER_WARN_UNUSED;

/**
 * Releases a view: tells the exporter, drops the reference and sets `view->obj` to NULL. A view without exporter, one
 * that has been released, and NULL are left alone; so is a view whose `bf_releasebuffer` is running in this thread and
 * releases it again. A pending error is left as it is.
 */
void PyBuffer_Release(Py_buffer *view);

/**
 * The address of the item at `indices`, an array of `view->ndim` entries, each within the shape (which is not checked).
 * NULL with `SystemError` for a NULL argument or a view without the fields that it takes.
 */
void *PyBuffer_GetPointer(const Py_buffer *view, const Py_ssize_t *indices);

/**
 * The size in bytes of an item of this format, in the syntax of PEP 3118 (see "Formats" below). For what Python's struct
 * module knows it is `struct.calcsize`: no padding follows the last item. It allocates nothing.
 *
 * -1 with `ValueError` that names what was expected and at which byte, `SystemError` for NULL.
 * CPython: the same sizes; it knows the struct module's syntax only, and raises that module's errors.
 */
Py_ssize_t PyBuffer_SizeFromFormat(const char *format) PYBUFFER_WARN_UNUSED;

/**
 * Whether the items of a view lie without gaps in `order`: 1 or 0. A view of no bytes is contiguous in every order; axes
 * of one item do not count; memory behind pointers never is; any other `order`, NULL, and a negative `ndim` are 0.
 */
int PyBuffer_IsContiguous(const Py_buffer *view, char order);

/**
 * Writes to `strides` the strides of contiguous memory of `ndims` axes with this `shape` and `itemsize`, in 'F' order or
 * else in C order. Nothing happens for NULL or a negative `ndims`.
 */
void PyBuffer_FillContiguousStrides(int ndims, Py_ssize_t *shape, Py_ssize_t *strides, int itemsize,
    char order);

/**
 * For exporters of plain bytes: fills `view` with `len` bytes at `buf` as the request `flags` ask, and with a new
 * reference to `obj` (which may be NULL). Any `readonly` but 0 means that the memory must not be written. `view->shape`
 * and `view->strides` point into the view, which is why a filled view must not be moved.
 *
 * Returns 0; -1 with `BufferError` where writable memory is asked for but `readonly` is set, or `view` is NULL, and
 * `SystemError` for invalid flags; `view` is then unchanged.
 */
int PyBuffer_FillInfo(Py_buffer *view, PyObject *obj, void *buf, Py_ssize_t len, int readonly,
    int flags) PYBUFFER_WARN_UNUSED;

/**
 * Copies all items of a view to contiguous memory at `buf`, in `order`. `len` must be `view->len`. Missing shape and
 * strides get their defaults; pointers are followed. `buf` must not be memory of the view.
 *
 * Returns 0; -1 with `ValueError` for another `len` or more than 64 axes, `BufferError` where the view contradicts
 * itself, `SystemError` for a NULL argument or another `order`.
 */
int PyBuffer_ToContiguous(void *buf, const Py_buffer *view, Py_ssize_t len, char order) PYBUFFER_WARN_UNUSED;

/**
 * Copies contiguous memory at `buf`, `len` bytes of items in `order`, to the items of a view. Bytes
 * beyond `view->len` are ignored. If `len` is less, only the whole items in it are written, or all its bytes where the view
 * is contiguous in that order.
 * Missing shape and strides get their defaults; pointers are followed. The view's memory must be writable, which is not
 * checked, and `buf` must not be part of it.
 *
 * Returns 0; -1 with `BufferError` where the view contradicts itself, `ValueError` for more than 64 axes, `SystemError`
 * for a NULL argument, a negative `len` or another `order`.
 */
int PyBuffer_FromContiguous(const Py_buffer *view, const void *buf, Py_ssize_t len,
    char order) PYBUFFER_WARN_UNUSED;

/**
 * Copies the items of `src` to the items of `dest`, as if through a temporary where they overlap. Where both are
 * contiguous in the same order the bytes of `src` are copied, whatever the shapes; else shape and itemsize must agree.
 * Formats are not looked at, and no value is converted: that does `pybuffer_memoryview_convert`.
 *
 * Returns 0; -1 with `TypeError` if one is not an exporter, `BufferError` where `dest` is too small, not writable or of
 * another structure, or where an exporter's answer is not what was asked for, `MemoryError` where the temporary
 * cannot be allocated.
 */
int PyObject_CopyData(PyObject *dest, PyObject *src) PYBUFFER_WARN_UNUSED;

/**
 * Copies contiguous memory at `buf`, `len` bytes of items in `order`, to the memory that `obj` exports.
 *
 * Returns 0; -1 with an error set: what the exporter raises where it has no writable memory, `BufferError` where that is
 * smaller than `len`, and those of `PyBuffer_FromContiguous`. CPython: documented by Python 2.7 only.
 */
int PyObject_CopyToObject(PyObject *obj, void *buf, Py_ssize_t len, char order) PYBUFFER_WARN_UNUSED;

/**
 * Whether the object answers a request for plain bytes: 1 or 0. It sets no error. CPython: removed from the headers in 3.13,
 * still in its ABI, like the three functions below.
 */
int PyObject_CheckReadBuffer(PyObject *obj);

/**
 * Where the bytes of `obj` are, and how many, in `*buffer` and `*buffer_len`. The view is released before the function
 * returns: the caller has to know that the memory stays where it is.
 *
 * Returns 0; -1 with an error set, and then nothing is written: what the exporter raises, `TypeError` if it is not an
 * exporter, `SystemError` for a NULL argument.
 */
int PyObject_AsReadBuffer(PyObject *obj, const void **buffer, Py_ssize_t *buffer_len) PYBUFFER_WARN_UNUSED;

/** `PyObject_AsReadBuffer` for memory that may be written. Every failure of the exporter is a `TypeError`. */
int PyObject_AsWriteBuffer(PyObject *obj, void **buffer, Py_ssize_t *buffer_len) PYBUFFER_WARN_UNUSED;

/** `PyObject_AsReadBuffer` with the pointer as one to characters. */
int PyObject_AsCharBuffer(PyObject *obj, const char **buffer, Py_ssize_t *buffer_len) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Memoryviews
 *
 * A memoryview is an object that holds a view: it can be shared, kept, and asked for views itself. It takes a full view
 * of its exporter once; memoryviews made from it use the same snapshot, and the exporter's view is released when the
 * last of them is released or destroyed. A memoryview always has shape, strides and format.
 */

/** State flag of a managed buffer: the exporter's view has been released. */
#define _Py_MANAGED_BUFFER_RELEASED 1

/** State flag of a managed buffer: `master.format` is its own memory. */
#define _Py_MANAGED_BUFFER_FREE_FORMAT 2

/** State flag of a memoryview: released; it gives no access any more. */
#define _Py_MEMORYVIEW_RELEASED 1

/** State flag of a memoryview: C-contiguous. */
#define _Py_MEMORYVIEW_C 2

/** State flag of a memoryview: Fortran-contiguous. */
#define _Py_MEMORYVIEW_FORTRAN 4

/** State flag of a memoryview: no axes, one item. */
#define _Py_MEMORYVIEW_SCALAR 8

/** State flag of a memoryview: has suboffsets (the layout of PIL, the Python Imaging Library). */
#define _Py_MEMORYVIEW_PIL 16

/** State flag of a memoryview: gives out no new references to its buffer. */
#define _Py_MEMORYVIEW_RESTRICTED 32

/** A subscript that is an index: `start`, negative from the end. It removes the axis. */
#define PYBUFFER_SUBSCRIPT_INDEX 0

/** A subscript that is a slice: every `step`th place from `start` to before `stop`. */
#define PYBUFFER_SUBSCRIPT_SLICE 1

/** A subscript that stands for all axes that no other one is for. */
#define PYBUFFER_SUBSCRIPT_ELLIPSIS 2

/** A subscript that makes a new axis of one item. */
#define PYBUFFER_SUBSCRIPT_NEWAXIS 3

/**
 * A subscript of a memoryview. The macros `PYBUFFER_AT`, `PYBUFFER_SLICE`, `PYBUFFER_ALL`, `PYBUFFER_ELLIPSIS` and
 * `PYBUFFER_NEWAXIS` initialize one, and `pybuffer_at`, `pybuffer_slice` and so on return one.
 */
struct pybuffer_subscript {
    /** `PYBUFFER_SUBSCRIPT_*`. */
    int kind;
    /** The index; of a slice the start, or `PYBUFFER_ABSENT`. */
    Py_ssize_t start;
    /** Of a slice: the end, which is excluded, or `PYBUFFER_ABSENT`. */
    Py_ssize_t stop;
    /** Of a slice: the step, or `PYBUFFER_ABSENT` for 1. */
    Py_ssize_t step;
};

/**
 * The arrays of a view, which the program keeps for as long as it uses the view: `pybuffer_view_select` and its kin write
 * `ndim` entries of each.
 */
struct pybuffer_view_storage {
    /** Items along each axis. */
    Py_ssize_t shape[64];
    /** Bytes from one item to the next along each axis. */
    Py_ssize_t strides[64];
    /** Where not negative: follow the pointer there, then add this. */
    Py_ssize_t suboffsets[64];
};

/**
 * The one snapshot of an exporter's view that all memoryviews derived from it share. An exporter may answer two
 * requests differently; memoryviews of memoryviews must not notice, so only the first one asks it.
 */
struct _PyManagedBufferObject {
    /** The head that every object has. The memoryviews that `exports` counts share one reference. */
    PyObject ob_base;
    /** `_Py_MANAGED_BUFFER_*`. */
    int flags;
    /**
     * The number of memoryviews on this buffer that have not been released, and of those that are being read.
     */
    Py_ssize_t exports;
    /** The view as the exporter filled it; released when the last memoryview is released. */
    Py_buffer master;
};

/** A memoryview. Read it through `PyMemoryView_GET_BUFFER` and `PyMemoryView_GET_BASE`; never write to it. */
struct PyMemoryViewObject {
    /** The head that every object of varying size has. */
    PyVarObject ob_base;
    /** The shared snapshot, which lives as long as the memoryview. */
    _PyManagedBufferObject *mbuf;
    /** The hash once it has been asked for, else -1. */
    Py_hash_t hash;
    /** `_Py_MEMORYVIEW_*`. */
    int flags;
    /** The number of views of this memoryview that consumers hold. */
    Py_ssize_t exports;
    /**
     * The view with shape and strides always present (pointing into `ob_array`) and format never NULL; `obj` is
     * borrowed from the managed buffer.
     */
    Py_buffer view;
    /** CPython's list of weak references; not used here. */
    PyObject *weakreflist;
    /** shape, strides, suboffsets: three arrays of `view.ndim` each. */
    Py_ssize_t ob_array[1];
};

/* Whether an object is a memoryview. */
#define PyMemoryView_Check(op) Py_IS_TYPE(op, &PyMemoryView_Type)

/* The view of a memoryview: owned by it, not to be changed or released. */
static inline Py_buffer *pybuffer_inline_view(PyObject *op)
{
    return &PYBUFFER_CAST(PyMemoryViewObject, op)->view;
}
#define PyMemoryView_GET_BUFFER(op) pybuffer_inline_view(_PyObject_CAST(op))

/* The exporter of a memoryview (borrowed), or NULL where the view has no exporter. */
#define PyMemoryView_GET_BASE(op) (pybuffer_inline_view(_PyObject_CAST(op))->obj)

/** The type of managed buffers. */
extern PyTypeObject _PyManagedBuffer_Type;

/** The type of memoryviews. */
extern PyTypeObject PyMemoryView_Type;

/**
 * A memoryview of what `obj` exports; where `obj` is a memoryview, another one on the same snapshot. A new reference.
 *
 * NULL with an error set: `TypeError` where `obj` exports nothing, `ValueError` for a memoryview that has been released
 * or more than 64 axes, `BufferError` where the exporter's answer is wrong (see "Buffers"), `MemoryError`, and
 * whatever the exporter raises.
 */
PyObject *PyMemoryView_FromObject(PyObject *obj) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of `size` bytes at `mem`, which the program keeps alive. `flags` is `PyBUF_READ` or `PyBUF_WRITE`. A new
 * reference. NULL with `MemoryError`, or `SystemError` for a NULL `mem` where `size` is not 0, a negative size or other
 * flags.
 */
PyObject *PyMemoryView_FromMemory(char *mem, Py_ssize_t size, int flags) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of the memory that `info` describes. The three arrays are copied; the memory and the format stay the
 * program's, which keeps them alive; `info->obj` is not used, and `info` need not be released on its account. `shape` may
 * be NULL for one axis, and `strides` for C order. The format is not parsed before it is used. A new reference.
 *
 * NULL with an error set: `ValueError` for a NULL `info->buf` or more than 64 axes, `BufferError` where `info`
 * contradicts itself, `MemoryError`, `SystemError` for NULL. A `len` above `product(shape) * itemsize` is not an error, as in
 * CPython: copies of all bytes are then `len` bytes long.
 */
PyObject *PyMemoryView_FromBuffer(const Py_buffer *info) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of what `obj` exports, contiguous in `order`: of the memory itself if it is contiguous already, else (for
 * `PyBUF_READ` only) of a copy in a bytes object, with the same format and shape. A new reference. If new memory
 * is needed, `pybuffer_memoryview_copy` always makes it.
 *
 * NULL with an error set: `BufferError` where `PyBUF_WRITE` cannot be satisfied, those of
 * `PyMemoryView_FromObject`, `OverflowError` for a copy too large for a bytes object, `SystemError` for another `buffertype`
 * or `order`.
 */
PyObject *PyMemoryView_GetContiguous(PyObject *obj, int buffertype, char order) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of new memory, all 0 and writable, as items of `format` in `ndim` axes of this shape, contiguous in `order`:
 * 'C' or 'F'. The memory belongs to a bytearray, the view's base. `shape` may be NULL where `ndim` is 0. A new reference.
 *
 * NULL with `ValueError` for an invalid format, a negative shape or more than 64 axes, `MemoryError`, `SystemError` for
 * NULL, a negative `ndim` or another order.
 */
PyObject *pybuffer_memoryview_new(const char *format, int ndim, const Py_ssize_t *shape,
    char order) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of new, writable memory with the items of another memoryview, contiguous in `order` ('C', 'F', or 'A' for
 * Fortran order where the view is Fortran-contiguous and C order else), of the same format and shape. A new reference.
 *
 * NULL with `TypeError` if `view` is not a memoryview, `ValueError` where it has been released, `MemoryError`, `SystemError`
 * for NULL or another order.
 */
PyObject *pybuffer_memoryview_copy(PyObject *view, char order) PYBUFFER_WARN_UNUSED;

/**
 * Gives the memory up before the object is destroyed; every later use is an error. Releasing twice is not an error.
 *
 * Returns 0; -1 with `BufferError` while consumers hold views of this memoryview (nothing is changed then), `TypeError`
 * if `view` is not a memoryview, `SystemError` for NULL. CPython: the method `memoryview.release()`.
 */
int pybuffer_memoryview_release(PyObject *view) PYBUFFER_WARN_UNUSED;

/**
 * Whether a memoryview has been released: 1 or 0; -1 with `TypeError` if it is not a memoryview, `SystemError` for NULL.
 */
int pybuffer_memoryview_is_released(PyObject *view) PYBUFFER_WARN_UNUSED;

/**
 * Whether a memoryview and what `b` exports have the same shape and equal items, whatever their formats: 1 or 0.
 *
 * Two items are equal if they have the same number of values, which are equal by Python's `==`: integers, floats,
 * bools and complex numbers by value, without rounding, units of text with each other, bytes with bytes. NaN equals
 * nothing. Names and the nesting of records do not count, nor does padding. `PyObject_RichCompareBool` does the same for
 * the struct module's formats, as CPython does, and treats views of any other (records, sub-arrays, complex numbers, long
 * doubles, text) as unequal. Two native "?" are compared by their truth here.
 *
 * A memoryview that has been released is equal to itself only, a view of an invalid format to none. No thread may write the
 * memory meanwhile.
 *
 * -1 with an error set: `TypeError` if `a` is not a memoryview, or `b` exports nothing, what its exporter raises,
 * `ValueError` where an item is smaller than its format, `MemoryError` for a format of many items, or windows that overlap along many
 * axes, `SystemError` for NULL.
 */
int pybuffer_memoryview_equal(PyObject *a, PyObject *b) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Items of memoryviews
 *
 * Items are named by `nindices` indices, one for each axis; negative ones count from the end. A view of no axes has one
 * item and takes no indices (`indices` may be NULL then). The values of an item are those of its format, see "Formats":
 * for a format like "d" one, for "<ihd" three. Items may have any format of this library, and lie anywhere. The other
 * properties of the view, its number of axes, shape, strides and so on, are in `PyMemoryView_GET_BUFFER(view)`; its length
 * along the first axis is `PyObject_Length(view)`.
 *
 * Errors that every function here may set: `ValueError` for a memoryview that has been released, or whose items are
 * smaller than its format says, or whose format is invalid; `TypeError` for an object that is not a memoryview, or another
 * number of indices; `IndexError` that names the axis, counted from 1, for an index out of bounds; `SystemError` for NULL
 * or a negative count; `MemoryError`.
 */

/**
 * The address of an item, in the memory of the view. It may be used for as long as this view, or another one of the same
 * snapshot (made from it, or that it was made from), has not been released.
 *
 * CPython: `PyBuffer_GetPointer`, which does not check that the indices are within the shape.
 */
void *pybuffer_memoryview_item_pointer(PyObject *view, const Py_ssize_t *indices, int nindices);

/**
 * Unpacks an item to `values`, as many as its format has, which `nvalues` must be. Bytes stay in the memory of the view,
 * and are pointed to: they may be used for as long as the address of an item, see `pybuffer_memoryview_item_pointer`.
 *
 * Returns 0; -1 also with `ValueError` for another number of values. CPython: `view[i, j]`.
 */
int pybuffer_memoryview_get_item(PyObject *view, const Py_ssize_t *indices, int nindices,
    pybuffer_value *values, int nvalues) PYBUFFER_WARN_UNUSED;

/**
 * Packs an item from `values`, as many as its format has, which `nvalues` must be: each is checked as by
 * `pybuffer_format_pack`, and padding becomes 0.
 *
 * Returns 0; -1 also with `TypeError` where the memory is read-only or a value is of the wrong kind, `ValueError` for
 * another number of values or one that is out of range. Nothing is written then. CPython: `view[i, j] = value`.
 */
int pybuffer_memoryview_set_item(PyObject *view, const Py_ssize_t *indices, int nindices,
    const pybuffer_value *values, int nvalues) PYBUFFER_WARN_UNUSED;

/**
 * Reads an item as a number, converted as in C: a float is truncated towards zero. The format
 * must have one value, a number: an integer, '?', a float, bits or an address.
 *
 * Returns 0; -1 also with `TypeError` if the item is not a number, `ValueError` where it has another number of values or
 * is NaN, `OverflowError` where the number does not fit.
 */
int pybuffer_memoryview_get_int64(PyObject *view, const Py_ssize_t *indices, int nindices,
    int64_t *number) PYBUFFER_WARN_UNUSED;

/** `pybuffer_memoryview_get_int64` for an unsigned number; a negative one does not fit. */
int pybuffer_memoryview_get_uint64(PyObject *view, const Py_ssize_t *indices, int nindices,
    uint64_t *number) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_memoryview_get_int64` for a double: integers and long doubles round to the nearest one, and NaN stays NaN.
 */
int pybuffer_memoryview_get_double(PyObject *view, const Py_ssize_t *indices, int nindices,
    double *number) PYBUFFER_WARN_UNUSED;

/**
 * Writes a number to an item, converted as in C; all but 0 is true in a '?'. Padding becomes 0.
 *
 * Returns 0; -1 also with `TypeError` where the memory is read-only or the item is not a number, `ValueError` where it has
 * another number of values, `OverflowError` where the number does not fit. Nothing is written then.
 */
int pybuffer_memoryview_set_int64(PyObject *view, const Py_ssize_t *indices, int nindices,
    int64_t number) PYBUFFER_WARN_UNUSED;

/** `pybuffer_memoryview_set_int64` with an unsigned number. */
int pybuffer_memoryview_set_uint64(PyObject *view, const Py_ssize_t *indices, int nindices,
    uint64_t number) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_memoryview_set_int64` with a double: truncated towards zero for an integer (`ValueError` for NaN), rounded for a
 * smaller float, which becomes infinite if it is too large.
 */
int pybuffer_memoryview_set_double(PyObject *view, const Py_ssize_t *indices, int nindices,
    double number) PYBUFFER_WARN_UNUSED;

/**
 * Unpacks all items, in C order (the last index fastest), to `values`; `nvalues` must be as many as all items have. The
 * shape of the view says how they nest. Bytes stay in the memory of the view, and are pointed to.
 *
 * Returns 0; -1 also with `ValueError` for another number of values. CPython: `memoryview.tolist()`.
 */
int pybuffer_memoryview_values(PyObject *view, pybuffer_value *values,
    Py_ssize_t nvalues) PYBUFFER_WARN_UNUSED;

/**
 * Packs all items, in C order, from `values`; `nvalues` must be as many as all items have. All values are checked, as by
 * `pybuffer_format_pack`, before anything is written. None may be bytes in the memory of the view.
 *
 * Returns 0; -1 also with `TypeError` where the memory is read-only or a value is of the wrong kind, `ValueError` for
 * another number of values or one that is out of range. Nothing is written then.
 */
int pybuffer_memoryview_set_values(PyObject *view, const pybuffer_value *values,
    Py_ssize_t nvalues) PYBUFFER_WARN_UNUSED;

/**
 * All items as they are in memory, contiguous in `order`: 'C', 'F', or 'A' for Fortran order where the view is
 * Fortran-contiguous and C order else. A new bytes object. NULL also with `SystemError` for another order, and
 * `OverflowError` for more bytes than a bytes object can have.
 * CPython: `memoryview.tobytes(order)`.
 */
PyObject *pybuffer_memoryview_tobytes(PyObject *view, char order) PYBUFFER_WARN_UNUSED;

/**
 * How many items have these values (`nvalues`, as many as the format has); numbers are equal by value, whatever their
 * types, and NaN equals nothing. -1 also with `ValueError` for another number of values, `TypeError` for a value of unknown
 * kind. CPython 3.14: `memoryview.count`, for one axis.
 */
Py_ssize_t pybuffer_memoryview_count(PyObject *view, const pybuffer_value *values,
    int nvalues) PYBUFFER_WARN_UNUSED;

/**
 * The place of the first item that has these values, as `pybuffer_memoryview_count` compares, from `start` to before
 * `stop`; items are counted in C order, and negative places count from the end. `PY_SSIZE_T_MAX` as `stop` is the end.
 *
 * -1 also with `ValueError` if there is no such item, and `TypeError` for a view of no axes. CPython 3.14: `memoryview.index`,
 * for one axis.
 */
Py_ssize_t pybuffer_memoryview_index(PyObject *view, const pybuffer_value *values, int nvalues,
    Py_ssize_t start, Py_ssize_t stop) PYBUFFER_WARN_UNUSED;

/**
 * An iterator over the first axis, which keeps the memoryview. Threads may share it: each place is visited once. A new
 * reference; NULL also with `TypeError` for a view of no axes. CPython: `iter(view)`, for one axis.
 */
PyObject *pybuffer_memoryview_iter(PyObject *view) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of the next place along the first axis: a row of a matrix, a view of no axes where there is only one. A new
 * reference; NULL without an error at the end. A place that could not be returned because of an error is skipped.
 */
PyObject *pybuffer_memoryview_next(PyObject *iterator) PYBUFFER_WARN_UNUSED;

/**
 * Unpacks the next item of a view of one axis to `values`, as `pybuffer_memoryview_get_item` does. Returns 1; 0 at the
 * end; -1 with an error. An item that could not be returned because of an error is skipped.
 */
int pybuffer_memoryview_next_item(PyObject *iterator, pybuffer_value *values,
    int nvalues) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Parts of memoryviews
 *
 * A part of a memoryview, or another arrangement of its axes, is a memoryview on the same memory: no item is copied, and
 * writing to one writes to the other. It remains valid when the memoryview that it was made from is released or
 * destroyed. All of them work on strides of any sign, on axes without items, and on memory behind pointers (suboffsets),
 * where they say `NotImplementedError` for what suboffsets cannot express.
 *
 * Errors that every function here may set: `ValueError` for a memoryview that has been released, `TypeError` for an object
 * that is not one, `SystemError` for NULL or a negative count, `MemoryError`.
 */

/* An omitted start, stop or step (then 1) of a slice. */
#define PYBUFFER_ABSENT PY_SSIZE_T_MIN

/* Initializers of a pybuffer_subscript:
 *
 *     pybuffer_subscript upper_left[2] = {PYBUFFER_SLICE(0, 2, 1), PYBUFFER_SLICE(0, 3, 1)};
 *     pybuffer_subscript red[2] = {PYBUFFER_ELLIPSIS, PYBUFFER_AT(0)};
 *     pybuffer_subscript upside_down[1] = {PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, -1)};
 */
#define PYBUFFER_AT(index) { PYBUFFER_SUBSCRIPT_INDEX, (index), 0, 0 }
#define PYBUFFER_SLICE(start, stop, step) { PYBUFFER_SUBSCRIPT_SLICE, (start), (stop), (step) }
#define PYBUFFER_ALL PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, PYBUFFER_ABSENT)
#define PYBUFFER_ELLIPSIS { PYBUFFER_SUBSCRIPT_ELLIPSIS, 0, 0, 0 }
#define PYBUFFER_NEWAXIS { PYBUFFER_SUBSCRIPT_NEWAXIS, 0, 0, 0 }

/* The same as values, for assignments, arguments and C++, and for numbers of any integer type. (In braces C++ takes no size_t.)
 *
 *     pybuffer_subscript crop[2] = {pybuffer_slice(y, y + height, 1), pybuffer_slice(x, x + width, 1)};
 */
static inline pybuffer_subscript pybuffer_at(Py_ssize_t index)
{
    pybuffer_subscript subscript = PYBUFFER_AT(index);
    return subscript;
}

static inline pybuffer_subscript pybuffer_slice(Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step)
{
    pybuffer_subscript subscript = PYBUFFER_SLICE(start, stop, step);
    return subscript;
}

static inline pybuffer_subscript pybuffer_all(void)
{
    pybuffer_subscript subscript = PYBUFFER_ALL;
    return subscript;
}

static inline pybuffer_subscript pybuffer_ellipsis(void)
{
    pybuffer_subscript subscript = PYBUFFER_ELLIPSIS;
    return subscript;
}

static inline pybuffer_subscript pybuffer_newaxis(void)
{
    pybuffer_subscript subscript = PYBUFFER_NEWAXIS;
    return subscript;
}

/**
 * The part that `count` subscripts select, one for each axis from the first on; what they leave out is taken whole.
 * Integers remove an axis, slices keep it, and are clipped as in Python; an ellipsis stands for the axes in the middle
 * that are left out, and a new axis has one item. With an index for each axis the part has no axes. `subscripts` may be
 * NULL where `count` is 0. A new reference.
 *
 * NULL also with `IndexError` that names the axis (counted from 1) for an index out of bounds, and for a second ellipsis;
 * `ValueError` for a step of 0 or more than 64 axes; `TypeError` for more subscripts than axes; `NotImplementedError`
 * where indices would leave two pointers to follow in succession, or a part begins before where its pointers lead.
 * CPython: `view[...]`, which returns the value of an item instead of a view of no axes; slices of one axis only.
 */
PyObject *pybuffer_memoryview_subscript(PyObject *view, const pybuffer_subscript *subscripts,
    int count) PYBUFFER_WARN_UNUSED;

/**
 * The part that subscripts in Python's syntax select, such as "1:-1, ::2, ..., None, 0": indices, slices, `...` and `None` (or
 * `newaxis`), with commas between them, as in `pybuffer_memoryview_subscript`. Numbers are decimal; the ends of a slice
 * may be left out, or `None`. A new reference.
 *
 * NULL with `ValueError` that says what was expected at which byte of the text, counted from 0, and with the errors of
 * `pybuffer_memoryview_subscript`. NumPy: `a[1:-1, ::2, ..., None, 0]`.
 */
PyObject *pybuffer_memoryview_select(PyObject *view, const char *subscripts) PYBUFFER_WARN_UNUSED;

/**
 * A field of all records of a memoryview. The path names it: "mass", and in records of records "orbit.radius"; "#0" is the
 * first field of a record, whatever its name. Of a name with dots in it the longest one that fits counts. Where the field,
 * or a record on the way, is a sub-array, its axes follow those of the view. A new reference.
 *
 * The format is that of the field: of a number in the machine's byte order its native code. Fields of any layout
 * can be had, of pointers the addresses.
 *
 * NULL also with `ValueError` where there is no such field, or the view would have more than 64 axes; for an invalid format, or
 * items that are smaller than it says; `TypeError` where the items are no records, or the field is bits (`t`), which
 * have no address. NumPy: `a["orbit"]["radius"]`.
 */
PyObject *pybuffer_memoryview_field(PyObject *view, const char *path) PYBUFFER_WARN_UNUSED;

/**
 * The equal elements that each item consists of, as items of axes that follow those of the view: of "3f" three `f` along
 * one axis, of "(2,3)d" six `d` along two, of a complex number its two parts, of text ("5w") its code units, of a record of
 * equal numbers without padding ("fff") these. Where an item is one element no axis is added. A new reference.
 *
 * NULL also with `TypeError` for records of other kinds, and for bits (`t`), which have no addresses; `ValueError` for an
 * invalid format, items that are smaller than it says, or more than 64 axes. NumPy: `a.view(...).reshape(...)`.
 */
PyObject *pybuffer_memoryview_elements(PyObject *view) PYBUFFER_WARN_UNUSED;

/**
 * Copies the items of `source`, any exporter, to the part that the subscripts select: the same shape, and the same format
 * but for a leading '@'. The two may share memory: it is as if the items went through a temporary.
 *
 * Returns 0; -1 with `TypeError` where the memory is read-only or `source` exports nothing, `ValueError` where the
 * structures differ, those of `pybuffer_memoryview_subscript`, and whatever the exporter raises. Nothing is written then.
 * CPython: `view[...] = source`, for one axis.
 */
int pybuffer_memoryview_assign(PyObject *view, const pybuffer_subscript *subscripts, int count,
    PyObject *source) PYBUFFER_WARN_UNUSED;

/**
 * Writes one item to all places of the part that the subscripts select, packed from its values as by
 * `pybuffer_memoryview_set_item`.
 *
 * Returns 0; -1 with the errors of that function and of `pybuffer_memoryview_subscript`. Nothing is written then.
 */
int pybuffer_memoryview_fill(PyObject *view, const pybuffer_subscript *subscripts, int count,
    const pybuffer_value *values, int nvalues) PYBUFFER_WARN_UNUSED;

/**
 * The items in reverse order along one axis; a negative axis counts from the last. A new reference; NULL also with
 * `ValueError` where there is no such axis, `NotImplementedError` as `pybuffer_memoryview_subscript`.
 */
PyObject *pybuffer_memoryview_flip(PyObject *view, int axis) PYBUFFER_WARN_UNUSED;

/**
 * The items with the axes in another order: axis `i` of the new view is axis `axes[i]` of the old one, negative ones
 * counting from the last; `axes` has as many entries as the view has axes. NULL for `axes` reverses the order, which
 * transposes a matrix. A new reference.
 *
 * NULL also with `ValueError` where `axes` does not name each axis once, `NotImplementedError` where axes on both sides
 * of a pointer would change places. NumPy: `transpose`.
 */
PyObject *pybuffer_memoryview_permute(PyObject *view, const int *axes, int count) PYBUFFER_WARN_UNUSED;

/**
 * The items repeated to a shape: axes of one item get as many as `shape` says, all in the same place, and so do missing
 * leading axes. The new view is read-only where anything is repeated, since one item stands for many. `shape`
 * may be NULL where `ndim` is 0. A new reference.
 *
 * NULL also with `ValueError` where the shape of the view does not allow it, or the result is larger than memory.
 * NumPy: `broadcast_to`.
 */
PyObject *pybuffer_memoryview_broadcast(PyObject *view, int ndim,
    const Py_ssize_t *shape) PYBUFFER_WARN_UNUSED;

/**
 * The items in another shape, counted in `order`: 'C', the last index fastest, or 'F', the first. One entry of
 * `shape` may be -1: it is what the others leave. It takes no copy: where that would be needed, it fails. `shape` may be
 * NULL where `ndim` is 0. A new reference.
 *
 * NULL also with `ValueError` where the numbers of items differ, `BufferError` where
 * strides cannot express the shape (`PyMemoryView_GetContiguous` makes a copy that can), `SystemError` for another order.
 */
PyObject *pybuffer_memoryview_reshape(PyObject *view, int ndim, const Py_ssize_t *shape,
    char order) PYBUFFER_WARN_UNUSED;

/**
 * The same bytes as items of another format and shape. A contiguous view becomes one of one axis, or one of one axis
 * becomes one of `ndim` axes in `order`, 'C' or 'F'; one of the two formats is a byte format (`B`, `b` or `c`), the
 * other one may be any. NULL for `shape` means one axis, of all items, and `ndim` and `order` do not
 * matter. A new reference.
 *
 * NULL also with `TypeError` where the view is not C-contiguous (a Fortran-contiguous one is fine where the new one has one
 * axis), has an axis without items, neither shape has one axis, neither format is a byte format, or the bytes do not add up
 * to whole items or to the shape; `ValueError` for an invalid format, an item without bytes, an entry of `shape`
 * below 1, or more than 64 axes; `SystemError` for another order.
 * CPython: `memoryview.cast`, which takes native formats of one code only; the order, and Fortran-contiguous views, are
 * those of CPython 3.16.
 */
PyObject *pybuffer_memoryview_cast(PyObject *view, const char *format, int ndim, const Py_ssize_t *shape,
    char order) PYBUFFER_WARN_UNUSED;

/** The same memory, read-only through the new view. A new reference. CPython: `memoryview.toreadonly()`. */
PyObject *pybuffer_memoryview_toreadonly(PyObject *view) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Numbers of memoryviews
 *
 * All numbers of a memoryview at once, whatever their format and layout, to and from a plain array of a C type. The array
 * has them in C order (the last index changes fastest); where an item has several, such as `3f` or a record, they follow
 * each other in the order of the format. Numbers are integers, `?`, `e f d g`, bits (`t`), and addresses (`P`), which are
 * integers; a format with anything else in it (`c s p u w`, complex numbers, `O & X z Z`) is a `TypeError`.
 *
 * Numbers are converted by value, as in C, but checked. An integer or a float without its fraction that is out of
 * range is an `OverflowError`, and so is an infinite one; NaN, where an integer is needed, is a `ValueError`. Numbers that
 * become floats are rounded once, to the nearest, with ties to even; a float that is too large becomes infinite; NaN stays
 * NaN, but its payload need not. All but zero is true, NaN too.
 *
 * `pybuffer_memoryview_convert` does the same between two views, and `pybuffer_memoryview_astype` into new memory: each value of
 * an item becomes the value at the same place of the other format, however both nest. Beside numbers they take complex numbers (a
 * real number becomes one, but not the reverse; the parts of a `Zg` count as the doubles nearest to them), text, whose code
 * units have to fit, and bytes of the same kind and length.
 *
 * `count` is the number of all values: items times values of an item. The array must not share memory with the view. No other
 * thread may write what is read, or touch what is written, meanwhile; a release of the memoryview takes effect afterwards.
 */

/**
 * Converts all numbers of a memoryview to `double` and writes them to `numbers`, an array of `count`. Integers of 64 bits
 * and long doubles are rounded to the nearest one.
 *
 * Returns 0; -1 with an error set: `ValueError` for another `count` (the message says both), a released memoryview, an
 * invalid format, or items that are smaller than it says; `TypeError` for a format with anything but numbers (the message
 * says what), or if `view` is not a memoryview; `MemoryError`, for formats of many parts only; `SystemError` for NULL, also
 * where `count` is 0. CPython has no counterpart; NumPy's is `astype`.
 */
int pybuffer_memoryview_to_double(PyObject *view, double *numbers, Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/**
 * Converts all numbers of a memoryview to `float` and writes them to `numbers`, an array of `count`. Integers and doubles are
 * rounded to the nearest one; a double that is too large becomes infinite.
 *
 * Returns 0; -1 with the errors of `pybuffer_memoryview_to_double`.
 */
int pybuffer_memoryview_to_float(PyObject *view, float *numbers, Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/**
 * Converts all numbers of a memoryview to `int64_t` and writes them to `numbers`, an array of `count`.
 *
 * Returns 0; -1 with the errors of `pybuffer_memoryview_to_double`, `OverflowError` for a number out of the range of
 * `int64_t`, infinite ones included, and `ValueError` for NaN. The message of these two says which number it is, counted
 * from 0 (if there are several, any of them), and part of the array may be written then.
 */
int pybuffer_memoryview_to_int64(PyObject *view, int64_t *numbers, Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/**
 * Converts all numbers of a memoryview to `uint64_t` and writes them to `numbers`, an array of `count`.
 *
 * Returns 0; -1 with the errors of `pybuffer_memoryview_to_int64`, for the range of `uint64_t`: -0.9 is 0, and -1 is out of
 * range.
 */
int pybuffer_memoryview_to_uint64(PyObject *view, uint64_t *numbers, Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/**
 * Converts `count` numbers of type `double` to the format of a memoryview and writes them to its items. Bytes that
 * belong to no value, such as padding, become 0 in items that have values; bytes of an item beyond its format are left as
 * they are. Where several items share memory, the last one in index order wins.
 *
 * All numbers are checked before the first is written, so a call that fails changes nothing. Returns 0; -1 with an error
 * set: `OverflowError` for a number out of the range of its value, and `ValueError` for NaN where that is an integer
 * (the message says which number is the first such, counted from 0); `ValueError` for another `count` (the message says
 * both), a released memoryview, an invalid format, or items that are smaller than it says; `TypeError` for read-only
 * memory, for a format with anything but numbers (the message says what), or if `view` is not a memoryview;
 * `MemoryError`, for formats of many parts only; `SystemError` for NULL, also where `count` is 0.
 */
int pybuffer_memoryview_from_double(PyObject *view, const double *numbers,
    Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/** As `pybuffer_memoryview_from_double`, with the same errors, for numbers of type `float`. */
int pybuffer_memoryview_from_float(PyObject *view, const float *numbers,
    Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/**
 * As `pybuffer_memoryview_from_double`, with the same errors but that for NaN, for numbers of type `int64_t`. They are
 * rounded once, also to a `float`.
 */
int pybuffer_memoryview_from_int64(PyObject *view, const int64_t *numbers,
    Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/** As `pybuffer_memoryview_from_int64`, for numbers of type `uint64_t`. */
int pybuffer_memoryview_from_uint64(PyObject *view, const uint64_t *numbers,
    Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/**
 * Converts the values of all items of `source`, any exporter, to the format of `dest`, a memoryview of the same shape, and writes them
 * to its items. Records become records with as many values, in the order of the fields. The two may have any layout, and may
 * share memory: it is as if the values went through a temporary. Bytes that belong to no value, such as padding, become 0;
 * bytes of an item beyond its format are left as they are. Where several items share memory, the last one in index order wins.
 *
 * All values are checked before the first is written, so a call that fails changes nothing. Returns 0; -1 with an error
 * set: `OverflowError` for a value out of the range of its item, and `ValueError` for NaN where that is an integer (the
 * message says the value and the format); `ValueError` where the shapes, or the numbers of values of an item, differ (the message
 * says both), for a released memoryview, an invalid format, or items that are smaller than it says, and for bytes of
 * different lengths; `TypeError` for read-only memory, for formats whose values do not convert to each other (the message
 * says why), if `dest` is not a memoryview or `source` exports nothing; what its exporter raises; `MemoryError`;
 * `SystemError` for NULL. NumPy: `dest[...] = source`. `PyObject_CopyData` copies bytes, whatever the formats.
 */
int pybuffer_memoryview_convert(PyObject *dest, PyObject *source) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of new, writable memory with the values of another one, converted to this format as by
 * `pybuffer_memoryview_convert`, of the same shape, and contiguous in `order` ('C', 'F', or 'A' for Fortran order where the view is
 * Fortran-contiguous and C order else). A new reference.
 *
 * NULL with the errors of `pybuffer_memoryview_convert`, and `SystemError` for another order. NumPy: `astype`.
 */
PyObject *pybuffer_memoryview_astype(PyObject *view, const char *format, char order) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Text of memoryviews
 *
 * There are no strings here: the text is ASCII in a new bytes object, with a NUL after it as every bytes object has one,
 * so that `PyBytes_AsString` gives a C string. No thread may write the memory meanwhile; a release in another one takes
 * effect afterwards.
 */

/**
 * The bytes of the items in C order, two lower-case hexadecimal digits for each.
 *
 * `separator` is a character that is put between groups of `bytes_per_separator` bytes, or negative for none. The groups
 * are counted from the right, so that the first may be smaller; where the number is negative, from the left. With 0
 * there is no separator. Of the bytes 1 2 3, with ':': "01:0203" for 2, "0102:03" for -2, "01:02:03" for 1 and -1.
 *
 * A new bytes object; NULL with an error set: `ValueError` where `separator` is above 127, or the memoryview has been
 * released, `TypeError` if `view` is not a memoryview, `MemoryError`, `SystemError` for NULL. CPython: the method
 * `memoryview.hex()`.
 */
PyObject *pybuffer_memoryview_hex(PyObject *view, int separator,
    Py_ssize_t bytes_per_separator) PYBUFFER_WARN_UNUSED;

/**
 * The `repr` of a memoryview in Python: "<memory at 0x7f0123456789>", or "<released memory at 0x7f0123456789>". The address is
 * that of the object.
 *
 * A new bytes object; NULL with `TypeError` if `view` is not a memoryview, `MemoryError`, `SystemError` for NULL. CPython:
 * `repr()` of a memoryview.
 */
PyObject *pybuffer_memoryview_repr(PyObject *view) PYBUFFER_WARN_UNUSED;

/**
 * The items, as Python writes the lists that `memoryview.tolist()` gives: "[[0, 1], [2, 3]]". For a view of no axes it is the
 * one item.
 *
 * Every format that `pybuffer_format_parse` takes is shown, record or not: an item of one value as that value, one of
 * several as "(1, 2.0)", one of none as "()", without names and without the nesting of records. A value is written as
 * by Python's `repr`: integers (addresses and bits, too) in decimal, floats with the fewest digits that lead back to the
 * same double ("0.1", "1e+16", "-0.0", "inf", "nan"; halves and singles as the doubles that they are, a long double as the
 * nearest double), "(1+2j)", "True", "b'bytes\x00'". Units of text are strings of length 1, everything beyond ASCII
 * escaped as by `ascii()`: "'a'", "'\xe9'", "'\u20ac'", "'\U0001f40d'".
 *
 * At most `limit` items are shown, the first ones in C order; a negative limit means all. A list with more items than are
 * shown ends with "..."; a list of which nothing is shown is part of the "..." of the outer one. Of the items [[0, 1, 2, 3],
 * [4, 5, 6, 7]]:
 *
 * * limit 3: "[[0, 1, 2, ...], ...]"
 * * limit 4: "[[0, 1, 2, 3], ...]"
 * * limit 5: "[[0, 1, 2, 3], [4, ...]]"
 * * limit 0: "[...]" (without axes: "...")
 *
 * Where there are no items ("[]", "[[], []]"), empty lists count in their place.
 *
 * A new bytes object; NULL with an error set: `ValueError` where the memoryview has been released, the format is invalid,
 * or an item is smaller than its format, `TypeError` if `view` is not a memoryview, `MemoryError`, `SystemError` for NULL.
 */
PyObject *pybuffer_memoryview_text(PyObject *view, Py_ssize_t limit) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * PickleBuffers
 *
 * A PickleBuffer stands for another exporter: it holds a full, read-only view of it, and passes requests on to it.
 */

/* Whether an object is a PickleBuffer. */
#define PyPickleBuffer_Check(op) Py_IS_TYPE(op, &PyPickleBuffer_Type)

/** The type of PickleBuffer objects. */
extern PyTypeObject PyPickleBuffer_Type;

/**
 * A PickleBuffer for what `base` exports. A new reference; NULL with what the exporter raises, `TypeError` where it is not
 * an exporter, `BufferError` where its answer is wrong (see "Buffers"), `MemoryError`.
 */
PyObject *PyPickleBuffer_FromObject(PyObject *base) PYBUFFER_WARN_UNUSED;

/**
 * The view that a PickleBuffer holds: not to be released by the caller, and valid until `PyPickleBuffer_Release`. NULL with
 * `ValueError` once it has been released, `TypeError` if `picklebuffer` is not a PickleBuffer.
 */
const Py_buffer *PyPickleBuffer_GetBuffer(PyObject *picklebuffer);

/**
 * Releases the view before the object is destroyed. Releasing again is not an error, in any thread, even in the exporter's
 * `bf_releasebuffer` of that view. Returns 0; -1 with `TypeError` if `picklebuffer` is not a PickleBuffer.
 */
int PyPickleBuffer_Release(PyObject *picklebuffer);

/* ===========================================================================================================
 * Views without objects
 *
 * What a memoryview does, for programs that have objects of their own, with another layout or none: another implementation
 * of Python, a language with handles, a server. A `Py_buffer` comes in and a `Py_buffer` comes out; layout, formats and copies
 * are this library's, and they are the code that its memoryviews run. `examples/engine.c` is such a program.
 *
 * A view that comes in is a description of memory: `buf`, `len`, `itemsize`, `ndim`, `readonly`, and what is known of `format`
 * (NULL is "B"), `shape` (NULL is one axis of all items), `strides` (NULL is C order) and `suboffsets`. `obj` and `internal` are
 * the program's: no function here reads, counts or calls them, so they may be anything. Each view is checked as what an
 * exporter answers to `PyBUF_FULL_RO` is, also where nothing is read: a contradiction is a `BufferError`, more than 64 axes are
 * a `ValueError`. That `buf`, `format` and the arrays point to what they should is the program's word. A format is read by the
 * functions that need to know it, and only these say that it is invalid; `PyBuffer_SizeFromFormat` tells before.
 *
 * A view that comes out borrows: its `obj` and `internal` are NULL, and there is nothing to release. Its arrays are in the
 * `pybuffer_view_storage` that the program passes, its memory and its format are those of the view that it was made from. So
 * keep storage and exporter for as long as it is used, and do not move the storage. It has all fields: a format, and with any
 * axes shape and strides. `result` and `storage` may be those of the view that comes in; where a call fails they are as they were.
 *
 * What needs no function of its own: `PyBuffer_ToContiguous`, `PyBuffer_FromContiguous`, `PyBuffer_IsContiguous`,
 * `PyBuffer_GetPointer` and `PyBuffer_FillContiguousStrides` take any `Py_buffer`; items reversed along an axis are a slice
 * with step -1; a read-only view has another `readonly`; an array of numbers to convert to or from is a view of the same
 * shape. How many values an item has says `pybuffer_format_value_count` of its parsed format
 * (`pybuffer_format_parse_sized`), which is an object of this library.
 * `pybuffer_view_field` and `pybuffer_view_elements` parse the format in memory from the allocator, which they free; the others
 * allocate only for temporaries, such as for views that overlap.
 *
 * Errors that every function here may set: those above, `SystemError` for NULL or a negative count, `MemoryError`.
 */

/**
 * The view with nothing left out: a missing shape is one axis of all items, missing strides are those of C order, a missing
 * format is "B".
 *
 * Returns 0; -1 with the errors above. CPython: `PyMemoryView_FromBuffer`.
 */
int pybuffer_view_complete(Py_buffer *result, pybuffer_view_storage *storage,
    const Py_buffer *view) PYBUFFER_WARN_UNUSED;

/**
 * Whether a view is what a request with these flags asked for: what every consumer in this library checks of what an exporter
 * answers, before it believes it. Fields that were not asked for may be there, where a consumer may ignore them.
 *
 * Returns 0; -1 with `BufferError` that says which rule the view breaks, `ValueError` for more than 64 axes, `SystemError` for
 * PyBUF_READ or PyBUF_WRITE alone. PEP 3118: "Access to the memory"; CPython's consumers check nothing.
 */
int pybuffer_view_check(const Py_buffer *view, int flags) PYBUFFER_WARN_UNUSED;

/**
 * Answers a request: fills `answer` as the flags ask, from the full description of the memory, by the matrix of PEP 3118 as a
 * memoryview has it. It is `pybuffer_fill_view` for exporters that are not objects of this library: `answer->obj` is NULL, for
 * the program to set, and `internal` is that of the description. `name` is the name of the exporter's type in messages.
 * The description has a shape where items are not single bytes, and strides where there are several axes: what
 * `pybuffer_view_complete` makes has all. The answer points to its arrays and its format, which must stay where they are until
 * the answer is released; of one axis without strides it points into itself, and must not be moved. `PyBuffer_Release` is only
 * for answers whose `obj` the program has set to an object of this library's layout, or left NULL.
 *
 * Returns 0; -1 with `answer->obj` NULL and an error set: `BufferError` where the memory cannot meet the request, or the
 * description is incomplete; `SystemError` for PyBUF_READ or PyBUF_WRITE alone. CPython: `memoryview`'s `bf_getbuffer`.
 */
int pybuffer_view_answer(Py_buffer *answer, const Py_buffer *description, int flags,
    const char *name) PYBUFFER_WARN_UNUSED;

/**
 * The part of a view that `count` subscripts select, as `pybuffer_memoryview_subscript`. `subscripts` may be NULL where `count`
 * is 0.
 *
 * Returns 0; -1 also with `IndexError` for an index out of bounds, and for a second ellipsis; `ValueError` for a step of 0;
 * `TypeError` for more subscripts than axes; `NotImplementedError` for what suboffsets cannot express. CPython: `view[...]`.
 */
int pybuffer_view_subscript(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view,
    const pybuffer_subscript *subscripts, int count) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_view_subscript` with subscripts in Python's syntax, such as "1:-1, ::2, ..., None, 0"; see
 * `pybuffer_memoryview_select`. -1 also with `ValueError` that says what was expected at which byte of the text.
 */
int pybuffer_view_select(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view,
    const char *subscripts) PYBUFFER_WARN_UNUSED;

/**
 * The items with the axes in another order, as `pybuffer_memoryview_permute`: axis `i` is axis `axes[i]` of the view; NULL for
 * `axes` reverses them, whatever `count` is.
 *
 * Returns 0; -1 also with `ValueError` where `axes` does not name each axis once, `NotImplementedError` where axes on both
 * sides of a pointer would change places. NumPy: `transpose`.
 */
int pybuffer_view_permute(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view,
    const int *axes, int count) PYBUFFER_WARN_UNUSED;

/**
 * The items repeated to a shape, as `pybuffer_memoryview_broadcast`; `readonly` is 1 where anything is repeated. `shape` may be
 * NULL where `ndim` is 0.
 *
 * Returns 0; -1 also with `ValueError` where the shape of the view does not allow it. NumPy: `broadcast_to`.
 */
int pybuffer_view_broadcast(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view,
    int ndim, const Py_ssize_t *shape) PYBUFFER_WARN_UNUSED;

/**
 * The items in another shape, without a copy, as `pybuffer_memoryview_reshape`: `order` is 'C' or 'F', and one entry of `shape`
 * may be -1. `shape` may be NULL where `ndim` is 0.
 *
 * Returns 0; -1 also with `ValueError` where the numbers of items differ, `BufferError` where strides cannot express the
 * shape, `SystemError` for another order. NumPy: `reshape`.
 */
int pybuffer_view_reshape(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view, int ndim,
    const Py_ssize_t *shape, char order) PYBUFFER_WARN_UNUSED;

/**
 * The same bytes as items of another format and shape, as `pybuffer_memoryview_cast`; NULL for `shape` is one axis of all
 * items, whatever `ndim` and `order` are. A Fortran-contiguous view can be cast to one axis, in the order of memory. The result
 * points to the text of `format`, unless that is one letter: keep it for as long as the result is used.
 *
 * Returns 0; -1 also with `TypeError` where the view is not contiguous so, both formats are of more than single bytes, or
 * the bytes do not add up; `ValueError` for an invalid format, an item without bytes or an entry of `shape` below 1;
 * `SystemError` for another order than 'C' or 'F'. CPython: `memoryview.cast`.
 */
int pybuffer_view_cast(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view,
    const char *format, int ndim, const Py_ssize_t *shape, char order) PYBUFFER_WARN_UNUSED;

/**
 * A field of all records, as `pybuffer_memoryview_field`: "mass", "orbit.radius", "#0". The format of the field is written to
 * `format`, which has `size` bytes, and the result points there; where it is one letter the result points to a constant,
 * and nothing is written. `format` may be NULL where `size` is 0.
 *
 * Returns 0; -1 also with `ValueError` where there is no such field or its format does not fit (the message says how many
 * bytes it takes), for an invalid format, or items that are smaller than it says; `TypeError` where the items are no records,
 * or the field is bits. NumPy: `a["orbit"]["radius"]`.
 */
int pybuffer_view_field(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view,
    const char *path, char *format, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * The equal elements that each item consists of, along axes that follow those of the view, as
 * `pybuffer_memoryview_elements`. `format` and `size` are those of `pybuffer_view_field`.
 *
 * Returns 0; -1 also with `TypeError` for records of other kinds, and for bits; `ValueError` for an invalid format, items that
 * are smaller than it says, a format that does not fit, or more than 64 axes. NumPy: `a.view(...).reshape(...)`.
 */
int pybuffer_view_elements(Py_buffer *result, pybuffer_view_storage *storage, const Py_buffer *view,
    char *format, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * Unpacks the item at these indices to `values`, as `pybuffer_memoryview_get_item`. Bytes stay in the memory of the view, and
 * are pointed to. A view of no axes takes no indices, and `indices` may be NULL then.
 *
 * Returns 0; -1 also with `IndexError` that names the axis; `TypeError` for another number of indices, `ValueError` for another
 * number of values, an invalid format, or an item that is smaller than it says. CPython: `view[i, j]`.
 */
int pybuffer_view_get_item(const Py_buffer *view, const Py_ssize_t *indices, int nindices,
    pybuffer_value *values, int nvalues) PYBUFFER_WARN_UNUSED;

/**
 * Packs the item at these indices from `values`, as `pybuffer_memoryview_set_item`. Returns 0; -1 with the errors of
 * `pybuffer_view_get_item`, and `TypeError` where the view is read-only or a value is of the wrong kind, `ValueError` for one
 * that is out of range. Nothing is written then. CPython: `view[i, j] = value`.
 */
int pybuffer_view_set_item(const Py_buffer *view, const Py_ssize_t *indices, int nindices,
    const pybuffer_value *values, int nvalues) PYBUFFER_WARN_UNUSED;

/**
 * Unpacks all items, in C order, to `values`, of which there must be as many as all items have, as
 * `pybuffer_memoryview_values`. Returns 0; -1 also with `ValueError` for another number of values, an invalid format, or items
 * that are smaller than it says. CPython: `memoryview.tolist()`.
 */
int pybuffer_view_values(const Py_buffer *view, pybuffer_value *values,
    Py_ssize_t nvalues) PYBUFFER_WARN_UNUSED;

/**
 * Writes one item, packed from its values, to all places of the view, as `pybuffer_memoryview_fill`. Returns 0; -1 with the
 * errors of `pybuffer_view_set_item`, but for those of indices. NumPy: `a[...] = item`.
 */
int pybuffer_view_fill(const Py_buffer *view, const pybuffer_value *values, int nvalues) PYBUFFER_WARN_UNUSED;

/**
 * Copies the items of `source` to `dest`: the same shape, and the same format but for a leading '@'. The two may share memory:
 * it is as if the items went through a temporary.
 *
 * Returns 0; -1 also with `TypeError` where `dest` is read-only, `ValueError` where the structures differ. Nothing is written
 * then. CPython: `view[...] = source`.
 */
int pybuffer_view_copy(const Py_buffer *dest, const Py_buffer *source) PYBUFFER_WARN_UNUSED;

/**
 * Copies the items of `source` to `dest`, converted to the format of that, as `pybuffer_memoryview_convert`: the same shape, any
 * layouts, which may share memory. With a view of an array as `dest` or `source` it converts items to C's numbers and
 * back.
 *
 * Returns 0; -1 with the errors of `pybuffer_memoryview_convert`: `TypeError` where `dest` is read-only or values have no
 * counterpart, `ValueError` for other shapes or another number of values, `OverflowError` for a value out of range. All values
 * are checked before the first is written. NumPy: `dest[...] = source`.
 */
int pybuffer_view_convert(const Py_buffer *dest, const Py_buffer *source) PYBUFFER_WARN_UNUSED;

/**
 * Whether two views have the same shape and equal values, whatever their formats and layouts: 1 or 0. Where `all_formats` is 1
 * it is `pybuffer_memoryview_equal`. Where it is 0 it is CPython's `==`, for which views of formats that the struct module does
 * not know, such as records, are unequal, also to themselves.
 *
 * -1 also with `ValueError` where items are smaller than their format says. CPython: `memoryview.__eq__`.
 */
int pybuffer_view_equal(const Py_buffer *a, const Py_buffer *b, int all_formats) PYBUFFER_WARN_UNUSED;

/**
 * The hash of a read-only view of single bytes (`B`, `b` or `c`): that of a bytes object with the same content, see
 * `PyObject_Hash`. CPython also asks the exporter for its hash, so that only memory that does not change has one: that is
 * for the program to do.
 *
 * -1 with `ValueError` where the view is not read-only or has another format. CPython: `memoryview.__hash__`.
 */
Py_hash_t pybuffer_view_hash(const Py_buffer *view) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Writing exporters
 *
 * A type exports memory by its slot `bf_getbuffer`. Its objects keep one full description of their memory, a `Py_buffer`
 * of their own, and `pybuffer_fill_view` makes the answer to each request from it. Memory that needs no type of its own
 * gets an object from `pybuffer_memory_new`. `pybuffer_check_exporter` tells whether an exporter, however it is
 * written, keeps the rules of the protocol.
 *
 * A full description has `buf`, `len`, `itemsize`, `ndim`, `readonly` and, where it has axes, `shape` and `strides`;
 * `format` may be NULL ("B"), and `suboffsets` where no axis holds pointers (all negative is the same, and is passed on
 * as NULL); `internal` is passed on. `len` is `product(shape) * itemsize`.
 */

/**
 * Called once when a `pybuffer_memory_new` object is destroyed, with the context that it was made with, from whichever thread
 * drops the last reference. Errors that it leaves pending are dropped.
 */
typedef void (*pybuffer_destroy)(void *context);

/**
 * Called by `pybuffer_check_exporter` for a broken rule: the context, the flags of the request at fault (-1 where
 * it concerns the answers as a whole), and a message with the names of the flags; UTF-8, and valid until
 * the function returns. Errors that it leaves pending are dropped.
 */
typedef void (*pybuffer_report)(void *context, int flags, const char *message);

/**
 * A broken rule, as `pybuffer_find_faults` finds it. All texts are C strings, UTF-8, and valid until the function that is told
 * of it returns; none is NULL.
 */
struct pybuffer_finding {
    /**
     * The name of the rule: lower-case words with hyphens, as "contiguous" or "differs-strides". Names do not change.
     */
    const char *rule;
    /**
     * How severe it is: "wrong-bytes" where a consumer that believes the answer reads or writes other bytes than those of the
     * array, "crash" where it may follow a pointer that is not one or lose an object that it uses, "protocol" for other rules,
     * "cosmetic" for what harms no consumer that keeps to its request.
     */
    const char *severity;
    /** The flags of the first request that shows it, -1 where it concerns the answers as a whole. */
    int flags;
    /** Their names, "" for -1. */
    const char *request;
    /** What is wrong, as `pybuffer_check_exporter` reports it. */
    const char *message;
    /** What the rule asks for. */
    const char *expected;
    /** The section of PEP 3118 or of CPython's documentation that has the rule. */
    const char *source;
};

/**
 * Called by `pybuffer_find_faults` for a broken rule, with the context. Errors that it leaves pending are dropped.
 */
typedef void (*pybuffer_find)(void *context, const pybuffer_finding *finding);

/**
 * Called by `pybuffer_find_faults` after each call of the exporter's slots, with the context. It sets the error that the
 * exporter has raised where this library does not see it, as in an interpreter in the same process, and clears it there.
 */
typedef void (*pybuffer_settle)(void *context);

/**
 * The type of the objects that `pybuffer_memory_new` makes. Those of read-only memory have a hash, so that memoryviews of
 * them have one, too.
 */
extern PyTypeObject pybuffer_memory_type;

/**
 * For `bf_getbuffer`: fills `view` as the request `flags` ask, from the full description of the exporter's memory, with a
 * new reference to `exporter`. It does what a memoryview of that memory does: fields that the flags do not ask for are left
 * out; without `PyBUF_ND` the answer is one axis without a shape, and `PyBUF_FORMAT` is refused then. `description->obj` is
 * not used. The arrays, the format and the memory must stay where they are until the view is released.
 *
 * Of one axis the description may leave out the strides (contiguous items), and for single bytes also the shape;
 * the view then points into itself, and like every view it must not be moved. Of several axes it has both.
 *
 * Returns 0; -1 with `view->obj` NULL and an error set: `BufferError` where the memory cannot meet the request, which
 * starts with the name of the exporter's type, where the description is incomplete or contradicts itself, or where
 * `view` is NULL; `SystemError` for another NULL or invalid flags.
 */
int pybuffer_fill_view(Py_buffer *view, PyObject *exporter, const Py_buffer *description,
    int flags) PYBUFFER_WARN_UNUSED;

/**
 * An exporter of memory of the program (a pybuffer.memory object): a new reference. The arrays and the format of the
 * description are copied; a missing shape (of one axis) and missing strides (C order) are added; a new reference to
 * `description->obj` is kept where it is not NULL.
 *
 * When the object is destroyed, which is after the last view of it has been released, `destroy(context)` is called, once,
 * by the thread that drops the last reference, and then the reference to `description->obj` is dropped; a pending error is
 * left as it is. `destroy` may be NULL. Read-only memory has a hash, by identity, so that memoryviews of it have theirs (of
 * the bytes); writable memory is unhashable.
 *
 * NULL with an error set, and then `destroy` is not called: `BufferError` where the description is incomplete or
 * contradicts itself, also where items of a format that is not NULL do not have `itemsize` bytes; `ValueError` for an invalid format;
 * `MemoryError`, `SystemError` for NULL.
 */
PyObject *pybuffer_memory_new(const Py_buffer *description, pybuffer_destroy destroy,
    void *context) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of such an object, which it holds the only reference to: `destroy(context)` is called when the last
 * memoryview, and the last view, of the memory has been released. A new reference; NULL as with `pybuffer_memory_new`,
 * and then `destroy` is not called.
 */
PyObject *pybuffer_memoryview_from_memory(const Py_buffer *description, pybuffer_destroy destroy,
    void *context) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of memory of the program: items of `format` (NULL is "B"), whose size follows from it, in `ndim` axes of this
 * shape, `strides` bytes apart; NULL for `strides` is C order. `data` is the item at index 0 of every axis. `shape` may be NULL
 * where `ndim` is 0. `destroy(context)` is called when the last memoryview, and the last view, of the memory has been
 * released; `destroy` may be NULL. A new reference.
 *
 * NULL with an error set, and then `destroy` is not called: `ValueError` for an invalid format, a negative shape or more than 64
 * axes; `BufferError` where `data` is NULL though there are items, or they take more bytes than memory has; `MemoryError`,
 * `SystemError` for a NULL `shape` or a negative `ndim`. NumPy: `ndarray(shape, dtype, buffer, strides=...)`.
 */
PyObject *pybuffer_memoryview_wrap(void *data, const char *format, int ndim, const Py_ssize_t *shape,
    const Py_ssize_t *strides, int readonly, pybuffer_destroy destroy, void *context) PYBUFFER_WARN_UNUSED;

/**
 * Checks an exporter: sends each request that PEP 3118 and CPython name, each with and without `PyBUF_WRITABLE` and
 * `PyBUF_FORMAT`, twice by itself, once while another view is held, and some with several views held that are released
 * in another order. `report`, where it is not NULL, is called for each broken rule, once, with the first request
 * that shows it. For tests of exporters.
 *
 * The rules are those of PEP 3118 and CPython's documentation. Where these leave a choice: without `PyBUF_ND`, `itemsize`
 * is 1 or what it is with it, and `ndim` 0, 1 or what it is; `PyBUF_FORMAT` without `PyBUF_ND` may be refused, and "B"
 * answers it; with it NULL is right for items of one byte; after a failure `obj` may be as it was; strides that are not used,
 * for axes of one item and memory of no bytes, may be any, and such memory may count as contiguous or not; an
 * exporter may refuse while others hold views what it answers alone. Reference counts that have changed are a leak where all
 * requests are sent again and they change again; what an exporter keeps for its next answer is none.
 *
 * Returns the number of broken rules, 0 for a correct exporter; -1 with an error set where it cannot be checked:
 * `TypeError` where `obj` exports nothing, `MemoryError` where the exporter raises that, `SystemError` for a NULL `obj`.
 * A pending error is left as it is. `report` may use the library; no other thread may use `obj` meanwhile.
 *
 * It survives a faulty exporter as long as that keeps what no consumer can check: what `obj`, `format` and the arrays point
 * to is there until the view is released, with `ndim` entries where that is 0 to 64.
 */
Py_ssize_t pybuffer_check_exporter(PyObject *obj, pybuffer_report report, void *context) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_check_exporter`, with all that there is to say of a broken rule, and for exporters of another interpreter: `find`,
 * where it is not NULL, is called for each broken rule; `settle`, where it is not NULL, after each call of the exporter's slots,
 * before the error indicator is read. The result and the errors are the same.
 *
 * The prefixed library in a CPython process checks CPython's exporters. A CPython exporter raises in CPython; `settle` clears
 * the error there and raises this library's of the same name.
 */
Py_ssize_t pybuffer_find_faults(PyObject *obj, pybuffer_find find, pybuffer_settle settle,
    void *context) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * The general exporter
 *
 * An ndarray exports any array that PEP 3118 can describe: every format, up to 128 axes, strides of any sign, pointers
 * (suboffsets); memory of its own, or the answer of another exporter to any request. `pybuffer_ndarray_zeros` is for a
 * program that needs an array to fill; its items are accessed through a memoryview of it. The rest makes it an
 * exporter to test consumers with, which can misbehave on demand. CPython: `_testbuffer.ndarray`, an extension
 * module of its own tests; `PYBUFFER_ND_*` have the values of its `ND_*`.
 *
 * An ndarray with memory of its own has a stack of bases, each an array, of which the one on the top answers requests.
 * `pybuffer_ndarray_push` puts another one on it, `pybuffer_ndarray_pop` frees it. Each base counts its views; one that is
 * no longer on the top is freed with its last view, and one that has had none stays below.
 *
 * The `flags` of a base: `PYBUFFER_ND_WRITABLE`, `PYBUFFER_ND_FORTRAN`, `PYBUFFER_ND_PIL`, and for tests
 * `PYBUFFER_ND_GETBUF_FAIL` and `PYBUFFER_ND_GETBUF_UNDEFINED`. `PYBUFFER_ND_C` claims that an array is contiguous in
 * C order, `PYBUFFER_ND_SCALAR` in both orders; if that is false, most requests fail with a
 * `BufferError`.
 * `PYBUFFER_ND_VAREXPORT` is for the object as a whole, when it is made.
 *
 * The arguments that describe a base: `format` may be NULL ("B"); `shape` may be NULL where `ndim` is 0; `strides` may be
 * NULL, which means contiguous, in C order or, with `PYBUFFER_ND_FORTRAN`, in Fortran order. All is copied. Errors about them
 * are `ValueError` for a format that is invalid or has no bytes, a negative length, more than 128 axes, unknown flags, and for
 * an array that does not lie in its memory (see `pybuffer_verify_structure`) or has more bytes than memory can; `TypeError`
 * for `PYBUFFER_ND_PIL` without axes and for `PYBUFFER_ND_FORTRAN` with strides.
 *
 * All of this may be done from several threads at once. The program must synchronize access to the bytes of the memory, and
 * must not pop a base while it uses what `pybuffer_ndarray_get_state` points to.
 */

/** The most axes of an ndarray. Consumers follow `PyBUF_MAX_NDIM`, half of it. */
#define PYBUFFER_ND_MAX_NDIM 128

/** Read-only, strides in C order, nothing special. */
#define PYBUFFER_ND_DEFAULT 0

/** Only when it is made: its layout may be changed (by a push) while views of it are held. */
#define PYBUFFER_ND_VAREXPORT 1

/** The memory may be written. */
#define PYBUFFER_ND_WRITABLE 2

/** Without strides: Fortran order. Set by the library where an array is Fortran-contiguous. */
#define PYBUFFER_ND_FORTRAN 4

/** One item without axes. Set by the library. */
#define PYBUFFER_ND_SCALAR 8

/** The first axis holds pointers (suboffsets). Set by the library where there is an array of suboffsets. */
#define PYBUFFER_ND_PIL 16

/** Of an ndarray of another exporter: requests are passed on, so that views have that one as their `obj`. */
#define PYBUFFER_ND_REDIRECT 32

/** Every request fails with a `BufferError`. */
#define PYBUFFER_ND_GETBUF_FAIL 64

/**
 * With `PYBUFFER_ND_GETBUF_FAIL`: a request that fails leaves an invalid address in `obj`, where NULL belongs.
 */
#define PYBUFFER_ND_GETBUF_UNDEFINED 128

/** Set by the library where an array is C-contiguous. */
#define PYBUFFER_ND_C 256

/** The state of an ndarray: the base on the top of its stack. */
struct pybuffer_ndarray_state {
    /**
     * The full description of the base, as a request for everything is answered, except for `obj`, which is the exporter that
     * an ndarray of another one, or a part, is of (borrowed), and else NULL. It lives until the base is popped, or is
     * no longer on the top and its last view is released.
     */
    const Py_buffer *base;
    /** `PYBUFFER_ND_*`, without `PYBUFFER_ND_VAREXPORT`. */
    int flags;
    /** 1 where the object is of another exporter or a part, so that nothing can be pushed; else 0. */
    int reexports;
    /** Bytes from the start of the memory to the item at index 0; 0 with pointers, -1 where `reexports` is 1. */
    Py_ssize_t offset;
    /** The bytes of its memory, including the leading pointers; -1 where `reexports` is 1. */
    Py_ssize_t memlen;
    /** The views of this base that are held. */
    Py_ssize_t exports;
    /** The number of bases, including those that only a view keeps. */
    Py_ssize_t bases;
};

/** The type of ndarrays. Those that are read-only have a hash, that of their bytes. */
extern PyTypeObject pybuffer_ndarray_type;

/**
 * An ndarray of a copy of the `nbytes` bytes at `items`, in which the item at index 0 of every axis starts at `offset`. A
 * new reference.
 *
 * NULL with an error set: those of the description of a base (see above), `MemoryError`, `SystemError` for a NULL or a
 * negative count.
 */
PyObject *pybuffer_ndarray_new(const void *items, Py_ssize_t nbytes, const char *format, int ndim,
    const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t offset, int flags) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_ndarray_new` from values, packed contiguously by the format: all of an item in the order of the format, as
 * `pybuffer_format_pack` takes them. CPython: `ndarray(items, shape=..., ...)`.
 *
 * NULL also with `ValueError` where the values do not make whole items, one does not fit, or items of the format have
 * none; `TypeError` for a value of the wrong kind.
 */
PyObject *pybuffer_ndarray_from_values(const pybuffer_value *values, Py_ssize_t nvalues, const char *format,
    int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t offset,
    int flags) PYBUFFER_WARN_UNUSED;

/**
 * An ndarray of this format and shape with new memory, all of it 0, contiguous in C order or, with `PYBUFFER_ND_FORTRAN`, in
 * Fortran order, aligned to 16 bytes (after the pointers with `PYBUFFER_ND_PIL` to 8). It is writable, whatever the flags
 * say. A new reference. NumPy: `zeros`.
 *
 * NULL with an error set: those of the description of a base, `MemoryError`, `SystemError` for a NULL.
 */
PyObject *pybuffer_ndarray_zeros(const char *format, int ndim, const Py_ssize_t *shape,
    int flags) PYBUFFER_WARN_UNUSED;

/**
 * An ndarray that exports again what the exporter `obj` answers to the request `PyBUF_*`, which may be any: fields that were
 * not asked for are missing, and requests for them fail with a `BufferError`. It holds the view, so that nothing can be
 * pushed on it. With `PYBUFFER_ND_REDIRECT`, the only other flag there is here, requests are passed on to the object of the
 * view. A new reference. CPython: `ndarray(obj, getbuf=..., flags=...)`.
 *
 * NULL with an error set: `TypeError` where `obj` exports nothing or for other flags, whatever the exporter raises,
 * `BufferError` where its answer contradicts itself or the request, `ValueError` for more than 128 axes,
 * `MemoryError`, `SystemError` for NULL or `PyBUF_READ` and `PyBUF_WRITE`.
 */
PyObject *pybuffer_ndarray_from_object(PyObject *obj, int request, int flags) PYBUFFER_WARN_UNUSED;

/**
 * Pushes another base on the stack, described as for `pybuffer_ndarray_new`.
 *
 * Returns 0; -1 with `BufferError` where views of the base on the top are held and the ndarray was made without
 * `PYBUFFER_ND_VAREXPORT`, or where it is one of another exporter or a part; `ValueError` for `PYBUFFER_ND_VAREXPORT`;
 * `TypeError` if `nd` is not an ndarray; those of `pybuffer_ndarray_new`. CPython: `ndarray.push`.
 */
int pybuffer_ndarray_push(PyObject *nd, const void *items, Py_ssize_t nbytes, const char *format, int ndim,
    const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t offset, int flags) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_ndarray_push` from values, as for `pybuffer_ndarray_from_values`.
 *
 * Returns 0; -1 with the errors of the two.
 */
int pybuffer_ndarray_push_values(PyObject *nd, const pybuffer_value *values, Py_ssize_t nvalues,
    const char *format, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t offset,
    int flags) PYBUFFER_WARN_UNUSED;

/**
 * Frees the base on the top of the stack; the one below answers requests from then on.
 *
 * Returns 0; -1 with `BufferError` where views of the base are held (with `PYBUFFER_ND_VAREXPORT`, too), it is the only one,
 * or the ndarray is one of another exporter or a part; `TypeError` if `nd` is not an ndarray, `SystemError` for NULL.
 * CPython: `ndarray.pop`.
 */
int pybuffer_ndarray_pop(PyObject *nd) PYBUFFER_WARN_UNUSED;

/**
 * The current state of the ndarray: the base on the top, with its full description, and its counts.
 *
 * Returns 0; -1 with `TypeError` if `nd` is not an ndarray, `SystemError` for NULL. CPython: the attributes of `ndarray`.
 */
int pybuffer_ndarray_get_state(PyObject *nd, pybuffer_ndarray_state *state) PYBUFFER_WARN_UNUSED;

/**
 * An ndarray of the part that `count` subscripts select, as `pybuffer_memoryview_subscript` takes them. It holds a view of
 * the ndarray, and shares its memory. `subscripts` may be NULL where `count` is 0. An array of suboffsets is kept, also
 * where no pointer is left in it. A new reference. CPython: `ndarray[...]`, which takes slices, or one index.
 *
 * NULL with `TypeError` if `nd` is not an ndarray, `BufferError` where it does not answer `PyBUF_FULL_RO`, the errors of
 * `pybuffer_memoryview_subscript` (of which there may be 128 axes), `MemoryError`, `SystemError` for NULL.
 */
PyObject *pybuffer_ndarray_subscript(PyObject *nd, const pybuffer_subscript *subscripts,
    int count) PYBUFFER_WARN_UNUSED;

/**
 * Copies the items of `source`, any exporter, to the part that the subscripts select: the same shape and the same text of
 * the format. The two may share memory: it is as if the items went through a temporary.
 *
 * Returns 0; -1 with `TypeError` where the memory is read-only or `source` exports nothing, `ValueError` where the
 * structures differ or have more than 64 axes, those of `pybuffer_ndarray_subscript`, and whatever the exporter raises.
 * Nothing is written then. CPython: `ndarray[...] = source`, which copies row by row, so that an overlap may give
 * another result.
 */
int pybuffer_ndarray_assign(PyObject *nd, const pybuffer_subscript *subscripts, int count,
    PyObject *source) PYBUFFER_WARN_UNUSED;

/**
 * Adds suboffsets to the base on the top, all negative and so without effect on addresses. With them it no longer counts as
 * contiguous. Views that are held do not change.
 *
 * Returns 0; -1 with `TypeError` where it has suboffsets, or no strides, or `nd` is not an ndarray; `SystemError` for NULL.
 * CPython: `ndarray.add_suboffsets`.
 */
int pybuffer_ndarray_add_suboffsets(PyObject *nd) PYBUFFER_WARN_UNUSED;

/**
 * Whether an array lies in `memlen` bytes of memory, by the rules of CPython's documentation ("NumPy-style: shape and
 * strides"): `offset`, from the start of the memory to the item at index 0 of every axis, and each stride is a multiple of
 * `itemsize`; there is room for an item at `offset`, and for all items unless an axis has none. Sizes and lengths below 0, and
 * items of 0 bytes, give 0. Sizes that do not fit in 64 bits do not fit in memory. Both arrays have `ndim` entries, and
 * may be NULL where that is 0.
 *
 * 1 or 0; -1 with `SystemError` for another NULL. A negative `ndim` gives 0.
 */
int pybuffer_verify_structure(Py_ssize_t memlen, Py_ssize_t itemsize, Py_ssize_t ndim,
    const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t offset) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Formats
 *
 * The syntax of PEP 3118: Python's struct module's, and with it `^` (native, unaligned), prefixes anywhere, `g` (long
 * double), `Zf Zd Zg Ze F D G` (complex), `u w` (code units of text), `t` (bits), `O & X{} z Z` (pointers), `(k1,k2)`
 * (sub-arrays, which nest: `(k1)(k2)`), `T{...}` (records) and `:name:`. A parsed format is an object; it never changes
 * and may be used from all threads. Its items are structs that a program walks and does not own.
 *
 * Where producers of formats disagree: a prefix holds until the next one, through records; `@` aligns and, in force
 * at the end of a record, pads it to its alignment, as C does (a format as a whole is not padded, as in the struct
 * module); `g O P & X z Z` have their native size with every prefix, and addresses the byte order of the machine. `u` has two
 * bytes in a format by itself. In a view it has four, as in ctypes' `wchar_t`, if the format has the view's itemsize with four
 * bytes and not with two. `x` is padding, and has no value, unless it has a name or the format is padding alone, as NumPy's
 * `3x` is: then it is bytes.
 * (`==` and `pybuffer_ndarray` follow CPython, and see no value in either.)
 */

/** Padding (`x`) that has a name, or is alone in the format; as a value, bytes. */
#define PYBUFFER_KIND_PAD 0

/** One byte, as bytes (`c`). */
#define PYBUFFER_KIND_CHAR 1

/** A signed integer (`b h i l q n`). */
#define PYBUFFER_KIND_SIGNED 2

/** An unsigned integer (`B H I L Q N`). */
#define PYBUFFER_KIND_UNSIGNED 3

/** A truth value (`?`). */
#define PYBUFFER_KIND_BOOL 4

/** A floating-point number (`e f d g`). */
#define PYBUFFER_KIND_FLOAT 5

/** Bytes (`s`). */
#define PYBUFFER_KIND_BYTES 6

/** Bytes, whose first is the length in use (`p`). */
#define PYBUFFER_KIND_PASCAL 7

/** A complex number (`Ze Zf Zd Zg F D G`). */
#define PYBUFFER_KIND_COMPLEX 8

/** Code units of text (`u`, UCS-2; `w`, UCS-4). */
#define PYBUFFER_KIND_TEXT 9

/** Bits (`t`). */
#define PYBUFFER_KIND_BITS 10

/** An address (`P`, `&` and what it is the address of, `z`, `Z`). */
#define PYBUFFER_KIND_POINTER 11

/** The address of a Python object (`O`). */
#define PYBUFFER_KIND_OBJECT 12

/** The address of a function (`X{}`). */
#define PYBUFFER_KIND_FUNCTION 13

/** Consecutive items (`T{}`, or several at the top). */
#define PYBUFFER_KIND_RECORD 14

/** Of a value only: a C `long double`, from an item of the kind `FLOAT` with the code "g". */
#define PYBUFFER_KIND_LONG_DOUBLE 15

/**
 * An item of a format: a number, a string, an array of them, a record with fields of its own. Items are made by
 * `pybuffer_format_parse`, belong to the format, never change, and live as long as it does.
 */
struct pybuffer_item {
    /** The name of a field, without its colons; NULL where it has none. */
    const char *name;
    /** What an element is: `PYBUFFER_KIND_*`. */
    int kind;
    /** '<' or '>': the order of the bytes of its numbers. */
    char byteorder;
    /** The format code, as a C string: "i", "Zd", "T"; "" for a record that is the format as a whole. */
    char code[3];
    /** The bytes from the start of the record to this field; 0 at the top. */
    Py_ssize_t offset;
    /** The bytes of one element. */
    Py_ssize_t itemsize;
    /** The alignment that an element has by the format: 1 unless it is aligned natively. */
    Py_ssize_t alignment;
    /** The number of elements: the product of the shape. */
    Py_ssize_t elements;
    /** Bytes of `s` and `p`, code units of `u` and `w`, bits of `t`; else 1. */
    Py_ssize_t length;
    /** For bits: the number of the first one in its byte, counted from the end that bytes are filled from. */
    Py_ssize_t first_bit;
    /** The number of axes of a sub-array; 0 for a single element. */
    Py_ssize_t ndim;
    /** The lengths of the axes. */
    const Py_ssize_t *shape;
    /** The number of fields of a record; 1 for a pointer that says what it points to. */
    Py_ssize_t nfields;
    /** The first field of a record, or what a pointer points to; NULL where there is none. */
    const pybuffer_item *fields;
    /** The field after this one in its record; NULL for the last. */
    const pybuffer_item *next;
};

/** Some bytes, which the struct does not own. */
struct pybuffer_bytes {
    /** The first one. */
    const char *start;
    /** Their number. */
    Py_ssize_t length;
};

/** What a value is; its kind says which member. (`SIGNED` is short for `PYBUFFER_KIND_SIGNED`, and so on.) */
union pybuffer_value_as {
    /** `SIGNED`. */
    int64_t i;
    /**
     * `UNSIGNED`; `BOOL`, 0 or 1; `BITS`; `TEXT`, one code unit; `POINTER`, `OBJECT` and `FUNCTION`, the address.
     */
    uint64_t u;
    /** `FLOAT`. */
    double real;
    /** `COMPLEX`: the real part and the imaginary part. */
    double parts[2];
    /** `CHAR`, `BYTES`, `PASCAL` and `PAD`; in the item's memory when unpacked. */
    pybuffer_bytes bytes;
    /**
     * `LONG_DOUBLE`: the bytes of a C `long double`, to be copied to one; their alignment is that of the struct.
     */
    uint8_t long_double[16];
};

/**
 * One value of an item. Unpacking gives the kinds `SIGNED`, `UNSIGNED`, `BOOL`, `FLOAT`, `LONG_DOUBLE`, `COMPLEX`, `BYTES` (of
 * all items that are bytes), `TEXT`, `BITS` and `POINTER` (of all addresses); packing takes all that an item can be.
 */
struct pybuffer_value {
    /** `PYBUFFER_KIND_*`. */
    int kind;
    /** The value. */
    union pybuffer_value_as as;
};

/* Values to pack, and to look for: an integer of either sign, a float, a complex number, bytes, which stay where they
 * are. */
static inline pybuffer_value pybuffer_inline_int(int64_t number)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_SIGNED;
    value.as.i = number;
    return value;
}
static inline pybuffer_value pybuffer_inline_uint(uint64_t number)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_UNSIGNED;
    value.as.u = number;
    return value;
}
static inline pybuffer_value pybuffer_inline_real(double number)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_FLOAT;
    value.as.real = number;
    return value;
}
static inline pybuffer_value pybuffer_inline_complex(double real, double imaginary)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_COMPLEX;
    value.as.parts[0] = real;
    value.as.parts[1] = imaginary;
    return value;
}
static inline pybuffer_value pybuffer_inline_bytes_value(const char *start, Py_ssize_t length)
{
    pybuffer_value value;
    value.kind = PYBUFFER_KIND_BYTES;
    value.as.bytes.start = start;
    value.as.bytes.length = length;
    return value;
}
#define PYBUFFER_INT(number) pybuffer_inline_int(number)
#define PYBUFFER_UINT(number) pybuffer_inline_uint(number)
#define PYBUFFER_REAL(number) pybuffer_inline_real(number)
#define PYBUFFER_COMPLEX(real, imaginary) pybuffer_inline_complex((real), (imaginary))
#define PYBUFFER_BYTES(start, length) pybuffer_inline_bytes_value((start), (length))

/** The type of parsed formats, the objects that `pybuffer_format_parse` makes. */
extern PyTypeObject pybuffer_format_type;

/**
 * Parses a format. A new reference; for a single native code of the struct module an immortal object, for
 * which no memory is needed.
 *
 * NULL with `ValueError` that names what was expected and at which byte, `MemoryError`, or `SystemError` for NULL. Items that
 * take no bytes may have more elements, or more values, than a `Py_ssize_t` can count: such a format has a size
 * (`PyBuffer_SizeFromFormat`), but cannot be described, which is a `ValueError`, too.
 */
PyObject *pybuffer_format_parse(const char *format) PYBUFFER_WARN_UNUSED;

/**
 * Parses the format of a view, whose items have `itemsize` bytes. The itemsize decides whether `u` has two bytes or four
 * (see above); a `u` of four bytes is described as a `w`. A new reference, or NULL, as `pybuffer_format_parse`;
 * `ValueError` also where the format needs more bytes than `itemsize`.
 */
PyObject *pybuffer_format_parse_sized(const char *format, Py_ssize_t itemsize) PYBUFFER_WARN_UNUSED;

/**
 * The item that the format describes: if there is only one, that one; otherwise a record without a code, whose fields are the
 * items. It lives as long as the format. NULL with `TypeError` if `format` is not a format, `SystemError` for NULL.
 */
const pybuffer_item *pybuffer_format_root(PyObject *format);

/**
 * The bytes of an item as a whole: what `PyBuffer_SizeFromFormat` says. -1 with `TypeError` if `format` is not a format,
 * `SystemError` for NULL.
 */
Py_ssize_t pybuffer_format_itemsize(PyObject *format) PYBUFFER_WARN_UNUSED;

/**
 * The largest alignment of an item that is aligned natively, at least 1. -1 with `TypeError` if `format` is not a format,
 * `SystemError` for NULL.
 */
Py_ssize_t pybuffer_format_alignment(PyObject *format) PYBUFFER_WARN_UNUSED;

/**
 * The text that was parsed. It lives as long as the format. NULL with `TypeError` if `format` is not a format, `SystemError`
 * for NULL.
 */
const char *pybuffer_format_text(PyObject *format);

/**
 * The canonical spelling, as a bytes object: standard codes, a prefix where the byte order matters and changes, padding
 * written out. It describes the same item on every machine with pointers of the same size, and parses to it. A new
 * reference; NULL with `TypeError` if `format` is not a format, `MemoryError`, or `SystemError` for NULL.
 */
PyObject *pybuffer_format_canonical(PyObject *format) PYBUFFER_WARN_UNUSED;

/**
 * The format of one item of a parsed format, with its shape and without its name, as text that means the same wherever it is
 * put: a bytes object with the canonical spelling. A new reference; NULL with `MemoryError`, or `SystemError` for NULL.
 */
PyObject *pybuffer_item_format(const pybuffer_item *item) PYBUFFER_WARN_UNUSED;

/**
 * Whether two formats describe the same item: the same values in the same bytes, and, if `names` is not 0, with the
 * same names. 1 or 0; -1 with `TypeError` if one is not a format, `SystemError` for NULL.
 */
int pybuffer_format_equivalent(PyObject *a, PyObject *b, int names) PYBUFFER_WARN_UNUSED;

/**
 * The number of values that an item has: each element of a sub-array and each code unit of text is one, and all bytes of
 * an `s` or `p` together; padding has none unless it is an item (see above), and the value of a pointer is the address. -1
 * with `TypeError` if `format` is not a format, `SystemError` for NULL.
 */
Py_ssize_t pybuffer_format_value_count(PyObject *format) PYBUFFER_WARN_UNUSED;

/**
 * Unpacks one item: reads as many bytes as its size says at `item`, at any alignment, and writes as many values as there
 * are to `values`, in the order of the format. Bytes stay in the item, and are pointed to.
 *
 * Returns 0; -1 with `TypeError` if `format` is not a format, `MemoryError` where so many values cannot fit in memory, and
 * `SystemError` for NULL.
 */
int pybuffer_format_unpack(PyObject *format, const void *item, pybuffer_value *values) PYBUFFER_WARN_UNUSED;

/**
 * Unpacks `count` items, each `stride` bytes after the one before, whose values follow each other in `values`.
 *
 * Returns 0; -1 with `TypeError` if `format` is not a format, `MemoryError` where so many values cannot fit in memory, and
 * `SystemError` for NULL or a negative count.
 */
int pybuffer_format_unpack_items(PyObject *format, const void *items, Py_ssize_t stride, Py_ssize_t count,
    pybuffer_value *values) PYBUFFER_WARN_UNUSED;

/**
 * Packs one item from its values, which are checked as Python's `struct.pack` checks its arguments; padding becomes 0.
 * No value may be bytes in the item itself.
 *
 * Returns 0; -1 with an error set, and then nothing is written: `TypeError` for a value of the wrong kind or where
 * `format` is not a format, `ValueError` for one that is out of range, `MemoryError` where so many values cannot fit in
 * memory, and `SystemError` for NULL.
 */
int pybuffer_format_pack(PyObject *format, void *item, const pybuffer_value *values) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Other protocols
 *
 * Bridges to three other protocols for arrays: DLPack (tensors, of PyTorch, JAX, NumPy and others), Arrow's C data interface
 * (columns, of PyArrow, Polars, DuckDB and others), and NumPy's array interface (`__array_struct__`). No item is copied: both
 * sides have the same memory, and the program must synchronize access to it.
 *
 * An export keeps the memory with a memoryview of its own, as `PyMemoryView_FromObject` makes it, until its deleter
 * is called, which any thread may do, once, and which leaves a pending error as it is. A memoryview that was exported may be
 * released meanwhile; the object behind it stays exported.
 *
 * An import is a memoryview (of a `pybuffer.memory` object), whose last release, or that of the last view of the memory, calls
 * the producer's deleter, once, in the thread that it happens in. What structs say is checked for contradictions; that their
 * pointers lead to as much as they say is up to the producer.
 *
 * What DLPack calls a tensor: dlpack.h may be included before or after this header, which only names its structs; the structs
 * of version 1 and those before it (`_unversioned`) are known. Strides are counted in elements, may be negative in both
 * directions (not all consumers take them), and NULL is C order. Items are
 *
 *     DLPack                               format
 *     kDLInt, kDLUInt, 8 to 64 bits        b h i q, B H I Q (from: also l n, L N)
 *     kDLFloat, 16, 32, 64 bits            e f d
 *     kDLComplex, 32, 64, 128 bits         Ze Zf Zd
 *     kDLBool, 8 bits                      ?
 *     kDLBfloat, 16 bits                   2x, with PYBUFFER_DLPACK_INTEGERS H (from: see PYBUFFER_DLPACK_BFLOAT16)
 *     kDLFloat8_*, 8 bits                  1x, with PYBUFFER_DLPACK_INTEGERS B (from: none)
 *
 * and several lanes are one more axis, the last.
 *
 * What Arrow calls an array: ArrowArray and ArrowSchema are defined here as Arrow's specification says, with its guard. An array
 * has one axis; a second one are fixed-size lists (`+w:`), and several more than one are the extension type
 * arrow.fixed_shape_tensor, whose storage is fixed-size lists. Nested lists, and tensors, are axes of an import; the axes of a
 * tensor are those of its memory, also where its metadata names a permutation of them. Items are
 *
 *     Arrow                                format
 *     c s i l, C S I L                     b h i q, B H I Q (from: also l n, L N)
 *     e f g                                e f d
 *     w:N, N bytes                         Ns (from: also c, Nx and records, without their fields)
 *     tdD tts ttm tiM, 32 bits             i (from: none)
 *     tdm ttu ttn ts* tD*, 64 bits         q (from: none)
 */

/** For exports: refuse memory that is read-only, instead of saying so. */
#define PYBUFFER_DLPACK_WRITABLE 1

/** For exports: items of two bytes without a type ("2x", "2s") and `H` are bfloat16. */
#define PYBUFFER_DLPACK_BFLOAT16 2

/**
 * For imports: bfloat16 is `H` and floats of 8 bits are `B`, the integers with the same bits; else they are the opaque items
 * "2x" and "1x".
 */
#define PYBUFFER_DLPACK_INTEGERS 4

/** Contiguous in C order. NumPy: `NPY_ARRAY_C_CONTIGUOUS`. */
#define PYBUFFER_ARRAY_C_CONTIGUOUS 1

/** Contiguous in Fortran order. NumPy: `NPY_ARRAY_F_CONTIGUOUS`. */
#define PYBUFFER_ARRAY_F_CONTIGUOUS 2

/** Each number is at a multiple of its size. NumPy: `NPY_ARRAY_ALIGNED`. */
#define PYBUFFER_ARRAY_ALIGNED 256

/** Numbers have the byte order of the machine. NumPy: `NPY_ARRAY_NOTSWAPPED`. */
#define PYBUFFER_ARRAY_NOTSWAPPED 512

/** The memory may be written. NumPy: `NPY_ARRAY_WRITEABLE`. */
#define PYBUFFER_ARRAY_WRITEABLE 1024

/** `descr` is there. NumPy: `NPY_ARR_HAS_DESCR`. */
#define PYBUFFER_ARRAY_HAS_DESCR 2048

/**
 * NumPy's `PyArrayInterface`, what the capsule of `__array_struct__` points to. NumPy: `numpy/ndarraytypes.h`.
 */
struct pybuffer_array_interface {
    /** 2, by which a consumer knows the struct. */
    int two;
    /** The number of axes. */
    int nd;
    /**
     * The kind of the items: 'b' truth value, 'i' signed, 'u' unsigned integer, 'f' float, 'c' complex number, 'S' bytes, 'U'
     * text (UCS-4), 'V' void.
     */
    char typekind;
    /** The bytes of an item. */
    int itemsize;
    /** `PYBUFFER_ARRAY_*`. */
    int flags;
    /** Items along each axis. */
    Py_ssize_t *shape;
    /** Bytes from one index of an axis to the next. */
    Py_ssize_t *strides;
    /** The item at index 0 of every axis. */
    void *data;
    /** With `PYBUFFER_ARRAY_HAS_DESCR`, Python's description of the items; not used here. */
    PyObject *descr;
};

/* DLPack's structs, which dlpack.h defines. */
struct DLManagedTensor;
struct DLManagedTensorVersioned;

/* Arrow's structs, as its specification has them: whoever comes first defines them. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
    /* The type of an array. */
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    /* NULL where it has been released. */
    void (*release)(struct ArrowSchema *);
    /* The producer's. */
    void *private_data;
};
struct ArrowArray {
    /* The memory of an array. */
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    /* NULL where it has been released. */
    void (*release)(struct ArrowArray *);
    /* The producer's. */
    void *private_data;
};
#endif

/**
 * A tensor of the memory of `obj`, a bytes-like object: the caller's, who calls `tensor->deleter(tensor)`, or hands it to a
 * consumer that does. Read-only memory has `DLPACK_FLAG_BITMASK_READ_ONLY`. `flags`: 0, `PYBUFFER_DLPACK_WRITABLE`,
 * `PYBUFFER_DLPACK_BFLOAT16`. Its version is 1.0, its device the CPU, and `byte_offset` 0, so `data` may have any alignment.
 * A tensor without items has NULL for `data`; its strides, and those of axes of one item, may mean nothing.
 *
 * NULL with an error set, and nothing is kept: `TypeError` where `obj` exports nothing; `BufferError` for items that are not in
 * the table above, numbers in the other byte order, strides that are no multiples of the itemsize, and read-only memory with
 * `PYBUFFER_DLPACK_WRITABLE`; `NotImplementedError` for suboffsets; `ValueError` for an invalid format, a released memoryview and
 * more than 64 axes; whatever the exporter raises; `MemoryError`, `SystemError` for NULL or other flags. Sub-arrays ("2f") are
 * axes of `pybuffer_memoryview_elements`. NumPy: `ndarray.__dlpack__`.
 */
struct DLManagedTensorVersioned *pybuffer_dlpack_export(PyObject *obj, int flags) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_dlpack_export` to the struct from before version 1. NULL also with `BufferError` for read-only memory, of
 * which it cannot tell.
 */
struct DLManagedTensor *pybuffer_dlpack_export_unversioned(PyObject *obj, int flags) PYBUFFER_WARN_UNUSED;

/**
 * A memoryview of a tensor, which is taken over in any case: where this fails, its deleter has been called. (A tensor of another
 * version can be used for nothing else, and no caller needs a path for a tensor left over.) A NULL deleter is not called.
 * The memoryview is read-only where the tensor is. `flags`: 0 or `PYBUFFER_DLPACK_INTEGERS`. A new reference.
 *
 * NULL with an error set: `BufferError` for another major version than 1, another device than the CPU (also for memory that
 * the CPU shares with one), and types that are not in the table above; `ValueError` for what contradicts itself: 0 lanes, a
 * negative ndim, shapes or offsets that memory cannot have, NULL for a shape or for memory that is not empty; also for more than
 * 64 axes; `MemoryError`, `SystemError` for NULL or other flags. NumPy: `from_dlpack`.
 */
PyObject *pybuffer_dlpack_import(struct DLManagedTensorVersioned *tensor, int flags) PYBUFFER_WARN_UNUSED;

/**
 * `pybuffer_dlpack_import` from the struct from before version 1. The memoryview is writable: whether the memory may be
 * written, the struct does not say.
 */
PyObject *pybuffer_dlpack_import_unversioned(struct DLManagedTensor *tensor, int flags) PYBUFFER_WARN_UNUSED;

/**
 * Writes an array of the C-contiguous memory of `obj`, a bytes-like object, and its schema, into structs of the caller's, who
 * calls the `release` of each or hands them to a consumer that does. The offset is 0, and nothing is null (the schema says
 * that it could be, as most producers' do). Consumers must not write to the memory, whether it is writable or not.
 *
 * Returns 0; -1 with an error set, and then `release` is NULL in both: `TypeError` where `obj` exports nothing; `BufferError`
 * for memory that is not C-contiguous, items that are not in the table above (truth values, which Arrow packs into bits, and
 * complex numbers among them), numbers in the other byte order, no axes, and more than 2147483647 items or bytes where Arrow
 * has an `int32_t`; `NotImplementedError` for suboffsets; `ValueError` for an invalid format and a released memoryview; whatever
 * the exporter raises; `MemoryError`, `SystemError` for NULL. PyArrow: `Array._export_to_c`.
 */
int pybuffer_arrow_export(PyObject *obj, struct ArrowArray *array,
    struct ArrowSchema *schema) PYBUFFER_WARN_UNUSED;

/**
 * A read-only memoryview of an array. Both structs are moved, as Arrow's specification calls it, in any case: their `release` is
 * NULL afterwards. The schema has been released when this returns; the array is with the memoryview, and has been where
 * this fails. (Neither is, where one of the pointers is NULL.) A new reference.
 *
 * The first axis is the array, from its offset on; lists of a fixed size are further ones. Bitmaps of validity are read where the
 * number of nulls is not 0.
 *
 * NULL with an error set: `BufferError` for types that are not in the table above (truth values are bits), dictionaries, and
 * nulls among the items; `ValueError` for a struct that has been released, and for what contradicts itself: negative counts, other
 * numbers of buffers and children than the type has, NULL where there is something, a child that is too short, metadata of a
 * tensor that does not fit; also for more than 64 axes; `MemoryError`, `SystemError` for NULL. PyArrow: `Array._import_from_c`.
 */
PyObject *pybuffer_arrow_import(struct ArrowArray *array, struct ArrowSchema *schema) PYBUFFER_WARN_UNUSED;

/**
 * The array interface of the memory of `obj`, a bytes-like object: a new struct with arrays of its own, to be freed by
 * `pybuffer_array_interface_free`. Numbers of either byte order, records (as void, without their fields), bytes and UCS-4 text
 * have one, too. Flags say what the layout is; `descr` is NULL.
 *
 * NumPy's reader of these structs (2.4) takes the itemsize of text for a number of characters, four times as many, also
 * where NumPy has made the struct: hand it the memory of text in another way.
 *
 * NULL with an error set: `TypeError` where `obj` exports nothing; `BufferError` for other items (addresses, bits, UCS-2,
 * sub-arrays) and an itemsize that does not fit in an int; `NotImplementedError` for suboffsets; `ValueError` for an invalid format
 * and a released memoryview; whatever the exporter raises; `MemoryError`, `SystemError` for NULL.
 * NumPy: `ndarray.__array_struct__`.
 */
pybuffer_array_interface *pybuffer_array_interface_export(PyObject *obj) PYBUFFER_WARN_UNUSED;

/**
 * Frees a struct that `pybuffer_array_interface_export` made, and drops its view of the memory. From any thread; NULL is
 * ignored. (It takes a `void *`, so that it can be the `destroy` of an import, or called by the destructor of a capsule.)
 */
void pybuffer_array_interface_free(void *array);

/**
 * A memoryview of the memory that the struct describes, which is read now and never again. The struct has no deleter of its own,
 * so the memory is the caller's as with `pybuffer_memoryview_wrap`: `destroy(context)` is called when the last memoryview, and
 * the last view, of the memory has been released; it may be NULL, and typically drops the object that had the capsule. A new
 * reference.
 *
 * Void ('V') is "Nx", with or without `descr`; text is "Nw", bytes are "Ns". Without `PYBUFFER_ARRAY_NOTSWAPPED` numbers have
 * the other byte order, without `PYBUFFER_ARRAY_WRITEABLE` the memory is read-only; the other flags are not looked at. NULL for
 * `strides` is C order.
 *
 * NULL with an error set, and then `destroy` is not called: `BufferError` for other kinds of items ('O', 'm', 'M', 't') and
 * sizes that a kind does not have; `ValueError` where `two` is not 2, for negative counts, a NULL shape, NULL for memory that
 * is not empty, a shape that memory cannot have, and more than 64 axes; `MemoryError`, `SystemError` for NULL.
 * NumPy: `asarray` of an object with `__array_struct__`.
 */
PyObject *pybuffer_array_interface_import(const pybuffer_array_interface *array, pybuffer_destroy destroy,
    void *context) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Planes of pictures
 *
 * Decoders and cameras hand out a picture as planes: Y, U and V, or Y and pairs of U and V. Each has rows at a distance of its own,
 * the line size (stride, pitch), which is more than a row where rows are padded, and negative where row 0 is the last one in
 * memory. These functions make memoryviews of the planes, and one exporter of memoryviews of planes. No item is copied.
 *
 *     pybuffer_plane planes[PYBUFFER_MAX_PLANES];
 *     PyObject *views[PYBUFFER_MAX_PLANES], *picture;
 *     int count = pybuffer_planes_layout(planes, "yuv420p", frame->width, frame->height, NULL);
 *     for (int i = 0; i < count; i++) {
 *         planes[i].data = frame->data[i];
 *         planes[i].line_size = frame->linesize[i];
 *     }
 *     if (count > 0 && pybuffer_planes_wrap(planes, count, 0, free_frame, frame, views) == 0) {
 *         picture = pybuffer_planes_join(views, count);
 *         ...
 *
 * Of I420, `views` have the shapes {height, width} and twice {height / 2, width / 2}; of NV12 {height, width} and
 * {height / 2, width / 2, 2}, where `pybuffer_memoryview_select(views[1], "..., 0")` is U; halves are rounded up. The bytes
 * of `picture` in C order are those of the picture in a file: `PyBuffer_ToContiguous` packs it, `PyBuffer_FromContiguous` writes a
 * packed one to the planes, and `PyObject_CopyData` copies from one picture to another, whatever the line sizes are.
 */

/** The most planes of a pixel format that `pybuffer_planes_layout` knows. */
#define PYBUFFER_MAX_PLANES 4

/**
 * A plane: rows of one length, at one distance. FFmpeg: an entry of `data` and of `linesize` in an `AVFrame`.
 */
struct pybuffer_plane {
    /** The first item of row 0; NULL only where there are no items. */
    void *data;
    /**
     * Bytes from a row to the next one. Negative where row 0 is the last one in memory; else at least the bytes of a row,
     * and more where rows are padded.
     */
    Py_ssize_t line_size;
    /** The number of rows. */
    Py_ssize_t rows;
    /** The samples of a row; where several components are interleaved, the groups of them. */
    Py_ssize_t columns;
    /**
     * The items of a group, which are an axis of their own: 2 for U and V in NV12, 3 for RGB. 0 where each column is one item,
     * and the plane has two axes.
     */
    Py_ssize_t components;
    /** The format of an item; NULL is "B". */
    const char *format;
};

/**
 * Describes the planes of a picture of `width` times `height` pixels: writes rows, columns, components and format of each, and as
 * `line_size` the bytes of a row. With `data`, which may be NULL, the planes are those of a packed picture that starts there, one
 * after the other without padding; without it they have no `data` yet. Their format is static. Chroma planes of odd sizes are
 * rounded up, as everywhere; a picture may have no pixels.
 *
 * `name` is FFmpeg's name of a pixel format, in upper or lower case, or one of those in parentheses:
 *
 *     gray (grey, gray8, y8, y800); yuv420p (i420, iyuv, yv12), yuv422p (i422, yv16, y42b), yuv444p (i444, yv24), yuv440p,
 *     yuv411p (i411, y41b), also as yuvj...; yuv410p; yuva420p, yuva422p, yuva444p, with alpha last; gbrp, gbrap
 *     nv12, nv21, nv16, nv61, nv24, nv42; p010, p012, p016, p210, p212, p216, p410, p412, p416
 *     ya8 (gray8a), ya16, rgb24, bgr24, rgba, bgra, argb, abgr, rgb0, bgr0, 0rgb, 0bgr, rgb48, bgr48, rgba64, bgra64
 *     yuyv422 (yuyv, yuy2), uyvy422 (uyvy), yvyu422 (yvyu): a column is two pixels, of four components
 *
 * The planes stand in the order of the name's letters (yv12, yv16, yv24: Y, V, U). Names of the first line, and those of planar
 * RGB, may end in a number of bits from 9 to 16 (gray16, yuv420p10), and then, like p010, rgb48 and the like, in `le` or `be`.
 * Samples of more than 8 bits are "H"; in the other byte order than the machine's ">H" or "<H". Their values are those in memory:
 * p010 has the number in the 10 upper bits, yuv420p10 in the lower ones.
 *
 * Returns the number of planes, at most `PYBUFFER_MAX_PLANES`, for which there must be room; -1 with `ValueError` for another
 * name, a negative size or one too large for memory, `SystemError` for NULL.
 */
int pybuffer_planes_layout(pybuffer_plane *planes, const char *name, Py_ssize_t width, Py_ssize_t height,
    void *data) PYBUFFER_WARN_UNUSED;

/**
 * Memoryviews of the `count` planes of a picture, at least one, as new references in `views`: of {rows, columns} items, or
 * {rows, columns, components}. `planes` is read now and never again. `readonly` is 0 or not.
 *
 * The memory stays the program's until the last memoryview, and the last view, of any of the planes has been released. Then
 * `destroy(context)` is called, once, as with `pybuffer_memoryview_wrap`; it may be NULL.
 *
 * Returns 0; -1 with an error set, and then all of `views` are NULL (where it is not NULL itself) and `destroy` is not called:
 * `ValueError` for negative rows, columns or components, rows that overlap (a line size of fewer bytes than a row, of more than
 * one row; `pybuffer_memoryview_broadcast` repeats a row), sizes and line sizes that lead out of memory, no plane and an invalid
 * format; `BufferError` where `data` is NULL though there are items; `MemoryError`, `SystemError` for NULL or a negative count.
 */
int pybuffer_planes_wrap(const pybuffer_plane *planes, int count, int readonly, pybuffer_destroy destroy,
    void *context, PyObject **views) PYBUFFER_WARN_UNUSED;

/**
 * One exporter of the planes of a picture: a memoryview whose items, in C order, are those of the `count` bytes-like objects, at
 * least one, one after the other, each in C order. Planes may come from `pybuffer_planes_wrap`, from several exporters, and be
 * cropped, flipped or repeated. All have one format. A new reference; it keeps views of the objects until it, and the last view
 * of it, have been released, and is read-only where one of them is.
 *
 * It has two axes: pieces, and the items of a piece. A piece has as many items as the greatest common divisor of the lengths of
 * all rows: width / 2 for I420, width for NV12 and of even width. Where the pieces lie at one distance, it is plain strided memory,
 * contiguous where the planes are packed. Else the first axis follows pointers (suboffsets {0, -1}) in a table, which takes 8 bytes
 * for each piece; consumers must ask with `PyBUF_INDIRECT`, as all functions of this library do. An odd width has nothing in common
 * with its half, so that I420 has pieces of one item then: a large table, of which copies take adjacent items as one.
 *
 * (A row is what belongs to one index of the first axis; a view of one axis is one row. Where the items of a row do not lie at one
 * distance, as in the first three of four components, pieces are shorter; where those of two planes lie at different
 * distances, as in a plane and half of an interleaved one, pieces have one item. Planes without items do not matter.)
 *
 * NULL with an error set: `TypeError` where an object exports nothing; `BufferError` for several formats; `NotImplementedError` for
 * suboffsets; `ValueError` for no objects, more items than memory has, a released memoryview and more than 64 axes; whatever an
 * exporter raises; `MemoryError`, `SystemError` for NULL or a negative count.
 */
PyObject *pybuffer_planes_join(PyObject *const *planes, int count) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * bytes
 *
 * An immutable sequence of bytes, with a NUL after the last. Its memory must not be written once another reference to it
 * exists. The empty object, and that of each single byte, are immortal singletons.
 */

/** An immutable sequence of bytes; `ob_size` of them, and a NUL after the last. */
struct PyBytesObject {
    /** The head; `ob_size` is the length. */
    PyVarObject ob_base;
    /** The hash once it has been asked for, else -1. */
    Py_hash_t ob_shash;
    /** The bytes and the NUL. */
    char ob_sval[1];
};

/** A sequence of bytes that can change and be resized; `ob_size` of them, and a NUL after the last. */
struct PyByteArrayObject {
    /** The head; `ob_size` is the length. */
    PyVarObject ob_base;
    /**
     * For how many bytes there is memory at `ob_bytes`, with a NUL after them, which CPython counts until 3.14.
     */
    Py_ssize_t ob_alloc;
    /** The allocated memory; NULL where nothing is. */
    char *ob_bytes;
    /** Where the content starts; never NULL. */
    char *ob_start;
    /**
     * The number of views that consumers hold; it cannot be resized while there are any. The library changes it atomically,
     * and uses its high bits during a call that reads or moves the memory.
     */
    Py_ssize_t ob_exports;
};

/* Whether an object is a bytes object; and one of exactly that type. */
#define PyBytes_Check(op) PyType_FastSubclass(Py_TYPE(op), Py_TPFLAGS_BYTES_SUBCLASS)
#define PyBytes_CheckExact(op) Py_IS_TYPE(op, &PyBytes_Type)

/* Bytes and length of an object that is known to be a bytes object. */
static inline char *pybuffer_inline_bytes(PyObject *op)
{
    return PYBUFFER_CAST(PyBytesObject, op)->ob_sval;
}
#define PyBytes_AS_STRING(op) pybuffer_inline_bytes(_PyObject_CAST(op))
#define PyBytes_GET_SIZE(op) Py_SIZE(op)

/**
 * A bytes object of what `format` makes of the arguments after it: `%c` (an int, as a byte), `%d %ld %zd %i`, `%u %lu %zu`,
 * `%x` (of an int), `%s` (a C string; with a precision above 0 at most so many bytes), `%p`, `%%`. Other widths, flags and
 * precisions are without effect. Anything else ends the format: the rest of it is copied as it is.
 *
 * A new reference; NULL with `OverflowError` for a `%c` that is not a byte or as `PyBytes_FromStringAndSize`, `MemoryError`, or
 * `SystemError` for a NULL format.
 */
PyObject *PyBytes_FromFormat(const char *format, ...) PYBUFFER_WARN_UNUSED;

/**
 * `PyBytes_FromFormat` with a `va_list`, which is not consumed.
 */
PyObject *PyBytes_FromFormatV(const char *format, va_list vargs) PYBUFFER_WARN_UNUSED;

/**
 * Appends to the bytes of a writer what `PyBytes_FromFormat` would make. Returns 0; -1 with an error set, and then nothing is
 * appended.
 */
int PyBytesWriter_Format(PyBytesWriter *writer, const char *format, ...) PYBUFFER_WARN_UNUSED;

/** The type of bytes objects. */
extern PyTypeObject PyBytes_Type;

/**
 * A bytes object with a copy of the `size` bytes at `bytes`. Where that is NULL they are uninitialised and must be written
 * before any other code sees the object. A new reference; NULL with `SystemError` for a negative size, `OverflowError` for
 * one that exceeds `PY_SSIZE_T_MAX` together with the object's head, `MemoryError`.
 */
PyObject *PyBytes_FromStringAndSize(const char *bytes, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * A bytes object with a copy of a C string, without its NUL. A new reference; NULL with `MemoryError`, or `SystemError`
 * for NULL.
 */
PyObject *PyBytes_FromString(const char *string) PYBUFFER_WARN_UNUSED;

/**
 * `obj` itself where it is a bytes object, else one with a copy of what it exports, in C order. A new reference; NULL
 * with `TypeError` where it exports nothing, what the exporter raises, `BufferError` where its answer is wrong (see
 * "Buffers"), `MemoryError`, `OverflowError` as `PyBytes_FromStringAndSize`, or `SystemError` for NULL.
 */
PyObject *PyBytes_FromObject(PyObject *obj) PYBUFFER_WARN_UNUSED;

/** The number of bytes; -1 with `TypeError` if `obj` is not a bytes object, `SystemError` for NULL. */
Py_ssize_t PyBytes_Size(PyObject *obj);

/**
 * The bytes themselves, which live as long as the object; NULL with `TypeError` if `obj` is not a bytes object,
 * `SystemError` for NULL.
 */
char *PyBytes_AsString(PyObject *obj);

/**
 * The bytes in `*string` and their number in `*length`. Where `length` is NULL there must be no NUL among them.
 *
 * Returns 0; -1 with `TypeError` if `obj` is not a bytes object, `ValueError` for a NUL where `length` is NULL (`*string` is
 * written anyway), `SystemError` for a NULL `obj` or `string`.
 */
int PyBytes_AsStringAndSize(PyObject *obj, char **string, Py_ssize_t *length) PYBUFFER_WARN_UNUSED;

/**
 * Replaces `*bytes` by a bytes object with its bytes and those of `other` (any exporter). The
 * reference to the old object is taken over. On failure `*bytes` is NULL, and an error is set: `TypeError` where one exports
 * no plain bytes, `MemoryError` (also for a sum above `PY_SSIZE_T_MAX`), `OverflowError` as `PyBytes_FromStringAndSize`.
 * Nothing happens where `*bytes` is NULL; with a NULL `other` it becomes NULL.
 */
void PyBytes_Concat(PyObject **bytes, PyObject *other);

/** `PyBytes_Concat`, and drops the reference to `other`. */
void PyBytes_ConcatAndDel(PyObject **bytes, PyObject *other);

/**
 * Resizes a bytes object that no other code has seen yet: `*bytes`, whose reference is taken over and which may
 * move. New bytes are uninitialised. Where others hold references to it, it is copied.
 *
 * Returns 0; -1 with `*bytes` NULL and an error set: `MemoryError`, `OverflowError` as `PyBytes_FromStringAndSize`,
 * `SystemError` if it is not a bytes object or the size is negative.
 */
int _PyBytes_Resize(PyObject **bytes, Py_ssize_t newsize) PYBUFFER_WARN_UNUSED;

/**
 * The bytes of all items of `iterable`, with those of `sep` between each two: what any iterator gives (`tp_iter`), or what has
 * items by number (`sq_item`); each item exports plain bytes. All items are taken before the first one is asked for them. A
 * single bytes object is returned itself. A new reference. CPython 3.14.
 *
 * NULL with `TypeError` where `sep` is not a bytes object, `iterable` cannot be iterated over, or an item exports no plain
 * bytes, `OverflowError` for a result above `PY_SSIZE_T_MAX`, `MemoryError`, what the iterator raises, or `SystemError` for NULL.
 */
PyObject *PyBytes_Join(PyObject *sep, PyObject *iterable) PYBUFFER_WARN_UNUSED;

/**
 * A bytes object as Python writes it: `b'it\'s'`; with `smartquotes` in double quotes where that spares backslashes:
 * `b"it's"`. A bytes object, since there is no str. A new reference; NULL with `OverflowError` where it would be too
 * large, `MemoryError`, `TypeError` where `obj` is not a bytes object, `SystemError` for NULL.
 */
PyObject *PyBytes_Repr(PyObject *obj, int smartquotes) PYBUFFER_WARN_UNUSED;

/**
 * Starts to write bytes, which become an object when they are finished: `size` of them, uninitialised. CPython 3.15, as all
 * functions of writers.
 *
 * A writer is for one thread at a time. It ends with `PyBytesWriter_Finish` or one of its kin, even where that fails, or with
 * `PyBytesWriter_Discard`. NULL with `ValueError` for a negative size, `OverflowError` as `PyBytes_FromStringAndSize`,
 * `MemoryError`.
 */
PyBytesWriter *PyBytesWriter_Create(Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/** Ends a writer without an object. Does nothing for NULL. */
void PyBytesWriter_Discard(PyBytesWriter *writer);

/**
 * Ends a writer: a bytes object of all its bytes. A new reference; NULL with `MemoryError`, or `SystemError` for NULL.
 */
PyObject *PyBytesWriter_Finish(PyBytesWriter *writer) PYBUFFER_WARN_UNUSED;

/**
 * `PyBytesWriter_Finish` with the first `size` bytes only; `ValueError` where there are fewer, or for a negative size.
 */
PyObject *PyBytesWriter_FinishWithSize(PyBytesWriter *writer, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * `PyBytesWriter_Finish` with the bytes before `buf` only, which points into the writer's bytes or to their end;
 * `ValueError` for any other, `SystemError` for NULL.
 */
PyObject *PyBytesWriter_FinishWithPointer(PyBytesWriter *writer, void *buf) PYBUFFER_WARN_UNUSED;

/** Where the bytes start. They move where there are more of them. NULL with `SystemError` for NULL. */
void *PyBytesWriter_GetData(PyBytesWriter *writer);

/** The number of bytes; -1 with `SystemError` for NULL. */
Py_ssize_t PyBytesWriter_GetSize(PyBytesWriter *writer);

/**
 * Appends `size` bytes; those of a C string where `size` is negative. They are not the writer's own.
 *
 * Returns 0; -1 with `MemoryError`, `OverflowError` as `PyBytes_FromStringAndSize`, or `SystemError` for NULL.
 */
int PyBytesWriter_WriteBytes(PyBytesWriter *writer, const void *bytes, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * Makes the bytes so many; new ones are uninitialised. More is reserved than is asked for, so that appending is cheap.
 *
 * Returns 0; -1 with an error set, and then nothing is changed: `ValueError` for a negative size, `MemoryError`,
 * `OverflowError` as `PyBytes_FromStringAndSize`, or `SystemError` for NULL.
 */
int PyBytesWriter_Resize(PyBytesWriter *writer, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * `PyBytesWriter_Resize` by the difference, which may be negative; `MemoryError` for a size above `PY_SSIZE_T_MAX`.
 */
int PyBytesWriter_Grow(PyBytesWriter *writer, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * `PyBytesWriter_Grow` for a program that keeps a pointer into the bytes, or to their end: returns the pointer to the same
 * place, wherever the bytes are now. NULL with an error set, and then nothing is changed; `SystemError` for NULL.
 */
void *PyBytesWriter_GrowAndUpdatePointer(PyBytesWriter *writer, Py_ssize_t size, void *buf);

/* ===========================================================================================================
 * bytearray
 *
 * A sequence of bytes that can be written and resized, with a NUL after the last. It cannot be resized while consumers
 * hold views of it. Its pointer (`PyByteArray_AsString`) is good until the next resize.
 */

/* Whether an object is a bytearray; and one of exactly that type. */
#define PyByteArray_Check(op) PyObject_TypeCheck(op, &PyByteArray_Type)
#define PyByteArray_CheckExact(op) Py_IS_TYPE(op, &PyByteArray_Type)

/* The content of a bytearray without memory of its own: the NUL that ends it. CPython: the same name, until 3.14. */
extern char _PyByteArray_empty_string[];

/* Bytes and length of an object that is known to be a bytearray. */
static inline char *pybuffer_inline_bytearray(PyObject *op)
{
    return PYBUFFER_CAST(PyByteArrayObject, op)->ob_start;
}
#define PyByteArray_AS_STRING(op) pybuffer_inline_bytearray(_PyObject_CAST(op))
#define PyByteArray_GET_SIZE(op) Py_SIZE(op)

/** The type of bytearray objects. */
extern PyTypeObject PyByteArray_Type;

/**
 * A bytearray with a copy of what `obj` exports, in C order. A new reference; NULL with `TypeError` where it exports
 * nothing, what the exporter raises, `BufferError` where its answer is wrong (see "Buffers"), `MemoryError`, or
 * `SystemError` for NULL.
 */
PyObject *PyByteArray_FromObject(PyObject *obj) PYBUFFER_WARN_UNUSED;

/**
 * A bytearray with a copy of the `size` bytes at `bytes`, uninitialised where that is NULL. A new reference; NULL with
 * `SystemError` for a negative size, `OverflowError` as `PyBytes_FromStringAndSize`, `MemoryError`.
 */
PyObject *PyByteArray_FromStringAndSize(const char *bytes, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * A new bytearray with the bytes of two exporters. A new reference; NULL with `TypeError` where one exports no plain
 * bytes, `MemoryError`, or `SystemError` for NULL.
 */
PyObject *PyByteArray_Concat(PyObject *a, PyObject *b) PYBUFFER_WARN_UNUSED;

/** The number of bytes; -1 with `TypeError` if `obj` is not a bytearray, `SystemError` for NULL. */
Py_ssize_t PyByteArray_Size(PyObject *obj);

/**
 * The bytes themselves, until the next resize; NULL with `TypeError` if `obj` is not a bytearray, `SystemError` for NULL.
 */
char *PyByteArray_AsString(PyObject *obj);

/**
 * Resizes a bytearray; new bytes are uninitialised.
 *
 * Returns 0; -1 with an error set, and then nothing is changed: `BufferError` while consumers hold views of it,
 * `ValueError` for a negative size, `MemoryError`, `TypeError` if it is not a bytearray, `SystemError` for NULL. While a call of the
 * library reads the bytearray in another thread, a resize waits (see "Threads").
 */
int PyByteArray_Resize(PyObject *obj, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/* ===========================================================================================================
 * Sequences
 *
 * Items, slices, concatenation and repetition of bytes, bytearrays and old buffers, and by the slots of any type
 * (`sq_concat`, `sq_repeat`, `sq_item`, `sq_ass_item`). There are no ints here: an item of a bytearray or bytes object is
 * a bytes object of length 1, as in Python 2. Memoryviews have functions of their own, see "Items" and "Parts".
 *
 * Negative indices count from the end; CPython adds the length of a bytearray to them twice, and so does this library.
 * Slices are clipped, and empty where they end before they begin.
 */

/** Whether the object's type has items by number (`sq_item`): 1 or 0. NULL is 0. */
int PySequence_Check(PyObject *o);

/**
 * `o1 + o2`, by `sq_concat` of the type of `o1`. A bytes object and any exporter are a bytes object, a bytearray and any
 * exporter a bytearray, an old buffer and any exporter a bytes object (but where it is empty, `o2` itself, as in Python
 * 2). A new reference.
 *
 * NULL with `TypeError` where the type cannot or `o2` exports no plain bytes, `MemoryError` (also for a sum above
 * `PY_SSIZE_T_MAX`), `OverflowError` (bytes and old buffers) as `PyBytes_FromStringAndSize`, `SystemError` for NULL, or
 * what the slot raises. CPython: tries `nb_add`, too.
 */
PyObject *PySequence_Concat(PyObject *o1, PyObject *o2) PYBUFFER_WARN_UNUSED;

/**
 * `o * count`, by `sq_repeat`: an object of the same type; of an old buffer a bytes object. A negative `count` is 0. A new
 * reference.
 *
 * NULL with `TypeError` where the type cannot, `MemoryError` for a length that does not fit in memory,
 * `OverflowError` for bytes longer than `PY_SSIZE_T_MAX` and, of an old buffer, as `PyBytes_FromStringAndSize`;
 * `SystemError` for NULL, or what the slot raises. CPython: tries `nb_multiply`, too.
 */
PyObject *PySequence_Repeat(PyObject *o, Py_ssize_t count) PYBUFFER_WARN_UNUSED;

/**
 * `o[i]`, by `sq_item`. A new reference.
 *
 * NULL with `IndexError` where there is no such item, `TypeError` where the type has none, `SystemError` for NULL, or what
 * the slot raises. CPython 3: an int of a bytes or bytearray object.
 */
PyObject *PySequence_GetItem(PyObject *o, Py_ssize_t i) PYBUFFER_WARN_UNUSED;

/**
 * `o[i1:i2]`: a bytes object of a bytes object or old buffer, a bytearray of a bytearray. A new reference.
 *
 * NULL with `TypeError` for an object of another type, `MemoryError`, `SystemError` for NULL, or what the base of an old
 * buffer raises. CPython: of every type that has subscripts.
 */
PyObject *PySequence_GetSlice(PyObject *o, Py_ssize_t i1, Py_ssize_t i2) PYBUFFER_WARN_UNUSED;

/**
 * `o[i] = v`, by `sq_ass_item`; a NULL `v` is `PySequence_DelItem`. To an item of an old buffer any exporter of one byte
 * may be assigned, to one of a bytearray a bytes object of length 1. The reference to `v` stays the caller's.
 *
 * Returns 0; -1 with `IndexError` where there is no such item, `TypeError` where nothing can be assigned, or not this
 * value, `ValueError` for a bytes object of another length, `SystemError` for a NULL `o`, or what the slot raises.
 * CPython 3: to an item of a bytearray an int.
 */
int PySequence_SetItem(PyObject *o, Py_ssize_t i, PyObject *v);

/**
 * `del o[i]`, by `sq_ass_item`: of the library's types bytearrays only.
 *
 * Returns 0; -1 with `IndexError` where there is no such item, `TypeError` where none can be deleted, `BufferError` while
 * consumers hold views of a bytearray, `MemoryError`, `SystemError` for NULL, or what the slot raises.
 */
int PySequence_DelItem(PyObject *o, Py_ssize_t i);

/**
 * `o[i1:i2] = v`, the bytes of any exporter; a NULL `v` is `PySequence_DelSlice`. A bytearray grows or shrinks with it; in
 * an old buffer the slice must be as long as `v`. The two may share memory. The reference to `v` stays the caller's.
 *
 * Returns 0; -1 with `TypeError` where `o` is neither or read-only, or `v` has another length or is not an exporter,
 * `BufferError` while consumers hold views of a bytearray that would change its length, `MemoryError`, `SystemError` for a
 * NULL `o`, or what an exporter raises. CPython: of every type that has subscripts, and with any iterable of ints.
 */
int PySequence_SetSlice(PyObject *o, Py_ssize_t i1, Py_ssize_t i2, PyObject *v);

/**
 * `del o[i1:i2]`, of a bytearray.
 *
 * Returns 0; -1 with `TypeError` for an object of another type, `BufferError` while consumers hold views of it,
 * `MemoryError`, or `SystemError` for NULL.
 */
int PySequence_DelSlice(PyObject *o, Py_ssize_t i1, Py_ssize_t i2);

/**
 * The next item of an iterator (`tp_iternext`) in `*item`, a new reference. Returns 1; 0 at the end, and -1 with an error set,
 * both with `*item` NULL: `TypeError` where it is no iterator, `SystemError` for NULL, or what it raises. The items of
 * `pybuffer_memoryview_iter` are those of `pybuffer_memoryview_next`. CPython 3.14.
 */
int PyIter_NextItem(PyObject *iter, PyObject **item);

/* ===========================================================================================================
 * Old buffer objects
 *
 * Python 2's `buffer`: a region of an exporter's bytes, or memory of the program, as a sequence. It holds a
 * reference to its base and uses the memory that the base has at each call: a bytearray may be resized in between, and the
 * region is then clipped to the bytes that are left. CPython: 2.7; where its documentation and its code differ, the
 * documentation holds here.
 *
 * An old buffer exports its bytes, and its base does not move while there are views of it. Those that are not read-only
 * can be written by `PySequence_SetItem` and `PySequence_SetSlice`; the others have the hash of a bytes object with the
 * same content, which is computed once, at the first call. `PyObject_RichCompareBool` orders old buffers as
 * bytes; with bytearrays and memoryviews the other type decides; they are unequal to bytes objects, as in
 * Python 2.
 */

/* Whether an object is an old buffer. */
#define PyBuffer_Check(op) Py_IS_TYPE(op, &PyBuffer_Type)

/* A size that reaches to the end of what the base exports. */
#define Py_END_OF_BUFFER (-1)

/** The type of old buffers, Python 2's `buffer`. */
extern PyTypeObject PyBuffer_Type;

/**
 * A read-only old buffer: the `size` bytes from `offset` on of what `base` exports, or as many as there are; all of them
 * with `Py_END_OF_BUFFER`. One of another old buffer refers to the base of that one, and stays within it. A new reference.
 *
 * NULL with `TypeError` where `base` exports no plain bytes, `ValueError` for a negative `offset`, or a negative
 * `size` that is not `Py_END_OF_BUFFER`, whatever else the exporter raises, `MemoryError`, or `SystemError` for NULL.
 */
PyObject *PyBuffer_FromObject(PyObject *base, Py_ssize_t offset, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * `PyBuffer_FromObject` for bytes that may be written: `TypeError` also where `base` has none, such as a bytes object or a
 * read-only old buffer. CPython 2.7 fails only when they are used, and writes through a read-only old buffer.
 */
PyObject *PyBuffer_FromReadWriteObject(PyObject *base, Py_ssize_t offset,
    Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * A read-only old buffer of `size` bytes at `ptr`, which must live as long as the object. A new reference.
 *
 * NULL with `ValueError` for a negative size (`Py_END_OF_BUFFER`, too, which CPython 2.7 accepts), `MemoryError`, or
 * `SystemError` for a NULL `ptr`, unless the size is 0.
 */
PyObject *PyBuffer_FromMemory(void *ptr, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/** `PyBuffer_FromMemory` for memory that may be written. */
PyObject *PyBuffer_FromReadWriteMemory(void *ptr, Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * An old buffer with `size` bytes of its own, which are 0 and may be written. A new reference; NULL with `ValueError` for a
 * negative size, `MemoryError`. CPython 2.7: they are uninitialised.
 */
PyObject *PyBuffer_New(Py_ssize_t size) PYBUFFER_WARN_UNUSED;

/**
 * Compares two objects as Python 2 did, any that `PyObject_RichCompareBool` can order: `*result` becomes -1, 0 or 1.
 *
 * Returns 0; -1 with an error set, and then nothing is written: `TypeError` where the two have no order (Python 2 orders
 * by the names of the types), `SystemError` for NULL, or what a slot raises.
 */
int PyObject_Cmp(PyObject *o1, PyObject *o2, int *result);

/** `PyObject_Cmp` that returns the result; -1 may also be an error (`PyErr_Occurred` tells). */
int PyObject_Compare(PyObject *o1, PyObject *o2);

/* ===========================================================================================================
 * The library
 *
 * Nothing has to be initialised. `Py_Initialize` and its kin exist so that a program can be built with CPython as
 * well.
 */

/** Only sets the state that `Py_IsInitialized` returns. */
void Py_Initialize(void);

/** `Py_Initialize`; the argument is not used. */
void Py_InitializeEx(int initsigs);

/** Only clears the state that `Py_IsInitialized` returns; all objects stay. */
void Py_Finalize(void);

/** `Py_Finalize`. Returns 0. */
int Py_FinalizeEx(void);

/** Whether `Py_Initialize` was called, and not `Py_Finalize` since: 1 or 0. */
int Py_IsInitialized(void);

/** The version of the library that is linked, as "0.1.0"; compare `PYBUFFER_VERSION`, that of the header. */
const char *pybuffer_version(void);

/**
 * The version of the library as a number: `major * 1000000 + minor * 1000 + patch`; compare `PYBUFFER_VERSION_NUMBER`.
 */
int pybuffer_version_number(void);

/**
 * Sets the key of the process's hashes, two numbers that must be hard to guess if the hashed data come from
 * outside. It overrides PYTHONHASHSEED. Without it, the first hash takes the key from PYTHONHASHSEED, or a random
 * one. With `k0` and `k1` both 0 the hashes of bytes are those of CPython (3.11 and later, 64 bits) with PYTHONHASHSEED=0.
 *
 * To be called before the first hash of bytes is made, for all hashes of a process are made with one key; that of no bytes
 * is always 0 and does not count. Until then the last call wins. Any thread may call it, while others make hashes, too.
 *
 * Returns 0, also where hashes have been made with this same key; -1 with `RuntimeError` where they have been made with
 * another one, which stays.
 */
int pybuffer_set_hash_key(uint64_t k0, uint64_t k1) PYBUFFER_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif /* PYBUFFER_PYBUFFER_H */

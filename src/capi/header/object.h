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

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

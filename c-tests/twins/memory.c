/* Memory: the three domains' functions at their edges, and allocators that a program puts in their place. */
#include "exporter.h"

typedef struct {
    const char *name;
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    PyMemAllocatorDomain domain;
} Family;

static const Family families[] = {
    {"raw", PyMem_RawMalloc, PyMem_RawCalloc, PyMem_RawRealloc, PyMem_RawFree, PYMEM_DOMAIN_RAW},
    {"mem", PyMem_Malloc, PyMem_Calloc, PyMem_Realloc, PyMem_Free, PYMEM_DOMAIN_MEM},
    {"object", PyObject_Malloc, PyObject_Calloc, PyObject_Realloc, PyObject_Free, PYMEM_DOMAIN_OBJ},
};

static int all_are(const unsigned char *p, size_t n, unsigned char value)
{
    size_t same = 0;
    while (same < n && p[same] == value) {
        same++;
    }
    return same == n;
}

static void edges(void)
{
    twin_title("edges");
    static const size_t huge[] = {(size_t)PY_SSIZE_T_MAX + 1, SIZE_MAX, SIZE_MAX / 2 + 2, PY_SSIZE_T_MAX};
    for (size_t f = 0; f < TWIN_COUNT(families); f++) {
        const Family *m = &families[f];
        printf("%s:", m->name);
        void *a = m->malloc(0), *b = m->malloc(0); /* memory of size 0 is valid memory */
        printf(" of 0 %d %d %d", a != NULL, b != NULL, a != b);
        m->free(a);
        a = m->realloc(b, 0);
        printf(" %d", a != NULL);
        m->free(a);
        a = m->calloc(0, 8);
        b = m->calloc(8, 0);
        printf(" calloc %d %d", a != NULL, b != NULL);
        m->free(a);
        m->free(b);
        m->free(NULL);
        unsigned char *p = m->calloc(33, 31);
        printf(" zeros %d", all_are(p, 33 * 31, 0));
        m->free(p);
        p = m->realloc(NULL, 100); /* as malloc */
        memset(p, 0x77, 100);
        static const size_t sizes[] = {1000, 600, 513, 512, 100000, 100, 1 << 20, 1};
        size_t kept = 100;
        for (size_t i = 0; i < TWIN_COUNT(sizes); i++) {
            p = m->realloc(p, sizes[i]);
            kept = kept < sizes[i] ? kept : sizes[i];
            printf(" %d", all_are(p, kept, 0x77));
        }
        printf(" aligned %d", (int)((uintptr_t)p % 8));
        for (size_t i = 0; i < TWIN_COUNT(huge); i++) {
            a = m->malloc(huge[i]);
            void *c = m->calloc(huge[i] / 2 + 1, 2), *d = m->calloc(3, huge[i]), *r = m->realloc(p, huge[i]);
            printf(" huge %d %d %d %d", a == NULL, c == NULL, d == NULL, r == NULL);
        }
        printf(" still there %d %s\n", p[0] == 0x77, twin_error()); /* no error is set */
        m->free(p);
    }
}

typedef struct {
    PyMemAllocatorEx old;
    int mallocs, callocs, reallocs, frees, null_frees;
    int failing;
    size_t last[2];
} Counter;

static void *counting_malloc(void *ctx, size_t size)
{
    Counter *c = ctx;
    c->mallocs++;
    c->last[0] = size;
    return c->failing ? NULL : c->old.malloc(c->old.ctx, size);
}

static void *counting_calloc(void *ctx, size_t nelem, size_t elsize)
{
    Counter *c = ctx;
    c->callocs++;
    c->last[0] = nelem;
    c->last[1] = elsize;
    return c->failing ? NULL : c->old.calloc(c->old.ctx, nelem, elsize);
}

static void *counting_realloc(void *ctx, void *memory, size_t size)
{
    Counter *c = ctx;
    c->reallocs++;
    c->last[0] = size;
    return c->failing ? NULL : c->old.realloc(c->old.ctx, memory, size);
}

static void counting_free(void *ctx, void *memory)
{
    Counter *c = ctx;
    c->frees++;
    c->null_frees += memory == NULL;
    c->old.free(c->old.ctx, memory);
}

static void hook(Counter *c, PyMemAllocatorDomain domain)
{
    memset(c, 0, sizeof(*c));
    PyMem_GetAllocator(domain, &c->old);
    PyMemAllocatorEx ours = {c, counting_malloc, counting_calloc, counting_realloc, counting_free};
    PyMem_SetAllocator(domain, &ours);
}

static void print_counter(const char *what, const Counter *c)
{
    printf("  %s: malloc %d calloc %d realloc %d free %d (%d) last %zu %zu\n", what, c->mallocs, c->callocs,
           c->reallocs, c->frees, c->null_frees, c->last[0], c->last[1]);
}

static void hooks(void)
{
    twin_title("hooks");
    for (size_t f = 0; f < TWIN_COUNT(families); f++) {
        const Family *m = &families[f];
        Counter c;
        PyMemAllocatorEx now, after;
        hook(&c, m->domain);
        PyMem_GetAllocator(m->domain, &now);
        printf("%s: set %d %d %d %d %d old %d %d %d %d\n", m->name, now.ctx == &c, now.malloc == counting_malloc,
               now.calloc == counting_calloc, now.realloc == counting_realloc, now.free == counting_free,
               c.old.malloc != NULL, c.old.calloc != NULL, c.old.realloc != NULL, c.old.free != NULL);
        void *p = m->malloc(123);
        print_counter("malloc", &c);
        p = m->realloc(p, 456);
        print_counter("realloc", &c);
        m->free(p);
        print_counter("free", &c);
        p = m->calloc(7, 8);
        print_counter("calloc", &c);
        m->free(p);
        m->free(NULL);
        print_counter("free NULL", &c);
        p = m->malloc(0);
        print_counter("malloc 0", &c);
        p = m->realloc(p, 0);
        print_counter("realloc 0", &c);
        m->free(p);
        p = m->malloc((size_t)PY_SSIZE_T_MAX + 1); /* too large to be asked for */
        printf("%d", p == NULL);
        p = m->calloc((size_t)PY_SSIZE_T_MAX, 2);
        printf("%d", p == NULL);
        p = m->realloc(NULL, SIZE_MAX);
        printf("%d", p == NULL);
        print_counter("huge", &c);
        c.failing = 1;
        printf("%d%d%d %s", m->malloc(1) == NULL, m->calloc(1, 1) == NULL, m->realloc(NULL, 1) == NULL, twin_error());
        c.failing = 0;
        print_counter("failing", &c);
        PyMem_SetAllocator(m->domain, &c.old);
        PyMem_GetAllocator(m->domain, &after);
        printf("  back %d %d\n", after.ctx == c.old.ctx, after.malloc == c.old.malloc);
        int before = c.mallocs;
        m->free(m->malloc(10));
        printf("  unhooked %d\n", c.mallocs == before);
    }
}

/* bytes are one piece of memory in the objects' domain; growing and freeing them use it, too. */
static void bytes_memory(void)
{
    twin_title("bytes");
    Counter c;
    hook(&c, PYMEM_DOMAIN_OBJ);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, 1000);
    print_counter("new", &c);
    memset(PyBytes_AS_STRING(bytes), 'b', 1000);
    int result = _PyBytes_Resize(&bytes, 2000);
    printf("%d", result);
    print_counter("resized", &c);
    Py_DECREF(bytes);
    print_counter("freed", &c);
    bytes = PyBytes_FromStringAndSize("x", 1);
    Py_DECREF(bytes);
    print_counter("one byte", &c);
    c.failing = 1;
    bytes = PyBytes_FromStringAndSize(NULL, 1000);
    c.failing = 0;
    printf("failing %d %s", bytes == NULL, twin_error());
    c.failing = 1;
    bytes = PyBytes_FromString("some text");
    c.failing = 0;
    printf(" %d %s\n", bytes == NULL, twin_error());
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &c.old);
}

/* An object of a C-defined type lives in the objects' domain too. */
static void object_memory(void)
{
    twin_title("objects");
    Py_DECREF(exporter_sample(0)); /* its type is ready now */
    Counter c;
    hook(&c, PYMEM_DOMAIN_OBJ);
    Exporter *e = exporter_sample(0);
    printf("%d", c.last[0] == sizeof(Exporter));
    c.last[0] = 0;
    print_counter("new", &c);
    Py_DECREF(e);
    print_counter("freed", &c);
    c.failing = 1;
    PyObject *none = (PyObject *)PyObject_New(Exporter, &Exporter_Type);
    c.failing = 0;
    printf("failing %d %s\n", none == NULL, twin_error());
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &c.old);
}

int main(void)
{
    Py_Initialize();
    twin_start();
    edges();
    hooks();
    bytes_memory();
    object_memory();
    Py_Finalize();
    return 0;
}

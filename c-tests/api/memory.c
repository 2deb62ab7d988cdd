/* Memory: the domains, the allocators that a program sets, and the domain of each allocation. */
#include "support.h"

#include "hooks.h"

static void sizes_of_0_give_memory_of_their_own(void)
{
    void *a = PyMem_Malloc(0), *b = PyMem_Malloc(0), *c = PyMem_Calloc(0, 8), *d = PyMem_RawCalloc(8, 0);
    CHECK(a != NULL && b != NULL && c != NULL && d != NULL);
    CHECK(a != b && b != c && a != c);
    PyMem_Free(a);
    PyMem_Free(b);
    PyMem_Free(c);
    PyMem_RawFree(d);
}

static void calloc_gives_zeroes_and_refuses_what_overflows(void)
{
    static const char zeroes[1000];
    char *memory = PyObject_Calloc(10, 100);
    CHECK_MEM(memory, zeroes, 1000);
    PyObject_Free(memory);
    CHECK_PTR(PyMem_RawCalloc((size_t)1 << 33, (size_t)1 << 33), NULL);
    CHECK_PTR(PyMem_Calloc((size_t)-1, 2), NULL);
    CHECK_PTR(PyObject_Calloc((size_t)PY_SSIZE_T_MAX, 2), NULL);
    CHECK_ERROR(NULL);
}

static void realloc_keeps_what_was_there(void)
{
    char *memory = PyMem_RawRealloc(NULL, 4);
    memcpy(memory, "abc", 4);
    memory = PyMem_RawRealloc(memory, 4000);
    CHECK_STR(memory, "abc");
    CHECK_PTR(PyMem_RawRealloc(memory, (size_t)-1), NULL);
    CHECK_STR(memory, "abc");
    memory = PyMem_RawRealloc(memory, 2);
    CHECK_MEM(memory, "ab", 2);
    PyMem_RawFree(memory);
}

static void memory_is_aligned_for_any_type(void)
{
    void *all[30];
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i] = i % 3 == 0 ? PyMem_RawMalloc(i) : i % 3 == 1 ? PyMem_Malloc(i) : PyObject_Malloc(i);
        CHECK_INT((uintptr_t)all[i] % _Alignof(max_align_t), 0);
    }
    for (size_t i = 0; i < COUNT(all); i++) {
        (i % 3 == 0 ? PyMem_RawFree : i % 3 == 1 ? PyMem_Free : PyObject_Free)(all[i]);
    }
}

static void macros_refuse_counts_that_overflow(void)
{
    double *p = PyMem_New(double, 3);
    CHECK(p != NULL);
    double *resized = p;
    PyMem_Resize(resized, double, PY_SSIZE_T_MAX);
    CHECK_PTR(resized, NULL);
    PyMem_Resize(p, double, 300);
    CHECK(p != NULL);
    p[299] = 1.0;
    PyMem_Del(p);
    CHECK_PTR(PyMem_New(double, -1), NULL);
}

/* ---- hooks -------------------------------------------------------------------------------------------------- */

static void the_allocators_begin_with_no_context_of_the_program(void)
{
    for (int domain = 0; domain < 3; domain++) {
        PyMemAllocatorEx hooks_now;
        PyMem_GetAllocator(domain, &hooks_now);
        void *memory = hooks_now.malloc(hooks_now.ctx, 0);
        CHECK(memory != NULL);
        memory = hooks_now.realloc(hooks_now.ctx, memory, 100);
        CHECK(memory != NULL);
        hooks_now.free(hooks_now.ctx, memory);
        memory = hooks_now.calloc(hooks_now.ctx, 3, 5);
        CHECK_MEM(memory, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
        hooks_now.free(hooks_now.ctx, memory);
    }
}

static struct {
    int calls;
    size_t first, second;
    void *ctx, *memory;
} seen[3];

static void *seen_malloc(void *ctx, size_t size)
{
    int domain = *(int *)ctx;
    seen[domain].calls++;
    seen[domain].ctx = ctx;
    seen[domain].first = size;
    return hooks_malloc(ctx, size);
}

static void *seen_calloc(void *ctx, size_t count, size_t size)
{
    int domain = *(int *)ctx;
    seen[domain].calls++;
    seen[domain].first = count;
    seen[domain].second = size;
    return hooks_calloc(ctx, count, size);
}

static void *seen_realloc(void *ctx, void *memory, size_t size)
{
    int domain = *(int *)ctx;
    seen[domain].calls++;
    seen[domain].first = size;
    seen[domain].memory = memory;
    return hooks_realloc(ctx, memory, size);
}

/* Each function of the API is one call of its own domain's hook, with the arguments as they are. */
static void each_domain_has_its_own_functions(void)
{
    static void *(*const mallocs[])(size_t) = {PyMem_RawMalloc, PyMem_Malloc, PyObject_Malloc};
    static void *(*const callocs[])(size_t, size_t) = {PyMem_RawCalloc, PyMem_Calloc, PyObject_Calloc};
    static void *(*const reallocs[])(void *, size_t) = {PyMem_RawRealloc, PyMem_Realloc, PyObject_Realloc};
    static void (*const frees[])(void *) = {PyMem_RawFree, PyMem_Free, PyObject_Free};
    PyMemAllocatorEx before[3], after;
    for (int domain = 0; domain < 3; domain++) {
        PyMem_GetAllocator(domain, &before[domain]);
        PyMemAllocatorEx all = {&hooks_domains[domain], seen_malloc, seen_calloc, seen_realloc, hooks_free};
        PyMem_SetAllocator(domain, &all);
        PyMem_GetAllocator(domain, &after);
        CHECK_MEM(&after, &all, sizeof(all));
    }
    for (int domain = 0; domain < 3; domain++) {
        memset(seen, 0, sizeof(seen));
        long outstanding = hooks.outstanding;
        void *memory = mallocs[domain](21);
        CHECK_PTR(seen[domain].ctx, &hooks_domains[domain]);
        CHECK_INT(seen[domain].first, 21);
        void *old = memory;
        memory = reallocs[domain](memory, 42);
        CHECK_PTR(seen[domain].memory, old);
        CHECK_INT(seen[domain].first, 42);
        frees[domain](memory);
        memory = callocs[domain](6, 7);
        CHECK_INT(seen[domain].first, 6);
        CHECK_INT(seen[domain].second, 7);
        frees[domain](memory);
        CHECK_INT(seen[domain].calls, 3);
        CHECK_INT(seen[0].calls + seen[1].calls + seen[2].calls, 3);
        CHECK_PTR(mallocs[domain]((size_t)PY_SSIZE_T_MAX + 1), NULL); /* the hook is not asked */
        CHECK_INT(seen[domain].calls, 3);
        CHECK_INT(hooks.outstanding, outstanding);
    }
    for (int domain = 0; domain < 3; domain++) {
        PyMem_SetAllocator(domain, &before[domain]);
    }
}

/* Every kind of object, with the hooks: its memory is freed in the domain that it came from. */
static void all_memory_of_the_library_goes_through_the_hooks(void)
{
    PyMemAllocatorEx before[3];
    char memory[40];
    for (int domain = 0; domain < 3; domain++) {
        PyMem_GetAllocator(domain, &before[domain]);
    }
    hooks_install();
    Py_ssize_t shape[2] = {3, 2}, strides[2] = {10, 4};
    Exporter *exporter = exporter_new(memory, "h", 2, 2, shape, strides);
    PyObject *bytes = PyBytes_FromObject((PyObject *)exporter), *bytearray = PyByteArray_FromObject(bytes);
    PyObject *view = PyMemoryView_FromObject((PyObject *)exporter), *picklebuffer = PyPickleBuffer_FromObject(view);
    PyObject *copy = PyMemoryView_GetContiguous(view, PyBUF_READ, 'F');
    CHECK(hooks.outstanding >= 10);
    CHECK_INT(PyByteArray_Resize(bytearray, 5000), 0);
    PyErr_Format(PyExc_ValueError, "%s", "a message");
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    Py_DECREF(type);
    Py_DECREF(value);
    Py_DECREF(copy);
    Py_DECREF(picklebuffer);
    Py_DECREF(view);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
    CHECK_UNUSED(exporter);
    CHECK_INT(hooks.outstanding, 0);
    CHECK_INT(hooks.wrong, 0);
    for (int domain = 0; domain < 3; domain++) {
        PyMem_SetAllocator(domain, &before[domain]);
    }
}

/* Fresh memory is full of the pattern, so the NUL at the end is written each time. */
static void a_NUL_ends_memory_that_is_not_initialised(void)
{
    PyMemAllocatorEx before[3];
    for (int domain = 0; domain < 3; domain++) {
        PyMem_GetAllocator(domain, &before[domain]);
    }
    hooks_install();
    for (Py_ssize_t size = 2; size < 100; size += 7) {
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, size), *bytearray = PyByteArray_FromStringAndSize(NULL, size);
        CHECK_INT(PyBytes_AsString(bytes)[size], 0);
        CHECK_INT(PyByteArray_AsString(bytearray)[size], 0);
        memset(PyBytes_AsString(bytes), 'b', (size_t)size);
        memset(PyByteArray_AsString(bytearray), 'a', (size_t)size);
        for (int way = 0; way < 2; way++) {
            Py_ssize_t other = way == 0 ? 3 * size : size - 1;
            CHECK_INT(_PyBytes_Resize(&bytes, other), 0);
            CHECK_INT(PyByteArray_Resize(bytearray, other), 0);
            CHECK_INT(PyBytes_AsString(bytes)[size - 2], 'b');
            CHECK_INT(PyByteArray_AsString(bytearray)[size - 2], 'a');
            CHECK_INT(PyBytes_AsString(bytes)[other], 0);
            CHECK_INT(PyByteArray_AsString(bytearray)[other], 0);
        }
        Py_DECREF(bytearray);
        Py_DECREF(bytes);
    }
    CHECK_INT(hooks.outstanding, 0);
    CHECK_INT(hooks.wrong, 0);
    for (int domain = 0; domain < 3; domain++) {
        PyMem_SetAllocator(domain, &before[domain]);
    }
}

/* Appending takes one reallocation, of the object, where nobody else has it; else a new object. */
static void bytes_that_nobody_else_has_grow_in_place(void)
{
    PyMemAllocatorEx before, all = {&hooks_domains[PYMEM_DOMAIN_OBJ], seen_malloc, seen_calloc, seen_realloc, hooks_free};
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &before);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &all);
    PyObject *bytes = PyBytes_FromString("ab"), *part = PyBytes_FromString("cde"), *kept;
    CHECK(PyObject_Hash(bytes) != -1);

    memset(seen, 0, sizeof(seen));
    void *memory = bytes;
    PyBytes_Concat(&bytes, part);
    CHECK_STR(PyBytes_AsString(bytes), "abcde");
    CHECK_INT(seen[PYMEM_DOMAIN_OBJ].calls, 1);
    CHECK_PTR(seen[PYMEM_DOMAIN_OBJ].memory, memory);
    PyObject *same = PyBytes_FromString("abcde");
    CHECK_INT(PyObject_Hash(bytes), PyObject_Hash(same));

    kept = Py_NewRef(bytes);
    memset(seen, 0, sizeof(seen));
    PyBytes_Concat(&bytes, part);
    CHECK_STR(PyBytes_AsString(bytes), "abcdecde");
    CHECK_STR(PyBytes_AsString(kept), "abcde");
    CHECK_INT(seen[PYMEM_DOMAIN_OBJ].calls, 1);
    CHECK_PTR(seen[PYMEM_DOMAIN_OBJ].memory, NULL);

    memset(seen, 0, sizeof(seen));
    PyBytes_Concat(&kept, kept); /* the same object, of which there is one reference */
    CHECK_STR(PyBytes_AsString(kept), "abcdeabcde");
    CHECK_PTR(seen[PYMEM_DOMAIN_OBJ].memory, NULL);

    PyObject *nothing = PyBytes_FromString("");
    memory = bytes;
    PyBytes_Concat(&bytes, nothing);
    CHECK_PTR(bytes, memory);
    Py_DECREF(nothing);
    Py_DECREF(same);
    Py_DECREF(kept);
    Py_DECREF(part);
    Py_DECREF(bytes);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &before);
}

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(sizes_of_0_give_memory_of_their_own);
    RUN(calloc_gives_zeroes_and_refuses_what_overflows);
    RUN(realloc_keeps_what_was_there);
    RUN(memory_is_aligned_for_any_type);
    RUN(macros_refuse_counts_that_overflow);
    RUN(the_allocators_begin_with_no_context_of_the_program);
    RUN(each_domain_has_its_own_functions);
    RUN(all_memory_of_the_library_goes_through_the_hooks);
    RUN(a_NUL_ends_memory_that_is_not_initialised);
    RUN(bytes_that_nobody_else_has_grow_in_place);
    return tap_end();
}

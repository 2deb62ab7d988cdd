/*
 * What Rust cannot say without its standard library: a variable of which each thread has its own, and a variable of the C library's
 * that may not be there. What stands here is not exported.
 */
#include <stddef.h>
#include <stdint.h> /* says which C library it is */

/* What each thread has of its own, all zero at first; src/runtime/thread.rs says what is in it. */
struct pybuffer__thread {
    void *words[7];
};

struct pybuffer__thread *pybuffer__thread(void);

#if defined(__MINGW32__) && defined(__x86_64__) && !defined(__clang__)
/* gcc's own way on Windows allocates memory, and ends the process where there is none. So this is what other compilers do: a
 * section of the file, before its end in ".tls$ZZZ", that the system copies for each thread, which the thread's block has a table of (at 0x58) for all modules;
 * the C runtime has this module's number. */
extern unsigned long _tls_index;

__attribute__((section(".tls$PYBUFFER"), used)) struct pybuffer__thread pybuffer__thread_template = {{NULL}};

struct pybuffer__thread *pybuffer__thread(void)
{
    char **modules;
    struct pybuffer__thread *thread;

    __asm__("movq %%gs:0x58, %0" : "=r"(modules));
    __asm__("leaq pybuffer__thread_template@SECREL32(%1), %0" : "=r"(thread) : "r"(modules[_tls_index]));
    return thread;
}
#else
#  ifdef _MSC_VER
#    define PYBUFFER_THREAD_LOCAL __declspec(thread)
#  else
#    define PYBUFFER_THREAD_LOCAL __thread
#  endif

struct pybuffer__thread *pybuffer__thread(void)
{
    static PYBUFFER_THREAD_LOCAL struct pybuffer__thread thread;

    return &thread;
}
#endif

#ifdef __GLIBC__
/* glibc's (2.32): not 0 while the process has one thread. The reference is weak, so that the library can be loaded where
 * there is no such variable; then the pointer is NULL. src/platform/linux.rs reads it. */
extern char __libc_single_threaded __attribute__((weak));

__attribute__((visibility("hidden"))) extern const char *const pybuffer__single_threaded;

const char *const pybuffer__single_threaded = &__libc_single_threaded;
#endif

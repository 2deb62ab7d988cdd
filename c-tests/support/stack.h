/* Functions that run on a small stack. */
#ifndef STACK_H
#define STACK_H

#include <pthread.h>
#include <unistd.h>

/* Runs the function on a thread with so small a stack, or the smallest that threads may have (128 KB on AArch64 and PowerPC), and
 * waits for its end. 0 where there is no such thread. */
static inline int on_stack_of(size_t size, void *(*body)(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t attributes;
#ifdef _SC_THREAD_STACK_MIN
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN);
    size = size < least ? least : size;
#endif
    if (pthread_attr_init(&attributes) != 0) {
        return 0;
    }
    int runs = pthread_attr_setstacksize(&attributes, size) == 0 && pthread_create(&thread, &attributes, body, argument) == 0;
    pthread_attr_destroy(&attributes);
    return runs && pthread_join(thread, NULL) == 0;
}

#endif

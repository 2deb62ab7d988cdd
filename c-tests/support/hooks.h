/* An allocator for all three domains that fails when it is told to, counts live blocks, fills fresh memory with
 * a pattern, poisons what is freed, and knows memory of another domain, memory that was written past its end, and
 * memory freed twice.
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <pybuffer/pybuffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOOKS_FRESH = 0xA5, HOOKS_FREED = 0xDB, HOOKS_FENCE = 0x7E, HOOKS_ROOM = 32 };

/* Stands before each block; HOOKS_ROOM fence bytes stand after it. */
typedef union {
    struct {
        size_t size;
        unsigned long long mark;
        int domain;
    } is;
    max_align_t aligned;
    char room[HOOKS_ROOM];
} HooksHead;

#define HOOKS_LIVE 0x6c69766521212121ULL

static struct {
    long outstanding;  /* blocks */
    long calls;        /* allocations that were asked for since hooks_fail_at */
    long fail_at;      /* the call that fails, from 1; 0 for none */
    int fail_further;  /* and all after it */
    int failed;        /* how many did */
    int wrong;         /* breaches of the rules */
} hooks;

static inline void hooks_fail_at(long call, int further)
{
    hooks.calls = 0;
    hooks.failed = 0;
    hooks.fail_at = call;
    hooks.fail_further = further;
}

static inline int hooks_refuse(void)
{
    long call = __atomic_add_fetch(&hooks.calls, 1, __ATOMIC_RELAXED);
    int refuse = hooks.fail_at != 0 && (call == hooks.fail_at || (hooks.fail_further && call > hooks.fail_at));
    if (refuse) {
        __atomic_add_fetch(&hooks.failed, 1, __ATOMIC_RELAXED);
    }
    return refuse;
}

static inline void hooks_complain(const char *what, int domain)
{
    hooks.wrong++;
    printf("# domain %d: %s\n", domain, what);
}

static inline void *hooks_give(int domain, size_t size, int fill)
{
    HooksHead *head = hooks_refuse() ? NULL : (HooksHead *)malloc(sizeof(HooksHead) + size + HOOKS_ROOM);
    if (head == NULL) {
        return NULL;
    }
    head->is.size = size;
    head->is.mark = HOOKS_LIVE;
    head->is.domain = domain;
    memset(head + 1, fill, size);
    memset((char *)(head + 1) + size, HOOKS_FENCE, HOOKS_ROOM);
    __atomic_add_fetch(&hooks.outstanding, 1, __ATOMIC_RELAXED);
    return head + 1;
}

static inline void hooks_take(int domain, void *memory)
{
    if (memory == NULL) {
        return;
    }
    HooksHead *head = (HooksHead *)memory - 1;
    if (head->is.mark != HOOKS_LIVE) {
        hooks_complain("freed what is no block", domain);
        return;
    }
    if (head->is.domain != domain) {
        hooks_complain("freed a block of another domain", domain);
    }
    for (int i = 0; i < HOOKS_ROOM; i++) {
        if (((unsigned char *)memory)[head->is.size + (size_t)i] != HOOKS_FENCE) {
            hooks_complain("a block was written past its end", domain);
            break;
        }
    }
    __atomic_sub_fetch(&hooks.outstanding, 1, __ATOMIC_RELAXED);
    memset(memory, HOOKS_FREED, head->is.size);
    head->is.mark = 0;
    free(head);
}

/* The context of a domain's functions is its number. */
static int hooks_domains[3] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};

static void *hooks_malloc(void *domain, size_t size)
{
    return hooks_give(*(int *)domain, size, HOOKS_FRESH);
}

static void *hooks_calloc(void *domain, size_t count, size_t size)
{
    return hooks_give(*(int *)domain, count * size, 0);
}

/* Always moves, so that uses of an old pointer show. */
static void *hooks_realloc(void *domain, void *memory, size_t size)
{
    void *moved = hooks_give(*(int *)domain, size, HOOKS_FRESH);
    if (moved != NULL && memory != NULL) {
        size_t before = ((HooksHead *)memory - 1)->is.size;
        memcpy(moved, memory, before < size ? before : size);
        hooks_take(*(int *)domain, memory);
    }
    return moved;
}

static void hooks_free(void *domain, void *memory)
{
    hooks_take(*(int *)domain, memory);
}

/* Before anything else of the library is used. */
static inline void hooks_install(void)
{
    for (int i = 0; i < 3; i++) {
        PyMemAllocatorEx all = {&hooks_domains[i], hooks_malloc, hooks_calloc, hooks_realloc, hooks_free};
        PyMem_SetAllocator(hooks_domains[i], &all);
    }
}

#endif

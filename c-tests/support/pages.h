/* Memory between pages that cannot be accessed. */
#ifndef PAGES_H
#define PAGES_H

#include "tap.h"

#include <stdlib.h>

#ifdef _WIN32
#  define WIN32_LEAN_AND_MEAN
#  include <windows.h>
#  undef far
#else
#  include <sys/mman.h>
#  include <unistd.h>
#endif

static inline size_t page_size(void)
{
#ifdef _WIN32
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwPageSize;
#else
    return (size_t)sysconf(_SC_PAGESIZE);
#endif
}

/* Whole pages of zeros between two others that may not be touched. */
static inline char *guarded_pages(size_t size)
{
    size_t page = page_size();
#ifdef _WIN32
    char *pages = VirtualAlloc(NULL, size + 2 * page, MEM_RESERVE, PAGE_NOACCESS);
    int there = pages != NULL && VirtualAlloc(pages + page, size, MEM_COMMIT, PAGE_READWRITE) != NULL;
#else
    char *pages = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int there = pages != MAP_FAILED && mprotect(pages + page, size, PROT_READ | PROT_WRITE) == 0;
#endif
    if (!there) {
        printf("Bail out! no pages\n");
        exit(1);
    }
    return pages + page;
}

/* Nothing may be written to these pages any more. */
static inline void make_constant(char *pages, size_t size)
{
#ifdef _WIN32
    DWORD before;
    int done = VirtualProtect(pages, size, PAGE_READONLY, &before) != 0;
#else
    int done = mprotect(pages, size, PROT_READ) == 0;
#endif
    if (!done) {
        printf("Bail out! pages can be written\n");
        exit(1);
    }
}

#endif

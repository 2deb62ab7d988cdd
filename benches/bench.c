/* Shared by the parts of the benchmark program: memory, and the list of workloads. */
#define _GNU_SOURCE /* madvise */

#include "bench.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

char *memory, *target, *pattern, *expected;

struct workload workloads[WORKLOADS];
int nworkloads;

struct workload *add(const char *name, int (*prepare)(const void *), const void *data, double items, void (*run)(long))
{
    must(nworkloads < WORKLOADS, "too many workloads");
    struct workload *workload = &workloads[nworkloads++];
    *workload = (struct workload){.name = name, .prepare = prepare, .data = data, .items = items};
    if (run != NULL) {
        column(workload, OWN, run);
    }
    return workload;
}

void column(struct workload *workload, const char *name, void (*run)(long))
{
    int at = 0;
    while (workload->columns[at].name != NULL) {
        must(++at < COLUMNS, "too many columns");
    }
    workload->columns[at] = (struct column){name, run};
}

static char *large(void)
{
    void *start;
    must(posix_memalign(&start, 1 << 21, MEMORY) == 0, "no memory");
    if (getenv("SMALL_PAGES") == NULL) {
        madvise(start, MEMORY, MADV_HUGEPAGE);
    }
    return start;
}

void share(const char *path)
{
    int shared = open(path, O_RDWR);
    must(shared >= 0 && ftruncate(shared, 2L * MEMORY) == 0, "no file to share");
    pattern = mmap(NULL, 2L * MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    must(pattern != MAP_FAILED, "no memory to share");
    expected = pattern + MEMORY;
#ifndef BENCH_PYTHON_H
    for (uint64_t i = 0, word; i < MEMORY; i += sizeof word) {
        word = (i + 1) * 0x9E3779B97F4A7C15;
        word ^= word >> 29;
        memcpy(pattern + i, &word, sizeof word);
    }
    memset(pattern + ZEROS, 0, ZEROS);
#endif
    memory = large();
    target = large();
    memcpy(memory, pattern, MEMORY);
    memset(target, 1, MEMORY);
}

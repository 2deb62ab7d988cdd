/*
 * The limits of the machine (make bench-limits): the memory accesses and instructions that a workload of the
 * table cannot do without, with nothing done in between. Prints rows of Markdown: what it is, its time, and for memory
 * the time of memcpy of as many bytes divided by it, which is what a copy can reach. Medians of 15 rounds, in turns with
 * memcpy.
 */
#define _GNU_SOURCE /* madvise */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#if defined(__x86_64__)
#  include <immintrin.h>

enum { MEMORY = 1 << 28, LINE = 64, AHEAD = 4096, ROUNDS = 15 };
typedef __m256i vector;

static char *memory, *target;
/* The accesses that are timed: bytes copied, and lines of strided memory for each line of contiguous memory. */
static size_t size, step;
/* The value that is written where nothing is read: memory may take zeros faster. */
static int value = 1;
static volatile long counter;
static void *volatile kept;

#define AVX2 __attribute__((target("avx2")))
#define AT(base, offset) ((vector *)(void *)((base) + (offset)))

AVX2 static void stream_line(char *to, vector low, vector high)
{
    _mm256_stream_si256(AT(to, 0), low);
    _mm256_stream_si256(AT(to, 32), high);
}

/* Reads `step` lines for each that is written. */
AVX2 static void gather(void)
{
    for (size_t line = 0; line < size; line += LINE) {
        vector low = _mm256_setzero_si256(), high = low;
        for (size_t part = 0; part < step; part++) {
            const char *from = memory + line * step + part * LINE;
            _mm_prefetch(from + AHEAD * step, _MM_HINT_T0);
            low = _mm256_or_si256(low, _mm256_loadu_si256(AT(from, 0)));
            high = _mm256_or_si256(high, _mm256_loadu_si256(AT(from, 32)));
        }
        stream_line(target + line, low, high);
    }
    _mm_sfence();
}

/* Changes `step` lines for each that is read: the bytes between the items stay. */
AVX2 static void scatter(void)
{
    for (size_t line = 0; line < size; line += LINE) {
        vector low = _mm256_loadu_si256(AT(memory, line)), high = _mm256_loadu_si256(AT(memory, line + 32));
        for (size_t part = 0; part < step; part++) {
            char *to = target + line * step + part * LINE;
            _mm_prefetch(to + AHEAD * step, _MM_HINT_T0);
            _mm256_storeu_si256(AT(to, 0), _mm256_or_si256(low, _mm256_loadu_si256(AT(to, 0))));
            _mm256_storeu_si256(AT(to, 32), _mm256_or_si256(high, _mm256_loadu_si256(AT(to, 32))));
        }
    }
}

/* Writes only. */
AVX2 static void store(void)
{
    const vector items = _mm256_set1_epi32(value);
    for (size_t line = 0; line < size; line += LINE) {
        stream_line(target + line, items, items);
    }
    _mm_sfence();
}

/* Reads only. */
AVX2 static void load(void)
{
    vector low = _mm256_setzero_si256(), high = low;
    for (size_t line = 0; line < size; line += LINE) {
        low = _mm256_or_si256(low, _mm256_loadu_si256(AT(memory, line)));
        high = _mm256_or_si256(high, _mm256_loadu_si256(AT(memory, line + 32)));
    }
    stream_line(target, low, high);
}

static void *(*volatile plain_copy)(void *, const void *, size_t) = memcpy;

static void plain(void) { plain_copy(target, memory, size); }

static void locked_add(void)
{
    for (int i = 0; i < 100000; i++) {
        __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    }
}

static void allocate(void)
{
    for (int i = 0; i < 100000; i++) {
        kept = malloc(200);
        free(kept);
    }
}

static double took(void (*call)(void))
{
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    call();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times)
{
    qsort(times, ROUNDS, sizeof *times, by_value);
    return times[ROUNDS / 2];
}

static void accesses(const char *name, void (*call)(void), size_t bytes, size_t lines)
{
    double copy[ROUNDS], limit[ROUNDS], by_memcpy, itself;

    size = bytes;
    step = lines;
    for (int round = 0; round < ROUNDS; round++) {
        plain();
        copy[round] = took(plain);
        call();
        limit[round] = took(call);
    }
    by_memcpy = median(copy);
    itself = median(limit);
    printf("| %s | %.0f us | %.2f xM |\n", name, itself / 1e3, by_memcpy / itself);
}

static void instructions(const char *name, void (*call)(void))
{
    double times[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        times[round] = took(call);
    }
    printf("| %s | %.2f ns | |\n", name, median(times) / 100000);
}

static char *large(void)
{
    void *start;
    if (posix_memalign(&start, 1 << 21, MEMORY) != 0) {
        exit(1);
    }
    madvise(start, MEMORY, MADV_HUGEPAGE);
    return memset(start, 1, MEMORY);
}

int main(void)
{
    if (!__builtin_cpu_supports("avx2")) {
        return 0;
    }
    memory = large();
    target = large();
    accesses("1-D stride 2, 16 MB: every line read, half as many written", gather, 1 << 24, 2);
    accesses("1-D stride 3, 16 MB: every line read, a third as many written", gather, 1 << 24, 3);
    accesses("1-D stride -1, 16 MB: every line read and written", gather, 1 << 24, 1);
    accesses("1-D stride 2, 16 MB, from: every line changed", scatter, 1 << 24, 2);
    accesses("1-D stride 3, 16 MB, from: every line changed", scatter, 1 << 24, 3);
    accesses("fill, 64 MB: every line written, none read", store, 1 << 26, 0);
    value = 0;
    accesses("fill, 64 MB, of zeros, which memory may take faster", store, 1 << 26, 0);
    accesses("== 1,000,000 `i`, stride 2: 16 MB read", load, 1 << 24, 0);
    accesses("== 1,000,000 `i` against `d`: 12 MB read", load, 12 << 20, 0);
    instructions("a count raised or lowered (locked add)", locked_add);
    instructions("200 bytes allocated and freed (malloc, free)", allocate);
    return 0;
}

#else

int main(void)
{
    return 0;
}

#endif

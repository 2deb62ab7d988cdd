/* The limits of the machine, see limits.h. */
#define _POSIX_C_SOURCE 200809L

#include "limits.h"

#ifndef BENCH_PYTHON_H

struct accesses accesses;

#  if defined(__x86_64__)
#    include <immintrin.h>

enum { LINE = 64, AHEAD = 4096 };
typedef __m256i vector;

#    define AVX2 __attribute__((target("avx2")))
#    define AT(base, offset) ((vector *)(void *)((base) + (offset)))
#    define LOAD(base, offset) _mm256_loadu_si256((const vector *)(const void *)((base) + (offset)))

int has_limits(void) { return __builtin_cpu_supports("avx2"); }

AVX2 static void stream_part(char *to, const char *from, size_t size)
{
    size_t at = 0;
    for (; at + 128 <= size; at += 128) {
        vector a = LOAD(from, at), b = LOAD(from, at + 32), c = LOAD(from, at + 64), d = LOAD(from, at + 96);
        _mm256_stream_si256(AT(to, at), a);
        _mm256_stream_si256(AT(to, at + 32), b);
        _mm256_stream_si256(AT(to, at + 64), c);
        _mm256_stream_si256(AT(to, at + 96), d);
    }
    memcpy(to + at, from + at, size - at);
}

AVX2 static void gather(void)
{
    const size_t step = accesses.step;
    for (size_t line = 0; line + LINE <= accesses.size; line += LINE) {
        vector low = _mm256_setzero_si256(), high = low;
        for (size_t part = 0; part < step; part++) {
            const char *from = memory + line * step + part * LINE;
            _mm_prefetch(from + AHEAD * step, _MM_HINT_T0);
            low = _mm256_or_si256(low, LOAD(from, 0));
            high = _mm256_or_si256(high, LOAD(from, 32));
        }
        _mm256_stream_si256(AT(target, line), low);
        _mm256_stream_si256(AT(target, line + 32), high);
    }
    _mm_sfence();
}

AVX2 static void scatter(void)
{
    const size_t step = accesses.step;
    for (size_t line = 0; line + LINE <= accesses.size; line += LINE) {
        vector low = LOAD(memory, line), high = LOAD(memory, line + 32);
        for (size_t part = 0; part < step; part++) {
            char *to = target + line * step + part * LINE;
            _mm_prefetch(to + AHEAD * step, _MM_HINT_T0);
            _mm256_storeu_si256(AT(to, 0), _mm256_or_si256(low, LOAD(to, 0)));
            _mm256_storeu_si256(AT(to, 32), _mm256_or_si256(high, LOAD(to, 32)));
        }
    }
}

AVX2 static void load(void)
{
    static char sink[32];
    vector all = _mm256_setzero_si256();
    for (size_t at = 0; at + LINE <= accesses.size; at += LINE) {
        vector left = _mm256_or_si256(LOAD(memory, at), LOAD(memory, at + 32));
        vector right = _mm256_or_si256(LOAD(target, at), LOAD(target, at + 32));
        all = _mm256_or_si256(all, _mm256_or_si256(left, right));
    }
    _mm256_storeu_si256(AT(sink, 0), all);
    __asm__ volatile("" : : "r"(sink) : "memory");
}

void streamed(long count)
{
    while (count-- > 0) {
        for (size_t at = 0; at < accesses.size; at += accesses.part) {
            stream_part(target + at, accesses.from, accesses.part);
        }
        _mm_sfence();
    }
}

#  else

int has_limits(void) { return 0; }

static void gather(void) {}
static void scatter(void) {}
static void load(void) {}

void streamed(long count) { (void)count; }

#  endif

void gathered(long count) { while (count-- > 0) { gather(); } }
void scattered(long count) { while (count-- > 0) { scatter(); } }
void loaded(long count) { while (count-- > 0) { load(); } }

static volatile long counter;
static void *volatile kept;

WORK(locked_add, __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);)
WORK(allocate, kept = malloc(200); free(kept);)

static int prepare(const void *data) { return data == NULL; }

void add_limits(void)
{
    column(add("locked add", prepare, NULL, 1, NULL), "limit", locked_add);
    column(add("malloc + free of 200 bytes", prepare, NULL, 1, NULL), "limit", allocate);
}

#else

void add_limits(void) {}

#endif

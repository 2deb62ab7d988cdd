/* Timing, for the benchmark programs. */
#ifndef TIMING_H
#define TIMING_H

static inline double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Times `call` in growing rounds until one takes 20 ms, then the best of three such rounds: a line with the name and the
 * nanoseconds that one call takes. */
static inline void report(const char *name, void (*call)(void))
{
    double best = 0;
    long count = 1;

    for (int round = 0; round < 3;) {
        double start = now(), took;
        for (long i = 0; i < count; i++) {
            call();
        }
        took = now() - start;
        if (took < 2e7) {
            count *= took < 2e6 ? 8 : 2;
            continue;
        }
        if (round == 0 || took / (double)count < best) {
            best = took / (double)count;
        }
        round++;
    }
    printf("%s\t%.2f\n", name, best);
}

static inline void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

#endif

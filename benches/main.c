/*
 * The benchmark program: says which library it is built with, then does what the driver (programs.py) tells it to. Where
 * PYBUFFER_CPU names a level that this machine lacks it says nothing (an empty line), and ends.
 *
 *     list                 the names of all workloads, those of copies with their layout; then an empty line
 *     set NAME             prepares a workload and checks its outputs; answers with the names of its columns
 *     time COLUMN          answers with the nanoseconds that it takes once, measured over 2 ms or one call
 *
 * Names and answers are separated by tabs. An output that is wrong ends the program. Its argument is the file that all
 * programs share.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include "calls.h"
#include "copies.h"
#include "limits.h"
#include "values.h"

#include <time.h>

/* Calls of the current workload that take 2 ms, by column; 0 before the first time. */
static long counts[COLUMNS];
static struct workload *chosen;

/* The nanoseconds that `count` calls take, of this process's time, so that other processes do not matter. */
static double took(void (*run)(long), long count)
{
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    run(count);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

static double sample(int at)
{
    void (*run)(long) = chosen->columns[at].run;
    double enough = 2e6, first;

    if (counts[at] == 0) {
        long count = 1;
        run(1); /* With cold caches it would look as if few times were enough, which then are as cold. */
        while ((first = took(run, count)) < enough / 8) {
            count *= 4;
        }
        if (first >= enough && count == 1) {
            counts[at] = 1;
            return first;
        }
        counts[at] = (long)((double)count * enough / first) + 1;
    }
    if (counts[at] > 1) {
        run(counts[at] / 4 + 1); /* The other columns have filled the caches. */
    }
    return took(run, counts[at]) / (double)counts[at];
}

static void list(void)
{
    for (int at = 0; at < nworkloads; at++) {
        const struct workload *workload = &workloads[at];
        printf("%s%s%s\n", workload->name, workload->layout ? "\t" : "", workload->layout ? workload->layout : "");
    }
    printf("\n");
}

static void set(const char *name)
{
    chosen = NULL;
    memset(counts, 0, sizeof counts);
    for (int at = 0; at < nworkloads && chosen == NULL; at++) {
        chosen = strcmp(workloads[at].name, name) == 0 ? &workloads[at] : NULL;
    }
    if (chosen != NULL && chosen->prepare(chosen->data)) {
        for (int at = 0; at < COLUMNS && chosen->columns[at].name != NULL; at++) {
            printf("%s%s", at ? "\t" : "", chosen->columns[at].name);
        }
    }
    printf("\n");
}

static void time_column(const char *name)
{
    for (int at = 0; chosen != NULL && at < COLUMNS && chosen->columns[at].name != NULL; at++) {
        if (strcmp(chosen->columns[at].name, name) == 0) {
            printf("%.4f\n", sample(at) / chosen->items);
            return;
        }
    }
    must(0, "no such column");
}

#ifndef BENCH_PYTHON_H
/* Whether a process can have that level here, as the library finds out (kernels/cpu.rs). */
static int machine_has(const char *level)
{
#  if defined(__x86_64__)
    if (strcmp(level, "avx512") == 0) {
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi");
    }
    return strcmp(level, "portable") == 0 || (strcmp(level, "avx2") == 0 && __builtin_cpu_supports("avx2"));
#  elif defined(__aarch64__)
    return strcmp(level, "portable") == 0 || strcmp(level, "neon") == 0;
#  else
    return strcmp(level, "portable") == 0;
#  endif
}
#endif

int main(int argc, char **argv)
{
    char line[4096];

    must(argc == 2, "no file to share");
#ifndef BENCH_PYTHON_H
    const char *level = getenv("PYBUFFER_CPU");
    if (level != NULL && !machine_has(level)) {
        printf("\n");
        return 0;
    }
#endif
    share(argv[1]);
    Py_Initialize();
    add_copies();
    add_calls();
    add_values();
    add_limits();
#ifdef BENCH_PYTHON_H
    printf("CPython %.*s\n", (int)strcspn(Py_GetVersion(), " "), Py_GetVersion());
#else
    printf("libpybuffer %s\n", pybuffer_version());
#endif
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *argument = line + strcspn(line, "\t\n");
        if (*argument == '\t') {
            *argument++ = 0;
            argument[strcspn(argument, "\t\n")] = 0;
        } else {
            *argument = 0;
        }
        if (strcmp(line, "list") == 0) {
            list();
        } else if (strcmp(line, "set") == 0) {
            set(argument);
        } else {
            must(strcmp(line, "time") == 0, "no such command");
            time_column(argument);
        }
        fflush(stdout);
    }
    Py_Finalize();
    return 0;
}

/* The limits of the machine: the memory accesses and instructions that a workload cannot do without, with nothing
 * else done. They are columns ("limit", "limit from") of the workloads that they limit. */
#ifndef LIMITS_H
#define LIMITS_H

#include "bench.h"

/* What the functions below access, set by the workload that is prepared. */
struct accesses {
    /* Bytes of the contiguous operand, and cache lines of the other one for each of its lines. */
    size_t size, step;
    /* What `streamed` copies to `target`, again and again as many bytes as `part` says. */
    const char *from;
    size_t part;
};

extern struct accesses accesses;

/* Whether this machine has what the functions below need: AVX2. */
int has_limits(void);

/* Copies `from` to `target` by non-temporal stores. */
void streamed(long count);
/* Reads `step` lines of `memory` for each line of `target` that is written. */
void gathered(long count);
/* Changes `step` lines of `target` for each line of `memory` that is read: what is between the items stays. */
void scattered(long count);
/* Reads `size` bytes of `memory`, and of `target`. */
void loaded(long count);

/* Instructions as workloads of their own, which have no column but the limit. */
void add_limits(void);

#endif

#ifndef CALLS_H
#define CALLS_H

#include "bench.h"

/* Adds the workloads of calls.c. */
void add_calls(void);

#endif

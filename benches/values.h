#ifndef VALUES_H
#define VALUES_H

#include "bench.h"

/* Adds the workloads of values.c. */
void add_values(void);

#endif

#ifndef COPIES_H
#define COPIES_H

#include "bench.h"

/* Adds the workloads of copies.c. */
void add_copies(void);

#endif

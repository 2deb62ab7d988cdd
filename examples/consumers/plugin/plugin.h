/* What a plug-in shows: the sum of at most 64 numbers of any format, or -1. */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C"
#endif
double plugin_sum(const void *memory, const char *format, ptrdiff_t rows, ptrdiff_t columns);

#endif

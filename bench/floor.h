/*
 * Floors: what the kernel asks for the same thing, without anything of ours
 *
 * Each runs in processes made for it by fork, blocking, and gives nanoseconds for one.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>

#include "process.h"

struct floor {
	double (*run)(unsigned long count, size_t size); /* in a process of its own */
	size_t size;                                     /* bytes of a message */
	enum cores cores;
};

double floor_measure(const struct floor *floor, unsigned long count);

/* A message of so many bytes over a SEQPACKET socketpair and back. */
double floor_socketpair(unsigned long count, size_t size);

/* An eventfd there, another one back. */
double floor_eventfd(unsigned long count, size_t size);

/* A memfd of so many bytes made, sized, closed. */
double floor_memfd(unsigned long count, size_t size);

#endif

/*
 * The guard of the stack: a piece of the system call filter
 *
 * The kernel bounds each mapping that grows downwards by RLIMIT_STACK, and counts none of them as
 * data. So a stack that is cut in two may grow twice, and a page of it that mremap() enlarges is
 * bounded by nothing. The guard refuses with EPERM whatever unmaps, moves or replaces memory above
 * a floor: the kernel puts nothing but the stack there.
 */
#ifndef CORE_LINUX_STACK_GUARD_H
#define CORE_LINUX_STACK_GUARD_H

#include <linux/filter.h>

#define STACK_GUARD_LENGTH 25 /* instructions */

/** stack_guard_write() - the guard, to be put before a program: it ends by going on there */
void stack_guard_write(struct sock_filter ret[STACK_GUARD_LENGTH]);

#endif

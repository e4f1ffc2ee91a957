/*
 * Faults: the first, second, third, … of some calls fails
 *
 * The program is linked such that allocations and some system calls pass through here
 * (--wrap, see meson.build). A sweep runs an attempt with its first such call failing, then with
 * its second, and so on until a run needs none of them any more:
 *
 *     for (unsigned nth = 1; fault_sweep(FAULT_ALLOC, nth); nth++) {
 *             attempt();
 *             fault_end();
 *             look at what is left
 *     }
 *
 * Only the thread that began counts and fails; a suspended one doesn't.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include <stdbool.h>

enum fault_kind {
	FAULT_ALLOC = 1 << 0,    /* malloc, calloc, realloc: NULL */
	FAULT_SEND = 1 << 1,     /* sendmsg: the peer has not taken what was sent before */
	FAULT_RECEIVE = 1 << 2,  /* recvmsg: what came beside the bytes had no room, and is gone */
	FAULT_WATCH = 1 << 3,    /* epoll_ctl adding a descriptor: no memory */
	FAULT_TRANSFER = 1 << 4, /* of quota, by who asks with fault_hits() */
	FAULT_CROWD = 1 << 5,    /* sendmsg of descriptors: too many are under way */
};

/* Begins a run, unless the one before needed no call number @nth - 1. Return: whether to run */
bool fault_sweep(unsigned kinds, unsigned nth);

/* Ends a run. Return: whether a call failed in it */
bool fault_end(void);

/* Whether a call has failed in this run. */
bool fault_happened(void);

/* What happens in between is of no interest; both can be called at any time. */
void fault_suspend(void);
void fault_resume(void);

/* One call of a kind. Return: whether it shall fail */
bool fault_hits(enum fault_kind kind);

#endif

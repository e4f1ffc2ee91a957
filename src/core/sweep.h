/*
 * Large dataspaces that are freed
 *
 * To give the pages of a dataspace back takes the kernel a seventh of a second for each GiB, in
 * which core would serve nobody. So from SWEEP_BYTES_MIN on a child process of core does it. It
 * has descriptors of its own, core's are closed at once.
 *
 * The size is what the kernel sets first, so a dataspace is nobody's any more as soon as its turn
 * comes. Its price stays charged until its pages are back, else more could be had than was paid
 * for; who freed it is served no earlier, and so finds in its account what it freed. Who is closed
 * with all it has is no longer charged, as with the memory of a process that was killed.
 */
#ifndef CORE_SWEEP_H
#define CORE_SWEEP_H

#include <stddef.h>

#include "engine/owner.h"
#include "ipc/loop.h"

struct core_services;
struct pd;

struct sweep {
	struct loop_source source;
	struct core_services *services;
	struct pd *pd;     /* that is charged; NULL: none any more */
	struct quota cost; /* given back to it at the end */
	int pid, pidfd;
	struct sweep *prev, *next;
};

/**
 * sweep_begin() - free dataspaces
 * @pd:   waits for it; NULL: nobody does
 * @fds:  to be closed by the caller afterwards, in whatever order they are then
 * @cost: of them
 *
 * Return: 0, or negative errno if it can't be done now, -EAGAIN if too many are under way.
 */
int sweep_begin(
	struct core_services *services, struct pd *pd, int *fds, size_t n_fds, struct quota cost);

/** sweep_wait() - until a PD waits for none any more, for SWEEP_WAIT_MS at most */
void sweep_wait(struct pd *pd);

/** sweep_forget() - a PD goes and waits for nothing any more */
void sweep_forget(struct pd *pd);

/** sweeps_done() - wait for all */
void sweeps_done(struct core_services *services);

#endif

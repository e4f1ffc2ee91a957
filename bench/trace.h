/*
 * Traces: what a tree asks of the kernel, by system calls and messages of each process
 *
 * Counts don't vary as times do. Tracing slows everything down, so nothing is timed with it.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

/* Inits are numbered from the outermost to the innermost. All that is idle counts together. */
enum role {
	ROLE_CORE,
	ROLE_INIT,
	ROLE_INIT_2,
	ROLE_INIT_3,
	ROLE_INIT_4,
	ROLE_INIT_5,
	ROLE_CLIENT,
	ROLE_SERVER,
	ROLE_IDLE,
	ROLES
};

extern const char *const ROLE_NAMES[ROLES];

struct trace {
	unsigned long calls[ROLES];
	unsigned long messages[ROLES]; /* sent; those of core are all answers, it asks nobody */
};

/*
 * Runs a tree until all its processes have ended: by itself if @up is 0, else it is told to as soon
 * as so many components have said that they are up. Their lines are shown to nobody.
 */
void trace_tree(const char *config, unsigned up, struct trace *ret);

#endif

/*
 * The watch: what no limit counts
 *
 * Some memory of the kernel's is spent on behalf of a process and counted by no limit that a plain
 * user could set: page tables, records of mappings, files that only a mapping keeps, capabilities
 * that were sent and not received, descriptors from before capabilities were taken back. Limits
 * bound how much of each there can be at one time (costs.h); the watch sees to it that nobody keeps
 * it. About once a second it looks at the components that have run since, and ends those that are
 * beyond what is usual by far. Of capabilities under way it need not be the receiver's fault that
 * they wait: so the channel is ended, and only who is found with them again and again ends, too.
 *
 * It asks nobody and waits for nobody. While nothing runs it looks at no component.
 */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include <stdint.h>

#include "ipc/loop.h"

struct core_services;
struct pd;

#define WATCH_INTERVAL_MS 1000 /* at most; it is drawn anew each time */
#define WATCH_LOOKS_MAX   128  /* components looked at in one round */

struct watch {
	struct loop_source source;
	int timer_fd;
	int probe[2];   /* a channel to itself, that shows how many capabilities are under way */
	uint64_t round; /* of looks at all components */
	uint64_t random;
};

/**
 * watch_init() - start looking
 *
 * Return: 0, or negative errno; watch_done() is harmless then.
 */
int watch_init(struct core_services *services);
void watch_done(struct core_services *services);

/** watch_page_tables_max() - bytes of page tables that the process of a PD may have */
uint64_t watch_page_tables_max(const struct pd *pd);

/** watch_mappings_max() - mappings that it may have, of private memory and of files */
unsigned watch_mappings_max(uint64_t private_bytes);
unsigned watch_file_mappings_max(const struct pd *pd);

#endif

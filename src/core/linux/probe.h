/*
 * Probes: does this machine hold what core builds on?
 *
 * Each does what core does, in a process of its own, and sees whether it has the effect. What a
 * version number or a file in /proc promises does not count.
 */
#ifndef CORE_LINUX_PROBE_H
#define CORE_LINUX_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/linux/spawn.h"

enum probe_need {
	PROBE_REQUIRED, /* nothing starts without it */
	PROBE_EXPECTED, /* --strict insists on it */
	PROBE_OPTIONAL,
};

struct probe {
	const char *mechanism, *purpose, *weaker, *remedy; /* for people; weaker without it */
	enum probe_need need;
	/* In a process of its own. Return: 0 if it works, else a positive errno. */
	int (*run)(const struct spawner *spawner);
};

extern const struct probe PROBES[];
extern const size_t N_PROBES;

/** probe_run() - Return: 0 if it works, positive errno why not */
int probe_run(const struct probe *probe, const struct spawner *spawner);

#endif

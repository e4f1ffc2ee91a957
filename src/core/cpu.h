/*
 * CPU service: a priority and a place to run
 *
 * Priorities count downwards: 0, the default, is the highest, CPU_PRIORITY_LIMIT - 1 the lowest,
 * and they spread over the nice values below core's own. A place is a rectangle in a grid of CPUs
 * that the session names; cells are spread evenly over those CPUs that core may use.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <sched.h>

#include "core/session.h"

#define CPU_PRIORITY_LIMIT (1 << 16)
#define CPU_SPACE_MAX      1024 /* width and height of an affinity space */

struct pd;

struct cpu_session {
	struct core_session session;
	int64_t priority;
	struct kin_affinity affinity;
	struct pd *pd; /* whose process runs on it, NULL if none */
};

/** cpu_nice() - nice value of the session's priority */
int cpu_nice(const struct cpu_session *cpu);

/**
 * cpu_places() - the CPUs of the session's affinity
 * @ret: at least one CPU of those that core may use
 *
 * Return: whether the session has an affinity.
 */
bool cpu_places(const struct cpu_session *cpu, cpu_set_t *ret);

#endif

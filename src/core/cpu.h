/*
 * CPU service: a priority and a place to run
 *
 * Priorities count downwards: 0, the default, is the highest, KIN_PRIORITY_LIMIT - 1 the lowest.
 * What a plain user can make of them is the nice values below core's own, each of which weighs a
 * fifth less than the one above, and below all of them the class of those that get what nobody else
 * wants. The quarters of the band begin at core's own nice value, 11 below, the lowest, and that
 * class. So whoever is a quarter or more below the highest, or half of the band below anybody,
 * leaves nine tenths of a CPU to him. Within the lower half there are two steps only.
 *
 * A place is a rectangle in a grid that the session names. Linux knows no second dimension of CPUs:
 * those that core may use stand in one row, over which the columns of the grid are spread evenly,
 * and each is as high as the grid. A place has the CPUs that its columns touch. So a place within
 * another one, however fine its grid, has none that the other one has not, and at least one.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <sched.h>

#include "core/session.h"

struct pd;

struct cpu_session {
	struct core_session session;
	int64_t priority;
	struct kin_affinity affinity;
	struct pd *pd; /* whose process runs on it, NULL if none */
};

/** cpu_nice() - nice value of the session's priority, or SPAWN_NICE_IDLE */
int cpu_nice(const struct cpu_session *cpu);

/**
 * cpu_weight() - of the session's priority, for a control group: a tenth for each quarter of the
 * band
 *
 * Return: 1 to CGROUP_WEIGHT_MAX.
 */
unsigned cpu_weight(const struct cpu_session *cpu);

/**
 * cpu_places() - the CPUs of the session's affinity
 * @ret: at least one of the CPUs that core may use
 *
 * Return: whether the session has an affinity.
 */
bool cpu_places(const struct cpu_session *cpu, cpu_set_t *ret);

#endif

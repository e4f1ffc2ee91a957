/*
 * CPU service: a priority and a place to run
 *
 * Priorities count downwards: 0, the default, is the highest, KIN_PRIORITY_LIMIT - 1 the lowest.
 * What Linux makes of them is the nice values below core's own, each of which weighs a fifth less
 * than the one above, and below all of them the class of those that get what nobody else wants,
 * which weighs as if it were nice value 26. The quarters of the band begin at core's own nice
 * value, at two below it, and at that class.
 *
 * Ten nice values weigh nine to one. If core's own is -4 or lower there are three times as many
 * down to the idle class, and the quarters lie evenly: of four levels each leaves nine tenths of a
 * CPU to those above. From -3 to 0 the first quarter has 11 nice values and the two below it share
 * the rest: nine tenths are left to the highest level, or to one that is two above. Above 0, which
 * takes no privilege but is nobody's aim, even the first quarter has less.
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

/** cpu_nice_below() - the same of a priority if core's nice value were @own, -20 to 19 */
int cpu_nice_below(int own, int64_t priority);

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

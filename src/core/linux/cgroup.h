/*
 * Control groups: a second wall, where there is one
 *
 * In a folder of a cgroup v2 hierarchy that was left to us, each component gets a leaf of its own:
 * what the kernel spends on it is bounded by memory.max whatever it is spent on, its processes by
 * pids.max, and its share of the processors by cpu.weight. Nothing else depends on it. Core moves
 * itself into a leaf as well, since only leaves may have processes.
 */
#ifndef CORE_LINUX_CGROUP_H
#define CORE_LINUX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#define CGROUP_WEIGHT_MAX 10000 /* the kernel's; the least is 1 */

struct cgroups {
	int folder; /* the one that was left to us; 0: none */
	bool memory, cpu, pids;
	uint64_t last_leaf;
};

struct cgroup_leaf {
	uint64_t number; /* 0: none */
	int folder;
};

/**
 * cgroups_init() - take over a folder
 * @path: of it; NULL: our own group, if it was left to us: it can be written to without being root,
 *        and no other process is in it
 *
 * Return: 0, with no folder if @path is NULL and ours was not left to us; negative errno if @path
 * can't be used.
 */
int cgroups_init(struct cgroups *cgroups, const char *path);

/** cgroups_done() - leave the folder as it was found; all leaves are gone */
void cgroups_done(struct cgroups *cgroups);

/**
 * cgroup_leaf_open() - make a leaf for one component, which joins it by writing to cgroup.procs
 * @memory_max: bytes
 * @weight:     1 to CGROUP_WEIGHT_MAX
 * @tasks_max:  threads that it may have, the first one included
 * @ret_procs:  descriptor of cgroup.procs, the caller's
 *
 * Return: 0 or negative errno.
 */
int cgroup_leaf_open(struct cgroups *cgroups, uint64_t memory_max, unsigned weight,
	unsigned tasks_max, struct cgroup_leaf *ret, int *ret_procs);

/** cgroup_leaf_limit() - another bound for its memory. Return: 0 or negative errno. */
int cgroup_leaf_limit(
	const struct cgroups *cgroups, const struct cgroup_leaf *leaf, uint64_t memory_max);

/** cgroup_leaf_close() - after its process was waited for; harmless if there is none */
void cgroup_leaf_close(struct cgroups *cgroups, struct cgroup_leaf *leaf);

#endif

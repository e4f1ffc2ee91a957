/*
 * Limits of a process
 *
 * RLIMIT_DATA is what makes a RAM budget hold: the kernel refuses private writable memory beyond
 * it. Only soft limits are ever moved. The child can't move them (the allow list has no call for
 * it), and core, which need not be root, can raise again what it lowered only while the hard limit
 * stays where it was.
 */
#ifndef CORE_LINUX_LIMITS_H
#define CORE_LINUX_LIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * Size of a component's stack. The kernel makes the stack mapping 128 KiB large at exec; with a
 * limit of the same size it never grows, so it is a constant part of what a component costs.
 */
#define KIN_PROCESS_STACK_BYTES (128u << 10)

/* What differs from one process to the next */
struct process_limits {
	uint64_t data_bytes;      /* private writable memory, without the stack */
	unsigned descriptors_max; /* descriptor numbers stay below this */
	uint64_t address_bytes;   /* all that is mapped, whoever pays for it */
	unsigned tasks_max;       /* threads of its user, who has no other process; 0: not told */
};

#define LIMITS_PLAN_LINES 11

/* All limits of a process about to start, in the form that prlimit(2) takes */
struct limits_plan {
	struct {
		int resource;
		struct rlimit64 limit;
	} lines[LIMITS_PLAN_LINES];
};

/**
 * limits_plan_init() - the limits that are the same for all, below the caller's own hard limits
 *
 * Return: 0 or negative errno.
 */
int limits_plan_init(struct limits_plan *plan);

/** limits_plan_set() - fill in what differs; amounts above the hard limit are cut to it */
void limits_plan_set(struct limits_plan *plan, const struct process_limits *limits);

/**
 * limits_set_data() - move the soft data limit of a running process
 * @plan:  that it was started by
 * @bytes: counted in whole pages, rounded down; cut to the hard limit. A process that has more
 *         already keeps it, but gets no more.
 *
 * Return: 0; -ESRCH if there is no such process; other negative errno.
 */
int limits_set_data(const struct limits_plan *plan, pid_t pid, uint64_t bytes);

/** limits_set_descriptors() - move the soft limit of descriptor numbers; same answers */
int limits_set_descriptors(const struct limits_plan *plan, pid_t pid, unsigned descriptors_max);

/**
 * limits_set_addresses() - move the soft limit of all that is mapped; same answers
 *
 * What the data limit does not count, such as dataspaces, costs page tables and records of
 * mappings: this bounds how many. It must leave room for what others lend.
 */
int limits_set_addresses(const struct limits_plan *plan, pid_t pid, uint64_t bytes);

/**
 * limits_open_statm() - open the figures of a process, to be kept for its life
 * @ret_fd: close-on-exec; stays valid when the number of the process is used again for another
 *
 * Return: 0; -ENOENT if there is no such process; other negative errno.
 */
int limits_open_statm(pid_t pid, int *ret_fd);

/**
 * limits_read_data() - private writable memory of a process as RLIMIT_DATA counts it
 * @statm_fd:  from limits_open_statm()
 * @ret_bytes: without the stack; 0 once the process has ended
 *
 * It is the size of the mappings, not of what was touched: memory mapped under an old limit could
 * be touched under a new one, so this is what a lowered limit must be compared with.
 *
 * Return: 0; -ESRCH if the process has been waited for; other negative errno.
 */
int limits_read_data(int statm_fd, uint64_t *ret_bytes);

/** limits_data_enforced() - false if this kernel was told to count data but not to limit it */
bool limits_data_enforced(void);

#endif

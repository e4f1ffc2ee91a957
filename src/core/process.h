/*
 * Processes
 *
 * The process of a PD, from its start until it is reaped. Its pidfd is in the loop; when it ends
 * the way it ended is kept here for as long as the PD exists. A PD that is closed earlier has it
 * killed and leaves it in the graveyard of struct core_services, where it waits to be reaped.
 */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/ends.h"
#include "core/linux/spawn.h"
#include "engine/owner.h"
#include "ipc/loop.h"

#define GRAVEYARD_LINGER_MS 1000

struct core_services;
struct pd;
struct threads;

struct process {
	struct loop_source source;
	struct core_services *services;
	struct pd *pd; /* NULL in the graveyard */
	pid_t pid;
	int pidfd, statm;          /* 0 once reaped */
	uid_t uid;                 /* its own; 0: core's */
	struct cgroup_leaf cgroup; /* its own, if any */
	struct threads *threads;   /* NULL if it may have but one */
	struct quota cost;         /* charged for it, given back when it has ended */
	uint64_t limit_bytes;      /* its data limit, whole pages */
	unsigned descriptors_max;
	unsigned descriptors_ever; /* the most that was */
	uint64_t address_bytes;
	uint64_t looked_round, looked_cpu_ns; /* the watch's: when, and what it had used then */
	struct ends parent;                   /* its channel to who started it */
	int loop;                             /* the epoll that it was given */
	unsigned number_tried, numbers_left;  /* of descriptors in it: the last one; since it ran */
	unsigned cuts;      /* looks at which a channel was cut off here, in a row of rounds */
	uint64_t cut_round; /* of the last one */
	unsigned n_modules; /* of a dynamically linked program */
	bool ended;
	struct process_end end; /* valid once ended */
	struct process *prev, *next;
};

/**
 * process_new() - start a process
 * @pd:      its PD, where a failure is logged
 * @request: what to start; its user and control group are filled in
 * @weight:  of its CPU time, 1 to CGROUP_WEIGHT_MAX
 *
 * Return: 0; KIN_DENIED if the kernel refused a step (logged); or negative errno.
 */
int process_new(
	struct pd *pd, struct spawn_request *request, unsigned weight, struct process **ret);

/** process_poll() - see whether it has ended, before the loop gets to it */
void process_poll(struct process *process);

/** process_stop() - kill it; it ends when the loop gets to it; harmless if it has ended */
void process_stop(struct process *process);

/** process_bury() - kill it and part it from its PD; the loop reaps it; NULL is fine */
void process_bury(struct process *process);

/**
 * process_graveyard_done() - reap what was killed, so that the end of core is the end of all
 *
 * Waits until they are gone, which a kernel in trouble can delay: for GRAVEYARD_LINGER_MS at most.
 */
void process_graveyard_done(struct core_services *services);

#endif

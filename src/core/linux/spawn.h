/*
 * Starting a component
 *
 * What a component may do is decided before its first instruction: its descriptors, its limits, its
 * system calls. A spawner holds all that can be prepared once; a start is a vfork-like clone, a
 * dozen steps in the child, and an exec. Its cost does not grow with the number of descriptors core
 * holds, which is large: the child gets a copy of the lowest 16 only, or 32 if it is dynamically
 * linked.
 *
 * For that, the numbers 3 to 31 belong to the spawner. Outside of spawner_start() they refer to
 * /dev/null, so that no channel is kept open by a forgotten reference. spawner_init() must
 * therefore come before anything else that opens descriptors.
 *
 * Driven by core alone, in one thread. A start blocks for as long as the child runs this code,
 * never for anything that a component does.
 */
#ifndef CORE_LINUX_SPAWN_H
#define CORE_LINUX_SPAWN_H

#include "core/linux/cgroup.h"
#include "core/linux/identity.h"
#include "core/linux/limits.h"
#include "core/linux/modules.h"
#include "core/linux/seccomp.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SPAWN_DESCRIPTOR_FIRST 3 /* number of a component's first descriptor */
#define SPAWN_DESCRIPTORS_MAX  12
#define SPAWN_DESCRIPTOR_END   MODULES_END /* from here on numbers are core's */
#define SPAWN_NAME_MAX         63          /* bytes of argv[0] */
#define SPAWN_STEPS            15
#define SPAWN_NICE_IDLE        20 /* below all nice values: what nobody else wants */

enum {
	SPAWN_E_FAILED = 1,    /* a step failed, spawn_fault says which */
	PROCESS_E_RUNNING = 1, /* has not ended yet */
};

struct spawner {
	struct exec_secret secret;
	/* By kinds; all but the first are empty until a component needs them */
	struct syscall_filter filters[SYSCALL_FILTER_KINDS];
	struct limits_plan limits;
	struct cgroups cgroups;       /* optional, set up by the owner, as the next */
	struct identities identities; /* each with a folder or range, or zeroed */
	uint64_t signals; /* bit N - 1: core does not leave signal N to its default action */
	int landlock_fd;  /* ruleset, or -1 if this kernel has none */
	int null_fd;      /* what the staging numbers refer to while unused */
	int loader_fd;    /* sealed copy of the loader, or -1 until a component needs it */
	char *stack;      /* the child's, with a guard page below */
	size_t stack_bytes;
	bool data_enforced; /* the kernel does limit data, not only count it */
	char missing[192];  /* "" if every wall stands */
};

/* A sealed memfd with an open file of its own, as its position is the component's */
struct spawn_module {
	const char *name; /* by which the dynamic linker asks for it; "" for the program */
	int fd;
};

struct spawn_request {
	const char *name;                       /* becomes argv[0] */
	int binary_fd;                          /* executable memfd: rom_memfd_snapshot() */
	const struct spawn_module *modules;     /* by enum module; instead of binary_fd */
	size_t n_modules;                       /* 0 unless dynamically linked */
	int descriptors[SPAWN_DESCRIPTORS_MAX]; /* become 3, 4, …; -1: number stays closed */
	size_t n_descriptors;
	struct process_limits limits;
	int nice;              /* absolute, -20 to 19, or SPAWN_NICE_IDLE */
	const cpu_set_t *cpus; /* NULL: those of core */
	int cgroup_procs;      /* cgroup.procs of a group to join; 0: core's */
	uid_t uid;             /* user and group; 0: core's */
	unsigned threads_max;  /* at a time, the first one included */
	uint64_t *step_ns; /* for measuring: when each step began, SPAWN_STEPS of them; or NULL */
};

struct spawn_result {
	pid_t pid;
	int pidfd;    /* close-on-exec, the caller's, as the next */
	int listener; /* where it asks for threads (thread_calls.h); 0: it may have but one */
};

struct spawn_fault {
	const char *step; /* static text */
	int error;        /* errno */
	char text[192];   /* "NAME: cannot start: STEP: REASON" */
};

struct process_end {
	bool killed; /* by a signal */
	int value;   /* the signal's number, or else the exit code */
};

/**
 * spawner_init() - prepare everything that all starts share, reserve descriptors 3 to 31
 * @fault: written on any answer but 0; its text says what is required
 *
 * What core does about signals must be settled before, too; a child gets the defaults.
 *
 * Return: 0; -EBUSY if a number from 3 to 31 is taken; -ENOSYS if the kernel is older than
 * Linux 5.9; other negative errno. Whatever is optional and missing: spawner_missing().
 */
int spawner_init(struct spawner *spawner, struct spawn_fault *fault);

/** spawner_done() - release it; components that run are not affected */
void spawner_done(struct spawner *spawner);

/** spawner_missing() - walls that this kernel does not offer, for people; NULL if there is none */
const char *spawner_missing(const struct spawner *spawner);

/**
 * spawner_start() - start one component
 * @request: borrowed for the call; its descriptors stay open in core
 * @fault:   written on SPAWN_E_FAILED
 *
 * The component's descriptors are exactly those of @request, blocking or not as they are; its
 * group is its own, so a terminal's signals reach core alone; it dies with core. Whoever starts a
 * binary should have put it through elf_check() and compared its data_bytes with the limit: what
 * the kernel finds wrong after it has dropped the old program ends the process with a signal.
 *
 * Return: 0 or SPAWN_E_FAILED; then there is no process.
 */
int spawner_start(struct spawner *spawner, const struct spawn_request *request,
	struct spawn_fault *fault, struct spawn_result *ret);

/** spawner_step() - name of a step of the child, of SPAWN_STEPS */
const char *spawner_step(size_t step);

/**
 * process_wait() - how did it end?
 *
 * Never blocks. Reaps the process; the descriptor is still the caller's to close. A pidfd becomes
 * readable when its process ends.
 *
 * Return: 0, PROCESS_E_RUNNING, or negative errno (-ECHILD if it was reaped before).
 */
int process_wait(int pidfd, struct process_end *ret);

/**
 * process_is_ending() - is the kernel at ending it, or has it ended?
 * @pid: not reaped yet
 *
 * Tells a process whose descriptors are closed because it ends from one that closed them itself.
 */
bool process_is_ending(pid_t pid);

/**
 * process_kill() - end it at once
 *
 * Return: 0; -ESRCH if it was reaped before; other negative errno.
 */
int process_kill(int pidfd);

#endif

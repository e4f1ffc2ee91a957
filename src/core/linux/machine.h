/*
 * Machine: core as the first process
 *
 * Started by the kernel as process 1, core has no system around it: it mounts what it needs, waits
 * for orphans that are not its own, and turns the machine off at the end.
 */
#ifndef CORE_LINUX_MACHINE_H
#define CORE_LINUX_MACHINE_H

#include <stdbool.h>
#include <sys/types.h>

/** machine_is_ours() - are we the first process? */
bool machine_is_ours(void);

/**
 * machine_begin() - mount /proc, /sys, /dev and, if the kernel has it, the cgroup v2 hierarchy at
 * /sys/fs/cgroup, as far as they are not there
 *
 * Return: 0 or negative errno; -errno of /proc, without which nothing works.
 */
int machine_begin(void);

/**
 * machine_orphan() - a process that ended and is waiting for us
 * @ret_pid: not waited for yet
 *
 * Return: whether there is one.
 */
bool machine_orphan(pid_t *ret_pid);

/** machine_end() - write out what is to be written, turn off; returns only if that failed */
void machine_end(void);

#endif

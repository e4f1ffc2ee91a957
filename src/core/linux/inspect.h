/*
 * What the kernel spends on a process
 *
 * Read from /proc, for what no limit counts. Nothing here is exact to the byte or to the moment; it
 * tells what is normal from what is not.
 */
#ifndef CORE_LINUX_INSPECT_H
#define CORE_LINUX_INSPECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct inspection {
	uint64_t mapped_bytes;     /* all of its address space that is in use */
	uint64_t private_bytes;    /* writable memory of its own, the stack included */
	uint64_t page_table_bytes; /* the lowest level of its page tables, and those above */
	unsigned mappings;         /* not of files; both at most one more than was asked about */
	unsigned file_mappings;
	unsigned descriptors; /* that are open */
};

/**
 * inspect_memory() - look at the memory of a process
 * @mappings_max: how many mappings to count at most, of files and others: counting stops at the
 * next one
 *
 * Return: 0, or negative errno; -ESRCH or -ENOENT if there is no such process.
 */
int inspect_memory(pid_t pid, unsigned mappings_max, struct inspection *ret);

/** inspect_cpu_ns() - CPU time that a process has had; 0 if there is no such process */
uint64_t inspect_cpu_ns(pid_t pid);

/**
 * inspect_loop() - is a number of a descriptor in an event loop more often than it may be?
 *
 * Each was another file then, which is still open elsewhere. Takes longer the more is in the loop.
 * Return: false also where the kernel can't compare.
 */
bool inspect_loop(int epoll, unsigned number, unsigned times_max);

/** inspect_unread() - capabilities that wait to be received at an end of a channel; 0 if unknown */
unsigned inspect_unread(int fd);

#endif

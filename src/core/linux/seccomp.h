/*
 * The system calls of a component
 *
 * An allow list, turned into a program for the kernel once at core's start. Everything else answers
 * EPERM, a call of a foreign architecture kills. What is deliberately absent: whatever makes
 * processes, files, sockets, pipes, memfds, or memory that RLIMIT_DATA does not see, and whatever
 * names a thing by a path or by another process's number. Dynamically linked components have a list
 * of their own that adds what their linker needs and no way to any of these, and those that were
 * granted threads one that lets them ask for these.
 */
#ifndef CORE_LINUX_SECCOMP_H
#define CORE_LINUX_SECCOMP_H

#include <linux/filter.h>
#include <stdint.h>

/*
 * The two numbers that let execveat() pass. Its arguments dirfd and flags are ints: the kernel
 * drops the upper half of their registers, the filter looks at all 64 bits. Core fills the upper
 * halves with bits drawn at random; the component it starts never learns them, so it can't exec
 * again.
 */
struct exec_secret {
	uint64_t dirfd;
	uint64_t flags;
};

struct syscall_filter {
	struct sock_fprog program; /* for seccomp(2); owns its instructions */
};

/**
 * exec_secret_draw() - take new random bits
 * @dirfd: what execveat() shall really get, not negative
 * @flags: the same
 *
 * Return: 0 or negative errno.
 */
int exec_secret_draw(int dirfd, int flags, struct exec_secret *ret);

/* What a filter has beside what all have; a set of bits */
enum syscall_filter_kind {
	SYSCALL_FILTER_STATIC = 0,
	SYSCALL_FILTER_DYNAMIC = 1, /* what a dynamic linker needs, see modules.h and the loader */
	SYSCALL_FILTER_THREADS = 2, /* what threads need; how many is not for the filter */
	SYSCALL_FILTER_KINDS = 4,
};

/**
 * syscall_filter_init() - build the program
 * @secret: the only arguments with which execveat() passes
 * @kinds:  of enum syscall_filter_kind
 *
 * Return: 0, -ENOMEM, or another negative errno if the library can't build it.
 */
int syscall_filter_init(
	struct syscall_filter *filter, const struct exec_secret *secret, unsigned kinds);

/** syscall_filter_done() - forget it; processes that carry it are not affected */
void syscall_filter_done(struct syscall_filter *filter);

#endif

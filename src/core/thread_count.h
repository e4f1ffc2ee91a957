/*
 * How many threads a process has, or will have: the arithmetic
 *
 * No system calls: threads.c asks the kernel and tells this. See there why it holds. For each
 * question of a thread: thread_count_asks(), what the kernel says, thread_count_judge(), and
 * thread_count_passed() if the call was let through.
 */
#ifndef CORE_THREAD_COUNT_H
#define CORE_THREAD_COUNT_H

#include <stdbool.h>
#include <sys/types.h>

/* Numbers of threads, each at most once */
struct thread_set {
	pid_t *threads;
	unsigned n;
};

struct thread_count {
	pid_t first;
	unsigned max;
	unsigned n;                /* never less than what the kernel has and was allowed to add */
	struct thread_set cloning; /* may be at a clone() that was let through */
	struct thread_set ending;  /* were let go, and are not known to be gone */
};

enum thread_verdict {
	THREAD_PASSES,
	THREAD_REFUSED,
	THREAD_WAITS, /* until another thread is gone */
};

/**
 * thread_count_init() - a process with one thread
 * @first: that one
 * @max:   that it may have, the first one included
 *
 * Return: 0 or -ENOMEM.
 */
int thread_count_init(struct thread_count *count, pid_t first, unsigned max);
void thread_count_done(struct thread_count *count);

/** thread_count_asks() - a thread is at one of the two calls, so at no earlier one, and not gone */
void thread_count_asks(struct thread_count *count, pid_t thread);

/** thread_count_gone() - one that was let go is gone */
void thread_count_gone(struct thread_count *count, pid_t thread);

/**
 * thread_count_seen() - the kernel has so many, at a moment after those that are gone were told
 * @n: 0 if it did not say
 */
void thread_count_seen(struct thread_count *count, unsigned n);

/** thread_count_judge() - what about a thread that wants to begin another, or to end? */
enum thread_verdict thread_count_judge(const struct thread_count *count, pid_t thread, bool ends);

/** thread_count_passed() - it was let through; one that ends counts until it is gone */
void thread_count_passed(struct thread_count *count, pid_t thread, bool ends);

#endif

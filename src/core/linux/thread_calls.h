/*
 * The calls by which threads begin and end, as core hears of them
 *
 * A component that was granted threads carries a second, tiny filter: it turns clone() and exit()
 * into questions. Who asks waits in the kernel until the call is let through or refused. The
 * component's own filter (seccomp.h) judges the arguments before, and what it refuses is never
 * asked about. So a question says all that there is to know by its number and the thread that asks;
 * nothing is read from memory, which others could change meanwhile.
 *
 * The listener is the descriptor on which the questions arrive. It exists once for each process,
 * outside of it.
 */
#ifndef CORE_LINUX_THREAD_CALLS_H
#define CORE_LINUX_THREAD_CALLS_H

#include <linux/filter.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * How a C library begins a thread, and the only flags with which clone() passes: all that makes it
 * share everything with its process, and where its number goes and is cleared.
 */
#define THREAD_CLONE_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

extern const struct sock_fprog THREAD_FILTER;

struct thread_question {
	uint64_t id;
	pid_t thread; /* that asks */
	bool ends;    /* it wants to end; else to begin another */
};

/**
 * thread_calls_check() - does this kernel ask in a form that we understand?
 *
 * Return: 0; -ENOSYS if it asks nobody, -EOVERFLOW if its questions are larger than ours.
 */
int thread_calls_check(void);

/**
 * thread_question_take() - take the next question
 *
 * Never waits if the listener is readable, also if who asked is gone since.
 *
 * Return: 0; -ENOENT if who asked does not wait any more; other negative errno.
 */
int thread_question_take(int listener, struct thread_question *ret);

/**
 * thread_question_answer() - let the call through, or refuse it
 * @error: 0 to let it through, else the positive errno that it ends with
 *
 * Return: 0; -ENOENT if nobody waits for that any more, so that nothing was let through; other
 * negative errno.
 */
int thread_question_answer(int listener, uint64_t id, int error);

/** thread_is_gone() - has that thread of a process ended for good? */
bool thread_is_gone(pid_t process, pid_t thread);

/**
 * threads_open_stat() - open the figures of a process, for threads_count()
 *
 * Return: a descriptor or negative errno.
 */
int threads_open_stat(pid_t pid);

/**
 * threads_count() - threads that a process has at this moment
 *
 * Those on their way out count until they are gone. Return: their number, 0 if it has ended or
 * can't be read.
 */
unsigned threads_count(int stat_fd);

#endif

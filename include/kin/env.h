/*
 * Environment: what a component starts with, and the loop it lives in
 *
 * The library's main() prepares a struct kin_env and calls kin_main(). A component that only
 * computes returns from there; all others set up their handlers and return what kin_run() returns:
 *
 *     int kin_main(struct kin_env *env)
 *     {
 *             …open, announce, watch…
 *             return kin_run(env);
 *     }
 *
 * There is one loop, in the first thread. A handler runs to completion before the next one starts,
 * so a handler that takes long delays all others, and the answer to the parent's heartbeat as well,
 * which the loop gives by itself.
 *
 * A component whose start node says threads="4" may have three more, by plain pthreads. One thread
 * at a time uses the objects and functions of this library, best the first one alone; the others
 * compute, in memory of the component and in dataspaces, and tell it by what they share under a
 * mutex, or wake its loop by kin_signal_trigger() on a signal that it watches, which any thread may
 * call. malloc, mutexes, condition variables, barriers, semaphores and thread-local storage work.
 * What needs more of the kernel does not: mutexes with priority inheritance, pthread_cancel() and
 * pthread_kill(), attributes for scheduling and processors; and in a component that is dynamically
 * linked pthread_exit(), unless it is linked with libgcc_s: return from the thread's function.
 * One thread too many is EAGAIN; where the start node grants none it is EPERM. A thread's stack is
 * private memory, 128 KiB unless its attributes say otherwise. Each start and end of a thread asks
 * core, so keep threads that are needed again. If the first thread leaves by itself, by
 * pthread_exit(), the component goes on until the last one has.
 *
 * Every object of this library is a struct that its user embeds and zeroes; one that is all zero is
 * closed, and closing it again does no harm. It must stay where it is while it is open. Functions
 * return 0, a positive answer (<kin/answer.h>) or a negative errno.
 */
#ifndef KIN_ENV_H
#define KIN_ENV_H

struct kin_env;

/** What the loop calls; @data is what its user gave along with it. */
typedef void kin_handler(void *data);

/** Room for what the library keeps inside of an embedded object. */
struct kin_storage {
	void *space[4];
};

/**
 * kin_main() - the component, written by its author
 *
 * Return: exit value, told to the parent.
 */
int kin_main(struct kin_env *env);

/**
 * kin_run() - handle events until kin_stop()
 *
 * Return: the value given to kin_stop(), also if that was called before.
 */
int kin_run(struct kin_env *env);

/** kin_stop() - let kin_run() return @value once the handlers of this round are through. */
void kin_stop(struct kin_env *env, int value);

/** kin_exit() - end the component at once: tell the parent @value, never return. */
_Noreturn void kin_exit(struct kin_env *env, int value);

/** A descriptor in the loop. */
struct kin_watch {
	int descriptor; /* borrowed */

	/* private */
	struct kin_env *env;
	kin_handler *handle;
	void *data;
	struct kin_storage source;
};

/**
 * kin_watch_start() - have @handle called whenever @descriptor is readable or its peer is gone
 *
 * The handler must read, or stop watching: it is called again as long as there is something.
 *
 * Return: 0; -EEXIST if it is watched already, -EPERM if it can't be watched, -ENOMEM.
 */
int kin_watch_start(struct kin_env *env, struct kin_watch *watch, int descriptor,
	kin_handler *handle, void *data);

/** kin_watch_stop() - before the descriptor is closed; events of this round are dropped as well. */
void kin_watch_stop(struct kin_watch *watch);

/** Something to do after the handlers of this round, so that nothing recurses. */
struct kin_task {
	kin_handler *run;
	void *data;

	/* private */
	struct kin_storage task;
};

/**
 * kin_task_queue() - run a task once, in the order queued; one that is queued already stays there.
 */
void kin_task_queue(struct kin_env *env, struct kin_task *task);

/** kin_task_cancel() - forget a task; harmless if it is not queued. */
void kin_task_cancel(struct kin_env *env, struct kin_task *task);

#endif

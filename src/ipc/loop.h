/*
 * Event loop: one epoll per program
 *
 * A source is a descriptor with a handler that runs to completion whenever it is readable (or its
 * peer is gone). Tasks are what handlers queue to be done after them, so that nothing recurses
 * along children: they run once all handlers of a round have run, in the order queued. Timers need
 * no descriptor: the loop waits no longer than until the next one is due.
 */
#ifndef IPC_LOOP_H
#define IPC_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop_source {
	int fd; /* borrowed; 0 while not in a loop */
	void (*handle)(struct loop_source *source, uint32_t epoll_events);
	bool armed;
};

struct loop_task {
	void (*run)(struct loop_task *task);
	struct loop_task *next;
	bool queued;
};

struct loop_timer {
	void (*run)(struct loop_timer *timer);
	uint64_t due_ms, period_ms; /* on the monotonic clock; 0: once */
	struct loop_timer *next;
	bool armed;
};

struct loop {
	int epoll;
	bool stopped;
	struct loop_task *first, **last;
	struct loop_timer *timers;     /* the one due next is the first */
	struct loop_source *ready[32]; /* of the present round; removed ones become NULL */
	int n_ready;
};

int loop_init(struct loop *loop);
/* The same with an epoll that is there already, and belongs to the loop from now on. */
void loop_adopt(struct loop *loop, int epoll);
void loop_done(struct loop *loop);

/**
 * loop_add() - have @source handled whenever @fd is readable
 *
 * The source belongs to the caller, who removes it before it or its descriptor goes away.
 * Return: 0, or negative errno.
 */
int loop_add(struct loop *loop, struct loop_source *source, int fd,
	void (*handle)(struct loop_source *source, uint32_t epoll_events));

/* Stops handling it, also in the present round; harmless if it is not in the loop. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* Handles @events (EPOLLIN, EPOLLOUT or none) of the source from now on. */
void loop_watch(struct loop *loop, struct loop_source *source, uint32_t events);

/* Queues a task once; a task queued already stays where it is. */
void loop_queue(struct loop *loop, struct loop_task *task);

/* Takes a task out of the queue; harmless if it is not in it. */
void loop_cancel(struct loop *loop, struct loop_task *task);

/* Runs a timer after so many milliseconds, and then every @period_ms unless that is 0. An armed one
 * starts anew. It belongs to the caller, who disarms it before it goes away. */
void loop_arm(struct loop *loop, struct loop_timer *timer, uint64_t after_ms, uint64_t period_ms);

/* Harmless if it is not armed. */
void loop_disarm(struct loop *loop, struct loop_timer *timer);

/* One round; waits up to @timeout_ms (-1: for ever). Return: 0, or negative errno. */
int loop_round(struct loop *loop, int timeout_ms);

/* Rounds until loop_stop(). Return: 0, or negative errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif

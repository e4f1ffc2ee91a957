/* Event loop; see the header. */
#include "ipc/loop.h"

#include <errno.h>
#include <stddef.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <utlist.h>

#define READY_MAX ((int) (sizeof(((struct loop *) 0)->ready) / sizeof(struct loop_source *)))

int loop_init(struct loop *loop)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	loop_adopt(loop, epoll);
	return epoll < 0 ? -errno : 0;
}

void loop_adopt(struct loop *loop, int epoll)
{
	*loop = (struct loop){ .epoll = epoll };
	loop->last = &loop->first;
}

void loop_done(struct loop *loop)
{
	if (loop->epoll > 0)
		close(loop->epoll);
	loop->epoll = 0;
}

int loop_add(struct loop *loop, struct loop_source *source, int fd,
	void (*handle)(struct loop_source *source, uint32_t epoll_events))
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	*source = (struct loop_source){ .fd = fd, .handle = handle, .armed = true };
	return 0;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (!source->armed)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->armed = false;
	for (int i = 0; i < loop->n_ready; i++)
		if (loop->ready[i] == source)
			loop->ready[i] = NULL;
}

void loop_watch(struct loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (source->armed)
		epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_queue(struct loop *loop, struct loop_task *task)
{
	if (task->queued)
		return;
	task->queued = true;
	task->next = NULL;
	*loop->last = task;
	loop->last = &task->next;
}

void loop_cancel(struct loop *loop, struct loop_task *task)
{
	if (!task->queued)
		return;
	for (struct loop_task **at = &loop->first; *at; at = &(*at)->next) {
		if (*at != task)
			continue;
		*at = task->next;
		if (loop->last == &task->next)
			loop->last = at;
		break;
	}
	task->queued = false;
}

static void run_tasks(struct loop *loop)
{
	while (loop->first) {
		struct loop_task *task = loop->first;

		loop->first = task->next;
		if (!loop->first)
			loop->last = &loop->first;
		task->queued = false;
		task->run(task);
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static void insert(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **at = &loop->timers;

	while (*at && (*at)->due_ms <= timer->due_ms)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
	timer->armed = true;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, uint64_t after_ms, uint64_t period_ms)
{
	uint64_t now = now_ms();

	loop_disarm(loop, timer);
	timer->due_ms = after_ms < UINT64_MAX - now ? now + after_ms : UINT64_MAX;
	timer->period_ms = period_ms;
	insert(loop, timer);
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
	if (timer->armed)
		LL_DELETE(loop->timers, timer);
	timer->armed = false;
}

/* A period that was missed is not made up for. */
static void run_timers(struct loop *loop)
{
	uint64_t now = loop->timers ? now_ms() : 0;

	while (loop->timers && loop->timers->due_ms <= now) {
		struct loop_timer *timer = loop->timers;

		loop_disarm(loop, timer);
		if (timer->period_ms) {
			timer->due_ms += timer->period_ms;
			if (timer->due_ms <= now)
				timer->due_ms = now + timer->period_ms;
			insert(loop, timer);
		}
		timer->run(timer);
	}
}

/* How long to wait: until something is due, but not longer than @timeout_ms. */
static int wait_ms(const struct loop *loop, int timeout_ms)
{
	if (!loop->timers)
		return timeout_ms;
	uint64_t now = now_ms(), due = loop->timers->due_ms;
	uint64_t left = due > now ? due - now + 1 : 0; /* both are rounded down */

	if (timeout_ms >= 0 && (uint64_t) timeout_ms < left)
		return timeout_ms;
	return left < INT_MAX ? (int) left : INT_MAX;
}

int loop_round(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[READY_MAX];

	run_tasks(loop);
	if (loop->stopped)
		return 0;
	int n = epoll_wait(loop->epoll, events, READY_MAX, wait_ms(loop, timeout_ms));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	run_timers(loop);
	for (int i = 0; i < n; i++)
		loop->ready[i] = events[i].data.ptr;
	loop->n_ready = n;
	for (int i = 0; i < n; i++) {
		struct loop_source *source = loop->ready[i];

		if (source)
			source->handle(source, events[i].events);
	}
	loop->n_ready = 0;
	run_tasks(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int r = 0;

	while (!loop->stopped && r == 0)
		r = loop_round(loop, -1);
	loop->stopped = false;
	return r;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

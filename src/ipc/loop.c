/* Event loop; see the header. */
#include "ipc/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READY_MAX ((int) (sizeof(((struct loop *) 0)->ready) / sizeof(struct loop_source *)))

int loop_init(struct loop *loop)
{
	*loop = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	loop->last = &loop->first;
	return loop->epoll < 0 ? -errno : 0;
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

int loop_round(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[READY_MAX];

	run_tasks(loop);
	if (loop->stopped)
		return 0;
	int n = epoll_wait(loop->epoll, events, READY_MAX, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
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

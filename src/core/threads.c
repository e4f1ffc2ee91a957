/* Threads of a process; see the header. */
#include "core/threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/container.h"
#include "core/descriptor.h"
#include "core/linux/thread_calls.h"
#include "core/process.h"
#include "core/services.h"
#include "core/thread_count.h"

#define RETRY_FIRST_MS 1

struct threads {
	struct process *process;
	struct loop_source source;
	struct loop_timer retry;
	unsigned retry_ms; /* doubles each time */
	int listener, stat;
	struct thread_count count;
	struct thread_question *waiting; /* at most one of each thread, the oldest first */
	unsigned n_waiting;
};

static struct loop *loop_of(struct threads *threads)
{
	return threads->process->services->loop;
}

static void fail(struct threads *threads, int error)
{
	struct process *process = threads->process;

	loop_remove(loop_of(threads), &threads->source);
	if (process->pd)
		core_log(process->services, OWNER_ERROR, "%s: stopped: its threads: %s",
			process->pd->session.label, strerror(-error));
	process_stop(process);
}

/* Return: whether somebody heard it */
static bool answer(struct threads *threads, const struct thread_question *question, int error)
{
	int r = thread_question_answer(threads->listener, question->id, error);

	if (r < 0 && r != -ENOENT)
		fail(threads, r);
	return r == 0;
}

/* Counts off who is gone; then asks the kernel. */
static void look(struct threads *threads)
{
	struct thread_count *count = &threads->count;

	for (unsigned i = count->ending.n; i-- > 0;) {
		pid_t thread = count->ending.threads[i];

		if (thread_is_gone(count->first, thread))
			thread_count_gone(count, thread);
	}
	thread_count_seen(count, threads_count(threads->stat));
}

/* Return: whether it is answered, else it has to wait */
static bool decide(struct threads *threads, const struct thread_question *question)
{
	struct thread_count *count = &threads->count;

	look(threads);
	switch (thread_count_judge(count, question->thread, question->ends)) {
	case THREAD_PASSES:
		if (answer(threads, question, 0))
			thread_count_passed(count, question->thread, question->ends);
		return true;
	case THREAD_REFUSED:
		answer(threads, question, EAGAIN);
		return true;
	case THREAD_WAITS:
		break;
	}
	return false;
}

static void retry_arm(struct threads *threads)
{
	if (!threads->n_waiting || !threads->count.ending.n || threads->retry.armed)
		return;
	loop_arm(loop_of(threads), &threads->retry, threads->retry_ms, 0);
}

/* Takes those out of the queue that are answered now. */
static void waiting_decide(struct threads *threads, bool patient)
{
	unsigned n = threads->n_waiting, kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct thread_question question = threads->waiting[i];

		if (decide(threads, &question))
			continue;
		if (!patient && !question.ends)
			answer(threads, &question, EAGAIN);
		else
			threads->waiting[kept++] = question;
	}
	threads->n_waiting = kept;
}

static void handle_retry(struct loop_timer *timer)
{
	struct threads *threads = CONTAINER_OF(timer, struct threads, retry);

	waiting_decide(threads, threads->retry_ms < THREADS_PATIENCE_MS);
	if (threads->retry_ms < THREADS_PATIENCE_MS)
		threads->retry_ms *= 2;
	retry_arm(threads);
}

/* A thread that asks anew has given up what it asked before. */
static void waiting_forget(struct threads *threads, pid_t thread)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < threads->n_waiting; i++)
		if (threads->waiting[i].thread != thread)
			threads->waiting[kept++] = threads->waiting[i];
	threads->n_waiting = kept;
}

static void wait_begin(struct threads *threads, const struct thread_question *question)
{
	if (threads->n_waiting == threads->count.max) {
		answer(threads, question, EAGAIN);
		return;
	}
	threads->waiting[threads->n_waiting++] = *question;
}

static void handle(struct loop_source *source, uint32_t epoll_events)
{
	struct threads *threads = CONTAINER_OF(source, struct threads, source);
	struct thread_question question;

	if (!(epoll_events & EPOLLIN)) {
		loop_remove(loop_of(threads), source);
		return;
	}
	int r = thread_question_take(threads->listener, &question);

	if (r < 0 && r != -ENOENT)
		fail(threads, r);
	if (r < 0)
		return;
	thread_count_asks(&threads->count, question.thread);
	waiting_forget(threads, question.thread);
	if (!decide(threads, &question))
		wait_begin(threads, &question);
	if (!threads->retry.armed)
		threads->retry_ms = RETRY_FIRST_MS;
	retry_arm(threads);
}

int threads_open(struct process *process, unsigned max, int take_listener, struct threads **ret)
{
	struct threads *threads = calloc(1, sizeof(*threads));
	int r;

	if (!threads) {
		close(take_listener);
		return -ENOMEM;
	}
	threads->process = process;
	threads->listener = take_listener;
	threads->retry.run = handle_retry;
	threads->waiting = calloc(max, sizeof(*threads->waiting));
	r = threads->waiting ? thread_count_init(&threads->count, process->pid, max) : -ENOMEM;
	if (r == 0)
		r = threads_open_stat(process->pid);
	if (r >= 0) {
		threads->stat = r;
		r = loop_add(loop_of(threads), &threads->source, threads->listener, handle);
	}
	if (r < 0) {
		threads_close(threads);
		return r;
	}
	*ret = threads;
	return 0;
}

void threads_close(struct threads *threads)
{
	if (!threads)
		return;
	loop_remove(loop_of(threads), &threads->source);
	loop_disarm(loop_of(threads), &threads->retry);
	descriptor_close(&threads->listener);
	descriptor_close(&threads->stat);
	thread_count_done(&threads->count);
	free(threads->waiting);
	free(threads);
}

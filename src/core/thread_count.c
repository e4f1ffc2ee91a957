/* Counting threads; see the header. */
#include "core/thread_count.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static pid_t *set_find(const struct thread_set *set, pid_t thread)
{
	for (unsigned i = 0; i < set->n; i++)
		if (set->threads[i] == thread)
			return &set->threads[i];
	return NULL;
}

static bool set_add(struct thread_set *set, unsigned max, pid_t thread)
{
	if (set_find(set, thread))
		return true;
	if (set->n == max)
		return false;
	set->threads[set->n++] = thread;
	return true;
}

static bool set_remove(struct thread_set *set, pid_t thread)
{
	pid_t *at = set_find(set, thread);

	if (at)
		*at = set->threads[--set->n];
	return at != NULL;
}

int thread_count_init(struct thread_count *count, pid_t first, unsigned max)
{
	*count = (struct thread_count){ .first = first, .max = max, .n = 1 };
	count->cloning.threads = calloc(max, sizeof(pid_t));
	count->ending.threads = calloc(max, sizeof(pid_t));
	if (count->cloning.threads && count->ending.threads)
		return 0;
	thread_count_done(count);
	return -ENOMEM;
}

void thread_count_done(struct thread_count *count)
{
	free(count->cloning.threads);
	free(count->ending.threads);
	*count = (struct thread_count){ 0 };
}

void thread_count_asks(struct thread_count *count, pid_t thread)
{
	set_remove(&count->cloning, thread);
	set_remove(&count->ending, thread);
}

void thread_count_gone(struct thread_count *count, pid_t thread)
{
	if (set_remove(&count->ending, thread))
		count->n--;
}

void thread_count_seen(struct thread_count *count, unsigned n)
{
	if (n == 0)
		return;
	/* Nothing is left that could still be added: what was allowed has come to its end. */
	if (n == count->n)
		count->cloning.n = 0;
	/* Of those allowed some failed. Who ends may be in one number and not in the other. */
	if (count->ending.n == 0 && n + count->cloning.n < count->n)
		count->n = n + count->cloning.n;
}

enum thread_verdict thread_count_judge(const struct thread_count *count, pid_t thread, bool ends)
{
	if (ends)
		return thread != count->first || count->n == 1 ? THREAD_PASSES : THREAD_WAITS;
	if (count->n < count->max && count->cloning.n < count->max)
		return THREAD_PASSES;
	return count->ending.n ? THREAD_WAITS : THREAD_REFUSED;
}

void thread_count_passed(struct thread_count *count, pid_t thread, bool ends)
{
	if (ends) {
		/* were there no room in the set, it would count for longer than it is there */
		set_add(&count->ending, count->max, thread);
		return;
	}
	bool noted = set_add(&count->cloning, count->max, thread);

	assert(noted && count->n < count->max);
	count->n++;
}

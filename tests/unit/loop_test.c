/*
 * Event loop: handlers run for what is ready, tasks after them, and what is removed stays silent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/loop.h"
#include "ipc/signal.h"

#define SOURCES_MAX 40

struct world;

struct watched {
	struct loop_source source; /* first */
	struct world *world;
	int signal;
	unsigned n_handled;
	uint32_t events;
};

struct job {
	struct loop_task task; /* first */
	struct world *world;
	char letter;
	struct job *queues, *cancels;
};

struct world {
	struct loop loop;
	struct watched watched[SOURCES_MAX];
	struct job a, b, c;
	char ran[16];
};

static void count(struct loop_source *source, uint32_t events)
{
	struct watched *watched = (struct watched *) source;

	signal_take(watched->signal);
	watched->n_handled++;
	watched->events = events;
}

static void run(struct loop_task *task)
{
	struct job *job = (struct job *) task;
	struct world *world = job->world;

	strncat(world->ran, &job->letter, 1);
	if (job->queues)
		loop_queue(&world->loop, &job->queues->task);
	if (job->cancels)
		loop_cancel(&world->loop, &job->cancels->task);
	job->queues = NULL;
}

static int set_up(void **state)
{
	static struct world world;

	alarm(30);
	memset(&world, 0, sizeof(world));
	for (int i = 0; i < SOURCES_MAX; i++) {
		world.watched[i].world = &world;
		if (signal_context_open(&world.watched[i].signal) < 0)
			return -1;
	}
	world.a = (struct job){ { .run = run }, &world, 'a', NULL, NULL };
	world.b = (struct job){ { .run = run }, &world, 'b', NULL, NULL };
	world.c = (struct job){ { .run = run }, &world, 'c', NULL, NULL };
	*state = &world;
	return loop_init(&world.loop);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	loop_done(&world->loop);
	for (int i = 0; i < SOURCES_MAX; i++)
		close(world->watched[i].signal);
	return 0;
}

static struct watched *watch(
	struct world *world, int i, void (*handle)(struct loop_source *source, uint32_t events))
{
	struct watched *watched = &world->watched[i];

	assert_int_equal(loop_add(&world->loop, &watched->source, watched->signal, handle), 0);
	return watched;
}

static void a_source_is_handled_while_it_is_readable(void **state)
{
	struct world *world = *state;
	struct watched *watched = watch(world, 0, count);

	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(watched->n_handled, 0);
	signal_trigger(watched->signal);
	signal_trigger(watched->signal);
	assert_int_equal(loop_round(&world->loop, -1), 0);
	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(watched->n_handled, 1);
	assert_true(watched->events & EPOLLIN);
}

static void more_sources_than_fit_in_a_round_are_all_handled(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < SOURCES_MAX; i++)
		signal_trigger(watch(world, i, count)->signal);
	loop_round(&world->loop, 0);
	loop_round(&world->loop, 0);
	for (int i = 0; i < SOURCES_MAX; i++)
		assert_int_equal(world->watched[i].n_handled, 1);
}

/* Whichever of the two comes first ends the other. */
static void remove_other(struct loop_source *source, uint32_t events)
{
	struct watched *watched = (struct watched *) source;
	struct world *world = watched->world;

	watched->n_handled++;
	loop_remove(&world->loop, &world->watched[watched == world->watched ? 1 : 0].source);
	signal_take(watched->signal);
}

static void what_a_handler_removes_is_not_handled_in_the_same_round(void **state)
{
	struct world *world = *state;
	struct watched *a = watch(world, 0, remove_other), *b = watch(world, 1, remove_other);

	signal_trigger(a->signal);
	signal_trigger(b->signal);
	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(a->n_handled + b->n_handled, 1);
	assert_int_equal(a->source.armed + b->source.armed, 1);
	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(a->n_handled + b->n_handled, 1);
}

static void remove_self(struct loop_source *source, uint32_t events)
{
	struct watched *watched = (struct watched *) source;

	watched->n_handled++;
	loop_remove(&watched->world->loop, source);
	memset(source, 0xee, sizeof(*source)); /* as if it had been freed */
}

static void a_handler_may_remove_its_own_source(void **state)
{
	struct world *world = *state;
	struct watched *watched = watch(world, 0, remove_self);

	signal_trigger(watched->signal);
	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(watched->n_handled, 1);
}

static void removing_twice_or_what_was_never_added_is_harmless(void **state)
{
	struct world *world = *state;
	struct watched *watched = watch(world, 0, count);

	loop_remove(&world->loop, &watched->source);
	loop_remove(&world->loop, &watched->source);
	loop_remove(&world->loop, &world->watched[1].source);
	signal_trigger(watched->signal);
	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(watched->n_handled, 0);
	watch(world, 0, count);
	assert_int_equal(loop_round(&world->loop, 0), 0);
	assert_int_equal(watched->n_handled, 1);
}

static void a_descriptor_that_cannot_be_watched_is_an_error(void **state)
{
	struct world *world = *state;
	struct loop_source source = { 0 };

	assert_true(loop_add(&world->loop, &source, 9999, count) < 0);
	loop_remove(&world->loop, &source);
}

static void a_source_is_handled_only_for_what_is_watched(void **state)
{
	struct world *world = *state;
	struct watched *watched = watch(world, 0, count);

	signal_trigger(watched->signal);
	loop_watch(&world->loop, &watched->source, 0);
	loop_round(&world->loop, 0);
	assert_int_equal(watched->n_handled, 0);
	loop_watch(&world->loop, &watched->source, EPOLLOUT);
	loop_round(&world->loop, 0);
	assert_int_equal(watched->n_handled, 1);
	assert_int_equal(watched->events, EPOLLOUT);
}

static void tasks_run_in_the_order_queued_and_once(void **state)
{
	struct world *world = *state;

	loop_queue(&world->loop, &world->b.task);
	loop_queue(&world->loop, &world->a.task);
	loop_queue(&world->loop, &world->b.task);
	loop_queue(&world->loop, &world->c.task);
	loop_round(&world->loop, 0);
	assert_string_equal(world->ran, "bac");
	loop_round(&world->loop, 0);
	assert_string_equal(world->ran, "bac");
}

static void tasks_that_tasks_queue_run_behind_them(void **state)
{
	struct world *world = *state;

	world->a.queues = &world->a;
	world->b.queues = &world->c;
	loop_queue(&world->loop, &world->a.task);
	loop_queue(&world->loop, &world->b.task);
	loop_round(&world->loop, 0);
	assert_string_equal(world->ran, "abac");
}

/* The first, the middle and the last of three; what is queued afterwards finds the end. */
static void cancelled_tasks_do_not_run(void **state)
{
	struct world *world = *state;
	struct job *jobs[] = { &world->a, &world->b, &world->c };
	static const char *const left[] = { "bca", "acb", "abc" };

	for (int gone = 0; gone < 3; gone++) {
		world->ran[0] = 0;
		for (int i = 0; i < 3; i++)
			loop_queue(&world->loop, &jobs[i]->task);
		loop_cancel(&world->loop, &jobs[gone]->task);
		loop_cancel(&world->loop, &jobs[gone]->task);
		loop_queue(&world->loop, &jobs[gone]->task);
		loop_round(&world->loop, 0);
		assert_string_equal(world->ran, left[gone]);
	}
	loop_queue(&world->loop, &world->a.task);
	loop_cancel(&world->loop, &world->a.task);
	loop_round(&world->loop, 0);
	assert_string_equal(world->ran, left[2]);
}

static void a_task_may_cancel_a_later_one(void **state)
{
	struct world *world = *state;

	world->a.cancels = &world->b;
	loop_queue(&world->loop, &world->a.task);
	loop_queue(&world->loop, &world->b.task);
	loop_queue(&world->loop, &world->c.task);
	loop_round(&world->loop, 0);
	assert_string_equal(world->ran, "ac");
}

static void queue_a(struct loop_source *source, uint32_t events)
{
	struct watched *watched = (struct watched *) source;
	struct world *world = watched->world;

	signal_take(watched->signal);
	assert_string_equal(world->ran, "");
	loop_queue(&world->loop, &world->a.task);
}

static void tasks_run_after_all_handlers_of_a_round(void **state)
{
	struct world *world = *state;

	signal_trigger(watch(world, 0, queue_a)->signal);
	signal_trigger(watch(world, 1, queue_a)->signal);
	loop_round(&world->loop, 0);
	assert_string_equal(world->ran, "a");
}

static void stop(struct loop_source *source, uint32_t events)
{
	struct watched *watched = (struct watched *) source;

	if (++watched->n_handled == 3)
		loop_stop(&watched->world->loop);
}

static void a_loop_runs_until_it_is_stopped(void **state)
{
	struct world *world = *state;
	struct watched *watched = watch(world, 0, stop);

	signal_trigger(watched->signal);
	assert_int_equal(loop_run(&world->loop), 0);
	assert_int_equal(watched->n_handled, 3);
	watched->n_handled = 0;
	assert_int_equal(loop_run(&world->loop), 0);
	assert_int_equal(watched->n_handled, 3);
}

static void stop_in_task(struct loop_task *task)
{
	loop_stop(&((struct job *) task)->world->loop);
}

static void a_loop_stopped_by_a_task_does_not_wait(void **state)
{
	struct world *world = *state;

	world->a.task.run = stop_in_task;
	loop_queue(&world->loop, &world->a.task);
	assert_int_equal(loop_run(&world->loop), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_source_is_handled_while_it_is_readable),
		TEST(more_sources_than_fit_in_a_round_are_all_handled),
		TEST(what_a_handler_removes_is_not_handled_in_the_same_round),
		TEST(a_handler_may_remove_its_own_source),
		TEST(removing_twice_or_what_was_never_added_is_harmless),
		TEST(a_descriptor_that_cannot_be_watched_is_an_error),
		TEST(a_source_is_handled_only_for_what_is_watched),
		TEST(tasks_run_in_the_order_queued_and_once),
		TEST(tasks_that_tasks_queue_run_behind_them),
		TEST(cancelled_tasks_do_not_run),
		TEST(a_task_may_cancel_a_later_one),
		TEST(tasks_run_after_all_handlers_of_a_round),
		TEST(a_loop_runs_until_it_is_stopped),
		TEST(a_loop_stopped_by_a_task_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

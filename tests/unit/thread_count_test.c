/*
 * Counting threads: against a model of the kernel and a component that does what it likes
 *
 * The model keeps what the kernel does by itself apart from what core hears: a clone that was let
 * through happens later or fails, a thread that was let go is gone later, a question may vanish
 * before it is answered. Seeded random histories; each step in any order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/thread_count.h"

#define FIRST       100
#define THREADS_MAX 5
#define SLOTS       64 /* of the model, more than ever are there */
#define STEPS       200000
#define SEEDS       10

enum state {
	NOBODY,
	RUNS,
	ASKS_CLONE, /* waits for an answer */
	ASKS_EXIT,
	CLONES, /* let through, the kernel has not got to it */
	DIES,   /* let go, still there */
};

struct kernel {
	struct thread_count count;
	enum state threads[SLOTS]; /* by number, from FIRST on */
	pid_t last;
	unsigned seed;
	unsigned n_refused, n_passed;
};

static unsigned draw(struct kernel *k, unsigned n)
{
	k->seed = k->seed * 1664525 + 1013904223;
	return (k->seed >> 8) % n;
}

static unsigned n_in(const struct kernel *k, enum state state)
{
	unsigned n = 0;

	for (int i = 0; i < SLOTS; i++)
		n += k->threads[i] == state;
	return n;
}

static unsigned n_there(const struct kernel *k)
{
	return SLOTS - n_in(k, NOBODY);
}

static void look(struct kernel *k)
{
	struct thread_count *count = &k->count;

	for (unsigned i = count->ending.n; i-- > 0;) {
		pid_t thread = count->ending.threads[i];

		if (k->threads[thread - FIRST] == NOBODY)
			thread_count_gone(count, thread);
	}
	thread_count_seen(count, n_there(k));
}

/* What core does for a question; @vanishes: nobody hears the answer. */
static void answer(struct kernel *k, int i, bool vanishes)
{
	bool ends = k->threads[i] == ASKS_EXIT;

	look(k);
	enum thread_verdict verdict = thread_count_judge(&k->count, FIRST + i, ends);

	if (verdict == THREAD_WAITS) {
		/* somebody is on the way out, or it is the first thread that wants to go first */
		assert_true(n_in(k, DIES) || (ends && i == 0 && n_there(k) > 1));
		return;
	}
	if (vanishes) {
		k->threads[i] = RUNS;
		return;
	}
	if (verdict == THREAD_REFUSED) {
		assert_false(ends);
		k->threads[i] = RUNS;
		k->n_refused++;
		return;
	}
	if (ends && i == 0)
		assert_int_equal(n_there(k), 1);
	k->threads[i] = ends ? DIES : CLONES;
	thread_count_passed(&k->count, FIRST + i, ends);
	k->n_passed += !ends;
}

static void ask(struct kernel *k, int i, bool ends)
{
	k->threads[i] = ends ? ASKS_EXIT : ASKS_CLONE;
	thread_count_asks(&k->count, FIRST + i);
}

/* Numbers go round, as the kernel's do. */
static void clone_happens(struct kernel *k, int i)
{
	k->threads[i] = RUNS;
	do
		k->last = (k->last + 1) % SLOTS;
	while (k->threads[k->last] != NOBODY);
	k->threads[k->last] = RUNS;
}

static void step(struct kernel *k)
{
	int i = (int) draw(k, SLOTS);

	switch (k->threads[i]) {
	case NOBODY:
		return;
	case RUNS:
		if (draw(k, 2))
			ask(k, i, i != 0 && draw(k, 3) == 0);
		break;
	case ASKS_CLONE:
	case ASKS_EXIT:
		answer(k, i, draw(k, 8) == 0);
		break;
	case CLONES:
		if (draw(k, 6) == 0)
			k->threads[i] = RUNS; /* it failed */
		else
			clone_happens(k, i);
		break;
	case DIES:
		k->threads[i] = NOBODY;
		break;
	}
	assert_true(n_there(k) <= THREADS_MAX);
	assert_true(n_there(k) + n_in(k, CLONES) <= k->count.n);
	assert_true(k->count.n <= THREADS_MAX);
}

static void kernel_init(struct kernel *k, unsigned seed)
{
	*k = (struct kernel){ .seed = seed, .threads = { RUNS } };
	assert_int_equal(thread_count_init(&k->count, FIRST, THREADS_MAX), 0);
}

/* All that is under way comes to its end. */
static void settle(struct kernel *k)
{
	for (int i = 0; i < SLOTS; i++) {
		if (k->threads[i] == CLONES || k->threads[i] == ASKS_CLONE ||
			k->threads[i] == ASKS_EXIT)
			k->threads[i] = RUNS;
		if (k->threads[i] == DIES)
			k->threads[i] = NOBODY;
	}
}

/* The first thread begins so many others, one after the other. */
static void grow(struct kernel *k, int n)
{
	for (int i = 0; i < n; i++) {
		ask(k, 0, false);
		answer(k, 0, false);
		assert_int_equal(k->threads[0], CLONES);
		clone_happens(k, 0);
	}
}

static void no_history_has_more_threads_than_granted(void **state)
{
	struct kernel k;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		kernel_init(&k, seed);
		for (int i = 0; i < STEPS; i++)
			step(&k);
		assert_true(k.n_passed > STEPS / 1000 && k.n_refused > STEPS / 1000);
		thread_count_done(&k.count);
	}
}

/* Whoever asks after a history, as many can be started as were granted. */
static void no_history_loses_a_thread(void **state)
{
	struct kernel k;

	for (unsigned seed = 1; seed <= 200; seed++) {
		kernel_init(&k, seed);
		for (int i = 0; i < 2000; i++)
			step(&k);
		settle(&k);
		for (int i = 0; i < SLOTS; i++)
			if (k.threads[i] == RUNS)
				thread_count_asks(&k.count, FIRST + i);
		while (n_there(&k) < THREADS_MAX)
			grow(&k, 1);
		ask(&k, 0, false);
		answer(&k, 0, false);
		assert_int_equal(k.threads[0], RUNS);
		thread_count_done(&k.count);
	}
}

static void a_clone_that_failed_is_no_thread(void **state)
{
	struct kernel k;

	kernel_init(&k, 1);
	for (int i = 0; i < 3 * THREADS_MAX; i++) {
		ask(&k, 0, false);
		answer(&k, 0, false);
		assert_int_equal(k.threads[0], CLONES);
		k.threads[0] = RUNS;
	}
	thread_count_done(&k.count);
}

static void what_the_kernel_does_not_say_changes_nothing(void **state)
{
	struct kernel k;

	kernel_init(&k, 1);
	grow(&k, THREADS_MAX - 1);
	thread_count_asks(&k.count, FIRST);
	thread_count_seen(&k.count, 0);
	assert_int_equal(k.count.n, THREADS_MAX);
	assert_int_equal(thread_count_judge(&k.count, FIRST, false), THREAD_REFUSED);
	thread_count_done(&k.count);
}

static void two_that_ask_at_once_get_one_place(void **state)
{
	struct kernel k;

	kernel_init(&k, 1);
	grow(&k, THREADS_MAX - 2);
	ask(&k, 0, false);
	ask(&k, 1, false);
	answer(&k, 0, false);
	answer(&k, 1, false);
	assert_int_equal(k.threads[0], CLONES);
	assert_int_equal(k.threads[1], RUNS);
	thread_count_done(&k.count);
}

static void who_is_on_the_way_out_is_waited_for(void **state)
{
	struct kernel k;

	kernel_init(&k, 1);
	grow(&k, THREADS_MAX - 1);
	ask(&k, 1, true);
	answer(&k, 1, false);
	assert_int_equal(k.threads[1], DIES);
	ask(&k, 0, false);
	answer(&k, 0, false);
	assert_int_equal(k.threads[0], ASKS_CLONE);
	k.threads[1] = NOBODY;
	answer(&k, 0, false);
	assert_int_equal(k.threads[0], CLONES);
	thread_count_done(&k.count);
}

static void the_first_thread_ends_last(void **state)
{
	struct kernel k;

	kernel_init(&k, 1);
	ask(&k, 0, false);
	answer(&k, 0, false);
	clone_happens(&k, 0);
	ask(&k, 0, true);
	answer(&k, 0, false);
	assert_int_equal(k.threads[0], ASKS_EXIT);
	ask(&k, 1, true);
	answer(&k, 1, false);
	answer(&k, 0, false);
	assert_int_equal(k.threads[0], ASKS_EXIT);
	k.threads[1] = NOBODY;
	answer(&k, 0, false);
	assert_int_equal(k.threads[0], DIES);
	thread_count_done(&k.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_history_has_more_threads_than_granted),
		cmocka_unit_test(no_history_loses_a_thread),
		cmocka_unit_test(a_clone_that_failed_is_no_thread),
		cmocka_unit_test(what_the_kernel_does_not_say_changes_nothing),
		cmocka_unit_test(two_that_ask_at_once_get_one_place),
		cmocka_unit_test(who_is_on_the_way_out_is_waited_for),
		cmocka_unit_test(the_first_thread_ends_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

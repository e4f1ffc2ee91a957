/*
 * The log ring: what is kept, for whom, and how it is told what is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/log_ring.h"
#include "model/random.h"

#define N_LINES 20000

static int set_up(void **state)
{
	static struct log_ring ring;

	*state = &ring;
	return log_ring_init(&ring);
}

static int tear_down(void **state)
{
	log_ring_done(*state);
	return 0;
}

static void add(struct log_ring *ring, const char *label, const char *text)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "[%s] %s\n", label, text);

	log_ring_add(ring, line, (size_t) n, strlen(label));
}

/* Reads on; the lost lines are added up. */
static void assert_read(struct log_ring *ring, const char *prefix, struct log_cursor *cursor,
	const char *text, uint64_t lost)
{
	struct log_excerpt excerpt;

	assert_int_equal(log_ring_read(ring, prefix, cursor, &excerpt), 0);
	assert_int_equal(excerpt.size, strlen(text));
	if (excerpt.size)
		assert_memory_equal(excerpt.text, text, excerpt.size);
	assert_int_equal(excerpt.lost, lost);
	free(excerpt.text);
}

static void lines_are_those_whose_label_starts_with_the_prefix(void **state)
{
	struct log_cursor all = { 0, 0 }, init = { 0, 0 }, a = { 0, 0 }, none = { 0, 0 };

	assert_read(*state, "", &all, "", 0);
	add(*state, "core", "one");
	add(*state, "init -> a", "two");
	add(*state, "init -> ab", "three");
	add(*state, "a", "init");
	assert_read(
		*state, "", &all, "[core] one\n[init -> a] two\n[init -> ab] three\n[a] init\n", 0);
	assert_read(*state, "init", &init, "[init -> a] two\n[init -> ab] three\n", 0);
	assert_read(*state, "init -> a", &a, "[init -> a] two\n[init -> ab] three\n", 0);
	assert_read(*state, "init -> ab ", &none, "", 0);
	assert_int_equal(none.line, 4);
}

static void a_reader_goes_on_where_it_was(void **state)
{
	struct log_cursor cursor = { 0, 0 }, by_number = { 1, 0 }, to_come = { 100, 0 };

	add(*state, "a", "one");
	assert_read(*state, "a", &cursor, "[a] one\n", 0);
	assert_read(*state, "a", &cursor, "", 0);
	add(*state, "b", "two");
	add(*state, "a", "three");
	assert_read(*state, "a", &cursor, "[a] three\n", 0);
	assert_read(*state, "", &by_number, "[b] two\n[a] three\n", 0);
	assert_read(*state, "", &to_come, "", 0);
	assert_int_equal(to_come.line, 3);
}

static void old_lines_make_room_and_are_counted(void **state)
{
	struct log_ring *ring = *state;
	struct log_cursor cursor = { 0, 0 };
	struct log_excerpt excerpt;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	add(ring, "a", "first");
	assert_read(ring, "", &cursor, "[a] first\n", 0);
	for (int i = 0; i < 1000; i++)
		add(ring, "a", text);
	assert_int_equal(log_ring_read(ring, "", &cursor, &excerpt), 0);
	assert_true(excerpt.lost > 0 && excerpt.lost < 1000);
	assert_int_equal(excerpt.size, (1000 - excerpt.lost) * (strlen("[a] \n") + strlen(text)));
	assert_true(excerpt.size > LOG_RING_BYTES - 4096);
	free(excerpt.text);
}

/* Every line says its number, so a reader can see that it gets all, in order. */
static void assert_numbers(const struct log_excerpt *excerpt, uint64_t from)
{
	size_t at = 0;

	for (; at < excerpt->size; from++) {
		const char *line = excerpt->text + at;
		const char *end = memchr(line, '\n', excerpt->size - at);

		assert_non_null(end);
		assert_int_equal(strtoull(strchr(line, ' '), NULL, 10), from);
		at = (size_t) (end + 1 - excerpt->text);
	}
}

static void whatever_the_lengths_no_line_is_torn_or_missed(void **state)
{
	struct log_ring *ring = *state;
	struct random random = { 1 };
	struct log_cursor cursor = { 0, 0 };
	struct log_excerpt excerpt;
	char text[800];

	for (uint64_t i = 0; i < N_LINES; i++) {
		int n = snprintf(text, sizeof(text), "%llu ", (unsigned long long) i);

		memset(text + n, '.', sizeof(text) - (size_t) n);
		text[(size_t) n + random_below(&random, 700)] = '\0';
		add(ring, "a", text);
		if (random_below(&random, 300))
			continue;
		uint64_t from = cursor.line;

		assert_int_equal(log_ring_read(ring, "", &cursor, &excerpt), 0);
		assert_numbers(&excerpt, from + excerpt.lost);
		assert_int_equal(cursor.line, i + 1);
		free(excerpt.text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_those_whose_label_starts_with_the_prefix),
		TEST(a_reader_goes_on_where_it_was),
		TEST(old_lines_make_room_and_are_counted),
		TEST(whatever_the_lengths_no_line_is_torn_or_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What can happen to a session, as a table, held against the engine and written down
 *
 * usage: enumerate DOCUMENT               compare: engine, table and document agree
 *        enumerate --write DOCUMENT       write the document anew from the table
 *        enumerate --histories STEPS      walk all histories of so many operations
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "enumerate/enumerate.h"

#define STEPS 3

static const char *document;

static void every_reachable_combination_has_a_row_and_follows_it(void **state)
{
	assert_int_equal(explore_reachable(), 0);
}

static void how_a_session_got_where_it_is_does_not_matter(void **state)
{
	unsigned n;

	assert_int_equal(explore_histories(STEPS, &n), 0);
	assert_true(n > 1000);
}

static void no_two_rows_are_about_the_same(void **state)
{
	struct cell cell;

	for (cell.kind = 0; cell.kind < KINDS; cell.kind++)
		for (cell.point = 0; cell.point < POINTS; cell.point++)
			for (cell.operation = 0; cell.operation < OPERATIONS; cell.operation++)
				for (unsigned gone = THERE; gone <= GONE; gone++) {
					cell.server_gone = gone;
					assert_int_equal(rows_for(&cell) > 1, 0);
				}
}

static void the_document_says_what_the_table_says(void **state)
{
	char *want = NULL, *have = NULL;
	size_t n_want, n_have = 0;
	FILE *file = open_memstream(&want, &n_want);

	assert_non_null(file);
	document_write(file);
	fclose(file);
	file = fopen(document, "r");
	assert_non_null(file);
	ssize_t n = getdelim(&have, &n_have, EOF, file);

	fclose(file);
	assert_true(n > 0);
	if (strcmp(have, want) != 0)
		fail_msg("write it anew: enumerate --write %s", document);
	free(have);
	free(want);
}

static int write_document(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file) {
		perror(path);
		return 1;
	}
	document_write(file);
	return fclose(file) != 0;
}

static int walk(unsigned steps)
{
	unsigned n, mistakes = explore_histories(steps, &n);

	printf("%u histories of %u operations: %u mistakes\n", n, steps, mistakes);
	return mistakes != 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_rows_are_about_the_same),
		cmocka_unit_test(every_reachable_combination_has_a_row_and_follows_it),
		cmocka_unit_test(how_a_session_got_where_it_is_does_not_matter),
		cmocka_unit_test(the_document_says_what_the_table_says),
	};

	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_document(argv[2]);
	if (argc == 3 && strcmp(argv[1], "--histories") == 0)
		return walk((unsigned) atoi(argv[2]));
	if (argc != 2) {
		fprintf(stderr, "usage: %s [--write] DOCUMENT | --histories STEPS\n", argv[0]);
		return 2;
	}
	document = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

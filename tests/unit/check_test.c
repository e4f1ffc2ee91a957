/*
 * Check of configs: each config of the corpus with exactly the problems beside it, positions
 * included, and any config at all without harm.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kin/label.h>
#include <kin/node.h>

#include "cli/problems.h"
#include "engine/check.h"
#include "engine/schema.h"

#define N_MUTANTS     4000
#define MUTATIONS_MAX 6
#define MUTANT_MAX    16384 /* bytes of it, and of each file of the corpus */

static const char *corpus(void)
{
	const char *path = getenv("KIN_TEST_CORPUS");

	if (!path)
		fail_msg("KIN_TEST_CORPUS must name the folder tests/corpus");
	return path;
}

static char *read_corpus(const char *name, const char *suffix, size_t *ret_n)
{
	char path[4096];
	char *text = calloc(1, MUTANT_MAX);

	snprintf(path, sizeof(path), "%s/config/%s%s", corpus(), name, suffix);
	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("%s can't be opened", path);
	*ret_n = fread(text, 1, MUTANT_MAX - 1, file);
	fclose(file);
	return text;
}

static bool binary_exists(void *ctx, const char *name)
{
	return strcmp(name, "hello") == 0 || strcmp(name, "server") == 0 ||
	       strcmp(name, CHECK_INIT_BINARY) == 0;
}

static const struct check_facts facts = { { 64 << 20, 1000 }, NULL, binary_exists };

/* Return: what `kin check` prints */
static char *check_text(const char *source, const char *text, size_t n)
{
	struct kin_tree *tree = NULL;
	struct problems problems;
	char *printed;
	size_t size;
	FILE *stream = open_memstream(&printed, &size);

	problems_init(&problems, source);
	if (kin_tree_parse(text, n, &problems.diag, &tree) == 0)
		assert_int_equal(check_config(tree, &facts, &problems.diag), 0);
	problems_print(&problems, stream);
	fclose(stream);
	problems_done(&problems);
	kin_tree_free(tree);
	return printed;
}

static void check_case(const char *name, const char *suffix)
{
	char source[300];
	size_t n, n_expected;
	char *text = read_corpus(name, suffix, &n);
	char *expected = read_corpus(name, ".expected", &n_expected);

	snprintf(source, sizeof(source), "%s%s", name, suffix);
	char *printed = check_text(source, text, n);

	assert_string_equal(printed, expected);
	if (strncmp(name, "good-", 5) == 0)
		assert_string_equal(printed, "");
	free(printed);
	free(expected);
	free(text);
}

static void each_config_of_the_corpus_has_the_problems_beside_it(void **state)
{
	char path[4096];
	unsigned n = 0;

	snprintf(path, sizeof(path), "%s/config", corpus());
	DIR *directory = opendir(path);

	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char *end = strrchr(entry->d_name, '.');
		const char *suffix = strcmp(end, ".kin") == 0 ? ".kin" : ".xml";

		if (strcmp(end, suffix) != 0)
			continue;
		*end = '\0';
		check_case(entry->d_name, suffix);
		n++;
	}
	closedir(directory);
	assert_true(n > 0);
}

static void without_knowledge_of_binaries_none_is_missed(void **state)
{
	static const char text[] =
		"<config><parent-provides><service name=\"PD\"/><service name=\"CPU\"/>"
		"<service name=\"LOG\"/><service name=\"ROM\"/></parent-provides>"
		"<start name=\"x\" ram=\"1M\" "
		"caps=\"50\"><route><any-service><parent/></any-service>"
		"</route></start></config>";
	struct check_facts unknown = facts;
	struct kin_diag diag = { 0 };
	struct kin_tree *tree;

	unknown.binary_exists = NULL;
	assert_int_equal(kin_tree_parse(text, sizeof(text) - 1, NULL, &tree), 0);
	assert_int_equal(check_config(tree, &unknown, &diag), 0);
	assert_int_equal(diag.n_errors + diag.n_warnings, 0);
	assert_int_equal(check_config(tree, &facts, &diag), 0);
	assert_int_equal(diag.n_errors, 1);
	assert_int_equal(check_config(tree, &facts, NULL), 0);
	kin_tree_free(tree);
}

static void elements_below_the_top_are_known_by_type(void **state)
{
	static const char *const known[] = { "parent-provides", "affinity-space", "default",
		"default-route", "resource", "report", "heartbeat", "alias", "service", "start" };
	static const char *const unknown[] = { "", "strat", "config", "route", "binary", "policy",
		"starts" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_true(schema_top_level_known(known[i]));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_false(schema_top_level_known(unknown[i]));
}

/* Inits in inits, of binary @binary, the innermost without children. */
static char *nest(unsigned depth, const char *binary)
{
	static const char open[] =
		"<config><parent-provides><service name=\"PD\"/><service name=\"CPU\"/>"
		"<service name=\"LOG\"/><service name=\"ROM\"/></parent-provides>"
		"<default-route><any-service><parent/></any-service></default-route>"
		"<start name=\"i\" ram=\"1G\" caps=\"1000\"><binary name=\"";
	size_t size = depth * (sizeof(open) + strlen(binary) + 32) + 1;
	char *text = calloc(1, size), *at = text;

	for (unsigned i = 0; i < depth; i++)
		at = stpcpy(stpcpy(stpcpy(at, open), binary), "\"/>");
	for (unsigned i = 0; i < depth; i++)
		at = stpcpy(at, "</start></config>");
	return text;
}

static void assert_nest(unsigned depth, const char *binary, const char *problem, bool found)
{
	char *text = nest(depth, binary), *printed = check_text("nest", text, strlen(text));

	assert_int_equal(strstr(printed, problem) != NULL, found);
	free(printed);
	free(text);
}

static void nested_inits_are_followed_until_their_labels_are_too_long(void **state)
{
	static const char too_long[] =
		"error: i: label of service \"ROM\" too long after rewriting";
	char binary[KIN_LABEL_MAX + 1] = { 0 };

	assert_nest(30, CHECK_INIT_BINARY, too_long, false);
	assert_nest(30, CHECK_INIT_BINARY, "warning: i: configured RAM exceeds", true);
	memset(binary, 'x', KIN_LABEL_MAX - 5);
	assert_nest(1, binary, too_long, false);
	assert_nest(2, binary, too_long, false); /* what isn't init is not looked into */
	memset(binary, 'x', KIN_LABEL_MAX - 4);
	assert_nest(1, binary, too_long, true);
}

/* Mutants of a good config: mostly well-formed, seldom sensible. */

static uint32_t draw(uint32_t *seed, size_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t) (((uint64_t) *seed * below) >> 32);
}

/* A range from one character to the next that ends it, behind a random place. */
static bool range_find(uint32_t *seed, const char *text, size_t n, char from, char to,
	size_t *ret_at, size_t *ret_length)
{
	const char *start = strchr(text + draw(seed, n), from);
	const char *end = start ? strchr(start + 1, to) : NULL;

	if (!end)
		return false;
	*ret_at = (size_t) (start - text);
	*ret_length = (size_t) (end - start) + 1;
	return true;
}

static void replace(char *text, size_t at, size_t length, const char *by, size_t n_by)
{
	size_t rest = strlen(text + at + length) + 1;

	if (at + n_by + rest > MUTANT_MAX)
		return;
	memmove(text + at + n_by, text + at + length, rest);
	memcpy(text + at, by, n_by);
}

static void mutate(uint32_t *seed, char *text)
{
	static const char *const values[] = { "\"\"", "\"0\"", "\"hello\"", "\"kin-init\"",
		"\"18446744073709551615\"", "\"-9223372036854775808\"", "\"4M\"", "\"a -> b\"",
		"\"RAM\"", "\"LOG\"", "\"server\"", "\"no\"" };
	static const char *const elements[] = { "<config>", "</config>", "<start name=\"x\">",
		"<child/>", "<any-child/>", "<parent/>", "<route>", "</route>", "<config/>",
		"<service name=\"LOG\">", "</service>", "<any-service>" };
	size_t n = strlen(text), at, length, other, other_length;
	char copy[MUTANT_MAX];
	const char *by;

	switch (draw(seed, 5)) {
	case 0: /* another value */
		by = values[draw(seed, sizeof(values) / sizeof(values[0]))];
		if (range_find(seed, text, n, '"', '"', &at, &length))
			replace(text, at, length, by, strlen(by));
		break;
	case 1: /* a tag less */
		if (range_find(seed, text, n, '<', '>', &at, &length))
			replace(text, at, length, "", 0);
		break;
	case 2: /* a tag of this config, or any, somewhere else */
		if (!range_find(seed, text, n, '<', '>', &at, &length) ||
			!range_find(seed, text, n, '<', '>', &other, &other_length))
			break;
		memcpy(copy, text + other, other_length);
		replace(text, at, 0, copy, other_length);
		break;
	case 3:
		by = elements[draw(seed, sizeof(elements) / sizeof(elements[0]))];
		if (range_find(seed, text, n, '<', '>', &at, &length))
			replace(text, at, length, by, strlen(by));
		break;
	case 4: /* another letter */
		text[draw(seed, n)] = (char) ('!' + draw(seed, 94));
		break;
	}
}

/* What every report has to keep to, whatever the config. */
static void inspect(void *ctx, const struct kin_diagnostic *diagnostic)
{
	unsigned *lines = ctx;

	assert_true(diagnostic->line >= 1 && diagnostic->line <= *lines);
	assert_true(diagnostic->column >= 1);
	assert_null(strpbrk(diagnostic->text, "\n\r\x1b"));
}

static bool check_mutant(const char *text)
{
	unsigned lines = 1;
	struct kin_diag diag = { inspect, &lines };
	struct kin_tree *tree = NULL;

	for (const char *at = text; *at; at++)
		lines += *at == '\n' || *at == '\r';
	if (kin_tree_parse(text, strlen(text), NULL, &tree) < 0)
		return false;
	assert_int_equal(check_config(tree, &facts, &diag), 0);
	kin_tree_free(tree);
	return true;
}

static void mutants_of_good_configs_do_no_harm(void **state)
{
	static const char *const names[] = { "good-everything", "good-nested" };
	char text[MUTANT_MAX];
	unsigned n_well_formed = 0;

	for (uint32_t i = 0; i < N_MUTANTS; i++) {
		uint32_t seed = i;
		size_t n;
		char *original = read_corpus(names[i % 2], ".xml", &n);

		strcpy(text, original);
		free(original);
		for (uint32_t m = 1 + draw(&seed, MUTATIONS_MAX); m > 0; m--)
			mutate(&seed, text);
		n_well_formed += check_mutant(text);
	}
	assert_true(n_well_formed > N_MUTANTS / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_config_of_the_corpus_has_the_problems_beside_it),
		cmocka_unit_test(without_knowledge_of_binaries_none_is_missed),
		cmocka_unit_test(elements_below_the_top_are_known_by_type),
		cmocka_unit_test(nested_inits_are_followed_until_their_labels_are_too_long),
		cmocka_unit_test(mutants_of_good_configs_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

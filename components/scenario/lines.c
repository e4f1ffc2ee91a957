/*
 * Lines, implementation; see the header
 */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNING "Warning: "

int lines_add(struct lines *lines, const char *label, const char *text, size_t length)
{
	size_t size = strlen(label) + length + sizeof("[] ");
	struct line *line;

	if (lines->n == LINES_MAX)
		return -ENOSPC;
	line = malloc(sizeof(*line) + size);
	if (!line)
		return -ENOMEM;
	snprintf(line->text, size, "[%s] %.*s", label, (int) length, text);
	line->next = NULL;
	if (lines->newest)
		lines->newest->next = line;
	else
		lines->first = line;
	lines->newest = line;
	lines->n++;
	return 0;
}

/* Only the one passed last is still shown to anybody. */
static void line_pass(struct lines *lines)
{
	struct line *line = lines->first;

	lines->first = line->next;
	if (!lines->first)
		lines->newest = NULL;
	lines->n--;
	lines->n_passed++;
	free(lines->last_passed);
	lines->last_passed = line;
}

void lines_done(struct lines *lines)
{
	while (lines->first)
		line_pass(lines);
	free(lines->last_passed);
	lines->last_passed = NULL;
}

/* "[label] text" is expected as "[label] Warning: text". */
static bool warning_matches(const char *line, const char *expected)
{
	const char *text = strstr(expected, "] ");
	size_t label = text ? (size_t) (text - expected) + 2 : 0;

	return text && strncmp(line, expected, label) == 0 &&
	       strncmp(line + label, WARNING, strlen(WARNING)) == 0 &&
	       strcmp(line + label + strlen(WARNING), expected + label) == 0;
}

bool line_matches(const char *line, const struct kin_node *expected)
{
	const char *string = kin_node_attribute(expected, "string");

	if (strcmp(kin_node_type(expected), "expect_warning") == 0)
		return warning_matches(line, string);
	return strcmp(line, string) == 0;
}

bool lines_take(struct lines *lines, const struct kin_node *const *expected, unsigned n_expected,
	uint64_t *seen)
{
	uint64_t all = n_expected < 64 ? (UINT64_C(1) << n_expected) - 1 : UINT64_MAX;

	while (*seen != all && lines->first) {
		unsigned i = 0;

		while (i < n_expected &&
			((*seen >> i & 1) || !line_matches(lines->first->text, expected[i])))
			i++;
		if (i < n_expected)
			*seen |= UINT64_C(1) << i;
		line_pass(lines);
	}
	return *seen == all;
}

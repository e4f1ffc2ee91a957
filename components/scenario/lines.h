/*
 * Lines: what the system under test has logged, and what is expected of it
 *
 * All lines form one sequence in the order of their arrival. Expectations walk along it: a line
 * that is looked at is taken off, whether it was expected or not, and the next expectation goes on
 * behind it. So a line that arrives before it is waited for is not missed, and what was seen once
 * does not count twice. What arrived since is kept, a bounded number of lines.
 */
#ifndef SCENARIO_LINES_H
#define SCENARIO_LINES_H

#include <kin/node.h>

#define LINES_MAX    1000 /* kept */
#define EXPECTED_MAX 64   /* at once */

struct line {
	struct line *next;
	char text[];
};

struct lines {
	struct line *first, *newest; /* both NULL while there are none */
	unsigned n;                  /* kept */
	unsigned n_passed;           /* taken off since an expectation began */
	struct line *last_passed;    /* taken off last; NULL if none was */
};

/* Return: 0; -ENOSPC above LINES_MAX; -ENOMEM. */
int lines_add(struct lines *lines, const char *label, const char *text, size_t length);
void lines_done(struct lines *lines);

/**
 * line_matches() - is it what a node expects?
 * @expected: <expect_log string="[label] text"/>, this line; <expect_warning …>, this one as a
 *            warning; <forbid_log …> as the first
 */
bool line_matches(const char *line, const struct kin_node *expected);

/**
 * lines_take() - look for expected lines, in whatever order
 * @expected: nodes as above
 * @seen:     which of them were seen, bit by bit; zeroed by the caller when it begins to wait
 *
 * Return: whether all were seen; then no further line was looked at.
 */
bool lines_take(struct lines *lines, const struct kin_node *const *expected, unsigned n_expected,
	uint64_t *seen);

#endif

/*
 * What the tests of readers of trees share: either a tree, or exactly one error with its position
 */
#ifndef UNIT_TREE_READING_H
#define UNIT_TREE_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kin/diag.h>
#include <kin/node.h>

typedef int read_tree(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret);

/* Keeps the diagnostic reported last */
struct log {
	struct kin_diag diag;
	char text[KIN_DIAG_TEXT_MAX + 64];
};

static inline void log_report(void *ctx, const struct kin_diagnostic *diagnostic)
{
	struct log *log = ctx;

	assert_true(diagnostic->line > 0 && diagnostic->column > 0);
	kin_diag_format(diagnostic, log->text, sizeof(log->text));
}

static inline void log_init(struct log *log)
{
	*log = (struct log){ .diag = { .report = log_report, .ctx = log, .source = "T" } };
}

/* The caller owns the tree */
static inline struct kin_tree *parse_with(read_tree *read, const char *text)
{
	struct kin_tree *tree = NULL;
	struct log log;

	log_init(&log);
	if (read(text, strlen(text), &log.diag, &tree))
		fail_msg("\"%s\" is refused: %s", text, log.text);
	return tree;
}

static inline void assert_refused_by(
	read_tree *read, const char *text, size_t n, int error, const char *message)
{
	struct kin_tree *tree = NULL;
	struct log log;

	log_init(&log);
	assert_int_equal(read(text, n, &log.diag, &tree), error);
	assert_null(tree);
	assert_string_equal(log.text, message);
	assert_int_equal(log.diag.n_errors, 1);
	assert_int_equal(log.diag.n_warnings, 0);
}

#endif

/*
 * Any config in the eyes of `kin check`: whatever it says is about a place in the text, and saying
 * it to nobody finds as much.
 */
#include <stdio.h>

#include <kin/diag.h>
#include <kin/node.h>

#include "engine/check.h"
#include "fuzz/input.h"

struct text {
	const char *at;
	size_t size;
};

static void on_problem(void *ctx, const struct kin_diagnostic *problem)
{
	const struct text *text = ctx;
	unsigned lines = 1;
	char buf[1024];

	for (size_t i = 0; i < text->size; i++)
		lines += text->at[i] == '\n' || text->at[i] == '\r';
	assert(problem->line <= lines && problem->column <= text->size + 1);
	assert(problem->text[0] && !strchr(problem->text, '\n'));
	assert(kin_diag_format(problem, buf, sizeof(buf)) > 0);
}

static bool binary_exists(void *ctx, const char *name)
{
	return name[0] != 'x';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	struct text text = { (const char *) data, size };
	struct kin_diag diag = { on_problem, &text, "config", 0, 0 };
	struct check_facts facts = { { 64u << 20, 1000 }, NULL, binary_exists };

	if (kin_tree_parse(text.at, size, NULL, &tree))
		return 0;
	int r = check_config(tree, &facts, &diag);

	assert(r == 0);
	unsigned n_errors = diag.n_errors, n_warnings = diag.n_warnings;

	diag = (struct kin_diag){ 0 };
	r = check_config(tree, &facts, &diag);
	assert(r == 0 && diag.n_errors == n_errors && diag.n_warnings == n_warnings);
	facts.binary_exists = NULL;
	r = check_config(tree, &facts, NULL);
	assert(r == 0);
	return 0;
}

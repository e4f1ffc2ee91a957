/*
 * Any text as XML: what is read as a tree is written as text that is read as the same tree, and
 * written in lines as text that can be read; looking at it, as a config, a report or a policy,
 * harms nobody. Refused texts come with one error.
 */
#include "fuzz/tree_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	KIN_TREE_AUTO struct kin_tree *in_lines = NULL;
	struct kin_diag diag = { .source = "input" };
	int r = kin_tree_parse_xml((const char *) data, size, &diag, &tree);

	assert(r == 0 || r == -EINVAL || r == -E2BIG);
	assert(diag.n_errors == (r ? 1 : 0));
	if (r)
		return 0;
	look_at(kin_tree_root(tree));
	assert_survives(kin_tree_root(tree), KIN_SYNTAX_XML);
	in_lines = rewritten(kin_tree_root(tree), KIN_SYNTAX_LINES);
	if (in_lines)
		assert_survives(kin_tree_root(in_lines), KIN_SYNTAX_LINES);
	return 0;
}

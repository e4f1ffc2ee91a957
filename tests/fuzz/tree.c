/*
 * Any text as XML: what is read as a tree is written as text that is read as the same tree; looking
 * at it, as a config, a report or a policy, harms nobody. Refused texts come with one error.
 */
#include <errno.h>

#include <kin/diag.h>
#include <kin/generator.h>
#include <kin/node.h>
#include <kin/policy.h>

#include "fuzz/input.h"

static void look_at_attribute(const struct kin_node *node, size_t i)
{
	const char *name, *value;
	unsigned line, column;
	uint64_t number;
	int64_t signed_number;
	bool boolean;

	kin_node_attribute_at(node, i, &name, &value, &line, &column);
	assert(line >= kin_node_line(node) && column > 0);
	assert(kin_node_has(node, name));
	assert(strcmp(kin_node_attribute(node, name), value) == 0);
	if (kin_node_read_number(node, name, &number) == 0)
		assert(kin_node_number(node, name, number + 1) == number);
	if (kin_node_read_signed(node, name, &signed_number) == 0)
		assert(kin_node_signed(node, name, 0) == signed_number);
	if (kin_node_read_boolean(node, name, &boolean) == 0)
		assert(kin_node_boolean(node, name, !boolean) == boolean);
}

static void look_at(const struct kin_node *node)
{
	for (size_t i = 0; i < kin_node_n_attributes(node); i++)
		look_at_attribute(node, i);
	KIN_NODE_FOREACH (sub, node, NULL) {
		assert(kin_node_parent(sub) == node);
		assert(kin_node_line(sub) >= kin_node_line(node));
		look_at(sub);
	}
	kin_policy_find(node, kin_node_text(node));
}

static void round_trip(const struct kin_node *node)
{
	KIN_TREE_AUTO struct kin_tree *again = NULL;
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_node(&g, node);
	int r = kin_generator_finish(&g, &text, &size);

	assert(r == 0);
	r = kin_tree_parse_xml(text, size, NULL, &again);
	assert(r == 0);
	assert(kin_node_equal(node, kin_tree_root(again)));
	kin_generator_done(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	struct kin_diag diag = { .source = "input" };
	int r = kin_tree_parse_xml((const char *) data, size, &diag, &tree);

	assert(r == 0 || r == -EINVAL || r == -E2BIG);
	assert(diag.n_errors == (r ? 1 : 0));
	if (r)
		return 0;
	look_at(kin_tree_root(tree));
	round_trip(kin_tree_root(tree));
	return 0;
}

/*
 * What must hold of any tree that a reader made, whichever syntax it was in
 */
#ifndef FUZZ_TREE_CHECKS_H
#define FUZZ_TREE_CHECKS_H

#include <errno.h>

#include <kin/diag.h>
#include <kin/generator.h>
#include <kin/node.h>
#include <kin/policy.h>

#include "fuzz/input.h"

static inline void look_at_attribute(const struct kin_node *node, size_t i)
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

static inline void look_at(const struct kin_node *node)
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

/* Return: what a tree becomes when it is written in that syntax and read again; NULL if it can't be
 * written, which in XML it always can */
static inline struct kin_tree *rewritten(const struct kin_node *node, enum kin_syntax syntax)
{
	struct kin_tree *again = NULL;
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_set_syntax(&g, syntax);
	kin_generator_node(&g, node);
	int r = kin_generator_finish(&g, &text, &size);

	assert(r == 0 || (r == -EINVAL && syntax == KIN_SYNTAX_LINES));
	if (r == 0) {
		assert(kin_syntax_of(text, size) == syntax);
		r = kin_tree_parse(text, size, NULL, &again);
		assert(r == 0);
	}
	kin_generator_done(&g);
	return again;
}

static inline void assert_survives(const struct kin_node *node, enum kin_syntax syntax)
{
	KIN_TREE_AUTO struct kin_tree *again = rewritten(node, syntax);

	assert(again && kin_node_equal(node, kin_tree_root(again)));
}

#endif

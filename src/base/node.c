/*
 * Node trees, looking into them
 *
 * Nodes have few attributes, at most KIN_NODE_ATTRIBUTES_MAX, so they are searched one by one.
 */
#include <kin/node.h>
#include <kin/number.h>

#include "base/tree.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

const struct kin_node *kin_tree_root(const struct kin_tree *tree)
{
	return tree->root;
}

const char *kin_node_type(const struct kin_node *node)
{
	return node->type;
}

unsigned kin_node_line(const struct kin_node *node)
{
	return node->line;
}

unsigned kin_node_column(const struct kin_node *node)
{
	return node->column;
}

const struct kin_node *kin_node_parent(const struct kin_node *node)
{
	return node->parent;
}

const struct kin_node *kin_node_first(const struct kin_node *node)
{
	return node ? node->first : NULL;
}

const struct kin_node *kin_node_next(const struct kin_node *node)
{
	return node->next;
}

static const struct kin_node *skip_to(const struct kin_node *node, const char *type)
{
	while (node && type && strcmp(node->type, type) != 0)
		node = node->next;
	return node;
}

const struct kin_node *kin_node_first_of(const struct kin_node *node, const char *type)
{
	return skip_to(kin_node_first(node), type);
}

const struct kin_node *kin_node_next_of(const struct kin_node *node, const char *type)
{
	return skip_to(node->next, type);
}

const char *kin_node_text(const struct kin_node *node)
{
	return node ? node->text : "";
}

size_t kin_node_n_attributes(const struct kin_node *node)
{
	return node ? node->n_attributes : 0;
}

const char *kin_node_attribute(const struct kin_node *node, const char *name)
{
	for (size_t i = 0; i < kin_node_n_attributes(node); i++) {
		if (strcmp(node->attributes[i].name, name) == 0)
			return node->attributes[i].value;
	}
	return NULL;
}

bool kin_node_has(const struct kin_node *node, const char *name)
{
	return kin_node_attribute(node, name) != NULL;
}

void kin_node_attribute_at(const struct kin_node *node, size_t i, const char **ret_name,
	const char **ret_value, unsigned *ret_line, unsigned *ret_column)
{
	assert(i < kin_node_n_attributes(node));
	if (ret_name)
		*ret_name = node->attributes[i].name;
	if (ret_value)
		*ret_value = node->attributes[i].value;
	if (ret_line)
		*ret_line = node->attributes[i].line;
	if (ret_column)
		*ret_column = node->attributes[i].column;
}

int kin_node_read_number(const struct kin_node *node, const char *name, uint64_t *ret)
{
	const char *value = kin_node_attribute(node, name);

	return value ? kin_number_parse(value, ret) : -ENOENT;
}

int kin_node_read_signed(const struct kin_node *node, const char *name, int64_t *ret)
{
	const char *value = kin_node_attribute(node, name);

	return value ? kin_number_parse_signed(value, ret) : -ENOENT;
}

int kin_node_read_boolean(const struct kin_node *node, const char *name, bool *ret)
{
	const char *value = kin_node_attribute(node, name);

	return value ? kin_boolean_parse(value, ret) : -ENOENT;
}

/* The readers leave their result alone on failure, which makes it the place for the fallback */

uint64_t kin_node_number(const struct kin_node *node, const char *name, uint64_t fallback)
{
	kin_node_read_number(node, name, &fallback);
	return fallback;
}

int64_t kin_node_signed(const struct kin_node *node, const char *name, int64_t fallback)
{
	kin_node_read_signed(node, name, &fallback);
	return fallback;
}

bool kin_node_boolean(const struct kin_node *node, const char *name, bool fallback)
{
	kin_node_read_boolean(node, name, &fallback);
	return fallback;
}

/* Names are unique within a node, so with equal counts it is enough to look in one direction */
static bool attributes_equal(const struct kin_node *a, const struct kin_node *b)
{
	if (a->n_attributes != b->n_attributes)
		return false;
	for (size_t i = 0; i < a->n_attributes; i++) {
		const char *value = kin_node_attribute(b, a->attributes[i].name);
		if (!value || strcmp(value, a->attributes[i].value) != 0)
			return false;
	}
	return true;
}

/* Recursion is bounded by KIN_NODE_DEPTH_MAX */
bool kin_node_equal(const struct kin_node *a, const struct kin_node *b)
{
	const struct kin_node *a_child = a->first, *b_child = b->first;

	if (strcmp(a->type, b->type) != 0 || strcmp(a->text, b->text) != 0)
		return false;
	if (!attributes_equal(a, b))
		return false;
	while (a_child && b_child && kin_node_equal(a_child, b_child)) {
		a_child = a_child->next;
		b_child = b_child->next;
	}
	return !a_child && !b_child;
}

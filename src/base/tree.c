/*
 * Trees, the builder
 *
 * Text arrives in pieces, interrupted by sub nodes with text of their own. All of it goes to one
 * buffer that is used as a stack: a node's text is what lies above its parent's, and is taken off
 * when the node closes, so that every node's pieces are contiguous without being linked.
 */
#include "base/tree.h"

#include <kin/diag.h>

#include "base/memory.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#define TEXT_MIN_BYTES 256

int tree_builder_init(struct tree_builder *builder, const struct kin_memory *memory)
{
	*builder = (struct tree_builder){ 0 };
	builder->tree = memory->alloc(sizeof(*builder->tree));
	if (!builder->tree)
		return -ENOMEM;
	builder->tree->root = NULL;
	arena_init(&builder->tree->arena, memory);
	return 0;
}

void tree_builder_done(struct tree_builder *builder)
{
	if (builder->text)
		builder->tree->arena.memory->free(builder->text);
	builder->tree = kin_tree_free(builder->tree);
}

static struct tree_level *innermost(struct tree_builder *builder)
{
	assert(builder->depth > 0);
	return &builder->open[builder->depth - 1];
}

/*
 * Types, names and short values repeat a lot. A table of the strings seen last shares most of them;
 * it has one place per hash and forgets what it displaces, so no input can make it slow.
 */
static const char *string_share(struct tree_builder *builder, struct tree_string string)
{
	struct tree_string *shared;
	uint32_t hash = 2166136261u;
	const char *copy;

	if (string.n == 0)
		return "";
	for (size_t i = 0; i < string.n; i++)
		hash = (hash ^ (unsigned char) string.at[i]) * 16777619u;
	shared = &builder->shared[(hash ^ hash >> 16) % TREE_SHARED_STRINGS];
	if (shared->n == string.n && memcmp(shared->at, string.at, string.n) == 0)
		return shared->at;
	copy = arena_copy_string(&builder->tree->arena, string.at, string.n);
	if (copy)
		*shared = (struct tree_string){ copy, string.n };
	return copy;
}

/* Attributes of a node are an array whose size is known once something else follows */
static int attributes_seal(struct tree_builder *builder)
{
	size_t size = builder->n_attributes * sizeof(builder->attributes[0]);
	struct kin_attribute *copy;

	if (size == 0)
		return 0;
	copy = arena_alloc(&builder->tree->arena, size, alignof(struct kin_attribute));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, builder->attributes, size);
	innermost(builder)->node->attributes = copy;
	innermost(builder)->node->n_attributes = builder->n_attributes;
	builder->n_attributes = 0;
	return 0;
}

static struct kin_node *node_new(struct tree_builder *builder, struct tree_string type)
{
	struct kin_node *node;

	node = arena_alloc(&builder->tree->arena, sizeof(*node), alignof(struct kin_node));
	if (!node)
		return NULL;
	*node = (struct kin_node){ .type = string_share(builder, type), .text = "" };
	return node->type ? node : NULL;
}

static void node_link(struct tree_builder *builder, struct kin_node *node)
{
	struct tree_level *parent;

	if (builder->depth == 0) {
		assert(!builder->tree->root);
		builder->tree->root = node;
		return;
	}
	parent = innermost(builder);
	node->parent = parent->node;
	if (parent->last)
		parent->last->next = node;
	else
		parent->node->first = node;
	parent->last = node;
}

int tree_builder_open(
	struct tree_builder *builder, struct tree_string type, unsigned line, unsigned column)
{
	struct kin_node *node;

	if (builder->depth == KIN_NODE_DEPTH_MAX)
		return TREE_E_DEPTH;
	if (builder->n_nodes == KIN_NODES_MAX)
		return TREE_E_NODES;
	if (attributes_seal(builder) < 0)
		return -ENOMEM;
	node = node_new(builder, type);
	if (!node)
		return -ENOMEM;
	node->line = line;
	node->column = column;
	node_link(builder, node);
	builder->n_nodes++;
	builder->open[builder->depth++] = (struct tree_level){
		.node = node,
		.text_at = builder->text_used,
	};
	return 0;
}

int tree_builder_attribute(struct tree_builder *builder, struct tree_string name,
	struct tree_string value, unsigned line, unsigned column)
{
	struct kin_attribute attribute = { .line = line, .column = column };

	assert(!innermost(builder)->last);
	if (builder->n_attributes == KIN_NODE_ATTRIBUTES_MAX)
		return TREE_E_ATTRIBUTES;
	attribute.name = string_share(builder, name);
	attribute.value = string_share(builder, value);
	if (!attribute.name || !attribute.value)
		return -ENOMEM;
	builder->attributes[builder->n_attributes++] = attribute;
	return 0;
}

const struct kin_attribute *tree_builder_find_attribute(
	const struct tree_builder *builder, struct tree_string name)
{
	for (unsigned i = 0; i < builder->n_attributes; i++) {
		const struct kin_attribute *attribute = &builder->attributes[i];
		if (strlen(attribute->name) == name.n &&
			memcmp(attribute->name, name.at, name.n) == 0)
			return attribute;
	}
	return NULL;
}

static int text_reserve(struct tree_builder *builder, size_t n)
{
	size_t size = builder->text_size ? builder->text_size : TEXT_MIN_BYTES;
	char *text;

	while (size - builder->text_used < n)
		size *= 2;
	if (size == builder->text_size)
		return 0;
	text = builder->tree->arena.memory->resize(builder->text, size);
	if (!text)
		return -ENOMEM;
	builder->text = text;
	builder->text_size = size;
	return 0;
}

int tree_builder_text(struct tree_builder *builder, const char *text, size_t n)
{
	/* blanks in front of a node's text, mostly indentation, never get in */
	if (builder->text_used == innermost(builder)->text_at) {
		while (n > 0 && utf8_is_blank(text[0])) {
			text++;
			n--;
		}
	}
	if (n == 0)
		return 0;
	if (text_reserve(builder, n) < 0)
		return -ENOMEM;
	memcpy(builder->text + builder->text_used, text, n);
	builder->text_used += n;
	return 0;
}

int tree_builder_close(struct tree_builder *builder)
{
	struct tree_level *level = innermost(builder);
	struct tree_string text = { NULL, builder->text_used - level->text_at };

	if (attributes_seal(builder) < 0)
		return -ENOMEM;
	if (text.n > 0)
		text.at = builder->text + level->text_at;
	while (text.n > 0 && utf8_is_blank(text.at[text.n - 1]))
		text.n--;
	level->node->text = string_share(builder, text);
	if (!level->node->text)
		return -ENOMEM;
	builder->text_used = level->text_at;
	builder->depth--;
	return 0;
}

const struct kin_node *tree_builder_innermost(const struct tree_builder *builder)
{
	return builder->depth ? builder->open[builder->depth - 1].node : NULL;
}

int tree_refuse(
	int answer, struct tree_string what, struct kin_diag *diag, unsigned line, unsigned column)
{
	int n = (int) what.n;

	if (answer == TREE_E_DEPTH)
		kin_diag_error(diag, line, column,
			"nodes nested deeper than KIN_NODE_DEPTH_MAX (%d) at <%.*s>",
			KIN_NODE_DEPTH_MAX, n, what.at);
	else if (answer == TREE_E_NODES)
		kin_diag_error(diag, line, column, "more nodes than KIN_NODES_MAX (%u) at <%.*s>",
			KIN_NODES_MAX, n, what.at);
	else if (answer == TREE_E_ATTRIBUTES)
		kin_diag_error(diag, line, column,
			"more attributes than KIN_NODE_ATTRIBUTES_MAX (%d) at '%.*s'",
			KIN_NODE_ATTRIBUTES_MAX, n, what.at);
	else
		kin_diag_error(diag, line, column, "out of memory");
	return answer < 0 ? answer : -E2BIG;
}

struct kin_tree *tree_builder_take(struct tree_builder *builder)
{
	struct kin_tree *tree = builder->tree;

	assert(builder->depth == 0 && tree->root);
	if (builder->text)
		tree->arena.memory->free(builder->text);
	*builder = (struct tree_builder){ 0 };
	return tree;
}

struct kin_tree *kin_tree_free(struct kin_tree *tree)
{
	if (tree) {
		const struct kin_memory *memory = tree->arena.memory;
		arena_done(&tree->arena);
		memory->free(tree);
	}
	return NULL;
}

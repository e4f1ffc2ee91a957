/*
 * Trees, from the inside
 *
 * The shape of nodes, and the builder by which a reader of some syntax makes a tree: open,
 * attributes, then text and sub nodes, close; in the order of the text and in one pass. The builder
 * keeps the limits of a tree, the reader knows its syntax, positions and messages.
 *
 * Invariant: what is in a node's fields is complete and final once the node is closed.
 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <kin/limits.h>
#include <kin/node.h>

#include "base/arena.h"

#include <string.h>

struct kin_attribute {
	const char *name, *value;
	unsigned line, column;
};

struct kin_node {
	const char *type, *text;
	const struct kin_node *parent, *first, *next;
	const struct kin_attribute *attributes;
	unsigned n_attributes;
	unsigned line, column;
};

struct kin_tree {
	struct arena arena; /* everything below */
	const struct kin_node *root;
};

/* Positive answers of the builder: the limit of that name is exceeded */
enum { TREE_E_DEPTH = 1, TREE_E_NODES, TREE_E_ATTRIBUTES };

/* A piece of somebody's text, not terminated */
struct tree_string {
	const char *at;
	size_t n;
};

static inline struct tree_string tree_string(const char *text)
{
	return (struct tree_string){ text, strlen(text) };
}

#define TREE_SHARED_STRINGS 128 /* that may be used again instead of being copied */

struct tree_level {
	struct kin_node *node;
	struct kin_node *last; /* its newest sub node */
	size_t text_at;        /* where its own text begins in the builder's */
};

struct tree_builder {
	struct kin_tree *tree; /* owned until taken */
	struct tree_level open[KIN_NODE_DEPTH_MAX];
	unsigned depth;
	unsigned n_nodes;
	struct kin_attribute attributes[KIN_NODE_ATTRIBUTES_MAX]; /* of the node opened last */
	unsigned n_attributes;
	char *text; /* of all open nodes, the innermost last */
	size_t text_used, text_size;
	struct tree_string shared[TREE_SHARED_STRINGS];
};

/** tree_builder_init() - start an empty tree. Return: 0, -ENOMEM; even then done() is allowed. */
int tree_builder_init(struct tree_builder *builder, const struct kin_memory *memory);

/** tree_builder_done() - forget the builder, and its tree unless that was taken. */
void tree_builder_done(struct tree_builder *builder);

/** tree_builder_open() - begin a node inside the innermost open one.
 * Return: 0, TREE_E_DEPTH, TREE_E_NODES, -ENOMEM. */
int tree_builder_open(
	struct tree_builder *builder, struct tree_string type, unsigned line, unsigned column);

/** tree_builder_attribute() - add an attribute to the node just opened; the reader sees to it that
 * no name comes twice. Return: 0, TREE_E_ATTRIBUTES, -ENOMEM. */
int tree_builder_attribute(struct tree_builder *builder, struct tree_string name,
	struct tree_string value, unsigned line, unsigned column);

/** tree_builder_find_attribute() - an attribute of the node just opened, NULL if it has none of
 * that name. */
const struct kin_attribute *tree_builder_find_attribute(
	const struct tree_builder *builder, struct tree_string name);

/** tree_builder_text() - append to the text of the innermost open node. Return: 0, -ENOMEM. */
int tree_builder_text(struct tree_builder *builder, const char *text, size_t n);

/** tree_builder_close() - complete the innermost open node. Return: 0, -ENOMEM. */
int tree_builder_close(struct tree_builder *builder);

/** tree_builder_innermost() - type and line of the innermost open node, NULL if none is open. */
const struct kin_node *tree_builder_innermost(const struct tree_builder *builder);

/** tree_builder_take() - the tree, whose root must have been closed; now the caller's. */
struct kin_tree *tree_builder_take(struct tree_builder *builder);

/**
 * tree_refuse() - say why the builder did not do what it was told
 * @answer: what it answered, not 0
 * @what:   type or name that it was told to add
 *
 * Return: -ENOMEM or -E2BIG.
 */
int tree_refuse(
	int answer, struct tree_string what, struct kin_diag *diag, unsigned line, unsigned column);

/* The readers: as kin_tree_parse_xml() and so on, with memory from elsewhere */
typedef int tree_reader(const struct kin_memory *memory, const char *text, size_t n,
	struct kin_diag *diag, struct kin_tree **ret);
tree_reader tree_parse_xml, tree_parse_lines;

#endif

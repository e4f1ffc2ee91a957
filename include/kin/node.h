/*
 * Node trees
 *
 * Configurations, reports and session requests are trees of typed nodes with attributes and text.
 * A tree is parsed once and then only read; everything in it lives as long as the tree and is
 * borrowed by whoever looks at it. It holds what matters: comments, layout and the order of
 * attributes don't.
 *
 * Functions that look into a node take NULL for a node without attributes, text and sub nodes, so
 * that an optional sub node is read like one that is there.
 */
#ifndef KIN_NODE_H
#define KIN_NODE_H

#include <kin/limits.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kin_diag;
struct kin_node;
struct kin_tree;

/*
 * A tree can be written in two ways: as XML or in lines. doc/syntax.md explains both. They differ
 * in what they look like only: a tree tells not which one it was read from.
 */
enum kin_syntax { KIN_SYNTAX_XML, KIN_SYNTAX_LINES };

/** kin_syntax_of() - which of them a text is in: XML if the first character that is neither a blank
 * nor a byte order mark is a '<'. */
enum kin_syntax kin_syntax_of(const char *text, size_t n);

/** kin_syntax_parse() - which of them a name means, "xml" or "lines"; 0, or -EINVAL if none. */
int kin_syntax_parse(const char *name, enum kin_syntax *ret);

/**
 * kin_tree_parse() - read a tree, in whichever syntax it is written
 * @text: UTF-8, need not be terminated, is not needed afterwards
 * @n:    bytes of it
 * @diag: gets one error if the text is refused; may be NULL
 * @ret:  the tree, to be freed by the caller
 *
 * Costs time and memory in proportion to @n.
 *
 * Return: 0; -EINVAL if the text is not well-formed, empty, not UTF-8, or holds NUL bytes or other
 * control characters than blanks; -E2BIG if it exceeds KIN_NODE_TEXT_MAX, KIN_NODE_DEPTH_MAX,
 * KIN_NODE_ATTRIBUTES_MAX or KIN_NODES_MAX; -ENOMEM.
 */
int kin_tree_parse(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret);

/** kin_tree_parse_xml() - the same for XML alone. A document type declaration and an encoding other
 * than UTF-8 and US-ASCII are -EINVAL as well. */
int kin_tree_parse_xml(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret);

/** kin_tree_parse_lines() - the same for lines alone. */
int kin_tree_parse_lines(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret);

/** kin_tree_free() - free a tree and all in it; takes NULL, returns NULL. */
struct kin_tree *kin_tree_free(struct kin_tree *tree);

/** kin_tree_root() - the top node, never NULL. */
const struct kin_node *kin_tree_root(const struct kin_tree *tree);

static inline void kin_tree_cleanup(struct kin_tree **tree)
{
	*tree = kin_tree_free(*tree);
}

/** A local `KIN_TREE_AUTO struct kin_tree *tree = NULL;` owns its tree until the scope ends. */
#define KIN_TREE_AUTO __attribute__((cleanup(kin_tree_cleanup)))

/* Position in the tree and in the text; lines and columns (in characters) count from 1. A node is
 * where its '<' or '+' is, the top node of lines where its type is. */
const char *kin_node_type(const struct kin_node *node);
unsigned kin_node_line(const struct kin_node *node);
unsigned kin_node_column(const struct kin_node *node);
const struct kin_node *kin_node_parent(const struct kin_node *node); /* NULL for the root */

/* Sub nodes and siblings in the order of the text, NULL if there is none; a NULL type means any */
const struct kin_node *kin_node_first(const struct kin_node *node);
const struct kin_node *kin_node_next(const struct kin_node *node);
const struct kin_node *kin_node_first_of(const struct kin_node *node, const char *type);
const struct kin_node *kin_node_next_of(const struct kin_node *node, const char *type);

#define KIN_NODE_FOREACH(child, node, type) \
	for (const struct kin_node *child = kin_node_first_of((node), (type)); child; \
		child = kin_node_next_of(child, (type)))

/** kin_node_text() - character data of the node itself, concatenated, blanks at both ends trimmed;
 * "" if there is none. */
const char *kin_node_text(const struct kin_node *node);

/** kin_node_attribute() - value of an attribute, NULL if it is absent. */
const char *kin_node_attribute(const struct kin_node *node, const char *name);

bool kin_node_has(const struct kin_node *node, const char *name);
size_t kin_node_n_attributes(const struct kin_node *node);

/** kin_node_attribute_at() - the attribute number @i, below kin_node_n_attributes(), and where it
 * starts. Each out-parameter may be NULL. */
void kin_node_attribute_at(const struct kin_node *node, size_t i, const char **ret_name,
	const char **ret_value, unsigned *ret_line, unsigned *ret_column);

/*
 * Typed attributes, see number.h for the syntax. The first three answer @fallback if the attribute
 * is absent or malformed; the others return 0, -ENOENT if it is absent, -EINVAL if it is malformed,
 * or -ERANGE if the number is too large.
 */
uint64_t kin_node_number(const struct kin_node *node, const char *name, uint64_t fallback);
int64_t kin_node_signed(const struct kin_node *node, const char *name, int64_t fallback);
bool kin_node_boolean(const struct kin_node *node, const char *name, bool fallback);
int kin_node_read_number(const struct kin_node *node, const char *name, uint64_t *ret);
int kin_node_read_signed(const struct kin_node *node, const char *name, int64_t *ret);
int kin_node_read_boolean(const struct kin_node *node, const char *name, bool *ret);

/** kin_node_equal() - whether type, text, attributes (in any order) and sub nodes (in order,
 * deeply) are the same. Positions in the text don't count. */
bool kin_node_equal(const struct kin_node *a, const struct kin_node *b);

#endif

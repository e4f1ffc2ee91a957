/*
 * Generator
 *
 * Writes a tree of nodes, top down, into a buffer of the caller or one that grows up to a limit: as
 * XML, or in lines if kin_generator_set_syntax() says so. What kin_tree_parse() makes of the result
 * is what was written, but for characters that the syntax can't hold, which become U+FFFD:
 *
 *   in both    control characters, bytes that are not UTF-8
 *   in lines   '|' and line ends in a value, a blank at either end of it, carriage returns in text
 *
 * XML escapes everything else. It is indented with tabs, except within a node that has text of its
 * own. In lines, text that goes on behind a sub node goes on in a line of its own.
 *
 *     kin_generator_init_fixed(&g, buf, sizeof buf);
 *     kin_generator_open(&g, "state");
 *     kin_generator_attribute_number(&g, "version", 7);
 *     kin_generator_close(&g);
 *     r = kin_generator_finish(&g, &text, &size);
 *     kin_generator_done(&g);
 *
 * The first error sticks and silences everything after it, so it is enough to look at what
 * kin_generator_finish() returns. Calls in a wrong order (an attribute after content, a node too
 * many or too few closed, a type or attribute name that is none) are bugs of the caller and
 * asserted.
 */
#ifndef KIN_GENERATOR_H
#define KIN_GENERATOR_H

#include <kin/limits.h>
#include <kin/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kin_memory;

/* One open node; its type is found in the text already written */
struct kin_generator_level {
	size_t type_at;
	size_t type_length;
	bool has_attributes;
	bool has_nodes;
	bool has_text;
};

/* Embedded by its user, private to the generator */
struct kin_generator {
	char *buf;                       /* owned if memory is set, else borrowed */
	size_t size;                     /* bytes of buf */
	size_t used;                     /* bytes written, without the NUL */
	size_t limit;                    /* used never exceeds it */
	const struct kin_memory *memory; /* where a growing buffer comes from */
	int error;
	enum kin_syntax syntax;
	bool in_tag;     /* the innermost node still takes attributes */
	bool in_text;    /* in lines: what was written last is text, without its line end */
	bool line_empty; /* and its last line is empty so far */
	bool complete;   /* the top node was closed */
	unsigned depth;
	struct kin_generator_level levels[KIN_NODE_DEPTH_MAX];
};

/** kin_generator_init_growing() - write at most @limit_bytes into memory of the generator's own. */
void kin_generator_init_growing(struct kin_generator *g, size_t limit_bytes);

/** kin_generator_init_fixed() - write into @buf of @size bytes, the final NUL included. */
void kin_generator_init_fixed(struct kin_generator *g, char *buf, size_t size);

/** kin_generator_set_syntax() - right after init: write in another syntax than XML. */
void kin_generator_set_syntax(struct kin_generator *g, enum kin_syntax syntax);

/** kin_generator_done() - free what the generator owns; the text is gone afterwards if it grew. */
void kin_generator_done(struct kin_generator *g);

/* A node: open, attributes (each name once), then text and sub nodes, close */
void kin_generator_open(struct kin_generator *g, const char *type);
void kin_generator_close(struct kin_generator *g);
void kin_generator_attribute(struct kin_generator *g, const char *name, const char *value);
void kin_generator_attribute_number(struct kin_generator *g, const char *name, uint64_t value);
void kin_generator_attribute_boolean(struct kin_generator *g, const char *name, bool value);

/** kin_generator_attribute_bytes() - an amount with its suffix, see kin_number_print(). */
void kin_generator_attribute_bytes(struct kin_generator *g, const char *name, uint64_t value);

/** kin_generator_attribute_format() - a printf-style value of at most KIN_LOG_TEXT_MAX bytes; a
 * longer one is the error -ENOSPC. */
void kin_generator_attribute_format(struct kin_generator *g, const char *name, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/** kin_generator_text() - text of the open node; pieces are concatenated. */
void kin_generator_text(struct kin_generator *g, const char *text);

/** kin_generator_node() - a copy of a node and all below it. */
void kin_generator_node(struct kin_generator *g, const struct kin_node *node);

/**
 * kin_generator_finish() - get the text, once the top node is closed
 * @ret_text: terminated, valid until kin_generator_done() or, if fixed, as long as the buffer
 * @ret_size: bytes without the NUL
 *
 * Return: 0; -ENOSPC if a limit was exceeded (bytes of text, KIN_NODE_DEPTH_MAX, length of a
 * formatted value), -EINVAL if in lines a type or the name of an attribute is other than a to z and
 * then also 0 to 9, _ and -; -ENOMEM.
 */
int kin_generator_finish(struct kin_generator *g, const char **ret_text, size_t *ret_size);

#endif

/*
 * Generator, what both syntaxes share
 *
 * The text is only ever appended to. After an error the nesting is still followed, so that
 * asserting it stays meaningful, but nothing is written. Levels deeper than KIN_NODE_DEPTH_MAX are
 * such an error.
 */
#include "base/generator.h"

#include <kin/node.h>
#include <kin/number.h>

#include "base/memory.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN_BYTES 256

void generator_fail(struct kin_generator *g, int error)
{
	if (g->error == 0)
		g->error = error;
}

bool generator_reserve(struct kin_generator *g, size_t n)
{
	size_t size = g->size ? g->size : BUFFER_MIN_BYTES;
	char *buf;

	if (g->error == 0 && n > g->limit - g->used)
		generator_fail(g, -ENOSPC);
	if (g->error)
		return false;
	if (g->used + n < g->size)
		return true;
	while (size <= g->used + n)
		size *= 2;
	if (size > g->limit + 1)
		size = g->limit + 1;
	buf = g->memory->resize(g->buf, size);
	if (!buf) {
		generator_fail(g, -ENOMEM);
		return false;
	}
	g->buf = buf;
	g->size = size;
	return true;
}

void generator_put(struct kin_generator *g, const char *text, size_t n)
{
	if (!generator_reserve(g, n))
		return;
	memcpy(g->buf + g->used, text, n);
	g->used += n;
}

void generator_put_string(struct kin_generator *g, const char *text)
{
	generator_put(g, text, strlen(text));
}

void generator_put_escaped(struct kin_generator *g, const char *text, size_t n,
	const char *(*escape_of)(const char *at))
{
	size_t plain = 0, at = 0;

	while (at < n) {
		size_t length = utf8_sequence_length(text + at, n - at);
		bool sound = length > 0 && utf8_fits_tree(text + at, length);
		const char *escape = sound ? escape_of(text + at) : GENERATOR_REPLACEMENT;
		if (escape) {
			generator_put(g, text + plain, at - plain);
			generator_put_string(g, escape);
		}
		at += length ? length : 1;
		if (escape)
			plain = at;
	}
	generator_put(g, text + plain, n - plain);
}

/* Deeper levels than there are share the last one; they only exist after an error */
struct kin_generator_level *generator_innermost(struct kin_generator *g)
{
	assert(g->depth > 0);
	return &g->levels[(g->depth < KIN_NODE_DEPTH_MAX ? g->depth : KIN_NODE_DEPTH_MAX) - 1];
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

/* All of ASCII is checked; which letters of other alphabets fit a name is left to the caller */
static bool name_usable(const char *name)
{
	static const char inner[] = "-.0123456789";

	if (name[0] == '\0' || strchr(inner, name[0]))
		return false;
	while (is_letter(*name) || *name == '_' || *name == ':' || (*name && strchr(inner, *name)))
		name++;
	return *name == '\0';
}

void kin_generator_init_growing(struct kin_generator *g, size_t limit_bytes)
{
	assert(limit_bytes < SIZE_MAX / 2);
	*g = (struct kin_generator){ .limit = limit_bytes, .memory = &kin_memory_libc };
}

void kin_generator_init_fixed(struct kin_generator *g, char *buf, size_t size)
{
	*g = (struct kin_generator){ .buf = buf, .size = size, .limit = size ? size - 1 : 0 };
}

void kin_generator_done(struct kin_generator *g)
{
	if (g->memory && g->buf)
		g->memory->free(g->buf);
	*g = (struct kin_generator){ 0 };
}

void kin_generator_set_syntax(struct kin_generator *g, enum kin_syntax syntax)
{
	assert(g->depth == 0 && !g->complete);
	g->syntax = syntax;
}

static const struct generator_writer *writer_of(const struct kin_generator *g)
{
	switch (g->syntax) {
	case KIN_SYNTAX_XML:
		return &generator_xml;
	case KIN_SYNTAX_LINES:
		return &generator_lines;
	}
	abort();
}

void kin_generator_open(struct kin_generator *g, const char *type)
{
	assert(name_usable(type));
	assert(!g->complete);
	writer_of(g)->open(g, type);
	if (g->depth == KIN_NODE_DEPTH_MAX)
		generator_fail(g, -ENOSPC);
	g->depth++;
	*generator_innermost(g) = (struct kin_generator_level){
		.type_at = g->used,
		.type_length = strlen(type),
	};
	generator_put_string(g, type);
	g->in_tag = true;
}

void kin_generator_close(struct kin_generator *g)
{
	writer_of(g)->close(g);
	g->in_tag = false;
	g->depth--;
	g->complete = g->depth == 0;
}

void kin_generator_attribute(struct kin_generator *g, const char *name, const char *value)
{
	assert(g->in_tag);
	assert(name_usable(name));
	writer_of(g)->attribute(g, name, value);
	generator_innermost(g)->has_attributes = true;
}

void kin_generator_attribute_number(struct kin_generator *g, const char *name, uint64_t value)
{
	kin_generator_attribute_format(g, name, "%" PRIu64, value);
}

void kin_generator_attribute_bytes(struct kin_generator *g, const char *name, uint64_t value)
{
	char text[KIN_NUMBER_TEXT_MAX];

	kin_generator_attribute(g, name, kin_number_print(text, value));
}

void kin_generator_attribute_boolean(struct kin_generator *g, const char *name, bool value)
{
	kin_generator_attribute(g, name, value ? "yes" : "no");
}

void kin_generator_attribute_format(
	struct kin_generator *g, const char *name, const char *format, ...)
{
	char value[KIN_LOG_TEXT_MAX + 1];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (length < 0 || length > KIN_LOG_TEXT_MAX)
		generator_fail(g, -ENOSPC);
	kin_generator_attribute(g, name, value);
}

void kin_generator_text(struct kin_generator *g, const char *text)
{
	assert(g->depth > 0);
	if (text[0] == '\0')
		return;
	writer_of(g)->text(g, text);
	g->in_tag = false;
}

/* In lines a name that comes first needs no tag */
static void copy_attributes(struct kin_generator *g, const struct kin_node *node)
{
	const char *first = g->syntax == KIN_SYNTAX_LINES ? "name" : "";
	const char *name, *value = kin_node_attribute(node, first);

	if (value)
		kin_generator_attribute(g, first, value);
	for (size_t i = 0; i < kin_node_n_attributes(node); i++) {
		kin_node_attribute_at(node, i, &name, &value, NULL, NULL);
		if (strcmp(name, first) != 0)
			kin_generator_attribute(g, name, value);
	}
}

/* Recursion is bounded by KIN_NODE_DEPTH_MAX */
void kin_generator_node(struct kin_generator *g, const struct kin_node *node)
{
	kin_generator_open(g, kin_node_type(node));
	copy_attributes(g, node);
	kin_generator_text(g, kin_node_text(node));
	KIN_NODE_FOREACH (child, node, NULL)
		kin_generator_node(g, child);
	kin_generator_close(g);
}

int kin_generator_finish(struct kin_generator *g, const char **ret_text, size_t *ret_size)
{
	assert(g->depth == 0);
	assert(g->complete);
	if (g->error)
		return g->error;
	g->buf[g->used] = '\0';
	*ret_text = g->buf;
	*ret_size = g->used;
	return 0;
}

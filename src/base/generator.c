/*
 * Generator, implementation
 *
 * The text is only ever appended to. A start tag stays open (in_tag) until content or the end of
 * its node arrives; the type for the end tag is copied from the start tag, so callers need not keep
 * it. After an error the nesting is still followed, so that asserting it stays meaningful, but
 * nothing is written. Levels deeper than KIN_NODE_DEPTH_MAX are such an error.
 */
#include <kin/generator.h>
#include <kin/node.h>
#include <kin/number.h>

#include "base/memory.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_MIN_BYTES 256
#define REPLACEMENT      "\xEF\xBF\xBD" /* U+FFFD */

static void generator_fail(struct kin_generator *g, int error)
{
	if (g->error == 0)
		g->error = error;
}

/* Makes room for @n more bytes and a NUL; false after an error, be it this one or an earlier */
static bool reserve(struct kin_generator *g, size_t n)
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

static void put(struct kin_generator *g, const char *text, size_t n)
{
	if (!reserve(g, n))
		return;
	memcpy(g->buf + g->used, text, n);
	g->used += n;
}

static void put_string(struct kin_generator *g, const char *text)
{
	put(g, text, strlen(text));
}

/* What to write for the character at @at of @length bytes (0: malformed), NULL if it can stay */
static const char *escape_of(const char *at, size_t length, bool in_attribute)
{
	if (length == 0)
		return REPLACEMENT;
	switch (*at) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return in_attribute ? "&quot;" : NULL;
	/* literal ones would be read as plain blanks */
	case '\r':
		return "&#13;";
	case '\n':
		return in_attribute ? "&#10;" : NULL;
	case '\t':
		return in_attribute ? "&#9;" : NULL;
	}
	if ((unsigned char) *at < 0x20)
		return REPLACEMENT;
	/* U+FFFE and U+FFFF are well-formed UTF-8 but no characters of XML */
	if (length == 3 &&
		(memcmp(at, "\xEF\xBF\xBE", 3) == 0 || memcmp(at, "\xEF\xBF\xBF", 3) == 0))
		return REPLACEMENT;
	return NULL;
}

static void put_escaped(struct kin_generator *g, const char *text, bool in_attribute)
{
	size_t n = strlen(text), plain = 0, at = 0;

	while (at < n) {
		size_t length = utf8_sequence_length(text + at, n - at);
		const char *escape = escape_of(text + at, length, in_attribute);
		if (escape) {
			put(g, text + plain, at - plain);
			put_string(g, escape);
		}
		at += length ? length : 1;
		if (escape)
			plain = at;
	}
	put(g, text + plain, n - plain);
}

static void put_line_start(struct kin_generator *g, unsigned depth)
{
	put_string(g, "\n");
	for (unsigned i = 0; i < depth; i++)
		put_string(g, "\t");
}

/* Deeper levels than there are share the last one; they only exist after an error */
static struct kin_generator_level *innermost(struct kin_generator *g)
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

static void tag_end(struct kin_generator *g)
{
	if (g->in_tag)
		put_string(g, ">");
	g->in_tag = false;
}

void kin_generator_open(struct kin_generator *g, const char *type)
{
	assert(name_usable(type));
	assert(!g->complete);
	tag_end(g);
	if (g->depth > 0) {
		innermost(g)->has_nodes = true;
		if (!innermost(g)->has_text)
			put_line_start(g, g->depth);
	}
	if (g->depth == KIN_NODE_DEPTH_MAX)
		generator_fail(g, -ENOSPC);
	put_string(g, "<");
	g->depth++;
	*innermost(g) = (struct kin_generator_level){
		.type_at = g->used,
		.type_length = strlen(type),
	};
	put_string(g, type);
	g->in_tag = true;
}

static void put_end_tag(struct kin_generator *g, const struct kin_generator_level *level)
{
	if (level->has_nodes && !level->has_text)
		put_line_start(g, g->depth - 1);
	put_string(g, "</");
	/* the source moves if the buffer does, so make room before pointing into it */
	if (reserve(g, level->type_length))
		put(g, g->buf + level->type_at, level->type_length);
	put_string(g, ">");
}

void kin_generator_close(struct kin_generator *g)
{
	if (g->in_tag)
		put_string(g, "/>");
	else
		put_end_tag(g, innermost(g));
	g->in_tag = false;
	g->depth--;
	g->complete = g->depth == 0;
	if (g->complete)
		put_string(g, "\n");
}

void kin_generator_attribute(struct kin_generator *g, const char *name, const char *value)
{
	assert(g->in_tag);
	assert(name_usable(name));
	put_string(g, " ");
	put_string(g, name);
	put_string(g, "=\"");
	put_escaped(g, value, true);
	put_string(g, "\"");
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
	tag_end(g);
	innermost(g)->has_text = true;
	put_escaped(g, text, false);
}

/* Recursion is bounded by KIN_NODE_DEPTH_MAX */
void kin_generator_node(struct kin_generator *g, const struct kin_node *node)
{
	kin_generator_open(g, kin_node_type(node));
	for (size_t i = 0; i < kin_node_n_attributes(node); i++) {
		const char *name, *value;
		kin_node_attribute_at(node, i, &name, &value, NULL, NULL);
		kin_generator_attribute(g, name, value);
	}
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

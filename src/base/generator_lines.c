/*
 * Generator, the writer of lines
 *
 * One line per node with all its attributes, text below it, sub nodes two columns deeper. A line
 * stays open (in_tag, in_text) for what else belongs into it.
 *
 * What a line can't hold becomes U+FFFD: better a report with a strange label than none. In values
 * that is a '|', the end of a line, and a blank at either end, which a reader would trim; in text a
 * carriage return. A type or tag that is none in lines would mean something else if it was altered,
 * so that is an error.
 */
#include "base/generator.h"
#include "base/lines.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>

static void line_end(struct kin_generator *g)
{
	if (g->in_tag || g->in_text)
		generator_put_string(g, "\n");
	g->in_text = false;
}

static void put_indentation(struct kin_generator *g, unsigned depth)
{
	for (unsigned i = 1; i < depth; i++)
		generator_put_string(g, "  ");
}

static void check_word(struct kin_generator *g, const char *word)
{
	if (!lines_word_valid(word))
		generator_fail(g, -EINVAL);
}

static void lines_open(struct kin_generator *g, const char *type)
{
	check_word(g, type);
	line_end(g);
	put_indentation(g, g->depth);
	if (g->depth > 0)
		generator_put_string(g, "+ ");
}

static void lines_close(struct kin_generator *g)
{
	line_end(g);
	if (g->depth == 1)
		generator_put_string(g, "-\n");
}

static const char *value_escape_of(const char *at)
{
	return strchr("|\r\n", *at) ? GENERATOR_REPLACEMENT : NULL;
}

static void put_value(struct kin_generator *g, const char *value)
{
	size_t n = strlen(value), from = 0, to = n;

	if (n > 0 && utf8_is_blank(value[0]))
		from = 1;
	if (n > 1 && utf8_is_blank(value[n - 1]))
		to = n - 1;
	if (from > 0)
		generator_put_string(g, GENERATOR_REPLACEMENT);
	generator_put_escaped(g, value + from, to - from, value_escape_of);
	if (to < n)
		generator_put_string(g, GENERATOR_REPLACEMENT);
}

static void lines_attribute(struct kin_generator *g, const char *name, const char *value)
{
	bool first = !generator_innermost(g)->has_attributes;

	check_word(g, name);
	if (!first || strcmp(name, "name") != 0 || !lines_name_short(value)) {
		generator_put_string(g, " | ");
		generator_put_string(g, name);
		generator_put_string(g, ":");
	}
	if (value[0] != '\0')
		generator_put_string(g, " ");
	put_value(g, value);
}

static void text_line_start(struct kin_generator *g)
{
	put_indentation(g, g->depth);
	generator_put_string(g, ":");
	g->line_empty = true;
}

static const char *text_escape_of(const char *at)
{
	return *at == '\r' ? GENERATOR_REPLACEMENT : NULL;
}

static void put_text(struct kin_generator *g, const char *text, size_t n)
{
	if (n > 0 && g->line_empty)
		generator_put_string(g, " ");
	generator_put_escaped(g, text, n, text_escape_of);
	g->line_empty = g->line_empty && n == 0;
}

static void lines_text(struct kin_generator *g, const char *text)
{
	const char *end;

	if (!g->in_text) {
		line_end(g);
		text_line_start(g);
	}
	g->in_text = true;
	while ((end = strchr(text, '\n')) != NULL) {
		put_text(g, text, (size_t) (end - text));
		generator_put_string(g, "\n");
		text_line_start(g);
		text = end + 1;
	}
	put_text(g, text, strlen(text));
}

const struct generator_writer generator_lines = { lines_open, lines_close, lines_attribute,
	lines_text };

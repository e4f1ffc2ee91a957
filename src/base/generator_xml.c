/*
 * Generator, the writer of XML
 *
 * A start tag stays open until content or the end of its node arrives; the type for the end tag is
 * copied from the start tag, so callers need not keep it. The text is indented with tabs, except
 * within a node that has text of its own.
 */
#include "base/generator.h"

#include <string.h>

static const char *text_escape_of(const char *at)
{
	switch (*at) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	/* a literal one would be read as a line feed */
	case '\r':
		return "&#13;";
	}
	return NULL;
}

static const char *value_escape_of(const char *at)
{
	switch (*at) {
	case '"':
		return "&quot;";
	/* literal ones would be read as plain blanks */
	case '\n':
		return "&#10;";
	case '\t':
		return "&#9;";
	}
	return text_escape_of(at);
}

static void put_line_start(struct kin_generator *g, unsigned depth)
{
	generator_put_string(g, "\n");
	for (unsigned i = 0; i < depth; i++)
		generator_put_string(g, "\t");
}

static void tag_end(struct kin_generator *g)
{
	if (g->in_tag)
		generator_put_string(g, ">");
	g->in_tag = false;
}

static void xml_open(struct kin_generator *g, const char *type)
{
	tag_end(g);
	if (g->depth > 0) {
		generator_innermost(g)->has_nodes = true;
		if (!generator_innermost(g)->has_text)
			put_line_start(g, g->depth);
	}
	generator_put_string(g, "<");
}

static void put_end_tag(struct kin_generator *g, const struct kin_generator_level *level)
{
	if (level->has_nodes && !level->has_text)
		put_line_start(g, g->depth - 1);
	generator_put_string(g, "</");
	/* the source moves if the buffer does, so make room before pointing into it */
	if (generator_reserve(g, level->type_length))
		generator_put(g, g->buf + level->type_at, level->type_length);
	generator_put_string(g, ">");
}

static void xml_close(struct kin_generator *g)
{
	if (g->in_tag)
		generator_put_string(g, "/>");
	else
		put_end_tag(g, generator_innermost(g));
	if (g->depth == 1)
		generator_put_string(g, "\n");
}

static void xml_attribute(struct kin_generator *g, const char *name, const char *value)
{
	generator_put_string(g, " ");
	generator_put_string(g, name);
	generator_put_string(g, "=\"");
	generator_put_escaped(g, value, strlen(value), value_escape_of);
	generator_put_string(g, "\"");
}

static void xml_text(struct kin_generator *g, const char *text)
{
	tag_end(g);
	generator_innermost(g)->has_text = true;
	generator_put_escaped(g, text, strlen(text), text_escape_of);
}

const struct generator_writer generator_xml = { xml_open, xml_close, xml_attribute, xml_text };

/*
 * Reader of XML
 *
 * Expat decides what is well-formed and drives a tree builder; this file adds what a configuration
 * must not be (no document types, hence no entities to expand; nothing but UTF-8; bounded in every
 * direction) and finds out where things stand. Expat does not tell positions of attributes, but
 * the text is all here: a cursor follows Expat's events through it, always forward, counting lines
 * and columns, and walks over the attributes of each start tag, which Expat has found sound.
 *
 * The first error is reported and ends the reading.
 */
#include <kin/diag.h>
#include <kin/node.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <expat.h>
#include <string.h>
#include <strings.h>

struct xml_reader {
	struct cursor cursor;
	struct kin_diag *diag;
	struct tree_builder builder;
	XML_Parser parser;
	int error;
};

static char cursor_peek(const struct cursor *cursor)
{
	assert(cursor->offset < cursor->n);
	return cursor->text[cursor->offset];
}

static void cursor_skip_blanks(struct cursor *cursor)
{
	while (utf8_is_blank(cursor_peek(cursor)))
		cursor_advance(cursor, cursor->offset + 1);
}

/* From the start of an attribute's name behind its closing quote */
static void cursor_skip_attribute(struct cursor *cursor, const char *name)
{
	const char *quote;

	cursor_advance(cursor, cursor->offset + strlen(name));
	cursor_skip_blanks(cursor);
	assert(cursor_peek(cursor) == '=');
	cursor_advance(cursor, cursor->offset + 1);
	cursor_skip_blanks(cursor);
	quote = memchr(cursor->text + cursor->offset + 1, cursor_peek(cursor),
		cursor->n - cursor->offset - 1);
	assert(quote);
	cursor_advance(cursor, (size_t) (quote - cursor->text) + 1);
}

/* To what Expat is looking at, unless the cursor has walked further into the same tag */
static void cursor_follow(struct cursor *cursor, XML_Parser parser)
{
	XML_Index index = XML_GetCurrentByteIndex(parser);

	if (index > 0 && (size_t) index > cursor->offset)
		cursor_advance(cursor, (size_t) index);
}

#define READER_ERROR(reader, ...) \
	kin_diag_error((reader)->diag, (reader)->cursor.line, (reader)->cursor.column, __VA_ARGS__)

static int refuse(struct xml_reader *reader, int answer, const char *what)
{
	return tree_refuse(answer, tree_string(what), reader->diag, reader->cursor.line,
		reader->cursor.column);
}

static void reader_stop(struct xml_reader *reader, int error)
{
	reader->error = error;
	XML_StopParser(reader->parser, XML_FALSE);
}

/* Ends the reading at an answer of the builder other than 0; @name is what it was told to add */
static void reader_refuse(struct xml_reader *reader, int answer, const char *name)
{
	cursor_follow(&reader->cursor, reader->parser);
	reader_stop(reader, refuse(reader, answer, name));
}

/* Expat may deliver an event or two after it was stopped; they don't count */

static void on_open(void *data, const char *type, const char **attributes)
{
	struct xml_reader *reader = data;
	struct cursor *cursor = &reader->cursor;
	int answer;

	if (reader->error)
		return;
	cursor_follow(cursor, reader->parser);
	answer = tree_builder_open(
		&reader->builder, tree_string(type), cursor->line, cursor->column);
	if (answer != 0) {
		reader_refuse(reader, answer, type);
		return;
	}
	cursor_advance(cursor, cursor->offset + strlen("<") + strlen(type));
	for (; attributes[0]; attributes += 2) {
		cursor_skip_blanks(cursor);
		answer = tree_builder_attribute(&reader->builder, tree_string(attributes[0]),
			tree_string(attributes[1]), cursor->line, cursor->column);
		if (answer != 0) {
			reader_refuse(reader, answer, attributes[0]);
			return;
		}
		cursor_skip_attribute(cursor, attributes[0]);
	}
}

static void on_close(void *data, const char *type)
{
	struct xml_reader *reader = data;
	int answer;

	if (reader->error)
		return;
	answer = tree_builder_close(&reader->builder);
	if (answer != 0)
		reader_refuse(reader, answer, type);
}

static void on_text(void *data, const char *text, int n)
{
	struct xml_reader *reader = data;
	int answer;

	if (reader->error)
		return;
	answer = tree_builder_text(&reader->builder, text, (size_t) n);
	if (answer != 0)
		reader_refuse(reader, answer, "");
}

static void on_document_type(
	void *data, const char *name, const char *system_id, const char *public_id, int has_subset)
{
	struct xml_reader *reader = data;

	if (reader->error)
		return;
	cursor_follow(&reader->cursor, reader->parser);
	READER_ERROR(reader, "document type declarations (<!DOCTYPE>) are not allowed");
	reader_stop(reader, -EINVAL);
}

static void on_declaration(void *data, const char *version, const char *encoding, int standalone)
{
	struct xml_reader *reader = data;

	if (reader->error || !encoding)
		return;
	if (strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "US-ASCII") == 0)
		return;
	READER_ERROR(reader, "encoding \"%s\" is neither UTF-8 nor US-ASCII", encoding);
	reader_stop(reader, -EINVAL);
}

/* What Expat found, unless a handler has already said what it found */
static int reader_fail(struct xml_reader *reader)
{
	const struct kin_node *open = tree_builder_innermost(&reader->builder);
	enum XML_Error code = XML_GetErrorCode(reader->parser);

	if (reader->error)
		return reader->error;
	cursor_follow(&reader->cursor, reader->parser);
	if (code == XML_ERROR_NO_MEMORY)
		return refuse(reader, -ENOMEM, "");
	if (open && (code == XML_ERROR_TAG_MISMATCH || code == XML_ERROR_NO_ELEMENTS))
		READER_ERROR(reader, "<%s> of line %u is not closed", open->type, open->line);
	else
		READER_ERROR(reader, "%s", XML_ErrorString(code));
	return -EINVAL;
}

static int reader_run(struct xml_reader *reader)
{
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, on_open, on_close);
	XML_SetCharacterDataHandler(reader->parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader->parser, on_document_type);
	XML_SetXmlDeclHandler(reader->parser, on_declaration);
	XML_Parse(reader->parser, reader->cursor.text, (int) reader->cursor.n, XML_TRUE);
	if (reader->error || XML_GetErrorCode(reader->parser) != XML_ERROR_NONE)
		return reader_fail(reader);
	return 0;
}

int tree_parse_xml(const struct kin_memory *memory, const char *text, size_t n,
	struct kin_diag *diag, struct kin_tree **ret)
{
	const XML_Memory_Handling_Suite suite = { memory->alloc, memory->resize, memory->free };
	struct xml_reader reader = { .diag = diag };
	int r;

	cursor_init(&reader.cursor, text, n);
	r = cursor_check_text(&reader.cursor, diag);
	if (r < 0)
		return r;
	if (tree_builder_init(&reader.builder, memory) < 0)
		return refuse(&reader, -ENOMEM, "");
	reader.parser = XML_ParserCreate_MM(NULL, &suite, NULL);
	r = reader.parser ? reader_run(&reader) : refuse(&reader, -ENOMEM, "");
	if (r == 0)
		*ret = tree_builder_take(&reader.builder);
	XML_ParserFree(reader.parser);
	tree_builder_done(&reader.builder);
	return r;
}

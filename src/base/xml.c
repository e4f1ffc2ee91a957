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

#include "base/memory.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <expat.h>
#include <string.h>
#include <strings.h>

struct cursor {
	const char *text;
	size_t n, offset;
	unsigned line, column;
};

struct xml_reader {
	struct cursor cursor;
	struct kin_diag *diag;
	struct tree_builder builder;
	XML_Parser parser;
	int error;
};

static void cursor_init(struct cursor *cursor, const char *text, size_t n)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";

	*cursor = (struct cursor){ .text = text, .n = n, .line = 1, .column = 1 };
	/* it is no character of the first line */
	if (n >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		cursor->offset = 3;
}

static void cursor_advance(struct cursor *cursor, size_t offset)
{
	assert(offset <= cursor->n);
	for (; cursor->offset < offset; cursor->offset++) {
		const char *at = cursor->text + cursor->offset;
		bool pair = *at == '\r' && cursor->offset + 1 < cursor->n && at[1] == '\n';
		if ((*at == '\n' || *at == '\r') && !pair) {
			cursor->line++;
			cursor->column = 1;
		} else if ((*at & 0xC0) != 0x80) {
			cursor->column++;
		}
	}
}

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

static int out_of_memory(struct xml_reader *reader)
{
	READER_ERROR(reader, "out of memory");
	return -ENOMEM;
}

static int node_limit_exceeded(struct xml_reader *reader, int answer, const char *name)
{
	if (answer == TREE_E_DEPTH)
		READER_ERROR(reader, "nodes nested deeper than KIN_NODE_DEPTH_MAX (%d) at <%s>",
			KIN_NODE_DEPTH_MAX, name);
	else if (answer == TREE_E_NODES)
		READER_ERROR(
			reader, "more nodes than KIN_NODES_MAX (%u) at <%s>", KIN_NODES_MAX, name);
	else
		READER_ERROR(reader, "more attributes than KIN_NODE_ATTRIBUTES_MAX (%d) at '%s'",
			KIN_NODE_ATTRIBUTES_MAX, name);
	return -E2BIG;
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
	if (answer < 0)
		reader_stop(reader, out_of_memory(reader));
	else
		reader_stop(reader, node_limit_exceeded(reader, answer, name));
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
	answer = tree_builder_open(&reader->builder, type, cursor->line, cursor->column);
	if (answer != 0) {
		reader_refuse(reader, answer, type);
		return;
	}
	cursor_advance(cursor, cursor->offset + strlen("<") + strlen(type));
	for (; attributes[0]; attributes += 2) {
		cursor_skip_blanks(cursor);
		answer = tree_builder_attribute(&reader->builder, attributes[0], attributes[1],
			cursor->line, cursor->column);
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
		return out_of_memory(reader);
	if (open && (code == XML_ERROR_TAG_MISMATCH || code == XML_ERROR_NO_ELEMENTS))
		READER_ERROR(reader, "<%s> of line %u is not closed", open->type, open->line);
	else
		READER_ERROR(reader, "%s", XML_ErrorString(code));
	return -EINVAL;
}

static int reader_refuse_at(struct xml_reader *reader, size_t offset, int error, const char *what)
{
	cursor_advance(&reader->cursor, offset);
	READER_ERROR(reader, "%s", what);
	return error;
}

/* The properties of the text that need no parsing */
static int reader_check_text(struct xml_reader *reader)
{
	const char *text = reader->cursor.text;
	size_t n = reader->cursor.n, n_blank = reader->cursor.offset, n_sound;

	if (n > KIN_NODE_TEXT_MAX)
		return reader_refuse_at(reader, KIN_NODE_TEXT_MAX, -E2BIG,
			"text is longer than KIN_NODE_TEXT_MAX (4 MiB)");
	while (n_blank < n && utf8_is_blank(text[n_blank]))
		n_blank++;
	if (n_blank == n)
		return reader_refuse_at(reader, n, -EINVAL, "text is empty");
	n_sound = strnlen(text, n);
	if (n_sound < n)
		return reader_refuse_at(reader, n_sound, -EINVAL, "text contains a NUL byte");
	n_sound = utf8_valid_length(text, n);
	if (n_sound < n)
		return reader_refuse_at(reader, n_sound, -EINVAL, "text is not UTF-8");
	return 0;
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
	r = reader_check_text(&reader);
	if (r < 0)
		return r;
	if (tree_builder_init(&reader.builder, memory) < 0)
		return out_of_memory(&reader);
	reader.parser = XML_ParserCreate_MM(NULL, &suite, NULL);
	r = reader.parser ? reader_run(&reader) : out_of_memory(&reader);
	if (r == 0)
		*ret = tree_builder_take(&reader.builder);
	XML_ParserFree(reader.parser);
	tree_builder_done(&reader.builder);
	return r;
}

int kin_tree_parse_xml(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret)
{
	return tree_parse_xml(&kin_memory_libc, text, n, diag, ret);
}

/*
 * Reader of lines
 *
 * Each line is a row of segments, and each segment says by its first character what it is and by
 * its column where it belongs. A cursor goes over the text once. What it does to the tree follows
 * from the columns of the open nodes alone: a node ends where something comes that is not indented
 * as deep as its type.
 *
 * Where indentation could mean two things it is an error: tabs in it, and columns between that of a
 * node's mark and that of its type. Comments, quoted text and disabled nodes reach to the end of
 * their line, so a `|` in them is just a character.
 *
 * The first error is reported and ends the reading. doc/syntax.md is the same for those who write
 * trees.
 */
#include <kin/diag.h>
#include <kin/node.h>

#include "base/cursor.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>

#define LINE_DONE 1 /* positive answer of steps: the rest of the line is taken */

#define SHOWN_MAX 40 /* bytes of a word that a message shows */

/* Columns of a node: of its mark, '+' or 'x', and of its type; the same for the top node */
struct lines_level {
	unsigned line, mark, type;
};

struct lines_reader {
	struct cursor cursor; /* at the segment being read, or at what is wrong in it */
	size_t line_start, line_end;
	size_t next; /* where the next segment of the line begins, blanks and its '|' included */
	struct kin_diag *diag;
	struct tree_builder builder;
	struct lines_level levels[KIN_NODE_DEPTH_MAX]; /* of the builder's open nodes */
	struct lines_level disabled;                   /* its line is 0 if none is skipped */
	unsigned end_line;                             /* of the '-'; 0: not there yet */
};

#define REFUSE(reader, ...) \
	(kin_diag_error( \
		 (reader)->diag, (reader)->cursor.line, (reader)->cursor.column, __VA_ARGS__), \
		-EINVAL)

static struct tree_string rest_of_line(const struct lines_reader *reader)
{
	return (struct tree_string){ reader->cursor.text + reader->cursor.offset,
		reader->line_end - reader->cursor.offset };
}

static void reader_go(struct lines_reader *reader, const char *at)
{
	cursor_advance(&reader->cursor, (size_t) (at - reader->cursor.text));
}

/* @answer is the builder's, @what it was told to add */
static int reader_check(struct lines_reader *reader, int answer, struct tree_string what)
{
	if (answer == 0)
		return 0;
	return tree_refuse(answer, what, reader->diag, reader->cursor.line, reader->cursor.column);
}

static struct lines_level *innermost(struct lines_reader *reader)
{
	return &reader->levels[reader->builder.depth - 1];
}

static const char *innermost_type(const struct lines_reader *reader)
{
	return tree_builder_innermost(&reader->builder)->type;
}

static struct tree_string trim(struct tree_string string)
{
	while (string.n > 0 && utf8_is_blank(string.at[0]))
		string = (struct tree_string){ string.at + 1, string.n - 1 };
	while (string.n > 0 && utf8_is_blank(string.at[string.n - 1]))
		string.n--;
	return string;
}

static struct tree_string word_of(struct tree_string string)
{
	size_t n = 0;

	while (n < string.n && !utf8_is_blank(string.at[n]))
		n++;
	return (struct tree_string){ string.at, n };
}

/* The first word as a message shows it: not too long, cut between characters */
static struct tree_string shown(struct tree_string string)
{
	struct tree_string word = word_of(string);

	if (!utf8_is_printable(word.at, word.n))
		return tree_string("…");
	if (word.n > SHOWN_MAX)
		word.n = SHOWN_MAX;
	while (!utf8_is_printable(word.at, word.n))
		word.n--;
	return word;
}

/* Whether the character at @offset has blanks or the ends of its line on both sides */
static bool stands_alone(const struct lines_reader *reader, size_t offset)
{
	const char *text = reader->cursor.text;

	return (offset == reader->line_start || utf8_is_blank(text[offset - 1])) &&
	       (offset + 1 == reader->line_end || utf8_is_blank(text[offset + 1]));
}

static int refuse_tab(struct lines_reader *reader, size_t offset)
{
	cursor_advance(&reader->cursor, offset);
	return REFUSE(reader, "tab in an indentation, use blanks");
}

/* Goes to the next segment that is not empty. Return: 0, LINE_DONE or -EINVAL */
static int segment_next(struct lines_reader *reader)
{
	const char *text = reader->cursor.text;
	size_t at = reader->next, tab = reader->line_end;

	while (at < reader->line_end &&
		(utf8_is_blank(text[at]) || (text[at] == '|' && stands_alone(reader, at)))) {
		if (text[at] == '\t' && at < tab)
			tab = at;
		at++;
	}
	if (at == reader->line_end)
		return LINE_DONE;
	if (tab < at)
		return refuse_tab(reader, tab);
	cursor_advance(&reader->cursor, at);
	return 0;
}

/* From the cursor to the next '|' or the end of the line, without blanks at the end */
static int segment_take(struct lines_reader *reader, struct tree_string *ret)
{
	struct tree_string rest = rest_of_line(reader);
	const char *bar = memchr(rest.at, '|', rest.n);

	if (bar && !stands_alone(reader, (size_t) (bar - reader->cursor.text))) {
		reader_go(reader, bar);
		return REFUSE(reader, "'|' separates segments and needs a blank on both sides, no "
				      "value can have one");
	}
	if (bar)
		rest.n = (size_t) (bar - rest.at);
	reader->next = reader->cursor.offset + rest.n;
	*ret = trim(rest);
	return 0;
}

/* Whether the segment starts with that mark; what follows one that is none makes it something else
 */
static bool mark_is(const struct lines_reader *reader, char mark)
{
	struct tree_string rest = rest_of_line(reader);

	return rest.at[0] == mark && (rest.n == 1 || rest.at[1] == ' ');
}

/* Ends all nodes that are too deep for something at the cursor */
static int close_deeper(struct lines_reader *reader)
{
	unsigned column = reader->cursor.column;
	int r = 0;

	while (r == 0 && column < innermost(reader)->type) {
		struct lines_level *level = innermost(reader);
		if (reader->builder.depth == 1)
			return REFUSE(reader,
				"left of the top node <%s>, which starts in column %u",
				innermost_type(reader), level->type);
		if (column > level->mark)
			return REFUSE(reader,
				"neither in <%s> of line %u (column %u or deeper) nor beside it "
				"(column %u)",
				innermost_type(reader), level->line, level->type, level->mark);
		r = reader_check(reader, tree_builder_close(&reader->builder), tree_string(""));
	}
	return r;
}

static int add_attribute(
	struct lines_reader *reader, struct tree_string name, struct tree_string value)
{
	const struct kin_attribute *same = tree_builder_find_attribute(&reader->builder, name);

	if (same)
		return REFUSE(reader, "attribute '%s' of <%s> is given twice, first in %u:%u",
			same->name, innermost_type(reader), same->line, same->column);
	return reader_check(reader,
		tree_builder_attribute(
			&reader->builder, name, value, reader->cursor.line, reader->cursor.column),
		name);
}

/* Whether the innermost node can have the attribute at the cursor */
static int check_owner(struct lines_reader *reader, struct tree_string tag)
{
	const struct lines_level *level = innermost(reader);

	if (reader->cursor.column < level->type)
		return REFUSE(reader,
			"attribute '%.*s' must be indented as deep as <%s> of line %u, to column "
			"%u",
			(int) tag.n, tag.at, innermost_type(reader), level->line, level->type);
	if (tree_builder_innermost(&reader->builder)->first)
		return REFUSE(reader, "attribute '%.*s' of <%s> comes after a sub node",
			(int) tag.n, tag.at, innermost_type(reader));
	return 0;
}

static int refuse_segment(struct lines_reader *reader, struct tree_string segment)
{
	struct tree_string word = shown(segment);

	if (strchr("+-.:", segment.at[0]))
		return REFUSE(reader, "a blank must follow '%c', found '%.*s'", segment.at[0],
			(int) word.n, word.at);
	if (word.at[word.n - 1] == ':')
		return REFUSE(reader, "'%.*s' is no tag: a to z first, then also 0 to 9, _ and -",
			(int) word.n - 1, word.at);
	return REFUSE(reader,
		"expected '+ type', 'x type', 'tag: value', ': text', '. comment' or '-', found "
		"'%.*s'",
		(int) word.n, word.at);
}

static int read_attribute(struct lines_reader *reader, struct tree_string segment)
{
	struct tree_string tag = { segment.at, lines_word_length(segment.at, segment.n) };
	struct tree_string value = { segment.at + tag.n + 1, segment.n - tag.n - 1 };
	int r;

	if (tag.n == 0 || tag.n == segment.n || segment.at[tag.n] != ':')
		return refuse_segment(reader, segment);
	if (value.n > 0 && !utf8_is_blank(value.at[0])) {
		reader_go(reader, value.at);
		return REFUSE(reader, "a blank must follow '%.*s:'", (int) tag.n, tag.at);
	}
	r = check_owner(reader, tag);
	return r ? r : add_attribute(reader, tag, trim(value));
}

/*
 * What follows a type: nothing, a name, or an attribute already. What looks like another segment
 * within a name is more often a forgotten '|' than a strange name.
 */
static int read_name(struct lines_reader *reader, struct tree_string name)
{
	const char *start = lines_find_start(name.at, name.n);

	if (name.n == 0)
		return 0;
	reader_go(reader, name.at);
	if (!start)
		return add_attribute(reader, tree_string("name"), name);
	if (start == name.at && lines_word_length(name.at, name.n) > 0)
		return read_attribute(reader, name);
	reader_go(reader, start);
	name.n -= (size_t) (start - name.at);
	name.at = start;
	struct tree_string word = shown(name);

	return REFUSE(reader, "' | ' is missing in front of '%.*s'", (int) word.n, word.at);
}

/* A node whose mark is at the cursor; @rest starts with its type */
static int open_node(struct lines_reader *reader, struct tree_string rest)
{
	struct lines_level level = { reader->cursor.line, reader->cursor.column };
	struct tree_string type = word_of(rest), word = shown(rest);
	int r;

	if (lines_word_length(type.at, type.n) != type.n) {
		reader_go(reader, type.at);
		return REFUSE(reader, "'%.*s' is no type: a to z first, then also 0 to 9, _ and -",
			(int) word.n, word.at);
	}
	r = reader_check(
		reader, tree_builder_open(&reader->builder, type, level.line, level.mark), type);
	if (r)
		return r;
	reader_go(reader, type.at);
	level.type = reader->cursor.column;
	*innermost(reader) = level;
	rest.at += type.n;
	rest.n -= type.n;
	return read_name(reader, trim(rest));
}

/* What follows the mark at the cursor, which must be something: the type. Its column counts. */
static int take_type(
	struct lines_reader *reader, struct tree_string segment, struct tree_string *ret)
{
	size_t n_blank = 1;

	while (n_blank < segment.n && segment.at[n_blank] == ' ')
		n_blank++;
	if (n_blank >= segment.n || segment.at[n_blank] == '|')
		return REFUSE(reader, "a type must follow '%c'", segment.at[0]);
	if (segment.at[n_blank] == '\t')
		return refuse_tab(reader, reader->cursor.offset + n_blank);
	*ret = (struct tree_string){ segment.at + n_blank, segment.n - n_blank };
	return 0;
}

static int read_node(struct lines_reader *reader, struct tree_string segment)
{
	struct tree_string type;
	int r = take_type(reader, segment, &type);

	if (r == 0)
		r = close_deeper(reader);
	return r ? r : open_node(reader, type);
}

/* Nothing of it is looked at, so it reaches to the end of the line */
static int read_disabled(struct lines_reader *reader)
{
	struct lines_level level = { reader->cursor.line, reader->cursor.column };
	struct tree_string type;
	int r = take_type(reader, rest_of_line(reader), &type);

	if (r == 0)
		r = close_deeper(reader);
	if (r)
		return r;
	reader_go(reader, type.at);
	level.type = reader->cursor.column;
	reader->disabled = level;
	return LINE_DONE;
}

/* Return: LINE_DONE if the segment is in the disabled node, 0 if that is over */
static int skip_disabled(struct lines_reader *reader)
{
	const struct lines_level *level = &reader->disabled;

	if (reader->cursor.column >= level->type)
		return LINE_DONE;
	if (reader->cursor.column > level->mark)
		return REFUSE(reader,
			"neither in the disabled node of line %u (column %u or deeper) nor beside "
			"it (column %u)",
			level->line, level->type, level->mark);
	reader->disabled.line = 0;
	return 0;
}

static int read_text(struct lines_reader *reader)
{
	struct tree_string rest = rest_of_line(reader);
	size_t n_mark = rest.n > 1 ? strlen(": ") : strlen(":");
	int r = close_deeper(reader);

	if (r == 0)
		r = reader_check(reader,
			tree_builder_text(&reader->builder, rest.at + n_mark, rest.n - n_mark),
			tree_string(""));
	if (r == 0)
		r = reader_check(
			reader, tree_builder_text(&reader->builder, "\n", 1), tree_string(""));
	return r ? r : LINE_DONE;
}

static int read_end(struct lines_reader *reader)
{
	const struct lines_level *top = &reader->levels[0];
	const struct kin_node *root = reader->builder.tree->root;
	struct tree_string rest = rest_of_line(reader);
	int r = 0;

	if (reader->cursor.column != top->type)
		return REFUSE(reader,
			"'-' must be in column %u, like the top node <%s> that it ends", top->type,
			root->type);
	rest = trim((struct tree_string){ rest.at + 1, rest.n - 1 });
	if (rest.n > 0) {
		reader_go(reader, rest.at);
		return REFUSE(reader, "nothing can follow '-' in its line");
	}
	reader->end_line = reader->cursor.line;
	while (r == 0 && reader->builder.depth > 0)
		r = reader_check(reader, tree_builder_close(&reader->builder), tree_string(""));
	return r ? r : LINE_DONE;
}

static int read_top(struct lines_reader *reader, struct tree_string segment)
{
	struct tree_string word = shown(segment);

	if (lines_word_length(word.at, word.n) == 0)
		return REFUSE(reader,
			"expected the type of the top node (or '<' of XML), found '%.*s'",
			(int) word.n, word.at);
	return open_node(reader, segment);
}

/* What ends with the next '|' */
static int read_short(struct lines_reader *reader)
{
	struct tree_string segment;
	int r = segment_take(reader, &segment);

	if (r)
		return r;
	if (reader->builder.depth == 0)
		return read_top(reader, segment);
	return mark_is(reader, '+') ? read_node(reader, segment) : read_attribute(reader, segment);
}

/* Return: 0, LINE_DONE, negative errno */
static int read_segment(struct lines_reader *reader)
{
	int r = 0;

	if (mark_is(reader, '.'))
		return LINE_DONE;
	if (reader->end_line)
		return REFUSE(reader, "nothing but comments can follow the '-' of line %u",
			reader->end_line);
	if (reader->disabled.line)
		r = skip_disabled(reader);
	if (r || reader->builder.depth == 0)
		return r ? r : read_short(reader);
	if (mark_is(reader, ':'))
		return read_text(reader);
	if (mark_is(reader, 'x'))
		return read_disabled(reader);
	if (mark_is(reader, '-'))
		return read_end(reader);
	return read_short(reader);
}

static size_t find_line_end(const struct cursor *cursor)
{
	size_t at = cursor->offset;

	while (at < cursor->n && cursor->text[at] != '\n' && cursor->text[at] != '\r')
		at++;
	return at;
}

static int read_line(struct lines_reader *reader)
{
	int r = 0;

	reader->line_start = reader->next = reader->cursor.offset;
	reader->line_end = find_line_end(&reader->cursor);
	while (r == 0) {
		r = segment_next(reader);
		if (r == 0)
			r = read_segment(reader);
	}
	if (r < 0)
		return r;
	cursor_advance(&reader->cursor, reader->line_end);
	if (reader->line_end < reader->cursor.n)
		cursor_advance(&reader->cursor, reader->line_end + 1);
	return 0;
}

static int check_ended(struct lines_reader *reader)
{
	const struct kin_node *root = reader->builder.tree->root;

	if (!root)
		return REFUSE(reader, "no node found");
	if (!reader->end_line)
		return REFUSE(reader, "<%s> of line %u is not ended, a line with '-' is missing",
			root->type, root->line);
	return 0;
}

static int reader_run(struct lines_reader *reader)
{
	int r = 0;

	while (r == 0 && reader->cursor.offset < reader->cursor.n)
		r = read_line(reader);
	return r ? r : check_ended(reader);
}

int tree_parse_lines(const struct kin_memory *memory, const char *text, size_t n,
	struct kin_diag *diag, struct kin_tree **ret)
{
	struct lines_reader reader = { .diag = diag };
	int r;

	cursor_init(&reader.cursor, text, n);
	r = cursor_check_text(&reader.cursor, diag);
	if (r < 0)
		return r;
	r = reader_check(&reader, tree_builder_init(&reader.builder, memory), tree_string(""));
	if (r == 0)
		r = reader_run(&reader);
	if (r == 0)
		*ret = tree_builder_take(&reader.builder);
	tree_builder_done(&reader.builder);
	return r;
}

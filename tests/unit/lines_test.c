/*
 * Reader of lines: each rule by a text and the XML that means the same, every reason to refuse a
 * text by its message and position, and each limit by its name.
 *
 * tests/corpus/pairs (or KIN_TEST_CORPUS/pairs) is replayed: NAME.kin and NAME.xml are the same
 * tree, and stay it when written in either syntax.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <kin/generator.h>

#include "unit/tree_reading.h"

#define FILE_MAX 65536

static struct kin_tree *parse(const char *text)
{
	return parse_with(kin_tree_parse_lines, text);
}

static void assert_refused(const char *text, const char *message)
{
	assert_refused_by(kin_tree_parse_lines, text, strlen(text), -EINVAL, message);
}

static void assert_means(const char *lines, const char *xml)
{
	KIN_TREE_AUTO struct kin_tree *tree = parse(lines);
	KIN_TREE_AUTO struct kin_tree *same = parse_with(kin_tree_parse_xml, xml);

	if (!kin_node_equal(kin_tree_root(tree), kin_tree_root(same)))
		fail_msg("\"%s\" does not mean %s", lines, xml);
}

static void a_syntax_is_told_by_its_first_character(void **state)
{
	static const char *const xml[] = { "<a/>", " \r\n\t<a/>", "\xEF\xBB\xBF<a/>", "<" };
	static const char *const lines[] = { "", "a\n-", " a<", "\xEF\xBB\xBF", ". <a/>",
		"\xEF\xBB", "\xFF\xFE<" };
	KIN_TREE_AUTO struct kin_tree *from_xml = parse_with(kin_tree_parse, " <a b='c'/>");
	KIN_TREE_AUTO struct kin_tree *from_lines = parse_with(kin_tree_parse, "a | b: c\n-\n");
	enum kin_syntax syntax = KIN_SYNTAX_XML;

	for (size_t i = 0; i < sizeof(xml) / sizeof(xml[0]); i++)
		assert_int_equal(kin_syntax_of(xml[i], strlen(xml[i])), KIN_SYNTAX_XML);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(kin_syntax_of(lines[i], strlen(lines[i])), KIN_SYNTAX_LINES);
	assert_int_equal(kin_syntax_of(NULL, 0), KIN_SYNTAX_LINES);
	assert_true(kin_node_equal(kin_tree_root(from_xml), kin_tree_root(from_lines)));
	assert_int_equal(kin_syntax_parse("lines", &syntax), 0);
	assert_int_equal(syntax, KIN_SYNTAX_LINES);
	assert_int_equal(kin_syntax_parse("XML", &syntax), -EINVAL);
	assert_int_equal(syntax, KIN_SYNTAX_LINES);
	assert_int_equal(kin_syntax_parse("xml", &syntax), 0);
	assert_int_equal(syntax, KIN_SYNTAX_XML);
	assert_refused_by(kin_tree_parse, "a", 1, -EINVAL,
		"T:1:2: error: <a> of line 1 is not ended, a line with '-' is missing");
	assert_refused_by(
		kin_tree_parse, "<a>", 3, -EINVAL, "T:1:4: error: <a> of line 1 is not closed");
}

static void nodes_belong_where_their_column_says(void **state)
{
	assert_means("a\n-", "<a/>");
	assert_means("a\n+ b\n  + c\n    + d\n  + e\n+ f\n-", "<a><b><c><d/></c><e/></b><f/></a>");
	assert_means("a\n+ b\n    + c\n  + d\n-", "<a><b><c/><d/></b></a>");
	assert_means("a\n       + b\n+ c\n-", "<a><b/><c/></a>");
	assert_means("  a\n  + b\n    + c\n  -", "<a><b><c/></b></a>");
	assert_means("a\n+   b\n    + c\n-", "<a><b><c/></b></a>");
	assert_means("a\n+   b\n+ c\n-", "<a><b/><c/></a>");
}

static void attributes_belong_to_the_node_they_are_indented_as_deep_as(void **state)
{
	assert_means("a\nb: 1\nc: 2\n-", "<a b='1' c='2'/>");
	assert_means("a\n       b: 1\n  c: 2\n+ d\n  e: 3\n       f: 4\n-",
		"<a b='1' c='2'><d e='3' f='4'/></a>");
	assert_means("a\n+ b\n\n. comment\n  c: 1\n-", "<a><b c='1'/></a>");
	assert_means("a\n: text\nb: 1\n-", "<a b='1'>text</a>");
}

static void segments_count_at_their_own_column(void **state)
{
	assert_means("a | b: 1 | + c | d: 2\n-", "<a b='1'><c d='2'/></a>");
	assert_means("a\n+ b | + c\n    | + d\n  + e\n-", "<a><b><c/><d/><e/></b></a>");
	assert_means("a\n+ b | + c\n          d: 1\n-", "<a><b><c d='1'/></b></a>");
	assert_means("a | + b | : text\n-", "<a><b>text</b></a>");
}

static void empty_segments_are_only_for_the_eye(void **state)
{
	assert_means("a\n+ b\n| + c\n  | d: 1\n  |\n| | + e\n-", "<a><b><c d='1'><e/></c></b></a>");
	assert_means("a | | b: 1 |\n|\n-", "<a b='1'/>");
	assert_means("|\n| a\n  + b\n  -", "<a><b/></a>");
}

static void what_follows_a_type_is_its_name_or_an_attribute(void **state)
{
	assert_means("a b\n+ c d e | f: 1\n-", "<a name='b'><c name='d e' f='1'/></a>");
	assert_means("a\n+ b   c -> d   \n-", "<a><b name='c -&gt; d'/></a>");
	assert_means("a b: 1\n+ c d: 2 e | f: 3\n-", "<a b='1'><c d='2 e' f='3'/></a>");
	assert_means("a\n+ b name: c\n+ b c:d\n+ b :c\n-",
		"<a><b name='c'/><b name='c:d'/><b name=':c'/></a>");
	assert_means("a - b\n+ c .x +x x\n+ d name: . + :\n-",
		"<a name='- b'><c name='.x +x x'/><d name='. + :'/></a>");
	assert_means("x y\n-", "<x name='y'/>");
}

static void what_looks_like_a_segment_in_a_name_is_refused(void **state)
{
	assert_refused("a\n+ b c d: 1\n-", "T:2:7: error: ' | ' is missing in front of 'd:'");
	assert_refused("a\n+ b c . d\n-", "T:2:7: error: ' | ' is missing in front of '.'");
	assert_refused("a\n+ b + c\n-", "T:2:5: error: ' | ' is missing in front of '+'");
	assert_refused("a : b\n-", "T:1:3: error: ' | ' is missing in front of ':'");
	assert_refused("a\n+ b c .\n-", "T:2:7: error: ' | ' is missing in front of '.'");
}

static void values_are_trimmed_and_may_be_empty(void **state)
{
	assert_means("a\nb:   1  2 \t\nc:\nd:  \ne:\t3\n-", "<a b='1  2' c='' d='' e='3'/>");
	assert_means("a | b:  | c: x: y | d: 'e' <&\n-", "<a b='' c='x: y' d=\"'e' &lt;&amp;\"/>");
	assert_means("a | b: c . d + e - f : g x h\n-", "<a b='c . d + e - f : g x h'/>");
	assert_means("a | b: 1\t2\n-", "<a b='1&#9;2'/>");
}

static void quoted_lines_are_joined_and_taken_as_they_are(void **state)
{
	assert_means("a\n: one\n:\n:   two  \n: three\n-", "<a>one\n\n  two  \nthree</a>");
	assert_means("a\n: b | c: 1 | + d\n-", "<a>b | c: 1 | + d</a>");
	assert_means("a\n: - \n: + b\n: .\t:\n-", "<a>- \n+ b\n.\t:</a>");
	assert_means("a\n: one\n+ b\n  : two\n: three\n-", "<a>one\n<b>two</b>three</a>");
	assert_means("a\n+ b | c: 1 | : one\n      : two\n      d: 2\n-",
		"<a><b c='1' d='2'>one\ntwo</b></a>");
	assert_means("a\n:\n:  \n-", "<a/>");
}

static void comments_may_be_anywhere(void **state)
{
	assert_means(
		". b\n.\na b | . one | c: 1\n       . two\n. \n+ d\n.\n  e: . no comment\n-\n. "
		"f\n\n.",
		"<a name='b'><d e='. no comment'/></a>");
	assert_means("a\n+ b\n . between\n-", "<a><b/></a>");
}

static void disabled_nodes_are_not_looked_at(void **state)
{
	assert_means("a\nx b | c: 1|2 | +d\n  rubbish\n   : text\n  |rubbish\n    -\n+ e\n-",
		"<a><e/></a>");
	assert_means("a\n+ b\n  x c\n    d: 1\n    x e\n  f: 1\nx g\n-", "<a><b f='1'/></a>");
	assert_means("a\n+ b | x c | d: 1\n  e: 2\n-", "<a><b e='2'/></a>");
	assert_means("a\nx B: c\n+ x | x: 1\n-", "<a><x x='1'/></a>");
	assert_means("a\nx b\n. c\n  + d\n: e\n-", "<a>e</a>");
}

static void all_line_ends_are_alike(void **state)
{
	static const char xml[] = "<a b='1'>x\ny<c/></a>";

	assert_means("a | b: 1\n: x\n: y\n+ c\n-\n. d\n", xml);
	assert_means("a | b: 1\r\n: x\r\n: y\r\n+ c\r\n-\r\n. d\r\n", xml);
	assert_means("a | b: 1\r: x\r: y\r+ c\r-\r. d\r", xml);
	assert_means("\xEF\xBB\xBF\n \n"
		     "a | b: 1\n: x\n: y\n+ c\n-",
		xml);
}

static void assert_attribute_at(
	const struct kin_node *node, size_t i, const char *name, unsigned line, unsigned column)
{
	unsigned at_line, at_column;
	const char *at_name;

	kin_node_attribute_at(node, i, &at_name, NULL, &at_line, &at_column);
	assert_string_equal(at_name, name);
	assert_int_equal(at_line, line);
	assert_int_equal(at_column, column);
}

static void assert_at(const struct kin_node *node, unsigned line, unsigned column)
{
	assert_int_equal(kin_node_line(node), line);
	assert_int_equal(kin_node_column(node), column);
}

static void positions_count_characters_and_any_line_end(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree =
		parse("\xEF\xBB\xBF"
		      "a | b: \xc3\xa4\xe2\x82\xac | c: 1\r\n\r\n+ d n\r  e: 1 | f: 2\n"
		      "\n  +   g h: 1\n-\n");
	const struct kin_node *a = kin_tree_root(tree), *d = kin_node_first(a);
	const struct kin_node *g = kin_node_first(d);

	assert_at(a, 1, 1);
	assert_attribute_at(a, 0, "b", 1, 5);
	assert_attribute_at(a, 1, "c", 1, 13);
	assert_at(d, 3, 1);
	assert_attribute_at(d, 0, "name", 3, 5);
	assert_attribute_at(d, 1, "e", 4, 3);
	assert_attribute_at(d, 2, "f", 4, 10);
	assert_at(g, 6, 3);
	assert_attribute_at(g, 0, "h", 6, 9);
}

static void indentation_that_could_mean_two_things_is_refused(void **state)
{
	assert_refused("a\n+ b\n + c\n-",
		"T:3:2: error: neither in <b> of line 2 (column 3 or deeper) nor beside it "
		"(column 1)");
	assert_refused("a\n+ b\n  + c\n   + d\n-",
		"T:4:4: error: neither in <c> of line 3 (column 5 or deeper) nor beside it "
		"(column 3)");
	assert_refused("a\n+ b\n  + c\n : d\n-",
		"T:4:2: error: neither in <b> of line 2 (column 3 or deeper) nor beside it "
		"(column 1)");
	assert_refused("a\nx b\n c\n-",
		"T:3:2: error: neither in the disabled node of line 2 (column 3 or deeper) nor "
		"beside it (column 1)");
	assert_refused("\n  a\n + b\n  -",
		"T:3:2: error: left of the top node <a>, which starts in column 3");
	assert_refused("  a\nx b\n  -",
		"T:2:1: error: left of the top node <a>, which starts in column 3");
}

static void tabs_in_an_indentation_are_refused(void **state)
{
#define REFUSAL "error: tab in an indentation, use blanks"
	assert_refused("a\n\t+ b\n-", "T:2:1: " REFUSAL);
	assert_refused("a\n+ b\n  \tc: 1\n-", "T:3:3: " REFUSAL);
	assert_refused("a | b: 1 |\tc: 2\n-", "T:1:11: " REFUSAL);
	assert_refused("a\n\t| + b\n-", "T:2:1: " REFUSAL);
	assert_refused("a\n+ \tb\n-", "T:2:3: " REFUSAL);
	assert_refused("a\nx b\n  \trubbish\n-", "T:3:3: " REFUSAL);
	assert_refused("a\nx\tb\n-",
		"T:2:1: error: expected '+ type', 'x type', 'tag: value', ': text', '. comment' or "
		"'-', found 'x'");
	assert_refused("a\n+\tb\n-", "T:2:1: error: a blank must follow '+', found '+'");
#undef REFUSAL
	assert_means("a | b: 1\t| c:\t2\t\n\t\n-", "<a b='1' c='2'/>");
}

static void attributes_out_of_place_are_refused(void **state)
{
	assert_refused("a\n+ b\n  + c\n  d: 1\n-",
		"T:4:3: error: attribute 'd' must be indented as deep as <c> of line 3, to column "
		"5");
	assert_refused("a\n+ b     | + c\n  | d: 1\n-",
		"T:3:5: error: attribute 'd' must be indented as deep as <c> of line 2, to column "
		"13");
	assert_refused("a\n+ b\n: text\nc: 1\n-",
		"T:4:1: error: attribute 'c' of <a> comes after a sub node");
	assert_refused("a\n+ b | c: 1 | d: 2\n  c: 3\n-",
		"T:3:3: error: attribute 'c' of <b> is given twice, first in 2:7");
	assert_refused("a\n+ b c | name: d\n-",
		"T:2:9: error: attribute 'name' of <b> is given twice, first in 2:5");
	assert_refused("a\n+ b name: c | name: c\n-",
		"T:2:15: error: attribute 'name' of <b> is given twice, first in 2:5");
}

static void malformed_attributes_are_refused(void **state)
{
	assert_refused("a | b:1\n-", "T:1:7: error: a blank must follow 'b:'");
	assert_refused("a | B: 1\n-",
		"T:1:5: error: 'B' is no tag: a to z first, then also 0 to 9, _ and -");
	assert_refused("a | b.c: 1\n-",
		"T:1:5: error: 'b.c' is no tag: a to z first, then also 0 to 9, _ and -");
	assert_refused("a\n\xc3\xa4: 1\n-",
		"T:2:1: error: '\xc3\xa4' is no tag: a to z first, then also 0 to 9, _ and -");
}

static void bars_that_do_not_separate_are_refused(void **state)
{
#define REFUSAL \
	"error: '|' separates segments and needs a blank on both sides, no value can have one"
	assert_refused("a | b: 1|2\n-", "T:1:9: " REFUSAL);
	assert_refused("a\n+ b| c: 1\n-", "T:2:4: " REFUSAL);
	assert_refused("a\n+ b |c: 1\n-", "T:2:5: " REFUSAL);
	assert_refused("a\n+ b || c: 1\n-", "T:2:5: " REFUSAL);
	assert_refused("a\n|+ b\n-", "T:2:1: " REFUSAL);
	assert_refused("a|\n-", "T:1:2: " REFUSAL);
#undef REFUSAL
}

static void what_starts_like_nothing_known_is_refused(void **state)
{
#define EXPECTED \
	"error: expected '+ type', 'x type', 'tag: value', ': text', '. comment' or '-', found "
	assert_refused("a\n<b/>\n-", "T:2:1: " EXPECTED "'<b/>'");
	assert_refused("a\nb c\n-", "T:2:1: " EXPECTED "'b'");
	assert_refused("a\nb : c\n-", "T:2:1: " EXPECTED "'b'");
	assert_refused("a\nxb\n-", "T:2:1: " EXPECTED "'xb'");
	assert_refused("a\n\x7f\n-", "T:2:1: " EXPECTED "'…'");
	assert_refused("a\n123456789012345678901234567890123456789\xc3\xa4\n-",
		"T:2:1: " EXPECTED "'123456789012345678901234567890123456789'");
#undef EXPECTED
	assert_refused("a\n+b\n-", "T:2:1: error: a blank must follow '+', found '+b'");
	assert_refused("a\n.b\n-", "T:2:1: error: a blank must follow '.', found '.b'");
	assert_refused("a\n:b\n-", "T:2:1: error: a blank must follow ':', found ':b'");
	assert_refused("a\n:\tb\n-", "T:2:1: error: a blank must follow ':', found ':'");
	assert_refused("a\n-b\n-", "T:2:1: error: a blank must follow '-', found '-b'");
}

static void malformed_types_are_refused(void **state)
{
	assert_refused("a\n+\n-", "T:2:1: error: a type must follow '+'");
	assert_refused("a\n+   | b: 1\n-", "T:2:1: error: a type must follow '+'");
	assert_refused("a\n  x\n-", "T:2:3: error: a type must follow 'x'");
	assert_refused("a\nx | b\n-", "T:2:1: error: a type must follow 'x'");
	assert_refused("a\n+ B\n-",
		"T:2:3: error: 'B' is no type: a to z first, then also 0 to 9, _ and -");
	assert_refused("a\n+ | b\n-", "T:2:1: error: a type must follow '+'");
	assert_refused("a\n+ b: 1\n-",
		"T:2:3: error: 'b:' is no type: a to z first, then also 0 to 9, _ and -");
	assert_refused(
		"a>\n-", "T:1:1: error: 'a>' is no type: a to z first, then also 0 to 9, _ and -");
}

static void a_top_node_and_its_end_are_asked_for(void **state)
{
#define EXPECTED "error: expected the type of the top node (or '<' of XML), found "
	assert_refused("+ a\n-", "T:1:1: " EXPECTED "'+'");
	assert_refused(". a\n\n: b\n-", "T:3:1: " EXPECTED "':'");
	assert_refused("-", "T:1:1: " EXPECTED "'-'");
	assert_refused("| <a/>", "T:1:3: " EXPECTED "'<a/>'");
#undef EXPECTED
	assert_refused(". a\n", "T:2:1: error: no node found");
	assert_refused("\n a\n + b",
		"T:3:5: error: <a> of line 2 is not ended, a line with '-' is missing");
	assert_refused("a\n+ b\n  -\n",
		"T:3:3: error: '-' must be in column 1, like the top node <a> that it ends");
	assert_refused("a | -\n",
		"T:1:5: error: '-' must be in column 1, like the top node <a> that it ends");
	assert_refused("  a\n-\n",
		"T:2:1: error: '-' must be in column 3, like the top node <a> that it ends");
	assert_refused("a\n-  | b", "T:2:4: error: nothing can follow '-' in its line");
	assert_refused("a\n- . b", "T:2:3: error: nothing can follow '-' in its line");
	assert_refused("a\n-\n. b\n  c\n",
		"T:4:3: error: nothing but comments can follow the '-' of line 2");
	assert_refused(
		"a\n-\n-\n", "T:3:1: error: nothing but comments can follow the '-' of line 2");
}

static void texts_that_are_none_are_refused(void **state)
{
	assert_refused("", "T:1:1: error: text is empty");
	assert_refused(" \r\n\t", "T:2:2: error: text is empty");
	assert_refused("\xEF\xBB\xBF", "T:1:1: error: text is empty");
	assert_refused("a\n+ b | c: \xc3\xa4\xff\n-", "T:2:11: error: text is not UTF-8");
	assert_refused("a\n. \x1b[2J\n-", "T:2:3: error: character U+001B is not allowed");
	assert_refused("a\nx b \uFFFF\n-", "T:2:5: error: character U+FFFF is not allowed");
	assert_refused_by(kin_tree_parse_lines, "a\n-\n\0", 5, -EINVAL,
		"T:3:1: error: text contains a NUL byte");
}

static void assert_too_big(const char *text, const char *message)
{
	assert_refused_by(kin_tree_parse_lines, text, strlen(text), -E2BIG, message);
}

static void a_text_beyond_node_text_max_is_e2big(void **state)
{
	size_t n = KIN_NODE_TEXT_MAX + 1;
	struct kin_tree *tree = NULL;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, ' ', n);
	memcpy(text, "a\n-\n", 4);
	assert_int_equal(kin_tree_parse_lines(text, n - 1, NULL, &tree), 0);
	tree = kin_tree_free(tree);
	assert_refused_by(kin_tree_parse_lines, text, n, -E2BIG,
		"T:3:4194301: error: text is longer than KIN_NODE_TEXT_MAX (4 MiB)");
	free(text);
}

static void nesting_beyond_node_depth_max_is_e2big(void **state)
{
	char text[1024] = "n", *at = text + 1;

	for (unsigned depth = 1; depth < KIN_NODE_DEPTH_MAX; depth++)
		at += sprintf(at, " | + n");
	strcpy(at, "\n-");
	kin_tree_free(parse(text));
	strcpy(at, " | + m\n-");
	assert_too_big(
		text, "T:1:383: error: nodes nested deeper than KIN_NODE_DEPTH_MAX (64) at <m>");
}

static void attributes_beyond_node_attributes_max_are_e2big(void **state)
{
	char text[2048] = "n\n+ m b", *at = text + strlen(text);

	for (unsigned i = 1; i < KIN_NODE_ATTRIBUTES_MAX; i++)
		at += sprintf(at, " | a%02u: %u", i, i);
	strcpy(at, "\n-");
	kin_tree_free(parse(text));
	strcpy(at, "\n  z: | y:\n-");
	assert_too_big(
		text, "T:3:3: error: more attributes than KIN_NODE_ATTRIBUTES_MAX (64) at 'z'");
}

static void nodes_beyond_nodes_max_are_e2big(void **state)
{
	char *text = malloc(KIN_NODES_MAX * 4 + 16), *at = text;

	assert_non_null(text);
	at += sprintf(at, "r\n");
	for (unsigned i = 1; i < KIN_NODES_MAX; i++)
		at += sprintf(at, "+ n\n");
	strcpy(at, "-");
	/* the limits on text and nodes must not hide each other */
	assert_true(strlen(text) + 8 < KIN_NODE_TEXT_MAX);
	kin_tree_free(parse(text));
	strcpy(at, "+ x\n-");
	assert_too_big(text, "T:262145:1: error: more nodes than KIN_NODES_MAX (262144) at <x>");
	free(text);
}

/* Trees in both syntaxes */

static char *read_file(const char *folder, const char *name, const char *suffix)
{
	char path[4096], *text = calloc(1, FILE_MAX);

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("%s can't be opened", path);
	assert_true(fread(text, 1, FILE_MAX - 1, file) > 0);
	fclose(file);
	return text;
}

static void assert_written_alike(const struct kin_node *node, enum kin_syntax syntax)
{
	struct kin_tree *again = NULL;
	struct kin_generator g;
	const char *text;
	size_t n;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_set_syntax(&g, syntax);
	kin_generator_node(&g, node);
	assert_int_equal(kin_generator_finish(&g, &text, &n), 0);
	assert_int_equal(kin_syntax_of(text, n), syntax);
	assert_int_equal(kin_tree_parse(text, n, NULL, &again), 0);
	assert_true(kin_node_equal(node, kin_tree_root(again)));
	kin_tree_free(again);
	kin_generator_done(&g);
}

static void check_pair(const char *folder, const char *name)
{
	char *lines = read_file(folder, name, ".kin"), *xml = read_file(folder, name, ".xml");
	KIN_TREE_AUTO struct kin_tree *tree = parse(lines);

	assert_means(lines, xml);
	assert_written_alike(kin_tree_root(tree), KIN_SYNTAX_XML);
	assert_written_alike(kin_tree_root(tree), KIN_SYNTAX_LINES);
	free(lines);
	free(xml);
}

static void pairs_are_the_same_tree(void **state)
{
	const char *corpus = getenv("KIN_TEST_CORPUS");
	struct dirent *entry;
	unsigned n = 0;
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/pairs", corpus ? corpus : "tests/corpus");
	DIR *directory = opendir(folder);

	if (!directory)
		fail_msg("no corpus in %s (KIN_TEST_CORPUS)", folder);
	while ((entry = readdir(directory)) != NULL) {
		char *suffix = strstr(entry->d_name, ".kin");
		if (!suffix)
			continue;
		*suffix = '\0';
		check_pair(folder, entry->d_name);
		n++;
	}
	closedir(directory);
	assert_true(n > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syntax_is_told_by_its_first_character),
		cmocka_unit_test(nodes_belong_where_their_column_says),
		cmocka_unit_test(attributes_belong_to_the_node_they_are_indented_as_deep_as),
		cmocka_unit_test(segments_count_at_their_own_column),
		cmocka_unit_test(empty_segments_are_only_for_the_eye),
		cmocka_unit_test(what_follows_a_type_is_its_name_or_an_attribute),
		cmocka_unit_test(what_looks_like_a_segment_in_a_name_is_refused),
		cmocka_unit_test(values_are_trimmed_and_may_be_empty),
		cmocka_unit_test(quoted_lines_are_joined_and_taken_as_they_are),
		cmocka_unit_test(comments_may_be_anywhere),
		cmocka_unit_test(disabled_nodes_are_not_looked_at),
		cmocka_unit_test(all_line_ends_are_alike),
		cmocka_unit_test(positions_count_characters_and_any_line_end),
		cmocka_unit_test(indentation_that_could_mean_two_things_is_refused),
		cmocka_unit_test(tabs_in_an_indentation_are_refused),
		cmocka_unit_test(attributes_out_of_place_are_refused),
		cmocka_unit_test(malformed_attributes_are_refused),
		cmocka_unit_test(bars_that_do_not_separate_are_refused),
		cmocka_unit_test(what_starts_like_nothing_known_is_refused),
		cmocka_unit_test(malformed_types_are_refused),
		cmocka_unit_test(a_top_node_and_its_end_are_asked_for),
		cmocka_unit_test(texts_that_are_none_are_refused),
		cmocka_unit_test(a_text_beyond_node_text_max_is_e2big),
		cmocka_unit_test(nesting_beyond_node_depth_max_is_e2big),
		cmocka_unit_test(attributes_beyond_node_attributes_max_are_e2big),
		cmocka_unit_test(nodes_beyond_nodes_max_are_e2big),
		cmocka_unit_test(pairs_are_the_same_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

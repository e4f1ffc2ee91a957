/*
 * Node trees: what looking into one says, and that neither nasty input nor a lack of memory does
 * harm to a reader of either syntax.
 *
 * tests/corpus/xml and tests/corpus/lines (or those of KIN_TEST_CORPUS) are replayed: good-… must
 * be read, bad-… must be refused with exactly one error that has a position.
 */
#include <kin/generator.h>

#include "base/memory.h"
#include "base/tree.h"
#include "unit/tree_reading.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef KIN_TEST_CORPUS
#define KIN_TEST_CORPUS "tests/corpus"
#endif

static struct kin_tree *parse(const char *text)
{
	return parse_with(kin_tree_parse_xml, text);
}

static const char sample[] = "<?xml version=\"1.0\"?>\n"
			     "<config verbose=\"yes\" prio_levels='4'>\n"
			     "  <!-- comment -->\n"
			     "  <start name=\"shell\"\n"
			     "\tram = \"8M\" priority=\"-1\"/> one\n"
			     "  <service/><start name=\"a &lt;&#10;b\"> x <y/> z </start>\n"
			     "  <![CDATA[<two>]]>\n"
			     "</config>\n";

static void nodes_are_found_by_order_and_type(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree = parse(sample);
	const struct kin_node *root = kin_tree_root(tree), *start = kin_node_first(root);
	unsigned n_all = 0, n_start = 0;

	assert_string_equal(kin_node_type(root), "config");
	assert_null(kin_node_parent(root));
	assert_null(kin_node_next(root));
	assert_string_equal(kin_node_type(start), "start");
	assert_ptr_equal(kin_node_parent(start), root);
	assert_string_equal(kin_node_type(kin_node_next(start)), "service");
	assert_ptr_equal(kin_node_next_of(start, "start"), kin_node_next(kin_node_next(start)));
	assert_ptr_equal(kin_node_first_of(root, "service"), kin_node_next(start));
	assert_null(kin_node_first_of(root, "y"));
	assert_null(kin_node_next_of(start, "config"));
	KIN_NODE_FOREACH (child, root, NULL)
		n_all++;
	KIN_NODE_FOREACH (child, root, "start")
		n_start++;
	assert_int_equal(n_all, 3);
	assert_int_equal(n_start, 2);
}

static void text_is_concatenated_and_trimmed(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree = parse(sample);
	const struct kin_node *root = kin_tree_root(tree), *start = kin_node_first(root);

	assert_string_equal(kin_node_text(root), "one\n  \n  <two>");
	assert_string_equal(kin_node_text(start), "");
	assert_string_equal(kin_node_text(kin_node_next_of(start, "start")), "x  z");
}

static void attributes_are_found_by_name_and_by_place(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree = parse(sample);
	const struct kin_node *start = kin_node_first(kin_tree_root(tree));
	const char *name, *value;
	unsigned line, column;

	assert_string_equal(kin_node_attribute(start, "name"), "shell");
	assert_string_equal(kin_node_attribute(kin_node_next_of(start, "start"), "name"), "a <\nb");
	assert_null(kin_node_attribute(start, "nam"));
	assert_true(kin_node_has(start, "ram"));
	assert_false(kin_node_has(start, "RAM"));
	assert_int_equal(kin_node_n_attributes(start), 3);
	kin_node_attribute_at(start, 2, &name, &value, &line, &column);
	assert_string_equal(name, "priority");
	assert_string_equal(value, "-1");
	assert_int_equal(line, 5);
	assert_int_equal(column, 13);
	kin_node_attribute_at(start, 0, NULL, NULL, NULL, &column);
	assert_int_equal(column, 10);
}

static void positions_count_characters_and_any_line_end(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree =
		parse("\xEF\xBB\xBF<a \xc3\xa4='\xe2\x82\xac' b=''\r\n c='>'>\r\t<b/>\n\n "
		      "<c\nd='\n' e='1'/></a>");
	const struct kin_node *a = kin_tree_root(tree), *b = kin_node_first(a),
			      *c = kin_node_next(b);
	unsigned line, column;

	assert_int_equal(kin_node_line(a), 1);
	assert_int_equal(kin_node_column(a), 1);
	kin_node_attribute_at(a, 1, NULL, NULL, &line, &column);
	assert_int_equal(line * 100 + column, 110);
	kin_node_attribute_at(a, 2, NULL, NULL, &line, &column);
	assert_int_equal(line * 100 + column, 202);
	assert_int_equal(kin_node_line(b) * 100 + kin_node_column(b), 302);
	assert_int_equal(kin_node_line(c) * 100 + kin_node_column(c), 502);
	kin_node_attribute_at(c, 1, NULL, NULL, &line, &column);
	assert_int_equal(line * 100 + column, 703);
}

static void typed_attributes_fall_back_if_absent_or_malformed(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree =
		parse("<n ram='8M' prio='-2' on='yes' bad='x' big='99999999999999999999'/>");
	const struct kin_node *node = kin_tree_root(tree);

	assert_int_equal(kin_node_number(node, "ram", 1), 8 << 20);
	assert_int_equal(kin_node_number(node, "none", 1), 1);
	assert_int_equal(kin_node_number(node, "bad", 1), 1);
	assert_int_equal(kin_node_number(node, "big", 1), 1);
	assert_int_equal(kin_node_signed(node, "prio", 0), -2);
	assert_int_equal(kin_node_signed(node, "bad", -7), -7);
	assert_true(kin_node_boolean(node, "on", false));
	assert_true(kin_node_boolean(node, "bad", true));
	assert_false(kin_node_boolean(node, "none", false));
}

static void checked_attributes_tell_absent_from_malformed(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree =
		parse("<n ram='8M' prio='-2' on='yes' bad='x' big='99999999999999999999'/>");
	const struct kin_node *node = kin_tree_root(tree);
	uint64_t number = 5;
	int64_t signed_number = 5;
	bool boolean = false;

	assert_int_equal(kin_node_read_number(node, "none", &number), -ENOENT);
	assert_int_equal(kin_node_read_number(node, "bad", &number), -EINVAL);
	assert_int_equal(kin_node_read_number(node, "big", &number), -ERANGE);
	assert_int_equal(number, 5);
	assert_int_equal(kin_node_read_number(node, "ram", &number), 0);
	assert_int_equal(number, 8 << 20);
	assert_int_equal(kin_node_read_signed(node, "none", &signed_number), -ENOENT);
	assert_int_equal(kin_node_read_signed(node, "bad", &signed_number), -EINVAL);
	assert_int_equal(kin_node_read_signed(node, "big", &signed_number), -ERANGE);
	assert_int_equal(signed_number, 5);
	assert_int_equal(kin_node_read_signed(node, "prio", &signed_number), 0);
	assert_int_equal(signed_number, -2);
	assert_int_equal(kin_node_read_boolean(node, "none", &boolean), -ENOENT);
	assert_int_equal(kin_node_read_boolean(node, "bad", &boolean), -EINVAL);
	assert_int_equal(kin_node_read_boolean(node, "on", &boolean), 0);
	assert_true(boolean);
}

static void no_node_is_like_an_empty_one(void **state)
{
	assert_null(kin_node_first(NULL));
	assert_null(kin_node_first_of(NULL, "x"));
	assert_string_equal(kin_node_text(NULL), "");
	assert_int_equal(kin_node_n_attributes(NULL), 0);
	assert_null(kin_node_attribute(NULL, "x"));
	assert_false(kin_node_has(NULL, "x"));
	assert_int_equal(kin_node_number(NULL, "x", 3), 3);
	assert_null(kin_tree_free(NULL));
}

static void equal_trees_may_differ_in_layout_and_attribute_order_only(void **state)
{
	static const char original[] = "<a x='1' y='2'><b/>t<c z='&lt;'>u</c></a>";
	static const struct {
		const char *text;
		bool equal;
	} cases[] = {
		{ original, true },
		{ "<a  y=\"2\" x=\"1\" >\n <b></b> t <!--?--><c "
		  "z=\"&#60;\">\n<![CDATA[u]]></c></a>",
			true },
		{ "<A x='1' y='2'><b/>t<c z='&lt;'>u</c></A>", false },
		{ "<a x='1' y='3'><b/>t<c z='&lt;'>u</c></a>", false },
		{ "<a x='1'><b/>t<c z='&lt;'>u</c></a>", false },
		{ "<a x='1' w='2'><b/>t<c z='&lt;'>u</c></a>", false },
		{ "<a x='1' y='2' w=''><b/>t<c z='&lt;'>u</c></a>", false },
		{ "<a x='1' y='2'>t<c z='&lt;'>u</c><b/></a>", false },
		{ "<a x='1' y='2'><b/>t</a>", false },
		{ "<a x='1' y='2'><b/>t<c z='&lt;'>u</c><d/></a>", false },
		{ "<a x='1' y='2'><b/>T<c z='&lt;'>u</c></a>", false },
		{ "<a x='1' y='2'><b/>t<c z='&lt;'>v</c></a>", false },
		{ "<a x='1' y='2'><b><d/></b>t<c z='&lt;'>u</c></a>", false },
	};
	KIN_TREE_AUTO struct kin_tree *tree = parse(original);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KIN_TREE_AUTO struct kin_tree *other = parse(cases[i].text);
		const struct kin_node *a = kin_tree_root(tree), *b = kin_tree_root(other);
		assert_int_equal(kin_node_equal(a, b), cases[i].equal);
		assert_int_equal(kin_node_equal(b, a), cases[i].equal);
	}
}

/* Fails the allocation that finds `left` at 0, counting down, and knows what was not freed */
static struct {
	unsigned left;
	int outstanding;
} failing;

static void *failing_resize(void *block, size_t size)
{
	void *moved = failing.left ? realloc(block, size) : NULL;

	if (failing.left)
		failing.left--;
	failing.outstanding += moved && !block;
	return moved;
}

static void *failing_alloc(size_t size)
{
	return failing_resize(NULL, size);
}

static void failing_free(void *block)
{
	failing.outstanding -= block != NULL;
	free(block);
}

static const struct kin_memory failing_memory = { failing_alloc, failing_resize, failing_free };

/* Parses with ever more memory until it suffices; returns the number of allocations that could fail
 */
static unsigned exhaust(tree_reader *read, const char *text, size_t n)
{
	for (unsigned limit = 0;; limit++) {
		struct kin_tree *tree = NULL;
		struct log log;
		int r;

		log_init(&log);
		failing.left = limit;
		failing.outstanding = 0;
		r = read(&failing_memory, text, n, &log.diag, &tree);
		assert_int_equal(log.diag.n_errors, r != 0);
		assert_true((r == 0) == (tree != NULL));
		kin_tree_free(tree);
		assert_int_equal(failing.outstanding, 0);
		if (r != -ENOMEM)
			return limit;
		assert_non_null(strstr(log.text, "out of memory"));
	}
}

static void any_allocation_may_fail_and_nothing_leaks(void **state)
{
	char *xml = calloc(1, 1 << 16), *lines = calloc(1, 1 << 16), *at = xml, *line = lines;

	assert_true(xml && lines);
	at += sprintf(at, "<config>");
	line += sprintf(line, "config\n");
	for (unsigned i = 0; i < 300; i++) {
		at += sprintf(at, "<n%u a%u='%u'>%070u&lt;%u</n%u>", i, i, i, i, i, i);
		line += sprintf(line, "+ n%u | a%u: %u | : %070u<%u\n", i, i, i, i, i);
	}
	strcpy(at, "</config>");
	strcpy(line, "-\n");
	assert_true(exhaust(tree_parse_xml, xml, strlen(xml)) > 10);
	assert_true(exhaust(tree_parse_lines, lines, strlen(lines)) > 5);
	free(xml);
	free(lines);
}

/* @piece, which is not deep, @n_pieces times between @start and @end */
static void assert_cheap(
	tree_reader *read, const char *start, const char *piece, const char *end, size_t n_pieces)
{
	size_t n = n_pieces * strlen(piece) + strlen(start) + strlen(end);
	struct kin_tree *tree = NULL;
	char *text = malloc(n + 1), *at = text;

	assert_non_null(text);
	at += sprintf(at, "%s", start);
	for (size_t i = 0; i < n_pieces; i++)
		at += sprintf(at, "%s", piece);
	strcpy(at, end);
	/* doubling chunks and buffers need few blocks: Expat's, ours, and 64 KiB at a time */
	failing.left = 200;
	failing.outstanding = 0;
	assert_int_equal(read(&failing_memory, text, n, NULL, &tree), 0);
	tree = kin_tree_free(tree);
	free(text);
}

static void parsing_costs_memory_in_proportion_to_the_text(void **state)
{
	assert_cheap(tree_parse_xml, "<x>", "<a b='c' d='e'>\n\t<f/>text</a>\n", "</x>", 20000);
	assert_cheap(tree_parse_lines, "x\n", "+ a | b: c | d: e\n  : text\n  + f\n", "-", 20000);
}

/* The corpus */

/* The corpus of one syntax, and how it is read */
struct corpus {
	const char *folder;
	read_tree *read;
	tree_reader *read_in; /* memory from elsewhere */
	const char *tokens;   /* to plant */
};

static const struct corpus corpora[] = {
	{ "xml", kin_tree_parse_xml, tree_parse_xml, "<>/&;'\"=!?[]-x \n\r\x80\xff\x01" },
	{ "lines", kin_tree_parse_lines, tree_parse_lines, "+x|:.- ab\n\r\t\x80\xff\x01" },
};

typedef void corpus_visit(
	const struct corpus *corpus, const char *name, const char *text, size_t n);

static const char *corpus_folder(const struct corpus *corpus)
{
	static char path[4096];
	const char *top = getenv("KIN_TEST_CORPUS");

	snprintf(path, sizeof(path), "%s/%s", top ? top : KIN_TEST_CORPUS, corpus->folder);
	return path;
}

static void corpus_visit_file(const struct corpus *corpus, const char *name, corpus_visit *visit)
{
	char path[8192], *text;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", corpus_folder(corpus), name);
	file = fopen(path, "r");
	assert_non_null(file);
	text = malloc(1 << 16);
	assert_non_null(text);
	n = fread(text, 1, 1 << 16, file);
	assert_true(n < 1 << 16);
	fclose(file);
	visit(corpus, name, text, n);
	free(text);
}

static void corpus_visit_all(const struct corpus *corpus, corpus_visit *visit)
{
	unsigned n_good = 0, n_bad = 0;
	struct dirent *entry;
	DIR *folder = opendir(corpus_folder(corpus));

	if (!folder)
		fail_msg("no corpus in %s (KIN_TEST_CORPUS)", corpus_folder(corpus));
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		n_good += strncmp(entry->d_name, "good-", 5) == 0;
		n_bad += strncmp(entry->d_name, "bad-", 4) == 0;
		corpus_visit_file(corpus, entry->d_name, visit);
	}
	closedir(folder);
	assert_true(n_good > 5 && n_bad > 20);
}

static void corpus_foreach(corpus_visit *visit)
{
	for (size_t i = 0; i < sizeof(corpora) / sizeof(corpora[0]); i++)
		corpus_visit_all(&corpora[i], visit);
}

/* In its own syntax and in XML it stays the same; what it becomes in lines can be read as well */
static void assert_survives_writing(
	const struct corpus *corpus, const struct kin_tree *tree, enum kin_syntax syntax)
{
	KIN_TREE_AUTO struct kin_tree *copy = NULL;
	const struct kin_node *root = kin_tree_root(tree);
	struct kin_generator g;
	const char *text;
	size_t n;
	int r;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_set_syntax(&g, syntax);
	kin_generator_node(&g, root);
	r = kin_generator_finish(&g, &text, &n);
	if (r == 0)
		assert_int_equal(kin_tree_parse(text, n, NULL, &copy), 0);
	kin_generator_done(&g);
	if (syntax == KIN_SYNTAX_XML || corpus->read == kin_tree_parse_lines)
		assert_true(r == 0 && kin_node_equal(root, kin_tree_root(copy)));
	else
		assert_true(r == 0 || r == -EINVAL);
}

/* Whatever the bytes: a tree that can be written, or one error */
static int assert_harmless(const struct corpus *corpus, const char *text, size_t n)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	struct log log;
	int r;

	log_init(&log);
	r = corpus->read(text, n, &log.diag, &tree);
	assert_true(r == 0 || r == -EINVAL || r == -E2BIG);
	assert_int_equal(log.diag.n_errors, r != 0);
	if (r == 0) {
		assert_survives_writing(corpus, tree, KIN_SYNTAX_XML);
		assert_survives_writing(corpus, tree, KIN_SYNTAX_LINES);
	}
	return r;
}

static void visit_as_named(
	const struct corpus *corpus, const char *name, const char *text, size_t n)
{
	bool good = strncmp(name, "good-", 5) == 0;

	if ((assert_harmless(corpus, text, n) == 0) != good)
		fail_msg("%s was %s", name, good ? "refused" : "read");
}

static void visit_cut(const struct corpus *corpus, const char *name, const char *text, size_t n)
{
	for (size_t length = 0; length < n; length += 1 + length / 64)
		assert_harmless(corpus, text, length);
}

static void visit_mutated(const struct corpus *corpus, const char *name, const char *text, size_t n)
{
	uint32_t seed = 2463534242u;
	char *mutant = malloc(n + 1);

	assert_non_null(mutant);
	for (unsigned round = 0; round < 200 && n > 0; round++) {
		memcpy(mutant, text, n);
		for (unsigned i = 0; i <= round % 4; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 17;
			seed ^= seed << 5;
			mutant[seed % n] =
				corpus->tokens[(seed >> 16) % (strlen(corpus->tokens) + 1)];
		}
		assert_harmless(corpus, mutant, n);
	}
	free(mutant);
}

static void visit_exhausted(
	const struct corpus *corpus, const char *name, const char *text, size_t n)
{
	exhaust(corpus->read_in, text, n);
}

static void the_corpus_is_read_or_refused_as_its_names_say(void **state)
{
	corpus_foreach(visit_as_named);
}

static void the_corpus_cut_anywhere_does_no_harm(void **state)
{
	corpus_foreach(visit_cut);
}

static void the_corpus_with_random_changes_does_no_harm(void **state)
{
	corpus_foreach(visit_mutated);
}

static void the_corpus_in_too_little_memory_does_no_harm(void **state)
{
	corpus_foreach(visit_exhausted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_are_found_by_order_and_type),
		cmocka_unit_test(text_is_concatenated_and_trimmed),
		cmocka_unit_test(attributes_are_found_by_name_and_by_place),
		cmocka_unit_test(positions_count_characters_and_any_line_end),
		cmocka_unit_test(typed_attributes_fall_back_if_absent_or_malformed),
		cmocka_unit_test(checked_attributes_tell_absent_from_malformed),
		cmocka_unit_test(no_node_is_like_an_empty_one),
		cmocka_unit_test(equal_trees_may_differ_in_layout_and_attribute_order_only),
		cmocka_unit_test(any_allocation_may_fail_and_nothing_leaks),
		cmocka_unit_test(parsing_costs_memory_in_proportion_to_the_text),
		cmocka_unit_test(the_corpus_is_read_or_refused_as_its_names_say),
		cmocka_unit_test(the_corpus_cut_anywhere_does_no_harm),
		cmocka_unit_test(the_corpus_with_random_changes_does_no_harm),
		cmocka_unit_test(the_corpus_in_too_little_memory_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Generator, trees in lines: layout, what becomes of what lines can't hold, and that random trees
 * survive being written and read in either syntax.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <kin/generator.h>

#include "model/random.h"
#include "unit/tree_reading.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static void begin(struct kin_generator *g)
{
	kin_generator_init_growing(g, KIN_NODE_TEXT_MAX);
	kin_generator_set_syntax(g, KIN_SYNTAX_LINES);
}

/* Return: the text, which lives until kin_generator_done() */
static const char *finish(struct kin_generator *g)
{
	const char *text;
	size_t n;

	assert_int_equal(kin_generator_finish(g, &text, &n), 0);
	assert_int_equal(strlen(text), n);
	return text;
}

static void write_sample(struct kin_generator *g)
{
	kin_generator_open(g, "state");
	kin_generator_attribute_number(g, "version", 7);
	kin_generator_open(g, "child");
	kin_generator_attribute(g, "name", "shell");
	kin_generator_attribute_bytes(g, "ram", 4096000);
	kin_generator_attribute_boolean(g, "ids", true);
	kin_generator_open(g, "args");
	kin_generator_text(g, "label=\"a | b\",");
	kin_generator_text(g, " ram_quota=1\n");
	kin_generator_text(g, "\n");
	kin_generator_text(g, "  end");
	kin_generator_close(g);
	kin_generator_open(g, "empty");
	kin_generator_text(g, "");
	kin_generator_close(g);
	kin_generator_close(g);
	kin_generator_open(g, "alias");
	kin_generator_attribute(g, "child", "");
	kin_generator_attribute(g, "name", "log");
	kin_generator_text(g, "text");
	kin_generator_open(g, "last");
	kin_generator_close(g);
	kin_generator_close(g);
	kin_generator_close(g);
}

static const char sample[] = "state | version: 7\n"
			     "+ child shell | ram: 4000K | ids: yes\n"
			     "  + args\n"
			     "    : label=\"a | b\", ram_quota=1\n"
			     "    :\n"
			     "    :   end\n"
			     "  + empty\n"
			     "+ alias | child: | name: log\n"
			     "  : text\n"
			     "  + last\n"
			     "-\n";

static void there_is_a_line_per_node_and_its_text_below_it(void **state)
{
	struct kin_generator g;

	begin(&g);
	write_sample(&g);
	assert_string_equal(finish(&g), sample);
	kin_generator_done(&g);
}

static void a_fixed_buffer_must_hold_the_text_and_its_nul(void **state)
{
	char buf[sizeof(sample) + 1];
	struct kin_generator g;
	const char *text = NULL;
	size_t size;

	for (size_t room = 0; room <= sizeof(sample); room++) {
		memset(buf, '#', sizeof(buf));
		kin_generator_init_fixed(&g, buf, room);
		kin_generator_set_syntax(&g, KIN_SYNTAX_LINES);
		write_sample(&g);
		assert_int_equal(kin_generator_finish(&g, &text, &size),
			room < sizeof(sample) ? -ENOSPC : 0);
		assert_int_equal(buf[room], '#');
		kin_generator_done(&g);
	}
	assert_string_equal(text, sample);
}

static void assert_name_written(const char *name, const char *line)
{
	struct kin_generator g;

	begin(&g);
	kin_generator_open(&g, "n");
	kin_generator_attribute(&g, "name", name);
	kin_generator_close(&g);
	assert_string_equal(finish(&g), line);
	kin_generator_done(&g);
}

static void a_name_follows_its_type_if_it_can_be_read_there(void **state)
{
	assert_name_written("a", "n a\n-\n");
	assert_name_written("a -> b", "n a -> b\n-\n");
	assert_name_written("a:b", "n a:b\n-\n");
	assert_name_written("x - :b .c", "n x - :b .c\n-\n");
	assert_name_written(": b", "n | name: : b\n-\n");
	assert_name_written("a .", "n | name: a .\n-\n");
	assert_name_written("a + b", "n | name: a + b\n-\n");
	assert_name_written("", "n | name:\n-\n");
	assert_name_written("a:", "n | name: a:\n-\n");
	assert_name_written("a b: c", "n | name: a b: c\n-\n");
	assert_name_written(" a", "n " REPLACEMENT "a\n-\n");
	assert_name_written("a|b", "n a" REPLACEMENT "b\n-\n");
}

static void a_copy_has_its_name_first(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree =
		parse_with(kin_tree_parse_xml, "<a b='c' d='c' name='c' e='c'/>");
	struct kin_generator g;

	begin(&g);
	kin_generator_node(&g, kin_tree_root(tree));
	assert_string_equal(finish(&g), "a c | b: c | d: c | e: c\n-\n");
	kin_generator_done(&g);
}

static void assert_value_read(const char *value, const char *read)
{
	struct kin_tree *tree = NULL;
	struct kin_generator g;

	begin(&g);
	kin_generator_open(&g, "n");
	kin_generator_attribute(&g, "a", value);
	kin_generator_attribute(&g, "b", value);
	kin_generator_close(&g);
	tree = parse_with(kin_tree_parse_lines, finish(&g));
	assert_string_equal(kin_node_attribute(kin_tree_root(tree), "a"), read);
	assert_string_equal(kin_node_attribute(kin_tree_root(tree), "b"), read);
	kin_tree_free(tree);
	kin_generator_done(&g);
}

static void what_a_value_can_not_hold_becomes_the_replacement_character(void **state)
{
	assert_value_read("a -> b", "a -> b");
	assert_value_read("a|b | c", "a" REPLACEMENT "b " REPLACEMENT " c");
	assert_value_read("a\nb\r\nc", "a" REPLACEMENT "b" REPLACEMENT REPLACEMENT "c");
	assert_value_read(" a", REPLACEMENT "a");
	assert_value_read("a  ", "a " REPLACEMENT);
	assert_value_read(" ", REPLACEMENT);
	assert_value_read("\n\t", REPLACEMENT REPLACEMENT);
	assert_value_read("  a\tb \t", REPLACEMENT " a\tb " REPLACEMENT);
	assert_value_read("a\x01\xff\uFFFE", "a" REPLACEMENT REPLACEMENT REPLACEMENT);
}

static void what_text_can_not_hold_becomes_the_replacement_character(void **state)
{
	struct kin_tree *tree = NULL;
	struct kin_generator g;

	begin(&g);
	kin_generator_open(&g, "n");
	kin_generator_text(&g, " \n a|b\r\nc \x01");
	kin_generator_text(&g, "\n - \n\n");
	kin_generator_close(&g);
	tree = parse_with(kin_tree_parse_lines, finish(&g));
	assert_string_equal(
		kin_node_text(kin_tree_root(tree)), "a|b" REPLACEMENT "\nc " REPLACEMENT "\n -");
	kin_tree_free(tree);
	kin_generator_done(&g);
}

static void assert_words(const char *type, const char *name, int error)
{
	struct kin_generator g;
	const char *text = NULL;
	size_t n;

	begin(&g);
	kin_generator_open(&g, "n");
	kin_generator_open(&g, type);
	kin_generator_attribute(&g, name, "");
	kin_generator_close(&g);
	kin_generator_close(&g);
	assert_int_equal(kin_generator_finish(&g, &text, &n), error);
	assert_true((text == NULL) == (error < 0));
	kin_generator_done(&g);
}

static void types_and_tags_that_are_none_in_lines_are_einval(void **state)
{
	static const char *const words[] = { "A", "aB", "a.b", "_a", "a:b", "\xc3\xa4" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_words(words[i], "a", -EINVAL);
		assert_words("a", words[i], -EINVAL);
	}
	assert_words("a-b_9", "x", 0);
	assert_words("x", "a-b_9", 0);
}

static void nesting_beyond_node_depth_max_is_enospc(void **state)
{
	for (unsigned depth = KIN_NODE_DEPTH_MAX; depth <= KIN_NODE_DEPTH_MAX + 2; depth++) {
		struct kin_generator g;
		const char *text;
		size_t n;
		int r;

		begin(&g);
		for (unsigned i = 0; i < depth; i++)
			kin_generator_open(&g, "n");
		for (unsigned i = 0; i < depth; i++)
			kin_generator_close(&g);
		r = kin_generator_finish(&g, &text, &n);
		assert_int_equal(r, depth <= KIN_NODE_DEPTH_MAX ? 0 : -ENOSPC);
		if (r == 0)
			kin_tree_free(parse_with(kin_tree_parse_lines, text));
		kin_generator_done(&g);
	}
}

/* Random trees */

static const char *const pieces[] = { "x", "\xc3\xa4", "<", "&", "\"", "]]>", "\xf0\x9f\xa7\x80",
	"a:", "+", "-", ".", ":", "x ", "+ ", ". ", ": ", "b: ", "- ", " ", "\t", "  ", "|", "\n",
	"\r" };

#define N_PIECES      (sizeof(pieces) / sizeof(pieces[0]))
#define N_PIECES_SAFE (N_PIECES - 3) /* without those that no value in lines can hold */
#define N_PIECES_ENDS 12             /* without those that it can't hold at its ends either */

static const char *random_text(struct random *random, size_t n_pieces, char ret[64])
{
	uint32_t n = random_below(random, 7);

	ret[0] = '\0';
	for (uint32_t i = 0; i < n; i++) {
		bool end = n_pieces == N_PIECES_SAFE && (i == 0 || i == n - 1);
		strcat(ret, pieces[random_below(random, end ? N_PIECES_ENDS : n_pieces)]);
	}
	return ret;
}

static void write_random(
	struct kin_generator *g, struct random *random, size_t n_pieces, unsigned depth)
{
	static const char *const types[] = { "a", "start", "x-y_z", "x", "config" };
	static const char *const names[] = { "name", "x", "label", "a-b_c" };
	uint32_t n_nodes = depth < 6 ? random_below(random, 4) : 0;
	char text[64];

	kin_generator_open(g, types[random_below(random, 5)]);
	for (size_t i = 0; i < 4; i++) {
		if (random_below(random, 2))
			kin_generator_attribute(g, names[i], random_text(random, n_pieces, text));
	}
	kin_generator_text(g, random_text(random, n_pieces, text));
	if (random_below(random, 2))
		kin_generator_text(g, random_text(random, n_pieces, text));
	for (uint32_t i = 0; i < n_nodes; i++)
		write_random(g, random, n_pieces, depth + 1);
	kin_generator_close(g);
}

static struct kin_tree *random_tree(uint64_t seed, size_t n_pieces)
{
	struct random random = { seed };
	struct kin_generator g;
	struct kin_tree *tree;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	write_random(&g, &random, n_pieces, 0);
	tree = parse_with(kin_tree_parse_xml, finish(&g));
	kin_generator_done(&g);
	return tree;
}

static struct kin_tree *rewritten(const struct kin_tree *tree, enum kin_syntax syntax)
{
	struct kin_generator g;
	struct kin_tree *again;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_set_syntax(&g, syntax);
	kin_generator_node(&g, kin_tree_root(tree));
	again = parse_with(kin_tree_parse, finish(&g));
	kin_generator_done(&g);
	return again;
}

static bool starts_or_ends_with_a_blank(const char *value)
{
	size_t n = strlen(value);

	return n > 0 && (strchr(" \t", value[0]) || strchr(" \t", value[n - 1]));
}

static bool expressible(const struct kin_node *node)
{
	const char *value;

	for (size_t i = 0; i < kin_node_n_attributes(node); i++) {
		kin_node_attribute_at(node, i, NULL, &value, NULL, NULL);
		if (strpbrk(value, "|\r\n") || starts_or_ends_with_a_blank(value))
			return false;
	}
	KIN_NODE_FOREACH (child, node, NULL) {
		if (!expressible(child))
			return false;
	}
	return !strchr(kin_node_text(node), '\r');
}

static void any_tree_survives_xml(void **state)
{
	for (uint64_t seed = 1; seed <= 500; seed++) {
		KIN_TREE_AUTO struct kin_tree *tree = random_tree(seed, N_PIECES);
		KIN_TREE_AUTO struct kin_tree *again = rewritten(tree, KIN_SYNTAX_XML);

		assert_true(kin_node_equal(kin_tree_root(tree), kin_tree_root(again)));
	}
}

static void any_tree_that_fits_survives_lines(void **state)
{
	unsigned n_fit = 0;

	for (uint64_t seed = 1; seed <= 3000; seed++) {
		KIN_TREE_AUTO struct kin_tree *tree =
			random_tree(seed, seed % 4 ? N_PIECES_SAFE : N_PIECES);
		KIN_TREE_AUTO struct kin_tree *again = rewritten(tree, KIN_SYNTAX_LINES);
		bool fits = expressible(kin_tree_root(tree));

		n_fit += fits;
		assert_int_equal(kin_node_equal(kin_tree_root(tree), kin_tree_root(again)), fits);
	}
	assert_true(n_fit > 300 && n_fit < 2700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_a_line_per_node_and_its_text_below_it),
		cmocka_unit_test(a_fixed_buffer_must_hold_the_text_and_its_nul),
		cmocka_unit_test(a_name_follows_its_type_if_it_can_be_read_there),
		cmocka_unit_test(a_copy_has_its_name_first),
		cmocka_unit_test(what_a_value_can_not_hold_becomes_the_replacement_character),
		cmocka_unit_test(what_text_can_not_hold_becomes_the_replacement_character),
		cmocka_unit_test(types_and_tags_that_are_none_in_lines_are_einval),
		cmocka_unit_test(nesting_beyond_node_depth_max_is_enospc),
		cmocka_unit_test(any_tree_survives_xml),
		cmocka_unit_test(any_tree_that_fits_survives_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

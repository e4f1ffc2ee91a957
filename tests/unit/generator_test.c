/*
 * Generator: layout, escaping, limits that stick, and that a tree survives being written and read.
 */
#include <kin/generator.h>
#include <kin/node.h>

#include "base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Fails the resize that finds it at 0, counting down */
static unsigned resizes_left;

static void *failing_resize(void *block, size_t size)
{
	return resizes_left-- ? realloc(block, size) : NULL;
}

static const struct kin_memory failing_memory = { malloc, failing_resize, free };

static struct kin_tree *parse(const char *text, size_t size)
{
	struct kin_tree *tree = NULL;

	assert_int_equal(kin_tree_parse_xml(text, size, NULL, &tree), 0);
	return tree;
}

static void write_sample(struct kin_generator *g)
{
	kin_generator_open(g, "state");
	kin_generator_attribute_number(g, "version", UINT64_MAX);
	kin_generator_open(g, "child");
	kin_generator_attribute(g, "name", "a<b>&\"c\"'");
	kin_generator_attribute_bytes(g, "ram", 4096000);
	kin_generator_attribute_boolean(g, "ids", true);
	kin_generator_attribute_boolean(g, "caps", false);
	kin_generator_attribute_format(g, "id", "%s-%d", "x", -3);
	kin_generator_open(g, "args");
	kin_generator_text(g, "a=\"<b>\", ");
	kin_generator_text(g, "c&d");
	kin_generator_close(g);
	kin_generator_close(g);
	kin_generator_open(g, "empty");
	kin_generator_text(g, "");
	kin_generator_close(g);
	kin_generator_close(g);
}

static const char sample[] = "<state version=\"18446744073709551615\">\n"
			     "\t<child name=\"a&lt;b&gt;&amp;&quot;c&quot;'\" ram=\"4000K\" "
			     "ids=\"yes\" caps=\"no\" id=\"x--3\">\n"
			     "\t\t<args>a=\"&lt;b&gt;\", c&amp;d</args>\n"
			     "\t</child>\n"
			     "\t<empty/>\n"
			     "</state>\n";

static void output_is_escaped_and_indented_with_tabs(void **state)
{
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	write_sample(&g);
	assert_int_equal(kin_generator_finish(&g, &text, &size), 0);
	assert_string_equal(text, sample);
	assert_int_equal(size, strlen(sample));
	kin_generator_done(&g);
}

static void a_fixed_buffer_must_hold_the_text_and_its_nul(void **state)
{
	char buf[sizeof(sample) + 1];
	struct kin_generator g;
	const char *text = NULL;
	size_t size;

	for (size_t room = 0; room < sizeof(sample); room++) {
		memset(buf, '#', sizeof(buf));
		kin_generator_init_fixed(&g, buf, room);
		write_sample(&g);
		assert_int_equal(kin_generator_finish(&g, &text, &size), -ENOSPC);
		assert_null(text);
		assert_int_equal(buf[room], '#');
		kin_generator_done(&g);
	}
	kin_generator_init_fixed(&g, buf, sizeof(sample));
	write_sample(&g);
	assert_int_equal(kin_generator_finish(&g, &text, &size), 0);
	assert_ptr_equal(text, buf);
	assert_string_equal(buf, sample);
	assert_int_equal(buf[sizeof(sample)], '#');
	kin_generator_done(&g);
}

static void a_growing_buffer_stops_at_its_limit(void **state)
{
	struct kin_generator g;
	const char *text = NULL;
	size_t size;

	for (size_t limit = 0; limit < strlen(sample); limit++) {
		kin_generator_init_growing(&g, limit);
		write_sample(&g);
		assert_int_equal(kin_generator_finish(&g, &text, &size), -ENOSPC);
		assert_null(text);
		kin_generator_done(&g);
	}
	kin_generator_init_growing(&g, strlen(sample));
	write_sample(&g);
	assert_int_equal(kin_generator_finish(&g, &text, &size), 0);
	kin_generator_done(&g);
}

static void running_out_of_memory_is_enomem_and_sticks(void **state)
{
	struct kin_generator g;
	const char *text = NULL;
	size_t size;
	int r = -ENOMEM;
	unsigned n;

	for (n = 0; r == -ENOMEM; n++) {
		kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
		g.memory = &failing_memory;
		resizes_left = n;
		write_sample(&g);
		r = kin_generator_finish(&g, &text, &size);
		kin_generator_done(&g);
	}
	assert_int_equal(r, 0);
	assert_true(n > 1);
}

static void nesting_beyond_node_depth_max_is_enospc(void **state)
{
	for (unsigned depth = KIN_NODE_DEPTH_MAX; depth <= KIN_NODE_DEPTH_MAX + 3; depth++) {
		struct kin_generator g;
		const char *text;
		size_t size;
		int r;

		kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
		for (unsigned i = 0; i < depth; i++)
			kin_generator_open(&g, "n");
		for (unsigned i = 0; i < depth; i++)
			kin_generator_close(&g);
		r = kin_generator_finish(&g, &text, &size);
		assert_int_equal(r, depth <= KIN_NODE_DEPTH_MAX ? 0 : -ENOSPC);
		if (r == 0)
			kin_tree_free(parse(text, size));
		kin_generator_done(&g);
	}
}

static void a_formatted_value_beyond_log_text_max_is_enospc(void **state)
{
	for (int excess = 0; excess < 2; excess++) {
		struct kin_generator g;
		const char *text;
		size_t size;

		kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
		kin_generator_open(&g, "n");
		kin_generator_attribute_format(&g, "a", "%0*d", KIN_LOG_TEXT_MAX + excess, 0);
		kin_generator_close(&g);
		assert_int_equal(kin_generator_finish(&g, &text, &size), excess ? -ENOSPC : 0);
		kin_generator_done(&g);
	}
}

static void what_xml_can_not_hold_becomes_the_replacement_character(void **state)
{
	static const char nasty[] =
		"a\x01\x1f\xff\xc3|\xed\xa0\x80|\xef\xbf\xbe\xef\xbf\xbf\x7f\xf0"
		"\x9f\xa7\x80\xe2\x82";
	static const char mended[] = "a\uFFFD\uFFFD\uFFFD\uFFFD|\uFFFD\uFFFD\uFFFD|\uFFFD\uFFFD\x7f"
				     "\U0001F9C0\uFFFD\uFFFD";
	struct kin_generator g;
	struct kin_tree *tree;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_open(&g, "n");
	kin_generator_attribute(&g, "a", nasty);
	kin_generator_text(&g, nasty);
	kin_generator_close(&g);
	assert_int_equal(kin_generator_finish(&g, &text, &size), 0);
	tree = parse(text, size);
	assert_string_equal(kin_node_attribute(kin_tree_root(tree), "a"), mended);
	assert_string_equal(kin_node_text(kin_tree_root(tree)), mended);
	kin_tree_free(tree);
	kin_generator_done(&g);
}

static void blanks_in_attributes_and_inside_text_survive(void **state)
{
	struct kin_generator g;
	struct kin_tree *tree;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_open(&g, "n");
	kin_generator_attribute(&g, "a", " \t\r\n x \r\n\t ");
	kin_generator_open(&g, "first");
	kin_generator_close(&g);
	kin_generator_text(&g, "one \t");
	kin_generator_open(&g, "m");
	kin_generator_close(&g);
	kin_generator_text(&g, "\r\n\rtwo ]]>");
	kin_generator_close(&g);
	assert_int_equal(kin_generator_finish(&g, &text, &size), 0);
	assert_non_null(strstr(text, "]]&gt;</n>\n"));
	tree = parse(text, size);
	assert_string_equal(kin_node_attribute(kin_tree_root(tree), "a"), " \t\r\n x \r\n\t ");
	assert_string_equal(kin_node_text(kin_tree_root(tree)), "one \t\r\n\rtwo ]]>");
	kin_tree_free(tree);
	kin_generator_done(&g);
}

static void attribute_after_content(struct kin_generator *g)
{
	kin_generator_open(g, "n");
	kin_generator_text(g, "x");
	kin_generator_attribute(g, "a", "");
}

static void close_too_many(struct kin_generator *g)
{
	kin_generator_open(g, "n");
	kin_generator_close(g);
	kin_generator_close(g);
}

static void finish_too_early(struct kin_generator *g)
{
	const char *text;
	size_t size;

	kin_generator_open(g, "n");
	kin_generator_finish(g, &text, &size);
}

static void second_top_node(struct kin_generator *g)
{
	kin_generator_open(g, "n");
	kin_generator_close(g);
	kin_generator_open(g, "n");
}

static void text_outside(struct kin_generator *g)
{
	kin_generator_text(g, "x");
}

static void unusable_type(struct kin_generator *g)
{
	kin_generator_open(g, "a b");
}

static void unusable_name(struct kin_generator *g)
{
	kin_generator_open(g, "n");
	kin_generator_attribute(g, "1", "");
}

static void calls_in_a_wrong_order_are_asserted(void **state)
{
	static void (*const wrongs[])(struct kin_generator *) = { attribute_after_content,
		close_too_many, finish_too_early, second_top_node, text_outside, unusable_type,
		unusable_name };

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		int status;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct kin_generator g;
			close(STDERR_FILENO);
			signal(SIGABRT, SIG_DFL); /* the test framework catches it */
			kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
			wrongs[i](&g);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

/*
 * Random trees. The same walk over the same random numbers writes a tree and later checks what was
 * read: `g` set means write, `node` set means check.
 */
struct walk {
	uint32_t seed;
	struct kin_generator *g;
	unsigned n_nodes;
};

static uint32_t random_below(struct walk *walk, uint32_t n)
{
	walk->seed ^= walk->seed << 13;
	walk->seed ^= walk->seed >> 17;
	walk->seed ^= walk->seed << 5;
	return walk->seed % n;
}

/* Pieces of well-formed text; blank ones are kept off the ends, where reading trims them */
static const char *random_text(struct walk *walk, char ret[64])
{
	static const char *const pieces[] = { "x", "\xc3\xa4", "<", ">", "&", "\"", "'", "]]>",
		"&amp;", "\xf0\x9f\xa7\x80", "<!--", "\x7f", "0", " ", "\n", "\t", "\r", "  " };
	uint32_t n = random_below(walk, 6);

	ret[0] = '\0';
	for (uint32_t i = 0; i < n; i++) {
		bool end = i == 0 || i == n - 1;
		strcat(ret, pieces[random_below(walk, end ? 13 : 18)]);
	}
	return ret;
}

static void random_attributes(struct walk *walk, const struct kin_node *node)
{
	uint32_t n = random_below(walk, 5);
	char name[16], value[64];

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		random_text(walk, value);
		if (walk->g)
			kin_generator_attribute(walk->g, name, value);
		else
			assert_string_equal(kin_node_attribute(node, name), value);
	}
	if (node)
		assert_int_equal(kin_node_n_attributes(node), n);
}

static void random_node(struct walk *walk, const struct kin_node *node, unsigned depth)
{
	static const char *const types[] = { "a", "start", "x-y_z.1", "\xc3\xa4", "ns:n" };
	const char *type = types[random_below(walk, 5)];
	const struct kin_node *child;
	uint32_t n_nodes;
	char text[64];

	walk->n_nodes++;
	if (walk->g)
		kin_generator_open(walk->g, type);
	else
		assert_string_equal(kin_node_type(node), type);
	random_attributes(walk, node);
	random_text(walk, text);
	if (walk->g)
		kin_generator_text(walk->g, text);
	else
		assert_string_equal(kin_node_text(node), text);
	n_nodes = depth < 6 ? random_below(walk, 5) : 0;
	child = kin_node_first(node);
	for (uint32_t i = 0; i < n_nodes; i++) {
		assert_true(walk->g || child);
		random_node(walk, child, depth + 1);
		child = walk->g ? NULL : kin_node_next(child);
	}
	assert_null(child);
	if (walk->g)
		kin_generator_close(walk->g);
}

static void copy_and_compare(const struct kin_tree *tree, const char *expected)
{
	struct kin_generator g;
	struct kin_tree *copy;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_node(&g, kin_tree_root(tree));
	assert_int_equal(kin_generator_finish(&g, &text, &size), 0);
	assert_string_equal(text, expected);
	copy = parse(text, size);
	assert_true(kin_node_equal(kin_tree_root(tree), kin_tree_root(copy)));
	kin_tree_free(copy);
	kin_generator_done(&g);
}

static void reading_what_was_written_yields_the_same_tree(void **state)
{
	unsigned n_nodes = 0;

	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct kin_generator g;
		struct walk writing = { .seed = seed * 2654435761u, .g = &g };
		struct walk checking = { .seed = seed * 2654435761u };
		struct kin_tree *tree;
		const char *text;
		size_t size;

		kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
		random_node(&writing, NULL, 0);
		assert_int_equal(kin_generator_finish(&g, &text, &size), 0);
		tree = parse(text, size);
		random_node(&checking, kin_tree_root(tree), 0);
		copy_and_compare(tree, text);
		n_nodes += writing.n_nodes;
		kin_tree_free(tree);
		kin_generator_done(&g);
	}
	assert_true(n_nodes > 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_escaped_and_indented_with_tabs),
		cmocka_unit_test(a_fixed_buffer_must_hold_the_text_and_its_nul),
		cmocka_unit_test(a_growing_buffer_stops_at_its_limit),
		cmocka_unit_test(running_out_of_memory_is_enomem_and_sticks),
		cmocka_unit_test(nesting_beyond_node_depth_max_is_enospc),
		cmocka_unit_test(a_formatted_value_beyond_log_text_max_is_enospc),
		cmocka_unit_test(what_xml_can_not_hold_becomes_the_replacement_character),
		cmocka_unit_test(blanks_in_attributes_and_inside_text_survive),
		cmocka_unit_test(calls_in_a_wrong_order_are_asserted),
		cmocka_unit_test(reading_what_was_written_yields_the_same_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

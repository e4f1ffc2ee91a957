/*
 * Any text in lines: what is read as a tree is written in either syntax as text that is read as the
 * same tree; looking at it harms nobody. Refused texts come with one error.
 *
 * The same bytes are calls of the generator as well, so that it is asked for trees that no reader
 * made, with text in pieces and around sub nodes: what XML holds of them is compared with what
 * lines hold.
 */
#include "fuzz/tree_checks.h"

#define DEPTH_MAX 8

static void read_text(const uint8_t *data, size_t size)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	struct kin_diag diag = { .source = "input" };
	int r = kin_tree_parse_lines((const char *) data, size, &diag, &tree);

	assert(r == 0 || r == -EINVAL || r == -E2BIG);
	assert(diag.n_errors == (r ? 1 : 0));
	if (r)
		return;
	look_at(kin_tree_root(tree));
	assert_survives(kin_tree_root(tree), KIN_SYNTAX_LINES);
	assert_survives(kin_tree_root(tree), KIN_SYNTAX_XML);
}

/* Up to 15 bytes without NUL */
static char *take_string(struct input *in, char ret[16])
{
	const uint8_t *bytes;
	size_t n = input_take(in, input_below(in, 16), &bytes);

	memcpy(ret, bytes, n);
	ret[n] = '\0';
	return ret;
}

/* At the ends of a text XML trims them, what they become in lines stays */
static const char *without_returns(char *text)
{
	for (char *at = text; *at; at++)
		*at = *at == '\r' ? '\n' : *at;
	return text;
}

static void write_node(struct kin_generator *g, struct input *in, unsigned depth)
{
	static const char *const words[] = { "a", "x", "name", "b-c_9" };
	char text[16];

	kin_generator_open(g, words[input_below(in, N(words))]);
	for (size_t mask = input_byte(in), i = 0; i < N(words); i++) {
		if (mask >> i & 1)
			kin_generator_attribute(g, words[i], take_string(in, text));
	}
	for (size_t n = input_below(in, 4); n > 0; n--)
		kin_generator_text(g, without_returns(take_string(in, text)));
	for (size_t n = depth < DEPTH_MAX ? input_below(in, 4) : 0; n > 0; n--)
		write_node(g, in, depth + 1);
	kin_generator_close(g);
}

static struct kin_tree *written(const uint8_t *data, size_t size, enum kin_syntax syntax)
{
	struct input in = { data, data + size };
	struct kin_tree *tree = NULL;
	struct kin_generator g;
	const char *text;
	size_t n;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_set_syntax(&g, syntax);
	write_node(&g, &in, 1);
	int r = kin_generator_finish(&g, &text, &n);

	assert(r == 0);
	r = kin_tree_parse(text, n, NULL, &tree);
	assert(r == 0);
	kin_generator_done(&g);
	return tree;
}

#define REPLACEMENT "\xEF\xBF\xBD"

/* Whether @lines is what lines can hold of @value: U+FFFD in place of what they can't */
static bool held(const char *value, const char *lines)
{
	while (*value && *lines) {
		bool replaced = strncmp(lines, REPLACEMENT, 3) == 0 && strchr("| \t\r\n", *value);

		if (!replaced && *value != *lines)
			return false;
		value++;
		lines += replaced ? 3 : 1;
	}
	return !*value && !*lines;
}

static void compare(const struct kin_node *xml, const struct kin_node *lines)
{
	const struct kin_node *a = kin_node_first(xml), *b = kin_node_first(lines);
	const char *name, *value;

	assert(strcmp(kin_node_type(xml), kin_node_type(lines)) == 0);
	assert(held(kin_node_text(xml), kin_node_text(lines)));
	assert(kin_node_n_attributes(xml) == kin_node_n_attributes(lines));
	for (size_t i = 0; i < kin_node_n_attributes(xml); i++) {
		kin_node_attribute_at(xml, i, &name, &value, NULL, NULL);
		assert(kin_node_has(lines, name) && held(value, kin_node_attribute(lines, name)));
	}
	for (; a && b; a = kin_node_next(a), b = kin_node_next(b))
		compare(a, b);
	assert(!a && !b);
}

static void write_both(const uint8_t *data, size_t size)
{
	KIN_TREE_AUTO struct kin_tree *xml = written(data, size, KIN_SYNTAX_XML);
	KIN_TREE_AUTO struct kin_tree *lines = written(data, size, KIN_SYNTAX_LINES);

	compare(kin_tree_root(xml), kin_tree_root(lines));
	assert_survives(kin_tree_root(lines), KIN_SYNTAX_LINES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_text(data, size);
	write_both(data, size);
	return 0;
}

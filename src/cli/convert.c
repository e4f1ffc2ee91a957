/*
 * kin convert: a config in the other syntax
 *
 * XML holds whatever a tree can hold, lines do not. Instead of printing something else than what
 * was read, everything that does not fit is named with its position.
 */
#include <string.h>

#include <kin/generator.h>

#include "base/lines.h"
#include "cli/config.h"

static void check_attribute(const struct kin_node *node, size_t i, struct kin_diag *diag)
{
	const char *name, *value, *fault;
	unsigned line, column;

	kin_node_attribute_at(node, i, &name, &value, &line, &column);
	fault = lines_value_fault(value);
	if (!lines_word_valid(name))
		kin_diag_error(diag, line, column, "attribute '%s' can't be a tag in lines", name);
	if (fault)
		kin_diag_error(diag, line, column, "value of '%s' can't be written in lines, it %s",
			name, fault);
}

/* Recursion is bounded by KIN_NODE_DEPTH_MAX */
static void check_lines(const struct kin_node *node, struct kin_diag *diag)
{
	const char *type = kin_node_type(node), *fault = lines_text_fault(kin_node_text(node));
	unsigned line = kin_node_line(node), column = kin_node_column(node);

	if (!lines_word_valid(type))
		kin_diag_error(diag, line, column, "<%s> can't be a type in lines", type);
	if (fault)
		kin_diag_error(diag, line, column, "text of <%s> can't be written in lines, it %s",
			type, fault);
	for (size_t i = 0; i < kin_node_n_attributes(node); i++)
		check_attribute(node, i, diag);
	KIN_NODE_FOREACH (sub, node, NULL)
		check_lines(sub, diag);
}

/* Each of these returns an exit status. */

static int print(const char *text, size_t n)
{
	if (fwrite(text, 1, n, stdout) == n && fflush(stdout) == 0)
		return CLI_OK;
	fprintf(stderr, "kin: can't write the config: %s\n", strerror(errno));
	return CLI_FOUND_ERRORS;
}

static int refuse(int error)
{
	if (error == -ENOMEM) {
		fprintf(stderr, "kin: out of memory\n");
		return CLI_TREE_FAILED;
	}
	fprintf(stderr, "kin: the other syntax makes the config longer than KIN_NODE_TEXT_MAX "
			"(4 MiB)\n");
	return CLI_FOUND_ERRORS;
}

static int write_tree(const struct kin_tree *tree, enum kin_syntax syntax)
{
	struct kin_generator generator;
	const char *text;
	size_t n;

	kin_generator_init_growing(&generator, KIN_NODE_TEXT_MAX);
	kin_generator_set_syntax(&generator, syntax);
	kin_generator_node(&generator, kin_tree_root(tree));
	int r = kin_generator_finish(&generator, &text, &n);

	r = r == 0 ? print(text, n) : refuse(r);
	kin_generator_done(&generator);
	return r;
}

static int convert(const struct options *options, struct config *config)
{
	enum kin_syntax from = kin_syntax_of(config->text, config->n);
	enum kin_syntax other = from == KIN_SYNTAX_XML ? KIN_SYNTAX_LINES : KIN_SYNTAX_XML;
	enum kin_syntax to = options->to_given ? options->to : other;

	if (config->tree && to == KIN_SYNTAX_LINES)
		check_lines(kin_tree_root(config->tree), &config->problems.diag);
	problems_print(&config->problems, stderr);
	if (!config->tree)
		return CLI_CONFIG_UNUSABLE;
	return config->problems.diag.n_errors ? CLI_FOUND_ERRORS : write_tree(config->tree, to);
}

int convert_command(const struct options *options)
{
	struct config config;
	int r = config_read(options->file, &config);

	if (r < 0)
		return r == -ENOMEM ? CLI_TREE_FAILED : CLI_CONFIG_UNUSABLE;
	r = convert(options, &config);
	config_close(&config);
	return r;
}

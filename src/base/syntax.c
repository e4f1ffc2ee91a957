/*
 * Both syntaxes: which one a text is in, and the reader for it
 */
#include <kin/node.h>

#include "base/memory.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <errno.h>

enum kin_syntax kin_syntax_of(const char *text, size_t n)
{
	size_t at = utf8_mark_length(text, n);

	while (at < n && utf8_is_blank(text[at]))
		at++;
	return at < n && text[at] == '<' ? KIN_SYNTAX_XML : KIN_SYNTAX_LINES;
}

int kin_syntax_parse(const char *name, enum kin_syntax *ret)
{
	if (strcmp(name, "xml") == 0)
		*ret = KIN_SYNTAX_XML;
	else if (strcmp(name, "lines") == 0)
		*ret = KIN_SYNTAX_LINES;
	else
		return -EINVAL;
	return 0;
}

int kin_tree_parse(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret)
{
	tree_reader *read =
		kin_syntax_of(text, n) == KIN_SYNTAX_XML ? tree_parse_xml : tree_parse_lines;

	return read(&kin_memory_libc, text, n, diag, ret);
}

int kin_tree_parse_xml(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret)
{
	return tree_parse_xml(&kin_memory_libc, text, n, diag, ret);
}

int kin_tree_parse_lines(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret)
{
	return tree_parse_lines(&kin_memory_libc, text, n, diag, ret);
}

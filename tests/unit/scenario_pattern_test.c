/* Patterns of the component scenario, and its sequence of lines: pure, so held against tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <kin/node.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "pattern.h"

#define STATE \
	"<state version=\"2\" size=\"4M\" word=\"x\">" \
	"<child name=\"a\" id=\"1\"><ram quota=\"1M\"/></child>" \
	"<child name=\"b\" id=\"2\" state=\"incomplete\"><ram quota=\"2M\"/></child>" \
	"</state>"

static struct kin_tree *tree_of(const char *text)
{
	struct kin_tree *tree;

	assert_int_equal(kin_tree_parse_xml(text, strlen(text), NULL, &tree), 0);
	return tree;
}

static struct kin_tree *pattern_of(const char *inner)
{
	char text[1024];

	snprintf(text, sizeof(text), "<pattern>%s</pattern>", inner);
	return tree_of(text);
}

static const struct {
	const char *pattern;
	const char *mismatch; /* type of the part that does not fit, NULL if all do */
} cases[] = {
	{ "", NULL },
	{ "<attribute name='version' value='2'/>", NULL },
	{ "<attribute name='version' value='20'/>", "attribute" },
	{ "<attribute name='version' value=''/>", "attribute" },
	{ "<attribute name='version'/>", NULL },
	{ "<attribute name='missing'/>", "attribute" },
	{ "<attribute name='missing' value=''/>", "attribute" },
	{ "<attribute name='missing' lower='5'/>", "attribute" },
	{ "<attribute name='version' higher='1'/>", NULL },
	{ "<attribute name='version' higher='2'/>", "attribute" },
	{ "<attribute name='version' lower='3'/>", NULL },
	{ "<attribute name='version' lower='2'/>", "attribute" },
	{ "<attribute name='size' higher='4095K' lower='4097K'/>", NULL },
	{ "<attribute name='size' higher='1M' lower='2M'/>", "attribute" },
	{ "<attribute name='size' value='4096K'/>", "attribute" }, /* as written */
	{ "<attribute name='word' higher='0'/>", "attribute" },
	{ "<node name='child'/>", NULL },
	{ "<node name='children'/>", "node" },
	{ "<node name='child'><attribute name='name' value='b'/></node>", NULL },
	{ "<node name='child'><attribute name='name' value='c'/></node>", "node" },
	/* one node has to fit as a whole */
	{ "<node name='child'><attribute name='name' value='a'/><attribute name='id' value='2'/>"
	  "</node>",
		"node" },
	{ "<node name='child'><node name='ram'><attribute name='quota' value='2M'/></node></node>",
		NULL },
	{ "<node name='child'><attribute name='name' value='a'/><not><attribute name='state'/>"
	  "</not></node>",
		NULL },
	{ "<node name='child'><attribute name='name' value='b'/><not><attribute name='state'/>"
	  "</not></node>",
		"node" },
	{ "<not><node name='alias'/></not>", NULL },
	{ "<not><node name='child'/></not>", "not" },
	{ "<not/>", "not" },
	/* not this and that together */
	{ "<not><node name='child'/><node name='alias'/></not>", NULL },
	{ "<not><not><node name='child'/></not></not>", NULL },
	{ "<attribute name='version' value='2'/><node name='alias'/><attribute name='x'/>",
		"node" },
};

static void patterns_fit_or_say_what_does_not(void **state)
{
	KIN_TREE_AUTO struct kin_tree *tree = tree_of(STATE);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KIN_TREE_AUTO struct kin_tree *pattern = pattern_of(cases[i].pattern);
		const char *what = NULL;

		assert_null(pattern_check(kin_tree_root(pattern), &what));
		const struct kin_node *part =
			pattern_mismatch(kin_tree_root(pattern), kin_tree_root(tree));

		if (!cases[i].mismatch && part)
			fail_msg("does not fit: %s", cases[i].pattern);
		if (cases[i].mismatch && !part)
			fail_msg("fits: %s", cases[i].pattern);
		if (part)
			assert_string_equal(kin_node_type(part), cases[i].mismatch);
	}
}

static void nothing_fits_only_what_wants_nothing(void **state)
{
	KIN_TREE_AUTO struct kin_tree *some = pattern_of("<attribute name='a'/>");
	KIN_TREE_AUTO struct kin_tree *none = pattern_of("<not><node name='a'/></not>");

	assert_non_null(pattern_mismatch(kin_tree_root(some), NULL));
	assert_null(pattern_mismatch(kin_tree_root(none), NULL));
}

static void bad_patterns_are_found_at_any_depth(void **state)
{
	static const char *const bad[] = { "<attribute/>", "<node/>", "<text/>",
		"<attribute name='a' higher='much'/>", "<attribute name='a' lower='-1'/>",
		"<node name='a'><not><node name='b'><attribute/></node></not></node>" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		KIN_TREE_AUTO struct kin_tree *pattern = pattern_of(bad[i]);
		const char *what = NULL;

		assert_non_null(pattern_check(kin_tree_root(pattern), &what));
		assert_non_null(what);
	}
}

static void add(struct lines *lines, const char *text)
{
	assert_int_equal(lines_add(lines, "a", text, strlen(text)), 0);
}

static bool take(struct lines *lines, const char *text)
{
	char node[256];

	snprintf(node, sizeof(node), "<expect_log string=\"[a] %s\"/>", text);
	KIN_TREE_AUTO struct kin_tree *tree = tree_of(node);
	const struct kin_node *expected = kin_tree_root(tree);
	uint64_t seen = 0;

	return lines_take(lines, &expected, 1, &seen);
}

static void expectations_walk_along_the_lines(void **state)
{
	struct lines lines = { 0 };

	assert_false(take(&lines, "1"));
	add(&lines, "1");
	add(&lines, "2");
	add(&lines, "3");
	assert_true(take(&lines, "2"));
	assert_int_equal(lines.n, 1);
	assert_string_equal(lines.last_passed->text, "[a] 2");
	assert_false(take(&lines, "1"));
	assert_int_equal(lines.n, 0);
	add(&lines, "1");
	assert_string_equal(lines.newest->text, "[a] 1");
	assert_true(take(&lines, "1"));
	lines_done(&lines);
}

static void lines_are_kept_up_to_a_limit(void **state)
{
	struct lines lines = { 0 };

	for (unsigned i = 0; i < LINES_MAX; i++)
		add(&lines, "x");
	assert_int_equal(lines_add(&lines, "a", "x", 1), -ENOSPC);
	assert_true(take(&lines, "x"));
	add(&lines, "y");
	assert_true(take(&lines, "y"));
	assert_int_equal(lines.n, 0);
	lines_done(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_fit_or_say_what_does_not),
		cmocka_unit_test(nothing_fits_only_what_wants_nothing),
		cmocka_unit_test(bad_patterns_are_found_at_any_depth),
		cmocka_unit_test(expectations_walk_along_the_lines),
		cmocka_unit_test(lines_are_kept_up_to_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

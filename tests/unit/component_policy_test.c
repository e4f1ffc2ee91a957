/* Policies: which one is meant for a label. */
#include <kin/diag.h>
#include <kin/node.h>
#include <kin/policy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The attribute `n` of the policy found for a label, -1 if there is none. */
static int found(const char *policies, const char *label)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	char text[1024];
	int n = snprintf(text, sizeof(text), "<config>%s</config>", policies);

	assert_int_equal(kin_tree_parse(text, (size_t) n, NULL, &tree), 0);
	const struct kin_node *policy = kin_policy_find(kin_tree_root(tree), label);

	return policy ? (int) kin_node_number(policy, "n", 0) : -1;
}

static void nothing_fits_nobody(void **state)
{
	assert_int_equal(found("", "a"), -1);
	assert_int_equal(found("<policy n='1'/>", "a"), -1);
	assert_int_equal(found("<policy n='1' label='b'/>", "a"), -1);
	assert_null(kin_policy_find(NULL, "a"));
}

static void a_label_beats_a_prefix_beats_a_suffix_beats_the_default(void **state)
{
	const char *all = "<default-policy n='4'/><policy n='3' label_suffix='bcdefgh'/>"
			  "<policy n='2' label_prefix='a'/><policy n='1' label='abcdefgh'/>";

	assert_int_equal(found(all, "abcdefgh"), 1);
	assert_int_equal(found(all, "abbcdefgh"), 2);
	assert_int_equal(found(all, "xbcdefgh"), 3);
	assert_int_equal(found(all, "x"), 4);
}

static void longer_beats_shorter(void **state)
{
	const char *prefixes = "<policy n='1' label_prefix=''/><policy n='2' label_prefix='ab'/>"
			       "<policy n='3' label_prefix='a'/>";
	const char *suffixes = "<policy n='1' label_suffix=''/><policy n='2' label_suffix='ab'/>"
			       "<policy n='3' label_suffix='b'/>";

	assert_int_equal(found(prefixes, "abc"), 2);
	assert_int_equal(found(prefixes, "axc"), 3);
	assert_int_equal(found(prefixes, "x"), 1);
	assert_int_equal(found(suffixes, "cab"), 2);
	assert_int_equal(found(suffixes, "cb"), 3);
	assert_int_equal(found(suffixes, "x"), 1);
}

static void every_condition_of_a_policy_must_hold(void **state)
{
	const char *both = "<policy n='1' label_prefix='a' label_suffix='z'/>"
			   "<policy n='2' label_prefix='a'/>";

	assert_int_equal(found(both, "a to z"), 1);
	assert_int_equal(found(both, "a to y"), 2);
	assert_int_equal(found("<policy n='1' label='a' label_suffix='b'/>", "a"), -1);
}

static void of_equals_the_first_counts(void **state)
{
	assert_int_equal(found("<policy n='1' label='a'/><policy n='2' label='a'/>", "a"), 1);
}

static void the_longest_suffix_does_not_beat_the_shortest_prefix(void **state)
{
	char policies[512], label[KIN_LABEL_MAX + 1];

	memset(label, 'x', KIN_LABEL_MAX);
	label[KIN_LABEL_MAX] = 0;
	snprintf(policies, sizeof(policies),
		"<policy n='1' label_suffix='%s'/><policy n='2' label_prefix=''/>", label);
	assert_int_equal(found(policies, label), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_fits_nobody),
		cmocka_unit_test(a_label_beats_a_prefix_beats_a_suffix_beats_the_default),
		cmocka_unit_test(longer_beats_shorter),
		cmocka_unit_test(every_condition_of_a_policy_must_hold),
		cmocka_unit_test(of_equals_the_first_counts),
		cmocka_unit_test(the_longest_suffix_does_not_beat_the_shortest_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

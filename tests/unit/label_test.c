/*
 * Labels and names: what is one, how they join, and that no name can disguise the way of a label.
 */
#include <kin/label.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *repeat(char *buf, char c, size_t n)
{
	memset(buf, c, n);
	buf[n] = '\0';
	return buf;
}

static void labels_are_bounded_by_label_max(void **state)
{
	char buf[KIN_LABEL_MAX + 2];

	assert_true(kin_label_valid(""));
	assert_true(kin_label_valid("init -> shell -> backup/daily"));
	assert_true(kin_label_valid(repeat(buf, 'x', KIN_LABEL_MAX)));
	assert_false(kin_label_valid(repeat(buf, 'x', KIN_LABEL_MAX + 1)));
}

static void labels_are_utf8_without_control_characters(void **state)
{
	static const char *const bad[] = { "a\nb", "\x1b[31m", "a\tb", "\x7f", "\xc2\x9b", "\xff",
		"\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf0\x80\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80" };

	assert_true(kin_label_valid("K\xc3\xa4se \xe2\x82\xac \xf0\x9f\xa7\x80 \xc2\xa0"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kin_label_valid(bad[i]));
}

static void names_are_bounded_by_name_max_and_not_empty(void **state)
{
	char buf[KIN_NAME_MAX + 2];

	assert_false(kin_name_valid(""));
	assert_true(kin_name_valid("x"));
	assert_true(kin_name_valid(repeat(buf, 'x', KIN_NAME_MAX)));
	assert_false(kin_name_valid(repeat(buf, 'x', KIN_NAME_MAX + 1)));
}

static void names_hold_nothing_that_means_something_in_labels_and_paths(void **state)
{
	static const char *const good[] = { "ld.lib.so", "a b", "a->b", "->b", "a->", "...", ".x",
		"config-2_x", "\xc3\xa4" };
	static const char *const bad[] = { "a -> b", "a ->", "-> b", "->", " -> ", "a/b", "/", ".",
		"..", " a", "a ", " ", "a\nb", "\xff" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(kin_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kin_name_valid(bad[i]));
}

static void joining_puts_the_separator_only_between_elements(void **state)
{
	char label[KIN_LABEL_MAX + 1];

	assert_int_equal(kin_label_join("init", "shell -> x", label), 0);
	assert_string_equal(label, "init -> shell -> x");
	assert_int_equal(kin_label_join("init", "", label), 0);
	assert_string_equal(label, "init");
	assert_int_equal(kin_label_join("", "x", label), 0);
	assert_string_equal(label, "x");
	assert_int_equal(kin_label_join("", "", label), 0);
	assert_string_equal(label, "");
}

static void joining_works_in_place(void **state)
{
	char label[KIN_LABEL_MAX + 1] = "b";

	assert_int_equal(kin_label_join("a", label, label), 0);
	assert_int_equal(kin_label_join(label, "c", label), 0);
	assert_string_equal(label, "a -> b -> c");
	assert_int_equal(kin_label_join(label, label, label), 0);
	assert_string_equal(label, "a -> b -> c -> a -> b -> c");
}

static void joining_beyond_label_max_is_enametoolong_and_changes_nothing(void **state)
{
	char left[KIN_LABEL_MAX + 2], label[KIN_LABEL_MAX + 1] = "b";

	repeat(left, 'a', KIN_LABEL_MAX - 5);
	assert_int_equal(kin_label_join(left, "b", label), 0);
	assert_int_equal(strlen(label), KIN_LABEL_MAX);
	strcpy(label, "bb");
	assert_int_equal(kin_label_join(left, label, label), -ENAMETOOLONG);
	assert_string_equal(label, "bb");
	repeat(left, 'a', KIN_LABEL_MAX + 1);
	assert_int_equal(kin_label_join(left, "", label), -ENAMETOOLONG);
	assert_int_equal(kin_label_join("", left, label), -ENAMETOOLONG);
	assert_string_equal(label, "bb");
}

static void labels_split_at_the_last_separator(void **state)
{
	assert_string_equal(kin_label_last("a -> b -> c"), "c");
	assert_string_equal(kin_label_last("a"), "a");
	assert_string_equal(kin_label_last(""), "");
	assert_string_equal(kin_label_last("a -> "), "");
	assert_string_equal(kin_label_last("a->b"), "a->b");
	assert_int_equal(kin_label_identity_length("a -> b -> c"), 6);
	assert_int_equal(kin_label_identity_length("a -> "), 1);
	assert_int_equal(kin_label_identity_length("a"), 0);
	assert_int_equal(kin_label_identity_length(""), 0);
}

static void a_name_at_the_front_of_a_label_is_a_whole_element(void **state)
{
	assert_string_equal(kin_label_after_prefix("shell -> x -> y", "shell"), "x -> y");
	assert_string_equal(kin_label_after_prefix("shell", "shell"), "");
	assert_string_equal(kin_label_after_prefix("shell -> ", "shell"), "");
	assert_null(kin_label_after_prefix("shell2 -> x", "shell"));
	assert_null(kin_label_after_prefix("shell ->x", "shell"));
	assert_null(kin_label_after_prefix("she", "shell"));
	assert_null(kin_label_after_prefix("", "shell"));
}

static void spell(unsigned code, unsigned length, char *ret)
{
	for (unsigned i = 0; i < length; i++)
		ret[i] = "a ->"[code >> 2 * i & 3];
	ret[length] = '\0';
}

/* All texts of up to six characters that separators are made of, and one that they are not */
static void no_valid_name_changes_how_a_label_splits(void **state)
{
	char name[7], label[KIN_LABEL_MAX + 1];
	unsigned n_valid = 0;

	for (unsigned length = 1; length <= 6; length++) {
		for (unsigned code = 0; code < 1u << 2 * length; code++) {
			spell(code, length, name);
			if (!kin_name_valid(name))
				continue;
			n_valid++;
			assert_int_equal(kin_label_join("x", name, label), 0);
			assert_string_equal(kin_label_last(label), name);
			assert_int_equal(kin_label_identity_length(label), 1);
			assert_int_equal(kin_label_join(name, "x", label), 0);
			assert_string_equal(kin_label_last(label), "x");
			assert_string_equal(kin_label_after_prefix(label, name), "x");
			assert_int_equal(kin_label_identity_length(label), length);
		}
	}
	assert_true(n_valid > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_bounded_by_label_max),
		cmocka_unit_test(labels_are_utf8_without_control_characters),
		cmocka_unit_test(names_are_bounded_by_name_max_and_not_empty),
		cmocka_unit_test(names_hold_nothing_that_means_something_in_labels_and_paths),
		cmocka_unit_test(joining_puts_the_separator_only_between_elements),
		cmocka_unit_test(joining_works_in_place),
		cmocka_unit_test(joining_beyond_label_max_is_enametoolong_and_changes_nothing),
		cmocka_unit_test(labels_split_at_the_last_separator),
		cmocka_unit_test(a_name_at_the_front_of_a_label_is_a_whole_element),
		cmocka_unit_test(no_valid_name_changes_how_a_label_splits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

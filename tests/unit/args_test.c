/*
 * Session arguments: the struct's rules, its text form, and that the one survives the other.
 */
#include <kin/args.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 2048

static void assert_parse_refused(const char *text, int error)
{
	struct kin_args args = { .ram_quota = 42 };

	assert_int_equal(kin_args_parse(text, &args), error);
	assert_int_equal(args.ram_quota, 42);
}

static void assert_args_equal(const struct kin_args *a, const struct kin_args *b)
{
	assert_string_equal(a->label, b->label);
	assert_true(a->ram_quota == b->ram_quota && a->cap_quota == b->cap_quota);
	assert_int_equal(a->n_extra, b->n_extra);
	for (uint32_t i = 0; i < a->n_extra; i++) {
		assert_string_equal(a->extra[i].key, b->extra[i].key);
		assert_string_equal(a->extra[i].value, b->extra[i].value);
	}
}

static void setting_adds_or_replaces_and_removing_keeps_the_order(void **state)
{
	struct kin_args args = { 0 };

	assert_null(kin_args_get(&args, "a"));
	assert_int_equal(kin_args_set(&args, "a", "1"), 0);
	assert_int_equal(kin_args_set(&args, "b", "2"), 0);
	assert_int_equal(kin_args_set(&args, "c", "3"), 0);
	assert_int_equal(kin_args_set(&args, "b", "two"), 0);
	assert_int_equal(args.n_extra, 3);
	assert_string_equal(kin_args_get(&args, "b"), "two");
	kin_args_remove(&args, "a");
	kin_args_remove(&args, "nothing");
	assert_null(kin_args_get(&args, "a"));
	assert_int_equal(args.n_extra, 2);
	assert_string_equal(args.extra[0].key, "b");
	assert_string_equal(args.extra[1].key, "c");
	assert_int_equal(kin_args_set(&args, "b", kin_args_get(&args, "c")), 0);
	assert_string_equal(kin_args_get(&args, "b"), "3");
}

static void the_extra_argument_beyond_args_extra_max_is_enospc(void **state)
{
	struct kin_args args = { 0 };
	char key[KIN_ARG_KEY_MAX + 1];

	for (unsigned i = 0; i < KIN_ARGS_EXTRA_MAX; i++) {
		snprintf(key, sizeof(key), "key_%u", i);
		assert_int_equal(kin_args_set(&args, key, "x"), 0);
	}
	assert_int_equal(kin_args_set(&args, "one_more", "x"), -ENOSPC);
	assert_int_equal(kin_args_set(&args, key, "replaced"), 0);
	kin_args_remove(&args, key);
	assert_int_equal(kin_args_set(&args, "one_more", "x"), 0);
	assert_true(kin_args_valid(&args));
}

static void keys_and_values_beyond_their_limits_are_enametoolong(void **state)
{
	struct kin_args args = { 0 };
	char key[KIN_ARG_KEY_MAX + 2] = { 0 }, value[KIN_ARG_VALUE_MAX + 2] = { 0 };

	memset(key, 'k', KIN_ARG_KEY_MAX);
	memset(value, 'v', KIN_ARG_VALUE_MAX);
	assert_int_equal(kin_args_set(&args, key, value), 0);
	value[KIN_ARG_VALUE_MAX] = 'v';
	assert_int_equal(kin_args_set(&args, key, value), -ENAMETOOLONG);
	key[KIN_ARG_KEY_MAX] = 'k';
	assert_int_equal(kin_args_set(&args, key, "x"), -ENAMETOOLONG);
	assert_int_equal(args.n_extra, 1);
	assert_int_equal(strlen(args.extra[0].value), KIN_ARG_VALUE_MAX);
}

static void keys_that_break_the_syntax_or_have_own_fields_are_einval(void **state)
{
	static const char *const keys[] = { "", "A", "1a", "_a", "a-b", "a b", "a=", "\xc3\xa4",
		"label", "ram_quota", "cap_quota" };
	struct kin_args args = { 0 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(kin_args_set(&args, keys[i], "x"), -EINVAL);
	assert_int_equal(kin_args_set(&args, "a", "line\nbreak"), -EINVAL);
	assert_int_equal(kin_args_set(&args, "a", "\xff"), -EINVAL);
	assert_int_equal(args.n_extra, 0);
}

static void typed_getters_fall_back_if_absent_or_malformed(void **state)
{
	struct kin_args args = { 0 };

	kin_args_set(&args, "size", "64K");
	kin_args_set(&args, "writeable", "yes");
	assert_int_equal(kin_args_number(&args, "size", 1), 65536);
	assert_int_equal(kin_args_number(&args, "writeable", 1), 1);
	assert_int_equal(kin_args_number(&args, "absent", 1), 1);
	assert_true(kin_args_boolean(&args, "writeable", false));
	assert_true(kin_args_boolean(&args, "size", true));
	assert_false(kin_args_boolean(&args, "absent", false));
}

static void arguments_that_break_any_rule_are_not_valid(void **state)
{
	struct kin_args good = {
		.label = "a -> b", .n_extra = 2, .extra = { { "key", "value" }, { "other", "" } }
	};
	struct kin_args bad;

	assert_true(kin_args_valid(&good));
	bad = good, memset(bad.label, 'x', sizeof(bad.label));
	assert_false(kin_args_valid(&bad));
	bad = good, strcpy(bad.label, "a\x01");
	assert_false(kin_args_valid(&bad));
	bad = good, bad.n_extra = KIN_ARGS_EXTRA_MAX + 1;
	assert_false(kin_args_valid(&bad));
	bad = good, bad.n_extra = 3;
	assert_false(kin_args_valid(&bad));
	bad = good, memset(bad.extra[1].key, 'k', sizeof(bad.extra[1].key));
	assert_false(kin_args_valid(&bad));
	bad = good, memset(bad.extra[1].value, 'v', sizeof(bad.extra[1].value));
	assert_false(kin_args_valid(&bad));
	bad = good, strcpy(bad.extra[1].key, "Key");
	assert_false(kin_args_valid(&bad));
	bad = good, strcpy(bad.extra[1].key, "key");
	assert_false(kin_args_valid(&bad));
	bad = good, strcpy(bad.extra[1].key, "label");
	assert_false(kin_args_valid(&bad));
	bad = good, strcpy(bad.extra[0].value, "\t");
	assert_false(kin_args_valid(&bad));
}

static void printing_has_the_documented_form(void **state)
{
	struct kin_args args = { .label = "client -> 0", .ram_quota = 8192, .cap_quota = 3 };
	char text[TEXT_MAX];
	int length;

	length = kin_args_print(&args, text, sizeof(text));
	assert_string_equal(text, "label=\"client -> 0\", ram_quota=8192, cap_quota=3");
	assert_int_equal(length, strlen(text));
	kin_args_set(&args, "n", "12");
	kin_args_set(&args, "s", "a\"b\\c");
	kin_args_set(&args, "e", "");
	kin_args_print(&args, text, sizeof(text));
	assert_string_equal(text, "label=\"client -> 0\", ram_quota=8192, cap_quota=3, n=12, "
				  "s=\"a\\\"b\\\\c\", e=\"\"");
}

static void printing_counts_on_beyond_a_small_buffer(void **state)
{
	struct kin_args args = { .label = "x" };
	char text[8] = "#######";
	int length = kin_args_print(&args, NULL, 0);

	assert_int_equal(length, strlen("label=\"x\", ram_quota=0, cap_quota=0"));
	assert_int_equal(kin_args_print(&args, text, 5), length);
	assert_string_equal(text, "labe");
	assert_int_equal(text[5], '#');
}

static void parsing_takes_any_order_blanks_suffixes_and_omissions(void **state)
{
	struct kin_args args;

	assert_int_equal(kin_args_parse("", &args), 0);
	assert_string_equal(args.label, "");
	assert_int_equal(kin_args_parse(" \n ", &args), 0);
	assert_int_equal(
		kin_args_parse("  cap_quota = 3,ram_quota=4M ,a=b/c , label=\"x, y=z\"\n", &args),
		0);
	assert_string_equal(args.label, "x, y=z");
	assert_int_equal(args.ram_quota, 4 << 20);
	assert_int_equal(args.cap_quota, 3);
	assert_int_equal(args.n_extra, 1);
	assert_string_equal(kin_args_get(&args, "a"), "b/c");
}

static void malformed_texts_are_einval(void **state)
{
	static const char *const texts[] = { ",", "a", "a=", "a=,b=1", "=1", "a=1,", ",a=1",
		"a=1 b=2", "a=\"x", "a=\"x\\\"", "a=\"x\\n\"", "a=x\"y\"", "a=\"x\"y", "a=1,a=2",
		"A=1", "a b=1", "\"a\"=1", "ram_quota=-1", "ram_quota=\"\"",
		"ram_quota=1,ram_quota=1", "label=\"a\",label=\"a\"", "cap_quota=1,cap_quota=1",
		"label=\"\x01\"", "a=\"\n\"", "a=\xff", "a==1", "a=1;b=2", "a=\\" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_parse_refused(texts[i], -EINVAL);
}

static void texts_beyond_a_limit_say_which_kind(void **state)
{
	char text[TEXT_MAX];

	assert_parse_refused("ram_quota=18446744073709551616", -ERANGE);
	assert_parse_refused("cap_quota=99999999T", -ERANGE);
	snprintf(text, sizeof(text), "label=\"%0*d\"", KIN_LABEL_MAX + 1, 0);
	assert_parse_refused(text, -ENAMETOOLONG);
	snprintf(text, sizeof(text), "a=%0*d", KIN_ARG_VALUE_MAX + 1, 0);
	assert_parse_refused(text, -ENAMETOOLONG);
	snprintf(text, sizeof(text), "a%0*d=1", KIN_ARG_KEY_MAX, 0);
	assert_parse_refused(text, -ENAMETOOLONG);
	assert_parse_refused("a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1", -ENOSPC);
}

static uint32_t random_below(uint32_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % n;
}

static void random_text(uint32_t *seed, char *ret, size_t max)
{
	static const char alphabet[] = "ab01 ,=\"\\->";
	size_t length = random_below(seed, (uint32_t) max + 1);

	for (size_t i = 0; i < length; i++)
		ret[i] = alphabet[random_below(seed, sizeof(alphabet) - 1)];
	ret[length] = '\0';
}

static void parsing_what_was_printed_yields_the_same_arguments(void **state)
{
	uint32_t seed = 20;

	for (unsigned round = 0; round < 2000; round++) {
		struct kin_args args = { 0 }, again;
		char text[TEXT_MAX], value[KIN_ARG_VALUE_MAX + 1];
		random_text(&seed, args.label, KIN_LABEL_MAX);
		args.ram_quota = (uint64_t) seed << random_below(&seed, 33);
		args.cap_quota = random_below(&seed, 1000);
		for (uint32_t i = random_below(&seed, KIN_ARGS_EXTRA_MAX + 1); i > 0; i--) {
			random_text(&seed, value, random_below(&seed, 2) ? 3 : KIN_ARG_VALUE_MAX);
			assert_int_equal(kin_args_set(&args, (char[]){ 'a' + i, 0 }, value), 0);
		}
		assert_true(kin_args_print(&args, text, sizeof(text)) < TEXT_MAX);
		assert_int_equal(kin_args_parse(text, &again), 0);
		assert_args_equal(&args, &again);
	}
}

static void an_affinity_is_a_rectangle_inside_its_space_or_nothing(void **state)
{
	static const struct kin_affinity good[] = { { 0 }, { 1, 1, 0, 0, 1, 1 },
		{ 4, 2, 3, 1, 1, 1 }, { 4, 2, 0, 0, 4, 2 },
		{ UINT32_MAX, UINT32_MAX, 1, 1, UINT32_MAX - 1, UINT32_MAX - 1 } };
	static const struct kin_affinity bad[] = { { 1, 1, 0, 0, 0, 0 }, { 0, 0, 0, 0, 1, 1 },
		{ 4, 2, 4, 0, 1, 1 }, { 4, 2, 0, 2, 1, 1 }, { 4, 2, 3, 0, 2, 1 },
		{ 4, 2, 0, 1, 1, 2 }, { 4, 0, 0, 0, 1, 1 }, { 4, 2, 0, 0, 0, 1 },
		{ 4, 2, 2, 0, UINT32_MAX, 1 }, { 0, 0, 1, 0, 0, 0 } };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(kin_affinity_valid(&good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kin_affinity_valid(&bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_adds_or_replaces_and_removing_keeps_the_order),
		cmocka_unit_test(the_extra_argument_beyond_args_extra_max_is_enospc),
		cmocka_unit_test(keys_and_values_beyond_their_limits_are_enametoolong),
		cmocka_unit_test(keys_that_break_the_syntax_or_have_own_fields_are_einval),
		cmocka_unit_test(typed_getters_fall_back_if_absent_or_malformed),
		cmocka_unit_test(arguments_that_break_any_rule_are_not_valid),
		cmocka_unit_test(printing_has_the_documented_form),
		cmocka_unit_test(printing_counts_on_beyond_a_small_buffer),
		cmocka_unit_test(parsing_takes_any_order_blanks_suffixes_and_omissions),
		cmocka_unit_test(malformed_texts_are_einval),
		cmocka_unit_test(texts_beyond_a_limit_say_which_kind),
		cmocka_unit_test(parsing_what_was_printed_yields_the_same_arguments),
		cmocka_unit_test(an_affinity_is_a_rectangle_inside_its_space_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

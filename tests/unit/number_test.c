/*
 * Numbers: what is read, what is refused, and that printing is the inverse of reading.
 */
#include <kin/number.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_number(const char *text, uint64_t expected)
{
	uint64_t number = ~expected;

	assert_int_equal(kin_number_parse(text, &number), 0);
	assert_true(number == expected);
}

static void assert_refused(const char *text, int error)
{
	uint64_t number = 42;

	assert_int_equal(kin_number_parse(text, &number), error);
	assert_int_equal(number, 42);
}

static void numbers_are_decimal_with_an_optional_power_of_1024(void **state)
{
	assert_number("0", 0);
	assert_number("1234", 1234);
	assert_number("007", 7);
	assert_number("3K", 3 << 10);
	assert_number("4M", 4 << 20);
	assert_number("2G", UINT64_C(2) << 30);
	assert_number("1T", UINT64_C(1) << 40);
	assert_number("18446744073709551615", UINT64_MAX);
	assert_number("16777215T", UINT64_C(16777215) << 40);
}

static void malformed_numbers_are_einval(void **state)
{
	static const char *const texts[] = { "", " ", " 1", "1 ", "-1", "+1", "K", "1k", "1KK",
		"1KB", "0x10", "1.5M", "1 K", "12a", "4Mi", "99999999999999999999999x" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(texts[i], -EINVAL);
}

static void numbers_beyond_64_bits_are_erange(void **state)
{
	assert_refused("18446744073709551616", -ERANGE);
	assert_refused("99999999999999999999999", -ERANGE);
	assert_refused("16777216T", -ERANGE);
	assert_refused("18446744073709551615K", -ERANGE);
}

static void signed_numbers_cover_the_range_of_int64(void **state)
{
	int64_t number;

	assert_int_equal(kin_number_parse_signed("-1", &number), 0);
	assert_true(number == -1);
	assert_int_equal(kin_number_parse_signed("-2K", &number), 0);
	assert_true(number == -2048);
	assert_int_equal(kin_number_parse_signed("9223372036854775807", &number), 0);
	assert_true(number == INT64_MAX);
	assert_int_equal(kin_number_parse_signed("-9223372036854775808", &number), 0);
	assert_true(number == INT64_MIN);
	assert_int_equal(kin_number_parse_signed("9223372036854775808", &number), -ERANGE);
	assert_int_equal(kin_number_parse_signed("-9223372036854775809", &number), -ERANGE);
	assert_int_equal(kin_number_parse_signed("--1", &number), -EINVAL);
	assert_int_equal(kin_number_parse_signed("-", &number), -EINVAL);
	assert_int_equal(kin_number_parse_signed("", &number), -EINVAL);
	assert_true(number == INT64_MIN);
}

static void numbers_print_with_the_largest_suffix_that_divides_them(void **state)
{
	char buf[KIN_NUMBER_TEXT_MAX];

	assert_string_equal(kin_number_print(buf, 0), "0");
	assert_string_equal(kin_number_print(buf, 1234), "1234");
	assert_string_equal(kin_number_print(buf, 4096000), "4000K");
	assert_string_equal(kin_number_print(buf, 4 << 20), "4M");
	assert_string_equal(kin_number_print(buf, UINT64_C(3) << 30), "3G");
	assert_string_equal(kin_number_print(buf, UINT64_C(1) << 50), "1024T");
	assert_string_equal(kin_number_print(buf, UINT64_MAX), "18446744073709551615");
}

static void reading_a_printed_number_yields_it_again(void **state)
{
	char buf[KIN_NUMBER_TEXT_MAX];

	for (unsigned shift = 0; shift < 64; shift++) {
		for (uint64_t add = 0; add < 3; add++) {
			uint64_t number = (UINT64_C(1) << shift) + add - 1;
			assert_number(kin_number_print(buf, number), number);
		}
	}
}

static void booleans_have_eight_spellings_and_no_more(void **state)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	static const char *const neither[] = { "", "Yes", "y", "2", "yes ", "truee" };
	bool value;

	for (size_t i = 0; i < 4; i++) {
		value = false;
		assert_int_equal(kin_boolean_parse(yes[i], &value), 0);
		assert_true(value);
		assert_int_equal(kin_boolean_parse(no[i], &value), 0);
		assert_false(value);
	}
	value = true;
	for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++)
		assert_int_equal(kin_boolean_parse(neither[i], &value), -EINVAL);
	assert_true(value);
}

static void durations_are_read_as_milliseconds(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = { { "3", 3000 }, { "3s", 3000 }, { "500ms", 500 }, { "2m", 120000 },
		{ "1h", 3600000 }, { "0", 0 } };
	uint64_t ms = 0;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(kin_duration_parse(good[i].text, &ms), 0);
		assert_true(ms == good[i].ms);
	}
	assert_int_equal(kin_duration_parse("", &ms), -EINVAL);
	assert_int_equal(kin_duration_parse("s", &ms), -EINVAL);
	assert_int_equal(kin_duration_parse("1d", &ms), -EINVAL);
	assert_int_equal(kin_duration_parse("1 s", &ms), -EINVAL);
	assert_int_equal(kin_duration_parse("18446744073709551615", &ms), -ERANGE);
	assert_int_equal(kin_duration_parse("18446744073709551615ms", &ms), 0);
	assert_int_equal(kin_duration_parse("18446744073709551616ms", &ms), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal_with_an_optional_power_of_1024),
		cmocka_unit_test(malformed_numbers_are_einval),
		cmocka_unit_test(numbers_beyond_64_bits_are_erange),
		cmocka_unit_test(signed_numbers_cover_the_range_of_int64),
		cmocka_unit_test(numbers_print_with_the_largest_suffix_that_divides_them),
		cmocka_unit_test(reading_a_printed_number_yields_it_again),
		cmocka_unit_test(booleans_have_eight_spellings_and_no_more),
		cmocka_unit_test(durations_are_read_as_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

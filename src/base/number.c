/*
 * Numbers, implementation
 *
 * Amounts and durations are the same thing, digits followed by a unit, read with different tables.
 */
#include <kin/number.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* Largest first, for printing */
static const struct unit amount_units[] = {
	{ "T", UINT64_C(1) << 40 },
	{ "G", UINT64_C(1) << 30 },
	{ "M", UINT64_C(1) << 20 },
	{ "K", UINT64_C(1) << 10 },
	{ "", 1 },
};

static const struct unit duration_units[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
};

#define N_UNITS(units) (sizeof(units) / sizeof((units)[0]))

/* Reads to the end before it complains about the range: malformed is malformed at any length */
static int quantity_parse(const char *text, const struct unit *units, size_t n_units, uint64_t *ret)
{
	const char *at = text;
	uint64_t value = 0;
	bool overflow = false;

	for (; *at >= '0' && *at <= '9'; at++) {
		overflow |= __builtin_mul_overflow(value, 10, &value);
		overflow |= __builtin_add_overflow(value, (uint64_t) (*at - '0'), &value);
	}
	if (at == text)
		return -EINVAL;
	for (size_t i = 0; i < n_units; i++) {
		if (strcmp(at, units[i].suffix) != 0)
			continue;
		overflow |= __builtin_mul_overflow(value, units[i].factor, &value);
		if (overflow)
			return -ERANGE;
		*ret = value;
		return 0;
	}
	return -EINVAL;
}

int kin_number_parse(const char *text, uint64_t *ret)
{
	return quantity_parse(text, amount_units, N_UNITS(amount_units), ret);
}

int kin_number_parse_signed(const char *text, int64_t *ret)
{
	bool negative = text[0] == '-';
	uint64_t magnitude;
	int r;

	r = kin_number_parse(text + negative, &magnitude);
	if (r < 0)
		return r;
	if (magnitude > (uint64_t) INT64_MAX + negative)
		return -ERANGE;
	/* negated as unsigned, where even the magnitude of INT64_MIN is in range */
	*ret = (int64_t) (negative ? -magnitude : magnitude);
	return 0;
}

char *kin_number_print(char buf[KIN_NUMBER_TEXT_MAX], uint64_t number)
{
	const struct unit *unit = amount_units;

	while (number == 0 ? unit->factor > 1 : number % unit->factor != 0)
		unit++;
	snprintf(buf, KIN_NUMBER_TEXT_MAX, "%" PRIu64 "%s", number / unit->factor, unit->suffix);
	return buf;
}

int kin_boolean_parse(const char *text, bool *ret)
{
	static const char *const words[][2] = {
		{ "no", "yes" },
		{ "false", "true" },
		{ "off", "on" },
		{ "0", "1" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (int value = 0; value < 2; value++) {
			if (strcmp(text, words[i][value]) == 0) {
				*ret = value;
				return 0;
			}
		}
	}
	return -EINVAL;
}

int kin_duration_parse(const char *text, uint64_t *ret_ms)
{
	return quantity_parse(text, duration_units, N_UNITS(duration_units), ret_ms);
}

/*
 * Short texts: numbers, durations, switches, labels and names. What can be read is printed and read
 * as the same again; joining and splitting labels are inverse.
 */
#include <kin/label.h>
#include <kin/number.h>

#include "fuzz/input.h"

static void numbers(const char *text)
{
	char printed[KIN_NUMBER_TEXT_MAX];
	uint64_t number, again;
	int64_t signed_number;
	bool boolean;

	if (kin_number_parse(text, &number) == 0) {
		int r = kin_number_parse(kin_number_print(printed, number), &again);

		assert(r == 0 && again == number);
		if (number <= INT64_MAX) {
			r = kin_number_parse_signed(text, &signed_number);
			assert(r == 0 && (uint64_t) signed_number == number);
		}
	} else if (kin_number_parse_signed(text, &signed_number) == 0) {
		assert(text[0] == '-' && signed_number <= 0);
	}
	kin_duration_parse(text, &number);
	kin_boolean_parse(text, &boolean);
}

static void labels(const char *left, const char *right)
{
	char label[KIN_LABEL_MAX + 1];

	if (!kin_label_valid(left) || !kin_label_valid(right) ||
		kin_label_join(left, right, label) < 0)
		return;
	assert(kin_label_valid(label));
	size_t identity = kin_label_identity_length(label);

	assert(identity <= strlen(label) && kin_label_last(label) >= label + identity);
	assert(!strstr(kin_label_last(label), KIN_LABEL_SEPARATOR));
	if (kin_name_valid(left)) {
		const char *rest = kin_label_after_prefix(label, left);

		assert(rest && strcmp(rest, right) == 0);
	}
	if (kin_name_valid(right))
		assert(strcmp(kin_label_last(label), right) == 0);
	if (kin_name_valid(left) && kin_name_valid(right))
		assert(identity == strlen(left));
}

/* Two strings, the second behind the first's NUL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char left[512] = "", right[512] = "";
	size_t n = size < sizeof(left) ? size : sizeof(left) - 1;

	memcpy(left, data, n);
	if (strlen(left) < n)
		memcpy(right, left + strlen(left) + 1, n - strlen(left) - 1);
	numbers(left);
	labels(left, right);
	labels(right, left);
	return 0;
}

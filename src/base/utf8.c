/*
 * UTF-8, implementation
 *
 * Only the second byte of a character has a range that depends on the first one; it excludes longer
 * forms than needed (E0, F0), surrogates (ED) and what is above U+10FFFF (F4).
 */
#include "base/utf8.h"

#include <string.h>

static size_t length_by_lead(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	if (lead >= 0xF0 && lead <= 0xF4)
		return 4;
	return 0;
}

static bool second_fits(unsigned char lead, unsigned char second)
{
	unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

size_t utf8_sequence_length(const char *text, size_t n)
{
	const unsigned char *bytes = (const unsigned char *) text;
	size_t length = length_by_lead(bytes[0]);

	if (length > n)
		return 0;
	if (length > 1 && !second_fits(bytes[0], bytes[1]))
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
	}
	return length;
}

/* C0, DEL and C1: terminals obey the latter as well */
static bool is_control(const unsigned char *bytes, size_t length)
{
	if (length == 1)
		return bytes[0] < 0x20 || bytes[0] == 0x7F;
	return length == 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0;
}

bool utf8_is_printable(const char *text, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t length = utf8_sequence_length(text + at, n - at);
		if (length == 0 || is_control((const unsigned char *) text + at, length))
			return false;
		at += length;
	}
	return true;
}

unsigned utf8_code(const char *text, size_t length)
{
	static const unsigned char lead_bits[] = { 0x7F, 0x1F, 0x0F, 0x07 };
	unsigned code = (unsigned char) text[0] & lead_bits[length - 1];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (text[i] & 0x3F);
	return code;
}

bool utf8_fits_tree(const char *text, size_t length)
{
	unsigned code = utf8_code(text, length);

	if (code < 0x20)
		return utf8_is_blank(text[0]);
	return code != 0xFFFE && code != 0xFFFF;
}

size_t utf8_mark_length(const char *text, size_t n)
{
	return n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Lines, their words; see lines.h. */
#include "base/lines.h"
#include "base/utf8.h"

#include <string.h>

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_inner(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

size_t lines_word_length(const char *text, size_t n)
{
	size_t length = 0;

	if (n > 0 && is_letter(text[0]))
		length = 1;
	while (length > 0 && length < n && is_inner(text[length]))
		length++;
	return length;
}

bool lines_word_valid(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && lines_word_length(text, n) == n;
}

static bool is_start(const char *text, size_t n)
{
	size_t length = lines_word_length(text, n);

	if (length == 0)
		return strchr("+.:", text[0]) && (n == 1 || utf8_is_blank(text[1]));
	return length < n && text[length] == ':' &&
	       (length + 1 == n || utf8_is_blank(text[length + 1]));
}

const char *lines_find_start(const char *text, size_t n)
{
	for (size_t at = 0; at < n; at++) {
		if ((at == 0 || utf8_is_blank(text[at - 1])) && is_start(text + at, n - at))
			return text + at;
	}
	return NULL;
}

bool lines_name_short(const char *value)
{
	return value[0] != '\0' && !lines_find_start(value, strlen(value));
}

const char *lines_value_fault(const char *value)
{
	size_t n = strlen(value);

	if (strchr(value, '|'))
		return "has a '|'";
	if (strpbrk(value, "\r\n"))
		return "has more than one line";
	if (n > 0 && (utf8_is_blank(value[0]) || utf8_is_blank(value[n - 1])))
		return "starts or ends with a blank";
	return NULL;
}

const char *lines_text_fault(const char *text)
{
	return strchr(text, '\r') ? "has a carriage return" : NULL;
}

/*
 * UTF-8
 *
 * The one place that decides what a well-formed character is: shortest form only, no surrogates, no
 * code point above U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** utf8_sequence_length() - bytes, 1 to 4, of the character that starts at @text, of which @n > 0
 * bytes are there; 0 if it is malformed or cut off. */
size_t utf8_sequence_length(const char *text, size_t n);

/** utf8_valid_length() - bytes at the front of @text that are well-formed; @n if all are. */
size_t utf8_valid_length(const char *text, size_t n);

/** utf8_is_printable() - whether all of @text is well-formed and free of control characters. */
bool utf8_is_printable(const char *text, size_t n);

/** utf8_is_blank() - whether a byte is one of the blanks that texts are laid out with. */
static inline bool utf8_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#endif

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

/** utf8_is_printable() - whether all of @text is well-formed and free of control characters. */
bool utf8_is_printable(const char *text, size_t n);

/** utf8_code() - code point of the well-formed character at @text of @length bytes. */
unsigned utf8_code(const char *text, size_t length);

/** utf8_fits_tree() - whether the well-formed character at @text of @length bytes can be part of a
 * tree: all but control characters that are no blanks, U+FFFE and U+FFFF, which XML can't hold. */
bool utf8_fits_tree(const char *text, size_t length);

/** utf8_mark_length() - bytes of the byte order mark in front of @text; 0 if there is none. */
size_t utf8_mark_length(const char *text, size_t n);

/** utf8_is_blank() - whether a byte is one of the blanks that texts are laid out with. */
static inline bool utf8_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#endif

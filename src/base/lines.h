/*
 * Lines: what the reader and the writer of the line-oriented syntax have to agree on
 *
 * Not everything that a tree can hold fits into a line. The writer asks here what to do, and who
 * converts a tree what to say.
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>

/** lines_word_length() - bytes of the type or tag at the front of @text: a to z first, then also 0
 * to 9, _ and -; 0 if there is none. */
size_t lines_word_length(const char *text, size_t n);

/** lines_word_valid() - whether all of @text can be a type or a tag. */
bool lines_word_valid(const char *text);

/** lines_find_start() - the first word of @text that looks like the start of a segment: a tag and
 * its colon, or one of the marks '+', '.' and ':'; NULL if there is none. */
const char *lines_find_start(const char *text, size_t n);

/** lines_name_short() - whether the value of the attribute `name` can follow its node's type. */
bool lines_name_short(const char *value);

/** lines_value_fault() - why a value can't be written as it is; NULL if it can. */
const char *lines_value_fault(const char *value);

/** lines_text_fault() - the same for the text of a node. */
const char *lines_text_fault(const char *text);

#endif

/*
 * Cursor: a walk through the text of a tree
 *
 * Readers of trees walk forward only and know at each step where they are. What any text of a tree
 * must be, in whichever syntax, is checked here as well.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stddef.h>

struct kin_diag;

struct cursor {
	const char *text;
	size_t n, offset;
	unsigned line, column; /* from 1, columns in characters */
};

/** cursor_init() - at the first character, which is behind a byte order mark if there is one. */
void cursor_init(struct cursor *cursor, const char *text, size_t n);

/** cursor_advance() - go to @offset, never backwards. LF, CR and CR LF end a line. */
void cursor_advance(struct cursor *cursor, size_t offset);

/**
 * cursor_check_text() - refuse what is no text of a tree
 * @start: fresh from cursor_init(); goes to what is wrong
 *
 * Return: 0; -E2BIG beyond KIN_NODE_TEXT_MAX; -EINVAL if the text is empty, not UTF-8 or has
 * characters that a tree can't hold. @diag has the error then.
 */
int cursor_check_text(struct cursor *start, struct kin_diag *diag);

#endif

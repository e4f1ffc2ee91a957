/* Cursor; see the header. */
#include "base/cursor.h"
#include "base/utf8.h"

#include <kin/diag.h>
#include <kin/limits.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

void cursor_init(struct cursor *cursor, const char *text, size_t n)
{
	*cursor = (struct cursor){ .text = text, .n = n, .line = 1, .column = 1 };
	cursor->offset = utf8_mark_length(text, n);
}

void cursor_advance(struct cursor *cursor, size_t offset)
{
	assert(offset <= cursor->n);
	for (; cursor->offset < offset; cursor->offset++) {
		const char *at = cursor->text + cursor->offset;
		bool pair = *at == '\r' && cursor->offset + 1 < cursor->n && at[1] == '\n';
		if ((*at == '\n' || *at == '\r') && !pair) {
			cursor->line++;
			cursor->column = 1;
		} else if ((*at & 0xC0) != 0x80) {
			cursor->column++;
		}
	}
}

#define REFUSE(cursor, diag, ...) \
	kin_diag_error((diag), (cursor)->line, (cursor)->column, __VA_ARGS__)

static int refuse_at(
	struct cursor *cursor, size_t offset, struct kin_diag *diag, int error, const char *what)
{
	cursor_advance(cursor, offset);
	REFUSE(cursor, diag, "%s", what);
	return error;
}

static int check_characters(struct cursor *cursor, struct kin_diag *diag)
{
	const char *text = cursor->text;
	size_t n = cursor->n, at = cursor->offset;

	while (at < n) {
		size_t length = utf8_sequence_length(text + at, n - at);
		if (length == 0)
			return refuse_at(cursor, at, diag, -EINVAL, "text is not UTF-8");
		if (!utf8_fits_tree(text + at, length)) {
			cursor_advance(cursor, at);
			REFUSE(cursor, diag, "character U+%04X is not allowed",
				utf8_code(text + at, length));
			return -EINVAL;
		}
		at += length;
	}
	return 0;
}

int cursor_check_text(struct cursor *start, struct kin_diag *diag)
{
	const char *text = start->text;
	size_t n = start->n, n_blank = start->offset, n_sound;

	if (n > KIN_NODE_TEXT_MAX)
		return refuse_at(start, KIN_NODE_TEXT_MAX, diag, -E2BIG,
			"text is longer than KIN_NODE_TEXT_MAX (4 MiB)");
	while (n_blank < n && utf8_is_blank(text[n_blank]))
		n_blank++;
	if (n_blank == n)
		return refuse_at(start, n, diag, -EINVAL, "text is empty");
	n_sound = strnlen(text, n);
	if (n_sound < n)
		return refuse_at(start, n_sound, diag, -EINVAL, "text contains a NUL byte");
	return check_characters(start, diag);
}

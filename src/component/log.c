/*
 * Log: messages to the LOG session
 *
 * Texts are formatted on the stack; only one that does not fit costs memory for a moment. What goes
 * out is cut into messages here and nowhere else.
 */
#include <kin/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kin/interface/log.h>

#include "component/env.h"

static bool utf8_continues(char c)
{
	return ((unsigned char) c & 0xc0) == 0x80;
}

/* Bytes of @text that make up the next message, a newline at their end included. */
static size_t piece_length(const char *text, size_t n)
{
	if (n <= KIN_LOG_TEXT_MAX)
		return n;
	/* A newline just behind the limit is not sent, so it may be the end as well. */
	const char *newline = memrchr(text, '\n', KIN_LOG_TEXT_MAX + 1);

	if (newline)
		return (size_t) (newline - text) + 1;
	size_t length = KIN_LOG_TEXT_MAX;

	/* No character has more than three continuation bytes; garbage is cut anywhere. */
	for (int i = 0; i < 3 && utf8_continues(text[length]); i++)
		length--;
	return utf8_continues(text[length]) ? KIN_LOG_TEXT_MAX : length;
}

void kin_log_text(struct kin_env *env, const char *text, size_t n)
{
	struct log_write_request message;

	do {
		size_t length = piece_length(text, n);
		size_t sent = length && text[length - 1] == '\n' ? length - 1 : length;

		/* NUL ends a text on the wire; a log shows what follows it nevertheless. */
		for (size_t i = 0; i < sent; i++)
			message.text[i] = text[i] ? text[i] : ' ';
		message.text[sent] = 0;
		log_write(env->start.log, &message);
		text += length;
		n -= length;
	} while (n);
}

static void log_format(
	struct kin_env *env, const char *prefix, const char *format, va_list arguments)
{
	char small[KIN_LOG_TEXT_MAX + 1], *text = small;
	size_t start = strlen(prefix);
	va_list again;

	memcpy(small, prefix, start);
	va_copy(again, arguments);
	int n = vsnprintf(small + start, sizeof(small) - start, format, arguments);
	size_t length = start + (n > 0 ? (size_t) n : 0);

	if (length >= sizeof(small)) {
		char *large = malloc(length + 1);

		if (large) {
			text = large;
			memcpy(text, prefix, start);
			vsnprintf(text + start, length + 1 - start, format, again);
		} else {
			length = sizeof(small) - 1; /* better cut than not said */
		}
	}
	va_end(again);
	kin_log_text(env, text, length);
	if (text != small)
		free(text);
}

#define LOG_FORMAT(env, prefix, format) \
	do { \
		va_list arguments; \
		va_start(arguments, format); \
		log_format(env, prefix, format, arguments); \
		va_end(arguments); \
	} while (0)

void kin_log(struct kin_env *env, const char *format, ...)
{
	LOG_FORMAT(env, "", format);
}

void kin_warning(struct kin_env *env, const char *format, ...)
{
	LOG_FORMAT(env, "Warning: ", format);
}

void kin_error(struct kin_env *env, const char *format, ...)
{
	LOG_FORMAT(env, "Error: ", format);
}

/*
 * Diagnostics, implementation
 */
#include <kin/diag.h>

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

/* Drops the last character of a text of KIN_DIAG_TEXT_MAX bytes if not all of it is there */
static void cut_between_characters(char *text)
{
	size_t last = KIN_DIAG_TEXT_MAX - 1;

	while (last > KIN_DIAG_TEXT_MAX - 4 && (text[last] & 0xC0) == 0x80)
		last--;
	if (utf8_sequence_length(text + last, KIN_DIAG_TEXT_MAX - last) == 0)
		text[last] = '\0';
}

__attribute__((format(printf, 3, 0))) static void diag_report(
	struct kin_diag *diag, struct kin_diagnostic *diagnostic, const char *format, va_list args)
{
	char text[KIN_DIAG_TEXT_MAX + 1];

	if (!diag)
		return;
	switch (diagnostic->severity) {
	case KIN_ERROR:
		diag->n_errors++;
		break;
	case KIN_WARNING:
		diag->n_warnings++;
		break;
	}
	if (!diag->report)
		return;
	if (vsnprintf(text, sizeof(text), format, args) > KIN_DIAG_TEXT_MAX)
		cut_between_characters(text);
	diagnostic->source = diag->source;
	diagnostic->text = text;
	diag->report(diag->ctx, diagnostic);
}

void kin_diag_error(struct kin_diag *diag, unsigned line, unsigned column, const char *format, ...)
{
	struct kin_diagnostic diagnostic = { KIN_ERROR, .line = line, .column = column };
	va_list args;

	va_start(args, format);
	diag_report(diag, &diagnostic, format, args);
	va_end(args);
}

void kin_diag_warning(
	struct kin_diag *diag, unsigned line, unsigned column, const char *format, ...)
{
	struct kin_diagnostic diagnostic = { KIN_WARNING, .line = line, .column = column };
	va_list args;

	va_start(args, format);
	diag_report(diag, &diagnostic, format, args);
	va_end(args);
}

int kin_diag_format(const struct kin_diagnostic *diagnostic, char *buf, size_t size)
{
	const char *severity = diagnostic->severity == KIN_ERROR ? "error" : "warning";
	const char *source = diagnostic->source ? diagnostic->source : "";
	char position[2 * sizeof("4294967295:")] = "";

	if (diagnostic->line && diagnostic->column)
		snprintf(
			position, sizeof(position), "%u:%u:", diagnostic->line, diagnostic->column);
	else if (diagnostic->line)
		snprintf(position, sizeof(position), "%u:", diagnostic->line);
	return snprintf(buf, size, "%s%s%s%s%s: %s", source, source[0] ? ":" : "", position,
		source[0] || position[0] ? " " : "", severity, diagnostic->text);
}

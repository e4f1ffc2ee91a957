/*
 * Diagnostics
 *
 * What is wrong with a text that somebody wrote, and where. Readers of texts take a `struct
 * kin_diag` and report to it; its owner decides where diagnostics go and can ask afterwards how
 * many there were. Every function accepts NULL for the diag: then nobody wants to know.
 */
#ifndef KIN_DIAG_H
#define KIN_DIAG_H

#include <stddef.h>

/** Bytes of the text of one diagnostic; longer ones are cut between characters. */
#define KIN_DIAG_TEXT_MAX 511

enum kin_severity { KIN_ERROR, KIN_WARNING };

struct kin_diagnostic {
	enum kin_severity severity;
	const char *source; /* file or module, NULL if it has no name */
	unsigned line;      /* from 1; 0 if the text as a whole is meant */
	unsigned column;    /* in characters from 1; 0 if the line as a whole is meant */
	const char *text;   /* one line, no newline; all pointers die with the report call */
};

struct kin_diag {
	void (*report)(void *ctx, const struct kin_diagnostic *diagnostic); /* NULL: only count */
	void *ctx;
	const char *source; /* borrowed */
	unsigned n_errors, n_warnings;
};

void kin_diag_error(struct kin_diag *diag, unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void kin_diag_warning(struct kin_diag *diag, unsigned line, unsigned column, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/**
 * kin_diag_format() - write "SOURCE:LINE:COLUMN: error: TEXT", leaving out what is not known
 *
 * Return: bytes of the whole text without its NUL, as snprintf() does.
 */
int kin_diag_format(const struct kin_diagnostic *diagnostic, char *buf, size_t size);

#endif

/*
 * Log: lines for people, to the LOG session that every component has
 *
 * Each call is one message; a newline at its end is not needed. Texts above KIN_LOG_TEXT_MAX bytes
 * are split, between lines if there are some, never within a character. The server reads at its own
 * pace: who writes faster waits. stdout and stderr end up here too, line by line.
 */
#ifndef KIN_LOG_H
#define KIN_LOG_H

#include <stddef.h>

struct kin_env;

void kin_log(struct kin_env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** kin_warning() - something is odd but goes on; starts with "Warning: ". */
void kin_warning(struct kin_env *env, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** kin_error() - something did not work; starts with "Error: ". */
void kin_error(struct kin_env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** kin_log_text() - the same for @n bytes of text that need no terminator and no formatting. */
void kin_log_text(struct kin_env *env, const char *text, size_t n);

#endif

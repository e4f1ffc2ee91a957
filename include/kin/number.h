/*
 * Numbers
 *
 * How amounts, switches and durations are written in configurations, reports and on command lines.
 * An amount is decimal with an optional suffix K, M, G or T for powers of 1024. There is exactly
 * one way to read a text: no blanks, no signs, no fractions, no bases other than ten.
 */
#ifndef KIN_NUMBER_H
#define KIN_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/** Size of a buffer for any printed amount, terminating NUL included. */
#define KIN_NUMBER_TEXT_MAX 21

/**
 * kin_number_parse() - read an amount such as "4M" or "1234"
 * @text: the whole text is the amount
 * @ret:  the amount, in units of one
 *
 * Return: 0; -EINVAL if the text is malformed (empty, blanks, sign, unknown suffix), -ERANGE if it
 * is well-formed but exceeds 64 bits.
 */
int kin_number_parse(const char *text, uint64_t *ret);

/** kin_number_parse_signed() - the same, with an optional leading '-'; the range is that of
 * int64_t. */
int kin_number_parse_signed(const char *text, int64_t *ret);

/**
 * kin_number_print() - write an amount with the largest suffix that divides it evenly
 *
 * 4194304 becomes "4M", 4096000 "4000K", 1234 "1234" and 0 "0".
 *
 * Return: @buf.
 */
char *kin_number_print(char buf[KIN_NUMBER_TEXT_MAX], uint64_t number);

/**
 * kin_boolean_parse() - read yes, true, on, 1 or no, false, off, 0
 *
 * Return: 0; -EINVAL for any other text.
 */
int kin_boolean_parse(const char *text, bool *ret);

/**
 * kin_duration_parse() - read a duration such as "500ms", "3s", "2m" or "1h"
 * @text:   a decimal number and its unit; without a unit it counts seconds
 * @ret_ms: the duration in milliseconds
 *
 * Return: 0; -EINVAL if malformed, -ERANGE if it exceeds 64 bits of milliseconds.
 */
int kin_duration_parse(const char *text, uint64_t *ret_ms);

#endif

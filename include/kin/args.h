/*
 * Session arguments
 *
 * What accompanies every session request: the label, the quota donated, and a few key-value pairs
 * whose meaning only the service knows. This struct is what travels; the text form
 *
 *     label="client -> 0", ram_quota=8192, cap_quota=3, buffer_size="64K"
 *
 * exists for people, reports and configurations. Parsing what was printed yields the same again.
 * Keys match [a-z][a-z0-9_]* and are unique; values are UTF-8 without control characters.
 */
#ifndef KIN_ARGS_H
#define KIN_ARGS_H

#include <kin/label.h>
#include <kin/limits.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kin_arg {
	char key[KIN_ARG_KEY_MAX + 1];
	char value[KIN_ARG_VALUE_MAX + 1];
};

/** All zero is valid: the empty label, no donation, nothing extra. */
struct kin_args {
	char label[KIN_LABEL_MAX + 1];
	uint64_t ram_quota; /* bytes */
	uint64_t cap_quota; /* capabilities */
	uint32_t n_extra;
	struct kin_arg extra[KIN_ARGS_EXTRA_MAX]; /* the first n_extra are set */
};

/**
 * kin_args_valid() - whether arguments from elsewhere keep every rule of this file
 *
 * Safe for any bytes: looks for terminators and bounds before it follows them. All other functions
 * here expect valid arguments.
 */
bool kin_args_valid(const struct kin_args *args);

/** kin_args_get() - value of a service-specific key, borrowed from @args; NULL if absent. */
const char *kin_args_get(const struct kin_args *args, const char *key);

/** kin_args_number() - the value as an amount, or @fallback if absent or malformed. */
uint64_t kin_args_number(const struct kin_args *args, const char *key, uint64_t fallback);

/** kin_args_boolean() - the value as yes or no, or @fallback if absent or malformed. */
bool kin_args_boolean(const struct kin_args *args, const char *key, bool fallback);

/**
 * kin_args_set() - add a service-specific argument or replace its value
 *
 * Return: 0; -EINVAL if the key breaks the syntax or names a field that has its own place (label,
 * ram_quota, cap_quota), or if the value holds control characters or is not UTF-8; -ENAMETOOLONG if
 * the key exceeds KIN_ARG_KEY_MAX or the value KIN_ARG_VALUE_MAX; -ENOSPC if KIN_ARGS_EXTRA_MAX
 * others are there. After an error nothing has changed.
 */
int kin_args_set(struct kin_args *args, const char *key, const char *value);

/** kin_args_remove() - forget a service-specific argument, if it is there; the others keep their
 * order. */
void kin_args_remove(struct kin_args *args, const char *key);

/**
 * kin_args_print() - write the text form
 * @buf:  gets at most @size bytes, terminated unless @size is 0
 *
 * Return: bytes of the whole text without its NUL, as snprintf() does.
 */
int kin_args_print(const struct kin_args *args, char *buf, size_t size);

/**
 * kin_args_parse() - read the text form
 * @text: arguments in any order, each at most once; those left out are zero or empty
 *
 * Amounts may carry suffixes. A value is bare (no blanks, commas, quotes, backslashes,
 * equal signs) or quoted; quoted ones escape a quote as \" and a backslash as \\.
 *
 * Return: 0; -EINVAL if malformed, -ERANGE if an amount exceeds 64 bits, -ENAMETOOLONG or -ENOSPC
 * as for kin_args_set().
 */
int kin_args_parse(const char *text, struct kin_args *ret);

/** Where a client may run: a rectangle of CPUs within a grid of them. All zero means none was
 * given. */
struct kin_affinity {
	uint32_t space_width, space_height;
	uint32_t x, y, width, height;
};

/** kin_affinity_valid() - whether none was given or the rectangle is non-empty and inside its
 * space. */
bool kin_affinity_valid(const struct kin_affinity *affinity);

#endif

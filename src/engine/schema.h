/*
 * Schema: what a config of init may be made of
 *
 * A table of elements: their attributes with the kind of value each holds, and the elements they
 * may contain. It says nothing about what the parts mean together, which is check.h's business.
 * The content of an inline <config> is the child's and free.
 */
#ifndef ENGINE_SCHEMA_H
#define ENGINE_SCHEMA_H

#include <stdbool.h>

struct kin_diag;
struct kin_node;

/**
 * schema_check() - report what in a config has no place in the table
 * @config: top node of a config of init, at any level of nesting
 * @diag:   gets an error for each element, attribute, value or text that init would ignore or
 *          refuse, a warning for each global element that another one of its kind overrides
 */
void schema_check(const struct kin_node *config, struct kin_diag *diag);

/** schema_top_level_known() - whether an element directly below <config> means something. */
bool schema_top_level_known(const char *type);

/** schema_quotable() - a value as it can stand in a message of one line: itself, or "…" if it is
 * too long for that or holds control characters. */
const char *schema_quotable(const char *value);

#define SCHEMA_THREADS_FAULT "is not a number from 1 to 256"

/**
 * schema_threads_parse() - read how many threads a child may have
 *
 * Return: 0; -EINVAL or -ERANGE for anything but 1 to KIN_THREADS_MAX, and *ret is not written.
 */
int schema_threads_parse(const char *value, unsigned *ret);

#endif

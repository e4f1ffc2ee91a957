/*
 * Patterns, implementation; see the header
 */
#include "pattern.h"

#include <string.h>

static bool attribute_fits(const struct kin_node *expected, const struct kin_node *node)
{
	const char *name = kin_node_attribute(expected, "name");
	const char *value = kin_node_attribute(expected, "value");
	const char *there = kin_node_attribute(node, name);
	bool higher = kin_node_has(expected, "higher"), lower = kin_node_has(expected, "lower");
	uint64_t number;

	if (!there || (value && strcmp(there, value) != 0))
		return false;
	if (!higher && !lower)
		return true;
	if (kin_node_read_number(node, name, &number))
		return false;
	return (!higher || number > kin_node_number(expected, "higher", 0)) &&
	       (!lower || number < kin_node_number(expected, "lower", 0));
}

static bool some_node_fits(const struct kin_node *expected, const struct kin_node *node)
{
	KIN_NODE_FOREACH (sub, node, kin_node_attribute(expected, "name"))
		if (!pattern_mismatch(expected, sub))
			return true;
	return false;
}

static bool part_fits(const struct kin_node *part, const struct kin_node *node)
{
	const char *type = kin_node_type(part);

	if (strcmp(type, "attribute") == 0)
		return attribute_fits(part, node);
	if (strcmp(type, "node") == 0)
		return some_node_fits(part, node);
	return pattern_mismatch(part, node) != NULL; /* not */
}

const struct kin_node *pattern_mismatch(const struct kin_node *pattern, const struct kin_node *node)
{
	KIN_NODE_FOREACH (part, pattern, NULL)
		if (!part_fits(part, node))
			return part;
	return NULL;
}

static const char *attribute_check(const struct kin_node *attribute)
{
	static const char *const limits[] = { "higher", "lower" };
	uint64_t number;

	if (!kin_node_has(attribute, "name"))
		return "needs a name";
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (kin_node_has(attribute, limits[i]) &&
			kin_node_read_number(attribute, limits[i], &number))
			return "has a limit that is no number";
	return NULL;
}

const struct kin_node *pattern_check(const struct kin_node *pattern, const char **ret_what)
{
	KIN_NODE_FOREACH (part, pattern, NULL) {
		const char *type = kin_node_type(part);
		const struct kin_node *wrong = NULL;
		const char *what = NULL;

		if (strcmp(type, "attribute") == 0)
			what = attribute_check(part);
		else if (strcmp(type, "node") == 0 && !kin_node_has(part, "name"))
			what = "needs a name";
		else if (strcmp(type, "node") == 0 || strcmp(type, "not") == 0)
			wrong = pattern_check(part, ret_what);
		else
			what = "is no part of a pattern";
		if (what) {
			*ret_what = what;
			return part;
		}
		if (wrong)
			return wrong;
	}
	return NULL;
}

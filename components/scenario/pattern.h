/*
 * Patterns: what a node is expected to be like
 *
 *     <pattern>
 *       <attribute name="version" value="2"/>   is exactly that
 *       <attribute name="id" higher="3"/>       is a number above; lower="…" is below
 *       <attribute name="state"/>               is there
 *       <node name="child"> … </node>           a sub node of that type fits what is within
 *       <not> … </not>                          what is within does not fit as a whole
 *     </pattern>
 *
 * A node fits if all of it does; what a pattern does not mention may be anything. Amounts have
 * their usual suffixes. No I/O, no state.
 */
#ifndef SCENARIO_PATTERN_H
#define SCENARIO_PATTERN_H

#include <kin/node.h>

/**
 * pattern_mismatch() - hold a node against a pattern
 * @pattern: a node whose sub nodes are the pattern; well-formed
 * @node:    NULL for one without attributes and sub nodes
 *
 * Return: the first sub node of the pattern that does not fit; NULL if all do.
 */
const struct kin_node *pattern_mismatch(
	const struct kin_node *pattern, const struct kin_node *node);

/**
 * pattern_check() - see whether a pattern is well-formed
 * @ret_what: what is wrong, a constant text
 *
 * Return: the node that is wrong; NULL if none is.
 */
const struct kin_node *pattern_check(const struct kin_node *pattern, const char **ret_what);

#endif

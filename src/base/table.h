/*
 * Table of a tree
 *
 * A tree of components with their budgets, as core describes it (core/tree.h), shown to people: a
 * line for each, children below their parents.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdio.h>

struct kin_node;

/* What else is to be said about each component; may be NULL. */
struct table_more {
	/* Called after the component's own line: @indent is what each further line begins with. */
	void (*print)(
		void *ctx, const struct kin_node *component, const char *indent, FILE *stream);
	void *ctx;
};

/** table_print() - print a tree of <component> nodes, @top and all below it */
void table_print(const struct kin_node *top, const struct table_more *more, FILE *stream);

#endif

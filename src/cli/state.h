/*
 * States of a running tree: its components with their budgets, and the report of each init
 */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include <stddef.h>

struct kin_node;
struct kin_tree;
struct link;

/**
 * state_tree() - all components, see core/tree.h
 * @ret: to be freed
 *
 * Return: 0, or negative errno as link_call(); says nothing.
 */
int state_tree(const struct link *link, struct kin_tree **ret);

/**
 * state_text() - the state report of the component of that label
 * @ret: a well-formed tree that a terminal can be shown, to be freed
 *
 * Return: 0; one of the answers of CONTROL_STATE_REQUEST, or as link_call(); says nothing.
 */
int state_text(const struct link *link, const char *label, char **ret, size_t *ret_size);

/* The same as a tree of nodes. */
int state_report(const struct link *link, const char *label, struct kin_tree **ret);

/** state_explain() - say why there is no state */
void state_explain(const struct link *link, const char *label, int answer);

/** state_label() - the label of a component in a tree of all; "" for core. Return: 0 or
 * -ENAMETOOLONG. */
int state_label(const struct kin_node *component, char *ret);

#endif

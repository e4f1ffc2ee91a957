/*
 * Budgets: what each child is assigned of what there is
 */
#ifndef ENGINE_BUDGET_H
#define ENGINE_BUDGET_H

#include "engine/sandbox.h"

/* What is left to give while a config is applied. */
struct budget {
	struct sandbox *sandbox;
	const struct kin_node *defaults; /* <default>, may be NULL */
	struct quota available;
};

/* Reads the preserved amounts and how much the program owns beyond them. */
void budget_open(struct budget *budget, struct sandbox *sandbox, const struct kin_node *config);

/**
 * budget_assign() - give a child what its start node says, or as much of it as there is
 *
 * Return: false if it has no valid quota of either kind (logged)
 */
bool budget_assign(struct budget *budget, struct child *child);

#endif

/*
 * Global elements: what a config says once for all children
 */
#ifndef ENGINE_GLOBALS_H
#define ENGINE_GLOBALS_H

struct kin_node;
struct sandbox;

/**
 * globals_apply() - take over the global elements of another config
 * @before: top node of the one in force, NULL if there is none
 *
 * Marks children that this concerns by itself; services of the parent that came or went are noted
 * by their names.
 */
void globals_apply(
	struct sandbox *sandbox, const struct kin_node *before, const struct kin_node *config);

void globals_done(struct sandbox *sandbox);

#endif

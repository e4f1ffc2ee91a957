/*
 * Config: the module "config", as a tree of nodes
 *
 * What a parent configures its child with. A config that can't be parsed is reported to the log,
 * with line and column, and the one before stays.
 */
#ifndef KIN_CONFIG_H
#define KIN_CONFIG_H

#include <kin/node.h>
#include <kin/rom.h>

struct kin_config {
	const struct kin_node *node; /* NULL if there is none, which reads as an empty node; nodes
					borrowed from it die before `changed` is called */

	/* private */
	struct kin_rom rom;
	struct kin_tree *tree;
	struct kin_env *env;
	kin_handler *changed;
	void *data;
};

/**
 * kin_config_open() - read the config
 * @changed: called from the loop whenever another valid one is there; NULL if changes don't matter
 *
 * Return: 0, also if the config can't be parsed; KIN_DENIED if the component was given none, and
 * then it can be used all the same; else as kin_rom_open() and kin_rom_watch().
 */
int kin_config_open(
	struct kin_env *env, struct kin_config *config, kin_handler *changed, void *data);
void kin_config_close(struct kin_config *config);

#endif

/*
 * ROM: a module that changes by a list of steps
 *
 *     <rom name="config">
 *       <inline description="idle"> <config/> </inline>   this content
 *       <sleep milliseconds="100"/>                       for so long
 *       <empty/>                                          then none
 *       <sleep milliseconds="100"/>
 *     </rom>
 *
 * The steps are taken in order and over again. A list without a sleep is taken once: going round it
 * would show nobody anything.
 *
 * A ROM is there while the config names it or somebody reads it.
 */
#ifndef DYNAMIC_ROM_ROM_H
#define DYNAMIC_ROM_ROM_H

#include <kin/kin.h>

struct rom {
	struct kin_env *env;
	struct kin_module module;
	char name[KIN_NAME_MAX + 1];
	bool verbose;

	char *text;                  /* of the node that is followed; NULL if there is none */
	const struct kin_node *node; /* borrowed from the config, renewed at each change of it */
	unsigned step;               /* number of the next one */
	struct kin_timer timer;      /* opened at the first sleep */
};

/* Return: NULL if there is no memory. */
struct rom *rom_new(struct kin_env *env, struct kin_modules *modules, const char *name);

/* Nobody reads it. */
void rom_free(struct rom *rom);

/**
 * rom_follow() - take the steps of this node
 * @node: replaces the one before; NULL empties the module
 *
 * Goes on undisturbed if the node says the same as the one before, otherwise begins with its first
 * step.
 */
void rom_follow(struct rom *rom, const struct kin_node *node);

#endif

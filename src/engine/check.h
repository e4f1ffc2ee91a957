/*
 * Check: what is wrong with a config before it runs
 *
 * Looks at a config the way init will, with a dry world in place of running children, and reports
 * all it finds, in the words that init would log. An error is a part that init ignores, refuses
 * or can't make work; a warning is a part that works other than it seems to be meant. The inline
 * configs of nested inits are checked the same way, and what their children ask for is followed
 * through the routes of all inits around them.
 *
 * Pure. Which ROM modules exist is asked through the facts. What only shows at run time, such as
 * how much memory a component really needs, is not judged.
 */
#ifndef ENGINE_CHECK_H
#define ENGINE_CHECK_H

#include "engine/owner.h"

struct kin_diag;
struct kin_tree;

/** Binary whose inline config is checked like a config of init, because it is one. */
#define CHECK_INIT_BINARY "kin-init"

/** What is known about where the config will run. */
struct check_facts {
	struct quota total; /* what the whole tree is started with */
	void *ctx;
	/* Whether core has a ROM module of that name; NULL: not known, so none is missed. */
	bool (*binary_exists)(void *ctx, const char *name);
};

/**
 * check_config() - report all problems of a config of the first init
 * @diag: gets them in no particular order
 *
 * Names are looked up by hash; what each child needs to start is compared with the rules of its
 * route, and a service sought in the <provides> of the child that a rule names.
 *
 * Return: 0, whatever was found; -ENOMEM if not everything could be looked at.
 */
int check_config(
	const struct kin_tree *config, const struct check_facts *facts, struct kin_diag *diag);

#endif

/*
 * Sandbox: the children of one program, by its config
 *
 * The owner gives it a config and its seam (owner.h), passes messages of children to child.h, and
 * calls sandbox_step() whenever it was asked to schedule one. All decisions are made in these
 * calls; none of them waits or calls back into a handler.
 */
#ifndef ENGINE_SANDBOX_H
#define ENGINE_SANDBOX_H

#include <kin/node.h>

#include "engine/child.h"
#include "engine/owner.h"
#include "engine/route.h"
#include "engine/service.h"

/* Kept for the program itself unless <resource preserve=…> says otherwise. */
#define SANDBOX_PRESERVE_RAM  (40 * sizeof(void *) * 1024)
#define SANDBOX_PRESERVE_CAPS 20

/* Another name for a child in routes. */
struct alias {
	const char *name, *child; /* in the config */
	UT_hash_handle hh;
};

/* What is said once for all children; each may be NULL. */
struct globals {
	const struct kin_node *defaults, *default_route;
};

struct sandbox {
	const struct owner *owner;
	struct kin_tree *config;
	struct globals globals;
	struct alias *aliases;
	struct child *children, *by_name; /* in the order of start nodes; by name */
	struct child *advancing;          /* that sandbox_step() shall look at */
	struct services services;
	struct session *waiting; /* that the parent or the owner has to answer */
	uint32_t last_up_id, last_child_id;
	struct quota preserve;
	unsigned environment_steps; /* by which donations of environments had to be raised */
	bool scheduled;
	bool asked; /* our parent for more, and it has not granted anything since */
};

void sandbox_init(struct sandbox *sandbox, const struct owner *owner);

/**
 * sandbox_apply() - create the children that a config describes
 * @config: taken, freed by sandbox_done()
 *
 * To be called once. What is wrong in the config is logged, the rest is applied.
 */
void sandbox_apply(struct sandbox *sandbox, struct kin_tree *config);

/* Does what handlers queued: starts children whose environment came, ends those that exited. */
void sandbox_step(struct sandbox *sandbox);

/* The parent has answered pending requests of ours. */
void sandbox_up_answers(struct sandbox *sandbox);

/* The parent has given us more: who failed because of us may try again. */
void sandbox_granted(struct sandbox *sandbox);

/* Ends all children; their servers among them need not answer any more. */
void sandbox_done(struct sandbox *sandbox);

/* Return: NULL if there is none of this name */
struct child *sandbox_child(struct sandbox *sandbox, const char *name);

/* The inline <config> of a child, or NULL. */
const struct kin_node *sandbox_child_config(const struct child *child);

/* Used inside the engine. */
int sandbox_route(struct sandbox *sandbox, struct child *child, const struct route_request *request,
	struct route_result *ret);
void sandbox_schedule(struct sandbox *sandbox);
void sandbox_advance(struct child *child); /* have sandbox_step() look at it */
void sandbox_ask_parent(struct sandbox *sandbox, struct quota amount);

#endif

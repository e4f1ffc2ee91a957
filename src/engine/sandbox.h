/*
 * Sandbox: the children of one program, by its config
 *
 * The owner gives it a config and its seam (owner.h), passes messages of children to child.h, and
 * calls sandbox_step() whenever it was asked to schedule one. All decisions are made in these
 * calls; none of them waits or calls back into a handler. How another config is applied to children
 * that run is told in update.c.
 */
#ifndef ENGINE_SANDBOX_H
#define ENGINE_SANDBOX_H

#include <kin/node.h>

#include "engine/child.h"
#include "engine/owner.h"
#include "engine/placement.h"
#include "engine/report.h"
#include "engine/route.h"
#include "engine/service.h"

/* Kept for the program itself unless <resource preserve=…> says otherwise. */
#define SANDBOX_PRESERVE_RAM  (40 * sizeof(void *) * 1024)
#define SANDBOX_PRESERVE_CAPS 20

#define SANDBOX_CONFIG_ERROR_MAX 255 /* bytes; a longer one is cut */

/* A config and how many look into it: the sandbox, and each child that was made by it. */
struct sandbox_config {
	struct kin_tree *tree;
	struct placement_scheme scheme;
	unsigned refs;
};

/* Another name for a child in routes. */
struct alias {
	const char *name, *child; /* in the config */
	UT_hash_handle hh;
};

/* What is said once for all children; each may be NULL. */
struct globals {
	const struct kin_node *defaults, *default_route, *parent_provides;
	struct quota preserve;
	bool told_preserve;    /* that it is more than there is */
	uint64_t heartbeat_ms; /* 0: none */
	bool verbose;
};

struct sandbox {
	const struct owner *owner;
	struct sandbox_config *config;                   /* NULL until there is one */
	char config_error[SANDBOX_CONFIG_ERROR_MAX + 1]; /* of a later one that can't be used */
	struct globals globals;
	struct alias *aliases;
	struct child *children, *by_name; /* in the order of start nodes; by name */
	struct child *dying;              /* abandoned, not gone yet */
	struct child *advancing;          /* that sandbox_step() shall look at */
	struct child *marked;             /* to be restarted or stopped, by marked_next */
	struct services services;
	struct session *waiting;  /* that the parent or the owner has to answer */
	struct forward *forwards; /* hashed by ID; see forward.h */
	uint32_t last_up_id, last_child_id;
	uint32_t updates;           /* number of the present one */
	uint32_t settlings;         /* likewise: of update_settle() */
	uint32_t occasions;         /* for a failed start to be tried again, so far */
	struct quota promised;      /* sum of what children are promised */
	uint64_t kept_bytes;        /* sum of what we keep of their sessions' donations */
	unsigned environment_steps; /* by which donations of environments had to be raised */
	bool scheduled;
	bool asked;    /* our parent for more, and it has not granted anything since */
	bool short_of; /* some child has less than its start node says */
	bool resettle; /* something went that others may have waited for: quota, a rival */
	struct report report;
};

void sandbox_init(struct sandbox *sandbox, const struct owner *owner);

/**
 * sandbox_apply() - make the children what a config says, disturbing none that it doesn't concern
 * @config: taken, also if the call fails
 *
 * What is wrong in the config is logged, the rest is applied.
 *
 * Return: 0; -ENOMEM, and then the config before is still in force.
 */
int sandbox_apply(struct sandbox *sandbox, struct kin_tree *config);

/* A config came that can't be parsed: what runs goes on, the report says so. @error: why not */
void sandbox_reject(struct sandbox *sandbox, const char *error);

/* Does what handlers queued: starts children whose environment came, ends those that exited. */
void sandbox_step(struct sandbox *sandbox);

/* A timer that the engine armed has run out. */
void sandbox_timer(struct sandbox *sandbox, enum owner_timer timer);

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

/* Is there nothing under way, so that only something from outside can change it? */
bool sandbox_settled(const struct sandbox *sandbox);
/* A session of a child's was ended by its server: the child is to be started anew. Records only. */
void sandbox_session_lost(struct session *session);

/* Used inside the engine. */

/* Walks the child's route. Return: enum route_outcome, or -ENOMEM */
int sandbox_find_route(struct sandbox *sandbox, struct child *child,
	const struct route_request *request, struct route_result *ret, struct route_why *ret_why);

/* The same, saying what is wrong. Return: 0, KIN_DENIED, -ENOMEM */
int sandbox_route(struct sandbox *sandbox, struct child *child, const struct route_request *request,
	struct route_result *ret);

/* Return: the service of the child of that name or alias, NULL if there is none */
struct service *sandbox_child_service(
	struct sandbox *sandbox, const char *name, const char *service);

void sandbox_schedule(struct sandbox *sandbox);

/* Something went, or became free, that children may have waited for. */
void sandbox_resettle(struct sandbox *sandbox);

/* Something happened that no start brought about: who failed may be tried again, once. */
void sandbox_occasion(struct sandbox *sandbox);

void sandbox_advance(struct child *child); /* have sandbox_step() look at it */
void sandbox_ask_parent(struct sandbox *sandbox, struct quota amount);

/* Have sandbox_step() restart or stop the child. */
void sandbox_mark(struct child *child, enum child_mark mark);

/* Waits @child for another of its name and version to be gone? */
bool sandbox_blocked(const struct child *child);

struct sandbox_config *sandbox_config_ref(struct sandbox_config *config);
struct sandbox_config *sandbox_config_unref(struct sandbox_config *config);

#endif

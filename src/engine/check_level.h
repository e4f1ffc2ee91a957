/*
 * Check, one level: a config and what can be referred to in it
 *
 * Read once, before anything is judged, because the order of elements doesn't matter: the names of
 * children and aliases and who provides which service. The outermost level is the first init's,
 * each nested init adds one. The parts of the check (check.c, check_route.c, check_budget.c) share
 * it; none of it is meant for others.
 */
#ifndef ENGINE_CHECK_LEVEL_H
#define ENGINE_CHECK_LEVEL_H

#include <kin/diag.h>
#include <kin/node.h>

#include "base/arena.h"
#include "engine/check.h"
#include "engine/placement.h"
#include "engine/service.h"

/* A name in one of a level's tables. */
struct check_name {
	const char *name;
	const struct kin_node *node; /* that introduced it */
	const struct kin_node *last; /* a service's: start node that provided it last */
	unsigned n_children;         /* a service's: how many children provide it */
	UT_hash_handle hh;
};

struct check_level {
	struct check_level *outer;       /* NULL for the first init */
	const struct kin_node *self;     /* our start node there, likewise */
	const struct check_facts *facts; /* borrowed */
	struct kin_diag *diag;           /* borrowed, may be NULL */
	const struct kin_node *config;
	/* The global elements that count, each NULL if there is none. */
	const struct kin_node *parent_provides, *defaults, *default_route, *heartbeat;
	struct placement_scheme scheme;
	struct quota available;                 /* not assigned to a child yet */
	struct service from_parent, from_child; /* what targets of routes resolve to */
	struct check_name *children, *aliases;
	struct check_name *services, *parent_services; /* of the children, of the parent */
	struct check_name *forwards;                   /* that have a <service> node */
	struct arena arena;
	int error; /* -ENOMEM if not everything could be looked at */
};

/* Where an attribute stands; where the node does, if it hasn't got it. */
struct check_position {
	unsigned line, column;
};

struct check_position check_position(const struct kin_node *node, const char *attribute);

#define CHECK_ERROR(level, node, ...) \
	kin_diag_error((level)->diag, kin_node_line(node), kin_node_column(node), __VA_ARGS__)
#define CHECK_WARNING(level, node, ...) \
	kin_diag_warning((level)->diag, kin_node_line(node), kin_node_column(node), __VA_ARGS__)

/* Reads the names, reporting those that are no use. What is set before: outer, self, facts, diag,
 * config. */
void check_level_open(struct check_level *level);
void check_level_close(struct check_level *level);

/* Return: the entry of a name; made if need be, then its node is @node; NULL if out of memory */
struct check_name *check_name_get(struct check_level *level, struct check_name **table,
	const char *name, const struct kin_node *node);
struct check_name *check_name_find(struct check_name *table, const char *name);

/* A usable start node is one that init makes a child of. */
bool check_is_child(const struct check_level *level, const struct kin_node *start);

/* Return: start node of the child of that name or alias, NULL if there is none */
const struct kin_node *check_child(const struct check_level *level, const char *name);
bool check_provides(const struct kin_node *start, const char *service);

/* The name of the binary of a start node. */
const char *check_binary(const struct kin_node *start);

/* check_route.c */

/* Rules of a <route> or <default-route>, NULL: none: each by itself and among the others. */
void check_route(struct check_level *level, const struct kin_node *route);

/* What a child needs in order to start, followed as far as it leads. */
void check_environment(struct check_level *level, const struct kin_node *start);

/* Whether some request for the service by the child of that start node can succeed. */
bool check_route_leads(
	struct check_level *level, const struct kin_node *start, const char *service);

/* check_budget.c */

/* Sets what is available at a level of which init owns that much. */
void check_preserved(struct check_level *level, struct quota owned);

/* Return: what the child is assigned of what is available */
struct quota check_budget(struct check_level *level, const struct kin_node *start);
/* Priorities and affinities: what the level divides, what a child is given. */
void check_scheme(struct check_level *level);
void check_placement(struct check_level *level, const struct kin_node *start);

#endif

/*
 * Routes: which service answers a child's request, and under which label
 *
 * A <route> is a list of rules, each a condition on service name and label with targets tried in
 * order. Walking it touches nothing; what exists is asked through a table of questions.
 */
#ifndef ENGINE_ROUTE_H
#define ENGINE_ROUTE_H

#include <stdbool.h>

#include <kin/limits.h>
#include <kin/node.h>

#include "engine/session.h"

/* A request as it comes to the parent. */
struct route_request {
	const char *service;
	const char *label; /* with the child's name in front */
	const char *child; /* that name */
	bool by_parent;    /* an environment session, asked for on the child's behalf */
};

struct route_result {
	struct service *service;
	char label[KIN_LABEL_MAX + 1]; /* as the server sees it */
	enum special_rom special;
};

/* What a target may mean; each answers NULL if there is no such service. */
struct route_world {
	void *ctx;
	struct service *(*parent)(void *ctx, const char *service);
	struct service *(*local)(void *ctx, const char *service);
	struct service *(*child)(void *ctx, const char *name, const char *service);
	/* The only child that provides it; NULL with *ret_ambiguous if there are several. */
	struct service *(*any_child)(void *ctx, const char *service, bool *ret_ambiguous);
};

enum route_outcome {
	ROUTE_FOUND,
	ROUTE_NO_RULE,   /* nothing in the route matches the request */
	ROUTE_NO_TARGET, /* the rule that matches leads to nothing that exists */
	ROUTE_BAD_LABEL, /* rewriting gave a label that is too long or malformed */
};

struct route_why {
	const struct kin_node *rule; /* that decided, NULL if there was none */
	bool ambiguous;              /* an <any-child/> had several to choose from */
};

/* Does the rule's condition hold for the request? */
bool route_matches(const struct kin_node *rule, const struct route_request *request);

/**
 * route_rewrite() - the label that a target's server sees
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL if the config's pieces make no valid label
 */
int route_rewrite(const struct kin_node *target, const char *label, char ret[KIN_LABEL_MAX + 1]);

/**
 * route_resolve() - walk the rules of a <route> or <default-route>
 * @route:   may be NULL: no rules
 * @ret:     written if ROUTE_FOUND is returned; its special is left alone
 * @ret_why: always written
 */
enum route_outcome route_resolve(const struct kin_node *route, const struct route_request *request,
	const struct route_world *world, struct route_result *ret, struct route_why *ret_why);

#endif

/*
 * Check, routes
 *
 * Looked at from two sides. Each rule: can it be reached, do its targets exist. And each child: do
 * the rules lead what it needs to start to somebody, with the same walk over the rules that init
 * takes (route.h) in a world where children and services exist by name only. What goes to the
 * parent of a nested init goes on from there, by the rules for that init.
 */
#include <stdio.h>
#include <string.h>

#include <kin/label.h>

#include "engine/check_level.h"
#include "engine/route.h"
#include "engine/schema.h"

/* The dry world */

static struct service *dry_parent(void *ctx, const char *service)
{
	struct check_level *level = ctx;

	return check_name_find(level->parent_services, service) ? &level->from_parent : NULL;
}

static struct service *dry_local(void *ctx, const char *service)
{
	return NULL;
}

static struct service *dry_child(void *ctx, const char *name, const char *service)
{
	struct check_level *level = ctx;
	const struct kin_node *start = check_child(level, name);

	return start && check_provides(start, service) ? &level->from_child : NULL;
}

static struct service *dry_any_child(void *ctx, const char *service, bool *ret_ambiguous)
{
	struct check_level *level = ctx;
	const struct check_name *entry = check_name_find(level->services, service);

	if (!entry || entry->n_children == 0)
		return NULL;
	if (entry->n_children > 1)
		*ret_ambiguous = true;
	return entry->n_children > 1 ? NULL : &level->from_child;
}

static struct route_world dry_world(struct check_level *level)
{
	return (struct route_world){ level, dry_parent, dry_local, dry_child, dry_any_child };
}

/* Rules */

static bool target_leads(
	struct check_level *level, const struct kin_node *target, const char *service)
{
	const char *type = kin_node_type(target), *name = kin_node_attribute(target, "name");
	bool ambiguous;

	if (strcmp(type, "parent") == 0)
		return dry_parent(level, service);
	if (strcmp(type, "child") == 0)
		return name && dry_child(level, name, service);
	if (strcmp(type, "any-child") == 0)
		return dry_any_child(level, service, &ambiguous);
	return false;
}

static bool rule_leads(struct check_level *level, const struct kin_node *rule, const char *service)
{
	KIN_NODE_FOREACH (target, rule, NULL)
		if (target_leads(level, target, service))
			return true;
	return false;
}

static void check_target_child(
	struct check_level *level, const struct kin_node *target, const char *service)
{
	const char *name = kin_node_attribute(target, "name");

	if (!name || !kin_name_valid(name))
		return;
	const struct kin_node *start = check_child(level, name);

	if (!start)
		CHECK_ERROR(level, target, "route to child \"%s\" that does not exist", name);
	else if (service && !check_provides(start, service))
		CHECK_ERROR(level, target,
			"route to child \"%s\" that does not provide service \"%s\"", name,
			service);
}

/* A target that names a child should mean it. The others are places to look at, of which one is
 * enough. */
static void check_target(struct check_level *level, const struct kin_node *target,
	const char *service, bool rule_leads)
{
	const char *type = kin_node_type(target);
	bool ambiguous = false;

	if (strcmp(type, "child") == 0) {
		check_target_child(level, target, service);
	} else if (!service) {
		return;
	} else if (strcmp(type, "any-child") == 0) {
		bool found = dry_any_child(level, service, &ambiguous);

		if (ambiguous)
			CHECK_ERROR(level, target, "ambiguous routes to service \"%s\"", service);
		else if (!found && !rule_leads)
			CHECK_ERROR(level, target, "no child provides service \"%s\"", service);
	} else if (strcmp(type, "parent") == 0 && !rule_leads) {
		CHECK_ERROR(level, target, "<parent-provides> lacks service \"%s\"", service);
	} else if (strcmp(type, "local") == 0 && !rule_leads) {
		CHECK_ERROR(level, target, "init itself provides no service \"%s\"", service);
	}
}

static const char *const conditions[] = { "label", "label_prefix", "label_suffix", "label_last",
	"unscoped_label" };

#define N_CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

static size_t n_conditions(const struct kin_node *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < N_CONDITIONS; i++)
		n += kin_node_has(rule, conditions[i]);
	return n;
}

static void check_condition(struct check_level *level, const struct kin_node *rule)
{
	bool scoped = kin_node_has(rule, "label") || kin_node_has(rule, "label_prefix") ||
		      kin_node_has(rule, "label_suffix");
	const char *strong = kin_node_has(rule, "label_last") ? "label_last" : "unscoped_label";

	if (scoped && kin_node_has(rule, strong))
		CHECK_WARNING(
			level, rule, "'%s' makes the other label conditions ineffective", strong);
}

/* One text for everything that decides whether a <service> rule matches. Return: NULL if the rule
 * has values that are no labels */
static const char *rule_key(
	struct check_level *level, const char *service, const struct kin_node *rule)
{
	char key[(N_CONDITIONS + 1) * (KIN_LABEL_MAX + 2)];
	size_t n = (size_t) snprintf(key, sizeof(key), "%s", service);

	for (size_t i = 0; i < N_CONDITIONS; i++) {
		const char *value = kin_node_attribute(rule, conditions[i]);

		if (value && !kin_label_valid(value))
			return NULL;
		/* no name or label holds control characters */
		if (value)
			n += (size_t) snprintf(
				key + n, sizeof(key) - n, "%c%s", (char) (i + 1), value);
	}
	const char *copy = arena_copy_string(&level->arena, key, n);

	if (!copy)
		level->error = -ENOMEM;
	return copy;
}

/* After a <service> rule that matches nothing else is tried, even if the rule leads nowhere. */
static void check_reached(struct check_level *level, struct check_name **seen, const char *service,
	const struct kin_node *rule)
{
	const struct check_name *earlier = check_name_find(*seen, service);
	const char *key = rule_key(level, service, rule);
	const struct check_name *same = key ? check_name_get(level, seen, key, rule) : NULL;

	if (!earlier && same && same->node != rule)
		earlier = same;
	if (earlier && earlier->node != rule)
		CHECK_WARNING(level, rule,
			"rule never matches, the one for service \"%s\" in line %u comes first",
			service, kin_node_line(earlier->node));
}

static void check_rule(
	struct check_level *level, struct check_name **seen, const struct kin_node *rule)
{
	bool any = strcmp(kin_node_type(rule), "any-service") == 0;
	const char *service = any ? NULL : kin_node_attribute(rule, "name");

	if (!any && (strcmp(kin_node_type(rule), "service") != 0 || !service ||
			    !kin_name_valid(service)))
		return;
	if (n_conditions(rule) > 1)
		check_condition(level, rule);
	if (service)
		check_reached(level, seen, service, rule);
	bool leads = service && rule_leads(level, rule, service);

	KIN_NODE_FOREACH (target, rule, NULL)
		check_target(level, target, service, leads);
}

void check_route(struct check_level *level, const struct kin_node *route)
{
	struct check_name *seen = NULL;

	KIN_NODE_FOREACH (rule, route, NULL)
		check_rule(level, &seen, rule);
	HASH_CLEAR(hh, seen);
}

/* Requests */

static const struct kin_node *route_of(
	const struct check_level *level, const struct kin_node *start)
{
	const struct kin_node *route = kin_node_first_of(start, "route");

	return route ? route : level->default_route;
}

bool check_route_leads(struct check_level *level, const struct kin_node *start, const char *service)
{
	KIN_NODE_FOREACH (rule, route_of(level, start), NULL) {
		const char *name = kin_node_attribute(rule, "name");
		bool named = strcmp(kin_node_type(rule), "service") == 0;

		if (named ? name && strcmp(name, service) == 0
			  : strcmp(kin_node_type(rule), "any-service") == 0)
			if (rule_leads(level, rule, service))
				return true;
	}
	return false;
}

/* Where a request is on its way out of the tree. */
struct journey {
	struct check_level *level;
	const struct kin_node *start; /* of the child whose route decides there */
	const char *service;
	char label[KIN_LABEL_MAX + 1]; /* with that child's name in front */
	bool by_parent;
	struct route_why why;
	bool at_core;
};

static enum route_outcome resolve(struct journey *journey)
{
	const struct route_world world = dry_world(journey->level);
	const struct route_request request = { journey->service, journey->label,
		kin_node_attribute(journey->start, "name"), journey->by_parent };
	struct route_result result = { NULL };
	enum route_outcome outcome = route_resolve(
		route_of(journey->level, journey->start), &request, &world, &result, &journey->why);

	if (outcome != ROUTE_FOUND)
		return outcome;
	strcpy(journey->label, result.label);
	journey->at_core = result.service->kind == SERVICE_PARENT && !journey->level->outer;
	if (result.service->kind != SERVICE_PARENT || journey->at_core)
		return ROUTE_FOUND;
	journey->start = journey->level->self;
	journey->level = journey->level->outer;
	journey->by_parent = false;
	if (kin_label_join(
		    kin_node_attribute(journey->start, "name"), journey->label, journey->label) < 0)
		return ROUTE_BAD_LABEL;
	return resolve(journey);
}

static void explain_here(const struct check_level *level, const struct kin_node *start,
	enum route_outcome outcome, const struct journey *journey)
{
	const char *name = kin_node_attribute(start, "name");

	switch (outcome) {
	case ROUTE_FOUND:
		break;
	case ROUTE_BAD_LABEL:
		CHECK_ERROR(level, start, "%s: label of service \"%s\" too long after rewriting",
			name, journey->service);
		break;
	case ROUTE_NO_TARGET:
		CHECK_ERROR(level, start,
			"%s: route to service \"%s\" (label=\"%s\") in line %u leads to nothing "
			"that provides it",
			name, journey->service, schema_quotable(journey->label),
			kin_node_line(journey->why.rule));
		break;
	case ROUTE_NO_RULE:
		CHECK_ERROR(level, start, "%s: no route to service \"%s\" (label=\"%s\")", name,
			journey->service, schema_quotable(journey->label));
		break;
	}
	if (journey->why.ambiguous)
		CHECK_ERROR(level, start, "%s: ambiguous routes to service \"%s\"", name,
			journey->service);
}

static void explain(const struct check_level *level, const struct kin_node *start,
	enum route_outcome outcome, const struct journey *journey)
{
	if (journey->level == level)
		explain_here(level, start, outcome, journey);
	else if (outcome != ROUTE_FOUND)
		CHECK_ERROR(level, start,
			"%s: service \"%s\" is denied to \"%s\", which asks for it (label=\"%s\")",
			kin_node_attribute(start, "name"), journey->service,
			kin_node_attribute(journey->start, "name"),
			schema_quotable(journey->label));
}

static void check_binary_exists(const struct check_level *level, const struct kin_node *start,
	const struct journey *journey)
{
	const struct kin_node *named = kin_node_first_of(start, "binary");
	const char *module = kin_label_last(journey->label);

	if (level->facts->binary_exists && !level->facts->binary_exists(level->facts->ctx, module))
		CHECK_ERROR(level, named ? named : start,
			"%s: binary \"%s\" unavailable, it is in no ROM directory",
			kin_node_attribute(start, "name"), schema_quotable(module));
}

static void check_request(struct check_level *level, const struct kin_node *start,
	const char *service, const char *label)
{
	struct journey journey = {
		.level = level, .start = start, .service = service, .by_parent = true
	};
	enum route_outcome outcome = ROUTE_BAD_LABEL;

	if (kin_label_join(kin_node_attribute(start, "name"), label, journey.label) == 0)
		outcome = resolve(&journey);
	explain(level, start, outcome, &journey);
	if (outcome == ROUTE_FOUND && journey.at_core && *label)
		check_binary_exists(level, start, &journey);
}

void check_environment(struct check_level *level, const struct kin_node *start)
{
	if (!route_of(level, start)) {
		CHECK_ERROR(level, start,
			"%s: no route to any service, there is neither <route> nor "
			"<default-route>",
			kin_node_attribute(start, "name"));
		return;
	}
	check_request(level, start, "PD", "");
	check_request(level, start, "CPU", "");
	check_request(level, start, "LOG", "");
	check_request(level, start, "ROM", check_binary(start));
}

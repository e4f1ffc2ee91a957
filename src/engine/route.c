/* Routes; see the header. */
#include "engine/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kin/label.h>

#include "engine/service.h"

static const char blanks[] = " \t\r\n";

/* A value without the blanks around it; they don't count in prefixes and suffixes. */
static const char *trimmed(const char *text, size_t *ret_n)
{
	size_t n;

	text += strspn(text, blanks);
	for (n = strlen(text); n && strchr(blanks, text[n - 1]); n--)
		;
	*ret_n = n;
	return text;
}

static bool starts_with(const char *label, const char *prefix)
{
	size_t n;

	prefix = trimmed(prefix, &n);
	return strncmp(label, prefix, n) == 0;
}

static bool ends_with(const char *label, const char *suffix)
{
	size_t n, length = strlen(label);

	suffix = trimmed(suffix, &n);
	return n <= length && memcmp(label + length - n, suffix, n) == 0;
}

static bool is_blank(const char *text)
{
	return !text[strspn(text, blanks)];
}

/*
 * The request's label without the child's name; NULL if it doesn't start with it. What the parent
 * asks for on the child's behalf under the bare name has nothing behind that name to look at.
 */
static const char *scoped_label(const struct route_request *request)
{
	const char *rest = kin_label_after_prefix(request->label, request->child);

	return rest && !*rest && request->by_parent ? NULL : rest;
}

static bool scoped_matches(const struct kin_node *rule, const struct route_request *request)
{
	const char *equal = kin_node_attribute(rule, "label");
	const char *prefix = kin_node_attribute(rule, "label_prefix");
	const char *suffix = kin_node_attribute(rule, "label_suffix");
	const char *label = scoped_label(request);

	if (!equal && !prefix && !suffix)
		return true;
	if (!label)
		return false;
	if (request->by_parent && ((prefix && is_blank(prefix)) || (suffix && is_blank(suffix))))
		return false;
	return (!equal || strcmp(label, equal) == 0) && (!prefix || starts_with(label, prefix)) &&
	       (!suffix || ends_with(label, suffix));
}

bool route_matches(const struct kin_node *rule, const struct route_request *request)
{
	const char *last = kin_node_attribute(rule, "label_last");
	const char *unscoped = kin_node_attribute(rule, "unscoped_label");

	if (strcmp(kin_node_type(rule), "service") == 0) {
		const char *name = kin_node_attribute(rule, "name");

		if (!name || strcmp(name, request->service) != 0)
			return false;
	} else if (strcmp(kin_node_type(rule), "any-service") != 0) {
		return false;
	}
	if (last || unscoped)
		return (!last || strcmp(kin_label_last(request->label), last) == 0) &&
		       (!unscoped || strcmp(request->label, unscoped) == 0);
	return scoped_matches(rule, request);
}

int route_rewrite(const struct kin_node *target, const char *label, char ret[KIN_LABEL_MAX + 1])
{
	const char *whole = kin_node_attribute(target, "label");
	const char *identity = kin_node_attribute(target, "identity");
	const char *resource = kin_node_attribute(target, "resource");
	const char *prepend = kin_node_attribute(target, "prepend_resource");
	const char *last = resource ? resource : kin_label_last(label);
	size_t n_identity = identity ? strlen(identity) : kin_label_identity_length(label);
	char out[KIN_LABEL_MAX + 1];
	int n;

	if (whole)
		n = snprintf(out, sizeof(out), "%s", whole);
	else
		n = snprintf(out, sizeof(out), "%.*s%s%s%s", (int) n_identity,
			identity ? identity : label, n_identity ? " -> " : "",
			prepend ? prepend : "", last);
	if (n < 0 || (size_t) n >= sizeof(out))
		return -ENAMETOOLONG;
	if (!kin_label_valid(out))
		return -EINVAL;
	memcpy(ret, out, (size_t) n + 1);
	return 0;
}

static struct service *target_service(const struct kin_node *target, const char *service,
	const struct route_world *world, struct route_why *why)
{
	const char *type = kin_node_type(target);
	const char *name = kin_node_attribute(target, "name");

	if (strcmp(type, "parent") == 0)
		return world->parent(world->ctx, service);
	if (strcmp(type, "local") == 0)
		return world->local(world->ctx, service);
	if (strcmp(type, "child") == 0)
		return name ? world->child(world->ctx, name, service) : NULL;
	if (strcmp(type, "any-child") == 0)
		return world->any_child(world->ctx, service, &why->ambiguous);
	return NULL;
}

static enum route_outcome resolve_rule(const struct kin_node *rule,
	const struct route_request *request, const struct route_world *world,
	struct route_result *ret, struct route_why *why)
{
	KIN_NODE_FOREACH (target, rule, NULL) {
		struct service *service = target_service(target, request->service, world, why);

		if (!service)
			continue;
		if (route_rewrite(target, request->label, ret->label) < 0)
			return ROUTE_BAD_LABEL;
		ret->service = service;
		return ROUTE_FOUND;
	}
	return ROUTE_NO_TARGET;
}

enum route_outcome route_resolve(const struct kin_node *route, const struct route_request *request,
	const struct route_world *world, struct route_result *ret, struct route_why *ret_why)
{
	*ret_why = (struct route_why){ NULL, false };
	if (!route)
		return ROUTE_NO_RULE;
	KIN_NODE_FOREACH (rule, route, NULL) {
		if (!route_matches(rule, request))
			continue;
		enum route_outcome outcome = resolve_rule(rule, request, world, ret, ret_why);

		ret_why->rule = rule;
		if (outcome != ROUTE_NO_TARGET || strcmp(kin_node_type(rule), "service") == 0)
			return outcome;
	}
	ret_why->rule = NULL;
	return ROUTE_NO_RULE;
}

/*
 * Routing among the children of a sandbox
 *
 * What <parent/>, <child/>, <any-child/> and <local/> mean here, the ROM modules that a parent
 * makes itself, and what is said when a request leads nowhere.
 */
#include <kin/label.h>

#include "engine/sandbox.h"

static struct service *local_service(void *ctx, const char *name)
{
	struct sandbox *sandbox = ctx;
	const struct owner *owner = sandbox->owner;

	if (!owner->local->exists(owner->ctx, name))
		return NULL;
	struct service_name *entry = services_get(&sandbox->services, name);

	return entry ? &entry->local : NULL;
}

static struct service *parent_service(void *ctx, const char *name)
{
	struct sandbox *sandbox = ctx;
	struct service_name *entry;

	HASH_FIND_STR(sandbox->services.names, name, entry);
	return entry && entry->from_parent ? &entry->parent : NULL;
}

static const char *resolve_alias(struct sandbox *sandbox, const char *name)
{
	struct alias *alias;

	HASH_FIND_STR(sandbox->aliases, name, alias);
	return alias ? alias->child : name;
}

static struct service *child_service(void *ctx, const char *name, const char *service)
{
	struct sandbox *sandbox = ctx;
	struct child *child = sandbox_child(sandbox, resolve_alias(sandbox, name));

	return child ? services_of_child(&sandbox->services, child, service) : NULL;
}

static struct service *any_child_service(void *ctx, const char *name, bool *ret_ambiguous)
{
	struct sandbox *sandbox = ctx;
	struct service_name *entry;

	HASH_FIND_STR(sandbox->services.names, name, entry);
	if (!entry || !entry->children)
		return NULL;
	if (entry->children->next)
		*ret_ambiguous = true;
	return entry->children->next ? NULL : entry->children;
}

static int local_rom(struct sandbox *sandbox, const char *label, enum special_rom special,
	struct route_result *ret)
{
	struct service_name *entry = services_get(&sandbox->services, "ROM");

	if (!entry)
		return -ENOMEM;
	ret->service = &entry->local;
	ret->special = special;
	strcpy(ret->label, label);
	return 0;
}

/* The name under which a binary is asked for, if the request means the child's own one. */
static bool means_binary(const struct child *child, const char *last)
{
	bool linker = strcmp(last, "ld.lib.so") == 0 && !kin_node_boolean(child->start, "ld", true);

	return linker ||
	       (strcmp(last, child->name) == 0 && strcmp(child->name, child->binary) != 0);
}

static void explain(struct sandbox *sandbox, const struct route_request *request,
	enum route_outcome outcome, const struct route_why *why)
{
	const struct owner *owner = sandbox->owner;

	switch (outcome) {
	case ROUTE_FOUND:
		break;
	case ROUTE_BAD_LABEL:
		owner_log(owner, OWNER_ERROR,
			"%s: label of service \"%s\" too long or malformed after rewriting (line "
			"%u)",
			request->child, request->service, kin_node_line(why->rule));
		break;
	case ROUTE_NO_TARGET:
		owner_log(owner, OWNER_ERROR,
			"%s: route to service \"%s\" (label=\"%s\") in line %u leads to nothing "
			"that provides it",
			request->child, request->service, request->label, kin_node_line(why->rule));
		break;
	case ROUTE_NO_RULE:
		owner_log(owner, OWNER_ERROR, "%s: no route to service \"%s\" (label=\"%s\")",
			request->child, request->service, request->label);
		break;
	}
}

int sandbox_route(struct sandbox *sandbox, struct child *child, const struct route_request *request,
	struct route_result *ret)
{
	const struct route_world world = { sandbox, parent_service, local_service, child_service,
		any_child_service };
	const char *last = kin_label_last(request->label);
	struct route_request asked = *request;
	char label[KIN_LABEL_MAX + 1];
	struct route_why why;

	ret->special = SPECIAL_ROM_NONE;
	if (strcmp(request->service, "ROM") == 0 && !request->by_parent) {
		if (strcmp(last, "config") == 0 && sandbox_child_config(child))
			return local_rom(sandbox, request->label, SPECIAL_ROM_CONFIG, ret);
		if (strcmp(last, "session_requests") == 0)
			return local_rom(sandbox, request->label, SPECIAL_ROM_REQUESTS, ret);
		if (means_binary(child, last)) {
			if (kin_label_join(child->name, child->binary, label) < 0)
				return KIN_DENIED;
			asked.label = label;
		}
	}
	const struct kin_node *route = kin_node_first_of(child->start, "route");

	if (!route)
		route = sandbox->globals.default_route;
	enum route_outcome outcome = route_resolve(route, &asked, &world, ret, &why);

	if (why.ambiguous)
		owner_log(sandbox->owner, OWNER_ERROR, "%s: ambiguous routes to service \"%s\"",
			child->name, request->service);
	explain(sandbox, &asked, outcome, &why);
	return outcome == ROUTE_FOUND ? 0 : KIN_DENIED;
}

/*
 * Routing among the children of a sandbox
 *
 * What <parent/>, <child/>, <any-child/> and <local/> mean here, the ROM modules that a parent
 * makes itself, and what is said when a request leads nowhere.
 */
#include <stdio.h>

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

struct service *sandbox_child_service(
	struct sandbox *sandbox, const char *name, const char *service)
{
	struct child *child = sandbox_child(sandbox, resolve_alias(sandbox, name));

	return child ? services_of_child(&sandbox->services, child, service) : NULL;
}

static struct service *child_service(void *ctx, const char *name, const char *service)
{
	return sandbox_child_service(ctx, name, service);
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

/* What is wrong with a request that leads nowhere. */
static void explain(struct child *child, const struct route_request *request,
	enum route_outcome outcome, const struct route_why *why)
{
	unsigned line = why->rule ? kin_node_line(why->rule) : 0;
	char text[HISTORY_TEXT_MAX + KIN_LABEL_MAX];

	switch (outcome) {
	case ROUTE_FOUND:
		return;
	case ROUTE_BAD_LABEL:
		snprintf(text, sizeof(text),
			"label of service \"%s\" too long or malformed after rewriting (line %u)",
			request->service, line);
		break;
	case ROUTE_NO_TARGET:
		snprintf(text, sizeof(text),
			"route to service \"%s\" (label=\"%s\") in line %u leads to nothing that "
			"provides it",
			request->service, request->label, line);
		break;
	case ROUTE_NO_RULE:
		snprintf(text, sizeof(text), "no route to service \"%s\" (label=\"%s\")",
			request->service, request->label);
		break;
	}
	owner_log(child->sandbox->owner, OWNER_ERROR, "%s: %s", child->name, text);
	history_add(&child->history, HISTORY_DENIED, text);
}

/* Return: 0 and the module, -ENOENT if the request means none that a parent makes */
static int special_rom(struct sandbox *sandbox, const struct child *child,
	const struct route_request *request, struct route_result *ret)
{
	const char *last = kin_label_last(request->label);

	if (strcmp(last, "config") == 0 && sandbox_child_config(child))
		return local_rom(sandbox, request->label, SPECIAL_ROM_CONFIG, ret);
	if (strcmp(last, "session_requests") == 0)
		return local_rom(sandbox, request->label, SPECIAL_ROM_REQUESTS, ret);
	return -ENOENT;
}

int sandbox_find_route(struct sandbox *sandbox, struct child *child,
	const struct route_request *request, struct route_result *ret, struct route_why *ret_why)
{
	const struct route_world world = { sandbox, parent_service, local_service, child_service,
		any_child_service };
	const struct kin_node *route = kin_node_first_of(child->start, "route");
	struct route_request asked = *request;
	char label[KIN_LABEL_MAX + 1];

	*ret_why = (struct route_why){ NULL, false };
	ret->special = SPECIAL_ROM_NONE;
	if (strcmp(request->service, "ROM") == 0 && !request->by_parent) {
		int r = special_rom(sandbox, child, request, ret);

		if (r != -ENOENT)
			return r == 0 ? (int) ROUTE_FOUND : r;
		if (means_binary(child, kin_label_last(request->label))) {
			if (kin_label_join(child->name, child->binary, label) < 0)
				return ROUTE_BAD_LABEL;
			asked.label = label;
		}
	}
	return route_resolve(
		route ? route : sandbox->globals.default_route, &asked, &world, ret, ret_why);
}

int sandbox_route(struct sandbox *sandbox, struct child *child, const struct route_request *request,
	struct route_result *ret)
{
	struct route_why why;
	int r = sandbox_find_route(sandbox, child, request, ret, &why);

	if (r < 0)
		return r;
	if (why.ambiguous)
		owner_log(sandbox->owner, OWNER_ERROR, "%s: ambiguous routes to service \"%s\"",
			child->name, request->service);
	explain(child, request, (enum route_outcome) r, &why);
	return r == ROUTE_FOUND ? 0 : KIN_DENIED;
}

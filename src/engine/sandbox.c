/*
 * Sandbox
 *
 * Children are kept in the order of their start nodes, which is the order of everything that is
 * done to all of them. budget.c reads what each is assigned, routing.c answers what a route means
 * among these children.
 */
#include "engine/sandbox.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include <kin/label.h>

#include "engine/budget.h"
#include "engine/environment.h"
#include "engine/schema.h"

void sandbox_init(struct sandbox *sandbox, const struct owner *owner)
{
	*sandbox = (struct sandbox){ .owner = owner,
		.preserve = { SANDBOX_PRESERVE_RAM, SANDBOX_PRESERVE_CAPS } };
}

void sandbox_schedule(struct sandbox *sandbox)
{
	if (sandbox->scheduled)
		return;
	sandbox->scheduled = true;
	sandbox->owner->schedule(sandbox->owner->ctx);
}

struct child *sandbox_child(struct sandbox *sandbox, const char *name)
{
	struct child *child;

	HASH_FIND(by_name, sandbox->by_name, name, strlen(name), child);
	return child;
}

const struct kin_node *sandbox_child_config(const struct child *child)
{
	return child->start ? kin_node_first_of(child->start, "config") : NULL;
}

static void check_elements(struct sandbox *sandbox, const struct kin_node *config)
{
	KIN_NODE_FOREACH (node, config, NULL)
		if (!schema_top_level_known(kin_node_type(node)))
			owner_log(sandbox->owner, OWNER_WARNING, "unknown config element type <%s>",
				kin_node_type(node));
}

/* The global element of a type that counts, which is the last one. */
static const struct kin_node *global(
	struct sandbox *sandbox, const struct kin_node *config, const char *type)
{
	const struct kin_node *first = kin_node_first_of(config, type), *last = first;

	while (last && kin_node_next_of(last, type))
		last = kin_node_next_of(last, type);
	if (first != last)
		owner_log(sandbox->owner, OWNER_WARNING,
			"config has several <%s> elements, the one in line %u counts", type,
			kin_node_line(last));
	return last;
}

static void read_parent_provides(struct sandbox *sandbox, const struct kin_node *provides)
{
	if (!provides)
		return;
	KIN_NODE_FOREACH (service, provides, "service") {
		const char *name = kin_node_attribute(service, "name");
		bool valid = name && kin_name_valid(name);
		struct service_name *entry =
			valid ? services_get(&sandbox->services, name) : NULL;

		if (entry)
			entry->from_parent = true;
		else if (valid)
			owner_log(sandbox->owner, OWNER_ERROR,
				"out of memory for service \"%s\" of the parent", name);
		else
			owner_log(sandbox->owner, OWNER_WARNING,
				"service without a valid name in <parent-provides> (line %u)",
				kin_node_line(service));
	}
}

static void read_alias(struct sandbox *sandbox, const struct kin_node *node)
{
	const char *name = kin_node_attribute(node, "name");
	const char *child = kin_node_attribute(node, "child");
	struct alias *alias;

	if (!name || !*name || !child || !*child) {
		owner_log(sandbox->owner, OWNER_WARNING,
			"missing '%s' attribute in '<alias>' entry (line %u)",
			name && *name ? "child" : "name", kin_node_line(node));
		return;
	}
	HASH_FIND_STR(sandbox->aliases, name, alias);
	if (alias) {
		owner_log(sandbox->owner, OWNER_ERROR,
			"alias \"%s\" in line %u repeats the name of another, ignored", name,
			kin_node_line(node));
		return;
	}
	alias = calloc(1, sizeof(*alias));
	if (alias) {
		alias->name = name;
		alias->child = child;
		HASH_ADD_KEYPTR(hh, sandbox->aliases, alias->name, strlen(alias->name), alias);
		if (alias->hh.tbl)
			return;
		free(alias);
	}
	owner_log(sandbox->owner, OWNER_ERROR, "out of memory for alias \"%s\"", name);
}

static void read_globals(struct sandbox *sandbox, const struct kin_node *config)
{
	check_elements(sandbox, config);
	sandbox->globals.defaults = global(sandbox, config, "default");
	sandbox->globals.default_route = global(sandbox, config, "default-route");
	read_parent_provides(sandbox, global(sandbox, config, "parent-provides"));
	KIN_NODE_FOREACH (alias, config, "alias")
		read_alias(sandbox, alias);
}

static const char *usable_name(struct sandbox *sandbox, const struct kin_node *start)
{
	const char *name = kin_node_attribute(start, "name");

	if (!name || !*name) {
		owner_log(sandbox->owner, OWNER_WARNING,
			"missing 'name' attribute in '<start>' entry (line %u)",
			kin_node_line(start));
		return NULL;
	}
	if (!kin_name_valid(name)) {
		owner_log(sandbox->owner, OWNER_ERROR,
			"name of start node in line %u is not a valid name of at most %d bytes",
			kin_node_line(start), KIN_NAME_MAX);
		return NULL;
	}
	if (sandbox_child(sandbox, name)) {
		owner_log(sandbox->owner, OWNER_ERROR,
			"start node \"%s\" in line %u repeats the name of another, ignored", name,
			kin_node_line(start));
		return NULL;
	}
	return name;
}

static void read_provides(struct child *child)
{
	const struct kin_node *provides = kin_node_first_of(child->start, "provides");

	if (!provides)
		return;
	KIN_NODE_FOREACH (service, provides, "service") {
		const char *name = kin_node_attribute(service, "name");

		if (!name || !kin_name_valid(name))
			owner_log(child->sandbox->owner, OWNER_WARNING,
				"%s: service without a valid name in <provides> (line %u)",
				child->name, kin_node_line(service));
		else if (services_provide(&child->sandbox->services, child, name) == -ENOMEM)
			owner_log(child->sandbox->owner, OWNER_ERROR,
				"%s: out of memory for service \"%s\"", child->name, name);
	}
}

static bool read_binary(struct child *child)
{
	const struct kin_node *node = kin_node_first_of(child->start, "binary");
	const char *binary = node ? kin_node_attribute(node, "name") : NULL;

	binary = binary && *binary ? binary : child->name;
	if (!kin_label_valid(binary)) {
		owner_log(child->sandbox->owner, OWNER_ERROR,
			"%s: name of the binary too long or malformed", child->name);
		return false;
	}
	strcpy(child->binary, binary);
	return true;
}

static void create_child(
	struct sandbox *sandbox, const struct kin_node *start, struct budget *budget)
{
	const char *name = usable_name(sandbox, start);
	struct child *child = name ? child_new(sandbox, name) : NULL;

	if (!child) {
		if (name)
			owner_log(sandbox->owner, OWNER_ERROR, "%s: out of memory", name);
		return;
	}
	const struct kin_node *exit = kin_node_first_of(start, "exit");

	child->start = start;
	child->id = ++sandbox->last_child_id;
	child->propagate_exit = exit && kin_node_boolean(exit, "propagate", false);
	HASH_ADD_KEYPTR(by_name, sandbox->by_name, child->name, strlen(child->name), child);
	if (!child->by_name.tbl) {
		owner_log(sandbox->owner, OWNER_ERROR, "%s: out of memory", name);
		child_free(child);
		return;
	}
	DL_APPEND(sandbox->children, child);
	child->failed = !read_binary(child) || !budget_assign(budget, child);
	if (!child->failed)
		read_provides(child);
	sandbox_advance(child);
}

void sandbox_apply(struct sandbox *sandbox, struct kin_tree *config)
{
	const struct kin_node *root = kin_tree_root(config);
	struct budget budget;

	assert(!sandbox->config);
	sandbox->config = config;
	read_globals(sandbox, root);
	budget_open(&budget, sandbox, root);
	KIN_NODE_FOREACH (start, root, "start")
		create_child(sandbox, start, &budget);
}

static void advance(struct child *child)
{
	const struct owner *owner = child->sandbox->owner;

	switch (child->state) {
	case CHILD_INCOMPLETE:
		if (child->failed)
			child_close_all(child);
		else
			environment_advance(child);
		break;
	case CHILD_EXITED:
		child_close_all(child);
		if (child->propagate_exit)
			owner->children->exit(owner->ctx, child->exit_value);
		child->propagate_exit = false;
		break;
	case CHILD_ALIVE:
	case CHILD_ABANDONED:
		break;
	}
}

void sandbox_advance(struct child *child)
{
	struct sandbox *sandbox = child->sandbox;

	if (child->advance)
		return;
	child->advance = true;
	DL_APPEND2(sandbox->advancing, child, advance_prev, advance_next);
	sandbox_schedule(sandbox);
}

void sandbox_step(struct sandbox *sandbox)
{
	struct child *child;

	sandbox->scheduled = false;
	DL_FOREACH2 (sandbox->advancing, child, advance_next)
		environment_advance_pd(child);
	while ((child = sandbox->advancing)) {
		DL_DELETE2(sandbox->advancing, child, advance_prev, advance_next);
		child->advance = false;
		advance(child);
	}
}

void sandbox_up_answers(struct sandbox *sandbox)
{
	struct session *session, *next;

	DL_FOREACH_SAFE2 (sandbox->waiting, session, next, waiting_next)
		session_up_answer(session);
}

void sandbox_ask_parent(struct sandbox *sandbox, struct quota amount)
{
	const struct owner *owner = sandbox->owner;

	if (sandbox->asked)
		return;
	sandbox->asked = true;
	owner->up->resource_request(owner->ctx, amount);
}

void sandbox_granted(struct sandbox *sandbox)
{
	struct child *child;

	sandbox->asked = false;
	DL_FOREACH (sandbox->children, child) {
		if (!child->short_above)
			continue;
		child->short_above = false;
		child_post(child, CHILD_EVENT_RESOURCE);
	}
}

/* What the parent has still to close is not waited for. */
static void end_child(struct child *child)
{
	struct session *session = session_find_closing(child, ENV_PD), *next;

	if (session) {
		session_closed(session);
		child_close_all(child);
	}
	assert(!child->served);
	DL_FOREACH_SAFE2 (child->closing, session, next, closing_next)
		session_closed(session);
}

void sandbox_done(struct sandbox *sandbox)
{
	struct child *child, *next;
	struct session *session, *next_session;
	struct alias *alias, *next_alias;

	DL_FOREACH (sandbox->children, child) {
		child->state = CHILD_ABANDONED;
		child_close_all(child);
	}
	DL_FOREACH (sandbox->children, child)
		end_child(child);
	DL_FOREACH_SAFE2 (sandbox->waiting, session, next_session, waiting_next)
		session_closed(session);
	DL_FOREACH_SAFE (sandbox->children, child, next) {
		if (child->advance)
			DL_DELETE2(sandbox->advancing, child, advance_prev, advance_next);
		HASH_DELETE(by_name, sandbox->by_name, child);
		DL_DELETE(sandbox->children, child);
		child_free(child);
	}
	HASH_ITER (hh, sandbox->aliases, alias, next_alias) {
		HASH_DEL(sandbox->aliases, alias);
		free(alias);
	}
	services_done(&sandbox->services);
	sandbox->config = kin_tree_free(sandbox->config);
}

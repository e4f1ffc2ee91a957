/* Global elements; see the header. */
#include "engine/globals.h"

#include <stdlib.h>
#include <utlist.h>

#include <kin/label.h>

#include "engine/placement.h"
#include "engine/sandbox.h"
#include "engine/schema.h"
#include "engine/update.h"

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

/*
 * Services of the parent
 */

static bool provides(const struct kin_node *parent_provides, const char *service)
{
	KIN_NODE_FOREACH (node, parent_provides, "service") {
		const char *name = kin_node_attribute(node, "name");

		if (name && strcmp(name, service) == 0)
			return true;
	}
	return false;
}

static void read_parent_service(struct sandbox *sandbox, const struct kin_node *service)
{
	const char *name = kin_node_attribute(service, "name");

	if (!name || !kin_name_valid(name))
		owner_log(sandbox->owner, OWNER_WARNING,
			"service without a valid name in <parent-provides> (line %u)",
			kin_node_line(service));
	else if (services_from_parent(&sandbox->services, name, true) < 0)
		owner_log(sandbox->owner, OWNER_ERROR,
			"out of memory for service \"%s\" of the parent", name);
}

static void read_parent_provides(
	struct sandbox *sandbox, const struct kin_node *before, const struct kin_node *now)
{
	KIN_NODE_FOREACH (service, before, "service") {
		const char *name = kin_node_attribute(service, "name");

		if (name && kin_name_valid(name) && !provides(now, name))
			services_from_parent(&sandbox->services, name, false);
	}
	KIN_NODE_FOREACH (service, now, "service")
		read_parent_service(sandbox, service);
}

/*
 * Aliases
 */

static struct alias *alias_find(struct alias *aliases, const char *name)
{
	struct alias *alias;

	HASH_FIND_STR(aliases, name, alias);
	return alias;
}

static void read_alias(struct sandbox *sandbox, const struct kin_node *node, struct alias **aliases)
{
	const char *name = kin_node_attribute(node, "name");
	const char *child = kin_node_attribute(node, "child");
	struct alias *alias;

	if (!name || !*name || !child || !*child) {
		owner_log(sandbox->owner, OWNER_WARNING,
			"missing '%s' attribute in '<alias>' entry",
			name && *name ? "child" : "name");
		return;
	}
	if (alias_find(*aliases, name)) {
		owner_log(sandbox->owner, OWNER_ERROR,
			"alias \"%s\" in line %u repeats the name of another, ignored", name,
			kin_node_line(node));
		return;
	}
	alias = calloc(1, sizeof(*alias));
	if (alias) {
		alias->name = name;
		alias->child = child;
		HASH_ADD_KEYPTR(hh, *aliases, alias->name, strlen(alias->name), alias);
		if (alias->hh.tbl)
			return;
		free(alias);
	}
	owner_log(sandbox->owner, OWNER_ERROR, "out of memory for alias \"%s\"", name);
}

static void aliases_free(struct alias *aliases)
{
	struct alias *alias, *next;

	HASH_ITER (hh, aliases, alias, next) {
		HASH_DEL(aliases, alias);
		free(alias);
	}
}

static bool aliases_equal(struct alias *a, struct alias *b)
{
	if (HASH_COUNT(a) != HASH_COUNT(b))
		return false;
	for (const struct alias *alias = a; alias; alias = alias->hh.next) {
		const struct alias *other = alias_find(b, alias->name);

		if (!other || strcmp(other->child, alias->child) != 0)
			return false;
	}
	return true;
}

/* Return: whether one of them means another child than before */
static bool read_aliases(struct sandbox *sandbox, const struct kin_node *config)
{
	struct alias *before = sandbox->aliases, *now = NULL;

	KIN_NODE_FOREACH (alias, config, "alias")
		read_alias(sandbox, alias, &now);
	bool changed = !aliases_equal(before, now);

	sandbox->aliases = now;
	aliases_free(before);
	return changed;
}

/*
 * Amounts and the rest
 */

static const struct kin_node *preserved_node(const struct kin_node *config, const char *name)
{
	const struct kin_node *last = NULL;

	KIN_NODE_FOREACH (node, config, "resource") {
		const char *given = kin_node_attribute(node, "name");

		if (given && strcmp(given, name) == 0)
			last = node;
	}
	return last;
}

static void read_preserved(struct sandbox *sandbox, const struct kin_node *config)
{
	struct quota *preserve = &sandbox->globals.preserve, before = *preserve;

	preserve->ram =
		kin_node_number(preserved_node(config, "RAM"), "preserve", SANDBOX_PRESERVE_RAM);
	preserve->caps =
		kin_node_number(preserved_node(config, "CAP"), "preserve", SANDBOX_PRESERVE_CAPS);
	if (before.ram != preserve->ram || before.caps != preserve->caps)
		sandbox->globals.told_preserve = false;
}

static void read_heartbeat(struct sandbox *sandbox, const struct kin_node *heartbeat)
{
	const struct owner *owner = sandbox->owner;
	uint64_t ms = heartbeat ? kin_node_number(heartbeat, "rate_ms", 1000) : 0;

	if (ms != sandbox->globals.heartbeat_ms && owner->time)
		owner->time->arm(owner->ctx, OWNER_TIMER_HEARTBEAT, ms, true);
	sandbox->globals.heartbeat_ms = ms;
}

static bool differ(const struct kin_node *a, const struct kin_node *b)
{
	return a && b ? !kin_node_equal(a, b) : a != b;
}

void globals_apply(
	struct sandbox *sandbox, const struct kin_node *before, const struct kin_node *config)
{
	struct globals *globals = &sandbox->globals, last = *globals;
	struct child *child;

	check_elements(sandbox, config);
	globals->verbose = kin_node_boolean(config, "verbose", false);
	globals->defaults = global(sandbox, config, "default");
	globals->default_route = global(sandbox, config, "default-route");
	globals->parent_provides = global(sandbox, config, "parent-provides");
	global(sandbox, config, "affinity-space");
	placement_explain(sandbox, config);
	read_preserved(sandbox, config);
	read_heartbeat(sandbox, global(sandbox, config, "heartbeat"));
	report_configure(sandbox, global(sandbox, config, "report"));
	read_parent_provides(sandbox, last.parent_provides, globals->parent_provides);
	bool everywhere = read_aliases(sandbox, config);
	bool defaulted = before && differ(last.default_route, globals->default_route);

	DL_FOREACH (sandbox->children, child)
		if (everywhere || (defaulted && !kin_node_first_of(child->start, "route")))
			child->uncertain = true;
}

void globals_done(struct sandbox *sandbox)
{
	aliases_free(sandbox->aliases);
	sandbox->aliases = NULL;
}

/* Check, one level; see the header. */
#include "engine/check_level.h"

#include <stdalign.h>
#include <string.h>

#include <kin/label.h>

#include "base/memory.h"
#include "engine/schema.h"

struct check_position check_position(const struct kin_node *node, const char *attribute)
{
	struct check_position position = { kin_node_line(node), kin_node_column(node) };
	const char *name;
	unsigned line, column;

	for (size_t i = 0; i < kin_node_n_attributes(node); i++) {
		kin_node_attribute_at(node, i, &name, NULL, &line, &column);
		if (strcmp(name, attribute) == 0)
			position = (struct check_position){ line, column };
	}
	return position;
}

struct check_name *check_name_find(struct check_name *table, const char *name)
{
	struct check_name *entry;

	HASH_FIND_STR(table, name, entry);
	return entry;
}

struct check_name *check_name_get(struct check_level *level, struct check_name **table,
	const char *name, const struct kin_node *node)
{
	struct check_name *entry = check_name_find(*table, name);

	if (entry)
		return entry;
	entry = arena_alloc(&level->arena, sizeof(*entry), alignof(struct check_name));
	if (entry) {
		*entry = (struct check_name){ .name = name, .node = node };
		HASH_ADD_KEYPTR(hh, *table, name, strlen(name), entry);
	}
	if (!entry || !entry->hh.tbl) {
		level->error = -ENOMEM;
		return NULL;
	}
	return entry;
}

/* Return: a node's attribute if it can serve as a name, else NULL; the schema says why */
static const char *name_of(const struct kin_node *node, const char *attribute)
{
	const char *name = kin_node_attribute(node, attribute);

	return name && kin_name_valid(name) ? name : NULL;
}

static void read_children(struct check_level *level)
{
	KIN_NODE_FOREACH (start, level->config, "start") {
		const char *name = name_of(start, "name");
		struct check_name *entry =
			name ? check_name_get(level, &level->children, name, start) : NULL;

		if (entry && entry->node != start)
			CHECK_ERROR(level, start,
				"start node \"%s\" repeats the name of another (line %u), ignored",
				name, kin_node_line(entry->node));
	}
}

static void read_alias(struct check_level *level, const struct kin_node *alias)
{
	const char *name = name_of(alias, "name"), *child = name_of(alias, "child");
	const struct check_name *taken = name ? check_name_find(level->children, name) : NULL;
	struct check_name *entry;

	if (!name || !child)
		return;
	if (taken) {
		CHECK_ERROR(level, alias, "alias \"%s\" repeats the name of a child (line %u)",
			name, kin_node_line(taken->node));
		return;
	}
	entry = check_name_get(level, &level->aliases, name, alias);
	if (entry && entry->node != alias)
		CHECK_ERROR(level, alias, "alias \"%s\" repeats the name of another (line %u)",
			name, kin_node_line(entry->node));
	else if (!check_name_find(level->children, child))
		CHECK_ERROR(level, alias, "alias \"%s\" names a child \"%s\" that does not exist",
			name, child);
}

static void read_provides(struct check_level *level, const struct kin_node *start)
{
	KIN_NODE_FOREACH (service, kin_node_first_of(start, "provides"), "service") {
		const char *name = name_of(service, "name");
		struct check_name *entry =
			name ? check_name_get(level, &level->services, name, service) : NULL;

		if (!entry)
			continue;
		if (entry->last == start) {
			CHECK_WARNING(
				level, service, "service \"%s\" repeated in <provides>", name);
			continue;
		}
		entry->last = start;
		entry->n_children++;
	}
}

static void read_parent_provides(struct check_level *level)
{
	KIN_NODE_FOREACH (service, level->parent_provides, "service") {
		const char *name = name_of(service, "name");
		struct check_name *entry =
			name ? check_name_get(level, &level->parent_services, name, service) : NULL;

		if (entry && entry->node != service)
			CHECK_WARNING(level, service,
				"service \"%s\" repeated in <parent-provides>", name);
	}
}

/* Of several of a kind the last one counts. */
static const struct kin_node *global(const struct check_level *level, const char *type)
{
	const struct kin_node *last = NULL;

	KIN_NODE_FOREACH (node, level->config, type)
		last = node;
	return last;
}

void check_level_open(struct check_level *level)
{
	arena_init(&level->arena, &kin_memory_libc);
	level->from_parent.kind = SERVICE_PARENT;
	level->from_child.kind = SERVICE_CHILD;
	level->parent_provides = global(level, "parent-provides");
	level->defaults = global(level, "default");
	level->default_route = global(level, "default-route");
	level->heartbeat = global(level, "heartbeat");
	read_parent_provides(level);
	read_children(level);
	KIN_NODE_FOREACH (alias, level->config, "alias")
		read_alias(level, alias);
	KIN_NODE_FOREACH (start, level->config, "start")
		if (check_is_child(level, start))
			read_provides(level, start);
}

void check_level_close(struct check_level *level)
{
	HASH_CLEAR(hh, level->children);
	HASH_CLEAR(hh, level->aliases);
	HASH_CLEAR(hh, level->services);
	HASH_CLEAR(hh, level->parent_services);
	HASH_CLEAR(hh, level->forwards);
	arena_done(&level->arena);
}

bool check_is_child(const struct check_level *level, const struct kin_node *start)
{
	const char *name = kin_node_attribute(start, "name");
	const struct check_name *entry = name ? check_name_find(level->children, name) : NULL;

	return entry && entry->node == start;
}

const struct kin_node *check_child(const struct check_level *level, const char *name)
{
	const struct check_name *alias = check_name_find(level->aliases, name);
	const struct check_name *child = check_name_find(
		level->children, alias ? kin_node_attribute(alias->node, "child") : name);

	return child ? child->node : NULL;
}

bool check_provides(const struct kin_node *start, const char *service)
{
	KIN_NODE_FOREACH (provided, kin_node_first_of(start, "provides"), "service") {
		const char *name = kin_node_attribute(provided, "name");

		if (name && strcmp(name, service) == 0)
			return true;
	}
	return false;
}

const char *check_binary(const struct kin_node *start)
{
	const char *binary = kin_node_attribute(kin_node_first_of(start, "binary"), "name");

	return binary && *binary ? binary : kin_node_attribute(start, "name");
}

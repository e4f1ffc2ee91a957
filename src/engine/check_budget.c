/*
 * Check, what children are assigned: quota, priority, affinity
 *
 * Quota goes to children in the order of their start nodes, as init gives it (budget.h).
 */
#include <string.h>

#include <kin/number.h>

#include "engine/check_level.h"
#include "engine/environment.h"
#include "engine/placement.h"
#include "engine/sandbox.h"

struct resource_kind {
	const char *name;      /* of <resource> */
	const char *attribute; /* of <start> and <default> */
	const char *title, *plenty;
};

static const struct resource_kind ram_kind = { "RAM", "ram", "RAM", "memory" };
static const struct resource_kind cap_kind = { "CAP", "caps", "cap", "caps" };

/* The <resource> of that name that counts, the last one. */
static const struct kin_node *resource_node(
	struct check_level *level, const struct kin_node *parent, const char *name)
{
	const struct kin_node *last = NULL;

	KIN_NODE_FOREACH (node, parent, "resource") {
		const char *given = kin_node_attribute(node, "name");

		if (!given || strcmp(given, name) != 0)
			continue;
		if (last)
			CHECK_WARNING(level, node,
				"<resource name=\"%s\"> repeated, the last one counts", name);
		last = node;
	}
	return last;
}

static uint64_t available_beyond(struct check_level *level, const struct resource_kind *kind,
	uint64_t owned, uint64_t preserved)
{
	const struct kin_node *node = resource_node(level, level->config, kind->name);

	preserved = kin_node_number(node, "preserve", preserved);
	if (preserved > owned)
		CHECK_WARNING(level, node ? node : level->config,
			"%s preservation exceeds available %s", kind->title, kind->plenty);
	return amount_less(owned, preserved);
}

void check_preserved(struct check_level *level, struct quota owned)
{
	level->available.ram = available_beyond(level, &ram_kind, owned.ram, SANDBOX_PRESERVE_RAM);
	level->available.caps =
		available_beyond(level, &cap_kind, owned.caps, SANDBOX_PRESERVE_CAPS);
}

/* Return: 0 if nothing says how much, or nothing valid */
static uint64_t configured(
	struct check_level *level, const struct kin_node *start, const struct resource_kind *kind)
{
	const struct kin_node *element = resource_node(level, start, kind->name);
	uint64_t amount = 0;

	if (element && kin_node_read_number(element, "quantum", &amount) == 0) {
		if (kin_node_has(start, kind->attribute))
			CHECK_WARNING(level, element, "%s: ambiguous %s-quota definition",
				kin_node_attribute(start, "name"), kind->title);
		return amount;
	}
	if (kin_node_read_number(start, kind->attribute, &amount) == 0)
		return amount;
	return kin_node_number(level->defaults, kind->attribute, 0);
}

static uint64_t assign(struct check_level *level, const struct kin_node *start,
	const struct resource_kind *kind, uint64_t cost, uint64_t *available)
{
	char proceed[KIN_NUMBER_TEXT_MAX], text[KIN_NUMBER_TEXT_MAX];
	struct check_position at = check_position(start, kind->attribute);
	const char *name = kin_node_attribute(start, "name");
	uint64_t amount = configured(level, start, kind);

	if (amount == 0) {
		kin_diag_error(level->diag, at.line, at.column, "%s: no valid %s quota defined",
			name, kind->title);
		return 0;
	}
	if (amount > *available) {
		kin_diag_warning(level->diag, at.line, at.column,
			"%s: configured %s exceeds available %s, proceed with %s (%s too little)",
			name, kind->title, kind->title, kin_number_print(proceed, *available),
			kin_number_print(text, amount - *available));
		amount = *available;
	}
	*available -= amount;
	if (amount <= cost)
		kin_diag_error(level->diag, at.line, at.column,
			"%s: %s quota of %s leaves nothing beyond the %s that its environment "
			"costs",
			name, kind->title, kin_number_print(proceed, amount),
			kin_number_print(text, cost));
	return amount;
}

struct quota check_budget(struct check_level *level, const struct kin_node *start)
{
	struct quota cost = environment_cost();

	return (struct quota){
		assign(level, start, &ram_kind, cost.ram, &level->available.ram),
		assign(level, start, &cap_kind, cost.caps, &level->available.caps),
	};
}

static void tell_error(
	void *ctx, const struct kin_node *node, const char *attribute, const char *text)
{
	struct check_level *level = ctx;
	struct check_position at = check_position(node, attribute ? attribute : "");

	kin_diag_error(level->diag, at.line, at.column, "%s", text);
}

static void tell_warning(
	void *ctx, const struct kin_node *node, const char *attribute, const char *text)
{
	struct check_level *level = ctx;
	struct check_position at = check_position(node, attribute ? attribute : "");

	kin_diag_warning(level->diag, at.line, at.column, "%s", text);
}

void check_scheme(struct check_level *level)
{
	const struct placement_listener listener = { level, tell_error, tell_warning };

	level->scheme = placement_scheme_read(level->config, &listener);
}

void check_placement(struct check_level *level, const struct kin_node *start)
{
	const struct placement_listener listener = { level, tell_error, tell_warning };

	placement_read(start, &level->scheme, &listener);
}

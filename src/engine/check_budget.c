/*
 * Check, what children are assigned: quota, priority, affinity
 *
 * Quota goes to children in the order of their start nodes, as init gives it (budget.h).
 */
#include <inttypes.h>
#include <string.h>

#include <kin/number.h>

#include "engine/check_level.h"
#include "engine/environment.h"
#include "engine/sandbox.h"

struct resource_kind {
	const char *name;      /* of <resource> */
	const char *attribute; /* of <start> and <default> */
	const char *title, *plenty;
};

static const struct resource_kind ram_kind = { "RAM", "ram", "RAM", "memory" };
static const struct resource_kind cap_kind = { "CAP", "caps", "cap", "caps" };

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

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
	return less(owned, preserved);
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

/* Return: 0 if there are none */
static uint64_t priority_levels(const struct check_level *level)
{
	uint64_t levels = kin_node_number(level->config, "prio_levels", 0);

	return levels & (levels - 1) ? 0 : levels;
}

void check_priority_levels(struct check_level *level)
{
	struct check_position at = check_position(level->config, "prio_levels");
	uint64_t levels;

	if (kin_node_read_number(level->config, "prio_levels", &levels) == 0 &&
		priority_levels(level) == 0)
		kin_diag_warning(level->diag, at.line, at.column,
			"prio_levels=\"%" PRIu64 "\" is not a power of two, priorities are off",
			levels);
}

void check_priority(struct check_level *level, const struct kin_node *start)
{
	struct check_position at = check_position(start, "priority");
	const char *name = kin_node_attribute(start, "name");
	uint64_t levels = priority_levels(level);
	int64_t priority, lowest = levels ? -(int64_t) (levels - 1) : 0;

	if (kin_node_read_signed(start, "priority", &priority) < 0 || priority == 0)
		return;
	if (priority > 0)
		kin_diag_error(level->diag, at.line, at.column,
			"%s: priority %" PRId64 " is neither 0 nor negative", name, priority);
	else if (levels == 0)
		kin_diag_warning(level->diag, at.line, at.column,
			"%s: priority has no effect without valid 'prio_levels'", name);
	else if (priority < lowest)
		kin_diag_warning(level->diag, at.line, at.column,
			"%s: priority %" PRId64 " is below the lowest of %" PRIu64
			" levels, raised to %" PRId64,
			name, priority, levels, lowest);
}

static bool within(uint64_t position, uint64_t length, uint64_t space)
{
	return position <= space && length <= space - position;
}

void check_affinity(struct check_level *level, const struct kin_node *start)
{
	const struct kin_node *affinity = kin_node_first_of(start, "affinity");
	const char *name = kin_node_attribute(start, "name");

	if (!affinity)
		return;
	if (!level->affinity_space) {
		CHECK_WARNING(level, affinity,
			"affinity-space configuration missing, but affinity defined for child %s",
			name);
		return;
	}
	uint64_t space_width = kin_node_number(level->affinity_space, "width", 1);
	uint64_t space_height = kin_node_number(level->affinity_space, "height", 1);
	uint64_t width = kin_node_number(affinity, "width", space_width);
	uint64_t height = kin_node_number(affinity, "height", space_height);

	if (width == 0 || height == 0)
		CHECK_ERROR(level, affinity, "%s: affinity location is empty", name);
	else if (!within(kin_node_number(affinity, "xpos", 0), width, space_width) ||
		 !within(kin_node_number(affinity, "ypos", 0), height, space_height))
		CHECK_ERROR(level, affinity,
			"%s: affinity location exceeds affinity-space boundary", name);
}

/* Budgets; see the header. */
#include "engine/budget.h"

#include <kin/number.h>

#include "engine/environment.h"

struct resource_kind {
	const char *name;      /* of <resource> */
	const char *attribute; /* of <start> and <default> */
	const char *title;     /* for messages */
};

static const struct resource_kind ram_kind = { "RAM", "ram", "RAM" };
static const struct resource_kind cap_kind = { "CAP", "caps", "cap" };

static const struct kin_node *resource_node(const struct kin_node *parent, const char *name)
{
	KIN_NODE_FOREACH (node, parent, "resource") {
		const char *given = kin_node_attribute(node, "name");

		if (given && strcmp(given, name) == 0)
			return node;
	}
	return NULL;
}

static uint64_t preserved(const struct kin_node *config, const char *name, uint64_t fallback)
{
	const struct kin_node *node = resource_node(config, name);

	return node ? kin_node_number(node, "preserve", fallback) : fallback;
}

static uint64_t beyond(const struct owner *owner, uint64_t have, uint64_t keep, const char *title)
{
	if (keep > have) {
		owner_log(owner, OWNER_WARNING, "%s preservation exceeds available %s", title,
			strcmp(title, "RAM") == 0 ? "memory" : "caps");
		return 0;
	}
	return have - keep;
}

void budget_open(struct budget *budget, struct sandbox *sandbox, const struct kin_node *config)
{
	const struct owner *owner = sandbox->owner;
	struct account_info info = { { 0, 0 }, { 0, 0 } };

	sandbox->preserve.ram = preserved(config, "RAM", SANDBOX_PRESERVE_RAM);
	sandbox->preserve.caps = preserved(config, "CAP", SANDBOX_PRESERVE_CAPS);
	budget->sandbox = sandbox;
	budget->defaults = sandbox->globals.defaults;
	if (owner->accounts->info(owner->ctx, OWNER_SELF, &info))
		owner_log(owner, OWNER_ERROR, "own account can't be read");
	budget->available.ram =
		beyond(owner, info.quota.ram - info.used.ram, sandbox->preserve.ram, "RAM");
	budget->available.caps =
		beyond(owner, info.quota.caps - info.used.caps, sandbox->preserve.caps, "cap");
}

/* Return: whether there is a number; a malformed one is as good as none */
static bool configured(const struct budget *budget, const struct child *child,
	const struct resource_kind *kind, uint64_t *ret)
{
	const struct kin_node *element = resource_node(child->start, kind->name);
	uint64_t amount;

	if (element && kin_node_read_number(element, "quantum", &amount) == 0) {
		if (kin_node_has(child->start, kind->attribute))
			owner_log(budget->sandbox->owner, OWNER_WARNING,
				"%s: ambiguous %s-quota definition", child->name, kind->title);
	} else if (kin_node_read_number(child->start, kind->attribute, &amount) != 0 &&
		   (!budget->defaults ||
			   kin_node_read_number(budget->defaults, kind->attribute, &amount))) {
		return false;
	}
	*ret = amount;
	return amount > 0;
}

static bool assign(struct budget *budget, struct child *child, const struct resource_kind *kind,
	uint64_t least, uint64_t *available, uint64_t *ret)
{
	char text[KIN_NUMBER_TEXT_MAX], cost[KIN_NUMBER_TEXT_MAX];
	uint64_t amount;

	if (!configured(budget, child, kind, &amount)) {
		owner_log(budget->sandbox->owner, OWNER_WARNING, "%s: no valid %s quota defined",
			child->name, kind->title);
		return false;
	}
	if (amount > *available) {
		owner_log(budget->sandbox->owner, OWNER_WARNING,
			"%s: configured %s exceeds available %s, proceed with %s", child->name,
			kind->title, kind->title, kin_number_print(text, *available));
		amount = *available;
	}
	if (amount <= least) {
		owner_log(budget->sandbox->owner, OWNER_ERROR,
			"%s: %s quota of %s leaves nothing beyond the %s that its environment "
			"costs",
			child->name, kind->title, kin_number_print(text, amount),
			kin_number_print(cost, least));
		return false;
	}
	*ret = amount;
	*available -= amount;
	return true;
}

bool budget_assign(struct budget *budget, struct child *child)
{
	struct quota before = budget->available, least = environment_cost();
	bool ram = assign(
		budget, child, &ram_kind, least.ram, &budget->available.ram, &child->assigned.ram);
	bool caps = assign(budget, child, &cap_kind, least.caps, &budget->available.caps,
		&child->assigned.caps);

	if (ram && caps)
		return true;
	budget->available = before;
	child->assigned = (struct quota){ 0, 0 };
	return false;
}

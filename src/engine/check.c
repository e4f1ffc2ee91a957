/*
 * Check; see the header.
 *
 * What one level's config says about its children is put together here; the judgements themselves
 * are in check_route.c and check_budget.c. A nested init is a level of its own, looked at while the
 * levels around it are still there to be asked.
 */
#include "engine/check.h"

#include <string.h>

#include <kin/label.h>

#include "engine/check_level.h"
#include "engine/environment.h"
#include "engine/schema.h"

static int check_level(struct check_level *level, struct quota owned);

/* What a child owns once its parent has paid for its environment. */
static struct quota effective(struct quota assigned)
{
	return quota_less(assigned, environment_cost());
}

static void check_forward_child(
	struct check_level *level, const struct kin_node *policy, const char *service)
{
	const struct kin_node *target = kin_node_first_of(policy, "child");
	const char *name = kin_node_attribute(target, "name");

	if (!name || !kin_name_valid(name))
		return;
	const struct kin_node *start = check_child(level, name);

	if (!start)
		CHECK_ERROR(level, target, "forwarding to child \"%s\" that does not exist", name);
	else if (!check_provides(start, service))
		CHECK_ERROR(level, target,
			"forwarding to child \"%s\" that does not provide service \"%s\"", name,
			service);
}

/* Of several nodes for a service the first counts; the parent has to expect the service of us. */
static void check_forwarded_service(
	struct check_level *level, const struct kin_node *forward, const char *service)
{
	const struct check_name *entry = check_name_get(level, &level->forwards, service, forward);

	if (entry && entry->node != forward)
		CHECK_ERROR(level, forward,
			"<service> \"%s\" repeats the name of another (line %u), ignored", service,
			kin_node_line(entry->node));
	else if (level->outer && !check_provides(level->self, service))
		CHECK_ERROR(level, forward,
			"service \"%s\" can't be announced, <provides> of \"%s\" lacks it", service,
			kin_node_attribute(level->self, "name"));
}

static void check_forwarding(struct check_level *level, const struct kin_node *forward)
{
	const char *service = kin_node_attribute(forward, "name");

	if (!service || !kin_name_valid(service))
		return;
	check_forwarded_service(level, forward, service);
	KIN_NODE_FOREACH (policy, forward, "policy") {
		if (!kin_node_has(policy, "label") && !kin_node_has(policy, "label_prefix") &&
			!kin_node_has(policy, "label_suffix"))
			CHECK_WARNING(level, policy,
				"<policy> without a label never matches, <default-policy> does");
		check_forward_child(level, policy, service);
	}
	KIN_NODE_FOREACH (policy, forward, "default-policy")
		check_forward_child(level, policy, service);
}

/* What the inside expects of its parent and the outside of the nested init. */
static void check_border(const struct check_level *inner)
{
	struct check_level *outer = inner->outer;
	const char *name = kin_node_attribute(inner->self, "name");

	KIN_NODE_FOREACH (service, inner->parent_provides, "service") {
		const char *wanted = kin_node_attribute(service, "name");

		if (wanted && kin_name_valid(wanted) &&
			!check_route_leads(outer, inner->self, wanted))
			CHECK_WARNING(inner, service, "no route of \"%s\" leads to service \"%s\"",
				name, wanted);
	}
	KIN_NODE_FOREACH (service, kin_node_first_of(inner->self, "provides"), "service") {
		const char *promised = kin_node_attribute(service, "name");

		if (promised && kin_name_valid(promised) &&
			!check_name_find(inner->forwards, promised))
			CHECK_WARNING(inner, service,
				"%s: provides service \"%s\", but its config has no <service> "
				"node for it",
				name, promised);
	}
}

static void check_nested(
	struct check_level *outer, const struct kin_node *start, struct quota assigned)
{
	const struct kin_node *config = kin_node_first_of(start, "config");
	struct check_level inner = { .outer = outer,
		.self = start,
		.facts = outer->facts,
		.diag = outer->diag,
		.config = config };

	if (!config || strcmp(check_binary(start), CHECK_INIT_BINARY) != 0)
		return;
	int r = check_level(&inner, effective(assigned));

	if (r < 0)
		outer->error = r;
}

static void check_start(struct check_level *level, const struct kin_node *start)
{
	const struct kin_node *heartbeat = kin_node_first_of(start, "heartbeat");

	if (heartbeat && !level->heartbeat)
		CHECK_WARNING(level, heartbeat,
			"%s: heartbeat has no effect without a global <heartbeat>",
			kin_node_attribute(start, "name"));
	struct quota assigned = check_budget(level, start);

	check_placement(level, start);
	check_route(level, kin_node_first_of(start, "route"));
	check_environment(level, start);
	check_nested(level, start, assigned);
}

/* Recursion is bounded: each level is two nodes deeper in the tree. */
static int check_level(struct check_level *level, struct quota owned)
{
	schema_check(level->config, level->diag);
	check_level_open(level);
	check_preserved(level, owned);
	check_scheme(level);
	check_route(level, level->default_route);
	KIN_NODE_FOREACH (forward, level->config, "service")
		check_forwarding(level, forward);
	KIN_NODE_FOREACH (start, level->config, "start")
		if (check_is_child(level, start))
			check_start(level, start);
	if (level->outer)
		check_border(level);
	check_level_close(level);
	return level->error;
}

int check_config(
	const struct kin_tree *config, const struct check_facts *facts, struct kin_diag *diag)
{
	struct check_level level = {
		.facts = facts, .diag = diag, .config = kin_tree_root(config)
	};

	return check_level(&level, effective(facts->total));
}

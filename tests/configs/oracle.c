/* Oracle; see the header. */
#include "configs/oracle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

static unsigned number_of(const char *name, const char *const *names, unsigned n)
{
	unsigned i = 0;

	while (i < n && strcmp(names[i], name) != 0)
		i++;
	assert(i < n);
	return i;
}

/*
 * The picture
 */

static bool leads(const struct session *session)
{
	switch (session->state) {
	case SESSION_CREATE_REQUESTED:
	case SESSION_AVAILABLE:
	case SESSION_HANDED_OUT:
	case SESSION_UPGRADE_REQUESTED:
	case SESSION_CLOSED:
		return true;
	case SESSION_DENIED:
		return session->deserted;
	case SESSION_INSUFFICIENT_RAM:
	case SESSION_INSUFFICIENT_CAPS:
	case SESSION_CLOSE_REQUESTED:
		break;
	}
	return false;
}

static void look_at_end(const struct session *session, struct oracle_end *end)
{
	const struct service *service = session->service;

	*end = (struct oracle_end){ .kind = END_NOWHERE };
	strcpy(end->label, session->args.label);
	if (!service)
		return;
	end->kind = service->kind == SERVICE_PARENT  ? END_PARENT
		    : service->kind == SERVICE_LOCAL ? END_LOCAL
						     : END_CHILD;
	if (end->kind != END_CHILD)
		return;
	end->server = number_of(service->server->name, plan_names, PLAN_CHILDREN);
	end->server_id = service->server->id;
}

static struct oracle_request *add_request(
	struct oracle_child *child, const char *service, const char *asked, bool by_parent)
{
	assert(child->n_requests < ORACLE_SESSIONS_MAX);
	struct oracle_request *request = &child->requests[child->n_requests++];

	request->service = number_of(service, plan_services, PLAN_SERVICES);
	request->by_parent = by_parent;
	strcpy(request->asked, asked);
	return request;
}

static void look_at_child(struct oracle_child *seen, struct child *child)
{
	struct session *session, *next;
	const struct need *need;

	seen->id = child->id;
	seen->state = child->state == CHILD_EXITED ? ORACLE_EXITED
		      : child->stuck               ? ORACLE_STUCK
		      : child->failed              ? ORACLE_FAILED
						   : ORACLE_LIVES;
	seen->was_stuck = child->stuck;
	HASH_ITER (by_id, child->sessions, session, next)
		if (leads(session) && seen->state == ORACLE_LIVES)
			look_at_end(session, &add_request(seen, session->name->name, session->asked,
						     session->environment)
						      ->end);
	if (child->stuck)
		LL_FOREACH (child->needs, need)
			add_request(seen, need->service, need->asked, need->by_parent);
}

/*
 * Routes
 */

static bool offers(const struct oracle *oracle, unsigned child, unsigned service)
{
	const struct oracle_child *seen = &oracle->children[child];

	return seen->state == ORACLE_LIVES && oracle->plan->starts[child].present &&
	       service < PLAN_PROVIDED && oracle->plan->starts[child].provides[service];
}

static bool find_child(
	const struct oracle *oracle, unsigned child, unsigned service, struct oracle_end *end)
{
	if (!offers(oracle, child, service))
		return false;
	end->kind = END_CHILD;
	end->server = child;
	end->server_id = oracle->children[child].anew ? 0 : oracle->children[child].id;
	return true;
}

static bool find_any_child(struct oracle *oracle, unsigned service, struct oracle_end *end)
{
	unsigned found = 0;

	for (unsigned i = 0; i < PLAN_CHILDREN; i++)
		if (offers(oracle, i, service) && find_child(oracle, i, service, end))
			found++;
	return found == 1;
}

/* What a name in a target means: an alias, or else a child. */
static unsigned named(const struct plan *plan, const char *name)
{
	for (unsigned i = 0; i < PLAN_ALIASES; i++)
		if (plan->has_alias[i] && strcmp(plan_aliases[i], name) == 0)
			return plan->alias[i];
	for (unsigned i = 0; i < PLAN_CHILDREN; i++)
		if (strcmp(plan_names[i], name) == 0)
			return i;
	return PLAN_CHILDREN;
}

static bool find_named(
	const struct oracle *oracle, const char *name, unsigned service, struct oracle_end *end)
{
	unsigned child = named(oracle->plan, name);

	return child < PLAN_CHILDREN && find_child(oracle, child, service, end);
}

static bool find_target(struct oracle *oracle, const struct plan_target *target, unsigned service,
	struct oracle_end *end)
{
	const struct plan *plan = oracle->plan;

	switch (target->kind) {
	case TARGET_PARENT:
		end->kind = END_PARENT;
		return service >= PLAN_PROVIDED || plan->from_parent[service];
	case TARGET_ANY_CHILD:
		return find_any_child(oracle, service, end);
	case TARGET_CHILD:
		return find_named(oracle, plan_names[target->which], service, end);
	case TARGET_ALIAS:
		return find_named(oracle, plan_aliases[target->which], service, end);
	}
	return false;
}

static bool matches(const struct plan_rule *rule, const struct oracle_request *request)
{
	const char *arrow = strstr(request->asked, " -> ");

	if (rule->service != PLAN_ANY && rule->service != request->service)
		return false;
	return !rule->label || (arrow && strcmp(arrow + 4, rule->label) == 0);
}

/* Return: whether the rule decides */
static bool walk_rule(struct oracle *oracle, const struct plan_rule *rule,
	const struct oracle_request *request, struct oracle_end *end)
{
	for (size_t i = 0; i < rule->n_targets; i++) {
		const struct plan_target *target = &rule->targets[i];

		*end = (struct oracle_end){ .kind = END_NOWHERE };
		if (!find_target(oracle, target, request->service, end))
			continue;
		strcpy(end->label, target->label ? target->label : request->asked);
		return true;
	}
	*end = (struct oracle_end){ .kind = END_NOWHERE };
	return rule->service != PLAN_ANY;
}

static struct oracle_end walk_route(
	struct oracle *oracle, unsigned child, const struct oracle_request *request)
{
	const struct plan_start *start = &oracle->plan->starts[child];
	const struct plan_route *route =
		start->has_route ? &start->route : &oracle->plan->default_route;
	struct oracle_request asked = *request;
	const char *arrow = strrchr(asked.asked, '>');
	const char *last = arrow ? arrow + 2 : asked.asked;
	const char *binary = plan_binaries[start->binary];
	struct oracle_end end = { .kind = END_LOCAL };

	if (asked.service == PLAN_ROM && !asked.by_parent) {
		strcpy(end.label, asked.asked);
		if (strcmp(last, "config") == 0 && start->has_config)
			return end;
		if (strcmp(last, plan_names[child]) == 0 && binary)
			snprintf(asked.asked, sizeof(asked.asked), "%s -> %s", plan_names[child],
				binary);
	}
	/* Its binary is asked for under the name that it has now. */
	if (asked.service == PLAN_ROM && asked.by_parent)
		snprintf(asked.asked, sizeof(asked.asked), "%s -> %s", plan_names[child],
			binary ? binary : plan_names[child]);
	end.kind = END_NOWHERE;
	for (size_t i = 0; i < route->n_rules; i++)
		if (matches(&route->rules[i], &asked) &&
			walk_rule(oracle, &route->rules[i], &asked, &end))
			return end;
	return (struct oracle_end){ .kind = END_NOWHERE };
}

static bool ends_differ(const struct oracle_end *a, const struct oracle_end *b)
{
	if (a->kind != b->kind || strcmp(a->label, b->label) != 0)
		return true;
	return a->kind == END_CHILD && (a->server != b->server || a->server_id != b->server_id);
}

void oracle_look(struct oracle *oracle, struct sandbox *sandbox, const struct plan *plan)
{
	struct child *child;
	const struct need *need;

	*oracle = (struct oracle){ .plan = plan };
	for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
		plan_print_start(plan, i, oracle->children[i].node);
		child = sandbox_child(sandbox, plan_names[i]);
		if (child)
			look_at_child(&oracle->children[i], child);
	}
	/* What could not be had, and where that led. */
	DL_FOREACH (sandbox->children, child) {
		unsigned number = number_of(child->name, plan_names, PLAN_CHILDREN);
		struct oracle_child *seen = &oracle->children[number];

		if (seen->state != ORACLE_FAILED)
			continue;
		LL_FOREACH (child->needs, need) {
			struct oracle_request *request =
				add_request(seen, need->service, need->asked, need->by_parent);

			request->end = (struct oracle_end){ .kind = END_NOWHERE };
			if (!need->end.exists)
				continue;
			strcpy(request->end.label, need->end.label);
			request->end.kind = need->end.kind == SERVICE_PARENT  ? END_PARENT
					    : need->end.kind == SERVICE_LOCAL ? END_LOCAL
									      : END_CHILD;
			request->end.server_id = need->end.server;
		}
	}
}

/*
 * Prediction
 */

static void start_anew(struct oracle_child *child)
{
	child->state = ORACLE_LIVES;
	child->anew = true;
	child->n_requests = 0;
}

static void compare_nodes(struct oracle *oracle, const struct plan *before, unsigned i)
{
	const struct plan_start *now = &oracle->plan->starts[i];
	struct oracle_child *child = &oracle->children[i];
	char node[PLAN_NODE_BYTES];

	plan_print_start(oracle->plan, i, node);
	if (!now->present)
		child->state = ORACLE_ABSENT;
	else if (child->state == ORACLE_ABSENT || now->version != before->starts[i].version)
		start_anew(child);
	else if ((child->state == ORACLE_FAILED || child->state == ORACLE_STUCK) &&
		 strcmp(node, child->node) != 0)
		start_anew(child);
}

/* How many offer each service now. */
static void count_offers(struct oracle *oracle)
{
	for (unsigned service = 0; service < PLAN_PROVIDED; service++) {
		unsigned n = 0;

		for (unsigned i = 0; i < PLAN_CHILDREN; i++)
			n += offers(oracle, i, service);
		if (n < oracle->offers_min[service])
			oracle->offers_min[service] = n;
		if (n > oracle->offers_max[service])
			oracle->offers_max[service] = n;
	}
}

/* @stuck: only who can't go on. Return: whether something came of it */
static bool reroute(struct oracle *oracle, unsigned i, bool stuck)
{
	struct oracle_child *child = &oracle->children[i];
	bool differs = false, nowhere = false;

	if (child->state != ORACLE_LIVES || child->anew)
		return false;
	for (size_t k = 0; k < child->n_requests; k++) {
		struct oracle_end end = walk_route(oracle, i, &child->requests[k]);

		nowhere |= end.kind == END_NOWHERE;
		differs |= ends_differ(&end, &child->requests[k].end);
	}
	if (nowhere)
		child->state = ORACLE_STUCK;
	else if (differs && !stuck)
		start_anew(child);
	return nowhere || (differs && !stuck);
}

/* A number that says who is behind an end, as far as a need remembers. */
static bool need_differs(const struct oracle_end *now, const struct oracle_end *before)
{
	if (now->kind == END_NOWHERE)
		return false;
	return now->kind != before->kind || strcmp(now->label, before->label) != 0 ||
	       (now->kind == END_CHILD && now->server_id != before->server_id);
}

static bool retry(struct oracle *oracle, unsigned i)
{
	struct oracle_child *child = &oracle->children[i];
	bool differs = false;

	if (child->state != ORACLE_FAILED || child->anew)
		return false;
	for (size_t k = 0; k < child->n_requests; k++) {
		struct oracle_end end = walk_route(oracle, i, &child->requests[k]);

		differs |= need_differs(&end, &child->requests[k].end);
	}
	if (differs)
		start_anew(child);
	return differs;
}

static bool is_unmet(struct oracle *oracle, unsigned i)
{
	const struct oracle_child *child = &oracle->children[i];

	for (size_t k = 0; k < child->n_requests; k++)
		if (walk_route(oracle, i, &child->requests[k]).kind == END_NOWHERE)
			return true;
	return false;
}

/* Takes all that are stuck for alive, then stops who can't be. Return: whether somebody can */
static bool revive(struct oracle *oracle, bool stuck[PLAN_CHILDREN])
{
	bool again, any = false;

	for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
		stuck[i] = oracle->children[i].state == ORACLE_STUCK;
		if (stuck[i])
			oracle->children[i].state = ORACLE_LIVES;
	}
	do {
		count_offers(oracle);
		again = false;
		for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
			if (!stuck[i] || oracle->children[i].state == ORACLE_STUCK ||
				!is_unmet(oracle, i))
				continue;
			oracle->children[i].state = ORACLE_STUCK;
			again = true;
		}
	} while (again);
	for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
		if (!stuck[i] || oracle->children[i].state == ORACLE_STUCK)
			continue;
		start_anew(&oracle->children[i]);
		any = true;
	}
	return any;
}

bool oracle_has_drifted(struct oracle *oracle)
{
	for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
		const struct oracle_child *child = &oracle->children[i];

		for (size_t k = 0; child->state == ORACLE_LIVES && k < child->n_requests; k++) {
			struct oracle_end end = walk_route(oracle, i, &child->requests[k]);

			if (ends_differ(&end, &child->requests[k].end))
				return true;
		}
	}
	return false;
}

#define ROUNDS_MAX 100

void oracle_predict(struct oracle *oracle, const struct plan *plan)
{
	const struct plan *before = oracle->plan;
	bool again = true, stuck[PLAN_CHILDREN];

	bool drifted = oracle_has_drifted(oracle);

	oracle->plan = plan;
	for (unsigned i = 0; i < PLAN_CHILDREN; i++)
		compare_nodes(oracle, before, i);
	for (unsigned i = 0; i < PLAN_PROVIDED; i++)
		oracle->offers_min[i] = PLAN_CHILDREN;
	for (unsigned round = 0; again && round < ROUNDS_MAX; round++) {
		count_offers(oracle);
		again = false;
		for (unsigned i = 0; i < PLAN_CHILDREN; i++)
			again |= reroute(oracle, i, true);
		for (unsigned i = 0; !again && i < PLAN_CHILDREN; i++)
			again |= reroute(oracle, i, false);
		if (again)
			continue;
		for (unsigned i = 0; i < PLAN_CHILDREN; i++)
			again |= retry(oracle, i);
		again |= revive(oracle, stuck);
	}
	oracle->unsure = again || drifted;
	for (unsigned i = 0; i < PLAN_PROVIDED; i++)
		oracle->unsure |= oracle->offers_max[i] > 1 && oracle->offers_min[i] <= 1;
}

/*
 * Comparison
 */

static void differ(const struct oracle *oracle, unsigned i, const char *what)
{
	fprintf(stderr, "%s (ID %u before) %s\n", plan_names[i], oracle->children[i].id, what);
	assert(!"somebody is disturbed for no reason, or not for a good one");
}

void oracle_compare(const struct oracle *oracle, struct sandbox *sandbox)
{
	for (unsigned i = 0; !oracle->unsure && i < PLAN_CHILDREN; i++) {
		const struct oracle_child *seen = &oracle->children[i];
		const struct child *child = sandbox_child(sandbox, plan_names[i]);
		bool disturbed;

		if ((seen->state == ORACLE_ABSENT) != !child)
			differ(oracle, i, "is there, or not, against the config");
		if (!child)
			continue;
		disturbed = seen->anew || (seen->state == ORACLE_STUCK) != seen->was_stuck;
		if (disturbed && child->id == seen->id && child->stuck == seen->was_stuck)
			differ(oracle, i, "is not disturbed");
		if (!disturbed && (child->id != seen->id || child->stuck != seen->was_stuck))
			differ(oracle, i, child->stuck ? "is stuck" : "is started anew");
	}
}

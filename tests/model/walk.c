/* Walk; see the header. */
#include "model/walk.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "model/model.h"
#include "model/random.h"

#define IDS_MAX       6   /* that a child uses at the same time */
#define EPISODE_STEPS 400 /* children that ended don't come back: start anew after these */
#define CHILDREN_MAX  8
#define GUESTS_MAX    6 /* at the same time, as far as it can be helped */

/* Sessions between siblings in both directions, an environment from siblings, a parent, a local. */
static const char config[] =
	"<config>"
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>"
	" <service name='ROM'/> <service name='P'/> </parent-provides>"
	"<default-route> <any-service> <local/> <any-child/> <parent/> </any-service> "
	"</default-route>"
	"<default ram='1M' caps='60'/>"
	"<start name='guest'> <route> <service name='LOG'> <child name='logger'/> </service>"
	" <any-service> <parent/> <local/> <any-child/> </any-service> </route> </start>"
	"<start name='logger'> <provides> <service name='LOG'/> <service name='Z'/> </provides>"
	" <route> <any-service> <parent/> <local/> <any-child/> </any-service> </route> </start>"
	"<start name='x'> <provides> <service name='X'/> </provides>"
	" <route> <any-service> <parent/> <local/> <any-child/> </any-service> </route> </start>"
	"<start name='both'> <provides> <service name='Y'/> <service name='X2'/> </provides> "
	"</start>"
	"<start name='client'/>"
	"<start name='poor' ram='120K' caps='20'/>"
	"<alias name='nick' child='both'/>";

/* Where guests go, which changes; the first of these is in force at the start. */
static const char *const forwarding[] = {
	"<service name='X'> <policy label='a'> <child name='x' label='from a'/> </policy>"
	" <policy label='b'> <child name='late'/> </policy> <policy label='c'/>"
	" <policy label='d'> <child name='poor'/> </policy> </service>"
	"<service name='Y'> <default-policy> <child name='both'/> </default-policy> </service>",
	"<service name='X'> <default-policy> <child name='x'/> </default-policy> </service>"
	"<service name='Y'> <default-policy> <child name='nick' label='other'/> </default-policy>"
	" </service>",
	"<service name='X'> <policy label='a'> <child name='x' label='from a'/> </policy>"
	" <default-policy> <child name='late'/> </default-policy> </service>",
	"",
};

static const char *const services[] = { "X", "X", "Y", "Z", "LOG", "P", "P", "Local", "Nothing" };
static const char *const scripted[] = { "PD", "CPU", "LOG", "ROM", "P", "P", "P" };

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* What a child was promised an answer to, by its IDs. */
struct promise {
	bool create, upgrade;
	unsigned closes;
};

struct walk {
	struct model *model;
	struct random random;
	char names[CHILDREN_MAX][KIN_NAME_MAX + 1];
	uint32_t ids[CHILDREN_MAX]; /* of the children that have the names now */
	size_t n_children;
	struct promise promises[CHILDREN_MAX][IDS_MAX];
	bool dishonest; /* children may spend what they were given */
	struct quota charged[CHILDREN_MAX];
};

static uint32_t below(struct walk *walk, size_t bound)
{
	return random_below(&walk->random, (uint32_t) bound);
}

static size_t index_of(const struct walk *walk, const struct child *child)
{
	size_t i = 0;

	while (strcmp(walk->names[i], child->name) != 0)
		i++;
	return i;
}

static struct promise *promise_of(struct walk *walk, const struct child *child, uint32_t id)
{
	assert(id >= ENV_END && id < ENV_END + IDS_MAX);
	return &walk->promises[index_of(walk, child)][id - ENV_END];
}

static void on_answered(
	struct model *model, const struct child *child, uint32_t id, enum session_event event)
{
	struct promise *promise = promise_of(model->walk, child, id);

	switch (event) {
	case SESSION_EVENT_CREATED:
		assert(promise->create);
		promise->create = false;
		break;
	case SESSION_EVENT_UPGRADED:
		assert(promise->upgrade);
		promise->upgrade = false;
		break;
	case SESSION_EVENT_CLOSED:
		assert(promise->closes > 0);
		promise->closes--;
		break;
	}
}

static void check_promises(struct walk *walk, struct child *child)
{
	for (uint32_t id = ENV_END; id < ENV_END + IDS_MAX; id++) {
		const struct promise *promise = promise_of(walk, child, id);
		const struct session *session = session_find(child, id), *closing;
		unsigned closes = 0;

		DL_FOREACH2 (child->closing, closing, closing_next)
			closes += closing->id == id;
		if (!child->started)
			continue;
		assert(promise->closes == closes);
		assert(promise->create == (session && session->state == SESSION_CREATE_REQUESTED));
		assert(promise->upgrade ==
			(session && session->state == SESSION_UPGRADE_REQUESTED));
	}
}

static struct quota some_quota(struct walk *walk)
{
	switch (below(walk, 8)) {
	case 0:
		return (struct quota){ random_next(&walk->random), random_next(&walk->random) };
	case 1:
		return (struct quota){ below(walk, 2 * SESSION_COST_BYTES), below(walk, 2) };
	default:
		return (struct quota){ SESSION_COST_BYTES + below(walk, 32 * 1024),
			below(walk, 4) };
	}
}

static void step_open(struct walk *walk, struct child *child, uint32_t id)
{
	const char *service = services[below(walk, N(services))];
	int r = model_open(walk->model, child->name, id, service, "label", some_quota(walk));

	if (r == KIN_PENDING)
		promise_of(walk, child, id)->create = true;
}

static void step_fetch(struct walk *walk, struct child *child, uint32_t id)
{
	model_fetch(walk->model, child->name, id, NULL);
}

static void step_upgrade(struct walk *walk, struct child *child, uint32_t id)
{
	if (child->started && child_upgrade(child, id, some_quota(walk)) == KIN_PENDING)
		promise_of(walk, child, id)->upgrade = true;
}

/* What was pending about the session before is not answered any more, the close is. */
static void step_close(struct walk *walk, struct child *child, uint32_t id)
{
	struct promise *promise = promise_of(walk, child, id);
	bool known = session_find(child, id) != NULL;

	if (!child->started)
		return;
	if (known)
		promise->create = promise->upgrade = false;
	if (child_close(child, id) == KIN_PENDING)
		promise->closes++;
}

/* As a decent server does. */
static void step_serve(struct walk *walk, struct child *child, uint32_t id)
{
	static const int refusals[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };
	struct server_request requests[4];
	size_t n = child->started ? server_requests(child, 0, requests, 4) : 0;

	if (!n)
		return;
	const struct server_request *request = &requests[below(walk, n)];
	uint32_t server_id = request->session->server_id;

	if (request->kind == SERVER_CREATE && below(walk, 4))
		assert(model_deliver(walk->model, child->name, server_id));
	else if (request->kind == SERVER_CREATE)
		server_response(child, server_id, refusals[below(walk, 3)]);
	else
		server_response(
			child, server_id, request->kind == SERVER_UPGRADE ? KIN_OK : KIN_CLOSED);
}

static void step_answer_nonsense(struct walk *walk, struct child *child, uint32_t id)
{
	uint32_t server_id = below(walk, child->last_server_id + 2);

	if (!child->started)
		return;
	if (below(walk, 2))
		model_deliver(walk->model, child->name, server_id);
	else
		server_response(child, server_id, (int) below(walk, KIN_INVALID + 2));
}

static void step_parent_answers(struct walk *walk, struct child *child, uint32_t id)
{
	static const int answers[] = { 0, 0, 0, KIN_DENIED, KIN_INSUFFICIENT_RAM,
		KIN_INSUFFICIENT_CAPS, KIN_PENDING };
	const char *service = below(walk, 3) ? scripted[below(walk, N(scripted))] : NULL;

	model_up_answer(walk->model, service, answers[below(walk, N(answers))]);
}

static void step_parent_plans(struct walk *walk, struct child *child, uint32_t id)
{
	static const int answers[] = { KIN_PENDING, KIN_PENDING, KIN_DENIED, KIN_INSUFFICIENT_RAM,
		KIN_OUT_OF_CAPS };
	const char *service = scripted[below(walk, N(scripted))];

	walk->model->n_scripts = 0;
	model_script(walk->model, MODEL_SESSION, service, answers[below(walk, N(answers))], 1);
	model_script(
		walk->model, MODEL_UPGRADE, "P", below(walk, 2) ? KIN_PENDING : KIN_OUT_OF_RAM, 1);
	model_script(walk->model, MODEL_CLOSE, service, KIN_PENDING, below(walk, 3));
	model_script(walk->model, MODEL_LOCAL, "Local", KIN_DENIED, below(walk, 2));
}

/* Takes what it was given for itself, or puts it back. */
static void step_spend(struct walk *walk, struct child *child, uint32_t id)
{
	struct quota *charged = &walk->charged[index_of(walk, child)];

	if (!child->started || !walk->dishonest)
		return;
	if (charged->ram) {
		model_uncharge(walk->model, child->name, *charged);
		*charged = (struct quota){ 0, 0 };
	} else {
		*charged = model_available(walk->model, child->name);
		model_charge(walk->model, child->name, *charged);
	}
}

static void step_health(struct walk *walk, struct child *child, uint32_t id)
{
	struct quota wanted;

	switch (below(walk, 6)) {
	case 0:
		child_handles(child, below(walk, 16));
		break;
	case 1:
		child_events(child, &wanted);
		break;
	case 2:
		child_heartbeat(child);
		break;
	case 3:
		child_heartbeat_response(child);
		break;
	case 4:
		child_yield(child, some_quota(walk));
		break;
	default:
		child_resource_request(child, some_quota(walk));
		child_yield_response(child);
	}
}

static void step_guest_opens(struct walk *walk, struct child *child, uint32_t id)
{
	static const char *const labels[] = { "a", "b", "c", "d", "stranger" };
	static const char *const asked[] = { "X", "X", "Y", "Z", "Nothing" };
	const struct model_guest *guest;
	unsigned n = 0;

	DL_FOREACH (walk->model->guests, guest)
		n++;
	if (n < GUESTS_MAX)
		model_guest_open(walk->model, asked[below(walk, N(asked))],
			labels[below(walk, N(labels))], some_quota(walk));
}

static struct model_guest *some_guest(struct walk *walk)
{
	struct model_guest *guest, *first = walk->model->guests;
	uint32_t n = below(walk, GUESTS_MAX);

	for (guest = first; guest && n; guest = guest->next)
		n--;
	return guest ? guest : first;
}

static void step_guest_upgrades(struct walk *walk, struct child *child, uint32_t id)
{
	const struct model_guest *guest = some_guest(walk);

	if (guest)
		model_guest_upgrade(walk->model, guest->id, some_quota(walk));
}

static void step_guest_closes(struct walk *walk, struct child *child, uint32_t id)
{
	const struct model_guest *guest = some_guest(walk);

	if (guest)
		model_guest_close(walk->model, guest->id);
}

static struct kin_tree *config_with(const char *forwarded)
{
	char text[4096];
	struct kin_tree *tree = NULL;

	snprintf(text, sizeof(text), "%s%s</config>", config, forwarded);
	int r = kin_tree_parse(text, strlen(text), NULL, &tree);

	assert(r == 0);
	return tree;
}

/* Policies change, nothing else does. */
static void step_policies_change(struct walk *walk, struct child *child, uint32_t id)
{
	if (below(walk, 4) == 0)
		sandbox_apply(
			&walk->model->sandbox, config_with(forwarding[below(walk, N(forwarding))]));
}

static void step_end(struct walk *walk, struct child *child, uint32_t id)
{
	if (!child->started || below(walk, 8))
		return;
	switch (below(walk, 3)) {
	case 0:
		child_exit(child, (int64_t) below(walk, 3));
		break;
	case 1:
		child_died(child, (int) below(walk, 3) * 11, 0);
		break;
	default:
		child_misbehaved(child, "of the walk");
	}
}

static void step_settle(struct walk *walk, struct child *child, uint32_t id)
{
	model_settle(walk->model);
}

static void (*const steps[])(struct walk *walk, struct child *child, uint32_t id) = { step_open,
	step_open, step_open, step_fetch, step_fetch, step_upgrade, step_upgrade, step_close,
	step_close, step_serve, step_serve, step_serve, step_answer_nonsense, step_parent_answers,
	step_parent_plans, step_spend, step_health, step_end, step_settle, step_guest_opens,
	step_guest_opens, step_guest_upgrades, step_guest_closes, step_policies_change };

/* A child that was started anew was promised nothing and has spent nothing. */
static void meet(struct walk *walk, size_t i)
{
	const struct child *child = model_child(walk->model, walk->names[i]);

	if (child->id == walk->ids[i])
		return;
	walk->ids[i] = child->id;
	walk->charged[i] = (struct quota){ 0, 0 };
	memset(walk->promises[i], 0, sizeof(walk->promises[i]));
}

static void walk_step(struct walk *walk)
{
	size_t who = below(walk, walk->n_children);
	struct child *child = model_child(walk->model, walk->names[who]);

	steps[below(walk, N(steps))](walk, child, ENV_END + below(walk, IDS_MAX));
	model_check(walk->model);
	for (size_t i = 0; i < walk->n_children; i++) {
		meet(walk, i);
		check_promises(walk, model_child(walk->model, walk->names[i]));
	}
}

static void episode(struct random *random, unsigned n_steps)
{
	struct walk walk = { .model = model_new(), .random = { random_next(random) } };
	struct child *child;

	walk.model->walk = &walk;
	walk.model->on_answered = on_answered;
	walk.model->local = "Local";
	walk.dishonest = below(&walk, 4) == 0;
	walk.model->start_answer = below(&walk, 32) ? 0 : KIN_OUT_OF_RAM;
	walk.model->n_modules = below(&walk, 4);
	if (below(&walk, 2))
		step_parent_plans(&walk, NULL, 0);
	sandbox_apply(&walk.model->sandbox, config_with(forwarding[0]));
	DL_FOREACH (walk.model->sandbox.children, child)
		strcpy(walk.names[walk.n_children++], child->name);
	for (unsigned i = 0; i < n_steps; i++)
		walk_step(&walk);
	model_free(walk.model);
}

void walk_run(uint64_t seed, unsigned n_steps)
{
	struct random random = { seed };

	fprintf(stderr, "walk of %u steps with seed %" PRIu64 "\n", n_steps, seed);
	for (; n_steps > EPISODE_STEPS; n_steps -= EPISODE_STEPS)
		episode(&random, EPISODE_STEPS);
	episode(&random, n_steps);
}

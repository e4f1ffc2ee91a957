/*
 * Invariants of a world
 *
 * Each engine's own (model/check.h), and what holds between them: an engine's sessions at its
 * parent are, one to one, those that its parent has for that child, with the same quota; what the
 * parent has answered, the child has been told of; and each account holds what its program was
 * given, less what it gave, wherever the sessions through its engine lead.
 */
#include <assert.h>
#include <utlist.h>

#include "engine/environment.h"
#include "engine/forward.h"
#include "model/check.h"
#include "sim/world.h"

static bool is_booted(const struct program *program)
{
	return program->is_init && program->running && program->booted;
}

static bool is_connected(const struct program *program)
{
	return is_booted(program) && (!program->parent || program_can_call(program));
}

static void check_held(const struct program *program)
{
	unsigned held = 0;

	if (is_booted(program))
		held += check_caps_held((struct sandbox *) &program->sandbox);
	for (size_t i = 0; i < WORLD_IDS_MAX; i++)
		held += program->running && program->caps[i] > 0;
	for (size_t i = 0; i < program->n_outbox; i++)
		held += program->outbox[i].cap > 0;
	assert(held == program->n_caps);
}

/*
 * Accounts
 */

/* A client that can no longer be told apart from its parent has no share. */
static bool pays(const struct session *session)
{
	return session->client && session->client->adopted;
}

static void flow_in(const struct session *session, struct quota *sum)
{
	if (!pays(session))
		return;
	struct quota paid = check_paid(session);

	sum->ram += paid.ram;
	sum->caps += paid.caps;
}

static struct quota children_flow(struct child *children)
{
	struct session *session, *next;
	struct quota sum = { 0, 0 };
	struct child *child;

	DL_FOREACH (children, child) {
		HASH_ITER (by_id, child->sessions, session, next)
			flow_in(session, &sum);
		DL_FOREACH2 (child->closing, session, closing_next)
			flow_in(session, &sum);
		if (!child->adopted)
			continue;
		struct quota given = environment_effective(child);

		sum.ram -= given.ram;
		sum.caps -= given.caps;
		HASH_ITER (by_server_id, child->served, session, next) {
			if (session->parked)
				continue;
			sum.ram -= session->donation.ram;
			sum.caps -= session->donation.caps;
		}
	}
	return sum;
}

/* What the children of an engine have brought to its program's account; wraps if it is a loss. */
static struct quota engine_flow(const struct program *program)
{
	struct quota sum = children_flow(program->sandbox.children);
	struct quota dying = children_flow(program->sandbox.dying);

	return (struct quota){ sum.ram + dying.ram, sum.caps + dying.caps };
}

static void check_account(const struct program *program)
{
	const struct world *world = program->world;
	const struct account *account = program->parent ? &program->pd->account : &world->root;
	struct quota want = world->total;

	if (program->parent)
		want = check_expected(program->child);
	if (is_booted(program)) {
		struct quota flow = engine_flow(program);

		want.ram += flow.ram;
		want.caps += flow.caps;
	}
	assert(account->quota.ram == want.ram && account->quota.caps == want.caps);
}

/*
 * An init that has ended took along what it knew. Until its parent ends what is left of its tree,
 * amounts in there need not add up: what has gone up doesn't come back down.
 */
static bool account_is_known(const struct program *program)
{
	if (program->parent && !(program->child && program->child->adopted && program->pd))
		return false;
	if (program->is_init && !program->running)
		return false;
	return program_reaches_core(program);
}

/*
 * Between an engine and its parent's
 */

static bool waits(const struct session *session)
{
	return session->state == SESSION_CREATE_REQUESTED ||
	       session->state == SESSION_UPGRADE_REQUESTED ||
	       session->state == SESSION_CLOSE_REQUESTED;
}

/* Return: whether the parent has it, too */
static bool check_pair(const struct program *program, const struct session *inner)
{
	uint32_t id = WORLD_UP_ID + inner->up_id;
	bool there = inner->state == SESSION_CREATE_REQUESTED || session_alive(inner);
	const struct session *outer;

	if (!inner->service || inner->service->kind != SERVICE_PARENT || !there)
		return false;
	outer = inner->state == SESSION_CLOSE_REQUESTED ? session_find_closing(program->child, id)
							: session_find(program->child, id);
	assert(waits(inner) == inner->waiting);
	/* A close that was answered leaves nothing behind but the news. */
	assert(outer || inner->state == SESSION_CLOSE_REQUESTED);
	if (inner->waiting && !(outer && waits(outer)))
		assert((program->child->events & CHILD_EVENT_SESSION) || program->signal);
	if (outer && outer->service && !program->world->lossy && inner->client) {
		assert(outer->donation.ram + outer->cost_bytes == inner->donation.ram);
		assert(outer->donation.caps == inner->donation.caps);
	}
	return outer != NULL;
}

static unsigned count_outer(struct child *child)
{
	struct session *session, *next;
	unsigned n = 0;

	HASH_ITER (by_id, child->sessions, session, next)
		n += !session->environment;
	DL_FOREACH2 (child->closing, session, closing_next)
		n += !session->environment;
	return n;
}

/* Return: how many of the children's sessions the parent has, too */
static unsigned count_inner(const struct program *program, struct child *children)
{
	struct session *session, *next;
	struct child *child;
	unsigned n = 0;

	DL_FOREACH (children, child) {
		HASH_ITER (by_id, child->sessions, session, next)
			n += check_pair(program, session);
		DL_FOREACH2 (child->closing, session, closing_next)
			n += check_pair(program, session);
	}
	return n;
}

static void check_pairs(const struct program *program)
{
	unsigned n = count_inner(program, program->sandbox.children) +
		     count_inner(program, program->sandbox.dying);
	struct session *session;

	DL_FOREACH2 (program->sandbox.waiting, session, waiting_next)
		n += !session->client && check_pair(program, session);
	assert(n == count_outer(program->child));
}

/*
 * Between an engine that forwards and its parent's
 */

static bool answer_is_on_its_way(const struct program *program, uint32_t id)
{
	for (size_t i = 0; i < program->n_outbox; i++)
		if (program->outbox[i].server_id == id)
			return true;
	return false;
}

static const struct forward *forward_of(const struct program *program, uint32_t id)
{
	const struct forward *forward = program->sandbox.forwards;

	while (forward && forward->id != id)
		forward = forward->by_id.next;
	return forward;
}

/* What the parent has of it, and the engine, unless a message between them is on its way. */
static void check_forwarded(const struct program *program, const struct forward *forward)
{
	const struct session *inner = forward->session;
	const struct session *outer = session_find_at_server(program->child, forward->id);

	assert(outer);
	if (answer_is_on_its_way(program, forward->id) || (outer->requested && !outer->fetched))
		return;
	assert((inner->state == SESSION_CREATE_REQUESTED) ==
		(outer->state == SESSION_CREATE_REQUESTED));
	assert(inner->state != SESSION_UPGRADE_REQUESTED ||
		outer->state == SESSION_UPGRADE_REQUESTED);
	assert(inner->state != SESSION_HANDED_OUT || outer->state == SESSION_AVAILABLE ||
		outer->state == SESSION_HANDED_OUT);
	if (inner->state != SESSION_HANDED_OUT || program->world->lossy)
		return;
	assert(outer->donation.ram == inner->donation.ram + inner->cost_bytes);
	assert(outer->donation.caps == inner->donation.caps);
}

static void check_forwards(const struct program *program)
{
	const struct forward *forward = program->sandbox.forwards;
	struct session *session, *next;

	for (; forward; forward = forward->by_id.next)
		check_forwarded(program, forward);
	HASH_ITER (by_server_id, program->child->served, session, next) {
		bool refused = session->state == SESSION_DENIED ||
			       session->state == SESSION_INSUFFICIENT_RAM ||
			       session->state == SESSION_INSUFFICIENT_CAPS;

		if (refused || (session->requested && !session->fetched))
			continue;
		assert(forward_of(program, session->server_id) ||
			answer_is_on_its_way(program, session->server_id));
	}
}

/*
 * Components
 */

static void check_promises(const struct program *program)
{
	for (uint32_t id = ENV_END; id < ENV_END + WORLD_IDS_MAX; id++) {
		const struct promise *promise = &program->promises[id - ENV_END];
		const struct session *session = session_find(program->child, id), *closing;
		unsigned closes = 0;

		DL_FOREACH2 (program->child->closing, closing, closing_next)
			closes += closing->id == id;
		assert(promise->closes == closes);
		assert(promise->create == (session && session->state == SESSION_CREATE_REQUESTED));
		assert(promise->upgrade ==
			(session && session->state == SESSION_UPGRADE_REQUESTED));
	}
}

/* A wish that is there and that it can take has been signalled. */
static void check_signals(const struct program *program)
{
	const struct child *child = program->child;
	const struct session *session;

	if (child->events & child->events_handled)
		assert(program->signal);
	DL_FOREACH2 (child->requests, session, request_next)
		assert(session->fetched || program->server_signal);
}

static bool has_cpu_session(const struct program *program)
{
	struct object *object;
	bool found = false;

	DL_FOREACH (program->world->objects, object)
		found |= object->process == program && object->kind == OBJECT_CPU;
	return found;
}

void world_check(struct world *world)
{
	unsigned held = 0;

	ledger_check(&world->ledger);
	for (unsigned i = 0; i < world->n_programs; i++) {
		struct program *program = &world->programs[i];

		held += program->n_caps;
		check_held(program);
		if (is_booted(program))
			check_tables(&program->sandbox);
		if (!world->lossy && account_is_known(program))
			check_account(program);
		if (program->parent && is_connected(program)) {
			check_pairs(program);
			check_forwards(program);
		}
		if (!program->running || !program->child)
			continue;
		check_signals(program);
		if (!program->is_init)
			check_promises(program);
	}
	assert(held == world->n_caps);
}

/* An init may wait for a policy or a server. */
static bool has_answered(const struct child *child)
{
	const struct session *session;

	DL_FOREACH2 (child->requests, session, request_next)
		if (strcmp(child->binary, "init") != 0 ||
			session->state != SESSION_CREATE_REQUESTED)
			return false;
	return true;
}

void world_check_settled(struct world *world)
{
	for (unsigned i = 0; i < world->n_programs; i++) {
		struct program *program = &world->programs[i];
		struct child *child;

		/* Who runs has a parent that runs and pays for it. */
		if (program->running && program->parent)
			assert(program->parent->running && program->pd);
		assert(program->running == (i == 0 || has_cpu_session(program)));
		if (!is_booted(program))
			continue;
		DL_FOREACH (program->sandbox.children, child) {
			assert(!child->closing);
			assert(!child->started || has_answered(child));
			if (child->state == CHILD_EXITED)
				assert(child_gone(child) && !child->propagate_exit);
		}
	}
}

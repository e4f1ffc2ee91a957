/*
 * Invariants of engine and model
 *
 * Quota: the sum over all accounts is constant; a child's account holds what it was given, plus the
 * donations it serves, less those it made. Sessions: each is in the tables that belong to its state
 * and in no others. Capabilities: open are those that some session holds.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <utlist.h>

#include "engine/donation.h"
#include "engine/environment.h"
#include "engine/forward.h"
#include "model/check.h"
#include "model/model.h"

static void check_state(const struct session *session)
{
	bool refused = false;

	switch (session->state) {
	case SESSION_DENIED:
	case SESSION_INSUFFICIENT_RAM:
	case SESSION_INSUFFICIENT_CAPS:
		refused = true;
		break;
	case SESSION_AVAILABLE:
		assert(session->cap > 0);
		break;
	case SESSION_CREATE_REQUESTED:
		assert(!session->cap);
		break;
	case SESSION_CLOSE_REQUESTED:
	case SESSION_UPGRADE_REQUESTED:
		assert(session->service);
		break;
	case SESSION_CLOSED: /* its server is gone, its client doesn't know yet */
		assert(!session->service && session->listed);
		assert(!session->cap || (session->environment && session->client->starting));
		break;
	case SESSION_HANDED_OUT:
		break;
	}
	assert(!refused || (session->answer > 0 && !session->cap && session->listed));
	assert(session->service || (!session->donation.ram && !session->donation.caps));
	assert(!session->service || !session->parked || session->service->kind == SERVICE_CHILD);
}

static void check_client(struct child *child)
{
	struct session *session, *next;

	HASH_ITER (by_id, child->sessions, session, next) {
		assert(session->client == child && session->listed && !session->closing);
		assert(session->state != SESSION_CLOSE_REQUESTED);
		assert(session->environment ==
			(session->id < ENV_END || session->id >= ENV_LIBRARY_FIRST));
		assert(!session->service || session->service->kind != SERVICE_CHILD ||
			session_find_at_server(session->service->server, session->server_id) ==
				session);
		check_state(session);
	}
	DL_FOREACH2 (child->closing, session, closing_next) {
		assert(session->client == child && session->closing && !session->listed);
		assert(session->service);
		assert(session->state == SESSION_CLOSE_REQUESTED ||
			session->state == SESSION_CREATE_REQUESTED);
		check_state(session);
	}
}

static bool waits(const struct session *session)
{
	return session->state == SESSION_CREATE_REQUESTED ||
	       session->state == SESSION_UPGRADE_REQUESTED ||
	       session->state == SESSION_CLOSE_REQUESTED;
}

static void check_server(struct child *child)
{
	struct session *session, *next;
	uint64_t sequence = 0;
	unsigned waiting = 0;

	HASH_ITER (by_server_id, child->served, session, next) {
		assert(session->service && session->service->server == child);
		assert(session->requested == waits(session));
		assert(session->client || session->forward || waits(session));
		assert(!session->client || !session->forward);
		waiting += waits(session);
		check_state(session);
	}
	DL_FOREACH2 (child->requests, session, request_next) {
		assert(session->sequence > sequence);
		assert(session_find_at_server(child, session->server_id) == session);
		sequence = session->sequence;
		waiting--;
	}
	assert(waiting == 0);
}

static void check_life(const struct child *child)
{
	const struct session *session;

	assert(!child->started || child->state == CHILD_ALIVE || child->state == CHILD_EXITED);
	assert(child->state != CHILD_ALIVE || (child->started && child->adopted));
	for (uint32_t id = ENV_PD; child->state == CHILD_ALIVE && id <= ENV_BINARY; id++) {
		session = session_find((struct child *) child, id);
		assert(session && !session->cap);
		assert(session->state == SESSION_HANDED_OUT || session->state == SESSION_CLOSED ||
			session->state == SESSION_UPGRADE_REQUESTED);
	}
	/* What it owes is settled once its PD is closed. */
	if (session_find_closing((struct child *) child, ENV_PD))
		return;
	if (child->failed || (child->state == CHILD_EXITED && !child->started))
		assert(!child->sessions && !child->served && !child->provided && !child->adopted);
}

/* A forwarded session is at its server, unless it waits for one. */
static void check_forward(const struct forward *forward)
{
	const struct session *session = forward->session;

	assert(session->forward == forward && !session->client);
	assert(!session->listed && !session->closing && !session->waiting && !session->cap);
	check_state(session);
	if (!session->service)
		assert(session->state == SESSION_CREATE_REQUESTED && !session->server_id);
	else
		assert(session_find_at_server(session->service->server, session->server_id) ==
			session);
	if (session->service)
		assert(session->cost_bytes == SESSION_COST_BYTES);
}

static void check_children(struct child *children)
{
	struct child *child;

	DL_FOREACH (children, child) {
		check_client(child);
		check_server(child);
		check_life(child);
	}
}

void check_tables(struct sandbox *sandbox)
{
	const struct forward *forward = sandbox->forwards;
	const struct session *session;

	check_children(sandbox->children);
	check_children(sandbox->dying);
	for (; forward; forward = forward->by_id.next)
		check_forward(forward);
	DL_FOREACH2 (sandbox->waiting, session, waiting_next)
		assert(session->waiting && session->service->kind != SERVICE_CHILD);
}

struct quota check_paid(const struct session *session)
{
	if (session->environment)
		return session->added;
	return (struct quota){ session->donation.ram + session->cost_bytes,
		session->donation.caps };
}

struct quota check_expected(struct child *child)
{
	struct quota sum = environment_effective(child);
	struct session *session, *next;

	HASH_ITER (by_server_id, child->served, session, next) {
		if (session->parked)
			continue;
		sum.ram += session->donation.ram;
		sum.caps += session->donation.caps;
	}
	HASH_ITER (by_id, child->sessions, session, next) {
		struct quota paid = check_paid(session);

		sum.ram -= paid.ram;
		sum.caps -= paid.caps;
	}
	DL_FOREACH2 (child->closing, session, closing_next) {
		struct quota paid = check_paid(session);

		sum.ram -= paid.ram;
		sum.caps -= paid.caps;
	}
	return sum;
}

static void check_account(const struct model *model, struct child *child)
{
	if (!child->adopted || model->lossy)
		return;
	struct quota have = model->pds[child->account - 1].account.quota;
	struct quota want = check_expected(child);

	if (have.ram != want.ram || have.caps != want.caps)
		fprintf(stderr,
			"%s (ID %" PRIu32 ", state %d) has %" PRIu64 " bytes, %" PRIu64
			" caps, not %" PRIu64 ", %" PRIu64 "\n",
			child->name, child->id, (int) child->state, have.ram, have.caps, want.ram,
			want.caps);
	assert(have.ram == want.ram && have.caps == want.caps);
}

static unsigned caps_held(struct child *children)
{
	struct session *session, *next;
	struct child *child;
	unsigned n = 0;

	DL_FOREACH (children, child) {
		HASH_ITER (by_id, child->sessions, session, next)
			n += session->cap > 0;
		DL_FOREACH2 (child->closing, session, closing_next)
			n += session->cap > 0;
	}
	return n;
}

unsigned check_caps_held(struct sandbox *sandbox)
{
	return caps_held(sandbox->children) + caps_held(sandbox->dying);
}

static void check_parent(const struct model *model)
{
	struct quota sum = { MODEL_GUESTS_RAM, MODEL_GUESTS_CAPS };
	const struct model_guest *guest;
	const struct model_up *up;

	DL_FOREACH (model->ups, up) {
		sum.ram += up->amount.ram;
		sum.caps += up->amount.caps;
	}
	DL_FOREACH (model->guests, guest) {
		sum.ram -= guest->amount.ram;
		sum.caps -= guest->amount.caps;
	}
	assert(model->parent.quota.ram == sum.ram && model->parent.quota.caps == sum.caps);
}

void model_check_accounts(struct model *model)
{
	struct child *child;

	DL_FOREACH (model->sandbox.children, child)
		check_account(model, child);
	DL_FOREACH (model->sandbox.dying, child)
		check_account(model, child);
}

/* What the parent waits for and what the engine has under that number. */
static void check_guests(const struct model *model)
{
	const struct forward *forward = model->sandbox.forwards;
	struct model_guest *guest;
	unsigned n = 0;

	DL_FOREACH (model->guests, guest)
		n++;
	for (; forward; forward = forward->by_id.next, n--) {
		enum session_state state = forward->session->state;

		DL_SEARCH_SCALAR(model->guests, guest, id, forward->id);
		assert(guest);
		assert((guest->state == MODEL_GUEST_CREATING) ==
			(state == SESSION_CREATE_REQUESTED));
		assert(guest->state != MODEL_GUEST_OPEN || state == SESSION_HANDED_OUT ||
			state == SESSION_CLOSE_REQUESTED);
		assert(guest->state != MODEL_GUEST_CLOSING || state == SESSION_CLOSE_REQUESTED);
	}
	assert(n == 0);
}

void model_check(struct model *model)
{
	ledger_check(&model->ledger);
	check_tables(&model->sandbox);
	model_check_accounts(model);
	check_guests(model);
	check_parent(model);
	assert(check_caps_held(&model->sandbox) == model->n_caps);
}

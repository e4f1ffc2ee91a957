/*
 * Sessions
 *
 * The state machine. Whatever ends a session settles its donation first and then frees it, in one
 * place (finish()), so that every history ends in the same few lines.
 */
#include "engine/session.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "engine/child.h"
#include "engine/donation.h"
#include "engine/forward.h"
#include "engine/sandbox.h"

/* Else a child could make us spend more on its sessions than it pays: the rest is for the tables.
 */
_Static_assert(sizeof(struct session) <= SESSION_COST_BYTES * 3 / 4, "a session costs more");

const char *session_state_word(enum session_state state)
{
	switch (state) {
	case SESSION_CREATE_REQUESTED:
		return "CREATING";
	case SESSION_DENIED:
		return "DENIED";
	case SESSION_INSUFFICIENT_RAM:
		return "INSUFFICIENT_RAM";
	case SESSION_INSUFFICIENT_CAPS:
		return "INSUFFICIENT_CAP";
	case SESSION_AVAILABLE:
		return "AVAIL";
	case SESSION_HANDED_OUT:
		return "OK";
	case SESSION_UPGRADE_REQUESTED:
		return "UPGRADING";
	case SESSION_CLOSE_REQUESTED:
		return "CLOSING";
	case SESSION_CLOSED:
		return "CLOSED";
	}
	return "";
}

bool session_leads(const struct session *session)
{
	switch (session->state) {
	case SESSION_CREATE_REQUESTED:
	case SESSION_AVAILABLE:
	case SESSION_HANDED_OUT:
	case SESSION_UPGRADE_REQUESTED:
	case SESSION_CLOSED: /* its server is gone, its client doesn't know */
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

bool session_alive(const struct session *session)
{
	return session->state == SESSION_AVAILABLE || session->state == SESSION_HANDED_OUT ||
	       session->state == SESSION_UPGRADE_REQUESTED ||
	       session->state == SESSION_CLOSE_REQUESTED;
}

const struct owner *session_owner(const struct session *session)
{
	return session->sandbox->owner;
}

struct session *session_new(
	struct child *client, uint32_t id, struct service *service, const char *asked)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->sandbox = client->sandbox;
	session->id = id;
	session->client = client;
	session->service = service;
	HASH_ADD(by_id, client->sessions, id, sizeof(session->id), session);
	if (!session->by_id.tbl) {
		free(session);
		return NULL;
	}
	session->listed = true;
	strcpy(session->asked, asked);
	session->name = service->name;
	DL_APPEND2(session->name->sessions, session, name_prev, name_next);
	return session;
}

void session_route_request(const struct session *session, struct route_request *ret)
{
	*ret = (struct route_request){ session->name->name, session->asked, session->client->name,
		session->environment };
}

struct session *session_new_forwarded(struct sandbox *sandbox, struct forward *forward,
	struct service_name *name, const char *asked)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->sandbox = sandbox;
	session->forward = forward;
	session->name = name;
	strcpy(session->asked, asked);
	return session;
}

struct session *session_find(struct child *client, uint32_t id)
{
	struct session *session;

	HASH_FIND(by_id, client->sessions, &id, sizeof(id), session);
	return session;
}

struct session *session_find_at_server(struct child *server, uint32_t server_id)
{
	struct session *session;

	HASH_FIND(by_server_id, server->served, &server_id, sizeof(server_id), session);
	return session;
}

struct session *session_find_closing(struct child *client, uint32_t id)
{
	struct session *session;

	DL_FOREACH2 (client->closing, session, closing_next)
		if (session->id == id)
			break;
	return session;
}

static struct child *server_of(const struct session *session)
{
	const struct service *service = session->service;

	return service && service->kind == SERVICE_CHILD ? service->server : NULL;
}

static void leave_client(struct session *session)
{
	struct child *client = session->client;

	if (session->listed) {
		HASH_DELETE(by_id, client->sessions, session);
		DL_DELETE2(session->name->sessions, session, name_prev, name_next);
	}
	if (session->closing)
		DL_DELETE2(client->closing, session, closing_prev, closing_next);
	session->listed = session->closing = false;
}

static void stop_waiting(struct session *session)
{
	if (session->waiting)
		DL_DELETE2(session->sandbox->waiting, session, waiting_prev, waiting_next);
	session->waiting = false;
}

static void leave_server(struct session *session)
{
	struct child *server = server_of(session);

	if (server) {
		server_dequeue(server, session);
		if (session->server_id)
			HASH_DELETE(by_server_id, server->served, session);
		session->server_id = 0;
		server->n_abandoned -= session->abandoned;
		session->abandoned = false;
	}
	stop_waiting(session);
}

static void drop_cap(struct session *session)
{
	const struct owner *owner = session_owner(session);

	if (session->cap > 0)
		owner->cap_close(owner->ctx, session->cap);
	session->cap = 0;
}

void session_free(struct session *session)
{
	assert(!session->donation.ram && !session->donation.caps && !session->cost_bytes);
	drop_cap(session);
	leave_server(session);
	leave_client(session);
	free(session);
}

/* The report may show it in another state now. */
static void changed(const struct session *session)
{
	const struct report_details *shown = &session->sandbox->report.details;

	if (shown->requested || shown->provided)
		report_changed(session->sandbox);
}

static bool is_refused(const struct session *session)
{
	return session->state == SESSION_DENIED || session->state == SESSION_INSUFFICIENT_RAM ||
	       session->state == SESSION_INSUFFICIENT_CAPS;
}

/* The end of every session: its quota goes home, who waits for it is told. */
static void finish(struct session *session)
{
	struct child *client = session->client;
	struct forward *forward = session->forward;
	bool tell = client && session->closing;
	int answer = is_refused(session) ? session->answer : KIN_CLOSED;

	donation_return(session);
	leave_server(session);
	leave_client(session);
	session->state = SESSION_CLOSED;
	changed(session);
	if (tell)
		child_answered(client, session, SESSION_EVENT_CLOSED);
	session_free(session);
	if (forward)
		forward_ended(forward, answer);
}

static void wait_for_answer(struct session *session)
{
	if (session->waiting)
		return;
	session->waiting = true;
	DL_APPEND2(session->sandbox->waiting, session, waiting_prev, waiting_next);
}

static void refuse(struct session *session, int answer)
{
	session->answer = answer;
	session->state = answer == KIN_INSUFFICIENT_RAM    ? SESSION_INSUFFICIENT_RAM
			 : answer == KIN_INSUFFICIENT_CAPS ? SESSION_INSUFFICIENT_CAPS
							   : SESSION_DENIED;
}

/* What a service said that can answer at once. */
static void take_answer(struct session *session, int answer, int cap)
{
	if (answer == 0) {
		session->cap = cap;
		session->state = SESSION_AVAILABLE;
	} else if (answer == KIN_PENDING) {
		wait_for_answer(session);
	} else {
		refuse(session, answer > 0 ? answer : KIN_DENIED);
	}
}

/*
 * Our own account is too small for what a child asks: so do we ask our parent, once until it
 * grants, and the child is told when it did.
 */
static void ask_upwards(struct session *session, int answer, struct quota amount)
{
	if (answer == KIN_OUT_OF_RAM)
		sandbox_ask_parent(session->sandbox, (struct quota){ amount.ram, 0 });
	else if (answer == KIN_OUT_OF_CAPS)
		sandbox_ask_parent(session->sandbox, (struct quota){ 0, amount.caps });
	else
		return;
	if (session->client)
		session->client->short_above = true;
}

void session_submit(struct session *session)
{
	const struct owner *owner = session_owner(session);
	int r, cap = 0;

	changed(session);
	switch (session->service->kind) {
	case SERVICE_CHILD:
		server_enqueue(session->service->server, session);
		return;
	case SERVICE_PARENT:
		session->up_id = ++session->sandbox->last_up_id;
		r = owner->up->session(owner->ctx, session->up_id, session, &cap);
		ask_upwards(session, r, session->donation);
		take_answer(session, r, cap);
		return;
	case SERVICE_LOCAL:
		r = owner->local->create(owner->ctx, session, &cap);
		take_answer(session, r, cap);
		return;
	}
}

int session_upgrade(struct session *session, struct quota amount)
{
	const struct owner *owner = session_owner(session);
	int r = donation_give(session, amount, 0);

	if (r)
		return r;
	changed(session);
	switch (session->service->kind) {
	case SERVICE_CHILD:
		session->upgrade = amount;
		session->state = SESSION_UPGRADE_REQUESTED;
		server_enqueue(session->service->server, session);
		return KIN_PENDING;
	case SERVICE_LOCAL:
		r = owner->local->upgrade(owner->ctx, session, amount);
		break;
	case SERVICE_PARENT:
		r = owner->up->upgrade(owner->ctx, session->up_id, amount);
		ask_upwards(session, r, amount);
		break;
	}
	if (r == KIN_PENDING) {
		session->state = SESSION_UPGRADE_REQUESTED;
		wait_for_answer(session);
	} else if (r) {
		donation_take_back(session, amount);
	}
	return r;
}

/* Return: whether the server has nothing (more) to do with it */
static bool close_at_server(struct session *session)
{
	const struct owner *owner = session_owner(session);
	bool alive = session_alive(session);

	if (!session->service)
		return true;
	switch (session->service->kind) {
	case SERVICE_LOCAL:
		if (!alive && session->state != SESSION_CREATE_REQUESTED)
			return true;
		if (owner->local->close(owner->ctx, session) != KIN_PENDING)
			return true;
		wait_for_answer(session);
		break;
	case SERVICE_PARENT:
		if (!alive && session->state != SESSION_CREATE_REQUESTED)
			return true;
		if (owner->up->close(owner->ctx, session->up_id) != KIN_PENDING)
			return true;
		wait_for_answer(session);
		break;
	case SERVICE_CHILD:
		if (!alive)
			return true; /* see creation_in_progress() for one that it is just making */
		server_enqueue(session->service->server, session);
		break;
	}
	session->state = SESSION_CLOSE_REQUESTED;
	changed(session);
	return false;
}

/* Its server learns of the end when it delivers, the client has its quota back now. */
static bool creation_in_progress(const struct session *session)
{
	return session->state == SESSION_CREATE_REQUESTED && server_of(session) && session->fetched;
}

static void abandon(struct session *session)
{
	struct child *server = server_of(session);

	if (server)
		server->n_abandoned += !session->abandoned;
	session->abandoned = server != NULL;
	leave_client(session);
	session->client = NULL;
}

static bool abandoned_are_many(const struct session *session)
{
	const struct child *server = server_of(session);

	return server && server->n_abandoned >= SESSION_ABANDONED_MAX;
}

static int close_later(struct session *session)
{
	leave_client(session);
	session->closing = true;
	DL_APPEND2(session->client->closing, session, closing_prev, closing_next);
	return KIN_PENDING;
}

int session_close(struct session *session)
{
	assert(session->listed);
	if (creation_in_progress(session)) {
		if (abandoned_are_many(session))
			return close_later(session);
		donation_return(session);
		abandon(session);
		return 0;
	}
	drop_cap(session);
	if (!close_at_server(session)) {
		session->state = SESSION_CLOSE_REQUESTED;
		return close_later(session);
	}
	finish(session);
	return 0;
}

void session_orphan(struct session *session)
{
	bool creating = creation_in_progress(session);

	drop_cap(session);
	if (!creating && session->state != SESSION_CLOSE_REQUESTED && close_at_server(session)) {
		leave_client(session);
		session->client = NULL;
		finish(session);
	} else if (session->client && abandoned_are_many(session)) {
		if (!session->closing)
			close_later(session);
	} else {
		if (creating)
			donation_return(session);
		abandon(session);
	}
}

void session_withdraw(struct session *session)
{
	drop_cap(session);
	if (session->state != SESSION_CLOSE_REQUESTED && close_at_server(session))
		finish(session);
}

/* Its owner is at starting the client with it: that goes on, and finds the channel closed. */
static bool starts_with(const struct session *session)
{
	return session->environment && session->client && session->client->starting;
}

static void desert(struct session *session)
{
	refuse(session, KIN_DENIED);
	session->deserted = true;
}

void session_purge(struct session *session)
{
	enum session_state before = session->state;

	changed(session);
	donation_return(session);
	leave_server(session);
	if (!starts_with(session))
		drop_cap(session);
	session->service = NULL;
	if (session->forward && before == SESSION_CREATE_REQUESTED)
		return; /* until there is another server */
	if (!session->client || session->closing) {
		finish(session);
		return;
	}
	session->state = SESSION_CLOSED;
	switch (before) {
	case SESSION_CREATE_REQUESTED:
		desert(session);
		child_answered(session->client, session, SESSION_EVENT_CREATED);
		break;
	case SESSION_AVAILABLE:
		desert(session);
		break;
	case SESSION_UPGRADE_REQUESTED:
		child_answered(session->client, session, SESSION_EVENT_UPGRADED);
		break;
	case SESSION_DENIED:
	case SESSION_INSUFFICIENT_RAM:
	case SESSION_INSUFFICIENT_CAPS:
		session->state = before;
		break;
	case SESSION_HANDED_OUT:
	case SESSION_CLOSE_REQUESTED:
	case SESSION_CLOSED:
		break;
	}
}

void session_dropped(struct session *session)
{
	if (session->client)
		sandbox_session_lost(session);
	session_purge(session);
}

void session_unpark(struct session *session)
{
	const struct owner *owner = session_owner(session);
	struct quota_edge edge = { OWNER_SELF, session->service->server->account,
		session->donation };

	if (session->parked && owner->accounts->transfer(owner->ctx, &edge, 1) == 0)
		session->parked = false;
}

void session_delivered(struct session *session, int cap)
{
	struct child *server = server_of(session);

	changed(session);
	stop_waiting(session);
	session->cap = cap;
	session->state = SESSION_AVAILABLE;
	if (server)
		server_dequeue(server, session);
	if (session->forward)
		forward_delivered(session->forward);
	else if (session->closing)
		session_withdraw(session);
	else if (session->client)
		child_answered(session->client, session, SESSION_EVENT_CREATED);
	else
		session_orphan(session);
}

/* It stays known to the server, which holds the donation until the client fetches the answer. */
void session_refused(struct session *session, int answer)
{
	struct child *server = server_of(session);

	changed(session);
	stop_waiting(session);
	refuse(session, answer);
	if (server)
		server_dequeue(server, session);
	if (session->client && !session->closing)
		child_answered(session->client, session, SESSION_EVENT_CREATED);
	else
		finish(session);
}

void session_upgraded(struct session *session)
{
	struct child *server = server_of(session);

	changed(session);
	stop_waiting(session);
	session->state = SESSION_HANDED_OUT;
	session->upgrade = (struct quota){ 0, 0 };
	if (server)
		server_dequeue(server, session);
	if (session->forward)
		forward_upgraded(session->forward);
	else
		child_answered(session->client, session, SESSION_EVENT_UPGRADED);
}

void session_closed(struct session *session)
{
	finish(session);
}

void session_up_answer(struct session *session)
{
	const struct owner *owner = session_owner(session);
	int cap = 0;

	if (session->service->kind != SERVICE_PARENT)
		return;
	int r = owner->up->session_cap(owner->ctx, session->up_id, &cap);

	if (r == KIN_PENDING)
		return;
	ask_upwards(session, r, session->donation);
	if (session->state == SESSION_CLOSE_REQUESTED)
		session_closed(session);
	else if (session->state == SESSION_UPGRADE_REQUESTED)
		session_upgraded(session);
	else if (r == 0)
		session_delivered(session, cap);
	else
		session_refused(session, r > 0 ? r : KIN_DENIED);
}

/*
 * A child as server: the requests of its clients and its answers
 *
 * The list is ordered by sequence number, so that a server that remembers the last one it saw
 * fetches only what is new; a request stays in it until it is answered. Answers that make no sense
 * are logged and ignored, they can hurt nobody but the server itself.
 */
#include <inttypes.h>
#include <utlist.h>

#include <kin/label.h>

#include "engine/child.h"
#include "engine/sandbox.h"

static const struct owner *owner_of(const struct child *child)
{
	return child->sandbox->owner;
}

int server_announce(struct child *child, const char *service)
{
	if (services_of_child(&child->sandbox->services, child, service))
		return 0;
	owner_log(owner_of(child), OWNER_ERROR, "%s: illegal announcement of service \"%s\"",
		child->name, kin_name_valid(service) ? service : "(malformed)");
	return KIN_DENIED;
}

void server_dequeue(struct child *child, struct session *session)
{
	if (session->requested)
		DL_DELETE2(child->requests, session, request_prev, request_next);
	session->requested = false;
}

void server_enqueue(struct child *child, struct session *session)
{
	server_dequeue(child, session);
	if (!session->server_id) {
		session->server_id = ++child->last_server_id;
		HASH_ADD(by_server_id, child->served, server_id, sizeof(session->server_id),
			session);
		if (!session->by_server_id.tbl) {
			session->server_id = 0;
			if (session->environment) /* it is not the server's answer */
				session->client->undone = MARK_ANEW;
			session_refused(session, KIN_DENIED);
			return;
		}
	}
	session->sequence = ++child->last_sequence;
	session->fetched = false;
	session->requested = true;
	DL_APPEND2(child->requests, session, request_prev, request_next);
	if (child->started)
		owner_of(child)->children->wake_server(owner_of(child)->ctx, child);
}

size_t server_requests(struct child *child, uint64_t after, struct server_request *ret, size_t max)
{
	struct session *session;
	size_t n = 0;

	DL_FOREACH2 (child->requests, session, request_next) {
		if (session->sequence <= after)
			continue;
		if (n == max)
			break;
		session->fetched = true;
		ret[n].session = session;
		ret[n].kind = session->state == SESSION_CREATE_REQUESTED    ? SERVER_CREATE
			      : session->state == SESSION_UPGRADE_REQUESTED ? SERVER_UPGRADE
									    : SERVER_CLOSE;
		n++;
	}
	return n;
}

static void ignore(
	struct child *child, const char *what, uint32_t server_id, const struct session *session)
{
	owner_log(owner_of(child), OWNER_WARNING,
		"%s: %s for session %" PRIu32 " in state %s ignored", child->name, what, server_id,
		session ? session_state_word(session->state) : "unknown");
}

void server_deliver(struct child *child, uint32_t server_id, int *cap)
{
	struct session *session = session_find_at_server(child, server_id);

	if (!session || session->state != SESSION_CREATE_REQUESTED || !session->fetched) {
		ignore(child, "delivery of a capability", server_id, session);
		return;
	}
	session_delivered(session, *cap);
	*cap = 0;
}

void server_response(struct child *child, uint32_t server_id, int answer)
{
	struct session *session = session_find_at_server(child, server_id);
	bool creating = session && session->state == SESSION_CREATE_REQUESTED;

	if (session && session->requested && !session->fetched)
		session = NULL; /* it can't know of what it answers */
	if (session && answer == KIN_OK && session->state == SESSION_UPGRADE_REQUESTED)
		session_upgraded(session);
	else if (session && answer == KIN_CLOSED && session->state == SESSION_CLOSE_REQUESTED)
		session_closed(session);
	else if (session && creating &&
		 (answer == KIN_DENIED || answer == KIN_INSUFFICIENT_RAM ||
			 answer == KIN_INSUFFICIENT_CAPS))
		session_refused(session, answer);
	else if (session && answer == KIN_CLOSED && session_alive(session))
		session_dropped(session);
	else
		ignore(child, "response", server_id, session);
}

/*
 * A child as client of its parent
 *
 * Handlers of messages record and queue: an exit is noted here, its consequences follow in
 * sandbox_step(). environment.c is about the sessions that a child starts with.
 */
#include "engine/child.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include <kin/label.h>
#include <kin/number.h>

#include "engine/budget.h"
#include "engine/donation.h"
#include "engine/environment.h"
#include "engine/placement.h"
#include "engine/sandbox.h"

static const struct owner *owner_of(const struct child *child)
{
	return child->sandbox->owner;
}

static void tell(struct child *child, enum child_change change)
{
	const struct owner *owner = owner_of(child);

	if (owner->children->changed)
		owner->children->changed(owner->ctx, child, change);
}

void child_note(struct child *child, enum history_kind kind, const char *fmt, ...)
{
	char text[HISTORY_TEXT_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	history_add(&child->history, kind, text);
	if (child->sandbox->globals.verbose)
		owner_log(owner_of(child), OWNER_INFO, "child \"%s\" %s: %s", child->name,
			history_word(kind), text);
}

struct child *child_new(struct sandbox *sandbox, const char *name)
{
	struct child *child = calloc(1, sizeof(*child));

	if (!child)
		return NULL;
	assert(strlen(name) <= KIN_NAME_MAX);
	strcpy(child->name, name);
	child->sandbox = sandbox;
	return child;
}

void child_free(struct child *child)
{
	assert(child_gone(child) && !child->started);
	budget_settled(child);
	needs_forget(child);
	sandbox_config_unref(child->config);
	free(child);
}

static struct quota donation_of(const struct kin_args *args)
{
	return (struct quota){ args->ram_quota - SESSION_COST_BYTES, args->cap_quota };
}

/* Undoes a session that was refused at once. Return: what the client is told */
static int revert(struct session *session)
{
	int answer = session->answer;

	donation_return(session);
	session_free(session);
	return answer;
}

/* Return: 0 and a session in whatever state its service left it, or an answer or error */
static int create(struct child *child, const struct session_request *request, const char *asked,
	const struct route_result *route, struct session **ret)
{
	struct session *session = session_new(child, request->id, route->service, asked);

	if (!session)
		return -ENOMEM;
	session->version = request->version;
	session->args = *request->args;
	session->affinity = *request->affinity;
	session->special = route->special;
	strcpy(session->args.label, route->label);
	session->args.ram_quota -= SESSION_COST_BYTES;
	if (!child->start || !kin_node_boolean(child->start, "managing_system", false))
		kin_args_remove(&session->args, "managing_system");

	int r = placement_apply(child, request->service, &session->args, &session->affinity);

	if (r == 0)
		r = donation_give(session, donation_of(request->args), SESSION_COST_BYTES);
	if (r) {
		session_free(session);
		return r;
	}
	session_submit(session);
	*ret = session;
	return 0;
}

static bool id_usable(struct child *child, const struct session_request *request)
{
	const struct session *session = session_find(child, request->id);

	if (session)
		owner_log(owner_of(child), OWNER_ERROR,
			"%s: session ID %" PRIu32 " of service \"%s\" is in use by a session of "
			"service \"%s\" (label=\"%s\")",
			child->name, request->id, request->service,
			session->service ? session->service->name->name : "", session->args.label);
	else if (request->id < ENV_END)
		owner_log(owner_of(child), OWNER_ERROR,
			"%s: session ID %" PRIu32 " is one of its environment's", child->name,
			request->id);
	return !session && request->id >= ENV_END;
}

static int hand_out(struct session *session, int *ret_cap)
{
	session->state = SESSION_HANDED_OUT;
	*ret_cap = session->cap;
	session->cap = 0;
	return 0;
}

int child_session(struct child *child, const struct session_request *request, int *ret_cap)
{
	char label[KIN_LABEL_MAX + 1];
	struct route_result route;
	struct session *session;

	if (child->state != CHILD_ALIVE || !kin_name_valid(request->service))
		return KIN_DENIED;
	if (kin_label_join(child->name, request->args->label, label) < 0) {
		owner_log(owner_of(child), OWNER_ERROR, "%s: label of service \"%s\" too long",
			child->name, request->service);
		return KIN_DENIED;
	}
	if (request->args->ram_quota < SESSION_COST_BYTES)
		return KIN_INSUFFICIENT_RAM;
	if (request->args->cap_quota < SESSION_CAPS_MIN)
		return KIN_INSUFFICIENT_CAPS;
	int r = sandbox_route(child->sandbox, child,
		&(struct route_request){ request->service, label, child->name, false }, &route);

	if (r)
		return r;
	if (!id_usable(child, request))
		return KIN_DENIED;
	r = create(child, request, label, &route, &session);
	if (r)
		return r;
	switch (session->state) {
	case SESSION_CREATE_REQUESTED:
		return KIN_PENDING;
	case SESSION_AVAILABLE:
		return hand_out(session, ret_cap);
	case SESSION_DENIED:
	case SESSION_INSUFFICIENT_RAM:
	case SESSION_INSUFFICIENT_CAPS:
	case SESSION_HANDED_OUT:
	case SESSION_UPGRADE_REQUESTED:
	case SESSION_CLOSE_REQUESTED:
	case SESSION_CLOSED:
		break;
	}
	return revert(session);
}

int child_session_cap(struct child *child, uint32_t id, int *ret_cap)
{
	struct session *session = session_find(child, id);

	*ret_cap = 0;
	if (!session || session->environment)
		return session_find_closing(child, id) ? KIN_PENDING : KIN_CLOSED;
	switch (session->state) {
	case SESSION_CREATE_REQUESTED:
	case SESSION_UPGRADE_REQUESTED:
	case SESSION_CLOSE_REQUESTED:
		return KIN_PENDING;
	case SESSION_AVAILABLE:
		return hand_out(session, ret_cap);
	case SESSION_HANDED_OUT:
	case SESSION_CLOSED:
		return 0;
	case SESSION_DENIED:
	case SESSION_INSUFFICIENT_RAM:
	case SESSION_INSUFFICIENT_CAPS:
		break;
	}
	return revert(session);
}

void child_session_keep(struct child *child, uint32_t id, int cap)
{
	struct session *session = session_find(child, id);

	assert(session && session->state == SESSION_HANDED_OUT && !session->cap);
	session->state = SESSION_AVAILABLE;
	session->cap = cap;
}

int child_upgrade(struct child *child, uint32_t id, struct quota amount)
{
	struct session *session = session_find(child, id);

	if (!session || session->state != SESSION_HANDED_OUT) {
		owner_log(owner_of(child), OWNER_WARNING,
			"%s: upgrade of session %" PRIu32 " in state %s ignored", child->name, id,
			session ? session_state_word(session->state) : "unknown");
		return 0;
	}
	return session_upgrade(session, amount);
}

int child_close(struct child *child, uint32_t id)
{
	struct session *session = session_find(child, id);

	if (!session) {
		owner_log(owner_of(child), OWNER_WARNING,
			"%s: close of unknown session %" PRIu32 " ignored", child->name, id);
		return 0;
	}
	if (session->environment) {
		owner_log(owner_of(child), OWNER_WARNING,
			"%s: environment session %" PRIu32 " can't be closed", child->name, id);
		return KIN_DENIED;
	}
	return session_close(session);
}

void child_post(struct child *child, enum child_event event)
{
	child->events |= event;
	if (child->started && (child->events & child->events_handled))
		owner_of(child)->children->wake(owner_of(child)->ctx, child);
}

void child_handles(struct child *child, uint32_t events)
{
	child->events_handled = events;
	if (child->started && (child->events & child->events_handled))
		owner_of(child)->children->wake(owner_of(child)->ctx, child);
}

uint32_t child_events(struct child *child, struct quota *ret_yield)
{
	uint32_t events = child->events & child->events_handled;

	child->events &= ~events;
	*ret_yield = child->yield;
	return events;
}

void child_answered(struct child *child, const struct session *session, enum session_event event)
{
	const struct owner *owner = owner_of(child);

	/* Its account went with it, and its number may already be another's. */
	if (session->environment && session->id == ENV_PD && event == SESSION_EVENT_CLOSED)
		child->adopted = false;
	if (session->environment || (child->state == CHILD_ABANDONED && !child->closing))
		sandbox_advance(child);
	else if (child->started &&
		 !owner->children->answered(owner->ctx, child, session->id, event))
		child_post(child, CHILD_EVENT_SESSION);
}

void child_resource_request(struct child *child, struct quota amount)
{
	owner_log(owner_of(child), OWNER_INFO,
		"child \"%s\" requests resources: ram_quota=%" PRIu64 ", cap_quota=%" PRIu64,
		child->name, amount.ram, amount.caps);
	if (quota_is_zero(amount))
		return;
	/* It may ask as often as it likes, so only the first time is urgent until it is answered.
	 */
	if (quota_is_zero(child->wanted))
		report_urgent(child->sandbox);
	else
		report_changed(child->sandbox);
	child->wanted = amount;
	tell(child, CHILD_CHANGE_REQUESTED);
}

void child_yield(struct child *child, struct quota amount)
{
	child->yield = amount;
	child_post(child, CHILD_EVENT_YIELD);
}

void child_yield_response(struct child *child)
{
	child->yield = (struct quota){ 0, 0 };
	budget_yielded(child);
	report_changed(child->sandbox);
	tell(child, CHILD_CHANGE_YIELDED);
}

int child_grant(struct child *child, struct quota amount)
{
	int r = budget_give(child, amount);

	if (r == 0)
		child->configured = quota_sum(child->configured, amount);
	return r;
}

int child_withdraw(struct child *child, struct quota amount)
{
	int r = budget_take(child, amount);

	if (r == 0)
		child->configured = quota_less(child->configured, amount);
	return r;
}

void child_heartbeat(struct child *child)
{
	if (!child->started || !(child->events_handled & CHILD_EVENT_HEARTBEAT))
		return;
	child->heartbeats_outstanding++;
	child_post(child, CHILD_EVENT_HEARTBEAT);
}

void child_heartbeat_response(struct child *child)
{
	if (child->heartbeats_outstanding > 1)
		report_changed(child->sandbox);
	child->heartbeats_outstanding = 0;
}

static void end(struct child *child, int64_t value)
{
	child->state = CHILD_EXITED;
	child->exit_value = value;
	sandbox_advance(child);
	report_urgent(child->sandbox);
	tell(child, CHILD_CHANGE_ENDED);
}

void child_exit(struct child *child, int64_t value)
{
	if (child->state != CHILD_ALIVE)
		return;
	owner_log(owner_of(child), OWNER_INFO, "child \"%s\" exited with exit value %" PRId64,
		child->name, value);
	child_note(child, HISTORY_ENDED, "it exited with %" PRId64, value);
	end(child, value);
}

void child_died(struct child *child, int signal, int64_t value)
{
	if (child->state != CHILD_ALIVE)
		return;
	if (!signal) {
		child_exit(child, value);
		return;
	}
	owner_log(owner_of(child), OWNER_ERROR, "child \"%s\" crashed (SIG%s)", child->name,
		sigabbrev_np(signal) ? sigabbrev_np(signal) : "?");
	child_note(child, HISTORY_ENDED, "it crashed (SIG%s)",
		sigabbrev_np(signal) ? sigabbrev_np(signal) : "?");
	end(child, 128 + signal);
}

void child_misbehaved(struct child *child, const char *what)
{
	if (child->state != CHILD_ALIVE)
		return;
	owner_log(owner_of(child), OWNER_ERROR, "child \"%s\" is ended: %s", child->name, what);
	child_note(child, HISTORY_ENDED, "%s", what);
	end(child, 128 + 9);
}

bool child_gone(const struct child *child)
{
	return !child->sessions && !child->closing && !child->served && !child->provided;
}

static void stop(struct child *child)
{
	if (child->started || child->starting)
		owner_of(child)->children->stop(owner_of(child)->ctx, child);
	child->started = child->starting = false;
	child->events = child->events_handled = 0;
	child->heartbeats_outstanding = 0;
	child->wanted = child->yield = (struct quota){ 0, 0 };
}

static void close_rest(struct child *child)
{
	struct session *session, *next;

	HASH_ITER (by_server_id, child->served, session, next)
		session_purge(session);
	services_withdraw(child);
	environment_close(child);
	HASH_ITER (by_id, child->sessions, session, next)
		if (!session->environment)
			session_orphan(session);
	DL_FOREACH_SAFE2 (child->closing, session, next, closing_next)
		if (!session->environment)
			session_orphan(session);
}

/*
 * The process goes first, so that it never sees its channels end one by one. With its PD closed all
 * it had is ours again, and what it owes its clients can be given back. If the PD is served by
 * another child, that waits for its answer.
 */
void child_close_all(struct child *child)
{
	services_end(child);
	environment_close_process(child);
	stop(child);
	budget_settled(child);
	if (!session_find_closing(child, ENV_PD))
		close_rest(child);
}

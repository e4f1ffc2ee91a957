/*
 * Update
 *
 * A child is restarted by putting a new one in its place and destroying the old one. What a service
 * or a route led to is not kept anywhere but in the sessions themselves: each knows the request
 * that it came from, so asking the route again tells whether it still leads to the same service,
 * under the same label. Whom to ask is known by name: each name of a service lists the sessions
 * asked for under it, so that the cost of a change follows what it concerns.
 *
 * Invariant: within one settling a child is revived at most once, so that the circle of those that
 * need each other ends.
 */
#include "engine/update.h"

#include <string.h>
#include <utlist.h>

#include "engine/budget.h"
#include "engine/sandbox.h"
#include "engine/start.h"

/*
 * Routes that lead elsewhere
 */

static const char *server_name(const struct service *service)
{
	switch (service->kind) {
	case SERVICE_PARENT:
		return "the parent";
	case SERVICE_LOCAL:
		return "a local service";
	case SERVICE_CHILD:
		return service->server->name;
	}
	return "";
}

static void mark_rerouted(const struct session *session, const struct route_result *now)
{
	struct child *child = session->client;

	if (!session->service)
		child_note(child, HISTORY_RESTART,
			"service \"%s\" (label=\"%s\") lost its server, it is now %s's",
			session->name->name, session->asked, server_name(now->service));
	else if (now->service != session->service)
		child_note(child, HISTORY_RESTART,
			"service \"%s\" (label=\"%s\") is now %s's, was %s's", session->name->name,
			session->asked, server_name(now->service), server_name(session->service));
	else
		child_note(child, HISTORY_RESTART,
			"label at service \"%s\" is now \"%s\", was \"%s\"", session->name->name,
			now->label, session->args.label);
	sandbox_mark(child, MARK_RESTART);
}

static void mark_stuck(const struct session *session, const struct route_why *why)
{
	struct child *child = session->client;

	if (child->mark >= MARK_STUCK)
		return;
	if (why->rule)
		child_note(child, HISTORY_STUCK,
			"route to service \"%s\" (label=\"%s\") in line %u leads to nothing",
			session->name->name, session->asked, kin_node_line(why->rule));
	else
		child_note(child, HISTORY_STUCK, "no route to service \"%s\" (label=\"%s\")",
			session->name->name, session->asked);
	sandbox_mark(child, MARK_STUCK);
}

/* Who is looked for: those that can't go on, or those that can, but elsewhere, too. */
enum look { LOOK_STUCK, LOOK_ALL };

static void reroute_session(struct session *session, enum look look)
{
	struct child *child = session->client;
	struct route_request request;
	struct route_result now;
	struct route_why why;

	if (!session_leads(session) || child->failed ||
		(child->state != CHILD_ALIVE && child->state != CHILD_INCOMPLETE))
		return;
	session_route_request(session, &request);
	int r = sandbox_find_route(child->sandbox, child, &request, &now, &why);

	if (r != ROUTE_FOUND)
		mark_stuck(session, &why);
	else if (look == LOOK_ALL &&
		 (now.service != session->service || now.special != session->special ||
			 strcmp(now.label, session->args.label) != 0))
		mark_rerouted(session, &now);
}

static void reroute_child(struct child *child, enum look look)
{
	struct session *session, *next;

	HASH_ITER (by_id, child->sessions, session, next)
		reroute_session(session, look);
}

static void reroute_uncertain(struct sandbox *sandbox, enum look look)
{
	struct child *child;

	DL_FOREACH (sandbox->children, child) {
		if (child->uncertain)
			reroute_child(child, look);
		child->uncertain = child->uncertain && look != LOOK_ALL;
	}
}

static void reroute_name(struct service_name *name, enum look look)
{
	struct session *session;

	DL_FOREACH2 (name->sessions, session, name_next)
		reroute_session(session, look);
}

/*
 * Destroying
 */

bool sandbox_blocked(const struct child *child)
{
	const struct child *before;

	DL_FOREACH (child->sandbox->dying, before)
		if (strcmp(before->name, child->name) == 0 &&
			strcmp(before->version, child->version) == 0)
			return true;
	return false;
}

/* Not in the table of names any more. Its services are no target from now on. */
static void destroy(struct child *child)
{
	struct sandbox *sandbox = child->sandbox;

	services_retract_all(&sandbox->services, child);
	DL_APPEND(sandbox->dying, child);
	child->state = CHILD_ABANDONED;
	child_close_all(child);
	sandbox_advance(child);
	report_urgent(sandbox);
}

void update_abandon(struct child *child)
{
	struct sandbox *sandbox = child->sandbox;

	HASH_DELETE(by_name, sandbox->by_name, child);
	DL_DELETE(sandbox->children, child);
	destroy(child);
}

void update_bury(struct sandbox *sandbox)
{
	struct child *child, *next, *successor;

	DL_FOREACH_SAFE (sandbox->dying, child, next) {
		if (!child_gone(child) || child->mark)
			continue;
		if (child->advance)
			DL_DELETE2(sandbox->advancing, child, advance_prev, advance_next);
		DL_DELETE(sandbox->dying, child);
		successor = sandbox_child(sandbox, child->name);
		child_free(child);
		if (successor && successor->id)
			sandbox_advance(successor);
		sandbox->resettle = sandbox->resettle || sandbox->short_of;
	}
}

/*
 * Restarting and stopping
 */

/* Puts a new child in the place of another. Return: NULL if there is no memory (logged) */
static struct child *replace(struct child *old)
{
	struct sandbox *sandbox = old->sandbox;
	struct child *fresh = start_new(sandbox, old->name, old->config, old->start);

	if (!fresh)
		return NULL;
	HASH_ADD_KEYPTR(by_name, sandbox->by_name, fresh->name, strlen(fresh->name), fresh);
	if (!fresh->by_name.tbl) {
		owner_log(sandbox->owner, OWNER_ERROR, "%s: out of memory", old->name);
		child_free(fresh);
		return NULL;
	}
	HASH_DELETE(by_name, sandbox->by_name, old);
	DL_REPLACE_ELEM(sandbox->children, old, fresh);
	fresh->seen = old->seen;
	fresh->revived = old->revived;
	fresh->retried = old->retried;
	fresh->history = old->history;
	fresh->said = old->said;
	fresh->configured = old->configured;
	fresh->known_quota = old->known_quota;
	return fresh;
}

static void restart(struct child *old)
{
	struct child *fresh = replace(old);

	if (!fresh) {
		old->undone = MARK_ANEW;
		return;
	}
	start_provide(fresh);
	destroy(old);
}

struct child *update_stop(struct child *old)
{
	struct child *fresh = replace(old);

	if (!fresh) {
		old->undone = MARK_STUCK;
		return NULL;
	}
	fresh->stuck = true;
	fresh->id = old->id;
	if (needs_of_sessions(fresh, old) < 0) {
		owner_log(old->sandbox->owner, OWNER_ERROR,
			"%s: out of memory, it is restarted instead of waiting for its routes",
			old->name);
		needs_forget(fresh);
		fresh->stuck = false;
		fresh->id = 0;
		start_provide(fresh);
	}
	destroy(old);
	return fresh;
}

static void execute(struct child *child)
{
	enum child_mark mark = child->mark;

	child->mark = MARK_NONE;
	if (child->state == CHILD_ABANDONED)
		return;
	switch (mark) {
	case MARK_NONE:
		break;
	case MARK_RESTART:
	case MARK_ANEW:
		restart(child);
		break;
	case MARK_STUCK:
		update_stop(child);
		break;
	}
}

void sandbox_mark(struct child *child, enum child_mark mark)
{
	struct sandbox *sandbox = child->sandbox;

	if (child->state == CHILD_ABANDONED)
		return;
	if (!child->mark) {
		child->marked_next = sandbox->marked;
		sandbox->marked = child;
		sandbox_schedule(sandbox);
	}
	if (child->mark < mark)
		child->mark = mark;
}

static void execute_marked(struct sandbox *sandbox)
{
	struct child *child;

	while ((child = sandbox->marked)) {
		sandbox->marked = child->marked_next;
		execute(child);
	}
}

/* Return: whether there was anything to do */
static bool stop_stuck(struct sandbox *sandbox)
{
	bool any = sandbox->services.changed;
	struct service_name *name;

	do {
		while ((name = services_take_changed(&sandbox->services)))
			reroute_name(name, LOOK_STUCK);
		any |= sandbox->marked != NULL;
		execute_marked(sandbox);
	} while (sandbox->services.changed);
	return any;
}

/*
 * Marks whom changes concern, and does that, again and again. Who can't go on is stopped first:
 * what is found with those that remain is final. Return: whether there was anything to do
 */
static bool spread(struct sandbox *sandbox)
{
	struct service_name *name;
	bool any = false;

	reroute_uncertain(sandbox, LOOK_STUCK);
	do {
		any |= stop_stuck(sandbox);
		reroute_uncertain(sandbox, LOOK_ALL);
		while ((name = services_take_moved(&sandbox->services)))
			reroute_name(name, LOOK_ALL);
		any |= sandbox->marked != NULL;
		execute_marked(sandbox);
	} while (sandbox->services.changed);
	return any;
}

/*
 * Reviving
 */

static bool may_revive(const struct child *child)
{
	return child->stuck && child->revived != child->sandbox->settlings;
}

static void revive_one(struct child *child)
{
	child->revived = child->sandbox->settlings;
	child->stuck = false;
	child->id = 0;
	needs_forget(child);
	start_provide(child);
	child_note(child, HISTORY_REVIVED, "its routes lead somewhere again");
}

/*
 * Those that are stuck may be waiting for each other: all are taken for there, and then those whose
 * needs are not met even so are not, until only those are left that can run together. Return:
 * whether there are any.
 */
static bool revive(struct sandbox *sandbox)
{
	bool again, any = false;
	struct child *child;

	DL_FOREACH (sandbox->children, child)
		if (may_revive(child))
			start_provide(child);
	do {
		again = false;
		DL_FOREACH (sandbox->children, child) {
			if (!may_revive(child) || !child->provided || child->provided->withdrawn ||
				!needs_unmet(child))
				continue;
			services_withdraw(child);
			again = true;
		}
	} while (again);
	DL_FOREACH (sandbox->children, child) {
		if (!may_revive(child) || needs_unmet(child))
			continue;
		revive_one(child);
		any = true;
	}
	while (!any && (services_take_changed(&sandbox->services) ||
			       services_take_moved(&sandbox->services)))
		; /* all is as before */
	return any;
}

/*
 * A child that could not be started is tried again if what it missed leads elsewhere now. Starts
 * that fail move routes as well, so that without a bound some could try each other again for ever.
 */
static void retry_failed(struct sandbox *sandbox)
{
	struct child *child;

	DL_FOREACH (sandbox->children, child) {
		if (!child->failed || child->mark || child->retried == sandbox->occasions ||
			!child->needs || !needs_changed(child))
			continue;
		child->retried = sandbox->occasions;
		child_note(child, HISTORY_RESTART, "what it missed is routed in another way");
		sandbox_mark(child, MARK_RESTART);
	}
}

/*
 * All together
 */

/* Who has a budget, but no PD yet. */
static bool is_to_start(const struct child *child)
{
	return child->state == CHILD_INCOMPLETE && !child->failed && !child->stuck &&
	       !child->adopted && !child->starting;
}

static void start_new_ones(struct sandbox *sandbox)
{
	struct child *child;

	DL_FOREACH (sandbox->children, child) {
		if (child->id || child->stuck)
			continue;
		child->id = ++sandbox->last_child_id;
		report_urgent(sandbox);
	}
	DL_FOREACH (sandbox->children, child)
		if (is_to_start(child))
			sandbox_advance(child);
}

/*
 * Who is wanted and has quota is there before anybody looks where routes lead, so that nobody is
 * disturbed by what is only so for a moment.
 */
void update_settle(struct sandbox *sandbox)
{
	bool again;

	sandbox->settlings++;
	do {
		execute_marked(sandbox);
		update_bury(sandbox);
		budget_balance(sandbox);
		again = spread(sandbox);
		retry_failed(sandbox);
		again |= revive(sandbox) || sandbox->marked;
	} while (again);
	start_new_ones(sandbox);
}

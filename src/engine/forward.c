/*
 * Forwarding; see the header.
 *
 * Where a request belongs is decided in one place (resolve()), and anew whenever that may have
 * changed. A request that its server is just making and that now belongs elsewhere gets a second
 * session: the first one is left to its server, which learns of its end when it delivers.
 */
#include "engine/forward.h"

#include <inttypes.h>
#include <stdlib.h>

#include <kin/policy.h>

#include "engine/donation.h"
#include "engine/sandbox.h"

_Static_assert(sizeof(struct session) + sizeof(struct forward) <= SESSION_COST_BYTES,
	"a forwarded session costs more than is kept of its donation");

/* Where a request belongs: to nobody, to who isn't there yet, to a child. */
enum verdict { FORWARD_DENY, FORWARD_WAIT, FORWARD_TO };

struct target {
	struct service *service;
	const char *label; /* NULL: as it was asked for */
};

static const struct owner *owner_of(const struct forward *forward)
{
	return forward->sandbox->owner;
}

static struct forward *find(struct sandbox *sandbox, uint32_t id)
{
	struct forward *forward;

	HASH_FIND(by_id, sandbox->forwards, &id, sizeof(id), forward);
	return forward;
}

static void explain_denial(const struct forward *forward, const char *why)
{
	owner_log(owner_of(forward), OWNER_WARNING, "service \"%s\" denied to \"%s\": %s",
		forward->session->name->name, forward->session->asked, why);
}

static enum verdict resolve(const struct forward *forward, struct target *ret)
{
	const struct session *session = forward->session;
	const char *service = session->name->name;

	if (!session->name->forward)
		return FORWARD_WAIT;
	const struct kin_node *policy = kin_policy_find(session->name->forward, session->asked);
	const struct kin_node *child = kin_node_first_of(policy, "child");
	const char *name = kin_node_attribute(child, "name");
	const char *label = kin_node_attribute(child, "label");

	if (!policy || !child || (label && !kin_label_valid(label))) {
		explain_denial(forward, !policy  ? "no policy matches"
					: !child ? "its policy names no child"
						 : "its policy replaces the label by none");
		return FORWARD_DENY;
	}
	ret->label = label;
	ret->service = name ? sandbox_child_service(forward->sandbox, name, service) : NULL;
	return ret->service ? FORWARD_TO : FORWARD_WAIT;
}

void forward_ended(struct forward *forward, int answer)
{
	const struct owner *owner = owner_of(forward);

	HASH_DELETE(by_id, forward->sandbox->forwards, forward);
	owner->forward->respond(owner->ctx, forward->id, answer);
	free(forward);
}

static void refuse(struct forward *forward, int answer)
{
	forward->session->forward = NULL;
	session_orphan(forward->session);
	forward_ended(forward, answer);
}

void forward_delivered(struct forward *forward)
{
	const struct owner *owner = owner_of(forward);
	struct session *session = forward->session;
	int cap = session->cap;

	session->cap = 0;
	session->state = SESSION_HANDED_OUT;
	owner->forward->deliver(owner->ctx, forward->id, cap);
}

void forward_upgraded(struct forward *forward)
{
	const struct owner *owner = owner_of(forward);

	owner->forward->respond(owner->ctx, forward->id, KIN_OK);
}

/* Our account is short of what the client gave: for the client the same as too small a gift. */
static int answer_to_shortage(int r)
{
	return r == KIN_OUT_OF_RAM    ? KIN_INSUFFICIENT_RAM
	       : r == KIN_OUT_OF_CAPS ? KIN_INSUFFICIENT_CAPS
				      : KIN_DENIED;
}

static void explain_shortage(const struct forward *forward, int r)
{
	owner_log(owner_of(forward), OWNER_ERROR,
		"donation of \"%s\" can't be passed on to service \"%s\": %s",
		forward->session->asked, forward->session->name->name, kin_answer_text(r));
}

static const char *label_for(const struct session *session, const struct target *target)
{
	return target->label ? target->label : session->asked;
}

static void submit(struct forward *forward, const struct target *target)
{
	struct session *session = forward->session;
	const struct quota donation = { session->args.ram_quota, session->args.cap_quota };

	session->service = target->service;
	session->parked = false;
	strcpy(session->args.label, label_for(session, target));
	int r = donation_give(session, donation, SESSION_COST_BYTES);

	if (r == 0) {
		session_submit(session);
		return;
	}
	session->service = NULL;
	explain_shortage(forward, r);
	refuse(forward, answer_to_shortage(r));
}

/* Leaves the session to the server that is at making it. Return: whether there is a new one */
static bool renew(struct forward *forward)
{
	struct session *old = forward->session;
	struct session *session =
		session_new_forwarded(forward->sandbox, forward, old->name, old->asked);

	if (!session) {
		explain_denial(forward, "out of memory");
		refuse(forward, KIN_DENIED);
		return false;
	}
	session->version = old->version;
	session->args = old->args;
	session->affinity = old->affinity;
	forward->session = session;
	old->forward = NULL;
	session_orphan(old);
	return true;
}

static bool stays(const struct session *session, enum verdict verdict, const struct target *target)
{
	if (session->state == SESSION_CLOSE_REQUESTED)
		return true;
	if (verdict != FORWARD_TO)
		return verdict == FORWARD_WAIT && !session->service;
	return session->service == target->service &&
	       strcmp(session->args.label, label_for(session, target)) == 0;
}

static void route(struct forward *forward)
{
	struct session *session = forward->session;
	struct target target = { NULL, NULL };
	enum verdict verdict = resolve(forward, &target);

	if (stays(session, verdict, &target))
		return;
	if (session->state != SESSION_CREATE_REQUESTED)
		session_withdraw(session);
	else if (verdict == FORWARD_DENY)
		refuse(forward, KIN_DENIED);
	else if ((!session->service || renew(forward)) && verdict == FORWARD_TO)
		submit(forward, &target);
}

/* Return: a forward with a session that is nowhere yet, NULL if there is no memory */
static struct forward *forward_new(struct sandbox *sandbox, const struct forward_request *request)
{
	struct service_name *service = services_get(&sandbox->services, request->service);
	struct forward *forward = service ? calloc(1, sizeof(*forward)) : NULL;

	if (!forward)
		return NULL;
	forward->sandbox = sandbox;
	forward->id = request->id;
	forward->session = session_new_forwarded(sandbox, forward, service, request->args->label);
	if (!forward->session) {
		free(forward);
		return NULL;
	}
	HASH_ADD(by_id, sandbox->forwards, id, sizeof(forward->id), forward);
	if (forward->by_id.tbl)
		return forward;
	session_free(forward->session);
	free(forward);
	return NULL;
}

static void create(struct sandbox *sandbox, const struct forward_request *request)
{
	const struct owner *owner = sandbox->owner;

	if (request->args->ram_quota < SESSION_COST_BYTES) {
		owner->forward->respond(owner->ctx, request->id, KIN_INSUFFICIENT_RAM);
		return;
	}
	struct forward *forward = forward_new(sandbox, request);

	if (!forward) {
		owner_log(owner, OWNER_ERROR, "service \"%s\" denied to \"%s\": out of memory",
			request->service, request->args->label);
		owner->forward->respond(owner->ctx, request->id, KIN_DENIED);
		return;
	}
	struct session *session = forward->session;

	session->version = request->version;
	session->args = *request->args;
	session->args.ram_quota -= SESSION_COST_BYTES;
	session->affinity = *request->affinity;
	route(forward);
}

/* The client of a session that is on its way out learns that instead. */
static void upgrade(struct forward *forward, struct quota amount)
{
	if (forward->session->state != SESSION_HANDED_OUT)
		return;
	int r = session_upgrade(forward->session, amount);

	if (r == KIN_PENDING)
		return;
	explain_shortage(forward, r);
	forward_upgraded(forward);
}

void forward_request(struct sandbox *sandbox, const struct forward_request *request)
{
	const struct owner *owner = sandbox->owner;
	struct forward *forward = find(sandbox, request->id);

	if (request->kind == FORWARD_CREATE && !forward)
		create(sandbox, request);
	else if (!forward) /* it ended while the parent asked */
		owner->forward->respond(owner->ctx, request->id, KIN_CLOSED);
	else if (request->kind == FORWARD_UPGRADE)
		upgrade(forward, request->amount);
	else if (request->kind == FORWARD_CLOSE)
		session_withdraw(forward->session);
}

static void read_service(struct sandbox *sandbox, const struct kin_node *node)
{
	const char *name = kin_node_attribute(node, "name");
	struct service_name *entry =
		name && kin_name_valid(name) ? services_get(&sandbox->services, name) : NULL;

	if (!name || !kin_name_valid(name))
		owner_log(sandbox->owner, OWNER_WARNING, "<service> without a valid name (line %u)",
			kin_node_line(node));
	else if (!entry)
		owner_log(sandbox->owner, OWNER_ERROR, "out of memory for service \"%s\"", name);
	else if (entry->forward)
		owner_log(sandbox->owner, OWNER_ERROR,
			"<service> \"%s\" in line %u repeats the name of another, ignored", name,
			kin_node_line(node));
	else
		entry->forward = node;
}

static void announce(struct sandbox *sandbox, struct service_name *entry)
{
	const struct owner *owner = sandbox->owner;
	int r = owner->forward->announce(owner->ctx, entry->name);

	entry->announced = r == 0;
	if (r)
		owner_log(owner, OWNER_WARNING, "service \"%s\" can't be announced: %s",
			entry->name, kin_answer_text(r));
}

void forward_apply(struct sandbox *sandbox)
{
	struct service_name *entry, *next_entry;
	struct forward *forward, *next;

	if (!sandbox->owner->forward)
		return;
	HASH_ITER (hh, sandbox->services.names, entry, next_entry)
		entry->forward = NULL;
	KIN_NODE_FOREACH (node, kin_tree_root(sandbox->config->tree), "service")
		read_service(sandbox, node);
	HASH_ITER (hh, sandbox->services.names, entry, next_entry)
		if (entry->forward && !entry->announced)
			announce(sandbox, entry);
	HASH_ITER (by_id, sandbox->forwards, forward, next)
		route(forward);
}

void forward_services_changed(struct sandbox *sandbox)
{
	struct forward *forward, *next;

	sandbox->services.grown = false;
	HASH_ITER (by_id, sandbox->forwards, forward, next)
		if (!forward->session->service)
			route(forward);
}

void forward_done(struct sandbox *sandbox)
{
	struct forward *forward, *next;

	HASH_ITER (by_id, sandbox->forwards, forward, next)
		refuse(forward, KIN_DENIED);
}

struct quota forward_held(const struct sandbox *sandbox)
{
	struct quota sum = { 0, 0 };

	for (const struct forward *f = sandbox->forwards; f; f = f->by_id.next) {
		sum.ram += SESSION_COST_BYTES;
		if (f->session->service)
			continue;
		sum.ram += f->session->args.ram_quota;
		sum.caps += f->session->args.cap_quota;
	}
	return sum;
}

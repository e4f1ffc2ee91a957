/*
 * Forwarding: serving the parent's other clients by our own children
 *
 * With <service name="X"> nodes in its config, a program is a server of X itself. What its parent
 * passes on to it is forwarded to the child that the best policy for the label names; upgrades,
 * closes and all answers are passed through. The parent sees a server, the child a client as any
 * other, so forwarding nests.
 *
 * The donation was put into our account by our parent. We keep what a session costs us, the child
 * gets the rest, and before the parent is told that the session is closed or refused all of it is
 * back in our account, where the parent takes it from.
 *
 * Invariant: a forward has a session, from the parent's request until the parent is told of the
 * end. A request that waits for a policy or a server has one without a service.
 */
#ifndef ENGINE_FORWARD_H
#define ENGINE_FORWARD_H

#include "engine/service.h"
#include "engine/session.h"

struct forward {
	struct sandbox *sandbox;
	uint32_t id;             /* the parent's */
	struct session *session; /* asked for under the label that the parent shows */
	UT_hash_handle by_id;
};

/* What the parent passes on; @id is its own number for the session. */
struct forward_request {
	enum { FORWARD_CREATE = 1, FORWARD_UPGRADE, FORWARD_CLOSE } kind;
	uint32_t id;
	/* Of a session to create. */
	const char *service;
	uint32_t version;
	const struct kin_args *args; /* with the whole donation */
	const struct kin_affinity *affinity;
	/* Of an upgrade. */
	struct quota amount;
};

void forward_request(struct sandbox *sandbox, const struct forward_request *request);

/**
 * forward_apply() - follow a new config, at the end of sandbox_apply()
 *
 * Announces what is new. Sessions whose policy now names another child or label, or none, are
 * closed at their servers; requests that are not answered yet go where they belong now.
 */
void forward_apply(struct sandbox *sandbox);

/* A child's service appeared: requests that waited for it are tried again. */
void forward_services_changed(struct sandbox *sandbox);

/* No child is left. Refuses what waits. */
void forward_done(struct sandbox *sandbox);

/* Of our account what the parent gave for others and will want back. */
struct quota forward_held(const struct sandbox *sandbox);

/* What became of a forward's session, from session.c: it has a capability; it has its upgrade; it
 * is freed, and this is what the parent is told. */
void forward_delivered(struct forward *forward);
void forward_upgraded(struct forward *forward);
void forward_ended(struct forward *forward, int answer);

#endif

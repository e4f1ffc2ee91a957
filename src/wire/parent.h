/*
 * Parent: what a child asks and tells its parent
 *
 * The channel is the first thing a component has, descriptor PARENT_CHANNEL. The parent never sends
 * unasked; it triggers a signal and the child fetches what there is.
 */
#ifndef WIRE_PARENT_H
#define WIRE_PARENT_H

#include <kin/interface.h>

/* clang-format off */
#define PARENT_PROTOCOL_VERSION 2
#define PARENT_REQUESTS_MAX     4 /* session requests in one batch */

/* Descriptors that a component starts with, in this order. */
enum start_descriptor {
	START_PARENT = 3, /* channel to the parent */
	START_SIGNAL,     /* triggered by the parent, see enum parent_event */
	START_PD,
	START_CPU,
	START_LOG,
	START_BINARY, /* ROM session of the component's own binary */
	START_LOOP,   /* its event loop, an epoll: it can't make others */
	START_END
};

/* IDs of the environment sessions; a child picks its own IDs from PARENT_ID_FIRST on. */
enum parent_id {
	PARENT_ID_PD = 1,
	PARENT_ID_CPU,
	PARENT_ID_LOG,
	PARENT_ID_BINARY,
	PARENT_ID_LINKER,
	PARENT_ID_FIRST = 6
};

/* Why the parent triggered the child's signal, a set of bits. */
enum parent_event {
	PARENT_EVENT_SESSION = 1 << 0,   /* the outcome of a pending session, upgrade or close */
	PARENT_EVENT_RESOURCE = 1 << 1,  /* quota was granted */
	PARENT_EVENT_YIELD = 1 << 2,     /* the parent wants quota back */
	PARENT_EVENT_HEARTBEAT = 1 << 3, /* the parent wants a heartbeat response */
	PARENT_EVENT_STATE = 1 << 4,     /* the parent wants to know the state, see below */
};

/*
 * With @wait the answer comes once the session is there or refused; else KIN_PENDING may come at
 * once and PARENT_EVENT_SESSION later. Answers: KIN_PENDING to KIN_OUT_OF_CAPS; -ETOOMANYREFS if it
 * is there but can't be sent for now, then it is to be asked for with session_cap.
 */
#define PARENT_SESSION_REQUEST(F) \
	F(U32, id) \
	F(TEXT, service, KIN_NAME_MAX) F(U32, version) F(ARGS, args) F(AFFINITY, affinity) \
		F(U8, wait)
#define PARENT_SESSION_REPLY(F) F(CAP, session)

/*
 * The outcome of a pending request, answers as above: KIN_OK with the capability of a new session,
 * without one after an upgrade; KIN_CLOSED once a close is complete or if the ID is unknown.
 */
#define PARENT_SESSION_CAP_REQUEST(F) F(U32, id)
#define PARENT_SESSION_CAP_REPLY(F)   F(CAP_OPTIONAL, session)

/* Donate more to a session. Answers: KIN_PENDING, KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS. */
#define PARENT_UPGRADE_REQUEST(F) F(U32, id) F(U64, ram_quota) F(U64, cap_quota) F(U8, wait)

/* Answers: KIN_PENDING. */
#define PARENT_CLOSE_REQUEST(F) F(U32, id) F(U8, wait)

/* Offer a service; @signal is triggered when requests wait. Answers: KIN_DENIED. */
#define PARENT_ANNOUNCE_REQUEST(F) F(TEXT, service, KIN_NAME_MAX) F(CAP, signal)

/* Session requests at this child as a server, younger than sequence number @after. */
enum parent_request_kind {
	PARENT_REQUEST_CREATE = 1,
	PARENT_REQUEST_UPGRADE,
	PARENT_REQUEST_CLOSE
};
#define PARENT_PENDING_REQUEST(F) \
	F(U8, kind) \
	F(U32, id) F(U64, sequence) F(TEXT, service, KIN_NAME_MAX) F(U32, version) F(ARGS, args) \
		F(AFFINITY, affinity)
KIN_LAYOUT_DECLARE(parent_pending_request, PARENT_PENDING_REQUEST)
#define PARENT_REQUESTS_REQUEST(F) F(U64, after)
#define PARENT_REQUESTS_REPLY(F) \
	F(LIST, requests, PARENT_REQUESTS_MAX, parent_pending_request) F(U8, more)

/* A server's answers: the session's capability, or one of enum kin_answer. */
#define PARENT_DELIVER_REQUEST(F)  F(U32, id) F(CAP, session)
#define PARENT_RESPONSE_REQUEST(F) F(U32, id) F(U8, answer)

/* The child's accounts are too small by these amounts. */
#define PARENT_RESOURCE_REQUEST_REQUEST(F) F(U64, ram_quota) F(U64, cap_quota)

/* Which events the child handles; the first message of every component, tells its protocol. */
#define PARENT_HANDLE_REQUEST(F) F(U32, protocol_version) F(U32, events)

/*
 * Take the events that are there, what a yield request wants, and whose state is asked for: the
 * label of who it is as seen from here, "" the child itself, "NAME -> …" its child of that name.
 */
#define PARENT_EVENTS_REPLY(F) \
	F(U32, events) \
	F(U64, yield_ram) F(U64, yield_caps) F(U32, state_serial) \
		F(TEXT, state_path, KIN_LABEL_MAX)

/*
 * The state that was asked for under @serial: text of @size bytes in a dataspace of its owner's,
 * read-only; or @answer is why there is none: KIN_DENIED (it has no children and so nothing to tell),
 * KIN_INVALID (no child of that name), KIN_CLOSED (it does not run), KIN_OUT_OF_RAM,
 * KIN_OUT_OF_CAPS (it can't pay for the dataspace), KIN_EXCEEDED (there is more than a text may
 * hold). The reply means that the dataspace was read and may be freed.
 */
#define PARENT_STATE_REQUEST(F) F(U32, serial) F(U8, answer) F(CAP_OPTIONAL, dataspace) F(U64, size)

#define PARENT_EXIT_REQUEST(F) F(I64, value)

#define PARENT_OPERATIONS(OP) \
	OP(parent, session, CALL, PARENT_SESSION_REQUEST, PARENT_SESSION_REPLY) \
	OP(parent, session_cap, CALL, PARENT_SESSION_CAP_REQUEST, PARENT_SESSION_CAP_REPLY) \
	OP(parent, upgrade, CALL, PARENT_UPGRADE_REQUEST, KIN_NOTHING) \
	OP(parent, close, CALL, PARENT_CLOSE_REQUEST, KIN_NOTHING) \
	OP(parent, announce, CALL, PARENT_ANNOUNCE_REQUEST, KIN_NOTHING) \
	OP(parent, requests, CALL, PARENT_REQUESTS_REQUEST, PARENT_REQUESTS_REPLY) \
	OP(parent, deliver, SEND, PARENT_DELIVER_REQUEST, KIN_NOTHING) \
	OP(parent, response, SEND, PARENT_RESPONSE_REQUEST, KIN_NOTHING) \
	OP(parent, resource_request, SEND, PARENT_RESOURCE_REQUEST_REQUEST, KIN_NOTHING) \
	OP(parent, handle, SEND, PARENT_HANDLE_REQUEST, KIN_NOTHING) \
	OP(parent, events, CALL, KIN_NOTHING, PARENT_EVENTS_REPLY) \
	OP(parent, yield_response, SEND, KIN_NOTHING, KIN_NOTHING) \
	OP(parent, heartbeat_response, SEND, KIN_NOTHING, KIN_NOTHING) \
	OP(parent, exit, SEND, PARENT_EXIT_REQUEST, KIN_NOTHING) \
	OP(parent, state, CALL, PARENT_STATE_REQUEST, KIN_NOTHING)

/* clang-format on */
KIN_INTERFACE_DECLARE(parent, PARENT_OPERATIONS)

#endif

/*
 * Sessions
 *
 * A session joins a client child, a service and a donation. It is in one state, and in the tables
 * that belong to that state: in its client's under the client's ID until it is closed (then in the
 * client's list of closing ones), in its server's under the server's ID, in the server's list of
 * requests while it waits for an answer. Only session.c moves it between them, and only donation.c
 * moves its quota, so that a donation is in exactly one place.
 */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include <uthash.h>

#include "engine/owner.h"

struct forward;
struct route_request;
struct sandbox;
struct service;

enum session_state {
	SESSION_CREATE_REQUESTED,
	SESSION_DENIED,
	SESSION_INSUFFICIENT_RAM,
	SESSION_INSUFFICIENT_CAPS,
	SESSION_AVAILABLE,
	SESSION_HANDED_OUT,
	SESSION_UPGRADE_REQUESTED,
	SESSION_CLOSE_REQUESTED,
	SESSION_CLOSED,
};

/* ROM modules that a parent makes itself. */
enum special_rom { SPECIAL_ROM_NONE, SPECIAL_ROM_CONFIG, SPECIAL_ROM_REQUESTS };

struct session {
	struct sandbox *sandbox;
	enum session_state state;
	uint32_t id; /* the client's */
	bool environment;

	struct child *client;          /* who pays and is told; NULL once it is gone */
	struct forward *forward;       /* instead of a client: a client of our parent's */
	struct service *service;       /* NULL once its server is gone */
	char asked[KIN_LABEL_MAX + 1]; /* label that it was routed by */
	uint32_t version;              /* of the interface the client speaks */
	struct kin_args args;          /* as the server sees them */
	struct kin_affinity affinity;
	enum special_rom special;

	struct quota donation; /* held by the server, given back at the end */
	uint64_t cost_bytes;   /* kept by us for the session object, besides */
	struct quota added;    /* of an environment session's donation, what its client paid */
	struct quota upgrade;  /* asked for, not confirmed */
	bool parked;           /* the server has no account yet, the parent keeps the donation */
	int cap;               /* 0 once handed out */
	int answer;            /* what the client is told in the refused states */
	bool deserted;         /* it was not refused, its server ended */
	bool listed, closing;  /* which of its client's tables it is in */
	struct service_name *name; /* that it was asked for under, while listed */
	struct session *name_prev, *name_next;

	/* At a child that serves it. */
	uint32_t server_id;
	uint64_t sequence; /* position in the list of requests */
	bool requested;    /* in that list */
	bool fetched;      /* the server has seen the request */
	bool abandoned;    /* its client is gone, or closed it while the server was making it */
	struct session *request_prev, *request_next;

	uint32_t up_id; /* at the parent, if it serves it */
	bool waiting;   /* the parent or the owner has to answer */
	struct session *waiting_prev, *waiting_next;

	void *local; /* the owner's, if it serves it */

	struct session *closing_prev, *closing_next;
	UT_hash_handle by_id, by_server_id;
};

/* Sessions that a server may have without clients: it is making them for who no longer wants them
 * and has the quota back, or was asked to close them when their client ended. Beyond that a
 * client's close and its end wait for the server, so that nobody keeps objects that nobody pays. */
#define SESSION_ABANDONED_MAX 128

/* RAM kept of each donation for the session object and its place in tables. */
#define SESSION_COST_BYTES 2048

/* The least of caps that goes to the server: until the client takes the capability we hold it. */
#define SESSION_CAPS_MIN 1

/* "OK", "AVAIL", … as in reports; never NULL. */
const char *session_state_word(enum session_state state);

/* Has or awaits its client something at the end of a route, or had it until its server ended? What
 * was refused or is ended has not. */
bool session_leads(const struct session *session);

/* Is there something at the server that must be closed? */
bool session_alive(const struct session *session);

/**
 * session_new() - a session of a client, in state create requested, in the client's table
 * @asked: label of the request as its route sees it
 *
 * Return: NULL if there is no memory.
 */
struct session *session_new(
	struct child *client, uint32_t id, struct service *service, const char *asked);

/* Likewise, for a client of our parent's; it is in no table and has no service yet. */
struct session *session_new_forwarded(struct sandbox *sandbox, struct forward *forward,
	struct service_name *name, const char *asked);

/* The owner of the sandbox it belongs to, whoever is gone. */
const struct owner *session_owner(const struct session *session);

/* The request that it came from, as its route sees it; while it is listed. Borrows its strings. */
void session_route_request(const struct session *session, struct route_request *ret);

struct session *session_find(struct child *client, uint32_t id);
struct session *session_find_at_server(struct child *server, uint32_t server_id);
struct session *session_find_closing(struct child *client, uint32_t id);

/* Takes it out of all tables, closes its capability and frees it. The quota must be settled. */
void session_free(struct session *session);

/* Hands the request to the session's service, which may answer at once: see the state after. */
void session_submit(struct session *session);

/**
 * session_upgrade() - donate more
 *
 * Return: 0, KIN_PENDING, KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS, or negative errno
 */
int session_upgrade(struct session *session, struct quota amount);

/**
 * session_close() - end it; the ID is free from now on
 *
 * Return: 0 if the session is gone (and freed), KIN_PENDING if its server has to answer first
 */
int session_close(struct session *session);

/* The client is gone: close it, telling nobody. May free it. Beyond SESSION_ABANDONED_MAX it stays
 * the client's, who is not gone as long. */
void session_orphan(struct session *session);

/* A forwarded one that its server has made: close it; who asked for it is told. May free it. */
void session_withdraw(struct session *session);

/* The server is gone: settle the quota, tell the client if it waits for an answer. May free it. */
void session_purge(struct session *session);

/* The server ends it without being asked: for the client as if the server were gone. May free it.
 */
void session_dropped(struct session *session);

/* The server got an account: it gets the donations that were parked for it. */
void session_unpark(struct session *session);

/* The parent answers a pending request of ours: ask it for the outcome. May free it. */
void session_up_answer(struct session *session);

/* A server's answers, as parent, owner or child give them. They may free the session. */
void session_delivered(struct session *session, int cap);
void session_refused(struct session *session, int answer);
void session_upgraded(struct session *session);
void session_closed(struct session *session);

#endif

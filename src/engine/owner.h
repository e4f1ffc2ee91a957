/*
 * The engine's seam
 *
 * The engine decides, its owner acts. Everything that leaves the engine goes through these tables:
 * core and init fill them with kernel objects and RPC, simulation and dry run with a model. Calls
 * return at once; what takes longer is answered KIN_PENDING and reported back through sandbox.h.
 * An owner records and queues in these calls, it never calls back into the engine from them.
 *
 * A capability is the owner's handle, greater than 0; 0 is none. An account is the owner's number
 * of a PD's account; OWNER_SELF is the one of the program that the engine runs in.
 */
#ifndef ENGINE_OWNER_H
#define ENGINE_OWNER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kin/answer.h>
#include <kin/args.h>

#include "base/walls.h"
#include "engine/quota.h"

#define OWNER_SELF      0   /* account of the engine's own program */
#define OWNER_EDGES_MAX 4   /* transfers of one transaction */
#define OWNER_INFOS_MAX 120 /* accounts asked about at once */

struct child;
struct session;

struct quota_edge {
	uint32_t from, to; /* accounts, one of them the other's reference account */
	struct quota amount;
};

struct account_info {
	struct quota quota, used;
};

/* Sessions at the parent, under IDs that the engine picks. */
struct up_ops {
	/* Return: 0 and the capability; KIN_PENDING to KIN_OUT_OF_CAPS; negative errno */
	int (*session)(void *ctx, uint32_t id, const struct session *session, int *ret_cap);
	/* Likewise for a pending request. After an upgrade 0 without capability, once closed
	 * KIN_CLOSED. */
	int (*session_cap)(void *ctx, uint32_t id, int *ret_cap);
	int (*upgrade)(void *ctx, uint32_t id, struct quota amount);
	int (*close)(void *ctx, uint32_t id);
	/* We need so much more; sandbox_granted() follows if it is given. */
	void (*resource_request)(void *ctx, struct quota amount);
};

struct account_ops {
	/* All edges or none. Return: 0, KIN_EXCEEDED, KIN_INVALID, negative errno */
	int (*transfer)(void *ctx, const struct quota_edge *edges, size_t n_edges);
	int (*info)(void *ctx, uint32_t account, struct account_info *ret);
	/* The same of at most OWNER_INFOS_MAX, for who has a better way than one by one, else NULL.
	 * Of an account that is none all is 0. */
	int (*infos)(void *ctx, const uint32_t *accounts, size_t n, struct account_info *ret);
	/* What holds the processes of as many, nothing where none runs; NULL if nobody knows. */
	int (*walls)(void *ctx, const uint32_t *accounts, size_t n, struct walls *ret);
};

/* What a child is started with; all borrowed. */
struct child_start {
	const char *name;
	uint32_t account;
	unsigned threads; /* that it may have, 1 to KIN_THREADS_MAX */
	int pd, cpu, log, binary;
	int module;        /* ROM session of what was missing the last time; 0: nothing was */
	char *ret_missing; /* KIN_NAME_MAX + 1 bytes that stay where they are */
};

/* What a client is told about one of its sessions. */
enum session_event { SESSION_EVENT_CREATED, SESSION_EVENT_UPGRADED, SESSION_EVENT_CLOSED };

/* What can be new about a child. */
enum child_change {
	CHILD_CHANGE_ENDED,     /* exited, crashed, or was ended */
	CHILD_CHANGE_REQUESTED, /* it wants more */
	CHILD_CHANGE_YIELDED,   /* it answered a yield request */
};

struct child_ops {
	/* Makes the PD's account a child of OWNER_SELF and gives it a first quota. */
	int (*adopt)(void *ctx, int pd, struct quota quota, uint32_t *ret_account);
	/* Return: 0; KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS of the child; KIN_DENIED: the log says why;
	 * KIN_MISSING: it needs the module named in ret_missing, to be started again with;
	 * KIN_PENDING: environment_started() follows, unless it is stopped before */
	int (*start)(void *ctx, struct child *child, const struct child_start *start);
	/* No more messages to or from this child; its process ends with its CPU session. */
	void (*stop)(void *ctx, struct child *child);
	/* An event that the child handles is there for child_events(). */
	void (*wake)(void *ctx, struct child *child);
	/* Session requests are there for server_requests(). */
	void (*wake_server)(void *ctx, struct child *child);
	/* A request is answered that was pending before. Return: whether the owner answers a call
	 * that waited for it; else the child gets an event. */
	bool (*answered)(void *ctx, struct child *child, uint32_t id, enum session_event event);
	/* A child that the whole depends on ended (<exit propagate="yes"/>). */
	void (*exit)(void *ctx, int64_t value);
	/* News of a child for who embeds the sandbox; may be NULL. */
	void (*changed)(void *ctx, struct child *child, enum child_change change);
	/* The content of its inline <config> is another one. */
	void (*config_changed)(void *ctx, struct child *child);
};

/* What the engine waits for by the clock, which its owner has: sandbox_timer() when it is due. */
enum owner_timer { OWNER_TIMER_HEARTBEAT, OWNER_TIMER_REPORT, OWNER_TIMER_SAMPLE, OWNER_TIMERS };

struct time_ops {
	/* Once after @ms, or every @ms; 0: not any more. */
	void (*arm)(void *ctx, enum owner_timer timer, uint64_t ms, bool periodic);
};

/*
 * Services that the owner provides itself. The session's `local` is the owner's to use. What it
 * answers KIN_PENDING it answers later by session_delivered(), session_refused(),
 * session_upgraded() or session_closed(), unless sandbox_done() came first.
 */
struct local_ops {
	bool (*exists)(void *ctx, const char *service);
	/* Return: 0 and the capability; KIN_PENDING to KIN_INSUFFICIENT_CAPS; negative errno */
	int (*create)(void *ctx, struct session *session, int *ret_cap);
	/* Return: 0 or KIN_PENDING */
	int (*upgrade)(void *ctx, struct session *session, struct quota amount);
	/* Also of a session that is still being created. Return: 0 or KIN_PENDING */
	int (*close)(void *ctx, struct session *session);
};

/*
 * Being a server for others, which is forwarded to children (forward.h). IDs are the parent's, who
 * passes on what its other children ask of us.
 */
struct forward_ops {
	/* Return: 0, KIN_DENIED if the parent does not let us provide it, negative errno */
	int (*announce)(void *ctx, const char *service);
	/* The session is there; takes the capability. */
	void (*deliver)(void *ctx, uint32_t id, int cap);
	/* Any other answer: KIN_OK to an upgrade, KIN_CLOSED, or a refusal. */
	void (*respond)(void *ctx, uint32_t id, int answer);
};

enum owner_level { OWNER_INFO, OWNER_WARNING, OWNER_ERROR };

struct owner {
	void *ctx;
	const struct up_ops *up;
	const struct account_ops *accounts;
	const struct child_ops *children;
	const struct local_ops *local;
	const struct time_ops *time;
	/* The state report is due: report_generate() writes it. NULL if nobody reads it. */
	void (*report)(void *ctx);
	/* Gives back a capability that the engine holds. */
	void (*cap_close)(void *ctx, int cap);
	/* sandbox_step() has work to do. */
	void (*schedule)(void *ctx);
	void (*log)(void *ctx, enum owner_level level, const char *text);
	const struct forward_ops *forward; /* NULL if nobody can be served */
};

/* As account_ops' infos(), in whichever way. */
int owner_infos(
	const struct owner *owner, const uint32_t *accounts, size_t n, struct account_info *ret);

void owner_log(const struct owner *owner, enum owner_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif

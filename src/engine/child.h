/*
 * A child: what its parent knows of it and answers it
 *
 * The operations of a child on its parent, as client (sessions), as server (requests) and about
 * itself (resources, health, end). Each is called by the owner for one message and returns the
 * answer. The life of a child: its environment sessions are requested, PD first; when all are
 * there it is started; when it ends or is no longer wanted its sessions are closed in the order
 * CPU, provided, environment, others, and it is gone when its environment is closed everywhere.
 */
#ifndef ENGINE_CHILD_H
#define ENGINE_CHILD_H

#include <kin/node.h>

#include "engine/history.h"
#include "engine/need.h"
#include "engine/service.h"
#include "engine/session.h"

enum child_state {
	CHILD_INCOMPLETE, /* its environment isn't there (yet) */
	CHILD_ALIVE,
	CHILD_EXITED,    /* ended; its node stays */
	CHILD_ABANDONED, /* being destroyed */
};

/* IDs of the environment sessions; others are the child's to pick. */
enum environment_id { ENV_PD = 1, ENV_CPU, ENV_LOG, ENV_BINARY, ENV_LINKER, ENV_END };

/* IDs of the libraries that come with the linker, where no child gets to by counting. */
#define ENV_LIBRARY_FIRST UINT32_C(0xffffff00)

/* What is to be done with it; of several the last counts. */
enum child_mark {
	MARK_NONE,
	MARK_RESTART, /* it goes on elsewhere */
	MARK_STUCK,   /* it can't go on */
	MARK_ANEW,    /* it is another one, whatever it had */
};

/* Events a child can take, a set of bits; on the wire enum parent_event. */
enum child_event {
	CHILD_EVENT_SESSION = 1 << 0,
	CHILD_EVENT_RESOURCE = 1 << 1,
	CHILD_EVENT_YIELD = 1 << 2,
	CHILD_EVENT_HEARTBEAT = 1 << 3,
	CHILD_EVENT_STATE = 1 << 4,
};

struct child {
	struct sandbox *sandbox;
	struct child *prev,
		*next; /* in the order of the start nodes, or of those being destroyed */
	UT_hash_handle by_name;
	char name[KIN_NAME_MAX + 1];
	char binary[KIN_LABEL_MAX + 1];
	struct sandbox_config *config;
	const struct kin_node *start;   /* its node in that config */
	uint32_t id;                    /* 0 until it may start */
	char version[KIN_NAME_MAX + 1]; /* that it was made by; a longer one is cut */

	enum child_state state;
	bool advance; /* sandbox_step() shall look at it */
	struct child *advance_prev, *advance_next;
	bool started;   /* the owner serves it */
	bool failed;    /* its start failed, it is tried again when something changes */
	bool unfunded;  /* that is because it has no quota */
	bool stuck;     /* stopped until its needs are met */
	bool starting;  /* the owner is at it */
	bool uncertain; /* its routes may lead elsewhere */
	enum child_mark mark;
	enum child_mark undone; /* for want of memory or quota: for the next update */
	bool unoffered;         /* likewise: not all that it provides is offered */
	struct child *marked_next;
	uint32_t seen;    /* number of the update that found its start node */
	uint32_t revived; /* number of the settling that revived it */
	uint32_t retried; /* number of the occasion at which it was tried again */
	struct need *needs;
	struct child_history history;
	bool short_above;              /* it failed because our own account was too small */
	unsigned retries;              /* of environment sessions whose donation was too small */
	char module[KIN_NAME_MAX + 1]; /* the last one of these, which its start waits for */
	unsigned n_modules;            /* linker and libraries asked for, if dynamically linked */
	unsigned threads;              /* that it may have at a time */
	bool propagate_exit;
	int64_t exit_value;

	bool config_unread; /* its config changed and it was told, but has not asked for it yet */
	bool adopted;
	uint32_t account;
	struct quota said;       /* by its start node */
	struct quota configured; /* likewise, and what was granted or withdrawn since */
	bool known_quota;        /* it was read */
	bool told_short;         /* that there is less */
	struct quota assigned;   /* of that, as much as there was */
	struct quota promised;   /* of that, what is still ours to pay with */
	struct quota wanted;     /* its pending resource request */
	struct quota sampled_quota, sampled_used; /* as reported last */

	struct session *sessions; /* by the child's IDs, environment included */
	struct session *closing;  /* closes that a server has to answer */

	struct service *provided;
	struct session *served;   /* by server_id */
	struct session *requests; /* not answered, in order of sequence */
	uint32_t last_server_id;
	unsigned n_abandoned; /* of those served: see SESSION_ABANDONED_MAX */
	uint64_t last_sequence;

	uint32_t events, events_handled; /* enum child_event */
	struct quota yield;
	unsigned heartbeats_outstanding, skipped_max; /* 0: it is not restarted for those */
	bool heartbeat;

	void *host; /* the owner's */
};

/** What a child asks when it opens a session. */
struct session_request {
	uint32_t id;
	const char *service;
	uint32_t version;
	const struct kin_args *args;
	const struct kin_affinity *affinity;
};

/* As client. Answers: see <kin/answer.h>; capabilities handed out belong to the caller. */
int child_session(struct child *child, const struct session_request *request, int *ret_cap);
int child_session_cap(struct child *child, uint32_t id, int *ret_cap);
/* What was handed out last could not be sent: it is there to be asked for again. Takes @cap. */
void child_session_keep(struct child *child, uint32_t id, int cap);
int child_upgrade(struct child *child, uint32_t id, struct quota amount);
int child_close(struct child *child, uint32_t id);

/* About itself. */
void child_handles(struct child *child, uint32_t events);
uint32_t child_events(struct child *child, struct quota *ret_yield);
void child_resource_request(struct child *child, struct quota amount);
void child_yield_response(struct child *child);
void child_heartbeat_response(struct child *child);
void child_exit(struct child *child, int64_t value);

/* Its process ended without a word; @signal is 0 if it exited with @value. */
void child_died(struct child *child, int signal, int64_t value);

/* It broke the rules of its parent channel and is ended for it. */
void child_misbehaved(struct child *child, const char *what);

/* From above: quota, wishes and beats. */
/* Gives more than its start node says, which answers a pending resource request. Return: 0,
 * KIN_EXCEEDED (we have less), KIN_INVALID (it has no account), negative errno */
int child_grant(struct child *child, struct quota amount);
/* Takes of what it was given what it has available. Return: as above, KIN_EXCEEDED if it is less */
int child_withdraw(struct child *child, struct quota amount);
void child_yield(struct child *child, struct quota amount);
void child_heartbeat(struct child *child);
void child_post(struct child *child, enum child_event event);

/* As server (server.c). */
struct server_request {
	const struct session *session;
	enum { SERVER_CREATE = 1, SERVER_UPGRADE, SERVER_CLOSE } kind;
};

/* Return: 0, KIN_DENIED (logged) */
int server_announce(struct child *child, const char *service);
/* The requests after sequence number @after, oldest first, at most @max. Return: how many */
size_t server_requests(struct child *child, uint64_t after, struct server_request *ret, size_t max);
/* Takes the capability by setting it to 0, or leaves it to the caller. */
void server_deliver(struct child *child, uint32_t server_id, int *cap);
void server_response(struct child *child, uint32_t server_id, int answer);

/* Remembers an event of it, and says so if the config wants it verbose. */
void child_note(struct child *child, enum history_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Used by sandbox.c and session.c. */
struct child *child_new(struct sandbox *sandbox, const char *name);
void child_close_all(struct child *child);
bool child_gone(const struct child *child);
void child_free(struct child *child);
void child_answered(struct child *child, const struct session *session, enum session_event event);
void server_enqueue(struct child *child, struct session *session);
void server_dequeue(struct child *child, struct session *session);

#endif

/*
 * Model of the engine's owner
 *
 * What core or init is to the engine in production, in memory: accounts in a ledger, a parent whose
 * answers are scripted, local services, capabilities that are only counted. It records what the
 * engine did, as a journal of short lines, and what it said, as log lines; model_check() looks at
 * engine and model together and aborts if one of the invariants is broken. Nothing here decides
 * what happens next: a test does, or a walk of random steps.
 *
 * The parent has the services PD, CPU, ROM, LOG and whatever else a config names. It answers at
 * once with yes, unless a script for the service says otherwise; what it left pending it answers
 * when it is told to.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "engine/ledger.h"
#include "engine/sandbox.h"

#define MODEL_ACCOUNTS_MAX 1024
#define MODEL_CAPS_MAX     (1 << 20) /* ever made */
#define MODEL_LINES_MAX    512
#define MODEL_LINE_BYTES   256
#define MODEL_SCRIPTS_MAX  16
#define MODEL_REPORT_BYTES 65536

#define MODEL_RAM  (64u << 20) /* what the engine's program owns at first */
#define MODEL_CAPS 2000u

#define MODEL_GUESTS_RAM  (16u << 20) /* what the parent's other clients own together */
#define MODEL_GUESTS_CAPS 1000u

/* The last lines that were recorded; older ones are forgotten. */
struct model_lines {
	char line[MODEL_LINES_MAX][MODEL_LINE_BYTES];
	size_t n; /* ever */
};

/* A PD: an account from the moment its session is there, used once it is adopted. */
struct model_pd {
	struct account account;
	int cap;
	bool alive, adopted;
	struct quota given; /* at its adoption */
};

enum model_up_state { MODEL_UP_CREATING, MODEL_UP_OPEN, MODEL_UP_UPGRADING, MODEL_UP_CLOSING };

/* A session of the engine's at the parent. */
struct model_up {
	struct model_up *prev, *next;
	enum model_up_state state;
	uint32_t id;
	char service[KIN_NAME_MAX + 1], label[KIN_LABEL_MAX + 1];
	struct quota amount; /* held by the parent */
	struct model_pd *pd; /* if it is a PD session */
	int answer;          /* KIN_PENDING until the parent made up its mind */
};

/* CLOSING: the parent knows that it ends, the engine has not said so. */
enum model_guest_state {
	MODEL_GUEST_CREATING,
	MODEL_GUEST_OPEN,
	MODEL_GUEST_UPGRADING,
	MODEL_GUEST_CLOSING
};

/* A session that the parent passes on to us, for a client of its own: see guest.c. */
struct model_guest {
	struct model_guest *prev, *next;
	enum model_guest_state state;
	uint32_t id;
	struct quota amount; /* in our account, or where the engine put it */
};

enum model_call { MODEL_SESSION, MODEL_UPGRADE, MODEL_CLOSE, MODEL_LOCAL, MODEL_ANNOUNCE };

/* The next @times calls of a kind for a service are answered like this. */
struct model_script {
	enum model_call call;
	const char *service;
	int answer;
	unsigned times;
};

struct model {
	struct sandbox sandbox;
	struct owner owner;
	bool scheduled;

	struct ledger ledger;
	struct account parent, self;
	struct model_pd pds[MODEL_ACCOUNTS_MAX]; /* account I is at I - 1 */
	uint32_t n_pds;
	struct model_up *ups;
	struct model_guest *guests;
	uint32_t last_guest_id;
	bool lossy; /* a server spent what it was given: only the sum has to be right */

	uint8_t *caps; /* is number I open? */
	int last_cap;
	unsigned n_caps, n_locals;

	struct model_script scripts[MODEL_SCRIPTS_MAX];
	size_t n_scripts;
	const char *local;   /* the local service, NULL if there is none */
	const char *missing; /* a ROM module that the parent hasn't got */
	bool echo;           /* log lines are printed, too */
	int start_answer, adopt_answer;
	unsigned n_modules;  /* that a start turns out to need, "module 0" and so on */
	const char *dynamic; /* whose start; NULL: that of each child */
	bool waiting;        /* clients wait for answers: they get no events */
	/* Is told of each answer to a pending request; may be NULL. */
	void (*on_answered)(struct model *model, const struct child *child, uint32_t id,
		enum session_event event);
	void *walk;

	uint64_t armed_ms[OWNER_TIMERS]; /* 0: not armed */
	unsigned n_reports, n_walls_asked;
	char report[MODEL_REPORT_BYTES];

	struct model_lines journal, log;
};

/* A model with an engine that has no config yet; on the heap because of its size. */
struct model *model_new(void);

/* A model whose engine has applied a config and done all it can; an invalid text aborts. */
struct model *model_with(const char *config);

/* Ends the engine, asserts that all came back, frees the model. */
void model_free(struct model *model);

void model_apply(struct model *model, const char *config);

/* Lets the engine do what it scheduled, until there is nothing left; then model_check(). */
void model_settle(struct model *model);

/* Aborts if an invariant is broken. */
void model_check(struct model *model);

/* Aborts if a child's account does not hold what it should by its sessions. */
void model_check_accounts(struct model *model);

/* Return: a child that exists */
struct child *model_child(struct model *model, const char *name);

/* The next @times calls of a kind for a service are answered by @answer. */
void model_script(
	struct model *model, enum model_call call, const char *service, int answer, unsigned times);

/* Has the parent answer everything pending for a service (NULL: for all) with @answer. */
void model_up_answer(struct model *model, const char *service, int answer);

/* Return: the next scripted answer to a call of that kind, 0 if there is none */
int model_scripted(struct model *model, enum model_call call, const char *service);

extern const struct local_ops model_local_ops; /* local.c */

/* Moves quota from the engine's program to its parent, or back.
 * Return: 0, KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS */
int model_move_up(struct model *model, struct quota amount, bool back);

/* Writes a line of the journal. */
void model_note(struct model *model, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The seam for guests, guest.c. */
extern const struct forward_ops model_forward_ops;

/* Capabilities that a server makes up; those that the engine takes are its. */
int model_cap_new(struct model *model);
void model_cap_close(struct model *model, int cap);

/* Return: the account of that number as the engine knows it, NULL if there is none */
struct account *model_account(struct model *model, uint32_t number);

/* A client's request, its capability given back at once. @label: as the client says it.
 * Return: as child_session() */
int model_open(struct model *model, const char *client, uint32_t id, const char *service,
	const char *label, struct quota amount);

/* Fetches an outcome, likewise. @ret_cap says whether there was a capability; may be NULL. */
int model_fetch(struct model *model, const char *client, uint32_t id, bool *ret_cap);

/* The oldest request at a server. Return: its ID there, 0 if there is none */
uint32_t model_request(struct model *model, const char *server, int *ret_kind);

/* Delivers a new capability. Return: whether the engine took it */
bool model_deliver(struct model *model, const char *server, uint32_t server_id);

/* Answers all requests at a server with yes. Return: how many there were */
unsigned model_serve(struct model *model, const char *server);

/* The parent's other clients. The donation moves with the request; what is answered is recorded as
 * "deliver ID" and "respond ID ANSWER". Return: the ID, 0 if they have too little */
uint32_t model_guest_open(
	struct model *model, const char *service, const char *label, struct quota amount);
uint32_t model_guest_open_with(
	struct model *model, const char *service, const struct kin_args *args);

/* Return: whether there is a session that it can be said of, and the quota for it */
bool model_guest_upgrade(struct model *model, uint32_t id, struct quota amount);
bool model_guest_close(struct model *model, uint32_t id);

/* Return: NULL if the parent was told of its end */
struct model_guest *model_guest(struct model *model, uint32_t id);
/* A timer that is armed runs out; one that is not aborts. */
void model_timer(struct model *model, enum owner_timer timer);

/* Return: the state report as it would be sent now, with the details that the config asks for */
const char *model_report(struct model *model);

/* Has a child use some of its quota (or give it back). */
void model_charge(struct model *model, const char *child, struct quota amount);
void model_uncharge(struct model *model, const char *child, struct quota amount);

/* What a child's account may still give away. */
struct quota model_available(struct model *model, const char *child);

/* Return: how many of the recorded lines contain @text */
unsigned model_logged(const struct model *model, const char *text);
unsigned model_happened(const struct model *model, const char *text);

/* Return: whether a line with @first was recorded, and before any with @second */
bool model_in_order(const struct model *model, const char *first, const char *second);

void model_forget(struct model *model);

#endif

/*
 * World: a whole tree of programs in one address space
 *
 * Program 0 is core, program 1 the first init; an init has an engine of its own whose parent is
 * the engine that it is a child of. The seams are connected as in production: what an engine asks
 * its parent is a call of child_session() and its like for the child that it is, what it does to
 * accounts happens in core's one ledger, and what makes or ends a process ends in a session at
 * core. Calls upwards return at once. Everything else is on its way until a step lets it arrive: a
 * signal, a scheduled step of an engine, the answer to a call that waits, a message without reply
 * in the sender's outbox, the news that a process has ended.
 *
 * A capability is a number that one program holds. When a process ends, so do those that it holds,
 * and its engine without a word to anybody.
 *
 * Nothing here decides what happens next; history.h does.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "engine/ledger.h"
#include "engine/sandbox.h"

#define WORLD_PROGRAMS_MAX 28
#define WORLD_CHILDREN_MAX 8  /* of one init */
#define WORLD_ACCOUNTS_MAX 64 /* likewise, those that end included */
#define WORLD_SERVICES     6  /* that a component may provide */
#define WORLD_IDS_MAX      6  /* that a component uses at the same time */
#define WORLD_OUTBOX_MAX   4  /* messages on their way */
#define WORLD_CONFIG_BYTES 8192
#define WORLD_POLICY_BYTES 2048
#define WORLD_POLICIES     3         /* that an init may have, one after the other */
#define WORLD_CHANGES_MAX  32        /* of them in one life of an init */
#define WORLD_CAPS_MAX     (1 << 16) /* ever made in one history */

/* IDs of an engine's sessions at its parent start here, as init's do. */
#define WORLD_UP_ID 0x40000000u

struct program;
struct world;

enum object_kind { OBJECT_PD, OBJECT_CPU, OBJECT_OTHER };
enum object_answer { ANSWERED, OWES_CREATE, OWES_UPGRADE, OWES_CLOSE };

/* What a local session stands for. */
struct object {
	struct object *prev, *next;
	struct program *server; /* who made it: core, or an init a ROM module */
	enum object_kind kind;
	enum object_answer owes; /* an answer, about: */
	struct session *session;
	int cap;
	struct account account;  /* of a PD */
	struct object **adopted; /* its place in the adopter's accounts */
	struct program *process; /* started with this PD or CPU session */
};

/* What a component was promised an answer to, for one of its IDs. */
struct promise {
	bool create, upgrade;
	unsigned closes;
};

/* A message to the parent that has no reply. */
struct message {
	uint32_t server_id;
	int cap;    /* delivered, or 0: */
	int answer; /* the response */
};

/* A call whose reply the parent left for later. */
struct call {
	bool active, answered;
	enum session_event event; /* that it waits for */
	uint32_t id;
};

struct program {
	struct world *world;
	struct program *parent; /* NULL for core */
	unsigned index;
	char name[8];
	bool is_init;
	/* What its parent's config says of it, and its own of others; see plan.c. */
	uint64_t start_seed, config_seed;
	unsigned version;
	bool absent, provides[WORLD_SERVICES];
	struct child *child; /* what it is to its parent's engine; NULL before its start */
	struct object *pd;   /* NULL once its account has ended */
	bool running;
	bool starting; /* core is at it, with: */
	struct child_start start;
	bool unreaped; /* ended, and its parent doesn't know */
	unsigned n_caps;
	bool signal, server_signal; /* triggered */
	struct quota charged;       /* of its own account */

	/* An init. */
	char config[WORLD_CONFIG_BYTES]; /* without its end, which is one of: */
	char policies[WORLD_POLICIES][WORLD_POLICY_BYTES];
	unsigned policy; /* that counts now */
	struct sandbox sandbox;
	struct owner owner;
	bool booted, scheduled, ending;
	int64_t exit_value;
	struct object *accounts[WORLD_ACCOUNTS_MAX]; /* number I + 1 is at I */
	uint32_t n_accounts;

	/* A component, as client. */
	struct promise promises[WORLD_IDS_MAX];
	int caps[WORLD_IDS_MAX];
	struct call call;
	/* As server. */
	struct message outbox[WORLD_OUTBOX_MAX];
	size_t n_outbox;
	uint64_t seen_sequence;
	uint32_t seen_id; /* the last that a create request had */
};

/* What happens to the next session at core, adoption or start; 0 is as it should be. */
struct misfortune {
	int session, adopt, start;
};

struct world {
	struct program programs[WORLD_PROGRAMS_MAX];
	unsigned n_programs;
	struct ledger ledger;
	struct account root;
	struct quota total;
	struct object *objects;
	uint8_t *holders; /* of capability I: index of a program plus 1, 0 if it is closed */
	int last_cap;
	unsigned n_caps;
	unsigned n_owed; /* answers by core */
	struct misfortune misfortune;
	bool lossy;   /* a server spent what it was given: amounts need not match */
	bool verbose; /* say what engines log */
};

/* plan.c: lays out programs and configs at random; the same seed, the same tree. */
void plan_make(struct world *world, uint64_t seed);

/* Changes something of an init's config. */
void plan_change(struct program *init, uint64_t seed);

/* An empty world with a plan, in which core runs and has begun to start the first init. */
struct world *world_new(uint64_t seed, bool verbose);

/* Core ends its sandbox; asserts that everything is back and nobody runs; frees the world. */
void world_free(struct world *world);

/* Aborts if an invariant is broken. (check.c) */
void world_check(struct world *world);

/* Aborts unless everything that had to end has ended, now that nothing is on its way. (check.c) */
void world_check_settled(struct world *world);

/* Return: what the program's account holds now, less what it uses */
struct quota world_available(const struct program *program);

/* Return: whether it can talk to its parent */
bool program_can_call(const struct program *program);

/* Return: whether all above it are there to pass something on */
bool program_reaches_core(const struct program *program);

/* Capabilities. All but the first assert that @holder is who holds it. */
int cap_new(struct program *holder);
void cap_check(const struct program *holder, int cap);
void cap_move(struct program *holder, int cap, struct program *to);
void cap_close(struct program *holder, int cap);

/* It is to be started, perhaps anew: nothing is left of a life before. */
void program_begin(struct program *program);

/* The process ends now. @reap: its parent is yet to learn it. */
void program_end(struct program *program, bool reap);

/* Frees the engines of inits that have ended. At the end of each step. */
void world_bury(struct world *world);

/* An init reads its config, the first time or again. */
void program_boot(struct program *program);
void program_configure(struct program *program);

/* An init ends its children in good order, then itself. */
void program_stop(struct program *program, int64_t value);

/* Core makes up its mind: says yes or no, or confirms. */
void core_answer(struct world *world, unsigned which, bool yes);

/* Core has done what it takes to start the program, or could not. */
void core_started(struct program *program, int answer);

/* Makes a call to the parent possible: what was sent before it arrives. Return: whether it is */
bool program_call(struct program *program);

/* forward.c: the part of the seam for the parent's other clients. */
extern const struct forward_ops forward_seam_ops, forward_dead_ops;

/* owner.c: the seam of an init's engine (of core's, if it has no parent), alive and dead. */
void owner_fill(struct program *program);
void owner_bury(struct program *program);

#endif

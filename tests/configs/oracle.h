/*
 * Oracle: whom another config must disturb, found out naively
 *
 * A picture of the tree is taken before a config is applied: who lives, and where each session
 * leads. Then the oracle walks all routes of all of them by the plan, again and again until nothing
 * changes, with rules of its own for routes. Nothing of the engine's routing is used.
 *
 * A <any-child/> that is ambiguous for a moment, on the way there, may stop somebody or not: then
 * the oracle has no opinion. Neither has it if a server's end has let a route lead elsewhere
 * before: who is looked at because of the config is disturbed for that as well, who is not is not.
 */
#ifndef CONFIGS_ORACLE_H
#define CONFIGS_ORACLE_H

#include "configs/plan.h"
#include "engine/sandbox.h"

#define ORACLE_SESSIONS_MAX 24 /* of one child */
#define ORACLE_NEEDS_MAX    24

/* A request, and where it leads. */
struct oracle_end {
	enum { END_NOWHERE, END_PARENT, END_LOCAL, END_CHILD } kind;
	unsigned server;    /* number in the plan */
	uint32_t server_id; /* 0: it is new, or started anew */
	char label[KIN_LABEL_MAX + 1];
};

struct oracle_request {
	unsigned service;
	bool by_parent;
	char asked[KIN_LABEL_MAX + 1];
	struct oracle_end end;
};

enum oracle_state { ORACLE_ABSENT, ORACLE_LIVES, ORACLE_FAILED, ORACLE_STUCK, ORACLE_EXITED };

struct oracle_child {
	enum oracle_state state;
	uint32_t id;
	char node[PLAN_NODE_BYTES];
	struct oracle_request requests[ORACLE_SESSIONS_MAX]; /* of sessions, or what it needs */
	size_t n_requests;
	bool was_stuck;
	bool anew; /* must be started: it is new, or restarted, or revived */
};

struct oracle {
	const struct plan *plan; /* borrowed: the one that counts from now on */
	struct oracle_child children[PLAN_CHILDREN];
	unsigned offers_min[PLAN_PROVIDED], offers_max[PLAN_PROVIDED]; /* on the way there */
	bool unsure;
};

/* Takes the picture. @plan: the one in force */
void oracle_look(struct oracle *oracle, struct sandbox *sandbox, const struct plan *plan);

/* Return: whether a session is where its route doesn't lead any more, for an end since. */
bool oracle_has_drifted(struct oracle *oracle);

/* Finds out what must be when @plan has been applied. */
void oracle_predict(struct oracle *oracle, const struct plan *plan);

/* Aborts unless those are disturbed, and nobody else. Whether somebody whose server stops is
 * stopped as well, or started anew to find nobody there, is a matter of who is looked at first. */
void oracle_compare(const struct oracle *oracle, struct sandbox *sandbox);

#endif

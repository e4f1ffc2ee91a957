/*
 * Kinds of steps
 *
 * One table says what can happen to a program: what arrives, what it does, how it ends. history.c
 * chooses among them and takes them.
 */
#ifndef SIM_KINDS_H
#define SIM_KINDS_H

#include "sim/history.h"

#define STEP_SERVICES 10 /* that components ask for */
#define STEP_LABELS   6

/* What a step returns that has nothing to say. */
#define STEP_SILENT (-10000)

enum kind {
	/* What lets something arrive. */
	BOOT,
	ADVANCE,
	EVENTS,
	RESUME,
	ARRIVE,
	REAP,
	SERVE,
	FORWARD,
	DECIDE,
	STARTED,
	/* What programs do. */
	ACTIONS,
	OPEN = ACTIONS,
	FETCH,
	UPGRADE,
	CLOSE,
	NONSENSE,
	ANNOUNCE,
	HANDLE,
	RESPOND,
	URGE,
	SPEND,
	FATE,
	POLICIES,
	CHANGE,
	/* How they end. */
	ENDS,
	EXIT = ENDS,
	CRASH,
	MISBEHAVE,
	STOP,
	KINDS,
};

enum who { CORE, COMPONENTS, INITS, BOTH, ANYWHERE };

/* Which parameters it uses. */
enum show { ID = 1, SERVICE = 2, AMOUNT = 4, WAIT = 8, NUMBERS = 16 };

struct step_kind {
	const char *text;
	/* Return: an answer, STEP_SILENT */
	int (*run)(struct program *program, const struct step *step);
	enum who who;
	unsigned weight; /* among actions */
	unsigned shows;
};

extern const struct step_kind step_kinds[KINDS];
extern const char *const step_services[STEP_SERVICES], *const step_labels[STEP_LABELS];

/* What a component does with its requests. */
int step_serve(struct program *program, const struct step *step);

/* Leaves a message for its parent. */
void step_post(struct program *program, struct message message);

/* Lets all its messages arrive. */
void step_flush(struct program *program);

#endif

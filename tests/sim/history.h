/*
 * History: what happens in a world, as data
 *
 * A step says what happens, to whom, and with which parameters. It means something in every world:
 * a program that doesn't run does nothing, a number too large is taken modulo what there is. So
 * steps can be dropped from a history and the rest still is one; that is how a failing one is made
 * shorter.
 */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "model/random.h"
#include "sim/world.h"

#define HISTORY_STEPS_MAX 600

struct step {
	uint8_t kind, who; /* its index in a table of history.c, of a program */
	uint16_t id, what, how;
	struct quota amount;
};

struct history {
	uint64_t seed; /* of the plan */
	size_t n;
	struct step steps[HISTORY_STEPS_MAX];
};

/* Return: whether anything can happen, then *ret does */
bool step_make(struct world *world, struct random *random, bool dishonest, struct step *ret);

/* Takes it; the invariants are the caller's to check. Each step is printed if the world is verbose.
 */
void step_run(struct world *world, const struct step *step);

/* Lets everything arrive that is on its way, and servers answer what they are asked, until nothing
 * is left; whoever waits for what can't come is ended. Asserts that it takes a bounded time. */
void world_settle(struct world *world);

#endif

/*
 * Budgets: what each child is assigned of what there is
 *
 * A child's assigned quota is what its start node says, or as much of it as there is beyond what is
 * kept for ourselves; it records what was really given, so that the rest can follow. What a child
 * was assigned but its PD did not get (yet) is promised: it is still in our account, and nobody
 * else's. Nor is what we keep of the donations of sessions, which goes back one day.
 */
#ifndef ENGINE_BUDGET_H
#define ENGINE_BUDGET_H

#include <stdbool.h>

#include "engine/owner.h"

struct child;
struct sandbox;

/* Reads how much each child shall have, and says what is wrong with it. */
void budget_configure(struct sandbox *sandbox);

/**
 * budget_balance() - give each child what it shall have, as far as possible
 *
 * First takes from those who have too much, then gives, in the order of the start nodes. A child
 * that gets no valid quota fails, and comes to life once there is some.
 */
void budget_balance(struct sandbox *sandbox);

/* Moves quota between us and a child that has an account, as part of what it is assigned. Giving
 * answers its pending resource request. Return: 0, KIN_EXCEEDED if the payer has less, KIN_INVALID
 * if it has no account, negative errno */
int budget_give(struct child *child, struct quota amount);
int budget_take(struct child *child, struct quota amount);

/* The child answered a yield request: takes what it freed. */
void budget_yielded(struct child *child);

/* Its PD has got its quota, or all of its environment is paid, or it is ended: less is promised, or
 * nothing. */
void budget_adopted(struct child *child);
void budget_started(struct child *child);
void budget_settled(struct child *child);

#endif

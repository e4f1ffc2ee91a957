/*
 * Invariants of one engine
 *
 * What holds in a sandbox whoever its owner is: the model of one level and the simulation of a
 * whole tree both ask for it after every step.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include "engine/sandbox.h"

/* Aborts if a session is not in the tables that belong to its state and in no others, or a child
 * has what it can't have in its own. */
void check_tables(struct sandbox *sandbox);

/* What the client itself paid for a session. */
struct quota check_paid(const struct session *session);

/* What the account of a child holds if all its servers and clients are
 * honest: more by what it serves, less by what it pays for. */
struct quota check_expected(struct child *child);

/* Return: how many capabilities the sandbox holds for clients that have not fetched them */
unsigned check_caps_held(struct sandbox *sandbox);

#endif

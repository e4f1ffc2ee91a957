/*
 * The environment of a child: the sessions that its parent opens for it before it can run
 *
 * They are routed like the child's own requests, paid by the parent and kept under the IDs 1 to 5.
 * Their fixed donations are what the child's assigned quota is reduced by. A program that turns out
 * to be dynamically linked needs more of them: its linker, the fifth, and its libraries, each named
 * by the owner when it tries to start the child, and paid by the child.
 */
#ifndef ENGINE_ENVIRONMENT_H
#define ENGINE_ENVIRONMENT_H

#include "engine/child.h"

/* What we keep for struct child, its names and tables. */
#define ENVIRONMENT_CHILD_BYTES (4 * 1024)

/* What all environment sessions of a child cost together, and our own bookkeeping of it. */
struct quota environment_cost(void);

/* What of it is still to be paid when the PD is there. */
struct quota environment_cost_after_pd(void);

/* What the child has paid so far for sessions of its linker and libraries. */
struct quota environment_modules_cost(const struct child *child);

/* What the child's own account has been given of its assigned quota. */
struct quota environment_effective(const struct child *child);

/* Requests the PD and gives it its quota: for all children before anything else for one of them. */
void environment_advance_pd(struct child *child);

/* Once there is a PD: requests what is missing and starts the child when all is there. */
void environment_advance(struct child *child);

/* The owner has started the child's process (@r is 0), could not, or misses a module of it; see
 * struct child_ops. */
void environment_started(struct child *child, int r);

/* Ends the child's process: its CPU session, then its PD, so that its quota is back. */
void environment_close_process(struct child *child);

/* Return: an environment session that its server has still to answer, or NULL */
const struct session *environment_pending(const struct child *child);

/* Closes what is left of it. */
void environment_close(struct child *child);

#endif

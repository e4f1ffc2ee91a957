/*
 * Needs: what a child that does not run waits for
 *
 * A child that is stopped because a session of its leads nowhere remembers all the sessions that it
 * had; a child that could not be started remembers the one that was missing, and where that request
 * led. Both are looked at again when something changes that routes depend on.
 */
#ifndef ENGINE_NEED_H
#define ENGINE_NEED_H

#include <stdbool.h>

#include <kin/limits.h>

#include "engine/route.h"
#include "engine/service.h"

struct child;
struct session;

/* Where a request leads: enough to tell whether it still leads there. */
struct route_end {
	bool exists;
	enum service_kind kind;
	uint32_t server; /* ID of the child that provides it, 0 if none does */
	char label[KIN_LABEL_MAX + 1];
};

struct need {
	struct need *next;
	char service[KIN_NAME_MAX + 1];
	char asked[KIN_LABEL_MAX + 1];
	bool by_parent;
	struct route_end end;
};

/* Remembers every session that @from has, also as a need of @child. Return: 0, -ENOMEM */
int needs_of_sessions(struct child *child, struct child *from);

/* Remembers one request and where it leads now. Return: 0, -ENOMEM */
int need_add(struct child *child, const struct route_request *request);

void needs_forget(struct child *child);

/* Return: the first need whose route leads nowhere, NULL if all lead somewhere */
const struct need *needs_unmet(struct child *child);

/* Does one of them lead somewhere, and not where it did when it was remembered? */
bool needs_changed(struct child *child);

#endif

/* Needs; see the header. */
#include "engine/need.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "engine/sandbox.h"

static struct route_end end_of(struct child *child, const struct need *need)
{
	const struct route_request request = { need->service, need->asked, child->name,
		need->by_parent };
	struct route_end end = { .exists = false };
	struct route_result result;
	struct route_why why;

	if (sandbox_find_route(child->sandbox, child, &request, &result, &why) != ROUTE_FOUND)
		return end;
	end.exists = true;
	end.kind = result.service->kind;
	end.server = end.kind == SERVICE_CHILD ? result.service->server->id : 0;
	strcpy(end.label, result.label);
	return end;
}

int need_add(struct child *child, const struct route_request *request)
{
	struct need *need = calloc(1, sizeof(*need));

	if (!need)
		return -ENOMEM;
	strcpy(need->service, request->service);
	strcpy(need->asked, request->label);
	need->by_parent = request->by_parent;
	need->end = end_of(child, need);
	LL_PREPEND(child->needs, need);
	return 0;
}

int needs_of_sessions(struct child *child, struct child *from)
{
	struct session *session, *next;

	HASH_ITER (by_id, from->sessions, session, next) {
		struct route_request request;

		if (!session_leads(session))
			continue;
		session_route_request(session, &request);
		if (need_add(child, &request) < 0)
			return -ENOMEM;
	}
	return 0;
}

void needs_forget(struct child *child)
{
	struct need *need, *next;

	LL_FOREACH_SAFE (child->needs, need, next)
		free(need);
	child->needs = NULL;
}

const struct need *needs_unmet(struct child *child)
{
	const struct need *need;

	LL_FOREACH (child->needs, need)
		if (!end_of(child, need).exists)
			return need;
	return NULL;
}

bool needs_changed(struct child *child)
{
	const struct need *need;

	LL_FOREACH (child->needs, need) {
		struct route_end now = end_of(child, need);

		if (now.exists && (!need->end.exists || now.kind != need->end.kind ||
					  now.server != need->end.server ||
					  strcmp(now.label, need->end.label) != 0))
			return true;
	}
	return false;
}

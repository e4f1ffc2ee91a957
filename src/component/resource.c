/*
 * Resources: shortages, grants and yield requests
 *
 * Waiting for a grant blocks the component on purpose: whatever it was about to do needs the
 * resource, and its caller is in the middle of something. So the wait looks at nothing but the
 * parent's signal, and at the parent's channel in case it dies.
 */
#include <kin/resource.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <kin/answer.h>

#include "component/env.h"
#include "wire/parent.h"
#include "wire/pd.h"

/* The heap grows in steps; a grant that covers just the block would not be enough. */
#define HEAP_STEP_BYTES (64 * 1024)

void kin_set_shortage_policy(struct kin_env *env, enum kin_shortage policy)
{
	env->shortage = policy;
}

void kin_on_shortage(struct kin_env *env, kin_shortage_handler *decide, void *data)
{
	env->shortage_decide = decide;
	env->shortage_data = data;
}

void kin_resource_request(struct kin_env *env, uint64_t ram, uint64_t caps)
{
	parent_resource_request(
		env->start.parent, &(struct parent_resource_request_request){ ram, caps });
}

void kin_on_resource(struct kin_env *env, kin_handler *granted, void *data)
{
	env->granted = granted;
	env->granted_data = data;
}

void kin_on_yield(struct kin_env *env, kin_yield_handler *yield, void *data)
{
	env->yield = yield;
	env->yield_data = data;
	env_events_announce(env);
}

bool env_shortage_async(struct kin_env *env, int answer, uint64_t ram, uint64_t caps)
{
	if (answer != KIN_OUT_OF_RAM && answer != KIN_OUT_OF_CAPS)
		return false;
	if (answer == KIN_OUT_OF_RAM) {
		ram = page_round(ram);
		caps = 0;
	} else {
		ram = 0;
		caps = caps ? caps : 1;
	}
	enum kin_shortage policy = env->shortage_decide
					   ? env->shortage_decide(ram, caps, env->shortage_data)
					   : env->shortage;

	if (policy == KIN_SHORTAGE_FAIL)
		return false;
	kin_resource_request(env, ram, caps);
	return true;
}

/* A grant remembered from before the shortage is no answer to it. */
static bool grant_wait(struct kin_env *env)
{
	struct pollfd fds[] = { { env->start.signal, POLLIN, 0 }, { env->start.parent, 0, 0 } };
	uint32_t before = env->events & PARENT_EVENT_RESOURCE;

	env->events &= ~before;
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return false;
		if (env_events_fetch(env) < 0)
			return false; /* the parent is gone */
		if (env->events & PARENT_EVENT_RESOURCE)
			return true; /* stays recorded: others may wait for it, too */
	}
}

bool env_shortage(struct kin_env *env, int answer, uint64_t ram, uint64_t caps)
{
	return env_shortage_async(env, answer, ram, caps) && grant_wait(env);
}

int kin_account_read(struct kin_env *env, struct kin_account *ret)
{
	struct pd_account_reply reply;
	int r = pd_account(env->start.pd, &(struct pd_account_request){ PD_ACCOUNT_SELF }, &reply);

	if (r)
		return r;
	*ret = (struct kin_account){ reply.ram_quota, reply.ram_used, reply.cap_quota,
		reply.cap_used };
	return 0;
}

void *kin_malloc(struct kin_env *env, size_t size)
{
	uint64_t wanted = (uint64_t) size + HEAP_STEP_BYTES;
	void *block;

	do
		block = malloc(size ? size : 1);
	while (!block && env_shortage(env, KIN_OUT_OF_RAM, wanted, 0));
	return block;
}

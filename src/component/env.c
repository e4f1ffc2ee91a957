/*
 * Environment: the loop, and what the parent has to say
 *
 * The parent never sends. It triggers one signal, then we fetch a set of events from it. Fetching
 * happens in two places, the loop and a wait for resources; both only record, and a task of the
 * loop acts, so that no handler runs inside of another one. The heartbeat alone is answered at
 * once: what it asks is whether anybody looks at events at all.
 */
#include "component/env.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "component/service.h"
#include "ipc/signal.h"
#include "wire/parent.h"

_Static_assert(sizeof(struct kin_storage) >= sizeof(struct loop_source), "no room for a source");
_Static_assert(sizeof(struct kin_storage) >= sizeof(struct loop_task), "no room for a task");

void env_events_announce(struct kin_env *env)
{
	const uint32_t always = PARENT_EVENT_SESSION | PARENT_EVENT_RESOURCE |
				PARENT_EVENT_HEARTBEAT | PARENT_EVENT_STATE;

	/* A failure means that there is no parent any more, which ends us soon enough. */
	parent_handle(
		env->start.parent, &(struct parent_handle_request){ PARENT_PROTOCOL_VERSION,
					   env->yield ? always | PARENT_EVENT_YIELD : always });
}

int env_events_fetch(struct kin_env *env)
{
	struct parent_events_reply reply;

	signal_take(env->start.signal);
	int r = parent_events(env->start.parent, NULL, &reply);

	if (r)
		return r < 0 ? r : -EPROTO;
	if (reply.events & PARENT_EVENT_HEARTBEAT)
		parent_heartbeat_response(env->start.parent, NULL);
	if (reply.events & PARENT_EVENT_YIELD) {
		env->yield_ram = reply.yield_ram;
		env->yield_caps = reply.yield_caps;
	}
	if (reply.events & PARENT_EVENT_STATE) {
		env->state_serial = reply.state_serial;
		strcpy(env->state_path, reply.state_path);
	}
	env->events |= reply.events & ~(uint32_t) PARENT_EVENT_HEARTBEAT;
	if (env->events)
		loop_queue(&env->loop, &env->events_task);
	return 0;
}

static void events_handle(struct loop_source *source, uint32_t epoll_events)
{
	struct kin_env *env = CONTAINER_OF(source, struct kin_env, events_source);

	if (env_events_fetch(env) < 0)
		loop_remove(&env->loop, source);
}

/* Freeing is one way: a question behind it has core done with it before the parent looks. */
static void yield_handle(struct kin_env *env)
{
	struct kin_account account;

	if (!env->yield)
		return;
	env->yield(env->yield_ram, env->yield_caps, env->yield_data);
	kin_account_read(env, &account);
	parent_yield_response(env->start.parent, NULL);
}

/* Who has no children has nothing to tell that its parent does not know. */
static void state_handle(struct kin_env *env)
{
	if (env->embedded.asked)
		env->embedded.asked(env->state_serial, env->state_path, env->embedded.data);
	else
		parent_state(env->start.parent,
			&(struct parent_state_request){ env->state_serial, KIN_DENIED }, NULL);
}

static void events_act(struct loop_task *task)
{
	struct kin_env *env = CONTAINER_OF(task, struct kin_env, events_task);
	uint32_t events = env->events;

	env->events = 0;
	if (events & PARENT_EVENT_SESSION) {
		env_sessions_changed(env);
		if (env->embedded.answered)
			env->embedded.answered(env->embedded.data);
	}
	if (events & PARENT_EVENT_RESOURCE) {
		env_sessions_granted(env);
		if (env->embedded.granted)
			env->embedded.granted(env->embedded.data);
		if (env->granted)
			env->granted(env->granted_data);
	}
	if (events & PARENT_EVENT_YIELD)
		yield_handle(env);
	if (events & PARENT_EVENT_STATE)
		state_handle(env);
}

int env_init(struct kin_env *env, const struct env_start *start)
{
	*env = (struct kin_env){ .start = *start, .session_id = PARENT_ID_FIRST - 1 };
	env->events_task.run = events_act;
	loop_adopt(&env->loop, start->loop);
	int r = loop_add(&env->loop, &env->events_source, start->signal, events_handle);
	if (r < 0) {
		loop_done(&env->loop);
		return r;
	}
	env_events_announce(env);
	return 0;
}

void env_done(struct kin_env *env)
{
	kin_signal_close(&env->services.requests);
	service_forward_done(env);
	loop_remove(&env->loop, &env->events_source);
	loop_done(&env->loop);
}

int kin_run(struct kin_env *env)
{
	int r = loop_run(&env->loop);

	assert(r == 0);
	return env->value;
}

void kin_stop(struct kin_env *env, int value)
{
	env->value = value;
	loop_stop(&env->loop);
}

static struct loop_source *watch_source(struct kin_watch *watch)
{
	return (struct loop_source *) &watch->source;
}

static void watch_handle(struct loop_source *source, uint32_t epoll_events)
{
	struct kin_watch *watch = CONTAINER_OF(source, struct kin_watch, source);

	watch->handle(watch->data);
}

int kin_watch_start(struct kin_env *env, struct kin_watch *watch, int descriptor,
	kin_handler *handle, void *data)
{
	*watch = (struct kin_watch){ descriptor, env, handle, data, { { 0 } } };
	return loop_add(&env->loop, watch_source(watch), descriptor, watch_handle);
}

void kin_watch_stop(struct kin_watch *watch)
{
	if (watch->env)
		loop_remove(&watch->env->loop, watch_source(watch));
}

static void task_run(struct loop_task *task)
{
	struct kin_task *t = CONTAINER_OF(task, struct kin_task, task);

	t->run(t->data);
}

void kin_task_queue(struct kin_env *env, struct kin_task *task)
{
	struct loop_task *t = (struct loop_task *) &task->task;

	t->run = task_run;
	loop_queue(&env->loop, t);
}

void kin_task_cancel(struct kin_env *env, struct kin_task *task)
{
	loop_cancel(&env->loop, (struct loop_task *) &task->task);
}

uint64_t page_round(uint64_t bytes)
{
	const uint64_t mask = COMPONENT_PAGE_BYTES - 1;

	if (bytes > UINT64_MAX - mask)
		return UINT64_MAX & ~mask;
	return bytes ? (bytes + mask) & ~mask : COMPONENT_PAGE_BYTES;
}

int descriptor_size(int fd, uint64_t *ret)
{
	struct stat st;

	/* The C library's fstat() uses a call that can also name files; components lack it. */
	if (syscall(SYS_fstat, fd, &st) < 0)
		return -errno;
	*ret = (uint64_t) st.st_size;
	return 0;
}

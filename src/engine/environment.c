/*
 * The environment of a child
 *
 * A table says what is asked for in which order. The PD comes first and is given its quota before
 * anything else, so that all children have their budgets before one of them runs.
 */
#include "engine/environment.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include <kin/label.h>
#include <kin/number.h>

#include "engine/budget.h"
#include "engine/donation.h"
#include "engine/placement.h"
#include "engine/sandbox.h"

struct environment_session {
	uint32_t id;
	const char *service;
	struct quota donation;
};

/* Amounts leave room for the metadata of several inits on the way to core. */
static const struct environment_session environment[] = {
	{ ENV_PD, "PD", { 32 * 1024, 2 } },
	{ ENV_CPU, "CPU", { 20 * 1024, 2 } },
	{ ENV_LOG, "LOG", { 40 * 1024, 3 } },
	{ ENV_BINARY, "ROM", { 20 * 1024, 2 } },
};

#define N_ENVIRONMENT (sizeof(environment) / sizeof(environment[0]))

/* The linker, then libraries, of a program that turns out to need them; paid by the child. */
#define MODULES_MAX 32
static const struct quota module_donation = { 20 * 1024, 2 };

/* How often a donation that a server finds too small is raised, and by how much. */
#define RETRIES_MAX 8
static const struct quota retry_step = { 8 * 1024, 2 };

struct quota environment_cost(void)
{
	struct quota sum = { ENVIRONMENT_CHILD_BYTES, 0 };

	for (size_t i = 0; i < N_ENVIRONMENT; i++) {
		sum.ram += environment[i].donation.ram;
		sum.caps += environment[i].donation.caps;
	}
	return sum;
}

struct quota environment_cost_after_pd(void)
{
	struct quota sum = environment_cost(), pd = environment[0].donation;

	return (struct quota){ sum.ram - pd.ram, sum.caps - pd.caps };
}

struct quota environment_modules_cost(const struct child *child)
{
	return (struct quota){ child->n_modules * module_donation.ram,
		child->n_modules * module_donation.caps };
}

static const struct owner *owner_of(const struct child *child)
{
	return child->sandbox->owner;
}

static uint32_t module_id(unsigned i)
{
	return i == 0 ? ENV_LINKER : ENV_LIBRARY_FIRST + i - 1;
}

/* The module that the child's start waits for. */
static struct environment_session module_session(const struct child *child)
{
	return (struct environment_session){ module_id(child->n_modules - 1), "ROM",
		module_donation };
}

static int label_of(const struct child *child, uint32_t id, char ret[KIN_LABEL_MAX + 1])
{
	const char *name = id == ENV_BINARY ? child->binary : id >= ENV_LINKER ? child->module : "";

	return kin_label_join(child->name, name, ret);
}

/* Return: 0 once the session is there or pending; else why not */
static int request(struct child *child, const struct environment_session *env)
{
	uint64_t steps = child->sandbox->environment_steps;

	steps = child->retries > steps ? child->retries : steps;
	char label[KIN_LABEL_MAX + 1];
	struct route_result route;

	if (label_of(child, env->id, label) < 0)
		return -ENAMETOOLONG;
	int r = sandbox_route(child->sandbox, child,
		&(struct route_request){ env->service, label, child->name, true }, &route);

	if (r)
		return r;
	struct session *session = session_new(child, env->id, route.service, label);

	if (!session)
		return -ENOMEM;
	session->environment = true;
	session->special = route.special;
	session->version = 1;
	strcpy(session->args.label, route.label);
	session->args.ram_quota = env->donation.ram + steps * retry_step.ram - SESSION_COST_BYTES;
	session->args.cap_quota = env->donation.caps + steps * retry_step.caps;
	r = placement_apply(child, env->service, &session->args, &session->affinity);
	if (r == 0)
		r = donation_give(session,
			(struct quota){ session->args.ram_quota, session->args.cap_quota },
			SESSION_COST_BYTES);
	if (r == 0)
		session_submit(session);
	else
		session_free(session);
	return r;
}

static void fail(struct child *child, const char *what, int why)
{
	owner_log(owner_of(child), OWNER_ERROR, "%s: %s (%s)", child->name, what,
		kin_answer_text(why));
	child_note(child, HISTORY_FAILED, "%s (%s)", what, kin_answer_text(why));
	child->failed = true;
	if (why < 0 || why == KIN_EXCEEDED)
		child->undone = MARK_ANEW;
	child_close_all(child);
	sandbox_resettle(child->sandbox);
	report_urgent(child->sandbox);
}

static void fail_session(struct child *child, const struct environment_session *env, int why)
{
	char what[128], label[KIN_LABEL_MAX + 1];

	if (label_of(child, env->id, label) == 0 &&
		need_add(child, &(struct route_request){ env->service, label, child->name, true }) <
			0)
		child->undone = MARK_ANEW;
	if (why == KIN_OUT_OF_RAM || why == KIN_OUT_OF_CAPS)
		child->undone = MARK_ANEW;
	if (env->id == ENV_BINARY)
		snprintf(what, sizeof(what), "binary \"%.63s\" unavailable", child->binary);
	else if (env->id >= ENV_LINKER)
		snprintf(what, sizeof(what), "%s \"%s\" unavailable",
			env->id == ENV_LINKER ? "dynamic linker" : "library", child->module);
	else
		snprintf(what, sizeof(what), "%s session of its environment unavailable",
			env->service);
	fail(child, what, why);
}

static void drop_refused(struct session *session)
{
	donation_return(session);
	session_free(session);
}

/* What one child needed the next one starts with: so deep down not each of them asks twice. */
static void learn(struct child *child)
{
	if (child->sandbox->environment_steps < child->retries)
		child->sandbox->environment_steps = child->retries;
}

/* Return: 0 if the session is there, KIN_PENDING if not yet, another answer if it can't be had */
static int obtain(struct child *child, const struct environment_session *env)
{
	for (;;) {
		struct session *session = session_find(child, env->id);

		if (!session) {
			int r = request(child, env);

			if (r)
				return r;
			session = session_find(child, env->id);
		}
		if (session->state == SESSION_AVAILABLE)
			session->state = SESSION_HANDED_OUT;
		if (session->state == SESSION_HANDED_OUT)
			return 0;
		if (session->state == SESSION_CREATE_REQUESTED)
			return KIN_PENDING;
		/* Its server ended: where does the route lead now? */
		bool ended = session->deserted || session->state == SESSION_CLOSED;
		int answer = session->answer;

		drop_refused(session);
		if (ended)
			continue;
		if ((answer != KIN_INSUFFICIENT_RAM && answer != KIN_INSUFFICIENT_CAPS) ||
			child->retries++ == RETRIES_MAX)
			return answer;
		learn(child);
	}
}

struct quota environment_effective(const struct child *child)
{
	struct quota cost = environment_cost(), modules = environment_modules_cost(child);

	return (struct quota){ child->assigned.ram - cost.ram - modules.ram,
		child->assigned.caps - cost.caps - modules.caps };
}

static void adopt(struct child *child)
{
	const struct owner *owner = owner_of(child);
	struct session *pd = session_find(child, ENV_PD), *session, *next;
	int r = owner->children->adopt(
		owner->ctx, pd->cap, environment_effective(child), &child->account);

	if (r) {
		fail(child, "its quota can't be given", r);
		return;
	}
	child->adopted = true;
	budget_adopted(child);
	HASH_ITER (by_server_id, child->served, session, next)
		session_unpark(session);
}

static int cap_of(struct child *child, uint32_t id)
{
	return session_find(child, id)->cap;
}

/* What was it that the child had too little of? */
static int shortage(struct child *child)
{
	const struct owner *owner = owner_of(child);
	struct account_info info;

	if (owner->accounts->info(owner->ctx, child->account, &info) == 0 &&
		info.quota.ram - info.used.ram >= module_donation.ram)
		return KIN_OUT_OF_CAPS;
	return KIN_OUT_OF_RAM;
}

/* Has the child pay for the session of one more module. Return: 0 or why it can't be */
static int want_module(struct child *child)
{
	const struct owner *owner = owner_of(child);
	struct quota_edge edge = { child->account, OWNER_SELF, module_donation };

	if (!kin_node_boolean(child->start, "ld", true)) {
		owner_log(owner, OWNER_ERROR,
			"%s: binary \"%s\" is dynamically linked, which ld=\"no\" rules out",
			child->name, child->binary);
		return KIN_DENIED;
	}
	if (child->n_modules == MODULES_MAX) {
		owner_log(owner, OWNER_ERROR, "%s: needs more than %d modules", child->name,
			MODULES_MAX);
		return KIN_DENIED;
	}
	int r = owner->accounts->transfer(owner->ctx, &edge, 1);

	if (r)
		return r == KIN_EXCEEDED ? shortage(child) : r;
	child->n_modules++;
	sandbox_advance(child);
	return 0;
}

static void close_cap(struct child *child, uint32_t id)
{
	const struct owner *owner = owner_of(child);
	struct session *session = session_find(child, id);

	if (!session || !session->cap)
		return;
	owner->cap_close(owner->ctx, session->cap);
	session->cap = 0;
}

/* While the owner was at starting the child it kept capabilities of servers that ended. */
static void drop_lost(struct child *child)
{
	struct session *session, *next;

	HASH_ITER (by_id, child->sessions, session, next)
		if (session->state == SESSION_CLOSED)
			close_cap(child, session->id);
}

void environment_started(struct child *child, int r)
{
	const struct owner *owner = owner_of(child);

	child->starting = false;
	if (r == KIN_MISSING) {
		drop_lost(child);
		r = want_module(child);
		if (r == 0)
			return;
	}
	if (r) {
		fail(child,
			r == KIN_OUT_OF_RAM    ? "out of RAM during loading"
			: r == KIN_OUT_OF_CAPS ? "out of caps during loading"
					       : "unable to create initial thread",
			r);
		return;
	}
	child->state = CHILD_ALIVE;
	child->started = true;
	budget_started(child);
	report_urgent(child->sandbox);
	for (uint32_t id = ENV_PD; id < ENV_LINKER; id++)
		close_cap(child, id);
	for (unsigned i = 0; i < child->n_modules; i++)
		close_cap(child, module_id(i));
	if (child->requests)
		owner->children->wake_server(owner->ctx, child);
}

static void start(struct child *child)
{
	const struct owner *owner = owner_of(child);
	struct child_start what = { child->name, child->account, child->threads,
		cap_of(child, ENV_PD), cap_of(child, ENV_CPU), cap_of(child, ENV_LOG),
		cap_of(child, ENV_BINARY),
		child->n_modules ? cap_of(child, module_id(child->n_modules - 1)) : 0,
		child->module };

	child->starting = true;
	int r = owner->children->start(owner->ctx, child, &what);

	if (r != KIN_PENDING)
		environment_started(child, r);
}

static bool is_starting(const struct child *child)
{
	return child->state == CHILD_INCOMPLETE && child->id && child->assigned.ram &&
	       !child->failed && !child->stuck && !child->starting && !sandbox_blocked(child);
}

void environment_advance_pd(struct child *child)
{
	if (!is_starting(child) || child->adopted)
		return;
	if (!*child->binary) {
		fail(child, "name of its binary unusable", KIN_INVALID);
		return;
	}
	int r = obtain(child, &environment[0]);

	if (r == 0)
		adopt(child);
	else if (r != KIN_PENDING)
		fail_session(child, &environment[0], r);
}

void environment_advance(struct child *child)
{
	bool complete = true;

	if (!is_starting(child) || !child->adopted)
		return;
	for (size_t i = 1; i < N_ENVIRONMENT + (child->n_modules > 0); i++) {
		const struct environment_session env =
			i < N_ENVIRONMENT ? environment[i] : module_session(child);
		int r = obtain(child, &env);

		if (r == KIN_PENDING) {
			complete = false;
		} else if (r) {
			fail_session(child, &env, r);
			return;
		}
	}
	if (complete)
		start(child);
}

static void close_one(struct child *child, uint32_t id)
{
	struct session *session = session_find(child, id);

	if (session)
		session_close(session);
}

void environment_close_process(struct child *child)
{
	close_one(child, ENV_CPU);
	close_one(child, ENV_PD);
	if (!session_find_closing(child, ENV_PD))
		child->adopted = false;
}

void environment_close(struct child *child)
{
	for (uint32_t id = ENV_PD; id < ENV_LINKER; id++)
		close_one(child, id);
	for (unsigned i = 0; i < child->n_modules; i++)
		close_one(child, module_id(i));
	child->n_modules = 0;
	child->adopted = false;
}

const struct session *environment_pending(const struct child *child)
{
	struct session *session;

	for (uint32_t id = ENV_PD; id < ENV_LINKER; id++) {
		session = session_find((struct child *) child, id);
		if (session && session->state == SESSION_CREATE_REQUESTED)
			return session;
	}
	/* one module after the other */
	session = child->n_modules
			  ? session_find((struct child *) child, module_id(child->n_modules - 1))
			  : NULL;
	return session && session->state == SESSION_CREATE_REQUESTED ? session : NULL;
}

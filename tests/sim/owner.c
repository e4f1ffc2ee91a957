/*
 * The seams of the engines of a world
 *
 * The context of each engine is its program. Core's local services make accounts and processes;
 * those of an init are the ROM modules that every parent makes.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "engine/environment.h"
#include "sim/kinds.h"

static struct object *core_object(struct world *world, int cap, enum object_kind kind)
{
	struct object *object;

	DL_FOREACH (world->objects, object)
		if (object->cap == cap && object->kind == kind)
			break;
	return object;
}

/*
 * The parent, or -EPIPE where it has ended. What was sent before arrives before.
 */

bool program_call(struct program *program)
{
	if (!program_can_call(program))
		return false;
	step_flush(program);
	return true;
}

static int up_session(void *ctx, uint32_t id, const struct session *session, int *ret_cap)
{
	struct program *program = ctx;
	struct session_request request = { WORLD_UP_ID + id, session->service->name->name,
		session->version, &session->args, &session->affinity };

	if (!program_call(program))
		return -EPIPE;
	int r = child_session(program->child, &request, ret_cap);

	if (r == 0)
		cap_move(program->parent, *ret_cap, program);
	return r;
}

static int up_session_cap(void *ctx, uint32_t id, int *ret_cap)
{
	struct program *program = ctx;

	if (!program_call(program))
		return -EPIPE;
	int r = child_session_cap(program->child, WORLD_UP_ID + id, ret_cap);

	if (r == 0 && *ret_cap)
		cap_move(program->parent, *ret_cap, program);
	return r;
}

static int up_upgrade(void *ctx, uint32_t id, struct quota amount)
{
	struct program *program = ctx;

	return program_call(program) ? child_upgrade(program->child, WORLD_UP_ID + id, amount)
				     : -EPIPE;
}

static int up_close(void *ctx, uint32_t id)
{
	struct program *program = ctx;

	return program_call(program) ? child_close(program->child, WORLD_UP_ID + id) : -EPIPE;
}

static void up_resource_request(void *ctx, struct quota amount)
{
	struct program *program = ctx;

	if (program_call(program))
		child_resource_request(program->child, amount);
}

static const struct up_ops up_ops = { .session = up_session,
	.session_cap = up_session_cap,
	.upgrade = up_upgrade,
	.close = up_close,
	.resource_request = up_resource_request };

/*
 * Accounts
 */

static struct account *account_of(struct program *program, uint32_t number)
{
	if (number == OWNER_SELF && !program->parent)
		return &program->world->root;
	if (number > program->n_accounts)
		return NULL;
	struct object *pd = number == OWNER_SELF ? program->pd : program->accounts[number - 1];

	return pd ? &pd->account : NULL;
}

static int transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	struct ledger_edge moves[OWNER_EDGES_MAX];

	assert(n_edges > 0 && n_edges <= OWNER_EDGES_MAX);
	for (size_t i = 0; i < n_edges; i++) {
		struct account *from = account_of(ctx, edges[i].from);
		struct account *to = account_of(ctx, edges[i].to);

		if (!from || !to)
			return KIN_INVALID;
		moves[i] = (struct ledger_edge){ from, to, edges[i].amount };
	}
	return ledger_transact(moves, n_edges);
}

static int info(void *ctx, uint32_t number, struct account_info *ret)
{
	const struct account *account = account_of(ctx, number);

	if (!account)
		return KIN_INVALID;
	*ret = (struct account_info){ account->quota, account->used };
	return 0;
}

static const struct account_ops account_ops = { .transfer = transfer, .info = info };

/*
 * Children
 */

static int misfortune(int *which)
{
	int answer = *which;

	*which = 0;
	return answer;
}

static int adopt(void *ctx, int cap, struct quota quota, uint32_t *ret_account)
{
	struct program *program = ctx;
	struct object *pd = core_object(program->world, cap, OBJECT_PD);
	struct account *self = account_of(program, OWNER_SELF);
	int r = misfortune(&program->world->misfortune.adopt);
	uint32_t i = 0;

	while (i < program->n_accounts && program->accounts[i])
		i++;
	assert(pd && !pd->adopted && self && i < WORLD_ACCOUNTS_MAX);
	if (r)
		return r;
	if (account_attach(&pd->account, self))
		return KIN_INVALID;
	r = ledger_transact(&(struct ledger_edge){ self, &pd->account, quota }, 1);
	if (r) {
		account_done(&pd->account);
		return r;
	}
	pd->adopted = &program->accounts[i];
	*pd->adopted = pd;
	program->n_accounts += i == program->n_accounts;
	*ret_account = i + 1;
	return 0;
}

static struct program *program_of(struct program *parent, const char *name)
{
	struct world *world = parent->world;

	for (unsigned i = 1; i < world->n_programs; i++)
		if (strcmp(world->programs[i].name, name) == 0)
			return &world->programs[i];
	return NULL;
}

/* Every fourth program is static, the others need up to three modules. */
static bool needs_more(
	const struct program *program, const struct child *child, const struct child_start *what)
{
	assert(!child->n_modules == !what->module);
	if (child->n_modules >= program->index % 4)
		return false;
	snprintf(what->ret_missing, KIN_NAME_MAX + 1, "module%u", child->n_modules);
	return true;
}

static int start(void *ctx, struct child *child, const struct child_start *what)
{
	struct program *parent = ctx, *program = program_of(parent, what->name);
	struct object *pd = core_object(parent->world, what->pd, OBJECT_PD);
	struct object *cpu = core_object(parent->world, what->cpu, OBJECT_CPU);
	int r = misfortune(&parent->world->misfortune.start);

	assert(program && program->parent == parent && !program->child);
	assert(pd && cpu && what->log > 0 && what->binary > 0);
	if (r && r != KIN_PENDING)
		return r;
	if (r == 0 && needs_more(program, child, what))
		return KIN_MISSING;
	/* A binary that a sibling serves is fetched first. */
	if (!core_object(parent->world, what->binary, OBJECT_OTHER))
		r = KIN_PENDING;
	program_begin(program);
	program->child = child;
	program->pd = pd;
	pd->process = cpu->process = program;
	program->starting = r == KIN_PENDING;
	program->start = *what;
	program->running = !program->starting;
	return r;
}

void core_started(struct program *program, int answer)
{
	struct child *child = program->child;
	const struct child_start *what = &program->start;
	const int caps[] = { what->pd, what->cpu, what->log, what->binary };

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		cap_check(program->parent, caps[i]);
	program->starting = false;
	if (!answer && needs_more(program, child, what)) {
		answer = KIN_MISSING;
		/* Nothing runs, and it may be long until it is tried again. */
		core_object(program->parent->world, what->cpu, OBJECT_CPU)->process = NULL;
		program->pd->process = NULL;
		program->pd = NULL;
	}
	if (answer)
		program->child = NULL;
	program->running = !answer;
	environment_started(child, answer);
}

static struct program *process_of(void *ctx, const struct child *child)
{
	struct program *program = program_of(ctx, child->name);

	assert(program && program->child == child);
	return program;
}

static void stop(void *ctx, struct child *child)
{
	struct program *program = process_of(ctx, child);

	program->child = NULL;
	program->unreaped = program->starting = false;
	/* Its CPU session is closed already. */
	assert(!program->running || !program_reaches_core(program));
}

static void wake(void *ctx, struct child *child)
{
	struct program *program = process_of(ctx, child);

	assert(child->started);
	program->signal = program->running;
}

static void wake_server(void *ctx, struct child *child)
{
	struct program *program = process_of(ctx, child);

	assert(child->started);
	program->server_signal = program->running;
}

static void keep_promise(struct program *program, uint32_t id, enum session_event event)
{
	assert(id >= ENV_END && id < ENV_END + WORLD_IDS_MAX);
	struct promise *promise = &program->promises[id - ENV_END];

	switch (event) {
	case SESSION_EVENT_CREATED:
		assert(promise->create);
		promise->create = false;
		break;
	case SESSION_EVENT_UPGRADED:
		assert(promise->upgrade);
		promise->upgrade = false;
		break;
	case SESSION_EVENT_CLOSED:
		assert(promise->closes > 0);
		promise->closes--;
		break;
	}
}

static bool answered(void *ctx, struct child *child, uint32_t id, enum session_event event)
{
	struct program *program = process_of(ctx, child);
	struct call *call = &program->call;

	if (!program->is_init)
		keep_promise(program, id, event);
	if (!call->active || call->answered || call->id != id || call->event != event)
		return false;
	call->answered = true;
	return true;
}

static void propagate_exit(void *ctx, int64_t value)
{
	struct program *program = ctx;

	program->ending = program->parent != NULL;
	program->exit_value = value;
}

static void config_changed(void *ctx, struct child *child)
{
}

static const struct child_ops child_ops = { .adopt = adopt,
	.start = start,
	.stop = stop,
	.wake = wake,
	.wake_server = wake_server,
	.answered = answered,
	.exit = propagate_exit,
	.config_changed = config_changed };

/*
 * Local services
 */

static bool local_exists(void *ctx, const char *service)
{
	static const char *const services[] = { "PD", "CPU", "LOG", "ROM", "Core" };
	const struct program *program = ctx;
	bool exists = false;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		exists |= strcmp(services[i], service) == 0;
	return exists && !program->parent;
}

/* The least that core takes for a session, as in its costs. */
#define CORE_RAM_BYTES 4096
#define CORE_CAPS      1

/* Core answers about some of its sessions later. */
static bool takes_its_time(const struct object *object)
{
	return object->kind == OBJECT_OTHER && !object->server->parent &&
	       strcmp(object->session->service->name->name, "Core") == 0 &&
	       object->session->donation.ram % 2;
}

static int owe(struct object *object, enum object_answer answer)
{
	object->owes = answer;
	object->server->world->n_owed++;
	return KIN_PENDING;
}

static void settle_debt(struct object *object)
{
	if (object->owes)
		object->server->world->n_owed--;
	object->owes = ANSWERED;
}

static int local_create(void *ctx, struct session *session, int *ret_cap)
{
	const char *service = session->service->name->name;
	struct program *program = ctx;

	int r = session->special ? 0 : misfortune(&program->world->misfortune.session);

	if (!session->special) {
		assert(!program->parent);
		if (r && r != KIN_PENDING)
			return r;
		if (session->args.ram_quota < CORE_RAM_BYTES)
			return KIN_INSUFFICIENT_RAM;
		if (session->args.cap_quota < CORE_CAPS)
			return KIN_INSUFFICIENT_CAPS;
	}
	struct object *object = calloc(1, sizeof(*object));

	assert(object);
	object->server = program;
	object->session = session;
	object->kind = strcmp(service, "PD") == 0    ? OBJECT_PD
		       : strcmp(service, "CPU") == 0 ? OBJECT_CPU
						     : OBJECT_OTHER;
	account_init(&object->account);
	session->local = object;
	DL_APPEND(program->world->objects, object);
	if (r == KIN_PENDING || takes_its_time(object))
		return owe(object, OWES_CREATE);
	object->cap = *ret_cap = cap_new(program);
	return 0;
}

static int local_upgrade(void *ctx, struct session *session, struct quota amount)
{
	struct object *object = session->local;

	assert(object && object->server == ctx && !object->owes);
	return takes_its_time(object) ? owe(object, OWES_UPGRADE) : 0;
}

/* With its CPU session a process ends, with its PD session its account. */
static void object_end(struct object *object)
{
	struct program *server = object->server;

	settle_debt(object);
	if (object->kind == OBJECT_CPU && object->process)
		program_end(object->process, false);
	if (object->kind == OBJECT_PD) {
		if (object->process)
			object->process->pd = NULL;
		if (object->adopted)
			*object->adopted = NULL;
		account_done(&object->account);
	}
	DL_DELETE(server->world->objects, object);
	free(object);
}

static int local_close(void *ctx, struct session *session)
{
	struct object *object = session->local;

	assert(object && object->server == ctx && object->session == session);
	settle_debt(object);
	if (takes_its_time(object))
		return owe(object, OWES_CLOSE);
	session->local = NULL;
	object_end(object);
	return 0;
}

static struct object *debtor(struct world *world, unsigned which)
{
	struct object *object;

	which %= world->n_owed;
	DL_FOREACH (world->objects, object)
		if (object->owes && which-- == 0)
			break;
	return object;
}

static void answer_create(struct object *object, bool yes)
{
	struct session *session = object->session;

	if (yes) {
		object->cap = cap_new(object->server);
		session_delivered(session, object->cap);
		return;
	}
	session->local = NULL;
	object_end(object);
	session_refused(session, KIN_INSUFFICIENT_CAPS);
}

void core_answer(struct world *world, unsigned which, bool yes)
{
	struct object *object = debtor(world, which);
	struct session *session = object->session;
	enum object_answer owed = object->owes;

	settle_debt(object);
	switch (owed) {
	case ANSWERED:
		break;
	case OWES_CREATE:
		answer_create(object, yes);
		break;
	case OWES_UPGRADE:
		session_upgraded(session);
		break;
	case OWES_CLOSE:
		session->local = NULL;
		object_end(object);
		session_closed(session);
		break;
	}
}

static const struct local_ops local_ops = { .exists = local_exists,
	.create = local_create,
	.upgrade = local_upgrade,
	.close = local_close };

static void owner_cap_close(void *ctx, int cap)
{
	cap_close(ctx, cap);
}

static void schedule(void *ctx)
{
	((struct program *) ctx)->scheduled = true;
}

static void log_text(void *ctx, enum owner_level level, const char *text)
{
	struct program *program = ctx;

	if (strstr(text, "does not give back"))
		program->world->lossy = true;
	if (program->world->verbose)
		fprintf(stderr, "        [%s] %s\n", program->name, text);
}

void owner_fill(struct program *program)
{
	program->owner = (struct owner){ .ctx = program,
		.up = &up_ops,
		.accounts = &account_ops,
		.children = &child_ops,
		.local = &local_ops,
		.cap_close = owner_cap_close,
		.schedule = schedule,
		.log = log_text,
		.forward = program->parent ? &forward_seam_ops : NULL };
}

/*
 * An engine whose process has ended reaches nobody; what it held is gone with the process.
 */

static int dead_close(void *ctx, uint32_t id)
{
	return 0;
}

static int dead_transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	return 0;
}

static void dead_stop(void *ctx, struct child *child)
{
}

static bool dead_answered(void *ctx, struct child *child, uint32_t id, enum session_event event)
{
	return true;
}

static int dead_local_close(void *ctx, struct session *session)
{
	return 0;
}

static void dead_cap_close(void *ctx, int cap)
{
}

static void dead_log(void *ctx, enum owner_level level, const char *text)
{
}

static const struct up_ops dead_up_ops = { .close = dead_close };
static const struct account_ops dead_account_ops = { .transfer = dead_transfer };
static const struct child_ops dead_child_ops = {
	.stop = dead_stop, .wake = dead_stop, .wake_server = dead_stop, .answered = dead_answered
};
static const struct local_ops dead_local_ops = { .close = dead_local_close };

void owner_bury(struct program *program)
{
	program->owner = (struct owner){ .ctx = program,
		.up = &dead_up_ops,
		.accounts = &dead_account_ops,
		.children = &dead_child_ops,
		.local = &dead_local_ops,
		.cap_close = dead_cap_close,
		.schedule = schedule,
		.log = dead_log,
		.forward = &forward_dead_ops };
}

/*
 * Kinds of steps; see the header.
 *
 * Each does its thing if it still can. A component's messages are kept in order: before it calls
 * its parent, what is in its outbox arrives.
 */
#include "sim/kinds.h"

#include <assert.h>

#include "engine/environment.h"
#include "engine/forward.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* What a step answers that has nothing to say. */
#define STEP_SILENT (-10000)

const char *const step_services[STEP_SERVICES] = { "A", "B", "C", "D", "LOG", "ROM", "Core", "PD",
	"CPU", "Nothing" };
const char *const step_labels[STEP_LABELS] = { "", "x", "x -> y", "config", "session_requests",
	"long123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
	"5678901234567890123456789012345678901234567890123456789012345678901234" };
static const int responses[] = { KIN_OK, KIN_CLOSED, KIN_DENIED, KIN_INSUFFICIENT_RAM,
	KIN_INSUFFICIENT_CAPS, KIN_PENDING, KIN_INVALID, -1 };
static const int misfortunes[] = { KIN_PENDING, KIN_PENDING, KIN_DENIED, KIN_INSUFFICIENT_RAM,
	KIN_INSUFFICIENT_CAPS, KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS, -ENOMEM };

/*
 * Messages without reply
 */

static void deliver(struct program *program, const struct message *message)
{
	int cap = message->cap;

	cap_move(program, cap, program->parent);
	server_deliver(program->child, message->server_id, &cap);
	if (cap)
		cap_close(program->parent, cap);
}

static void arrive(struct program *program)
{
	struct message message = program->outbox[0];

	for (size_t i = 1; i < program->n_outbox; i++)
		program->outbox[i - 1] = program->outbox[i];
	program->n_outbox--;
	if (message.cap)
		deliver(program, &message);
	else
		server_response(program->child, message.server_id, message.answer);
}

void step_flush(struct program *program)
{
	while (program->n_outbox)
		arrive(program);
}

void step_post(struct program *program, struct message message)
{
	if (program->n_outbox == WORLD_OUTBOX_MAX)
		arrive(program);
	program->outbox[program->n_outbox++] = message;
}

/*
 * Clients
 */

static struct promise *promise_of(struct program *program, const struct step *step)
{
	return &program->promises[step->id % WORLD_IDS_MAX];
}

static uint32_t id_of(const struct step *step)
{
	return ENV_END + step->id % WORLD_IDS_MAX;
}

static void take_cap(struct program *program, const struct step *step, int cap)
{
	if (!cap)
		return;
	assert(!program->caps[step->id % WORLD_IDS_MAX]);
	cap_move(program->parent, cap, program);
	program->caps[step->id % WORLD_IDS_MAX] = cap;
}

/* The reply comes later if the program says that it waits. */
static void wait_for(struct program *program, const struct step *step, enum session_event event)
{
	if (step->how & 1)
		program->call = (struct call){ true, false, event, id_of(step) };
}

/* Who had a capability and forgot it. */
static void drop_cap(struct program *program, const struct step *step)
{
	int *cap = &program->caps[step->id % WORLD_IDS_MAX];

	if (*cap)
		cap_close(program, *cap);
	*cap = 0;
}

static int open_session(struct program *program, const struct step *step)
{
	struct kin_args args = { .ram_quota = step->amount.ram, .cap_quota = step->amount.caps };
	struct session_request request = { id_of(step), step_services[step->what % STEP_SERVICES],
		1, &args, &(struct kin_affinity){ 0 } };
	int cap = 0;

	strcpy(args.label, step_labels[(step->how >> 1) % STEP_LABELS]);
	int r = child_session(program->child, &request, &cap);

	assert((r == 0) == (cap > 0));
	take_cap(program, step, cap);
	if (r == KIN_PENDING) {
		promise_of(program, step)->create = true;
		wait_for(program, step, SESSION_EVENT_CREATED);
	}
	return r;
}

static int fetch(struct program *program, const struct step *step)
{
	int cap = 0;
	int r = child_session_cap(program->child, id_of(step), &cap);

	assert(r == 0 || !cap);
	take_cap(program, step, cap);
	return r;
}

static int upgrade(struct program *program, const struct step *step)
{
	int r = child_upgrade(program->child, id_of(step), step->amount);

	if (r == KIN_PENDING) {
		promise_of(program, step)->upgrade = true;
		wait_for(program, step, SESSION_EVENT_UPGRADED);
	}
	return r;
}

/* What was pending about the session before is not answered any more, the close is. */
static int close_session(struct program *program, const struct step *step)
{
	bool known = session_find(program->child, id_of(step)) != NULL;
	struct promise *promise = promise_of(program, step);

	drop_cap(program, step);
	if (known)
		promise->create = promise->upgrade = false;
	int r = child_close(program->child, id_of(step));

	if (r == KIN_PENDING) {
		promise->closes++;
		wait_for(program, step, SESSION_EVENT_CLOSED);
	}
	return r;
}

/* The reply to a call arrives that the parent had left for later. */
static int resume(struct program *program, const struct step *step)
{
	struct call call = program->call;

	if (!call.active || !call.answered)
		return STEP_SILENT;
	program->call.active = false;
	if (call.event != SESSION_EVENT_CREATED)
		return 0;
	return fetch(program, &(struct step){ .id = (uint16_t) (call.id - ENV_END) });
}

/*
 * Servers
 */

static int refusal(const struct step *step)
{
	return responses[2 + step->how % 3];
}

/* No ID is given to a second session. */
static void note_request(struct program *program, const struct server_request *request)
{
	const struct session *session = request->session;

	if (session->sequence <= program->seen_sequence)
		return;
	program->seen_sequence = session->sequence;
	if (request->kind != SERVER_CREATE)
		return;
	assert(session->server_id > program->seen_id);
	program->seen_id = session->server_id;
}

/* As a decent server does, though not always in order. */
int step_serve(struct program *program, const struct step *step)
{
	struct server_request requests[4];

	program->server_signal = false;
	size_t n = server_requests(program->child, 0, requests, N(requests));

	if (n == N(requests))
		program->server_signal = true; /* there may be more, which it will ask for */
	for (size_t i = 0; i < n; i++)
		note_request(program, &requests[i]);
	if (!n)
		return STEP_SILENT;
	const struct server_request *request = &requests[step->what % n];
	struct message message = { .server_id = request->session->server_id };

	if (request->kind == SERVER_CREATE && (step->how & 24))
		message.cap = cap_new(program);
	else if (request->kind == SERVER_CREATE)
		message.answer = refusal(step);
	else
		message.answer = request->kind == SERVER_UPGRADE ? KIN_OK : KIN_CLOSED;
	step_post(program, message);
	return STEP_SILENT;
}

/* An init hands all that is new to its engine. What it was told is a copy. */
static int forward_all(struct program *program, const struct step *step)
{
	struct server_request request;
	struct kin_args args;
	struct kin_affinity affinity;

	if (!program->booted)
		return STEP_SILENT;
	program->server_signal = false;
	while (server_requests(program->child, program->seen_sequence, &request, 1)) {
		const struct session *session = request.session;

		args = session->args;
		affinity = session->affinity;
		note_request(program, &request);
		forward_request(
			&program->sandbox, &(struct forward_request){ .kind = (int) request.kind,
						   .id = session->server_id,
						   .service = session->service->name->name,
						   .version = session->version,
						   .args = &args,
						   .affinity = &affinity,
						   .amount = session->upgrade });
	}
	return STEP_SILENT;
}

static int change_policies(struct program *program, const struct step *step)
{
	program->policy = step->what % WORLD_POLICIES;
	if (program->booted)
		program_configure(program);
	return STEP_SILENT;
}

/* Anything to anybody. */
static int answer_nonsense(struct program *program, const struct step *step)
{
	struct message message = { .server_id = step->what % (program->child->last_server_id + 2) };

	if (step->how & 1)
		message.cap = cap_new(program);
	else
		message.answer = responses[(step->how >> 1) % N(responses)];
	step_post(program, message);
	return STEP_SILENT;
}

static int arrive_one(struct program *program, const struct step *step)
{
	if (program->n_outbox)
		arrive(program);
	return STEP_SILENT;
}

static int announce(struct program *program, const struct step *step)
{
	return server_announce(program->child, step_services[step->what % STEP_SERVICES]);
}

/*
 * Health
 */

static int handle(struct program *program, const struct step *step)
{
	child_handles(program->child, step->what & 15);
	return STEP_SILENT;
}

/* Takes its signal; an init then does what its library does. */
static int take_events(struct program *program, const struct step *step)
{
	struct quota wanted;

	program->signal = false;
	uint32_t events = child_events(program->child, &wanted);

	if (program->is_init && program->booted && (events & CHILD_EVENT_SESSION))
		sandbox_up_answers(&program->sandbox);
	if (program->is_init && program->booted && (events & CHILD_EVENT_RESOURCE))
		sandbox_granted(&program->sandbox);
	return STEP_SILENT;
}

static int respond(struct program *program, const struct step *step)
{
	switch (step->what % 3) {
	case 0:
		child_resource_request(program->child, step->amount);
		break;
	case 1:
		child_yield_response(program->child);
		break;
	default:
		child_heartbeat_response(program->child);
	}
	return STEP_SILENT;
}

/* Takes all it has for itself, or puts it back; from then on amounts may not add up elsewhere. */
static int spend(struct program *program, const struct step *step)
{
	if (program->charged.ram || program->charged.caps) {
		account_uncharge(&program->pd->account, program->charged);
		program->charged = (struct quota){ 0, 0 };
		return STEP_SILENT;
	}
	program->charged = world_available(program);
	program->world->lossy |= program->is_init;
	return account_charge(&program->pd->account, program->charged);
}

/*
 * Ends
 */

static int exit_now(struct program *program, const struct step *step)
{
	child_exit(program->child, step->what % 3);
	program_end(program, false);
	return STEP_SILENT;
}

static int crash(struct program *program, const struct step *step)
{
	program_end(program, true);
	return STEP_SILENT;
}

static int misbehave(struct program *program, const struct step *step)
{
	child_misbehaved(program->child, "of the simulation");
	return STEP_SILENT;
}

/* The parent learns that its process has ended. */
static int reap(struct program *program, const struct step *step)
{
	if (!program->unreaped || !program->child || !program->parent->running)
		return STEP_SILENT;
	program->unreaped = false;
	child_died(program->child, step->what % 3 ? 11 : 0, step->what % 5);
	return STEP_SILENT;
}

/*
 * Inits
 */

static int boot(struct program *program, const struct step *step)
{
	if (!program->booted)
		program_boot(program);
	return STEP_SILENT;
}

static int advance(struct program *program, const struct step *step)
{
	if (!program->booted || !program->scheduled)
		return STEP_SILENT;
	program->scheduled = false;
	sandbox_step(&program->sandbox);
	return STEP_SILENT;
}

static int stop(struct program *program, const struct step *step)
{
	program_stop(program, step->what % 3);
	return STEP_SILENT;
}

/* Its parent has more for it, or takes some back. */
static int give(struct program *program, const struct step *step, bool back)
{
	return back ? child_withdraw(program->child, step->amount)
		    : child_grant(program->child, step->amount);
}

/* Its parent turns to it. */
static int urge(struct program *program, const struct step *step)
{
	switch (step->what % 4) {
	case 0:
		child_heartbeat(program->child);
		return STEP_SILENT;
	case 1:
		child_yield(program->child, step->amount);
		return STEP_SILENT;
	default:
		return give(program, step, step->what % 4 == 2);
	}
}

static int tempt_fate(struct program *program, const struct step *step)
{
	struct misfortune *misfortune = &program->world->misfortune;
	int *const which[] = { &misfortune->session, &misfortune->start, &misfortune->adopt,
		&misfortune->start };

	*which[step->what % N(which)] = misfortunes[step->how % N(misfortunes)];
	if (misfortune->adopt == KIN_PENDING)
		misfortune->adopt = 0;
	return STEP_SILENT;
}

/* It reads another config, or will read it as its first. */
static int change(struct program *program, const struct step *step)
{
	plan_change(program, (uint64_t) step->what << 16 | step->how);
	if (program->booted)
		program_configure(program);
	return STEP_SILENT;
}

/*
 * Core
 */

static int decide(struct program *program, const struct step *step)
{
	if (program->world->n_owed)
		core_answer(program->world, step->what, step->how & 3);
	return STEP_SILENT;
}

static int have_started(struct program *program, const struct step *step)
{
	if (program->starting && program->parent->running)
		core_started(program, step->what % 4  ? 0
				      : step->how % 2 ? KIN_OUT_OF_RAM
						      : -ENOMEM);
	return STEP_SILENT;
}

/*
 * The table
 */
const struct step_kind step_kinds[KINDS] = {
	[BOOT] = { "reads its config", boot, INITS, 0, 0 },
	[ADVANCE] = { "does what its handlers queued", advance, INITS, 0, 0 },
	[EVENTS] = { "takes its signal", take_events, BOTH, 0, 0 },
	[RESUME] = { "gets the reply it waited for", resume, COMPONENTS, 0, 0 },
	[ARRIVE] = { "is heard by its parent", arrive_one, BOTH, 0, 0 },
	[REAP] = { "is known to have ended", reap, ANYWHERE, 0, NUMBERS },
	[SERVE] = { "looks at its requests and answers one", step_serve, COMPONENTS, 0, NUMBERS },
	[FORWARD] = { "looks at its requests and forwards them", forward_all, INITS, 0, 0 },
	[DECIDE] = { "answers what it left pending", decide, CORE, 0, NUMBERS },
	[STARTED] = { "is started at last", have_started, ANYWHERE, 0, NUMBERS },
	[OPEN] = { "opens session", open_session, COMPONENTS, 60, ID | SERVICE | AMOUNT | WAIT },
	[FETCH] = { "fetches session", fetch, COMPONENTS, 30, ID },
	[UPGRADE] = { "upgrades session", upgrade, COMPONENTS, 40, ID | AMOUNT | WAIT },
	[CLOSE] = { "closes session", close_session, COMPONENTS, 40, ID | WAIT },
	[NONSENSE] = { "answers nonsense", answer_nonsense, COMPONENTS, 10, NUMBERS },
	[ANNOUNCE] = { "announces", announce, COMPONENTS, 5, SERVICE },
	[HANDLE] = { "says what it handles", handle, COMPONENTS, 8, NUMBERS },
	[RESPOND] = { "requests resources or responds", respond, BOTH, 8, NUMBERS | AMOUNT },
	[URGE] = { "is urged by its parent", urge, BOTH, 8, NUMBERS | AMOUNT },
	[SPEND] = { "spends all it has or puts it back", spend, BOTH, 12, 0 },
	[FATE] = { "has bad luck ahead", tempt_fate, ANYWHERE, 6, NUMBERS },
	[POLICIES] = { "has other policies", change_policies, INITS, 6, NUMBERS },
	[CHANGE] = { "has another config", change, INITS, 20, NUMBERS },
	[EXIT] = { "exits", exit_now, BOTH, 1, NUMBERS },
	[CRASH] = { "crashes", crash, BOTH, 1, 0 },
	[MISBEHAVE] = { "is found misbehaving", misbehave, BOTH, 1, 0 },
	[STOP] = { "ends its children, then itself", stop, INITS, 1, NUMBERS },
};

/*
 * Exploration
 *
 * A history is a list of operations, done to a new engine; each is held against its row. All points
 * that can be reached are, breadth first, and at each of them all operations are done once, so that
 * the rows are complete. What a point hides of how the session got there can't be seen by that;
 * explore_histories() therefore walks all histories of a length.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "enumerate/enumerate.h"
#include "model/pair.h"

#define STEPS_MAX 16
#define NO_ID     4711

static const char *const services[KINDS] = { "Child", "Parent", "Local" };
static const char *const notices[] = { "", "created", "upgraded", "closed" };

struct history {
	enum kind kind;
	unsigned n;
	enum operation steps[STEPS_MAX];
};

/* What can be seen of a session, and who is there. */
struct situation {
	enum point point;
	bool client_gone, server_gone, second;
};

struct world {
	struct model *model;
	enum kind kind;
	struct situation now;
	struct session *session; /* as it was found last */
	uint32_t server_id;      /* the last that it had */
	int local_answer;        /* of the local service at once */
	unsigned n_locals;
	struct local_ops local_ops;
	struct quota held;   /* donations of the client, metadata included */
	struct quota cost;   /* of it for metadata */
	struct quota server; /* what the server had at first */
	const struct history *history;
	unsigned mistakes;
};

static void complain(struct world *world, const char *what, const char *have, const char *want)
{
	const struct history *history = world->history;

	printf("%s of service %s is %s, not %s, after:", what, services[world->kind], have, want);
	for (unsigned i = 0; i < history->n; i++) {
		const struct operation_info *op = &operations[history->steps[i]];

		printf(" %s%s%s;", op->verb, op->variant ? " " : "",
			op->variant ? op->variant : "");
	}
	printf("\n");
	world->mistakes++;
}

static void expect_number(struct world *world, const char *what, int64_t have, int64_t want)
{
	char texts[2][24];

	if (have == want)
		return;
	snprintf(texts[0], sizeof(texts[0]), "%" PRId64, have);
	snprintf(texts[1], sizeof(texts[1]), "%" PRId64, want);
	complain(world, what, texts[0], texts[1]);
}

/*
 * A local service that answers as it is told
 */

static int local_create(void *ctx, struct session *session, int *ret_cap)
{
	struct model *model = ctx;
	struct world *world = model->walk;

	if (world->local_answer == 0)
		*ret_cap = model_cap_new(model);
	world->n_locals += world->local_answer == 0 || world->local_answer == KIN_PENDING;
	return world->local_answer;
}

static int local_upgrade(void *ctx, struct session *session, struct quota amount)
{
	const struct world *world = ((struct model *) ctx)->walk;

	return world->local_answer;
}

static int local_close(void *ctx, struct session *session)
{
	struct world *world = ((struct model *) ctx)->walk;

	world->n_locals -= world->local_answer == 0;
	return world->local_answer;
}

static void local_decide(struct world *world, int answer)
{
	struct session *session = world->session;

	if (session->state == SESSION_UPGRADE_REQUESTED) {
		session_upgraded(session);
	} else if (session->state == SESSION_CLOSE_REQUESTED) {
		world->n_locals--;
		session_closed(session);
	} else if (answer == 0) {
		session_delivered(session, model_cap_new(world->model));
	} else {
		world->n_locals--;
		session_refused(session, answer);
	}
}

static void local_start(struct world *world)
{
	world->local_ops = *world->model->owner.local;
	world->local_ops.create = local_create;
	world->local_ops.upgrade = local_upgrade;
	world->local_ops.close = local_close;
	world->model->owner.local = &world->local_ops;
	world->model->walk = world;
}

/*
 * Looking
 */

static struct session *find_waiting(const struct world *world)
{
	struct session *session;

	DL_FOREACH2 (world->model->sandbox.waiting, session, waiting_next)
		if (session == world->session)
			return session;
	return NULL;
}

/* The session, not a second one of the same ID. */
static struct session *find(struct world *world)
{
	struct child *client = model_child(world->model, "client");
	struct session *session =
		session_find_at_server(model_child(world->model, "server"), world->server_id);

	if (!session)
		session = session_find_closing(client, PAIR_ID);
	if (!session)
		session = find_waiting(world);
	if (!session && !world->now.second)
		session = session_find(client, PAIR_ID);
	if (session && session->server_id)
		world->server_id = session->server_id;
	world->session = session;
	return session;
}

static enum point point_of(const struct session *session)
{
	unsigned seen = session && session->service && session->service->kind == SERVICE_CHILD &&
			session->fetched;

	if (!session)
		return UNKNOWN;
	switch (session->state) {
	case SESSION_CREATE_REQUESTED:
		return session->client ? CREATING + seen : ABANDONED;
	case SESSION_DENIED:
		return session->answer == KIN_OUT_OF_RAM    ? OUT_OF_RAM
		       : session->answer == KIN_OUT_OF_CAPS ? OUT_OF_CAPS
							    : DENIED;
	case SESSION_INSUFFICIENT_RAM:
		return INSUFFICIENT_RAM;
	case SESSION_INSUFFICIENT_CAPS:
		return INSUFFICIENT_CAPS;
	case SESSION_AVAILABLE:
		return AVAIL;
	case SESSION_HANDED_OUT:
		return OK;
	case SESSION_UPGRADE_REQUESTED:
		return UPGRADING + seen;
	case SESSION_CLOSE_REQUESTED:
		return (session->client                ? CLOSING
			       : session->donation.ram ? ORPHAN
						       : UNDELIVERED) +
		       seen;
	case SESSION_CLOSED:
		break;
	}
	return CLOSED;
}

/*
 * Acting
 */

static int open_session(struct world *world, enum operation operation)
{
	const struct operation_info *op = &operations[operation];
	const char *service = operation == OPEN_UNROUTED ? "Nothing" : services[world->kind];

	return model_open(
		world->model, "client", PAIR_ID, service, "", (struct quota){ op->ram, op->caps });
}

static void script(struct world *world, enum operation operation)
{
	enum model_call call = operation < FETCH   ? MODEL_SESSION
			       : operation < CLOSE ? MODEL_UPGRADE
						   : MODEL_CLOSE;
	int answer = operations[operation].script;

	world->local_answer = answer;
	world->model->n_scripts = 0;
	model_script(world->model, call, services[world->kind], answer, 1);
}

static enum sight look(struct world *world)
{
	struct server_request requests[4];
	size_t n = server_requests(model_child(world->model, "server"), 0, requests, 4);

	return n ? (enum sight) requests[0].kind : SEES_NOTHING;
}

/* A client that was started anew handles what the one before did. */
static void greet(struct model *model)
{
	struct child *client = model_child(model, "client");

	if (client->started && !client->events_handled)
		child_handles(client, CHILD_EVENT_SESSION);
}

/* Return: the answer to a client's call */
static int act(struct world *world, enum operation operation, bool *ret_cap, enum sight *ret_sees)
{
	const struct operation_info *op = &operations[operation];
	struct model *model = world->model;
	uint32_t server_id = world->server_id ? world->server_id : NO_ID;
	int r = 0;

	if (operation <= OPEN_UNROUTED) {
		r = open_session(world, operation);
		*ret_cap = r == 0;
	} else if (operation == FETCH) {
		r = model_fetch(model, "client", PAIR_ID, ret_cap);
	} else if (operation <= UPGRADE_MANY_CAPS) {
		r = pair_upgrade(model, (struct quota){ op->ram, op->caps });
	} else if (operation <= CLOSE_LATER) {
		r = pair_close(model);
	} else if (operation <= CLIENT_ENDS_LATER) {
		child_exit(model_child(model, "client"), 0);
		world->now.client_gone = true;
	} else if (operation == REQUESTS) {
		*ret_sees = look(world);
	} else if (operation == DELIVER) {
		model_deliver(model, "server", server_id);
	} else if (operation <= RESPOND_NONSENSE) {
		server_response(model_child(model, "server"), server_id, op->script);
	} else if (operation == SERVER_ENDS) {
		child_exit(model_child(model, "server"), 0);
		world->now.server_gone = true;
	} else if (world->kind == LOCAL) {
		local_decide(world, op->script);
	} else {
		model_up_answer(model, services[world->kind], op->script);
	}
	model_settle(model);
	greet(model);
	return r;
}

/*
 * Comparing
 */

static void expand(const struct world *world, enum operation operation, char *text, size_t size)
{
	bool of_server = operations[operation].actor == SERVER;
	char id[12];
	const struct {
		const char *name, *value;
	} names[] = { { "SERVICE", services[world->kind] },
		{ "STATE", points[world->now.point].word }, { "ID", id } };

	snprintf(id, sizeof(id), "%" PRIu32, world->server_id ? world->server_id : NO_ID);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) - !of_server; i++) {
		char *at;

		while ((at = strstr(text, names[i].name))) {
			char rest[256];

			snprintf(rest, sizeof(rest), "%s", at + strlen(names[i].name));
			snprintf(at, size - (size_t) (at - text), "%s%s", names[i].value, rest);
		}
	}
}

static void expect_log(struct world *world, const struct row *row, enum operation operation)
{
	const struct model_lines *log = &world->model->log;
	const char *have = log->n == 1 ? log->line[0] : log->n ? "several lines" : "nothing";
	char want[256] = "nothing";

	if (row->log) {
		snprintf(want, sizeof(want), "%s", row->log);
		expand(world, operation, want, sizeof(want));
	}
	if (strcmp(have, want) != 0)
		complain(world, "the log", have, want);
}

static void expect_notices(struct world *world, const struct row *row)
{
	struct model *model = world->model;
	unsigned told = model_happened(model, "answered client 7");
	char text[64];

	expect_number(world, "the number of notices to the client", told, row->client != NO_NOTICE);
	expect_number(world, "the number of signals to the client",
		model_happened(model, "wake client"), row->client != NO_NOTICE);
	expect_number(world, "the number of requests above", model_happened(model, "up asks for"),
		row->asks);
	expect_number(world, "the number of signals to the server",
		model_happened(model, "wake server server"), row->server_woken);
	if (row->client == NO_NOTICE)
		return;
	snprintf(text, sizeof(text), "answered client 7 %s", notices[row->client]);
	if (!model_happened(model, text))
		complain(world, "the notice to the client", "another", notices[row->client]);
}

static bool accepted(const struct row *row, const struct operation_info *op)
{
	return op->ram && (row->answer == KIN_PENDING || row->answer == 0) && !row->log;
}

/* What the operation did to the donation, by its row. */
static void account(struct world *world, const struct row *row, enum operation operation)
{
	const struct operation_info *op = &operations[operation];
	enum place place = points[world->now.point].donation;

	if (world->now.server_gone || place == NOWHERE || place == WITH_CLIENT)
		world->held = world->cost = (struct quota){ 0, 0 };
	if (!accepted(row, op))
		return;
	world->held.ram += op->ram;
	world->held.caps += op->caps;
	if (operation < FETCH)
		world->cost.ram += SESSION_COST_BYTES;
}

static struct quota held_above(const struct world *world)
{
	struct quota sum = { 0, 0 };
	const struct model_up *up;

	DL_FOREACH (world->model->ups, up) {
		if (strcmp(up->service, services[PARENT]) != 0)
			continue;
		sum.ram += up->amount.ram;
		sum.caps += up->amount.caps;
	}
	return sum;
}

/* The client is short of all it gave; the service has it but for what the metadata costs. */
static void expect_donation(struct world *world)
{
	struct quota given = { world->held.ram - world->cost.ram, world->held.caps };
	struct quota child = world->kind == CHILD ? given : (struct quota){ 0, 0 };
	bool given_back = points[world->now.point].donation == WITH_REFUSER;
	struct quota above = world->kind == PARENT && !given_back ? given : (struct quota){ 0, 0 };
	struct quota have = held_above(world);

	if (!world->now.client_gone)
		pair_assert_paid(world->model, world->held.ram, world->held.caps);
	expect_number(world, "RAM at the parent", (int64_t) have.ram, (int64_t) above.ram);
	expect_number(world, "caps at the parent", (int64_t) have.caps, (int64_t) above.caps);
	if (world->now.server_gone)
		return;
	have = model_available(world->model, "server");
	expect_number(world, "RAM at the server", (int64_t) (have.ram - world->server.ram),
		(int64_t) child.ram);
	expect_number(world, "caps at the server", (int64_t) (have.caps - world->server.caps),
		(int64_t) child.caps);
}

/* The local service has nothing left of what is gone or was refused. */
static void expect_local(struct world *world)
{
	const uint64_t there =
		BIT(CREATING) | BIT(AVAIL) | BIT(OK) | BIT(UPGRADING) | BIT(CLOSING) | BIT(ORPHAN);

	if (world->kind == LOCAL && !world->now.second)
		expect_number(world, "the number of local sessions", world->n_locals,
			(there & BIT(world->now.point)) != 0);
}

static struct cell cell_now(const struct world *world, enum operation operation)
{
	return (struct cell){ world->kind, world->now.point, world->now.server_gone, operation };
}

static void step(struct world *world, enum operation operation)
{
	const struct cell cell = cell_now(world, operation);
	const struct row *row = row_of(&cell);
	enum sight sees = SEES_NOTHING;
	bool cap = false;

	sandbox_granted(&world->model->sandbox);
	model_forget(world->model);
	script(world, operation);
	struct situation before = world->now;
	int answer = act(world, operation, &cap, &sees);

	if (!row) {
		complain(world, "the row", "missing", "there");
		return;
	}
	enum point want = row->stays ? before.point : row->then;

	world->now.second = before.second || (operation < FETCH && before.point != UNKNOWN &&
						     accepted(row, &operations[operation]));
	enum point have = point_of(find(world));

	if (have != want)
		complain(world, "the point", points[have].title, points[want].title);
	expect_number(world, "the answer", answer, row->answer);
	expect_number(world, "a capability", cap, row->cap);
	expect_number(world, "what the server sees", sees, row->sees);
	expect_notices(world, row);
	struct situation after = world->now;

	world->now = before;
	expect_log(world, row, operation);
	world->now = after;
	if (!world->now.second)
		world->now.point = have;
	account(world, row, operation);
	expect_donation(world);
	expect_local(world);
	expect_number(world, "the number of capabilities held", world->model->n_caps,
		world->now.point == AVAIL);
}

static struct situation replay(const struct history *history, unsigned *mistakes)
{
	void *model = NULL;

	pair_set_up(&model);
	struct world world = { .model = model, .kind = history->kind, .history = history };

	world.server = model_available(model, "server");
	local_start(&world);
	for (unsigned i = 0; i < history->n && !world.mistakes; i++)
		step(&world, history->steps[i]);
	world.model->n_scripts = 0;
	world.local_answer = 0;
	pair_tear_down(&model);
	*mistakes += world.mistakes;
	return world.now;
}

/*
 * Exploring
 */

static bool can_act(const struct situation *now, enum kind kind, enum operation operation)
{
	const struct cell cell = { kind, now->point, now->server_gone, operation };

	if (operations[operation].actor == CLIENT && now->client_gone)
		return false;
	return !now->second && cell_possible(&cell);
}

struct frontier {
	struct history histories[POINTS * 4];
	struct situation reached[POINTS * 4];
	unsigned n;
};

static void reach(struct frontier *frontier, const struct history *history, struct situation now)
{
	for (unsigned i = 0; i < frontier->n; i++)
		if (memcmp(&frontier->reached[i], &now, sizeof(now)) == 0)
			return;
	frontier->reached[frontier->n] = now;
	frontier->histories[frontier->n++] = *history;
}

static bool done[KINDS][POINTS][2][OPERATIONS];

static unsigned explore(enum kind kind)
{
	static struct frontier frontier;
	struct history history = { .kind = kind };
	unsigned mistakes = 0;

	memset(&frontier, 0, sizeof(frontier));
	reach(&frontier, &history, replay(&history, &mistakes));
	for (unsigned i = 0; i < frontier.n; i++) {
		struct situation now = frontier.reached[i];

		history = frontier.histories[i];
		history.n++;
		for (enum operation op = 0; op < OPERATIONS; op++) {
			if (!can_act(&now, kind, op))
				continue;
			history.steps[history.n - 1] = op;
			done[kind][now.point][now.server_gone][op] = true;
			struct situation then = replay(&history, &mistakes);

			if (!then.second)
				reach(&frontier, &history, then);
		}
	}
	return mistakes;
}

/* A row for what never happens is as wrong as a missing one. */
static unsigned count_unreached(enum kind kind)
{
	struct cell cell = { kind };
	unsigned n = 0;

	for (cell.point = 0; cell.point < POINTS; cell.point++)
		for (cell.operation = 0; cell.operation < OPERATIONS; cell.operation++)
			for (unsigned gone = THERE; gone <= GONE; gone++) {
				cell.server_gone = gone;
				if (!row_of(&cell) || done[kind][cell.point][gone][cell.operation])
					continue;
				printf("never happens: %s at service %s in \"%s\"\n",
					operations[cell.operation].verb, services[kind],
					points[cell.point].title);
				n++;
			}
	return n;
}

unsigned explore_reachable(void)
{
	unsigned mistakes = 0;

	for (enum kind kind = 0; kind < KINDS; kind++) {
		mistakes += explore(kind);
		mistakes += count_unreached(kind);
	}
	return mistakes;
}

static unsigned continue_history(struct history *history, unsigned steps, unsigned *ret_histories)
{
	unsigned mistakes = 0;
	struct situation now = replay(history, &mistakes);

	if (mistakes || steps == 0) {
		++*ret_histories;
		return mistakes;
	}
	history->n++;
	for (enum operation op = 0; op < OPERATIONS && !mistakes; op++) {
		if (!can_act(&now, history->kind, op))
			continue;
		history->steps[history->n - 1] = op;
		mistakes += continue_history(history, steps - 1, ret_histories);
	}
	history->n--;
	return mistakes;
}

unsigned explore_histories(unsigned steps, unsigned *ret_histories)
{
	unsigned mistakes = 0;

	*ret_histories = 0;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		struct history history = { .kind = kind };

		mistakes += continue_history(&history, steps, ret_histories);
	}
	return mistakes;
}

/* Dry run; see the header. */
#include "engine/dryrun.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <kin/label.h>

#define STEPS_MAX 10000 /* until all must have come to rest */

/* A session of the engine's at its parent. */
struct up_session {
	uint32_t id;
	struct quota donation;
	struct pretended *pd; /* if it is a PD session */
	UT_hash_handle by_id;
};

/* A PD. Its number is its capability and its account. */
struct pretended {
	int number;
	struct account account;
	UT_hash_handle by_number;
};

struct dryrun {
	struct sandbox sandbox;
	struct owner owner;
	struct dryrun_facts facts;
	void *listener;
	void (*on_log)(void *ctx, enum owner_level level, const char *text);
	void (*on_config_changed)(void *ctx, const char *child);
	struct ledger ledger;
	struct account above, self;
	struct up_session *ups;
	struct pretended *pds;
	int last_number;
	bool scheduled;
};

/*
 * Accounts
 */

static struct account *account_of(struct dryrun *dryrun, uint32_t number)
{
	struct pretended *pd;
	int key = (int) number;

	if (number == OWNER_SELF)
		return &dryrun->self;
	HASH_FIND(by_number, dryrun->pds, &key, sizeof(key), pd);
	return pd ? &pd->account : NULL;
}

static int transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	struct ledger_edge moves[OWNER_EDGES_MAX];

	for (size_t i = 0; i < n_edges; i++) {
		moves[i] = (struct ledger_edge){ account_of(ctx, edges[i].from),
			account_of(ctx, edges[i].to), edges[i].amount };
		if (!moves[i].from || !moves[i].to)
			return KIN_INVALID;
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
 * The parent
 */

static int pay(struct dryrun *dryrun, struct quota amount, bool back)
{
	struct ledger_edge edge = { back ? &dryrun->above : &dryrun->self,
		back ? &dryrun->self : &dryrun->above, amount };

	if (ledger_transact(&edge, 1) == 0)
		return 0;
	return account_available(&dryrun->self).ram < amount.ram ? KIN_OUT_OF_RAM : KIN_OUT_OF_CAPS;
}

static struct pretended *pd_new(struct dryrun *dryrun)
{
	struct pretended *pd = calloc(1, sizeof(*pd));

	if (!pd)
		return NULL;
	account_init(&pd->account);
	pd->number = dryrun->last_number;
	HASH_ADD(by_number, dryrun->pds, number, sizeof(pd->number), pd);
	if (pd->by_number.tbl)
		return pd;
	free(pd);
	return NULL;
}

static void pd_free(struct dryrun *dryrun, struct pretended *pd)
{
	account_done(&pd->account);
	HASH_DELETE(by_number, dryrun->pds, pd);
	free(pd);
}

static struct up_session *up_find(struct dryrun *dryrun, uint32_t id)
{
	struct up_session *up;

	HASH_FIND(by_id, dryrun->ups, &id, sizeof(id), up);
	return up;
}

static void up_free(struct dryrun *dryrun, struct up_session *up)
{
	pay(dryrun, up->donation, true);
	if (up->pd)
		pd_free(dryrun, up->pd);
	if (up->by_id.tbl)
		HASH_DELETE(by_id, dryrun->ups, up);
	free(up);
}

/* Only a binary is known to be missing; other modules may come from anywhere. */
static bool is_missing(const struct dryrun *dryrun, const struct session *session)
{
	const struct dryrun_facts *facts = &dryrun->facts;

	return session->environment && session->id == ENV_BINARY && facts->binary_exists &&
	       !facts->binary_exists(facts->ctx, kin_label_last(session->args.label));
}

static int up_session(void *ctx, uint32_t id, const struct session *session, int *ret_cap)
{
	struct dryrun *dryrun = ctx;

	if (is_missing(dryrun, session))
		return KIN_DENIED;
	struct up_session *up = calloc(1, sizeof(*up));

	if (!up)
		return -ENOMEM;
	int r = pay(dryrun, session->donation, false);

	if (r) {
		free(up);
		return r;
	}
	up->id = id;
	up->donation = session->donation;
	*ret_cap = ++dryrun->last_number;
	if (strcmp(session->service->name->name, "PD") == 0)
		up->pd = pd_new(dryrun);
	HASH_ADD(by_id, dryrun->ups, id, sizeof(up->id), up);
	if (up->by_id.tbl && (up->pd || strcmp(session->service->name->name, "PD") != 0))
		return 0;
	up_free(dryrun, up);
	return -ENOMEM;
}

/* Nothing is ever pending. */
static int up_session_cap(void *ctx, uint32_t id, int *ret_cap)
{
	return KIN_PENDING;
}

static int up_upgrade(void *ctx, uint32_t id, struct quota amount)
{
	struct up_session *up = up_find(ctx, id);
	int r = up ? pay(ctx, amount, false) : KIN_INVALID;

	if (r)
		return r;
	up->donation.ram += amount.ram;
	up->donation.caps += amount.caps;
	return 0;
}

static int up_close(void *ctx, uint32_t id)
{
	struct up_session *up = up_find(ctx, id);

	if (up)
		up_free(ctx, up);
	return 0;
}

static void up_resource_request(void *ctx, struct quota amount)
{
}

static const struct up_ops up_ops = { up_session, up_session_cap, up_upgrade, up_close,
	up_resource_request };

/*
 * Children
 */

static int adopt(void *ctx, int pd, struct quota quota, uint32_t *ret_account)
{
	struct dryrun *dryrun = ctx;
	struct account *account = account_of(dryrun, (uint32_t) pd);

	if (!account || account_attach(account, &dryrun->self))
		return KIN_INVALID;
	int r = ledger_transact(&(struct ledger_edge){ &dryrun->self, account, quota }, 1);

	if (r == 0)
		*ret_account = (uint32_t) pd;
	return r;
}

static int start(void *ctx, struct child *child, const struct child_start *what)
{
	return 0;
}

static void stop(void *ctx, struct child *child)
{
}

static void wake(void *ctx, struct child *child)
{
}

/* Its requests are answered in the next round. */
static void wake_server(void *ctx, struct child *child)
{
	((struct dryrun *) ctx)->scheduled = true;
}

static bool answered(void *ctx, struct child *child, uint32_t id, enum session_event event)
{
	int cap;

	if (event == SESSION_EVENT_CREATED)
		child_session_cap(child, id, &cap);
	return true;
}

static void exit_propagated(void *ctx, int64_t value)
{
}

static void config_changed(void *ctx, struct child *child)
{
	const struct dryrun *dryrun = ctx;

	if (dryrun->on_config_changed)
		dryrun->on_config_changed(dryrun->listener, child->name);
}

static const struct child_ops child_ops = {
	.adopt = adopt,
	.start = start,
	.stop = stop,
	.wake = wake,
	.wake_server = wake_server,
	.answered = answered,
	.exit = exit_propagated,
	.config_changed = config_changed,
};

/*
 * The rest: only the modules that a parent makes itself are local
 */

static bool local_exists(void *ctx, const char *service)
{
	return false;
}

static int local_create(void *ctx, struct session *session, int *ret_cap)
{
	*ret_cap = ++((struct dryrun *) ctx)->last_number;
	return 0;
}

static int local_upgrade(void *ctx, struct session *session, struct quota amount)
{
	return 0;
}

static int local_close(void *ctx, struct session *session)
{
	return 0;
}

static const struct local_ops local_ops = { local_exists, local_create, local_upgrade,
	local_close };

static void cap_close(void *ctx, int cap)
{
}

static void schedule(void *ctx)
{
	((struct dryrun *) ctx)->scheduled = true;
}

static void log_text(void *ctx, enum owner_level level, const char *text)
{
	const struct dryrun *dryrun = ctx;

	if (dryrun->on_log)
		dryrun->on_log(dryrun->listener, level, text);
}

/*
 * Running
 */

static bool serve_one(struct dryrun *dryrun, struct child *server)
{
	struct server_request request;
	int cap = ++dryrun->last_number;

	if (!server->started || server_requests(server, 0, &request, 1) == 0)
		return false;
	uint32_t id = request.session->server_id;

	switch (request.kind) {
	case SERVER_CREATE:
		server_deliver(server, id, &cap);
		break;
	case SERVER_UPGRADE:
		server_response(server, id, KIN_OK);
		break;
	case SERVER_CLOSE:
		server_response(server, id, KIN_CLOSED);
		break;
	}
	return true;
}

static void serve_all(struct dryrun *dryrun, struct child *children)
{
	struct child *child;

	DL_FOREACH (children, child)
		while (serve_one(dryrun, child))
			;
}

void dryrun_settle(struct dryrun *dryrun)
{
	for (int i = 0; dryrun->scheduled && i < STEPS_MAX; i++) {
		dryrun->scheduled = false;
		sandbox_step(&dryrun->sandbox);
		serve_all(dryrun, dryrun->sandbox.children);
	}
}

struct dryrun *dryrun_new(const struct dryrun_facts *facts)
{
	struct dryrun *dryrun = calloc(1, sizeof(*dryrun));

	if (!dryrun)
		return NULL;
	dryrun->facts = *facts;
	ledger_init(&dryrun->ledger, &dryrun->above, facts->total);
	account_init(&dryrun->self);
	account_attach(&dryrun->self, &dryrun->above);
	pay(dryrun, facts->total, true);
	dryrun->owner = (struct owner){
		.ctx = dryrun,
		.up = &up_ops,
		.accounts = &account_ops,
		.children = &child_ops,
		.local = &local_ops,
		.cap_close = cap_close,
		.schedule = schedule,
		.log = log_text,
	};
	sandbox_init(&dryrun->sandbox, &dryrun->owner);
	return dryrun;
}

struct dryrun *dryrun_free(struct dryrun *dryrun)
{
	struct up_session *up, *next;

	if (!dryrun)
		return NULL;
	dryrun_listen(dryrun, NULL, NULL, NULL);
	sandbox_done(&dryrun->sandbox);
	HASH_ITER (by_id, dryrun->ups, up, next)
		up_free(dryrun, up);
	free(dryrun);
	return NULL;
}

struct sandbox *dryrun_sandbox(struct dryrun *dryrun)
{
	return &dryrun->sandbox;
}

void dryrun_listen(struct dryrun *dryrun, void *ctx,
	void (*log)(void *ctx, enum owner_level level, const char *text),
	void (*changed)(void *ctx, const char *child))
{
	dryrun->listener = ctx;
	dryrun->on_log = log;
	dryrun->on_config_changed = changed;
}

int dryrun_apply(struct dryrun *dryrun, struct kin_tree *config)
{
	int r = sandbox_apply(&dryrun->sandbox, config);

	dryrun_settle(dryrun);
	return r;
}

void dryrun_use(struct dryrun *dryrun, uint32_t number, struct quota amount)
{
	struct account *account = account_of(dryrun, number);

	if (account)
		account_charge(account, quota_least(amount, account_available(account)));
}

void dryrun_shrink(struct dryrun *dryrun, struct quota quota)
{
	struct quota has = dryrun->self.quota, left = quota_least(has, quota);

	pay(dryrun, quota_less(has, left), false);
}

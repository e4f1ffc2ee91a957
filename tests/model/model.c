/* Model of the engine's owner; see the header. act.c is what children do, check.c its invariants.
 */
#include "model/model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <kin/label.h>

static void lines_add(struct model_lines *lines, const char *text)
{
	snprintf(lines->line[lines->n++ % MODEL_LINES_MAX], MODEL_LINE_BYTES, "%s", text);
}

void model_note(struct model *model, const char *fmt, ...)
{
	char text[MODEL_LINE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lines_add(&model->journal, text);
}

/*
 * Capabilities
 */

int model_cap_new(struct model *model)
{
	assert(model->last_cap + 1 < MODEL_CAPS_MAX);
	model->caps[++model->last_cap] = 1;
	model->n_caps++;
	return model->last_cap;
}

static bool cap_is_open(const struct model *model, int cap)
{
	return cap > 0 && cap <= model->last_cap && model->caps[cap];
}

void model_cap_close(struct model *model, int cap)
{
	assert(cap_is_open(model, cap));
	model->caps[cap] = 0;
	model->n_caps--;
}

static void cap_close(void *ctx, int cap)
{
	model_cap_close(ctx, cap);
}

/*
 * Scripts
 */

void model_script(
	struct model *model, enum model_call call, const char *service, int answer, unsigned times)
{
	assert(model->n_scripts < MODEL_SCRIPTS_MAX);
	model->scripts[model->n_scripts++] = (struct model_script){ call, service, answer, times };
}

int model_scripted(struct model *model, enum model_call call, const char *service)
{
	for (size_t i = 0; i < model->n_scripts; i++) {
		struct model_script *script = &model->scripts[i];

		if (script->call != call || !script->times || strcmp(script->service, service))
			continue;
		script->times--;
		return script->answer;
	}
	return 0;
}

/*
 * Accounts
 */

struct account *model_account(struct model *model, uint32_t number)
{
	if (number == OWNER_SELF)
		return &model->self;
	if (number > model->n_pds || !model->pds[number - 1].adopted)
		return NULL;
	return &model->pds[number - 1].account;
}

static int transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	struct ledger_edge moves[OWNER_EDGES_MAX];
	struct model *model = ctx;

	assert(n_edges > 0 && n_edges <= OWNER_EDGES_MAX);
	for (size_t i = 0; i < n_edges; i++) {
		struct account *from = model_account(model, edges[i].from);
		struct account *to = model_account(model, edges[i].to);

		if (!from || !to)
			return KIN_INVALID;
		moves[i] = (struct ledger_edge){ from, to, edges[i].amount };
	}
	return ledger_transact(moves, n_edges);
}

static int info(void *ctx, uint32_t number, struct account_info *ret)
{
	const struct account *account = model_account(ctx, number);

	if (!account)
		return KIN_INVALID;
	*ret = (struct account_info){ account->quota, account->used };
	return 0;
}

/* All that are adopted run, as far as the parent knows; each with the nice value of its number. */
static int walls(void *ctx, const uint32_t *accounts, size_t n, struct walls *ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = model_account(ctx, accounts[i])
				 ? (struct walls){ WALL_PROCESS | WALL_DATA_LIMIT, accounts[i] }
				 : (struct walls){ 0 };
	((struct model *) ctx)->n_walls_asked++;
	return 0;
}

static const struct account_ops account_ops = {
	.transfer = transfer, .info = info, .walls = walls
};

static struct model_pd *pd_new(struct model *model, int cap)
{
	uint32_t i = 0; /* of one that has ended */

	while (i < model->n_pds && model->pds[i].alive)
		i++;
	assert(i < MODEL_ACCOUNTS_MAX);
	model->n_pds += i == model->n_pds;
	struct model_pd *pd = &model->pds[i];

	*pd = (struct model_pd){ .cap = 0 };

	account_init(&pd->account);
	pd->cap = cap;
	pd->alive = true;
	return pd;
}

static void pd_end(struct model_pd *pd)
{
	account_done(&pd->account);
	pd->alive = pd->adopted = false;
}

/*
 * The parent
 */

int model_move_up(struct model *model, struct quota amount, bool back)
{
	struct ledger_edge edge = { back ? &model->parent : &model->self,
		back ? &model->self : &model->parent, amount };

	if (ledger_transact(&edge, 1) == 0)
		return 0;
	assert(!back);
	return account_available(&model->self).ram < amount.ram ? KIN_OUT_OF_RAM : KIN_OUT_OF_CAPS;
}

static struct model_up *up_find(struct model *model, uint32_t id)
{
	struct model_up *up;

	DL_FOREACH (model->ups, up)
		if (up->id == id)
			break;
	assert(up); /* the engine knows which sessions it has */
	return up;
}

static void up_end(struct model *model, struct model_up *up)
{
	if (up->pd)
		pd_end(up->pd);
	model_move_up(model, up->amount, true);
	DL_DELETE(model->ups, up);
	free(up);
}

static bool is_missing(const struct model *model, const char *service, const char *label)
{
	return model->missing && strcmp(service, "ROM") == 0 &&
	       strcmp(kin_label_last(label), model->missing) == 0;
}

static int up_open(struct model *model, struct model_up *up, int *ret_cap)
{
	*ret_cap = model_cap_new(model);
	up->state = MODEL_UP_OPEN;
	if (strcmp(up->service, "PD") == 0)
		up->pd = pd_new(model, *ret_cap);
	return 0;
}

static int up_session(void *ctx, uint32_t id, const struct session *session, int *ret_cap)
{
	struct quota amount = { session->args.ram_quota, session->args.cap_quota };
	const char *service = session->service->name->name;
	struct model *model = ctx;

	model_note(model, "up session %s \"%s\"", service, session->args.label);
	int r = model_move_up(model, amount, false);

	if (r)
		return r;
	int answer = model_scripted(model, MODEL_SESSION, service);

	if (!answer && is_missing(model, service, session->args.label))
		answer = KIN_DENIED;
	if (answer && answer != KIN_PENDING) {
		model_move_up(model, amount, true);
		return answer;
	}
	struct model_up *up = calloc(1, sizeof(*up));

	assert(up);
	*up = (struct model_up){
		.state = MODEL_UP_CREATING, .id = id, .amount = amount, .answer = answer
	};
	strcpy(up->service, service);
	strcpy(up->label, session->args.label);
	DL_APPEND(model->ups, up);
	return answer ? answer : up_open(model, up, ret_cap);
}

/* The answer to what is pending, as the engine fetches it. */
static int up_session_cap(void *ctx, uint32_t id, int *ret_cap)
{
	struct model *model = ctx;
	struct model_up *up = up_find(model, id);
	int answer = up->answer;

	*ret_cap = 0;
	if (answer == KIN_PENDING)
		return answer;
	switch (up->state) {
	case MODEL_UP_CREATING:
		if (answer == 0 && is_missing(model, up->service, up->label))
			answer = KIN_DENIED;
		if (answer == 0)
			return up_open(model, up, ret_cap);
		up_end(model, up);
		return answer;
	case MODEL_UP_UPGRADING:
		up->state = MODEL_UP_OPEN;
		return 0;
	case MODEL_UP_CLOSING:
		up_end(model, up);
		return KIN_CLOSED;
	case MODEL_UP_OPEN:
		break;
	}
	assert(!"asked for the outcome of nothing");
	return 0;
}

static int up_upgrade(void *ctx, uint32_t id, struct quota amount)
{
	struct model *model = ctx;
	struct model_up *up = up_find(model, id);
	int answer = model_scripted(model, MODEL_UPGRADE, up->service);

	assert(up->state == MODEL_UP_OPEN);
	if (answer && answer != KIN_PENDING)
		return answer;
	int r = model_move_up(model, amount, false);

	if (r)
		return r;
	up->amount.ram += amount.ram;
	up->amount.caps += amount.caps;
	if (answer == KIN_PENDING)
		up->state = MODEL_UP_UPGRADING;
	up->answer = answer;
	return answer;
}

static int up_close(void *ctx, uint32_t id)
{
	struct model *model = ctx;
	struct model_up *up = up_find(model, id);
	int answer = model_scripted(model, MODEL_CLOSE, up->service);

	model_note(model, "up close %s \"%s\"", up->service, up->label);
	if (answer == KIN_PENDING) {
		up->state = MODEL_UP_CLOSING;
		up->answer = KIN_PENDING;
		return answer;
	}
	up_end(model, up);
	return 0;
}

static void up_resource_request(void *ctx, struct quota amount)
{
	model_note(ctx, "up asks for %" PRIu64 " %" PRIu64, amount.ram, amount.caps);
}

static const struct up_ops up_ops = { up_session, up_session_cap, up_upgrade, up_close,
	up_resource_request };

void model_up_answer(struct model *model, const char *service, int answer)
{
	struct model_up *up;

	DL_FOREACH (model->ups, up)
		if (!service || strcmp(up->service, service) == 0)
			up->answer = answer;
	sandbox_up_answers(&model->sandbox);
	model_settle(model);
}

/*
 * Children
 */

static int adopt(void *ctx, int cap, struct quota quota, uint32_t *ret_account)
{
	struct model *model = ctx;

	if (model->adopt_answer)
		return model->adopt_answer;
	for (uint32_t i = 0; i < model->n_pds; i++) {
		struct model_pd *pd = &model->pds[i];

		if (pd->cap != cap || !pd->alive)
			continue;
		assert(!pd->adopted && cap_is_open(model, cap));
		if (account_attach(&pd->account, &model->self))
			return KIN_INVALID;
		struct ledger_edge edge = { &model->self, &pd->account, quota };

		if (ledger_transact(&edge, 1)) {
			account_done(&pd->account);
			return KIN_EXCEEDED;
		}
		pd->adopted = true;
		pd->given = quota;
		*ret_account = i + 1;
		model_note(model, "adopt %" PRIu32, *ret_account);
		return 0;
	}
	return KIN_INVALID;
}

static int start(void *ctx, struct child *child, const struct child_start *what)
{
	struct model *model = ctx;

	model_note(model, "start %s", what->name);
	assert(model_account(model, what->account) && what->account != OWNER_SELF);
	assert(cap_is_open(model, what->pd) && cap_is_open(model, what->cpu));
	assert(cap_is_open(model, what->log) && cap_is_open(model, what->binary));
	assert(child->n_modules ? cap_is_open(model, what->module) : !what->module);
	if (child->n_modules < model->n_modules &&
		(!model->dynamic || strcmp(model->dynamic, child->name) == 0)) {
		snprintf(what->ret_missing, KIN_NAME_MAX + 1, "module %u", child->n_modules);
		return KIN_MISSING;
	}
	return model->start_answer;
}

static void stop(void *ctx, struct child *child)
{
	model_note(ctx, "stop %s", child->name);
}

static void wake(void *ctx, struct child *child)
{
	assert(child->started);
	model_note(ctx, "wake %s", child->name);
}

static void wake_server(void *ctx, struct child *child)
{
	assert(child->started);
	model_note(ctx, "wake server %s", child->name);
}

static bool answered(void *ctx, struct child *child, uint32_t id, enum session_event event)
{
	static const char *const words[] = { [SESSION_EVENT_CREATED] = "created",
		[SESSION_EVENT_UPGRADED] = "upgraded",
		[SESSION_EVENT_CLOSED] = "closed" };
	struct model *model = ctx;

	model_note(model, "answered %s %" PRIu32 " %s", child->name, id, words[event]);
	if (model->on_answered)
		model->on_answered(model, child, id, event);
	return model->waiting;
}

static void propagate_exit(void *ctx, int64_t value)
{
	model_note(ctx, "exit %" PRId64, value);
}

static void config_changed(void *ctx, struct child *child)
{
	model_note(ctx, "config of %s changed", child->name);
}

static const struct child_ops child_ops = { adopt, start, stop, wake, wake_server, answered,
	propagate_exit, NULL, config_changed };

/*
 * Log, time
 */

static void arm(void *ctx, enum owner_timer timer, uint64_t ms, bool periodic)
{
	struct model *model = ctx;

	assert(periodic == (timer != OWNER_TIMER_REPORT) || !ms);
	model->armed_ms[timer] = ms;
}

static const struct time_ops time_ops = { arm };

void model_timer(struct model *model, enum owner_timer timer)
{
	assert(model->armed_ms[timer]);
	if (timer == OWNER_TIMER_REPORT)
		model->armed_ms[timer] = 0;
	sandbox_timer(&model->sandbox, timer);
	model_settle(model);
}

static void report(void *ctx)
{
	((struct model *) ctx)->n_reports++;
}

const char *model_report(struct model *model)
{
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_fixed(&g, model->report, sizeof(model->report));
	report_generate(&model->sandbox, &model->sandbox.report.details, &g);
	int r = kin_generator_finish(&g, &text, &size);

	assert(r == 0 && text == model->report);
	kin_generator_done(&g);
	return model->report;
}

static void schedule(void *ctx)
{
	((struct model *) ctx)->scheduled = true;
}

static void log_text(void *ctx, enum owner_level level, const char *text)
{
	struct model *model = ctx;

	model->lossy |= strstr(text, "does not give back") != NULL;
	lines_add(&model->log, text);
	if (model->echo)
		fprintf(stderr, "        %s\n", text);
}

/*
 * Life
 */

struct model *model_new(void)
{
	struct model *model = calloc(1, sizeof(*model));

	assert(model);
	model->caps = calloc(MODEL_CAPS_MAX, 1);
	assert(model->caps);
	ledger_init(&model->ledger, &model->parent,
		(struct quota){ MODEL_RAM + MODEL_GUESTS_RAM, MODEL_CAPS + MODEL_GUESTS_CAPS });
	account_init(&model->self);
	account_attach(&model->self, &model->parent);
	model_move_up(model, (struct quota){ MODEL_RAM, MODEL_CAPS }, true);
	model->owner = (struct owner){ .ctx = model,
		.up = &up_ops,
		.accounts = &account_ops,
		.children = &child_ops,
		.local = &model_local_ops,
		.time = &time_ops,
		.report = report,
		.cap_close = cap_close,
		.schedule = schedule,
		.log = log_text,
		.forward = &model_forward_ops };
	sandbox_init(&model->sandbox, &model->owner);
	return model;
}

void model_apply(struct model *model, const char *config)
{
	struct kin_tree *tree = NULL;
	int r = kin_tree_parse(config, strlen(config), NULL, &tree);

	assert(r == 0);
	sandbox_apply(&model->sandbox, tree);
}

struct model *model_with(const char *config)
{
	struct model *model = model_new();

	model_apply(model, config);
	model_settle(model);
	return model;
}

void model_settle(struct model *model)
{
	for (int i = 0; model->scheduled; i++) {
		assert(i < 100); /* it comes to rest */
		model->scheduled = false;
		sandbox_step(&model->sandbox);
		model_check(model);
	}
	model_check(model);
}

void model_free(struct model *model)
{
	struct model_up *up, *next;

	sandbox_done(&model->sandbox);
	assert(model->n_caps == 0 && model->n_locals == 0 && !model->guests);
	DL_FOREACH_SAFE (model->ups, up, next) {
		assert(up->state == MODEL_UP_CLOSING);
		up_end(model, up);
	}
	ledger_check(&model->ledger);
	assert(model->self.quota.ram == MODEL_RAM && model->self.quota.caps == MODEL_CAPS);
	free(model->caps);
	free(model);
}

struct child *model_child(struct model *model, const char *name)
{
	struct child *child = sandbox_child(&model->sandbox, name);

	assert(child);
	return child;
}

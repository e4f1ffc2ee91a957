/* State report; see the header. */
#include "engine/report.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "engine/environment.h"
#include "engine/sandbox.h"

/*
 * When
 */

static const struct report_details *details_of(const struct sandbox *sandbox)
{
	return &sandbox->report.details;
}

static bool shows_quota(const struct report_details *details)
{
	return details->child_ram || details->child_caps || details->init_ram || details->init_caps;
}

static void arm(struct sandbox *sandbox, enum owner_timer timer, uint64_t ms, bool periodic)
{
	const struct owner *owner = sandbox->owner;

	if (owner->time)
		owner->time->arm(owner->ctx, timer, ms, periodic);
}

void report_configure(struct sandbox *sandbox, const struct kin_node *node)
{
	struct report *report = &sandbox->report;
	const char *syntax = kin_node_attribute(node, "generate");
	uint64_t sample_ms;

	report->details = (struct report_details){
		.ids = kin_node_boolean(node, "ids", false),
		.requested = kin_node_boolean(node, "requested", false),
		.provided = kin_node_boolean(node, "provided", false),
		.session_args = kin_node_boolean(node, "session_args", false),
		.child_ram = kin_node_boolean(node, "child_ram", false),
		.child_caps = kin_node_boolean(node, "child_caps", false),
		.init_ram = kin_node_boolean(node, "init_ram", false),
		.init_caps = kin_node_boolean(node, "init_caps", false),
		.child_walls = kin_node_boolean(node, "child_walls", false),
		.history = kin_node_boolean(node, "history", false),
	};
	report->delay_ms = node ? kin_node_number(node, "delay_ms", REPORT_DELAY_MS) : 0;
	report->buffer_bytes = kin_node_number(node, "buffer", 0);
	report->lines = syntax && strcmp(syntax, "lines") == 0;
	sample_ms = report->delay_ms > REPORT_SAMPLE_MS ? report->delay_ms : REPORT_SAMPLE_MS;
	if (!report->delay_ms || !shows_quota(&report->details))
		sample_ms = 0;
	if (sample_ms != report->sample_ms)
		arm(sandbox, OWNER_TIMER_SAMPLE, sample_ms, true);
	report->sample_ms = sample_ms;
}

static bool is_wanted(const struct sandbox *sandbox)
{
	return sandbox->report.delay_ms && sandbox->owner->report;
}

void report_changed(struct sandbox *sandbox)
{
	if (!is_wanted(sandbox) || sandbox->report.waiting || sandbox->report.urgent)
		return;
	sandbox->report.waiting = true;
	arm(sandbox, OWNER_TIMER_REPORT, sandbox->report.delay_ms, false);
}

void report_urgent(struct sandbox *sandbox)
{
	if (!is_wanted(sandbox))
		return;
	sandbox->report.urgent = true;
	sandbox_schedule(sandbox);
}

static void send(struct sandbox *sandbox)
{
	if (sandbox->report.waiting)
		arm(sandbox, OWNER_TIMER_REPORT, 0, false);
	sandbox->report.waiting = sandbox->report.urgent = false;
	if (is_wanted(sandbox))
		sandbox->owner->report(sandbox->owner->ctx);
}

void report_flush(struct sandbox *sandbox)
{
	if (sandbox->report.urgent)
		send(sandbox);
}

void report_due(struct sandbox *sandbox)
{
	sandbox->report.waiting = false;
	send(sandbox);
}

/* What is known of the accounts of some children, in the order of these. */
struct accounts {
	uint32_t numbers[OWNER_INFOS_MAX];
	struct account_info infos[OWNER_INFOS_MAX];
	struct walls walls[OWNER_INFOS_MAX];
	size_t n; /* of children from the first on that have one */
	bool infos_known, walls_known;
};

/* Those of the children from @child on that are asked for at once. Return: who comes next */
static struct child *accounts_gather(struct accounts *accounts, struct child *child)
{
	accounts->n = 0;
	accounts->infos_known = accounts->walls_known = false;
	for (; child && accounts->n < OWNER_INFOS_MAX; child = child->next)
		if (child->adopted)
			accounts->numbers[accounts->n++] = child->account;
	return child;
}

static void infos_read(struct accounts *accounts, const struct owner *owner)
{
	accounts->infos_known = accounts->n && owner_infos(owner, accounts->numbers, accounts->n,
						       accounts->infos) == 0;
}

static void walls_read(struct accounts *accounts, const struct owner *owner)
{
	const struct account_ops *ops = owner->accounts;

	accounts->walls_known =
		accounts->n && ops->walls &&
		ops->walls(owner->ctx, accounts->numbers, accounts->n, accounts->walls) == 0;
}

/* Return: whether it is another one than last time */
static bool sample(const struct account_info *info, struct quota *quota, struct quota *used)
{
	bool changed = info->quota.ram != quota->ram || info->quota.caps != quota->caps ||
		       info->used.ram != used->ram || info->used.caps != used->caps;

	*quota = info->quota;
	*used = info->used;
	return changed;
}

static bool sample_own(struct sandbox *sandbox)
{
	const struct owner *owner = sandbox->owner;
	struct report *report = &sandbox->report;
	struct account_info info;

	return owner->accounts->info(owner->ctx, OWNER_SELF, &info) == 0 &&
	       sample(&info, &report->own_quota, &report->own_used);
}

static bool sample_children(struct sandbox *sandbox)
{
	struct child *child = sandbox->children, *end;
	struct accounts accounts;
	bool changed = false;

	while (child) {
		const struct account_info *info = accounts.infos;

		end = accounts_gather(&accounts, child);
		infos_read(&accounts, sandbox->owner);
		for (; child != end; child = child->next)
			if (accounts.infos_known && child->adopted)
				changed |=
					sample(info++, &child->sampled_quota, &child->sampled_used);
	}
	return changed;
}

void report_sample(struct sandbox *sandbox)
{
	const struct report_details *details = details_of(sandbox);
	bool changed = false;

	if (details->init_ram || details->init_caps)
		changed = sample_own(sandbox);
	if (details->child_ram || details->child_caps)
		changed |= sample_children(sandbox);
	if (changed)
		report_changed(sandbox);
}

/*
 * What
 */

static void generate_quota(struct kin_generator *g, const char *type, const struct quota *assigned,
	uint64_t wanted, const struct account_info *info)
{
	bool ram = type[0] == 'r';
	uint64_t quota = ram ? info->quota.ram : info->quota.caps;
	uint64_t used = ram ? info->used.ram : info->used.caps;
	void (*number)(struct kin_generator *, const char *, uint64_t) =
		ram ? kin_generator_attribute_bytes : kin_generator_attribute_number;

	kin_generator_open(g, type);
	if (assigned)
		number(g, "assigned", ram ? assigned->ram : assigned->caps);
	number(g, "quota", quota);
	number(g, "used", used);
	number(g, "avail", quota - used);
	if (wanted)
		number(g, "requested", wanted);
	kin_generator_close(g);
}

/* What it came from, and where it is. */
static void generate_where(struct kin_generator *g, const struct session *session)
{
	const struct service *service = session->service;

	if (session->listed && !session->environment)
		kin_generator_attribute(g, "asked", session->asked);
	if (!service)
		return;
	switch (service->kind) {
	case SERVICE_PARENT:
		kin_generator_attribute(g, "at", "parent");
		break;
	case SERVICE_LOCAL:
		kin_generator_attribute(g, "at", "local");
		break;
	case SERVICE_CHILD:
		kin_generator_attribute_format(g, "at", "child %s", service->server->name);
		break;
	}
}

static void generate_session(struct kin_generator *g, const struct session *session,
	const struct report_details *details)
{
	char args[1024];

	kin_generator_open(g, "session");
	if (session->service)
		kin_generator_attribute(g, "name", session->service->name->name);
	kin_generator_attribute(g, "state", session_state_word(session->state));
	kin_generator_attribute(g, "label", session->args.label);
	if (details->history)
		generate_where(g, session);
	kin_generator_attribute_bytes(g, "ram", session->donation.ram);
	kin_generator_attribute_number(g, "caps", session->donation.caps);
	if (details->session_args) {
		kin_args_print(&session->args, args, sizeof(args));
		kin_generator_open(g, "args");
		kin_generator_text(g, args);
		kin_generator_close(g);
	}
	kin_generator_close(g);
}

static void generate_requested(
	struct kin_generator *g, const struct child *child, const struct report_details *details)
{
	const struct session *session;

	kin_generator_open(g, "requested");
	for (session = child->sessions; session; session = session->by_id.next)
		generate_session(g, session, details);
	DL_FOREACH2 (child->closing, session, closing_next)
		generate_session(g, session, details);
	kin_generator_close(g);
}

static void generate_provided(
	struct kin_generator *g, const struct child *child, const struct report_details *details)
{
	const struct session *session;

	kin_generator_open(g, "provided");
	for (session = child->served; session; session = session->by_server_id.next)
		generate_session(g, session, details);
	kin_generator_close(g);
}

static void generate_account(struct kin_generator *g, const struct child *child,
	const struct report_details *details, const struct account_info *info)
{
	if (details->child_ram)
		generate_quota(g, "ram", &child->assigned, child->wanted.ram, info);
	if (details->child_caps)
		generate_quota(g, "caps", &child->assigned, child->wanted.caps, info);
}

static void generate_walls(
	struct kin_generator *g, const struct child *child, const struct walls *walls)
{
	if (child->state != CHILD_ALIVE || !(walls->standing & WALL_PROCESS))
		return;
	kin_generator_open(g, "walls");
	walls_generate(g, walls, "");
	kin_generator_close(g);
}

/* What a child that does not run waits for. */
static void generate_reason(struct kin_generator *g, const struct child *child)
{
	const struct need *need = child->stuck ? needs_unmet((struct child *) child) : NULL;
	const struct history_event *last = NULL;
	const struct session *session = environment_pending(child);

	for (unsigned i = 0; history_at(&child->history, i); i++)
		if (history_at(&child->history, i)->kind == HISTORY_FAILED)
			last = history_at(&child->history, i);
	if (need)
		kin_generator_attribute_format(g, "reason",
			"route to service \"%s\" (label=\"%s\") leads to nothing", need->service,
			need->asked);
	else if (child->failed && last)
		kin_generator_attribute(g, "reason", last->text);
	else if (session && session->service->kind == SERVICE_CHILD)
		kin_generator_attribute_format(g, "reason", "waits for its %s session at \"%s\"",
			session->name->name, session->service->server->name);
	else if (session)
		kin_generator_attribute_format(
			g, "reason", "waits for its %s session at the parent", session->name->name);
	else if (sandbox_blocked(child))
		kin_generator_attribute(g, "reason", "waits for the one before it to be destroyed");
	else
		kin_generator_attribute(g, "reason", "is being started");
}

/* What it needs to run again, for who wants to know what would revive it. */
static void generate_needs(struct kin_generator *g, const struct child *child)
{
	kin_generator_open(g, "needed");
	kin_generator_attribute(g, "after",
		child->stuck      ? "stop"
		: child->unfunded ? "shortage"
				  : "failure");
	for (const struct need *need = child->needs; need; need = need->next) {
		kin_generator_open(g, "session");
		kin_generator_attribute(g, "name", need->service);
		kin_generator_attribute(g, "label", need->asked);
		if (need->by_parent)
			kin_generator_attribute(g, "environment", "yes");
		kin_generator_close(g);
	}
	kin_generator_close(g);
}

static void generate_history(struct kin_generator *g, const struct child_history *history)
{
	const struct history_event *event;

	kin_generator_open(g, "history");
	for (unsigned i = 0; (event = history_at(history, i)); i++) {
		kin_generator_open(g, "event");
		kin_generator_attribute(g, "kind", history_word(event->kind));
		if (event->times > 1)
			kin_generator_attribute_number(g, "times", event->times);
		kin_generator_text(g, event->text);
		kin_generator_close(g);
	}
	kin_generator_close(g);
}

/* @info, @walls: of its account, NULL if it has none or they are not known or not to be told */
static void generate_child(struct kin_generator *g, const struct child *child,
	const struct report_details *details, const struct account_info *info,
	const struct walls *walls)
{
	const char *version = child->start ? kin_node_attribute(child->start, "version") : NULL;

	kin_generator_open(g, "child");
	kin_generator_attribute(g, "name", child->name);
	kin_generator_attribute(g, "binary", child->binary);
	if (version)
		kin_generator_attribute(g, "version", version);
	if (details->ids)
		kin_generator_attribute_number(g, "id", child->id);
	if (child->state == CHILD_INCOMPLETE)
		kin_generator_attribute(g, "state", "incomplete");
	if (child->state == CHILD_INCOMPLETE && details->history)
		generate_reason(g, child);
	if (child->state == CHILD_ALIVE && child->config_unread && details->history)
		kin_generator_attribute(g, "reason", "has not read its changed config");
	if (child->state == CHILD_EXITED)
		kin_generator_attribute_format(g, "exited", "%lld", (long long) child->exit_value);
	if (child->heartbeats_outstanding > 1)
		kin_generator_attribute_number(
			g, "skipped_heartbeats", child->heartbeats_outstanding - 1);
	if (info)
		generate_account(g, child, details, info);
	if (walls)
		generate_walls(g, child, walls);
	if (details->history && (child->stuck || child->failed))
		generate_needs(g, child);
	if (details->history)
		generate_history(g, &child->history);
	if (details->requested)
		generate_requested(g, child, details);
	if (details->provided && child->provided)
		generate_provided(g, child, details);
	kin_generator_close(g);
}

static void generate_own_accounts(struct kin_generator *g, const struct sandbox *sandbox,
	const struct report_details *details)
{
	const struct owner *owner = sandbox->owner;
	struct account_info info;

	if ((!details->init_ram && !details->init_caps) ||
		owner->accounts->info(owner->ctx, OWNER_SELF, &info))
		return;
	if (details->init_ram)
		generate_quota(g, "ram", NULL, 0, &info);
	if (details->init_caps)
		generate_quota(g, "caps", NULL, 0, &info);
}

static void generate_children(struct kin_generator *g, const struct sandbox *sandbox,
	const struct report_details *details)
{
	bool with_accounts = details->child_ram || details->child_caps;
	struct child *child = sandbox->children, *end;
	struct accounts accounts;

	while (child) {
		size_t i = 0;

		end = accounts_gather(&accounts, child);
		if (with_accounts)
			infos_read(&accounts, sandbox->owner);
		if (details->child_walls)
			walls_read(&accounts, sandbox->owner);
		for (; child != end; child = child->next) {
			bool known = child->adopted;

			generate_child(g, child, details,
				known && accounts.infos_known ? &accounts.infos[i] : NULL,
				known && accounts.walls_known ? &accounts.walls[i] : NULL);
			i += known;
		}
	}
}

void report_generate(
	struct sandbox *sandbox, const struct report_details *details, struct kin_generator *g)
{
	const struct kin_node *config =
		sandbox->config ? kin_tree_root(sandbox->config->tree) : NULL;
	const char *version = kin_node_attribute(config, "version");
	const struct alias *alias;

	kin_generator_open(g, "state");
	if (version)
		kin_generator_attribute(g, "version", version);
	if (*sandbox->config_error)
		kin_generator_attribute(g, "config_error", sandbox->config_error);
	if (details->history)
		kin_generator_attribute(g, "settled", sandbox_settled(sandbox) ? "yes" : "no");
	generate_own_accounts(g, sandbox, details);
	generate_children(g, sandbox, details);
	for (alias = sandbox->aliases; alias; alias = alias->hh.next) {
		kin_generator_open(g, "alias");
		kin_generator_attribute(g, "name", alias->name);
		kin_generator_attribute(g, "child", alias->child);
		kin_generator_close(g);
	}
	kin_generator_close(g);
}

/* Sandbox; see the public header. */
#include "sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <kin/diag.h>
#include <kin/log.h>

#include "engine/report.h"
#include "engine/schema.h"

/* Something to tell, once the engine is through with what it is doing. */
struct news {
	struct kin_sandbox *sandbox;
	struct loop_task task;
	enum child_change change;
	char child[KIN_NAME_MAX + 1];
	int64_t value;
	struct quota wanted;
	struct news *prev, *next;
};

static void news_tell(struct loop_task *task)
{
	struct news *queued = CONTAINER_OF(task, struct news, task), news = *queued;
	const struct kin_sandbox_events *events = &news.sandbox->events;

	DL_DELETE(news.sandbox->news, queued);
	free(queued);
	switch (news.change) {
	case CHILD_CHANGE_ENDED:
		events->ended(news.child, news.value, events->data);
		break;
	case CHILD_CHANGE_REQUESTED:
		events->requested(news.child, news.wanted.ram, news.wanted.caps, events->data);
		break;
	case CHILD_CHANGE_YIELDED:
		events->yielded(news.child, events->data);
		break;
	}
}

static bool is_wanted(const struct kin_sandbox_events *events, enum child_change change)
{
	switch (change) {
	case CHILD_CHANGE_ENDED:
		return events->ended;
	case CHILD_CHANGE_REQUESTED:
		return events->requested;
	case CHILD_CHANGE_YIELDED:
		return events->yielded;
	}
	return false;
}

static void changed(void *ctx, struct child *child, enum child_change change)
{
	struct kin_sandbox *sandbox = ctx;
	struct news *news;

	if (!is_wanted(&sandbox->events, change))
		return;
	news = calloc(1, sizeof(*news));
	if (!news) {
		kin_error(sandbox->env, "no memory for news of %s", child->name);
		return;
	}
	news->sandbox = sandbox;
	news->task.run = news_tell;
	news->change = change;
	strcpy(news->child, child->name);
	news->value = child->exit_value;
	news->wanted = child->wanted;
	DL_APPEND(sandbox->news, news);
	loop_queue(&sandbox->env->loop, &news->task);
}

static void log_text(void *ctx, enum owner_level level, const char *text)
{
	static void (*const log[])(struct kin_env *, const char *, ...) = {
		[OWNER_INFO] = kin_log,
		[OWNER_WARNING] = kin_warning,
		[OWNER_ERROR] = kin_error,
	};

	log[level](((struct kin_sandbox *) ctx)->env, "%s", text);
}

static void exit_propagated(void *ctx, int64_t value)
{
	kin_stop(((struct kin_sandbox *) ctx)->env, (int) value);
}

static const struct host_ops host_ops = {
	.up = &sandbox_up_ops,
	.accounts = &sandbox_account_ops,
	.adopt = sandbox_adopt,
	.start = sandbox_start_process,
	.load = sandbox_load,
	.kill = sandbox_kill,
	.status = sandbox_status,
	.alloc_rpc = sandbox_alloc_rpc,
	.alloc_rom = sandbox_alloc_rom,
	.free = sandbox_free_object,
	.local = &sandbox_local_ops,
	.log = log_text,
	.exit = exit_propagated,
	.changed = changed,
	.report = state_report_send,
	.state = sandbox_state_answered,
	.forward = &sandbox_forward_ops,
};

static void parent_answered(void *data)
{
	struct kin_sandbox *sandbox = data;

	sandbox_up_answers(&sandbox->host.sandbox);
}

static void parent_granted(void *data)
{
	struct kin_sandbox *sandbox = data;

	sandbox_granted(&sandbox->host.sandbox);
}

int kin_sandbox_open(
	struct kin_env *env, const struct kin_sandbox_events *events, struct kin_sandbox **ret)
{
	struct kin_sandbox *sandbox;

	if (env->embedded.data)
		return -EBUSY;
	sandbox = calloc(1, sizeof(*sandbox));
	if (!sandbox)
		return -ENOMEM;
	sandbox->env = env;
	if (events)
		sandbox->events = *events;
	host_init(&sandbox->host, &env->loop, &host_ops);
	local_init(sandbox);
	env->embedded = (struct env_embedded){ .answered = parent_answered,
		.granted = parent_granted,
		.asked = sandbox_state_asked,
		.request = sandbox_forward,
		.data = sandbox };
	*ret = sandbox;
	return 0;
}

void kin_sandbox_close(struct kin_sandbox *sandbox)
{
	struct news *news, *next;

	if (!sandbox)
		return;
	host_done(&sandbox->host);
	state_report_close(sandbox);
	local_done(sandbox);
	DL_FOREACH_SAFE (sandbox->news, news, next) {
		loop_cancel(&sandbox->env->loop, &news->task);
		DL_DELETE(sandbox->news, news);
		free(news);
	}
	sandbox->env->embedded = (struct env_embedded){ 0 };
	sandbox->closed = true;
	if (!sandbox->locals)
		free(sandbox);
}

void kin_sandbox_offer(struct kin_sandbox *sandbox, struct kin_service *service)
{
	service->env = sandbox->env;
	service->next = sandbox->offered;
	sandbox->offered = service;
}

/* Why a config can't be parsed, in short and as it is logged. */
struct complaint {
	struct kin_env *env;
	char text[SANDBOX_CONFIG_ERROR_MAX + 1];
};

static void complain(void *ctx, const struct kin_diagnostic *diagnostic)
{
	struct complaint *complaint = ctx;
	char text[512];

	kin_diag_format(diagnostic, text, sizeof(text));
	kin_log(complaint->env, "%s", text);
	snprintf(complaint->text, sizeof(complaint->text), "%u:%u: %s", diagnostic->line,
		diagnostic->column, diagnostic->text);
}

int kin_sandbox_apply(struct kin_sandbox *sandbox, const char *config, size_t size)
{
	struct complaint complaint = { .env = sandbox->env, .text = "out of memory" };
	struct kin_diag diag = { .report = complain, .ctx = &complaint, .source = "config" };
	struct kin_tree *tree;
	int r = kin_tree_parse(config, size, &diag, &tree);

	sandbox->report.failed = false;
	if (r < 0) {
		sandbox_reject(&sandbox->host.sandbox, complaint.text);
		return r;
	}
	if (kin_node_boolean(kin_tree_root(tree), "verbose", false))
		schema_check(kin_tree_root(tree), &diag);
	return sandbox_apply(&sandbox->host.sandbox, tree);
}

int kin_sandbox_account(struct kin_sandbox *sandbox, const char *name, struct kin_account *ret)
{
	struct child *child = sandbox_child(&sandbox->host.sandbox, name);
	struct account_info info;

	if (!child || !child->adopted)
		return -ENOENT;
	int r = sandbox_account_ops.info(sandbox, child->account, &info);

	if (r == 0)
		*ret = (struct kin_account){ info.quota.ram, info.used.ram, info.quota.caps,
			info.used.caps };
	return r;
}

int kin_sandbox_grant(struct kin_sandbox *sandbox, const char *name, uint64_t ram, uint64_t caps)
{
	struct child *child = sandbox_child(&sandbox->host.sandbox, name);

	return child && child->adopted ? child_grant(child, (struct quota){ ram, caps }) : -ENOENT;
}

int kin_sandbox_withdraw(struct kin_sandbox *sandbox, const char *name, uint64_t ram, uint64_t caps)
{
	struct child *child = sandbox_child(&sandbox->host.sandbox, name);

	return child && child->adopted ? child_withdraw(child, (struct quota){ ram, caps })
				       : -ENOENT;
}

int kin_sandbox_yield(struct kin_sandbox *sandbox, const char *name, uint64_t ram, uint64_t caps)
{
	struct child *child = sandbox_child(&sandbox->host.sandbox, name);

	if (!child)
		return -ENOENT;
	child_yield(child, (struct quota){ ram, caps });
	return 0;
}

int kin_sandbox_heartbeat(struct kin_sandbox *sandbox, const char *name, unsigned *ret_skipped)
{
	struct child *child = sandbox_child(&sandbox->host.sandbox, name);

	if (!child)
		return -ENOENT;
	*ret_skipped = child->heartbeats_outstanding;
	child_heartbeat(child);
	return 0;
}

void kin_sandbox_report(struct kin_sandbox *sandbox, struct kin_generator *g)
{
	const struct report_details all = { true, true, true, true, true, true, true, true, true,
		true };

	report_generate(&sandbox->host.sandbox, &all, g);
}

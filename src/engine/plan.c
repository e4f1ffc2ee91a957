/* Plan; see the header. */
#include "engine/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <kin/number.h>

#include "engine/history.h"

/* What there was of a child before. */
struct before {
	char name[KIN_NAME_MAX + 1];
	uint32_t id;
	bool runs;
	struct quota assigned;
	bool config_changed;
	UT_hash_handle by_name;
};

struct plan {
	const struct plan_listener *listener;
	struct before *children;
};

const char *plan_word(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_START:
		return "start";
	case PLAN_STOP:
		return "stop";
	case PLAN_RESTART:
		return "restart";
	case PLAN_STUCK:
		return "stuck";
	case PLAN_FAIL:
		return "fail";
	case PLAN_CONFIG:
		return "config";
	case PLAN_QUOTA:
		return "quota";
	}
	return "";
}

static struct before *before_find(struct plan *plan, const char *name)
{
	struct before *before;

	HASH_FIND(by_name, plan->children, name, strlen(name), before);
	return before;
}

static int remember(struct plan *plan, const struct child *child)
{
	struct before *before = calloc(1, sizeof(*before));

	if (!before)
		return -ENOMEM;
	strcpy(before->name, child->name);
	before->id = child->id;
	before->runs = child->state == CHILD_ALIVE;
	before->assigned = child->assigned;
	HASH_ADD_KEYPTR(by_name, plan->children, before->name, strlen(before->name), before);
	if (before->by_name.tbl)
		return 0;
	free(before);
	return -ENOMEM;
}

static void forget(struct plan *plan)
{
	struct before *before, *next;

	HASH_ITER (by_name, plan->children, before, next) {
		HASH_DELETE(by_name, plan->children, before);
		free(before);
	}
}

static void on_log(void *ctx, enum owner_level level, const char *text)
{
	const struct plan *plan = ctx;

	if (level != OWNER_INFO && plan->listener->log)
		plan->listener->log(plan->listener->ctx, level, text);
}

static void on_config_changed(void *ctx, const char *child)
{
	struct before *before = before_find(ctx, child);

	if (before)
		before->config_changed = true;
}

static void tell(
	const struct plan *plan, enum plan_kind kind, const char *child, const char *reason)
{
	plan->listener->change(plan->listener->ctx, &(struct plan_change){ kind, child, reason });
}

/* Why it is as it is now: the last event of the kind, "" if there is none. */
static const char *reason_of(const struct child *child, enum history_kind kind)
{
	const struct history_event *event;
	const char *reason = "";

	for (unsigned i = 0; (event = history_at(&child->history, i)); i++)
		if (event->kind == kind)
			reason = event->text;
	return reason;
}

static void tell_quota(const struct plan *plan, const struct child *child, struct quota before)
{
	char ram[KIN_NUMBER_TEXT_MAX], to_ram[KIN_NUMBER_TEXT_MAX], text[128] = "";
	struct quota now = child->assigned;
	int n = 0;

	if (now.ram != before.ram)
		n = snprintf(text, sizeof(text), "RAM %s, was %s",
			kin_number_print(to_ram, now.ram), kin_number_print(ram, before.ram));
	if (now.caps != before.caps)
		snprintf(text + n, sizeof(text) - (size_t) n, "%scaps %" PRIu64 ", was %" PRIu64,
			n ? ", " : "", now.caps, before.caps);
	if (*text)
		tell(plan, PLAN_QUOTA, child->name, text);
}

static void tell_new(const struct plan *plan, const struct child *child)
{
	if (child->stuck)
		tell(plan, PLAN_STUCK, child->name, reason_of(child, HISTORY_STUCK));
	else if (child->state == CHILD_ALIVE)
		tell(plan, PLAN_START, child->name, "");
	else
		tell(plan, PLAN_FAIL, child->name, reason_of(child, HISTORY_FAILED));
}

static void compare(struct plan *plan, const struct child *child)
{
	const struct before *before = before_find(plan, child->name);

	if (!before) {
		tell_new(plan, child);
		return;
	}
	if (child->state == CHILD_ALIVE && child->id != before->id)
		tell(plan, before->runs ? PLAN_RESTART : PLAN_START, child->name,
			child->revived ? reason_of(child, HISTORY_REVIVED)
				       : reason_of(child, HISTORY_RESTART));
	else if (child->state == CHILD_ALIVE && !before->runs)
		tell(plan, PLAN_START, child->name, "");
	else if (child->state == CHILD_ALIVE && before->config_changed)
		tell(plan, PLAN_CONFIG, child->name, "");
	else if (before->runs && child->state == CHILD_INCOMPLETE)
		tell_new(plan, child);
	if (child->state == CHILD_ALIVE && before->runs)
		tell_quota(plan, child, before->assigned);
}

static void compare_all(struct plan *plan, struct sandbox *sandbox)
{
	const struct before *before;
	const struct child *child;

	DL_FOREACH (sandbox->children, child)
		compare(plan, child);
	for (before = plan->children; before; before = before->by_name.next)
		if (!sandbox_child(sandbox, before->name))
			tell(plan, PLAN_STOP, before->name, "");
}

int plan_make(struct dryrun *dryrun, struct kin_tree *config, const struct plan_listener *listener)
{
	struct sandbox *sandbox = dryrun_sandbox(dryrun);
	struct plan plan = { .listener = listener };
	const struct child *child;
	int r = 0;

	DL_FOREACH (sandbox->children, child)
		if (r == 0)
			r = remember(&plan, child);
	if (r == 0) {
		dryrun_listen(dryrun, &plan, on_log, on_config_changed);
		r = dryrun_apply(dryrun, config);
		dryrun_listen(dryrun, NULL, NULL, NULL);
	} else {
		kin_tree_free(config);
	}
	if (r == 0)
		compare_all(&plan, sandbox);
	forget(&plan);
	return r;
}

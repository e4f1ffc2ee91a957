/*
 * Sandbox; see the header.
 *
 * Its life from the first config to the end, and the steps in between. What handlers note is done
 * here, when none of them is on the stack.
 */
#include "engine/sandbox.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "engine/budget.h"
#include "engine/environment.h"
#include "engine/forward.h"
#include "engine/globals.h"
#include "engine/start.h"
#include "engine/update.h"

void sandbox_init(struct sandbox *sandbox, const struct owner *owner)
{
	*sandbox = (struct sandbox){ .owner = owner,
		.globals.preserve = { SANDBOX_PRESERVE_RAM, SANDBOX_PRESERVE_CAPS } };
}

void sandbox_schedule(struct sandbox *sandbox)
{
	if (sandbox->scheduled)
		return;
	sandbox->scheduled = true;
	sandbox->owner->schedule(sandbox->owner->ctx);
}

void sandbox_resettle(struct sandbox *sandbox)
{
	sandbox->resettle = true;
	sandbox_schedule(sandbox);
}

void sandbox_occasion(struct sandbox *sandbox)
{
	sandbox->occasions++;
	sandbox_resettle(sandbox);
}

struct child *sandbox_child(struct sandbox *sandbox, const char *name)
{
	struct child *child;

	HASH_FIND(by_name, sandbox->by_name, name, strlen(name), child);
	return child;
}

const struct kin_node *sandbox_child_config(const struct child *child)
{
	return kin_node_first_of(child->start, "config");
}

/*
 * Configs
 */

struct sandbox_config *sandbox_config_ref(struct sandbox_config *config)
{
	config->refs++;
	return config;
}

struct sandbox_config *sandbox_config_unref(struct sandbox_config *config)
{
	if (config && --config->refs == 0) {
		kin_tree_free(config->tree);
		free(config);
	}
	return NULL;
}

static struct sandbox_config *config_new(struct kin_tree *tree)
{
	struct sandbox_config *config = calloc(1, sizeof(*config));

	if (config)
		*config = (struct sandbox_config){ .tree = tree,
			.scheme = placement_scheme_read(kin_tree_root(tree), NULL),
			.refs = 1 };
	return config;
}

static struct child *add_child(struct sandbox *sandbox, const char *name,
	struct sandbox_config *config, const struct kin_node *start)
{
	struct child *child = start_new(sandbox, name, config, start);

	if (!child)
		return NULL;
	HASH_ADD_KEYPTR(by_name, sandbox->by_name, child->name, strlen(child->name), child);
	if (!child->by_name.tbl) {
		owner_log(sandbox->owner, OWNER_ERROR, "%s: out of memory", name);
		child_free(child);
		return NULL;
	}
	start_provide(child);
	return child;
}

/* Brings the children into the order of their start nodes; those without one are abandoned. */
static void apply_starts(struct sandbox *sandbox, struct sandbox_config *config)
{
	struct child *ordered = NULL, *child, *next;

	KIN_NODE_FOREACH (start, kin_tree_root(config->tree), "start") {
		const char *name = start_name(sandbox, start);

		if (!name)
			continue;
		child = sandbox_child(sandbox, name);
		if (child) {
			DL_DELETE(sandbox->children, child);
			child->uncertain |= start_update(child, config, start);
		} else {
			child = add_child(sandbox, name, config, start);
		}
		if (!child)
			continue;
		child->seen = sandbox->updates;
		DL_APPEND(ordered, child);
	}
	DL_FOREACH_SAFE (sandbox->children, child, next)
		update_abandon(child);
	sandbox->children = ordered;
}

int sandbox_apply(struct sandbox *sandbox, struct kin_tree *tree)
{
	struct sandbox_config *before = sandbox->config, *config = config_new(tree);

	if (!config) {
		owner_log(sandbox->owner, OWNER_ERROR, "out of memory for the config");
		kin_tree_free(tree);
		return -ENOMEM;
	}
	sandbox->updates++;
	sandbox->occasions++;
	sandbox->config_error[0] = '\0';
	globals_apply(sandbox, before ? kin_tree_root(before->tree) : NULL, kin_tree_root(tree));
	sandbox->config = config;
	apply_starts(sandbox, config);
	sandbox_config_unref(before);
	budget_configure(sandbox);
	update_settle(sandbox);
	forward_apply(sandbox);
	sandbox_schedule(sandbox);
	report_changed(sandbox);
	return 0;
}

void sandbox_reject(struct sandbox *sandbox, const char *error)
{
	owner_log(sandbox->owner, OWNER_ERROR, "config has invalid syntax");
	snprintf(sandbox->config_error, sizeof(sandbox->config_error), "%s", error);
	report_urgent(sandbox);
}

/*
 * Steps
 */

static void advance(struct child *child)
{
	struct sandbox *sandbox = child->sandbox;
	const struct owner *owner = sandbox->owner;

	switch (child->state) {
	case CHILD_INCOMPLETE:
		if (child->failed)
			child_close_all(child);
		else
			environment_advance(child);
		break;
	case CHILD_EXITED:
		child_close_all(child);
		sandbox_occasion(sandbox);
		if (child->propagate_exit)
			owner->children->exit(owner->ctx, child->exit_value);
		child->propagate_exit = false;
		break;
	case CHILD_ABANDONED: /* its PD may have waited to be closed */
		child_close_all(child);
		break;
	case CHILD_ALIVE:
		break;
	}
}

void sandbox_advance(struct child *child)
{
	struct sandbox *sandbox = child->sandbox;

	if (child->advance)
		return;
	child->advance = true;
	DL_APPEND2(sandbox->advancing, child, advance_prev, advance_next);
	sandbox_schedule(sandbox);
}

static void advance_all(struct sandbox *sandbox)
{
	struct child *child;

	DL_FOREACH2 (sandbox->advancing, child, advance_next)
		environment_advance_pd(child);
	while ((child = sandbox->advancing)) {
		DL_DELETE2(sandbox->advancing, child, advance_prev, advance_next);
		child->advance = false;
		advance(child);
	}
}

void sandbox_session_lost(struct session *session)
{
	struct child *client = session->client;

	owner_log(client->sandbox->owner, OWNER_WARNING,
		"%s: session of service \"%s\" (label=\"%s\") was ended by its server",
		client->name, session->service->name->name, session->args.label);
	if (client->state != CHILD_ALIVE && client->state != CHILD_INCOMPLETE)
		return;
	child_note(client, HISTORY_RESTART, "service \"%s\" (label=\"%s\") was ended by its server",
		session->name->name, session->asked);
	sandbox_mark(client, MARK_RESTART);
}

static bool is_unsettled(const struct sandbox *sandbox)
{
	return sandbox->marked || sandbox->services.changed || sandbox->resettle;
}

void sandbox_step(struct sandbox *sandbox)
{
	sandbox->scheduled = false;
	update_bury(sandbox);
	if (is_unsettled(sandbox))
		update_settle(sandbox);
	advance_all(sandbox);
	update_bury(sandbox);
	if (is_unsettled(sandbox))
		sandbox_schedule(sandbox);
	if (sandbox->services.grown)
		forward_services_changed(sandbox);
	report_flush(sandbox);
}

bool sandbox_settled(const struct sandbox *sandbox)
{
	const struct child *child;

	if (sandbox->dying || sandbox->advancing || is_unsettled(sandbox))
		return false;
	DL_FOREACH (sandbox->children, child)
		if ((child->state == CHILD_INCOMPLETE && !child->failed && !child->stuck) ||
			(child->state == CHILD_ALIVE && child->config_unread))
			return false;
	return true;
}

static void beat(struct sandbox *sandbox)
{
	struct child *child;

	DL_FOREACH (sandbox->children, child) {
		if (!child->heartbeat || child->state != CHILD_ALIVE)
			continue;
		if (child->skipped_max && child->heartbeats_outstanding > child->skipped_max) {
			child_note(child, HISTORY_RESTART, "it skipped %u heartbeats",
				child->heartbeats_outstanding - 1);
			sandbox_mark(child, MARK_RESTART);
			sandbox_occasion(sandbox);
			continue;
		}
		child_heartbeat(child);
		if (child->heartbeats_outstanding > 1)
			report_changed(sandbox);
	}
}

void sandbox_timer(struct sandbox *sandbox, enum owner_timer timer)
{
	switch (timer) {
	case OWNER_TIMER_HEARTBEAT:
		beat(sandbox);
		break;
	case OWNER_TIMER_REPORT:
		report_due(sandbox);
		break;
	case OWNER_TIMER_SAMPLE:
		report_sample(sandbox);
		break;
	case OWNER_TIMERS:
		break;
	}
}

void sandbox_up_answers(struct sandbox *sandbox)
{
	struct session *session, *next;

	DL_FOREACH_SAFE2 (sandbox->waiting, session, next, waiting_next)
		session_up_answer(session);
}

void sandbox_ask_parent(struct sandbox *sandbox, struct quota amount)
{
	const struct owner *owner = sandbox->owner;

	if (sandbox->asked)
		return;
	sandbox->asked = true;
	owner->up->resource_request(owner->ctx, amount);
}

void sandbox_granted(struct sandbox *sandbox)
{
	struct child *child;

	sandbox->asked = false;
	if (sandbox->short_of)
		sandbox_resettle(sandbox);
	DL_FOREACH (sandbox->children, child) {
		if (!child->short_above)
			continue;
		child->short_above = false;
		child_post(child, CHILD_EVENT_RESOURCE);
	}
}

/* What the parent has still to close is not waited for. */
static void end_child(struct child *child)
{
	struct session *session = session_find_closing(child, ENV_PD), *next;

	if (session) {
		session_closed(session);
		child_close_all(child);
	}
	assert(!child->served);
	DL_FOREACH_SAFE2 (child->closing, session, next, closing_next)
		session_closed(session);
}

void sandbox_done(struct sandbox *sandbox)
{
	struct child *child, *next;
	struct session *session, *next_session;

	DL_FOREACH_SAFE (sandbox->children, child, next)
		update_abandon(child);
	DL_FOREACH (sandbox->dying, child)
		end_child(child);
	DL_FOREACH_SAFE2 (sandbox->waiting, session, next_session, waiting_next)
		session_closed(session);
	while ((child = sandbox->marked)) {
		sandbox->marked = child->marked_next;
		child->mark = MARK_NONE;
	}
	update_bury(sandbox);
	assert(!sandbox->dying && !sandbox->advancing);
	forward_done(sandbox);
	globals_done(sandbox);
	services_done(&sandbox->services);
	sandbox->config = sandbox_config_unref(sandbox->config);
}

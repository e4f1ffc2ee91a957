/*
 * Recall; see the header.
 *
 * The order matters. Who has ended or waits gives back what it had, then each gets the quota that
 * it has there, and only then the sessions are opened that are paid from it.
 */
#include "engine/recall.h"

#include <string.h>
#include <utlist.h>

#include <kin/label.h>

#include "engine/dryrun.h"
#include "engine/need.h"
#include "engine/update.h"

struct recall {
	struct dryrun *dryrun;
	struct sandbox *sandbox;
	uint32_t last_session_id;
};

/* The session under its own name again; an environment session has been opened already. */
static void recall_session(struct recall *recall, struct child *child, const struct kin_node *node)
{
	const char *asked = kin_node_attribute(node, "asked");
	const char *service = kin_node_attribute(node, "name");
	const char *label = asked ? kin_label_after_prefix(asked, child->name) : NULL;
	struct kin_args args = { .ram_quota = SESSION_COST_BYTES };
	const struct kin_affinity affinity = { 0 };
	int cap;

	if (!label || !service || strlen(label) > KIN_LABEL_MAX)
		return;
	strcpy(args.label, label);
	args.ram_quota += kin_node_number(node, "ram", 0);
	args.cap_quota = kin_node_number(node, "caps", 0);
	child_session(child,
		&(struct session_request){
			++recall->last_session_id, service, 1, &args, &affinity },
		&cap);
}

static struct quota number_of(const struct kin_node *node, const char *attribute)
{
	return (struct quota){ kin_node_number(kin_node_first_of(node, "ram"), attribute, 0),
		kin_node_number(kin_node_first_of(node, "caps"), attribute, 0) };
}

static void recall_needs(struct child *child, const struct kin_node *needed)
{
	KIN_NODE_FOREACH (session, needed, "session") {
		const char *service = kin_node_attribute(session, "name");
		const char *label = kin_node_attribute(session, "label");

		if (service && label && kin_name_valid(service) && kin_label_valid(label))
			need_add(child, &(struct route_request){ service, label, child->name,
						kin_node_boolean(session, "environment", false) });
	}
}

/* It does not run and waits, as it does there, though it might run if it were started now. */
static void recall_waiting(struct child *child, const struct kin_node *needed)
{
	const char *after = kin_node_attribute(needed, "after");
	bool stuck = after && strcmp(after, "stop") == 0;
	bool unfunded = after && strcmp(after, "shortage") == 0;

	if (child->failed && !stuck && child->unfunded == unfunded)
		return;
	child = update_stop(child);
	if (!child)
		return;
	if (!stuck)
		needs_forget(child);
	child->stuck = stuck;
	child->failed = !stuck;
	child->unfunded = unfunded;
	recall_needs(child, needed);
}

static void recall_child(struct recall *recall, struct child *child, const struct kin_node *node)
{
	KIN_NODE_FOREACH (session, kin_node_first_of(node, "requested"), "session")
		recall_session(recall, child, session);
	dryrun_settle(recall->dryrun);
	if (child->adopted)
		dryrun_use(recall->dryrun, child->account, number_of(node, "used"));
}

static struct child *child_of(struct recall *recall, const struct kin_node *node)
{
	const char *name = kin_node_attribute(node, "name");

	return name ? sandbox_child(recall->sandbox, name) : NULL;
}

/* Even if it could not have been started now. */
static void recall_end(struct child *child, const struct kin_node *node)
{
	child_close_all(child);
	child->failed = child->unfunded = false;
	child->state = CHILD_ALIVE;
	child_exit(child, kin_node_signed(node, "exited", 0));
}

static void recall_ended(struct recall *recall, const struct kin_node *report)
{
	KIN_NODE_FOREACH (node, report, "child") {
		struct child *child = child_of(recall, node);

		if (child && kin_node_has(node, "exited"))
			recall_end(child, node);
	}
	dryrun_settle(recall->dryrun);
}

static void recall_all_waiting(struct recall *recall, const struct kin_node *report)
{
	KIN_NODE_FOREACH (node, report, "child") {
		struct child *child = child_of(recall, node);
		const struct kin_node *needed = kin_node_first_of(node, "needed");

		if (child && needed)
			recall_waiting(child, needed);
	}
}

/*
 * Where there is less than all want, who has how much is a matter of what was before: so for once
 * each shall have what it has there.
 */
static void recall_assigned(struct recall *recall, const struct kin_node *report)
{
	struct child *child;

	KIN_NODE_FOREACH (node, report, "child") {
		child = child_of(recall, node);
		if (child)
			child->configured = number_of(node, "assigned");
	}
	sandbox_resettle(recall->sandbox);
	dryrun_settle(recall->dryrun);
	DL_FOREACH (recall->sandbox->children, child)
		child->configured = child->said;
}

void recall(struct dryrun *dryrun, const struct kin_node *report)
{
	struct recall recall = { dryrun, dryrun_sandbox(dryrun), ENV_END };
	struct quota own = number_of(report, "quota");

	recall_ended(&recall, report);
	recall_all_waiting(&recall, report);
	recall_assigned(&recall, report);
	dryrun_use(dryrun, OWNER_SELF, number_of(report, "used"));
	KIN_NODE_FOREACH (node, report, "child") {
		struct child *child = child_of(&recall, node);

		if (child)
			recall_child(&recall, child, node);
	}
	if (own.ram && own.caps)
		dryrun_shrink(dryrun, own);
	dryrun_settle(dryrun);
}

/* State report; see the header. */
#include "engine/report.h"

#include <utlist.h>

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

static void generate_session(struct kin_generator *g, const struct session *session,
	const struct report_details *details)
{
	char args[1024];

	kin_generator_open(g, "session");
	if (session->service)
		kin_generator_attribute(g, "name", session->service->name->name);
	kin_generator_attribute(g, "state", session_state_word(session->state));
	kin_generator_attribute(g, "label", session->args.label);
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

static void generate_accounts(
	struct kin_generator *g, const struct child *child, const struct report_details *details)
{
	const struct owner *owner = child->sandbox->owner;
	struct account_info info;

	if (!child->adopted || (!details->child_ram && !details->child_caps) ||
		owner->accounts->info(owner->ctx, child->account, &info))
		return;
	if (details->child_ram)
		generate_quota(g, "ram", &child->assigned, child->wanted.ram, &info);
	if (details->child_caps)
		generate_quota(g, "caps", &child->assigned, child->wanted.caps, &info);
}

static void generate_child(
	struct kin_generator *g, const struct child *child, const struct report_details *details)
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
	if (child->state == CHILD_EXITED)
		kin_generator_attribute_format(g, "exited", "%lld", (long long) child->exit_value);
	if (child->heartbeats_outstanding > 1)
		kin_generator_attribute_number(
			g, "skipped_heartbeats", child->heartbeats_outstanding - 1);
	generate_accounts(g, child, details);
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

void report_generate(
	struct sandbox *sandbox, const struct report_details *details, struct kin_generator *g)
{
	const struct kin_node *config = sandbox->config ? kin_tree_root(sandbox->config) : NULL;
	const char *version = kin_node_attribute(config, "version");
	const struct alias *alias;
	const struct child *child;

	kin_generator_open(g, "state");
	if (version)
		kin_generator_attribute(g, "version", version);
	generate_own_accounts(g, sandbox, details);
	DL_FOREACH (sandbox->children, child)
		if (child->state != CHILD_ABANDONED)
			generate_child(g, child, details);
	for (alias = sandbox->aliases; alias; alias = alias->hh.next) {
		kin_generator_open(g, "alias");
		kin_generator_attribute(g, "name", alias->name);
		kin_generator_attribute(g, "child", alias->child);
		kin_generator_close(g);
	}
	kin_generator_close(g);
}

/* Budgets; see the header. */
#include "engine/budget.h"

#include <kin/number.h>
#include <utlist.h>

#include "engine/environment.h"
#include "engine/forward.h"
#include "engine/sandbox.h"
#include "engine/start.h"

/* What a downgrade leaves a child to live on, and how often it looks again at what there is. */
#define DOWNGRADE_KEEP_RAM     (16 * 1024)
#define DOWNGRADE_KEEP_CAPS    5
#define DOWNGRADE_ATTEMPTS_MAX 4

struct resource_kind {
	const char *name;      /* of <resource> */
	const char *attribute; /* of <start> and <default> */
	const char *title;     /* for messages */
};

static const struct resource_kind ram_kind = { "RAM", "ram", "RAM" };
static const struct resource_kind cap_kind = { "CAP", "caps", "cap" };

/*
 * What the config says
 */

static const struct kin_node *resource_node(const struct kin_node *parent, const char *name)
{
	const struct kin_node *last = NULL;

	KIN_NODE_FOREACH (node, parent, "resource") {
		const char *given = kin_node_attribute(node, "name");

		if (given && strcmp(given, name) == 0)
			last = node;
	}
	return last;
}

/* Return: 0 if there is no number; a malformed one is as good as none */
static uint64_t configured(struct child *child, const struct resource_kind *kind, bool aloud)
{
	const struct sandbox *sandbox = child->sandbox;
	const struct kin_node *element = resource_node(child->start, kind->name);
	uint64_t amount = 0;

	if (element && kin_node_read_number(element, "quantum", &amount) == 0) {
		if (aloud && kin_node_has(child->start, kind->attribute))
			owner_log(sandbox->owner, OWNER_WARNING,
				"%s: ambiguous %s-quota definition", child->name, kind->title);
		return amount;
	}
	if (kin_node_read_number(child->start, kind->attribute, &amount) == 0)
		return amount;
	return kin_node_number(sandbox->globals.defaults, kind->attribute, 0);
}

static void configure(struct child *child)
{
	const struct owner *owner = child->sandbox->owner;
	struct quota before = child->said;
	struct quota now = { configured(child, &ram_kind, false),
		configured(child, &cap_kind, false) };
	bool changed = now.ram != before.ram || now.caps != before.caps || !child->known_quota;

	if (!changed)
		return;
	child->said = child->configured = now;
	child->known_quota = true;
	configured(child, &ram_kind, true);
	configured(child, &cap_kind, true);
	if (!now.ram)
		owner_log(owner, OWNER_WARNING, "%s: no valid RAM quota defined", child->name);
	if (!now.caps)
		owner_log(owner, OWNER_WARNING, "%s: no valid cap quota defined", child->name);
	child->told_short = false;
}

/* What children have already is not ours to keep. */
static void check_preserved(struct sandbox *sandbox)
{
	const struct owner *owner = sandbox->owner;
	struct quota preserve = sandbox->globals.preserve;
	struct account_info info = { { 0, 0 }, { 0, 0 } };

	if (sandbox->globals.told_preserve)
		return;
	sandbox->globals.told_preserve = true;
	if (owner->accounts->info(owner->ctx, OWNER_SELF, &info))
		owner_log(owner, OWNER_ERROR, "own account can't be read");
	if (preserve.ram > info.quota.ram - info.used.ram)
		owner_log(owner, OWNER_WARNING, "RAM preservation exceeds available memory");
	if (preserve.caps > info.quota.caps - info.used.caps)
		owner_log(owner, OWNER_WARNING, "cap preservation exceeds available caps");
}

void budget_configure(struct sandbox *sandbox)
{
	struct child *child;

	check_preserved(sandbox);
	DL_FOREACH (sandbox->children, child)
		configure(child);
}

/*
 * Promises
 */

static void promise(struct child *child, struct quota amount)
{
	struct sandbox *sandbox = child->sandbox;

	sandbox->promised = quota_less(sandbox->promised, child->promised);
	child->promised = amount;
	sandbox->promised.ram += amount.ram;
	sandbox->promised.caps += amount.caps;
}

void budget_adopted(struct child *child)
{
	promise(child, environment_cost_after_pd());
}

static struct quota excess(const struct child *child)
{
	return quota_less(child->assigned, child->configured);
}

/* What changed meanwhile could not be followed without an account. */
void budget_started(struct child *child)
{
	promise(child, (struct quota){ ENVIRONMENT_CHILD_BYTES, 0 });
	if (child->sandbox->short_of || !quota_is_zero(excess(child)))
		sandbox_resettle(child->sandbox);
}

void budget_settled(struct child *child)
{
	promise(child, (struct quota){ 0, 0 });
}

static struct quota available(const struct sandbox *sandbox)
{
	const struct owner *owner = sandbox->owner;
	struct account_info info = { { 0, 0 }, { 0, 0 } };
	struct quota kept =
		quota_sum(forward_held(sandbox), (struct quota){ sandbox->kept_bytes, 0 });

	owner->accounts->info(owner->ctx, OWNER_SELF, &info);
	return quota_less(quota_less(quota_less(info.quota, info.used), sandbox->globals.preserve),
		quota_sum(sandbox->promised, kept));
}

int budget_give(struct child *child, struct quota amount)
{
	const struct owner *owner = child->sandbox->owner;
	struct quota_edge edge = { OWNER_SELF, child->account, amount };
	int r = child->adopted ? owner->accounts->transfer(owner->ctx, &edge, 1) : KIN_INVALID;

	if (r)
		return r;
	child->assigned.ram += amount.ram;
	child->assigned.caps += amount.caps;
	child->wanted = (struct quota){ 0, 0 };
	child_post(child, CHILD_EVENT_RESOURCE);
	report_changed(child->sandbox);
	return 0;
}

/* What it holds of others' donations is theirs. */
int budget_take(struct child *child, struct quota amount)
{
	const struct owner *owner = child->sandbox->owner;
	struct quota_edge edge = { child->account, OWNER_SELF, amount };

	if (!child->adopted)
		return KIN_INVALID;
	struct quota given = environment_effective(child);

	if (!quota_covers(given, amount))
		return KIN_EXCEEDED;
	int r = owner->accounts->transfer(owner->ctx, &edge, 1);

	if (r)
		return r;
	child->assigned = quota_less(child->assigned, amount);
	report_changed(child->sandbox);
	return 0;
}

/*
 * Taking
 */

static bool has_account(const struct child *child)
{
	return child->adopted && (child->state == CHILD_ALIVE || child->state == CHILD_INCOMPLETE);
}

static struct quota spare(const struct child *child)
{
	const struct owner *owner = child->sandbox->owner;
	struct quota keep = { DOWNGRADE_KEEP_RAM, DOWNGRADE_KEEP_CAPS };
	struct account_info info;

	if (owner->accounts->info(owner->ctx, child->account, &info))
		return (struct quota){ 0, 0 };
	return quota_less(quota_less(info.quota, info.used), keep);
}

/* Return: whether it gave anything */
static bool downgrade(struct child *child)
{
	bool any = false;

	for (int i = 0; i < DOWNGRADE_ATTEMPTS_MAX; i++) {
		struct quota take = quota_least(
			quota_least(excess(child), spare(child)), environment_effective(child));

		if (quota_is_zero(take))
			break;
		if (budget_take(child, take) == 0) {
			any = true;
			break;
		}
	}
	return any;
}

/* Only what was not asked for already. */
static void ask_for_rest(struct child *child)
{
	struct quota rest = excess(child);

	if (!quota_is_zero(rest) &&
		(rest.ram != child->yield.ram || rest.caps != child->yield.caps))
		child_yield(child, rest);
}

void budget_yielded(struct child *child)
{
	if (!has_account(child) || quota_is_zero(excess(child)) || !downgrade(child))
		return;
	if (child->sandbox->short_of)
		sandbox_resettle(child->sandbox);
	ask_for_rest(child);
}

/*
 * Giving
 */

/* Also one that waits for its PD: then the rest follows when it has started. */
static bool is_short(const struct child *child)
{
	return (child->state == CHILD_ALIVE || child->state == CHILD_INCOMPLETE) && !child->stuck &&
	       (!child->failed || child->unfunded) &&
	       !quota_is_zero(quota_less(child->configured, child->assigned));
}

static void tell_short(
	struct child *child, const struct resource_kind *kind, uint64_t wanted, uint64_t given)
{
	char text[KIN_NUMBER_TEXT_MAX];

	if (given >= wanted || child->told_short)
		return;
	owner_log(child->sandbox->owner, OWNER_WARNING,
		"%s: configured %s exceeds available %s, proceed with %s", child->name, kind->title,
		kind->title, kin_number_print(text, given));
	child_note(child, HISTORY_QUOTA, "it shall have %s %s more than there is", kind->title,
		kin_number_print(text, wanted - given));
}

static bool suffices(
	struct child *child, const struct resource_kind *kind, uint64_t given, uint64_t cost)
{
	char text[KIN_NUMBER_TEXT_MAX], cost_text[KIN_NUMBER_TEXT_MAX];

	if (given > cost)
		return true;
	if (!child->told_short)
		owner_log(child->sandbox->owner, OWNER_ERROR,
			"%s: %s quota of %s leaves nothing beyond the %s that its environment "
			"costs",
			child->name, kind->title, kin_number_print(text, given),
			kin_number_print(cost_text, cost));
	return false;
}

/* Return: whether the quota is one to start with */
static bool fund(struct child *child, struct quota left)
{
	struct quota want = child->configured, give = quota_least(want, left);
	struct quota cost = environment_cost();

	if (!want.ram || !want.caps)
		return false;
	tell_short(child, &ram_kind, want.ram, give.ram);
	tell_short(child, &cap_kind, want.caps, give.caps);
	bool ram = suffices(child, &ram_kind, give.ram, cost.ram);
	bool caps = suffices(child, &cap_kind, give.caps, cost.caps);

	child->told_short = give.ram < want.ram || give.caps < want.caps || !ram || !caps;
	if (!ram || !caps)
		return false;
	child->assigned = give;
	promise(child, give);
	return true;
}

static bool is_new(const struct child *child)
{
	return child->state == CHILD_INCOMPLETE && !child->stuck && !child->adopted &&
	       !child->starting && quota_is_zero(child->promised) &&
	       (!child->failed || child->unfunded);
}

/* Until it has its quota, nobody need wait for its services. Return: what it got */
static struct quota fund_new(struct child *child, struct quota left)
{
	bool funded = fund(child, left), before = child->unfunded;

	child->unfunded = child->failed = !funded;
	if (funded && before)
		start_provide(child);
	if (!funded && !before) {
		services_retract_all(&child->sandbox->services, child);
		services_withdraw(child);
		child_note(child, HISTORY_FAILED, "there is no valid quota for it");
		report_urgent(child->sandbox);
	}
	return funded ? child->assigned : (struct quota){ 0, 0 };
}

static struct quota upgrade(struct child *child, struct quota left)
{
	struct quota want = child->configured;
	struct quota more = quota_least(quota_less(want, child->assigned), left);

	if (!has_account(child))
		return (struct quota){ 0, 0 };
	if (!quota_is_zero(more) && budget_give(child, more) != 0)
		more = (struct quota){ 0, 0 };
	tell_short(child, &ram_kind, want.ram, child->assigned.ram);
	tell_short(child, &cap_kind, want.caps, child->assigned.caps);
	child->told_short = is_short(child);
	return more;
}

static void take_all(struct sandbox *sandbox)
{
	struct child *child;

	DL_FOREACH (sandbox->children, child) {
		if (!has_account(child) || quota_is_zero(excess(child)))
			continue;
		downgrade(child);
		ask_for_rest(child);
	}
}

void budget_balance(struct sandbox *sandbox)
{
	struct quota left, given;
	bool asked = false; /* what is left */
	struct child *child;

	sandbox->resettle = sandbox->short_of = false;
	take_all(sandbox);
	DL_FOREACH (sandbox->children, child) {
		if (!is_short(child) && !is_new(child))
			continue;
		if (!asked)
			left = available(sandbox);
		asked = true;
		given = is_new(child) ? fund_new(child, left) : upgrade(child, left);
		left = quota_less(left, given);
		sandbox->short_of = sandbox->short_of || is_short(child);
	}
}

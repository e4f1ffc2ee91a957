/* Quota ledger; see the header. */
#include "engine/ledger.h"

#include <assert.h>
#include <utlist.h>

/* Comparing with what is left, instead of adding up, is what keeps every amount from wrapping. */
static struct quota quota_minus(struct quota a, struct quota b)
{
	assert(quota_covers(a, b));
	return (struct quota){ a.ram - b.ram, a.caps - b.caps };
}

static struct quota quota_plus(struct quota a, struct quota b)
{
	assert(b.ram <= UINT64_MAX - a.ram && b.caps <= UINT64_MAX - a.caps);
	return (struct quota){ a.ram + b.ram, a.caps + b.caps };
}

void ledger_init(struct ledger *ledger, struct account *root, struct quota total)
{
	account_init(root);
	root->ledger = ledger;
	root->quota = total;
	*ledger = (struct ledger){ .root = root, .total = total };
}

static uint64_t caps_of_children(const struct account *account)
{
	const struct account *child;
	uint64_t sum = 0;

	DL_FOREACH (account->children, child)
		sum += child->quota.caps + child->caps_below;
	return sum;
}

void ledger_check(const struct ledger *ledger)
{
	struct quota sum = { 0, 0 };

	for (const struct account *a = ledger->root; a; a = account_next(a)) {
		assert(a->ledger == ledger);
		assert(a->caps_below == caps_of_children(a));
		assert(quota_covers(a->quota, a->used));
		sum = quota_plus(sum, a->quota);
	}
	assert(sum.ram == ledger->total.ram && sum.caps == ledger->total.caps);
}

static int edge_apply(const struct ledger_edge *edge)
{
	if (edge->from->reference != edge->to && edge->to->reference != edge->from)
		return KIN_INVALID;
	if (!quota_covers(account_available(edge->from), edge->amount))
		return KIN_EXCEEDED;
	edge->from->quota = quota_minus(edge->from->quota, edge->amount);
	edge->to->quota = quota_plus(edge->to->quota, edge->amount);
	if (edge->to->reference == edge->from)
		edge->from->caps_below += edge->amount.caps;
	else
		edge->to->caps_below -= edge->amount.caps;
	return 0;
}

void ledger_revert(const struct ledger_edge *edges, size_t n_edges)
{
	while (n_edges--) {
		struct ledger_edge back = { edges[n_edges].to, edges[n_edges].from,
			edges[n_edges].amount };

		int r = edge_apply(&back);
		assert(r == 0);
	}
}

int ledger_transact(const struct ledger_edge *edges, size_t n_edges)
{
	for (size_t i = 0; i < n_edges; i++) {
		int r = edge_apply(&edges[i]);

		if (r) {
			ledger_revert(edges, i);
			return r;
		}
	}
	return 0;
}

void account_init(struct account *account)
{
	*account = (struct account){ .quota = { 0, 0 } };
}

int account_attach(struct account *account, struct account *reference)
{
	unsigned depth = 1;

	for (const struct account *a = reference; a; a = a->reference)
		depth++;
	if (account->ledger || !reference->ledger || depth > LEDGER_DEPTH_MAX)
		return KIN_INVALID;
	account->ledger = reference->ledger;
	account->reference = reference;
	DL_APPEND(reference->children, account);
	return 0;
}

void account_done(struct account *account)
{
	struct account *heir = account->reference, *child;

	if (!heir) {
		assert(!account->children);
		account_init(account);
		return;
	}
	DL_FOREACH (account->children, child)
		child->reference = heir;
	DL_DELETE(heir->children, account);
	DL_CONCAT(heir->children, account->children);
	heir->quota = quota_plus(heir->quota, account->quota);
	heir->caps_below -= account->quota.caps;
	account_init(account);
}

struct quota account_available(const struct account *account)
{
	return quota_minus(account->quota, account->used);
}

int account_charge(struct account *account, struct quota amount)
{
	struct quota available = account_available(account);

	if (amount.ram > available.ram)
		return KIN_OUT_OF_RAM;
	if (amount.caps > available.caps)
		return KIN_OUT_OF_CAPS;
	account->used = quota_plus(account->used, amount);
	return 0;
}

void account_uncharge(struct account *account, struct quota amount)
{
	account->used = quota_minus(account->used, amount);
}

struct account *account_next(const struct account *account)
{
	if (account->children)
		return account->children;
	while (account && !account->next)
		account = account->reference;
	return account ? account->next : NULL;
}

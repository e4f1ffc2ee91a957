/*
 * Histories of a ledger: accounts come, move quota along lists of edges, and go. Refused lists have
 * changed nothing, reverted ones neither, and ledger_check() holds after each step.
 */
#include "engine/ledger.h"
#include "fuzz/input.h"

#define ACCOUNTS  12 /* the first is the root */
#define EDGES_MAX 8

struct history {
	struct input in;
	struct ledger ledger;
	struct account accounts[ACCOUNTS];
};

static struct account *some_account(struct history *h)
{
	return &h->accounts[input_below(&h->in, ACCOUNTS)];
}

static struct quota some_quota(struct history *h)
{
	return (struct quota){ input_number(&h->in), input_number(&h->in) };
}

static void quotas_of(const struct history *h, struct quota ret[ACCOUNTS])
{
	for (size_t i = 0; i < ACCOUNTS; i++)
		ret[i] = h->accounts[i].quota;
}

static void assert_quotas(const struct history *h, const struct quota want[ACCOUNTS])
{
	for (size_t i = 0; i < ACCOUNTS; i++)
		assert(h->accounts[i].quota.ram == want[i].ram &&
			h->accounts[i].quota.caps == want[i].caps);
}

static void step_transact(struct history *h)
{
	struct ledger_edge edges[EDGES_MAX];
	struct quota before[ACCOUNTS];
	uint8_t head = input_byte(&h->in);
	size_t n = head % (EDGES_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		struct account *from = some_account(h), *to = some_account(h);

		if (head & 0x40) /* along an edge that there is */
			to = from->reference ? from->reference : to;
		if (head & 0x20)
			edges[i] = (struct ledger_edge){ to, from, some_quota(h) };
		else
			edges[i] = (struct ledger_edge){ from, to, some_quota(h) };
	}
	quotas_of(h, before);
	int r = ledger_transact(edges, n);

	assert(r == 0 || r == KIN_EXCEEDED || r == KIN_INVALID);
	if (r == 0 && head & 0x80)
		ledger_revert(edges, n);
	if (r || head & 0x80)
		assert_quotas(h, before);
}

static void step_attach(struct history *h)
{
	struct account *account = some_account(h), *reference = some_account(h);
	bool possible = !account->ledger && reference->ledger;

	if (account == reference) /* nobody has one account twice */
		return;
	assert((account_attach(account, reference) == 0) == possible);
}

static void step_done(struct history *h)
{
	struct account *account = some_account(h), *heir = account->reference;
	struct quota quota = account->quota, had = heir ? heir->quota : quota;

	if (account == h->accounts)
		return;
	account_done(account);
	if (heir)
		assert(heir->quota.ram == had.ram + quota.ram &&
			heir->quota.caps == had.caps + quota.caps);
	assert(!account->ledger && !account->quota.ram && !account->children);
}

static void step_charge(struct history *h)
{
	struct account *account = some_account(h);
	struct quota amount = some_quota(h), before = account->used;
	int r = account_charge(account, amount);

	assert(r == 0 || r == KIN_OUT_OF_RAM || r == KIN_OUT_OF_CAPS);
	if (r == 0 && input_byte(&h->in) % 2)
		account_uncharge(account, amount);
	else if (r == 0)
		return;
	assert(account->used.ram == before.ram && account->used.caps == before.caps);
}

static void step_uncharge(struct history *h)
{
	struct account *account = some_account(h);

	account_uncharge(account, account->used);
	struct quota available = account_available(account);

	assert(available.ram == account->quota.ram && available.caps == account->quota.caps);
}

static void (*const steps[])(struct history *h) = { step_transact, step_transact, step_transact,
	step_attach, step_done, step_charge, step_uncharge };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct history h = { .in = { data, data + size } };

	ledger_init(&h.ledger, &h.accounts[0], some_quota(&h));
	for (size_t i = 1; i < ACCOUNTS; i++)
		account_init(&h.accounts[i]);
	while (input_left(&h.in)) {
		steps[input_below(&h.in, N(steps))](&h);
		ledger_check(&h.ledger);
	}
	for (size_t i = 1; i < ACCOUNTS; i++)
		account_done(&h.accounts[i]);
	ledger_check(&h.ledger);
	assert(h.accounts[0].quota.ram == h.ledger.total.ram);
	assert(h.accounts[0].quota.caps == h.ledger.total.caps);
	return 0;
}

/* Unit tests of the quota ledger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ledger.h"

#define QUOTA(ram, caps) ((struct quota){ (ram), (caps) })

static void assert_quota(struct quota quota, uint64_t ram, uint64_t caps)
{
	assert_int_equal(quota.ram, ram);
	assert_int_equal(quota.caps, caps);
}

/* core owns 100 bytes and 10 caps; a and b are its children, c is a's. */
struct tree {
	struct ledger ledger;
	struct account core, a, b, c;
};

static void tree_init(struct tree *t)
{
	ledger_init(&t->ledger, &t->core, QUOTA(100, 10));
	account_init(&t->a);
	account_init(&t->b);
	account_init(&t->c);
	assert_int_equal(account_attach(&t->a, &t->core), 0);
	assert_int_equal(account_attach(&t->b, &t->core), 0);
	assert_int_equal(account_attach(&t->c, &t->a), 0);
}

static int move(struct account *from, struct account *to, uint64_t ram, uint64_t caps)
{
	struct ledger_edge edge = { from, to, { ram, caps } };

	return ledger_transact(&edge, 1);
}

static void quota_moves_along_references_in_both_directions(void **state)
{
	struct tree t;

	tree_init(&t);
	assert_int_equal(move(&t.core, &t.a, 60, 6), 0);
	assert_int_equal(move(&t.a, &t.c, 20, 2), 0);
	assert_int_equal(move(&t.c, &t.a, 5, 1), 0);
	assert_quota(t.core.quota, 40, 4);
	assert_quota(t.a.quota, 45, 5);
	assert_quota(t.c.quota, 15, 1);
	ledger_check(&t.ledger);
}

static void transfers_between_unrelated_accounts_are_invalid(void **state)
{
	struct tree t;
	struct account detached;

	tree_init(&t);
	account_init(&detached);
	assert_int_equal(move(&t.a, &t.b, 0, 0), KIN_INVALID);
	assert_int_equal(move(&t.core, &t.c, 1, 0), KIN_INVALID);
	assert_int_equal(move(&t.core, &t.core, 0, 0), KIN_INVALID);
	assert_int_equal(move(&t.core, &detached, 0, 0), KIN_INVALID);
	assert_int_equal(move(&detached, &t.core, 0, 0), KIN_INVALID);
}

static void a_failed_edge_undoes_all_earlier_ones(void **state)
{
	struct tree t;

	tree_init(&t);
	struct ledger_edge exceeding[] = { { &t.core, &t.a, { 60, 6 } }, { &t.a, &t.c, { 60, 6 } },
		{ &t.c, &t.a, { 1, 7 } } };
	struct ledger_edge unrelated[] = { { &t.core, &t.a, { 60, 6 } }, { &t.a, &t.b, { 1, 1 } } };

	assert_int_equal(ledger_transact(exceeding, 3), KIN_EXCEEDED);
	assert_int_equal(ledger_transact(unrelated, 2), KIN_INVALID);
	assert_quota(t.core.quota, 100, 10);
	assert_quota(t.a.quota, 0, 0);
	assert_quota(t.c.quota, 0, 0);
}

static void what_is_used_can_not_be_given_away(void **state)
{
	struct tree t;

	tree_init(&t);
	move(&t.core, &t.a, 10, 2);
	assert_int_equal(account_charge(&t.a, QUOTA(8, 0)), 0);
	assert_int_equal(move(&t.a, &t.core, 3, 0), KIN_EXCEEDED);
	assert_int_equal(move(&t.a, &t.core, 2, 0), 0);
	account_uncharge(&t.a, QUOTA(8, 0));
	assert_int_equal(move(&t.a, &t.core, 8, 0), 0);
}

static void charges_name_the_resource_that_is_missing(void **state)
{
	struct tree t;

	tree_init(&t);
	move(&t.core, &t.a, 10, 2);
	assert_int_equal(account_charge(&t.a, QUOTA(11, 0)), KIN_OUT_OF_RAM);
	assert_int_equal(account_charge(&t.a, QUOTA(0, 3)), KIN_OUT_OF_CAPS);
	assert_int_equal(account_charge(&t.a, QUOTA(10, 3)), KIN_OUT_OF_CAPS);
	assert_quota(t.a.used, 0, 0);
	assert_int_equal(account_charge(&t.a, QUOTA(10, 2)), 0);
	assert_quota(account_available(&t.a), 0, 0);
}

static void huge_amounts_never_wrap(void **state)
{
	struct tree t;

	tree_init(&t);
	move(&t.core, &t.a, 10, 2);
	assert_int_equal(account_charge(&t.a, QUOTA(1, 1)), 0);
	assert_int_equal(account_charge(&t.a, QUOTA(UINT64_MAX, 0)), KIN_OUT_OF_RAM);
	assert_int_equal(account_charge(&t.a, QUOTA(0, UINT64_MAX)), KIN_OUT_OF_CAPS);
	assert_int_equal(move(&t.core, &t.a, UINT64_MAX, 0), KIN_EXCEEDED);
	assert_int_equal(move(&t.core, &t.a, 0, UINT64_MAX - 1), KIN_EXCEEDED);
	ledger_check(&t.ledger);
}

static void an_account_is_attached_once_to_an_attached_one(void **state)
{
	struct tree t;
	struct account x, y;

	tree_init(&t);
	account_init(&x);
	account_init(&y);
	assert_int_equal(account_attach(&x, &y), KIN_INVALID);
	assert_int_equal(account_attach(&x, &x), KIN_INVALID);
	assert_int_equal(account_attach(&t.core, &t.a), KIN_INVALID);
	assert_int_equal(account_attach(&t.a, &t.c), KIN_INVALID);
	assert_int_equal(account_attach(&t.a, &t.b), KIN_INVALID);
}

static void the_tree_is_at_most_LEDGER_DEPTH_MAX_deep(void **state)
{
	struct ledger ledger;
	struct account accounts[LEDGER_DEPTH_MAX + 1];

	ledger_init(&ledger, &accounts[0], QUOTA(1, 1));
	for (int i = 1; i <= LEDGER_DEPTH_MAX; i++) {
		account_init(&accounts[i]);
		assert_int_equal(account_attach(&accounts[i], &accounts[i - 1]),
			i < LEDGER_DEPTH_MAX ? 0 : KIN_INVALID);
	}
}

static void all_of_a_destroyed_account_goes_to_its_reference(void **state)
{
	struct tree t;

	tree_init(&t);
	move(&t.core, &t.a, 60, 6);
	move(&t.a, &t.c, 20, 2);
	account_charge(&t.a, QUOTA(30, 3));
	account_done(&t.a);
	assert_quota(t.core.quota, 80, 8);
	assert_ptr_equal(t.c.reference, &t.core);
	ledger_check(&t.ledger);
	assert_int_equal(move(&t.c, &t.core, 20, 2), 0);
	assert_null(t.a.ledger);
	assert_int_equal(account_attach(&t.a, &t.c), 0);
}

static void a_walk_visits_each_account_once_parents_first(void **state)
{
	struct tree t;

	tree_init(&t);
	assert_ptr_equal(account_next(&t.core), &t.a);
	assert_ptr_equal(account_next(&t.a), &t.c);
	assert_ptr_equal(account_next(&t.c), &t.b);
	assert_null(account_next(&t.b));
}

/* A random walk beside a model that knows nothing but arrays of numbers. */
#define WALK_ACCOUNTS 24
#define WALK_STEPS    1000000

struct walk {
	struct ledger ledger;
	struct account accounts[WALK_ACCOUNTS];
	struct quota quota[WALK_ACCOUNTS], used[WALK_ACCOUNTS];
	int reference[WALK_ACCOUNTS]; /* -1: detached */
	uint64_t random;
};

static uint64_t walk_random(struct walk *w, uint64_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % below;
}

/* Mostly what an account has, sometimes more. */
static struct quota walk_amount(struct walk *w, struct quota whole)
{
	return QUOTA(walk_random(w, 1 + whole.ram + whole.ram / 8),
		walk_random(w, 1 + whole.caps + whole.caps / 8));
}

static int model_edge(
	const struct walk *w, struct quota quota[WALK_ACCOUNTS], int from, int to, struct quota q)
{
	if (from == to || (w->reference[from] != to && w->reference[to] != from))
		return KIN_INVALID;
	if (quota[from].ram - w->used[from].ram < q.ram ||
		quota[from].caps - w->used[from].caps < q.caps)
		return KIN_EXCEEDED;
	quota[from] = QUOTA(quota[from].ram - q.ram, quota[from].caps - q.caps);
	quota[to] = QUOTA(quota[to].ram + q.ram, quota[to].caps + q.caps);
	return 0;
}

static void walk_transact(struct walk *w)
{
	struct ledger_edge edges[4];
	size_t n = 1 + walk_random(w, 4);
	struct quota quota[WALK_ACCOUNTS];
	int expected = 0;

	memcpy(quota, w->quota, sizeof(quota));
	for (size_t i = 0; i < n; i++) {
		int from = (int) walk_random(w, WALK_ACCOUNTS), to = w->reference[from];

		if (to < 0 || walk_random(w, 50) == 0)
			to = (int) walk_random(w, WALK_ACCOUNTS);
		if (walk_random(w, 2)) {
			int swap = from;

			from = to;
			to = swap;
		}
		edges[i] = (struct ledger_edge){ &w->accounts[from], &w->accounts[to],
			walk_amount(w, quota[from]) };
		if (!expected)
			expected = model_edge(w, quota, from, to, edges[i].amount);
	}
	assert_int_equal(ledger_transact(edges, n), expected);
	if (!expected)
		memcpy(w->quota, quota, sizeof(quota));
}

static void walk_charge(struct walk *w)
{
	int i = (int) walk_random(w, WALK_ACCOUNTS), expected = 0;
	struct quota left =
		QUOTA(w->quota[i].ram - w->used[i].ram, w->quota[i].caps - w->used[i].caps);
	struct quota amount = walk_amount(w, left);

	if (amount.ram > left.ram)
		expected = KIN_OUT_OF_RAM;
	else if (amount.caps > left.caps)
		expected = KIN_OUT_OF_CAPS;
	assert_int_equal(account_charge(&w->accounts[i], amount), expected);
	if (!expected)
		w->used[i] = QUOTA(w->used[i].ram + amount.ram, w->used[i].caps + amount.caps);
	if (walk_random(w, 2) == 0) {
		account_uncharge(&w->accounts[i], w->used[i]);
		w->used[i] = QUOTA(0, 0);
	}
}

static void walk_attach(struct walk *w)
{
	int i = (int) walk_random(w, WALK_ACCOUNTS), to = (int) walk_random(w, WALK_ACCOUNTS);
	bool attached = i == 0 || w->reference[i] >= 0;
	bool reachable = to == 0 || w->reference[to] >= 0;

	assert_int_equal(account_attach(&w->accounts[i], &w->accounts[to]),
		!attached && reachable && i != to ? 0 : KIN_INVALID);
	if (!attached && reachable && i != to)
		w->reference[i] = to;
}

static void walk_destroy(struct walk *w)
{
	int gone = 1 + (int) walk_random(w, WALK_ACCOUNTS - 1), heir = w->reference[gone];

	account_done(&w->accounts[gone]);
	if (heir >= 0)
		w->quota[heir] = QUOTA(w->quota[heir].ram + w->quota[gone].ram,
			w->quota[heir].caps + w->quota[gone].caps);
	w->quota[gone] = w->used[gone] = QUOTA(0, 0);
	for (int i = 0; i < WALK_ACCOUNTS; i++)
		if (w->reference[i] == gone)
			w->reference[i] = heir;
	w->reference[gone] = -1;
}

static void walk_compare(const struct walk *w)
{
	ledger_check(&w->ledger);
	for (int i = 0; i < WALK_ACCOUNTS; i++) {
		const struct account *a = &w->accounts[i];
		int reference = a->reference ? (int) (a->reference - w->accounts) : -1;

		assert_quota(a->quota, w->quota[i].ram, w->quota[i].caps);
		assert_quota(a->used, w->used[i].ram, w->used[i].caps);
		assert_int_equal(reference, w->reference[i]);
	}
}

static void a_million_random_steps_agree_with_a_model(void **state)
{
	const char *seed = getenv("KIN_TEST_SEED");
	struct walk *w = calloc(1, sizeof(*w));

	w->random = seed ? strtoull(seed, NULL, 0) : 0x9e3779b97f4a7c15;
	print_message("seed %llu\n", (unsigned long long) w->random);
	for (int i = 0; i < WALK_ACCOUNTS; i++) {
		account_init(&w->accounts[i]);
		w->reference[i] = -1;
	}
	w->quota[0] = QUOTA(1u << 30, 1u << 20);
	ledger_init(&w->ledger, &w->accounts[0], w->quota[0]);
	for (int step = 0; step < WALK_STEPS; step++) {
		uint64_t what = walk_random(w, 100);

		if (what < 70)
			walk_transact(w);
		else if (what < 90)
			walk_charge(w);
		else if (what < 98)
			walk_attach(w);
		else
			walk_destroy(w);
		walk_compare(w);
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quota_moves_along_references_in_both_directions),
		cmocka_unit_test(transfers_between_unrelated_accounts_are_invalid),
		cmocka_unit_test(a_failed_edge_undoes_all_earlier_ones),
		cmocka_unit_test(what_is_used_can_not_be_given_away),
		cmocka_unit_test(charges_name_the_resource_that_is_missing),
		cmocka_unit_test(huge_amounts_never_wrap),
		cmocka_unit_test(an_account_is_attached_once_to_an_attached_one),
		cmocka_unit_test(the_tree_is_at_most_LEDGER_DEPTH_MAX_deep),
		cmocka_unit_test(all_of_a_destroyed_account_goes_to_its_reference),
		cmocka_unit_test(a_walk_visits_each_account_once_parents_first),
		cmocka_unit_test(a_million_random_steps_agree_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

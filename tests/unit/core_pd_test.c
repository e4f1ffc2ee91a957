/* Unit tests of core's PD service, as far as no process is needed. */
#include "core_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/tree.h"
#include "ipc/channel.h"
#include "ipc/signal.h"

static void assert_account(
	struct pd *pd, uint64_t quota, uint64_t used, uint64_t caps, uint64_t caps_used)
{
	struct pd_account_reply reply;

	assert_int_equal(core_pd_account(pd, &(struct pd_account_request){ 0 }, &reply), 0);
	assert_int_equal(reply.ram_quota, quota);
	assert_int_equal(reply.ram_used, used);
	assert_int_equal(reply.cap_quota, caps);
	assert_int_equal(reply.cap_used, caps_used);
}

static int transfer(struct pd *pd, uint32_t from, uint32_t to, uint64_t ram, uint64_t caps)
{
	struct pd_transfer_request request = { 1, { { from, to, ram, caps } } };

	return core_pd_transfer(pd, &request, NULL);
}

static int release(struct pd *pd, uint32_t id)
{
	return core_pd_free(pd, &(struct pd_free_request){ id }, NULL);
}

/* Objects */

static void what_a_payer_freed_before_a_transfer_counts(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_signal_reply signal;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 8192, 1, &cap, &account);

	assert_int_equal(core_pd_alloc_signal(pd, NULL, &signal), 0);
	close(signal.signal);
	assert_int_equal(transfer(&f->services.root, account, 0, 0, 1), KIN_EXCEEDED);
	/* The message lies in the channel, core's loop has not seen it. */
	assert_int_equal(pd_free(cap, &(struct pd_free_request){ signal.id }), 0);
	assert_int_equal(transfer(&f->services.root, account, 0, 0, 1), 0);
	assert_account(pd, 8192, 0, 0, 0);
	core_session_close(&pd->session);
	close(cap);
}

static void a_dataspace_costs_its_pages_and_a_cap(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_ram_reply ram;
	struct stat st;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 1 << 20, 10, &cap, &account);

	assert_int_equal(
		core_pd_alloc_ram(pd, &(struct pd_alloc_ram_request){ 5000, true }, &ram), 0);
	assert_account(pd, 1 << 20, 8192, 10, 1);
	assert_int_equal(fstat(ram.dataspace, &st), 0);
	assert_int_equal(st.st_size, 8192);
	assert_int_equal(fcntl(ram.read_only, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(ftruncate(ram.dataspace, 16384), -1);
	assert_int_equal(release(pd, ram.id), 0);
	assert_account(pd, 1 << 20, 0, 10, 0);
	/* Taken from whoever still holds a descriptor. */
	fstat(ram.read_only, &st);
	assert_int_equal(st.st_size, 0);
	close(ram.dataspace);
	close(ram.read_only);
	core_session_close(&pd->session);
	close(cap);
}

static void allocations_end_where_the_account_ends(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_ram_reply ram;
	struct pd_alloc_signal_reply signal;
	struct pd_alloc_rpc_reply rpc;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 8192, 1, &cap, &account);

	assert_int_equal(core_pd_alloc_ram(pd, &(struct pd_alloc_ram_request){ 8193, false }, &ram),
		KIN_OUT_OF_RAM);
	assert_int_equal(
		core_pd_alloc_ram(pd, &(struct pd_alloc_ram_request){ UINT64_MAX, false }, &ram),
		KIN_OUT_OF_RAM);
	assert_int_equal(
		core_pd_alloc_ram(pd, &(struct pd_alloc_ram_request){ 0, false }, &ram), -EINVAL);
	assert_int_equal(
		core_pd_alloc_ram(pd, &(struct pd_alloc_ram_request){ 4096, false }, &ram), 0);
	assert_int_equal(ram.read_only, 0);
	assert_int_equal(core_pd_alloc_ram(pd, &(struct pd_alloc_ram_request){ 1, false }, &ram),
		KIN_OUT_OF_CAPS);
	assert_int_equal(core_pd_alloc_signal(pd, NULL, &signal), KIN_OUT_OF_CAPS);
	assert_int_equal(core_pd_alloc_rpc(pd, NULL, &rpc), KIN_OUT_OF_RAM);
	assert_account(pd, 8192, 4096, 1, 1);
	close(ram.dataspace);
	core_session_close(&pd->session);
	close(cap);
}

static void a_freed_channel_is_dead_for_whoever_hoards_its_ends(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_rpc_reply rpc;
	uint32_t account;
	int cap;
	char byte;
	struct pd *pd = fixture_open_pd(f, "x", KIN_CHANNEL_RAM, 3, &cap, &account);

	assert_int_equal(core_pd_alloc_rpc(pd, NULL, &rpc), 0);
	assert_true(channel_check(rpc.client));
	assert_int_equal(send(rpc.client, "x", 1, 0), 1);
	assert_int_equal(recv(rpc.server, &byte, 1, 0), 1);
	assert_int_equal(release(pd, rpc.id), 0);
	assert_int_equal(send(rpc.client, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(recv(rpc.client, &byte, 1, 0), 0);
	close(rpc.server);
	close(rpc.client);
	core_session_close(&pd->session);
	close(cap);
}

static void signals_are_contexts_that_do_not_block(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_signal_reply signal;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 8192, 3, &cap, &account);

	assert_int_equal(core_pd_alloc_signal(pd, NULL, &signal), 0);
	assert_true(signal_check(signal.signal));
	signal_trigger(signal.signal);
	assert_true(signal_take(signal.signal));
	assert_account(pd, 8192, 0, 3, 1);
	close(signal.signal);
	core_session_close(&pd->session);
	close(cap);
}

static void ids_are_not_used_twice_and_name_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_signal_reply signal;
	uint32_t account, other_account, last = 0;
	int cap, other_cap;
	struct pd *pd = fixture_open_pd(f, "x", 8192, 3, &cap, &account);
	struct pd *other = fixture_open_pd(f, "y", 8192, 3, &other_cap, &other_account);

	for (int i = 0; i < 100; i++) {
		assert_int_equal(core_pd_alloc_signal(pd, NULL, &signal), 0);
		assert_true(signal.id > last);
		last = signal.id;
		close(signal.signal);
		assert_int_equal(release(other, signal.id), KIN_INVALID);
		assert_int_equal(release(pd, signal.id), 0);
		assert_int_equal(release(pd, signal.id), KIN_INVALID);
	}
	/* An account is no object, and an object no account. */
	assert_int_equal(release(&f->services.root, account), KIN_INVALID);
	assert_int_equal(core_pd_alloc_signal(&f->services.root, NULL, &signal), 0);
	assert_int_equal(transfer(&f->services.root, 0, signal.id, 1, 0), KIN_INVALID);
	close(signal.signal);
	/* Counting comes around: 0 and what is in use are left out. */
	assert_int_equal(core_pd_alloc_signal(pd, NULL, &signal), 0);
	close(signal.signal);
	pd->last_id = signal.id - 1;
	last = signal.id;
	assert_int_equal(core_pd_alloc_signal(pd, NULL, &signal), 0);
	assert_int_equal(signal.id, last + 1);
	close(signal.signal);
	pd->last_id = UINT32_MAX;
	assert_int_equal(core_pd_alloc_signal(pd, NULL, &signal), 0);
	assert_int_equal(signal.id, 1);
	close(signal.signal);
	core_session_close(&pd->session);
	core_session_close(&other->session);
	close(cap);
	close(other_cap);
}

/* Accounts */

static void who_adopts_becomes_the_reference(void **state)
{
	struct fixture *f = *state;
	struct pd *root = &f->services.root;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 1 << 20, 10, &cap, &account);

	assert_account(pd, 1 << 20, 0, 10, 0);
	assert_account(root, FIXTURE_RAM - (1 << 20), 0, FIXTURE_CAPS - 10, 0);
	assert_int_equal(transfer(root, account, 0, 4096, 1), 0);
	assert_account(pd, (1 << 20) - 4096, 0, 9, 0);
	assert_int_equal(transfer(root, account, 0, 0, 10), KIN_EXCEEDED);
	assert_int_equal(transfer(root, 0, account, FIXTURE_RAM, 0), KIN_EXCEEDED);
	assert_int_equal(transfer(root, 0, account + 1, 0, 0), KIN_INVALID);
	assert_int_equal(transfer(root, account, account, 0, 0), KIN_INVALID);
	core_session_close(&pd->session);
	close(cap);
	assert_account(root, FIXTURE_RAM, 0, FIXTURE_CAPS, 0);
	assert_int_equal(transfer(root, 0, account, 0, 0), KIN_INVALID);
}

static int adopt(struct pd *pd, int cap, uint64_t ram, uint32_t *ret_account)
{
	struct pd_adopt_request request = { cap, ram, 0 };
	struct pd_adopt_reply reply;
	int r = core_pd_adopt(pd, &request, &reply);

	if (r == 0)
		*ret_account = reply.account;
	return r;
}

static void only_a_pd_that_nobody_adopted_can_be_adopted(void **state)
{
	struct fixture *f = *state;
	struct pd *root = &f->services.root;
	uint32_t account, x_account;
	int cap, x_cap, log_cap, ends[2];
	struct pd *x = fixture_open_pd(f, "x", 1 << 20, 10, &x_cap, &x_account);
	struct core_session *log = fixture_open_session(f, "LOG", "l", &log_cap);
	struct core_session *pd = fixture_open_session(f, "PD", "y", &cap);

	assert_int_equal(channel_pair(&ends[0], &ends[1]), 0);
	assert_int_equal(adopt(root, x_cap, 0, &account), KIN_INVALID);
	assert_int_equal(adopt(x, x_cap, 0, &account), KIN_INVALID);
	assert_int_equal(adopt(root, log_cap, 0, &account), KIN_INVALID);
	assert_int_equal(adopt(root, ends[0], 0, &account), KIN_INVALID);
	assert_int_equal(adopt(root, f->output, 0, &account), KIN_INVALID);
	/* Nor by one that is not adopted itself. */
	assert_int_equal(adopt((struct pd *) pd, cap, 0, &account), KIN_INVALID);
	assert_int_equal(adopt(x, cap, 2 << 20, &account), KIN_EXCEEDED);
	assert_account(x, 1 << 20, 0, 10, 0);
	/* What failed left nothing behind. */
	assert_int_equal(adopt(x, cap, 1 << 20, &account), 0);
	assert_account(x, 0, 0, 10, 0);
	core_session_close(pd);
	core_session_close(log);
	core_session_close(&x->session);
	close(cap);
	close(x_cap);
	close(log_cap);
	close(ends[0]);
	close(ends[1]);
}

static void several_edges_move_together_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct pd *root = &f->services.root;
	uint32_t a_account, b_account;
	int a_cap, b_cap;
	struct pd *a = fixture_open_pd(f, "a", 1 << 20, 10, &a_cap, &a_account);
	struct pd *b = fixture_open_pd(f, "b", 0, 0, &b_cap, &b_account);
	struct pd_transfer_request good = { 2,
		{ { a_account, 0, 4096, 2 }, { 0, b_account, 4096, 2 } } };
	struct pd_transfer_request bad = { 3,
		{ { a_account, 0, 4096, 2 }, { 0, b_account, 4096, 2 }, { b_account, 0, 0, 5 } } };
	struct pd_transfer_request none = { 0 };

	assert_int_equal(core_pd_transfer(root, &good, NULL), 0);
	assert_account(a, (1 << 20) - 4096, 0, 8, 0);
	assert_account(b, 4096, 0, 2, 0);
	assert_int_equal(core_pd_transfer(root, &bad, NULL), KIN_EXCEEDED);
	assert_account(a, (1 << 20) - 4096, 0, 8, 0);
	assert_account(b, 4096, 0, 2, 0);
	assert_int_equal(core_pd_transfer(root, &none, NULL), 0);
	core_session_close(&a->session);
	core_session_close(&b->session);
	close(a_cap);
	close(b_cap);
}

/* root adopts a, a adopts b, b adopts c; each has an object of each kind. */
#define CHAIN 3

static void chain_open(struct fixture *f, struct pd *pds[CHAIN], int caps[CHAIN])
{
	struct pd *adopter = &f->services.root;

	for (int i = 0; i < CHAIN; i++) {
		struct pd_adopt_request request = { .ram = 1 << (20 - i), .caps = 100 >> i };
		struct pd_adopt_reply reply;
		struct pd_alloc_ram_reply ram;
		struct pd_alloc_rpc_reply rpc;
		struct pd_alloc_signal_reply signal;

		pds[i] = (struct pd *) fixture_open_session(f, "PD", "x", &caps[i]);
		request.pd = caps[i];
		assert_int_equal(core_pd_adopt(adopter, &request, &reply), 0);
		adopter = pds[i];
		assert_int_equal(core_pd_alloc_ram(
					 adopter, &(struct pd_alloc_ram_request){ 1, false }, &ram),
			0);
		assert_int_equal(core_pd_alloc_rpc(adopter, NULL, &rpc), 0);
		assert_int_equal(core_pd_alloc_signal(adopter, NULL, &signal), 0);
		close(ram.dataspace);
		close(rpc.server);
		close(rpc.client);
		close(signal.signal);
	}
}

static void pds_can_be_closed_in_any_order(void **state)
{
	static const int ORDERS[][CHAIN] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 } };
	struct fixture *f = *state;
	struct pd *pds[CHAIN];
	int caps[CHAIN];

	for (size_t i = 0; i < sizeof(ORDERS) / sizeof(*ORDERS); i++) {
		chain_open(f, pds, caps);
		ledger_check(&f->services.ledger);
		for (int j = 0; j < CHAIN; j++) {
			core_session_close(&pds[ORDERS[i][j]]->session);
			close(caps[j]);
			ledger_check(&f->services.ledger);
		}
		assert_account(&f->services.root, FIXTURE_RAM, 0, FIXTURE_CAPS, 0);
		assert_null(f->services.root.objects);
	}
}

static void all_that_is_left_is_closed_with_the_services(void **state)
{
	struct pd *pds[CHAIN];
	int caps[CHAIN];

	chain_open(*state, pds, caps);
	for (int i = 0; i < CHAIN; i++)
		close(caps[i]);
}

static int attempt_ram(void *context)
{
	struct pd_alloc_ram_reply ram;
	int r = core_pd_alloc_ram(context, &(struct pd_alloc_ram_request){ 4096, true }, &ram);

	if (r == 0) {
		close(ram.dataspace);
		close(ram.read_only);
	}
	return r;
}

static int attempt_rpc(void *context)
{
	struct pd_alloc_rpc_reply rpc;
	int r = core_pd_alloc_rpc(context, NULL, &rpc);

	if (r == 0) {
		close(rpc.server);
		close(rpc.client);
	}
	return r;
}

static int attempt_signal(void *context)
{
	struct pd_alloc_signal_reply signal;
	int r = core_pd_alloc_signal(context, NULL, &signal);

	if (r == 0)
		close(signal.signal);
	return r;
}

static int attempt_sessions(void *context)
{
	static const char *const SERVICES[] = { "PD", "CPU", "ROM", "LOG", "Timer" };
	struct core_session *sessions[5];
	int caps[5], n, r = 0;

	for (n = 0; n < 5 && r == 0; n++)
		r = fixture_session(context, SERVICES[n], "m", 65536, 9, &sessions[n], &caps[n]);
	for (n -= r ? 1 : 0; n > 0; n--) {
		core_session_close(sessions[n - 1]);
		close(caps[n - 1]);
	}
	return r;
}

static void whatever_lacks_a_descriptor_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 1 << 20, 10, &cap, &account);

	fixture_file(f, 0, "m", "x", 1);
	fixture_sweep_descriptors(f, attempt_ram, pd);
	fixture_sweep_descriptors(f, attempt_rpc, pd);
	fixture_sweep_descriptors(f, attempt_signal, pd);
	fixture_sweep_descriptors(f, attempt_sessions, f);
	core_session_close(&pd->session);
	close(cap);
}

/* As many as there can be: the client's own, and IDs that name nothing. */
static void use_accounts(void *context)
{
	int *cap = context;
	struct pd_accounts_request request = { .n_accounts = PD_ACCOUNTS_MAX };
	struct pd_accounts_reply reply;

	for (uint32_t i = 0; i < PD_ACCOUNTS_MAX - 1; i++)
		request.accounts[i].account = i + 1;
	request.accounts[PD_ACCOUNTS_MAX - 1].account = PD_ACCOUNT_SELF;
	assert_int_equal(pd_accounts(*cap, &request, &reply), 0);
	assert_int_equal(reply.n_infos, PD_ACCOUNTS_MAX);
	assert_int_equal(reply.infos[0].ram_quota, 0);
	assert_int_equal(reply.infos[PD_ACCOUNTS_MAX - 1].ram_quota, 1 << 20);
	assert_int_equal(reply.infos[PD_ACCOUNTS_MAX - 1].cap_quota, 10);
	request.n_accounts = PD_ACCOUNTS_MAX + 1;
	assert_int_equal(pd_accounts(*cap, &request, &reply), -EINVAL);
}

static void as_many_accounts_as_a_message_holds_are_told_at_once(void **state)
{
	struct fixture *f = *state;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 1 << 20, 10, &cap, &account);

	fixture_as_client(f, use_accounts, &cap);
	core_session_close(&pd->session);
	close(cap);
}

static void use_pd(void *context)
{
	int *cap = context;
	struct pd_alloc_ram_request request = { 10000, 1 };
	struct pd_alloc_ram_reply ram;
	struct pd_account_request account = { PD_ACCOUNT_SELF };
	struct pd_account_reply reply;

	assert_int_equal(pd_alloc_ram(*cap, &request, &ram), 0);
	assert_int_equal(write(ram.dataspace, "hello", 5), 5);
	assert_int_equal(pd_account(*cap, &account, &reply), 0);
	assert_int_equal(reply.ram_used, 12288);
	assert_int_equal(pd_free(*cap, &(struct pd_free_request){ ram.id }), 0);
	assert_int_equal(pd_free(*cap, &(struct pd_free_request){ ram.id }), 0);
	assert_int_equal(pd_account(*cap, &account, &reply), 0);
	assert_int_equal(reply.ram_used, 0);
	close(ram.dataspace);
	close(ram.read_only);
}

static void clients_get_the_same_over_their_channel(void **state)
{
	struct fixture *f = *state;
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(f, "x", 1 << 20, 10, &cap, &account);

	fixture_as_client(f, use_pd, &cap);
	core_session_close(&pd->session);
	close(cap);
}

static void the_tree_shows_who_has_what(void **state)
{
	struct fixture *f = *state;
	uint32_t account;
	int a_cap, b_cap, c_cap;
	struct pd *a = fixture_open_pd(f, "init", 1 << 20, 10, &a_cap, &account);
	struct core_session *b = fixture_open_session(f, "PD", "init -> shell", &b_cap);
	struct pd *c = fixture_open_pd(f, "h\xc3\xa4ndler", 8192, 2, &c_cap, &account);

	assert_int_equal(adopt(a, b_cap, 4096, &account), 0);
	core_tree_log(&f->services);
	assert_string_equal(fixture_heard(f),
		"component         RAM KiB    charged    private     caps   used  state\n"
		"core                64504          0          0      988      0  –\n"
		"├─ init              1020          0          0       10      0  not started\n"
		"│  └─ shell             4          0          0        0      0  not started\n"
		"└─ händler              8          0          0        2      0  not started\n");
	core_session_close(&c->session);
	core_session_close(b);
	core_session_close(&a->session);
	close(a_cap);
	close(b_cap);
	close(c_cap);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CORE(what_a_payer_freed_before_a_transfer_counts),
		WITH_CORE(a_dataspace_costs_its_pages_and_a_cap),
		WITH_CORE(allocations_end_where_the_account_ends),
		WITH_CORE(a_freed_channel_is_dead_for_whoever_hoards_its_ends),
		WITH_CORE(signals_are_contexts_that_do_not_block),
		WITH_CORE(ids_are_not_used_twice_and_name_nothing_else),
		WITH_CORE(as_many_accounts_as_a_message_holds_are_told_at_once),
		WITH_CORE(who_adopts_becomes_the_reference),
		WITH_CORE(only_a_pd_that_nobody_adopted_can_be_adopted),
		WITH_CORE(several_edges_move_together_or_not_at_all),
		WITH_CORE(pds_can_be_closed_in_any_order),
		WITH_CORE(all_that_is_left_is_closed_with_the_services),
		WITH_CORE(whatever_lacks_a_descriptor_leaves_nothing),
		WITH_CORE(clients_get_the_same_over_their_channel),
		WITH_CORE(the_tree_shows_who_has_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

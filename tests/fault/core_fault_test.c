/*
 * Core's services, with each allocation and each watch of a descriptor failing once
 *
 * What one request of a component makes core do is attempted again and again; whoever asks is told,
 * and no descriptor, no charge and no memory is left of a failed attempt.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/pd.h"
#include "core/rom.h"
#include "core_children.h"
#include "fault/fault.h"

static struct quota used_by_all(const struct fixture *f)
{
	struct quota sum = { 0, 0 };

	for (const struct account *a = f->services.ledger.root; a; a = account_next(a))
		sum = (struct quota){ sum.ram + a->used.ram, sum.caps + a->used.caps };
	return sum;
}

static void sweep(struct fixture *f, unsigned kinds, int (*attempt)(void *context), void *context)
{
	unsigned n = fixture_count_descriptors(), nth;
	struct quota used = used_by_all(f);

	for (nth = 1; fault_sweep(kinds, nth); nth++) {
		int r = attempt(context);
		bool failed = fault_end();

		assert_true(failed == (r != 0));
		assert_true(r == 0 || r == -ENOMEM || r == KIN_DENIED);
		graveyard_wait(f);
		assert_int_equal(fixture_count_descriptors(), n);
		assert_int_equal(used_by_all(f).ram, used.ram);
		assert_int_equal(used_by_all(f).caps, used.caps);
		ledger_check(&f->services.ledger);
	}
	print_message("%u failures\n", nth - 2);
	assert_true(nth > 2);
}

/* What an attempt has got is given back outside of it. */
static void undo_object(struct pd *pd, uint32_t id)
{
	core_pd_free(pd, &(struct pd_free_request){ id }, NULL);
}

static int attempt_ram(void *context)
{
	struct pd_alloc_ram_reply ram;
	int r = core_pd_alloc_ram(context, &(struct pd_alloc_ram_request){ 4096, true }, &ram);

	if (r == 0) {
		close(ram.dataspace);
		close(ram.read_only);
		undo_object(context, ram.id);
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
		undo_object(context, rpc.id);
	}
	return r;
}

static int attempt_signal(void *context)
{
	struct pd_alloc_signal_reply signal;
	int r = core_pd_alloc_signal(context, NULL, &signal);

	if (r == 0) {
		close(signal.signal);
		undo_object(context, signal.id);
	}
	return r;
}

static void allocations_of_a_pd_may_fail(void **state)
{
	uint32_t account;
	int cap;
	struct pd *pd = fixture_open_pd(*state, "pd", 1 << 20, 50, &cap, &account);

	sweep(*state, FAULT_ALLOC, attempt_ram, pd);
	sweep(*state, FAULT_ALLOC, attempt_rpc, pd);
	sweep(*state, FAULT_ALLOC, attempt_signal, pd);
	core_session_close(&pd->session);
	close(cap);
}

static int attempt_sessions(void *context)
{
	static const char *const services[] = { "PD", "CPU", "ROM", "LOG", "Timer" };
	struct core_session *sessions[5];
	int caps[5], n, r = 0;

	for (n = 0; n < 5 && r == 0; n++)
		r = fixture_session(context, services[n], "m", 65536, 9, &sessions[n], &caps[n]);
	for (n -= r ? 1 : 0; n > 0; n--) {
		core_session_close(sessions[n - 1]);
		close(caps[n - 1]);
	}
	return r;
}

static void sessions_may_fail(void **state)
{
	fixture_file(*state, 0, "m", "module", 6);
	sweep(*state, FAULT_ALLOC | FAULT_WATCH, attempt_sessions, *state);
}

struct adoption {
	struct fixture *f;
	struct core_session *session;
	int cap;
};

/* Only the adoption itself is put to it. */
static int attempt_adopt(void *context)
{
	struct adoption *adoption = context;
	struct pd_adopt_reply reply;

	fault_suspend();
	adoption->session = fixture_open_session(adoption->f, "PD", "child", &adoption->cap);
	fault_resume();
	int r = core_pd_adopt(&adoption->f->services.root,
		&(struct pd_adopt_request){ adoption->cap, 65536, 5 }, &reply);

	fault_suspend();
	if (r == 0)
		undo_object(&adoption->f->services.root, reply.account);
	core_session_close(adoption->session);
	close(adoption->cap);
	return r;
}

static void an_adoption_may_fail(void **state)
{
	struct adoption adoption = { .f = *state };

	sweep(*state, FAULT_ALLOC, attempt_adopt, &adoption);
}

static int attempt_start_with(void *context, unsigned threads)
{
	struct fixture *f = context;
	struct child c;

	fault_suspend();
	child_open(f, &c, "child", 8 * MIB, 20);
	c.threads = threads;
	fault_resume();
	int r = child_start(f, &c);

	fault_suspend();
	child_close(f, &c);
	return r;
}

static int attempt_start(void *context)
{
	return attempt_start_with(context, 1);
}

static int attempt_start_of_threads(void *context)
{
	return attempt_start_with(context, 4);
}

static void a_start_may_fail(void **state)
{
	child_install(*state, "child");
	sweep(*state, FAULT_ALLOC | FAULT_WATCH, attempt_start, *state);
	sweep(*state, FAULT_ALLOC | FAULT_WATCH, attempt_start_of_threads, *state);
}

/* The binary as somebody else's would be. */
static int attempt_load_and_start(void *context)
{
	struct fixture *f = context;
	char missing[KIN_NAME_MAX + 1];
	struct child c;

	fault_suspend();
	child_open(f, &c, "child", 8 * MIB, 20);
	int dataspace = open(fixture_path(f, 0, "child"), O_RDONLY | O_CLOEXEC);

	fault_resume();
	int r = child_load(f, &c, c.log_cap, dataspace, missing);

	if (r == 0)
		r = child_start(f, &c);
	fault_suspend();
	close(dataspace);
	child_close(f, &c);
	return r;
}

static void a_start_of_what_was_handed_over_may_fail(void **state)
{
	child_install(*state, "child");
	sweep(*state, FAULT_ALLOC | FAULT_WATCH, attempt_load_and_start, *state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			allocations_of_a_pd_may_fail, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(sessions_may_fail, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(an_adoption_may_fail, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(a_start_may_fail, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			a_start_of_what_was_handed_over_may_fail, fixture_open, fixture_close),
	};

	children_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

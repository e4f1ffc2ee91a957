/* Unit tests of budgets that hold against a process. */
#include "core_children.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/costs.h"
#include "core/sweep.h"

static int take(struct fixture *f, const struct child *c, uint64_t ram)
{
	struct pd_transfer_request request = { 1, { { c->account, 0, ram, 0 } } };

	return core_pd_transfer(&f->services.root, &request, NULL);
}

static void private_memory_is_bounded_by_the_account(void **state)
{
	struct fixture *f = *state;
	struct child c;
	struct pd_account_reply before, after;

	child_run(f, &c, 4 * MIB);
	/* Its C library has allocated what it needs once it answers. */
	child_ask(&c, CORE_CHILD_DESCRIPTORS, 0);
	before = child_account(f, &c);
	assert_true(before.ram_used > PROCESS_RAM_BYTES);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 5 * MIB), -ENOMEM);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), 0);
	after = child_account(f, &c);
	assert_int_equal(after.ram_used, before.ram_used + 2 * MIB + 2 * MIB / PRIVATE_SHARE);
	/* Exactly what is shown as available and pays its share, and no page more. */
	uint64_t left = after.ram_quota - after.ram_used;

	left -= left / (PRIVATE_SHARE + 1);
	left = left / 4096 * 4096;

	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, left + 4096), -ENOMEM);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, left), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 4096), -ENOMEM);
	after = child_account(f, &c);
	assert_in_range(after.ram_quota - after.ram_used, 0, 4096 + 4096 / PRIVATE_SHARE);
	child_close(f, &c);
}

static void dataspaces_and_private_memory_share_one_budget(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_ram_request request = { 2 * MIB, 0 };
	struct pd_alloc_ram_reply ram;
	struct child c;

	child_run(f, &c, 4 * MIB);
	assert_int_equal(core_pd_alloc_ram(child_pd(&c), &request, &ram), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), -ENOMEM);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, MIB), 0);
	close(ram.dataspace);
	assert_int_equal(core_pd_free(child_pd(&c), &(struct pd_free_request){ ram.id }, NULL), 0);
	sweep_wait(child_pd(&c));
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), 0);
	assert_int_equal(core_pd_alloc_ram(child_pd(&c), &request, &ram), KIN_OUT_OF_RAM);
	assert_int_equal(child_pd(&c)->account.used.ram, PROCESS_RAM_BYTES);
	/* The refusal put the limit back. */
	assert_int_equal(child_ask(&c, CORE_CHILD_UNMAP, 0), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), 0);
	child_close(f, &c);
}

/*
 * The dataspace is nobody's at once, also for who kept its descriptor; its price stays until its
 * pages are back, and who pays for it is not served before that.
 */
static void a_large_dataspace_is_freed_aside(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_ram_request request = { 32 * MIB, 0 };
	struct pd_alloc_ram_reply ram;
	struct stat st;
	struct child c;

	child_run(f, &c, 40 * MIB);
	assert_int_equal(core_pd_alloc_ram(child_pd(&c), &request, &ram), 0);
	assert_int_equal(core_pd_free(child_pd(&c), &(struct pd_free_request){ ram.id }, NULL), 0);
	assert_int_equal(child_pd(&c)->n_sweeps, 1);
	assert_in_range(child_account(f, &c).ram_used, 32 * MIB, 40 * MIB);
	/* A transfer of what it freed waits for that. */
	assert_int_equal(take(f, &c, 32 * MIB), 0);
	assert_int_equal(child_pd(&c)->n_sweeps, 0);
	assert_int_equal(fstat(ram.dataspace, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(ram.dataspace);
	assert_int_equal(core_pd_alloc_ram(child_pd(&c), &request, &ram), KIN_OUT_OF_RAM);
	child_close(f, &c);
}

/* Also of who goes, and as many as it has. */
static void dataspaces_of_who_goes_are_freed_aside(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_ram_reply ram[3];
	struct stat st;
	struct child c;

	child_run(f, &c, 8 * MIB);
	for (int i = 0; i < 3; i++)
		assert_int_equal(core_pd_alloc_ram(child_pd(&c),
					 &(struct pd_alloc_ram_request){ MIB, 0 }, &ram[i]),
			0);
	child_close_session(&c.pd);
	assert_non_null(f->services.sweeps);
	assert_int_equal(f->services.root.account.quota.ram, FIXTURE_RAM);
	sweeps_done(&f->services);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fstat(ram[i].dataspace, &st), 0);
		assert_int_equal(st.st_size, 0);
		close(ram[i].dataspace);
	}
	child_close(f, &c);
}

static void what_the_process_has_can_not_be_taken(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_run(f, &c, 4 * MIB);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), 0);
	assert_int_equal(take(f, &c, 2 * MIB), KIN_EXCEEDED);
	assert_int_equal(child_account(f, &c).ram_quota, 4 * MIB);
	assert_int_equal(take(f, &c, MIB), 0);
	assert_int_equal(child_account(f, &c).ram_quota, 3 * MIB);
	/* What was taken is out of its reach. */
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, MIB), -ENOMEM);
	assert_int_equal(child_ask(&c, CORE_CHILD_UNMAP, 0), 0);
	assert_int_equal(take(f, &c, 2 * MIB), 0);
	child_close(f, &c);
}

static void what_is_given_can_be_used(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_run(f, &c, 2 * MIB);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 3 * MIB), -ENOMEM);
	struct pd_transfer_request request = { 1, { { 0, c.account, 2 * MIB, 100 } } };

	assert_int_equal(core_pd_transfer(&f->services.root, &request, NULL), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 3 * MIB), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_DESCRIPTORS, 0), PROCESS_DESCRIPTORS_BASE + 120);
	child_close(f, &c);
}

static void a_transaction_that_one_process_refuses_changes_no_limit(void **state)
{
	struct fixture *f = *state;
	struct child a, b;

	child_run(f, &a, 4 * MIB);
	child_run(f, &b, 4 * MIB);
	assert_int_equal(child_ask(&b, CORE_CHILD_MAP, 3 * MIB), 0);
	/* a could give, b can't. */
	struct pd_transfer_request request = { 2,
		{ { a.account, 0, 3 * MIB, 10 }, { b.account, 0, 3 * MIB, 10 } } };

	assert_int_equal(core_pd_transfer(&f->services.root, &request, NULL), KIN_EXCEEDED);
	assert_int_equal(child_account(f, &a).ram_quota, 4 * MIB);
	assert_int_equal(child_account(f, &b).ram_quota, 4 * MIB);
	assert_int_equal(child_account(f, &a).cap_quota, 20);
	assert_int_equal(child_ask(&a, CORE_CHILD_MAP, 3 * MIB), 0);
	assert_int_equal(child_ask(&a, CORE_CHILD_DESCRIPTORS, 0), PROCESS_DESCRIPTORS_BASE + 20);
	child_close_session(&b.pd);
	child_close_session(&a.pd);
	child_close(f, &a);
	child_close(f, &b);
}

static void quota_passed_on_to_its_own_children_lowers_its_limit(void **state)
{
	struct fixture *f = *state;
	struct pd_adopt_reply adopted;
	struct child c;
	int cap;

	child_run(f, &c, 4 * MIB);
	struct core_session *grandchild = fixture_open_session(f, "PD", "g", &cap);
	struct pd_adopt_request request = { cap, 2 * MIB, 1 };

	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), 0);
	assert_int_equal(core_pd_adopt(child_pd(&c), &request, &adopted), KIN_EXCEEDED);
	assert_int_equal(child_ask(&c, CORE_CHILD_UNMAP, 0), 0);
	assert_int_equal(core_pd_adopt(child_pd(&c), &request, &adopted), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), -ENOMEM);
	core_session_close(grandchild);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 2 * MIB), 0);
	close(cap);
	child_close(f, &c);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_CORE(private_memory_is_bounded_by_the_account),
		WITH_CORE(dataspaces_and_private_memory_share_one_budget),
		WITH_CORE(a_large_dataspace_is_freed_aside),
		WITH_CORE(dataspaces_of_who_goes_are_freed_aside),
		WITH_CORE(what_the_process_has_can_not_be_taken),
		WITH_CORE(what_is_given_can_be_used),
		WITH_CORE(a_transaction_that_one_process_refuses_changes_no_limit),
		WITH_CORE(quota_passed_on_to_its_own_children_lowers_its_limit),
	};

	children_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Unit tests of starting and ending processes. */
#include "core_children.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/process.h"
#include "core/rom.h"
#include "core/tree.h"
#include "core/walls.h"
#include "ipc/descriptors.h"
#include "ipc/signal.h"

/* Life and death */

static void a_child_starts_and_its_exit_value_stays(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	assert_int_equal(child_status(f, &c).status, PD_STATUS_NONE);
	assert_int_equal(child_start(f, &c), 0);
	assert_int_equal(child_status(f, &c).status, PD_STATUS_RUNNING);
	assert_int_equal(child_ask(&c, CORE_CHILD_TRIGGER, 0), 8);
	assert_true(signal_take(c.started.signal));
	child_tell(&c, CORE_CHILD_EXIT, 42);
	child_wait(f, &c);
	/* Right after the pidfd tells, before core's loop has run. */
	assert_int_equal(child_status(f, &c).status, PD_STATUS_EXITED);
	assert_int_equal(child_status(f, &c).value, 42);
	fixture_settle(f);
	assert_int_equal(child_status(f, &c).value, 42);
	assert_int_equal(child_start(f, &c), KIN_INVALID);
	assert_string_equal(fixture_heard(f), "");
	child_close(f, &c);
}

/* Of which its PD's session costs a capability. What the test has open of it are 7 others. */
static void a_child_that_has_ended_leaves_core_few_descriptors(void **state)
{
	struct fixture *f = *state;
	unsigned n = fixture_count_descriptors();
	struct child c;

	child_run(f, &c, 4 * MIB);
	child_tell(&c, CORE_CHILD_EXIT, 0);
	child_wait(f, &c);
	fixture_settle(f);
	child_close_session(&c.cpu);
	child_close_session(&c.log);
	child_close_session(&c.binary);
	assert_in_range(fixture_count_descriptors(), n + 7, n + 7 + DESCRIPTORS_PER_CAP);
	child_close(f, &c);
}

static void fixed_costs_are_charged_while_it_runs(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_run(f, &c, 4 * MIB);
	assert_int_equal(child_pd(&c)->account.used.ram, PROCESS_RAM_BYTES);
	assert_int_equal(child_pd(&c)->account.used.caps, PROCESS_CAPS);
	child_tell(&c, CORE_CHILD_EXIT, 0);
	child_wait(f, &c);
	fixture_settle(f);
	assert_int_equal(child_account(f, &c).ram_used, 0);
	assert_int_equal(child_account(f, &c).cap_used, 0);
	child_close(f, &c);
}

static struct walls walls_told(struct fixture *f, uint32_t account)
{
	struct pd_walls_request request = { 2, { { account + 1000 }, { account } } };
	struct pd_walls_reply reply;

	assert_int_equal(core_pd_walls(&f->services.root, &request, &reply), 0);
	assert_int_equal(reply.n_walls, 2);
	assert_int_equal(reply.walls[0].standing, 0); /* of an account that is none */
	return (struct walls){ reply.walls[1].standing, reply.walls[1].nice };
}

static void walls_are_told_while_it_runs(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	assert_int_equal(walls_told(f, c.account).standing, 0);
	assert_int_equal(child_start(f, &c), 0);
	struct walls walls = walls_told(f, c.account);
	assert_int_equal(walls.standing & (WALL_PROCESS | WALL_DATA_LIMIT | WALL_IDLE_CLASS),
		WALL_PROCESS | WALL_DATA_LIMIT);
	assert_int_equal(!!(walls.standing & WALL_LANDLOCK), f->spawner.landlock_fd >= 0);
	assert_int_equal(walls.nice, getpriority(PRIO_PROCESS, 0));
	child_tell(&c, CORE_CHILD_EXIT, 0);
	child_wait(f, &c);
	/* Right after the pidfd tells, before core's loop has run. */
	assert_int_equal(walls_told(f, c.account).standing, 0);
	fixture_settle(f);
	child_close(f, &c);
}

static void threads_are_charged_while_it_runs(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	for (c.threads = 0; c.threads <= KIN_THREADS_MAX + 1; c.threads += KIN_THREADS_MAX + 1)
		assert_int_equal(child_start(f, &c), KIN_INVALID);
	c.threads = 4;
	assert_int_equal(child_start(f, &c), 0);
	assert_int_equal(child_pd(&c)->account.used.ram, PROCESS_RAM_BYTES + 3 * THREAD_RAM_BYTES);
	assert_int_equal(child_pd(&c)->account.used.caps, PROCESS_CAPS);
	child_tell(&c, CORE_CHILD_EXIT, 0);
	child_wait(f, &c);
	fixture_settle(f);
	assert_int_equal(child_account(f, &c).ram_used, 0);
	child_close(f, &c);
}

static void what_threads_cost_is_part_of_what_a_start_needs(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	c.threads = 4 * MIB / THREAD_RAM_BYTES;
	assert_int_equal(child_start(f, &c), KIN_OUT_OF_RAM);
	assert_non_null(strstr(fixture_heard(f), "out of RAM during loading"));
	assert_int_equal(child_account(f, &c).ram_used, 0);
	c.threads = 1;
	assert_int_equal(child_start(f, &c), 0);
	child_close(f, &c);
}

/* In one thread as in several: a thread's end is answered for */
static void one_of_several_threads_ends_as_the_only_one_does(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	c.threads = 2;
	assert_int_equal(child_start(f, &c), 0);
	child_tell(&c, CORE_CHILD_LEAVE, 42);
	do
		assert_int_equal(loop_round(&f->loop, -1), 0);
	while (child_status(f, &c).status == PD_STATUS_RUNNING);
	assert_int_equal(child_status(f, &c).status, PD_STATUS_EXITED);
	assert_int_equal(child_status(f, &c).value, 42);
	child_close(f, &c);
}

static void closing_the_cpu_session_kills(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_run(f, &c, 4 * MIB);
	child_close_session(&c.cpu);
	child_wait(f, &c);
	fixture_settle(f);
	assert_int_equal(child_status(f, &c).status, PD_STATUS_KILLED);
	assert_int_equal(child_status(f, &c).value, SIGKILL);
	child_close(f, &c);
}

static void an_adopter_can_kill(void **state)
{
	struct fixture *f = *state;
	struct pd *root = &f->services.root;
	struct child c;

	child_run(f, &c, 4 * MIB);
	assert_int_equal(core_pd_kill(root, &(struct pd_kill_request){ 0 }, NULL), KIN_INVALID);
	assert_int_equal(core_pd_kill(root, &(struct pd_kill_request){ c.account }, NULL), 0);
	child_wait(f, &c);
	assert_int_equal(child_status(f, &c).status, PD_STATUS_KILLED);
	assert_int_equal(
		core_pd_kill(root, &(struct pd_kill_request){ c.account }, NULL), KIN_CLOSED);
	child_close(f, &c);
}

static void closing_the_pd_kills_and_reaps_without_waiting(void **state)
{
	struct fixture *f = *state;
	struct child c;

	child_run(f, &c, 4 * MIB);
	child_close_session(&c.pd);
	assert_non_null(f->services.graveyard);
	assert_int_equal(f->services.graveyard->statm, 0);
	assert_int_equal(f->services.graveyard->parent.server, 0);
	assert_int_equal(f->services.root.account.quota.ram, FIXTURE_RAM);
	graveyard_wait(f);
	child_close(f, &c);
}

static void clients_of_a_dead_server_notice(void **state)
{
	struct fixture *f = *state;
	struct pd_alloc_rpc_reply rpc;
	struct child c;
	char byte;

	child_run(f, &c, 4 * MIB);
	assert_int_equal(core_pd_alloc_rpc(child_pd(&c), NULL, &rpc), 0);
	close(rpc.server);
	assert_int_equal(recv(rpc.client, &byte, 1, MSG_DONTWAIT), -1);
	child_tell(&c, CORE_CHILD_EXIT, 0);
	child_wait(f, &c);
	fixture_settle(f);
	assert_int_equal(recv(rpc.client, &byte, 1, MSG_DONTWAIT), 0);
	close(rpc.client);
	child_close(f, &c);
}

static void many_starts_leave_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned n = fixture_count_descriptors();

	for (int i = 0; i < 20; i++) {
		struct child c;

		child_run(f, &c, 4 * MIB);
		assert_int_equal(child_ask(&c, CORE_CHILD_TRIGGER, 0), 8);
		child_close(f, &c);
	}
	assert_int_equal(fixture_count_descriptors(), n);
	assert_null(f->services.executables);
}

/* Refusals */

static void assert_refused(struct fixture *f, struct child *c, int answer, const char *line)
{
	fixture_heard(f);
	assert_int_equal(child_start(f, c), answer);
	assert_string_equal(fixture_heard(f), line);
	assert_int_equal(child_pd(c)->account.used.ram, 0);
	assert_int_equal(child_pd(c)->account.used.caps, 0);
	assert_int_equal(child_status(f, c).status, PD_STATUS_NONE);
}

static void what_is_no_binary_is_named(void **state)
{
	struct fixture *f = *state;
	struct child c;
	const char *heard;

	fixture_file(f, 0, "text", "#!/bin/sh\n", 10);
	child_open(f, &c, "text", 4 * MIB, 20);
	fixture_heard(f);
	assert_int_equal(child_start(f, &c), KIN_DENIED);
	heard = fixture_heard(f);
	assert_non_null(strstr(heard, "[core] Error: init -> child: invalid ELF executable: "));
	assert_int_equal(strchr(heard, '\n')[1], '\0');
	child_close(f, &c);
}

static void capabilities_of_others_are_refused(void **state)
{
	struct fixture *f = *state;
	struct child c, other;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	child_open(f, &other, "child", 4 * MIB, 20);
	struct child wrong = c;

	wrong.pd_cap = other.pd_cap;
	assert_refused(f, &wrong, KIN_DENIED,
		"[core] Error: init -> child: cannot start: the PD session is another one\n");
	wrong = c;
	wrong.cpu_cap = c.log_cap;
	assert_refused(f, &wrong, KIN_DENIED,
		"[core] Error: init -> child: cannot start: the CPU session is not core's or in "
		"use\n");
	wrong = c;
	wrong.binary_cap = f->output;
	assert_refused(f, &wrong, KIN_DENIED,
		"[core] Error: init -> child: cannot start: the binary's ROM session is no "
		"channel\n");
	wrong = c;
	wrong.log_cap = f->output;
	assert_refused(f, &wrong, KIN_DENIED,
		"[core] Error: init -> child: cannot start: the LOG session is no channel\n");
	wrong = c;
	wrong.account = PD_ACCOUNT_SELF;
	assert_int_equal(child_start(f, &wrong), KIN_INVALID);
	/* A CPU session runs one process. */
	assert_int_equal(child_start(f, &c), 0);
	wrong = other;
	wrong.cpu_cap = c.cpu_cap;
	assert_refused(f, &wrong, KIN_DENIED,
		"[core] Error: init -> child: cannot start: the CPU session is not core's or in "
		"use\n");
	child_close_session(&other.pd);
	child_close_session(&c.pd);
	child_close(f, &other);
	child_close(f, &c);
}

struct attempt {
	struct fixture *f;
	struct child *child;
};

static int attempt_start(void *context)
{
	struct attempt *attempt = context;
	int r = child_start(attempt->f, attempt->child);

	graveyard_wait(attempt->f);
	return r;
}

static void a_start_that_lacks_a_descriptor_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct elf_fault fault;
	struct elf_info info;
	struct child c;
	int memfd;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	/* The snapshot stays for as long as the ROM session does. */
	assert_int_equal(
		core_rom_executable((struct rom_session *) c.binary, &memfd, &info, &fault), 0);
	fixture_sweep_descriptors(f, attempt_start, &(struct attempt){ f, &c });
	assert_int_equal(child_ask(&c, CORE_CHILD_TRIGGER, 0), 8);
	child_close(f, &c);
}

static void a_budget_too_small_to_load_is_named(void **state)
{
	struct fixture *f = *state;
	struct child c;
	const char *heard;

	child_install(f, "child");
	child_open(f, &c, "child", PROCESS_RAM_BYTES, 20);
	assert_int_equal(child_start(f, &c), KIN_OUT_OF_RAM);
	heard = fixture_heard(f);
	assert_non_null(
		strstr(heard, "[core] Error: init -> child: out of RAM during loading (needs "));
	assert_int_equal(child_pd(&c)->account.used.ram, 0);
	child_close(f, &c);

	child_open(f, &c, "child", 4 * MIB, PROCESS_CAPS - 1);
	assert_refused(f, &c, KIN_OUT_OF_CAPS,
		"[core] Error: init -> child: out of caps during loading (needs 3, has 2)\n");
	child_close(f, &c);
}

static void the_tree_shows_states(void **state)
{
	struct fixture *f = *state;
	struct child c;
	const char *heard;

	child_run(f, &c, 4 * MIB);
	core_tree_log(&f->services);
	heard = fixture_heard(f);
	assert_non_null(strstr(heard, "└─ child"));
	assert_non_null(strstr(heard, "  running\n"));
	child_tell(&c, CORE_CHILD_EXIT, 3);
	child_wait(f, &c);
	fixture_settle(f);
	core_tree_log(&f->services);
	assert_non_null(strstr(fixture_heard(f), "  exited 3\n"));
	child_close(f, &c);
}

static void processes_that_still_run_end_with_the_services(void **state)
{
	struct child c;

	child_run(*state, &c, 4 * MIB);
	int *caps[] = { &c.pd_cap, &c.cpu_cap, &c.log_cap, &c.binary_cap, &c.started.parent,
		&c.started.signal, &c.started.process };

	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		descriptor_close(caps[i]);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_CORE(a_child_starts_and_its_exit_value_stays),
		WITH_CORE(a_child_that_has_ended_leaves_core_few_descriptors),
		WITH_CORE(fixed_costs_are_charged_while_it_runs),
		WITH_CORE(walls_are_told_while_it_runs),
		WITH_CORE(threads_are_charged_while_it_runs),
		WITH_CORE(what_threads_cost_is_part_of_what_a_start_needs),
		WITH_CORE(one_of_several_threads_ends_as_the_only_one_does),
		WITH_CORE(closing_the_cpu_session_kills),
		WITH_CORE(an_adopter_can_kill),
		WITH_CORE(closing_the_pd_kills_and_reaps_without_waiting),
		WITH_CORE(clients_of_a_dead_server_notice),
		WITH_CORE(many_starts_leave_nothing),
		WITH_CORE(what_is_no_binary_is_named),
		WITH_CORE(capabilities_of_others_are_refused),
		WITH_CORE(a_start_that_lacks_a_descriptor_leaves_nothing),
		WITH_CORE(a_budget_too_small_to_load_is_named),
		WITH_CORE(the_tree_shows_states),
		WITH_CORE(processes_that_still_run_end_with_the_services),
	};

	children_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Unit tests of core's sessions, and of the CPU service. */
#include "core_fixture.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <unistd.h>

#include <kin/interface/timer.h>

#include "core/cpu.h"
#include "wire/cpu.h"

static void services_are_known_by_name(void **state)
{
	assert_true(core_service_exists("PD"));
	assert_true(core_service_exists("CPU"));
	assert_true(core_service_exists("ROM"));
	assert_true(core_service_exists("LOG"));
	assert_true(core_service_exists("Timer"));
	assert_false(core_service_exists("Terminal"));
}

static void unknown_services_and_versions_are_denied(void **state)
{
	struct fixture *f = *state;
	struct kin_args args = { .label = "x", .ram_quota = 65536, .cap_quota = 9 };
	struct kin_affinity none = { 0 };
	struct core_session *session;
	int cap;

	assert_int_equal(
		core_session_create(&f->services, "Terminal", 1, &args, &none, &session, &cap),
		KIN_DENIED);
	assert_int_equal(core_session_create(&f->services, "LOG", 7, &args, &none, &session, &cap),
		KIN_DENIED);
	assert_string_equal(fixture_heard(f),
		"[core] Warning: x: no service \"Terminal\"\n"
		"[core] Warning: x: speaks version 7 of LOG, this is version 1\n");
}

static void a_donation_below_the_least_is_insufficient(void **state)
{
	static const struct {
		const char *service;
		uint64_t ram, caps;
	} LEAST[] = { { "PD", 24576, 1 }, { "CPU", 12288, 1 }, { "LOG", 32768, 1 },
		{ "ROM", 12288, 1 }, { "Timer", 12288, 2 } };
	struct fixture *f = *state;
	struct core_session *session;
	int cap;

	fixture_file(f, 0, "m", "x", 1);
	for (size_t i = 0; i < sizeof(LEAST) / sizeof(*LEAST); i++) {
		const char *service = LEAST[i].service;
		uint64_t ram = LEAST[i].ram, caps = LEAST[i].caps;

		assert_int_equal(fixture_session(f, service, "m", ram - 1, caps, &session, &cap),
			KIN_INSUFFICIENT_RAM);
		assert_int_equal(fixture_session(f, service, "m", ram, caps - 1, &session, &cap),
			KIN_INSUFFICIENT_CAPS);
		assert_int_equal(fixture_session(f, service, "m", ram, caps, &session, &cap), 0);
		core_session_upgrade(session, 10, 1);
		assert_int_equal(session->donation.ram, ram + 10);
		assert_int_equal(session->donation.caps, caps + 1);
		core_session_close(session);
		close(cap);
	}
}

static void who_breaks_the_protocol_is_cut_off_once(void **state)
{
	struct fixture *f = *state;
	int cap;
	struct core_session *pd = fixture_open_session(f, "PD", "evil", &cap);
	char byte;

	assert_int_equal(send(cap, "garbage of any kind", 19, 0), 19);
	assert_int_equal(send(cap, "and more of it", 14, 0), 14);
	fixture_settle(f);
	assert_string_equal(
		fixture_heard(f), "[core] Warning: evil: PD session cut off: protocol violation\n");
	assert_true(recv(cap, &byte, 1, 0) <= 0);
	core_session_close(pd);
	close(cap);
}

static void who_does_not_take_its_answers_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct timer_timer_request request;
	int cap;
	struct core_session *timer = fixture_open_session(f, "Timer", "lazy", &cap);

	fcntl(cap, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 1000 && timer->ends.server; i++) {
		kin_send(cap, &timer_interface, timer_timer_operation, &request);
		fixture_settle(f);
	}
	assert_string_equal(fixture_heard(f),
		"[core] Warning: lazy: Timer session cut off: client does not take its answers\n");
	core_session_close(timer);
	close(cap);
}

static void a_client_that_is_gone_leaves_its_session_silent(void **state)
{
	struct fixture *f = *state;
	struct epoll_event event;
	int cap;
	struct core_session *cpu = fixture_open_session(f, "CPU", "x", &cap);

	close(cap);
	fixture_settle(f);
	assert_int_equal(epoll_wait(f->loop.epoll, &event, 1, 0), 0);
	assert_string_equal(fixture_heard(f), "");
	core_session_close(cpu);
}

static void ask_cpu(void *context)
{
	int *cap = context;
	struct cpu_info_request request;
	struct cpu_info_reply reply;

	assert_int_equal(cpu_info(*cap, &request, &reply), 0);
	assert_int_equal(reply.priority, 32768);
	assert_int_equal(reply.affinity.width, 1);
}

static void a_cpu_session_knows_its_priority_and_place(void **state)
{
	struct fixture *f = *state;
	struct kin_args args = { .label = "x", .ram_quota = 65536, .cap_quota = 9 };
	struct kin_affinity place = { 2, 1, 1, 0, 1, 1 }, absurd = { 1 << 20, 1 << 20, 0, 0, 1, 1 };
	struct core_session *session;
	cpu_set_t cpus;
	int cap;

	kin_args_set(&args, "priority", "32768");
	assert_int_equal(
		core_session_create(&f->services, "CPU", 1, &args, &place, &session, &cap), 0);
	fixture_as_client(f, ask_cpu, &cap);
	assert_int_equal(cpu_nice((struct cpu_session *) session), 19);
	assert_true(cpu_places((struct cpu_session *) session, &cpus));
	assert_true(CPU_COUNT(&cpus) >= 1);
	core_session_close(session);
	close(cap);
	assert_int_equal(
		core_session_create(&f->services, "CPU", 1, &args, &absurd, &session, &cap),
		KIN_DENIED);
}

/* What the kernel makes of nice values -20 to 19, and of the idle class behind them */
static const unsigned weights[] = { 88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949,
	11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423,
	335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15, 3 };

/* How many times the weight of the next quarter a quarter has, in hundredths */
static unsigned ratio(int own, int quarter)
{
	int64_t priority = KIN_PRIORITY_LIMIT / 4 * quarter;

	return weights[cpu_nice_below(own, priority) + 20] * 100 /
	       weights[cpu_nice_below(own, priority + KIN_PRIORITY_LIMIT / 4) + 20];
}

static void each_quarter_weighs_nine_times_the_next_if_ours_is_low(void **state)
{
	for (int own = -20; own <= -4; own++)
		for (int quarter = 0; quarter < 3; quarter++)
			assert_in_range(ratio(own, quarter), 900, 10000);
}

static void the_highest_quarter_does_wherever_it_can_and_the_others_get_the_rest(void **state)
{
	for (int own = -3; own <= 0; own++) {
		assert_in_range(ratio(own, 0), 1100, 1200);
		assert_in_range(ratio(own, 1), 500, 900);
		assert_in_range(ratio(own, 2), 500, 900);
		assert_in_range(ratio(own, 1) * ratio(own, 2) / 10000, 28, 100);
	}
	assert_int_equal(cpu_nice_below(0, KIN_PRIORITY_LIMIT / 4), 11);
	assert_int_equal(cpu_nice_below(0, KIN_PRIORITY_LIMIT / 2), 19);
	assert_int_equal(cpu_nice_below(5, KIN_PRIORITY_LIMIT / 4), 14);
	assert_int_equal(cpu_nice_below(19, KIN_PRIORITY_LIMIT / 4), 19);
}

static void a_lower_priority_never_has_a_better_nice_value(void **state)
{
	for (int own = -20; own <= 19; own++) {
		int last = own;

		assert_int_equal(cpu_nice_below(own, 0), own);
		for (int64_t priority = 0; priority < KIN_PRIORITY_LIMIT; priority += 64) {
			int nice = cpu_nice_below(own, priority);

			assert_in_range(nice - last, 0, 20);
			assert_int_equal(
				nice == SPAWN_NICE_IDLE, priority >= KIN_PRIORITY_LIMIT / 4 * 3);
			last = nice;
		}
	}
}

static void a_place_has_cpus_however_fine_the_grid(void **state)
{
	struct fixture *f = *state;
	int cap;
	struct core_session *session = fixture_open_session(f, "CPU", "x", &cap);
	struct cpu_session *cpu = (struct cpu_session *) session;
	cpu_set_t cpus, own, all;

	CPU_ZERO(&all);
	assert_false(cpu_places(cpu, &cpus));
	sched_getaffinity(0, sizeof(own), &own);
	/* One cell for each CPU of core: the places are different ones and cover all. */
	for (unsigned i = 0; i < (unsigned) CPU_COUNT(&own); i++) {
		cpu->affinity = (struct kin_affinity){ (unsigned) CPU_COUNT(&own), 1, i, 0, 1, 1 };
		assert_true(cpu_places(cpu, &cpus));
		assert_int_equal(CPU_COUNT(&cpus), 1);
		CPU_OR(&all, &all, &cpus);
	}
	assert_true(CPU_EQUAL(&all, &own));
	for (unsigned i = 0; i < 64; i++) {
		cpu->affinity = (struct kin_affinity){ 8, 8, i % 8, i / 8, 1, 1 };
		assert_true(cpu_places(cpu, &cpus));
		assert_true(CPU_COUNT(&cpus) >= 1);
	}
	core_session_close(session);
	close(cap);
}

/* Whatever the outer grid: the inner one divides its place into thirds, and those in two rows. */
static void a_place_within_another_has_no_cpu_besides(void **state)
{
	struct fixture *f = *state;
	int cap;
	struct core_session *session = fixture_open_session(f, "CPU", "x", &cap);
	struct cpu_session *cpu = (struct cpu_session *) session;
	cpu_set_t outer, inner;

	for (uint32_t i = 0; i < 7 * 8 * 6; i++) {
		uint32_t space = 1 + i % 7, at = i / 7 % 8 % space, third = i / 56 % 3;

		cpu->affinity = (struct kin_affinity){ space, 1, at, 0, 1, 1 };
		assert_true(cpu_places(cpu, &outer));
		cpu->affinity =
			(struct kin_affinity){ 3 * space, 2, 3 * at + third, i / 168, 1, 1 };
		assert_true(cpu_places(cpu, &inner));
		assert_true(CPU_COUNT(&inner) >= 1);
		CPU_AND(&outer, &outer, &inner);
		assert_true(CPU_EQUAL(&outer, &inner));
	}
	core_session_close(session);
	close(cap);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_known_by_name),
		WITH_CORE(unknown_services_and_versions_are_denied),
		WITH_CORE(a_donation_below_the_least_is_insufficient),
		WITH_CORE(who_breaks_the_protocol_is_cut_off_once),
		WITH_CORE(who_does_not_take_its_answers_is_cut_off),
		WITH_CORE(a_client_that_is_gone_leaves_its_session_silent),
		WITH_CORE(a_cpu_session_knows_its_priority_and_place),
		WITH_CORE(each_quarter_weighs_nine_times_the_next_if_ours_is_low),
		WITH_CORE(the_highest_quarter_does_wherever_it_can_and_the_others_get_the_rest),
		WITH_CORE(a_lower_priority_never_has_a_better_nice_value),
		WITH_CORE(a_place_has_cpus_however_fine_the_grid),
		WITH_CORE(a_place_within_another_has_no_cpu_besides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

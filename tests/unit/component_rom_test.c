/* What is built on sessions: ROM, config, report, timer. */
#include "component_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/config.h>
#include <kin/report.h>
#include <kin/timer.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>

#include "ipc/signal.h"

static void note(void *data)
{
	++*(unsigned *) data;
}

static void content_set(struct world *w, const char *text)
{
	pthread_mutex_lock(&w->lock);
	w->rom_text = text;
	signal_trigger(w->sessions[0].signal);
	pthread_mutex_unlock(&w->lock);
}

static void a_module_is_a_private_copy_until_it_is_updated(void **state)
{
	struct kin_rom rom;
	unsigned changes = 0;
	struct world w;

	world_open(&w);
	w.rom_text = "first";
	assert_int_equal(kin_rom_open(&w.env, &rom, "module"), 0);
	assert_string_equal(w.sessions[0].request.args.label, "module");
	assert_string_equal(rom.data, "first");
	assert_int_equal(rom.size, 5);
	assert_int_equal(kin_rom_watch(&rom, note, &changes), 0);
	content_set(&w, "other content");
	world_rounds(&w);
	assert_int_equal(changes, 1);
	assert_string_equal(rom.data, "first");
	assert_int_equal(kin_rom_update(&rom), 0);
	assert_string_equal(rom.data, "other content");
	kin_rom_close(&rom);
	kin_rom_close(&rom);
	world_close(&w);
}

static void a_module_that_cant_be_sent_for_now_is_asked_for_again(void **state)
{
	struct kin_rom rom;
	struct world w;

	world_open(&w);
	w.rom_text = "text";
	w.rom_crowded = 10; /* more than it is read again */
	assert_int_equal(kin_rom_open(&w.env, &rom, "module"), 0);
	assert_string_equal(rom.data, "text");
	kin_rom_close(&rom);
	world_close(&w);
}

static void a_module_that_vanishes_while_it_is_read_is_read_again(void **state)
{
	struct kin_rom rom;
	struct world w;

	world_open(&w);
	w.rom_text = "text";
	w.rom_short = 2;
	assert_int_equal(kin_rom_open(&w.env, &rom, "module"), 0);
	assert_string_equal(rom.data, "text");
	w.rom_short = 1000;
	assert_int_equal(kin_rom_update(&rom), -EAGAIN);
	assert_string_equal(rom.data, "text");
	kin_rom_close(&rom);
	world_close(&w);
}

static void a_bad_config_is_reported_and_the_old_one_stays(void **state)
{
	struct kin_config config;
	unsigned changes = 0;
	struct world w;

	world_open(&w);
	w.rom_text = "<config a=\"1\"/>";
	assert_int_equal(kin_config_open(&w.env, &config, note, &changes), 0);
	assert_int_equal(kin_node_number(config.node, "a", 0), 1);
	content_set(&w, "<config>\n  <bad></config>");
	world_rounds(&w);
	assert_int_equal(changes, 0);
	assert_int_equal(kin_node_number(config.node, "a", 0), 1);
	WORLD_WAIT(&w, w.n_lines == 1);
	assert_non_null(strstr(w.lines[0], "Error: config:2:"));
	content_set(&w, "<config a=\"2\"/>");
	world_rounds(&w);
	assert_int_equal(changes, 1);
	assert_int_equal(kin_node_number(config.node, "a", 0), 2);
	kin_config_close(&config);
	world_close(&w);
}

static void no_config_reads_as_an_empty_one(void **state)
{
	struct kin_config config;
	struct world w;

	world_open(&w);
	world_answer(&w, KIN_DENIED);
	assert_int_equal(kin_config_open(&w.env, &config, NULL, NULL), KIN_DENIED);
	assert_int_equal(kin_node_number(config.node, "a", 3), 3);
	kin_config_close(&config);
	world_close(&w);
}

static void a_report_is_paid_for_written_and_submitted(void **state)
{
	struct kin_generator g;
	struct kin_report report;
	char large[5000] = "";
	struct world w;

	world_open(&w);
	assert_int_equal(kin_report_open(&w.env, &report, "state", 4096), 0);
	assert_string_equal(kin_args_get(&w.sessions[0].request.args, "buffer_size"), "4K");
	assert_int_equal(w.sessions[0].request.args.ram_quota, KIN_SESSION_RAM + 3 * 4096);
	kin_report_begin(&report, &g);
	kin_generator_open(&g, "state");
	kin_generator_close(&g);
	assert_int_equal(kin_report_end(&report, &g), 0);
	assert_non_null(strstr(w.report, "<state/>"));
	assert_int_equal(kin_report_submit(&report, "plain", 5), 0);
	assert_string_equal(w.report, "plain");
	assert_int_equal(kin_report_submit(&report, large, sizeof(large)), -ENOSPC);
	kin_report_begin(&report, &g);
	kin_generator_open(&g, "state");
	memset(large, 'x', sizeof(large) - 1);
	kin_generator_attribute(&g, "a", large);
	kin_generator_close(&g);
	assert_int_equal(kin_report_end(&report, &g), -ENOSPC);
	assert_string_equal(w.report, "plain");
	kin_report_close(&report);
	world_close(&w);
}

struct clock {
	struct world *world;
	unsigned n;
};

static void tick(void *data)
{
	struct clock *clock = data;

	if (++clock->n == 3)
		kin_stop(&clock->world->env, 0);
}

static void timers_expire_once_or_periodically(void **state)
{
	struct kin_timer timer;
	struct world w;
	struct clock clock = { &w, 0 };
	uint64_t start = kin_now_us();

	world_open(&w);
	assert_int_equal(kin_timer_open(&w.env, &timer, tick, &clock), 0);
	kin_timer_periodic(&timer, 2000);
	kin_run(&w.env);
	assert_int_equal(clock.n, 3);
	assert_true(kin_now_us() - start >= 6000);
	clock.n = 2;
	kin_timer_once(&timer, 0);
	kin_run(&w.env);
	assert_int_equal(clock.n, 3);
	kin_timer_once(&timer, 1);
	kin_timer_cancel(&timer);
	world_rounds(&w);
	assert_int_equal(clock.n, 3);
	kin_timer_close(&timer);
	world_close(&w);
}

static void timer_wait(const struct kin_timer *timer)
{
	struct pollfd fd = { timer->watch.descriptor, POLLIN, 0 };

	assert_int_equal(poll(&fd, 1, 10000), 1);
}

static void arming_a_timer_forgets_what_was_armed_before(void **state)
{
	struct kin_timer timer;
	struct world w;
	struct clock clock = { &w, 0 };

	world_open(&w);
	assert_int_equal(kin_timer_open(&w.env, &timer, tick, &clock), 0);
	kin_timer_once(&timer, 1);
	timer_wait(&timer);
	kin_timer_once(&timer, UINT64_MAX); /* before the loop saw the first one */
	world_rounds(&w);
	assert_int_equal(clock.n, 0);
	kin_timer_periodic(&timer, 1);
	timer_wait(&timer);
	kin_timer_cancel(&timer);
	world_rounds(&w);
	assert_int_equal(clock.n, 0);
	kin_timer_once(&timer, 1);
	timer_wait(&timer);
	world_rounds(&w);
	assert_int_equal(clock.n, 1);
	kin_timer_close(&timer);
	kin_timer_close(&timer);
	world_close(&w);
}

static void many_periods_missed_are_one_call(void **state)
{
	struct kin_timer timer;
	struct world w;
	struct clock clock = { &w, 0 };

	world_open(&w);
	assert_int_equal(kin_timer_open(&w.env, &timer, tick, &clock), 0);
	kin_timer_periodic(&timer, 3600 * UINT64_C(1000000));
	/* The first of many, as the kernel counts them. */
	struct itimerspec spec = { { 0, 1000 }, { 0, 1 } };

	assert_int_equal(timerfd_settime(timer.watch.descriptor, 0, &spec, NULL), 0);
	kin_sleep_us(&w.env, 100);
	assert_int_equal(loop_round(&w.env.loop, 0), 0);
	assert_int_equal(clock.n, 1);
	kin_timer_close(&timer);
	world_close(&w);
}

static void close_itself(void *data)
{
	struct kin_timer *timer = data;

	kin_stop(timer->session.env, 0);
	kin_timer_close(timer);
}

static void a_timer_may_be_closed_by_its_handler(void **state)
{
	struct kin_timer timer;
	struct world w;

	world_open(&w);
	assert_int_equal(kin_timer_open(&w.env, &timer, close_itself, &timer), 0);
	kin_timer_periodic(&timer, 1);
	kin_run(&w.env);
	world_rounds(&w);
	world_close(&w);
}

static void time_goes_on_while_sleeping(void **state)
{
	uint64_t start = kin_now_us();

	kin_sleep_us(NULL, 2000);
	uint64_t elapsed = kin_now_us() - start;

	assert_true(elapsed >= 2000);
}

static void nothing_stays_open(void **state)
{
	unsigned before = world_descriptors();

	a_module_is_a_private_copy_until_it_is_updated(NULL);
	no_config_reads_as_an_empty_one(NULL);
	timers_expire_once_or_periodically(NULL);
	a_report_is_paid_for_written_and_submitted(NULL);
	assert_int_equal(world_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_is_a_private_copy_until_it_is_updated),
		cmocka_unit_test(a_module_that_cant_be_sent_for_now_is_asked_for_again),
		cmocka_unit_test(a_module_that_vanishes_while_it_is_read_is_read_again),
		cmocka_unit_test(a_bad_config_is_reported_and_the_old_one_stays),
		cmocka_unit_test(no_config_reads_as_an_empty_one),
		cmocka_unit_test(a_report_is_paid_for_written_and_submitted),
		cmocka_unit_test(timers_expire_once_or_periodically),
		cmocka_unit_test(arming_a_timer_forgets_what_was_armed_before),
		cmocka_unit_test(many_periods_missed_are_one_call),
		cmocka_unit_test(a_timer_may_be_closed_by_its_handler),
		cmocka_unit_test(time_goes_on_while_sleeping),
		cmocka_unit_test(nothing_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

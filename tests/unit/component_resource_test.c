/* Resources: accounts, allocations, shortages, yield requests, heartbeats, and the loop itself. */
#include "component_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/quota.h>
#include <kin/ram.h>
#include <kin/resource.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/signal.h"

/* What does not fit is NULL here as well, with the sanitizer's malloc. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void a_quota_is_charged_wholly_or_not_at_all(void **state)
{
	struct kin_quota quota = { .ram = 100, .caps = 2 };

	assert_int_equal(kin_quota_charge(&quota, 101, 1), KIN_OUT_OF_RAM);
	assert_int_equal(kin_quota_charge(&quota, 100, 3), KIN_OUT_OF_CAPS);
	assert_int_equal(quota.ram_used, 0);
	assert_int_equal(kin_quota_charge(&quota, 100, 2), 0);
	assert_int_equal(kin_quota_charge(&quota, 1, 0), KIN_OUT_OF_RAM);
	assert_int_equal(kin_quota_charge(&quota, UINT64_MAX, 0), KIN_OUT_OF_RAM);
	kin_quota_release(&quota, 100, 2);
	assert_int_equal(quota.ram_used + quota.caps_used, 0);
	kin_quota_raise(&quota, UINT64_MAX, 1);
	assert_int_equal(quota.ram, UINT64_MAX);
	assert_int_equal(quota.caps, 3);
}

static void ram_is_rounded_charged_mapped_and_given_back(void **state)
{
	struct kin_quota quota = { .ram = 10000, .caps = 2 };
	struct kin_ram ram, more;
	struct world w;

	world_open(&w);
	assert_int_equal(kin_ram_alloc(&w.env, &quota, 5000, KIN_RAM_SHARE, &ram), 0);
	assert_int_equal(ram.size, 8192);
	assert_int_equal(quota.ram_used, 8192);
	assert_int_equal(quota.caps_used, 1);
	memset(ram.data, 1, ram.size);
	assert_true(ram.read_only > 0);
	assert_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, ram.read_only, 0) == MAP_FAILED);
	assert_int_equal(kin_ram_alloc(&w.env, &quota, 1, 0, &more), KIN_OUT_OF_RAM);
	assert_int_equal(w.n_shortages, 0);
	kin_ram_free(&ram);
	kin_ram_free(&ram);
	assert_int_equal(quota.ram_used + quota.caps_used, 0);
	WORLD_WAIT(&w, w.n_objects == 0);
	w.ram_left = 0;
	assert_int_equal(kin_ram_alloc(&w.env, &quota, 5000, 0, &ram), KIN_OUT_OF_RAM);
	assert_int_equal(w.n_shortages, 0);
	assert_int_equal(quota.ram_used + quota.caps_used, 0);
	world_close(&w);
}

static void ram_can_be_charged_to_another_account(void **state)
{
	struct kin_quota poor = { .ram = 4096 }, rich = { .ram = 4096, .caps = 1 };
	struct kin_ram ram;
	struct world w;

	world_open(&w);
	assert_int_equal(kin_ram_alloc(&w.env, &rich, 1, 0, &ram), 0);
	assert_int_equal(kin_ram_recharge(&ram, &poor), KIN_OUT_OF_CAPS);
	assert_int_equal(rich.ram_used, 4096);
	assert_int_equal(kin_ram_recharge(&ram, NULL), 0);
	assert_int_equal(rich.ram_used + rich.caps_used, 0);
	kin_ram_free(&ram);
	assert_int_equal(rich.ram_used, 0);
	world_close(&w);
}

static void a_dataspace_is_attached_only_if_it_is_as_large_as_said(void **state)
{
	struct kin_ram ram;
	char copy[10];
	void *data;
	struct world w;

	world_open(&w);
	assert_int_equal(kin_ram_alloc(&w.env, NULL, 4096, KIN_RAM_SHARE, &ram), 0);
	strcpy(ram.data, "content");
	assert_int_equal(kin_attach(ram.dataspace, 4097, KIN_ATTACH_READ, &data), -EINVAL);
	assert_int_equal(kin_attach(ram.dataspace, 0, KIN_ATTACH_READ, &data), -EINVAL);
	assert_int_equal(kin_attach(ram.read_only, 4096, KIN_ATTACH_WRITE, &data), -EACCES);
	assert_int_equal(kin_attach(ram.read_only, 4096, KIN_ATTACH_READ, &data), 0);
	assert_string_equal(data, "content");
	kin_detach(data, 4096);
	assert_int_equal(kin_dataspace_read(ram.read_only, 0, copy, 8), 0);
	assert_string_equal(copy, "content");
	assert_int_equal(kin_dataspace_read(ram.read_only, 4090, copy, 10), -ENODATA);
	kin_ram_free(&ram);
	world_close(&w);
}

static void a_shortage_is_waited_out_while_heartbeats_are_answered(void **state)
{
	struct kin_ram ram;
	struct world w;

	world_open(&w);
	w.ram_left = 0;
	w.grant_ram = 1 << 20;
	w.beats_before_grant = 3;
	assert_int_equal(kin_ram_alloc(&w.env, NULL, 5000, 0, &ram), 0);
	assert_int_equal(w.n_beats, 3);
	assert_int_equal(w.n_shortages, 1);
	assert_int_equal(w.shortage.ram_quota, 8192);
	kin_ram_free(&ram);
	world_close(&w);
}

static void note(void *data)
{
	++*(unsigned *) data;
}

static void note_yield(uint64_t ram, uint64_t caps, void *data)
{
	assert_int_equal(ram, 4711);
	assert_int_equal(caps, 12);
	note(data);
}

static void other_events_are_remembered_during_a_shortage(void **state)
{
	unsigned yields = 0, grants = 0;
	struct kin_ram ram;
	struct world w;

	world_open(&w);
	kin_on_yield(&w.env, note_yield, &yields);
	kin_on_resource(&w.env, note, &grants);
	w.yield_ram = 4711;
	w.yield_caps = 12;
	world_event(&w, PARENT_EVENT_YIELD);
	w.ram_left = 0;
	w.grant_ram = 1 << 20;
	w.beats_before_grant = 1; /* so the grant comes alone, later */
	assert_int_equal(kin_ram_alloc(&w.env, NULL, 1, 0, &ram), 0);
	assert_int_equal(yields, 0);
	world_rounds(&w);
	assert_int_equal(yields, 1);
	assert_int_equal(grants, 1);
	WORLD_WAIT(&w, w.n_yields == 1);
	kin_ram_free(&ram);
	world_close(&w);
}

static void an_old_grant_does_not_end_a_new_shortage(void **state)
{
	struct kin_ram ram;
	struct world w;

	world_open(&w);
	w.env.events = PARENT_EVENT_RESOURCE;
	w.caps_left = 0;
	w.grant_caps = 5;
	w.beats_before_grant = 2;
	assert_int_equal(kin_ram_alloc(&w.env, NULL, 1, 0, &ram), 0);
	assert_int_equal(w.n_shortages, 1);
	assert_int_equal(w.shortage.ram_quota, 0);
	assert_int_equal(w.shortage.cap_quota, 1);
	kin_ram_free(&ram);
	world_close(&w);
}

static enum kin_shortage wait_once(uint64_t ram, uint64_t caps, void *data)
{
	unsigned *n = data;

	return ++*n == 1 ? KIN_SHORTAGE_WAIT : KIN_SHORTAGE_FAIL;
}

static void the_shortage_policy_decides(void **state)
{
	struct kin_signal signal = { 0 };
	struct kin_ram ram;
	unsigned asked = 0;
	struct world w;

	world_open(&w);
	w.ram_left = 0;
	w.caps_left = 0;
	kin_set_shortage_policy(&w.env, KIN_SHORTAGE_FAIL);
	assert_int_equal(kin_ram_alloc(&w.env, NULL, 1, 0, &ram), KIN_OUT_OF_RAM);
	assert_int_equal(kin_signal_open(&w.env, &signal, NULL, NULL), KIN_OUT_OF_CAPS);
	assert_int_equal(w.n_shortages, 0);
	kin_on_shortage(&w.env, wait_once, &asked);
	w.grant_ram = 1; /* not enough */
	assert_int_equal(kin_ram_alloc(&w.env, NULL, 1, 0, &ram), KIN_OUT_OF_RAM);
	assert_int_equal(asked, 2);
	assert_int_equal(w.n_shortages, 1);
	world_close(&w);
}

static void memory_that_malloc_has_not_is_a_shortage(void **state)
{
	struct world w;

	world_open(&w);
	kin_set_shortage_policy(&w.env, KIN_SHORTAGE_FAIL);
	assert_null(kin_malloc(&w.env, SIZE_MAX / 2));
	free(kin_malloc(&w.env, 100));
	world_close(&w);
}

static void a_component_without_yield_handler_does_not_ask_for_yields(void **state)
{
	unsigned yields = 0;
	struct world w;

	world_open(&w);
	WORLD_WAIT(&w, w.handled != 0);
	assert_int_equal(w.handled, PARENT_EVENT_SESSION | PARENT_EVENT_RESOURCE |
					    PARENT_EVENT_HEARTBEAT | PARENT_EVENT_STATE);
	kin_on_yield(&w.env, note_yield, &yields);
	WORLD_WAIT(&w, w.handled & PARENT_EVENT_YIELD);
	world_close(&w);
}

static void the_loop_answers_heartbeats(void **state)
{
	struct world w;

	world_open(&w);
	world_event(&w, PARENT_EVENT_HEARTBEAT);
	world_rounds(&w);
	WORLD_WAIT(&w, w.n_beats == 1);
	world_close(&w);
}

static void who_has_no_children_has_no_state_to_tell(void **state)
{
	struct world w;

	world_open(&w);
	w.asked = "child -> grandchild";
	world_event(&w, PARENT_EVENT_STATE);
	world_rounds(&w);
	WORLD_WAIT(&w, w.n_states == 1);
	assert_int_equal(w.state.serial, 7);
	assert_int_equal(w.state.answer, KIN_DENIED);
	assert_int_equal(w.state.dataspace, 0);
	world_close(&w);
}

static void the_end_of_the_parent_ends_a_wait(void **state)
{
	struct kin_ram ram;
	struct world w;

	world_open(&w);
	w.ram_left = 0;
	shutdown(w.component.parent, SHUT_RDWR);
	assert_int_equal(kin_ram_alloc(&w.env, NULL, 1, 0, &ram), KIN_OUT_OF_RAM);
	world_close(&w);
}

static void signals_run_their_handler_once_for_many_triggers(void **state)
{
	struct kin_signal signal = { 0 };
	unsigned n = 0;
	struct world w;

	world_open(&w);
	assert_int_equal(kin_signal_open(&w.env, &signal, note, &n), 0);
	assert_true(kin_signal_check(signal.cap));
	assert_false(kin_signal_check(w.component.parent));
	for (int i = 0; i < 5; i++)
		kin_signal_trigger(signal.cap);
	world_rounds(&w);
	assert_int_equal(n, 1);
	kin_signal_trigger(signal.cap);
	kin_signal_close(&signal);
	world_rounds(&w);
	assert_int_equal(n, 1);
	world_close(&w);
}

static void stop_value(void *data)
{
	kin_stop(data, 42);
}

static void run_returns_what_stop_was_given(void **state)
{
	struct kin_task task = { 0 };
	struct world w;

	world_open(&w);
	task.run = stop_value;
	task.data = &w.env;
	kin_task_queue(&w.env, &task);
	assert_int_equal(kin_run(&w.env), 42);
	kin_stop(&w.env, 7);
	assert_int_equal(kin_run(&w.env), 7);
	kin_task_queue(&w.env, &task);
	kin_task_cancel(&w.env, &task);
	world_rounds(&w);
	kin_stop(&w.env, 8);
	assert_int_equal(kin_run(&w.env), 8);
	world_close(&w);
}

static void the_account_can_be_read(void **state)
{
	struct kin_account account;
	struct world w;

	world_open(&w);
	assert_int_equal(kin_account_read(&w.env, &account), 0);
	assert_int_equal(account.ram_quota, account.ram_used + w.ram_left);
	assert_int_equal(account.cap_quota, account.cap_used + w.caps_left);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quota_is_charged_wholly_or_not_at_all),
		cmocka_unit_test(ram_is_rounded_charged_mapped_and_given_back),
		cmocka_unit_test(ram_can_be_charged_to_another_account),
		cmocka_unit_test(a_dataspace_is_attached_only_if_it_is_as_large_as_said),
		cmocka_unit_test(a_shortage_is_waited_out_while_heartbeats_are_answered),
		cmocka_unit_test(other_events_are_remembered_during_a_shortage),
		cmocka_unit_test(an_old_grant_does_not_end_a_new_shortage),
		cmocka_unit_test(the_shortage_policy_decides),
		cmocka_unit_test(memory_that_malloc_has_not_is_a_shortage),
		cmocka_unit_test(a_component_without_yield_handler_does_not_ask_for_yields),
		cmocka_unit_test(the_loop_answers_heartbeats),
		cmocka_unit_test(who_has_no_children_has_no_state_to_tell),
		cmocka_unit_test(the_end_of_the_parent_ends_a_wait),
		cmocka_unit_test(signals_run_their_handler_once_for_many_triggers),
		cmocka_unit_test(run_returns_what_stop_was_given),
		cmocka_unit_test(the_account_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

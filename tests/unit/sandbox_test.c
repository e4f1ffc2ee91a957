/*
 * Sandbox: children from their start nodes to their ends, and random walks through everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"
#include "model/random.h"
#include "model/walk.h"

#define HEAD \
	"<config> <parent-provides> <service name='PD'/> <service name='CPU'/>" \
	" <service name='LOG'/> <service name='ROM'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>" \
	"<default ram='1M' caps='100'/>"
#define TAIL "</config>"

/* A child whose LOG is a sibling, and that sibling. */
#define GUEST_AND_LOGGER \
	"<start name='guest'> <route> <service name='LOG'> <child name='logger'/> </service>" \
	" <any-service> <parent/> </any-service> </route> </start>" \
	"<start name='logger'> <provides> <service name='LOG'/> </provides>" \
	" <route> <any-service> <parent/> </any-service> </route> </start>"

static const struct quota donation = { 16 * 1024, 4 };

static enum child_state state_of(struct model *model, const char *name)
{
	return model_child(model, name)->state;
}

static void pds_come_first_in_the_order_of_start_nodes(void **state)
{
	struct model *model = model_with(HEAD "<start name='b'/> <start name='a'/>" TAIL);

	assert_true(model_in_order(model, "up session PD \"b\"", "up session PD \"a\""));
	assert_true(model_in_order(model, "up session PD \"a\"", "up session CPU"));
	assert_true(model_in_order(model, "adopt 2", "up session CPU"));
	assert_true(model_in_order(model, "up session CPU \"b\"", "up session LOG \"b\""));
	assert_true(model_in_order(model, "up session LOG \"b\"", "up session ROM \"b -> b\""));
	assert_true(model_in_order(model, "start b", "start a"));
	assert_int_equal(state_of(model, "a"), CHILD_ALIVE);
	assert_int_equal(model_child(model, "b")->id, 1);
	assert_int_equal(model_child(model, "a")->id, 2);
	model_free(model);
}

static void a_child_starts_when_its_environment_is_there_however_late(void **state)
{
	static const char *const late[] = { "PD", "CPU", "LOG", "ROM" };

	for (size_t i = 0; i < 4; i++) {
		struct model *model = model_new();

		model_script(model, MODEL_SESSION, late[i], KIN_PENDING, 1);
		model_apply(model, HEAD "<start name='a'/>" TAIL);
		model_settle(model);
		assert_int_equal(state_of(model, "a"), CHILD_INCOMPLETE);
		assert_int_equal(model_happened(model, "start a"), 0);
		model_up_answer(model, late[i], 0);
		assert_int_equal(state_of(model, "a"), CHILD_ALIVE);
		assert_int_equal(model_happened(model, "start a"), 1);
		model_free(model);
	}
}

static void all_of_the_environment_may_come_late_in_any_order(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "CPU", KIN_PENDING, 1);
	model_script(model, MODEL_SESSION, "LOG", KIN_PENDING, 1);
	model_script(model, MODEL_SESSION, "ROM", KIN_PENDING, 1);
	model_apply(model, HEAD "<start name='a'/>" TAIL);
	model_settle(model);
	model_up_answer(model, "ROM", 0);
	model_up_answer(model, "CPU", 0);
	assert_int_equal(model_happened(model, "start a"), 0);
	model_up_answer(model, "LOG", 0);
	assert_int_equal(model_happened(model, "start a"), 1);
	model_free(model);
}

static void an_environment_that_cannot_be_had_is_a_failure(void **state)
{
	static const struct {
		const char *service, *log;
	} cases[] = {
		{ "PD", "a: PD session of its environment unavailable (denied)" },
		{ "CPU", "a: CPU session of its environment unavailable" },
		{ "LOG", "a: LOG session of its environment unavailable" },
		{ "ROM", "a: binary \"bin\" unavailable" },
	};

	for (size_t i = 0; i < 4; i++) {
		for (int late = 0; late < 2; late++) {
			struct model *model = model_new();

			model_script(model, MODEL_SESSION, cases[i].service,
				late ? KIN_PENDING : KIN_DENIED, 1);
			model_apply(model, HEAD "<start name='a'> <binary name='bin'/> </start> "
						"<start name='b'/>" TAIL);
			model_settle(model);
			if (late)
				model_up_answer(model, cases[i].service, KIN_DENIED);
			assert_int_equal(model_logged(model, cases[i].log), 1);
			assert_int_equal(state_of(model, "a"), CHILD_INCOMPLETE);
			assert_int_equal(state_of(model, "b"), CHILD_ALIVE);
			assert_null(model_child(model, "a")->sessions);
			model_free(model);
		}
	}
}

static void an_environment_found_too_small_is_asked_for_again_with_more(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "LOG", KIN_INSUFFICIENT_RAM, 2);
	model_script(model, MODEL_SESSION, "LOG", KIN_INSUFFICIENT_CAPS, 1);
	model_apply(model, HEAD "<start name='a'/>" TAIL);
	model_settle(model);
	assert_int_equal(model_happened(model, "up session LOG"), 4);
	assert_int_equal(state_of(model, "a"), CHILD_ALIVE);
	const struct session *log = session_find(model_child(model, "a"), ENV_LOG);
	assert_int_equal(log->args.ram_quota, 40 * 1024 + 3 * 8 * 1024 - SESSION_COST_BYTES);
	model_free(model);
}

static void an_environment_always_too_small_is_given_up(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "LOG", KIN_INSUFFICIENT_RAM, 1000);
	model_apply(model, HEAD "<start name='a'/>" TAIL);
	model_settle(model);
	assert_in_range(model_happened(model, "up session LOG"), 2, 20);
	assert_int_equal(model_logged(model, "a: LOG session of its environment unavailable"), 1);
	model_free(model);
}

static void a_sibling_may_serve_the_environment(void **state)
{
	struct model *model = model_with(HEAD GUEST_AND_LOGGER TAIL);
	struct server_request request;

	assert_int_equal(state_of(model, "logger"), CHILD_ALIVE);
	assert_int_equal(state_of(model, "guest"), CHILD_INCOMPLETE);
	assert_int_equal(server_requests(model_child(model, "logger"), 0, &request, 1), 1);
	assert_string_equal(request.session->args.label, "guest");
	assert_int_equal(model_serve(model, "logger"), 1);
	assert_int_equal(state_of(model, "guest"), CHILD_ALIVE);
	child_exit(model_child(model, "guest"), 0);
	model_settle(model);
	assert_int_equal(model_serve(model, "logger"), 1);
	assert_null(model_child(model, "logger")->served);
	model_free(model);
}

static void a_sibling_may_refuse_the_environment(void **state)
{
	struct model *model = model_with(HEAD GUEST_AND_LOGGER TAIL);

	server_response(model_child(model, "logger"), model_request(model, "logger", NULL),
		KIN_INSUFFICIENT_RAM);
	model_settle(model);
	assert_int_equal(state_of(model, "guest"), CHILD_INCOMPLETE);
	uint32_t id = model_request(model, "logger", NULL);
	assert_true(id > 1); /* asked again */
	server_response(model_child(model, "logger"), id, KIN_DENIED);
	model_settle(model);
	assert_int_equal(
		model_logged(model, "guest: LOG session of its environment unavailable"), 1);
	model_free(model);
}

static void a_sibling_that_ends_takes_the_environment_along(void **state)
{
	struct model *model = model_with(HEAD GUEST_AND_LOGGER TAIL);

	child_exit(model_child(model, "logger"), 1);
	model_settle(model);
	assert_int_equal(
		model_logged(model, "guest: LOG session of its environment unavailable"), 1);
	model_free(model);
}

/* The LOG is there, the binary is not; then the LOG goes, then the binary comes. */
static void an_environment_may_be_lost_while_the_rest_is_awaited(void **state)
{
	struct model *model = model_new();

	model_apply(model, HEAD GUEST_AND_LOGGER TAIL);
	model_script(model, MODEL_SESSION, "ROM", KIN_PENDING, 1);
	model_settle(model);
	model_serve(model, "logger");
	assert_int_equal(state_of(model, "guest"), CHILD_INCOMPLETE);
	child_exit(model_child(model, "logger"), 1);
	model_settle(model);
	model_up_answer(model, "ROM", 0);
	assert_int_equal(state_of(model, "guest"), CHILD_INCOMPLETE);
	assert_int_equal(
		model_logged(model, "guest: LOG session of its environment unavailable"), 1);
	assert_int_equal(model_happened(model, "start guest"), 0);
	model_free(model);
}

static void a_child_whose_running_log_goes_goes_on(void **state)
{
	struct model *model = model_with(HEAD GUEST_AND_LOGGER TAIL);

	model_serve(model, "logger");
	child_exit(model_child(model, "logger"), 1);
	model_settle(model);
	assert_int_equal(state_of(model, "guest"), CHILD_ALIVE);
	child_exit(model_child(model, "guest"), 0);
	model_settle(model);
	assert_null(model_child(model, "guest")->sessions);
	model_free(model);
}

static void a_start_that_fails_is_explained(void **state)
{
	static const struct {
		int answer;
		const char *log;
	} cases[] = {
		{ KIN_OUT_OF_RAM, "a: out of RAM during loading" },
		{ KIN_OUT_OF_CAPS, "a: out of caps during loading" },
		{ KIN_DENIED, "a: unable to create initial thread" },
		{ -ENOMEM, "a: unable to create initial thread" },
	};

	for (size_t i = 0; i < 4; i++) {
		struct model *model = model_new();

		model->start_answer = cases[i].answer;
		model_apply(model, HEAD "<start name='a'/>" TAIL);
		model_settle(model);
		assert_int_equal(model_logged(model, cases[i].log), 1);
		assert_int_equal(state_of(model, "a"), CHILD_INCOMPLETE);
		assert_int_equal(model->self.quota.ram, MODEL_RAM);
		assert_int_equal(model_happened(model, "stop a"), 0);
		model_free(model);
	}
}

static void a_pd_that_cannot_be_given_its_quota_is_a_failure(void **state)
{
	struct model *model = model_new();

	model->adopt_answer = KIN_EXCEEDED;
	model_apply(model, HEAD "<start name='a'/>" TAIL);
	model_settle(model);
	assert_int_equal(model_logged(model, "a: its quota can't be given"), 1);
	assert_int_equal(model_happened(model, "up close PD"), 1);
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	model_free(model);
}

static void a_quota_below_the_cost_of_an_environment_starts_nothing(void **state)
{
	struct model *model =
		model_with(HEAD "<resource name='RAM' preserve='0'/>"
				"<start name='a' ram='64M'/> <start name='b' ram='1M'/>" TAIL);

	assert_int_equal(model_logged(model, "configured RAM exceeds available RAM"), 1);
	assert_int_equal(model_logged(model, "b: RAM quota of 0 leaves nothing beyond"), 1);
	assert_int_equal(model_happened(model, "start a"), 1);
	assert_int_equal(model_happened(model, "start "), 1);
	model_free(model);
}

static void an_exit_keeps_the_node_and_frees_the_rest(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);

	child_exit(model_child(model, "a"), 42);
	child_exit(model_child(model, "a"), 43);
	child_died(model_child(model, "a"), 11, 0);
	assert_int_equal(model_happened(model, "stop a"), 0); /* recorded now, done in a step */
	model_settle(model);
	assert_int_equal(model_logged(model, "child \"a\" exited with exit value 42"), 1);
	assert_int_equal(model_logged(model, "a"), 1);
	assert_int_equal(state_of(model, "a"), CHILD_EXITED);
	assert_int_equal(model_child(model, "a")->exit_value, 42);
	assert_int_equal(model_happened(model, "stop a"), 1);
	assert_int_equal(model_happened(model, "exit 42"), 0);
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	assert_int_equal(model->self.quota.caps, MODEL_CAPS);
	model_free(model);
}

static void deaths_are_told_apart(void **state)
{
	struct model *model =
		model_with(HEAD "<start name='a'/> <start name='b'/> <start name='c'/>" TAIL);

	child_died(model_child(model, "a"), 0, -1);
	child_died(model_child(model, "b"), 6, 0);
	child_misbehaved(model_child(model, "c"), "it lies");
	model_settle(model);
	assert_int_equal(model_logged(model, "child \"a\" exited with exit value -1"), 1);
	assert_int_equal(model_logged(model, "child \"b\" crashed (SIGABRT)"), 1);
	assert_int_equal(model_child(model, "b")->exit_value, 128 + 6);
	assert_int_equal(model_logged(model, "child \"c\" is ended: it lies"), 1);
	assert_int_equal(state_of(model, "c"), CHILD_EXITED);
	model_free(model);
}

static void an_exit_propagates_where_the_config_says_so(void **state)
{
	struct model *model = model_with(
		HEAD "<start name='a'> <exit propagate='yes'/> </start>"
		     "<start name='b'> <exit propagate='no'/> </start> <start name='c'/>" TAIL);

	child_exit(model_child(model, "b"), 5);
	child_exit(model_child(model, "c"), 6);
	model_settle(model);
	assert_int_equal(model_happened(model, "exit"), 0);
	child_exit(model_child(model, "a"), 7);
	model_settle(model);
	assert_int_equal(model_happened(model, "exit 7"), 1);
	model_free(model);
}

static void a_child_is_destroyed_cpu_first(void **state)
{
	struct model *model = model_with(
		HEAD "<start name='a'> <provides> <service name='X'/> </provides> </start>"
		     "<start name='b'/>" TAIL);

	assert_int_equal(model_open(model, "b", 7, "X", "", donation), KIN_PENDING);
	assert_int_equal(model_open(model, "a", 7, "ROM", "own", donation), 0);
	model_forget(model);
	child_exit(model_child(model, "a"), 0);
	model_settle(model);
	static const char *const order[] = { "up close CPU \"a\"", "up close PD \"a\"", "stop a",
		"answered b 7 created", "up close LOG \"a\"", "up close ROM \"a -> a\"",
		"up close ROM \"a -> own\"" };

	for (size_t i = 0; i + 1 < sizeof(order) / sizeof(order[0]); i++)
		assert_true(model_in_order(model, order[i], order[i + 1]));
	assert_int_equal(model_happened(model, "up close PD \"a\""), 1);
	model_free(model);
}

static void a_child_is_gone_when_its_environment_is_closed(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);

	model_script(model, MODEL_CLOSE, "LOG", KIN_PENDING, 1);
	model_script(model, MODEL_CLOSE, "PD", KIN_PENDING, 1);
	child_exit(model_child(model, "a"), 0);
	model_settle(model);
	assert_false(child_gone(model_child(model, "a")));
	model_up_answer(model, "PD", KIN_CLOSED);
	assert_false(child_gone(model_child(model, "a")));
	model_up_answer(model, "LOG", KIN_CLOSED);
	assert_true(child_gone(model_child(model, "a")));
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	model_free(model);
}

static void whatever_a_child_did_its_budget_comes_back(void **state)
{
	struct model *model =
		model_with(HEAD "<start name='a'/> <start name='b'>"
				" <provides> <service name='X'/> </provides> </start>" TAIL);

	model_open(model, "a", 7, "X", "", donation);
	model_serve(model, "b");
	model_charge(model, "a", model_available(model, "a"));
	model_charge(model, "b", model_available(model, "b"));
	child_died(model_child(model, "b"), 9, 0);
	child_died(model_child(model, "a"), 9, 0);
	model_settle(model);
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	assert_int_equal(model->self.quota.caps, MODEL_CAPS);
	assert_int_equal(model_logged(model, "does not give back"), 0);
	model_free(model);
}

/*
 * What is wrong in a config
 */

static void a_bad_node_does_not_hide_the_good_ones_behind_it(void **state)
{
	struct model *model = model_with(HEAD
		"<strange/> <start/> <start name=''/>"
		"<start name='a/b'/> <start name='ok' caps='50'/> <start name='ok' caps='60'/>"
		"<start name='bin'> <binary name='a&#10;b'/> </start>"
		"<start name='last'> <provides> <service/> <service name='X'/> <service name='X'/>"
		" </provides> </start>" TAIL);

	assert_int_equal(model_logged(model, "unknown config element type <strange>"), 1);
	assert_int_equal(model_logged(model, "missing 'name' attribute in '<start>' entry"), 2);
	assert_int_equal(model_logged(model, "not a valid name"), 1);
	assert_int_equal(model_logged(model, "start node \"ok\" in line 1 repeats"), 1);
	assert_int_equal(model_child(model, "ok")->assigned.caps, 50);
	assert_int_equal(model_logged(model, "bin: name of the binary too long or malformed"), 1);
	assert_int_equal(model_logged(model, "last: service without a valid name"), 1);
	assert_int_equal(state_of(model, "ok"), CHILD_ALIVE);
	assert_int_equal(state_of(model, "last"), CHILD_ALIVE);
	assert_int_equal(state_of(model, "bin"), CHILD_INCOMPLETE);
	model_free(model);
}

static void of_two_global_elements_the_last_counts(void **state)
{
	struct model *model = model_with(
		"<config> <parent-provides/>"
		"<default ram='1M' caps='10'/> <default ram='2M' caps='90'/>"
		"<default-route/> <default-route> <any-service> <parent/> </any-service>"
		" </default-route>"
		"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>"
		" <service name='ROM'/> </parent-provides> <start name='a'/> </config>");

	assert_int_equal(state_of(model, "a"), CHILD_ALIVE);
	assert_int_equal(model_child(model, "a")->assigned.caps, 90);
	assert_int_equal(model_logged(model, "config has several <default> elements"), 1);
	assert_int_equal(model_logged(model, "config has several <default-route> elements"), 1);
	assert_int_equal(model_logged(model, "config has several <parent-provides> elements"), 1);
	model_free(model);
}

static void managing_system_is_passed_only_where_permitted(void **state)
{
	static const char *const start[] = { "<start name='a'/>",
		"<start name='a' managing_system='no'/>",
		"<start name='a' managing_system='yes'/>" };

	for (size_t i = 0; i < 3; i++) {
		struct kin_args args = { .ram_quota = 16 * 1024, .cap_quota = 2 };
		struct kin_affinity affinity = { 0 };
		char config[1024];
		int cap = 0;

		snprintf(config, sizeof(config), "%s%s%s", HEAD, start[i], TAIL);
		struct model *model = model_with(config);
		struct child *a = model_child(model, "a");

		kin_args_set(&args, "managing_system", "yes");
		assert_int_equal(
			child_session(
				a, &(struct session_request){ 7, "PD", 1, &args, &affinity }, &cap),
			0);
		model_cap_close(model, cap);
		assert_int_equal(
			kin_args_boolean(&session_find(a, 7)->args, "managing_system", false),
			i == 2);
		model_free(model);
	}
}

/*
 * Events and health
 */

static void a_child_is_woken_for_events_that_it_handles(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);
	struct child *a = model_child(model, "a");
	struct quota yield;

	child_post(a, CHILD_EVENT_RESOURCE);
	child_yield(a, (struct quota){ 4096, 3 });
	assert_int_equal(model_happened(model, "wake"), 0);
	assert_int_equal(child_events(a, &yield), 0);
	child_handles(a, CHILD_EVENT_RESOURCE | CHILD_EVENT_SESSION);
	assert_int_equal(model_happened(model, "wake a"), 1);
	assert_int_equal(child_events(a, &yield), CHILD_EVENT_RESOURCE);
	assert_int_equal(child_events(a, &yield), 0);
	child_handles(a, CHILD_EVENT_YIELD);
	assert_int_equal(model_happened(model, "wake a"), 2);
	assert_int_equal(child_events(a, &yield), CHILD_EVENT_YIELD);
	assert_int_equal(yield.ram, 4096);
	assert_int_equal(yield.caps, 3);
	child_yield_response(a);
	child_events(a, &yield);
	assert_int_equal(yield.ram + yield.caps, 0);
	child_handles(a, CHILD_EVENT_YIELD);
	assert_int_equal(model_happened(model, "wake a"), 2);
	model_free(model);
}

static void answers_before_the_handler_signal_at_registration(void **state)
{
	struct model *model = model_with(
		HEAD "<start name='a'/>"
		     "<start name='s'> <provides> <service name='X'/> </provides> </start>" TAIL);
	struct quota yield;

	model_open(model, "a", 7, "X", "", donation);
	model_serve(model, "s");
	assert_int_equal(model_happened(model, "wake a"), 0);
	child_handles(model_child(model, "a"), CHILD_EVENT_SESSION);
	assert_int_equal(model_happened(model, "wake a"), 1);
	assert_int_equal(child_events(model_child(model, "a"), &yield), CHILD_EVENT_SESSION);
	model_free(model);
}

static void heartbeats_count_once_they_are_handled(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);
	struct child *a = model_child(model, "a");

	child_heartbeat(a);
	assert_int_equal(a->heartbeats_outstanding, 0);
	child_handles(a, CHILD_EVENT_HEARTBEAT);
	child_heartbeat(a);
	child_heartbeat(a);
	child_heartbeat(a);
	assert_int_equal(a->heartbeats_outstanding, 3);
	child_heartbeat_response(a);
	assert_int_equal(a->heartbeats_outstanding, 0);
	assert_true(model_happened(model, "wake a") >= 1);
	child_exit(a, 0);
	model_settle(model);
	child_heartbeat(a);
	assert_int_equal(a->heartbeats_outstanding, 0);
	model_free(model);
}

static void resource_requests_are_logged_and_kept(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);
	struct child *a = model_child(model, "a");

	child_resource_request(a, (struct quota){ 4096, 2 });
	assert_int_equal(model_logged(model, "child \"a\" requests resources: "), 1);
	assert_int_equal(model_logged(model, "ram_quota=4096, cap_quota=2"), 1);
	assert_int_equal(a->wanted.ram, 4096);
	assert_int_equal(a->wanted.caps, 2);
	child_exit(a, 0);
	model_settle(model);
	assert_int_equal(a->wanted.ram, 0);
	model_free(model);
}

static void nothing_is_left_of_an_empty_config(void **state)
{
	model_free(model_new());
	model_free(model_with("<config/>"));
}

static void random_walks_break_nothing(void **state)
{
	if (getenv("KIN_SEED")) {
		walk_run(random_seed(0), 50000);
		return;
	}
	for (uint64_t seed = 1; seed <= 4; seed++)
		walk_run(seed, 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pds_come_first_in_the_order_of_start_nodes),
		cmocka_unit_test(a_child_starts_when_its_environment_is_there_however_late),
		cmocka_unit_test(all_of_the_environment_may_come_late_in_any_order),
		cmocka_unit_test(an_environment_that_cannot_be_had_is_a_failure),
		cmocka_unit_test(an_environment_found_too_small_is_asked_for_again_with_more),
		cmocka_unit_test(an_environment_always_too_small_is_given_up),
		cmocka_unit_test(a_sibling_may_serve_the_environment),
		cmocka_unit_test(a_sibling_may_refuse_the_environment),
		cmocka_unit_test(a_sibling_that_ends_takes_the_environment_along),
		cmocka_unit_test(an_environment_may_be_lost_while_the_rest_is_awaited),
		cmocka_unit_test(a_child_whose_running_log_goes_goes_on),
		cmocka_unit_test(a_start_that_fails_is_explained),
		cmocka_unit_test(a_pd_that_cannot_be_given_its_quota_is_a_failure),
		cmocka_unit_test(a_quota_below_the_cost_of_an_environment_starts_nothing),
		cmocka_unit_test(an_exit_keeps_the_node_and_frees_the_rest),
		cmocka_unit_test(deaths_are_told_apart),
		cmocka_unit_test(an_exit_propagates_where_the_config_says_so),
		cmocka_unit_test(a_child_is_destroyed_cpu_first),
		cmocka_unit_test(a_child_is_gone_when_its_environment_is_closed),
		cmocka_unit_test(whatever_a_child_did_its_budget_comes_back),
		cmocka_unit_test(a_bad_node_does_not_hide_the_good_ones_behind_it),
		cmocka_unit_test(of_two_global_elements_the_last_counts),
		cmocka_unit_test(managing_system_is_passed_only_where_permitted),
		cmocka_unit_test(a_child_is_woken_for_events_that_it_handles),
		cmocka_unit_test(answers_before_the_handler_signal_at_registration),
		cmocka_unit_test(heartbeats_count_once_they_are_handled),
		cmocka_unit_test(resource_requests_are_logged_and_kept),
		cmocka_unit_test(nothing_is_left_of_an_empty_config),
		cmocka_unit_test(random_walks_break_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

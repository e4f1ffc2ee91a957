/*
 * Update: quota of children that run, by another config and by what becomes free
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/environment.h"
#include "unit/update_scene.h"

#define PARENT \
	"<parent-provides> <service name='PD'/> <service name='CPU'/>" \
	" <service name='LOG'/> <service name='ROM'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>"
#define HEAD "<config>" PARENT

/* Of 64 MiB and 2000 capabilities init keeps all but 4 MiB and 300. */
#define POOR HEAD "<resource name='RAM' preserve='60M'/> <resource name='CAP' preserve='1700'/>"

#define MIB (1u << 20)

static void assert_assigned(struct model *model, const char *name, uint64_t ram, uint64_t caps)
{
	const struct child *child = model_child(model, name);

	assert_int_equal(child->assigned.ram, ram);
	assert_int_equal(child->assigned.caps, caps);
}

static uint32_t events_of(struct model *model, const char *name)
{
	struct quota yield;

	return child_events(model_child(model, name), &yield);
}

static struct quota yield_of(struct model *model, const char *name)
{
	return model_child(model, name)->yield;
}

/* Leaves a child that much. */
static void charge_all_but(struct model *model, const char *name, uint64_t ram, uint64_t caps)
{
	struct quota all = model_available(model, name);

	model_charge(model, name, (struct quota){ all.ram - ram, all.caps - caps });
}

static void more_is_given_in_place(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='1M' caps='50'/>" TAIL);
	struct quota before = model_available(model, "a");

	child_handles(model_child(model, "a"), CHILD_EVENT_RESOURCE);
	child_resource_request(model_child(model, "a"), (struct quota){ 4096, 0 });
	model_settle(model);
	model_forget(model);
	apply(model, HEAD "<start name='a' ram='2M' caps='70'/>" TAIL);
	assert_assigned(model, "a", 2 * MIB, 70);
	struct quota now = model_available(model, "a");
	assert_int_equal(now.ram - before.ram, MIB);
	assert_int_equal(now.caps - before.caps, 20);
	assert_int_equal(model_child(model, "a")->id, 1);
	assert_int_equal(model_child(model, "a")->wanted.ram, 0);
	assert_int_equal(events_of(model, "a"), CHILD_EVENT_RESOURCE);
	assert_int_equal(model->journal.n, 1); /* its wake-up */
	assert_int_equal(model->log.n, 0);
	model_free(model);
}

static void the_default_counts_as_said_by_the_start_node(void **state)
{
	struct model *model =
		model_with(HEAD "<default ram='1M' caps='50'/> <start name='a'/>" TAIL);

	apply(model, HEAD "<default ram='2M' caps='60'/> <start name='a'/>" TAIL);
	assert_assigned(model, "a", 2 * MIB, 60);
	apply(model, HEAD "<start name='a' ram='2M' caps='60'/>" TAIL);
	apply(model, HEAD "<start name='a' ram='1M'> <resource name='RAM' quantum='3M'/>"
			  "<resource name='CAP' quantum='60'/> </start>" TAIL);
	assert_assigned(model, "a", 3 * MIB, 60);
	assert_int_equal(model_logged(model, "a: ambiguous RAM-quota definition"), 1);
	assert_int_equal(model_child(model, "a")->id, 1);
	model_free(model);
}

static void who_gets_less_than_wanted_is_told_once(void **state)
{
	struct model *model = model_with(POOR "<start name='a' ram='1M' caps='50'/>" TAIL);

	for (int i = 0; i < 2; i++) {
		apply(model, POOR "<start name='a' ram='6M' caps='50'/>" TAIL);
		assert_assigned(model, "a", 4 * MIB, 50);
	}
	assert_int_equal(
		model_logged(model, "a: configured RAM exceeds available RAM, proceed with 4M"), 1);
	assert_int_equal(model_logged(model, ""), 1);
	model_free(model);
}

static void the_rest_follows_when_another_ends(void **state)
{
	static const char *const both = POOR "<start name='b' ram='3M' caps='100'/>"
					     "<start name='a' ram='3M' caps='250'/>" TAIL;
	struct model *model = model_with(both);

	assert_assigned(model, "a", 1 * MIB, 200);
	child_handles(model_child(model, "a"), CHILD_EVENT_RESOURCE);
	child_exit(model_child(model, "b"), 0);
	model_settle(model);
	assert_assigned(model, "a", 3 * MIB, 250);
	assert_int_equal(events_of(model, "a"), CHILD_EVENT_RESOURCE);
	assert_int_equal(model_child(model, "a")->id, 2);
	model_free(model);

	model = model_with(both);
	apply(model, POOR "<start name='a' ram='3M' caps='250'/>" TAIL);
	assert_assigned(model, "a", 3 * MIB, 250);
	model_free(model);
}

static void the_rest_follows_when_our_parent_gives(void **state)
{
	struct model *model = model_new();
	struct quota away = { 2 * MIB, 0 };

	account_charge(&model->self, away);
	apply(model, POOR "<start name='a' ram='3M' caps='50'/>" TAIL);
	assert_assigned(model, "a", 2 * MIB, 50);
	account_uncharge(&model->self, away);
	sandbox_granted(&model->sandbox);
	model_settle(model);
	assert_assigned(model, "a", 3 * MIB, 50);
	model_free(model);
}

static void without_quota_a_child_waits_for_some(void **state)
{
	struct model *model = model_with(
		POOR "<start name='b' ram='4M' caps='100'/> <start name='a' ram='1M' caps='50'>"
		     " <provides> <service name='X'/> </provides> </start>"
		     "<start name='c' caps='50'/>" TAIL);

	assert_false(alive(model, "a") || alive(model, "c"));
	assert_int_equal(model_logged(model, "c: no valid RAM quota defined"), 1);
	assert_int_equal(
		model_open(model, "b", 10, "X", "", (struct quota){ 16384, 4 }), KIN_DENIED);
	child_exit(model_child(model, "b"), 0);
	model_settle(model);
	assert_true(alive(model, "a"));
	assert_assigned(model, "a", MIB, 50);
	assert_int_equal(server_announce(model_child(model, "a"), "X"), 0);
	apply(model, POOR "<start name='a' ram='1M' caps='50'>"
			  " <provides> <service name='X'/> </provides> </start>"
			  "<start name='c' ram='1M' caps='50'/>" TAIL);
	assert_true(alive(model, "c"));
	model_free(model);
}

/* What waits for a service waits for the quota of who provides it. */
static void who_waits_for_a_child_without_quota_follows_it(void **state)
{
#define USED(s_ram, more) \
	POOR "<start name='a' ram='1M' caps='50'/> <start name='s' ram='" s_ram "' caps='50'>" \
	     " <provides> <service name='X'/> </provides> </start>" more TAIL
	struct model *model = model_with(USED("1M", ""));

	assert_int_equal(
		model_open(model, "a", 10, "X", "", (struct quota){ 16384, 4 }), KIN_PENDING);
	assert_int_equal(model_serve(model, "s"), 1);
	apply(model, USED("0", ""));
	assert_true(alive(model, "s")); /* keeps what it uses */
	apply(model, POOR "<start name='a' ram='1M' caps='50'/>"
			  "<start name='big' ram='4M' caps='50'/>" TAIL);
	assert_true(model_child(model, "a")->stuck);
	apply(model, POOR "<start name='a' ram='1M' caps='50'/>"
			  "<start name='big' ram='4M' caps='50'/>"
			  "<start name='s' ram='1M' caps='50'> <provides> <service name='X'/>"
			  "</provides> </start>" TAIL);
	assert_true(model_child(model, "s")->unfunded);
	assert_true(model_child(model, "a")->stuck);
	child_exit(model_child(model, "big"), 0);
	model_settle(model);
	assert_true(alive(model, "s") && alive(model, "a"));
#undef USED
	model_free(model);
}

static void less_is_taken_from_what_is_free(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='4M' caps='100'/>" TAIL);
	struct quota self = model->self.quota;

	apply(model, HEAD "<start name='a' ram='1M' caps='60'/>" TAIL);
	assert_assigned(model, "a", MIB, 60);
	assert_int_equal(model->self.quota.ram - self.ram, 3 * MIB);
	assert_int_equal(model->self.quota.caps - self.caps, 40);
	assert_int_equal(yield_of(model, "a").ram, 0);
	assert_int_equal(model_child(model, "a")->id, 1);
	model_free(model);
}

static void less_is_taken_from_who_starts_once_it_runs(void **state)
{
	static const char *const late[] = { "PD", "LOG" };

	for (size_t i = 0; i < 2; i++) {
		struct model *model = model_new();

		model_script(model, MODEL_SESSION, late[i], KIN_PENDING, 1);
		apply(model, HEAD "<start name='a' ram='4M' caps='100'/>" TAIL);
		apply(model, HEAD "<start name='a' ram='1M' caps='60'/>" TAIL);
		model_up_answer(model, NULL, 0);
		assert_true(alive(model, "a"));
		assert_assigned(model, "a", MIB, 60);
		model_free(model);
	}
}

static void some_is_left_to_live_on_and_the_rest_asked_for(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='4M' caps='100'/>" TAIL);

	child_handles(model_child(model, "a"), CHILD_EVENT_YIELD);
	charge_all_but(model, "a", 20 * 1024, 8);
	apply(model, HEAD "<start name='a' ram='1M' caps='60'/>" TAIL);
	struct quota left = model_available(model, "a");
	assert_int_equal(left.ram, 16 * 1024);
	assert_int_equal(left.caps, 5);
	assert_assigned(model, "a", 4 * MIB - 4 * 1024, 97);
	assert_int_equal(events_of(model, "a"), CHILD_EVENT_YIELD);
	assert_int_equal(yield_of(model, "a").ram, 3 * MIB - 4 * 1024);
	assert_int_equal(yield_of(model, "a").caps, 37);
	/* Asked once. */
	apply(model, HEAD "<start name='a' ram='1M' caps='60'/>" TAIL);
	assert_int_equal(events_of(model, "a"), 0);
	model_free(model);
}

static void a_yield_response_is_taken_up(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='4M' caps='100'/>" TAIL);
	struct child *child = model_child(model, "a");

	child_handles(child, CHILD_EVENT_YIELD);
	struct quota all = model_available(model, "a");
	model_charge(model, "a", all);
	apply(model, HEAD "<start name='a' ram='1M' caps='100'/>" TAIL);
	assert_assigned(model, "a", 4 * MIB, 100);
	assert_int_equal(events_of(model, "a"), CHILD_EVENT_YIELD);
	model_uncharge(model, "a", (struct quota){ MIB, 0 });
	child_yield_response(child);
	model_settle(model);
	assert_assigned(model, "a", 3 * MIB + 16 * 1024, 100);
	assert_int_equal(events_of(model, "a"), CHILD_EVENT_YIELD); /* there is more to give */
	assert_int_equal(yield_of(model, "a").ram, 2 * MIB + 16 * 1024);
	child_yield_response(child); /* it can't */
	model_settle(model);
	assert_int_equal(events_of(model, "a"), 0);
	model_uncharge(model, "a", (struct quota){ all.ram - MIB, all.caps });
	child_yield_response(child);
	model_settle(model);
	assert_assigned(model, "a", MIB, 100); /* and not less */
	assert_int_equal(yield_of(model, "a").ram, 0);
	model_free(model);
}

static void what_is_taken_is_given_to_others_in_the_same_update(void **state)
{
	struct model *model = model_with(POOR "<start name='a' ram='1M' caps='100'/>"
					      "<start name='b' ram='3M' caps='200'/>" TAIL);

	apply(model, POOR "<start name='a' ram='3M' caps='200'/>"
			  "<start name='b' ram='1M' caps='100'/>" TAIL);
	assert_assigned(model, "a", 3 * MIB, 200);
	assert_assigned(model, "b", MIB, 100);
	assert_int_equal(model->log.n, 0);
	model_free(model);
}

static void what_is_yielded_is_given_to_who_is_short(void **state)
{
	struct model *model = model_with(POOR "<start name='a' ram='1M' caps='100'/>"
					      "<start name='b' ram='3M' caps='200'/>" TAIL);
	struct quota all = model_available(model, "b");

	model_charge(model, "b", all);
	apply(model, POOR "<start name='a' ram='3M' caps='100'/>"
			  "<start name='b' ram='1M' caps='200'/>" TAIL);
	assert_assigned(model, "a", MIB, 100);
	model_uncharge(model, "b", all);
	child_yield_response(model_child(model, "b"));
	model_settle(model);
	assert_assigned(model, "a", 3 * MIB, 100);
	assert_assigned(model, "b", MIB, 200);
	model_free(model);
}

static void a_larger_preserve_takes_nothing_from_children(void **state)
{
	struct model *model = model_with(POOR "<start name='a' ram='4M' caps='100'/>" TAIL);

	apply(model, HEAD "<resource name='RAM' preserve='62M'/>"
			  "<start name='a' ram='4M' caps='100'/>" TAIL);
	assert_assigned(model, "a", 4 * MIB, 100);
	apply(model, HEAD "<resource name='RAM' preserve='62M'/>"
			  "<start name='a' ram='5M' caps='100'/>" TAIL);
	assert_assigned(model, "a", 4 * MIB, 100);
	apply(model, HEAD "<start name='a' ram='5M' caps='100'/>" TAIL);
	assert_assigned(model, "a", 5 * MIB, 100);
	model_free(model);
}

static void preserving_too_much_is_said_when_it_is_said(void **state)
{
	static const char *const config = HEAD "<resource name='RAM' preserve='1T'/>" TAIL;
	struct model *model = model_with(config);

	apply(model, config);
	assert_int_equal(model_logged(model, "RAM preservation exceeds available memory"), 1);
	apply(model, HEAD "<resource name='RAM' preserve='2T'/>" TAIL);
	assert_int_equal(model_logged(model, "RAM preservation exceeds available memory"), 2);
	model_free(model);
}

/* What whoever embeds the sandbox gave beyond the config is not the config's to take. */
static void a_grant_stays_until_the_config_says_something_else(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='1M' caps='50'/>" TAIL);

	assert_int_equal(child_grant(model_child(model, "a"), (struct quota){ MIB, 0 }), 0);
	apply(model, HEAD "<start name='a' ram='1M' caps='50'/> <start name='b'/>" TAIL);
	assert_assigned(model, "a", 2 * MIB, 50);
	apply(model, HEAD "<start name='a' ram='1M' caps='60'/>" TAIL);
	assert_assigned(model, "a", MIB, 60);
	model_free(model);
}

static void a_restarted_child_is_not_told_again(void **state)
{
	struct model *model = model_with(
		HEAD "<start name='a' ram='1M' caps='50' version='1'/> <start name='b'/>" TAIL);

	apply(model,
		HEAD "<start name='a' ram='1M' caps='50' version='2'/> <start name='b'/>" TAIL);
	apply(model,
		HEAD "<start name='a' ram='1M' caps='50' version='2'/> <start name='b'/>" TAIL);
	assert_int_equal(model_logged(model, "no valid"), 2);
	model_free(model);
}

static void thousands_of_lives_cost_nothing(void **state)
{
	static const char *const empty = HEAD TAIL;
	struct model *model = model_with(empty);

	for (int i = 0; i < 4 * MODEL_ACCOUNTS_MAX; i++) {
		apply(model, HEAD "<start name='a' ram='1M' caps='50'> <provides>"
				  "<service name='X'/> </provides> </start>" TAIL);
		assert_true(alive(model, "a"));
		apply(model, empty);
	}
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	assert_int_equal(model->self.quota.caps, MODEL_CAPS);
	model_free(model);
}

static void a_grant_beyond_what_can_be_written_does_not_wrap(void **state)
{
	struct model *model =
		model_with(HEAD "<start name='a' ram='18446744073709551615' caps='100'/>" TAIL);
	struct child *child = model_child(model, "a");
	struct quota before = child->assigned;

	assert_int_equal(child->configured.ram, UINT64_MAX);
	assert_int_equal(child_grant(child, (struct quota){ 4096, 0 }), 0);
	assert_int_equal(child->configured.ram, UINT64_MAX);
	assert_int_equal(child->assigned.ram, before.ram + 4096);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_is_given_in_place),
		cmocka_unit_test(a_grant_beyond_what_can_be_written_does_not_wrap),
		cmocka_unit_test(the_default_counts_as_said_by_the_start_node),
		cmocka_unit_test(who_gets_less_than_wanted_is_told_once),
		cmocka_unit_test(the_rest_follows_when_another_ends),
		cmocka_unit_test(the_rest_follows_when_our_parent_gives),
		cmocka_unit_test(without_quota_a_child_waits_for_some),
		cmocka_unit_test(who_waits_for_a_child_without_quota_follows_it),
		cmocka_unit_test(less_is_taken_from_what_is_free),
		cmocka_unit_test(less_is_taken_from_who_starts_once_it_runs),
		cmocka_unit_test(some_is_left_to_live_on_and_the_rest_asked_for),
		cmocka_unit_test(a_yield_response_is_taken_up),
		cmocka_unit_test(what_is_taken_is_given_to_others_in_the_same_update),
		cmocka_unit_test(what_is_yielded_is_given_to_who_is_short),
		cmocka_unit_test(a_larger_preserve_takes_nothing_from_children),
		cmocka_unit_test(preserving_too_much_is_said_when_it_is_said),
		cmocka_unit_test(a_grant_stays_until_the_config_says_something_else),
		cmocka_unit_test(a_restarted_child_is_not_told_again),
		cmocka_unit_test(thousands_of_lives_cost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

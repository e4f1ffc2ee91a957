/*
 * Forwarding: the parent's other clients, served by our children.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <cmocka.h>

#include "unit/forward_scene.h"

static void services_are_announced_once(void **state)
{
	struct model *model = *state;

	assert_int_equal(model_happened(model, "announce X"), 1);
	assert_int_equal(model_happened(model, "announce Y"), 1);
	forward_apply(&model->sandbox);
	assert_int_equal(model_happened(model, "announce"), 2);
}

static void an_announcement_that_the_parent_refuses_is_logged(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_ANNOUNCE, "X", KIN_DENIED, 1);
	model_apply(model, config);
	model_settle(model);
	assert_int_equal(model_logged(model, "service \"X\" can't be announced: denied"), 1);
	forward_apply(&model->sandbox); /* and tried again with the next config */
	assert_int_equal(model_happened(model, "announce X"), 2);
	assert_int_equal(model_happened(model, "announce Y"), 1);
	model_free(model);
}

static void nodes_without_use_are_named(void **state)
{
	struct model *model =
		model_with(HEAD "<service/> <service name='a/b'/> <service name='X'/>"
				"<service name='X'> <default-policy> <child name='s'/>"
				" </default-policy> </service>" SERVER("s") TAIL);

	assert_int_equal(model_logged(model, "<service> without a valid name (line 1)"), 2);
	assert_int_equal(model_logged(model, "<service> \"X\" in line 1 repeats the name"), 1);
	assert_int_equal(model_happened(model, "announce"), 1);
	guest(model, "anybody"); /* the first counts, which lets nobody in */
	assert_null(model->guests);
	model_free(model);
}

static void a_request_goes_where_the_best_policy_says(void **state)
{
	static const struct {
		const char *label, *server, *shown;
	} cases[] = {
		{ "alice", "second", "queen" },
		{ "alan", "first", "alan" },
		{ "alias", "second", "alias" },
		{ "bob", "second", "bob" },
		{ "al -> ob", "first", "al -> ob" },
	};
	struct model *model = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t id = guest(model, cases[i].label);
		const struct session *session = request_at(model, cases[i].server);

		assert_string_equal(session->args.label, cases[i].shown);
		assert_string_equal(session->service->name->name, "X");
		assert_true(model_deliver(model, cases[i].server, session->server_id));
		assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
		model_guest_close(model, id);
		model_serve(model, cases[i].server);
		assert_over(model, id, "closed");
	}
}

static void the_rest_of_the_donation_is_passed_on_and_shown(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "alan");
	const struct session *session = request_at(model, "first");

	assert_int_equal(session->args.ram_quota, donation.ram - SESSION_COST_BYTES);
	assert_int_equal(session->args.cap_quota, donation.caps);
	assert_gained(model, "first", donation.ram - SESSION_COST_BYTES, donation.caps);
	assert_int_equal(forward_held(&model->sandbox).ram, SESSION_COST_BYTES);
	model_serve(model, "first");
	model_guest_close(model, id);
	assert_int_equal(model_serve(model, "first"), 1);
	assert_gained(model, "first", 0, 0);
	assert_over(model, id, "closed");
	assert_int_equal(forward_held(&model->sandbox).ram, 0);
}

static void affinity_and_other_arguments_are_passed_on(void **state)
{
	struct kin_args args = { "alan", donation.ram, donation.caps, 0, { { "" } } };
	struct model *model = *state;

	kin_args_set(&args, "managing_system", "yes");
	kin_args_set(&args, "buffer_size", "64K");
	model_guest_open_with(model, "X", &args);
	const struct session *session = request_at(model, "first");
	assert_string_equal(kin_args_get(&session->args, "managing_system"), "yes");
	assert_string_equal(kin_args_get(&session->args, "buffer_size"), "64K");
	assert_int_equal(session->affinity.space_width, 4);
	assert_int_equal(session->affinity.width, 2);
	assert_int_equal(session->version, 1);
	model_serve(model, "first");
}

static void whom_no_policy_fits_is_denied(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "stranger");

	assert_over(model, id, "denied");
	assert_int_equal(
		model_logged(model, "service \"X\" denied to \"stranger\": no policy matches"), 1);
	id = guest(model, "nobody");
	assert_over(model, id, "denied");
	assert_int_equal(model_logged(model, "its policy names no child"), 1);
}

static void too_little_for_our_own_costs_is_insufficient(void **state)
{
	struct model *model = *state;
	uint32_t id =
		model_guest_open(model, "X", "alan", (struct quota){ SESSION_COST_BYTES - 1, 4 });

	assert_over(model, id, "insufficient RAM donated");
	id = model_guest_open(model, "X", "alan", (struct quota){ SESSION_COST_BYTES, 0 });
	assert_int_equal(request_at(model, "first")->args.ram_quota, 0);
	respond(model, "first", KIN_INSUFFICIENT_RAM);
	assert_over(model, id, "insufficient RAM donated");
}

static void every_refusal_is_passed_on(void **state)
{
	static const int answers[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };
	struct model *model = *state;

	for (size_t i = 0; i < 3; i++) {
		uint32_t id = guest(model, "alan");

		respond(model, "first", answers[i]);
		assert_gained(model, "first", 0, 0);
		assert_over(model, id, kin_answer_text(answers[i]));
	}
}

static void an_upgrade_is_passed_on_and_its_confirmation_back(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");
	int kind;

	assert_true(model_guest_upgrade(model, id, (struct quota){ 4096, 2 }));
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_UPGRADING);
	assert_gained(model, "first", donation.ram - SESSION_COST_BYTES + 4096, donation.caps + 2);
	model_request(model, "first", &kind);
	assert_int_equal(kind, SERVER_UPGRADE);
	assert_int_equal(request_at(model, "first")->upgrade.ram, 4096);
	respond(model, "first", KIN_OK);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	assert_true(model_guest_upgrade(model, id, (struct quota){ 4096, 0 }));
	assert_true(model_guest_close(model, id)); /* before that is confirmed */
	assert_int_equal(model_serve(model, "first"), 1);
	assert_over(model, id, "closed");
	assert_gained(model, "first", 0, 0);
}

/* The news of the end and what the parent asks next pass each other. */
static void requests_about_what_ended_meanwhile_are_answered_closed(void **state)
{
	struct model *model = *state;

	for (uint32_t id = 90; id < 92; id++) {
		struct model_guest *crossing = calloc(1, sizeof(*crossing));

		assert_non_null(crossing);
		*crossing = (struct model_guest){ .state = MODEL_GUEST_OPEN, .id = id };
		DL_APPEND(model->guests, crossing);
		if (id == 90)
			model_guest_close(model, id);
		else
			model_guest_upgrade(model, id, (struct quota){ 4096, 0 });
		assert_over(model, id, "closed");
	}
}

static void a_service_without_node_keeps_its_requests(void **state)
{
	struct model *model = *state;
	uint32_t id = model_guest_open(model, "Z", "alan", donation);

	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	assert_int_equal(forward_held(&model->sandbox).ram, donation.ram);
	assert_int_equal(forward_held(&model->sandbox).caps, donation.caps);
	sandbox_done(&model->sandbox);
	assert_over(model, id, "denied");
}

/* A child that wants all there is gets what is not a guest's. */
static void what_waits_is_not_ours_to_give(void **state)
{
	static const char greedy[] =
		HEAD POLICIES CHILDREN "<start name='greedy' ram='1T' caps='1M'/>" TAIL;
	const struct quota much = { 4 << 20, 100 };
	struct model *without = model_with(config), *model = *state;

	model_apply(without, greedy);
	model_settle(without);
	uint32_t id = model_guest_open(model, "X", "late", much);
	model_apply(model, greedy);
	model_settle(model);
	assert_int_equal(model_child(model, "greedy")->assigned.ram,
		model_child(without, "greedy")->assigned.ram);
	assert_int_equal(model_child(model, "greedy")->assigned.caps,
		model_child(without, "greedy")->assigned.caps);
	model_free(without);
	model_apply(model, HEAD POLICIES CHILDREN SERVER("later") TAIL);
	model_settle(model);
	model_serve(model, "later");
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "later");
	assert_over(model, id, "closed");
}

static void a_child_that_is_not_there_is_waited_for(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "late");

	model_settle(model);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	assert_int_equal(model_happened(model, "respond"), 0);
	sandbox_done(&model->sandbox);
	assert_over(model, id, "denied");
}

static void a_service_that_appears_is_used_at_once(void **state)
{
	struct model *model = *state;
	struct child *mute = model_child(model, "mute");
	uint32_t id = guest(model, "lost");

	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	assert_int_equal(services_provide(&model->sandbox.services, mute, "X"), 0);
	sandbox_step(&model->sandbox);
	assert_int_equal(model_serve(model, "mute"), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "mute");
	assert_over(model, id, "closed");
}

static void a_server_without_account_gets_its_donations_later(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "PD", KIN_PENDING, 1);
	model_apply(model, config);
	model_settle(model);
	assert_false(model_child(model, "first")->adopted);
	uint32_t id = guest(model, "alan");
	model_up_answer(model, "PD", 0);
	assert_gained(model, "first", donation.ram - SESSION_COST_BYTES, donation.caps);
	model_serve(model, "first");
	model_guest_close(model, id);
	model_serve(model, "first");
	assert_over(model, id, "closed");
	model_free(model);
}

/*
 * The server ends
 */

static void a_server_that_dies_closes_its_sessions_above(void **state)
{
	struct model *model = *state;
	uint32_t open = guest_served(model, "alan", "first");
	uint32_t upgrading = guest_served(model, "alan", "first");
	uint32_t closing = guest_served(model, "alan", "first");

	model_guest_upgrade(model, upgrading, (struct quota){ 4096, 0 });
	model_guest_close(model, closing);
	child_died(model_child(model, "first"), 11, 0);
	model_settle(model);
	assert_null(model_guest(model, open));
	assert_null(model_guest(model, upgrading));
	assert_over(model, closing, "closed");
	assert_int_equal(model_happened(model, "closed"), 3);
}

static void what_a_server_was_making_when_it_died_waits_for_another(void **state)
{
	struct model *model = *state;
	struct child *first = model_child(model, "first");
	uint32_t seen = guest(model, "alan"), unseen;

	model_request(model, "first", NULL);
	unseen = guest(model, "albert");
	child_died(first, 11, 0);
	model_settle(model);
	assert_int_equal(model_guest(model, seen)->state, MODEL_GUEST_CREATING);
	assert_int_equal(model_guest(model, unseen)->state, MODEL_GUEST_CREATING);
	assert_int_equal(model_happened(model, "respond"), 0);
	assert_int_equal(forward_held(&model->sandbox).ram, 2 * donation.ram);
}

static void a_server_may_end_a_session_by_itself(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");

	server_response(model_child(model, "first"), model_child(model, "first")->last_server_id,
		KIN_CLOSED);
	assert_over(model, id, "closed");
	assert_gained(model, "first", 0, 0);
	assert_int_equal(model_logged(model, "was ended by its server"), 0); /* is said above */
}

static void a_server_that_spends_the_donation_costs_us(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");

	model_charge(model, "first", model_available(model, "first"));
	model_guest_close(model, id);
	model_serve(model, "first");
	assert_over(model, id, "closed");
	assert_int_equal(model_logged(model, "first: does not give back the quota donated"), 1);
	model_uncharge(model, "first", model_account(model, 1)->used);
}

/*
 * A client of our own, for which a server ends a session
 */

static void a_child_whose_session_is_ended_is_restarted(void **state)
{
	struct model *model = *state;

	model_free(model);
	*state = model = model_with(HEAD SERVER("first") "<start name='client'/>" TAIL);
	struct child *client = model_child(model, "client");
	struct quota before = model_available(model, "client");

	assert_int_equal(model_open(model, "client", 7, "X", "", donation), KIN_PENDING);
	model_serve(model, "first");
	model_fetch(model, "client", 7, NULL);
	server_response(model_child(model, "first"), model_child(model, "first")->last_server_id,
		KIN_CLOSED);
	assert_int_equal(session_find(client, 7)->state, SESSION_CLOSED);
	assert_int_equal(model_available(model, "client").ram, before.ram);
	assert_int_equal(model_logged(model, "client: session of service \"X\" (label=\"client\") "
					     "was ended by its server"),
		1);
	model_settle(model);
	assert_int_equal(model_happened(model, "start client"), 2);
	assert_int_equal(model_child(model, "client")->state, CHILD_ALIVE);
	assert_null(session_find(model_child(model, "client"), 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(services_are_announced_once),
		TEST(an_announcement_that_the_parent_refuses_is_logged),
		TEST(nodes_without_use_are_named),
		TEST(a_request_goes_where_the_best_policy_says),
		TEST(the_rest_of_the_donation_is_passed_on_and_shown),
		TEST(affinity_and_other_arguments_are_passed_on),
		TEST(whom_no_policy_fits_is_denied),
		TEST(too_little_for_our_own_costs_is_insufficient),
		TEST(every_refusal_is_passed_on),
		TEST(an_upgrade_is_passed_on_and_its_confirmation_back),
		TEST(requests_about_what_ended_meanwhile_are_answered_closed),
		TEST(a_service_without_node_keeps_its_requests),
		TEST(what_waits_is_not_ours_to_give),
		TEST(a_child_that_is_not_there_is_waited_for),
		TEST(a_service_that_appears_is_used_at_once),
		TEST(a_server_without_account_gets_its_donations_later),
		TEST(a_server_that_dies_closes_its_sessions_above),
		TEST(what_a_server_was_making_when_it_died_waits_for_another),
		TEST(a_server_may_end_a_session_by_itself),
		TEST(a_server_that_spends_the_donation_costs_us),
		TEST(a_child_whose_session_is_ended_is_restarted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Sessions as their client sees them: what each operation answers, and where the quota is.
 *
 * The model checks conservation and the tables of sessions after each operation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/pair.h"

#define CROWD (2 * SESSION_ABANDONED_MAX) /* sessions of one client */

static void a_child_service_answers_later(void **state)
{
	struct model *model = *state;
	bool cap;

	assert_int_equal(pair_open(model, "Child"), KIN_PENDING);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), KIN_PENDING);
	pair_assert_paid(model, pair_donation.ram, pair_donation.caps);
	assert_int_equal(model_happened(model, "wake server server"), 1);
	assert_int_equal(model_serve(model, "server"), 1);
	assert_int_equal(model_happened(model, "answered client 7 created"), 1);
	assert_int_equal(model_happened(model, "wake client"), 1);
	assert_int_equal(pair_state(model), SESSION_AVAILABLE);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, &cap), 0);
	assert_true(cap);
	assert_int_equal(pair_state(model), SESSION_HANDED_OUT);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, &cap), 0);
	assert_false(cap);
}

static void the_parent_may_answer_at_once(void **state)
{
	struct model *model = *state;

	assert_int_equal(pair_open(model, "Parent"), 0);
	assert_int_equal(pair_state(model), SESSION_HANDED_OUT);
	assert_int_equal(model_happened(model, "answered"), 0);
	assert_int_equal(pair_close(model), 0);
	pair_assert_paid(model, 0, 0);
}

static void the_parent_may_answer_late(void **state)
{
	struct model *model = *state;
	bool cap;

	model_script(model, MODEL_SESSION, "Parent", KIN_PENDING, 1);
	assert_int_equal(pair_open(model, "Parent"), KIN_PENDING);
	model_up_answer(model, "LOG", 0);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, &cap), KIN_PENDING);
	model_up_answer(model, "Parent", 0);
	assert_int_equal(model_happened(model, "wake client"), 1);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, &cap), 0);
	assert_true(cap);
}

static void a_local_service_answers_at_once(void **state)
{
	struct model *model = *state;

	assert_int_equal(pair_open(model, "Local"), 0);
	assert_int_equal(model->n_locals, 1);
	assert_int_equal(pair_upgrade(model, (struct quota){ 4096, 1 }), 0);
	assert_int_equal(model_happened(model, "local upgrade \"client\" 4096 1"), 1);
	pair_assert_paid(model, pair_donation.ram + 4096, pair_donation.caps + 1);
	assert_int_equal(pair_close(model), 0);
	assert_int_equal(model->n_locals, 0);
	pair_assert_paid(model, 0, 0);
	pair_assert_unknown(model);
}

static void negative_answers_at_once_revert_everything(void **state)
{
	struct model *model = *state;
	static const int answers[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };

	for (size_t i = 0; i < 3; i++) {
		model_script(model, MODEL_SESSION, "Parent", answers[i], 1);
		model_script(model, MODEL_LOCAL, "Local", answers[i], 1);
		assert_int_equal(pair_open(model, "Parent"), answers[i]);
		assert_int_equal(pair_open(model, "Local"), answers[i]);
		pair_assert_paid(model, 0, 0);
		pair_assert_unknown(model);
	}
}

static void failures_of_a_service_are_denials(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", -EPIPE, 1);
	model_script(model, MODEL_LOCAL, "Local", -ENOMEM, 1);
	assert_int_equal(pair_open(model, "Parent"), KIN_DENIED);
	assert_int_equal(pair_open(model, "Local"), KIN_DENIED);
	pair_assert_paid(model, 0, 0);
}

static void fetching_a_refusal_reverts_the_quota(void **state)
{
	struct model *model = *state;
	static const int answers[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pair_open(model, "Child"), KIN_PENDING);
		pair_respond(model, answers[i]);
		assert_int_equal(pair_state(model), SESSION_DENIED + i);
		pair_assert_paid(model, pair_donation.ram, pair_donation.caps);
		assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), answers[i]);
		pair_assert_paid(model, 0, 0);
		pair_assert_unknown(model);
	}
	assert_int_equal(model_happened(model, "answered client 7 created"), 3);
}

static void a_late_refusal_of_the_parent_is_fetched(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", KIN_PENDING, 1);
	assert_int_equal(pair_open(model, "Parent"), KIN_PENDING);
	model_up_answer(model, "Parent", KIN_INSUFFICIENT_CAPS);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), KIN_INSUFFICIENT_CAPS);
	pair_assert_paid(model, 0, 0);
}

static void the_server_sees_label_and_quota_of_its_own(void **state)
{
	struct model *model = *state;
	struct server_request request;

	model_open(model, "client", PAIR_ID, "Child", "backup", pair_donation);
	server_requests(model_child(model, "server"), 0, &request, 1);
	assert_string_equal(request.session->args.label, "client -> backup");
	assert_int_equal(request.session->args.ram_quota, pair_donation.ram - SESSION_COST_BYTES);
	assert_int_equal(request.session->args.cap_quota, pair_donation.caps);
	struct quota server = model_available(model, "server");
	model_serve(model, "server");
	pair_close(model);
	model_serve(model, "server");
	struct quota after = model_available(model, "server");
	assert_int_equal(server.ram - after.ram, pair_donation.ram - SESSION_COST_BYTES);
	assert_int_equal(server.caps - after.caps, pair_donation.caps);
}

static void a_donation_below_the_metadata_cost_is_insufficient(void **state)
{
	struct model *model = *state;
	struct quota small = { SESSION_COST_BYTES - 1, SESSION_CAPS_MIN };
	struct quota capless = { SESSION_COST_BYTES, SESSION_CAPS_MIN - 1 };
	struct quota just = { SESSION_COST_BYTES, SESSION_CAPS_MIN };

	assert_int_equal(
		model_open(model, "client", PAIR_ID, "Parent", "", small), KIN_INSUFFICIENT_RAM);
	assert_int_equal(
		model_open(model, "client", PAIR_ID, "Parent", "", capless), KIN_INSUFFICIENT_CAPS);
	assert_int_equal(model_open(model, "client", PAIR_ID, "Parent", "", just), 0);
	pair_assert_paid(model, just.ram, just.caps);
}

static void without_a_route_a_request_is_denied(void **state)
{
	struct model *model = *state;

	assert_int_equal(pair_open(model, "Nothing"), KIN_DENIED);
	assert_int_equal(
		model_logged(model, "client: no route to service \"Nothing\" (label=\"client\")"),
		1);
	pair_assert_paid(model, 0, 0);
}

static void malformed_service_names_are_refused_unseen(void **state)
{
	struct model *model = *state;

	assert_int_equal(pair_open(model, "LOG\"\nerror: fire"), KIN_DENIED);
	assert_int_equal(pair_open(model, ""), KIN_DENIED);
	assert_int_equal(model_logged(model, "fire"), 0);
}

static void labels_that_grow_too_long_are_refused(void **state)
{
	struct model *model = *state;
	char label[KIN_LABEL_MAX + 1] = "";

	memset(label, 'x', KIN_LABEL_MAX - strlen("client -> "));
	assert_int_equal(model_open(model, "client", PAIR_ID, "Parent", label, pair_donation), 0);
	memset(label, 'x', KIN_LABEL_MAX - strlen("client -> ") + 1);
	assert_int_equal(model_open(model, "client", PAIR_ID + 1, "Parent", label, pair_donation),
		KIN_DENIED);
	assert_int_equal(model_logged(model, "client: label of service \"Parent\" too long"), 1);
}

static void an_id_in_use_is_denied_and_named(void **state)
{
	struct model *model = *state;

	pair_open(model, "Child");
	assert_int_equal(pair_open(model, "Parent"), KIN_DENIED);
	assert_int_equal(model_logged(model, "session ID 7 of service \"Parent\" is in use by a "
					     "session of service \"Child\" (label=\"client\")"),
		1);
	pair_assert_paid(model, pair_donation.ram, pair_donation.caps);
	for (uint32_t id = 0; id < ENV_END; id++)
		assert_int_equal(
			model_open(model, "client", id, "Parent", "", pair_donation), KIN_DENIED);
}

static void the_client_may_be_out_of_quota(void **state)
{
	struct model *model = *state;
	struct quota have = model_available(model, "client");

	assert_int_equal(model_open(model, "client", PAIR_ID, "Child", "",
				 (struct quota){ have.ram + 1, 1 }),
		KIN_OUT_OF_RAM);
	assert_int_equal(model_open(model, "client", PAIR_ID, "Child", "",
				 (struct quota){ UINT64_MAX, UINT64_MAX }),
		KIN_OUT_OF_RAM);
	assert_int_equal(model_open(model, "client", PAIR_ID, "Child", "",
				 (struct quota){ 4096, have.caps + 1 }),
		KIN_OUT_OF_CAPS);
	pair_assert_paid(model, 0, 0);
	assert_int_equal(model_open(model, "client", PAIR_ID, "Child", "", have), KIN_PENDING);
	pair_assert_paid(model, have.ram, have.caps);
}

static void the_parents_parent_may_say_that_it_is_out_of_quota(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", KIN_OUT_OF_RAM, 1);
	model_script(model, MODEL_SESSION, "Parent", KIN_OUT_OF_CAPS, 1);
	assert_int_equal(pair_open(model, "Parent"), KIN_OUT_OF_RAM);
	assert_int_equal(pair_open(model, "Parent"), KIN_OUT_OF_CAPS);
	pair_assert_paid(model, 0, 0);
}

static void an_upgrade_moves_the_amount_to_the_server(void **state)
{
	struct model *model = *state;
	struct server_request request;
	struct quota more = { 8192, 2 };

	pair_open(model, "Child");
	model_serve(model, "server");
	model_fetch(model, "client", PAIR_ID, NULL);
	struct quota before = model_available(model, "server");
	assert_int_equal(pair_upgrade(model, more), KIN_PENDING);
	assert_int_equal(pair_state(model), SESSION_UPGRADE_REQUESTED);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), KIN_PENDING);
	assert_int_equal(server_requests(model_child(model, "server"), 0, &request, 1), 1);
	assert_int_equal(request.kind, SERVER_UPGRADE);
	assert_int_equal(request.session->upgrade.ram, more.ram);
	assert_int_equal(request.session->upgrade.caps, more.caps);
	assert_int_equal(model_available(model, "server").ram - before.ram, more.ram);
	pair_respond(model, KIN_OK);
	assert_int_equal(model_happened(model, "answered client 7 upgraded"), 1);
	assert_int_equal(pair_state(model), SESSION_HANDED_OUT);
	assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), 0);
	pair_assert_paid(model, pair_donation.ram + more.ram, pair_donation.caps + more.caps);
	pair_close(model);
	model_serve(model, "server");
	pair_assert_paid(model, 0, 0);
}

static void an_upgrade_may_find_the_client_out_of_quota(void **state)
{
	struct model *model = *state;

	pair_open(model, "Parent");
	struct quota have = model_available(model, "client");
	assert_int_equal(pair_upgrade(model, (struct quota){ have.ram + 1, 0 }), KIN_OUT_OF_RAM);
	assert_int_equal(pair_upgrade(model, (struct quota){ 0, have.caps + 1 }), KIN_OUT_OF_CAPS);
	assert_int_equal(
		pair_upgrade(model, (struct quota){ UINT64_MAX, UINT64_MAX }), KIN_OUT_OF_RAM);
	pair_assert_paid(model, pair_donation.ram, pair_donation.caps);
	assert_int_equal(pair_upgrade(model, have), 0);
}

static void an_upgrade_that_the_parent_refuses_is_undone(void **state)
{
	struct model *model = *state;

	pair_open(model, "Parent");
	model_script(model, MODEL_UPGRADE, "Parent", KIN_OUT_OF_RAM, 1);
	assert_int_equal(pair_upgrade(model, (struct quota){ 4096, 1 }), KIN_OUT_OF_RAM);
	pair_assert_paid(model, pair_donation.ram, pair_donation.caps);
	assert_int_equal(pair_state(model), SESSION_HANDED_OUT);
	model_script(model, MODEL_UPGRADE, "Parent", KIN_PENDING, 1);
	assert_int_equal(pair_upgrade(model, (struct quota){ 4096, 1 }), KIN_PENDING);
	assert_int_equal(pair_state(model), SESSION_UPGRADE_REQUESTED);
	model_up_answer(model, "Parent", 0);
	assert_int_equal(pair_state(model), SESSION_HANDED_OUT);
	assert_int_equal(model_happened(model, "answered client 7 upgraded"), 1);
	assert_int_equal(pair_close(model), 0);
	pair_assert_paid(model, 0, 0);
}

static void a_pending_session_at_the_parent_can_be_closed(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", KIN_PENDING, 2);
	pair_open(model, "Parent");
	assert_int_equal(pair_close(model), 0);
	pair_assert_paid(model, 0, 0);
	model_script(model, MODEL_CLOSE, "Parent", KIN_PENDING, 1);
	pair_open(model, "Parent");
	assert_int_equal(pair_close(model), KIN_PENDING);
	model_up_answer(model, "Parent", KIN_CLOSED);
	pair_assert_paid(model, 0, 0);
	assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
}

static void a_server_that_keeps_the_quota_is_named(void **state)
{
	struct model *model = *state;
	struct quota have = model_available(model, "server");

	pair_open(model, "Child");
	model_serve(model, "server");
	model_fetch(model, "client", PAIR_ID, NULL);
	model_charge(model, "server", (struct quota){ have.ram + 5000, have.caps + 1 });
	struct quota left = model_available(model, "server");
	pair_close(model);
	assert_int_equal(model_serve(model, "server"), 1);
	assert_int_equal(model_logged(model, "server: does not give back the quota donated to "
					     "session \"client\""),
		1);
	pair_assert_paid(model, pair_donation.ram - SESSION_COST_BYTES - left.ram,
		pair_donation.caps - left.caps);
	assert_int_equal(model_available(model, "server").ram, 0);
	pair_assert_unknown(model);
	model_uncharge(model, "server", (struct quota){ have.ram + 5000, have.caps + 1 });
}

static void environment_sessions_cannot_be_closed_or_fetched(void **state)
{
	struct model *model = *state;

	for (uint32_t id = ENV_PD; id <= ENV_BINARY; id++) {
		assert_int_equal(child_close(model_child(model, "client"), id), KIN_DENIED);
		assert_int_equal(model_fetch(model, "client", id, NULL), KIN_CLOSED);
	}
	assert_int_equal(model_logged(model, "can't be closed"), ENV_BINARY);
}

static void a_child_that_ended_is_refused_everything(void **state)
{
	struct model *model = *state;

	child_exit(model_child(model, "client"), 0);
	assert_int_equal(pair_open(model, "Parent"), KIN_DENIED);
	assert_int_equal(pair_open(model, "Child"), KIN_DENIED);
	model_settle(model);
	assert_int_equal(pair_open(model, "Child"), KIN_DENIED);
}

static void a_waiting_client_gets_no_event(void **state)
{
	struct model *model = *state;

	model->waiting = true;
	pair_open(model, "Child");
	model_serve(model, "server");
	assert_int_equal(model_happened(model, "answered client 7 created"), 1);
	assert_int_equal(model_happened(model, "wake client"), 0);
}

static void every_state_has_its_word(void **state)
{
	static const char *const words[] = { "CREATING", "DENIED", "INSUFFICIENT_RAM",
		"INSUFFICIENT_CAP", "AVAIL", "OK", "UPGRADING", "CLOSING", "CLOSED" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_string_equal(session_state_word((enum session_state) i), words[i]);
}

/* A client can't have the parent keep ever more objects that nobody pays for. */
static void beyond_a_bound_closes_wait_for_a_server_that_is_at_it(void **state)
{
	struct model *model = *state;
	struct child *server = model_child(model, "server"), *client = model_child(model, "client");
	struct server_request requests[SESSION_ABANDONED_MAX + 1];

	for (uint32_t i = 0; i <= SESSION_ABANDONED_MAX; i++) {
		assert_int_equal(pair_open(model, "Child"), KIN_PENDING);
		server_requests(server, 0, requests, SESSION_ABANDONED_MAX + 1);
		assert_int_equal(
			child_close(client, PAIR_ID), i < SESSION_ABANDONED_MAX ? 0 : KIN_PENDING);
	}
	pair_assert_paid(model, pair_donation.ram, pair_donation.caps);
	assert_int_equal(server->n_abandoned, SESSION_ABANDONED_MAX);
	while (model_deliver(model, "server", model_request(model, "server", NULL)))
		model_settle(model);
	model_serve(model, "server");
	assert_int_equal(server->n_abandoned, 0);
	assert_null(client->closing);
	pair_assert_paid(model, 0, 0);
}

/* Nor can one that is started anew again and again: it is gone once the server has let go of it. */
static void beyond_the_same_bound_the_end_of_a_client_waits(void **state)
{
	struct model *model = *state;
	struct child *server = model_child(model, "server");
	struct quota least = { SESSION_COST_BYTES, SESSION_CAPS_MIN };
	struct server_request requests[CROWD];
	struct child *client = model_child(model, "client");

	assert_int_equal(child_grant(client, (struct quota){ CROWD * least.ram, CROWD }), 0);
	for (uint32_t i = 0; i < CROWD; i++)
		assert_int_equal(
			model_open(model, "client", PAIR_ID + i, "Child", "", least), KIN_PENDING);
	server_requests(server, 0, requests, CROWD);
	for (int i = 0; i < CROWD / 2; i++)
		model_deliver(model, "server", requests[i].session->server_id);
	sandbox_mark(client, MARK_RESTART);
	model_settle(model);
	assert_int_equal(server->n_abandoned, SESSION_ABANDONED_MAX);
	assert_non_null(model->sandbox.dying);
	assert_int_equal(model_child(model, "client")->state, CHILD_INCOMPLETE);
	while (model_deliver(model, "server", model_request(model, "server", NULL)))
		model_settle(model);
	while (model_serve(model, "server"))
		;
	assert_int_equal(server->n_abandoned, 0);
	assert_null(model->sandbox.dying);
	assert_int_equal(model_child(model, "client")->state, CHILD_ALIVE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_child_service_answers_later),
		TEST(beyond_a_bound_closes_wait_for_a_server_that_is_at_it),
		TEST(beyond_the_same_bound_the_end_of_a_client_waits),
		TEST(the_parent_may_answer_at_once),
		TEST(the_parent_may_answer_late),
		TEST(a_local_service_answers_at_once),
		TEST(negative_answers_at_once_revert_everything),
		TEST(failures_of_a_service_are_denials),
		TEST(fetching_a_refusal_reverts_the_quota),
		TEST(a_late_refusal_of_the_parent_is_fetched),
		TEST(the_server_sees_label_and_quota_of_its_own),
		TEST(a_donation_below_the_metadata_cost_is_insufficient),
		TEST(without_a_route_a_request_is_denied),
		TEST(malformed_service_names_are_refused_unseen),
		TEST(labels_that_grow_too_long_are_refused),
		TEST(an_id_in_use_is_denied_and_named),
		TEST(the_client_may_be_out_of_quota),
		TEST(the_parents_parent_may_say_that_it_is_out_of_quota),
		TEST(an_upgrade_moves_the_amount_to_the_server),
		TEST(an_upgrade_may_find_the_client_out_of_quota),
		TEST(an_upgrade_that_the_parent_refuses_is_undone),
		TEST(a_pending_session_at_the_parent_can_be_closed),
		TEST(a_server_that_keeps_the_quota_is_named),
		TEST(environment_sessions_cannot_be_closed_or_fetched),
		TEST(a_child_that_ended_is_refused_everything),
		TEST(a_waiting_client_gets_no_event),
		cmocka_unit_test(every_state_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

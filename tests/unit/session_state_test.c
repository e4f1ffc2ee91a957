/*
 * Sessions in every state: each operation and each death at each point of a session's life.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/pair.h"

/* How far a session at a sibling has come. */
enum situation {
	CREATING,
	CREATING_FETCHED,
	REFUSED,
	AVAILABLE,
	OPEN,
	UPGRADING,
	UPGRADING_FETCHED,
	CLOSING,
	CLOSING_FETCHED,
	SITUATIONS
};

static void bring_into(struct model *model, enum situation situation)
{
	assert_int_equal(pair_open(model, "Child"), KIN_PENDING);
	if (situation >= CREATING_FETCHED)
		model_request(model, "server", NULL);
	if (situation == REFUSED)
		pair_respond(model, KIN_DENIED);
	if (situation >= AVAILABLE)
		model_serve(model, "server");
	if (situation >= OPEN)
		assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), 0);
	if (situation == UPGRADING || situation == UPGRADING_FETCHED)
		assert_int_equal(pair_upgrade(model, (struct quota){ 4096, 1 }), KIN_PENDING);
	if (situation == CLOSING || situation == CLOSING_FETCHED)
		assert_int_equal(pair_close(model), KIN_PENDING);
	if (situation == UPGRADING_FETCHED || situation == CLOSING_FETCHED)
		model_request(model, "server", NULL);
	model_forget(model);
}

static void foreach_situation(void (*visit)(struct model *model, enum situation situation))
{
	for (enum situation s = CREATING; s < SITUATIONS; s++) {
		void *model = NULL;

		pair_set_up(&model);
		bring_into(model, s);
		visit(model, s);
		pair_tear_down(&model);
	}
}

static void visit_upgrade(struct model *model, enum situation situation)
{
	struct quota before = model_available(model, "client");
	int r = pair_upgrade(model, (struct quota){ 4096, 1 });

	if (situation == OPEN) {
		assert_int_equal(r, KIN_PENDING);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(model_logged(model, "client: upgrade of session 7 in state"), 1);
	assert_int_equal(model_available(model, "client").ram, before.ram);
}

static void only_open_sessions_can_be_upgraded(void **state)
{
	foreach_situation(visit_upgrade);
}

static void visit_close(struct model *model, enum situation situation)
{
	int r = pair_close(model);

	assert_null(session_find(model_child(model, "client"), PAIR_ID));
	switch (situation) {
	case CREATING:
	case REFUSED:
		assert_int_equal(r, 0);
		assert_int_equal(model_request(model, "server", NULL), 0);
		pair_assert_paid(model, 0, 0);
		break;
	case CREATING_FETCHED:
		assert_int_equal(r, 0);
		pair_assert_paid(model, 0, 0);
		break;
	case AVAILABLE:
	case OPEN:
	case UPGRADING:
	case UPGRADING_FETCHED:
		assert_int_equal(r, KIN_PENDING);
		assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), KIN_PENDING);
		pair_respond(model, KIN_CLOSED);
		assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
		pair_assert_paid(model, 0, 0);
		break;
	case CLOSING:
	case CLOSING_FETCHED:
		assert_int_equal(r, 0);
		assert_int_equal(model_logged(model, "close of unknown session 7 ignored"), 1);
		break;
	case SITUATIONS:
		break;
	}
	model_serve(model, "server");
	pair_assert_unknown(model);
}

static void a_session_can_be_closed_in_every_state(void **state)
{
	foreach_situation(visit_close);
}

static void visit_server_end(struct model *model, enum situation situation)
{
	child_exit(model_child(model, "server"), 0);
	model_settle(model);
	assert_int_equal(model_logged(model, "does not give back"), 0);
	if (situation != REFUSED)
		pair_assert_paid(model, 0, 0);
	switch (situation) {
	case CREATING:
	case CREATING_FETCHED:
		assert_int_equal(model_happened(model, "answered client 7 created"), 1);
		assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), KIN_DENIED);
		break;
	case REFUSED:
	case AVAILABLE:
		assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), KIN_DENIED);
		break;
	case UPGRADING:
	case UPGRADING_FETCHED:
		assert_int_equal(model_happened(model, "answered client 7 upgraded"), 1);
		assert_int_equal(pair_close(model), 0);
		break;
	case OPEN:
		assert_int_equal(pair_upgrade(model, (struct quota){ 4096, 1 }), 0);
		assert_int_equal(model_logged(model, "in state CLOSED ignored"), 1);
		assert_int_equal(pair_close(model), 0);
		break;
	case CLOSING:
	case CLOSING_FETCHED:
		assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
		break;
	case SITUATIONS:
		break;
	}
	pair_assert_unknown(model);
	pair_assert_paid(model, 0, 0);
}

static void the_end_of_a_server_settles_sessions_in_every_state(void **state)
{
	foreach_situation(visit_server_end);
}

static void visit_client_end(struct model *model, enum situation situation)
{
	struct quota given = model->pds[model_child(model, "server")->account - 1].given;

	child_died(model_child(model, "client"), 11, 0);
	model_settle(model);
	assert_int_equal(model_logged(model, "child \"client\" crashed (SIGSEGV)"), 1);
	if (situation == CREATING || situation == REFUSED)
		assert_int_equal(model_request(model, "server", NULL), 0);
	model_serve(model, "server");
	assert_null(model_child(model, "server")->served);
	assert_int_equal(model_happened(model, "answered"), 0);
	assert_int_equal(model_available(model, "server").ram, given.ram);
	assert_int_equal(model_available(model, "server").caps, given.caps);
}

static void the_end_of_a_client_settles_sessions_in_every_state(void **state)
{
	foreach_situation(visit_client_end);
}

static void visit_both_ends(struct model *model, enum situation situation)
{
	child_exit(model_child(model, "server"), 0);
	child_exit(model_child(model, "client"), 0);
	model_settle(model);
	assert_null(model_child(model, "client")->sessions);
	assert_null(model_child(model, "server")->served);
}

static void client_and_server_may_end_together(void **state)
{
	foreach_situation(visit_both_ends);
}

static void visit_nothing(struct model *model, enum situation situation)
{
}

static void the_whole_may_end_in_every_state(void **state)
{
	foreach_situation(visit_nothing); /* model_free() ends it */
}

static void a_session_closed_while_being_made_is_wound_down(void **state)
{
	struct model *model = *state;
	int kind;

	bring_into(model, CREATING_FETCHED);
	uint32_t id = model_request(model, "server", NULL);
	assert_int_equal(pair_close(model), 0);
	assert_int_equal(pair_open(model, "Parent"), 0); /* the ID is free */
	assert_true(model_deliver(model, "server", id));
	assert_int_equal(model_request(model, "server", &kind), id);
	assert_int_equal(kind, SERVER_CLOSE);
	pair_respond(model, KIN_CLOSED);
	assert_int_equal(model_request(model, "server", NULL), 0);
	assert_int_equal(model_happened(model, "answered"), 0);
}

static void an_id_is_free_from_the_close_on(void **state)
{
	struct model *model = *state;

	bring_into(model, CLOSING);
	assert_int_equal(pair_open(model, "Parent"), 0);
	assert_int_equal(model_serve(model, "server"), 1);
	assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
	assert_int_equal(pair_state(model), SESSION_HANDED_OUT);
	pair_assert_paid(model, pair_donation.ram, pair_donation.caps);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_open_sessions_can_be_upgraded),
		cmocka_unit_test(a_session_can_be_closed_in_every_state),
		cmocka_unit_test(the_end_of_a_server_settles_sessions_in_every_state),
		cmocka_unit_test(the_end_of_a_client_settles_sessions_in_every_state),
		cmocka_unit_test(client_and_server_may_end_together),
		cmocka_unit_test(the_whole_may_end_in_every_state),
		TEST(a_session_closed_while_being_made_is_wound_down),
		TEST(an_id_is_free_from_the_close_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

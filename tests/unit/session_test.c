/*
 * Sessions as their client sees them: every operation in every state, and where the quota is.
 *
 * One client and three services of each kind: "Child" of a sibling, "Parent" of the parent, "Local"
 * of the owner. The model checks conservation and the tables of sessions after each operation.
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

#define ID 7

static const struct quota donation = { 16 * 1024, 4 };

static const char config[] =
	"<config>"
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>"
	" <service name='ROM'/> <service name='Parent'/> </parent-provides>"
	"<default-route> <any-service> <local/> <parent/> <any-child/> </any-service> </default-route>"
	"<default ram='1M' caps='100'/>"
	"<start name='client'/>"
	"<start name='server'> <provides> <service name='Child'/> </provides> </start>"
	"<start name='other'/>"
	"</config>";

static int set_up(void **state)
{
	struct model *model = model_new();

	model->local = "Local";
	model_apply(model, config);
	model_settle(model);
	child_handles(model_child(model, "client"), CHILD_EVENT_SESSION);
	model_forget(model);
	*state = model;
	return 0;
}

static int tear_down(void **state)
{
	model_free(*state);
	return 0;
}

static int open_session(struct model *model, const char *service)
{
	return model_open(model, "client", ID, service, "", donation);
}

static int upgrade(struct model *model, struct quota amount)
{
	int r = child_upgrade(model_child(model, "client"), ID, amount);

	model_settle(model);
	return r;
}

static int close_session(struct model *model)
{
	int r = child_close(model_child(model, "client"), ID);

	model_settle(model);
	return r;
}

static void respond(struct model *model, int answer)
{
	server_response(
		model_child(model, "server"), model_request(model, "server", NULL), answer);
	model_settle(model);
}

/* Whether the client has as much as at the start. */
static void assert_paid(struct model *model, uint64_t ram, uint64_t caps)
{
	const struct child *client = model_child(model, "client");
	struct quota given = model->pds[client->account - 1].given;
	struct quota have = model_available(model, "client");

	assert_int_equal(given.ram - have.ram, ram);
	assert_int_equal(given.caps - have.caps, caps);
}

static enum session_state state_of(struct model *model)
{
	const struct session *session = session_find(model_child(model, "client"), ID);

	assert_non_null(session);
	return session->state;
}

static void assert_unknown(struct model *model)
{
	assert_null(session_find(model_child(model, "client"), ID));
	assert_null(session_find_closing(model_child(model, "client"), ID));
	assert_int_equal(model_fetch(model, "client", ID, NULL), KIN_CLOSED);
}

static void a_child_service_answers_later(void **state)
{
	struct model *model = *state;
	bool cap;

	assert_int_equal(open_session(model, "Child"), KIN_PENDING);
	assert_int_equal(model_fetch(model, "client", ID, NULL), KIN_PENDING);
	assert_paid(model, donation.ram, donation.caps);
	assert_int_equal(model_happened(model, "wake server server"), 1);
	assert_int_equal(model_serve(model, "server"), 1);
	assert_int_equal(model_happened(model, "answered client 7 created"), 1);
	assert_int_equal(model_happened(model, "wake client"), 1);
	assert_int_equal(state_of(model), SESSION_AVAILABLE);
	assert_int_equal(model_fetch(model, "client", ID, &cap), 0);
	assert_true(cap);
	assert_int_equal(state_of(model), SESSION_HANDED_OUT);
	assert_int_equal(model_fetch(model, "client", ID, &cap), 0);
	assert_false(cap);
}

static void the_parent_may_answer_at_once(void **state)
{
	struct model *model = *state;

	assert_int_equal(open_session(model, "Parent"), 0);
	assert_int_equal(state_of(model), SESSION_HANDED_OUT);
	assert_int_equal(model_happened(model, "answered"), 0);
	assert_int_equal(close_session(model), 0);
	assert_paid(model, 0, 0);
}

static void the_parent_may_answer_late(void **state)
{
	struct model *model = *state;
	bool cap;

	model_script(model, MODEL_SESSION, "Parent", KIN_PENDING, 1);
	assert_int_equal(open_session(model, "Parent"), KIN_PENDING);
	model_up_answer(model, "LOG", 0);
	assert_int_equal(model_fetch(model, "client", ID, &cap), KIN_PENDING);
	model_up_answer(model, "Parent", 0);
	assert_int_equal(model_happened(model, "wake client"), 1);
	assert_int_equal(model_fetch(model, "client", ID, &cap), 0);
	assert_true(cap);
}

static void a_local_service_answers_at_once(void **state)
{
	struct model *model = *state;

	assert_int_equal(open_session(model, "Local"), 0);
	assert_int_equal(model->n_locals, 1);
	assert_int_equal(upgrade(model, (struct quota){ 4096, 1 }), 0);
	assert_int_equal(model_happened(model, "local upgrade \"client\" 4096 1"), 1);
	assert_paid(model, donation.ram + 4096, donation.caps + 1);
	assert_int_equal(close_session(model), 0);
	assert_int_equal(model->n_locals, 0);
	assert_paid(model, 0, 0);
	assert_unknown(model);
}

static void negative_answers_at_once_revert_everything(void **state)
{
	struct model *model = *state;
	static const int answers[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };

	for (size_t i = 0; i < 3; i++) {
		model_script(model, MODEL_SESSION, "Parent", answers[i], 1);
		model_script(model, MODEL_LOCAL, "Local", answers[i], 1);
		assert_int_equal(open_session(model, "Parent"), answers[i]);
		assert_int_equal(open_session(model, "Local"), answers[i]);
		assert_paid(model, 0, 0);
		assert_unknown(model);
	}
}

static void failures_of_a_service_are_denials(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", -EPIPE, 1);
	model_script(model, MODEL_LOCAL, "Local", -ENOMEM, 1);
	assert_int_equal(open_session(model, "Parent"), KIN_DENIED);
	assert_int_equal(open_session(model, "Local"), KIN_DENIED);
	assert_paid(model, 0, 0);
}

static void fetching_a_refusal_reverts_the_quota(void **state)
{
	struct model *model = *state;
	static const int answers[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(open_session(model, "Child"), KIN_PENDING);
		respond(model, answers[i]);
		assert_int_equal(state_of(model), SESSION_DENIED + i);
		assert_paid(model, donation.ram, donation.caps);
		assert_int_equal(model_fetch(model, "client", ID, NULL), answers[i]);
		assert_paid(model, 0, 0);
		assert_unknown(model);
	}
	assert_int_equal(model_happened(model, "answered client 7 created"), 3);
}

static void a_late_refusal_of_the_parent_is_fetched(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", KIN_PENDING, 1);
	assert_int_equal(open_session(model, "Parent"), KIN_PENDING);
	model_up_answer(model, "Parent", KIN_INSUFFICIENT_CAPS);
	assert_int_equal(model_fetch(model, "client", ID, NULL), KIN_INSUFFICIENT_CAPS);
	assert_paid(model, 0, 0);
}

static void the_server_sees_label_and_quota_of_its_own(void **state)
{
	struct model *model = *state;
	struct server_request request;

	model_open(model, "client", ID, "Child", "backup", donation);
	server_requests(model_child(model, "server"), 0, &request, 1);
	assert_string_equal(request.session->args.label, "client -> backup");
	assert_int_equal(request.session->args.ram_quota, donation.ram - SESSION_COST_BYTES);
	assert_int_equal(request.session->args.cap_quota, donation.caps);
	struct quota server = model_available(model, "server");
	model_serve(model, "server");
	close_session(model);
	model_serve(model, "server");
	struct quota after = model_available(model, "server");
	assert_int_equal(server.ram - after.ram, donation.ram - SESSION_COST_BYTES);
	assert_int_equal(server.caps - after.caps, donation.caps);
}

static void a_donation_below_the_metadata_cost_is_insufficient(void **state)
{
	struct model *model = *state;
	struct quota small = { SESSION_COST_BYTES - 1, 0 }, just = { SESSION_COST_BYTES, 0 };

	assert_int_equal(model_open(model, "client", ID, "Parent", "", small),
		KIN_INSUFFICIENT_RAM);
	assert_int_equal(model_open(model, "client", ID, "Parent", "", just), 0);
	assert_paid(model, just.ram, 0);
}

static void without_a_route_a_request_is_denied(void **state)
{
	struct model *model = *state;

	assert_int_equal(open_session(model, "Nothing"), KIN_DENIED);
	assert_int_equal(
		model_logged(model, "client: no route to service \"Nothing\" (label=\"client\")"), 1);
	assert_paid(model, 0, 0);
}

static void malformed_service_names_are_refused_unseen(void **state)
{
	struct model *model = *state;

	assert_int_equal(open_session(model, "LOG\"\nerror: fire"), KIN_DENIED);
	assert_int_equal(open_session(model, ""), KIN_DENIED);
	assert_int_equal(model_logged(model, "fire"), 0);
}

static void labels_that_grow_too_long_are_refused(void **state)
{
	struct model *model = *state;
	char label[KIN_LABEL_MAX + 1] = "";

	memset(label, 'x', KIN_LABEL_MAX - strlen("client -> "));
	assert_int_equal(model_open(model, "client", ID, "Parent", label, donation), 0);
	memset(label, 'x', KIN_LABEL_MAX - strlen("client -> ") + 1);
	assert_int_equal(model_open(model, "client", ID + 1, "Parent", label, donation), KIN_DENIED);
	assert_int_equal(model_logged(model, "client: label of service \"Parent\" too long"), 1);
}

static void an_id_in_use_is_denied_and_named(void **state)
{
	struct model *model = *state;

	open_session(model, "Child");
	assert_int_equal(open_session(model, "Parent"), KIN_DENIED);
	assert_int_equal(model_logged(model, "session ID 7 of service \"Parent\" is in use by a "
					     "session of service \"Child\" (label=\"client\")"),
		1);
	assert_paid(model, donation.ram, donation.caps);
	for (uint32_t id = 0; id < ENV_END; id++)
		assert_int_equal(
			model_open(model, "client", id, "Parent", "", donation), KIN_DENIED);
}

static void the_client_may_be_out_of_quota(void **state)
{
	struct model *model = *state;
	struct quota have = model_available(model, "client");

	assert_int_equal(model_open(model, "client", ID, "Child", "",
				 (struct quota){ have.ram + 1, 1 }),
		KIN_OUT_OF_RAM);
	assert_int_equal(model_open(model, "client", ID, "Child", "",
				 (struct quota){ UINT64_MAX, UINT64_MAX }),
		KIN_OUT_OF_RAM);
	assert_int_equal(model_open(model, "client", ID, "Child", "",
				 (struct quota){ 4096, have.caps + 1 }),
		KIN_OUT_OF_CAPS);
	assert_paid(model, 0, 0);
	assert_int_equal(model_open(model, "client", ID, "Child", "", have), KIN_PENDING);
	assert_paid(model, have.ram, have.caps);
}

static void the_parents_parent_may_say_that_it_is_out_of_quota(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", KIN_OUT_OF_RAM, 1);
	model_script(model, MODEL_SESSION, "Parent", KIN_OUT_OF_CAPS, 1);
	assert_int_equal(open_session(model, "Parent"), KIN_OUT_OF_RAM);
	assert_int_equal(open_session(model, "Parent"), KIN_OUT_OF_CAPS);
	assert_paid(model, 0, 0);
}

static void an_upgrade_moves_the_amount_to_the_server(void **state)
{
	struct model *model = *state;
	struct server_request request;
	struct quota more = { 8192, 2 };

	open_session(model, "Child");
	model_serve(model, "server");
	model_fetch(model, "client", ID, NULL);
	struct quota before = model_available(model, "server");
	assert_int_equal(upgrade(model, more), KIN_PENDING);
	assert_int_equal(state_of(model), SESSION_UPGRADE_REQUESTED);
	assert_int_equal(model_fetch(model, "client", ID, NULL), KIN_PENDING);
	assert_int_equal(server_requests(model_child(model, "server"), 0, &request, 1), 1);
	assert_int_equal(request.kind, SERVER_UPGRADE);
	assert_int_equal(request.session->upgrade.ram, more.ram);
	assert_int_equal(request.session->upgrade.caps, more.caps);
	assert_int_equal(model_available(model, "server").ram - before.ram, more.ram);
	respond(model, KIN_OK);
	assert_int_equal(model_happened(model, "answered client 7 upgraded"), 1);
	assert_int_equal(state_of(model), SESSION_HANDED_OUT);
	assert_int_equal(model_fetch(model, "client", ID, NULL), 0);
	assert_paid(model, donation.ram + more.ram, donation.caps + more.caps);
	close_session(model);
	model_serve(model, "server");
	assert_paid(model, 0, 0);
}

static void an_upgrade_may_find_the_client_out_of_quota(void **state)
{
	struct model *model = *state;

	open_session(model, "Parent");
	struct quota have = model_available(model, "client");
	assert_int_equal(upgrade(model, (struct quota){ have.ram + 1, 0 }), KIN_OUT_OF_RAM);
	assert_int_equal(upgrade(model, (struct quota){ 0, have.caps + 1 }), KIN_OUT_OF_CAPS);
	assert_int_equal(upgrade(model, (struct quota){ UINT64_MAX, UINT64_MAX }), KIN_OUT_OF_RAM);
	assert_paid(model, donation.ram, donation.caps);
	assert_int_equal(upgrade(model, have), 0);
}

static void an_upgrade_that_the_parent_refuses_is_undone(void **state)
{
	struct model *model = *state;

	open_session(model, "Parent");
	model_script(model, MODEL_UPGRADE, "Parent", KIN_OUT_OF_RAM, 1);
	assert_int_equal(upgrade(model, (struct quota){ 4096, 1 }), KIN_OUT_OF_RAM);
	assert_paid(model, donation.ram, donation.caps);
	assert_int_equal(state_of(model), SESSION_HANDED_OUT);
	model_script(model, MODEL_UPGRADE, "Parent", KIN_PENDING, 1);
	assert_int_equal(upgrade(model, (struct quota){ 4096, 1 }), KIN_PENDING);
	assert_int_equal(state_of(model), SESSION_UPGRADE_REQUESTED);
	model_up_answer(model, "Parent", 0);
	assert_int_equal(state_of(model), SESSION_HANDED_OUT);
	assert_int_equal(model_happened(model, "answered client 7 upgraded"), 1);
	assert_int_equal(close_session(model), 0);
	assert_paid(model, 0, 0);
}

/*
 * Every state of a session at a sibling
 */

enum situation { CREATING, CREATING_FETCHED, REFUSED, AVAILABLE, OPEN, UPGRADING, UPGRADING_FETCHED,
	CLOSING, CLOSING_FETCHED, SITUATIONS };

static void bring_into(struct model *model, enum situation situation)
{
	assert_int_equal(open_session(model, "Child"), KIN_PENDING);
	if (situation >= CREATING_FETCHED)
		model_request(model, "server", NULL);
	if (situation == REFUSED)
		respond(model, KIN_DENIED);
	if (situation >= AVAILABLE)
		model_serve(model, "server");
	if (situation >= OPEN)
		assert_int_equal(model_fetch(model, "client", ID, NULL), 0);
	if (situation == UPGRADING || situation == UPGRADING_FETCHED)
		assert_int_equal(upgrade(model, (struct quota){ 4096, 1 }), KIN_PENDING);
	if (situation == CLOSING || situation == CLOSING_FETCHED)
		assert_int_equal(close_session(model), KIN_PENDING);
	if (situation == UPGRADING_FETCHED || situation == CLOSING_FETCHED)
		model_request(model, "server", NULL);
	model_forget(model);
}

static void foreach_situation(void (*visit)(struct model *model, enum situation situation))
{
	for (enum situation s = CREATING; s < SITUATIONS; s++) {
		void *model = NULL;

		set_up(&model);
		bring_into(model, s);
		visit(model, s);
		tear_down(&model);
	}
}

static void visit_upgrade(struct model *model, enum situation situation)
{
	struct quota before = model_available(model, "client");
	int r = upgrade(model, (struct quota){ 4096, 1 });

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
	int r = close_session(model);

	assert_null(session_find(model_child(model, "client"), ID));
	switch (situation) {
	case CREATING:
	case REFUSED:
		assert_int_equal(r, 0);
		assert_int_equal(model_request(model, "server", NULL), 0);
		assert_paid(model, 0, 0);
		break;
	case CREATING_FETCHED:
		assert_int_equal(r, 0);
		assert_paid(model, 0, 0);
		break;
	case AVAILABLE:
	case OPEN:
	case UPGRADING:
	case UPGRADING_FETCHED:
		assert_int_equal(r, KIN_PENDING);
		assert_int_equal(model_fetch(model, "client", ID, NULL), KIN_PENDING);
		respond(model, KIN_CLOSED);
		assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
		assert_paid(model, 0, 0);
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
	assert_unknown(model);
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
		assert_paid(model, 0, 0);
	switch (situation) {
	case CREATING:
	case CREATING_FETCHED:
		assert_int_equal(model_happened(model, "answered client 7 created"), 1);
		assert_int_equal(model_fetch(model, "client", ID, NULL), KIN_DENIED);
		break;
	case REFUSED:
	case AVAILABLE:
		assert_int_equal(model_fetch(model, "client", ID, NULL), KIN_DENIED);
		break;
	case UPGRADING:
	case UPGRADING_FETCHED:
		assert_int_equal(model_happened(model, "answered client 7 upgraded"), 1);
		assert_int_equal(close_session(model), 0);
		break;
	case OPEN:
		assert_int_equal(upgrade(model, (struct quota){ 4096, 1 }), 0);
		assert_int_equal(model_logged(model, "in state CLOSED ignored"), 1);
		assert_int_equal(close_session(model), 0);
		break;
	case CLOSING:
	case CLOSING_FETCHED:
		assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
		break;
	case SITUATIONS:
		break;
	}
	assert_unknown(model);
	assert_paid(model, 0, 0);
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
	assert_int_equal(close_session(model), 0);
	assert_int_equal(open_session(model, "Parent"), 0); /* the ID is free */
	assert_true(model_deliver(model, "server", id));
	assert_int_equal(model_request(model, "server", &kind), id);
	assert_int_equal(kind, SERVER_CLOSE);
	respond(model, KIN_CLOSED);
	assert_int_equal(model_request(model, "server", NULL), 0);
	assert_int_equal(model_happened(model, "answered"), 0);
}

static void an_id_is_free_from_the_close_on(void **state)
{
	struct model *model = *state;

	bring_into(model, CLOSING);
	assert_int_equal(open_session(model, "Parent"), 0);
	assert_int_equal(model_serve(model, "server"), 1);
	assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
	assert_int_equal(state_of(model), SESSION_HANDED_OUT);
	assert_paid(model, donation.ram, donation.caps);
}

static void a_pending_session_at_the_parent_can_be_closed(void **state)
{
	struct model *model = *state;

	model_script(model, MODEL_SESSION, "Parent", KIN_PENDING, 2);
	open_session(model, "Parent");
	assert_int_equal(close_session(model), 0);
	assert_paid(model, 0, 0);
	model_script(model, MODEL_CLOSE, "Parent", KIN_PENDING, 1);
	open_session(model, "Parent");
	assert_int_equal(close_session(model), KIN_PENDING);
	model_up_answer(model, "Parent", KIN_CLOSED);
	assert_paid(model, 0, 0);
	assert_int_equal(model_happened(model, "answered client 7 closed"), 1);
}

static void a_server_that_keeps_the_quota_is_named(void **state)
{
	struct model *model = *state;
	struct quota have = model_available(model, "server");

	bring_into(model, OPEN);
	model_charge(model, "server", (struct quota){ have.ram + 5000, have.caps + 1 });
	struct quota left = model_available(model, "server");
	close_session(model);
	assert_int_equal(model_serve(model, "server"), 1);
	assert_int_equal(model_logged(model, "server: does not give back the quota donated to "
					     "session \"client\""),
		1);
	assert_paid(model, donation.ram - SESSION_COST_BYTES - left.ram, donation.caps - left.caps);
	assert_int_equal(model_available(model, "server").ram, 0);
	assert_unknown(model);
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
	assert_int_equal(open_session(model, "Parent"), KIN_DENIED);
	assert_int_equal(open_session(model, "Child"), KIN_DENIED);
	model_settle(model);
	assert_int_equal(open_session(model, "Child"), KIN_DENIED);
}

static void a_waiting_client_gets_no_event(void **state)
{
	struct model *model = *state;

	model->waiting = true;
	open_session(model, "Child");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_child_service_answers_later),
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
		cmocka_unit_test(only_open_sessions_can_be_upgraded),
		cmocka_unit_test(a_session_can_be_closed_in_every_state),
		cmocka_unit_test(the_end_of_a_server_settles_sessions_in_every_state),
		cmocka_unit_test(the_end_of_a_client_settles_sessions_in_every_state),
		cmocka_unit_test(client_and_server_may_end_together),
		cmocka_unit_test(the_whole_may_end_in_every_state),
		TEST(a_session_closed_while_being_made_is_wound_down),
		TEST(an_id_is_free_from_the_close_on),
		TEST(a_pending_session_at_the_parent_can_be_closed),
		TEST(a_server_that_keeps_the_quota_is_named),
		TEST(environment_sessions_cannot_be_closed_or_fetched),
		TEST(a_child_that_ended_is_refused_everything),
		TEST(a_waiting_client_gets_no_event),
		cmocka_unit_test(every_state_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

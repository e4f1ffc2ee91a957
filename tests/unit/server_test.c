/*
 * A child as server: what it is told, what it may answer, and what nonsense does to others
 * (nothing).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"

#define PARENT \
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>" \
	" <service name='ROM'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>" \
	"<default ram='1M' caps='100'/>"

static const char config[] = "<config>" PARENT "<start name='client'/>"
			     "<start name='server'> <provides> <service name='X'/> <service "
			     "name='Y'/> </provides> </start>"
			     "</config>";

static const struct quota donation = { 16 * 1024, 4 };

static int set_up(void **state)
{
	*state = model_with(config);
	model_forget(*state);
	return 0;
}

static int tear_down(void **state)
{
	model_free(*state);
	return 0;
}

static void open_sessions(struct model *model, uint32_t first, uint32_t n)
{
	for (uint32_t id = first; id < first + n; id++)
		assert_int_equal(model_open(model, "client", id, "X", "", donation), KIN_PENDING);
}

static void a_child_announces_what_it_provides_and_nothing_else(void **state)
{
	struct model *model = *state;
	struct child *server = model_child(model, "server");

	assert_int_equal(server_announce(server, "X"), 0);
	assert_int_equal(server_announce(server, "Y"), 0);
	assert_int_equal(server_announce(server, "LOG"), KIN_DENIED);
	assert_int_equal(model_logged(model, "server: illegal announcement of service \"LOG\""), 1);
	assert_int_equal(server_announce(model_child(model, "client"), "X"), KIN_DENIED);
	assert_int_equal(server_announce(server, "X\nfire"), KIN_DENIED);
	assert_int_equal(model_logged(model, "fire"), 0);
}

static void requests_come_in_batches_and_in_order(void **state)
{
	struct model *model = *state;
	struct child *server = model_child(model, "server");
	struct server_request requests[3];

	open_sessions(model, 10, 5);
	assert_int_equal(server_requests(server, 0, requests, 3), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(requests[i].session->id, 10 + i);
	assert_int_equal(server_requests(server, requests[2].session->sequence, requests, 3), 2);
	assert_int_equal(requests[0].session->id, 13);
	assert_int_equal(requests[1].session->id, 14);
	assert_int_equal(server_requests(server, requests[1].session->sequence, requests, 3), 0);
	open_sessions(model, 20, 1);
	assert_int_equal(server_requests(server, requests[1].session->sequence, requests, 3), 1);
	assert_int_equal(requests[0].session->id, 20);
}

static void a_request_stays_listed_until_it_is_answered(void **state)
{
	struct model *model = *state;

	open_sessions(model, 10, 2);
	uint32_t first = model_request(model, "server", NULL);
	assert_int_equal(model_request(model, "server", NULL), first);
	assert_true(model_deliver(model, "server", first));
	assert_int_not_equal(model_request(model, "server", NULL), first);
}

static void ids_at_a_server_are_never_given_twice(void **state)
{
	struct model *model = *state;
	uint32_t last = 0;

	for (int i = 0; i < 20; i++) {
		open_sessions(model, 10, 1);
		uint32_t id = model_request(model, "server", NULL);

		assert_true(id > last);
		last = id;
		model_serve(model, "server");
		child_close(model_child(model, "client"), 10);
		model_serve(model, "server");
	}
}

static void each_new_request_wakes_the_server(void **state)
{
	struct model *model = *state;

	open_sessions(model, 10, 2);
	assert_int_equal(model_happened(model, "wake server server"), 2);
	model_serve(model, "server");
	child_close(model_child(model, "client"), 10);
	assert_int_equal(model_happened(model, "wake server server"), 3);
}

/* Answers that make no sense leave everything as it was. */
static void assert_ignored(struct model *model, uint32_t id, int answer)
{
	char state_before[32] = "unknown";
	const struct session *session = session_find_at_server(model_child(model, "server"), id);

	if (session)
		strcpy(state_before, session_state_word(session->state));
	model_forget(model);
	if (answer < 0)
		assert_false(model_deliver(model, "server", id));
	else
		server_response(model_child(model, "server"), id, answer);
	model_settle(model);
	assert_int_equal(model_logged(model, "ignored"), 1);
	assert_int_equal(model_happened(model, "answered"), 0);
	assert_ptr_equal(session_find_at_server(model_child(model, "server"), id), session);
	if (session)
		assert_string_equal(session_state_word(session->state), state_before);
}

#define DELIVER -1

static void answers_about_unknown_sessions_are_ignored(void **state)
{
	struct model *model = *state;

	for (int answer = DELIVER; answer <= KIN_INVALID; answer++)
		assert_ignored(model, 4711, answer);
}

static void answers_to_what_was_not_fetched_are_ignored(void **state)
{
	struct model *model = *state;
	struct child *server = model_child(model, "server");

	open_sessions(model, 10, 1);
	for (int answer = DELIVER; answer <= KIN_INVALID; answer++)
		assert_ignored(model, server->last_server_id, answer);
	model_serve(model, "server");
	model_fetch(model, "client", 10, NULL);
	child_close(model_child(model, "client"), 10);
	for (int answer = DELIVER; answer <= KIN_INVALID; answer++)
		assert_ignored(model, server->last_server_id, answer);
}

static bool is_among(int answer, const int *answers)
{
	for (; *answers != 1000; answers++)
		if (answer == *answers)
			return true;
	return false;
}

static void assert_all_ignored_but(struct model *model, uint32_t id, const int *meaningful)
{
	for (int answer = DELIVER; answer <= KIN_INVALID + 1; answer++)
		if (!is_among(answer, meaningful))
			assert_ignored(model, id, answer);
}

static void answers_that_do_not_fit_the_state_are_ignored(void **state)
{
	struct model *model = *state;
	struct child *client = model_child(model, "client");
	static const int creating[] = { DELIVER, KIN_DENIED, KIN_INSUFFICIENT_RAM,
		KIN_INSUFFICIENT_CAPS, 1000 };
	static const int upgrading[] = { KIN_OK, KIN_CLOSED, 1000 },
			 closing[] = { KIN_CLOSED, 1000 };
	static const int none[] = { 1000 }, open[] = { KIN_CLOSED, 1000 };

	open_sessions(model, 10, 1);
	uint32_t id = model_request(model, "server", NULL);
	assert_all_ignored_but(model, id, creating);
	assert_true(model_deliver(model, "server", id));
	assert_all_ignored_but(model, id, open);
	model_fetch(model, "client", 10, NULL);
	assert_all_ignored_but(model, id, open);
	child_upgrade(client, 10, (struct quota){ 4096, 0 });
	model_request(model, "server", NULL);
	assert_all_ignored_but(model, id, upgrading);
	server_response(model_child(model, "server"), id, KIN_OK);
	child_close(client, 10);
	model_request(model, "server", NULL);
	assert_all_ignored_but(model, id, closing);
	server_response(model_child(model, "server"), id, KIN_CLOSED);
	assert_all_ignored_but(model, id, none);
}

static void a_refused_session_cannot_be_delivered_afterwards(void **state)
{
	struct model *model = *state;

	open_sessions(model, 10, 1);
	uint32_t id = model_request(model, "server", NULL);
	server_response(model_child(model, "server"), id, KIN_INSUFFICIENT_RAM);
	assert_ignored(model, id, DELIVER);
	assert_ignored(model, id, KIN_DENIED);
	assert_int_equal(model_fetch(model, "client", 10, NULL), KIN_INSUFFICIENT_RAM);
	assert_ignored(model, id, DELIVER);
}

static void a_refusal_after_the_client_went_is_completed_silently(void **state)
{
	struct model *model = *state;
	struct child *server = model_child(model, "server");

	open_sessions(model, 10, 1);
	uint32_t id = model_request(model, "server", NULL);
	child_close(model_child(model, "client"), 10);
	model_forget(model);
	server_response(server, id, KIN_DENIED);
	model_settle(model);
	assert_null(server->served);
	assert_int_equal(model_logged(model, ""), 0);
	assert_int_equal(model_happened(model, "answered"), 0);
}

static void closing_while_an_upgrade_is_served_asks_once_more(void **state)
{
	struct model *model = *state;
	struct child *server = model_child(model, "server");
	struct server_request request;
	int kind;

	open_sessions(model, 10, 1);
	model_serve(model, "server");
	model_fetch(model, "client", 10, NULL);
	child_upgrade(model_child(model, "client"), 10, (struct quota){ 4096, 0 });
	server_requests(server, 0, &request, 1);
	uint64_t seen = request.session->sequence;
	child_close(model_child(model, "client"), 10);
	assert_int_equal(server_requests(server, seen, &request, 1), 1);
	assert_int_equal(request.kind, SERVER_CLOSE);
	model_request(model, "server", &kind);
	assert_int_equal(kind, SERVER_CLOSE);
	assert_int_equal(model_serve(model, "server"), 1);
	assert_null(server->served);
}

/*
 * A server that is not there yet
 */

static const char late_server[] =
	"<config>" PARENT "<start name='client'/>"
	"<start name='gate'> <provides> <service name='G'/> </provides> </start>"
	"<start name='server'> <provides> <service name='X'/> </provides>"
	" <route> <service name='CPU'> <child name='gate'/> </service>"
	" <any-service> <parent/> </any-service> </route> </start> </config>";

/* The server's CPU session is pending: it has an account, but isn't started. */
static void a_server_that_starts_late_finds_its_requests(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "CPU", 0, 1);
	model_script(model, MODEL_SESSION, "CPU", KIN_PENDING, 1);
	model_apply(model, config);
	model_settle(model);
	assert_false(model_child(model, "server")->started);
	open_sessions(model, 10, 2);
	assert_int_equal(model_happened(model, "wake server"), 0);
	model_up_answer(model, "CPU", 0);
	assert_true(model_child(model, "server")->started);
	assert_int_equal(model_happened(model, "wake server server"), 1);
	assert_int_equal(model_serve(model, "server"), 2);
	model_free(model);
}

static struct model *model_without_account(void)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "PD", 0, 1);
	model_script(model, MODEL_SESSION, "PD", KIN_PENDING, 1);
	model_apply(model, config);
	model_settle(model);
	assert_false(model_child(model, "server")->adopted);
	return model;
}

static void donations_to_a_server_without_account_are_parked(void **state)
{
	struct model *model = model_without_account();
	struct quota before = model_available(model, "client");

	open_sessions(model, 10, 2);
	assert_true(session_find(model_child(model, "client"), 10)->parked);
	model_up_answer(model, "PD", 0);
	assert_false(session_find(model_child(model, "client"), 10)->parked);
	const struct model_pd *pd = &model->pds[model_child(model, "server")->account - 1];
	assert_int_equal(
		pd->account.quota.ram - pd->given.ram, 2 * (donation.ram - SESSION_COST_BYTES));
	assert_int_equal(model_serve(model, "server"), 2);
	child_close(model_child(model, "client"), 10);
	child_close(model_child(model, "client"), 11);
	model_serve(model, "server");
	assert_int_equal(model_available(model, "client").ram, before.ram);
	model_free(model);
}

static void parked_donations_go_home_if_the_client_closes(void **state)
{
	struct model *model = model_without_account();
	struct quota before = model_available(model, "client");

	open_sessions(model, 10, 1);
	assert_int_equal(child_close(model_child(model, "client"), 10), 0);
	assert_int_equal(model_available(model, "client").ram, before.ram);
	model_up_answer(model, "PD", 0);
	model_free(model);
}

static void parked_donations_go_home_if_the_server_never_comes(void **state)
{
	struct model *model = model_without_account();
	struct quota before = model_available(model, "client");

	open_sessions(model, 10, 1);
	model_up_answer(model, "PD", KIN_DENIED);
	assert_int_equal(model_available(model, "client").ram, before.ram);
	assert_int_equal(model_fetch(model, "client", 10, NULL), KIN_DENIED);
	assert_int_equal(model_open(model, "client", 10, "X", "", donation), KIN_DENIED);
	model_free(model);
}

static void parked_donations_end_with_the_client(void **state)
{
	struct model *model = model_without_account();

	open_sessions(model, 10, 1);
	child_exit(model_child(model, "client"), 0);
	model_settle(model);
	assert_null(model_child(model, "server")->served);
	model_up_answer(model, "PD", 0);
	model_free(model);
}

static void a_server_whose_environment_fails_refuses_its_clients(void **state)
{
	struct model *model = model_with(late_server); /* gate has no CPU to give */

	assert_false(model_child(model, "server")->started);
	assert_int_equal(model_open(model, "client", 10, "X", "", donation), KIN_DENIED);
	model_free(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_child_announces_what_it_provides_and_nothing_else),
		TEST(requests_come_in_batches_and_in_order),
		TEST(a_request_stays_listed_until_it_is_answered),
		TEST(ids_at_a_server_are_never_given_twice),
		TEST(each_new_request_wakes_the_server),
		TEST(answers_about_unknown_sessions_are_ignored),
		TEST(answers_to_what_was_not_fetched_are_ignored),
		TEST(answers_that_do_not_fit_the_state_are_ignored),
		TEST(a_refused_session_cannot_be_delivered_afterwards),
		TEST(a_refusal_after_the_client_went_is_completed_silently),
		TEST(closing_while_an_upgrade_is_served_asks_once_more),
		cmocka_unit_test(a_server_that_starts_late_finds_its_requests),
		cmocka_unit_test(donations_to_a_server_without_account_are_parked),
		cmocka_unit_test(parked_donations_go_home_if_the_client_closes),
		cmocka_unit_test(parked_donations_go_home_if_the_server_never_comes),
		cmocka_unit_test(parked_donations_end_with_the_client),
		cmocka_unit_test(a_server_whose_environment_fails_refuses_its_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

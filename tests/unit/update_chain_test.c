/*
 * Update: what follows from a change. Clients of those that are restarted, children that need each
 * other, replacements that wait for what they replace, and deaths in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/update_scene.h"

#define PARENT(more) \
	"<parent-provides> <service name='PD'/> <service name='CPU'/>" \
	" <service name='ROM'/> <service name='P'/>" more "</parent-provides>"
#define HEAD \
	"<config>" PARENT( \
		"<service name='LOG'/>") "<default-route> <any-service> <parent/>" \
					 " <any-child/> </any-service> </default-route> <default " \
					 "ram='1M' caps='100'/>"

#define SERVER_OF(name, service, version) \
	"<start name='" name "' version='" version "'>" \
	" <provides> <service name='" service "'/> </provides> </start>"
#define SERVER(name, service) SERVER_OF(name, service, "1")

/* A child whose service of a kind is a sibling's, else the parent's. */
#define GUEST_OF(name, service, host, version) \
	"<start name='" name "' version='" version "'> <route> <service name='" service "'>" \
	" <child name='" host "'/> </service> <any-service> <parent/> <any-child/> </any-service>" \
	" </route> </start>"
#define GUEST(name, service, host) GUEST_OF(name, service, host, "1")

/*
 * Avalanches
 */

#define CHAIN(version) \
	HEAD "<start name='c3'/>" SERVER("c2", "Z") SERVER("c1", "Y") SERVER_OF("s", "X", version) \
		SERVER("apart", "W") "<start name='c4'/>" TAIL

static struct model *chain(void)
{
	struct model *model = model_with(CHAIN("1"));

	open_at(model, "c1", X, "X", "s");
	open_at(model, "c2", X, "Y", "c1");
	open_at(model, "c3", X, "Z", "c2");
	open_at(model, "c4", X, "W", "apart");
	return model;
}

static void a_restart_restarts_clients_of_clients(void **state)
{
	struct model *model = chain();

	apply(model, CHAIN("2"));
	assert_int_equal(id_of(model, "c3"), 7);
	assert_int_equal(id_of(model, "c2"), 8);
	assert_int_equal(id_of(model, "c1"), 9);
	assert_int_equal(id_of(model, "s"), 10);
	assert_int_equal(id_of(model, "apart"), 5);
	assert_int_equal(id_of(model, "c4"), 6);
	assert_true(alive(model, "c3") && alive(model, "c2") && alive(model, "c1"));
	model_free(model);
}

static void a_vanished_server_stops_clients_of_clients(void **state)
{
	struct model *model = chain();

	apply(model, HEAD "<start name='c3'/>" SERVER("c2", "Z") SERVER("c1", "Y")
			     SERVER("apart", "W") "<start name='c4'/>" TAIL);
	assert_true(stuck(model, "c1") && stuck(model, "c2") && stuck(model, "c3"));
	assert_true(alive(model, "c4") && alive(model, "apart"));
	model_forget(model);
	apply(model, CHAIN("1"));
	assert_true(alive(model, "c3") && alive(model, "c2") && alive(model, "c1"));
	assert_int_equal(id_of(model, "c3"), 7);
	assert_int_equal(id_of(model, "s"), 10);
	model_free(model);
}

/* What a child asked for and was not answered is restarted with it as well. */
static void a_request_without_an_answer_leads_elsewhere_too(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" SERVER("s", "X") TAIL);

	assert_int_equal(model_open(model, "a", X, "X", "", donation), KIN_PENDING);
	apply(model, HEAD "<start name='a'/>" SERVER_OF("s", "X", "2") TAIL);
	assert_int_equal(id_of(model, "a"), 3);
	model_free(model);
}

static void a_session_that_is_being_closed_leads_nowhere_any_more(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" SERVER("s", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	assert_int_equal(child_close(model_child(model, "a"), X), KIN_PENDING);
	apply(model, HEAD "<start name='a'/>" SERVER_OF("s", "X", "2") TAIL);
	assert_int_equal(id_of(model, "a"), 1);
	apply(model, HEAD "<start name='a'/>" TAIL);
	assert_true(alive(model, "a"));
	model_free(model);
}

#define CIRCLE(more) \
	HEAD "<start name='a'> <provides> <service name='A'/> </provides> </start>" \
	     "<start name='b'> <provides> <service name='B'/> </provides> </start>" more TAIL

/* Each of two is the other's client, and one of them needs a third. */
static struct model *circle(void)
{
	struct model *model = model_with(CIRCLE(SERVER("s", "X")));

	open_at(model, "a", X, "B", "b");
	open_at(model, "b", X, "A", "a");
	open_at(model, "b", Y, "X", "s");
	return model;
}

static void children_that_need_each_other_are_restarted_once(void **state)
{
	struct model *model = circle();

	apply(model, CIRCLE(SERVER_OF("s", "X", "2")));
	assert_int_equal(id_of(model, "a"), 4);
	assert_int_equal(id_of(model, "b"), 5);
	assert_int_equal(id_of(model, "s"), 6);
	assert_true(alive(model, "a") && alive(model, "b"));
	model_free(model);
}

static void children_that_need_each_other_stop_and_come_back_together(void **state)
{
	struct model *model = circle();

	apply(model, CIRCLE(""));
	assert_true(stuck(model, "a") && stuck(model, "b"));
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	apply(model, CIRCLE("<start name='c'/>"));
	assert_true(stuck(model, "a") && stuck(model, "b"));
	apply(model, CIRCLE(SERVER("s", "X")));
	assert_true(alive(model, "a") && alive(model, "b"));
	model_free(model);
}

/* c is withdrawn for being unmet while others are tried, and met when they are not. */
static void who_is_revived_offers_what_it_provides(void **state)
{
#define CONTEST(more) HEAD SERVER("c", "Y") SERVER("s1", "X") "<start name='user'/>" more TAIL
	struct model *model = model_with(CONTEST(SERVER("s2", "X2")));

	open_at(model, "c", X, "X", "s1");
	open_at(model, "user", X, "Y", "c");
	open_at(model, "s1", Y, "X2", "s2");
	apply(model, CONTEST("")); /* X2 is gone: s1 stops, then c, then user */
	assert_true(stuck(model, "s1") && stuck(model, "c") && stuck(model, "user"));
	apply(model, CONTEST(SERVER("t", "X"))); /* c may use t's, while s1 still waits */
	assert_true(stuck(model, "s1"));
	assert_true(alive(model, "c") && alive(model, "user"));
	open_at(model, "user", X, "Y", "c");
#undef CONTEST
	model_free(model);
}

/*
 * Replacements that wait
 */

#define LOGGED(version) HEAD GUEST_OF("a", "LOG", "log", version) SERVER("log", "LOG") TAIL

static struct model *logged(void)
{
	struct model *model = model_with(LOGGED("1"));

	assert_int_equal(model_serve(model, "log"), 1);
	assert_true(alive(model, "a"));
	return model;
}

static void a_removed_child_is_gone_when_its_log_is_closed(void **state)
{
	struct model *model = logged();

	apply(model, HEAD SERVER("log", "LOG") TAIL);
	assert_null(sandbox_child(&model->sandbox, "a"));
	assert_non_null(model->sandbox.dying);
	assert_false(sandbox_settled(&model->sandbox));
	assert_int_equal(model_serve(model, "log"), 1);
	assert_null(model->sandbox.dying);
	assert_true(sandbox_settled(&model->sandbox));
	model_free(model);
}

static void the_same_version_waits_for_the_one_before(void **state)
{
	struct model *model = logged();

	apply(model, HEAD SERVER("log", "LOG") TAIL);
	model_forget(model);
	apply(model, LOGGED("1"));
	assert_false(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 3);
	assert_int_equal(model_happened(model, "up session"), 0);
	assert_int_equal(model_serve(model, "log"), 2); /* the close, then the new one's */
	assert_true(alive(model, "a"));
	model_free(model);
}

static void another_version_does_not_wait(void **state)
{
	struct model *model = logged();

	apply(model, LOGGED("2"));
	assert_int_equal(id_of(model, "a"), 3);
	assert_int_equal(model_happened(model, "up session PD \"a\""), 2);
	uint32_t close = model_request(model, "log", NULL);
	struct server_request requests[2];

	assert_int_equal(server_requests(model_child(model, "log"), 0, requests, 2), 2);
	assert_int_equal(requests[1].kind, SERVER_CREATE);
	model_deliver(model, "log", requests[1].session->server_id);
	assert_true(alive(model, "a"));
	assert_non_null(model->sandbox.dying);
	server_response(model_child(model, "log"), close, KIN_CLOSED);
	model_settle(model);
	assert_null(model->sandbox.dying);
	model_free(model);
}

static void a_waiting_replacement_may_be_removed(void **state)
{
	struct model *model = logged();

	apply(model, HEAD SERVER("log", "LOG") TAIL);
	apply(model, LOGGED("1"));
	apply(model, HEAD SERVER("log", "LOG") TAIL);
	apply(model, LOGGED("1"));
	assert_int_equal(model_serve(model, "log"), 2);
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 4);
	model_free(model);
}

/* The log that is to answer the close goes as well. */
static void a_server_that_goes_too_is_not_waited_for(void **state)
{
	struct model *model = logged();

	apply(model, HEAD SERVER("log", "LOG") TAIL);
	apply(model, "<config/>");
	assert_null(model->sandbox.dying);
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	model_free(model);
}

static void a_replacement_waits_for_the_parent_too(void **state)
{
	static const char *const services[] = { "PD", "CPU", "LOG", "ROM" };

	for (size_t i = 0; i < 4; i++) {
		struct model *model = model_with(HEAD SERVER("a", "X") "<start name='b'/>" TAIL);

		open_at(model, "b", X, "X", "a");
		assert_int_equal(model_open(model, "a", X, "P", "", donation), 0);
		model_script(model, MODEL_CLOSE, services[i], KIN_PENDING, 1);
		apply(model, HEAD "<start name='b'/>" TAIL);
		assert_non_null(model->sandbox.dying);
		apply(model, HEAD SERVER("a", "X") "<start name='b'/>" TAIL);
		assert_false(alive(model, "a"));
		model_up_answer(model, services[i], KIN_CLOSED);
		assert_null(model->sandbox.dying);
		assert_true(alive(model, "a") && alive(model, "b"));
		apply(model, "<config/>");
		assert_int_equal(model->self.quota.ram, MODEL_RAM);
		model_free(model);
	}
}

/* Its quota went with its PD; another child may have the number of its account by now. */
static void an_account_ends_with_its_pd(void **state)
{
	struct model *model = model_with(HEAD "<start name='b'/>" SERVER("s", "X") TAIL);

	open_at(model, "b", X, "X", "s");
	model_script(model, MODEL_CLOSE, "PD", KIN_PENDING, 1);
	model_script(model, MODEL_SESSION, "PD", KIN_PENDING, 1);
	apply(model, HEAD "<start name='b'/> <start name='new'/>" TAIL);
	model_up_answer(model, NULL, 0);
	assert_true(alive(model, "new"));
	assert_null(model->sandbox.dying);
	model_free(model);
}

/* Its environment is under way when it is no longer wanted. */
static void a_child_may_be_removed_before_it_started(void **state)
{
	static const char *const services[] = { "PD", "CPU", "LOG", "ROM" };

	for (size_t i = 0; i < 8; i++) {
		struct model *model = model_with(HEAD "<start name='b'/>" TAIL);

		model_script(model, MODEL_SESSION, services[i / 2], KIN_PENDING, 1);
		model_script(model, MODEL_CLOSE, services[i / 2], KIN_PENDING, i % 2);
		apply(model, HEAD SERVER("a", "X") "<start name='b'/>" TAIL);
		assert_int_equal(model_open(model, "b", X, "X", "", donation), KIN_PENDING);
		apply(model, HEAD "<start name='b'/>" TAIL);
		model_up_answer(model, services[i / 2], KIN_CLOSED);
		assert_null(model->sandbox.dying);
		apply(model, "<config/>");
		assert_int_equal(model->self.quota.ram, MODEL_RAM);
		model_free(model);
	}
}

/*
 * Ends
 */

static void an_exited_child_stays_as_it_is(void **state)
{
	static const char *const config = HEAD "<start name='a'/> <start name='b'/>" TAIL;
	struct model *model = model_with(config);

	child_exit(model_child(model, "a"), 5);
	model_settle(model);
	apply(model, config);
	apply(model, HEAD "<start name='a' ram='2M'> <config/> <binary name='x'/> </start>" TAIL);
	assert_int_equal(model_child(model, "a")->state, CHILD_EXITED);
	assert_non_null(strstr(model_report(model), "exited=\"5\""));
	apply(model, HEAD "<start name='a' version='2'/>" TAIL);
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 3);
	child_exit(model_child(model, "a"), 6);
	model_settle(model);
	apply(model, "<config/>");
	apply(model, config);
	assert_true(alive(model, "a"));
	model_free(model);
}

/* A config may come between an end and what follows from it. */
static void an_exit_propagates_as_it_was_said_when_it_happened(void **state)
{
	static const char *const with =
		HEAD "<start name='a'> <exit propagate='yes'/> </start>" TAIL;
	static const char *const without = HEAD "<start name='a'/>" TAIL;

	for (int i = 0; i < 2; i++) {
		struct model *model = model_with(i ? with : without);

		child_exit(model_child(model, "a"), 7);
		apply(model, i ? without : with);
		assert_int_equal(model_happened(model, "exit 7"), i);
		apply(model, with);
		assert_int_equal(model_happened(model, "exit 7"), i);
		model_free(model);
	}
}

static void the_death_of_a_server_is_no_change_of_the_config(void **state)
{
	static const char *const config = HEAD "<start name='a'/>" SERVER(
		"s", "X") "<start name='d'> <heartbeat restart_after_skipped='1'/> </start>"
			  "<heartbeat rate_ms='10'/>" TAIL;
	struct model *model = model_with(config);

	open_at(model, "a", X, "X", "s");
	apply(model, config);
	child_exit(model_child(model, "s"), 1);
	model_settle(model);
	child_handles(model_child(model, "d"), CHILD_EVENT_HEARTBEAT);
	for (int i = 0; i < 3; i++)
		model_timer(model, OWNER_TIMER_HEARTBEAT);
	assert_int_equal(id_of(model, "d"), 4); /* restarted, which is no reason either */
	assert_int_equal(id_of(model, "a"), 1);
	apply(model, config);
	assert_int_equal(id_of(model, "a"), 1);
	assert_true(alive(model, "a"));
	model_free(model);
}

static void a_rival_that_ends_makes_a_route_lead_somewhere_again(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" SERVER("s", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	apply(model, HEAD "<start name='a'/>" SERVER("s", "X") SERVER("t", "X") TAIL);
	assert_true(stuck(model, "a"));
	child_exit(model_child(model, "s"), 0);
	model_settle(model);
	assert_true(alive(model, "a"));
	open_at(model, "a", X, "X", "t");
	model_free(model);
}

static void a_restarted_server_that_was_dead_restarts_its_clients(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" SERVER("s", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	child_exit(model_child(model, "s"), 1);
	model_settle(model);
	apply(model, HEAD "<start name='a'/>" SERVER_OF("s", "X", "2") TAIL);
	assert_int_equal(id_of(model, "a"), 3);
	assert_true(alive(model, "a") && alive(model, "s"));
	model_free(model);
}

/* Until its PD is closed it still has its sessions, but no new ones. */
static void who_ends_is_no_target_from_then_on(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" SERVER("s", "X") TAIL);

	model_script(model, MODEL_CLOSE, "PD", KIN_PENDING, 1);
	child_exit(model_child(model, "s"), 1);
	model_settle(model);
	assert_int_equal(model_open(model, "a", X, "X", "", donation), KIN_DENIED);
	model_up_answer(model, NULL, KIN_CLOSED);
	model_free(model);
}

#define FALLBACK(version) \
	HEAD "<start name='a'> <route> <service name='LOG'> <child name='log'/> <parent/>" \
	     " </service> <any-service> <parent/> </any-service> </route> </start>" SERVER_OF( \
		     "log", "LOG", version) TAIL

/* Whoever waits for a server that does not come to life goes where the route leads then. */
static void an_environment_falls_back_if_its_server_fails(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "ROM", 0, 1);
	model_script(model, MODEL_SESSION, "ROM", KIN_DENIED, 1);
	apply(model, FALLBACK("1"));
	assert_true(model_child(model, "log")->failed);
	assert_true(alive(model, "a"));
	assert_int_equal(model_happened(model, "up session LOG \"a\""), 1);
	apply(model, FALLBACK("2"));
	assert_true(alive(model, "log"));
	assert_int_equal(id_of(model, "a"), 3);
	assert_int_equal(model_serve(model, "log"), 1);
	assert_true(alive(model, "a"));
	model_free(model);
}

static void an_environment_waits_on_if_its_server_is_restarted(void **state)
{
	struct model *model = model_with(LOGGED("1"));

	apply(model, HEAD GUEST("a", "LOG", "log") SERVER_OF("log", "LOG", "2") TAIL);
	assert_false(model_child(model, "a")->failed);
	assert_int_equal(model_serve(model, "log"), 1);
	assert_true(alive(model, "a"));
	model_free(model);
}

static void a_failed_child_is_tried_again_when_its_server_is_another(void **state)
{
	struct model *model = model_with(LOGGED("1"));

	server_response(model_child(model, "log"), model_request(model, "log", NULL), KIN_DENIED);
	model_settle(model);
	assert_true(model_child(model, "a")->failed);
	apply(model, LOGGED("1"));
	assert_true(model_child(model, "a")->failed);
	apply(model, HEAD GUEST("a", "LOG", "log") SERVER_OF("log", "LOG", "2") TAIL);
	assert_false(model_child(model, "a")->failed);
	assert_int_equal(model_serve(model, "log"), 1);
	assert_true(alive(model, "a"));
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_restarts_clients_of_clients),
		cmocka_unit_test(a_vanished_server_stops_clients_of_clients),
		cmocka_unit_test(a_request_without_an_answer_leads_elsewhere_too),
		cmocka_unit_test(a_session_that_is_being_closed_leads_nowhere_any_more),
		cmocka_unit_test(children_that_need_each_other_are_restarted_once),
		cmocka_unit_test(children_that_need_each_other_stop_and_come_back_together),
		cmocka_unit_test(who_is_revived_offers_what_it_provides),
		cmocka_unit_test(a_removed_child_is_gone_when_its_log_is_closed),
		cmocka_unit_test(the_same_version_waits_for_the_one_before),
		cmocka_unit_test(another_version_does_not_wait),
		cmocka_unit_test(a_waiting_replacement_may_be_removed),
		cmocka_unit_test(a_server_that_goes_too_is_not_waited_for),
		cmocka_unit_test(a_replacement_waits_for_the_parent_too),
		cmocka_unit_test(an_account_ends_with_its_pd),
		cmocka_unit_test(a_child_may_be_removed_before_it_started),
		cmocka_unit_test(an_exited_child_stays_as_it_is),
		cmocka_unit_test(an_exit_propagates_as_it_was_said_when_it_happened),
		cmocka_unit_test(the_death_of_a_server_is_no_change_of_the_config),
		cmocka_unit_test(a_rival_that_ends_makes_a_route_lead_somewhere_again),
		cmocka_unit_test(a_restarted_server_that_was_dead_restarts_its_clients),
		cmocka_unit_test(who_ends_is_no_target_from_then_on),
		cmocka_unit_test(an_environment_falls_back_if_its_server_fails),
		cmocka_unit_test(an_environment_waits_on_if_its_server_is_restarted),
		cmocka_unit_test(a_failed_child_is_tried_again_when_its_server_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

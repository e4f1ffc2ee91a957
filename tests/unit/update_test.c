/*
 * Update: what another config does to children that run, and that it does nothing else.
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

#define PARENT \
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>" \
	" <service name='ROM'/> <service name='P'/> </parent-provides>"
#define DEFAULT_ROUTE \
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>"
#define DEFAULT "<default ram='1M' caps='100'/>"
#define HEAD    "<config>" PARENT DEFAULT_ROUTE DEFAULT

#define SERVER(name, service) \
	"<start name='" name "'> <provides> <service name='" service "'/> </provides> </start>"

/* A client that finds X at a child of that name and the rest at the parent. */
#define CLIENT(name, server) \
	"<start name='" name "'> <route> <service name='X'> <child name='" server "'/> </service>" \
	" <any-service> <parent/> </any-service> </route> </start>"

/* Nothing happened to any child. */
static void assert_quiet(struct model *model)
{
	assert_int_equal(model->journal.n, 0);
	assert_int_equal(model->log.n, 0);
}

static void the_same_config_disturbs_nobody(void **state)
{
	static const char config[] =
		HEAD "<alias name='nick' child='server'/>"
		     "<report/> <heartbeat rate_ms='100'/>" CLIENT("client", "nick")
			     SERVER("server", "X") "<start name='exited'/> <start name='b'> "
						   "<config> <a/> </config> </start>" TAIL;
	struct model *model = model_with(config);

	open_at(model, "client", X, "X", "server");
	child_exit(model_child(model, "exited"), 3);
	model_settle(model);
	struct account self = model->self;
	model_forget(model);
	for (int i = 0; i < 3; i++)
		apply(model, config);
	assert_quiet(model);
	assert_int_equal(id_of(model, "client"), 1);
	assert_int_equal(id_of(model, "server"), 2);
	assert_int_equal(id_of(model, "b"), 4);
	assert_int_equal(model->self.quota.ram, self.quota.ram);
	assert_int_equal(model_child(model, "exited")->state, CHILD_EXITED);
	model_free(model);
}

static void the_order_of_nodes_does_not_matter(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/> <start name='b'/>" TAIL);

	model_forget(model);
	apply(model,
		"<config> <start name='b'/> <start name='a'/>" DEFAULT DEFAULT_ROUTE PARENT TAIL);
	assert_quiet(model);
	assert_string_equal(model->sandbox.children->name, "b");
	model_free(model);
}

static void a_start_node_that_vanished_ends_its_child(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/> <start name='b'/>" TAIL);

	model_forget(model);
	apply(model, HEAD "<start name='b'/>" TAIL);
	assert_null(sandbox_child(&model->sandbox, "a"));
	assert_int_equal(model_happened(model, "stop a"), 1);
	assert_int_equal(model_happened(model, "up close"), 4);
	assert_int_equal(model_happened(model, "\"b"), 0);
	apply(model, "<config/>");
	assert_null(model->sandbox.children);
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	assert_int_equal(model->self.quota.caps, MODEL_CAPS);
	model_free(model);
}

static void a_new_child_has_the_next_id(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/> <start name='b'/>" TAIL);

	apply(model, HEAD "<start name='a'/>" TAIL);
	apply(model, HEAD "<start name='c'/> <start name='a'/> <start name='b'/>" TAIL);
	assert_int_equal(id_of(model, "a"), 1);
	assert_int_equal(id_of(model, "c"), 3);
	assert_int_equal(id_of(model, "b"), 4);
	assert_true(alive(model, "b") && alive(model, "c"));
	model_free(model);
}

static void another_version_restarts_under_a_new_id(void **state)
{
	struct model *model =
		model_with(HEAD "<start name='a' version='1'/> <start name='b'/>" TAIL);

	model_forget(model);
	apply(model, HEAD "<start name='a' version='2'/> <start name='b'/>" TAIL);
	assert_int_equal(id_of(model, "a"), 3);
	assert_int_equal(id_of(model, "b"), 2);
	assert_true(model_in_order(model, "stop a", "start a"));
	assert_int_equal(model_happened(model, "start a"), 1);
	apply(model, HEAD "<start name='a'/> <start name='b'/>" TAIL);
	assert_int_equal(id_of(model, "a"), 4);
	model_free(model);
}

/* Restarted, created and restarted at once: numbered, and started, as the nodes stand. */
static void ids_follow_the_order_of_the_start_nodes(void **state)
{
	struct model *model =
		model_with(HEAD "<start name='z'/> <start name='y'/> <start name='x'/>" TAIL);

	model_forget(model);
	apply(model, HEAD "<start name='x' version='1'/> <start name='new'/> <start name='y'/>"
			  "<start name='z' version='1'/>" TAIL);
	assert_int_equal(id_of(model, "x"), 4);
	assert_int_equal(id_of(model, "new"), 5);
	assert_int_equal(id_of(model, "y"), 2);
	assert_int_equal(id_of(model, "z"), 6);
	assert_true(model_in_order(model, "up session PD \"x\"", "up session PD \"new\""));
	assert_true(model_in_order(model, "up session PD \"new\"", "up session PD \"z\""));
	assert_true(model_in_order(model, "start x", "start new"));
	assert_true(model_in_order(model, "stop z", "up session PD \"x\""));
	model_free(model);
}

#define PLACED \
	"<config prio_levels='4'> <affinity-space width='4' height='1'/>" PARENT DEFAULT_ROUTE \
		DEFAULT

static void what_is_fixed_at_the_start_restarts(void **state)
{
	static const char *const changes[] = { "priority='-1'", "ld='no'", "managing_system='yes'",
		"version='1'", "threads='2'" };
	char config[1024];

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct model *model = model_with(PLACED "<start name='a'/>" TAIL);

		snprintf(config, sizeof(config), PLACED "<start name='a' %s/>" TAIL, changes[i]);
		apply(model, config);
		assert_int_equal(id_of(model, "a"), 2);
		assert_true(alive(model, "a"));
		apply(model, PLACED "<start name='a'/>" TAIL);
		assert_int_equal(id_of(model, "a"), 3);
		model_free(model);
	}
	struct model *model = model_with(PLACED "<start name='a'/>" TAIL);

	apply(model, PLACED "<start name='a' threads='1'/>" TAIL);
	assert_int_equal(id_of(model, "a"), 1);
	apply(model,
		PLACED "<start name='a'> <affinity xpos='1' width='1' height='1'/> </start>" TAIL);
	assert_int_equal(id_of(model, "a"), 2);
	apply(model,
		PLACED "<start name='a'> <affinity xpos='2' width='1' height='1'/> </start>" TAIL);
	assert_int_equal(id_of(model, "a"), 3);
	model_free(model);
}

static void exit_and_heartbeat_change_in_place(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);

	apply(model, HEAD "<start name='a'> <exit propagate='yes'/>"
			  "<heartbeat restart_after_skipped='2'/> </start>" TAIL);
	assert_int_equal(id_of(model, "a"), 1);
	assert_int_equal(model_child(model, "a")->skipped_max, 2);
	child_exit(model_child(model, "a"), 7);
	model_settle(model);
	assert_int_equal(model_happened(model, "exit 7"), 1);
	model_free(model);
}

/*
 * <config>
 */

#define WITH_CONFIG(content) HEAD "<start name='a'>" content "</start> <start name='b'/>" TAIL

static void another_config_of_a_child_is_told_to_it(void **state)
{
	struct model *model = model_with(WITH_CONFIG("<config> <x/> </config>"));

	open_up(model, "a", ROM, "ROM", "config");
	model_forget(model);
	apply(model, WITH_CONFIG("<config> <y/> </config>"));
	assert_int_equal(model_happened(model, "config of a changed"), 1);
	assert_int_equal(model->journal.n, 1);
	assert_int_equal(id_of(model, "a"), 1);
	const struct kin_node *now = sandbox_child_config(model_child(model, "a"));
	assert_non_null(kin_node_first_of(now, "y"));
	apply(model, WITH_CONFIG("<config> <y/> </config>"));
	assert_int_equal(model->journal.n, 1);
	model_free(model);
}

static void a_config_that_appears_or_vanishes_restarts_who_read_it(void **state)
{
	struct model *model = model_with(WITH_CONFIG(""));

	apply(model, WITH_CONFIG("<config/>")); /* nobody has asked for it */
	assert_int_equal(id_of(model, "a"), 1);
	open_up(model, "a", ROM, "ROM", "config");
	apply(model, WITH_CONFIG(""));
	assert_int_equal(id_of(model, "a"), 3);
	open_up(model, "a", ROM, "ROM", "config"); /* the parent's */
	apply(model, WITH_CONFIG("<config/>"));
	assert_int_equal(id_of(model, "a"), 4);
	assert_int_equal(id_of(model, "b"), 2);
	assert_int_equal(model_happened(model, "config of a changed"), 0);
	model_free(model);
}

/*
 * Routes
 */

static void a_route_to_the_same_end_is_no_change(void **state)
{
	struct model *model = model_with(HEAD CLIENT("a", "s") SERVER("s", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	model_forget(model);
	apply(model,
		HEAD "<alias name='nick' child='s'/>" CLIENT("a", "nick") SERVER("s", "X") TAIL);
	apply(model, HEAD "<start name='a'/>" SERVER("s", "X") TAIL);
	apply(model, HEAD "<start name='a'> <route> <any-service> <any-child/> <parent/>"
			  "</any-service> </route> </start>" SERVER("s", "X") TAIL);
	assert_quiet(model);
	model_free(model);
}

static void a_route_to_another_server_restarts(void **state)
{
	struct model *model = model_with(
		HEAD CLIENT("a", "s") CLIENT("b", "s") SERVER("s", "X") SERVER("t", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	apply(model, HEAD CLIENT("a", "t") CLIENT("b", "t") SERVER("s", "X") SERVER("t", "X") TAIL);
	assert_int_equal(id_of(model, "a"), 5);
	assert_int_equal(id_of(model, "b"), 2);       /* had no session there */
	assert_int_equal(model_serve(model, "s"), 1); /* the close */
	model_free(model);
}

static void a_route_to_another_label_restarts(void **state)
{
	static const char with[] = HEAD
		"<start name='a'> <route> <service name='P'> <parent label='other'/> </service>"
		"<any-service> <parent/> </any-service> </route> </start>" TAIL;
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);

	apply(model, with);
	apply(model, HEAD "<start name='a'/>" TAIL);
	assert_int_equal(id_of(model, "a"), 1);
	open_up(model, "a", X, "P", "");
	apply(model, with);
	assert_int_equal(id_of(model, "a"), 2);
	model_free(model);
}

/* Stopped, its budget back, shown as incomplete; started again when it leads somewhere. */
static void a_route_to_nowhere_stops_until_it_leads_somewhere(void **state)
{
	struct model *model = model_with(HEAD CLIENT("a", "s") SERVER("s", "X") TAIL);
	struct quota before = model->self.quota;

	open_at(model, "a", X, "X", "s");
	apply(model, HEAD CLIENT("a", "none") SERVER("s", "X") TAIL);
	assert_true(stuck(model, "a"));
	assert_int_equal(model_child(model, "a")->state, CHILD_INCOMPLETE);
	assert_null(model_child(model, "a")->sessions);
	assert_non_null(
		strstr(model_report(model), "name=\"a\" binary=\"a\" state=\"incomplete\""));
	assert_int_equal(model_serve(model, "s"), 1);
	assert_int_equal(
		model->self.quota.ram, before.ram + (1 << 20) - 4 * SESSION_COST_BYTES - 4096);
	apply(model, HEAD CLIENT("a", "none") SERVER("s", "X") TAIL);
	assert_true(stuck(model, "a"));
	apply(model, HEAD CLIENT("a", "none") SERVER("s", "X") SERVER("none", "X") TAIL);
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 3);
	assert_int_equal(id_of(model, "none"), 4);
	model_free(model);
}

static void a_stuck_child_waits_for_all_the_routes_it_had(void **state)
{
	static const char *const two =
		HEAD "<start name='a'/>" SERVER("s", "X") SERVER("t", "Y") TAIL;
	struct model *model = model_with(two);

	open_at(model, "a", X, "X", "s");
	open_at(model, "a", Y, "Y", "t");
	apply(model, HEAD "<start name='a'/>" TAIL);
	assert_true(stuck(model, "a"));
	apply(model, HEAD "<start name='a'/>" SERVER("s", "X") TAIL);
	assert_true(stuck(model, "a"));
	apply(model, two);
	assert_true(alive(model, "a"));
	model_free(model);
}

/* Refused sessions are none that it had. */
static void a_stuck_child_does_not_wait_for_what_it_was_refused(void **state)
{
	static const char *const config = HEAD "<start name='a'/>" SERVER("s", "X") TAIL;
	struct model *model =
		model_with(HEAD "<start name='a'/>" SERVER("s", "X") SERVER("t", "Y") TAIL);

	open_at(model, "a", X, "X", "s");
	assert_int_equal(model_open(model, "a", Y, "Y", "", donation), KIN_PENDING);
	server_response(model_child(model, "t"), model_request(model, "t", NULL), KIN_DENIED);
	model_settle(model);
	apply(model, HEAD "<start name='a'/>" TAIL);
	assert_true(stuck(model, "a"));
	apply(model, config);
	assert_true(alive(model, "a"));
	model_free(model);
}

static void a_stuck_child_is_started_by_another_start_node(void **state)
{
	struct model *model = model_with(HEAD CLIENT("a", "s") SERVER("s", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	apply(model, HEAD CLIENT("a", "none") SERVER("s", "X") TAIL);
	model_serve(model, "s");
	apply(model, HEAD CLIENT("a", "nobody") SERVER("s", "X") TAIL);
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 3);
	model_free(model);
}

static void default_route_and_own_route_are_compared_by_where_they_lead(void **state)
{
	static const char *const to_children =
		"<config>" PARENT DEFAULT "<default-route> <any-service> <any-child/> <parent/> "
		"</any-service> </default-route>"
		"<start name='a'/> <start name='b'> <route> <any-service> <parent/> </any-service>"
		"</route> </start>" SERVER("s", "P") TAIL;
	struct model *model = model_with(HEAD
		"<start name='a'/> <start name='b'> <route>"
		"<any-service> <parent/> </any-service> </route> </start>" SERVER("s", "P") TAIL);

	open_up(model, "a", X, "P", "");
	open_up(model, "b", X, "P", "");
	apply(model, to_children);
	assert_int_equal(id_of(model, "a"), 4);
	assert_int_equal(id_of(model, "b"), 2);
	assert_int_equal(id_of(model, "s"), 3);
	apply(model,
		"<config>" PARENT DEFAULT "<start name='a'/> <start name='b'> <route>"
		"<any-service> <parent/> </any-service> </route> </start>" SERVER("s", "P") TAIL);
	assert_true(stuck(model, "a") && stuck(model, "s")); /* no rule for anything */
	assert_int_equal(id_of(model, "b"), 2);
	apply(model, to_children);
	assert_true(alive(model, "a") && alive(model, "s"));
	model_free(model);
}

static void a_route_that_vanishes_is_the_default_route(void **state)
{
	struct model *model =
		model_with(HEAD CLIENT("a", "s") SERVER("s", "X") SERVER("t", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	apply(model, HEAD "<start name='a'/>" SERVER("s", "X") SERVER("t", "X") TAIL);
	assert_true(stuck(model, "a")); /* ambiguous */
	apply(model, HEAD CLIENT("a", "s") SERVER("s", "X") SERVER("t", "X") TAIL);
	assert_true(alive(model, "a"));
	model_free(model);
}

static void an_alias_that_means_another_restarts_who_used_it(void **state)
{
#define ALIASED(child) \
	HEAD "<alias name='nick' child='" child "'/>" CLIENT("a", "nick") CLIENT("b", "s") \
		SERVER("s", "X") SERVER("t", "X") TAIL
	struct model *model = model_with(ALIASED("s"));

	open_at(model, "a", X, "X", "s");
	open_at(model, "b", X, "X", "s");
	apply(model, ALIASED("t"));
	assert_int_equal(id_of(model, "a"), 5);
	assert_int_equal(id_of(model, "b"), 2);
	open_at(model, "a", X, "X", "t");
	apply(model, ALIASED("nobody"));
	assert_true(stuck(model, "a"));
	apply(model, ALIASED("t"));
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "b"), 2);
#undef ALIASED
	model_free(model);
}

static void a_service_of_the_parent_may_come_and_go(void **state)
{
	static const char *const without =
		"<config> <parent-provides> <service name='PD'/> <service name='CPU'/>"
		"<service name='LOG'/> <service name='ROM'/> </parent-provides>" DEFAULT_ROUTE
			DEFAULT "<start name='a'/> <start name='b'/>" TAIL;
	struct model *model = model_with(HEAD "<start name='a'/> <start name='b'/>" TAIL);

	open_up(model, "a", X, "P", "");
	apply(model, without);
	assert_true(stuck(model, "a"));
	assert_int_equal(id_of(model, "b"), 2);
	apply(model, HEAD "<start name='a'/> <start name='b'/>" TAIL);
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 3);
	model_free(model);
}

static void another_binary_restarts_if_it_is_another_module(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" TAIL);

	apply(model, HEAD "<start name='a'> <binary name='a'/> </start>" TAIL);
	assert_int_equal(id_of(model, "a"), 1);
	apply(model, HEAD "<start name='a'> <binary name='x'/> </start>" TAIL);
	assert_int_equal(id_of(model, "a"), 2);
	assert_int_equal(model_happened(model, "up session ROM \"a -> x\""), 1);
	apply(model, HEAD "<start name='a'/>" TAIL);
	assert_int_equal(id_of(model, "a"), 3);
	model_free(model);
}

static void another_binary_with_the_same_route_is_no_change(void **state)
{
#define ROUTED(binary) \
	HEAD "<start name='a'> <binary name='" binary "'/> <route> <service name='ROM'>" \
	     "<parent label='fixed'/> </service> <any-service> <parent/> </any-service> </route>" \
	     "</start>" TAIL
	struct model *model = model_with(ROUTED("x"));

	model_forget(model);
	apply(model, ROUTED("y"));
	assert_quiet(model);
	assert_string_equal(model_child(model, "a")->binary, "y");
	model_free(model);
#undef ROUTED
}

static void a_binary_that_is_missing_is_not_sought_at_every_update(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "ROM", KIN_DENIED, 1);
	apply(model, HEAD "<start name='a'/>" TAIL);
	assert_true(model_child(model, "a")->failed);
	model_forget(model);
	apply(model, HEAD "<start name='a'/>" TAIL);
	apply(model, HEAD "<start name='a'/> <start name='b'/>" TAIL);
	assert_int_equal(model_happened(model, "\"a"), 0);
	apply(model, HEAD "<start name='a'> <binary name='x'/> </start> <start name='b'/>" TAIL);
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 3);
	model_free(model);
}

static void a_start_without_a_route_waits_for_one(void **state)
{
	struct model *model = model_with("<config>" PARENT DEFAULT "<start name='a'/>" TAIL);

	assert_true(model_child(model, "a")->failed);
	model_forget(model);
	apply(model, "<config>" PARENT DEFAULT "<start name='a'/>" TAIL);
	assert_int_equal(model->log.n, 0);
	apply(model, HEAD "<start name='a'/>" TAIL);
	assert_true(alive(model, "a"));
	assert_int_equal(id_of(model, "a"), 2);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_config_disturbs_nobody),
		cmocka_unit_test(the_order_of_nodes_does_not_matter),
		cmocka_unit_test(a_start_node_that_vanished_ends_its_child),
		cmocka_unit_test(a_new_child_has_the_next_id),
		cmocka_unit_test(another_version_restarts_under_a_new_id),
		cmocka_unit_test(ids_follow_the_order_of_the_start_nodes),
		cmocka_unit_test(what_is_fixed_at_the_start_restarts),
		cmocka_unit_test(exit_and_heartbeat_change_in_place),
		cmocka_unit_test(another_config_of_a_child_is_told_to_it),
		cmocka_unit_test(a_config_that_appears_or_vanishes_restarts_who_read_it),
		cmocka_unit_test(a_route_to_the_same_end_is_no_change),
		cmocka_unit_test(a_route_to_another_server_restarts),
		cmocka_unit_test(a_route_to_another_label_restarts),
		cmocka_unit_test(a_route_to_nowhere_stops_until_it_leads_somewhere),
		cmocka_unit_test(a_stuck_child_waits_for_all_the_routes_it_had),
		cmocka_unit_test(a_stuck_child_does_not_wait_for_what_it_was_refused),
		cmocka_unit_test(a_stuck_child_is_started_by_another_start_node),
		cmocka_unit_test(default_route_and_own_route_are_compared_by_where_they_lead),
		cmocka_unit_test(a_route_that_vanishes_is_the_default_route),
		cmocka_unit_test(an_alias_that_means_another_restarts_who_used_it),
		cmocka_unit_test(a_service_of_the_parent_may_come_and_go),
		cmocka_unit_test(another_binary_restarts_if_it_is_another_module),
		cmocka_unit_test(another_binary_with_the_same_route_is_no_change),
		cmocka_unit_test(a_binary_that_is_missing_is_not_sought_at_every_update),
		cmocka_unit_test(a_start_without_a_route_waits_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Update: services that come and go, and the routes that lead to them
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

#define PROVIDER(content) \
	"<start name='s'> <provides> <service name='Z'/>" content "</provides> </start>"

static void a_service_may_be_added_and_taken_away(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" PROVIDER("") TAIL);

	assert_int_equal(model_open(model, "a", X, "X", "", donation), KIN_DENIED);
	apply(model, HEAD "<start name='a'/>" PROVIDER("<service name='X'/>") TAIL);
	assert_int_equal(server_announce(model_child(model, "s"), "X"), 0);
	open_at(model, "a", X, "X", "s");
	apply(model, HEAD "<start name='a'/>" PROVIDER("") TAIL);
	assert_true(stuck(model, "a"));
	assert_int_equal(server_announce(model_child(model, "s"), "X"), KIN_DENIED);
	assert_int_equal(model_serve(model, "s"), 1);
	apply(model, HEAD "<start name='a'/>" PROVIDER("<service name='X'/>") TAIL);
	assert_true(alive(model, "a"));
	open_at(model, "a", X, "X", "s");
	assert_int_equal(id_of(model, "s"), 2);
	model_free(model);
}

static void an_additional_service_can_be_a_better_end_of_a_route(void **state)
{
	static const char route[] =
		"<start name='a'> <route> <service name='P'> <child name='s'/> <parent/> </service>"
		"<any-service> <parent/> </any-service> </route> </start>";
	char config[2][1024];
	struct model *model;

	snprintf(config[0], 1024, HEAD "%s" PROVIDER("") TAIL, route);
	snprintf(config[1], 1024, HEAD "%s" PROVIDER("<service name='P'/>") TAIL, route);
	model = model_with(config[0]);
	open_up(model, "a", X, "P", "");
	apply(model, config[1]);
	assert_int_equal(id_of(model, "a"), 3);
	open_at(model, "a", X, "P", "s");
	apply(model, config[0]);
	assert_int_equal(id_of(model, "a"), 4);
	assert_true(alive(model, "a"));
	model_free(model);
}

static void any_child_becomes_ambiguous_and_unique_again(void **state)
{
	struct model *model = model_with(HEAD "<start name='a'/>" SERVER("s", "X") TAIL);

	open_at(model, "a", X, "X", "s");
	apply(model, HEAD "<start name='a'/>" SERVER("s", "X") SERVER("t", "X") TAIL);
	assert_true(stuck(model, "a"));
	assert_true(alive(model, "t"));
	apply(model, HEAD "<start name='a'/>" SERVER("t", "X") TAIL);
	assert_true(alive(model, "a"));
	open_at(model, "a", X, "X", "t");
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_may_be_added_and_taken_away),
		cmocka_unit_test(an_additional_service_can_be_a_better_end_of_a_route),
		cmocka_unit_test(any_child_becomes_ambiguous_and_unique_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

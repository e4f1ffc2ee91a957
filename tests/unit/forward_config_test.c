/*
 * Forwarding under configs that change: whose route is the same stays, all others follow.
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

static void reconfigure(struct model *model, const char *text)
{
	model_apply(model, text);
	model_settle(model);
}

#define FORWARDING(nodes) HEAD nodes CHILDREN TAIL
#define NOW_TO(child) \
	FORWARDING("<service name='X'> <default-policy>" child "</default-policy> </service> " \
		   "<service name='Z'> <default-policy> <child name='first'/> </default-policy>" \
		   " </service>")
#define NO_FORWARDING FORWARDING("")

static void a_session_whose_route_is_the_same_stays(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");

	reconfigure(model, NOW_TO("<child name='first'/>"));
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	assert_int_equal(model_request(model, "first", NULL), 0);
	assert_int_equal(model_happened(model, "respond"), 0);
	model_guest_close(model, id);
	model_serve(model, "first");
}

static void a_session_whose_route_changed_is_closed_and_reported(void **state)
{
	static const char *const texts[] = { NOW_TO("<child name='second'/>"),
		NOW_TO("<child name='first' label='other'/>"), NOW_TO("<child name='late'/>"),
		NOW_TO(""), NOW_TO("<child/>"), NO_FORWARDING,
		FORWARDING("<service name='X'> <policy label='bob'> <child name='first'/>"
			   " </policy> </service>") };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct model *model = model_with(config);
		uint32_t id = guest_served(model, "alan", "first");
		int kind;

		reconfigure(model, texts[i]);
		assert_int_equal(model_happened(model, "respond"), 0); /* not before it is closed */
		assert_true(model_request(model, "first", &kind));
		assert_int_equal(kind, SERVER_CLOSE);
		respond(model, "first", KIN_CLOSED);
		assert_over(model, id, "closed");
		assert_gained(model, "first", 0, 0);
		model_free(model);
	}
}

static void upgrade_and_close_meet_a_changing_route(void **state)
{
	struct model *model = *state;
	uint32_t upgrading = guest_served(model, "alan", "first");
	uint32_t late_upgrade = guest_served(model, "alan", "first");
	uint32_t late_close = guest_served(model, "alan", "first");

	model_guest_upgrade(model, upgrading, (struct quota){ 4096, 1 });
	reconfigure(model, NOW_TO("<child name='second'/>"));
	model_guest_upgrade(model, late_upgrade, (struct quota){ 4096, 1 });
	model_guest_close(model, late_close);
	reconfigure(model, NOW_TO("<child name='first'/>")); /* too late */
	assert_int_equal(model_serve(model, "first"), 3);
	assert_null(model_guest(model, upgrading));
	assert_null(model_guest(model, late_upgrade));
	assert_over(model, late_close, "closed");
	assert_int_equal(model_happened(model, "closed"), 3);
	assert_gained(model, "first", 0, 0);
}

static void a_request_that_waits_follows_the_config(void **state)
{
	struct model *model = *state;
	uint32_t late = guest(model, "late"), lost = guest(model, "lost");
	uint32_t no_node = model_guest_open(model, "Z", "zoe", donation);

	reconfigure(model, NOW_TO("<child name='second' label='you'/>"));
	assert_int_equal(model_happened(model, "announce Z"), 1);
	assert_string_equal(request_at(model, "first")->args.label, "zoe");
	assert_int_equal(model_serve(model, "first"), 1);
	assert_int_equal(model_serve(model, "second"), 2);
	assert_int_equal(model_guest(model, late)->state, MODEL_GUEST_OPEN);
	assert_int_equal(model_guest(model, lost)->state, MODEL_GUEST_OPEN);
	assert_int_equal(model_guest(model, no_node)->state, MODEL_GUEST_OPEN);
	reconfigure(model, NO_FORWARDING);
	model_serve(model, "first");
	model_serve(model, "second");
	assert_null(model->guests);
}

static void a_request_that_waits_is_denied_when_its_policy_goes(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "late");

	reconfigure(model, NOW_TO(""));
	assert_over(model, id, "denied");
}

/* The first server has seen the request, or not. */
static void creation_follows(bool seen)
{
	struct model *model = model_with(config);
	uint32_t id = guest(model, "alan");
	uint32_t at_first = seen ? model_request(model, "first", NULL) : 0;

	reconfigure(model, NOW_TO("<child name='second' label='bee'/>"));
	assert_int_equal(model_happened(model, "respond"), 0);
	assert_gained(model, "first", 0, 0);
	assert_gained(model, "second", donation.ram - SESSION_COST_BYTES, donation.caps);
	assert_string_equal(request_at(model, "second")->args.label, "bee");
	if (seen) {
		assert_true(model_deliver(model, "first", at_first)); /* for nobody */
		assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	}
	assert_int_equal(model_serve(model, "first"), seen);
	assert_null(model_child(model, "first")->served);
	assert_int_equal(model_serve(model, "second"), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "second");
	assert_over(model, id, "closed");
	model_free(model);
}

static void a_request_at_its_server_goes_elsewhere_with_its_route(void **state)
{
	creation_follows(false);
	creation_follows(true);
}

static void a_request_at_its_server_waits_or_ends_with_its_route(void **state)
{
	for (int seen = 0; seen < 2; seen++) {
		struct model *model = model_with(config);
		uint32_t waits = guest(model, "alan"), ends = guest(model, "bob");

		if (seen) {
			model_request(model, "first", NULL);
			model_request(model, "second", NULL);
		}
		reconfigure(model, FORWARDING("<service name='X'> <policy label='alan'>"
					      " <child name='late'/> </policy> </service>"));
		assert_int_equal(model_guest(model, waits)->state, MODEL_GUEST_CREATING);
		assert_null(model_guest(model, ends));
		assert_gained(model, "first", 0, 0);
		assert_gained(model, "second", 0, 0);
		model_serve(model, "first");
		model_serve(model, "second");
		assert_int_equal(model_happened(model, "deliver"), 0);
		reconfigure(model, NO_FORWARDING);
		model_free(model);
	}
}

/* With its server's restart, end or lost service a session ends, and a request waits. */
static void servers_come_and_go_with_the_config(void **state)
{
	static const struct {
		const char *text, *back;
	} cases[] = {
		{ HEAD POLICIES SERVER("second") TAIL, config },
		{ HEAD POLICIES "<start name='first'/>" SERVER("second") TAIL, config },
		{ HEAD POLICIES "<start name='first' version='2'/>" SERVER("second") TAIL, config },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model *model = model_with(config);
		uint32_t open = guest_served(model, "alan", "first"),
			 waits = guest(model, "albert");

		model_request(model, "first", NULL);
		reconfigure(model, cases[i].text);
		if (sandbox_child(&model->sandbox, "first"))
			model_serve(model, "first");
		assert_null(model_guest(model, open));
		assert_int_equal(model_guest(model, waits)->state, MODEL_GUEST_CREATING);
		assert_int_equal(forward_held(&model->sandbox).ram, donation.ram);
		reconfigure(model, cases[i].back);
		assert_int_equal(model_serve(model, "first"), 1);
		assert_int_equal(model_guest(model, waits)->state, MODEL_GUEST_OPEN);
		model_guest_close(model, waits);
		model_serve(model, "first");
		assert_over(model, waits, "closed");
		model_free(model);
	}
}

static void a_restarted_server_gets_what_the_old_one_was_making(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "alan");

	model_request(model, "first", NULL);
	sandbox_mark(model_child(model, "first"), MARK_RESTART);
	model_settle(model);
	assert_int_equal(model_happened(model, "start first"), 2);
	assert_int_equal(model_happened(model, "respond"), 0);
	assert_int_equal(model_serve(model, "first"), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "first");
	assert_over(model, id, "closed");
}

static void an_alias_that_changes_changes_the_route(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alias", "second");

	reconfigure(model, HEAD "<service name='X'> <default-policy> <child name='nick'/>"
				" </default-policy> </service>"
				"<alias name='nick' child='first'/>" CHILDREN TAIL);
	model_serve(model, "second");
	assert_over(model, id, "closed");
	id = guest_served(model, "alias", "first");
	model_guest_close(model, id);
	model_serve(model, "first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_whose_route_is_the_same_stays),
		TEST(a_session_whose_route_changed_is_closed_and_reported),
		TEST(upgrade_and_close_meet_a_changing_route),
		TEST(a_request_that_waits_follows_the_config),
		TEST(a_request_that_waits_is_denied_when_its_policy_goes),
		TEST(a_request_at_its_server_goes_elsewhere_with_its_route),
		TEST(a_request_at_its_server_waits_or_ends_with_its_route),
		TEST(servers_come_and_go_with_the_config),
		TEST(a_restarted_server_gets_what_the_old_one_was_making),
		TEST(an_alias_that_changes_changes_the_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

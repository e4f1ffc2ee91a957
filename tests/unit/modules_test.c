/*
 * Modules: what a child's program turns out to need joins its environment, one after the other
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/environment.h"
#include "model/model.h"

#define HEAD \
	"<config> <parent-provides> <service name='PD'/> <service name='CPU'/>" \
	" <service name='LOG'/> <service name='ROM'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> </any-service> </default-route>" \
	"<default ram='1M' caps='100'/>"
#define TAIL "</config>"

/* Its modules, but not its binary, come from a sibling. */
#define BORROWER_AND_LENDER \
	"<start name='a'> <route> <service name='ROM' label_prefix='module'>" \
	" <child name='lender'/> </service> <any-service> <parent/> </any-service> </route> " \
	"</start>" \
	"<start name='lender'> <provides> <service name='ROM'/> </provides> </start>"

static struct model *model_needing(unsigned n_modules, const char *config)
{
	struct model *model = model_new();

	model->n_modules = n_modules;
	model_apply(model, config);
	model_settle(model);
	return model;
}

static void the_linker_and_libraries_follow_one_by_one(void **state)
{
	struct model *model = model_needing(3, HEAD "<start name='a'/>" TAIL);
	struct child *child = model_child(model, "a");

	assert_int_equal(child->state, CHILD_ALIVE);
	assert_int_equal(model_happened(model, "start a"), 4);
	assert_true(model_in_order(
		model, "up session ROM \"a -> a\"", "up session ROM \"a -> module 0\""));
	assert_true(model_in_order(
		model, "up session ROM \"a -> module 0\"", "up session ROM \"a -> module 1\""));
	assert_true(model_in_order(
		model, "up session ROM \"a -> module 1\"", "up session ROM \"a -> module 2\""));
	assert_non_null(session_find(child, ENV_LINKER));
	assert_non_null(session_find(child, ENV_LIBRARY_FIRST));
	assert_non_null(session_find(child, ENV_LIBRARY_FIRST + 1));
	child_exit(child, 0);
	model_settle(model);
	assert_null(child->sessions);
	assert_int_equal(child->n_modules, 0);
	assert_int_equal(model->self.quota.ram, MODEL_RAM);
	assert_int_equal(model->self.quota.caps, MODEL_CAPS);
	model_free(model);
}

static void a_static_child_asks_for_none(void **state)
{
	struct model *model =
		model_needing(0, HEAD "<start name='a'/> <start name='b' ld='no'/>" TAIL);

	assert_int_equal(model_child(model, "a")->state, CHILD_ALIVE);
	assert_int_equal(model_child(model, "b")->state, CHILD_ALIVE);
	assert_int_equal(model_happened(model, "up session ROM"), 2);
	model_free(model);
}

static void the_child_pays_for_them(void **state)
{
	struct model *none = model_needing(0, HEAD "<start name='a'/>" TAIL);
	struct model *three = model_needing(3, HEAD "<start name='a'/>" TAIL);
	struct quota cost = environment_modules_cost(model_child(three, "a"));
	struct quota rich = model_available(none, "a"), poor = model_available(three, "a");

	assert_true(cost.ram > 0 && cost.caps > 0);
	assert_int_equal(rich.ram - poor.ram, cost.ram);
	assert_int_equal(rich.caps - poor.caps, cost.caps);
	/* what its parent keeps is for its own books */
	assert_int_equal(none->self.quota.ram + 3 * SESSION_COST_BYTES, three->self.quota.ram);
	assert_int_equal(none->self.quota.caps, three->self.quota.caps);
	model_free(none);
	model_free(three);
}

static void a_child_that_can_not_pay_for_them_does_not_start(void **state)
{
	static const struct {
		const char *config, *log;
	} cases[] = {
		{ HEAD "<start name='a' ram='150K'/>" TAIL, "a: out of RAM during loading" },
		{ HEAD "<start name='a' caps='12'/>" TAIL, "a: out of caps during loading" },
	};

	for (size_t i = 0; i < 2; i++) {
		struct model *model = model_needing(3, cases[i].config);

		assert_int_equal(model_logged(model, cases[i].log), 1);
		assert_int_equal(model_child(model, "a")->state, CHILD_INCOMPLETE);
		assert_null(model_child(model, "a")->sessions);
		assert_int_equal(model->self.quota.ram, MODEL_RAM);
		model_free(model);
	}
}

static void one_that_can_not_be_had_is_named(void **state)
{
	static const char *const logs[] = {
		"a: dynamic linker \"module 0\" unavailable (denied)",
		"a: library \"module 1\" unavailable (denied)",
		"a: library \"module 2\" unavailable (denied)",
	};

	for (unsigned i = 0; i < 3; i++) {
		struct model *model = model_new();

		model->n_modules = 3;
		model_script(model, MODEL_SESSION, "ROM", 0, i + 1);
		model_script(model, MODEL_SESSION, "ROM", KIN_DENIED, 1);
		model_apply(model, HEAD "<start name='a'/>" TAIL);
		model_settle(model);
		assert_int_equal(model_logged(model, logs[i]), 1);
		assert_int_equal(model_logged(model, "unavailable"), 1);
		assert_int_equal(model_child(model, "a")->state, CHILD_INCOMPLETE);
		assert_int_equal(model->self.quota.ram, MODEL_RAM);
		model_free(model);
	}
}

static void ld_no_rules_them_out(void **state)
{
	struct model *model = model_needing(
		1, HEAD "<start name='a' ld='no'> <binary name='dynamic'/> </start>" TAIL);

	assert_int_equal(model_logged(model, "a: binary \"dynamic\" is dynamically linked, which "
					     "ld=\"no\" rules out"),
		1);
	assert_int_equal(model_child(model, "a")->state, CHILD_INCOMPLETE);
	assert_int_equal(model_happened(model, "module"), 0);
	model_free(model);
}

static struct model *model_borrowing(void)
{
	struct model *model = model_new();

	model->n_modules = 2;
	model->dynamic = "a";
	model_apply(model, HEAD BORROWER_AND_LENDER TAIL);
	model_settle(model);
	assert_int_equal(model_child(model, "lender")->state, CHILD_ALIVE);
	assert_int_equal(model_child(model, "a")->state, CHILD_INCOMPLETE);
	return model;
}

/* The lender answers the oldest request. */
static void lend(struct model *model)
{
	int kind;
	uint32_t id = model_request(model, "lender", &kind);

	assert_true(model_deliver(model, "lender", id));
	model_settle(model);
}

static void a_sibling_that_serves_them_is_waited_for(void **state)
{
	struct model *model = model_borrowing();

	lend(model);
	assert_int_equal(model_child(model, "a")->state, CHILD_INCOMPLETE);
	lend(model);
	assert_int_equal(model_child(model, "a")->state, CHILD_ALIVE);
	/* what the process was started with is its own from now on */
	child_exit(model_child(model, "lender"), 0);
	model_settle(model);
	assert_int_equal(model_child(model, "a")->state, CHILD_ALIVE);
	model_free(model);
}

static void one_whose_server_ends_can_not_be_had(void **state)
{
	for (unsigned n_served = 0; n_served < 2; n_served++) {
		struct model *model = model_borrowing();

		for (unsigned i = 0; i < n_served; i++)
			lend(model);
		child_misbehaved(model_child(model, "lender"), "for a test");
		model_settle(model);
		assert_int_equal(model_child(model, "a")->state, CHILD_INCOMPLETE);
		assert_int_equal(
			model_logged(model, n_served ? "a: library \"module 1\" unavailable"
						     : "a: dynamic linker \"module 0\" "
						       "unavailable"),
			1);
		assert_null(model_child(model, "a")->sessions);
		assert_int_equal(model->self.quota.ram, MODEL_RAM);
		model_free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_linker_and_libraries_follow_one_by_one),
		cmocka_unit_test(a_static_child_asks_for_none),
		cmocka_unit_test(the_child_pays_for_them),
		cmocka_unit_test(a_child_that_can_not_pay_for_them_does_not_start),
		cmocka_unit_test(one_that_can_not_be_had_is_named),
		cmocka_unit_test(ld_no_rules_them_out),
		cmocka_unit_test(a_sibling_that_serves_them_is_waited_for),
		cmocka_unit_test(one_whose_server_ends_can_not_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

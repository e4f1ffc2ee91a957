/*
 * Budgets: what a child is assigned, and what is said if there is not enough.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/environment.h"
#include "model/model.h"

#define HEAD \
	"<config> <parent-provides> <service name='PD'/> <service name='CPU'/>" \
	" <service name='LOG'/> <service name='ROM'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> </any-service> </default-route>"
#define TAIL "</config>"

static void assert_assigned(struct model *model, const char *name, uint64_t ram, uint64_t caps)
{
	const struct child *child = model_child(model, name);

	assert_int_equal(child->assigned.ram, ram);
	assert_int_equal(child->assigned.caps, caps);
}

static void assert_started(struct model *model, const char *name, bool started)
{
	assert_int_equal(model_child(model, name)->started, started);
}

static void a_start_node_says_how_much(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='2M' caps='150'/>"
					      "<start name='b'> <resource name='RAM' quantum='3M'/>"
					      " <resource name='CAP' quantum='60'/> </start>" TAIL);

	assert_assigned(model, "a", 2 << 20, 150);
	assert_assigned(model, "b", 3 << 20, 60);
	assert_int_equal(model_logged(model, ""), 0);
	model_free(model);
}

static void the_pd_gets_the_effective_quota(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='2M' caps='150'/>" TAIL);
	const struct model_pd *pd = &model->pds[model_child(model, "a")->account - 1];
	struct quota cost = environment_cost();

	assert_true(cost.ram > 0 && cost.caps > 0);
	assert_int_equal(pd->given.ram, (2 << 20) - cost.ram);
	assert_int_equal(pd->given.caps, 150 - cost.caps);
	model_free(model);
}

static void a_child_costs_its_parent_what_it_is_assigned(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='2M' caps='150'/>" TAIL);
	uint64_t bookkeeping = 4 * (uint64_t) SESSION_COST_BYTES + 4096;

	assert_int_equal(MODEL_RAM - model->self.quota.ram, (2 << 20) - bookkeeping);
	assert_int_equal(MODEL_CAPS - model->self.quota.caps, 150);
	model_free(model);
}

static void the_default_fills_in(void **state)
{
	struct model *model = model_with(HEAD
		"<default ram='1M' caps='50'/>"
		"<start name='a'/> <start name='b' ram='2M'/> <start name='c' caps='70'/>" TAIL);

	assert_assigned(model, "a", 1 << 20, 50);
	assert_assigned(model, "b", 2 << 20, 50);
	assert_assigned(model, "c", 1 << 20, 70);
	model_free(model);
}

static void an_element_beats_the_attribute_with_a_warning(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='1M' caps='50'>"
					      "<resource name='RAM' quantum='2M'/> <resource "
					      "name='CPU' quantum='10'/> </start>" TAIL);

	assert_assigned(model, "a", 2 << 20, 50);
	assert_int_equal(model_logged(model, "a: ambiguous RAM-quota definition"), 1);
	assert_int_equal(model_logged(model, "ambiguous"), 1);
	model_free(model);
	model = model_with(HEAD "<start name='a' ram='1M' caps='50'>"
				"<resource name='CAP' quantum='60'/> </start>" TAIL);
	assert_assigned(model, "a", 1 << 20, 60);
	assert_int_equal(model_logged(model, "a: ambiguous cap-quota definition"), 1);
	model_free(model);
}

static void without_valid_quota_a_child_does_not_start(void **state)
{
	struct model *model = model_with(HEAD
		"<start name='a' caps='50'/>"
		"<start name='b' ram='1M'/> <start name='c' ram='nonsense' caps='50'/>"
		"<start name='d' ram='0' caps='50'/> <start name='e' ram='1M' caps='50'/>" TAIL);

	assert_int_equal(model_logged(model, "a: no valid RAM quota defined"), 1);
	assert_int_equal(model_logged(model, "b: no valid cap quota defined"), 1);
	assert_int_equal(model_logged(model, "c: no valid RAM quota defined"), 1);
	assert_int_equal(model_logged(model, "d: no valid RAM quota defined"), 1);
	assert_started(model, "a", false);
	assert_started(model, "b", false);
	assert_started(model, "c", false);
	assert_started(model, "d", false);
	assert_started(model, "e", true);
	model_free(model);
}

static void a_child_without_valid_quota_takes_none_from_others(void **state)
{
	struct model *model = model_with(
		HEAD "<resource name='RAM' preserve='60M'/>"
		     "<start name='a' ram='3M'/> <start name='b' ram='3M' caps='50'/>" TAIL);

	assert_int_equal(model_logged(model, "a: no valid cap quota defined"), 1);
	assert_assigned(model, "b", 3 << 20, 50);
	model_free(model);
}

static void who_wants_more_than_there_is_gets_what_there_is(void **state)
{
	char expected[128];
	struct model *model = model_with(HEAD
		"<resource name='RAM' preserve='60M'/>"
		"<resource name='CAP' preserve='1800'/>"
		"<start name='a' ram='3M' caps='150'/> <start name='b' ram='3M' caps='150'/>" TAIL);

	assert_assigned(model, "a", 3 << 20, 150);
	assert_assigned(model, "b", 1 << 20, 50);
	assert_int_equal(
		model_logged(model, "b: configured RAM exceeds available RAM, proceed with 1M"), 1);
	snprintf(expected, sizeof(expected), "proceed with %d", 50);
	assert_int_equal(model_logged(model, expected), 1);
	assert_started(model, "b", true);
	model_free(model);
}

static void init_keeps_some_for_itself_unless_told_otherwise(void **state)
{
	struct model *model = model_with(HEAD "<start name='a' ram='1G' caps='100000'/>" TAIL);

	assert_assigned(model, "a", MODEL_RAM - 40 * sizeof(void *) * 1024, MODEL_CAPS - 20);
	model_free(model);
	model = model_with(HEAD "<resource name='RAM' preserve='1M'/>"
				"<resource name='CAP' preserve='5'/> <start name='a' ram='1G' "
				"caps='100000'/>" TAIL);
	assert_assigned(model, "a", MODEL_RAM - (1 << 20), MODEL_CAPS - 5);
	model_free(model);
}

static void preserving_more_than_there_is_leaves_nothing(void **state)
{
	struct model *model = model_with(HEAD "<resource name='RAM' preserve='1T'/>"
					      "<start name='a' ram='1M' caps='50'/>" TAIL);

	assert_int_equal(model_logged(model, "RAM preservation exceeds available memory"), 1);
	assert_int_equal(
		model_logged(model, "a: configured RAM exceeds available RAM, proceed with 0"), 1);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_node_says_how_much),
		cmocka_unit_test(the_pd_gets_the_effective_quota),
		cmocka_unit_test(a_child_costs_its_parent_what_it_is_assigned),
		cmocka_unit_test(the_default_fills_in),
		cmocka_unit_test(an_element_beats_the_attribute_with_a_warning),
		cmocka_unit_test(without_valid_quota_a_child_does_not_start),
		cmocka_unit_test(a_child_without_valid_quota_takes_none_from_others),
		cmocka_unit_test(who_wants_more_than_there_is_gets_what_there_is),
		cmocka_unit_test(init_keeps_some_for_itself_unless_told_otherwise),
		cmocka_unit_test(preserving_more_than_there_is_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

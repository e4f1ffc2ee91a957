/*
 * Routes: each sentence of the rules about matching, targets and rewriting.
 *
 * The first half looks at rules alone, with a world that says what exists; the second at a sandbox,
 * where names, aliases and the ROM modules of a parent come in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"

/* A world: its services are what these say. */
struct world {
	struct service parent, local, child;
	bool has_parent, has_local, ambiguous;
	const char *has_child; /* name of the only one */
};

static struct service *world_parent(void *ctx, const char *service)
{
	struct world *world = ctx;

	return world->has_parent ? &world->parent : NULL;
}

static struct service *world_local(void *ctx, const char *service)
{
	struct world *world = ctx;

	return world->has_local ? &world->local : NULL;
}

static struct service *world_child(void *ctx, const char *name, const char *service)
{
	struct world *world = ctx;

	return world->has_child && strcmp(world->has_child, name) == 0 ? &world->child : NULL;
}

static struct service *world_any_child(void *ctx, const char *service, bool *ret_ambiguous)
{
	struct world *world = ctx;

	*ret_ambiguous |= world->ambiguous;
	return world->has_child && !world->ambiguous ? &world->child : NULL;
}

static struct kin_tree *parse(const char *text)
{
	struct kin_tree *tree = NULL;

	if (kin_tree_parse(text, strlen(text), NULL, &tree))
		fail_msg("not well-formed: %s", text);
	return tree;
}

static enum route_outcome resolve(struct world *world, const char *route, const char *service,
	const char *label, struct route_result *ret, struct route_why *ret_why)
{
	const struct route_world table = { world, world_parent, world_local, world_child,
		world_any_child };
	struct kin_tree *tree = parse(route);
	struct route_why why;
	enum route_outcome outcome = route_resolve(kin_tree_root(tree),
		&(struct route_request){ service, label, "c", false }, &table, ret, &why);

	if (ret_why)
		*ret_why = why;
	kin_tree_free(tree);
	return outcome;
}

/* Does a rule with this condition match? */
static bool matches_as(const char *condition, const char *label, bool by_parent)
{
	char rule[256];

	snprintf(rule, sizeof(rule), "<service name='S' %s/>", condition);
	struct kin_tree *tree = parse(rule);
	bool match = route_matches(
		kin_tree_root(tree), &(struct route_request){ "S", label, "c", by_parent });

	kin_tree_free(tree);
	return match;
}

static bool matches(const char *condition, const char *label)
{
	return matches_as(condition, label, false);
}

static void a_rule_names_its_service_or_any(void **state)
{
	struct world world = { .has_parent = true };
	struct route_result result;

	assert_int_equal(resolve(&world, "<route><service name='A'><parent/></service></route>",
				 "A", "c", &result, NULL),
		ROUTE_FOUND);
	assert_int_equal(resolve(&world, "<route><service name='A'><parent/></service></route>",
				 "B", "c", &result, NULL),
		ROUTE_NO_RULE);
	assert_int_equal(resolve(&world, "<route><service><parent/></service></route>", "A", "c",
				 &result, NULL),
		ROUTE_NO_RULE);
	assert_int_equal(resolve(&world, "<route><any-service><parent/></any-service></route>", "B",
				 "c", &result, NULL),
		ROUTE_FOUND);
	assert_int_equal(resolve(&world, "<route><whatever name='B'><parent/></whatever></route>",
				 "B", "c", &result, NULL),
		ROUTE_NO_RULE);
}

static void scoped_conditions_look_behind_the_childs_name(void **state)
{
	assert_true(matches("label='a'", "c -> a"));
	assert_true(matches("label='a -> b'", "c -> a -> b"));
	assert_false(matches("label='a'", "c -> a -> b"));
	assert_false(matches("label='c -> a'", "c -> a"));
	assert_true(matches("label_prefix='a'", "c -> a -> b"));
	assert_false(matches("label_prefix='c'", "c -> a -> b"));
	assert_true(matches("label_suffix='b'", "c -> a -> b"));
}

static void labels_of_others_match_no_scoped_condition(void **state)
{
	assert_false(matches("label='a'", "a"));
	assert_false(matches("label='a'", "cc -> a"));
	assert_false(matches("label_prefix=''", "cc -> a"));
	assert_false(matches("label_suffix=''", "d"));
	assert_false(matches("label=''", "d"));
	assert_true(matches("", "d"));
}

static void prefixes_and_suffixes_compare_characters(void **state)
{
	assert_true(matches("label_prefix='a'", "c -> ab"));
	assert_true(matches("label_prefix='a -> '", "c -> a -> b"));
	assert_false(matches("label_prefix='ab'", "c -> a"));
	assert_true(matches("label_suffix='b'", "c -> ab"));
	assert_false(matches("label_suffix='cab'", "c -> ab"));
}

static void blanks_around_prefixes_and_suffixes_do_not_count(void **state)
{
	assert_true(matches("label_prefix='  a '", "c -> ab"));
	assert_true(matches("label_suffix=' b\t'", "c -> ab"));
	assert_true(matches("label_prefix=' a -> '", "c -> a -> b"));
	assert_true(matches("label_prefix=' a -> '", "c -> a ->"));
	assert_false(matches("label=' a '", "c -> a"));
}

static void several_scoped_conditions_must_all_hold(void **state)
{
	const char *both = "label_prefix='a' label_suffix='b'";

	assert_true(matches(both, "c -> a -> b"));
	assert_false(matches(both, "c -> a -> x"));
	assert_false(matches(both, "c -> x -> b"));
	assert_false(matches("label='a' label_suffix='b'", "c -> a"));
}

static void last_and_unscoped_look_at_the_whole(void **state)
{
	assert_true(matches("label_last='b'", "c -> a -> b"));
	assert_true(matches("label_last='c'", "c"));
	assert_false(matches("label_last='b'", "c -> ab"));
	assert_true(matches("unscoped_label='c -> a'", "c -> a"));
	assert_false(matches("unscoped_label='a'", "c -> a"));
	assert_true(matches("unscoped_label='d'", "d"));
	assert_true(matches("unscoped_label='d -> a' label_last='a'", "d -> a"));
	assert_false(matches("unscoped_label='d -> a' label_last='b'", "d -> a"));
}

static void last_and_unscoped_make_scoped_conditions_ineffective(void **state)
{
	assert_true(matches("label_last='b' label='x' label_prefix='y'", "c -> a -> b"));
	assert_true(matches("unscoped_label='c -> a' label_suffix='z'", "c -> a"));
}

static void empty_prefixes_match_what_the_child_itself_asks(void **state)
{
	static const char *const empty[] = { "label_prefix=''", "label_suffix=''",
		"label_prefix='  '" };

	for (size_t i = 0; i < 3; i++) {
		assert_true(matches(empty[i], "c -> a"));
		assert_true(matches(empty[i], "c"));
		assert_false(matches_as(empty[i], "c", true));
		assert_false(matches_as(empty[i], "c -> binary", true));
	}
	assert_true(matches_as("label_prefix='bin'", "c -> binary", true));
	assert_true(matches_as("unscoped_label='c'", "c", true));
	assert_true(matches_as("label_last='binary'", "c -> binary", true));
}

static void empty_labels_match_empty_labels_only(void **state)
{
	assert_true(matches("label=''", "c"));
	assert_false(matches("label=''", "c -> a"));
	assert_false(matches_as("label=''", "c", true));
	assert_false(matches("label_last=''", "c -> a"));
	assert_false(matches("label_last=''", "c"));
	assert_true(matches("label_last=''", ""));
	assert_true(matches("unscoped_label=''", ""));
	assert_false(matches("unscoped_label=''", "c"));
}

static void rules_are_tried_in_order(void **state)
{
	struct world world = { .has_parent = true, .has_local = true };
	struct route_result result;
	const char *route = "<route><service name='S' label='a'><local/></service>"
			    "<service name='S'><parent/></service></route>";

	resolve(&world, route, "S", "c -> a", &result, NULL);
	assert_ptr_equal(result.service, &world.local);
	resolve(&world, route, "S", "c -> b", &result, NULL);
	assert_ptr_equal(result.service, &world.parent);
}

static void targets_are_tried_in_order(void **state)
{
	struct world world = { .has_parent = true, .has_child = "x" };
	struct route_result result;

	resolve(&world,
		"<route><service name='S'><local/><child name='y'/><child/><unknown/>"
		"<child name='x'/><parent/></service></route>",
		"S", "c", &result, NULL);
	assert_ptr_equal(result.service, &world.child);
}

static void a_service_rule_without_target_denies(void **state)
{
	struct world world = { .has_parent = true };
	struct route_result result;
	struct route_why why;

	assert_int_equal(resolve(&world,
				 "<route><service name='S'><local/></service>"
				 "<any-service><parent/></any-service></route>",
				 "S", "c", &result, &why),
		ROUTE_NO_TARGET);
	assert_non_null(why.rule);
}

static void after_an_any_service_rule_the_search_goes_on(void **state)
{
	struct world world = { .has_parent = true };
	struct route_result result;

	assert_int_equal(resolve(&world,
				 "<route><any-service><local/></any-service>"
				 "<service name='S'><parent/></service></route>",
				 "S", "c", &result, NULL),
		ROUTE_FOUND);
	assert_int_equal(resolve(&world, "<route><any-service><local/></any-service></route>", "S",
				 "c", &result, NULL),
		ROUTE_NO_RULE);
}

static void an_ambiguous_any_child_falls_through(void **state)
{
	struct world world = { .has_parent = true, .has_child = "x", .ambiguous = true };
	struct route_result result;
	struct route_why why;

	assert_int_equal(
		resolve(&world, "<route><service name='S'><any-child/><parent/></service></route>",
			"S", "c", &result, &why),
		ROUTE_FOUND);
	assert_ptr_equal(result.service, &world.parent);
	assert_true(why.ambiguous);
}

static void no_route_is_no_rule(void **state)
{
	struct route_result result;
	struct route_why why;

	assert_int_equal(route_resolve(NULL, &(struct route_request){ "S", "c", "c", false },
				 &(struct route_world){ 0 }, &result, &why),
		ROUTE_NO_RULE);
}

static void assert_rewritten(const char *attributes, const char *label, const char *expected)
{
	char target[256], result[KIN_LABEL_MAX + 1];

	snprintf(target, sizeof(target), "<parent %s/>", attributes);
	struct kin_tree *tree = parse(target);

	assert_int_equal(route_rewrite(kin_tree_root(tree), label, result), 0);
	assert_string_equal(result, expected);
	kin_tree_free(tree);
}

static void targets_rewrite_labels(void **state)
{
	assert_rewritten("", "c -> a -> b", "c -> a -> b");
	assert_rewritten("label='x'", "c -> a", "x");
	assert_rewritten("label='' ", "c -> a", "");
	assert_rewritten("label='x' identity='y' resource='z'", "c -> a", "x");
	assert_rewritten("identity='x -> y'", "c -> a -> b", "x -> y -> b");
	assert_rewritten("identity=''", "c -> a -> b", "b");
	assert_rewritten("identity='x'", "c", "x -> c");
	assert_rewritten("resource='r'", "c -> a -> b", "c -> a -> r");
	assert_rewritten("resource='r'", "c", "r");
	assert_rewritten("resource=''", "c -> a", "c -> ");
	assert_rewritten("prepend_resource='pre/'", "c -> a", "c -> pre/a");
	assert_rewritten("prepend_resource='pre/'", "c", "pre/c");
	assert_rewritten("identity='i' resource='r' prepend_resource='p'", "c -> a", "i -> pr");
}

static int rewrite_error(const char *attribute, size_t n, const char *label)
{
	char text[2 * KIN_LABEL_MAX], result[KIN_LABEL_MAX + 1] = "before";

	snprintf(text, sizeof(text), "<parent %s='%0*d'/>", attribute, (int) n, 0);
	struct kin_tree *tree = parse(text);
	int r = route_rewrite(kin_tree_root(tree), label, result);

	assert_true(r == 0 || strcmp(result, "before") == 0);
	kin_tree_free(tree);
	return r;
}

static void labels_too_long_after_rewriting_are_refused(void **state)
{
	struct world world = { .has_parent = true };
	struct route_result result;
	char route[512];

	assert_int_equal(rewrite_error("label", KIN_LABEL_MAX, "c"), 0);
	assert_int_equal(rewrite_error("label", KIN_LABEL_MAX + 1, "c"), -ENAMETOOLONG);
	assert_int_equal(rewrite_error("identity", KIN_LABEL_MAX - 5, "c -> a"), 0);
	assert_int_equal(rewrite_error("identity", KIN_LABEL_MAX - 4, "c -> a"), -ENAMETOOLONG);
	assert_int_equal(
		rewrite_error("prepend_resource", KIN_LABEL_MAX - 5, "c -> a"), -ENAMETOOLONG);
	snprintf(route, sizeof(route),
		"<route><service name='S'><parent resource='%0*d'/>"
		"</service></route>",
		KIN_LABEL_MAX + 1, 0);
	assert_int_equal(resolve(&world, route, "S", "c", &result, NULL), ROUTE_BAD_LABEL);
}

static void labels_that_are_none_after_rewriting_are_refused(void **state)
{
	struct world world = { .has_parent = true };
	struct route_result result;

	assert_int_equal(
		resolve(&world,
			"<route><service name='S'><parent label='a&#10;b'/></service></route>", "S",
			"c", &result, NULL),
		ROUTE_BAD_LABEL);
}

/*
 * In a sandbox
 */

static const struct quota donation = { 16 * 1024, 4 };

#define PARENT \
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>" \
	" <service name='ROM'/> <service name='P'/> </parent-provides>" \
	"<default ram='1M' caps='100'/>"
#define DEFAULT_ROUTE \
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>"
#define SERVER(name, service) \
	"<start name='" name "'> <provides> <service name='" service "'/> </provides>" \
	" <route> <any-service> <parent/> </any-service> </route> </start>"

static int ask_rom(struct model *model, const char *label, uint32_t id)
{
	model_forget(model);
	return model_open(model, "c", id, "ROM", label, donation);
}

static void a_child_without_route_uses_the_default_route(void **state)
{
	struct model *model = model_with("<config>" PARENT DEFAULT_ROUTE "<start name='c'/>"
					 "<start name='d'> <route> <service name='PD'> <parent/> "
					 "</service> </route> </start>"
					 "</config>");

	assert_int_equal(model_child(model, "c")->state, CHILD_ALIVE);
	assert_int_equal(model_child(model, "d")->state, CHILD_INCOMPLETE);
	assert_int_equal(model_logged(model, "d: no route to service \"CPU\" (label=\"d\")"), 1);
	model_free(model);
}

static void parent_provides_limits_what_the_parent_can_mean(void **state)
{
	struct model *model =
		model_with("<config>" PARENT DEFAULT_ROUTE "<start name='c'/></config>");

	assert_int_equal(model_open(model, "c", 7, "P", "", donation), 0);
	assert_int_equal(model_open(model, "c", 8, "Q", "", donation), KIN_DENIED);
	assert_int_equal(model_logged(model, "c: no route to service \"Q\" (label=\"c\")"), 1);
	model_free(model);
}

static void a_rule_that_leads_nowhere_is_named_by_line(void **state)
{
	struct model *model =
		model_with("<config>" PARENT "<start name='c'> <route>\n"
			   "<service name='X'> <child name='nobody'/> </service>\n"
			   "<any-service> <parent/> </any-service> </route> </start> </config>");

	assert_int_equal(model_open(model, "c", 7, "X", "", donation), KIN_DENIED);
	assert_int_equal(
		model_logged(model, "c: route to service \"X\" (label=\"c\") in line 2"), 1);
	model_free(model);
}

static void aliases_are_resolved_once(void **state)
{
	struct model *model =
		model_with("<config>" PARENT
			   "<alias name='first' child='second'/> <alias name='second' child='s'/>"
			   "<alias name='s' child='nobody'/>"
			   "<start name='c'> <route>"
			   " <service name='X' label='one'> <child name='second'/> </service>"
			   " <service name='X' label='chained'> <child name='first'/> </service>"
			   " <any-service> <parent/> </any-service> </route> </start>" SERVER(
				   "s", "X") "</config>");

	assert_int_equal(model_open(model, "c", 7, "X", "one", donation), KIN_PENDING);
	assert_int_equal(model_open(model, "c", 8, "X", "chained", donation), KIN_DENIED);
	model_free(model);
}

static void any_child_needs_exactly_one(void **state)
{
	struct model *model = model_with(
		"<config>" PARENT "<start name='c'> <route>"
		" <service name='X'> <any-child/> <child name='b'/> </service>"
		" <any-service> <parent/> <any-child/> </any-service> </route> </start>" SERVER(
			"a", "X") SERVER("b", "X") SERVER("d", "Y") "</config>");

	assert_int_equal(model_open(model, "c", 7, "Y", "", donation), KIN_PENDING);
	assert_int_equal(model_logged(model, "ambiguous"), 0);
	assert_int_equal(model_open(model, "c", 8, "X", "", donation), KIN_PENDING);
	assert_int_equal(model_logged(model, "c: ambiguous routes to service \"X\""), 1);
	assert_true(model_request(model, "b", NULL) > 0);
	child_exit(model_child(model, "b"), 0);
	model_settle(model);
	assert_int_equal(model_open(model, "c", 9, "X", "", donation), KIN_PENDING);
	assert_true(model_request(model, "a", NULL) > 0);
	model_free(model);
}

static void services_of_ended_children_do_not_exist(void **state)
{
	struct model *model = model_with(
		"<config>" PARENT DEFAULT_ROUTE "<start name='c'/>" SERVER("s", "X") "</config>");

	child_exit(model_child(model, "s"), 0);
	model_settle(model);
	assert_int_equal(model_open(model, "c", 7, "X", "", donation), KIN_DENIED);
	model_free(model);
}

static void the_parent_makes_special_roms_itself(void **state)
{
	struct model *model = model_with(
		"<config>" PARENT
		"<start name='c'> <binary name='bin'/> <config/> <route> <any-service>"
		" <parent label='rewritten'/> </any-service> </route> </start> </config>");

	assert_int_equal(ask_rom(model, "config", 7), 0);
	assert_int_equal(model_happened(model, "local create ROM \"c -> config\" special 1"), 1);
	assert_int_equal(ask_rom(model, "any -> config", 8), 0);
	assert_int_equal(model_happened(model, "special 1"), 1);
	assert_int_equal(ask_rom(model, "session_requests", 9), 0);
	assert_int_equal(model_happened(model, "special 2"), 1);
	assert_int_equal(ask_rom(model, "other", 10), 0);
	assert_int_equal(model_happened(model, "up session ROM \"rewritten\""), 1);
	model_free(model);
}

static void without_inline_config_the_rom_is_routed(void **state)
{
	struct model *model =
		model_with("<config>" PARENT DEFAULT_ROUTE "<start name='c'/></config>");

	assert_int_equal(ask_rom(model, "config", 7), 0);
	assert_int_equal(model_happened(model, "up session ROM \"c -> config\""), 1);
	model_free(model);
}

static void the_childs_own_name_means_its_binary(void **state)
{
	struct model *model = model_with(
		"<config>" PARENT DEFAULT_ROUTE
		"<start name='c'> <binary name='bin'/> </start> <start name='d'/> </config>");

	assert_int_equal(model_happened(model, "up session ROM \"c -> bin\""), 1);
	assert_int_equal(model_happened(model, "up session ROM \"d -> d\""), 1);
	assert_int_equal(ask_rom(model, "c", 7), 0);
	assert_int_equal(model_happened(model, "up session ROM \"c -> bin\""), 1);
	assert_int_equal(ask_rom(model, "", 8), 0);
	assert_int_equal(model_happened(model, "up session ROM \"c -> bin\""), 1);
	model_free(model);
}

static void without_linker_its_name_means_the_binary(void **state)
{
	struct model *model =
		model_with("<config>" PARENT DEFAULT_ROUTE
			   "<start name='c' ld='no'> <binary name='bin'/> </start> </config>");

	assert_int_equal(ask_rom(model, "ld.lib.so", 7), 0);
	assert_int_equal(model_happened(model, "up session ROM \"c -> bin\""), 1);
	model_free(model);
	model = model_with("<config>" PARENT DEFAULT_ROUTE "<start name='c'/> </config>");
	assert_int_equal(ask_rom(model, "ld.lib.so", 7), 0);
	assert_int_equal(model_happened(model, "up session ROM \"c -> ld.lib.so\""), 1);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_names_its_service_or_any),
		cmocka_unit_test(scoped_conditions_look_behind_the_childs_name),
		cmocka_unit_test(labels_of_others_match_no_scoped_condition),
		cmocka_unit_test(prefixes_and_suffixes_compare_characters),
		cmocka_unit_test(blanks_around_prefixes_and_suffixes_do_not_count),
		cmocka_unit_test(several_scoped_conditions_must_all_hold),
		cmocka_unit_test(last_and_unscoped_look_at_the_whole),
		cmocka_unit_test(last_and_unscoped_make_scoped_conditions_ineffective),
		cmocka_unit_test(empty_prefixes_match_what_the_child_itself_asks),
		cmocka_unit_test(empty_labels_match_empty_labels_only),
		cmocka_unit_test(rules_are_tried_in_order),
		cmocka_unit_test(targets_are_tried_in_order),
		cmocka_unit_test(a_service_rule_without_target_denies),
		cmocka_unit_test(after_an_any_service_rule_the_search_goes_on),
		cmocka_unit_test(an_ambiguous_any_child_falls_through),
		cmocka_unit_test(no_route_is_no_rule),
		cmocka_unit_test(targets_rewrite_labels),
		cmocka_unit_test(labels_too_long_after_rewriting_are_refused),
		cmocka_unit_test(labels_that_are_none_after_rewriting_are_refused),
		cmocka_unit_test(a_child_without_route_uses_the_default_route),
		cmocka_unit_test(parent_provides_limits_what_the_parent_can_mean),
		cmocka_unit_test(a_rule_that_leads_nowhere_is_named_by_line),
		cmocka_unit_test(aliases_are_resolved_once),
		cmocka_unit_test(any_child_needs_exactly_one),
		cmocka_unit_test(services_of_ended_children_do_not_exist),
		cmocka_unit_test(the_parent_makes_special_roms_itself),
		cmocka_unit_test(without_inline_config_the_rom_is_routed),
		cmocka_unit_test(the_childs_own_name_means_its_binary),
		cmocka_unit_test(without_linker_its_name_means_the_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

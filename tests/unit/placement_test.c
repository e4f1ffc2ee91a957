/*
 * Placement: bands of priorities and rectangles of CPUs, by themselves and in a sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/placement.h"
#include "model/model.h"
#include "model/random.h"

#define RANDOM_ROUNDS 20000

static const struct kin_affinity everything = { 0 };

/*
 * Priorities
 */

static void a_level_takes_the_most_significant_bits(void **state)
{
	static const struct {
		uint32_t levels, level;
		uint64_t requested;
		uint32_t priority;
	} cases[] = {
		{ 1, 0, 0, 0 },
		{ 1, 0, 12345, 12345 },
		{ 4, 0, 0, 0 },
		{ 4, 1, 0, 16384 },
		{ 4, 3, 0, 49152 },
		{ 4, 3, 4, 49153 },
		{ 4, 3, KIN_PRIORITY_LIMIT - 1, KIN_PRIORITY_LIMIT - 1 },
		{ 4, 0, UINT64_MAX, 16383 },
		{ 1, 0, UINT64_MAX, KIN_PRIORITY_LIMIT - 1 },
		{ KIN_PRIORITY_LIMIT, 77, 4711, 77 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct placement placement = { cases[i].levels, cases[i].level, { 0 } };

		assert_int_equal(
			placement_priority(&placement, cases[i].requested), cases[i].priority);
	}
}

static void bands_don_t_overlap_and_keep_the_order_within(void **state)
{
	struct random random = { random_seed(1) };

	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		uint32_t levels = 1u << random_below(&random, 17);
		uint32_t level = random_below(&random, levels);
		const struct placement here = { levels, level, { 0 } };
		const struct placement below = { levels, level + 1, { 0 } };
		uint64_t a = random_next(&random), b = random_next(&random);
		uint32_t first = placement_priority(&here, a < b ? a : b);
		uint32_t second = placement_priority(&here, a < b ? b : a);

		assert_true(first <= second && second < KIN_PRIORITY_LIMIT);
		assert_true(first >= level * (KIN_PRIORITY_LIMIT / levels));
		if (level + 1 < levels)
			assert_true(second < placement_priority(&below, 0));
	}
}

/*
 * Affinities
 */

static struct kin_affinity placed(struct kin_affinity area, struct kin_affinity requested)
{
	const struct placement placement = { 1, 0, area };
	struct kin_affinity ret;

	assert_int_equal(placement_affinity(&placement, &requested, &ret), 0);
	return ret;
}

static void assert_affinity(struct kin_affinity have, struct kin_affinity want)
{
	assert_memory_equal(&have, &want, sizeof(have));
}

static void everything_is_what_one_has(void **state)
{
	const struct kin_affinity area = { 4, 2, 1, 1, 2, 1 };

	assert_affinity(placed(everything, everything), everything);
	assert_affinity(placed(area, everything), area);
	assert_affinity(placed(everything, area), area);
	assert_affinity(placed(area, (struct kin_affinity){ 3, 7, 0, 0, 3, 7 }), area);
}

static void a_rectangle_in_a_rectangle_is_exact(void **state)
{
	/* The right half of the left half is the second quarter. */
	assert_affinity(placed((struct kin_affinity){ 2, 1, 0, 0, 1, 1 },
				(struct kin_affinity){ 2, 1, 1, 0, 1, 1 }),
		(struct kin_affinity){ 4, 1, 1, 0, 1, 1 });
	/* Two of three thirds of the last three fifths. */
	assert_affinity(placed((struct kin_affinity){ 5, 1, 2, 0, 3, 1 },
				(struct kin_affinity){ 3, 1, 1, 0, 2, 1 }),
		(struct kin_affinity){ 5, 1, 3, 0, 2, 1 });
	assert_affinity(placed((struct kin_affinity){ 3, 2, 1, 0, 1, 2 },
				(struct kin_affinity){ 2, 4, 0, 1, 1, 2 }),
		(struct kin_affinity){ 6, 4, 2, 1, 1, 2 });
}

static void what_is_no_affinity_is_refused(void **state)
{
	static const struct kin_affinity bad[] = { { 1, 1, 1, 0, 1, 1 }, { 2, 1, 1, 0, 2, 1 },
		{ 1, 1, 0, 0, 0, 1 }, { 0, 0, 0, 0, 1, 1 }, { 1, 0, 0, 0, 1, 1 },
		{ 4, 1, 2, 0, UINT32_MAX, 1 }, { 4, 1, UINT32_MAX, 0, 2, 1 } };
	const struct placement placement = { 1, 0, { 4, 1, 2, 0, 1, 1 } };
	struct kin_affinity ret = everything;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(placement_affinity(&placement, &bad[i], &ret), -EINVAL);
		assert_affinity(ret, everything);
	}
}

static void too_fine_a_grid_means_all_one_has(void **state)
{
	const struct placement placement = { 1, 0, { 1024, 2, 3, 0, 1, 1 } };
	struct kin_affinity ret;

	assert_int_equal(
		placement_affinity(&placement, &(struct kin_affinity){ 2, 2, 1, 1, 1, 1 }, &ret),
		-ERANGE);
	assert_affinity(ret, (struct kin_affinity){ 1024, 4, 3, 1, 1, 1 });
	assert_int_equal(placement_affinity(&placement,
				 &(struct kin_affinity){ UINT32_MAX, UINT32_MAX, UINT32_MAX - 1,
					 UINT32_MAX - 1, 1, 1 },
				 &ret),
		-ERANGE);
	assert_affinity(ret, placement.area);
}

static void some_extent(struct random *random, uint32_t *space, uint32_t *at, uint32_t *length)
{
	*space = 1 + random_below(random, 40);
	*at = random_below(random, *space);
	*length = 1 + random_below(random, *space - *at);
}

static struct kin_affinity some_affinity(struct random *random)
{
	struct kin_affinity a;

	some_extent(random, &a.space_width, &a.x, &a.width);
	some_extent(random, &a.space_height, &a.y, &a.height);
	return a;
}

/* Where a position within a part of a whole is in the whole, compared as fractions. */
static void assert_composed(uint32_t outer_space, uint32_t outer_at, uint32_t outer_length,
	uint32_t inner_space, uint32_t inner_at, uint32_t space, uint32_t at)
{
	uint64_t want = (uint64_t) outer_at * inner_space + (uint64_t) inner_at * outer_length;

	assert_int_equal(want * space, (uint64_t) at * outer_space * inner_space);
}

static void composing_is_exact_or_all_one_has(void **state)
{
	struct random random = { random_seed(2) };
	unsigned exact = 0;

	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		struct kin_affinity a = some_affinity(&random), b = some_affinity(&random), c;
		const struct placement placement = { 1, 0, a };
		int r = placement_affinity(&placement, &b, &c);

		assert_true(kin_affinity_valid(&c) && c.space_width <= KIN_AFFINITY_SPACE_MAX &&
			    c.space_height <= KIN_AFFINITY_SPACE_MAX);
		/* It never leaves the outer one. */
		assert_true((uint64_t) c.x * a.space_width >= (uint64_t) a.x * c.space_width);
		assert_true((uint64_t) (c.x + c.width) * a.space_width <=
			    (uint64_t) (a.x + a.width) * c.space_width);
		if (r)
			continue;
		exact++;
		assert_composed(
			a.space_width, a.x, a.width, b.space_width, b.x, c.space_width, c.x);
		assert_composed(a.space_width, a.x, a.width, b.space_width, b.x + b.width,
			c.space_width, c.x + c.width);
		assert_composed(
			a.space_height, a.y, a.height, b.space_height, b.y, c.space_height, c.y);
		assert_composed(a.space_height, a.y, a.height, b.space_height, b.y + b.height,
			c.space_height, c.y + c.height);
	}
	assert_true(exact > RANDOM_ROUNDS / 4);
}

/* Two levels one after the other, or the first one in the second one's words first. */
static void composing_is_associative(void **state)
{
	struct random random = { random_seed(3) };

	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		struct kin_affinity a = some_affinity(&random), b = some_affinity(&random);
		struct kin_affinity c = some_affinity(&random), ab, bc, left, right;
		const struct placement in_a = { 1, 0, a }, in_b = { 1, 0, b };
		int r = placement_affinity(&in_a, &b, &ab);

		r |= placement_affinity(&in_b, &c, &bc);
		r |= placement_affinity(&(struct placement){ 1, 0, ab }, &c, &left);
		r |= placement_affinity(&in_a, &bc, &right);
		if (r == 0)
			assert_affinity(left, right);
	}
}

/*
 * In a sandbox
 */

#define HEAD \
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>" \
	" <service name='ROM'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> </any-service> </default-route>" \
	"<default ram='1M' caps='100'/>"

static const struct session *session_of(struct model *model, const char *child, uint32_t id)
{
	const struct session *session = session_find(model_child(model, child), id);

	assert_non_null(session);
	return session;
}

static void the_environment_is_placed(void **state)
{
	struct model *model = model_with(
		"<config prio_levels='4'> <affinity-space width='4' height='2'/>" HEAD
		"<start name='a' priority='-3'> <affinity xpos='1' width='2' height='1'/> </start>"
		"<start name='b'/> </config>");
	const struct session *cpu = session_of(model, "a", ENV_CPU);

	assert_string_equal(kin_args_get(&cpu->args, "priority"), "49152");
	assert_affinity(cpu->affinity, (struct kin_affinity){ 4, 2, 1, 0, 2, 1 });
	assert_affinity(session_of(model, "a", ENV_LOG)->affinity, cpu->affinity);
	assert_null(kin_args_get(&session_of(model, "a", ENV_LOG)->args, "priority"));
	cpu = session_of(model, "b", ENV_CPU);
	assert_string_equal(kin_args_get(&cpu->args, "priority"), "0");
	assert_affinity(cpu->affinity, everything);
	model_free(model);
}

static int open_cpu(struct model *model, const char *priority, struct kin_affinity affinity)
{
	struct kin_args args = { .ram_quota = 16384, .cap_quota = 4 };
	int cap = 0;

	if (priority)
		kin_args_set(&args, "priority", priority);
	int r = child_session(model_child(model, "a"),
		&(struct session_request){ 7, "CPU", 1, &args, &affinity }, &cap);

	if (cap)
		model_cap_close(model, cap);
	return r;
}

static void what_a_child_asks_for_is_within_what_it_has(void **state)
{
	static const struct {
		const char *asked, *given;
	} cases[] = { { NULL, "16384" }, { "0", "16384" }, { "65535", "32767" }, { "9", "16386" },
		{ "99999999999999999999999", "16384" }, { "-1", "16384" }, { "high", "16384" } };
	struct model *model =
		model_with("<config prio_levels='4'> <affinity-space width='2'/>" HEAD
			   "<start name='a' priority='-1'> <affinity xpos='1' width='1'/> </start>"
			   "</config>");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			open_cpu(model, cases[i].asked, (struct kin_affinity){ 2, 1, 1, 0, 1, 1 }),
			0);
		const struct session *cpu = session_of(model, "a", 7);

		assert_string_equal(kin_args_get(&cpu->args, "priority"), cases[i].given);
		assert_affinity(cpu->affinity, (struct kin_affinity){ 4, 1, 3, 0, 1, 1 });
		child_close(model_child(model, "a"), 7);
	}
	assert_int_equal(
		open_cpu(model, NULL, (struct kin_affinity){ 2, 1, 3, 0, 1, 1 }), KIN_DENIED);
	assert_int_equal(model_logged(model, "a: malformed affinity for service \"CPU\""), 1);
	assert_int_equal(open_cpu(model, NULL, (struct kin_affinity){ 1024, 1, 3, 0, 1, 1 }), 0);
	assert_int_equal(model_logged(model,
				 "a: affinity for service \"CPU\" is too fine, its own is taken"),
		1);
	assert_affinity(
		session_of(model, "a", 7)->affinity, (struct kin_affinity){ 2, 1, 1, 0, 1, 1 });
	model_free(model);
}

static void arguments_without_room_for_a_priority_are_refused(void **state)
{
	struct model *model = model_with(
		"<config prio_levels='2'>" HEAD "<start name='a' priority='-1'/> </config>");
	struct kin_args args = { .ram_quota = 16384, .cap_quota = 4 };
	struct quota before = model_available(model, "a");
	char key[] = "key_a";
	int cap = 0;

	for (; args.n_extra < KIN_ARGS_EXTRA_MAX; key[4]++)
		assert_int_equal(kin_args_set(&args, key, "x"), 0);
	assert_int_equal(
		child_session(model_child(model, "a"),
			&(struct session_request){ 7, "CPU", 1, &args, &everything }, &cap),
		KIN_DENIED);
	assert_int_equal(
		model_logged(model, "a: CPU session has too many arguments for a priority"), 1);
	assert_int_equal(model_available(model, "a").ram, before.ram);
	model_free(model);
}

static void mistakes_are_named_and_made_good(void **state)
{
	static const struct {
		const char *config, *start, *log, *priority;
	} cases[] = {
		{ "prio_levels='6'", "priority='-1'",
			"prio_levels=\"6\" is not a power of two, priorities are off", NULL },
		{ "prio_levels='0'", "", "prio_levels=\"0\" is not a power of two", NULL },
		{ "prio_levels='many'", "", "prio_levels is no number", NULL },
		{ "prio_levels='131072'", "", "prio_levels=\"131072\" is more than 65536", NULL },
		{ "", "priority='-1'", "a: priority has no effect without valid 'prio_levels'",
			NULL },
		{ "prio_levels='4'", "priority='-4'",
			"a: priority -4 is below the lowest of 4 levels, raised to -3", "49152" },
		{ "prio_levels='4'", "priority='1'", "a: priority 1 is neither 0 nor negative",
			"0" },
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "<config %s>" HEAD "<start name='a' %s/></config>",
			cases[i].config, cases[i].start);
		struct model *model = model_with(text);
		const char *priority =
			kin_args_get(&session_of(model, "a", ENV_CPU)->args, "priority");

		assert_int_equal(model_logged(model, cases[i].log), 1);
		if (cases[i].priority)
			assert_string_equal(priority, cases[i].priority);
		else
			assert_null(priority);
		model_free(model);
	}
}

static void places_outside_are_named_and_mean_everything(void **state)
{
	static const struct {
		const char *space, *affinity, *log;
	} cases[] = {
		{ "", "<affinity xpos='1'/>",
			"affinity-space configuration missing, but affinity defined for child a" },
		{ "<affinity-space width='2'/>", "<affinity xpos='1' width='2'/>",
			"affinity location exceeds affinity-space boundary" },
		{ "<affinity-space width='2'/>", "<affinity xpos='2' width='1'/>",
			"affinity location exceeds affinity-space boundary" },
		{ "<affinity-space width='2'/>", "<affinity ypos='1' height='1'/>",
			"affinity location exceeds affinity-space boundary" },
		{ "<affinity-space width='2'/>", "<affinity width='0'/>",
			"a: affinity location is empty" },
		{ "<affinity-space width='1025'/>", "",
			"width and height of the affinity-space are not from 1 to 1024" },
		{ "<affinity-space height='0'/>", "",
			"width and height of the affinity-space are not from 1 to 1024" },
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			"<config> %s" HEAD "<start name='a'> %s </start></config>", cases[i].space,
			cases[i].affinity);
		struct model *model = model_with(text);

		assert_int_equal(model_logged(model, cases[i].log), 1);
		assert_int_equal(model_child(model, "a")->state, CHILD_ALIVE);
		assert_affinity(session_of(model, "a", ENV_CPU)->affinity, everything);
		model_free(model);
	}
}

static void who_is_placed_anew_is_restarted_and_nobody_else(void **state)
{
	static const char *const configs[] = {
		"<config prio_levels='2'> <affinity-space width='2'/>" HEAD
		"<start name='a' priority='-1'/> <start name='b'> <affinity width='1'/> </start>"
		"<start name='c'/> </config>",
		"<config prio_levels='2'> <affinity-space width='2' height='1'/>" HEAD
		"<start name='a' priority='-7'/> <start name='b'> <affinity width='1' xpos='0'/>"
		"</start> <start name='c'/> </config>",
		"<config prio_levels='2'> <affinity-space width='4'/>" HEAD
		"<start name='a' priority='-1'/> <start name='b'> <affinity width='1'/> </start>"
		"<start name='c'/> </config>",
		"<config prio_levels='4'> <affinity-space width='4'/>" HEAD
		"<start name='a' priority='-2'/> <start name='b'> <affinity width='1'/> </start>"
		"<start name='c'/> </config>",
	};
	static const unsigned starts[][3] = { { 1, 1, 1 }, { 1, 1, 1 }, { 1, 2, 1 }, { 2, 3, 2 } };
	struct model *model = model_new();

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		model_apply(model, configs[i]);
		model_settle(model);
		assert_int_equal(model_happened(model, "start a"), starts[i][0]);
		assert_int_equal(model_happened(model, "start b"), starts[i][1]);
		assert_int_equal(model_happened(model, "start c"), starts[i][2]);
	}
	assert_string_equal(
		kin_args_get(&session_of(model, "a", ENV_CPU)->args, "priority"), "32768");
	assert_affinity(session_of(model, "b", ENV_CPU)->affinity,
		(struct kin_affinity){ 4, 1, 0, 0, 1, 1 });
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_level_takes_the_most_significant_bits),
		cmocka_unit_test(bands_don_t_overlap_and_keep_the_order_within),
		cmocka_unit_test(everything_is_what_one_has),
		cmocka_unit_test(a_rectangle_in_a_rectangle_is_exact),
		cmocka_unit_test(what_is_no_affinity_is_refused),
		cmocka_unit_test(too_fine_a_grid_means_all_one_has),
		cmocka_unit_test(composing_is_exact_or_all_one_has),
		cmocka_unit_test(composing_is_associative),
		cmocka_unit_test(the_environment_is_placed),
		cmocka_unit_test(what_a_child_asks_for_is_within_what_it_has),
		cmocka_unit_test(arguments_without_room_for_a_priority_are_refused),
		cmocka_unit_test(mistakes_are_named_and_made_good),
		cmocka_unit_test(places_outside_are_named_and_mean_everything),
		cmocka_unit_test(who_is_placed_anew_is_restarted_and_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

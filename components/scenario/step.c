/*
 * Steps: what each of them does, waits for, and says when that does not come
 *
 * One row of the table for each kind. What a row does not have, the step does not do.
 */
#include "scenario.h"

#include <errno.h>
#include <string.h>

#include "pattern.h"

#define US_PER_MS 1000

static const char *attribute(const struct kin_node *node, const char *name)
{
	const char *value = kin_node_attribute(node, name);

	return value ? value : "";
}

static bool ms_valid(const struct kin_node *node, const char *name)
{
	uint64_t ms;
	int r = kin_node_read_number(node, name, &ms);

	return r == -ENOENT || (r == 0 && ms <= UINT32_MAX);
}

/*
 * init's config
 */

static void config_publish(struct scenario *scenario, const char *text, size_t size)
{
	int r = kin_module_replace(&scenario->config, NULL, text, size);

	if (r)
		scenario_fail(scenario, "no room for init's config: %s", kin_answer_text(r));
}

static void config_write(struct kin_generator *g, const struct kin_node *step)
{
	const char *name, *value;

	kin_generator_open(g, "config");
	for (size_t i = 0; i < kin_node_n_attributes(step); i++) {
		kin_node_attribute_at(step, i, &name, &value, NULL, NULL);
		kin_generator_attribute(g, name, value);
	}
	kin_generator_text(g, kin_node_text(step));
	KIN_NODE_FOREACH (node, step, NULL)
		kin_generator_node(g, node);
	kin_generator_close(g);
}

static void config_begin(struct scenario *scenario)
{
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	config_write(&g, scenario->step);
	int r = kin_generator_finish(&g, &text, &size);

	if (r == 0)
		config_publish(scenario, text, size);
	else
		scenario_fail(scenario, "no room for init's config: %s", kin_answer_text(r));
	kin_generator_done(&g);
}

static void config_text_begin(struct scenario *scenario)
{
	const char *text = kin_node_text(scenario->step);

	config_publish(scenario, text, strlen(text));
}

/*
 * Lines
 */

static unsigned lines_of(const struct kin_node *step, const struct kin_node **ret)
{
	unsigned n = 0;

	if (strcmp(kin_node_type(step), "in_any_order") != 0) {
		*ret = step;
		return 1;
	}
	KIN_NODE_FOREACH (line, step, NULL)
		ret[n++] = line;
	return n;
}

static void lines_begin(struct scenario *scenario)
{
	scenario->seen = 0;
	scenario->lines.n_passed = 0;
}

static bool lines_there(struct scenario *scenario)
{
	const struct kin_node *expected[EXPECTED_MAX];
	unsigned n = lines_of(scenario->step, expected);

	return lines_take(&scenario->lines, expected, n, &scenario->seen);
}

static void lines_late(struct scenario *scenario)
{
	const struct kin_node *expected[EXPECTED_MAX];
	unsigned n = lines_of(scenario->step, expected);
	const struct lines *lines = &scenario->lines;

	for (unsigned i = 0; i < n; i++)
		if (!(scenario->seen >> i & 1))
			kin_error(scenario->env, "missing: \"%s\"%s",
				attribute(expected[i], "string"),
				strcmp(kin_node_type(expected[i]), "expect_warning") == 0
					? ", as a warning"
					: "");
	scenario_fail(scenario, "not seen within %llu ms, among %u lines, the last one: \"%s\"",
		(unsigned long long) step_timeout_ms(scenario), lines->n_passed,
		lines->last_passed ? lines->last_passed->text : "");
}

static const char *line_check(const struct kin_node *line, const struct kin_node **ret_where)
{
	const char *string = attribute(line, "string");

	*ret_where = line;
	return string[0] == '[' && strstr(string, "] ")
		       ? NULL
		       : "needs a string that begins with a label: \"[label] text\"";
}

static const char *order_check(const struct kin_node *step, const struct kin_node **ret_where)
{
	const char *what = NULL;
	unsigned n = 0;

	KIN_NODE_FOREACH (line, step, NULL) {
		*ret_where = line;
		what = line_check(line, ret_where);
		if (what)
			return what;
		if (strcmp(kin_node_type(line), "expect_log") != 0 &&
			strcmp(kin_node_type(line), "expect_warning") != 0)
			return "is no line to expect";
		if (++n > EXPECTED_MAX)
			return "is one too many at once";
	}
	*ret_where = step;
	return n ? NULL : "expects nothing";
}

static void forbid_begin(struct scenario *scenario)
{
	if (scenario->n_forbidden == FORBIDDEN_MAX) {
		scenario_fail(scenario, "no more than %u lines can be forbidden", FORBIDDEN_MAX);
		return;
	}
	scenario->forbidden[scenario->n_forbidden++] = scenario->step;
	for (const struct line *line = scenario->lines.first; line; line = line->next)
		if (line_matches(line->text, scenario->step))
			scenario_fail(scenario, "there is this line already");
}

/*
 * State
 */

static bool state_fits(struct scenario *scenario)
{
	return scenario->state && !pattern_mismatch(scenario->step, kin_tree_root(scenario->state));
}

static void state_late(struct scenario *scenario)
{
	unsigned long long ms = step_timeout_ms(scenario);

	if (!scenario->state) {
		scenario_fail(scenario, "init has reported no state within %llu ms", ms);
		return;
	}
	const struct kin_node *part =
		pattern_mismatch(scenario->step, kin_tree_root(scenario->state));

	kin_error(scenario->env, "latest state:");
	kin_log_text(scenario->env, scenario->state_text, strlen(scenario->state_text));
	if (part)
		scenario_fail(scenario, "<%s> in line %u does not fit the state, for %llu ms",
			kin_node_type(part), kin_node_line(part), ms);
}

static const char *state_check(const struct kin_node *step, const struct kin_node **ret_where)
{
	const char *what = NULL;
	const struct kin_node *wrong = pattern_check(step, &what);

	*ret_where = wrong;
	return what;
}

/*
 * The rest
 */

static void message_begin(struct scenario *scenario)
{
	kin_log(scenario->env, "%s", attribute(scenario->step, "string"));
}

static void sleep_begin(struct scenario *scenario)
{
	scenario->slept = false;
	kin_timer_once(&scenario->timer, kin_node_number(scenario->step, "ms", 0) * US_PER_MS);
}

static bool sleep_over(struct scenario *scenario)
{
	return scenario->slept;
}

static const char *sleep_check(const struct kin_node *step, const struct kin_node **ret_where)
{
	*ret_where = step;
	return kin_node_has(step, "ms") && ms_valid(step, "ms") ? NULL : "needs a number of ms";
}

static const struct step_kind {
	const char *type;
	const char *(*check)(const struct kin_node *step, const struct kin_node **ret_where);
	void (*begin)(struct scenario *scenario);
	bool (*done)(struct scenario *scenario);
	void (*late)(struct scenario *scenario);
} kinds[] = {
	{ "init_config", NULL, config_begin, NULL, NULL },
	{ "init_config_text", NULL, config_text_begin, NULL, NULL },
	{ "expect_log", line_check, lines_begin, lines_there, lines_late },
	{ "expect_warning", line_check, lines_begin, lines_there, lines_late },
	{ "in_any_order", order_check, lines_begin, lines_there, lines_late },
	{ "forbid_log", line_check, forbid_begin, NULL, NULL },
	{ "expect_init_state", state_check, NULL, state_fits, state_late },
	{ "sleep", sleep_check, sleep_begin, sleep_over, NULL },
	{ "message", NULL, message_begin, NULL, NULL },
	{ "nop", NULL, NULL, NULL, NULL },
};

static const struct step_kind *kind_of(const struct kin_node *step)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, kin_node_type(step)) == 0)
			return &kinds[i];
	return NULL;
}

const char *step_check(const struct kin_node *step, const struct kin_node **ret_where)
{
	const struct step_kind *kind = kind_of(step);

	*ret_where = step;
	if (!kind)
		return "is no step";
	if (!ms_valid(step, "timeout_ms"))
		return "has a timeout_ms that is no number";
	return kind->check ? kind->check(step, ret_where) : NULL;
}

const char *steps_check(const struct kin_node *steps)
{
	if (!ms_valid(steps, "timeout_ms"))
		return "has a timeout_ms that is no number";
	return kin_node_first(steps) ? NULL : "has no steps";
}

uint64_t step_timeout_ms(const struct scenario *scenario)
{
	return kin_node_number(scenario->step, "timeout_ms",
		kin_node_number(scenario->steps, "timeout_ms", TIMEOUT_MS));
}

void step_begin(struct scenario *scenario)
{
	const struct step_kind *kind = kind_of(scenario->step);

	if (kind->begin)
		kind->begin(scenario);
	if (kind->late)
		kin_timer_once(&scenario->timer, step_timeout_ms(scenario) * US_PER_MS);
}

bool step_done(struct scenario *scenario)
{
	const struct step_kind *kind = kind_of(scenario->step);

	return !kind->done || kind->done(scenario);
}

bool step_sleeps(const struct scenario *scenario)
{
	return !kind_of(scenario->step)->late;
}

void step_late(struct scenario *scenario)
{
	kind_of(scenario->step)->late(scenario);
}

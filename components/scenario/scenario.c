/*
 * Scenario, implementation; see the header
 */
#include "scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Return: whether nothing is wrong. */
static bool complain(struct kin_env *env, const struct kin_node *where, const char *what)
{
	if (what)
		kin_error(
			env, "line %u: <%s> %s", kin_node_line(where), kin_node_type(where), what);
	return !what;
}

bool scenario_check(struct kin_env *env, const struct kin_node *steps)
{
	bool good = complain(env, steps, steps_check(steps));
	const struct kin_node *where;

	KIN_NODE_FOREACH (step, steps, NULL) {
		const char *what = step_check(step, &where);

		good = complain(env, where, what) && good;
	}
	return good;
}

void scenario_fail(struct scenario *scenario, const char *format, ...)
{
	char text[KIN_LOG_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (scenario->step)
		kin_error(scenario->env, "step %u in line %u, <%s>: %s", scenario->number,
			kin_node_line(scenario->step), kin_node_type(scenario->step), text);
	else
		kin_error(scenario->env, "%s", text);
	scenario->ended = true;
	kin_stop(scenario->env, 1);
}

static void step_next(struct scenario *scenario)
{
	kin_timer_cancel(&scenario->timer);
	scenario->step = kin_node_next(scenario->step);
	scenario->number++;
	if (scenario->step) {
		step_begin(scenario);
		return;
	}
	kin_log(scenario->env, "all %u steps done", scenario->number - 1);
	scenario->ended = true;
	kin_stop(scenario->env, 0);
}

static void advance(struct scenario *scenario)
{
	while (!scenario->ended && step_done(scenario))
		if (!scenario->ended)
			step_next(scenario);
}

void scenario_start(struct scenario *scenario)
{
	scenario->step = kin_node_first(scenario->steps);
	scenario->number = 1;
	step_begin(scenario);
	advance(scenario);
}

static void line_arrives(
	struct scenario *scenario, const char *label, const char *text, size_t length)
{
	struct lines *lines = &scenario->lines;
	int r = lines_add(lines, label, text, length);

	kin_log(scenario->env, "[%s] %.*s", label, (int) length, text);
	if (r == -ENOSPC)
		scenario_fail(scenario, "more than %u lines were not waited for", LINES_MAX);
	else if (r)
		scenario_fail(scenario, "no room for a line: %s", kin_answer_text(r));
	for (unsigned i = 0; i < scenario->n_forbidden && !scenario->ended; i++)
		if (line_matches(lines->newest->text, scenario->forbidden[i]))
			scenario_fail(scenario, "line %u forbids \"%s\"",
				kin_node_line(scenario->forbidden[i]), lines->newest->text);
}

void scenario_line(struct scenario *scenario, const char *label, const char *text, size_t length)
{
	const char *end = text + length, *newline;

	for (; !scenario->ended && text <= end; text = newline + 1) {
		newline = memchr(text, '\n', (size_t) (end - text));
		if (!newline)
			newline = end;
		line_arrives(scenario, label, text, (size_t) (newline - text));
	}
	advance(scenario);
}

void scenario_state(struct scenario *scenario, const char *text, size_t size)
{
	struct kin_tree *tree;
	int r = kin_tree_parse(text, size, NULL, &tree);
	char *copy = r ? NULL : strndup(text, size);

	if (scenario->ended)
		return;
	if (r || !copy) {
		kin_log_text(scenario->env, text, size);
		scenario_fail(scenario, "init's state can't be read: %s",
			kin_answer_text(r ? r : -ENOMEM));
		return;
	}
	free(scenario->state_text);
	kin_tree_free(scenario->state);
	scenario->state_text = copy;
	scenario->state = tree;
	advance(scenario);
}

void scenario_time(void *data)
{
	struct scenario *scenario = data;

	if (scenario->ended)
		return;
	if (!step_sleeps(scenario)) {
		step_late(scenario);
		return;
	}
	scenario->slept = true;
	advance(scenario);
}

/*
 * Scenario: steps that are taken one after the other
 *
 * A step does something, or waits for what the init under test says: lines of its log, its latest
 * state report. Whatever arrives is recorded and the present step looked at again; nothing is
 * polled. A step that waits has a deadline.
 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <kin/kin.h>

#include "lines.h"

#define TIMEOUT_MS    10000
#define FORBIDDEN_MAX 64

struct scenario {
	struct kin_env *env;
	const struct kin_node *steps; /* the top node */
	struct kin_timer timer;       /* of the present step: its deadline, or its sleep */

	/* What the init under test reads, has logged and has reported */
	struct kin_modules modules;
	struct kin_module config;
	struct lines lines;
	struct kin_tree *state;
	char *state_text;

	const struct kin_node *step; /* the present one; NULL when all are taken */
	unsigned number;             /* of it, from 1 */
	uint64_t seen;               /* which of its lines */
	bool slept;
	const struct kin_node *forbidden[FORBIDDEN_MAX];
	unsigned n_forbidden;
	bool ended; /* nothing matters any more */
};

/* Logs what is wrong with the steps. Return: whether they can be taken. */
bool scenario_check(struct kin_env *env, const struct kin_node *steps);

/* Takes the first step, and those that follow it without waiting. */
void scenario_start(struct scenario *scenario);

/* News, which may complete the present step. */
void scenario_line(struct scenario *scenario, const char *label, const char *text, size_t length);
void scenario_state(struct scenario *scenario, const char *text, size_t size);

/* The timer has expired. */
void scenario_time(void *scenario);

/* Ends with a failure; the text says what was expected and what was seen. */
void scenario_fail(struct scenario *scenario, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Steps, see step.c
 */

/* Does what the step does; afterwards it may be done. */
void step_begin(struct scenario *scenario);
bool step_done(struct scenario *scenario);

/* Says what it has been waiting for, as a failure. */
void step_late(struct scenario *scenario);

/* Is the time over that it wanted to let pass, rather than its deadline? */
bool step_sleeps(const struct scenario *scenario);

/* Return: what is wrong with a step, NULL if nothing is. */
const char *step_check(const struct kin_node *step, const struct kin_node **ret_where);

/* The same for all of them as a whole. */
const char *steps_check(const struct kin_node *steps);

uint64_t step_timeout_ms(const struct scenario *scenario);

#endif

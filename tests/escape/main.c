/*
 * escape: a hostile component
 *
 * <config does="NAME" …/> names one attempt to take more than was given, or to reach what was not.
 * It says one line, "NAME: how much, what stopped it", and stays, so that the test can look at it
 * from outside: `keep` leaves what it got in its hands.
 */
#include <string.h>

#include "escape.h"

static const struct attempt_row *const THEMES[] = { MEMORY_ATTEMPTS, KERNEL_MEMORY_ATTEMPTS,
	CAPABILITY_ATTEMPTS, LENDING_ATTEMPTS, CPU_ATTEMPTS, TRUST_ATTEMPTS, KEEPING_ATTEMPTS,
	THREAD_ATTEMPTS };

static attempt *attempt_find(const char *name)
{
	for (size_t i = 0; i < sizeof(THEMES) / sizeof(*THEMES); i++)
		for (const struct attempt_row *row = THEMES[i]; row->name; row++)
			if (strcmp(row->name, name) == 0)
				return row->run;
	return NULL;
}

static void outcome_say(struct kin_env *env, const char *name, const struct outcome *outcome)
{
	const char *why = outcome->answer ? kin_answer_text(outcome->stop)
			  : outcome->stop ? strerror(outcome->stop)
					  : "not stopped";

	kin_log(env, "%s: %llu %s, %s", name, (unsigned long long) outcome->got,
		outcome->unit ? outcome->unit : "bytes", why);
}

int kin_main(struct kin_env *env)
{
	struct outcome outcome = { 0 };
	struct kin_config config;

	if (kin_config_open(env, &config, NULL, NULL))
		return 1;
	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	const char *name = kin_node_attribute(config.node, "does");

	if (name && strcmp(name, "reach") == 0) {
		reach_try_all(env);
		return kin_run(env);
	}
	attempt *run = name ? attempt_find(name) : NULL;

	if (!run) {
		kin_error(env, "no such attempt: \"%s\"", name ? name : "");
		return 1;
	}
	run(env, config.node, &outcome);
	outcome_say(env, name, &outcome);
	return kin_run(env);
}

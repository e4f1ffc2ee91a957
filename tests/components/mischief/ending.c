/*
 * mischief: ways to end
 */
#include <stdlib.h>
#include <unistd.h>

#include "mischief.h"
#include "wire/parent.h"

int crash(struct kin_env *env, const struct kin_node *config)
{
	volatile char *volatile nowhere = NULL;

	return *nowhere;
}

int abort_loudly(struct kin_env *env, const struct kin_node *config)
{
	abort();
}

static int deeper(volatile char *above)
{
	volatile char here[1024];

	here[0] = (char) (above[0] | 1);
	return here[0] ? deeper(here) + here[0] : 0;
}

int recurse(struct kin_env *env, const struct kin_node *config)
{
	volatile char start = 1;

	return deeper(&start);
}

/* No message to the parent; only the process ends. */
int exit_silently(struct kin_env *env, const struct kin_node *config)
{
	_exit((int) kin_node_number(config, "value", 0));
}

int exit_with_value(struct kin_env *env, const struct kin_node *config)
{
	return (int) kin_node_number(config, "value", 0);
}

int leave_parent(struct kin_env *env, const struct kin_node *config)
{
	close(START_PARENT);
	kin_log(env, "free at last");
	for (;;)
		pause();
}

int spin(struct kin_env *env, const struct kin_node *config)
{
	kin_log(env, "spinning");
	for (volatile int i = 0;; i = !i)
		;
}

/*
 * linked: a dynamically linked component, which says what its libraries say
 *
 * Then it does what its config says, if there is one: does="attempts", "memory", "threads", "abort"
 * or "exit".
 */
#include <stdlib.h>
#include <string.h>

#include <kin/kin.h>

#include "linked.h"

static void abort_by_misuse(void)
{
	static char no_heap[64] __attribute__((aligned(16)));
	char *volatile at = no_heap + 16;

	free(at);
}

int kin_main(struct kin_env *env)
{
	struct kin_config config;
	const char *does = NULL;

	kin_log(env, "%s, %u", near_greeting(), far_count());
	if (kin_config_open(env, &config, NULL, NULL) == 0)
		does = kin_node_attribute(config.node, "does");
	if (does && strcmp(does, "attempts") == 0)
		return attempt_all(env);
	if (does && strcmp(does, "memory") == 0)
		return attempt_memory(env);
	if (does && strcmp(does, "threads") == 0)
		return count_by_threads(env);
	if (does && strcmp(does, "abort") == 0)
		abort_by_misuse();
	if (does && strcmp(does, "exit") == 0)
		return 0;
	return kin_run(env);
}

/*
 * mischief: a component that does one thing that components should not do
 *
 * <config does="NAME" …/> says which. Others must neither suffer nor wonder.
 */
#include <string.h>

#include "mischief.h"

static const struct {
	const char *name;
	deed *run;
} DEEDS[] = {
	{ "crash", crash },
	{ "abort", abort_loudly },
	{ "recurse", recurse },
	{ "exit-silently", exit_silently },
	{ "exit", exit_with_value },
	{ "leave-parent", leave_parent },
	{ "spin", spin },
	{ "hoard-memory", hoard_memory },
	{ "hoard-descriptors", hoard_descriptors },
	{ "hoard-sessions", hoard_sessions },
	{ "beg", beg },
	{ "talk-garbage", talk_garbage },
	{ "ask-deafly", ask_deafly },
	{ "flood-log", flood_log },
	{ "announce-oddly", announce_oddly },
	{ "deliver-oddly", deliver_oddly },
	{ "serve-once", serve_once },
	{ "be-patient", be_patient },
	{ "lie-about-state", lie_about_state },
	{ "lend", lend },
	{ "borrow", borrow },
};

int kin_main(struct kin_env *env)
{
	struct kin_config config;

	if (kin_config_open(env, &config, NULL, NULL))
		return 1;
	const char *name = kin_node_attribute(config.node, "does");

	for (size_t i = 0; name && i < sizeof(DEEDS) / sizeof(*DEEDS); i++)
		if (strcmp(DEEDS[i].name, name) == 0)
			return DEEDS[i].run(env, config.node);
	kin_error(env, "no such deed: \"%s\"", name ? name : "");
	return 1;
}

/*
 * mischief: ways to lie about one's state
 *
 * The parent asks, as it may; `how` says what it is told.
 */
#include <string.h>
#include <unistd.h>

#include <kin/ram.h>

#include "component/env.h"
#include "mischief.h"
#include "wire/parent.h"

#define UNASKED 1000 /* answers to no question */

/* Well-formed, with the control character U+009B. */
static const char coloured[] = "<state version=\"\xc2\x9b"
			       "31m\"/>\n";

struct lie {
	struct kin_env *env;
	const char *how;
	struct kin_ram ram;
};

static bool is(const struct lie *lie, const char *how)
{
	return strcmp(lie->how, how) == 0;
}

static void answer(uint32_t serial, int dataspace, uint64_t size)
{
	parent_state(START_PARENT,
		&(struct parent_state_request){ serial, KIN_OK, dataspace, size }, NULL);
}

static void tell(uint32_t serial, const char *path, void *data)
{
	struct lie *lie = data;

	kin_log(lie->env, "asked for \"%s\"", path);
	if (is(lie, "garbage"))
		answer(serial, lie->ram.read_only, lie->ram.size);
	else if (is(lie, "writable"))
		answer(serial, lie->ram.dataspace, lie->ram.size);
	else if (is(lie, "huge"))
		answer(serial, lie->ram.read_only, UINT64_MAX);
	else if (is(lie, "channel"))
		answer(serial, START_LOG, 100);
	else if (is(lie, "unasked"))
		for (uint32_t i = 0; i < UNASKED; i++)
			answer(serial + 1 + i, lie->ram.read_only, lie->ram.size);
	else if (is(lie, "coloured"))
		answer(serial, lie->ram.read_only, sizeof(coloured) - 1);
	/* else: nothing at all */
}

int lie_about_state(struct kin_env *env, const struct kin_node *config)
{
	const char *how = kin_node_attribute(config, "how");
	struct lie lie = { .env = env, .how = how ? how : "" };

	if (kin_ram_alloc(env, NULL, 1, KIN_RAM_SHARE, &lie.ram))
		return 1;
	if (is(&lie, "coloured"))
		strcpy(lie.ram.data, coloured);
	else
		memset(lie.ram.data, 0x1b, lie.ram.size);
	env->embedded.asked = tell;
	env->embedded.data = &lie;
	kin_log(env, "ready");
	return kin_run(env);
}

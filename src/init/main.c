/*
 * init: composes components by a config
 *
 * A component whose whole purpose is its sandbox. It is the same program at every level of nesting,
 * and applies its config again whenever that changes.
 */
#include <kin/kin.h>

struct init {
	struct kin_env *env;
	struct kin_sandbox *sandbox;
	struct kin_rom config;
};

static void config_changed(void *data)
{
	struct init *init = data;
	int r = kin_rom_update(&init->config);

	if (r)
		kin_error(init->env, "config: %s", kin_answer_text(r));
	else if (init->config.size)
		kin_sandbox_apply(init->sandbox, init->config.data, init->config.size);
}

/* Watched before it is read, so that no change is missed. */
static int start(struct init *init)
{
	int r = kin_rom_open(init->env, &init->config, "config");

	if (r == 0)
		r = kin_rom_watch(&init->config, config_changed, init);
	if (r == 0)
		r = kin_sandbox_open(init->env, NULL, &init->sandbox);
	if (r == 0)
		config_changed(init);
	return r;
}

int kin_main(struct kin_env *env)
{
	struct init init = { .env = env };
	int r = start(&init);

	if (r) {
		kin_error(env, "no config: %s", kin_answer_text(r));
		return 1;
	}
	int value = kin_run(env);

	kin_sandbox_close(init.sandbox);
	return value;
}

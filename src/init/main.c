/*
 * init: composes components by a config
 *
 * A component whose whole purpose is its sandbox. It is the same program at every level of nesting.
 */
#include <kin/kin.h>

int kin_main(struct kin_env *env)
{
	struct kin_sandbox *sandbox;
	struct kin_rom config = { 0 };
	int r = kin_rom_open(env, &config, "config");

	if (r) {
		kin_error(env, "no config: %s", kin_answer_text(r));
		return 1;
	}
	r = kin_sandbox_open(env, NULL, &sandbox);
	if (r == 0)
		r = kin_sandbox_start(sandbox, config.data, config.size);
	if (r) {
		kin_error(env, "can't start: %s", kin_answer_text(r));
		return 1;
	}
	int value = kin_run(env);

	kin_sandbox_close(sandbox);
	return value;
}

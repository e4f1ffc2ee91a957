/*
 * A component that says one line and lives on
 */
#include <kin/kin.h>

int kin_main(struct kin_env *env)
{
	kin_log(env, "up");
	return kin_run(env);
}

/* The smallest component: says hello and ends. */
#include <kin/kin.h>

int kin_main(struct kin_env *env)
{
	kin_log(env, "hello");
	return 0;
}

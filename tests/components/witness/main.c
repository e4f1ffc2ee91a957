/*
 * witness: a bystander
 *
 * It uses a sibling, a service of core's and its log, again and again. As long as its lines come,
 * what happens elsewhere in the tree has not disturbed it.
 */
#include <kin/kin.h>

#include "examples/greeter/greeter_interface.h"

#define PERIOD_US 20000

struct witness {
	struct kin_env *env;
	struct kin_session greeter;
	struct kin_timer timer;
};

static void timer_expired(void *data)
{
	struct witness *witness = data;
	struct greeter_greet_reply reply;
	int r = greeter_greet(
		witness->greeter.channel, &(struct greeter_greet_request){ "witness" }, &reply);

	if (r == 0)
		kin_log(witness->env, "seen %u", reply.count);
	else
		kin_error(witness->env, "not greeted: %s", kin_answer_text(r));
}

int kin_main(struct kin_env *env)
{
	struct witness witness = { .env = env };
	int r = kin_session_open(env, &witness.greeter, &greeter_interface, NULL);

	if (r == 0)
		r = kin_timer_open(env, &witness.timer, timer_expired, &witness);
	if (r) {
		kin_error(env, "can't start: %s", kin_answer_text(r));
		return 1;
	}
	kin_timer_periodic(&witness.timer, PERIOD_US);
	return kin_run(env);
}

/*
 * guest: a client of the Greeter service that stays
 *
 * Which server it gets, and under which label that server knows it, is its parent's decision: there
 * is nothing about it in here.
 */
#include "cue.h"

#include <string.h>

#include "../greeter/greeter_interface.h"

static int be_greeted(struct kin_env *env, struct kin_session *session, const char *name)
{
	struct greeter_greet_request request = { .name = "" };
	struct greeter_greet_reply reply;
	int r = kin_session_open(env, session, &greeter_interface, NULL);

	if (r)
		return r;
	strncpy(request.name, name, GREETER_NAME_MAX);
	r = greeter_greet(session->channel, &request, &reply);
	if (r == 0)
		kin_log(env, "I was told: %s", reply.greeting);
	return r;
}

int kin_main(struct kin_env *env)
{
	struct kin_session session = { 0 };
	struct kin_config config;
	struct cue cue;

	if (kin_config_open(env, &config, NULL, NULL))
		return 1;
	const char *name = kin_node_attribute(config.node, "name");

	if (kin_node_boolean(config.node, "cue", true))
		cue_wait(env);
	int r = be_greeted(env, &session, name ? name : "nobody");

	if (r)
		kin_error(env, "no greeting: %s", kin_answer_text(r));
	cue_give(env, &cue);
	return kin_run(env);
}

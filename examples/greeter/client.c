/*
 * Greeter, a client: opens a session, calls, closes it
 */
#include <kin/kin.h>

#include <string.h>

#include "greeter_interface.h"

static int greet(struct kin_env *env, const struct kin_session *session, const char *name)
{
	struct greeter_greet_request request = { .name = "" };
	struct greeter_greet_reply reply;

	strncpy(request.name, name, GREETER_NAME_MAX);
	int r = greeter_greet(session->channel, &request, &reply);

	if (r)
		kin_error(env, "no greeting for \"%s\": %s", name, kin_answer_text(r));
	else
		kin_log(env, "%s (greeting %u)", reply.greeting, reply.count);
	return r;
}

int kin_main(struct kin_env *env)
{
	struct kin_session session = { 0 };
	struct kin_args args = { .label = "example" }; /* quotas of 0: the usual donation */

	kin_args_set(&args, "word", "Welcome");
	int r = kin_session_open(env, &session, &greeter_interface, &args);

	if (r) {
		kin_error(env, "no Greeter: %s", kin_answer_text(r));
		return 1;
	}
	greet(env, &session, "world");
	greeter_prefer(session.channel, &(struct greeter_prefer_request){ "Good evening" });
	r = greet(env, &session, "world");
	kin_session_close(&session);
	return r ? 1 : 0;
}

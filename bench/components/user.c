/*
 * A component that uses the server, says one line and lives on
 */
#include <kin/kin.h>

#include "bench_interface.h"

int kin_main(struct kin_env *env)
{
	struct kin_session session = { 0 };
	int r = kin_session_open(env, &session, &bench_interface, NULL);

	if (r == 0)
		r = bench_ping(session.channel, NULL, NULL);
	if (r) {
		kin_error(env, "can't use Bench: %s", kin_answer_text(r));
		return 1;
	}
	kin_log(env, "up");
	return kin_run(env);
}

/*
 * curious: tries to get at what nobody gave it
 *
 * A component is an ordinary program in C, so it can call what it likes. The kernel refuses what is
 * not made of its own capabilities.
 */
#include "cue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void outcome_log(struct kin_env *env, const char *what, int result)
{
	if (result < 0)
		kin_log(env, "I tried to %s: %s", what, strerror(errno));
	else
		kin_error(env, "I could %s!", what);
}

int kin_main(struct kin_env *env)
{
	struct kin_timer timer;
	struct cue cue;

	cue_wait(env);
	/* A service needs a route, which is our parent's business; the rest is the kernel's. */
	int r = kin_timer_open(env, &timer, NULL, NULL);

	kin_log(env, "I asked for a Timer: %s", r ? kin_answer_text(r) : "granted");
	outcome_log(env, "open /etc/passwd", open("/etc/passwd", O_RDONLY));
	outcome_log(env, "open a socket", socket(AF_INET, SOCK_STREAM, 0));
	outcome_log(env, "start a process", fork());
	kin_log(env, "so I stay with what I have");
	cue_give(env, &cue);
	return kin_run(env);
}

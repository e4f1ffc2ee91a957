/*
 * main: the only code of the library that begins and ends a process
 *
 * A component finds its capabilities at fixed descriptor numbers and starts without asking anybody:
 * its first message tells the parent that it is there, and needs no answer.
 *
 * Descriptors 0, 1 and 2 are closed at first. The loop's descriptor takes them: so no capability is
 * ever number 0, which means none, and what the C library writes to 2 in its last moments reaches
 * no session.
 */
#include <kin/env.h>

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "component/env.h"
#include "ipc/channel.h"
#include "wire/parent.h"

#define EXIT_NOT_STARTED 126

/* Memory is budget: grow the heap in small steps, and give back what is free at its end. */
#define HEAP_STEP_BYTES (32 * 1024)
#define HEAP_KEEP_BYTES (64 * 1024)

static int refuse(const char *why)
{
	ssize_t n = write(STDERR_FILENO, why, strlen(why));

	(void) n; /* there is nobody else to tell */
	return EXIT_NOT_STARTED;
}

/* What would take messages of a C library for something else: 0 is no capability, 2 no channel. */
static void low_descriptors_occupy(void)
{
	while (fcntl(STDERR_FILENO, F_GETFD) < 0 && fcntl(START_LOOP, F_DUPFD_CLOEXEC, 0) >= 0)
		;
}

void kin_exit(struct kin_env *env, int value)
{
	fflush(stdout);
	fflush(stderr);
	parent_exit(env->start.parent, &(struct parent_exit_request){ value });
	_exit(value & 0xff);
}

int main(void)
{
	const struct env_start start = { START_PARENT, START_SIGNAL, START_PD, START_CPU, START_LOG,
		START_BINARY, START_LOOP };
	struct kin_env env;

	if (!channel_check(START_PARENT))
		_exit(refuse("This program is a component of kin: name it in a start node, or try "
			     "'kin run'.\n"));
	mallopt(M_ARENA_MAX, 1); /* one for all threads: another reserves more than there is */
	mallopt(M_TOP_PAD, HEAP_STEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, HEAP_KEEP_BYTES);
	malloc_trim(HEAP_STEP_BYTES); /* the C library took more before main() */
	if (env_init(&env, &start) < 0)
		_exit(EXIT_NOT_STARTED);
	low_descriptors_occupy();
	if (env_stdio_open(&env) < 0)
		kin_exit(&env, EXIT_NOT_STARTED);
	kin_exit(&env, kin_main(&env));
}

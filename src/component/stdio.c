/*
 * stdout and stderr, for code that was not written for components
 *
 * Both become streams whose lines are log messages. Nothing is buffered before it is used, so a
 * component that never prints pays for two empty streams only.
 */
#include "component/env.h"

#include <errno.h>
#include <stdio.h>

#include <kin/log.h>

static ssize_t stream_write(void *cookie, const char *text, size_t n)
{
	if (n)
		kin_log_text(cookie, text, n);
	return (ssize_t) n;
}

int env_stdio_open(struct kin_env *env)
{
	const cookie_io_functions_t functions = { .write = stream_write };
	FILE *out = fopencookie(env, "w", functions);
	FILE *err = fopencookie(env, "w", functions);

	if (!out || !err)
		return -ENOMEM;
	setvbuf(out, NULL, _IOLBF, 0);
	setvbuf(err, NULL, _IOLBF, 0);
	stdout = out;
	stderr = err;
	return 0;
}

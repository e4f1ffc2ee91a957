/* The seam by which an init is a server itself, alive and dead: what it says is on its way. */
#include <errno.h>

#include "sim/kinds.h"

static int announce(void *ctx, const char *service)
{
	struct program *program = ctx;

	return program_call(program) ? server_announce(program->child, service) : -EPIPE;
}

static void deliver(void *ctx, uint32_t id, int cap)
{
	struct program *program = ctx;

	if (program_can_call(program))
		step_post(program, (struct message){ .server_id = id, .cap = cap });
	else
		cap_close(program, cap);
}

static void respond(void *ctx, uint32_t id, int answer)
{
	struct program *program = ctx;

	if (program_can_call(program))
		step_post(program, (struct message){ .server_id = id, .answer = answer });
}

const struct forward_ops forward_seam_ops = {
	.announce = announce, .deliver = deliver, .respond = respond
};

static void dead_respond(void *ctx, uint32_t id, int answer)
{
}

const struct forward_ops forward_dead_ops = { .respond = dead_respond };

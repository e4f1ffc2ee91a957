/* Starting a child; see the header. */
#include "host/program.h"

#include <stdlib.h>
#include <unistd.h>

#include <kin/interface/rom.h>

#include "engine/environment.h"
#include "host/child.h"
#include "ipc/channel.h"

/* A start that waits for the program; what it refers to are the child's environment sessions. */
struct host_program {
	struct host *host;
	struct child *child;
	struct child_start start;
	struct loop_source source;
};

static int start(struct host *host, struct child *child, const struct child_start *what)
{
	struct host_process ends;
	int r = host->ops->start(host, what, &ends);

	return r ? r : host_child_open(host, child, &ends);
}

static void on_answer(struct loop_source *source, uint32_t epoll_events)
{
	struct host_program *program =
		(struct host_program *) ((char *) source - offsetof(struct host_program, source));
	struct host *host = program->host;
	struct child *child = program->child;
	struct child_start what = program->start;
	struct rom_dataspace_reply reply = { 0 };
	int r = channel_answer(what.binary, &rom_interface, rom_dataspace_operation, &reply);

	if (r == -EAGAIN)
		return;
	host_program_cancel(child);
	if (r == 0) {
		what.program = reply.dataspace;
		r = start(host, child, &what);
		close(reply.dataspace);
	} else {
		owner_log(&host->owner, OWNER_ERROR, "%s: the server of its binary answers: %s",
			child->name, kin_answer_text(r));
		r = KIN_DENIED;
	}
	environment_started(child, r);
}

static int fetch(struct host *host, struct child *child, const struct child_start *what)
{
	struct host_program *program = calloc(1, sizeof(*program));

	if (!program)
		return -ENOMEM;
	program->host = host;
	program->child = child;
	program->start = *what;
	int r = channel_ask(what->binary, &rom_interface, rom_dataspace_operation, NULL);

	if (r == 0)
		r = loop_add(host->loop, &program->source, what->binary, on_answer);
	if (r) {
		free(program);
		return r;
	}
	child->host = program;
	return KIN_PENDING;
}

int host_program_start(struct host *host, struct child *child, const struct child_start *what)
{
	int r = start(host, child, what);

	return r == KIN_INVALID ? fetch(host, child, what) : r;
}

void host_program_cancel(struct child *child)
{
	struct host_program *program = child->host;

	loop_remove(program->host->loop, &program->source);
	child->host = NULL;
	free(program);
}

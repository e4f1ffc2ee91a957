/* Starting a child; see the header. */
#include "host/program.h"

#include <stdlib.h>
#include <unistd.h>

#include <kin/interface/rom.h>

#include "engine/environment.h"
#include "host/child.h"
#include "ipc/channel.h"

/* A start that waits for a module; what it refers to are the child's environment sessions. */
struct host_program {
	struct host *host;
	struct child *child;
	struct child_start start;
	int rom; /* the session that was asked */
	struct loop_source source;
};

static int start(struct host *host, struct child *child, const struct child_start *what)
{
	struct host_process ends;
	int r = host->ops->start(host, what, &ends);

	return r ? r : host_child_open(host, child, &ends);
}

static int fetch(struct host *host, struct child *child, const struct child_start *what, int rom);

/* Hands a module over and goes on as the answer says; @dataspace is 0 unless it was fetched. */
static int load(struct host *host, struct child *child, const struct child_start *what, int rom,
	int dataspace)
{
	int r = host->ops->load(host, what->account, rom, dataspace, what->ret_missing);

	if (r == KIN_MISSING && !dataspace)
		return fetch(host, child, what, rom);
	if (r)
		return r;
	return *what->ret_missing ? KIN_MISSING : start(host, child, what);
}

static void on_answer(struct loop_source *source, uint32_t epoll_events)
{
	struct host_program *program =
		(struct host_program *) ((char *) source - offsetof(struct host_program, source));
	struct host *host = program->host;
	struct child *child = program->child;
	struct child_start what = program->start;
	struct rom_dataspace_reply reply = { 0 };
	int rom = program->rom;
	int r = channel_answer(rom, &rom_interface, rom_dataspace_operation, &reply);

	if (r == -EAGAIN)
		return;
	host_program_cancel(child);
	if (r == 0) {
		r = load(host, child, &what, rom, reply.dataspace);
		close(reply.dataspace);
	} else {
		owner_log(&host->owner, OWNER_ERROR, "%s: the server of its %s answers: %s",
			child->name, what.module ? what.ret_missing : "binary", kin_answer_text(r));
		r = KIN_DENIED;
	}
	environment_started(child, r);
}

static int fetch(struct host *host, struct child *child, const struct child_start *what, int rom)
{
	struct host_program *program = calloc(1, sizeof(*program));

	if (!program)
		return -ENOMEM;
	program->host = host;
	program->child = child;
	program->start = *what;
	program->rom = rom;
	int r = channel_ask(rom, &rom_interface, rom_dataspace_operation, NULL);

	if (r == 0)
		r = loop_add(host->loop, &program->source, rom, on_answer);
	if (r) {
		free(program);
		return r;
	}
	child->host = program;
	return KIN_PENDING;
}

int host_program_start(struct host *host, struct child *child, const struct child_start *what)
{
	if (what->module)
		return load(host, child, what, what->module, 0);
	int r = start(host, child, what);

	return r == KIN_MISSING ? load(host, child, what, what->binary, 0) : r;
}

void host_program_cancel(struct child *child)
{
	struct host_program *program = child->host;

	loop_remove(program->host->loop, &program->source);
	child->host = NULL;
	free(program);
}

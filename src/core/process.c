/* Processes; see the header. */
#include "core/process.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <utlist.h>

#include <kin/answer.h>

#include "core/container.h"
#include "core/costs.h"
#include "core/cpu.h"
#include "core/descriptor.h"
#include "core/pd.h"
#include "core/services.h"

static void process_free(struct process *process)
{
	loop_remove(process->services->loop, &process->source);
	descriptor_close(&process->pidfd);
	descriptor_close(&process->statm);
	free(process);
}

/* What the process held is back; how it ended stays. */
static void process_ended(struct process *process)
{
	struct pd *pd = process->pd;

	loop_remove(process->services->loop, &process->source);
	descriptor_close(&process->pidfd);
	descriptor_close(&process->statm);
	process->pid = 0;
	process->ended = true;
	pd_uncharge(pd, process->cost);
	pd_objects_hang_up(pd);
	if (pd->cpu)
		pd->cpu->pd = NULL;
	pd->cpu = NULL;
}

void process_poll(struct process *process)
{
	if (process->ended)
		return;
	int r = process_wait(process->pidfd, &process->end);

	if (r == PROCESS_E_RUNNING)
		return;
	assert(r == 0);
	if (process->pd) {
		process_ended(process);
	} else {
		DL_DELETE(process->services->graveyard, process);
		process_free(process);
	}
}

static void process_handle(struct loop_source *source, uint32_t epoll_events)
{
	process_poll(CONTAINER_OF(source, struct process, source));
}

/* Ends what was started only just now. It has no way to delay its death, so this wait is short. */
static void process_undo(struct process *process)
{
	siginfo_t info;

	process_kill(process->pidfd);
	while (waitid(P_PIDFD, (id_t) process->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	process_free(process);
}

static int process_watch(struct process *process)
{
	int r = limits_open_statm(process->pid, &process->statm);

	return r < 0 ? r
		     : loop_add(process->services->loop, &process->source, process->pidfd,
			       process_handle);
}

int process_new(struct pd *pd, const struct spawn_request *request, struct process **ret)
{
	struct core_services *services = pd->session.services;
	struct process *process = calloc(1, sizeof(*process));
	struct spawn_result started;
	struct spawn_fault fault;

	if (!process)
		return -ENOMEM;
	process->services = services;
	process->pd = pd;
	process->limit_bytes = request->limits.data_bytes;
	process->descriptors_max = request->limits.descriptors_max;
	if (spawner_start(services->spawner, request, &fault, &started)) {
		core_log(services, OWNER_ERROR, "%s: cannot start: %s: %s", pd->session.label,
			fault.step, strerror(fault.error));
		free(process);
		return KIN_DENIED;
	}
	process->pid = started.pid;
	process->pidfd = started.pidfd;
	int r = process_watch(process);

	if (r < 0) {
		process_undo(process);
		return r;
	}
	*ret = process;
	return 0;
}

void process_stop(struct process *process)
{
	if (!process->ended)
		process_kill(process->pidfd);
}

void process_bury(struct process *process)
{
	if (!process)
		return;
	process->pd->process = NULL;
	process->pd = NULL;
	if (process->ended) {
		process_free(process);
		return;
	}
	process_kill(process->pidfd);
	DL_APPEND(process->services->graveyard, process);
}

void process_graveyard_done(struct core_services *services)
{
	struct process *process, *next;
	int patience_ms = GRAVEYARD_LINGER_MS;

	DL_FOREACH_SAFE (services->graveyard, process, next) {
		struct pollfd end = { .fd = process->pidfd, .events = POLLIN };

		if (poll(&end, 1, patience_ms) <= 0)
			patience_ms = 0;
		process_wait(process->pidfd, &process->end);
		DL_DELETE(services->graveyard, process);
		process_free(process);
	}
}

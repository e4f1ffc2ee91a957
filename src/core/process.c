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
#include "core/threads.h"

/* What was its own beside the account; its process has been waited for, or there was none. */
static void process_leave(struct process *process)
{
	struct spawner *spawner = process->services->spawner;

	threads_close(process->threads);
	process->threads = NULL;
	descriptor_close(&process->pidfd);
	descriptor_close(&process->statm);
	cgroup_leaf_close(&spawner->cgroups, &process->cgroup);
	identity_give(&spawner->identities, process->uid);
	process->uid = 0;
}

static void process_free(struct process *process)
{
	loop_remove(process->services->loop, &process->source);
	process_leave(process);
	ends_close(&process->parent);
	descriptor_close(&process->loop);
	free(process);
}

/* What the process held is back; how it ended stays. */
static void process_ended(struct process *process)
{
	struct pd *pd = process->pd;

	loop_remove(process->services->loop, &process->source);
	process_leave(process);
	descriptor_close(&process->loop);
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

/* Takes the listener of its threads, which is 0 if it may have but one. */
static int process_watch(struct process *process, unsigned threads_max, int take_listener)
{
	int r = take_listener ? threads_open(process, threads_max, take_listener, &process->threads)
			      : 0;

	if (r >= 0)
		r = limits_open_statm(process->pid, &process->statm);
	return r < 0 ? r
		     : loop_add(process->services->loop, &process->source, process->pidfd,
			       process_handle);
}

/* Return: 0, KIN_DENIED (logged) or negative errno */
static int process_prepare(
	struct process *process, struct spawn_request *request, unsigned weight, int *ret_procs)
{
	struct spawner *spawner = process->services->spawner;
	const char *label = process->pd->session.label;
	int r = 0;

	if (spawner->identities.n) {
		process->uid = identity_take(&spawner->identities);
		request->uid = process->uid;
		request->limits.tasks_max = request->threads_max;
		if (!process->uid) {
			core_log(process->services, OWNER_ERROR,
				"%s: cannot start: no user ID of the range is left", label);
			return KIN_DENIED;
		}
	}
	if (spawner->cgroups.folder)
		r = cgroup_leaf_open(&spawner->cgroups, request->limits.address_bytes, weight,
			request->threads_max, &process->cgroup, ret_procs);
	if (r < 0) {
		core_log(process->services, OWNER_ERROR, "%s: cannot start: control group: %s",
			label, strerror(-r));
		return KIN_DENIED;
	}
	request->cgroup_procs = *ret_procs;
	return 0;
}

static int process_begin(
	struct process *process, struct spawn_request *request, unsigned weight, int *ret_listener)
{
	DESCRIPTOR_AUTO procs = 0;
	struct spawn_result started;
	struct spawn_fault fault;
	int r = process_prepare(process, request, weight, &procs);

	if (r)
		return r;
	if (spawner_start(process->services->spawner, request, &fault, &started)) {
		core_log(process->services, OWNER_ERROR, "%s: cannot start: %s: %s",
			process->pd->session.label, fault.step, strerror(fault.error));
		return KIN_DENIED;
	}
	process->pid = started.pid;
	process->pidfd = started.pidfd;
	*ret_listener = started.listener;
	return 0;
}

int process_new(struct pd *pd, struct spawn_request *request, unsigned weight, struct process **ret)
{
	struct process *process = calloc(1, sizeof(*process));
	int listener = 0;

	if (!process)
		return -ENOMEM;
	process->services = pd->session.services;
	process->pd = pd;
	process->limit_bytes = request->limits.data_bytes;
	process->descriptors_max = request->limits.descriptors_max;
	process->descriptors_ever = request->limits.descriptors_max;
	process->address_bytes = request->limits.address_bytes;
	process->n_modules = (unsigned) request->n_modules;
	int r = process_begin(process, request, weight, &listener);

	if (r) {
		process_free(process);
		return r;
	}
	r = process_watch(process, request->threads_max, listener);
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
	/* its capabilities are its parent's again: no more of it here than it takes to see its end
	 */
	threads_close(process->threads);
	process->threads = NULL;
	descriptor_close(&process->statm);
	descriptor_close(&process->loop);
	ends_close(&process->parent);
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

/* Large dataspaces that are freed; see the header. */
#include "core/sweep.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "core/container.h"
#include "core/costs.h"
#include "core/descriptor.h"
#include "core/linux/memfd.h"
#include "core/pd.h"
#include "core/services.h"

static int compare(const void *left, const void *right)
{
	return *(const int *) left - *(const int *) right;
}

/*
 * In the child, whose copy of all @fds is. All other descriptors go first: somebody may wait for
 * what their end brings about.
 */
__attribute__((noreturn)) static void sweep_run(int *fds, size_t n_fds)
{
	unsigned next = 0;

	qsort(fds, n_fds, sizeof(*fds), compare);
	for (size_t i = 0; i < n_fds; i++) {
		if ((unsigned) fds[i] > next)
			close_range(next, (unsigned) fds[i] - 1, 0);
		next = (unsigned) fds[i] + 1;
	}
	close_range(next, UINT_MAX, 0);
	for (size_t i = 0; i < n_fds; i++)
		ram_memfd_revoke(fds[i]);
	_exit(0);
}

static void sweep_end(struct sweep *sweep)
{
	struct core_services *services = sweep->services;
	idtype_t type = sweep->pidfd ? P_PIDFD : P_PID;
	id_t id = (id_t) (sweep->pidfd ? sweep->pidfd : sweep->pid);
	siginfo_t info;

	/* the first process of a machine may have waited for it already */
	while (waitid(type, id, &info, WEXITED) < 0 && errno == EINTR)
		;
	loop_remove(services->loop, &sweep->source);
	descriptor_close(&sweep->pidfd);
	DL_DELETE(services->sweeps, sweep);
	services->n_sweeps--;
	if (sweep->pd)
		pd_swept(sweep->pd, sweep->cost);
	free(sweep);
}

static void sweep_handle(struct loop_source *source, uint32_t epoll_events)
{
	sweep_end(CONTAINER_OF(source, struct sweep, source));
}

static int sweep_fork(struct sweep *sweep, int *fds, size_t n_fds)
{
	sweep->pid = fork();
	if (sweep->pid < 0)
		return -errno;
	if (sweep->pid == 0)
		sweep_run(fds, n_fds);
	int pidfd = (int) syscall(SYS_pidfd_open, sweep->pid, 0);

	if (pidfd < 0)
		return -errno;
	sweep->pidfd = pidfd;
	return loop_add(sweep->services->loop, &sweep->source, pidfd, sweep_handle);
}

int sweep_begin(
	struct core_services *services, struct pd *pd, int *fds, size_t n_fds, struct quota cost)
{
	struct sweep *sweep;

	if (services->n_sweeps == SWEEPS_MAX)
		return -EAGAIN;
	sweep = calloc(1, sizeof(*sweep));
	if (!sweep)
		return -ENOMEM;
	sweep->services = services;
	sweep->cost = cost;
	services->n_sweeps++;
	DL_APPEND(services->sweeps, sweep);
	int r = sweep_fork(sweep, fds, n_fds);

	if (r < 0 && sweep->pid <= 0) {
		DL_DELETE(services->sweeps, sweep);
		services->n_sweeps--;
		free(sweep);
		return r;
	}
	sweep->pd = pd;
	if (pd)
		pd->n_sweeps++;
	if (r < 0)
		sweep_end(sweep); /* nothing would tell, so it is waited for */
	return 0;
}

static int elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int) ((now.tv_sec - since->tv_sec) * 1000 +
		      (now.tv_nsec - since->tv_nsec) / 1000000);
}

void sweep_wait(struct pd *pd)
{
	struct sweep *sweep, *next;
	struct timespec begin;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	DL_FOREACH_SAFE (pd->session.services->sweeps, sweep, next) {
		struct pollfd end = { .fd = sweep->pidfd, .events = POLLIN };
		int left_ms = SWEEP_WAIT_MS - elapsed_ms(&begin);

		if (sweep->pd == pd && poll(&end, 1, left_ms > 0 ? left_ms : 0) > 0)
			sweep_end(sweep);
	}
}

void sweep_forget(struct pd *pd)
{
	struct sweep *sweep;

	DL_FOREACH (pd->session.services->sweeps, sweep)
		if (sweep->pd == pd)
			sweep->pd = NULL;
}

void sweeps_done(struct core_services *services)
{
	while (services->sweeps)
		sweep_end(services->sweeps);
}

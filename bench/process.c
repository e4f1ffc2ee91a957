/* Processes; see the header. */
#include "process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void bench_fail(const char *what)
{
	fprintf(stderr, "bench: %s (%s)\n", what, strerror(errno));
	exit(1);
}

void cores_apply(enum cores cores)
{
	cpu_set_t set;
	int first = 0;

	if (cores == CORES_ALL)
		return;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		bench_fail("sched_getaffinity");
	while (!CPU_ISSET(first, &set))
		first++;
	CPU_ZERO(&set);
	CPU_SET(first, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		bench_fail("sched_setaffinity");
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

pid_t process_start(const char *const *argv, int output)
{
	pid_t pid = vfork();

	if (pid < 0)
		bench_fail("vfork");
	if (pid == 0) {
		dup2(output, STDOUT_FILENO);
		execv(argv[0], (char *const *) argv);
		_exit(127);
	}
	return pid;
}

int process_end(pid_t pid, int signal)
{
	int status;

	if (signal)
		kill(pid, signal);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bench_fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

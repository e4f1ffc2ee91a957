/*
 * Counts: how many system calls one of something takes, and in which program
 *
 * Time varies, counts don't. A tree is run twice under ptrace, with few and with many; what
 * differs, divided, is the cost of one. Tracing slows everything down, so nothing is timed here.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figure.h"
#include "tree.h"

#define PROCESSES_MAX 64
#define OPTIONS_TRACE \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

/* Named as the processes are; those of ROLE_IDLE have a number as well. */
enum role { ROLE_CORE, ROLE_INIT, ROLE_CLIENT, ROLE_SERVER, ROLE_IDLE, ROLES };

static const char *const ROLE_NAMES[ROLES] = { "core", "init", "client", "server", "idle" };

struct traced {
	pid_t pid;
	enum role role;
	bool in_call; /* the next stop is the end of a call */
};

struct counts {
	unsigned long calls[ROLES];
	struct traced processes[PROCESSES_MAX];
	size_t n;
};

static struct traced *counts_process(struct counts *counts, pid_t pid)
{
	for (size_t i = 0; i < counts->n; i++)
		if (counts->processes[i].pid == pid)
			return &counts->processes[i];
	if (counts->n == PROCESSES_MAX)
		bench_fail("too many processes to trace");
	/* Until it executes its own program it counts for who starts it. */
	counts->processes[counts->n] = (struct traced){ pid, ROLE_CORE, false };
	return &counts->processes[counts->n++];
}

/* By the name that it was started by, such as "init" or "idle-7". Core has a path instead. */
static enum role role_of(pid_t pid)
{
	char path[32], name[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int) pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0)
		bench_fail(path);
	close(fd);
	for (int role = ROLE_INIT; role < ROLES; role++)
		if (strncmp(name, ROLE_NAMES[role], strlen(ROLE_NAMES[role])) == 0)
			return (enum role) role;
	return ROLE_CORE;
}

/* Return: the signal that the process goes on with. */
static int counts_stopped(struct counts *counts, pid_t pid, int status)
{
	struct traced *process = counts_process(counts, pid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		if (!process->in_call)
			counts->calls[process->role]++;
		process->in_call = !process->in_call;
		return 0;
	}
	if (event == PTRACE_EVENT_EXEC)
		process->role = role_of(pid);
	return event ? 0 : signal;
}

static pid_t traced_start(const struct tree_command *command)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (pid < 0 || null < 0)
		bench_fail("fork");
	if (pid == 0) {
		dup2(null, STDOUT_FILENO);
		raise(SIGSTOP);
		execv(command->argv[0], (char *const *) command->argv);
		_exit(127);
	}
	close(null);
	if (waitpid(pid, NULL, WUNTRACED) < 0 ||
		ptrace(PTRACE_SEIZE, pid, NULL, (void *) OPTIONS_TRACE) < 0)
		bench_fail("ptrace");
	kill(pid, SIGCONT);
	return pid;
}

/* Runs a tree to the end of all its processes. */
static void counts_take(struct counts *counts, const char *config, const char *for_ms)
{
	struct tree_command command;
	int status, core_status = 0;
	pid_t pid;

	*counts = (struct counts){ .n = 0 };
	tree_command_init(&command, config, for_ms);
	pid_t core = traced_start(&command);

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			core_status = pid == core ? status : core_status;
			continue;
		}
		long signal = counts_stopped(counts, pid, status);

		/* Who is gone by now needs no push. */
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *) signal) < 0 && errno != ESRCH)
			bench_fail("ptrace");
	}
	tree_command_done(&command);
	if (core_status != 0)
		bench_fail("a traced tree ended with an error");
}

static void counts_figures(struct figures *figures, const char *what, unsigned long n,
	const struct counts *few, const struct counts *many)
{
	for (int role = 0; role < ROLES; role++) {
		double calls = (double) many->calls[role] - (double) few->calls[role];

		if (calls < 1)
			continue;
		struct figure *figure = figure_add(
			figures, "System calls", "calls", "%s: %s", what, ROLE_NAMES[role]);

		samples_add(&figure->value, calls / (double) n);
	}
}

static void count_client(struct figures *figures, const char *measure, const char *what)
{
	static char config[TREE_CONFIG_MAX];
	static struct counts few, many;
	const unsigned long measured = 50, warm_up = 5; /* see client.c */

	tree_config_client(measure, measured, config);
	counts_take(&few, config, "0");
	tree_config_client(measure, 3 * measured, config);
	counts_take(&many, config, "0");
	counts_figures(figures, what, 2 * (measured + warm_up), &few, &many);
}

static void count_start(struct figures *figures)
{
	static char config[TREE_CONFIG_MAX];
	static struct counts few, many;
	const char *settled_ms = "1500"; /* by then all have long done what they do */

	tree_config_idle(10, config);
	counts_take(&few, config, settled_ms);
	tree_config_idle(30, config);
	counts_take(&many, config, settled_ms);
	counts_figures(figures, "start and end", 20, &few, &many);
}

void count_measure(struct figures *figures)
{
	count_client(figures, "ping", "RPC");
	count_client(figures, "session", "open+close");
	count_client(figures, "dataspace", "dataspace");
	count_client(figures, "signal", "signal");
	count_client(figures, "log", "log line");
	count_start(figures);
}

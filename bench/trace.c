/*
 * Traces; see the header
 *
 * By ptrace, which stops a process where a system call begins and where it ends. A message is a
 * sendmsg() that succeeded: nothing of ours sends by any other call.
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tree.h"

#define PROCESSES_MAX 64
#define OPTIONS_TRACE \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

/* Named as the processes are, but for core; those that idle have a number as well. */
const char *const ROLE_NAMES[ROLES] = { "core", "init", "init-2", "init-3", "init-4", "init-5",
	"client", "server", "idle" };

struct traced {
	pid_t pid;
	enum role role;
	uint64_t call; /* the number of its latest */
};

struct tracer {
	struct trace *trace;
	struct traced processes[PROCESSES_MAX];
	size_t n;
};

static struct traced *tracer_process(struct tracer *tracer, pid_t pid)
{
	for (size_t i = 0; i < tracer->n; i++)
		if (tracer->processes[i].pid == pid)
			return &tracer->processes[i];
	if (tracer->n == PROCESSES_MAX)
		bench_fail("too many processes to trace");
	/* Until it executes its own program it counts for who starts it. */
	tracer->processes[tracer->n] = (struct traced){ pid, ROLE_CORE, 0 };
	return &tracer->processes[tracer->n++];
}

/* By the name that it was started by, such as "init-2" or "idle-7". Core has a path instead. */
static enum role role_of(pid_t pid)
{
	char path[32], name[64] = "";
	int role = ROLES - 1;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int) pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0)
		bench_fail(path);
	close(fd);
	/* Backwards, as "init" is the beginning of what follows it. */
	while (role > ROLE_CORE && strncmp(name, ROLE_NAMES[role], strlen(ROLE_NAMES[role])) != 0)
		role--;
	return (enum role) role;
}

static void tracer_call(struct tracer *tracer, struct traced *process)
{
	struct __ptrace_syscall_info info;

	/* It may have been killed while it was stopped. */
	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, (void *) sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		tracer->trace->calls[process->role]++;
		process->call = info.entry.nr;
	} else if (process->call == SYS_sendmsg && !info.exit.is_error) {
		tracer->trace->messages[process->role]++;
	}
}

/* Return: the signal that the process goes on with. */
static int tracer_stopped(struct tracer *tracer, pid_t pid, int status)
{
	struct traced *process = tracer_process(tracer, pid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		tracer_call(tracer, process);
		return 0;
	}
	if (event == PTRACE_EVENT_EXEC)
		process->role = role_of(pid);
	return event ? 0 : signal;
}

static pid_t traced_start(const struct tree_command *command, int output)
{
	pid_t pid = fork();

	if (pid < 0)
		bench_fail("fork");
	if (pid == 0) {
		dup2(output, STDOUT_FILENO);
		raise(SIGSTOP);
		execv(command->argv[0], (char *const *) command->argv);
		_exit(127);
	}
	if (waitpid(pid, NULL, WUNTRACED) < 0 ||
		ptrace(PTRACE_SEIZE, pid, NULL, (void *) OPTIONS_TRACE) < 0)
		bench_fail("ptrace");
	kill(pid, SIGCONT);
	return pid;
}

/* Reads what the tree says, in a process of its own: the tracer may wait for nothing but stops. */
static pid_t reader_start(struct lines *lines, pid_t core, unsigned up)
{
	pid_t pid = fork();

	if (pid < 0)
		bench_fail("fork");
	if (pid)
		return pid;
	if (up) {
		lines_expect(lines, "] up", up);
		kill(core, SIGTERM);
	}
	while (lines_next(lines))
		continue;
	_exit(0);
}

/* Return: whether core and reader ended without an error. */
static bool tracer_run(struct tracer *tracer, pid_t core, pid_t reader)
{
	bool well = true;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			well = well && ((pid != core && pid != reader) || status == 0);
			continue;
		}
		long signal = tracer_stopped(tracer, pid, status);

		/* Who is gone by now needs no push. */
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *) signal) < 0 && errno != ESRCH)
			bench_fail("ptrace");
	}
	return well;
}

void trace_tree(const char *config, unsigned up, struct trace *ret)
{
	struct tracer tracer = { .trace = ret };
	static struct lines lines;
	struct tree_command command;
	int output;

	*ret = (struct trace){ 0 };
	tree_command_init(&command, config);
	lines_open(&lines, &output);
	pid_t core = traced_start(&command, output);

	close(output);
	tree_command_done(&command);
	if (!tracer_run(&tracer, core, reader_start(&lines, core, up)))
		bench_fail("a traced tree ended with an error");
	lines_close(&lines);
}

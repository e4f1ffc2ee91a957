/*
 * Starting a component: see spawn.h
 *
 * Two programs share this file and, for the moments between clone and exec, one memory: core, which
 * sleeps meanwhile, and the child, which runs the steps of CHILD_STEPS on a stack of its own. The
 * child makes raw system calls only; it reports a step that failed by leaving it in `struct start`.
 *
 * The order of the steps is the point: privileges go first, the descriptor table is split from
 * core's before anything in it is closed, and the system call filter comes last because it would
 * forbid the rest. A component with threads gets the filter that asks about them early: so its
 * listener opens in core's own table, above the part that is copied, and the child never has it.
 * Nothing of what is left to do until exec is asked about.
 */
#include "core/linux/spawn.h"

#include "core/linux/landlock.h"
#include "core/linux/loader.h"
#include "core/linux/memfd.h"
#include "core/linux/thread_calls.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STAGING_FIRST  SPAWN_DESCRIPTOR_FIRST
#define STAGING_BINARY (STAGING_FIRST + SPAWN_DESCRIPTORS_MAX)
#define STAGING_END    MODULES_END /* modules come after the binary */

_Static_assert(STAGING_BINARY + 1 == MODULE_FIRST, "staging numbers overlap");

#define CHILD_STACK_BYTES (32u << 10)
#define SIGNALS_END       65 /* one above the kernel's last */

/* Sanitizers keep books about the stack of their thread, and this is none of theirs */
#define CHILD_CODE __attribute__((noinline, no_sanitize("address", "undefined")))

/* One start, seen by both sides */
struct start {
	const struct spawner *spawner;
	const struct spawn_request *request;
	struct limits_plan limits;
	unsigned filter; /* its kinds */
	pid_t core;
	char *argv[2];
	char *envp[MODULES_MAX + 1]; /* names of the modules, for the loader alone */
	int *listener;               /* the child's report, if it may have threads */
	size_t step;                 /* of CHILD_STEPS, likewise */
	int error;                   /* errno of that step, 0 unless it failed */
};

/* The child's half */

CHILD_CODE static long child_join_cgroup(const struct start *start)
{
	if (!start->request->cgroup_procs)
		return 0;
	return syscall(SYS_write, start->request->cgroup_procs, "0", 1);
}

/* Before the death signal, which a change of the user takes away */
CHILD_CODE static long child_take_identity(const struct start *start)
{
	uid_t uid = start->request->uid;

	if (!uid)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, uid, uid, uid) < 0)
		return -1;
	return syscall(SYS_setresuid, uid, uid, uid);
}

CHILD_CODE static long child_join_core(const struct start *start)
{
	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, (long) SIGKILL, 0L, 0L, 0L) < 0)
		return -1;
	/* core may have died before the line above */
	if (syscall(SYS_getppid) != start->core) {
		errno = ESRCH;
		return -1;
	}
	return 0;
}

/* Not a session: with autogroups nice values count only within one, and this is core's */
CHILD_CODE static long child_make_group(const struct start *start)
{
	(void) start;
	return syscall(SYS_setpgid, 0, 0);
}

CHILD_CODE static long child_set_nice(const struct start *start)
{
	struct sched_param none = { 0 };
	int nice = start->request->nice;

	if (nice < SPAWN_NICE_IDLE)
		return syscall(SYS_setpriority, PRIO_PROCESS, 0, nice);
	if (syscall(SYS_setpriority, PRIO_PROCESS, 0, SPAWN_NICE_IDLE - 1) < 0)
		return -1;
	return syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &none);
}

CHILD_CODE static long child_set_affinity(const struct start *start)
{
	if (!start->request->cpus)
		return 0;
	return syscall(SYS_sched_setaffinity, 0, sizeof(cpu_set_t), start->request->cpus);
}

CHILD_CODE static long child_forgo_privileges(const struct start *start)
{
	(void) start;
	return syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}

/*
 * Before the limits: the listener has a number of core's, above every one that the child keeps, as
 * those below are taken, and perhaps above what the child may have
 */
CHILD_CODE static long child_ask_for_threads(const struct start *start)
{
	long listener;

	if (start->request->threads_max < 2)
		return 0;
	listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		&THREAD_FILTER);
	if (listener > 0)
		*start->listener = (int) listener;
	return listener;
}

CHILD_CODE static long child_set_limits(const struct start *start)
{
	for (size_t i = 0; i < LIMITS_PLAN_LINES; i++) {
		if (syscall(SYS_prlimit64, 0, start->limits.lines[i].resource,
			    &start->limits.lines[i].limit, NULL) < 0)
			return -1;
	}
	return 0;
}

/* Core may be root. Without privileges of its own, the exec of root's can't give any back */
CHILD_CODE static long child_drop_capabilities(const struct start *start)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void) start;
	return syscall(SYS_capset, &header, none);
}

/* Comes before the descriptors are split: the ruleset is not among the staged ones */
CHILD_CODE static long child_enter_landlock(const struct start *start)
{
	if (start->spawner->landlock_fd < 0)
		return 0;
	return syscall(SYS_landlock_restrict_self, start->spawner->landlock_fd, 0);
}

/*
 * Until here the table is core's own. Now the child gets a copy of the part below the range, and
 * only of that. Staging numbers without a request are closed by exec.
 */
CHILD_CODE static long child_split_descriptors(const struct start *start)
{
	unsigned end = start->request->n_modules ? MODULES_END : MODULE_FIRST;

	if (syscall(SYS_close_range, end, ~0u, CLOSE_RANGE_UNSHARE) < 0)
		return -1;
	return syscall(SYS_close_range, 0, STAGING_FIRST - 1, 0);
}

/* Handlers first: once a signal may arrive, none of core's must run here */
CHILD_CODE static long child_reset_signals(const struct start *start)
{
	unsigned long action[4] = { 0 }; /* the kernel's structure; all zero is SIG_DFL */
	unsigned long none = 0;

	for (int number = 1; number < SIGNALS_END; number++) {
		if ((start->spawner->signals >> (number - 1) & 1) &&
			syscall(SYS_rt_sigaction, number, action, NULL, sizeof(none)) < 0)
			return -1;
	}
	return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

CHILD_CODE static long child_enter_filter(const struct start *start)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
		&start->spawner->filters[start->filter].program);
}

CHILD_CODE static long child_exec(const struct start *start)
{
	const struct exec_secret *secret = &start->spawner->secret;

	return syscall(SYS_execveat, secret->dirfd, "", start->argv, start->envp, secret->flags);
}

static const struct {
	const char *name;
	long (*run)(const struct start *start);
} CHILD_STEPS[] = {
	{ "control group", child_join_cgroup },
	{ "identity", child_take_identity },
	{ "death signal", child_join_core },
	{ "group", child_make_group },
	{ "nice", child_set_nice },
	{ "affinity", child_set_affinity },
	{ "no new privileges", child_forgo_privileges },
	{ "threads (user notifications of seccomp)", child_ask_for_threads },
	{ "limits", child_set_limits },
	{ "capabilities", child_drop_capabilities },
	{ "Landlock", child_enter_landlock },
	{ "descriptors", child_split_descriptors },
	{ "signals", child_reset_signals },
	{ "seccomp", child_enter_filter },
	{ "exec", child_exec },
};

_Static_assert(sizeof(CHILD_STEPS) == SPAWN_STEPS * sizeof(*CHILD_STEPS), "not their number");

CHILD_CODE static void child_note_time(const struct start *start)
{
	struct timespec now;

	if (!start->request->step_ns)
		return;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	start->request->step_ns[start->step] =
		(uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

CHILD_CODE static long child_step(const struct start *start)
{
	child_note_time(start);
	return CHILD_STEPS[start->step].run(start);
}

/* Never returns to core's frames: it ends in the new program or in exit */
CHILD_CODE __attribute__((noreturn)) static int child_main(void *argument)
{
	struct start *start = argument;

	for (start->step = 0; child_step(start) >= 0; start->step++)
		;
	start->error = errno;
	for (;;)
		syscall(SYS_exit_group, 127);
}

/* Core's half */

static void fault_set(struct spawn_fault *fault, const char *name, const char *step, int error)
{
	fault->step = step;
	fault->error = error;
	snprintf(fault->text, sizeof(fault->text), "%.*s: cannot start: %s: %s", SPAWN_NAME_MAX,
		name, step, strerror(error));
}

/* Each module to its number, and the program to those left over; 0 or negative errno */
static int staging_fill_modules(const struct spawn_request *request)
{
	for (size_t i = 0; i < MODULES_MAX && request->n_modules; i++) {
		const struct spawn_module *module =
			&request->modules[i < request->n_modules ? i : MODULE_PROGRAM];

		if (dup3(module->fd, MODULE_FIRST + (int) i, 0) < 0)
			return -errno;
	}
	return 0;
}

/* All requested descriptors to their numbers, inherited; 0 or negative errno */
static int staging_fill(const struct spawner *spawner, const struct spawn_request *request)
{
	int binary = request->n_modules ? spawner->loader_fd : request->binary_fd;

	for (size_t i = 0; i < request->n_descriptors; i++) {
		int fd = request->descriptors[i];

		assert(fd == -1 || fd >= STAGING_END || (fd >= 0 && fd < STAGING_FIRST));
		if (fd >= 0 && dup3(fd, STAGING_FIRST + (int) i, 0) < 0)
			return -errno;
	}
	if (dup3(binary, STAGING_BINARY, O_CLOEXEC) < 0)
		return -errno;
	return staging_fill_modules(request);
}

static void staging_clear(const struct spawner *spawner, const struct spawn_request *request)
{
	int end = request->n_modules ? MODULES_END : MODULE_FIRST;
	int done = 0;

	for (size_t i = 0; i < request->n_descriptors && done >= 0; i++)
		done = dup3(spawner->null_fd, STAGING_FIRST + (int) i, O_CLOEXEC);
	for (int number = STAGING_BINARY; number < end && done >= 0; number++)
		done = dup3(spawner->null_fd, number, O_CLOEXEC);
	assert(done >= 0);
}

/* What the components of a kind share, made when the first one starts */
static int kinds_prepare(struct spawner *spawner, unsigned kinds)
{
	struct syscall_filter *filter = &spawner->filters[kinds];
	int error = 0;

	if (!filter->program.filter)
		error = syscall_filter_init(filter, &spawner->secret, kinds);
	if (!error && (kinds & SYSCALL_FILTER_DYNAMIC) && spawner->loader_fd < 0)
		error = rom_memfd_fill(
			loader_image, loader_image_bytes, "loader", &spawner->loader_fd);
	if (!error && (kinds & SYSCALL_FILTER_THREADS))
		error = thread_calls_check();
	return error;
}

static unsigned kinds_of(const struct spawn_request *request)
{
	return (request->n_modules ? SYSCALL_FILTER_DYNAMIC : 0) |
	       (request->threads_max > 1 ? SYSCALL_FILTER_THREADS : 0);
}

/*
 * Clones with every signal blocked, so that no handler of core's runs in the child on core's
 * memory. Returns when the child has exec'd or ended.
 */
static pid_t child_clone(struct start *start, int *ret_pidfd)
{
	const struct spawner *spawner = start->spawner;
	int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | SIGCHLD;
	sigset_t all, before;
	int pidfd = -1;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone(child_main, spawner->stack + spawner->stack_bytes, flags, start, &pidfd);
	if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid >= 0)
		*ret_pidfd = pidfd;
	return pid;
}

/* The child has left its program and is on its way out: this wait does not depend on anyone */
static void child_reap(int pidfd)
{
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	close(pidfd);
}

static int staged_start(struct start *start, struct spawn_fault *fault, struct spawn_result *ret)
{
	const char *name = start->request->name;
	int pidfd;
	pid_t pid = child_clone(start, &pidfd);

	if (pid < 0) {
		fault_set(fault, name, "clone", -pid);
		return SPAWN_E_FAILED;
	}
	if (start->error) {
		if (*start->listener)
			close(*start->listener);
		child_reap(pidfd);
		fault_set(fault, name, CHILD_STEPS[start->step].name, start->error);
		return SPAWN_E_FAILED;
	}
	ret->pid = pid;
	ret->pidfd = pidfd;
	ret->listener = *start->listener;
	return 0;
}

int spawner_start(struct spawner *spawner, const struct spawn_request *request,
	struct spawn_fault *fault, struct spawn_result *ret)
{
	char name[SPAWN_NAME_MAX + 1];
	int listener = 0;
	struct start start = { .spawner = spawner,
		.request = request,
		.limits = spawner->limits,
		.filter = kinds_of(request),
		.core = getpid(),
		.argv = { name, NULL },
		.listener = &listener };
	const char *step = request->n_modules ? "dynamic linking" : "seccomp";
	int answer = SPAWN_E_FAILED, error;

	assert(request->n_descriptors <= SPAWN_DESCRIPTORS_MAX);
	assert(request->n_modules <= MODULES_MAX);
	snprintf(name, sizeof(name), "%s", request->name);
	for (size_t i = 0; i < request->n_modules; i++)
		start.envp[i] = (char *) request->modules[i].name;
	limits_plan_set(&start.limits, &request->limits);
	error = kinds_prepare(spawner, start.filter);
	if (!error) {
		step = "descriptors";
		error = staging_fill(spawner, request);
	}
	if (error)
		fault_set(fault, name, step, -error);
	else
		answer = staged_start(&start, fault, ret);
	staging_clear(spawner, request);
	return answer;
}

/* The spawner itself */

/* Has someone else opened one of the staging numbers? */
static bool staging_taken(void)
{
	for (int number = STAGING_FIRST; number < STAGING_END; number++) {
		if (fcntl(number, F_GETFD) >= 0)
			return true;
	}
	return false;
}

static int staging_reserve(struct spawner *spawner)
{
	int opened, error;

	if (staging_taken())
		return -EBUSY;
	opened = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (opened < 0)
		return -errno;
	spawner->null_fd = fcntl(opened, F_DUPFD_CLOEXEC, STAGING_END);
	error = spawner->null_fd < 0 ? -errno : 0;
	/* nearly always the first staging number, but 0 to 2 may have been free */
	close(opened);
	for (int number = STAGING_FIRST; number < STAGING_END && !error; number++) {
		if (dup3(spawner->null_fd, number, O_CLOEXEC) < 0)
			error = -errno;
	}
	return error;
}

static int stack_reserve(struct spawner *spawner)
{
	size_t guard = (size_t) sysconf(_SC_PAGESIZE);
	size_t size = guard + CHILD_STACK_BYTES;
	char *stack = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return -errno;
	spawner->stack = stack;
	spawner->stack_bytes = size;
	return mprotect(stack, guard, PROT_NONE) < 0 ? -errno : 0;
}

/* An empty range at the very top: asks whether the flag is known, closes nothing */
static int unshare_probe(struct spawner *spawner)
{
	(void) spawner;
	if (syscall(SYS_close_range, ~0u, ~0u, CLOSE_RANGE_UNSHARE) == 0)
		return 0;
	return errno == EINVAL ? -ENOSYS : -errno;
}

/*
 * Most signals have their default action already, and need no call at each start. Asked without the
 * C library, which hides the two that it uses itself; make, for one, leaves them ignored.
 */
static int signals_note(struct spawner *spawner)
{
	for (int number = 1; number < SIGNALS_END; number++) {
		unsigned long action[4] = { 0 };

		if (number != SIGKILL && number != SIGSTOP &&
			syscall(SYS_rt_sigaction, number, NULL, action, 8L) == 0 && action[0] != 0)
			spawner->signals |= UINT64_C(1) << (number - 1);
	}
	return 0;
}

static int filter_build(struct spawner *spawner)
{
	int error = exec_secret_draw(STAGING_BINARY, AT_EMPTY_PATH, &spawner->secret);

	return error ? error
		     : syscall_filter_init(&spawner->filters[SYSCALL_FILTER_STATIC],
			       &spawner->secret, SYSCALL_FILTER_STATIC);
}

static int limits_build(struct spawner *spawner)
{
	return limits_plan_init(&spawner->limits);
}

static int landlock_build(struct spawner *spawner)
{
	int error = landlock_deny_all(&spawner->landlock_fd);

	return error == -ENOSYS || error == -EOPNOTSUPP ? 0 : error;
}

static const struct {
	const char *what; /* what is required, for people */
	int (*run)(struct spawner *spawner);
} INIT_STEPS[] = {
	{ "Linux 5.9 or newer is required (close_range)", unshare_probe },
	{ "descriptors 3 to 31 are needed for starting components", staging_reserve },
	{ "memory for starting components", stack_reserve },
	{ "limits", limits_build },
	{ "signals", signals_note },
	{ "seccomp is required", filter_build },
	{ "Landlock", landlock_build },
};

static void missing_note(struct spawner *spawner)
{
	const char *landlock =
		spawner->landlock_fd < 0 ? "Landlock (second wall around files)" : "";
	spawner->data_enforced = limits_data_enforced();
	const char *data =
		spawner->data_enforced ? "" : "RLIMIT_DATA (private memory is not bounded)";

	snprintf(spawner->missing, sizeof(spawner->missing), "%s%s%s", landlock,
		*landlock && *data ? ", " : "", data);
}

int spawner_init(struct spawner *spawner, struct spawn_fault *fault)
{
	*spawner = (struct spawner){ .landlock_fd = -1, .null_fd = -1, .loader_fd = -1 };
	for (size_t i = 0; i < sizeof(INIT_STEPS) / sizeof(*INIT_STEPS); i++) {
		int error = INIT_STEPS[i].run(spawner);

		if (!error)
			continue;
		fault->step = INIT_STEPS[i].what;
		fault->error = -error;
		snprintf(fault->text, sizeof(fault->text), "%s: %s", fault->step, strerror(-error));
		spawner_done(spawner);
		return error;
	}
	missing_note(spawner);
	return 0;
}

void spawner_done(struct spawner *spawner)
{
	if (spawner->null_fd >= 0) {
		close(spawner->null_fd);
		close_range(STAGING_FIRST, STAGING_END - 1, 0);
	}
	if (spawner->landlock_fd >= 0)
		close(spawner->landlock_fd);
	if (spawner->loader_fd >= 0)
		close(spawner->loader_fd);
	if (spawner->stack)
		munmap(spawner->stack, spawner->stack_bytes);
	for (size_t i = 0; i < SYSCALL_FILTER_KINDS; i++)
		syscall_filter_done(&spawner->filters[i]);
	*spawner = (struct spawner){ .landlock_fd = -1, .null_fd = -1, .loader_fd = -1 };
}

const char *spawner_missing(const struct spawner *spawner)
{
	return *spawner->missing ? spawner->missing : NULL;
}

const char *spawner_step(size_t step)
{
	return CHILD_STEPS[step].name;
}

/*
 * Probes: see probe.h
 */
#include "core/linux/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/linux/inspect.h"
#include "core/linux/memfd.h"
#include "core/linux/thread_calls.h"

#define MIB          (1u << 20)
#define NICE_LOW     (-4)       /* from here down four levels of priority are far enough apart */
#define NOT_EFFECTED EOPNOTSUPP /* it was accepted and did nothing */

static int error_of(long answer)
{
	return answer < 0 ? errno : 0;
}

/* What is refused must be refused with that errno. */
static int refused_with(long answer, int expected)
{
	if (answer >= 0)
		return NOT_EFFECTED;
	return errno == expected ? 0 : errno;
}

static int filter_enter(const struct spawner *spawner)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		return errno;
	return error_of(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
		&spawner->filters[SYSCALL_FILTER_STATIC].program));
}

static int probe_seccomp(const struct spawner *spawner)
{
	int error = filter_enter(spawner);

	return error ? error : refused_with(syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY, 0), EPERM);
}

static int probe_stack_guard(const struct spawner *spawner)
{
	char here, *page = (char *) ((uintptr_t) &here & ~(uintptr_t) 4095) - 8 * 4096;
	int error = filter_enter(spawner);

	if (error)
		return error;
	error = refused_with(syscall(SYS_munmap, page, 4096), EPERM);
	return error ? error : error_of(syscall(SYS_munmap, spawner->stack, 4096));
}

static int probe_landlock(const struct spawner *spawner)
{
	if (spawner->landlock_fd < 0)
		return EOPNOTSUPP;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 ||
		syscall(SYS_landlock_restrict_self, spawner->landlock_fd, 0) < 0)
		return errno;
	return refused_with(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), EACCES);
}

/* A limit on ourselves above what there is, a mapping that is below it and one that is not */
static int limit_try(int resource)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	struct inspection seen;
	struct rlimit limit;
	int r = inspect_memory(getpid(), 0, &seen);

	if (r < 0)
		return -r;
	if (getrlimit((__rlimit_resource_t) resource, &limit) < 0)
		return errno;
	limit.rlim_cur =
		64 * MIB + (resource == RLIMIT_AS ? seen.mapped_bytes : seen.private_bytes);
	if (setrlimit((__rlimit_resource_t) resource, &limit) < 0)
		return errno;
	if (mmap(NULL, MIB, prot, flags, -1, 0) == MAP_FAILED)
		return errno;
	return mmap(NULL, 128 * MIB, prot, flags, -1, 0) == MAP_FAILED ? 0 : NOT_EFFECTED;
}

static int probe_data(const struct spawner *spawner)
{
	return limit_try(RLIMIT_DATA);
}

static int probe_addresses(const struct spawner *spawner)
{
	return limit_try(RLIMIT_AS);
}

/* Moved down and up again while another process has it, as core does */
static int probe_limit_of_other(const struct spawner *spawner)
{
	struct rlimit low = { MIB, RLIM_INFINITY }, high = { 2 * MIB, RLIM_INFINITY }, limit;
	pid_t pid = fork();
	int error = 0;

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return errno;
	if (prlimit(pid, RLIMIT_DATA, NULL, &limit) < 0)
		error = errno;
	low.rlim_max = high.rlim_max = limit.rlim_max;
	if (!error && (prlimit(pid, RLIMIT_DATA, &low, NULL) < 0 ||
			      prlimit(pid, RLIMIT_DATA, &high, &limit) < 0))
		error = errno;
	if (!error && limit.rlim_cur != low.rlim_cur)
		error = NOT_EFFECTED;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return error;
}

static int probe_proc(const struct spawner *spawner)
{
	struct inspection seen;
	uint64_t bytes;
	int statm, r = limits_open_statm(getpid(), &statm);

	if (r == 0)
		r = limits_read_data(statm, &bytes);
	if (r == 0)
		r = inspect_memory(getpid(), 4096, &seen);
	if (r == 0 && (!seen.page_table_bytes || !seen.mappings))
		r = -NOT_EFFECTED;
	return -r;
}

static int probe_memfd(const struct spawner *spawner)
{
	int fd, copy, file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int r = ram_memfd_create("probe", 4096, &fd);

	if (r == 0)
		r = rom_memfd_snapshot(file, "probe", 4096, &copy);
	if (r < 0)
		return -r;
	if (refused_with(ftruncate(fd, 8192), EPERM) || refused_with(write(copy, "x", 1), EPERM))
		return NOT_EFFECTED;
	return error_of(ram_memfd_revoke(fd));
}

static int probe_capabilities_under_way(const struct spawner *spawner)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (char[]){ 0 }, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return errno;
	memcpy(CMSG_DATA(&control.header), &ends[0], sizeof(int));
	if (sendmsg(ends[0], &msg, 0) < 0)
		return errno;
	return inspect_unread(ends[1]) == 1 ? 0 : NOT_EFFECTED;
}

/* One number for two files, each of which stays open elsewhere */
static int probe_loop(const struct spawner *spawner)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), number = -1;

	for (int i = 0; i < 2; i++) {
		int file = eventfd(0, EFD_CLOEXEC);

		number = number < 0 ? dup(file) : dup2(file, number);
		if (number < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, number, &event) < 0)
			return errno;
	}
	bool twice = inspect_loop(epoll, (unsigned) number, 1);
	bool more = inspect_loop(epoll, (unsigned) number, 2);

	return twice && !more ? 0 : NOT_EFFECTED;
}

static int probe_nice(const struct spawner *spawner)
{
	struct sched_param none = { 0 };
	int own = getpriority(PRIO_PROCESS, 0);

	if (own >= 19)
		return NOT_EFFECTED;
	if (setpriority(PRIO_PROCESS, 0, 19) < 0 || sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		return errno;
	return own > 0 ? NOT_EFFECTED : 0;
}

static int probe_nice_lower(const struct spawner *spawner)
{
	int own = getpriority(PRIO_PROCESS, 0);

	return own <= NICE_LOW ? 0 : error_of(setpriority(PRIO_PROCESS, 0, NICE_LOW));
}

static int probe_affinity(const struct spawner *spawner)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return errno;
	if (CPU_COUNT(&all) < 2)
		return NOT_EFFECTED;
	CPU_ZERO(&one);
	for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	return error_of(sched_setaffinity(0, sizeof(one), &one));
}

/* Tells the listener's number; wants a thread and is told EAGAIN; ends if it may */
static void threads_ask(int to)
{
	long listener = prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0
				? -1
				: syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
					  SECCOMP_FILTER_FLAG_NEW_LISTENER, &THREAD_FILTER);
	int told = listener < 0 ? -errno : (int) listener;

	if (write(to, &told, sizeof(told)) != sizeof(told) || listener < 0)
		syscall(SYS_exit_group, 1);
	if (syscall(SYS_clone, THREAD_CLONE_FLAGS, NULL, NULL, NULL, NULL) >= 0 || errno != EAGAIN)
		syscall(SYS_exit_group, 1);
	syscall(SYS_exit, 0);
}

static int question_answer(int listener, bool ends, int error)
{
	struct thread_question question;
	int r = thread_question_take(listener, &question);

	if (r == 0 && question.ends != ends)
		r = -NOT_EFFECTED;
	return r < 0 ? r : thread_question_answer(listener, question.id, error);
}

static int probe_threads(const struct spawner *spawner)
{
	int ends[2], listener, status = 0, r = thread_calls_check();

	if (r < 0)
		return -r;
	if (pipe(ends) < 0)
		return errno;
	/* as fork(), but for the table of descriptors, in which both see the listener */
	pid_t pid = (pid_t) syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		threads_ask(ends[1]);
	if (pid < 0)
		return errno;
	if (read(ends[0], &listener, sizeof(listener)) != sizeof(listener))
		return EPIPE;
	r = listener < 0 ? listener : question_answer(listener, false, EAGAIN);
	if (r == 0)
		r = question_answer(listener, true, 0);
	if (r < 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return r < 0 ? -r : status ? NOT_EFFECTED : 0;
}

static int cgroup_has(const struct spawner *spawner, bool controller)
{
	if (!spawner->cgroups.folder)
		return ENOENT;
	return controller ? 0 : NOT_EFFECTED;
}

static int probe_cgroup_memory(const struct spawner *spawner)
{
	return cgroup_has(spawner, spawner->cgroups.memory);
}

static int probe_cgroup_cpu(const struct spawner *spawner)
{
	return cgroup_has(spawner, spawner->cgroups.cpu);
}

static int probe_cgroup_pids(const struct spawner *spawner)
{
	return cgroup_has(spawner, spawner->cgroups.pids);
}

static int probe_identities(const struct spawner *spawner)
{
	struct identities identities;
	int r = identities_init(&identities, 1, 2);

	identities_done(&identities);
	return -r;
}

static int probe_user_namespaces(const struct spawner *spawner)
{
	return error_of(unshare(CLONE_NEWUSER));
}

/* clang-format off */
const struct probe PROBES[] = {
	{ "seccomp filter", "no files, sockets, processes, kernel interfaces", "nothing holds",
		"Linux with CONFIG_SECCOMP_FILTER", PROBE_REQUIRED, probe_seccomp },
	{ "guard of the stack", "a stack of its fixed size", "stacks grow beyond the quota",
		"part of the filter", PROBE_REQUIRED, probe_stack_guard },
	{ "memfd, seals", "memory that can be shared and taken back", "nothing starts",
		"vm.memfd_noexec below 2", PROBE_REQUIRED, probe_memfd },
	{ "/proc of children", "sizes that limits are compared with", "nothing starts",
		"mount /proc, without hidepid against its own user", PROBE_REQUIRED, probe_proc },
	{ "limits of children", "budgets that move while it runs", "budgets are fixed",
		"not to be taken away by a security module", PROBE_REQUIRED, probe_limit_of_other },
	{ "RLIMIT_DATA", "private memory ends at the quota", "private memory is not bounded",
		"no ignore_rlimit_data on the kernel's command line", PROBE_EXPECTED, probe_data },
	{ "RLIMIT_AS", "page tables and mappings are bounded", "bounded by the watch alone",
		"Linux", PROBE_EXPECTED, probe_addresses },
	{ "user notifications of seccomp", "threads, exactly as many as granted", "threads=\"…\" starts nothing",
		"not to be run under another filter that has a listener", PROBE_EXPECTED, probe_threads },
	{ "Landlock", "no files, TCP, signals even without the filter", "one wall instead of two",
		"Linux 5.13 or newer, 'landlock' in lsm= on its command line", PROBE_EXPECTED, probe_landlock },
	{ "count of capabilities under way", "who hoards them is found", "others may have to wait",
		"Linux 5.10 or newer", PROBE_EXPECTED, probe_capabilities_under_way },
	{ "comparison of event loops (kcmp)", "who fills its event loop is found", "a quarter of the square of descriptors can be in it",
		"Linux with CONFIG_KCMP", PROBE_EXPECTED, probe_loop },
	{ "nice values, idle class", "priorities, nine tenths to the higher", "less than nine tenths",
		"start kin at nice value 0 or above in rank", PROBE_EXPECTED, probe_nice },
	{ "lower nice value", "nine tenths on each of four levels", "on some of four levels, four fifths",
		"CAP_SYS_NICE or LimitNICE=-4 (ulimit -e 24), then kin run --nice -4", PROBE_OPTIONAL, probe_nice_lower },
	{ "processors", "affinity", "all run on one",
		"more than one processor", PROBE_OPTIONAL, probe_affinity },
	{ "control group: memory", "all the kernel spends, exactly", "the watch, once a second",
		"systemd-run --user --scope -p Delegate=yes kin run ..., or --cgroup DIR", PROBE_OPTIONAL, probe_cgroup_memory },
	{ "control group: cpu", "nine tenths on each of four levels", "on some of four levels, four fifths",
		"the same", PROBE_OPTIONAL, probe_cgroup_cpu },
	{ "control group: pids", "as many threads as granted, even without the filter", "the filter alone",
		"the same", PROBE_OPTIONAL, probe_cgroup_pids },
	{ "one user ID per component", "per-user limits are per component", "the watch, once a second",
		"CAP_SETUID, CAP_SETGID, CAP_SYS_RESOURCE and --uid-range A-B", PROBE_OPTIONAL, probe_identities },
	{ "user namespaces", "not used by components", "nothing",
		"kernel.unprivileged_userns_clone=1, user.max_user_namespaces", PROBE_OPTIONAL, probe_user_namespaces },
};
/* clang-format on */

const size_t N_PROBES = sizeof(PROBES) / sizeof(*PROBES);

int probe_run(const struct probe *probe, const struct spawner *spawner)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0)
		syscall(SYS_exit_group, probe->run(spawner) & 0xff);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
}

/*
 * escape: what was not given
 *
 * Every system call that the filter does not list is tried: those of CALLS with arguments that
 * would work, each with a line of its own, all others by their numbers. Whatever works is undone by
 * the end of the component, or harmless.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "escape.h"
#include "wire/parent.h"

#define TEXT(s)    ((long) (intptr_t) (s))
#define CALLS_END  600 /* above the kernel's last number */
#define FAMILIES   46
#define CHANNEL    START_LOG
#define PROT_DATA  (PROT_READ | PROT_WRITE)
#define MAP_MALLOC (MAP_PRIVATE | MAP_ANONYMOUS)
#define TIOCSTI    0x5412

/* The CPU time of the first process: the kernel's way to make a clock of a number */
#define CLOCK_OF_FIRST (-2L * 8 + 2)

/* Of the kernel's own probes, past every filter; whoever else calls them dies by SIGILL */
#define CALL_URETPROBE 335
#define CALL_UPROBE    336

/* Newer than the C library's headers */
#define CALL_MEMFD_SECRET    447
#define CALL_PROCESS_MADVISE 440

static char passwd[] = "/etc/passwd";
static char *nothing[] = { NULL };
static char memory[8192] __attribute__((aligned(4096)));
static char buffer[4096];
static int numbers[2];
static struct rlimit generous = { RLIM_INFINITY, RLIM_INFINITY };
static const struct sockaddr_un abstract = { AF_UNIX, "\0kin-escape" };

struct call {
	const char *name;
	long number, arguments[6];
};

/* clang-format off */
static const struct call CALLS[] = {
	/* files by path */
	{ "openat", SYS_openat, { AT_FDCWD, TEXT(passwd), O_RDONLY } },
	{ "openat-write", SYS_openat, { AT_FDCWD, TEXT("/tmp/escape"), O_CREAT | O_RDWR, 0600 } },
	{ "openat-shm", SYS_openat, { AT_FDCWD, TEXT("/dev/shm/escape"), O_CREAT | O_RDWR, 0600 } },
	{ "openat-tmpfile", SYS_openat, { AT_FDCWD, TEXT("/tmp"), O_TMPFILE | O_RDWR, 0600 } },
	{ "openat-self-mem", SYS_openat, { AT_FDCWD, TEXT("/proc/self/mem"), O_RDWR } },
	{ "openat-self-fd", SYS_openat, { AT_FDCWD, TEXT("/proc/self/fd/3"), O_RDWR } },
	{ "openat-other-mem", SYS_openat, { AT_FDCWD, TEXT("/proc/1/mem"), O_RDWR } },
	{ "openat-other-fd", SYS_openat, { AT_FDCWD, TEXT("/proc/1/fd"), O_RDONLY | O_DIRECTORY } },
	{ "openat-tty", SYS_openat, { AT_FDCWD, TEXT("/dev/tty"), O_RDWR } },
	{ "openat-channel", SYS_openat, { CHANNEL, TEXT("passwd"), O_RDONLY } },
	{ "openat2", SYS_openat2, { AT_FDCWD, TEXT(passwd), TEXT(memory), 24 } },
	{ "open_tree", SYS_open_tree, { AT_FDCWD, TEXT("/"), 1 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { CHANNEL, TEXT(buffer), O_RDONLY } },
	{ "name_to_handle_at", SYS_name_to_handle_at, { AT_FDCWD, TEXT(passwd), TEXT(buffer), TEXT(numbers), 0 } },
	{ "newfstatat", SYS_newfstatat, { AT_FDCWD, TEXT(passwd), TEXT(buffer), 0 } },
	{ "newfstatat-empty", SYS_newfstatat, { AT_FDCWD, TEXT(passwd), TEXT(buffer), AT_EMPTY_PATH } },
	{ "statx", SYS_statx, { AT_FDCWD, TEXT(passwd), 0, 0x7ff, TEXT(buffer) } },
	{ "faccessat", SYS_faccessat, { AT_FDCWD, TEXT(passwd), R_OK } },
	{ "readlinkat", SYS_readlinkat, { AT_FDCWD, TEXT("/proc/self/exe"), TEXT(buffer), 256 } },
	{ "getcwd", SYS_getcwd, { TEXT(buffer), 256 } },
	{ "getdents64", SYS_getdents64, { CHANNEL, TEXT(buffer), sizeof(buffer) } },
	{ "chdir", SYS_chdir, { TEXT("/tmp") } },
	{ "fchdir", SYS_fchdir, { CHANNEL } },
	{ "chroot", SYS_chroot, { TEXT("/tmp") } },
	{ "unlinkat", SYS_unlinkat, { AT_FDCWD, TEXT("/tmp/escape"), 0 } },
	{ "mkdirat", SYS_mkdirat, { AT_FDCWD, TEXT("/tmp/escape"), 0700 } },
	{ "mknodat", SYS_mknodat, { AT_FDCWD, TEXT("/tmp/escape"), 0600, 0 } },
	{ "linkat", SYS_linkat, { CHANNEL, TEXT(""), AT_FDCWD, TEXT("/tmp/escape"), AT_EMPTY_PATH } },
	{ "symlinkat", SYS_symlinkat, { TEXT("/"), AT_FDCWD, TEXT("/tmp/escape") } },
	{ "truncate", SYS_truncate, { TEXT("/tmp/escape"), 0 } },
	{ "fchmod", SYS_fchmod, { CHANNEL, 0600 } },
	{ "fchown", SYS_fchown, { CHANNEL, 0, 0 } },
	{ "utimensat", SYS_utimensat, { AT_FDCWD, TEXT("/tmp"), 0, 0 } },

	/* network and names of sockets */
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, TEXT(numbers) } },
	{ "bind", SYS_bind, { CHANNEL, TEXT(&abstract), sizeof(abstract) } },
	{ "connect", SYS_connect, { CHANNEL, TEXT(&abstract), sizeof(abstract) } },
	{ "listen", SYS_listen, { CHANNEL, 1 } },
	{ "accept4", SYS_accept4, { CHANNEL, 0, 0, 0 } },
	{ "shutdown", SYS_shutdown, { CHANNEL, 7 } },
	{ "sendto-address", SYS_sendto, { CHANNEL, TEXT(passwd), 1, 0, TEXT(&abstract), sizeof(abstract) } },
	{ "setsockopt", SYS_setsockopt, { CHANNEL, SOL_SOCKET, SO_SNDBUF, TEXT("\0\0\1\0"), 4 } },
	{ "getsockopt-pidfd", SYS_getsockopt, { CHANNEL, SOL_SOCKET, 77, TEXT(buffer), TEXT(numbers) } },
	{ "getpeername", SYS_getpeername, { CHANNEL, TEXT(buffer), TEXT(numbers) } },

	/* processes */
	{ "clone-process", SYS_clone, { SIGCHLD, 0, 0, 0, 0 } },
	{ "clone-thread", SYS_clone, { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FILES | CLONE_FS, 0, 0, 0, 0 } },
	{ "clone-namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0 } },
	{ "clone3", SYS_clone3, { TEXT(buffer), 64 } },
	{ "execve", SYS_execve, { TEXT("/bin/true"), TEXT(nothing), TEXT(nothing) } },
	{ "execveat", SYS_execveat, { 15, TEXT(""), TEXT(nothing), TEXT(nothing), AT_EMPTY_PATH } },
	{ "execveat-guess", SYS_execveat, { 0x123456780000000f, TEXT(""), TEXT(nothing), TEXT(nothing), 0x1234567800001000 } },
	{ "clock_gettime-other", SYS_clock_gettime, { CLOCK_OF_FIRST, TEXT(buffer) } },
	{ "clock_getres-other", SYS_clock_getres, { CLOCK_OF_FIRST, TEXT(buffer) } },
	{ "clock_nanosleep-other", SYS_clock_nanosleep, { CLOCK_OF_FIRST, 0, TEXT(buffer) } },
	{ "kill", SYS_kill, { 1, 0 } },
	{ "kill-parent", SYS_kill, { 2, 0 } },
	{ "tgkill", SYS_tgkill, { 1, 1, 0 } },
	{ "tkill", SYS_tkill, { 1, 0 } },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { 1, 0, TEXT(buffer) } },
	{ "ptrace", SYS_ptrace, { 16, 1, 0, 0 } },
	{ "ptrace-me", SYS_ptrace, { 0, 0, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 1, TEXT(buffer), 0, TEXT(buffer), 0, 0 } },
	{ "process_vm_writev", SYS_process_vm_writev, { 1, TEXT(buffer), 0, TEXT(buffer), 0, 0 } },
	{ "process_madvise", CALL_PROCESS_MADVISE, { 0, TEXT(buffer), 0, 0, 0 } },
	{ "pidfd_open", SYS_pidfd_open, { 1, 0 } },
	{ "pidfd_getfd", SYS_pidfd_getfd, { CHANNEL, 0, 0 } },
	{ "pidfd_send_signal", SYS_pidfd_send_signal, { CHANNEL, 0, 0, 0 } },
	{ "kcmp", SYS_kcmp, { 1, 1, 0, 0, 0 } },
	{ "waitid", SYS_waitid, { 0, 0, TEXT(buffer), 1 | 4, 0 } },
	{ "setsid", SYS_setsid, { 0 } },
	{ "setpgid", SYS_setpgid, { 0, 0 } },

	/* interfaces of the kernel */
	{ "mount", SYS_mount, { TEXT("none"), TEXT("/tmp"), TEXT("tmpfs"), 0, 0 } },
	{ "umount2", SYS_umount2, { TEXT("/tmp/escape"), 0 } },
	{ "fsopen", SYS_fsopen, { TEXT("tmpfs"), 0 } },
	{ "pivot_root", SYS_pivot_root, { TEXT("/"), TEXT("/") } },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
	{ "setns", SYS_setns, { CHANNEL, 0 } },
	{ "bpf", SYS_bpf, { 0, TEXT(buffer), 64 } },
	{ "perf_event_open", SYS_perf_event_open, { TEXT(buffer), 0, -1, -1, 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 8, TEXT(buffer) } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "add_key", SYS_add_key, { TEXT("user"), TEXT("x"), TEXT("x"), 1, -3 } },
	{ "keyctl", SYS_keyctl, { 0, -3, 1 } },
	{ "init_module", SYS_init_module, { TEXT(buffer), 1, TEXT("") } },
	{ "finit_module", SYS_finit_module, { CHANNEL, TEXT(""), 0 } },
	{ "clock_settime", SYS_clock_settime, { 0, TEXT(buffer) } },
	{ "clock_adjtime", SYS_clock_adjtime, { 0, TEXT(buffer) } },
	{ "reboot", SYS_reboot, { 0, 0, 0 } },
	{ "sethostname", SYS_sethostname, { TEXT("escape"), -1 } },
	{ "syslog", SYS_syslog, { 10, 0, 0 } },
	{ "ioctl-tiocsti", SYS_ioctl, { CHANNEL, TIOCSTI, TEXT("x") } },
	{ "ioctl-fionread", SYS_ioctl, { CHANNEL, 0x541b, TEXT(numbers) } },
	{ "seccomp", SYS_seccomp, { 0, 0, 0 } },
	{ "landlock_create_ruleset", 444, { 0, 0, 1 } },
	{ "inotify_init1", SYS_inotify_init1, { 0 } },
	{ "fanotify_init", SYS_fanotify_init, { 0, 0 } },

	/* memory that nobody counts */
	{ "memfd_create", SYS_memfd_create, { TEXT("x"), 0 } },
	{ "memfd_secret", CALL_MEMFD_SECRET, { 0 } },
	{ "shmget", SYS_shmget, { 0, 4096, 01600 } },
	{ "shmat", SYS_shmat, { 0, 0, 0 } },
	{ "msgget", SYS_msgget, { 0, 01600 } },
	{ "semget", SYS_semget, { 0, 1, 01600 } },
	{ "mq_open", SYS_mq_open, { TEXT("escape"), O_CREAT | O_RDWR, 0600, 0 } },
	{ "epoll_create1", SYS_epoll_create1, { 0 } },
	{ "pipe2", SYS_pipe2, { TEXT(numbers), 0 } },
	{ "eventfd2", SYS_eventfd2, { 0, 0 } },
	{ "timerfd_create", SYS_timerfd_create, { 1, 0 } },
	{ "timer_create", SYS_timer_create, { 1, 0, TEXT(buffer) } },
	{ "signalfd4", SYS_signalfd4, { -1, TEXT(buffer), 8, 0 } },
	{ "fallocate", SYS_fallocate, { CHANNEL, 0, 0, 4096 } },
	{ "ftruncate", SYS_ftruncate, { CHANNEL, 0 } },
	{ "splice", SYS_splice, { CHANNEL, 0, CHANNEL, 0, 1, 0 } },
	{ "mlock", SYS_mlock, { TEXT(memory), 4096 } },
	{ "mlockall", SYS_mlockall, { 3 } },
	{ "map-exec", SYS_mmap, { 0, 4096, PROT_DATA | PROT_EXEC, MAP_MALLOC, -1, 0 } },
	{ "map-droppable", SYS_mmap, { 0, 4096, PROT_DATA, 8 | MAP_ANONYMOUS, -1, 0 } },
	{ "protect-exec", SYS_mprotect, { TEXT(memory), 4096, PROT_READ | PROT_EXEC } },
	{ "protect-growsdown", SYS_mprotect, { TEXT(memory), 4096, PROT_DATA | PROT_GROWSDOWN } },
	{ "pkey_mprotect", SYS_pkey_mprotect, { TEXT(memory), 4096, PROT_READ, -1 } },
	{ "remap-keep", SYS_mremap, { TEXT(memory), 4096, 4096, MREMAP_MAYMOVE | 4, 0 } },
	{ "remap-fixed", SYS_mremap, { TEXT(memory), 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, TEXT(memory + 4096) } },
	{ "remap_file_pages", SYS_remap_file_pages, { TEXT(memory), 4096, 0, 0, 0 } },
	{ "advise-huge", SYS_madvise, { TEXT(memory), 4096, MADV_HUGEPAGE } },
	{ "advise-remove", SYS_madvise, { TEXT(memory), 4096, MADV_REMOVE } },

	/* what it was started with */
	{ "prlimit64-data", SYS_prlimit64, { 0, RLIMIT_DATA, TEXT(&generous), 0 } },
	{ "prlimit64-stack", SYS_prlimit64, { 0, RLIMIT_STACK, TEXT(&generous), 0 } },
	{ "prlimit64-other", SYS_prlimit64, { 1, RLIMIT_DATA, 0, TEXT(&generous) } },
	{ "setpriority", SYS_setpriority, { PRIO_PROCESS, 0, -5 } },
	{ "setpriority-other", SYS_setpriority, { PRIO_PROCESS, 1, 19 } },
	{ "sched_setaffinity", SYS_sched_setaffinity, { 0, 8, TEXT("\3\0\0\0\0\0\0") } },
	{ "sched_setscheduler", SYS_sched_setscheduler, { 0, 0, TEXT(buffer) } },
	{ "sched_setattr", 314, { 0, TEXT(buffer), 0 } },
	{ "ioprio_set", SYS_ioprio_set, { 1, 0, 0 } },
	{ "personality", SYS_personality, { 0xffffffff } },
	{ "setuid", SYS_setuid, { 0 } },
	{ "setgroups", SYS_setgroups, { 0, 0 } },
	{ "capset", SYS_capset, { TEXT(buffer), 0 } },
	{ "umask", SYS_umask, { 0 } },
	{ "prctl-dumpable", SYS_prctl, { PR_SET_DUMPABLE, 0 } },
	{ "prctl-pdeathsig", SYS_prctl, { PR_SET_PDEATHSIG, 0 } },
	{ "prctl-mm", SYS_prctl, { PR_SET_MM, PR_SET_MM_START_STACK, 0 } },
	{ "prctl-ptracer", SYS_prctl, { PR_SET_PTRACER, -1 } },
	{ "prctl-subreaper", SYS_prctl, { PR_SET_CHILD_SUBREAPER, 1 } },
	{ "fcntl-setfl", SYS_fcntl, { CHANNEL, F_SETFL, O_RDWR } },
	{ "fcntl-setfl-wide", SYS_fcntl, { CHANNEL, 0x100000000 | F_SETFL, O_RDWR } },
	{ "fcntl-setown", SYS_fcntl, { CHANNEL, F_SETOWN, 1 } },
	{ "fcntl-seals", SYS_fcntl, { CHANNEL, F_ADD_SEALS, 0 } },
	{ "fcntl-lock", SYS_fcntl, { CHANNEL, F_SETLK, TEXT(buffer) } },
	{ "fcntl-dupfd", SYS_fcntl, { CHANNEL, F_DUPFD, 20 } },
	{ "dup2", SYS_dup3, { CHANNEL, 40, 0 } },
	{ "close_range", SYS_close_range, { 1000, 1001, 0 } },
	{ "futex-pi", SYS_futex, { TEXT(memory), FUTEX_LOCK_PI, 0, 0 } },
};

/* What the filter lists, so not to be tried blindly: a second look at its table */
static const long LISTED[] = { SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev, SYS_pwrite64,
	SYS_lseek, SYS_fstat, SYS_close, SYS_fcntl, SYS_sendmsg, SYS_recvmsg, SYS_sendto,
	SYS_recvfrom, SYS_getsockopt, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll,
	SYS_futex, SYS_sched_yield, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_clock_gettime,
	SYS_clock_getres, SYS_gettimeofday, SYS_nanosleep, SYS_clock_nanosleep, SYS_restart_syscall,
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_getpid, SYS_gettid, SYS_prlimit64,
	SYS_sched_getaffinity, SYS_getrandom, SYS_prctl, SYS_exit, SYS_exit_group,
	SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_clone3,
#if defined(__x86_64__)
	SYS_poll, SYS_epoll_wait, SYS_arch_prctl,
#endif
};
/* clang-format on */

static bool is_listed(long number)
{
	for (size_t i = 0; i < sizeof(LISTED) / sizeof(*LISTED); i++)
		if (LISTED[i] == number)
			return true;
	return false;
}

/* A process or thread too many must not go on as one of us. */
static long call(long number, const long *a)
{
	pid_t self = (pid_t) syscall(SYS_gettid);
	long answer = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	if ((pid_t) syscall(SYS_gettid) != self)
		syscall(SYS_exit, 0);
	return answer;
}

static void calls_try(struct kin_env *env)
{
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(*CALLS); i++) {
		long answer = call(CALLS[i].number, CALLS[i].arguments);

		kin_log(env, "%s: %s", CALLS[i].name, answer < 0 ? strerror(errno) : "not stopped");
	}
}

static void sockets_try(struct kin_env *env)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };
	int n_refused = 0;

	for (int family = 0; family < FAMILIES; family++)
		for (int i = 0; i < 4; i++)
			n_refused += socket(family, types[i], 0) < 0 && errno == EPERM;
	kin_log(env, "sockets: %d of %d refused", n_refused, FAMILIES * 4);
}

/* Arguments that no call can make sense of, should one get through */
static void others_try(struct kin_env *env)
{
	static const long absurd[6] = { -1, -1, -1, -1, -1, -1 };
	int n = 0, n_refused = 0;

	for (long number = 0; number < CALLS_END; number++) {
		if (is_listed(number) || number == CALL_URETPROBE || number == CALL_UPROBE)
			continue;
		n++;
		if (call(number, absurd) < 0 && errno == EPERM)
			n_refused++;
		else
			kin_error(env, "call %ld: %s", number, strerror(errno));
	}
	kin_log(env, "others: %d of %d refused", n_refused, n);
}

void reach_try_all(struct kin_env *env)
{
	calls_try(env);
	sockets_try(env);
	others_try(env);
	kin_log(env, "reach: all tried");
}

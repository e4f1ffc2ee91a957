/*
 * The component that the tests of core/linux start
 *
 * Its name says what it does; what it finds out goes as one text per line through its first
 * descriptor. Linked like every component: static-pie, without relro. It uses nothing of the
 * project, so that it shows what a bare C library program lives with.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHANNEL 3
#define SECOND  4
#define BLOCK   (1u << 20)

extern char **environ;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (send(CHANNEL, text, strlen(text), 0) < 0)
		_exit(99);
}

static int probe_exit(char **argv)
{
	(void) argv;
	return 7;
}

static int probe_wait(char **argv)
{
	char byte;

	(void) argv;
	say("waiting");
	return recv(CHANNEL, &byte, 1, 0) < 0;
}

static int probe_self(char **argv)
{
	int n = 0;

	while (argv[n])
		n++;
	say("%s %d %s", argv[0], n, environ && *environ ? "environment" : "empty");
	return 0;
}

/* Which numbers are open; and a signal through the second, to show that it is the right one */
static int probe_list(char **argv)
{
	uint64_t one = 1;

	(void) argv;
	for (int fd = 0; fd < 2048; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			say("%d", fd);
	}
	return write(SECOND, &one, sizeof(one)) != sizeof(one);
}

static int probe_signals(char **argv)
{
	unsigned long mask = 0;
	int n_changed = 0;

	(void) argv;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	for (int number = 1; number <= 64; number++) {
		unsigned long action[4] = { 0 };

		if (syscall(SYS_rt_sigaction, number, NULL, action, 8L) < 0 || action[0])
			n_changed++;
	}
	say("%d %lx", n_changed, mask);
	return 0;
}

#define TEXT(s) ((long) (intptr_t) (s))

#define PROT_DATA  (PROT_READ | PROT_WRITE)
#define MAP_MALLOC (MAP_PRIVATE | MAP_ANONYMOUS)

static char path[] = "/etc/passwd";
static char *nothing[] = { NULL };
static char memory[8192] __attribute__((aligned(4096)));
static char buffer[256];
static int pair[2];
static struct rlimit64 generous = { RLIM64_INFINITY, RLIM64_INFINITY };

/* Everything a component must not be able to do; the answer is EPERM unless the test knows better
 */
static const struct {
	const char *name;
	long number, arguments[6];
} ATTEMPTS[] = {
	{ "openat", SYS_openat, { AT_FDCWD, TEXT(path), O_RDONLY } },
	{ "open-create", SYS_openat, { AT_FDCWD, TEXT("/tmp/x"), O_CREAT | O_RDWR, 0600 } },
	{ "stat", SYS_newfstatat, { AT_FDCWD, TEXT(path), TEXT(buffer), 0 } },
	{ "stat-empty", SYS_newfstatat, { AT_FDCWD, TEXT(path), TEXT(buffer), AT_EMPTY_PATH } },
	{ "readlinkat", SYS_readlinkat, { AT_FDCWD, TEXT("/proc/self/exe"), TEXT(buffer), 256 } },
	{ "unlinkat", SYS_unlinkat, { AT_FDCWD, TEXT("/tmp/none"), 0 } },
	{ "mkdirat", SYS_mkdirat, { AT_FDCWD, TEXT("/tmp/none"), 0700 } },
	{ "ftruncate", SYS_ftruncate, { SECOND, 0 } },
	{ "fallocate", SYS_fallocate, { SECOND, 0, 0, 4096 } },
	{ "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "socket-unix", SYS_socket, { AF_UNIX, SOCK_DGRAM, 0 } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, TEXT(pair) } },
	{ "setsockopt", SYS_setsockopt, { CHANNEL, SOL_SOCKET, SO_SNDBUF, TEXT("\0\0\1\0"), 4 } },
	{ "peer-pidfd", SYS_getsockopt, { CHANNEL, SOL_SOCKET, 77, TEXT(buffer), TEXT(pair) } },
	{ "sendto-address", SYS_sendto, { CHANNEL, TEXT(path), 1, 0, TEXT(path), 8 } },
	{ "pipe2", SYS_pipe2, { TEXT(pair), 0 } },
	{ "eventfd2", SYS_eventfd2, { 0, 0 } },
	{ "memfd_create", SYS_memfd_create, { TEXT("x"), 0 } },
	{ "timerfd_create", SYS_timerfd_create, { 1, 0 } },
	{ "clone", SYS_clone, { SIGCHLD, 0, 0, 0, 0 } },
	{ "clone-thread", SYS_clone, { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0 } },
	{ "clone3", SYS_clone3, { TEXT(buffer), 64 } },
	{ "execve", SYS_execve, { TEXT(path), TEXT(nothing), TEXT(nothing) } },
	{ "execveat", SYS_execveat, { 15, TEXT(""), TEXT(nothing), TEXT(nothing), AT_EMPTY_PATH } },
	{ "execveat-guess", SYS_execveat,
		{ 0x123456780000000f, TEXT(""), TEXT(nothing), TEXT(nothing),
			0x1234567800001000 } },
	{ "prlimit", SYS_prlimit64, { 0, RLIMIT_DATA, TEXT(&generous), 0 } },
	{ "prlimit-other", SYS_prlimit64, { 1, RLIMIT_DATA, 0, TEXT(&generous) } },
	{ "setpriority", SYS_setpriority, { PRIO_PROCESS, 0, 5 } },
	{ "sched_setaffinity", SYS_sched_setaffinity, { 0, 8, TEXT(buffer) } },
	{ "kill", SYS_kill, { 1, 0 } },
	{ "tgkill", SYS_tgkill, { 1, 1, 0 } },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
	{ "setsid", SYS_setsid, { 0 } },
	{ "ptrace", SYS_ptrace, { 0, 0, 0, 0 } },
	{ "pidfd_open", SYS_pidfd_open, { 1, 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 8, TEXT(buffer) } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "bpf", SYS_bpf, { 0, TEXT(buffer), 64 } },
	{ "add_key", SYS_add_key, { TEXT("user"), TEXT("x"), TEXT("x"), 1, -3 } },
	{ "shmget", SYS_shmget, { 0, 4096, 01600 } },
	{ "inotify_init1", SYS_inotify_init1, { 0 } },
	{ "undumpable", SYS_prctl, { PR_SET_DUMPABLE, 0 } },
	{ "futex-pi", SYS_futex, { TEXT(memory), FUTEX_LOCK_PI, 0, 0 } },
	{ "setfl", SYS_fcntl, { CHANNEL, F_SETFL, O_RDWR } },
	{ "setfl-wide", SYS_fcntl, { CHANNEL, 0x100000000 | F_SETFL, O_RDWR } },
	{ "dupfd", SYS_fcntl, { CHANNEL, F_DUPFD, 20 } },
	{ "map-shared", SYS_mmap, { 0, 4096, PROT_DATA, MAP_SHARED | MAP_ANONYMOUS, -1, 0 } },
	{ "map-growsdown", SYS_mmap, { 0, 4096, PROT_DATA, MAP_MALLOC | MAP_GROWSDOWN, -1, 0 } },
	{ "map-huge", SYS_mmap, { 0, 2 << 20, PROT_DATA, MAP_MALLOC | MAP_HUGETLB, -1, 0 } },
	{ "map-locked", SYS_mmap, { 0, 4096, PROT_DATA, MAP_MALLOC | MAP_LOCKED, -1, 0 } },
	{ "map-droppable", SYS_mmap, { 0, 4096, PROT_DATA, 8 | MAP_ANONYMOUS, -1, 0 } },
	{ "map-exec", SYS_mmap, { 0, 4096, PROT_DATA | PROT_EXEC, MAP_MALLOC, -1, 0 } },
	{ "map-exec-file", SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, SECOND, 0 } },
	{ "map-reserve", SYS_mmap, { 0, 1l << 40, PROT_NONE, MAP_MALLOC, -1, 0 } },
	{ "map-zeros", SYS_mmap, { 0, 1l << 40, PROT_READ, MAP_MALLOC, -1, 0 } },
	{ "protect-read", SYS_mprotect, { TEXT(memory), 4096, PROT_READ } },
	{ "protect-none", SYS_mprotect, { TEXT(memory), 4096, PROT_NONE } },
	{ "protect-exec", SYS_mprotect, { TEXT(memory), 4096, PROT_READ | PROT_EXEC } },
	{ "protect-growsdown", SYS_mprotect, { TEXT(memory), 4096, PROT_DATA | PROT_GROWSDOWN } },
	{ "remap-keep", SYS_mremap, { TEXT(memory), 4096, 4096, MREMAP_MAYMOVE | 4, 0 } },
	{ "advise-huge", SYS_madvise, { TEXT(memory), 4096, MADV_HUGEPAGE } },
	{ "mlock", SYS_mlock, { TEXT(memory), 4096 } },
	{ "seccomp", SYS_seccomp, { 0, 0, 0 } },
	{ "landlock", SYS_landlock_create_ruleset, { 0, 0, 1 } },
};

static int probe_refused(char **argv)
{
	(void) argv;
	for (size_t i = 0; i < sizeof(ATTEMPTS) / sizeof(*ATTEMPTS); i++) {
		const long *a = ATTEMPTS[i].arguments;
		long answer = syscall(ATTEMPTS[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);

		say("%s %d", ATTEMPTS[i].name, answer < 0 ? errno : 0);
	}
	return 0;
}

/* What must keep working, named when it does not */
static int probe_allowed(char **argv)
{
	char *block = malloc(300000);
	char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, SECOND, 0);
	struct timespec shortly = { .tv_nsec = 1000 };
	unsigned long cookie, size = sizeof(cookie);
	struct stat status;

	(void) argv;
	say("malloc %d", !block || !(block = realloc(block, 3000000)));
	free(block);
	say("map-shared %d", shared == MAP_FAILED);
	if (shared != MAP_FAILED)
		shared[0] = 'k';
	say("protect-data %d", mprotect(shared, 4096, PROT_READ | PROT_WRITE) < 0);
	say("nanosleep %d", nanosleep(&shortly, NULL) < 0);
	say("cookie %d", getsockopt(CHANNEL, SOL_SOCKET, SO_COOKIE, &cookie, (void *) &size) < 0);
	say("fstat %d", syscall(SYS_fstat, SECOND, &status) < 0 || status.st_size != 4096);
	say("seals %d", fcntl(SECOND, F_GET_SEALS) < 0);
	say("dup %d", fcntl(SECOND, F_DUPFD_CLOEXEC, 0) < 0);
	say("affinity %d", sched_getaffinity(0, sizeof(cpu_set_t), &(cpu_set_t){ 0 }) < 0);
	say("name %d", prctl(PR_SET_NAME, "probed") < 0);
	return 0;
}

/* Takes memory until there is no more, again each time it is told to */
static int probe_grow(char **argv)
{
	char byte;

	(void) argv;
	do {
		int n = 0;

		for (char *block; (block = malloc(BLOCK)); n++)
			memset(block, 1, BLOCK);
		say("%d %d", n, errno);
	} while (recv(CHANNEL, &byte, 1, 0) == 1);
	return 0;
}

/* Takes @n descriptor numbers until there are no more */
static int probe_duplicate(char **argv)
{
	int n = 0;

	(void) argv;
	while (fcntl(CHANNEL, F_DUPFD_CLOEXEC, 0) >= 0)
		n++;
	say("%d %d", n, errno);
	return 0;
}

__attribute__((noinline)) static int deeper(volatile char *above)
{
	volatile char here[1024];

	here[0] = (char) (above[0] | 1);
	return here[0] ? deeper(here) + here[0] : 0;
}

static int probe_recurse(char **argv)
{
	return deeper(argv[0]);
}

static int probe_abort(char **argv)
{
	(void) argv;
	abort();
}

/* A system call of the machine's other personality */
static int probe_foreign(char **argv)
{
	(void) argv;
#if defined(__x86_64__)
	syscall(0x40000000 | SYS_getpid);
#endif
	return 0;
}

static int probe_foreign_32(char **argv)
{
	(void) argv;
#if defined(__x86_64__)
	long answer = 20; /* getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
#endif
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **argv);
	} probes[] = {
		{ "exit", probe_exit },
		{ "wait", probe_wait },
		{ "self", probe_self },
		{ "list", probe_list },
		{ "signals", probe_signals },
		{ "refused", probe_refused },
		{ "allowed", probe_allowed },
		{ "grow", probe_grow },
		{ "duplicate", probe_duplicate },
		{ "recurse", probe_recurse },
		{ "abort", probe_abort },
		{ "foreign", probe_foreign },
		{ "foreign-32", probe_foreign_32 },
	};

	(void) argc;
	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		if (strcmp(argv[0], probes[i].name) == 0)
			return probes[i].run(argv);
	}
	return 98;
}

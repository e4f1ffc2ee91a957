/*
 * The component that the tests of core/linux start
 *
 * Its name says what it does; what it finds out goes as one text per line through its first
 * descriptor. Linked like every component: static-pie, without relro. It uses nothing of the
 * project, so that it shows what a bare C library program lives with.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

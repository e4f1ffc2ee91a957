/* Floors; see the header. */
#include "floor.h"

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE_MAX 4096

double floor_measure(const struct floor *floor, unsigned long count)
{
	double ns;
	int ends[2];

	if (pipe(ends) < 0)
		bench_fail("pipe");
	pid_t pid = fork();

	if (pid < 0)
		bench_fail("fork");
	if (pid == 0) {
		cores_apply(floor->cores);
		floor->run(count / 10, floor->size);
		ns = floor->run(count, floor->size);
		_exit(write(ends[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	close(ends[1]);
	if (read(ends[0], &ns, sizeof(ns)) != sizeof(ns))
		bench_fail("a floor gave no result");
	close(ends[0]);
	process_end(pid, 0);
	return ns;
}

/* One round trip at a time is one failed system call at most, so looking at each costs nothing. */
static void must(bool worked)
{
	if (!worked)
		bench_fail("a floor");
}

/* The other side: gives back what it gets until there is nothing more. */
static pid_t socketpair_echo(int there, int here)
{
	char message[MESSAGE_MAX];
	ssize_t n;
	pid_t pid = fork();

	if (pid)
		return pid;
	close(here);
	while ((n = recv(there, message, sizeof(message), 0)) > 0)
		must(send(there, message, (size_t) n, 0) == n);
	_exit(0);
}

double floor_socketpair(unsigned long count, size_t size)
{
	char message[MESSAGE_MAX];
	int ends[2];

	memset(message, 'x', sizeof(message));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	pid_t other = socketpair_echo(ends[0], ends[1]);

	close(ends[0]);
	uint64_t start_ns = now_ns();

	for (unsigned long i = 0; i < count; i++) {
		must(send(ends[1], message, size, 0) == (ssize_t) size);
		must(recv(ends[1], message, sizeof(message), 0) == (ssize_t) size);
	}
	double ns = (double) (now_ns() - start_ns) / (double) count;

	close(ends[1]);
	process_end(other, 0);
	return ns;
}

static pid_t eventfd_echo(int there, int back)
{
	uint64_t value;
	pid_t pid = fork();

	if (pid)
		return pid;
	while (read(there, &value, sizeof(value)) == sizeof(value))
		must(write(back, &value, sizeof(value)) == sizeof(value));
	_exit(0);
}

double floor_eventfd(unsigned long count, size_t size)
{
	int there = eventfd(0, 0), back = eventfd(0, 0);
	uint64_t value = 1;

	must(there >= 0 && back >= 0);
	pid_t other = eventfd_echo(there, back);
	uint64_t start_ns = now_ns();

	for (unsigned long i = 0; i < count; i++) {
		must(write(there, &value, sizeof(value)) == sizeof(value));
		must(read(back, &value, sizeof(value)) == sizeof(value));
	}
	double ns = (double) (now_ns() - start_ns) / (double) count;

	process_end(other, SIGKILL);
	close(there);
	close(back);
	return ns;
}

double floor_memfd(unsigned long count, size_t size)
{
	uint64_t start_ns = now_ns();

	for (unsigned long i = 0; i < count; i++) {
		int fd = memfd_create("ram", MFD_CLOEXEC);

		must(fd >= 0 && ftruncate(fd, (off_t) size) == 0);
		close(fd);
	}
	return (double) (now_ns() - start_ns) / (double) count;
}

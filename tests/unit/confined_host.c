/*
 * What the tests of core/linux share: see confined_host.h
 */
#include "confined_host.h"

#include "core/linux/memfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_SECONDS 60

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

void confined_init(struct confined *host, int argc, char **argv)
{
	struct spawn_fault fault;
	int fd, error;

	if (argc != 2)
		complain(argv[0], "takes the path of confined_probe");
	alarm(DEADLINE_SECONDS);
	/* whoever started the tests may have left descriptors where the spawner wants its own */
	close_range(SPAWN_DESCRIPTOR_FIRST, ~0u, 0);
	if (spawner_init(&host->spawner, &fault))
		complain("spawner_init", fault.text);
	if (spawner_missing(&host->spawner))
		fprintf(stderr, "missing: %s\n", spawner_missing(&host->spawner));
	host->probe_path = argv[1];
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		complain(argv[1], "cannot be opened");
	error = rom_memfd_snapshot(fd, "probe", UINT64_MAX, &host->binary_fd);
	if (error)
		complain("rom_memfd_snapshot", strerror(-error));
	close(fd);
}

void confined_done(struct confined *host)
{
	close(host->binary_fd);
	spawner_done(&host->spawner);
}

struct spawn_request confined_request(const struct confined *host, const char *probe)
{
	return (struct spawn_request){ .name = probe,
		.binary_fd = host->binary_fd,
		.descriptors = { -1 },
		.n_descriptors = 1,
		.limits = { .data_bytes = 16 << 20,
			.descriptors_max = 64,
			.address_bytes = 128 << 20 } };
}

struct confined_child confined_start(struct confined *host, struct spawn_request *request)
{
	struct confined_child child;
	struct spawn_result result;
	struct spawn_fault fault;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	request->descriptors[0] = pair[1];
	if (spawner_start(&host->spawner, request, &fault, &result))
		fail_msg("%s", fault.text);
	close(pair[1]);
	child.pid = result.pid;
	child.pidfd = result.pidfd;
	child.channel = pair[0];
	return child;
}

bool confined_hear(const struct confined_child *child, char text[128])
{
	ssize_t got = recv(child->channel, text, 127, 0);

	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

struct process_end confined_end(struct confined_child *child)
{
	struct pollfd ended = { .fd = child->pidfd, .events = POLLIN };
	struct process_end end;

	assert_int_equal(poll(&ended, 1, -1), 1);
	assert_int_equal(process_wait(child->pidfd, &end), 0);
	close(child->pidfd);
	close(child->channel);
	return end;
}

unsigned confined_count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

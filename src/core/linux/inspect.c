/*
 * What the kernel spends on a process: see inspect.h
 */
#include "core/linux/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES 4096 /* of what is read at once, and all that is read of short files */

/* "/proc/self/WHAT" for @pid 0 */
static int proc_open(pid_t pid, const char *what)
{
	char path[64];
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, what);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int proc_read(pid_t pid, const char *what, char ret_text[CHUNK_BYTES])
{
	int fd = proc_open(pid, what);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, ret_text, CHUNK_BYTES - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	ret_text[got > 0 ? got : 0] = '\0';
	return got < 0 ? (int) got : 0;
}

/* The number behind "\nKEY:" in whatever unit it has, 0 if there is none. */
static uint64_t field(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* Lines of /proc/PID/maps; those of files have a path */
static int mappings_count(pid_t pid, unsigned max, struct inspection *ret)
{
	char text[CHUNK_BYTES];
	int fd = proc_open(pid, "maps");
	bool path = false;
	ssize_t got = 0;

	if (fd < 0)
		return fd;
	while (ret->mappings <= max && ret->file_mappings <= max &&
		(got = read(fd, text, sizeof(text))) > 0)
		for (const char *at = text; at < text + got; at++) {
			path |= *at == '/';
			if (*at != '\n')
				continue;
			++*(path ? &ret->file_mappings : &ret->mappings);
			path = false;
		}
	got = got < 0 ? -errno : 0;
	close(fd);
	return (int) got;
}

/* Newer kernels say it as the size of the folder; else two entries are those of every folder. */
static int descriptors_count(pid_t pid, unsigned *ret)
{
	int fd = proc_open(pid, "fd");
	struct stat status;
	DIR *folder;

	if (fd < 0)
		return fd;
	folder = fstat(fd, &status) == 0 ? fdopendir(fd) : NULL;
	if (!folder) {
		close(fd);
		return -ENOMEM;
	}
	*ret = (unsigned) status.st_size;
	if (!*ret) {
		while (readdir(folder))
			++*ret;
		*ret = *ret > 2 ? *ret - 2 : 0;
	}
	closedir(folder);
	return 0;
}

int inspect_memory(pid_t pid, unsigned mappings_max, struct inspection *ret)
{
	char text[CHUNK_BYTES];
	int r = proc_read(pid, "status", text);

	if (r < 0)
		return r;
	*ret = (struct inspection){ .mapped_bytes = field(text, "\nVmSize:") << 10,
		.private_bytes = (field(text, "\nVmData:") + field(text, "\nVmStk:")) << 10,
		.page_table_bytes = field(text, "\nVmPTE:") << 10 };
	r = descriptors_count(pid, &ret->descriptors);
	return r < 0 ? r : mappings_count(pid, mappings_max, ret);
}

uint64_t inspect_cpu_ns(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) < 0)
		return 0;
	return (uint64_t) time.tv_sec * 1000000000u + (uint64_t) time.tv_nsec;
}

bool inspect_loop(int epoll, unsigned number, unsigned times_max)
{
	struct kcmp_epoll_slot slot = { (uint32_t) epoll, number, times_max };
	pid_t self = getpid();

	/* What the one beyond is compared with does not matter: is it there? */
	return syscall(SYS_kcmp, self, self, KCMP_EPOLL_TFD, epoll, &slot) >= 0;
}

unsigned inspect_unread(int fd)
{
	char what[32], text[CHUNK_BYTES];

	snprintf(what, sizeof(what), "fdinfo/%d", fd);
	if (proc_read(0, what, text) < 0)
		return 0;
	return (unsigned) field(text, "\nscm_fds:");
}

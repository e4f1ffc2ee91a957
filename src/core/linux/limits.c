/*
 * Limits of a process: see limits.h
 */
#include "core/linux/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The plan's lines. RLIMIT_NPROC counts all threads of the user, so it stays as it is unless the
 * process is the only one of its user. RLIMIT_FSIZE is missing on purpose: sealed memfds are the
 * only files there are, and writing into one above the limit would kill the writer.
 */
#define STATM_FIELDS_BEFORE 5 /* the sixth is data and stack together, in pages */

enum { LINE_DATA, LINE_NOFILE, LINE_AS, LINE_NPROC };

static const struct {
	int resource;
	rlim64_t soft;
} LIMITS[LIMITS_PLAN_LINES] = {
	[LINE_DATA] = { RLIMIT_DATA, RLIM64_INFINITY },     /* per process */
	[LINE_NOFILE] = { RLIMIT_NOFILE, RLIM64_INFINITY }, /* per process */
	[LINE_AS] = { RLIMIT_AS, RLIM64_INFINITY },         /* per process */
	[LINE_NPROC] = { RLIMIT_NPROC, RLIM64_INFINITY },   /* per process */
	{ RLIMIT_STACK, KIN_PROCESS_STACK_BYTES },
	/* not 0: where core dumps go to a program, 0 still starts it and 1 is the way to say no */
	{ RLIMIT_CORE, 1 },
	{ RLIMIT_MEMLOCK, 0 },
	{ RLIMIT_MSGQUEUE, 0 },
	{ RLIMIT_SIGPENDING, 0 },
	{ RLIMIT_RTPRIO, 0 },
	{ RLIMIT_NICE, 0 },
};

/*
 * What RLIMIT_DATA must be set to for @bytes. Zero is special to the kernel: with a soft limit of 0
 * it goes by the hard limit. One byte is no page either, and means it.
 */
static rlim64_t data_soft(uint64_t bytes)
{
	return bytes == 0 ? 1 : bytes;
}

static rlim64_t soft_below(rlim64_t soft, rlim64_t hard)
{
	return soft < hard ? soft : hard;
}

int limits_plan_init(struct limits_plan *plan)
{
	for (size_t i = 0; i < LIMITS_PLAN_LINES; i++) {
		struct rlimit64 *limit = &plan->lines[i].limit;

		plan->lines[i].resource = LIMITS[i].resource;
		if (prlimit64(0, LIMITS[i].resource, NULL, limit) < 0)
			return -errno;
		limit->rlim_cur = soft_below(LIMITS[i].soft, limit->rlim_max);
	}
	return 0;
}

void limits_plan_set(struct limits_plan *plan, const struct process_limits *limits)
{
	struct rlimit64 *data = &plan->lines[LINE_DATA].limit;
	struct rlimit64 *descriptors = &plan->lines[LINE_NOFILE].limit;
	struct rlimit64 *addresses = &plan->lines[LINE_AS].limit;
	struct rlimit64 *processes = &plan->lines[LINE_NPROC].limit;

	data->rlim_cur = soft_below(data_soft(limits->data_bytes), data->rlim_max);
	descriptors->rlim_cur = soft_below(limits->descriptors_max, descriptors->rlim_max);
	addresses->rlim_cur = soft_below(limits->address_bytes, addresses->rlim_max);
	if (limits->tasks_max)
		processes->rlim_cur = soft_below(limits->tasks_max, processes->rlim_max);
}

/* The hard limit of all processes is that of the plan, so it need not be asked for. */
static int soft_set(const struct limits_plan *plan, pid_t pid, size_t line, rlim64_t soft)
{
	struct rlimit64 limit = plan->lines[line].limit;

	limit.rlim_cur = soft_below(soft, limit.rlim_max);
	return prlimit64(pid, plan->lines[line].resource, &limit, NULL) < 0 ? -errno : 0;
}

int limits_set_data(const struct limits_plan *plan, pid_t pid, uint64_t bytes)
{
	return soft_set(plan, pid, LINE_DATA, data_soft(bytes));
}

int limits_set_descriptors(const struct limits_plan *plan, pid_t pid, unsigned descriptors_max)
{
	return soft_set(plan, pid, LINE_NOFILE, descriptors_max);
}

int limits_set_addresses(const struct limits_plan *plan, pid_t pid, uint64_t bytes)
{
	return soft_set(plan, pid, LINE_AS, bytes);
}

int limits_open_statm(pid_t pid, int *ret_fd)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int limits_read_data(int statm_fd, uint64_t *ret_bytes)
{
	uint64_t page_size = (uint64_t) sysconf(_SC_PAGESIZE);
	uint64_t stack_pages = KIN_PROCESS_STACK_BYTES / page_size;
	char text[160], *field = text;
	ssize_t got = pread(statm_fd, text, sizeof(text) - 1, 0);

	if (got < 0)
		return -errno;
	text[got] = '\0';
	for (int i = 0; i < STATM_FIELDS_BEFORE && field; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		return -EPROTO;
	uint64_t pages = strtoull(field, NULL, 10);

	*ret_bytes = pages > stack_pages ? (pages - stack_pages) * page_size : 0;
	return 0;
}

bool limits_data_enforced(void)
{
	char answer = 'N';
	int fd = open("/sys/module/kernel/parameters/ignore_rlimit_data", O_RDONLY | O_CLOEXEC);

	/* without the file there is no such switch to be on */
	if (fd < 0)
		return true;
	if (read(fd, &answer, 1) != 1)
		answer = 'N';
	close(fd);
	return answer != 'Y';
}

/*
 * The calls by which threads begin and end: see thread_calls.h
 */
#include "core/linux/thread_calls.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STAT_FIELD_THREADS 20 /* of /proc/PID/stat, the first being 1 */
#define STAT_BYTES         1024

/* Calls of foreign machines are for the component's own filter, which comes before every answer. */
static struct sock_filter INSTRUCTIONS[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

const struct sock_fprog THREAD_FILTER = { sizeof(INSTRUCTIONS) / sizeof(*INSTRUCTIONS),
	INSTRUCTIONS };

/* The kernel writes as much as its own structures have: room for some to come */
union notification {
	struct seccomp_notif it;
	char room[512];
};
union response {
	struct seccomp_notif_resp it;
	char room[512];
};

int thread_calls_check(void)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -ENOSYS;
	return sizes.seccomp_notif > sizeof(union notification) ||
			       sizes.seccomp_notif_resp > sizeof(union response)
		       ? -EOVERFLOW
		       : 0;
}

int thread_question_take(int listener, struct thread_question *ret)
{
	union notification notification;

	memset(&notification, 0, sizeof(notification));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) < 0)
		return -errno;
	*ret = (struct thread_question){ .id = notification.it.id,
		.thread = (pid_t) notification.it.pid,
		.ends = notification.it.data.nr == __NR_exit };
	return 0;
}

int thread_question_answer(int listener, uint64_t id, int error)
{
	union response response;

	memset(&response, 0, sizeof(response));
	response.it.id = id;
	response.it.error = -error;
	response.it.flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 ? -errno : 0;
}

bool thread_is_gone(pid_t process, pid_t thread)
{
	return syscall(SYS_tgkill, process, thread, 0) < 0 && errno == ESRCH;
}

int threads_open_stat(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

unsigned threads_count(int stat_fd)
{
	char text[STAT_BYTES], *field;
	ssize_t got = pread(stat_fd, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return 0;
	text[got] = '\0';
	/* the second field is the name in brackets, which may hold anything */
	field = strrchr(text, ')');
	for (int i = 2; i < STAT_FIELD_THREADS && field; i++)
		field = strchr(field + 1, ' ');
	return field ? (unsigned) strtoul(field, NULL, 10) : 0;
}

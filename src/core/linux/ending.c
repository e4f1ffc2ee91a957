/*
 * How a process ends: see spawn.h
 */
#include "core/linux/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAT_FIELD_FLAGS  9   /* of /proc/PID/stat */
#define STAT_FLAG_EXITING 0x4 /* the kernel's PF_EXITING, set before descriptors are closed */

int process_wait(int pidfd, struct process_end *ret)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOHANG) < 0)
		return -errno;
	if (info.si_pid == 0)
		return PROCESS_E_RUNNING;
	ret->killed = info.si_code != CLD_EXITED;
	ret->value = info.si_status;
	return 0;
}

bool process_is_ending(pid_t pid)
{
	char path[32], text[512], *field;
	int fd;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return true;
	text[got] = '\0';
	/* the second field is the name in brackets, which may hold anything, and the last one ends
	 * it */
	field = strrchr(text, ')');
	for (int i = 2; i < STAT_FIELD_FLAGS && field; i++)
		field = strchr(field + 1, ' ');
	return !field || (strtoul(field, NULL, 10) & STAT_FLAG_EXITING);
}

int process_kill(int pidfd)
{
	return pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
}

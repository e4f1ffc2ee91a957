/*
 * Machine: see machine.h
 */
#include "core/linux/machine.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *kind, *where;
	unsigned long flags;
	bool required;
} MOUNTS[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, true },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, false },
	{ "devtmpfs", "/dev", MS_NOSUID, false },
	{ "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, false },
};

bool machine_is_ours(void)
{
	return getpid() == 1;
}

int machine_begin(void)
{
	for (size_t i = 0; i < sizeof(MOUNTS) / sizeof(*MOUNTS); i++) {
		mkdir(MOUNTS[i].where, 0755); /* or it is there, or the mount says what is wrong */
		int r = mount(
			MOUNTS[i].kind, MOUNTS[i].where, MOUNTS[i].kind, MOUNTS[i].flags, NULL);

		if (r < 0 && errno != EBUSY && MOUNTS[i].required)
			return -errno;
	}
	return 0;
}

bool machine_orphan(pid_t *ret_pid)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return false;
	*ret_pid = info.si_pid;
	return true;
}

void machine_end(void)
{
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_HALT_SYSTEM);
}

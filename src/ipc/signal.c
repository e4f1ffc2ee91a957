/* Signals; see the header. */
#include "ipc/signal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int signal_context_open(int *ret_signal)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_signal = fd;
	return 0;
}

void signal_trigger(int signal)
{
	uint64_t one = 1;
	ssize_t n = write(signal, &one, sizeof(one));

	(void) n; /* a full counter is as good as triggered */
}

bool signal_take(int signal)
{
	uint64_t count;

	return read(signal, &count, sizeof(count)) == sizeof(count);
}

bool signal_check(int fd)
{
	struct stat st;

	/* Of what a component can hold, only anonymous inodes have no type. The C library's fstat()
	 * uses a call that can also name files, which components don't have. */
	return syscall(SYS_fstat, fd, &st) == 0 && (st.st_mode & S_IFMT) == 0 &&
	       (fcntl(fd, F_GETFL) & O_NONBLOCK);
}

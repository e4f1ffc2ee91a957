/*
 * Descriptors with an owner
 *
 * A local marked DESCRIPTOR_AUTO is closed when its scope ends, unless descriptor_take() handed it
 * on. As everywhere in kin a descriptor is greater than 0, and 0 is none.
 */
#ifndef CORE_DESCRIPTOR_H
#define CORE_DESCRIPTOR_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Closes it, if there is one, and leaves none. */
static inline void descriptor_close(int *fd)
{
	if (*fd > 0)
		close(*fd);
	*fd = 0;
}

#define DESCRIPTOR_AUTO __attribute__((cleanup(descriptor_close))) int

/* Moves the ownership to the caller's. */
static inline int descriptor_take(int *fd)
{
	int taken = *fd;

	*fd = 0;
	return taken;
}

/* Return: 0, or negative errno; the duplicate is close-on-exec and the caller's. */
static inline int descriptor_dup(int fd, int *ret_dup)
{
	/* 1 is the least number that can't be mistaken for none. */
	int dup = fcntl(fd, F_DUPFD_CLOEXEC, 1);

	if (dup < 0)
		return -errno;
	*ret_dup = dup;
	return 0;
}

#endif

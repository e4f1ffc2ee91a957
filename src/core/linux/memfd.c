/*
 * Memory with a descriptor: see memfd.h
 */
#include "core/linux/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/dataspace.h"

/* Newer than the C library's headers, Linux 6.3 */
#define NOEXEC_SEAL 0x0008u
#define EXEC        0x0010u

/* A sealable memfd; kernels that don't know the executable flags make executable ones anyway */
static int memfd_open(const char *name, unsigned exec_flag)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | exec_flag);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

/* Closes @fd on the way out of a failed operation and answers its error */
static int memfd_abandon(int fd, int error)
{
	close(fd);
	return -error;
}

int ram_memfd_create(const char *name, uint64_t size_bytes, int *ret_rw)
{
	uint64_t mask = (uint64_t) sysconf(_SC_PAGESIZE) - 1;
	int fd;

	if (size_bytes == 0 || size_bytes > INT64_MAX - mask)
		return -EINVAL;
	fd = memfd_open(name, NOEXEC_SEAL);
	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t) ((size_bytes + mask) & ~mask)) < 0)
		return memfd_abandon(fd, errno == EFBIG ? EINVAL : errno);
	/* with F_SEAL_SEAL nobody can add the seal that would keep core from shrinking it */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return memfd_abandon(fd, errno);
	*ret_rw = fd;
	return 0;
}

int ram_memfd_read_only(int rw, int *ret_ro)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", rw);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_ro = fd;
	return 0;
}

int ram_memfd_revoke(int rw)
{
	return ftruncate(rw, 0) < 0 ? -errno : 0;
}

/* Seals what was filled, unless that failed */
static int memfd_complete(int fd, int error, int *ret)
{
	if (error)
		return memfd_abandon(fd, -error);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return memfd_abandon(fd, errno);
	*ret = fd;
	return 0;
}

/* Copies exactly @size bytes; 0 or negative errno */
static int file_copy(int from, int to, uint64_t size)
{
	off_t offset = 0;

	while ((uint64_t) offset < size) {
		ssize_t copied = sendfile(to, from, &offset, (size_t) (size - (uint64_t) offset));

		if (copied < 0 && errno != EINTR)
			return -errno;
		if (copied == 0)
			return -EIO;
	}
	return 0;
}

int rom_memfd_fill(const void *bytes, size_t size_bytes, const char *name, int *ret)
{
	int fd = memfd_open(name, EXEC);

	return fd < 0 ? fd : memfd_complete(fd, dataspace_write(fd, bytes, size_bytes), ret);
}

int rom_memfd_snapshot(int file_fd, const char *name, uint64_t size_bytes, int *ret)
{
	struct stat status;
	int fd, error;

	if (fstat(file_fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	fd = memfd_open(name, EXEC);
	if (fd < 0)
		return fd;
	if (size_bytes > (uint64_t) status.st_size)
		size_bytes = (uint64_t) status.st_size;
	error = file_copy(file_fd, fd, size_bytes);
	return memfd_complete(fd, error, ret);
}

int text_memfd_create(const char *name, const char *text, size_t size, int *ret)
{
	int fd = memfd_open(name, NOEXEC_SEAL);

	return fd < 0 ? fd : memfd_complete(fd, dataspace_write(fd, text, size), ret);
}

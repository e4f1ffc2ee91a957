/* Dataspaces; see the header. */
#include "ipc/dataspace.h"

#include <errno.h>
#include <unistd.h>

int dataspace_write(int dataspace, const void *data, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = pwrite(dataspace, (const char *) data + at, size - at, (off_t) at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		at += (size_t) n;
	}
	return 0;
}

int dataspace_read(int dataspace, uint64_t offset, void *buf, size_t size)
{
	char *at = buf;

	while (size) {
		ssize_t n = pread(dataspace, at, size, (off_t) offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		offset += (uint64_t) n;
		size -= (size_t) n;
	}
	return 0;
}

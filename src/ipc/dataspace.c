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

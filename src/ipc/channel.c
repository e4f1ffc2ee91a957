/* Channels; see the header. */
#include "ipc/channel.h"

#include <sys/socket.h>
#include <unistd.h>

int channel_pair(int *ret_server, int *ret_client)
{
	int ends[2], bytes = CHANNEL_BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0) {
			int r = -errno;

			close(ends[0]);
			close(ends[1]);
			return r;
		}
	}
	*ret_server = ends[0];
	*ret_client = ends[1];
	return 0;
}

int channel_cookie(int fd, uint64_t *ret_cookie)
{
	uint64_t cookie;
	socklen_t size = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0)
		return -errno;
	*ret_cookie = cookie;
	return 0;
}

bool channel_check(int fd)
{
	int domain = 0, type = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

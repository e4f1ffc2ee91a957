/* Both ends of a channel; see the header. */
#include "core/ends.h"

#include <sys/socket.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/linux/inspect.h"
#include "ipc/channel.h"

int ends_make(struct ends *ends)
{
	*ends = (struct ends){ 0 };
	return channel_pair(&ends->server, &ends->client);
}

int ends_share(const struct ends *ends, int *ret_server, int *ret_client)
{
	DESCRIPTOR_AUTO server = 0;
	int r = descriptor_dup(ends->server, &server);

	if (r == 0)
		r = descriptor_dup(ends->client, ret_client);
	if (r == 0)
		*ret_server = descriptor_take(&server);
	return r;
}

void ends_hang_up(const struct ends *ends)
{
	if (ends->server)
		shutdown(ends->server, SHUT_RDWR);
}

static void end_purge(int end)
{
	char byte;

	while (recv(end, &byte, 1, MSG_DONTWAIT) > 0)
		;
}

void ends_purge(const struct ends *ends)
{
	ends_hang_up(ends);
	if (ends->server)
		end_purge(ends->server);
	if (ends->client)
		end_purge(ends->client);
}

void ends_close(struct ends *ends)
{
	ends_purge(ends);
	descriptor_close(&ends->server);
	descriptor_close(&ends->client);
}

unsigned ends_crowded(struct ends *ends)
{
	unsigned n = ends->server ? inspect_unread(ends->server) : 0;

	n += ends->client ? inspect_unread(ends->client) : 0;
	ends->looks = n ? ends->looks + 1 : 0;
	return n > UNREAD_MAX || ends->looks >= UNREAD_LOOKS_MAX ? n : 0;
}

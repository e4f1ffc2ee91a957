/*
 * escape: memory of the kernel's, spent on our behalf
 *
 * Page tables, records of mappings, files kept open by mappings alone, buffers of sockets,
 * descriptors under way: none of these is private memory.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "escape.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define PAGE       4096u
#define PROT_DATA  (PROT_READ | PROT_WRITE)
#define ANONYMOUS  (MAP_PRIVATE | MAP_ANONYMOUS)
#define TABLE_SPAN (2ul * MIB) /* what one page of the lowest tables maps */
#define MANY       60000       /* mappings; the kernel's own bound is a little above */

/* One page in each span of a table, the rest of the span given back */
static void sparse_private(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	ret->unit = "tables";
	for (int i = 0; i < MANY; i++) {
		char *span = mmap(NULL, TABLE_SPAN, PROT_DATA, ANONYMOUS, -1, 0);

		if (span == MAP_FAILED) {
			ret->stop = errno;
			return;
		}
		*(volatile char *) span = 1;
		munmap(span + PAGE, TABLE_SPAN - PAGE);
		ret->got++;
	}
}

/* Far apart, where we say */
static void sparse_fixed(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	char *base = (char *) 0x100000000000;

	ret->unit = "tables";
	for (int i = 0; i < MANY; i++) {
		char *page = mmap(base + (1ul << 30) * (unsigned) i, PAGE, PROT_DATA,
			ANONYMOUS | MAP_FIXED, -1, 0);

		if (page == MAP_FAILED) {
			ret->stop = errno;
			return;
		}
		*(volatile char *) page = 1;
		ret->got++;
	}
}

/* The same page of a dataspace again and again */
static void sparse_shared(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	char *base = (char *) 0x100000000000;
	struct kin_ram ram;

	ret->unit = "tables";
	if (kin_ram_alloc(env, NULL, PAGE, 0, &ram))
		return;
	for (int i = 0; i < MANY; i++) {
		char *page = mmap(base + (1ul << 30) * (unsigned) i, PAGE, PROT_DATA,
			MAP_SHARED | MAP_FIXED, ram.dataspace, 0);

		if (page == MAP_FAILED) {
			ret->stop = errno;
			return;
		}
		*(volatile char *) page = 1;
		ret->got++;
	}
}

/* A dataspace that is freed stays a file as long as somebody maps it */
static void mapped_after_free(
	struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_ram_reply reply;

	ret->unit = "files";
	for (int i = 0; i < MANY; i++) {
		int r = pd_alloc_ram(
			START_PD, &(struct pd_alloc_ram_request){ PAGE, false }, &reply);

		if (r) {
			ret->answer = true;
			ret->stop = r;
			return;
		}
		void *page = mmap(NULL, PAGE, PROT_DATA, MAP_SHARED, reply.dataspace, 0);

		close(reply.dataspace);
		pd_free(START_PD, &(struct pd_free_request){ reply.id });
		if (page == MAP_FAILED) {
			ret->stop = errno;
			return;
		}
		ret->got++;
	}
}

/* All that a channel takes when nobody reads. Return: bytes. */
static uint64_t channel_fill(int end)
{
	static const char bytes[KIN_MESSAGE_MAX];
	uint64_t sent = 0;

	for (size_t size = sizeof(bytes); size; size /= 2)
		while (send(end, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			sent += size;
	return sent;
}

static void socket_buffers(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_rpc_reply reply;

	ret->answer = true;
	while ((ret->stop = pd_alloc_rpc(START_PD, NULL, &reply)) == 0)
		ret->got += channel_fill(reply.server) + channel_fill(reply.client);
}

/* What is left to be read at an end */
static uint64_t channel_left(int end)
{
	static char bytes[KIN_MESSAGE_MAX];
	uint64_t left = 0;
	ssize_t got;

	while ((got = recv(end, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		left += (uint64_t) got;
	return left;
}

/* The same with channels that were freed: do the ends in our hands still hold what was sent? */
static void socket_buffers_freed(
	struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_rpc_reply reply;
	struct pd_account_reply account;

	ret->answer = true;
	while ((ret->stop = pd_alloc_rpc(START_PD, NULL, &reply)) == 0) {
		channel_fill(reply.server);
		channel_fill(reply.client);
		pd_free(START_PD, &(struct pd_free_request){ reply.id });
		pd_account(START_PD, &(struct pd_account_request){ PD_ACCOUNT_SELF }, &account);
		ret->got += channel_left(reply.server) + channel_left(reply.client);
	}
}

const struct attempt_row KERNEL_MEMORY_ATTEMPTS[] = {
	{ "sparse-private", sparse_private },
	{ "sparse-fixed", sparse_fixed },
	{ "sparse-shared", sparse_shared },
	{ "mapped-after-free", mapped_after_free },
	{ "socket-buffers", socket_buffers },
	{ "socket-buffers-rich", socket_buffers },
	{ "socket-buffers-freed", socket_buffers_freed },
	{ 0 },
};

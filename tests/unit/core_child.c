/*
 * The component that the tests of core start
 *
 * Does what single messages on its parent channel tell it, and answers each with a number. Linked
 * like every component: static-pie, without relro.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core_child.h"

static void *mapped[CORE_CHILD_MAPS_MAX];
static size_t mapped_bytes[CORE_CHILD_MAPS_MAX];
static int n_mapped;

static int64_t map(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	memset(at, 1, bytes);
	mapped[n_mapped] = at;
	mapped_bytes[n_mapped++] = bytes;
	return 0;
}

static int64_t unmap(void)
{
	n_mapped--;
	return munmap(mapped[n_mapped], mapped_bytes[n_mapped]);
}

static int64_t descriptors_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int64_t) limit.rlim_cur : -errno;
}

static int64_t obey(const struct core_child_order *order)
{
	switch (order->what) {
	case CORE_CHILD_MAP:
		return map(order->value);
	case CORE_CHILD_UNMAP:
		return unmap();
	case CORE_CHILD_DESCRIPTORS:
		return descriptors_limit();
	case CORE_CHILD_TRIGGER:
		return write(4, &(uint64_t){ 1 }, sizeof(uint64_t));
	case CORE_CHILD_EXIT:
		_exit((int) order->value);
	case CORE_CHILD_LEAVE:
		return syscall(SYS_exit, (int) order->value);
	}
	return -ENOSYS;
}

int main(void)
{
	struct core_child_order order;

	while (read(3, &order, sizeof(order)) == sizeof(order)) {
		int64_t answer = obey(&order);

		if (write(3, &answer, sizeof(answer)) != sizeof(answer))
			return 1;
	}
	return 0;
}

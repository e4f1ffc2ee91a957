/*
 * Landlock: see landlock.h
 *
 * Each version of the kernel's interface adds rights at the end. A row of the table says how many
 * bits of each kind a version knows; asking for a bit the kernel does not know is refused, asking
 * for fewer would leave a door open. The structure and the numbers are spelled out because the C
 * library's headers are older than the kernels this runs on.
 */
#include "core/linux/landlock.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET_VERSION 1u

/* The kernel takes a longer structure than it knows as long as the rest is zero */
struct ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

#define BITS(n) ((UINT64_C(1) << (n)) - 1)

static const struct {
	int version; /* first one to know these */
	struct ruleset everything;
} VERSIONS[] = {
	{ 6, { BITS(16), BITS(2), BITS(2) } }, /* abstract sockets, signals to the outside */
	{ 5, { BITS(16), BITS(2), 0 } },       /* ioctl on devices */
	{ 4, { BITS(15), BITS(2), 0 } },       /* TCP bind, connect */
	{ 3, { BITS(15), 0, 0 } },             /* truncate */
	{ 2, { BITS(14), 0, 0 } },             /* link and rename between folders */
	{ 1, { BITS(13), 0, 0 } },             /* execute, read, write, make, remove */
};

int landlock_deny_all(int *ret_ruleset_fd)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	long fd;
	unsigned row = 0;

	if (version < 0)
		return -errno;
	if (version < 1)
		return -EOPNOTSUPP;
	while (VERSIONS[row].version > version)
		row++;
	fd = syscall(SYS_landlock_create_ruleset, &VERSIONS[row].everything,
		sizeof(VERSIONS[row].everything), 0);
	if (fd < 0)
		return -errno;
	*ret_ruleset_fd = (int) fd;
	return 0;
}

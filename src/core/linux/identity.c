/*
 * Identities: see identity.h
 */
#include "core/linux/identity.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool capable(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[capability / 32].effective >> (capability % 32) & 1;
}

int identities_init(struct identities *identities, uid_t first, uid_t last)
{
	*identities = (struct identities){ 0 };
	if (first == 0 || last < first || last - first >= UINT32_MAX / 2)
		return -EINVAL;
	if (!capable(CAP_SETUID) || !capable(CAP_SETGID) || !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	unsigned n = last - first + 1;

	identities->taken = calloc(n, sizeof(*identities->taken));
	if (!identities->taken)
		return -ENOMEM;
	identities->first = first;
	identities->n = n;
	return 0;
}

void identities_done(struct identities *identities)
{
	free(identities->taken);
	*identities = (struct identities){ 0 };
}

uid_t identity_take(struct identities *identities)
{
	for (unsigned i = 0; i < identities->n; i++) {
		unsigned at = (identities->next + i) % identities->n;

		if (identities->taken[at])
			continue;
		identities->taken[at] = true;
		identities->next = at + 1;
		return identities->first + at;
	}
	return 0;
}

void identity_give(struct identities *identities, uid_t uid)
{
	if (!uid)
		return;
	assert(uid >= identities->first && uid - identities->first < identities->n);
	identities->taken[uid - identities->first] = false;
}

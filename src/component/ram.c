/*
 * RAM: dataspaces of our own and of others
 *
 * An allocation is a change in three places, the client's account, the PD and the address space;
 * whichever fails, what was done before is undone in reverse.
 */
#include <kin/ram.h>

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kin/answer.h>

#include "component/env.h"
#include "ipc/dataspace.h"
#include "wire/pd.h"

static int dataspace_map(int dataspace, size_t size, int protection, void **ret)
{
	void *data = mmap(NULL, size, protection, MAP_SHARED, dataspace, 0);

	if (data == MAP_FAILED)
		return -errno;
	*ret = data;
	return 0;
}

static int dataspace_alloc(struct kin_env *env, const struct kin_quota *quota, uint64_t bytes,
	unsigned flags, struct pd_alloc_ram_reply *ret)
{
	const struct pd_alloc_ram_request request = { bytes, (flags & KIN_RAM_SHARE) != 0 };
	int r;

	do
		r = pd_alloc_ram(env->start.pd, &request, ret);
	while (!quota && env_shortage(env, r, bytes, 1));
	return r;
}

int kin_ram_alloc(struct kin_env *env, struct kin_quota *quota, size_t size, unsigned flags,
	struct kin_ram *ret)
{
	struct pd_alloc_ram_reply reply;
	uint64_t bytes = page_round(size);
	int r = quota ? kin_quota_charge(quota, bytes, 1) : 0;

	if (r)
		return r;
	r = dataspace_alloc(env, quota, bytes, flags, &reply);
	if (r) {
		if (quota)
			kin_quota_release(quota, bytes, 1);
		return r;
	}
	struct kin_ram ram = { NULL, bytes, reply.dataspace, reply.read_only, env, quota,
		reply.id };

	r = dataspace_map(ram.dataspace, ram.size, PROT_READ | PROT_WRITE, &ram.data);
	if (r) {
		kin_ram_free(&ram);
		return r;
	}
	*ret = ram;
	return 0;
}

void kin_ram_free(struct kin_ram *ram)
{
	if (!ram->dataspace)
		return;
	if (ram->data)
		munmap(ram->data, ram->size);
	close(ram->dataspace);
	kin_cap_close(ram->read_only);
	pd_free(ram->env->start.pd, &(struct pd_free_request){ ram->id });
	if (ram->quota)
		kin_quota_release(ram->quota, ram->size, 1);
	*ram = (struct kin_ram){ 0 };
}

int kin_ram_recharge(struct kin_ram *ram, struct kin_quota *quota)
{
	int r = quota ? kin_quota_charge(quota, ram->size, 1) : 0;

	if (r)
		return r;
	if (ram->quota)
		kin_quota_release(ram->quota, ram->size, 1);
	ram->quota = quota;
	return 0;
}

int kin_attach(int dataspace, size_t size, enum kin_attach_mode mode, void **ret)
{
	uint64_t there;
	int r = descriptor_size(dataspace, &there);

	if (r < 0)
		return r;
	if (!size || there < size)
		return -EINVAL;
	return dataspace_map(dataspace, size,
		mode == KIN_ATTACH_WRITE ? PROT_READ | PROT_WRITE : PROT_READ, ret);
}

void kin_detach(void *data, size_t size)
{
	int r = munmap(data, size);

	assert(r == 0);
}

int kin_dataspace_read(int dataspace, uint64_t offset, void *buf, size_t size)
{
	return dataspace_read(dataspace, offset, buf, size);
}

/*
 * Quota: accounts within a component; see the header
 */
#include <kin/quota.h>

#include <assert.h>

#include <kin/answer.h>

int kin_quota_charge(struct kin_quota *quota, uint64_t ram, uint64_t caps)
{
	assert(quota->ram_used <= quota->ram && quota->caps_used <= quota->caps);
	if (quota->ram - quota->ram_used < ram)
		return KIN_OUT_OF_RAM;
	if (quota->caps - quota->caps_used < caps)
		return KIN_OUT_OF_CAPS;
	quota->ram_used += ram;
	quota->caps_used += caps;
	return 0;
}

void kin_quota_release(struct kin_quota *quota, uint64_t ram, uint64_t caps)
{
	assert(quota->ram_used >= ram && quota->caps_used >= caps);
	quota->ram_used -= ram;
	quota->caps_used -= caps;
}

static uint64_t sum_bounded(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void kin_quota_raise(struct kin_quota *quota, uint64_t ram, uint64_t caps)
{
	quota->ram = sum_bounded(quota->ram, ram);
	quota->caps = sum_bounded(quota->caps, caps);
}

/*
 * Quota: an account within a component
 *
 * A server keeps one for each client: what the client donated, and what was spent on its behalf. It
 * is bookkeeping of the component itself, for itself; what the component as a whole may spend is
 * enforced elsewhere. Invariant: used never exceeds what is there.
 */
#ifndef KIN_QUOTA_H
#define KIN_QUOTA_H

#include <stdint.h>

struct kin_quota {
	uint64_t ram, ram_used; /* bytes */
	uint64_t caps, caps_used;
};

/**
 * kin_quota_charge() - spend from an account
 *
 * Return: 0; KIN_OUT_OF_RAM or KIN_OUT_OF_CAPS if less is available, and then nothing was spent.
 */
int kin_quota_charge(struct kin_quota *quota, uint64_t ram, uint64_t caps);

/** kin_quota_release() - take back what was charged before. */
void kin_quota_release(struct kin_quota *quota, uint64_t ram, uint64_t caps);

/** kin_quota_raise() - add to what is there, as an upgrade does; sticks at the largest number. */
void kin_quota_raise(struct kin_quota *quota, uint64_t ram, uint64_t caps);

#endif

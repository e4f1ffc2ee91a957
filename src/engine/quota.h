/*
 * Quota: an amount of both resources, and reckoning with it
 *
 * Nothing here wraps: what is less than nothing is nothing, what is more than can be written is the
 * most that can.
 */
#ifndef ENGINE_QUOTA_H
#define ENGINE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

struct quota {
	uint64_t ram; /* bytes */
	uint64_t caps;
};

static inline uint64_t amount_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t amount_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t amount_sum(uint64_t a, uint64_t b)
{
	return b <= UINT64_MAX - a ? a + b : UINT64_MAX;
}

static inline struct quota quota_less(struct quota a, struct quota b)
{
	return (struct quota){ amount_less(a.ram, b.ram), amount_less(a.caps, b.caps) };
}

static inline struct quota quota_least(struct quota a, struct quota b)
{
	return (struct quota){ amount_least(a.ram, b.ram), amount_least(a.caps, b.caps) };
}

static inline struct quota quota_sum(struct quota a, struct quota b)
{
	return (struct quota){ amount_sum(a.ram, b.ram), amount_sum(a.caps, b.caps) };
}

static inline bool quota_covers(struct quota whole, struct quota part)
{
	return part.ram <= whole.ram && part.caps <= whole.caps;
}

static inline bool quota_is_zero(struct quota quota)
{
	return !quota.ram && !quota.caps;
}

#endif

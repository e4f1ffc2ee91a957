/*
 * How many capabilities core has descriptors for
 *
 * Core keeps descriptors of what it gives out, and must never run out of them because of what
 * components hold: then others would be refused who have paid. So a tree has no more capabilities
 * than core could keep descriptors for if each were of the kind that takes most.
 */
#ifndef IPC_DESCRIPTORS_H
#define IPC_DESCRIPTORS_H

#include <stdint.h>

/*
 * Those of one capability at most: the ends of its channel, a file and its copy in a ROM session
 * whose module is executed; or in a PD session the ends of the PD's channel and of its process's,
 * which stay after that has ended. A process has 8, but costs 3 capabilities.
 */
#define DESCRIPTORS_PER_CAP 4

/*
 * What core has for itself, whoever does what: about 40, its control clients, what messages carry
 * while they are handled, and processes that were killed and have not ended.
 */
#define DESCRIPTORS_BASE 256

static inline uint64_t descriptors_caps_max(uint64_t descriptors)
{
	return descriptors > DESCRIPTORS_BASE
		       ? (descriptors - DESCRIPTORS_BASE) / DESCRIPTORS_PER_CAP
		       : 0;
}

/* Return: how many descriptors so many capabilities take, UINT64_MAX if they can't be counted */
static inline uint64_t descriptors_for_caps(uint64_t caps)
{
	return caps > (UINT64_MAX - DESCRIPTORS_BASE) / DESCRIPTORS_PER_CAP
		       ? UINT64_MAX
		       : DESCRIPTORS_BASE + DESCRIPTORS_PER_CAP * caps;
}

#endif

/*
 * Identities: one user ID per component
 *
 * Some of the kernel's limits are per user: capabilities under way, watches of event loops,
 * processes. Where core may change identities and the limits of processes that have others, each
 * component gets an ID of a range that is set aside, and so these limits for itself.
 */
#ifndef CORE_LINUX_IDENTITY_H
#define CORE_LINUX_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

struct identities {
	uid_t first; /* 0: there is no range */
	unsigned n, next;
	bool *taken;
};

/**
 * identities_init() - set a range aside
 *
 * Return: 0; -EPERM without CAP_SETUID, CAP_SETGID and CAP_SYS_RESOURCE; -EINVAL for a range that
 * is empty or has root in it; -ENOMEM.
 */
int identities_init(struct identities *identities, uid_t first, uid_t last);
void identities_done(struct identities *identities);

/** identity_take() - one that nobody has. Return: 0 if there is no range, or none of it is left */
uid_t identity_take(struct identities *identities);

/** identity_give() - nobody has it any more; 0 is ignored */
void identity_give(struct identities *identities, uid_t uid);

#endif

/*
 * Landlock: the second wall around files, sockets and signals
 *
 * The seccomp allow list already leaves a component no way to name a file. Landlock says the same
 * once more by another mechanism: a ruleset that handles every right the running kernel knows and
 * grants none. It is built once at core's start; a child enters it with one system call.
 */
#ifndef CORE_LINUX_LANDLOCK_H
#define CORE_LINUX_LANDLOCK_H

/**
 * landlock_deny_all() - make the ruleset that grants nothing
 * @ret_ruleset_fd: close-on-exec, for landlock_restrict_self(2) in any number of children
 *
 * memfds are not part of a file system that rules could name: they stay usable and executable.
 *
 * Return: 0; -ENOSYS if the kernel has no Landlock, -EOPNOTSUPP if it is switched off; other
 * negative errno.
 */
int landlock_deny_all(int *ret_ruleset_fd);

#endif

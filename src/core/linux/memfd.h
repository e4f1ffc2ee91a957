/*
 * Memory with a descriptor
 *
 * A RAM dataspace is a memfd whose size is sealed against growth, so that what was charged is all
 * that can ever be there. It is not sealed against shrinking: core, and core alone since no
 * component may call ftruncate, takes the pages back by truncating it to nothing, from whoever
 * still maps it. A ROM dataspace is a private, wholly sealed copy of a file.
 *
 * No function here keeps state; every descriptor given out is close-on-exec and the caller's.
 */
#ifndef CORE_LINUX_MEMFD_H
#define CORE_LINUX_MEMFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * ram_memfd_create() - new dataspace, readable and writable, full of zeros
 * @name:       shown in /proc/PID/maps, at most 249 bytes
 * @size_bytes: rounded up to whole pages; not 0
 * @ret_rw:     the descriptor
 *
 * No page is taken until it is touched.
 *
 * Return: 0; -EINVAL if the size is 0 or beyond what a file may have; other negative errno.
 */
int ram_memfd_create(const char *name, uint64_t size_bytes, int *ret_rw);

/**
 * ram_memfd_read_only() - the same memory through a description that can't write
 * @rw:     from ram_memfd_create()
 * @ret_ro: a descriptor of its own; can be mapped shared for reading, never for writing
 *
 * Return: 0 or negative errno.
 */
int ram_memfd_read_only(int rw, int *ret_ro);

/**
 * ram_memfd_revoke() - give all pages back to the system
 * @rw: from ram_memfd_create()
 *
 * Whoever touches a mapping of it afterwards gets SIGBUS. Nothing can make it larger again.
 *
 * Return: 0 or negative errno.
 */
int ram_memfd_revoke(int rw);

/**
 * rom_memfd_snapshot() - copy a file into memory that never changes again
 * @file_fd:    regular file, open for reading; its position does not matter and does not move
 * @name:       shown in /proc/PID/maps, at most 249 bytes
 * @size_bytes: how much of it from its start, at most; what a binary has beyond its last segment
 *              is of no use to anybody
 * @ret:        the descriptor; every seal is on it, and spawner_start() may start it: a component's
 *              binary must be such a copy, as its Landlock rules deny every file, and memfds are
 * none in their eyes
 *
 * The size is taken once, what is appended meanwhile is not copied.
 *
 * Return: 0; -EINVAL if it is no regular file; -EIO if it shrank while being copied; -EACCES if the
 * system forbids executable memfds (vm.memfd_noexec=2); other negative errno.
 */
int rom_memfd_snapshot(int file_fd, const char *name, uint64_t size_bytes, int *ret);

/** rom_memfd_fill() - the same with @bytes as its content; same answers */
int rom_memfd_fill(const void *bytes, size_t size_bytes, const char *name, int *ret);

/**
 * text_memfd_create() - a text that never changes, to be handed to somebody
 * @name: as above
 * @ret:  the descriptor; every seal is on it
 *
 * Return: 0 or negative errno.
 */
int text_memfd_create(const char *name, const char *text, size_t size, int *ret);

#endif

/*
 * Executables: snapshots of binaries and libraries, shared by all who run them
 *
 * A component's binary is started from a sealed copy in memory: what was checked is what runs, and
 * its Landlock rules need no exception. Copies are shared by file and version, where a version is
 * what changes the file's size or its change time, which no writer can set back.
 *
 * A copy lives as long as a ROM session that asked for it. As every component keeps the ROM session
 * of its binary, that is as long as one of them runs; the number of copies is bounded by the number
 * of sessions, their sizes by the files that the directories hold.
 */
#ifndef CORE_EXECUTABLE_H
#define CORE_EXECUTABLE_H

#include "core/linux/elf.h"
#include "core/table.h"

struct executable_version {
	uint64_t device, inode, size_bytes;
	int64_t changed_s, changed_ns;
};

struct executable {
	struct executable_version version;
	int memfd;
	struct elf_info info;
	unsigned n_users;
	UT_hash_handle by_version;
};

/**
 * executable_get() - the snapshot of a file, made if need be
 * @table:     all snapshots there are
 * @file:      open for reading
 * @name:      shown in /proc/PID/maps
 * @ret:       to be given back by executable_put()
 * @ret_info:  written on 0; what it is good for is still to be judged
 * @ret_fault: written on the positive answer
 *
 * Return: 0; ELF_E_INVALID; or negative errno.
 */
int executable_get(struct executable **table, int file, const char *name, struct executable **ret,
	struct elf_info *ret_info, struct elf_fault *ret_fault);

/** executable_put() - one user less; NULL is fine */
void executable_put(struct executable **table, struct executable *executable);

#endif

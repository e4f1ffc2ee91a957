/*
 * ROM service: the files of some directories, by name
 *
 * The last element of a session's label names the module. The directories are the whole of what
 * core offers, so a name can't lead out of them: no '/', no hidden file, and no symbolic link,
 * which would let whoever writes to a directory widen the offer to any file of the user's.
 * Directories that must be put together from elsewhere can use hard links or bind mounts. Only
 * regular files are modules.
 *
 * A file is taken as it is: core does not watch it, and its readers are never signalled. Modules
 * that change are made by core itself (core_rom_set()) or by components.
 */
#ifndef CORE_ROM_H
#define CORE_ROM_H

#include "core/linux/elf.h"
#include "core/session.h"

struct executable;
struct rom_module;

struct rom_session {
	struct core_session session;
	int file;                  /* 0 for a module of core */
	struct rom_module *module; /* NULL for a file */
	int signal;                /* 0 if the client wants none */
	struct executable *executable;
	struct rom_session *prev, *next; /* of the same module */
};

/**
 * core_rom_executable() - the session's module as something that can be started or mapped
 * @ret_memfd: sealed executable copy, borrowed until the session is closed
 * @ret_info:  written on 0; what it is good for is still to be judged
 * @ret_fault: written on the positive answer
 *
 * Return: 0; ELF_E_INVALID; or negative errno.
 */
int core_rom_executable(struct rom_session *rom, int *ret_memfd, struct elf_info *ret_info,
	struct elf_fault *ret_fault);

/* Frees the modules that core_rom_set() made; no session uses them any more. */
void rom_modules_done(struct core_services *services);

#endif

/*
 * Place: where kin's programs and ROM modules are
 *
 * Found by where kin itself is: in the folder it was built in, the programs and components are
 * those just built; installed as PREFIX/bin/kin, they are in PREFIX/libexec/kin.
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "cli/options.h"

struct place {
	char core[PATH_MAX];                          /* program kin-core */
	const char *rom_directories[OPTIONS_ROM_MAX]; /* the user's, then kin's own */
	size_t n_rom_directories;
	char own[PATH_MAX]; /* where the latter's names are */
};

/**
 * place_find() - find the programs and ROM directories
 * @options: with the user's directories, whose names are borrowed
 * @ret:     written on 0 only; must not be moved afterwards
 *
 * Return: 0, or negative errno, and standard error says why: -E2BIG if there are more than
 * OPTIONS_ROM_MAX directories, -ENAMETOOLONG, or what reading /proc/self/exe gave.
 */
int place_find(const struct options *options, struct place *ret);

/** place_has_rom() - whether core would offer a ROM module of that name: a regular file, no
 * symbolic link, in the first directory that has the name. */
bool place_has_rom(const struct place *place, const char *name);

#endif

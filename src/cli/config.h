/*
 * A config as it comes from a person: its text, its tree, what is wrong with it
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/options.h"
#include "cli/place.h"
#include "cli/problems.h"

struct kin_tree;

struct config {
	char *text;
	size_t n;
	struct kin_tree *tree;    /* NULL if the text is not well-formed */
	struct problems problems; /* why not; else what the check found */
};

/**
 * config_read() - read the config of that name, without checking it
 * @file: "-" for standard input; borrowed as long as @ret is open
 *
 * Otherwise like config_open().
 */
int config_read(const char *file, struct config *ret);

/**
 * config_open() - read the config that the options name and check it
 * @place: where its binaries would come from; both borrowed for the call
 * @ret:   to be closed if and only if 0 is returned; borrows the name of the file, must not be
 * moved
 *
 * Return: 0 if it could be looked at, well-formed or not; else negative errno, and standard error
 * says why: -ENOMEM, or the file can't be read.
 */
int config_open(const struct options *options, const struct place *place, struct config *ret);
void config_close(struct config *config);

#endif

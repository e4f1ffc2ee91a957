/*
 * Applying a config to a running tree
 */
#ifndef CLI_APPLY_H
#define CLI_APPLY_H

#include <stdint.h>

#include "cli/config.h"

struct link;

/**
 * apply_config() - hand a config to init and wait until all has settled
 * @config:     well-formed
 * @file:       its name for people, made absolute if it can be
 * @timeout_ms: to wait at most
 *
 * Return: CLI_OK; CLI_UNSETTLED or CLI_TREE_FAILED, and standard error says why.
 */
int apply_config(
	struct link *link, const struct config *config, const char *file, uint64_t timeout_ms);

/** apply_file_name() - how a config's file is shown: its full path, or what there is of it */
void apply_file_name(const char *file, char *ret, size_t size);

#endif

/*
 * Watching the file of a running tree's config
 *
 * A process of its own, which `kin run --watch` leaves behind when it becomes core. It applies the
 * file by the tree's control socket whenever it changes, and ends with the tree.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/config.h"
#include "cli/runtime.h"

#define WATCH_SETTLE_MS 100 /* without another change, for a file to be taken as complete */

/**
 * watch_start() - start the process
 * @config: what the tree is started with
 * @socket: the tree's, listening already
 *
 * Return: 0, or negative errno, and standard error says why.
 */
int watch_start(const struct options *options, const struct place *place,
	const struct config *config, const struct runtime_socket *socket);

#endif

/*
 * Core: the root of the tree
 *
 * Joins the services with a host of one child, the first init. To that child core is the parent:
 * every service it asks for is <local/> here, its accounts are core's own.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/control.h"
#include "core/linux/spawn.h"
#include "core/services.h"
#include "host/host.h"

#define CORE_CONFIG_LABEL "init -> config" /* of the first init's ROM session */

#define CORE_FAILED 125 /* exit status: the tree could not be started or went on without init */

struct core_settings {
	struct quota total;
	const char *init; /* binary of the first init */
	const char *const *rom_directories;
	size_t n_rom_directories;
	int config; /* descriptor of a memfd with the first init's config; taken */
	int control_listener, control_folder; /* see control.h, taken; 0: no control socket */
	const char *name, *file;              /* of the tree and its config, for that socket */
	uint64_t for_ms;                      /* end after that time; 0: run until told to end */
	bool machine;                         /* we are the first process, see linux/machine.h */
	bool quiet,
		verbose; /* less, more of core's own messages; verbose shows the tree at the end */
};

struct core {
	struct host host; /* first: host_ops find core by it */
	struct core_services services;
	struct loop loop;
	struct loop_source signals, deadline;
	struct control *control; /* NULL if there is none */
	int signals_fd, deadline_fd;
	const struct core_settings *settings;
	bool ended;
	int exit_status;
};

/**
 * core_run() - start the first init, serve until the end, wind everything down
 * @spawner: initialised before anything else opened a descriptor
 *
 * Return: exit status for the shell: 0 after an orderly end, the first init's own if it exits,
 * CORE_FAILED if there is no tree.
 */
int core_run(struct spawner *spawner, const struct core_settings *settings);

#endif

/*
 * Options of the commands
 *
 * One set for all of them; which of it a command takes is a list of its own (getopt_long()'s).
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include <kin/node.h>

#include "cli/cli.h"
#include "engine/owner.h"

/* As many directories as kin-core takes. */
#define OPTIONS_ROM_MAX 8

/* Or as many as core may have descriptors for. */
#define OPTIONS_CAPS 10000

/*
 * Quota is a promise and not memory taken, but the sum of promises should be one that the machine
 * can keep beside all else it does: half of its memory. Beyond 1 GiB a tree should say what it
 * wants.
 */
#define OPTIONS_RAM_MAX (UINT64_C(1) << 30)

#define OPTIONS_TIMEOUT_MS 10000

enum options_volume { OPTIONS_NORMAL, OPTIONS_QUIET, OPTIONS_VERBOSE };

struct options {
	/* Borrowed from argv like all text here. */
	const char *file;      /* "-": standard input */
	const char *label;     /* "" if none is given */
	const char *tree;      /* name of a running one; NULL: the only one there is */
	const char *from;      /* kin plan: config to start from; NULL: the running tree */
	const char *cgroup;    /* kin run and doctor: folder left to the tree; NULL: its own */
	const char *uid_range; /* kin run: "A-B"; NULL: components have the user of the tree */
	const char *nice;      /* kin run: -20 to 19; NULL: as it is */
	const char *name;      /* for the tree to be started; NULL: by its config's file */
	struct quota total;
	const char *rom_directories[OPTIONS_ROM_MAX];
	size_t n_rom_directories;
	uint64_t for_ms; /* 0: without end */
	uint64_t timeout_ms;
	bool no_control;              /* kin run: without a control socket */
	bool strict;                  /* kin run: not without all walls that are expected */
	bool walls;                   /* kin tree */
	bool watch, sessions, follow; /* kin run and tree; kin tree; kin log */
	enum options_volume volume;
	bool to_given;
	enum kin_syntax to; /* if it was given */
};

/* Those that have no letter are above all characters. */
enum options_code {
	OPTIONS_FOLLOW = 'f',
	OPTIONS_RAM = 256,
	OPTIONS_CAPABILITIES,
	OPTIONS_ROM,
	OPTIONS_FOR,
	OPTIONS_BE_QUIET,
	OPTIONS_BE_VERBOSE,
	OPTIONS_TO,
	OPTIONS_TREE,
	OPTIONS_NAME,
	OPTIONS_FROM,
	OPTIONS_NO_CONTROL,
	OPTIONS_WATCH,
	OPTIONS_SESSIONS,
	OPTIONS_TIMEOUT,
	OPTIONS_STRICT,
	OPTIONS_CGROUP,
	OPTIONS_UID_RANGE,
	OPTIONS_NICE,
	OPTIONS_WALLS,
	OPTIONS_HELP,
};

/**
 * options_read() - read the command line of a command that takes options
 * @argv: argv[0] is the command's name; getopt_long() may reorder the rest
 *
 * Return: 0; OPTIONS_HELP if help is asked for; -EINVAL if something is wrong, which was said on
 * standard error. @ret is written on 0 only.
 */
int options_read(const struct cli_command *command, int argc, char **argv, struct options *ret);

#endif

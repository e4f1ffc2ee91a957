/*
 * The command kin
 *
 * `kin COMMAND [OPTION]… [ARGUMENT]…`: commands are rows of one table, each with its options, its
 * help and a function. Whatever fails is said in one sentence on standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>

struct options;

/* Exit statuses of kin's own. `kin run` otherwise ends with that of the first init. */
enum cli_status {
	CLI_OK = 0,
	CLI_FOUND_ERRORS = 1,      /* kin check: the config has errors; kin convert: it can't be */
	CLI_TREE_FAILED = 125,     /* the tree could not be started; kin-core's status for it too */
	CLI_CONFIG_UNUSABLE = 126, /* it can't be read or is not well-formed */
	CLI_USAGE = 127,           /* wrong command line; program or directory of kin's missing */
};

struct cli_command {
	const char *name, *summary;
	const char *help;             /* all that is to be said about it, many lines */
	const struct option *options; /* NULL: it takes words, see words */
	int (*run)(const struct options *options);
	int (*words)(int argc, char **argv); /* argv[0] is the command */
};

/* Return: exit status */
int cli_main(int argc, char **argv);

/* The commands. Each returns an exit status. */
int run_command(const struct options *options);
int check_command(const struct options *options);
int convert_command(const struct options *options);

#endif

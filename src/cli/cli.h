/*
 * The command kin
 *
 * `kin COMMAND [OPTION]… [ARGUMENT]…`: commands are rows of one table, each with its options, its
 * help and a function. Whatever fails is said in one sentence on standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>
#include <stddef.h>

struct options;

/* Exit statuses of kin's own. `kin run` otherwise ends with that of the first init. */
enum cli_status {
	CLI_OK = 0,
	CLI_FOUND_ERRORS = 1, /* kin check: the config has errors; kin convert: it can't be */
	CLI_UNSETTLED = 1,    /* kin apply: the config is not in effect (yet) */
	CLI_NO_STATE = 1,     /* kin status: the component gave none */
	/* The tree could not be started, kin-core's status for it too; or there is none to work on.
	 */
	CLI_TREE_FAILED = 125,
	CLI_CONFIG_UNUSABLE = 126, /* it can't be read or is not well-formed */
	CLI_USAGE = 127,           /* wrong command line; program or directory of kin's missing */
};

/* What a command takes besides options. */
enum cli_argument {
	CLI_NO_ARGUMENT,
	CLI_FILE,  /* of a config; must be there */
	CLI_LABEL, /* of a component, or the start of one; may be missing */
};

struct cli_command {
	const char *name, *summary;
	const char *help; /* all that is to be said about it, many lines */
	enum cli_argument argument;
	const struct option *options; /* NULL: it takes words, see words */
	const char *letters;          /* the short ones among them, as for getopt(); may be NULL */
	int (*run)(const struct options *options);
	int (*words)(int argc, char **argv); /* argv[0] is the command */
};

/* Return: exit status */
int cli_main(int argc, char **argv);

/* The table, commands.c */
extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;

/* The commands. Each returns an exit status. */
int run_command(const struct options *options);
int check_command(const struct options *options);
int convert_command(const struct options *options);
int list_command(const struct options *options);
int tree_command(const struct options *options);
int status_command(const struct options *options);
int log_command(const struct options *options);
int apply_command(const struct options *options);
int plan_command(const struct options *options);
int doctor_command(const struct options *options);
int why_command(const struct options *options);
int help_command(int argc, char **argv);

#endif

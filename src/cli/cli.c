/* The command kin; see the header. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"

static int help_command(int argc, char **argv);

static const struct option run_options[] = {
	{ "ram", required_argument, NULL, OPTIONS_RAM },
	{ "caps", required_argument, NULL, OPTIONS_CAPABILITIES },
	{ "rom", required_argument, NULL, OPTIONS_ROM },
	{ "for", required_argument, NULL, OPTIONS_FOR },
	{ "quiet", no_argument, NULL, OPTIONS_BE_QUIET },
	{ "verbose", no_argument, NULL, OPTIONS_BE_VERBOSE },
	{ "help", no_argument, NULL, OPTIONS_HELP },
	{ 0 },
};

static const struct option check_options[] = {
	{ "ram", required_argument, NULL, OPTIONS_RAM },
	{ "caps", required_argument, NULL, OPTIONS_CAPABILITIES },
	{ "rom", required_argument, NULL, OPTIONS_ROM },
	{ "help", no_argument, NULL, OPTIONS_HELP },
	{ 0 },
};

static const struct option convert_options[] = {
	{ "to", required_argument, NULL, OPTIONS_TO },
	{ "help", no_argument, NULL, OPTIONS_HELP },
	{ 0 },
};

#define HELP_BUDGET \
	"  --ram N         memory of the whole tree, such as 512M\n" \
	"                  (default: half of the machine's, at most 1G)\n" \
	"  --caps N        capabilities of the whole tree (default: 10000)\n" \
	"  --rom DIR       look for binaries and other ROM modules in DIR, before\n" \
	"                  kin's own; up to 8 directories, searched in this order\n"

/* clang-format off */
static const struct cli_command commands[] = {
	{ "run", "start a tree and stay until it ends",
		"usage: kin run [OPTION]... FILE\n\n"
		"Starts the tree that the config in FILE ('-': standard input) describes, and\n"
		"stays until the first init exits or SIGINT, SIGTERM or SIGHUP ends the tree.\n"
		"What 'kin check' would report is printed first; the tree runs all the same.\n\n"
		HELP_BUDGET
		"  --for DURATION  end the tree after that time, such as 500ms, 3s or 2m\n"
		"  --quiet         print nothing about the config, less of core's messages\n"
		"  --verbose       print the tree with its budgets at the end\n\n"
		"Exit status: the first init's if it exits, 0 after an orderly end, 125 if the\n"
		"tree failed, 126 if the config can't be read or is not well-formed, 127 if the\n"
		"command line is wrong or a program of kin's is missing.\n",
		run_options, run_command, NULL },
	{ "check", "say what is wrong with a config",
		"usage: kin check [OPTION]... FILE\n\n"
		"Prints each problem of the config in FILE ('-': standard input) as\n"
		"FILE:LINE:COLUMN: severity: text. An error is something that init will ignore,\n"
		"refuse or can't make work, a warning something that may not be meant.\n\n"
		HELP_BUDGET
		"\nExit status: 0 if there are no errors, 1 if there are, 125 if the check itself\n"
		"failed, 126 if FILE can't be read, 127 if the command line is wrong.\n",
		check_options, check_command, NULL },
	{ "convert", "write a config in the other syntax",
		"usage: kin convert [OPTION]... FILE\n\n"
		"Prints the config in FILE ('-': standard input) as XML if it is in lines, and in\n"
		"lines if it is XML. Nodes, attributes and text stay the same. Comments, disabled\n"
		"nodes and the layout are lost. What the other syntax can't hold is reported as\n"
		"FILE:LINE:COLUMN: error: text, and nothing is printed then.\n\n"
		"  --to SYNTAX     xml or lines, whichever FILE is in\n\n"
		"Exit status: 0 if it was printed, 1 if it can't be, 125 for lack of memory, 126\n"
		"if FILE can't be read or is not well-formed, 127 if the command line is wrong.\n",
		convert_options, convert_command, NULL },
	{ "help", "explain a command", "usage: kin help [COMMAND]\n", NULL, NULL, help_command },
};
/* clang-format on */

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int overview(void)
{
	printf("usage: kin COMMAND [OPTION]... [ARGUMENT]...\n\n"
	       "Composes confined components into a tree, by a config.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-7s %s\n", commands[i].name, commands[i].summary);
	printf("\n'kin help COMMAND' tells more, 'kin --version' the version.\n");
	return CLI_OK;
}

static const struct cli_command *command_find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	fprintf(stderr, "kin: unknown %s '%s'; see 'kin --help'\n",
		name[0] == '-' ? "option" : "command", name);
	return NULL;
}

static int help_command(int argc, char **argv)
{
	if (argc < 2)
		return overview();
	const struct cli_command *command = command_find(argv[1]);

	if (!command)
		return CLI_USAGE;
	fputs(command->help, stdout);
	return CLI_OK;
}

static int command_run(const struct cli_command *command, int argc, char **argv)
{
	struct options options;

	if (command->words)
		return command->words(argc, argv);
	int r = options_read(command, argc, argv, &options);

	if (r < 0)
		return CLI_USAGE;
	if (r == OPTIONS_HELP) {
		fputs(command->help, stdout);
		return CLI_OK;
	}
	return command->run(&options);
}

int cli_main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "kin: a command is missing; see 'kin --help'\n");
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0)
		return overview();
	if (strcmp(argv[1], "--version") == 0) {
		printf("kin %s\n", KIN_VERSION);
		return CLI_OK;
	}
	const struct cli_command *command = command_find(argv[1]);

	return command ? command_run(command, argc - 1, argv + 1) : CLI_USAGE;
}

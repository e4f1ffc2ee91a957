/* The command kin; see the header. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"

static int overview(void)
{
	printf("usage: kin COMMAND [OPTION]... [ARGUMENT]...\n\n"
	       "Composes confined components into a tree, by a config.\n\n");
	for (size_t i = 0; i < cli_n_commands; i++)
		printf("  %-7s %s\n", cli_commands[i].name, cli_commands[i].summary);
	printf("\n'kin help COMMAND' tells more, 'kin --version' the version.\n");
	return CLI_OK;
}

static const struct cli_command *command_find(const char *name)
{
	for (size_t i = 0; i < cli_n_commands; i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	fprintf(stderr, "kin: unknown %s '%s'; see 'kin --help'\n",
		name[0] == '-' ? "option" : "command", name);
	return NULL;
}

int help_command(int argc, char **argv)
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

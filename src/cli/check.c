/*
 * kin check: what is wrong with a config
 *
 * The problems are what this command is for, so they go to standard output.
 */
#include "cli/config.h"

int check_command(const struct options *options)
{
	struct config config;
	struct place place;

	if (place_find(options, &place) < 0)
		return CLI_USAGE;
	int r = config_open(options, &place, &config);

	if (r < 0)
		return r == -ENOMEM ? CLI_TREE_FAILED : CLI_CONFIG_UNUSABLE;
	problems_print(&config.problems, stdout);
	r = config.problems.diag.n_errors ? CLI_FOUND_ERRORS : CLI_OK;
	config_close(&config);
	return r;
}

/*
 * kin doctor: which walls stand on this machine
 *
 * Core tries them, since only core makes and confines processes: this becomes core.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/place.h"

int doctor_command(const struct options *options)
{
	const char *words[] = { NULL, "--doctor", options->cgroup ? "--cgroup" : NULL,
		options->cgroup, NULL };
	struct place place;

	close_range(STDERR_FILENO + 1, ~0u, 0);
	if (place_find(options, &place) < 0)
		return CLI_USAGE;
	words[0] = place.core;
	execv(place.core, (char **) words);
	fprintf(stderr, "kin: can't start %s: %s\n", place.core, strerror(errno));
	return CLI_USAGE;
}

/*
 * bench: what kin costs, beside what the kernel costs
 *
 *     bench [--json FILE] [TOPIC…]
 *
 * Nothing is judged here: targets stand beside the ratios, and who reads judges.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "figure.h"
#include "process.h"

static const struct {
	const char *name;
	void (*measure)(struct figures *figures);
} TOPICS[] = {
	{ "calls", calls_measure },
	{ "starts", starts_measure },
	{ "memory", memory_measure },
	{ "count", count_measure },
	{ "walls", walls_measure },
	{ "changes", changes_measure },
};

static const struct option OPTIONS[] = {
	{ "json", required_argument, NULL, 'j' },
	{ 0 },
};

static bool wanted(const char *name, char **names)
{
	bool any = false;

	for (; *names; names++) {
		if (strcmp(*names, name) == 0)
			return true;
		any = true;
	}
	return !any;
}

static void command_text(char **argv, char *text, size_t size)
{
	size_t at = 0;

	for (; *argv && at < size; argv++)
		at += (size_t) snprintf(text + at, size - at, "%s%s", at ? " " : "", *argv);
}

int main(int argc, char **argv)
{
	static struct figures figures;
	const char *json = NULL;
	char command[512];
	int option;

	/* What is inherited is in core's way, see tree.h. */
	close_range(STDERR_FILENO + 1, ~0u, 0);
	command_text(argv, command, sizeof(command));
	while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) >= 0) {
		if (option != 'j') {
			fprintf(stderr, "usage: bench [--json FILE] "
					"[calls|starts|memory|count|walls|changes]…\n");
			return 2;
		}
		json = optarg;
	}
	machine_print(command);
	for (size_t i = 0; i < sizeof(TOPICS) / sizeof(*TOPICS); i++) {
		if (!wanted(TOPICS[i].name, argv + optind))
			continue;
		fprintf(stderr, "measuring %s…\n", TOPICS[i].name);
		TOPICS[i].measure(&figures);
	}
	figures_print(&figures);
	if (json && figures_write_json(&figures, json, command) < 0)
		bench_fail(json);
	return 0;
}

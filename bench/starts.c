/*
 * Starts: from the exec of kin-core to the first line of the last of N components
 *
 * That includes core and the inits themselves, and reading the config. The floor starts the same
 * program as plain processes, unconfined, by a loop of vfork and exec.
 */
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "figure.h"
#include "tree.h"

#define COMPONENTS_MAX 500

static const struct {
	unsigned components, levels, repetitions;
	double target;
} STARTS[] = {
	{ 1, 1, 15, 0 },
	{ 10, 1, 11, 0 },
	{ 100, 1, 9, 2 },
	{ COMPONENTS_MAX, 1, 5, 0 },
	{ 20, 1, 9, 0 },
	{ 20, 3, 9, 0 },
	{ 20, 5, 9, 0 },
};

static double start_tree(unsigned components, unsigned levels)
{
	static char config[TREE_CONFIG_MAX];
	static struct tree tree;

	tree_config_idle(components, levels, config);
	uint64_t start_ns = now_ns();

	tree_start(&tree, config, CORES_ALL);
	lines_expect(&tree.lines, "] up", components);
	uint64_t end_ns = now_ns();

	tree_stop(&tree);
	return (double) (end_ns - start_ns);
}

static double start_bare(unsigned components)
{
	static const char *const argv[] = { BENCH_COMPONENT_DIRECTORY "/bare", NULL };
	static struct lines lines;
	pid_t pids[COMPONENTS_MAX];
	int output;

	lines_open(&lines, &output);
	uint64_t start_ns = now_ns();

	for (unsigned i = 0; i < components; i++)
		pids[i] = process_start(argv, output);
	lines_expect(&lines, "up", components);
	uint64_t end_ns = now_ns();

	for (unsigned i = 0; i < components; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < components; i++)
		process_end(pids[i], 0);
	close(output);
	lines_close(&lines);
	return (double) (end_ns - start_ns);
}

void starts_measure(struct figures *figures)
{
	for (size_t i = 0; i < sizeof(STARTS) / sizeof(*STARTS); i++) {
		unsigned components = STARTS[i].components, levels = STARTS[i].levels;
		struct figure *figure =
			figure_add(figures, "Start of N components to the last one's line", "ms",
				"N = %u, levels: %u", components, levels);

		figure->floor_name = "vfork+exec of the same program";
		figure->target = STARTS[i].target;
		for (unsigned j = 0; j < STARTS[i].repetitions; j++) {
			samples_add(&figure->value, start_tree(components, levels) / 1e6);
			samples_add(&figure->floor, start_bare(components) / 1e6);
		}
	}
}

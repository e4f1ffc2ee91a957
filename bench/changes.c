/*
 * Changes: a running tree of N idle components gets another config
 *
 * From the config being handed to core to the line that shows it in effect. The floor is what no
 * system can do without: reading the config, and starting as many plain processes as the change
 * starts. If the ratio does not grow with N, what a change does not concern costs nothing beyond
 * its part of the text.
 */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kin/node.h>

#include "figure.h"
#include "tree.h"

#define REPETITIONS   9
#define RESTARTS      3 /* of all */
#define CLIENTS       10
#define STARTED_MAX   1000
#define IDLE_S        5
#define CHANGE        "Change beside N idle components"
#define CHANGE_FLOOR  "parsing the config, vfork+exec of as many"
#define REPORT        "Full state report of N components"
#define IDLE          "init's CPU time in 5 s while all N are idle and budgets are reported"
#define READ_TEXT_MAX 64

static const unsigned SIZES[] = { 10, 100, 1000 };

/* Return: nanoseconds */
static double parse(const char *text)
{
	struct kin_tree *tree;
	uint64_t start_ns = now_ns();

	if (kin_tree_parse(text, strlen(text), NULL, &tree) < 0)
		bench_fail("a text of ours can't be read");
	kin_tree_free(tree);
	return (double) (now_ns() - start_ns);
}

/* Return: nanoseconds until the last one's line */
static double start_bare(unsigned count)
{
	static const char *const argv[] = { BENCH_COMPONENT_DIRECTORY "/bare", NULL };
	static struct lines lines;
	static pid_t pids[STARTED_MAX];
	int output;

	lines_open(&lines, &output);
	uint64_t start_ns = now_ns();

	for (unsigned i = 0; i < count; i++)
		pids[i] = process_start(argv, output);
	lines_expect(&lines, "up", count);
	uint64_t end_ns = now_ns();

	for (unsigned i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < count; i++)
		process_end(pids[i], 0);
	close(output);
	lines_close(&lines);
	return (double) (end_ns - start_ns);
}

static void start(struct tree_controlled *tree, const struct tree_scene *scene)
{
	static char config[TREE_CONFIG_MAX];

	tree_config_scene(scene, config);
	tree_controlled_start(tree, config);
	lines_expect(&tree->tree.lines, "] up", scene->idle + scene->clients);
	free(tree_state(tree));
}

/* Applies it and waits for @count lines; with the floor of that, if it is to be measured. */
static void change(struct tree_controlled *tree, const struct tree_scene *scene, unsigned count,
	struct figure *figure)
{
	static char config[TREE_CONFIG_MAX];

	tree_config_scene(scene, config);
	uint64_t start_ns = now_ns();

	tree_apply(tree, config);
	lines_expect(&tree->tree.lines, "] up", count);
	uint64_t end_ns = now_ns();

	free(tree_state(tree));
	if (!figure)
		return;
	samples_add(&figure->value, (double) (end_ns - start_ns) / 1e6);
	samples_add(&figure->floor, (parse(config) + start_bare(count)) / 1e6);
}

static struct figure *change_figure(
	struct figures *figures, const char *name, unsigned idle, double target)
{
	struct figure *figure = figure_add(figures, CHANGE, "ms", "%s, N = %u", name, idle);

	figure->floor_name = CHANGE_FLOOR;
	figure->target = target;
	return figure;
}

static void add_one(struct figures *figures, unsigned idle)
{
	static struct tree_controlled tree;
	struct tree_scene scene = { .idle = idle };
	struct figure *figure = change_figure(figures, "one added", idle, 0);

	start(&tree, &scene);
	for (unsigned i = 0; i < REPETITIONS; i++) {
		scene.added = i + 1;
		change(&tree, &scene, 1, figure);
		scene.added = 0;
		change(&tree, &scene, 0, NULL);
	}
	tree_controlled_stop(&tree);
}

static void reroute_server(struct figures *figures, unsigned idle)
{
	static struct tree_controlled tree;
	struct tree_scene scene = { .idle = idle, .clients = CLIENTS };
	struct figure *figure = change_figure(figures, "server with 10 clients rerouted", idle, 0);

	start(&tree, &scene);
	for (unsigned i = 0; i < REPETITIONS; i++) {
		scene.label++;
		change(&tree, &scene, CLIENTS, figure);
	}
	tree_controlled_stop(&tree);
}

/* All are restarted, each waiting for the one before it to be gone. */
static void restart_all(struct figures *figures, unsigned idle)
{
	static struct tree_controlled tree;
	struct tree_scene scene = { .idle = idle };
	struct figure *figure = change_figure(figures, "all restarted", idle, 0);

	start(&tree, &scene);
	for (unsigned i = 0; i < RESTARTS; i++) {
		scene.restarted = !scene.restarted;
		change(&tree, &scene, idle, figure);
	}
	tree_controlled_stop(&tree);
}

static void report(struct figures *figures, unsigned idle)
{
	static struct tree_controlled tree;
	struct tree_scene scene = { .idle = idle };
	struct figure *figure = figure_add(figures, REPORT, "ms", "N = %u", idle);

	figure->floor_name = "parsing it";
	start(&tree, &scene);
	for (unsigned i = 0; i < REPETITIONS; i++) {
		uint64_t start_ns = now_ns();
		char *text = tree_state(&tree);

		samples_add(&figure->value, (double) (now_ns() - start_ns) / 1e6);
		samples_add(&figure->floor, parse(text) / 1e6);
		free(text);
	}
	tree_controlled_stop(&tree);
}

/* The first process of core's is init. Return: its process ID */
static pid_t init_of(const struct tree_controlled *tree)
{
	char path[READ_TEXT_MAX];
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int) tree->tree.core,
		(int) tree->tree.core);
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%d", &pid) != 1)
		bench_fail(path);
	fclose(file);
	return pid;
}

/* Nanoseconds that a process has run. */
static double run_ns(pid_t pid)
{
	char path[READ_TEXT_MAX];
	double ns = 0;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int) pid);
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%lf", &ns) != 1)
		bench_fail(path);
	fclose(file);
	return ns;
}

static void idle(struct figures *figures, unsigned n)
{
	static struct tree_controlled tree;
	struct tree_scene scene = { .idle = n, .report = true };
	const struct timespec while_idle = { IDLE_S, 0 };
	struct figure *figure = figure_add(figures, IDLE, "ms", "N = %u", n);

	start(&tree, &scene);
	pid_t init = init_of(&tree);
	double before_ns = run_ns(init);

	nanosleep(&while_idle, NULL);
	samples_add(&figure->value, (run_ns(init) - before_ns) / 1e6);
	tree_controlled_stop(&tree);
}

void changes_measure(struct figures *figures)
{
	static void (*const measures[])(struct figures * figures, unsigned n) = { add_one,
		reroute_server, restart_all, report, idle };

	for (size_t i = 0; i < sizeof(measures) / sizeof(*measures); i++)
		for (size_t j = 0; j < sizeof(SIZES) / sizeof(*SIZES); j++)
			measures[i](figures, SIZES[j]);
}

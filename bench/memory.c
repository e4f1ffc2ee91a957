/*
 * Memory: what processes have for themselves, and what they share
 *
 * As the kernel counts it (smaps): private is what no other process maps, so with one component of
 * a kind even its program's text is private, and from the second one on it is shared. Programs are
 * executed from sealed memfds of core's, whose pages are there once, however many map them. Page
 * tables are memory of the kernel's and shown apart.
 */
#include "bench.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figure.h"
#include "tree.h"

#define PROCESSES_MAX      128
#define PRIVATE_TARGET_KIB 250

struct usage {
	double private_kib, shared_kib, pss_kib;
};

/* Of one component, by what is mapped. */
enum mapping {
	MAPPING_TEXT,
	MAPPING_CONSTANTS,
	MAPPING_DATA,
	MAPPING_HEAP,
	MAPPING_STACK,
	MAPPING_OTHER,
	MAPPINGS
};

static const char *const MAPPING_NAMES[MAPPINGS] = { "private text", "private constants",
	"private data and bss", "private heap", "private stack", "private others" };

static FILE *proc_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, name);
	FILE *file = fopen(path, "re");

	if (!file)
		bench_fail(path);
	return file;
}

/* Adds a line such as "Private_Dirty:    12 kB". */
static void usage_add_line(struct usage *usage, const char *line)
{
	char key[32];
	double kib;

	if (sscanf(line, "%31[^:]: %lf kB", key, &kib) != 2)
		return;
	if (strncmp(key, "Private_", 8) == 0)
		usage->private_kib += kib;
	else if (strncmp(key, "Shared_", 7) == 0)
		usage->shared_kib += kib;
	else if (strcmp(key, "Pss") == 0)
		usage->pss_kib += kib;
}

static struct usage process_usage(pid_t pid)
{
	FILE *file = proc_open(pid, "smaps_rollup");
	struct usage usage = { 0 };
	char line[512];

	while (fgets(line, sizeof(line), file))
		usage_add_line(&usage, line);
	fclose(file);
	return usage;
}

/* Of a line such as "55d0c8a000-55d0c9b000 r-xp 00006000 00:01 1037 /memfd:idle (deleted)". */
static enum mapping mapping_of(const char *line)
{
	char permissions[5] = "", path[64] = "";

	sscanf(line, "%*s %4s %*s %*s %*s %63s", permissions, path);
	if (strcmp(path, "[heap]") == 0)
		return MAPPING_HEAP;
	if (strcmp(path, "[stack]") == 0)
		return MAPPING_STACK;
	if (path[0] == '[')
		return MAPPING_OTHER;
	if (permissions[2] == 'x')
		return MAPPING_TEXT;
	return permissions[1] == 'w' ? MAPPING_DATA : MAPPING_CONSTANTS;
}

static void process_mappings(pid_t pid, struct usage usages[MAPPINGS])
{
	FILE *file = proc_open(pid, "smaps");
	struct usage *usage = usages;
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		if (isupper((unsigned char) line[0]))
			usage_add_line(usage, line);
		else
			usage = &usages[mapping_of(line)];
	}
	fclose(file);
}

static double process_page_tables_kib(pid_t pid)
{
	FILE *file = proc_open(pid, "status");
	double kib = 0;
	char line[256];

	while (fgets(line, sizeof(line), file))
		sscanf(line, "VmPTE: %lf kB", &kib);
	fclose(file);
	return kib;
}

/* All processes of a tree are children of core; init is the first. */
static size_t tree_processes(pid_t core, pid_t pids[PROCESSES_MAX])
{
	char name[32];
	size_t n = 0;

	snprintf(name, sizeof(name), "task/%d/children", (int) core);
	FILE *file = proc_open(core, name);

	while (n < PROCESSES_MAX && fscanf(file, "%d", &pids[n]) == 1)
		n++;
	fclose(file);
	if (n < 2)
		bench_fail("core has no children");
	return n;
}

static struct figure *memory_add(
	struct figures *figures, const char *who, const char *what, unsigned components, double kib)
{
	struct figure *figure =
		figure_add(figures, "Memory", "KiB", "N = %u, %s: %s", components, who, what);

	samples_add(&figure->value, kib);
	return figure;
}

static struct figure *usage_figures(
	struct figures *figures, const char *who, unsigned components, const struct usage *usage)
{
	struct figure *figure = memory_add(figures, who, "private", components, usage->private_kib);

	memory_add(figures, who, "shared", components, usage->shared_kib);
	memory_add(figures, who, "proportional", components, usage->pss_kib);
	return figure;
}

static void component_figures(struct figures *figures, unsigned components, pid_t pid)
{
	struct usage mappings[MAPPINGS] = { { 0 } }, usage = process_usage(pid);

	usage_figures(figures, "component", components, &usage)->target = PRIVATE_TARGET_KIB;
	process_mappings(pid, mappings);
	for (int i = 0; i < MAPPINGS; i++) {
		memory_add(figures, "component", MAPPING_NAMES[i], components,
			mappings[i].private_kib);
	}
	memory_add(figures, "component", "page tables", components, process_page_tables_kib(pid));
}

static void tree_figures(struct figures *figures, unsigned components)
{
	static char config[TREE_CONFIG_MAX];
	static struct tree tree;
	pid_t pids[PROCESSES_MAX];
	struct usage usage;

	tree_config_idle(components, 1, config);
	tree_start(&tree, config, CORES_ALL);
	lines_expect(&tree.lines, "] up", components);
	size_t n = tree_processes(tree.core, pids);

	usage = process_usage(tree.core);
	usage_figures(figures, "core", components, &usage);
	usage = process_usage(pids[0]);
	usage_figures(figures, "init", components, &usage);
	component_figures(figures, components, pids[n - 1]);
	tree_stop(&tree);
}

static void bare_figures(struct figures *figures, unsigned processes)
{
	static const char *const argv[] = { BENCH_COMPONENT_DIRECTORY "/bare", NULL };
	static struct lines lines;
	pid_t pids[PROCESSES_MAX];
	int output;

	lines_open(&lines, &output);
	for (unsigned i = 0; i < processes; i++)
		pids[i] = process_start(argv, output);
	lines_expect(&lines, "up", processes);
	struct usage usage = process_usage(pids[processes - 1]);

	usage_figures(figures, "plain process", processes, &usage);
	for (unsigned i = 0; i < processes; i++)
		process_end(pids[i], SIGKILL);
	close(output);
	lines_close(&lines);
}

void memory_measure(struct figures *figures)
{
	static const unsigned COMPONENTS[] = { 1, 100 };

	for (size_t i = 0; i < sizeof(COMPONENTS) / sizeof(*COMPONENTS); i++) {
		tree_figures(figures, COMPONENTS[i]);
		bare_figures(figures, COMPONENTS[i]);
	}
}

/*
 * kin list: which trees run
 *
 * A tree that does not answer is listed as such: it is there, and has its name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/link.h"
#include "cli/runtime.h"

#define NAME_COLUMNS_MIN 12

static void print_since(int64_t seconds)
{
	time_t at = (time_t) seconds;
	char text[32] = "";
	struct tm local;

	if (localtime_r(&at, &local))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	printf("  %-19s", text);
}

static void print_tree(int folder, const char *name, int name_columns)
{
	struct link link;
	int r = link_open_name(folder, name, &link);

	if (r == -EPIPE || r == -ENOENT || r == -ECONNREFUSED)
		return; /* it has just ended */
	printf("%-*s", name_columns, name);
	if (r < 0) {
		printf("  does not answer: %s\n", strerror(-r));
		return;
	}
	printf("  %8u", link.info.pid);
	print_since(link.info.since);
	printf("  %s\n", link.info.file);
	link_close(&link);
}

static void print_trees(int folder, const runtime_name *names, size_t n)
{
	int columns = NAME_COLUMNS_MIN;

	for (size_t i = 0; i < n; i++)
		columns = (int) strlen(names[i]) > columns ? (int) strlen(names[i]) : columns;
	if (n)
		printf("%-*s  %8s  %-19s  %s\n", columns, "tree", "pid", "since", "config");
	for (size_t i = 0; i < n; i++)
		print_tree(folder, names[i], columns);
}

int list_command(const struct options *options)
{
	runtime_name *names;
	size_t n;
	int folder, r = runtime_open(false, &folder);

	if (r == -ENOENT)
		return CLI_OK;
	if (r < 0)
		return CLI_TREE_FAILED;
	r = runtime_names(folder, &names, &n);
	if (r < 0) {
		fprintf(stderr, "kin: can't look for running trees: %s\n", strerror(-r));
	} else {
		print_trees(folder, names, n);
		free(names);
	}
	close(folder);
	return r < 0 ? CLI_TREE_FAILED : CLI_OK;
}

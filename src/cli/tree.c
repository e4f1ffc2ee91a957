/*
 * kin tree: the components of a running tree
 *
 * With --watch core is asked twice a second, and what it says is shown if it differs from what is
 * shown already. A terminal shows as much of it as fits; elsewhere one table follows the other.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <kin/label.h>
#include <kin/node.h>

#include "base/table.h"
#include "cli/link.h"
#include "cli/state.h"

#define WATCH_MS 500

/*
 * Sessions
 */

/* The report of the init last looked at; its children come one after the other. */
struct reports {
	const struct link *link;
	const struct kin_node *init;
	struct kin_tree *report; /* NULL if it has none */
};

static const struct kin_node *report_of(struct reports *reports, const struct kin_node *init)
{
	char label[KIN_LABEL_MAX + 1];

	if (reports->init != init) {
		reports->init = init;
		reports->report = kin_tree_free(reports->report);
		if (kin_node_parent(init) && state_label(init, label) == 0)
			state_report(reports->link, label, &reports->report);
	}
	return reports->report ? kin_tree_root(reports->report) : NULL;
}

static const char *text_of(const struct kin_node *node, const char *attribute)
{
	const char *text = kin_node_attribute(node, attribute);

	return text ? text : "";
}

static void print_sessions(
	const struct kin_node *list, const char *verb, const char *indent, FILE *stream)
{
	KIN_NODE_FOREACH (session, list, "session") {
		const char *state = text_of(session, "state"), *label = text_of(session, "label");

		/* What a label must not hold can't have come from its parent. */
		fprintf(stream, "%s   %s %s \"%s\"", indent, verb, text_of(session, "name"),
			kin_label_valid(label) ? label : "?");
		fprintf(stream, strcmp(state, "OK") == 0 ? "\n" : " %s\n", state);
	}
}

static void print_child(
	struct reports *reports, const struct kin_node *component, const char *indent, FILE *stream)
{
	const struct kin_node *init = kin_node_parent(component);
	const struct kin_node *report = init ? report_of(reports, init) : NULL;
	const char *name = text_of(component, "name");

	KIN_NODE_FOREACH (child, report, "child") {
		if (strcmp(text_of(child, "name"), name) != 0)
			continue;
		print_sessions(kin_node_first_of(child, "provided"), "serves", indent, stream);
		print_sessions(kin_node_first_of(child, "requested"), "uses", indent, stream);
	}
}

/*
 * Walls
 */

static void print_walls(const struct kin_node *component, const char *indent, FILE *stream)
{
	static const char *const WALLS[][2] = { { "RAM", "ram_held_by" },
		{ "caps", "caps_held_by" }, { "CPU", "cpu_held_by" },
		{ "reach", "reach_held_by" } };

	for (size_t i = 0; i < sizeof(WALLS) / sizeof(*WALLS); i++) {
		const char *walls = kin_node_attribute(component, WALLS[i][1]);

		if (walls)
			fprintf(stream, "%s   %s held by %s\n", indent, WALLS[i][0], walls);
	}
}

/*
 * The table
 */

struct more {
	const struct options *options;
	struct reports reports;
};

static void print_more(
	void *ctx, const struct kin_node *component, const char *indent, FILE *stream)
{
	struct more *more = ctx;

	if (more->options->walls)
		print_walls(component, indent, stream);
	if (more->options->sessions)
		print_child(&more->reports, component, indent, stream);
}

/* Return: 0 and a text to be freed; negative errno as state_tree() */
static int table_make(const struct link *link, const struct options *options, char **ret)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	struct more more = { options, { .link = link } };
	const struct table_more each = { print_more, &more };
	size_t size;
	int r = state_tree(link, &tree);

	if (r < 0)
		return r;
	FILE *stream = open_memstream(ret, &size);

	if (!stream)
		return -ENOMEM;
	table_print(kin_tree_root(tree), &each, stream);
	fclose(stream);
	kin_tree_free(more.reports.report);
	return 0;
}

/* From the top of the screen, each line over what was there and cut at its edge; the last line of
 * the screen stays free. */
static void draw(const char *text)
{
	struct winsize size = { 0 };
	unsigned rows = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1
				? size.ws_row - 1u
				: UINT32_MAX;

	printf("\033[H\033[?7l");
	for (; *text && rows; rows--) {
		size_t n = strcspn(text, "\n");

		printf("%.*s\033[K\n", (int) n, text);
		text += n + (text[n] == '\n');
	}
	printf("\033[?7h\033[J");
}

static void show(const char *text, bool first, bool watch)
{
	if (watch && isatty(STDOUT_FILENO))
		draw(text);
	else
		printf("%s%s", first ? "" : "\n", text);
	fflush(stdout);
}

/* Return: whether the tree ended meanwhile */
static bool pause_ends(const struct link *link)
{
	struct pollfd pollfd = { .fd = link->channel, .events = POLLIN };

	return poll(&pollfd, 1, WATCH_MS) > 0;
}

static int show_while_it_runs(const struct link *link, const struct options *options)
{
	char *shown = NULL, *text;
	int r;

	while ((r = table_make(link, options, &text)) == 0) {
		if (!shown || strcmp(shown, text) != 0)
			show(text, !shown, options->watch);
		free(shown);
		shown = text;
		if (!options->watch || pause_ends(link))
			break;
	}
	if (r == -EPIPE && shown)
		r = 0; /* it was watched to its end */
	if (r)
		link_explain(link, r);
	free(shown);
	return r;
}

int tree_command(const struct options *options)
{
	struct link link;
	int status = link_open(options, &link);

	if (status != CLI_OK)
		return status;
	if (options->watch && isatty(STDOUT_FILENO))
		printf("\033[2J");
	status = show_while_it_runs(&link, options) == 0 ? CLI_OK : CLI_TREE_FAILED;
	link_close(&link);
	return status;
}

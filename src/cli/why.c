/*
 * kin why: why a component is as it is
 *
 * Its parent knows: what it was denied, why it was restarted or stopped, what it waits for. That
 * stands in the parent's state report.
 */
#include <stdio.h>
#include <string.h>

#include <kin/label.h>
#include <kin/node.h>

#include "cli/link.h"
#include "cli/state.h"

static const struct kin_node *child_node(const struct kin_node *report, const char *name)
{
	KIN_NODE_FOREACH (child, report, "child") {
		const char *given = kin_node_attribute(child, "name");

		if (given && strcmp(given, name) == 0)
			return child;
	}
	return NULL;
}

static void print_state(const struct kin_node *child)
{
	const char *state = kin_node_attribute(child, "state");
	const char *exited = kin_node_attribute(child, "exited");
	const char *reason = kin_node_attribute(child, "reason");
	const char *skipped = kin_node_attribute(child, "skipped_heartbeats");

	if (exited)
		printf("exited with %s\n", exited);
	else if (state)
		printf("does not run (%s)%s%s\n", state, reason ? ": " : "", reason ? reason : "");
	else
		printf("runs\n");
	if (skipped)
		printf("has skipped %s heartbeats\n", skipped);
}

static void print_wanted(const struct kin_node *child, const char *resource)
{
	const char *wanted = kin_node_attribute(kin_node_first_of(child, resource), "requested");

	if (wanted)
		printf("asks for %s %s more than it has\n", wanted,
			strcmp(resource, "ram") == 0 ? "bytes" : "capabilities");
}

/* Sessions that are not simply there. */
static void print_pending(const struct kin_node *child)
{
	KIN_NODE_FOREACH (session, kin_node_first_of(child, "requested"), "session") {
		const char *state = kin_node_attribute(session, "state");
		const char *service = kin_node_attribute(session, "name");
		const char *label = kin_node_attribute(session, "label");
		const char *server = kin_node_attribute(session, "at");

		if (!state || strcmp(state, "OK") == 0)
			continue;
		printf("session %s \"%s\" is %s%s%s\n", service ? service : "?", label ? label : "",
			state, server ? " at " : "", server ? server : "");
	}
}

static void print_history(const struct kin_node *child)
{
	KIN_NODE_FOREACH (event, kin_node_first_of(child, "history"), "event") {
		const char *kind = kin_node_attribute(event, "kind");
		const char *times = kin_node_attribute(event, "times");

		printf("  %-8s %s", kind ? kind : "?", kin_node_text(event));
		if (times)
			printf(" (%s times)", times);
		putchar('\n');
	}
}

static int explain(const struct kin_node *report, const char *label)
{
	const struct kin_node *child = child_node(report, kin_label_last(label));

	if (!child) {
		fprintf(stderr, "kin: there is no component '%s'\n", label);
		return CLI_NO_STATE;
	}
	printf("%s ", label);
	print_state(child);
	print_wanted(child, "ram");
	print_wanted(child, "caps");
	print_pending(child);
	print_history(child);
	return CLI_OK;
}

int why_command(const struct options *options)
{
	size_t n = kin_label_identity_length(options->label);
	KIN_TREE_AUTO struct kin_tree *report = NULL;
	char parent[KIN_LABEL_MAX + 1];
	struct link link;

	if (n == 0) {
		fprintf(stderr, "kin why: name a component below init, such as 'init -> shell'\n");
		return CLI_USAGE;
	}
	snprintf(parent, sizeof(parent), "%.*s", (int) n, options->label);
	int status = link_open(options, &link);

	if (status != CLI_OK)
		return status;
	int r = state_report(&link, parent, &report);

	if (r == 0) {
		status = explain(kin_tree_root(report), options->label);
	} else {
		state_explain(&link, parent, r);
		status = r == -EPIPE || r == -EAGAIN ? CLI_TREE_FAILED : CLI_NO_STATE;
	}
	link_close(&link);
	return status;
}

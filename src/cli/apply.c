/*
 * kin apply: gives a running tree another config
 *
 * Core tells when init has taken the config. Whether all has settled only the inits know: each says
 * so in its state report, which is looked at again, ever less often, until it does or the time is
 * over. Then the reports also say what is missing.
 */
#include "cli/apply.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kin/label.h>
#include <kin/node.h>

#include "cli/link.h"
#include "cli/sealed.h"
#include "cli/state.h"

#define LOOK_MS_MIN 5
#define LOOK_MS_MAX 200

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* Time left, at least a moment: 0 would mean without end. */
static unsigned left_ms(uint64_t deadline_ms)
{
	uint64_t now = now_ms(), left = deadline_ms > now ? deadline_ms - now : 1;

	return left < UINT32_MAX ? (unsigned) left : UINT32_MAX;
}

void apply_file_name(const char *file, char *ret, size_t size)
{
	char path[PATH_MAX];
	const char *name = strcmp(file, "-") == 0 ? "<stdin>" : realpath(file, path);

	if (!name)
		name = file;
	/* The end of a long name tells more than its beginning. */
	size_t length = strlen(name);

	snprintf(ret, size, "%s", length < size ? name : name + length - (size - 1));
}

static int hand_over(const struct link *link, const struct config *config, const char *file,
	uint64_t *ret_revision)
{
	struct control_apply_request request;
	struct control_apply_reply reply;
	int r = sealed_text(config->text, config->n, &request.config);

	if (r < 0) {
		fprintf(stderr, "kin: the config can't be passed on: %s\n", strerror(-r));
		return CLI_TREE_FAILED;
	}
	apply_file_name(file, request.file, sizeof(request.file));
	r = link_call(link, control_apply_operation, &request, &reply, LINK_PATIENCE_MS);
	close(request.config);
	if (r) {
		link_explain(link, r);
		return CLI_TREE_FAILED;
	}
	*ret_revision = reply.revision;
	return CLI_OK;
}

static int wait_fetched(const struct link *link, uint64_t revision, uint64_t deadline_ms)
{
	int r = link_call(link, control_fetched_operation,
		&(struct control_fetched_request){ revision }, NULL, left_ms(deadline_ms));

	if (r == 0)
		return CLI_OK;
	if (r == -EAGAIN) {
		fprintf(stderr, "kin: init has not taken the config\n");
		return CLI_UNSETTLED;
	}
	link_explain(link, r);
	return CLI_TREE_FAILED;
}

/*
 * What keeps a tree from being settled
 */

struct settling {
	const struct link *link;
	bool tell; /* what is missing */
	bool settled;
	int error; /* of the connection */
};

static void missing(struct settling *settling, const char *label, const char *what)
{
	if (settling->settled && settling->tell)
		fprintf(stderr, "kin: the config is applied, but has not settled:\n");
	settling->settled = false;
	if (settling->tell)
		fprintf(stderr, "  %s: %s\n", label, what);
}

static void look_at_child(
	struct settling *settling, const char *label, const struct kin_node *child)
{
	const char *name = kin_node_attribute(child, "name");
	const char *state = kin_node_attribute(child, "state");
	const char *reason = kin_node_attribute(child, "reason");
	char whole[KIN_LABEL_MAX + 1] = "";

	if (!state || strcmp(state, "incomplete") != 0)
		return;
	kin_label_join(label, name ? name : "?", whole);
	missing(settling, whole, reason ? reason : "incomplete");
}

/* A child whose start failed for good is settled for an init that says so; else it is not. */
static void look_at_report(
	struct settling *settling, const char *label, const struct kin_node *report)
{
	bool said = kin_node_has(report, "settled");
	bool before = settling->settled;

	if (said && kin_node_boolean(report, "settled", false))
		return;
	KIN_NODE_FOREACH (child, report, "child")
		look_at_child(settling, label, child);
	if (said && before && settling->settled)
		missing(settling, label, "still changes");
}

static void look_at_init(struct settling *settling, const char *label)
{
	KIN_TREE_AUTO struct kin_tree *report = NULL;
	int r = state_report(settling->link, label, &report);

	if (r == 0)
		look_at_report(settling, label, kin_tree_root(report));
	else if (r == -EPIPE || r == -EAGAIN)
		settling->error = r;
	else if (r == -ETIMEDOUT)
		missing(settling, label, "does not answer");
}

static void look_at_inits_below(struct settling *settling, const struct kin_node *component)
{
	char label[KIN_LABEL_MAX + 1];

	if (state_is_init(component) && state_label(component, label) == 0)
		look_at_init(settling, label);
	KIN_NODE_FOREACH (child, component, "component")
		if (!settling->error)
			look_at_inits_below(settling, child);
}

static struct settling look(const struct link *link, bool tell)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	struct settling settling = { link, tell, true, state_tree(link, &tree) };

	if (!settling.error)
		look_at_inits_below(&settling, kin_tree_root(tree));
	return settling;
}

static int wait_settled(const struct link *link, uint64_t deadline_ms)
{
	unsigned pause_ms = LOOK_MS_MIN;

	for (;;) {
		bool last = now_ms() >= deadline_ms;
		struct settling settling = look(link, last);

		if (settling.error) {
			link_explain(link, settling.error);
			return CLI_TREE_FAILED;
		}
		if (settling.settled || last)
			return settling.settled ? CLI_OK : CLI_UNSETTLED;
		unsigned left = left_ms(deadline_ms);

		poll(NULL, 0, (int) (pause_ms < left ? pause_ms : left));
		pause_ms = 2 * pause_ms < LOOK_MS_MAX ? 2 * pause_ms : LOOK_MS_MAX;
	}
}

int apply_config(
	struct link *link, const struct config *config, const char *file, uint64_t timeout_ms)
{
	uint64_t deadline_ms = now_ms() + timeout_ms, revision;
	int status = hand_over(link, config, file, &revision);

	if (status == CLI_OK)
		status = wait_fetched(link, revision, deadline_ms);
	return status == CLI_OK ? wait_settled(link, deadline_ms) : status;
}

static int apply_checked(
	struct link *link, const struct options *options, const struct place *place)
{
	struct config config;
	int r = config_open(options, place, &config);

	if (r < 0)
		return r == -ENOMEM ? CLI_TREE_FAILED : CLI_CONFIG_UNUSABLE;
	if (!config.tree || options->volume != OPTIONS_QUIET)
		problems_print(&config.problems, stderr);
	r = config.tree ? apply_config(link, &config, options->file, options->timeout_ms)
			: CLI_CONFIG_UNUSABLE;
	config_close(&config);
	return r;
}

int apply_command(const struct options *options)
{
	struct options own = *options;
	struct place place;
	struct link link;

	if (place_find(options, &place) < 0)
		return CLI_USAGE;
	int status = link_open(options, &link);

	if (status != CLI_OK)
		return status;
	own.total = (struct quota){ link.info.ram, link.info.caps };
	status = apply_checked(&link, &own, &place);
	link_close(&link);
	return status;
}

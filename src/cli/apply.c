/*
 * kin apply: gives a running tree another config
 *
 * Core tells when init has taken the config. Whether all has settled only the inits know: each says
 * so in its state report, which is looked at again, ever less often, until it does or the time is
 * over. The reports also say what is missing then.
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
#include "engine/check.h"

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

struct look {
	const struct link *link;
	FILE *missing; /* a line for each thing that is */
	bool settled;  /* nothing is under way any more */
	bool complete; /* nothing is missing */
	int error;     /* of the connection */
};

static void miss(struct look *look, const char *label, const char *what)
{
	look->complete = false;
	fprintf(look->missing, "  %s: %s\n", label, what);
}

static void look_at_init(struct look *look, const char *label);

/* An init among the children has a report of its own. */
static void look_at_child(struct look *look, const char *label, const struct kin_node *child)
{
	const char *name = kin_node_attribute(child, "name");
	const char *binary = kin_node_attribute(child, "binary");
	const char *reason = kin_node_attribute(child, "reason");
	const char *state = kin_node_attribute(child, "state");
	bool incomplete = state && strcmp(state, "incomplete") == 0;
	char whole[KIN_LABEL_MAX + 1];

	if (!name || kin_label_join(label, name, whole) < 0)
		return;
	if (reason || incomplete)
		miss(look, whole, reason ? reason : "does not run");
	if (!incomplete && binary && strcmp(binary, CHECK_INIT_BINARY) == 0)
		look_at_init(look, whole);
}

static void look_at_report(struct look *look, const char *label, const struct kin_node *report)
{
	const char *error = kin_node_attribute(report, "config_error");
	bool complete = look->complete;

	if (error)
		miss(look, label, error);
	KIN_NODE_FOREACH (child, report, "child")
		if (!look->error)
			look_at_child(look, label, child);
	if (kin_node_boolean(report, "settled", true))
		return;
	look->settled = false;
	if (complete == look->complete)
		miss(look, label, "still changes");
}

/* Each level of nesting is a call. One that ended meanwhile is missed by its parent, if at all. */
static void look_at_init(struct look *look, const char *label)
{
	KIN_TREE_AUTO struct kin_tree *report = NULL;
	int r = state_report(look->link, label, &report);

	if (r == 0) {
		look_at_report(look, label, kin_tree_root(report));
	} else if (r == -EPIPE || r == -EAGAIN) {
		look->error = r;
	} else if (r == -ETIMEDOUT) {
		look->settled = false;
		miss(look, label, "does not answer");
	}
}

/* Return: CLI_OK, or the exit status, and why was said; -EAGAIN unless it is the last look */
static int look_once(const struct link *link, bool last)
{
	struct look look = { .link = link, .settled = true, .complete = true };
	char *missing = NULL;
	size_t size;
	int status = -EAGAIN;

	look.missing = open_memstream(&missing, &size);
	if (!look.missing)
		return CLI_TREE_FAILED;
	look_at_init(&look, "init");
	fclose(look.missing);
	if (look.error) {
		link_explain(link, look.error);
		status = CLI_TREE_FAILED;
	} else if (look.settled && look.complete) {
		status = CLI_OK;
	} else if (look.settled || last) {
		fprintf(stderr, "kin: the config is applied, but %s:\n%s",
			look.settled ? "not all of it works" : "has not settled", missing);
		status = CLI_UNSETTLED;
	}
	free(missing);
	return status;
}

static int wait_settled(const struct link *link, uint64_t deadline_ms)
{
	unsigned pause_ms = LOOK_MS_MIN;

	for (;;) {
		unsigned left = left_ms(deadline_ms);
		int status = look_once(link, now_ms() >= deadline_ms);

		if (status != -EAGAIN)
			return status;
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

/*
 * The command
 */

/* Return: 0 and a place whose names are in a text to be freed; negative errno */
static int place_of_tree(const struct link *link, struct place *ret, char **ret_text)
{
	struct control_roms_reply reply;
	size_t size;
	int r = link_call(link, control_roms_operation, NULL, &reply, LINK_PATIENCE_MS);

	if (r == 0)
		r = link_text(reply.text, ret_text, &size);
	if (r)
		return r;
	ret->n_rom_directories = 0;
	for (size_t at = 0; at < size && ret->n_rom_directories < OPTIONS_ROM_MAX;
		at += strlen(*ret_text + at) + 1)
		ret->rom_directories[ret->n_rom_directories++] = *ret_text + at;
	return 0;
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

/* The config is checked against what the tree has, not what it would be started with. */
static int apply_to(struct link *link, const struct options *options)
{
	struct options own = *options;
	struct place place;
	char *text = NULL;
	int r = place_of_tree(link, &place, &text);

	if (r) {
		link_explain(link, r);
		return CLI_TREE_FAILED;
	}
	own.total = (struct quota){ link->info.ram, link->info.caps };
	r = apply_checked(link, &own, &place);
	free(text);
	return r;
}

int apply_command(const struct options *options)
{
	struct link link;
	int status = link_open(options, &link);

	if (status != CLI_OK)
		return status;
	status = apply_to(&link, options);
	link_close(&link);
	return status;
}

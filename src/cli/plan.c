/*
 * kin plan: what `kin apply` would do
 *
 * A dry run of the engine takes the place of the tree: it gets the config that is in force, what
 * the state report of the first init tells of its children, and then the new config. The tree
 * itself is only asked, never touched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kin/number.h>

#include "cli/config.h"
#include "cli/link.h"
#include "cli/state.h"
#include "engine/environment.h"
#include "engine/plan.h"
#include "engine/recall.h"

struct planning {
	const struct options *options;
	const struct place *place;
	struct quota total;   /* of the whole tree */
	struct kin_tree *now; /* the config in force; owned until it is applied */
	struct kin_tree *report;
	struct config wanted;
	unsigned changes;
};

static bool binary_exists(void *ctx, const char *name)
{
	return place_has_rom(((struct planning *) ctx)->place, name);
}

static void print_change(void *ctx, const struct plan_change *change)
{
	((struct planning *) ctx)->changes++;
	printf("%-8s %s%s%s\n", plan_word(change->kind), change->child, *change->reason ? ": " : "",
		change->reason);
}

static void print_log(void *ctx, enum owner_level level, const char *text)
{
	printf("%-8s %s\n", level == OWNER_ERROR ? "error" : "warning", text);
}

/* Return: exit status */
static int out_of_memory(void)
{
	fprintf(stderr, "kin: out of memory\n");
	return CLI_TREE_FAILED;
}

static struct kin_tree *take(struct kin_tree **tree)
{
	struct kin_tree *taken = *tree;

	*tree = NULL;
	return taken;
}

/* What the first init has: all but what core keeps for it. */
static struct quota of_init(struct quota total)
{
	return quota_less(total, environment_cost());
}

static int make(struct planning *planning)
{
	const struct dryrun_facts facts = { of_init(planning->total), planning, binary_exists };
	const struct plan_listener listener = { planning, print_change, print_log };
	struct dryrun *dryrun = dryrun_new(&facts);

	if (!dryrun)
		return out_of_memory();
	int r = dryrun_apply(dryrun, take(&planning->now));

	if (r == 0 && planning->report)
		recall(dryrun, kin_tree_root(planning->report));
	if (r == 0)
		r = plan_make(dryrun, take(&planning->wanted.tree), &listener);
	dryrun_free(dryrun);
	if (r < 0)
		return out_of_memory();
	if (!planning->changes)
		printf("nothing changes\n");
	return CLI_OK;
}

/* Return: exit status; standard error says what is wrong */
static int plan_to(struct planning *planning)
{
	struct options own = *planning->options;

	own.total = planning->total;
	int r = config_open(&own, planning->place, &planning->wanted);

	if (r < 0)
		return r == -ENOMEM ? CLI_TREE_FAILED : CLI_CONFIG_UNUSABLE;
	if (!planning->wanted.tree || own.volume != OPTIONS_QUIET)
		problems_print(&planning->wanted.problems, stderr);
	r = planning->wanted.tree ? make(planning) : CLI_CONFIG_UNUSABLE;
	config_close(&planning->wanted);
	return r;
}

/* Between two files, without a tree. */
static int plan_from_file(struct planning *planning)
{
	struct options own = *planning->options;
	struct config now;

	planning->total = own.total;
	own.file = own.from;
	int r = config_open(&own, planning->place, &now);

	if (r < 0)
		return r == -ENOMEM ? CLI_TREE_FAILED : CLI_CONFIG_UNUSABLE;
	if (now.tree) {
		planning->now = take(&now.tree);
		r = plan_to(planning);
	} else {
		problems_print(&now.problems, stderr);
		r = CLI_CONFIG_UNUSABLE;
	}
	config_close(&now);
	return r;
}

/* Return: exit status */
static int fetch_config(const struct link *link, struct kin_tree **ret)
{
	struct control_config_reply reply;
	char *text;
	size_t size;
	int r = link_call(link, control_config_operation, NULL, &reply, LINK_PATIENCE_MS);

	if (r == 0)
		r = link_text(reply.text, &text, &size);
	if (r) {
		link_explain(link, r);
		return CLI_TREE_FAILED;
	}
	r = kin_tree_parse(text, size, NULL, ret);
	free(text);
	if (r == 0)
		return CLI_OK;
	fprintf(stderr, "kin: the config in force can't be read: %s\n", strerror(-r));
	return CLI_NO_STATE;
}

static int plan_from_tree(struct planning *planning, const struct link *link)
{
	planning->total = (struct quota){ link->info.ram, link->info.caps };
	int status = fetch_config(link, &planning->now);

	if (status != CLI_OK)
		return status;
	int r = state_report(link, "init", &planning->report);

	if (r) {
		state_explain(link, "init", r);
		return r == -EPIPE || r == -EAGAIN ? CLI_TREE_FAILED : CLI_NO_STATE;
	}
	return plan_to(planning);
}

int plan_command(const struct options *options)
{
	struct planning planning = { .options = options };
	struct place place;
	struct link link;
	int status;

	if (place_find(options, &place) < 0)
		return CLI_USAGE;
	planning.place = &place;
	if (options->from) {
		status = plan_from_file(&planning);
	} else {
		status = link_open(options, &link);
		if (status != CLI_OK)
			return status;
		status = plan_from_tree(&planning, &link);
		link_close(&link);
	}
	kin_tree_free(planning.now);
	kin_tree_free(planning.report);
	return status;
}

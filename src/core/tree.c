/* The tree of PDs; see the header. */
#include "core/tree.h"

#include <stdlib.h>
#include <string.h>

#include <kin/generator.h>
#include <kin/label.h>
#include <kin/node.h>

#include "base/table.h"
#include "core/process.h"
#include "core/services.h"
#include "core/walls.h"

static void state_generate(struct kin_generator *g, const struct pd *pd)
{
	const struct process *process = pd->process;

	if (!process)
		kin_generator_attribute(g, "state", pd->adopter ? "not started" : "–");
	else if (!process->ended)
		kin_generator_attribute(g, "state", "running");
	else if (process->end.killed)
		kin_generator_attribute_format(
			g, "state", "killed by %s", strsignal(process->end.value));
	else
		kin_generator_attribute_format(g, "state", "exited %d", process->end.value);
}

static void pd_open(struct kin_generator *g, struct pd *pd)
{
	const struct account *account = &pd->account;

	kin_generator_open(g, "component");
	kin_generator_attribute(g, "name", kin_label_last(pd->session.label));
	state_generate(g, pd);
	kin_generator_attribute_number(g, "ram", account->quota.ram);
	kin_generator_attribute_number(g, "charged", account->used.ram);
	kin_generator_attribute_number(g, "private", pd_private_bytes(pd));
	kin_generator_attribute_number(g, "caps", account->quota.caps);
	kin_generator_attribute_number(g, "caps_used", account->used.caps);
	struct walls walls = walls_around(pd);

	walls_generate(g, &walls, "_held_by");
}

/* No deeper than LEDGER_DEPTH_MAX calls. */
static void pd_generate(struct kin_generator *g, struct pd *pd)
{
	pd_open(g, pd);
	for (struct account *a = pd->account.children; a; a = a->next)
		pd_generate(g, pd_of_account(a));
	kin_generator_close(g);
}

void core_tree_generate(struct core_services *services, struct kin_generator *g)
{
	pd_generate(g, &services->root);
}

static void table_log(struct core_services *services, const struct kin_tree *tree)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return;
	table_print(kin_tree_root(tree), NULL, stream);
	if (fclose(stream) == 0)
		for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
			output_text(&services->output, line, (size_t) (end + 1 - line));
	free(text);
}

void core_tree_log(struct core_services *services)
{
	KIN_TREE_AUTO struct kin_tree *tree = NULL;
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	core_tree_generate(services, &g);
	int r = kin_generator_finish(&g, &text, &size);

	if (r == 0)
		r = kin_tree_parse(text, size, NULL, &tree);
	kin_generator_done(&g);
	if (r == 0)
		table_log(services, tree);
	else
		core_log(services, OWNER_WARNING, "the tree can't be shown: %s", strerror(-r));
}

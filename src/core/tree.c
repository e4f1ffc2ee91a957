/*
 * The tree of PDs as a table
 *
 * Printed when kin ends, and whenever somebody wants to see where the quota is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kin/label.h>

#include "core/process.h"
#include "core/services.h"

#define INDENT_COLUMNS   3 /* of each level of branches */
#define NAME_COLUMNS_MIN 12

/* Branches are drawn with characters of three bytes for one column. */
struct branches {
	char text[LEDGER_DEPTH_MAX * INDENT_COLUMNS * 3 + 1];
};

static int text_columns(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char) *text & 0xc0) != 0x80;
	return columns;
}

static const char *pd_name(const struct pd *pd)
{
	return kin_label_last(pd->session.label);
}

static void pd_state_print(const struct pd *pd, FILE *stream)
{
	const struct process *process = pd->process;

	if (!process)
		fprintf(stream, pd->adopter ? "not started\n" : "–\n");
	else if (!process->ended)
		fprintf(stream, "running\n");
	else if (process->end.killed)
		fprintf(stream, "killed by %s\n", strsignal(process->end.value));
	else
		fprintf(stream, "exited %d\n", process->end.value);
}

static void pd_print(struct pd *pd, const char *branches, int name_columns, FILE *stream)
{
	const struct account *account = &pd->account;
	int columns = text_columns(branches) + text_columns(pd_name(pd));

	fprintf(stream, "%s%s%*s", branches, pd_name(pd), name_columns - columns, "");
	fprintf(stream, " %12" PRIu64 " %10" PRIu64 " %10" PRIu64, account->quota.ram >> 10,
		account->used.ram >> 10, pd_private_bytes(pd) >> 10);
	fprintf(stream, " %8" PRIu64 " %6" PRIu64 "  ", account->quota.caps, account->used.caps);
	pd_state_print(pd, stream);
}

/* No deeper than LEDGER_DEPTH_MAX calls. */
static void children_print(struct pd *pd, struct branches *branches, int name_columns, FILE *stream)
{
	size_t end = strlen(branches->text);

	for (struct account *a = pd->account.children; a; a = a->next) {
		strcpy(branches->text + end, a->next ? "├─ " : "└─ ");
		pd_print(pd_of_account(a), branches->text, name_columns, stream);
		strcpy(branches->text + end, a->next ? "│  " : "   ");
		children_print(pd_of_account(a), branches, name_columns, stream);
	}
	branches->text[end] = '\0';
}

static int account_depth(const struct account *account)
{
	int depth = 0;

	for (; account->reference; account = account->reference)
		depth++;
	return depth;
}

static int name_columns_of(const struct core_services *services)
{
	int max = NAME_COLUMNS_MIN;

	for (struct account *a = services->ledger.root; a; a = account_next(a)) {
		int columns =
			account_depth(a) * INDENT_COLUMNS + text_columns(pd_name(pd_of_account(a)));

		max = columns > max ? columns : max;
	}
	return max;
}

void core_tree_print(struct core_services *services, FILE *stream)
{
	struct branches branches = { "" };
	int name_columns = name_columns_of(services);

	fprintf(stream, "%-*s %12s %10s %10s %8s %6s  %s\n", name_columns, "component", "RAM KiB",
		"charged", "private", "caps", "used", "state");
	pd_print(&services->root, "", name_columns, stream);
	children_print(&services->root, &branches, name_columns, stream);
}

void core_tree_log(struct core_services *services)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return;
	core_tree_print(services, stream);
	if (fclose(stream) == 0)
		for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
			output_text(&services->output, line, (size_t) (end + 1 - line));
	free(text);
}

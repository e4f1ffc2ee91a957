/* Table of a tree; see the header. */
#include "base/table.h"

#include <inttypes.h>
#include <string.h>

#include <kin/node.h>

#define INDENT_COLUMNS   3 /* of each level of branches */
#define NAME_COLUMNS_MIN 12
#define CHILD            "component"

/* Branches are drawn with characters of three bytes for one column. */
struct branches {
	char text[KIN_NODE_DEPTH_MAX * INDENT_COLUMNS * 3 + 1];
};

struct table {
	const struct table_more *more;
	FILE *stream;
	int name_columns;
	struct branches branches;
};

static int text_columns(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char) *text & 0xc0) != 0x80;
	return columns;
}

static const char *text_of(const struct kin_node *component, const char *attribute)
{
	const char *text = kin_node_attribute(component, attribute);

	return text ? text : "";
}

static void number_print(const struct table *table, const struct kin_node *component,
	const char *attribute, int columns, unsigned shift)
{
	fprintf(table->stream, " %*" PRIu64, columns,
		kin_node_number(component, attribute, 0) >> shift);
}

static void component_print(const struct table *table, const struct kin_node *component)
{
	const char *branches = table->branches.text, *name = text_of(component, "name");
	int columns = text_columns(branches) + text_columns(name);

	fprintf(table->stream, "%s%s%*s", branches, name, table->name_columns - columns, "");
	number_print(table, component, "ram", 12, 10);
	number_print(table, component, "charged", 10, 10);
	number_print(table, component, "private", 10, 10);
	number_print(table, component, "caps", 8, 0);
	number_print(table, component, "caps_used", 6, 0);
	fprintf(table->stream, "  %s\n", text_of(component, "state"));
}

static void more_print(struct table *table, const struct kin_node *component)
{
	size_t end = strlen(table->branches.text);

	if (!table->more)
		return;
	strcpy(table->branches.text + end, kin_node_first_of(component, CHILD) ? "│  " : "   ");
	table->more->print(table->more->ctx, component, table->branches.text, table->stream);
	table->branches.text[end] = '\0';
}

/* No deeper than KIN_NODE_DEPTH_MAX calls. */
static void children_print(struct table *table, const struct kin_node *parent)
{
	size_t end = strlen(table->branches.text);

	KIN_NODE_FOREACH (component, parent, CHILD) {
		bool last = !kin_node_next_of(component, CHILD);

		strcpy(table->branches.text + end, last ? "└─ " : "├─ ");
		component_print(table, component);
		strcpy(table->branches.text + end, last ? "   " : "│  ");
		more_print(table, component);
		children_print(table, component);
	}
	table->branches.text[end] = '\0';
}

static int name_columns_of(const struct kin_node *component, int depth)
{
	int max = depth * INDENT_COLUMNS + text_columns(text_of(component, "name"));

	KIN_NODE_FOREACH (child, component, CHILD) {
		int columns = name_columns_of(child, depth + 1);

		max = columns > max ? columns : max;
	}
	return max;
}

void table_print(const struct kin_node *top, const struct table_more *more, FILE *stream)
{
	struct table table = { .more = more, .stream = stream };
	int columns = name_columns_of(top, 0);

	table.name_columns = columns > NAME_COLUMNS_MIN ? columns : NAME_COLUMNS_MIN;
	fprintf(stream, "%-*s %12s %10s %10s %8s %6s  %s\n", table.name_columns, "component",
		"RAM KiB", "charged", "private", "caps", "used", "state");
	component_print(&table, top);
	more_print(&table, top);
	children_print(&table, top);
}

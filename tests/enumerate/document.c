/* The table as a document: where a session goes, by its point; then every row, by what is done. */
#include <string.h>

#include <kin/answer.h>

#include "enumerate/enumerate.h"

static const char introduction[] =
	"# Sessions, completely\n"
	"\n"
	"A session joins a client, a service and a donation of RAM and capabilities that the "
	"client pays. The client\n"
	"asks its parent four things about it, `session`, `session_cap`, `upgrade` and `close`, "
	"and names it by an ID\n"
	"of its own choice. This is all that can happen to one, for the three kinds of services "
	"that a parent can route\n"
	"to: one of another **child**, which always answers later; one of the **parent** of this "
	"parent; and a **local**\n"
	"one of the parent itself. The last two answer at once or later.\n"
	"\n"
	"`tests/enumerate` writes this document from the table that it holds against the engine. "
	"Each line was tried,\n"
	"and whatever can happen has one.\n"
	"\n"
	"## Points in the life of a session\n"
	"\n"
	"Words in capitals are those of reports and messages. *Seen*: the server has fetched the "
	"request; it can answer\n"
	"only what it has seen.\n"
	"\n"
	"| point | meaning | the donation is |\n"
	"|---|---|---|\n";

static const char on_routes[] =
	"\n"
	"## Where it goes\n"
	"\n"
	"From the point on the left to the one in the table; an empty field leaves it where it is, "
	"– can't be. After → is\n"
	"what the service says at once; if that is pending it says more later.\n";

static const char on_rows[] = "\n"
			      "## What happens\n"
			      "\n"
			      "*Answer* is what the client's call returns, *then* the point where "
			      "the session goes, *told* who gets a signal,\n"
			      "*log* the line that the parent writes. What is empty is nothing: no "
			      "answer, no move, nobody told, no line. The\n"
			      "client is `client`, the server `server`, the client's ID of the "
			      "session is 7; ID is the server's, STATE and\n"
			      "SERVICE are what they are of it. Of the points these have names:\n";

static const char *const kinds[KINDS] = { "child", "parent", "local" };
static const char *const places[] = { "nowhere", "with the client", "with the service",
	"with the server that refused it, else with the parent" };
static const char *const notices[] = { "", "client: created", "client: upgraded",
	"client: closed" };
static const char *const sights[] = { "", ", sees *create*", ", sees *upgrade*", ", sees *close*" };
static const char *const actors[] = { "client", "server", "service" };

static const struct row *row_at(
	enum kind kind, enum point point, bool server_gone, enum operation operation)
{
	return row_of(&(struct cell){ kind, point, server_gone, operation });
}

/*
 * Where it goes
 */

static void write_points(FILE *file)
{
	for (enum point i = 0; i < POINTS; i++)
		fprintf(file, "| %s | %s | %s |\n", points[i].title, points[i].meaning,
			places[points[i].donation]);
}

/* Whether an operation moves a session at all. */
static bool moves(enum kind kind, enum operation operation)
{
	for (enum point point = 0; point < POINTS; point++) {
		bool gone = points[point].server == BIT(GONE);
		const struct row *row = row_at(kind, point, gone, operation);

		if (row && !row->stays && row->then != point)
			return true;
	}
	return false;
}

static bool same_verb(enum operation a, enum operation b)
{
	return operations[a].actor == operations[b].actor &&
	       strcmp(operations[a].verb, operations[b].verb) == 0;
}

static bool has_variants(enum kind kind, enum operation operation)
{
	unsigned n = 0;

	for (enum operation op = 0; op < OPERATIONS; op++)
		n += same_verb(op, operation) && operations[op].kinds & BIT(kind);
	return n > 1;
}

static void write_operation(FILE *file, enum kind kind, enum operation operation)
{
	const struct operation_info *op = &operations[operation];
	bool variants = has_variants(kind, operation);

	fprintf(file, "%s %s%s%s", actors[op->actor], op->verb,
		!variants             ? ""
		: op->actor == CLIENT ? " → "
				      : " ",
		variants ? op->variant : "");
}

static void write_route(FILE *file, enum kind kind, enum point point)
{
	bool gone = points[point].server == BIT(GONE);

	fprintf(file, "| **%s** |", points[point].title);
	for (enum operation op = 0; op < OPERATIONS; op++) {
		const struct row *row = row_at(kind, point, gone, op);

		if (!moves(kind, op))
			continue;
		fprintf(file, " %s |",
			!row                               ? "–"
			: row->stays || row->then == point ? ""
							   : points[row->then].title);
	}
	fprintf(file, "\n");
}

static void write_routes(FILE *file, enum kind kind)
{
	fprintf(file, "\n### At a service of kind %s\n\n| |", kinds[kind]);
	for (enum operation op = 0; op < OPERATIONS; op++) {
		if (!moves(kind, op))
			continue;
		fprintf(file, " ");
		write_operation(file, kind, op);
		fprintf(file, " |");
	}
	fprintf(file, "\n|---|");
	for (enum operation op = 0; op < OPERATIONS; op++)
		if (moves(kind, op))
			fprintf(file, "---|");
	fprintf(file, "\n");
	for (enum point point = 0; point < POINTS; point++)
		if (points[point].kinds & BIT(kind))
			write_route(file, kind, point);
}

/*
 * What happens
 */

static void write_set(FILE *file, const struct point_set *set)
{
	const char *between = "";

	fprintf(file, "* *%s*: ", set->title);
	for (enum point point = 0; point < POINTS; point++) {
		if (!(set->at & BIT(point)))
			continue;
		fprintf(file, "%s%s", between, points[point].title);
		between = "; ";
	}
	fprintf(file, "\n");
}

static void write_kinds(FILE *file, const struct row *row)
{
	const char *comma = "";

	if (row->kinds == ANY) {
		fprintf(file, "| any ");
		return;
	}
	fprintf(file, "| ");
	for (enum kind kind = 0; kind < KINDS; kind++) {
		if (!(row->kinds & BIT(kind)))
			continue;
		fprintf(file, "%s%s", comma, kinds[kind]);
		comma = ", ";
	}
	fprintf(file, " ");
}

static bool has_point(const struct row *row, enum point point)
{
	for (enum kind kind = 0; kind < KINDS; kind++)
		for (enum operation op = 0; op < OPERATIONS; op++)
			if (row_at(kind, point, false, op) == row ||
				row_at(kind, point, true, op) == row)
				return true;
	return false;
}

static void write_at(FILE *file, const struct row *row)
{
	unsigned server = row->server ? row->server : BIT(THERE);
	const struct point_set *set = point_sets;
	const char *between = "";

	while (set->title && set->at != row->at)
		set++;
	fprintf(file, "| %s", set->title ? set->title : "");
	for (enum point point = 0; point < POINTS && !set->title; point++) {
		if (!has_point(row, point))
			continue;
		fprintf(file, "%s%s", between, points[point].title);
		between = "; ";
	}
	if (server == BIT(GONE))
		fprintf(file, " — once the server has ended");
	fprintf(file, " ");
}

static bool has_operation(const struct row *row, enum operation operation)
{
	for (enum kind kind = 0; kind < KINDS; kind++)
		for (enum point point = 0; point < POINTS; point++)
			if (row_at(kind, point, false, operation) == row ||
				row_at(kind, point, true, operation) == row)
				return true;
	return false;
}

/* Whether a row is about all there is of a verb, so that its variants need not be told. */
static bool all_of_verb(const struct row *row, enum operation operation)
{
	for (enum operation op = 0; op < OPERATIONS; op++)
		if (same_verb(op, operation) && operations[op].kinds & row->kinds &&
			!has_operation(row, op))
			return false;
	return true;
}

static void write_does(FILE *file, const struct row *row)
{
	const struct operation_info *last = NULL;

	fprintf(file, "| ");
	for (enum operation i = 0; i < OPERATIONS; i++) {
		const struct operation_info *op = &operations[i];
		bool again = last && strcmp(last->verb, op->verb) == 0;

		if (!has_operation(row, i) || (again && all_of_verb(row, i)))
			continue;
		if (!again)
			fprintf(file, "%s%s", last ? "; " : "", op->verb);
		if (op->variant && !all_of_verb(row, i))
			fprintf(file, "%s%s",
				again                 ? ", "
				: op->actor == CLIENT ? " → "
						      : " ",
				op->variant);
		last = op;
	}
	fprintf(file, "%s ", sights[row->sees]);
}

static void write_row(FILE *file, const struct row *row)
{
	write_kinds(file, row);
	write_at(file, row);
	write_does(file, row);
	fprintf(file, "| %s%s ",
		row->does & (BIT(CLIENT_ENDS) - 1) ? kin_answer_text(row->answer) : "",
		row->cap ? ", capability" : "");
	fprintf(file, "| %s ", row->stays ? "" : points[row->then].title);
	fprintf(file, "| %s%s%s ", notices[row->client], row->server_woken ? "server" : "",
		row->asks ? "parent: wants resources" : "");
	fprintf(file, "| %s%s%s |\n", row->log ? "`" : "", row->log ? row->log : "",
		row->log ? "`" : "");
}

void document_write(FILE *file)
{
	fputs(introduction, file);
	write_points(file);
	fputs(on_routes, file);
	for (enum kind kind = 0; kind < KINDS; kind++)
		write_routes(file, kind);
	fputs(on_rows, file);
	fprintf(file, "\n");
	for (const struct point_set *set = point_sets; set->title; set++)
		write_set(file, set);
	for (size_t i = 0; i < n_rows; i++) {
		if (rows[i].chapter)
			fprintf(file,
				"\n### %s\n\n| service | at | what is done | answer | then | told "
				"| "
				"log |\n|---|---|---|---|---|---|---|\n",
				rows[i].chapter);
		write_row(file, &rows[i]);
	}
}

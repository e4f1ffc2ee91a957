/* Problems; see the header. */
#include "cli/problems.h"

#include <stdlib.h>
#include <string.h>

/* SOURCE:LINE:COLUMN: severity: in front of the text, whatever the length of a path */
#define LINE_MAX_BYTES (4096 + 64 + KIN_DIAG_TEXT_MAX)

static int append(struct problems *problems, const struct kin_diagnostic *diagnostic)
{
	char *text = strdup(diagnostic->text);

	if (text && problems->n == problems->size) {
		size_t size = problems->size ? 2 * problems->size : 16;
		void *list = realloc(problems->list, size * sizeof(problems->list[0]));

		if (list) {
			problems->list = list;
			problems->size = size;
		}
	}
	if (!text || problems->n == problems->size) {
		free(text);
		return -1;
	}
	struct problem *problem = &problems->list[problems->n];

	*problem = (struct problem){ *diagnostic, problems->n };
	problem->diagnostic.text = text;
	problems->n++;
	return 0;
}

static void report(void *ctx, const struct kin_diagnostic *diagnostic)
{
	struct problems *problems = ctx;

	if (append(problems, diagnostic) < 0)
		problems->n_lost++;
}

void problems_init(struct problems *problems, const char *source)
{
	*problems = (struct problems){ .diag = { report, problems, source } };
}

void problems_done(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		free((char *) problems->list[i].diagnostic.text);
	free(problems->list);
}

static int order(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const void *left, const void *right)
{
	const struct problem *a = left, *b = right;

	return order(a->diagnostic.line, b->diagnostic.line)
		?: order(a->diagnostic.column, b->diagnostic.column) ?: order(a->rank, b->rank);
}

void problems_print(struct problems *problems, FILE *stream)
{
	char line[LINE_MAX_BYTES];

	if (problems->n)
		qsort(problems->list, problems->n, sizeof(problems->list[0]), compare);
	for (size_t i = 0; i < problems->n; i++) {
		kin_diag_format(&problems->list[i].diagnostic, line, sizeof(line));
		fprintf(stream, "%s\n", line);
	}
	if (problems->n_lost)
		fprintf(stream, "%s: %zu more problems are not shown for lack of memory\n",
			problems->diag.source, problems->n_lost);
}

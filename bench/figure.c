/* Figures; see the header. */
#include "figure.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define NAME_COLUMNS 42
#define UNIT_COLUMNS 6

struct summary {
	double min, median, max;
};

struct figure *figure_add(
	struct figures *figures, const char *topic, const char *unit, const char *name, ...)
{
	struct figure *figure = &figures->figures[figures->n++];
	va_list arguments;

	assert(figures->n <= FIGURES_MAX);
	*figure = (struct figure){ .topic = topic, .unit = unit };
	va_start(arguments, name);
	vsnprintf(figure->name, sizeof(figure->name), name, arguments);
	va_end(arguments);
	return figure;
}

void samples_add(struct samples *samples, double value)
{
	assert(samples->n < SAMPLES_MAX);
	samples->values[samples->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

static struct summary samples_summary(const struct samples *samples)
{
	struct samples sorted = *samples;
	size_t n = sorted.n;

	qsort(sorted.values, n, sizeof(double), compare);
	double median = (sorted.values[(n - 1) / 2] + sorted.values[n / 2]) / 2;

	return (struct summary){ sorted.values[0], median, sorted.values[n - 1] };
}

static double figure_ratio(const struct figure *figure)
{
	struct samples ratios = { .n = figure->value.n };

	assert(figure->floor.n == figure->value.n);
	for (size_t i = 0; i < ratios.n; i++) {
		double value = figure->value.values[i], floor = figure->floor.values[i];

		ratios.values[i] = figure->more_is_better ? floor / value : value / floor;
	}
	return samples_summary(&ratios).median;
}

/* The larger, the fewer digits behind the point. */
static int digits_of(double value)
{
	return value < 10 ? 2 : value < 1000 ? 1 : 0;
}

static void summary_print(const struct samples *samples)
{
	struct summary s = samples_summary(samples);
	int digits = digits_of(s.median);

	if (samples->n == 1)
		printf(" %9s %9.*f %9s", "", digits, s.median, "");
	else
		printf(" %9.*f %9.*f %9.*f", digits, s.min, digits, s.median, digits, s.max);
}

/* printf() pads bytes, and "µs" has more of them than columns. */
static int padding(const char *text, int columns)
{
	for (; *text; text++)
		columns -= ((unsigned char) *text & 0xc0) != 0x80;
	return columns > 0 ? columns : 0;
}

static void figure_print(const struct figure *figure)
{
	printf("  %s%*s", figure->name, padding(figure->name, NAME_COLUMNS), "");
	summary_print(&figure->value);
	printf(" %s%*s", figure->unit, padding(figure->unit, UNIT_COLUMNS), "");
	if (figure->floor_name) {
		summary_print(&figure->floor);
		printf(" %7.2f", figure_ratio(figure));
	}
	if (figure->target > 0 && figure->floor_name)
		printf("   ≤ %g", figure->target);
	else if (figure->target > 0)
		printf(" ≤ %g", figure->target);
	printf("\n");
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The first of @n with this name, if not NULL, in this column, if not NULL. Return: NULL if none.
 */
static const struct figure *figure_find(
	const struct figure *figures, size_t n, const char *name, const char *column)
{
	for (size_t i = 0; i < n; i++)
		if ((!name || same(name, figures[i].name)) &&
			(!column || same(column, figures[i].column)))
			return &figures[i];
	return NULL;
}

static void columns_print_line(const struct figure *figures, size_t n, const char *name)
{
	printf("  %s%*s", name, padding(name, NAME_COLUMNS), "");
	for (size_t i = 0; i < n; i++) {
		const char *column = figures[i].column;
		const struct figure *figure = figure_find(figures, n, name, column);

		if (figure_find(figures, n, NULL, column) != &figures[i])
			continue;
		if (figure)
			printf(" %9.1f", figure->value.values[0]);
		else
			printf(" %9s", "");
	}
	printf("\n");
}

/* Columns and lines are in the order in which they first appear. */
static void columns_print(const struct figure *figures, size_t n)
{
	printf("\n%s%*s", figures->topic, padding(figures->topic, NAME_COLUMNS + 2), "");
	for (size_t i = 0; i < n; i++)
		if (figure_find(figures, n, NULL, figures[i].column) == &figures[i])
			printf(" %9s", figures[i].column);
	printf("\n");
	for (size_t i = 0; i < n; i++)
		if (figure_find(figures, n, figures[i].name, NULL) == &figures[i])
			columns_print_line(figures, n, figures[i].name);
}

static size_t figures_of_topic(const struct figures *figures, size_t first)
{
	size_t end = first;

	while (end < figures->n && same(figures->figures[first].topic, figures->figures[end].topic))
		end++;
	return end - first;
}

void figures_print(const struct figures *figures)
{
	const char *topic = NULL, *floor_name = NULL;

	printf("%*s %9s %9s %9s %*s %9s %9s %9s %7s   %s\n", NAME_COLUMNS + 2, "", "min", "median",
		"max", UNIT_COLUMNS, "", "floor min", "median", "max", "ratio", "target");
	for (size_t i = 0; i < figures->n; i++) {
		const struct figure *figure = &figures->figures[i];

		if (figure->column) {
			size_t n = figures_of_topic(figures, i);

			columns_print(figure, n);
			i += n - 1;
			continue;
		}
		if (!same(topic, figure->topic) || !same(floor_name, figure->floor_name))
			printf("\n%s%s%s\n", figure->topic, figure->floor_name ? "; floor: " : "",
				figure->floor_name ? figure->floor_name : "");
		topic = figure->topic;
		floor_name = figure->floor_name;
		figure_print(figure);
	}
}

static void json_summary(FILE *file, const char *key, const struct samples *samples)
{
	struct summary s = samples_summary(samples);

	fprintf(file,
		", \"%s\": { \"min\": %.6g, \"median\": %.6g, \"max\": %.6g, \"samples\": %zu }",
		key, s.min, s.median, s.max, samples->n);
}

/* No string here needs escaping: all are our own. */
static void json_figure(FILE *file, const struct figure *figure, bool last)
{
	fprintf(file, "    { \"topic\": \"%s\", \"figure\": \"%s\", \"unit\": \"%s\"",
		figure->topic, figure->name, figure->unit);
	if (figure->column)
		fprintf(file, ", \"column\": \"%s\"", figure->column);
	json_summary(file, "value", &figure->value);
	if (figure->floor_name) {
		fprintf(file, ", \"floor_is\": \"%s\"", figure->floor_name);
		json_summary(file, "floor", &figure->floor);
		fprintf(file, ", \"ratio\": %.6g", figure_ratio(figure));
	}
	if (figure->target > 0)
		fprintf(file, ", \"target\": %g", figure->target);
	fprintf(file, " }%s\n", last ? "" : ",");
}

int figures_write_json(const struct figures *figures, const char *path, const char *command)
{
	FILE *file = fopen(path, "w");
	struct utsname name;

	if (!file)
		return -errno;
	uname(&name);
	fprintf(file,
		"{\n  \"command\": \"%s\",\n  \"kernel\": \"%s %s\",\n  \"machine\": \"%s\",\n"
		"  \"cores\": %ld,\n  \"figures\": [\n",
		command, name.sysname, name.release, name.machine, sysconf(_SC_NPROCESSORS_ONLN));
	for (size_t i = 0; i < figures->n; i++)
		json_figure(file, &figures->figures[i], i + 1 == figures->n);
	fprintf(file, "  ]\n}\n");
	return fclose(file) < 0 ? -errno : 0;
}

void machine_print(const char *command)
{
	struct utsname name;
	double load = 0;

	uname(&name);
	getloadavg(&load, 1);
	printf("%s\n%s %s, %s, %ld cores, load %.1f\n\n", command, name.sysname, name.release,
		name.machine, sysconf(_SC_NPROCESSORS_ONLN), load);
}

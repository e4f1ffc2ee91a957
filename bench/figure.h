/*
 * Figures: what was measured, as a table and as JSON
 *
 * A figure is a number of samples, mostly with as many of its floor: the least that the kernel
 * asks for the same. Samples i of both are taken one after the other, so the ratio is the median of
 * the ratios of the pairs: what slows the machine down for a while slows both.
 *
 * Figures of one sample that are the same thing in other circumstances have a column each, and
 * stand in one line of the table.
 */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#define SAMPLES_MAX     32
#define FIGURES_MAX     160
#define FIGURE_NAME_MAX 79 /* bytes */

struct samples {
	double values[SAMPLES_MAX];
	size_t n;
};

struct figure {
	const char *topic; /* borrowed, as all strings but the name */
	char name[FIGURE_NAME_MAX + 1];
	const char *column;     /* NULL, or where it stands in the line of all with its name */
	const char *unit;       /* of both */
	const char *floor_name; /* NULL if there is none */
	double target;          /* of the ratio, or of the value if there is no floor; 0 for none */
	bool more_is_better;    /* then the ratio is floor to value */
	struct samples value, floor;
};

struct figures {
	struct figure figures[FIGURES_MAX];
	size_t n;
};

/* Appends a figure named as by printf(), without floor and samples; its pointer stays valid. */
struct figure *figure_add(struct figures *figures, const char *topic, const char *unit,
	const char *name, ...) __attribute__((format(printf, 4, 5)));

void samples_add(struct samples *samples, double value);

void figures_print(const struct figures *figures);

/* Writes all of them with facts about the machine. Return: 0, or negative errno. */
int figures_write_json(const struct figures *figures, const char *path, const char *command);

/* One line about the machine: kernel, cores, load. */
void machine_print(const char *command);

#endif

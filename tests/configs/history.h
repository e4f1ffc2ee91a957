/*
 * History: configs applied one after the other to one engine, and what its children do in between
 *
 * Steps are data, and each means something wherever it stands, so that a history that fails can be
 * made shorter. In a tame one there is quota enough and nobody is refused or ends: then everything
 * is predicted, and what has come of it in the end is what a fresh start with the last config
 * gives.
 */
#ifndef CONFIGS_HISTORY_H
#define CONFIGS_HISTORY_H

#include "model/random.h"

#define HISTORY_STEPS_MAX 250

struct step {
	uint8_t kind, who;
	uint32_t what;
};

struct history {
	uint64_t seed; /* of the first config, and of its name */
	bool tame;
	size_t n;
	struct step steps[HISTORY_STEPS_MAX];
};

/* What was looked at. */
struct history_counts {
	uint64_t applied, predicted, compared;
};

void history_make(struct history *history, struct random *random);

/* Aborts where something is wrong. */
void history_run(const struct history *history, bool verbose, struct history_counts *counts);

#endif

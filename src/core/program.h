/*
 * Programs that take more than one descriptor to start
 *
 * Who starts a PD hands over what core can't get by itself: a program that is served by another
 * component, and all modules of one that is dynamically linked. They come one at a time, each the
 * first that is missing. Core reads from each which libraries it needs and keeps the list in the
 * order in which they were found, so what the list holds when nothing of it is missing is all that
 * the process will ever be able to open.
 *
 * Modules of core's ROM service are shared with all who use them; others are copied for this one
 * process, which pays for the copy.
 */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

#include <stdbool.h>

#include <kin/limits.h>

#include "core/linux/modules.h"
#include "engine/owner.h"

struct pd;

struct program_module {
	char name[KIN_NAME_MAX + 1]; /* "" for the program */
	int fd;                      /* sealed, an open file of its own; 0: missing */
};

struct program {
	struct program_module modules[MODULES_MAX]; /* by enum module */
	unsigned n;
	bool dynamic;
	uint64_t data_bytes;  /* private memory that all of them start with */
	struct quota charged; /* for its modules */
};

/* Return: NULL if nothing is missing */
const struct program_module *program_missing(const struct program *program);

/* Forgets what was handed over, without giving back what was charged; harmless if there is none. */
void program_forget(struct pd *pd);

#endif

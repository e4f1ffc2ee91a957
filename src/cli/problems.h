/*
 * Problems: diagnostics of one text, collected and printed in the order of the text
 *
 * Readers and checks report as they go; people read from top to bottom.
 */
#ifndef CLI_PROBLEMS_H
#define CLI_PROBLEMS_H

#include <stdio.h>

#include <kin/diag.h>

struct problem {
	struct kin_diagnostic diagnostic; /* its text is owned */
	size_t rank;                      /* the order in which they came */
};

struct problems {
	struct kin_diag
		diag; /* report to this one; it also has the numbers of errors and warnings */
	struct problem *list;
	size_t n, size;
	size_t n_lost; /* for lack of memory */
};

/** problems_init() - no problem yet; @source is the name of the text, borrowed. */
void problems_init(struct problems *problems, const char *source);
void problems_done(struct problems *problems);

/** problems_print() - one line each, by their positions; those of one position as they came. */
void problems_print(struct problems *problems, FILE *stream);

#endif

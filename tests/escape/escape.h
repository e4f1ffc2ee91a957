/*
 * escape: what its parts share
 *
 * An attempt does its worst and says in `struct outcome` how far it got and what stopped it. It
 * must not hurt the tree even where it succeeds: it is the test's business to fail then.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <kin/kin.h>

#define MIB (1u << 20)

struct outcome {
	uint64_t got;     /* how far it got */
	const char *unit; /* of what; "bytes" if NULL */
	int stop;         /* errno, or one of enum kin_answer; 0: nothing stopped it */
	bool answer;      /* stop is an answer of kin's */
};

typedef void attempt(struct kin_env *env, const struct kin_node *config, struct outcome *ret);

struct attempt_row {
	const char *name;
	attempt *run;
};

/* Each ends with an empty row. */
extern const struct attempt_row MEMORY_ATTEMPTS[], KERNEL_MEMORY_ATTEMPTS[], CAPABILITY_ATTEMPTS[],
	LENDING_ATTEMPTS[], CPU_ATTEMPTS[], TRUST_ATTEMPTS[], KEEPING_ATTEMPTS[], THREAD_ATTEMPTS[];

/* Says one line for each call that a component must not be able to make; see reach.c */
void reach_try_all(struct kin_env *env);

#endif

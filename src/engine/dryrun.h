/*
 * Dry run: an engine whose owner only pretends
 *
 * Children are numbers in a ledger, sessions are granted as soon as they are asked for, servers
 * answer at once. What the engine decides is what it would decide in earnest, so this is how to
 * find out what a config would do without doing it. To stand for a tree that runs, it is told what
 * that one's state report says.
 *
 * What it can't know is what only shows at run time: whether a server will refuse, what a new child
 * will ask for.
 */
#ifndef ENGINE_DRYRUN_H
#define ENGINE_DRYRUN_H

#include "engine/ledger.h"
#include "engine/sandbox.h"

struct dryrun_facts {
	struct quota total; /* what the program has */
	void *ctx;
	/* Whether the parent has a ROM module of that name; NULL: it has all. */
	bool (*binary_exists)(void *ctx, const char *name);
};

struct dryrun;

/* Return: NULL if there is no memory. */
struct dryrun *dryrun_new(const struct dryrun_facts *facts);
struct dryrun *dryrun_free(struct dryrun *dryrun);

struct sandbox *dryrun_sandbox(struct dryrun *dryrun);

/* Who is told what the engine says, and whose config has another content; both may be NULL. */
void dryrun_listen(struct dryrun *dryrun, void *ctx,
	void (*log)(void *ctx, enum owner_level level, const char *text),
	void (*config_changed)(void *ctx, const char *child));

/**
 * dryrun_apply() - apply a config and let all that follows from it happen
 * @config: taken, also if the call fails
 *
 * Return: 0, -ENOMEM
 */
int dryrun_apply(struct dryrun *dryrun, struct kin_tree *config);

/* Used by recall.c. */

/* Lets all that follows from what was done happen. */
void dryrun_settle(struct dryrun *dryrun);

/* An account uses so much, at most what it has. */
void dryrun_use(struct dryrun *dryrun, uint32_t account, struct quota amount);

/* The program itself has no more than that. */
void dryrun_shrink(struct dryrun *dryrun, struct quota quota);

#endif

/*
 * Plan: what applying a config would change
 *
 * Two states of a dry run, before and after, compared child by child.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "engine/dryrun.h"

enum plan_kind {
	PLAN_START,
	PLAN_STOP,
	PLAN_RESTART,
	PLAN_STUCK,  /* stopped, until its routes lead somewhere again */
	PLAN_FAIL,   /* it can't be started */
	PLAN_CONFIG, /* its config changes in place */
	PLAN_QUOTA,  /* it gains or loses */
};

struct plan_change {
	enum plan_kind kind;
	const char *child, *reason; /* borrowed for the call; the reason may be "" */
};

/* "start", "stop", … */
const char *plan_word(enum plan_kind kind);

struct plan_listener {
	void *ctx;
	void (*change)(void *ctx, const struct plan_change *change);
	/* What the engine would say in its log, such as a route that is denied. */
	void (*log)(void *ctx, enum owner_level level, const char *text);
};

/**
 * plan_make() - apply a config to a dry run and tell what that changed
 * @dryrun: stands for what runs, see recall()
 * @config: taken, also if the call fails
 *
 * Changes of children in the order of their start nodes, then those that stop.
 *
 * Return: 0, -ENOMEM
 */
int plan_make(struct dryrun *dryrun, struct kin_tree *config, const struct plan_listener *listener);

#endif

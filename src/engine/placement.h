/*
 * Placement: priorities and affinities, divided level by level
 *
 * A config divides what its program was given: priorities into as many bands as it has levels,
 * the place to run into the cells of its affinity space. A child is given a band and a rectangle,
 * and whatever is asked for on its behalf, by its parent for its environment or by itself, lies in
 * them. Nobody knows its own band or rectangle: a request carries what was asked for within one
 * level, and each parent on its way translates that into its own terms.
 *
 * Priorities count downwards from 0, the highest, to KIN_PRIORITY_LIMIT - 1. Of LEVELS, a power of
 * two, the child at level L has those from L * LIMIT / LEVELS on; what it asked for, divided by
 * LEVELS, follows: its level takes the most significant bits.
 *
 * A rectangle is counted in cells of a space that comes with it, in whole numbers. One within
 * another is exact in a space as fine as both together: their widths multiplied, and divided by
 * what space, position and width have in common. Each of the two directions is composed by itself.
 * A space finer than KIN_AFFINITY_SPACE_MAX is refused by core; before it comes to that the outer
 * rectangle stands for what lies in it, so that nobody ever gets a place that its parent was not
 * given.
 */
#ifndef ENGINE_PLACEMENT_H
#define ENGINE_PLACEMENT_H

#include <kin/args.h>
#include <kin/node.h>

struct child;
struct sandbox;

/* How a config divides. */
struct placement_scheme {
	uint32_t levels;                    /* of priorities, 1: they are off */
	uint32_t space_width, space_height; /* 0: there is no space */
};

/* A child's share. */
struct placement {
	uint32_t levels, level;
	struct kin_affinity area; /* all zero: everything */
};

/* Who hears what is wrong: @attribute of @node, or the node itself if it is NULL. */
struct placement_listener {
	void *ctx;
	void (*error)(
		void *ctx, const struct kin_node *node, const char *attribute, const char *text);
	void (*warning)(
		void *ctx, const struct kin_node *node, const char *attribute, const char *text);
};

/**
 * placement_scheme_read() - what a config says
 * @listener: may be NULL
 *
 * What is wrong is left out: priorities or affinities are off.
 */
struct placement_scheme placement_scheme_read(
	const struct kin_node *config, const struct placement_listener *listener);

/**
 * placement_read() - what a start node says
 *
 * A priority out of range becomes the nearest one, an affinity that is none becomes the whole
 * space.
 */
struct placement placement_read(const struct kin_node *start, const struct placement_scheme *scheme,
	const struct placement_listener *listener);

/* Return: what is different about two start nodes, each of its config: "priority", "affinity", or
 * NULL */
const char *placement_difference(const struct placement_scheme *scheme_a, const struct kin_node *a,
	const struct placement_scheme *scheme_b, const struct kin_node *b);

/* Return: the priority, below KIN_PRIORITY_LIMIT, of what a child asked for, whatever that is */
uint32_t placement_priority(const struct placement *placement, uint64_t requested);

/**
 * placement_affinity() - the place of what a child asked for
 * @requested: all zero: all it has
 *
 * Return: 0; -EINVAL if that is no valid affinity; -ERANGE if it is too fine in one direction, for
 * which *ret is as the child's own. Not written if -EINVAL.
 */
int placement_affinity(const struct placement *placement, const struct kin_affinity *requested,
	struct kin_affinity *ret);

/* Says in the log what is wrong in the config as a whole, or about a child of it. */
void placement_explain(struct sandbox *sandbox, const struct kin_node *config);
void placement_explain_child(struct child *child);

/**
 * placement_apply() - translate a request of a child, or on its behalf, into our own terms
 * @affinity: of a session for any service
 * @args:     changed if it is for a CPU session
 *
 * Return: 0; KIN_DENIED (logged) if the request is malformed or has no room for the priority
 */
int placement_apply(struct child *child, const char *service, struct kin_args *args,
	struct kin_affinity *affinity);

#endif

/*
 * Start nodes: what a config says about one child
 */
#ifndef ENGINE_START_H
#define ENGINE_START_H

#include <kin/node.h>

#include "engine/child.h"

/**
 * start_name() - the name of a start node that can be used
 *
 * Return: NULL if it can't: missing, malformed, or that of a start node before it (logged).
 */
const char *start_name(struct sandbox *sandbox, const struct kin_node *start);

/**
 * start_new() - a child by its start node, which must be usable; not in the sandbox yet
 *
 * Return: NULL if there is no memory (logged).
 */
struct child *start_new(struct sandbox *sandbox, const char *name, struct sandbox_config *config,
	const struct kin_node *start);

/* What can change while it runs: the name of its binary, its services, exit, heartbeats. */
void start_read(struct child *child);

/* Offers what its start node says, and nothing else. */
void start_provide(struct child *child);

/**
 * start_update() - give a child its node in another config, and mark it if that concerns it
 *
 * Return: whether its routes may lead elsewhere now, though nothing else has changed.
 */
bool start_update(struct child *child, struct sandbox_config *config, const struct kin_node *start);

#endif

/*
 * Update: restarting and stopping children, and those that this concerns in turn
 */
#ifndef ENGINE_UPDATE_H
#define ENGINE_UPDATE_H

struct child;
struct sandbox;

/**
 * update_settle() - restart and stop what is marked, until nothing more follows from it
 *
 * Children whose sessions lead elsewhere since then are marked as well. What is new is funded and
 * will be started by sandbox_step(), in the order of the start nodes.
 */
void update_settle(struct sandbox *sandbox);

/**
 * update_stop() - stop a child until the routes of all its sessions lead somewhere again
 *
 * Return: the one that takes its place and waits; NULL if there is no memory (logged)
 */
struct child *update_stop(struct child *child);

/* Destroys a child; it is gone when its environment is closed everywhere. */
void update_abandon(struct child *child);

/* Frees what is left of destroyed children that are gone, and lets their successors start. */
void update_bury(struct sandbox *sandbox);

#endif

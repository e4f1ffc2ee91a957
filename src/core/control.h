/*
 * Control socket: working on the tree from outside
 *
 * `kin run` makes the socket, with a name in the user's runtime folder, and leaves it to core,
 * which answers from its loop what wire/control.h says and takes the name away at the end. Only the
 * user that core runs as, and root, are answered. No component ever holds a descriptor of it.
 *
 * Nothing here can hold up the tree. There are at most CONTROL_CLIENTS_MAX clients; one more takes
 * the place of the one that has been idle for longest, or is turned away if all wait for something.
 * Each has at most one question and one answer under way, and an answer that does not fit into its
 * socket ends it. Of the tree itself only init is asked, one question at a time and with a
 * deadline.
 */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include "host/host.h"

struct control;
struct core_services;

struct control_options {
	int listener;       /* listening socket; taken */
	int folder;         /* where its name is; taken */
	const char *name;   /* of the tree and of the socket; borrowed, as the next */
	const char *file;   /* of the config, for people */
	struct quota total; /* of the whole tree */
};

/**
 * control_open() - answer on a control socket from now on
 * @host:    core's own, of the first init
 * @options: taken and borrowed as said above, also on failure
 *
 * Return: 0, or negative errno.
 */
int control_open(struct core_services *services, struct host *host,
	const struct control_options *options, struct control **ret);

/** control_close() - hang up on all clients and remove the socket; NULL is fine */
void control_close(struct control *control);

/** control_state_answered() - init has answered a question for a state; NULL is fine */
void control_state_answered(struct control *control, const struct host_state *state);

#endif

/*
 * Peers: the clients of a component that is a server, played by the test
 *
 * The component runs in a process of its own (world_open_process()); its clients are opened and
 * closed through its parent, and call it as any client would.
 */
#ifndef COMPONENT_PEER_H
#define COMPONENT_PEER_H

#include "component_world.h"

struct peers {
	struct world world;
	uint32_t id;          /* of the session opened last */
	struct kin_args args; /* besides label and quota, for sessions to come */
};

/* A component with this config that announces so many services. */
void peers_open(struct peers *peers, int (*kin_main_)(struct kin_env *env), const char *config,
	unsigned n_services);
void peers_close(struct peers *peers);

/* Return: the client's end, or minus the answer that refused it. */
int peer_open(
	struct peers *peers, const char *service, const char *label, uint64_t ram, uint64_t caps);

/* A ROM client with the usual donation. */
int peer_read(struct peers *peers, const char *label);

/* Closes the session with this ID; the component has to confirm it. */
void peer_close(struct peers *peers, uint32_t id);

/* Gives the component another config, without waiting for it to be seen. */
void peers_config(struct peers *peers, const char *config);

/* A ROM session says so now, and can't be written. */
void content_expect(int channel, const char *text);

/* Waits until the signal was triggered. */
void signal_await(int signal);

#endif

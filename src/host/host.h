/*
 * Host: a sandbox that is served over channels
 *
 * Core hosts one child, the first init; an init hosts those of its config. Both do it with this
 * code: it fills the engine's seam, serves each child's parent channel from the event loop and the
 * ROM modules that a parent makes itself. What differs between the two, who holds the accounts and
 * who makes processes, comes in as struct host_ops: core calls its own services, an init its PD.
 * The first argument of each of them is the struct host, which core and init embed.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "engine/sandbox.h"
#include "ipc/loop.h"

/* What a started child is reached by; owned by who receives it. */
struct host_process {
	int parent;  /* our end of its parent channel */
	int signal;  /* wakes it */
	int process; /* pidfd, readable when it has ended */
};

/* An answer to host_state_ask(); see PARENT_STATE_REQUEST for what it can be. */
struct host_state {
	uint32_t serial;
	int answer;
	int dataspace; /* borrowed, 0 unless the answer is KIN_OK; nothing is known about it yet */
	uint64_t size;
};

struct host_ops {
	const struct up_ops *up;
	const struct account_ops *accounts;
	int (*adopt)(void *ctx, int pd, struct quota quota, uint32_t *ret_account);
	/* Return: as PD.start; KIN_MISSING: its program has to be loaded first */
	int (*start)(void *ctx, const struct child_start *start, struct host_process *ret);
	/* Hands a module over, as PD.load does. Return: likewise */
	int (*load)(void *ctx, uint32_t account, int rom, int dataspace,
		char ret_missing[KIN_NAME_MAX + 1]);
	/* Return: 0, KIN_CLOSED if it was ending by itself */
	int (*kill)(void *ctx, uint32_t account);
	/* How its process ended. Return: the signal that killed it, 0 if it exited by itself with
	 * *ret_value; -EAGAIN if it runs */
	int (*status)(void *ctx, uint32_t account, int64_t *ret_value);
	/* Objects for the ROM modules that the host makes; freed by their IDs. */
	int (*alloc_rpc)(void *ctx, uint32_t *ret_id, int *ret_server, int *ret_client);
	int (*alloc_rom)(void *ctx, const char *text, size_t size, uint32_t *ret_id, int *ret_fd);
	void (*free)(void *ctx, uint32_t id);
	const struct local_ops *local; /* services of its own, for <local/> */
	void (*log)(void *ctx, enum owner_level level, const char *text);
	void (*exit)(void *ctx, int64_t value);
	void (*changed)(void *ctx, struct child *child, enum child_change change); /* may be NULL */
	void (*report)(void *ctx); /* the state report is due; may be NULL */
	void (*state)(void *ctx, const struct host_state *state); /* may be NULL: nobody asks */
	const struct forward_ops *forward; /* NULL if the parent can't be served */
};

struct host_timer {
	struct loop_timer timer;
	struct host *host;
};

struct host {
	struct sandbox sandbox;
	struct owner owner;
	struct loop *loop;
	struct loop_task step;
	struct host_timer timers[OWNER_TIMERS];
	const struct host_ops *ops;
};

/* The host must stay where it is until host_done(). */
void host_init(struct host *host, struct loop *loop, const struct host_ops *ops);

/* Ends all children and gives back what the host holds. */
void host_done(struct host *host);

/**
 * host_state_ask() - ask a child or somebody below it for the state
 * @serial: comes back with the answer, by which its asker knows it
 * @path:   label of who is meant as seen from here, "NAME" or "NAME -> …"
 *
 * A child has one question at a time: a new one takes the place of one that it has not answered.
 *
 * Return: 0, and host_ops' state() follows if the child answers or ends; KIN_INVALID if there is no
 * child of that name, KIN_CLOSED if it does not run.
 */
int host_state_ask(struct host *host, uint32_t serial, const char *path);

#endif

/*
 * Environment, as the library itself sees it
 *
 * One struct kin_env per component holds everything that is not in an object of its own: the
 * channels it started with, the loop, what its parent told it, and the lists that objects are in.
 * Besides this folder only init looks inside: it is a component that also needs the PD channel, for
 * its children.
 *
 * Invariants: events that were fetched from the parent are in `events` until they are handled, so
 * none is lost while somebody waits for another one. An operation is in the list `operations` from
 * the request until its callback is queued.
 */
#ifndef COMPONENT_ENV_H
#define COMPONENT_ENV_H

#include <kin/env.h>
#include <kin/limits.h>
#include <kin/resource.h>
#include <kin/signal.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ipc/loop.h"

struct client;
struct kin_service;
struct parent_pending_request;
struct session_operation;

#define COMPONENT_PAGE_BYTES 4096

/* The object that a member is embedded in. */
#define CONTAINER_OF(pointer, type, member) \
	((type *) (void *) ((char *) (pointer) -offsetof(type, member)))

/* What a component starts with; all but the signal are channels. See enum start_descriptor. */
struct env_start {
	int parent, signal, pd, cpu, log, binary, loop;
};

/*
 * Who asks for sessions: the parent for its other children, or a sandbox for its own. Answers go
 * back where the request came from.
 */
struct request_source {
	void (*deliver)(struct request_source *source, uint32_t id, int channel);
	void (*respond)(struct request_source *source, uint32_t id, int answer);
	struct client *clients; /* hashed by ID */
};

/* What it provides; see service.c */
struct env_services {
	struct kin_service *first;
	struct kin_signal requests; /* triggered by the parent; open once something is announced */
	uint64_t sequence;          /* of the last request seen */
	struct request_source parent;
	struct service_forwarded *forwarded; /* announced for somebody else to provide */
};

/* Who has sessions at the parent besides us, and clients of the parent's that are not ours: a
 * sandbox, for its children. All NULL if there is none. */
struct env_embedded {
	kin_handler *answered; /* the parent answered pending requests */
	kin_handler *granted;  /* the parent gave us more */
	/* The parent asks for the state of us or of somebody below: parent_state() answers. */
	void (*asked)(uint32_t serial, const char *path, void *data);
	void (*request)(const struct parent_pending_request *request, void *data);
	void *data;
};

struct kin_env {
	struct env_start start;
	struct loop loop;
	int value; /* of kin_stop() */

	struct loop_source events_source;
	struct loop_task events_task;
	uint32_t events; /* enum parent_event, fetched but not handled */

	kin_yield_handler *yield;
	void *yield_data;
	uint64_t yield_ram, yield_caps;

	uint32_t state_serial; /* of the parent's last question for a state, and whose */
	char state_path[KIN_LABEL_MAX + 1];

	kin_handler *granted;
	void *granted_data;

	enum kin_shortage shortage;
	kin_shortage_handler *shortage_decide;
	void *shortage_data;

	struct env_embedded embedded;

	uint32_t session_id;                       /* last one used */
	LIST_HEAD(, session_operation) operations; /* not finished yet */
	struct env_services services;
};

/**
 * env_init() - make an environment of what the parent passed
 * @start: borrowed descriptors
 *
 * Tells the parent that it is there; waits for nobody. Return: 0, or negative errno.
 */
int env_init(struct kin_env *env, const struct env_start *start);

/* Ends the loop; objects must be closed before. */
void env_done(struct kin_env *env);

/* Tells the parent which events are handled. */
void env_events_announce(struct kin_env *env);

/* Takes the parent's events; answers heartbeats, leaves the rest to the loop. */
int env_events_fetch(struct kin_env *env);

/**
 * env_shortage() - what to do about an answer
 * @answer:    of an allocation, a session request, …
 * @ram, caps: what it asked for
 *
 * Return: true if it was KIN_OUT_OF_… and should be tried again, because more was granted.
 */
bool env_shortage(struct kin_env *env, int answer, uint64_t ram, uint64_t caps);

/* The same, but returns as soon as the parent is asked. Return: whether a grant may follow. */
bool env_shortage_async(struct kin_env *env, int answer, uint64_t ram, uint64_t caps);

/* The parent has news of sessions, or gave us something: see session_async.c */
void env_sessions_changed(struct kin_env *env);
void env_sessions_granted(struct kin_env *env);

/* Has stdout and stderr written to the log; see stdio.c */
int env_stdio_open(struct kin_env *env);

/* Whole pages that hold so many bytes, at least one; sticks at the largest number of pages. */
uint64_t page_round(uint64_t bytes);

/* Size of the file behind a descriptor. Return: 0, or negative errno. */
int descriptor_size(int fd, uint64_t *ret);

#endif

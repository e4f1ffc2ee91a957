/*
 * A hosted child: its parent channel, the signal that wakes it, its process
 */
#ifndef HOST_CHILD_H
#define HOST_CHILD_H

#include "host/host.h"

struct host_rom;
struct parent_events_reply;
struct parent_state_request;

/* A call of the child that is answered later; at most one, as it waits for the answer. */
struct host_deferred {
	bool active;
	uint32_t operation; /* of the parent interface */
	uint32_t id;        /* of the session */
};

struct host_announced {
	struct host_announced *next;
	char service[KIN_NAME_MAX + 1];
	int signal;
};

/* What a child is asked about the state of itself or of somebody below it, until it answers. */
struct host_question {
	bool open;
	uint32_t serial;
	char path[KIN_LABEL_MAX + 1];
};

struct host_child {
	struct host *host;
	struct child *child;
	struct host_process ends;
	struct loop_source channel, process;
	struct loop_task answer;
	struct host_deferred deferred;
	struct host_announced *announced;
	struct host_question question;
	bool hung_up; /* it closed its parent channel, and was killed for that */
};

/* Serves a child that has just been started. Takes @ends. Return: 0, negative errno */
int host_child_open(struct host *host, struct child *child, const struct host_process *ends);
void host_child_close(struct child *child);

/* The child fetches the question that is open; it answers one; it won't any more (state.c). */
void host_question_fetch(struct host_child *hc, struct parent_events_reply *ret);
void host_question_answer(struct host_child *hc, const struct parent_state_request *answer);
void host_question_drop(struct host_child *hc);

/* Parts of the engine's seam. */
void host_child_wake(void *ctx, struct child *child);
void host_child_wake_server(void *ctx, struct child *child);
bool host_child_answered(void *ctx, struct child *child, uint32_t id, enum session_event event);

#endif

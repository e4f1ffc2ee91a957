/*
 * A hosted sandbox under test
 *
 * The children "client" and "server" (of service X), served over real channels, by a core that is
 * faked: quota is without end, the parent's service P answers as it is told, a process is an event
 * that the test triggers. Everything runs in one thread: the test sends as the child would, lets
 * the loop do its rounds, and looks at what came back. Asserts by cmocka.
 */
#ifndef MODEL_HOSTED_H
#define MODEL_HOSTED_H

#include "host/host.h"

#define HOSTED_PROCESSES_MAX 8
#define HOSTED_NO_REPLY      (-1000)

/* What the test holds of a child: the ends that the process would have. */
struct hosted_process {
	char name[KIN_NAME_MAX + 1];
	int parent, signal, ended;
	bool running;
	int killed_by;
	int64_t value;
};

struct hosted {
	struct host host; /* first */
	struct loop loop;
	struct hosted_process processes[HOSTED_PROCESSES_MAX]; /* of account I at I - 1 */
	uint32_t n_processes;
	int up_answer;   /* of service P */
	bool up_decided; /* the parent has made up its mind about what it left pending */
	char log[4096];
	unsigned n_kills, n_objects;
	struct host_state state; /* the last answer to a question for a state */
	char state_text[64];     /* what its dataspace began with */
	unsigned n_states;
	int64_t exit_value;
	unsigned descriptors;
};

/* cmocka's fixtures; *state is the struct hosted. The second counts descriptors. */
int hosted_set_up(void **state);
int hosted_tear_down(void **state);

/* Enough rounds for everything that is ready and all that follows from it. */
void hosted_settle(struct hosted *hosted);

struct hosted_process *hosted_process(struct hosted *hosted, const char *name);
enum child_state hosted_state(struct hosted *hosted, const char *name);

/* Ends a process, if it runs; its event is there at once. */
void hosted_end(struct hosted_process *process, int killed_by, int64_t value);

/* Return: the answer in the reply that is there, HOSTED_NO_REPLY if there is none */
int hosted_reply(int channel, const struct kin_interface *interface, uint32_t operation, void *ret);

/* An operation of the parent interface, as a child sends it, and the reply to it, as above. */
void hosted_send(struct hosted *hosted, const char *name, uint32_t operation, const void *request);
int hosted_reply_to(struct hosted *hosted, const char *name, uint32_t operation, void *ret);
int hosted_call(struct hosted *hosted, const char *name, uint32_t operation, const void *request,
	void *ret);

#endif

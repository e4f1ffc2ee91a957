/*
 * Sandbox, inside: a component as the host of children
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <kin/sandbox.h>
#include <kin/session.h>

#include "component/env.h"
#include "host/host.h"

struct local_session;
struct news;

/* The session that the state report goes to, see report.c. */
struct state_report {
	struct kin_session session;
	char *buffer; /* shared with the server; NULL while there is none */
	size_t size;
	size_t wanted; /* bytes of the session being opened */
	bool opening;
	bool failed; /* nobody takes it; tried again with the next config */
	bool again;  /* another one is due when it is open */
};

struct kin_sandbox {
	struct host host; /* first: host_ops find the sandbox by it */
	struct kin_env *env;
	struct kin_sandbox_events events;
	struct kin_service *offered; /* linked by their `next` */
	struct request_source children;
	struct local_session *locals; /* hashed by ID */
	uint32_t last_local_id;
	struct news *news; /* queued, not told yet */
	struct state_report report;
	bool closed; /* but services have still to answer */
};

/* Seams of the host: what we ask our parent and our PD for (upwards.c), services of our own
 * (local.c), being a server for the parent's other clients (forward.c). */
extern const struct up_ops sandbox_up_ops;
extern const struct account_ops sandbox_account_ops;
extern const struct local_ops sandbox_local_ops;
extern const struct forward_ops sandbox_forward_ops;

/* Takes a request that our parent has for a service of a child; @data is the sandbox. */
void sandbox_forward(const struct parent_pending_request *request, void *data);

int sandbox_adopt(void *ctx, int pd, struct quota quota, uint32_t *ret_account);
int sandbox_start_process(void *ctx, const struct child_start *what, struct host_process *ret);
int sandbox_load(
	void *ctx, uint32_t account, int rom, int dataspace, char ret_missing[KIN_NAME_MAX + 1]);
int sandbox_kill(void *ctx, uint32_t account);
int sandbox_status(void *ctx, uint32_t account, int64_t *ret_value);
int sandbox_alloc_rpc(void *ctx, uint32_t *ret_id, int *ret_server, int *ret_client);
int sandbox_alloc_rom(void *ctx, const char *text, size_t size, uint32_t *ret_id, int *ret_fd);
void sandbox_free_object(void *ctx, uint32_t id);

/* Sends the state to our parent; part of the host's seam. */
void state_report_send(void *ctx);
void state_report_close(struct kin_sandbox *sandbox);

/* Our parent asks for a state; a child answered what we asked (state.c). */
void sandbox_state_asked(uint32_t serial, const char *path, void *data);
void sandbox_state_answered(void *ctx, const struct host_state *state);

/* Makes services answer to children; before the first session. */
void local_init(struct kin_sandbox *sandbox);

/* No child is left: services may finish what they left pending, nobody is told. */
void local_done(struct kin_sandbox *sandbox);

#endif

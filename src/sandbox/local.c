/*
 * Services of our own for children of our own
 *
 * The component library serves clients whoever asks for them; here the one who asks is the engine.
 * A request that the service answers within the call is answered so to the engine, too; what it
 * left pending is reported when the answer comes. A client that closes while it is being created is
 * let in first and closed then, as the service is entitled to finish.
 * For the same reason a sandbox that is closed lives on, without children, until the last service
 * has answered.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <kin/signal.h>
#include <uthash.h>

#include "component/service.h"
#include "sandbox/sandbox.h"

struct local_session {
	struct kin_sandbox *sandbox;
	struct session *session; /* NULL once the engine forgot it */
	uint32_t id;
	bool created; /* delivered */
	bool calling; /* the engine waits for the answer on its stack */
	bool close;   /* as soon as it is created */
	int answer;   /* KIN_PENDING until there is one */
	int channel;  /* delivered, not taken yet */
	UT_hash_handle by_id;
};

static struct local_session *find(struct kin_sandbox *sandbox, uint32_t id)
{
	struct local_session *local;

	HASH_FIND(by_id, sandbox->locals, &id, sizeof(id), local);
	assert(local);
	return local;
}

/* The last one takes a sandbox along that is closed already. */
static void forget(struct local_session *local)
{
	struct kin_sandbox *sandbox = local->sandbox;

	HASH_DELETE(by_id, sandbox->locals, local);
	free(local);
	if (sandbox->closed && !sandbox->locals)
		free(sandbox);
}

static struct kin_sandbox *sandbox_of(struct request_source *source)
{
	return CONTAINER_OF(source, struct kin_sandbox, children);
}

static void close_client(struct local_session *local)
{
	const struct parent_pending_request request = { .kind = PARENT_REQUEST_CLOSE,
		.id = local->id };

	client_close(&local->sandbox->children, &request);
}

static void deliver(struct request_source *source, uint32_t id, int channel)
{
	struct local_session *local = find(sandbox_of(source), id);

	if (local->close) {
		close_client(local);
		return;
	}
	int copy = kin_cap_duplicate(channel);

	local->answer = 0;
	local->created = true;
	if (local->calling)
		local->channel = copy > 0 ? copy : 0;
	else if (local->session)
		session_delivered(local->session, copy > 0 ? copy : 0);
}

static void respond(struct request_source *source, uint32_t id, int answer)
{
	struct local_session *local = find(sandbox_of(source), id);
	struct session *session = local->session;

	local->answer = answer;
	if (local->calling || (answer == KIN_OK && !session))
		return;
	if (answer == KIN_OK) {
		session_upgraded(session);
		return;
	}
	bool closed = answer == KIN_CLOSED || local->close;

	forget(local);
	if (session && closed)
		session_closed(session);
	else if (session)
		session_refused(session, answer);
}

static struct kin_service *offered(struct kin_sandbox *sandbox, const char *name)
{
	struct kin_service *service = sandbox->offered;

	while (service && strcmp(service->interface->name, name) != 0)
		service = service->next;
	return service;
}

static bool exists(void *ctx, const char *name)
{
	return offered(ctx, name) != NULL;
}

static struct local_session *local_new(struct kin_sandbox *sandbox, struct session *session)
{
	struct local_session *local = calloc(1, sizeof(*local));

	if (!local)
		return NULL;
	local->sandbox = sandbox;
	local->session = session;
	local->id = ++sandbox->last_local_id;
	local->answer = KIN_PENDING;
	HASH_ADD(by_id, sandbox->locals, id, sizeof(local->id), local);
	if (local->by_id.tbl)
		return local;
	free(local);
	return NULL;
}

static int create(void *ctx, struct session *session, int *ret_cap)
{
	struct kin_sandbox *sandbox = ctx;
	const char *name = session->service->name->name;
	struct kin_service *service = offered(sandbox, name);
	struct parent_pending_request request = { .kind = PARENT_REQUEST_CREATE,
		.version = session->version,
		.args = session->args,
		.affinity = session->affinity };

	if (session->version != service->interface->version)
		return KIN_DENIED;
	struct local_session *local = local_new(sandbox, session);

	if (!local)
		return -ENOMEM;
	request.id = local->id;
	strcpy(request.service, name);
	session->local = local;
	local->calling = true;
	client_create(sandbox->env, &sandbox->children, service, &request);
	local->calling = false;
	int r = local->answer;

	if (r == 0)
		*ret_cap = local->channel;
	if (r != 0 && r != KIN_PENDING) {
		session->local = NULL;
		forget(local);
	}
	return r;
}

static int upgrade(void *ctx, struct session *session, struct quota amount)
{
	struct local_session *local = session->local;
	struct parent_pending_request request = { .kind = PARENT_REQUEST_UPGRADE, .id = local->id };

	request.args.ram_quota = amount.ram;
	request.args.cap_quota = amount.caps;
	local->answer = KIN_PENDING;
	local->calling = true;
	client_upgrade(&local->sandbox->children, &request);
	local->calling = false;
	return local->answer == KIN_PENDING ? KIN_PENDING : 0;
}

static int close_session(void *ctx, struct session *session)
{
	struct local_session *local = session->local;

	if (!local->created) {
		local->close = true;
		return KIN_PENDING;
	}
	local->answer = KIN_PENDING;
	local->calling = true;
	close_client(local);
	local->calling = false;
	if (local->answer == KIN_PENDING)
		return KIN_PENDING;
	session->local = NULL;
	forget(local);
	return 0;
}

const struct local_ops sandbox_local_ops = { exists, create, upgrade, close_session };

void local_init(struct kin_sandbox *sandbox)
{
	sandbox->children.deliver = deliver;
	sandbox->children.respond = respond;
}

void local_done(struct kin_sandbox *sandbox)
{
	struct local_session *local, *next;

	HASH_ITER (by_id, sandbox->locals, local, next) {
		local->session = NULL;
		local->close = true;
	}
}

/*
 * Clients: from the request for a session to its end
 *
 * A client is one block of memory: what the library needs to know, then the struct of the service.
 * The block and the client's channel are the first things charged to its quota, and the last ones
 * released. It is in the table of all clients from the request until the answer that ends it.
 *
 *     creating --deliver--> open --close request--> closing --closed--> gone
 *         \--deny---------------------------------------------------------^
 *
 * The channel lives from the request to the end, but is listened to only while the client is open.
 * If the client breaks the protocol, the channel ends early and the session does not.
 */
#include "component/service.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include <kin/log.h>

#include "wire/pd.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define BATCH_MAX 4   /* one-way messages handled in a row before others get their turn */
#define DRAIN_MAX 256 /* messages handled at most when a session ends; more don't fit a channel */

enum client_state { CLIENT_CREATING, CLIENT_OPEN, CLIENT_CLOSING };

struct client {
	struct kin_env *env;
	struct request_source *origin; /* who asked for it */
	struct loop_source source;
	enum client_state state;
	uint32_t id;      /* of the session, given by the parent */
	uint32_t channel; /* ID of the channel at our PD */
	int client_end;   /* until it is delivered */
	int server_end;   /* 0 once the channel is freed */
	UT_hash_handle by_id;
	_Alignas(16) struct kin_client shown; /* the service's struct starts here */
};

static struct client *client_of(struct kin_client *shown)
{
	return CONTAINER_OF(shown, struct client, shown);
}

static struct client *client_find(struct request_source *origin, uint32_t id)
{
	struct client *client;

	HASH_FIND(by_id, origin->clients, &id, sizeof(id), client);
	return client;
}

bool client_exists(struct request_source *origin, uint32_t id)
{
	return client_find(origin, id) != NULL;
}

static size_t client_bytes(const struct kin_service *service)
{
	assert(service->client_size >= sizeof(struct kin_client));
	return offsetof(struct client, shown) + service->client_size;
}

/* Closing our end alone would leave the client waiting: its end dies with the PD's object. */
static void channel_free(struct client *client)
{
	struct kin_env *env = client->env;

	if (!client->server_end)
		return;
	loop_remove(&env->loop, &client->source);
	close(client->server_end);
	pd_free(env->start.pd, &(struct pd_free_request){ client->channel });
	kin_quota_release(&client->shown.quota, KIN_CHANNEL_RAM, 1);
	client->server_end = client->shown.channel = 0;
}

static void client_free(struct client *client)
{
	HASH_DELETE(by_id, client->origin->clients, client);
	channel_free(client);
	kin_cap_close(client->client_end);
	free(client);
}

static void client_drop(struct client *client, int error)
{
	if (error == -EPROTO || error == -ENOBUFS)
		kin_warning(client->env, "%s %s, its channel is closed", client->shown.args.label,
			error == -EPROTO ? "breaks the protocol" : "does not take its replies");
	channel_free(client);
}

/* Return: 0 if a message was handled, else why there is none, as kin_dispatch(). */
static int client_dispatch(struct client *client)
{
	const struct kin_service *service = client->shown.service;

	return kin_dispatch(
		client->server_end, service->interface, service->handlers, &client->shown);
}

static bool interface_is_one_way(const struct kin_interface *interface)
{
	for (uint32_t i = 0; i < interface->n_operations; i++)
		if (interface->operations[i].mode == KIN_MODE_SEND)
			return true;
	return false;
}

/* Who calls sends one message and waits, so looking for a second one would be in vain. */
static void client_handle(struct loop_source *source, uint32_t epoll_events)
{
	struct client *client = CONTAINER_OF(source, struct client, source);
	int n = interface_is_one_way(client->shown.service->interface) ? BATCH_MAX : 1;
	int r = 0;

	while (n-- && r == 0)
		r = client_dispatch(client);
	if (r < 0 && r != -EAGAIN)
		client_drop(client, r);
}

/* Return: the client with its channel, paid from the donation; NULL with the reason. */
static struct client *client_new(struct kin_env *env, struct request_source *origin,
	struct kin_service *service, const struct parent_pending_request *request, int *ret_answer)
{
	struct kin_quota quota = { request->args.ram_quota, 0, request->args.cap_quota, 0 };
	size_t bytes = client_bytes(service);
	struct pd_alloc_rpc_reply channel;
	int r = kin_quota_charge(&quota, bytes + KIN_CHANNEL_RAM, 1);
	struct client *client = r ? NULL : calloc(1, bytes);

	if (client)
		r = pd_alloc_rpc(env->start.pd, NULL, &channel);
	else if (!r)
		r = KIN_OUT_OF_RAM;
	if (r) {
		free(client);
		*ret_answer = r;
		return NULL;
	}
	*client = (struct client){ .env = env,
		.origin = origin,
		.id = request->id,
		.channel = channel.id,
		.client_end = channel.client,
		.server_end = channel.server,
		.shown = { service, request->args, request->affinity, quota, 0 } };
	HASH_ADD(by_id, origin->clients, id, sizeof(client->id), client);
	if (client->by_id.tbl)
		return client;
	pd_free(env->start.pd, &(struct pd_free_request){ channel.id });
	close(channel.client);
	close(channel.server);
	free(client);
	*ret_answer = KIN_OUT_OF_RAM;
	return NULL;
}

/* What ran out is the donation, as far as the client is concerned: it may give more. */
static int answer_for_client(int answer)
{
	if (answer == KIN_OUT_OF_RAM)
		return KIN_INSUFFICIENT_RAM;
	if (answer == KIN_OUT_OF_CAPS)
		return KIN_INSUFFICIENT_CAPS;
	if (answer == KIN_INSUFFICIENT_RAM || answer == KIN_INSUFFICIENT_CAPS)
		return answer;
	return KIN_DENIED;
}

void client_create(struct kin_env *env, struct request_source *origin, struct kin_service *service,
	const struct parent_pending_request *request)
{
	int answer = 0;
	struct client *client = client_new(env, origin, service, request, &answer);

	if (!client) {
		if (answer < 0)
			kin_warning(env, "no session for %s: %s", request->args.label,
				kin_answer_text(answer));
		origin->respond(origin, request->id, answer_for_client(answer));
		return;
	}
	if (service->create)
		answer = service->create(&client->shown);
	if (answer == KIN_PENDING)
		return;
	if (answer == 0)
		kin_client_deliver(&client->shown);
	else
		kin_client_deny(&client->shown, answer);
}

void kin_client_deliver(struct kin_client *shown)
{
	struct client *client = client_of(shown);
	struct kin_env *env = client->env;
	int r = loop_add(&env->loop, &client->source, client->server_end, client_handle);

	assert(client->state == CLIENT_CREATING);
	if (r < 0) {
		/* The session stands, but says nothing: its client sees the channel end. */
		client_drop(client, r);
	}
	client->state = CLIENT_OPEN;
	shown->channel = client->server_end;
	int client_end = client->client_end;

	client->client_end = 0;
	client->origin->deliver(client->origin, client->id, client_end);
	close(client_end);
}

void kin_client_deny(struct kin_client *shown, int answer)
{
	struct client *client = client_of(shown);
	struct request_source *origin = client->origin;
	uint32_t id = client->id;

	assert(client->state == CLIENT_CREATING);
	client_free(client);
	origin->respond(origin, id, answer_for_client(answer));
}

void client_upgrade(struct request_source *origin, const struct parent_pending_request *request)
{
	struct client *client = client_find(origin, request->id);

	if (!client) {
		origin->respond(origin, request->id, KIN_CLOSED);
		return;
	}
	struct kin_client *shown = &client->shown;

	kin_quota_raise(&shown->quota, request->args.ram_quota, request->args.cap_quota);
	if (!shown->service->upgraded || shown->service->upgraded(shown) != KIN_PENDING)
		kin_client_confirm(shown);
}

void kin_client_confirm(struct kin_client *shown)
{
	struct client *client = client_of(shown);

	assert(client->state == CLIENT_OPEN);
	client->origin->respond(client->origin, client->id, KIN_OK);
}

/* What the client sent before it closed was meant to arrive. */
static void client_drain(struct client *client)
{
	int r = client->state == CLIENT_OPEN && client->server_end ? 0 : -EPIPE;

	for (int i = 0; i < DRAIN_MAX && r == 0; i++)
		r = client_dispatch(client);
	loop_remove(&client->env->loop, &client->source);
}

void client_close(struct request_source *origin, const struct parent_pending_request *request)
{
	struct client *client = client_find(origin, request->id);

	if (!client) {
		origin->respond(origin, request->id, KIN_CLOSED);
		return;
	}
	client_drain(client);
	client->state = CLIENT_CLOSING;
	int (*destroy)(struct kin_client *) = client->shown.service->destroy;

	if (!destroy || destroy(&client->shown) != KIN_PENDING)
		kin_client_closed(&client->shown);
}

void kin_client_closed(struct kin_client *shown)
{
	struct client *client = client_of(shown);
	struct request_source *origin = client->origin;
	uint32_t id = client->id;

	assert(client->state == CLIENT_CLOSING);
	client_free(client);
	origin->respond(origin, id, KIN_CLOSED);
}

/*
 * walk_server: a server that decides about its clients by chance
 *
 *     <config seed="1" deny="10" insufficient="10" later="30" upgrade_later="30"
 *             close_later="30" later_after="0" decide_us="500" least="16K" verbose="yes"
 *             requests="100"/>
 *
 * Of a hundred clients so many are denied, are told that they donated too little, wait for the
 * decision, for an upgrade, for the end of their sessions. With `least` every donation below is too
 * small. With `later_after` all but the first so many clients wait. What was left open is decided
 * after `decide_us`, or never without it. After so many `requests` the server ends, whatever it
 * still serves.
 */
#include <string.h>

#include <kin/kin.h>

#include "model/random.h"
#include "walk/walk_interface.h"

#define OPEN_MAX 256

struct server {
	struct kin_env *env;
	struct kin_config config;
	struct kin_service service;
	struct kin_timer timer;
	struct kin_task stop;
	struct random random;
	struct session *undecided[OPEN_MAX];
	size_t n_undecided;
	uint64_t decide_us;
	uint64_t requests_left; /* 0: without end */
	uint64_t at_once_left;  /* clients that never wait */
	bool verbose;
};

enum matter { MATTER_CREATE, MATTER_UPGRADE, MATTER_CLOSE };

struct session {
	struct kin_client client;
	enum matter matter; /* what is to be decided about it, while it is undecided */
};

static struct server *server_of(const struct kin_client *client)
{
	return client->service->data;
}

static void tell(const struct kin_client *client, const char *what)
{
	const struct server *server = server_of(client);

	if (server->verbose)
		kin_log(server->env, "%s %s ram=%llu caps=%llu%s", what, client->args.label,
			(unsigned long long) client->quota.ram,
			(unsigned long long) client->quota.caps,
			kin_args_get(&client->args, "managing_system") ? " managing_system" : "");
}

/* Whether chance wants what so many of a hundred get. */
static bool chance(struct server *server, const char *what)
{
	uint64_t percent = kin_node_number(server->config.node, what, 0);

	return random_below(&server->random, 100) < percent;
}

static void count_request(struct server *server)
{
	if (server->requests_left && --server->requests_left == 0)
		kin_exit(server->env, 0);
}

static bool decides_later(struct server *server)
{
	if (!kin_node_has(server->config.node, "later_after"))
		return chance(server, "later");
	return server->at_once_left == 0 || server->at_once_left-- == 0;
}

static void decide_soon(struct server *server)
{
	if (server->decide_us)
		kin_timer_once(&server->timer, server->decide_us);
}

static int leave_open(struct server *server, struct session *session, enum matter matter)
{
	if (server->n_undecided == OPEN_MAX)
		return matter == MATTER_CREATE ? KIN_DENIED : 0;
	session->matter = matter;
	server->undecided[server->n_undecided++] = session;
	decide_soon(server);
	return KIN_PENDING;
}

static int session_create(struct kin_client *client)
{
	struct server *server = server_of(client);
	uint64_t least = kin_node_number(server->config.node, "least", 0);

	count_request(server);
	if (client->quota.ram < least) {
		tell(client, "too small:");
		return KIN_INSUFFICIENT_RAM;
	}
	if (chance(server, "deny"))
		return KIN_DENIED;
	if (chance(server, "insufficient"))
		return random_once_in(&server->random, 2) ? KIN_INSUFFICIENT_RAM
							  : KIN_INSUFFICIENT_CAPS;
	tell(client, "create");
	if (!decides_later(server))
		return 0;
	return leave_open(server, (struct session *) client, MATTER_CREATE);
}

static int session_upgraded(struct kin_client *client)
{
	struct server *server = server_of(client);

	count_request(server);
	tell(client, "upgraded");
	if (!chance(server, "upgrade_later"))
		return 0;
	return leave_open(server, (struct session *) client, MATTER_UPGRADE);
}

/* An upgrade that is not confirmed yet is of no interest any more. */
static void forget(struct server *server, const struct session *session)
{
	for (size_t i = 0; i < server->n_undecided; i++)
		if (server->undecided[i] == session)
			server->undecided[i--] = server->undecided[--server->n_undecided];
}

static int session_destroy(struct kin_client *client)
{
	struct server *server = server_of(client);

	count_request(server);
	tell(client, "destroy");
	forget(server, (struct session *) client);
	if (!chance(server, "close_later"))
		return 0;
	return leave_open(server, (struct session *) client, MATTER_CLOSE);
}

static void decide(struct server *server, struct session *session)
{
	switch (session->matter) {
	case MATTER_CREATE:
		if (chance(server, "deny")) {
			kin_client_deny(&session->client, KIN_DENIED);
			break;
		}
		tell(&session->client, "deliver");
		kin_client_deliver(&session->client);
		break;
	case MATTER_UPGRADE:
		kin_client_confirm(&session->client);
		break;
	case MATTER_CLOSE:
		kin_client_closed(&session->client);
		break;
	}
}

/* The last ones first, so that a session may be decided about while others come. */
static void decide_some(void *data)
{
	struct server *server = data;
	size_t n = random_below(&server->random, (uint32_t) server->n_undecided + 1);

	for (; n && server->n_undecided; n--)
		decide(server, server->undecided[--server->n_undecided]);
	if (server->n_undecided)
		decide_soon(server);
}

static int on_ping(void *self, struct walk_ping_request *request, struct walk_ping_reply *reply)
{
	tell(self, "ping");
	return 0;
}

/* The task runs when the answer is on its way. */
static int on_stop(void *self, struct walk_stop_request *request, struct walk_stop_reply *reply)
{
	struct server *server = server_of(self);

	kin_task_queue(server->env, &server->stop);
	return 0;
}

static void stop(void *data)
{
	kin_sleep_us(data, UINT64_MAX);
}

static const struct walk_handlers handlers = { on_ping, on_stop };

int kin_main(struct kin_env *env)
{
	static struct server server;

	server.env = env;
	server.stop = (struct kin_task){ .run = stop, .data = env };
	if (kin_config_open(env, &server.config, NULL, NULL))
		return 1;
	server.random.state = kin_node_number(server.config.node, "seed", 1);
	server.requests_left = kin_node_number(server.config.node, "requests", 0);
	server.at_once_left = kin_node_number(server.config.node, "later_after", 0);
	server.verbose = kin_node_boolean(server.config.node, "verbose", false);
	server.decide_us = kin_node_number(server.config.node, "decide_us", 0);
	if (server.decide_us && kin_timer_open(env, &server.timer, decide_some, &server))
		return 1;
	server.service = (struct kin_service){ .interface = &walk_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct session),
		.create = session_create,
		.upgraded = session_upgraded,
		.destroy = session_destroy,
		.data = &server };
	int r = kin_service_announce(env, &server.service);

	if (r) {
		kin_error(env, "can't provide Walk: %s", kin_answer_text(r));
		return 1;
	}
	kin_log(env, "serving");
	return kin_run(env);
}

/*
 * The other side of everything that the client measures
 */
#include <kin/kin.h>

#include <string.h>

#include "bench_interface.h"

/* A client, and once it is connected what wakes us and what wakes it. */
struct peer {
	struct kin_client client;
	struct kin_signal woken;
	int wake;
};

static int peer_ping(void *self, struct bench_ping_request *request, struct bench_ping_reply *reply)
{
	return 0;
}

static int peer_echo(void *self, struct bench_echo_request *request, struct bench_echo_reply *reply)
{
	strcpy(reply->text, request->text);
	return 0;
}

static void peer_wake(void *data)
{
	struct peer *peer = data;

	kin_signal_trigger(peer->wake);
}

static int peer_connect(
	void *self, struct bench_connect_request *request, struct bench_connect_reply *reply)
{
	struct peer *peer = self;

	if (peer->wake || !kin_signal_check(request->signal))
		return KIN_INVALID;
	int r = kin_signal_open(peer->client.service->data, &peer->woken, peer_wake, peer);

	if (r)
		return r;
	r = kin_cap_duplicate(peer->woken.cap);
	if (r < 0) {
		kin_signal_close(&peer->woken);
		return r;
	}
	reply->signal = r;
	peer->wake = request->signal;
	request->signal = 0;
	return 0;
}

static int peer_destroy(struct kin_client *client)
{
	struct peer *peer = (struct peer *) client;

	kin_signal_close(&peer->woken);
	kin_cap_close(peer->wake);
	return 0;
}

static const struct bench_handlers handlers = { peer_ping, peer_echo, peer_connect };

int kin_main(struct kin_env *env)
{
	struct kin_service service = { .interface = &bench_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct peer),
		.destroy = peer_destroy,
		.data = env };
	int r = kin_service_announce(env, &service);

	if (r) {
		kin_error(env, "can't provide Bench: %s", kin_answer_text(r));
		return 1;
	}
	return kin_run(env);
}

/*
 * timer: passes on the Timer service of its parent
 *
 * For configs in which Timer is provided by a component. Each client has one session at our parent,
 * opened with what the client donated; what the client gets is the kernel's timer itself, so that
 * using it asks neither us nor anybody else.
 *
 * Sessions at the parent are opened and closed without waiting. Each says how many of us are
 * between it and the client, so that a route which leads back to us ends.
 */
#include <kin/interface/timer.h>
#include <kin/kin.h>

#include <stdio.h>

#define HOPS_MAX       8
#define HOPS           "hops"
#define UPSTREAM_CAPS  (KIN_SESSION_CAPS + 1) /* the timer */
#define UPSTREAM_BYTES KIN_SESSION_RAM

struct relay {
	struct kin_client client;
	struct kin_session upstream;
	uint64_t ram, caps; /* charged to the client for it */
	int refusal;        /* once that was too little */
};

static struct kin_env *env_of(const struct relay *relay)
{
	return relay->client.service->env;
}

static int relay_charge(struct relay *relay, uint64_t ram, uint64_t caps)
{
	int r = kin_quota_charge(&relay->client.quota, ram, caps);

	if (r)
		return r;
	relay->ram += ram;
	relay->caps += caps;
	return 0;
}

static void relay_uncharge(struct relay *relay)
{
	kin_quota_release(&relay->client.quota, relay->ram, relay->caps);
	relay->ram = relay->caps = 0;
}

static void relay_refuse(struct relay *relay, int answer)
{
	kin_warning(env_of(relay), "no timer for \"%s\": %s", relay->client.args.label,
		kin_answer_text(answer));
	relay_uncharge(relay);
	kin_client_deny(&relay->client, answer);
}

static void upstream_returned(struct kin_session *session, int answer, void *data)
{
	struct relay *relay = data;

	relay_refuse(relay, relay->refusal);
}

static void upstream_opened(struct kin_session *session, int answer, void *data)
{
	struct relay *relay = data;

	if (answer) {
		relay_refuse(relay, answer);
		return;
	}
	/* The parent may have wanted more than we asked the client for. */
	relay->refusal = relay_charge(
		relay, session->ram_quota - relay->ram, session->cap_quota - relay->caps);
	if (relay->refusal == 0) {
		kin_client_deliver(&relay->client);
	} else if (kin_session_close_async(session, upstream_returned, relay)) {
		/* No memory to go on without waiting: then wait. */
		kin_session_close(session);
		relay_refuse(relay, relay->refusal);
	}
}

static int relay_create(struct kin_client *client)
{
	struct relay *relay = (struct relay *) client;
	uint64_t hops = kin_args_number(&client->args, HOPS, 0);
	struct kin_args args = { .ram_quota = UPSTREAM_BYTES, .cap_quota = UPSTREAM_CAPS };
	char text[KIN_NUMBER_TEXT_MAX];

	if (hops >= HOPS_MAX) {
		kin_error(env_of(relay), "Timer of \"%s\" leads back to us, or too far",
			client->args.label);
		return KIN_DENIED;
	}
	int r = relay_charge(relay, UPSTREAM_BYTES, UPSTREAM_CAPS);

	if (r == 0)
		r = kin_args_set(&args, HOPS, kin_number_print(text, hops + 1));
	if (r == 0)
		r = kin_session_open_async(env_of(relay), &relay->upstream, &timer_interface, &args,
			upstream_opened, relay);
	if (r == 0)
		return KIN_PENDING;
	relay_uncharge(relay);
	return r;
}

static void upstream_closed(struct kin_session *session, int answer, void *data)
{
	struct relay *relay = data;

	relay_uncharge(relay);
	kin_client_closed(&relay->client);
}

static int relay_destroy(struct kin_client *client)
{
	struct relay *relay = (struct relay *) client;

	if (kin_session_close_async(&relay->upstream, upstream_closed, relay) == 0)
		return KIN_PENDING;
	kin_session_close(&relay->upstream);
	relay_uncharge(relay);
	return 0;
}

static int relay_timer(
	void *self, struct timer_timer_request *request, struct timer_timer_reply *reply)
{
	const struct relay *relay = self;

	return timer_timer(relay->upstream.channel, NULL, reply);
}

static const struct timer_handlers handlers = { .timer = relay_timer };

int kin_main(struct kin_env *env)
{
	struct kin_service service = { .interface = &timer_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct relay),
		.create = relay_create,
		.destroy = relay_destroy };

	/* What clients need is theirs to bring. */
	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	int r = kin_service_announce(env, &service);

	if (r) {
		kin_error(env, "can't provide Timer: %s", kin_answer_text(r));
		return 1;
	}
	return kin_run(env);
}

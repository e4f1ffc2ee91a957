/*
 * walk_relay: hands on its own sessions as its service
 *
 * It provides PD, CPU, or whatever its config names, by opening a session of the same service
 * itself for each client and delivering that channel: what a monitor or a broker does, which wants
 * to know of sessions but not to stand in their way. The library's services make their own
 * channels, so this speaks to the parent below the library.
 *
 *     <config twice="yes"> <service name="PD"/> </config>     twice: delivers everything twice
 */
#include <stdlib.h>
#include <string.h>

#include <kin/kin.h>

#include "wire/cpu.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define SESSIONS_MAX 32

struct relay {
	struct kin_env *env;
	struct kin_config config;
	struct kin_signal signal;
	struct {
		uint32_t id; /* at the parent, 0: free */
		struct kin_session session;
	} sessions[SESSIONS_MAX];
	uint64_t sequence;
	bool twice;
};

static const struct kin_interface *const interfaces[] = { &pd_interface, &cpu_interface };

static void respond(uint32_t id, int answer)
{
	parent_response(START_PARENT, &(struct parent_response_request){ id, (uint8_t) answer });
}

static size_t find(const struct relay *relay, uint32_t id)
{
	size_t i = 0;

	while (i < SESSIONS_MAX && relay->sessions[i].id != id)
		i++;
	return i;
}

static const struct kin_interface *interface_of(const char *service)
{
	return interfaces[strcmp(service, pd_interface.name) != 0];
}

static void create(struct relay *relay, const struct parent_pending_request *request)
{
	struct kin_args args = { 0 };
	size_t i = find(relay, 0);

	strncpy(args.label, request->args.label, sizeof(args.label) - 1);
	int r = i < SESSIONS_MAX ? kin_session_open(relay->env, &relay->sessions[i].session,
					   interface_of(request->service), &args)
				 : KIN_DENIED;

	if (r) {
		respond(request->id, KIN_DENIED);
		return;
	}
	relay->sessions[i].id = request->id;
	const struct parent_deliver_request deliver = { request->id,
		relay->sessions[i].session.channel };

	kin_log(relay->env, "hand on %s %s", request->service, request->args.label);
	for (int n = 0; n <= relay->twice; n++)
		parent_deliver(START_PARENT, &deliver);
}

static void close_session(struct relay *relay, const struct parent_pending_request *request)
{
	size_t i = find(relay, request->id);

	if (i < SESSIONS_MAX) {
		kin_session_close(&relay->sessions[i].session);
		relay->sessions[i].id = 0;
		kin_log(relay->env, "take back %s", request->args.label);
	}
	respond(request->id, KIN_CLOSED);
}

static void handle(struct relay *relay, const struct parent_pending_request *request)
{
	relay->sequence = request->sequence;
	switch ((enum parent_request_kind) request->kind) {
	case PARENT_REQUEST_CREATE:
		create(relay, request);
		break;
	case PARENT_REQUEST_UPGRADE:
		respond(request->id, KIN_OK);
		break;
	case PARENT_REQUEST_CLOSE:
		close_session(relay, request);
		break;
	}
}

static void requests_handle(void *data)
{
	struct parent_requests_reply reply;
	struct relay *relay = data;

	do {
		const struct parent_requests_request request = { relay->sequence };

		if (parent_requests(START_PARENT, &request, &reply) != 0)
			return;
		for (uint32_t i = 0; i < reply.n_requests; i++)
			handle(relay, &reply.requests[i]);
	} while (reply.more);
}

int kin_main(struct kin_env *env)
{
	static struct relay relay;

	relay.env = env;
	if (kin_config_open(env, &relay.config, NULL, NULL) ||
		kin_signal_open(env, &relay.signal, requests_handle, &relay))
		return 1;
	relay.twice = kin_node_boolean(relay.config.node, "twice", false);
	KIN_NODE_FOREACH (node, relay.config.node, "service") {
		struct parent_announce_request request = { .signal = relay.signal.cap };
		const char *name = kin_node_attribute(node, "name");

		strncpy(request.service, name ? name : "", sizeof(request.service) - 1);
		int r = parent_announce(START_PARENT, &request, NULL);

		if (r)
			kin_error(env, "can't provide %s: %s", name, kin_answer_text(r));
	}
	return kin_run(env);
}

/*
 * Services: announcing, and the list of requests
 *
 * However many services a component provides, its parent keeps one list of requests for it and
 * triggers one signal when the list grew. A request stays in the list until it is answered, so we
 * ask for those younger than the last one seen. What a request does to a client is in client.c.
 */
#include "component/service.h"

#include <string.h>

#include <kin/log.h>

static struct kin_env *env_of(struct request_source *source)
{
	return CONTAINER_OF(source, struct kin_env, services.parent);
}

static void parent_take(struct request_source *source, uint32_t id, int channel)
{
	parent_deliver(
		env_of(source)->start.parent, &(struct parent_deliver_request){ id, channel });
}

static void parent_respond(struct request_source *source, uint32_t id, int answer)
{
	parent_response(env_of(source)->start.parent,
		&(struct parent_response_request){ id, (uint8_t) answer });
}

static struct kin_service *service_find(struct kin_env *env, const char *name)
{
	struct kin_service *service = env->services.first;

	while (service && strcmp(service->interface->name, name) != 0)
		service = service->next;
	return service;
}

static void request_create(struct kin_env *env, const struct parent_pending_request *request)
{
	struct kin_service *service = service_find(env, request->service);

	if (!service) {
		parent_respond(&env->services.parent, request->id, KIN_DENIED);
		return;
	}
	if (request->version != service->interface->version) {
		kin_warning(env, "%s speaks version %u of \"%s\", we speak %u", request->args.label,
			request->version, request->service, service->interface->version);
		parent_respond(&env->services.parent, request->id, KIN_DENIED);
		return;
	}
	client_create(env, &env->services.parent, service, request);
}

static void request_handle(struct kin_env *env, const struct parent_pending_request *request)
{
	switch ((enum parent_request_kind) request->kind) {
	case PARENT_REQUEST_CREATE:
		request_create(env, request);
		break;
	case PARENT_REQUEST_UPGRADE:
		client_upgrade(&env->services.parent, request);
		break;
	case PARENT_REQUEST_CLOSE:
		client_close(&env->services.parent, request);
		break;
	}
}

static void requests_handle(void *data)
{
	struct kin_env *env = data;
	struct parent_requests_reply reply;

	do {
		const struct parent_requests_request request = { env->services.sequence };

		if (parent_requests(env->start.parent, &request, &reply) != 0)
			return;
		for (uint32_t i = 0; i < reply.n_requests; i++) {
			env->services.sequence = reply.requests[i].sequence;
			request_handle(env, &reply.requests[i]);
		}
	} while (reply.more);
}

int kin_service_announce(struct kin_env *env, struct kin_service *service)
{
	struct parent_announce_request request = { .service = "" };
	int r;

	if (!env->services.requests.cap) {
		r = kin_signal_open(env, &env->services.requests, requests_handle, env);
		if (r)
			return r;
	}
	strncpy(request.service, service->interface->name, sizeof(request.service) - 1);
	request.signal = env->services.requests.cap;
	r = parent_announce(env->start.parent, &request, NULL);
	if (r)
		return r;
	env->services.parent.deliver = parent_take;
	env->services.parent.respond = parent_respond;
	/* The parent's signal is handled by the loop, so nothing arrives before this is done. */
	service->env = env;
	service->next = env->services.first;
	env->services.first = service;
	return 0;
}

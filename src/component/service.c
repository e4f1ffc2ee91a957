/*
 * Services: announcing, and the list of requests
 *
 * However many services a component provides, its parent keeps one list of requests for it and
 * triggers one signal when the list grew. A request stays in the list until it is answered, so we
 * ask for those younger than the last one seen. What a request does to a client is in client.c.
 *
 * A sandbox may have services announced here that its children provide. What is not about a service
 * or a client of our own is for it.
 */
#include "component/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kin/log.h>

/* A service that is announced for somebody else. */
struct service_forwarded {
	struct service_forwarded *next;
	char name[KIN_NAME_MAX + 1];
};

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

static bool is_forwarded(struct kin_env *env, const struct parent_pending_request *request)
{
	if (!env->embedded.request)
		return false;
	return request->kind == PARENT_REQUEST_CREATE
		       ? !service_find(env, request->service)
		       : !client_exists(&env->services.parent, request->id);
}

static void request_handle(struct kin_env *env, const struct parent_pending_request *request)
{
	if (is_forwarded(env, request)) {
		env->embedded.request(request, env->embedded.data);
		return;
	}
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

static int announce(struct kin_env *env, const char *name)
{
	struct parent_announce_request request = { .service = "" };
	int r = 0;

	if (!env->services.requests.cap)
		r = kin_signal_open(env, &env->services.requests, requests_handle, env);
	if (r)
		return r;
	strncpy(request.service, name, sizeof(request.service) - 1);
	request.signal = env->services.requests.cap;
	env->services.parent.deliver = parent_take;
	env->services.parent.respond = parent_respond;
	return parent_announce(env->start.parent, &request, NULL);
}

int kin_service_announce(struct kin_env *env, struct kin_service *service)
{
	int r = announce(env, service->interface->name);

	if (r)
		return r;
	/* The parent's signal is handled by the loop, so nothing arrives before this is done. */
	service->env = env;
	service->next = env->services.first;
	env->services.first = service;
	return 0;
}

static struct service_forwarded *forwarded_find(const struct kin_env *env, const char *name)
{
	struct service_forwarded *forwarded = env->services.forwarded;

	while (forwarded && strcmp(forwarded->name, name) != 0)
		forwarded = forwarded->next;
	return forwarded;
}

int service_forward(struct kin_env *env, const char *name)
{
	if (forwarded_find(env, name))
		return 0;
	if (service_find(env, name))
		return KIN_DENIED;
	struct service_forwarded *forwarded = calloc(1, sizeof(*forwarded));

	if (!forwarded)
		return -ENOMEM;
	int r = announce(env, name);

	if (r) {
		free(forwarded);
		return r;
	}
	strncpy(forwarded->name, name, KIN_NAME_MAX);
	forwarded->next = env->services.forwarded;
	env->services.forwarded = forwarded;
	return 0;
}

void service_forward_done(struct kin_env *env)
{
	struct service_forwarded *forwarded;

	while ((forwarded = env->services.forwarded)) {
		env->services.forwarded = forwarded->next;
		free(forwarded);
	}
}

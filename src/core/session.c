/* Sessions at core's services; see the header. */
#include "core/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/container.h"
#include "core/descriptor.h"
#include "core/services.h"
#include "ipc/channel.h"

static const struct core_service *const SERVICES[] = { &core_pd_service, &core_cpu_service,
	&core_rom_service, &core_log_service, &core_timer_service };

static const struct core_service *service_find(const char *name)
{
	for (size_t i = 0; i < sizeof(SERVICES) / sizeof(*SERVICES); i++)
		if (strcmp(SERVICES[i]->interface->name, name) == 0)
			return SERVICES[i];
	return NULL;
}

bool core_service_exists(const char *service)
{
	return service_find(service) != NULL;
}

static const char *reason_text(int error)
{
	switch (error) {
	case -EPROTO:
		return "protocol violation";
	case -ENOBUFS:
		return "client does not take its answers";
	}
	return strerror(-error);
}

/* The client can't be served any more. If it is merely gone nobody needs to know. */
static void session_give_up(struct core_session *session, int error)
{
	loop_remove(session->services->loop, &session->source);
	if (error == -EPIPE)
		return;
	core_log(session->services, OWNER_WARNING, "%s: %s session cut off: %s", session->label,
		session->service->interface->name, reason_text(error));
	descriptor_close(&session->ends.server);
}

static void session_handle(struct loop_source *source, uint32_t epoll_events)
{
	struct core_session *session = CONTAINER_OF(source, struct core_session, source);
	const struct core_service *service = session->service;

	for (unsigned i = 0; i < service->burst; i++) {
		if (service->pause && service->pause(session))
			return;
		int r = kin_dispatch(
			session->ends.server, service->interface, service->handlers, session);

		if (r == -EAGAIN)
			return;
		if (r < 0) {
			session_give_up(session, r);
			return;
		}
	}
}

void core_session_resume(struct core_session *session)
{
	if (!session->ends.server)
		return;
	int r = loop_add(
		session->services->loop, &session->source, session->ends.server, session_handle);

	if (r < 0)
		session_give_up(session, r);
}

/* Gives the session its channel and makes it known. On failure session_free() undoes what is done.
 */
static int session_connect(struct core_session *session, int *ret_cap)
{
	DESCRIPTOR_AUTO client = 0;

	int r = ends_make(&session->ends);
	if (r < 0)
		return r;
	if (session->service->buffer_bytes &&
		setsockopt(session->ends.client, SOL_SOCKET, SO_SNDBUF,
			&session->service->buffer_bytes, sizeof(int)) < 0)
		return -errno;
	r = descriptor_dup(session->ends.client, &client);
	if (r < 0)
		return r;
	r = channel_cookie(client, &session->cookie);
	if (r < 0)
		return r;
	r = TABLE_ADD(by_cookie, session->services->sessions, cookie, session);
	if (r < 0)
		return r;
	r = loop_add(
		session->services->loop, &session->source, session->ends.server, session_handle);
	if (r < 0)
		return r;
	*ret_cap = descriptor_take(&client);
	return 0;
}

static void session_free(struct core_session *session)
{
	if (session->by_cookie.tbl)
		HASH_DELETE(by_cookie, session->services->sessions, session);
	loop_remove(session->services->loop, &session->source);
	ends_close(&session->ends);
	free(session);
}

static int session_open(struct core_services *services, const struct core_service *service,
	const struct kin_args *args, const struct kin_affinity *affinity, struct core_session **ret,
	int *ret_cap)
{
	struct core_session *session = calloc(1, service->session_size);

	if (!session)
		return -ENOMEM;
	session->service = service;
	session->services = services;
	session->donation = (struct quota){ args->ram_quota, args->cap_quota };
	snprintf(session->label, sizeof(session->label), "%s", args->label);

	int r = service->open(session, args, affinity);
	if (r == 0) {
		r = session_connect(session, ret_cap);
		if (r == 0) {
			*ret = session;
			return 0;
		}
		service->close(session);
	}
	session_free(session);
	return r;
}

int core_session_create(struct core_services *services, const char *name, uint32_t version,
	const struct kin_args *args, const struct kin_affinity *affinity, struct core_session **ret,
	int *ret_cap)
{
	const struct core_service *service = service_find(name);

	assert(kin_args_valid(args));
	if (!service) {
		core_log(services, OWNER_WARNING, "%s: no service \"%s\"", args->label, name);
		return KIN_DENIED;
	}
	if (version != service->interface->version) {
		core_log(services, OWNER_WARNING, "%s: speaks version %u of %s, this is version %u",
			args->label, version, name, service->interface->version);
		return KIN_DENIED;
	}
	if (args->ram_quota < service->donation_min.ram)
		return KIN_INSUFFICIENT_RAM;
	if (args->cap_quota < service->donation_min.caps)
		return KIN_INSUFFICIENT_CAPS;
	return session_open(services, service, args, affinity, ret, ret_cap);
}

void core_session_upgrade(struct core_session *session, uint64_t ram, uint64_t caps)
{
	session->donation.ram += ram;
	session->donation.caps += caps;
}

void core_session_close(struct core_session *session)
{
	session->service->close(session);
	session_free(session);
}

struct core_session *core_session_find(
	struct core_services *services, int cap, const struct core_service *service)
{
	struct core_session *session;
	uint64_t cookie;

	if (channel_cookie(cap, &cookie) < 0)
		return NULL;
	session = TABLE_FIND(by_cookie, services->sessions, &cookie);
	return session && session->service == service ? session : NULL;
}

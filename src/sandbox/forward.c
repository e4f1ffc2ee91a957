/*
 * Services of our children for our parent's other clients
 *
 * The component library fetches requests from our parent; those that are not about a service of our
 * own become requests to the engine, which forwards them to a child. Its answers are messages to
 * the parent, none of which is waited for.
 */
#include <unistd.h>

#include "component/service.h"
#include "engine/forward.h"
#include "sandbox/sandbox.h"

_Static_assert(PARENT_REQUEST_CREATE == (int) FORWARD_CREATE &&
		       PARENT_REQUEST_UPGRADE == (int) FORWARD_UPGRADE &&
		       PARENT_REQUEST_CLOSE == (int) FORWARD_CLOSE,
	"kinds of requests on the wire are the engine's");

void sandbox_forward(const struct parent_pending_request *request, void *data)
{
	struct kin_sandbox *sandbox = data;

	forward_request(&sandbox->host.sandbox,
		&(struct forward_request){ .kind = request->kind,
			.id = request->id,
			.service = request->service,
			.version = request->version,
			.args = &request->args,
			.affinity = &request->affinity,
			.amount = { request->args.ram_quota, request->args.cap_quota } });
}

static struct kin_env *env_of(void *ctx)
{
	return ((struct kin_sandbox *) ctx)->env;
}

static int announce(void *ctx, const char *service)
{
	return service_forward(env_of(ctx), service);
}

static void deliver(void *ctx, uint32_t id, int cap)
{
	parent_deliver(env_of(ctx)->start.parent, &(struct parent_deliver_request){ id, cap });
	close(cap);
}

static void respond(void *ctx, uint32_t id, int answer)
{
	parent_response(env_of(ctx)->start.parent,
		&(struct parent_response_request){ id, (uint8_t) answer });
}

const struct forward_ops sandbox_forward_ops = { announce, deliver, respond };

/*
 * dummy: the LOG service
 *
 * Prints "[label] text". Its answer to a close can be delayed, to see what others do while a
 * session won't end: each such session then has a timer of its own.
 */
#include "dummy.h"

struct log_session {
	struct kin_client client;
	struct kin_timer delay;
};

static struct log_service *service_of(const struct kin_client *client)
{
	return client->service->data;
}

static int session_write(
	void *self, struct log_write_request *request, struct log_write_reply *reply)
{
	struct log_session *session = self;

	kin_log(service_of(&session->client)->env, "[%s] %s", session->client.args.label,
		request->text);
	return 0;
}

static int session_create(struct kin_client *client)
{
	struct log_service *service = service_of(client);

	if (service->verbose)
		kin_log(service->env, "opening session with label %s", client->args.label);
	return 0;
}

static int session_upgraded(struct kin_client *client)
{
	kin_log(service_of(client)->env, "received session quota upgrade");
	return 0;
}

static void session_delay_over(void *data)
{
	struct log_session *session = data;

	kin_timer_close(&session->delay);
	kin_client_closed(&session->client);
}

static int session_destroy(struct kin_client *client)
{
	struct log_session *session = (struct log_session *) client;
	struct log_service *service = service_of(client);

	if (service->verbose)
		kin_log(service->env, "closing session with label %s", client->args.label);
	if (!service->delay_close_ms)
		return 0;
	int r = kin_timer_open(service->env, &session->delay, session_delay_over, session);

	if (r) {
		kin_warning(service->env, "no timer to delay a close: %s", kin_answer_text(r));
		return 0;
	}
	kin_timer_once(&session->delay, service->delay_close_ms * 1000);
	return KIN_PENDING;
}

static const struct log_handlers handlers = { .write = session_write };

void log_service_start(struct log_service *service, const struct kin_node *node)
{
	service->verbose = kin_node_boolean(node, "verbose", false);
	service->delay_close_ms = kin_node_number(node, "delay_close_ms", 0);
	if (service->announced)
		return;
	service->service = (struct kin_service){ .interface = &log_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct log_session),
		.create = session_create,
		.upgraded = session_upgraded,
		.destroy = session_destroy,
		.data = service };
	int r = kin_service_announce(service->env, &service->service);

	if (r) {
		kin_error(service->env, "can't provide LOG: %s", kin_answer_text(r));
		return;
	}
	service->announced = true;
	kin_log(service->env, "created LOG service");
}

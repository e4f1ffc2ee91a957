/*
 * mischief: ways to serve, and to be served
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <kin/interface/rom.h>

#include "examples/greeter/greeter_interface.h"
#include "mischief.h"
#include "wire/parent.h"

/* A channel, where a signal is expected. */
int announce_oddly(struct kin_env *env, const struct kin_node *config)
{
	struct parent_announce_request request = { .service = "Greeter", .signal = START_LOG };

	kin_log(env, "announcing with a channel: %s",
		kin_answer_text(parent_announce(START_PARENT, &request, NULL)));
	strcpy(request.service, "Unheard");
	kin_log(env, "announcing what I may not: %s",
		kin_answer_text(parent_announce(START_PARENT, &request, NULL)));
	return kin_run(env);
}

/* Answers to requests that nobody made, and memory delivered as a session to who makes one. */
static void requests_answer(void *data)
{
	struct kin_env *env = data;
	struct parent_requests_reply reply;
	struct kin_ram ram;

	if (parent_requests(START_PARENT, &(struct parent_requests_request){ 0 }, &reply) ||
		kin_ram_alloc(env, NULL, 1, 0, &ram))
		return;
	for (uint32_t i = 0; i < reply.n_requests; i++)
		parent_deliver(START_PARENT,
			&(struct parent_deliver_request){ reply.requests[i].id, ram.dataspace });
	kin_ram_free(&ram);
}

int deliver_oddly(struct kin_env *env, const struct kin_node *config)
{
	struct parent_announce_request request = { .service = "Greeter" };
	struct kin_signal signal;

	if (kin_signal_open(env, &signal, requests_answer, env))
		return 1;
	request.signal = signal.cap;
	parent_response(START_PARENT, &(struct parent_response_request){ 4711, KIN_OK });
	parent_deliver(START_PARENT, &(struct parent_deliver_request){ 4712, START_LOG });
	int r = parent_announce(START_PARENT, &request, NULL);

	kin_log(env, "announced: %s", kin_answer_text(r));
	return kin_run(env);
}

/* A Greeter that ends within its first call. */
static int greet_and_end(
	void *self, struct greeter_greet_request *request, struct greeter_greet_reply *reply)
{
	_exit(0);
}

int serve_once(struct kin_env *env, const struct kin_node *config)
{
	static const struct greeter_handlers handlers = { .greet = greet_and_end };
	struct kin_service service = { .interface = &greeter_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct kin_client) };
	int r = kin_service_announce(env, &service);

	return r ? 1 : kin_run(env);
}

/* The client of such a server: what it is told, twice, and that it can still say so. */
int be_patient(struct kin_env *env, const struct kin_node *config)
{
	struct kin_session session = { 0 };
	struct greeter_greet_reply reply;

	for (int i = 1; i <= 2; i++) {
		int r = kin_session_open(env, &session, &greeter_interface, NULL);

		kin_log(env, "session %d: %s", i, kin_answer_text(r));
		if (r)
			continue;
		r = greeter_greet(session.channel, &(struct greeter_greet_request){ "me" }, &reply);
		kin_log(env, "greeting %d: %s", i, kin_answer_text(r));
		kin_session_close(&session);
	}
	kin_log(env, "I am patient");
	return kin_run(env);
}

/* A ROM whose content is taken back as soon as its reader asks to be signalled. */
struct loan {
	struct kin_client client;
	struct kin_ram ram;
};

static int loan_create(struct kin_client *client)
{
	struct loan *loan = (struct loan *) client;
	int r = kin_ram_alloc(client->service->data, NULL, 1, KIN_RAM_SHARE, &loan->ram);

	if (r == 0)
		strcpy(loan->ram.data, "a loan");
	return r;
}

static int loan_dataspace(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	struct loan *loan = self;

	reply->dataspace = kin_cap_duplicate(loan->ram.read_only);
	reply->size = loan->ram.size;
	return reply->dataspace < 0 ? reply->dataspace : 0;
}

static int loan_signal(
	void *self, struct rom_signal_request *request, struct rom_signal_reply *reply)
{
	struct kin_account account;
	struct loan *loan = self;

	kin_ram_free(&loan->ram);
	/* A call after it on the same channel: when it is answered, the memory is gone. */
	return kin_account_read(loan->client.service->data, &account);
}

int lend(struct kin_env *env, const struct kin_node *config)
{
	static const struct rom_handlers handlers = { .dataspace = loan_dataspace,
		.signal = loan_signal };
	struct kin_service service = { .interface = &rom_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct loan),
		.create = loan_create,
		.data = env };
	int r = kin_service_announce(env, &service);

	return r ? 1 : kin_run(env);
}

int borrow(struct kin_env *env, const struct kin_node *config)
{
	const struct kin_args args = { .label = "loan" };
	struct rom_dataspace_reply reply;
	struct kin_session session;
	char text[8] = "";
	void *mapped;

	if (kin_session_open(env, &session, &rom_interface, &args) ||
		rom_dataspace(session.channel, NULL, &reply) ||
		kin_attach(reply.dataspace, reply.size, KIN_ATTACH_READ, &mapped))
		return 1;
	kin_log(env, "I see %s", (const char *) mapped);
	rom_signal(session.channel, &(struct rom_signal_request){ 0 }, NULL);
	int r = kin_dataspace_read(reply.dataspace, 0, text, sizeof(text));

	kin_log(env, "later: %s", kin_answer_text(r));
	if (kin_node_boolean(config, "touch", false))
		kin_log(env, "I still see %s", (const char *) mapped);
	return kin_run(env);
}

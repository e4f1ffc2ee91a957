/* Services: clients from the request for their session to its end. */
#include "component_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/interface/log.h>
#include <kin/ram.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "component/service.h"

struct guest {
	struct kin_client client;
	struct kin_ram ram;
	unsigned n;
};

struct server {
	struct world world;
	struct kin_service rom, log;
	int create_answer, destroy_answer;
	size_t create_bytes; /* allocated for each client */
	unsigned n_created, n_upgraded, n_destroyed, n_calls, n_writes;
	char last_write[KIN_LOG_TEXT_MAX + 1];
	struct guest *guest; /* the last one created */
};

static int guest_create(struct kin_client *client)
{
	struct server *server = client->service->data;
	struct guest *guest = (struct guest *) client;

	server->n_created++;
	server->guest = guest;
	if (server->create_bytes)
		return kin_ram_alloc(
			&server->world.env, &client->quota, server->create_bytes, 0, &guest->ram);
	return server->create_answer;
}

static int guest_upgraded(struct kin_client *client)
{
	((struct server *) client->service->data)->n_upgraded++;
	return 0;
}

static int guest_destroy(struct kin_client *client)
{
	struct server *server = client->service->data;

	server->n_destroyed++;
	kin_ram_free(&((struct guest *) client)->ram);
	return server->destroy_answer;
}

static int guest_dataspace(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	struct guest *guest = self;

	((struct server *) guest->client.service->data)->n_calls++;
	guest->n++;
	return KIN_INVALID;
}

static int guest_write(void *self, struct log_write_request *request, struct log_write_reply *reply)
{
	struct guest *guest = self;
	struct server *server = guest->client.service->data;

	server->n_writes++;
	strcpy(server->last_write, request->text);
	return 0;
}

static const struct rom_handlers rom_handlers = { .dataspace = guest_dataspace };
static const struct log_handlers log_handlers = { .write = guest_write };

static struct kin_service service_make(
	struct server *server, const struct kin_interface *interface, const void *handlers)
{
	return (struct kin_service){ .interface = interface,
		.handlers = handlers,
		.client_size = sizeof(struct guest),
		.create = guest_create,
		.upgraded = guest_upgraded,
		.destroy = guest_destroy,
		.data = server };
}

static void server_open(struct server *server)
{
	memset(server, 0, sizeof(*server));
	world_open(&server->world);
	server->rom = service_make(server, &rom_interface, &rom_handlers);
	server->log = service_make(server, &log_interface, &log_handlers);
	assert_int_equal(kin_service_announce(&server->world.env, &server->rom), 0);
	assert_int_equal(kin_service_announce(&server->world.env, &server->log), 0);
}

static struct parent_pending_request create_request(uint32_t id, const char *service)
{
	struct parent_pending_request request = { .kind = PARENT_REQUEST_CREATE,
		.id = id,
		.version = 1,
		.args = {
			.label = "init -> client", .ram_quota = KIN_SESSION_RAM, .cap_quota = 3 } };

	strcpy(request.service, service);
	return request;
}

static void request(struct server *server, enum parent_request_kind kind, uint32_t id)
{
	const struct parent_pending_request r = { .kind = kind, .id = id };

	world_request(&server->world, &r);
	world_rounds(&server->world);
}

/* Opens a session. Return: the client's end. */
static int session_open(struct server *server, uint32_t id, const char *service)
{
	struct world *w = &server->world;
	const struct parent_pending_request r = create_request(id, service);
	unsigned n = w->n_deliveries;

	world_request(w, &r);
	world_rounds(w);
	WORLD_WAIT(w, w->n_deliveries == n + 1);
	assert_int_equal(w->deliveries[n].id, id);
	return w->deliveries[n].cap;
}

static void response_expect(struct server *server, uint32_t id, int answer)
{
	struct world *w = &server->world;

	WORLD_WAIT(w, w->n_responses > 0);
	assert_int_equal(w->n_responses, 1);
	assert_int_equal(w->responses[0].id, id);
	assert_int_equal(w->responses[0].answer, answer);
	w->n_responses = 0;
}

static void several_services_share_one_signal(void **state)
{
	struct server server;

	server_open(&server);
	assert_int_equal(server.world.n_announcements, 2);
	WORLD_WAIT(&server.world, server.world.n_objects == 1);
	world_close(&server.world);
}

static void a_denied_announcement_is_an_answer(void **state)
{
	struct kin_service service = { .interface = &rom_interface };
	struct world w;

	world_open(&w);
	world_answer(&w, KIN_DENIED);
	assert_int_equal(kin_service_announce(&w.env, &service), KIN_DENIED);
	world_close(&w);
}

static void a_client_is_created_served_and_closed(void **state)
{
	struct rom_dataspace_reply reply;
	struct server server;

	server_open(&server);
	int channel = session_open(&server, 7, "ROM");

	assert_string_equal(server.guest->client.args.label, "init -> client");
	assert_int_equal(server.guest->client.quota.ram, KIN_SESSION_RAM);
	assert_true(server.guest->client.quota.ram_used >= sizeof(struct guest));
	assert_int_equal(server.guest->client.quota.caps_used, 1);
	assert_int_equal(world_call(&server.world, channel, &rom_interface, rom_dataspace_operation,
				 NULL, &reply),
		KIN_INVALID);
	assert_int_equal(server.n_calls, 1);
	assert_int_equal(server.guest->n, 1);
	request(&server, PARENT_REQUEST_CLOSE, 7);
	response_expect(&server, 7, KIN_CLOSED);
	assert_int_equal(server.n_destroyed, 1);
	WORLD_WAIT(&server.world, server.world.n_objects == 1);
	world_close(&server.world);
}

static void requests_come_in_batches_until_there_are_no_more(void **state)
{
	struct server server;

	server_open(&server);
	for (uint32_t id = 1; id <= 5; id++) {
		const struct parent_pending_request r = create_request(id, id % 2 ? "ROM" : "LOG");

		world_request(&server.world, &r);
	}
	world_rounds(&server.world);
	assert_int_equal(server.n_created, 5);
	WORLD_WAIT(&server.world, server.world.n_deliveries == 5);
	world_rounds(&server.world);
	assert_int_equal(server.n_created, 5);
	for (uint32_t id = 1; id <= 5; id++)
		request(&server, PARENT_REQUEST_CLOSE, id);
	assert_int_equal(server.n_destroyed, 5);
	world_close(&server.world);
}

static void another_version_is_denied(void **state)
{
	struct parent_pending_request r = create_request(7, "ROM");
	struct server server;

	server_open(&server);
	r.version = 2;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 7, KIN_DENIED);
	assert_int_equal(server.n_created, 0);
	WORLD_WAIT(&server.world, server.world.n_lines == 1);
	assert_non_null(strstr(server.world.lines[0], "init -> client"));
	world_close(&server.world);
}

static void a_donation_below_the_channel_is_insufficient(void **state)
{
	struct parent_pending_request r = create_request(7, "ROM");
	struct server server;

	server_open(&server);
	r.args.cap_quota = 0;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 7, KIN_INSUFFICIENT_CAPS);
	r = create_request(8, "ROM");
	r.args.ram_quota = 100;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 8, KIN_INSUFFICIENT_RAM);
	assert_int_equal(server.n_created, 0);
	world_close(&server.world);
}

static void what_a_client_can_not_pay_is_insufficient_and_leaves_nothing(void **state)
{
	struct parent_pending_request r = create_request(7, "ROM");
	struct server server;

	server_open(&server);
	server.create_bytes = KIN_SESSION_RAM;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 7, KIN_INSUFFICIENT_RAM);
	assert_int_equal(server.world.n_shortages, 0);
	WORLD_WAIT(&server.world, server.world.n_objects == 1);
	r.args.ram_quota = 2 * KIN_SESSION_RAM;
	r.id = 8;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	WORLD_WAIT(&server.world, server.world.n_deliveries == 1);
	request(&server, PARENT_REQUEST_CLOSE, 8);
	world_close(&server.world);
}

static void a_server_without_ram_answers_instead_of_waiting(void **state)
{
	struct parent_pending_request r = create_request(7, "ROM");
	struct server server;

	server_open(&server);
	server.create_bytes = 4096;
	server.world.ram_left = 0;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 7, KIN_INSUFFICIENT_RAM);
	assert_int_equal(server.world.n_shortages, 0);
	world_close(&server.world);
}

static void create_may_deny_or_decide_later(void **state)
{
	struct parent_pending_request r = create_request(7, "ROM");
	struct server server;

	server_open(&server);
	server.create_answer = KIN_DENIED;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 7, KIN_DENIED);

	server.create_answer = KIN_PENDING;
	r.id = 8;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	assert_int_equal(server.world.n_deliveries, 0);
	kin_client_deliver(&server.guest->client);
	WORLD_WAIT(&server.world, server.world.n_deliveries == 1);

	r.id = 9;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	kin_client_deny(&server.guest->client, KIN_INSUFFICIENT_CAPS);
	response_expect(&server, 9, KIN_INSUFFICIENT_CAPS);
	request(&server, PARENT_REQUEST_CLOSE, 8);
	world_close(&server.world);
}

static void an_upgrade_raises_the_clients_quota(void **state)
{
	struct parent_pending_request r = { .kind = PARENT_REQUEST_UPGRADE,
		.id = 7,
		.args = { .ram_quota = 1000, .cap_quota = 4 } };
	struct server server;

	server_open(&server);
	session_open(&server, 7, "ROM");
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 7, KIN_OK);
	assert_int_equal(server.n_upgraded, 1);
	assert_int_equal(server.guest->client.quota.ram, KIN_SESSION_RAM + 1000);
	assert_int_equal(server.guest->client.quota.caps, 7);
	request(&server, PARENT_REQUEST_CLOSE, 7);
	world_close(&server.world);
}

static void a_close_may_be_finished_later(void **state)
{
	struct server server;

	server_open(&server);
	server.destroy_answer = KIN_PENDING;
	session_open(&server, 7, "ROM");
	request(&server, PARENT_REQUEST_CLOSE, 7);
	assert_int_equal(server.world.n_responses, 0);
	kin_client_closed(&server.guest->client);
	response_expect(&server, 7, KIN_CLOSED);
	world_close(&server.world);
}

static void closing_handles_what_was_sent_before(void **state)
{
	struct server server;

	server_open(&server);
	int channel = session_open(&server, 7, "LOG");

	for (int i = 0; i < 5; i++) {
		struct log_write_request message;

		snprintf(message.text, sizeof(message.text), "line %d", i);
		assert_int_equal(log_write(channel, &message), 0);
	}
	const struct parent_pending_request r = { .kind = PARENT_REQUEST_CLOSE, .id = 7 };

	/* The request arrives in the round that sees the first messages. */
	world_request(&server.world, &r);
	assert_int_equal(loop_round(&server.world.env.loop, 0), 0);
	assert_int_equal(server.n_destroyed, 1);
	assert_int_equal(server.n_writes, 5);
	assert_string_equal(server.last_write, "line 4");
	world_close(&server.world);
}

static void garbage_costs_a_client_its_channel_and_nobody_else(void **state)
{
	struct rom_dataspace_reply reply;
	struct server server;
	char byte;

	server_open(&server);
	int bad = session_open(&server, 7, "ROM");
	const struct kin_client *bad_client = &server.guest->client;
	int good = session_open(&server, 8, "ROM");

	assert_int_equal(send(bad, "garbage that is no message", 26, 0), 26);
	world_rounds(&server.world);
	WORLD_WAIT(&server.world, server.world.n_lines == 1);
	assert_non_null(strstr(server.world.lines[0], "Warning: init -> client"));
	WORLD_WAIT(&server.world, server.world.n_objects == 2); /* its channel is freed */
	errno = 0;
	assert_true(recv(bad, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN);
	assert_int_equal(server.n_destroyed, 0);
	assert_int_equal(bad_client->channel, 0);
	assert_int_equal(bad_client->quota.caps_used, 0);
	assert_in_range(bad_client->quota.ram_used, 0, 4096);
	assert_int_equal(world_call(&server.world, good, &rom_interface, rom_dataspace_operation,
				 NULL, &reply),
		KIN_INVALID);
	request(&server, PARENT_REQUEST_CLOSE, 7);
	request(&server, PARENT_REQUEST_CLOSE, 8);
	assert_int_equal(server.n_destroyed, 2);
	world_close(&server.world);
}

static void a_client_that_takes_no_replies_loses_its_channel(void **state)
{
	struct server server;

	server_open(&server);
	int channel = session_open(&server, 7, "ROM");

	for (int i = 0; i < 4096 && server.world.n_lines == 0; i++) {
		if (kin_send(channel, &rom_interface, rom_dataspace_operation, NULL) < 0)
			break;
		world_rounds(&server.world);
	}
	WORLD_WAIT(&server.world, server.world.n_lines == 1);
	assert_non_null(strstr(server.world.lines[0], "does not take its replies"));
	request(&server, PARENT_REQUEST_CLOSE, 7);
	assert_int_equal(server.n_destroyed, 1);
	world_close(&server.world);
}

static void unknown_sessions_are_closed_already(void **state)
{
	struct server server;

	server_open(&server);
	request(&server, PARENT_REQUEST_CLOSE, 99);
	response_expect(&server, 99, KIN_CLOSED);
	request(&server, PARENT_REQUEST_UPGRADE, 99);
	response_expect(&server, 99, KIN_CLOSED);
	world_close(&server.world);
}

/*
 * Services of somebody else
 */

static struct parent_pending_request forwarded[8];
static unsigned n_forwarded;

static void forward(const struct parent_pending_request *r, void *data)
{
	assert_ptr_equal(data, forwarded);
	forwarded[n_forwarded++] = *r;
}

static void requests_for_services_of_somebody_else_are_passed_on(void **state)
{
	struct server server;
	struct kin_env *env = &server.world.env;

	server_open(&server);
	n_forwarded = 0;
	env->embedded.request = forward;
	env->embedded.data = forwarded;
	assert_int_equal(service_forward(env, "Else"), 0);
	assert_int_equal(server.world.n_announcements, 3);
	int own = session_open(&server, 1, "ROM");
	const struct parent_pending_request r = create_request(2, "Else");
	world_request(&server.world, &r);
	world_rounds(&server.world);
	assert_int_equal(n_forwarded, 1);
	assert_string_equal(forwarded[0].service, "Else");
	assert_string_equal(forwarded[0].args.label, "init -> client");
	request(&server, PARENT_REQUEST_UPGRADE, 2);
	request(&server, PARENT_REQUEST_UPGRADE, 1);
	response_expect(&server, 1, KIN_OK);
	request(&server, PARENT_REQUEST_CLOSE, 1);
	response_expect(&server, 1, KIN_CLOSED);
	request(&server, PARENT_REQUEST_CLOSE, 2);
	assert_int_equal(n_forwarded, 3);
	assert_int_equal(forwarded[1].kind, PARENT_REQUEST_UPGRADE);
	assert_int_equal(forwarded[2].kind, PARENT_REQUEST_CLOSE);
	close(own);
	/* Who forwards may end. */
	env->embedded.request = NULL;
	world_request(&server.world, &r);
	world_rounds(&server.world);
	response_expect(&server, 2, KIN_DENIED);
	world_close(&server.world);
}

static void a_service_is_announced_once_and_for_one(void **state)
{
	struct server server;
	struct kin_env *env = &server.world.env;

	server_open(&server);
	assert_int_equal(service_forward(env, "ROM"), KIN_DENIED); /* our own */
	world_answer(&server.world, KIN_DENIED);
	assert_int_equal(service_forward(env, "Else"), KIN_DENIED);
	assert_int_equal(service_forward(env, "Else"), 0);
	assert_int_equal(service_forward(env, "Else"), 0);
	assert_int_equal(server.world.n_announcements, 3); /* with the two of its own */
	world_close(&server.world);
}

static void nothing_stays_open(void **state)
{
	unsigned before = world_descriptors();

	a_client_is_created_served_and_closed(NULL);
	create_may_deny_or_decide_later(NULL);
	what_a_client_can_not_pay_is_insufficient_and_leaves_nothing(NULL);
	garbage_costs_a_client_its_channel_and_nobody_else(NULL);
	requests_for_services_of_somebody_else_are_passed_on(NULL);
	assert_int_equal(world_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_services_share_one_signal),
		cmocka_unit_test(a_denied_announcement_is_an_answer),
		cmocka_unit_test(a_client_is_created_served_and_closed),
		cmocka_unit_test(requests_come_in_batches_until_there_are_no_more),
		cmocka_unit_test(another_version_is_denied),
		cmocka_unit_test(a_donation_below_the_channel_is_insufficient),
		cmocka_unit_test(what_a_client_can_not_pay_is_insufficient_and_leaves_nothing),
		cmocka_unit_test(a_server_without_ram_answers_instead_of_waiting),
		cmocka_unit_test(create_may_deny_or_decide_later),
		cmocka_unit_test(an_upgrade_raises_the_clients_quota),
		cmocka_unit_test(a_close_may_be_finished_later),
		cmocka_unit_test(closing_handles_what_was_sent_before),
		cmocka_unit_test(garbage_costs_a_client_its_channel_and_nobody_else),
		cmocka_unit_test(a_client_that_takes_no_replies_loses_its_channel),
		cmocka_unit_test(unknown_sessions_are_closed_already),
		cmocka_unit_test(requests_for_services_of_somebody_else_are_passed_on),
		cmocka_unit_test(a_service_is_announced_once_and_for_one),
		cmocka_unit_test(nothing_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

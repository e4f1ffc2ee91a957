/*
 * Host: what a child gets for each message, for waiting, for nonsense, and at its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <kin/interface/rom.h>
#include <kin/session.h>

#include "host/rom.h"
#include "ipc/channel.h"
#include "ipc/signal.h"
#include "model/hosted.h"
#include "wire/codec.h"
#include "wire/parent.h"

#define ID 7

static struct parent_session_request session_request(const char *service, bool wait)
{
	struct parent_session_request request = { .id = ID,
		.version = 1,
		.wait = wait,
		.args = { .ram_quota = KIN_SESSION_RAM, .cap_quota = 4 } };

	strcpy(request.service, service);
	return request;
}

/* Return: the answer; a capability is closed at once */
static int open_as_client(struct hosted *hosted, const char *service, bool wait)
{
	struct parent_session_request request = session_request(service, wait);
	struct parent_session_reply reply = { 0 };
	int r = hosted_call(hosted, "client", parent_session_operation, &request, &reply);

	if (r == 0)
		assert_int_equal(close(reply.session), 0);
	return r;
}

static int take_session(struct hosted *hosted)
{
	struct parent_session_reply reply = { 0 };
	int r = hosted_reply_to(hosted, "client", parent_session_operation, &reply);

	if (r == 0)
		assert_int_equal(close(reply.session), 0);
	return r;
}

/* The oldest request at the server, which is of this kind. */
static uint32_t fetch_as_server(struct hosted *hosted, enum parent_request_kind kind)
{
	struct parent_requests_reply reply;

	assert_int_equal(hosted_call(hosted, "server", parent_requests_operation,
				 &(struct parent_requests_request){ 0 }, &reply),
		0);
	assert_true(reply.n_requests > 0);
	assert_int_equal(reply.requests[0].kind, kind);
	return reply.requests[0].id;
}

static void deliver_as_server(struct hosted *hosted)
{
	uint32_t id = fetch_as_server(hosted, PARENT_REQUEST_CREATE);
	int server, client;

	assert_int_equal(channel_pair(&server, &client), 0);
	hosted_send(hosted, "server", parent_deliver_operation,
		&(struct parent_deliver_request){ id, client });
	close(server);
	close(client);
}

static void respond_as_server(struct hosted *hosted, enum parent_request_kind kind, uint8_t answer)
{
	uint32_t id = fetch_as_server(hosted, kind);

	hosted_send(hosted, "server", parent_response_operation,
		&(struct parent_response_request){ id, answer });
}

static void handle_events(struct hosted *hosted, const char *name, uint32_t events)
{
	hosted_send(hosted, name, parent_handle_operation,
		&(struct parent_handle_request){ PARENT_PROTOCOL_VERSION, events });
}

static uint32_t events_of(struct hosted *hosted, const char *name)
{
	struct parent_events_reply reply;

	assert_int_equal(hosted_call(hosted, name, parent_events_operation, NULL, &reply), 0);
	return reply.events;
}

static void a_session_at_the_parent_is_answered_at_once(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(open_as_client(hosted, "P", false), 0);
	assert_int_equal(hosted_call(hosted, "client", parent_close_operation,
				 &(struct parent_close_request){ ID, 0 }, NULL),
		0);
	hosted->up_answer = KIN_INSUFFICIENT_CAPS;
	assert_int_equal(open_as_client(hosted, "P", true), KIN_INSUFFICIENT_CAPS);
}

static void who_waits_gets_the_session_as_its_reply(void **state)
{
	struct hosted *hosted = *state;

	handle_events(hosted, "client", PARENT_EVENT_SESSION);
	assert_int_equal(open_as_client(hosted, "X", true), HOSTED_NO_REPLY);
	deliver_as_server(hosted);
	assert_int_equal(take_session(hosted), 0);
	assert_int_equal(take_session(hosted), HOSTED_NO_REPLY);
	assert_false(signal_take(hosted_process(hosted, "client")->signal));
	assert_int_equal(events_of(hosted, "client"), 0);
}

static void who_waits_gets_a_refusal_as_its_reply(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(open_as_client(hosted, "X", true), HOSTED_NO_REPLY);
	respond_as_server(hosted, PARENT_REQUEST_CREATE, KIN_INSUFFICIENT_RAM);
	assert_int_equal(take_session(hosted), KIN_INSUFFICIENT_RAM);
}

static void who_waits_for_the_parents_parent_gets_its_reply(void **state)
{
	struct hosted *hosted = *state;

	hosted->up_answer = KIN_PENDING;
	assert_int_equal(open_as_client(hosted, "P", true), HOSTED_NO_REPLY);
	hosted->up_decided = true;
	sandbox_up_answers(&hosted->host.sandbox);
	hosted_settle(hosted);
	assert_int_equal(take_session(hosted), 0);
}

static void who_waits_for_a_server_that_ends_is_told(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(open_as_client(hosted, "X", true), HOSTED_NO_REPLY);
	hosted_end(hosted_process(hosted, "server"), 11, 0);
	hosted_settle(hosted);
	assert_int_equal(take_session(hosted), KIN_DENIED);
	assert_non_null(strstr(hosted->log, "child \"server\" crashed (SIGSEGV)"));
}

static void who_waits_for_upgrade_and_close_gets_replies(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(open_as_client(hosted, "X", true), HOSTED_NO_REPLY);
	deliver_as_server(hosted);
	take_session(hosted);
	assert_int_equal(hosted_call(hosted, "client", parent_upgrade_operation,
				 &(struct parent_upgrade_request){ ID, 4096, 1, 1 }, NULL),
		HOSTED_NO_REPLY);
	respond_as_server(hosted, PARENT_REQUEST_UPGRADE, KIN_OK);
	assert_int_equal(hosted_reply_to(hosted, "client", parent_upgrade_operation, NULL), 0);
	assert_int_equal(hosted_call(hosted, "client", parent_close_operation,
				 &(struct parent_close_request){ ID, 1 }, NULL),
		HOSTED_NO_REPLY);
	respond_as_server(hosted, PARENT_REQUEST_CLOSE, KIN_CLOSED);
	assert_int_equal(hosted_reply_to(hosted, "client", parent_close_operation, NULL), 0);
}

static void who_does_not_wait_gets_an_event(void **state)
{
	struct hosted *hosted = *state;
	struct parent_session_cap_reply reply;

	assert_int_equal(open_as_client(hosted, "X", false), KIN_PENDING);
	deliver_as_server(hosted);
	assert_false(signal_take(hosted_process(hosted, "client")->signal));
	handle_events(hosted, "client", PARENT_EVENT_SESSION);
	assert_true(signal_take(hosted_process(hosted, "client")->signal));
	assert_int_equal(events_of(hosted, "client"), PARENT_EVENT_SESSION);
	assert_int_equal(hosted_call(hosted, "client", parent_session_cap_operation,
				 &(struct parent_session_cap_request){ ID }, &reply),
		0);
	assert_int_equal(close(reply.session), 0);
	assert_int_equal(hosted_call(hosted, "client", parent_upgrade_operation,
				 &(struct parent_upgrade_request){ ID, 4096, 1, 0 }, NULL),
		KIN_PENDING);
	respond_as_server(hosted, PARENT_REQUEST_UPGRADE, KIN_OK);
	assert_int_equal(events_of(hosted, "client"), PARENT_EVENT_SESSION);
}

/* A child that asks something else while it waits confuses nobody but itself. */
static void a_second_call_while_one_waits_is_answered_at_once(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(open_as_client(hosted, "X", true), HOSTED_NO_REPLY);
	struct parent_session_request second = session_request("X", true);

	second.id = ID + 1;
	assert_int_equal(hosted_call(hosted, "client", parent_session_operation, &second, NULL),
		KIN_PENDING);
	deliver_as_server(hosted);
	deliver_as_server(hosted);
	assert_int_equal(take_session(hosted), 0);
	assert_int_equal(take_session(hosted), HOSTED_NO_REPLY);
	assert_int_equal(hosted_state(hosted, "client"), CHILD_ALIVE);
}

/*
 * Servers
 */

static int announce(struct hosted *hosted, const char *service, int signal)
{
	struct parent_announce_request request = { "", signal };

	strcpy(request.service, service);
	return hosted_call(hosted, "server", parent_announce_operation, &request, NULL);
}

static void an_announced_server_is_signalled(void **state)
{
	struct hosted *hosted = *state;
	int signal, other = memfd_create("none", 0);

	signal_context_open(&signal);
	assert_int_equal(announce(hosted, "LOG", signal), KIN_DENIED);
	assert_int_equal(announce(hosted, "X", other), KIN_DENIED);
	close(other);
	assert_int_equal(announce(hosted, "X", signal), 0);
	assert_int_equal(announce(hosted, "X", signal), KIN_DENIED);
	assert_false(signal_take(signal));
	assert_int_equal(open_as_client(hosted, "X", false), KIN_PENDING);
	assert_true(signal_take(signal));
	assert_false(signal_take(signal));
	close(signal);
}

static void requests_before_the_announcement_signal_at_once(void **state)
{
	struct hosted *hosted = *state;
	int signal;

	signal_context_open(&signal);
	assert_int_equal(open_as_client(hosted, "X", false), KIN_PENDING);
	assert_int_equal(announce(hosted, "X", signal), 0);
	assert_true(signal_take(signal));
	close(signal);
}

static void requests_come_with_all_that_a_server_needs(void **state)
{
	struct hosted *hosted = *state;
	struct parent_requests_reply reply;

	for (uint32_t i = 0; i < PARENT_REQUESTS_MAX + 1; i++) {
		struct parent_session_request request = session_request("X", false);

		request.id = ID + i;
		request.version = 3;
		strcpy(request.args.label, "deep");
		hosted_call(hosted, "client", parent_session_operation, &request, NULL);
	}
	hosted_call(hosted, "server", parent_requests_operation,
		&(struct parent_requests_request){ 0 }, &reply);
	assert_int_equal(reply.n_requests, PARENT_REQUESTS_MAX);
	assert_true(reply.more);
	assert_string_equal(reply.requests[0].service, "X");
	assert_string_equal(reply.requests[0].args.label, "client -> deep");
	assert_int_equal(reply.requests[0].version, 3);
	hosted_call(hosted, "server", parent_requests_operation,
		&(struct parent_requests_request){
			reply.requests[PARENT_REQUESTS_MAX - 1].sequence },
		&reply);
	assert_int_equal(reply.n_requests, 1);
	assert_false(reply.more);
}

static void what_is_no_channel_is_no_session(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(open_as_client(hosted, "X", true), HOSTED_NO_REPLY);
	uint32_t id = fetch_as_server(hosted, PARENT_REQUEST_CREATE);
	int other = memfd_create("none", 0);

	hosted_send(hosted, "server", parent_deliver_operation,
		&(struct parent_deliver_request){ id, other });
	close(other);
	assert_int_equal(take_session(hosted), KIN_DENIED);
}

/*
 * Ends
 */

static void garbage_ends_a_child(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(send(hosted_process(hosted, "client")->parent, "xyz", 3, 0), 3);
	hosted_settle(hosted);
	assert_int_equal(hosted_state(hosted, "client"), CHILD_EXITED);
	assert_non_null(strstr(hosted->log,
		"child \"client\" is ended: it sends what is no message of the parent protocol"));
	assert_int_equal(hosted_state(hosted, "server"), CHILD_ALIVE);
}

static void another_protocol_version_ends_a_child(void **state)
{
	struct hosted *hosted = *state;

	hosted_send(hosted, "client", parent_handle_operation,
		&(struct parent_handle_request){ PARENT_PROTOCOL_VERSION + 1, 0 });
	assert_int_equal(hosted_state(hosted, "client"), CHILD_EXITED);
	assert_non_null(strstr(hosted->log, "another version of the parent protocol"));
}

static void who_closes_its_parent_channel_is_killed(void **state)
{
	struct hosted *hosted = *state;
	struct hosted_process *client = hosted_process(hosted, "client");

	close(client->parent);
	client->parent = 0;
	hosted_settle(hosted);
	assert_int_equal(hosted->n_kills, 1);
	assert_int_equal(hosted_state(hosted, "client"), CHILD_EXITED);
	assert_non_null(strstr(hosted->log, "is ended: it closed the channel to its parent"));
}

static void a_process_that_was_ending_keeps_its_status(void **state)
{
	struct hosted *hosted = *state;
	struct hosted_process *client = hosted_process(hosted, "client");

	client->running = false; /* ended, though its event is still to come */
	client->value = 3;
	close(client->parent);
	client->parent = 0;
	hosted_settle(hosted);
	assert_int_equal(hosted_state(hosted, "client"), CHILD_ALIVE);
	assert_int_equal(hosted->n_kills, 0);
	signal_trigger(client->ended);
	hosted_settle(hosted);
	assert_non_null(strstr(hosted->log, "child \"client\" exited with exit value 3"));
	assert_null(strstr(hosted->log, "is ended"));
}

static void a_wake_up_of_a_running_process_ends_nothing(void **state)
{
	struct hosted *hosted = *state;
	struct hosted_process *client = hosted_process(hosted, "client");

	signal_trigger(client->ended);
	hosted_settle(hosted);
	assert_int_equal(hosted_state(hosted, "client"), CHILD_ALIVE);
	signal_take(client->ended);
}

static void the_exit_message_counts_before_the_end_of_the_process(void **state)
{
	struct hosted *hosted = *state;
	struct hosted_process *client = hosted_process(hosted, "client");

	for (int i = 0; i < 5; i++)
		kin_send(client->parent, &parent_interface, parent_heartbeat_response_operation,
			NULL);
	kin_send(client->parent, &parent_interface, parent_exit_operation,
		&(struct parent_exit_request){ 1234567890123 });
	hosted_end(client, 0, 7);
	close(client->parent);
	client->parent = 0;
	hosted_settle(hosted);
	assert_non_null(
		strstr(hosted->log, "child \"client\" exited with exit value 1234567890123"));
	assert_null(strstr(hosted->log, "exit value 7"));
}

static void a_flood_without_reading_ends_a_child_and_blocks_nobody(void **state)
{
	struct hosted *hosted = *state;
	struct hosted_process *client = hosted_process(hosted, "client");
	int i;

	for (i = 0; i < 100000 && hosted_state(hosted, "client") == CHILD_ALIVE; i++) {
		uint8_t bytes[WIRE_HEADER_SIZE];

		wire_header_encode(&(struct wire_header){ parent_events_operation, 0 }, bytes);
		send(client->parent, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
		loop_round(&hosted->loop, 0);
	}
	assert_in_range(i, 2, 99999);
	assert_non_null(
		strstr(hosted->log, "is ended: it does not take the answers of its parent"));
	hosted_settle(hosted);
	assert_int_equal(hosted_state(hosted, "server"), CHILD_ALIVE);
}

/*
 * ROM modules of the parent
 */

static int open_rom(struct hosted *hosted, const char *name, const char *label)
{
	struct parent_session_request request = session_request("ROM", false);
	struct parent_session_reply reply;

	strcpy(request.args.label, label);
	assert_int_equal(hosted_call(hosted, name, parent_session_operation, &request, &reply), 0);
	return reply.session;
}

static void read_rom(struct hosted *hosted, int rom, char *ret, size_t size)
{
	struct rom_dataspace_reply reply;

	assert_int_equal(kin_send(rom, &rom_interface, rom_dataspace_operation, NULL), 0);
	hosted_settle(hosted);
	assert_int_equal(hosted_reply(rom, &rom_interface, rom_dataspace_operation, &reply), 0);
	assert_true(reply.size < size);
	assert_int_equal(pread(reply.dataspace, ret, reply.size, 0), reply.size);
	ret[reply.size] = 0;
	close(reply.dataspace);
}

static void a_child_reads_its_config(void **state)
{
	struct hosted *hosted = *state;
	int rom = open_rom(hosted, "client", "config");
	char text[512];

	for (int i = 0; i < 3; i++) {
		read_rom(hosted, rom, text, sizeof(text));
		assert_non_null(strstr(text, "<config>"));
		assert_non_null(strstr(text, "<greeting text=\"hello\"/>"));
	}
	assert_int_equal(hosted->n_objects, 2); /* the session and one dataspace */
	close(rom);
	hosted_settle(hosted);
	assert_int_equal(hosted_call(hosted, "client", parent_close_operation,
				 &(struct parent_close_request){ ID, 0 }, NULL),
		0);
	assert_int_equal(hosted->n_objects, 0);
}

/* With the child's signal as the one to be told of changes. */
static void watch_rom(struct hosted *hosted, int rom)
{
	assert_int_equal(
		kin_send(rom, &rom_interface, rom_signal_operation,
			&(struct rom_signal_request){ hosted_process(hosted, "client")->signal }),
		0);
	hosted_settle(hosted);
	assert_int_equal(hosted_reply(rom, &rom_interface, rom_signal_operation, NULL), 0);
}

static void a_changed_config_is_unsettled_until_it_was_read(void **state)
{
	struct hosted *hosted = *state;
	struct sandbox *sandbox = &hosted->host.sandbox;
	struct child *client = sandbox_child(sandbox, "client");
	int rom = open_rom(hosted, "client", "config");
	char text[128];

	assert_true(sandbox_settled(sandbox));
	host_rom_config_changed(&hosted->host, client);
	assert_true(sandbox_settled(sandbox)); /* nobody wants to know */
	watch_rom(hosted, rom);
	host_rom_config_changed(&hosted->host, client);
	assert_false(sandbox_settled(sandbox));
	read_rom(hosted, rom, text, sizeof(text));
	assert_true(sandbox_settled(sandbox));
	host_rom_config_changed(&hosted->host, client);
	close(rom);
	hosted_call(hosted, "client", parent_close_operation,
		&(struct parent_close_request){ ID, 0 }, NULL);
	assert_true(sandbox_settled(sandbox));
}

static void a_server_reads_its_requests(void **state)
{
	struct hosted *hosted = *state;
	int rom = open_rom(hosted, "server", "session_requests");
	char text[2048];

	read_rom(hosted, rom, text, sizeof(text));
	assert_null(strstr(text, "<create"));
	assert_int_equal(open_as_client(hosted, "X", false), KIN_PENDING);
	read_rom(hosted, rom, text, sizeof(text));
	assert_non_null(strstr(text, "<create id=\"1\" service=\"X\" label=\"client\">"));
	assert_non_null(strstr(text, "ram_quota=38912, cap_quota=4"));
	close(rom);
}

static void a_rom_session_of_another_version_is_denied(void **state)
{
	struct hosted *hosted = *state;
	struct parent_session_request request = session_request("ROM", false);

	strcpy(request.args.label, "config");
	request.version = rom_interface.version + 1;
	assert_int_equal(hosted_call(hosted, "client", parent_session_operation, &request, NULL),
		KIN_DENIED);
	assert_non_null(strstr(hosted->log, "client: speaks version 2 of ROM"));
}

static void who_breaks_its_rom_session_loses_only_that(void **state)
{
	struct hosted *hosted = *state;
	int rom = open_rom(hosted, "client", "config");

	assert_int_equal(send(rom, "junk", 4, 0), 4);
	hosted_settle(hosted);
	assert_non_null(strstr(hosted->log, "client: breaks the protocol of its ROM session"));
	assert_int_equal(hosted_state(hosted, "client"), CHILD_ALIVE);
	close(rom);
}

static void all_ends_while_everything_is_open(void **state)
{
	struct hosted *hosted = *state;
	int signal;

	signal_context_open(&signal);
	announce(hosted, "X", signal);
	close(signal);
	open_as_client(hosted, "X", true);
	close(open_rom(hosted, "server", "session_requests"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hosted_set_up, hosted_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_at_the_parent_is_answered_at_once),
		TEST(who_waits_gets_the_session_as_its_reply),
		TEST(who_waits_gets_a_refusal_as_its_reply),
		TEST(who_waits_for_the_parents_parent_gets_its_reply),
		TEST(who_waits_for_a_server_that_ends_is_told),
		TEST(who_waits_for_upgrade_and_close_gets_replies),
		TEST(who_does_not_wait_gets_an_event),
		TEST(a_second_call_while_one_waits_is_answered_at_once),
		TEST(an_announced_server_is_signalled),
		TEST(requests_before_the_announcement_signal_at_once),
		TEST(requests_come_with_all_that_a_server_needs),
		TEST(what_is_no_channel_is_no_session),
		TEST(garbage_ends_a_child),
		TEST(another_protocol_version_ends_a_child),
		TEST(who_closes_its_parent_channel_is_killed),
		TEST(a_process_that_was_ending_keeps_its_status),
		TEST(a_wake_up_of_a_running_process_ends_nothing),
		TEST(the_exit_message_counts_before_the_end_of_the_process),
		TEST(a_flood_without_reading_ends_a_child_and_blocks_nobody),
		TEST(a_child_reads_its_config),
		TEST(a_changed_config_is_unsettled_until_it_was_read),
		TEST(a_server_reads_its_requests),
		TEST(a_rom_session_of_another_version_is_denied),
		TEST(who_breaks_its_rom_session_loses_only_that),
		TEST(all_ends_while_everything_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The host, with each allocation, each watch of a descriptor and each send failing once, and each
 * capability sent finding too many under way
 *
 * A client and a server say over real channels what children say in their lives; the faults are in
 * what their parent does about it. Whoever called has a reply, waits for one or is ended; and in
 * the end no descriptor and no object is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <kin/interface/rom.h>
#include <kin/session.h>

#include "fault/fault.h"
#include "host/child.h"
#include "ipc/channel.h"
#include "ipc/signal.h"
#include "model/hosted.h"
#include "wire/parent.h"

enum { X = PARENT_ID_FIRST, CONFIG };

static struct child *child_of(struct hosted *hosted, const char *name)
{
	return sandbox_child(&hosted->host.sandbox, name);
}

static bool alive(struct hosted *hosted, const char *name)
{
	return child_of(hosted, name) && hosted_state(hosted, name) == CHILD_ALIVE;
}

static bool waits(struct hosted *hosted, const char *name)
{
	const struct host_child *hc = child_of(hosted, name)->host;

	return hc && hc->deferred.active;
}

/* What children do doesn't fail. */
static void send_to(struct hosted *hosted, int channel, const struct kin_interface *interface,
	uint32_t operation, const void *request)
{
	fault_suspend();
	int r = kin_send(channel, interface, operation, request);

	fault_resume();
	assert_int_equal(r, 0);
	hosted_settle(hosted);
}

static void tell(struct hosted *hosted, const char *name, uint32_t operation, const void *request)
{
	if (alive(hosted, name))
		send_to(hosted, hosted_process(hosted, name)->parent, &parent_interface, operation,
			request);
}

/* Return: the answer; HOSTED_NO_REPLY if the child waits for it, or was ended */
static int call(
	struct hosted *hosted, const char *name, uint32_t operation, const void *request, void *ret)
{
	if (!alive(hosted, name))
		return HOSTED_NO_REPLY;
	tell(hosted, name, operation, request);
	int answer = hosted_reply_to(hosted, name, operation, ret);

	if (answer == HOSTED_NO_REPLY)
		assert_true(waits(hosted, name) || !alive(hosted, name));
	return answer;
}

static void announce(struct hosted *hosted)
{
	struct parent_announce_request request = { .service = "X" };

	assert_int_equal(signal_context_open(&request.signal), 0);
	call(hosted, "server", parent_announce_operation, &request, NULL);
	close(request.signal);
}

/* A session that could not be sent is there when it is asked for again. */
static void ask_again(struct hosted *hosted, uint32_t id, int answer, int *ret_session)
{
	struct parent_session_cap_reply reply = { 0 };

	if (answer != -ETOOMANYREFS)
		return;
	assert_true(fault_happened());
	assert_int_equal(call(hosted, "client", parent_session_cap_operation,
				 &(struct parent_session_cap_request){ id }, &reply),
		0);
	assert_true(reply.session > 0);
	*ret_session = reply.session;
}

static void open_session(struct hosted *hosted)
{
	struct parent_session_request request = { .id = X,
		.service = "X",
		.version = 1,
		.args = { .ram_quota = KIN_SESSION_RAM, .cap_quota = 2 },
		.wait = 1 };
	struct parent_requests_request after = { 0 };
	struct parent_requests_reply requests = { 0 };
	struct parent_session_reply session = { 0 };
	int server, client;
	int answer = call(hosted, "client", parent_session_operation, &request, &session);

	call(hosted, "server", parent_requests_operation, &after, &requests);
	assert_int_equal(channel_pair(&server, &client), 0);
	for (uint32_t i = 0; i < requests.n_requests; i++)
		tell(hosted, "server", parent_deliver_operation,
			&(struct parent_deliver_request){ requests.requests[i].id, client });
	if (waits(hosted, "client"))
		fail_msg("the client waits although the server has delivered");
	if (alive(hosted, "client") && !session.session)
		answer = hosted_reply_to(hosted, "client", parent_session_operation, &session);
	ask_again(hosted, X, answer, &session.session);
	if (session.session)
		close(session.session);
	close(server);
	close(client);
}

static void read_config(struct hosted *hosted)
{
	struct parent_session_request request = { .id = CONFIG,
		.service = "ROM",
		.version = 1,
		.args = { .label = "config", .ram_quota = KIN_SESSION_RAM, .cap_quota = 2 },
		.wait = 1 };
	struct parent_session_reply session = { 0 };
	struct rom_dataspace_reply rom = { 0 };
	int answer = call(hosted, "client", parent_session_operation, &request, &session);

	ask_again(hosted, CONFIG, answer, &session.session);
	if (!session.session)
		return;
	send_to(hosted, session.session, &rom_interface, rom_dataspace_operation, NULL);
	hosted_reply(session.session, &rom_interface, rom_dataspace_operation, &rom);
	if (rom.dataspace)
		close(rom.dataspace);
	close(session.session);
}

static void end_of_server(struct hosted *hosted)
{
	tell(hosted, "server", parent_exit_operation, &(struct parent_exit_request){ 1 });
	call(hosted, "client", parent_close_operation, &(struct parent_close_request){ X, 1 },
		NULL);
	call(hosted, "client", parent_close_operation, &(struct parent_close_request){ CONFIG, 1 },
		NULL);
}

/* A process that was not started has no descriptors. */
static void forget_unborn(struct hosted *hosted)
{
	for (uint32_t i = 0; i < hosted->n_processes; i++)
		if (!hosted->processes[i].name[0])
			hosted->processes[i].signal = hosted->processes[i].ended = -1;
}

/* Return: whether the client lived to see the end */
static bool history(void)
{
	void *state = NULL;

	assert_int_equal(hosted_set_up(&state), 0);
	struct hosted *hosted = state;

	announce(hosted);
	if (alive(hosted, "client")) {
		open_session(hosted);
		read_config(hosted);
	}
	end_of_server(hosted);
	bool complete = alive(hosted, "client");

	forget_unborn(hosted);
	hosted_tear_down(&state);
	return complete;
}

static void sweep(enum fault_kind kind, unsigned at_least)
{
	unsigned nth;
	bool complete = false;

	for (nth = 1; fault_sweep(kind, nth); nth++) {
		complete = history();
		fault_end();
	}
	assert_true(complete);
	print_message("%u failures\n", nth - 2);
	assert_true(nth - 2 >= at_least);
}

static void each_allocation_may_fail(void **state)
{
	sweep(FAULT_ALLOC, 30);
}

static void each_watch_may_fail(void **state)
{
	sweep(FAULT_WATCH, 5);
}

static void each_reply_may_fail(void **state)
{
	sweep(FAULT_SEND, 5);
}

static void each_capability_may_have_to_wait(void **state)
{
	sweep(FAULT_CROWD, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(each_watch_may_fail),
		cmocka_unit_test(each_reply_may_fail),
		cmocka_unit_test(each_capability_may_have_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

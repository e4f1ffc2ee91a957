/*
 * RPC: calls over channels, and what a peer that breaks the rules gets for it.
 *
 * A call blocks, so its server runs in a thread; everything hostile is sent by hand, from the same
 * thread. Each test counts the descriptors before and after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/channel.h"
#include "wire/codec.h"

#define ADD_REQUEST(F)  F(U32, a) F(U32, b)
#define ADD_REPLY(F)    F(U32, sum)
#define NOTE_REQUEST(F) F(TEXT, text, 15)
#define LARGE_REPLY(F)  F(TEXT, text, 4000)
#define GIVE_REQUEST(F) F(CAP, a) F(CAP_OPTIONAL, b)
#define FETCH_REPLY(F)  F(CAP, a) F(CAP, b)
#define PROBE_OPERATIONS(OP) \
	OP(probe, add, CALL, ADD_REQUEST, ADD_REPLY) \
	OP(probe, note, SEND, NOTE_REQUEST, KIN_NOTHING) \
	OP(probe, later, CALL, ADD_REQUEST, ADD_REPLY) \
	OP(probe, large, CALL, KIN_NOTHING, LARGE_REPLY) \
	OP(probe, give, CALL, GIVE_REQUEST, KIN_NOTHING) \
	OP(probe, fetch, CALL, KIN_NOTHING, FETCH_REPLY) \
	OP(probe, refuse, CALL, GIVE_REQUEST, FETCH_REPLY) \
	OP(probe, missing, CALL, KIN_NOTHING, KIN_NOTHING)

KIN_INTERFACE_DECLARE(probe, PROBE_OPERATIONS)
KIN_INTERFACE_DEFINE(probe, "Probe", 1, PROBE_OPERATIONS)

struct probe {
	int server, client;
	pthread_t thread;
	int result; /* of the last kin_dispatch() in the thread */
	char note[16];
	unsigned n_notes;
	int kept; /* a capability that give() took */
	struct probe_later_request later;
	unsigned descriptors; /* before the test */
};

static int on_add(void *self, struct probe_add_request *rq, struct probe_add_reply *rp)
{
	rp->sum = rq->a + rq->b;
	return 0;
}

static int on_note(void *self, struct probe_note_request *rq, struct probe_note_reply *rp)
{
	struct probe *probe = self;

	strcpy(probe->note, rq->text);
	probe->n_notes++;
	return 0;
}

static int on_later(void *self, struct probe_later_request *rq, struct probe_later_reply *rp)
{
	struct probe *probe = self;

	probe->later = *rq;
	return KIN_DEFERRED;
}

static int on_large(void *self, struct probe_large_request *rq, struct probe_large_reply *rp)
{
	memset(rp->text, 'x', sizeof(rp->text) - 1);
	return 0;
}

/* Keeps the second, if there is one. */
static int on_give(void *self, struct probe_give_request *rq, struct probe_give_reply *rp)
{
	struct probe *probe = self;

	probe->kept = rq->b;
	rq->b = 0;
	return 0;
}

static int on_fetch(void *self, struct probe_fetch_request *rq, struct probe_fetch_reply *rp)
{
	rp->a = dup(STDIN_FILENO);
	rp->b = dup(STDIN_FILENO);
	return 0;
}

/* A handler that had something to give when it found that it must refuse. */
static int on_refuse(void *self, struct probe_refuse_request *rq, struct probe_refuse_reply *rp)
{
	rp->a = dup(STDIN_FILENO);
	return KIN_DENIED;
}

static const struct probe_handlers handlers = { on_add, on_note, on_later, on_large, on_give,
	on_fetch, on_refuse, NULL };

static unsigned descriptors_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int set_up(void **state)
{
	static struct probe probe;

	alarm(30);
	probe = (struct probe){ .descriptors = descriptors_open() };
	*state = &probe;
	return channel_pair(&probe.server, &probe.client);
}

static void close_end(int *end)
{
	if (*end > 0)
		close(*end);
	*end = 0;
}

static int tear_down(void **state)
{
	struct probe *probe = *state;

	close_end(&probe->server);
	close_end(&probe->client);
	close_end(&probe->kept);
	assert_int_equal(descriptors_open(), probe->descriptors);
	return 0;
}

static int dispatch(struct probe *probe)
{
	return kin_dispatch(probe->server, &probe_interface, &handlers, probe);
}

static void *serve(void *arg)
{
	struct probe *probe = arg;
	struct pollfd wait = { probe->server, POLLIN, 0 };

	do {
		poll(&wait, 1, -1);
		probe->result = dispatch(probe);
	} while (probe->result == 0 || probe->result == -EAGAIN);
	close_end(&probe->server);
	return NULL;
}

static void serve_start(struct probe *probe)
{
	assert_int_equal(pthread_create(&probe->thread, NULL, serve, probe), 0);
}

static void serve_end(struct probe *probe, int result)
{
	close_end(&probe->client);
	assert_int_equal(pthread_join(probe->thread, NULL), 0);
	assert_int_equal(probe->result, result);
}

/* A message by hand: @n_caps times standard input with it. */
static void send_raw(int channel, const void *bytes, size_t size, unsigned n_caps)
{
	char space[CMSG_SPACE(sizeof(int) * 32)] __attribute__((aligned(8)));
	struct iovec iov = { (void *) bytes, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(space, 0, sizeof(space));
	if (n_caps) {
		msg.msg_control = space;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_caps);
		struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

		*header =
			(struct cmsghdr){ CMSG_LEN(sizeof(int) * n_caps), SOL_SOCKET, SCM_RIGHTS };
	}
	assert_int_equal(sendmsg(channel, &msg, MSG_NOSIGNAL), size);
}

static void send_operation(int channel, uint32_t operation, int32_t status, unsigned n_caps)
{
	uint8_t bytes[WIRE_HEADER_SIZE];

	wire_header_encode(&(struct wire_header){ operation, status }, bytes);
	send_raw(channel, bytes, sizeof(bytes), n_caps);
}

static void a_call_returns_what_its_handler_replied(void **state)
{
	struct probe *probe = *state;
	struct probe_add_reply reply;
	struct probe_large_reply large;

	serve_start(probe);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(
			probe_add(probe->client, &(struct probe_add_request){ i, 5 }, &reply), 0);
		assert_int_equal(reply.sum, i + 5);
	}
	assert_int_equal(probe_large(probe->client, NULL, &large), 0);
	assert_int_equal(strlen(large.text), 4000);
	serve_end(probe, -EPIPE);
}

static void a_send_waits_for_nothing(void **state)
{
	struct probe *probe = *state;

	for (int i = 0; i < 3; i++)
		assert_int_equal(
			probe_note(probe->client, &(struct probe_note_request){ "hello" }), 0);
	assert_int_equal(probe->n_notes, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(dispatch(probe), 0);
	assert_int_equal(dispatch(probe), -EAGAIN);
	assert_int_equal(probe->n_notes, 3);
	assert_string_equal(probe->note, "hello");
	char byte;
	assert_int_equal(recv(probe->client, &byte, 1, MSG_DONTWAIT), -1);
}

static void an_operation_without_handler_is_answered(void **state)
{
	struct probe *probe = *state;

	serve_start(probe);
	assert_int_equal(probe_missing(probe->client, NULL, NULL), -ENOSYS);
	assert_int_equal(probe_missing(probe->client, NULL, NULL), -ENOSYS);
	serve_end(probe, -EPIPE);
}

static void a_deferred_reply_comes_later(void **state)
{
	struct probe *probe = *state;
	struct probe_later_reply reply = { 0 };
	uint8_t bytes[64];

	assert_int_equal(kin_send(probe->client, &probe_interface, probe_later_operation,
				 &(struct probe_later_request){ 20, 22 }),
		0);
	assert_int_equal(dispatch(probe), 0);
	assert_int_equal(recv(probe->client, bytes, sizeof(bytes), MSG_DONTWAIT), -1);
	reply.sum = probe->later.a + probe->later.b;
	assert_int_equal(
		kin_reply(probe->server, &probe_interface, probe_later_operation, 0, &reply), 0);
	assert_int_equal(
		recv(probe->client, bytes, sizeof(bytes), MSG_DONTWAIT), WIRE_HEADER_SIZE + 4);
	assert_int_equal(bytes[WIRE_HEADER_SIZE], 42);
}

static void caps_in_a_request_stay_with_the_caller(void **state)
{
	struct probe *probe = *state;
	int a = dup(STDIN_FILENO), b = dup(STDIN_FILENO);

	serve_start(probe);
	unsigned before = descriptors_open();
	assert_int_equal(probe_give(probe->client, &(struct probe_give_request){ a, 0 }, NULL), 0);
	assert_int_equal(descriptors_open(), before);
	assert_int_equal(probe_give(probe->client, &(struct probe_give_request){ a, b }, NULL), 0);
	assert_int_equal(descriptors_open(), before + 1); /* the one that the handler took */
	assert_true(probe->kept > 0 && probe->kept != b);
	assert_int_equal(fcntl(probe->kept, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(close(a), 0);
	assert_int_equal(close(b), 0);
	serve_end(probe, -EPIPE);
}

static void caps_in_a_reply_belong_to_the_caller(void **state)
{
	struct probe *probe = *state;
	struct probe_fetch_reply reply;

	serve_start(probe);
	unsigned before = descriptors_open();
	assert_int_equal(probe_fetch(probe->client, NULL, &reply), 0);
	serve_end(probe, -EPIPE);
	assert_int_equal(descriptors_open(), before - 2 + 2); /* both ends are closed */
	assert_int_equal(close(reply.a), 0);
	assert_int_equal(close(reply.b), 0);
}

static void a_refusal_carries_neither_fields_nor_caps(void **state)
{
	struct probe *probe = *state;
	struct probe_refuse_reply reply = { 7, 7 };
	int a = dup(STDIN_FILENO);

	serve_start(probe);
	assert_int_equal(
		probe_refuse(probe->client, &(struct probe_refuse_request){ a, 0 }, &reply),
		KIN_DENIED);
	assert_int_equal(reply.a, 7);
	close(a);
	serve_end(probe, -EPIPE);
}

static void a_gone_peer_is_told_apart(void **state)
{
	struct probe *probe = *state;
	struct probe_add_reply reply;

	assert_int_equal(probe_note(probe->client, &(struct probe_note_request){ "last" }), 0);
	close_end(&probe->client);
	assert_int_equal(dispatch(probe), 0);
	assert_int_equal(probe->n_notes, 1);
	assert_int_equal(dispatch(probe), -EPIPE);
	probe->client = probe->server;
	probe->server = 0;
	assert_int_equal(
		probe_add(probe->client, &(struct probe_add_request){ 1, 2 }, &reply), -EPIPE);
	assert_int_equal(kin_reply(probe->client, &probe_interface, probe_add_operation, 0,
				 &(struct probe_add_reply){ 1 }),
		-EPIPE);
}

static void requests_that_are_no_messages_are_refused(void **state)
{
	struct probe *probe = *state;
	static const uint8_t zeros[KIN_MESSAGE_MAX + 1];

	send_raw(probe->client, zeros, 1, 0);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_raw(probe->client, zeros, WIRE_HEADER_SIZE - 1, 2);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_raw(probe->client, zeros, WIRE_HEADER_SIZE, 0); /* fields of add() are missing */
	assert_int_equal(dispatch(probe), -EPROTO);
	send_raw(probe->client, zeros, WIRE_HEADER_SIZE + 9, 0);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_raw(probe->client, zeros, KIN_MESSAGE_MAX + 1, 1);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_operation(probe->client, probe_n_operations, 0, 1);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_operation(probe->client, UINT32_MAX, 0, 0);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_operation(probe->client, probe_missing_operation, 1, 0);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_raw(probe->client, zeros, 0, 0);
	assert_int_equal(dispatch(probe), -EPIPE);
	send_operation(probe->client, probe_missing_operation, 0, 0);
	assert_int_equal(dispatch(probe), 0);
}

static void surplus_caps_are_refused_and_closed(void **state)
{
	struct probe *probe = *state;
	unsigned before = descriptors_open();

	send_operation(probe->client, probe_missing_operation, 0, 1);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_operation(probe->client, probe_missing_operation, 0, KIN_MESSAGE_CAPS_MAX);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_operation(probe->client, probe_missing_operation, 0, KIN_MESSAGE_CAPS_MAX + 1);
	assert_int_equal(dispatch(probe), -EPROTO);
	send_operation(probe->client, probe_missing_operation, 0, 32);
	assert_int_equal(dispatch(probe), -EPROTO);
	assert_int_equal(descriptors_open(), before);
}

/* Leaves no number for another descriptor. Return: the limit before */
static struct rlimit descriptors_exhaust(void)
{
	struct rlimit before, now;
	int lowest = dup(STDIN_FILENO);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = (rlim_t) lowest;
	close(lowest);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

static void a_request_whose_caps_cannot_be_received_is_refused(void **state)
{
	struct probe *probe = *state;
	int a = dup(STDIN_FILENO);

	assert_int_equal(kin_send(probe->client, &probe_interface, probe_give_operation,
				 &(struct probe_give_request){ a, a }),
		0);
	close(a);
	struct rlimit before = descriptors_exhaust();
	int none = dispatch(probe);

	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(none, -EPROTO);
	assert_int_equal(probe->kept, 0);
}

/* The reply is there before the call is made, so that no thread is needed. */
static void replies_that_are_no_messages_are_refused(void **state)
{
	struct probe *probe = *state;
	struct probe_fetch_reply reply;
	static const uint8_t zeros[WIRE_HEADER_SIZE + 4];
	uint8_t bytes[64];

	send_operation(probe->server, probe_add_operation, 0, 2);
	assert_int_equal(probe_fetch(probe->client, NULL, &reply), -EPROTO);
	send_operation(probe->server, probe_fetch_operation, 0, 1);
	assert_int_equal(probe_fetch(probe->client, NULL, &reply), -EPROTO);
	send_operation(probe->server, probe_fetch_operation, KIN_DENIED, 1);
	assert_int_equal(probe_fetch(probe->client, NULL, &reply), -EPROTO);
	send_operation(probe->server, probe_fetch_operation, 0, KIN_MESSAGE_CAPS_MAX + 1);
	assert_int_equal(probe_fetch(probe->client, NULL, &reply), -EMFILE);
	send_raw(probe->server, zeros, sizeof(zeros), 0);
	assert_int_equal(probe_fetch(probe->client, NULL, &reply), -EPROTO);
	send_raw(probe->server, zeros, 3, 1);
	assert_int_equal(probe_fetch(probe->client, NULL, &reply), -EPROTO);
	while (recv(probe->server, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void a_reply_whose_caps_cannot_be_received_is_an_error(void **state)
{
	struct probe *probe = *state;
	struct probe_fetch_reply reply;

	send_operation(probe->server, probe_fetch_operation, 0, 2);
	struct rlimit before = descriptors_exhaust();
	int r = probe_fetch(probe->client, NULL, &reply);

	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(r, -EMFILE);
}

static void who_does_not_drain_its_replies_cannot_block_the_server(void **state)
{
	struct probe *probe = *state;
	int r = 0;
	unsigned n;

	for (n = 0; r == 0 && n < 1000; n++) {
		assert_int_equal(
			kin_send(probe->client, &probe_interface, probe_fetch_operation, NULL), 0);
		r = dispatch(probe);
	}
	assert_int_equal(r, -ENOBUFS);
	assert_in_range(n, 4, 999);
	struct probe_fetch_reply reply = { dup(STDIN_FILENO), dup(STDIN_FILENO) };

	assert_int_equal(
		kin_reply(probe->server, &probe_interface, probe_fetch_operation, 0, &reply),
		-ENOBUFS);
}

static void a_channel_is_known_by_its_cookie(void **state)
{
	struct probe *probe = *state;
	uint64_t server, client, copy;
	int fd = dup(probe->client);

	assert_int_equal(channel_cookie(probe->server, &server), 0);
	assert_int_equal(channel_cookie(probe->client, &client), 0);
	assert_int_equal(channel_cookie(fd, &copy), 0);
	close(fd);
	assert_int_not_equal(server, client);
	assert_int_equal(client, copy);
	assert_int_equal(channel_cookie(STDIN_FILENO, &copy), -ENOTSOCK);
}

static void only_a_channel_passes_for_one(void **state)
{
	struct probe *probe = *state;
	int stream[2], other = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
	assert_true(channel_check(probe->client));
	assert_false(channel_check(stream[0]));
	assert_false(channel_check(other));
	assert_false(channel_check(STDIN_FILENO));
	assert_false(channel_check(-1));
	close(stream[0]);
	close(stream[1]);
	close(other);
}

/* Whatever is sent, in messages of whatever sizes, libkin's bound on them or not */
static void a_full_channel_holds_no_more_than_it_costs(void **state)
{
	static char message[1 << 13];
	struct probe *probe = *state;
	int most = 0, held;

	for (size_t small = 1; small < sizeof(message); small += 50) {
		for (int n = 0; n < 8; n++) {
			for (int i = 0; i < n; i++)
				send(probe->client, message, small, MSG_DONTWAIT);
			for (size_t last = sizeof(message); last > 0; last -= 64)
				send(probe->client, message, last, MSG_DONTWAIT);
			assert_int_equal(ioctl(probe->client, SIOCOUTQ, &held), 0);
			most = held > most ? held : most;
			while (recv(probe->server, message, 1, MSG_DONTWAIT) > 0)
				;
		}
	}
	print_message("a channel holds up to %d bytes in one direction\n", most);
	assert_in_range(most, 4096, CHANNEL_QUEUE_BYTES);
}

static void both_ends_of_a_channel_close_on_exec(void **state)
{
	struct probe *probe = *state;

	assert_int_equal(fcntl(probe->client, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(probe->server, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_returns_what_its_handler_replied),
		TEST(a_send_waits_for_nothing),
		TEST(an_operation_without_handler_is_answered),
		TEST(a_deferred_reply_comes_later),
		TEST(caps_in_a_request_stay_with_the_caller),
		TEST(caps_in_a_reply_belong_to_the_caller),
		TEST(a_refusal_carries_neither_fields_nor_caps),
		TEST(a_gone_peer_is_told_apart),
		TEST(requests_that_are_no_messages_are_refused),
		TEST(surplus_caps_are_refused_and_closed),
		TEST(a_request_whose_caps_cannot_be_received_is_refused),
		TEST(replies_that_are_no_messages_are_refused),
		TEST(a_reply_whose_caps_cannot_be_received_is_an_error),
		TEST(who_does_not_drain_its_replies_cannot_block_the_server),
		TEST(a_channel_is_known_by_its_cookie),
		TEST(only_a_channel_passes_for_one),
		TEST(a_full_channel_holds_no_more_than_it_costs),
		TEST(both_ends_of_a_channel_close_on_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * RPC over channels
 *
 * A channel is one end of a SEQPACKET socketpair made for one object, so a message needs neither a
 * length nor the name of its receiver. The client blocks in kin_call(), the server never blocks:
 * what can't be sent at once is not sent, and the caller of kin_dispatch() closes the channel.
 *
 * Received descriptors are counted against the operation's layout and closed whenever a message is
 * refused. A channel whose control data got truncated is treated as broken.
 *
 * The kernel bounds how many descriptors all processes of a user have under way. A client waits
 * until there is room again; a server says so instead of answering, and who may ask again waits for
 * it with channel_crowd_wait(). Core ends whoever fills it up.
 */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "wire/codec.h"

#define CROWD_PAUSE_MS     10
#define CROWD_ATTEMPTS_MAX 1000

struct message {
	uint8_t bytes[KIN_MESSAGE_MAX];
	size_t size;
	struct wire_caps caps;
};

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * KIN_MESSAGE_CAPS_MAX)];
};

static void caps_close(const struct wire_caps *caps)
{
	for (unsigned i = 0; i < caps->n; i++)
		close(caps->cap[i]);
}

static void layout_close_caps(const struct kin_layout *layout, const void *message)
{
	struct wire_caps caps;

	wire_caps_of(layout, message, &caps);
	caps_close(&caps);
}

bool channel_crowd_wait(unsigned *attempts)
{
	const struct timespec pause = { .tv_nsec = CROWD_PAUSE_MS * 1000000 };

	if (++*attempts > CROWD_ATTEMPTS_MAX)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

static int message_send(int channel, const struct message *m, int flags)
{
	unsigned attempts = 0;
	union control control;
	struct iovec iov = { (void *) m->bytes, m->size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (m->caps.n) {
		size_t bytes = sizeof(int) * m->caps.n;

		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.header), m->caps.cap, bytes);
	}
	for (;;) {
		if (sendmsg(channel, &msg, flags | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno == ETOOMANYREFS && !(flags & MSG_DONTWAIT) &&
			channel_crowd_wait(&attempts))
			continue;
		if (errno == EAGAIN)
			return -ENOBUFS;
		return errno == ECONNRESET || errno == ENOTCONN ? -EPIPE : -errno;
	}
}

/* Takes the descriptors out of all control messages, so that none is left open unseen. */
static void control_take(struct msghdr *msg, struct wire_caps *ret)
{
	ret->n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		assert(ret->n + n <= KIN_MESSAGE_CAPS_MAX);
		memcpy(ret->cap + ret->n, CMSG_DATA(c), n * sizeof(int));
		ret->n += (unsigned) n;
	}
}

/* A peer that went without reading all we sent is told of once, before what it sent itself. */
static bool receive_again(void)
{
	return errno == EINTR || errno == ECONNRESET;
}

static int message_receive(int channel, struct message *ret, int flags)
{
	union control control;
	struct iovec iov = { ret->bytes, sizeof(ret->bytes) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(channel, &msg, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && receive_again());
	if (n < 0)
		return -errno;
	control_take(&msg, &ret->caps);
	if (msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
		caps_close(&ret->caps);
		return msg.msg_flags & MSG_CTRUNC ? -EMFILE : -EPROTO;
	}
	ret->size = (size_t) n;
	if (n >= WIRE_HEADER_SIZE)
		return 0;
	caps_close(&ret->caps);
	return n == 0 ? -EPIPE : -EPROTO;
}

static int message_encode(struct message *m, uint32_t operation, int status,
	const struct kin_layout *layout, const void *fields)
{
	int n = 0;

	m->caps.n = 0;
	if (layout && layout->size) {
		n = wire_encode(layout, fields, m->bytes + WIRE_HEADER_SIZE,
			sizeof(m->bytes) - WIRE_HEADER_SIZE, &m->caps);
		if (n < 0)
			return n;
	}
	wire_header_encode(&(struct wire_header){ operation, status }, m->bytes);
	m->size = WIRE_HEADER_SIZE + (size_t) n;
	return 0;
}

static int message_decode(const struct message *m, const struct kin_layout *layout, void *ret)
{
	return wire_decode(
		layout, m->bytes + WIRE_HEADER_SIZE, m->size - WIRE_HEADER_SIZE, &m->caps, ret);
}

static int request_send(int channel, const struct kin_interface *interface, uint32_t operation,
	const void *request, int flags)
{
	struct message m;

	assert(operation < interface->n_operations);
	int r = message_encode(
		&m, operation, 0, interface->operations[operation].request(), request);

	return r < 0 ? r : message_send(channel, &m, flags);
}

static int reply_receive(int channel, const struct kin_interface *interface, uint32_t operation,
	void *ret_reply, int flags)
{
	const struct kin_layout *reply = interface->operations[operation].reply();
	struct wire_header header;
	struct message m;
	char nothing[1];

	int r = message_receive(channel, &m, flags);

	if (r < 0)
		return r;
	wire_header_decode(m.bytes, &header);
	if (header.operation != operation || (header.status && m.size != WIRE_HEADER_SIZE) ||
		(header.status && m.caps.n)) {
		caps_close(&m.caps);
		return -EPROTO;
	}
	if (header.status)
		return header.status;
	assert(ret_reply || !reply->size);
	r = message_decode(&m, reply, ret_reply ? ret_reply : nothing);
	if (r < 0)
		caps_close(&m.caps);
	return r;
}

int kin_send(
	int channel, const struct kin_interface *interface, uint32_t operation, const void *request)
{
	return request_send(channel, interface, operation, request, 0);
}

int kin_call(int channel, const struct kin_interface *interface, uint32_t operation,
	const void *request, void *ret_reply)
{
	int r = request_send(channel, interface, operation, request, 0);

	return r < 0 ? r : reply_receive(channel, interface, operation, ret_reply, 0);
}

int channel_ask(
	int fd, const struct kin_interface *interface, uint32_t operation, const void *request)
{
	return request_send(fd, interface, operation, request, MSG_DONTWAIT);
}

int channel_answer(
	int fd, const struct kin_interface *interface, uint32_t operation, void *ret_reply)
{
	return reply_receive(fd, interface, operation, ret_reply, MSG_DONTWAIT);
}

int channel_reply(int fd, const struct kin_interface *interface, uint32_t operation, int status,
	const void *reply)
{
	const struct kin_layout *layout = interface->operations[operation].reply();
	struct message m;

	assert(operation < interface->n_operations);
	int r = message_encode(&m, operation, status, status ? NULL : layout, reply);

	return r < 0 ? r : message_send(fd, &m, MSG_DONTWAIT);
}

int kin_reply(int channel, const struct kin_interface *interface, uint32_t operation, int status,
	void *reply)
{
	int r = channel_reply(channel, interface, operation, status, reply);

	if (r == -ETOOMANYREFS)
		r = channel_reply(channel, interface, operation, r, NULL);
	if (reply)
		layout_close_caps(interface->operations[operation].reply(), reply);
	return r;
}

static int message_handle(int channel, const struct kin_interface *interface, const void *handlers,
	void *self, struct message *m)
{
	_Alignas(16) char request[KIN_STRUCT_MAX], reply[KIN_STRUCT_MAX];
	struct wire_header header;

	wire_header_decode(m->bytes, &header);
	if (header.operation >= interface->n_operations || header.status) {
		caps_close(&m->caps);
		return -EPROTO;
	}
	const struct kin_operation *op = &interface->operations[header.operation];
	const struct kin_layout *request_layout = op->request(), *reply_layout = op->reply();

	if (message_decode(m, request_layout, request) < 0) {
		caps_close(&m->caps);
		return -EPROTO;
	}
	memset(reply, 0, reply_layout->size);
	int status = op->handle(handlers, self, request, reply);

	layout_close_caps(request_layout, request);
	if (op->mode == KIN_MODE_SEND || status == KIN_DEFERRED)
		return 0;
	return kin_reply(channel, interface, header.operation, status, reply);
}

int kin_dispatch(
	int channel, const struct kin_interface *interface, const void *handlers, void *self)
{
	struct message m;
	int r = message_receive(channel, &m, MSG_DONTWAIT);

	if (r == -EMFILE)
		return -EPROTO;
	return r < 0 ? r : message_handle(channel, interface, handlers, self, &m);
}

int channel_peek(int fd, uint32_t *ret_operation)
{
	uint8_t bytes[WIRE_HEADER_SIZE];
	struct wire_header header;
	ssize_t n;

	do
		n = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && receive_again());
	if (n < 0)
		return -errno;
	if (n < WIRE_HEADER_SIZE)
		return n == 0 ? -EPIPE : -EPROTO;
	wire_header_decode(bytes, &header);
	*ret_operation = header.operation;
	return 0;
}

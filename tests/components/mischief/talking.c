/*
 * mischief: ways to talk
 *
 * Garbage goes out below the library: `where` names a channel that a component starts with, or
 * "sibling" for a Greeter session; `what` is one of the shapes below.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "examples/greeter/greeter_interface.h"
#include "mischief.h"
#include "wire/parent.h"

#define CAPS_MANY 24 /* more than any message may carry */

/* One message: so many bytes, the first four of them an operation, and copies of a capability. */
static const struct shape {
	const char *name;
	size_t size;
	uint32_t operation;
	uint32_t status;
	int n_caps;
} SHAPES[] = {
	{ "nothing", 0, 0, 0, 0 },
	{ "short", 3, 0, 0, 0 },
	{ "operation", 8, 9999, 0, 0 },
	{ "status", 8, 0, 77, 0 },
	{ "trailing", 900, 0, 0, 0 },
	{ "large", KIN_MESSAGE_MAX + 400, 0, 0, 0 },
	{ "caps", 8, 0, 0, KIN_MESSAGE_CAPS_MAX },
	{ "many-caps", 8, 0, 0, CAPS_MANY },
};

static void shape_send(const struct shape *shape, int channel)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * CAPS_MANY)];
	} control;
	char bytes[KIN_MESSAGE_MAX + 400];
	struct iovec iov = { bytes, shape->size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(bytes, 0xa5, sizeof(bytes));
	memcpy(bytes, &shape->operation, 4);
	memcpy(bytes + 4, &shape->status, 4);
	if (shape->n_caps) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t) shape->n_caps);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t) shape->n_caps);
		for (int i = 0; i < shape->n_caps; i++)
			memcpy(CMSG_DATA(&control.header) + sizeof(int) * (size_t) i,
				&(int){ START_LOG }, sizeof(int));
	}
	/* all processes of the user may have too many under way for a moment */
	while (sendmsg(channel, &msg, MSG_NOSIGNAL) < 0 && errno == ETOOMANYREFS)
		;
}

static int channel_of(struct kin_env *env, const char *where)
{
	static const struct {
		const char *name;
		int channel;
	} CHANNELS[] = { { "parent", START_PARENT }, { "pd", START_PD }, { "cpu", START_CPU },
		{ "log", START_LOG }, { "rom", START_BINARY } };
	struct kin_session session;

	for (size_t i = 0; i < sizeof(CHANNELS) / sizeof(*CHANNELS); i++)
		if (strcmp(CHANNELS[i].name, where) == 0)
			return CHANNELS[i].channel;
	if (kin_session_open(env, &session, &greeter_interface, NULL))
		return -1;
	return session.channel;
}

int talk_garbage(struct kin_env *env, const struct kin_node *config)
{
	const char *where = kin_node_attribute(config, "where");
	const char *what = kin_node_attribute(config, "what");
	int channel = channel_of(env, where ? where : "");

	for (size_t i = 0; what && i < sizeof(SHAPES) / sizeof(*SHAPES); i++)
		if (strcmp(SHAPES[i].name, what) == 0)
			shape_send(&SHAPES[i], channel);
	return kin_run(env);
}

/* Questions without end, answers not taken. */
int ask_deafly(struct kin_env *env, const struct kin_node *config)
{
	const char *where = kin_node_attribute(config, "where");
	int channel = channel_of(env, where ? where : "parent");
	const uint32_t question[2] = { kin_node_number(config, "operation", 0), 0 };

	while (send(channel, question, sizeof(question), MSG_NOSIGNAL) >= 0)
		;
	kin_log(env, "nobody listens any more");
	return kin_run(env);
}

int flood_log(struct kin_env *env, const struct kin_node *config)
{
	for (unsigned i = 0;; i++)
		kin_log(env, "flood %u", i);
}

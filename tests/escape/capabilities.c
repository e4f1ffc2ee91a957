/*
 * escape: more capabilities than the account has
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kin/interface/log.h>
#include <kin/interface/rom.h>

#include "escape.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define IN_ONE_MESSAGE 253 /* the kernel's bound */
#define WATCHED        1000
#define PAUSE_US       1000

static void signals(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_signal_reply reply;

	ret->unit = "signals";
	ret->answer = true;
	while ((ret->stop = pd_alloc_signal(START_PD, NULL, &reply)) == 0)
		ret->got++;
}

static void objects(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_rpc_reply reply;

	ret->unit = "objects";
	ret->answer = true;
	while ((ret->stop = pd_alloc_rpc(START_PD, NULL, &reply)) == 0) {
		close(reply.server);
		close(reply.client);
		ret->got++;
	}
}

static void dataspaces(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_ram_reply reply;

	ret->unit = "dataspaces";
	ret->answer = true;
	while ((ret->stop = pd_alloc_ram(
			START_PD, &(struct pd_alloc_ram_request){ 4096, false }, &reply)) == 0) {
		close(reply.dataspace);
		ret->got++;
	}
}

static void sessions(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	static struct kin_session session[4096];

	ret->unit = "sessions";
	ret->answer = true;
	while (ret->got < 4096 &&
		(ret->stop = kin_session_open(env, &session[ret->got], &log_interface, NULL)) == 0)
		ret->got++;
}

/* Those of which core keeps most for each: a file, and the signal if it kept that */
static void files_kept(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	static struct kin_session session[4096];
	const struct kin_args args = { .label = "escape", .cap_quota = 1 };
	struct pd_alloc_signal_reply reply;

	ret->unit = "sessions";
	ret->answer = true;
	if (pd_alloc_signal(START_PD, NULL, &reply))
		return;
	while (ret->got < 4096 && (ret->stop = kin_session_open(
					   env, &session[ret->got], &rom_interface, &args)) == 0) {
		rom_signal(session[ret->got].channel, &(struct rom_signal_request){ reply.signal },
			NULL);
		close(session[ret->got++].channel);
	}
}

static void duplicates(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	ret->unit = "descriptors";
	while (fcntl(START_LOG, F_DUPFD_CLOEXEC, 0) >= 0)
		ret->got++;
	ret->stop = errno;
}

/* Objects that are freed, while what they were known by stays open */
static void hoard(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_signal_reply reply;

	ret->unit = "descriptors";
	ret->answer = true;
	while ((ret->stop = pd_alloc_signal(START_PD, NULL, &reply)) == 0) {
		pd_free(START_PD, &(struct pd_free_request){ reply.id });
		ret->got++;
	}
}

/*
 * A loop keeps what it watches by file and number: so each of many files, once by each of many
 * numbers, which they have one after the other
 */
static void loops(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct pd_alloc_signal_reply file;
	int copies[256], n = 0, first = 0;

	ret->unit = "watched";
	while (pd_alloc_signal(START_PD, NULL, &file) == 0)
		first = file.signal;
	while ((copies[n] = fcntl(START_LOG, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	ret->stop = errno;
	for (int i = 0; i < n; i++)
		close(copies[i]);
	for (int cap = START_END; cap <= first; cap++)
		for (int i = 0; i < n; i++) {
			int copy = fcntl(cap, F_DUPFD_CLOEXEC, copies[i]);

			ret->got += epoll_ctl(START_LOOP, EPOLL_CTL_ADD, copy, &event) == 0;
			close(copy);
		}
}

/* Many copies of one capability, with a message of one byte. Return: 0 or errno */
static int caps_send(int channel, int cap, int n)
{
	static union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * IN_ONE_MESSAGE)];
	} control;
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t) n) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t) n);
	for (int i = 0; i < n; i++)
		memcpy(CMSG_DATA(&control.header) + sizeof(int) * (size_t) i, &cap, sizeof(cap));
	return sendmsg(channel, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* Capabilities that are sent and never received, in channels to ourselves */
static void under_way(bool to_server, struct outcome *ret)
{
	struct pd_alloc_rpc_reply reply;

	ret->unit = "under way";
	while (pd_alloc_rpc(START_PD, NULL, &reply) == 0 && ret->stop != ETOOMANYREFS)
		while ((ret->stop = caps_send(to_server ? reply.client : reply.server, START_LOG,
				IN_ONE_MESSAGE)) == 0)
			ret->got += IN_ONE_MESSAGE;
}

static void under_way_to_server(
	struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	under_way(true, ret);
}

static void under_way_to_client(
	struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	under_way(false, ret);
}

/* The same, where the end that they wait at is under way itself and nobody's descriptor */
static void under_way_hidden(
	struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_rpc_reply carrier, reply;

	ret->unit = "under way";
	if (pd_alloc_rpc(START_PD, NULL, &carrier) || pd_alloc_rpc(START_PD, NULL, &reply))
		return;
	caps_send(carrier.server, reply.client, 1);
	close(reply.client);
	while ((ret->stop = caps_send(reply.server, START_LOG, IN_ONE_MESSAGE)) == 0)
		ret->got += IN_ONE_MESSAGE;
}

/*
 * Has core look at all our descriptors as often as it ever does, and gives it much to look at:
 * event loops, each watching as many others. Whatever core cuts off is done anew.
 */
static void storm_looks(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_rpc_reply reply;
	struct epoll_event event = { .events = 0 };
	int first, n = 0, loop;

	if (pd_alloc_rpc(START_PD, NULL, &reply))
		return;
	first = fcntl(START_LOG, F_DUPFD_CLOEXEC, 0);
	while (n < WATCHED && fcntl(START_LOG, F_DUPFD_CLOEXEC, 0) >= 0)
		n++;
	while ((loop = epoll_create1(0)) >= 0)
		for (int i = 0; i < n; i++)
			epoll_ctl(loop, EPOLL_CTL_ADD, first + i, &event);
	close(first + n);
	close(first + n - 1);
	kin_log(env, "storm-looks: begun");
	for (;;) {
		while (caps_send(reply.server, START_LOG, IN_ONE_MESSAGE) != EPIPE)
			usleep(PAUSE_US);
		close(reply.server);
		close(reply.client);
		pd_free(START_PD, &(struct pd_free_request){ reply.id });
		if (pd_alloc_rpc(START_PD, NULL, &reply))
			return;
	}
}

/* Each message with more capabilities than any operation has, to whoever listens */
static void caps_to(int channel, struct outcome *ret)
{
	ret->unit = "messages";
	do /* others may have too many under way at first */
		ret->stop = caps_send(channel, START_LOG, 100);
	while (ret->stop == ETOOMANYREFS);
	while (ret->stop == 0 && ++ret->got < 1000)
		ret->stop = caps_send(channel, START_LOG, 100);
}

static void caps_to_parent(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	caps_to(START_PARENT, ret);
}

static void caps_to_core(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	caps_to(START_PD, ret);
}

const struct attempt_row CAPABILITY_ATTEMPTS[] = {
	{ "signals", signals },
	{ "objects", objects },
	{ "dataspaces", dataspaces },
	{ "sessions", sessions },
	{ "files-kept", files_kept },
	{ "objects-kept", objects },
	{ "duplicates", duplicates },
	{ "hoard", hoard },
	{ "loops", loops },
	{ "under-way-to-server", under_way_to_server },
	{ "under-way-to-client", under_way_to_client },
	{ "under-way-hidden", under_way_hidden },
	{ "storm-looks", storm_looks },
	{ "caps-to-parent", caps_to_parent },
	{ "caps-to-core", caps_to_core },
	{ 0 },
};

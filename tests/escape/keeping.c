/*
 * escape: what a parent keeps for its children, more of it than they pay for
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <kin/interface/rom.h>

#include "escape.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define ID_FIRST     1000
#define ATTEMPTS_MAX 100000
#define SESSION_RAM  2048 /* what a parent keeps for a session; nothing for its server */
#define ROM_RAM      (SESSION_RAM + KIN_CHANNEL_RAM + 4096)
#define CROWD        400 /* sessions that are asked for together */

/* A request that is not waited for. Return: the answer, and the channel if it is 0 */
static int ask(uint32_t id, const char *service, const char *label, uint64_t ram, uint64_t caps,
	int *ret_channel)
{
	struct parent_session_request request = {
		.id = id, .version = 1, .args = { .ram_quota = ram, .cap_quota = caps }
	};
	struct parent_session_reply reply;

	strcpy(request.service, service);
	strcpy(request.args.label, label);
	int r = parent_session(START_PARENT, &request, &reply);

	if (r == 0)
		*ret_channel = reply.session;
	return r;
}

/* Sessions of a ROM that the parent makes itself, each with a dataspace of the parent's */
static int config_roms_with(uint64_t ram, uint64_t caps, struct outcome *ret)
{
	struct rom_dataspace_reply reply;
	int channel, r = 0;

	while (ret->got < ATTEMPTS_MAX) {
		r = ask(ID_FIRST + (uint32_t) ret->got, "ROM", "config", ram, caps, &channel);
		if (r)
			break;
		ret->got++;
		if (rom_dataspace(channel, NULL, &reply) == 0)
			close(reply.dataspace);
		close(channel);
	}
	return r;
}

static void config_roms(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	ret->unit = "sessions";
	ret->answer = true;
	config_roms_with(SESSION_RAM, 0, ret);
	config_roms_with(SESSION_RAM, 2, ret);
	ret->stop = config_roms_with(ROM_RAM, 2, ret);
}

/* How a server that lies answers one request; not at all if it likes */
typedef void answer_request(const struct parent_pending_request *request, int channel);

static void answer_new_ones(uint64_t *sequence, int channel, answer_request *answer)
{
	struct parent_requests_reply reply = { .more = true };

	while (reply.more && parent_requests(START_PARENT,
				     &(struct parent_requests_request){ *sequence }, &reply) == 0)
		for (uint32_t i = 0; i < reply.n_requests; i++) {
			*sequence = reply.requests[i].sequence;
			answer(&reply.requests[i], channel);
		}
}

static void serve(struct kin_env *env, const char *service, answer_request *answer)
{
	struct parent_announce_request announcement = { .signal = START_SIGNAL };
	struct pollfd signal = { .fd = START_SIGNAL, .events = POLLIN };
	struct pd_alloc_rpc_reply rpc;
	uint64_t sequence = 0, count;

	strcpy(announcement.service, service);
	if (pd_alloc_rpc(START_PD, NULL, &rpc) ||
		parent_announce(START_PARENT, &announcement, NULL))
		return;
	kin_log(env, "%s: begun", service);
	while (poll(&signal, 1, -1) >= 0)
		if (read(START_SIGNAL, &count, sizeof(count)) == sizeof(count))
			answer_new_ones(&sequence, rpc.client, answer);
}

static void deliver(uint32_t id, int channel)
{
	parent_deliver(START_PARENT, &(struct parent_deliver_request){ id, channel });
}

/* The same channel for everybody: so a capability costs the server nothing. */
static void answer_plenty(const struct parent_pending_request *request, int channel)
{
	if (request->kind == PARENT_REQUEST_CREATE)
		deliver(request->id, channel);
}

static void plenty(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	serve(env, "Plenty", answer_plenty);
}

/* Sessions that are made and never fetched: their capabilities lie at the parent. */
static void unfetched(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	int channel;

	ret->unit = "sessions";
	ret->answer = true;
	for (uint64_t caps = 0; caps < 2; caps++)
		do
			ret->stop = ask(ID_FIRST + (uint32_t) ret->got, "Plenty", "x", SESSION_RAM,
				caps, &channel);
		while (ret->stop == KIN_PENDING && ++ret->got < CROWD);
}

/*
 * Makes the first session and each second one, and closes none. On the last request it ends the
 * first session unasked, so that its client is started anew, while all the others are still known.
 */
static void answer_hoard(const struct parent_pending_request *request, int channel)
{
	static uint32_t first;

	if (request->kind != PARENT_REQUEST_CREATE)
		return;
	if (strstr(request->args.label, "first"))
		first = request->id;
	if (strstr(request->args.label, "last"))
		parent_response(
			START_PARENT, &(struct parent_response_request){ first, KIN_CLOSED });
	else if (request->id == first || request->id % 2)
		deliver(request->id, channel);
}

static void hoarder(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	serve(env, "Hoard", answer_hoard);
}

static void crowd(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	uint32_t id = ID_FIRST;
	int channel;

	ret->unit = "sessions";
	ret->answer = true;
	ask(id++, "Hoard", "first", SESSION_RAM, 1, &channel);
	do
		ret->stop = ask(id, "Hoard", "x", SESSION_RAM, 1, &channel);
	while (ret->stop == KIN_PENDING && ++id < ID_FIRST + CROWD);
	ret->got = id - ID_FIRST;
	ask(id, "Hoard", "last", SESSION_RAM, 1, &channel);
}

/* Ends each session as soon as it is there. */
static void answer_and_end(const struct parent_pending_request *request, int channel)
{
	if (request->kind == PARENT_REQUEST_CREATE)
		deliver(request->id, channel);
	parent_response(START_PARENT, &(struct parent_response_request){ request->id, KIN_CLOSED });
}

static void ender(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	serve(env, "End", answer_and_end);
}

static void storm_restart(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	int channel;

	kin_log(env, "storm-restart: begun");
	ask(ID_FIRST, "End", "x", SESSION_RAM, 1, &channel);
}

/* Opens as many descriptors as a donation allows, before it gives that back. */
static void answer_full(const struct parent_pending_request *request, int channel)
{
	if (request->kind == PARENT_REQUEST_CREATE) {
		deliver(request->id, channel);
		while (fcntl(channel, F_DUPFD_CLOEXEC, 0) >= 0)
			;
	} else {
		parent_response(
			START_PARENT, &(struct parent_response_request){ request->id, KIN_CLOSED });
	}
}

static void full(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	serve(env, "Full", answer_full);
}

/* Lends a server all there is: what has it left, once it is taken back? */
static void lend_caps(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct parent_session_request request = { .id = ID_FIRST,
		.service = "Full",
		.version = 1,
		.args = { .ram_quota = SESSION_RAM, .cap_quota = CROWD },
		.wait = 1 };
	struct parent_session_reply reply;

	ret->unit = "lent";
	ret->answer = true;
	ret->stop = parent_session(START_PARENT, &request, &reply);
	if (ret->stop)
		return;
	ret->got = CROWD;
	ret->stop = parent_close(START_PARENT, &(struct parent_close_request){ ID_FIRST, 1 }, NULL);
}

const struct attempt_row KEEPING_ATTEMPTS[] = {
	{ "config-roms", config_roms },
	{ "plenty", plenty },
	{ "unfetched", unfetched },
	{ "hoarder", hoarder },
	{ "crowd", crowd },
	{ "full", full },
	{ "lend-caps", lend_caps },
	{ "ender", ender },
	{ "storm-restart", storm_restart },
	{ 0 },
};

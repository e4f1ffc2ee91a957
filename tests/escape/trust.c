/*
 * escape: requests that are well-formed and wrong
 *
 * What is not well-formed is the business of tests/components/mischief.
 */
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "wire/cpu.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define HUGE_AMOUNT UINT64_MAX

static void count(struct outcome *ret, int answer)
{
	ret->got += answer == 0;
	if (answer)
		ret->stop = answer;
}

/* Each of these must be refused, and the next one still be answered. */
static void odd_pd(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct pd_alloc_ram_reply ram;
	struct pd_adopt_reply adopted;
	struct pd_start_reply started;
	struct pd_account_reply account;
	struct pd_status_reply status;
	struct pd_start_request start = { .account = 1,
		.threads = 1,
		.name = "x",
		.pd = START_PD,
		.cpu = START_CPU,
		.log = START_LOG,
		.binary = START_BINARY };
	struct pd_transfer_request many = { .n_edges = PD_EDGES_MAX };

	ret->unit = "accepted";
	ret->answer = true;
	count(ret, pd_alloc_ram(START_PD, &(struct pd_alloc_ram_request){ 0, false }, &ram));
	count(ret,
		pd_alloc_ram(START_PD, &(struct pd_alloc_ram_request){ HUGE_AMOUNT, true }, &ram));
	count(ret,
		pd_alloc_ram(START_PD, &(struct pd_alloc_ram_request){ 1ull << 62, true }, &ram));
	count(ret, pd_account(START_PD, &(struct pd_account_request){ 4711 }, &account));
	count(ret, pd_adopt(START_PD, &(struct pd_adopt_request){ START_PD, 0, 0 }, &adopted));
	count(ret, pd_adopt(START_PD, &(struct pd_adopt_request){ START_LOG, 1, 1 }, &adopted));
	count(ret, pd_adopt(START_PD, &(struct pd_adopt_request){ START_SIGNAL, 1, 1 }, &adopted));
	count(ret, pd_start(START_PD, &start, &started));
	start.account = 0;
	count(ret, pd_start(START_PD, &start, &started));
	start.threads = 0;
	count(ret, pd_start(START_PD, &start, &started));
	start.threads = UINT32_MAX;
	count(ret, pd_start(START_PD, &start, &started));
	count(ret, pd_status(START_PD, &(struct pd_status_request){ 4711 }, &status));
	count(ret, pd_kill(START_PD, &(struct pd_kill_request){ 0 }, NULL));
	count(ret, pd_kill(START_PD, &(struct pd_kill_request){ 4711 }, NULL));
	for (int i = 0; i < PD_EDGES_MAX; i++)
		many.edges[i] =
			(struct pd_edge){ 0, 4711 + (uint32_t) i, HUGE_AMOUNT, HUGE_AMOUNT };
	count(ret, pd_transfer(START_PD, &many, NULL));
	for (int i = 0; i < PD_EDGES_MAX; i++)
		many.edges[i] = (struct pd_edge){ 0, 0, HUGE_AMOUNT, HUGE_AMOUNT };
	count(ret, pd_transfer(START_PD, &many, NULL));
	pd_free(START_PD, &(struct pd_free_request){ 4711 });
	/* still answered: */
	ret->got += pd_account(START_PD, &(struct pd_account_request){ 0 }, &account) != 0;
}

static int session_ask(uint32_t id, const char *service, uint64_t ram, uint64_t caps)
{
	struct parent_session_request request = { .id = id,
		.version = 1,
		.args = { .label = "odd", .ram_quota = ram, .cap_quota = caps },
		.wait = true };
	struct parent_session_reply reply;

	strcpy(request.service, service);
	return parent_session(START_PARENT, &request, &reply);
}

static void odd_parent(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct parent_session_cap_reply cap;
	struct parent_requests_reply requests;

	ret->unit = "accepted";
	ret->answer = true;
	count(ret, session_ask(PARENT_ID_LOG, "LOG", 65536, 4)); /* an ID in use */
	count(ret, session_ask(100, "", 65536, 4));
	count(ret, session_ask(101, "No such service", 65536, 4));
	count(ret, session_ask(102, "LOG", HUGE_AMOUNT, HUGE_AMOUNT));
	count(ret, session_ask(103, "LOG", 0, 0));
	count(ret, session_ask(104, "LOG", 1ull << 40, 4));
	count(ret, session_ask(105, "LOG", 65536, 1ull << 40));
	count(ret, parent_session_cap(
			   START_PARENT, &(struct parent_session_cap_request){ 4711 }, &cap));
	count(ret, parent_announce(START_PARENT,
			   &(struct parent_announce_request){ "Forbidden", START_SIGNAL }, NULL));
	parent_upgrade(START_PARENT,
		&(struct parent_upgrade_request){ 4711, HUGE_AMOUNT, HUGE_AMOUNT, false }, NULL);
	parent_close(START_PARENT, &(struct parent_close_request){ PARENT_ID_PD, false }, NULL);
	parent_close(START_PARENT, &(struct parent_close_request){ 4711, false }, NULL);
	parent_response(START_PARENT, &(struct parent_response_request){ 4711, 200 });
	parent_resource_request(START_PARENT,
		&(struct parent_resource_request_request){ HUGE_AMOUNT, HUGE_AMOUNT });
	for (int i = 0; i < 100; i++)
		parent_heartbeat_response(START_PARENT, NULL);
	parent_yield_response(START_PARENT, NULL);
	/* still answered: */
	ret->got += parent_requests(START_PARENT, &(struct parent_requests_request){ HUGE_AMOUNT },
			    &requests) != 0;
}

/* Offers a service and never looks at a request */
static void silent(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct parent_announce_request request = { .service = "Silence", .signal = START_SIGNAL };

	ret->answer = true;
	ret->stop = parent_announce(START_PARENT, &request, NULL);
}

/* Asks for sessions at whom nobody answers, without waiting, as many as can be paid for */
static void demand(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct parent_session_request request = { .id = 1000,
		.service = "Silence",
		.version = 1,
		.args = { .label = "x", .ram_quota = 8192, .cap_quota = 1 } };
	struct parent_session_reply reply;

	ret->unit = "requests";
	ret->answer = true;
	while ((ret->stop = parent_session(START_PARENT, &request, &reply)) == KIN_PENDING &&
		ret->got < 100000) {
		request.id++;
		ret->got++;
	}
}

const struct attempt_row TRUST_ATTEMPTS[] = {
	{ "odd-pd", odd_pd },
	{ "odd-parent", odd_parent },
	{ "silent", silent },
	{ "demand", demand },
	{ 0 },
};

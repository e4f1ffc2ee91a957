/*
 * Donations
 *
 * An edge is left out if both its ends are the parent's own account: an environment session has no
 * client that pays, and what a local service or the parent above gets is paid from that account.
 */
#include "engine/donation.h"

#include "engine/child.h"
#include "engine/sandbox.h"

/* Who pays for what is added to a session that its client has. */
static uint32_t client_account(const struct session *session)
{
	const struct child *client = session->client;

	return client && client->adopted ? client->account : OWNER_SELF;
}

/* Who pays for the session itself: the parent, if it is of a child's environment. */
static uint32_t opener_account(const struct session *session)
{
	return session->environment ? OWNER_SELF : client_account(session);
}

/* A server whose PD is closed left all it had to the parent. */
static uint32_t server_account(const struct session *session)
{
	const struct service *service = session->service;

	if (!service || service->kind != SERVICE_CHILD || session->parked)
		return OWNER_SELF;
	return service->server->adopted ? service->server->account : OWNER_SELF;
}

static size_t edge_add(
	struct quota_edge *edges, size_t n, uint32_t from, uint32_t to, struct quota amount)
{
	if (from == to || (!amount.ram && !amount.caps))
		return n;
	edges[n] = (struct quota_edge){ from, to, amount };
	return n + 1;
}

static int transfer(const struct owner *owner, const struct quota_edge *edges, size_t n)
{
	return n ? owner->accounts->transfer(owner->ctx, edges, n) : 0;
}

/* What was it that the payer had too little of? */
static int shortage(const struct owner *owner, uint32_t account, struct quota amount)
{
	struct account_info info;

	if (owner->accounts->info(owner->ctx, account, &info) == 0 &&
		info.quota.ram - info.used.ram >= amount.ram &&
		info.quota.caps - info.used.caps < amount.caps)
		return KIN_OUT_OF_CAPS;
	return KIN_OUT_OF_RAM;
}

static struct quota plus_cost(struct quota amount, uint64_t cost_bytes)
{
	return (struct quota){ amount.ram + cost_bytes, amount.caps };
}

int donation_give(struct session *session, struct quota amount, uint64_t cost_bytes)
{
	const struct owner *owner = session_owner(session);
	struct service *service = session->service;
	struct quota paid = plus_cost(amount, cost_bytes);
	struct quota_edge edges[2];

	if (service->kind == SERVICE_CHILD && !service->server->adopted)
		session->parked = true;
	bool upgrade = session->state == SESSION_HANDED_OUT;
	uint32_t from = upgrade ? client_account(session) : opener_account(session);
	size_t n = edge_add(edges, 0, from, OWNER_SELF, paid);

	n = edge_add(edges, n, OWNER_SELF, server_account(session), amount);
	int r = transfer(owner, edges, n);

	if (r == KIN_EXCEEDED)
		return shortage(owner, from, paid);
	if (r)
		return r < 0 ? r : -EINVAL;
	session->donation.ram += amount.ram;
	session->donation.caps += amount.caps;
	session->cost_bytes += cost_bytes;
	session->sandbox->kept_bytes += cost_bytes;
	if (upgrade && session->environment) {
		session->added.ram += amount.ram;
		session->added.caps += amount.caps;
	}
	return 0;
}

static struct quota at_most_available(
	const struct owner *owner, uint32_t account, struct quota amount)
{
	struct account_info info;

	if (owner->accounts->info(owner->ctx, account, &info))
		return (struct quota){ 0, 0 };
	return quota_least(amount, quota_less(info.quota, info.used));
}

/*
 * A server that spent what it has to give back gives what it has. So do we in its place, if it
 * ended while what it had spent is still at the server of a session of its own.
 */
static void move_back_what_is_left(
	struct session *session, struct quota amount, struct quota home, uint32_t server)
{
	const struct owner *owner = session_owner(session);
	const struct service *service = session->service;
	struct quota_edge edge = { server, OWNER_SELF, amount };

	owner_log(owner, OWNER_WARNING,
		"%s: does not give back the quota donated to session \"%s\"",
		service && service->kind == SERVICE_CHILD ? service->server->name : "parent",
		session->args.label);
	if (server != OWNER_SELF) {
		edge.amount = at_most_available(owner, server, amount);
		if (transfer(owner, &edge, 1))
			edge.amount = (struct quota){ 0, 0 };
		home = quota_less(home, quota_less(amount, edge.amount));
	}
	edge.from = OWNER_SELF;
	edge.to = client_account(session);
	edge.amount = at_most_available(owner, OWNER_SELF, home);
	if (edge.to != OWNER_SELF)
		transfer(owner, &edge, 1);
}

/* The server gives @amount back, the client gets @home of that and of what we kept. */
static void move_back(struct session *session, struct quota amount, struct quota home)
{
	const struct owner *owner = session_owner(session);
	struct quota_edge edges[2];
	uint32_t server = server_account(session);
	size_t n = edge_add(edges, 0, server, OWNER_SELF, amount);

	n = edge_add(edges, n, OWNER_SELF, client_account(session), home);
	if (transfer(owner, edges, n))
		move_back_what_is_left(session, amount, home, server);
}

void donation_return(struct session *session)
{
	struct quota all = plus_cost(session->donation, session->cost_bytes);

	move_back(session, session->donation, session->environment ? session->added : all);
	session->sandbox->kept_bytes -= session->cost_bytes;
	session->donation = session->added = (struct quota){ 0, 0 };
	session->cost_bytes = 0;
}

void donation_take_back(struct session *session, struct quota amount)
{
	move_back(session, amount, amount);
	session->donation.ram -= amount.ram;
	session->donation.caps -= amount.caps;
	if (session->environment) {
		session->added.ram -= amount.ram;
		session->added.caps -= amount.caps;
	}
}

/*
 * What a sandbox asks of its component's parent and PD
 *
 * The engine's requests become calls on the two channels that every component has.
 */
#include <string.h>
#include <unistd.h>

#include "component/session.h"
#include "ipc/dataspace.h"
#include "sandbox/sandbox.h"
#include "wire/parent.h"
#include "wire/pd.h"

/* Session IDs at our parent: below this the component library's, from here on the children's. */
#define CHILDREN_ID_FIRST 0x40000000u

static struct kin_env *env_of(void *ctx)
{
	return ((struct kin_sandbox *) ctx)->env;
}

static int up_session(void *ctx, uint32_t id, const struct session *session, int *ret_cap)
{
	struct parent_session_request request = { .id = CHILDREN_ID_FIRST + id,
		.version = session->version,
		.args = session->args,
		.affinity = session->affinity };
	struct parent_session_reply reply;

	strcpy(request.service, session->service->name->name);
	int r = parent_session(env_of(ctx)->start.parent, &request, &reply);

	if (r == 0)
		*ret_cap = reply.session;
	return session_take(env_of(ctx), request.id, r, ret_cap);
}

static int up_session_cap(void *ctx, uint32_t id, int *ret_cap)
{
	struct parent_session_cap_reply reply;
	int r = parent_session_cap(env_of(ctx)->start.parent,
		&(struct parent_session_cap_request){ CHILDREN_ID_FIRST + id }, &reply);

	if (r == 0)
		*ret_cap = reply.session;
	return session_take(env_of(ctx), CHILDREN_ID_FIRST + id, r, ret_cap);
}

static int up_upgrade(void *ctx, uint32_t id, struct quota amount)
{
	return parent_upgrade(env_of(ctx)->start.parent,
		&(struct parent_upgrade_request){
			CHILDREN_ID_FIRST + id, amount.ram, amount.caps, 0 },
		NULL);
}

static int up_close(void *ctx, uint32_t id)
{
	return parent_close(env_of(ctx)->start.parent,
		&(struct parent_close_request){ CHILDREN_ID_FIRST + id, 0 }, NULL);
}

static void up_resource_request(void *ctx, struct quota amount)
{
	kin_resource_request(env_of(ctx), amount.ram, amount.caps);
}

static int transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	struct pd_transfer_request request = { .n_edges = (uint32_t) n_edges };

	for (size_t i = 0; i < n_edges; i++)
		request.edges[i] = (struct pd_edge){ edges[i].from, edges[i].to,
			edges[i].amount.ram, edges[i].amount.caps };
	return pd_transfer(env_of(ctx)->start.pd, &request, NULL);
}

static int account_info(void *ctx, uint32_t account, struct account_info *ret)
{
	struct pd_account_reply reply;
	int r = pd_account(env_of(ctx)->start.pd, &(struct pd_account_request){ account }, &reply);

	if (r == 0)
		*ret = (struct account_info){ { reply.ram_quota, reply.cap_quota },
			{ reply.ram_used, reply.cap_used } };
	return r;
}

_Static_assert(OWNER_INFOS_MAX == PD_ACCOUNTS_MAX, "one message asks for as many accounts");

static int account_infos(void *ctx, const uint32_t *accounts, size_t n, struct account_info *ret)
{
	struct pd_accounts_request request = { .n_accounts = (uint32_t) n };
	struct pd_accounts_reply reply;

	for (size_t i = 0; i < n; i++)
		request.accounts[i].account = accounts[i];
	int r = pd_accounts(env_of(ctx)->start.pd, &request, &reply);

	if (r)
		return r;
	if (reply.n_infos != n)
		return -EPROTO;
	for (size_t i = 0; i < n; i++) {
		const struct pd_info *info = &reply.infos[i];

		ret[i] = (struct account_info){ { info->ram_quota, info->cap_quota },
			{ info->ram_used, info->cap_used } };
	}
	return 0;
}

static int account_walls(void *ctx, const uint32_t *accounts, size_t n, struct walls *ret)
{
	struct pd_walls_request request = { .n_accounts = (uint32_t) n };
	struct pd_walls_reply reply;

	for (size_t i = 0; i < n; i++)
		request.accounts[i].account = accounts[i];
	int r = pd_walls(env_of(ctx)->start.pd, &request, &reply);

	if (r)
		return r;
	if (reply.n_walls != n)
		return -EPROTO;
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct walls){ reply.walls[i].standing, reply.walls[i].nice };
	return 0;
}

int sandbox_adopt(void *ctx, int pd, struct quota quota, uint32_t *ret_account)
{
	struct pd_adopt_reply reply;
	int r = pd_adopt(env_of(ctx)->start.pd,
		&(struct pd_adopt_request){ pd, quota.ram, quota.caps }, &reply);

	if (r == 0)
		*ret_account = reply.account;
	return r;
}

int sandbox_start_process(void *ctx, const struct child_start *what, struct host_process *ret)
{
	struct pd_start_request request = { .account = what->account,
		.threads = what->threads,
		.pd = what->pd,
		.cpu = what->cpu,
		.log = what->log,
		.binary = what->binary };
	struct pd_start_reply reply;

	strcpy(request.name, what->name);
	int r = pd_start(env_of(ctx)->start.pd, &request, &reply);

	if (r == 0)
		*ret = (struct host_process){ reply.parent, reply.signal, reply.process };
	return r;
}

int sandbox_load(
	void *ctx, uint32_t account, int rom, int dataspace, char ret_missing[KIN_NAME_MAX + 1])
{
	struct pd_load_reply reply;
	int r = pd_load(env_of(ctx)->start.pd, &(struct pd_load_request){ account, rom, dataspace },
		&reply);

	if (r == 0)
		strcpy(ret_missing, reply.missing);
	return r;
}

int sandbox_kill(void *ctx, uint32_t account)
{
	return pd_kill(env_of(ctx)->start.pd, &(struct pd_kill_request){ account }, NULL);
}

int sandbox_status(void *ctx, uint32_t account, int64_t *ret_value)
{
	struct pd_status_reply reply;
	int r = pd_status(env_of(ctx)->start.pd, &(struct pd_status_request){ account }, &reply);

	if (r || reply.status == PD_STATUS_RUNNING)
		return -EAGAIN;
	*ret_value = reply.value;
	return reply.status == PD_STATUS_KILLED ? (int) reply.value : 0;
}

int sandbox_alloc_rpc(void *ctx, uint32_t *ret_id, int *ret_server, int *ret_client)
{
	struct pd_alloc_rpc_reply reply;
	int r = pd_alloc_rpc(env_of(ctx)->start.pd, NULL, &reply);

	if (r)
		return r;
	*ret_id = reply.id;
	*ret_server = reply.server;
	*ret_client = reply.client;
	return 0;
}

int sandbox_alloc_rom(void *ctx, const char *text, size_t size, uint32_t *ret_id, int *ret_fd)
{
	struct pd_alloc_ram_reply reply;
	int r = pd_alloc_ram(
		env_of(ctx)->start.pd, &(struct pd_alloc_ram_request){ size, true }, &reply);

	if (r)
		return r;
	r = dataspace_write(reply.dataspace, text, size);
	close(reply.dataspace);
	if (r < 0) {
		close(reply.read_only);
		pd_free(env_of(ctx)->start.pd, &(struct pd_free_request){ reply.id });
		return r;
	}
	*ret_id = reply.id;
	*ret_fd = reply.read_only;
	return 0;
}

void sandbox_free_object(void *ctx, uint32_t id)
{
	pd_free(env_of(ctx)->start.pd, &(struct pd_free_request){ id });
}

const struct up_ops sandbox_up_ops = { up_session, up_session_cap, up_upgrade, up_close,
	up_resource_request };
const struct account_ops sandbox_account_ops = { transfer, account_info, account_infos,
	account_walls };

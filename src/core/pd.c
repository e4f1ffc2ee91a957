/* PD service: sessions, adoption, and what is asked about a PD; see the header. */
#include "core/pd.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/container.h"
#include "core/costs.h"
#include "core/cpu.h"
#include "core/process.h"
#include "core/program.h"
#include "core/services.h"
#include "core/sweep.h"

struct pd *pd_of_account(struct account *account)
{
	return CONTAINER_OF(account, struct pd, account);
}

struct pd *pd_child(struct pd *pd, uint32_t account)
{
	if (account == PD_ACCOUNT_SELF)
		return pd;
	struct pd_object *object = pd_object_find(pd, account);

	return object && object->kind == PD_OBJECT_ACCOUNT ? object->child : NULL;
}

/* A session of ours, of which no one is the reference yet. */
static struct pd *adoptee_find(struct pd *pd, int cap)
{
	struct core_session *session =
		core_session_find(pd->session.services, cap, &core_pd_service);
	struct pd *child = (struct pd *) session;

	return session && !child->account.ledger ? child : NULL;
}

static int adoptee_endow(struct pd *pd, struct pd *child, struct quota quota)
{
	struct ledger_edge edge = { &pd->account, &child->account, quota };

	int r = account_attach(&child->account, &pd->account);
	if (r)
		return r;
	r = pd_move(&edge, 1);
	if (r)
		account_done(&child->account);
	return r;
}

int core_pd_adopt(struct pd *pd, const struct pd_adopt_request *request, struct pd_adopt_reply *ret)
{
	struct pd *child = adoptee_find(pd, request->pd);
	struct pd_object *object;

	if (!child)
		return KIN_INVALID;
	object = pd_object_new(PD_OBJECT_ACCOUNT, (struct quota){ 0, 0 });
	if (!object)
		return -ENOMEM;
	int r = pd_object_add(pd, object);
	if (r == 0)
		r = adoptee_endow(pd, child, (struct quota){ request->ram, request->caps });
	if (r) {
		pd_object_remove(pd, object);
		return r;
	}
	object->child = child;
	child->adopter = pd;
	child->adopter_id = object->id;
	ret->account = object->id;
	return 0;
}

int core_pd_account(
	struct pd *pd, const struct pd_account_request *request, struct pd_account_reply *ret)
{
	struct pd *child = pd_child(pd, request->account);

	if (!child)
		return KIN_INVALID;
	const struct account *account = &child->account;

	*ret = (struct pd_account_reply){
		.ram_quota = account->quota.ram,
		.ram_used = account->used.ram + pd_private_cost(child),
		.cap_quota = account->quota.caps,
		.cap_used = account->used.caps,
	};
	return 0;
}

int core_pd_accounts(
	struct pd *pd, const struct pd_accounts_request *request, struct pd_accounts_reply *ret)
{
	ret->n_infos = request->n_accounts;
	for (uint32_t i = 0; i < request->n_accounts; i++) {
		struct pd_account_request one = { request->accounts[i].account };
		struct pd_account_reply info = { 0 };

		core_pd_account(pd, &one, &info);
		ret->infos[i] = (struct pd_info){ info.ram_quota, info.ram_used, info.cap_quota,
			info.cap_used };
	}
	return 0;
}

int core_pd_status(
	struct pd *pd, const struct pd_status_request *request, struct pd_status_reply *ret)
{
	const struct pd *child = pd_child(pd, request->account);

	if (!child)
		return KIN_INVALID;
	struct process *process = child->process;

	*ret = (struct pd_status_reply){ .status = PD_STATUS_NONE };
	if (!process)
		return 0;
	/* Its adopter has a pidfd and may know before the loop told us. */
	process_poll(process);
	if (!process->ended) {
		ret->status = PD_STATUS_RUNNING;
		return 0;
	}
	ret->status = process->end.killed ? PD_STATUS_KILLED : PD_STATUS_EXITED;
	ret->value = process->end.value;
	return 0;
}

int core_pd_kill(struct pd *pd, const struct pd_kill_request *request, struct pd_kill_reply *ret)
{
	const struct pd *child = pd_child(pd, request->account);

	if (!child || child == pd)
		return KIN_INVALID;
	if (!child->process || child->process->ended || process_is_ending(child->process->pid))
		return KIN_CLOSED;
	process_stop(child->process);
	return 0;
}

void pd_init(struct pd *pd, struct core_services *services, struct quota total)
{
	pd->session.services = services;
	snprintf(pd->session.label, sizeof(pd->session.label), "core");
	ledger_init(&services->ledger, &pd->account, total);
}

void pd_done(struct pd *pd)
{
	struct pd_object *object, *next;
	struct account *heir = pd->account.reference;

	if (pd->cpu)
		pd->cpu->pd = NULL;
	process_bury(pd->process);
	program_forget(pd);
	sweep_forget(pd);
	pd_objects_sweep(pd);
	HASH_ITER (by_id, pd->objects, object, next)
		pd_object_remove(pd, object);
	if (pd->adopter)
		pd_object_remove(pd->adopter, pd_object_find(pd->adopter, pd->adopter_id));
	account_done(&pd->account);
	if (heir)
		pd_enlarged(pd_of_account(heir));
}

void pd_swept(struct pd *pd, struct quota cost)
{
	pd_uncharge(pd, cost);
	if (--pd->n_sweeps > 0 || !pd->paused)
		return;
	pd->paused = false;
	core_session_resume(&pd->session);
}

/* What it asks for next counts on what it freed. */
static bool pd_pause(struct core_session *session)
{
	struct pd *pd = (struct pd *) session;

	if (!pd->n_sweeps)
		return false;
	loop_remove(session->services->loop, &session->source);
	pd->paused = true;
	return true;
}

static int pd_open(struct core_session *session, const struct kin_args *args,
	const struct kin_affinity *affinity)
{
	account_init(&((struct pd *) session)->account);
	return 0;
}

static void pd_close(struct core_session *session)
{
	pd_done((struct pd *) session);
}

/* The operations take a struct pd where a table of handlers has a void pointer. */
#define HANDLER(op) \
	static int handle_##op( \
		void *self, struct pd_##op##_request *request, struct pd_##op##_reply *reply) \
	{ \
		return core_pd_##op(self, request, reply); \
	}
HANDLER(alloc_ram)
HANDLER(alloc_signal)
HANDLER(alloc_rpc)
HANDLER(free)
HANDLER(account)
HANDLER(accounts)
HANDLER(walls)
HANDLER(adopt)
HANDLER(transfer)
HANDLER(start)
HANDLER(status)
HANDLER(kill)
HANDLER(load)

static const struct pd_handlers handlers = {
	.alloc_ram = handle_alloc_ram,
	.alloc_signal = handle_alloc_signal,
	.alloc_rpc = handle_alloc_rpc,
	.free = handle_free,
	.account = handle_account,
	.accounts = handle_accounts,
	.walls = handle_walls,
	.adopt = handle_adopt,
	.transfer = handle_transfer,
	.start = handle_start,
	.status = handle_status,
	.kill = handle_kill,
	.load = handle_load,
};

const struct core_service core_pd_service = {
	.interface = &pd_interface,
	.handlers = &handlers,
	.donation_min = { PD_SESSION_RAM_BYTES, SESSION_CAPS },
	.session_size = sizeof(struct pd),
	.burst = 1,
	.open = pd_open,
	.close = pd_close,
	.pause = pd_pause,
};

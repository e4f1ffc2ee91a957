/*
 * Budgets of a PD: the account and the kernel's limits in step
 *
 * Two walls stand on one line: the account for what core hands out, the data limit for what the
 * process maps itself. To move the line down, the limit goes first; then whoever is beyond it
 * already shows in the size of its data, and nobody gets beyond it any more. Only then does it
 * count. To move it up the account goes first. There is no moment in which both sides could be
 * spent.
 */
#include <unistd.h>

#include "core/costs.h"
#include "core/linux/limits.h"
#include "core/pd.h"
#include "core/process.h"
#include "core/services.h"
#include "core/sweep.h"
#include "ipc/channel.h"

/* More than a channel's buffer can hold; who goes on sending meanwhile waits for the next turn. */
#define FREES_MAX 64

uint64_t pd_private_bytes(const struct pd *pd)
{
	uint64_t bytes;

	if (!pd->process || pd->process->ended || limits_read_data(pd->process->statm, &bytes) < 0)
		return 0;
	return bytes;
}

/* What it gave to those below it counts: it holds the other ends of what they have. */
unsigned pd_descriptors_max(const struct pd *pd)
{
	uint64_t max = pd->account.quota.caps + pd->account.caps_below;

	return PROCESS_DESCRIPTORS_BASE +
	       (unsigned) (max < INT32_MAX ? max : INT32_MAX - PROCESS_DESCRIPTORS_BASE);
}

uint64_t pd_address_bytes(const struct pd *pd)
{
	uint64_t max = UINT64_MAX / (2 * PROCESS_ADDRESS_FACTOR), ram = pd->account.quota.ram;

	uint64_t bytes = PROCESS_ADDRESS_FACTOR * (ram < max ? ram : max);

	/* in steps, so that not every donation moves it */
	return PROCESS_ADDRESS_BASE_BYTES + bytes / PROCESS_ADDRESS_STEP * PROCESS_ADDRESS_STEP;
}

static const struct limits_plan *plan_of(const struct pd *pd)
{
	return &pd->session.services->spawner->limits;
}

static struct process *pd_running(const struct pd *pd)
{
	return pd->process && !pd->process->ended ? pd->process : NULL;
}

/* Who computes what is available from this must not wrap, whatever the kernel measures. */
uint64_t pd_private_cost(const struct pd *pd)
{
	uint64_t available = account_available(&pd->account).ram, bytes = pd_private_bytes(pd);
	uint64_t cost = bytes + (bytes + PRIVATE_SHARE - 1) / PRIVATE_SHARE;

	return cost < available ? cost : available;
}

/* Whole pages of which the cost is available */
uint64_t pd_limit_bytes(const struct pd *pd)
{
	uint64_t page_bytes = (uint64_t) sysconf(_SC_PAGESIZE);
	uint64_t available = account_available(&pd->account).ram;

	return (available - available / (PRIVATE_SHARE + 1)) / page_bytes * page_bytes;
}

/* Lowers the limit to what the account has left. Return: 0, KIN_EXCEEDED, or negative errno. */
static int pd_reduced(struct pd *pd)
{
	struct process *process = pd_running(pd);
	uint64_t limit_bytes = pd_limit_bytes(pd), data_bytes;

	if (!process || limit_bytes >= process->limit_bytes)
		return 0;
	int r = limits_set_data(plan_of(pd), process->pid, limit_bytes);

	if (r == 0)
		r = limits_read_data(process->statm, &data_bytes);
	if (r == 0 && data_bytes <= limit_bytes) {
		process->limit_bytes = limit_bytes;
		return 0;
	}
	limits_set_data(plan_of(pd), process->pid, process->limit_bytes);
	return r < 0 ? r : KIN_EXCEEDED;
}

void pd_enlarged(struct pd *pd)
{
	struct process *process = pd_running(pd);
	uint64_t limit_bytes = pd_limit_bytes(pd);

	if (!process || limit_bytes <= process->limit_bytes)
		return;
	/* Should the kernel refuse, the process has less than it could: no wall is open. */
	if (limits_set_data(plan_of(pd), process->pid, limit_bytes) == 0)
		process->limit_bytes = limit_bytes;
}

int pd_charge(struct pd *pd, struct quota amount)
{
	int r = account_charge(&pd->account, amount);

	if (r)
		return r;
	r = pd_reduced(pd);
	if (r)
		account_uncharge(&pd->account, amount);
	return r == KIN_EXCEEDED ? KIN_OUT_OF_RAM : r;
}

void pd_uncharge(struct pd *pd, struct quota amount)
{
	account_uncharge(&pd->account, amount);
	pd_enlarged(pd);
}

/* Lowers the limits of all payers. */
static int edges_reduced(const struct ledger_edge *edges, size_t n_edges)
{
	int r = 0;

	for (size_t i = 0; i < n_edges && r == 0; i++)
		r = pd_reduced(pd_of_account(edges[i].from));
	return r;
}

/* Raises the limits of all whose accounts have more than those, on either side. */
static void edges_enlarged(const struct ledger_edge *edges, size_t n_edges)
{
	for (size_t i = 0; i < n_edges; i++) {
		pd_enlarged(pd_of_account(edges[i].from));
		pd_enlarged(pd_of_account(edges[i].to));
	}
}

/* The ceilings that go by the quota, whatever of it is used. */
static void pd_ceilings_follow(struct pd *pd)
{
	struct process *process = pd_running(pd);
	unsigned descriptors_max = pd_descriptors_max(pd);
	uint64_t address_bytes = pd_address_bytes(pd);

	if (!process)
		return;
	/* what is open already stays open: the watch has to look, whether it runs or not */
	if (process->descriptors_max > descriptors_max)
		process->looked_cpu_ns = 0;
	if (process->descriptors_max != descriptors_max &&
		limits_set_descriptors(plan_of(pd), process->pid, descriptors_max) == 0)
		process->descriptors_max = descriptors_max;
	if (process->descriptors_ever < descriptors_max)
		process->descriptors_ever = descriptors_max;
	if (process->address_bytes != address_bytes &&
		limits_set_addresses(plan_of(pd), process->pid, address_bytes) == 0) {
		process->address_bytes = address_bytes;
		if (process->cgroup.number)
			cgroup_leaf_limit(&pd->session.services->spawner->cgroups, &process->cgroup,
				address_bytes);
	}
}

int pd_move(const struct ledger_edge *edges, size_t n_edges)
{
	int r = ledger_transact(edges, n_edges);

	if (r)
		return r;
	r = edges_reduced(edges, n_edges);
	if (r)
		ledger_revert(edges, n_edges);
	edges_enlarged(edges, n_edges);
	for (size_t i = 0; i < n_edges && r == 0; i++) {
		pd_ceilings_follow(pd_of_account(edges[i].from));
		pd_ceilings_follow(pd_of_account(edges[i].to));
	}
	return r;
}

/*
 * Freeing is one way, so what a payer freed before it said that a session is closed may still be on
 * its way to us. Only frees are taken out of turn, so nothing recurses.
 */
static bool pd_take_frees(struct pd *pd)
{
	bool any = false;
	uint32_t operation;

	for (int i = 0; i < FREES_MAX && pd->session.ends.server > 0 &&
			channel_peek(pd->session.ends.server, &operation) == 0 &&
			operation == pd_free_operation &&
			kin_dispatch(pd->session.ends.server, &pd_interface,
				core_pd_service.handlers, pd) == 0;
		i++)
		any = true;
	return any;
}

static bool pd_take_sweeps(struct pd *pd)
{
	bool any = pd->n_sweeps > 0;

	if (any)
		sweep_wait(pd);
	return any;
}

static bool payers_take_frees(const struct ledger_edge *edges, size_t n_edges)
{
	bool any = false;

	for (size_t i = 0; i < n_edges; i++)
		any |= pd_take_frees(pd_of_account(edges[i].from));
	for (size_t i = 0; i < n_edges; i++)
		any |= pd_take_sweeps(pd_of_account(edges[i].from));
	return any;
}

int core_pd_transfer(
	struct pd *pd, const struct pd_transfer_request *request, struct pd_transfer_reply *ret)
{
	struct ledger_edge edges[PD_EDGES_MAX];

	for (uint32_t i = 0; i < request->n_edges; i++) {
		const struct pd_edge *edge = &request->edges[i];
		struct pd *from = pd_child(pd, edge->from), *to = pd_child(pd, edge->to);

		if (!from || !to)
			return KIN_INVALID;
		edges[i] = (struct ledger_edge){ &from->account, &to->account,
			{ edge->ram, edge->caps } };
	}
	int r = pd_move(edges, request->n_edges);

	if (r == KIN_EXCEEDED && payers_take_frees(edges, request->n_edges))
		r = pd_move(edges, request->n_edges);
	return r;
}

/*
 * PD service: budgets, kernel objects, processes
 *
 * A PD joins an account, the objects that were allocated from it, the PDs that it adopted, and at
 * most one process. Objects and adopted PDs share one space of IDs, local to the PD and never used
 * twice. The account covers the fixed costs; what the process allocates privately is measured, and
 * the kernel bounds it by what the account has left:
 *
 *     data limit of the process = quota - used
 *
 * holds whenever no operation is under way. An operation that shrinks the right side lowers the
 * limit first and then looks whether the process is below it (pd_budget.c).
 *
 * The operations below serve the messages of PD sessions; core calls the same ones on its own PD,
 * struct core_services' root, for its only child. Requests are borrowed; capabilities in replies
 * are the caller's. The answers are those documented in wire/pd.h; IDs that name nothing are
 * KIN_INVALID, everything negative is an errno of the operation.
 *
 * PDs may be closed in any order: who adopted others leaves them to its own reference account.
 */
#ifndef CORE_PD_H
#define CORE_PD_H

#include "core/ends.h"
#include "core/session.h"
#include "engine/ledger.h"
#include "wire/pd.h"

struct cpu_session;
struct process;
struct program;

enum pd_object_kind { PD_OBJECT_RAM, PD_OBJECT_SIGNAL, PD_OBJECT_RPC, PD_OBJECT_ACCOUNT };

struct pd_object {
	uint32_t id;
	enum pd_object_kind kind;
	struct quota cost;
	int fd;           /* RAM: the dataspace, to revoke it */
	struct ends ends; /* RPC: the channel, to revoke it */
	struct pd *child; /* ACCOUNT: the PD adopted */
	UT_hash_handle by_id;
};

struct pd {
	struct core_session session;
	struct account account;
	struct pd_object *objects;
	uint32_t last_id;
	struct pd *adopter; /* whose object names this PD; NULL if nobody's */
	uint32_t adopter_id;
	struct program *program; /* handed over for its start; NULL if its binary is enough */
	struct process *process; /* NULL until it was started */
	struct cpu_session *cpu; /* that it runs on, until that is closed */
	unsigned n_sweeps;       /* of what it freed; it is not served meanwhile */
	bool paused;
};

int core_pd_alloc_ram(
	struct pd *pd, const struct pd_alloc_ram_request *request, struct pd_alloc_ram_reply *ret);
int core_pd_alloc_signal(struct pd *pd, const struct pd_alloc_signal_request *request,
	struct pd_alloc_signal_reply *ret);
int core_pd_alloc_rpc(
	struct pd *pd, const struct pd_alloc_rpc_request *request, struct pd_alloc_rpc_reply *ret);
int core_pd_free(struct pd *pd, const struct pd_free_request *request, struct pd_free_reply *ret);
int core_pd_account(
	struct pd *pd, const struct pd_account_request *request, struct pd_account_reply *ret);
int core_pd_accounts(
	struct pd *pd, const struct pd_accounts_request *request, struct pd_accounts_reply *ret);
int core_pd_walls(
	struct pd *pd, const struct pd_walls_request *request, struct pd_walls_reply *ret);
int core_pd_adopt(
	struct pd *pd, const struct pd_adopt_request *request, struct pd_adopt_reply *ret);
int core_pd_transfer(
	struct pd *pd, const struct pd_transfer_request *request, struct pd_transfer_reply *ret);
int core_pd_start(
	struct pd *pd, const struct pd_start_request *request, struct pd_start_reply *ret);
int core_pd_load(struct pd *pd, const struct pd_load_request *request, struct pd_load_reply *ret);
int core_pd_status(
	struct pd *pd, const struct pd_status_request *request, struct pd_status_reply *ret);
int core_pd_kill(struct pd *pd, const struct pd_kill_request *request, struct pd_kill_reply *ret);

/** pd_init() - core's own PD, which has no session and whose account is the ledger's root */
void pd_init(struct pd *pd, struct core_services *services, struct quota total);

/** pd_done() - revoke everything, kill the process, end the account */
void pd_done(struct pd *pd);

/** pd_swept() - what was freed by one of its sweeps is there; give back what it cost */
void pd_swept(struct pd *pd, struct quota cost);

/** pd_of_account() - the PD that an account is part of */
struct pd *pd_of_account(struct account *account);

/* pd_budget.c */

/** pd_charge() - charge the account, its process permitting; KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS */
int pd_charge(struct pd *pd, struct quota amount);
void pd_uncharge(struct pd *pd, struct quota amount);

/** pd_move() - ledger_transact() between PDs, their processes permitting; same answers or errno */
int pd_move(const struct ledger_edge *edges, size_t n_edges);

/** pd_enlarged() - its account has got more: raise the limit of its process */
void pd_enlarged(struct pd *pd);

/** pd_private_bytes() - memory that the process has for itself */
uint64_t pd_private_bytes(const struct pd *pd);

/** pd_private_cost() - what that costs of its quota */
uint64_t pd_private_cost(const struct pd *pd);

/** pd_limit_bytes() - what its process may have for itself: what is available, in whole pages */
uint64_t pd_limit_bytes(const struct pd *pd);

/** pd_descriptors_max() - numbers below which the process's descriptors stay */
unsigned pd_descriptors_max(const struct pd *pd);

/** pd_address_bytes() - all that the process may map */
uint64_t pd_address_bytes(const struct pd *pd);

/* pd_objects.c */

/* A new object without ID; NULL if there is no memory. */
struct pd_object *pd_object_new(enum pd_object_kind kind, struct quota cost);
/* Gives it an ID of @pd. Return: 0 or -ENOMEM. */
int pd_object_add(struct pd *pd, struct pd_object *object);
/* Return: NULL if there is none of that ID. */
struct pd_object *pd_object_find(struct pd *pd, uint32_t id);
/* Frees the dataspaces of a PD that goes. */
void pd_objects_sweep(struct pd *pd);
/* Takes it out of its PD and frees it; for RAM and RPC revokes it. Uncharges nothing. */
void pd_object_remove(struct pd *pd, struct pd_object *object);
/* Ends all channels that the PD serves: their clients learn that nobody answers any more. */
void pd_objects_hang_up(struct pd *pd);

/** pd_child() - the PD adopted under an ID, or @pd itself for PD_ACCOUNT_SELF; NULL if none */
struct pd *pd_child(struct pd *pd, uint32_t account);

#endif

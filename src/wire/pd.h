/*
 * PD: a component's accounts and kernel objects, and those of the children it creates
 *
 * Objects and accounts are named by IDs that are local to the channel, so that none can be forged.
 * Account 0 is the PD's own. Who opens a PD session for a child adopts it: from then on quota moves
 * between the two, and the child's process is started and stopped by its adopter.
 */
#ifndef WIRE_PD_H
#define WIRE_PD_H

#include <kin/interface.h>

/* clang-format off */
#define PD_EDGES_MAX    8
#define PD_ACCOUNT_SELF 0

/* Memory of page granularity; @share adds a read-only descriptor of it to give away.
 * Answers of the allocations: KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS. */
#define PD_ALLOC_RAM_REQUEST(F) F(U64, size) F(U8, share)
#define PD_ALLOC_RAM_REPLY(F)   F(U32, id) F(CAP, dataspace) F(CAP_OPTIONAL, read_only)

#define PD_ALLOC_SIGNAL_REPLY(F) F(U32, id) F(CAP, signal)

/* A channel for an RPC object: the end to serve and the end to deliver. */
#define PD_ALLOC_RPC_REPLY(F) F(U32, id) F(CAP, server) F(CAP, client)

/* Frees what one of the allocations gave; whoever still holds it can't use it any more. */
#define PD_FREE_REQUEST(F) F(U32, id)

#define PD_ACCOUNT_REQUEST(F) F(U32, account)
#define PD_ACCOUNT_REPLY(F)   F(U64, ram_quota) F(U64, ram_used) F(U64, cap_quota) F(U64, cap_used)

/* The same of several accounts at once, as many as a message holds; all is 0 of what is none. */
#define PD_ACCOUNTS_MAX 120
#define PD_NUMBER(F)    F(U32, account)
KIN_LAYOUT_DECLARE(pd_number, PD_NUMBER)
KIN_LAYOUT_DECLARE(pd_info, PD_ACCOUNT_REPLY)
#define PD_ACCOUNTS_REQUEST(F) F(LIST, accounts, PD_ACCOUNTS_MAX, pd_number)
#define PD_ACCOUNTS_REPLY(F)   F(LIST, infos, PD_ACCOUNTS_MAX, pd_info)

/* What holds the processes of as many: a set of base/walls.h, 0 where none runs, and the nice value. */
#define PD_HELD(F) F(U32, standing) F(I64, nice)
KIN_LAYOUT_DECLARE(pd_held, PD_HELD)
#define PD_WALLS_REPLY(F) F(LIST, walls, PD_ACCOUNTS_MAX, pd_held)

/* Become the reference account of @pd and give it a first quota. Answers: KIN_EXCEEDED,
 * KIN_INVALID (not a PD of this core, or adopted before). */
#define PD_ADOPT_REQUEST(F) F(CAP, pd) F(U64, ram) F(U64, caps)
#define PD_ADOPT_REPLY(F)   F(U32, account)

/* Move quota along all edges or none. Answers: KIN_EXCEEDED, KIN_INVALID. */
#define PD_EDGE(F) F(U32, from) F(U32, to) F(U64, ram) F(U64, caps)
KIN_LAYOUT_DECLARE(pd_edge, PD_EDGE)
#define PD_TRANSFER_REQUEST(F) F(LIST, edges, PD_EDGES_MAX, pd_edge)

/*
 * Start the process of an adopted PD with its environment sessions, which may have @threads at a
 * time, 1 to KIN_THREADS_MAX. The reply has the parent's end
 * of the parent channel, the signal that wakes the child, and a pidfd that tells its end.
 * Answers: KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS (of the child), KIN_DENIED (the log says why), KIN_INVALID,
 * KIN_MISSING if @binary alone is not enough, because it is not core's own session or dynamically linked.
 */
#define PD_START_REQUEST(F) \
	F(U32, account) \
	F(TEXT, name, KIN_NAME_MAX) F(U32, threads) \
	F(CAP, pd) F(CAP, cpu) F(CAP, log) F(CAP, binary)
#define PD_START_REPLY(F) F(CAP, parent) F(CAP, signal) F(CAP, process)

/* How the process of an adopted PD is; once exited or killed it stays so. */
enum pd_status { PD_STATUS_NONE, PD_STATUS_RUNNING, PD_STATUS_EXITED, PD_STATUS_KILLED };
#define PD_STATUS_REQUEST(F) F(U32, account)
#define PD_STATUS_REPLY(F)   F(U8, status) F(I64, value)

/* End the process of an adopted PD; the status tells when it has ended. Answers: KIN_CLOSED if it
 * was ending already. */
#define PD_KILL_REQUEST(F) F(U32, account)

/*
 * Hand over what starting an adopted PD takes, one module at a time: its program, then what @missing
 * of the reply before named, a dynamic linker first and then libraries, until it names nothing and
 * the PD can be started. @rom is the module's ROM session; if that is not core's own, @dataspace is
 * its content, which is copied at the cost of the PD. Answers: KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS,
 * KIN_DENIED (the log says why), KIN_MISSING if the dataspace is needed, KIN_INVALID.
 */
#define PD_LOAD_REQUEST(F) F(U32, account) F(CAP, rom) F(CAP_OPTIONAL, dataspace)
#define PD_LOAD_REPLY(F)   F(TEXT, missing, KIN_NAME_MAX)

#define PD_OPERATIONS(OP) \
	OP(pd, alloc_ram, CALL, PD_ALLOC_RAM_REQUEST, PD_ALLOC_RAM_REPLY) \
	OP(pd, alloc_signal, CALL, KIN_NOTHING, PD_ALLOC_SIGNAL_REPLY) \
	OP(pd, alloc_rpc, CALL, KIN_NOTHING, PD_ALLOC_RPC_REPLY) \
	OP(pd, free, SEND, PD_FREE_REQUEST, KIN_NOTHING) \
	OP(pd, account, CALL, PD_ACCOUNT_REQUEST, PD_ACCOUNT_REPLY) \
	OP(pd, adopt, CALL, PD_ADOPT_REQUEST, PD_ADOPT_REPLY) \
	OP(pd, transfer, CALL, PD_TRANSFER_REQUEST, KIN_NOTHING) \
	OP(pd, start, CALL, PD_START_REQUEST, PD_START_REPLY) \
	OP(pd, status, CALL, PD_STATUS_REQUEST, PD_STATUS_REPLY) \
	OP(pd, kill, CALL, PD_KILL_REQUEST, KIN_NOTHING) \
	OP(pd, load, CALL, PD_LOAD_REQUEST, PD_LOAD_REPLY) \
	OP(pd, accounts, CALL, PD_ACCOUNTS_REQUEST, PD_ACCOUNTS_REPLY) \
	OP(pd, walls, CALL, PD_ACCOUNTS_REQUEST, PD_WALLS_REPLY)

/* clang-format on */
KIN_INTERFACE_DECLARE(pd, PD_OPERATIONS)

#endif

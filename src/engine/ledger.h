/*
 * Quota ledger
 *
 * One account per PD, arranged in a tree: each account but the root names one reference account,
 * and quota moves along these edges only. It is never made after ledger_init(): every operation
 * moves it between two accounts of one ledger, so the sum of all quotas stays what it was and
 * ledger_check() can assert it. What an account uses is charged against its own quota and never
 * exceeds it.
 *
 * An account starts detached and empty. Attaching it needs a reference that is attached itself; as
 * an account is attached once in its life, the tree has no cycles without anybody looking for them.
 *
 * Accounts are embedded in what they belong to. No I/O, no clock, no allocation. Driven by core's
 * PD service and by models of it.
 */
#ifndef ENGINE_LEDGER_H
#define ENGINE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include <kin/answer.h>

#include "engine/owner.h"

#define LEDGER_DEPTH_MAX 64 /* accounts on the way from one to the root */

struct account {
	struct quota quota, used;
	uint64_t caps_below;       /* quota of all accounts below it */
	struct ledger *ledger;     /* NULL while detached */
	struct account *reference; /* NULL while detached, and for the root */
	struct account *children;  /* in the order in which they were attached */
	struct account *prev, *next;
};

struct ledger {
	struct account *root;
	struct quota total;
};

struct ledger_edge {
	struct account *from, *to;
	struct quota amount;
};

/**
 * ledger_init() - make the root account, which owns everything
 * @root:  borrowed until all other accounts are done
 * @total: the quota there will ever be
 */
void ledger_init(struct ledger *ledger, struct account *root, struct quota total);

/**
 * ledger_check() - assert that quota is conserved and that no account uses more than it has
 *
 * Visits every account.
 */
void ledger_check(const struct ledger *ledger);

/**
 * ledger_transact() - move quota along several edges, all or nothing
 * @edges: transfers in order, each between an account and its reference account
 *
 * Return: 0; KIN_EXCEEDED if a payer has less available than its edge asks for, KIN_INVALID if two
 * accounts are not each other's reference. On any answer but 0 no account has changed.
 */
int ledger_transact(const struct ledger_edge *edges, size_t n_edges);

/** ledger_revert() - undo what ledger_transact() did with the same edges just before */
void ledger_revert(const struct ledger_edge *edges, size_t n_edges);

/** account_init() - a detached account that has nothing */
void account_init(struct account *account);

/**
 * account_attach() - give an account its reference account
 *
 * Return: 0; KIN_INVALID if it has one, if @reference is detached, or if the tree would become
 * deeper than LEDGER_DEPTH_MAX.
 */
int account_attach(struct account *account, struct account *reference);

/**
 * account_done() - end an account; harmless if it is detached
 *
 * Its whole quota goes back to its reference account, whatever it used of it, and so do its
 * children. Afterwards it is as after account_init(). The root ends last and has no children then.
 */
void account_done(struct account *account);

/** account_available() - what can be charged or given away */
struct quota account_available(const struct account *account);

/**
 * account_charge() - use some of the quota
 *
 * Return: 0, KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS; on any answer but 0 nothing has changed.
 */
int account_charge(struct account *account, struct quota amount);

/** account_uncharge() - give back what was charged */
void account_uncharge(struct account *account, struct quota amount);

/**
 * account_next() - the account after @account on a walk that visits each before its children
 *
 * Return: NULL after the last one. The walk starts with the root.
 */
struct account *account_next(const struct account *account);

#endif

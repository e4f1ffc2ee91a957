/*
 * Sandbox: children of a component's own
 *
 * A component can be to others what its parent is to it: create children by a config, route their
 * requests, pay them from its own account. The config is that of init; services that the component
 * provides itself are offered as <local/> targets, by the same struct kin_service that would
 * announce them to the parent. Services that its config names in <service> nodes are announced to
 * the parent, too, and its clients are forwarded to the children that the policies in there name;
 * not those that the component announces itself. Init is the component that does nothing else.
 *
 *     struct kin_sandbox *sandbox;
 *
 *     r = kin_sandbox_open(env, NULL, &sandbox);
 *     if (r == 0) {
 *             kin_sandbox_offer(sandbox, &service);
 *             r = kin_sandbox_apply(sandbox, config, strlen(config));
 *     }
 *     return r ? 1 : kin_run(env);
 *
 * Threads that a start node grants to a child are paid by the child's account, and it makes no
 * difference how many we have ourselves.
 *
 * What goes wrong with a child is said in our log, in the words of init. A child whose start node
 * says <exit propagate="yes"/> ends us with its value, as kin_stop() does.
 */
#ifndef KIN_SANDBOX_H
#define KIN_SANDBOX_H

#include <kin/env.h>
#include <kin/generator.h>
#include <kin/resource.h>
#include <kin/service.h>

#include <stddef.h>
#include <stdint.h>

struct kin_sandbox;

/** News of children, told from the loop; each may be NULL. */
struct kin_sandbox_events {
	/* It exited with @value, or was ended: 128 and the signal's number. */
	void (*ended)(const char *child, int64_t value, void *data);
	/* It asks for so much more; kin_sandbox_grant() answers. */
	void (*requested)(const char *child, uint64_t ram, uint64_t caps, void *data);
	/* It answered kin_sandbox_yield(). */
	void (*yielded)(const char *child, void *data);
	void *data;
};

/**
 * kin_sandbox_open() - prepare to have children
 * @events: copied; NULL if news don't matter
 *
 * Return: 0; -EBUSY if there is a sandbox already, a component has one at most; -ENOMEM.
 */
int kin_sandbox_open(
	struct kin_env *env, const struct kin_sandbox_events *events, struct kin_sandbox **ret);

/** kin_sandbox_close() - end all children and give back what they had; NULL is fine */
void kin_sandbox_close(struct kin_sandbox *sandbox);

/**
 * kin_sandbox_offer() - let the children's routes lead to a service of ours by <local/>
 * @service: as for kin_service_announce(), must stay; it can't be announced as well
 *
 * The callbacks of the service may answer later, as for clients of the parent's.
 */
void kin_sandbox_offer(struct kin_sandbox *sandbox, struct kin_service *service);

/**
 * kin_sandbox_apply() - make the children what a config says
 * @config: text of @size bytes
 *
 * The first one creates them. A later one changes what differs: children whose start node is gone
 * end, new ones start, those whose routes, version or the like changed are restarted, quota is
 * moved, and whom none of that concerns is not disturbed. What is wrong in the config is logged and
 * the rest applied. If it can't be parsed nothing changes, and the state report says so.
 *
 * With a <report> in the config our state goes to our parent, as a report labelled "state",
 * whenever something changed.
 *
 * Return: 0; -EINVAL or -E2BIG if it can't be parsed; -ENOMEM.
 */
int kin_sandbox_apply(struct kin_sandbox *sandbox, const char *config, size_t size);

/**
 * kin_sandbox_account() - what a child has and uses
 *
 * Return: 0; -ENOENT if there is no child of that name or it has no account now.
 */
int kin_sandbox_account(struct kin_sandbox *sandbox, const char *child, struct kin_account *ret);

/**
 * kin_sandbox_grant() - give a child more of ours, which answers what it requested
 * kin_sandbox_withdraw() - take back what it has available
 * @ram:  bytes
 * @caps: capabilities
 *
 * Return: 0; KIN_EXCEEDED if who gives has less; -ENOENT as above.
 */
int kin_sandbox_grant(struct kin_sandbox *sandbox, const char *child, uint64_t ram, uint64_t caps);
int kin_sandbox_withdraw(
	struct kin_sandbox *sandbox, const char *child, uint64_t ram, uint64_t caps);

/**
 * kin_sandbox_yield() - ask a child to free so much; kin_sandbox_withdraw() takes what it freed
 *
 * Return: 0; -ENOENT if there is no child of that name.
 */
int kin_sandbox_yield(struct kin_sandbox *sandbox, const char *child, uint64_t ram, uint64_t caps);

/**
 * kin_sandbox_heartbeat() - ask a child for a sign of life
 * @ret_skipped: how many beats before this one it has not answered; 0 if it handles none
 *
 * Return: 0; -ENOENT if there is no child of that name.
 */
int kin_sandbox_heartbeat(struct kin_sandbox *sandbox, const char *child, unsigned *ret_skipped);

/** kin_sandbox_report() - write a <state> node about us and all children, with all details */
void kin_sandbox_report(struct kin_sandbox *sandbox, struct kin_generator *g);

#endif
